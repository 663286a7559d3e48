/*
 * slices.h
 *		What the finders of slices share: their arguments and their rows.
 */
#ifndef FMA_SLICES_H
#define FMA_SLICES_H

#include "search.h"

/* The level of the intervals shown */
#define FMA_SLICE_LEVEL 0.95

extern int64 FmaIntegerArg(FunctionCallInfo fcinfo, int argno, const char *name, int64 low, int64 high);
extern double FmaNumberArg(FunctionCallInfo fcinfo, int argno, const char *name);
extern FmaCorrection FmaCorrectionArg(FunctionCallInfo fcinfo, int argno);

/* Where the arguments stand that all finders of slices have */
typedef struct FmaSliceArgs
{
	int			max_order;
	int			min_rows;
	int			bins;
	int			max_values;
	int			intervals;
	int			unit;
	int			timezone;
} FmaSliceArgs;

extern FmaSearch *FmaFindSlices(FunctionCallInfo fcinfo, const FmaSliceArgs *args, bool paired, FmaAgainst against);

/* Which of the slices to show, and in which order */
typedef struct FmaRanked
{
	double		score;
	int64		slice;
} FmaRanked;

extern FmaRanked *FmaRankSlices(FmaSearch *search, int64 top, double (*score) (void *argument, FmaSlice *slice),
								void *argument, int64 *n);

extern void FmaDescribeSlice(FmaSearch *search, const FmaSlice *slice, Datum *text, Datum *predicate, Datum *conditions);
extern FmaInterval FmaSliceInterval(FmaSearch *search, const FmaSlice *slice);
extern void FmaPutSlice(FunctionCallInfo fcinfo, FmaSearch *search, const FmaSlice *slice, int64 rank, double score);

#endif							/* FMA_SLICES_H */

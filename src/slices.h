/*
 * slices.h
 *		What the finders of slices share: their arguments and their rows.
 */
#ifndef FMA_SLICES_H
#define FMA_SLICES_H

#include "arguments.h"
#include "search.h"

/* The level of the intervals shown */
#define FMA_SLICE_LEVEL 0.95

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
extern double FmaExcess(void *search, FmaSlice *slice);

/* The columns of fma_find_slices and fma_find_hotspots, from rank to n_units */
#define FMA_SLICE_COLUMNS 20

extern void FmaSliceValues(FmaSearch *search, const FmaSlice *slice, int64 rank, double score, Datum *values, bool *nulls);
extern void FmaPutSlice(FunctionCallInfo fcinfo, FmaSearch *search, const FmaSlice *slice, int64 rank, double score);

/* A hotspot as it is shown: with all its rows, whatever was set aside before it */
typedef struct FmaHotspot
{
	FmaSlice   *slice;
	double		ratio;			/* logarithm of the likelihood ratio */
	double		excess;
	char	   *predicate;
} FmaHotspot;

extern FmaHotspot *FmaSelectHotspots(FmaSearch *search, double fdr, double min_lift, int top, int *n);

/* A slice of a comparison of two models */
typedef struct FmaCompared
{
	int64		place;			/* in the ranking, from 0; -1 for all rows */
	FmaSlice   *slice;
	double		q_rest;
	double		first_total;	/* losses of A */
	double		discordant;		/* rows on which exactly one failed */
} FmaCompared;

/* The columns of fma_compare_models, from rank to n_units */
#define FMA_COMPARISON_COLUMNS 20

extern FmaCompared *FmaCompareSlices(FmaSearch *search, int64 top, int64 *n);
extern FmaCompared *FmaCompareAll(FmaSearch *search);
extern void FmaComparedValues(FmaSearch *search, const FmaCompared *compared, Datum *values, bool *nulls);

#endif							/* FMA_SLICES_H */

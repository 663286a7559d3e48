/*
 * segments.h
 *		A series of periods cut into segments of constant level, and how much
 *		chance there is in a cut.
 */
#ifndef FMA_SEGMENTS_H
#define FMA_SEGMENTS_H

#include "fma.h"

#include "dictionary.h"

/*
 * A series, cumulated: element i is the sum over the periods before i.  Every
 * period has rows.  Levels are rates of failures (binomial) or mean losses
 * (normal, with the variance of one row known).
 */
typedef struct FmaSeries
{
	int			n;				/* periods */
	bool		rate;
	double	   *rows;
	double	   *loss;			/* failures; or losses less their mean, over the deviation of a row */
	double		dispersion;		/* the variance is so many times what the rows explain */
} FmaSeries;

extern double FmaSeriesDispersion(const FmaSeries *series, bool explained);
extern double FmaSplitEvidence(const FmaSeries *series, int from, int split, int to);
extern int *FmaCutSeries(const FmaSeries *series, double penalty, int shortest, FmaBudget *budget, int *ncuts);
extern double FmaCutP(const FmaSeries *series, int from, int split, int to, int shortest,
					  int replicates, uint64 seed, FmaBudget *budget);

#endif							/* FMA_SEGMENTS_H */

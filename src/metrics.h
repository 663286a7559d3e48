/*
 * metrics.h
 *		A confusion matrix as its metrics see it: each label against the rest.
 */
#ifndef FMA_METRICS_H
#define FMA_METRICS_H

#include "fma.h"
#include "matrix.h"
#include "utils/jsonb.h"

/* What becomes of a background label; the names are in doc/metrics.md */
typedef enum FmaBackgroundMode
{
	FMA_BACKGROUND_INCLUDE,
	FMA_BACKGROUND_EXCLUDE_FROM_AVERAGE,
	FMA_BACKGROUND_IGNORE_TRUTH
} FmaBackgroundMode;

extern const char *const FmaBackgroundModes[];

/* Counts of one label against the rest */
typedef struct FmaOneVersusRest
{
	double		tp;
	double		fp;
	double		fn;
	double		tn;
} FmaOneVersusRest;

/* A matrix and its margins */
typedef struct FmaMargins
{
	FmaConfusion *confusion;
	double	   *support;		/* by label: rows that truly are it */
	double	   *predicted;		/* by label: rows predicted as it */
	FmaOneVersusRest *counts;	/* by label */
	double		total;
	double		all_hits;
	int64		background;		/* index of the label, or -1 */
	FmaBackgroundMode mode;
	double		zero_division;	/* NaN: undefined stays undefined */
} FmaMargins;

/* Sums rows, columns and the diagonal, given confusion, background and mode */
extern void FmaSumMargins(FmaMargins *margins);
extern int64 FmaFindConfusionLabel(const FmaConfusion *confusion, const FmaLabel *wanted);
extern double *FmaReadLabelWeights(const FmaConfusion *confusion, Jsonb *weights, double default_weight);

/* Whether a label takes part in means: it occurs, and is no left-out background */
static inline bool
FmaInAverage(const FmaMargins *margins, uint32 label)
{
	if (label == margins->background && margins->mode != FMA_BACKGROUND_INCLUDE)
		return false;
	return margins->support[label] > 0.0 || margins->predicted[label] > 0.0;
}

#endif							/* FMA_METRICS_H */

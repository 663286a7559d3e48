/*
 * regression.h
 *		The value that sums up a regression model's errors.
 */
#ifndef FMA_REGRESSION_H
#define FMA_REGRESSION_H

#include "fma.h"
#include "sums.h"

/* Layout version in the byte after the varlena length */
#define FMA_REGRESSION_VERSION 1

/*
 * Largest magnitude of a truth or a prediction.  With it no sum of squares can
 * overflow, however many rows are added; beyond it a number is a sentinel.
 */
#define FMA_REGRESSION_MAX 1e130

typedef enum FmaRegressionSum
{
	FMA_SUM_ERROR,				/* prediction - truth */
	FMA_SUM_ABSOLUTE_ERROR,
	FMA_SUM_SQUARED_ERROR,
	FMA_SUM_TRUTH,
	FMA_SUM_SQUARED_TRUTH,
	FMA_REGRESSION_SUMS
} FmaRegressionSum;

/*
 * The lowest and highest truth tell exactly whether the truth varies at all;
 * the sums could only tell nearly.  Both are 0 while n is 0.
 */
typedef struct FmaRegression
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	uint8		version;
	uint8		unused[3];		/* 0, as equality compares bytes */
	int64		n;
	double		truth_low;
	double		truth_high;
	FmaWideSum	sum[FMA_REGRESSION_SUMS];
} FmaRegression;

/* Figures of a regression; NaN where undefined */
typedef struct FmaRegressionMetrics
{
	double		mae;
	double		rmse;
	double		r2;
	double		bias;
} FmaRegressionMetrics;

extern FmaRegressionMetrics FmaRegressionCompute(const FmaRegression *regression);

#endif							/* FMA_REGRESSION_H */

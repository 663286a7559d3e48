/*
 * statistics.h
 *		Distributions, tests, intervals and corrections for multiple testing.
 *
 * No SQL of its own: the rates, the finders and the calibration use it.  All
 * functions are pure.  Relative accuracy is 1e-12 or better, far tails
 * included, as long as the result is a normal double; what is undefined is NaN.
 */
#ifndef FMA_STATISTICS_H
#define FMA_STATISTICS_H

#include "fma.h"

/* The alternative hypothesis is about the first sample (the slice). */
typedef enum FmaAlternative
{
	FMA_TWO_SIDED,
	FMA_GREATER,
	FMA_LESS
} FmaAlternative;

typedef struct FmaInterval
{
	double		low;
	double		high;
} FmaInterval;

typedef enum FmaCorrection
{
	FMA_BH,
	FMA_BY,
	FMA_HOLM,
	FMA_BONFERRONI
} FmaCorrection;

/* Distributions: Cdf is P[X <= x], Sf is P[X > x] */
extern double FmaNormalCdf(double z);
extern double FmaNormalSf(double z);
extern double FmaNormalQuantile(double p);
extern double FmaBetaCdf(double a, double b, double x);
extern double FmaBetaSf(double a, double b, double x);
extern double FmaBetaQuantile(double a, double b, double p);
extern double FmaBetaUpperQuantile(double a, double b, double q);
extern double FmaStudentTSf(double t, double df);
extern double FmaStudentTTwoSided(double level, double df);
extern double FmaChiSquareSf(double x, double df);

/*
 * Hypergeometric: the failures among n rows drawn from N that hold K.  Sf is
 * inclusive, P[X >= k].
 */
extern double FmaHypergeometricSf(int64 k, int64 n, int64 K, int64 N);
extern double FmaHypergeometricCdf(int64 k, int64 n, int64 K, int64 N);
extern double FmaHypergeometricTwoSided(int64 k, int64 n, int64 K, int64 N);

/* Tests; each returns p */
extern double FmaMcNemarP(int64 b, int64 c);
extern double FmaTwoProportionZ(int64 k1, int64 n1, int64 k2, int64 n2);
extern double FmaTwoProportionNormalP(int64 k1, int64 n1, int64 k2, int64 n2, FmaAlternative alternative);
extern double FmaTwoProportionExactP(int64 k1, int64 n1, int64 k2, int64 n2, FmaAlternative alternative);
extern double FmaTwoProportionP(int64 k1, int64 n1, int64 k2, int64 n2, FmaAlternative alternative);
extern double FmaWelchP(double mean1, double var1, double n1,
						double mean2, double var2, double n2, FmaAlternative alternative);
extern double FmaKolmogorovP(double d, double n1, double n2);

/* Intervals for a rate; "level" is the confidence level, n > 0 */
extern FmaInterval FmaWilson(double failures, double n, double level);
extern FmaInterval FmaJeffreys(double failures, double n, double level);
extern FmaInterval FmaClopperPearson(double failures, double n, double level);

extern void FmaAdjustP(const double *p, double *q, int64 n, FmaCorrection correction);

#endif							/* FMA_STATISTICS_H */

/*
 * statistics.c
 *		Tests for two samples, intervals for a rate, and corrections for
 *		multiple testing.
 */
#include "statistics.h"

#include "miscadmin.h"
#include "utils/float.h"
#include "utils/memutils.h"

/*
 * The normal test of two proportions is used where its p is at least this, and
 * where every cell of the table is expected to hold at least so many rows
 * (Cochran's rule); the exact one elsewhere.
 */
#define NORMAL_TEST_LEAST_P 0.01
#define NORMAL_TEST_LEAST_EXPECTED 5.0

/* A p-value and where it stood in the caller's array */
typedef struct RankedP
{
	double		p;
	int64		position;
} RankedP;

/* ----------
 * Tests
 * ----------
 */

/* p of a statistic z that is standard normal under the null hypothesis */
static double
NormalP(double z, FmaAlternative alternative)
{
	if (isnan(z))
		return z;
	switch (alternative)
	{
		case FMA_GREATER:
			return FmaNormalSf(z);
		case FMA_LESS:
			return FmaNormalCdf(z);
		case FMA_TWO_SIDED:
			break;
	}
	return 2.0 * FmaNormalSf(fabs(z));
}

/*
 * McNemar's exact test for pairs that differ, b in one direction and c in the
 * other: twice the smaller tail of the binomial distribution with p = 1/2.
 */
double
FmaMcNemarP(int64 b, int64 c)
{
	int64		fewer = Min(b, c);
	int64		more = Max(b, c);

	FmaAssert(fewer >= 0);
	if (fewer == more)
		return 1.0;
	/* P[X <= fewer] of b + c trials */
	return Min(1.0, 2.0 * FmaBetaCdf((double) more, (double) fewer + 1.0, 0.5));
}

/*
 * The statistic of the test of two proportions with pooled variance, positive
 * when k1 of n1 is the higher rate.  NaN when a sample is empty, or when all
 * rows have the same outcome.  No correction for continuity.
 */
double
FmaTwoProportionZ(int64 k1, int64 n1, int64 k2, int64 n2)
{
	int128		failures = (int128) k1 + k2;
	int128		rows = (int128) n1 + n2;
	int128		difference = (int128) k1 * n2 - (int128) k2 * n1;

	if (n1 == 0 || n2 == 0 || failures == 0 || failures == rows)
		return get_float8_nan();
	return (double) difference *
		sqrt((double) rows / (double) n1 / (double) n2 / (double) failures / (double) (rows - failures));
}

/* p of the test of two proportions by the normal distribution; NaN where z is */
double
FmaTwoProportionNormalP(int64 k1, int64 n1, int64 k2, int64 n2, FmaAlternative alternative)
{
	return NormalP(FmaTwoProportionZ(k1, n1, k2, n2), alternative);
}

/*
 * p of Fisher's exact test.  1 when all rows have the same outcome, which says
 * nothing for the alternative; NaN when a sample is empty.  n1 + n2 must fit an
 * int64.
 */
double
FmaTwoProportionExactP(int64 k1, int64 n1, int64 k2, int64 n2, FmaAlternative alternative)
{
	if (n1 == 0 || n2 == 0)
		return get_float8_nan();
	switch (alternative)
	{
		case FMA_GREATER:
			return FmaHypergeometricSf(k1, n1, k1 + k2, n1 + n2);
		case FMA_LESS:
			return FmaHypergeometricCdf(k1, n1, k1 + k2, n1 + n2);
		case FMA_TWO_SIDED:
			break;
	}
	return FmaHypergeometricTwoSided(k1, n1, k1 + k2, n1 + n2);
}

/*
 * p of k1 failures in n1 rows against k2 in n2 others, by the normal test where
 * that is good enough and by the exact one elsewhere: the normal test is wrong
 * by orders of magnitude in the tail, which is where it would matter.
 */
double
FmaTwoProportionP(int64 k1, int64 n1, int64 k2, int64 n2, FmaAlternative alternative)
{
	double		rows = (double) n1 + (double) n2;
	double		failures = (double) k1 + (double) k2;
	double		least_expected = Min(failures, rows - failures) / rows * (double) Min(n1, n2);

	if (least_expected >= NORMAL_TEST_LEAST_EXPECTED)
	{
		double		p = FmaTwoProportionNormalP(k1, n1, k2, n2, alternative);

		if (p >= NORMAL_TEST_LEAST_P)
			return p;
	}
	return FmaTwoProportionExactP(k1, n1, k2, n2, alternative);
}

/*
 * p of Welch's test of two means, given unbiased variances; the n may be
 * fractional.  NaN when either n is below 2 or both variances are 0.
 */
double
FmaWelchP(double mean1, double var1, double n1,
		  double mean2, double var2, double n2, FmaAlternative alternative)
{
	double		error1 = var1 / n1;
	double		error2 = var2 / n2;
	double		error = error1 + error2;
	double		share1 = error1 / error;
	double		share2 = error2 / error;
	double		t = (mean1 - mean2) / sqrt(error);
	double		df = 1.0 / (share1 * share1 / (n1 - 1.0) + share2 * share2 / (n2 - 1.0));

	if (!(n1 >= 2.0 && n2 >= 2.0 && error > 0.0))
		return get_float8_nan();
	switch (alternative)
	{
		case FMA_GREATER:
			return FmaStudentTSf(t, df);
		case FMA_LESS:
			return FmaStudentTSf(-t, df);
		case FMA_TWO_SIDED:
			break;
	}
	return 2.0 * FmaStudentTSf(fabs(t), df);
}

/*
 * p of the Kolmogorov-Smirnov test of two samples, given the largest distance d
 * of their distribution functions: Kolmogorov's limiting distribution with
 * Stephens' correction for few rows ("Use of the Kolmogorov-Smirnov, Cramer-von
 * Mises and related statistics without extensive tables", 1970).  Too large
 * where values are tied.
 */
double
FmaKolmogorovP(double d, double n1, double n2)
{
	const double switch_at = 1.18;	/* where both series need few terms */
	double		root = sqrt(n1 * n2 / (n1 + n2));
	double		x = (root + 0.12 + 0.11 / root) * d;
	double		sum = 0.0;

	if (x == 0.0)
		return 1.0;
	if (x < switch_at)
	{
		for (int k = 1; k <= 7; k += 2)
			sum += exp(-k * k * M_PI * M_PI / (8.0 * x * x));
		return Max(0.0, 1.0 - sqrt(2.0 * M_PI) / x * sum);
	}
	for (int k = 1; k <= 7; k++)
		sum += (k % 2 == 1 ? 2.0 : -2.0) * exp(-2.0 * k * k * x * x);
	return Min(1.0, sum);
}

/* ----------
 * Intervals for a rate
 * ----------
 */

/*
 * Wilson's score interval (1927): the rates that the normal test would not
 * reject.  The lower end by the product of the two roots, since their
 * difference would cancel where failures are few.
 */
FmaInterval
FmaWilson(double failures, double n, double level)
{
	double		z = -FmaNormalQuantile(0.5 * (1.0 - level));
	double		successes = n - failures;
	double		middle = 2.0 * failures + z * z;
	double		width = z * sqrt(z * z + 4.0 * failures * (successes / n));

	FmaAssert(n > 0.0 && failures >= 0.0 && failures <= n);
	return (FmaInterval) {
		failures == 0.0 ? 0.0 : 2.0 * failures * (failures / n) / (middle + width),
		successes == 0.0 ? 1.0 : (middle + width) / (2.0 * (n + z * z))
	};
}

/*
 * Jeffreys' interval: quantiles of the posterior under a Beta(1/2, 1/2) prior,
 * with the end taken to be exact where no failure, or no success, was seen
 * (Brown, Cai and DasGupta, "Interval estimation for a binomial proportion",
 * 2001).
 */
FmaInterval
FmaJeffreys(double failures, double n, double level)
{
	double		tail = 0.5 * (1.0 - level);
	double		a = failures + 0.5;
	double		b = n - failures + 0.5;

	FmaAssert(n > 0.0 && failures >= 0.0 && failures <= n);
	return (FmaInterval) {
		failures == 0.0 ? 0.0 : FmaBetaQuantile(a, b, tail),
		failures == n ? 1.0 : FmaBetaUpperQuantile(a, b, tail)
	};
}

/* Clopper and Pearson's interval (1934): covers with at least the probability asked for */
FmaInterval
FmaClopperPearson(double failures, double n, double level)
{
	double		tail = 0.5 * (1.0 - level);

	FmaAssert(n > 0.0 && failures >= 0.0 && failures <= n);
	return (FmaInterval) {
		failures == 0.0 ? 0.0 : FmaBetaQuantile(failures, n - failures + 1.0, tail),
		failures == n ? 1.0 : FmaBetaUpperQuantile(failures + 1.0, n - failures, tail)
	};
}

/* ----------
 * Multiple testing
 * ----------
 */

/* For qsort: by rising p */
static int
CompareRankedP(const void *left, const void *right)
{
	double		a = ((const RankedP *) left)->p;
	double		b = ((const RankedP *) right)->p;

	CHECK_FOR_INTERRUPTS();
	return (a > b) - (a < b);
}

/* 1 + 1/2 + ... + 1/n, the small terms first */
static double
Harmonic(int64 n)
{
	double		sum = 0.0;

	for (int64 i = n; i > 0; i--)
		sum += 1.0 / (double) i;
	return sum;
}

/*
 * What p becomes as the one at "rank" (from 1) of "tests", before it is made
 * monotone.
 */
static double
Adjusted(double p, int64 rank, int64 tests, FmaCorrection correction, double harmonic)
{
	switch (correction)
	{
		case FMA_BH:
			return p * ((double) tests / (double) rank);
		case FMA_BY:
			return p * ((double) tests / (double) rank) * harmonic;
		case FMA_HOLM:
			return p * (double) (tests - rank + 1);
		case FMA_BONFERRONI:
			return p * (double) tests;
	}
	pg_unreachable();
}

/*
 * Corrects p-values for their number.
 *
 * BH and BY control the false discovery rate (Benjamini and Hochberg 1995;
 * Benjamini and Yekutieli 2001), Holm (1979) and Bonferroni the probability of
 * any false discovery.  NaN stays NaN and does not count as a test.  "q" may be
 * "p".  Takes 16 bytes of working memory for each p.
 */
void
FmaAdjustP(const double *p, double *q, int64 n, FmaCorrection correction)
{
	RankedP    *ranked = palloc_extended(Max(n, 1) * sizeof(RankedP), MCXT_ALLOC_HUGE);
	int64		tests = 0;
	double		harmonic;
	bool		falling = (correction == FMA_BH || correction == FMA_BY);
	double		bound = falling ? 1.0 : 0.0;

	for (int64 i = 0; i < n; i++)
	{
		FmaAssert(isnan(p[i]) || (p[i] >= 0.0 && p[i] <= 1.0));
		if (isnan(p[i]))
			q[i] = p[i];
		else
			ranked[tests++] = (RankedP) {p[i], i};
	}
	qsort(ranked, tests, sizeof(RankedP), CompareRankedP);
	harmonic = (correction == FMA_BY) ? Harmonic(tests) : 1.0;

	/* A step-up method takes the least from the largest p down, Holm's the greatest from the smallest up. */
	for (int64 i = 0; i < tests; i++)
	{
		int64		rank = falling ? tests - i : i + 1;
		RankedP    *test = &ranked[rank - 1];
		double		adjusted = Min(Adjusted(test->p, rank, tests, correction, harmonic), 1.0);

		bound = falling ? Min(bound, adjusted) : Max(bound, adjusted);
		q[test->position] = bound;
	}
	pfree(ranked);
}

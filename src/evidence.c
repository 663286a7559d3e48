/*
 * evidence.c
 *		Tests on the tallies of slices.
 *
 * A slice is always compared with what a more general slice has besides it.
 */
#include "search.h"

/* The failures, or the sum of the losses, of a slice */
double
FmaTallyTotal(FmaSearch *search, const FmaTally *tally)
{
	return search->encoding->loss == NULL ? (double) tally->sum :
		(double) tally->sum * search->encoding->loss_unit;
}

/*
 * The sample variance of a real loss.  The squares are moved by the integer part of the
 * mean before anything is rounded; the sums wrap around, their difference does not.
 */
double
FmaTallyVariance(FmaSearch *search, const FmaTally *tally)
{
	int128		mean,
				rest;
	double		deviations;

	if (tally->n < 2)
		return NAN;
	mean = tally->sum / tally->n;
	rest = tally->sum - mean * tally->n;
	deviations = (double) (int128) ((uint128) tally->square - (uint128) 2 * (uint128) mean * (uint128) tally->sum +
									(uint128) tally->n * (uint128) mean * (uint128) mean);
	deviations -= (double) rest * (double) rest / tally->n;
	return Max(deviations, 0) * search->encoding->loss_unit * search->encoding->loss_unit / (tally->n - 1);
}

/* What a more general slice has besides a slice */
static FmaTally
Remainder(const FmaTally *slice, const FmaTally *general)
{
	FmaTally	rest = {general->n - slice->n, general->sum - slice->sum, general->square - slice->square};

	return rest;
}

/* p of a slice against the remainder of a more general one; NaN if undefined */
double
FmaTestTally(FmaSearch *search, const FmaTally *slice, const FmaTally *general, FmaAlternative alternative)
{
	FmaTally	rest = Remainder(slice, general);

	if (search->encoding->loss == NULL)
		return FmaTwoProportionP(slice->sum, slice->n, rest.sum, rest.n, alternative);
	if (slice->n < 2 || rest.n < 2)
		return NAN;
	return FmaWelchP(FmaTallyTotal(search, slice) / slice->n, FmaTallyVariance(search, slice), slice->n,
					 FmaTallyTotal(search, &rest) / rest.n, FmaTallyVariance(search, &rest), rest.n, alternative);
}

/* The variance of the losses of a slice, over n: a boolean one has p (1 - p) */
double
FmaSliceVariance(FmaSearch *search, const FmaSlice *slice)
{
	double		mean = slice->total / slice->n;

	return FmaLossIsRate(search->encoding) ? mean * (1 - mean) : slice->variance * (slice->n - 1) / slice->n;
}

/* The same of all other rows */
double
FmaRestVariance(FmaSearch *search, const FmaSlice *slice)
{
	double		n = search->all.n - slice->n,
				mean = (FmaTallyTotal(search, &search->all) - slice->total) / n,
				difference = mean - slice->total / slice->n;

	if (FmaLossIsRate(search->encoding))
		return mean * (1 - mean);
	return Max(FmaTallyVariance(search, &search->all) * (search->all.n - 1) - slice->variance * (slice->n - 1) -
			   difference * difference * slice->n * n / search->all.n, 0) / n;
}

/*
 * p of a mean difference against none, for paired losses: McNemar's test for
 * boolean losses, whose differences are -1, 0 and 1, else Student's t.
 */
double
FmaTestZero(FmaSearch *search, const FmaTally *slice)
{
	double		total = FmaTallyTotal(search, slice);

	if (search->encoding->boolean)
	{
		double		unit = search->encoding->loss_unit;
		double		discordant = (double) slice->square * unit * unit;

		return FmaMcNemarP((int64) rint((discordant + total) / 2), (int64) rint((discordant - total) / 2));
	}

	double		variance = FmaTallyVariance(search, slice);

	if (!(variance > 0))
		return NAN;
	return 2 * FmaStudentTSf(fabs(total / slice->n) / sqrt(variance / slice->n), slice->n - 1);
}

/* x * log(x / n), which is 0 for x = 0 */
static double
Information(double x, double n)
{
	return x > 0 ? x * log(x / n) : 0;
}

/*
 * How much better the data is explained by a worse rate in the slice: the
 * logarithm of the likelihood ratio of the Bernoulli scan statistic (Kulldorff,
 * 1997); for a real loss half the square of Welch's t.  0 if the slice is not worse.
 */
double
FmaLikelihoodRatio(FmaSearch *search, const FmaTally *slice, const FmaTally *general)
{
	FmaTally	rest = Remainder(slice, general);
	double		k = FmaTallyTotal(search, slice),
				r = FmaTallyTotal(search, &rest);

	if (slice->n == 0 || (rest.n > 0 && k * rest.n <= r * slice->n))
		return 0;
	if (FmaLossIsRate(search->encoding))
		return Information(k, slice->n) + Information(slice->n - k, slice->n) +
			Information(r, rest.n) + Information(rest.n - r, rest.n) -
			Information(k + r, general->n) - Information(general->n - k - r, general->n);
	if (slice->n < 2 || rest.n < 2)
		return 0;

	double		error = FmaTallyVariance(search, slice) / slice->n + FmaTallyVariance(search, &rest) / rest.n;
	double		difference = k / slice->n - r / rest.n;

	return error > 0 ? difference * difference / error / 2 : 0;
}

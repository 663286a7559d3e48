/*
 * calibrated.c
 *		The calibration error that a perfectly calibrated model would show.
 *
 * ECE is biased: bins of few rows have gaps by chance.  If every row is right
 * with just the probability p it claims, the correct rows X of a bin follow
 * the Poisson binomial distribution of its p, whose mean is their sum and
 * whose variance is the sum of p - p * p: both are in the value, exactly.  The
 * sum D over bins of |X - mean| is then N * ECE, and its distribution is
 * computed, not drawn: bin by bin, as a convolution on a grid.
 *
 * A bin's distribution is replaced by one with the same mean and variance: a
 * mixture of two binomials with n and n + 1 trials while the variance is
 * small, the normal distribution beyond.  (Binomial by two moments: Ehm 1991,
 * "Binomial approximation to the Poisson binomial distribution".)  Exact for
 * bins whose confidences are equal.
 */
#include "reliability.h"

#include "miscadmin.h"

/* Cells of the grid on which D is distributed */
#define GRID_CELLS 4096

/*
 * The grid reaches to at least 13 standard deviations above the mean of D
 * when D is close to normal; the rows are for bins with next to no variance,
 * which are Poisson.
 */
#define GRID_MEAN 0.8
#define GRID_DEVIATIONS 8.0
#define GRID_ROWS 12.0

/* p-values below this are not told apart */
#define SMALLEST_P 1e-12

/* Bins with more variance than this are taken as normal: errors below 2e-4 */
#define LATTICE_VARIANCE 400.0

/* Probabilities this small, relative to the largest, are left out */
#define NEGLIGIBLE 1e-17
#define NORMAL_REACH 8.8

/* Normal distributions are summed in steps of this many standard deviations, or less */
#define NORMAL_STEP (1.0 / 32)

/* More than the 17.6 deviations' worth of outcomes of the largest lattice variance */
#define MAX_OUTCOMES 1024

/* Probabilities on the grid: cell i stands for the value i * width */
typedef struct Grid
{
	double		width;
	int			first;			/* cells from here ... */
	int			used;			/* ... and below here may differ from 0 */
	double		mass[GRID_CELLS];
} Grid;

PG_FUNCTION_INFO_V1(fma_ece_if_calibrated);

/*
 * Adds probability at a value >= 0.  It is shared among three neighbouring
 * cells so that mean and variance are kept whatever the width (the weights of
 * quadratic interpolation; one may be negative).
 */
static void
AddMass(Grid *grid, double value, double probability)
{
	double		position = value / grid->width;
	int			cell;
	double		offset;

	if (position >= GRID_CELLS - 2)
	{
		grid->mass[GRID_CELLS - 1] += probability;
		grid->used = GRID_CELLS;
		return;
	}
	cell = Max((int) (position + 0.5), 1);
	offset = position - cell;
	grid->mass[cell - 1] += probability * offset * (offset - 1.0) / 2.0;
	grid->mass[cell] += probability * (1.0 - offset * offset);
	grid->mass[cell + 1] += probability * offset * (offset + 1.0) / 2.0;
	grid->used = Max(grid->used, cell + 2);
}

/* Adds weight * |X - mean| for X binomial with this mean; returns its part of the expectation */
static double
AddBinomial(Grid *grid, double trials, double mean, double weight)
{
	double		probability[MAX_OUTCOMES];
	double		p = mean / trials;
	double		odds = p / (1.0 - p);
	double		mode = floor((trials + 1.0) * p);
	double		total = 1.0;
	double		expected = 0.0;
	int			below = 0;
	int			above = 0;

	if (p >= 1.0)
	{
		AddMass(grid, 0.0, weight);
		return 0.0;
	}

	/* Outcomes from the mode downwards, then upwards, relative to the mode's */
	probability[0] = 1.0;
	for (double w = 1.0, k = mode; k > 0.0 && below + 1 < MAX_OUTCOMES / 2; k--)
	{
		w *= k / ((trials - k + 1.0) * odds);
		if (w < NEGLIGIBLE)
			break;
		probability[++below] = w;
		total += w;
	}
	for (double w = 1.0, k = mode; k < trials && below + above + 1 < MAX_OUTCOMES; k++)
	{
		w *= (trials - k) * odds / (k + 1.0);
		if (w < NEGLIGIBLE)
			break;
		probability[below + ++above] = w;
		total += w;
	}
	for (int i = 0; i <= below + above; i++)
	{
		double		value = fabs((i <= below ? mode - i : mode + (i - below)) - mean);
		double		w = weight * probability[i] / total;

		AddMass(grid, value, w);
		expected += w * value;
	}
	return expected;
}

/* Adds |X - mean| for X normal; returns the expectation */
static double
AddNormal(Grid *grid, double variance)
{
	double		deviation = sqrt(variance);
	double		step = Min(NORMAL_STEP, grid->width / deviation);
	double		total = 0.0;

	for (double z = step / 2.0; z < NORMAL_REACH; z += step)
		total += exp(-z * z / 2.0);
	for (double z = step / 2.0; z < NORMAL_REACH; z += step)
		AddMass(grid, z * deviation, exp(-z * z / 2.0) / total);
	return deviation * sqrt(2.0 / M_PI);
}

/*
 * The distribution of |X - mean| of a bin, into an empty grid; returns its
 * expectation.
 */
static double
BinDistribution(Grid *grid, const FmaFullBin *bin)
{
	double		n = bin->gap.n;
	int128		rows = (int128) bin->gap.n << FMA_FIXED_BITS;
	int128		variance = bin->gap.confidence - bin->squared;
	int128		mean = Min(bin->gap.confidence, rows - bin->gap.confidence);
	double		m = FmaFromFixed(mean);
	double		trials;
	double		fewer;
	double		weight;

	if (mean <= 0 || variance <= 0)
	{
		AddMass(grid, 0.0, 1.0);
		return 0.0;
	}
	if (FmaFromFixed(variance) > LATTICE_VARIANCE)
		return AddNormal(grid, FmaFromFixed(variance));

	/*
	 * Of the right and the wrong rows, the fewer.  A binomial with this mean
	 * and variance has mean^2 / (mean - variance) trials, which need not be a
	 * whole number; hence the mixture of its neighbours.
	 */
	trials = Min(m * m / FmaFromFixed(Max(mean - variance, 1)), n);
	fewer = Max(floor(trials), ceil(m));
	weight = fewer * ((fewer + 1.0) / trials - 1.0);
	if (weight >= 1.0 - 1e-9)
		return AddBinomial(grid, fewer, m, 1.0);
	weight = Max(weight, 0.0);
	return AddBinomial(grid, fewer, m, weight) + AddBinomial(grid, fewer + 1.0, m, 1.0 - weight);
}

/* Width of a cell, such that the grid holds D for these bins */
static double
GridWidth(const FmaReliability *r)
{
	double		deviations = 0.0;
	double		variance = 0.0;
	double		largest = 0.0;

	for (int i = 0; i < r->bins; i++)
	{
		const FmaFullBin *bin = FmaGetFullBin(r, i);
		double		mean = FmaFromFixed(bin->gap.confidence);
		double		v = FmaFromFixed(Max(bin->gap.confidence - bin->squared, 0));

		deviations += sqrt(v);
		variance += v;
		largest += Max(mean, bin->gap.n - mean);
	}
	return Min(GRID_MEAN * deviations + GRID_DEVIATIONS * sqrt(variance) + GRID_ROWS, largest) / (GRID_CELLS - 4);
}

/*
 * sum = the distribution of the sum of two independent values, where b begins
 * at 0.  What goes beyond the grid stays in its last cell.
 */
static void
Convolve(const Grid *a, const Grid *b, Grid *sum)
{
	memset(sum->mass, 0, sizeof(sum->mass));
	for (int j = 0; j < b->used; j++)
	{
		double		weight = b->mass[j];
		double	   *restrict to = sum->mass + j;
		const double *restrict from = a->mass;
		int			within = Min(a->used, GRID_CELLS - j);
		double		beyond = 0.0;

		for (int i = a->first; i < within; i++)
			to[i] += weight * from[i];
		for (int i = Max(within, a->first); i < a->used; i++)
			beyond += from[i];
		sum->mass[GRID_CELLS - 1] += weight * beyond;
	}
	sum->width = a->width;
	sum->first = a->first;
	sum->used = Min(a->used + b->used, GRID_CELLS);
	while (sum->first < sum->used && fabs(sum->mass[sum->first]) < NEGLIGIBLE)
		sum->first++;
	while (sum->used > sum->first && fabs(sum->mass[sum->used - 1]) < NEGLIGIBLE)
		sum->used--;
}

/*
 * P[D >= value].  One cell more than the value's counts in full, since a
 * possible outcome's mass may lie there: p errs upwards, by up to the
 * probability of a cell and a half.
 */
static double
UpperTail(const Grid *grid, double value)
{
	double		position = value / grid->width;
	int			first = position >= GRID_CELLS - 2 ? GRID_CELLS - 1 : Max((int) (position + 0.5) - 1, 0);
	double		p = 0.0;

	for (int i = grid->used - 1; i >= Max(first, grid->first); i--)
		p += grid->mass[i];
	return Min(Max(p, SMALLEST_P), 1.0);
}

/*
 * fma_ece_if_calibrated(r) -> expected: the mean ECE of a perfectly calibrated
 * model with these confidences (relative error below 2e-4); p_value: the
 * probability that it shows at least the ECE of r (never below 1e-12).
 */
Datum
fma_ece_if_calibrated(PG_FUNCTION_ARGS)
{
	FmaReliability *r = FmaReliabilityArg(fcinfo, FMA_RELIABILITY_FULL);
	Datum		values[2] = {0};
	bool		nulls[2] = {true, true};

	if (r->kind != FMA_RELIABILITY_EMPTY)
	{
		Grid	   *sum = palloc0(sizeof(Grid));
		Grid	   *next = palloc0(sizeof(Grid));
		Grid	   *one = palloc0(sizeof(Grid));
		double		expected = 0.0;
		double		observed = 0.0;
		double		n = 0.0;

		sum->width = one->width = GridWidth(r);
		sum->mass[0] = 1.0;
		sum->used = 1;
		for (int i = 0; i < r->bins; i++)
		{
			const FmaFullBin *bin = FmaGetFullBin(r, i);
			Grid	   *swap;

			CHECK_FOR_INTERRUPTS();
			if (bin->gap.n == 0)
				continue;
			memset(one->mass, 0, one->used * sizeof(double));
			one->used = 0;
			expected += BinDistribution(one, bin);
			Convolve(sum, one, next);
			swap = sum;
			sum = next;
			next = swap;
			observed += fabs(FmaFromFixed(FmaBinGap(&bin->gap)));
			n += bin->gap.n;
		}
		values[0] = Float8GetDatum(expected / n);
		values[1] = Float8GetDatum(UpperTail(sum, observed));
		nulls[0] = nulls[1] = false;
	}
	PG_RETURN_DATUM(FmaMakeRow(fcinfo, values, nulls));
}

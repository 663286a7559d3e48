/*
 * seeding.c
 *		First centres for k-means: greedy k-means++.
 *
 * Each centre is a row drawn with a probability proportional to its squared
 * distance to the nearest centre so far; of a few such draws the one that leaves
 * the smallest sum of squared distances is taken (Arthur and Vassilvitskii 2007,
 * section 5; Celebi et al. 2013).  Distances are in float32, always in the same
 * order of operations, so that a seed means the same rows on any processor.
 */
#include "lloyd.h"

#include "common/pg_prng.h"
#include "miscadmin.h"

/* Draws for a centre: 2 + log(k), as scikit-learn does; never more than this */
#define MAX_DRAWS 32

/* Rows whose squared distances are added up first, so that a draw need not look at all */
#define CHUNK_ROWS 1024

/*
 * A centre that is so much further away from a row's nearest centre than the row
 * itself (squared: four times by the triangle inequality, and some room for rounding) is no nearer.
 */
#define FAR_ENOUGH 4.001f

typedef struct Seeding
{
	const FmaFit *fit;
	const FmaKernels *kernels;
	int			chosen;			/* centres so far */
	int64	   *row;			/* which rows they are */
	float	   *distance;		/* of each row: squared distance to the nearest centre, ... */
	int32	   *nearest;		/* ... and which one that is */
	double	   *chunk;			/* sums of these distances over chunks of rows */
	double		total;
} Seeding;

static inline const float *
RowAt(const Seeding *seeding, int64 row)
{
	return seeding->fit->rows + row * seeding->fit->dimension;
}

/* Squared distances of a row to the centres so far */
static void
CentreDistances(const Seeding *seeding, int64 row, float *distances)
{
	for (int j = 0; j < seeding->chosen; j++)
		distances[j] = seeding->kernels->rough_distance(RowAt(seeding, row), RowAt(seeding, seeding->row[j]),
														 seeding->fit->dimension);
}

/* A row, drawn in proportion to its squared distance to the nearest centre */
static int64
Draw(const Seeding *seeding, pg_prng_state *random)
{
	double		left = pg_prng_double(random) * seeding->total;
	int64		n = seeding->fit->n;
	int64		chunk = 0,
				last = -1;

	while ((chunk + 1) * CHUNK_ROWS < n && left >= seeding->chunk[chunk])
		left -= seeding->chunk[chunk++];
	for (int64 row = chunk * CHUNK_ROWS; row < Min((chunk + 1) * CHUNK_ROWS, n); row++)
	{
		if (seeding->distance[row] > 0)
			last = row;
		left -= seeding->distance[row];
		if (left < 0)
			return row;
	}
	/* Only rounding leads here. */
	for (int64 row = 0; last < 0; row++)
		if (seeding->distance[row] > 0)
			last = row;
	return last;
}

/* Makes a row the next centre */
static void
Choose(Seeding *seeding, int64 chosen)
{
	const FmaFit *fit = seeding->fit;
	float	   *distances = palloc(sizeof(float) * Max(seeding->chosen, 1));

	CentreDistances(seeding, chosen, distances);
	seeding->total = 0;
	for (int64 first = 0; first < fit->n; first += CHUNK_ROWS)
	{
		double		sum = 0;

		CHECK_FOR_INTERRUPTS();
		for (int64 row = first; row < Min(first + CHUNK_ROWS, fit->n); row++)
		{
			if (seeding->chosen == 0 || distances[seeding->nearest[row]] < FAR_ENOUGH * seeding->distance[row])
			{
				float		distance = seeding->kernels->rough_distance(RowAt(seeding, row), RowAt(seeding, chosen),
																		fit->dimension);

				if (seeding->chosen == 0 || distance < seeding->distance[row])
				{
					seeding->distance[row] = distance;
					seeding->nearest[row] = seeding->chosen;
				}
			}
			sum += seeding->distance[row];
		}
		seeding->chunk[first / CHUNK_ROWS] = sum;
		seeding->total += sum;
	}
	seeding->row[seeding->chosen++] = chosen;
	pfree(distances);
}

/* Of some rows, the one that would leave the smallest sum of squared distances; the first, of several */
static int64
BestOf(const Seeding *seeding, const int64 *drawn, int draws)
{
	const FmaFit *fit = seeding->fit;
	float	   *distances = palloc(sizeof(float) * seeding->chosen * draws);
	double		sum[MAX_DRAWS] = {0};
	int			best = 0;

	for (int t = 0; t < draws; t++)
		CentreDistances(seeding, drawn[t], distances + (Size) t * seeding->chosen);
	for (int64 row = 0; row < fit->n; row++)
	{
		float		distance = seeding->distance[row];

		if (row % CHUNK_ROWS == 0)
			CHECK_FOR_INTERRUPTS();
		for (int t = 0; t < draws; t++)
		{
			float		d = distance;

			if (distances[(Size) t * seeding->chosen + seeding->nearest[row]] < FAR_ENOUGH * distance)
				d = Min(d, seeding->kernels->rough_distance(RowAt(seeding, row), RowAt(seeding, drawn[t]), fit->dimension));
			sum[t] += d;
		}
	}
	for (int t = 1; t < draws; t++)
		if (sum[t] < sum[best])
			best = t;
	pfree(distances);
	return drawn[best];
}

/*
 * First centres of a fit: k x dimension doubles.  Error: fewer distinct rows
 * than k; rows nearer to each other than 1e-19 count as the same.
 */
void
FmaSeedCentres(const FmaFit *fit, int64 seed, double *centres)
{
	Seeding		seeding = {fit, FmaChooseKernels()};
	int			draws = Min(2 + (int) log(fit->k), MAX_DRAWS);
	pg_prng_state random;

	pg_prng_seed(&random, (uint64) seed);
	seeding.row = palloc(sizeof(int64) * fit->k);
	seeding.distance = palloc_extended(sizeof(float) * fit->n, MCXT_ALLOC_HUGE);
	seeding.nearest = palloc_extended(sizeof(int32) * fit->n, MCXT_ALLOC_HUGE);
	seeding.chunk = palloc_extended(sizeof(double) * (fit->n / CHUNK_ROWS + 1), MCXT_ALLOC_HUGE);

	Choose(&seeding, pg_prng_uint64_range(&random, 0, fit->n - 1));
	while (seeding.chosen < fit->k)
	{
		int64		drawn[MAX_DRAWS];

		if (seeding.total == 0)
			FmaTooFewRows(fit->k, seeding.chosen, "distinct embeddings");
		for (int t = 0; t < draws; t++)
			drawn[t] = Draw(&seeding, &random);
		Choose(&seeding, BestOf(&seeding, drawn, draws));
	}
	for (int j = 0; j < fit->k; j++)
		for (int i = 0; i < fit->dimension; i++)
			centres[(Size) j * fit->dimension + i] = RowAt(&seeding, seeding.row[j])[i];
	pfree(seeding.row);
	pfree(seeding.distance);
	pfree(seeding.nearest);
	pfree(seeding.chunk);
}

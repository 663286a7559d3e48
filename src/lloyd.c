/*
 * lloyd.c
 *		k-means of rows in memory: Lloyd's algorithm, to its fixed point.
 *
 * The result is that of the plain algorithm in double precision, pass by pass.
 */
#include "bounds.h"

#include "miscadmin.h"
#include "sums.h"
#include "utils/memutils.h"

/* Rows between looks whether the query was cancelled */
#define CHECK_ROWS 512

/* Bounds a row has at most; with more tiles than this, several share one */
#define MAX_GROUPS 32

/* Squared distance below which two rows of length 1 are the same, but for their rounding */
#define SAME_DIRECTION 1e-13

/* Bytes for each element of a centre: in double now and before, sums, float32 twice */
#define CENTRE_BYTES (2 * sizeof(double) + 2 * sizeof(double) + 2 * sizeof(float))

static int
CountTiles(int k)
{
	return (k + FMA_TILE_LANES - 1) / FMA_TILE_LANES;
}

/* Memory for each row besides its elements: label, norm and bounds */
Size
FmaFitRowSize(int k)
{
	return sizeof(int32) + sizeof(float) * (2 + Min(CountTiles(k), MAX_GROUPS));
}

/* Memory besides the rows */
Size
FmaFitFixedSize(int k, int dimension)
{
	return CENTRE_BYTES * (Size) (CountTiles(k) * FMA_TILE_LANES) * dimension;
}

/* Reports a k that no clustering of the rows can have */
void
FmaTooFewRows(int k, int64 n, const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("k must not be above the number of distinct embeddings"),
			 errdetail("k is %d, there are %lld %s.", k, (long long) n, what)));
}

/* Centre of the rows whose sum is high + low */
void
FmaMakeCentre(double *centre, const double *high, const double *low, int64 size, int dimension, bool spherical)
{
	double		length = 0;

	for (int i = 0; i < dimension; i++)
	{
		centre[i] = (high[i] + low[i]) / size;
		length += centre[i] * centre[i];
	}
	length = sqrt(length);
	/* Directions that cancel out have no mean; their centre stays at 0. */
	for (int i = 0; spherical && length > 0 && i < dimension; i++)
		centre[i] /= length;
}

/*
 * Puts centres that are near each other into the same tile: each tile takes the
 * first cluster that is left, and those nearest to it.
 */
static void
OrderCentres(FmaLloyd *lloyd, const double *centres)
{
	int			k = lloyd->k;
	double	   *distance = palloc(sizeof(double) * k);
	bool	   *taken = palloc0(sizeof(bool) * k);
	int			first = 0;

	for (int slot = 0; slot < k; slot++)
	{
		int			next = -1;

		if (slot % FMA_TILE_LANES == 0)
		{
			CHECK_FOR_INTERRUPTS();
			while (taken[first])
				first++;
			for (int j = 0; j < k; j++)
			{
				distance[j] = 0;
				for (int i = 0; i < lloyd->dimension; i++)
				{
					double		d = centres[(Size) j * lloyd->dimension + i] - centres[(Size) first * lloyd->dimension + i];

					distance[j] += d * d;
				}
			}
			distance[first] = -1;
		}
		for (int j = first; j < k; j++)
			if (!taken[j] && (next < 0 || distance[j] < distance[next]))
				next = j;
		taken[next] = true;
		lloyd->cluster[slot] = next;
		memcpy(CentreAt(lloyd, slot), centres + (Size) next * lloyd->dimension, sizeof(double) * lloyd->dimension);
	}
	pfree(distance);
	pfree(taken);
}

/* Makes the float32 forms of the centres */
static void
PackCentres(FmaLloyd *lloyd)
{
	int			d = lloyd->dimension;

	lloyd->longest = 0;
	for (int slot = 0; slot < lloyd->k; slot++)
	{
		const double *centre = CentreAt(lloyd, slot);
		float	   *rounded = lloyd->rounded + (Size) slot * d;
		float	   *packed = lloyd->packed + (Size) (slot / FMA_TILE_LANES) * FMA_TILE_LANES * d + slot % FMA_TILE_LANES;
		double		square = 0;

		for (int i = 0; i < d; i++)
		{
			rounded[i] = (float) centre[i];
			packed[(Size) i * FMA_TILE_LANES] = -rounded[i];
			square += centre[i] * centre[i];
		}
		lloyd->half[slot] = (float) (square / 2);
		lloyd->longest = Max(lloyd->longest, (float) sqrt(square) * FMA_ROUND_UP);
	}
}

/*
 * How far a row is from the centre it has, or from one made a moment ago: those
 * of the first "made" slots of "empty".
 */
static double
DistanceToCentres(const FmaLloyd *lloyd, int64 row, const int *empty, int from, int made)
{
	const float *elements = RowAt(lloyd, row);
	double		distance = INFINITY;

	if (from == 0)
		distance = lloyd->kernels->distance(elements, CentreAt(lloyd, lloyd->label[row]), lloyd->dimension);
	for (int e = Max(from - 1, 0); e < made; e++)
		distance = Min(distance, lloyd->kernels->distance(elements, CentreAt(lloyd, empty[e]), lloyd->dimension));
	return distance;
}

/*
 * Gives each cluster without rows, in their order, the row that is furthest
 * from its centre (the first one, of several).  The row is then its only one,
 * the centre it left is computed anew, and rows that are as near to a centre
 * just made count as near, or two clusters would have the same centre.
 */
static void
RefillEmpty(FmaLloyd *lloyd, const int *empty, int nempty)
{
	int64		n = lloyd->fit->n;
	double	   *distance = palloc_extended(sizeof(double) * n, MCXT_ALLOC_HUGE);
	double		least = lloyd->options->spherical ? SAME_DIRECTION : 0;
	int			changed = -1;	/* the slot whose centre was computed anew */

	for (int made = 0; made < nempty; made++)
	{
		int64		furthest = -1;
		int			slot = empty[made];
		Size		offset;

		for (int64 row = 0; row < n; row++)
		{
			int			label = lloyd->label[row];

			if (row % CHECK_ROWS == 0)
				CHECK_FOR_INTERRUPTS();
			if (made == 0 || label == changed)
				distance[row] = DistanceToCentres(lloyd, row, empty, 0, made);
			else
				distance[row] = Min(distance[row], DistanceToCentres(lloyd, row, empty, made, made));
			if (distance[row] > least && lloyd->size[label] > 1 && (furthest < 0 || distance[row] > distance[furthest]))
				furthest = row;
		}
		if (furthest < 0)
			FmaTooFewRows(lloyd->k, lloyd->k - (nempty - made), "distinct embeddings");
		changed = lloyd->label[furthest];
		FmaAddToSum(lloyd, changed, furthest, -1);
		FmaAddToSum(lloyd, slot, furthest, 1);
		for (int i = 0; i < lloyd->dimension; i++)
			CentreAt(lloyd, slot)[i] = RowAt(lloyd, furthest)[i];
		offset = (Size) changed * lloyd->dimension;
		FmaMakeCentre(CentreAt(lloyd, changed), lloyd->high + offset, lloyd->low + offset,
					  lloyd->size[changed], lloyd->dimension, lloyd->options->spherical);
		lloyd->label[furthest] = slot;
		distance[furthest] = 0;
	}
	/* Centres were moved behind the bounds' back. */
	FmaForgetBounds(lloyd);
	pfree(distance);
}

/* Looks for clusters without rows, in their order */
static void
RefillClusters(FmaLloyd *lloyd)
{
	int		   *empty = palloc(sizeof(int) * lloyd->k);
	int		   *slot = palloc(sizeof(int) * lloyd->k);
	int			n = 0;

	for (int s = 0; s < lloyd->k; s++)
		slot[lloyd->cluster[s]] = s;
	for (int j = 0; j < lloyd->k; j++)
		if (lloyd->size[slot[j]] == 0)
			empty[n++] = slot[j];
	if (n > 0)
		RefillEmpty(lloyd, empty, n);
	pfree(empty);
	pfree(slot);
}

/* Moves the centres to the means of their rows; returns the sum of the squared distances they moved */
static double
MoveCentres(FmaLloyd *lloyd)
{
	int			d = lloyd->dimension;
	double	   *old = palloc(sizeof(double) * d);
	double		total = 0;

	for (int g = 0; g < lloyd->groups; g++)
	{
		lloyd->drift_first[g] = lloyd->drift_second[g] = 0;
		lloyd->drift_slot[g] = -1;
	}
	for (int slot = 0; slot < lloyd->k; slot++)
	{
		double	   *centre = CentreAt(lloyd, slot);
		int			g = GroupOf(lloyd, slot);
		double		square = 0;
		float		drift;

		memcpy(old, centre, sizeof(double) * d);
		FmaMakeCentre(centre, lloyd->high + (Size) slot * d, lloyd->low + (Size) slot * d, lloyd->size[slot], d,
					  lloyd->options->spherical);
		for (int i = 0; i < d; i++)
			square += (centre[i] - old[i]) * (centre[i] - old[i]);
		total += square;
		lloyd->drift[slot] = drift = (float) sqrt(square) * FMA_ROUND_UP;
		if (drift > lloyd->drift_first[g])
		{
			lloyd->drift_second[g] = lloyd->drift_first[g];
			lloyd->drift_first[g] = drift;
			lloyd->drift_slot[g] = slot;
		}
		else if (drift > lloyd->drift_second[g])
			lloyd->drift_second[g] = drift;
	}
	pfree(old);
	PackCentres(lloyd);
	return total;
}

/* Squared distance of the second nearest centre; candidates by float32, the distance itself in double */
static double
SecondDistance(const FmaLloyd *lloyd, int64 row, const FmaTile *tiles, int r)
{
	float		slack = FmaDistanceError(lloyd, row);
	float		lowest = INFINITY;
	double		second = INFINITY;
	int			label = lloyd->label[row];

	for (int slot = 0; slot < lloyd->k; slot++)
		if (slot != label)
			lowest = Min(lowest, tiles[slot / FMA_TILE_LANES][r][slot % FMA_TILE_LANES]);
	for (int slot = 0; slot < lloyd->k; slot++)
		if (slot != label && tiles[slot / FMA_TILE_LANES][r][slot % FMA_TILE_LANES] <= lowest + slack)
			second = Min(second, lloyd->kernels->distance(RowAt(lloyd, row), CentreAt(lloyd, slot), lloyd->dimension));
	return second;
}

/* Sizes, inertias, distances and the silhouette of the final labels */
static void
MeasureClusters(FmaLloyd *lloyd)
{
	FmaFit	   *fit = lloyd->fit;
	FmaTile    *tiles = palloc(sizeof(FmaTile) * lloyd->tiles);
	FmaSum	   *inertia = palloc0(sizeof(FmaSum) * lloyd->k);
	FmaSum	   *distances = palloc0(sizeof(FmaSum) * lloyd->k);
	FmaSum		silhouette = {0};

	for (int64 first = 0; first < fit->n; first += FMA_TILE_ROWS)
	{
		int			count = Min(fit->n - first, FMA_TILE_ROWS);
		const float *rows[FMA_TILE_ROWS];

		CHECK_FOR_INTERRUPTS();
		for (int r = 0; r < FMA_TILE_ROWS; r++)
			rows[r] = RowAt(lloyd, first + Min(r, count - 1));
		for (int t = 0; lloyd->k > 1 && t < lloyd->tiles; t++)
			lloyd->kernels->multiply(rows, lloyd->packed + (Size) t * FMA_TILE_LANES * lloyd->dimension,
									 lloyd->dimension, lloyd->half + t * FMA_TILE_LANES, tiles[t]);
		for (int r = 0; r < count; r++)
		{
			int			label = lloyd->label[first + r];
			double		square = lloyd->kernels->distance(rows[r], CentreAt(lloyd, label), lloyd->dimension);

			FmaSumAdd(&inertia[label], square);
			FmaSumAdd(&distances[label], sqrt(square));
			if (lloyd->k > 1)
				FmaSumAdd(&silhouette, FmaSilhouette(square, SecondDistance(lloyd, first + r, tiles, r)));
		}
	}
	for (int slot = 0; slot < lloyd->k; slot++)
	{
		FmaCluster *cluster = &fit->clusters[lloyd->cluster[slot]];

		cluster->size = lloyd->size[slot];
		cluster->inertia = FmaSumValue(inertia[slot]);
		cluster->distance = FmaSumValue(distances[slot]);
		memcpy(fit->centres + (Size) lloyd->cluster[slot] * lloyd->dimension, CentreAt(lloyd, slot),
			   sizeof(double) * lloyd->dimension);
	}
	fit->silhouette = FmaSumValue(silhouette);
	pfree(tiles);
	pfree(inertia);
	pfree(distances);
}

/* The mean of the elements' variances: what a tolerance is relative to */
static double
MeanVariance(const FmaFit *fit)
{
	double	   *mean = palloc0(sizeof(double) * fit->dimension);
	double		variance = 0;

	for (int64 row = 0; row < fit->n; row++)
		for (int i = 0; i < fit->dimension; i++)
			mean[i] += fit->rows[row * fit->dimension + i];
	for (int i = 0; i < fit->dimension; i++)
		mean[i] /= fit->n;
	for (int64 row = 0; row < fit->n; row++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < fit->dimension; i++)
		{
			double		d = fit->rows[row * fit->dimension + i] - mean[i];

			variance += d * d;
		}
	}
	pfree(mean);
	return variance / fit->n / fit->dimension;
}

/* Memory for the fit, and the first centres in their slots */
static void
StartLloyd(FmaLloyd *lloyd, FmaFit *fit, const FmaFitOptions *options)
{
	int			slots;
	Size		elements;
	double	   *centres = fit->centres;

	lloyd->fit = fit;
	lloyd->options = options;
	lloyd->kernels = FmaChooseKernels();
	lloyd->dimension = fit->dimension;
	lloyd->k = fit->k;
	lloyd->tiles = CountTiles(fit->k);
	lloyd->group_tiles = (lloyd->tiles + MAX_GROUPS - 1) / MAX_GROUPS;
	lloyd->groups = (lloyd->tiles + lloyd->group_tiles - 1) / lloyd->group_tiles;
	lloyd->error = FmaTileError(fit->dimension);

	slots = lloyd->tiles * FMA_TILE_LANES;
	elements = (Size) slots * fit->dimension;
	lloyd->cluster = palloc(sizeof(int) * slots);
	lloyd->centre = palloc_extended(sizeof(double) * elements, MCXT_ALLOC_HUGE);
	lloyd->high = palloc_extended(sizeof(double) * elements, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	lloyd->low = palloc_extended(sizeof(double) * elements, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	lloyd->size = palloc0(sizeof(int64) * slots);
	lloyd->rounded = palloc_extended(sizeof(float) * elements, MCXT_ALLOC_HUGE);
	lloyd->packed = FmaAllocAligned(CurrentMemoryContext, elements);
	memset(lloyd->packed, 0, sizeof(float) * elements);
	lloyd->half = palloc(sizeof(float) * slots);
	for (int slot = 0; slot < slots; slot++)
		lloyd->half[slot] = INFINITY;
	lloyd->drift = palloc0(sizeof(float) * slots);
	lloyd->drift_first = palloc0(sizeof(float) * lloyd->groups);
	lloyd->drift_second = palloc0(sizeof(float) * lloyd->groups);
	lloyd->drift_slot = palloc0(sizeof(int) * lloyd->groups);

	if (options->init != NULL)
		memcpy(centres, options->init, sizeof(double) * fit->k * fit->dimension);
	else
		FmaSeedCentres(fit, options->seed, centres);
	OrderCentres(lloyd, centres);
	PackCentres(lloyd);

	lloyd->label = palloc_extended(sizeof(int32) * fit->n, MCXT_ALLOC_HUGE);
	lloyd->norm = palloc_extended(sizeof(float) * fit->n, MCXT_ALLOC_HUGE);
	lloyd->upper = palloc_extended(sizeof(float) * fit->n, MCXT_ALLOC_HUGE);
	lloyd->lower = palloc_extended(sizeof(float) * fit->n * lloyd->groups, MCXT_ALLOC_HUGE);
	for (int64 row = 0; row < fit->n; row++)
	{
		const float *elements_of = RowAt(lloyd, row);

		lloyd->label[row] = -1;
		lloyd->norm[row] = (float) lloyd->kernels->product(elements_of, elements_of, fit->dimension);
	}
	FmaForgetBounds(lloyd);
}

/*
 * Lloyd's algorithm: rows to their nearest centres, centres to the means of
 * their rows, until no row moves.  An iteration is one such pass, the last one,
 * in which nothing moves, included.
 *
 * Where the passes end before that, the rows are assigned once more, so that
 * the figures are about the centres returned.
 */
void
FmaFitLloyd(FmaFit *fit, const FmaFitOptions *options)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "fma k-means", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	FmaLloyd	lloyd = {0};
	double		tolerance = options->tolerance;

	if (fit->n < fit->k)
		FmaTooFewRows(fit->k, fit->n, "embeddings");
	if (tolerance > 0)
		tolerance *= MeanVariance(fit);
	StartLloyd(&lloyd, fit, options);
	fit->iterations = 0;
	fit->converged = false;
	while (!fit->converged)
	{
		double		shift;

		fit->iterations++;
		if (FmaAssignRows(&lloyd) == 0)
		{
			fit->converged = true;
			break;
		}
		RefillClusters(&lloyd);
		shift = MoveCentres(&lloyd);
		fit->converged = tolerance > 0 && shift <= tolerance;
		if (fit->converged || fit->iterations >= options->max_iterations)
		{
			(void) FmaAssignRows(&lloyd);
			break;
		}
	}
	MeasureClusters(&lloyd);
	elog(DEBUG1, "fma_kmeans (%s): %d passes, %lld rows decided in double precision",
		 lloyd.kernels->name, fit->iterations, (long long) lloyd.rechecked);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}

/*
 * lloyd.c
 *		k-means of rows in memory: Lloyd's algorithm, to its fixed point.
 *
 * The result is that of the plain algorithm in double precision, pass by pass.
 * Distances are computed in float32, with bounds that say which need not be
 * computed at all: each row has an upper bound of the distance to its own
 * centre, and for each group of centres a lower bound of the distance to the
 * nearest other one there (Hamerly 2010; Ding et al., Yinyang k-means, 2015).
 * The bounds account for every rounding.  What they leave undecided is decided
 * by distances in double precision, so float32 shows in no result.
 *
 * Centres are kept in an order of ours ("slots"), where neighbours share a tile.
 */
#include "lloyd.h"

#include <float.h>

#include "miscadmin.h"
#include "sums.h"
#include "utils/memutils.h"

/* Rows whose undecided ones are gathered, so that tiles are full */
#define BLOCK_ROWS 512

/* Bounds a row has at most; with more tiles than this, several share one */
#define MAX_GROUPS 32

/* Factors that make up for roundings when a bound is stored as a float */
#define UP (1.0f + 0x1p-21f)
#define DOWN (1.0f - 0x1p-21f)

/* Squared distance below which two rows of length 1 are the same, but for their rounding */
#define SAME_DIRECTION 1e-13

/* Bytes for each element of a centre: in double now and before, sums, float32 twice */
#define CENTRE_BYTES (2 * sizeof(double) + 2 * sizeof(double) + 2 * sizeof(float))

typedef struct Lloyd
{
	FmaFit	   *fit;
	const FmaFitOptions *options;
	const FmaKernels *kernels;
	int			dimension;
	int			k;
	int			tiles;			/* of FMA_TILE_LANES slots each */
	int			groups;			/* of tiles */
	int			group_tiles;	/* tiles in a group */

	/* by slot */
	int		   *cluster;		/* which cluster the slot is */
	double	   *centre;
	double	   *high;			/* sums of rows, and ... */
	double	   *low;			/* ... what rounding took from them */
	int64	   *size;
	float	   *rounded;		/* the centre in float32 */
	float	   *half;			/* half its squared length; infinite in slots that are none */
	float	   *drift;			/* how far it moved last, rounded up */
	float	   *packed;			/* by tile: centres times -1 */
	float		longest;		/* length of the longest centre, rounded up */

	/* by group: the two largest drifts, and the slot of the first */
	float	   *drift_first;
	float	   *drift_second;
	int		   *drift_slot;

	/* by row */
	int32	   *label;			/* slot, -1 at first */
	float	   *norm;			/* squared length */
	float	   *upper;
	float	   *lower;			/* n x groups */

	double		error;			/* of float32 products, relative */
	int64		rechecked;
} Lloyd;

/* Rows of a block that bounds do not decide */
typedef struct Block
{
	int			n;
	int64		row[BLOCK_ROWS];
	int32		label[BLOCK_ROWS];	/* before this pass */
	float		best[BLOCK_ROWS];	/* half the squared length of the centre - its product with the row */
	float		slack[BLOCK_ROWS];	/* error of a squared distance */
} Block;

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
FmaTooFewRows(int k, int64 distinct)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("k must not be above the number of distinct embeddings"),
			 errdetail("k is %d, there are %lld distinct embeddings.", k, (long long) distinct)));
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

static inline double *
CentreAt(const Lloyd *lloyd, int slot)
{
	return lloyd->centre + (Size) slot * lloyd->dimension;
}

static inline const float *
RowAt(const Lloyd *lloyd, int64 row)
{
	return lloyd->fit->rows + row * lloyd->dimension;
}

static inline int
GroupOf(const Lloyd *lloyd, int slot)
{
	return slot / FMA_TILE_LANES / lloyd->group_tiles;
}

/*
 * Puts centres that are near each other into the same tile: each tile takes the
 * first cluster that is left, and those nearest to it.
 */
static void
OrderCentres(Lloyd *lloyd, const double *centres)
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
PackCentres(Lloyd *lloyd)
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
		lloyd->longest = Max(lloyd->longest, (float) sqrt(square) * UP);
	}
}

/* Error of squared distances to a row, in float32: of products, lengths and what is added to them */
static inline float
SlackOf(const Lloyd *lloyd, int64 row)
{
	float		norm = lloyd->norm[row],
				longest = lloyd->longest;

	return (float) lloyd->error * (2 * sqrtf(norm) * longest + longest * longest + 2 * norm) + lloyd->dimension * FLT_MIN;
}

/* Bounds of a distance, from half the squared length of the centre - its product with the row */
static inline float
UpperBound(float norm, float half, float slack)
{
	return sqrtf(Max(norm + 2 * half + slack, 0.0f)) * UP;
}

static inline float
LowerBound(float norm, float half, float slack)
{
	return sqrtf(Max(norm + 2 * half - slack, 0.0f)) * DOWN;
}

/* Takes the nearest centre of a tile as the row's, in place of one that is further away */
static void
TakeNearer(Lloyd *lloyd, Block *block, int b, int tile, const float *lanes, int except, float lowest)
{
	int64		row = block->row[b];
	float	   *lower = lloyd->lower + row * lloyd->groups;
	float		norm = lloyd->norm[row],
				slack = block->slack[b];
	float	   *own = &lower[tile / lloyd->group_tiles];
	int			old = lloyd->label[row];
	int			lane = -1;
	float		second = INFINITY;

	for (int l = 0; l < FMA_TILE_LANES; l++)
	{
		if (l == except)
			continue;
		if (lane < 0 && lanes[l] == lowest)
			lane = l;
		else
			second = Min(second, lanes[l]);
	}
	*own = Min(*own, LowerBound(norm, second, slack));
	/* The centre that was the row's is one of the others from now on. */
	if (old >= 0)
	{
		float	   *other = &lower[GroupOf(lloyd, old)];

		*other = Min(*other, LowerBound(norm, block->best[b], slack));
	}
	lloyd->label[row] = tile * FMA_TILE_LANES + lane;
	lloyd->upper[row] = UpperBound(norm, lowest, slack);
	block->best[b] = lowest;
}

/* Compares up to FMA_TILE_ROWS rows of a block with the centres of a tile */
static void
CompareTile(Lloyd *lloyd, Block *block, const int *members, int count, int tile)
{
	const float *rows[FMA_TILE_ROWS];
	int32		except[FMA_TILE_ROWS];
	float		lowest[FMA_TILE_ROWS];
	FmaTile		lanes;

	for (int r = 0; r < FMA_TILE_ROWS; r++)
	{
		int64		row = block->row[members[Min(r, count - 1)]];
		int			label = lloyd->label[row];

		rows[r] = RowAt(lloyd, row);
		except[r] = label >= 0 && label / FMA_TILE_LANES == tile ? label % FMA_TILE_LANES : -1;
	}
	lloyd->kernels->multiply(rows, lloyd->packed + (Size) tile * FMA_TILE_LANES * lloyd->dimension,
							 lloyd->dimension, lloyd->half + tile * FMA_TILE_LANES, lanes);
	lloyd->kernels->lowest(lanes, except, lowest);
	for (int r = 0; r < count; r++)
	{
		int			b = members[r];
		int64		row = block->row[b];
		float	   *lower = &lloyd->lower[row * lloyd->groups + tile / lloyd->group_tiles];

		if (lowest[r] < block->best[b])
			TakeNearer(lloyd, block, b, tile, lanes[r], except[r], lowest[r]);
		else
			*lower = Min(*lower, LowerBound(lloyd->norm[row], lowest[r], block->slack[b]));
	}
}

/* Compares the rows of a block with the centres of those groups that may have a nearer one */
static void
CompareBlock(Lloyd *lloyd, Block *block)
{
	int			members[BLOCK_ROWS];

	for (int g = 0; g < lloyd->groups; g++)
	{
		int			end = Min((g + 1) * lloyd->group_tiles, lloyd->tiles);
		int			n = 0;

		for (int b = 0; b < block->n; b++)
		{
			int64		row = block->row[b];
			float	   *lower = &lloyd->lower[row * lloyd->groups + g];

			if (*lower <= lloyd->upper[row])
			{
				*lower = INFINITY;
				members[n++] = b;
			}
		}
		for (int tile = g * lloyd->group_tiles; tile < end; tile++)
			for (int i = 0; i < n; i += FMA_TILE_ROWS)
				CompareTile(lloyd, block, members + i, Min(n - i, FMA_TILE_ROWS), tile);
	}
}

/* Decides a row by distances in double precision; of centres as near, the first cluster's is taken */
static void
Recheck(Lloyd *lloyd, int64 row)
{
	float	   *lower = lloyd->lower + row * lloyd->groups;
	double		best = INFINITY;
	int			label = -1;

	lloyd->rechecked++;
	for (int g = 0; g < lloyd->groups; g++)
		lower[g] = INFINITY;
	for (int slot = 0; slot < lloyd->k; slot++)
	{
		double		distance = lloyd->kernels->distance(RowAt(lloyd, row), CentreAt(lloyd, slot), lloyd->dimension);
		double		other = distance;
		int			other_slot = slot;

		if (distance < best || (distance == best && lloyd->cluster[slot] < lloyd->cluster[label]))
		{
			other = best;
			other_slot = label;
			best = distance;
			label = slot;
		}
		if (other_slot >= 0)
		{
			float	   *bound = &lower[GroupOf(lloyd, other_slot)];

			*bound = Min(*bound, (float) sqrt(other) * DOWN);
		}
	}
	lloyd->label[row] = label;
	lloyd->upper[row] = (float) sqrt(best) * UP;
}

static inline float
LowestBound(const Lloyd *lloyd, int64 row)
{
	const float *lower = lloyd->lower + row * lloyd->groups;
	float		lowest = lower[0];

	for (int g = 1; g < lloyd->groups; g++)
		lowest = Min(lowest, lower[g]);
	return lowest;
}

/* Moves the bounds of a row as far as the centres moved; returns the lowest lower bound */
static inline float
MoveBounds(Lloyd *lloyd, int64 row)
{
	float	   *lower = lloyd->lower + row * lloyd->groups;
	int			label = lloyd->label[row];
	float		lowest = INFINITY;

	lloyd->upper[row] = (lloyd->upper[row] + lloyd->drift[label]) * UP;
	for (int g = 0; g < lloyd->groups; g++)
	{
		float		drift = lloyd->drift_slot[g] == label ? lloyd->drift_second[g] : lloyd->drift_first[g];

		lower[g] = lower[g] * DOWN - drift * UP;
		lowest = Min(lowest, lower[g]);
	}
	return lowest;
}

/* Gathers the rows that bounds do not decide, after the distance to their own centre is known anew */
static void
GatherBlock(Lloyd *lloyd, Block *block, int64 first, int64 end)
{
	block->n = 0;
	for (int64 row = first; row < end; row++)
	{
		int			label = lloyd->label[row];
		float		best = INFINITY,
					lowest,
					slack;

		if (label >= 0)
		{
			lowest = MoveBounds(lloyd, row);
			if (lloyd->upper[row] < lowest)
				continue;
			best = lloyd->half[label] - lloyd->kernels->dot(RowAt(lloyd, row),
															lloyd->rounded + (Size) label * lloyd->dimension, lloyd->dimension);
			slack = SlackOf(lloyd, row);
			lloyd->upper[row] = UpperBound(lloyd->norm[row], best, slack);
			if (lloyd->upper[row] < lowest)
				continue;
		}
		else
			slack = SlackOf(lloyd, row);
		block->row[block->n] = row;
		block->label[block->n] = label;
		block->best[block->n] = best;
		block->slack[block->n] = slack;
		block->n++;
	}
}

/* Makes sure that a row is compared with all centres in the next pass */
static inline void
ForgetBounds(Lloyd *lloyd, int64 row)
{
	lloyd->upper[row] = INFINITY;
	for (int g = 0; g < lloyd->groups; g++)
		lloyd->lower[row * lloyd->groups + g] = 0;
}

static void
AddToSum(Lloyd *lloyd, int slot, int64 row, double sign)
{
	Size		offset = (Size) slot * lloyd->dimension;

	lloyd->kernels->accumulate(lloyd->high + offset, lloyd->low + offset, RowAt(lloyd, row), sign, lloyd->dimension);
	lloyd->size[slot] += (int64) sign;
}

/* Assigns every row to its nearest centre; returns how many went to another one */
static int64
AssignRows(Lloyd *lloyd)
{
	int64		moved = 0;
	Block		block;

	for (int64 first = 0; first < lloyd->fit->n; first += BLOCK_ROWS)
	{
		CHECK_FOR_INTERRUPTS();
		GatherBlock(lloyd, &block, first, Min(first + BLOCK_ROWS, lloyd->fit->n));
		CompareBlock(lloyd, &block);
		for (int b = 0; b < block.n; b++)
		{
			int64		row = block.row[b];

			if (!(lloyd->upper[row] < LowestBound(lloyd, row)))
				Recheck(lloyd, row);
			if (lloyd->label[row] == block.label[b])
				continue;
			moved++;
			if (block.label[b] >= 0)
				AddToSum(lloyd, block.label[b], row, -1);
			AddToSum(lloyd, lloyd->label[row], row, 1);
		}
	}
	return moved;
}

/*
 * How far a row is from the centre it has, or from one made a moment ago: those
 * of the first "made" slots of "empty".
 */
static double
DistanceToCentres(const Lloyd *lloyd, int64 row, const int *empty, int from, int made)
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
RefillEmpty(Lloyd *lloyd, const int *empty, int nempty)
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

			if (row % BLOCK_ROWS == 0)
				CHECK_FOR_INTERRUPTS();
			if (made == 0 || label == changed)
				distance[row] = DistanceToCentres(lloyd, row, empty, 0, made);
			else
				distance[row] = Min(distance[row], DistanceToCentres(lloyd, row, empty, made, made));
			if (distance[row] > least && lloyd->size[label] > 1 && (furthest < 0 || distance[row] > distance[furthest]))
				furthest = row;
		}
		if (furthest < 0)
			FmaTooFewRows(lloyd->k, lloyd->k - (nempty - made));
		changed = lloyd->label[furthest];
		AddToSum(lloyd, changed, furthest, -1);
		AddToSum(lloyd, slot, furthest, 1);
		for (int i = 0; i < lloyd->dimension; i++)
			CentreAt(lloyd, slot)[i] = RowAt(lloyd, furthest)[i];
		offset = (Size) changed * lloyd->dimension;
		FmaMakeCentre(CentreAt(lloyd, changed), lloyd->high + offset, lloyd->low + offset,
					  lloyd->size[changed], lloyd->dimension, lloyd->options->spherical);
		lloyd->label[furthest] = slot;
		distance[furthest] = 0;
	}
	/* Centres were moved behind the bounds' back. */
	for (int64 row = 0; row < n; row++)
		ForgetBounds(lloyd, row);
	pfree(distance);
}

/* Looks for clusters without rows, in their order */
static void
RefillClusters(Lloyd *lloyd)
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
MoveCentres(Lloyd *lloyd)
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
		lloyd->drift[slot] = drift = (float) sqrt(square) * UP;
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
SecondDistance(const Lloyd *lloyd, int64 row, const FmaTile *tiles, int r)
{
	float		slack = SlackOf(lloyd, row);
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
MeasureClusters(Lloyd *lloyd)
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
StartLloyd(Lloyd *lloyd, FmaFit *fit, const FmaFitOptions *options)
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
		ForgetBounds(lloyd, row);
	}
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
	Lloyd		lloyd = {0};
	double		tolerance = options->tolerance;

	if (fit->n < fit->k)
		FmaTooFewRows(fit->k, fit->n);
	if (tolerance > 0)
		tolerance *= MeanVariance(fit);
	StartLloyd(&lloyd, fit, options);
	fit->iterations = 0;
	fit->converged = false;
	while (!fit->converged)
	{
		double		shift;

		fit->iterations++;
		if (AssignRows(&lloyd) == 0)
		{
			fit->converged = true;
			break;
		}
		RefillClusters(&lloyd);
		shift = MoveCentres(&lloyd);
		fit->converged = tolerance > 0 && shift <= tolerance;
		if (fit->converged || fit->iterations >= options->max_iterations)
		{
			(void) AssignRows(&lloyd);
			break;
		}
	}
	MeasureClusters(&lloyd);
	elog(DEBUG1, "fma_kmeans (%s): %d passes, %lld rows decided in double precision",
		 lloyd.kernels->name, fit->iterations, (long long) lloyd.rechecked);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}

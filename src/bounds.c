/*
 * bounds.c
 *		One pass of Lloyd's algorithm: rows to their nearest centres.
 *
 * Distances are computed in float32, with bounds that say which need not be
 * computed at all: each row has an upper bound of the distance to its own
 * centre, and for each group of centres a lower bound of the distance to the
 * nearest other one there (Hamerly 2010; Ding et al., Yinyang k-means, 2015).
 * The bounds account for every rounding.  What they leave undecided is decided
 * by distances in double precision, so float32 shows in no result.
 */
#include "bounds.h"

#include <float.h>

#include "miscadmin.h"

/* Rows worked on at a time: as many as the processor's cache has room for, within these limits */
#define BLOCK_BYTES (256 * 1024)
#define MIN_BLOCK_ROWS 64
#define MAX_BLOCK_ROWS 512

/* A row this much further on is fetched from memory meanwhile */
#define ROWS_AHEAD 4
#define CACHE_LINE_FLOATS 16
#define LINES_AHEAD 8

/* Rows of a block that bounds do not decide */
typedef struct Block
{
	int			n;
	int64		row[MAX_BLOCK_ROWS];
	int32		label[MAX_BLOCK_ROWS];	/* before this pass */
	float		best[MAX_BLOCK_ROWS];	/* half the squared length of the centre - its product with the row */
	float		slack[MAX_BLOCK_ROWS];	/* error of a squared distance */
} Block;

/* Error of squared distances to a row, in float32: of products, lengths and what is added to them */
float
FmaDistanceError(const FmaLloyd *lloyd, int64 row)
{
	float		norm = lloyd->norm[row],
				longest = lloyd->longest;

	return (float) lloyd->error * (2 * sqrtf(norm) * longest + longest * longest + 2 * norm) + lloyd->dimension * FLT_MIN;
}

/* Bounds of a distance, from half the squared length of the centre - its product with the row */
static inline float
UpperBound(float norm, float half, float slack)
{
	return sqrtf(Max(norm + 2 * half + slack, 0.0f)) * FMA_ROUND_UP;
}

static inline float
LowerBound(float norm, float half, float slack)
{
	return sqrtf(Max(norm + 2 * half - slack, 0.0f)) * FMA_ROUND_DOWN;
}

static inline void
Lower(float *bound, float value)
{
	*bound = Min(*bound, value);
}

/* Takes the nearest centre of a tile as the row's, in place of one that is further away */
static void
TakeNearer(FmaLloyd *lloyd, Block *block, int b, int tile, const float *lanes, int except, float lowest)
{
	int64		row = block->row[b];
	float		norm = lloyd->norm[row],
				slack = block->slack[b];
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
			Lower(&second, lanes[l]);
	}
	Lower(LowerAt(lloyd, row, tile / lloyd->group_tiles), LowerBound(norm, second, slack));
	/* The centre that was the row's is one of the others from now on. */
	if (old >= 0)
		Lower(LowerAt(lloyd, row, GroupOf(lloyd, old)), LowerBound(norm, block->best[b], slack));
	lloyd->label[row] = tile * FMA_TILE_LANES + lane;
	lloyd->upper[row] = UpperBound(norm, lowest, slack);
	block->best[b] = lowest;
}

/* Compares up to FMA_TILE_ROWS rows of a block with the centres of a tile */
static void
CompareTile(FmaLloyd *lloyd, Block *block, const int *members, int count, int tile)
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

		if (lowest[r] < block->best[b])
			TakeNearer(lloyd, block, b, tile, lanes[r], except[r], lowest[r]);
		else
			Lower(LowerAt(lloyd, row, tile / lloyd->group_tiles), LowerBound(lloyd->norm[row], lowest[r], block->slack[b]));
	}
}

/* Compares the rows of a block with the centres of those groups that may have a nearer one */
static void
CompareBlock(FmaLloyd *lloyd, Block *block)
{
	int			members[MAX_BLOCK_ROWS];

	for (int g = 0; g < lloyd->groups; g++)
	{
		int			end = Min((g + 1) * lloyd->group_tiles, lloyd->tiles);
		int			n = 0;

		for (int b = 0; b < block->n; b++)
		{
			float	   *bound = LowerAt(lloyd, block->row[b], g);

			if (*bound <= lloyd->upper[block->row[b]])
			{
				*bound = INFINITY;
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
Recheck(FmaLloyd *lloyd, int64 row)
{
	double		best = INFINITY;
	int			label = -1;

	lloyd->rechecked++;
	for (int g = 0; g < lloyd->groups; g++)
		*LowerAt(lloyd, row, g) = INFINITY;
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
			Lower(LowerAt(lloyd, row, GroupOf(lloyd, other_slot)), (float) sqrt(other) * FMA_ROUND_DOWN);
	}
	lloyd->label[row] = label;
	lloyd->upper[row] = (float) sqrt(best) * FMA_ROUND_UP;
}

/* Whether a row's own centre is certainly the nearest */
static inline bool
IsDecided(const FmaLloyd *lloyd, int64 row)
{
	for (int g = 0; g < lloyd->groups; g++)
		if (!(lloyd->upper[row] < *LowerAt(lloyd, row, g)))
			return false;
	return true;
}

/* Moves the bounds of rows as far as the centres moved; gathers those that are then undecided */
static int
MoveBounds(FmaLloyd *lloyd, int64 first, int n, int *undecided)
{
	const int32 *label = lloyd->label + first;
	const float *upper = lloyd->upper + first;
	float		lowest[MAX_BLOCK_ROWS];
	int			count = 0;

	for (int i = 0; i < n; i++)
		lowest[i] = INFINITY;
	for (int g = 0; g < lloyd->groups; g++)
		lloyd->kernels->lower_bounds(LowerAt(lloyd, first, g), lowest, label, n,
									 lloyd->drift_first[g], lloyd->drift_slot[g], lloyd->drift_second[g]);
	lloyd->kernels->raise_bounds(lloyd->upper + first, label, lloyd->drift, n);
	for (int i = 0; i < n; i++)
	{
		undecided[count] = i;
		count += !(upper[i] < lowest[i]);
	}
	return count;
}

/*
 * Gathers the rows of a block that bounds do not decide, not even when the
 * distance to their own centre is known anew.
 */
static void
GatherBlock(FmaLloyd *lloyd, Block *block, int64 first, int n)
{
	int			undecided[MAX_BLOCK_ROWS];
	int			count = MoveBounds(lloyd, first, n, undecided);

	block->n = 0;
	for (int i = 0; i < count; i++)
	{
		int64		row = first + undecided[i];
		int			label = lloyd->label[row];
		float		slack = FmaDistanceError(lloyd, row);
		float		best;

		if (i + ROWS_AHEAD < count)
			for (int line = 0; line < LINES_AHEAD && line * CACHE_LINE_FLOATS < lloyd->dimension; line++)
				__builtin_prefetch(RowAt(lloyd, first + undecided[i + ROWS_AHEAD]) + line * CACHE_LINE_FLOATS);
		best = lloyd->half[label] - lloyd->kernels->dot(RowAt(lloyd, row), lloyd->rounded + (Size) label * lloyd->dimension,
														lloyd->dimension);
		lloyd->upper[row] = UpperBound(lloyd->norm[row], best, slack);
		if (IsDecided(lloyd, row))
			continue;
		block->row[block->n] = row;
		block->label[block->n] = label;
		block->best[block->n] = best;
		block->slack[block->n] = slack;
		block->n++;
	}
}

/* All rows of a block, for which nothing is known yet */
static void
FillBlock(FmaLloyd *lloyd, Block *block, int64 first, int n)
{
	block->n = n;
	for (int b = 0; b < n; b++)
	{
		block->row[b] = first + b;
		block->label[b] = -1;
		block->best[b] = INFINITY;
		block->slack[b] = FmaDistanceError(lloyd, first + b);
	}
}

/* Makes sure that all rows are compared with all centres in the next pass */
void
FmaForgetBounds(FmaLloyd *lloyd)
{
	for (int64 row = 0; row < lloyd->fit->n; row++)
		lloyd->upper[row] = INFINITY;
	memset(lloyd->lower, 0, sizeof(float) * lloyd->groups * lloyd->fit->n);
}

/* Adds a row to a cluster (sign 1), or takes it away (-1) */
void
FmaAddToSum(FmaLloyd *lloyd, int slot, int64 row, double sign)
{
	Size		offset = (Size) slot * lloyd->dimension;

	lloyd->kernels->accumulate(lloyd->high + offset, lloyd->low + offset, RowAt(lloyd, row), sign, lloyd->dimension);
	lloyd->size[slot] += (int64) sign;
}

/* Assigns every row to its nearest centre; returns how many went to another one */
int64
FmaAssignRows(FmaLloyd *lloyd)
{
	int64		n = lloyd->fit->n;
	int			block_rows = BLOCK_BYTES / (lloyd->dimension * sizeof(float));
	int64		moved = 0;
	Block		block;

	block_rows = Min(Max(block_rows, MIN_BLOCK_ROWS), MAX_BLOCK_ROWS);
	for (int64 first = 0; first < n; first += block_rows)
	{
		CHECK_FOR_INTERRUPTS();
		if (lloyd->label[first] < 0)
			FillBlock(lloyd, &block, first, Min(block_rows, n - first));
		else
			GatherBlock(lloyd, &block, first, Min(block_rows, n - first));
		CompareBlock(lloyd, &block);
		for (int b = 0; b < block.n; b++)
		{
			int64		row = block.row[b];

			if (!IsDecided(lloyd, row))
				Recheck(lloyd, row);
			if (lloyd->label[row] == block.label[b])
				continue;
			moved++;
			if (block.label[b] >= 0)
				FmaAddToSum(lloyd, block.label[b], row, -1);
			FmaAddToSum(lloyd, lloyd->label[row], row, 1);
		}
	}
	return moved;
}

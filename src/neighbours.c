/*
 * neighbours.c
 *		All pairs of rows whose cosine similarity reaches a threshold, exactly.
 *
 * Rows of length 1 have a similarity of at least t when their squared distance
 * is at most 2 - 2t.  Each row is folded into 16 coordinates: those along the 15
 * directions in which the rows vary most, and the length of the rest.  Folded
 * rows are never farther apart than the rows (Cauchy-Schwarz), so
 * whatever is too far there needs no further look.  The folded rows are
 * the leaves of a tree that is split along its widest coordinate; two branches whose
 * boxes are too far apart are passed over.  What is left is tested with
 * the full rows in double precision, and that alone decides.
 */
#include "neighbours.h"

#include <float.h>

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

/* From how many rows, and in how many rounds, the directions are estimated */
#define SAMPLE_ROWS 1024
#define DIRECTION_ROUNDS 4
#define DIRECTIONS (FMA_FOLDED - 1)

/* A direction that loses all but this of its length has nothing new to say */
#define NO_DIRECTION 1e-10

/* Roundings of a cosine: of sums in so many lanes at least, and others */
#define DOT_LANES 8
#define DOT_OTHERS 20

/* Of the powers of two by which rows are scaled */
#define LARGEST_EXPONENT 1000

/*
 * What the tree takes for each row, set aside while rows are read so that too
 * many are refused early: its folded row twice, half and limit, its place, and
 * its share of the branches
 */
#define TREE_BYTES (2 * FMA_FOLDED * sizeof(float) + 2 * sizeof(float) + sizeof(uint32) + 2 * sizeof(Branch) / FMA_LEAF_ROWS + 1)

/* Rows that room is made for at first */
#define FIRST_ROOM 1024

/* A branch of the tree: the rows order[first .. last - 1] */
typedef struct Branch
{
	uint32		first;
	uint32		last;
	uint32		left;			/* branches; 0 in a leaf, as the root is nobody's child */
	uint32		right;
	bool		one_component;	/* of all its rows, as far as is known */
	float		low[FMA_FOLDED];
	float		high[FMA_FOLDED];
} Branch;

typedef struct Search
{
	FmaPoints  *points;
	double		threshold;
	double		too_low;		/* times the rows' squares: below it dot products need not be divided */
	float	   *folded;			/* row by row; then leaf by leaf, one coordinate after another */
	float	   *half;			/* half the square of a folded row, in the tree's order, padded to whole leaves */
	float	   *limit;			/* what a row's score must reach, likewise */
	float		too_far;		/* squared distance of boxes */
	uint32	   *order;			/* rows in the tree's order */
	uint32		nbranches;
	Branch	   *branches;		/* the root first */
	FmaPairFunction pair;		/* what a pair is given to; or NULL, and */
	void	   *argument;
	uint32	   *parent;			/* components as a forest of rows */
} Search;

static inline Size
RowSize(const FmaPoints *points)
{
	return points->dimension * (points->wide ? sizeof(double) : sizeof(float));
}

static void *
ChargedAlloc(FmaPoints *points, Size size)
{
	FmaCharge(points->budget, size);
	return MemoryContextAllocHuge(points->context, size);
}

static void
ChargedFree(FmaPoints *points, void *memory, Size size)
{
	FmaRelease(points->budget, size);
	pfree(memory);
}

/* Where the next row's numbers go; "dimension" has been set */
void *
FmaNewPoint(FmaPoints *points)
{
	if (unlikely(points->n == points->room))
	{
		Size		row_size = RowSize(points) + sizeof(double);
		FmaBudget  *budget = points->budget;
		int64		fit = (int64) ((budget->limit - budget->used) / (row_size + TREE_BYTES));
		int64		room = points->room + Max(Min(Max(points->room / 2, FIRST_ROOM), fit), 1);

		FmaCharge(budget, (room - points->room) * (row_size + TREE_BYTES));
		if (points->room == 0)
		{
			points->kernels = FmaChooseKernels();
			points->leaf_kernels = FmaChooseLeafKernels(points->kernels->name);
			points->values = MemoryContextAllocHuge(points->context, RowSize(points) * room);
			points->square = MemoryContextAllocHuge(points->context, sizeof(double) * room);
		}
		else
		{
			points->values = repalloc_huge(points->values, RowSize(points) * room);
			points->square = repalloc_huge(points->square, sizeof(double) * room);
		}
		points->room = room;
	}
	return points->values + RowSize(points) * points->n;
}

/*
 * Scales doubles so that no product is too large or too small; a power of two
 * takes no digits away.
 */
static void
Scale(double *row, int dimension)
{
	double		largest = 0;
	double		scale;
	int			exponent;

	for (int i = 0; i < dimension; i++)
		largest = Max(largest, fabs(row[i]));
	(void) frexp(largest, &exponent);
	scale = ldexp(1.0, Min(-exponent, LARGEST_EXPONENT));
	for (int i = 0; i < dimension; i++)
		row[i] *= scale;
}

static inline double
Dot(const FmaPoints *points, uint32 a, uint32 b)
{
	int			n = points->dimension;

	if (points->wide)
		return points->leaf_kernels->product((double *) points->values + (Size) a * n, (double *) points->values + (Size) b * n, n);
	return points->kernels->product((float *) points->values + (Size) a * n, (float *) points->values + (Size) b * n, n);
}

/* Keeps the row that was written to FmaNewPoint's place, unless it has no direction */
bool
FmaKeepPoint(FmaPoints *points)
{
	if (points->wide)
		Scale((double *) FmaNewPoint(points), points->dimension);
	points->square[points->n] = Dot(points, points->n, points->n);
	if (points->square[points->n] == 0)
		return false;
	points->n++;
	return true;
}

/*
 * The cosine of a dot product.  What differs from 1 by no more than the
 * rounding of the sums is 1, so that rows of one direction are found at a threshold of 1.
 */
static inline double
Cosine(const FmaPoints *points, uint32 a, uint32 b, double dot)
{
	double		cosine = dot / sqrt(points->square[a] * points->square[b]);
	double		rounding = (points->dimension / DOT_LANES + DOT_OTHERS) * (DBL_EPSILON / 2);

	return cosine > 1 - rounding ? 1 : Max(cosine, -1);
}

/* The cosine similarity of two rows */
double
FmaSimilarity(const FmaPoints *points, uint32 a, uint32 b)
{
	return Cosine(points, a, b, Dot(points, a, b));
}

/* A row at length 1, minus the mean if there is one */
static void
UnitRow(const FmaPoints *points, uint32 row, const double *mean, double *unit)
{
	double		scale = 1 / sqrt(points->square[row]);
	Size		first = (Size) row * points->dimension;

	for (int i = 0; i < points->dimension; i++)
		unit[i] = (points->wide ? ((double *) points->values)[first + i] : ((float *) points->values)[first + i]) * scale;
	if (mean != NULL)
		for (int i = 0; i < points->dimension; i++)
			unit[i] -= mean[i];
}

/*
 * Makes the directions perpendicular and of length 1 (Gram-Schmidt, twice for
 * the rounding).  One that has nothing new becomes zero.
 */
static void
Orthonormalize(double *directions, int dimension)
{
	for (int k = 0; k < DIRECTIONS; k++)
		for (int pass = 0; pass < 2; pass++)
		{
			double		before = 0,
						after = 0;

			for (int i = 0; i < dimension; i++)
				before += directions[i * FMA_FOLDED + k] * directions[i * FMA_FOLDED + k];
			for (int other = 0; other < k; other++)
			{
				double		along = 0;

				for (int i = 0; i < dimension; i++)
					along += directions[i * FMA_FOLDED + k] * directions[i * FMA_FOLDED + other];
				for (int i = 0; i < dimension; i++)
					directions[i * FMA_FOLDED + k] -= along * directions[i * FMA_FOLDED + other];
			}
			for (int i = 0; i < dimension; i++)
				after += directions[i * FMA_FOLDED + k] * directions[i * FMA_FOLDED + k];
			after = after > before * NO_DIRECTION * NO_DIRECTION ? 1 / sqrt(after) : 0;
			for (int i = 0; i < dimension; i++)
				directions[i * FMA_FOLDED + k] *= after;
		}
}

/*
 * The directions in which a sample of the rows varies most, by subspace
 * iteration.  They need not be exact: they decide how much is passed over, not what is found.
 */
static void
FindDirections(FmaPoints *points, double *mean, double *directions)
{
	int			dimension = points->dimension;
	int64		sample = Min(points->n, SAMPLE_ROWS);
	Size		size = sizeof(double) * dimension * FMA_FOLDED;
	double	   *next = ChargedAlloc(points, size);
	double	   *unit = ChargedAlloc(points, sizeof(double) * dimension);
	uint64		random = 1;

	memset(mean, 0, sizeof(double) * dimension);
	for (int64 s = 0; s < sample; s++)
	{
		UnitRow(points, s * points->n / sample, NULL, unit);
		for (int i = 0; i < dimension; i++)
			mean[i] += unit[i] / sample;
	}
	for (int i = 0; i < dimension * FMA_FOLDED; i++)
	{
		random = random * UINT64CONST(6364136223846793005) + UINT64CONST(1442695040888963407);
		directions[i] = i % FMA_FOLDED < DIRECTIONS ? (double) (random >> 11) / (UINT64CONST(1) << 53) - 0.5 : 0;
	}
	for (int round = 0; round < DIRECTION_ROUNDS; round++)
	{
		Orthonormalize(directions, dimension);
		memset(next, 0, size);
		for (int64 s = 0; s < sample; s++)
		{
			double		coordinates[FMA_FOLDED];

			CHECK_FOR_INTERRUPTS();
			UnitRow(points, s * points->n / sample, mean, unit);
			points->leaf_kernels->project(unit, directions, dimension, coordinates);
			for (int i = 0; i < dimension; i++)
				for (int k = 0; k < FMA_FOLDED; k++)
					next[i * FMA_FOLDED + k] += unit[i] * coordinates[k];
		}
		memcpy(directions, next, size);
	}
	Orthonormalize(directions, dimension);
	ChargedFree(points, unit, sizeof(double) * dimension);
	ChargedFree(points, next, size);
}

/* Folds all rows; returns the square of the longest folded one */
static double
Fold(Search *search)
{
	FmaPoints  *points = search->points;
	int			dimension = points->dimension;
	bool		as_it_is = dimension <= FMA_FOLDED;
	Size		size = sizeof(double) * dimension * (as_it_is ? 1 : FMA_FOLDED + 2);
	double	   *unit = ChargedAlloc(points, size);
	double	   *mean = as_it_is ? NULL : unit + dimension;
	double	   *directions = as_it_is ? NULL : mean + dimension;
	double		longest = 0;

	if (!as_it_is)
		FindDirections(points, mean, directions);
	for (int64 row = 0; row < points->n; row++)
	{
		double		coordinates[FMA_FOLDED] = {0};
		float	   *folded = search->folded + row * FMA_FOLDED;
		double		square = 0;

		CHECK_FOR_INTERRUPTS();
		UnitRow(points, row, mean, unit);
		if (as_it_is)
			memcpy(coordinates, unit, sizeof(double) * dimension);
		else
		{
			points->leaf_kernels->project(unit, directions, dimension, coordinates);
			for (int i = 0; i < dimension; i++)
				square += unit[i] * unit[i];
			for (int k = 0; k < DIRECTIONS; k++)
				square -= coordinates[k] * coordinates[k];
			coordinates[DIRECTIONS] = sqrt(Max(square, 0));
		}
		square = 0;
		for (int k = 0; k < FMA_FOLDED; k++)
		{
			folded[k] = coordinates[k];
			square += (double) folded[k] * folded[k];
		}
		longest = Max(longest, square);
	}
	ChargedFree(points, unit, size);
	return longest;
}

/* Puts the row that would be number "middle" by a coordinate there, smaller ones before it (Hoare's selection) */
static void
SplitRows(const Search *search, int64 first, int64 last, int64 middle, int coordinate)
{
	const float *values = search->folded + coordinate;
	uint32	   *order = search->order;
	uint64		random = middle;

	for (last--; first < last;)
	{
		int64		low = first,
					high = last;
		float		pivot;

		CHECK_FOR_INTERRUPTS();
		random = random * UINT64CONST(6364136223846793005) + UINT64CONST(1442695040888963407);
		pivot = values[(Size) order[first + (random >> 33) % (last - first + 1)] * FMA_FOLDED];
		while (low <= high)
		{
			while (values[(Size) order[low] * FMA_FOLDED] < pivot)
				low++;
			while (values[(Size) order[high] * FMA_FOLDED] > pivot)
				high--;
			if (low <= high)
			{
				uint32		row = order[low];

				order[low++] = order[high];
				order[high--] = row;
			}
		}
		if (middle <= high)
			last = high;
		else if (middle >= low)
			first = low;
		else
			break;
	}
}

/* Makes the branch of the rows order[first .. last - 1] and what it consists of */
static uint32
MakeBranch(Search *search, uint32 first, uint32 last)
{
	uint32		number = search->nbranches++;
	Branch	   *branch = &search->branches[number];
	uint32		leaves = (last - first + FMA_LEAF_ROWS - 1) / FMA_LEAF_ROWS;
	int			widest = 0;

	CHECK_FOR_INTERRUPTS();
	memset(branch, 0, sizeof(Branch));
	branch->first = first;
	branch->last = last;
	for (int k = 0; k < FMA_FOLDED; k++)
	{
		branch->low[k] = INFINITY;
		branch->high[k] = -INFINITY;
	}
	for (uint32 i = first; i < last; i++)
		for (int k = 0; k < FMA_FOLDED; k++)
		{
			float		value = search->folded[(Size) search->order[i] * FMA_FOLDED + k];

			branch->low[k] = Min(branch->low[k], value);
			branch->high[k] = Max(branch->high[k], value);
		}
	for (int k = 1; k < FMA_FOLDED; k++)
		if (branch->high[k] - branch->low[k] > branch->high[widest] - branch->low[widest])
			widest = k;
	if (leaves > 1)
	{
		uint32		middle = first + (leaves + 1) / 2 * FMA_LEAF_ROWS;

		SplitRows(search, first, last, middle, widest);
		branch->left = MakeBranch(search, first, middle);
		branch->right = MakeBranch(search, middle, last);
	}
	return number;
}

/*
 * How far the squared distance of folded rows, halved, may be off, where
 * rows have a distance of at most "distance" and folded rows squares of at most
 * "longest": single precision adds up 16 products and one more number, and the
 * length of the rest is the root of a difference.
 */
static double
FoldingError(const FmaPoints *points, double longest, double distance)
{
	double		single = 48 * (FLT_EPSILON / 2) * longest;
	double		rest = 2 * sqrt(points->dimension * longest) * FLT_EPSILON;

	return single + distance * rest + rest * rest;
}

/* Prepares the tree: everything that FmaEachPair and FmaComponents share */
static void
Prepare(Search *search, FmaPoints *points, double threshold)
{
	Size		leaves = (points->n + FMA_LEAF_ROWS - 1) / FMA_LEAF_ROWS;
	Size		places = leaves * FMA_LEAF_ROWS;
	Size		row_size = sizeof(float) * FMA_FOLDED;
	float	   *by_row;
	double		longest,
				error;

	FmaRelease(points->budget, points->room * TREE_BYTES);
	memset(search, 0, sizeof(Search));
	search->points = points;
	search->threshold = threshold;
	search->too_low = threshold * threshold * (1 - 1e-9);
	search->folded = by_row = ChargedAlloc(points, points->n * row_size);
	longest = Fold(search);
	search->order = ChargedAlloc(points, sizeof(uint32) * points->n);
	for (int64 i = 0; i < points->n; i++)
		search->order[i] = i;
	search->branches = ChargedAlloc(points, sizeof(Branch) * 2 * leaves);
	MakeBranch(search, 0, points->n);

	error = FoldingError(points, longest, sqrt(2 - 2 * threshold));
	search->too_far = (2 - 2 * threshold + 2 * error) * (1 + 64 * FLT_EPSILON);
	search->folded = ChargedAlloc(points, places * row_size);
	search->half = ChargedAlloc(points, places * sizeof(float));
	search->limit = ChargedAlloc(points, places * sizeof(float));
	for (Size place = 0; place < places; place++)
	{
		float	   *leaf = search->folded + place / FMA_LEAF_ROWS * FMA_LEAF_ROWS * FMA_FOLDED + place % FMA_LEAF_ROWS;
		const float *row = place < points->n ? by_row + (Size) search->order[place] * FMA_FOLDED : NULL;
		double		square = 0;

		for (int k = 0; k < FMA_FOLDED; k++)
		{
			leaf[k * FMA_LEAF_ROWS] = row != NULL ? row[k] : 0;
			square += row != NULL ? (double) row[k] * row[k] : 0;
		}
		search->half[place] = row != NULL ? square / 2 : INFINITY;
		search->limit[place] = row != NULL ? square / 2 - (1 - threshold) - error : INFINITY;
	}
	ChargedFree(points, by_row, points->n * row_size);
}

/* The component of a row; the way to it is made shorter */
static inline uint32
ComponentOf(uint32 *parent, uint32 row)
{
	while (parent[row] != row)
		row = parent[row] = parent[parent[row]];
	return row;
}

/* Whether all rows of a branch are known to be in one component; once true it stays so */
static bool
IsOneComponent(Search *search, Branch *branch)
{
	uint32	   *parent = search->parent;
	uint32		first;

	if (branch->one_component)
		return true;
	first = ComponentOf(parent, search->order[branch->first]);
	if (branch->left != 0)
	{
		Branch	   *left = &search->branches[branch->left],
				   *right = &search->branches[branch->right];

		if (!IsOneComponent(search, left) || !IsOneComponent(search, right) ||
			ComponentOf(parent, search->order[right->first]) != first)
			return false;
	}
	else
		for (uint32 i = branch->first + 1; i < branch->last; i++)
			if (ComponentOf(parent, search->order[i]) != first)
				return false;
	return branch->one_component = true;
}

/* Whether two branches have nothing to tell each other, since their rows are in one component */
static bool
AreOneComponent(Search *search, Branch *a, Branch *b)
{
	return search->parent != NULL && IsOneComponent(search, a) && IsOneComponent(search, b) &&
		ComponentOf(search->parent, search->order[a->first]) == ComponentOf(search->parent, search->order[b->first]);
}

/* Tests two rows that are near as far as their folded rows tell */
static void
TestPair(Search *search, uint32 a, uint32 b)
{
	const FmaPoints *points = search->points;
	uint32	   *parent = search->parent;
	double		dot,
				cosine;

	if (parent != NULL && ComponentOf(parent, a) == ComponentOf(parent, b))
		return;
	dot = Dot(points, a, b);
	if (dot <= 0 || dot * dot < search->too_low * points->square[a] * points->square[b])
		return;
	cosine = Cosine(points, a, b, dot);
	if (cosine < search->threshold)
		return;
	if (parent == NULL)
		search->pair(search->argument, Min(a, b), Max(a, b), cosine);
	else
	{
		a = ComponentOf(parent, a);
		b = ComponentOf(parent, b);
		parent[Max(a, b)] = Min(a, b);
	}
}

/* Compares the rows of two leaves, or of one with itself */
static void
JoinLeaves(Search *search, const Branch *a, const Branch *b)
{
	uint64		hits[FMA_LEAF_ROWS];

	search->points->leaf_kernels->hits(search->folded + (Size) a->first * FMA_FOLDED, search->limit + a->first,
									   search->folded + (Size) b->first * FMA_FOLDED, search->half + b->first, hits);
	for (int i = 0; i < FMA_LEAF_ROWS; i++)
	{
		uint64		left = a == b ? hits[i] & (~UINT64CONST(1) << i) : hits[i];

		for (; left != 0; left &= left - 1)
			TestPair(search, search->order[a->first + i], search->order[b->first + pg_rightmost_one_pos64(left)]);
	}
}

/* Whether the boxes of two branches are too far apart for any pair */
static inline bool
TooFar(const Search *search, const Branch *a, const Branch *b)
{
	float		square = 0;

	for (int k = 0; k < FMA_FOLDED; k++)
	{
		float		gap = Max(Max(a->low[k] - b->high[k], b->low[k] - a->high[k]), 0.0f);

		square += gap * gap;
	}
	return square > search->too_far;
}

/* Finds the pairs between two branches */
static void
JoinBranches(Search *search, Branch *a, Branch *b)
{
	CHECK_FOR_INTERRUPTS();
	if (TooFar(search, a, b) || AreOneComponent(search, a, b))
		return;
	if (a->left == 0 && b->left == 0)
		JoinLeaves(search, a, b);
	else if (b->left == 0 || (a->left != 0 && a->last - a->first >= b->last - b->first))
	{
		JoinBranches(search, &search->branches[a->left], b);
		JoinBranches(search, &search->branches[a->right], b);
	}
	else
	{
		JoinBranches(search, a, &search->branches[b->left]);
		JoinBranches(search, a, &search->branches[b->right]);
	}
}

/* Finds the pairs within a branch: near rows first, which makes one component early */
static void
JoinItself(Search *search, Branch *branch)
{
	Branch	   *left = &search->branches[branch->left],
			   *right = &search->branches[branch->right];

	CHECK_FOR_INTERRUPTS();
	if (branch->left == 0)
	{
		JoinLeaves(search, branch, branch);
		return;
	}
	JoinItself(search, left);
	JoinItself(search, right);
	JoinBranches(search, left, right);
}

/*
 * Calls a function for each pair of rows with a cosine similarity of at least
 * "threshold" (above 0, at most 1), each pair once, in no particular order.
 */
void
FmaEachPair(FmaPoints *points, double threshold, FmaPairFunction pair, void *argument)
{
	Search		search;

	if (points->n < 2)
		return;
	Prepare(&search, points, threshold);
	search.pair = pair;
	search.argument = argument;
	JoinItself(&search, search.branches);
}

/*
 * The connected components of the rows, where pairs with a cosine similarity of
 * at least "threshold" are connected: for each row the first row of its
 * component.  The pairs are never stored, and most within a large component are not looked at.
 */
uint32 *
FmaComponents(FmaPoints *points, double threshold)
{
	Search		search;
	uint32	   *component = ChargedAlloc(points, sizeof(uint32) * Max(points->n, 1));

	for (int64 i = 0; i < points->n; i++)
		component[i] = i;
	if (points->n < 2)
		return component;
	Prepare(&search, points, threshold);
	search.parent = component;
	JoinItself(&search, search.branches);
	for (int64 i = 0; i < points->n; i++)
		component[i] = ComponentOf(component, i);
	return component;
}

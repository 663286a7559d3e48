/*
 * grid.c
 *		Cells of the globe for points that are not places, and a numbering of points.
 */
#include "grid.h"

#include "utils/memutils.h"

#include "circles.h"
#include "random.h"

#define KM_PER_DEGREE (FMA_EARTH_KM * M_PI / 180)
#define FIRST_PAIRS 64

/* A grid whose cells have sides of at most this length */
FmaGrid
FmaMakeGrid(double cell_km)
{
	FmaGrid		grid = {cell_km, (int) ceil(180 * KM_PER_DEGREE / cell_km)};

	return grid;
}

/* Where a band begins; the one after the last begins at the north pole */
double
FmaGridSouth(const FmaGrid *grid, int band)
{
	return -90 + 180.0 * band / grid->bands;
}

/* The number of cells in a band, whose width is measured in the middle */
int
FmaGridColumns(const FmaGrid *grid, int band)
{
	double		middle = (FmaGridSouth(grid, band) + FmaGridSouth(grid, band + 1)) / 2;

	return Max(1, (int) ceil(360 * KM_PER_DEGREE * cos(middle * (M_PI / 180)) / grid->cell_km));
}

/* Where a column begins; the one after the last begins at 180 degrees */
double
FmaGridWest(const FmaGrid *grid, int band, int column)
{
	return -180 + 360.0 * column / FmaGridColumns(grid, band);
}

/* The cell of a point; its edges decide, whatever the division was rounded to */
FmaGridCell
FmaFindGridCell(const FmaGrid *grid, double longitude, double latitude)
{
	FmaGridCell cell;
	int			columns;

	cell.band = Min((int) ((latitude + 90) / 180 * grid->bands), grid->bands - 1);
	while (cell.band > 0 && latitude < FmaGridSouth(grid, cell.band))
		cell.band--;
	while (cell.band + 1 < grid->bands && latitude >= FmaGridSouth(grid, cell.band + 1))
		cell.band++;
	columns = FmaGridColumns(grid, cell.band);
	cell.column = Min((int) ((longitude + 180) / 360 * columns), columns - 1);
	while (cell.column > 0 && longitude < FmaGridWest(grid, cell.band, cell.column))
		cell.column--;
	while (cell.column + 1 < columns && longitude >= FmaGridWest(grid, cell.band, cell.column + 1))
		cell.column++;
	return cell;
}

/* Prepares a numbering, in the current memory context */
void
FmaPairsInit(FmaPairs *pairs, FmaBudget *budget)
{
	memset(pairs, 0, sizeof(*pairs));
	pairs->context = CurrentMemoryContext;
	pairs->budget = budget;
}

/* The slot that a pair is in, or the empty one where it belongs */
static uint32 *
SlotOf(FmaPairs *pairs, uint64 a, uint64 b)
{
	uint32		mask = pairs->capacity * 2 - 1;
	uint32		i = (uint32) FmaMixBits(FmaMixBits(a) ^ b) & mask;

	while (pairs->slots[i] != 0)
	{
		const uint64 *pair = pairs->pairs + 2 * (Size) (pairs->slots[i] - 1);

		if (pair[0] == a && pair[1] == b)
			break;
		i = (i + 1) & mask;
	}
	return &pairs->slots[i];
}

/* Doubles the room */
static void
GrowPairs(FmaPairs *pairs)
{
	uint32		capacity = pairs->capacity == 0 ? FIRST_PAIRS : pairs->capacity * 2;
	Size		added = (2 * sizeof(uint64) + 2 * sizeof(uint32)) * (Size) (capacity - pairs->capacity);
	MemoryContext caller = MemoryContextSwitchTo(pairs->context);

	if (capacity > PG_INT32_MAX / 2)
		elog(ERROR, "too many points");
	FmaCharge(pairs->budget, added);
	pairs->capacity = capacity;
	if (pairs->pairs == NULL)
		pairs->pairs = palloc(2 * sizeof(uint64) * (Size) capacity);
	else
	{
		pairs->pairs = repalloc_huge(pairs->pairs, 2 * sizeof(uint64) * (Size) capacity);
		pfree(pairs->slots);
	}
	pairs->slots = palloc_extended(2 * sizeof(uint32) * (Size) capacity, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (uint32 i = 0; i < pairs->n; i++)
		*SlotOf(pairs, pairs->pairs[2 * (Size) i], pairs->pairs[2 * (Size) i + 1]) = i + 1;
	MemoryContextSwitchTo(caller);
}

/* The number of a pair, a new one if it was not seen before */
uint32
FmaPairNumber(FmaPairs *pairs, uint64 a, uint64 b)
{
	uint32	   *slot;

	if (pairs->n == pairs->capacity)
		GrowPairs(pairs);
	slot = SlotOf(pairs, a, b);
	if (*slot == 0)
	{
		pairs->pairs[2 * (Size) pairs->n] = a;
		pairs->pairs[2 * (Size) pairs->n + 1] = b;
		*slot = ++pairs->n;
	}
	return *slot - 1;
}

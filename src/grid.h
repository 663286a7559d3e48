/*
 * grid.h
 *		Cells of the globe for points that are not places, and a numbering of points.
 */
#ifndef FMA_GRID_H
#define FMA_GRID_H

#include "fma.h"

#include "dictionary.h"

/*
 * Bands of latitude, each cut into cells of one width; a side of a cell is at
 * most cell_km long.  A cell has its south and west edge, not the others, but for
 * those at the north pole and at 180 degrees.
 */
typedef struct FmaGrid
{
	double		cell_km;
	int			bands;
} FmaGrid;

typedef struct FmaGridCell
{
	int			band;			/* from the south pole */
	int			column;			/* from -180 degrees */
} FmaGridCell;

#define FMA_LEAST_CELL_KM 0.001
#define FMA_MOST_CELL_KM 20000.0

extern FmaGrid FmaMakeGrid(double cell_km);
extern FmaGridCell FmaFindGridCell(const FmaGrid *grid, double longitude, double latitude);
extern int	FmaGridColumns(const FmaGrid *grid, int band);
extern double FmaGridSouth(const FmaGrid *grid, int band);
extern double FmaGridWest(const FmaGrid *grid, int band, int column);

/* Pairs of numbers, numbered as they come */
typedef struct FmaPairs
{
	MemoryContext context;
	FmaBudget  *budget;
	uint32		n;
	uint32		capacity;
	uint64	   *pairs;			/* 2 each */
	uint32	   *slots;			/* 1 + number; twice the capacity */
} FmaPairs;

extern void FmaPairsInit(FmaPairs *pairs, FmaBudget *budget);
extern uint32 FmaPairNumber(FmaPairs *pairs, uint64 a, uint64 b);

#endif							/* FMA_GRID_H */

/*
 * bounds.h
 *		One pass of Lloyd's algorithm: rows to their nearest centres.
 *
 * Centres are kept in an order of ours ("slots"), where neighbours share a tile;
 * a group is one tile, or a few where there are many.
 */
#ifndef FMA_BOUNDS_H
#define FMA_BOUNDS_H

#include "lloyd.h"

/* A fit under way */
typedef struct FmaLloyd
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
	float	   *lower;			/* groups x n */

	double		error;			/* of float32 products, relative */
	int64		rechecked;
} FmaLloyd;

static inline double *
CentreAt(const FmaLloyd *lloyd, int slot)
{
	return lloyd->centre + (Size) slot * lloyd->dimension;
}

static inline const float *
RowAt(const FmaLloyd *lloyd, int64 row)
{
	return lloyd->fit->rows + row * lloyd->dimension;
}

/* The lower bound of a row for a group */
static inline float *
LowerAt(const FmaLloyd *lloyd, int64 row, int group)
{
	return lloyd->lower + group * lloyd->fit->n + row;
}

static inline int
GroupOf(const FmaLloyd *lloyd, int slot)
{
	return slot / FMA_TILE_LANES / lloyd->group_tiles;
}

extern void FmaForgetBounds(FmaLloyd *lloyd);
extern void FmaAddToSum(FmaLloyd *lloyd, int slot, int64 row, double sign);
extern int64 FmaAssignRows(FmaLloyd *lloyd);
extern float FmaDistanceError(const FmaLloyd *lloyd, int64 row);

#endif							/* FMA_BOUNDS_H */

/*
 * lloyd.h
 *		k-means of rows in memory: Lloyd's algorithm, to its fixed point.
 */
#ifndef FMA_LLOYD_H
#define FMA_LLOYD_H

#include "fma.h"
#include "kernels.h"

/* How a fit is to be done */
typedef struct FmaFitOptions
{
	int64		seed;
	int			max_iterations;
	double		tolerance;		/* 0: to the fixed point */
	bool		spherical;		/* rows and centres have length 1 */
	const double *init;			/* k x dimension, or NULL: to be found */
} FmaFitOptions;

/* Figures of one cluster */
typedef struct FmaCluster
{
	int64		size;
	double		inertia;		/* sum of its rows' squared distances to the centre */
	double		distance;		/* sum of the distances */
} FmaCluster;

/* A fit; the arrays are the caller's */
typedef struct FmaFit
{
	const float *rows;
	int64		n;
	int			dimension;
	int			k;
	double	   *centres;		/* k x dimension */
	FmaCluster *clusters;		/* k */
	double		silhouette;		/* sum over rows of the simplified silhouette */
	int			iterations;
	bool		converged;
} FmaFit;

/* The nearest centre of a row */
typedef struct FmaNearest
{
	int			cluster;
	double		distance;		/* squared */
	double		next;			/* squared distance of the second nearest; infinite where k is 1 */
} FmaNearest;

/* Memory a fit takes: for each row besides its elements, and besides the rows */
extern Size FmaFitRowSize(int k);
extern Size FmaFitFixedSize(int k, int dimension);

extern void FmaFitLloyd(FmaFit *fit, const FmaFitOptions *options);
extern void FmaSeedCentres(const FmaFit *fit, int64 seed, double *centres);
pg_noreturn extern void FmaTooFewRows(int k, int64 n, const char *what);

/*
 * The nearest centre, by double-precision distances; of several as near, the
 * first one.  This defines which cluster a row belongs to.
 */
static inline FmaNearest
FmaFindNearest(const FmaKernels *kernels, const float *row, const double *centres, int k, int dimension)
{
	FmaNearest	nearest = {-1, INFINITY, INFINITY};

	for (int j = 0; j < k; j++)
	{
		double		distance = kernels->distance(row, centres + (Size) j * dimension, dimension);

		if (distance < nearest.distance)
		{
			nearest.next = nearest.distance;
			nearest.distance = distance;
			nearest.cluster = j;
		}
		else if (distance < nearest.next)
			nearest.next = distance;
	}
	return nearest;
}

/* How much nearer a row is to its centre than to the next one, of the latter's distance: in [0, 1] */
static inline double
FmaSilhouette(double distance, double next)
{
	return next > 0 && isfinite(next) ? 1 - sqrt(distance / next) : 0;
}

/* Centre of the rows whose sum is high + low; where spherical, scaled to length 1 */
extern void FmaMakeCentre(double *centre, const double *high, const double *low, int64 size, int dimension, bool spherical);

#endif							/* FMA_LLOYD_H */

/*
 * kmeans_step.h
 *		One pass of k-means over rows that need not be in memory, nor in one place.
 */
#ifndef FMA_KMEANS_STEP_H
#define FMA_KMEANS_STEP_H

#include "kmeans.h"
#include "sums.h"

/* Layout version in the byte after the varlena length */
#define FMA_KMEANS_STEP_VERSION 1

#define FMA_KMEANS_STEP_TYPE "fma_kmeans_step"

typedef struct FmaStepCluster
{
	int64		size;
	FmaWideSum	inertia;
	FmaWideSum	distance;
} FmaStepCluster;

/*
 * After the clusters come the sums of their rows (k x dimension FmaSum), the
 * model, whose centres the rows were compared with, and of each cluster the row that is furthest from its
 * centre (k x dimension floats; 0 where there are no rows).  The value of no
 * rows has k 0, and nothing after the clusters.
 */
typedef struct FmaKmeansStep
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	uint8		version;
	uint8		unused[3];		/* 0, as equality compares bytes */
	int32		k;
	int32		dimension;
	int64		left_out;		/* rows whose embedding was NULL */
	FmaWideSum	silhouette;
	FmaStepCluster clusters[FLEXIBLE_ARRAY_MEMBER];
} FmaKmeansStep;

static inline FmaSum *
FmaStepSums(const FmaKmeansStep *step)
{
	return (FmaSum *) (step->clusters + step->k);
}

static inline FmaKmeans *
FmaStepModel(const FmaKmeansStep *step)
{
	return (FmaKmeans *) (FmaStepSums(step) + (Size) step->k * step->dimension);
}

static inline float *
FmaStepFurthest(const FmaKmeansStep *step)
{
	return (float *) ((char *) FmaStepModel(step) + FmaKmeansSize(step->k, step->dimension));
}

extern FmaKmeansStep *FmaNewStep(const FmaKmeans *model);
extern void FmaStepAdd(FmaKmeansStep *step, const FmaKernels *kernels, const float *row);
extern FmaKmeans *FmaStepUpdate(const FmaKmeansStep *step);
extern FmaKmeans *FmaStepMeasure(const FmaKmeansStep *step);
extern double FmaStepVariance(const FmaKmeansStep *step);

#endif							/* FMA_KMEANS_STEP_H */

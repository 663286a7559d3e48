/*
 * kmeans.h
 *		The model that k-means gives: centres of clusters, and figures of the fit.
 */
#ifndef FMA_KMEANS_H
#define FMA_KMEANS_H

#include "fma.h"
#include "lloyd.h"
#include "value.h"
#include "vectors.h"

/* Layout version in the byte after the varlena length */
#define FMA_KMEANS_VERSION 1

#define FMA_KMEANS_TYPE "fma_kmeans"

/* Most clusters, and most numbers in the centres of a model */
#define FMA_MAX_CLUSTERS 65535
#define FMA_MAX_CENTRE_ELEMENTS 8388608

#define FMA_DEFAULT_ITERATIONS 300
#define FMA_DEFAULT_SEED 1

/*
 * After the clusters come the centres, k x dimension doubles.  The distances
 * that the figures are made of are those to these centres.
 */
typedef struct FmaKmeans
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	uint8		version;
	bool		spherical;		/* embeddings are scaled to length 1 */
	bool		converged;		/* no row moved in the last iteration, or the tolerance was met */
	uint8		unused;			/* 0, as equality compares bytes */
	int32		k;
	int32		dimension;
	int32		iterations;
	int32		unused2;
	int64		seed;
	int64		left_out;		/* rows whose embedding was NULL */
	double		silhouette;		/* mean of the rows' simplified silhouettes; NaN where k is 1, or without rows */
	FmaCluster	clusters[FLEXIBLE_ARRAY_MEMBER];
} FmaKmeans;

static inline double *
FmaKmeansCentres(const FmaKmeans *model)
{
	return (double *) (model->clusters + model->k);
}

static inline Size
FmaKmeansSize(int k, int dimension)
{
	return offsetof(FmaKmeans, clusters) + k * sizeof(FmaCluster) + (Size) k * dimension * sizeof(double);
}

extern FmaKmeans *FmaNewKmeans(int k, int dimension);
extern int64 FmaKmeansRows(const FmaKmeans *model);

/* Its text and binary forms, also as parts of others */
extern FmaKmeans *FmaKmeansFromJson(FmaJson *json);
extern void FmaAppendKmeans(StringInfo out, const FmaKmeans *model);
extern FmaKmeans *FmaKmeansFromMessage(StringInfo message);
extern void FmaSendKmeans(StringInfo message, const FmaKmeans *model);

/* A model argument, taken out of storage once for all the rows that have the same */
extern FmaKmeans *FmaKmeansArg(FunctionCallInfo fcinfo, int argno);

/* Reads an embedding of a model's dimension, scaled where the model wants it */
extern float *FmaReadForModel(const FmaKmeans *model, ArrayType *array);

/* Checks k, and k with the dimension */
extern void FmaCheckClusters(int k);
extern void FmaCheckCentres(int k, int dimension);

/* The setting fma.kmeans_memory in bytes */
extern Size FmaKmeansMemory(void);
extern void FmaDefineKmeansMemory(void);

/* How a model is to be fitted: k, and what the options say */
typedef struct FmaKmeansOptions
{
	int			k;
	FmaFitOptions fit;
	int			init_dimension; /* of the centres to begin with, if there are any */
} FmaKmeansOptions;

extern void FmaReadKmeansOptions(FmaKmeansOptions *options, int k, Jsonb *json, MemoryContext context);
extern FmaKmeans *FmaFitModel(const FmaVectors *vectors, const FmaKmeansOptions *options, int64 left_out);
extern void FmaStartVectors(FmaVectors *vectors, MemoryContext context, const FmaKmeansOptions *options, int dimension);

#endif							/* FMA_KMEANS_H */

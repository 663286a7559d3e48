/*
 * vectors.h
 *		Embeddings: arrays of numbers read into rows of float32.
 */
#ifndef FMA_VECTORS_H
#define FMA_VECTORS_H

#include "fma.h"

#include "utils/array.h"

#define FMA_MAX_DIMENSION 65535

/* Largest magnitude of an element: squares of what is below stay far within a float32 */
#define FMA_VECTOR_MAX 1e15

/* Rows of one dimension, without gaps */
typedef struct FmaVectors
{
	MemoryContext context;		/* where the rows are */
	int			dimension;		/* 0 until there is a row */
	int64		n;
	int64		room;			/* how many rows fit before more memory is asked for */
	float	   *rows;

	/* The bound: so many bytes, of which each row takes "extra" besides its elements */
	Size		memory;
	Size		extra;
	const char *setting;		/* the setting that says so */
	const char *hint;
} FmaVectors;

static inline float *
FmaVectorAt(const FmaVectors *vectors, int64 i)
{
	return vectors->rows + i * vectors->dimension;
}

/* Whether values of a type can be read as an embedding */
extern bool FmaIsVectorType(Oid type);

/*
 * The dimension of an array that can be an embedding.  Errors, all of which
 * name "argument": more than one dimension, NULL elements, none or too many.
 */
extern int	FmaVectorDimension(const char *argument, ArrayType *array);

/* Reports that a row's dimension is not that of the others */
pg_noreturn extern void FmaBadDimension(const char *argument, int dimension, int expected) pg_attribute_cold;

/*
 * Reads an array's elements, each rounded to the nearest float32.  Errors:
 * an element that is NaN, infinite or beyond +-1e15.
 */
extern void FmaReadVector(const char *argument, ArrayType *array, float *row);

/*
 * Adds a row.  Errors: as above, a dimension other than the first row's, and
 * more rows than the memory is for.
 */
extern float *FmaAddVector(FmaVectors *vectors, const char *argument, ArrayType *array);

/* How many rows of the dimension that is known fit in the memory */
extern int64 FmaVectorsAllowed(const FmaVectors *vectors);

/* Scales a row to length 1.  Error: it has none. */
extern void FmaNormalizeVector(const char *argument, float *row, int dimension);

#endif							/* FMA_VECTORS_H */

/*
 * kernels.h
 *		Arithmetic on rows of float32, in the form that this processor is best at.
 *
 * There are three forms of each function (AVX-512, AVX2 and plain C); which one
 * is used is found out when the module is loaded.  Some give the same bits in
 * every form.  The others are fast, differ in their last bits, and come with a
 * bound of their error; who uses them must decide what is closer than the bound
 * by one of the former, so that no result depends on the processor.
 */
#ifndef FMA_KERNELS_H
#define FMA_KERNELS_H

#include "fma.h"

/* A tile: so many rows against so many others, which are "packed" */
#define FMA_TILE_ROWS 8
#define FMA_TILE_LANES 16

/* Where the fast functions begin a new partial sum, which keeps their error small */
#define FMA_TILE_BLOCK 64

/* Unit roundoff of float32 */
#define FMA_FLOAT_ROUNDOFF 0x1p-24

/* Factors that make up for the roundings of a few operations on bounds */
#define FMA_ROUND_UP (1.0f + 0x1p-21f)
#define FMA_ROUND_DOWN (1.0f - 0x1p-21f)

typedef float FmaTile[FMA_TILE_ROWS][FMA_TILE_LANES];

typedef struct FmaKernels
{
	const char *name;

	/*
	 * tile[r][l] = start[l] + the dot product of rows[r] and column l of "packed"
	 * (see FmaPack).  Error: at most FmaTileError() * (|start[l]| + |row| |column|).
	 */
	void		(*multiply) (const float *const *rows, const float *packed, int dimension, const float *start, FmaTile tile);

	/* lowest[r] = the lowest number in tile[r], lane except[r] not looked at (-1: all are) */
	void		(*lowest) (const FmaTile tile, const int32 *except, float *lowest);

	/* The dot product; error: at most FmaTileError() * |a| |b| */
	float		(*dot) (const float *a, const float *b, int dimension);

	/*
	 * From here on: the same bits in every form.
	 *
	 * Squared distance of a row and a centre, in double; its relative error is
	 * about dimension / 8 * 2^-53.
	 */
	double		(*distance) (const float *row, const double *centre, int dimension);

	/* Squared distance of two rows, in double and in float32 */
	double		(*row_distance) (const float *a, const float *b, int dimension);
	float		(*rough_distance) (const float *a, const float *b, int dimension);

	/* Dot product of two rows, in double */
	double		(*product) (const float *a, const float *b, int dimension);

	/*
	 * For i < n: bounds[i] -= drift, or -= drift_of_except where label[i] is "except"; then lowest[i] = the lower of
	 * both.  Rounded so that no bound is too high.
	 */
	void		(*lower_bounds) (float *bounds, float *lowest, const int32 *label, int n,
								 float drift, int32 except, float drift_of_except);

	/* For i < n: bounds[i] += drift[label[i]], rounded so that no bound is too low */
	void		(*raise_bounds) (float *bounds, const int32 *label, const float *drift, int n);

	/* high + low += sign * row, high and low being the parts of sums with about 106 bits */
	void		(*accumulate) (double *high, double *low, const float *row, double sign, int dimension);
} FmaKernels;

/*
 * Relative error of "multiply" and "dot" for vectors of this dimension: as many
 * roundings as a product goes through at most (Higham, Accuracy and Stability
 * of Numerical Algorithms, 3.1), and a few more for what users compute from it.
 */
static inline double
FmaTileError(int dimension)
{
	int			multiply = Min(dimension, FMA_TILE_BLOCK) + (dimension + FMA_TILE_BLOCK - 1) / FMA_TILE_BLOCK;
	int			dot = dimension / FMA_TILE_LANES + 2 * FMA_TILE_LANES;

	return (Max(multiply, dot) + 8) * FMA_FLOAT_ROUNDOFF;
}

/* The functions for this processor, or those that fma.instruction_set asks for */
extern const FmaKernels *FmaChooseKernels(void);

extern void FmaDefineInstructionSet(void);

/* Puts a vector into a lane of "packed", which has dimension x FMA_TILE_LANES numbers */
static inline void
FmaPack(float *packed, int lane, const float *vector, int dimension)
{
	for (int i = 0; i < dimension; i++)
		packed[(Size) i * FMA_TILE_LANES + lane] = vector[i];
}

/* Memory for vectors, on a boundary that suits the processor; it is freed with its context */
extern float *FmaAllocAligned(MemoryContext context, Size count);

#endif							/* FMA_KERNELS_H */

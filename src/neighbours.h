/*
 * neighbours.h
 *		All pairs of rows whose cosine similarity reaches a threshold, exactly.
 */
#ifndef FMA_NEIGHBOURS_H
#define FMA_NEIGHBOURS_H

#include "fma.h"

#include "dictionary.h"
#include "kernels.h"

/*
 * Coordinates that stand for a row while pairs are sought, and the rows of a
 * leaf: the hits of a row in a leaf are the bits of one word.
 */
#define FMA_FOLDED 16
#define FMA_LEAF_ROWS 64

typedef struct FmaLeafKernels
{
	const char *name;

	/*
	 * Compares the rows of two leaves by their folded coordinates, which both
	 * have one coordinate after another.  Bit j of hits[i] says whether
	 * a_i . b_j - halves[j] >= limits[i].
	 */
	void		(*hits) (const float *a, const float *limits, const float *b, const float *halves, uint64 *hits);

	/* The dot product of two rows of doubles */
	double		(*product) (const double *a, const double *b, int dimension);

	/* coordinates[k] = the dot product of a row and column k of "directions" (dimension x FMA_FOLDED) */
	void		(*project) (const double *row, const double *directions, int dimension, double *coordinates);
} FmaLeafKernels;

/* Rows of numbers, none of them all zeros */
typedef struct FmaPoints
{
	FmaBudget  *budget;
	MemoryContext context;		/* where the rows are */
	int64		n;
	int64		room;			/* how many rows fit before more memory is asked for */
	int			dimension;		/* 0 until there is a row */
	bool		wide;			/* the numbers are doubles, else floats */
	char	   *values;			/* row by row */
	double	   *square;			/* each row's dot product with itself */
	const FmaKernels *kernels;
	const FmaLeafKernels *leaf_kernels;
} FmaPoints;

/* What is done with a pair of rows, of which a is the earlier one */
typedef void (*FmaPairFunction) (void *argument, uint32 a, uint32 b, double similarity);

extern void *FmaNewPoint(FmaPoints *points);
extern bool FmaKeepPoint(FmaPoints *points);
extern double FmaSimilarity(const FmaPoints *points, uint32 a, uint32 b);
extern void FmaEachPair(FmaPoints *points, double threshold, FmaPairFunction function, void *argument);
extern uint32 *FmaComponents(FmaPoints *points, double threshold);

extern const FmaLeafKernels *FmaChooseLeafKernels(const char *name);

#endif							/* FMA_NEIGHBOURS_H */

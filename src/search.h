/*
 * search.h
 *		Every conjunction of up to three conditions, counted exactly.
 */
#ifndef FMA_SEARCH_H
#define FMA_SEARCH_H

#include "fma.h"

#include "encode.h"
#include "statistics.h"

#define FMA_MAX_ORDER 3

/* What is known of the rows of a slice: their number, and the sums of their losses */
typedef struct FmaTally
{
	int64		n;
	int128		sum;			/* failures, or losses in units of encoding->loss_unit */
	int128		square;			/* of squared losses; real losses only */
	uint64		signature;		/* equal for the same rows */
} FmaTally;

/* Sums over the units of a slice, see units.c */
#define FMA_MAX_GENERAL (FMA_MAX_ORDER + 1)
typedef struct FmaUnitSums
{
	int64		units;
	double		nn,				/* rows times rows */
				nl,				/* rows times loss */
				ll;				/* loss times loss */
	struct
	{
		int64		units;		/* with rows outside the slice */
		double		nn,			/* rows of the slice times rows of the more general slice */
					nl,
					ln,
					ll;
	}			with[FMA_MAX_GENERAL];	/* all rows, and each slice that has one condition less */
} FmaUnitSums;

/* Which feature, and which of its conditions */
typedef struct FmaTerm
{
	uint16		feature;
	uint16		condition;
} FmaTerm;

typedef struct FmaSlice
{
	union
	{
		uint64		signature;	/* until equal slices are dropped */
		double		q;
	};
	double		total;			/* failures, or the sum of the losses */
	double		variance;		/* of a real loss */
	double		p;
	int32		n;				/* 0 when the slice was dropped, since another has the same rows */
	int32		units;
	float		design_effect;	/* how many rows are worth one, see units.c */
	FmaTerm		terms[FMA_MAX_ORDER];	/* unused ones have FMA_NO_FEATURE */
} FmaSlice;

#define FMA_NO_FEATURE PG_UINT16_MAX

/* The number of conditions of a slice */
static inline int
FmaOrderOf(const FmaSlice *slice)
{
	int			order = 1;

	while (order < FMA_MAX_ORDER && slice->terms[order].feature != FMA_NO_FEATURE)
		order++;
	return order;
}

/* Which hypotheses a slice is tested against */
typedef enum FmaAgainst
{
	FMA_AGAINST_REST,			/* two-sided, the rest of the rows */
	FMA_AGAINST_GENERAL,		/* worse than the rest, and than the rest of each more general slice */
	FMA_AGAINST_ZERO			/* two-sided, paired: mean difference against none; and against the rest */
} FmaAgainst;

typedef struct FmaSearchOptions
{
	int			max_order;
	int64		min_rows;		/* 0: the default */
	bool		intervals;
	FmaAgainst	against;
} FmaSearchOptions;

#define FMA_SLICES_PER_CHUNK 16384

typedef struct FmaSearch
{
	FmaEncoding *encoding;
	FmaSearchOptions options;
	int64		min_rows;
	FmaTally	all;			/* rows */
	FmaUnitSums all_units;
	bool		all_positive;	/* no loss is negative */
	double		mean;			/* loss of all rows */

	int			count_bits;
	uint64	   *weights;		/* of a row: one, and a random number above it */

	FmaTally  **singles;		/* [feature][condition] */
	FmaTally  **pairs;			/* [a * nfeatures + b][condition of a, condition of b] */
	FmaUnitSums **single_units;
	FmaUnitSums **pair_units;

	int64		nslices;
	int64		ndropped;
	FmaSlice  **slices;			/* in chunks */
	MemoryContext row_context;	/* emptied after every slice that is put out */
	double	  **rests;			/* FMA_AGAINST_ZERO: p, and then q, of the slices against the rest of the rows */
	int64		chunk_capacity;
} FmaSearch;

static inline FmaSlice *
FmaSliceAt(FmaSearch *search, int64 i)
{
	return &search->slices[i / FMA_SLICES_PER_CHUNK][i % FMA_SLICES_PER_CHUNK];
}

static inline double *
FmaRestAt(FmaSearch *search, int64 i)
{
	return &search->rests[i / FMA_SLICES_PER_CHUNK][i % FMA_SLICES_PER_CHUNK];
}

extern FmaSearch *FmaSearchSlices(FmaEncoding *encoding, const FmaSearchOptions *options);
extern void FmaDropEqualSlices(FmaSearch *search);
extern void FmaAdjustSlices(FmaSearch *search, FmaCorrection correction);
extern void FmaAdjustRests(FmaSearch *search, FmaCorrection correction);

/* For the parts of the search */
extern void FmaTestSlice(FmaSearch *search, FmaSlice *slice, const FmaTally *tally, const FmaUnitSums *units,
						 const FmaTally *const *general, const FmaUnitSums *const *general_units, int ngeneral,
						 double *rest);
extern const FmaFeature *FmaFeatureOf(FmaSearch *search, const FmaSlice *slice, int term);
extern bool FmaSameFeatures(const FmaSlice *a, const FmaSlice *b);

/* evidence.c: tests on tallies */
extern double FmaTallyTotal(FmaSearch *search, const FmaTally *tally);
extern double FmaTallyVariance(FmaSearch *search, const FmaTally *tally);
extern double FmaTestTally(FmaSearch *search, const FmaTally *slice, const FmaTally *general, FmaAlternative alternative);
extern double FmaSliceVariance(FmaSearch *search, const FmaSlice *slice);
extern double FmaRestVariance(FmaSearch *search, const FmaSlice *slice);
extern double FmaTestZero(FmaSearch *search, const FmaTally *slice);
extern double FmaLikelihoodRatio(FmaSearch *search, const FmaTally *slice, const FmaTally *general);

#endif							/* FMA_SEARCH_H */

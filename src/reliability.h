/*
 * reliability.h
 *		The value fma_reliability: what a model's confidences promised, and what
 *		came of it, by bins of equal width.
 */
#ifndef FMA_RELIABILITY_H
#define FMA_RELIABILITY_H

#include "fma.h"
#include "sums.h"
#include "value.h"

#define FMA_RELIABILITY_TYPE "fma_reliability"
#define FMA_RELIABILITY_VERSION 1
#define FMA_DEFAULT_BINS 10
#define FMA_MAX_BINS 1000

/* Classes times bins of a classwise state: bounds it to 32 MB */
#define FMA_MAX_CLASS_BINS 1000000

/*
 * What a value carries.  The aggregates that return a plain number keep no
 * more than they need, which is why a row costs them less; such a value is
 * seen by users only when something takes an aggregate apart.
 */
typedef enum FmaReliabilityKind
{
	FMA_RELIABILITY_EMPTY,		/* no row yet: no bins, fits every other value */
	FMA_RELIABILITY_GAPS,		/* FmaBin: counts and sums of the confidence */
	FMA_RELIABILITY_FULL		/* FmaFullBin and the log loss */
} FmaReliabilityKind;

/*
 * Sums are fixed-point integers (sums.h), hence the same whatever the order
 * of the rows.
 */
typedef struct FmaBin
{
	int64		n;
	int64		correct;
	int128		confidence;		/* sum of p */
} FmaBin;

typedef struct FmaFullBin
{
	FmaBin		gap;
	int128		squared;		/* sum of p * p */
	int128		when_correct;	/* sum of p over the rows that are correct */
} FmaFullBin;

/*
 * Flat, without padding: equal values have equal bytes.  The bins follow,
 * those of the first class first.
 */
typedef struct FmaReliability
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	uint8		version;
	uint8		kind;			/* FmaReliabilityKind */
	uint16		bins;
	int32		classes;		/* 1, or the classes of a classwise state */
	uint32		labels;			/* a hash of the labels and their order in a classwise state, else 0 */
	int128		log_loss;		/* sum of -ln(p of what happened), see FMA_LOG_LOSS_UNIT */
} FmaReliability;

/* The largest loss of a row is 36.04; in units of 64 it fits fixed point. */
#define FMA_LOG_LOSS_UNIT 64.0

#define PG_GETARG_RELIABILITY(n) \
	((FmaReliability *) FmaValueArg(fcinfo, n, FMA_RELIABILITY_TYPE, FMA_RELIABILITY_VERSION))

/* Bytes of one bin of a value of this kind */
static inline Size
FmaBinSize(int kind)
{
	return kind == FMA_RELIABILITY_FULL ? sizeof(FmaFullBin) : sizeof(FmaBin);
}

/* The bins of all classes */
static inline int
FmaCells(const FmaReliability *r)
{
	return r->classes * r->bins;
}

/* Bin i, counted from 0 */
static inline FmaBin *
FmaGetBin(const FmaReliability *r, int i)
{
	return (FmaBin *) ((char *) r + sizeof(FmaReliability) + i * FmaBinSize(r->kind));
}

static inline FmaFullBin *
FmaGetFullBin(const FmaReliability *r, int i)
{
	FmaAssert(r->kind == FMA_RELIABILITY_FULL);
	return (FmaFullBin *) FmaGetBin(r, i);
}

static inline FmaBin *
FmaGapBin(FmaReliability *r, int i)
{
	FmaAssert(r->kind == FMA_RELIABILITY_GAPS);
	return (FmaBin *) (r + 1) + i;
}

/* Sum of p - y over the rows of a bin: above 0 when overconfident */
static inline int128
FmaBinGap(const FmaBin *bin)
{
	return bin->confidence - (int128) bin->correct * (int128) FMA_FIXED_ONE;
}

/*
 * p is this close to an edge (in units of a bin) only when rounding may have
 * moved p * bins across it: with 1000 bins the error is below 2^-43.
 */
#define FMA_EDGE_DOUBT (1.0 / ((int64) 1 << 40))

extern int	FmaBinNearEdge(double p, int bins, int i);

/*
 * The bin of p in [0, 1]: i such that i/bins <= p < (i+1)/bins, where the
 * edges are these quotients as doubles; 1 belongs to the last bin.
 */
static inline int
FmaBinOf(double p, int bins)
{
	double		x = p * bins;
	int			i = (int) x;
	double		within = x - i;

	if (likely(within > FMA_EDGE_DOUBT && within < 1.0 - FMA_EDGE_DOUBT))
		return i;
	return FmaBinNearEdge(p, bins, i);
}

/* Adds a row to a bin's counts */
static inline void
FmaBinAdd(FmaBin *bin, int64 confidence, bool correct)
{
	bin->n = FmaAddCounts(bin->n, 1, FMA_RELIABILITY_TYPE);
	bin->correct += correct;
	bin->confidence += confidence;
}

extern double FmaEce(const FmaReliability *r, int class);
extern int	FmaCheckBins(FunctionCallInfo fcinfo, int argno);
extern FmaReliability *FmaReliabilityState(FunctionCallInfo fcinfo);
extern FmaReliability *FmaReliabilityArg(FunctionCallInfo fcinfo, int kind);
extern FmaReliability *FmaReliabilityStart(FmaReliability *r, int kind, int bins, int classes, uint32 labels);

#endif							/* FMA_RELIABILITY_H */

/*
 * matrix.h
 *		fma_confusion: how often each true label was predicted as each label.
 *
 * A value has one of two layouts.  While it is built by an aggregate it has
 * spare room and a hash table to find labels in; what is stored is compact:
 * labels sorted, nothing spare, the same bytes for the same matrix.  Both can
 * be read by the functions below, so that no caller need know which it has.
 */
#ifndef FMA_MATRIX_H
#define FMA_MATRIX_H

#include "fma.h"
#include "labels.h"
#include "sums.h"
#include "value.h"

#define FMA_CONFUSION_TYPE "fma_confusion"
#define FMA_CONFUSION_VERSION 1

/* flags */
#define FMA_CONFUSION_BUILDING 0x01 /* spare room, hash slots */
#define FMA_CONFUSION_WEIGHTED 0x02 /* cells have a weight beside their count */
#define FMA_CONFUSION_SPARSE 0x04	/* a list or hash table of cells, not a square */

/* Up to this many labels the cells are a square. */
#define FMA_DENSE_LABELS 64

/* Different (truth, prediction) pairs in one value */
#define FMA_MAX_CELLS (2 * 1024 * 1024)

/*
 * A row weighs less than this (2^63), hence a cell of n rows at most n times as
 * much.  So no sum of weights can leave a double's range.
 */
#define FMA_MAX_WEIGHT 9223372036854775808.0

typedef struct FmaConfusion
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	uint8		version;
	uint8		flags;
	uint16		unused;			/* zero */
	uint32		nlabels;
	uint32		ncells;			/* cells in use, where they are sparse */
	/* The capacities; in a compact value they are what is used. */
	uint32		label_room;
	uint32		cell_room;		/* sparse: entries of the list, or slots of the hash table */
	uint32		byte_room;
	uint32		nbytes;			/* bytes of all labels */
	/* int64 counts, FmaSum or double weights, entries, slots, bytes: see matrix.c */
	char		data[FLEXIBLE_ARRAY_MEMBER];
} FmaConfusion;

/* One cell that holds at least one row */
typedef struct FmaCell
{
	uint32		truth;			/* indexes of labels */
	uint32		prediction;
	int64		n;
	FmaSum		weight;			/* = n where the matrix has no weights */
} FmaCell;

/* Layout: the regions of "data", in this order */
typedef struct FmaSparseCell
{
	uint64		key;			/* truth << 32 | prediction */
	int64		n;				/* 0: a free slot */
} FmaSparseCell;

#define FmaIsWeighted(confusion) (((confusion)->flags & FMA_CONFUSION_WEIGHTED) != 0)
#define FmaIsSparse(confusion) (((confusion)->flags & FMA_CONFUSION_SPARSE) != 0)
#define FmaIsBuilding(confusion) (((confusion)->flags & FMA_CONFUSION_BUILDING) != 0)

extern FmaConfusion *FmaConfusionArg(FunctionCallInfo fcinfo, int argno);
extern FmaConfusion *FmaConfusionEmpty(void);
extern FmaConfusion *FmaConfusionBuild(const FmaConfusion *confusion, bool weighted);
extern FmaConfusion *FmaConfusionCompact(const FmaConfusion *confusion);
extern FmaLabel FmaConfusionLabel(const FmaConfusion *confusion, uint32 index);
extern bool FmaNextCell(const FmaConfusion *confusion, uint64 *position, FmaCell *cell);
extern uint32 FmaConfusionAddLabel(FmaConfusion **confusion, const FmaLabel *label);
extern void FmaConfusionAddCell(FmaConfusion **confusion, const FmaCell *cell);
extern void FmaConfusionAdd(FmaConfusion **confusion, const FmaConfusion *other);

/*
 * The rest is inline because it is what an aggregate does for every row.
 */

/* How many cells there is room for */
static inline size_t
FmaCellRoom(const FmaConfusion *confusion)
{
	return FmaIsSparse(confusion) ? confusion->cell_room :
		(size_t) confusion->label_room * confusion->label_room;
}

/* Where the weights begin: FmaSum while building, double when compact */
static inline char *
FmaWeights(const FmaConfusion *confusion)
{
	return (char *) confusion->data + FmaCellRoom(confusion) *
		(FmaIsSparse(confusion) ? sizeof(FmaSparseCell) : sizeof(int64));
}

/* Where the labels begin: FmaLabelEntry while building, uint32 ends when compact */
static inline char *
FmaEntries(const FmaConfusion *confusion)
{
	size_t		weight = FmaIsBuilding(confusion) ? sizeof(FmaSum) : sizeof(double);

	return FmaWeights(confusion) + (FmaIsWeighted(confusion) ? FmaCellRoom(confusion) * weight : 0);
}

/* Whether a weight that came from outside can be the weight of a cell of n rows */
static inline bool
FmaIsCellWeight(double weight, int64 n)
{
	return weight >= 0.0 && weight <= (double) n * FMA_MAX_WEIGHT;
}

/* Finds a label in a value that is being built; FMA_MAX_LABELS when it is new */
static inline uint32
FmaFindLabel(const FmaConfusion *confusion, const FmaLabel *label)
{
	const FmaLabelEntry *entries = (const FmaLabelEntry *) FmaEntries(confusion);
	const uint16 *slots = (const uint16 *) (entries + confusion->label_room);
	const char *bytes = (const char *) (slots + 2 * confusion->label_room);
	uint32		mask = 2 * confusion->label_room - 1;
	uint32		slot = FmaLabelHash(label) & mask;

	while (slots[slot] != 0)
	{
		uint32		index = slots[slot] - 1;

		if (FmaLabelEquals(label, &entries[index], bytes))
			return index;
		slot = (slot + 1) & mask;
	}
	return FMA_MAX_LABELS;
}

/*
 * Counts one row.  The usual row repeats labels that are known, in a matrix
 * that is still square: then nothing is called.
 */
static inline void
FmaConfusionAddRow(FmaConfusion **confusion, const FmaLabel *truth, const FmaLabel *prediction, const double *weight)
{
	FmaCell		cell;

	cell.truth = FmaFindLabel(*confusion, truth);
	if (unlikely(cell.truth == FMA_MAX_LABELS))
		cell.truth = FmaConfusionAddLabel(confusion, truth);
	if (FmaSameLabel(truth, prediction))
		cell.prediction = cell.truth;
	else
	{
		cell.prediction = FmaFindLabel(*confusion, prediction);
		if (unlikely(cell.prediction == FMA_MAX_LABELS))
			cell.prediction = FmaConfusionAddLabel(confusion, prediction);
	}
	if (likely(((*confusion)->flags & (FMA_CONFUSION_SPARSE | FMA_CONFUSION_WEIGHTED)) == 0))
	{
		int64	   *count = &((int64 *) (*confusion)->data)[(size_t) cell.truth * (*confusion)->label_room + cell.prediction];

		*count = FmaAddCounts(*count, 1, FMA_CONFUSION_TYPE);
	}
	else
	{
		cell.n = 1;
		cell.weight.high = weight != NULL ? *weight : 1.0;
		cell.weight.low = 0.0;
		FmaConfusionAddCell(confusion, &cell);
	}
}

#endif							/* FMA_MATRIX_H */

/*
 * box_sets.h
 *		fma_boxes: the boxes of one image.
 *
 * Boxes stand one after the other, each with its label.  While a value is built
 * by an aggregate they are in the order in which they came, with spare room
 * behind them; what is stored is compact: in one order, nothing spare, the same
 * bytes for the same boxes.
 */
#ifndef FMA_BOX_SETS_H
#define FMA_BOX_SETS_H

#include "fma.h"

#include "boxes.h"
#include "value.h"

#define FMA_BOX_SET_TYPE "fma_boxes"
#define FMA_BOX_SET_VERSION 1

/* flags of a value */
#define FMA_BOX_SET_BUILDING 0x01	/* not in order, spare room */

/*
 * More boxes, or more bytes, than these mean boxes of many images.  The text
 * form of as many can still be read back by jsonb.
 */
#define FMA_MAX_BOXES 500000
#define FMA_MAX_BOX_BYTES (64 * 1024 * 1024)

typedef struct FmaBoxSet
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	uint8		version;
	uint8		flags;
	uint16		unused;			/* zero */
	uint32		nboxes;
	uint32		nbytes;			/* of all records */
	/* FmaBoxRecords */
	char		data[FLEXIBLE_ARRAY_MEMBER];
} FmaBoxSet;

/* flags of a record */
#define FMA_BOX_SCORED 0x01
#define FMA_BOX_CROWD 0x02
#define FMA_BOX_AREA 0x04		/* its area is not width x height */

/* A box; the bytes of its label follow, filled up with zeros to a multiple of eight */
typedef struct FmaBoxRecord
{
	double		x;
	double		y;
	double		width;
	double		height;
	double		area;
	double		score;			/* 1 if it has none */
	uint32		flags;
	uint32		length;			/* of its label */
} FmaBoxRecord;

#define FmaBoxRecordSize(length) TYPEALIGN64(sizeof(double), sizeof(FmaBoxRecord) + (uint64) (length))
#define FmaBoxRecordLabel(record) ((char *) ((record) + 1))

/* The record that follows; the first is at "data" */
static inline const FmaBoxRecord *
FmaNextBoxRecord(const FmaBoxRecord *record)
{
	return (const FmaBoxRecord *) ((const char *) record + FmaBoxRecordSize(record->length));
}

extern FmaBoxSet *FmaBoxSetArg(FunctionCallInfo fcinfo, int argno);
extern FmaBoxSet *FmaBoxSetEmpty(void);
extern void FmaBoxSetAdd(FmaBoxSet **set, const FmaBoxRecord *box, const char *label);
extern void FmaBoxSetAddAll(FmaBoxSet **set, const FmaBoxSet *other);
extern FmaBoxSet *FmaBoxSetCompact(const FmaBoxSet *set);
extern FmaLabel *FmaPairBoxSets(const FmaBoxSet *truth, const FmaBoxSet *prediction, double least_score, FmaImageBoxes *image);

#endif							/* FMA_BOX_SETS_H */

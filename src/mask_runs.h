/*
 * mask_runs.h
 *		fma_mask: a raster of labels as runs, and how these are read and written.
 *
 * The runs follow each other row by row and go on from one row to the next, so
 * that two masks of one size are compared without a thought of rows.  A mask
 * is written once: runs are collected (FmaRuns), then packed.  It is read by
 * pieces (FmaMaskReader), which takes no memory that depends on its size.
 */
#ifndef FMA_MASK_RUNS_H
#define FMA_MASK_RUNS_H

#include "fma.h"
#include "value.h"

#define FMA_MASK_TYPE "fma_mask"
#define FMA_MASK_VERSION 1

/* Width and height; all pixels together fit into 31 bits */
#define FMA_MASK_MAX_SIDE 32768

#define FMA_MASK_LABELS 65536

/*
 * More runs than this are noise, not a mask.  So what is unpacked takes at
 * most 128 MB, and the text form can still be read back by jsonb.
 */
#define FMA_MASK_MAX_RUNS (16 * 1024 * 1024)

typedef struct FmaMask
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	uint8		version;
	uint8		label_bits;		/* how many bits of a run's word are its label */
	uint16		unused;			/* zero */
	uint32		width;
	uint32		height;
	uint32		nruns;
	uint32		nlabels;
	/* The labels that occur, ascending; then the runs, a word each: see mask_runs.c */
	uint16		labels[FLEXIBLE_ARRAY_MEMBER];
} FmaMask;

#define FmaMaskArg(fcinfo, argno) ((FmaMask *) FmaValueArg(fcinfo, argno, FMA_MASK_TYPE, FMA_MASK_VERSION))
#define FmaMaskPixels(mask) ((mask)->width * (mask)->height)

/* Runs that are collected */
typedef struct FmaRun
{
	uint32		label;
	uint32		length;
} FmaRun;

typedef struct FmaRuns
{
	FmaRun	   *runs;
	uint32		n;
	uint32		room;
	uint32		pixels;			/* in all of them */
} FmaRuns;

extern void FmaRunsGrow(FmaRuns *runs);
extern void FmaRunsAppendBytes(FmaRuns *runs, const uint8 *labels, uint32 n);
extern void FmaRunsAppendWords(FmaRuns *runs, const uint16 *labels, uint32 n);
extern FmaRuns FmaRunsTranspose(const FmaRuns *runs, uint32 inner);

/* Appends pixels of one label; they lengthen the last run if they can */
static inline void
FmaRunsAppend(FmaRuns *runs, uint32 label, uint32 length)
{
	runs->pixels += length;
	if (runs->n > 0 && runs->runs[runs->n - 1].label == label)
		runs->runs[runs->n - 1].length += length;
	else if (length > 0)
	{
		if (runs->n == runs->room)
			FmaRunsGrow(runs);
		runs->runs[runs->n].label = label;
		runs->runs[runs->n++].length = length;
	}
}

extern void FmaMaskCheckSize(int64 width, int64 height);
extern FmaMask *FmaMaskMake(const FmaRuns *runs, uint32 width, uint32 height);
extern FmaRuns FmaMaskRuns(const FmaMask *mask);

/* A piece of a mask: runs as the pixels at which they end, and the places of their labels in mask->labels */
#define FMA_MASK_PIECE 512

typedef struct FmaMaskReader
{
	const FmaMask *mask;
	const uint8 *next;			/* the word of the next run */
	uint32		left;			/* runs not read yet */
	uint32		pixel;			/* where the last one ended */
	uint32		n;				/* runs of this piece */
	uint32		ends[FMA_MASK_PIECE];
	uint16		labels[FMA_MASK_PIECE];
} FmaMaskReader;

extern void FmaMaskReaderInit(FmaMaskReader *reader, const FmaMask *mask);
extern bool FmaMaskRead(FmaMaskReader *reader);

#endif							/* FMA_MASK_RUNS_H */

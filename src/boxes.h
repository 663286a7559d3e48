/*
 * boxes.h
 *		True and predicted boxes, image by image.
 */
#ifndef FMA_BOXES_H
#define FMA_BOXES_H

#include "fma.h"

#include "dictionary.h"
#include "labels.h"
#include "query.h"

/* Which of the two queries a box is from */
typedef enum FmaBoxSource
{
	FMA_TRUTH,
	FMA_PREDICTION,
	FMA_BOX_SOURCES				/* how many there are */
} FmaBoxSource;

typedef struct FmaBox
{
	double		x;
	double		y;
	double		width;
	double		height;
	double		area;			/* of a truth as it was given, else width x height */
	double		score;			/* of a prediction */
	int64		row;			/* in its query, from 1 */
	const char *id;				/* NULL if there is none, or nobody asked */
	uint32		label;			/* its number */
	bool		crowd;			/* of a truth: a crowd of objects in one box */

	/* For the matching: each bit is one way of matching, with its own thresholds. */
	uint64		closed;			/* of a truth: it is taken */
	uint64		ignored;		/* of a truth: it counts neither as found nor as missed */
	const struct FmaBox *match; /* of a prediction: the truth that it took */
	double		overlap;		/* ... and their overlap */
} FmaBox;

/* An image's boxes from one query: by label, predictions then by falling score, else as the query has them */
typedef struct FmaBoxList
{
	int64		n;
	int64		room;
	FmaBox	   *boxes;
} FmaBoxList;

/* All boxes of one image */
typedef struct FmaImageBoxes
{
	FmaBoxList	lists[FMA_BOX_SOURCES];
} FmaImageBoxes;

/* The boxes of two queries */
typedef struct FmaBoxes FmaBoxes;

extern FmaBoxes *FmaReadBoxes(const char *truth_query, const char *prediction_query, double least_score, bool with_ids);
extern FmaImageBoxes *FmaNextImage(FmaBoxes *boxes);
extern void FmaFreeBoxes(FmaBoxes *boxes);

extern FmaBudget *FmaBoxBudget(FmaBoxes *boxes);
extern char *FmaImageText(FmaBoxes *boxes);
extern uint32 FmaBoxLabelCount(const FmaBoxes *boxes);
extern const FmaLabel *FmaBoxLabels(const FmaBoxes *boxes);

/* The boxes of one image and one label */
typedef struct FmaLabelBoxes
{
	uint32		label;
	FmaBox	   *boxes[FMA_BOX_SOURCES];
	int64		n[FMA_BOX_SOURCES];
} FmaLabelBoxes;

extern bool FmaNextLabel(const FmaImageBoxes *image, FmaLabelBoxes *group);

extern double FmaCheckCoordinate(const char *name, double value);
extern double FmaCheckExtent(const char *name, double value);

#endif							/* FMA_BOXES_H */

/*
 * matching.h
 *		Which predicted box finds which true one.
 */
#ifndef FMA_MATCHING_H
#define FMA_MATCHING_H

#include "fma.h"

#include "boxes.h"

/* A truth that a prediction could take */
typedef struct FmaCandidate
{
	FmaBox	   *truth;
	double		overlap;
} FmaCandidate;

typedef struct FmaCandidates
{
	int64		n;
	int64		room;
	FmaCandidate *list;
	FmaBudget  *budget;
	MemoryContext context;
} FmaCandidates;

extern void FmaFindCandidates(FmaCandidates *candidates, const FmaBox *prediction, FmaBox *truths, int64 ntruths,
							  double threshold);
extern const FmaCandidate *FmaTakeTruth(const FmaCandidates *candidates, double threshold, uint64 way);

/* One way of matching boxes, image by image */
typedef struct FmaMatching
{
	double		conf;			/* predictions that score less are not there */
	double		iou;
	int64		max_detections;
	bool		across_labels;
	FmaCandidates candidates;
	int64		n;				/* predictions of the image at hand, the highest score first */
	int64		room;
	FmaBox	  **predictions;
} FmaMatching;

/* What became of a box */
typedef enum FmaOutcome
{
	FMA_MATCH,					/* a prediction found a truth of its label */
	FMA_CONFUSED,				/* ... of another label */
	FMA_CROWD,					/* ... or one that does not count */
	FMA_INVENTION,				/* a prediction found nothing */
	FMA_MISS					/* a truth was not found */
} FmaOutcome;

/* Who is told of every box; "truth" or "prediction" is NULL where there is none */
typedef void (*FmaOutcomeFunction) (void *argument, FmaOutcome outcome, const FmaBox *truth, const FmaBox *prediction);

extern void FmaMatchingArgs(FunctionCallInfo fcinfo, FmaMatching *matching);
extern void FmaMatchImage(FmaMatching *matching, FmaImageBoxes *image, FmaOutcomeFunction tell, void *argument);
extern void FmaMatchQueries(FunctionCallInfo fcinfo, bool with_ids, FmaBoxes **boxes, FmaOutcomeFunction tell, void *argument);

#endif							/* FMA_MATCHING_H */

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

#endif							/* FMA_MATCHING_H */

/*
 * scan.h
 *		The windows of a space-time scan: circles of places times runs of periods.
 */
#ifndef FMA_SCAN_H
#define FMA_SCAN_H

#include "fma.h"

#include "dictionary.h"

/* Data sets (replicates) that are scanned side by side */
#define FMA_LANES 16

/* Chords of the limit, see scan.c */
#define FMA_MAX_CHORDS 24

/*
 * The circles around every place: its places by distance, itself first.  Where
 * FMA_CIRCLE_ENDS is set, the places up to there are a circle;
 * FMA_CIRCLE_REPEATS: of the same places as one of a place before.
 */
#define FMA_CIRCLE_ENDS 0x80000000u
#define FMA_CIRCLE_REPEATS 0x40000000u
#define FMA_CIRCLE_PLACE 0x3fffffffu

typedef struct FmaCircles
{
	int64	   *first;			/* of a place, in "members"; nplaces + 1 of them */
	uint32	   *members;		/* numbers of places, with flags */
	int64		ncircles;		/* repeated ones not counted */
} FmaCircles;

/*
 * What is scanned.  A cell is a place in a period: place * nperiods + period.
 * Weights are rows (Bernoulli) or expected failures in a unit in which they are
 * whole numbers (Poisson): sums of them are exact in any order.
 */
typedef struct FmaScan
{
	int			nplaces;
	int			nperiods;
	int			max_periods;	/* in a window */
	bool		poisson;
	const double *weights;		/* of a cell */
	double		weight;			/* of all cells */
	double		failures;		/* in all cells */
	FmaCircles	circles;
	const double *x;			/* places on the unit sphere: 3 numbers each, NULL if there is no space */

	/* made by FmaPrepareScan */
	double		least;			/* weight of a cell, 0 aside */
	int			shift;			/* counts are scaled by 2^shift */
	int			nchords;
	double		edges[FMA_MAX_CHORDS + 1];	/* weights between which a chord is used */
	double		slopes[FMA_MAX_CHORDS]; /* scaled failures per weight */
} FmaScan;

/* A window, the best of a data set so far; llr 0 if there is none */
typedef struct FmaWindow
{
	double		llr;
	int			centre;
	int			nplaces;
	int			from;			/* period */
	int			to;				/* the period after the last one */
	double		failures;
	double		weight;
} FmaWindow;

extern void FmaPrepareScan(FmaScan *scan);
extern double FmaScanLikelihood(const FmaScan *scan, double failures, double weight);

extern int32 *FmaAllocateLanes(const FmaScan *scan);
extern void FmaScanLanes(FmaScan *scan, const int32 *cells, int nlanes, const bool *excluded_places,
						 const bool *excluded_periods, bool break_ties, FmaWindow *best);

#ifdef FMA_ASSERTIONS
extern void FmaCheckScan(const FmaScan *scan, const int32 *cells, int nlanes, const bool *excluded_places,
						 const bool *excluded_periods, const FmaWindow *best);
#endif

/* The arc between two places, in radians */
extern double FmaArc(const double *a, const double *b);

#endif							/* FMA_SCAN_H */

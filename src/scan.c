/*
 * scan.c
 *		The best window of a space-time scan, exactly, and without looking at each.
 *
 * The logarithm of the likelihood ratio (Kulldorff, A spatial scan statistic,
 * 1997) is convex in the failures c and the weight w of a window, so that what
 * is no better than the best window so far is a convex set of (c, w), and its
 * upper limit c = g(w) is concave: a chord of g lies below it.  A window whose
 * weight lies between the ends of a chord can only be better if it is above the chord,
 * c - slope * w > intercept.  The largest c - slope * w of all runs of periods of
 * one circle takes one pass (Kadane), and that for many data sets side by side:
 * a circle is looked at in detail only where it exceeds the intercept.
 *
 * The passes are made in integers: counts scaled by 2^shift minus slope * w,
 * rounded down.  So they never miss a better window.
 */
#include "scan.h"

#include "miscadmin.h"
#include "utils/memutils.h"

/* Sums of scaled counts stay below 2^30, and nothing is taken off beyond that. */
#define SUM_BITS 30
#define MOST_SHIFT 12
#define MOST_DROP (1 << SUM_BITS)

/* No window can exceed this */
#define NO_LIMIT PG_INT32_MAX

/* How far below the limit a chord may lie, as a part of the limit's distance from what is expected */
#define CHORD_SLACK 0.02
#define CHORD_SLACK_GROWTH 1.5
#define CHORD_CHECKS 8
#define CHORD_LEAST_RATIO 1.05

/* Newton's steps, and how much lower the limit is taken for what they leave */
#define NEWTON_STEPS 30
#define NEWTON_CLOSE 1e-10
#define LIMIT_SLACK 1e-9

/* The likelihood ratio that the chords are chosen for, as a part of the logarithm of the number of windows */
#define TYPICAL_PART 0.6

/* Lanes in four vectors of 16 bytes, which every 64-bit processor has */
typedef int32 Vector __attribute__((vector_size(16), may_alias));
#define VECTORS 4

/* What is known of the data sets while they are scanned */
typedef struct Scanning
{
	FmaScan    *scan;
	int			nlanes;
	bool		break_ties;
	const bool *excluded_periods;
	FmaWindow  *best;			/* of a lane */
	double	   *radius;			/* of the best window, if ties are broken */
	int32	   *series;			/* scaled counts of the circle: lanes of each period */
	double	   *weights;		/* of the circle, of each period */
	int32	   *drops;			/* slope * weight, of each chord and period */
	int32	   *limits;			/* of each chord and lane */
	double	   *failures;		/* of one lane, of each period */
	bool	   *ends;			/* periods in which a better window may end */
} Scanning;

/*
 * The logarithm of the likelihood ratio of a window with c failures where e are
 * expected, c > e, and its derivative by c.  Sums of observed times the
 * logarithm of observed over expected, written so that nothing cancels.
 */
static inline double
LikelihoodAndSlope(const FmaScan *scan, double c, double w, double *slope)
{
	double		expected = w * (scan->failures / scan->weight);
	double		excess = c - expected;
	double		rest = scan->failures - c;
	double		inside = log1p(excess / expected);
	double		outside = rest > 0 ? log1p(-excess / (scan->failures - expected)) : 0;
	double		result = c * inside + rest * outside;

	*slope = inside - outside;
	if (!scan->poisson)
	{
		double		passed = w - c;
		double		passed_outside = scan->weight - w - rest;
		double		ok_inside = passed > 0 ? log1p(-excess / (w - expected)) : 0;
		double		ok_outside = passed_outside > 0 ?
			log1p(excess / (scan->weight - w - scan->failures + expected)) : 0;

		result += passed * ok_inside + passed_outside * ok_outside;
		*slope += ok_outside - ok_inside;
	}
	return result;
}

/*
 * The logarithm of the likelihood ratio of a window, 0 where it has no more
 * failures than expected.
 */
double
FmaScanLikelihood(const FmaScan *scan, double failures, double weight)
{
	double		slope;

	if (weight <= 0 || weight >= scan->weight || failures * scan->weight <= scan->failures * weight)
		return 0;
	return LikelihoodAndSlope(scan, failures, weight, &slope);
}

/* The most failures that a window of this weight can have */
static inline double
MostFailures(const FmaScan *scan, double w)
{
	return scan->poisson ? scan->failures : Min(scan->failures, w);
}

/* Whether no window of this weight can be better than llr */
static bool
OutOfReach(const FmaScan *scan, double llr, double w)
{
	return FmaScanLikelihood(scan, MostFailures(scan, w), w) <= llr;
}

/*
 * At most the failures with which a window of weight w is as good as llr: a
 * point of the concave limit, which ends at the most failures that are possible.
 */
static double
Limit(const FmaScan *scan, double llr, double w)
{
	double		most = MostFailures(scan, w);
	double		expected = w * (scan->failures / scan->weight);
	double		low = expected,
				c;

	if (w <= 0)
		return 0;
	if (llr <= 0)
		return expected * (1 - LIMIT_SLACK);
	if (OutOfReach(scan, llr, w))
		return most;
	c = expected + sqrt(2 * llr * expected * (scan->poisson ? 1 : 1 - scan->failures / scan->weight));
	for (int i = 0; i < NEWTON_STEPS; i++)
	{
		double		slope,
					value,
					next;

		if (c >= most)
			c = (low + most) / 2;
		value = LikelihoodAndSlope(scan, c, w, &slope) - llr;
		next = c - value / slope;
		if (value < 0)
			low = c;			/* convex: the next point is on the other side */
		else if (c - next <= NEWTON_CLOSE * c)
			return Max(low, c - LIMIT_SLACK * (1 + c));
		c = Max(next, (low + c) / 2);
	}
	return low;
}

/*
 * The smallest weight from "least" on of a window that can be better than llr:
 * Bernoulli windows of too few rows cannot, even if all of them failed.
 */
static double
SmallestWeight(const FmaScan *scan, double llr, double least)
{
	double		low = least,	/* out of reach, but for the first one */
				high;

	if (scan->poisson || !OutOfReach(scan, llr, least))
		return least;
	high = ceil(llr / log(scan->weight / scan->failures));
	if (high >= scan->failures)
		return least;
	while (high - low > 1)
	{
		double		middle = floor((low + high) / 2);

		if (OutOfReach(scan, llr, middle))
			low = middle;
		else
			high = middle;
	}
	return Max(low, high);
}

/* Sets what a lane's windows must exceed to be better than its best */
static void
SetLimits(Scanning *scanning, int lane)
{
	FmaScan    *scan = scanning->scan;
	double		llr = scanning->best[lane].llr;
	double		scale = ldexp(1.0, scan->shift);
	double		from = SmallestWeight(scan, llr, scan->least);
	double		limit = Limit(scan, llr, from);
	bool		out_of_reach = OutOfReach(scan, llr, from);

	for (int chord = 0; chord < scan->nchords; chord++)
	{
		double		to = scan->edges[chord + 1],
					next_limit,
					intercept;
		bool		next_out_of_reach;

		scanning->limits[chord * FMA_LANES + lane] = NO_LIMIT;
		if (to < from)
			continue;
		next_limit = Limit(scan, llr, to);
		next_out_of_reach = OutOfReach(scan, llr, to);

		/* Between two weights that are out of reach all are, but for those where "most" bends. */
		if (llr == 0 || !out_of_reach || !next_out_of_reach || (from < scan->failures && to > scan->failures))
		{
			intercept = floor(Min(limit * scale - scan->slopes[chord] * from,
								  next_limit * scale - scan->slopes[chord] * to)) - 1;
			scanning->limits[chord * FMA_LANES + lane] = (int32) Max(Min(intercept, MOST_DROP), -MOST_DROP);
		}
		from = to;
		limit = next_limit;
		out_of_reach = next_out_of_reach;
	}
}

/* Whether the chord of the limit from one weight to another is close to it */
static bool
ChordIsClose(const FmaScan *scan, double llr, double from, double to, double slack)
{
	double		low = Limit(scan, llr, from),
				high = Limit(scan, llr, to);

	for (int i = 1; i < CHORD_CHECKS; i++)
	{
		double		w = from * pow(to / from, (double) i / CHORD_CHECKS);
		double		limit = Limit(scan, llr, w);
		double		expected = w * (scan->failures / scan->weight);

		if (limit - (low + (high - low) * (w - from) / (to - from)) > slack * (limit - expected))
			return false;
	}
	return true;
}

/* Where the longest chord from a weight ends that is close to the limit */
static double
EndOfChord(const FmaScan *scan, double llr, double from, double most, double slack)
{
	double		low = CHORD_LEAST_RATIO,
				high = most / from;

	if (high <= low || ChordIsClose(scan, llr, from, most, slack))
		return most;
	while (high / low > CHORD_LEAST_RATIO)
	{
		double		middle = sqrt(low * high);

		if (ChordIsClose(scan, llr, from, from * middle, slack))
			low = middle;
		else
			high = middle;
	}
	return from * low;
}

/* Chooses the chords: as few as are close to the limit of a typical likelihood ratio */
static void
ChooseChords(FmaScan *scan, double llr, double most)
{
	double		scale = ldexp(1.0, scan->shift);

	scan->edges[0] = Min(SmallestWeight(scan, llr, scan->least), most / CHORD_LEAST_RATIO);
	for (double slack = CHORD_SLACK;; slack *= CHORD_SLACK_GROWTH)
	{
		scan->nchords = 0;
		while (scan->nchords < FMA_MAX_CHORDS && scan->edges[scan->nchords] < most)
		{
			double		end = EndOfChord(scan, llr, scan->edges[scan->nchords], most, slack);

			scan->edges[++scan->nchords] = end;
		}
		if (scan->edges[scan->nchords] >= most)
			break;
	}
	for (int chord = 0; chord < scan->nchords; chord++)
	{
		double		from = scan->edges[chord],
					to = scan->edges[chord + 1];

		scan->slopes[chord] = scale * Max(0, (Limit(scan, llr, to) - Limit(scan, llr, from)) / (to - from));
	}
}

/* Prepares what all data sets have in common: the scale of the counts, and the chords */
void
FmaPrepareScan(FmaScan *scan)
{
	double		most = 0,
				most_failures;
	double		windows;

	scan->least = scan->weight;

	for (int64 cell = 0; cell < (int64) scan->nplaces * scan->nperiods; cell++)
		if (scan->weights[cell] > 0)
			scan->least = Min(scan->least, scan->weights[cell]);
	for (int centre = 0; centre < scan->nplaces; centre++)
	{
		double		sum = 0;

		CHECK_FOR_INTERRUPTS();
		for (int64 i = scan->circles.first[centre]; i < scan->circles.first[centre + 1]; i++)
		{
			const double *row = scan->weights + (scan->circles.members[i] & FMA_CIRCLE_PLACE) * (Size) scan->nperiods;

			for (int period = 0; period < scan->nperiods; period++)
				sum += row[period];
		}
		most = Max(most, sum);
	}
	most_failures = MostFailures(scan, most);
	scan->shift = 0;
	while (scan->shift < MOST_SHIFT && ldexp(most_failures + 1, scan->shift + 1) < (1 << SUM_BITS))
		scan->shift++;
	windows = (double) scan->circles.ncircles * scan->nperiods * scan->max_periods;
	ChooseChords(scan, TYPICAL_PART * log(windows + 10), Max(most, scan->least * CHORD_LEAST_RATIO));
}

/* Adds a place to the circle */
static void
AddPlace(Scanning *scanning, const int32 *cells, int place)
{
	int			nperiods = scanning->scan->nperiods;
	Vector	   *series = (Vector *) scanning->series;
	const Vector *counts = (const Vector *) (cells + (Size) place * nperiods * FMA_LANES);
	const double *weights = scanning->scan->weights + (Size) place * nperiods;

	for (int i = 0; i < nperiods * VECTORS; i++)
		series[i] += counts[i];
	for (int period = 0; period < nperiods; period++)
		scanning->weights[period] += weights[period];
}

/* The chords that the windows of the circle are between: from "first" to below the result */
static int
ChordsOfCircle(Scanning *scanning, int *first)
{
	FmaScan    *scan = scanning->scan;
	double		least = scan->weight,
				most = 0,
				run = 0;
	int			end;

	for (int period = 0; period < scan->nperiods; period++)
	{
		double		weight = scanning->weights[period];

		run += weight;
		if (period >= scan->max_periods)
			run -= scanning->weights[period - scan->max_periods];
		if (weight > 0 && weight < least)
			least = weight;
		most = Max(most, run);
	}
	for (end = 0; end < scan->nchords && scan->edges[end] < most; end++)
		;
	for (*first = 0; *first + 1 < end && scan->edges[*first + 1] < least; (*first)++)
		;
	return Max(end, *first + 1);
}

/* Fills the drops of a chord: slope * weight, rounded down */
static void
SetDrops(Scanning *scanning, int chord)
{
	FmaScan    *scan = scanning->scan;
	int32	   *drops = scanning->drops + (Size) chord * scan->nperiods;
	double		slope = scan->slopes[chord];

	for (int period = 0; period < scan->nperiods; period++)
	{
		double		drop = slope * scanning->weights[period];

		drops[period] = (int32) (drop < MOST_DROP ? drop : MOST_DROP);
	}
	if (scanning->excluded_periods != NULL)
		for (int period = 0; period < scan->nperiods; period++)
			if (scanning->excluded_periods[period])
				drops[period] = MOST_DROP;
}

/* In which lanes a run of periods exceeds the limit of a chord: a bit for each */
static uint32
TestChord(const int32 *series, const int32 *drops, int nperiods, const int32 *limits)
{
	const Vector *limit = (const Vector *) limits;
	Vector		run0 = {0},
				run1 = {0},
				run2 = {0},
				run3 = {0};
	Vector		above[VECTORS] = {{0}};
	uint32		lanes = 0;

	for (int period = 0; period < nperiods; period++)
	{
		const Vector *counts = (const Vector *) (series + period * FMA_LANES);
		Vector		drop = {drops[period], drops[period], drops[period], drops[period]};

		run0 = (run0 & (run0 > 0)) + (counts[0] - drop);
		run1 = (run1 & (run1 > 0)) + (counts[1] - drop);
		run2 = (run2 & (run2 > 0)) + (counts[2] - drop);
		run3 = (run3 & (run3 > 0)) + (counts[3] - drop);
		above[0] |= run0 > limit[0];
		above[1] |= run1 > limit[1];
		above[2] |= run2 > limit[2];
		above[3] |= run3 > limit[3];
	}
	for (int lane = 0; lane < FMA_LANES; lane++)
		if (above[lane / 4][lane % 4])
			lanes |= 1u << lane;
	return lanes;
}

/* Whether a lane has any chord that its windows may exceed */
static bool
AnyLimit(Scanning *scanning, int chord)
{
	for (int lane = 0; lane < scanning->nlanes; lane++)
		if (scanning->limits[chord * FMA_LANES + lane] != NO_LIMIT)
			return true;
	return false;
}

/* Whether a window takes the place of the best one: fewer places, then a smaller radius, if they are as good */
static bool
IsBetter(Scanning *scanning, const FmaWindow *window, const FmaWindow *best, double radius, double best_radius)
{
	if (window->llr != best->llr)
		return window->llr > best->llr;
	if (!scanning->break_ties || window->llr == 0)
		return false;
	if (window->nplaces != best->nplaces)
		return window->nplaces < best->nplaces;
	if (radius != best_radius)
		return radius < best_radius;
	if (window->centre != best->centre)
		return window->centre < best->centre;
	if (window->from != best->from)
		return window->from < best->from;
	return window->to < best->to;
}

/* Takes a window if it is better than the lane's best one */
static bool
TakeWindow(Scanning *scanning, int lane, FmaWindow *window, double radius)
{
	window->llr = FmaScanLikelihood(scanning->scan, window->failures, window->weight);
	if (!IsBetter(scanning, window, &scanning->best[lane], radius, scanning->radius[lane]))
		return false;
	scanning->best[lane] = *window;
	scanning->radius[lane] = radius;
	return true;
}

/* Looks at the windows that end with a period, in one lane */
static void
LookAtRuns(Scanning *scanning, int lane, int end, int first_chord, int end_chord, FmaWindow window, double radius)
{
	FmaScan    *scan = scanning->scan;
	double		scale = ldexp(1.0, scan->shift);
	const int32 *limits = scanning->limits + lane;
	int			chord = first_chord;
	bool		improved = false;

	window.to = end + 1;
	window.failures = window.weight = 0;
	for (window.from = end; window.from >= 0 && window.to - window.from <= scan->max_periods; window.from--)
	{
		if (scanning->excluded_periods != NULL && scanning->excluded_periods[window.from])
			break;
		window.failures += scanning->failures[window.from];
		window.weight += scanning->weights[window.from];
		while (chord + 1 < end_chord && window.weight > scan->edges[chord + 1])
			chord++;
		if (limits[chord * FMA_LANES] == NO_LIMIT ||
			window.failures * scale - scan->slopes[chord] * window.weight <= limits[chord * FMA_LANES])
			continue;
		improved |= TakeWindow(scanning, lane, &window, radius);
	}
	if (improved)
		SetLimits(scanning, lane);
}

/*
 * Looks at the run of periods that exceeds each chord most, which is often the
 * best of all: then there is less to look at in detail.
 */
static bool
TryHighestRuns(Scanning *scanning, int lane, int first_chord, int end_chord, FmaWindow window, double radius)
{
	FmaScan    *scan = scanning->scan;
	bool		improved = false;

	for (int chord = first_chord; chord < end_chord; chord++)
	{
		const int32 *drops = scanning->drops + (Size) chord * scan->nperiods;
		int32		highest = scanning->limits[chord * FMA_LANES + lane],
					run = 0;
		int			start = 0;

		window.to = 0;
		for (int period = 0; highest != NO_LIMIT && period < scan->nperiods; period++)
		{
			if (run <= 0)
			{
				run = 0;
				start = period;
			}
			run += scanning->series[period * FMA_LANES + lane] - drops[period];
			if (run > highest && period - start < scan->max_periods)
			{
				highest = run;
				window.from = start;
				window.to = period + 1;
			}
		}
		if (window.to == 0)
			continue;
		window.failures = window.weight = 0;
		for (int period = window.from; period < window.to; period++)
		{
			window.failures += scanning->failures[period];
			window.weight += scanning->weights[period];
		}
		improved |= TakeWindow(scanning, lane, &window, radius);
	}
	if (improved)
		SetLimits(scanning, lane);
	return improved;
}

/* Looks at the circle in detail, in one lane */
static void
LookAtCircle(Scanning *scanning, int lane, int first_chord, int end_chord, FmaWindow window, double radius)
{
	FmaScan    *scan = scanning->scan;
	double		scale = ldexp(1.0, -scan->shift);

	for (int period = 0; period < scan->nperiods; period++)
	{
		scanning->failures[period] = scanning->series[period * FMA_LANES + lane] * scale;
		scanning->ends[period] = false;
	}
	while (TryHighestRuns(scanning, lane, first_chord, end_chord, window, radius))
		CHECK_FOR_INTERRUPTS();
	for (int chord = first_chord; chord < end_chord; chord++)
	{
		const int32 *drops = scanning->drops + (Size) chord * scan->nperiods;
		int32		limit = scanning->limits[chord * FMA_LANES + lane];
		int32		run = 0;

		for (int period = 0; limit != NO_LIMIT && period < scan->nperiods; period++)
		{
			run = Max(run, 0) + scanning->series[period * FMA_LANES + lane] - drops[period];
			scanning->ends[period] |= run > limit;
		}
	}
	for (int period = 0; period < scan->nperiods; period++)
		if (scanning->ends[period])
		{
			CHECK_FOR_INTERRUPTS();
			LookAtRuns(scanning, lane, period, first_chord, end_chord, window, radius);
		}
}

/* Looks at a circle that is complete */
static void
ScanCircle(Scanning *scanning, int centre, int nplaces, double radius)
{
	FmaScan    *scan = scanning->scan;
	FmaWindow	window = {.centre = centre,.nplaces = nplaces};
	uint32		lanes = 0;
	int			first_chord,
				end_chord = ChordsOfCircle(scanning, &first_chord);

	for (int chord = first_chord; chord < end_chord; chord++)
		if (AnyLimit(scanning, chord))
		{
			SetDrops(scanning, chord);
			lanes |= TestChord(scanning->series, scanning->drops + (Size) chord * scan->nperiods, scan->nperiods,
							   scanning->limits + chord * FMA_LANES);
		}
	for (int lane = 0; lanes != 0; lane++, lanes >>= 1)
		if (lanes & 1)
			LookAtCircle(scanning, lane, first_chord, end_chord, window, radius);
}

/* Room for the counts of FMA_LANES data sets, all 0, until the memory context ends; the caller has charged it */
int32 *
FmaAllocateLanes(const FmaScan *scan)
{
	Size		size = sizeof(int32) * FMA_LANES * scan->nplaces * scan->nperiods + sizeof(Vector);

	return (int32 *) TYPEALIGN(sizeof(Vector), palloc_extended(size, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO));
}

/* Room for what changes during a scan */
static void
StartScanning(Scanning *scanning)
{
	FmaScan    *scan = scanning->scan;
	Size		nperiods = scan->nperiods;

	scanning->radius = palloc0(sizeof(double) * FMA_LANES);
	scanning->series = palloc_extended(sizeof(int32) * FMA_LANES * nperiods + sizeof(Vector), MCXT_ALLOC_HUGE);
	scanning->series = (int32 *) TYPEALIGN(sizeof(Vector), scanning->series);
	scanning->weights = palloc_extended(sizeof(double) * nperiods, MCXT_ALLOC_HUGE);
	scanning->drops = palloc_extended(sizeof(int32) * scan->nchords * nperiods, MCXT_ALLOC_HUGE);
	scanning->limits = palloc(sizeof(int32) * FMA_MAX_CHORDS * FMA_LANES + sizeof(Vector));
	scanning->limits = (int32 *) TYPEALIGN(sizeof(Vector), scanning->limits);
	scanning->failures = palloc_extended(sizeof(double) * nperiods, MCXT_ALLOC_HUGE);
	scanning->ends = palloc_extended(sizeof(bool) * nperiods, MCXT_ALLOC_HUGE);
	for (int i = 0; i < FMA_MAX_CHORDS * FMA_LANES; i++)
		scanning->limits[i] = NO_LIMIT;
	memset(scanning->best, 0, sizeof(FmaWindow) * scanning->nlanes);
	for (int lane = 0; lane < scanning->nlanes; lane++)
		SetLimits(scanning, lane);
}

/*
 * Scans up to FMA_LANES data sets, each for its best window.  cells: counts
 * scaled by 2^shift, FMA_LANES of each cell, aligned as a Vector.  Circles with
 * an excluded place and windows with an excluded period are left out (NULL:
 * none).  break_ties: of windows that are as good, the one of the fewest places,
 * the smallest radius, the first centre, start and end is found; without it any.
 */
void
FmaScanLanes(FmaScan *scan, const int32 *cells, int nlanes, const bool *excluded_places,
			 const bool *excluded_periods, bool break_ties, FmaWindow *best)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "fma scan", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	Scanning	scanning = {.scan = scan,.nlanes = nlanes,.break_ties = break_ties,
	.excluded_periods = excluded_periods,.best = best};

	StartScanning(&scanning);
	for (int centre = 0; centre < scan->nplaces; centre++)
	{
		int64		first = scan->circles.first[centre];

		memset(scanning.series, 0, sizeof(int32) * FMA_LANES * scan->nperiods);
		memset(scanning.weights, 0, sizeof(double) * scan->nperiods);
		for (int64 i = first; i < scan->circles.first[centre + 1]; i++)
		{
			uint32		member = scan->circles.members[i];
			int			place = member & FMA_CIRCLE_PLACE;

			CHECK_FOR_INTERRUPTS();
			if (excluded_places != NULL && excluded_places[place])
				break;
			AddPlace(&scanning, cells, place);
			if ((member & FMA_CIRCLE_ENDS) && (break_ties || !(member & FMA_CIRCLE_REPEATS)))
				ScanCircle(&scanning, centre, i - first + 1,
						   break_ties && scan->x != NULL ? FmaArc(scan->x + 3 * centre, scan->x + 3 * place) : 0);
		}
	}
#ifdef FMA_ASSERTIONS
	FmaCheckScan(scan, cells, nlanes, excluded_places, excluded_periods, best);
#endif
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}

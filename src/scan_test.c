/*
 * scan_test.c
 *		Checks the scan against a look at every window; empty but in the test build.
 */
#include "scan.h"

#include "random.h"

#ifdef FMA_ASSERTIONS

#include "utils/builtins.h"

/* Scans of more windows are not checked */
#ifndef CHECKED_WINDOWS
#define CHECKED_WINDOWS 4000
#endif

PG_FUNCTION_INFO_V1(fma_test_philox);

/* fma_test_philox(key, stream, block) -> the first 64 bits of a block, in hexadecimal */
Datum
fma_test_philox(PG_FUNCTION_ARGS)
{
	FmaRandom	random;

	FmaRandomInit(&random, (uint64) PG_GETARG_INT64(0), (uint64) PG_GETARG_INT64(1));
	random.count = (uint64) PG_GETARG_INT64(2);

	uint64		first = FmaRandomBits(&random),
				second = FmaRandomBits(&random);

	PG_RETURN_TEXT_P(cstring_to_text(psprintf("%08x %08x %08x %08x", (uint32) first, (uint32) (first >> 32),
											  (uint32) second, (uint32) (second >> 32))));
}

/* The best likelihood ratio of the runs of periods of a circle, in one lane */
static double
BestRun(const FmaScan *scan, const double *failures, const double *weights, const bool *excluded_periods)
{
	double		best = 0;

	for (int from = 0; from < scan->nperiods; from++)
	{
		double		c = 0,
					w = 0;

		for (int to = from; to < scan->nperiods && to - from < scan->max_periods; to++)
		{
			if (excluded_periods != NULL && excluded_periods[to])
				break;
			c += failures[to];
			w += weights[to];
			best = Max(best, FmaScanLikelihood(scan, c, w));
		}
	}
	return best;
}

/* Whether a lane's best window is as good as the best one of all, each of which is looked at */
static bool
LaneIsRight(const FmaScan *scan, const int32 *cells, int lane, const bool *excluded_places,
			const bool *excluded_periods, double found)
{
	double	   *failures = palloc(sizeof(double) * scan->nperiods);
	double	   *weights = palloc(sizeof(double) * scan->nperiods);
	double		best = 0;

	for (int centre = 0; centre < scan->nplaces; centre++)
	{
		memset(failures, 0, sizeof(double) * scan->nperiods);
		memset(weights, 0, sizeof(double) * scan->nperiods);
		for (int64 i = scan->circles.first[centre]; i < scan->circles.first[centre + 1]; i++)
		{
			uint32		member = scan->circles.members[i];
			Size		cell = (Size) (member & FMA_CIRCLE_PLACE) * scan->nperiods;

			if (excluded_places != NULL && excluded_places[member & FMA_CIRCLE_PLACE])
				break;
			for (int period = 0; period < scan->nperiods; period++)
			{
				failures[period] += cells[(cell + period) * FMA_LANES + lane] >> scan->shift;
				weights[period] += scan->weights[cell + period];
			}
			if (member & FMA_CIRCLE_ENDS)
				best = Max(best, BestRun(scan, failures, weights, excluded_periods));
		}
	}
	pfree(failures);
	pfree(weights);
	return best == found;
}

/* Checks what FmaScanLanes has found, if there are few windows */
void
FmaCheckScan(const FmaScan *scan, const int32 *cells, int nlanes, const bool *excluded_places,
			 const bool *excluded_periods, const FmaWindow *best)
{
	if ((double) scan->circles.ncircles * scan->nperiods * scan->max_periods <= CHECKED_WINDOWS)
		for (int lane = 0; lane < nlanes; lane++)
			FmaAssert(LaneIsRight(scan, cells, lane, excluded_places, excluded_periods, best[lane].llr));
}

#endif							/* FMA_ASSERTIONS */

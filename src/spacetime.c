/*
 * spacetime.c
 *		fma_find_space_time: where and when does a model fail?
 */
#include "fma.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "arguments.h"
#include "circles.h"
#include "conditions.h"
#include "places.h"
#include "replicates.h"

PG_FUNCTION_INFO_V1(fma_find_space_time);

#define MOST_REPLICATES 99999
#define MOST_CLUSTERS 1000

/* A scan that is estimated to take longer than this says so */
#define LONG_SECONDS 10

/* What the parts of a scan take, roughly */
#define SECONDS_PER_CIRCLE_PERIOD 20e-9 /* and FMA_LANES replicates */
#define SECONDS_PER_CIRCLE 40e-9
#define SECONDS_PER_CELL 10e-9	/* and replicate */
#define SECONDS_PER_NEIGHBOUR 100e-9

/* A share of 0.29 of 100 is 29 */
#define ROUNDED_UP (1 + 1e-12)

/* Likelihood ratios of equal windows may differ by this part, from rounding */
#define SAME_LLR 1e-9

/* Euler's constant */
#define EULER_GAMMA 0.57721566490153286

typedef struct SpaceTime
{
	FmaPlaces  *places;
	FmaScan		scan;
	int32	   *lanes;			/* counts that are scanned */
	int			top;
	int			replicates;
	uint64		seed;
	double		max_row_share;
	double		max_time_share;

	int			nclusters;
	FmaWindow  *clusters;
	double	   *best;			/* of the replicates */
	double		mean;			/* of them */
	double		deviation;
} SpaceTime;

/* Says how long the scan will take, if that is long */
static void
SayCost(SpaceTime *space_time)
{
	FmaPlaces  *places = space_time->places;
	double		nplaces = places->nplaces,
				nperiods = places->periods.n;
	double		circles = nplaces * (1 + nplaces * space_time->max_row_share);
	double		blocks = ceil((double) space_time->replicates / FMA_LANES) + space_time->top;
	double		seconds = circles * SECONDS_PER_NEIGHBOUR +
		circles * blocks * (SECONDS_PER_CIRCLE + nperiods * SECONDS_PER_CIRCLE_PERIOD) +
		nplaces * nperiods * space_time->replicates * SECONDS_PER_CELL;

	if (seconds > LONG_SECONDS)
		ereport(NOTICE,
				(errmsg("the scan of %d places and %d periods with %d replicates will take about %.0f %s",
						places->nplaces, places->periods.n, space_time->replicates,
						seconds < 120 ? seconds : seconds / 60, seconds < 120 ? "seconds" : "minutes"),
				 errhint("Fewer replicates, longer periods, larger cells or a smaller max_row_share "
						 "make it shorter.")));
}

/* The circles of a scan; without space, or with one place, all rows are the only one */
static void
MakeCircles(SpaceTime *space_time)
{
	FmaPlaces  *places = space_time->places;
	FmaScan    *scan = &space_time->scan;
	double	   *x;
	int64	   *rows;

	if (places->nplaces == 1)
	{
		scan->circles.first = palloc0(2 * sizeof(int64));
		scan->circles.members = palloc0(sizeof(uint32));
		scan->circles.members[0] = FMA_CIRCLE_ENDS;
		scan->circles.first[1] = scan->circles.ncircles = 1;
		return;
	}
	FmaCharge(&places->budget, (3 * sizeof(double) + sizeof(int64)) * places->nplaces);
	x = palloc_extended(3 * sizeof(double) * places->nplaces, MCXT_ALLOC_HUGE);
	rows = palloc_extended(sizeof(int64) * places->nplaces, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int place = 0; place < places->nplaces; place++)
	{
		FmaPutOnSphere(places->longitude[place], places->latitude[place], x + 3 * (Size) place);
		for (int period = 0; period < places->periods.n; period++)
			rows[place] += places->cell_rows[(Size) place * places->periods.n + period];
	}
	scan->x = x;
	scan->circles = FmaMakeCircles(x, rows, places->nplaces, space_time->max_row_share * places->nrows * ROUNDED_UP,
									   &places->budget);
}

/* A place of a window's circle; the last one is the farthest */
static inline int
PlaceOf(const FmaScan *scan, const FmaWindow *window, int i)
{
	return scan->circles.members[scan->circles.first[window->centre] + i] & FMA_CIRCLE_PLACE;
}

/*
 * Finds the best window, then the best one of those that share no place with it,
 * and so on; where there is one place, those that share no period.
 */
static void
FindClusters(SpaceTime *space_time)
{
	FmaPlaces  *places = space_time->places;
	FmaScan    *scan = &space_time->scan;
	Size		ncells = (Size) scan->nplaces * scan->nperiods;
	int32	   *lanes = space_time->lanes;
	bool	   *excluded_places = palloc_extended(scan->nplaces, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	bool	   *excluded_periods = palloc_extended(scan->nperiods, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);

	for (Size cell = 0; cell < ncells; cell++)
		lanes[cell * FMA_LANES] = places->cell_failures[cell] << scan->shift;
	space_time->clusters = palloc(sizeof(FmaWindow) * space_time->top);
	while (space_time->nclusters < space_time->top)
	{
		FmaWindow  *window = &space_time->clusters[space_time->nclusters];

		FmaScanLanes(scan, lanes, 1, excluded_places, excluded_periods, true, window);
		if (window->llr <= 0)
			break;
		space_time->nclusters++;
		if (scan->nplaces == 1)
			memset(excluded_periods + window->from, true, window->to - window->from);
		else
			for (int i = 0; i < window->nplaces; i++)
				excluded_places[PlaceOf(scan, window, i)] = true;
	}
	memset(lanes, 0, sizeof(int32) * FMA_LANES * ncells);
}

/* Scans the replicates, for p */
static void
ScanReplicates(SpaceTime *space_time)
{
	int			n = space_time->replicates;
	double		square = 0;

	if (n == 0)
		return;
	space_time->best = palloc(sizeof(double) * n);
	FmaScanReplicates(&space_time->scan, space_time->lanes, n, space_time->seed, &space_time->places->budget,
					  space_time->best);
	for (int i = 0; i < n; i++)
		space_time->mean += space_time->best[i] / n;
	for (int i = 0; i < n; i++)
		square += (space_time->best[i] - space_time->mean) * (space_time->best[i] - space_time->mean);
	space_time->deviation = n > 1 ? sqrt(square / (n - 1)) : 0;
}

/* The share of data sets, this one among them, in which the best window is as good */
static double
MonteCarloP(const SpaceTime *space_time, double llr)
{
	int			as_good = 0;

	if (space_time->replicates == 0)
		return NAN;
	for (int i = 0; i < space_time->replicates; i++)
		as_good += space_time->best[i] >= llr * (1 - SAME_LLR);
	return (as_good + 1.0) / (space_time->replicates + 1.0);
}

/*
 * The same from a Gumbel distribution of the replicates' mean and deviation,
 * which has a tail beyond them (Abrams, Kulldorff, Kleinman 2010)
 */
static double
GumbelP(const SpaceTime *space_time, double llr)
{
	double		beta = space_time->deviation * sqrt(6) / M_PI;

	if (!(beta > 0))
		return NAN;
	return -expm1(-exp(-(llr - (space_time->mean - EULER_GAMMA * beta)) / beta));
}

static int
CompareInts(const void *a, const void *b)
{
	int			left = *(const int *) a,
				right = *(const int *) b;

	return left < right ? -1 : left > right;
}

static char *
PlaceName(FmaPlaces *places, int place)
{
	return FmaDictionaryText(&places->columns[FMA_PLACE_NAME]->dictionary, places->numbers[place]);
}

/* A coordinate's name in a predicate; numerics are compared as what they were taken for */
static const char *
CoordinateName(FmaPlaces *places, FmaPlaceColumn role, bool as_double)
{
	FmaColumn  *column = places->columns[role];
	const char *name = quote_identifier(column->name);

	if (column->base_type == NUMERICOID || (as_double && column->base_type != FLOAT8OID))
		return psprintf("%s::double precision", name);
	return name;
}

/* Appends one side of a box, unless it is the end of the world */
static void
AppendSide(StringInfo out, const char *name, const char *sign, double value, bool needed, bool *first)
{
	if (!needed)
		return;
	appendStringInfo(out, "%s%s %s '%s'", *first ? "" : " AND ", name, sign, FmaFloat8ToString(value));
	*first = false;
}

/* Appends that a row lies in one of some cells, which are in order: a box for each run in a band */
static void
AppendCells(StringInfo out, FmaPlaces *places, const int *members, int n)
{
	const char *longitude = CoordinateName(places, FMA_PLACE_LONGITUDE, true);
	const char *latitude = CoordinateName(places, FMA_PLACE_LATITUDE, true);
	FmaGrid    *grid = &places->grid;

	appendStringInfoChar(out, '(');
	for (int i = 0; i < n;)
	{
		uint64	   *cell = places->pairs.pairs + 2 * (Size) places->numbers[members[i]];
		int			band = cell[0],
					west = cell[1],
					east = west + 1;
		bool		first = true;

		appendStringInfoString(out, i > 0 ? " OR " : "");
		for (i++; i < n && members[i] == members[i - 1] + 1; i++)
		{
			/* Between neighbours in the order of the places there is no row. */
			uint64	   *next = places->pairs.pairs + 2 * (Size) places->numbers[members[i]];

			if ((int) next[0] != band)
				break;
			east = next[1] + 1;
		}
		AppendSide(out, latitude, ">=", FmaGridSouth(grid, band), band > 0, &first);
		AppendSide(out, latitude, "<", FmaGridSouth(grid, band + 1), band + 1 < grid->bands, &first);
		AppendSide(out, longitude, ">=", FmaGridWest(grid, band, west), west > 0, &first);
		AppendSide(out, longitude, "<", FmaGridWest(grid, band, east), east < FmaGridColumns(grid, band), &first);
	}
	appendStringInfoChar(out, ')');
}

/* Appends that a row lies in one of some places, which are in order */
static void
AppendPlaces(StringInfo out, FmaPlaces *places, const int *members, int n)
{
	if (places->columns[FMA_PLACE_NAME] != NULL)
	{
		const char **names = palloc(sizeof(char *) * n);

		for (int i = 0; i < n; i++)
			names[i] = PlaceName(places, members[i]);
		FmaValuesPredicate(out, places->columns[FMA_PLACE_NAME], names, n);
	}
	else if (places->gridded)
		AppendCells(out, places, members, n);
	else
	{
		appendStringInfo(out, "(%s, %s) IN (", CoordinateName(places, FMA_PLACE_LONGITUDE, false),
						 CoordinateName(places, FMA_PLACE_LATITUDE, false));
		for (int i = 0; i < n; i++)
			appendStringInfo(out, "%s('%s', '%s')", i > 0 ? ", " : "",
							 FmaFloat8ToString(places->longitude[members[i]]),
							 FmaFloat8ToString(places->latitude[members[i]]));
		appendStringInfoChar(out, ')');
	}
}

/* Appends that a row lies in a run of periods */
static void
AppendPeriods(StringInfo out, FmaPlaces *places, int from, int to)
{
	FmaColumn  *column = places->columns[FMA_PLACE_TIME];
	FmaFeature	feature = {.column = column,.part = FMA_PART_PERIOD};
	FmaCondition condition = {.kind = FMA_WITHIN};

	condition.from = OutputFunctionCall(&column->dictionary.output,
										FmaKeyValue(column->base_type, places->periods.edges[from]));
	condition.to = OutputFunctionCall(&column->dictionary.output,
									  FmaKeyValue(column->base_type, places->periods.edges[to]));
	if (out->len > 0)
		appendStringInfoString(out, " AND ");
	FmaConditionPredicate(out, NULL, &feature, &condition);
}

/* The rows of a window as SQL over the query's columns */
static char *
WindowPredicate(FmaPlaces *places, const FmaWindow *window, const int *members)
{
	StringInfoData out;

	initStringInfo(&out);
	if (places->columns[FMA_PLACE_LONGITUDE] != NULL)
		AppendPlaces(&out, places, members, window->nplaces);
	if (places->columns[FMA_PLACE_TIME] != NULL)
		AppendPeriods(&out, places, window->from, window->to);
	if (places->unlabelled)
		appendStringInfo(&out, " AND %s IS NOT NULL", quote_identifier(places->loss_name));
	for (FmaPlaceColumn role = 0; role < FMA_PLACE_COLUMNS; role++)
		if (places->nulls[role] && (role == FMA_PLACE_EXPECTED || places->columns[FMA_PLACE_NAME] != NULL) &&
			role != FMA_PLACE_NAME && role != FMA_PLACE_TIME)
			appendStringInfo(&out, " AND %s IS NOT NULL", quote_identifier(places->columns[role]->name));
	return out.data;
}

/* An edge of the periods as a timestamptz; what has no time zone is looked at in that of the scan */
static Datum
EdgeTime(FmaPlaces *places, int edge)
{
	Oid			type = places->columns[FMA_PLACE_TIME]->base_type;
	Datum		value = FmaKeyValue(type, places->periods.edges[edge]);

	if (type == TIMESTAMPTZOID)
		return value;
	if (type == DATEOID)
	{
		int			overflow;	/* then it is infinity */

		value = TimestampGetDatum(date2timestamp_opt_overflow(DatumGetDateADT(value), &overflow));
	}
	return DirectFunctionCall2(timestamp_zone, CStringGetTextDatum(places->options.timezone), value);
}

/* The distance of a window's farthest place from its centre */
static double
Radius(const FmaScan *scan, const FmaWindow *window)
{
	if (scan->x == NULL)
		return 0;
	return FMA_EARTH_KM * FmaArc(scan->x + 3 * (Size) window->centre,
								 scan->x + 3 * (Size) PlaceOf(scan, window, window->nplaces - 1));
}

/* Failures over those expected, inside a window over outside; NaN if there are none outside */
static double
RelativeRisk(double failures, double expected, double all)
{
	return failures < all ? failures / expected / ((all - failures) / (all - expected)) : NAN;
}

/* Puts a cluster into the result */
static void
PutCluster(FunctionCallInfo fcinfo, SpaceTime *space_time, int rank)
{
	FmaPlaces  *places = space_time->places;
	FmaScan    *scan = &space_time->scan;
	const FmaWindow *window = &space_time->clusters[rank];
	bool		in_space = places->columns[FMA_PLACE_LONGITUDE] != NULL,
				in_time = places->columns[FMA_PLACE_TIME] != NULL;
	int		   *members = palloc(sizeof(int) * window->nplaces);
	int64		rows = 0;
	double		expected = window->weight * (scan->failures / scan->weight);
	Datum		values[16];
	bool		nulls[16] = {false};
	int			i = 0;

	for (int j = 0; j < window->nplaces; j++)
	{
		members[j] = PlaceOf(scan, window, j);
		for (int period = window->from; period < window->to; period++)
			rows += places->cell_rows[(Size) members[j] * scan->nperiods + period];
	}
	qsort(members, window->nplaces, sizeof(int), CompareInts);

	values[i++] = Int64GetDatum(rank + 1);
	nulls[i] = places->columns[FMA_PLACE_NAME] == NULL;
	values[i] = nulls[i] ? (Datum) 0 : CStringGetTextDatum(PlaceName(places, window->centre));
	nulls[i + 1] = nulls[i + 2] = nulls[i + 3] = nulls[i + 4] = !in_space;
	i++;
	values[i++] = Float8GetDatum(in_space ? places->longitude[window->centre] : 0);
	values[i++] = Float8GetDatum(in_space ? places->latitude[window->centre] : 0);
	values[i++] = Float8GetDatum(Radius(scan, window));
	values[i++] = Int32GetDatum(window->nplaces);
	nulls[i] = nulls[i + 1] = !in_time;
	values[i++] = in_time ? EdgeTime(places, window->from) : (Datum) 0;
	values[i++] = in_time ? EdgeTime(places, window->to) : (Datum) 0;
	values[i++] = Int64GetDatum(rows);
	values[i++] = Int64GetDatum((int64) window->failures);
	values[i++] = Float8GetDatum(expected);
	values[i] = FmaFloat8OrNull(RelativeRisk(window->failures, expected, scan->failures), &nulls[i]), i++;
	values[i++] = Float8GetDatum(window->llr);
	values[i] = FmaFloat8OrNull(MonteCarloP(space_time, window->llr), &nulls[i]), i++;
	values[i] = FmaFloat8OrNull(GumbelP(space_time, window->llr), &nulls[i]), i++;
	values[i++] = CStringGetTextDatum(WindowPredicate(places, window, members));
	FmaAssert(i == lengthof(values));
	FmaPutRow(fcinfo, values, nulls);
}

/* Whether there is something to compare; if not, says so */
static bool
CanScan(FmaPlaces *places)
{
	if (places->failures == 0)
		ereport(NOTICE, (errmsg("no row failed")));
	else if (places->failures == places->nrows)
		ereport(NOTICE, (errmsg("every row failed")));
	else if (places->nplaces == 1 && places->periods.n == 1)
		ereport(NOTICE, (errmsg("there is one place and one period, and nothing to compare them with")));
	else
		return true;
	return false;
}

/* Scans what was gathered */
static void
ScanPlaces(SpaceTime *space_time)
{
	FmaPlaces  *places = space_time->places;
	FmaScan    *scan = &space_time->scan;

	SayCost(space_time);
	scan->nplaces = places->nplaces;
	scan->nperiods = places->periods.n;
	scan->max_periods = Max(1, (int) floor(space_time->max_time_share * scan->nperiods * ROUNDED_UP));
	scan->poisson = places->poisson;
	scan->weights = places->weights;
	scan->weight = places->weight;
	scan->failures = places->failures;
	MakeCircles(space_time);
	if (scan->circles.ncircles == 0)
	{
		ereport(NOTICE, (errmsg("all places lie at one point, and there is nothing to compare them with")));
		return;
	}
	FmaPrepareScan(scan);
	FmaCharge(&places->budget, sizeof(int32) * FMA_LANES * (Size) scan->nplaces * scan->nperiods);
	space_time->lanes = FmaAllocateLanes(scan);
	FindClusters(space_time);
	if (space_time->nclusters > 0)
		ScanReplicates(space_time);
}

/* A share that is above 0 */
static double
ShareArg(FunctionCallInfo fcinfo, int argno, const char *name)
{
	double		share = FmaCheckUnit(name, FmaNumberArg(fcinfo, argno, name));

	if (share == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be above 0", name)));
	return share;
}

/* The size of cells: NaN if it is to be chosen, 0 for no cells */
static double
CellArg(FunctionCallInfo fcinfo, int argno)
{
	double		km;

	if (PG_ARGISNULL(argno))
		return NAN;
	km = FmaNumberArg(fcinfo, argno, "cell_km");
	if (km != 0 && !(km >= FMA_LEAST_CELL_KM && km <= FMA_MOST_CELL_KM))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cell_km must be between %s and %s, or 0", FmaFloat8ToString(FMA_LEAST_CELL_KM),
						FmaFloat8ToString(FMA_MOST_CELL_KM)),
				 errdetail("cell_km is %s.", FmaFloat8ToString(km)),
				 errhint("0 makes every point a place.")));
	return km;
}

/*
 * fma_find_space_time(query, period, max_row_share, max_time_share,
 * replicates, seed, top, cell_km, timezone): the clusters of failures in space
 * and time by the scan statistic (Kulldorff 1997; Kulldorff et al. 1998), each with its
 * Monte Carlo p.  doc/spacetime.md has the definitions.
 */
Datum
fma_find_space_time(PG_FUNCTION_ARGS)
{
	FmaPlacesOptions options;
	SpaceTime	space_time = {0};
	MemoryContext context,
				caller;
	int			nest_level;

	InitMaterializedSRF(fcinfo, 0);
	context = AllocSetContextCreate(CurrentMemoryContext, "fma search", ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(context);
	options.period = PG_ARGISNULL(1) ? -1 : FmaChoose("period", FmaTextArg(fcinfo, 1), FmaPeriodLengthNames);
	space_time.max_row_share = ShareArg(fcinfo, 2, "max_row_share");
	space_time.max_time_share = ShareArg(fcinfo, 3, "max_time_share");
	space_time.replicates = FmaIntegerArg(fcinfo, 4, "replicates", 0, MOST_REPLICATES);
	space_time.seed = (uint64) FmaIntegerArg(fcinfo, 5, "seed", PG_INT64_MIN, PG_INT64_MAX);
	space_time.top = FmaIntegerArg(fcinfo, 6, "top", 1, MOST_CLUSTERS);
	options.cell_km = CellArg(fcinfo, 7);
	options.timezone = FmaTimezoneArg(fcinfo, 8);
	space_time.places = FmaGatherPlaces(FmaWordArg(fcinfo, 0, "query"), &options);
	if (space_time.places->nrows > 0)
	{
		FmaGatherCells(space_time.places);
		if (CanScan(space_time.places))
			ScanPlaces(&space_time);
	}
	nest_level = FmaFixLiterals();
	for (int i = 0; i < space_time.nclusters; i++)
		PutCluster(fcinfo, &space_time, i);
	AtEOXact_GUC(true, nest_level);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	return (Datum) 0;
}

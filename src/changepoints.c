/*
 * changepoints.c
 *		When did a model begin to fail more, or less?
 *
 * The rows of a query are counted by period; segments.c cuts the series.
 */
#include "fma.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "arguments.h"
#include "chunks.h"
#include "conditions.h"
#include "losses.h"
#include "period.h"
#include "query.h"
#include "segments.h"
#include "sums.h"

/* Periods are days unless the times span no more hours, or more days, than this */
#define MOST_HOURS 48
#define MOST_DEFAULT_PERIODS 400

/* An asked-for length may make this many */
#define MOST_PERIODS 1000000

#define MOST_REPLICATES 1000000
#define LEVEL 0.95

PG_FUNCTION_INFO_V1(fma_find_changepoints);

/* The rows of the query: losses, and times as keys */
typedef struct TimedRows
{
	FmaRowReader reader;
	FmaBudget	budget;
	MemoryContext context;
	FmaCalendar calendar;
	Oid			loss_type;
	char	   *loss_name;
	char	   *time_name;
	bool		rate;			/* the loss is boolean */
	bool		unlabelled;		/* rows were left out, since the loss is NULL */
	int64		nrows;
	uint64		first,			/* keys */
				last;
	FmaChunks	losses;
	FmaChunks	times;
} TimedRows;

/* The rows of a period */
typedef struct PeriodSums
{
	int64		n;
	int64		failures;
	FmaWideSum	sum;			/* of a real loss */
	FmaWideSum	squares;
} PeriodSums;

/* A level, which is a rate or a mean loss, and what it is known from */
typedef struct Level
{
	int64		n;
	double		failures;
	double		level;
	FmaInterval interval;
} Level;

/* What is cut, and how to show it */
typedef struct Timeline
{
	TimedRows  *rows;
	FmaPeriods	periods;
	int			n;				/* periods with rows */
	int		   *place;			/* of those, in periods */
	FmaSeries	series;
	double		mean;			/* of the loss of all rows */
	double		unit;			/* series.loss is (loss - mean) / unit of a real loss */
} Timeline;

/* The query's columns are known: a loss and a time */
static void
Start(FmaRowReader *reader, TupleDesc columns)
{
	TimedRows  *rows = (TimedRows *) reader;
	MemoryContext caller = MemoryContextSwitchTo(rows->context);
	Form_pg_attribute loss,
				time;

	if (columns->natts != 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the query must have two columns: a loss and a time"),
				 errdetail("It has %d column(s).", columns->natts)));
	loss = TupleDescAttr(columns, 0);
	time = TupleDescAttr(columns, 1);
	FmaCheckLossType(loss, false);
	rows->calendar.type = getBaseType(time->atttypid);
	if (!FmaCalendarHasPeriods(rows->calendar.type))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" cannot be a time", NameStr(time->attname)),
				 errdetail("It has type %s.", format_type_be(time->atttypid)),
				 errhint("The query's second column must be a date or a timestamp; to_timestamp(seconds) makes one.")));
	if (strcmp(NameStr(loss->attname), NameStr(time->attname)) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_COLUMN),
				 errmsg("the query has two columns named \"%s\"", NameStr(time->attname)),
				 errhint("Give each column a name of its own, with AS.")));
	rows->loss_type = getBaseType(loss->atttypid);
	rows->rate = rows->loss_type == BOOLOID;
	rows->loss_name = pstrdup(NameStr(loss->attname));
	rows->time_name = pstrdup(NameStr(time->attname));
	FmaChunksInit(&rows->losses, rows->rate ? 1 : sizeof(double), false);
	FmaChunksInit(&rows->times, sizeof(uint64), false);
	MemoryContextSwitchTo(caller);
}

/* Takes in one row of the query; one without a loss or a time is left out */
static void
Row(FmaRowReader *reader, TupleTableSlot *slot)
{
	TimedRows  *rows = (TimedRows *) reader;
	int64		row = rows->nrows;
	double		loss;
	uint64		key;

	slot_getallattrs(slot);
	rows->unlabelled |= slot->tts_isnull[0];
	if (slot->tts_isnull[0] || slot->tts_isnull[1])
		return;
	loss = FmaReadLoss(rows->loss_type, rows->loss_name, slot->tts_values[0]);
	key = FmaKeyOf(rows->calendar.type, slot->tts_values[1]);
	if (rows->calendar.type == DATEOID ? DATE_NOT_FINITE(DatumGetDateADT(slot->tts_values[1])) :
		TIMESTAMP_NOT_FINITE(DatumGetTimestamp(slot->tts_values[1])))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("the time \"%s\" must be finite", rows->time_name),
				 errdetail("It is %s.", key >> 63 ? "infinity" : "-infinity"),
				 errhint("Leave such rows out with WHERE isfinite(%s).", quote_identifier(rows->time_name))));
	if (rows->rate)
		FmaChunkFor(&rows->losses, &rows->budget, row)[row % FMA_CHUNK_ROWS] = loss != 0;
	else
		((double *) FmaChunkFor(&rows->losses, &rows->budget, row))[row % FMA_CHUNK_ROWS] = loss;
	((uint64 *) FmaChunkFor(&rows->times, &rows->budget, row))[row % FMA_CHUNK_ROWS] = key;
	rows->first = row == 0 ? key : Min(rows->first, key);
	rows->last = row == 0 ? key : Max(rows->last, key);
	rows->budget.rows = ++rows->nrows;
}

/* Divides the span of the rows into periods: of the length asked for (0: none), or of a fitting one */
static void
MakePeriods(const TimedRows *rows, int asked, FmaPeriods *periods)
{
	FmaPeriodLength shortest = FmaShortestPeriod(rows->calendar.type);
	FmaPeriodLength length = asked - 1;

	if (asked == 0)
	{
		for (length = shortest; length <= FMA_PERIOD_YEAR; length++)
			if (FmaMakePeriods(&rows->calendar, length, rows->first, rows->last,
							   length == FMA_PERIOD_HOUR ? MOST_HOURS :
							   length == FMA_PERIOD_YEAR ? MOST_PERIODS : MOST_DEFAULT_PERIODS, periods))
				return;
		length = FMA_PERIOD_YEAR;
	}
	else if (length < shortest)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a date has no %s", FmaPeriodLengthNames[length]),
				 errhint("Use a timestamp, or periods of a day or longer.")));
	if (!FmaMakePeriods(&rows->calendar, length, rows->first, rows->last, MOST_PERIODS, periods))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the times span more than %d periods", MOST_PERIODS),
				 errdetail("The length of a period is %s.", FmaPeriodLengthNames[length]),
				 errhint("Use longer periods, or leave out times that cannot be right.")));
}

/* Adds up the rows of every period */
static PeriodSums *
SumPeriods(TimedRows *rows, const FmaPeriods *periods)
{
	PeriodSums *sums;
	int			i = 0;

	FmaCharge(&rows->budget, (sizeof(PeriodSums) + sizeof(*periods->edges) + sizeof(*periods->numbers)) * periods->n);
	sums = palloc_extended(sizeof(PeriodSums) * periods->n, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int64 row = 0; row < rows->nrows; row++)
	{
		char	   *losses = rows->losses.chunks[row / FMA_CHUNK_ROWS];
		uint64		key = ((uint64 *) rows->times.chunks[row / FMA_CHUNK_ROWS])[row % FMA_CHUNK_ROWS];

		if (row % FMA_CHUNK_ROWS == 0)
			CHECK_FOR_INTERRUPTS();
		if (key < periods->edges[i] || key >= periods->edges[i + 1])
			i = FmaFindPeriod(periods, key);
		sums[i].n++;
		if (rows->rate)
			sums[i].failures += losses[row % FMA_CHUNK_ROWS];
		else
		{
			double		loss = ((double *) losses)[row % FMA_CHUNK_ROWS];

			FmaWideAdd(&sums[i].sum, loss);
			FmaWideAddProduct(&sums[i].squares, loss, loss);
		}
	}
	return sums;
}

/*
 * The mean of a real loss, and the deviation of a row within its period; where
 * periods have too few rows, or all the same loss, the largest distance of a
 * period's mean from that of all.  Returns whether the rows say how much they vary.
 */
static bool
ScaleLosses(Timeline *timeline, const PeriodSums *sums)
{
	FmaWideSum	all = {{0}};
	FmaSum		squares = {0, 0};
	double		freedom = 0;

	for (int i = 0; i < timeline->n; i++)
	{
		const PeriodSums *period = &sums[timeline->place[i]];

		FmaWideAddSum(&all, &period->sum);
		FmaSumAdd(&squares, FmaWideVariation(period->n, &period->sum, &period->squares) / period->n);
		freedom += period->n - 1;
	}
	timeline->mean = FmaWideValue(&all) / timeline->rows->nrows;
	if (freedom >= timeline->n && FmaSumValue(squares) > 0)
	{
		timeline->unit = sqrt(FmaSumValue(squares) / freedom);
		return true;
	}
	timeline->unit = 0;
	for (int i = 0; i < timeline->n; i++)
		timeline->unit = Max(timeline->unit, fabs(FmaWideValue(&sums[timeline->place[i]].sum) / sums[timeline->place[i]].n - timeline->mean));
	return false;
}

/* The periods with rows as a series.  Returns false if no cut could be seen in it. */
static bool
MakeSeries(Timeline *timeline, const PeriodSums *sums)
{
	TimedRows  *rows = timeline->rows;
	FmaSeries  *series = &timeline->series;
	bool		explained = true;

	FmaCharge(&rows->budget, (sizeof(int) + 2 * sizeof(double)) * (timeline->periods.n + 1));
	timeline->place = palloc_extended(sizeof(int) * (timeline->periods.n + 1), MCXT_ALLOC_HUGE);
	series->rows = palloc_extended(sizeof(double) * (timeline->periods.n + 1), MCXT_ALLOC_HUGE);
	series->loss = palloc_extended(sizeof(double) * (timeline->periods.n + 1), MCXT_ALLOC_HUGE);
	for (int i = 0; i < timeline->periods.n; i++)
		if (sums[i].n > 0)
			timeline->place[timeline->n++] = i;
	if (!rows->rate)
		explained = ScaleLosses(timeline, sums);
	series->n = timeline->n;
	series->rate = rows->rate;
	series->rows[0] = series->loss[0] = 0;
	for (int i = 0; i < timeline->n; i++)
	{
		const PeriodSums *period = &sums[timeline->place[i]];
		double		loss = period->failures;

		if (!rows->rate)
		{
			FmaWideSum	excess = period->sum;

			FmaWideAddProduct(&excess, -timeline->mean, period->n);
			loss = timeline->unit > 0 ? FmaWideValue(&excess) / timeline->unit : 0;
		}
		series->rows[i + 1] = series->rows[i] + period->n;
		series->loss[i + 1] = series->loss[i] + loss;
	}
	series->dispersion = FmaSeriesDispersion(series, explained);
	return series->dispersion > 0;
}

/* The level of the periods from "from" to before "to" */
static Level
LevelOf(const Timeline *timeline, int from, int to)
{
	const FmaSeries *series = &timeline->series;
	Level		level;
	double		n = series->rows[to] - series->rows[from],
				loss = series->loss[to] - series->loss[from];

	level.n = (int64) n;
	level.failures = loss;
	if (series->rate)
	{
		level.level = loss / n;
		level.interval = FmaWilson(loss / series->dispersion, n / series->dispersion, LEVEL);
	}
	else
	{
		double		half = -FmaNormalQuantile(0.5 * (1 - LEVEL)) * timeline->unit * sqrt(series->dispersion / n);

		level.level = timeline->mean + timeline->unit * (loss / n);
		level.interval.low = level.level - half;
		level.interval.high = level.level + half;
	}
	return level;
}

/* An edge of the periods as a timestamp with time zone */
static Datum
EdgeTime(const Timeline *timeline, int edge)
{
	const FmaCalendar *calendar = &timeline->rows->calendar;
	Datum		time = FmaKeyValue(calendar->type, timeline->periods.edges[edge]);

	if (calendar->type == DATEOID)
		time = DirectFunctionCall1(date_timestamp, time);
	if (calendar->type != TIMESTAMPTZOID)
		time = DirectFunctionCall2(timestamp_zone, CStringGetTextDatum(calendar->timezone), time);
	return time;
}

/* An edge of the periods as a literal of the column's type */
static char *
EdgeLiteral(const Timeline *timeline, int edge)
{
	Oid			output;
	bool		varlena;

	getTypeOutputInfo(timeline->rows->calendar.type, &output, &varlena);
	return quote_literal_cstr(OidOutputFunctionCall(output, FmaKeyValue(timeline->rows->calendar.type,
																		 timeline->periods.edges[edge])));
}

/* The rows between two edges, as SQL over the query's columns */
static Datum
SpanPredicate(const Timeline *timeline, int from, int to)
{
	const TimedRows *rows = timeline->rows;
	const char *name = quote_identifier(rows->time_name);
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "%s >= %s AND %s < %s", name, EdgeLiteral(timeline, from), name, EdgeLiteral(timeline, to));
	if (rows->unlabelled)
		appendStringInfo(&sql, " AND %s IS NOT NULL", quote_identifier(rows->loss_name));
	return CStringGetTextDatum(sql.data);
}

/* Puts a level into four or five columns of the result */
static int
PutLevel(const Timeline *timeline, const Level *level, Datum *values, bool *nulls)
{
	int			i = 0;

	values[i++] = Int64GetDatum(level->n);
	nulls[i] = !timeline->series.rate;
	values[i++] = Int64GetDatum((int64) level->failures);
	values[i++] = Float8GetDatum(level->level);
	values[i++] = Float8GetDatum(level->interval.low);
	values[i++] = Float8GetDatum(level->interval.high);
	return i;
}

/* A change: its cut, and the segments on both sides */
typedef struct Change
{
	int			from,
				cut,
				to;
	double		evidence;
	int			rank;
	double		p;
} Change;

/* Puts a change into the result */
static void
PutChange(FunctionCallInfo fcinfo, const Timeline *timeline, const Change *change)
{
	Datum		values[20];
	bool		nulls[20] = {false};
	const int  *place = timeline->place;
	Level		before = LevelOf(timeline, change->from, change->cut),
				after = LevelOf(timeline, change->cut, change->to);
	int			end = place[change->to - 1] + 1;
	int			i = 0;

	values[i++] = Int64GetDatum(change->rank);
	values[i++] = EdgeTime(timeline, place[change->cut]);
	values[i++] = CStringGetTextDatum(FmaPeriodLengthNames[timeline->periods.length]);
	values[i++] = EdgeTime(timeline, place[change->from]);
	values[i++] = EdgeTime(timeline, end);
	i += PutLevel(timeline, &before, &values[i], &nulls[i]);
	i += PutLevel(timeline, &after, &values[i], &nulls[i]);
	values[i++] = Float8GetDatum(after.level - before.level);
	values[i++] = Float8GetDatum(timeline->series.dispersion);
	values[i++] = Float8GetDatum(change->evidence);
	values[i] = FmaFloat8OrNull(change->p, &nulls[i]), i++;
	values[i++] = SpanPredicate(timeline, place[change->cut], end);
	FmaAssert(i == lengthof(values));
	FmaPutRow(fcinfo, values, nulls);
}

/* What the arguments ask of the cuts */
typedef struct CutOptions
{
	double		penalty;
	int			shortest;
	int			replicates;
	uint64		seed;
} CutOptions;

/* By falling evidence; of equals the first one first */
static int
CompareChanges(const void *a, const void *b)
{
	const Change *left = *(Change *const *) a,
			   *right = *(Change *const *) b;

	if (left->evidence != right->evidence)
		return left->evidence > right->evidence ? -1 : 1;
	return left->cut - right->cut;
}

/* Cuts the series and puts out its changes */
static void
PutChanges(FunctionCallInfo fcinfo, const Timeline *timeline, const CutOptions *options)
{
	const FmaSeries *series = &timeline->series;
	FmaBudget  *budget = &timeline->rows->budget;
	int			n;
	int		   *cuts = FmaCutSeries(series, options->penalty * log(series->n), options->shortest, budget, &n);
	Size		size = (sizeof(Change) + sizeof(Change *)) * Max(n, 1);
	Change	   *changes,
			  **ranked;
	int			nest_level;

	FmaCharge(budget, size);
	changes = palloc_extended(sizeof(Change) * Max(n, 1), MCXT_ALLOC_HUGE);
	ranked = palloc_extended(sizeof(Change *) * Max(n, 1), MCXT_ALLOC_HUGE);

	for (int i = 0; i < n; i++)
	{
		Change	   *change = &changes[i];

		change->cut = cuts[i];
		change->from = i == 0 ? 0 : cuts[i - 1];
		change->to = i == n - 1 ? series->n : cuts[i + 1];
		change->evidence = FmaSplitEvidence(series, change->from, change->cut, change->to);
		change->p = FmaCutP(series, change->from, change->cut, change->to, options->shortest,
							options->replicates, options->seed, budget);
		ranked[i] = change;
	}
	qsort(ranked, n, sizeof(Change *), CompareChanges);
	for (int i = 0; i < n; i++)
		ranked[i]->rank = i + 1;
	nest_level = FmaFixLiterals();
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		PutChange(fcinfo, timeline, &changes[i]);
	}
	AtEOXact_GUC(true, nest_level);
}

/*
 * fma_find_changepoints(query, period, penalty, min_periods, replicates, seed,
 * timezone): when the level of a loss changed.  doc/changepoints.md has the
 * definitions.
 */
Datum
fma_find_changepoints(PG_FUNCTION_ARGS)
{
	static const char *const periods[] = {"auto", "hour", "day", "week", "month", "quarter", "year", NULL};
	MemoryContext context,
				caller;
	TimedRows  *rows;
	Timeline	timeline = {0};
	CutOptions	options;
	int			period;

	InitMaterializedSRF(fcinfo, 0);
	context = AllocSetContextCreate(CurrentMemoryContext, "fma search", ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(context);
	period = FmaChoose("period", FmaWordArg(fcinfo, 1, "period"), periods);
	options.penalty = FmaNumberArg(fcinfo, 2, "penalty");
	if (options.penalty < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("penalty must not be negative"),
				 errdetail("penalty is %s.", FmaFloat8ToString(options.penalty))));
	options.shortest = FmaIntegerArg(fcinfo, 3, "min_periods", 1, MOST_PERIODS);
	options.replicates = FmaIntegerArg(fcinfo, 4, "replicates", 0, MOST_REPLICATES);
	options.seed = FmaIntegerArg(fcinfo, 5, "seed", PG_INT64_MIN, PG_INT64_MAX);
	rows = palloc0(sizeof(TimedRows));
	rows->reader.start = Start;
	rows->reader.row = Row;
	rows->budget.limit = FmaSearchMemory();
	rows->context = context;
	rows->calendar.timezone = FmaTimezoneArg(fcinfo, 6);
	FmaReadQuery(FmaWordArg(fcinfo, 0, "query"), &rows->reader);

	if (rows->nrows == 0)
		ereport(NOTICE,
				(errmsg("the query returned no row with a loss and a time")));
	else
	{
		timeline.rows = rows;
		MakePeriods(rows, period, &timeline.periods);
		if (MakeSeries(&timeline, SumPeriods(rows, &timeline.periods)))
			PutChanges(fcinfo, &timeline, &options);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	return (Datum) 0;
}

/*
 * calendar.c
 *		Conditions of times: hour of day, day of week, month, and consecutive
 *		periods.
 *
 * A timestamp with time zone is looked at in a stated zone, through the
 * server's own AT TIME ZONE, since the predicates use that as well.
 */
#include "encode.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#define CODE_NONE (FMA_MAX_CODES - 1)
#define MONTHS_IN_QUARTER 3
#define QUARTERS_IN_YEAR 4
#define DAYS_IN_WEEK 7

/* Added to years, so that periods before Christ have positive numbers as well */
#define YEAR_BASE 4800
#define SIGN_BIT (UINT64CONST(1) << 63)

static const char *const weekday_names[] = {
	"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"
};

static const char *const month_names[] = {
	"January", "February", "March", "April", "May", "June",
	"July", "August", "September", "October", "November", "December"
};

/* Lengths of consecutive periods, the shortest first */
typedef enum Period
{
	PERIOD_HOUR,
	PERIOD_DAY,
	PERIOD_WEEK,
	PERIOD_MONTH,
	PERIOD_QUARTER,
	PERIOD_YEAR,
	NPERIODS
} Period;

/* A local date and hour; a date has no hour, a time no date */
typedef struct Clock
{
	bool		known;			/* neither NULL nor infinite */
	int64		day;			/* Julian */
	int			hour;
} Clock;

/* Reads the clock at a key, as the calendar of its column shows it */
static Clock
ReadClock(FmaEncoding *encoding, FmaColumn *column, bool isnull, uint64 key)
{
	Clock		clock = {false, 0, 0};
	int64		value = (int64) (key ^ SIGN_BIT);

	if (isnull)
		return clock;
	switch (column->base_type)
	{
		case DATEOID:
			if (DATE_NOT_FINITE(value))
				return clock;
			clock.day = value + POSTGRES_EPOCH_JDATE;
			break;
		case TIMEOID:
			clock.hour = value / USECS_PER_HOUR;
			break;
		default:
			if (TIMESTAMP_NOT_FINITE(value))
				return clock;
			if (column->base_type == TIMESTAMPTZOID)
				value = DatumGetTimestamp(DirectFunctionCall2(timestamptz_zone,
															  CStringGetTextDatum(encoding->options.timezone),
															  TimestampTzGetDatum(value)));
			clock.day = value / USECS_PER_DAY;
			if (value % USECS_PER_DAY < 0)
				clock.day--;
			clock.hour = (value - clock.day * USECS_PER_DAY) / USECS_PER_HOUR;
			clock.day += POSTGRES_EPOCH_JDATE;
			break;
	}
	clock.known = true;
	return clock;
}

static int
MonthOf(int64 day, int *year)
{
	int			month,
				month_day;

	j2date((int) day, year, &month, &month_day);
	return month;
}

/* The number of the period of a clock; consecutive periods have consecutive numbers */
static int64
PeriodNumber(Period period, Clock clock)
{
	int			year,
				month = MonthOf(clock.day, &year);

	switch (period)
	{
		case PERIOD_HOUR:
			return clock.day * HOURS_PER_DAY + clock.hour;
		case PERIOD_DAY:
			return clock.day;
		case PERIOD_WEEK:
			return clock.day / DAYS_IN_WEEK;	/* Julian day 0 was a Monday */
		case PERIOD_MONTH:
			return (int64) (year + YEAR_BASE) * MONTHS_PER_YEAR + month - 1;
		case PERIOD_QUARTER:
			return ((int64) (year + YEAR_BASE) * MONTHS_PER_YEAR + month - 1) / MONTHS_IN_QUARTER;
		default:
			return year + YEAR_BASE;
	}
}

/*
 * When a period starts, as the key of a timestamp or a date.  One that starts
 * before the calendar does starts with it; what ends it at the other end is infinity.
 */
static uint64
PeriodStart(FmaEncoding *encoding, FmaColumn *column, Period period, int64 number)
{
	int64		day,
				hour = 0;
	int64		months = 0;
	int64		value;

	switch (period)
	{
		case PERIOD_HOUR:
			day = number / HOURS_PER_DAY;
			hour = number % HOURS_PER_DAY;
			break;
		case PERIOD_DAY:
			day = number;
			break;
		case PERIOD_WEEK:
			day = number * DAYS_IN_WEEK;
			break;
		default:
			months = number * (period == PERIOD_MONTH ? 1 : period == PERIOD_QUARTER ? MONTHS_IN_QUARTER : MONTHS_PER_YEAR);
			day = date2j(months / MONTHS_PER_YEAR - YEAR_BASE, months % MONTHS_PER_YEAR + 1, 1);
			break;
	}
	if (column->base_type == DATEOID)
	{
		day = day >= DATE_END_JULIAN ? DATEVAL_NOEND : Max(day, DATETIME_MIN_JULIAN) - POSTGRES_EPOCH_JDATE;
		return (uint64) day ^ SIGN_BIT;
	}
	day = Max(day, DATETIME_MIN_JULIAN) - POSTGRES_EPOCH_JDATE;
	value = day * USECS_PER_DAY + hour * USECS_PER_HOUR;
	if (value >= END_TIMESTAMP)
		value = DT_NOEND;
	else if (column->base_type == TIMESTAMPTZOID)
		value = DatumGetTimestampTz(DirectFunctionCall2(timestamp_zone,
														CStringGetTextDatum(encoding->options.timezone),
														TimestampGetDatum(value)));
	return (uint64) value ^ SIGN_BIT;
}

/* How a person names a period */
static const char *
PeriodName(Period period, int64 number)
{
	int			year,
				month,
				day;
	int64		julian = period == PERIOD_WEEK ? number * DAYS_IN_WEEK :
		period == PERIOD_HOUR ? number / HOURS_PER_DAY : number;

	switch (period)
	{
		case PERIOD_MONTH:
			return psprintf("in " INT64_FORMAT "-%02d", number / MONTHS_PER_YEAR - YEAR_BASE,
							(int) (number % MONTHS_PER_YEAR) + 1);
		case PERIOD_QUARTER:
			return psprintf("in " INT64_FORMAT " quarter %d", number / QUARTERS_IN_YEAR - YEAR_BASE,
							(int) (number % QUARTERS_IN_YEAR) + 1);
		case PERIOD_YEAR:
			return psprintf("in " INT64_FORMAT, number - YEAR_BASE);
		default:
			break;
	}
	j2date((int) julian, &year, &month, &day);
	if (period == PERIOD_HOUR)
		return psprintf("in the hour of %04d-%02d-%02d %02d:00", year, month, day, (int) (number % HOURS_PER_DAY));
	return psprintf("%s %04d-%02d-%02d", period == PERIOD_WEEK ? "in the week of" : "on", year, month, day);
}

/* Which code a part of the calendar gives a clock, or CODE_NONE */
typedef struct PartMap
{
	FmaEncoding *encoding;
	FmaColumn  *column;
	FmaPart		part;
	int			null_code;
	int			codes[32];		/* of an hour, a weekday, a month */
	int			nedges;			/* of periods */
	uint64		edges[FMA_MAX_VALUES + 1];
} PartMap;

/* Which hour, weekday (from 0 on Monday) or month (from 0) it is */
static int
PartOf(FmaPart part, Clock clock)
{
	int			year;

	switch (part)
	{
		case FMA_PART_HOUR:
			return clock.hour;
		case FMA_PART_WEEKDAY:
			return clock.day % DAYS_IN_WEEK;
		default:
			return MonthOf(clock.day, &year) - 1;
	}
}

static uint8
CodeOfKey(void *argument, bool isnull, uint64 key)
{
	PartMap    *map = argument;
	Clock		clock;
	int			low = 0,
				high = map->nedges;

	if (isnull)
		return map->null_code;
	if (map->part != FMA_PART_PERIOD)
	{
		clock = ReadClock(map->encoding, map->column, isnull, key);
		return clock.known ? map->codes[PartOf(map->part, clock)] : CODE_NONE;
	}
	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (key >= map->edges[middle])
			low = middle + 1;
		else
			high = middle;
	}
	return low == 0 || low == map->nedges ? CODE_NONE : low - 1;
}

/* Fills the codes of a feature, through the column's distinct values if they are numbered */
static void
CodeRows(FmaEncoding *encoding, FmaFeature *feature, PartMap *map)
{
	FmaColumn  *column = map->column;

	feature->ncodes = FMA_MAX_CODES;
	if (column->wide)
		FmaMapKeys(encoding, feature, CodeOfKey, map);
	else
	{
		uint8	   *numbers = palloc(column->dictionary.nvalues + 1);

		numbers[0] = map->null_code;
		for (uint32 i = 0; i < column->dictionary.nvalues; i++)
			numbers[i + 1] = CodeOfKey(map, false, (uint64) column->dictionary.values[i]);
		FmaMapNumbers(encoding, feature, numbers);
		pfree(numbers);
	}
}

/* What the times of a column have in common */
typedef struct Span
{
	bool		any;
	bool		nulls;
	uint64		first;			/* finite keys */
	uint64		last;
	bool		hours[32];
	bool		weekdays[32];
	bool		months[32];
} Span;

static void
LookAt(FmaEncoding *encoding, FmaColumn *column, Span *span, bool isnull, uint64 key)
{
	Clock		clock = ReadClock(encoding, column, isnull, key);

	span->nulls |= isnull;
	if (!clock.known)
		return;
	span->first = span->any ? Min(span->first, key) : key;
	span->last = span->any ? Max(span->last, key) : key;
	span->any = true;
	span->hours[clock.hour] = true;
	if (column->base_type == TIMEOID)
		return;
	span->weekdays[PartOf(FMA_PART_WEEKDAY, clock)] = true;
	span->months[PartOf(FMA_PART_MONTH, clock)] = true;
}

/* A feature of the hours, weekdays or months that occur, if there are two */
static void
CodePart(FmaEncoding *encoding, FmaColumn *column, FmaPart part, const bool *occurs, bool nulls)
{
	PartMap		map = {encoding, column, part, CODE_NONE};
	FmaFeature *feature;
	int			n = 0;

	for (int i = 0; i < lengthof(map.codes); i++)
		n += occurs[i];
	if (n < 2)
		return;
	feature = FmaNewFeature(encoding, column, part);
	for (int i = 0; i < lengthof(map.codes); i++)
	{
		FmaCondition *condition;

		if (!occurs[i])
			continue;
		map.codes[i] = feature->nconditions;
		condition = FmaNewCondition(feature, FMA_EQUALS, feature->nconditions);
		condition->from = psprintf("%d", part == FMA_PART_HOUR ? i : i + 1);
		if (part != FMA_PART_HOUR)
			condition->shown = part == FMA_PART_WEEKDAY ? weekday_names[i] : month_names[i];
	}
	CodeRows(encoding, feature, &map);
}

/* The shortest periods that are no more than max_values */
static void
CodePeriods(FmaEncoding *encoding, FmaColumn *column, Span *span)
{
	PartMap		map = {encoding, column, FMA_PART_PERIOD, CODE_NONE};
	Clock		first = ReadClock(encoding, column, false, span->first);
	Clock		last = ReadClock(encoding, column, false, span->last);
	Period		period = column->base_type == DATEOID ? PERIOD_DAY : PERIOD_HOUR;
	int64		from,
				to;
	FmaFeature *feature;

	for (;; period++)
	{
		if (period == NPERIODS)
			return;
		from = PeriodNumber(period, first);
		to = PeriodNumber(period, last);
		if (to - from >= encoding->options.max_values)
			continue;

		/* Where clocks go back, by a day at a date line, the first and last period may lie on the other side. */
		while (PeriodStart(encoding, column, period, from) > span->first)
			from--;
		while (PeriodStart(encoding, column, period, to + 1) <= span->last)
			to++;
		if (to - from < encoding->options.max_values)
			break;
	}
	if (from == to && !span->nulls)
		return;
	feature = FmaNewFeature(encoding, column, FMA_PART_PERIOD);
	for (int64 number = from; number <= to + 1; number++)
	{
		uint64		edge = PeriodStart(encoding, column, period, number);

		if (map.nedges > 0 && edge <= map.edges[map.nedges - 1])
			continue;			/* an hour that the clocks left out */
		if (map.nedges > 0)
			feature->conditions[feature->nconditions - 1].to =
				OutputFunctionCall(&column->dictionary.output, FmaKeyValue(column->base_type, edge));
		map.edges[map.nedges] = edge;
		if (number <= to)
		{
			FmaCondition *condition = FmaNewCondition(feature, FMA_WITHIN, map.nedges);

			condition->from = OutputFunctionCall(&column->dictionary.output, FmaKeyValue(column->base_type, edge));
			condition->shown = PeriodName(period, number);
		}
		map.nedges++;
	}
	feature->ordered = true;
	feature->nordered = feature->nconditions;
	if (span->nulls)
	{
		map.null_code = feature->nconditions;
		FmaNewCondition(feature, FMA_IS_NULL, map.null_code);
	}
	if (encoding->options.intervals)
		FmaAddIntervals(feature);
	CodeRows(encoding, feature, &map);
}

/* NULL of a time, where no other feature of the column says it */
static void
CodeNull(FmaEncoding *encoding, FmaColumn *column)
{
	PartMap		map = {encoding, column, FMA_PART_PERIOD, 0};
	FmaFeature *feature = FmaNewFeature(encoding, column, FMA_PART_VALUE);

	FmaNewCondition(feature, FMA_IS_NULL, 0);
	CodeRows(encoding, feature, &map);
}

/* Codes a column of dates, times or timestamps: up to four features */
void
FmaCodeCalendar(FmaEncoding *encoding, FmaColumn *column)
{
	Span		span = {0};
	int			before = encoding->nfeatures;

	if (column->wide)
		for (int64 row = 0; row < encoding->nrows; row++)
		{
			bool		isnull;
			uint64		key = FmaRowKey(column, row, &isnull);

			if (row % FMA_CHUNK_ROWS == 0)
				CHECK_FOR_INTERRUPTS();
			LookAt(encoding, column, &span, isnull, key);
		}
	else
	{
		for (uint32 i = 0; i < column->dictionary.nvalues; i++)
			LookAt(encoding, column, &span, false, (uint64) column->dictionary.values[i]);
		for (int64 row = 0; row < encoding->nrows && !span.nulls; row++)
			span.nulls = FmaRowNumber(column, row) == 0;
	}
	if (span.any)
	{
		if (column->base_type != DATEOID)
			CodePart(encoding, column, FMA_PART_HOUR, span.hours, span.nulls);
		if (column->base_type != TIMEOID)
		{
			CodePart(encoding, column, FMA_PART_WEEKDAY, span.weekdays, span.nulls);
			CodePart(encoding, column, FMA_PART_MONTH, span.months, span.nulls);
			CodePeriods(encoding, column, &span);
		}
		if (span.nulls && (encoding->nfeatures == before ||
						   encoding->features[encoding->nfeatures - 1].part != FMA_PART_PERIOD))
			CodeNull(encoding, column);
	}
	if (encoding->nfeatures == before)
		FmaLeaveColumnOut(encoding, column, span.any ? "its times do not differ" : "it has no time");
}

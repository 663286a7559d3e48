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

#include "period.h"

#define CODE_NONE (FMA_MAX_CODES - 1)
#define DAYS_IN_WEEK 7

static const char *const weekday_names[] = {
	"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"
};

static const char *const month_names[] = {
	"January", "February", "March", "April", "May", "June",
	"July", "August", "September", "October", "November", "December"
};

/* Which code a part of the calendar gives a clock, or CODE_NONE */
typedef struct PartMap
{
	FmaCalendar calendar;
	FmaPart		part;
	int			null_code;
	int			codes[32];		/* of an hour, a weekday, a month */
	FmaPeriods	periods;
} PartMap;

/* How a column's times are looked at */
static FmaCalendar
CalendarOf(FmaEncoding *encoding, FmaColumn *column)
{
	return (FmaCalendar) {column->base_type, encoding->options.timezone};
}

/* Which hour, weekday (from 0 on Monday) or month (from 0) it is */
static int
PartOf(FmaPart part, FmaClock clock)
{
	int			year;

	switch (part)
	{
		case FMA_PART_HOUR:
			return clock.hour;
		case FMA_PART_WEEKDAY:
			return clock.day % DAYS_IN_WEEK;
		default:
			return FmaMonthOf(clock.day, &year) - 1;
	}
}

static uint8
CodeOfKey(void *argument, bool isnull, uint64 key)
{
	PartMap    *map = argument;
	FmaClock	clock;
	int			period;

	if (isnull)
		return map->null_code;
	if (map->part == FMA_PART_PERIOD)
	{
		period = FmaFindPeriod(&map->periods, key);
		return period < 0 ? CODE_NONE : period;
	}
	clock = FmaReadClock(&map->calendar, key);
	return clock.known ? map->codes[PartOf(map->part, clock)] : CODE_NONE;
}

/* Fills the codes of a feature, through the column's distinct values if they are numbered */
static void
CodeRows(FmaEncoding *encoding, FmaFeature *feature, PartMap *map)
{
	FmaColumn  *column = feature->column;

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
	FmaCalendar calendar = CalendarOf(encoding, column);
	FmaClock	clock;

	span->nulls |= isnull;
	if (isnull)
		return;
	clock = FmaReadClock(&calendar, key);
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
	PartMap		map = {CalendarOf(encoding, column), part, CODE_NONE};
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
	PartMap		map = {CalendarOf(encoding, column), FMA_PART_PERIOD, CODE_NONE};
	FmaPeriodLength length = FmaShortestPeriod(column->base_type);
	FmaFeature *feature;

	while (!FmaMakePeriods(&map.calendar, length, span->first, span->last, encoding->options.max_values, &map.periods))
		if (++length == FMA_PERIOD_LENGTHS)
			return;
	if (map.periods.n == 1 && !span->nulls)
		return;
	feature = FmaNewFeature(encoding, column, FMA_PART_PERIOD);
	for (int i = 0; i < map.periods.n; i++)
	{
		FmaCondition *condition = FmaNewCondition(feature, FMA_WITHIN, i);

		condition->from = OutputFunctionCall(&column->dictionary.output,
											 FmaKeyValue(column->base_type, map.periods.edges[i]));
		condition->to = OutputFunctionCall(&column->dictionary.output,
										   FmaKeyValue(column->base_type, map.periods.edges[i + 1]));
		condition->shown = FmaPeriodName(length, map.periods.numbers[i]);
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
	PartMap		map = {CalendarOf(encoding, column), FMA_PART_PERIOD, 0};
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

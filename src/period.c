/*
 * period.c
 *		Consecutive periods of the calendar: hours, days, weeks, months, quarters, years.
 *
 * A timestamp with time zone is looked at in a stated zone, through the
 * server's own AT TIME ZONE, since the predicates use that as well.
 */
#include "period.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#define MONTHS_IN_QUARTER 3
#define QUARTERS_IN_YEAR 4
#define DAYS_IN_WEEK 7

/* Added to years, so that periods before Christ have positive numbers as well */
#define YEAR_BASE 4800
#define SIGN_BIT (UINT64CONST(1) << 63)

const char *const FmaPeriodLengthNames[] = {"hour", "day", "week", "month", "quarter", "year", NULL};

/* Whether values of a type lie in consecutive periods: a time of day does not */
bool
FmaCalendarHasPeriods(Oid type)
{
	return type == DATEOID || type == TIMESTAMPOID || type == TIMESTAMPTZOID;
}

/* The shortest periods that times of a type can tell apart */
FmaPeriodLength
FmaShortestPeriod(Oid type)
{
	return type == DATEOID ? FMA_PERIOD_DAY : FMA_PERIOD_HOUR;
}

/* Reads the clock at a key, as the calendar shows it */
FmaClock
FmaReadClock(const FmaCalendar *calendar, uint64 key)
{
	FmaClock	clock = {false, 0, 0};
	int64		value = (int64) (key ^ SIGN_BIT);

	switch (calendar->type)
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
			if (calendar->type == TIMESTAMPTZOID)
				value = DatumGetTimestamp(DirectFunctionCall2(timestamptz_zone,
															  CStringGetTextDatum(calendar->timezone),
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

/* The month (from 1) and year of a Julian day */
int
FmaMonthOf(int64 day, int *year)
{
	int			month,
				month_day;

	j2date((int) day, year, &month, &month_day);
	return month;
}

/* The number of the period of a clock; consecutive periods have consecutive numbers */
static int64
PeriodNumber(FmaPeriodLength length, FmaClock clock)
{
	int			year,
				month = FmaMonthOf(clock.day, &year);

	switch (length)
	{
		case FMA_PERIOD_HOUR:
			return clock.day * HOURS_PER_DAY + clock.hour;
		case FMA_PERIOD_DAY:
			return clock.day;
		case FMA_PERIOD_WEEK:
			return clock.day / DAYS_IN_WEEK;	/* Julian day 0 was a Monday */
		case FMA_PERIOD_MONTH:
			return (int64) (year + YEAR_BASE) * MONTHS_PER_YEAR + month - 1;
		case FMA_PERIOD_QUARTER:
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
PeriodStart(const FmaCalendar *calendar, FmaPeriodLength length, int64 number)
{
	int64		day,
				hour = 0;
	int64		months = 0;
	int64		value;

	switch (length)
	{
		case FMA_PERIOD_HOUR:
			day = number / HOURS_PER_DAY;
			hour = number % HOURS_PER_DAY;
			break;
		case FMA_PERIOD_DAY:
			day = number;
			break;
		case FMA_PERIOD_WEEK:
			day = number * DAYS_IN_WEEK;
			break;
		default:
			months = number * (length == FMA_PERIOD_MONTH ? 1 :
							   length == FMA_PERIOD_QUARTER ? MONTHS_IN_QUARTER : MONTHS_PER_YEAR);
			day = date2j(months / MONTHS_PER_YEAR - YEAR_BASE, months % MONTHS_PER_YEAR + 1, 1);
			break;
	}
	if (calendar->type == DATEOID)
	{
		day = day >= DATE_END_JULIAN ? DATEVAL_NOEND : Max(day, DATETIME_MIN_JULIAN) - POSTGRES_EPOCH_JDATE;
		return (uint64) day ^ SIGN_BIT;
	}
	day = Max(day, DATETIME_MIN_JULIAN) - POSTGRES_EPOCH_JDATE;
	value = day * USECS_PER_DAY + hour * USECS_PER_HOUR;
	if (value >= END_TIMESTAMP)
		value = DT_NOEND;
	else if (calendar->type == TIMESTAMPTZOID)
		value = DatumGetTimestampTz(DirectFunctionCall2(timestamp_zone,
														CStringGetTextDatum(calendar->timezone),
														TimestampGetDatum(value)));
	return (uint64) value ^ SIGN_BIT;
}

/*
 * The periods of a length from that of the key "first" to that of "last", both
 * finite, if they are no more than "max"; in the current memory context
 */
bool
FmaMakePeriods(const FmaCalendar *calendar, FmaPeriodLength length, uint64 first, uint64 last, int max,
			   FmaPeriods *periods)
{
	int64		from = PeriodNumber(length, FmaReadClock(calendar, first));
	int64		to = PeriodNumber(length, FmaReadClock(calendar, last));
	int			nedges = 0;

	if (to - from >= max)
		return false;

	/* Where clocks go back, by a day at a date line, the first and last period may lie on the other side. */
	while (PeriodStart(calendar, length, from) > first)
		from--;
	while (PeriodStart(calendar, length, to + 1) <= last)
		to++;
	if (to - from >= max)
		return false;

	periods->length = length;
	periods->edges = palloc(sizeof(uint64) * (to - from + 2));
	periods->numbers = palloc(sizeof(int64) * (to - from + 2));
	for (int64 number = from; number <= to + 1; number++)
	{
		uint64		edge = PeriodStart(calendar, length, number);

		if (nedges > 0 && edge <= periods->edges[nedges - 1])
			continue;			/* an hour that the clocks left out */
		periods->edges[nedges] = edge;
		periods->numbers[nedges++] = number;
	}
	periods->n = nedges - 1;
	return true;
}

/* The period that a key lies in, or -1 */
int
FmaFindPeriod(const FmaPeriods *periods, uint64 key)
{
	int			low = 0,
				high = periods->n > 0 ? periods->n + 1 : 0;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (key >= periods->edges[middle])
			low = middle + 1;
		else
			high = middle;
	}
	return low > periods->n ? -1 : low - 1;
}

/* How a person names a period */
const char *
FmaPeriodName(FmaPeriodLength length, int64 number)
{
	int			year,
				month,
				day;
	int64		julian = length == FMA_PERIOD_WEEK ? number * DAYS_IN_WEEK :
		length == FMA_PERIOD_HOUR ? number / HOURS_PER_DAY : number;

	switch (length)
	{
		case FMA_PERIOD_MONTH:
			return psprintf("in " INT64_FORMAT "-%02d", number / MONTHS_PER_YEAR - YEAR_BASE,
							(int) (number % MONTHS_PER_YEAR) + 1);
		case FMA_PERIOD_QUARTER:
			return psprintf("in " INT64_FORMAT " quarter %d", number / QUARTERS_IN_YEAR - YEAR_BASE,
							(int) (number % QUARTERS_IN_YEAR) + 1);
		case FMA_PERIOD_YEAR:
			return psprintf("in " INT64_FORMAT, number - YEAR_BASE);
		default:
			break;
	}
	j2date((int) julian, &year, &month, &day);
	if (length == FMA_PERIOD_HOUR)
		return psprintf("in the hour of %04d-%02d-%02d %02d:00", year, month, day, (int) (number % HOURS_PER_DAY));
	return psprintf("%s %04d-%02d-%02d", length == FMA_PERIOD_WEEK ? "in the week of" : "on", year, month, day);
}

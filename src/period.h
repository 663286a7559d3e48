/*
 * period.h
 *		Consecutive periods of the calendar: hours, days, weeks, months, quarters, years.
 */
#ifndef FMA_PERIOD_H
#define FMA_PERIOD_H

#include "fma.h"

/* Lengths of consecutive periods, the shortest first */
typedef enum FmaPeriodLength
{
	FMA_PERIOD_HOUR,
	FMA_PERIOD_DAY,
	FMA_PERIOD_WEEK,
	FMA_PERIOD_MONTH,
	FMA_PERIOD_QUARTER,
	FMA_PERIOD_YEAR,
	FMA_PERIOD_LENGTHS
} FmaPeriodLength;

/* Their names, for FmaChoose */
extern const char *const FmaPeriodLengthNames[];

/* How the times of a column are looked at; times are the keys of FmaKeyOf */
typedef struct FmaCalendar
{
	Oid			type;			/* date, time, timestamp or timestamptz */
	const char *timezone;		/* in which a timestamptz is looked at */
} FmaCalendar;

/* A local date and hour; a date has no hour, a time no date */
typedef struct FmaClock
{
	bool		known;			/* not infinite */
	int64		day;			/* Julian */
	int			hour;
} FmaClock;

/* n consecutive periods: period i is from edges[i] to below edges[i + 1] */
typedef struct FmaPeriods
{
	FmaPeriodLength length;
	int			n;
	uint64	   *edges;
	int64	   *numbers;		/* for FmaPeriodName */
} FmaPeriods;

extern bool FmaCalendarHasPeriods(Oid type);
extern FmaPeriodLength FmaShortestPeriod(Oid type);
extern FmaClock FmaReadClock(const FmaCalendar *calendar, uint64 key);
extern int	FmaMonthOf(int64 day, int *year);
extern bool FmaMakePeriods(const FmaCalendar *calendar, FmaPeriodLength length, uint64 first, uint64 last, int max,
						   FmaPeriods *periods);
extern int	FmaFindPeriod(const FmaPeriods *periods, uint64 key);
extern const char *FmaPeriodName(FmaPeriodLength length, int64 number);

#endif							/* FMA_PERIOD_H */

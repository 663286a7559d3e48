/*
 * figures.c
 *		Numbers and times as a person reads them: 15.3 %, 49,917, 1.2 M, 0.0003.
 *
 * They say as much as a reader takes in; FmaExactText says the rest, where
 * there is room for it.
 */
#include "figures.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

/* Percentages nearer than this to 0 or 100 say only that */
#define LEAST_PERCENT 0.01
/* Below this, percentages have another decimal */
#define SMALL_PERCENT 1.0
/* Above this, percentages would round to 100.0 */
#define LARGE_PERCENT 99.95

/* p-values below this say only that */
#define LEAST_P 0.0001

/* From here on, figures are in millions and more */
#define MILLION 1e6
/* Beyond that, only the order of magnitude tells anything */
#define HUGE_NUMBER 1e15
/* Below that too */
#define TINY_NUMBER 1e-4

/* An integer with a comma between thousands */
static char *
WithCommas(double value)
{
	char	   *digits = psprintf("%.0f", fabs(value));
	int			length = strlen(digits);
	StringInfoData out;

	initStringInfo(&out);
	if (value < 0 && strcmp(digits, "0") != 0)
		appendStringInfoChar(&out, '-');
	for (int i = 0; i < length; i++)
	{
		if (i > 0 && (length - i) % 3 == 0)
			appendStringInfoChar(&out, ',');
		appendStringInfoChar(&out, digits[i]);
	}
	return out.data;
}

/* A number of a million or more: 1.2 M, 34.5 G */
static char *
InMillions(double value)
{
	static const char units[] = {'M', 'G', 'T'};
	int			unit = 0;

	if (fabs(value) >= HUGE_NUMBER)
		return psprintf("%.2e", value);
	value /= MILLION;
	/* What rounds to 1000.0 is 1.0 of the next. */
	while (unit < lengthof(units) - 1 && fabs(value) >= 999.95)
	{
		value /= 1000;
		unit++;
	}
	return psprintf("%.1f %c", value, units[unit]);
}

/* A share: 0.1531 is 15.3 % */
char *
FmaPercentText(double share)
{
	double		percent = share * 100;
	double		size = fabs(percent);

	if (isnan(share))
		return pstrdup("");
	if (percent == 0.0 || percent == 100.0)
		return psprintf("%.0f %%", size);
	if (size < LEAST_PERCENT)
		return psprintf("%s%.2f %%", percent < 0 ? "> -" : "< ", LEAST_PERCENT);
	if (size >= MILLION)
		return psprintf("%.1e %%", percent);
	if (percent > LARGE_PERCENT && percent < 100.0)
		return pstrdup("> 99.9 %");
	return psprintf("%.*f %%", size < SMALL_PERCENT ? 2 : 1, percent);
}

/* A difference of shares, in percentage points and with its sign: +6.2 */
char *
FmaPointsText(double difference)
{
	double		points = difference * 100;

	if (isnan(difference))
		return pstrdup("");
	if (points == 0.0)
		return pstrdup("0");
	if (fabs(points) >= MILLION)
		return psprintf("%+.1e", points);
	if (fabs(points) < LEAST_PERCENT / 2)
		return pstrdup("0.00");
	return psprintf("%+.*f", fabs(points) < SMALL_PERCENT ? 2 : 1, points);
}

/* A difference without its sign where it is positive, for ranges */
char *
FmaPlainPointsText(double difference)
{
	char	   *text = FmaPointsText(difference);

	return *text == '+' ? text + 1 : text;
}

/* A share that someone chose: 0.8 is 80 % */
char *
FmaRoundPercentText(double share)
{
	return isnan(share) ? pstrdup("") : psprintf("%g %%", share * 100);
}

/* A count: 49,917 or 1.2 M */
char *
FmaCountText(double count)
{
	if (isnan(count))
		return pstrdup("");
	return fabs(count) < MILLION ? WithCommas(count) : InMillions(count);
}

/* Any number, to about four digits */
char *
FmaNumberText(double value)
{
	double		size = fabs(value);

	if (isnan(value))
		return pstrdup("");
	if (size >= MILLION)
		return InMillions(value);
	if (size >= 1000)
		return WithCommas(value);
	if (value == 0.0)
		return pstrdup("0");
	if (size < TINY_NUMBER)
		return psprintf("%.1e", value);
	if (size < 0.01)
		return psprintf("%.4f", value);
	return psprintf("%.*f", size < 10 ? 3 : size < 100 ? 2 : 1, value);
}

/* A p-value or q-value */
char *
FmaPText(double p)
{
	if (isnan(p))
		return pstrdup("");
	if (p > 0 && p < LEAST_P)
		return psprintf("< %.4f", LEAST_P);
	return psprintf("%.*f", p == 0.0 ? 0 : p < 0.001 ? 4 : p < 0.1 ? 3 : 2, p);
}

/* The number to as many digits as anybody could want, and not the noise after them */
char *
FmaExactText(double value)
{
	return isfinite(value) ? psprintf("%.12g", value) : pstrdup("");
}

/* The time zone of a report's run; UTC when it names none that exists */
pg_tz *
FmaReportZone(FmaNode *report)
{
	char	   *name = FmaNodeText(FmaNodeObject(report, "run"), "timezone");
	pg_tz	   *zone = name == NULL ? NULL : pg_tzset(name);

	return zone != NULL ? zone : pg_tzset("GMT");
}

/* A time, to the minute; midnight is the day alone */
char *
FmaTimeText(TimestampTz time, pg_tz *zone)
{
	struct pg_tm tm;
	fsec_t		fraction;
	int			offset;

	if (timestamp2tm(time, &offset, &tm, &fraction, NULL, zone) != 0)
		return pstrdup("");
	if (tm.tm_hour == 0 && tm.tm_min == 0 && tm.tm_sec == 0)
		return psprintf("%04d-%02d-%02d", tm.tm_year, tm.tm_mon, tm.tm_mday);
	return psprintf("%04d-%02d-%02d %02d:%02d", tm.tm_year, tm.tm_mon, tm.tm_mday, tm.tm_hour, tm.tm_min);
}

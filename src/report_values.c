/*
 * report_values.c
 *		Reading a report, which is JSON from anywhere.
 */
#include "report_values.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

/* The shape of fma_report_json that this release reads */
#define REPORT_FORMAT 1

/* As jsonb writes a time: at least 2001-05-28T20:58:00, then a fraction and an offset */
#define TIME_LENGTH 19

static bool
IsObject(const FmaNode *node)
{
	return node != NULL && JsonContainerIsObject(node);
}

static bool
IsList(const FmaNode *node)
{
	return node != NULL && JsonContainerIsArray(node) && !JsonContainerIsScalar(node);
}

/* Finds what an object has under a key; false when there is nothing */
static bool
FindKey(FmaNode *object, const char *key, JsonbValue *value)
{
	return IsObject(object) && getKeyJsonValueFromContainer(object, key, strlen(key), value) != NULL;
}

/* Finds an element of a list; false when there is none */
static bool
FindElement(FmaNode *list, int i, JsonbValue *value)
{
	JsonbValue *found;

	/* Whatever is done with a list is done element by element, of which there may be millions. */
	CHECK_FOR_INTERRUPTS();
	if (i < 0 || i >= FmaListLength(list))
		return false;
	found = getIthJsonbValueFromContainer(list, i);
	*value = *found;
	pfree(found);
	return true;
}

/* A scalar as text; NULL for null, objects and lists */
static char *
ValueText(const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvString:
			return pnstrdup(value->val.string.val, value->val.string.len);
		case jbvNumeric:
			return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
		case jbvBool:
			return pstrdup(value->val.boolean ? "true" : "false");
		default:
			return NULL;
	}
}

/* A number within a double's range; NaN for everything else */
static double
ValueNumber(const JsonbValue *value)
{
	double		number;

	if (value->type != jbvNumeric)
		return NAN;
	number = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(value->val.numeric)));
	return isfinite(number) ? number : NAN;
}

static FmaNode *
ValueNode(const JsonbValue *value)
{
	return value->type == jbvBinary ? value->val.binary.data : NULL;
}

/* The report's outermost object, if it has the shape that this release reads */
FmaNode *
FmaOpenReport(Jsonb *report)
{
	char	   *format = FmaNodeText(&report->root, "format");

	if (format == NULL || FmaNodeNumber(&report->root, "format") != REPORT_FORMAT)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown format of a report"),
				 format == NULL ? errdetail("The JSON has no \"format\".") :
				 errdetail("\"format\" is %s.", pnstrdup(format, pg_mbcliplen(format, strlen(format), NAMEDATALEN))),
				 errhint("This release of fma reads reports of format %d, which fma_report_json makes.", REPORT_FORMAT)));
	return &report->root;
}

/* The object under a key, or NULL */
FmaNode *
FmaNodeObject(FmaNode *object, const char *key)
{
	JsonbValue	value;
	FmaNode    *node = FindKey(object, key, &value) ? ValueNode(&value) : NULL;

	return IsObject(node) ? node : NULL;
}

/* The list under a key, or NULL */
FmaNode *
FmaNodeList(FmaNode *object, const char *key)
{
	JsonbValue	value;
	FmaNode    *node = FindKey(object, key, &value) ? ValueNode(&value) : NULL;

	return IsList(node) ? node : NULL;
}

/* The string, number or boolean under a key, as text; or NULL */
char *
FmaNodeText(FmaNode *object, const char *key)
{
	JsonbValue	value;

	return FindKey(object, key, &value) ? ValueText(&value) : NULL;
}

/* The number under a key, or NaN */
double
FmaNodeNumber(FmaNode *object, const char *key)
{
	JsonbValue	value;

	return FindKey(object, key, &value) ? ValueNumber(&value) : NAN;
}

/* The boolean under a key, where there is one */
FmaTruth
FmaNodeTruth(FmaNode *object, const char *key)
{
	JsonbValue	value;

	if (!FindKey(object, key, &value) || value.type != jbvBool)
		return FMA_UNKNOWN;
	return value.val.boolean ? FMA_TRUE : FMA_FALSE;
}

/* Reads the time under a key; false when there is none */
bool
FmaNodeTime(FmaNode *object, const char *key, TimestampTz *time)
{
	JsonbValue	value;

	return FindKey(object, key, &value) && value.type == jbvString && FmaParseTime(ValueText(&value), time);
}

/* How many elements a list has; NULL has none */
int
FmaListLength(FmaNode *list)
{
	return IsList(list) ? (int) JsonContainerSize(list) : 0;
}

/* An element that is an object, or NULL */
FmaNode *
FmaListObject(FmaNode *list, int i)
{
	JsonbValue	value;
	FmaNode    *node = FindElement(list, i, &value) ? ValueNode(&value) : NULL;

	return IsObject(node) ? node : NULL;
}

/* An element that is a list, or NULL */
FmaNode *
FmaListList(FmaNode *list, int i)
{
	JsonbValue	value;
	FmaNode    *node = FindElement(list, i, &value) ? ValueNode(&value) : NULL;

	return IsList(node) ? node : NULL;
}

/* An element that is a string, number or boolean, as text; or NULL */
char *
FmaListText(FmaNode *list, int i)
{
	JsonbValue	value;

	return FindElement(list, i, &value) ? ValueText(&value) : NULL;
}

/* An element that is a number, or NaN */
double
FmaListNumber(FmaNode *list, int i)
{
	JsonbValue	value;

	return FindElement(list, i, &value) ? ValueNumber(&value) : NAN;
}

/* Reads so many digits; false when there are not so many */
static bool
ReadDigits(const char **p, int digits, int *number)
{
	*number = 0;
	for (int i = 0; i < digits; i++, (*p)++)
	{
		if (**p < '0' || **p > '9')
			return false;
		*number = *number * 10 + (**p - '0');
	}
	return true;
}

/* Reads an offset such as Z, +02:00 or -03:30, in seconds; false when it is none */
static bool
ReadOffset(const char *p, int *seconds)
{
	int			sign = *p == '-' ? -1 : 1;
	int			hours,
				minutes = 0;

	*seconds = 0;
	if (strcmp(p, "Z") == 0)
		return true;
	if ((*p != '+' && *p != '-') || (p++, !ReadDigits(&p, 2, &hours)) ||
		(*p == ':' && (p++, !ReadDigits(&p, 2, &minutes))) || *p != '\0')
		return false;
	*seconds = sign * (hours * SECS_PER_HOUR + minutes * SECS_PER_MINUTE);
	return true;
}

/*
 * Reads a time as jsonb writes it: 2001-05-28T20:58:00.25+02:00, a space for
 * the T allowed.  Anything else is no time: the type's own input would read
 * words that depend on settings ("now"), and raise errors.
 */
bool
FmaParseTime(const char *text, TimestampTz *time)
{
	const char *p = text;
	int			year,
				month,
				day,
				hour,
				minute,
				second,
				offset,
				scale = USECS_PER_SEC / 10;
	int64		micros = 0;

	if (text == NULL || strlen(text) < TIME_LENGTH ||
		!ReadDigits(&p, 4, &year) || *p++ != '-' || !ReadDigits(&p, 2, &month) || *p++ != '-' || !ReadDigits(&p, 2, &day) ||
		(*p != 'T' && *p != ' ') || (p++, !ReadDigits(&p, 2, &hour)) || *p++ != ':' || !ReadDigits(&p, 2, &minute) ||
		*p++ != ':' || !ReadDigits(&p, 2, &second))
		return false;
	if (*p == '.')
		for (p++; *p >= '0' && *p <= '9'; p++, scale /= 10)
			micros += (*p - '0') * scale;
	if (year < 1 || month < 1 || month > MONTHS_PER_YEAR || day < 1 || day > day_tab[isleap(year)][month - 1] ||
		hour >= HOURS_PER_DAY || minute >= MINS_PER_HOUR || second > SECS_PER_MINUTE || !ReadOffset(p, &offset))
		return false;
	*time = (int64) (date2j(year, month, day) - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY +
		((int64) hour * SECS_PER_HOUR + minute * SECS_PER_MINUTE + second - offset) * USECS_PER_SEC + micros;
	return true;
}

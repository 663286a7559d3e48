/*
 * arguments.c
 *		The arguments that the finders share, checked.
 */
#include "arguments.h"

#include "catalog/pg_type.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

/* Reports an argument that may not be NULL */
void
FmaNeedArg(FunctionCallInfo fcinfo, int argno, const char *name)
{
	if (PG_ARGISNULL(argno))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be NULL", name)));
}

/* An integer argument (int4 or int8) within [low, high] */
int64
FmaIntegerArg(FunctionCallInfo fcinfo, int argno, const char *name, int64 low, int64 high)
{
	int64		value;

	FmaNeedArg(fcinfo, argno, name);
	value = get_fn_expr_argtype(fcinfo->flinfo, argno) == INT8OID ? PG_GETARG_INT64(argno) : PG_GETARG_INT32(argno);
	if (value < low || value > high)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be between " INT64_FORMAT " and " INT64_FORMAT, name, low, high),
				 errdetail("%s is " INT64_FORMAT ".", name, value)));
	return value;
}

/* A finite number */
double
FmaNumberArg(FunctionCallInfo fcinfo, int argno, const char *name)
{
	FmaNeedArg(fcinfo, argno, name);
	if (!isfinite(PG_GETARG_FLOAT8(argno)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be a finite number", name),
				 errdetail("%s is %s.", name, FmaFloat8ToString(PG_GETARG_FLOAT8(argno)))));
	return PG_GETARG_FLOAT8(argno);
}

/* A text that is not NULL */
char *
FmaWordArg(FunctionCallInfo fcinfo, int argno, const char *name)
{
	FmaNeedArg(fcinfo, argno, name);
	return FmaTextArg(fcinfo, argno);
}

/* A time zone that AT TIME ZONE knows; the session's by default */
char *
FmaTimezoneArg(FunctionCallInfo fcinfo, int argno)
{
	char	   *name = PG_ARGISNULL(argno) ? pstrdup(pg_get_timezone_name(session_timezone)) : FmaTextArg(fcinfo, argno);

	(void) DirectFunctionCall2(timestamptz_zone, CStringGetTextDatum(name), TimestampTzGetDatum(0));
	return name;
}

/* How the tests of many slices are corrected */
FmaCorrection
FmaCorrectionArg(FunctionCallInfo fcinfo, int argno)
{
	static const char *const names[] = {"bh", "by", "holm", "bonferroni", NULL};

	return FmaChoose("correction", FmaWordArg(fcinfo, argno, "correction"), names);
}

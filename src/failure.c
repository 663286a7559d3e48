/*
 * failure.c
 *		Failure rates: fma_failures, the count of rows and of failures among
 *		them, and its rate, intervals and tests.
 */
#include "failure.h"
#include "statistics.h"
#include "value.h"

#include "catalog/pg_type.h"
#include "libpq/pqformat.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/memutils.h"
#include "windowapi.h"

/* What fma_q_value keeps for a partition: made at its first row */
typedef struct QValues
{
	bool		made;
	FmaCorrection method;
	double		q[FLEXIBLE_ARRAY_MEMBER];
} QValues;

static const char *const interval_methods[] = {"wilson", "jeffreys", "clopper-pearson", NULL};
static FmaInterval (*const interval_functions[]) (double, double, double) =
{
	FmaWilson, FmaJeffreys, FmaClopperPearson
};

/* In the order of FmaAlternative */
static const char *const alternatives[] = {"two-sided", "greater", "less", NULL};

static const char *const test_methods[] = {"auto", "exact", "normal", NULL};
static double (*const test_functions[]) (int64, int64, int64, int64, FmaAlternative) =
{
	FmaTwoProportionP, FmaTwoProportionExactP, FmaTwoProportionNormalP
};

/* In the order of FmaCorrection */
static const char *const corrections[] = {"bh", "by", "holm", "bonferroni", NULL};

/* A new value */
static FmaFailures *
MakeFailures(int64 n, int64 failures)
{
	FmaFailures *result = palloc0_object(FmaFailures);

	FmaAssert(failures >= 0 && failures <= n);
	SET_VARSIZE(result, sizeof(FmaFailures));
	result->version = FMA_FAILURES_VERSION;
	result->n = n;
	result->failures = failures;
	return result;
}

/* An argument to be read */
static inline FmaFailures *
FailuresArg(FunctionCallInfo fcinfo, int argno)
{
	return FmaValueArg(fcinfo, argno, FMA_FAILURES_TYPE, FMA_FAILURES_VERSION);
}

/* The first argument, to be changed and returned */
static inline FmaFailures *
StateArg(FunctionCallInfo fcinfo)
{
	return FmaValueToChange(fcinfo, FMA_FAILURES_TYPE, FMA_FAILURES_VERSION);
}

/* ----------
 * Text and binary forms
 * ----------
 */

/* {"n": 12, "failures": 3}, or {} for no rows */
PG_FUNCTION_INFO_V1(fma_failures_in);
Datum
fma_failures_in(PG_FUNCTION_ARGS)
{
	FmaJson		json = FmaJsonOpen(FMA_FAILURES_TYPE, PG_GETARG_CSTRING(0));
	int64		n;

	if (JB_ROOT_COUNT(json.object) == 0)
		PG_RETURN_POINTER(MakeFailures(0, 0));
	n = FmaJsonInt64(&json, "n", 0, PG_INT64_MAX);
	PG_RETURN_POINTER(MakeFailures(n, FmaJsonInt64(&json, "failures", 0, n)));
}

PG_FUNCTION_INFO_V1(fma_failures_out);
Datum
fma_failures_out(PG_FUNCTION_ARGS)
{
	FmaFailures *value = FailuresArg(fcinfo, 0);

	PG_RETURN_CSTRING(psprintf("{\"n\": " INT64_FORMAT ", \"failures\": " INT64_FORMAT "}",
							   value->n, value->failures));
}

/* The version, n and failures */
PG_FUNCTION_INFO_V1(fma_failures_recv);
Datum
fma_failures_recv(PG_FUNCTION_ARGS)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);
	int64		n;
	int64		failures;

	FmaRecvVersion(message, FMA_FAILURES_TYPE, FMA_FAILURES_VERSION);
	n = FmaRecvInt64(message, FMA_FAILURES_TYPE, "n", 0, PG_INT64_MAX);
	failures = FmaRecvInt64(message, FMA_FAILURES_TYPE, "failures", 0, n);
	FmaRecvEnd(message, FMA_FAILURES_TYPE);
	PG_RETURN_POINTER(MakeFailures(n, failures));
}

PG_FUNCTION_INFO_V1(fma_failures_send);
Datum
fma_failures_send(PG_FUNCTION_ARGS)
{
	FmaFailures *value = FailuresArg(fcinfo, 0);
	StringInfoData message;

	pq_begintypsend(&message);
	pq_sendbyte(&message, FMA_FAILURES_VERSION);
	pq_sendint64(&message, value->n);
	pq_sendint64(&message, value->failures);
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

/* ----------
 * Aggregation and operators
 * ----------
 */

/* Adds a row */
PG_FUNCTION_INFO_V1(fma_failures_add);
Datum
fma_failures_add(PG_FUNCTION_ARGS)
{
	FmaFailures *state = StateArg(fcinfo);

	state->n = FmaAddCounts(state->n, 1, FMA_FAILURES_TYPE);
	state->failures += PG_GETARG_BOOL(1);
	PG_RETURN_POINTER(state);
}

/* Adds another value: the operator + and the merging of aggregates */
PG_FUNCTION_INFO_V1(fma_failures_combine);
Datum
fma_failures_combine(PG_FUNCTION_ARGS)
{
	FmaFailures *state = StateArg(fcinfo);
	FmaFailures *other = FailuresArg(fcinfo, 1);

	state->n = FmaAddCounts(state->n, other->n, FMA_FAILURES_TYPE);
	state->failures += other->failures;
	PG_RETURN_POINTER(state);
}

/* Takes rows away, which must be among those of the value */
static void
Subtract(FmaFailures *state, int64 n, int64 failures)
{
	int64		n_left = state->n - n;
	int64		failures_left = state->failures - failures;

	if (failures_left < 0 || n_left < failures_left)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("cannot subtract rows that are not part of the first %s", FMA_FAILURES_TYPE),
				 errdetail("The difference would have n = " INT64_FORMAT " and failures = " INT64_FORMAT ".",
						   n_left, failures_left),
				 errhint("Subtract a part from its whole: all rows - the rows of a slice.")));
	state->n = n_left;
	state->failures = failures_left;
}

/* Takes a row away again, as a moving window does */
PG_FUNCTION_INFO_V1(fma_failures_remove);
Datum
fma_failures_remove(PG_FUNCTION_ARGS)
{
	FmaFailures *state = StateArg(fcinfo);

	Subtract(state, 1, PG_GETARG_BOOL(1) ? 1 : 0);
	PG_RETURN_POINTER(state);
}

/* Takes a part away: the operator - */
PG_FUNCTION_INFO_V1(fma_failures_subtract);
Datum
fma_failures_subtract(PG_FUNCTION_ARGS)
{
	FmaFailures *state = StateArg(fcinfo);
	FmaFailures *part = FailuresArg(fcinfo, 1);

	Subtract(state, part->n, part->failures);
	PG_RETURN_POINTER(state);
}

/* Whether both arguments have the same counts */
PG_FUNCTION_INFO_V1(fma_failures_eq);
Datum
fma_failures_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(FmaSameBytes(FailuresArg(fcinfo, 0), FailuresArg(fcinfo, 1)));
}

PG_FUNCTION_INFO_V1(fma_failures_ne);
Datum
fma_failures_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!FmaSameBytes(FailuresArg(fcinfo, 0), FailuresArg(fcinfo, 1)));
}

PG_FUNCTION_INFO_V1(fma_failures_hash);
Datum
fma_failures_hash(PG_FUNCTION_ARGS)
{
	return FmaHashBytes(FailuresArg(fcinfo, 0));
}

/* ----------
 * What is read from the counts
 * ----------
 */

/* The counts themselves */
PG_FUNCTION_INFO_V1(fma_failure_counts);
Datum
fma_failure_counts(PG_FUNCTION_ARGS)
{
	FmaFailures *value = FailuresArg(fcinfo, 0);
	Datum		values[2] = {Int64GetDatum(value->n), Int64GetDatum(value->failures)};
	bool		nulls[2] = {false, false};

	PG_RETURN_DATUM(FmaMakeRow(fcinfo, values, nulls));
}

/* failures / n; NULL without rows */
PG_FUNCTION_INFO_V1(fma_failure_rate);
Datum
fma_failure_rate(PG_FUNCTION_ARGS)
{
	FmaFailures *value = FailuresArg(fcinfo, 0);

	if (value->n == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8((double) value->failures / (double) value->n);
}

/* An interval for the rate, by one of interval_methods, as if of n / design_effect rows; NULLs without rows */
PG_FUNCTION_INFO_V1(fma_failure_interval);
Datum
fma_failure_interval(PG_FUNCTION_ARGS)
{
	FmaFailures *value = FailuresArg(fcinfo, 0);
	int			method = FmaChoose("method", FmaTextArg(fcinfo, 1), interval_methods);
	double		level = FmaCheckConfidenceLevel(PG_GETARG_FLOAT8(2));
	double		design_effect = FmaCheckDesignEffect(PG_GETARG_FLOAT8(3));
	Datum		values[2] = {0};
	bool		nulls[2] = {true, true};

	if (value->n > 0)
	{
		FmaInterval interval = interval_functions[method] (value->failures / design_effect, value->n / design_effect, level);

		values[0] = FmaFloat8OrNull(interval.low, &nulls[0]);
		values[1] = FmaFloat8OrNull(interval.high, &nulls[1]);
	}
	PG_RETURN_DATUM(FmaMakeRow(fcinfo, values, nulls));
}

/*
 * p of the slice's rate against that of the rest, which are the rows outside
 * the slice; NULL when either has no rows.
 */
PG_FUNCTION_INFO_V1(fma_failure_test);
Datum
fma_failure_test(PG_FUNCTION_ARGS)
{
	FmaFailures *slice = FailuresArg(fcinfo, 0);
	FmaFailures *rest = FailuresArg(fcinfo, 1);
	FmaAlternative alternative = FmaChoose("alternative", FmaTextArg(fcinfo, 2), alternatives);
	int			method = FmaChoose("method", FmaTextArg(fcinfo, 3), test_methods);

	(void) FmaAddCounts(slice->n, rest->n, FMA_FAILURES_TYPE);
	FMA_RETURN_FLOAT8_OR_NULL(test_functions[method] (slice->failures, slice->n,
													   rest->failures, rest->n, alternative));
}

/* ----------
 * Multiple testing
 * ----------
 */

/* p-values in an array, corrected for their number; NULLs stay and do not count */
PG_FUNCTION_INFO_V1(fma_adjust_p);
Datum
fma_adjust_p(PG_FUNCTION_ARGS)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(0);
	FmaCorrection correction = FmaChoose("method", FmaTextArg(fcinfo, 1), corrections);
	Datum	   *elements;
	bool	   *nulls;
	int			n;
	double	   *q;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("p must be a one-dimensional array"),
				 errdetail("p has %d dimensions.", ARR_NDIM(array))));
	deconstruct_array(array, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &elements, &nulls, &n);
	if (n == 0)
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(FLOAT8OID));
	q = palloc_array(double, n);
	for (int i = 0; i < n; i++)
		q[i] = nulls[i] ? get_float8_nan() : FmaCheckUnit("p", DatumGetFloat8(elements[i]));
	FmaAdjustP(q, q, n, correction);
	for (int i = 0; i < n; i++)
		elements[i] = Float8GetDatum(q[i]);
	PG_RETURN_ARRAYTYPE_P(construct_md_array(elements, nulls, 1, ARR_DIMS(array), ARR_LBOUND(array),
											 FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* The method of the current row */
static FmaCorrection
WindowMethod(WindowObject window)
{
	bool		isnull;
	Datum		method = WinGetFuncArgCurrent(window, 1, &isnull);

	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("method must not be NULL")));
	return FmaChoose("method", TextDatumGetCString(method), corrections);
}

/* Corrects all p-values of a partition at once */
static void
AdjustPartition(WindowObject window, QValues *values, int64 n)
{
	/* What it takes to compute a p is let go after each: the caller's memory lives until all are done. */
	MemoryContext row = AllocSetContextCreate(CurrentMemoryContext, "fma_q_value row", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(row);

	for (int64 i = 0; i < n; i++)
	{
		bool		isnull;
		bool		outside;
		Datum		p = WinGetFuncArgInPartition(window, 0, (int) i, WINDOW_SEEK_HEAD, false, &isnull, &outside);

		values->q[i] = isnull ? get_float8_nan() : FmaCheckUnit("p", DatumGetFloat8(p));
		MemoryContextReset(row);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(row);
	FmaAdjustP(values->q, values->q, n, values->method);
	values->made = true;
}

/*
 * The same as a window function: each row's p, corrected for the number of rows
 * of the partition.  Keeps 8 bytes a row.
 */
PG_FUNCTION_INFO_V1(fma_q_value);
Datum
fma_q_value(PG_FUNCTION_ARGS)
{
	WindowObject window = PG_WINDOW_OBJECT();
	int64		n = WinGetPartitionRowCount(window);
	FmaCorrection method = WindowMethod(window);
	QValues    *values;

	if (n > (int64) ((MaxAllocSize - offsetof(QValues, q)) / sizeof(double)))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many p-values in a partition"),
				 errdetail("There are " INT64_FORMAT " rows.", n)));
	values = WinGetPartitionLocalMemory(window, offsetof(QValues, q) + n * sizeof(double));
	if (!values->made)
	{
		values->method = method;
		AdjustPartition(window, values, n);
	}
	if (values->method != method)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("method must be the same in all rows of a partition"),
				 errdetail("method is %s after %s.", corrections[method], corrections[values->method])));
	FMA_RETURN_FLOAT8_OR_NULL(values->q[WinGetCurrentPosition(window)]);
}

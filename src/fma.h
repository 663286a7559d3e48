/*
 * fma.h
 *		What every topic shares: the versions supported, assertions, and the
 *		few checks that guard each public function's arguments.
 */
#ifndef FMA_H
#define FMA_H

#include "postgres.h"

#include <math.h>

#include "fmgr.h"

/* Differences between PostgreSQL's releases are settled here alone. */
#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 190000
#error "fma is written for PostgreSQL 15 to 18"
#endif

#ifndef HAVE_INT128
#error "fma needs a compiler with 128-bit integers, for sums that are exact"
#endif

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#define FmaTuplesortGetDatum(state, value, isnull) \
	tuplesort_getdatum(state, true, false, value, isnull, NULL)
#else
#define FmaTuplesortGetDatum(state, value, isnull) \
	tuplesort_getdatum(state, true, value, isnull, NULL)
#endif

/* Whether a role may act as another */
#if PG_VERSION_NUM >= 160000
#define FmaCanSetRole(member, role) member_can_set_role(member, role)
#else
#define FmaCanSetRole(member, role) is_member_of_role(member, role)
#endif

#ifndef pg_noreturn				/* since 18 */
#define pg_noreturn pg_attribute_noreturn()
#endif

#if PG_VERSION_NUM >= 170000
#define FmaSendCountedText(message, bytes, length) pq_sendcountedtext(message, bytes, length)
#else
#define FmaSendCountedText(message, bytes, length) pq_sendcountedtext(message, bytes, length, false)
#endif

/*
 * Our own assertions: on in the test build, whatever the server was built
 * with.  Defining USE_ASSERT_CHECKING instead would change the layout of some
 * of the server's structs.
 */
#ifdef FMA_ASSERTIONS
#if PG_VERSION_NUM >= 160000
#define FmaAssertFailed(text) ExceptionalCondition(text, __FILE__, __LINE__)
#else
#define FmaAssertFailed(text) ExceptionalCondition(text, "FmaAssert", __FILE__, __LINE__)
#endif
#define FmaAssert(condition) \
	do { if (unlikely(!(condition))) FmaAssertFailed(#condition); } while (0)
#else
#define FmaAssert(condition) ((void) true)
#endif

/* A number as it reads back, for error details. */
extern char *FmaFloat8ToString(double value);

pg_noreturn extern void FmaBadUnitValue(const char *argument, double value) pg_attribute_cold;

/*
 * Checks that an argument lies in [0, 1]; "argument" is its name in SQL.
 * NaN compares false and is caught as well.
 */
static inline double
FmaCheckUnit(const char *argument, double value)
{
	if (unlikely(!(value >= 0.0 && value <= 1.0)))
		FmaBadUnitValue(argument, value);
	return value;
}

extern double FmaCheckConfidenceLevel(double level);
extern double FmaCheckDesignEffect(double value);
extern int	FmaChoose(const char *argument, const char *value, const char *const *choices);
extern char *FmaTextArg(FunctionCallInfo fcinfo, int argno);

/*
 * A transition function's result for a row that is left out, where the function
 * cannot be strict because a NULL among its settings is an error.
 */
static inline Datum
FmaLeaveOut(FunctionCallInfo fcinfo)
{
	fcinfo->isnull = PG_ARGISNULL(0);
	return PG_GETARG_DATUM(0);
}

/* Does something in a subtransaction; returns the error that ended and undid it, or NULL. A cancel is passed on. */
extern ErrorData *FmaTry(void (*action) (void *argument), void *argument);

/* Row-returning functions: one tuplestore, filled at once. */
extern void FmaPutRow(FunctionCallInfo fcinfo, Datum *values, bool *nulls);

/* Functions with OUT arguments: their row. */
extern Datum FmaMakeRow(FunctionCallInfo fcinfo, Datum *values, bool *nulls);

/* "values[i] = value, or NULL when it is undefined (NaN)" */
static inline Datum
FmaFloat8OrNull(double value, bool *isnull)
{
	*isnull = isnan(value);
	return Float8GetDatum(value);
}

/* "values[i] = text, or NULL" */
extern Datum FmaTextOrNull(const char *text, bool *isnull);

/* Returns a double, or NULL when it is undefined (NaN) */
#define FMA_RETURN_FLOAT8_OR_NULL(value) \
	do { \
		double		result_ = (value); \
		if (isnan(result_)) \
			PG_RETURN_NULL(); \
		PG_RETURN_FLOAT8(result_); \
	} while (0)

#endif							/* FMA_H */

/*
 * regression.c
 *		fma_regression: how far a model's numbers are from the truth, as a value
 *		that can be stored and added.
 *
 * The sums have about 159 bits, so R^2 is right for a truth of a billion with
 * noise of a millionth, and the order of the rows does not show.
 */
#include "regression.h"

#include "funcapi.h"
#include "libpq/pqformat.h"
#include "statistics.h"
#include "value.h"

#define TYPE_NAME "fma_regression"

#define PG_GETARG_REGRESSION_P(n) ((FmaRegression *) FmaValueArg(fcinfo, n, TYPE_NAME, FMA_REGRESSION_VERSION))

/* Names of the sums in the text form, and the most that one row can add to each */
static const struct
{
	const char *name;
	double		row_max;
	bool		negative;		/* may it be below zero? */
}			sums[FMA_REGRESSION_SUMS] =
{
	{"error", 2 * FMA_REGRESSION_MAX, true},
	{"absolute_error", 2 * FMA_REGRESSION_MAX, false},
	{"squared_error", 4 * FMA_REGRESSION_MAX * FMA_REGRESSION_MAX, false},
	{"truth", FMA_REGRESSION_MAX, true},
	{"squared_truth", FMA_REGRESSION_MAX * FMA_REGRESSION_MAX, false},
};

/* Room for the rounding of a sum, where it is compared with its bound */
#define BOUND_SLACK 1.000001

/* The value of no rows */
static FmaRegression *
NewRegression(void)
{
	FmaRegression *regression = palloc0(sizeof(FmaRegression));

	SET_VARSIZE(regression, sizeof(FmaRegression));
	regression->version = FMA_REGRESSION_VERSION;
	return regression;
}

/* Widens the span of the truth; call it before n is raised */
static inline void
WidenTruth(FmaRegression *regression, double low, double high)
{
	if (regression->n == 0 || low < regression->truth_low)
		regression->truth_low = low;
	if (regression->n == 0 || high > regression->truth_high)
		regression->truth_high = high;
}

/* Reports a truth or prediction that is not a number to calculate with */
static pg_noinline void
BadNumber(const char *argument, double value)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("%s must be a number between -1e130 and 1e130", argument),
			 errdetail("%s is %s.", argument, FmaFloat8ToString(value)),
			 errhint("Leave such rows out with FILTER (WHERE abs(%s) <= 1e130), or repair them.", argument)));
}

/* Checks a truth or prediction; NaN compares false and is caught as well */
static inline double
CheckNumber(const char *argument, double value)
{
	if (unlikely(!(fabs(value) <= FMA_REGRESSION_MAX)))
		BadNumber(argument, value);
	return value + 0.0;			/* -0 becomes 0 */
}

/*
 * What is wrong with a value from outside, or NULL; *field is where.
 *
 * The bounds keep sums that no rows could have made from overflowing later.
 */
static const char *
FindProblem(const FmaRegression *regression, const char **field)
{
	double		n = (double) regression->n;

	*field = "truth_low";
	if (!(regression->truth_low >= -FMA_REGRESSION_MAX) || !(regression->truth_low <= regression->truth_high))
		return "must not be above truth_high, nor below -1e130";
	*field = "truth_high";
	if (!(regression->truth_high <= FMA_REGRESSION_MAX))
		return "must not be above 1e130";
	if (regression->n == 0 && (regression->truth_low != 0 || regression->truth_high != 0))
		return "must be 0 when there are no rows";
	for (int i = 0; i < FMA_REGRESSION_SUMS; i++)
	{
		double		value = FmaWideValue(&regression->sum[i]);

		*field = sums[i].name;
		if (!(fabs(value) <= n * sums[i].row_max * BOUND_SLACK))
			return "is larger than n rows could make it";
		if (value < 0 && !sums[i].negative)
			return "must not be negative";
	}
	return NULL;
}

/* Reads one sum: an array of at most three numbers, the parts of the sum */
static void
ReadSum(FmaJson *json, const char *key, FmaWideSum *sum)
{
	JsonbValue *elements;
	int			count;

	FmaJsonArray(json, key, &elements, &count);
	if (count < 1 || count > FMA_WIDE_PARTS)
		FmaJsonBad(json, key, "must have one to three elements");
	for (int i = 0; i < count; i++)
		FmaWideAdd(sum, FmaJsonElementFloat8(json, key, &elements[i]));
}

/*
 * Reads the text form, a JSON object; {} is the value of no rows.
 */
PG_FUNCTION_INFO_V1(fma_regression_in);
Datum
fma_regression_in(PG_FUNCTION_ARGS)
{
	FmaJson		json = FmaJsonOpen(TYPE_NAME, PG_GETARG_CSTRING(0));
	FmaRegression *regression = NewRegression();
	const char *field;
	const char *problem;

	if (JB_ROOT_COUNT(json.object) == 0)
		PG_RETURN_POINTER(regression);

	regression->n = FmaJsonInt64(&json, "n", 0, PG_INT64_MAX);
	regression->truth_low = FmaJsonFloat8(&json, "truth_low") + 0.0;
	regression->truth_high = FmaJsonFloat8(&json, "truth_high") + 0.0;
	for (int i = 0; i < FMA_REGRESSION_SUMS; i++)
		ReadSum(&json, sums[i].name, &regression->sum[i]);
	problem = FindProblem(regression, &field);
	if (problem != NULL)
		FmaJsonBad(&json, field, problem);
	PG_RETURN_POINTER(regression);
}

/* Writes the text form, which reads back as the same bytes */
PG_FUNCTION_INFO_V1(fma_regression_out);
Datum
fma_regression_out(PG_FUNCTION_ARGS)
{
	FmaRegression *regression = PG_GETARG_REGRESSION_P(0);
	StringInfoData out;

	initStringInfo(&out);
	if (regression->n == 0)
	{
		appendStringInfoString(&out, "{}");
		PG_RETURN_CSTRING(out.data);
	}
	appendStringInfo(&out, "{\"n\": " INT64_FORMAT ", \"truth_low\": ", regression->n);
	FmaAppendFloat8(&out, regression->truth_low);
	appendStringInfoString(&out, ", \"truth_high\": ");
	FmaAppendFloat8(&out, regression->truth_high);
	for (int i = 0; i < FMA_REGRESSION_SUMS; i++)
	{
		const double *part = regression->sum[i].part;

		appendStringInfo(&out, ", \"%s\": [", sums[i].name);
		FmaAppendFloat8(&out, part[0]);
		for (int k = 1; k < FMA_WIDE_PARTS && part[k] != 0; k++)
		{
			appendStringInfoString(&out, ", ");
			FmaAppendFloat8(&out, part[k]);
		}
		appendStringInfoChar(&out, ']');
	}
	appendStringInfoChar(&out, '}');
	PG_RETURN_CSTRING(out.data);
}

/* Reads the binary form: version, n, truth_low, truth_high, three parts of each sum */
PG_FUNCTION_INFO_V1(fma_regression_recv);
Datum
fma_regression_recv(PG_FUNCTION_ARGS)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);
	FmaRegression *regression = NewRegression();
	const char *field;
	const char *problem;

	FmaRecvVersion(message, TYPE_NAME, FMA_REGRESSION_VERSION);
	regression->n = FmaRecvInt64(message, TYPE_NAME, "n", 0, PG_INT64_MAX);
	regression->truth_low = pq_getmsgfloat8(message) + 0.0;
	regression->truth_high = pq_getmsgfloat8(message) + 0.0;
	for (int i = 0; i < FMA_REGRESSION_SUMS; i++)
		for (int k = 0; k < FMA_WIDE_PARTS; k++)
			FmaWideAdd(&regression->sum[i], pq_getmsgfloat8(message));
	FmaRecvEnd(message, TYPE_NAME);
	problem = FindProblem(regression, &field);
	if (problem != NULL)
		FmaRecvBad(TYPE_NAME, psprintf("%s %s", field, problem));
	PG_RETURN_POINTER(regression);
}

/* Writes the binary form */
PG_FUNCTION_INFO_V1(fma_regression_send);
Datum
fma_regression_send(PG_FUNCTION_ARGS)
{
	FmaRegression *regression = PG_GETARG_REGRESSION_P(0);
	StringInfoData message;

	pq_begintypsend(&message);
	pq_sendbyte(&message, FMA_REGRESSION_VERSION);
	pq_sendint64(&message, regression->n);
	pq_sendfloat8(&message, regression->truth_low);
	pq_sendfloat8(&message, regression->truth_high);
	for (int i = 0; i < FMA_REGRESSION_SUMS; i++)
		for (int k = 0; k < FMA_WIDE_PARTS; k++)
			pq_sendfloat8(&message, regression->sum[i].part[k]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

/*
 * Adds a row.
 *
 * Squares are of the rounded error, but are themselves exact.  Errors: a truth
 * or prediction that is NaN, infinite or beyond +-1e130.
 */
PG_FUNCTION_INFO_V1(fma_regression_add);
Datum
fma_regression_add(PG_FUNCTION_ARGS)
{
	FmaRegression *regression = FmaValueToChange(fcinfo, TYPE_NAME, FMA_REGRESSION_VERSION);
	double		truth = CheckNumber("truth", PG_GETARG_FLOAT8(1));
	double		prediction = CheckNumber("prediction", PG_GETARG_FLOAT8(2));
	double		error = prediction - truth;

	WidenTruth(regression, truth, truth);
	regression->n = FmaAddCounts(regression->n, 1, TYPE_NAME);
	FmaWideAdd(&regression->sum[FMA_SUM_ERROR], error);
	FmaWideAdd(&regression->sum[FMA_SUM_ABSOLUTE_ERROR], fabs(error));
	FmaWideAddProduct(&regression->sum[FMA_SUM_SQUARED_ERROR], error, error);
	FmaWideAdd(&regression->sum[FMA_SUM_TRUTH], truth);
	FmaWideAddProduct(&regression->sum[FMA_SUM_SQUARED_TRUTH], truth, truth);
	PG_RETURN_POINTER(regression);
}

/* Adds two values: the operator +, the aggregates' combine function, the rollup */
PG_FUNCTION_INFO_V1(fma_regression_combine);
Datum
fma_regression_combine(PG_FUNCTION_ARGS)
{
	FmaRegression *regression = FmaValueToChange(fcinfo, TYPE_NAME, FMA_REGRESSION_VERSION);
	FmaRegression *other = PG_GETARG_REGRESSION_P(1);

	if (other->n == 0)
		PG_RETURN_POINTER(regression);
	WidenTruth(regression, other->truth_low, other->truth_high);
	regression->n = FmaAddCounts(regression->n, other->n, TYPE_NAME);
	for (int i = 0; i < FMA_REGRESSION_SUMS; i++)
		FmaWideAddSum(&regression->sum[i], &other->sum[i]);
	PG_RETURN_POINTER(regression);
}

/* Whether two values have the same count and sums */
PG_FUNCTION_INFO_V1(fma_regression_eq);
Datum
fma_regression_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(FmaSameBytes(PG_GETARG_REGRESSION_P(0), PG_GETARG_REGRESSION_P(1)));
}

PG_FUNCTION_INFO_V1(fma_regression_ne);
Datum
fma_regression_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!FmaSameBytes(PG_GETARG_REGRESSION_P(0), PG_GETARG_REGRESSION_P(1)));
}

PG_FUNCTION_INFO_V1(fma_regression_hash);
Datum
fma_regression_hash(PG_FUNCTION_ARGS)
{
	return FmaHashBytes(PG_GETARG_REGRESSION_P(0));
}

/*
 * Mean absolute error, root of the mean squared error, R^2 = 1 - sum of squared
 * errors / sum of squared deviations of the truth from its mean, and bias, the
 * mean of prediction - truth.
 *
 * R^2 is undefined where the truth does not vary (so also for one row).
 */
FmaRegressionMetrics
FmaRegressionCompute(const FmaRegression *regression)
{
	double		n = (double) regression->n;
	double		squared_error = FmaWideValue(&regression->sum[FMA_SUM_SQUARED_ERROR]);
	FmaRegressionMetrics metrics = {NAN, NAN, NAN, NAN};

	if (regression->n == 0)
		return metrics;
	metrics.mae = FmaWideValue(&regression->sum[FMA_SUM_ABSOLUTE_ERROR]) / n;
	metrics.rmse = sqrt(squared_error / n);
	metrics.bias = FmaWideValue(&regression->sum[FMA_SUM_ERROR]) / n;
	if (regression->truth_low < regression->truth_high)
	{
		double		variation = FmaWideVariation(n, &regression->sum[FMA_SUM_TRUTH],
														 &regression->sum[FMA_SUM_SQUARED_TRUTH]);

		/* Not above zero only where squares were too small for a double; infinite only beyond one. */
		if (variation > 0)
			metrics.r2 = 1 - n * squared_error / variation;
		if (isinf(metrics.r2))
			metrics.r2 = NAN;
	}
	return metrics;
}

/*
 * One row: n, mae, rmse, r2, bias, in the units of the truth (r2 without unit);
 * NULL where undefined.
 */
PG_FUNCTION_INFO_V1(fma_regression_metrics);
Datum
fma_regression_metrics(PG_FUNCTION_ARGS)
{
	FmaRegression *regression = PG_GETARG_REGRESSION_P(0);
	FmaRegressionMetrics metrics = FmaRegressionCompute(regression);
	Datum		values[5];
	bool		nulls[5] = {false};

	values[0] = Int64GetDatum(regression->n);
	values[1] = FmaFloat8OrNull(metrics.mae, &nulls[1]);
	values[2] = FmaFloat8OrNull(metrics.rmse, &nulls[2]);
	values[3] = FmaFloat8OrNull(metrics.r2, &nulls[3]);
	values[4] = FmaFloat8OrNull(metrics.bias, &nulls[4]);
	PG_RETURN_DATUM(FmaMakeRow(fcinfo, values, nulls));
}

/*
 * fma_mae_interval(regression, design_effect, n_units, confidence_level):
 * Student's interval of a mean, whose variance is the mean squared error less
 * the square of the mean absolute error.  Degrees of freedom are those of the
 * units, where rows come in units.
 */
PG_FUNCTION_INFO_V1(fma_mae_interval);
Datum
fma_mae_interval(PG_FUNCTION_ARGS)
{
	double		design_effect = PG_ARGISNULL(1) ? 1.0 : FmaCheckDesignEffect(PG_GETARG_FLOAT8(1));
	double		level = FmaCheckConfidenceLevel(PG_ARGISNULL(3) ? 0.95 : PG_GETARG_FLOAT8(3));
	FmaRegression *regression = PG_ARGISNULL(0) ? NULL : PG_GETARG_REGRESSION_P(0);
	double		n = regression == NULL ? 0.0 : regression->n;
	double		df = (PG_ARGISNULL(2) ? n : Min(n, (double) PG_GETARG_INT64(2))) - 1.0;
	Datum		values[2] = {0};
	bool		nulls[2] = {true, true};

	if (df > 0.0)
	{
		FmaRegressionMetrics metrics = FmaRegressionCompute(regression);
		double		variance = Max(metrics.rmse * metrics.rmse - metrics.mae * metrics.mae, 0.0) * (n / (n - 1.0));
		double		half = FmaStudentTTwoSided(level, df) * sqrt(variance * design_effect / n);

		values[0] = FmaFloat8OrNull(Max(metrics.mae - half, 0.0), &nulls[0]);
		values[1] = FmaFloat8OrNull(metrics.mae + half, &nulls[1]);
	}
	PG_RETURN_DATUM(FmaMakeRow(fcinfo, values, nulls));
}

/*
 * kmeans_step_io.c
 *		Text and binary forms of fma_kmeans_step.
 */
#include "kmeans_step.h"

#include "libpq/pqformat.h"

/* Room for the rounding of a sum, where it is compared with its bound */
#define BOUND_SLACK 1.000001

/*
 * What is wrong with a value from outside, or NULL; *field is where.  The bounds
 * keep sums that no rows could have made from overflowing later.
 */
static const char *
FindProblem(const FmaKmeansStep *step, const char **field)
{
	double		diameter = 2 * FMA_VECTOR_MAX * sqrt(step->dimension);
	int64		n = 0;

	for (int j = 0; j < step->k; j++)
	{
		const FmaStepCluster *cluster = &step->clusters[j];
		double		size = cluster->size * BOUND_SLACK;
		double		inertia = FmaWideValue(&cluster->inertia),
					distance = FmaWideValue(&cluster->distance);

		*field = "sizes";
		if (cluster->size < 0 || __builtin_add_overflow(n, cluster->size, &n))
			return "must not be negative, and their sum not above 2^63 - 1";
		*field = "inertias";
		if (!(inertia >= 0 && inertia <= size * diameter * diameter))
			return "must not be negative, nor larger than the rows could make them";
		*field = "distances";
		if (!(distance >= 0 && distance <= size * diameter))
			return "must not be negative, nor larger than the rows could make them";
		for (int i = 0; i < step->dimension; i++)
		{
			Size		at = (Size) j * step->dimension + i;
			float		furthest = FmaStepFurthest(step)[at];

			*field = "sums";
			if (!(fabs(FmaSumValue(FmaStepSums(step)[at])) <= size * FMA_VECTOR_MAX))
				return "must not be larger than the rows could make them";
			*field = "furthest";
			if (!(fabsf(furthest) <= FMA_VECTOR_MAX) || (cluster->size == 0 && furthest != 0))
				return "must be between -1e15 and 1e15, and 0 where there are no rows";
		}
	}
	*field = "silhouette";
	if (!(fabs(FmaWideValue(&step->silhouette)) <= n * BOUND_SLACK))
		return "must not be larger than the rows could make it";
	return NULL;
}

/* Reads a sum in three parts: an array of one to three numbers */
static void
ReadWideSum(FmaJson *json, const char *key, JsonbValue *elements, int count, FmaWideSum *sum)
{
	if (count < 1 || count > FMA_WIDE_PARTS)
		FmaJsonBad(json, key, "must have arrays of one to three numbers");
	for (int i = 0; i < count; i++)
		FmaWideAdd(sum, FmaJsonElementFloat8(json, key, &elements[i]));
}

/* Reads an array (a field, or an element of one) of so many elements */
static JsonbValue *
ReadArray(FmaJson *json, const char *key, const JsonbValue *element, int want)
{
	JsonbValue *elements;
	int			count;

	if (element == NULL)
		FmaJsonArray(json, key, &elements, &count);
	else
		FmaJsonElementArray(json, key, element, &elements, &count);
	if (count != want)
		FmaJsonBad(json, key, "must have an element for each cluster, of the model's dimension");
	return elements;
}

/* Reads the sums of a cluster's rows, each a number or two parts */
static void
ReadSums(FmaJson *json, const JsonbValue *field, FmaSum *sums, int dimension)
{
	JsonbValue *elements = ReadArray(json, "sums", field, dimension);

	for (int i = 0; i < dimension; i++)
	{
		if (elements[i].type == jbvNumeric)
			FmaSumAdd(&sums[i], FmaJsonElementFloat8(json, "sums", &elements[i]));
		else
		{
			JsonbValue *parts = ReadArray(json, "sums", &elements[i], 2);

			FmaSumAdd(&sums[i], FmaJsonElementFloat8(json, "sums", &parts[0]));
			FmaSumAdd(&sums[i], FmaJsonElementFloat8(json, "sums", &parts[1]));
		}
	}
	pfree(elements);
}

/* Reads the figures of all clusters */
static void
ReadClusters(FmaJson *json, FmaKmeansStep *step)
{
	JsonbValue *sizes = ReadArray(json, "sizes", NULL, step->k),
			   *inertias = ReadArray(json, "inertias", NULL, step->k),
			   *distances = ReadArray(json, "distances", NULL, step->k),
			   *sums = ReadArray(json, "sums", NULL, step->k),
			   *furthest = ReadArray(json, "furthest", NULL, step->k);

	for (int j = 0; j < step->k; j++)
	{
		FmaStepCluster *cluster = &step->clusters[j];
		Size		offset = (Size) j * step->dimension;
		JsonbValue *elements;
		int			count;

		cluster->size = FmaJsonElementInt64(json, "sizes", &sizes[j], 0, PG_INT64_MAX);
		FmaJsonElementArray(json, "inertias", &inertias[j], &elements, &count);
		ReadWideSum(json, "inertias", elements, count, &cluster->inertia);
		FmaJsonElementArray(json, "distances", &distances[j], &elements, &count);
		ReadWideSum(json, "distances", elements, count, &cluster->distance);
		ReadSums(json, &sums[j], FmaStepSums(step) + offset, step->dimension);
		if (cluster->size == 0)
			continue;
		elements = ReadArray(json, "furthest", &furthest[j], step->dimension);
		for (int i = 0; i < step->dimension; i++)
			FmaStepFurthest(step)[offset + i] = (float) FmaJsonElementFloat8(json, "furthest", &elements[i]) + 0.0f;
	}
}

/* Reads the text form, a JSON object; {} is the value of no rows */
PG_FUNCTION_INFO_V1(fma_kmeans_step_in);
Datum
fma_kmeans_step_in(PG_FUNCTION_ARGS)
{
	FmaJson		json = FmaJsonOpen(FMA_KMEANS_STEP_TYPE, PG_GETARG_CSTRING(0));
	FmaKmeansStep *step = FmaNewStep(NULL);
	const char *field;
	const char *problem;

	if (FmaJsonHas(&json, "model"))
	{
		FmaJson		model = FmaJsonObject(&json, "model", FMA_KMEANS_TYPE);
		JsonbValue *elements;
		int			count;

		step = FmaNewStep(FmaKmeansFromJson(&model));
		FmaJsonArray(&json, "silhouette", &elements, &count);
		ReadWideSum(&json, "silhouette", elements, count, &step->silhouette);
		ReadClusters(&json, step);
		problem = FindProblem(step, &field);
		if (problem != NULL)
			FmaJsonBad(&json, field, problem);
	}
	else if (FmaJsonHas(&json, "sizes"))
		FmaJsonBad(&json, "model", "is missing");
	if (JB_ROOT_COUNT(json.object) > 0)
		step->left_out = FmaJsonInt64(&json, "left_out", 0, PG_INT64_MAX);
	PG_RETURN_POINTER(step);
}

/* Appends the parts of a sum that are not 0, at least the first */
static void
AppendWideSum(StringInfo out, const FmaWideSum *sum)
{
	appendStringInfoChar(out, '[');
	FmaAppendFloat8(out, sum->part[0]);
	for (int i = 1; i < FMA_WIDE_PARTS && sum->part[i] != 0; i++)
	{
		appendStringInfoString(out, ", ");
		FmaAppendFloat8(out, sum->part[i]);
	}
	appendStringInfoChar(out, ']');
}

/* Appends the sums of a cluster's rows */
static void
AppendSums(StringInfo out, const FmaSum *sums, int dimension)
{
	for (int i = 0; i < dimension; i++)
	{
		appendStringInfoString(out, i == 0 ? "[" : ", ");
		if (sums[i].low != 0)
			appendStringInfoChar(out, '[');
		FmaAppendFloat8(out, sums[i].high);
		if (sums[i].low != 0)
		{
			appendStringInfoString(out, ", ");
			FmaAppendFloat8(out, sums[i].low);
			appendStringInfoChar(out, ']');
		}
	}
	appendStringInfoChar(out, ']');
}

/* Appends the furthest row of a cluster, [] where it has none */
static void
AppendFurthest(StringInfo out, const float *row, int dimension)
{
	appendStringInfoChar(out, '[');
	for (int i = 0; i < dimension; i++)
	{
		if (i > 0)
			appendStringInfoString(out, ", ");
		FmaAppendFloat8(out, row[i]);
	}
	appendStringInfoChar(out, ']');
}

/* Writes the text form, which reads back as the same bytes */
PG_FUNCTION_INFO_V1(fma_kmeans_step_out);
Datum
fma_kmeans_step_out(PG_FUNCTION_ARGS)
{
	FmaKmeansStep *step = FmaValueArg(fcinfo, 0, FMA_KMEANS_STEP_TYPE, FMA_KMEANS_STEP_VERSION);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoChar(&out, '{');
	if (step->k > 0 || step->left_out > 0)
		appendStringInfo(&out, "\"left_out\": " INT64_FORMAT, step->left_out);
	if (step->k > 0)
	{
		appendStringInfoString(&out, ", \"silhouette\": ");
		AppendWideSum(&out, &step->silhouette);
		appendStringInfoString(&out, ", \"sizes\": [");
		for (int j = 0; j < step->k; j++)
			appendStringInfo(&out, "%s" INT64_FORMAT, j > 0 ? ", " : "", step->clusters[j].size);
		for (int j = 0; j < step->k; j++)
		{
			appendStringInfoString(&out, j > 0 ? ", " : "], \"inertias\": [");
			AppendWideSum(&out, &step->clusters[j].inertia);
		}
		for (int j = 0; j < step->k; j++)
		{
			appendStringInfoString(&out, j > 0 ? ", " : "], \"distances\": [");
			AppendWideSum(&out, &step->clusters[j].distance);
		}
		for (int j = 0; j < step->k; j++)
		{
			appendStringInfoString(&out, j > 0 ? ", " : "], \"sums\": [");
			AppendSums(&out, FmaStepSums(step) + (Size) j * step->dimension, step->dimension);
		}
		for (int j = 0; j < step->k; j++)
		{
			appendStringInfoString(&out, j > 0 ? ", " : "], \"furthest\": [");
			AppendFurthest(&out, FmaStepFurthest(step) + (Size) j * step->dimension, step->clusters[j].size > 0 ? step->dimension : 0);
		}
		appendStringInfoString(&out, "], \"model\": ");
		FmaAppendKmeans(&out, FmaStepModel(step));
	}
	appendStringInfoChar(&out, '}');
	PG_RETURN_CSTRING(out.data);
}

/* Reads what follows the model in the binary form */
static void
ReceiveClusters(StringInfo message, FmaKmeansStep *step)
{
	for (int p = 0; p < FMA_WIDE_PARTS; p++)
		FmaWideAdd(&step->silhouette, pq_getmsgfloat8(message));
	for (int j = 0; j < step->k; j++)
	{
		FmaStepCluster *cluster = &step->clusters[j];
		Size		offset = (Size) j * step->dimension;

		cluster->size = pq_getmsgint64(message);
		for (int p = 0; p < FMA_WIDE_PARTS; p++)
			FmaWideAdd(&cluster->inertia, pq_getmsgfloat8(message));
		for (int p = 0; p < FMA_WIDE_PARTS; p++)
			FmaWideAdd(&cluster->distance, pq_getmsgfloat8(message));
		for (int i = 0; i < step->dimension; i++)
		{
			FmaSumAdd(&FmaStepSums(step)[offset + i], pq_getmsgfloat8(message));
			FmaSumAdd(&FmaStepSums(step)[offset + i], pq_getmsgfloat8(message));
			FmaStepFurthest(step)[offset + i] = pq_getmsgfloat4(message) + 0.0f;
		}
	}
}

/*
 * Reads the binary form: version, left_out, whether rows follow; then the
 * model, silhouette, and of each cluster size, inertia, distance, and for each
 * element its sum's parts and that of the furthest row.
 */
PG_FUNCTION_INFO_V1(fma_kmeans_step_recv);
Datum
fma_kmeans_step_recv(PG_FUNCTION_ARGS)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);
	FmaKmeansStep *step = FmaNewStep(NULL);
	const char *field;
	const char *problem;
	int64		left_out;

	FmaRecvVersion(message, FMA_KMEANS_STEP_TYPE, FMA_KMEANS_STEP_VERSION);
	left_out = FmaRecvInt64(message, FMA_KMEANS_STEP_TYPE, "left_out", 0, PG_INT64_MAX);
	if (FmaRecvInt64(message, FMA_KMEANS_STEP_TYPE, "whether rows follow", 0, 1) == 1)
	{
		step = FmaNewStep(FmaKmeansFromMessage(message));
		ReceiveClusters(message, step);
		problem = FindProblem(step, &field);
		if (problem != NULL)
			FmaRecvBad(FMA_KMEANS_STEP_TYPE, psprintf("%s %s", field, problem));
	}
	step->left_out = left_out;
	FmaRecvEnd(message, FMA_KMEANS_STEP_TYPE);
	PG_RETURN_POINTER(step);
}

static void
SendWideSum(StringInfo message, const FmaWideSum *sum)
{
	for (int p = 0; p < FMA_WIDE_PARTS; p++)
		pq_sendfloat8(message, sum->part[p]);
}

/* Writes the binary form */
PG_FUNCTION_INFO_V1(fma_kmeans_step_send);
Datum
fma_kmeans_step_send(PG_FUNCTION_ARGS)
{
	FmaKmeansStep *step = FmaValueArg(fcinfo, 0, FMA_KMEANS_STEP_TYPE, FMA_KMEANS_STEP_VERSION);
	StringInfoData message;

	pq_begintypsend(&message);
	pq_sendbyte(&message, FMA_KMEANS_STEP_VERSION);
	pq_sendint64(&message, step->left_out);
	pq_sendint64(&message, step->k > 0 ? 1 : 0);
	if (step->k > 0)
	{
		FmaSendKmeans(&message, FmaStepModel(step));
		SendWideSum(&message, &step->silhouette);
	}
	for (int j = 0; j < step->k; j++)
	{
		pq_sendint64(&message, step->clusters[j].size);
		SendWideSum(&message, &step->clusters[j].inertia);
		SendWideSum(&message, &step->clusters[j].distance);
		for (int i = 0; i < step->dimension; i++)
		{
			Size		at = (Size) j * step->dimension + i;

			pq_sendfloat8(&message, FmaStepSums(step)[at].high);
			pq_sendfloat8(&message, FmaStepSums(step)[at].low);
			pq_sendfloat4(&message, FmaStepFurthest(step)[at]);
		}
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

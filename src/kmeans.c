/*
 * kmeans.c
 *		fma_kmeans: a model of clusters as a value that can be stored, and what
 *		reads it.
 */
#include "kmeans.h"

#include "catalog/pg_type_d.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/float.h"

/* A detoasted model and what it was before, kept from row to row */
typedef struct KeptModel
{
	Size		size;			/* of what it was */
	struct varlena *stored;
	FmaKmeans  *model;
} KeptModel;

/* A model without figures; its centres are 0 */
FmaKmeans *
FmaNewKmeans(int k, int dimension)
{
	Size		size = FmaKmeansSize(k, dimension);
	FmaKmeans  *model = palloc0(size);

	SET_VARSIZE(model, size);
	model->version = FMA_KMEANS_VERSION;
	model->k = k;
	model->dimension = dimension;
	model->silhouette = get_float8_nan();
	return model;
}

/* Rows that a model was fitted to */
int64
FmaKmeansRows(const FmaKmeans *model)
{
	int64		n = 0;

	for (int j = 0; j < model->k; j++)
		n += model->clusters[j].size;
	return n;
}

/* Checks the number of clusters */
void
FmaCheckClusters(int k)
{
	if (k < 1 || k > FMA_MAX_CLUSTERS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k must be between 1 and %d", FMA_MAX_CLUSTERS),
				 errdetail("k is %d.", k)));
}

/* Checks the size that a model would have */
void
FmaCheckCentres(int k, int dimension)
{
	if ((int64) k * dimension > FMA_MAX_CENTRE_ELEMENTS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("k times the dimension must not be above %d", FMA_MAX_CENTRE_ELEMENTS),
				 errdetail("k is %d, the dimension %d.", k, dimension)));
}

/*
 * A model argument, taken out of storage once for all the rows that have the same.
 *
 * What is stored in a table's TOAST relation is known by its pointer, which
 * names it for as long as a statement lasts; anything else by its bytes.
 */
FmaKmeans *
FmaKmeansArg(FunctionCallInfo fcinfo, int argno)
{
	struct varlena *stored = (struct varlena *) PG_GETARG_POINTER(argno);
	KeptModel  *kept = fcinfo->flinfo->fn_extra;

	if (VARATT_IS_4B_U(stored))
	{
		FmaCheckVersion(stored, FMA_KMEANS_TYPE, FMA_KMEANS_VERSION);
		return (FmaKmeans *) stored;
	}
	if (VARATT_IS_EXTERNAL(stored) && !VARATT_IS_EXTERNAL_ONDISK(stored))
		return FmaValueArg(fcinfo, argno, FMA_KMEANS_TYPE, FMA_KMEANS_VERSION);
	if (kept == NULL || kept->size != VARSIZE_ANY(stored) || memcmp(kept->stored, stored, kept->size) != 0)
	{
		MemoryContext caller = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

		if (kept == NULL)
			fcinfo->flinfo->fn_extra = kept = palloc0(sizeof(KeptModel));
		if (kept->model != NULL)
			pfree(kept->model);
		if (kept->stored != NULL)
			pfree(kept->stored);
		kept->model = NULL;
		kept->stored = NULL;
		kept->size = VARSIZE_ANY(stored);
		kept->stored = memcpy(palloc(kept->size), stored, kept->size);
		kept->model = (FmaKmeans *) pg_detoast_datum(stored);
		FmaCheckVersion(kept->model, FMA_KMEANS_TYPE, FMA_KMEANS_VERSION);
		MemoryContextSwitchTo(caller);
	}
	return kept->model;
}

/* Reads an embedding of a model's dimension, scaled where the model wants it */
float *
FmaReadForModel(const FmaKmeans *model, ArrayType *array)
{
	int			dimension = FmaVectorDimension("embedding", array);
	float	   *row;

	if (dimension != model->dimension)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("embedding must have the dimension of the model"),
				 errdetail("It has %d elements, the model has %d.", dimension, model->dimension)));
	row = palloc(sizeof(float) * dimension);
	FmaReadVector("embedding", array, row);
	if (model->spherical)
		FmaNormalizeVector("embedding", row, dimension);
	return row;
}

/* What is wrong with a model from outside, or NULL; *field is where */
static const char *
FindProblem(const FmaKmeans *model, const char **field)
{
	const double *centres = FmaKmeansCentres(model);
	int64		n = 0;

	*field = "sizes";
	for (int j = 0; j < model->k; j++)
		if (model->clusters[j].size < 0 || __builtin_add_overflow(n, model->clusters[j].size, &n))
			return "must not be negative, and their sum not above 2^63 - 1";
	*field = "inertias";
	for (int j = 0; j < model->k; j++)
		if (!(model->clusters[j].inertia >= 0 && isfinite(model->clusters[j].inertia)))
			return "must not be negative";
	*field = "distances";
	for (int j = 0; j < model->k; j++)
		if (!(model->clusters[j].distance >= 0 && isfinite(model->clusters[j].distance)))
			return "must not be negative";
	*field = "silhouette";
	if (!isnan(model->silhouette) && !(fabs(model->silhouette) <= 1 && model->k > 1 && n > 0))
		return "must be between -1 and 1, and is undefined for one cluster or no rows";
	*field = "centroids";
	for (Size i = 0; i < (Size) model->k * model->dimension; i++)
		if (!(fabs(centres[i]) <= FMA_VECTOR_MAX))
			return "must be between -1e15 and 1e15";
	return NULL;
}

/* Reads an array of k numbers into fields of the clusters */
static JsonbValue *
ReadClusters(FmaJson *json, const char *key, int k)
{
	JsonbValue *elements;
	int			count;

	FmaJsonArray(json, key, &elements, &count);
	if (count != k)
		FmaJsonBad(json, key, "must have k elements");
	return elements;
}

/* Reads a model from JSON */
FmaKmeans *
FmaKmeansFromJson(FmaJson *json)
{
	int			k = FmaJsonInt64(json, "k", 1, FMA_MAX_CLUSTERS);
	int			dimension = FmaJsonInt64(json, "dimension", 1, FMA_MAX_DIMENSION);
	JsonbValue *sizes = ReadClusters(json, "sizes", k);
	JsonbValue *inertias = ReadClusters(json, "inertias", k);
	JsonbValue *distances = ReadClusters(json, "distances", k);
	JsonbValue *centroids = ReadClusters(json, "centroids", k);
	FmaKmeans  *model;
	const char *field;
	const char *problem;

	FmaCheckCentres(k, dimension);
	model = FmaNewKmeans(k, dimension);
	model->seed = FmaJsonInt64(json, "seed", PG_INT64_MIN, PG_INT64_MAX);
	model->iterations = FmaJsonInt64(json, "iterations", 0, PG_INT32_MAX);
	model->left_out = FmaJsonInt64(json, "left_out", 0, PG_INT64_MAX);
	model->converged = FmaJsonTrue(json, "converged");
	model->spherical = FmaJsonTrue(json, "spherical");
	if (FmaJsonHas(json, "silhouette"))
		model->silhouette = FmaJsonFloat8(json, "silhouette") + 0.0;
	for (int j = 0; j < k; j++)
	{
		double	   *centre = FmaKmeansCentres(model) + (Size) j * dimension;
		JsonbValue *elements;
		int			count;

		model->clusters[j].size = FmaJsonElementInt64(json, "sizes", &sizes[j], 0, PG_INT64_MAX);
		model->clusters[j].inertia = FmaJsonElementFloat8(json, "inertias", &inertias[j]) + 0.0;
		model->clusters[j].distance = FmaJsonElementFloat8(json, "distances", &distances[j]) + 0.0;
		FmaJsonElementArray(json, "centroids", &centroids[j], &elements, &count);
		if (count != dimension)
			FmaJsonBad(json, "centroids", "must be arrays of as many numbers as the dimension says");
		for (int i = 0; i < dimension; i++)
			centre[i] = FmaJsonElementFloat8(json, "centroids", &elements[i]) + 0.0;
		pfree(elements);
	}
	problem = FindProblem(model, &field);
	if (problem != NULL)
		FmaJsonBad(json, field, problem);
	return model;
}

/* Reads the text form, a JSON object */
PG_FUNCTION_INFO_V1(fma_kmeans_in);
Datum
fma_kmeans_in(PG_FUNCTION_ARGS)
{
	FmaJson		json = FmaJsonOpen(FMA_KMEANS_TYPE, PG_GETARG_CSTRING(0));

	PG_RETURN_POINTER(FmaKmeansFromJson(&json));
}

/* Appends an array of numbers that are "step" doubles apart */
static void
AppendNumbers(StringInfo out, const double *numbers, int count, int step)
{
	appendStringInfoChar(out, '[');
	for (int i = 0; i < count; i++)
	{
		if (i > 0)
			appendStringInfoString(out, ", ");
		FmaAppendFloat8(out, numbers[(Size) i * step]);
	}
	appendStringInfoChar(out, ']');
}

/* Appends the text form */
void
FmaAppendKmeans(StringInfo out, const FmaKmeans *model)
{
	const int	step = sizeof(FmaCluster) / sizeof(double);

	appendStringInfo(out, "{\"k\": %d, \"dimension\": %d, \"seed\": " INT64_FORMAT ", \"iterations\": %d, \"converged\": %s, "
					 "\"spherical\": %s, \"left_out\": " INT64_FORMAT, model->k, model->dimension, model->seed, model->iterations,
					 model->converged ? "true" : "false", model->spherical ? "true" : "false", model->left_out);
	if (!isnan(model->silhouette))
	{
		appendStringInfoString(out, ", \"silhouette\": ");
		FmaAppendFloat8(out, model->silhouette);
	}
	appendStringInfoString(out, ", \"sizes\": [");
	for (int j = 0; j < model->k; j++)
		appendStringInfo(out, "%s" INT64_FORMAT, j > 0 ? ", " : "", model->clusters[j].size);
	appendStringInfoString(out, "], \"inertias\": ");
	AppendNumbers(out, &model->clusters[0].inertia, model->k, step);
	appendStringInfoString(out, ", \"distances\": ");
	AppendNumbers(out, &model->clusters[0].distance, model->k, step);
	appendStringInfoString(out, ", \"centroids\": [");
	for (int j = 0; j < model->k; j++)
	{
		if (j > 0)
			appendStringInfoString(out, ", ");
		AppendNumbers(out, FmaKmeansCentres(model) + (Size) j * model->dimension, model->dimension, 1);
	}
	appendStringInfoString(out, "]}");
}

/* Writes the text form, which reads back as the same bytes */
PG_FUNCTION_INFO_V1(fma_kmeans_out);
Datum
fma_kmeans_out(PG_FUNCTION_ARGS)
{
	StringInfoData out;

	initStringInfo(&out);
	FmaAppendKmeans(&out, FmaValueArg(fcinfo, 0, FMA_KMEANS_TYPE, FMA_KMEANS_VERSION));
	PG_RETURN_CSTRING(out.data);
}

/* Bits of a flags byte in the binary form */
#define FLAG_SPHERICAL 1
#define FLAG_CONVERGED 2

/*
 * Reads the binary form: version, flags, k, dimension, iterations, seed,
 * left_out, silhouette; size, inertia, distance of each cluster; the centres.
 */
FmaKmeans *
FmaKmeansFromMessage(StringInfo message)
{
	FmaKmeans  *model;
	int			flags;
	int64		k,
				dimension;
	const char *field;
	const char *problem;

	FmaRecvVersion(message, FMA_KMEANS_TYPE, FMA_KMEANS_VERSION);
	flags = pq_getmsgbyte(message);
	if ((flags & ~(FLAG_SPHERICAL | FLAG_CONVERGED)) != 0)
		FmaRecvBad(FMA_KMEANS_TYPE, psprintf("its flags are %d", flags));
	k = FmaRecvInt64(message, FMA_KMEANS_TYPE, "k", 1, FMA_MAX_CLUSTERS);
	dimension = FmaRecvInt64(message, FMA_KMEANS_TYPE, "dimension", 1, FMA_MAX_DIMENSION);
	/* Counts are believed only as far as there are bytes for them. */
	if (k * dimension > FMA_MAX_CENTRE_ELEMENTS ||
		k * dimension * (int64) sizeof(double) > message->len - message->cursor)
		FmaRecvBad(FMA_KMEANS_TYPE, psprintf("it has no room for " INT64_FORMAT " centres of dimension " INT64_FORMAT, k, dimension));
	model = FmaNewKmeans(k, dimension);
	model->spherical = (flags & FLAG_SPHERICAL) != 0;
	model->converged = (flags & FLAG_CONVERGED) != 0;
	model->iterations = FmaRecvInt64(message, FMA_KMEANS_TYPE, "iterations", 0, PG_INT32_MAX);
	model->seed = FmaRecvInt64(message, FMA_KMEANS_TYPE, "seed", PG_INT64_MIN, PG_INT64_MAX);
	model->left_out = FmaRecvInt64(message, FMA_KMEANS_TYPE, "left_out", 0, PG_INT64_MAX);
	model->silhouette = pq_getmsgfloat8(message) + 0.0;
	if (isnan(model->silhouette))
		model->silhouette = get_float8_nan();
	for (int j = 0; j < k; j++)
	{
		model->clusters[j].size = pq_getmsgint64(message);
		model->clusters[j].inertia = pq_getmsgfloat8(message) + 0.0;
		model->clusters[j].distance = pq_getmsgfloat8(message) + 0.0;
	}
	for (Size i = 0; i < (Size) k * dimension; i++)
		FmaKmeansCentres(model)[i] = pq_getmsgfloat8(message) + 0.0;
	problem = FindProblem(model, &field);
	if (problem != NULL)
		FmaRecvBad(FMA_KMEANS_TYPE, psprintf("%s %s", field, problem));
	return model;
}

PG_FUNCTION_INFO_V1(fma_kmeans_recv);
Datum
fma_kmeans_recv(PG_FUNCTION_ARGS)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);
	FmaKmeans  *model = FmaKmeansFromMessage(message);

	FmaRecvEnd(message, FMA_KMEANS_TYPE);
	PG_RETURN_POINTER(model);
}

/* Appends the binary form */
void
FmaSendKmeans(StringInfo message, const FmaKmeans *model)
{
	pq_sendbyte(message, FMA_KMEANS_VERSION);
	pq_sendbyte(message, (model->spherical ? FLAG_SPHERICAL : 0) | (model->converged ? FLAG_CONVERGED : 0));
	pq_sendint64(message, model->k);
	pq_sendint64(message, model->dimension);
	pq_sendint64(message, model->iterations);
	pq_sendint64(message, model->seed);
	pq_sendint64(message, model->left_out);
	pq_sendfloat8(message, model->silhouette);
	for (int j = 0; j < model->k; j++)
	{
		pq_sendint64(message, model->clusters[j].size);
		pq_sendfloat8(message, model->clusters[j].inertia);
		pq_sendfloat8(message, model->clusters[j].distance);
	}
	for (Size i = 0; i < (Size) model->k * model->dimension; i++)
		pq_sendfloat8(message, FmaKmeansCentres(model)[i]);
}

PG_FUNCTION_INFO_V1(fma_kmeans_send);
Datum
fma_kmeans_send(PG_FUNCTION_ARGS)
{
	StringInfoData message;

	pq_begintypsend(&message);
	FmaSendKmeans(&message, FmaValueArg(fcinfo, 0, FMA_KMEANS_TYPE, FMA_KMEANS_VERSION));
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

/* Whether two models have the same centres and figures */
PG_FUNCTION_INFO_V1(fma_kmeans_eq);
Datum
fma_kmeans_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(FmaSameBytes(FmaValueArg(fcinfo, 0, FMA_KMEANS_TYPE, FMA_KMEANS_VERSION),
								FmaValueArg(fcinfo, 1, FMA_KMEANS_TYPE, FMA_KMEANS_VERSION)));
}

PG_FUNCTION_INFO_V1(fma_kmeans_ne);
Datum
fma_kmeans_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!FmaSameBytes(FmaValueArg(fcinfo, 0, FMA_KMEANS_TYPE, FMA_KMEANS_VERSION),
								 FmaValueArg(fcinfo, 1, FMA_KMEANS_TYPE, FMA_KMEANS_VERSION)));
}

PG_FUNCTION_INFO_V1(fma_kmeans_hash);
Datum
fma_kmeans_hash(PG_FUNCTION_ARGS)
{
	return FmaHashBytes(FmaValueArg(fcinfo, 0, FMA_KMEANS_TYPE, FMA_KMEANS_VERSION));
}

/* The nearest centre of the embedding in argument 1 */
static FmaNearest
NearestArg(FunctionCallInfo fcinfo)
{
	FmaKmeans  *model = FmaKmeansArg(fcinfo, 0);
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(1);
	float	   *row = FmaReadForModel(model, array);
	FmaNearest	nearest = FmaFindNearest(FmaChooseKernels(), row, FmaKmeansCentres(model), model->k, model->dimension);

	pfree(row);
	PG_FREE_IF_COPY(array, 1);
	return nearest;
}

/*
 * The cluster of an embedding, 1 to k: the one with the nearest centre, by
 * Euclidean distance in double precision; of several as near, the first.
 */
PG_FUNCTION_INFO_V1(fma_kmeans_assign);
Datum
fma_kmeans_assign(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(NearestArg(fcinfo).cluster + 1);
}

/* Euclidean distance to that centre */
PG_FUNCTION_INFO_V1(fma_kmeans_distance);
Datum
fma_kmeans_distance(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(sqrt(NearestArg(fcinfo).distance));
}

/* One row a cluster: cluster, size, centroid, inertia */
PG_FUNCTION_INFO_V1(fma_kmeans_centroids);
Datum
fma_kmeans_centroids(PG_FUNCTION_ARGS)
{
	FmaKmeans  *model = FmaValueArg(fcinfo, 0, FMA_KMEANS_TYPE, FMA_KMEANS_VERSION);
	Datum	   *elements = palloc(sizeof(Datum) * model->dimension);

	InitMaterializedSRF(fcinfo, 0);
	for (int j = 0; j < model->k; j++)
	{
		const double *centre = FmaKmeansCentres(model) + (Size) j * model->dimension;
		Datum		values[4];
		bool		nulls[4] = {false};
		ArrayType  *array;

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < model->dimension; i++)
			elements[i] = Float8GetDatum(centre[i]);
		array = construct_array(elements, model->dimension, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE);
		values[0] = Int32GetDatum(j + 1);
		values[1] = Int64GetDatum(model->clusters[j].size);
		values[2] = PointerGetDatum(array);
		values[3] = Float8GetDatum(model->clusters[j].inertia);
		FmaPutRow(fcinfo, values, nulls);
		pfree(array);
	}
	return (Datum) 0;
}

/*
 * Calinski and Harabasz 1974: (between / (k - 1)) / (inertia / (n - k)), where
 * "between" is the sum over clusters of size times the squared distance of the centre to
 * the mean of all rows.  NaN where k is 1, n is k, or the inertia is 0.
 */
static double
CalinskiHarabasz(const FmaKmeans *model, double n, double inertia)
{
	const double *centres = FmaKmeansCentres(model);
	double		between = 0;

	for (int i = 0; i < model->dimension; i++)
	{
		double		mean = 0;

		for (int j = 0; j < model->k; j++)
			mean += model->clusters[j].size * centres[(Size) j * model->dimension + i];
		mean /= n;
		for (int j = 0; j < model->k; j++)
		{
			double		d = centres[(Size) j * model->dimension + i] - mean;

			between += model->clusters[j].size * (d * d);
		}
	}
	if (model->k < 2 || n <= model->k || !(inertia > 0))
		return NAN;
	return between / (model->k - 1) / (inertia / (n - model->k));
}

/*
 * Davies and Bouldin 1979: the mean over clusters of the worst ratio, with any other cluster, of the
 * sum of their mean distances to the distance of their centres.  Clusters without rows are left out; NaN where
 * there are fewer than two, or two have the same centre.
 */
static double
DaviesBouldin(const FmaKmeans *model)
{
	const double *centres = FmaKmeansCentres(model);
	double		sum = 0;
	int			count = 0;

	for (int a = 0; a < model->k; a++)
	{
		double		worst = 0;

		CHECK_FOR_INTERRUPTS();
		if (model->clusters[a].size == 0)
			continue;
		for (int b = 0; b < model->k; b++)
		{
			double		square = 0;

			if (b == a || model->clusters[b].size == 0)
				continue;
			for (int i = 0; i < model->dimension; i++)
			{
				double		d = centres[(Size) a * model->dimension + i] - centres[(Size) b * model->dimension + i];

				square += d * d;
			}
			worst = Max(worst, (model->clusters[a].distance / model->clusters[a].size +
								model->clusters[b].distance / model->clusters[b].size) / sqrt(square));
		}
		sum += worst;
		count++;
	}
	return count > 1 && isfinite(sum) ? sum / count : NAN;
}

/* One row: n, left_out, inertia, calinski_harabasz, davies_bouldin, silhouette, iterations, converged */
PG_FUNCTION_INFO_V1(fma_kmeans_quality);
Datum
fma_kmeans_quality(PG_FUNCTION_ARGS)
{
	FmaKmeans  *model = FmaValueArg(fcinfo, 0, FMA_KMEANS_TYPE, FMA_KMEANS_VERSION);
	int64		n = FmaKmeansRows(model);
	double		inertia = 0;
	Datum		values[8];
	bool		nulls[8] = {false};

	for (int j = 0; j < model->k; j++)
		inertia += model->clusters[j].inertia;
	values[0] = Int64GetDatum(n);
	values[1] = Int64GetDatum(model->left_out);
	values[2] = FmaFloat8OrNull(isfinite(inertia) ? inertia : NAN, &nulls[2]);
	values[3] = FmaFloat8OrNull(n > 0 ? CalinskiHarabasz(model, n, inertia) : NAN, &nulls[3]);
	nulls[3] |= !isfinite(DatumGetFloat8(values[3]));
	values[4] = FmaFloat8OrNull(DaviesBouldin(model), &nulls[4]);
	values[5] = FmaFloat8OrNull(model->silhouette, &nulls[5]);
	values[6] = Int32GetDatum(model->iterations);
	values[7] = BoolGetDatum(model->converged);
	PG_RETURN_DATUM(FmaMakeRow(fcinfo, values, nulls));
}

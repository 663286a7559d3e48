/*
 * kmeans_fit.c
 *		The aggregate fma_kmeans: rows in memory, and the model fitted to them.
 */
#include "kmeans.h"

#include "arguments.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#define KMEANS_MEMORY_DEFAULT_KB (1024 * 1024)
#define KMEANS_MEMORY_MIN_KB 64

#define MAX_ITERATIONS 1000000

/* The aggregate's state */
typedef struct KmeansState
{
	MemoryContext context;
	FmaKmeansOptions options;
	FmaVectors	vectors;
	int64		left_out;
} KmeansState;

static int	kmeans_memory_kb = KMEANS_MEMORY_DEFAULT_KB;

/* Defines the setting; called when the module is loaded */
void
FmaDefineKmeansMemory(void)
{
	DefineCustomIntVariable("fma.kmeans_memory",
							"Sets the memory that the rows of one k-means fit may use.",
							"A row takes 4 bytes for each element and 12 to 140 besides; beyond that, fma_kmeans_train reads them anew for each iteration.",
							&kmeans_memory_kb,
							KMEANS_MEMORY_DEFAULT_KB,
							KMEANS_MEMORY_MIN_KB,
							MAX_KILOBYTES,
							PGC_USERSET,
							GUC_UNIT_KB,
							NULL, NULL, NULL);
}

Size
FmaKmeansMemory(void)
{
	return (Size) kmeans_memory_kb * 1024;
}

/* Reads the option "init": k arrays of the same number of finite numbers */
static void
ReadInit(FmaKmeansOptions *options, FmaJson *json, MemoryContext context)
{
	JsonbValue *centres;
	int			count;
	double	   *init = NULL;

	FmaJsonArray(json, "init", &centres, &count);
	if (count != options->k)
		FmaJsonBad(json, "init", psprintf("must have k = %d elements, not %d", options->k, count));
	for (int j = 0; j < count; j++)
	{
		JsonbValue *elements;
		int			dimension;

		FmaJsonElementArray(json, "init", &centres[j], &elements, &dimension);
		if (j == 0)
		{
			if (dimension < 1 || dimension > FMA_MAX_DIMENSION)
				FmaJsonBad(json, "init", psprintf("must have arrays of 1 to %d numbers", FMA_MAX_DIMENSION));
			FmaCheckCentres(count, dimension);
			options->init_dimension = dimension;
			init = MemoryContextAllocHuge(context, sizeof(double) * count * dimension);
		}
		if (dimension != options->init_dimension)
			FmaJsonBad(json, "init", "must have arrays of the same number of elements");
		for (int i = 0; i < dimension; i++)
		{
			double		value = FmaJsonElementFloat8(json, "init", &elements[i]);

			if (!(fabs(value) <= FMA_VECTOR_MAX))
				FmaJsonBad(json, "init", "must have numbers between -1e15 and 1e15");
			init[(Size) j * dimension + i] = value;
		}
		pfree(elements);
	}
	options->fit.init = init;
}

/* Centres to begin with that are as long as the rows will be */
static void
NormalizeInit(FmaKmeansOptions *options, FmaJson *json)
{
	double	   *init = unconstify(double *, options->fit.init);

	for (int j = 0; j < options->k; j++)
	{
		double	   *centre = init + (Size) j * options->init_dimension;
		double		length = 0;

		for (int i = 0; i < options->init_dimension; i++)
			length += centre[i] * centre[i];
		if (length == 0)
			FmaJsonBad(json, "init", "must not have a centroid of zeros where spherical is true");
		for (int i = 0; i < options->init_dimension; i++)
			centre[i] /= sqrt(length);
	}
}

/*
 * Checks k and reads the options (NULL: none); what they bring is kept in
 * "context".  An option whose value is null is not there.
 */
void
FmaReadKmeansOptions(FmaKmeansOptions *options, int k, Jsonb *jsonb, MemoryContext context)
{
	static const char *const keys[] = {"seed", "max_iterations", "tolerance", "init", "spherical", NULL};
	FmaJson		json;

	memset(options, 0, sizeof(FmaKmeansOptions));
	FmaCheckClusters(k);
	options->k = k;
	options->fit.seed = FMA_DEFAULT_SEED;
	options->fit.max_iterations = FMA_DEFAULT_ITERATIONS;
	if (jsonb == NULL)
		return;
	json = FmaJsonOptions(FMA_KMEANS_TYPE, jsonb, keys);
	if (FmaJsonHas(&json, "seed"))
		options->fit.seed = FmaJsonInt64(&json, "seed", PG_INT64_MIN, PG_INT64_MAX);
	if (FmaJsonHas(&json, "max_iterations"))
		options->fit.max_iterations = FmaJsonInt64(&json, "max_iterations", 1, MAX_ITERATIONS);
	if (FmaJsonHas(&json, "tolerance"))
		options->fit.tolerance = FmaJsonFloat8(&json, "tolerance");
	if (options->fit.tolerance < 0)
		FmaJsonBad(&json, "tolerance", "must not be negative");
	options->fit.spherical = FmaJsonTrue(&json, "spherical");
	if (FmaJsonHas(&json, "init"))
	{
		ReadInit(options, &json, context);
		if (options->fit.spherical)
			NormalizeInit(options, &json);
	}
}

/* Begins to gather rows of a dimension, in the memory that a fit leaves for them */
void
FmaStartVectors(FmaVectors *vectors, MemoryContext context, const FmaKmeansOptions *options, int dimension)
{
	Size		fixed = FmaFitFixedSize(options->k, dimension);

	FmaCheckCentres(options->k, dimension);
	if (options->fit.init != NULL && options->init_dimension != dimension)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"init\" must have the dimension of the embeddings"),
				 errdetail("Its centroids have %d elements, the embeddings %d.", options->init_dimension, dimension)));
	if (fixed >= FmaKmeansMemory())
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the centroids need more memory than fma.kmeans_memory allows"),
				 errdetail("%d centroids of dimension %d need %zu kB.", options->k, dimension, fixed / 1024),
				 errhint("Raise fma.kmeans_memory.")));
	vectors->context = context;
	vectors->dimension = dimension;
	vectors->memory = FmaKmeansMemory() - fixed;
	vectors->extra = FmaFitRowSize(options->k);
	vectors->setting = "fma.kmeans_memory";
	vectors->hint = "Raise fma.kmeans_memory, or use fma_kmeans_train, which does not keep the rows.";
}

/* Fits a model to rows; a context of the caller's holds it */
FmaKmeans *
FmaFitModel(const FmaVectors *vectors, const FmaKmeansOptions *options, int64 left_out)
{
	FmaKmeans  *model = FmaNewKmeans(options->k, vectors->dimension);
	FmaFit		fit = {vectors->rows, vectors->n, vectors->dimension, options->k};

	fit.centres = FmaKmeansCentres(model);
	fit.clusters = model->clusters;
	FmaFitLloyd(&fit, &options->fit);
	model->spherical = options->fit.spherical;
	model->converged = fit.converged;
	model->iterations = fit.iterations;
	model->seed = options->fit.seed;
	model->left_out = left_out;
	if (options->k > 1)
		model->silhouette = fit.silhouette / vectors->n + 0.0;
	return model;
}

/* The state of a group without rows */
static KmeansState *
NewState(FunctionCallInfo fcinfo)
{
	MemoryContext context;
	KmeansState *state;
	Jsonb	   *options = PG_NARGS() > 3 && !PG_ARGISNULL(3) ? PG_GETARG_JSONB_P(3) : NULL;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "fma_kmeans_add called outside an aggregate");
	state = MemoryContextAllocZero(context, sizeof(KmeansState));
	state->context = context;
	FmaReadKmeansOptions(&state->options, PG_GETARG_INT32(2), options, context);
	return state;
}

/*
 * Adds a row (embedding, k [, options]).
 *
 * The options are those of a group's first row.  A NULL embedding is left out,
 * and counted.  Errors: k NULL, out of range or not the same in all rows; an
 * embedding that cannot be used, or has another dimension; unknown or bad options.
 */
PG_FUNCTION_INFO_V1(fma_kmeans_add);
Datum
fma_kmeans_add(PG_FUNCTION_ARGS)
{
	KmeansState *state;
	ArrayType  *array;
	float	   *row;

	FmaNeedArg(fcinfo, 2, "k");
	state = PG_ARGISNULL(0) ? NewState(fcinfo) : (KmeansState *) PG_GETARG_POINTER(0);
	if (PG_GETARG_INT32(2) != state->options.k)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k must be the same in all rows of a group"),
				 errdetail("k is %d after %d.", PG_GETARG_INT32(2), state->options.k)));
	if (PG_ARGISNULL(1))
	{
		state->left_out++;
		PG_RETURN_POINTER(state);
	}
	array = PG_GETARG_ARRAYTYPE_P(1);
	if (unlikely(state->vectors.dimension == 0))
		FmaStartVectors(&state->vectors, state->context, &state->options, FmaVectorDimension("embedding", array));
	row = FmaAddVector(&state->vectors, "embedding", array);
	if (state->options.fit.spherical)
		FmaNormalizeVector("embedding", row, state->vectors.dimension);
	PG_FREE_IF_COPY(array, 1);
	PG_RETURN_POINTER(state);
}

/* The model; NULL where there are no embeddings */
PG_FUNCTION_INFO_V1(fma_kmeans_final);
Datum
fma_kmeans_final(PG_FUNCTION_ARGS)
{
	KmeansState *state = PG_ARGISNULL(0) ? NULL : (KmeansState *) PG_GETARG_POINTER(0);

	if (state == NULL || state->vectors.n == 0)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(FmaFitModel(&state->vectors, &state->options, state->left_out));
}

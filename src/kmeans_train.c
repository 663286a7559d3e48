/*
 * kmeans_train.c
 *		fma_kmeans_train: k-means over a query whose rows do not fit in memory.
 *
 * The first scan keeps as many rows as fma.kmeans_memory is for.  If these are
 * all, the model is fitted to them.  If not, they are a random sample, which
 * yields centres to begin with, and each further scan of the query is one pass.
 */
#include "kmeans_step.h"

#include "common/pg_prng.h"
#include "miscadmin.h"
#include "query.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

/* Takes the rows of a scan: into a sample, or into a step */
typedef struct TrainReader
{
	FmaRowReader pub;
	MemoryContext context;
	const FmaKernels *kernels;
	FmaKmeansOptions options;
	int64		n;				/* rows with an embedding */
	int64		left_out;		/* rows without */

	/* sample */
	FmaVectors	vectors;
	int64		capacity;
	float	   *spare;			/* a row that may not be kept */
	pg_prng_state random;

	/* step */
	FmaKmeansStep *step;
} TrainReader;

PG_FUNCTION_INFO_V1(fma_kmeans_train);

/* Refuses a query whose only column is no embedding */
static void
StartRows(FmaRowReader *pub, TupleDesc columns)
{
	if (columns->natts != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the query must have one column, the embedding"),
				 errdetail("It has %d.", columns->natts)));
	if (!FmaIsVectorType(TupleDescAttr(columns, 0)->atttypid))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the query's column must be real[], double precision[], integer[] or numeric[]"),
				 errdetail("It is %s.", format_type_be(TupleDescAttr(columns, 0)->atttypid)),
				 errhint("Cast it to real[].")));
}

/* The embedding of a row; NULL is left out */
static ArrayType *
TakeEmbedding(TrainReader *reader, TupleTableSlot *slot)
{
	bool		isnull;
	Datum		value = slot_getattr(slot, 1, &isnull);

	if (isnull)
	{
		reader->left_out++;
		return NULL;
	}
	reader->n++;
	return DatumGetArrayTypeP(value);
}

/* Keeps a row in the sample: the first ones, later each in place of another by chance (Vitter's algorithm R) */
static void
SampleRow(FmaRowReader *pub, TupleTableSlot *slot)
{
	TrainReader *reader = (TrainReader *) pub;
	FmaVectors *vectors = &reader->vectors;
	ArrayType  *array = TakeEmbedding(reader, slot);
	float	   *row = reader->spare;
	int			dimension;

	CHECK_FOR_INTERRUPTS();
	if (array == NULL)
		return;
	dimension = FmaVectorDimension("embedding", array);
	if (reader->spare == NULL)
	{
		FmaStartVectors(vectors, reader->context, &reader->options, dimension);
		reader->capacity = FmaVectorsAllowed(vectors);
		reader->spare = MemoryContextAlloc(reader->context, sizeof(float) * dimension);
		if (reader->capacity < reader->options.k)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("fma.kmeans_memory is too small for k rows"),
					 errdetail("It is enough for %lld rows of dimension %d.", (long long) reader->capacity, dimension)));
	}
	if (vectors->n < reader->capacity)
		row = FmaAddVector(vectors, "embedding", array);
	else
	{
		uint64		place = pg_prng_uint64_range(&reader->random, 0, reader->n - 1);

		/* Rows that are not kept are checked as well. */
		if (dimension != vectors->dimension)
			FmaBadDimension("embedding", dimension, vectors->dimension);
		if (place < (uint64) reader->capacity)
			row = FmaVectorAt(vectors, place);
		else
			row = reader->spare;
		FmaReadVector("embedding", array, row);
	}
	if (reader->options.fit.spherical)
		FmaNormalizeVector("embedding", row, dimension);
}

/* Adds a row to the step */
static void
StepRow(FmaRowReader *pub, TupleTableSlot *slot)
{
	TrainReader *reader = (TrainReader *) pub;
	ArrayType  *array = TakeEmbedding(reader, slot);

	CHECK_FOR_INTERRUPTS();
	if (array != NULL)
		FmaStepAdd(reader->step, reader->kernels, FmaReadForModel(FmaStepModel(reader->step), array));
}

/* One scan: a pass with this model */
static FmaKmeansStep *
ScanStep(TrainReader *reader, const char *query, const FmaKmeans *model)
{
	reader->pub.row = StepRow;
	reader->n = reader->left_out = 0;
	reader->step = FmaNewStep(model);
	FmaReadQuery(query, &reader->pub);
	reader->step->left_out = reader->left_out;
	return reader->step;
}

/* Centres to begin with: those asked for, or those of the sample */
static FmaKmeans *
FirstModel(TrainReader *reader)
{
	FmaKmeansOptions *options = &reader->options;
	FmaKmeans  *model;

	if (options->fit.init == NULL)
		model = FmaFitModel(&reader->vectors, options, 0);
	else
	{
		model = FmaNewKmeans(options->k, reader->vectors.dimension);
		for (Size i = 0; i < (Size) options->k * reader->vectors.dimension; i++)
			FmaKmeansCentres(model)[i] = options->fit.init[i] + 0.0;
	}
	model->seed = options->fit.seed;
	model->spherical = options->fit.spherical;
	model->iterations = 0;
	model->converged = false;
	return model;
}

/* The sum of the squared distances that centres moved */
static double
Shift(const FmaKmeans *a, const FmaKmeans *b)
{
	double		shift = 0;

	for (Size i = 0; i < (Size) a->k * a->dimension; i++)
	{
		double		d = FmaKmeansCentres(a)[i] - FmaKmeansCentres(b)[i];

		shift += d * d;
	}
	return shift;
}

/* Passes until nothing changes, each one scan of the query */
static FmaKmeans *
TrainByScans(TrainReader *reader, const char *query)
{
	FmaFitOptions *fit = &reader->options.fit;
	FmaKmeans  *model = FirstModel(reader);
	FmaKmeans  *next;
	FmaKmeansStep *step;
	bool		close;
	int			filled = 0;

	if (reader->vectors.rows != NULL)
		pfree(reader->vectors.rows);
	for (;;)
	{
		step = ScanStep(reader, query, model);
		next = FmaStepUpdate(step);
		close = fit->tolerance > 0 && Shift(next, model) <= fit->tolerance * FmaStepVariance(step);
		pfree(step);
		pfree(model);
		model = next;
		if (model->converged)
			break;
		if (close || model->iterations >= fit->max_iterations)
		{
			/* The figures are to be about these centres, so the rows are assigned once more. */
			step = ScanStep(reader, query, model);
			model = FmaStepMeasure(step);
			model->converged = close;
			break;
		}
	}
	for (int j = 0; j < model->k; j++)
		filled += model->clusters[j].size > 0 ? 1 : 0;
	/* Nothing moved, so there was no row that an empty cluster could have been given. */
	if (model->converged && !close && filled < model->k)
		FmaTooFewRows(model->k, filled, "distinct embeddings");
	return model;
}

/*
 * fma_kmeans_train(query, k, options): the model of the embeddings that a query
 * returns, which is read as often as it takes.  Options are those of fma_kmeans.
 * NULL where there are no embeddings.
 */
Datum
fma_kmeans_train(PG_FUNCTION_ARGS)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "fma k-means scans", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller;
	TrainReader reader = {{StartRows, SampleRow}};
	FmaKmeans  *model;
	char	   *query;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be NULL", PG_ARGISNULL(0) ? "query" : "k")));
	caller = MemoryContextSwitchTo(context);
	query = FmaTextArg(fcinfo, 0);
	reader.context = context;
	reader.kernels = FmaChooseKernels();
	FmaReadKmeansOptions(&reader.options, PG_GETARG_INT32(1), PG_ARGISNULL(2) ? NULL : PG_GETARG_JSONB_P(2), context);
	pg_prng_seed(&reader.random, (uint64) reader.options.fit.seed);
	FmaReadQuery(query, &reader.pub);
	if (reader.n == 0)
	{
		MemoryContextDelete(context);
		PG_RETURN_NULL();
	}
	if (reader.n <= reader.capacity)
		model = FmaFitModel(&reader.vectors, &reader.options, reader.left_out);
	else
		model = TrainByScans(&reader, query);
	MemoryContextSwitchTo(caller);
	model = (FmaKmeans *) memcpy(palloc(VARSIZE(model)), model, VARSIZE(model));
	MemoryContextDelete(context);
	PG_RETURN_POINTER(model);
}

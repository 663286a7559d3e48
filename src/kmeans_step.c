/*
 * kmeans_step.c
 *		fma_kmeans_step: one pass of k-means as a value that can be added.
 *
 * Rows are assigned by distances in double precision, as everywhere.  Sums have
 * 106 and 159 bits, so with embeddings as models make them the order of the
 * rows and the places they were added up at do not show.
 */
#include "kmeans_step.h"

#include "arguments.h"
#include "miscadmin.h"
#include "utils/float.h"

#define PG_GETARG_STEP_P(n) ((FmaKmeansStep *) FmaValueArg(fcinfo, n, FMA_KMEANS_STEP_TYPE, FMA_KMEANS_STEP_VERSION))

/* A pass with this model (NULL: with none), without rows so far */
FmaKmeansStep *
FmaNewStep(const FmaKmeans *model)
{
	Size		elements = model == NULL ? 0 : (Size) model->k * model->dimension;
	Size		size = offsetof(FmaKmeansStep, clusters);
	FmaKmeansStep *step;

	if (model != NULL)
		size += model->k * sizeof(FmaStepCluster) + elements * sizeof(FmaSum) + VARSIZE(model) + elements * sizeof(float);
	step = palloc0(size);
	SET_VARSIZE(step, size);
	step->version = FMA_KMEANS_STEP_VERSION;
	if (model != NULL)
	{
		step->k = model->k;
		step->dimension = model->dimension;
		memcpy(FmaStepModel(step), model, VARSIZE(model));
	}
	return step;
}

/*
 * Keeps a row as the one furthest from its centre, if it is; of several as far,
 * the one that is lower in the first element in which they differ.
 */
static void
KeepFurthest(FmaKmeansStep *step, const FmaKernels *kernels, int cluster, const float *row, double distance)
{
	Size		offset = (Size) cluster * step->dimension;
	float	   *kept = FmaStepFurthest(step) + offset;

	if (step->clusters[cluster].size > 0)
	{
		double		other = kernels->distance(kept, FmaKmeansCentres(FmaStepModel(step)) + offset, step->dimension);
		int			i = 0;

		if (distance < other)
			return;
		if (distance == other)
		{
			while (i < step->dimension && row[i] == kept[i])
				i++;
			if (i == step->dimension || row[i] > kept[i])
				return;
		}
	}
	/* + 0 turns -0 into 0 */
	for (int i = 0; i < step->dimension; i++)
		kept[i] = row[i] + 0.0f;
}

/* Adds a row */
void
FmaStepAdd(FmaKmeansStep *step, const FmaKernels *kernels, const float *row)
{
	const FmaKmeans *model = FmaStepModel(step);
	FmaNearest	nearest = FmaFindNearest(kernels, row, FmaKmeansCentres(model), step->k, step->dimension);
	FmaStepCluster *cluster = &step->clusters[nearest.cluster];
	FmaSum	   *sums = FmaStepSums(step) + (Size) nearest.cluster * step->dimension;

	KeepFurthest(step, kernels, nearest.cluster, row, nearest.distance);
	cluster->size = FmaAddCounts(cluster->size, 1, FMA_KMEANS_STEP_TYPE);
	FmaWideAdd(&cluster->inertia, nearest.distance);
	FmaWideAdd(&cluster->distance, sqrt(nearest.distance));
	FmaWideAdd(&step->silhouette, FmaSilhouette(nearest.distance, nearest.next));
	for (int i = 0; i < step->dimension; i++)
		FmaSumAdd(&sums[i], row[i]);
}

/* Adds another pass with the same model */
static void
AddStep(FmaKmeansStep *step, const FmaKmeansStep *other)
{
	const FmaKernels *kernels = FmaChooseKernels();
	const double *centres = FmaKmeansCentres(FmaStepModel(step));

	if (!FmaSameBytes(FmaStepModel(step), FmaStepModel(other)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("steps of different models cannot be added"),
				 errhint("Make them with the same value of type fma_kmeans.")));
	for (int j = 0; j < step->k; j++)
	{
		FmaStepCluster *to = &step->clusters[j];
		const FmaStepCluster *from = &other->clusters[j];
		Size		offset = (Size) j * step->dimension;
		const float *furthest = FmaStepFurthest(other) + offset;

		if (from->size == 0)
			continue;
		KeepFurthest(step, kernels, j, furthest, kernels->distance(furthest, centres + offset, step->dimension));
		to->size = FmaAddCounts(to->size, from->size, FMA_KMEANS_STEP_TYPE);
		FmaWideAddSum(&to->inertia, &from->inertia);
		FmaWideAddSum(&to->distance, &from->distance);
		for (int i = 0; i < step->dimension; i++)
			FmaSumAddSum(&FmaStepSums(step)[offset + i], FmaStepSums(other)[offset + i]);
	}
	FmaWideAddSum(&step->silhouette, &other->silhouette);
}

/*
 * Adds a row (embedding, model).  A NULL embedding is left out, and counted.
 * Errors: model NULL or not the same in all rows; an embedding that cannot be used.
 */
PG_FUNCTION_INFO_V1(fma_kmeans_step_add);
Datum
fma_kmeans_step_add(PG_FUNCTION_ARGS)
{
	FmaKmeansStep *step = PG_ARGISNULL(0) ? FmaNewStep(NULL) :
		FmaValueToChange(fcinfo, FMA_KMEANS_STEP_TYPE, FMA_KMEANS_STEP_VERSION);
	FmaKmeans  *model;
	ArrayType  *array;
	float	   *row;

	FmaNeedArg(fcinfo, 2, "model");
	if (PG_ARGISNULL(1))
	{
		step->left_out = FmaAddCounts(step->left_out, 1, FMA_KMEANS_STEP_TYPE);
		PG_RETURN_POINTER(step);
	}
	model = FmaKmeansArg(fcinfo, 2);
	if (step->k == 0)
	{
		FmaKmeansStep *new = FmaNewStep(model);

		new->left_out = step->left_out;
		step = new;
	}
	else if (!FmaSameBytes(FmaStepModel(step), model))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("model must be the same in all rows")));
	array = PG_GETARG_ARRAYTYPE_P(1);
	row = FmaReadForModel(model, array);
	FmaStepAdd(step, FmaChooseKernels(), row);
	pfree(row);
	PG_FREE_IF_COPY(array, 1);
	PG_RETURN_POINTER(step);
}

/* Adds two values: the operator +, the aggregates' combine function, the rollup */
PG_FUNCTION_INFO_V1(fma_kmeans_step_combine);
Datum
fma_kmeans_step_combine(PG_FUNCTION_ARGS)
{
	FmaKmeansStep *step = FmaValueToChange(fcinfo, FMA_KMEANS_STEP_TYPE, FMA_KMEANS_STEP_VERSION);
	FmaKmeansStep *other = PG_GETARG_STEP_P(1);
	int64		left_out = FmaAddCounts(step->left_out, other->left_out, FMA_KMEANS_STEP_TYPE);

	if (step->k == 0)
		step = (FmaKmeansStep *) pg_detoast_datum_copy((struct varlena *) other);
	else if (other->k != 0)
		AddStep(step, other);
	step->left_out = left_out;
	PG_RETURN_POINTER(step);
}

/*
 * The model with the figures of the pass: sizes, inertia and so on of its rows,
 * assigned to its centres.  NULL for no rows.
 */
FmaKmeans *
FmaStepMeasure(const FmaKmeansStep *step)
{
	const FmaKmeans *old = FmaStepModel(step);
	FmaKmeans  *model = (FmaKmeans *) memcpy(palloc(VARSIZE(old)), old, VARSIZE(old));
	int64		n = 0;

	for (int j = 0; j < step->k; j++)
	{
		model->clusters[j].size = step->clusters[j].size;
		model->clusters[j].inertia = FmaWideValue(&step->clusters[j].inertia);
		model->clusters[j].distance = FmaWideValue(&step->clusters[j].distance);
		n += step->clusters[j].size;
	}
	model->left_out = step->left_out;
	model->silhouette = step->k > 1 && n > 0 ? FmaWideValue(&step->silhouette) / n : get_float8_nan();
	return model;
}

/* The mean of the elements' variances, all rows together: what a tolerance is relative to */
double
FmaStepVariance(const FmaKmeansStep *step)
{
	const double *centres = FmaKmeansCentres(FmaStepModel(step));
	FmaWideSum	variation = {{0}};
	double		n = 0;

	for (int j = 0; j < step->k; j++)
	{
		FmaWideAddSum(&variation, &step->clusters[j].inertia);
		n += step->clusters[j].size;
	}
	/* A cluster's inertia is that about its mean, and size times the squared distance of the mean to the centre. */
	for (int i = 0; i < step->dimension; i++)
	{
		FmaSum		total = {0};

		for (int j = 0; j < step->k; j++)
			FmaSumAddSum(&total, FmaStepSums(step)[(Size) j * step->dimension + i]);
		for (int j = 0; j < step->k; j++)
		{
			double		size = step->clusters[j].size;
			Size		at = (Size) j * step->dimension + i;
			double		mean;

			if (size == 0)
				continue;
			mean = FmaSumValue(FmaStepSums(step)[at]) / size;
			FmaWideAdd(&variation, -size * (mean - centres[at]) * (mean - centres[at]));
			FmaWideAdd(&variation, size * (mean - FmaSumValue(total) / n) * (mean - FmaSumValue(total) / n));
		}
	}
	return FmaWideValue(&variation) / n / step->dimension;
}

/*
 * Gives an empty cluster the row that is furthest from its centre, of those the step kept;
 * false where there is none left.
 */
static bool
Refill(const FmaKmeansStep *step, const FmaKernels *kernels, FmaKmeans *model, bool *taken, int empty)
{
	const FmaKmeans *old = FmaStepModel(step);
	int			d = step->dimension;
	int			best = -1;
	double		furthest = 0;

	for (int j = 0; j < step->k; j++)
	{
		const float *row = FmaStepFurthest(step) + (Size) j * d;
		double		distance;

		if (step->clusters[j].size < 2 || taken[j])
			continue;
		distance = kernels->distance(row, FmaKmeansCentres(old) + (Size) j * d, d);
		/* Not a row that another cluster has just been given */
		for (int e = 0; e < empty; e++)
			if (step->clusters[e].size == 0)
				distance = Min(distance, kernels->distance(row, FmaKmeansCentres(model) + (Size) e * d, d));
		if (distance > furthest)
		{
			furthest = distance;
			best = j;
		}
	}
	if (best < 0)
		return false;
	taken[best] = true;
	for (int i = 0; i < d; i++)
		FmaKmeansCentres(model)[(Size) empty * d + i] = FmaStepFurthest(step)[(Size) best * d + i];
	return true;
}

/*
 * The next model: centres are the means of the rows assigned to them, an empty
 * cluster takes the row furthest from its centre, and "converged" says that
 * nothing changed.  Figures are those of the pass.
 */
FmaKmeans *
FmaStepUpdate(const FmaKmeansStep *step)
{
	const FmaKernels *kernels = FmaChooseKernels();
	const FmaKmeans *old = FmaStepModel(step);
	FmaKmeans  *model = FmaStepMeasure(step);
	int			d = step->dimension;
	Size		elements = (Size) step->k * d;
	double	   *high = palloc(sizeof(double) * d),
			   *low = palloc(sizeof(double) * d);
	bool	   *taken = palloc0(sizeof(bool) * step->k);

	for (int j = 0; j < step->k; j++)
		if (step->clusters[j].size == 0)
			(void) Refill(step, kernels, model, taken, j);
	for (int j = 0; j < step->k; j++)
	{
		const FmaSum *sums = FmaStepSums(step) + (Size) j * d;

		CHECK_FOR_INTERRUPTS();
		if (step->clusters[j].size == 0)
			continue;
		for (int i = 0; i < d; i++)
		{
			FmaSum		sum = sums[i];

			if (taken[j])
				FmaSumAdd(&sum, -FmaStepFurthest(step)[(Size) j * d + i]);
			high[i] = sum.high;
			low[i] = sum.low;
		}
		FmaMakeCentre(FmaKmeansCentres(model) + (Size) j * d, high, low, step->clusters[j].size - (taken[j] ? 1 : 0), d,
					  model->spherical);
	}
	model->iterations = Min(old->iterations, PG_INT32_MAX - 1) + 1;
	/* The first pass gives the rows their clusters, so that something changes. */
	model->converged = old->iterations > 0 &&
		memcmp(FmaKmeansCentres(model), FmaKmeansCentres(old), sizeof(double) * elements) == 0;
	pfree(high);
	pfree(low);
	pfree(taken);
	return model;
}

/* The next model; NULL for a step without rows */
PG_FUNCTION_INFO_V1(fma_kmeans_update);
Datum
fma_kmeans_update(PG_FUNCTION_ARGS)
{
	FmaKmeansStep *step = PG_GETARG_STEP_P(0);

	if (step->k == 0)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(FmaStepUpdate(step));
}

/* Whether two values have the same bytes */
PG_FUNCTION_INFO_V1(fma_kmeans_step_eq);
Datum
fma_kmeans_step_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(FmaSameBytes(PG_GETARG_STEP_P(0), PG_GETARG_STEP_P(1)));
}

PG_FUNCTION_INFO_V1(fma_kmeans_step_ne);
Datum
fma_kmeans_step_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!FmaSameBytes(PG_GETARG_STEP_P(0), PG_GETARG_STEP_P(1)));
}

PG_FUNCTION_INFO_V1(fma_kmeans_step_hash);
Datum
fma_kmeans_step_hash(PG_FUNCTION_ARGS)
{
	return FmaHashBytes(PG_GETARG_STEP_P(0));
}

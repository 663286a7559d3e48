/*
 * vectors.c
 *		Embeddings: arrays of numbers read into rows of float32.
 *
 * A double has digits that a float32 has not, but no model's embedding means
 * anything by them, and half the memory is half the time.
 */
#include "vectors.h"

#include "access/tupmacs.h"
#include "catalog/pg_type_d.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

/* Rows that room is made for at first: few, as there may be many groups */
#define FIRST_ROOM 16

/* Whether values of a type can be read as an embedding */
bool
FmaIsVectorType(Oid type)
{
	return type == FLOAT4ARRAYOID || type == FLOAT8ARRAYOID || type == INT4ARRAYOID || type == NUMERICARRAYOID;
}

/* Reports an array that is no embedding */
static pg_noinline void
BadArray(const char *argument, const char *problem, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s %s", argument, problem),
			 errdetail_internal("%s", detail)));
}

/* The dimension of an array that can be an embedding */
int
FmaVectorDimension(const char *argument, ArrayType *array)
{
	int			n;

	if (unlikely(ARR_NDIM(array) != 1))
		BadArray(argument, "must be an array of one dimension, with at least one element",
				 ARR_NDIM(array) == 0 ? "It is empty." : psprintf("It has %d dimensions.", ARR_NDIM(array)));
	n = ARR_DIMS(array)[0];
	if (unlikely(n > FMA_MAX_DIMENSION))
		BadArray(argument, psprintf("must have at most %d elements", FMA_MAX_DIMENSION), psprintf("It has %d.", n));
	if (unlikely(ARR_HASNULL(array) && array_contains_nulls(array)))
		BadArray(argument, "must not contain NULL", "An element is NULL.");
	return n;
}

/* Reports that a row's dimension is not that of the others */
void
FmaBadDimension(const char *argument, int dimension, int expected)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s must have the same dimension in all rows", argument),
			 errdetail("It has %d elements, expected %d.", dimension, expected)));
}

/* Reports an element that is not a number to calculate with */
static pg_noinline void
BadElement(const char *argument, int i, double value)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("the elements of %s must be numbers between -1e15 and 1e15", argument),
			 errdetail("Element %d is %s.", i + 1, FmaFloat8ToString(value))));
}

/* Copies numbers of a C type; NaN compares false and is caught as well */
#define COPY_ELEMENTS(type) \
	do { \
		const type *elements = (const type *) ARR_DATA_PTR(array); \
		bool		good = true; \
		for (int i = 0; i < n; i++) \
		{ \
			row[i] = (float) elements[i]; \
			good &= (fabs((double) elements[i]) <= FMA_VECTOR_MAX); \
		} \
		for (int i = 0; unlikely(!good) && i < n; i++) \
			if (!(fabs((double) elements[i]) <= FMA_VECTOR_MAX)) \
				BadElement(argument, i, elements[i]); \
	} while (0)

/* Copies numerics, which have no fixed width */
static void
CopyNumerics(const char *argument, ArrayType *array, float *row)
{
	char	   *next = ARR_DATA_PTR(array);
	int			n = ARR_DIMS(array)[0];

	for (int i = 0; i < n; i++)
	{
		Datum		element;
		double		value;

		next = (char *) att_align_pointer(next, TYPALIGN_INT, -1, next);
		element = PointerGetDatum(next);
		value = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, element));
		if (!(fabs(value) <= FMA_VECTOR_MAX))
			BadElement(argument, i, value);
		row[i] = (float) value;
		next = att_addlength_pointer(next, -1, next);
	}
}

/* Reads an array's elements, each rounded to the nearest float32 */
void
FmaReadVector(const char *argument, ArrayType *array, float *restrict row)
{
	int			n = ARR_DIMS(array)[0];

	switch (ARR_ELEMTYPE(array))
	{
		case FLOAT4OID:
			COPY_ELEMENTS(float4);
			break;
		case FLOAT8OID:
			COPY_ELEMENTS(float8);
			break;
		case INT4OID:
			COPY_ELEMENTS(int32);
			break;
		case NUMERICOID:
			CopyNumerics(argument, array, row);
			break;
		default:
			elog(ERROR, "type %u is no type of embeddings", ARR_ELEMTYPE(array));
	}
}

/* How many rows fit in the memory */
int64
FmaVectorsAllowed(const FmaVectors *vectors)
{
	return vectors->memory / (vectors->dimension * sizeof(float) + vectors->extra);
}

/* Makes room for more rows, as long as the memory allows */
static pg_noinline void
MakeRoom(FmaVectors *vectors)
{
	Size		row_size = vectors->dimension * sizeof(float);
	int64		allowed = FmaVectorsAllowed(vectors);
	int64		room = Min(Max(2 * vectors->room, FIRST_ROOM), allowed);

	if (vectors->n >= room)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the embeddings need more memory than %s allows", vectors->setting),
				 errdetail("%lld kB are enough for %lld rows of dimension %d.", (long long) (vectors->memory / 1024),
						   (long long) allowed, vectors->dimension),
				 errhint("%s", vectors->hint)));
	if (vectors->rows == NULL)
		vectors->rows = MemoryContextAllocHuge(vectors->context, room * row_size);
	else
		vectors->rows = repalloc_huge(vectors->rows, room * row_size);
	vectors->room = room;
}

/* Adds a row */
float *
FmaAddVector(FmaVectors *vectors, const char *argument, ArrayType *array)
{
	int			dimension = FmaVectorDimension(argument, array);
	float	   *row;

	if (vectors->dimension == 0)
		vectors->dimension = dimension;
	if (unlikely(dimension != vectors->dimension))
		FmaBadDimension(argument, dimension, vectors->dimension);
	if (unlikely(vectors->n >= vectors->room))
		MakeRoom(vectors);
	row = FmaVectorAt(vectors, vectors->n);
	FmaReadVector(argument, array, row);
	vectors->n++;
	return row;
}

/* Scales a row to length 1 */
void
FmaNormalizeVector(const char *argument, float *row, int dimension)
{
	double		length = 0;

	for (int i = 0; i < dimension; i++)
		length += (double) row[i] * row[i];
	length = sqrt(length);
	if (length == 0)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s must not be all zeros", argument),
				 errdetail("It has no direction."),
				 errhint("Leave such rows out.")));
	for (int i = 0; i < dimension; i++)
		row[i] = (float) (row[i] / length);
}

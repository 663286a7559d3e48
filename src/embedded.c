/*
 * embedded.c
 *		The rows of a query that have an embedding, and the texts that go with them.
 *
 * Embeddings are kept as they are stored: real[] as floats, all others as
 * doubles.  Ids, labels and sets may be of any type and are kept as text.
 */
#include "embedded.h"

#include "catalog/pg_type.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"

#include "labels.h"
#include "vectors.h"

/* Rows are numbered by int32 elsewhere */
#define MAX_ROWS PG_INT32_MAX

/* Room that is made at first: rows, and bytes of their texts */
#define FIRST_ROWS 1024
#define FIRST_TEXTS 16384

/* What stands before a text */
#define TEXT_NULL '\0'
#define TEXT_THERE '\1'

/* The query's column of a text: the embedding is the second one */
static inline int
ColumnOf(int text)
{
	return text == FMA_EMBEDDED_ID ? 0 : text + 1;
}

/* Finds out how the second column becomes an embedding */
static void
StartEmbedding(FmaEmbedded *embedded, Form_pg_attribute attribute)
{
	Oid			type = getBaseType(attribute->atttypid);
	Oid			function;

	embedded->column = pstrdup(NameStr(attribute->attname));
	if (FmaIsVectorType(type))
		embedded->points.wide = type != FLOAT4ARRAYOID;
	else if (find_coercion_pathway(FLOAT4ARRAYOID, type, COERCION_ASSIGNMENT, &function) == COERCION_PATH_FUNC)
	{
		embedded->has_cast = true;
		fmgr_info(function, &embedded->cast);
		embedded->cast_arguments = get_func_nargs(function);
	}
	else
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" cannot be an embedding", embedded->column),
				 errdetail("It has type %s.", format_type_be(attribute->atttypid)),
				 errhint("The query's second column must be real[], double precision[], integer[] or numeric[], or have a cast to real[].")));
}

/* The query's columns are known (FmaRowReader) */
static void
Start(FmaRowReader *reader, TupleDesc columns)
{
	FmaEmbedded *embedded = (FmaEmbedded *) reader;
	MemoryContext caller = MemoryContextSwitchTo(embedded->context);

	embedded->ntexts = columns->natts - 1;
	if (embedded->ntexts < 1 || embedded->ntexts > embedded->max_texts)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 embedded->max_texts == 1 ?
				 errmsg("the query must have two columns: id and embedding") :
				 errmsg("the query must have two to four columns: id, embedding, label and set"),
				 errdetail("It has %d.", columns->natts),
				 embedded->max_texts == 1 && embedded->ntexts > 1 ?
				 errhint("fma_duplicate_groups takes a label and a set as well.") : 0));
	for (int text = 0; text < embedded->ntexts; text++)
	{
		Oid			function;
		bool		is_varlena;

		getTypeOutputInfo(TupleDescAttr(columns, ColumnOf(text))->atttypid, &function, &is_varlena);
		fmgr_info(function, &embedded->output[text]);
	}
	StartEmbedding(embedded, TupleDescAttr(columns, 1));
	MemoryContextSwitchTo(caller);
}

/* Which row an error is about */
static void
NameRow(void *argument)
{
	const char *id = argument;

	errcontext("row with id %s", FmaLabelForMessage(id, strlen(id)));
}

/* Copies the numbers of an array that has been checked, with all their digits */
static void
CopyDoubles(ArrayType *array, double *row)
{
	int			n = ARR_DIMS(array)[0];
	Datum	   *numbers;

	switch (ARR_ELEMTYPE(array))
	{
		case FLOAT8OID:
			memcpy(row, ARR_DATA_PTR(array), sizeof(double) * n);
			break;
		case INT4OID:
			for (int i = 0; i < n; i++)
				row[i] = ((int32 *) ARR_DATA_PTR(array))[i];
			break;
		case NUMERICOID:
			deconstruct_array(array, NUMERICOID, -1, false, TYPALIGN_INT, &numbers, NULL, &n);
			for (int i = 0; i < n; i++)
				row[i] = DatumGetFloat8(DirectFunctionCall1(numeric_float8, numbers[i]));
			break;
		default:
			elog(ERROR, "type %u is no type of embeddings", ARR_ELEMTYPE(array));
	}
}

/* Reads an embedding into the place of the next row; false if it has no direction */
static bool
ReadEmbedding(FmaEmbedded *embedded, Datum value)
{
	FmaPoints  *points = &embedded->points;
	ArrayType  *array;
	int			dimension;

	if (embedded->has_cast)
		value = embedded->cast_arguments == 1 ? FunctionCall1(&embedded->cast, value) :
			embedded->cast_arguments == 2 ? FunctionCall2(&embedded->cast, value, Int32GetDatum(-1)) :
			FunctionCall3(&embedded->cast, value, Int32GetDatum(-1), BoolGetDatum(true));
	array = DatumGetArrayTypeP(value);
	dimension = FmaVectorDimension(embedded->column, array);
	if (points->dimension == 0)
	{
		points->dimension = dimension;
		embedded->scratch = MemoryContextAlloc(embedded->context, sizeof(float) * dimension);
	}
	if (dimension != points->dimension)
		FmaBadDimension(embedded->column, dimension, points->dimension);
	if (points->wide)
	{
		/* This checks the numbers as well. */
		FmaReadVector(embedded->column, array, embedded->scratch);
		CopyDoubles(array, FmaNewPoint(points));
	}
	else
		FmaReadVector(embedded->column, array, FmaNewPoint(points));
	return FmaKeepPoint(points);
}

/* Makes memory at least so large: doubled until it is */
static void *
Grow(FmaEmbedded *embedded, void *memory, Size width, Size first, Size needed, Size *room)
{
	Size		larger = *room == 0 ? first : *room;

	while (larger < needed)
		larger *= 2;
	FmaCharge(&embedded->budget, (larger - *room) * width);
	memory = memory == NULL ? MemoryContextAllocHuge(embedded->context, larger * width) :
		repalloc_huge(memory, larger * width);
	*room = larger;
	return memory;
}

/* Keeps the texts of the row that was just added */
static void
KeepTexts(FmaEmbedded *embedded, TupleTableSlot *slot, const char *id)
{
	int64		row = embedded->points.n - 1;

	if (row >= embedded->start_room)
		embedded->start = Grow(embedded, embedded->start, sizeof(Size), FIRST_ROWS, row + 1, &embedded->start_room);
	embedded->start[row] = embedded->texts_used;
	for (int text = 0; text < embedded->ntexts; text++)
	{
		int			column = ColumnOf(text);
		const char *value = text == FMA_EMBEDDED_ID ? id :
			slot->tts_isnull[column] ? NULL : OutputFunctionCall(&embedded->output[text], slot->tts_values[column]);
		Size		length = value == NULL ? 0 : strlen(value) + 1;

		if (embedded->texts_used + length + 1 > embedded->texts_room)
			embedded->texts = Grow(embedded, embedded->texts, 1, FIRST_TEXTS,
								   embedded->texts_used + length + 1, &embedded->texts_room);
		embedded->texts[embedded->texts_used++] = value == NULL ? TEXT_NULL : TEXT_THERE;
		memcpy(embedded->texts + embedded->texts_used, value == NULL ? "" : value, length);
		embedded->texts_used += length;
	}
}

/* Takes in one row of the query (FmaRowReader) */
static void
Row(FmaRowReader *reader, TupleTableSlot *slot)
{
	FmaEmbedded *embedded = (FmaEmbedded *) reader;
	ErrorContextCallback callback = {.callback = NameRow};
	char	   *id;
	bool		kept;

	slot_getallattrs(slot);
	if (slot->tts_isnull[1])
	{
		embedded->missing++;
		return;
	}
	if (slot->tts_isnull[0])
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the query's first column, the id, must not be NULL"),
				 errdetail("It is NULL in a row that has an embedding.")));
	id = OutputFunctionCall(&embedded->output[FMA_EMBEDDED_ID], slot->tts_values[0]);
	callback.previous = error_context_stack;
	callback.arg = id;
	error_context_stack = &callback;
	kept = ReadEmbedding(embedded, slot->tts_values[1]);
	error_context_stack = callback.previous;
	if (kept)
		KeepTexts(embedded, slot, id);
	else
		embedded->zero++;
	if (embedded->points.n > MAX_ROWS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the query has more than %d rows", MAX_ROWS)));
	embedded->budget.rows = embedded->points.n;
}

/*
 * Reads a query (id, embedding, and at most max_texts - 1 more columns), in the
 * current memory context.  Rows without an embedding, or whose embedding is all
 * zeros and so has no direction, are left out, and a notice says how many.
 */
FmaEmbedded *
FmaReadEmbedded(const char *query, int max_texts)
{
	FmaEmbedded *embedded = palloc0(sizeof(FmaEmbedded));

	embedded->reader.start = Start;
	embedded->reader.row = Row;
	embedded->context = embedded->points.context = CurrentMemoryContext;
	embedded->budget.limit = FmaSearchMemory();
	embedded->points.budget = &embedded->budget;
	embedded->max_texts = max_texts;
	FmaReadQuery(query, &embedded->reader);
	if (embedded->missing > 0)
		ereport(NOTICE,
				(errmsg_plural("%lld row was left out: it has no embedding",
							   "%lld rows were left out: they have no embedding",
							   embedded->missing, (long long) embedded->missing)));
	if (embedded->zero > 0)
		ereport(NOTICE,
				(errmsg_plural("%lld row was left out: its embedding is zero and has no direction",
							   "%lld rows were left out: their embeddings are zero and have no direction",
							   embedded->zero, (long long) embedded->zero)));
	if (embedded->points.n == 0)
		ereport(NOTICE,
				(errmsg("the query returned no row with an embedding")));
	return embedded;
}

/* A row's id, label or set; NULL if it is NULL or not in the query */
const char *
FmaEmbeddedText(const FmaEmbedded *embedded, uint32 row, int text)
{
	const char *next = embedded->texts + embedded->start[row];

	if (text >= embedded->ntexts)
		return NULL;
	for (int i = 0; i < text; i++)
		next += *next == TEXT_NULL ? 1 : strlen(next) + 1;
	return *next == TEXT_NULL ? NULL : next + 1;
}

/*
 * encode.c
 *		Reads a finder's query into columns of small integers.
 *
 * While the query is read, a column's rows are numbers of its distinct values,
 * two bytes each.  A number or time column with more than 65,535 of them keeps
 * its values as keys, eight bytes each, until the edges of its bins are known;
 * any other column is then left out.  In the end every feature takes one byte
 * a row.  The peak is thus at most 8 bytes a row and column, and 1 or 2 for
 * most, and fma.search_memory bounds it.
 */
#include "encode.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "conditions.h"
#include "losses.h"
#include "sums.h"

/* Distinct values that two bytes can number, with NULL */
#define MAX_NUMBERED 65535

/* The rows of a search fit an int32 */
#define MAX_ROWS PG_INT32_MAX

/* Bits of a real loss, when it is the largest one: squares of all rows must fit 127 bits */
#define LOSS_BITS 52
#define SUM_BITS 127

/* Says something about the query: to the client, or to whoever collects it */
static void
Say(FmaEncoding *encoding, const char *message)
{
	StringInfo	notes = encoding->options.notes;

	if (notes == NULL)
		ereport(NOTICE, (errmsg_internal("%s", message)));
	else
		appendStringInfo(notes, "%s%s", notes->len > 0 ? "; " : "", message);
}

/* A column that cannot explain anything is left out, and that is said */
void
FmaLeaveColumnOut(FmaEncoding *encoding, FmaColumn *column, const char *reason)
{
	column->left_out = true;
	Say(encoding, psprintf("column \"%s\" was left out: %s", column->name, reason));
}

/* Stores a key in the current row of a wide column */
static void
PutKey(FmaEncoding *encoding, FmaColumn *column, int64 row, bool isnull, uint64 key)
{
	char	   *chunk = FmaChunkFor(&column->rows, &encoding->budget, row);
	int			i = row % FMA_CHUNK_ROWS;

	((uint64 *) chunk)[i] = key;
	if (isnull)
		chunk[FMA_CHUNK_ROWS * sizeof(uint64) + i / 8] |= 1 << (i % 8);
}

/* The key of a value as the column's dictionary has it */
static inline uint64
KeyIn(FmaColumn *column, Datum value)
{
	return column->dictionary.equality == FMA_BY_KEY ? (uint64) value : FmaKeyOf(column->base_type, value);
}

/* From numbers to keys: the column turned out to have too many values */
static void
Widen(FmaEncoding *encoding, FmaColumn *column, int64 rows)
{
	FmaChunks	numbers = column->rows;
	FmaDictionary *dictionary = &column->dictionary;
	uint64	   *keys = palloc(sizeof(uint64) * dictionary->nvalues);

	for (uint32 i = 0; i < dictionary->nvalues; i++)
		keys[i] = KeyIn(column, dictionary->values[i]);
	column->wide = true;
	column->repeats = rows > dictionary->nvalues;	/* NULLs count as repeated */
	{
		MemoryContext caller = MemoryContextSwitchTo(encoding->context);

		FmaChunksInit(&column->rows, sizeof(uint64), true);
		MemoryContextSwitchTo(caller);
	}
	for (int64 row = 0; row < rows; row++)
	{
		uint16		number = ((uint16 *) numbers.chunks[row / FMA_CHUNK_ROWS])[row % FMA_CHUNK_ROWS];

		PutKey(encoding, column, row, number == 0, number == 0 ? 0 : keys[number - 1]);
	}
	FmaFreeChunks(&numbers, &encoding->budget);
}

static FmaUse
UseOf(Oid type)
{
	if (FmaIsNumber(type))
		return FMA_USE_NUMBER;
	if (type == TIMESTAMPOID || type == TIMESTAMPTZOID || type == DATEOID || type == TIMEOID)
		return FMA_USE_TIME;
	return FMA_USE_VALUES;
}

/* A condition that shares its name with another column would make every predicate ambiguous */
static void
CheckNames(TupleDesc columns, int nlosses)
{
	for (int i = nlosses; i < columns->natts; i++)
		for (int j = 0; j < i; j++)
			if (strcmp(NameStr(TupleDescAttr(columns, i)->attname), NameStr(TupleDescAttr(columns, j)->attname)) == 0)
				ereport(ERROR,
						(errcode(ERRCODE_DUPLICATE_COLUMN),
						 errmsg("the query has two columns named \"%s\"", NameStr(TupleDescAttr(columns, i)->attname)),
						 errhint("Give each column a name of its own, with AS.")));
}

/* Looks at the types of the losses */
static void
StartLosses(FmaEncoding *encoding, TupleDesc columns)
{
	for (int i = 0; i < encoding->nlosses; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(columns, i);

		encoding->loss_type[i] = getBaseType(attribute->atttypid);
		encoding->loss_name[i] = pstrdup(NameStr(attribute->attname));
		FmaCheckLossType(attribute, encoding->options.paired);
		FmaChunksInit(&encoding->losses[i], encoding->loss_type[i] == BOOLOID ? 1 : sizeof(double), false);
	}
	if (encoding->nlosses == 2 && (encoding->loss_type[0] == BOOLOID) != (encoding->loss_type[1] == BOOLOID))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the losses of A and B must be of one kind"),
				 errdetail("\"%s\" and \"%s\" are a boolean and a number.", encoding->loss_name[0], encoding->loss_name[1])));
	encoding->boolean = encoding->nlosses > 0 && encoding->loss_type[0] == BOOLOID;
}

/* The place of a column among those of a query, or -1 */
static int
FindColumn(TupleDesc columns, int first, const char *name)
{
	for (int i = first; i < columns->natts; i++)
		if (strcmp(NameStr(TupleDescAttr(columns, i)->attname), name) == 0)
			return i;
	return -1;
}

/* Reports a column that one of two queries lacks */
static void
MissingColumn(const char *which, const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("the %s query has no column named \"%s\"", which, name),
			 errhint("Both queries must have the same columns; their order does not matter.")));
}

/* The second of two queries: its columns are those of the first, by name, the loss by its place */
static void
StartSecond(FmaEncoding *encoding, TupleDesc columns)
{
	int			first = encoding->nlosses;

	if (columns->natts < first)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the current query has no column"),
				 errhint("Both queries must have the loss first and then the same columns.")));
	CheckNames(columns, first);
	if (first > 0)
	{
		Form_pg_attribute loss = TupleDescAttr(columns, 0);

		FmaCheckLossType(loss, false);
		if (encoding->boolean != (getBaseType(loss->atttypid) == BOOLOID))
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("the losses of both queries must be of one kind"),
					 errdetail("\"%s\" and \"%s\" are a boolean and a number.",
							   encoding->loss_name[0], NameStr(loss->attname))));
		encoding->loss_type[0] = getBaseType(loss->atttypid);
		encoding->loss_name[0] = pstrdup(NameStr(loss->attname));
	}
	for (int i = 0; i < encoding->ncolumns; i++)
	{
		FmaColumn  *column = &encoding->columns[i];
		Oid			type;

		column->index = FindColumn(columns, first, column->name);
		if (column->index < 0)
			MissingColumn("current", column->name);
		type = TupleDescAttr(columns, column->index)->atttypid;
		if (getBaseType(type) != column->base_type)
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("column \"%s\" has different types in the two queries", column->name),
					 errdetail("They are %s and %s.", format_type_be(column->type), format_type_be(type)),
					 errhint("Cast one of them to the type of the other.")));
	}
	for (int i = first; i < columns->natts; i++)
	{
		int			k = 0;

		while (k < encoding->ncolumns && encoding->columns[k].index != i)
			k++;
		if (k == encoding->ncolumns)
			MissingColumn("reference", NameStr(TupleDescAttr(columns, i)->attname));
	}
}

/* The query's columns are known: see what each is good for */
static void
Start(FmaRowReader *reader, TupleDesc columns)
{
	FmaEncoding *encoding = (FmaEncoding *) reader;
	MemoryContext caller = MemoryContextSwitchTo(encoding->context);

	if (encoding->second)
	{
		StartSecond(encoding, columns);
		MemoryContextSwitchTo(caller);
		return;
	}
	encoding->nlosses = encoding->options.no_loss ? 0 : encoding->options.paired ? 2 : 1;
	if (columns->natts <= encoding->nlosses)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the query has no column%s", encoding->nlosses > 0 ? " besides the loss" : ""),
				 errdetail("It has %d column(s).", columns->natts),
				 encoding->nlosses == 0 ? 0 :
				 errhint("Select the %s first and then the columns that may explain it.",
						 encoding->options.paired ? "losses of A and B" : "loss")));
	CheckNames(columns, encoding->nlosses);
	StartLosses(encoding, columns);
	encoding->columns = palloc0(sizeof(FmaColumn) * (columns->natts - encoding->nlosses));
	for (int i = encoding->nlosses; i < columns->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(columns, i);
		FmaColumn  *column = &encoding->columns[encoding->ncolumns++];
		bool		is_unit;

		column->name = pstrdup(NameStr(attribute->attname));
		column->index = i;
		column->type = attribute->atttypid;
		column->base_type = getBaseType(attribute->atttypid);
		column->use = FmaIsCluster(encoding, column) ? FMA_USE_VALUES : UseOf(column->base_type);
		FmaDictionaryInit(&column->dictionary, column->type, attribute->attcollation, column->name, &encoding->budget);
		is_unit = encoding->options.unit != NULL && strcmp(column->name, encoding->options.unit) == 0;
		if (is_unit)
			encoding->unit_column = column;
		FmaChunksInit(&column->rows, is_unit ? sizeof(uint32) : sizeof(uint16), false);
	}
	if (encoding->options.unit != NULL && encoding->unit_column == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("the query has no condition column named \"%s\"", encoding->options.unit),
				 errhint("\"unit\" names the column that says which rows belong together.")));
	MemoryContextSwitchTo(caller);
}

/* Stores one value of a column */
static void
PutValue(FmaEncoding *encoding, FmaColumn *column, int64 row, Datum value, bool isnull)
{
	FmaDictionary *dictionary = &column->dictionary;
	uint32		number = 0;

	if (column->left_out)
		return;
	if (!isnull)
	{
		if (dictionary->equality == FMA_BY_KEY)
			value = (Datum) FmaKeyOf(dictionary->type, value);
		else if (dictionary->length == -1)
			value = dictionary->equality == FMA_BY_BYTES ?
				PointerGetDatum(PG_DETOAST_DATUM_PACKED(value)) : PointerGetDatum(PG_DETOAST_DATUM(value));
		if (column->wide)
		{
			PutKey(encoding, column, row, false, KeyIn(column, value));
			return;
		}
		number = FmaDictionaryNumber(dictionary, value) + 1;
	}
	else if (column->wide)
	{
		PutKey(encoding, column, row, true, 0);
		return;
	}

	char	   *chunk = FmaChunkFor(&column->rows, &encoding->budget, row);

	if (column == encoding->unit_column)
		((uint32 *) chunk)[row % FMA_CHUNK_ROWS] = number;
	else if (likely(number <= MAX_NUMBERED))
		((uint16 *) chunk)[row % FMA_CHUNK_ROWS] = number;
	else if (column->use == FMA_USE_VALUES)
	{
		FmaFreeChunks(&column->rows, &encoding->budget);
		FmaLeaveColumnOut(encoding, column, psprintf("it has more than %d values", MAX_NUMBERED));
	}
	else
	{
		Widen(encoding, column, row);
		PutKey(encoding, column, row, false, KeyIn(column, value));
	}
}

/* A row without a loss is left out; the predicates then say so, by the losses' names */
static void
NoteUnlabelled(FmaEncoding *encoding)
{
	encoding->unlabelled = true;
	if (encoding->nlosses == 2 && strcmp(encoding->loss_name[0], encoding->loss_name[1]) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_COLUMN),
				 errmsg("the losses of A and B are both named \"%s\", and one is NULL", encoding->loss_name[0]),
				 errhint("Give each a name of its own, with AS, so that predicates can tell such rows.")));
}

/* Takes in one row of the query */
static void
Row(FmaRowReader *reader, TupleTableSlot *slot)
{
	FmaEncoding *encoding = (FmaEncoding *) reader;
	int64		row = encoding->nrows;

	slot_getallattrs(slot);
	for (int i = 0; i < encoding->nlosses; i++)
		if (slot->tts_isnull[i])
		{
			NoteUnlabelled(encoding);
			return;
		}
	for (int i = 0; i < encoding->nlosses; i++)
	{
		char	   *chunk = FmaChunkFor(&encoding->losses[i], &encoding->budget, row);
		double		loss = FmaReadLoss(encoding->loss_type[i], encoding->loss_name[i], slot->tts_values[i]);

		if (encoding->loss_type[i] == BOOLOID)
			chunk[row % FMA_CHUNK_ROWS] = loss != 0;
		else
			((double *) chunk)[row % FMA_CHUNK_ROWS] = loss;
	}
	for (int i = 0; i < encoding->ncolumns; i++)
	{
		FmaColumn  *column = &encoding->columns[i];

		PutValue(encoding, column, row, slot->tts_values[column->index], slot->tts_isnull[column->index]);
	}
	if (++encoding->nrows > MAX_ROWS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the query has more than %d rows", MAX_ROWS)));
	encoding->budget.rows = encoding->nrows;
}

/* A feature with no conditions yet, in the place of its column */
FmaFeature *
FmaNewFeature(FmaEncoding *encoding, FmaColumn *column, FmaPart part)
{
	FmaFeature *feature;

	if (encoding->features == NULL)
		encoding->features = palloc(sizeof(FmaFeature));
	else
		encoding->features = repalloc_huge(encoding->features, sizeof(FmaFeature) * (encoding->nfeatures + 1));
	feature = &encoding->features[encoding->nfeatures++];
	memset(feature, 0, sizeof(*feature));
	feature->column = column;
	feature->part = part;
	feature->conditions = palloc(sizeof(FmaCondition) * FMA_MAX_CODES);
	FmaCharge(&encoding->budget, encoding->nrows);
	feature->codes = MemoryContextAllocHuge(encoding->context, Max(encoding->nrows, 1));
	return feature;
}

/* A condition that one code of a feature satisfies; codes are given out in order */
FmaCondition *
FmaNewCondition(FmaFeature *feature, FmaConditionKind kind, int code)
{
	FmaCondition *condition = &feature->conditions[feature->nconditions++];

	FmaAssert(code < FMA_MAX_CODES);
	memset(condition, 0, sizeof(*condition));
	condition->kind = kind;
	condition->low = condition->high = code;
	feature->ncodes = Max(feature->ncodes, code + 1);
	return condition;
}

/* Adds what neighbouring codes make together, all but the whole */
void
FmaAddIntervals(FmaFeature *feature)
{
	int			singles = feature->nconditions;
	int			n = feature->nordered;
	FmaCondition *all = palloc(sizeof(FmaCondition) * (singles + n * (n + 1) / 2));

	memcpy(all, feature->conditions, sizeof(FmaCondition) * singles);
	for (int width = 2; width <= n; width++)
		for (int low = 0; low + width <= n; low++)
		{
			FmaCondition *condition = &all[feature->nconditions];

			if (width == n && singles == n)
				continue;		/* that would be every row */
			*condition = feature->conditions[low];
			condition->high = low + width - 1;
			condition->to = feature->conditions[low + width - 1].to;
			condition->shown = NULL;
			if (condition->from == NULL && condition->to == NULL && !feature->has_nan)
				condition->kind = FMA_IS_NOT_NULL;
			feature->nconditions++;
		}
	pfree(feature->conditions);
	feature->conditions = all;
}

/* Where the rows as read go: failures first, or by unit */
typedef struct Places
{
	int64		next[2];
} Places;

static inline int64
NextPlace(FmaEncoding *encoding, Places *places, int64 row)
{
	if (encoding->position != NULL)
		return encoding->position[row];
	if (FmaFailuresFirst(encoding))
		return places->next[!encoding->losses[0].chunks[row / FMA_CHUNK_ROWS][row % FMA_CHUNK_ROWS]]++;
	return row;
}

/* Fills a feature's codes from the numbers of its column's values; map[0] is for NULL */
void
FmaMapNumbers(FmaEncoding *encoding, FmaFeature *feature, const uint8 *map)
{
	Places		places = {{0, encoding->failures}};

	for (int64 row = 0; row < encoding->nrows; row++)
		feature->codes[NextPlace(encoding, &places, row)] = map[FmaRowNumber(feature->column, row)];
}

/* Fills a feature's codes from the keys of a wide column */
void
FmaMapKeys(FmaEncoding *encoding, FmaFeature *feature,
		   uint8 (*map) (void *argument, bool isnull, uint64 key), void *argument)
{
	Places		places = {{0, encoding->failures}};

	for (int64 row = 0; row < encoding->nrows; row++)
	{
		bool		isnull;
		uint64		key = FmaRowKey(feature->column, row, &isnull);

		if (row % FMA_CHUNK_ROWS == 0)
			CHECK_FOR_INTERRUPTS();
		feature->codes[NextPlace(encoding, &places, row)] = map(argument, isnull, key);
	}
}

static int
CompareNumbers(const void *a, const void *b, void *dictionary)
{
	CHECK_FOR_INTERRUPTS();
	return FmaDictionaryCompare(dictionary, *(const uint32 *) a, *(const uint32 *) b);
}

/* Gives every row its place in the order of the units, which is that of their values */
static void
PlaceByUnit(FmaEncoding *encoding)
{
	FmaColumn  *column = encoding->unit_column;
	uint32		nvalues = column->dictionary.nvalues;
	Size		count = (Size) nvalues + 2;
	uint32	   *order,
			   *rank;
	int64	   *start,
			   *next;
	int64		sum = 0;

	FmaCharge(&encoding->budget, 2 * (sizeof(uint32) + sizeof(int64)) * count);
	order = palloc_extended(sizeof(uint32) * count, MCXT_ALLOC_HUGE);
	rank = palloc_extended(sizeof(uint32) * count, MCXT_ALLOC_HUGE);
	start = palloc_extended(sizeof(int64) * count, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	next = palloc_extended(sizeof(int64) * count, MCXT_ALLOC_HUGE);
	for (uint32 i = 0; i < nvalues; i++)
		order[i] = i;
	qsort_arg(order, nvalues, sizeof(uint32), CompareNumbers, &column->dictionary);
	rank[0] = nvalues;			/* NULL is the last unit */
	for (uint32 i = 0; i < nvalues; i++)
		rank[order[i] + 1] = i;

	FmaCharge(&encoding->budget, sizeof(uint32) * encoding->nrows);
	encoding->position = palloc_extended(sizeof(uint32) * Max(encoding->nrows, 1), MCXT_ALLOC_HUGE);
	for (int64 row = 0; row < encoding->nrows; row++)
	{
		uint32		number = ((uint32 *) column->rows.chunks[row / FMA_CHUNK_ROWS])[row % FMA_CHUNK_ROWS];

		start[rank[number]]++;
	}
	encoding->nunits = nvalues + (start[nvalues] > 0);
	for (uint32 i = 0; i <= nvalues; i++)
	{
		int64		here = start[i];

		start[i] = next[i] = sum;
		sum += here;
	}
	start[encoding->nunits] = encoding->nrows;
	for (int64 row = 0; row < encoding->nrows; row++)
	{
		uint32		number = ((uint32 *) column->rows.chunks[row / FMA_CHUNK_ROWS])[row % FMA_CHUNK_ROWS];

		encoding->position[row] = next[rank[number]]++;
	}
	encoding->unit_start = start;
	pfree(order);
	pfree(rank);
	pfree(next);
	FmaRelease(&encoding->budget, (2 * sizeof(uint32) + sizeof(int64)) * count);
	column->left_out = true;
	FmaFreeChunks(&column->rows, &encoding->budget);
}

/* The loss of a row as read */
static inline double
LossOf(FmaEncoding *encoding, int which, int64 row)
{
	char	   *chunk = encoding->losses[which].chunks[row / FMA_CHUNK_ROWS];

	return encoding->loss_type[which] == BOOLOID ? chunk[row % FMA_CHUNK_ROWS] :
		((double *) chunk)[row % FMA_CHUNK_ROWS];
}

/*
 * Losses as integers of a common unit, so that sums do not depend on the order
 * of the rows: a power of two, about 2^-52 of the largest loss.
 */
static void
PlaceLosses(FmaEncoding *encoding)
{
	Places		places = {{0, encoding->failures}};
	bool		paired = encoding->options.paired;
	double		largest = 0;
	int			bits,
				exponent;

	for (int64 row = 0; row < encoding->nrows; row++)
	{
		double		a = LossOf(encoding, 0, row);
		double		loss = paired ? LossOf(encoding, 1, row) - a : a;

		largest = Max(largest, Max(fabs(loss), fabs(a)));
	}
	(void) frexp(largest, &exponent);
	bits = Min(LOSS_BITS, (SUM_BITS - (int) ceil(log2(encoding->nrows + 1.0))) / 2);
	encoding->loss_unit = ldexp(1.0, exponent - bits);
	if (encoding->loss_unit == 0)	/* the largest loss is denormal */
		encoding->loss_unit = ldexp(1.0, -1074);

	FmaCharge(&encoding->budget, (paired ? 2 : 1) * sizeof(int64) * encoding->nrows);
	encoding->loss = palloc_extended(sizeof(int64) * Max(encoding->nrows, 1), MCXT_ALLOC_HUGE);
	if (paired)
		encoding->first_loss = palloc_extended(sizeof(int64) * Max(encoding->nrows, 1), MCXT_ALLOC_HUGE);
	for (int64 row = 0; row < encoding->nrows; row++)
	{
		int64		place = NextPlace(encoding, &places, row);
		double		a = LossOf(encoding, 0, row);

		encoding->loss[place] = (int64) rint((paired ? LossOf(encoding, 1, row) - a : a) / encoding->loss_unit);
		if (paired)
			encoding->first_loss[place] = (int64) rint(a / encoding->loss_unit);
	}
}

/* Turns the columns as read into features, one by one, freeing each */
static void
Finish(FmaEncoding *encoding)
{
	bool		failure_first = FmaFailuresFirst(encoding);

	if (failure_first)
		for (int64 row = 0; row < encoding->nrows; row++)
			encoding->failures += encoding->losses[0].chunks[row / FMA_CHUNK_ROWS][row % FMA_CHUNK_ROWS];
	if (encoding->unit_column != NULL)
		PlaceByUnit(encoding);
	if (encoding->nlosses > 0 && (!failure_first || encoding->unit_column != NULL))
		PlaceLosses(encoding);
	for (int i = 0; i < encoding->ncolumns; i++)
	{
		FmaColumn  *column = &encoding->columns[i];

		CHECK_FOR_INTERRUPTS();
		if (column->left_out || encoding->nrows == 0)
			continue;
		if (encoding->options.look != NULL)
			encoding->options.look(encoding, column, encoding->options.look_argument);
		switch (column->use)
		{
			case FMA_USE_VALUES:
				FmaCodeValues(encoding, column);
				break;
			case FMA_USE_NUMBER:
				FmaCodeNumber(encoding, column);
				break;
			case FMA_USE_TIME:
				FmaCodeCalendar(encoding, column);
				break;
		}
		FmaFreeChunks(&column->rows, &encoding->budget);
	}
	for (int i = 0; i < encoding->nlosses; i++)
		FmaFreeChunks(&encoding->losses[i], &encoding->budget);
	if (encoding->position != NULL)
	{
		pfree(encoding->position);
		encoding->position = NULL;
		FmaRelease(&encoding->budget, sizeof(uint32) * encoding->nrows);
	}
}

/* An encoding without rows, in the current memory context */
static FmaEncoding *
NewEncoding(const FmaEncodeOptions *options)
{
	FmaEncoding *encoding = palloc0(sizeof(FmaEncoding));

	encoding->reader.start = Start;
	encoding->reader.row = Row;
	encoding->options = *options;
	encoding->context = CurrentMemoryContext;
	encoding->budget.limit = FmaSearchMemory();
	return encoding;
}

static void
FinishWithLiterals(FmaEncoding *encoding)
{
	int			nest_level = FmaFixLiterals();

	Finish(encoding);
	AtEOXact_GUC(true, nest_level);
}

/* Reads a query and encodes its rows, in the current memory context */
FmaEncoding *
FmaEncode(const char *query, const FmaEncodeOptions *options)
{
	FmaEncoding *encoding = NewEncoding(options);

	FmaReadQuery(query, &encoding->reader);
	if (encoding->nrows == 0)
		Say(encoding, "the query returned no row with a loss");

	FinishWithLiterals(encoding);
	return encoding;
}

/*
 * Reads two queries of the same columns and encodes the rows of both together,
 * in the current memory context: they share values and bins.  Rows stay in
 * their order; those before "split" are the first query's.  Returns NULL if
 * one of them has no rows.
 */
FmaEncoding *
FmaEncodePair(const char *reference, const char *current, const FmaEncodeOptions *options)
{
	FmaEncoding *encoding = NewEncoding(options);

	encoding->pooled = true;
	FmaReadQuery(reference, &encoding->reader);
	encoding->split = encoding->nrows;
	encoding->second = true;
	FmaReadQuery(current, &encoding->reader);
	if (encoding->split == 0 || encoding->split == encoding->nrows)
	{
		Say(encoding, psprintf("the %s query returned no row%s", encoding->split == 0 ? "reference" : "current",
							   options->no_loss ? "" : " with a loss"));
		return NULL;
	}
	FinishWithLiterals(encoding);
	return encoding;
}

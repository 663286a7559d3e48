/*
 * boxes.c
 *		Reads true and predicted boxes, a row each, and gives them out image by image.
 *
 * Each query's rows go through a sort by image that spills to disk beyond half
 * of work_mem, so that memory holds the boxes of one image at a time, whatever
 * the order of the rows.  Labels are numbered as they come.
 */
#include "boxes.h"

#include "access/htup_details.h"
#include "catalog/pg_collation_d.h"
#include "catalog/pg_operator_d.h"
#include "catalog/pg_type_d.h"
#include "executor/executor.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/tuplesort.h"
#include "utils/typcache.h"

#include "losses.h"

/* With larger coordinates an area could leave a double's range. */
#define MAX_COORDINATE 1e100

/* A sort's least memory in kB (as PostgreSQL's least work_mem) */
#define LEAST_SORT_MEMORY 64

/* Room for boxes of an image that is made at first */
#define FIRST_BOXES 64

/* The columns that a query can have */
typedef enum Column
{
	IMAGE_ID, LABEL, SCORE,
	X, Y, WIDTH, HEIGHT,		/* a box by its size ... */
	X1, Y1, X2, Y2,				/* ... or by its corners */
	ID, CROWD, AREA,
	COLUMNS						/* how many there are */
} Column;

static const char *const column_names[COLUMNS] = {
	"image_id", "label", "score", "x", "y", "width", "height", "x1", "y1", "x2", "y2", "id", "iscrowd", "area"
};

static const char *const source_names[FMA_BOX_SOURCES] = {"truth", "prediction"};

/* The columns of what is sorted */
typedef enum SortColumn
{
	SORT_IMAGE, SORT_ROW, SORT_LABEL, SORT_ID, SORT_CROWD,
	SORT_SCORE, SORT_X, SORT_Y, SORT_WIDTH, SORT_HEIGHT, SORT_AREA,
	SORT_COLUMNS				/* how many there are */
} SortColumn;

/* One of the two queries */
typedef struct BoxQuery
{
	FmaRowReader reader;
	FmaBoxes   *boxes;
	FmaBoxSource source;
	int			position[COLUMNS];	/* in the query's rows; -1 for a column that is not there */
	Oid			type[COLUMNS];	/* domains resolved */
	bool		corners;
	FmgrInfo	label_output;
	FmgrInfo	id_output;
	Tuplesortstate *sort;
	TupleTableSlot *slot;		/* what goes into the sort; then the next row that comes out, ... */
	bool		more;			/* ... if there is one */
	int64		rows;
	int64		left_out;		/* rows with a NULL */
} BoxQuery;

struct FmaBoxes
{
	MemoryContext context;
	MemoryContext image_context;	/* emptied with each image */
	FmaBudget	budget;
	FmaDictionary labels;
	FmaLabel   *label_texts;
	double		least_score;
	bool		with_ids;
	Oid			image_type;		/* InvalidOid before the first query */
	TypeCacheEntry *image_cache;
	Oid			image_collation;
	FmgrInfo	image_output;
	Datum		image_id;		/* of the image at hand */
	FmaImageBoxes image;		/* its boxes */
	BoxQuery	queries[FMA_BOX_SOURCES];
};

/* The columns that a query may have, for a hint */
static int
HintColumns(FmaBoxSource source)
{
	return source == FMA_TRUTH ?
		errhint("Columns go by name: image_id, label, x, y, width and height (or x1, y1, x2 and y2), and optionally id, iscrowd and area.") :
		errhint("Columns go by name: image_id, label, score, x, y, width and height (or x1, y1, x2 and y2), and optionally id.");
}

static bool
MayHave(FmaBoxSource source, Column column)
{
	return source == FMA_TRUTH ? column != SCORE : column != CROWD && column != AREA;
}

/* Finds the columns of a query by their names */
static void
FindColumns(BoxQuery *query, TupleDesc columns)
{
	for (Column column = 0; column < COLUMNS; column++)
		query->position[column] = -1;
	for (int i = 0; i < columns->natts; i++)
	{
		const char *name = NameStr(TupleDescAttr(columns, i)->attname);
		Column		column = 0;

		while (column < COLUMNS && strcmp(column_names[column], name) != 0)
			column++;
		if (column == COLUMNS || !MayHave(query->source, column))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the %s query has an unknown column \"%s\"", source_names[query->source], name),
					 HintColumns(query->source)));
		if (query->position[column] >= 0)
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_COLUMN),
					 errmsg("the %s query has the column \"%s\" twice", source_names[query->source], name)));
		query->position[column] = i;
		query->type[column] = getBaseType(TupleDescAttr(columns, i)->atttypid);
	}
}

/* Whether a box of this query needs a column */
static bool
IsNeeded(const BoxQuery *query, Column column)
{
	switch (column)
	{
		case SCORE:
			return query->source == FMA_PREDICTION;
		case X:
		case Y:
		case WIDTH:
		case HEIGHT:
			return !query->corners;
		case X1:
		case Y1:
		case X2:
		case Y2:
			return query->corners;
		case ID:
		case CROWD:
		case AREA:
			return false;
		default:
			return true;
	}
}

/* Checks that a query has the columns it needs, of types that will do */
static void
CheckColumns(BoxQuery *query)
{
	for (Column column = X1; column <= Y2; column++)
		query->corners = query->corners || query->position[column] >= 0;
	for (Column column = 0; column < COLUMNS; column++)
	{
		bool		there = query->position[column] >= 0;
		Oid			type = query->type[column];

		if (!there && IsNeeded(query, column))
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("the %s query needs a column \"%s\"", source_names[query->source], column_names[column]),
					 HintColumns(query->source)));
		if (there && query->corners && column >= X && column <= HEIGHT)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the %s query has both corners and a column \"%s\"",
							source_names[query->source], column_names[column]),
					 HintColumns(query->source)));
		if (!there || column == IMAGE_ID || column == LABEL || column == ID)
			continue;
		if (column == CROWD ? type != BOOLOID && type != INT2OID && type != INT4OID && type != INT8OID : !FmaIsNumber(type))
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("column \"%s\" of the %s query must be %s", column_names[column], source_names[query->source],
							column == CROWD ? "boolean or integer" : "a number"),
					 errdetail("It has type %s.", format_type_be(type))));
	}
}

/* The type as which image ids are compared: integers as bigint, strings as text */
static Oid
ImageType(Oid type)
{
	switch (type)
	{
		case INT2OID:
		case INT4OID:
			return INT8OID;
		case VARCHAROID:
			return TEXTOID;
		default:
			return type;
	}
}

/* Settles how image ids are compared, which must be the same in both queries */
static void
StartImages(FmaBoxes *boxes, Oid type)
{
	Oid			image_type = ImageType(type);
	Oid			output;
	bool		is_varlena;

	if (boxes->image_type == image_type)
		return;
	if (boxes->image_type != InvalidOid)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the image_id of both queries must have the same type"),
				 errdetail("One is of type %s, the other of type %s.",
						   format_type_be(boxes->image_type), format_type_be(image_type)),
				 errhint("Cast one of them.")));
	boxes->image_type = image_type;
	boxes->image_cache = lookup_type_cache(image_type, TYPECACHE_LT_OPR | TYPECACHE_CMP_PROC_FINFO);
	if (!OidIsValid(boxes->image_cache->lt_opr) || !OidIsValid(boxes->image_cache->cmp_proc_finfo.fn_oid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("column \"image_id\" cannot be sorted"),
				 errdetail("Type %s has no order.", format_type_be(image_type)),
				 errhint("Cast it to a type that has one, such as text.")));
	/* No collation: the order of images must not depend on the server's locale. */
	boxes->image_collation = type_is_collatable(image_type) ? C_COLLATION_OID : InvalidOid;
	getTypeOutputInfo(image_type, &output, &is_varlena);
	fmgr_info(output, &boxes->image_output);
}

/* Begins the sort by image, then in the order of the query */
static void
StartSort(BoxQuery *query)
{
	FmaBoxes   *boxes = query->boxes;
	TupleDesc	columns = CreateTemplateTupleDesc(SORT_COLUMNS);
	AttrNumber	keys[] = {SORT_IMAGE + 1, SORT_ROW + 1};
	Oid			operators[] = {boxes->image_cache->lt_opr, Int8LessOperator};
	Oid			collations[] = {boxes->image_collation, InvalidOid};
	bool		nulls_first[] = {false, false};

	for (int i = 0; i < SORT_COLUMNS; i++)
	{
		Oid			type = i == SORT_IMAGE ? boxes->image_type : i == SORT_ROW ? INT8OID : i == SORT_LABEL ? INT4OID :
			i == SORT_ID ? TEXTOID : i == SORT_CROWD ? BOOLOID : FLOAT8OID;

		TupleDescInitEntry(columns, i + 1, NULL, type, -1, 0);
	}
	query->slot = MakeSingleTupleTableSlot(columns, &TTSOpsMinimalTuple);
	query->sort = tuplesort_begin_heap(columns, lengthof(keys), keys, operators, collations, nulls_first,
									   Max(work_mem / FMA_BOX_SOURCES, LEAST_SORT_MEMORY), NULL, TUPLESORT_NONE);
}

/* A query's columns are known (FmaRowReader) */
static void
Start(FmaRowReader *reader, TupleDesc columns)
{
	BoxQuery   *query = (BoxQuery *) reader;
	MemoryContext caller = MemoryContextSwitchTo(query->boxes->context);
	Oid			output;
	bool		is_varlena;

	FindColumns(query, columns);
	CheckColumns(query);
	StartImages(query->boxes, query->type[IMAGE_ID]);
	getTypeOutputInfo(query->type[LABEL], &output, &is_varlena);
	fmgr_info(output, &query->label_output);
	if (query->position[ID] >= 0)
	{
		getTypeOutputInfo(query->type[ID], &output, &is_varlena);
		fmgr_info(output, &query->id_output);
	}
	StartSort(query);
	MemoryContextSwitchTo(caller);
}

/* Which row an error is about */
static void
NameRow(void *argument)
{
	const BoxQuery *query = argument;

	errcontext("row %lld of the %s query", (long long) query->rows, source_names[query->source]);
}

/* Checks a number of a box, whose name is for the message */
double
FmaCheckCoordinate(const char *name, double value)
{
	if (unlikely(!(fabs(value) <= MAX_COORDINATE)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s must be a number between -1e100 and 1e100", name),
				 errdetail("%s is %s.", name, FmaFloat8ToString(value))));
	return value;
}

/* The same for what cannot be negative */
double
FmaCheckExtent(const char *name, double value)
{
	FmaCheckCoordinate(name, value);
	if (unlikely(value < 0))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s must not be negative", name),
				 errdetail("%s is %s.", name, FmaFloat8ToString(value))));
	return value;
}

/* A number of a row, within the bounds of coordinates */
static double
ReadNumber(const BoxQuery *query, TupleTableSlot *slot, Column column)
{
	return FmaCheckCoordinate(column_names[column],
							  FmaNumberAsDouble(query->type[column], slot->tts_values[query->position[column]]));
}

/* The same for what cannot be negative */
static double
ReadSize(const BoxQuery *query, TupleTableSlot *slot, Column column)
{
	return FmaCheckExtent(column_names[column], ReadNumber(query, slot, column));
}

/* A size from two corners */
static double
ReadExtent(const BoxQuery *query, TupleTableSlot *slot, Column low, Column high)
{
	double		first = ReadNumber(query, slot, low);
	double		second = ReadNumber(query, slot, high);

	if (unlikely(second < first))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s must not be less than %s", column_names[high], column_names[low]),
				 errdetail("%s is %s, %s is %s.", column_names[low], FmaFloat8ToString(first),
						   column_names[high], FmaFloat8ToString(second))));
	return second - first;
}

/* The value of an optional column; false if it is not there or NULL */
static bool
HasValue(const BoxQuery *query, TupleTableSlot *slot, Column column, Datum *value)
{
	int			position = query->position[column];

	if (position < 0 || slot->tts_isnull[position])
		return false;
	*value = slot->tts_values[position];
	return true;
}

/* The box of a row, all but its label */
static void
ReadBox(const BoxQuery *query, TupleTableSlot *slot, FmaBox *box)
{
	Datum		value;

	box->score = query->source == FMA_PREDICTION ?
		FmaCheckUnit("score", FmaNumberAsDouble(query->type[SCORE], slot->tts_values[query->position[SCORE]])) : 0;
	box->x = ReadNumber(query, slot, query->corners ? X1 : X);
	box->y = ReadNumber(query, slot, query->corners ? Y1 : Y);
	box->width = query->corners ? ReadExtent(query, slot, X1, X2) : ReadSize(query, slot, WIDTH);
	box->height = query->corners ? ReadExtent(query, slot, Y1, Y2) : ReadSize(query, slot, HEIGHT);
	box->area = HasValue(query, slot, AREA, &value) ? ReadSize(query, slot, AREA) : box->width * box->height;
	box->crowd = HasValue(query, slot, CROWD, &value) && FmaNumberAsDouble(query->type[CROWD], value) != 0;
}

/* The number of a row's label */
static uint32
ReadLabel(BoxQuery *query, Datum value)
{
	FmaDictionary *labels = &query->boxes->labels;
	uint32		label;

	if (query->type[LABEL] != TEXTOID && query->type[LABEL] != VARCHAROID)
		value = CStringGetTextDatum(OutputFunctionCall(&query->label_output, value));
	label = FmaDictionaryNumber(labels, value);
	if (unlikely(label >= FMA_MAX_LABELS))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many different labels of boxes"),
				 errdetail("The limit is %d labels.", FMA_MAX_LABELS),
				 errhint("Is \"label\" an identifier, a number or free text instead of a class?")));
	return label;
}

/* A row's image id as the type in which ids are compared */
static Datum
ReadImage(const BoxQuery *query, Datum value)
{
	if (query->type[IMAGE_ID] == INT2OID)
		return Int64GetDatum(DatumGetInt16(value));
	if (query->type[IMAGE_ID] == INT4OID)
		return Int64GetDatum(DatumGetInt32(value));
	return query->boxes->image_cache->typlen == -1 ? PointerGetDatum(PG_DETOAST_DATUM_PACKED(value)) : value;
}

/* Puts a box into the sort */
static void
PutBox(BoxQuery *query, TupleTableSlot *from, const FmaBox *box)
{
	TupleTableSlot *slot = query->slot;
	Datum		id = (Datum) 0;

	ExecClearTuple(slot);
	memset(slot->tts_isnull, false, SORT_COLUMNS * sizeof(bool));
	slot->tts_values[SORT_IMAGE] = ReadImage(query, from->tts_values[query->position[IMAGE_ID]]);
	slot->tts_values[SORT_ROW] = Int64GetDatum(query->rows);
	slot->tts_values[SORT_LABEL] = Int32GetDatum(box->label);
	slot->tts_isnull[SORT_ID] = !query->boxes->with_ids || !HasValue(query, from, ID, &id);
	slot->tts_values[SORT_ID] = slot->tts_isnull[SORT_ID] ? (Datum) 0 :
		CStringGetTextDatum(OutputFunctionCall(&query->id_output, id));
	slot->tts_values[SORT_CROWD] = BoolGetDatum(box->crowd);
	slot->tts_values[SORT_SCORE] = Float8GetDatum(box->score);
	slot->tts_values[SORT_X] = Float8GetDatum(box->x);
	slot->tts_values[SORT_Y] = Float8GetDatum(box->y);
	slot->tts_values[SORT_WIDTH] = Float8GetDatum(box->width);
	slot->tts_values[SORT_HEIGHT] = Float8GetDatum(box->height);
	slot->tts_values[SORT_AREA] = Float8GetDatum(box->area);
	ExecStoreVirtualTuple(slot);
	tuplesort_puttupleslot(query->sort, slot);
}

/* Takes in one row of a query (FmaRowReader) */
static void
Row(FmaRowReader *reader, TupleTableSlot *slot)
{
	BoxQuery   *query = (BoxQuery *) reader;
	ErrorContextCallback callback = {.callback = NameRow, .arg = query};
	FmaBox		box;

	slot_getallattrs(slot);
	query->rows++;
	query->boxes->budget.rows++;
	for (Column column = 0; column < COLUMNS; column++)
		if (query->position[column] >= 0 && slot->tts_isnull[query->position[column]] && IsNeeded(query, column))
		{
			query->left_out++;
			return;
		}
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	ReadBox(query, slot, &box);
	if (query->source == FMA_TRUTH || box.score >= query->boxes->least_score)
	{
		box.label = ReadLabel(query, slot->tts_values[query->position[LABEL]]);
		PutBox(query, slot, &box);
	}
	error_context_stack = callback.previous;
}

/* Fetches the next row of a sort */
static void
Fetch(BoxQuery *query)
{
	query->more = tuplesort_gettupleslot(query->sort, true, false, query->slot, NULL);
	if (query->more)
		slot_getallattrs(query->slot);
}

/* Reads one of the two queries */
static void
ReadQuery(FmaBoxes *boxes, FmaBoxSource source, const char *text)
{
	BoxQuery   *query = &boxes->queries[source];

	query->reader.start = Start;
	query->reader.row = Row;
	query->boxes = boxes;
	query->source = source;
	FmaReadQuery(text, &query->reader);
	if (query->left_out > 0)
		ereport(NOTICE,
				(errmsg_plural("%lld row of the %s query was left out: its image, label%s or box is NULL",
							   "%lld rows of the %s query were left out: their image, label%s or box is NULL",
							   query->left_out, (long long) query->left_out, source_names[source],
							   source == FMA_PREDICTION ? ", score" : "")));
	tuplesort_performsort(query->sort);
	Fetch(query);
}

/*
 * Reads both queries, in the current memory context, and leaves out predictions
 * that score less than "least_score".
 *
 * Memory: half of work_mem for each query's sort, and the boxes of one image,
 * which are charged to fma.search_memory.
 */
FmaBoxes *
FmaReadBoxes(const char *truth_query, const char *prediction_query, double least_score, bool with_ids)
{
	FmaBoxes   *boxes = palloc0(sizeof(FmaBoxes));

	boxes->context = CurrentMemoryContext;
	boxes->image_context = AllocSetContextCreate(CurrentMemoryContext, "fma image", ALLOCSET_DEFAULT_SIZES);
	boxes->budget.limit = FmaSearchMemory();
	boxes->least_score = least_score;
	boxes->with_ids = with_ids;
	FmaDictionaryInit(&boxes->labels, TEXTOID, C_COLLATION_OID, column_names[LABEL], &boxes->budget);
	ReadQuery(boxes, FMA_TRUTH, truth_query);
	ReadQuery(boxes, FMA_PREDICTION, prediction_query);
	boxes->label_texts = palloc_array(FmaLabel, Max(boxes->labels.nvalues, 1));
	for (uint32 i = 0; i < boxes->labels.nvalues; i++)
	{
		char	   *text = FmaDictionaryText(&boxes->labels, i);

		boxes->label_texts[i] = FmaMakeLabel(text, strlen(text));
	}
	return boxes;
}

/* Lets go of the sorts; the rest goes with the memory context */
void
FmaFreeBoxes(FmaBoxes *boxes)
{
	for (int source = 0; source < FMA_BOX_SOURCES; source++)
	{
		ExecDropSingleTupleTableSlot(boxes->queries[source].slot);
		tuplesort_end(boxes->queries[source].sort);
	}
}

/* Compares two image ids */
static int
CompareImages(FmaBoxes *boxes, Datum a, Datum b)
{
	return DatumGetInt32(FunctionCall2Coll(&boxes->image_cache->cmp_proc_finfo, boxes->image_collation, a, b));
}

/* Takes a box out of the sort into the image's list */
static void
TakeBox(BoxQuery *query)
{
	FmaBoxes   *boxes = query->boxes;
	FmaBoxList *list = &boxes->image.lists[query->source];
	const Datum *values = query->slot->tts_values;
	FmaBox	   *box;

	if (list->n == list->room)
	{
		int64		room = Max(2 * list->room, FIRST_BOXES);

		FmaCharge(&boxes->budget, (room - list->room) * sizeof(FmaBox));
		list->boxes = list->boxes == NULL ? MemoryContextAllocHuge(boxes->context, room * sizeof(FmaBox)) :
			repalloc_huge(list->boxes, room * sizeof(FmaBox));
		list->room = room;
	}
	box = &list->boxes[list->n++];
	memset(box, 0, sizeof(*box));
	box->row = DatumGetInt64(values[SORT_ROW]);
	box->label = DatumGetInt32(values[SORT_LABEL]);
	box->crowd = DatumGetBool(values[SORT_CROWD]);
	box->score = DatumGetFloat8(values[SORT_SCORE]);
	box->x = DatumGetFloat8(values[SORT_X]);
	box->y = DatumGetFloat8(values[SORT_Y]);
	box->width = DatumGetFloat8(values[SORT_WIDTH]);
	box->height = DatumGetFloat8(values[SORT_HEIGHT]);
	box->area = DatumGetFloat8(values[SORT_AREA]);
	if (!query->slot->tts_isnull[SORT_ID])
	{
		MemoryContext caller = MemoryContextSwitchTo(boxes->image_context);

		box->id = TextDatumGetCString(values[SORT_ID]);
		MemoryContextSwitchTo(caller);
	}
}

/* qsort comparator: by label, then the highest score first, then in the order of the query */
static int
CompareBoxes(const void *a, const void *b)
{
	const FmaBox *x = a,
			   *y = b;

	CHECK_FOR_INTERRUPTS();
	if (x->label != y->label)
		return x->label < y->label ? -1 : 1;
	if (x->score != y->score)
		return x->score < y->score ? 1 : -1;
	return x->row < y->row ? -1 : x->row > y->row;
}

/* The next image that has a box, or NULL; images are in the order of their ids */
FmaImageBoxes *
FmaNextImage(FmaBoxes *boxes)
{
	BoxQuery   *first = &boxes->queries[FMA_TRUTH];
	BoxQuery   *other = &boxes->queries[FMA_PREDICTION];
	MemoryContext caller;

	CHECK_FOR_INTERRUPTS();
	MemoryContextReset(boxes->image_context);
	if (!first->more && !other->more)
		return NULL;
	if (!first->more || (other->more &&
						 CompareImages(boxes, other->slot->tts_values[SORT_IMAGE], first->slot->tts_values[SORT_IMAGE]) < 0))
		first = other;
	caller = MemoryContextSwitchTo(boxes->image_context);
	boxes->image_id = datumCopy(first->slot->tts_values[SORT_IMAGE], boxes->image_cache->typbyval, boxes->image_cache->typlen);
	MemoryContextSwitchTo(caller);
	for (int source = 0; source < FMA_BOX_SOURCES; source++)
	{
		BoxQuery   *query = &boxes->queries[source];
		FmaBoxList *list = &boxes->image.lists[source];

		list->n = 0;
		while (query->more && CompareImages(boxes, query->slot->tts_values[SORT_IMAGE], boxes->image_id) == 0)
		{
			CHECK_FOR_INTERRUPTS();
			TakeBox(query);
			Fetch(query);
		}
		qsort(list->boxes, list->n, sizeof(FmaBox), CompareBoxes);
	}
	return &boxes->image;
}

/* Steps to the next label of an image; start with a group of zeros */
bool
FmaNextLabel(const FmaImageBoxes *image, FmaLabelBoxes *group)
{
	bool		more = false;

	CHECK_FOR_INTERRUPTS();
	for (int source = 0; source < FMA_BOX_SOURCES; source++)
	{
		const FmaBoxList *list = &image->lists[source];

		group->boxes[source] = group->boxes[source] == NULL ? list->boxes : group->boxes[source] + group->n[source];
		if (list->n > 0 && group->boxes[source] < list->boxes + list->n &&
			(!more || group->boxes[source]->label < group->label))
		{
			group->label = group->boxes[source]->label;
			more = true;
		}
	}
	for (int source = 0; source < FMA_BOX_SOURCES && more; source++)
	{
		const FmaBoxList *list = &image->lists[source];
		FmaBox	   *end = list->boxes + list->n;
		FmaBox	   *box = group->boxes[source];

		while (list->n > 0 && box < end && box->label == group->label)
			box++;
		group->n[source] = box - group->boxes[source];
	}
	return more;
}

FmaBudget *
FmaBoxBudget(FmaBoxes *boxes)
{
	return &boxes->budget;
}

/* The id of the image at hand */
char *
FmaImageText(FmaBoxes *boxes)
{
	return OutputFunctionCall(&boxes->image_output, boxes->image_id);
}

uint32
FmaBoxLabelCount(const FmaBoxes *boxes)
{
	return boxes->labels.nvalues;
}

/* Labels by their number; their bytes end with a 0 */
const FmaLabel *
FmaBoxLabels(const FmaBoxes *boxes)
{
	return boxes->label_texts;
}

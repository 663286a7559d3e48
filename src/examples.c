/*
 * examples.c
 *		Rows of the source that show what a run's figures are made of: of all
 *		failures, of each hotspot's, and of each cell of the confusion matrix
 *		that a report shows.
 *
 * One scan serves all groups.  Of each group the best rows so far are kept, so
 * memory is bounded by groups times rows kept, whatever the size of the source.
 * The rows have the order of fma_list_predictions.
 */
#include "example_groups.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "filter.h"
#include "images.h"
#include "predictions.h"
#include "miscadmin.h"
#include "settings.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/typcache.h"

/* Cells off the diagonal that have rows, those with most errors first */
#define MAX_ERROR_CELLS 200

static ExampleGroup *
AddGroup(Examples *examples, ExampleKind kind, double stored)
{
	ExampleGroup *group = palloc0(sizeof(ExampleGroup));

	group->kind = kind;
	group->stored = stored;
	group->items = palloc(examples->per_group * sizeof(Example));
	examples->groups = lappend(examples->groups, group);
	return group;
}

/* Failures where the dataset says what they are, else labelled rows */
static double
StoredCount(const Examples *examples, FmaNode *figures)
{
	if (FmaFailedSql(examples->dataset) != NULL)
		return FmaNodeNumber(figures, "failures");
	return FmaNodeNumber(figures, "n");
}

static double
StoredErrors(const Examples *examples, FmaNode *overview)
{
	double		unlabelled = FmaNodeNumber(overview, "unlabelled");

	return StoredCount(examples, overview) - (FmaFailedSql(examples->dataset) != NULL ? 0 : unlabelled);
}

static void
AddHotspots(Examples *examples, FmaNode *hotspots)
{
	for (int i = 0; i < FmaListLength(hotspots); i++)
	{
		FmaNode    *hotspot = FmaListObject(hotspots, i);
		ExampleGroup *group = AddGroup(examples, GROUP_HOTSPOT, StoredCount(examples, hotspot));

		group->rank = FmaNodeNumber(hotspot, "rank");
		group->slice = FmaNodeText(hotspot, "slice");
		group->conditions = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(FmaNodeText(hotspot, "conditions"))));
		examples->hotspots = lappend(examples->hotspots, group);
	}
}

/* Two labels by bytes; "context" has them all */
static int
CompareLabels(const void *a, const void *b, void *context)
{
	char	  **labels = context;

	return strcmp(labels[*(const int *) a], labels[*(const int *) b]);
}

static int
MoreRows(const ListCell *a, const ListCell *b)
{
	const ExampleGroup *first = lfirst(a);
	const ExampleGroup *second = lfirst(b);

	if (first->stored != second->stored)
		return first->stored > second->stored ? -1 : 1;
	if (first->truth != second->truth)
		return first->truth < second->truth ? -1 : 1;
	return first->prediction < second->prediction ? -1 : first->prediction > second->prediction;
}

/* The cells of the matrix that have rows: those off the diagonal, as many as are wanted, and those on it */
static List *
ChosenCells(FmaNode *counts, int n_labels)
{
	List	   *errors = NIL;
	List	   *right = NIL;

	for (int i = 0; i < n_labels * n_labels; i++)
	{
		double		n = FmaListNumber(FmaListList(counts, i / n_labels), i % n_labels);
		ExampleGroup *cell;

		if (!(n > 0))
			continue;
		cell = palloc0(sizeof(ExampleGroup));
		cell->truth = i / n_labels;
		cell->prediction = i % n_labels;
		cell->stored = n;
		if (cell->truth == cell->prediction)
			right = lappend(right, cell);
		else
			errors = lappend(errors, cell);
	}
	list_sort(errors, MoreRows);
	return list_concat(list_truncate(errors, MAX_ERROR_CELLS), right);
}

/* Groups for the cells of the confusion matrix; the labels that are shown together as the last one have none */
static void
AddCells(Examples *examples, FmaNode *confusion)
{
	FmaNode    *labels = FmaNodeList(confusion, "labels");
	int			n = FmaListLength(labels) - (FmaNodeNumber(confusion, "folded") > 0 ? 1 : 0);
	ListCell   *cell;

	if (!FmaHasLabels(examples->dataset) || n <= 0)
		return;
	examples->n_labels = n;
	examples->labels = palloc(n * sizeof(char *));
	examples->sorted = palloc(n * sizeof(int));
	examples->cells = palloc0(n * n * sizeof(ExampleGroup *));
	for (int i = 0; i < n; i++)
	{
		examples->labels[i] = FmaListText(labels, i);
		examples->sorted[i] = i;
	}
	qsort_arg(examples->sorted, n, sizeof(int), CompareLabels, examples->labels);
	foreach(cell, ChosenCells(FmaNodeList(confusion, "counts"), n))
	{
		const ExampleGroup *chosen = lfirst(cell);
		ExampleGroup *group = AddGroup(examples, GROUP_CELL, FmaRowsAreImages(examples->dataset) ? NAN : chosen->stored);

		group->truth = chosen->truth;
		group->prediction = chosen->prediction;
		examples->cells[group->truth * n + group->prediction] = group;
	}
}

/* The error of a prediction that is a number */
static char *
ErrorSql(const FmaDataset *dataset)
{
	if (dataset->task != FMA_REGRESSION)
		return NULL;
	return FmaFiniteSql(psprintf("abs(%s - %s)", FmaFloat8Sql(dataset, FMA_PREDICTION), FmaFloat8Sql(dataset, FMA_TRUTH)));
}

/* Whether the dataset says what a confident error is */
bool
FmaHasConfidentErrors(const FmaDataset *dataset)
{
	return FmaFailedSql(dataset) != NULL && FmaConfidentSql(dataset) != NULL;
}

/* Rows of the run: of its model version and time, without what was excluded as duplicates */
static char *
RunRowsSql(const FmaDataset *dataset, const FmaStoredRun *run, const char *exclusion)
{
	FmaFilter	filter = {0};

	filter.model_version = dataset->columns[FMA_MODEL_VERSION] == NULL ? NULL : run->model_version;
	filter.has_since = run->has_since;
	filter.since = run->since;
	filter.has_until = run->has_until;
	filter.until = run->until;
	return psprintf("%s%s", FmaFilteredFromSql(dataset, &filter), exclusion == NULL ? "" : exclusion);
}

/* Appends a column for each hotspot, called h1, h2, ... */
static void
PutHotspots(StringInfo select, const Examples *examples)
{
	ListCell   *cell;

	foreach(cell, examples->hotspots)
		FmaPutColumn(select, FmaConditionsToPredicate(examples->dataset, ((ExampleGroup *) lfirst(cell))->conditions), "boolean",
					 psprintf("h%d", foreach_current_index(cell) + 1));
}

/* The query where rows are images: each one's matrix is made once */
static char *
ImagesSql(const Examples *examples, const char *rows)
{
	const FmaDataset *dataset = examples->dataset;
	const char *failed = dataset->failed != NULL ? "i.own_failed" : FmaMatrixFailedSql(dataset, "i.confusion");
	StringInfoData inner,
				outer;

	initStringInfo(&inner);
	FmaPutColumn(&inner, FmaSortKeySql(dataset, FMA_CONFIDENCE), "double precision", "key");
	FmaPutColumn(&inner, FmaSortKeySql(dataset, FMA_ID), "text", "sort_id");
	FmaPutColumn(&inner, FmaTextSql(dataset, FMA_ID), "text", "id");
	FmaPutColumn(&inner, FmaConfusionSql(dataset), NULL, "confusion");
	FmaPutColumn(&inner, dataset->failed != NULL ? FmaFailedSql(dataset) : NULL, "boolean", "own_failed");
	FmaPutColumn(&inner, FmaFiniteSql(FmaFloat8Sql(dataset, FMA_CONFIDENCE)), "double precision", "confidence");
	FmaPutColumn(&inner, FmaConfidentSql(dataset), "boolean", "confident");
	FmaPutColumn(&inner, FmaTextSql(dataset, FMA_IMAGE), "text", "image_url");
	FmaPutColumn(&inner, FmaTimeSql(dataset), "timestamptz", "occurred_at");
	PutHotspots(&inner, examples);

	initStringInfo(&outer);
	appendStringInfo(&outer, "SELECT i.key, i.sort_id, %s AS failed, (%s) AND i.confident, i.id, w.truth, w.prediction, i.confidence, "
					 "%s, i.image_url, NULL::double precision, i.occurred_at, c.truths, c.predictions", failed, failed,
					 FmaErrorTypeSql(failed, "i.confident"));
	for (int i = 1; i <= list_length(examples->hotspots); i++)
		appendStringInfo(&outer, ", i.h%d", i);
	appendStringInfo(&outer, " FROM (%s %s OFFSET 0) AS i LEFT JOIN LATERAL (%s) AS w ON true CROSS JOIN LATERAL ("
					 "SELECT array_agg(e.truth) AS truths, array_agg(e.prediction) AS predictions "
					 "FROM %s.fma_cells(i.confusion) AS e WHERE e.n > 0) AS c", inner.data, rows, FmaWorstCellSql("i.confusion"), FmaSchema());
	return outer.data;
}

/* The query that reads the rows of all groups; to be called as the dataset's owner */
static char *
QuerySql(const Examples *examples, const char *exclusion)
{
	const FmaDataset *dataset = examples->dataset;
	char	   *rows = RunRowsSql(dataset, examples->run, exclusion);
	char	   *error = ErrorSql(dataset);
	char	   *failed = FmaFailedSql(dataset);
	StringInfoData select;

	if (FmaRowsAreImages(dataset))
		return ImagesSql(examples, rows);
	initStringInfo(&select);
	FmaPutColumn(&select, error != NULL ? error : FmaSortKeySql(dataset, FMA_CONFIDENCE), "double precision", "key");
	FmaPutColumn(&select, FmaSortKeySql(dataset, FMA_ID), "text", "sort_id");
	FmaPutColumn(&select, failed != NULL ? failed : psprintf("(%s) IS NOT NULL", FmaLossSql(dataset)), "boolean", "failed");
	FmaPutColumn(&select, FmaHasConfidentErrors(dataset) ? psprintf("(%s AND %s)", failed, FmaConfidentSql(dataset)) : NULL, "boolean", "confident");
	FmaPutPrediction(&select, dataset);
	FmaPutColumn(&select, error, "double precision", "loss");
	FmaPutColumn(&select, FmaTimeSql(dataset), "timestamptz", "occurred_at");
	FmaPutColumn(&select, NULL, "text[]", "truths");
	FmaPutColumn(&select, NULL, "text[]", "predictions");
	PutHotspots(&select, examples);
	appendStringInfo(&select, " %s", rows);
	return select.data;
}

static void
StartExamples(FmaRowReader *reader, TupleDesc columns)
{
	Examples   *examples = (Examples *) reader;
	MemoryContext caller = MemoryContextSwitchTo(examples->context);

	examples->columns = CreateTupleDescCopy(columns);
	for (int i = 0; i < lengthof(examples->orders); i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(columns, i);
		TypeCacheEntry *type = lookup_type_cache(attribute->atttypid, TYPECACHE_CMP_PROC_FINFO);

		examples->orders[i].compare = OidIsValid(type->cmp_proc_finfo.fn_oid) ? &type->cmp_proc_finfo : NULL;
		examples->orders[i].collation = attribute->attcollation;
	}
	MemoryContextSwitchTo(caller);
}

/* Negative where a comes first: the greater value; NULLs come last */
static int
CompareValues(const Order *order, NullableDatum a, NullableDatum b)
{
	if (a.isnull || b.isnull)
		return a.isnull - b.isnull;
	return order->compare == NULL ? 0 : DatumGetInt32(FunctionCall2Coll(order->compare, order->collation, b.value, a.value));
}

static int
CompareItems(const Examples *examples, const Example *a, const Example *b)
{
	int			difference = CompareValues(&examples->orders[COLUMN_KEY], a->key, b->key);

	return difference != 0 ? difference : CompareValues(&examples->orders[COLUMN_SORT_ID], a->id, b->id);
}

/* A value of a row that is kept */
NullableDatum
FmaItemValue(const Examples *examples, HeapTuple row, int column)
{
	NullableDatum value;

	value.value = heap_getattr(row, column + 1, examples->columns, &value.isnull);
	return value;
}

/* Puts a row into a group's best ones, if it is one of them */
static void
OfferRow(Examples *examples, ExampleGroup *group, const Example *offered, TupleTableSlot *slot)
{
	MemoryContext caller;
	Example		item;
	int			place = group->n_items;

	if (place == examples->per_group)
	{
		if (CompareItems(examples, offered, &group->items[place - 1]) >= 0)
			return;
		heap_freetuple(group->items[--place].row);
	}
	while (place > 0 && CompareItems(examples, offered, &group->items[place - 1]) < 0)
	{
		group->items[place] = group->items[place - 1];
		place--;
	}
	caller = MemoryContextSwitchTo(examples->context);
	item.row = ExecCopySlotHeapTuple(slot);
	MemoryContextSwitchTo(caller);
	item.key = FmaItemValue(examples, item.row, COLUMN_KEY);
	item.id = FmaItemValue(examples, item.row, COLUMN_SORT_ID);
	group->items[place] = item;
	group->n_items = Min(group->n_items + 1, examples->per_group);
}

/* The number of a label among those of the matrix, or -1 */
static int
FindLabel(const Examples *examples, const char *label)
{
	int			low = 0;
	int			high = examples->n_labels - 1;

	while (low <= high)
	{
		int			middle = (low + high) / 2;
		int			difference = strcmp(label, examples->labels[examples->sorted[middle]]);

		if (difference == 0)
			return examples->sorted[middle];
		if (difference < 0)
			high = middle - 1;
		else
			low = middle + 1;
	}
	return -1;
}

/* The group of a cell by its labels, or NULL */
static ExampleGroup *
FindCell(const Examples *examples, Datum truth, Datum prediction)
{
	int			row = FindLabel(examples, TextDatumGetCString(truth));
	int			column = row < 0 ? -1 : FindLabel(examples, TextDatumGetCString(prediction));

	return column < 0 ? NULL : examples->cells[row * examples->n_labels + column];
}

static bool
IsTrue(TupleTableSlot *slot, int column)
{
	return !slot->tts_isnull[column] && DatumGetBool(slot->tts_values[column]);
}

static void
CountRow(Examples *examples, ExampleGroup *group, const Example *offered, TupleTableSlot *slot)
{
	group->total++;
	if (IsTrue(slot, COLUMN_CONFIDENT_ERROR))
		group->confident_errors++;
	OfferRow(examples, group, offered, slot);
}

/* Takes a row to its cells of the matrix: one, or all those of an image */
static void
CountInCells(Examples *examples, const Example *offered, TupleTableSlot *slot)
{
	Datum	   *truths = &slot->tts_values[COLUMN_TRUTH];
	Datum	   *predictions = &slot->tts_values[COLUMN_PREDICTION];
	int			n = !slot->tts_isnull[COLUMN_TRUTH] && !slot->tts_isnull[COLUMN_PREDICTION];

	if (examples->n_labels == 0)
		return;
	if (!slot->tts_isnull[COLUMN_TRUTHS])
	{
		deconstruct_array(DatumGetArrayTypeP(slot->tts_values[COLUMN_TRUTHS]), TEXTOID, -1, false, TYPALIGN_INT, &truths, NULL, &n);
		deconstruct_array(DatumGetArrayTypeP(slot->tts_values[COLUMN_PREDICTIONS]), TEXTOID, -1, false, TYPALIGN_INT, &predictions, NULL, &n);
	}
	for (int i = 0; i < n; i++)
	{
		ExampleGroup *cell = FindCell(examples, truths[i], predictions[i]);

		if (cell != NULL)
			CountRow(examples, cell, offered, slot);
	}
}

/* Takes a row of the source to all groups that it belongs to */
static void
TakeExample(FmaRowReader *reader, TupleTableSlot *slot)
{
	Examples   *examples = (Examples *) reader;
	Example		offered;
	ListCell   *hotspot;

	CHECK_FOR_INTERRUPTS();
	slot_getallattrs(slot);
	offered.key.value = slot->tts_values[COLUMN_KEY];
	offered.key.isnull = slot->tts_isnull[COLUMN_KEY];
	offered.id.value = slot->tts_values[COLUMN_SORT_ID];
	offered.id.isnull = slot->tts_isnull[COLUMN_SORT_ID];
	CountInCells(examples, &offered, slot);
	if (!IsTrue(slot, COLUMN_FAILED))
		return;
	CountRow(examples, linitial(examples->groups), &offered, slot);
	foreach(hotspot, examples->hotspots)
		if (IsTrue(slot, COLUMN_HOTSPOTS + foreach_current_index(hotspot)))
			CountRow(examples, lfirst(hotspot), &offered, slot);
}

/* Reads the rows of all groups, as the dataset's owner */
static void
ReadRows(void *argument)
{
	Examples   *examples = argument;
	char	   *exclusion = FmaExclusionSql(examples->dataset);
	FmaIdentity identity = FmaActAsOwner(examples->dataset);

	examples->reader.start = StartExamples;
	examples->reader.row = TakeExample;
	FmaReadQuery(QuerySql(examples, exclusion), &examples->reader);
	FmaActAgain(identity);
}

/* Says so if the rows are not those that the run counted */
static void
CompareWithRun(const Examples *examples, List **notes)
{
	ListCell   *cell;

	foreach(cell, examples->groups)
	{
		const ExampleGroup *group = lfirst(cell);

		if (isnan(group->stored) || group->stored == group->total)
			continue;
		*notes = lappend(*notes, psprintf("Rows have changed since the run: it counted %.0f %s, and " INT64_FORMAT
										  " are there now. The rows listed are those of now.", group->stored,
										  group->kind == GROUP_ERRORS ? "failures" :
										  group->kind == GROUP_HOTSPOT ? psprintf("in hotspot %d", group->rank) :
										  "in a cell of the confusion matrix", group->total));
		return;
	}
}

/*
 * The rows of all failures, of each hotspot's and of each cell's of a report, at
 * most "per_group" of each; NULL if they cannot be read, and notes say why.
 */
Jsonb *
FmaReadExamples(const FmaDataset *dataset, const FmaStoredRun *run, FmaNode *report, int per_group, List **notes)
{
	Examples	examples = {.dataset = dataset,.run = run,.context = CurrentMemoryContext,.per_group = per_group};
	FmaNode    *overview = FmaNodeObject(report, "overview");
	ErrorData  *error;

	if (FmaLossSql(dataset) == NULL)
	{
		*notes = lappend(*notes, "No rows are listed: the dataset does not say what a failure is.");
		return NULL;
	}
	(void) AddGroup(&examples, GROUP_ERRORS, StoredErrors(&examples, overview));
	AddHotspots(&examples, FmaNodeList(report, "hotspots"));
	AddCells(&examples, FmaNodeObject(report, "confusion"));
	error = FmaTry(ReadRows, &examples);
	if (error != NULL)
	{
		*notes = lappend(*notes, psprintf("No rows are listed, since they could not be read: %s%s%s", error->message,
										  error->detail == NULL ? "" : ". ", error->detail == NULL ? "" : error->detail));
		return NULL;
	}
	CompareWithRun(&examples, notes);
	return JsonbValueToJsonb(FmaPushExamples(&examples));
}

/*
 * predictions.c
 *		The rows behind the figures: a page of them, one of them, and the query
 *		that exports them.
 *
 * The source is read as the dataset's owner and never written to: whoever may
 * read the dataset's results may see its predictions, with no right on the
 * source itself.
 */
#include "predictions.h"

#include "filter.h"

#include "access/htup_details.h"
#include "arguments.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "images.h"
#include "miscadmin.h"
#include "query.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#define MAX_PAGE_SIZE 100

/* More rows with one id than this are no versions of one prediction */
#define MAX_SAME_ID 100

PG_FUNCTION_INFO_V1(fma_list_predictions);
PG_FUNCTION_INFO_V1(fma_get_prediction);
PG_FUNCTION_INFO_V1(fma_export_query);

/* Arguments that the functions share; those after SORT have other places in each */
enum
{
	ARG_DATASET, ARG_ONLY_ERRORS, ARG_ONLY_CONFIDENT, ARG_TRUE_LABEL, ARG_PRED_LABEL, ARG_MIN_CONF, ARG_MAX_CONF,
	ARG_HOTSPOT, ARG_CONDITIONS, ARG_SORT
};

/* Arguments of fma_list_predictions after SORT */
enum
{
	LIST_PAGE = ARG_SORT + 1, LIST_PAGE_SIZE, LIST_VERSION, LIST_SINCE, LIST_UNTIL, LIST_COUNT_LIMIT
};

/* Columns that fma_list_predictions adds to those of the source */
enum
{
	LIST_SOURCE_COLUMNS = 8, LIST_TOTAL = LIST_SOURCE_COLUMNS, LIST_TOTAL_IS_EXACT, LIST_COLUMNS
};

typedef enum Direction
{
	SORT_DESC, SORT_ASC
} Direction;

static const char *const sort_names[] = {"confidence_desc", "confidence_asc", NULL};

/* A reader that keeps the rows, of which there are few */
typedef struct KeepRows
{
	FmaRowReader reader;
	MemoryContext context;
	List	   *rows;			/* of HeapTuple */
	TupleDesc	columns;
} KeepRows;

static void
KeepStart(FmaRowReader *reader, TupleDesc columns)
{
	KeepRows   *keep = (KeepRows *) reader;
	MemoryContext caller = MemoryContextSwitchTo(keep->context);

	keep->columns = CreateTupleDescCopy(columns);
	MemoryContextSwitchTo(caller);
}

static void
KeepRow(FmaRowReader *reader, TupleTableSlot *slot)
{
	KeepRows   *keep = (KeepRows *) reader;
	MemoryContext caller = MemoryContextSwitchTo(keep->context);

	keep->rows = lappend(keep->rows, ExecCopySlotHeapTuple(slot));
	MemoryContextSwitchTo(caller);
}

/* Runs a query of ours over the source; the rows are added to "keep" */
static void
Keep(KeepRows *keep, const char *query)
{
	keep->reader.start = KeepStart;
	keep->reader.row = KeepRow;
	keep->context = CurrentMemoryContext;
	FmaReadQuery(query, &keep->reader);
}

/* A count that a query of ours returns */
static int64
ReadCount(const char *query)
{
	KeepRows	keep = {0};
	bool		isnull;

	Keep(&keep, query);
	return DatumGetInt64(heap_getattr(linitial(keep.rows), 1, keep.columns, &isnull));
}

/* An argument that is NULL when it was not given */
static char *
OptionalText(FunctionCallInfo fcinfo, int argno)
{
	return PG_ARGISNULL(argno) ? NULL : FmaTextArg(fcinfo, argno);
}

static bool
OptionalTime(FunctionCallInfo fcinfo, int argno, TimestampTz *time)
{
	if (!PG_ARGISNULL(argno))
		*time = PG_GETARG_TIMESTAMPTZ(argno);
	return !PG_ARGISNULL(argno);
}

static bool
OptionalConfidence(FunctionCallInfo fcinfo, int argno, const char *name, double *value)
{
	if (PG_ARGISNULL(argno))
		return false;
	*value = PG_GETARG_FLOAT8(argno);
	if (!(*value >= 0.0 && *value <= 1.0))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s must be between 0 and 1", name),
				 errdetail("%s is %s.", name, FmaFloat8ToString(*value))));
	return true;
}

/* The dataset that an argument names, if the caller may read it */
static FmaDataset *
DatasetArg(FunctionCallInfo fcinfo)
{
	return FmaGetDataset(FmaWordArg(fcinfo, ARG_DATASET, "dataset"), FMA_READ_PREDICTIONS);
}

/* Reads the arguments that say which rows; model_version, since and until begin at "version" */
static void
ReadFilter(FunctionCallInfo fcinfo, const FmaDataset *dataset, int version, FmaFilter *filter)
{
	memset(filter, 0, sizeof(*filter));
	filter->only_errors = !PG_ARGISNULL(ARG_ONLY_ERRORS) && PG_GETARG_BOOL(ARG_ONLY_ERRORS);
	filter->only_confident_errors = !PG_ARGISNULL(ARG_ONLY_CONFIDENT) && PG_GETARG_BOOL(ARG_ONLY_CONFIDENT);
	filter->truth = OptionalText(fcinfo, ARG_TRUE_LABEL);
	filter->prediction = OptionalText(fcinfo, ARG_PRED_LABEL);
	if (filter->truth != NULL)
		FmaRequireColumn(dataset, FMA_TRUTH, "true_label");
	if (filter->prediction != NULL)
		FmaRequireColumn(dataset, FMA_PREDICTION, "pred_label");
	filter->has_min_confidence = OptionalConfidence(fcinfo, ARG_MIN_CONF, "min_conf", &filter->min_confidence);
	filter->has_max_confidence = OptionalConfidence(fcinfo, ARG_MAX_CONF, "max_conf", &filter->max_confidence);
	if (filter->has_min_confidence && filter->has_max_confidence && filter->min_confidence > filter->max_confidence)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("min_conf must not be greater than max_conf"),
				 errdetail("min_conf is %s, max_conf is %s.", FmaFloat8ToString(filter->min_confidence),
						   FmaFloat8ToString(filter->max_confidence))));
	if (!PG_ARGISNULL(ARG_CONDITIONS))
		filter->conditions = PG_GETARG_JSONB_P(ARG_CONDITIONS);
	filter->model_version = OptionalText(fcinfo, version);
	filter->has_since = OptionalTime(fcinfo, version + 1, &filter->since);
	filter->has_until = OptionalTime(fcinfo, version + 2, &filter->until);
	if (!PG_ARGISNULL(ARG_HOTSPOT))
		FmaFilterHotspot(dataset, filter, PG_GETARG_INT32(ARG_HOTSPOT));
}

static Direction
SortArg(FunctionCallInfo fcinfo)
{
	return PG_ARGISNULL(ARG_SORT) ? SORT_DESC : FmaChoose("sort", FmaTextArg(fcinfo, ARG_SORT), sort_names);
}

/* Appends one column of a SELECT; NULL of its type where the dataset has nothing for it */
void
FmaPutColumn(StringInfo select, const char *sql, const char *type, const char *name)
{
	appendStringInfo(select, "%s%s AS %s", select->len > 0 ? ", " : "SELECT ",
					 sql != NULL ? sql : psprintf("NULL::%s", type), quote_identifier(name));
}

/* correct, error or confident_error; NULL where the row is unlabelled */
char *
FmaErrorTypeSql(const char *failed, const char *confident)
{
	if (failed == NULL)
		return NULL;
	return psprintf("CASE %s WHEN false THEN 'correct' WHEN true THEN %s END", failed,
					confident == NULL ? "'error'" :
					psprintf("CASE WHEN %s THEN 'confident_error' ELSE 'error' END", confident));
}

/* The columns that lists and exports begin with */
void
FmaPutPrediction(StringInfo select, const FmaDataset *dataset)
{
	FmaPutColumn(select, FmaTextSql(dataset, FMA_ID), "text", "id");
	FmaPutColumn(select, FmaLabelSql(dataset, FMA_TRUTH), "text", "true_label");
	FmaPutColumn(select, FmaLabelSql(dataset, FMA_PREDICTION), "text", "pred_label");
	FmaPutColumn(select, FmaFiniteSql(FmaFloat8Sql(dataset, FMA_CONFIDENCE)), "double precision", "confidence");
	FmaPutColumn(select, FmaErrorTypeSql(FmaFailedSql(dataset), FmaConfidentSql(dataset)), "text", "error_type");
	FmaPutColumn(select, FmaTextSql(dataset, FMA_IMAGE), "text", "image_url");
}

/*
 * The features as one JSON object; a row of them, since a function takes no
 * more than 100 arguments.  It is f.*, since a feature may be called f as well.
 */
static char *
AttributesSql(const FmaDataset *dataset)
{
	StringInfoData columns;
	ListCell   *cell;

	if (dataset->features == NIL)
		return "'{}'::jsonb";
	initStringInfo(&columns);
	foreach(cell, dataset->features)
		appendStringInfo(&columns, "%st.%s", columns.len > 0 ? ", " : "", quote_identifier(lfirst(cell)));
	return psprintf("(SELECT to_jsonb(f.*) FROM (SELECT %s) AS f)", columns.data);
}

/* A column as JSON */
static char *
JsonSql(const FmaDataset *dataset, FmaRole role)
{
	char	   *column = FmaColumnSql(dataset, role);

	return column == NULL ? NULL : psprintf("to_jsonb(%s)", column);
}

/* What finders search: 0 or 1 for a failure, or the error */
static char *
LossSql(const FmaDataset *dataset)
{
	char	   *loss = FmaLossSql(dataset);

	if (loss == NULL)
		return NULL;
	return FmaFailedSql(dataset) != NULL ? psprintf("%s::integer::double precision", loss) : FmaFiniteSql(loss);
}

/* Which columns: those of an export; with a list's; with all of fma_get_prediction's */
typedef enum Shape
{
	SHAPE_EXPORT, SHAPE_LIST, SHAPE_DETAIL
} Shape;

/* What fma_get_prediction has of the other roles */
static void
PutDetails(StringInfo select, const FmaDataset *dataset)
{
	FmaPutColumn(select, FmaTextSql(dataset, FMA_BATCH), "text", "batch");
	FmaPutColumn(select, FmaTextSql(dataset, FMA_UNIT), "text", "unit");
	FmaPutColumn(select, FmaTextSql(dataset, FMA_PLACE), "text", "place");
	FmaPutColumn(select, FmaFiniteSql(FmaFloat8Sql(dataset, FMA_LONGITUDE)), "double precision", "longitude");
	FmaPutColumn(select, FmaFiniteSql(FmaFloat8Sql(dataset, FMA_LATITUDE)), "double precision", "latitude");
	FmaPutColumn(select, JsonSql(dataset, FMA_PROBABILITIES), "jsonb", "probabilities");
	FmaPutColumn(select, JsonSql(dataset, FMA_EMBEDDING), "jsonb", "embedding");
	FmaPutColumn(select, AttributesSql(dataset), "jsonb", "attributes");
}

/* The pair of labels that a matrix (SQL) has most often confused, as a SELECT of truth and prediction */
char *
FmaWorstCellSql(const char *confusion)
{
	return psprintf("SELECT e.truth, e.prediction FROM %s.fma_cells(%s) AS e WHERE e.truth <> e.prediction AND e.n > 0 "
					"ORDER BY e.n DESC, e.truth COLLATE \"C\", e.prediction COLLATE \"C\" LIMIT 1", FmaSchema(), confusion);
}

/*
 * Rows that are images: the matrix of each is made once, when the rows of the
 * page are known, and shown are the two labels that it confuses most.
 */
static char *
SelectImagesSql(const FmaDataset *dataset, Shape shape, const char *rows)
{
	static const char *const details = ", i.batch, i.unit, i.place, i.longitude, i.latitude, i.probabilities, i.embedding, i.attributes";
	const char *failed = dataset->failed != NULL ? "i.own_failed" : FmaMatrixFailedSql(dataset, "i.confusion");
	StringInfoData inner,
				outer;

	initStringInfo(&inner);
	FmaPutColumn(&inner, FmaTextSql(dataset, FMA_ID), "text", "id");
	FmaPutColumn(&inner, FmaConfusionSql(dataset), NULL, "confusion");
	if (dataset->failed != NULL)
		FmaPutColumn(&inner, FmaFailedSql(dataset), NULL, "own_failed");
	FmaPutColumn(&inner, FmaFiniteSql(FmaFloat8Sql(dataset, FMA_CONFIDENCE)), "double precision", "confidence");
	FmaPutColumn(&inner, FmaConfidentSql(dataset), "boolean", "confident");
	FmaPutColumn(&inner, FmaTextSql(dataset, FMA_IMAGE), "text", "image_url");
	FmaPutColumn(&inner, FmaTimeSql(dataset), "timestamptz", "occurred_at");
	FmaPutColumn(&inner, FmaTextSql(dataset, FMA_MODEL_VERSION), "text", "model_version");
	if (shape == SHAPE_DETAIL)
		PutDetails(&inner, dataset);

	initStringInfo(&outer);
	appendStringInfo(&outer, "SELECT i.id, w.truth AS true_label, w.prediction AS pred_label, i.confidence, %s AS error_type, i.image_url",
					 FmaErrorTypeSql(failed, "i.confident"));
	if (shape == SHAPE_DETAIL)
		appendStringInfo(&outer, ", %s AS failed, %s::integer::double precision AS loss", failed, failed);
	if (shape != SHAPE_EXPORT)
		appendStringInfoString(&outer, ", i.occurred_at, i.model_version");
	if (shape == SHAPE_DETAIL)
		appendStringInfo(&outer, "%s, %s AS metrics", details, FmaMatrixMetricsSql(dataset, "i.confusion"));
	appendStringInfo(&outer, " FROM (%s %s) AS i LEFT JOIN LATERAL (%s) AS w ON true", inner.data, rows, FmaWorstCellSql("i.confusion"));
	return outer.data;
}

/* SELECT the columns of "rows", which is FROM with all that follows it */
static char *
SelectSql(const FmaDataset *dataset, Shape shape, const char *rows)
{
	StringInfoData select;

	if (FmaRowsAreImages(dataset))
		return SelectImagesSql(dataset, shape, rows);
	initStringInfo(&select);
	FmaPutPrediction(&select, dataset);
	if (shape == SHAPE_DETAIL)
	{
		FmaPutColumn(&select, FmaFailedSql(dataset), "boolean", "failed");
		FmaPutColumn(&select, LossSql(dataset), "double precision", "loss");
	}
	if (shape != SHAPE_EXPORT)
	{
		FmaPutColumn(&select, FmaTimeSql(dataset), "timestamptz", "occurred_at");
		FmaPutColumn(&select, FmaTextSql(dataset, FMA_MODEL_VERSION), "text", "model_version");
	}
	if (shape == SHAPE_DETAIL)
	{
		PutDetails(&select, dataset);
		FmaPutColumn(&select, NULL, "jsonb", "metrics");
	}
	appendStringInfo(&select, " %s", rows);
	return select.data;
}

/* What rows are sorted by: a column as it is, so that an index serves, or its text if its type has no order */
char *
FmaSortKeySql(const FmaDataset *dataset, FmaRole role)
{
	AttrNumber	number;
	Oid			type;

	if (dataset->columns[role] == NULL)
		return NULL;
	number = get_attnum(dataset->relation, dataset->columns[role]);
	type = number > InvalidAttrNumber ? get_atttype(dataset->relation, number) : InvalidOid;
	if (OidIsValid(type) && OidIsValid(lookup_type_cache(type, TYPECACHE_LT_OPR)->lt_opr))
		return FmaColumnSql(dataset, role);
	return psprintf("%s COLLATE \"C\"", FmaTextSql(dataset, role));
}

/* Appends a column to an ORDER BY */
static void
PutSortKey(StringInfo order, const FmaDataset *dataset, FmaRole role, const char *direction)
{
	char	   *key = FmaSortKeySql(dataset, role);

	if (key != NULL)
		appendStringInfo(order, "%s%s%s", order->len > 0 ? ", " : " ORDER BY ", key, direction);
}

/*
 * The order of the rows: by confidence, then id and model version, all in one
 * direction, so that a plain index on (confidence) or (confidence, id) serves,
 * read forwards or backwards.  Without NULLS LAST, for the same reason: rows
 * without a confidence are asked for by a query of their own.
 */
static char *
OrderSql(const FmaDataset *dataset, Direction sort, bool with_confidence, const char *nulls)
{
	const char *direction = sort == SORT_DESC ? " DESC" : "";
	StringInfoData order;

	initStringInfo(&order);
	if (with_confidence)
		PutSortKey(&order, dataset, FMA_CONFIDENCE, psprintf("%s%s", direction, nulls));
	PutSortKey(&order, dataset, FMA_ID, direction);
	PutSortKey(&order, dataset, FMA_MODEL_VERSION, direction);
	return order.data;
}

/* A page as it is asked for */
typedef struct PageAsked
{
	const FmaDataset *dataset;
	const char *rows;			/* "FROM ... WHERE ..." */
	Direction		sort;
	int64		offset;
	int			size;
} PageAsked;

/* Reads rows in order from an offset on: those with a confidence, or those without */
static void
ReadPart(const PageAsked *page, bool with_confidence, int64 offset, int limit, KeepRows *keep)
{
	char	   *confidence = FmaColumnSql(page->dataset, FMA_CONFIDENCE);
	char	   *part = confidence == NULL ? "" :
		psprintf(" AND %s IS %s", confidence, with_confidence ? "NOT NULL" : "NULL");

	Keep(keep, SelectSql(page->dataset, SHAPE_LIST,
						 psprintf("%s%s%s LIMIT %d OFFSET " INT64_FORMAT, page->rows, part,
								  OrderSql(page->dataset, page->sort, with_confidence, ""), limit, offset)));
}

/* Reads a page: rows with a confidence first, in their order, then those without */
static void
ReadPage(const PageAsked *page, KeepRows *keep)
{
	char	   *confidence = FmaColumnSql(page->dataset, FMA_CONFIDENCE);
	int64		before = page->offset;
	int			found;

	ReadPart(page, true, page->offset, page->size, keep);
	found = list_length(keep->rows);
	if (confidence == NULL || found == page->size)
		return;
	if (found > 0)
		before = page->offset + found;
	else if (page->offset > 0)
		before = ReadCount(psprintf("SELECT count(*) FROM (SELECT 1 %s AND %s IS NOT NULL LIMIT " INT64_FORMAT ") AS c",
									page->rows, confidence, page->offset));
	ReadPart(page, false, Max(page->offset - before, 0), page->size - found, keep);
}

/*
 * How many rows there are in all, counted no further than "limit" (-1: to the
 * end); what was not counted to the end is no less than what is returned
 */
static int64
CountRows(const PageAsked *page, int found, int64 limit, bool *is_exact)
{
	int64		seen = page->offset + found;
	int64		total;

	*is_exact = true;
	if (found < page->size && (found > 0 || page->offset == 0))
		return seen;
	if (limit < 0)
		return ReadCount(psprintf("SELECT count(*) %s", page->rows));
	total = ReadCount(psprintf("SELECT count(*) FROM (SELECT 1 %s LIMIT " INT64_FORMAT ") AS c", page->rows, limit + 1));
	*is_exact = total <= limit;
	return *is_exact ? total : Max(limit, seen);
}

/* No rows, because a label is not there at all: more likely a misspelling than an answer */
static void
CheckLabelOccurs(const FmaDataset *dataset, const char *argument, const char *truth, const char *prediction)
{
	const char *label = truth != NULL ? truth : prediction;
	KeepRows	keep = {0};

	if (label == NULL)
		return;
	Keep(&keep, psprintf("SELECT 1 %s %s %s LIMIT 1", FmaFromSql(dataset, NULL, NULL),
						 dataset->filter != NULL ? "AND" : "WHERE", FmaLabelFilter(dataset, truth, prediction)));
	if (keep.rows == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("dataset \"%s\" has no row with the %s \"%s\"", dataset->name, argument, label),
				 errhint("fma_get_confusion_matrix lists the labels.")));
}

/*
 * fma_list_predictions(dataset, only_errors, only_high_confidence_errors,
 * true_label, pred_label, min_conf, max_conf, hotspot, conditions, sort, page,
 * page_size, model_version, since, until, count_limit): a page of rows.
 */
Datum
fma_list_predictions(PG_FUNCTION_ARGS)
{
	FmaDataset *dataset = DatasetArg(fcinfo);
	FmaFilter	filter;
	FmaIdentity identity;
	KeepRows	keep = {0};
	PageAsked		page = {dataset};
	int64		limit = PG_ARGISNULL(LIST_COUNT_LIMIT) ? -1 : FmaIntegerArg(fcinfo, LIST_COUNT_LIMIT, "count_limit", 1, PG_INT32_MAX);
	int64		total;
	bool		is_exact = true;
	ListCell   *cell;

	page.sort = SortArg(fcinfo);
	page.size = FmaIntegerArg(fcinfo, LIST_PAGE_SIZE, "page_size", 1, MAX_PAGE_SIZE);
	page.offset = (FmaIntegerArg(fcinfo, LIST_PAGE, "page", 1, PG_INT32_MAX) - 1) * page.size;
	ReadFilter(fcinfo, dataset, LIST_VERSION, &filter);
	InitMaterializedSRF(fcinfo, 0);

	identity = FmaActAsOwner(dataset);
	page.rows = FmaFilteredFromSql(dataset, &filter);
	ReadPage(&page, &keep);
	if (keep.rows == NIL && page.offset == 0)
	{
		CheckLabelOccurs(dataset, "true_label", filter.truth, NULL);
		CheckLabelOccurs(dataset, "pred_label", NULL, filter.prediction);
	}
	total = keep.rows == NIL ? 0 : CountRows(&page, list_length(keep.rows), limit, &is_exact);
	FmaActAgain(identity);

	foreach(cell, keep.rows)
	{
		Datum		values[LIST_COLUMNS];
		bool		nulls[LIST_COLUMNS] = {0};

		heap_deform_tuple(lfirst(cell), keep.columns, values, nulls);
		values[LIST_TOTAL] = Int64GetDatum(total);
		values[LIST_TOTAL_IS_EXACT] = BoolGetDatum(is_exact);
		FmaPutRow(fcinfo, values, nulls);
	}
	return (Datum) 0;
}

/* fma_get_prediction(dataset, id, model_version): all about a row */
Datum
fma_get_prediction(PG_FUNCTION_ARGS)
{
	enum
	{
		ID = 1, VERSION, MAX_COLUMNS = 32
	};
	FmaDataset *dataset = DatasetArg(fcinfo);
	FmaFilter	filter = {0};
	FmaIdentity identity;
	KeepRows	keep = {0};
	StringInfoData order;
	ListCell   *cell;

	FmaRequireColumn(dataset, FMA_ID, "fma_get_prediction");
	filter.model_version = OptionalText(fcinfo, VERSION);
	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(ID))
		return (Datum) 0;

	identity = FmaActAsOwner(dataset);
	initStringInfo(&order);
	PutSortKey(&order, dataset, FMA_MODEL_VERSION, "");
	Keep(&keep, SelectSql(dataset, SHAPE_DETAIL,
						  psprintf("%s AND %s%s LIMIT %d", FmaFilteredFromSql(dataset, &filter),
								   FmaEqualsSql(dataset, FMA_ID, FmaTextArg(fcinfo, ID)), order.data, MAX_SAME_ID)));
	FmaActAgain(identity);
	foreach(cell, keep.rows)
	{
		Datum		values[MAX_COLUMNS];
		bool		nulls[MAX_COLUMNS];

		FmaAssert(keep.columns->natts <= MAX_COLUMNS);
		heap_deform_tuple(lfirst(cell), keep.columns, values, nulls);
		FmaPutRow(fcinfo, values, nulls);
	}
	return (Datum) 0;
}

/*
 * fma_export_query(dataset, the filters of fma_list_predictions, sort,
 * model_version, since, until): the SELECT of all these rows, for COPY.
 */
Datum
fma_export_query(PG_FUNCTION_ARGS)
{
	FmaDataset *dataset = DatasetArg(fcinfo);
	Direction		sort = SortArg(fcinfo);
	FmaFilter	filter;
	FmaIdentity identity;
	char	   *query;

	ReadFilter(fcinfo, dataset, ARG_SORT + 1, &filter);
	identity = FmaActAsOwner(dataset);
	query = SelectSql(dataset, SHAPE_EXPORT, psprintf("%s%s", FmaFilteredFromSql(dataset, &filter), OrderSql(dataset, sort, true, " NULLS LAST")));
	FmaActAgain(identity);
	PG_RETURN_TEXT_P(cstring_to_text(query));
}

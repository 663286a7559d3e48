/*
 * examples_json.c
 *		The rows that examples.c kept, as a part of a report's JSON.
 */
#include "example_groups.h"

#include "settings.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/timestamp.h"

static const char *const kind_names[] = {"errors", "hotspot", "cell"};

/* Adds ", name => 'value'" to a call, unless there is no value */
static void
PutArgument(StringInfo call, const char *name, const char *value)
{
	if (value != NULL)
		appendStringInfo(call, ", %s => %s", name, quote_literal_cstr(value));
}

/* The statement that lists all rows of a group */
static char *
ListSql(const Examples *examples, const ExampleGroup *group)
{
	const FmaStoredRun *run = examples->run;
	bool		only_errors = FmaFailedSql(examples->dataset) != NULL && group->kind != GROUP_CELL;
	StringInfoData call;

	initStringInfo(&call);
	appendStringInfo(&call, "SELECT * FROM fma_list_predictions(%s%s", quote_literal_cstr(examples->dataset->name),
					 only_errors ? ", only_errors => true" : "");
	if (group->kind == GROUP_HOTSPOT)
		PutArgument(&call, "conditions", JsonbToCString(NULL, &group->conditions->root, 0));
	if (group->kind == GROUP_CELL)
	{
		PutArgument(&call, "true_label", examples->labels[group->truth]);
		PutArgument(&call, "pred_label", examples->labels[group->prediction]);
	}
	PutArgument(&call, "model_version", examples->dataset->columns[FMA_MODEL_VERSION] == NULL ? NULL : run->model_version);
	PutArgument(&call, "since", run->has_since ? timestamptz_to_str(run->since) : NULL);
	PutArgument(&call, "until", run->has_until ? timestamptz_to_str(run->until) : NULL);
	appendStringInfoString(&call, ");");
	return call.data;
}

static void
PushKey(JsonbParseState **state, const char *name)
{
	pushJsonbValue(state, WJB_KEY, FmaStringValue(name));
}

static void
PushText(JsonbParseState **state, const char *name, const char *text)
{
	JsonbValue	null = {jbvNull};

	PushKey(state, name);
	pushJsonbValue(state, WJB_VALUE, text == NULL ? &null : FmaStringValue(text));
}

/* A number that is written as text */
static void
PushNumber(JsonbParseState **state, const char *name, const char *number)
{
	JsonbValue	value = {jbvNumeric};

	PushKey(state, name);
	value.val.numeric = DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(number), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	pushJsonbValue(state, WJB_VALUE, &value);
}

static void
PushCount(JsonbParseState **state, const char *name, int64 count)
{
	PushNumber(state, name, psprintf(INT64_FORMAT, count));
}

/* A value of a row, of one of the types that the query's columns have */
static void
PushValue(JsonbParseState **state, const Examples *examples, const Example *item, const char *name, int column)
{
	NullableDatum value = FmaItemValue(examples, item->row, column);
	char		time[MAXDATELEN + 1];

	if (value.isnull)
		PushText(state, name, NULL);
	else if (TupleDescAttr(examples->columns, column)->atttypid == FLOAT8OID)
		PushNumber(state, name, FmaFloat8ToString(DatumGetFloat8(value.value)));
	else if (TupleDescAttr(examples->columns, column)->atttypid == TIMESTAMPTZOID)
		PushText(state, name, JsonEncodeDateTime(time, value.value, TIMESTAMPTZOID, NULL));
	else
		PushText(state, name, TextDatumGetCString(value.value));
}

static void
PushItem(JsonbParseState **state, const Examples *examples, const Example *item)
{
	static const struct
	{
		const char *name;
		int			column;
	}			values[] =
	{
		{"id", COLUMN_ID}, {"truth", COLUMN_TRUTH}, {"prediction", COLUMN_PREDICTION}, {"confidence", COLUMN_CONFIDENCE},
		{"error_type", COLUMN_ERROR_TYPE}, {"loss", COLUMN_LOSS}, {"image", COLUMN_IMAGE}, {"occurred_at", COLUMN_OCCURRED_AT}
	};

	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < lengthof(values); i++)
		PushValue(state, examples, item, values[i].name, values[i].column);
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

static void
PushGroup(JsonbParseState **state, const Examples *examples, const ExampleGroup *group)
{
	bool		is_cell = group->kind == GROUP_CELL;

	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	PushText(state, "kind", kind_names[group->kind]);
	if (group->kind == GROUP_HOTSPOT)
		PushCount(state, "rank", group->rank);
	else
		PushText(state, "rank", NULL);
	PushText(state, "slice", group->slice);
	PushText(state, "truth", is_cell ? examples->labels[group->truth] : NULL);
	PushText(state, "prediction", is_cell ? examples->labels[group->prediction] : NULL);
	PushCount(state, "total", group->total);
	if (FmaHasConfidentErrors(examples->dataset))
		PushCount(state, "confident_errors", group->confident_errors);
	else
		PushText(state, "confident_errors", NULL);
	PushText(state, "sql", ListSql(examples, group));
	PushKey(state, "items");
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < group->n_items; i++)
		PushItem(state, examples, &group->items[i]);
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

/* All groups as JSON */
JsonbValue *
FmaPushExamples(const Examples *examples)
{
	JsonbParseState *state = NULL;
	ListCell   *cell;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	PushCount(&state, "per_slice", examples->per_group);
	PushNumber(&state, "high_confidence", FmaFloat8ToString(examples->dataset->high_confidence));
	PushKey(&state, "groups");
	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	foreach(cell, examples->groups)
		PushGroup(&state, examples, lfirst(cell));
	pushJsonbValue(&state, WJB_END_ARRAY, NULL);
	return pushJsonbValue(&state, WJB_END_OBJECT, NULL);
}

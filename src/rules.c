/*
 * rules.c
 *		Rules: thresholds on metrics.  Added here, checked at the end of a run
 *		(fma_evaluate_rules in rules.sql), and asked after by fma_check_run.
 *
 * A rule is checked as a whole when it is added: one error lists all that is
 * wrong with it.  What it says is bound into our own statements as values and
 * never becomes SQL.
 */
#include "run.h"

#include "arguments.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "labels.h"
#include "mb/pg_wchar.h"
#include "metrics.h"
#include "miscadmin.h"
#include "problems.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

PG_FUNCTION_INFO_V1(fma_add_rule);
PG_FUNCTION_INFO_V1(fma_remove_rule);
PG_FUNCTION_INFO_V1(fma_check_run);

/* What a metric is read from */
typedef enum Source
{
	OF_LABELS,					/* a confusion matrix */
	OF_CONFIDENCE,
	OF_FAILURES,
	OF_NUMBERS
} Source;

typedef struct RuleMetric
{
	const char *name;
	Source		source;
	bool		by_label;		/* labels have it, too; its mean over them is the metric */
	bool		weights;
	bool		at_most;		/* the default direction */
	bool		is_share;		/* in [0, 1] */
	bool		has_interval;
} RuleMetric;

static const RuleMetric metrics[] = {
	{"F1Score", OF_LABELS, true, false, false, true, true},
	{"Precision", OF_LABELS, true, false, false, true, true},
	{"Recall", OF_LABELS, true, false, false, true, true},
	{"Accuracy", OF_LABELS, false, false, false, true, true},
	{"PixelAccuracy", OF_LABELS, false, false, false, true, true},
	{"IoU", OF_LABELS, true, false, false, true, true},
	{"wIoU", OF_LABELS, true, true, false, true, true},
	{"ECE", OF_CONFIDENCE, false, false, true, true, false},
	{"FailureRate", OF_FAILURES, false, false, true, true, true},
	{"MAE", OF_NUMBERS, false, false, true, false, true},
	{"RMSE", OF_NUMBERS, false, false, true, false, false},
};

/* A rule that works, by FmaTask */
static const char *const examples[] = {
	"'F1Score', 0.8, by => 'label'", "'MAE', 10", "'FailureRate', 0.1", "'IoU', 0.5, by => 'label'", "'Recall', 0.8, min_iou => 0.75"
};

static const char *const directions[] = {"at least", "at most", NULL};
static const char *const pass_bys[] = {"estimate", "bound", NULL};

/* What a rule may be checked for each of, and the column that it needs */
static const struct
{
	const char *name;
	int			role;			/* FmaRole, or -1 */
}			segments[] =
{
	{"overall", -1}, {"label", -1}, {"batch", FMA_BATCH}, {"period", FMA_OCCURRED_AT}, {"place", FMA_PLACE},
	{"model_version", FMA_MODEL_VERSION}, {"slice", -1}, {"hotspot", -1}, {"cluster", FMA_EMBEDDING}
};

/* Arguments of fma_add_rule */
enum
{
	DATASET, METRIC, THRESHOLD, BY, LABEL, LABELS, WEIGHTS, DIRECTION, MIN_ROWS, PASS_BY, MIN_CONFIDENCE,
	MIN_IOU, BACKGROUND_LABEL, BACKGROUND_MODE, NAME
};

#define DEFAULT_MIN_ROWS 30

/* A rule's name lists this many labels */
#define LABELS_IN_NAME 3

/* and this many characters of each */
#define LABEL_IN_NAME 40

/* fma_check_run's error lists this many results */
#define RESULTS_IN_ERROR 10

/* A rule as it is asked for, and what is wrong with it */
typedef struct Rule
{
	const FmaDataset *dataset;
	const RuleMetric *metric;	/* NULL: unknown */
	double		threshold;
	const char *direction;
	const char *segment_by;
	List	   *labels;			/* of char *; NIL for all */
	Jsonb	   *weights;
	bool		has_min_confidence;
	double		min_confidence;
	bool		has_min_iou;
	double		min_iou;
	char	   *background_label;
	const char *background_mode;
	int64		min_rows;
	const char *pass_by;
	char	   *name;
	FmaProblems problems;
} Rule;

/* A text argument, or what it is when NULL */
static const char *
TextOr(FunctionCallInfo fcinfo, int argno, const char *otherwise)
{
	return PG_ARGISNULL(argno) ? otherwise : FmaTextArg(fcinfo, argno);
}

/* A label or other text of a user's in a message: quoted, and not too long */
static char *
Quoted(const char *value)
{
	return FmaLabelForMessage(value, strlen(value));
}

/* An argument that is one of some words */
static const char *
ReadWord(Rule *rule, const char *argument, const char *value, const char *const *choices)
{
	StringInfoData list;

	for (int i = 0; choices[i] != NULL; i++)
		if (strcmp(value, choices[i]) == 0)
			return value;
	initStringInfo(&list);
	for (int i = 0; choices[i] != NULL; i++)
		appendStringInfo(&list, "%s%s", i == 0 ? "" : ", ", choices[i]);
	FmaAddProblem(&rule->problems, NULL, "%s %s is none of: %s.", argument, Quoted(value), list.data);
	return value;
}

/* The metric of that name, in any case */
static const RuleMetric *
ReadMetric(Rule *rule, const char *name)
{
	StringInfoData list;

	for (int i = 0; name != NULL && i < (int) lengthof(metrics); i++)
		if (pg_strcasecmp(name, metrics[i].name) == 0)
			return &metrics[i];
	initStringInfo(&list);
	for (int i = 0; i < (int) lengthof(metrics); i++)
		appendStringInfo(&list, "%s%s", i == 0 ? "" : ", ", metrics[i].name);
	if (name == NULL)
		FmaAddProblem(&rule->problems, NULL, "metric must not be NULL; it is one of: %s.", list.data);
	else
		FmaAddProblem(&rule->problems, NULL, "metric %s is none of: %s.", Quoted(name), list.data);
	return NULL;
}

/* label and labels, as a list; NIL for all */
static List *
ReadLabels(Rule *rule, FunctionCallInfo fcinfo)
{
	List	   *list = NIL;
	Datum	   *names;
	bool	   *nulls;
	int			count;

	if (!PG_ARGISNULL(LABEL) && !PG_ARGISNULL(LABELS))
		FmaAddProblem(&rule->problems, NULL, "label and labels are both given.");
	if (!PG_ARGISNULL(LABEL))
		list = list_make1(FmaTextArg(fcinfo, LABEL));
	else if (!PG_ARGISNULL(LABELS))
	{
		deconstruct_array(PG_GETARG_ARRAYTYPE_P(LABELS), TEXTOID, -1, false, TYPALIGN_INT, &names, &nulls, &count);
		if (count == 0)
			FmaAddProblem(&rule->problems, NULL, "labels is empty; leave it out to mean all.");
		if (count > FMA_MAX_LABELS)
			FmaAddProblem(&rule->problems, NULL, "labels are more than %d.", FMA_MAX_LABELS);
		for (int i = 0; i < Min(count, FMA_MAX_LABELS); i++)
		{
			if (nulls[i])
				FmaAddProblem(&rule->problems, NULL, "labels contains NULL.");
			else
				list = lappend(list, TextDatumGetCString(names[i]));
		}
	}
	if (list_length(list) == 1 && strcmp(linitial(list), "ALL") == 0)
		return NIL;
	return list;
}

static int
CompareStrings(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

/* Labels that are given twice, or are the background that is left out */
static void
CheckLabels(Rule *rule)
{
	List	   *sorted = list_copy(rule->labels);
	const char *before = NULL;
	ListCell   *cell;

	list_sort(sorted, CompareStrings);
	foreach(cell, sorted)
	{
		const char *label = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		if (before != NULL && strcmp(label, before) == 0)
			FmaAddProblem(&rule->problems, NULL, "labels has %s twice.", Quoted(label));
		if (rule->background_label != NULL && strcmp(label, rule->background_label) == 0 &&
			strcmp(rule->background_mode, FmaBackgroundModes[FMA_BACKGROUND_INCLUDE]) != 0)
			FmaAddProblem(&rule->problems, NULL, "labels has the background label %s, which background_mode %s leaves out.", Quoted(label),
					Quoted(rule->background_mode));
		before = label;
	}
}

/* {"label": weight, ...}: numbers, none negative */
static void
CheckWeights(Rule *rule)
{
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	value;
	char	   *name = NULL;

	if (!JB_ROOT_IS_OBJECT(rule->weights))
	{
		FmaAddProblem(&rule->problems, NULL, "weights is no JSON object, such as {\"road\": 100}.");
		return;
	}
	iterator = JsonbIteratorInit(&rule->weights->root);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		double		weight = NAN;

		CHECK_FOR_INTERRUPTS();
		if (token == WJB_KEY)
			name = pnstrdup(value.val.string.val, value.val.string.len);
		if (token != WJB_VALUE)
			continue;
		if (value.type == jbvNumeric)
			weight = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(value.val.numeric)));
		if (!(weight >= 0.0 && weight < FMA_MAX_WEIGHT))
			FmaAddProblem(&rule->problems, NULL, "The weight of %s is no number from 0 to 2^63.", Quoted(name));
	}
}

/* The threshold, the direction, and the part of the interval that is meant */
static void
CheckThreshold(Rule *rule, bool missing)
{
	if (missing)
		FmaAddProblem(&rule->problems, NULL, "threshold must not be NULL.");
	else if (isnan(rule->threshold) || isinf(rule->threshold))
		FmaAddProblem(&rule->problems, NULL, "threshold is %s.", FmaFloat8ToString(rule->threshold));
	else if (rule->metric != NULL && rule->metric->is_share && !(rule->threshold >= 0.0 && rule->threshold <= 1.0))
		FmaAddProblem(&rule->problems, NULL, "threshold is %s, and %s is between 0 and 1%s.", FmaFloat8ToString(rule->threshold), rule->metric->name,
				rule->threshold > 1.0 && rule->threshold <= 100.0 ? "; if it is a percentage, divide it by 100" : "");
	else if (rule->metric != NULL && rule->threshold < 0.0)
		FmaAddProblem(&rule->problems, NULL, "threshold is %s, and %s is never negative.", FmaFloat8ToString(rule->threshold), rule->metric->name);
	if (strcmp(rule->pass_by, "bound") != 0 || rule->metric == NULL)
		return;
	if (rule->metric->source == OF_LABELS && FmaRowsAreImages(rule->dataset))
		FmaAddProblem(&rule->problems, NULL, "pass_by is bound, and %s of %s has no interval: those of one image are not independent. FailureRate, of images, has one.",
					  rule->metric->name, rule->dataset->task == FMA_DETECTION ? "objects" : "pixels");
	else if (!rule->metric->has_interval)
		FmaAddProblem(&rule->problems, NULL, "pass_by is bound, and %s has no interval that holds.", rule->metric->name);
}

/* Whether the dataset has what the metric is made of */
static void
CheckMetric(Rule *rule)
{
	const FmaDataset *dataset = rule->dataset;
	const char *task = FmaTaskNames[dataset->task];

	switch (rule->metric->source)
	{
		case OF_LABELS:
			if (!FmaHasLabels(dataset))
				FmaAddProblem(&rule->problems, NULL, "%s needs labels, and the dataset's task is %s.", rule->metric->name, task);
			else if (strcmp(rule->metric->name, "PixelAccuracy") == 0 && (dataset->task == FMA_DETECTION || rule->has_min_iou))
				FmaAddProblem(&rule->problems, NULL, "PixelAccuracy is of pixels, and %s counts %s; Accuracy is the share of these.",
							  dataset->task == FMA_DETECTION ? "task detection" : "min_iou", dataset->task == FMA_DETECTION ? "boxes" : "segments");
			break;
		case OF_CONFIDENCE:
			if (dataset->columns[FMA_CONFIDENCE] == NULL)
				FmaAddProblem(&rule->problems, NULL, "%s needs a confidence, and the dataset has none.", rule->metric->name);
			if (FmaCorrectSql(dataset) == NULL)
				FmaAddProblem(&rule->problems, NULL, FmaRowsAreImages(dataset) ? "%s needs predictions that are right or wrong, and those of an image are both." :
							  "%s needs labels or a condition that says what failed.", rule->metric->name);
			break;
		case OF_FAILURES:
			if (FmaFailedSql(dataset) == NULL)
				FmaAddProblem(&rule->problems, NULL, "%s needs a condition that says what failed, and the dataset's task is %s without one.",
						rule->metric->name, task);
			break;
		case OF_NUMBERS:
			if (dataset->task != FMA_REGRESSION)
				FmaAddProblem(&rule->problems, NULL, "%s needs numbers, and the dataset's task is %s.", rule->metric->name, task);
			break;
	}
}

/* Arguments that only some metrics have a use for */
static void
CheckUses(Rule *rule)
{
	const RuleMetric *metric = rule->metric;
	bool		of_labels = metric->source == OF_LABELS;

	if (rule->labels != NIL && !metric->by_label)
		FmaAddProblem(&rule->problems, NULL, "%s is not a metric of labels; Recall is the accuracy of a label.", metric->name);
	if (strcmp(rule->segment_by, "label") == 0 && !(metric->by_label && !metric->weights))
		FmaAddProblem(&rule->problems, NULL, "%s cannot be had by label; %s.", metric->name,
				metric->weights ? "IoU can" : "Precision, Recall, F1Score and IoU can");
	if (rule->weights != NULL && !metric->weights)
		FmaAddProblem(&rule->problems, NULL, "%s takes no weights; wIoU does.", metric->name);
	if (rule->weights == NULL && metric->weights)
		FmaAddProblem(&rule->problems, NULL, "%s needs weights, such as {\"road\": 100}; without them it is IoU.", metric->name);
	if (rule->background_label != NULL && !of_labels)
		FmaAddProblem(&rule->problems, NULL, "%s takes no background_label.", metric->name);
	if (rule->background_label != NULL && FmaBackground(rule->dataset) != NULL && strcmp(rule->background_label, FmaBackground(rule->dataset)) != 0)
		FmaAddProblem(&rule->problems, NULL, "background_label is %s; that of boxes is \"%s\".", Quoted(rule->background_label), FmaBackground(rule->dataset));
	if (rule->has_min_confidence && !of_labels)
		FmaAddProblem(&rule->problems, NULL, "%s takes no min_confidence.", metric->name);
	if (rule->has_min_iou && !of_labels)
		FmaAddProblem(&rule->problems, NULL, "%s takes no min_iou.", metric->name);
}

/* Arguments that need something of the dataset */
static void
CheckColumns(Rule *rule)
{
	const FmaDataset *dataset = rule->dataset;
	const char *names[lengthof(segments) + 1] = {NULL};

	for (int i = 0; i < (int) lengthof(segments); i++)
	{
		names[i] = segments[i].name;
		if (strcmp(rule->segment_by, segments[i].name) != 0)
			continue;
		if (segments[i].role >= 0 && dataset->columns[segments[i].role] == NULL)
			FmaAddProblem(&rule->problems, NULL, "by is %s, and the dataset has no column %s.", segments[i].name, FmaRoleNames[segments[i].role]);
		else if (strcmp(segments[i].name, "cluster") == 0 && FmaSettingText(dataset, "clusters") == NULL)
			FmaAddProblem(&rule->problems, NULL, "by is cluster, and the dataset has no clusters.");
		if ((strcmp(rule->segment_by, "slice") == 0 || strcmp(rule->segment_by, "hotspot") == 0) && dataset->features == NIL)
			FmaAddProblem(&rule->problems, NULL, "by is %s, and the dataset has no features.", segments[i].name);
	}
	(void) ReadWord(rule, "by", rule->segment_by, names);
	if (rule->has_min_confidence && !(rule->min_confidence >= 0.0 && rule->min_confidence <= 1.0))
		FmaAddProblem(&rule->problems, NULL, "min_confidence is %s; it must be between 0 and 1.", FmaFloat8ToString(rule->min_confidence));
	/* Boxes have scores of their own */
	if (rule->has_min_confidence && dataset->columns[FMA_CONFIDENCE] == NULL && dataset->task != FMA_DETECTION)
		FmaAddProblem(&rule->problems, NULL, "min_confidence needs a confidence, and the dataset has none.");
	if (rule->has_min_iou && !(rule->min_iou >= 0.0 && rule->min_iou <= 1.0))
		FmaAddProblem(&rule->problems, NULL, "min_iou is %s; it must be between 0 and 1.", FmaFloat8ToString(rule->min_iou));
	if (rule->has_min_iou && !FmaRowsAreImages(dataset))
		FmaAddProblem(&rule->problems, NULL, "min_iou is for segments and boxes, and the dataset's task is %s.", FmaTaskNames[dataset->task]);
}

/* What a rule says: "F1Score of Shirt >= 0.8 by batch" */
static char *
Describe(const Rule *rule)
{
	StringInfoData text;
	ListCell   *cell;

	initStringInfo(&text);
	appendStringInfoString(&text, rule->metric->name);
	foreach(cell, rule->labels)
	{
		const char *label = lfirst(cell);
		int			i = foreach_current_index(cell);
		int			shown;

		if (i == LABELS_IN_NAME)
		{
			appendStringInfo(&text, " and %d more", list_length(rule->labels) - i);
			break;
		}
		shown = pg_mbcharcliplen(label, strlen(label), LABEL_IN_NAME);
		appendStringInfo(&text, "%s%.*s%s", i == 0 ? " of " : ", ", shown, label, label[shown] == '\0' ? "" : "...");
	}
	appendStringInfo(&text, " %s %s", strcmp(rule->direction, "at least") == 0 ? ">=" : "<=", FmaFloat8ToString(rule->threshold));
	if (strcmp(rule->segment_by, "overall") != 0)
		appendStringInfo(&text, " by %s", rule->segment_by);
	if (rule->has_min_confidence)
		appendStringInfo(&text, " at confidence >= %s", FmaFloat8ToString(rule->min_confidence));
	if (rule->has_min_iou)
		appendStringInfo(&text, "%s IoU >= %s", rule->has_min_confidence ? " and" : " at", FmaFloat8ToString(rule->min_iou));
	if (strcmp(rule->pass_by, "bound") == 0)
		appendStringInfoString(&text, ", by its bound");
	return text.data;
}

/* Reads the arguments of fma_add_rule, and checks them all */
static void
ReadRule(Rule *rule, FunctionCallInfo fcinfo)
{
	FmaInitProblems(&rule->problems);
	rule->metric = ReadMetric(rule, TextOr(fcinfo, METRIC, NULL));
	rule->threshold = PG_ARGISNULL(THRESHOLD) ? NAN : PG_GETARG_FLOAT8(THRESHOLD) + 0.0;
	rule->segment_by = TextOr(fcinfo, BY, "overall");
	rule->weights = PG_ARGISNULL(WEIGHTS) ? NULL : PG_GETARG_JSONB_P(WEIGHTS);
	rule->direction = TextOr(fcinfo, DIRECTION, rule->metric != NULL && rule->metric->at_most ? "at most" : "at least");
	rule->min_rows = PG_ARGISNULL(MIN_ROWS) ? DEFAULT_MIN_ROWS : PG_GETARG_INT64(MIN_ROWS);
	rule->pass_by = TextOr(fcinfo, PASS_BY, "estimate");
	rule->has_min_confidence = !PG_ARGISNULL(MIN_CONFIDENCE);
	rule->min_confidence = rule->has_min_confidence ? PG_GETARG_FLOAT8(MIN_CONFIDENCE) + 0.0 : 0.0;
	rule->has_min_iou = !PG_ARGISNULL(MIN_IOU);
	rule->min_iou = rule->has_min_iou ? PG_GETARG_FLOAT8(MIN_IOU) + 0.0 : 0.0;
	rule->background_label = PG_ARGISNULL(BACKGROUND_LABEL) ? NULL : FmaTextArg(fcinfo, BACKGROUND_LABEL);
	rule->background_mode = TextOr(fcinfo, BACKGROUND_MODE, FmaBackgroundModes[FMA_BACKGROUND_EXCLUDE_FROM_AVERAGE]);
	rule->labels = ReadLabels(rule, fcinfo);

	CheckThreshold(rule, PG_ARGISNULL(THRESHOLD));
	(void) ReadWord(rule, "direction", rule->direction, directions);
	(void) ReadWord(rule, "pass_by", rule->pass_by, pass_bys);
	(void) ReadWord(rule, "background_mode", rule->background_mode, FmaBackgroundModes);
	CheckColumns(rule);
	CheckLabels(rule);
	if (rule->weights != NULL)
		CheckWeights(rule);
	if (rule->metric != NULL)
	{
		CheckMetric(rule);
		CheckUses(rule);
	}
	if (rule->min_rows < 1)
		FmaAddProblem(&rule->problems, NULL, "min_rows is " INT64_FORMAT "; it must be at least 1.", rule->min_rows);
	rule->name = PG_ARGISNULL(NAME) ? NULL : FmaTextArg(fcinfo, NAME);
	if (rule->name != NULL && (rule->name[0] == '\0' || strlen(rule->name) > FMA_MAX_NAME))
		FmaAddProblem(&rule->problems, NULL, "name must have between 1 and %d bytes.", FMA_MAX_NAME);
	if (rule->problems.count > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a rule of dataset \"%s\" cannot be as asked for", rule->dataset->name),
				 errdetail_internal("%s", rule->problems.text.data),
				 errhint("For example: SELECT fma_add_rule(%s, %s).", quote_literal_cstr(rule->dataset->name), examples[rule->dataset->task])));
	if (rule->name == NULL)
		rule->name = Describe(rule);
}

/* Labels as a text[] */
static Datum
LabelArray(List *labels)
{
	Datum	   *values = palloc_array(Datum, Max(list_length(labels), 1));
	ListCell   *cell;

	foreach(cell, labels)
		values[foreach_current_index(cell)] = CStringGetTextDatum(lfirst(cell));
	return PointerGetDatum(construct_array(values, list_length(labels), TEXTOID, -1, false, TYPALIGN_INT));
}

/* Writes a rule; returns its number */
static int32
StoreRule(const Rule *rule)
{
	Oid			types[] = {INT4OID, TEXTOID, TEXTOID, FLOAT8OID, TEXTOID, TEXTARRAYOID, JSONBOID, FLOAT8OID, FLOAT8OID, TEXTOID, TEXTOID, TEXTOID, INT8OID, TEXTOID};
	Datum		values[] = {
		Int32GetDatum(rule->dataset->id), CStringGetTextDatum(rule->name), CStringGetTextDatum(rule->metric->name),
		Float8GetDatum(rule->threshold), CStringGetTextDatum(rule->direction), LabelArray(rule->labels), JsonbPGetDatum(rule->weights),
		Float8GetDatum(rule->min_confidence), Float8GetDatum(rule->min_iou),
		rule->background_label == NULL ? (Datum) 0 : CStringGetTextDatum(rule->background_label),
		CStringGetTextDatum(rule->background_mode), CStringGetTextDatum(rule->segment_by), Int64GetDatum(rule->min_rows),
		CStringGetTextDatum(rule->pass_by)
	};
	char		nulls[] = "              ";
	char	   *insert = psprintf("INSERT INTO %s.fma_rule (dataset_id, name, metric, threshold, direction, labels, weights, min_confidence, min_iou, "
								  "background_label, background_mode, segment_by, min_rows, pass_by) "
								  "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING rule_id", FmaSchema());
	FmaIdentity identity;
	int32		rule_id;
	bool		isnull;

	nulls[5] = rule->labels == NIL ? 'n' : ' ';
	nulls[6] = rule->weights == NULL ? 'n' : ' ';
	nulls[7] = rule->has_min_confidence ? ' ' : 'n';
	nulls[8] = rule->has_min_iou ? ' ' : 'n';
	nulls[9] = rule->background_label == NULL ? 'n' : ' ';
	identity = FmaActAsExtension();
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute_with_args(insert, lengthof(types), types, values, nulls, false, 0) != SPI_OK_INSERT_RETURNING)
		elog(ERROR, "could not write fma_rule");
	rule_id = DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();
	FmaActAgain(identity);
	return rule_id;
}

/*
 * fma_add_rule(dataset, metric, threshold, ...): the number of the new rule.
 * Only the dataset's owner, and members of that role, may add one.
 */
Datum
fma_add_rule(PG_FUNCTION_ARGS)
{
	Rule		rule = {0};

	rule.dataset = FmaGetDataset(FmaWordArg(fcinfo, DATASET, "dataset"), FMA_MANAGE);
	ReadRule(&rule, fcinfo);
	PG_RETURN_INT32(StoreRule(&rule));
}

/* The name of the dataset that a rule belongs to, if the current user may read it */
static char *
DatasetOfRule(int32 rule_id)
{
	MemoryContext caller = CurrentMemoryContext;
	FmaIdentity identity = FmaActAsExtension();
	Oid			types[] = {INT4OID};
	Datum		values[] = {Int32GetDatum(rule_id)};
	char	   *select = psprintf("SELECT d.name FROM %s.fma_rule AS r JOIN %s.fma_dataset AS d "
								  "ON d.dataset_id OPERATOR(pg_catalog.=) r.dataset_id WHERE r.rule_id OPERATOR(pg_catalog.=) $1",
								  FmaSchema(), FmaSchema());
	char	   *name = NULL;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute_with_args(select, 1, types, values, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read fma_rule");
	if (SPI_processed > 0)
		name = MemoryContextStrdup(caller, SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1));
	SPI_finish();
	FmaActAgain(identity);
	if (name == NULL || FmaFindDataset(name) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("rule %d does not exist, or is not yours to read", rule_id),
				 errhint("fma_rule lists the rules.")));
	return name;
}

/* fma_remove_rule(rule_id): what runs found of it stays */
Datum
fma_remove_rule(PG_FUNCTION_ARGS)
{
	Oid			types[] = {INT4OID};
	Datum		values[] = {PG_GETARG_DATUM(0)};

	(void) FmaGetDataset(DatasetOfRule(PG_GETARG_INT32(0)), FMA_MANAGE);
	(void) FmaWrite(psprintf("DELETE FROM %s.fma_rule WHERE rule_id = $1", FmaSchema()), 1, types, values, NULL);
	PG_RETURN_VOID();
}

/* The last stage of a run: its dataset's rules against what it has stored */
int64
FmaRunRules(FmaRun *run)
{
	Oid			types[] = {INT8OID};
	Datum		values[] = {Int64GetDatum(run->run_id)};
	const char *schema = FmaSchema();
	int64		n = FmaWrite(psprintf("INSERT INTO %s.fma_result_rule SELECT * FROM %s.fma_evaluate_rules($1)", schema, schema),
							 1, types, values, NULL);

	if (n == 0)
		FmaNote(run, "the dataset has no rules");
	else
		run->failed_rules = FmaWrite(psprintf("SELECT FROM %s.fma_result_rule WHERE run_id = $1 AND NOT passed", schema),
									 1, types, values, NULL);
	return n;
}

/* Columns of fma_unmet_rules and fma_check_run */
enum
{
	UNMET_RUN_ID, UNMET_RANK, UNMET_RULE_ID, UNMET_RULE, UNMET_SEGMENT, UNMET_STARTS_AT, UNMET_LABEL, UNMET_VALUE, UNMET_CI_LOW,
	UNMET_CI_HIGH, UNMET_THRESHOLD, UNMET_PASSED, UNMET_N, UNMET_REASON, UNMET_COLUMNS
};

/* One result in words: "F1Score >= 0.8 by label: "Shirt" is 0.69 (0.67 to 0.71, n = 1208)" */
static void
DescribeResult(StringInfo into, Datum *values, bool *nulls)
{
	appendStringInfo(into, "%s: ", TextDatumGetCString(values[UNMET_RULE]));
	if (nulls[UNMET_VALUE])
	{
		appendStringInfoString(into, TextDatumGetCString(values[UNMET_REASON]));
		return;
	}
	if (!nulls[UNMET_SEGMENT])
		appendStringInfo(into, "%s is ", Quoted(TextDatumGetCString(values[UNMET_SEGMENT])));
	else if (!nulls[UNMET_STARTS_AT])
		appendStringInfo(into, "%s is ", DatumGetCString(DirectFunctionCall1(timestamptz_out, values[UNMET_STARTS_AT])));
	appendStringInfo(into, "%.6g (", DatumGetFloat8(values[UNMET_VALUE]));
	if (!nulls[UNMET_CI_LOW])
		appendStringInfo(into, "%.6g to %.6g, ", DatumGetFloat8(values[UNMET_CI_LOW]), DatumGetFloat8(values[UNMET_CI_HIGH]));
	appendStringInfo(into, "n = " INT64_FORMAT ")", DatumGetInt64(values[UNMET_N]));
}

/* The error of a gate: how many results fail, and the first of them */
static void
RaiseUnmet(const char *name, uint64 failed, StringInfo first)
{
	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 errmsg_plural("dataset \"%s\" breaks its rules: " UINT64_FORMAT " result fails",
						   "dataset \"%s\" breaks its rules: " UINT64_FORMAT " results fail",
						   (unsigned long) failed, name, failed),
			 errdetail_internal("%s", first->data),
			 errhint("SELECT * FROM fma_check_run(%s) lists all that did not pass.", quote_literal_cstr(name))));
}

/*
 * fma_check_run(name, raise): the results of the newest complete run that did
 * not pass.  That a run failed is a result as well, so that no gate opens
 * because nothing was measured.
 */
Datum
fma_check_run(PG_FUNCTION_ARGS)
{
	FmaDataset *dataset;
	bool		raise = !PG_ARGISNULL(1) && PG_GETARG_BOOL(1);
	Oid			types[] = {INT4OID};
	Datum		arguments[1];
	StringInfoData first;
	uint64		failed = 0;
	FmaIdentity identity;

	InitMaterializedSRF(fcinfo, 0);
	dataset = FmaGetDataset(FmaWordArg(fcinfo, 0, "name"), FMA_READ);
	initStringInfo(&first);
	arguments[0] = Int32GetDatum(dataset->id);
	identity = FmaActAsExtension();
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute_with_args(psprintf("SELECT * FROM %s.fma_unmet_rules($1)", FmaSchema()), 1, types, arguments, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read fma_unmet_rules");
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		Datum		values[UNMET_COLUMNS];
		bool		nulls[UNMET_COLUMNS];

		heap_deform_tuple(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, values, nulls);
		FmaPutRow(fcinfo, values, nulls);
		if (nulls[UNMET_PASSED] || DatumGetBool(values[UNMET_PASSED]) || failed++ >= RESULTS_IN_ERROR)
			continue;
		if (first.len > 0)
			appendStringInfoChar(&first, '\n');
		DescribeResult(&first, values, nulls);
	}
	SPI_finish();
	FmaActAgain(identity);
	if (raise && failed > 0)
		RaiseUnmet(dataset->name, failed, &first);
	PG_RETURN_NULL();
}

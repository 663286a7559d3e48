/*
 * source.c
 *		The table or view that a dataset reads: what its columns are good for.
 *
 * The same checks are made when a dataset is registered, and at every run,
 * since columns may have been renamed, dropped or given another type.
 */
#include "source.h"

#include "access/relation.h"
#include "access/sysattr.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "parser/parse_coerce.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"

#include "dictionary.h"
#include "expression.h"
#include "images.h"
#include "mask_runs.h"

/* A hint lists at most so many columns */
#define MAX_LISTED 50

/* A source being checked */
typedef struct Source
{
	const FmaDataset *dataset;
	FmaProblems *problems;
	Relation	relation;
	List	   *names;			/* of its columns */
	bool		missing;		/* a column was not found */
} Source;

static bool
IsNumber(Oid type)
{
	type = getBaseType(type);
	return type == INT2OID || type == INT4OID || type == INT8OID ||
		type == FLOAT4OID || type == FLOAT8OID || type == NUMERICOID;
}

static bool
IsReal(Oid type)
{
	type = getBaseType(type);
	return type == FLOAT4OID || type == FLOAT8OID || type == NUMERICOID;
}

static bool
IsTime(Oid type)
{
	type = getBaseType(type);
	return type == DATEOID || type == TIMESTAMPOID || type == TIMESTAMPTZOID;
}

/* Arrays of numbers, and types that are cast to them, such as pgvector's */
static bool
IsNumberArray(Oid type)
{
	Oid			target = FLOAT8ARRAYOID;
	Oid			target4 = FLOAT4ARRAYOID;

	type = getBaseType(type);
	return can_coerce_type(1, &type, &target, COERCION_ASSIGNMENT) ||
		can_coerce_type(1, &type, &target4, COERCION_ASSIGNMENT);
}

static bool
IsString(Oid type)
{
	return TypeCategory(getBaseType(type)) == TYPCATEGORY_STRING;
}

static bool
IsMask(Oid type)
{
	return getBaseType(type) == FmaTypeOid("fma_mask");
}

static bool
IsBoxes(Oid type)
{
	return getBaseType(type) == FmaTypeOid("fma_boxes");
}

/* One value, which can be told from others and be shown */
static bool
IsScalar(Oid type)
{
	char		category = TypeCategory(getBaseType(type));

	return FmaCanBeCondition(type) && !IsMask(type) && !IsBoxes(type) && category != TYPCATEGORY_ARRAY && category != TYPCATEGORY_COMPOSITE &&
		category != TYPCATEGORY_PSEUDOTYPE && getBaseType(type) != BYTEAOID;
}

/* A type whose values are worth looking at without being asked: neither arrays, nor documents, nor shapes */
static bool
IsPlain(Oid type)
{
	switch (TypeCategory(getBaseType(type)))
	{
		case TYPCATEGORY_BOOLEAN:
		case TYPCATEGORY_DATETIME:
		case TYPCATEGORY_ENUM:
		case TYPCATEGORY_NETWORK:
		case TYPCATEGORY_NUMERIC:
		case TYPCATEGORY_STRING:
		case TYPCATEGORY_TIMESPAN:
			return FmaCanBeCondition(type);
		default:
			return false;
	}
}

/* What a column must be to have a role */
typedef struct RoleRule
{
	bool		(*fits) (Oid type);
	const char *must_be;
	bool		alone;			/* it can have no other role, and is no feature unless asked for */
} RoleRule;

#define A_SCALAR "one value that can be told from others (text, a number, a date, an enum, ...)"
#define A_NUMBER "a number"
#define AN_ARRAY "an array of numbers"

static const RoleRule role_rules[FMA_NROLES] = {
	[FMA_TRUTH] = {IsScalar, A_SCALAR, true},
	[FMA_PREDICTION] = {IsScalar, A_SCALAR, true},
	[FMA_CONFIDENCE] = {IsNumber, A_NUMBER, true},
	[FMA_PROBABILITIES] = {IsNumberArray, AN_ARRAY, true},
	[FMA_ID] = {IsScalar, A_SCALAR, false},
	[FMA_OCCURRED_AT] = {IsTime, "a date, timestamp or timestamptz", false},
	[FMA_BATCH] = {IsScalar, A_SCALAR, false},
	[FMA_EMBEDDING] = {IsNumberArray, AN_ARRAY, true},
	[FMA_PLACE] = {IsScalar, A_SCALAR, false},
	[FMA_LONGITUDE] = {IsNumber, A_NUMBER, true},
	[FMA_LATITUDE] = {IsNumber, A_NUMBER, true},
	[FMA_MODEL_VERSION] = {IsScalar, A_SCALAR, false},
	[FMA_UNIT] = {IsScalar, A_SCALAR, false},
	[FMA_IMAGE] = {IsString, "text: a link or a path", false},
};

/* What truth and prediction are, where the task does not compare labels */
static const RoleRule compared_rules[] = {
	[FMA_REGRESSION] = {IsNumber, A_NUMBER, true},
	[FMA_SEGMENTATION] = {IsMask, "fma_mask", true},
	[FMA_DETECTION] = {IsBoxes, "fma_boxes", true},
};

/* What a column must be to have a role in a dataset */
static const RoleRule *
RuleOf(const FmaDataset *dataset, FmaRole role)
{
	bool		compared = role == FMA_TRUTH || role == FMA_PREDICTION;

	return compared && (dataset->task == FMA_REGRESSION || FmaRowsAreImages(dataset)) ? &compared_rules[dataset->task] : &role_rules[role];
}

/* Whether the dataset's owner may read a column, or with number 0 all of them */
static bool
MaySelect(const FmaDataset *dataset, AttrNumber column)
{
	if (pg_class_aclcheck(dataset->relation, dataset->owner, ACL_SELECT) == ACLCHECK_OK)
		return true;
	return column != InvalidAttrNumber &&
		pg_attribute_aclcheck(dataset->relation, column, dataset->owner, ACL_SELECT) == ACLCHECK_OK;
}

/* Opens the source, if it is something that can be read */
static bool
OpenSource(Source *source, const FmaDataset *dataset, FmaProblems *problems)
{
	char		kind = get_rel_relkind(dataset->relation);
	const char *owner;
	Oid			schema = get_rel_namespace(dataset->relation);

	/* An error if there is no such role any more, or its rights must not be used */
	FmaActAgain(FmaActAsOwner(dataset));
	owner = GetUserNameFromId(dataset->owner, false);
	memset(source, 0, sizeof(Source));
	source->dataset = dataset;
	source->problems = problems;
	if (kind == '\0')
		FmaAddProblem(problems, "relation", "it no longer exists");
	else if (kind != RELKIND_RELATION && kind != RELKIND_VIEW && kind != RELKIND_MATVIEW &&
			 kind != RELKIND_FOREIGN_TABLE && kind != RELKIND_PARTITIONED_TABLE)
		FmaAddProblem(problems, "relation", "\"%s\" is neither a table nor a view", get_rel_name(dataset->relation));
	else if (get_rel_persistence(dataset->relation) == RELPERSISTENCE_TEMP)
		FmaAddProblem(problems, "relation", "\"%s\" is temporary, and later sessions could not read it", get_rel_name(dataset->relation));
	else if (!DatumGetBool(DirectFunctionCall3(has_schema_privilege_id_id, ObjectIdGetDatum(dataset->owner), ObjectIdGetDatum(schema),
											   CStringGetTextDatum("USAGE"))))
		FmaAddProblem(problems, "relation", "role \"%s\" may not use schema \"%s\"", owner, get_namespace_name(schema));
	else if (pg_class_aclcheck(dataset->relation, dataset->owner, ACL_SELECT) != ACLCHECK_OK &&
			 pg_attribute_aclcheck_all(dataset->relation, dataset->owner, ACL_SELECT, ACLMASK_ANY) != ACLCHECK_OK)
		FmaAddProblem(problems, "relation", "role \"%s\" may not read \"%s\"", owner, get_rel_name(dataset->relation));
	else
		source->relation = try_relation_open(dataset->relation, AccessShareLock);
	if (source->relation == NULL)
		return false;
	for (int i = 0; i < RelationGetDescr(source->relation)->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(source->relation), i);

		if (!attribute->attisdropped)
			source->names = lappend(source->names, pstrdup(NameStr(attribute->attname)));
	}
	return true;
}

/* A column by its name, or NULL */
static Form_pg_attribute
FindColumn(Relation relation, const char *name)
{
	for (int i = 0; i < RelationGetDescr(relation)->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(relation), i);

		if (!attribute->attisdropped && strcmp(NameStr(attribute->attname), name) == 0)
			return attribute;
	}
	return NULL;
}

/* A column that an argument names and that the owner may read; a problem and NULL otherwise */
static Form_pg_attribute
NeedColumn(Source *source, const char *argument, const char *name)
{
	Form_pg_attribute attribute = FindColumn(source->relation, name);

	if (attribute == NULL)
	{
		source->missing = true;
		FmaAddProblem(source->problems, argument, "there is no column \"%s\"%s", name, FmaDidYouMean(name, source->names));
		return NULL;
	}
	if (!MaySelect(source->dataset, attribute->attnum))
	{
		FmaAddProblem(source->problems, argument, "role \"%s\" may not read column \"%s\"",
					  GetUserNameFromId(source->dataset->owner, false), name);
		return NULL;
	}
	return attribute;
}

/* Each role's column exists, has a type for it, and has no role that excludes it */
static void
CheckRoles(Source *source)
{
	const FmaDataset *dataset = source->dataset;

	for (int role = 0; role < FMA_NROLES; role++)
	{
		const char *name = dataset->columns[role];
		Form_pg_attribute attribute = name == NULL ? NULL : NeedColumn(source, FmaRoleNames[role], name);
		const RoleRule *rule;

		if (attribute == NULL)
			continue;
		rule = RuleOf(dataset, role);
		if (!rule->fits(attribute->atttypid) && rule == &role_rules[role])
			FmaAddProblem(source->problems, FmaRoleNames[role], "column \"%s\" is of type %s; it must be %s", name,
						  format_type_be(attribute->atttypid), rule->must_be);
		else if (!rule->fits(attribute->atttypid))
			FmaAddProblem(source->problems, FmaRoleNames[role], "column \"%s\" is of type %s; a %s needs %s", name,
						  format_type_be(attribute->atttypid), FmaTaskNames[dataset->task], rule->must_be);
		for (int other = 0; other < role; other++)
			if ((role_rules[role].alone || role_rules[other].alone) && dataset->columns[other] != NULL &&
				strcmp(dataset->columns[other], name) == 0)
				FmaAddProblem(source->problems, FmaRoleNames[role], "column \"%s\" is the %s already", name, FmaRoleNames[other]);
	}
	if ((dataset->columns[FMA_LONGITUDE] == NULL) != (dataset->columns[FMA_LATITUDE] == NULL))
		FmaAddProblem(source->problems, dataset->columns[FMA_LONGITUDE] == NULL ? "longitude" : "latitude", "it is missing; a position needs both");
}

static void
CheckFeatures(Source *source)
{
	for (int i = 0; i < list_length(source->dataset->features); i++)
	{
		const char *name = list_nth(source->dataset->features, i);
		Form_pg_attribute attribute = NeedColumn(source, "features", name);

		if (attribute != NULL && !FmaCanBeCondition(attribute->atttypid))
			FmaAddProblem(source->problems, "features", "column \"%s\" is of type %s, which has no equality that conditions could use", name,
						  format_type_be(attribute->atttypid));
	}
}

/* A stored condition still means something, to the owner */
static void
CheckCondition(Source *source, const char *argument, const char *text)
{
	FmaExpression expression;
	FmaIdentity identity;
	int			column = -1;
	bool		understood;

	if (text == NULL)
		return;
	identity = FmaActAsOwner(source->dataset);
	understood = FmaReadExpression(source->problems, argument, source->dataset->relation, text, &expression);
	FmaActAgain(identity);
	if (!understood)
		return;
	while ((column = bms_next_member(expression.columns, column)) >= 0)
	{
		AttrNumber	number = column + FirstLowInvalidHeapAttributeNumber;

		if (!MaySelect(source->dataset, number))
			FmaAddProblem(source->problems, argument, "role \"%s\" may not read %s%s", GetUserNameFromId(source->dataset->owner, false),
						  number == InvalidAttrNumber ? "all columns" : "column ",
						  number == InvalidAttrNumber ? "" : quote_identifier(get_attname(source->dataset->relation, number, false)));
	}
}

/* Each probability is of another label, as it is shown: probabilities of labels that a mapping merges are not added */
static void
CheckProbabilityLabels(Source *source)
{
	List	   *seen = NIL;
	ListCell   *cell;

	foreach(cell, source->dataset->probability_labels)
	{
		char	   *shown = FmaShownLabel(source->dataset, lfirst(cell));
		ListCell   *before;

		foreach(before, seen)
			if (strcmp(lfirst(before), shown) == 0)
				FmaAddProblem(source->problems, "probability_labels", "two of them are shown as \"%s\" by labels; a view can add their probabilities", shown);
		seen = lappend(seen, shown);
	}
}

/* The labels of masks are numbers */
static void
CheckMaskLabels(Source *source)
{
	JsonbValue	found;
	JsonbValue *map = getKeyJsonValueFromContainer(&source->dataset->settings->root, "labels", strlen("labels"), &found);
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	item;

	if (map == NULL || map->type != jbvBinary)
		return;
	iterator = JsonbIteratorInit(map->val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &item, true)) != WJB_DONE)
	{
		char	   *key = token == WJB_KEY ? pnstrdup(item.val.string.val, item.val.string.len) : NULL;
		long		number = key == NULL ? 0 : strtol(key, NULL, 10);

		if (key != NULL && (strcmp(key, psprintf("%ld", number)) != 0 || number < 0 || number >= FMA_MASK_LABELS))
			FmaAddProblem(source->problems, "labels", "\"%s\" is no label of a mask, which are numbers from 0 to %d", key, FMA_MASK_LABELS - 1);
	}
}

/* Settings that only tasks whose rows are images have */
static void
CheckImages(Source *source)
{
	static const struct
	{
		const char *key;
		FmaTask		task;		/* FMA_CONDITION: both */
	}			settings[] = {{"metric", FMA_CONDITION}, {"min_metric", FMA_CONDITION}, {"min_confidence", FMA_DETECTION},
	{"min_iou", FMA_DETECTION}, {"ignore_label", FMA_SEGMENTATION}};
	const FmaDataset *dataset = source->dataset;
	bool		images = FmaRowsAreImages(dataset);

	for (int i = 0; i < lengthof(settings); i++)
	{
		bool		for_both = settings[i].task == FMA_CONDITION;

		if (FmaSettingText(dataset, settings[i].key) == NULL)
			continue;
		if (for_both ? !images : dataset->task != settings[i].task)
			FmaAddProblem(source->problems, settings[i].key, "only %s it", for_both ? "tasks segmentation and detection have" :
						  psprintf("task %s has", FmaTaskNames[settings[i].task]));
		else if (for_both && dataset->failed != NULL)
			FmaAddProblem(source->problems, settings[i].key, "failed says already which images failed");
	}
	if (dataset->metric != NULL && !FmaIsImageMetric(dataset->task, dataset->metric))
		FmaAddProblem(source->problems, "metric", "%s is no metric of an image in task %s; these are: %s", dataset->metric,
					  FmaTaskNames[dataset->task], FmaListImageMetrics(dataset->task));
	if (dataset->task == FMA_SEGMENTATION)
		CheckMaskLabels(source);
}

/* The task has what it needs */
static void
CheckTask(Source *source)
{
	const FmaDataset *dataset = source->dataset;
	bool		truth = dataset->columns[FMA_TRUTH] != NULL;
	bool		prediction = dataset->columns[FMA_PREDICTION] != NULL;

	if (dataset->task == FMA_CONDITION && dataset->failed == NULL)
		FmaAddProblem(source->problems, "task", "nothing says which rows failed; give truth and prediction, or a condition as failed");
	else if (dataset->task != FMA_CONDITION && !(truth && prediction))
		FmaAddProblem(source->problems, truth ? "prediction" : "truth", "it is missing; task %s needs truth and prediction",
					  FmaTaskNames[dataset->task]);
	if (dataset->columns[FMA_PROBABILITIES] != NULL && dataset->task != FMA_CLASSIFICATION)
		FmaAddProblem(source->problems, "probabilities", "only task classification has them");
	if (dataset->columns[FMA_PROBABILITIES] != NULL && dataset->probability_labels == NIL)
		FmaAddProblem(source->problems, "probability_labels", "it is missing; it says which label each probability is of");
	if (dataset->columns[FMA_PROBABILITIES] == NULL && dataset->probability_labels != NIL)
		FmaAddProblem(source->problems, "probability_labels", "there are no probabilities");
	CheckProbabilityLabels(source);
	if (dataset->columns[FMA_EMBEDDING] == NULL && FmaSettingText(dataset, "clusters") != NULL)
		FmaAddProblem(source->problems, "clusters", "there is no embedding");
	if (dataset->labels != NULL && dataset->task != FMA_CLASSIFICATION && dataset->task != FMA_SEGMENTATION)
		FmaAddProblem(source->problems, "labels", "only tasks classification and segmentation have them%s",
					  dataset->task == FMA_DETECTION ? "; a view can make boxes of labels as they are to be shown" : "");
	CheckImages(source);
	if (dataset->current_version != NULL && dataset->columns[FMA_MODEL_VERSION] == NULL)
		FmaAddProblem(source->problems, "current_version", "there is no model_version");
}

static void
AppendSql(StringInfo sql, const char *expression)
{
	if (expression != NULL)
		appendStringInfo(sql, "%s%s", sql->len == 0 ? "SELECT " : ", ", expression);
}

/* Plans what a run will read, as the owner, and reads no row: rights, casts and writes are checked */
static void
DryRun(void *data)
{
	const FmaDataset *dataset = data;
	FmaIdentity identity = FmaActAsOwner(dataset);
	bool		was_read_only = XactReadOnly;
	StringInfoData sql;

	initStringInfo(&sql);
	AppendSql(&sql, FmaLossSql(dataset));
	AppendSql(&sql, FmaFailedSql(dataset));
	AppendSql(&sql, FmaCorrectSql(dataset));
	AppendSql(&sql, FmaTimeSql(dataset));
	for (int role = 0; role < FMA_NROLES; role++)
		AppendSql(&sql, FmaTextSql(dataset, role));
	appendStringInfo(&sql, " %s LIMIT 0", FmaFromSql(dataset, NULL, NULL));
	XactReadOnly = true;
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute(sql.data, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "SPI_execute failed: %s", sql.data);
	SPI_finish();
	XactReadOnly = was_read_only;
	FmaActAgain(identity);
}

/* "Columns of predictions: a, b, c." */
static char *
ListColumns(Source *source)
{
	StringInfoData list;
	int			n = list_length(source->names);

	initStringInfo(&list);
	appendStringInfo(&list, "Columns of %s:", RelationGetRelationName(source->relation));
	for (int i = 0; i < Min(n, MAX_LISTED); i++)
		appendStringInfo(&list, "%s %s", i == 0 ? "" : ",", (char *) list_nth(source->names, i));
	appendStringInfoString(&list, n > MAX_LISTED ? ", ..." : ".");
	return list.data;
}

/* Collects everything about a dataset that does not fit its source, or that its owner may not read */
void
FmaCheckSource(const FmaDataset *dataset, FmaProblems *problems)
{
	Source		source;

	if (!OpenSource(&source, dataset, problems))
		return;
	CheckRoles(&source);
	CheckFeatures(&source);
	CheckTask(&source);
	CheckCondition(&source, "failed", dataset->failed);
	CheckCondition(&source, "filter", dataset->filter);
	if (source.missing)
		problems->hint = ListColumns(&source);
	relation_close(source.relation, NoLock);
	if (problems->count == 0)
		FmaTryNoting(problems, NULL, DryRun, unconstify(FmaDataset *, dataset));
}

/* What every run begins with */
void
FmaCheckDataset(const FmaDataset *dataset)
{
	FmaProblems problems;

	FmaInitProblems(&problems);
	FmaCheckSource(dataset, &problems);
	if (problems.count > 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("dataset \"%s\" no longer fits its source", dataset->name),
				 errdetail_internal("%s", problems.text.data),
				 problems.hint != NULL ? errhint("Correct it with fma_alter_dataset. %s", problems.hint) :
				 errhint("Correct it with fma_alter_dataset, or restore what has changed.")));
}

/* The task that columns and conditions speak of, where nobody says */
FmaTask
FmaDeriveTask(const FmaDataset *dataset)
{
	Relation	relation;
	Form_pg_attribute truth,
				prediction;
	FmaTask		task = FMA_CLASSIFICATION;

	if (dataset->columns[FMA_TRUTH] == NULL && dataset->columns[FMA_PREDICTION] == NULL)
		return FMA_CONDITION;
	if (dataset->columns[FMA_TRUTH] == NULL || dataset->columns[FMA_PREDICTION] == NULL)
		return dataset->failed == NULL ? FMA_CLASSIFICATION : FMA_CONDITION;
	relation = try_relation_open(dataset->relation, AccessShareLock);
	if (relation == NULL)
		return FMA_CLASSIFICATION;
	truth = FindColumn(relation, dataset->columns[FMA_TRUTH]);
	prediction = FindColumn(relation, dataset->columns[FMA_PREDICTION]);
	if (truth != NULL && prediction != NULL && (IsMask(truth->atttypid) || IsMask(prediction->atttypid)))
		task = FMA_SEGMENTATION;
	else if (truth != NULL && prediction != NULL && (IsBoxes(truth->atttypid) || IsBoxes(prediction->atttypid)))
		task = FMA_DETECTION;
	else if (truth != NULL && prediction != NULL && IsNumber(truth->atttypid) && IsNumber(prediction->atttypid) &&
		(IsReal(truth->atttypid) || IsReal(prediction->atttypid)))
		task = FMA_REGRESSION;
	relation_close(relation, NoLock);
	return task;
}

/*
 * Why a column is no feature, or NULL.  Batch, place and time are circumstances
 * of a prediction; what else has a role is an identity, or comes from the model
 * or the truth: that rare labels fail more often would hide why.
 */
static const char *
ReasonAgainst(const FmaDataset *dataset, Form_pg_attribute attribute, Bitmapset *key, Bitmapset *failed_columns)
{
	static const FmaRole no_features[] = {
		FMA_TRUTH, FMA_PREDICTION, FMA_CONFIDENCE, FMA_PROBABILITIES, FMA_ID, FMA_EMBEDDING, FMA_LONGITUDE,
		FMA_LATITUDE, FMA_MODEL_VERSION, FMA_UNIT, FMA_IMAGE
	};

	for (int i = 0; i < lengthof(no_features); i++)
	{
		const char *name = dataset->columns[no_features[i]];

		if (name != NULL && strcmp(name, NameStr(attribute->attname)) == 0)
			return FmaRoleNames[no_features[i]];
	}
	if (bms_is_member(attribute->attnum - FirstLowInvalidHeapAttributeNumber, failed_columns))
		return "part of failed";
	if (bms_membership(key) == BMS_SINGLETON && bms_is_member(attribute->attnum - FirstLowInvalidHeapAttributeNumber, key))
		return "primary key";
	if (!IsPlain(attribute->atttypid))
		return format_type_be(attribute->atttypid);
	return MaySelect(dataset, attribute->attnum) ? NULL : "may not be read";
}

/* All columns that can serve as conditions; "left_out" is told about the others */
List *
FmaDeriveFeatures(const FmaDataset *dataset, Bitmapset *failed_columns, StringInfo left_out)
{
	List	   *features = NIL;
	Relation	relation = try_relation_open(dataset->relation, AccessShareLock);
	Bitmapset  *key = relation == NULL ? NULL : RelationGetIndexAttrBitmap(relation, INDEX_ATTR_BITMAP_PRIMARY_KEY);

	for (int i = 0; relation != NULL && i < RelationGetDescr(relation)->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(relation), i);
		const char *reason;

		if (attribute->attisdropped)
			continue;
		reason = ReasonAgainst(dataset, attribute, key, failed_columns);
		if (reason == NULL)
			features = lappend(features, pstrdup(NameStr(attribute->attname)));
		else
			appendStringInfo(left_out, "%s%s (%s)", left_out->len == 0 ? "" : ", ", NameStr(attribute->attname), reason);
	}
	if (relation != NULL)
		relation_close(relation, NoLock);
	return features;
}

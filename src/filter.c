/*
 * filter.c
 *		Which predictions are asked for, as SQL over a dataset's source.
 *
 * Whatever a caller says arrives as a quoted literal or is looked up in a list
 * of ours: no text of a caller's becomes SQL.  Conditions have the form in which
 * the finders write them (conditions.c), so that what a finder found can be
 * asked for again.  They may name the dataset's columns alone, not others of
 * the source, which were not shared with whoever may read the dataset.
 */
#include "filter.h"

#include "access/stratnum.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "conditions.h"
#include "images.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

/* What a condition says of its column */
typedef enum Op
{
	OP_EQUAL, OP_NOT_EQUAL, OP_LESS, OP_LESS_EQUAL, OP_GREATER, OP_GREATER_EQUAL,
	OP_IN, OP_NOT_IN, OP_IS_NULL, OP_IS_NOT_NULL
} Op;

static const char *const op_names[] = {
	"=", "<>", "<", "<=", ">", ">=", "in", "not in", "is null", "is not null", NULL
};

/* Fields of the calendar, as extract() names them */
typedef enum Part
{
	PART_HOUR, PART_WEEKDAY, PART_MONTH
} Part;

static const char *const part_names[] = {"hour", "isodow", "month", NULL};

/* A type that a numeric column may be compared as */
#define AS_DOUBLE "double precision"

/* Keys of a condition */
static const char *const condition_keys[] = {"column", "part", "timezone", "type", "cluster_model", "op", "value", "values", NULL};

/* What the finders call the cluster */
#define CLUSTER "cluster"

/* One condition, read and checked */
typedef struct Condition
{
	int			position;		/* in the array, from 1, for errors */
	char	   *column;
	char	   *part;
	char	   *timezone;
	char	   *type;
	char	   *op_name;
	JsonbValue *value;
	JsonbValue *values;
	JsonbValue *cluster_model;	/* the column is the cluster by this model */

	Op			op;
	StringInfoData subject;		/* what is compared, as SQL */
	Oid			subject_type;	/* domains resolved */
	Oid			equals;			/* its equality, or invalid */
} Condition;

/* Reports a condition that cannot be read */
pg_noreturn static void
BadCondition(const Condition *condition, const char *problem, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid conditions"),
			 errdetail("Condition %d %s.", condition->position, problem),
			 errhint("%s", hint != NULL ? hint :
					 "A condition is {\"column\": ..., \"op\": ..., \"value\": ...}; doc/predictions.md has all keys.")));
}

/* A member of a condition as a string, or NULL */
static char *
StringMember(const Condition *condition, JsonbContainer *object, const char *key)
{
	JsonbValue *value = getKeyJsonValueFromContainer(object, key, strlen(key), NULL);

	if (value == NULL)
		return NULL;
	if (value->type != jbvString)
		BadCondition(condition, psprintf("has a \"%s\" that is no string", key), NULL);
	return pnstrdup(value->val.string.val, value->val.string.len);
}

/* A misspelt key would otherwise select other rows than were meant */
static void
CheckKeys(const Condition *condition, JsonbContainer *object)
{
	JsonbIterator *iterator = JsonbIteratorInit(object);
	JsonbIteratorToken token;
	JsonbValue	value;

	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		bool		known = token != WJB_KEY;

		for (int i = 0; condition_keys[i] != NULL && !known; i++)
			known = strlen(condition_keys[i]) == value.val.string.len &&
				strncmp(condition_keys[i], value.val.string.val, value.val.string.len) == 0;
		if (!known)
			BadCondition(condition, psprintf("has the unknown key \"%s\"",
											 pnstrdup(value.val.string.val, value.val.string.len)), NULL);
	}
}

/* Reads the members of a condition */
static void
ReadCondition(Condition *condition, const JsonbValue *element)
{
	JsonbContainer *object;

	if (element->type != jbvBinary || !JsonContainerIsObject(element->val.binary.data))
		BadCondition(condition, "is no object", NULL);
	object = element->val.binary.data;
	CheckKeys(condition, object);
	condition->column = StringMember(condition, object, "column");
	condition->part = StringMember(condition, object, "part");
	condition->timezone = StringMember(condition, object, "timezone");
	condition->type = StringMember(condition, object, "type");
	condition->op_name = StringMember(condition, object, "op");
	condition->value = getKeyJsonValueFromContainer(object, "value", strlen("value"), NULL);
	condition->values = getKeyJsonValueFromContainer(object, "values", strlen("values"), NULL);
	condition->cluster_model = getKeyJsonValueFromContainer(object, "cluster_model", strlen("cluster_model"), NULL);
	if (condition->column == NULL || condition->op_name == NULL)
		BadCondition(condition, psprintf("has no \"%s\"", condition->column == NULL ? "column" : "op"), NULL);
	condition->op = FmaChoose("op", condition->op_name, op_names);
}

/* Whether the dataset has this column, as a feature or in another role */
static bool
HasColumn(const FmaDataset *dataset, const char *name)
{
	ListCell   *cell;

	for (int role = 0; role < FMA_NROLES; role++)
		if (dataset->columns[role] != NULL && strcmp(dataset->columns[role], name) == 0)
			return true;
	foreach(cell, dataset->features)
		if (strcmp(lfirst(cell), name) == 0)
			return true;
	return false;
}

/* The base type of a column of the source that the dataset has */
static Oid
TypeOfColumn(const FmaDataset *dataset, const Condition *condition)
{
	AttrNumber	number = get_attnum(dataset->relation, condition->column);

	if (number <= InvalidAttrNumber || !HasColumn(dataset, condition->column))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("dataset \"%s\" has no column \"%s\"", dataset->name, condition->column),
				 errdetail("Condition %d names it.", condition->position),
				 errhint("Conditions are on the features and other columns that the dataset was registered with.")));
	return getBaseType(get_atttype(dataset->relation, number));
}

/* A field of the calendar of a date or time, as the finders look at it */
static void
PutPart(const FmaDataset *dataset, Condition *condition, const char *name)
{
	Part		part = FmaChoose("part", condition->part, part_names);
	Oid			type = condition->subject_type;
	bool		has_date = type == DATEOID || type == TIMESTAMPOID || type == TIMESTAMPTZOID;
	bool		has_time = type == TIMEOID || type == TIMESTAMPOID || type == TIMESTAMPTZOID;

	if (part == PART_HOUR ? !has_time : !has_date)
		BadCondition(condition, psprintf("asks for the %s of column \"%s\", which has type %s",
										 condition->part, condition->column, format_type_be(type)),
					 "Times have an hour, dates an isodow and a month, timestamps all three.");
	appendStringInfo(&condition->subject, "extract(%s FROM %s", condition->part, name);
	if (type == TIMESTAMPTZOID)
		appendStringInfo(&condition->subject, " AT TIME ZONE %s",
						 quote_literal_cstr(condition->timezone != NULL ? condition->timezone : dataset->timezone));
	appendStringInfoChar(&condition->subject, ')');
	condition->subject_type = NUMERICOID;
}

/*
 * The cluster of a row, if that is what a condition is about: by the model that
 * it names, or the dataset's own; NULL otherwise
 */
static char *
ClusterSubject(const FmaDataset *dataset, const Condition *condition)
{
	Datum		number;
	int			model_id = 0;

	if (condition->cluster_model == NULL &&
		(strcmp(condition->column, CLUSTER) != 0 || HasColumn(dataset, CLUSTER) || FmaSettingText(dataset, "clusters") == NULL))
		return NULL;
	if (condition->part != NULL || condition->timezone != NULL || condition->type != NULL)
		BadCondition(condition, "looks at a cluster, which is a plain integer", NULL);
	if (condition->cluster_model != NULL)
	{
		if (condition->cluster_model->type != jbvNumeric)
			BadCondition(condition, "has a \"cluster_model\" that is no number", NULL);
		number = NumericGetDatum(condition->cluster_model->val.numeric);
		model_id = DatumGetInt32(DirectFunctionCall1(numeric_int4, number));
		if (model_id <= 0)
			BadCondition(condition, "has a \"cluster_model\" that is not positive", NULL);
	}
	/* Of this dataset alone: the owner may have others, which the caller may not read */
	return FmaClusterSql(psprintf("dataset_id = %d AND %s", dataset->id, model_id == 0 ? "NOT retired" : psprintf("model_id = %d", model_id)),
						 FmaRequireColumn(dataset, FMA_EMBEDDING, "A condition on clusters"));
}

/* What a condition compares: the column, a part of its calendar, or the column as a double */
static void
PutSubject(const FmaDataset *dataset, Condition *condition)
{
	char	   *name = psprintf("t.%s", quote_identifier(condition->column));
	char	   *cluster = ClusterSubject(dataset, condition);
	TypeCacheEntry *entry;

	initStringInfo(&condition->subject);
	if (cluster != NULL)
	{
		appendStringInfoString(&condition->subject, cluster);
		condition->subject_type = INT4OID;
		condition->equals = Int4EqualOperator;
		return;
	}
	condition->subject_type = TypeOfColumn(dataset, condition);
	if (condition->timezone != NULL && (condition->part == NULL || condition->subject_type != TIMESTAMPTZOID))
		BadCondition(condition, "has a \"timezone\", which is for a \"part\" of a timestamp with time zone", NULL);
	if (condition->type != NULL &&
		(condition->subject_type != NUMERICOID || strcmp(condition->type, AS_DOUBLE) != 0))
		BadCondition(condition, psprintf("has the \"type\" \"%s\" for a column of type %s", condition->type,
										 format_type_be(condition->subject_type)),
					 "The only one is \"double precision\", for a numeric column.");
	if (condition->op == OP_IS_NULL || condition->op == OP_IS_NOT_NULL)
		appendStringInfoString(&condition->subject, name);
	else if (condition->part != NULL)
		PutPart(dataset, condition, name);
	else if (condition->type != NULL)
	{
		appendStringInfo(&condition->subject, "%s::" AS_DOUBLE, name);
		condition->subject_type = FLOAT8OID;
	}
	else
		appendStringInfoString(&condition->subject, name);
	entry = lookup_type_cache(condition->subject_type, TYPECACHE_EQ_OPR | TYPECACHE_BTREE_OPFAMILY);
	condition->equals = entry->eq_opr;
}

/* The operator of a condition: "in" and "not in" are made of "=" */
static Oid
OperatorOf(const Condition *condition)
{
	StrategyNumber strategy = condition->op == OP_LESS ? BTLessStrategyNumber :
		condition->op == OP_LESS_EQUAL ? BTLessEqualStrategyNumber :
		condition->op == OP_GREATER ? BTGreaterStrategyNumber :
		condition->op == OP_GREATER_EQUAL ? BTGreaterEqualStrategyNumber : InvalidStrategy;
	Oid			operator = condition->equals;

	if (strategy != InvalidStrategy)
	{
		TypeCacheEntry *entry = lookup_type_cache(condition->subject_type, TYPECACHE_BTREE_OPFAMILY);

		operator = OidIsValid(entry->btree_opf) ?
			get_opfamily_member(entry->btree_opf, entry->btree_opintype, entry->btree_opintype, strategy) : InvalidOid;
	}
	if (!OidIsValid(operator) || !OidIsValid(condition->equals))
		BadCondition(condition, psprintf("compares column \"%s\" by \"%s\", which type %s does not have",
										 condition->column, condition->op_name, format_type_be(condition->subject_type)),
					 NULL);
	return operator;
}

/* A value as text, whatever JSON made of it */
static char *
ValueText(const Condition *condition, const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvString:
			return pnstrdup(value->val.string.val, value->val.string.len);
		case jbvNumeric:
			return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
		case jbvBool:
			return value->val.boolean ? "true" : "false";
		case jbvNull:
			BadCondition(condition, "compares with null", "Say \"is null\" or \"is not null\".");
		default:
			BadCondition(condition, "has a value that is no string, number or boolean", NULL);
	}
	return NULL;				/* keep compiler quiet */
}

/* Appends "subject operator value" */
static void
PutComparison(StringInfo out, const Condition *condition, const JsonbValue *value)
{
	appendStringInfoString(out, condition->subject.data);
	FmaAppendOperator(out, OperatorOf(condition), condition->subject_type);
	FmaAppendLiteral(out, condition->subject_type, condition->equals, ValueText(condition, value));
}

/* Appends comparisons with each of the values, of which one must hold */
static void
PutAny(StringInfo out, const Condition *condition)
{
	JsonbContainer *values;

	if (condition->values == NULL || condition->values->type != jbvBinary ||
		!JsonContainerIsArray(condition->values->val.binary.data) ||
		JsonContainerIsScalar(condition->values->val.binary.data))
		BadCondition(condition, psprintf("has no array \"values\", which \"%s\" needs", condition->op_name), NULL);
	values = condition->values->val.binary.data;
	if (JsonContainerSize(values) == 0)
		BadCondition(condition, "has an empty array \"values\"", NULL);
	for (uint32 i = 0; i < JsonContainerSize(values); i++)
	{
		if (i > 0)
			appendStringInfoString(out, " OR ");
		PutComparison(out, condition, getIthJsonbValueFromContainer(values, i));
	}
}

/* Appends one condition */
static void
PutCondition(StringInfo out, const FmaDataset *dataset, Condition *condition)
{
	bool		negated = condition->op == OP_NOT_EQUAL || condition->op == OP_NOT_IN;

	PutSubject(dataset, condition);
	if (condition->op == OP_IS_NULL || condition->op == OP_IS_NOT_NULL)
	{
		if (condition->value != NULL || condition->values != NULL)
			BadCondition(condition, psprintf("has a value, which \"%s\" does not take", condition->op_name), NULL);
		appendStringInfo(out, "%s%s", condition->subject.data,
						 FmaNullTest(condition->subject_type, condition->op == OP_IS_NULL));
		return;
	}
	appendStringInfoString(out, negated ? "NOT (" : "(");
	if (condition->op == OP_IN || condition->op == OP_NOT_IN)
	{
		if (condition->value != NULL)
			BadCondition(condition, psprintf("has a \"value\", where \"%s\" takes \"values\"", condition->op_name), NULL);
		PutAny(out, condition);
	}
	else
	{
		if (condition->value == NULL || condition->values != NULL)
			BadCondition(condition, psprintf("must have a \"value\", and no \"values\", for \"%s\"", condition->op_name), NULL);
		PutComparison(out, condition, condition->value);
	}
	appendStringInfoChar(out, ')');
}

/*
 * Conditions as SQL over the source, whose alias is t; NULL if there are none.
 * They are an array of objects, all of which must hold:
 *
 *	column	a feature of the dataset, or another of its columns
 *	op		=, <>, <, <=, >, >=, in, not in, is null, is not null
 *	value	string, number or boolean; "values", an array of them, for in and not in
 *	part	hour, isodow or month: that field of the calendar is compared
 *	timezone	the zone in which a timestamp with time zone is looked at
 *	type	"double precision": as what a numeric column is compared
 *	cluster_model	number of the stored model by which the column is the cluster of the embedding
 *
 * Which rows satisfy a condition that a finder wrote is what the finder counted.
 */
char *
FmaConditionsToPredicate(const FmaDataset *dataset, Jsonb *conditions)
{
	StringInfoData out;

	if (!JB_ROOT_IS_ARRAY(conditions) || JB_ROOT_IS_SCALAR(conditions))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid conditions"),
				 errdetail("They are no JSON array."),
				 errhint("Write [{\"column\": ..., \"op\": ..., \"value\": ...}, ...].")));
	initStringInfo(&out);
	for (uint32 i = 0; i < JB_ROOT_COUNT(conditions); i++)
	{
		Condition	condition = {i + 1};

		ReadCondition(&condition, getIthJsonbValueFromContainer(&conditions->root, i));
		if (i > 0)
			appendStringInfoString(&out, " AND ");
		PutCondition(&out, dataset, &condition);
	}
	return out.len > 0 ? out.data : NULL;
}

/* t."column", for an argument that needs it */
char *
FmaRequireColumn(const FmaDataset *dataset, FmaRole role, const char *argument)
{
	if (dataset->columns[role] == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("dataset \"%s\" has no %s column", dataset->name, FmaRoleNames[role]),
				 errdetail("%s needs it.", argument),
				 errhint("fma_alter_dataset can name one.")));
	return FmaColumnSql(dataset, role);
}

/* The base type of the column of a role; the source may have lost it */
static Oid
TypeOfRole(const FmaDataset *dataset, FmaRole role)
{
	AttrNumber	number = get_attnum(dataset->relation, dataset->columns[role]);

	return number <= InvalidAttrNumber ? InvalidOid : getBaseType(get_atttype(dataset->relation, number));
}

/*
 * "column = value" in the column's own type, so that an index serves; as text
 * where the type has no equality
 */
char *
FmaEqualsSql(const FmaDataset *dataset, FmaRole role, const char *value)
{
	Oid			type = TypeOfRole(dataset, role);
	Oid			equals = OidIsValid(type) ? lookup_type_cache(type, TYPECACHE_EQ_OPR)->eq_opr : InvalidOid;
	StringInfoData out;

	initStringInfo(&out);
	if (!OidIsValid(equals))
		appendStringInfo(&out, "%s = %s", FmaTextSql(dataset, role), quote_literal_cstr(value));
	else
	{
		appendStringInfoString(&out, FmaColumnSql(dataset, role));
		FmaAppendOperator(&out, equals, type);
		FmaAppendLiteral(&out, type, equals, value);
	}
	return out.data;
}

/*
 * The column of a label so that equal means equal bytes: the column itself
 * where its collation says just that, since an index may serve then
 */
static char *
ComparableLabel(const FmaDataset *dataset, FmaRole role)
{
	AttrNumber	number = get_attnum(dataset->relation, dataset->columns[role]);
	Oid			type = TypeOfRole(dataset, role);
	Oid			declared,
				collation;
	int32		modifier;

	if (type == TEXTOID || type == VARCHAROID)
	{
		get_atttypetypmodcoll(dataset->relation, number, &declared, &modifier, &collation);
		if (OidIsValid(collation) && get_collation_isdeterministic(collation))
			return FmaColumnSql(dataset, role);
	}
	return psprintf("%s COLLATE \"C\"", FmaTextSql(dataset, role));
}

/* Appends one more raw label to the list of those that are shown as the one asked for */
static void
PutRaw(StringInfo list, const char *raw)
{
	appendStringInfo(list, "%s%s", list->len > 0 ? ", " : "", quote_literal_cstr(raw));
}

/* The rows with a label, given as it is shown: those with the raw labels that are shown so */
static char *
LabelFilter(const FmaDataset *dataset, FmaRole role, const char *label)
{
	StringInfoData raw;
	bool		is_raw = true;

	initStringInfo(&raw);
	if (dataset->labels != NULL)
	{
		Jsonb	   *labels = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(dataset->labels)));
		JsonbIterator *iterator = JsonbIteratorInit(&labels->root);
		JsonbIteratorToken token;
		JsonbValue	value;
		char	   *key = NULL;

		while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
		{
			if (token == WJB_KEY)
			{
				key = pnstrdup(value.val.string.val, value.val.string.len);
				is_raw = is_raw && strcmp(key, label) != 0;
			}
			else if (token == WJB_VALUE && value.type == jbvString && key != NULL &&
					 strcmp(pnstrdup(value.val.string.val, value.val.string.len), label) == 0)
				PutRaw(&raw, key);
		}
	}
	if (is_raw)
		PutRaw(&raw, label);
	return raw.len == 0 ? "false" : psprintf("%s IN (%s)", ComparableLabel(dataset, role), raw.data);
}

/* The rows with these labels, NULL being any; of images those whose own matrix has such a cell */
char *
FmaLabelFilter(const FmaDataset *dataset, const char *truth, const char *prediction)
{
	if (FmaRowsAreImages(dataset))
		return FmaHasCellSql(FmaConfusionSql(dataset), truth, prediction);
	return psprintf("%s%s%s", truth == NULL ? "" : LabelFilter(dataset, FMA_TRUTH, truth), truth != NULL && prediction != NULL ? " AND " : "",
					prediction == NULL ? "" : LabelFilter(dataset, FMA_PREDICTION, prediction));
}

/* Whether a confidence is high enough for an error to be called confident */
char *
FmaConfidentSql(const FmaDataset *dataset)
{
	char	   *confidence = FmaFloat8Sql(dataset, FMA_CONFIDENCE);

	return confidence == NULL ? NULL :
		psprintf("%s >= '%s'::double precision", confidence, FmaFloat8ToString(dataset->high_confidence));
}

/*
 * A bound of the confidence.  The literal takes on the type of a real or
 * numeric column: the real 0.9 is less than the double 0.9, and an index serves.
 */
static char *
ConfidenceBound(const FmaDataset *dataset, const char *argument, const char *sign, double bound)
{
	char	   *column = FmaRequireColumn(dataset, FMA_CONFIDENCE, argument);
	Oid			type = TypeOfRole(dataset, FMA_CONFIDENCE);

	if (type == FLOAT4OID || type == FLOAT8OID || type == NUMERICOID)
		return psprintf("%s %s '%s'", column, sign, FmaFloat8ToString(bound));
	return psprintf("%s::double precision %s '%s'::double precision", column, sign, FmaFloat8ToString(bound));
}

/*
 * A bound of the time.  For a column without a time zone it is written as the
 * clock of the dataset's zone shows it, so that no session's zone matters.
 */
static char *
TimeBound(const FmaDataset *dataset, const char *argument, const char *sign, TimestampTz bound)
{
	char	   *column = FmaRequireColumn(dataset, FMA_OCCURRED_AT, argument);
	Datum		local;

	if (TypeOfRole(dataset, FMA_OCCURRED_AT) == TIMESTAMPTZOID)
		return psprintf("%s %s '%s'::timestamptz", column, sign, timestamptz_to_str(bound));
	local = DirectFunctionCall2(timestamptz_zone, CStringGetTextDatum(dataset->timezone), TimestampTzGetDatum(bound));
	return psprintf("%s %s '%s'::timestamp", column, sign,
					DatumGetCString(DirectFunctionCall1(timestamp_out, local)));
}

/* Appends one more thing that must hold */
static void
And(StringInfo where, const char *predicate)
{
	if (predicate != NULL)
		appendStringInfo(where, "%s%s", where->len > 0 ? " AND " : "", predicate);
}

/* The failure that only_errors asks for */
static char *
RequireFailed(const FmaDataset *dataset, const char *argument)
{
	char	   *failed = FmaFailedSql(dataset);

	if (failed == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("dataset \"%s\" does not say what an error is, which %s needs", dataset->name, argument),
				 errhint("fma_alter_dataset can say it: failed, such as 'abs(prediction - truth) > 15'.")));
	return failed;
}

/* What the rows must be, apart from the hotspot */
static void
PutFilter(StringInfo where, const FmaDataset *dataset, const FmaFilter *filter)
{
	if (filter->only_errors)
		And(where, RequireFailed(dataset, "only_errors"));
	if (filter->only_confident_errors)
	{
		FmaRequireColumn(dataset, FMA_CONFIDENCE, "only_high_confidence_errors");
		if (!filter->only_errors)
			And(where, RequireFailed(dataset, "only_high_confidence_errors"));
		And(where, FmaConfidentSql(dataset));
	}
	if (filter->truth != NULL || filter->prediction != NULL)
		And(where, FmaLabelFilter(dataset, filter->truth, filter->prediction));
	if (filter->has_min_confidence)
		And(where, ConfidenceBound(dataset, "min_conf", ">=", filter->min_confidence));
	if (filter->has_max_confidence)
		And(where, ConfidenceBound(dataset, "max_conf", "<=", filter->max_confidence));
	if (filter->model_version != NULL)
	{
		FmaRequireColumn(dataset, FMA_MODEL_VERSION, "model_version");
		And(where, FmaEqualsSql(dataset, FMA_MODEL_VERSION, filter->model_version));
	}
	if (filter->has_since)
		And(where, TimeBound(dataset, "since", ">=", filter->since));
	if (filter->has_until)
		And(where, TimeBound(dataset, "until", "<", filter->until));
	if (filter->conditions != NULL)
		And(where, FmaConditionsToPredicate(dataset, filter->conditions));
}

/* What a hotspot's rows are: labelled ones of the run's version and time that satisfy its conditions */
static void
PutHotspot(StringInfo where, const FmaDataset *dataset, const FmaFilter *filter)
{
	const FmaStoredRun *run = filter->run;
	char	   *loss = FmaLossSql(dataset);

	And(where, FmaConditionsToPredicate(dataset, filter->hotspot));
	if (loss != NULL)
		And(where, psprintf("%s IS NOT NULL", loss));
	if (run->model_version != NULL && filter->model_version == NULL && dataset->columns[FMA_MODEL_VERSION] != NULL)
		And(where, FmaEqualsSql(dataset, FMA_MODEL_VERSION, run->model_version));
	if (run->has_since)
		And(where, TimeBound(dataset, "hotspot", ">=", run->since));
	if (run->has_until)
		And(where, TimeBound(dataset, "hotspot", "<", run->until));
}

/* "FROM source AS t WHERE ..." for the rows that are asked for; there always is a WHERE */
char *
FmaFilteredFromSql(const FmaDataset *dataset, const FmaFilter *filter)
{
	StringInfoData where;

	initStringInfo(&where);
	PutFilter(&where, dataset, filter);
	if (filter->hotspot != NULL)
		PutHotspot(&where, dataset, filter);
	return psprintf("%s %s %s", FmaFromSql(dataset, NULL, NULL), dataset->filter != NULL ? "AND" : "WHERE",
					where.len > 0 ? where.data : "true");
}

/* Reads a hotspot of the newest complete run of a dataset that the current user may read */
void
FmaFilterHotspot(const FmaDataset *dataset, FmaFilter *filter, int rank)
{
	MemoryContext caller = CurrentMemoryContext;
	char	   *select;
	bool		isnull;
	FmaIdentity identity;

	filter->run = FmaShownRun(dataset);
	select = psprintf("SELECT conditions FROM %s.fma_result_slice WHERE run_id OPERATOR(pg_catalog.=) " INT64_FORMAT
					  " AND kind OPERATOR(pg_catalog.=) 'hotspot' AND rank OPERATOR(pg_catalog.=) %d",
					  FmaSchema(), filter->run->id, rank);
	identity = FmaActAsExtension();
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute(select, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read fma_result_slice");
	if (SPI_processed == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("dataset \"%s\" has no hotspot %d", dataset->name, rank),
				 errdetail("Its newest complete run is run " INT64_FORMAT ".", filter->run->id),
				 errhint("fma_hotspots lists the hotspots by rank.")));
	MemoryContextSwitchTo(caller);
	filter->hotspot = DatumGetJsonbPCopy(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();
	FmaActAgain(identity);
}

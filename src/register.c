/*
 * register.c
 *		Registering, changing, sharing and deleting datasets.
 *
 * A dataset's settings are one JSON object, whose keys are the names of
 * fma_register's arguments and of its options.  Registering is changing an
 * empty one: both put the new settings over the old, derive what nobody said,
 * and check the whole.
 */
#include "schedule.h"
#include "settings.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "pgtime.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/varlena.h"

#include "expression.h"
#include "source.h"

PG_FUNCTION_INFO_V1(fma_register);
PG_FUNCTION_INFO_V1(fma_alter_dataset);
PG_FUNCTION_INFO_V1(fma_unregister);
PG_FUNCTION_INFO_V1(fma_share);

#define FIRST_ARGUMENT 2		/* of fma_register, that is a setting */
#define OPTIONS_ARGUMENT (FIRST_ARGUMENT + FMA_NARGUMENTS)

typedef struct RelationName
{
	const char *text;
	Oid			found;
} RelationName;

static void
LookUpRelation(void *data)
{
	RelationName *name = data;

	name->found = RangeVarGetRelid(makeRangeVarFromNameList(textToQualifiedNameList(cstring_to_text(name->text))), NoLock, false);
}

/* A relation by its name, as the current search path finds it */
static void
ChangeRelation(FmaCandidate *candidate, const char *text)
{
	RelationName name = {text, InvalidOid};

	FmaTryNoting(&candidate->problems, "relation", LookUpRelation, &name);
	candidate->dataset.relation = name.found;
}

static void
ChangeName(FmaCandidate *candidate, const char *name)
{
	if (candidate->dataset.name != NULL && strcmp(candidate->dataset.name, name) == 0)
		return;
	if (*name == '\0')
		FmaAddProblem(&candidate->problems, "name", "it is empty");
	else if (strlen(name) > FMA_MAX_NAME)
		FmaAddProblem(&candidate->problems, "name", "it has %zu bytes, and may have %d", strlen(name), FMA_MAX_NAME);
	else
	{
		Oid			types[] = {TEXTOID};
		Datum		values[] = {CStringGetTextDatum(name)};

		if (FmaWrite(psprintf("SELECT FROM %s.fma_dataset WHERE name OPERATOR(pg_catalog.=) $1", FmaSchema()), 1, types, values, NULL) > 0)
			FmaAddProblem(&candidate->problems, "name", "another dataset is called \"%s\"", name);
	}
	candidate->dataset.name = pstrdup(name);
}

/* Gives a dataset to a role that the current user could act as */
static void
ChangeOwner(FmaCandidate *candidate, const char *name)
{
	Oid			role = get_role_oid(name, true);

	if (!OidIsValid(role))
		FmaAddProblem(&candidate->problems, "owner", "there is no role \"%s\"", name);
	else if (!FmaCanSetRole(GetUserId(), role))
		FmaAddProblem(&candidate->problems, "owner", "you are not a member of role \"%s\"", name);
	else
		candidate->dataset.owner = role;
}

/* Gives a setting that nobody chose its value */
static void
Derive(FmaCandidate *candidate, int setting, JsonbValue *value)
{
	candidate->values[setting] = value;
	candidate->derived[setting] = true;
	FmaAssembleSettings(candidate);
}

/*
 * Reads a condition, and returns the columns that it refers to.  A new one is
 * read by the caller's search path and kept with its names qualified; a stored
 * one has them.
 */
static Bitmapset *
ReadCondition(FmaCandidate *candidate, const char *key)
{
	int			i = FmaFindSetting(key);
	FmaExpression expression = {0};
	FmaProblems said_later;

	if (candidate->values[i] == NULL)
		return NULL;
	if (!candidate->changed[i])
	{
		FmaIdentity identity = FmaActAsOwner(&candidate->dataset);

		FmaInitProblems(&said_later);
		FmaReadExpression(&said_later, key, candidate->dataset.relation, FmaStringOf(candidate->values[i]), &expression);
		FmaActAgain(identity);
	}
	else
		/* Where it is wrong, NULL stands in, so that the rest can be checked */
		candidate->values[i] = FmaStringValue(FmaReadExpression(&candidate->problems, key, candidate->dataset.relation,
															 FmaStringOf(candidate->values[i]), &expression) ?
										   expression.sql : "NULL::boolean");
	return expression.columns;
}

/* The server takes almost any string with a digit for a zone by the rules of POSIX; names need no more than these */
#define ZONE_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-/_,.:<>"

/* Two instants in winter and summer: days of 2024 since 2000-01-01 */
static const int days_in_2024[] = {8766, 8948};

/*
 * Whether AT TIME ZONE and the setting of the same name agree.  The former
 * takes CET, EET, MET and WET for abbreviations, without summer time.
 */
static bool
IsUnambiguous(const char *name, pg_tz *zone)
{
	for (int i = 0; i < lengthof(days_in_2024); i++)
	{
		TimestampTz at = days_in_2024[i] * USECS_PER_DAY;
		struct pg_tm tm;
		fsec_t		fsec;
		int			offset;
		Timestamp	local;

		if (timestamp2tm(at, &offset, &tm, &fsec, NULL, zone) != 0 || tm2timestamp(&tm, fsec, NULL, &local) != 0 ||
			DatumGetTimestamp(DirectFunctionCall2(timestamptz_zone, CStringGetTextDatum(name), TimestampTzGetDatum(at))) != local)
			return false;
	}
	return true;
}

/* The time zone is one that the server knows, by default the session's */
static void
CompleteTimezone(FmaCandidate *candidate)
{
	int			i = FmaFindSetting("timezone");
	char	   *name;
	pg_tz	   *zone;

	if (candidate->values[i] == NULL)
		candidate->values[i] = FmaStringValue(pg_get_timezone_name(session_timezone));
	name = FmaStringOf(candidate->values[i]);
	zone = strlen(name) == strspn(name, ZONE_LETTERS) ? pg_tzset(name) : NULL;
	if (zone == NULL || !pg_tz_acceptable(zone))
	{
		FmaAddProblem(&candidate->problems, "timezone", "there is no time zone \"%s\"; pg_timezone_names lists them", name);
		/* Another stands in, so that the rest can be checked */
		candidate->values[i] = FmaStringValue(pg_get_timezone_name(session_timezone));
	}
	else if (!IsUnambiguous(name, zone))
		FmaAddProblem(&candidate->problems, "timezone", "\"%s\" is an abbreviation as well, and means different times; say a place, such as Europe/Paris", name);
}

static bool
SameNames(List *a, List *b)
{
	for (int i = 0; list_length(a) == list_length(b) && i < list_length(a); i++)
		if (strcmp(list_nth(a, i), list_nth(b, i)) != 0)
			return false;
	return list_length(a) == list_length(b);
}

/* Writes down what an image is judged by, where nobody says */
static void
DeriveMetric(FmaCandidate *candidate)
{
	int			metric = FmaFindSetting("metric");
	int			min_metric = FmaFindSetting("min_metric");
	FmaDataset *dataset = &candidate->dataset;

	if (dataset->metric == NULL)
		return;
	if (candidate->values[metric] == NULL)
		Derive(candidate, metric, FmaStringValue(dataset->metric));
	if (candidate->values[min_metric] == NULL)
		Derive(candidate, min_metric, FmaNumberValue(dataset->min_metric));
}

/* Says which columns the search will look at */
static void
NoticeFeatures(const FmaDataset *dataset, const char *left_out)
{
	StringInfoData list;
	ListCell   *cell;

	initStringInfo(&list);
	foreach(cell, dataset->features)
		appendStringInfo(&list, "%s%s", list.len == 0 ? "" : ", ", (char *) lfirst(cell));
	ereport(NOTICE,
			(errmsg("features of dataset \"%s\": %s", dataset->name, dataset->features == NIL ? "none" : list.data),
			 *left_out == '\0' ? 0 : errdetail_internal("Left out: %s.", left_out),
			 errhint("Say features => ARRAY[...] to choose others.")));
}

/*
 * Derives what nobody said and checks the whole; all that is wrong becomes one
 * error, which begins with "message".
 */
static void
Complete(FmaCandidate *candidate, const char *message)
{
	FmaDataset *dataset = &candidate->dataset;
	FmaProblems *problems = &candidate->problems;
	List	   *old_features = dataset->features;
	int			task = FmaFindSetting("task");
	int			features = FmaFindSetting("features");
	StringInfoData left_out;
	Bitmapset  *failed_columns;

	initStringInfo(&left_out);
	CompleteTimezone(candidate);
	if (OidIsValid(dataset->relation))
	{
		FmaAssembleSettings(candidate);
		failed_columns = ReadCondition(candidate, "failed");
		(void) ReadCondition(candidate, "filter");
		FmaAssembleSettings(candidate);
		if (candidate->values[task] == NULL)
			Derive(candidate, task, FmaStringValue(FmaTaskNames[FmaDeriveTask(dataset)]));
		DeriveMetric(candidate);
		if (candidate->values[features] == NULL)
			Derive(candidate, features, FmaStringsValue(FmaDeriveFeatures(dataset, failed_columns, &left_out)));
		FmaCheckSource(dataset, problems);
	}
	if (problems->count > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s", message),
				 errdetail_internal("%s", problems->text.data),
				 problems->hint == NULL ? 0 : errhint("%s", problems->hint)));
	if (candidate->derived[features] && (dataset->id == 0 || !SameNames(old_features, dataset->features)))
		NoticeFeatures(dataset, left_out.data);
}

/* A text array as a JSON value */
static JsonbValue *
TextsValue(ArrayType *array)
{
	JsonbParseState *state = NULL;
	JsonbValue *value = palloc(sizeof(JsonbValue));
	JsonbValue	null = {.type = jbvNull};
	Datum	   *elements;
	bool	   *nulls;
	int			n;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &n);
	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < n; i++)
		pushJsonbValue(&state, WJB_ELEM, nulls[i] ? &null : FmaStringValue(TextDatumGetCString(elements[i])));
	JsonbToJsonbValue(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL)), value);
	return value;
}

/* An argument of fma_register as a JSON value */
static JsonbValue *
ArgumentValue(FunctionCallInfo fcinfo, int argno, FmaSettingKind kind)
{
	JsonbValue *value;

	if (kind == FMA_SETTING_TEXTS)
		return TextsValue(PG_GETARG_ARRAYTYPE_P(argno));
	if (kind == FMA_SETTING_TEXT || kind == FMA_SETTING_WORD)
		return FmaStringValue(FmaTextArg(fcinfo, argno));
	value = palloc(sizeof(JsonbValue));
	if (kind == FMA_SETTING_MAPPING)
		JsonbToJsonbValue(PG_GETARG_JSONB_P(argno), value);
	else
	{
		value->type = jbvNumeric;
		value->val.numeric = DatumGetNumeric(DirectFunctionCall1(kind == FMA_SETTING_INTEGER ? int4_numeric : float8_numeric,
																 PG_GETARG_DATUM(argno)));
	}
	return value;
}

/*
 * fma_register(name, relation, ...): registers a dataset of the current user
 * and returns its number.  One error (22023) lists all that is wrong.
 */
Datum
fma_register(PG_FUNCTION_ARGS)
{
	FmaCandidate	candidate = {0};
	FmaDataset *dataset = &candidate.dataset;
	Oid			types[] = {TEXTOID, OIDOID, OIDOID, JSONBOID};
	Datum		values[lengthof(types)];
	int64		id;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", PG_ARGISNULL(0) ? "name" : "relation")));
	FmaInitProblems(&candidate.problems);
	dataset->owner = GetUserId();
	ChangeName(&candidate, FmaTextArg(fcinfo, 0));
	ChangeRelation(&candidate, FmaTextArg(fcinfo, 1));
	for (int i = 0; i < FMA_NARGUMENTS; i++)
		if (!PG_ARGISNULL(FIRST_ARGUMENT + i))
			FmaChangeSetting(&candidate, i, ArgumentValue(fcinfo, FIRST_ARGUMENT + i, FmaSettings[i].kind));
	if (!PG_ARGISNULL(OPTIONS_ARGUMENT))
		FmaChangeOptions(&candidate, ArgumentValue(fcinfo, OPTIONS_ARGUMENT, FMA_SETTING_MAPPING));
	Complete(&candidate, psprintf("dataset \"%s\" cannot be registered", dataset->name));

	values[0] = CStringGetTextDatum(dataset->name);
	values[1] = ObjectIdGetDatum(dataset->owner);
	values[2] = ObjectIdGetDatum(dataset->relation);
	values[3] = JsonbPGetDatum(dataset->settings);
	id = FmaInsert(psprintf("INSERT INTO %s.fma_dataset (name, owner, relation, settings) VALUES ($1, $2::pg_catalog.regrole, "
							"$3::pg_catalog.regclass, $4) ON CONFLICT (name) DO NOTHING RETURNING dataset_id", FmaSchema()),
				   lengthof(types), types, values, NULL);
	if (id == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("dataset \"%s\" was registered by another session meanwhile", dataset->name)));
	PG_RETURN_INT32((int32) id);
}

/* A change's value that must be a string */
static const char *
StringChange(FmaCandidate *candidate, const char *key, JsonbValue *value)
{
	if (value->type == jbvString)
		return FmaStringOf(value);
	FmaAddProblem(&candidate->problems, key, "%s is not a string", JsonbToCString(NULL, &JsonbValueToJsonb(value)->root, 0));
	return NULL;
}

/* Makes one of the changes that fma_alter_dataset was asked for */
static void
ChangeKey(FmaCandidate *candidate, const char *key, JsonbValue *value)
{
	static const struct
	{
		const char *key;
		void		(*change) (FmaCandidate *candidate, const char *text);
	}			others[] = {{"name", ChangeName}, {"owner", ChangeOwner}, {"relation", ChangeRelation}};
	int			setting = FmaFindSetting(key);
	const char *text;

	if (setting >= 0)
	{
		FmaChangeSetting(candidate, setting, value);
		return;
	}
	if (strcmp(key, "options") == 0)
	{
		FmaChangeOptions(candidate, value);
		return;
	}
	for (int i = 0; i < lengthof(others); i++)
		if (strcmp(others[i].key, key) == 0)
		{
			text = StringChange(candidate, key, value);
			if (text != NULL)
				others[i].change(candidate, text);
			return;
		}
	FmaAddProblem(&candidate->problems, NULL, "there is no setting \"%s\"%s", key, FmaDidYouMean(key, FmaSettingNames(false)));
}

/* The name of the id's column; empty if there is none */
static const char *
ShownId(const FmaDataset *dataset)
{
	return dataset->columns[FMA_ID] == NULL ? "" : dataset->columns[FMA_ID];
}

/*
 * fma_alter_dataset(name, changes): puts the changes over a dataset's settings,
 * derives anew what nobody chose, and checks the whole as fma_register does.
 */
Datum
fma_alter_dataset(PG_FUNCTION_ARGS)
{
	FmaCandidate	candidate = {0};
	FmaDataset *dataset = &candidate.dataset;
	char	   *name = FmaTextArg(fcinfo, 0);
	Jsonb	   *changes = PG_GETARG_JSONB_P(1);
	Oid			types[] = {INT4OID, TEXTOID, OIDOID, OIDOID, JSONBOID};
	Datum		values[lengthof(types)];
	JsonbIterator *iterator = JsonbIteratorInit(&changes->root);
	JsonbIteratorToken token;
	JsonbValue	item;
	char	   *key = NULL;
	Oid			old_relation;
	const char *old_id;

	if (!JB_ROOT_IS_OBJECT(changes))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("changes must be an object"),
				 errdetail("It is %s.", JsonbToCString(NULL, &changes->root, VARSIZE(changes))),
				 errhint("Such as {\"confidence\": \"score\", \"high_confidence\": 0.9}.")));
	FmaInitProblems(&candidate.problems);
	*dataset = *FmaGetLockedDataset(name);
	old_relation = dataset->relation;
	old_id = ShownId(dataset);
	FmaTakeSettings(&candidate);
	while ((token = JsonbIteratorNext(&iterator, &item, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			key = FmaStringOf(&item);
		else if (token == WJB_VALUE)
		{
			JsonbValue *value = palloc(sizeof(JsonbValue));

			*value = item;
			ChangeKey(&candidate, key, value);
		}
	}
	Complete(&candidate, psprintf("dataset \"%s\" cannot be changed like this", name));

	values[0] = Int32GetDatum(dataset->id);
	values[1] = CStringGetTextDatum(dataset->name);
	values[2] = ObjectIdGetDatum(dataset->owner);
	values[3] = ObjectIdGetDatum(dataset->relation);
	values[4] = JsonbPGetDatum(dataset->settings);
	FmaWrite(psprintf("UPDATE %s.fma_dataset SET name = $2, owner = $3::pg_catalog.regrole, relation = $4::pg_catalog.regclass, "
					  "settings = $5, changed_at = pg_catalog.now() WHERE dataset_id OPERATOR(pg_catalog.=) $1", FmaSchema()),
			 lengthof(types), types, values, NULL);
	if (strcmp(name, dataset->name) != 0)
		FmaRenameJob(name, dataset->name);
	/* What was excluded as duplicates are ids, which mean nothing in another column or table */
	if (dataset->relation != old_relation || strcmp(old_id, ShownId(dataset)) != 0)
		FmaWrite(psprintf("DELETE FROM %s.fma_excluded WHERE dataset_id OPERATOR(pg_catalog.=) %d", FmaSchema(), dataset->id), 0, NULL, NULL, NULL);
	PG_RETURN_VOID();
}

/* Rows of one of our tables that belong to a dataset */
static uint64
CountOf(const char *table, const FmaDataset *dataset)
{
	return FmaWrite(psprintf("SELECT FROM %s.%s WHERE dataset_id OPERATOR(pg_catalog.=) %d", FmaSchema(), table, dataset->id), 0, NULL, NULL, NULL);
}

/* fma_unregister(name): deletes a dataset, and says what went with it */
Datum
fma_unregister(PG_FUNCTION_ARGS)
{
	FmaDataset *dataset = FmaGetLockedDataset(FmaTextArg(fcinfo, 0));
	uint64		runs = CountOf("fma_result_run", dataset);
	uint64		rules = CountOf("fma_rule", dataset);

	FmaWrite(psprintf("DELETE FROM %s.fma_dataset WHERE dataset_id OPERATOR(pg_catalog.=) %d", FmaSchema(), dataset->id), 0, NULL, NULL, NULL);
	ereport(NOTICE,
			(errmsg("dataset \"%s\" was deleted, with " UINT64_FORMAT " run(s), their results, and " UINT64_FORMAT " rule(s)",
					dataset->name, runs, rules)));
	PG_RETURN_VOID();
}

/* fma_share(name, role, allowed, predictions): who else may read a dataset, with its predictions or without */
Datum
fma_share(PG_FUNCTION_ARGS)
{
	FmaDataset *dataset = FmaGetLockedDataset(FmaTextArg(fcinfo, 0));
	char	   *name = FmaTextArg(fcinfo, 1);
	Oid			types[] = {INT4OID, OIDOID, BOOLOID};
	Datum		values[lengthof(types)];

	values[0] = Int32GetDatum(dataset->id);
	values[2] = PG_GETARG_DATUM(3);
	values[1] = ObjectIdGetDatum(strcmp(name, "public") == 0 ? InvalidOid : get_role_oid(name, false));
	if (PG_GETARG_BOOL(2))
		FmaWrite(psprintf("INSERT INTO %s.fma_dataset_share (dataset_id, role, predictions) VALUES ($1, $2::pg_catalog.regrole, $3) "
						  "ON CONFLICT (dataset_id, role) DO UPDATE SET predictions = EXCLUDED.predictions",
						  FmaSchema()), lengthof(types), types, values, NULL);
	else
		FmaWrite(psprintf("DELETE FROM %s.fma_dataset_share WHERE dataset_id OPERATOR(pg_catalog.=) $1 AND role OPERATOR(pg_catalog.=) $2",
						  FmaSchema()), 2, types, values, NULL);
	PG_RETURN_VOID();
}

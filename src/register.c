/*
 * register.c
 *		Registering, changing, sharing and deleting datasets.
 *
 * A dataset's settings are one JSON object, whose keys are the names of
 * fma_register's arguments and of its options.  Registering is changing an
 * empty one: both put the new settings over the old, derive what nobody said,
 * and check the whole.
 */
#include "dataset.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "pgtime.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/varlena.h"

#include "encode.h"
#include "expression.h"
#include "problems.h"
#include "search.h"
#include "source.h"

PG_FUNCTION_INFO_V1(fma_register);
PG_FUNCTION_INFO_V1(fma_alter_dataset);
PG_FUNCTION_INFO_V1(fma_unregister);
PG_FUNCTION_INFO_V1(fma_share);

/* What a setting's value must be */
typedef enum Kind
{
	KIND_TEXT,
	KIND_TEXTS,					/* array of strings */
	KIND_WORD,					/* one of a list */
	KIND_MAPPING,				/* object of strings */
	KIND_NUMBER,
	KIND_INTEGER
} Kind;

static const char *const period_words[] = {"auto", "hour", "day", "week", "month", "quarter", "year", NULL};

/* The settings: fma_register's arguments after name and relation, in their order, and then its options */
typedef struct Setting
{
	const char *key;
	Kind		kind;
	const char *const *words;
	double		low;			/* numbers: limits, both included */
	double		high;
} Setting;

/* A run stores at most so many slices */
#define MAX_SLICES 1000

#define MIN_BINS 2

static const Setting setting_list[] = {
	{"truth", KIND_TEXT},
	{"prediction", KIND_TEXT},
	{"confidence", KIND_TEXT},
	{"id", KIND_TEXT},
	{"occurred_at", KIND_TEXT},
	{"batch", KIND_TEXT},
	{"features", KIND_TEXTS},
	{"unit", KIND_TEXT},
	{"place", KIND_TEXT},
	{"longitude", KIND_TEXT},
	{"latitude", KIND_TEXT},
	{"model_version", KIND_TEXT},
	{"image", KIND_TEXT},
	{"embedding", KIND_TEXT},
	{"probabilities", KIND_TEXT},
	{"probability_labels", KIND_TEXTS},
	{"failed", KIND_TEXT},
	{"filter", KIND_TEXT},
	{"labels", KIND_MAPPING},
	{"task", KIND_WORD, FmaTaskNames},
	{"high_confidence", KIND_NUMBER, NULL, 0, 1},
	{"period", KIND_WORD, period_words},
	{"timezone", KIND_TEXT},
	{"current_version", KIND_TEXT},
	/* options */
	{"max_slices", KIND_INTEGER, NULL, 1, MAX_SLICES},
	{"max_order", KIND_INTEGER, NULL, 1, FMA_MAX_ORDER},
	{"min_rows", KIND_INTEGER, NULL, 1, PG_INT32_MAX},
	{"bins", KIND_INTEGER, NULL, MIN_BINS, FMA_MAX_VALUES},
	{"max_values", KIND_INTEGER, NULL, 1, FMA_MAX_VALUES},
	{"fdr", KIND_NUMBER, NULL, 0, 1},
	{"min_lift", KIND_NUMBER, NULL, 0, PG_INT32_MAX},
};

#define NSETTINGS lengthof(setting_list)
#define FIRST_ARGUMENT 2		/* of fma_register, that is a setting */
#define NARGUMENTS 24			/* settings that are arguments; the others are options */
#define OPTIONS_ARGUMENT (FIRST_ARGUMENT + NARGUMENTS)

/* A dataset as it is to become */
typedef struct Candidate
{
	FmaDataset	dataset;
	JsonbValue *values[NSETTINGS];
	bool		changed[NSETTINGS];
	bool		derived[NSETTINGS];
	FmaProblems problems;
} Candidate;

static int
FindSetting(const char *key, int from)
{
	for (int i = from; i < NSETTINGS; i++)
		if (strcmp(setting_list[i].key, key) == 0)
			return i;
	return -1;
}

static JsonbValue *
StringValue(const char *text)
{
	JsonbValue *value = palloc(sizeof(JsonbValue));

	value->type = jbvString;
	value->val.string.val = pstrdup(text);
	value->val.string.len = strlen(text);
	return value;
}

/* An array of strings, from a List of char * */
static JsonbValue *
StringsValue(List *texts)
{
	JsonbParseState *state = NULL;
	JsonbValue *value = palloc(sizeof(JsonbValue));
	ListCell   *cell;

	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	foreach(cell, texts)
		pushJsonbValue(&state, WJB_ELEM, StringValue(lfirst(cell)));
	JsonbToJsonbValue(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL)), value);
	return value;
}

static char *
StringOf(const JsonbValue *value)
{
	return pnstrdup(value->val.string.val, value->val.string.len);
}

/* Whether a value is an array of strings without repetition */
static bool
IsListOfTexts(Candidate *candidate, const char *key, JsonbValue *value)
{
	List	   *seen = NIL;

	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data) || JsonContainerIsScalar(value->val.binary.data))
		return false;
	for (uint32 i = 0; i < JsonContainerSize(value->val.binary.data); i++)
	{
		JsonbValue *element = getIthJsonbValueFromContainer(value->val.binary.data, i);
		ListCell   *cell;

		if (element->type != jbvString)
			return false;
		foreach(cell, seen)
			if (strcmp(lfirst(cell), StringOf(element)) == 0)
				FmaAddProblem(&candidate->problems, key, "\"%s\" is named twice", StringOf(element));
		seen = lappend(seen, StringOf(element));
	}
	return true;
}

/* Whether a value is an object of strings */
static bool
IsMapping(JsonbValue *value)
{
	JsonbIterator *iterator;
	JsonbValue	item;
	JsonbIteratorToken token;

	if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
		return false;
	iterator = JsonbIteratorInit(value->val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &item, true)) != WJB_DONE)
		if (token == WJB_VALUE && item.type != jbvString)
			return false;
	return true;
}

/* "auto, hour, day" */
static char *
ListWords(const char *const *words)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; words[i] != NULL; i++)
		appendStringInfo(&list, "%s%s", i == 0 ? "" : ", ", words[i]);
	return list.data;
}

static bool
IsWord(const char *const *words, const char *word)
{
	for (int i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

/* Whether a value can be that setting's; otherwise a problem */
static bool
CheckValue(Candidate *candidate, const Setting *setting, JsonbValue *value)
{
	const char *must_be = NULL;
	double		number;

	switch (setting->kind)
	{
		case KIND_TEXT:
			must_be = value->type == jbvString ? NULL : "a string";
			break;
		case KIND_TEXTS:
			must_be = IsListOfTexts(candidate, setting->key, value) ? NULL : "an array of strings";
			break;
		case KIND_MAPPING:
			must_be = IsMapping(value) ? NULL : "an object of strings: {\"label\": \"label as shown\"}";
			break;
		case KIND_WORD:
			if (value->type != jbvString || !IsWord(setting->words, StringOf(value)))
				must_be = psprintf("one of: %s", ListWords(setting->words));
			break;
		case KIND_NUMBER:
		case KIND_INTEGER:
			if (value->type != jbvNumeric)
				must_be = "a number";
			else
			{
				number = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(value->val.numeric)));
				if (!(number >= setting->low && number <= setting->high) ||
					(setting->kind == KIND_INTEGER && number != rint(number)))
					must_be = psprintf("%s between %.0f and %.0f", setting->kind == KIND_INTEGER ? "an integer" : "a number",
									   setting->low, setting->high);
			}
			break;
	}
	if (must_be == NULL)
		return true;
	FmaAddProblem(&candidate->problems, setting->key, "%s is not %s", JsonbToCString(NULL, &JsonbValueToJsonb(value)->root, 0), must_be);
	return false;
}

/* Takes one setting over, if it is right; null takes it away */
static void
Change(Candidate *candidate, int i, JsonbValue *value)
{
	if (value->type != jbvNull && !CheckValue(candidate, &setting_list[i], value))
		return;
	candidate->values[i] = value->type == jbvNull ? NULL : value;
	candidate->changed[i] = true;
}

/* All names that fma_alter_dataset or "options" knows */
static List *
SettingNames(bool options)
{
	List	   *names = options ? NIL : list_make4("name", "owner", "relation", "options");

	for (int i = options ? NARGUMENTS : 0; i < NSETTINGS; i++)
		names = lappend(names, (char *) setting_list[i].key);
	return names;
}

/* Takes over the members of fma_register's options */
static void
ChangeOptions(Candidate *candidate, JsonbValue *options)
{
	JsonbIterator *iterator;
	JsonbValue	item;
	int			setting = -1;
	JsonbIteratorToken token;

	if (options->type == jbvNull)
	{
		for (int i = NARGUMENTS; i < NSETTINGS; i++)
			Change(candidate, i, options);
		return;
	}
	if (options->type != jbvBinary || !JsonContainerIsObject(options->val.binary.data))
	{
		FmaAddProblem(&candidate->problems, "options", "it is not an object");
		return;
	}
	iterator = JsonbIteratorInit(options->val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &item, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
		{
			setting = FindSetting(StringOf(&item), NARGUMENTS);
			if (setting < 0)
				FmaAddProblem(&candidate->problems, "options", "there is no \"%s\"%s", StringOf(&item),
							  FmaDidYouMean(StringOf(&item), SettingNames(true)));
		}
		else if (token == WJB_VALUE && setting >= 0)
		{
			JsonbValue *value = palloc(sizeof(JsonbValue));

			*value = item;
			Change(candidate, setting, value);
		}
	}
}

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
ChangeRelation(Candidate *candidate, const char *text)
{
	RelationName name = {text, InvalidOid};

	FmaTryNoting(&candidate->problems, "relation", LookUpRelation, &name);
	candidate->dataset.relation = name.found;
}

static void
ChangeName(Candidate *candidate, const char *name)
{
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
ChangeOwner(Candidate *candidate, const char *name)
{
	Oid			role = get_role_oid(name, true);

	if (!OidIsValid(role))
		FmaAddProblem(&candidate->problems, "owner", "there is no role \"%s\"", name);
	else if (!FmaCanSetRole(GetUserId(), role))
		FmaAddProblem(&candidate->problems, "owner", "you are not a member of role \"%s\"", name);
	else
		candidate->dataset.owner = role;
}

/* Which settings were derived, since nobody chose them: a list in the settings object */
#define DERIVED "derived"

/* Makes the settings object of a candidate and reads it into its fields */
static void
Assemble(Candidate *candidate)
{
	JsonbParseState *state = NULL;
	List	   *derived = NIL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < NSETTINGS; i++)
	{
		if (candidate->values[i] == NULL)
			continue;
		pushJsonbValue(&state, WJB_KEY, StringValue(setting_list[i].key));
		pushJsonbValue(&state, WJB_VALUE, candidate->values[i]);
		if (candidate->derived[i])
			derived = lappend(derived, (char *) setting_list[i].key);
	}
	pushJsonbValue(&state, WJB_KEY, StringValue(DERIVED));
	pushJsonbValue(&state, WJB_VALUE, StringsValue(derived));
	candidate->dataset.settings = JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
	FmaReadSettings(&candidate->dataset);
}

/* Takes the settings of a stored dataset over, but what nobody chose */
static void
Disassemble(Candidate *candidate)
{
	JsonbContainer *settings = &candidate->dataset.settings->root;
	JsonbValue *derived = getKeyJsonValueFromContainer(settings, DERIVED, strlen(DERIVED), NULL);

	for (int i = 0; i < NSETTINGS; i++)
		if (derived == NULL || derived->type != jbvBinary ||
			findJsonbValueFromContainer(derived->val.binary.data, JB_FARRAY, StringValue(setting_list[i].key)) == NULL)
			candidate->values[i] = getKeyJsonValueFromContainer(settings, setting_list[i].key, strlen(setting_list[i].key), NULL);
}

/* Gives a setting that nobody chose its value */
static void
Derive(Candidate *candidate, int setting, JsonbValue *value)
{
	candidate->values[setting] = value;
	candidate->derived[setting] = true;
	Assemble(candidate);
}

/*
 * Reads a condition, and returns the columns that it refers to.  A new one is
 * read by the caller's search path and kept with its names qualified; a stored
 * one has them.
 */
static Bitmapset *
ReadCondition(Candidate *candidate, const char *key)
{
	int			i = FindSetting(key, 0);
	FmaExpression expression = {0};
	FmaProblems said_later;

	if (candidate->values[i] == NULL)
		return NULL;
	if (!candidate->changed[i])
	{
		FmaIdentity identity = FmaActAsOwner(&candidate->dataset);

		FmaInitProblems(&said_later);
		FmaReadExpression(&said_later, key, candidate->dataset.relation, StringOf(candidate->values[i]), &expression);
		FmaActAgain(identity);
	}
	else
		/* Where it is wrong, NULL stands in, so that the rest can be checked */
		candidate->values[i] = StringValue(FmaReadExpression(&candidate->problems, key, candidate->dataset.relation,
															 StringOf(candidate->values[i]), &expression) ?
										   expression.sql : "NULL::boolean");
	return expression.columns;
}

/* The server takes almost any string with a digit for a zone by the rules of POSIX; names need no more than these */
#define ZONE_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-/_,.:<>"

/* The time zone is one that the server knows, by default the session's */
static void
CompleteTimezone(Candidate *candidate)
{
	int			i = FindSetting("timezone", 0);
	pg_tz	   *zone;

	if (candidate->values[i] != NULL)
	{
		char	   *name = StringOf(candidate->values[i]);

		zone = strlen(name) == strspn(name, ZONE_LETTERS) ? pg_tzset(name) : NULL;
		if (zone != NULL && pg_tz_acceptable(zone))
			return;
		FmaAddProblem(&candidate->problems, "timezone", "there is no time zone \"%s\"; pg_timezone_names lists them", name);
	}
	candidate->values[i] = StringValue(pg_get_timezone_name(session_timezone));
}

static bool
SameNames(List *a, List *b)
{
	for (int i = 0; list_length(a) == list_length(b) && i < list_length(a); i++)
		if (strcmp(list_nth(a, i), list_nth(b, i)) != 0)
			return false;
	return list_length(a) == list_length(b);
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
Complete(Candidate *candidate, const char *message)
{
	FmaDataset *dataset = &candidate->dataset;
	FmaProblems *problems = &candidate->problems;
	List	   *old_features = dataset->features;
	int			task = FindSetting("task", 0);
	int			features = FindSetting("features", 0);
	StringInfoData left_out;
	Bitmapset  *failed_columns;

	initStringInfo(&left_out);
	CompleteTimezone(candidate);
	if (OidIsValid(dataset->relation))
	{
		Assemble(candidate);
		failed_columns = ReadCondition(candidate, "failed");
		(void) ReadCondition(candidate, "filter");
		Assemble(candidate);
		if (candidate->values[task] == NULL)
			Derive(candidate, task, StringValue(FmaTaskNames[FmaDeriveTask(dataset)]));
		if (candidate->values[features] == NULL)
			Derive(candidate, features, StringsValue(FmaDeriveFeatures(dataset, failed_columns, &left_out)));
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
		pushJsonbValue(&state, WJB_ELEM, nulls[i] ? &null : StringValue(TextDatumGetCString(elements[i])));
	JsonbToJsonbValue(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL)), value);
	return value;
}

/* An argument of fma_register as a JSON value */
static JsonbValue *
ArgumentValue(FunctionCallInfo fcinfo, int argno, Kind kind)
{
	JsonbValue *value;

	if (kind == KIND_TEXTS)
		return TextsValue(PG_GETARG_ARRAYTYPE_P(argno));
	if (kind == KIND_TEXT || kind == KIND_WORD)
		return StringValue(FmaTextArg(fcinfo, argno));
	value = palloc(sizeof(JsonbValue));
	if (kind == KIND_MAPPING)
		JsonbToJsonbValue(PG_GETARG_JSONB_P(argno), value);
	else
	{
		value->type = jbvNumeric;
		value->val.numeric = DatumGetNumeric(DirectFunctionCall1(float8_numeric, PG_GETARG_DATUM(argno)));
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
	Candidate	candidate = {0};
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
	for (int i = 0; i < NARGUMENTS; i++)
		if (!PG_ARGISNULL(FIRST_ARGUMENT + i))
			Change(&candidate, i, ArgumentValue(fcinfo, FIRST_ARGUMENT + i, setting_list[i].kind));
	if (!PG_ARGISNULL(OPTIONS_ARGUMENT))
		ChangeOptions(&candidate, ArgumentValue(fcinfo, OPTIONS_ARGUMENT, KIND_MAPPING));
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
StringChange(Candidate *candidate, const char *key, JsonbValue *value)
{
	if (value->type == jbvString)
		return StringOf(value);
	FmaAddProblem(&candidate->problems, key, "%s is not a string", JsonbToCString(NULL, &JsonbValueToJsonb(value)->root, 0));
	return NULL;
}

/* Makes one of the changes that fma_alter_dataset was asked for */
static void
ChangeKey(Candidate *candidate, const char *key, JsonbValue *value)
{
	static void (*const changers[]) (Candidate *, const char *) = {ChangeName, ChangeOwner, ChangeRelation};
	static const char *const keys[] = {"name", "owner", "relation", NULL};
	int			setting = FindSetting(key, 0);

	if (setting >= 0)
		Change(candidate, setting, value);
	else if (strcmp(key, "options") == 0)
		ChangeOptions(candidate, value);
	else if (IsWord(keys, key))
	{
		const char *text = StringChange(candidate, key, value);

		if (text != NULL)
			changers[FmaChoose("setting", key, keys)] (candidate, text);
	}
	else
		FmaAddProblem(&candidate->problems, NULL, "there is no setting \"%s\"%s", key, FmaDidYouMean(key, SettingNames(false)));
}

/*
 * fma_alter_dataset(name, changes): puts the changes over a dataset's settings,
 * derives anew what nobody chose, and checks the whole as fma_register does.
 */
Datum
fma_alter_dataset(PG_FUNCTION_ARGS)
{
	Candidate	candidate = {0};
	FmaDataset *dataset = &candidate.dataset;
	char	   *name = FmaTextArg(fcinfo, 0);
	Jsonb	   *changes = PG_GETARG_JSONB_P(1);
	Oid			types[] = {INT4OID, TEXTOID, OIDOID, OIDOID, JSONBOID};
	Datum		values[lengthof(types)];
	JsonbIterator *iterator = JsonbIteratorInit(&changes->root);
	JsonbIteratorToken token;
	JsonbValue	item;
	char	   *key = NULL;

	if (!JB_ROOT_IS_OBJECT(changes))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("changes must be an object"),
				 errdetail("It is %s.", JsonbToCString(NULL, &changes->root, VARSIZE(changes))),
				 errhint("Such as {\"confidence\": \"score\", \"high_confidence\": 0.9}.")));
	FmaInitProblems(&candidate.problems);
	*dataset = *FmaGetLockedDataset(name);
	Disassemble(&candidate);
	while ((token = JsonbIteratorNext(&iterator, &item, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			key = StringOf(&item);
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

/* fma_share(name, role, allowed): who else may read a dataset */
Datum
fma_share(PG_FUNCTION_ARGS)
{
	FmaDataset *dataset = FmaGetLockedDataset(FmaTextArg(fcinfo, 0));
	char	   *name = FmaTextArg(fcinfo, 1);
	Oid			types[] = {INT4OID, OIDOID};
	Datum		values[lengthof(types)];

	values[0] = Int32GetDatum(dataset->id);
	values[1] = ObjectIdGetDatum(strcmp(name, "public") == 0 ? InvalidOid : get_role_oid(name, false));
	if (PG_GETARG_BOOL(2))
		FmaWrite(psprintf("INSERT INTO %s.fma_dataset_share (dataset_id, role) VALUES ($1, $2::pg_catalog.regrole) ON CONFLICT DO NOTHING",
						  FmaSchema()), lengthof(types), types, values, NULL);
	else
		FmaWrite(psprintf("DELETE FROM %s.fma_dataset_share WHERE dataset_id OPERATOR(pg_catalog.=) $1 AND role OPERATOR(pg_catalog.=) $2",
						  FmaSchema()), lengthof(types), types, values, NULL);
	PG_RETURN_VOID();
}

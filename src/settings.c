/*
 * settings.c
 *		The settings of a dataset: their names, and what their values must be.
 */
#include "settings.h"

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "encode.h"
#include "mask_runs.h"
#include "search.h"

static const char *const metric_words[] = {"IoU", "PixelAccuracy", "F1Score", "Recall", "Precision", NULL};
static const char *const period_words[] = {"auto", "hour", "day", "week", "month", "quarter", "year", NULL};

/* A run stores at most so many slices */
#define MAX_SLICES 1000

#define MIN_BINS 2

#define MIN_CLUSTERS 2
#define MAX_CLUSTERS 1000
/* Of a simulation */
#define MAX_REPLICATES 99999

/* fma_register's arguments after name and relation, in their order, and then its options */
const FmaSetting FmaSettings[FMA_NSETTINGS] = {
	{"truth", FMA_SETTING_TEXT},
	{"prediction", FMA_SETTING_TEXT},
	{"confidence", FMA_SETTING_TEXT},
	{"id", FMA_SETTING_TEXT},
	{"occurred_at", FMA_SETTING_TEXT},
	{"batch", FMA_SETTING_TEXT},
	{"features", FMA_SETTING_TEXTS},
	{"unit", FMA_SETTING_TEXT},
	{"place", FMA_SETTING_TEXT},
	{"longitude", FMA_SETTING_TEXT},
	{"latitude", FMA_SETTING_TEXT},
	{"model_version", FMA_SETTING_TEXT},
	{"image", FMA_SETTING_TEXT},
	{"embedding", FMA_SETTING_TEXT},
	{"clusters", FMA_SETTING_INTEGER, NULL, MIN_CLUSTERS, MAX_CLUSTERS},
	{"probabilities", FMA_SETTING_TEXT},
	{"probability_labels", FMA_SETTING_TEXTS},
	{"failed", FMA_SETTING_TEXT},
	{"filter", FMA_SETTING_TEXT},
	{"labels", FMA_SETTING_MAPPING},
	{"task", FMA_SETTING_WORD, FmaTaskNames},
	{"metric", FMA_SETTING_WORD, metric_words},
	{"min_metric", FMA_SETTING_NUMBER, NULL, 0, 1},
	{"high_confidence", FMA_SETTING_NUMBER, NULL, 0, 1},
	{"period", FMA_SETTING_WORD, period_words},
	{"timezone", FMA_SETTING_TEXT},
	{"current_version", FMA_SETTING_TEXT},
	/* options */
	{"max_slices", FMA_SETTING_INTEGER, NULL, 1, MAX_SLICES},
	{"max_order", FMA_SETTING_INTEGER, NULL, 1, FMA_MAX_ORDER},
	{"min_rows", FMA_SETTING_INTEGER, NULL, 1, PG_INT32_MAX},
	{"bins", FMA_SETTING_INTEGER, NULL, MIN_BINS, FMA_MAX_VALUES},
	{"max_values", FMA_SETTING_INTEGER, NULL, 1, FMA_MAX_VALUES},
	{"fdr", FMA_SETTING_NUMBER, NULL, 0, 1},
	{"min_lift", FMA_SETTING_NUMBER, NULL, 0, PG_INT32_MAX},
	{"duplicate_threshold", FMA_SETTING_NUMBER, NULL, 0, 1},
	{"replicates", FMA_SETTING_INTEGER, NULL, 0, MAX_REPLICATES},
	{"reference_run", FMA_SETTING_INTEGER, NULL, 1, PG_INT32_MAX},
	{"min_confidence", FMA_SETTING_NUMBER, NULL, 0, 1},
	{"min_iou", FMA_SETTING_NUMBER, NULL, 0, 1},
	{"ignore_label", FMA_SETTING_INTEGER, NULL, 0, FMA_MASK_LABELS - 1},
};

/* The number of a setting, or -1 */
int
FmaFindSetting(const char *key)
{
	for (int i = 0; i < FMA_NSETTINGS; i++)
		if (strcmp(FmaSettings[i].key, key) == 0)
			return i;
	return -1;
}

/* A number as a JSON value */
JsonbValue *
FmaNumberValue(double number)
{
	JsonbValue *value = palloc(sizeof(JsonbValue));

	value->type = jbvNumeric;
	value->val.numeric = DatumGetNumeric(DirectFunctionCall1(float8_numeric, Float8GetDatum(number)));
	return value;
}

/* A string as a JSON value */
JsonbValue *
FmaStringValue(const char *text)
{
	JsonbValue *value = palloc(sizeof(JsonbValue));

	value->type = jbvString;
	value->val.string.val = pstrdup(text);
	value->val.string.len = strlen(text);
	return value;
}

/* An array of strings, from a List of char * */
JsonbValue *
FmaStringsValue(List *texts)
{
	JsonbParseState *state = NULL;
	JsonbValue *value = palloc(sizeof(JsonbValue));
	ListCell   *cell;

	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	foreach(cell, texts)
		pushJsonbValue(&state, WJB_ELEM, FmaStringValue(lfirst(cell)));
	JsonbToJsonbValue(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL)), value);
	return value;
}

/* And back */
char *
FmaStringOf(const JsonbValue *value)
{
	return pnstrdup(value->val.string.val, value->val.string.len);
}

/* Whether a value is an array of strings without repetition */
static bool
IsListOfTexts(FmaCandidate *candidate, const char *key, JsonbValue *value)
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
			if (strcmp(lfirst(cell), FmaStringOf(element)) == 0)
				FmaAddProblem(&candidate->problems, key, "\"%s\" is named twice", FmaStringOf(element));
		seen = lappend(seen, FmaStringOf(element));
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
CheckValue(FmaCandidate *candidate, const FmaSetting *setting, JsonbValue *value)
{
	const char *must_be = NULL;
	double		number;

	switch (setting->kind)
	{
		case FMA_SETTING_TEXT:
			must_be = value->type == jbvString ? NULL : "a string";
			break;
		case FMA_SETTING_TEXTS:
			must_be = IsListOfTexts(candidate, setting->key, value) ? NULL : "an array of strings";
			break;
		case FMA_SETTING_MAPPING:
			must_be = IsMapping(value) ? NULL : "an object of strings: {\"label\": \"label as shown\"}";
			break;
		case FMA_SETTING_WORD:
			if (value->type != jbvString || !IsWord(setting->words, FmaStringOf(value)))
				must_be = psprintf("one of: %s", ListWords(setting->words));
			break;
		case FMA_SETTING_NUMBER:
		case FMA_SETTING_INTEGER:
			if (value->type != jbvNumeric)
				must_be = "a number";
			else
			{
				number = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(value->val.numeric)));
				if (!(number >= setting->low && number <= setting->high) ||
					(setting->kind == FMA_SETTING_INTEGER && number != rint(number)))
					must_be = psprintf("%s between %.0f and %.0f", setting->kind == FMA_SETTING_INTEGER ? "an integer" : "a number",
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
void
FmaChangeSetting(FmaCandidate *candidate, int i, JsonbValue *value)
{
	if (value->type != jbvNull && !CheckValue(candidate, &FmaSettings[i], value))
		return;
	candidate->values[i] = value->type == jbvNull ? NULL : value;
	candidate->changed[i] = true;
}

/* All names that fma_alter_dataset or "options" knows */
List *
FmaSettingNames(bool options)
{
	List	   *names = options ? NIL : list_make4("name", "owner", "relation", "options");

	for (int i = options ? FMA_NARGUMENTS : 0; i < FMA_NSETTINGS; i++)
		names = lappend(names, (char *) FmaSettings[i].key);
	return names;
}

/* Takes over the members of fma_register's options */
void
FmaChangeOptions(FmaCandidate *candidate, JsonbValue *options)
{
	JsonbIterator *iterator;
	JsonbValue	item;
	int			setting = -1;
	JsonbIteratorToken token;

	if (options->type == jbvNull)
	{
		for (int i = FMA_NARGUMENTS; i < FMA_NSETTINGS; i++)
			FmaChangeSetting(candidate, i, options);
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
			setting = FmaFindSetting(FmaStringOf(&item));
			if (setting < FMA_NARGUMENTS)
				FmaAddProblem(&candidate->problems, "options", "there is no \"%s\"%s", FmaStringOf(&item),
							  FmaDidYouMean(FmaStringOf(&item), FmaSettingNames(true)));
		}
		else if (token == WJB_VALUE && setting >= FMA_NARGUMENTS)
		{
			JsonbValue *value = palloc(sizeof(JsonbValue));

			*value = item;
			FmaChangeSetting(candidate, setting, value);
		}
	}
}

/* Which settings were derived, since nobody chose them: a list in the settings object */
#define DERIVED "derived"

/* Makes the settings object of a candidate and reads it into its fields */
void
FmaAssembleSettings(FmaCandidate *candidate)
{
	JsonbParseState *state = NULL;
	List	   *derived = NIL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < FMA_NSETTINGS; i++)
	{
		if (candidate->values[i] == NULL)
			continue;
		pushJsonbValue(&state, WJB_KEY, FmaStringValue(FmaSettings[i].key));
		pushJsonbValue(&state, WJB_VALUE, candidate->values[i]);
		if (candidate->derived[i])
			derived = lappend(derived, (char *) FmaSettings[i].key);
	}
	pushJsonbValue(&state, WJB_KEY, FmaStringValue(DERIVED));
	pushJsonbValue(&state, WJB_VALUE, FmaStringsValue(derived));
	candidate->dataset.settings = JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
	FmaReadSettings(&candidate->dataset);
}

/* Takes the settings of a stored dataset over, but what nobody chose */
void
FmaTakeSettings(FmaCandidate *candidate)
{
	JsonbContainer *settings = &candidate->dataset.settings->root;
	JsonbValue *derived = getKeyJsonValueFromContainer(settings, DERIVED, strlen(DERIVED), NULL);

	for (int i = 0; i < FMA_NSETTINGS; i++)
		if (derived == NULL || derived->type != jbvBinary ||
			findJsonbValueFromContainer(derived->val.binary.data, JB_FARRAY, FmaStringValue(FmaSettings[i].key)) == NULL)
			candidate->values[i] = getKeyJsonValueFromContainer(settings, FmaSettings[i].key, strlen(FmaSettings[i].key), NULL);
}

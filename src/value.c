/*
 * value.c
 *		Text (JSON) and binary forms of the mergeable values.
 *
 * The JSON is parsed by PostgreSQL's own jsonb, which validates syntax and
 * encoding; what is left is to check that each field is there and in range.
 */
#include "value.h"

#include "common/shortest_dec.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

/* Longest decimal form of a 128-bit integer, with sign and terminator */
#define INT128_DIGITS 41

/* Reports a stored value that this release cannot read */
void
FmaUnknownVersion(const char *type, int version)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("unknown version %d of type %s", version, type),
			 errhint("It was written by a later release of fma.")));
}

/* Parses a value's text form; anything but a JSON object is refused */
FmaJson
FmaJsonOpen(const char *type, const char *text)
{
	FmaJson		json = {type};

	json.object = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
	if (!JB_ROOT_IS_OBJECT(json.object))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input for type %s", type),
				 errdetail("It must be a JSON object.")));
	return json;
}

/* All elements of an array, in a palloc'd array */
static JsonbValue *
ListElements(JsonbContainer *array, int *count)
{
	JsonbValue *elements;
	JsonbIterator *iterator;
	JsonbValue	value;
	int			n = 0;

	*count = JsonContainerSize(array);
	elements = palloc_array(JsonbValue, Max(*count, 1));
	iterator = JsonbIteratorInit(array);
	(void) JsonbIteratorNext(&iterator, &value, true);
	while (JsonbIteratorNext(&iterator, &value, true) == WJB_ELEM)
		elements[n++] = value;
	FmaAssert(n == *count);
	return elements;
}

/* Parses a text form that is an array: its elements */
JsonbValue *
FmaJsonOpenArray(const char *type, const char *text, int *count)
{
	Jsonb	   *array = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));

	if (!JB_ROOT_IS_ARRAY(array) || JB_ROOT_IS_SCALAR(array))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input for type %s", type),
				 errdetail("It must be a JSON array.")));
	return ListElements(&array->root, count);
}

/* An element of such an array, which must be an object */
FmaJson
FmaJsonElementObject(const char *type, JsonbValue *element)
{
	FmaJson		json = {type};

	if (element->type != jbvBinary || !JsonContainerIsObject(element->val.binary.data))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input for type %s", type),
				 errdetail("Each element must be a JSON object.")));
	json.object = JsonbValueToJsonb(element);
	return json;
}

/* Refuses keys other than those listed (NULL-terminated) */
void
FmaJsonOnly(FmaJson *json, const char *const *keys)
{
	JsonbIterator *iterator = JsonbIteratorInit(&json->object->root);
	JsonbIteratorToken token;
	JsonbValue	key;

	while ((token = JsonbIteratorNext(&iterator, &key, true)) != WJB_DONE)
	{
		const char *const *known = keys;

		if (token != WJB_KEY)
			continue;
		while (*known != NULL && (strlen(*known) != key.val.string.len || memcmp(*known, key.val.string.val, key.val.string.len) != 0))
			known++;
		if (*known == NULL)
			FmaJsonBad(json, pnstrdup(key.val.string.val, key.val.string.len), "is not known");
	}
}

/* An aggregate's options; keys other than those listed (NULL-terminated) are refused */
FmaJson
FmaJsonOptions(const char *aggregate, Jsonb *options, const char *const *keys)
{
	FmaJson		json = {aggregate, options, true};
	JsonbIterator *iterator;
	JsonbValue	key;
	JsonbIteratorToken token;

	if (!JB_ROOT_IS_OBJECT(options))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the options of %s must be a JSON object", aggregate)));
	iterator = JsonbIteratorInit(&options->root);
	while ((token = JsonbIteratorNext(&iterator, &key, true)) != WJB_DONE)
		if (token == WJB_KEY)
			(void) FmaChoose("option", pnstrdup(key.val.string.val, key.val.string.len), keys);
	return json;
}

/* Reports what is wrong with a field */
void
FmaJsonBad(FmaJson *json, const char *key, const char *problem)
{
	ereport(ERROR,
			(errcode(json->options ? ERRCODE_INVALID_PARAMETER_VALUE : ERRCODE_INVALID_TEXT_REPRESENTATION),
			 json->options ? errmsg("invalid options of %s", json->type) : errmsg("invalid input for type %s", json->type),
			 errdetail("\"%s\" %s.", key, problem)));
}

/* Finds a field, or returns NULL */
static JsonbValue *
FindField(FmaJson *json, const char *key)
{
	JsonbValue	name;

	name.type = jbvString;
	name.val.string.val = unconstify(char *, key);
	name.val.string.len = strlen(key);
	return findJsonbValueFromContainer(&json->object->root, JB_FOBJECT, &name);
}

/* A field that must be there, of any type */
JsonbValue *
FmaJsonField(FmaJson *json, const char *key)
{
	JsonbValue *value = FindField(json, key);

	if (value == NULL)
		FmaJsonBad(json, key, "is missing");
	return value;
}

/* A field that is the text form of a value of another type */
FmaJson
FmaJsonObject(FmaJson *json, const char *key, const char *type)
{
	JsonbValue *value = FmaJsonField(json, key);
	FmaJson		object = {type};

	if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
		FmaJsonBad(json, key, "must be a JSON object");
	object.object = JsonbValueToJsonb(value);
	return object;
}

/* Whether the object has this field */
bool
FmaJsonHas(FmaJson *json, const char *key)
{
	return FindField(json, key) != NULL;
}

/* Whether a boolean field, which may be missing, is true */
bool
FmaJsonTrue(FmaJson *json, const char *key)
{
	JsonbValue *value = FindField(json, key);

	if (value != NULL && value->type != jbvBool)
		FmaJsonBad(json, key, "must be true or false");
	return value != NULL && value->val.boolean;
}

/* An integer field within [low, high] */
int64
FmaJsonInt64(FmaJson *json, const char *key, int64 low, int64 high)
{
	return FmaJsonElementInt64(json, key, FmaJsonField(json, key), low, high);
}

/* An integer field of up to 127 bits */
int128
FmaJsonInt128(FmaJson *json, const char *key)
{
	return FmaJsonElementInt128(json, key, FmaJsonField(json, key));
}

/* A finite number */
double
FmaJsonFloat8(FmaJson *json, const char *key)
{
	return FmaJsonElementFloat8(json, key, FmaJsonField(json, key));
}

/* An array field: its elements in a palloc'd array */
void
FmaJsonArray(FmaJson *json, const char *key, JsonbValue **elements, int *count)
{
	FmaJsonElementArray(json, key, FmaJsonField(json, key), elements, count);
}

/* An element (of the array "key", for messages) that is itself an array */
void
FmaJsonElementArray(FmaJson *json, const char *key, const JsonbValue *element, JsonbValue **elements, int *count)
{
	if (element->type != jbvBinary || !JsonContainerIsArray(element->val.binary.data) ||
		JsonContainerIsScalar(element->val.binary.data))
		FmaJsonBad(json, key, "must be an array");
	*elements = ListElements(element->val.binary.data, count);
}

/* An element (of the array "key", for messages) that is an integer within [low, high] */
int64
FmaJsonElementInt64(FmaJson *json, const char *key, const JsonbValue *element, int64 low, int64 high)
{
	int128		value = FmaJsonElementInt128(json, key, element);

	if (value < low || value > high)
		FmaJsonBad(json, key, psprintf("must be between " INT64_FORMAT " and " INT64_FORMAT, low, high));
	return (int64) value;
}

/* An element that is an integer of up to 127 bits */
int128
FmaJsonElementInt128(FmaJson *json, const char *key, const JsonbValue *element)
{
	char	   *digits;
	bool		negative;
	int128		value = 0;

	if (element->type != jbvNumeric)
		FmaJsonBad(json, key, "must be a number");
	digits = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(element->val.numeric)));
	negative = (*digits == '-');
	for (char *p = digits + (negative ? 1 : 0); *p != '\0'; p++)
	{
		if (*p < '0' || *p > '9')
			FmaJsonBad(json, key, "must be an integer");
		if (__builtin_mul_overflow(value, (int128) 10, &value) ||
			__builtin_sub_overflow(value, (int128) (*p - '0'), &value))
			FmaJsonBad(json, key, "is out of range");
	}
	pfree(digits);
	/* The value was built downwards, since there are more negative numbers. */
	if (!negative && __builtin_sub_overflow((int128) 0, value, &value))
		FmaJsonBad(json, key, "is out of range");
	return value;
}

/* An element that is a finite number (JSON has no other) within a double's range */
double
FmaJsonElementFloat8(FmaJson *json, const char *key, const JsonbValue *element)
{
	double		value;

	if (element->type != jbvNumeric)
		FmaJsonBad(json, key, "must be a number");
	/* The other conversion would put all digits of a huge number into its message. */
	value = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(element->val.numeric)));
	if (!isfinite(value))
		FmaJsonBad(json, key, "is out of range");
	return value;
}

/* Appends a 128-bit integer in decimal */
void
FmaAppendInt128(StringInfo out, int128 value)
{
	char		digits[INT128_DIGITS];
	char	   *p = digits + sizeof(digits) - 1;
	bool		negative = value < 0;

	*p = '\0';
	do
	{
		int			digit = (int) (value % 10);

		*--p = '0' + (negative ? -digit : digit);
		value /= 10;
	} while (value != 0);
	if (negative)
		*--p = '-';
	appendStringInfoString(out, p);
}

/* Appends a finite double so that it reads back as the same number, whatever extra_float_digits says */
void
FmaAppendFloat8(StringInfo out, double value)
{
	char		digits[64];

	FmaAssert(isfinite(value));
	(void) double_to_shortest_decimal_buf(value, digits);
	appendStringInfoString(out, digits);
}

/* Reports bytes that are no value of the type */
void
FmaRecvBad(const char *type, const char *problem)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid binary form of type %s", type),
			 errdetail("%s.", problem)));
}

/* Reads the version byte that every binary form begins with */
void
FmaRecvVersion(StringInfo message, const char *type, int newest)
{
	int			version = pq_getmsgbyte(message);

	if (version < 1 || version > newest)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("unknown version %d of the binary form of type %s", version, type),
				 errhint("This release of fma reads versions 1 to %d.", newest)));
}

/* Reads an integer within [low, high] */
int64
FmaRecvInt64(StringInfo message, const char *type, const char *field, int64 low, int64 high)
{
	int64		value = pq_getmsgint64(message);

	if (value < low || value > high)
		FmaRecvBad(type, psprintf("%s is " INT64_FORMAT ", which is not between " INT64_FORMAT " and " INT64_FORMAT,
								  field, value, low, high));
	return value;
}

/* A 128-bit integer: high half, then low half */
int128
FmaRecvInt128(StringInfo message)
{
	uint64		high = (uint64) pq_getmsgint64(message);
	uint64		low = (uint64) pq_getmsgint64(message);

	return (int128) (((uint128) high << 64) | low);
}

void
FmaSendInt128(StringInfo message, int128 value)
{
	pq_sendint64(message, (uint64) ((uint128) value >> 64));
	pq_sendint64(message, (uint64) value);
}

/* Nothing may follow */
void
FmaRecvEnd(StringInfo message, const char *type)
{
	if (message->cursor != message->len)
		FmaRecvBad(type, psprintf("%d bytes follow its end", message->len - message->cursor));
}

/* A count went beyond 2^63 - 1 */
void
FmaCountOverflow(const char *type)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("count out of range in %s", type),
			 errdetail("A count would exceed %lld.", (long long) PG_INT64_MAX)));
}

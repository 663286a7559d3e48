/*
 * value.h
 *		The text and binary forms that the mergeable types share.
 *
 * Every mergeable value (fma_confusion, fma_reliability, ...) is a varlena
 * whose first byte after the length is the version of its layout.  As text it
 * is a JSON object, so that a person can look at it.  Whatever comes from
 * outside is hostile until every field has been checked.
 */
#ifndef FMA_VALUE_H
#define FMA_VALUE_H

#include "fma.h"

#include "common/hashfn.h"
#include "lib/stringinfo.h"
#include "nodes/execnodes.h"
#include "utils/jsonb.h"

/*
 * Whether a state argument may be changed in place: true inside an aggregate
 * or a window.  The same test as AggCheckCallContext, without the call.
 */
static inline bool
FmaInAggregate(FunctionCallInfo fcinfo)
{
	return fcinfo->context != NULL &&
		(IsA(fcinfo->context, AggState) || IsA(fcinfo->context, WindowAggState));
}

/*
 * A state argument: already plain in the usual case, when there is nothing to
 * call; otherwise (first value of a rollup, rows of a table) detoasted.
 */
static inline struct varlena *
FmaStateArg(FunctionCallInfo fcinfo, int argno)
{
	struct varlena *state = (struct varlena *) PG_GETARG_POINTER(argno);

	return likely(VARATT_IS_4B_U(state)) ? state : pg_detoast_datum(state);
}

pg_noreturn extern void FmaUnknownVersion(const char *type, int version) pg_attribute_cold;

/* Refuses a value that a later release wrote into a table */
static inline void
FmaCheckVersion(const void *value, const char *type, int newest)
{
	uint8		version = *(const uint8 *) VARDATA(value);

	if (unlikely(version != newest))
		FmaUnknownVersion(type, version);
}

/* An argument to be read */
static inline void *
FmaValueArg(FunctionCallInfo fcinfo, int argno, const char *type, int newest)
{
	struct varlena *value = FmaStateArg(fcinfo, argno);

	FmaCheckVersion(value, type, newest);
	return value;
}

/*
 * The first argument, to be changed and returned: itself inside an aggregate,
 * where it is nobody else's, and a copy elsewhere.
 */
static inline void *
FmaValueToChange(FunctionCallInfo fcinfo, const char *type, int newest)
{
	struct varlena *value = FmaValueArg(fcinfo, 0, type, newest);

	return likely(FmaInAggregate(fcinfo)) ? value : pg_detoast_datum_copy(value);
}

/* Whether two values have the same bytes, which is what equality means */
static inline bool
FmaSameBytes(const void *a, const void *b)
{
	return VARSIZE(a) == VARSIZE(b) && memcmp(VARDATA(a), VARDATA(b), VARSIZE(a) - VARHDRSZ) == 0;
}

/* A hash that agrees with it */
static inline Datum
FmaHashBytes(const void *value)
{
	return hash_any((const unsigned char *) VARDATA(value), VARSIZE(value) - VARHDRSZ);
}

/* A JSON object being read as a value of type "type" */
typedef struct FmaJson
{
	const char *type;			/* SQL name of the type, for messages */
	Jsonb	   *object;
	bool		options;		/* these are the options of an aggregate of that name */
} FmaJson;

extern FmaJson FmaJsonOpen(const char *type, const char *text);
extern JsonbValue *FmaJsonOpenArray(const char *type, const char *text, int *count);
extern FmaJson FmaJsonElementObject(const char *type, JsonbValue *element);
extern void FmaJsonOnly(FmaJson *json, const char *const *keys);
extern FmaJson FmaJsonOptions(const char *aggregate, Jsonb *options, const char *const *keys);
extern FmaJson FmaJsonObject(FmaJson *json, const char *key, const char *type);
extern bool FmaJsonHas(FmaJson *json, const char *key);
extern JsonbValue *FmaJsonField(FmaJson *json, const char *key);
extern bool FmaJsonTrue(FmaJson *json, const char *key);
extern int64 FmaJsonInt64(FmaJson *json, const char *key, int64 low, int64 high);
extern int128 FmaJsonInt128(FmaJson *json, const char *key);
extern double FmaJsonFloat8(FmaJson *json, const char *key);
extern void FmaJsonArray(FmaJson *json, const char *key, JsonbValue **elements, int *count);
extern void FmaJsonElementArray(FmaJson *json, const char *key, const JsonbValue *element, JsonbValue **elements, int *count);
extern int64 FmaJsonElementInt64(FmaJson *json, const char *key, const JsonbValue *element, int64 low, int64 high);
extern int128 FmaJsonElementInt128(FmaJson *json, const char *key, const JsonbValue *element);
extern double FmaJsonElementFloat8(FmaJson *json, const char *key, const JsonbValue *element);
pg_noreturn extern void FmaJsonBad(FmaJson *json, const char *key, const char *problem);

extern void FmaAppendInt128(StringInfo out, int128 value);
extern void FmaAppendFloat8(StringInfo out, double value);

/* Bytes from a client (recv) */
extern void FmaRecvVersion(StringInfo message, const char *type, int newest);
pg_noreturn extern void FmaRecvBad(const char *type, const char *problem);
extern int64 FmaRecvInt64(StringInfo message, const char *type, const char *field, int64 low, int64 high);
extern int128 FmaRecvInt128(StringInfo message);
extern void FmaSendInt128(StringInfo message, int128 value);
extern void FmaRecvEnd(StringInfo message, const char *type);

/* Two values that cannot be added, or a count that would overflow */
pg_noreturn extern void FmaCountOverflow(const char *type) pg_attribute_cold;

static inline int64
FmaAddCounts(int64 a, int64 b, const char *type)
{
	int64		sum;

	if (unlikely(__builtin_add_overflow(a, b, &sum)))
		FmaCountOverflow(type);
	return sum;
}

#endif							/* FMA_VALUE_H */

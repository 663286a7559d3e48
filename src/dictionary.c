/*
 * dictionary.c
 *		The distinct values of a column, numbered as they come.
 *
 * Two values are one when the type's own equality says so, under the column's
 * collation.  Where equal values can look different (1.0 and 1.00, or 'a' and
 * 'A' under a nondeterministic collation), the one whose bytes come first stands for all, so that
 * the order of the rows does not show.
 */
#include "dictionary.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "query.h"

#define FIRST_CAPACITY 32
#define SIGN_BIT (UINT64CONST(1) << 63)

/* Counts memory against the bound of the search */
void
FmaCharge(FmaBudget *budget, Size bytes)
{
	budget->used += bytes;
	if (unlikely(budget->used > budget->limit))
	{
		/* What would fit, when memory grows with the rows */
		double		fits = (double) budget->rows * budget->limit / budget->used;

		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the search needs more memory than fma.search_memory allows"),
				 errdetail("It needs at least %zu kB and may use %zu kB; it has read " INT64_FORMAT " rows.",
						   budget->used / 1024, budget->limit / 1024, budget->rows),
				 errhint("Set fma.search_memory higher, or search fewer columns, conditions or rows: about %.0f rows would fit.", fits)));
	}
}

/* Gives memory back to the search */
void
FmaRelease(FmaBudget *budget, Size bytes)
{
	budget->used -= bytes;
}

/* Whether values of this type are told apart by a 64-bit key */
static bool
TypeHasKey(Oid type)
{
	switch (type)
	{
		case BOOLOID:
		case CHAROID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case FLOAT4OID:
		case FLOAT8OID:
		case OIDOID:
		case DATEOID:
		case TIMEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return true;
		default:
			return false;
	}
}

/* The bits of a double, so that they compare like it; 0 is -0, and NaN is the largest */
static inline uint64
KeyOfDouble(double value)
{
	uint64		bits;

	if (isnan(value))
		return FMA_KEY_NAN;
	value += 0.0;				/* -0 becomes 0 */
	memcpy(&bits, &value, sizeof(bits));
	return bits & SIGN_BIT ? ~bits : bits | SIGN_BIT;
}

static inline double
DoubleOfKey(uint64 key)
{
	double		value;

	if (key == FMA_KEY_NAN)
		return get_float8_nan();
	key = key & SIGN_BIT ? key & ~SIGN_BIT : ~key;
	memcpy(&value, &key, sizeof(value));
	return value;
}

/* For qsort: keys in their order */
int
FmaCompareKeys(const void *a, const void *b)
{
	uint64		left = *(const uint64 *) a,
				right = *(const uint64 *) b;

	CHECK_FOR_INTERRUPTS();
	return left < right ? -1 : left > right;
}

/* A key that orders and equals as the type does.  A numeric is taken as a double. */
uint64
FmaKeyOf(Oid type, Datum value)
{
	switch (type)
	{
		case BOOLOID:
			return DatumGetBool(value);
		case CHAROID:
			return (uint8) DatumGetChar(value);
		case INT2OID:
			return (uint64) (int64) DatumGetInt16(value) ^ SIGN_BIT;
		case INT4OID:
		case DATEOID:
			return (uint64) (int64) DatumGetInt32(value) ^ SIGN_BIT;
		case OIDOID:
			return DatumGetObjectId(value);
		case FLOAT4OID:
			return KeyOfDouble(DatumGetFloat4(value));
		case FLOAT8OID:
			return KeyOfDouble(DatumGetFloat8(value));
		case NUMERICOID:
			return KeyOfDouble(DatumGetFloat8(DirectFunctionCall1(numeric_float8, value)));
		default:
			return (uint64) DatumGetInt64(value) ^ SIGN_BIT;
	}
}

/* The value that has this key; for a numeric, a double */
Datum
FmaKeyValue(Oid type, uint64 key)
{
	switch (type)
	{
		case BOOLOID:
			return BoolGetDatum(key != 0);
		case CHAROID:
			return CharGetDatum((char) key);
		case INT2OID:
			return Int16GetDatum((int16) (key ^ SIGN_BIT));
		case INT4OID:
		case DATEOID:
			return Int32GetDatum((int32) (key ^ SIGN_BIT));
		case OIDOID:
			return ObjectIdGetDatum((Oid) key);
		case FLOAT4OID:
			return Float4GetDatum((float4) DoubleOfKey(key));
		case FLOAT8OID:
		case NUMERICOID:
			return Float8GetDatum(DoubleOfKey(key));
		default:
			return Int64GetDatum((int64) (key ^ SIGN_BIT));
	}
}

/* Whether equal texts have equal bytes under this collation */
static bool
EqualMeansBytes(Oid type, Oid collation)
{
	return (type == TEXTOID || type == VARCHAROID) && OidIsValid(collation) && get_collation_isdeterministic(collation);
}

/*
 * Whether the values of a type can be told apart.  A row type of which some
 * fields can only be hashed and others only be ordered has an equality, and no
 * way to look a value up.  An anonymous row has no literal.
 */
bool
FmaCanBeCondition(Oid type)
{
	TypeCacheEntry *entry = lookup_type_cache(getBaseType(type), TYPECACHE_EQ_OPR | TYPECACHE_HASH_PROC_FINFO | TYPECACHE_CMP_PROC_FINFO);

	return OidIsValid(entry->eq_opr) && entry->type_id != RECORDOID && entry->type_id != RECORDARRAYOID &&
		(OidIsValid(entry->hash_proc_finfo.fn_oid) || OidIsValid(entry->cmp_proc_finfo.fn_oid));
}

/*
 * Prepares a dictionary for the values of a type, in the current context.
 * "name" is the column's, for the error about types without equality.
 */
void
FmaDictionaryInit(FmaDictionary *dictionary, Oid type, Oid collation, const char *name, FmaBudget *budget)
{
	TypeCacheEntry *entry;
	Oid			output;
	bool		varlena;

	memset(dictionary, 0, sizeof(*dictionary));
	type = getBaseType(type);
	entry = lookup_type_cache(type, TYPECACHE_EQ_OPR | TYPECACHE_EQ_OPR_FINFO |
							  TYPECACHE_HASH_PROC_FINFO | TYPECACHE_CMP_PROC_FINFO);
	if (!FmaCanBeCondition(type))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("column \"%s\" cannot be a condition", name),
				 errdetail("Type %s has no equality that a search and its predicates could use.", format_type_be(type)),
				 errhint("Cast it to a type that has one, such as text.")));
	dictionary->type = type;
	dictionary->collation = collation;
	dictionary->length = entry->typlen;
	dictionary->by_value = entry->typbyval;
	dictionary->equals_operator = entry->eq_opr;
	dictionary->context = CurrentMemoryContext;
	dictionary->budget = budget;
	fmgr_info_copy(&dictionary->equals, &entry->eq_opr_finfo, CurrentMemoryContext);
	dictionary->has_compare = OidIsValid(entry->cmp_proc_finfo.fn_oid);
	if (dictionary->has_compare)
		fmgr_info_copy(&dictionary->compare, &entry->cmp_proc_finfo, CurrentMemoryContext);
	getTypeOutputInfo(type, &output, &varlena);
	fmgr_info(output, &dictionary->output);

	if (TypeHasKey(type))
		dictionary->equality = FMA_BY_KEY;
	else if (EqualMeansBytes(type, collation))
		dictionary->equality = FMA_BY_BYTES;
	else if (OidIsValid(entry->hash_proc_finfo.fn_oid))
	{
		dictionary->equality = FMA_BY_HASH;
		fmgr_info_copy(&dictionary->hash, &entry->hash_proc_finfo, CurrentMemoryContext);
	}
	else
		dictionary->equality = FMA_BY_ORDER;

	dictionary->capacity = FIRST_CAPACITY;
	dictionary->nslots = FIRST_CAPACITY * 2;
	dictionary->values = palloc(sizeof(Datum) * dictionary->capacity);
	dictionary->hashes = palloc(sizeof(uint32) * dictionary->capacity);
	dictionary->slots = palloc0(sizeof(uint32) * dictionary->nslots);
}

/* Makes room for twice as many values */
static void
Grow(FmaDictionary *dictionary)
{
	uint32		capacity = dictionary->capacity * 2;
	Size		more = dictionary->capacity * (sizeof(Datum) + 3 * sizeof(uint32));

	FmaCharge(dictionary->budget, more);
	dictionary->values = repalloc_huge(dictionary->values, sizeof(Datum) * capacity);
	dictionary->hashes = repalloc_huge(dictionary->hashes, sizeof(uint32) * capacity);
	dictionary->slots = repalloc_huge(dictionary->slots, sizeof(uint32) * capacity * 2);
	dictionary->capacity = capacity;
	dictionary->nslots = capacity * 2;
	if (dictionary->equality == FMA_BY_ORDER)
		return;
	memset(dictionary->slots, 0, sizeof(uint32) * dictionary->nslots);
	for (uint32 i = 0; i < dictionary->nvalues; i++)
	{
		uint32		slot = dictionary->hashes[i] & (dictionary->nslots - 1);

		while (dictionary->slots[slot] != 0)
			slot = (slot + 1) & (dictionary->nslots - 1);
		dictionary->slots[slot] = i + 1;
	}
}

/* Adds a value that is not there yet and returns its number */
static uint32
Append(FmaDictionary *dictionary, Datum value, uint32 hash)
{
	uint32		number = dictionary->nvalues++;

	if (dictionary->equality != FMA_BY_KEY && !dictionary->by_value)
	{
		MemoryContext caller = MemoryContextSwitchTo(dictionary->context);

		FmaCharge(dictionary->budget, datumGetSize(value, false, dictionary->length) + sizeof(Datum));
		value = datumCopy(value, false, dictionary->length);
		MemoryContextSwitchTo(caller);
	}
	dictionary->values[number] = value;
	dictionary->hashes[number] = hash;
	return number;
}

/* Of equal values that look different, the one whose bytes come first stays */
static void
KeepFirst(FmaDictionary *dictionary, uint32 number, Datum value)
{
	Datum		kept = dictionary->values[number];
	Size		size,
				kept_size;
	int			order;

	if (dictionary->by_value)
		return;
	size = datumGetSize(value, false, dictionary->length);
	kept_size = datumGetSize(kept, false, dictionary->length);
	order = memcmp(DatumGetPointer(value), DatumGetPointer(kept), Min(size, kept_size));
	if (order < 0 || (order == 0 && size < kept_size))
	{
		MemoryContext caller = MemoryContextSwitchTo(dictionary->context);

		dictionary->values[number] = datumCopy(value, false, dictionary->length);
		MemoryContextSwitchTo(caller);
		pfree(DatumGetPointer(kept));
	}
}

/* A number's place among values kept in order, or where it would have to go */
static uint32
NumberByOrder(FmaDictionary *dictionary, Datum value)
{
	uint32		low = 0,
				high = dictionary->nvalues;

	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;
		int			order = DatumGetInt32(FunctionCall2Coll(&dictionary->compare, dictionary->collation,
															value, dictionary->values[dictionary->slots[middle]]));

		if (order == 0)
		{
			KeepFirst(dictionary, dictionary->slots[middle], value);
			return dictionary->slots[middle];
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}

	uint32		number = Append(dictionary, value, 0);

	memmove(dictionary->slots + low + 1, dictionary->slots + low, sizeof(uint32) * (number - low));
	dictionary->slots[low] = number;
	return number;
}

static inline uint32
HashOf(FmaDictionary *dictionary, Datum value)
{
	switch (dictionary->equality)
	{
		case FMA_BY_KEY:
			/* A double that is a small integer differs from another in its upper bits alone: fold them. */
			return (uint32) ((((uint64) value ^ ((uint64) value >> 32)) * UINT64CONST(0x9E3779B97F4A7C15)) >> 32);
		case FMA_BY_BYTES:
			return hash_bytes((unsigned char *) VARDATA_ANY(DatumGetPointer(value)),
							  VARSIZE_ANY_EXHDR(DatumGetPointer(value)));
		default:
			return DatumGetUInt32(FunctionCall1Coll(&dictionary->hash, dictionary->collation, value));
	}
}

static inline bool
Same(FmaDictionary *dictionary, uint32 number, Datum value)
{
	Datum		there = dictionary->values[number];

	switch (dictionary->equality)
	{
		case FMA_BY_KEY:
			return there == value;
		case FMA_BY_BYTES:
			{
				Size		size = VARSIZE_ANY_EXHDR(DatumGetPointer(value));

				return size == VARSIZE_ANY_EXHDR(DatumGetPointer(there)) &&
					memcmp(VARDATA_ANY(DatumGetPointer(there)), VARDATA_ANY(DatumGetPointer(value)), size) == 0;
			}
		default:
			return DatumGetBool(FunctionCall2Coll(&dictionary->equals, dictionary->collation, there, value));
	}
}

/*
 * The number of a value, new ones are added.  "value" is a key if the
 * dictionary is FMA_BY_KEY, and is not toasted.
 */
uint32
FmaDictionaryNumber(FmaDictionary *dictionary, Datum value)
{
	uint32		hash,
				slot;

	if (unlikely(dictionary->nvalues == dictionary->capacity))
		Grow(dictionary);
	if (dictionary->equality == FMA_BY_ORDER)
		return NumberByOrder(dictionary, value);

	hash = HashOf(dictionary, value);
	for (slot = hash & (dictionary->nslots - 1);
		 dictionary->slots[slot] != 0;
		 slot = (slot + 1) & (dictionary->nslots - 1))
	{
		uint32		number = dictionary->slots[slot] - 1;

		if (dictionary->hashes[number] == hash && Same(dictionary, number, value))
		{
			if (dictionary->equality == FMA_BY_HASH)
				KeepFirst(dictionary, number, value);
			return number;
		}
	}
	dictionary->slots[slot] = dictionary->nvalues + 1;
	return Append(dictionary, value, hash);
}

/* A value as text */
char *
FmaDictionaryText(FmaDictionary *dictionary, uint32 number)
{
	Datum		value = dictionary->values[number];

	if (dictionary->equality == FMA_BY_KEY)
		value = FmaKeyValue(dictionary->type, (uint64) value);
	return OutputFunctionCall(&dictionary->output, value);
}

/* The order of two values: the type's own, or that of their texts if it has none */
int
FmaDictionaryCompare(FmaDictionary *dictionary, uint32 a, uint32 b)
{
	Datum		left = dictionary->values[a],
				right = dictionary->values[b];

	if (dictionary->equality == FMA_BY_KEY)
		return (uint64) left < (uint64) right ? -1 : (uint64) left > (uint64) right;
	if (dictionary->has_compare)
		return DatumGetInt32(FunctionCall2Coll(&dictionary->compare, dictionary->collation, left, right));
	return strcmp(FmaDictionaryText(dictionary, a), FmaDictionaryText(dictionary, b));
}

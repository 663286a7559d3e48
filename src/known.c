/*
 * known.c
 *		What a run already knows of its images: which of them failed.
 *
 * Most stages of a run ask of every row whether it failed.  Of masks that takes
 * long: they are fetched from the TOAST table, unpacked and compared.  A value
 * that is stored out of line is told by its place there, which is in the row;
 * it stays what it is as long as the run's snapshot can see it.  So the answers
 * are kept by these places, for the time of the run, in this process alone.
 */
#include "known.h"

#include "access/detoast.h"
#include "utils/hsearch.h"

/* At most 80 MB; of more images the others are compared again */
#define MAX_KNOWN 1000000

#define FIRST_KNOWN 1024

/* The places of a truth and a prediction; no bytes between that are not set */
typedef struct Key
{
	Oid			tables[2];
	Oid			values[2];
} Key;

typedef struct Entry
{
	Key			key;
	bool		failed;
} Entry;

static HTAB *known = NULL;
static int32 known_dataset;

/* A run of a dataset begins */
void
FmaStartKnowing(const FmaDataset *dataset)
{
	HASHCTL		control = {.keysize = sizeof(Key),.entrysize = sizeof(Entry),.hcxt = CurrentMemoryContext};

	known = hash_create("fma known images", FIRST_KNOWN, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	known_dataset = dataset->id;
}

/* It has ended, well or not */
void
FmaStopKnowing(void)
{
	if (known != NULL)
		hash_destroy(known);
	known = NULL;
}

/* "failed" as SQL, looked up first, in a run of this dataset; otherwise as it is */
char *
FmaKnownSql(const FmaDataset *dataset, const char *truth, const char *prediction, const char *failed)
{
	const char *schema = FmaSchema();

	if (known == NULL || known_dataset != dataset->id)
		return pstrdup(failed);
	return psprintf("coalesce(%s.fma_known(%d, %s, %s), %s.fma_learn(%d, %s, %s, %s))", schema, dataset->id, truth, prediction,
					schema, dataset->id, truth, prediction, failed);
}

/* Reads where the two values from an argument on are; false if they are not stored out of line, or nothing is kept */
static bool
ReadKey(FunctionCallInfo fcinfo, int argno, Key *key)
{
	if (known == NULL || PG_ARGISNULL(0) || PG_GETARG_INT32(0) != known_dataset)
		return false;
	for (int i = 0; i < 2; i++)
	{
		struct varlena *value;
		struct varatt_external place;

		if (PG_ARGISNULL(argno + i))
			return false;
		value = (struct varlena *) PG_GETARG_POINTER(argno + i);
		if (!VARATT_IS_EXTERNAL_ONDISK(value))
			return false;
		VARATT_EXTERNAL_GET_POINTER(place, value);
		key->tables[i] = place.va_toastrelid;
		key->values[i] = place.va_valueid;
	}
	return true;
}

PG_FUNCTION_INFO_V1(fma_known);
/* (dataset_id, truth, prediction): whether that image failed, if the run knows; else NULL */
Datum
fma_known(PG_FUNCTION_ARGS)
{
	Key			key;
	Entry	   *entry = ReadKey(fcinfo, 1, &key) ? hash_search(known, &key, HASH_FIND, NULL) : NULL;

	if (entry == NULL)
		PG_RETURN_NULL();
	PG_RETURN_BOOL(entry->failed);
}

PG_FUNCTION_INFO_V1(fma_learn);
/* (dataset_id, truth, prediction, failed): failed, which the run knows from now on */
Datum
fma_learn(PG_FUNCTION_ARGS)
{
	Key			key;

	if (PG_ARGISNULL(3))
		PG_RETURN_NULL();
	if (ReadKey(fcinfo, 1, &key) && hash_get_num_entries(known) < MAX_KNOWN)
		((Entry *) hash_search(known, &key, HASH_ENTER, NULL))->failed = PG_GETARG_BOOL(3);
	PG_RETURN_BOOL(PG_GETARG_BOOL(3));
}

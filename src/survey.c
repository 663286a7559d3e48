/*
 * survey.c
 *		What must be known of a dataset's rows before they are summarised: the
 *		model versions, the span of time, and how many segments there will be.
 */
#include "survey.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/* More model versions than this are a mistake */
#define MAX_VERSIONS 1000

/* Without a period asked for, the shortest is taken that makes no more than so many */
#define AUTO_PERIODS 100

/* The columns of the survey's query */
enum
{
	COLUMN_VERSION,
	COLUMN_AT,
	COLUMN_BATCH,
	COLUMN_PLACE,
	NCOLUMNS
};

/* The different values of a column, by version: hashes of both, counted up to the limit */
typedef struct Values
{
	HTAB	   *seen;
	uint64		last;			/* the hash before, which is often the same */
	bool		any;
} Values;

typedef struct VersionEntry
{
	uint64		key;
	FmaVersion	version;
} VersionEntry;

typedef struct Survey
{
	FmaRowReader reader;
	FmaRun	   *run;
	HTAB	   *versions;
	VersionEntry *last;			/* of the row before */
	Values		batches;
	Values		places;
} Survey;

static HTAB *
NewTable(const char *name, Size entry)
{
	HASHCTL		control = {.keysize = sizeof(uint64),.entrysize = entry,.hcxt = CurrentMemoryContext};

	return hash_create(name, 256, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static void
Start(FmaRowReader *reader, TupleDesc columns)
{
}

/* A hash of a text, which may be NULL */
static uint64
HashOf(TupleTableSlot *slot, int column, uint64 seed)
{
	text	   *value;

	if (slot->tts_isnull[column])
		return seed;
	value = DatumGetTextPP(slot->tts_values[column]);
	return DatumGetUInt64(hash_any_extended((unsigned char *) VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), seed + 1));
}

/* Counts a value of a version, unless there are too many already */
static void
CountValue(Values *values, uint64 hash)
{
	if (values->any && values->last == hash)
		return;
	values->any = true;
	values->last = hash;
	if (hash_get_num_entries(values->seen) <= FMA_MAX_SEGMENTS)
		hash_search(values->seen, &hash, HASH_ENTER, NULL);
}

/* The version of a row */
static VersionEntry *
VersionOf(Survey *survey, TupleTableSlot *slot, uint64 key)
{
	bool		found;
	VersionEntry *entry;

	if (survey->last != NULL && survey->last->key == key)
		return survey->last;
	entry = hash_search(survey->versions, &key, HASH_ENTER, &found);
	if (!found)
	{
		memset(&entry->version, 0, sizeof(entry->version));
		entry->version.last_at = DT_NOBEGIN;
		if (!slot->tts_isnull[COLUMN_VERSION])
			entry->version.name = MemoryContextStrdup(survey->run->context,
													  TextDatumGetCString(slot->tts_values[COLUMN_VERSION]));
		if (hash_get_num_entries(survey->versions) > MAX_VERSIONS)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("column \"%s\" has more than %d values, too many for model versions",
							survey->run->dataset->columns[FMA_MODEL_VERSION], MAX_VERSIONS),
					 errhint("Register another column as model_version, or none.")));
	}
	survey->last = entry;
	return entry;
}

static void
Row(FmaRowReader *reader, TupleTableSlot *slot)
{
	Survey	   *survey = (Survey *) reader;
	FmaRun	   *run = survey->run;
	uint64		key;
	VersionEntry *entry;

	slot_getallattrs(slot);
	key = HashOf(slot, COLUMN_VERSION, 0);
	entry = VersionOf(survey, slot, key);
	entry->version.n++;
	if (!slot->tts_isnull[COLUMN_AT])
	{
		TimestampTz at = DatumGetTimestampTz(slot->tts_values[COLUMN_AT]);

		if (!TIMESTAMP_NOT_FINITE(at))
		{
			run->first_at = Min(run->first_at, at);
			run->last_at = Max(run->last_at, at);
			entry->version.last_at = Max(entry->version.last_at, at);
		}
	}
	if (run->dataset->columns[FMA_BATCH] != NULL)
		CountValue(&survey->batches, HashOf(slot, COLUMN_BATCH, key));
	if (run->dataset->columns[FMA_PLACE] != NULL)
		CountValue(&survey->places, HashOf(slot, COLUMN_PLACE, key));
}

/* Older first: by the newest row, then by name; rows without a version before all */
static int
CompareVersions(const ListCell *a, const ListCell *b)
{
	const FmaVersion *left = lfirst(a),
			   *right = lfirst(b);

	if ((left->name == NULL) != (right->name == NULL))
		return left->name == NULL ? -1 : 1;
	if (left->last_at != right->last_at)
		return left->last_at < right->last_at ? -1 : 1;
	return left->name == NULL ? 0 : strcmp(left->name, right->name);
}

/* Sets the current version: as the user says, or the newest */
static void
ChooseVersion(FmaRun *run)
{
	FmaDataset *dataset = run->dataset;
	bool		exists = false;
	ListCell   *cell;

	if (dataset->columns[FMA_MODEL_VERSION] == NULL)
		return;
	foreach(cell, run->versions)
	{
		FmaVersion *version = lfirst(cell);

		if (dataset->current_version == NULL)
			run->version = version->name;
		else if (version->name != NULL && strcmp(version->name, dataset->current_version) == 0)
			exists = true;
	}
	if (dataset->current_version != NULL)
	{
		run->version = dataset->current_version;
		if (!exists)
			FmaNote(run, "no rows of the current version \"%s\"", run->version);
	}
	if (run->version != NULL)
		run->from_current = psprintf("%s AND %s COLLATE \"C\" = %s", run->from, FmaTextSql(dataset, FMA_MODEL_VERSION),
									 quote_literal_cstr(run->version));
}

/* The lengths a period may have */
static const struct
{
	const char *name;
	double		days;
}			periods[] =
{
	{"hour", 1 / 24.0}, {"day", 1}, {"week", 7}, {"month", 30.4}, {"quarter", 91.3}, {"year", 365.25}
};

/* At most so many periods cover the rows' times */
static double
PeriodsOf(FmaRun *run, double days)
{
	return ((double) run->last_at - (double) run->first_at) / ((double) USECS_PER_DAY * days) + 2;
}

/* Sets the length of the periods: as the user says, or so that they are not too many */
static void
ChoosePeriod(FmaRun *run)
{
	int			i = 0;

	if (run->first_at > run->last_at)
		return;
	if (strcmp(run->dataset->period, "auto") == 0)
		while (i < lengthof(periods) - 1 && PeriodsOf(run, periods[i].days) > AUTO_PERIODS)
			i++;
	else
		while (i < lengthof(periods) - 1 && strcmp(run->dataset->period, periods[i].name) != 0)
			i++;
	if (PeriodsOf(run, periods[i].days) * list_length(run->versions) > FMA_MAX_SEGMENTS)
		FmaNote(run, "no summaries by %s, of which there are more than %d: set a longer period", periods[i].name, FMA_MAX_SEGMENTS);
	else
		run->period = pstrdup(periods[i].name);
}

/* Whether a column has few enough values to be summarised by */
static bool
IsFew(FmaRun *run, FmaRole role, Values *values)
{
	if (run->dataset->columns[role] == NULL)
		return false;
	if (hash_get_num_entries(values->seen) <= FMA_MAX_SEGMENTS)
		return true;
	FmaNote(run, "no summaries by column \"%s\", which has more than %d values: register a coarser one as %s",
			run->dataset->columns[role], FMA_MAX_SEGMENTS, FmaRoleNames[role]);
	return false;
}

static const char *
OrNull(const char *sql, const char *type)
{
	return sql == NULL ? psprintf("NULL::%s", type) : sql;
}

/*
 * Reads the columns that divide the rows, where there are any.  The limit of
 * segments is checked by hashes: too many are never found to be few.
 */
void
FmaSurveySource(FmaRun *run)
{
	FmaDataset *dataset = run->dataset;
	Survey		survey = {.reader = {.start = Start,.row = Row},.run = run};
	FmaIdentity identity;
	HASH_SEQ_STATUS scan;
	VersionEntry *entry;

	if (dataset->columns[FMA_MODEL_VERSION] == NULL && dataset->columns[FMA_OCCURRED_AT] == NULL &&
		dataset->columns[FMA_BATCH] == NULL && dataset->columns[FMA_PLACE] == NULL)
		return;
	survey.versions = NewTable("fma versions", sizeof(VersionEntry));
	survey.batches.seen = NewTable("fma batches", sizeof(uint64));
	survey.places.seen = NewTable("fma places", sizeof(uint64));
	identity = FmaActAsOwner(dataset);
	FmaReadQuery(psprintf("SELECT %s, %s, %s, %s %s", OrNull(FmaTextSql(dataset, FMA_MODEL_VERSION), "text"),
						  OrNull(FmaTimeSql(dataset), "timestamptz"), OrNull(FmaTextSql(dataset, FMA_BATCH), "text"),
						  OrNull(FmaTextSql(dataset, FMA_PLACE), "text"), run->from),
				 &survey.reader);
	FmaActAgain(identity);

	hash_seq_init(&scan, survey.versions);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		FmaVersion *version = palloc(sizeof(FmaVersion));

		*version = entry->version;
		run->versions = lappend(run->versions, version);
	}
	list_sort(run->versions, CompareVersions);
	ChooseVersion(run);
	ChoosePeriod(run);
	run->by_batch = IsFew(run, FMA_BATCH, &survey.batches);
	run->by_place = IsFew(run, FMA_PLACE, &survey.places);
	run->places = hash_get_num_entries(survey.places.seen);
}

/*
 * where.c
 *		Stage of a run: where and when more rows failed than elsewhere.
 */
#include "run.h"

#include "executor/spi.h"
#include "utils/builtins.h"

/* With more places than this (and points, which the finder sees to) they are gathered into cells: a scan takes the square of their number */
#define MOST_PLACES 1000

/* The names by which the finder knows columns, and what they are in a dataset; as its predicates have them */
static const struct
{
	const char *name;
	FmaRole		role;
}			names[] =
{
	{"longitude", FMA_LONGITUDE}, {"latitude", FMA_LATITUDE}, {"place", FMA_PLACE}, {"\"time\"", FMA_OCCURRED_AT}
};

static bool
HasPosition(FmaRun *run)
{
	return run->dataset->columns[FMA_LONGITUDE] != NULL && run->dataset->columns[FMA_LATITUDE] != NULL;
}

static bool
HasTime(FmaRun *run)
{
	return run->dataset->columns[FMA_OCCURRED_AT] != NULL && run->first_at <= run->last_at;
}

/* Whether rows are divided by their places' names, of which there may be too many */
static bool
HasPlaces(FmaRun *run)
{
	return HasPosition(run) && run->dataset->columns[FMA_PLACE] != NULL &&
		run->places <= MOST_PLACES * (int64) Max(list_length(run->versions), 1);
}

const char *
FmaLeaveOutSpaceTime(FmaRun *run)
{
	if (FmaFailedSql(run->dataset) == NULL)
		return "the dataset has no failures, only errors; failed says which are failures";
	if (!HasPosition(run) && !HasTime(run))
		return "no row has a longitude and latitude, or a time";
	return NULL;
}

/* That a row can be scanned: it lies on the earth, and its time is finite */
static char *
ScannableSql(FmaRun *run)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "true");
	if (HasPosition(run))
		appendStringInfo(&sql, " AND %s BETWEEN -180 AND 180 AND %s BETWEEN -90 AND 90",
						 FmaColumnSql(run->dataset, FMA_LONGITUDE), FmaColumnSql(run->dataset, FMA_LATITUDE));
	if (HasPlaces(run))
		appendStringInfo(&sql, " AND %s IS NOT NULL", FmaColumnSql(run->dataset, FMA_PLACE));
	if (HasTime(run))
		appendStringInfo(&sql, " AND isfinite(%s)", FmaColumnSql(run->dataset, FMA_OCCURRED_AT));
	return sql.data;
}

static void
TakeCount(void *argument, TupleTableSlot *slot)
{
	*(int64 *) argument = DatumGetInt64(slot->tts_values[0]);
}

/* Notes how many labelled rows are not scanned, and places without their names */
static void
NoteLeftOut(FmaRun *run)
{
	FmaRows    *rows = FmaReadSource(run, psprintf("SELECT count(*) %s AND (%s) IS NOT NULL AND (%s) IS NOT TRUE", run->from_current,
												   FmaLossSql(run->dataset), ScannableSql(run)));
	int64		n = 0;

	FmaEachRow(rows, TakeCount, &n);
	FmaFreeRows(rows);
	if (n > 0)
		FmaNote(run, INT64_FORMAT " rows without a valid position, place or time were left out", n);
	if (HasPosition(run) && run->dataset->columns[FMA_PLACE] != NULL && !HasPlaces(run))
		FmaNote(run, "there are more than %d places: their positions are scanned, in cells, without names", MOST_PLACES);
}

/* The query of the finder: only rows that it takes, so that its predicates are about columns of the source alone */
static char *
ScanSql(FmaRun *run)
{
	FmaDataset *dataset = run->dataset;
	const char *loss = FmaLossSql(dataset);
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT %s AS %s", loss, FMA_LOSS_NAME);
	for (int i = 0; i < lengthof(names); i++)
	{
		FmaRole		role = names[i].role;

		if (role == FMA_OCCURRED_AT ? HasTime(run) : role == FMA_PLACE ? HasPlaces(run) : HasPosition(run))
			appendStringInfo(&sql, ", %s AS %s", FmaColumnSql(dataset, role), names[i].name);
	}
	appendStringInfo(&sql, " %s AND (%s) IS NOT NULL AND (%s)", run->from_current, loss, ScannableSql(run));
	return sql.data;
}

/* Appends a word of a predicate, or the column that it stands for */
static void
AppendWord(FmaRun *run, StringInfo out, const char *word, int length)
{
	for (int i = 0; i < lengthof(names); i++)
		if (strlen(names[i].name) == length && strncmp(names[i].name, word, length) == 0)
		{
			appendStringInfoString(out, quote_identifier(run->dataset->columns[names[i].role]));
			return;
		}
	appendBinaryStringInfo(out, word, length);
}

/* A predicate of the finder, over the source's columns: it has words, quoted names, literals and signs */
static char *
OverSource(FmaRun *run, const char *predicate)
{
	StringInfoData out;

	initStringInfo(&out);
	while (*predicate != '\0')
	{
		int			length = 1;

		if (*predicate == '\'' || *predicate == '"')
		{
			/* A quote within is doubled, and so taken for the end and another beginning */
			while (predicate[length] != *predicate && predicate[length] != '\0')
				length++;
			length += predicate[length] != '\0';
		}
		else
			while (isalnum((unsigned char) *predicate) && isalnum((unsigned char) predicate[length]))
				length++;
		AppendWord(run, &out, predicate, length);
		predicate += length;
	}
	return out.data;
}

typedef struct Translation
{
	FmaRun	   *run;
	FmaRows    *translated;
} Translation;

static void
TranslateRow(void *argument, TupleTableSlot *slot)
{
	Translation *translation = argument;
	Datum	   *values = slot->tts_values;
	int			predicate = SPI_fnumber(slot->tts_tupleDescriptor, "predicate") - 1;

	values[predicate] = CStringGetTextDatum(OverSource(translation->run, TextDatumGetCString(values[predicate])));
	FmaAddRow(translation->translated, values, slot->tts_isnull);
}

/* Puts the source's names into the predicates */
static FmaRows *
Translate(FmaRun *run, FmaRows *rows)
{
	Translation translation = {run, FmaMakeRows(run, rows->columns)};

	FmaEachRow(rows, TranslateRow, &translation);
	FmaFreeRows(rows);
	return translation.translated;
}

/* Stage: clusters of neighbouring places and consecutive periods, as far as the dataset has these */
int64
FmaRunSpaceTime(FmaRun *run)
{
	const char *schema = FmaSchema();
	const char *period = HasTime(run) ? FmaPeriodOfTimes(run) : NULL;
	int64		n;

	NoteLeftOut(run);
	n = FmaStoreFinding(run, psprintf("SELECT * FROM %s.fma_find_space_time(%s, %s, replicates => %d)", schema,
										 quote_literal_cstr(ScanSql(run)),
										 period != NULL ? quote_literal_cstr(period) : "NULL", run->replicates),
						   Translate,
						   psprintf("INSERT INTO %s.fma_result_space_time SELECT $1, f.* FROM fma_rows AS f", schema));
	if (n == 0 && run->note.len == 0)
		FmaNote(run, "nothing failed more than elsewhere, or there is nothing to compare");
	return n;
}

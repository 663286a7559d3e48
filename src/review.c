/*
 * review.c
 *		Near-duplicates in a run: groups of them to be reviewed, and runs that
 *		leave out all but their representatives.
 */
#include "as_of.h"
#include "run.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(fma_exclude_duplicates);

/* Cosine similarity from which on rows are duplicates, where nobody says */
#define THRESHOLD 0.99

#define LEFT_OUT "left out: "

static double
Threshold(FmaRun *run)
{
	return FmaSettingNumber(run->dataset, "duplicate_threshold", THRESHOLD);
}

/* "the row is among those excluded", as SQL over the source */
static char *
ExcludedSql(const FmaDataset *dataset)
{
	return psprintf("%s COLLATE \"C\" IN (SELECT id COLLATE \"C\" FROM %s.fma_excluded WHERE dataset_id = %d)",
					FmaTextSql(dataset, FMA_ID), FmaSchema(), dataset->id);
}

char *
FmaExclusionSql(const FmaDataset *dataset)
{
	FmaIdentity identity;
	bool		any;

	if (dataset->columns[FMA_ID] == NULL)
		return NULL;
	identity = FmaActAsExtension();
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute(psprintf("SELECT FROM %s.fma_excluded WHERE dataset_id = %d LIMIT 1", FmaSchema(), dataset->id), true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read fma_excluded");
	any = SPI_processed > 0;
	SPI_finish();
	FmaActAgain(identity);
	return any ? psprintf(" AND (%s) IS NOT TRUE", ExcludedSql(dataset)) : NULL;
}

static void
TakeCount(void *argument, TupleTableSlot *slot)
{
	*(int64 *) argument = DatumGetInt64(slot->tts_values[0]);
}

static int64
CountRows(FmaRun *run, const char *from)
{
	FmaRows    *rows = FmaReadSource(run, psprintf("SELECT count(*) %s", from));
	int64		n = 0;

	FmaEachRow(rows, TakeCount, &n);
	FmaFreeRows(rows);
	return n;
}

/* Says how many rows are left out as duplicates */
void
FmaNoteExclusion(FmaRun *run)
{
	if (run->from == run->from_all)
		return;
	FmaNote(run, INT64_FORMAT " row(s) left out as duplicates, by fma_exclude_duplicates",
			CountRows(run, psprintf("%s AND %s", run->from_all, ExcludedSql(run->dataset))));
}

const char *
FmaLeaveOutDuplicates(FmaRun *run)
{
	if (run->dataset->columns[FMA_EMBEDDING] == NULL)
		return "the dataset has no embedding";
	if (run->dataset->columns[FMA_ID] == NULL)
		return "without id nobody could name the duplicates";
	if (Threshold(run) <= 0)
		return "duplicate_threshold is 0";
	return run->n == 0 ? "there are no rows" : NULL;
}

static const char *
OrNull(const char *sql)
{
	return sql == NULL ? "NULL::text" : sql;
}

/*
 * The current version's rows with or without an id, those included that runs
 * leave out: or the groups that they were excluded for would be gone from the
 * review.
 */
static char *
RowsSql(FmaRun *run, const char *test)
{
	FmaDataset *dataset = run->dataset;
	char	   *version = run->version == NULL ? "" :
		psprintf(" AND %s COLLATE \"C\" = %s", FmaTextSql(dataset, FMA_MODEL_VERSION), quote_literal_cstr(run->version));

	return psprintf("%s%s AND %s %s", run->from_all, version, FmaTextSql(dataset, FMA_ID), test);
}

/* The groups of rows, which a group names by their ids */
static char *
GroupsSql(FmaRun *run)
{
	FmaDataset *dataset = run->dataset;
	char	   *query = psprintf("SELECT %s, %s, %s, %s %s", FmaTextSql(dataset, FMA_ID), FmaColumnSql(dataset, FMA_EMBEDDING),
								 OrNull(dataset->task == FMA_CLASSIFICATION ? FmaLabelSql(dataset, FMA_TRUTH) : NULL),
								 OrNull(FmaTextSql(dataset, FMA_BATCH)), RowsSql(run, "IS NOT NULL"));

	return psprintf("SELECT * FROM %s.fma_duplicate_groups(%s, %s)", FmaSchema(), quote_literal_cstr(query), FmaFloat8ToString(Threshold(run)));
}

/* A search that may not be possible */
typedef struct Search
{
	FmaRun	   *run;
	int64		stored;
} Search;

/* Searches, and stores what was found: rows that were spilled do not outlive the subtransaction */
static void
StoreGroups(void *argument)
{
	Search	   *search = argument;
	FmaDataset *dataset = search->run->dataset;

	search->stored = FmaStoreAndFreeRows(search->run, FmaReadSource(search->run, GroupsSql(search->run)),
										 psprintf("INSERT INTO %s.fma_result_duplicate (run_id, group_id, size, id, representative, similarity, "
												  "min_similarity, label, batch, labels_disagree, crosses_batches) SELECT $1, group_id, size, id, "
												  "representative, similarity, min_similarity, label, set, %s, %s FROM fma_rows", FmaSchema(),
												  dataset->task == FMA_CLASSIFICATION ? "labels_disagree" : "NULL::boolean",
												  dataset->columns[FMA_BATCH] != NULL ? "crosses_sets" : "NULL::boolean"), NULL);
}

/*
 * Stage: groups of rows with nearly the same embedding.  Where there are more
 * rows than fma.search_memory has room for, or embeddings that cannot be
 * compared, it is left out and says so; the rest of the run needs none of it.
 */
int64
FmaRunDuplicates(FmaRun *run)
{
	Search		search = {run};
	ErrorData  *error = FmaTry(StoreGroups, &search);
	int64		without_id;

	if (error != NULL)
	{
		FmaNote(run, LEFT_OUT "%s%s%s", error->message, error->detail == NULL ? "" : ": ", error->detail == NULL ? "" : error->detail);
		return 0;
	}
	without_id = CountRows(run, RowsSql(run, "IS NULL"));
	if (without_id > 0)
		FmaNote(run, INT64_FORMAT " row(s) without an id were not looked at", without_id);
	return search.stored;
}

/* The run did search for duplicates: an error if not, since it would look as if there were none */
static void
CheckSearched(const FmaDataset *dataset, const FmaStoredRun *run)
{
	if (FmaWrite(psprintf("SELECT FROM %s.fma_result_stage WHERE run_id = " INT64_FORMAT " AND stage = 'duplicates' "
						  "AND coalesce(note NOT LIKE '" LEFT_OUT "%%', true)", FmaSchema(), run->id), 0, NULL, NULL, NULL) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("run " INT64_FORMAT " of dataset \"%s\" did not search for duplicates", run->id, dataset->name),
				 errhint("The note of its stage duplicates in fma_run_log tells why.")));
}

/*
 * fma_exclude_duplicates(name, exclude): from the next run on, all but the
 * representatives of the newest complete run's groups are left out, or with
 * exclude false nothing; returns how many ids are left out, or are no longer.
 */
Datum
fma_exclude_duplicates(PG_FUNCTION_ARGS)
{
	FmaDataset *dataset;
	FmaStoredRun *run = NULL;
	bool		exclude = PG_GETARG_BOOL(1);
	int64		n;

	PreventCommandIfReadOnly("fma_exclude_duplicates()");
	dataset = FmaGetLockedDataset(FmaTextArg(fcinfo, 0));
	if (exclude)
	{
		run = FmaNewestRun(dataset);
		CheckSearched(dataset, run);
	}
	n = FmaWrite(psprintf("DELETE FROM %s.fma_excluded WHERE dataset_id = %d", FmaSchema(), dataset->id), 0, NULL, NULL, NULL);
	if (exclude)
		n = FmaWrite(psprintf("INSERT INTO %s.fma_excluded (dataset_id, id, representative) SELECT DISTINCT ON (id) %d, id, representative "
							  "FROM %s.fma_result_duplicate WHERE run_id = " INT64_FORMAT " AND id <> representative ORDER BY id, representative",
							  FmaSchema(), dataset->id, FmaSchema(), run->id), 0, NULL, NULL, NULL);
	PG_RETURN_INT64(n);
}

/*
 * as_of.c
 *		Which run of a dataset is meant: the newest complete one, or the newest
 *		up to a run that the setting fma.as_of_run names.
 */
#include "as_of.h"

#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(fma_as_of_run);

#define SETTING "fma.as_of_run"

/* Runs have numbers beyond what an integer setting holds, so it is a string */
static char *as_of_text;
static int64 as_of = PG_INT64_MAX;

/* A number from 1, or nothing */
static bool
ParseRun(const char *text, int64 *run)
{
	char	   *end;

	*run = PG_INT64_MAX;
	if (text == NULL || *text == '\0')
		return true;
	errno = 0;
	*run = strtoi64(text, &end, 10);
	return *end == '\0' && errno == 0 && *run > 0 && isdigit((unsigned char) *text);
}

static bool
CheckRun(char **text, void **extra, GucSource source)
{
	int64		run;

	if (ParseRun(*text, &run))
		return true;
	GUC_check_errdetail("It is the number of a run, or empty.");
	return false;
}

static void
AssignRun(const char *text, void *extra)
{
	(void) ParseRun(text, &as_of);
}

void
FmaDefineAsOfRun(void)
{
	DefineCustomStringVariable(SETTING,
							   "Views and dashboard functions show the newest complete run up to this one.",
							   "Empty: the newest.",
							   &as_of_text, "", PGC_USERSET, 0, CheckRun, AssignRun, NULL);
}

int64
FmaAsOfRun(void)
{
	return as_of;
}

/* Shows a run until AtEOXact_GUC(false, result) */
int
FmaShowRun(int64 run)
{
	int			level = NewGUCNestLevel();

	(void) set_config_option(SETTING, psprintf(INT64_FORMAT, run), PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	return level;
}

/* A time in the row that SPI found, if it is not NULL */
static TimestampTz
FoundTime(int column, bool *found)
{
	bool		isnull;
	Datum		value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column, &isnull);

	*found = !isnull;
	return isnull ? 0 : DatumGetTimestampTz(value);
}

/*
 * The newest complete run of a dataset, which the current user may read, up to
 * the one of this number, or NULL.  Like ReadDataset, it runs nothing as the
 * caller that the owner of the tables could have put in their place.
 */
static FmaStoredRun *
NewestRunUpTo(const FmaDataset *dataset, int64 last)
{
	FmaStoredRun *run = palloc0(sizeof(FmaStoredRun));
	MemoryContext caller = CurrentMemoryContext;
	FmaIdentity identity = FmaActAsExtension();
	char	   *select = psprintf("SELECT run_id, model_version, since, until FROM %s.fma_result_run "
								  "WHERE dataset_id OPERATOR(pg_catalog.=) %d AND status OPERATOR(pg_catalog.=) 'complete' "
								  "AND run_id OPERATOR(pg_catalog.<=) " INT64_FORMAT " ORDER BY run_id DESC LIMIT 1",
								  FmaSchema(), dataset->id, last);
	char	   *version;
	bool		isnull;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute(select, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read fma_result_run");
	if (SPI_processed == 0)
	{
		SPI_finish();
		FmaActAgain(identity);
		return NULL;
	}
	run->id = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	version = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2);
	run->model_version = version == NULL ? NULL : MemoryContextStrdup(caller, version);
	run->since = FoundTime(3, &run->has_since);
	run->until = FoundTime(4, &run->has_until);
	SPI_finish();
	FmaActAgain(identity);
	return run;
}

/* The newest complete run of a dataset; an error if there is none */
FmaStoredRun *
FmaNewestRun(const FmaDataset *dataset)
{
	FmaStoredRun *run = NewestRunUpTo(dataset, PG_INT64_MAX);

	if (run == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("dataset \"%s\" has no complete run yet", dataset->name),
				 errhint("Make one: SELECT fma_run(%s).", quote_literal_cstr(dataset->name))));
	return run;
}

/* The run that the views show of a dataset: the newest complete one, unless fma.as_of_run says otherwise */
FmaStoredRun *
FmaShownRun(const FmaDataset *dataset)
{
	FmaStoredRun *run = FmaAsOfRun() == PG_INT64_MAX ? FmaNewestRun(dataset) : NewestRunUpTo(dataset, FmaAsOfRun());

	if (run == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("dataset \"%s\" had no complete run yet", dataset->name),
				 errdetail("The setting fma.as_of_run is " INT64_FORMAT ".", FmaAsOfRun()),
				 errhint("RESET fma.as_of_run shows the newest runs.")));
	return run;
}

/* A complete run of a dataset by its number; an error if it has no such run */
FmaStoredRun *
FmaCompleteRun(const FmaDataset *dataset, int64 id)
{
	FmaStoredRun *run = NewestRunUpTo(dataset, id);

	if (run == NULL || run->id != id)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("dataset \"%s\" has no complete run " INT64_FORMAT, dataset->name, id),
				 errhint("fma_run_history lists its complete runs.")));
	return run;
}

/* Whether a dataset has a run of this number that failed */
bool
FmaHasFailed(const FmaDataset *dataset, int64 id)
{
	FmaIdentity identity = FmaActAsExtension();
	bool		failed;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute(psprintf("SELECT FROM %s.fma_result_run WHERE dataset_id = %d AND run_id = " INT64_FORMAT " AND status = 'failed'",
							 FmaSchema(), dataset->id, id), true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read fma_result_run");
	failed = SPI_processed > 0;
	SPI_finish();
	FmaActAgain(identity);
	return failed;
}

/* fma_as_of_run() -> the greatest number of a run that views show */
Datum
fma_as_of_run(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(as_of);
}

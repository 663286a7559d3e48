/*
 * dashboard.c
 *		Which stored results a dashboard shows.
 */
#include "as_of.h"

#include "access/htup_details.h"
#include "arguments.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(fma_newest_run);

/* Reports a model version that a run does not have */
static void
UnknownVersion(const FmaDataset *dataset, const FmaStoredRun *run, const char *version)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("dataset \"%s\" has no model version \"%s\"", dataset->name, version),
			 errdetail("Run " INT64_FORMAT " of it, the newest complete one, found no row of this version.", run->id),
			 errhint("fma_get_overview lists the model versions.")));
}

/* Whether a run has overall results of a model version */
static bool
HasVersion(const FmaStoredRun *run, const char *version)
{
	char	   *select = psprintf("SELECT 1 FROM %s.fma_result_summary WHERE run_id OPERATOR(pg_catalog.=) " INT64_FORMAT
								  " AND segment_by OPERATOR(pg_catalog.=) 'overall' AND model_version OPERATOR(pg_catalog.=) $1",
								  FmaSchema(), run->id);
	Oid			types[] = {TEXTOID};
	Datum		values[] = {CStringGetTextDatum(version)};
	bool		found;
	FmaIdentity identity = FmaActAsExtension();

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute_with_args(select, 1, types, values, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read fma_result_summary");
	found = SPI_processed > 0;
	SPI_finish();
	FmaActAgain(identity);
	return found;
}

/*
 * fma_newest_run(dataset, model_version) -> run_id, model_version: the newest
 * complete run that the current user may read, and the version asked for, or
 * else the run's current one.  Errors say what is missing.
 */
Datum
fma_newest_run(PG_FUNCTION_ARGS)
{
	FmaDataset *dataset;
	FmaStoredRun *run;
	char	   *version;
	Datum		values[2];
	bool		nulls[2] = {0};

	dataset = FmaGetDataset(FmaWordArg(fcinfo, 0, "dataset"), FMA_READ);
	run = FmaShownRun(dataset);
	version = PG_ARGISNULL(1) ? run->model_version : FmaTextArg(fcinfo, 1);
	if (!PG_ARGISNULL(1) && !HasVersion(run, version))
		UnknownVersion(dataset, run, version);
	values[0] = Int64GetDatum(run->id);
	nulls[1] = version == NULL;
	values[1] = nulls[1] ? (Datum) 0 : CStringGetTextDatum(version);
	PG_RETURN_DATUM(FmaMakeRow(fcinfo, values, nulls));
}

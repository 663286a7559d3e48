/*
 * report_store.c
 *		Reports that are kept.
 */
#include "report.h"

#include "access/xact.h"
#include "arguments.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(fma_save_report);

/*
 * Stores a report; returns its number.  One whose rows could not be read counts
 * as one that has them: the error that it notes may quote a value of a row.
 */
static int64
StoreReport(const FmaDataset *dataset, const FmaStoredRun *run, int examples, Jsonb *report)
{
	Oid			types[] = {INT4OID, INT8OID, TEXTOID, BOOLOID, JSONBOID};
	Datum		values[] = {Int32GetDatum(dataset->id), Int64GetDatum(run->id),
		CStringGetTextDatum(GetUserNameFromId(GetUserId(), false)),
		BoolGetDatum(examples > 0), JsonbPGetDatum(report)};

	return FmaInsert(psprintf("INSERT INTO %s.fma_report (dataset_id, run_id, created_by, has_rows, report) VALUES ($1, $2, $3, $4, $5) "
							  "RETURNING report_id", FmaSchema()), lengthof(types), types, values, NULL);
}

/* Deletes all but the newest reports of a dataset */
static void
KeepNewest(const FmaDataset *dataset, int64 keep)
{
	Oid			types[] = {INT4OID, INT8OID};
	Datum		values[] = {Int32GetDatum(dataset->id), Int64GetDatum(keep)};

	FmaWrite(psprintf("DELETE FROM %s.fma_report WHERE dataset_id = $1 AND report_id <= ("
					  "SELECT report_id FROM %s.fma_report WHERE dataset_id = $1 ORDER BY report_id DESC LIMIT 1 OFFSET $2)",
					  FmaSchema(), FmaSchema()), lengthof(types), types, values, NULL);
}

/* Makes and stores the report on a run, if there is one */
static int64
SaveReport(const FmaDataset *dataset, const FmaStoredRun *run, int examples, int64 keep)
{
	int64		number = StoreReport(dataset, run, examples, FmaMakeReport(dataset, run, examples));

	if (keep > 0)
		KeepNewest(dataset, keep);
	return number;
}

/*
 * fma_save_report(dataset, run, examples, keep) -> the number of the report.
 * It sees a run that an argument of its own call has made, as a scheduled job
 * does; of one that failed there is no report, and that is no error, which would
 * undo the record of the failure.
 */
Datum
fma_save_report(PG_FUNCTION_ARGS)
{
	FmaDataset *dataset;
	FmaStoredRun *run;
	int			examples = FmaIntegerArg(fcinfo, 2, "examples", 0, FMA_MAX_EXAMPLES);
	int64		keep = PG_ARGISNULL(3) ? 0 : FmaIntegerArg(fcinfo, 3, "keep", 1, PG_INT32_MAX);
	int64		number;

	PreventCommandIfReadOnly("fma_save_report()");
	dataset = FmaGetDataset(FmaWordArg(fcinfo, 0, "dataset"), FMA_MANAGE);
	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	if (!PG_ARGISNULL(1) && FmaHasFailed(dataset, PG_GETARG_INT64(1)))
	{
		ereport(WARNING,
				(errmsg("run " INT64_FORMAT " of dataset \"%s\" failed, so there is no report on it", PG_GETARG_INT64(1), dataset->name)));
		PopActiveSnapshot();
		PG_RETURN_NULL();
	}
	run = PG_ARGISNULL(1) ? FmaNewestRun(dataset) : FmaCompleteRun(dataset, PG_GETARG_INT64(1));
	number = SaveReport(dataset, run, examples, keep);
	PopActiveSnapshot();
	PG_RETURN_INT64(number);
}

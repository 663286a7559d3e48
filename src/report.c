/*
 * report.c
 *		All that a run found, as one JSON object.
 *
 * The sections are read from the views, as they were when the run was the
 * newest one: a report and the views cannot disagree.
 */
#include "as_of.h"
#include "dataset.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"

PG_FUNCTION_INFO_V1(fma_report_json);

#define MAX_EXAMPLES 100

/* Reads the sections from the views, in the caller's memory context */
static Jsonb *
ReadSections(const char *dataset)
{
	MemoryContext caller = CurrentMemoryContext;
	Oid			types[] = {TEXTOID};
	Datum		values[] = {CStringGetTextDatum(dataset)};
	bool		isnull = true;
	Jsonb	   *sections = NULL;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute_with_args(psprintf("SELECT %s.fma_report_sections($1)", FmaSchema()), 1, types, values, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read the sections of a report");
	if (SPI_processed > 0)
	{
		Datum		value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);

		MemoryContextSwitchTo(caller);
		if (!isnull)
			sections = DatumGetJsonbPCopy(value);
	}
	SPI_finish();
	if (sections == NULL)
		elog(ERROR, "there are no sections of a report on dataset \"%s\"", dataset);
	return sections;
}

/* How many rows are to be listed for each hotspot and cell */
static int
ExamplesArg(FunctionCallInfo fcinfo)
{
	int			examples;

	if (PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("examples must not be NULL")));
	examples = PG_GETARG_INT32(2);
	if (examples < 0 || examples > MAX_EXAMPLES)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("examples must be between 0 and %d", MAX_EXAMPLES),
				 errdetail("examples is %d.", examples)));
	return examples;
}

/*
 * fma_report_json(dataset, run, examples) -> jsonb: doc/report.md has its
 * shape.  Errors: unknown dataset, no complete run, a run that is not one of
 * the dataset's complete runs.
 */
Datum
fma_report_json(PG_FUNCTION_ARGS)
{
	FmaDataset *dataset;
	FmaStoredRun *run;
	int			level;
	Jsonb	   *report;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("dataset must not be NULL")));
	dataset = FmaGetDataset(FmaTextArg(fcinfo, 0), FMA_READ);
	run = PG_ARGISNULL(1) ? FmaShownRun(dataset) : FmaCompleteRun(dataset, PG_GETARG_INT64(1));
	(void) ExamplesArg(fcinfo);
	level = FmaShowRun(run->id);
	report = ReadSections(dataset->name);
	AtEOXact_GUC(false, level);
	PG_RETURN_JSONB_P(report);
}

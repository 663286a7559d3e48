/*
 * report.c
 *		All that a run found, as one JSON object.
 *
 * The sections are read from the views, as they were when the run was the
 * newest one: a report and the views cannot disagree.
 */
#include "report.h"

#include "arguments.h"
#include "examples.h"
#include "report_words.h"
#include "settings.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"

PG_FUNCTION_INFO_V1(fma_report_json);

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

/* {key: value} added to a JSON object */
static Jsonb *
WithKey(Jsonb *object, const char *key, Jsonb *value)
{
	JsonbParseState *state = NULL;
	JsonbValue	null = {jbvNull};
	JsonbValue	added;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	pushJsonbValue(&state, WJB_KEY, FmaStringValue(key));
	if (value != NULL)
		JsonbToJsonbValue(value, &added);
	pushJsonbValue(&state, WJB_VALUE, value == NULL ? &null : &added);
	return DatumGetJsonbP(DirectFunctionCall2(jsonb_concat, JsonbPGetDatum(object),
											  JsonbPGetDatum(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)))));
}

/* Lines of text as a JSON array */
static Jsonb *
TextList(List *lines)
{
	return JsonbValueToJsonb(FmaStringsValue(lines));
}

/* The example rows, which not everyone may see who may see the results; notes say why there are none */
static Jsonb *
Examples(const FmaDataset *dataset, const FmaStoredRun *run, Jsonb *report, int per_group, List **notes)
{
	if (per_group > 0 && FmaMayReadPredictions(dataset))
		return FmaReadExamples(dataset, run, FmaOpenReport(report), per_group, notes);
	*notes = lappend(*notes, per_group > 0 ? "No rows are listed: they were not shared with the reader." :
					 "No rows are listed: none were asked for.");
	return NULL;
}

/* All that a run found, in the shape that doc/report.md describes */
Jsonb *
FmaMakeReport(const FmaDataset *dataset, const FmaStoredRun *run, int examples)
{
	List	   *notes = NIL;
	int			level = FmaShowRun(run->id);
	Jsonb	   *report = ReadSections(dataset->name);

	AtEOXact_GUC(false, level);
	report = WithKey(report, "examples", Examples(dataset, run, report, examples, &notes));
	report = WithKey(report, "summary", TextList(FmaSummaryOfReport(FmaOpenReport(report))));
	return WithKey(report, "notes", TextList(list_concat(FmaNotesOfReport(FmaOpenReport(report)), notes)));
}

/*
 * fma_report_json(dataset, run, examples) -> jsonb.  Errors: unknown dataset, no
 * complete run, a run that is not one of the dataset's complete runs.
 */
Datum
fma_report_json(PG_FUNCTION_ARGS)
{
	FmaDataset *dataset = FmaGetDataset(FmaWordArg(fcinfo, 0, "dataset"), FMA_READ);
	FmaStoredRun *run = PG_ARGISNULL(1) ? FmaShownRun(dataset) : FmaCompleteRun(dataset, PG_GETARG_INT64(1));

	PG_RETURN_JSONB_P(FmaMakeReport(dataset, run, FmaIntegerArg(fcinfo, 2, "examples", 0, FMA_MAX_EXAMPLES)));
}

/*
 * run.c
 *		fma_run: an analysis of a dataset, on one snapshot, in one transaction.
 *
 * The stages run in a subtransaction.  An error in one of them undoes what they
 * stored, and the run is kept as failed, so that whoever looks for results
 * finds the earlier ones, and why there are no new ones.  A cancel, a shutdown
 * and what asks for the transaction to be repeated are passed on.
 */
#include "run.h"

#include "access/xact.h"
#include "arguments.h"
#include "catalog/pg_type.h"
#include "commands/async.h"
#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "tcop/utility.h"
#include "utils/backend_status.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/json.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "encode.h"
#include "known.h"

PG_FUNCTION_INFO_V1(fma_run);
PG_FUNCTION_INFO_V1(fma_prune);

/* The channel that is told when a run has ended */
#define CHANNEL "fma_run"

/* Bytes of a dataset's name that application_name has room for */
#define SHOWN_NAME 30

/* Defaults of the dataset's options */
#define MAX_SLICES 50
#define MAX_MAX_SLICES 1000
#define MAX_ORDER 2
#define MAX_MAX_ORDER 3
#define BINS 5
#define MAX_VALUES 50
#define FDR 0.05
#define MIN_LIFT 1.1
#define REPLICATES 199
#define MAX_REPLICATES 99999

/* How a stage went */
typedef struct StageRecord
{
	int			position;
	const char *name;
	TimestampTz started_at;
	double		seconds;
	int64		n;
	char	   *note;
} StageRecord;

/* What fma_run keeps beside what the stages see */
typedef struct Engine
{
	FmaRun		run;
	TimestampTz started_at;
	const char *stage;			/* the current one */
	List	   *records;		/* of StageRecord * */
} Engine;

/* An option of the dataset, which must be within [low, high] */
static double
OptionOf(FmaDataset *dataset, const char *key, double missing, double low, double high)
{
	double		value = FmaSettingNumber(dataset, key, missing);

	if (!(value >= low && value <= high))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the setting %s of dataset \"%s\" must be between %g and %g", key, dataset->name, low, high),
				 errdetail("It is %s.", FmaFloat8ToString(value))));
	return value;
}

static void
ReadOptions(FmaRun *run)
{
	FmaDataset *dataset = run->dataset;

	run->max_slices = OptionOf(dataset, "max_slices", MAX_SLICES, 1, MAX_MAX_SLICES);
	run->max_order = OptionOf(dataset, "max_order", MAX_ORDER, 1, MAX_MAX_ORDER);
	run->min_rows = OptionOf(dataset, "min_rows", 0, 0, PG_INT32_MAX);
	run->bins = OptionOf(dataset, "bins", BINS, 2, FMA_MAX_VALUES);
	run->max_values = OptionOf(dataset, "max_values", MAX_VALUES, 1, FMA_MAX_VALUES);
	run->fdr = OptionOf(dataset, "fdr", FDR, 0, 1);
	run->min_lift = OptionOf(dataset, "min_lift", MIN_LIFT, 0, 1e6);
	run->replicates = OptionOf(dataset, "replicates", REPLICATES, 0, MAX_REPLICATES);
	run->reference_run = OptionOf(dataset, "reference_run", 0, 0, PG_INT32_MAX);
}

/* A time as text that reads back whatever the settings; to be called as the owner */
static char *
TimeText(bool given, TimestampTz time)
{
	return given ? DatumGetCString(DirectFunctionCall1(timestamptz_out, TimestampTzGetDatum(time))) : NULL;
}

/* Sets where the rows come from */
static void
PrepareSource(FmaRun *run)
{
	FmaDataset *dataset = run->dataset;
	FmaIdentity identity;
	char	   *exclusion;
	bool		has_where = dataset->filter != NULL || run->has_since || run->has_until;

	identity = FmaActAsOwner(dataset);
	run->from = psprintf("%s%s", FmaFromSql(dataset, TimeText(run->has_since, run->since),
											TimeText(run->has_until, run->until)),
						 has_where ? "" : " WHERE true");
	FmaActAgain(identity);
	run->from_all = run->from;
	exclusion = FmaExclusionSql(dataset);
	if (exclusion != NULL)
		run->from = psprintf("%s%s", run->from_all, exclusion);
	run->from_current = run->from;	/* until the versions are known */
}

/* Stores the run, as yet without results, and gives it its number */
static void
InsertRun(Engine *engine)
{
	FmaRun	   *run = &engine->run;
	Oid			types[] = {INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, JSONBOID};
	Datum		values[] = {Int32GetDatum(run->dataset->id), TimestampTzGetDatum(engine->started_at),
	TimestampTzGetDatum(run->since), TimestampTzGetDatum(run->until), JsonbPGetDatum(run->dataset->settings)};
	const char	nulls[] = {' ', ' ', run->has_since ? ' ' : 'n', run->has_until ? ' ' : 'n', ' '};
	char	   *insert = psprintf("INSERT INTO %s.fma_result_run (dataset_id, status, started_at, since, until, settings, fma_version) "
								  "SELECT $1, 'running', $2, $3, $4, $5, extversion FROM pg_catalog.pg_extension WHERE extname = 'fma' "
								  "RETURNING run_id", FmaSchema());
	FmaIdentity identity = FmaActAsExtension();
	bool		isnull;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute_with_args(insert, lengthof(types), types, values, nulls, false, 0) != SPI_OK_INSERT_RETURNING ||
		SPI_processed != 1)
		elog(ERROR, "could not store a run");
	run->run_id = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();
	FmaActAgain(identity);
}

/* Says how far a run is: to the client, and in application_name to other sessions */
static void
ShowProgress(Engine *engine, int position)
{
	const char *name = engine->run.dataset->name;
	int			shown = pg_mbcliplen(name, strlen(name), SHOWN_NAME);

	pgstat_report_appname(psprintf("fma: %.*s, %s %d/%d", shown, name, engine->stage, position, FmaNumberOfStages));
	ereport(NOTICE, (errmsg("fma: %s, %s %d/%d", name, engine->stage, position, FmaNumberOfStages)));
}

/* Runs one stage, and records how it went */
static void
RunStage(Engine *engine, int position)
{
	FmaRun	   *run = &engine->run;
	const FmaStage *stage = &FmaStages[position - 1];
	StageRecord *record = palloc0(sizeof(StageRecord));
	const char *reason = stage->left_out == NULL ? NULL : stage->left_out(run);
	instr_time	start,
				end;

	engine->stage = stage->name;
	record->position = position;
	record->name = stage->name;
	record->started_at = GetCurrentTimestamp();
	resetStringInfo(&run->note);
	INSTR_TIME_SET_CURRENT(start);
	if (reason != NULL)
		FmaNote(run, "left out: %s", reason);
	else
	{
		ShowProgress(engine, position);
		record->n = stage->execute(run);
	}
	INSTR_TIME_SET_CURRENT(end);
	INSTR_TIME_SUBTRACT(end, start);
	record->seconds = INSTR_TIME_GET_DOUBLE(end);
	record->note = run->note.len > 0 ? pstrdup(run->note.data) : NULL;
	engine->records = lappend(engine->records, record);
	CHECK_FOR_INTERRUPTS();
}

/* All stages, one after the other */
static void
RunStages(void *argument)
{
	Engine	   *engine = argument;

	engine->stage = FmaStages[0].name;
	FmaCheckDataset(engine->run.dataset);
	PrepareSource(&engine->run);
	for (int position = 1; position <= FmaNumberOfStages; position++)
		RunStage(engine, position);
}

/* Stores how the stages went; those of a failed run stored nothing that is left */
static void
InsertStages(Engine *engine, bool failed)
{
	char	   *insert = psprintf("INSERT INTO %s.fma_result_stage (run_id, position, stage, started_at, seconds, n, note) "
								  "VALUES ($1, $2, $3, $4, $5, $6, $7)", FmaSchema());
	Oid			types[] = {INT8OID, INT4OID, TEXTOID, TIMESTAMPTZOID, FLOAT8OID, INT8OID, TEXTOID};
	ListCell   *cell;

	foreach(cell, engine->records)
	{
		StageRecord *record = lfirst(cell);
		Datum		values[] = {Int64GetDatum(engine->run.run_id), Int32GetDatum(record->position),
			CStringGetTextDatum(record->name), TimestampTzGetDatum(record->started_at), Float8GetDatum(record->seconds),
		Int64GetDatum(failed ? 0 : record->n), record->note == NULL ? (Datum) 0 : CStringGetTextDatum(record->note)};
		const char	nulls[] = {' ', ' ', ' ', ' ', ' ', ' ', record->note == NULL ? 'n' : ' '};

		FmaWrite(insert, lengthof(types), types, values, nulls);
	}
}

static Datum
TextOrNull(const char *text, char *null)
{
	*null = text == NULL ? 'n' : ' ';
	return text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

/* Stores how the run ended */
static void
FinishRun(Engine *engine, const ErrorData *error)
{
	Oid			types[] = {INT8OID, TEXTOID, TIMESTAMPTZOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID};
	Datum		values[lengthof(types)];
	char		nulls[lengthof(types)];

	memset(nulls, ' ', sizeof(nulls));
	values[0] = Int64GetDatum(engine->run.run_id);
	values[1] = CStringGetTextDatum(error == NULL ? "complete" : "failed");
	values[2] = TimestampTzGetDatum(GetCurrentTimestamp());
	values[3] = TextOrNull(error == NULL ? NULL : engine->stage, &nulls[3]);
	values[4] = TextOrNull(error == NULL ? NULL : unpack_sql_state(error->sqlerrcode), &nulls[4]);
	values[5] = TextOrNull(error == NULL ? NULL : error->message, &nulls[5]);
	values[6] = TextOrNull(error == NULL ? NULL : error->detail, &nulls[6]);
	FmaWrite(psprintf("UPDATE %s.fma_result_run SET status = $2, finished_at = $3, failed_stage = $4, sqlstate = $5, message = $6, detail = $7 "
					  "WHERE run_id = $1", FmaSchema()), lengthof(types), types, values, nulls);
	InsertStages(engine, error != NULL);
}

/*
 * Tells whoever listens.  Everyone in the database may, so there is nothing of
 * the rows in it but their number; it is far below the limit of 8000 bytes.
 */
static void
Notify(Engine *engine, const ErrorData *error)
{
	FmaRun	   *run = &engine->run;
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfo(&json, "{\"run_id\": " INT64_FORMAT ", \"dataset\": ", run->run_id);
	escape_json(&json, run->dataset->name);
	appendStringInfo(&json, ", \"status\": \"%s\"", error == NULL ? "complete" : "failed");
	if (error != NULL)
		appendStringInfo(&json, ", \"stage\": \"%s\", \"sqlstate\": \"%s\"", engine->stage, unpack_sql_state(error->sqlerrcode));
	else
	{
		appendStringInfo(&json, ", \"n\": " INT64_FORMAT, run->n);
		if (run->failures >= 0)
			appendStringInfo(&json, ", \"failures\": " INT64_FORMAT, run->failures);
		appendStringInfo(&json, ", \"hotspots\": " INT64_FORMAT ", \"failed_rules\": " INT64_FORMAT, run->hotspots, run->failed_rules);
	}
	appendStringInfoChar(&json, '}');
	Async_Notify(CHANNEL, json.data);
}

/* Runs the stages, with the progress shown meanwhile, and stores how it ended */
static void
Run(Engine *engine)
{
	ErrorData  *volatile error = NULL;

	FmaStartKnowing(engine->run.dataset);
	PG_TRY();
	{
		error = FmaTry(RunStages, engine);
	}
	PG_FINALLY();
	{
		FmaStopKnowing();
		pgstat_report_appname(application_name == NULL ? "" : application_name);
	}
	PG_END_TRY();
	FinishRun(engine, error);
	Notify(engine, error);
	if (error != NULL)
		ereport(WARNING,
				(errcode(error->sqlerrcode),
				 errmsg("run " INT64_FORMAT " of dataset \"%s\" failed in stage \"%s\": %s",
						engine->run.run_id, engine->run.dataset->name, engine->stage, error->message),
				 error->detail == NULL ? 0 : errdetail_internal("%s", error->detail),
				 errhint("It is kept as failed; the results of earlier runs stay.")));
}

/*
 * fma_run(name, since, until): analyses the rows of a dataset that occurred
 * from "since" on and before "until"; returns the number of the run.  Errors:
 * another session runs or changes the dataset (55P03), no rights.  An error
 * within the analysis is no error of this function but a failed run.
 */
Datum
fma_run(PG_FUNCTION_ARGS)
{
	Engine	   *engine = palloc0(sizeof(Engine));
	FmaRun	   *run = &engine->run;

	PreventCommandIfReadOnly("fma_run()");
	engine->started_at = GetCurrentTimestamp();
	run->has_since = !PG_ARGISNULL(1);
	run->has_until = !PG_ARGISNULL(2);
	run->since = run->has_since ? PG_GETARG_TIMESTAMPTZ(1) : 0;
	run->until = run->has_until ? PG_GETARG_TIMESTAMPTZ(2) : 0;
	if (run->has_since && run->has_until && run->since >= run->until)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("since must be before until")));
	run->dataset = FmaGetLockedDataset(FmaWordArg(fcinfo, 0, "name"));
	if ((run->has_since || run->has_until) && run->dataset->columns[FMA_OCCURRED_AT] == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("dataset \"%s\" has no times to choose rows by", run->dataset->name),
				 errhint("Register the column that says when a row happened as occurred_at.")));
	run->context = CurrentMemoryContext;
	run->failures = -1;
	run->first_at = DT_NOEND;
	run->last_at = DT_NOBEGIN;
	initStringInfo(&run->note);

	/* One snapshot for all reads, taken when nobody else changes the dataset any more */
	PushActiveSnapshot(GetTransactionSnapshot());
	ReadOptions(run);
	InsertRun(engine);
	Run(engine);
	PopActiveSnapshot();
	PG_RETURN_INT64(run->run_id);
}

/*
 * fma_prune(name, keep): deletes the runs that started longer ago than "keep",
 * but never the newest complete one, likewise saved reports, and cluster models
 * that no run is left of; returns how many runs.
 */
Datum
fma_prune(PG_FUNCTION_ARGS)
{
	FmaDataset *dataset;
	Oid			types[] = {INT4OID, INTERVALOID};
	Datum		values[lengthof(types)];
	char	   *delete;
	int64		deleted;

	PreventCommandIfReadOnly("fma_prune()");
	FmaNeedArg(fcinfo, 1, "keep");
	dataset = FmaGetLockedDataset(FmaWordArg(fcinfo, 0, "name"));
	values[0] = Int32GetDatum(dataset->id);
	values[1] = PG_GETARG_DATUM(1);
	delete = psprintf("DELETE FROM %s.fma_result_run WHERE dataset_id = $1 "
					  "AND started_at < clock_timestamp() - $2 "
					  "AND run_id <> ALL (SELECT max(run_id) FROM %s.fma_result_run "
					  "WHERE dataset_id = $1 AND status = 'complete' "
					  "HAVING max(run_id) IS NOT NULL)", FmaSchema(), FmaSchema());
	deleted = FmaWrite(delete, lengthof(types), types, values, NULL);
	FmaWrite(psprintf("DELETE FROM %s.fma_report WHERE dataset_id = $1 AND created_at < clock_timestamp() - $2 "
					  "AND report_id <> ALL (SELECT max(report_id) FROM %s.fma_report WHERE dataset_id = $1 HAVING max(report_id) IS NOT NULL)",
					  FmaSchema(), FmaSchema()), lengthof(types), types, values, NULL);
	FmaWrite(psprintf("DELETE FROM %s.fma_cluster_model AS m WHERE m.dataset_id = %d AND m.retired "
					  "AND NOT EXISTS (SELECT FROM %s.fma_result_cluster AS c WHERE c.model_id = m.model_id)",
					  FmaSchema(), dataset->id, FmaSchema()), 0, NULL, NULL, NULL);
	PG_RETURN_INT64(deleted);
}

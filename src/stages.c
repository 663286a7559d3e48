/*
 * stages.c
 *		The stages of a run, and how they read and store rows.
 */
#include "run.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"

/* A value of a segment takes 7 kB with its calibration curve; with less memory than this, they would be written to disk */
#define READ_WORK_MEM_KB 131072

/* In the order in which they run; each may use what those before it found out */
const FmaStage FmaStages[] = {
	{"summaries", NULL, FmaRunSummaries},
	{"units", FmaLeaveOutUnits, FmaRunUnits},
	{"clusters", FmaLeaveOutClusters, FmaRunClusters},
	{"duplicates", FmaLeaveOutDuplicates, FmaRunDuplicates},
	{"slices", FmaLeaveOutSlices, FmaRunSlices},
	{"slice metrics", FmaLeaveOutSliceMetrics, FmaRunSliceMetrics},
	{"confirmation", FmaLeaveOutConfirmation, FmaRunConfirmation},
	{"model versions", FmaLeaveOutVersions, FmaRunVersions},
	{"change points", FmaLeaveOutChangepoints, FmaRunChangepoints},
	{"drift", FmaLeaveOutDrift, FmaRunDrift},
	{"explanation", FmaLeaveOutExplanation, FmaRunExplanation},
	{"space-time", FmaLeaveOutSpaceTime, FmaRunSpaceTime},
	{"rules", NULL, FmaRunRules},
};

const int	FmaNumberOfStages = lengthof(FmaStages);

/* Adds to what is noted about the current stage */
void
FmaNote(FmaRun *run, const char *format,...)
{
	int			missing;

	if (run->note.len > 0)
		appendStringInfoString(&run->note, "; ");
	do
	{
		va_list		arguments;

		va_start(arguments, format);
		missing = appendStringInfoVA(&run->note, format, arguments);
		va_end(arguments);
		if (missing > 0)
			enlargeStringInfo(&run->note, missing);
	} while (missing > 0);
}

/* Called before the first row of a query */
static void
StartRows(FmaRowReader *reader, TupleDesc columns)
{
	FmaRows    *rows = (FmaRows *) reader;
	MemoryContext caller = MemoryContextSwitchTo(rows->context);

	rows->columns = CreateTupleDescCopy(columns);
	MemoryContextSwitchTo(caller);
}

static void
KeepRow(FmaRowReader *reader, TupleTableSlot *slot)
{
	tuplestore_puttupleslot(((FmaRows *) reader)->store, slot);
}

TupleDesc
FmaDescribe(const FmaResultColumn *columns, int n)
{
	TupleDesc	tuple = CreateTemplateTupleDesc(n);

	for (int i = 0; i < n; i++)
		TupleDescInitEntry(tuple, i + 1, columns[i].name, columns[i].type, -1, 0);
	return tuple;
}

/* Rows that are yet to be added */
FmaRows *
FmaMakeRows(FmaRun *run, TupleDesc columns)
{
	FmaRows    *rows = MemoryContextAllocZero(run->context, sizeof(FmaRows));
	MemoryContext caller = MemoryContextSwitchTo(run->context);

	rows->reader.start = StartRows;
	rows->reader.row = KeepRow;
	rows->reader.parallel = true;
	rows->context = run->context;
	rows->columns = columns;
	rows->store = tuplestore_begin_heap(true, false, work_mem);
	MemoryContextSwitchTo(caller);
	return rows;
}

/* The rows of a query that contains what a registrant wrote */
FmaRows *
FmaReadSource(FmaRun *run, const char *query)
{
	FmaRows    *rows = FmaMakeRows(run, NULL);
	FmaIdentity identity = FmaActAsOwner(run->dataset);

	if (work_mem < READ_WORK_MEM_KB)
		(void) set_config_option("work_mem", CppAsString2(READ_WORK_MEM_KB), PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	FmaReadQuery(query, &rows->reader);
	FmaActAgain(identity);
	return rows;
}

typedef struct Trial
{
	FmaRun	   *run;
	const char *query;
} Trial;

static void
ReadTrial(void *argument)
{
	Trial	   *trial = argument;

	FmaFreeRows(FmaReadSource(trial->run, trial->query));
}

ErrorData *
FmaTryQuery(FmaRun *run, const char *query)
{
	Trial		trial = {run, query};

	return FmaTry(ReadTrial, &trial);
}

void
FmaAddRow(FmaRows *rows, Datum *values, bool *nulls)
{
	tuplestore_putvalues(rows->store, rows->columns, values, nulls);
}

/* Hands over row by row; what is taken must be copied */
void
FmaEachRow(FmaRows *rows, void (*take) (void *argument, TupleTableSlot *slot), void *argument)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(rows->columns, &TTSOpsMinimalTuple);

	tuplestore_rescan(rows->store);
	while (tuplestore_gettupleslot(rows->store, true, false, slot))
	{
		slot_getallattrs(slot);
		take(argument, slot);
	}
	ExecDropSingleTupleTableSlot(slot);
}

/* Lets rows go; what has been spilled to disk must not outlive the statement */
void
FmaFreeRows(FmaRows *rows)
{
	tuplestore_end(rows->store);
	pfree(rows);
}

void
FmaEachResult(FmaRun *run, const char *query, void (*take) (void *argument, TupleTableSlot *slot), void *argument)
{
	FmaRows    *rows = FmaMakeRows(run, NULL);
	FmaIdentity identity = FmaActAsExtension();

	FmaReadQuery(query, &rows->reader);
	FmaActAgain(identity);
	FmaEachRow(rows, take, argument);
	FmaFreeRows(rows);
}

/* The rows as the table fma_rows, for the statements of the current SPI connection */
static void
RegisterRows(FmaRows *rows)
{
	EphemeralNamedRelation relation = palloc0(sizeof(EphemeralNamedRelationData));
	int			result;

	relation->md.name = "fma_rows";
	relation->md.reliddesc = InvalidOid;
	relation->md.tupdesc = rows->columns;
	relation->md.enrtype = ENR_NAMED_TUPLESTORE;
	relation->md.enrtuples = tuplestore_tuple_count(rows->store);
	relation->reldata = rows->store;
	result = SPI_register_relation(relation);
	if (result < 0)
		elog(ERROR, "SPI_register_relation failed: %s", SPI_result_code_string(result));
}

int64
FmaStoreRows(FmaRun *run, FmaRows *rows, const char *statement, const char *text)
{
	Oid			types[] = {INT8OID, TEXTOID};
	Datum		values[] = {Int64GetDatum(run->run_id), text == NULL ? (Datum) 0 : CStringGetTextDatum(text)};
	const char	nulls[] = {' ', text == NULL ? 'n' : ' '};
	FmaIdentity identity = FmaActAsExtension();
	int64		n;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	RegisterRows(rows);
	if (SPI_execute_with_args(statement, lengthof(types), types, values, nulls, false, 0) < 0)
		elog(ERROR, "SPI_execute_with_args failed: %s", statement);
	n = SPI_processed;
	SPI_finish();
	FmaActAgain(identity);
	return n;
}

/* The same for rows that nobody wants after that */
int64
FmaStoreAndFreeRows(FmaRun *run, FmaRows *rows, const char *statement, const char *text)
{
	int64		n = FmaStoreRows(run, rows, statement, text);

	FmaFreeRows(rows);
	return n;
}

/* A finder's call, and what becomes of its rows */
typedef struct Finding
{
	FmaRun	   *run;
	const char *query;
	FmaRows    *(*change) (FmaRun *run, FmaRows *rows);
	const char *insert;
	int64		n;
} Finding;

static void
StoreRowsOfFinding(void *argument)
{
	Finding    *finding = argument;

	FmaRows    *rows = FmaReadSource(finding->run, finding->query);

	if (finding->change != NULL)
		rows = finding->change(finding->run, rows);
	finding->n = FmaStoreAndFreeRows(finding->run, rows, finding->insert, NULL);
}

/*
 * Stores what a finder says that is called as the owner.  One that would need
 * more than a limit allows, such as fma.search_memory, is left out, and noted:
 * the rest of the run is worth having without it.
 */
int64
FmaStoreFinding(FmaRun *run, const char *query, FmaRows *(*change) (FmaRun *run, FmaRows *rows), const char *insert)
{
	Finding		finding = {run, query, change, insert};
	ErrorData  *error = FmaTry(StoreRowsOfFinding, &finding);

	if (error == NULL)
		return finding.n;
	if (ERRCODE_TO_CATEGORY(error->sqlerrcode) != ERRCODE_PROGRAM_LIMIT_EXCEEDED)
		ReThrowError(error);
	FmaNote(run, "left out: %s", error->message);
	if (error->detail != NULL)
		FmaNote(run, "%s", error->detail);
	return 0;
}

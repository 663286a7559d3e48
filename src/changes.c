/*
 * changes.c
 *		Stages of a run: when the losses changed, how the rows differ from
 *		earlier ones, and why the rate changed.
 *
 * Each is a finder's answer, kept.
 */
#include "findings.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "nodes/value.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

/* The rows that are compared: those of the reference up to a time, and the run's after it */
typedef struct Pair
{
	FmaRun	   *run;
	int64		run_id;			/* of the run whose rows are the reference; 0: the first half of this run's */
	char	   *version;		/* the current one of that run, or NULL */
	bool		has_times;
	TimestampTz from;			/* the reference's first row */
	TimestampTz last;			/* and its last */
} Pair;

/* A time as a literal */
static char *
TimeLiteral(FmaRun *run, TimestampTz at)
{
	FmaIdentity identity = FmaActAsOwner(run->dataset);
	char	   *text = DatumGetCString(DirectFunctionCall1(timestamptz_out, TimestampTzGetDatum(at)));

	FmaActAgain(identity);
	return psprintf("%s::timestamptz", quote_literal_cstr(text));
}

/* The run's period, but dates have no hours */
const char *
FmaPeriodOfTimes(FmaRun *run)
{
	FmaDataset *dataset = run->dataset;
	Oid			type = getBaseType(get_atttype(dataset->relation, get_attnum(dataset->relation, dataset->columns[FMA_OCCURRED_AT])));

	return run->period != NULL && strcmp(run->period, "hour") == 0 && type == DATEOID ? "day" : run->period;
}

/* The loss and the time of the rows with both, under the names that predicates shall have */
static const char *
TimelineSql(FmaRun *run)
{
	const char *loss = FmaLossSql(run->dataset);
	const char *at = FmaColumnSql(run->dataset, FMA_OCCURRED_AT);

	return psprintf("SELECT %s AS %s, %s AS %s %s AND (%s) IS NOT NULL AND isfinite(%s)", loss,
					quote_identifier(FmaUnusedName(run->dataset, FMA_LOSS_NAME)), at,
					quote_identifier(run->dataset->columns[FMA_OCCURRED_AT]), run->from_current, loss, at);
}

const char *
FmaLeaveOutChangepoints(FmaRun *run)
{
	if (run->dataset->columns[FMA_OCCURRED_AT] == NULL)
		return "the dataset has no occurred_at";
	if (run->first_at > run->last_at)
		return "no row has a time";
	return NULL;
}

/* Stage: change points of the current version's timeline */
int64
FmaRunChangepoints(FmaRun *run)
{
	const char *schema = FmaSchema();
	const char *period = FmaPeriodOfTimes(run);

	return FmaStoreFinding(run, psprintf("SELECT * FROM %s.fma_find_changepoints(%s, %s, replicates => %d)", schema,
										 quote_literal_cstr(TimelineSql(run)),
										 quote_literal_cstr(period == NULL ? "auto" : period), run->replicates), NULL,
						   psprintf("INSERT INTO %s.fma_result_changepoint SELECT $1, f.* FROM fma_rows AS f", schema));
}

static void
TakeReference(void *argument, TupleTableSlot *slot)
{
	Pair	   *pair = argument;

	pair->run_id = DatumGetInt64(slot->tts_values[0]);
	pair->version = slot->tts_isnull[1] ? NULL : TextDatumGetCString(slot->tts_values[1]);
	pair->has_times = !slot->tts_isnull[2];
	pair->from = DatumGetTimestampTz(slot->tts_values[2]);
	pair->last = DatumGetTimestampTz(slot->tts_values[3]);
}

/*
 * Which rows are the reference: those of the run that the settings name, else
 * those of the newest complete run before whose rows end before this run's do,
 * else the first half of this run's time.
 */
static Pair
FindPair(FmaRun *run)
{
	Pair		pair = {.run = run};
	const char *which = run->reference_run > 0 ? psprintf("run_id = " INT64_FORMAT, run->reference_run) :
		psprintf("run_id < " INT64_FORMAT " AND last_at < %s", run->run_id, TimeLiteral(run, run->last_at));

	FmaEachResult(run, psprintf("SELECT run_id, model_version, first_at, last_at FROM %s.fma_result_run WHERE dataset_id = %d "
								"AND status = 'complete' AND %s ORDER BY run_id DESC LIMIT 1", FmaSchema(), run->dataset->id, which),
				  TakeReference, &pair);
	if (pair.run_id == 0 && run->reference_run == 0)
	{
		pair.has_times = true;
		pair.version = run->version;
		pair.from = run->first_at;
		pair.last = run->first_at + (run->last_at - run->first_at) / 2;
	}
	return pair;
}

static const char *
LeaveOutPair(FmaRun *run)
{
	const char *reason = FmaLeaveOutChangepoints(run);
	Pair		pair;

	if (reason != NULL)
		return reason;
	pair = FindPair(run);
	if (pair.run_id == 0 && run->reference_run > 0)
		return psprintf("the dataset has no complete run " INT64_FORMAT ", which reference_run names", run->reference_run);
	if (!pair.has_times)
		return psprintf("run " INT64_FORMAT ", which reference_run names, has no rows with a time", pair.run_id);
	if (pair.last >= run->last_at)
		return pair.run_id == 0 ? "all rows have the same time" :
			psprintf("no rows are newer than those of run " INT64_FORMAT ", which reference_run names", pair.run_id);
	return NULL;
}

/* What is not the loss: the features and, for drift, what the model says */
static List *
ComparedColumns(FmaRun *run, bool predictions)
{
	static const FmaRole roles[] = {FMA_PREDICTION, FMA_CONFIDENCE};
	FmaDataset *dataset = run->dataset;
	List	   *columns = NIL;
	ListCell   *cell;

	foreach(cell, dataset->features)
		columns = lappend(columns, makeString(lfirst(cell)));
	for (int i = 0; i < lengthof(roles) && predictions; i++)
		if (dataset->columns[roles[i]] != NULL && !(roles[i] == FMA_PREDICTION && FmaRowsAreImages(dataset)))
			columns = list_append_unique(columns, makeString(dataset->columns[roles[i]]));
	return columns;
}

/* ", t.column, ..."; predictions as their labels are shown */
static char *
ComparedSql(FmaRun *run, bool predictions)
{
	FmaDataset *dataset = run->dataset;
	const char *prediction = dataset->columns[FMA_PREDICTION];
	StringInfoData sql;
	ListCell   *cell;

	initStringInfo(&sql);
	foreach(cell, ComparedColumns(run, predictions))
	{
		const char *name = strVal(lfirst(cell));

		if (predictions && prediction != NULL && strcmp(name, prediction) == 0 && dataset->task == FMA_CLASSIFICATION)
			appendStringInfo(&sql, "%s%s AS %s", sql.len > 0 ? ", " : "", FmaLabelSql(dataset, FMA_PREDICTION), quote_identifier(name));
		else
			appendStringInfo(&sql, "%st.%s", sql.len > 0 ? ", " : "", quote_identifier(name));
	}
	return sql.data;
}

/* The two queries as arguments of a finder: "what" of the reference's rows, and of the newer ones, that are such */
static char *
PairSql(const Pair *pair, const char *what, const char *where)
{
	FmaRun	   *run = pair->run;
	FmaDataset *dataset = run->dataset;
	const char *at = FmaTimeSql(dataset),
			   *exclusion = FmaExclusionSql(run->dataset);
	char	   *from = TimeLiteral(run, pair->from),
			   *last = TimeLiteral(run, pair->last);
	StringInfoData reference,
				current;

	initStringInfo(&reference);
	appendStringInfo(&reference, "SELECT %s %s %s %s BETWEEN %s AND %s%s%s", what, FmaFromSql(dataset, NULL, NULL),
					 dataset->filter == NULL ? "WHERE" : "AND", at, from, last, where, exclusion == NULL ? "" : exclusion);
	if (dataset->columns[FMA_MODEL_VERSION] != NULL && pair->version != NULL)
		appendStringInfo(&reference, " AND %s COLLATE \"C\" = %s", FmaTextSql(dataset, FMA_MODEL_VERSION), quote_literal_cstr(pair->version));
	initStringInfo(&current);
	appendStringInfo(&current, "SELECT %s %s AND %s > %s AND isfinite(%s)%s", what, run->from_current, at, last, at, where);
	return psprintf("%s, %s", quote_literal_cstr(reference.data), quote_literal_cstr(current.data));
}

static void
TakeFeature(void *argument, TupleTableSlot *slot)
{
	List	  **features = argument;
	bool		isnull;

	*features = lappend(*features, TextDatumGetCString(slot_getattr(slot, SPI_fnumber(slot->tts_tupleDescriptor, "feature"), &isnull)));
}

/* Whether a feature is a column, or a part of one that is a time */
static bool
IsOf(const char *feature, const char *column)
{
	int			before = strlen(feature) - strlen(column);

	return strcmp(feature, column) == 0 ||
		(before > 0 && strcmp(feature + before, column) == 0 && strncmp(feature + before - strlen(" of "), " of ", strlen(" of ")) == 0);
}

/* Notes which columns the finder could not compare; the slices' note has the reasons */
static FmaRows *
NoteMissingColumns(FmaRun *run, FmaRows *rows)
{
	List	   *features = NIL;
	ListCell   *cell;

	FmaEachRow(rows, TakeFeature, &features);
	foreach(cell, features == NIL ? NIL : ComparedColumns(run, true))
	{
		ListCell   *found;
		bool		any = false;

		foreach(found, features)
			any |= IsOf(lfirst(found), strVal(lfirst(cell)));
		if (!any)
			FmaNote(run, "column \"%s\" was left out", strVal(lfirst(cell)));
	}
	return rows;
}

/* Stores what a finder says of the pair, with the pair; its notices are not news after those of the slices */
static int64
StoreComparison(const Pair *pair, const char *finder, FmaRows *(*change) (FmaRun *run, FmaRows *rows), const char *table)
{
	FmaRun	   *run = pair->run;
	int			level = NewGUCNestLevel();
	int64		n;

	(void) set_config_option("client_min_messages", "warning", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	n = FmaStoreFinding(run, psprintf("SELECT * FROM %s.%s", FmaSchema(), finder), change,
						psprintf("INSERT INTO %s.%s SELECT $1, %s, %s, %s, f.* FROM fma_rows AS f", FmaSchema(), table,
								 pair->run_id == 0 ? "NULL" : psprintf(INT64_FORMAT, pair->run_id),
								 TimeLiteral(run, pair->from), TimeLiteral(run, pair->last)));
	AtEOXact_GUC(false, level);
	if (n == 0 && run->note.len == 0)
		FmaNote(run, "up to %s, or after it, there are no rows to compare, or no column can be compared", TimeLiteral(run, pair->last));
	return n;
}

const char *
FmaLeaveOutDrift(FmaRun *run)
{
	return ComparedColumns(run, true) == NIL ? "the dataset has no features, predictions or confidence" : LeaveOutPair(run);
}

/* Stage: how the columns of the newer rows differ from those of the reference */
int64
FmaRunDrift(FmaRun *run)
{
	Pair		pair = FindPair(run);

	return StoreComparison(&pair, psprintf("fma_drift(%s, max_values => %d, fdr => %s)", PairSql(&pair, ComparedSql(run, true), ""),
										   run->max_values, FmaFloat8ToString(run->fdr)), NoteMissingColumns, "fma_result_drift");
}

const char *
FmaLeaveOutExplanation(FmaRun *run)
{
	return run->dataset->features == NIL ? "the dataset has no features" : LeaveOutPair(run);
}

/* Stage: how much of the change between these rows is mix, and how much rate */
int64
FmaRunExplanation(FmaRun *run)
{
	Pair		pair = FindPair(run);
	const char *loss = FmaLossSql(run->dataset);
	char	   *what = psprintf("%s AS %s, %s", loss, quote_identifier(FmaUnusedName(run->dataset, FMA_LOSS_NAME)), ComparedSql(run, false)),
			   *where = psprintf(" AND (%s) IS NOT NULL", loss);

	return StoreComparison(&pair, psprintf("fma_explain_change(%s, bins => %d, max_values => %d)", PairSql(&pair, what, where),
										   run->bins, run->max_values), NULL, "fma_result_explanation");
}

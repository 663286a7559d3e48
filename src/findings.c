/*
 * findings.c
 *		Stages of a run: slices and hotspots, from one read of the source, and
 *		the metrics of their rows.
 */
#include "findings.h"

#include "access/tupdesc.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(fma_true_arguments);

#define MAX_HOTSPOTS 20

/* Conditions in one call of fma_true_arguments, which takes a number as well */
#define CONDITIONS_PER_CALL (FUNC_MAX_ARGS - 1)

/* "name", or if the unit, the time or a feature is called that, the same with a number; no longer than names are */
char *
FmaUnusedName(const FmaDataset *dataset, const char *name)
{
	const char *unit = dataset->columns[FMA_UNIT];
	const char *time = dataset->columns[FMA_OCCURRED_AT];

	for (int number = 1;; number++)
	{
		char	   *suffix = number == 1 ? "" : psprintf(" %d", number);
		int			room = NAMEDATALEN - 1 - strlen(suffix);
		char	   *unused = psprintf("%.*s%s", pg_mbcliplen(name, strlen(name), room), name, suffix);
		bool		taken = (unit != NULL && strcmp(unit, unused) == 0) || (time != NULL && strcmp(time, unused) == 0);
		ListCell   *cell;

		foreach(cell, dataset->features)
			taken |= strcmp(lfirst(cell), unused) == 0;
		if (!taken)
			return unused;
	}
}

/* ", t.column" for each feature, and for the unit unless it is one of them */
void
FmaAddFeatures(FmaRun *run, StringInfo sql, const char *alias)
{
	const char *unit = run->dataset->columns[FMA_UNIT];
	ListCell   *cell;

	foreach(cell, run->dataset->features)
	{
		if (unit != NULL && strcmp(lfirst(cell), unit) == 0)
			unit = NULL;
		appendStringInfo(sql, ", %s.%s", alias, quote_identifier(lfirst(cell)));
	}
	if (unit != NULL)
		appendStringInfo(sql, ", %s.%s", alias, quote_identifier(unit));
}

/* ", cluster" as SQL over the source, where there are clusters */
void
FmaAddCluster(FmaRun *run, StringInfo sql, const char *alias)
{
	if (run->cluster_model != 0)
		appendStringInfo(sql, ", %s AS %s", FmaRunClusterSql(run, alias), quote_identifier(run->cluster_name));
}

/* Reads and encodes rows of the source; to be called as the owner */
FmaEncoding *
FmaEncodeSource(FmaRun *run, const char *query, bool paired)
{
	FmaEncodeOptions options = {.bins = run->bins,.max_values = run->max_values,.paired = paired,
	.unit = run->dataset->columns[FMA_UNIT],.timezone = run->dataset->timezone,.notes = &run->note};
	FmaEncoding *encoding;

	if (run->cluster_model != 0)
	{
		options.cluster = run->cluster_name;
		options.cluster_model = run->cluster_model;
		options.cluster_sql = FmaRunClusterSql(run, NULL);
	}
	encoding = FmaEncode(query, &options);

	/* The losses are no columns of the source, so predicates are about all rows, those unlabelled too. */
	encoding->unlabelled = false;
	return encoding;
}

/* Searches encoded rows; equal slices are dropped, but nothing is corrected yet */
FmaSearch *
FmaSearchSource(FmaRun *run, FmaEncoding *encoding, int max_order, FmaAgainst against)
{
	FmaSearchOptions options = {.max_order = max_order,.min_rows = run->min_rows,.against = against};
	FmaSearch  *search = FmaSearchSlices(encoding, &options);

	FmaDropEqualSlices(search);
	return search;
}

/* The columns of fma_result_slice, and of the finders: kind, rank ... n_units */
static TupleDesc
SliceColumns(void)
{
	static const FmaResultColumn columns[] =
	{
		{"kind", TEXTOID}, {"rank", INT8OID}, {"slice", TEXTOID}, {"predicate", TEXTOID}, {"conditions", JSONBOID},
		{"condition_count", INT4OID}, {"n", INT8OID}, {"failures", INT8OID}, {"failure_rate", FLOAT8OID},
		{"mean_loss", FLOAT8OID}, {"ci_low", FLOAT8OID}, {"ci_high", FLOAT8OID}, {"baseline_rate", FLOAT8OID},
		{"rest_rate", FLOAT8OID}, {"lift", FLOAT8OID}, {"excess_failures", FLOAT8OID}, {"share_of_failures", FLOAT8OID},
		{"p_value", FLOAT8OID}, {"q_value", FLOAT8OID}, {"score", FLOAT8OID}, {"n_units", INT8OID}
	};

	StaticAssertStmt(lengthof(columns) == FMA_SLICE_COLUMNS + 1, "a column is missing");
	return FmaDescribe(columns, lengthof(columns));
}

/* Adds a slice to the rows to be stored, and remembers it for the stages to come */
static void
AddFound(FmaRun *run, FmaRows *rows, FmaSearch *search, const FmaSlice *slice, const char *kind, int64 rank)
{
	Datum		values[FMA_SLICE_COLUMNS + 1];
	bool		nulls[FMA_SLICE_COLUMNS + 1] = {false};
	MemoryContext caller = MemoryContextSwitchTo(run->context);
	FmaFound   *found = palloc(sizeof(FmaFound));

	values[0] = CStringGetTextDatum(kind);
	FmaSliceValues(search, slice, rank, NAN, values + 1, nulls + 1);
	FmaAddRow(rows, values, nulls);
	found->kind = kind;
	found->rank = rank;
	found->slice = TextDatumGetCString(values[2]);
	found->predicate = TextDatumGetCString(values[3]);
	found->n_units = slice->units;
	found->design_effect = slice->design_effect;
	run->found = lappend(run->found, found);
	MemoryContextSwitchTo(caller);
}

/* The slices, the largest excess first; what the search took is given back */
static void
FindSlices(FmaRun *run, FmaRows *rows, FmaEncoding *encoding)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "fma slices", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	FmaBudget	budget = encoding->budget;
	FmaSearch  *search = FmaSearchSource(run, encoding, run->max_order, FMA_AGAINST_REST);
	FmaRanked  *ranked;
	int64		n;

	FmaAdjustSlices(search, FMA_BH);
	FmaNote(run, search->nslices - search->ndropped == 1 ? INT64_FORMAT " slice tested" : INT64_FORMAT " slices tested", search->nslices - search->ndropped);
	ranked = FmaRankSlices(search, run->max_slices, FmaExcess, search, &n);
	for (int64 i = 0; i < n; i++)
		AddFound(run, rows, search, FmaSliceAt(search, ranked[i].slice), "slice", i + 1);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	encoding->budget = budget;
}

/* The hotspots; the rows of the encoding are used up */
static void
FindHotspots(FmaRun *run, FmaRows *rows, FmaEncoding *encoding)
{
	FmaSearch  *search = FmaSearchSource(run, encoding, run->max_order, FMA_AGAINST_GENERAL);
	int			n;
	FmaHotspot *hotspots = FmaSelectHotspots(search, run->fdr, run->min_lift, MAX_HOTSPOTS, &n);

	for (int i = 0; i < n; i++)
		AddFound(run, rows, search, hotspots[i].slice, "hotspot", i + 1);
	run->hotspots = n;
}

const char *
FmaLeaveOutSlices(FmaRun *run)
{
	FmaDataset *dataset = run->dataset;

	if (run->cluster_model == 0 && (dataset->features == NIL ||
		(list_length(dataset->features) == 1 && dataset->columns[FMA_UNIT] != NULL &&
		 strcmp(linitial(dataset->features), dataset->columns[FMA_UNIT]) == 0)))
		return "the dataset has no features";
	return run->n == 0 ? "there are no rows" : NULL;
}

/* Stage: slices and hotspots of the current version's rows, which are read and encoded once */
int64
FmaRunSlices(FmaRun *run)
{
	FmaRows    *rows = FmaMakeRows(run, SliceColumns());
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "fma search", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	FmaIdentity identity = FmaActAsOwner(run->dataset);
	FmaEncoding *encoding;
	StringInfoData query;

	initStringInfo(&query);
	appendStringInfo(&query, "SELECT %s AS %s", FmaLossSql(run->dataset), quote_identifier(FmaUnusedName(run->dataset, FMA_LOSS_NAME)));
	FmaAddFeatures(run, &query, "t");
	FmaAddCluster(run, &query, "t");
	appendStringInfo(&query, " %s", run->from_current);
	encoding = FmaEncodeSource(run, query.data, false);
	FindSlices(run, rows, encoding);
	FindHotspots(run, rows, encoding);
	FmaActAgain(identity);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	return FmaStoreAndFreeRows(run, rows,
						psprintf("INSERT INTO %s.fma_result_slice SELECT $1, kind, rank, slice, predicate, conditions, condition_count, "
								 "n, failures, failure_rate, mean_loss, ci_low, ci_high, baseline_rate, rest_rate, lift, excess_failures, "
								 "share_of_failures, p_value, q_value, n_units FROM fma_rows", FmaSchema()), NULL);
}

const char *
FmaLeaveOutSliceMetrics(FmaRun *run)
{
	return run->found == NIL ? "there are no slices" : NULL;
}

/*
 * Which of the arguments from the second on are true, counted from the first
 * argument: the slices that a row is in.  A NULL is not true.
 */
Datum
fma_true_arguments(PG_FUNCTION_ARGS)
{
	Datum		positions[FUNC_MAX_ARGS];
	int			n = 0;

	for (int i = 1; i < PG_NARGS(); i++)
		if (!PG_ARGISNULL(i) && PG_GETARG_BOOL(i))
			positions[n++] = Int32GetDatum(PG_GETARG_INT32(0) + i - 1);
	PG_RETURN_ARRAYTYPE_P(construct_array(positions, n, INT4OID, sizeof(int32), true, TYPALIGN_INT));
}

/* The first of the slices and hotspots with this predicate: many a hotspot is among the slices too */
static int
FirstWithPredicate(FmaRun *run, const char *predicate)
{
	ListCell   *cell;

	foreach(cell, run->found)
		if (strcmp(((FmaFound *) lfirst(cell))->predicate, predicate) == 0)
			return foreach_current_index(cell);
	return -1;
}

/* "(number of the predicate, kind, rank, ...)" of a slice or hotspot */
static void
AddFoundSql(StringInfo sql, const FmaFound *found, int number)
{
	bool		units = found->n_units > 0;

	appendStringInfo(sql, "%s(%d, '%s', " INT64_FORMAT "::bigint, %s, %s::bigint, %s::double precision)", sql->len > 0 ? ", " : "",
					 number, found->kind, found->rank, quote_literal_cstr(found->slice),
					 units ? psprintf(INT64_FORMAT, found->n_units) : "NULL",
					 isnan(found->design_effect) ? "NULL" : FmaFloat8ToString(found->design_effect));
}

/* Stage: the same values as of all other segments, for each slice and hotspot, from one scan */
int64
FmaRunSliceMetrics(FmaRun *run)
{
	StringInfoData members,
				found;
	ListCell   *cell;
	char	   *query;
	FmaRows    *rows;
	int64		n;

	initStringInfo(&members);
	initStringInfo(&found);
	foreach(cell, run->found)
	{
		FmaFound   *one = lfirst(cell);
		int			i = foreach_current_index(cell);
		int			first = FirstWithPredicate(run, one->predicate);

		if (i % CONDITIONS_PER_CALL == 0)
			appendStringInfo(&members, "%s%s.fma_true_arguments(%d", i > 0 ? ") || " : "", FmaSchema(), i);
		appendStringInfo(&members, ", %s", first == i ? one->predicate : "NULL::boolean");
		AddFoundSql(&found, one, first);
	}
	query = psprintf("SELECT f.segment_by, f.segment, f.rank, %s::text AS model_version, f.n_units, f.design_effect, v.* FROM ("
					 "SELECT s.i AS predicate, %s FROM (SELECT s.*, unnest(s.members) AS i FROM %s) AS s GROUP BY s.i) AS v "
					 "JOIN (VALUES %s) AS f (i, segment_by, rank, segment, n_units, design_effect) ON f.i = v.predicate",
					 run->version == NULL ? "NULL" : quote_literal_cstr(run->version), FmaValuesSql(run),
					 FmaRowsSql(run, run->from_current, psprintf(", %s) AS members", members.data)), found.data);
	rows = FmaReadSource(run, query);
	n = FmaStoreSummaries(run, rows, "segment_by, segment, rank, model_version, n_units, design_effect");
	FmaFreeRows(rows);
	return n;
}

/*
 * versions.c
 *		Stage of a run: each model version against the one before it, on the
 *		same rows.
 */
#include "findings.h"

#include "access/tupdesc.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

/* Only the newest versions are compared: so many times */
#define MAX_COMPARISONS 10

/* A slice where the newer version is worse, beyond chance */
#define LEVEL 0.05

/* What rows of two versions are joined by, unless a feature is called that */
#define ID_NAME "fma_id"

/* The columns of fma_result_comparison, and "rank" */
static const FmaResultColumn columns[] =
{
	{"version_a", TEXTOID}, {"version_b", TEXTOID}, {"rank", INT8OID}, {"slice", TEXTOID}, {"predicate", TEXTOID},
	{"conditions", JSONBOID}, {"n", INT8OID}, {"loss_a", FLOAT8OID}, {"loss_b", FLOAT8OID}, {"difference", FLOAT8OID},
	{"ci_low", FLOAT8OID}, {"ci_high", FLOAT8OID}, {"only_a_failed", INT8OID}, {"only_b_failed", INT8OID},
	{"p_value", FLOAT8OID}, {"q_value", FLOAT8OID}, {"q_rest", FLOAT8OID}, {"n_units", INT8OID}
};

/* Where these stand in what FmaComparedValues makes, from "slice" on */
static const int source[] = {1, 2, 3, 5, 6, 7, 8, 9, 10, 12, 13, 15, 16, 17, 19};

const char *
FmaLeaveOutVersions(FmaRun *run)
{
	FmaDataset *dataset = run->dataset;

	if (dataset->columns[FMA_MODEL_VERSION] == NULL)
		return "the dataset has no model version";
	if (dataset->columns[FMA_ID] == NULL)
		return "without id nobody knows which rows of two versions are the same";
	if (list_length(run->versions) - (run->versions != NIL && ((FmaVersion *) linitial(run->versions))->name == NULL) < 2)
		return "there are not two model versions";
	return NULL;
}

/* A name of ours beside the features */
static const char *
OwnName(FmaRun *run, const char *name)
{
	return quote_identifier(FmaUnusedName(run->dataset, name));
}

/* ", a.column AS column" for what both sides select: the id and the loss, and of the newer the features */
static char *
SideSql(FmaRun *run, const FmaVersion *version, const char *loss, bool features)
{
	FmaDataset *dataset = run->dataset;
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "(SELECT %s AS %s, %s AS %s", FmaColumnSql(dataset, FMA_ID), OwnName(run, ID_NAME), FmaLossSql(dataset), loss);
	if (features)
	{
		FmaAddFeatures(run, &sql, "t");
		FmaAddCluster(run, &sql, "t");
	}
	appendStringInfo(&sql, " %s AND %s COLLATE \"C\" = %s)", run->from, FmaTextSql(dataset, FMA_MODEL_VERSION),
					 quote_literal_cstr(version->name));
	return sql.data;
}

static bool
HasConditions(FmaRun *run)
{
	return run->dataset->features != NIL || run->dataset->columns[FMA_UNIT] != NULL || run->cluster_model != 0;
}

static char *
PairsSql(FmaRun *run, const FmaVersion *a, const FmaVersion *b)
{
	const char *id = OwnName(run, ID_NAME);
	const char *loss_a = OwnName(run, "fma_loss_a");
	const char *loss_b = OwnName(run, "fma_loss_b");
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT a.%s, b.%s", loss_a, loss_b);
	FmaAddFeatures(run, &sql, "b");
	if (run->cluster_model != 0)
		appendStringInfo(&sql, ", b.%s", quote_identifier(run->cluster_name));
	if (!HasConditions(run))
		appendStringInfoString(&sql, ", NULL::integer AS fma_none");	/* a search wants a column */
	appendStringInfo(&sql, " FROM %s AS a JOIN %s AS b ON a.%s = b.%s",
					 SideSql(run, a, loss_a, false), SideSql(run, b, loss_b, true), id, id);
	return sql.data;
}

static void
AddCompared(FmaRows *rows, FmaSearch *search, const FmaVersion *a, const FmaVersion *b, const FmaCompared *compared, int64 rank)
{
	Datum		found[FMA_COMPARISON_COLUMNS];
	bool		unknown[FMA_COMPARISON_COLUMNS];
	Datum		values[lengthof(columns)];
	bool		nulls[lengthof(columns)] = {false};

	FmaComparedValues(search, compared, found, unknown);
	if (compared->place < 0)
	{
		found[1] = CStringGetTextDatum("all rows");
		found[2] = CStringGetTextDatum("true");
		found[3] = DirectFunctionCall1(jsonb_in, CStringGetDatum("[]"));
		unknown[1] = unknown[2] = unknown[3] = false;
	}
	values[0] = CStringGetTextDatum(a->name);
	values[1] = CStringGetTextDatum(b->name);
	values[2] = Int64GetDatum(rank);
	for (int i = 0; i < lengthof(source); i++)
	{
		values[3 + i] = found[source[i]];
		nulls[3 + i] = unknown[source[i]];
	}
	FmaAddRow(rows, values, nulls);
}

static void
IgnoreColumns(FmaRowReader *reader, TupleDesc columns)
{
}

/* A reader that knows whether there was a row */
typedef struct AnyRow
{
	FmaRowReader reader;
	bool		found;
} AnyRow;

static void
NoteRow(FmaRowReader *reader, TupleTableSlot *slot)
{
	((AnyRow *) reader)->found = true;
}

/*
 * Whether an id stands for several rows of a version.  Joined, these would
 * count as many pairs, and a join of many of them might never end.
 */
static bool
HasRepeatedIds(FmaRun *run, const FmaVersion *version)
{
	AnyRow		any = {.reader = {.start = IgnoreColumns,.row = NoteRow,.parallel = true}};

	const char *id = OwnName(run, ID_NAME);

	FmaReadQuery(psprintf("SELECT 1 FROM %s AS s WHERE s.%s IS NOT NULL AND s.%s IS NOT NULL "
						  "GROUP BY s.%s HAVING count(*) > 1 LIMIT 1", SideSql(run, version, FMA_LOSS_NAME, false), id, FMA_LOSS_NAME, id), &any.reader);
	return any.found;
}

/* Adds all rows, and the slices where b is worse; to be called as the owner */
static void
Compare(FmaRun *run, FmaRows *rows, const FmaVersion *a, const FmaVersion *b)
{
	int			noted = run->note.len;
	FmaEncoding *encoding;
	FmaSearch  *search;
	FmaCompared *compared;
	int64		n,
				rank = 0;

	if (HasRepeatedIds(run, a) || HasRepeatedIds(run, b))
	{
		FmaNote(run, "%s and %s were not compared: an id stands for several rows of a version", a->name, b->name);
		return;
	}
	encoding = FmaEncodeSource(run, PairsSql(run, a, b), true);
	if (!HasConditions(run))
		run->note.data[run->note.len = noted] = '\0';
	if (encoding->nrows == 0)
	{
		FmaNote(run, "%s and %s have no rows with the same id", a->name, b->name);
		return;
	}
	search = FmaSearchSource(run, encoding, run->max_order, FMA_AGAINST_ZERO);
	FmaAdjustSlices(search, FMA_BH);
	FmaAdjustRests(search, FMA_BH);
	AddCompared(rows, search, a, b, FmaCompareAll(search), rank);
	compared = FmaCompareSlices(search, -1, &n);
	for (int64 i = 0; i < n && rank < run->max_slices && compared[i].slice->total > 0; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (compared[i].slice->q < LEVEL)
			AddCompared(rows, search, a, b, &compared[i], ++rank);
	}
}

/* Stage: consecutive versions on the rows, joined by id, that both have predicted */
int64
FmaRunVersions(FmaRun *run)
{
	FmaRows    *rows = FmaMakeRows(run, FmaDescribe(columns, lengthof(columns)));
	int			first = ((FmaVersion *) linitial(run->versions))->name == NULL ? 1 : 0;
	int			last = list_length(run->versions) - 1;

	if (last - first > MAX_COMPARISONS)
	{
		FmaNote(run, "only the newest %d of %d versions were compared", MAX_COMPARISONS + 1, last - first + 1);
		first = last - MAX_COMPARISONS;
	}
	for (int i = first; i < last; i++)
	{
		MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "fma search", ALLOCSET_DEFAULT_SIZES);
		MemoryContext caller = MemoryContextSwitchTo(context);
		FmaIdentity identity = FmaActAsOwner(run->dataset);

		Compare(run, rows, list_nth(run->versions, i), list_nth(run->versions, i + 1));
		FmaActAgain(identity);
		MemoryContextSwitchTo(caller);
		MemoryContextDelete(context);
	}
	return FmaStoreAndFreeRows(run, rows,
						psprintf("INSERT INTO %s.fma_result_comparison SELECT $1, version_a, version_b, rank, slice, predicate, conditions, "
								 "n, loss_a, loss_b, difference, ci_low, ci_high, only_a_failed, only_b_failed, p_value, q_value, q_rest, n_units "
								 "FROM fma_rows", FmaSchema()), NULL);
}

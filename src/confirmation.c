/*
 * confirmation.c
 *		Stage of a run: the hotspots of the run before, measured again on the
 *		rows that came since.
 *
 * Whoever searches finds what looks worst, by chance as well; its rate is
 * inflated.  A few hypotheses on rows that had no part in the search are not.
 */
#include "findings.h"

#include "access/tupdesc.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

/* Both sides of the test, when a hotspot is confirmed or not */
#define LEVEL 0.05
#define ENOUGH_POWER 0.8

/* What the encoded columns have for a row of the hotspot; it is 0 outside */
#define INSIDE "1"

/* A hotspot of the run before */
typedef struct Candidate
{
	int64		rank;
	char	   *slice;
	char	   *predicate;
	Jsonb	   *conditions;
	int64		n;
	double		mean;
	double		rest;

	/* on the new rows */
	FmaSlice   *found;			/* NULL if none, or all, of them are inside */
	double		q;
} Candidate;

typedef struct Confirmation
{
	FmaRun	   *run;
	int64		run_id;			/* of the run before; 0 if there is none */
	bool		has_last_at;
	TimestampTz last_at;
	List	   *candidates;		/* of Candidate * */
} Confirmation;

static void
TakeRun(void *argument, TupleTableSlot *slot)
{
	Confirmation *confirmation = argument;

	confirmation->run_id = DatumGetInt64(slot->tts_values[0]);
	confirmation->has_last_at = !slot->tts_isnull[1];
	confirmation->last_at = DatumGetTimestampTz(slot->tts_values[1]);
}

static void
TakeCandidate(void *argument, TupleTableSlot *slot)
{
	Confirmation *confirmation = argument;
	Candidate  *candidate = palloc0(sizeof(Candidate));

	candidate->rank = DatumGetInt64(slot->tts_values[0]);
	candidate->slice = TextDatumGetCString(slot->tts_values[1]);
	candidate->predicate = TextDatumGetCString(slot->tts_values[2]);
	candidate->conditions = DatumGetJsonbPCopy(slot->tts_values[3]);
	candidate->n = DatumGetInt64(slot->tts_values[4]);
	candidate->mean = slot->tts_isnull[5] ? NAN : DatumGetFloat8(slot->tts_values[5]);
	candidate->rest = slot->tts_isnull[6] ? NAN : DatumGetFloat8(slot->tts_values[6]);
	confirmation->candidates = lappend(confirmation->candidates, candidate);
}

/* The newest complete run before this one */
static Confirmation
FindRunBefore(FmaRun *run)
{
	Confirmation confirmation = {.run = run};

	FmaEachResult(run, psprintf("SELECT run_id, last_at FROM %s.fma_result_run WHERE dataset_id = %d AND status = 'complete' "
											"AND run_id < " INT64_FORMAT " ORDER BY run_id DESC LIMIT 1",
											FmaSchema(), run->dataset->id, run->run_id), TakeRun, &confirmation);
	return confirmation;
}

const char *
FmaLeaveOutConfirmation(FmaRun *run)
{
	Confirmation confirmation;

	if (run->dataset->columns[FMA_OCCURRED_AT] == NULL)
		return "without occurred_at nobody knows which rows are new";
	confirmation = FindRunBefore(run);
	if (confirmation.run_id == 0)
		return "there is no complete run before this one";
	if (!confirmation.has_last_at)
		return "the run before had no rows with a time";
	return NULL;
}

/* Which condition of a feature is to be inside; -1 if none */
static int
InsideCondition(const FmaFeature *feature)
{
	for (int i = 0; i < feature->nconditions; i++)
		if (feature->conditions[i].kind == FMA_EQUALS && strcmp(feature->conditions[i].from, INSIDE) == 0)
			return i;
	return -1;
}

/* Finds the candidates among the slices of a search */
static void
TakeSlices(Confirmation *confirmation, FmaSearch *search)
{
	for (int64 i = 0; i < search->nslices; i++)
	{
		FmaSlice   *slice = FmaSliceAt(search, i);
		const FmaFeature *feature = FmaFeatureOf(search, slice, 0);
		Candidate  *candidate;

		if (slice->terms[0].condition != InsideCondition(feature))
			continue;
		candidate = list_nth(confirmation->candidates, atoi(feature->column->name));
		candidate->found = slice;
	}
}

/*
 * Holm's correction.  A hotspot without a test counts as one as well: it was
 * meant to be tested before it was known how many rows it has.
 */
static void
Correct(Confirmation *confirmation)
{
	int			n = list_length(confirmation->candidates);
	double	   *p = palloc(sizeof(double) * Max(n, 1));
	ListCell   *cell;

	foreach(cell, confirmation->candidates)
	{
		Candidate  *candidate = lfirst(cell);

		p[foreach_current_index(cell)] = candidate->found == NULL || isnan(candidate->found->p) ? 1.0 : candidate->found->p;
	}
	FmaAdjustP(p, p, n, FMA_HOLM);
	foreach(cell, confirmation->candidates)
	{
		Candidate  *candidate = lfirst(cell);

		candidate->q = candidate->found == NULL || isnan(candidate->found->p) ? NAN : p[foreach_current_index(cell)];
	}
}

/*
 * The power of the one-sided test, by the normal approximation: the probability
 * that it would find a difference as large as the one that was found before,
 * on so many new rows, after Holm's correction at its hardest.
 */
static double
Power(Confirmation *confirmation, FmaSearch *search, const Candidate *candidate)
{
	const FmaSlice *slice = candidate->found;
	double		tests = list_length(confirmation->candidates);
	double		n,
				rest_n,
				variance,
				rest_variance;

	if (slice == NULL)
		return 0;
	n = (double) slice->n / slice->design_effect;
	rest_n = (double) (search->all.n - slice->n) / slice->design_effect;
	variance = FmaLossIsRate(search->encoding) ? candidate->mean * (1 - candidate->mean) : FmaSliceVariance(search, slice);
	rest_variance = FmaLossIsRate(search->encoding) ? candidate->rest * (1 - candidate->rest) : FmaRestVariance(search, slice);
	return FmaNormalCdf((candidate->mean - candidate->rest) / sqrt(variance / n + rest_variance / rest_n) -
						FmaNormalQuantile(1 - LEVEL / tests));
}

/*
 * confirmed: significantly worse than the other new rows.  Otherwise it is
 * "not confirmed" only if there were rows enough to see it.
 */
static const char *
Verdict(Confirmation *confirmation, FmaSearch *search, const Candidate *candidate)
{
	if (candidate->q < LEVEL && candidate->found->total / candidate->found->n * search->all.n > FmaTallyTotal(search, &search->all))
		return "confirmed";
	return Power(confirmation, search, candidate) >= ENOUGH_POWER ? "not confirmed" : "too few rows";
}

/* The columns of fma_result_confirmation that are measured */
static const FmaResultColumn columns[] =
{
	{"rank", INT8OID}, {"slice", TEXTOID}, {"predicate", TEXTOID}, {"conditions", JSONBOID}, {"previous_n", INT8OID},
	{"previous_rate", FLOAT8OID}, {"n", INT8OID}, {"failures", INT8OID}, {"failure_rate", FLOAT8OID}, {"mean_loss", FLOAT8OID},
	{"ci_low", FLOAT8OID}, {"ci_high", FLOAT8OID}, {"rest_rate", FLOAT8OID}, {"lift", FLOAT8OID}, {"p_value", FLOAT8OID},
	{"q_value", FLOAT8OID}, {"n_units", INT8OID}, {"verdict", TEXTOID}
};

/* Where these stand in what FmaSliceValues makes */
enum
{
	SLICE_N = 5,
	SLICE_FAILURES,
	SLICE_RATE,
	SLICE_MEAN,
	SLICE_LOW,
	SLICE_HIGH,
	SLICE_REST = 12,
	SLICE_LIFT,
	SLICE_P = 16,
	SLICE_UNITS = 19
};

/* How many new rows are inside a hotspot that has none of them, or all */
static int64
RowsOfOneKind(FmaEncoding *encoding, int i)
{
	FmaDictionary *dictionary = &encoding->columns[i].dictionary;

	return dictionary->nvalues == 1 && strcmp(FmaDictionaryText(dictionary, 0), INSIDE) == 0 ? encoding->nrows : 0;
}

/* Adds a hotspot to the rows to be stored */
static void
AddCandidate(Confirmation *confirmation, FmaRows *rows, FmaSearch *search, Candidate *candidate, int i)
{
	static const int from[] = {SLICE_N, SLICE_FAILURES, SLICE_RATE, SLICE_MEAN, SLICE_LOW, SLICE_HIGH, SLICE_REST, SLICE_LIFT, SLICE_P};
	Datum		measured[FMA_SLICE_COLUMNS];
	bool		unknown[FMA_SLICE_COLUMNS];
	Datum		values[lengthof(columns)];
	bool		nulls[lengthof(columns)] = {false};
	int			c = 0;

	memset(unknown, true, sizeof(unknown));
	if (candidate->found != NULL)
		FmaSliceValues(search, candidate->found, 0, NAN, measured, unknown);
	else
	{
		measured[SLICE_N] = Int64GetDatum(RowsOfOneKind(search->encoding, i));
		unknown[SLICE_N] = false;
	}
	values[c++] = Int64GetDatum(candidate->rank);
	values[c++] = CStringGetTextDatum(candidate->slice);
	values[c++] = CStringGetTextDatum(candidate->predicate);
	values[c++] = JsonbPGetDatum(candidate->conditions);
	values[c++] = Int64GetDatum(candidate->n);
	values[c] = FmaFloat8OrNull(candidate->mean, &nulls[c]), c++;
	for (int f = 0; f < lengthof(from); f++, c++)
	{
		values[c] = measured[from[f]];
		nulls[c] = unknown[from[f]];
	}
	values[c] = FmaFloat8OrNull(candidate->q, &nulls[c]), c++;
	values[c] = measured[SLICE_UNITS];
	nulls[c++] = unknown[SLICE_UNITS];
	values[c++] = CStringGetTextDatum(Verdict(confirmation, search, candidate));
	FmaAssert(c == lengthof(columns));
	FmaAddRow(rows, values, nulls);
}

/*
 * Whether a predicate still makes sense: columns that it is about may have been
 * dropped, or have another type, since it was found.  If not, it is left out,
 * or no run would be complete any more.
 */
static bool
StillValid(FmaRun *run, const Candidate *candidate)
{
	char	   *query = psprintf("SELECT true %s AND (%s) LIMIT 0", run->from_current, candidate->predicate);
	ErrorData  *error = FmaTryQuery(run, query);

	if (error != NULL)
		FmaNote(run, "hotspot " INT64_FORMAT " (%s) was left out: %s", candidate->rank, candidate->slice, error->message);
	return error == NULL;
}

static List *
ValidCandidates(FmaRun *run, List *candidates)
{
	List	   *valid = NIL;
	ListCell   *cell;

	foreach(cell, candidates)
		if (StillValid(run, lfirst(cell)))
			valid = lappend(valid, lfirst(cell));
	return valid;
}

/* The new rows: the loss, a column for each hotspot that says whether a row is inside, and the unit */
static char *
NewRowsSql(Confirmation *confirmation)
{
	FmaRun	   *run = confirmation->run;
	const char *unit = run->dataset->columns[FMA_UNIT];
	StringInfoData sql;
	ListCell   *cell;

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT %s AS %s", FmaLossSql(run->dataset), quote_identifier(FmaUnusedName(run->dataset, FMA_LOSS_NAME)));
	foreach(cell, confirmation->candidates)
		appendStringInfo(&sql, ", CASE WHEN %s THEN 1 ELSE 0 END::double precision AS %s",
						 ((Candidate *) lfirst(cell))->predicate,
						 quote_identifier(FmaUnusedName(run->dataset, psprintf("%d", foreach_current_index(cell)))));
	if (unit != NULL)
		appendStringInfo(&sql, ", t.%s AS %s", quote_identifier(unit), quote_identifier(unit));
	appendStringInfo(&sql, " %s AND %s > %s::timestamptz", run->from_current, FmaColumnSql(run->dataset, FMA_OCCURRED_AT),
					 quote_literal_cstr(DatumGetCString(DirectFunctionCall1(timestamptz_out, TimestampTzGetDatum(confirmation->last_at)))));
	return sql.data;
}

/* Stage: hotspots of the newest complete run before, on rows newer than all of that run's */
int64
FmaRunConfirmation(FmaRun *run)
{
	Confirmation confirmation = FindRunBefore(run);
	FmaSearchOptions options = {.max_order = 1,.min_rows = 1,.against = FMA_AGAINST_GENERAL};
	FmaRows    *rows = FmaMakeRows(run, FmaDescribe(columns, lengthof(columns)));
	FmaIdentity identity;
	FmaSearch  *search;
	FmaRun		encoded;
	char	   *last_at;
	ListCell   *cell;

	FmaEachResult(run, psprintf("SELECT rank, slice, predicate, conditions, n, mean_loss, rest_rate FROM %s.fma_result_slice "
											"WHERE run_id = " INT64_FORMAT " AND kind = 'hotspot' ORDER BY rank",
											FmaSchema(), confirmation.run_id), TakeCandidate, &confirmation);
	confirmation.candidates = ValidCandidates(run, confirmation.candidates);
	if (confirmation.candidates == NIL)
	{
		FmaNote(run, "run " INT64_FORMAT " has no hotspots to be measured again", confirmation.run_id);
		return 0;
	}
	/* The columns are 0 or 1, whatever the dataset's options; those left out are told by the verdict. */
	encoded = *run;
	encoded.max_values = 2;
	initStringInfo(&encoded.note);
	identity = FmaActAsOwner(run->dataset);
	search = FmaSearchSlices(FmaEncodeSource(&encoded, NewRowsSql(&confirmation), false), &options);
	TakeSlices(&confirmation, search);
	Correct(&confirmation);
	foreach(cell, confirmation.candidates)
		AddCandidate(&confirmation, rows, search, lfirst(cell), foreach_current_index(cell));
	last_at = DatumGetCString(DirectFunctionCall1(timestamptz_out, TimestampTzGetDatum(confirmation.last_at)));
	FmaActAgain(identity);
	return FmaStoreAndFreeRows(run, rows,
						psprintf("INSERT INTO %s.fma_result_confirmation SELECT $1, rank, " INT64_FORMAT ", $2::timestamptz, slice, predicate, "
								 "conditions, previous_n, previous_rate, n, failures, failure_rate, mean_loss, ci_low, ci_high, rest_rate, lift, "
								 "p_value, q_value, n_units, verdict FROM fma_rows", FmaSchema(), confirmation.run_id), last_at);
}

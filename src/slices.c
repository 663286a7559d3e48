/*
 * slices.c
 *		fma_find_slices, and what the finders of slices share.
 */
#include "slices.h"

#include "funcapi.h"
#include "lib/binaryheap.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#include "conditions.h"

PG_FUNCTION_INFO_V1(fma_find_slices);

/* Runs the query (argument 0) and searches its slices, which are then tested but not corrected */
FmaSearch *
FmaFindSlices(FunctionCallInfo fcinfo, const FmaSliceArgs *args, bool paired, FmaAgainst against)
{
	FmaEncodeOptions encode = {0};
	FmaSearchOptions options = {0};
	FmaSearch  *search;

	options.max_order = FmaIntegerArg(fcinfo, args->max_order, "max_order", 1, FMA_MAX_ORDER);
	options.min_rows = PG_ARGISNULL(args->min_rows) ? 0 :
		FmaIntegerArg(fcinfo, args->min_rows, "min_rows", 1, PG_INT64_MAX);
	options.against = against;
	FmaNeedArg(fcinfo, args->intervals, "intervals");
	options.intervals = encode.intervals = PG_GETARG_BOOL(args->intervals);
	encode.bins = FmaIntegerArg(fcinfo, args->bins, "bins", 2, FMA_MAX_VALUES);
	encode.max_values = FmaIntegerArg(fcinfo, args->max_values, "max_values", 1, FMA_MAX_VALUES);
	encode.unit = PG_ARGISNULL(args->unit) ? NULL : FmaTextArg(fcinfo, args->unit);
	encode.timezone = FmaTimezoneArg(fcinfo, args->timezone);
	encode.paired = paired;
	if (encode.unit != NULL && encode.intervals)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("intervals cannot be combined with a unit"),
				 errhint("Leave out one of the two; with more bins, neighbouring bins can be read together.")));
	search = FmaSearchSlices(FmaEncode(FmaWordArg(fcinfo, 0, "query"), &encode), &options);
	FmaDropEqualSlices(search);
	return search;
}

/* Whether a comes after b: a lower score (undefined is lowest), or later in the search */
static int
ComparePlaces(Datum a, Datum b, void *unused)
{
	const FmaRanked *left = (const FmaRanked *) DatumGetPointer(a),
			   *right = (const FmaRanked *) DatumGetPointer(b);
	bool		left_nan = isnan(left->score),
				right_nan = isnan(right->score);

	if (left_nan != right_nan)
		return left_nan ? 1 : -1;
	if (!left_nan && left->score != right->score)
		return left->score < right->score ? 1 : -1;
	return left->slice < right->slice ? -1 : left->slice > right->slice;
}

static int
CompareRanked(const void *a, const void *b)
{
	return ComparePlaces(PointerGetDatum(a), PointerGetDatum(b), NULL);
}

/*
 * The slices with the highest scores, ties in the order of the search.  "top"
 * is how many, or -1 for all.
 */
FmaRanked *
FmaRankSlices(FmaSearch *search, int64 top, double (*score) (void *argument, FmaSlice *slice),
			  void *argument, int64 *n)
{
	int64		available = search->nslices - search->ndropped;
	int64		capacity = top < 0 ? available : Min(top, available);
	FmaRanked  *ranked;
	binaryheap *worst;

	FmaCharge(&search->encoding->budget, (sizeof(FmaRanked) + sizeof(Datum)) * capacity);
	ranked = palloc_extended(sizeof(FmaRanked) * Max(capacity, 1), MCXT_ALLOC_HUGE);
	worst = binaryheap_allocate(capacity < available ? capacity : 1, ComparePlaces, NULL);
	*n = 0;
	for (int64 i = 0; i < search->nslices; i++)
	{
		FmaSlice   *slice = FmaSliceAt(search, i);
		FmaRanked	candidate;

		if (slice->n == 0)
			continue;
		candidate.score = score(argument, slice);
		candidate.slice = i;
		if (*n < capacity)
		{
			ranked[*n] = candidate;
			if (capacity < available)
				binaryheap_add_unordered(worst, PointerGetDatum(&ranked[*n]));
			if (++*n == capacity && capacity < available)
				binaryheap_build(worst);
		}
		else if (capacity > 0)
		{
			FmaRanked  *last = (FmaRanked *) DatumGetPointer(binaryheap_first(worst));

			if (CompareRanked(&candidate, last) < 0)
			{
				*last = candidate;
				binaryheap_replace_first(worst, PointerGetDatum(last));
			}
		}
	}
	binaryheap_free(worst);
	qsort(ranked, *n, sizeof(FmaRanked), CompareRanked);
	return ranked;
}

/* A slice as a person reads it, as SQL, and as JSON */
void
FmaDescribeSlice(FmaSearch *search, const FmaSlice *slice, Datum *text, Datum *predicate, Datum *conditions)
{
	StringInfoData readable,
				sql,
				json;

	initStringInfo(&readable);
	initStringInfo(&sql);
	initStringInfo(&json);
	appendStringInfoChar(&json, '[');
	for (int i = 0; i < FmaOrderOf(slice); i++)
	{
		FmaFeature *feature = &search->encoding->features[slice->terms[i].feature];
		FmaCondition *condition = &feature->conditions[slice->terms[i].condition];

		if (i > 0)
		{
			appendStringInfoString(&readable, " and ");
			appendStringInfoString(&sql, " AND ");
		}
		FmaConditionText(&readable, feature, condition);
		FmaConditionPredicate(&sql, search->encoding, feature, condition);
		FmaConditionJson(&json, search->encoding, feature, condition);
	}
	for (int i = 0; search->encoding->unlabelled && i < search->encoding->nlosses; i++)
		appendStringInfo(&sql, " AND %s IS NOT NULL", quote_identifier(search->encoding->loss_name[i]));
	appendStringInfoChar(&json, ']');
	*text = CStringGetTextDatum(readable.data);
	*predicate = CStringGetTextDatum(sql.data);
	*conditions = DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data));
}

/* The interval of a slice's rate or mean loss */
FmaInterval
FmaSliceInterval(FmaSearch *search, const FmaSlice *slice)
{
	FmaInterval interval = {NAN, NAN};
	double		n = (double) slice->n / slice->design_effect;	/* which is a float: not to be divided as one */
	double		mean = slice->total / slice->n;

	if (FmaLossIsRate(search->encoding))
		return FmaWilson(slice->total / slice->design_effect, n, FMA_SLICE_LEVEL);
	if (slice->n > 1 && (slice->units == 0 || slice->units > 1))
	{
		double		df = slice->units > 0 ? slice->units - 1 : slice->n - 1;
		double		half = FmaStudentTTwoSided(FMA_SLICE_LEVEL, df) * sqrt(slice->variance / n);

		interval.low = mean - half;
		interval.high = mean + half;
	}
	return interval;
}

/* A slice as a row of fma_find_slices and fma_find_hotspots */
void
FmaSliceValues(FmaSearch *search, const FmaSlice *slice, int64 rank, double score, Datum *values, bool *nulls)
{
	bool		boolean = search->encoding->boolean;
	double		all_n = search->all.n,
				all_total = FmaTallyTotal(search, &search->all);
	double		mean = slice->total / slice->n,
				baseline = all_total / all_n;
	FmaInterval interval = FmaSliceInterval(search, slice);
	int			i = 0;

	memset(nulls, 0, sizeof(bool) * FMA_SLICE_COLUMNS);
	values[i++] = Int64GetDatum(rank);
	FmaDescribeSlice(search, slice, &values[i], &values[i + 1], &values[i + 2]);
	i += 3;
	values[i++] = Int32GetDatum(FmaOrderOf(slice));
	values[i++] = Int64GetDatum(slice->n);
	nulls[i] = !boolean;
	values[i++] = Int64GetDatum((int64) slice->total);
	values[i] = FmaFloat8OrNull(boolean ? mean : NAN, &nulls[i]), i++;
	values[i++] = Float8GetDatum(mean);
	values[i] = FmaFloat8OrNull(interval.low, &nulls[i]), i++;
	values[i] = FmaFloat8OrNull(interval.high, &nulls[i]), i++;
	values[i++] = Float8GetDatum(baseline);
	values[i++] = Float8GetDatum((all_total - slice->total) / (all_n - slice->n));
	values[i] = FmaFloat8OrNull(baseline > 0 ? mean / baseline : NAN, &nulls[i]), i++;
	values[i++] = Float8GetDatum(slice->total - slice->n * baseline);
	values[i] = FmaFloat8OrNull(search->all_positive && all_total > 0 ? slice->total / all_total : NAN, &nulls[i]), i++;
	values[i] = FmaFloat8OrNull(slice->p, &nulls[i]), i++;
	values[i] = FmaFloat8OrNull(slice->q, &nulls[i]), i++;
	values[i] = FmaFloat8OrNull(score, &nulls[i]), i++;
	nulls[i] = slice->units == 0;
	values[i++] = Int64GetDatum(slice->units);
	FmaAssert(i == FMA_SLICE_COLUMNS);
}

/* Puts a slice into the result */
void
FmaPutSlice(FunctionCallInfo fcinfo, FmaSearch *search, const FmaSlice *slice, int64 rank, double score)
{
	Datum		values[FMA_SLICE_COLUMNS];
	bool		nulls[FMA_SLICE_COLUMNS];
	MemoryContext caller = MemoryContextSwitchTo(search->row_context);

	FmaSliceValues(search, slice, rank, score, values, nulls);
	FmaPutRow(fcinfo, values, nulls);
	MemoryContextSwitchTo(caller);
	MemoryContextReset(search->row_context);
}

/* What "rank_by" asks for */
typedef enum RankBy
{
	RANK_EXCESS,
	RANK_SLICELINE,
	RANK_WRACC,
	RANK_EFFECT_SIZE
} RankBy;

static const char *const rank_names[] = {"excess", "sliceline", "wracc", "effect_size", NULL};

typedef struct Ranking
{
	FmaSearch  *search;
	RankBy		rank_by;
	double		alpha;
} Ranking;

/* Failures beyond what the rate of all rows would give: the order in which runs show slices */
double
FmaExcess(void *search, FmaSlice *slice)
{
	const FmaTally *all = &((FmaSearch *) search)->all;

	return slice->total - slice->n * (FmaTallyTotal(search, all) / all->n);
}

/*
 * The score of a slice.  sliceline: Sagadeeva and Boehm, SIGMOD 2021; wracc:
 * weighted relative accuracy, Lavrac et al. 1999; effect_size: Chung et al.,
 * ICDE 2019.
 */
static double
Score(void *argument, FmaSlice *slice)
{
	Ranking    *ranking = argument;
	FmaSearch  *search = ranking->search;
	double		all_n = search->all.n,
				all_total = FmaTallyTotal(search, &search->all),
				n = slice->n,
				mean = slice->total / n,
				baseline = all_total / all_n;

	switch (ranking->rank_by)
	{
		case RANK_EXCESS:
			return FmaExcess(search, slice);
		case RANK_SLICELINE:
			return all_total > 0 ?
				ranking->alpha * (mean / baseline - 1) - (1 - ranking->alpha) * (all_n / n - 1) : NAN;
		case RANK_WRACC:
			return n / all_n * (mean - baseline);
		case RANK_EFFECT_SIZE:
			{
				double		rest_n = all_n - n,
							rest = (all_total - slice->total) / rest_n,
							variances = FmaSliceVariance(search, slice) + FmaRestVariance(search, slice);

				return variances > 0 ? sqrt(2 / variances) * (mean - rest) : NAN;
			}
	}
	return NAN;
}

/*
 * fma_find_slices(query, max_order, min_rows, bins, max_values, top, rank_by,
 * alpha, correction, intervals, unit, timezone): every slice of the query's
 * rows, tested against the rest of the rows.  doc/slices.md has the definitions.
 */
Datum
fma_find_slices(PG_FUNCTION_ARGS)
{
	static const FmaSliceArgs args = {.max_order = 1,.min_rows = 2,.bins = 3,.max_values = 4,
	.intervals = 9,.unit = 10,.timezone = 11};
	MemoryContext context,
				caller;
	Ranking		ranking;
	FmaCorrection correction;
	FmaRanked  *ranked;
	int64		top,
				n;

	InitMaterializedSRF(fcinfo, 0);
	context = AllocSetContextCreate(CurrentMemoryContext, "fma search", ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(context);
	top = PG_ARGISNULL(5) ? -1 : FmaIntegerArg(fcinfo, 5, "top", 1, PG_INT32_MAX);
	ranking.rank_by = FmaChoose("rank_by", FmaWordArg(fcinfo, 6, "rank_by"), rank_names);
	ranking.alpha = FmaCheckUnit("alpha", FmaNumberArg(fcinfo, 7, "alpha"));
	correction = FmaCorrectionArg(fcinfo, 8);
	ranking.search = FmaFindSlices(fcinfo, &args, false, FMA_AGAINST_REST);
	if (ranking.rank_by == RANK_SLICELINE && !ranking.search->all_positive)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rank_by \"sliceline\" needs losses that are not negative")));
	FmaAdjustSlices(ranking.search, correction);
	ranked = FmaRankSlices(ranking.search, top, Score, &ranking, &n);
	for (int64 i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		FmaPutSlice(fcinfo, ranking.search, FmaSliceAt(ranking.search, ranked[i].slice), i + 1, ranked[i].score);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	return (Datum) 0;
}

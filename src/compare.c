/*
 * compare.c
 *		fma_compare_models: where model B does worse, or better, than model A.
 *
 * Both losses are of the same rows, so a slice's test is paired, and what is
 * searched is the difference of the losses, B minus A.
 */
#include "slices.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "tables.h"
#include "units.h"

PG_FUNCTION_INFO_V1(fma_compare_models);

/* What B lost more than A: the extra failures, or the extra loss */
static double
Extra(void *argument, FmaSlice *slice)
{
	return slice->total;
}

static int
CompareSlices(const void *a, const void *b)
{
	const FmaSlice *left = ((const FmaCompared *) a)->slice,
			   *right = ((const FmaCompared *) b)->slice;

	for (int i = 0; i < FMA_MAX_ORDER; i++)
		if (left->terms[i].feature != right->terms[i].feature)
			return (int) left->terms[i].feature - (int) right->terms[i].feature;
	return 0;
}

static int
ComparePlaces(const void *a, const void *b)
{
	int64		left = ((const FmaCompared *) a)->place,
				right = ((const FmaCompared *) b)->place;

	return left < right ? -1 : left > right;
}

/* Adds up the losses of A, and the squared differences, of all slices shown */
static void
SumLosses(FmaSearch *search, FmaCompared *shown, int64 n)
{
	FmaEncoding *encoding = search->encoding;
	int64		end;

	qsort(shown, n, sizeof(FmaCompared), CompareSlices);
	for (int64 i = 0; i < n; i = end)
	{
		const FmaFeature *features[FMA_MAX_ORDER];
		FmaTable   *difference,
				   *first;
		int64	   *losses = encoding->loss;
		int64		ncells = 1;

		for (int f = 0; f < FmaOrderOf(shown[i].slice); f++)
		{
			features[f] = FmaFeatureOf(search, shown[i].slice, f);
			ncells *= features[f]->ncodes;
		}
		difference = FmaNewTable(search, ncells);
		FmaCountTable(search, features, FmaOrderOf(shown[i].slice), difference);
		encoding->loss = encoding->first_loss;
		first = FmaNewTable(search, ncells);
		FmaCountTable(search, features, FmaOrderOf(shown[i].slice), first);
		encoding->loss = losses;
		for (end = i; end < n && FmaSameFeatures(shown[end].slice, shown[i].slice); end++)
		{
			FmaTally	a = FmaSumBox(search, shown[end].slice, first, -1);
			FmaTally	d = FmaSumBox(search, shown[end].slice, difference, -1);

			shown[end].first_total = FmaTallyTotal(search, &a);
			shown[end].discordant = (double) d.square * encoding->loss_unit * encoding->loss_unit;
		}
		FmaFreeTable(search, first);
		FmaFreeTable(search, difference);
	}
	qsort(shown, n, sizeof(FmaCompared), ComparePlaces);
}

/* A slice as a row of fma_compare_models; all rows have no rank, no description and no rest */
void
FmaComparedValues(FmaSearch *search, const FmaCompared *shown, Datum *values, bool *nulls)
{
	const FmaSlice *slice = shown->slice;
	bool		boolean = search->encoding->boolean;
	double		all_total = FmaTallyTotal(search, &search->all),
				mean = slice->total / slice->n;
	FmaInterval interval = FmaSliceInterval(search, slice);
	bool		all = shown->place < 0;
	int			i = 0;

	memset(nulls, 0, sizeof(bool) * FMA_COMPARISON_COLUMNS);
	values[i++] = Int64GetDatum(shown->place + 1);
	if (all)
		nulls[i] = nulls[i + 1] = nulls[i + 2] = true;
	else
		FmaDescribeSlice(search, slice, &values[i], &values[i + 1], &values[i + 2]);
	i += 3;
	values[i++] = Int32GetDatum(all ? 0 : FmaOrderOf(slice));
	values[i++] = Int64GetDatum(slice->n);
	values[i++] = Float8GetDatum(shown->first_total / slice->n);
	values[i++] = Float8GetDatum((shown->first_total + slice->total) / slice->n);
	values[i++] = Float8GetDatum(mean);
	values[i] = FmaFloat8OrNull(interval.low, &nulls[i]), i++;
	values[i] = FmaFloat8OrNull(interval.high, &nulls[i]), i++;
	values[i++] = Float8GetDatum(slice->total);
	nulls[i] = !boolean;
	values[i++] = Int64GetDatum(llrint((shown->discordant - slice->total) / 2));
	nulls[i] = !boolean;
	values[i++] = Int64GetDatum(llrint((shown->discordant + slice->total) / 2));
	nulls[i] = all;
	values[i++] = Float8GetDatum((all_total - slice->total) / (search->all.n - slice->n));
	values[i] = FmaFloat8OrNull(slice->p, &nulls[i]), i++;
	values[i] = FmaFloat8OrNull(slice->q, &nulls[i]), i++;
	values[i] = FmaFloat8OrNull(shown->q_rest, &nulls[i]), i++;
	values[i] = FmaFloat8OrNull(slice->variance > 0 ? mean / sqrt(slice->variance) : NAN, &nulls[i]), i++;
	nulls[i] = slice->units == 0;
	values[i++] = Int64GetDatum(slice->units);
	FmaAssert(i == FMA_COMPARISON_COLUMNS);
}

/* Puts a slice into the result */
static void
PutComparison(FunctionCallInfo fcinfo, FmaSearch *search, const FmaCompared *shown)
{
	Datum		values[FMA_COMPARISON_COLUMNS];
	bool		nulls[FMA_COMPARISON_COLUMNS];
	MemoryContext caller = MemoryContextSwitchTo(search->row_context);

	FmaComparedValues(search, shown, values, nulls);
	FmaPutRow(fcinfo, values, nulls);
	MemoryContextSwitchTo(caller);
	MemoryContextReset(search->row_context);
}

/*
 * The slices by what B loses more than A, at most "top" (-1: all), of a search
 * against FMA_AGAINST_ZERO that has been corrected.
 */
FmaCompared *
FmaCompareSlices(FmaSearch *search, int64 top, int64 *n)
{
	FmaRanked  *ranked = FmaRankSlices(search, top, Extra, NULL, n);
	FmaCompared *shown;

	FmaCharge(&search->encoding->budget, sizeof(FmaCompared) * *n);
	shown = palloc_extended(sizeof(FmaCompared) * Max(*n, 1), MCXT_ALLOC_HUGE);
	for (int64 i = 0; i < *n; i++)
	{
		shown[i].place = i;
		shown[i].slice = FmaSliceAt(search, ranked[i].slice);
		shown[i].q_rest = *FmaRestAt(search, ranked[i].slice);
	}
	SumLosses(search, shown, *n);
	return shown;
}

/* All rows, which must not be none, tested as a slice is against no difference */
FmaCompared *
FmaCompareAll(FmaSearch *search)
{
	FmaCompared *all = palloc0(sizeof(FmaCompared));
	FmaSlice   *slice = palloc0(sizeof(FmaSlice));
	const FmaTally *general[] = {&search->all};
	const FmaUnitSums *general_units[] = {&search->all_units};
	FmaEncoding *encoding = search->encoding;
	int128		first = 0;
	double		rest;

	for (int64 row = 0; row < encoding->nrows; row++)
		first += encoding->first_loss[row];
	slice->n = search->all.n;
	slice->total = FmaTallyTotal(search, &search->all);
	slice->variance = FmaTallyVariance(search, &search->all);
	slice->design_effect = 1;
	slice->q = NAN;
	FmaTestSlice(search, slice, &search->all, encoding->unit_start == NULL ? NULL : &search->all_units,
				 general, general_units, 1, &rest);
	all->place = -1;
	all->slice = slice;
	all->q_rest = NAN;
	all->first_total = (double) first * encoding->loss_unit;
	all->discordant = (double) search->all.square * encoding->loss_unit * encoding->loss_unit;
	return all;
}

/*
 * fma_compare_models(query, max_order, min_rows, bins, max_values, top,
 * correction, intervals, unit, timezone): the slices by what B loses more than A.
 */
Datum
fma_compare_models(PG_FUNCTION_ARGS)
{
	static const FmaSliceArgs args = {.max_order = 1,.min_rows = 2,.bins = 3,.max_values = 4,
	.intervals = 7,.unit = 8,.timezone = 9};
	MemoryContext context,
				caller;
	FmaSearch  *search;
	FmaCorrection correction;
	FmaCompared	   *shown;
	int64		top,
				n;

	InitMaterializedSRF(fcinfo, 0);
	context = AllocSetContextCreate(CurrentMemoryContext, "fma search", ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(context);
	top = PG_ARGISNULL(5) ? -1 : FmaIntegerArg(fcinfo, 5, "top", 1, PG_INT32_MAX);
	correction = FmaCorrectionArg(fcinfo, 6);
	search = FmaFindSlices(fcinfo, &args, true, FMA_AGAINST_ZERO);
	FmaAdjustSlices(search, correction);
	FmaAdjustRests(search, correction);
	shown = FmaCompareSlices(search, top, &n);
	for (int64 i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		PutComparison(fcinfo, search, &shown[i]);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	return (Datum) 0;
}

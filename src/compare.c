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

typedef struct Shown
{
	int64		place;			/* in the ranking, from 0 */
	FmaSlice   *slice;
	double		q_rest;
	double		first_total;	/* losses of A */
	double		discordant;		/* rows on which exactly one failed */
} Shown;

static int
CompareSlices(const void *a, const void *b)
{
	const FmaSlice *left = ((const Shown *) a)->slice,
			   *right = ((const Shown *) b)->slice;

	for (int i = 0; i < FMA_MAX_ORDER; i++)
		if (left->terms[i].feature != right->terms[i].feature)
			return (int) left->terms[i].feature - (int) right->terms[i].feature;
	return 0;
}

static int
ComparePlaces(const void *a, const void *b)
{
	int64		left = ((const Shown *) a)->place,
				right = ((const Shown *) b)->place;

	return left < right ? -1 : left > right;
}

/* Adds up the losses of A, and the squared differences, of all slices shown */
static void
SumLosses(FmaSearch *search, Shown *shown, int64 n)
{
	FmaEncoding *encoding = search->encoding;
	int64		end;

	qsort(shown, n, sizeof(Shown), CompareSlices);
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
	qsort(shown, n, sizeof(Shown), ComparePlaces);
}

/* Puts a slice into the result */
static void
PutComparison(FunctionCallInfo fcinfo, FmaSearch *search, const Shown *shown)
{
	Datum		values[20];
	bool		nulls[20] = {false};
	const FmaSlice *slice = shown->slice;
	bool		boolean = search->encoding->boolean;
	double		all_total = FmaTallyTotal(search, &search->all),
				mean = slice->total / slice->n;
	FmaInterval interval = FmaSliceInterval(search, slice);
	MemoryContext caller = MemoryContextSwitchTo(search->row_context);
	int			i = 0;

	values[i++] = Int64GetDatum(shown->place + 1);
	FmaDescribeSlice(search, slice, &values[i], &values[i + 1], &values[i + 2]);
	i += 3;
	values[i++] = Int32GetDatum(FmaOrderOf(slice));
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
	values[i++] = Float8GetDatum((all_total - slice->total) / (search->all.n - slice->n));
	values[i] = FmaFloat8OrNull(slice->p, &nulls[i]), i++;
	values[i] = FmaFloat8OrNull(slice->q, &nulls[i]), i++;
	values[i] = FmaFloat8OrNull(shown->q_rest, &nulls[i]), i++;
	values[i] = FmaFloat8OrNull(slice->variance > 0 ? mean / sqrt(slice->variance) : NAN, &nulls[i]), i++;
	nulls[i] = slice->units == 0;
	values[i++] = Int64GetDatum(slice->units);
	FmaAssert(i == lengthof(values));
	FmaPutRow(fcinfo, values, nulls);
	MemoryContextSwitchTo(caller);
	MemoryContextReset(search->row_context);
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
	FmaRanked  *ranked;
	Shown	   *shown;
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
	ranked = FmaRankSlices(search, top, Extra, NULL, &n);
	FmaCharge(&search->encoding->budget, sizeof(Shown) * n);
	shown = palloc_extended(sizeof(Shown) * Max(n, 1), MCXT_ALLOC_HUGE);
	for (int64 i = 0; i < n; i++)
	{
		shown[i].place = i;
		shown[i].slice = FmaSliceAt(search, ranked[i].slice);
		shown[i].q_rest = *FmaRestAt(search, ranked[i].slice);
	}
	SumLosses(search, shown, n);
	for (int64 i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		PutComparison(fcinfo, search, &shown[i]);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	return (Datum) 0;
}

/*
 * hotspots.c
 *		fma_find_hotspots: the few slices that matter.
 *
 * A planted failure of one condition lights up every conjunction with it.  So a
 * slice must be worse than the rest of the rows and than the remainder of each
 * slice that has one condition less; all of these tests together are one
 * (intersection-union), and Benjamini-Hochberg is applied once over all slices.
 * Of what is significant the best is taken by likelihood ratio, its rows
 * are set aside, and the others are measured again on what is left.
 */
#include "slices.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "tables.h"
#include "units.h"

PG_FUNCTION_INFO_V1(fma_find_hotspots);

/* A search for hotspots; its rows become fewer with each one found */
typedef struct Cover
{
	FmaSearch  *search;
	double		min_lift;
	double		largest_p;		/* that is still significant */
	int64		ncandidates;
	FmaSlice  **candidates;		/* significant, in the order of the search */
} Cover;

/* A candidate as it stands on the rows that are left */
typedef struct Standing
{
	FmaSlice   *slice;			/* NULL if there is none */
	double		ratio;
} Standing;

/* Sums over units for candidates of the same features, and for the more general ones */
typedef struct UnitTables
{
	bool		present;
	FmaUnitSums *own;
	int64		own_cells;
	FmaUnitSums *general[FMA_MAX_GENERAL];
	int64		general_cells[FMA_MAX_GENERAL];
} UnitTables;

static void
MakeUnitTables(FmaSearch *search, const FmaSlice *slice, UnitTables *tables)
{
	const FmaFeature *features[FMA_MAX_ORDER];

	tables->present = search->encoding->unit_start != NULL;
	if (!tables->present)
		return;
	for (int i = 0; i < FmaOrderOf(slice); i++)
		features[i] = FmaFeatureOf(search, slice, i);
	tables->own = FmaCountUnits(search, features, FmaOrderOf(slice), &tables->own_cells);
	for (int g = 1; FmaOrderOf(slice) > 1 && g <= FmaOrderOf(slice); g++)
	{
		const FmaFeature *fewer[FMA_MAX_ORDER];
		int			n = 0;

		for (int i = 0; i < FmaOrderOf(slice); i++)
			if (i != FmaOrderOf(slice) - g)
				fewer[n++] = features[i];
		tables->general[g] = FmaCountUnits(search, fewer, n, &tables->general_cells[g]);
	}
}

static void
FreeUnitTables(FmaSearch *search, const FmaSlice *slice, UnitTables *tables)
{
	if (!tables->present)
		return;
	FmaFreeUnits(search, tables->own, tables->own_cells);
	for (int g = 1; FmaOrderOf(slice) > 1 && g <= FmaOrderOf(slice); g++)
		FmaFreeUnits(search, tables->general[g], tables->general_cells[g]);
}

/* The cell of a slice in a table of codes, without one condition (or -1); with units a condition is one code */
static int64
CellOf(FmaSearch *search, const FmaSlice *slice, int left_out)
{
	int64		cell = 0;

	for (int i = 0; i < FmaOrderOf(slice); i++)
		if (i != left_out)
			cell = cell * FmaFeatureOf(search, slice, i)->ncodes +
				FmaFeatureOf(search, slice, i)->conditions[slice->terms[i].condition].low;
	return cell;
}

/* How a candidate stands on the rows that are left; the ratio is 0 if it is no hotspot there */
static double
Measure(Cover *cover, const FmaSlice *candidate, const FmaTable *table, const UnitTables *units, double to_beat)
{
	FmaSearch  *search = cover->search;
	FmaSlice	slice = *candidate;
	FmaTally	tally = FmaSumBox(search, candidate, table, -1);
	FmaTally	general_tally[FMA_MAX_GENERAL];
	const FmaTally *general[FMA_MAX_GENERAL] = {&search->all};
	const FmaUnitSums *general_units[FMA_MAX_GENERAL] = {&search->all_units};
	int			order = FmaOrderOf(candidate);
	int			ngeneral = 1;
	double		ratio;

	if (tally.n < search->min_rows || tally.n == search->all.n)
		return 0;
	ratio = FmaLikelihoodRatio(search, &tally, &search->all);
	if (ratio <= to_beat)
		return 0;
	if (search->mean > 0 && FmaTallyTotal(search, &tally) / tally.n < cover->min_lift * search->mean)
		return 0;
	for (int g = 1; order > 1 && g <= order; g++)
	{
		general_tally[g] = FmaSumBox(search, candidate, table, order - g);
		general[g] = &general_tally[g];
		if (units->present)
			general_units[g] = &units->general[g][CellOf(search, candidate, order - g)];
		ngeneral++;
	}
	slice.n = tally.n;
	slice.total = FmaTallyTotal(search, &tally);
	slice.variance = FmaLossIsRate(search->encoding) ? 0 : FmaTallyVariance(search, &tally);
	FmaTestSlice(search, &slice, &tally, units->present ? &units->own[CellOf(search, candidate, -1)] : NULL,
				 general, general_units, ngeneral, NULL);
	/* Units can only take away from the evidence, so a ratio that is too small stays so. */
	return slice.p <= cover->largest_p ? ratio / Max(slice.design_effect, 1) : 0;
}

/* The candidate that explains most of what is left */
static Standing
FindBest(Cover *cover)
{
	FmaSearch  *search = cover->search;
	Standing	best = {NULL, 0};
	int64		end;

	for (int64 first = 0; first < cover->ncandidates; first = end)
	{
		FmaSlice   *slice = cover->candidates[first];
		const FmaFeature *features[FMA_MAX_ORDER];
		FmaTable   *table;
		UnitTables	units = {0};
		int64		ncells = 1;

		for (int i = 0; i < FmaOrderOf(slice); i++)
		{
			features[i] = FmaFeatureOf(search, slice, i);
			ncells *= features[i]->ncodes;
		}
		table = FmaNewTable(search, ncells);
		FmaCountTable(search, features, FmaOrderOf(slice), table);
		MakeUnitTables(search, slice, &units);
		for (end = first; end < cover->ncandidates && FmaSameFeatures(cover->candidates[end], slice); end++)
		{
			double		ratio = Measure(cover, cover->candidates[end], table, &units, best.ratio);

			CHECK_FOR_INTERRUPTS();
			if (ratio > best.ratio)
			{
				best.ratio = ratio;
				best.slice = cover->candidates[end];
			}
		}
		FreeUnitTables(search, slice, &units);
		FmaFreeTable(search, table);
	}
	return best;
}

/* Whether a row satisfies a slice's conditions */
static inline bool
InSlice(FmaSearch *search, const FmaSlice *slice, int64 row)
{
	for (int i = 0; i < FmaOrderOf(slice); i++)
	{
		const FmaFeature *feature = FmaFeatureOf(search, slice, i);
		const FmaCondition *condition = &feature->conditions[slice->terms[i].condition];

		if (feature->codes[row] < condition->low || feature->codes[row] > condition->high)
			return false;
	}
	return true;
}

/* Sets a slice's rows aside: every column closes up */
static void
SetAside(FmaSearch *search, const FmaSlice *slice)
{
	FmaEncoding *encoding = search->encoding;
	int64		left = 0,
				failures = 0;
	uint32	   *rows;
	int64		unit = 0;

	FmaCharge(&encoding->budget, sizeof(uint32) * encoding->nrows);
	rows = palloc_extended(sizeof(uint32) * encoding->nrows, MCXT_ALLOC_HUGE);
	for (int64 row = 0; row < encoding->nrows; row++)
	{
		while (encoding->unit_start != NULL && row == encoding->unit_start[unit + 1])
			encoding->unit_start[++unit] = left;
		if (InSlice(search, slice, row))
			continue;
		failures += row < encoding->failures;
		rows[left++] = row;
	}
	if (encoding->unit_start != NULL)
		while (unit < encoding->nunits)
			encoding->unit_start[++unit] = left;
	for (int f = 0; f < encoding->nfeatures; f++)
		for (int64 i = 0; i < left; i++)
			encoding->features[f].codes[i] = encoding->features[f].codes[rows[i]];
	for (int64 i = 0; i < left; i++)
		search->weights[i] = search->weights[rows[i]];
	if (encoding->loss != NULL)
		for (int64 i = 0; i < left; i++)
			encoding->loss[i] = encoding->loss[rows[i]];
	else
		encoding->failures = failures;
	FmaRelease(&encoding->budget, sizeof(uint32) * encoding->nrows);
	encoding->nrows = left;
	pfree(rows);
	FmaTallyAll(search);
	if (encoding->unit_start != NULL)
	{
		int64		ncells;

		search->all_units = *FmaCountUnits(search, NULL, 0, &ncells);
	}
}

/* Keeps what is significant at the false discovery rate, worse and large enough in effect */
static void
FindCandidates(Cover *cover, double fdr)
{
	FmaSearch  *search = cover->search;

	cover->largest_p = 0;
	for (int64 i = 0; i < search->nslices; i++)
	{
		FmaSlice   *slice = FmaSliceAt(search, i);

		if (isnan(slice->q) || slice->q > fdr || slice->p >= 1)
			continue;
		cover->largest_p = Max(cover->largest_p, slice->p);
		if (search->mean > 0 && slice->total / slice->n < cover->min_lift * search->mean)
			continue;
		if ((cover->ncandidates & (cover->ncandidates + 1)) == 0)	/* room for 1, 3, 7, ... */
		{
			Size		size = sizeof(FmaSlice *) * (cover->ncandidates * 2 + 2);

			cover->candidates = cover->candidates == NULL ? palloc(size) : repalloc_huge(cover->candidates, size);
		}
		cover->candidates[cover->ncandidates++] = slice;
	}
}

static int
CompareHotspots(const void *a, const void *b)
{
	const FmaHotspot *left = a,
			   *right = b;

	if (left->excess != right->excess)
		return left->excess < right->excess ? 1 : -1;
	return strcmp(left->predicate, right->predicate);
}

/*
 * The hotspots of a search against FMA_AGAINST_GENERAL whose equal slices have
 * been dropped: at most "top", the largest excess first.  The rows of the
 * encoding are used up.
 */
FmaHotspot *
FmaSelectHotspots(FmaSearch *search, double fdr, double min_lift, int top, int *n)
{
	Cover		cover = {search, min_lift};
	FmaTally	all = search->all;
	bool		all_positive = search->all_positive;
	FmaHotspot *hotspots = palloc(sizeof(FmaHotspot) * top);

	FmaAdjustSlices(search, FMA_BH);
	FindCandidates(&cover, fdr);
	for (*n = 0; *n < top; (*n)++)
	{
		Standing	best = FindBest(&cover);
		Datum		readable,
					predicate,
					conditions;

		if (best.slice == NULL)
			break;
		FmaDescribeSlice(search, best.slice, &readable, &predicate, &conditions);
		hotspots[*n].slice = best.slice;
		hotspots[*n].ratio = best.ratio;
		hotspots[*n].predicate = TextDatumGetCString(predicate);
		SetAside(search, best.slice);
	}
	search->all = all;			/* the figures are about all rows again */
	search->all_positive = all_positive;
	for (int i = 0; i < *n; i++)
		hotspots[i].excess = FmaExcess(search, hotspots[i].slice);
	qsort(hotspots, *n, sizeof(FmaHotspot), CompareHotspots);
	return hotspots;
}

/*
 * fma_find_hotspots(query, fdr, min_lift, max_order, min_rows, bins,
 * max_values, top, intervals, unit, timezone): the slices that are worse than
 * the rest and than every more general slice, covering the failures greedily.
 */
Datum
fma_find_hotspots(PG_FUNCTION_ARGS)
{
	static const FmaSliceArgs args = {.max_order = 3,.min_rows = 4,.bins = 5,.max_values = 6,
	.intervals = 8,.unit = 9,.timezone = 10};
	MemoryContext context,
				caller;
	FmaSearch  *search;
	FmaHotspot *hotspots;
	int			top,
				n;
	double		fdr,
				min_lift;

	InitMaterializedSRF(fcinfo, 0);
	context = AllocSetContextCreate(CurrentMemoryContext, "fma search", ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(context);
	fdr = FmaCheckUnit("fdr", FmaNumberArg(fcinfo, 1, "fdr"));
	min_lift = FmaNumberArg(fcinfo, 2, "min_lift");
	top = FmaIntegerArg(fcinfo, 7, "top", 1, PG_INT16_MAX);
	search = FmaFindSlices(fcinfo, &args, false, FMA_AGAINST_GENERAL);
	hotspots = FmaSelectHotspots(search, fdr, min_lift, top, &n);
	for (int i = 0; i < n; i++)
		FmaPutSlice(fcinfo, search, hotspots[i].slice, i + 1, hotspots[i].ratio);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	return (Datum) 0;
}

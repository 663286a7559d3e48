/*
 * units.c
 *		Tests when rows come in units that are independent, not the rows.
 *
 * Flights share days and frames share videos, so their rows say less than as
 * many independent ones.  Variances then come from the sums of the units
 * (linearisation of a ratio; Cochran, Sampling Techniques, 1977, chapter 6).
 * For a boolean loss the variance under equal rates, over what it would be if
 * the rows were independent, is the design effect, and the counts are divided by it before they are tested (Rao and Scott,
 * Biometrics, 1992).  A real loss has Welch's test on units.
 */
#include "units.h"

#include "miscadmin.h"

/* Rows and losses of one unit in one cell */
typedef struct UnitCell
{
	int64		unit;			/* what the sums are of: they are reset by the next */
	int64		n;
	int128		sum;
} UnitCell;

/* Which cell of the table without the i-th last feature a cell belongs to */
typedef struct CellMap
{
	int			order;
	int64		codes[FMA_MAX_ORDER];
} CellMap;

/* The cell of the i-th more general slice (from 1): without the last feature, the one before, ... */
static int64
GeneralCell(const CellMap *map, int64 cell, int i)
{
	int64		code[FMA_MAX_ORDER] = {0};
	int64		general = 0;

	for (int f = map->order - 1; f >= 0; f--)
	{
		code[f] = cell % map->codes[f];
		cell /= map->codes[f];
	}
	for (int f = 0; f < map->order; f++)
		if (f != map->order - i)
			general = general * map->codes[f] + code[f];
	return general;
}

static inline bool
AddToCell(UnitCell *cell, int64 unit, int64 n, int128 sum)
{
	bool		fresh = cell->unit != unit;

	if (fresh)
	{
		cell->unit = unit;
		cell->n = 0;
		cell->sum = 0;
	}
	cell->n += n;
	cell->sum += sum;
	return fresh;
}

static UnitCell *
NewCells(FmaSearch *search, int64 n)
{
	UnitCell   *cells;

	FmaCharge(&search->encoding->budget, sizeof(UnitCell) * n);
	cells = palloc_extended(sizeof(UnitCell) * n, MCXT_ALLOC_HUGE);
	for (int64 i = 0; i < n; i++)
		cells[i].unit = -1;
	return cells;
}

static void
FreeCells(FmaSearch *search, UnitCell *cells, int64 n)
{
	FmaRelease(&search->encoding->budget, sizeof(UnitCell) * n);
	pfree(cells);
}

/* The loss of a unit in a cell, measured from the mean of all rows */
static inline double
CentredLoss(FmaSearch *search, const UnitCell *cell)
{
	return (double) cell->sum * search->encoding->loss_unit - search->mean * cell->n;
}

/* Adds one unit to the sums of a cell; "general" are the unit's cells in the more general slices */
static void
AddUnit(FmaSearch *search, FmaUnitSums *sums, const UnitCell *cell, const UnitCell *const *general, int ngeneral)
{
	double		n = cell->n,
				l = CentredLoss(search, cell);

	sums->units++;
	sums->nn += n * n;
	sums->nl += n * l;
	sums->ll += l * l;
	for (int i = 0; i < ngeneral; i++)
	{
		double		general_n = general[i]->n,
					general_l = CentredLoss(search, general[i]);

		sums->with[i].units += general[i]->n > cell->n;
		sums->with[i].nn += n * general_n;
		sums->with[i].nl += n * general_l;
		sums->with[i].ln += l * general_n;
		sums->with[i].ll += l * general_l;
	}
}

/*
 * Sums over units of all cells of the codes of up to three features; none for
 * all rows.  The units' own sums are integers, and the units are in the order of their values, so that the
 * order of the rows does not matter.
 */
FmaUnitSums *
FmaCountUnits(FmaSearch *search, const FmaFeature *const *features, int order, int64 *ncells)
{
	FmaEncoding *encoding = search->encoding;
	CellMap		map = {order};
	UnitCell   *cells,
				all = {-1},
			   *general[FMA_MAX_GENERAL] = {&all};
	int64		general_cells[FMA_MAX_GENERAL] = {1};
	int			ngeneral = order >= 2 ? order + 1 : 1;
	FmaUnitSums *sums;
	int64	   *touched;

	*ncells = 1;
	for (int f = 0; f < order; f++)
		*ncells *= map.codes[f] = features[f]->ncodes;
	FmaCharge(&encoding->budget, (sizeof(FmaUnitSums) + sizeof(int64)) * *ncells);
	sums = palloc_extended(sizeof(FmaUnitSums) * *ncells, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	touched = palloc_extended(sizeof(int64) * *ncells, MCXT_ALLOC_HUGE);
	cells = NewCells(search, *ncells);
	for (int i = 1; i < ngeneral; i++)
	{
		general_cells[i] = *ncells / map.codes[order - i];
		general[i] = NewCells(search, general_cells[i]);
	}
	for (int64 unit = 0; unit < encoding->nunits; unit++)
	{
		int64		ntouched = 0;

		CHECK_FOR_INTERRUPTS();
		for (int64 row = encoding->unit_start[unit]; row < encoding->unit_start[unit + 1]; row++)
		{
			int64		cell = 0;

			for (int f = 0; f < order; f++)
				cell = cell * map.codes[f] + features[f]->codes[row];
			if (AddToCell(&cells[cell], unit, 1, encoding->loss[row]))
				touched[ntouched++] = cell;
		}
		for (int64 t = 0; t < ntouched; t++)
		{
			AddToCell(&all, unit, cells[touched[t]].n, cells[touched[t]].sum);
			for (int i = 1; i < ngeneral; i++)
				AddToCell(&general[i][GeneralCell(&map, touched[t], i)], unit,
						  cells[touched[t]].n, cells[touched[t]].sum);
		}
		for (int64 t = 0; t < ntouched; t++)
		{
			const UnitCell *here[FMA_MAX_GENERAL] = {&all};

			for (int i = 1; i < ngeneral; i++)
				here[i] = &general[i][GeneralCell(&map, touched[t], i)];
			AddUnit(search, &sums[touched[t]], &cells[touched[t]], here, ngeneral);
		}
	}
	for (int i = 1; i < ngeneral; i++)
		FreeCells(search, general[i], general_cells[i]);
	FreeCells(search, cells, *ncells);
	pfree(touched);
	return sums;
}

void
FmaFreeUnits(FmaSearch *search, FmaUnitSums *sums, int64 ncells)
{
	FmaRelease(&search->encoding->budget, (sizeof(FmaUnitSums) + sizeof(int64)) * ncells);
	pfree(sums);
}

/*
 * How many rows are worth one independent row, for the comparison of a slice
 * with the rest of a more general one, if their rates are equal; at least 1
 */
static double
DesignEffect(FmaSearch *search, const FmaTally *tally, const FmaUnitSums *units,
			 const FmaTally *general, const FmaUnitSums *general_units, int i)
{
	double		n = tally->n,
				rest = general->n - tally->n,
				rate = FmaTallyTotal(search, general) / general->n,
				m = rate - search->mean,
				a = 1 / n + 1 / rest,
				b = 1 / rest,
				own = units->ll - 2 * m * units->nl + m * m * units->nn,
				both = units->with[i].ll - m * (units->with[i].ln + units->with[i].nl) + m * m * units->with[i].nn,
				all = general_units->ll - 2 * m * general_units->nl + m * m * general_units->nn,
				variance = a * a * own - 2 * a * b * both + b * b * all;

	/* the same, if every row were a unit */
	double		own_rows = FmaTallyTotal(search, tally) * (1 - 2 * rate) + n * rate * rate,
				all_rows = general->n * rate * (1 - rate),
				independent = (a * a - 2 * a * b) * own_rows + b * b * all_rows;

	return independent > 0 ? Max(variance / independent, 1.0) : 1.0;
}

/* The test of two rates, with counts divided by the design effect */
static double
TestRates(FmaSearch *search, const FmaTally *tally, const FmaTally *general, double design_effect, FmaAlternative alternative)
{
	double		k = FmaTallyTotal(search, tally),
				rest_k = FmaTallyTotal(search, general) - k;
	int64		n = llrint(tally->n / design_effect),
				rest = llrint((general->n - tally->n) / design_effect);

	if (n == 0 || rest == 0)
		return 1.0;
	return FmaTwoProportionP(llrint(k / design_effect), n, llrint(rest_k / design_effect), rest, alternative);
}

/* Welch's test on units: of a slice's mean loss against that of the rest of a more general slice */
static double
TestMeans(FmaSearch *search, const FmaTally *tally, const FmaUnitSums *units,
		  const FmaTally *general, const FmaUnitSums *q, int i, FmaAlternative alternative)
{
	double		n = tally->n,
				rest_n = general->n - tally->n,
				mean = FmaTallyTotal(search, tally) / n - search->mean,
				rest = (FmaTallyTotal(search, general) - FmaTallyTotal(search, tally)) / rest_n - search->mean,
				slice_units = units->units,
				rest_units = q->units - units->units + units->with[i].units;
	double		nn = units->nn,
				nl = units->nl,
				ll = units->ll,
				with_nn = units->with[i].nn,
				with_nl = units->with[i].nl,
				with_ln = units->with[i].ln,
				with_ll = units->with[i].ll;
	double		a,
				b,
				both,
				variance,
				df,
				t;

	if (slice_units < 2 || rest_units < 2)
		return NAN;
	a = (ll - 2 * mean * nl + mean * mean * nn) / (n * n) * slice_units / (slice_units - 1);
	b = (q->ll - 2 * with_ll + ll - 2 * rest * (q->nl - with_nl - with_ln + nl) +
		 rest * rest * (q->nn - 2 * with_nn + nn)) / (rest_n * rest_n) * rest_units / (rest_units - 1);
	both = (with_ll - ll - rest * (with_ln - nl) - mean * (with_nl - nl) + mean * rest * (with_nn - nn)) / (n * rest_n);
	variance = a + b - 2 * both;
	if (!(variance > 0) || !(a + b > 0))
		return NAN;
	df = (a + b) * (a + b) / (a * a / (slice_units - 1) + b * b / (rest_units - 1));
	t = (mean - rest) / sqrt(variance);
	return alternative == FMA_GREATER ? FmaStudentTSf(t, df) : 2 * FmaStudentTSf(fabs(t), df);
}

/* The variance of a slice's mean loss */
static double
MeanVariance(FmaSearch *search, const FmaTally *tally, const FmaUnitSums *units)
{
	double		mean = FmaTallyTotal(search, tally) / tally->n - search->mean;

	if (units->units < 2)
		return NAN;
	return (units->ll - 2 * mean * units->nl + mean * mean * units->nn) / ((double) tally->n * tally->n) *
		units->units / (units->units - 1);
}

static double
TestAgainst(FmaSearch *search, const FmaTally *tally, const FmaUnitSums *units,
			const FmaTally *general, const FmaUnitSums *general_units, int i, FmaAlternative alternative)
{
	if (FmaLossIsRate(search->encoding))
		return TestRates(search, tally, general,
						 DesignEffect(search, tally, units, general, general_units, i), alternative);
	return TestMeans(search, tally, units, general, general_units, i, alternative);
}

/* Sets a slice's p, units and design effect; and, if losses are paired, p against the rest of the rows */
void
FmaTestUnits(FmaSearch *search, FmaSlice *slice, const FmaTally *tally, const FmaUnitSums *units,
			 const FmaTally *const *general, const FmaUnitSums *const *general_units, int ngeneral,
			 double *rest)
{
	double		variance = MeanVariance(search, tally, units);

	slice->units = units->units;
	if (FmaLossIsRate(search->encoding))
		slice->design_effect = DesignEffect(search, tally, units, general[0], general_units[0], 0);
	else
		slice->design_effect = slice->variance > 0 ? variance / (slice->variance / slice->n) : 1;
	switch (search->options.against)
	{
		case FMA_AGAINST_ZERO:
			slice->p = variance > 0 ?
				2 * FmaStudentTSf(fabs(slice->total / slice->n) / sqrt(variance), units->units - 1) : NAN;
			*rest = TestAgainst(search, tally, units, general[0], general_units[0], 0, FMA_TWO_SIDED);
			break;
		case FMA_AGAINST_REST:
			slice->p = TestAgainst(search, tally, units, general[0], general_units[0], 0, FMA_TWO_SIDED);
			break;
		case FMA_AGAINST_GENERAL:
			slice->p = 0;
			for (int i = 0; i < ngeneral && slice->p < 1; i++)
			{
				double		p;

				if (general[i]->n == tally->n)
					continue;
				p = (double) tally->sum * general[i]->n <= (double) general[i]->sum * tally->n ? 1.0 :
					TestAgainst(search, tally, units, general[i], general_units[i], i, FMA_GREATER);
				slice->p = isnan(p) || isnan(slice->p) ? NAN : Max(slice->p, p);
			}
			break;
	}
}

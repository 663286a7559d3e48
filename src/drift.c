/*
 * drift.c
 *		Do the columns of one query look like those of another?
 *
 * The rows of both are encoded together, so that they share values and bins.
 */
#include "encode.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "arguments.h"
#include "conditions.h"
#include "losses.h"
#include "statistics.h"
#include "sums.h"

/* Cells expected to hold fewer rows of either query are joined for the chi-square test (Cochran's rule) */
#define LEAST_EXPECTED 5.0

/* An empty cell has an infinite PSI; it counts as this many rows */
#define EMPTY_CELL 0.5

PG_FUNCTION_INFO_V1(fma_drift);

/* What is known of a column as such: [0] of the reference, [1] of the current query */
typedef struct ColumnDrift
{
	int64		nulls[2];
	double		ks,				/* NaN if the column is not of numbers */
				ks_p,
				wasserstein;
} ColumnDrift;

/* The rows of a cell */
typedef struct Cell
{
	int64		n[2];
} Cell;

/* One line of the result */
typedef struct Drift
{
	const char *name;
	const char *kind;
	const ColumnDrift *column;
	int			ncells;
	double		psi,
				jensen_shannon,
				hellinger,
				total_variation,
				chi_square,
				chi_square_p,
				p,
				q;
} Drift;

/* The distribution functions of two samples, followed upward */
typedef struct Walk
{
	int64		n[2];			/* of all values */
	int64		below[2];		/* of the values so far */
	double		last;
	bool		any,
				infinite;
	double		ks;
	FmaSum		wasserstein;
} Walk;

/* How far the distribution functions are from each other, rounded once */
static double
DistanceHere(const Walk *walk)
{
	int128		difference = (int128) walk->below[0] * walk->n[1] - (int128) walk->below[1] * walk->n[0];

	return fabs((double) difference) / ((double) walk->n[0] * (double) walk->n[1]);
}

/* Takes the next value, and how many rows of each sample have it */
static void
StepTo(Walk *walk, double value, int64 n0, int64 n1)
{
	walk->infinite |= isinf(value);
	if (walk->any && !walk->infinite)
		FmaSumAdd(&walk->wasserstein, DistanceHere(walk) * (value - walk->last));
	walk->any = true;
	walk->last = value;
	walk->below[0] += n0;
	walk->below[1] += n1;
	walk->ks = Max(walk->ks, DistanceHere(walk));
}

/* Whether a row is of the current query */
static inline int
SideOf(const FmaEncoding *encoding, int64 row)
{
	return row >= encoding->split;
}

static int
CompareNumbers(const void *a, const void *b, void *dictionary)
{
	CHECK_FOR_INTERRUPTS();
	return FmaDictionaryCompare(dictionary, *(const uint32 *) a, *(const uint32 *) b);
}

/* The value of a number in a dictionary */
static double
NumberIn(const FmaColumn *column, uint32 number)
{
	Datum		value = column->dictionary.values[number];

	if (column->dictionary.equality == FMA_BY_KEY)
		value = FmaKeyValue(column->base_type, (uint64) value);
	return FmaNumberAsDouble(column->base_type, value);
}

/* Walks through a column whose values are numbered */
static void
WalkNumbered(FmaEncoding *encoding, FmaColumn *column, Walk *walk)
{
	uint32		nvalues = column->dictionary.nvalues;
	Cell	   *cells = palloc0(sizeof(Cell) * (nvalues + 1));
	uint32	   *order = palloc(sizeof(uint32) * (nvalues + 1));

	for (int64 row = 0; row < encoding->nrows; row++)
		cells[FmaRowNumber(column, row)].n[SideOf(encoding, row)]++;
	for (uint32 i = 0; i < nvalues; i++)
		order[i] = i;
	qsort_arg(order, nvalues, sizeof(uint32), CompareNumbers, &column->dictionary);
	if (nvalues > 0 && isnan(NumberIn(column, order[nvalues - 1])))
		nvalues--;				/* NaN is the last */
	for (uint32 i = 0; i < nvalues; i++)
		for (int side = 0; side < 2; side++)
			walk->n[side] += cells[order[i] + 1].n[side];
	if (walk->n[0] > 0 && walk->n[1] > 0)
		for (uint32 i = 0; i < nvalues; i++)
			StepTo(walk, NumberIn(column, order[i]), cells[order[i] + 1].n[0], cells[order[i] + 1].n[1]);
	pfree(cells);
	pfree(order);
}

/* Walks through a column whose rows are keys: those of each query are sorted, and merged */
static void
WalkKeys(FmaEncoding *encoding, FmaColumn *column, Walk *walk)
{
	bool		has_nan = column->base_type == FLOAT4OID || column->base_type == FLOAT8OID || column->base_type == NUMERICOID;
	Size		size = sizeof(uint64) * encoding->nrows;
	uint64	   *keys[2];
	int64		at[2] = {0, 0};

	FmaCharge(&encoding->budget, size);
	keys[0] = palloc_extended(size, MCXT_ALLOC_HUGE);
	keys[1] = keys[0] + encoding->split;
	for (int64 row = 0; row < encoding->nrows; row++)
	{
		bool		isnull;
		uint64		key = FmaRowKey(column, row, &isnull);
		int			side = SideOf(encoding, row);

		if (!isnull && !(has_nan && key == FMA_KEY_NAN))
			keys[side][walk->n[side]++] = key;
	}
	for (int side = 0; side < 2; side++)
		qsort(keys[side], walk->n[side], sizeof(uint64), FmaCompareKeys);
	while (walk->n[0] > 0 && walk->n[1] > 0 && (at[0] < walk->n[0] || at[1] < walk->n[1]))
	{
		uint64		key = PG_UINT64_MAX;
		Cell		cell = {{0, 0}};

		for (int side = 0; side < 2; side++)
			if (at[side] < walk->n[side])
				key = Min(key, keys[side][at[side]]);
		for (int side = 0; side < 2; side++)
			for (; at[side] < walk->n[side] && keys[side][at[side]] == key; at[side]++)
				cell.n[side]++;
		StepTo(walk, column->base_type == NUMERICOID ? DatumGetFloat8(FmaKeyValue(NUMERICOID, key)) :
			   FmaNumberAsDouble(column->base_type, FmaKeyValue(column->base_type, key)), cell.n[0], cell.n[1]);
	}
	pfree(keys[0]);
	FmaRelease(&encoding->budget, size);
}

/* Looks at a column before its values become conditions: NULLs, and the distances of two samples of numbers */
static void
LookAtColumn(FmaEncoding *encoding, FmaColumn *column, void *argument)
{
	ColumnDrift *drift = &((ColumnDrift *) argument)[column - encoding->columns];
	Walk		walk = {{0, 0}};

	for (int64 row = 0; row < encoding->nrows; row++)
	{
		bool		isnull = false;

		if (column->wide)
			(void) FmaRowKey(column, row, &isnull);
		else
			isnull = FmaRowNumber(column, row) == 0;
		drift->nulls[SideOf(encoding, row)] += isnull;
	}
	drift->ks = drift->ks_p = drift->wasserstein = NAN;
	if (column->use != FMA_USE_NUMBER)
		return;
	if (column->wide)
		WalkKeys(encoding, column, &walk);
	else
		WalkNumbered(encoding, column, &walk);
	if (!walk.any)
		return;
	drift->ks = walk.ks;
	drift->ks_p = FmaKolmogorovP(walk.ks, walk.n[0], walk.n[1]);
	if (!walk.infinite)
		drift->wasserstein = FmaSumValue(walk.wasserstein);
}

/* The chi-square test of the cells, the rare ones joined; NaN if fewer than two cells are left */
static void
TestCells(const Cell *cells, int ncells, const int64 n[2], Drift *drift)
{
	double		all = (double) n[0] + n[1];
	Cell		rare = {{0, 0}};
	double		sum = 0;
	int			used = 0;

	for (int i = 0; i <= ncells; i++)
	{
		const Cell *cell = i < ncells ? &cells[i] : &rare;
		double		here = (double) cell->n[0] + cell->n[1];

		if (i < ncells && here * Min(n[0], n[1]) < LEAST_EXPECTED * all)
		{
			rare.n[0] += cell->n[0];
			rare.n[1] += cell->n[1];
			continue;
		}
		if (here == 0)
			continue;
		for (int side = 0; side < 2; side++)
		{
			double		expected = here * (n[side] / all);

			sum += (cell->n[side] - expected) * (cell->n[side] - expected) / expected;
		}
		used++;
	}
	drift->chi_square = used >= 2 ? sum : NAN;
	drift->chi_square_p = used >= 2 ? FmaChiSquareSf(sum, used - 1) : NAN;
}

/*
 * The distances of two distributions over cells.  PSI: the sum of
 * (p - q) log(p / q), Jeffreys' divergence.  Jensen-Shannon: the square root of
 * the divergence in bits.  Hellinger: sqrt(1 - sum of sqrt(p q)).  Total
 * variation: half the sum of |p - q|.
 */
static void
MeasureCells(const Cell *cells, int ncells, const int64 n[2], Drift *drift)
{
	double		js = 0,
				squares = 0;

	for (int i = 0; i < ncells; i++)
	{
		double		p = (double) cells[i].n[0] / n[0],
					q = (double) cells[i].n[1] / n[1],
					m = (p + q) / 2,
					p_full = Max(cells[i].n[0], EMPTY_CELL) / n[0],
					q_full = Max(cells[i].n[1], EMPTY_CELL) / n[1];

		drift->psi += (p_full - q_full) * log(p_full / q_full);
		js += (p > 0 ? p * log2(p / m) : 0) + (q > 0 ? q * log2(q / m) : 0);
		squares += (sqrt(p) - sqrt(q)) * (sqrt(p) - sqrt(q));
		drift->total_variation += fabs(p - q) / 2;
	}
	drift->jensen_shannon = sqrt(Max(js, 0) / 2);
	drift->hellinger = sqrt(squares / 2);
	drift->ncells = ncells;
}

/* The least of the p-values that there are, corrected for their number; NaN if there are none */
static double
CombineP(double a, double b)
{
	if (isnan(a) || isnan(b))
		return isnan(a) ? b : a;
	return Min(1.0, 2.0 * Min(a, b));
}

/* How a feature differs between the two queries */
static Drift
FeatureDrift(const FmaEncoding *encoding, const FmaFeature *feature, const ColumnDrift *columns)
{
	Drift		drift = {0};
	Cell		cells[FMA_MAX_CODES] = {{{0, 0}}};
	int64		n[2] = {encoding->split, encoding->nrows - encoding->split};
	int			used = 0;

	CHECK_FOR_INTERRUPTS();
	for (int64 row = 0; row < encoding->nrows; row++)
		cells[feature->codes[row]].n[SideOf(encoding, row)]++;
	for (int i = 0; i < FMA_MAX_CODES; i++)
		if (cells[i].n[0] + cells[i].n[1] > 0)
			cells[used++] = cells[i];
	drift.name = FmaFeatureName(feature);
	drift.kind = feature->column->use == FMA_USE_TIME ? "calendar" :
		feature->column->use == FMA_USE_NUMBER ? "number" : "category";
	drift.column = &columns[feature->column - encoding->columns];
	MeasureCells(cells, used, n, &drift);
	TestCells(cells, used, n, &drift);
	drift.p = CombineP(drift.chi_square_p, drift.column->ks_p);
	return drift;
}

/* By falling PSI; of equals the first column first */
static int
CompareDrifts(const void *a, const void *b)
{
	const Drift *left = *(const Drift *const *) a,
			   *right = *(const Drift *const *) b;

	if (left->psi != right->psi)
		return left->psi > right->psi ? -1 : 1;
	return left < right ? -1 : left > right;
}

/* What effect and chance say together */
static const char *
Verdict(const Drift *drift, double min_psi, double fdr)
{
	bool		significant = drift->q <= fdr;	/* not if it is NaN */

	if (drift->psi >= min_psi)
		return significant ? "drift" : "unclear";
	return significant ? "slight" : "none";
}

static void
PutDrift(FunctionCallInfo fcinfo, const FmaEncoding *encoding, const Drift *drift, int64 rank, const char *verdict)
{
	Datum		values[19];
	bool		nulls[19] = {false};
	bool		number = !isnan(drift->column->ks);
	int			i = 0;

	values[i++] = Int64GetDatum(rank);
	values[i++] = CStringGetTextDatum(drift->name);
	values[i++] = CStringGetTextDatum(drift->kind);
	values[i++] = Int64GetDatum(encoding->split);
	values[i++] = Int64GetDatum(encoding->nrows - encoding->split);
	values[i++] = Int64GetDatum(drift->column->nulls[0]);
	values[i++] = Int64GetDatum(drift->column->nulls[1]);
	values[i++] = Int32GetDatum(drift->ncells);
	values[i++] = Float8GetDatum(drift->psi);
	values[i++] = Float8GetDatum(drift->jensen_shannon);
	values[i++] = Float8GetDatum(drift->hellinger);
	values[i++] = Float8GetDatum(drift->total_variation);
	values[i] = FmaFloat8OrNull(drift->chi_square, &nulls[i]), i++;
	values[i] = FmaFloat8OrNull(drift->chi_square_p, &nulls[i]), i++;
	nulls[i] = !number;
	values[i++] = Float8GetDatum(drift->column->ks);
	nulls[i] = !number;
	values[i++] = Float8GetDatum(drift->column->ks_p);
	values[i] = FmaFloat8OrNull(drift->column->wasserstein, &nulls[i]), i++;
	values[i] = FmaFloat8OrNull(drift->q, &nulls[i]), i++;
	values[i++] = CStringGetTextDatum(verdict);
	FmaAssert(i == lengthof(values));
	FmaPutRow(fcinfo, values, nulls);
}

/* Measures, corrects and puts out the features of both queries */
static void
PutDrifts(FunctionCallInfo fcinfo, const FmaEncoding *encoding, const ColumnDrift *columns,
		  double min_psi, double fdr, FmaCorrection correction)
{
	Drift	   *drifts = palloc(sizeof(Drift) * Max(encoding->nfeatures, 1));
	Drift	  **order = palloc(sizeof(Drift *) * Max(encoding->nfeatures, 1));
	double	   *p = palloc(sizeof(double) * Max(encoding->nfeatures, 1));
	int			n = 0;

	for (int i = 0; i < encoding->nfeatures; i++)
		if (FmaComparable(&encoding->features[i]))
		{
			drifts[n] = FeatureDrift(encoding, &encoding->features[i], columns);
			p[n] = drifts[n].p;
			order[n] = &drifts[n];
			n++;
		}
	FmaAdjustP(p, p, n, correction);
	for (int i = 0; i < n; i++)
		drifts[i].q = p[i];
	qsort(order, n, sizeof(Drift *), CompareDrifts);
	for (int i = 0; i < n; i++)
		PutDrift(fcinfo, encoding, order[i], i + 1, Verdict(order[i], min_psi, fdr));
}

/*
 * fma_drift(reference, current, bins, max_values, min_psi, fdr, correction,
 * timezone): how far the columns of two queries differ.  doc/drift.md has the
 * definitions.
 */
Datum
fma_drift(PG_FUNCTION_ARGS)
{
	MemoryContext context,
				caller;
	FmaEncodeOptions options = {0};
	FmaEncoding *encoding;
	double		min_psi,
				fdr;
	FmaCorrection correction;

	InitMaterializedSRF(fcinfo, 0);
	context = AllocSetContextCreate(CurrentMemoryContext, "fma search", ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(context);
	options.bins = FmaIntegerArg(fcinfo, 2, "bins", 2, FMA_MAX_VALUES);
	options.max_values = FmaIntegerArg(fcinfo, 3, "max_values", 1, FMA_MAX_VALUES);
	min_psi = FmaNumberArg(fcinfo, 4, "min_psi");
	fdr = FmaCheckUnit("fdr", FmaNumberArg(fcinfo, 5, "fdr"));
	correction = FmaCorrectionArg(fcinfo, 6);
	options.timezone = FmaTimezoneArg(fcinfo, 7);
	options.no_loss = true;
	options.look = LookAtColumn;
	options.look_argument = palloc0(sizeof(ColumnDrift) * MaxTupleAttributeNumber);
	encoding = FmaEncodePair(FmaWordArg(fcinfo, 0, "reference"), FmaWordArg(fcinfo, 1, "current"), &options);
	if (encoding != NULL)
		PutDrifts(fcinfo, encoding, options.look_argument, min_psi, fdr, correction);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	return (Datum) 0;
}

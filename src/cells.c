/*
 * cells.c
 *		Rows and failures counted by place and period, and what was expected there.
 */
#include "places.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"

/* Periods that are chosen by themselves, at the most: a leap year of days */
#define FEW_PERIODS 366
#define MOST_PERIODS 1000000

/* What a scan takes for each cell, its replicates included */
#define BYTES_PER_CELL 112

/* Expected failures are added as integers, all of them together below 2^52 */
#define WEIGHT_BITS 52

/* Sums of the expected column, in [0, 1], before they are put in proportion */
#define EXPECTED_BITS 62

#define ROWS_BETWEEN_INTERRUPTS 65536

/* Rows with the same value of the stratum */
typedef struct Stratum
{
	int64		failures;
	int128		expected;
	double		scale;			/* weight of an expected failure */
} Stratum;

/* Chooses the periods, or takes those asked for */
static void
MakePeriods(FmaPlaces *places)
{
	FmaColumn  *column = places->columns[FMA_PLACE_TIME];
	FmaCalendar calendar;
	FmaPeriodLength length;

	if (column == NULL)
	{
		places->periods.n = 1;
		return;
	}
	calendar = (FmaCalendar) {column->base_type, places->options.timezone};
	length = FmaShortestPeriod(column->base_type);
	if (places->options.period < 0)
	{
		while (length < FMA_PERIOD_YEAR &&
			   !FmaMakePeriods(&calendar, length, places->first_time, places->last_time, FEW_PERIODS,
							   &places->periods))
			length++;
		if (places->periods.n > 0)
			return;
	}
	else if (places->options.period < (int) length)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a date cannot be scanned by the hour")));
	else
		length = places->options.period;
	if (!FmaMakePeriods(&calendar, length, places->first_time, places->last_time, MOST_PERIODS, &places->periods))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the times span more than %d periods of one %s", MOST_PERIODS, FmaPeriodLengthNames[length]),
				 errhint("Choose a longer period.")));
}

/* The stratum of a row */
static inline Stratum *
StratumOf(FmaPlaces *places, Stratum *strata, int64 row)
{
	return &strata[places->strata != NULL ? places->strata[row] : 0];
}

/* What is expected of a row, before it is put in proportion */
static inline double
ExpectedOf(FmaPlaces *places, int64 row)
{
	return places->expected != NULL ? places->expected[row] : 1.0;
}

/* The cell of a row */
static inline int64
CellOf(FmaPlaces *places, int64 row)
{
	int64		place = places->points[row] & ~FMA_FAILED;
	int			period = places->times != NULL ? FmaFindPeriod(&places->periods, places->times[row]) : 0;

	FmaAssert(period >= 0 && period < places->periods.n);
	return place * places->periods.n + period;
}

/*
 * Fills the weights with what is expected: of each row the rate of its stratum, or its own
 * in proportion to those of its stratum, so that as many failures are expected as there are.
 */
static void
WeighCells(FmaPlaces *places)
{
	uint32		nstrata = places->strata != NULL ? places->columns[FMA_PLACE_STRATUM]->dictionary.nvalues + 1 : 1;
	Stratum    *strata;
	int			bits = WEIGHT_BITS - (int) ceil(log2(places->failures + 1.0));

	FmaCharge(&places->budget, sizeof(Stratum) * (Size) nstrata);
	strata = palloc_extended(sizeof(Stratum) * (Size) nstrata, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int64 row = 0; row < places->nrows; row++)
	{
		Stratum    *stratum = StratumOf(places, strata, row);

		if (row % ROWS_BETWEEN_INTERRUPTS == 0)
			CHECK_FOR_INTERRUPTS();
		stratum->failures += (places->points[row] & FMA_FAILED) != 0;
		stratum->expected += (int64) rint(ldexp(ExpectedOf(places, row), EXPECTED_BITS));
	}
	for (uint32 i = 0; i < nstrata; i++)
		if (strata[i].failures > 0)
			strata[i].scale = ldexp(strata[i].failures / ldexp((double) strata[i].expected, -EXPECTED_BITS), bits);
	for (int64 row = 0; row < places->nrows; row++)
	{
		Stratum    *stratum = StratumOf(places, strata, row);
		double		weight = rint(ExpectedOf(places, row) * stratum->scale);

		if (row % ROWS_BETWEEN_INTERRUPTS == 0)
			CHECK_FOR_INTERRUPTS();

		/* Where rows fail some failure is expected, however little. */
		if (stratum->failures > 0)
			weight = Max(weight, 1);
		places->weights[CellOf(places, row)] += weight;
		places->weight += weight;
	}
	pfree(strata);
	FmaRelease(&places->budget, sizeof(Stratum) * (Size) nstrata);
}

/* Counts the rows by place and period, in the current memory context; there are rows */
void
FmaGatherCells(FmaPlaces *places)
{
	Size		ncells;

	MakePeriods(places);
	ncells = (Size) places->nplaces * places->periods.n;
	if (ncells > (places->budget.limit - places->budget.used) / BYTES_PER_CELL)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a scan of %d places and %d periods needs more memory than fma.search_memory allows",
						places->nplaces, places->periods.n),
				 errdetail("It needs %zu kB and may use %zu kB.",
						   (places->budget.used + BYTES_PER_CELL * ncells) / 1024, places->budget.limit / 1024),
				 errhint("Choose longer periods or larger cells, or set fma.search_memory higher.")));
	FmaCharge(&places->budget, (2 * sizeof(int32) + sizeof(double)) * ncells);
	places->cell_failures = palloc_extended(sizeof(int32) * ncells, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	places->cell_rows = palloc_extended(sizeof(int32) * ncells, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	places->weights = palloc_extended(sizeof(double) * ncells, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int64 row = 0; row < places->nrows; row++)
	{
		int64		cell = CellOf(places, row);

		if (row % ROWS_BETWEEN_INTERRUPTS == 0)
			CHECK_FOR_INTERRUPTS();
		places->cell_rows[cell]++;
		places->cell_failures[cell] += (places->points[row] & FMA_FAILED) != 0;
	}
	places->poisson = places->strata != NULL || places->expected != NULL;
	if (places->poisson)
		WeighCells(places);
	else
	{
		for (Size cell = 0; cell < ncells; cell++)
			places->weights[cell] = places->cell_rows[cell];
		places->weight = places->nrows;
	}
}

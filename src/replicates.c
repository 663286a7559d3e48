/*
 * replicates.c
 *		Data sets in which nothing is wrong, and how good their best windows are.
 *
 * Bernoulli: as many failures as there are, every row as likely to be one of
 * them.  The counts of the cells follow a multivariate hypergeometric
 * distribution; independent binomial counts do so too, given their sum.  So the
 * counts are drawn as binomials of a rate a little too low, and rows that have not
 * failed are added at random until the sum is right.  (If the sum is too high,
 * which is rare, all is drawn again.)  The binomials take one look into an alias
 * table of their number of rows; long ones are put together from parts.
 *
 * Poisson: as many failures as there are, each in a cell at random, in
 * proportion to what is expected there.
 */
#include "replicates.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "random.h"

/* Binomials of more rows are sums of binomials of this many */
#define PART_ROWS 4096

/* How far below the sum wanted the mean of the sum is, in standard deviations */
#define BELOW_DEVIATIONS 4

/* Less likely counts of a part never occur */
#define NEVER 1e-18

/* One entry of an alias table (Walker 1977): itself up to the threshold, else the other one */
typedef struct AliasEntry
{
	uint32		threshold;
	uint32		other;
} AliasEntry;

/* A distribution over low .. low + n - 1 */
typedef struct AliasTable
{
	int			low;
	uint32		n;				/* 0: not made yet */
	AliasEntry *entries;
} AliasTable;

typedef struct Replicates
{
	FmaScan    *scan;
	int64		ncells;			/* with a weight */
	int64	   *cells;			/* their numbers */
	int32	   *counts;			/* of the replicate that is being drawn */
	/* Bernoulli */
	bool		passed;			/* rows that passed are drawn, since they are fewer */
	int64		wanted;			/* failures, or rows that passed */
	double		rate;			/* of the binomials */
	int64	   *starts;			/* rows before each of the cells, and all of them */
	AliasTable	tables[PART_ROWS + 1];	/* binomials, by rows */
	/* Poisson */
	AliasTable	which;			/* cell */
} Replicates;

/*
 * Makes an alias table from probabilities, which need not add up to one (Vose 1991);
 * they are changed
 */
static void
MakeAliasTable(AliasTable *table, double *p, int low, uint32 n)
{
	uint32	   *stack = palloc_extended(sizeof(uint32) * n, MCXT_ALLOC_HUGE);
	uint32		nsmall = 0,
				nlarge = 0;		/* the large ones are at the end of the stack */
	double		sum = 0;

	table->low = low;
	table->n = n;
	table->entries = palloc_extended(sizeof(AliasEntry) * n, MCXT_ALLOC_HUGE);
	for (uint32 i = 0; i < n; i++)
		sum += p[i];
	for (uint32 i = 0; i < n; i++)
	{
		p[i] *= n / sum;
		if (p[i] < 1)
			stack[nsmall++] = i;
		else
			stack[n - ++nlarge] = i;
		table->entries[i].threshold = PG_UINT32_MAX;
		table->entries[i].other = i;
	}
	while (nsmall > 0 && nlarge > 0)
	{
		uint32		small = stack[--nsmall],
					large = stack[n - nlarge];

		table->entries[small].threshold = (uint32) ldexp(p[small], 32);
		table->entries[small].other = large;
		p[large] -= 1 - p[small];
		if (p[large] < 1)
		{
			nlarge--;
			stack[nsmall++] = large;
		}
	}
	pfree(stack);
}

/* Draws from an alias table */
static inline uint32
Draw(const AliasTable *table, FmaRandom *random)
{
	uint64		fraction;
	uint32		i = FmaRandomBelow(random, table->n, &fraction);
	const AliasEntry *entry = &table->entries[i];

	return table->low + ((uint32) (fraction >> 32) < entry->threshold ? i : entry->other);
}

/* Makes the table of a binomial distribution, from its mode outwards */
static void
MakeBinomial(AliasTable *table, int n, double rate)
{
	double	   *p = palloc(sizeof(double) * (n + 1));
	int			mode = Min(n, (int) ((n + 1) * rate)),
				low = mode,
				high = mode;
	double		odds = rate / (1 - rate);

	p[mode] = 1;
	while (low > 0 && p[low] > NEVER)
	{
		p[low - 1] = p[low] * low / ((n - low + 1) * odds);
		low--;
	}
	while (high < n && p[high] > NEVER)
	{
		p[high + 1] = p[high] * (n - high) * odds / (high + 1);
		high++;
	}
	MakeAliasTable(table, p + low, low, high - low + 1);
	pfree(p);
}

/* Prepares the drawing of rows */
static void
PrepareBernoulli(Replicates *replicates)
{
	FmaScan    *scan = replicates->scan;
	double		rows = scan->weight;
	double		wanted,
				mean;

	replicates->passed = scan->failures > rows - scan->failures;
	wanted = replicates->passed ? rows - scan->failures : scan->failures;
	mean = wanted - BELOW_DEVIATIONS * sqrt(wanted * (1 - wanted / rows));
	replicates->wanted = (int64) wanted;
	replicates->rate = Max(mean, 0) / rows;
	replicates->starts = palloc_extended(sizeof(int64) * (replicates->ncells + 1), MCXT_ALLOC_HUGE);
	replicates->starts[0] = 0;
	for (int64 i = 0; i < replicates->ncells; i++)
	{
		int64		n = (int64) scan->weights[replicates->cells[i]];

		CHECK_FOR_INTERRUPTS();
		replicates->starts[i + 1] = replicates->starts[i] + n;
		if (replicates->rate > 0 && n >= PART_ROWS && replicates->tables[PART_ROWS].n == 0)
			MakeBinomial(&replicates->tables[PART_ROWS], PART_ROWS, replicates->rate);
		if (replicates->rate > 0 && n % PART_ROWS > 0 && replicates->tables[n % PART_ROWS].n == 0)
			MakeBinomial(&replicates->tables[n % PART_ROWS], n % PART_ROWS, replicates->rate);
	}
}

/* Draws a binomial count for every cell; returns their sum */
static int64
DrawBinomials(Replicates *replicates, FmaRandom *random)
{
	int64		sum = 0;

	for (int64 i = 0; i < replicates->ncells; i++)
	{
		int64		n = replicates->starts[i + 1] - replicates->starts[i];
		int32		count = 0;

		for (; n >= PART_ROWS; n -= PART_ROWS)
			count += Draw(&replicates->tables[PART_ROWS], random);
		if (n > 0)
			count += Draw(&replicates->tables[n], random);
		replicates->counts[i] = count;
		sum += count;
	}
	return sum;
}

/* Adds a row that is not yet among those drawn; the first rows of a cell are */
static void
AddRow(Replicates *replicates, FmaRandom *random)
{
	for (;;)
	{
		uint64		fraction;
		int64		row = FmaRandomBelow(random, replicates->starts[replicates->ncells], &fraction);
		int64		low = 0,
					high = replicates->ncells;

		while (high - low > 1)
		{
			int64		middle = (low + high) / 2;

			if (row >= replicates->starts[middle])
				low = middle;
			else
				high = middle;
		}
		if (row - replicates->starts[low] >= replicates->counts[low])
		{
			replicates->counts[low]++;
			return;
		}
	}
}

/* Draws as many failures as there are among the rows */
static void
DrawBernoulli(Replicates *replicates, FmaRandom *random)
{
	int64		sum = 0;

	if (replicates->rate > 0)
		do
		{
			CHECK_FOR_INTERRUPTS();
			sum = DrawBinomials(replicates, random);
		} while (sum > replicates->wanted);
	else
		memset(replicates->counts, 0, sizeof(int32) * replicates->ncells);
	for (; sum < replicates->wanted; sum++)
		AddRow(replicates, random);
	if (replicates->passed)
		for (int64 i = 0; i < replicates->ncells; i++)
			replicates->counts[i] = replicates->starts[i + 1] - replicates->starts[i] - replicates->counts[i];
}

/* Prepares the drawing of cells */
static void
PreparePoisson(Replicates *replicates)
{
	double	   *p = palloc_extended(sizeof(double) * replicates->ncells, MCXT_ALLOC_HUGE);

	for (int64 i = 0; i < replicates->ncells; i++)
		p[i] = replicates->scan->weights[replicates->cells[i]];
	MakeAliasTable(&replicates->which, p, 0, replicates->ncells);
	pfree(p);
}

/* Draws a cell for every failure */
static void
DrawPoisson(Replicates *replicates, FmaRandom *random)
{
	int64		failures = (int64) replicates->scan->failures;

	memset(replicates->counts, 0, sizeof(int32) * replicates->ncells);
	for (int64 i = 0; i < failures; i++)
	{
		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
		replicates->counts[Draw(&replicates->which, random)]++;
	}
}

/*
 * Scans as many replicates as asked for: best[i] is the logarithm of the
 * likelihood ratio of the best window of replicate i, which depends on the seed,
 * i and the weights alone.  Both failures and rows that passed exist.  lanes:
 * room from FmaAllocateLanes, all 0.
 */
void
FmaScanReplicates(FmaScan *scan, int32 *lanes, int replicates_wanted, uint64 seed, FmaBudget *budget, double *best)
{
	Replicates *replicates = palloc0(sizeof(Replicates));
	int64		ncells = (int64) scan->nplaces * scan->nperiods;
	Size		bytes = (sizeof(int64) * 3 + sizeof(int32)) * ncells;
	FmaWindow	windows[FMA_LANES];

	FmaCharge(budget, bytes);
	replicates->scan = scan;
	replicates->cells = palloc_extended(sizeof(int64) * ncells, MCXT_ALLOC_HUGE);
	replicates->counts = palloc_extended(sizeof(int32) * ncells, MCXT_ALLOC_HUGE);
	for (int64 cell = 0; cell < ncells; cell++)
		if (scan->weights[cell] > 0)
			replicates->cells[replicates->ncells++] = cell;
	if (scan->poisson)
		PreparePoisson(replicates);
	else
		PrepareBernoulli(replicates);

	for (int first = 0; first < replicates_wanted; first += FMA_LANES)
	{
		int			nlanes = Min(FMA_LANES, replicates_wanted - first);

		for (int lane = 0; lane < nlanes; lane++)
		{
			FmaRandom	random;

			CHECK_FOR_INTERRUPTS();
			FmaRandomInit(&random, seed, first + lane);
			if (scan->poisson)
				DrawPoisson(replicates, &random);
			else
				DrawBernoulli(replicates, &random);
			for (int64 i = 0; i < replicates->ncells; i++)
				lanes[replicates->cells[i] * FMA_LANES + lane] = replicates->counts[i] << scan->shift;
		}
		FmaScanLanes(scan, lanes, nlanes, NULL, NULL, false, windows);
		for (int lane = 0; lane < nlanes; lane++)
			best[first + lane] = windows[lane].llr;
	}
	FmaRelease(budget, bytes);
}

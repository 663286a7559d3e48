/*
 * tables.c
 *		Contingency tables of codes, counted over blocks of rows.
 */
#include "tables.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "random.h"

/* Rows that are counted together; their weights and indexes stay in the cache */
#define BLOCK_ROWS 2048

/* Tables that the innermost loop fills together */
#define AT_ONCE 4

Size
FmaCellSize(FmaSearch *search)
{
	return FmaIsReal(search) ? sizeof(uint64) + 2 * sizeof(int128) : 2 * sizeof(uint64);
}

/* A table of empty cells */
FmaTable *
FmaNewTable(FmaSearch *search, int64 ncells)
{
	FmaTable   *table = palloc(sizeof(FmaTable));
	char	   *cells;

	FmaCharge(&search->encoding->budget, ncells * FmaCellSize(search));
	cells = palloc_extended(ncells * FmaCellSize(search), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	table->ncells = ncells;
	if (FmaIsReal(search))
	{
		table->sum = (int128 *) cells;
		table->square = table->sum + ncells;
		table->pass = (uint64 *) (table->square + ncells);
		table->fail = NULL;
	}
	else
	{
		table->pass = (uint64 *) cells;
		table->fail = table->pass + ncells;
		table->sum = table->square = NULL;
	}
	return table;
}

void
FmaFreeTable(FmaSearch *search, FmaTable *table)
{
	FmaRelease(&search->encoding->budget, table->ncells * FmaCellSize(search));
	pfree(table->sum != NULL ? (void *) table->sum : table->pass);
	pfree(table);
}

/* Reads a cell */
FmaTally
FmaTallyAt(FmaSearch *search, const FmaTable *table, int64 cell)
{
	uint64		mask = (UINT64CONST(1) << search->count_bits) - 1;
	FmaTally	tally;

	tally.n = table->pass[cell] & mask;
	if (table->fail == NULL)
	{
		tally.sum = table->sum[cell];
		tally.square = table->square[cell];
		tally.signature = FmaMixBits(table->pass[cell]) ^ (uint64) tally.sum;
	}
	else
	{
		int64		failures = table->fail[cell] & mask;

		tally.n += failures;
		tally.sum = tally.square = failures;
		tally.signature = FmaMixBits(table->pass[cell]) ^ FmaMixBits(~table->fail[cell]);
	}
	return tally;
}

static inline void
AddCell(FmaTable *to, int64 i, const FmaTable *from, int64 j)
{
	to->pass[i] += from->pass[j];
	if (from->fail != NULL)
		to->fail[i] += from->fail[j];
	else
	{
		to->sum[i] += from->sum[j];
		to->square[i] += from->square[j];
	}
}

/* Adds the weights of a block of rows to the cells base + code: the innermost loop */
static void
AddWeights(uint64 *cells, const uint32 *base, const uint8 *codes, const uint64 *weights, int n)
{
	for (int i = 0; i < n; i++)
		cells[base[i] + codes[i]] += weights[i];
}

/* The same for four tables at once, which share the reading of the rows */
static void
AddWeightsToFour(uint64 *const *cells, const uint32 *base, const uint32 *width, const uint8 *const *codes,
				 const uint64 *weights, int n)
{
	uint64	   *cells0 = cells[0],
			   *cells1 = cells[1],
			   *cells2 = cells[2],
			   *cells3 = cells[3];
	const uint8 *codes0 = codes[0],
			   *codes1 = codes[1],
			   *codes2 = codes[2],
			   *codes3 = codes[3];
	uint32		width0 = width[0],
				width1 = width[1],
				width2 = width[2],
				width3 = width[3];

	for (int i = 0; i < n; i++)
	{
		uint64		weight = weights[i];
		uint32		row = base[i];

		cells0[row * width0 + codes0[i]] += weight;
		cells1[row * width1 + codes1[i]] += weight;
		cells2[row * width2 + codes2[i]] += weight;
		cells3[row * width3 + codes3[i]] += weight;
	}
}

static void
AddLosses(FmaTable *table, const uint32 *base, const uint8 *codes,
		  const uint64 *weights, const int64 *loss, int n)
{
	for (int i = 0; i < n; i++)
	{
		uint32		cell = base[i] + codes[i];

		table->pass[cell] += weights[i];
		table->sum[cell] += loss[i];
		table->square[cell] += (int128) loss[i] * loss[i];
	}
}

/* Adds the rows first .. first + n - 1, all failing or none, to a table */
static void
AddBlock(FmaSearch *search, FmaTable *table, const uint32 *base, const uint8 *codes, int64 first, int n)
{
	const uint64 *weights = search->weights + first;

	if (FmaIsReal(search))
		AddLosses(table, base, codes + first, weights, search->encoding->loss + first, n);
	else
		AddWeights(first < search->encoding->failures ? table->fail : table->pass,
				   base, codes + first, weights, n);
}

/* The rows of the block at "first": none has both failing and other rows */
static int
BlockRows(FmaSearch *search, int64 first)
{
	int64		end = !FmaIsReal(search) && first < search->encoding->failures ?
		search->encoding->failures : search->encoding->nrows;

	return Min(end - first, BLOCK_ROWS);
}

/* Counts the rows by the codes of up to three features, the last one varying fastest */
void
FmaCountTable(FmaSearch *search, const FmaFeature *const *features, int order, FmaTable *table)
{
	uint32		base[BLOCK_ROWS];
	int			n;

	for (int64 first = 0; first < search->encoding->nrows; first += n)
	{
		n = BlockRows(search, first);
		CHECK_FOR_INTERRUPTS();
		memset(base, 0, sizeof(base));
		for (int f = 0; f < order - 1; f++)
		{
			const uint8 *codes = features[f]->codes + first;
			uint32		width = features[f + 1]->ncodes;

			for (int i = 0; i < n; i++)
				base[i] = (base[i] + codes[i]) * width;
		}
		AddBlock(search, table, base, features[order - 1]->codes, first, n);
	}
}

/* From codes to conditions in one dimension: [outer][codes][inner] to [outer][conditions][inner] */
static FmaTable *
ExpandDimension(FmaSearch *search, FmaTable *table, int64 outer, const FmaFeature *feature, int64 inner)
{
	FmaTable   *result = FmaNewTable(search, outer * feature->nconditions * inner);

	for (int64 o = 0; o < outer; o++)
		for (int c = 0; c < feature->nconditions; c++)
		{
			CHECK_FOR_INTERRUPTS();
			for (int code = feature->conditions[c].low; code <= feature->conditions[c].high; code++)
				for (int64 i = 0; i < inner; i++)
					AddCell(result, (o * feature->nconditions + c) * inner + i,
							table, (o * feature->ncodes + code) * inner + i);
		}
	FmaFreeTable(search, table);
	return result;
}

/* From a table of codes to one of conditions; the former is freed */
FmaTable *
FmaExpandTable(FmaSearch *search, const FmaFeature *const *features, int order, FmaTable *table)
{
	for (int f = 0; f < order; f++)
	{
		int64		outer = 1,
					inner = 1;

		for (int i = 0; i < f; i++)
			outer *= features[i]->nconditions;
		for (int i = f + 1; i < order; i++)
			inner *= features[i]->ncodes;
		table = ExpandDimension(search, table, outer, features[f], inner);
	}
	return table;
}

/* Tallies of all conjunctions of the conditions of up to three features */
FmaTally *
FmaCountConditions(FmaSearch *search, const FmaFeature *const *features, int order)
{
	int64		ncells = 1;
	FmaTable   *table;

	for (int f = 0; f < order; f++)
		ncells *= features[f]->ncodes;
	table = FmaNewTable(search, ncells);
	FmaCountTable(search, features, order, table);
	return FmaTakeTallies(search, features, order, table);
}

/* The tallies of the conditions in a table of codes, which is freed */
FmaTally *
FmaTakeTallies(FmaSearch *search, const FmaFeature *const *features, int order, FmaTable *table)
{
	FmaTally   *tallies;

	table = FmaExpandTable(search, features, order, table);
	FmaCharge(&search->encoding->budget, sizeof(FmaTally) * table->ncells);
	tallies = palloc_extended(sizeof(FmaTally) * Max(table->ncells, 1), MCXT_ALLOC_HUGE);
	for (int64 i = 0; i < table->ncells; i++)
	{
		if (i % BLOCK_ROWS == 0)
			CHECK_FOR_INTERRUPTS();
		tallies[i] = FmaTallyAt(search, table, i);
	}
	FmaFreeTable(search, table);
	return tallies;
}

void
FmaFreeTallies(FmaSearch *search, FmaTally *tallies, int64 n)
{
	FmaRelease(&search->encoding->budget, sizeof(FmaTally) * n);
	pfree(tallies);
}

/* The whole: all rows, all units */
void
FmaTallyAll(FmaSearch *search)
{
	FmaEncoding *encoding = search->encoding;

	memset(&search->all, 0, sizeof(search->all));
	search->all.n = encoding->nrows;
	if (!FmaIsReal(search))
		search->all.sum = search->all.square = encoding->failures;
	search->all_positive = true;
	for (int64 row = 0; FmaIsReal(search) && row < encoding->nrows; row++)
	{
		search->all.sum += encoding->loss[row];
		search->all.square += (int128) encoding->loss[row] * encoding->loss[row];
		search->all_positive &= encoding->loss[row] >= 0;
	}
	search->mean = search->all.n > 0 ? FmaTallyTotal(search, &search->all) / search->all.n : 0;
}

/* One random number a row, above the bits in which rows are counted */
void
FmaMakeWeights(FmaSearch *search)
{
	int64		nrows = search->encoding->nrows;

	while ((nrows >> search->count_bits) > 0)
		search->count_bits++;
	FmaCharge(&search->encoding->budget, sizeof(uint64) * nrows);
	search->weights = palloc_extended(sizeof(uint64) * Max(nrows, 1), MCXT_ALLOC_HUGE);
	for (int64 row = 0; row < nrows; row++)
		search->weights[row] = (FmaMixBits(row) << search->count_bits) | 1;
}

/*
 * Counts two features with several third ones, in one pass over the rows.
 * "numbers" gives each pair of their codes its number, which is the row of the
 * tables.  Without a second feature (b = -1) it is the code of the first.
 */
void
FmaCountTriples(FmaSearch *search, int a, int b, int first_c, int end_c, const uint32 *numbers, FmaTable **tables)
{
	FmaFeature *features = search->encoding->features;
	uint32		pair[BLOCK_ROWS],
				base[BLOCK_ROWS];
	int			n;

	for (int64 first = 0; first < search->encoding->nrows; first += n)
	{
		uint32		width = 0;
		bool		fail = first < search->encoding->failures;
		int			c = first_c;
		const uint8 *codes_a = features[a].codes + first;

		n = BlockRows(search, first);
		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < n; i++)
			pair[i] = b < 0 ? codes_a[i] : numbers[codes_a[i] * features[b].ncodes + features[b].codes[first + i]];
		for (; !FmaIsReal(search) && c + AT_ONCE <= end_c; c += AT_ONCE)
		{
			uint64	   *cells[AT_ONCE];
			uint32		widths[AT_ONCE];
			const uint8 *codes[AT_ONCE];

			for (int i = 0; i < AT_ONCE; i++)
			{
				FmaTable   *table = tables[c + i - first_c];

				cells[i] = fail ? table->fail : table->pass;
				widths[i] = features[c + i].ncodes;
				codes[i] = features[c + i].codes + first;
			}
			AddWeightsToFour(cells, pair, widths, codes, search->weights + first, n);
		}
		for (; c < end_c; c++)
		{
			if (width != features[c].ncodes)
			{
				width = features[c].ncodes;
				for (int i = 0; i < n; i++)
					base[i] = pair[i] * width;
			}
			AddBlock(search, tables[c - first_c], base, features[c].codes, first, n);
		}
	}
}

/* The tally of a slice in a table of its features' codes, without the condition "left_out" (or -1) */
FmaTally
FmaSumBox(FmaSearch *search, const FmaSlice *slice, const FmaTable *table, int left_out)
{
	int			low[FMA_MAX_ORDER] = {0},
				high[FMA_MAX_ORDER] = {0},
				width[FMA_MAX_ORDER] = {1, 1, 1};
	FmaTally	sum = {0};

	for (int i = 0; i < FmaOrderOf(slice); i++)
	{
		const FmaFeature *feature = FmaFeatureOf(search, slice, i);
		const FmaCondition *condition = &feature->conditions[slice->terms[i].condition];

		width[i] = feature->ncodes;
		low[i] = i == left_out ? 0 : condition->low;
		high[i] = i == left_out ? feature->ncodes - 1 : condition->high;
	}
	for (int a = low[0]; a <= high[0]; a++)
		for (int b = low[1]; b <= high[1]; b++)
			for (int c = low[2]; c <= high[2]; c++)
			{
				FmaTally	cell = FmaTallyAt(search, table, ((int64) a * width[1] + b) * width[2] + c);

				sum.n += cell.n;
				sum.sum += cell.sum;
				sum.square += cell.square;
			}
	return sum;
}

/*
 * search.c
 *		Every conjunction of up to three conditions, counted exactly.
 *
 * The search is exhaustive, since the false discovery rate is about everything
 * that was tested.  Orders 1 and 2 are plain contingency tables.  For order 3
 * two features are fixed, their pairs of conditions with enough rows are
 * numbered, and one pass over the rows counts the tables with all third features:
 * blocks of rows stay in the cache, and so do the tables.  A condition with
 * fewer than min_rows rows cannot be part of a slice; its rows share one code.
 */
#include "search.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "units.h"

/* Rows that are counted together; their weights and indexes stay in the cache */
#define BLOCK_ROWS 2048

/* Tables that the innermost loop fills together */
#define AT_ONCE 4

/* Tables of third features that are filled in one pass over the rows */
#define TABLES_BYTES (1024 * 1024)

/* A search that is estimated to take longer than this says so */
#define LONG_SECONDS 10
#define SECONDS_PER_COUNT 1e-9
#define SECONDS_PER_REAL_COUNT 3e-9
#define SECONDS_PER_UNIT_COUNT 20e-9

/* The smallest default of min_rows */
#define FEW_ROWS 30

/* splitmix64 (Steele, Lea, Flood 2014): random bits of a number */
static inline uint64
RandomOf(uint64 x)
{
	x += UINT64CONST(0x9E3779B97F4A7C15);
	x = (x ^ (x >> 30)) * UINT64CONST(0xBF58476D1CE4E5B9);
	x = (x ^ (x >> 27)) * UINT64CONST(0x94D049BB133111EB);
	return x ^ (x >> 31);
}

static inline bool
IsReal(FmaSearch *search)
{
	return search->encoding->loss != NULL;
}

static Size
CellSize(FmaSearch *search)
{
	return IsReal(search) ? sizeof(uint64) + 2 * sizeof(int128) : 2 * sizeof(uint64);
}

/* A table of empty cells */
FmaTable *
FmaNewTable(FmaSearch *search, int64 ncells)
{
	FmaTable   *table = palloc(sizeof(FmaTable));
	char	   *cells;

	FmaCharge(&search->encoding->budget, ncells * CellSize(search));
	cells = palloc_extended(ncells * CellSize(search), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	table->ncells = ncells;
	if (IsReal(search))
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
	FmaRelease(&search->encoding->budget, table->ncells * CellSize(search));
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
		tally.signature = RandomOf(table->pass[cell]) ^ (uint64) tally.sum;
	}
	else
	{
		int64		failures = table->fail[cell] & mask;

		tally.n += failures;
		tally.sum = tally.square = failures;
		tally.signature = RandomOf(table->pass[cell]) ^ RandomOf(~table->fail[cell]);
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

	if (IsReal(search))
		AddLosses(table, base, codes + first, weights, search->encoding->loss + first, n);
	else
		AddWeights(first < search->encoding->failures ? table->fail : table->pass,
				   base, codes + first, weights, n);
}

/* The rows of the block at "first": none has both failing and other rows */
static int
BlockRows(FmaSearch *search, int64 first)
{
	int64		end = !IsReal(search) && first < search->encoding->failures ?
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
			for (int code = feature->conditions[c].low; code <= feature->conditions[c].high; code++)
				for (int64 i = 0; i < inner; i++)
					AddCell(result, (o * feature->nconditions + c) * inner + i,
							table, (o * feature->ncodes + code) * inner + i);
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

/* Tallies of all conjunctions of the conditions of one or two features */
static FmaTally *
CountConditions(FmaSearch *search, const FmaFeature *const *features, int order)
{
	int64		ncells = 1;
	FmaTable   *table;
	FmaTally   *tallies;

	for (int f = 0; f < order; f++)
		ncells *= features[f]->ncodes;
	table = FmaNewTable(search, ncells);
	FmaCountTable(search, features, order, table);
	table = FmaExpandTable(search, features, order, table);
	FmaCharge(&search->encoding->budget, sizeof(FmaTally) * table->ncells);
	tallies = palloc_extended(sizeof(FmaTally) * Max(table->ncells, 1), MCXT_ALLOC_HUGE);
	for (int64 i = 0; i < table->ncells; i++)
		tallies[i] = FmaTallyAt(search, table, i);
	FmaFreeTable(search, table);
	return tallies;
}

static void
FreeTallies(FmaSearch *search, FmaTally *tallies, int64 n)
{
	FmaRelease(&search->encoding->budget, sizeof(FmaTally) * n);
	pfree(tallies);
}

/* p of a slice, given the tallies of what is more general (all rows first) */
static double
TestSlice(FmaSearch *search, const FmaTally *slice, const FmaTally *const *general, int ngeneral)
{
	double		largest = 0;

	switch (search->options.against)
	{
		case FMA_AGAINST_REST:
			return FmaTestTally(search, slice, general[0], FMA_TWO_SIDED);
		case FMA_AGAINST_ZERO:
			return FmaTestZero(search, slice);
		case FMA_AGAINST_GENERAL:
			break;
	}

	/*
	 * An intersection-union test: the largest p counts.  Beyond one half
	 * nothing can be a hotspot, and such p do not change the q of smaller ones.
	 */
	for (int i = 0; i < ngeneral; i++)
	{
		double		p;

		if (general[i]->n == slice->n)
			continue;			/* the same rows: one of the two will be dropped */
		if ((double) slice->sum * general[i]->n <= (double) general[i]->sum * slice->n)
			return 1.0;
		p = FmaTestTally(search, slice, general[i], FMA_GREATER);
		if (isnan(p))
			return NAN;
		largest = Max(largest, p);
		if (largest > 0.5)
			return largest;
	}
	return largest;
}

/*
 * Sets a slice's p, units and design effect, from its tally and what is more
 * general (all rows first); and p against the rest of the rows, if asked for
 */
void
FmaTestSlice(FmaSearch *search, FmaSlice *slice, const FmaTally *tally, const FmaUnitSums *units,
			 const FmaTally *const *general, const FmaUnitSums *const *general_units, int ngeneral, double *rest)
{
	if (units == NULL)
	{
		slice->p = TestSlice(search, tally, general, ngeneral);
		if (rest != NULL)
			*rest = FmaTestTally(search, tally, general[0], FMA_TWO_SIDED);
	}
	else
		FmaTestUnits(search, slice, tally, units, general, general_units, ngeneral, rest);
}

/* Records a slice */
static void
AddSlice(FmaSearch *search, int order, const FmaTerm *terms, const FmaTally *tally, const FmaUnitSums *units,
		 const FmaTally *const *general, const FmaUnitSums *const *general_units, int ngeneral)
{
	FmaSlice   *slice;
	bool		paired = search->options.against == FMA_AGAINST_ZERO;

	if (tally->n < search->min_rows || tally->n == search->all.n)
		return;
	if (search->nslices % FMA_SLICES_PER_CHUNK == 0)
	{
		int64		chunk = search->nslices / FMA_SLICES_PER_CHUNK;

		FmaCharge(&search->encoding->budget, sizeof(FmaSlice) * FMA_SLICES_PER_CHUNK);
		if (chunk == search->chunk_capacity)
		{
			search->chunk_capacity *= 2;
			search->slices = repalloc_huge(search->slices, sizeof(FmaSlice *) * search->chunk_capacity);
			search->rests = repalloc_huge(search->rests, sizeof(double *) * search->chunk_capacity);
		}
		search->slices[chunk] = palloc(sizeof(FmaSlice) * FMA_SLICES_PER_CHUNK);
		if (paired)
		{
			FmaCharge(&search->encoding->budget, sizeof(double) * FMA_SLICES_PER_CHUNK);
			search->rests[chunk] = palloc(sizeof(double) * FMA_SLICES_PER_CHUNK);
		}
	}
	slice = FmaSliceAt(search, search->nslices++);
	slice->signature = tally->signature;
	slice->total = FmaTallyTotal(search, tally);
	slice->variance = FmaLossIsRate(search->encoding) ? 0 : FmaTallyVariance(search, tally);
	slice->n = tally->n;
	slice->units = 0;
	slice->design_effect = 1;
	memset(slice->terms, -1, sizeof(slice->terms));
	memcpy(slice->terms, terms, sizeof(FmaTerm) * order);
	FmaTestSlice(search, slice, tally, units, general, general_units, ngeneral,
				 paired ? FmaRestAt(search, search->nslices - 1) : NULL);
}

/* The whole: all rows, all units */
void
FmaTallyAll(FmaSearch *search)
{
	FmaEncoding *encoding = search->encoding;

	memset(&search->all, 0, sizeof(search->all));
	search->all.n = encoding->nrows;
	if (!IsReal(search))
		search->all.sum = search->all.square = encoding->failures;
	search->all_positive = true;
	for (int64 row = 0; IsReal(search) && row < encoding->nrows; row++)
	{
		search->all.sum += encoding->loss[row];
		search->all.square += (int128) encoding->loss[row] * encoding->loss[row];
		search->all_positive &= encoding->loss[row] >= 0;
	}
	search->mean = search->all.n > 0 ? FmaTallyTotal(search, &search->all) / search->all.n : 0;
}

/* One random number a row, above the bits in which rows are counted */
static void
MakeWeights(FmaSearch *search)
{
	int64		nrows = search->encoding->nrows;

	while ((nrows >> search->count_bits) > 0)
		search->count_bits++;
	FmaCharge(&search->encoding->budget, sizeof(uint64) * nrows);
	search->weights = palloc_extended(sizeof(uint64) * Max(nrows, 1), MCXT_ALLOC_HUGE);
	for (int64 row = 0; row < nrows; row++)
		search->weights[row] = (RandomOf(row) << search->count_bits) | 1;
}

/* Gives the conditions with too few rows one code together, beyond all conditions */
static void
ShortenFeature(FmaSearch *search, FmaFeature *feature, FmaTally *tallies)
{
	uint8		map[FMA_MAX_CODES];
	int			kept = 0;
	int			none;

	if (feature->ordered && search->options.intervals)
		return;
	for (int i = 0; i < feature->nconditions; i++)
		kept += tallies[i].n >= search->min_rows;
	none = kept;
	memset(map, none, sizeof(map));
	kept = 0;
	for (int i = 0; i < feature->nconditions; i++)
		if (tallies[i].n >= search->min_rows)
		{
			map[feature->conditions[i].low] = kept;
			tallies[kept] = tallies[i];
			feature->conditions[kept] = feature->conditions[i];
			feature->conditions[kept].low = feature->conditions[kept].high = kept;
			kept++;
		}
	for (int64 row = 0; row < search->encoding->nrows; row++)
		feature->codes[row] = map[feature->codes[row]];
	feature->nconditions = kept;
	feature->ncodes = kept + 1;
}

/* Order 1 */
static void
SearchSingles(FmaSearch *search)
{
	FmaEncoding *encoding = search->encoding;
	const FmaTally *general[] = {&search->all};
	const FmaUnitSums *general_units[] = {&search->all_units};
	bool		with_units = encoding->unit_start != NULL;
	int64		ncells;

	search->singles = palloc(sizeof(FmaTally *) * Max(encoding->nfeatures, 1));
	search->single_units = palloc0(sizeof(FmaUnitSums *) * Max(encoding->nfeatures, 1));
	if (with_units)
		search->all_units = *FmaCountUnits(search, NULL, 0, &ncells);
	for (int f = 0; f < encoding->nfeatures; f++)
	{
		FmaFeature *feature = &encoding->features[f];
		const FmaFeature *set[] = {feature};

		search->singles[f] = CountConditions(search, set, 1);
		ShortenFeature(search, feature, search->singles[f]);
		if (with_units)
			search->single_units[f] = FmaCountUnits(search, set, 1, &ncells);
		for (int c = 0; c < feature->nconditions; c++)
		{
			FmaTerm		term = {f, c};

			AddSlice(search, 1, &term, &search->singles[f][c], with_units ? &search->single_units[f][c] : NULL,
					 general, general_units, 1);
		}
	}
}

/* Order 2; the tallies are kept if order 3 will need them */
static void
SearchPair(FmaSearch *search, int a, int b)
{
	FmaFeature *features = search->encoding->features;
	const FmaFeature *set[] = {&features[a], &features[b]};
	FmaTally   *tallies = CountConditions(search, set, 2);
	FmaTally   *tally = tallies;
	FmaUnitSums *units = NULL;
	int64		ncells;

	if (search->encoding->unit_start != NULL)
		units = FmaCountUnits(search, set, 2, &ncells);
	for (int ca = 0; ca < features[a].nconditions; ca++)
		for (int cb = 0; cb < features[b].nconditions; cb++, tally++)
		{
			FmaTerm		terms[] = {{a, ca}, {b, cb}};
			const FmaTally *general[] = {&search->all, &search->singles[a][ca], &search->singles[b][cb]};
			const FmaUnitSums *general_units[] = {&search->all_units, NULL, NULL};

			if (units != NULL)
			{
				general_units[1] = &search->single_units[a][ca];
				general_units[2] = &search->single_units[b][cb];
			}
			AddSlice(search, 2, terms, tally, units == NULL ? NULL : &units[ca * features[b].ncodes + cb],
					 general, general_units, lengthof(general));
		}
	if (search->options.max_order >= 3)
	{
		search->pairs[a * search->encoding->nfeatures + b] = tallies;
		search->pair_units[a * search->encoding->nfeatures + b] = units;
		return;
	}
	FreeTallies(search, tallies, (int64) features[a].nconditions * features[b].nconditions);
	if (units != NULL)
		FmaFreeUnits(search, units, ncells);
}

/* Adds the triples of a pair of conditions and a third feature */
static void
AddTriples(FmaSearch *search, FmaTerm first, FmaTerm second, int c, const FmaTable *table, int64 row)
{
	FmaFeature *features = search->encoding->features;
	int			n = search->encoding->nfeatures;
	const FmaTally *ab = &search->pairs[first.feature * n + second.feature]
		[first.condition * features[second.feature].nconditions + second.condition];
	const FmaTally *ac = search->pairs[first.feature * n + c] + first.condition * features[c].nconditions;
	const FmaTally *bc = search->pairs[second.feature * n + c] + second.condition * features[c].nconditions;

	for (int cc = 0; cc < features[c].nconditions; cc++)
	{
		FmaTerm		terms[] = {first, second, {c, cc}};
		FmaTally	tally = FmaTallyAt(search, table, row + cc);
		const FmaTally *general[] = {&search->all, ab, ac + cc, bc + cc};

		AddSlice(search, 3, terms, &tally, NULL, general, NULL, lengthof(general));
	}
}

/* Order 3 with units: one table after the other */
static void
SearchUnitTriples(FmaSearch *search, int a, int b, int c)
{
	FmaFeature *features = search->encoding->features;
	int			n = search->encoding->nfeatures;
	const FmaFeature *set[] = {&features[a], &features[b], &features[c]};
	int64		ncells;
	FmaTally   *tallies = CountConditions(search, set, 3);
	FmaTally   *tally = tallies;
	FmaUnitSums *units = FmaCountUnits(search, set, 3, &ncells);
	int			nb = features[b].nconditions,
				nc = features[c].nconditions;

	for (int ca = 0; ca < features[a].nconditions; ca++)
		for (int cb = 0; cb < nb; cb++)
			for (int cc = 0; cc < nc; cc++, tally++)
			{
				FmaTerm		terms[] = {{a, ca}, {b, cb}, {c, cc}};
				const FmaTally *general[] = {&search->all, &search->pairs[a * n + b][ca * nb + cb],
				&search->pairs[a * n + c][ca * nc + cc], &search->pairs[b * n + c][cb * nc + cc]};
				const FmaUnitSums *general_units[] = {&search->all_units,
					&search->pair_units[a * n + b][ca * features[b].ncodes + cb],
					&search->pair_units[a * n + c][ca * features[c].ncodes + cc],
				&search->pair_units[b * n + c][cb * features[c].ncodes + cc]};

				AddSlice(search, 3, terms, tally,
						 &units[(ca * features[b].ncodes + cb) * features[c].ncodes + cc],
						 general, general_units, lengthof(general));
			}
	FreeTallies(search, tallies, (int64) features[a].nconditions * nb * nc);
	FmaFreeUnits(search, units, ncells);
}

/* Which pairs of codes of two features are counted, by a number each; 0 is for none */
typedef struct PairNumbers
{
	int			ncodes;			/* of the second feature */
	uint32	   *number;			/* [code of a][code of b] */
	uint32		npairs;
	FmaTerm   (*terms)[2];		/* of a number */
} PairNumbers;

/*
 * Numbers the pairs that can be part of a slice.  Where conditions span codes,
 * every pair of codes can: the tables are then expanded, and 0 is a pair as well.
 */
static bool
NumberPairs(FmaSearch *search, int a, int b, PairNumbers *pairs)
{
	FmaFeature *features = search->encoding->features;
	FmaTally   *tally = search->pairs[a * search->encoding->nfeatures + b];
	int64		ncells = (int64) features[a].ncodes * features[b].ncodes;

	pairs->ncodes = features[b].ncodes;
	pairs->number = palloc0(sizeof(uint32) * ncells);
	pairs->terms = palloc(sizeof(*pairs->terms) * (ncells + 1));
	pairs->npairs = 1;
	if (search->options.intervals)
	{
		for (int64 i = 0; i < ncells; i++)
			pairs->number[i] = i;
		pairs->npairs = ncells;
		return true;
	}
	for (int ca = 0; ca < features[a].nconditions; ca++)
		for (int cb = 0; cb < features[b].nconditions; cb++, tally++)
			if (tally->n >= search->min_rows)
			{
				FmaTerm		terms[] = {{a, ca}, {b, cb}};

				memcpy(pairs->terms[pairs->npairs], terms, sizeof(terms));
				pairs->number[features[a].conditions[ca].low * pairs->ncodes + features[b].conditions[cb].low] = pairs->npairs++;
			}
	return pairs->npairs > 1;
}

/* Counts a pair of features with several third ones, in one pass over the rows */
static void
CountTriples(FmaSearch *search, int a, int b, int first_c, int end_c, PairNumbers *pairs, FmaTable **tables)
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
		const uint8 *codes_a = features[a].codes + first,
				   *codes_b = features[b].codes + first;

		n = BlockRows(search, first);
		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < n; i++)
			pair[i] = pairs->number[codes_a[i] * pairs->ncodes + codes_b[i]];
		for (; !IsReal(search) && c + AT_ONCE <= end_c; c += AT_ONCE)
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

/* Records the slices of a table of triples */
static void
CollectTriples(FmaSearch *search, int a, int b, int c, PairNumbers *pairs, FmaTable *table)
{
	FmaFeature *features = search->encoding->features;

	if (!search->options.intervals)
	{
		for (uint32 pair = 1; pair < pairs->npairs; pair++)
			AddTriples(search, pairs->terms[pair][0], pairs->terms[pair][1], c, table,
					   (int64) pair * features[c].ncodes);
		FmaFreeTable(search, table);
		return;
	}

	const FmaFeature *set[] = {&features[a], &features[b], &features[c]};
	int64		row = 0;

	table = FmaExpandTable(search, set, 3, table);
	for (int ca = 0; ca < features[a].nconditions; ca++)
		for (int cb = 0; cb < features[b].nconditions; cb++, row += features[c].nconditions)
			AddTriples(search, (FmaTerm) {a, ca}, (FmaTerm) {b, cb}, c, table, row);
	FmaFreeTable(search, table);
}

/* Order 3, for two features and all that come after them */
static void
SearchTriples(FmaSearch *search, int a, int b)
{
	FmaEncoding *encoding = search->encoding;
	PairNumbers pairs;
	FmaTable  **tables = palloc(sizeof(FmaTable *) * encoding->nfeatures);

	if (NumberPairs(search, a, b, &pairs))
	{
		int			end;

		for (int c = b + 1; c < encoding->nfeatures; c = end)
		{
			Size		bytes = 0;

			for (end = c; end < encoding->nfeatures && (end == c || bytes < TABLES_BYTES); end++)
			{
				int64		ncells = (int64) pairs.npairs * encoding->features[end].ncodes;

				tables[end - c] = FmaNewTable(search, ncells);
				bytes += ncells * CellSize(search);
			}
			CountTriples(search, a, b, c, end, &pairs, tables);
			for (int i = c; i < end; i++)
				CollectTriples(search, a, b, i, &pairs, tables[i - c]);
		}
	}
	pfree(pairs.number);
	pfree(pairs.terms);
	pfree(tables);
}

/* Says so, if a search will take long */
static void
EstimateCost(FmaSearch *search)
{
	FmaEncoding *encoding = search->encoding;
	double		f = encoding->nfeatures;
	double		tables = f + (search->options.max_order >= 2 ? f * (f - 1) / 2 : 0) +
		(search->options.max_order >= 3 ? f * (f - 1) * (f - 2) / 6 : 0);
	double		seconds = tables * encoding->nrows *
		(encoding->unit_start != NULL ? SECONDS_PER_UNIT_COUNT :
		 IsReal(search) ? SECONDS_PER_REAL_COUNT : SECONDS_PER_COUNT);

	if (seconds > LONG_SECONDS)
		ereport(NOTICE,
				(errmsg("this search counts " INT64_FORMAT " rows in %.0f tables, which may take about %.0f s",
						encoding->nrows, tables, seconds),
				 errhint("A lower max_order, fewer columns or a sample of the rows make it shorter.")));
}

/*
 * Counts and tests every conjunction of up to max_order conditions that has at
 * least min_rows rows, in the order of their terms.
 */
FmaSearch *
FmaSearchSlices(FmaEncoding *encoding, const FmaSearchOptions *options)
{
	FmaSearch  *search = palloc0(sizeof(FmaSearch));
	int			n = encoding->nfeatures;

	search->encoding = encoding;
	search->options = *options;
	search->min_rows = options->min_rows > 0 ? options->min_rows : Max(FEW_ROWS, (int64) ceil(sqrt(encoding->nrows)));
	search->chunk_capacity = FMA_SLICES_PER_CHUNK;
	search->slices = palloc(sizeof(FmaSlice *) * search->chunk_capacity);
	search->rests = palloc(sizeof(double *) * search->chunk_capacity);
	EstimateCost(search);
	FmaTallyAll(search);
	MakeWeights(search);
	SearchSingles(search);
	if (options->max_order >= 3)
	{
		search->pairs = palloc0(sizeof(FmaTally *) * Max(n * n, 1));
		search->pair_units = palloc0(sizeof(FmaUnitSums *) * Max(n * n, 1));
	}
	if (options->max_order >= 2)
		for (int a = 0; a < n; a++)
			for (int b = a + 1; b < n; b++)
				SearchPair(search, a, b);
	if (options->max_order >= 3)
		for (int a = 0; a < n; a++)
			for (int b = a + 1; b < n; b++)
			{
				if (encoding->unit_start == NULL)
					SearchTriples(search, a, b);
				else
					for (int c = b + 1; c < n; c++)
						SearchUnitTriples(search, a, b, c);
			}
	return search;
}

/* The feature of a term of a slice */
const FmaFeature *
FmaFeatureOf(FmaSearch *search, const FmaSlice *slice, int term)
{
	return &search->encoding->features[slice->terms[term].feature];
}

/* Whether two slices have conditions on the same features */
bool
FmaSameFeatures(const FmaSlice *a, const FmaSlice *b)
{
	for (int i = 0; i < FMA_MAX_ORDER; i++)
		if (a->terms[i].feature != b->terms[i].feature)
			return false;
	return true;
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

/*
 * Of slices that have the same rows, the one with the fewest terms stays, and
 * of those the first: the slices come in that order.  This depends on the conditions alone, so it may precede
 * any correction for multiple testing.
 */
void
FmaDropEqualSlices(FmaSearch *search)
{
	uint64		nslots = 16;
	uint32	   *slots;

	while (nslots < (uint64) search->nslices * 2)
		nslots *= 2;
	FmaCharge(&search->encoding->budget, sizeof(uint32) * nslots);
	slots = palloc_extended(sizeof(uint32) * nslots, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int64 i = 0; i < search->nslices; i++)
	{
		FmaSlice   *slice = FmaSliceAt(search, i);
		uint64		slot = slice->signature & (nslots - 1);

		if (i % FMA_SLICES_PER_CHUNK == 0)
			CHECK_FOR_INTERRUPTS();
		for (; slots[slot] != 0; slot = (slot + 1) & (nslots - 1))
		{
			FmaSlice   *other = FmaSliceAt(search, slots[slot] - 1);

			if (other->signature == slice->signature && other->n == slice->n)
				break;
		}
		if (slots[slot] == 0)
			slots[slot] = i + 1;
		else
		{
			slice->n = 0;
			search->ndropped++;
		}
	}
	pfree(slots);
	FmaRelease(&search->encoding->budget, sizeof(uint32) * nslots);
}

/* Where a slice's p is, and where its q goes */
static inline double *
PlaceOf(FmaSearch *search, int64 i, bool rest, bool is_q)
{
	FmaSlice   *slice = FmaSliceAt(search, i);

	return rest ? FmaRestAt(search, i) : is_q ? &slice->q : &slice->p;
}

/* The q of the slices that were not dropped; an undefined p is no test */
static void
Adjust(FmaSearch *search, FmaCorrection correction, bool rest)
{
	int64		capacity = Max(search->nslices - search->ndropped, 1);
	double	   *p;
	int64		n = 0;

	FmaCharge(&search->encoding->budget, sizeof(double) * capacity);
	p = palloc_extended(sizeof(double) * capacity, MCXT_ALLOC_HUGE);
	for (int64 i = 0; i < search->nslices; i++)
		if (FmaSliceAt(search, i)->n > 0)
			p[n++] = *PlaceOf(search, i, rest, false);
	CHECK_FOR_INTERRUPTS();
	FmaAdjustP(p, p, n, correction);
	n = 0;
	for (int64 i = 0; i < search->nslices; i++)
		*PlaceOf(search, i, rest, true) = FmaSliceAt(search, i)->n > 0 ? p[n++] : NAN;
	pfree(p);
	FmaRelease(&search->encoding->budget, sizeof(double) * capacity);
}

/* Turns p into q, over all slices that were not dropped */
void
FmaAdjustSlices(FmaSearch *search, FmaCorrection correction)
{
	Adjust(search, correction, false);
}

/* The same for p against the rest of the rows, in its place */
void
FmaAdjustRests(FmaSearch *search, FmaCorrection correction)
{
	Adjust(search, correction, true);
}

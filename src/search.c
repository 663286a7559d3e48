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

#include "tables.h"
#include "units.h"

/* Tables of third features that are filled in one pass over the rows */
#define TABLES_BYTES (1024 * 1024)

/* A search that is estimated to take longer than this says so */
#define LONG_SECONDS 10
#define SECONDS_PER_COUNT 1e-9
#define SECONDS_PER_REAL_COUNT 3e-9
#define SECONDS_PER_UNIT_COUNT 20e-9

/* The smallest default of min_rows */
#define FEW_ROWS 30

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
	CHECK_FOR_INTERRUPTS();
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

		search->singles[f] = FmaCountConditions(search, set, 1);
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

/* Two features that have been counted; the tallies are kept if order 3 will need them */
static void
CollectPairs(FmaSearch *search, int a, int b, FmaTable *table)
{
	FmaFeature *features = search->encoding->features;
	const FmaFeature *set[] = {&features[a], &features[b]};
	FmaTally   *tallies = FmaTakeTallies(search, set, 2, table);
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
	FmaFreeTallies(search, tallies, (int64) features[a].nconditions * features[b].nconditions);
	if (units != NULL)
		FmaFreeUnits(search, units, ncells);
}

/* Makes tables for features from "first" on, with so many rows, as many as are counted together; returns the end */
static int
MakeTables(FmaSearch *search, int64 nrows, int first, FmaTable **tables)
{
	FmaEncoding *encoding = search->encoding;
	Size		bytes = 0;
	int			end;

	for (end = first; end < encoding->nfeatures && (end == first || bytes < TABLES_BYTES); end++)
	{
		int64		ncells = nrows * encoding->features[end].ncodes;

		tables[end - first] = FmaNewTable(search, ncells);
		bytes += ncells * FmaCellSize(search);
	}
	return end;
}

/* Order 2, for a feature and all that come after it */
static void
SearchPairs(FmaSearch *search, int a)
{
	FmaEncoding *encoding = search->encoding;
	FmaTable  **tables = palloc(sizeof(FmaTable *) * encoding->nfeatures);
	int			end;

	for (int b = a + 1; b < encoding->nfeatures; b = end)
	{
		end = MakeTables(search, encoding->features[a].ncodes, b, tables);
		FmaCountTriples(search, a, -1, b, end, NULL, tables);
		for (int i = b; i < end; i++)
			CollectPairs(search, a, i, tables[i - b]);
	}
	pfree(tables);
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
	FmaTally   *tallies = FmaCountConditions(search, set, 3);
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
	FmaFreeTallies(search, tallies, (int64) features[a].nconditions * nb * nc);
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
			end = MakeTables(search, pairs.npairs, c, tables);
			FmaCountTriples(search, a, b, c, end, pairs.number, tables);
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
		 FmaIsReal(search) ? SECONDS_PER_REAL_COUNT : SECONDS_PER_COUNT);

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
	search->row_context = AllocSetContextCreate(CurrentMemoryContext, "fma slice", ALLOCSET_DEFAULT_SIZES);
	search->min_rows = options->min_rows > 0 ? options->min_rows : Max(FEW_ROWS, (int64) ceil(sqrt(encoding->nrows)));
	search->chunk_capacity = FMA_SLICES_PER_CHUNK;
	search->slices = palloc(sizeof(FmaSlice *) * search->chunk_capacity);
	search->rests = palloc(sizeof(double *) * search->chunk_capacity);
	EstimateCost(search);
	FmaTallyAll(search);
	FmaMakeWeights(search);
	SearchSingles(search);
	if (options->max_order >= 3)
	{
		search->pairs = palloc0(sizeof(FmaTally *) * Max(n * n, 1));
		search->pair_units = palloc0(sizeof(FmaUnitSums *) * Max(n * n, 1));
	}
	if (options->max_order >= 2)
		for (int a = 0; a < n; a++)
			SearchPairs(search, a);
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

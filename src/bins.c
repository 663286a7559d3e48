/*
 * bins.c
 *		Conditions of values: the frequent ones of a column, or quantile bins.
 */
#include "encode.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/lsyscache.h"

/* A number column with no more distinct values than this is not binned */
#define FEW_VALUES 10

/* Digits of the radix selection */
#define DIGIT_BITS 16
#define DIGITS (1 << DIGIT_BITS)

/* A column's values by how many rows have them */
typedef struct Counted
{
	uint32		number;
	int64		rows;
} Counted;

static int
CompareByValue(const void *a, const void *b, void *dictionary)
{
	return FmaDictionaryCompare(dictionary, ((const Counted *) a)->number, ((const Counted *) b)->number);
}

static int
CompareByRows(const void *a, const void *b, void *dictionary)
{
	int64		left = ((const Counted *) a)->rows,
				right = ((const Counted *) b)->rows;

	if (left != right)
		return left > right ? -1 : 1;
	return CompareByValue(a, b, dictionary);
}

/* How many rows each value of a column has, and how many are NULL */
static Counted *
CountValues(FmaEncoding *encoding, FmaColumn *column, int64 *nulls)
{
	uint32		nvalues = column->dictionary.nvalues;
	Counted    *values = palloc(sizeof(Counted) * Max(nvalues, 1));

	for (uint32 i = 0; i < nvalues; i++)
	{
		values[i].number = i;
		values[i].rows = 0;
	}
	*nulls = 0;
	for (int64 row = 0; row < encoding->nrows; row++)
	{
		uint16		number = FmaRowNumber(column, row);

		if (number == 0)
			(*nulls)++;
		else
			values[number - 1].rows++;
	}
	return values;
}

/* Whether a number column that never repeats may be a mere key of the rows */
static bool
IsKeyLike(FmaEncoding *encoding, FmaColumn *column)
{
	return !encoding->options.no_loss &&
		(column->base_type == INT2OID || column->base_type == INT4OID || column->base_type == INT8OID);
}

/* Whether a column says the same, or nothing in common, about all rows */
static bool
LeftOut(FmaEncoding *encoding, FmaColumn *column, int64 nvalues, int64 nulls)
{
	if (nvalues + (nulls > 0) <= 1)
		FmaLeaveColumnOut(encoding, column, nulls > 0 ? "it is NULL in every row" : "it has one value");
	else if (nvalues == encoding->nrows &&
			 (column->use != FMA_USE_NUMBER || IsKeyLike(encoding, column)))
		FmaLeaveColumnOut(encoding, column, "it has a different value in every row");
	return column->left_out;
}

/* Each frequent value becomes a condition, the rest is "other" */
static void
CodeCounted(FmaEncoding *encoding, FmaColumn *column, Counted *values, int64 nulls)
{
	uint32		nvalues = column->dictionary.nvalues;
	uint32		kept = Min(nvalues, (uint32) encoding->options.max_values);
	FmaFeature *feature = FmaNewFeature(encoding, column, FMA_PART_VALUE);
	uint8	   *map = palloc(nvalues + 1);
	int			code = 0;

	qsort_arg(values, nvalues, sizeof(Counted), CompareByRows, &column->dictionary);
	qsort_arg(values, kept, sizeof(Counted), CompareByValue, &column->dictionary);
	feature->frequent = palloc(sizeof(char *) * Max(kept, 1));
	feature->nfrequent = kept;
	for (uint32 i = 0; i < kept; i++)
	{
		feature->frequent[i] = FmaDictionaryText(&column->dictionary, values[i].number);
		FmaNewCondition(feature, FMA_EQUALS, code)->from = feature->frequent[i];
		map[values[i].number + 1] = code++;
	}
	if (nvalues > kept)
	{
		FmaNewCondition(feature, FMA_OTHER, code);
		for (uint32 i = kept; i < nvalues; i++)
			map[values[i].number + 1] = code;
		code++;
	}
	if (nulls > 0)
	{
		FmaNewCondition(feature, FMA_IS_NULL, code);
		map[0] = code;
	}
	FmaMapNumbers(encoding, feature, map);
	pfree(map);
}

/* Codes a column by its values */
void
FmaCodeValues(FmaEncoding *encoding, FmaColumn *column)
{
	int64		nulls;
	Counted    *values = CountValues(encoding, column, &nulls);

	if (!LeftOut(encoding, column, column->dictionary.nvalues, nulls))
		CodeCounted(encoding, column, values, nulls);
	pfree(values);
}

/*
 * Where to cut for the quantile j / bins of m rows.  The row at that rank has a
 * value that "below" rows are less than, and "through" rows are at most.  The
 * cut is on the side that is nearer to the rank, if rows remain on both sides.
 * Returns whether there is a cut; "above" is set if it is above the value.
 */
static bool
ChooseCut(int64 j, int64 bins, int64 m, int64 below, int64 through, bool *above)
{
	if (below == 0 && through == m)
		return false;
	*above = below == 0 ? true :
		through == m ? false :
		through * bins - j * m < j * m - below * bins;
	return true;
}

/* The conditions of a binned column: ranges between the edges, NaN, NULL */
static void
AddRanges(FmaEncoding *encoding, FmaFeature *feature, char **edges, int nedges, bool has_nan, bool has_null)
{
	for (int i = 0; i <= nedges; i++)
	{
		FmaCondition *range = FmaNewCondition(feature, FMA_WITHIN, i);

		range->from = i == 0 ? NULL : edges[i - 1];
		range->to = i == nedges ? NULL : edges[i];
	}
	feature->nordered = nedges + 1;
	feature->ordered = true;
	feature->has_nan = has_nan;
	if (has_nan)
		FmaNewCondition(feature, FMA_EQUALS, nedges + 1)->from = "NaN";
	if (has_null)
		FmaNewCondition(feature, FMA_IS_NULL, nedges + 1 + has_nan);
	if (encoding->options.intervals)
		FmaAddIntervals(feature);
}

static bool
IsNaN(FmaColumn *column, uint32 number)
{
	Datum		value = column->dictionary.values[number];

	switch (column->base_type)
	{
		case FLOAT4OID:
		case FLOAT8OID:
			return (uint64) value == FMA_KEY_NAN;
		case NUMERICOID:
			return numeric_is_nan(DatumGetNumeric(value));
		default:
			return false;
	}
}

/* Quantile bins of a column whose values are numbered */
static void
BinNumbered(FmaEncoding *encoding, FmaColumn *column, Counted *values, int64 nulls)
{
	uint32		nvalues = column->dictionary.nvalues;
	int			bins = encoding->options.bins;
	int64		m = encoding->nrows - nulls;
	char	   *edges[FMA_MAX_VALUES];
	int			nedges = 0;
	uint8	   *map = palloc0(nvalues + 1);
	bool		has_nan;
	uint32		i = 0,
				last_edge = 0;
	int64		below = 0;

	qsort_arg(values, nvalues, sizeof(Counted), CompareByValue, &column->dictionary);
	has_nan = IsNaN(column, values[nvalues - 1].number);
	if (has_nan)
		m -= values[--nvalues].rows;
	for (int64 j = 1; j < bins; j++)
	{
		bool		above;
		uint32		edge;

		while (below + values[i].rows <= j * m / bins)
			below += values[i++].rows;
		if (!ChooseCut(j, bins, m, below, below + values[i].rows, &above))
			continue;
		edge = above ? i + 1 : i;
		if (edge <= last_edge)
			continue;
		edges[nedges++] = FmaDictionaryText(&column->dictionary, values[edge].number);
		for (uint32 k = last_edge; k < edge; k++)
			map[values[k].number + 1] = nedges - 1;
		last_edge = edge;
	}
	for (uint32 k = last_edge; k < nvalues; k++)
		map[values[k].number + 1] = nedges;
	if (has_nan)
		map[values[nvalues].number + 1] = nedges + 1;
	map[0] = nedges + 1 + has_nan;

	FmaFeature *feature = FmaNewFeature(encoding, column, FMA_PART_RANGE);

	AddRanges(encoding, feature, edges, nedges, has_nan, nulls > 0);
	FmaMapNumbers(encoding, feature, map);
	pfree(map);
}

/* The codes of a wide column */
typedef struct KeyBins
{
	int			nedges;
	uint64		edges[FMA_MAX_VALUES];
	bool		can_be_nan;
	uint8		nan_code;
	uint8		null_code;
} KeyBins;

static uint8
BinOfKey(void *argument, bool isnull, uint64 key)
{
	KeyBins    *bins = argument;
	int			low = 0,
				high = bins->nedges;

	if (isnull)
		return bins->null_code;
	if (bins->can_be_nan && key == FMA_KEY_NAN)
		return bins->nan_code;
	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (key >= bins->edges[middle])
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * The key at a rank (from 0) among the keys that are not NULL, by one digit
 * after the other; also how many keys are below it, and through it.
 */
static uint64
SelectKey(FmaEncoding *encoding, FmaColumn *column, int64 rank, int64 *below, int64 *through)
{
	int64	   *histogram = palloc(sizeof(int64) * DIGITS);
	uint64		prefix = 0;

	*below = 0;
	for (int shift = 64 - DIGIT_BITS; shift >= 0; shift -= DIGIT_BITS)
	{
		uint64		digit = 0;

		CHECK_FOR_INTERRUPTS();
		memset(histogram, 0, sizeof(int64) * DIGITS);
		for (int64 row = 0; row < encoding->nrows; row++)
		{
			bool		isnull;
			uint64		key = FmaRowKey(column, row, &isnull);

			/* two shifts, since one by all 64 bits is undefined */
			if (!isnull && ((key ^ prefix) >> shift >> DIGIT_BITS) == 0)
				histogram[(key >> shift) & (DIGITS - 1)]++;
		}
		while (*below + histogram[digit] <= rank)
			*below += histogram[digit++];
		prefix |= digit << shift;
		*through = *below + histogram[digit];
	}
	pfree(histogram);
	return prefix;
}

/* The smallest key above another */
static uint64
NextKey(FmaEncoding *encoding, FmaColumn *column, uint64 after)
{
	uint64		next = PG_UINT64_MAX;

	for (int64 row = 0; row < encoding->nrows; row++)
	{
		bool		isnull;
		uint64		key = FmaRowKey(column, row, &isnull);

		if (!isnull && key > after && key < next)
			next = key;
	}
	return next;
}

/* An edge as text; that of a numeric is a double */
static char *
KeyText(FmaColumn *column, uint64 key)
{
	Datum		value = FmaKeyValue(column->base_type, key);

	if (column->base_type == NUMERICOID)
		return FmaFloat8ToString(DatumGetFloat8(value));
	return OutputFunctionCall(&column->dictionary.output, value);
}

/* Whether no key occurs twice; the keys are copied to see */
static bool
AllDifferent(FmaEncoding *encoding, FmaColumn *column)
{
	uint64	   *keys;
	bool		different = true;

	FmaCharge(&encoding->budget, sizeof(uint64) * encoding->nrows);
	keys = palloc_extended(sizeof(uint64) * encoding->nrows, MCXT_ALLOC_HUGE);
	for (int64 row = 0; row < encoding->nrows && different; row++)
	{
		bool		isnull;

		keys[row] = FmaRowKey(column, row, &isnull);
		different = !isnull;
	}
	if (different)
		qsort(keys, encoding->nrows, sizeof(uint64), FmaCompareKeys);
	for (int64 row = 1; row < encoding->nrows && different; row++)
		different = keys[row] != keys[row - 1];
	pfree(keys);
	FmaRelease(&encoding->budget, sizeof(uint64) * encoding->nrows);
	return different;
}

/* Quantile bins of a column whose rows are keys */
static void
BinKeys(FmaEncoding *encoding, FmaColumn *column)
{
	KeyBins		bins = {0};
	char	   *edges[FMA_MAX_VALUES];
	int64		m = 0,
				nulls = 0;

	bins.can_be_nan = column->base_type == FLOAT4OID || column->base_type == FLOAT8OID || column->base_type == NUMERICOID;
	for (int64 row = 0; row < encoding->nrows; row++)
	{
		bool		isnull;
		uint64		key = FmaRowKey(column, row, &isnull);

		nulls += isnull;
		m += !isnull && !(bins.can_be_nan && key == FMA_KEY_NAN);
	}
	for (int64 j = 1; j < encoding->options.bins; j++)
	{
		int64		below,
					through;
		uint64		edge = SelectKey(encoding, column, j * m / encoding->options.bins, &below, &through);
		bool		above;

		if (!ChooseCut(j, encoding->options.bins, m, below, through, &above))
			continue;
		if (above)
			edge = NextKey(encoding, column, edge);
		if (bins.nedges > 0 && edge <= bins.edges[bins.nedges - 1])
			continue;
		edges[bins.nedges] = KeyText(column, edge);
		bins.edges[bins.nedges++] = edge;
	}

	bool		has_nan = m + nulls < encoding->nrows;
	FmaFeature *feature = FmaNewFeature(encoding, column, FMA_PART_RANGE);

	bins.nan_code = bins.nedges + 1;
	bins.null_code = bins.nedges + 1 + has_nan;
	feature->as_double = column->base_type == NUMERICOID;
	AddRanges(encoding, feature, edges, bins.nedges, has_nan, nulls > 0);
	FmaMapKeys(encoding, feature, BinOfKey, &bins);
}

/* Codes a column of numbers: by value if they are few, else by quantile bins */
void
FmaCodeNumber(FmaEncoding *encoding, FmaColumn *column)
{
	if (column->wide)
	{
		if (IsKeyLike(encoding, column) && !column->repeats && AllDifferent(encoding, column))
			FmaLeaveColumnOut(encoding, column, "it has a different value in every row");
		else
			BinKeys(encoding, column);
		return;
	}

	int64		nulls;
	Counted    *values = CountValues(encoding, column, &nulls);

	if (!LeftOut(encoding, column, column->dictionary.nvalues, nulls))
	{
		if (column->dictionary.nvalues <= FEW_VALUES)
			CodeCounted(encoding, column, values, nulls);
		else
			BinNumbered(encoding, column, values, nulls);
	}
	pfree(values);
}

/*
 * explain.c
 *		Why did a rate change: other rows, or the same rows faring otherwise?
 *
 * A rate is the sum over the conditions of a feature of share times rate, so
 * its change divides exactly (Kitagawa 1955; Oaxaca and Blinder 1973 for
 * regressions; here symmetric, so that neither query is the standard).
 */
#include "encode.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "arguments.h"
#include "conditions.h"
#include "statistics.h"

PG_FUNCTION_INFO_V1(fma_explain_change);

/* Rows and the sums of their losses, in units of encoding->loss_unit */
typedef struct Tally
{
	int64		n;
	int128		sum;
	int128		square;
} Tally;

/* A condition, or a whole feature: [0] of the reference, [1] of the current query */
typedef struct Part
{
	int			feature;
	int			condition;		/* -1 for the whole, nconditions for what no condition says */
	Tally		tally[2];
	double		mix;
	double		rate;
	double		p;
	double		q;
} Part;

typedef struct Parts
{
	FmaEncoding *encoding;
	Tally		all[2];
	int			n;
	int			capacity;
	Part	   *parts;
} Parts;

static double
MeanOf(const FmaEncoding *encoding, const Tally *tally)
{
	return (double) tally->sum / tally->n * encoding->loss_unit;
}

static double
VarianceOf(const FmaEncoding *encoding, const Tally *tally)
{
	double		mean = (double) tally->sum / tally->n,
				variation = (double) tally->square - mean * (double) tally->sum;

	return Max(variation, 0) / (tally->n - 1.0) * encoding->loss_unit * encoding->loss_unit;
}

/* Whether the loss of a condition changed, two-sided; NaN where a query has no rows of it */
static double
TestChange(const FmaEncoding *encoding, const Tally *tally)
{
	if (tally[0].n == 0 || tally[1].n == 0)
		return NAN;
	if (encoding->boolean)
		return FmaTwoProportionP((int64) rint(MeanOf(encoding, &tally[1]) * tally[1].n), tally[1].n,
								 (int64) rint(MeanOf(encoding, &tally[0]) * tally[0].n), tally[0].n, FMA_TWO_SIDED);
	return FmaWelchP(MeanOf(encoding, &tally[1]), VarianceOf(encoding, &tally[1]), tally[1].n,
					 MeanOf(encoding, &tally[0]), VarianceOf(encoding, &tally[0]), tally[0].n, FMA_TWO_SIDED);
}

static Part *
NewPart(Parts *parts, int feature, int condition)
{
	Part	   *part;

	if (parts->n == parts->capacity)
	{
		FmaCharge(&parts->encoding->budget, sizeof(Part) * parts->capacity);
		parts->capacity *= 2;
		parts->parts = repalloc_huge(parts->parts, sizeof(Part) * parts->capacity);
	}
	part = &parts->parts[parts->n++];
	memset(part, 0, sizeof(*part));
	part->feature = feature;
	part->condition = condition;
	return part;
}

/*
 * Divides what a condition adds to the change of the mean loss.  With shares s
 * and means r, s1 r1 - s0 r0 = (s1 - s0) (r0 + r1) / 2 + (r1 - r0) (s0 + s1) / 2.
 * In the first part the mean is taken against that of all rows, which changes
 * no sum, as shares add up to 1: so a growing share of rows that fare worse
 * than most adds to the loss.  Where a query has no rows of the condition, its
 * mean is taken to be that of the other one.
 */
static void
DividePart(const Parts *parts, Part *part)
{
	double		share[2],
				mean[2],
				middle = (MeanOf(parts->encoding, &parts->all[0]) + MeanOf(parts->encoding, &parts->all[1])) / 2;

	for (int side = 0; side < 2; side++)
	{
		share[side] = (double) part->tally[side].n / parts->all[side].n;
		mean[side] = MeanOf(parts->encoding, &part->tally[part->tally[side].n > 0 ? side : 1 - side]);
	}
	part->mix = (share[1] - share[0]) * ((mean[0] + mean[1]) / 2 - middle);
	part->rate = (mean[1] - mean[0]) * (share[0] + share[1]) / 2;
	part->p = TestChange(parts->encoding, part->tally);
}

/* Adds a feature: the whole, then its conditions */
static void
AddFeature(Parts *parts, int number)
{
	FmaEncoding *encoding = parts->encoding;
	FmaFeature *feature = &encoding->features[number];
	Tally		tallies[FMA_MAX_CODES][2] = {{{0}}};
	int			whole = parts->n;
	double		mix = 0,
				rate = 0;

	for (int64 row = 0; row < encoding->nrows; row++)
	{
		Tally	   *tally = &tallies[feature->codes[row]][row >= encoding->split];
		int64		loss = encoding->loss[row];

		if (row % FMA_CHUNK_ROWS == 0)
			CHECK_FOR_INTERRUPTS();
		tally->n++;
		tally->sum += loss;
		tally->square += (int128) loss * loss;
	}
	(void) NewPart(parts, number, -1);
	for (int code = 0; code < FMA_MAX_CODES; code++)
	{
		int			condition = 0;
		Part	   *part;

		if (tallies[code][0].n + tallies[code][1].n == 0)
			continue;
		while (condition < feature->nconditions && feature->conditions[condition].low != code)
			condition++;
		part = NewPart(parts, number, condition);
		memcpy(part->tally, tallies[code], sizeof(part->tally));
		DividePart(parts, part);
		mix += part->mix;
		rate += part->rate;
	}
	memcpy(parts->parts[whole].tally, parts->all, sizeof(parts->all));
	parts->parts[whole].mix = mix;
	parts->parts[whole].rate = rate;
	parts->parts[whole].p = TestChange(encoding, parts->all);
}

/* Adds up all rows */
static void
TallyAll(Parts *parts)
{
	FmaEncoding *encoding = parts->encoding;

	for (int64 row = 0; row < encoding->nrows; row++)
	{
		Tally	   *tally = &parts->all[row >= encoding->split];
		int64		loss = encoding->loss[row];

		tally->n++;
		tally->sum += loss;
		tally->square += (int128) loss * loss;
	}
}

/* Corrects the tests of conditions for their number; those of whole features are all the same one */
static void
CorrectParts(Parts *parts, FmaCorrection correction)
{
	double	   *p = palloc_extended(sizeof(double) * Max(parts->n, 1), MCXT_ALLOC_HUGE);

	for (int i = 0; i < parts->n; i++)
		p[i] = parts->parts[i].condition < 0 ? NAN : parts->parts[i].p;
	FmaAdjustP(p, p, parts->n, correction);
	for (int i = 0; i < parts->n; i++)
		parts->parts[i].q = p[i];
	pfree(p);
}

/*
 * Features by how much of the change their mix explains, and below each its
 * conditions by what they add to the change
 */
static int
CompareParts(const void *a, const void *b, void *wholes)
{
	const Part *left = a,
			   *right = b;
	double		x = fabs(((double *) wholes)[left->feature]),
				y = fabs(((double *) wholes)[right->feature]);

	if (left->feature == right->feature)
	{
		if (left->condition < 0 || right->condition < 0)
			return left->condition < 0 ? -1 : 1;
		x = fabs(left->mix + left->rate);
		y = fabs(right->mix + right->rate);
	}
	if (x != y)
		return x > y ? -1 : 1;
	if (left->feature != right->feature)
		return left->feature - right->feature;
	return left->condition - right->condition;
}

/* A condition for a reader and as SQL; times that have no hour or weekday are no condition of the feature */
static void
DescribePart(const Parts *parts, const Part *part, Datum *text, Datum *predicate)
{
	FmaFeature *feature = &parts->encoding->features[part->feature];
	const char *name = quote_identifier(feature->column->name);
	StringInfoData shown,
				sql;

	initStringInfo(&shown);
	initStringInfo(&sql);
	if (part->condition < feature->nconditions)
	{
		FmaConditionText(&shown, feature, &feature->conditions[part->condition]);
		FmaConditionPredicate(&sql, parts->encoding, feature, &feature->conditions[part->condition]);
	}
	else
	{
		appendStringInfo(&shown, "%s is null or infinite", feature->column->name);
		appendStringInfo(&sql, feature->column->base_type == TIMEOID ? "%s IS NULL" : "(%s IS NULL OR NOT isfinite(%s))", name, name);
	}
	*text = CStringGetTextDatum(shown.data);
	*predicate = CStringGetTextDatum(sql.data);
}

static void
PutPart(FunctionCallInfo fcinfo, const Parts *parts, const Part *part, int64 rank)
{
	const FmaEncoding *encoding = parts->encoding;
	Datum		values[15];
	bool		nulls[15] = {false};
	int			i = 0;

	values[i++] = Int64GetDatum(rank);
	values[i++] = CStringGetTextDatum(FmaFeatureName(&encoding->features[part->feature]));
	if (part->condition < 0)
		nulls[i] = nulls[i + 1] = true;
	else
		DescribePart(parts, part, &values[i], &values[i + 1]);
	i += 2;
	for (int side = 0; side < 2; side++)
		values[i++] = Int64GetDatum(part->tally[side].n);
	for (int side = 0; side < 2; side++)
		values[i++] = Float8GetDatum((double) part->tally[side].n / parts->all[side].n);
	for (int side = 0; side < 2; side++)
		values[i] = FmaFloat8OrNull(part->tally[side].n > 0 ? MeanOf(encoding, &part->tally[side]) : NAN, &nulls[i]), i++;
	values[i++] = Float8GetDatum(part->mix);
	values[i++] = Float8GetDatum(part->rate);
	values[i++] = Float8GetDatum(part->mix + part->rate);
	values[i] = FmaFloat8OrNull(part->p, &nulls[i]), i++;
	values[i] = FmaFloat8OrNull(part->q, &nulls[i]), i++;
	FmaAssert(i == lengthof(values));
	FmaPutRow(fcinfo, values, nulls);
}

/* Divides the change by each feature and puts out the parts */
static void
PutParts(FunctionCallInfo fcinfo, FmaEncoding *encoding, FmaCorrection correction)
{
	Parts		parts = {encoding};
	double	   *wholes = palloc0(sizeof(double) * Max(encoding->nfeatures, 1));

	parts.capacity = FMA_MAX_CODES;
	parts.parts = palloc(sizeof(Part) * parts.capacity);
	TallyAll(&parts);
	for (int i = 0; i < encoding->nfeatures; i++)
		if (FmaComparable(&encoding->features[i]))
			AddFeature(&parts, i);
	CorrectParts(&parts, correction);
	for (int i = 0; i < parts.n; i++)
		if (parts.parts[i].condition < 0)
			wholes[parts.parts[i].feature] = parts.parts[i].mix;
	qsort_arg(parts.parts, parts.n, sizeof(Part), CompareParts, wholes);
	for (int i = 0; i < parts.n; i++)
		PutPart(fcinfo, &parts, &parts.parts[i], i + 1);
}

/*
 * fma_explain_change(reference, current, bins, max_values, correction,
 * timezone): how the change of a mean loss between two queries divides by the
 * conditions of each column.  doc/drift.md has the definitions.
 */
Datum
fma_explain_change(PG_FUNCTION_ARGS)
{
	MemoryContext context,
				caller;
	FmaEncodeOptions options = {0};
	FmaEncoding *encoding;
	FmaCorrection correction;

	InitMaterializedSRF(fcinfo, 0);
	context = AllocSetContextCreate(CurrentMemoryContext, "fma search", ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(context);
	options.bins = FmaIntegerArg(fcinfo, 2, "bins", 2, FMA_MAX_VALUES);
	options.max_values = FmaIntegerArg(fcinfo, 3, "max_values", 1, FMA_MAX_VALUES);
	correction = FmaCorrectionArg(fcinfo, 4);
	options.timezone = FmaTimezoneArg(fcinfo, 5);
	encoding = FmaEncodePair(FmaWordArg(fcinfo, 0, "reference"), FmaWordArg(fcinfo, 1, "current"), &options);
	if (encoding != NULL)
		PutParts(fcinfo, encoding, correction);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	return (Datum) 0;
}

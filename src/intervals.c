/*
 * intervals.c
 *		fma_metric_interval: metrics of a confusion matrix, with what is known
 *		of their uncertainty.
 *
 * Rows are taken to be drawn independently, so the cells are multinomial.  Then
 * of a label's
 *	precision	tp among tp + fp
 *	recall		tp among tp + fn
 *	IoU			tp among tp + fp + fn
 * is binomial, given how many there are, and has Wilson's interval; F1 is
 * 2 IoU / (1 + IoU), and so are the ends of its interval.
 *
 * A mean over labels has an interval made of those of its labels (MOVER: Zou and
 * Donner 2008), with the correlations that the delta method gives, since a row
 * taken for another label counts against both.  Of one label it is the label's
 * own; of large counts it is the delta method's (Takahashi and others 2022); but
 * unlike that it has a width where a label is never or always right.
 */
#include "metrics.h"
#include "statistics.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/formatting.h"

PG_FUNCTION_INFO_V1(fma_metric_interval);

/*
 * Metrics.  That of a label is tp / (tp + invented fp + missed fn), with these
 * factors; without them it is the accuracy.
 */
typedef struct Metric
{
	double		invented;
	double		missed;
	bool		weighted;		/* labels have weights in the mean */
} Metric;

static const char *const metric_names[] = {"precision", "recall", "f1score", "iou", "wiou", "accuracy", "pixelaccuracy", NULL};
static const Metric metrics[] = {
	{1.0, 0.0, false}, {0.0, 1.0, false}, {0.5, 0.5, false}, {1.0, 1.0, false}, {1.0, 1.0, true}, {0.0, 0.0, false}, {0.0, 0.0, false}
};

/* Rows of a label, whatever they weigh */
typedef struct RowCounts
{
	int64		truth;
	int64		prediction;
	int64		both;
} RowCounts;

/* A metric being measured */
typedef struct Measure
{
	FmaMargins	margins;
	Metric		metric;
	RowCounts  *rows;			/* by label */
	int64		n;				/* rows that the metric is measured on */
	int64		all;			/* all rows */
	int64		wrong;			/* those of them off the diagonal */
	double	   *weight;			/* by label: in the mean, 0 where it is left out; they add up to 1 */
	double		design_effect;
	double		level;
} Measure;

/* Columns of the result */
enum
{
	LABEL, VALUE, LOW, HIGH, N, SUPPORT, MISSED, COLUMNS
};

/* What a label's ratio is a share of */
static double
Base(const Measure *measure, uint32 label)
{
	const FmaOneVersusRest *counts = &measure->margins.counts[label];

	return counts->tp + measure->metric.invented * counts->fp + measure->metric.missed * counts->fn;
}

/* A label's precision, recall, F1 or IoU; NaN where it is 0/0 */
static double
Ratio(const Measure *measure, uint32 label)
{
	return measure->margins.counts[label].tp / Base(measure, label);
}

/* Wilson's interval of a share of counts, which are worth so many fewer independent ones */
static FmaInterval
ShareInterval(const Measure *measure, double part, double all)
{
	if (!(all > 0.0))
		return (FmaInterval) {0.0, 1.0};
	return FmaWilson(part / measure->design_effect, all / measure->design_effect, measure->level);
}

/* The interval of a label's ratio; [0, 1] where nothing is known */
static FmaInterval
LabelInterval(const Measure *measure, uint32 label)
{
	const FmaOneVersusRest *counts = &measure->margins.counts[label];
	bool		is_f1 = measure->metric.invented == 0.5;
	FmaInterval interval = ShareInterval(measure, counts->tp, is_f1 ?
										 counts->tp + counts->fp + counts->fn : Base(measure, label));

	if (is_f1)
	{
		interval.low = 2.0 * interval.low / (1.0 + interval.low);
		interval.high = 2.0 * interval.high / (1.0 + interval.high);
	}
	return interval;
}

/* The standard error of a label's ratio by the delta method */
static double
StandardError(const Measure *measure, uint32 label)
{
	const FmaOneVersusRest *counts = &measure->margins.counts[label];
	double		base = Base(measure, label);
	double		ratio = counts->tp / base;
	double		invented = measure->metric.invented * ratio;
	double		missed = measure->metric.missed * ratio;

	if (!(base > 0.0))
		return 0.0;
	return sqrt(measure->design_effect * (counts->tp * (1.0 - ratio) * (1.0 - ratio) +
										  counts->fp * invented * invented + counts->fn * missed * missed)) / base;
}

/*
 * How far the mean's interval reaches to one side, given how far the labels' do
 * ("reach", by label).  The variance of a mean whose labels have been scaled by
 * reach over standard error; a label without a standard error is independent.
 */
static double
Reach(const Measure *measure, const double *reach)
{
	const FmaMargins *margins = &measure->margins;
	double	   *scale = palloc0_array(double, margins->confusion->nlabels);
	double		variance = 0.0;
	double		independent = 0.0;
	uint64		position = 0;
	FmaCell		cell;

	for (uint32 i = 0; i < margins->confusion->nlabels; i++)
	{
		double		error = measure->weight[i] > 0.0 ? StandardError(measure, i) : 0.0;

		if (error > 0.0)
			scale[i] = measure->weight[i] * reach[i] / error / Base(measure, i);
		else
			independent += measure->weight[i] * reach[i] * measure->weight[i] * reach[i];
	}
	while (FmaNextCell(margins->confusion, &position, &cell))
	{
		double		change = 0.0;

		if (margins->mode == FMA_BACKGROUND_IGNORE_TRUTH && cell.truth == margins->background)
			continue;
		if (scale[cell.truth] > 0.0)
			change = scale[cell.truth] * (cell.truth == cell.prediction ? 1.0 - Ratio(measure, cell.truth) :
										  -measure->metric.missed * Ratio(measure, cell.truth));
		if (cell.truth != cell.prediction && scale[cell.prediction] > 0.0)
			change -= scale[cell.prediction] * measure->metric.invented * Ratio(measure, cell.prediction);
		variance += FmaSumValue(cell.weight) * change * change;
	}
	pfree(scale);
	return sqrt(measure->design_effect * variance + independent);
}

/* The mean over labels, where 0/0 counts as 0, as in fma_f1 and its like; NaN without labels */
static double
Mean(const Measure *measure, FmaInterval *interval)
{
	uint32		nlabels = measure->margins.confusion->nlabels;
	double	   *below = palloc0_array(double, Max(nlabels, 1));
	double	   *above = palloc0_array(double, Max(nlabels, 1));
	double		mean = NAN;

	for (uint32 i = 0; i < nlabels; i++)
	{
		double		ratio = Base(measure, i) > 0.0 ? Ratio(measure, i) : 0.0;
		FmaInterval own;

		CHECK_FOR_INTERRUPTS();
		if (!(measure->weight[i] > 0.0))
			continue;
		own = LabelInterval(measure, i);
		below[i] = ratio - own.low;
		above[i] = own.high - ratio;
		mean = (isnan(mean) ? 0.0 : mean) + measure->weight[i] * ratio;
	}
	if (!isnan(mean))
	{
		interval->low = Max(mean - Reach(measure, below), 0.0);
		interval->high = Min(mean + Reach(measure, above), 1.0);
	}
	pfree(below);
	pfree(above);
	return mean;
}

/* Whether the metric is about the rows of a cell: their truth or prediction is a label of the mean */
static bool
Concerns(const Measure *measure, const FmaCell *cell)
{
	if (measure->metric.missed == 0.0 && measure->metric.invented == 0.0)
		return true;
	return (measure->metric.missed > 0.0 && measure->weight[cell->truth] > 0.0) ||
		(measure->metric.invented > 0.0 && measure->weight[cell->prediction] > 0.0);
}

/* Counts rows, by label and altogether */
static void
CountRows(Measure *measure)
{
	FmaMargins *margins = &measure->margins;
	uint64		position = 0;
	FmaCell		cell;

	measure->rows = palloc0_array(RowCounts, Max(margins->confusion->nlabels, 1));
	while (FmaNextCell(margins->confusion, &position, &cell))
	{
		if (margins->mode == FMA_BACKGROUND_IGNORE_TRUTH && cell.truth == margins->background)
			continue;
		measure->rows[cell.truth].truth += cell.n;
		measure->rows[cell.prediction].prediction += cell.n;
		measure->all += cell.n;
		if (cell.truth == cell.prediction)
			measure->rows[cell.truth].both += cell.n;
		else
			measure->wrong += cell.n;
		if (Concerns(measure, &cell))
			measure->n += cell.n;
	}
}

/* Which labels take part, and with what weight; "listed" may be NULL: all */
static void
SetWeights(Measure *measure, const FmaLabel *listed, int nlisted, Jsonb *weights)
{
	const FmaMargins *margins = &measure->margins;
	uint32		nlabels = margins->confusion->nlabels;
	double	   *given = measure->metric.weighted && weights != NULL ?
		FmaReadLabelWeights(margins->confusion, weights, 1.0) : NULL;
	double		sum = 0.0;

	measure->weight = palloc0_array(double, Max(nlabels, 1));
	for (uint32 i = 0; listed == NULL && i < nlabels; i++)
		measure->weight[i] = 1.0;
	for (int i = 0; i < nlisted; i++)
	{
		int64		index = FmaFindConfusionLabel(margins->confusion, &listed[i]);

		CHECK_FOR_INTERRUPTS();
		if (index >= 0)
			measure->weight[index] = 1.0;
	}
	for (uint32 i = 0; i < nlabels; i++)
	{
		if (!FmaInAverage(margins, i))
			measure->weight[i] = 0.0;
		else if (given != NULL)
			measure->weight[i] *= given[i];
		sum += measure->weight[i];
	}
	for (uint32 i = 0; i < nlabels; i++)
		measure->weight[i] = sum > 0.0 ? measure->weight[i] / sum : 0.0;
}

/* The labels of a text[]; none of them NULL */
static FmaLabel *
ReadLabels(ArrayType *array, int *count)
{
	FmaLabel   *labels;
	Datum	   *names;
	bool	   *nulls;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &names, &nulls, count);
	labels = palloc_array(FmaLabel, Max(*count, 1));
	for (int i = 0; i < *count; i++)
	{
		text	   *name = nulls[i] ? NULL : DatumGetTextPP(names[i]);

		if (name == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("labels must not contain NULL")));
		labels[i] = FmaMakeLabel(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
	}
	return labels;
}

/* Puts a value into the result; without an interval where weights have been summed, which tell no number of rows */
static void
PutValue(FunctionCallInfo fcinfo, const Measure *measure, Datum *values, bool *nulls, double value, FmaInterval interval)
{
	if (isnan(value) || FmaIsWeighted(measure->margins.confusion))
		interval.low = interval.high = NAN;
	values[VALUE] = FmaFloat8OrNull(value, &nulls[VALUE]);
	values[LOW] = FmaFloat8OrNull(interval.low, &nulls[LOW]);
	values[HIGH] = FmaFloat8OrNull(interval.high, &nulls[HIGH]);
	FmaPutRow(fcinfo, values, nulls);
}

/* A row for a label; "index" is -1 for one that the matrix does not have */
static void
PutLabel(FunctionCallInfo fcinfo, const Measure *measure, const FmaLabel *label, int64 index)
{
	static const RowCounts none = {0, 0, 0};
	const RowCounts *rows = index < 0 ? &none : &measure->rows[index];
	int64		n = 0;
	Datum		values[COLUMNS];
	bool		nulls[COLUMNS] = {false};

	if (measure->metric.missed > 0.0)
		n += rows->truth;
	if (measure->metric.invented > 0.0)
		n += rows->prediction - (measure->metric.missed > 0.0 ? rows->both : 0);
	values[LABEL] = PointerGetDatum(cstring_to_text_with_len(label->bytes, label->length));
	values[N] = Int64GetDatum(n);
	values[SUPPORT] = Int64GetDatum(rows->truth);
	values[MISSED] = Int64GetDatum(rows->truth - rows->both);
	PutValue(fcinfo, measure, values, nulls, index < 0 ? NAN : Ratio(measure, index),
			 index < 0 ? (FmaInterval) {NAN, NAN} : LabelInterval(measure, index));
}

/* A row for each label: those listed, as they are listed, or those that occur */
static void
PutLabels(FunctionCallInfo fcinfo, const Measure *measure, const FmaLabel *listed, int nlisted)
{
	const FmaMargins *margins = &measure->margins;

	for (int i = 0; i < nlisted; i++)
	{
		CHECK_FOR_INTERRUPTS();
		PutLabel(fcinfo, measure, &listed[i], FmaFindConfusionLabel(margins->confusion, &listed[i]));
	}
	for (uint32 i = 0; listed == NULL && i < margins->confusion->nlabels; i++)
	{
		FmaLabel	label = FmaConfusionLabel(margins->confusion, i);

		if (FmaInAverage(margins, i))
			PutLabel(fcinfo, measure, &label, i);
	}
}

/* The one row of a metric over all labels, or over those listed */
static void
PutAll(FunctionCallInfo fcinfo, const Measure *measure, const FmaLabel *listed, int nlisted)
{
	const FmaMargins *margins = &measure->margins;
	Datum		values[COLUMNS];
	bool		nulls[COLUMNS] = {[LABEL] = true};
	FmaInterval interval = {NAN, NAN};
	double		value;

	values[N] = Int64GetDatum(measure->n);
	values[SUPPORT] = Int64GetDatum(measure->all);
	values[MISSED] = Int64GetDatum(measure->wrong);
	if (measure->metric.missed == 0.0 && measure->metric.invented == 0.0)
	{
		value = margins->all_hits / margins->total;
		interval = ShareInterval(measure, margins->all_hits, margins->total);
	}
	else
	{
		int64		only = nlisted == 1 ? FmaFindConfusionLabel(margins->confusion, &listed[0]) : -1;

		value = Mean(measure, &interval);
		/* A label by itself is undefined where it is 0/0 */
		if (only >= 0 && !(Base(measure, only) > 0.0))
			value = NAN;
	}
	PutValue(fcinfo, measure, values, nulls, value, interval);
}

/*
 * fma_metric_interval(confusion, metric, by_label, labels, weights, background,
 * background_mode, design_effect, confidence_level): a metric in [0, 1] with its
 * interval; one row, or one a label.
 */
Datum
fma_metric_interval(PG_FUNCTION_ARGS)
{
	Measure		measure = {0};
	FmaLabel   *listed = NULL;
	int			nlisted = 0;
	bool		by_label = !PG_ARGISNULL(2) && PG_GETARG_BOOL(2);
	char	   *name;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	name = FmaTextArg(fcinfo, 1);
	measure.metric = metrics[FmaChoose("metric", asc_tolower(name, strlen(name)), metric_names)];
	measure.margins.confusion = FmaConfusionArg(fcinfo, 0);
	measure.margins.background = -1;
	measure.margins.mode = PG_ARGISNULL(6) ? FMA_BACKGROUND_EXCLUDE_FROM_AVERAGE :
		FmaChoose("background_mode", FmaTextArg(fcinfo, 6), FmaBackgroundModes);
	if (!PG_ARGISNULL(5))
	{
		text	   *background = PG_GETARG_TEXT_PP(5);
		FmaLabel	label = FmaMakeLabel(VARDATA_ANY(background), VARSIZE_ANY_EXHDR(background));

		measure.margins.background = FmaFindConfusionLabel(measure.margins.confusion, &label);
	}
	measure.design_effect = PG_ARGISNULL(7) ? 1.0 : FmaCheckDesignEffect(PG_GETARG_FLOAT8(7));
	measure.level = FmaCheckConfidenceLevel(PG_ARGISNULL(8) ? 0.95 : PG_GETARG_FLOAT8(8));
	if (!PG_ARGISNULL(3))
		listed = ReadLabels(PG_GETARG_ARRAYTYPE_P(3), &nlisted);
	if (by_label && (measure.metric.weighted || measure.metric.invented + measure.metric.missed == 0.0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s is not a metric of a label", name),
				 errhint("Use Precision, Recall, F1Score or IoU.")));

	FmaSumMargins(&measure.margins);
	SetWeights(&measure, listed, nlisted, PG_ARGISNULL(4) ? NULL : PG_GETARG_JSONB_P(4));
	CountRows(&measure);
	if (by_label)
		PutLabels(fcinfo, &measure, listed, nlisted);
	else
		PutAll(fcinfo, &measure, listed, nlisted);
	PG_RETURN_NULL();
}

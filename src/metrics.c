/*
 * metrics.c
 *		Metrics that are functions of a confusion matrix.
 *
 * Definitions follow scikit-learn's sklearn.metrics (precision_recall_fscore,
 * jaccard_score, matthews_corrcoef, cohen_kappa_score) where it defines them;
 * see doc/metrics.md.  What is 0/0 is NULL unless zero_division says otherwise.
 *
 * A background label has three treatments:
 *	include					a label like the others
 *	exclude_from_average	left out of means and of summed counts over labels
 *	ignore_truth			rows that truly are background are dropped first, and
 *							the label is left out of means (as torchmetrics' ignore_index)
 */
#include "metrics.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

typedef enum Average
{
	AVERAGE_MACRO,
	AVERAGE_MICRO,
	AVERAGE_WEIGHTED
} Average;

typedef enum KappaWeighting
{
	KAPPA_NONE,
	KAPPA_LINEAR,
	KAPPA_QUADRATIC
} KappaWeighting;

const char *const FmaBackgroundModes[] = {"include", "exclude_from_average", "ignore_truth", NULL};
static const char *const averages[] = {"macro", "micro", "weighted", NULL};
static const char *const kappa_weightings[] = {"none", "linear", "quadratic", NULL};

/* A ratio of one label's counts */
typedef double (*LabelRatio) (FmaOneVersusRest counts);

/* Finds a label by its bytes, or returns -1 */
int64
FmaFindConfusionLabel(const FmaConfusion *confusion, const FmaLabel *wanted)
{
	for (uint32 i = 0; i < confusion->nlabels; i++)
	{
		FmaLabel	label = FmaConfusionLabel(confusion, i);

		if (FmaSameLabel(&label, wanted))
			return i;
	}
	return -1;
}

/* a - b, where both may be large and the difference small */
static FmaSum
Difference(FmaSum a, FmaSum b)
{
	FmaSumAdd(&a, -b.high);
	FmaSumAdd(&a, -b.low);
	return a;
}

/*
 * Sums rows, columns and the diagonal, without the truth that is to be ignored.
 * What a label does not have is a difference of such sums: they carry their
 * rounding errors along, so that a few rows beside 10^15 keep all their digits.
 */
void
FmaSumMargins(FmaMargins *margins)
{
	uint32		nlabels = margins->confusion->nlabels;
	FmaSum	   *support = palloc0_array(FmaSum, Max(nlabels, 1));
	FmaSum	   *predicted = palloc0_array(FmaSum, Max(nlabels, 1));
	FmaSum	   *hits = palloc0_array(FmaSum, Max(nlabels, 1));
	FmaSum		total = {0.0, 0.0};
	FmaSum		all_hits = {0.0, 0.0};
	uint64		position = 0;
	FmaCell		cell;

	while (FmaNextCell(margins->confusion, &position, &cell))
	{
		if (margins->mode == FMA_BACKGROUND_IGNORE_TRUTH && cell.truth == margins->background)
			continue;
		FmaSumAddSum(&support[cell.truth], cell.weight);
		FmaSumAddSum(&predicted[cell.prediction], cell.weight);
		FmaSumAddSum(&total, cell.weight);
		if (cell.truth == cell.prediction)
		{
			FmaSumAddSum(&hits[cell.truth], cell.weight);
			FmaSumAddSum(&all_hits, cell.weight);
		}
	}

	margins->support = palloc_array(double, Max(nlabels, 1));
	margins->predicted = palloc_array(double, Max(nlabels, 1));
	margins->counts = palloc_array(FmaOneVersusRest, Max(nlabels, 1));
	margins->total = FmaSumValue(total);
	margins->all_hits = FmaSumValue(all_hits);
	for (uint32 i = 0; i < nlabels; i++)
	{
		FmaSum		fp = Difference(predicted[i], hits[i]);
		FmaSum		tn = Difference(Difference(total, support[i]), fp);

		margins->support[i] = FmaSumValue(support[i]);
		margins->predicted[i] = FmaSumValue(predicted[i]);
		margins->counts[i].tp = FmaSumValue(hits[i]);
		margins->counts[i].fp = Max(FmaSumValue(fp), 0.0);
		margins->counts[i].fn = Max(FmaSumValue(Difference(support[i], hits[i])), 0.0);
		margins->counts[i].tn = Max(FmaSumValue(tn), 0.0);
	}
	pfree(support);
	pfree(predicted);
	pfree(hits);
}

/* Checks what an undefined ratio shall be */
static double
CheckZeroDivision(double value)
{
	if (!(value >= 0.0 && value <= 1.0))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("zero_division must be between 0 and 1"),
				 errdetail("zero_division is %s.", FmaFloat8ToString(value)),
				 errhint("Leave it NULL to have NULL where a metric is 0/0.")));
	return value;
}

/* Checks the weight of a label (named in "whose", for messages) */
static double
CheckLabelWeight(double weight, const char *argument, const char *whose)
{
	if (!(weight >= 0.0 && weight < FMA_MAX_WEIGHT))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s must be at least 0 and below 2^63", argument),
				 errdetail("%s is %s.", whose, FmaFloat8ToString(weight))));
	return weight;
}

/*
 * Reads the arguments that all metrics share: the matrix at 0 and, from "first"
 * on, background, background_mode, zero_division.  False if the matrix is NULL.
 * A background label that does not occur changes nothing.
 */
static bool
ReadMargins(FunctionCallInfo fcinfo, int first, FmaMargins *margins)
{
	if (PG_ARGISNULL(0))
		return false;
	margins->confusion = FmaConfusionArg(fcinfo, 0);
	margins->background = -1;
	margins->mode = FMA_BACKGROUND_INCLUDE;
	margins->zero_division = NAN;
	if (first < PG_NARGS())
	{
		if (!PG_ARGISNULL(first + 1))
			margins->mode = FmaChoose("background_mode", FmaTextArg(fcinfo, first + 1), FmaBackgroundModes);
		if (!PG_ARGISNULL(first))
		{
			text	   *name = PG_GETARG_TEXT_PP(first);
			FmaLabel	label = FmaMakeLabel(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));

			margins->background = FmaFindConfusionLabel(margins->confusion, &label);
		}
		if (!PG_ARGISNULL(first + 2))
			margins->zero_division = CheckZeroDivision(PG_GETARG_FLOAT8(first + 2));
	}
	FmaSumMargins(margins);
	return true;
}

/* tp / (tp + fp): of what was predicted as the label, the share that is it */
static double
Precision(FmaOneVersusRest counts)
{
	return counts.tp / (counts.tp + counts.fp);
}

/* tp / (tp + fn): of what is the label, the share that was predicted as it */
static double
Recall(FmaOneVersusRest counts)
{
	return counts.tp / (counts.tp + counts.fn);
}

/* 2 tp / (2 tp + fp + fn): the harmonic mean of both, which is Dice's coefficient */
static double
F1(FmaOneVersusRest counts)
{
	return 2.0 * counts.tp / (2.0 * counts.tp + counts.fp + counts.fn);
}

/* tp / (tp + fp + fn): intersection over union, which is Jaccard's coefficient */
static double
IoU(FmaOneVersusRest counts)
{
	return counts.tp / (counts.tp + counts.fp + counts.fn);
}

/* What an undefined ratio becomes where the caller asked for a number */
static double
OrElse(double ratio, double otherwise)
{
	return isnan(ratio) ? otherwise : ratio;
}

/*
 * The average of a ratio over labels.  In a mean, a label that occurs but whose
 * ratio is 0/0 (never predicted, or never true) counts as zero_division, by
 * default 0: it is a failure, not a gap.
 */
static double
AverageOf(const FmaMargins *margins, LabelRatio ratio, Average average)
{
	FmaOneVersusRest sums = {0};
	double		weighted = 0.0;
	double		weights = 0.0;

	for (uint32 i = 0; i < margins->confusion->nlabels; i++)
	{
		FmaOneVersusRest counts;
		double		weight;

		if (!FmaInAverage(margins, i))
			continue;
		counts = margins->counts[i];
		sums.tp += counts.tp;
		sums.fp += counts.fp;
		sums.fn += counts.fn;
		weight = average == AVERAGE_WEIGHTED ? margins->support[i] : 1.0;
		weights += weight;
		weighted += weight * OrElse(ratio(counts), OrElse(margins->zero_division, 0.0));
	}
	return OrElse(average == AVERAGE_MICRO ? ratio(sums) : weighted / weights, margins->zero_division);
}

/* The body of fma_precision, fma_recall, fma_f1 and fma_iou: (confusion, average, background, background_mode, zero_division) */
static Datum
AverageFunction(FunctionCallInfo fcinfo, LabelRatio ratio)
{
	FmaMargins		margins;
	Average		average = PG_ARGISNULL(1) ? AVERAGE_MACRO :
		FmaChoose("average", FmaTextArg(fcinfo, 1), averages);

	if (!ReadMargins(fcinfo, 2, &margins))
		PG_RETURN_NULL();
	FMA_RETURN_FLOAT8_OR_NULL(AverageOf(&margins, ratio, average));
}

PG_FUNCTION_INFO_V1(fma_precision);
/* Mean precision in [0, 1] */
Datum
fma_precision(PG_FUNCTION_ARGS)
{
	return AverageFunction(fcinfo, Precision);
}

PG_FUNCTION_INFO_V1(fma_recall);
/* Mean recall in [0, 1] */
Datum
fma_recall(PG_FUNCTION_ARGS)
{
	return AverageFunction(fcinfo, Recall);
}

PG_FUNCTION_INFO_V1(fma_f1);
/* Mean F1 (Dice) in [0, 1] */
Datum
fma_f1(PG_FUNCTION_ARGS)
{
	return AverageFunction(fcinfo, F1);
}

PG_FUNCTION_INFO_V1(fma_iou);
/* Mean intersection over union (Jaccard) in [0, 1]; "weighted" is the frequency-weighted IoU */
Datum
fma_iou(PG_FUNCTION_ARGS)
{
	return AverageFunction(fcinfo, IoU);
}

PG_FUNCTION_INFO_V1(fma_accuracy);
/* Share of rows on the diagonal, in [0, 1]; of a matrix of pixels, the pixel accuracy */
Datum
fma_accuracy(PG_FUNCTION_ARGS)
{
	FmaMargins		margins;

	if (!ReadMargins(fcinfo, 1, &margins))
		PG_RETURN_NULL();
	FMA_RETURN_FLOAT8_OR_NULL(OrElse(margins.all_hits / margins.total, margins.zero_division));
}

PG_FUNCTION_INFO_V1(fma_balanced_accuracy);
/* Mean recall over the labels that have support, in [0, 1] */
Datum
fma_balanced_accuracy(PG_FUNCTION_ARGS)
{
	FmaMargins		margins;
	double		sum = 0.0;
	int			n = 0;

	if (!ReadMargins(fcinfo, 1, &margins))
		PG_RETURN_NULL();
	for (uint32 i = 0; i < margins.confusion->nlabels; i++)
	{
		if (!FmaInAverage(&margins, i) || margins.support[i] <= 0.0)
			continue;
		sum += Recall(margins.counts[i]);
		n++;
	}
	FMA_RETURN_FLOAT8_OR_NULL(OrElse(sum / n, margins.zero_division));
}

/* The weight of each label from {"label": weight, ...}; others get the default */
double *
FmaReadLabelWeights(const FmaConfusion *confusion, Jsonb *weights, double default_weight)
{
	double	   *result = palloc_array(double, Max(confusion->nlabels, 1));
	JsonbIterator *iterator = JsonbIteratorInit(&weights->root);
	JsonbIteratorToken token;
	JsonbValue	value;

	if (!JB_ROOT_IS_OBJECT(weights))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("weights must be a JSON object"),
				 errhint("For example {\"road\": 100, \"unlabelled\": 1}.")));
	for (uint32 i = 0; i < confusion->nlabels; i++)
		result[i] = default_weight;
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		FmaLabel	label;
		int64		index;
		char	   *name;
		double		weight;

		if (token != WJB_KEY)
			continue;
		CHECK_FOR_INTERRUPTS();
		label = FmaMakeLabel(value.val.string.val, value.val.string.len);
		name = pnstrdup(value.val.string.val, value.val.string.len);
		index = FmaFindConfusionLabel(confusion, &label);
		(void) JsonbIteratorNext(&iterator, &value, true);
		if (value.type != jbvNumeric)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("weights must be numbers"),
					 errdetail("The weight of %s is none.", FmaLabelForMessage(name, strlen(name)))));
		weight = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(value.val.numeric)));
		(void) CheckLabelWeight(weight, "weights",
								psprintf("The weight of %s", FmaLabelForMessage(name, strlen(name))));
		if (index >= 0)
			result[index] = weight;
	}
	return result;
}

PG_FUNCTION_INFO_V1(fma_weighted_iou);
/*
 * fma_weighted_iou(confusion, weights jsonb, default_weight, background,
 * background_mode, zero_division): sum of w IoU over sum of w, over the labels
 * that occur, in [0, 1].
 */
Datum
fma_weighted_iou(PG_FUNCTION_ARGS)
{
	FmaMargins		margins;
	double	   *weights;
	double		default_weight = PG_ARGISNULL(2) ? 1.0 :
		CheckLabelWeight(PG_GETARG_FLOAT8(2), "default_weight", "default_weight");
	double		sum = 0.0;
	double		total = 0.0;

	if (!ReadMargins(fcinfo, 3, &margins) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	weights = FmaReadLabelWeights(margins.confusion, PG_GETARG_JSONB_P(1), default_weight);
	for (uint32 i = 0; i < margins.confusion->nlabels; i++)
	{
		if (!FmaInAverage(&margins, i))
			continue;
		sum += weights[i] * IoU(margins.counts[i]);
		total += weights[i];
	}
	FMA_RETURN_FLOAT8_OR_NULL(OrElse(sum / total, margins.zero_division));
}

PG_FUNCTION_INFO_V1(fma_mcc);
/*
 * Matthews' correlation coefficient of several classes (Gorodkin 2004), in
 * [-1, 1]; NULL when all truths or all predictions are one label.
 */
Datum
fma_mcc(PG_FUNCTION_ARGS)
{
	FmaMargins		margins;
	double		cross = 0.0;
	double		truth = 0.0;
	double		predicted = 0.0;

	if (!ReadMargins(fcinfo, PG_NARGS(), &margins))
		PG_RETURN_NULL();

	/*
	 * c s - t.p is the sum of tp tn - fp fn over labels, and s^2 - t.t that of
	 * t (s - t): so no large numbers are subtracted that are nearly the same.
	 * On shares rather than counts, to stay within a double's range.
	 */
	for (uint32 i = 0; i < margins.confusion->nlabels; i++)
	{
		double		tp = margins.counts[i].tp / margins.total;
		double		fp = margins.counts[i].fp / margins.total;
		double		fn = margins.counts[i].fn / margins.total;
		double		tn = margins.counts[i].tn / margins.total;

		cross += tp * tn - fp * fn;
		truth += (tp + fn) * (fp + tn);
		predicted += (tp + fp) * (fn + tn);
	}
	if (!(truth > 0.0 && predicted > 0.0))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(cross / (sqrt(truth) * sqrt(predicted)));
}

/* The place of each label of the matrix in the order given as text[] */
static double *
ReadOrder(const FmaConfusion *confusion, ArrayType *array)
{
	double	   *places = palloc_array(double, Max(confusion->nlabels, 1));
	Datum	   *names;
	bool	   *nulls;
	int			count;

	for (uint32 i = 0; i < confusion->nlabels; i++)
		places[i] = -1.0;
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &names, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		FmaLabel	label;
		int64		index;

		CHECK_FOR_INTERRUPTS();
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("labels must not contain NULL")));
		label = FmaMakeLabel(VARDATA_ANY(names[i]), VARSIZE_ANY_EXHDR(names[i]));
		index = FmaFindConfusionLabel(confusion, &label);
		if (index >= 0 && places[index] >= 0.0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("labels has %s twice", FmaLabelForMessage(label.bytes, label.length))));
		if (index >= 0)
			places[index] = i;
	}
	for (uint32 i = 0; i < confusion->nlabels; i++)
	{
		FmaLabel	label = FmaConfusionLabel(confusion, i);

		if (places[i] < 0.0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("labels does not name every label of the matrix"),
					 errdetail("%s is missing.", FmaLabelForMessage(label.bytes, label.length))));
	}
	return places;
}

/* The places of the labels for a weighted kappa: as given, or by number */
static double *
KappaPlaces(FunctionCallInfo fcinfo, const FmaConfusion *confusion)
{
	double	   *places;

	if (!PG_ARGISNULL(2))
		return ReadOrder(confusion, PG_GETARG_ARRAYTYPE_P(2));
	places = palloc_array(double, Max(confusion->nlabels, 1));
	for (uint32 i = 0; i < confusion->nlabels; i++)
	{
		FmaLabel	label = FmaConfusionLabel(confusion, i);

		if (!FmaIsNumberLabel(&label))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a weighted kappa needs an order of the labels"),
					 errdetail("Label %s is not a number.", FmaLabelForMessage(label.bytes, label.length)),
					 errhint("Give the order: fma_kappa(confusion, 'linear', ARRAY['low', 'medium', 'high']).")));
		/* Labels that are all numbers are stored in the order of the numbers. */
		places[i] = i;
	}
	return places;
}

PG_FUNCTION_INFO_V1(fma_kappa);
/*
 * fma_kappa(confusion, weighting, labels text[]): Cohen's kappa,
 * 1 - sum(W C) / sum(W E) with E the product of the margins, at most 1; W is 1
 * off the diagonal, or the distance of the labels' places, or its square.  NULL
 * when no disagreement was to be expected.
 */
Datum
fma_kappa(PG_FUNCTION_ARGS)
{
	FmaMargins		margins;
	KappaWeighting weighting = PG_ARGISNULL(1) ? KAPPA_NONE :
		FmaChoose("weighting", FmaTextArg(fcinfo, 1), kappa_weightings);
	double	   *places = NULL;
	double		observed = 0.0;
	double		expected = 0.0;
	uint64		position = 0;
	FmaCell		cell;

	if (!ReadMargins(fcinfo, PG_NARGS(), &margins))
		PG_RETURN_NULL();
	if (weighting != KAPPA_NONE)
		places = KappaPlaces(fcinfo, margins.confusion);

	while (FmaNextCell(margins.confusion, &position, &cell))
	{
		double		distance = weighting == KAPPA_NONE ? cell.truth != cell.prediction :
			fabs(places[cell.truth] - places[cell.prediction]);

		observed += FmaSumValue(cell.weight) * (weighting == KAPPA_QUADRATIC ? distance * distance : distance);
	}
	for (uint32 t = 0; t < margins.confusion->nlabels; t++)
	{
		double		row = 0.0;

		CHECK_FOR_INTERRUPTS();
		for (uint32 p = 0; p < margins.confusion->nlabels; p++)
		{
			double		distance = weighting == KAPPA_NONE ? t != p : fabs(places[t] - places[p]);

			row += margins.predicted[p] / margins.total *
				(weighting == KAPPA_QUADRATIC ? distance * distance : distance);
		}
		expected += margins.support[t] * row;
	}
	if (!(expected > 0.0))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(1.0 - observed / expected);
}

PG_FUNCTION_INFO_V1(fma_class_metrics);
/*
 * fma_class_metrics(confusion, background, background_mode, zero_division): one
 * row a label, in the order of labels; counts follow the weights.
 */
Datum
fma_class_metrics(PG_FUNCTION_ARGS)
{
	static const LabelRatio ratios[] = {Precision, Recall, F1, IoU};
	FmaMargins		margins;

	InitMaterializedSRF(fcinfo, 0);
	if (!ReadMargins(fcinfo, 1, &margins))
		PG_RETURN_NULL();
	for (uint32 i = 0; i < margins.confusion->nlabels; i++)
	{
		FmaLabel	label = FmaConfusionLabel(margins.confusion, i);
		FmaOneVersusRest counts = margins.counts[i];
		Datum		values[11];
		bool		nulls[11] = {false};
		int			column = 0;

		values[column++] = PointerGetDatum(cstring_to_text_with_len(label.bytes, label.length));
		values[column++] = Float8GetDatum(margins.support[i]);
		values[column++] = Float8GetDatum(margins.predicted[i]);
		values[column++] = Float8GetDatum(counts.tp);
		values[column++] = Float8GetDatum(counts.fp);
		values[column++] = Float8GetDatum(counts.fn);
		values[column++] = Float8GetDatum(counts.tn);
		for (int r = 0; r < (int) lengthof(ratios); r++, column++)
			values[column] = FmaFloat8OrNull(OrElse(ratios[r] (counts), margins.zero_division), &nulls[column]);
		FmaPutRow(fcinfo, values, nulls);
	}
	PG_RETURN_NULL();
}

/*
 * calibration.c
 *		What can be read from an fma_reliability: bins, calibration errors, the
 *		parts of the Brier score, the log loss; and the classwise error.
 *
 * A bin's gap is its mean confidence less its accuracy: above 0 when the model
 * is overconfident.
 */
#include "labels.h"
#include "reliability.h"

#include "access/tupmacs.h"
#include "arguments.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "statistics.h"
#include "utils/array.h"

PG_FUNCTION_INFO_V1(fma_bins);
PG_FUNCTION_INFO_V1(fma_ece);
PG_FUNCTION_INFO_V1(fma_mce);
PG_FUNCTION_INFO_V1(fma_ece_debiased);
PG_FUNCTION_INFO_V1(fma_calibration_error);
PG_FUNCTION_INFO_V1(fma_confidence_brier);
PG_FUNCTION_INFO_V1(fma_confidence_log_loss);
PG_FUNCTION_INFO_V1(fma_classwise_ece_add);
PG_FUNCTION_INFO_V1(fma_classwise_ece_final);
PG_FUNCTION_INFO_V1(fma_truth_probability);
PG_FUNCTION_INFO_V1(fma_truth_rank);

/* Columns of fma_bins */
enum
{
	BIN, LOW, HIGH, N, MEAN_CONFIDENCE, ACCURACY, GAP, CI_LOW, CI_HIGH, BIN_COLUMNS
};

/* Columns of fma_confidence_brier */
enum
{
	BRIER, RELIABILITY, RESOLUTION, UNCERTAINTY, WITHIN_VARIANCE, WITHIN_COVARIANCE, BRIER_COLUMNS
};

/* Mean confidence less accuracy of a bin with rows */
static double
Gap(const FmaBin *bin)
{
	return FmaFromFixed(FmaBinGap(bin)) / bin->n;
}

/* Rows of a class, counted from 0 */
static double
Rows(const FmaReliability *r, int class)
{
	int128		n = 0;

	for (int i = 0; i < r->bins; i++)
		n += FmaGetBin(r, class * r->bins + i)->n;
	return n;
}

/* Expected calibration error of a class: the sum over bins is exact */
double
FmaEce(const FmaReliability *r, int class)
{
	int128		sum = 0;

	for (int i = 0; i < r->bins; i++)
	{
		int128		gap = FmaBinGap(FmaGetBin(r, class * r->bins + i));

		sum += gap < 0 ? -gap : gap;
	}
	return FmaFromFixed(sum) / Rows(r, class);
}

/* Largest absolute gap */
static double
Mce(const FmaReliability *r)
{
	double		largest = 0.0;

	for (int i = 0; i < r->bins; i++)
	{
		const FmaBin *bin = FmaGetBin(r, i);

		if (bin->n > 0)
			largest = Max(largest, fabs(Gap(bin)));
	}
	return largest;
}

/* Mean absolute gap over the bins with rows, each bin counting the same */
static double
Ace(const FmaReliability *r)
{
	double		sum = 0.0;
	int			bins = 0;

	for (int i = 0; i < r->bins; i++)
	{
		const FmaBin *bin = FmaGetBin(r, i);

		if (bin->n > 0)
		{
			sum += fabs(Gap(bin));
			bins++;
		}
	}
	return sum / bins;
}

/*
 * Root of the mean over rows of the squared gap; when debiased, less what
 * chance alone adds to it: the variance of the accuracy of each bin.  Bins of
 * one row, whose variance is unknown, then count as 0, as in the authors'
 * program.  Kumar, Liang, Ma 2019, "Verified Uncertainty Calibration".
 */
static double
L2(const FmaReliability *r, bool debiased)
{
	double		sum = 0.0;

	for (int i = 0; i < r->bins; i++)
	{
		const FmaBin *bin = FmaGetBin(r, i);
		double		n = bin->n;
		double		accuracy = bin->correct / n;

		if (bin->n < (debiased ? 2 : 1))
			continue;
		sum += n * Gap(bin) * Gap(bin);
		if (debiased)
			sum -= n * accuracy * (1.0 - accuracy) / (n - 1.0);
	}
	return sqrt(Max(sum, 0.0) / Rows(r, 0));
}

/*
 * fma_bins(r, confidence_level) -> one row a bin, empty bins too.  The
 * interval is Wilson's, of the bin's accuracy, for each bin on its own.
 */
Datum
fma_bins(PG_FUNCTION_ARGS)
{
	FmaReliability *r = FmaReliabilityArg(fcinfo, FMA_RELIABILITY_GAPS);
	double		level = FmaCheckConfidenceLevel(PG_GETARG_FLOAT8(1));

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < r->bins; i++)
	{
		const FmaBin *bin = FmaGetBin(r, i);
		Datum		values[BIN_COLUMNS] = {0};
		bool		nulls[BIN_COLUMNS] = {false};

		values[BIN] = Int32GetDatum(i + 1);
		values[LOW] = Float8GetDatum((double) i / r->bins);
		values[HIGH] = Float8GetDatum((double) (i + 1) / r->bins);
		values[N] = Int64GetDatum(bin->n);
		if (bin->n > 0)
		{
			FmaInterval ci = FmaWilson(bin->correct, bin->n, level);

			values[MEAN_CONFIDENCE] = Float8GetDatum(FmaFromFixed(bin->confidence) / bin->n);
			values[ACCURACY] = Float8GetDatum((double) bin->correct / bin->n);
			values[GAP] = Float8GetDatum(Gap(bin));
			values[CI_LOW] = Float8GetDatum(ci.low);
			values[CI_HIGH] = Float8GetDatum(ci.high);
		}
		else
			memset(nulls + MEAN_CONFIDENCE, true, BIN_COLUMNS - MEAN_CONFIDENCE);
		FmaPutRow(fcinfo, values, nulls);
	}
	return (Datum) 0;
}

/* Expected calibration error; Naeini, Cooper, Hauskrecht 2015; Guo et al. 2017 */
Datum
fma_ece(PG_FUNCTION_ARGS)
{
	FmaReliability *r = FmaReliabilityArg(fcinfo, FMA_RELIABILITY_GAPS);

	if (r->kind == FMA_RELIABILITY_EMPTY)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(FmaEce(r, 0));
}

/* Maximum calibration error; Naeini, Cooper, Hauskrecht 2015 */
Datum
fma_mce(PG_FUNCTION_ARGS)
{
	FmaReliability *r = FmaReliabilityArg(fcinfo, FMA_RELIABILITY_GAPS);

	if (r->kind == FMA_RELIABILITY_EMPTY)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(Mce(r));
}

/* Debiased calibration error (L2) */
Datum
fma_ece_debiased(PG_FUNCTION_ARGS)
{
	FmaReliability *r = FmaReliabilityArg(fcinfo, FMA_RELIABILITY_GAPS);

	if (r->kind == FMA_RELIABILITY_EMPTY)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(L2(r, true));
}

/* Calibration error in a norm: l1 (ECE), l2, max (MCE), mean (ACE) */
Datum
fma_calibration_error(PG_FUNCTION_ARGS)
{
	static const char *const norms[] = {"l1", "l2", "max", "mean", NULL};
	FmaReliability *r = FmaReliabilityArg(fcinfo, FMA_RELIABILITY_GAPS);
	int			norm = FmaChoose("norm", FmaTextArg(fcinfo, 1), norms);

	if (r->kind == FMA_RELIABILITY_EMPTY)
		PG_RETURN_NULL();
	switch (norm)
	{
		case 0:
			PG_RETURN_FLOAT8(FmaEce(r, 0));
		case 1:
			PG_RETURN_FLOAT8(L2(r, false));
		case 2:
			PG_RETURN_FLOAT8(Mce(r));
		default:
			PG_RETURN_FLOAT8(Ace(r));
	}
}

/*
 * fma_confidence_brier(r): the mean of (p - y)^2 and its five parts,
 *
 *		brier = reliability - resolution + uncertainty
 *				+ within-bin variance - within-bin covariance
 *
 * where the covariance has the factor 2 of the paper.  Stephenson, Coelho,
 * Jolliffe 2008, "Two extra components in the Brier score decomposition".
 */
Datum
fma_confidence_brier(PG_FUNCTION_ARGS)
{
	FmaReliability *r = FmaReliabilityArg(fcinfo, FMA_RELIABILITY_FULL);
	double		part[BRIER_COLUMNS] = {0};
	Datum		values[BRIER_COLUMNS];
	bool		nulls[BRIER_COLUMNS];
	double		rows = Rows(r, 0);
	double		correct = 0.0;
	int128		squares = 0;

	for (int i = 0; i < r->bins; i++)
		correct += FmaGetBin(r, i)->correct;
	for (int i = 0; i < r->bins; i++)
	{
		const FmaFullBin *bin = FmaGetFullBin(r, i);
		double		n = bin->gap.n;
		double		accuracy = bin->gap.correct / n;
		double		mean = FmaFromFixed(bin->gap.confidence) / n;
		double		gap = Gap(&bin->gap);
		double		above = accuracy - correct / rows;

		if (bin->gap.n == 0)
			continue;
		/* (p - y)^2 = p^2 - 2py + y, since y is 0 or 1 */
		squares += bin->squared - 2 * bin->when_correct + ((int128) bin->gap.correct << FMA_FIXED_BITS);
		part[RELIABILITY] += n * gap * gap;
		part[RESOLUTION] += n * above * above;
		part[WITHIN_VARIANCE] += Max(FmaFromFixed(bin->squared) - n * mean * mean, 0.0);
		part[WITHIN_COVARIANCE] += 2.0 * (FmaFromFixed(bin->when_correct) - n * mean * accuracy);
	}
	part[BRIER] = FmaFromFixed(squares);
	part[UNCERTAINTY] = correct * (1.0 - correct / rows);
	for (int i = 0; i < BRIER_COLUMNS; i++)
		values[i] = FmaFloat8OrNull(part[i] / rows, &nulls[i]);
	PG_RETURN_DATUM(FmaMakeRow(fcinfo, values, nulls));
}

/* Mean of -ln(the probability given to what happened), clipped as scikit-learn clips */
Datum
fma_confidence_log_loss(PG_FUNCTION_ARGS)
{
	FmaReliability *r = FmaReliabilityArg(fcinfo, FMA_RELIABILITY_FULL);

	if (r->kind == FMA_RELIABILITY_EMPTY)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(FmaFromFixed(r->log_loss) * FMA_LOG_LOSS_UNIT / Rows(r, 0));
}

/* The labels of a classwise error, walked through in their order */
typedef struct LabelWalk
{
	char	   *next;
	int			left;
} LabelWalk;

/* Checks the argument labels and begins at its first */
static LabelWalk
WalkLabels(ArrayType *labels)
{
	LabelWalk	walk = {ARR_DATA_PTR(labels), ArrayGetNItems(ARR_NDIM(labels), ARR_DIMS(labels))};

	if (ARR_NDIM(labels) != 1 || walk.left < 2 || array_contains_nulls(labels))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("labels must be an array of one dimension with at least two labels and no NULL"),
				 errhint("Give the labels in the order of the probabilities.")));
	return walk;
}

/* The next label; false at the end */
static inline bool
NextLabel(LabelWalk *walk, FmaLabel *label)
{
	if (walk->left == 0)
		return false;
	*label = FmaMakeLabel(VARDATA_ANY(walk->next), VARSIZE_ANY_EXHDR(walk->next));
	walk->left--;
	walk->next += VARSIZE_ANY(walk->next);
	walk->next = (char *) att_align_nominal(walk->next, TYPALIGN_INT);
	return true;
}

/* A label that stands twice would have rows of its own in only one place */
static void
CheckLabelsDiffer(ArrayType *labels)
{
	LabelWalk	walk = WalkLabels(labels);
	FmaLabel	label;
	FmaLabel	other;

	while (NextLabel(&walk, &label))
	{
		LabelWalk	rest = walk;

		CHECK_FOR_INTERRUPTS();
		while (NextLabel(&rest, &other))
			if (FmaSameLabel(&label, &other))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("labels must not repeat a label"),
						 errdetail("%s stands twice.", FmaLabelForMessage(label.bytes, label.length))));
	}
}

/* Where the truth stands, counted from 0; *hash becomes a hash of the labels and their order */
static int
FindTruth(ArrayType *labels, text *truth, uint32 *hash)
{
	FmaLabel	wanted = FmaMakeLabel(VARDATA_ANY(truth), VARSIZE_ANY_EXHDR(truth));
	LabelWalk	walk = WalkLabels(labels);
	FmaLabel	label;
	int			position = -1;

	*hash = 0;
	for (int i = 0; NextLabel(&walk, &label); i++)
	{
		*hash = hash_combine(*hash, FmaLabelHash(&label));
		if (position < 0 && FmaSameLabel(&label, &wanted))
			position = i;
	}
	if (position < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("truth is not among the labels"),
				 errdetail("truth is %s.", FmaLabelForMessage(wanted.bytes, wanted.length)),
				 errhint("Labels are compared by their bytes: case and spaces count.")));
	return position;
}

/* Checks probabilities against the number of labels; returns its elements */
static float8 *
CheckProbabilities(ArrayType *probabilities, int labels)
{
	int			n = ArrayGetNItems(ARR_NDIM(probabilities), ARR_DIMS(probabilities));
	float8	   *p = (float8 *) ARR_DATA_PTR(probabilities);

	if (ARR_NDIM(probabilities) != 1 || n != labels)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("probabilities must have one element for each label"),
				 errdetail("There are %d probabilities in %d dimensions, and %d labels.",
						   n, ARR_NDIM(probabilities), labels)));
	if (array_contains_nulls(probabilities))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("probabilities must not contain NULL")));
	for (int i = 0; i < n; i++)
		if (!(p[i] >= 0.0 && p[i] <= 1.0))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("probabilities must be between 0 and 1"),
					 errdetail("Element %d is %s.", i + 1, FmaFloat8ToString(p[i]))));
	return p;
}

/*
 * Transition of fma_classwise_ece(probabilities, labels, truth [, bins]).  The
 * state holds the bins of each class in turn: 32 bytes for each bin of each
 * class, at most 32 MB.
 */
Datum
fma_classwise_ece_add(PG_FUNCTION_ARGS)
{
	int			bins = PG_NARGS() > 4 ? FmaCheckBins(fcinfo, 4) : FMA_DEFAULT_BINS;
	FmaReliability *r;
	ArrayType  *labels;
	float8	   *p;
	int			classes;
	int			truth;
	uint32		hash;

	FmaNeedArg(fcinfo, 2, "labels");
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(3))
		return FmaLeaveOut(fcinfo);

	labels = PG_GETARG_ARRAYTYPE_P(2);
	classes = WalkLabels(labels).left;
	p = CheckProbabilities(PG_GETARG_ARRAYTYPE_P(1), classes);
	truth = FindTruth(labels, PG_GETARG_TEXT_PP(3), &hash);
	r = FmaReliabilityState(fcinfo);
	if (unlikely(r->kind != FMA_RELIABILITY_GAPS || r->bins != bins || r->classes != classes || r->labels != hash))
	{
		if (classes > FMA_MAX_CLASS_BINS / bins)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("too many labels times bins"),
					 errdetail("There are %d labels and %d bins; their product may be %d.",
							   classes, bins, FMA_MAX_CLASS_BINS)));
		CheckLabelsDiffer(labels);
		r = FmaReliabilityStart(r, FMA_RELIABILITY_GAPS, bins, classes, hash);
	}
	for (int k = 0; k < classes; k++)
		FmaBinAdd(FmaGapBin(r, k * bins + FmaBinOf(p[k], bins)), FmaToFixed(p[k]), k == truth);
	PG_RETURN_POINTER(r);
}

/* Mean over classes of the class's calibration error; Kull et al. 2019, Nixon et al. 2019 */
Datum
fma_classwise_ece_final(PG_FUNCTION_ARGS)
{
	FmaReliability *r = PG_GETARG_RELIABILITY(0);
	double		sum = 0.0;

	if (r->kind == FMA_RELIABILITY_EMPTY)
		PG_RETURN_NULL();
	for (int k = 0; k < r->classes; k++)
		sum += FmaEce(r, k);
	PG_RETURN_FLOAT8(sum / r->classes);
}

/* The probabilities of a row (arguments 0 to 2), and where the true class stands among them */
static float8 *
TruthAmong(FunctionCallInfo fcinfo, int *classes, int *truth)
{
	ArrayType  *labels = PG_GETARG_ARRAYTYPE_P(1);
	uint32		hash;

	*classes = WalkLabels(labels).left;
	*truth = FindTruth(labels, PG_GETARG_TEXT_PP(2), &hash);
	return CheckProbabilities(PG_GETARG_ARRAYTYPE_P(0), *classes);
}

/* The probability of the true class */
Datum
fma_truth_probability(PG_FUNCTION_ARGS)
{
	int			classes,
				truth;
	float8	   *p = TruthAmong(fcinfo, &classes, &truth);

	PG_RETURN_FLOAT8(p[truth]);
}

/*
 * How many classes are at least as probable as the true one, itself included.
 * A tie counts against the model, so that one that gives all classes the same
 * probability is never right; scikit-learn's top_k_accuracy_score breaks ties
 * by the order of the labels.
 */
Datum
fma_truth_rank(PG_FUNCTION_ARGS)
{
	int			classes,
				truth,
				rank = 0;
	float8	   *p = TruthAmong(fcinfo, &classes, &truth);

	for (int i = 0; i < classes; i++)
		rank += p[i] >= p[truth];
	PG_RETURN_INT32(rank);
}

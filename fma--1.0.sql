-- Made from src/*.sql by "make assemble"; do not edit.
-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION fma" to load this file. \quit

-- fma_confusion: how often each true label was predicted as each label

CREATE TYPE fma_confusion;

CREATE FUNCTION fma_confusion_in(cstring) RETURNS fma_confusion
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_confusion_in(cstring) IS 'reads the text form of fma_confusion';

CREATE FUNCTION fma_confusion_out(fma_confusion) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_confusion_out(fma_confusion) IS 'writes the text form of fma_confusion';

CREATE FUNCTION fma_confusion_recv(internal) RETURNS fma_confusion
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_confusion_recv(internal) IS 'reads the binary form of fma_confusion';

CREATE FUNCTION fma_confusion_send(fma_confusion) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_confusion_send(fma_confusion) IS 'writes the binary form of fma_confusion';

CREATE TYPE fma_confusion (
	INPUT = fma_confusion_in,
	OUTPUT = fma_confusion_out,
	RECEIVE = fma_confusion_recv,
	SEND = fma_confusion_send,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE fma_confusion IS 'a confusion matrix: rows counted by true and predicted label
Made by the aggregate fma_confusion, added by + and fma_rollup, read by fma_cells, fma_class_metrics and the metrics.
As text it is JSON: {"labels": [...], "counts": [[...], ...]}, a row for each true label.';

-- functions

CREATE FUNCTION fma_cells(confusion fma_confusion, zeros boolean DEFAULT NULL,
	OUT truth text, OUT prediction text, OUT n bigint,
	OUT share_of_truth double precision, OUT share_of_prediction double precision,
	OUT share_of_all double precision, OUT weight double precision)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 100;
COMMENT ON FUNCTION fma_cells(fma_confusion, boolean) IS 'the cells of a confusion matrix, one row each
n counts rows; the shares and weight follow the weights, where there are any (otherwise weight = n).
share_of_truth divides by the row of the true label, share_of_prediction by the column of the predicted one.
zeros: list cells without rows, too; by default up to 100 labels.';

-- private functions

CREATE FUNCTION fma_confusion_add_text(fma_confusion, text, text) RETURNS fma_confusion
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_confusion_add_text(fma_confusion, text, text) IS 'transition of fma_confusion(text, text)';

CREATE FUNCTION fma_confusion_add_text(fma_confusion, text, text, double precision) RETURNS fma_confusion
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_confusion_add_text(fma_confusion, text, text, double precision)
	IS 'transition of fma_confusion(text, text, double precision)';

CREATE FUNCTION fma_confusion_add_bigint(fma_confusion, bigint, bigint) RETURNS fma_confusion
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_confusion_add_bigint(fma_confusion, bigint, bigint) IS 'transition of fma_confusion(bigint, bigint)';

CREATE FUNCTION fma_confusion_add_bigint(fma_confusion, bigint, bigint, double precision) RETURNS fma_confusion
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_confusion_add_bigint(fma_confusion, bigint, bigint, double precision)
	IS 'transition of fma_confusion(bigint, bigint, double precision)';

CREATE FUNCTION fma_confusion_add_boolean(fma_confusion, boolean, boolean) RETURNS fma_confusion
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_confusion_add_boolean(fma_confusion, boolean, boolean) IS 'transition of fma_confusion(boolean, boolean)';

CREATE FUNCTION fma_confusion_add_boolean(fma_confusion, boolean, boolean, double precision) RETURNS fma_confusion
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_confusion_add_boolean(fma_confusion, boolean, boolean, double precision)
	IS 'transition of fma_confusion(boolean, boolean, double precision)';

CREATE FUNCTION fma_confusion_combine(fma_confusion, fma_confusion) RETURNS fma_confusion
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_confusion_combine(fma_confusion, fma_confusion) IS 'the sum of two confusion matrices';

CREATE FUNCTION fma_confusion_final(fma_confusion) RETURNS fma_confusion
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_confusion_final(fma_confusion) IS 'the stored form of an aggregated confusion matrix';

CREATE FUNCTION fma_confusion_eq(fma_confusion, fma_confusion) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_confusion_eq(fma_confusion, fma_confusion) IS 'implementation of = operator';

CREATE FUNCTION fma_confusion_ne(fma_confusion, fma_confusion) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_confusion_ne(fma_confusion, fma_confusion) IS 'implementation of <> operator';

CREATE FUNCTION fma_confusion_hash(fma_confusion) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_confusion_hash(fma_confusion) IS 'hash of a confusion matrix';

-- aggregates

CREATE AGGREGATE fma_confusion(truth text, prediction text) (
	SFUNC = fma_confusion_add_text, STYPE = fma_confusion, SSPACE = 240, INITCOND = '{}',
	FINALFUNC = fma_confusion_final, COMBINEFUNC = fma_confusion_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_confusion(text, text) IS 'confusion matrix of true and predicted labels
Rows with a NULL are left out. At most 16,384 labels (64 MB of text) and 2,097,152 different pairs.';

CREATE AGGREGATE fma_confusion(truth text, prediction text, weight double precision) (
	SFUNC = fma_confusion_add_text, STYPE = fma_confusion, SSPACE = 240, INITCOND = '{}',
	FINALFUNC = fma_confusion_final, COMBINEFUNC = fma_confusion_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_confusion(text, text, double precision) IS 'weighted confusion matrix of true and predicted labels
Weights are at least 0 and below 2^63. Rows with a NULL are left out.';

CREATE AGGREGATE fma_confusion(truth bigint, prediction bigint) (
	SFUNC = fma_confusion_add_bigint, STYPE = fma_confusion, SSPACE = 240, INITCOND = '{}',
	FINALFUNC = fma_confusion_final, COMBINEFUNC = fma_confusion_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_confusion(bigint, bigint) IS 'confusion matrix of integer labels
Rows with a NULL are left out. Labels are ordered by number.';

CREATE AGGREGATE fma_confusion(truth bigint, prediction bigint, weight double precision) (
	SFUNC = fma_confusion_add_bigint, STYPE = fma_confusion, SSPACE = 240, INITCOND = '{}',
	FINALFUNC = fma_confusion_final, COMBINEFUNC = fma_confusion_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_confusion(bigint, bigint, double precision) IS 'weighted confusion matrix of integer labels
Weights are at least 0 and below 2^63. Rows with a NULL are left out.';

CREATE AGGREGATE fma_confusion(truth boolean, prediction boolean) (
	SFUNC = fma_confusion_add_boolean, STYPE = fma_confusion, SSPACE = 240, INITCOND = '{}',
	FINALFUNC = fma_confusion_final, COMBINEFUNC = fma_confusion_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_confusion(boolean, boolean) IS 'confusion matrix of boolean labels, called true and false
Rows with a NULL are left out.';

CREATE AGGREGATE fma_confusion(truth boolean, prediction boolean, weight double precision) (
	SFUNC = fma_confusion_add_boolean, STYPE = fma_confusion, SSPACE = 240, INITCOND = '{}',
	FINALFUNC = fma_confusion_final, COMBINEFUNC = fma_confusion_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_confusion(boolean, boolean, double precision) IS 'weighted confusion matrix of boolean labels, called true and false
Weights are at least 0 and below 2^63. Rows with a NULL are left out.';

CREATE AGGREGATE fma_rollup(fma_confusion) (
	SFUNC = fma_confusion_combine, STYPE = fma_confusion, SSPACE = 512, INITCOND = '{}',
	FINALFUNC = fma_confusion_final, COMBINEFUNC = fma_confusion_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_rollup(fma_confusion) IS 'sum of confusion matrices
The matrix of the rows that the summed ones were made of.';

-- operators

CREATE OPERATOR + (
	FUNCTION = fma_confusion_combine, LEFTARG = fma_confusion, RIGHTARG = fma_confusion, COMMUTATOR = +
);
COMMENT ON OPERATOR + (fma_confusion, fma_confusion) IS 'sum of two confusion matrices';

CREATE OPERATOR = (
	FUNCTION = fma_confusion_eq, LEFTARG = fma_confusion, RIGHTARG = fma_confusion,
	COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
COMMENT ON OPERATOR = (fma_confusion, fma_confusion) IS 'same labels, counts and weights';

CREATE OPERATOR <> (
	FUNCTION = fma_confusion_ne, LEFTARG = fma_confusion, RIGHTARG = fma_confusion,
	COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (fma_confusion, fma_confusion) IS 'different labels, counts or weights';

CREATE OPERATOR CLASS fma_confusion_hash_ops DEFAULT FOR TYPE fma_confusion USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 fma_confusion_hash(fma_confusion);
COMMENT ON OPERATOR CLASS fma_confusion_hash_ops USING hash IS 'hashing of confusion matrices';

-- Metrics that are functions of a confusion matrix: doc/metrics.md

-- functions

CREATE FUNCTION fma_precision(confusion fma_confusion, average text DEFAULT 'macro', background text DEFAULT NULL, background_mode text DEFAULT 'exclude_from_average', zero_division double precision DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_precision(fma_confusion, text, text, text, double precision) IS 'precision, tp / (tp + fp), averaged over labels
average: macro (mean over labels that occur), micro (from summed counts), weighted (by support).
background: a label to treat as background_mode says (include, exclude_from_average, ignore_truth).
A label that occurs but has no ratio counts as zero_division, by default 0.';

CREATE FUNCTION fma_recall(confusion fma_confusion, average text DEFAULT 'macro', background text DEFAULT NULL, background_mode text DEFAULT 'exclude_from_average', zero_division double precision DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_recall(fma_confusion, text, text, text, double precision) IS 'recall, tp / (tp + fn), averaged over labels
average: macro (mean over labels that occur), micro (from summed counts), weighted (by support).
background: a label to treat as background_mode says (include, exclude_from_average, ignore_truth).
A label that occurs but has no ratio counts as zero_division, by default 0.';

CREATE FUNCTION fma_f1(confusion fma_confusion, average text DEFAULT 'macro', background text DEFAULT NULL, background_mode text DEFAULT 'exclude_from_average', zero_division double precision DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_f1(fma_confusion, text, text, text, double precision) IS 'F1, 2 tp / (2 tp + fp + fn), which is Dice''s coefficient, averaged over labels
average: macro (mean over labels that occur), micro (from summed counts), weighted (by support).
background: a label to treat as background_mode says (include, exclude_from_average, ignore_truth).
A label that occurs but has no ratio counts as zero_division, by default 0.';

CREATE FUNCTION fma_iou(confusion fma_confusion, average text DEFAULT 'macro', background text DEFAULT NULL, background_mode text DEFAULT 'exclude_from_average', zero_division double precision DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_iou(fma_confusion, text, text, text, double precision) IS 'intersection over union, tp / (tp + fp + fn), which is Jaccard''s coefficient, averaged over labels
average: macro (mean over labels that occur), micro (from summed counts), weighted (by support).
weighted is the frequency-weighted IoU.
background: a label to treat as background_mode says (include, exclude_from_average, ignore_truth).
A label that occurs but has no ratio counts as zero_division, by default 0.';

CREATE FUNCTION fma_accuracy(confusion fma_confusion, background text DEFAULT NULL, background_mode text DEFAULT 'exclude_from_average', zero_division double precision DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_accuracy(fma_confusion, text, text, double precision) IS 'share of rows predicted right; of a matrix of pixels, the pixel accuracy
background with background_mode ignore_truth leaves out rows that truly are background; accuracy is no mean over labels, so exclude_from_average changes nothing.';

CREATE FUNCTION fma_balanced_accuracy(confusion fma_confusion, background text DEFAULT NULL, background_mode text DEFAULT 'exclude_from_average', zero_division double precision DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_balanced_accuracy(fma_confusion, text, text, double precision) IS 'mean recall over the labels that have support
background: a label to treat as background_mode says (include, exclude_from_average, ignore_truth).';

CREATE FUNCTION fma_weighted_iou(confusion fma_confusion, weights jsonb, default_weight double precision DEFAULT 1, background text DEFAULT NULL, background_mode text DEFAULT 'exclude_from_average', zero_division double precision DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_weighted_iou(fma_confusion, jsonb, double precision, text, text, double precision) IS 'mean intersection over union with a weight for each label
weights: {"road": 100, "unlabelled": 1}; labels that it does not name have default_weight.
background: a label to treat as background_mode says (include, exclude_from_average, ignore_truth).';

CREATE FUNCTION fma_mcc(confusion fma_confusion)
	RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_mcc(fma_confusion) IS 'Matthews'' correlation coefficient, for two or more labels
From -1 to 1; NULL when all truths or all predictions are one label.';

CREATE FUNCTION fma_kappa(confusion fma_confusion, weighting text DEFAULT 'none', labels text[] DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_kappa(fma_confusion, text, text[]) IS 'Cohen''s kappa: agreement beyond what the margins give by chance
weighting: none, linear, quadratic (by the distance of the labels'' places).
labels: the order of the labels, needed by linear and quadratic unless all labels are numbers.';

CREATE FUNCTION fma_class_metrics(confusion fma_confusion, background text DEFAULT NULL,
	background_mode text DEFAULT 'exclude_from_average', zero_division double precision DEFAULT NULL,
	OUT label text, OUT support double precision, OUT predicted double precision,
	OUT tp double precision, OUT fp double precision, OUT fn double precision, OUT tn double precision,
	OUT "precision" double precision, OUT recall double precision, OUT f1 double precision, OUT iou double precision)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION fma_class_metrics(fma_confusion, text, text, double precision) IS 'each label against the rest: counts, precision, recall, F1 (Dice), IoU
support: rows that truly are the label; predicted: rows predicted as it. What is 0/0 is NULL unless zero_division names a number.
background with background_mode ignore_truth leaves out rows that truly are background; every label is listed in any mode.';

CREATE FUNCTION fma_metric_interval(confusion fma_confusion, metric text, by_label boolean DEFAULT false,
	labels text[] DEFAULT NULL, weights jsonb DEFAULT NULL, background text DEFAULT NULL,
	background_mode text DEFAULT 'exclude_from_average', design_effect double precision DEFAULT 1,
	confidence_level double precision DEFAULT 0.95,
	OUT label text, OUT value double precision, OUT low double precision, OUT high double precision,
	OUT n bigint, OUT support bigint, OUT missed bigint)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION fma_metric_interval(fma_confusion, text, boolean, text[], jsonb, text, text, double precision, double precision)
IS 'a metric with its confidence interval: one row, or by_label one a label
metric: Precision, Recall, F1Score, IoU, wIoU (with weights), Accuracy or PixelAccuracy, in any case; the macro mean over the labels, or over those listed.
n: rows whose truth (recall), prediction (precision) or either is among them. support, missed: rows that truly are the label (all rows, where there is no label), and those of them predicted as another.
design_effect: how many rows are worth an independent one. No interval where weights were summed.';

-- reliability: what confidences promised and what came of it, in bins

CREATE TYPE fma_reliability;

CREATE FUNCTION fma_reliability_in(cstring) RETURNS fma_reliability
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_reliability_in(cstring) IS 'reads the text form (JSON) of fma_reliability';

CREATE FUNCTION fma_reliability_out(fma_reliability) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_reliability_out(fma_reliability) IS 'writes the text form (JSON) of fma_reliability';

CREATE FUNCTION fma_reliability_recv(internal) RETURNS fma_reliability
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_reliability_recv(internal) IS 'reads the binary form of fma_reliability';

CREATE FUNCTION fma_reliability_send(fma_reliability) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_reliability_send(fma_reliability) IS 'writes the binary form of fma_reliability';

CREATE TYPE fma_reliability (
	INPUT = fma_reliability_in,
	OUTPUT = fma_reliability_out,
	RECEIVE = fma_reliability_recv,
	SEND = fma_reliability_send,
	INTERNALLENGTH = variable,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE fma_reliability IS 'confidences and outcomes by bins of equal width: small, exact and mergeable
Made by the aggregate fma_reliability; read by fma_bins, fma_ece and others. As text a JSON object: counts, and sums in units of 2^-62.';

CREATE FUNCTION fma_coarsen(r fma_reliability, bins integer) RETURNS fma_reliability
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_coarsen(fma_reliability, integer) IS 'the same rows in fewer bins
bins must divide those of the value. The result is what the aggregate with that many bins would have given.';

-- private functions

CREATE FUNCTION fma_reliability_add(fma_reliability, confidence double precision, correct boolean) RETURNS fma_reliability
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_reliability_add(fma_reliability, double precision, boolean) IS 'transition function of fma_reliability(confidence, correct)';

CREATE FUNCTION fma_reliability_add(fma_reliability, confidence double precision, correct boolean, bins integer) RETURNS fma_reliability
	AS 'MODULE_PATHNAME', 'fma_reliability_add_bins' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_reliability_add(fma_reliability, double precision, boolean, integer) IS 'transition function of fma_reliability(confidence, correct, bins)';

CREATE FUNCTION fma_reliability_combine(fma_reliability, fma_reliability) RETURNS fma_reliability
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_reliability_combine(fma_reliability, fma_reliability) IS 'implementation of + operator';

CREATE FUNCTION fma_reliability_eq(fma_reliability, fma_reliability) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_reliability_eq(fma_reliability, fma_reliability) IS 'implementation of = operator';

CREATE FUNCTION fma_reliability_ne(fma_reliability, fma_reliability) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_reliability_ne(fma_reliability, fma_reliability) IS 'implementation of <> operator';

CREATE FUNCTION fma_reliability_hash(fma_reliability) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_reliability_hash(fma_reliability) IS 'hash';

-- aggregates

CREATE AGGREGATE fma_reliability(confidence double precision, correct boolean) (
	SFUNC = fma_reliability_add,
	STYPE = fma_reliability,
	SSPACE = 672,
	COMBINEFUNC = fma_reliability_combine,
	INITCOND = '{}',
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_reliability(double precision, boolean) IS 'confidences and outcomes by 10 bins of equal width
Rows in which either is NULL are left out; a confidence outside 0 to 1 is an error.';

CREATE AGGREGATE fma_reliability(confidence double precision, correct boolean, bins integer) (
	SFUNC = fma_reliability_add,
	STYPE = fma_reliability,
	SSPACE = 672,
	COMBINEFUNC = fma_reliability_combine,
	INITCOND = '{}',
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_reliability(double precision, boolean, integer) IS 'confidences and outcomes by bins of equal width
bins is 1 to 1000 and the same for all rows of a group. Rows in which confidence or correct is NULL are left out; a confidence outside 0 to 1 is an error.';

CREATE AGGREGATE fma_rollup(fma_reliability) (
	SFUNC = fma_reliability_combine,
	STYPE = fma_reliability,
	SSPACE = 672,
	COMBINEFUNC = fma_reliability_combine,
	INITCOND = '{}',
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_rollup(fma_reliability) IS 'sum of values of fma_reliability
The result is what one aggregate over all their rows would have given.';

-- operators

CREATE OPERATOR + (
	LEFTARG = fma_reliability, RIGHTARG = fma_reliability, FUNCTION = fma_reliability_combine,
	COMMUTATOR = +
);
COMMENT ON OPERATOR + (fma_reliability, fma_reliability) IS 'the rows of both; they must have the same bins';

CREATE OPERATOR = (
	LEFTARG = fma_reliability, RIGHTARG = fma_reliability, FUNCTION = fma_reliability_eq,
	COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
COMMENT ON OPERATOR = (fma_reliability, fma_reliability) IS 'equal counts and sums';

CREATE OPERATOR <> (
	LEFTARG = fma_reliability, RIGHTARG = fma_reliability, FUNCTION = fma_reliability_ne,
	COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (fma_reliability, fma_reliability) IS 'different counts or sums';

CREATE OPERATOR CLASS fma_reliability_hash_ops
	DEFAULT FOR TYPE fma_reliability USING hash AS
		OPERATOR 1 =,
		FUNCTION 1 fma_reliability_hash(fma_reliability);
COMMENT ON OPERATOR CLASS fma_reliability_hash_ops USING hash IS 'equality of fma_reliability';
COMMENT ON OPERATOR FAMILY fma_reliability_hash_ops USING hash IS 'equality of fma_reliability';

-- calibration: what can be read from an fma_reliability

CREATE FUNCTION fma_ece(r fma_reliability) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_ece(fma_reliability) IS 'expected calibration error: mean over rows of the absolute gap of their bin
A bin''s gap is its mean confidence less its accuracy. NULL without rows. Chance alone makes it larger than 0: see fma_ece_if_calibrated.';

CREATE FUNCTION fma_mce(r fma_reliability) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_mce(fma_reliability) IS 'maximum calibration error: the largest absolute gap of a bin
A bin of few rows is easily the largest: look at n in fma_bins.';

CREATE FUNCTION fma_ece_debiased(r fma_reliability) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_ece_debiased(fma_reliability) IS 'debiased calibration error (L2): root mean square of the gaps, less what chance adds
Compare it with fma_calibration_error(r, ''l2''), not with fma_ece. Kumar, Liang, Ma 2019.';

CREATE FUNCTION fma_calibration_error(r fma_reliability, norm text) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_calibration_error(fma_reliability, text) IS 'calibration error in a norm: l1, l2, max or mean
l1 is fma_ece; l2 the root mean square of the gaps over rows; max is fma_mce; mean is over bins that have rows, each counting the same (ACE).';

CREATE FUNCTION fma_ece_if_calibrated(r fma_reliability, OUT expected double precision, OUT p_value double precision) RETURNS record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION fma_ece_if_calibrated(fma_reliability) IS 'the calibration error that a perfectly calibrated model would show on these confidences
expected is its mean ECE; p_value the probability that its ECE is at least that of the value. Computed, without random numbers.';

CREATE FUNCTION fma_bins(r fma_reliability, confidence_level double precision DEFAULT 0.95,
	OUT bin integer, OUT low double precision, OUT high double precision, OUT n bigint,
	OUT mean_confidence double precision, OUT accuracy double precision, OUT gap double precision,
	OUT ci_low double precision, OUT ci_high double precision) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION fma_bins(fma_reliability, double precision) IS 'the bins of a reliability diagram, one row each, empty ones too
low is in the bin, high is not (1 is in the last bin). gap = mean_confidence - accuracy: above 0 is overconfident. ci_low and ci_high: Wilson interval of the accuracy, for each bin on its own.';

CREATE FUNCTION fma_confidence_brier(r fma_reliability,
	OUT brier double precision, OUT reliability double precision, OUT resolution double precision,
	OUT uncertainty double precision, OUT within_bin_variance double precision,
	OUT within_bin_covariance double precision) RETURNS record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_confidence_brier(fma_reliability) IS 'Brier score of the confidence and its five parts
brier = reliability - resolution + uncertainty + within_bin_variance - within_bin_covariance, exactly.';

CREATE FUNCTION fma_confidence_log_loss(r fma_reliability) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_confidence_log_loss(fma_reliability) IS 'log loss of the confidence: mean of -ln(probability given to what happened)
Natural logarithm. What happened is that the prediction was correct (confidence) or not (1 - confidence), clipped at 2.2e-16.';

CREATE FUNCTION fma_truth_probability(probabilities double precision[], labels text[], truth text) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_truth_probability(double precision[], text[], text) IS 'the probability that a row gave to its true class
labels gives the order of the probabilities. Multiclass log loss: fma_confidence_log_loss(fma_reliability(p, true)) of these.';

CREATE FUNCTION fma_truth_rank(probabilities double precision[], labels text[], truth text) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_truth_rank(double precision[], text[], text) IS 'the place of the true class among the probabilities: 1 for the most probable
Classes of equal probability come before it. Top-k accuracy: avg((rank <= k)::int).';

-- private functions

CREATE FUNCTION fma_ece_add(fma_reliability, confidence double precision, correct boolean) RETURNS fma_reliability
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_ece_add(fma_reliability, double precision, boolean) IS 'transition function of fma_ece(confidence, correct)';

CREATE FUNCTION fma_ece_add(fma_reliability, confidence double precision, correct boolean, bins integer) RETURNS fma_reliability
	AS 'MODULE_PATHNAME', 'fma_ece_add_bins' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_ece_add(fma_reliability, double precision, boolean, integer) IS 'transition function of fma_ece(confidence, correct, bins)';

CREATE FUNCTION fma_classwise_ece_add(fma_reliability, probabilities double precision[], labels text[], truth text) RETURNS fma_reliability
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_classwise_ece_add(fma_reliability, double precision[], text[], text) IS 'transition function of fma_classwise_ece(probabilities, labels, truth)';

CREATE FUNCTION fma_classwise_ece_add(fma_reliability, probabilities double precision[], labels text[], truth text, bins integer) RETURNS fma_reliability
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_classwise_ece_add(fma_reliability, double precision[], text[], text, integer) IS 'transition function of fma_classwise_ece(probabilities, labels, truth, bins)';

CREATE FUNCTION fma_classwise_ece_final(fma_reliability) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_classwise_ece_final(fma_reliability) IS 'final function of fma_classwise_ece';

-- aggregates

CREATE AGGREGATE fma_ece(confidence double precision, correct boolean) (
	SFUNC = fma_ece_add,
	STYPE = fma_reliability,
	SSPACE = 352,
	FINALFUNC = fma_ece,
	COMBINEFUNC = fma_reliability_combine,
	INITCOND = '{}',
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_ece(double precision, boolean) IS 'expected calibration error in 10 bins of equal width
Equals fma_ece(fma_reliability(confidence, correct)), and costs less. NULL without rows.';

CREATE AGGREGATE fma_ece(confidence double precision, correct boolean, bins integer) (
	SFUNC = fma_ece_add,
	STYPE = fma_reliability,
	SSPACE = 352,
	FINALFUNC = fma_ece,
	COMBINEFUNC = fma_reliability_combine,
	INITCOND = '{}',
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_ece(double precision, boolean, integer) IS 'expected calibration error in bins of equal width
bins is 1 to 1000. NULL without rows.';

CREATE AGGREGATE fma_classwise_ece(probabilities double precision[], labels text[], truth text) (
	SFUNC = fma_classwise_ece_add,
	STYPE = fma_reliability,
	SSPACE = 3232,
	FINALFUNC = fma_classwise_ece_final,
	COMBINEFUNC = fma_reliability_combine,
	INITCOND = '{}',
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_classwise_ece(double precision[], text[], text) IS 'classwise calibration error: mean over labels of the ECE of the label''s probability in 10 bins
labels gives the order of the probabilities and is the same for all rows. Rows in which probabilities or truth is NULL are left out.';

CREATE AGGREGATE fma_classwise_ece(probabilities double precision[], labels text[], truth text, bins integer) (
	SFUNC = fma_classwise_ece_add,
	STYPE = fma_reliability,
	SSPACE = 3232,
	FINALFUNC = fma_classwise_ece_final,
	COMBINEFUNC = fma_reliability_combine,
	INITCOND = '{}',
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_classwise_ece(double precision[], text[], text, integer) IS 'classwise calibration error: mean over labels of the ECE of the label''s probability
labels gives the order of the probabilities and is the same for all rows. Rows in which probabilities or truth is NULL are left out. bins is 1 to 1000.';

-- failure: how often a model fails, with intervals and tests

CREATE TYPE fma_failures;

CREATE FUNCTION fma_failures_in(cstring) RETURNS fma_failures
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_failures_in(cstring) IS 'reads the text form of fma_failures';

CREATE FUNCTION fma_failures_out(fma_failures) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_failures_out(fma_failures) IS 'writes the text form of fma_failures';

CREATE FUNCTION fma_failures_recv(internal) RETURNS fma_failures
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_failures_recv(internal) IS 'reads the binary form of fma_failures';

CREATE FUNCTION fma_failures_send(fma_failures) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_failures_send(fma_failures) IS 'writes the binary form of fma_failures';

CREATE TYPE fma_failures (
	INPUT = fma_failures_in,
	OUTPUT = fma_failures_out,
	RECEIVE = fma_failures_recv,
	SEND = fma_failures_send,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE fma_failures IS 'how many rows there are, and how many of them are failures
Made by the aggregate fma_failures, added by + and fma_rollup, read by fma_failure_rate, fma_failure_interval, fma_failure_test.
As text it is JSON: {"n": 12, "failures": 3}.';

-- functions

CREATE FUNCTION fma_failure_counts(failures fma_failures, OUT n bigint, OUT failures bigint)
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_failure_counts(fma_failures) IS 'the number of rows and of failures among them';

CREATE FUNCTION fma_failure_rate(failures fma_failures) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_failure_rate(fma_failures) IS 'share of failures among the rows
NULL without rows.';

CREATE FUNCTION fma_failure_interval(failures fma_failures, method text DEFAULT 'wilson',
	confidence_level double precision DEFAULT 0.95, design_effect double precision DEFAULT 1,
	OUT low double precision, OUT high double precision)
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_failure_interval(fma_failures, text, double precision, double precision) IS 'confidence interval of the failure rate
method is wilson, jeffreys or clopper-pearson. NULLs without rows. Holds when rows are independent, or
design_effect of them are worth an independent one.';

CREATE FUNCTION fma_failure_test(slice fma_failures, rest fma_failures,
	alternative text DEFAULT 'two-sided', method text DEFAULT 'auto') RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_failure_test(fma_failures, fma_failures, text, text) IS 'p-value: does a slice fail at another rate than the rest?
rest is the rows outside the slice: all rows - slice. alternative is two-sided, greater (the slice fails more often) or less.
method is auto, exact (Fisher) or normal; auto is exact wherever the normal p would be below 0.01 or a cell of the table is
expected to hold fewer than 5 rows. NULL when either side has no rows.';

CREATE FUNCTION fma_adjust_p(p double precision[], method text DEFAULT 'bh') RETURNS double precision[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_adjust_p(double precision[], text) IS 'p-values corrected for their number
method is bh (Benjamini-Hochberg) or by (Benjamini-Yekutieli) for the false discovery rate, holm or bonferroni for any false discovery.
A NULL stays NULL and does not count as a test.';

CREATE FUNCTION fma_q_value(p double precision, method text DEFAULT 'bh') RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_q_value(double precision, text) IS 'window function: p corrected for the number of p-values in its partition
fma_q_value(p) OVER () is fma_adjust_p for the rows of a query, with the same methods.';

-- private functions

CREATE FUNCTION fma_failures_add(fma_failures, failed boolean) RETURNS fma_failures
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_failures_add(fma_failures, boolean) IS 'transition of fma_failures(boolean)';

CREATE FUNCTION fma_failures_remove(fma_failures, failed boolean) RETURNS fma_failures
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_failures_remove(fma_failures, boolean) IS 'inverse transition of fma_failures(boolean)';

CREATE FUNCTION fma_failures_combine(fma_failures, fma_failures) RETURNS fma_failures
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_failures_combine(fma_failures, fma_failures) IS 'implementation of + operator';

CREATE FUNCTION fma_failures_subtract(fma_failures, fma_failures) RETURNS fma_failures
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_failures_subtract(fma_failures, fma_failures) IS 'implementation of - operator';

CREATE FUNCTION fma_failures_eq(fma_failures, fma_failures) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_failures_eq(fma_failures, fma_failures) IS 'implementation of = operator';

CREATE FUNCTION fma_failures_ne(fma_failures, fma_failures) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_failures_ne(fma_failures, fma_failures) IS 'implementation of <> operator';

CREATE FUNCTION fma_failures_hash(fma_failures) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_failures_hash(fma_failures) IS 'hash of the counts';

-- aggregates

CREATE AGGREGATE fma_failures(failed boolean) (
	SFUNC = fma_failures_add, STYPE = fma_failures, SSPACE = 32, INITCOND = '{}',
	COMBINEFUNC = fma_failures_combine, PARALLEL = SAFE,
	MSFUNC = fma_failures_add, MINVFUNC = fma_failures_remove, MSTYPE = fma_failures, MINITCOND = '{}'
);
COMMENT ON AGGREGATE fma_failures(boolean) IS 'counts rows, and failures among them
Rows with a NULL are left out.';

CREATE AGGREGATE fma_slice_failure_rate(failed boolean) (
	SFUNC = fma_failures_add, STYPE = fma_failures, SSPACE = 32, INITCOND = '{}',
	FINALFUNC = fma_failure_rate, COMBINEFUNC = fma_failures_combine, PARALLEL = SAFE,
	MSFUNC = fma_failures_add, MINVFUNC = fma_failures_remove, MSTYPE = fma_failures, MINITCOND = '{}',
	MFINALFUNC = fma_failure_rate
);
COMMENT ON AGGREGATE fma_slice_failure_rate(boolean) IS 'share of failures among the rows of a group
Rows with a NULL are left out. NULL without rows.';

CREATE AGGREGATE fma_rollup(fma_failures) (
	SFUNC = fma_failures_combine, STYPE = fma_failures, SSPACE = 32, INITCOND = '{}',
	COMBINEFUNC = fma_failures_combine, PARALLEL = SAFE,
	MSFUNC = fma_failures_combine, MINVFUNC = fma_failures_subtract, MSTYPE = fma_failures, MINITCOND = '{}'
);
COMMENT ON AGGREGATE fma_rollup(fma_failures) IS 'sum of failure counts
The counts of all rows that the summed ones were made of.';

-- operators

CREATE OPERATOR + (
	FUNCTION = fma_failures_combine, LEFTARG = fma_failures, RIGHTARG = fma_failures, COMMUTATOR = +
);
COMMENT ON OPERATOR + (fma_failures, fma_failures) IS 'counts of two disjoint sets of rows together';

CREATE OPERATOR - (
	FUNCTION = fma_failures_subtract, LEFTARG = fma_failures, RIGHTARG = fma_failures
);
COMMENT ON OPERATOR - (fma_failures, fma_failures) IS 'counts of the rows outside a part: all rows - slice
An error unless the second can be a part of the first.';

CREATE OPERATOR = (
	FUNCTION = fma_failures_eq, LEFTARG = fma_failures, RIGHTARG = fma_failures,
	COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
COMMENT ON OPERATOR = (fma_failures, fma_failures) IS 'same counts';

CREATE OPERATOR <> (
	FUNCTION = fma_failures_ne, LEFTARG = fma_failures, RIGHTARG = fma_failures,
	COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (fma_failures, fma_failures) IS 'different counts';

CREATE OPERATOR CLASS fma_failures_hash_ops DEFAULT FOR TYPE fma_failures USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 fma_failures_hash(fma_failures);
COMMENT ON OPERATOR CLASS fma_failures_hash_ops USING hash IS 'hashing of failure counts';

-- How far a model's numbers are from the truth

CREATE TYPE fma_regression;

CREATE FUNCTION fma_regression_in(cstring) RETURNS fma_regression
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_regression_in(cstring) IS 'reads the text form of fma_regression';

CREATE FUNCTION fma_regression_out(fma_regression) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_regression_out(fma_regression) IS 'writes the text form of fma_regression';

CREATE FUNCTION fma_regression_recv(internal) RETURNS fma_regression
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_regression_recv(internal) IS 'reads the binary form of fma_regression';

CREATE FUNCTION fma_regression_send(fma_regression) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_regression_send(fma_regression) IS 'writes the binary form of fma_regression';

CREATE TYPE fma_regression (
	INPUT = fma_regression_in,
	OUTPUT = fma_regression_out,
	RECEIVE = fma_regression_recv,
	SEND = fma_regression_send,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE fma_regression IS 'how far a model''s numbers are from the truth: row count and sums that can be stored and added';

CREATE FUNCTION fma_regression_metrics(regression fma_regression,
		OUT n bigint, OUT mae double precision, OUT rmse double precision, OUT r2 double precision, OUT bias double precision)
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_regression_metrics(fma_regression) IS
'mean absolute error, root mean squared error, R2 and bias (mean of prediction - truth)
One row. R2 is NULL where the truth does not vary.';

CREATE FUNCTION fma_mae_interval(regression fma_regression, design_effect double precision DEFAULT 1, n_units bigint DEFAULT NULL,
		confidence_level double precision DEFAULT 0.95, OUT low double precision, OUT high double precision)
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_mae_interval(fma_regression, double precision, bigint, double precision) IS
'confidence interval of the mean absolute error
Student''s, of the mean of absolute errors. NULLs with fewer than two rows (units, where their number is given).
design_effect: how many rows are worth an independent one.';

-- private

CREATE FUNCTION fma_regression_add(fma_regression, double precision, double precision) RETURNS fma_regression
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_regression_add(fma_regression, double precision, double precision) IS
'transition of fma_regression(double precision, double precision)';

CREATE FUNCTION fma_regression_combine(fma_regression, fma_regression) RETURNS fma_regression
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_regression_combine(fma_regression, fma_regression) IS
'merges two values: the operator + and the aggregates'' combine function';

CREATE FUNCTION fma_regression_eq(fma_regression, fma_regression) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_regression_eq(fma_regression, fma_regression) IS 'implements the operator = of fma_regression';

CREATE FUNCTION fma_regression_ne(fma_regression, fma_regression) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_regression_ne(fma_regression, fma_regression) IS 'implements the operator <> of fma_regression';

CREATE FUNCTION fma_regression_hash(fma_regression) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_regression_hash(fma_regression) IS 'hash of a value, for GROUP BY and joins';

-- aggregates

CREATE AGGREGATE fma_regression(truth double precision, prediction double precision) (
	SFUNC = fma_regression_add,
	STYPE = fma_regression,
	SSPACE = 192,
	COMBINEFUNC = fma_regression_combine,
	INITCOND = '{}',
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_regression(double precision, double precision) IS
'sums up a regression model''s errors; read it with fma_regression_metrics
Rows with a NULL truth or prediction are left out.';

CREATE AGGREGATE fma_rollup(fma_regression) (
	SFUNC = fma_regression_combine,
	STYPE = fma_regression,
	SSPACE = 192,
	COMBINEFUNC = fma_regression_combine,
	INITCOND = '{}',
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_rollup(fma_regression) IS 'adds up values of type fma_regression';

-- operators

CREATE OPERATOR + (
	LEFTARG = fma_regression, RIGHTARG = fma_regression, FUNCTION = fma_regression_combine, COMMUTATOR = +
);
COMMENT ON OPERATOR + (fma_regression, fma_regression) IS 'the value of both sets of rows together';

CREATE OPERATOR = (
	LEFTARG = fma_regression, RIGHTARG = fma_regression, FUNCTION = fma_regression_eq,
	COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
COMMENT ON OPERATOR = (fma_regression, fma_regression) IS 'equal count and equal sums, to the last bit';

CREATE OPERATOR <> (
	LEFTARG = fma_regression, RIGHTARG = fma_regression, FUNCTION = fma_regression_ne,
	COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (fma_regression, fma_regression) IS 'different count or sums';

CREATE OPERATOR CLASS fma_regression_hash_ops DEFAULT FOR TYPE fma_regression USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 fma_regression_hash(fma_regression);
COMMENT ON OPERATOR CLASS fma_regression_hash_ops USING hash IS 'hashing of fma_regression';

-- Aggregates that need every row in order of its score

CREATE TYPE fma_estimate AS (estimate double precision, low double precision, high double precision);
COMMENT ON TYPE fma_estimate IS 'an estimate with its confidence interval';
COMMENT ON COLUMN fma_estimate.estimate IS 'the estimate itself';
COMMENT ON COLUMN fma_estimate.low IS 'lower end of the interval; NULL where none can be told';
COMMENT ON COLUMN fma_estimate.high IS 'upper end of the interval; NULL where none can be told';

-- private

CREATE FUNCTION fma_scores_add(internal, double precision, boolean) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_scores_add(internal, double precision, boolean) IS 'transition of fma_roc_auc, fma_roc_auc_interval and fma_average_precision';

CREATE FUNCTION fma_scores_add(internal, double precision, boolean, double precision) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_scores_add(internal, double precision, boolean, double precision) IS 'transition of fma_roc_auc_interval with a confidence level';

CREATE FUNCTION fma_confidences_add(internal, double precision, boolean, integer) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_confidences_add(internal, double precision, boolean, integer) IS 'transition of fma_adaptive_ece';

CREATE FUNCTION fma_roc_auc_final(internal) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_roc_auc_final(internal) IS 'result of fma_roc_auc';

CREATE FUNCTION fma_roc_auc_interval_final(internal) RETURNS fma_estimate
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_roc_auc_interval_final(internal) IS 'result of fma_roc_auc_interval';

CREATE FUNCTION fma_average_precision_final(internal) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_average_precision_final(internal) IS 'result of fma_average_precision';

CREATE FUNCTION fma_adaptive_ece_final(internal) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_adaptive_ece_final(internal) IS 'result of fma_adaptive_ece';

-- aggregates: SSPACE is what some 400 rows take

CREATE AGGREGATE fma_roc_auc(score double precision, positive boolean) (
	SFUNC = fma_scores_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fma_roc_auc_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_roc_auc(double precision, boolean) IS
'area under the ROC curve: how often a positive scores higher than a negative, ties counting half
NULL where all rows are of one class.';

CREATE AGGREGATE fma_roc_auc_interval(score double precision, positive boolean) (
	SFUNC = fma_scores_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fma_roc_auc_interval_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_roc_auc_interval(double precision, boolean) IS
'area under the ROC curve with DeLong''s interval of 95 %';

CREATE AGGREGATE fma_roc_auc_interval(score double precision, positive boolean, confidence_level double precision) (
	SFUNC = fma_scores_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fma_roc_auc_interval_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_roc_auc_interval(double precision, boolean, double precision) IS
'area under the ROC curve with DeLong''s interval of the given confidence level';

CREATE AGGREGATE fma_average_precision(score double precision, positive boolean) (
	SFUNC = fma_scores_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fma_average_precision_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_average_precision(double precision, boolean) IS
'average precision: precision averaged over the steps of recall, equal scores taken together
NULL where no row is positive.';

CREATE AGGREGATE fma_adaptive_ece(confidence double precision, correct boolean, bins integer) (
	SFUNC = fma_confidences_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fma_adaptive_ece_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_adaptive_ece(double precision, boolean, integer) IS
'expected calibration error in bins of equally many rows; equal confidences share a bin';

-- Slices: under what conditions does a model fail? doc/slices.md

CREATE FUNCTION fma_find_slices(query text, max_order integer DEFAULT 2, min_rows bigint DEFAULT NULL,
	bins integer DEFAULT 5, max_values integer DEFAULT 50, top integer DEFAULT 100,
	rank_by text DEFAULT 'excess', alpha double precision DEFAULT 0.95, correction text DEFAULT 'bh',
	intervals boolean DEFAULT false, unit text DEFAULT NULL, timezone text DEFAULT NULL,
	OUT rank bigint, OUT slice text, OUT predicate text, OUT conditions jsonb, OUT condition_count integer,
	OUT n bigint, OUT failures bigint, OUT failure_rate double precision, OUT mean_loss double precision,
	OUT ci_low double precision, OUT ci_high double precision,
	OUT baseline_rate double precision, OUT rest_rate double precision,
	OUT lift double precision, OUT excess_failures double precision, OUT share_of_failures double precision,
	OUT p_value double precision, OUT q_value double precision, OUT score double precision, OUT n_units bigint)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C COST 100000 ROWS 100;
COMMENT ON FUNCTION fma_find_slices(text, integer, bigint, integer, integer, integer, text, double precision, text, boolean, text, text)
IS 'Every slice of a query''s rows, ranked: where a model fails.
The query''s first column is the loss (boolean or a number), the others are the conditions.';

-- Hotspots: the few slices that matter

CREATE FUNCTION fma_find_hotspots(query text, fdr double precision DEFAULT 0.05, min_lift double precision DEFAULT 1.1,
	max_order integer DEFAULT 3, min_rows bigint DEFAULT NULL, bins integer DEFAULT 5, max_values integer DEFAULT 50,
	top integer DEFAULT 20, intervals boolean DEFAULT false, unit text DEFAULT NULL, timezone text DEFAULT NULL,
	OUT rank bigint, OUT slice text, OUT predicate text, OUT conditions jsonb, OUT condition_count integer,
	OUT n bigint, OUT failures bigint, OUT failure_rate double precision, OUT mean_loss double precision,
	OUT ci_low double precision, OUT ci_high double precision,
	OUT baseline_rate double precision, OUT rest_rate double precision,
	OUT lift double precision, OUT excess_failures double precision, OUT share_of_failures double precision,
	OUT p_value double precision, OUT q_value double precision, OUT score double precision, OUT n_units bigint)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C COST 100000 ROWS 20;
COMMENT ON FUNCTION fma_find_hotspots(text, double precision, double precision, integer, bigint, integer, integer, integer, boolean, text, text)
IS 'The few slices where a model fails: each significant by itself, together covering the failures.
The query''s first column is the loss (boolean or a number), the others are the conditions.';

-- Where is one model worse than another?

CREATE FUNCTION fma_compare_models(query text, max_order integer DEFAULT 2, min_rows bigint DEFAULT NULL,
	bins integer DEFAULT 5, max_values integer DEFAULT 50, top integer DEFAULT 100, correction text DEFAULT 'bh',
	intervals boolean DEFAULT false, unit text DEFAULT NULL, timezone text DEFAULT NULL,
	OUT rank bigint, OUT slice text, OUT predicate text, OUT conditions jsonb, OUT condition_count integer,
	OUT n bigint, OUT loss_a double precision, OUT loss_b double precision, OUT difference double precision,
	OUT ci_low double precision, OUT ci_high double precision, OUT extra_loss double precision,
	OUT only_a_failed bigint, OUT only_b_failed bigint, OUT rest_difference double precision,
	OUT p_value double precision, OUT q_value double precision, OUT q_rest double precision,
	OUT effect_size double precision, OUT n_units bigint)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C COST 100000 ROWS 100;
COMMENT ON FUNCTION fma_compare_models(text, integer, bigint, integer, integer, integer, text, boolean, text, text)
IS 'Where model B does worse than model A, on the same rows.
The query''s first two columns are the losses of A and B, the others are the conditions.';

-- Duplicates: which rows have nearly the same embedding? doc/duplicates.md

CREATE FUNCTION fma_find_duplicates(query text, threshold double precision DEFAULT 0.99, max_pairs bigint DEFAULT 1000000,
	OUT id_a text, OUT id_b text, OUT similarity double precision)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C COST 100000 ROWS 1000;
COMMENT ON FUNCTION fma_find_duplicates(text, double precision, bigint)
IS 'All pairs of rows whose embeddings have a cosine similarity of at least the threshold, exactly.
The query''s columns are an id and an embedding.';

CREATE FUNCTION fma_duplicate_groups(query text, threshold double precision DEFAULT 0.99,
	OUT group_id bigint, OUT size bigint, OUT id text, OUT representative text,
	OUT similarity double precision, OUT min_similarity double precision,
	OUT label text, OUT set text, OUT labels_disagree boolean, OUT crosses_sets boolean)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C COST 100000 ROWS 1000;
COMMENT ON FUNCTION fma_duplicate_groups(text, double precision)
IS 'Groups of rows whose embeddings are nearly the same, a row for each: labelling errors and leaks between sets.
The query''s columns are an id and an embedding, then optionally a label and the set (train, test).';

-- Clusters of embeddings: a model, and what reads it

CREATE TYPE fma_kmeans;

CREATE FUNCTION fma_kmeans_in(cstring) RETURNS fma_kmeans
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_in(cstring) IS 'reads the text form of fma_kmeans';

CREATE FUNCTION fma_kmeans_out(fma_kmeans) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_out(fma_kmeans) IS 'writes the text form of fma_kmeans';

CREATE FUNCTION fma_kmeans_recv(internal) RETURNS fma_kmeans
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_recv(internal) IS 'reads the binary form of fma_kmeans';

CREATE FUNCTION fma_kmeans_send(fma_kmeans) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_send(fma_kmeans) IS 'writes the binary form of fma_kmeans';

CREATE TYPE fma_kmeans (
	INPUT = fma_kmeans_in,
	OUTPUT = fma_kmeans_out,
	RECEIVE = fma_kmeans_recv,
	SEND = fma_kmeans_send,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE fma_kmeans IS 'clusters of embeddings: their centroids, and figures of the fit';

CREATE FUNCTION fma_kmeans_assign(model fma_kmeans, embedding real[]) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_assign(fma_kmeans, real[]) IS
'the cluster of an embedding, 1 to k: that of the nearest centroid
Distances are Euclidean, in double precision; of several centroids as near the first one''s.';

CREATE FUNCTION fma_kmeans_assign(model fma_kmeans, embedding double precision[]) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_assign(fma_kmeans, double precision[]) IS
'the cluster of an embedding, 1 to k: that of the nearest centroid
Distances are Euclidean, in double precision; of several centroids as near the first one''s.';

CREATE FUNCTION fma_kmeans_assign(model fma_kmeans, embedding integer[]) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_assign(fma_kmeans, integer[]) IS
'the cluster of an embedding, 1 to k: that of the nearest centroid
Distances are Euclidean, in double precision; of several centroids as near the first one''s.';

CREATE FUNCTION fma_kmeans_assign(model fma_kmeans, embedding numeric[]) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_assign(fma_kmeans, numeric[]) IS
'the cluster of an embedding, 1 to k: that of the nearest centroid
Distances are Euclidean, in double precision; of several centroids as near the first one''s.';

CREATE FUNCTION fma_kmeans_distance(model fma_kmeans, embedding real[]) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_distance(fma_kmeans, real[]) IS 'Euclidean distance of an embedding to the nearest centroid';

CREATE FUNCTION fma_kmeans_distance(model fma_kmeans, embedding double precision[]) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_distance(fma_kmeans, double precision[]) IS 'Euclidean distance of an embedding to the nearest centroid';

CREATE FUNCTION fma_kmeans_distance(model fma_kmeans, embedding integer[]) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_distance(fma_kmeans, integer[]) IS 'Euclidean distance of an embedding to the nearest centroid';

CREATE FUNCTION fma_kmeans_distance(model fma_kmeans, embedding numeric[]) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_distance(fma_kmeans, numeric[]) IS 'Euclidean distance of an embedding to the nearest centroid';

CREATE FUNCTION fma_kmeans_centroids(model fma_kmeans,
		OUT cluster integer, OUT size bigint, OUT centroid double precision[], OUT inertia double precision)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION fma_kmeans_centroids(fma_kmeans) IS
'one row a cluster: its number, size, centroid and inertia
The inertia is the sum of the squared distances of its rows to the centroid.';

CREATE FUNCTION fma_kmeans_quality(model fma_kmeans,
		OUT n bigint, OUT left_out bigint, OUT inertia double precision, OUT calinski_harabasz double precision,
		OUT davies_bouldin double precision, OUT silhouette double precision, OUT iterations integer, OUT converged boolean)
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_quality(fma_kmeans) IS
'how good a clustering is: inertia, Calinski-Harabasz, Davies-Bouldin, simplified silhouette
One row; NULL where undefined. The silhouette compares the nearest centroid with the second nearest.';

-- private

CREATE FUNCTION fma_kmeans_add(internal, real[], integer) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_add(internal, real[], integer) IS 'transition of fma_kmeans(real[], integer)';

CREATE FUNCTION fma_kmeans_add(internal, real[], integer, jsonb) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_add(internal, real[], integer, jsonb) IS 'transition of fma_kmeans(real[], integer, jsonb)';

CREATE FUNCTION fma_kmeans_add(internal, double precision[], integer) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_add(internal, double precision[], integer) IS 'transition of fma_kmeans(double precision[], integer)';

CREATE FUNCTION fma_kmeans_add(internal, double precision[], integer, jsonb) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_add(internal, double precision[], integer, jsonb) IS 'transition of fma_kmeans(double precision[], integer, jsonb)';

CREATE FUNCTION fma_kmeans_add(internal, integer[], integer) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_add(internal, integer[], integer) IS 'transition of fma_kmeans(integer[], integer)';

CREATE FUNCTION fma_kmeans_add(internal, integer[], integer, jsonb) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_add(internal, integer[], integer, jsonb) IS 'transition of fma_kmeans(integer[], integer, jsonb)';

CREATE FUNCTION fma_kmeans_add(internal, numeric[], integer) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_add(internal, numeric[], integer) IS 'transition of fma_kmeans(numeric[], integer)';

CREATE FUNCTION fma_kmeans_add(internal, numeric[], integer, jsonb) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_add(internal, numeric[], integer, jsonb) IS 'transition of fma_kmeans(numeric[], integer, jsonb)';

CREATE FUNCTION fma_kmeans_final(internal) RETURNS fma_kmeans
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_final(internal) IS 'final function of fma_kmeans: fits the model';

CREATE FUNCTION fma_kmeans_eq(fma_kmeans, fma_kmeans) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_eq(fma_kmeans, fma_kmeans) IS 'implements the operator = of fma_kmeans';

CREATE FUNCTION fma_kmeans_ne(fma_kmeans, fma_kmeans) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_ne(fma_kmeans, fma_kmeans) IS 'implements the operator <> of fma_kmeans';

CREATE FUNCTION fma_kmeans_hash(fma_kmeans) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_hash(fma_kmeans) IS 'hash of a model, for GROUP BY and joins';

-- aggregates

CREATE AGGREGATE fma_kmeans(embedding real[], k integer) (
	SFUNC = fma_kmeans_add,
	STYPE = internal,
	SSPACE = 1048576,
	FINALFUNC = fma_kmeans_final,
	FINALFUNC_MODIFY = READ_ONLY
);
COMMENT ON AGGREGATE fma_kmeans(real[], integer) IS
'fits k clusters to embeddings (k-means, to the fixed point); read it with fma_kmeans_assign, fma_kmeans_centroids
NULL embeddings are left out and counted.';

CREATE AGGREGATE fma_kmeans(embedding real[], k integer, options jsonb) (
	SFUNC = fma_kmeans_add,
	STYPE = internal,
	SSPACE = 1048576,
	FINALFUNC = fma_kmeans_final,
	FINALFUNC_MODIFY = READ_ONLY
);
COMMENT ON AGGREGATE fma_kmeans(real[], integer, jsonb) IS
'fits k clusters to embeddings (k-means, to the fixed point); read it with fma_kmeans_assign, fma_kmeans_centroids
options: seed, max_iterations, tolerance, init (an array of k centroids), spherical. A NULL embedding is left out and counted.';

CREATE AGGREGATE fma_kmeans(embedding double precision[], k integer) (
	SFUNC = fma_kmeans_add,
	STYPE = internal,
	SSPACE = 1048576,
	FINALFUNC = fma_kmeans_final,
	FINALFUNC_MODIFY = READ_ONLY
);
COMMENT ON AGGREGATE fma_kmeans(double precision[], integer) IS
'fits k clusters to embeddings (k-means, to the fixed point); read it with fma_kmeans_assign, fma_kmeans_centroids
NULL embeddings are left out and counted.';

CREATE AGGREGATE fma_kmeans(embedding double precision[], k integer, options jsonb) (
	SFUNC = fma_kmeans_add,
	STYPE = internal,
	SSPACE = 1048576,
	FINALFUNC = fma_kmeans_final,
	FINALFUNC_MODIFY = READ_ONLY
);
COMMENT ON AGGREGATE fma_kmeans(double precision[], integer, jsonb) IS
'fits k clusters to embeddings (k-means, to the fixed point); read it with fma_kmeans_assign, fma_kmeans_centroids
options: seed, max_iterations, tolerance, init (an array of k centroids), spherical. A NULL embedding is left out and counted.';

CREATE AGGREGATE fma_kmeans(embedding integer[], k integer) (
	SFUNC = fma_kmeans_add,
	STYPE = internal,
	SSPACE = 1048576,
	FINALFUNC = fma_kmeans_final,
	FINALFUNC_MODIFY = READ_ONLY
);
COMMENT ON AGGREGATE fma_kmeans(integer[], integer) IS
'fits k clusters to embeddings (k-means, to the fixed point); read it with fma_kmeans_assign, fma_kmeans_centroids
NULL embeddings are left out and counted.';

CREATE AGGREGATE fma_kmeans(embedding integer[], k integer, options jsonb) (
	SFUNC = fma_kmeans_add,
	STYPE = internal,
	SSPACE = 1048576,
	FINALFUNC = fma_kmeans_final,
	FINALFUNC_MODIFY = READ_ONLY
);
COMMENT ON AGGREGATE fma_kmeans(integer[], integer, jsonb) IS
'fits k clusters to embeddings (k-means, to the fixed point); read it with fma_kmeans_assign, fma_kmeans_centroids
options: seed, max_iterations, tolerance, init (an array of k centroids), spherical. A NULL embedding is left out and counted.';

CREATE AGGREGATE fma_kmeans(embedding numeric[], k integer) (
	SFUNC = fma_kmeans_add,
	STYPE = internal,
	SSPACE = 1048576,
	FINALFUNC = fma_kmeans_final,
	FINALFUNC_MODIFY = READ_ONLY
);
COMMENT ON AGGREGATE fma_kmeans(numeric[], integer) IS
'fits k clusters to embeddings (k-means, to the fixed point); read it with fma_kmeans_assign, fma_kmeans_centroids
NULL embeddings are left out and counted.';

CREATE AGGREGATE fma_kmeans(embedding numeric[], k integer, options jsonb) (
	SFUNC = fma_kmeans_add,
	STYPE = internal,
	SSPACE = 1048576,
	FINALFUNC = fma_kmeans_final,
	FINALFUNC_MODIFY = READ_ONLY
);
COMMENT ON AGGREGATE fma_kmeans(numeric[], integer, jsonb) IS
'fits k clusters to embeddings (k-means, to the fixed point); read it with fma_kmeans_assign, fma_kmeans_centroids
options: seed, max_iterations, tolerance, init (an array of k centroids), spherical. A NULL embedding is left out and counted.';

-- operators

CREATE OPERATOR = (
	LEFTARG = fma_kmeans, RIGHTARG = fma_kmeans, FUNCTION = fma_kmeans_eq,
	COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
COMMENT ON OPERATOR = (fma_kmeans, fma_kmeans) IS 'equal centroids and figures, to the last bit';

CREATE OPERATOR <> (
	LEFTARG = fma_kmeans, RIGHTARG = fma_kmeans, FUNCTION = fma_kmeans_ne,
	COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (fma_kmeans, fma_kmeans) IS 'different centroids or figures';

CREATE OPERATOR CLASS fma_kmeans_hash_ops DEFAULT FOR TYPE fma_kmeans USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 fma_kmeans_hash(fma_kmeans);
COMMENT ON OPERATOR CLASS fma_kmeans_hash_ops USING hash IS 'hashing of fma_kmeans';

-- One pass of k-means as a value: for tables larger than memory, and distributed ones

CREATE TYPE fma_kmeans_step;

CREATE FUNCTION fma_kmeans_step_in(cstring) RETURNS fma_kmeans_step
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_step_in(cstring) IS 'reads the text form of fma_kmeans_step';

CREATE FUNCTION fma_kmeans_step_out(fma_kmeans_step) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_step_out(fma_kmeans_step) IS 'writes the text form of fma_kmeans_step';

CREATE FUNCTION fma_kmeans_step_recv(internal) RETURNS fma_kmeans_step
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_step_recv(internal) IS 'reads the binary form of fma_kmeans_step';

CREATE FUNCTION fma_kmeans_step_send(fma_kmeans_step) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_step_send(fma_kmeans_step) IS 'writes the binary form of fma_kmeans_step';

CREATE TYPE fma_kmeans_step (
	INPUT = fma_kmeans_step_in,
	OUTPUT = fma_kmeans_step_out,
	RECEIVE = fma_kmeans_step_recv,
	SEND = fma_kmeans_step_send,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE fma_kmeans_step IS 'embeddings assigned to a model''s clusters: counts and sums that can be stored and added';

CREATE FUNCTION fma_kmeans_update(step fma_kmeans_step) RETURNS fma_kmeans
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_update(fma_kmeans_step) IS
'the next model: each centroid moves to the mean of the rows assigned to it
It is converged when no centroid moved. Its sizes and other figures are those of the step.';

-- private

CREATE FUNCTION fma_kmeans_step_add(fma_kmeans_step, real[], fma_kmeans) RETURNS fma_kmeans_step
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_step_add(fma_kmeans_step, real[], fma_kmeans) IS 'transition of fma_kmeans_step(real[], fma_kmeans)';

CREATE FUNCTION fma_kmeans_step_add(fma_kmeans_step, double precision[], fma_kmeans) RETURNS fma_kmeans_step
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_step_add(fma_kmeans_step, double precision[], fma_kmeans) IS 'transition of fma_kmeans_step(double precision[], fma_kmeans)';

CREATE FUNCTION fma_kmeans_step_add(fma_kmeans_step, integer[], fma_kmeans) RETURNS fma_kmeans_step
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_step_add(fma_kmeans_step, integer[], fma_kmeans) IS 'transition of fma_kmeans_step(integer[], fma_kmeans)';

CREATE FUNCTION fma_kmeans_step_add(fma_kmeans_step, numeric[], fma_kmeans) RETURNS fma_kmeans_step
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_step_add(fma_kmeans_step, numeric[], fma_kmeans) IS 'transition of fma_kmeans_step(numeric[], fma_kmeans)';

CREATE FUNCTION fma_kmeans_step_combine(fma_kmeans_step, fma_kmeans_step) RETURNS fma_kmeans_step
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_step_combine(fma_kmeans_step, fma_kmeans_step) IS
'merges two values: the operator + and the aggregates'' combine function';

CREATE FUNCTION fma_kmeans_step_eq(fma_kmeans_step, fma_kmeans_step) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_step_eq(fma_kmeans_step, fma_kmeans_step) IS 'implements the operator = of fma_kmeans_step';

CREATE FUNCTION fma_kmeans_step_ne(fma_kmeans_step, fma_kmeans_step) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_step_ne(fma_kmeans_step, fma_kmeans_step) IS 'implements the operator <> of fma_kmeans_step';

CREATE FUNCTION fma_kmeans_step_hash(fma_kmeans_step) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_step_hash(fma_kmeans_step) IS 'hash of a value, for GROUP BY and joins';

-- aggregates

CREATE AGGREGATE fma_kmeans_step(embedding real[], model fma_kmeans) (
	SFUNC = fma_kmeans_step_add,
	STYPE = fma_kmeans_step,
	SSPACE = 65536,
	COMBINEFUNC = fma_kmeans_step_combine,
	INITCOND = '{}',
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_kmeans_step(real[], fma_kmeans) IS
'assigns embeddings to a model''s clusters and adds them up: one iteration of k-means; read it with fma_kmeans_update
A NULL embedding is left out and counted.';

CREATE AGGREGATE fma_kmeans_step(embedding double precision[], model fma_kmeans) (
	SFUNC = fma_kmeans_step_add,
	STYPE = fma_kmeans_step,
	SSPACE = 65536,
	COMBINEFUNC = fma_kmeans_step_combine,
	INITCOND = '{}',
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_kmeans_step(double precision[], fma_kmeans) IS
'assigns embeddings to a model''s clusters and adds them up: one iteration of k-means; read it with fma_kmeans_update
A NULL embedding is left out and counted.';

CREATE AGGREGATE fma_kmeans_step(embedding integer[], model fma_kmeans) (
	SFUNC = fma_kmeans_step_add,
	STYPE = fma_kmeans_step,
	SSPACE = 65536,
	COMBINEFUNC = fma_kmeans_step_combine,
	INITCOND = '{}',
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_kmeans_step(integer[], fma_kmeans) IS
'assigns embeddings to a model''s clusters and adds them up: one iteration of k-means; read it with fma_kmeans_update
A NULL embedding is left out and counted.';

CREATE AGGREGATE fma_kmeans_step(embedding numeric[], model fma_kmeans) (
	SFUNC = fma_kmeans_step_add,
	STYPE = fma_kmeans_step,
	SSPACE = 65536,
	COMBINEFUNC = fma_kmeans_step_combine,
	INITCOND = '{}',
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_kmeans_step(numeric[], fma_kmeans) IS
'assigns embeddings to a model''s clusters and adds them up: one iteration of k-means; read it with fma_kmeans_update
A NULL embedding is left out and counted.';

CREATE AGGREGATE fma_rollup(fma_kmeans_step) (
	SFUNC = fma_kmeans_step_combine,
	STYPE = fma_kmeans_step,
	SSPACE = 65536,
	COMBINEFUNC = fma_kmeans_step_combine,
	INITCOND = '{}',
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_rollup(fma_kmeans_step) IS 'adds up values of type fma_kmeans_step';

-- operators

CREATE OPERATOR + (
	LEFTARG = fma_kmeans_step, RIGHTARG = fma_kmeans_step, FUNCTION = fma_kmeans_step_combine, COMMUTATOR = +
);
COMMENT ON OPERATOR + (fma_kmeans_step, fma_kmeans_step) IS 'the value of both sets of rows together';

CREATE OPERATOR = (
	LEFTARG = fma_kmeans_step, RIGHTARG = fma_kmeans_step, FUNCTION = fma_kmeans_step_eq,
	COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
COMMENT ON OPERATOR = (fma_kmeans_step, fma_kmeans_step) IS 'equal counts and sums, to the last bit';

CREATE OPERATOR <> (
	LEFTARG = fma_kmeans_step, RIGHTARG = fma_kmeans_step, FUNCTION = fma_kmeans_step_ne,
	COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (fma_kmeans_step, fma_kmeans_step) IS 'different counts or sums';

CREATE OPERATOR CLASS fma_kmeans_step_hash_ops DEFAULT FOR TYPE fma_kmeans_step USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 fma_kmeans_step_hash(fma_kmeans_step);
COMMENT ON OPERATOR CLASS fma_kmeans_step_hash_ops USING hash IS 'hashing of fma_kmeans_step';

-- k-means over a query that is read as often as it takes

CREATE FUNCTION fma_kmeans_train(query text, k integer, options jsonb DEFAULT NULL) RETURNS fma_kmeans
	AS 'MODULE_PATHNAME' LANGUAGE C COST 100000;
COMMENT ON FUNCTION fma_kmeans_train(text, integer, jsonb) IS
'fits k clusters to the embeddings of a query, whose rows need not fit in memory: one scan an iteration
The query has one column, the embedding. Options are those of the aggregate fma_kmeans.';

-- Space and time: where and when does a model fail? doc/spacetime.md

CREATE FUNCTION fma_find_space_time(query text, period text DEFAULT NULL, max_row_share double precision DEFAULT 0.2,
	max_time_share double precision DEFAULT 0.5, replicates integer DEFAULT 999, seed bigint DEFAULT 1,
	top integer DEFAULT 10, cell_km double precision DEFAULT NULL, timezone text DEFAULT NULL,
	OUT rank bigint, OUT place text, OUT longitude double precision, OUT latitude double precision,
	OUT radius_km double precision, OUT places integer, OUT starts_at timestamptz, OUT ends_at timestamptz,
	OUT n bigint, OUT failures bigint, OUT expected double precision, OUT relative_risk double precision,
	OUT llr double precision, OUT p_value double precision, OUT gumbel_p double precision, OUT predicate text)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C COST 100000 ROWS 10;
COMMENT ON FUNCTION fma_find_space_time(text, text, double precision, double precision, integer, bigint, integer, double precision, text)
IS 'Where and when a model fails more than elsewhere: clusters of neighbouring places and consecutive periods.
The query''s first column says whether a row failed; the others are found by their names: longitude and latitude, time, or all three; and place, expected, stratum.';

-- When did a model begin to fail more, or less? doc/changepoints.md

CREATE FUNCTION fma_find_changepoints(query text, period text DEFAULT 'auto', penalty double precision DEFAULT 2,
	min_periods integer DEFAULT 1, replicates integer DEFAULT 999, seed bigint DEFAULT 1, timezone text DEFAULT NULL,
	OUT rank bigint, OUT "time" timestamptz, OUT period_length text, OUT starts_at timestamptz, OUT ends_at timestamptz,
	OUT n_before bigint, OUT failures_before bigint, OUT rate_before double precision,
	OUT ci_low_before double precision, OUT ci_high_before double precision,
	OUT n_after bigint, OUT failures_after bigint, OUT rate_after double precision,
	OUT ci_low_after double precision, OUT ci_high_after double precision,
	OUT difference double precision, OUT dispersion double precision, OUT llr double precision,
	OUT p_value double precision, OUT predicate text)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C COST 100000 ROWS 5;
COMMENT ON FUNCTION fma_find_changepoints(text, text, double precision, integer, integer, bigint, text)
IS 'When the rate of failures, or a mean loss, changed.
The query''s columns are the loss (boolean or a number) and a time. Periods are counted first, from hours to years.';

-- Drift: do the rows of one query look like those of another? doc/drift.md

CREATE FUNCTION fma_drift(reference text, current text, bins integer DEFAULT 10, max_values integer DEFAULT 50,
	min_psi double precision DEFAULT 0.1, fdr double precision DEFAULT 0.05, correction text DEFAULT 'bh', timezone text DEFAULT NULL,
	OUT rank bigint, OUT feature text, OUT kind text, OUT n_reference bigint, OUT n_current bigint,
	OUT nulls_reference bigint, OUT nulls_current bigint, OUT cells integer,
	OUT psi double precision, OUT jensen_shannon double precision, OUT hellinger double precision,
	OUT total_variation double precision, OUT chi_square double precision, OUT chi_square_p double precision,
	OUT ks double precision, OUT ks_p double precision, OUT wasserstein double precision,
	OUT q_value double precision, OUT verdict text)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C COST 100000 ROWS 20;
COMMENT ON FUNCTION fma_drift(text, text, integer, integer, double precision, double precision, text, text)
IS 'How far each column of a query has moved from that of a reference query.
Both queries have the same columns. verdict is drift, slight, unclear or none: by effect (min_psi) and chance (fdr).';

-- Why did a rate change? doc/drift.md

CREATE FUNCTION fma_explain_change(reference text, current text, bins integer DEFAULT 5, max_values integer DEFAULT 50,
	correction text DEFAULT 'bh', timezone text DEFAULT NULL,
	OUT rank bigint, OUT feature text, OUT condition text, OUT predicate text,
	OUT n_reference bigint, OUT n_current bigint,
	OUT share_reference double precision, OUT share_current double precision,
	OUT rate_reference double precision, OUT rate_current double precision,
	OUT mix_effect double precision, OUT rate_effect double precision, OUT total_effect double precision,
	OUT p_value double precision, OUT q_value double precision)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C COST 100000 ROWS 100;
COMMENT ON FUNCTION fma_explain_change(text, text, integer, integer, text, text)
IS 'How much of a rate''s change is mix (other rows) and how much is rate (rows that fare otherwise), by condition.
The queries'' first column is the loss, the others are the conditions. The line of a feature without a condition is their sum.';

-- Boxes: which predicted box finds which true one, and COCO's figures. doc/boxes.md

CREATE FUNCTION fma_match_boxes(truth_query text, prediction_query text, conf double precision DEFAULT 0.5, iou double precision DEFAULT 0.5,
	across_labels boolean DEFAULT true, max_detections integer DEFAULT NULL,
	OUT image_id text, OUT outcome text, OUT truth_id text, OUT prediction_id text, OUT truth_label text, OUT prediction_label text,
	OUT score double precision, OUT overlap double precision)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C COST 100000 ROWS 10000;
COMMENT ON FUNCTION fma_match_boxes(text, text, double precision, double precision, boolean, integer)
IS 'Every true and every predicted box: what found what, what was missed, what was invented.
Columns of both queries go by name: image_id, label, x, y, width, height (or x1, y1, x2, y2), score; optionally id, iscrowd, area.';

CREATE FUNCTION fma_coco(truth_query text, prediction_query text, max_detections integer DEFAULT 100,
	OUT label text, OUT truths bigint, OUT detections bigint, OUT true_positives bigint, OUT false_positives bigint,
	OUT ap double precision, OUT ap_50 double precision, OUT ap_75 double precision,
	OUT ap_small double precision, OUT ap_medium double precision, OUT ap_large double precision,
	OUT ar_1 double precision, OUT ar_10 double precision, OUT ar double precision,
	OUT ar_small double precision, OUT ar_medium double precision, OUT ar_large double precision)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C COST 100000 ROWS 100;
COMMENT ON FUNCTION fma_coco(text, text, integer)
IS 'COCO''s average precision and recall of boxes: for all labels (a row whose label is NULL), and for each.
The queries are those of fma_match_boxes.';

-- fma_boxes: the boxes of one image

CREATE TYPE fma_boxes;

CREATE FUNCTION fma_boxes_in(cstring) RETURNS fma_boxes
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_boxes_in(cstring) IS 'reads the text form of fma_boxes';

CREATE FUNCTION fma_boxes_out(fma_boxes) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_boxes_out(fma_boxes) IS 'writes the text form of fma_boxes';

CREATE FUNCTION fma_boxes_recv(internal) RETURNS fma_boxes
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_boxes_recv(internal) IS 'reads the binary form of fma_boxes';

CREATE FUNCTION fma_boxes_send(fma_boxes) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_boxes_send(fma_boxes) IS 'writes the binary form of fma_boxes';

CREATE TYPE fma_boxes (
	INPUT = fma_boxes_in,
	OUTPUT = fma_boxes_out,
	RECEIVE = fma_boxes_recv,
	SEND = fma_boxes_send,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE fma_boxes IS 'the boxes of one image, true or predicted
Made by the aggregate fma_boxes, added by + and fma_rollup, compared by fma_image_confusion.
As text it is JSON: [{"label": "car", "x": 1, "y": 2, "width": 3, "height": 4}, ...], with "score", "iscrowd" and "area" where a box has them.';

-- private functions

CREATE FUNCTION fma_boxes_add(fma_boxes, text, double precision, double precision, double precision, double precision) RETURNS fma_boxes
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_boxes_add(fma_boxes, text, double precision, double precision, double precision, double precision)
	IS 'transition of fma_boxes of labels and places';

CREATE FUNCTION fma_boxes_add(fma_boxes, text, double precision, double precision, double precision, double precision, double precision) RETURNS fma_boxes
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_boxes_add(fma_boxes, text, double precision, double precision, double precision, double precision, double precision)
	IS 'transition of fma_boxes with a score';

CREATE FUNCTION fma_boxes_add(fma_boxes, text, double precision, double precision, double precision, double precision, double precision, boolean, double precision) RETURNS fma_boxes
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_boxes_add(fma_boxes, text, double precision, double precision, double precision, double precision, double precision, boolean, double precision)
	IS 'transition of fma_boxes with a score, iscrowd and an area';

CREATE FUNCTION fma_boxes_combine(fma_boxes, fma_boxes) RETURNS fma_boxes
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_boxes_combine(fma_boxes, fma_boxes) IS 'the boxes of two values together';

CREATE FUNCTION fma_boxes_final(fma_boxes) RETURNS fma_boxes
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_boxes_final(fma_boxes) IS 'the stored form of aggregated boxes';

CREATE FUNCTION fma_boxes_eq(fma_boxes, fma_boxes) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_boxes_eq(fma_boxes, fma_boxes) IS 'implementation of = operator';

CREATE FUNCTION fma_boxes_ne(fma_boxes, fma_boxes) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_boxes_ne(fma_boxes, fma_boxes) IS 'implementation of <> operator';

CREATE FUNCTION fma_boxes_hash(fma_boxes) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_boxes_hash(fma_boxes) IS 'hash of boxes';

-- aggregates

CREATE AGGREGATE fma_boxes(label text, x double precision, y double precision, width double precision, height double precision) (
	SFUNC = fma_boxes_add, STYPE = fma_boxes, SSPACE = 1024, INITCOND = '[]',
	FINALFUNC = fma_boxes_final, COMBINEFUNC = fma_boxes_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_boxes(text, double precision, double precision, double precision, double precision)
	IS 'the boxes of an image, a row each
Rows with a NULL are left out; of no rows it is the value without boxes, not NULL. At most 500,000 boxes.';

CREATE AGGREGATE fma_boxes(label text, x double precision, y double precision, width double precision, height double precision, score double precision) (
	SFUNC = fma_boxes_add, STYPE = fma_boxes, SSPACE = 1024, INITCOND = '[]',
	FINALFUNC = fma_boxes_final, COMBINEFUNC = fma_boxes_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_boxes(text, double precision, double precision, double precision, double precision, double precision)
	IS 'the predicted boxes of an image, a row each
Rows with a NULL are left out; of no rows it is the value without boxes, not NULL. At most 500,000 boxes.';

CREATE AGGREGATE fma_boxes(label text, x double precision, y double precision, width double precision, height double precision, score double precision, iscrowd boolean, area double precision) (
	SFUNC = fma_boxes_add, STYPE = fma_boxes, SSPACE = 1024, INITCOND = '[]',
	FINALFUNC = fma_boxes_final, COMBINEFUNC = fma_boxes_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_boxes(text, double precision, double precision, double precision, double precision, double precision, boolean, double precision)
	IS 'the boxes of an image, a row each, with all that a box can have
score, iscrowd and area may be NULL: no score, no crowd, width x height. Rows with another NULL are left out.';

CREATE AGGREGATE fma_rollup(fma_boxes) (
	SFUNC = fma_boxes_combine, STYPE = fma_boxes, SSPACE = 1024, INITCOND = '[]',
	FINALFUNC = fma_boxes_final, COMBINEFUNC = fma_boxes_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_rollup(fma_boxes) IS 'the boxes of all values together, say of the tiles of an image';

-- operators

CREATE OPERATOR + (
	FUNCTION = fma_boxes_combine, LEFTARG = fma_boxes, RIGHTARG = fma_boxes, COMMUTATOR = +
);
COMMENT ON OPERATOR + (fma_boxes, fma_boxes) IS 'the boxes of two values together';

CREATE OPERATOR = (
	FUNCTION = fma_boxes_eq, LEFTARG = fma_boxes, RIGHTARG = fma_boxes,
	COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
COMMENT ON OPERATOR = (fma_boxes, fma_boxes) IS 'same boxes';

CREATE OPERATOR <> (
	FUNCTION = fma_boxes_ne, LEFTARG = fma_boxes, RIGHTARG = fma_boxes,
	COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (fma_boxes, fma_boxes) IS 'different boxes';

CREATE OPERATOR CLASS fma_boxes_hash_ops DEFAULT FOR TYPE fma_boxes USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 fma_boxes_hash(fma_boxes);
COMMENT ON OPERATOR CLASS fma_boxes_hash_ops USING hash IS 'hashing of boxes';

-- Matched boxes as a confusion matrix: of two queries, of two values

CREATE FUNCTION fma_box_confusion(truth_query text, prediction_query text, conf double precision DEFAULT 0.5, iou double precision DEFAULT 0.5,
	across_labels boolean DEFAULT true, max_detections integer DEFAULT NULL, background text DEFAULT 'background')
RETURNS fma_confusion
AS 'MODULE_PATHNAME' LANGUAGE C COST 100000;
COMMENT ON FUNCTION fma_box_confusion(text, text, double precision, double precision, boolean, integer, text)
IS 'The confusion matrix of boxes: what was missed is predicted as background, what was invented is truly background.
The queries are those of fma_match_boxes.';

CREATE FUNCTION fma_image_confusion(truth fma_boxes, prediction fma_boxes, conf double precision DEFAULT 0.5, iou double precision DEFAULT 0.5,
	across_labels boolean DEFAULT true, background text DEFAULT 'background')
RETURNS fma_confusion
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION fma_image_confusion(fma_boxes, fma_boxes, double precision, double precision, boolean, text)
IS 'The confusion matrix of the boxes of one image; fma_rollup adds those of many to what fma_box_confusion counts.
conf: predictions that score less are left out; those without a score are certain.';

-- fma_mask: a label for each pixel of an image, run-length coded

CREATE TYPE fma_mask;

CREATE FUNCTION fma_mask_in(cstring) RETURNS fma_mask
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_mask_in(cstring) IS 'reads the text form of fma_mask';

CREATE FUNCTION fma_mask_out(fma_mask) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_mask_out(fma_mask) IS 'writes the text form of fma_mask';

CREATE FUNCTION fma_mask_recv(internal) RETURNS fma_mask
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_mask_recv(internal) IS 'reads the binary form of fma_mask';

CREATE FUNCTION fma_mask_send(fma_mask) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_mask_send(fma_mask) IS 'writes the binary form of fma_mask';

CREATE TYPE fma_mask (
	INPUT = fma_mask_in,
	OUTPUT = fma_mask_out,
	RECEIVE = fma_mask_recv,
	SEND = fma_mask_send,
	ALIGNMENT = int4,
	STORAGE = extended
);
COMMENT ON TYPE fma_mask IS 'a label from 0 to 65535 for each pixel of an image, run-length coded
Made by fma_mask_from_bytes, fma_mask_from_rle and fma_mask_from_png, compared by fma_mask_confusion and fma_mask_iou.
As text it is JSON: {"width": 4, "height": 2, "runs": "0:3 7:5"}, label and pixels of each run, row by row.';

-- functions

CREATE FUNCTION fma_mask_from_bytes(pixels bytea, width integer, height integer) RETURNS fma_mask
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_mask_from_bytes(bytea, integer, integer) IS 'a mask from the raw labels of its pixels, row by row
One byte a pixel, or two with the lower first: the number of bytes says which. At most 32,768 x 32,768 pixels.';

CREATE FUNCTION fma_mask_to_bytes(mask fma_mask, bytes_per_pixel integer DEFAULT NULL) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_mask_to_bytes(fma_mask, integer) IS 'the raw labels of a mask''s pixels, row by row
bytes_per_pixel: 1, or 2 with the lower byte first; by default 1 if all labels are below 256.';

CREATE FUNCTION fma_mask_size(mask fma_mask, OUT width integer, OUT height integer, OUT pixels bigint, OUT runs bigint)
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_mask_size(fma_mask) IS 'width, height, pixels and runs of a mask';

CREATE FUNCTION fma_mask_areas(mask fma_mask, labels jsonb DEFAULT NULL,
	OUT id integer, OUT label text, OUT area bigint, OUT share double precision)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 20;
COMMENT ON FUNCTION fma_mask_areas(fma_mask, jsonb) IS 'how many pixels each label of a mask has, and their share of all
labels: names by id, {"0": "road", ...}; without them label is the id.';

-- private functions

CREATE FUNCTION fma_mask_eq(fma_mask, fma_mask) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_mask_eq(fma_mask, fma_mask) IS 'implementation of = operator';

CREATE FUNCTION fma_mask_ne(fma_mask, fma_mask) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_mask_ne(fma_mask, fma_mask) IS 'implementation of <> operator';

CREATE FUNCTION fma_mask_hash(fma_mask) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_mask_hash(fma_mask) IS 'hash of a mask';

-- operators

CREATE OPERATOR = (
	FUNCTION = fma_mask_eq, LEFTARG = fma_mask, RIGHTARG = fma_mask,
	COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
COMMENT ON OPERATOR = (fma_mask, fma_mask) IS 'same size, and the same label for each pixel';

CREATE OPERATOR <> (
	FUNCTION = fma_mask_ne, LEFTARG = fma_mask, RIGHTARG = fma_mask,
	COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (fma_mask, fma_mask) IS 'different size, or different labels';

CREATE OPERATOR CLASS fma_mask_hash_ops DEFAULT FOR TYPE fma_mask USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 fma_mask_hash(fma_mask);
COMMENT ON OPERATOR CLASS fma_mask_hash_ops USING hash IS 'hashing of masks';

-- masks from and to COCO's run-length encoding

CREATE FUNCTION fma_mask_from_rle(rle jsonb, background integer DEFAULT 0) RETURNS fma_mask
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION fma_mask_from_rle(jsonb, integer) IS 'a mask from COCO''s run-length encoding of an object, or of an array of objects
An object is {"size": [height, width], "counts": string or array, "category_id": label, by default 1}, or an annotation with such a "segmentation".
Of overlapping objects the later one is seen; pixels of none are background.';

CREATE FUNCTION fma_mask_to_rle(mask fma_mask, compressed boolean DEFAULT true, background integer DEFAULT 0) RETURNS jsonb
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION fma_mask_to_rle(fma_mask, boolean, integer) IS 'a mask as an array of COCO''s run-length encodings, one for each label
The label is the category_id; the background has none, unless it is NULL. compressed: counts as a string, not as an array.';

-- masks from PNG images

CREATE FUNCTION fma_mask_from_png(png bytea, max_pixels bigint DEFAULT 100000000) RETURNS fma_mask
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION fma_mask_from_png(bytea, bigint) IS 'a mask from a PNG image: grey levels, or places in the palette, are the labels
An image that declares more than max_pixels is refused before it is unpacked. Needs fma to be built with libpng.';

-- two masks compared

CREATE FUNCTION fma_mask_confusion(truth fma_mask, prediction fma_mask, labels jsonb DEFAULT NULL, ignore integer DEFAULT 255)
	RETURNS fma_confusion
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION fma_mask_confusion(fma_mask, fma_mask, jsonb, integer) IS 'confusion matrix of the pixels of two masks of one size
labels: names by id, {"0": "road", ...}; without them labels are called by their numbers. fma_rollup adds the matrices of many pairs.
ignore: pixels of this true label are left out, whatever is predicted; NULL leaves out none.';

CREATE FUNCTION fma_segment_confusion(truth fma_mask, prediction fma_mask, iou double precision DEFAULT 0.5, labels jsonb DEFAULT NULL,
	ignore integer DEFAULT 255, background text DEFAULT '(none)')
	RETURNS fma_confusion
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION fma_segment_confusion(fma_mask, fma_mask, double precision, jsonb, integer, text) IS 'confusion matrix of the segments of two masks of one size: all pixels of a label are one segment
A segment counts as found if its intersection over union with the predicted one of its label is at least iou; otherwise it was
predicted as background, and what was predicted is truly background. A label called like the background makes no segment.
Pixels, labels and ignore are those of fma_mask_confusion.';

CREATE FUNCTION fma_mask_iou(a fma_mask, b fma_mask, label integer DEFAULT NULL) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION fma_mask_iou(fma_mask, fma_mask, integer) IS 'intersection over union of a label''s pixels in two masks of one size
Without a label: of all pixels that are not 0. NULL where neither mask has such a pixel. Means over labels: fma_iou(fma_mask_confusion(a, b)).';

-- images: what runs and lists make of the confusion matrix of one image; private functions

CREATE FUNCTION fma_all_predicted_as(confusion fma_confusion, label text) RETURNS fma_confusion
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_all_predicted_as(fma_confusion, text) IS 'the matrix as if every prediction had been one label
What predictions below the confidence of a rule count as.';

CREATE FUNCTION fma_count_segments(confusion fma_confusion, iou double precision, background text) RETURNS fma_confusion
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_count_segments(fma_confusion, double precision, text) IS 'the matrix of an image''s segments from that of its pixels
What fma_segment_confusion makes of the masks.';

CREATE FUNCTION fma_has_cell(confusion fma_confusion, truth text, prediction text) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_has_cell(fma_confusion, text, text) IS 'whether a matrix has a cell of this truth and prediction; NULL is any label';

-- known: what a run already knows of its images; private functions
-- Two of each, and none of "any": C would take what is no such value for a pointer to one.

CREATE FUNCTION fma_known(dataset_id integer, truth fma_mask, prediction fma_mask) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_known(integer, fma_mask, fma_mask) IS 'whether an image failed, if the current run of the dataset knows; else NULL';

CREATE FUNCTION fma_known(dataset_id integer, truth fma_boxes, prediction fma_boxes) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_known(integer, fma_boxes, fma_boxes) IS 'whether an image failed, if the current run of the dataset knows; else NULL';

CREATE FUNCTION fma_learn(dataset_id integer, truth fma_mask, prediction fma_mask, failed boolean) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_learn(integer, fma_mask, fma_mask, boolean) IS 'failed, which the current run of the dataset knows of the image from now on';

CREATE FUNCTION fma_learn(dataset_id integer, truth fma_boxes, prediction fma_boxes, failed boolean) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_learn(integer, fma_boxes, fma_boxes, boolean) IS 'failed, which the current run of the dataset knows of the image from now on';

-- as_of: which run the views show (doc/runs.md)

-- private: views are made of it

CREATE FUNCTION fma_as_of_run() RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_as_of_run() IS 'the setting fma.as_of_run: views show the newest complete run up to this number
The greatest bigint where it is not set.';

-- dataset: what the columns of a table of predictions mean, said once

CREATE TABLE fma_dataset (
	dataset_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name text NOT NULL UNIQUE CHECK (name <> '' AND octet_length(name) <= 200),
	owner regrole NOT NULL,
	relation regclass NOT NULL,
	settings jsonb NOT NULL CHECK (jsonb_typeof(settings) = 'object'),
	created_at timestamptz NOT NULL DEFAULT current_timestamp,
	changed_at timestamptz NOT NULL DEFAULT current_timestamp
);
COMMENT ON TABLE fma_dataset IS 'registered tables of predictions, and what their columns mean
Written by fma_register, fma_alter_dataset and fma_unregister. Seen by whoever may read the results.';
COMMENT ON SEQUENCE fma_dataset_dataset_id_seq IS 'numbers of datasets';
COMMENT ON COLUMN fma_dataset.dataset_id IS 'number of the dataset';
COMMENT ON COLUMN fma_dataset.name IS 'what users call it';
COMMENT ON COLUMN fma_dataset.owner IS 'role that runs are made as';
COMMENT ON COLUMN fma_dataset.relation IS 'table or view with one row a prediction';
COMMENT ON COLUMN fma_dataset.settings IS 'columns and options by the names of fma_register''s arguments';
COMMENT ON COLUMN fma_dataset.created_at IS 'when it was registered';
COMMENT ON COLUMN fma_dataset.changed_at IS 'when it was last altered';

CREATE TABLE fma_dataset_share (
	dataset_id integer NOT NULL REFERENCES fma_dataset ON DELETE CASCADE,
	role regrole NOT NULL,
	predictions boolean NOT NULL DEFAULT true,
	PRIMARY KEY (dataset_id, role)
);
COMMENT ON TABLE fma_dataset_share IS 'roles that may read a dataset''s results, and its predictions
Written by fma_share.';
COMMENT ON COLUMN fma_dataset_share.dataset_id IS 'the dataset';
COMMENT ON COLUMN fma_dataset_share.role IS 'role that may read it, with its members; - for everybody';
COMMENT ON COLUMN fma_dataset_share.predictions IS 'whether it may read the predictions too, or the results alone';

-- Who may read: the one place that decides. Whatever belongs to a dataset follows its row.
CREATE FUNCTION fma_may_read(dataset_id integer, owner oid, relation oid, predictions boolean DEFAULT false) RETURNS boolean
	LANGUAGE SQL STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT pg_has_role(owner, 'USAGE')
		OR EXISTS (SELECT FROM fma_dataset_share AS s WHERE s.dataset_id = fma_may_read.dataset_id
			AND (s.role = 0 OR pg_has_role(s.role, 'USAGE')) AND (s.predictions OR NOT fma_may_read.predictions))
		OR EXISTS (SELECT FROM pg_class AS c WHERE c.oid = relation AND c.relkind IN ('r', 'p') AND NOT c.relrowsecurity
			AND has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(c.relnamespace, 'USAGE'));
END;
COMMENT ON FUNCTION fma_may_read(integer, oid, oid, boolean) IS 'whether the current user may read a dataset''s results, or its predictions as well
The owner, roles it was shared with, and whoever may SELECT a source that is a plain table without row security.';

CREATE FUNCTION fma_may_manage(dataset_id integer) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_may_manage(integer) IS 'whether the current user is the owner of a dataset, or a member of that role
For the policy of fma_dataset_share, which cannot ask fma_dataset: that one asks it.';

ALTER TABLE fma_dataset ENABLE ROW LEVEL SECURITY;
ALTER TABLE fma_dataset OWNER TO @extowner@;
CREATE POLICY fma_dataset_reader ON fma_dataset FOR SELECT USING (fma_may_read(dataset_id, owner, relation));
COMMENT ON POLICY fma_dataset_reader ON fma_dataset IS 'datasets that the current user may read';
GRANT SELECT ON fma_dataset TO PUBLIC;

ALTER TABLE fma_dataset_share ENABLE ROW LEVEL SECURITY;
ALTER TABLE fma_dataset_share OWNER TO @extowner@;
CREATE POLICY fma_dataset_share_reader ON fma_dataset_share FOR SELECT
	USING (role = 0 OR pg_has_role(role, 'USAGE') OR fma_may_manage(dataset_id));
COMMENT ON POLICY fma_dataset_share_reader ON fma_dataset_share IS 'what is shared with the current user, and what they share';
GRANT SELECT ON fma_dataset_share TO PUBLIC;

SELECT pg_extension_config_dump('fma_dataset', '');
SELECT pg_extension_config_dump('fma_dataset_dataset_id_seq', '');
SELECT pg_extension_config_dump('fma_dataset_share', '');

-- register: saying what a table's columns mean, and who may see what is found in it

CREATE FUNCTION fma_register(name text, relation text,
	truth text DEFAULT NULL, prediction text DEFAULT NULL, confidence text DEFAULT NULL,
	id text DEFAULT NULL, occurred_at text DEFAULT NULL, batch text DEFAULT NULL, features text[] DEFAULT NULL,
	unit text DEFAULT NULL, place text DEFAULT NULL, longitude text DEFAULT NULL, latitude text DEFAULT NULL,
	model_version text DEFAULT NULL, image text DEFAULT NULL, embedding text DEFAULT NULL, clusters integer DEFAULT NULL,
	probabilities text DEFAULT NULL, probability_labels text[] DEFAULT NULL,
	failed text DEFAULT NULL, filter text DEFAULT NULL, labels jsonb DEFAULT NULL, task text DEFAULT NULL,
	metric text DEFAULT NULL, min_metric double precision DEFAULT NULL,
	high_confidence double precision DEFAULT NULL, period text DEFAULT NULL, timezone text DEFAULT NULL,
	current_version text DEFAULT NULL, options jsonb DEFAULT NULL) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION fma_register(text, text, text, text, text, text, text, text, text[], text, text, text, text, text, text, text, integer, text, text[], text, text, jsonb, text, text, double precision, double precision, text, text, text, jsonb)
IS 'Registers a table or view of predictions; returns the number of the dataset.
The arguments name its columns. Nothing is copied. One error lists all that is wrong.';

CREATE FUNCTION fma_alter_dataset(name text, changes jsonb) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
COMMENT ON FUNCTION fma_alter_dataset(text, jsonb) IS 'Changes settings of a dataset.
The keys are fma_register''s arguments, name, owner and relation; null takes a setting away.';

CREATE FUNCTION fma_unregister(name text) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
COMMENT ON FUNCTION fma_unregister(text) IS 'Deletes a dataset with its rules and results.
The table of predictions itself stays as it is.';

CREATE FUNCTION fma_share(name text, role text, allowed boolean DEFAULT true, predictions boolean DEFAULT true) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
COMMENT ON FUNCTION fma_share(text, text, boolean, boolean) IS 'Lets a role read a dataset''s results and predictions, or no longer.
The role "public" means everybody. predictions => false: the results alone. Another call changes it.';

-- run: what an analysis of a dataset found, with its history

CREATE TABLE fma_result_run (
	run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	dataset_id integer NOT NULL REFERENCES fma_dataset ON DELETE CASCADE,
	status text NOT NULL CHECK (status IN ('running', 'complete', 'failed')),
	started_at timestamptz NOT NULL,
	finished_at timestamptz,
	since timestamptz,
	until timestamptz,
	n bigint,
	first_at timestamptz,
	last_at timestamptz,
	model_version text,
	period text,
	settings jsonb NOT NULL,
	fma_version text NOT NULL,
	failed_stage text,
	sqlstate text,
	message text,
	detail text
);
CREATE INDEX ON fma_result_run (dataset_id, run_id);
COMMENT ON TABLE fma_result_run IS 'runs of fma_run, complete and failed
The newest complete one of each dataset is what the views show.';
COMMENT ON SEQUENCE fma_result_run_run_id_seq IS 'numbers of runs';
COMMENT ON COLUMN fma_result_run.run_id IS 'number of the run';
COMMENT ON COLUMN fma_result_run.dataset_id IS 'the dataset';
COMMENT ON COLUMN fma_result_run.status IS 'complete or failed; running only within the run''s own transaction';
COMMENT ON COLUMN fma_result_run.started_at IS 'when it started';
COMMENT ON COLUMN fma_result_run.finished_at IS 'when it ended';
COMMENT ON COLUMN fma_result_run.since IS 'only rows from this time on, as asked for';
COMMENT ON COLUMN fma_result_run.until IS 'only rows before this time, as asked for';
COMMENT ON COLUMN fma_result_run.n IS 'rows that were read';
COMMENT ON COLUMN fma_result_run.first_at IS 'time of the oldest of these rows';
COMMENT ON COLUMN fma_result_run.last_at IS 'time of the newest of these rows';
COMMENT ON COLUMN fma_result_run.model_version IS 'the current model version, whose slices and hotspots were searched';
COMMENT ON COLUMN fma_result_run.period IS 'length of the timeline''s periods';
COMMENT ON COLUMN fma_result_run.settings IS 'the dataset''s settings at the time';
COMMENT ON COLUMN fma_result_run.fma_version IS 'version of the extension';
COMMENT ON COLUMN fma_result_run.failed_stage IS 'stage that failed';
COMMENT ON COLUMN fma_result_run.sqlstate IS 'its error code';
COMMENT ON COLUMN fma_result_run.message IS 'its error message';
COMMENT ON COLUMN fma_result_run.detail IS 'its error detail';

CREATE TABLE fma_result_stage (
	run_id bigint NOT NULL REFERENCES fma_result_run ON DELETE CASCADE,
	position integer NOT NULL,
	stage text NOT NULL,
	started_at timestamptz NOT NULL,
	seconds double precision NOT NULL,
	n bigint NOT NULL,
	note text,
	PRIMARY KEY (run_id, position)
);
COMMENT ON TABLE fma_result_stage IS 'stages of runs, with their time and rows';
COMMENT ON COLUMN fma_result_stage.run_id IS 'the run';
COMMENT ON COLUMN fma_result_stage.position IS 'from 1';
COMMENT ON COLUMN fma_result_stage.stage IS 'name of the stage';
COMMENT ON COLUMN fma_result_stage.started_at IS 'when it started';
COMMENT ON COLUMN fma_result_stage.seconds IS 'how long it took';
COMMENT ON COLUMN fma_result_stage.n IS 'rows of results it stored';
COMMENT ON COLUMN fma_result_stage.note IS 'why it was left out, what it left out, or how much it tested';

-- One row a segment: values that can be read in many ways, and added.
CREATE TABLE fma_result_summary (
	run_id bigint NOT NULL REFERENCES fma_result_run ON DELETE CASCADE,
	segment_by text NOT NULL CHECK (segment_by IN ('overall', 'period', 'batch', 'place', 'slice', 'hotspot', 'cluster')),
	segment text,
	rank bigint,
	starts_at timestamptz,
	ends_at timestamptz,
	longitude double precision,
	latitude double precision,
	model_version text,
	min_confidence double precision,
	min_iou double precision,
	below_label text,
	n bigint NOT NULL,
	unlabelled bigint NOT NULL,
	failures fma_failures,
	confident_errors bigint,
	confusion fma_confusion,
	reliability fma_reliability,
	regression fma_regression,
	n_units bigint,
	design_effect double precision DEFAULT 1,
	ece_if_calibrated double precision,
	ece_p_value double precision,
	log_loss double precision,
	top_3_accuracy double precision,
	top_5_accuracy double precision,
	classwise_ece double precision
);
CREATE INDEX ON fma_result_summary (run_id, segment_by);
COMMENT ON TABLE fma_result_summary IS 'summaries of runs: one row a segment and model version
Overall, periods, batches, places, clusters, slices and hotspots. The values are read by fma_class_metrics, fma_bins and others, and added by fma_rollup.';
COMMENT ON COLUMN fma_result_summary.run_id IS 'the run';
COMMENT ON COLUMN fma_result_summary.segment_by IS 'what the rows were divided by: overall, period, batch, place, slice, hotspot, cluster';
COMMENT ON COLUMN fma_result_summary.segment IS 'the batch, place, cluster or slice; NULL for rows without one, and overall';
COMMENT ON COLUMN fma_result_summary.rank IS 'of a slice or hotspot';
COMMENT ON COLUMN fma_result_summary.starts_at IS 'of a period';
COMMENT ON COLUMN fma_result_summary.ends_at IS 'of a period, excluded';
COMMENT ON COLUMN fma_result_summary.longitude IS 'mean longitude of a place, degrees';
COMMENT ON COLUMN fma_result_summary.latitude IS 'mean latitude of a place, degrees';
COMMENT ON COLUMN fma_result_summary.model_version IS 'the model version, where the dataset has one';
COMMENT ON COLUMN fma_result_summary.min_confidence IS 'confidence threshold of a rule: predictions below it count as below_label; NULL in the rows that views show';
COMMENT ON COLUMN fma_result_summary.min_iou IS 'overlap threshold of a rule: segments or boxes that overlap less are missed';
COMMENT ON COLUMN fma_result_summary.below_label IS 'the label that is no class: what predictions below min_confidence, and missed segments and boxes, count as';
COMMENT ON COLUMN fma_result_summary.n IS 'rows';
COMMENT ON COLUMN fma_result_summary.unlabelled IS 'rows among them without a truth or prediction, left out of the values';
COMMENT ON COLUMN fma_result_summary.failures IS 'rows that failed, of those labelled';
COMMENT ON COLUMN fma_result_summary.confident_errors IS 'failures with at least the high confidence';
COMMENT ON COLUMN fma_result_summary.confusion IS 'truth against prediction: rows, or the pixels or objects of images';
COMMENT ON COLUMN fma_result_summary.reliability IS 'confidence against correctness, 100 bins';
COMMENT ON COLUMN fma_result_summary.regression IS 'truth against prediction, numbers';
COMMENT ON COLUMN fma_result_summary.n_units IS 'units (days, patients, images) among the rows, where the dataset has them';
COMMENT ON COLUMN fma_result_summary.design_effect IS 'how many rows are worth one independent row; 1 without units, NULL where a single unit cannot tell';
COMMENT ON COLUMN fma_result_summary.ece_if_calibrated IS 'the calibration error, in ten bins, that a perfectly calibrated model would show; overall';
COMMENT ON COLUMN fma_result_summary.ece_p_value IS 'p-value of the excess over that; overall';
COMMENT ON COLUMN fma_result_summary.log_loss IS 'mean log loss of the class probabilities, natural logarithm';
COMMENT ON COLUMN fma_result_summary.top_3_accuracy IS 'share of rows whose truth is among the three most probable classes';
COMMENT ON COLUMN fma_result_summary.top_5_accuracy IS 'share of rows whose truth is among the five most probable classes';
COMMENT ON COLUMN fma_result_summary.classwise_ece IS 'classwise expected calibration error of the class probabilities';

CREATE TABLE fma_result_slice (
	run_id bigint NOT NULL REFERENCES fma_result_run ON DELETE CASCADE,
	kind text NOT NULL CHECK (kind IN ('slice', 'hotspot')),
	rank bigint NOT NULL,
	slice text NOT NULL,
	predicate text NOT NULL,
	conditions jsonb NOT NULL,
	condition_count integer NOT NULL,
	n bigint NOT NULL,
	failures bigint,
	failure_rate double precision,
	mean_loss double precision,
	ci_low double precision,
	ci_high double precision,
	baseline_rate double precision,
	rest_rate double precision,
	lift double precision,
	excess_failures double precision,
	share_of_failures double precision,
	p_value double precision,
	q_value double precision,
	n_units bigint,
	PRIMARY KEY (run_id, kind, rank)
);
COMMENT ON TABLE fma_result_slice IS 'slices and hotspots of runs
As fma_find_slices and fma_find_hotspots return them.';
COMMENT ON COLUMN fma_result_slice.run_id IS 'the run';
COMMENT ON COLUMN fma_result_slice.kind IS 'slice or hotspot';
COMMENT ON COLUMN fma_result_slice.rank IS 'from 1, the largest excess of failures first';
COMMENT ON COLUMN fma_result_slice.slice IS 'as a person reads it';
COMMENT ON COLUMN fma_result_slice.predicate IS 'as SQL over the source''s columns';
COMMENT ON COLUMN fma_result_slice.conditions IS 'as JSON: column, op, value';
COMMENT ON COLUMN fma_result_slice.condition_count IS 'number of conditions';
COMMENT ON COLUMN fma_result_slice.n IS 'rows';
COMMENT ON COLUMN fma_result_slice.failures IS 'failures among them';
COMMENT ON COLUMN fma_result_slice.failure_rate IS 'share of failures';
COMMENT ON COLUMN fma_result_slice.mean_loss IS 'mean loss; the failure rate where the loss is a failure';
COMMENT ON COLUMN fma_result_slice.ci_low IS 'lower end of the 95 % interval of the rate or mean loss';
COMMENT ON COLUMN fma_result_slice.ci_high IS 'upper end of it';
COMMENT ON COLUMN fma_result_slice.baseline_rate IS 'rate or mean loss of all rows';
COMMENT ON COLUMN fma_result_slice.rest_rate IS 'rate or mean loss of the rows outside the slice';
COMMENT ON COLUMN fma_result_slice.lift IS 'rate divided by the baseline''s';
COMMENT ON COLUMN fma_result_slice.excess_failures IS 'failures beyond what the baseline''s rate would give';
COMMENT ON COLUMN fma_result_slice.share_of_failures IS 'share of all failures';
COMMENT ON COLUMN fma_result_slice.p_value IS 'p-value before correction';
COMMENT ON COLUMN fma_result_slice.q_value IS 'p-value after correction for all slices tested';
COMMENT ON COLUMN fma_result_slice.n_units IS 'units among the rows, where the dataset has them';

CREATE TABLE fma_result_confirmation (
	run_id bigint NOT NULL REFERENCES fma_result_run ON DELETE CASCADE,
	rank bigint NOT NULL,
	previous_run_id bigint NOT NULL,
	rows_after timestamptz NOT NULL,
	slice text NOT NULL,
	predicate text NOT NULL,
	conditions jsonb NOT NULL,
	previous_n bigint NOT NULL,
	previous_rate double precision,
	n bigint NOT NULL,
	failures bigint,
	failure_rate double precision,
	mean_loss double precision,
	ci_low double precision,
	ci_high double precision,
	rest_rate double precision,
	lift double precision,
	p_value double precision,
	q_value double precision,
	n_units bigint,
	verdict text NOT NULL CHECK (verdict IN ('confirmed', 'not confirmed', 'too few rows')),
	PRIMARY KEY (run_id, rank)
);
COMMENT ON TABLE fma_result_confirmation IS 'hotspots of the run before, measured again on the rows that came since
Few tests on rows that had no part in the search: unbiased.';
COMMENT ON COLUMN fma_result_confirmation.run_id IS 'the run that measured';
COMMENT ON COLUMN fma_result_confirmation.rank IS 'of the hotspot in the run before';
COMMENT ON COLUMN fma_result_confirmation.previous_run_id IS 'the run that found it; it may have been pruned';
COMMENT ON COLUMN fma_result_confirmation.rows_after IS 'rows after this time were measured';
COMMENT ON COLUMN fma_result_confirmation.slice IS 'as a person reads it';
COMMENT ON COLUMN fma_result_confirmation.predicate IS 'as SQL over the source''s columns';
COMMENT ON COLUMN fma_result_confirmation.conditions IS 'as JSON: column, op, value';
COMMENT ON COLUMN fma_result_confirmation.previous_n IS 'rows when it was found';
COMMENT ON COLUMN fma_result_confirmation.previous_rate IS 'rate or mean loss when it was found';
COMMENT ON COLUMN fma_result_confirmation.n IS 'new rows';
COMMENT ON COLUMN fma_result_confirmation.failures IS 'failures among them';
COMMENT ON COLUMN fma_result_confirmation.failure_rate IS 'share of failures';
COMMENT ON COLUMN fma_result_confirmation.mean_loss IS 'mean loss; the failure rate where the loss is a failure';
COMMENT ON COLUMN fma_result_confirmation.ci_low IS 'lower end of the 95 % interval of the rate or mean loss';
COMMENT ON COLUMN fma_result_confirmation.ci_high IS 'upper end of it';
COMMENT ON COLUMN fma_result_confirmation.rest_rate IS 'rate or mean loss of the new rows outside it';
COMMENT ON COLUMN fma_result_confirmation.lift IS 'rate divided by that of all new rows';
COMMENT ON COLUMN fma_result_confirmation.p_value IS 'one-sided p-value: worse than the new rows outside it';
COMMENT ON COLUMN fma_result_confirmation.q_value IS 'p-value after Holm''s correction for the hotspots measured';
COMMENT ON COLUMN fma_result_confirmation.n_units IS 'units among the new rows, where the dataset has them';
COMMENT ON COLUMN fma_result_confirmation.verdict IS 'confirmed, not confirmed, or too few rows';

CREATE TABLE fma_result_comparison (
	run_id bigint NOT NULL REFERENCES fma_result_run ON DELETE CASCADE,
	version_a text NOT NULL,
	version_b text NOT NULL,
	rank bigint NOT NULL,
	slice text NOT NULL,
	predicate text NOT NULL,
	conditions jsonb NOT NULL,
	n bigint NOT NULL,
	loss_a double precision,
	loss_b double precision,
	difference double precision,
	ci_low double precision,
	ci_high double precision,
	only_a_failed bigint,
	only_b_failed bigint,
	p_value double precision,
	q_value double precision,
	q_rest double precision,
	n_units bigint
);
CREATE INDEX ON fma_result_comparison (run_id);
COMMENT ON TABLE fma_result_comparison IS 'model versions compared on the same rows
Rank 0 is all rows; the others are slices where version b is worse.';
COMMENT ON COLUMN fma_result_comparison.run_id IS 'the run';
COMMENT ON COLUMN fma_result_comparison.version_a IS 'the older model version';
COMMENT ON COLUMN fma_result_comparison.version_b IS 'the newer model version';
COMMENT ON COLUMN fma_result_comparison.rank IS '0 for all rows, slices from 1';
COMMENT ON COLUMN fma_result_comparison.slice IS 'as a person reads it; "all rows" for rank 0';
COMMENT ON COLUMN fma_result_comparison.predicate IS 'as SQL over the source''s columns';
COMMENT ON COLUMN fma_result_comparison.conditions IS 'as JSON: column, op, value';
COMMENT ON COLUMN fma_result_comparison.n IS 'rows that both versions predicted';
COMMENT ON COLUMN fma_result_comparison.loss_a IS 'failure rate or mean loss of version a';
COMMENT ON COLUMN fma_result_comparison.loss_b IS 'failure rate or mean loss of version b';
COMMENT ON COLUMN fma_result_comparison.difference IS 'b minus a: positive where b is worse';
COMMENT ON COLUMN fma_result_comparison.ci_low IS 'lower end of its 95 % interval';
COMMENT ON COLUMN fma_result_comparison.ci_high IS 'upper end of it';
COMMENT ON COLUMN fma_result_comparison.only_a_failed IS 'rows where only a failed';
COMMENT ON COLUMN fma_result_comparison.only_b_failed IS 'rows where only b failed';
COMMENT ON COLUMN fma_result_comparison.p_value IS 'two-sided p-value of the difference (McNemar''s test for failures)';
COMMENT ON COLUMN fma_result_comparison.q_value IS 'p-value after correction for all slices tested';
COMMENT ON COLUMN fma_result_comparison.q_rest IS 'the same for the difference against that of the other rows';
COMMENT ON COLUMN fma_result_comparison.n_units IS 'units among the rows, where the dataset has them';

-- A run is read by whoever may read its dataset; its results by whoever may read the run.
ALTER TABLE fma_result_run ENABLE ROW LEVEL SECURITY;
CREATE POLICY fma_result_reader ON fma_result_run FOR SELECT USING (dataset_id IN (SELECT dataset_id FROM fma_dataset));
COMMENT ON POLICY fma_result_reader ON fma_result_run IS 'runs of the datasets that the current user may read';
ALTER TABLE fma_result_stage ENABLE ROW LEVEL SECURITY;
CREATE POLICY fma_result_reader ON fma_result_stage FOR SELECT USING (run_id IN (SELECT run_id FROM fma_result_run));
COMMENT ON POLICY fma_result_reader ON fma_result_stage IS 'results of the runs that the current user may read';
ALTER TABLE fma_result_summary ENABLE ROW LEVEL SECURITY;
CREATE POLICY fma_result_reader ON fma_result_summary FOR SELECT USING (run_id IN (SELECT run_id FROM fma_result_run));
COMMENT ON POLICY fma_result_reader ON fma_result_summary IS 'results of the runs that the current user may read';
ALTER TABLE fma_result_slice ENABLE ROW LEVEL SECURITY;
CREATE POLICY fma_result_reader ON fma_result_slice FOR SELECT USING (run_id IN (SELECT run_id FROM fma_result_run));
COMMENT ON POLICY fma_result_reader ON fma_result_slice IS 'results of the runs that the current user may read';
ALTER TABLE fma_result_confirmation ENABLE ROW LEVEL SECURITY;
CREATE POLICY fma_result_reader ON fma_result_confirmation FOR SELECT USING (run_id IN (SELECT run_id FROM fma_result_run));
COMMENT ON POLICY fma_result_reader ON fma_result_confirmation IS 'results of the runs that the current user may read';
ALTER TABLE fma_result_comparison ENABLE ROW LEVEL SECURITY;
CREATE POLICY fma_result_reader ON fma_result_comparison FOR SELECT USING (run_id IN (SELECT run_id FROM fma_result_run));
COMMENT ON POLICY fma_result_reader ON fma_result_comparison IS 'results of the runs that the current user may read';

ALTER TABLE fma_result_run OWNER TO @extowner@;
ALTER TABLE fma_result_stage OWNER TO @extowner@;
ALTER TABLE fma_result_summary OWNER TO @extowner@;
ALTER TABLE fma_result_slice OWNER TO @extowner@;
ALTER TABLE fma_result_confirmation OWNER TO @extowner@;
ALTER TABLE fma_result_comparison OWNER TO @extowner@;
-- After the owner has changed, or a dump would hold this as a change of the extension.
GRANT SELECT ON fma_result_run, fma_result_stage, fma_result_summary, fma_result_slice, fma_result_confirmation,
	fma_result_comparison TO PUBLIC;

SELECT pg_extension_config_dump('fma_result_run', '');
SELECT pg_extension_config_dump('fma_result_run_run_id_seq', '');
SELECT pg_extension_config_dump('fma_result_stage', '');
SELECT pg_extension_config_dump('fma_result_summary', '');
SELECT pg_extension_config_dump('fma_result_slice', '');
SELECT pg_extension_config_dump('fma_result_confirmation', '');
SELECT pg_extension_config_dump('fma_result_comparison', '');

-- functions

CREATE FUNCTION fma_run(name text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C COST 1000000;
COMMENT ON FUNCTION fma_run(text, timestamptz, timestamptz) IS 'analyses a dataset and stores the results; returns the number of the run
Only rows that occurred from since on and before until, where these are given. All figures are of one snapshot. An error in the analysis is stored with the run, whose status is then failed.';

CREATE FUNCTION fma_prune(name text, keep interval) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C COST 10000;
COMMENT ON FUNCTION fma_prune(text, interval) IS 'deletes a dataset''s runs that started longer ago than keep; returns how many
The newest complete run stays, whatever its age. So do saved reports: older ones go, the newest stays.';

-- private functions

CREATE FUNCTION fma_true_arguments(first integer, VARIADIC conditions "any") RETURNS integer[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_true_arguments(integer, "any") IS 'numbers of the conditions that are true, counted from first: the slices that a row is in';

-- clusters: those of a dataset's embeddings, fitted once and kept

CREATE TABLE fma_cluster_model (
	model_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	dataset_id integer NOT NULL REFERENCES fma_dataset ON DELETE CASCADE,
	embedding text NOT NULL,
	k integer NOT NULL,
	model fma_kmeans NOT NULL,
	fitted_by_run bigint NOT NULL,
	fitted_at timestamptz NOT NULL DEFAULT current_timestamp,
	retired boolean NOT NULL DEFAULT false
);
-- A dataset has one model at a time
CREATE UNIQUE INDEX ON fma_cluster_model (dataset_id) WHERE NOT retired;
COMMENT ON TABLE fma_cluster_model IS 'models of the clusters of datasets'' embeddings
Written by fma_run. A model stays until it is retired, so that a cluster means the same in the next run.';
COMMENT ON SEQUENCE fma_cluster_model_model_id_seq IS 'numbers of cluster models';
COMMENT ON COLUMN fma_cluster_model.model_id IS 'number of the model';
COMMENT ON COLUMN fma_cluster_model.dataset_id IS 'the dataset';
COMMENT ON COLUMN fma_cluster_model.embedding IS 'the column that it was fitted to';
COMMENT ON COLUMN fma_cluster_model.k IS 'number of clusters';
COMMENT ON COLUMN fma_cluster_model.model IS 'the model';
COMMENT ON COLUMN fma_cluster_model.fitted_by_run IS 'the run that fitted it; it may have been pruned';
COMMENT ON COLUMN fma_cluster_model.fitted_at IS 'when';
COMMENT ON COLUMN fma_cluster_model.retired IS 'whether a later run fits, or has fitted, another one';

CREATE TABLE fma_result_cluster (
	run_id bigint NOT NULL REFERENCES fma_result_run ON DELETE CASCADE,
	cluster integer NOT NULL,
	model_id integer NOT NULL REFERENCES fma_cluster_model ON DELETE CASCADE,
	mean_distance double precision NOT NULL,
	representatives text,
	PRIMARY KEY (run_id, cluster)
);
CREATE INDEX ON fma_result_cluster (model_id);
COMMENT ON TABLE fma_result_cluster IS 'clusters that rows of the current model version are in
Their figures are in fma_result_summary.';
COMMENT ON COLUMN fma_result_cluster.run_id IS 'the run';
COMMENT ON COLUMN fma_result_cluster.cluster IS 'the cluster, from 1';
COMMENT ON COLUMN fma_result_cluster.model_id IS 'the model by which rows are in clusters';
COMMENT ON COLUMN fma_result_cluster.mean_distance IS 'mean distance of the rows to the centroid';
COMMENT ON COLUMN fma_result_cluster.representatives IS 'ids of the rows nearest to the centroid, the nearest first';

ALTER TABLE fma_cluster_model ENABLE ROW LEVEL SECURITY;
ALTER TABLE fma_cluster_model OWNER TO @extowner@;
CREATE POLICY fma_cluster_model_reader ON fma_cluster_model FOR SELECT USING (dataset_id IN (SELECT dataset_id FROM fma_dataset));
COMMENT ON POLICY fma_cluster_model_reader ON fma_cluster_model IS 'models of the datasets that the current user may read';
ALTER TABLE fma_result_cluster ENABLE ROW LEVEL SECURITY;
ALTER TABLE fma_result_cluster OWNER TO @extowner@;
CREATE POLICY fma_result_reader ON fma_result_cluster FOR SELECT USING (run_id IN (SELECT run_id FROM fma_result_run));
COMMENT ON POLICY fma_result_reader ON fma_result_cluster IS 'results of the runs that the current user may read';
GRANT SELECT ON fma_cluster_model, fma_result_cluster TO PUBLIC;

SELECT pg_extension_config_dump('fma_cluster_model', '');
SELECT pg_extension_config_dump('fma_cluster_model_model_id_seq', '');
SELECT pg_extension_config_dump('fma_result_cluster', '');

-- functions

CREATE FUNCTION fma_refit_clusters(name text) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
COMMENT ON FUNCTION fma_refit_clusters(text) IS 'has the next run of a dataset fit its clusters anew
Until then clusters keep their meaning from run to run. A change of embedding or clusters does the same.';

-- review: near-duplicates that runs found, and leaving them out

CREATE TABLE fma_result_duplicate (
	run_id bigint NOT NULL REFERENCES fma_result_run ON DELETE CASCADE,
	group_id bigint NOT NULL,
	size bigint NOT NULL,
	id text NOT NULL,
	representative text NOT NULL,
	similarity double precision NOT NULL,
	min_similarity double precision NOT NULL,
	label text,
	batch text,
	labels_disagree boolean,
	crosses_batches boolean
);
CREATE INDEX ON fma_result_duplicate (run_id, group_id);
COMMENT ON TABLE fma_result_duplicate IS 'rows with nearly the same embedding, in groups
As fma_duplicate_groups returns them, of the current model version''s rows.';
COMMENT ON COLUMN fma_result_duplicate.run_id IS 'the run';
COMMENT ON COLUMN fma_result_duplicate.group_id IS 'number of the group, the largest first';
COMMENT ON COLUMN fma_result_duplicate.size IS 'rows in the group';
COMMENT ON COLUMN fma_result_duplicate.id IS 'the row';
COMMENT ON COLUMN fma_result_duplicate.representative IS 'the first id of the group';
COMMENT ON COLUMN fma_result_duplicate.similarity IS 'cosine similarity of the row to the representative';
COMMENT ON COLUMN fma_result_duplicate.min_similarity IS 'the lowest of these in the group';
COMMENT ON COLUMN fma_result_duplicate.label IS 'its truth';
COMMENT ON COLUMN fma_result_duplicate.batch IS 'its batch';
COMMENT ON COLUMN fma_result_duplicate.labels_disagree IS 'whether rows of the group have different truths; NULL if the dataset has none';
COMMENT ON COLUMN fma_result_duplicate.crosses_batches IS 'whether they are in different batches; NULL if the dataset has none';

CREATE TABLE fma_excluded (
	dataset_id integer NOT NULL REFERENCES fma_dataset ON DELETE CASCADE,
	id text NOT NULL,
	representative text NOT NULL,
	PRIMARY KEY (dataset_id, id)
);
COMMENT ON TABLE fma_excluded IS 'rows that runs leave out, since others represent them
Written by fma_exclude_duplicates. The source keeps them.';
COMMENT ON COLUMN fma_excluded.dataset_id IS 'the dataset';
COMMENT ON COLUMN fma_excluded.id IS 'the row';
COMMENT ON COLUMN fma_excluded.representative IS 'the row that stands for it';

ALTER TABLE fma_result_duplicate ENABLE ROW LEVEL SECURITY;
ALTER TABLE fma_result_duplicate OWNER TO @extowner@;
CREATE POLICY fma_result_reader ON fma_result_duplicate FOR SELECT USING (run_id IN (SELECT run_id FROM fma_result_run));
COMMENT ON POLICY fma_result_reader ON fma_result_duplicate IS 'results of the runs that the current user may read';
ALTER TABLE fma_excluded ENABLE ROW LEVEL SECURITY;
ALTER TABLE fma_excluded OWNER TO @extowner@;
CREATE POLICY fma_excluded_reader ON fma_excluded FOR SELECT USING (dataset_id IN (SELECT dataset_id FROM fma_dataset));
COMMENT ON POLICY fma_excluded_reader ON fma_excluded IS 'rows of the datasets that the current user may read';
GRANT SELECT ON fma_result_duplicate, fma_excluded TO PUBLIC;

SELECT pg_extension_config_dump('fma_result_duplicate', '');
SELECT pg_extension_config_dump('fma_excluded', '');

-- functions

CREATE FUNCTION fma_exclude_duplicates(name text, exclude boolean DEFAULT true) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
COMMENT ON FUNCTION fma_exclude_duplicates(text, boolean) IS 'has later runs leave out all but the representatives of duplicates; returns how many ids
The groups are those of the newest complete run. exclude => false lets all rows in again. The source keeps them all.';

-- changes: when runs' failures changed, how the rows differ from earlier ones, and why the rate changed

CREATE TABLE fma_result_changepoint (
	run_id bigint NOT NULL REFERENCES fma_result_run ON DELETE CASCADE,
	rank bigint NOT NULL,
	"time" timestamptz,
	period_length text,
	starts_at timestamptz,
	ends_at timestamptz,
	n_before bigint,
	failures_before bigint,
	rate_before double precision,
	ci_low_before double precision,
	ci_high_before double precision,
	n_after bigint,
	failures_after bigint,
	rate_after double precision,
	ci_low_after double precision,
	ci_high_after double precision,
	difference double precision,
	dispersion double precision,
	llr double precision,
	p_value double precision,
	predicate text,
	PRIMARY KEY (run_id, rank)
);
COMMENT ON TABLE fma_result_changepoint IS 'change points of runs'' timelines
As fma_find_changepoints returns them, of the current model version.';
COMMENT ON COLUMN fma_result_changepoint.run_id IS 'the run';
COMMENT ON COLUMN fma_result_changepoint.rank IS 'from 1, the clearest change first';
COMMENT ON COLUMN fma_result_changepoint."time" IS 'start of the first period after the change';
COMMENT ON COLUMN fma_result_changepoint.period_length IS 'length of the periods';
COMMENT ON COLUMN fma_result_changepoint.starts_at IS 'start of the segment before the change';
COMMENT ON COLUMN fma_result_changepoint.ends_at IS 'end of the segment after it, excluded';
COMMENT ON COLUMN fma_result_changepoint.n_before IS 'rows before, up to the change before';
COMMENT ON COLUMN fma_result_changepoint.failures_before IS 'failures among them';
COMMENT ON COLUMN fma_result_changepoint.rate_before IS 'failure rate or mean loss before';
COMMENT ON COLUMN fma_result_changepoint.ci_low_before IS 'lower end of its 95 % interval';
COMMENT ON COLUMN fma_result_changepoint.ci_high_before IS 'upper end of it';
COMMENT ON COLUMN fma_result_changepoint.n_after IS 'rows after, up to the next change';
COMMENT ON COLUMN fma_result_changepoint.failures_after IS 'failures among them';
COMMENT ON COLUMN fma_result_changepoint.rate_after IS 'failure rate or mean loss after';
COMMENT ON COLUMN fma_result_changepoint.ci_low_after IS 'lower end of its 95 % interval';
COMMENT ON COLUMN fma_result_changepoint.ci_high_after IS 'upper end of it';
COMMENT ON COLUMN fma_result_changepoint.difference IS 'rate after minus rate before: positive where it got worse';
COMMENT ON COLUMN fma_result_changepoint.dispersion IS 'variance of the periods against that of independent rows';
COMMENT ON COLUMN fma_result_changepoint.llr IS 'logarithm of the likelihood ratio';
COMMENT ON COLUMN fma_result_changepoint.p_value IS 'p-value by simulation';
COMMENT ON COLUMN fma_result_changepoint.predicate IS 'the rows after the change, as SQL over the source''s columns';

CREATE TABLE fma_result_drift (
	run_id bigint NOT NULL REFERENCES fma_result_run ON DELETE CASCADE,
	reference_run_id bigint,
	reference_from timestamptz,
	rows_after timestamptz,
	rank bigint NOT NULL,
	feature text NOT NULL,
	kind text,
	n_reference bigint,
	n_current bigint,
	nulls_reference bigint,
	nulls_current bigint,
	cells integer,
	psi double precision,
	jensen_shannon double precision,
	hellinger double precision,
	total_variation double precision,
	chi_square double precision,
	chi_square_p double precision,
	ks double precision,
	ks_p double precision,
	wasserstein double precision,
	q_value double precision,
	verdict text,
	PRIMARY KEY (run_id, rank)
);
COMMENT ON TABLE fma_result_drift IS 'how the newer rows of runs differ from a reference, column by column
As fma_drift returns it.';
COMMENT ON COLUMN fma_result_drift.run_id IS 'the run';
COMMENT ON COLUMN fma_result_drift.reference_run_id IS 'the run whose rows are the reference; NULL: the first half of this run''s time. It may have been pruned';
COMMENT ON COLUMN fma_result_drift.reference_from IS 'time of the reference''s oldest row';
COMMENT ON COLUMN fma_result_drift.rows_after IS 'rows after this time are compared with the reference''s, up to it';
COMMENT ON COLUMN fma_result_drift.rank IS 'from 1, the largest psi first';
COMMENT ON COLUMN fma_result_drift.feature IS 'the column, or a part of its time';
COMMENT ON COLUMN fma_result_drift.kind IS 'number, category or calendar';
COMMENT ON COLUMN fma_result_drift.n_reference IS 'rows of the reference';
COMMENT ON COLUMN fma_result_drift.n_current IS 'newer rows';
COMMENT ON COLUMN fma_result_drift.nulls_reference IS 'rows of the reference without a value';
COMMENT ON COLUMN fma_result_drift.nulls_current IS 'newer rows without a value';
COMMENT ON COLUMN fma_result_drift.cells IS 'values or bins that were compared';
COMMENT ON COLUMN fma_result_drift.psi IS 'population stability index';
COMMENT ON COLUMN fma_result_drift.jensen_shannon IS 'Jensen-Shannon distance, 0 to 1';
COMMENT ON COLUMN fma_result_drift.hellinger IS 'Hellinger distance, 0 to 1';
COMMENT ON COLUMN fma_result_drift.total_variation IS 'share of rows that would have to change, 0 to 1';
COMMENT ON COLUMN fma_result_drift.chi_square IS 'chi-square statistic of the cells';
COMMENT ON COLUMN fma_result_drift.chi_square_p IS 'its p-value';
COMMENT ON COLUMN fma_result_drift.ks IS 'Kolmogorov-Smirnov distance, of numbers';
COMMENT ON COLUMN fma_result_drift.ks_p IS 'its p-value';
COMMENT ON COLUMN fma_result_drift.wasserstein IS 'mean distance that values moved, of numbers';
COMMENT ON COLUMN fma_result_drift.q_value IS 'p-value after correction for all columns';
COMMENT ON COLUMN fma_result_drift.verdict IS 'drift, slight, unclear or none: effect and chance together';

CREATE TABLE fma_result_explanation (
	run_id bigint NOT NULL REFERENCES fma_result_run ON DELETE CASCADE,
	reference_run_id bigint,
	reference_from timestamptz,
	rows_after timestamptz,
	rank bigint NOT NULL,
	feature text NOT NULL,
	condition text,
	predicate text,
	n_reference bigint,
	n_current bigint,
	share_reference double precision,
	share_current double precision,
	rate_reference double precision,
	rate_current double precision,
	mix_effect double precision,
	rate_effect double precision,
	total_effect double precision,
	p_value double precision,
	q_value double precision,
	PRIMARY KEY (run_id, rank)
);
COMMENT ON TABLE fma_result_explanation IS 'why the rate of the newer rows is another one, by condition: mix or rate
As fma_explain_change returns it.';
COMMENT ON COLUMN fma_result_explanation.run_id IS 'the run';
COMMENT ON COLUMN fma_result_explanation.reference_run_id IS 'the run whose rows are the reference; NULL: the first half of this run''s time. It may have been pruned';
COMMENT ON COLUMN fma_result_explanation.reference_from IS 'time of the reference''s oldest row';
COMMENT ON COLUMN fma_result_explanation.rows_after IS 'rows after this time are compared with the reference''s, up to it';
COMMENT ON COLUMN fma_result_explanation.rank IS 'from 1: features by what their mix explains, their conditions after them';
COMMENT ON COLUMN fma_result_explanation.feature IS 'the column, or a part of its time';
COMMENT ON COLUMN fma_result_explanation.condition IS 'a condition on it; NULL: the feature as a whole';
COMMENT ON COLUMN fma_result_explanation.predicate IS 'the condition as SQL over the source''s columns';
COMMENT ON COLUMN fma_result_explanation.n_reference IS 'rows of the reference';
COMMENT ON COLUMN fma_result_explanation.n_current IS 'newer rows';
COMMENT ON COLUMN fma_result_explanation.share_reference IS 'share of the reference''s rows';
COMMENT ON COLUMN fma_result_explanation.share_current IS 'share of the newer rows';
COMMENT ON COLUMN fma_result_explanation.rate_reference IS 'failure rate or mean loss in the reference';
COMMENT ON COLUMN fma_result_explanation.rate_current IS 'failure rate or mean loss among the newer rows';
COMMENT ON COLUMN fma_result_explanation.mix_effect IS 'change of the rate of all rows since there are more or fewer such rows';
COMMENT ON COLUMN fma_result_explanation.rate_effect IS 'change of the rate of all rows since such rows fail at another rate';
COMMENT ON COLUMN fma_result_explanation.total_effect IS 'both together';
COMMENT ON COLUMN fma_result_explanation.p_value IS 'p-value of the change of the rate';
COMMENT ON COLUMN fma_result_explanation.q_value IS 'p-value after correction for all conditions';

ALTER TABLE fma_result_changepoint ENABLE ROW LEVEL SECURITY;
CREATE POLICY fma_result_reader ON fma_result_changepoint FOR SELECT USING (run_id IN (SELECT run_id FROM fma_result_run));
COMMENT ON POLICY fma_result_reader ON fma_result_changepoint IS 'results of the runs that the current user may read';
ALTER TABLE fma_result_drift ENABLE ROW LEVEL SECURITY;
CREATE POLICY fma_result_reader ON fma_result_drift FOR SELECT USING (run_id IN (SELECT run_id FROM fma_result_run));
COMMENT ON POLICY fma_result_reader ON fma_result_drift IS 'results of the runs that the current user may read';
ALTER TABLE fma_result_explanation ENABLE ROW LEVEL SECURITY;
CREATE POLICY fma_result_reader ON fma_result_explanation FOR SELECT USING (run_id IN (SELECT run_id FROM fma_result_run));
COMMENT ON POLICY fma_result_reader ON fma_result_explanation IS 'results of the runs that the current user may read';

ALTER TABLE fma_result_changepoint OWNER TO @extowner@;
ALTER TABLE fma_result_drift OWNER TO @extowner@;
ALTER TABLE fma_result_explanation OWNER TO @extowner@;
-- After the owner has changed, or a dump would hold this as a change of the extension.
GRANT SELECT ON fma_result_changepoint, fma_result_drift, fma_result_explanation TO PUBLIC;

SELECT pg_extension_config_dump('fma_result_changepoint', '');
SELECT pg_extension_config_dump('fma_result_drift', '');
SELECT pg_extension_config_dump('fma_result_explanation', '');

-- where: where and when more rows of runs failed than elsewhere

CREATE TABLE fma_result_space_time (
	run_id bigint NOT NULL REFERENCES fma_result_run ON DELETE CASCADE,
	rank bigint NOT NULL,
	place text,
	longitude double precision,
	latitude double precision,
	radius_km double precision,
	places integer,
	starts_at timestamptz,
	ends_at timestamptz,
	n bigint,
	failures bigint,
	expected double precision,
	relative_risk double precision,
	llr double precision,
	p_value double precision,
	gumbel_p double precision,
	predicate text,
	PRIMARY KEY (run_id, rank)
);
COMMENT ON TABLE fma_result_space_time IS 'clusters of places and periods with more failures, of runs
As fma_find_space_time returns them, of the current model version.';
COMMENT ON COLUMN fma_result_space_time.run_id IS 'the run';
COMMENT ON COLUMN fma_result_space_time.rank IS 'from 1, the likeliest cluster first';
COMMENT ON COLUMN fma_result_space_time.place IS 'the place in the middle';
COMMENT ON COLUMN fma_result_space_time.longitude IS 'its longitude, degrees';
COMMENT ON COLUMN fma_result_space_time.latitude IS 'its latitude, degrees';
COMMENT ON COLUMN fma_result_space_time.radius_km IS 'distance of the farthest place, km';
COMMENT ON COLUMN fma_result_space_time.places IS 'places in the circle';
COMMENT ON COLUMN fma_result_space_time.starts_at IS 'start of the first period';
COMMENT ON COLUMN fma_result_space_time.ends_at IS 'end of the last period, excluded';
COMMENT ON COLUMN fma_result_space_time.n IS 'rows';
COMMENT ON COLUMN fma_result_space_time.failures IS 'failures among them';
COMMENT ON COLUMN fma_result_space_time.expected IS 'failures expected if nothing were wrong';
COMMENT ON COLUMN fma_result_space_time.relative_risk IS 'failures over expected inside, divided by the same outside';
COMMENT ON COLUMN fma_result_space_time.llr IS 'logarithm of the likelihood ratio';
COMMENT ON COLUMN fma_result_space_time.p_value IS 'p-value by simulation, corrected for all places and periods looked at';
COMMENT ON COLUMN fma_result_space_time.gumbel_p IS 'the same by a Gumbel distribution, for small values';
COMMENT ON COLUMN fma_result_space_time.predicate IS 'as SQL over the source''s columns';

ALTER TABLE fma_result_space_time ENABLE ROW LEVEL SECURITY;
CREATE POLICY fma_result_reader ON fma_result_space_time FOR SELECT USING (run_id IN (SELECT run_id FROM fma_result_run));
COMMENT ON POLICY fma_result_reader ON fma_result_space_time IS 'results of the runs that the current user may read';

ALTER TABLE fma_result_space_time OWNER TO @extowner@;
-- After the owner has changed, or a dump would hold this as a change of the extension.
GRANT SELECT ON fma_result_space_time TO PUBLIC;

SELECT pg_extension_config_dump('fma_result_space_time', '');

-- rules: what a model must keep to, and whether it did

CREATE TABLE fma_rule (
	rule_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	dataset_id integer NOT NULL REFERENCES fma_dataset ON DELETE CASCADE,
	name text NOT NULL CHECK (name <> ''),
	metric text NOT NULL CHECK (metric IN ('F1Score', 'Precision', 'Recall', 'Accuracy', 'PixelAccuracy', 'IoU', 'wIoU',
		'ECE', 'FailureRate', 'MAE', 'RMSE')),
	threshold double precision NOT NULL,
	direction text NOT NULL CHECK (direction IN ('at least', 'at most')),
	labels text[],
	weights jsonb,
	min_confidence double precision,
	min_iou double precision,
	background_label text,
	background_mode text NOT NULL CHECK (background_mode IN ('include', 'exclude_from_average', 'ignore_truth')),
	segment_by text NOT NULL CHECK (segment_by IN ('overall', 'label', 'batch', 'period', 'place', 'model_version', 'slice', 'hotspot',
		'cluster')),
	min_rows bigint NOT NULL CHECK (min_rows > 0),
	pass_by text NOT NULL CHECK (pass_by IN ('estimate', 'bound')),
	created_at timestamptz NOT NULL DEFAULT current_timestamp
);
CREATE INDEX ON fma_rule (dataset_id);
COMMENT ON TABLE fma_rule IS 'rules: thresholds on metrics, checked at the end of every run
Written by fma_add_rule and fma_remove_rule.';
COMMENT ON SEQUENCE fma_rule_rule_id_seq IS 'numbers of rules';
COMMENT ON COLUMN fma_rule.rule_id IS 'number of the rule';
COMMENT ON COLUMN fma_rule.dataset_id IS 'the dataset';
COMMENT ON COLUMN fma_rule.name IS 'what it is called: by default what it says';
COMMENT ON COLUMN fma_rule.metric IS 'F1Score, Precision, Recall, Accuracy, PixelAccuracy, IoU, wIoU, ECE, FailureRate, MAE or RMSE';
COMMENT ON COLUMN fma_rule.threshold IS 'what the metric is held against';
COMMENT ON COLUMN fma_rule.direction IS 'at least or at most the threshold';
COMMENT ON COLUMN fma_rule.labels IS 'the labels meant; NULL for all';
COMMENT ON COLUMN fma_rule.weights IS 'weights of labels in wIoU';
COMMENT ON COLUMN fma_rule.min_confidence IS 'predictions with less confidence count as the background label: of rows, images or boxes';
COMMENT ON COLUMN fma_rule.min_iou IS 'overlap from which a segment or box is a hit';
COMMENT ON COLUMN fma_rule.background_label IS 'the label that is no class';
COMMENT ON COLUMN fma_rule.background_mode IS 'what becomes of it: include, exclude_from_average or ignore_truth';
COMMENT ON COLUMN fma_rule.segment_by IS 'what it is checked for each of: overall, label, batch, period, place, model_version, slice, hotspot, cluster';
COMMENT ON COLUMN fma_rule.min_rows IS 'a segment with fewer rows neither passes nor fails; of images, with fewer images, pixels or objects';
COMMENT ON COLUMN fma_rule.pass_by IS 'what must reach the threshold: the estimate, or the bound of its interval that makes it harder';
COMMENT ON COLUMN fma_rule.created_at IS 'when it was added';

CREATE TABLE fma_result_rule (
	run_id bigint NOT NULL REFERENCES fma_result_run ON DELETE CASCADE,
	rank bigint NOT NULL,
	rule_id integer NOT NULL,
	rule text NOT NULL,
	metric text NOT NULL,
	threshold double precision NOT NULL,
	direction text NOT NULL,
	segment_by text NOT NULL,
	segment text,
	starts_at timestamptz,
	model_version text,
	label text,
	value double precision,
	ci_low double precision,
	ci_high double precision,
	passed boolean,
	n bigint NOT NULL,
	share_of_rows double precision,
	share_of_failures double precision,
	reason text,
	PRIMARY KEY (run_id, rank)
);
COMMENT ON TABLE fma_result_rule IS 'what runs found of the rules: one row a rule and segment
At least one row for every rule.';
COMMENT ON COLUMN fma_result_rule.run_id IS 'the run';
COMMENT ON COLUMN fma_result_rule.rank IS 'from 1, the worst first: what failed by how much, what could not be told, what passed';
COMMENT ON COLUMN fma_result_rule.rule_id IS 'the rule; it may have been removed since';
COMMENT ON COLUMN fma_result_rule.rule IS 'its name';
COMMENT ON COLUMN fma_result_rule.metric IS 'its metric';
COMMENT ON COLUMN fma_result_rule.threshold IS 'its threshold';
COMMENT ON COLUMN fma_result_rule.direction IS 'at least or at most the threshold';
COMMENT ON COLUMN fma_result_rule.segment_by IS 'what it was checked for each of';
COMMENT ON COLUMN fma_result_rule.segment IS 'the label, batch, place, model version, slice, hotspot or cluster; NULL overall, and for rows without one';
COMMENT ON COLUMN fma_result_rule.starts_at IS 'of a period';
COMMENT ON COLUMN fma_result_rule.model_version IS 'the model version measured, where the dataset has one';
COMMENT ON COLUMN fma_result_rule.label IS 'the label measured, where it is one alone';
COMMENT ON COLUMN fma_result_rule.value IS 'the metric; NULL where it is undefined';
COMMENT ON COLUMN fma_result_rule.ci_low IS 'lower end of its 95 % interval; NULL where none is valid';
COMMENT ON COLUMN fma_result_rule.ci_high IS 'upper end of it';
COMMENT ON COLUMN fma_result_rule.passed IS 'whether the rule was kept; NULL where that cannot be told';
COMMENT ON COLUMN fma_result_rule.n IS 'rows, or pixels or objects of images, that the metric was measured on';
COMMENT ON COLUMN fma_result_rule.share_of_rows IS 'the segment''s share of all labelled rows';
COMMENT ON COLUMN fma_result_rule.share_of_failures IS 'its share of all failures; of a label, of all wrong predictions';
COMMENT ON COLUMN fma_result_rule.reason IS 'why passed is NULL';

-- They are read by whoever may read the dataset, and the run.
ALTER TABLE fma_rule ENABLE ROW LEVEL SECURITY;
ALTER TABLE fma_rule OWNER TO @extowner@;
CREATE POLICY fma_rule_reader ON fma_rule FOR SELECT USING (dataset_id IN (SELECT dataset_id FROM fma_dataset));
COMMENT ON POLICY fma_rule_reader ON fma_rule IS 'rules of the datasets that the current user may read';
ALTER TABLE fma_result_rule ENABLE ROW LEVEL SECURITY;
ALTER TABLE fma_result_rule OWNER TO @extowner@;
CREATE POLICY fma_result_reader ON fma_result_rule FOR SELECT USING (run_id IN (SELECT run_id FROM fma_result_run));
COMMENT ON POLICY fma_result_reader ON fma_result_rule IS 'results of the runs that the current user may read';
GRANT SELECT ON fma_rule, fma_result_rule TO PUBLIC;

SELECT pg_extension_config_dump('fma_rule', '');
SELECT pg_extension_config_dump('fma_rule_rule_id_seq', '');
SELECT pg_extension_config_dump('fma_result_rule', '');

-- functions

CREATE FUNCTION fma_add_rule(dataset text, metric text, threshold double precision, by text DEFAULT 'overall',
	label text DEFAULT NULL, labels text[] DEFAULT NULL, weights jsonb DEFAULT NULL, direction text DEFAULT NULL,
	min_rows bigint DEFAULT 30, pass_by text DEFAULT 'estimate', min_confidence double precision DEFAULT NULL,
	min_iou double precision DEFAULT NULL, background_label text DEFAULT NULL,
	background_mode text DEFAULT 'exclude_from_average', name text DEFAULT NULL)
	RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION fma_add_rule(text, text, double precision, text, text, text[], jsonb, text, bigint, text, double precision, double precision, text, text, text)
IS 'adds a rule to a dataset: a threshold on a metric, checked at the end of every run
metric: F1Score, Precision, Recall, Accuracy, PixelAccuracy, IoU, wIoU (at least the threshold), ECE, FailureRate, MAE, RMSE (at most).
by: overall, label, batch, period, place, model_version, slice, hotspot, cluster. label or labels: one, some, or ALL.
min_rows: smaller segments are not judged. pass_by: estimate, or bound of its 95 % interval. Returns the rule''s number.';

CREATE FUNCTION fma_remove_rule(rule_id integer) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
COMMENT ON FUNCTION fma_remove_rule(integer) IS 'removes a rule
What runs found of it stays with them.';

CREATE FUNCTION fma_check_run(name text, raise boolean DEFAULT false,
	OUT run_id bigint, OUT rank bigint, OUT rule_id integer, OUT rule text, OUT segment text, OUT starts_at timestamptz,
	OUT label text, OUT value double precision, OUT ci_low double precision, OUT ci_high double precision,
	OUT threshold double precision, OUT passed boolean, OUT n bigint, OUT reason text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE ROWS 10;
COMMENT ON FUNCTION fma_check_run(text, boolean) IS 'what breaks a dataset''s rules: a gate for continuous integration and cron jobs
The results of the newest complete run that did not pass, worst first. passed is false where a rule is broken, or the newest run failed, or there is none; NULL where it could not be told.
raise: an error (check_violation) if passed is false anywhere.';

-- What a rule counts as a prediction: at these thresholds, or as the dataset has it (NULL); and the label that is no class.
CREATE FUNCTION fma_rule_threshold(rule_confidence double precision, rule_iou double precision, rule_background text, settings jsonb,
	OUT min_confidence double precision, OUT min_iou double precision, OUT background text) RETURNS record
	LANGUAGE SQL IMMUTABLE
BEGIN ATOMIC
	SELECT CASE
			WHEN rule_confidence IS NOT NULL THEN rule_confidence
			WHEN rule_iou IS NULL THEN NULL
			WHEN d.boxes THEN coalesce((settings ->> 'min_confidence')::double precision, 0.5)
			ELSE 0 END,
		CASE WHEN d.boxes THEN coalesce(rule_iou, (settings ->> 'min_iou')::double precision, 0.5) ELSE rule_iou END,
		CASE WHEN d.boxes THEN 'background' ELSE coalesce(rule_background, CASE WHEN rule_confidence IS NOT NULL OR rule_iou IS NOT NULL THEN '(none)' END) END
	FROM (SELECT coalesce(settings ->> 'task' = 'detection', false) AS boxes) AS d;
END;
COMMENT ON FUNCTION fma_rule_threshold(double precision, double precision, text, jsonb) IS 'the thresholds of a rule, and the label that is no class
min_confidence is NULL where the rule is about what the dataset has without it.';

CREATE FUNCTION fma_evaluate_rules(run_id bigint) RETURNS SETOF fma_result_rule
	LANGUAGE SQL STABLE
BEGIN ATOMIC
	WITH run AS (
		SELECT u.dataset_id, u.model_version, u.settings, coalesce(u.settings ->> 'task' IN ('segmentation', 'detection'), false) AS of_images
		FROM fma_result_run AS u WHERE u.run_id = fma_evaluate_rules.run_id
	), summary AS (
		SELECT s.*, ARRAY[s.segment_by, s.segment, s.rank::text, s.starts_at::text, s.model_version] AS key
		FROM fma_result_summary AS s WHERE s.run_id = fma_evaluate_rules.run_id
	), whole AS (
		SELECT s.model_version, s.n - s.unlabelled AS n, (fma_failure_counts(s.failures)).failures
		FROM summary AS s WHERE s.segment_by = 'overall' AND s.min_confidence IS NULL
	), rule AS (
		SELECT r.*, run.model_version AS current_version, run.of_images, h.background, h.min_confidence AS at_confidence, h.min_iou AS at_iou,
			r.metric IN ('F1Score', 'Precision', 'Recall', 'Accuracy', 'PixelAccuracy', 'IoU', 'wIoU') AS of_labels,
			CASE WHEN r.segment_by IN ('label', 'model_version') THEN 'overall' ELSE r.segment_by END AS summed_by,
			CASE WHEN r.background_label IS NULL THEN 'exclude_from_average' ELSE r.background_mode END AS mode,
			(SELECT sum(w.n) FROM whole AS w WHERE r.segment_by = 'model_version' OR w.model_version IS NOT DISTINCT FROM run.model_version) AS all_n,
			(SELECT sum(w.failures) FROM whole AS w WHERE r.segment_by = 'model_version' OR w.model_version IS NOT DISTINCT FROM run.model_version) AS all_failures
		FROM run JOIN fma_rule AS r USING (dataset_id)
			CROSS JOIN LATERAL fma_rule_threshold(r.min_confidence, r.min_iou, r.background_label, run.settings) AS h
	), part AS (
		SELECT r.*, s.run_id IS NULL AS missing, r.at_confidence IS NOT NULL AND t.run_id IS NULL AS unthresholded,
			s.segment, s.starts_at, s.model_version, s.n - s.unlabelled AS labelled, s.failures, s.reliability, s.regression, s.n_units, s.design_effect,
			CASE WHEN r.of_labels THEN CASE WHEN r.at_confidence IS NULL THEN s.confusion ELSE t.confusion END END AS confusion
		FROM rule AS r
			LEFT JOIN summary AS s ON s.segment_by = r.summed_by AND s.min_confidence IS NULL
				AND (r.segment_by = 'model_version' OR s.model_version IS NOT DISTINCT FROM r.current_version)
			LEFT JOIN summary AS t ON t.key = s.key AND t.min_confidence = r.at_confidence AND t.min_iou IS NOT DISTINCT FROM r.at_iou
				AND t.below_label = r.background
	), measured AS (
		SELECT p.*, c.label AS one_label, c.support, everything.n AS all_support, c.missed, everything.missed AS all_missed,
			CASE p.metric WHEN 'ECE' THEN fma_ece(fma_coarsen(p.reliability, 10)) WHEN 'FailureRate' THEN fma_failure_rate(p.failures)
				WHEN 'MAE' THEN e.mae WHEN 'RMSE' THEN e.rmse ELSE c.value END AS value,
			CASE p.metric WHEN 'FailureRate' THEN f.low WHEN 'MAE' THEN m.low ELSE CASE WHEN p.design_effect IS NOT NULL AND NOT p.of_images THEN c.low END END AS low,
			CASE p.metric WHEN 'FailureRate' THEN f.high WHEN 'MAE' THEN m.high ELSE CASE WHEN p.design_effect IS NOT NULL AND NOT p.of_images THEN c.high END END AS high,
			coalesce(CASE WHEN p.metric = 'ECE' THEN (SELECT sum(b.n)::bigint FROM fma_bins(p.reliability) AS b)
				WHEN p.metric = 'FailureRate' THEN (fma_failure_counts(p.failures)).n WHEN p.of_labels THEN c.n ELSE e.n END, 0) AS n
		FROM part AS p
			LEFT JOIN LATERAL fma_metric_interval(p.confusion, p.metric, p.segment_by = 'label', p.labels, p.weights, p.background, p.mode,
				greatest(p.design_effect, 1)) AS c ON true
			LEFT JOIN LATERAL fma_metric_interval(CASE WHEN p.segment_by = 'label' THEN p.confusion END, 'Accuracy', false, NULL, NULL,
				p.background, p.mode) AS everything ON true
			LEFT JOIN LATERAL fma_failure_interval(CASE WHEN p.metric = 'FailureRate' THEN p.failures END, 'wilson', 0.95,
				p.design_effect) AS f ON true
			LEFT JOIN LATERAL fma_regression_metrics(CASE WHEN p.metric IN ('MAE', 'RMSE') THEN p.regression END) AS e ON true
			LEFT JOIN LATERAL fma_mae_interval(CASE WHEN p.metric = 'MAE' AND p.design_effect IS NOT NULL THEN p.regression END, p.design_effect, p.n_units) AS m ON true
	), tested AS (
		SELECT m.*, CASE WHEN m.pass_by = 'estimate' THEN m.value WHEN m.direction = 'at least' THEN m.low ELSE m.high END AS held
		FROM measured AS m
	), judged AS (
		SELECT t.*,
			CASE WHEN t.n >= t.min_rows AND (t.labelled >= t.min_rows OR NOT t.of_images) THEN CASE t.direction WHEN 'at least' THEN t.held >= t.threshold ELSE t.held <= t.threshold END END AS passed,
			CASE t.direction WHEN 'at least' THEN t.threshold - t.held ELSE t.held - t.threshold END
				/ CASE WHEN t.metric IN ('MAE', 'RMSE') AND t.threshold > 0 THEN t.threshold ELSE 1 END AS shortfall
		FROM tested AS t
	)
	SELECT fma_evaluate_rules.run_id,
		row_number() OVER (ORDER BY CASE WHEN NOT j.passed THEN 1 WHEN j.passed IS NULL THEN 2 ELSE 3 END, j.shortfall DESC NULLS LAST, j.n DESC,
			j.rule_id, j.segment COLLATE "C", j.one_label COLLATE "C", j.starts_at),
		j.rule_id, j.name, j.metric, j.threshold, j.direction, j.segment_by,
		CASE j.segment_by WHEN 'label' THEN j.one_label WHEN 'model_version' THEN j.model_version ELSE j.segment END,
		j.starts_at, j.model_version,
		CASE WHEN j.segment_by = 'label' THEN j.one_label WHEN cardinality(j.labels) = 1 THEN j.labels[1] END,
		j.value, j.low, j.high, j.passed, j.n,
		CASE WHEN j.segment_by = 'label' THEN j.support::double precision / nullif(j.all_support, 0)
			ELSE j.labelled::double precision / nullif(j.all_n, 0)::double precision END,
		CASE WHEN j.segment_by = 'label' THEN j.missed::double precision / nullif(j.all_missed, 0)
			ELSE (fma_failure_counts(j.failures)).failures::double precision / nullif(j.all_failures, 0)::double precision END,
		CASE WHEN j.passed IS NOT NULL THEN NULL
			WHEN j.missing THEN 'the run has no ' || j.segment_by || ' summaries'
			WHEN j.unthresholded THEN 'the run did not measure this confidence' || CASE WHEN j.at_iou IS NULL THEN '' ELSE ' and overlap' END
			WHEN j.n = 0 AND j.segment_by = 'label' AND j.one_label IS NOT NULL THEN
				CASE j.metric WHEN 'Precision' THEN 'never predicted' WHEN 'Recall' THEN 'never the truth' ELSE 'does not occur' END
			WHEN j.n = 0 THEN 'no rows'
			WHEN j.n < j.min_rows OR (j.labelled < j.min_rows AND j.of_images) THEN 'too few rows'
			WHEN j.value IS NULL THEN 'undefined'
			ELSE 'no interval' END
	FROM judged AS j;
END;
COMMENT ON FUNCTION fma_evaluate_rules(bigint) IS 'checks the dataset''s rules against what a run has stored
What fma_run does at its end. Called by itself it tells what a new rule would have said of an old run; nothing is written.';

-- private functions

CREATE FUNCTION fma_unmet_rules(dataset_id integer, OUT run_id bigint, OUT rank bigint, OUT rule_id integer, OUT rule text,
	OUT segment text, OUT starts_at timestamptz, OUT label text, OUT value double precision, OUT ci_low double precision,
	OUT ci_high double precision, OUT threshold double precision, OUT passed boolean, OUT n bigint, OUT reason text)
	RETURNS SETOF record LANGUAGE SQL STABLE
BEGIN ATOMIC
	WITH ended AS (
		SELECT u.* FROM fma_result_run AS u WHERE u.dataset_id = fma_unmet_rules.dataset_id AND u.status IN ('complete', 'failed')
	), newest AS (
		SELECT e.* FROM ended AS e ORDER BY e.run_id DESC LIMIT 1
	), complete AS (
		SELECT e.run_id FROM ended AS e WHERE e.status = 'complete' ORDER BY e.run_id DESC LIMIT 1
	), rule AS (
		SELECT r.* FROM fma_rule AS r WHERE r.dataset_id = fma_unmet_rules.dataset_id
	), result AS (
		SELECT f.* FROM fma_result_rule AS f JOIN complete USING (run_id) JOIN rule USING (rule_id)
	), unmet AS (
		SELECT w.run_id, 0 AS rank, NULL::integer AS rule_id, 'the newest run is complete' AS rule, NULL::text AS segment, NULL::timestamptz AS starts_at,
			NULL::text AS label, NULL::double precision AS value, NULL::double precision AS ci_low, NULL::double precision AS ci_high,
			NULL::double precision AS threshold, false AS passed, w.n,
			concat('run ', w.run_id, ' failed', ' in stage ' || w.failed_stage, ': ' || w.message) AS reason
		FROM newest AS w WHERE w.status = 'failed'
		UNION ALL
		SELECT NULL, 0, NULL, 'there is a complete run', NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, NULL, 'no run is complete'
		WHERE NOT EXISTS (SELECT FROM complete)
		UNION ALL
		SELECT f.run_id, f.rank, f.rule_id, f.rule, f.segment, f.starts_at, f.label, f.value, f.ci_low, f.ci_high, f.threshold, f.passed, f.n, f.reason
		FROM result AS f WHERE f.passed IS NOT TRUE
		UNION ALL
		SELECT c.run_id, NULL, r.rule_id, r.name, NULL, NULL, NULL, NULL, NULL, NULL, r.threshold, NULL, NULL, 'added after the run'
		FROM complete AS c, rule AS r WHERE NOT EXISTS (SELECT FROM result AS f WHERE f.rule_id = r.rule_id)
		UNION ALL
		SELECT NULL, NULL, NULL, 'there are rules', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'the dataset has no rules'
		WHERE NOT EXISTS (SELECT FROM rule)
	)
	SELECT x.run_id, x.rank, x.rule_id, x.rule, x.segment, x.starts_at, x.label, x.value, x.ci_low, x.ci_high, x.threshold, x.passed, x.n, x.reason
	FROM unmet AS x ORDER BY x.rank, x.rule_id;
END;
COMMENT ON FUNCTION fma_unmet_rules(integer) IS 'the rows of fma_check_run';

-- views

CREATE VIEW fma_rule_results WITH (security_invoker) AS
	SELECT d.name AS dataset, f.run_id, u.finished_at AS time, f.rank, f.rule_id, f.rule, f.metric, f.threshold, f.direction, f.segment_by,
		f.segment, f.starts_at, f.model_version, f.label, f.value, f.ci_low, f.ci_high, f.passed, f.n, f.share_of_rows,
		f.share_of_failures, f.reason
	FROM fma_result_rule AS f JOIN fma_result_run AS u USING (run_id) JOIN fma_dataset AS d USING (dataset_id)
	WHERE f.run_id = (SELECT max(newest.run_id) FROM fma_result_run AS newest WHERE newest.dataset_id = u.dataset_id AND newest.status = 'complete'
		AND newest.run_id <= fma_as_of_run())
	ORDER BY d.name, f.rank;
COMMENT ON VIEW fma_rule_results IS 'what the newest complete run of each dataset found of its rules, worst first
One row a rule and segment. fma_check_run returns those that did not pass.';
COMMENT ON COLUMN fma_rule_results.dataset IS 'name of the dataset';
COMMENT ON COLUMN fma_rule_results.run_id IS 'the run';
COMMENT ON COLUMN fma_rule_results.time IS 'when the run ended';
COMMENT ON COLUMN fma_rule_results.rank IS 'from 1, the worst first: what failed by how much, what could not be told, what passed';
COMMENT ON COLUMN fma_rule_results.rule_id IS 'the rule; it may have been removed since';
COMMENT ON COLUMN fma_rule_results.rule IS 'its name';
COMMENT ON COLUMN fma_rule_results.metric IS 'its metric';
COMMENT ON COLUMN fma_rule_results.threshold IS 'its threshold';
COMMENT ON COLUMN fma_rule_results.direction IS 'at least or at most the threshold';
COMMENT ON COLUMN fma_rule_results.segment_by IS 'what it was checked for each of';
COMMENT ON COLUMN fma_rule_results.segment IS 'the label, batch, place, model version, slice, hotspot or cluster; NULL overall, and for rows without one';
COMMENT ON COLUMN fma_rule_results.starts_at IS 'of a period';
COMMENT ON COLUMN fma_rule_results.model_version IS 'the model version measured, where the dataset has one';
COMMENT ON COLUMN fma_rule_results.label IS 'the label measured, where it is one alone';
COMMENT ON COLUMN fma_rule_results.value IS 'the metric; NULL where it is undefined';
COMMENT ON COLUMN fma_rule_results.ci_low IS 'lower end of its 95 % interval; NULL where none is valid';
COMMENT ON COLUMN fma_rule_results.ci_high IS 'upper end of it';
COMMENT ON COLUMN fma_rule_results.passed IS 'whether the rule was kept; NULL where that cannot be told';
COMMENT ON COLUMN fma_rule_results.n IS 'rows, or pixels or objects of images, that the metric was measured on';
COMMENT ON COLUMN fma_rule_results.share_of_rows IS 'the segment''s share of all labelled rows';
COMMENT ON COLUMN fma_rule_results.share_of_failures IS 'its share of all failures; of a label, of all wrong predictions';
COMMENT ON COLUMN fma_rule_results.reason IS 'why passed is NULL';
ALTER VIEW fma_rule_results OWNER TO @extowner@;
GRANT SELECT ON fma_rule_results TO PUBLIC;

-- schedule: runs and reports by pg_cron, where it is installed (doc/schedule.md)

CREATE FUNCTION fma_schedule(name text, cron text, action text DEFAULT 'run') RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
COMMENT ON FUNCTION fma_schedule(text, text, text) IS 'lets pg_cron run a dataset, as whoever schedules it
cron is a schedule as pg_cron takes it, such as ''0 3 * * *'' (in its time zone, UTC by default). action is run, or report: run, then save a report and keep the newest 100. The job is called "fma: " and the dataset''s name; its number is returned. A second call changes it.';

CREATE FUNCTION fma_unschedule(name text) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
COMMENT ON FUNCTION fma_unschedule(text) IS 'ends what fma_schedule began
Returns whether the caller had scheduled runs of that name; the dataset need not exist any more.';

-- predictions: the rows behind the figures (doc/predictions.md)

CREATE FUNCTION fma_list_predictions(dataset text,
	only_errors boolean DEFAULT false, only_high_confidence_errors boolean DEFAULT false,
	true_label text DEFAULT NULL, pred_label text DEFAULT NULL,
	min_conf double precision DEFAULT NULL, max_conf double precision DEFAULT NULL,
	hotspot integer DEFAULT NULL, conditions jsonb DEFAULT NULL,
	sort text DEFAULT 'confidence_desc', page integer DEFAULT 1, page_size integer DEFAULT 10,
	model_version text DEFAULT NULL, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL,
	count_limit integer DEFAULT 10000,
	OUT id text, OUT true_label text, OUT pred_label text, OUT confidence double precision, OUT error_type text,
	OUT image_url text, OUT occurred_at timestamptz, OUT model_version text, OUT total bigint, OUT total_is_exact boolean)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE COST 10000 ROWS 10;
COMMENT ON FUNCTION fma_list_predictions(text, boolean, boolean, text, text, double precision, double precision, integer, jsonb, text,
	integer, integer, text, timestamptz, timestamptz, integer) IS 'a page of a dataset''s predictions, the most confident first
hotspot is the rank of one of the newest complete run''s; conditions are [{"column", "op", "value"}] as the finders write them; sort is confidence_desc or confidence_asc.
Of images true_label and pred_label are the pair that the image confuses most, and asked for, those with such a cell.
error_type is correct, error or confident_error. total counts all rows asked for, no further than count_limit (NULL: all); total_is_exact says whether it reached the end.';

CREATE FUNCTION fma_get_prediction(dataset text, id text, model_version text DEFAULT NULL,
	OUT id text, OUT true_label text, OUT pred_label text, OUT confidence double precision, OUT error_type text,
	OUT image_url text, OUT failed boolean, OUT loss double precision, OUT occurred_at timestamptz, OUT model_version text,
	OUT batch text, OUT unit text, OUT place text, OUT longitude double precision, OUT latitude double precision,
	OUT probabilities jsonb, OUT embedding jsonb, OUT attributes jsonb, OUT metrics jsonb)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE COST 1000 ROWS 1;
COMMENT ON FUNCTION fma_get_prediction(text, text, text) IS 'all about one prediction, its features as JSON
metrics is an image''s own, of task segmentation or detection: what it is judged by, its labels, and the cells of its confusion matrix.
One row, or one for each model version that has the id; none where no row has it.';

CREATE FUNCTION fma_export_query(dataset text,
	only_errors boolean DEFAULT false, only_high_confidence_errors boolean DEFAULT false,
	true_label text DEFAULT NULL, pred_label text DEFAULT NULL,
	min_conf double precision DEFAULT NULL, max_conf double precision DEFAULT NULL,
	hotspot integer DEFAULT NULL, conditions jsonb DEFAULT NULL,
	sort text DEFAULT 'confidence_desc',
	model_version text DEFAULT NULL, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
	RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE COST 1000;
COMMENT ON FUNCTION fma_export_query(text, boolean, boolean, text, text, double precision, double precision, integer, jsonb, text,
	text, timestamptz, timestamptz) IS 'the SELECT of the predictions that are asked for, to be put into COPY
Columns id, true_label, pred_label, confidence, error_type, image_url. It runs with the rights of whoever executes it, and has the owner''s expressions in it.';

-- dashboard: stored results as JSON (doc/dashboard.md)

-- private: which run and which summary all of them show

CREATE FUNCTION fma_newest_run(dataset text, model_version text, OUT run_id bigint, OUT model_version text) RETURNS record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE;
COMMENT ON FUNCTION fma_newest_run(text, text) IS 'the newest complete run of a dataset, and the model version to show
The version asked for, else the run''s current one. Errors: unknown dataset, no complete run, unknown version.';

CREATE FUNCTION fma_newest_summary(dataset text, model_version text) RETURNS SETOF fma_result_summary
	LANGUAGE SQL STABLE ROWS 1
BEGIN ATOMIC
	SELECT s.* FROM fma_newest_run(dataset, model_version) AS w
		JOIN fma_result_summary AS s ON s.run_id = w.run_id AND s.segment_by = 'overall'
			AND s.model_version IS NOT DISTINCT FROM w.model_version AND s.min_confidence IS NULL;
END;
COMMENT ON FUNCTION fma_newest_summary(text, text) IS 'the overall summary of a dataset''s newest complete run
Of the model version asked for, else the current one; one row.';

-- functions

CREATE FUNCTION fma_get_overview(dataset text, model_version text DEFAULT NULL) RETURNS jsonb
	LANGUAGE SQL STABLE
BEGIN ATOMIC
	SELECT jsonb_build_object(
		'dataset', fma_get_overview.dataset,
		'task', coalesce(r.settings ->> 'task', 'classification'),
		'run_id', r.run_id,
		'finished_at', r.finished_at,
		'since', r.since,
		'until', r.until,
		'first_at', r.first_at,
		'last_at', r.last_at,
		'model_version', s.model_version,
		'model_versions', (SELECT coalesce(jsonb_agg(v.model_version ORDER BY v.model_version COLLATE "C"), '[]')
			FROM fma_result_summary AS v WHERE v.run_id = s.run_id AND v.segment_by = 'overall'
				AND v.min_confidence IS NULL AND v.model_version IS NOT NULL),
		'n', s.n,
		'unlabelled', s.unlabelled,
		'failures', (fma_failure_counts(s.failures)).failures,
		'failure_rate', fma_failure_rate(s.failures),
		'ci_low', i.low,
		'ci_high', i.high,
		'n_units', s.n_units,
		'design_effect', s.design_effect,
		'high_confidence', coalesce((r.settings ->> 'high_confidence')::double precision, 0.8),
		'confident_errors', s.confident_errors,
		'labels', (SELECT count(*) FROM fma_class_metrics(s.confusion) AS k WHERE k.label IS DISTINCT FROM s.below_label),
		'accuracy', fma_accuracy(s.confusion),
		'balanced_accuracy', fma_balanced_accuracy(s.confusion, s.below_label),
		'macro_precision', fma_precision(s.confusion, 'macro', s.below_label),
		'macro_recall', fma_recall(s.confusion, 'macro', s.below_label),
		'macro_f1', fma_f1(s.confusion, 'macro', s.below_label),
		'mean_iou', fma_iou(s.confusion, 'macro', s.below_label),
		'weighted_f1', fma_f1(s.confusion, 'weighted', s.below_label),
		'mcc', fma_mcc(s.confusion),
		'kappa', fma_kappa(s.confusion),
		'mean_confidence', (SELECT mean_confidence FROM fma_bins(fma_coarsen(s.reliability, 1))),
		'ece', fma_ece(ten.r),
		'ece_if_calibrated', s.ece_if_calibrated,
		'ece_p_value', s.ece_p_value,
		'mce', fma_mce(ten.r),
		'brier', (fma_confidence_brier(s.reliability)).brier,
		'confidence_log_loss', fma_confidence_log_loss(s.reliability),
		'log_loss', s.log_loss,
		'top_3_accuracy', s.top_3_accuracy,
		'top_5_accuracy', s.top_5_accuracy,
		'classwise_ece', s.classwise_ece,
		'mae', m.mae,
		'rmse', m.rmse,
		'r2', m.r2,
		'bias', m.bias,
		'hotspots', (SELECT count(*) FROM fma_result_slice AS h WHERE h.run_id = s.run_id AND h.kind = 'hotspot'))
	FROM fma_newest_summary(dataset, model_version) AS s
		JOIN fma_result_run AS r USING (run_id),
		LATERAL (SELECT fma_coarsen(s.reliability, 10) AS r) AS ten
		LEFT JOIN LATERAL fma_failure_interval(s.failures, 'wilson', 0.95, s.design_effect) AS i ON true
		LEFT JOIN LATERAL fma_regression_metrics(s.regression) AS m ON true;
END;
COMMENT ON FUNCTION fma_get_overview(text, text) IS 'the figures of a dataset''s newest complete run, as a JSON object
Of a model version, by default the current one. What the dataset has no columns for is null.';

CREATE FUNCTION fma_get_confusion_matrix(dataset text, model_version text DEFAULT NULL) RETURNS jsonb
	LANGUAGE SQL STABLE
BEGIN ATOMIC
	WITH summary AS (
		SELECT s.*, m.labels, m.n_labels <= 1000 AS shown FROM fma_newest_summary(dataset, model_version) AS s,
			LATERAL (SELECT jsonb_agg(k.label ORDER BY k.place) AS labels, count(*) AS n_labels
				FROM fma_class_metrics(s.confusion) WITH ORDINALITY AS k (label, support, predicted,
					tp, fp, fn, tn, precision, recall, f1, iou, place)) AS m
	), line AS (
		SELECT c.truth, min(c.place) AS place,
			jsonb_agg(c.n ORDER BY c.place) AS counts,
			jsonb_agg(c.share_of_truth ORDER BY c.place) AS of_truth,
			jsonb_agg(c.share_of_prediction ORDER BY c.place) AS of_prediction
		FROM summary AS s, fma_cells(s.confusion, true) WITH ORDINALITY AS c (truth, prediction, n,
			share_of_truth, share_of_prediction, share_of_all, weight, place)
		WHERE s.shown
		GROUP BY c.truth
	)
	SELECT jsonb_build_object(
		'dataset', fma_get_confusion_matrix.dataset,
		'run_id', s.run_id,
		'model_version', s.model_version,
		'labels', coalesce(s.labels, '[]'),
		'counts', CASE WHEN s.shown THEN coalesce(m.counts, '[]') END,
		'share_of_truth', CASE WHEN s.shown THEN coalesce(m.of_truth, '[]') END,
		'share_of_prediction', CASE WHEN s.shown THEN coalesce(m.of_prediction, '[]') END)
	FROM summary AS s, (
		SELECT jsonb_agg(l.counts ORDER BY l.place) AS counts,
			jsonb_agg(l.of_truth ORDER BY l.place) AS of_truth, jsonb_agg(l.of_prediction ORDER BY l.place) AS of_prediction
		FROM line AS l) AS m;
END;
COMMENT ON FUNCTION fma_get_confusion_matrix(text, text) IS 'the confusion matrix of a dataset''s newest complete run, as a JSON object
labels, and three matrices with a row for each true label: counts, share_of_truth (rows sum to 1), share_of_prediction (columns sum to 1).
With more than 1,000 labels the matrices are null: fma_confusion_cells has the cells that are not zero.';

CREATE FUNCTION fma_get_errors_by_class(dataset text, model_version text DEFAULT NULL) RETURNS jsonb
	LANGUAGE SQL STABLE
BEGIN ATOMIC
	WITH summary AS (
		SELECT * FROM fma_newest_summary(dataset, model_version)
	), class AS (
		SELECT m.label, m.support::bigint AS n, m.predicted::bigint AS predicted, m.fn::bigint AS errors,
			m.precision, m.recall, m.f1, m.place, sum(m.fn) OVER () AS all_errors
		FROM summary AS s, fma_class_metrics(s.confusion) WITH ORDINALITY AS m (label, support, predicted,
			tp, fp, fn, tn, precision, recall, f1, iou, place)
		WHERE m.label IS DISTINCT FROM s.below_label
	), mistake AS (
		SELECT DISTINCT ON (c.truth) c.truth, c.prediction, c.n
		FROM summary AS s, fma_cells(s.confusion, false) WITH ORDINALITY AS c (truth, prediction, n,
			share_of_truth, share_of_prediction, share_of_all, weight, place)
		WHERE c.truth <> c.prediction
		ORDER BY c.truth, c.n DESC, c.place
	)
	SELECT jsonb_build_object(
		'dataset', fma_get_errors_by_class.dataset,
		'run_id', s.run_id,
		'model_version', s.model_version,
		'classes', (
			SELECT coalesce(jsonb_agg(jsonb_build_object(
				'label', c.label,
				'support', c.n,
				'predicted', c.predicted,
				'errors', c.errors,
				'error_rate', c.errors / nullif(c.n, 0)::double precision,
				'share_of_errors', c.errors / nullif(c.all_errors, 0),
				'precision', c.precision,
				'recall', c.recall,
				'f1', c.f1,
				'taken_for', m.prediction,
				'taken_for_n', m.n) ORDER BY c.errors DESC, c.place), '[]')
			FROM class AS c LEFT JOIN mistake AS m ON m.truth = c.label))
	FROM summary AS s;
END;
COMMENT ON FUNCTION fma_get_errors_by_class(text, text) IS 'the errors of each true label in a dataset''s newest complete run, as a JSON object
classes, the one with most errors first: support, errors, error_rate, share_of_errors, precision, recall, f1, and the label it is most often taken for.';

CREATE FUNCTION fma_get_calibration(dataset text, bins integer DEFAULT 10, model_version text DEFAULT NULL) RETURNS jsonb
	LANGUAGE SQL STABLE
BEGIN ATOMIC
	SELECT jsonb_build_object(
		'dataset', fma_get_calibration.dataset,
		'run_id', s.run_id,
		'model_version', s.model_version,
		'n', (SELECT sum(n) FROM fma_bins(coarse.r)),
		'ece', fma_ece(coarse.r),
		'mce', fma_mce(coarse.r),
		'ece_if_calibrated', c.expected,
		'ece_p_value', c.p_value,
		'bins', (
			SELECT coalesce(jsonb_agg(jsonb_build_object('bin', b.bin, 'low', b.low, 'high', b.high, 'n', b.n,
				'mean_confidence', b.mean_confidence, 'accuracy', b.accuracy, 'gap', b.gap,
				'ci_low', b.ci_low, 'ci_high', b.ci_high) ORDER BY b.bin), '[]')
			FROM fma_bins(coarse.r) AS b))
	FROM fma_newest_summary(dataset, model_version) AS s,
		LATERAL (SELECT fma_coarsen(s.reliability, coalesce(bins, 10)) AS r) AS coarse
		LEFT JOIN LATERAL fma_ece_if_calibrated(coarse.r) AS c ON true;
END;
COMMENT ON FUNCTION fma_get_calibration(text, integer, text) IS 'the reliability diagram of a dataset''s newest complete run, as a JSON object
bins must divide 100. ece is that of as many bins; ece_if_calibrated is what a perfectly calibrated model would show.';

CREATE FUNCTION fma_get_confidence_curve(dataset text, model_version text DEFAULT NULL) RETURNS jsonb
	LANGUAGE SQL STABLE
BEGIN ATOMIC
	SELECT jsonb_build_object(
		'dataset', fma_get_confidence_curve.dataset,
		'run_id', s.run_id,
		'model_version', s.model_version,
		'points', (
			SELECT coalesce(jsonb_agg(jsonb_build_object('threshold', p.low, 'n', p.n,
				'coverage', p.n / nullif(p.all_rows, 0), 'errors', p.n - p.correct,
				'accuracy', p.correct / nullif(p.n, 0)) ORDER BY p.low), '[]')
			FROM (
				SELECT b.low, sum(b.n) OVER above AS n, sum(round(b.accuracy * b.n)) OVER above AS correct,
					sum(b.n::double precision) OVER () AS all_rows
				FROM fma_bins(s.reliability) AS b
				WINDOW above AS (ORDER BY b.low DESC)) AS p))
	FROM fma_newest_summary(dataset, model_version) AS s;
END;
COMMENT ON FUNCTION fma_get_confidence_curve(text, text) IS 'what is gained by trusting only confident predictions, as a JSON object
points, one a hundredth: of the rows with at least this confidence their number, their share (coverage), their errors and accuracy.';

CREATE FUNCTION fma_get_predictions(dataset text,
	only_errors boolean DEFAULT false, only_high_confidence_errors boolean DEFAULT false,
	true_label text DEFAULT NULL, pred_label text DEFAULT NULL,
	min_conf double precision DEFAULT NULL, max_conf double precision DEFAULT NULL,
	hotspot integer DEFAULT NULL, conditions jsonb DEFAULT NULL,
	sort text DEFAULT 'confidence_desc', page integer DEFAULT 1, page_size integer DEFAULT 10,
	model_version text DEFAULT NULL, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL,
	count_limit integer DEFAULT 10000) RETURNS jsonb
	LANGUAGE SQL STABLE
BEGIN ATOMIC
	WITH item AS (
		SELECT * FROM fma_list_predictions(dataset, only_errors, only_high_confidence_errors, true_label, pred_label,
			min_conf, max_conf, hotspot, conditions, sort, page, page_size, model_version, since, until, count_limit)
			WITH ORDINALITY AS p (id, true_label, pred_label, confidence, error_type, image_url, occurred_at, model_version,
				total, total_is_exact, place)
	), total AS (
		SELECT i.total, i.total_is_exact FROM item AS i WHERE i.place = 1
		UNION ALL
		(SELECT f.total, f.total_is_exact
		FROM fma_list_predictions(dataset, only_errors, only_high_confidence_errors, true_label, pred_label,
			min_conf, max_conf, hotspot, conditions, sort, 1, 1, model_version, since, until, count_limit) AS f
		WHERE NOT EXISTS (SELECT FROM item) AND page > 1)
	)
	SELECT jsonb_build_object(
		'dataset', fma_get_predictions.dataset,
		'page', page,
		'page_size', page_size,
		'total', coalesce((SELECT t.total FROM total AS t), 0),
		'total_is_exact', coalesce((SELECT t.total_is_exact FROM total AS t), true),
		'items', (
			SELECT coalesce(jsonb_agg(jsonb_build_object('id', i.id, 'true_label', i.true_label, 'pred_label', i.pred_label,
				'confidence', i.confidence, 'error_type', i.error_type, 'image_url', i.image_url,
				'occurred_at', i.occurred_at, 'model_version', i.model_version) ORDER BY i.place), '[]')
			FROM item AS i));
END;
COMMENT ON FUNCTION fma_get_predictions(text, boolean, boolean, text, text, double precision, double precision, integer, jsonb, text,
	integer, integer, text, timestamptz, timestamptz, integer) IS 'a page of a dataset''s predictions, as a JSON object
The arguments of fma_list_predictions; page, page_size, total, total_is_exact, items. A page beyond the last has no items.';

-- views: the newest complete run of each dataset, one row a fact, for people and BI tools

CREATE VIEW fma_latest_run WITH (security_invoker = true) AS
SELECT d.dataset_id, d.name AS dataset, r.run_id, r.started_at, r.finished_at, r.since, r.until, r.n, r.first_at, r.last_at,
	r.model_version, r.period
FROM fma_dataset AS d CROSS JOIN LATERAL (
	SELECT * FROM fma_result_run AS r WHERE r.dataset_id = d.dataset_id AND r.status = 'complete' AND r.run_id <= fma_as_of_run()
	ORDER BY r.run_id DESC LIMIT 1
) AS r;
COMMENT ON VIEW fma_latest_run IS 'the newest complete run of each dataset
Every other view shows what this run found. SET fma.as_of_run = 12 shows what they said when run 12 was the newest.';

CREATE VIEW fma_segment_metrics WITH (security_invoker = true) AS
SELECT d.name AS dataset, s.run_id, s.segment_by, s.segment, s.rank, s.starts_at, s.ends_at, s.longitude, s.latitude,
	s.model_version, s.model_version IS NOT DISTINCT FROM r.model_version AS is_current,
	s.n, s.unlabelled, f.failures, fma_failure_rate(s.failures) AS failure_rate, i.low AS ci_low, i.high AS ci_high,
	fma_failure_rate(s.failures) / NULLIF(fma_failure_rate(o.failures), 0) AS lift,
	f.failures::double precision / NULLIF((fma_failure_counts(o.failures)).failures, 0) AS share_of_failures,
	fma_failure_rate(o.failures - s.failures) AS rest_rate,
	CASE WHEN s.n_units IS NULL THEN fma_failure_test(s.failures, o.failures - s.failures) END AS p_value, s.confident_errors,
	fma_accuracy(s.confusion) AS accuracy, fma_balanced_accuracy(s.confusion, s.below_label) AS balanced_accuracy,
	fma_precision(s.confusion, 'macro', s.below_label) AS macro_precision, fma_recall(s.confusion, 'macro', s.below_label) AS macro_recall,
	fma_f1(s.confusion, 'macro', s.below_label) AS macro_f1, fma_iou(s.confusion, 'macro', s.below_label) AS mean_iou,
	fma_mcc(s.confusion) AS mcc, fma_kappa(s.confusion) AS kappa,
	fma_ece(fma_coarsen(s.reliability, 10)) AS ece, s.ece_if_calibrated, s.ece_p_value, fma_mce(fma_coarsen(s.reliability, 10)) AS mce,
	(fma_confidence_brier(s.reliability)).brier AS brier, fma_confidence_log_loss(s.reliability) AS confidence_log_loss,
	g.mae, g.rmse, g.r2, g.bias,
	s.log_loss, s.top_3_accuracy, s.top_5_accuracy, s.classwise_ece, s.n_units, s.design_effect
FROM fma_dataset AS d
JOIN fma_result_run AS r ON r.dataset_id = d.dataset_id AND r.status = 'complete'
JOIN fma_result_summary AS s ON s.run_id = r.run_id AND s.min_confidence IS NULL
JOIN fma_result_summary AS o ON o.run_id = r.run_id AND o.segment_by = 'overall' AND o.min_confidence IS NULL
	AND o.model_version IS NOT DISTINCT FROM s.model_version
LEFT JOIN LATERAL fma_failure_counts(s.failures) AS f ON true
LEFT JOIN LATERAL fma_failure_interval(s.failures, 'wilson', 0.95, s.design_effect) AS i ON true
LEFT JOIN LATERAL fma_regression_metrics(s.regression) AS g ON true;
COMMENT ON VIEW fma_segment_metrics IS 'all metrics of every segment of every complete run
One row a segment and model version: overall, period, batch, place, cluster, slice, hotspot. What the other views show of the newest run.';

CREATE VIEW fma_overview WITH (security_invoker = true) AS
SELECT l.dataset, l.run_id, l.finished_at, s.model_version, s.is_current,
	s.n, s.unlabelled, s.failures, s.failure_rate, s.ci_low, s.ci_high, s.confident_errors,
	s.accuracy, s.balanced_accuracy, s.macro_precision, s.macro_recall, s.macro_f1, s.mean_iou, s.mcc, s.kappa,
	s.ece, s.ece_if_calibrated, s.ece_p_value, s.mce, s.brier, s.confidence_log_loss, s.mae, s.rmse, s.r2, s.bias,
	s.log_loss, s.top_3_accuracy, s.top_5_accuracy, s.classwise_ece, s.n_units, s.design_effect, l.first_at, l.last_at
FROM fma_latest_run AS l
JOIN fma_segment_metrics AS s ON s.run_id = l.run_id AND s.segment_by = 'overall';
COMMENT ON VIEW fma_overview IS 'how often each model version fails, and every overall metric
One row a dataset and model version.';

CREATE VIEW fma_run_history WITH (security_invoker = true) AS
SELECT s.dataset, s.run_id, r.started_at AS time, s.model_version, s.n, s.unlabelled, s.failures, s.failure_rate, s.ci_low, s.ci_high,
	s.confident_errors, s.accuracy, s.macro_f1, s.mean_iou, s.ece, s.mae, s.rmse
FROM fma_segment_metrics AS s JOIN fma_result_run AS r USING (run_id)
WHERE s.segment_by = 'overall' AND s.is_current;
COMMENT ON VIEW fma_run_history IS 'all complete runs of each dataset: how the current model version did in each
One row a run.';

CREATE VIEW fma_confusion_cells WITH (security_invoker = true) AS
SELECT l.dataset, l.run_id, s.model_version, c.truth, c.prediction, c.n::bigint AS n, c.share_of_truth, c.share_of_prediction, c.share_of_all,
	c.truth = c.prediction AS correct
FROM fma_latest_run AS l
JOIN fma_result_summary AS s ON s.run_id = l.run_id AND s.segment_by = 'overall' AND s.min_confidence IS NULL
CROSS JOIN LATERAL fma_cells(s.confusion, (SELECT count(*) <= 100 FROM fma_class_metrics(s.confusion))) AS c;
COMMENT ON VIEW fma_confusion_cells IS 'the confusion matrix: absolute, by truth and by prediction
One row a cell; empty cells too, up to 100 labels.';

CREATE VIEW fma_label_metrics WITH (security_invoker = true) AS
SELECT l.dataset, l.run_id, s.model_version, m.label, m.support::bigint AS support, m.predicted::bigint AS predicted,
	m.tp::bigint AS tp, m.fp::bigint AS fp, m.fn::bigint AS fn, m.tn::bigint AS tn, m.precision, m.recall, m.f1, m.iou,
	(m.fn / NULLIF(sum(m.fn) OVER (PARTITION BY l.run_id, s.model_version), 0))::double precision AS share_of_errors,
	w.prediction AS taken_for, w.n::bigint AS taken_for_n
FROM fma_latest_run AS l
JOIN fma_result_summary AS s ON s.run_id = l.run_id AND s.segment_by = 'overall' AND s.min_confidence IS NULL
JOIN LATERAL fma_class_metrics(s.confusion) AS m ON m.label IS DISTINCT FROM s.below_label
LEFT JOIN (
	SELECT DISTINCT ON (s.run_id, s.model_version, c.truth) s.run_id, s.model_version, c.truth, c.prediction, c.n
	FROM fma_latest_run AS l JOIN fma_result_summary AS s ON s.run_id = l.run_id AND s.segment_by = 'overall' AND s.min_confidence IS NULL
	CROSS JOIN LATERAL fma_cells(s.confusion) AS c
	WHERE c.truth <> c.prediction AND c.n > 0
	ORDER BY s.run_id, s.model_version, c.truth, c.n DESC, c.prediction
) AS w ON w.run_id = s.run_id AND w.model_version IS NOT DISTINCT FROM s.model_version AND w.truth = m.label;
COMMENT ON VIEW fma_label_metrics IS 'precision, recall, F1 and IoU of each label, and what it is most often taken for
One row a label.';

CREATE VIEW fma_calibration WITH (security_invoker = true) AS
SELECT l.dataset, l.run_id, s.model_version, b.bin, b.low, b.high, b.n, b.mean_confidence, b.accuracy, b.gap, b.ci_low, b.ci_high,
	fma_ece(r.reliability) AS ece
FROM fma_latest_run AS l
JOIN fma_result_summary AS s ON s.run_id = l.run_id AND s.segment_by = 'overall' AND s.min_confidence IS NULL
CROSS JOIN LATERAL fma_coarsen(s.reliability, 10) AS r (reliability)
CROSS JOIN LATERAL fma_bins(r.reliability) AS b;
COMMENT ON VIEW fma_calibration IS 'the reliability diagram: does a confidence of 0.7 mean right in 70 of 100 cases?
One row a bin, ten bins, empty ones too.';

CREATE VIEW fma_confidence_curve WITH (security_invoker = true) AS
SELECT l.dataset, l.run_id, s.model_version, b.low AS threshold, b.n AS n_in_bin, (b.n - b.correct) AS errors_in_bin,
	(sum(b.n) OVER above)::bigint AS n, (sum(b.n - b.correct) OVER above)::bigint AS errors,
	(sum(b.n) OVER above / NULLIF(sum(b.n) OVER everything, 0))::double precision AS coverage,
	(sum(b.correct) OVER above / NULLIF(sum(b.n) OVER above, 0))::double precision AS accuracy
FROM fma_latest_run AS l
JOIN fma_result_summary AS s ON s.run_id = l.run_id AND s.segment_by = 'overall' AND s.min_confidence IS NULL
CROSS JOIN LATERAL (
	SELECT bin, low, n, coalesce(round(n * accuracy), 0)::bigint AS correct FROM fma_bins(s.reliability)
) AS b
WINDOW everything AS (PARTITION BY l.run_id, s.model_version),
	above AS (PARTITION BY l.run_id, s.model_version ORDER BY b.bin DESC);
COMMENT ON VIEW fma_confidence_curve IS 'what is left, and how right it is, when only predictions from a confidence on are used
One row a threshold, in steps of 0.01.';

CREATE VIEW fma_slice_metrics WITH (security_invoker = true) AS
SELECT l.dataset, l.run_id, l.model_version, x.rank, x.slice, x.n, x.failures, x.failure_rate, x.mean_loss, x.ci_low, x.ci_high, x.baseline_rate,
	x.rest_rate, x.lift, x.excess_failures, x.share_of_failures, x.p_value, x.q_value, x.n_units,
	s.accuracy, s.macro_f1, s.mean_iou, s.ece, s.mae, s.rmse, s.bias, s.confident_errors, x.predicate, x.conditions::text AS conditions
FROM fma_latest_run AS l
JOIN fma_result_slice AS x ON x.run_id = l.run_id AND x.kind = 'slice'
LEFT JOIN fma_segment_metrics AS s ON s.run_id = x.run_id AND s.segment_by = x.kind AND s.rank = x.rank;
COMMENT ON VIEW fma_slice_metrics IS 'the slices with the most failures beyond the expected, with their metrics
One row a slice. A slice with q_value < 0.05 and lift > 1 is worse than the rest beyond chance.';

CREATE VIEW fma_hotspots WITH (security_invoker = true) AS
SELECT l.dataset, l.run_id, l.model_version, x.rank, x.slice, x.n, x.failures, x.failure_rate, x.mean_loss, x.ci_low, x.ci_high, x.baseline_rate,
	x.rest_rate, x.lift, x.excess_failures, x.share_of_failures, x.p_value, x.q_value, x.n_units,
	coalesce(c.verdict, 'new') AS confirmation, c.n AS new_n, c.failure_rate AS new_failure_rate, c.mean_loss AS new_mean_loss,
	c.q_value AS new_q_value,
	s.accuracy, s.macro_f1, s.mean_iou, s.ece, s.mae, s.rmse, s.bias, s.confident_errors, x.predicate, x.conditions::text AS conditions
FROM fma_latest_run AS l
JOIN fma_result_slice AS x ON x.run_id = l.run_id AND x.kind = 'hotspot'
LEFT JOIN fma_segment_metrics AS s ON s.run_id = x.run_id AND s.segment_by = x.kind AND s.rank = x.rank
LEFT JOIN fma_result_confirmation AS c ON c.run_id = x.run_id AND c.conditions = x.conditions;
COMMENT ON VIEW fma_hotspots IS 'the few slices that matter: each worse than the rest and than every more general slice
One row a hotspot. Rates of newly found hotspots are inflated; confirmation tells what the rows since the run before say.';

CREATE VIEW fma_hotspot_confirmation WITH (security_invoker = true) AS
SELECT l.dataset, l.run_id, l.model_version, c.rank, c.slice, c.verdict AS confirmation, c.rows_after, c.previous_run_id, c.previous_n, c.previous_rate,
	c.n, c.failures, c.failure_rate, c.mean_loss, c.ci_low, c.ci_high, c.rest_rate, c.lift, c.p_value, c.q_value, c.n_units,
	c.predicate, c.conditions::text AS conditions
FROM fma_latest_run AS l JOIN fma_result_confirmation AS c ON c.run_id = l.run_id;
COMMENT ON VIEW fma_hotspot_confirmation IS 'the hotspots of the run before, measured on the rows that came since
One row a hotspot: confirmed, not confirmed, or too few rows.';

CREATE VIEW fma_timeline WITH (security_invoker = true) AS
SELECT l.dataset, l.run_id, s.starts_at AS time, s.ends_at, l.period, s.model_version, s.n, s.unlabelled, s.failures, s.failure_rate,
	s.ci_low, s.ci_high, s.confident_errors, s.accuracy, s.macro_f1, s.mean_iou, s.ece, s.mae, s.rmse, s.bias, s.n_units, s.design_effect
FROM fma_latest_run AS l
JOIN fma_segment_metrics AS s ON s.run_id = l.run_id AND s.segment_by = 'period';
COMMENT ON VIEW fma_timeline IS 'how often the model fails, period by period
One row a period and model version; rows without a time have none.';

CREATE VIEW fma_batches WITH (security_invoker = true) AS
SELECT l.dataset, l.run_id, s.segment AS batch, s.model_version, s.n, s.unlabelled, s.failures, s.failure_rate,
	s.ci_low, s.ci_high, s.confident_errors, s.accuracy, s.macro_f1, s.mean_iou, s.ece, s.mae, s.rmse, s.bias, s.n_units, s.design_effect
FROM fma_latest_run AS l
JOIN fma_segment_metrics AS s ON s.run_id = l.run_id AND s.segment_by = 'batch';
COMMENT ON VIEW fma_batches IS 'how often the model fails, batch by batch
One row a batch and model version.';

CREATE VIEW fma_places WITH (security_invoker = true) AS
SELECT l.dataset, l.run_id, s.segment AS place, s.longitude, s.latitude, s.model_version, s.n, s.unlabelled, s.failures, s.failure_rate,
	s.ci_low, s.ci_high, s.lift, s.share_of_failures, s.p_value,
	fma_q_value(s.p_value) OVER (PARTITION BY l.dataset, l.run_id, s.model_version) AS q_value, s.confident_errors,
	s.accuracy, s.macro_f1, s.mean_iou, s.ece, s.mae, s.rmse, s.bias, s.n_units, s.design_effect
FROM fma_latest_run AS l
JOIN fma_segment_metrics AS s ON s.run_id = l.run_id AND s.segment_by = 'place';
COMMENT ON VIEW fma_places IS 'how often the model fails, place by place
One row a place and model version. p_value and q_value: at another rate than the other places; NULL where rows come in units.';

CREATE VIEW fma_clusters WITH (security_invoker = true) AS
SELECT l.dataset, l.run_id, s.model_version, s.segment::integer AS cluster, s.n, s.unlabelled, s.failures, s.failure_rate,
	s.ci_low, s.ci_high, s.lift, s.share_of_failures, s.rest_rate AS impact, s.p_value,
	fma_q_value(s.p_value) OVER (PARTITION BY l.run_id) AS q_value, s.confident_errors,
	s.accuracy, s.macro_f1, s.mean_iou, s.ece, s.mae, s.rmse, s.bias, w.truth AS confused_truth, w.prediction AS confused_prediction, w.n::bigint AS confused_n,
	c.representatives, c.mean_distance, c.model_id, s.n_units, s.design_effect
FROM fma_latest_run AS l
JOIN fma_segment_metrics AS s ON s.run_id = l.run_id AND s.segment_by = 'cluster' AND s.is_current
JOIN fma_result_summary AS v ON v.run_id = l.run_id AND v.segment_by = 'cluster' AND v.min_confidence IS NULL
	AND v.segment IS NOT DISTINCT FROM s.segment AND v.model_version IS NOT DISTINCT FROM s.model_version
LEFT JOIN fma_result_cluster AS c ON c.run_id = s.run_id AND c.cluster = s.segment::integer
LEFT JOIN LATERAL (
	SELECT e.truth, e.prediction, e.n FROM fma_cells(v.confusion) AS e WHERE e.truth <> e.prediction AND e.n > 0
	ORDER BY e.n DESC, e.truth COLLATE "C", e.prediction COLLATE "C" LIMIT 1
) AS w ON true;
COMMENT ON VIEW fma_clusters IS 'how often the model fails in each cluster of embeddings, what it confuses there, and typical rows
One row a cluster of the current model version; cluster NULL is the rows without an embedding.';

CREATE VIEW fma_duplicate_review WITH (security_invoker = true) AS
SELECT l.dataset, l.run_id, l.model_version, d.group_id, d.size, d.representative,
	array_to_string((array_agg(d.id ORDER BY d.id <> d.representative, d.similarity DESC, d.id COLLATE "C"))[1:100], ', ') AS ids,
	string_agg(DISTINCT d.label, ', ') AS labels, d.labels_disagree, d.crosses_batches, d.min_similarity, count(e.id) AS excluded
FROM fma_latest_run AS l
JOIN fma_result_duplicate AS d ON d.run_id = l.run_id
LEFT JOIN fma_excluded AS e ON e.dataset_id = l.dataset_id AND e.id = d.id
GROUP BY l.dataset, l.run_id, l.model_version, d.group_id, d.size, d.representative, d.labels_disagree, d.crosses_batches, d.min_similarity;
COMMENT ON VIEW fma_duplicate_review IS 'rows with nearly the same embedding, to be looked at: labels that disagree are errors
One row a group. fma_exclude_duplicates has later runs leave out all but the representatives.';

CREATE VIEW fma_model_comparison WITH (security_invoker = true) AS
SELECT l.dataset, l.run_id, c.version_a, c.version_b, c.rank, c.slice, c.n, c.loss_a, c.loss_b, c.difference, c.ci_low, c.ci_high,
	c.only_a_failed, c.only_b_failed, c.p_value, c.q_value, c.q_rest, c.n_units, c.predicate, c.conditions::text AS conditions
FROM fma_latest_run AS l JOIN fma_result_comparison AS c ON c.run_id = l.run_id;
COMMENT ON VIEW fma_model_comparison IS 'model versions compared on the same rows, and the slices where the newer one is worse
Rank 0 is all rows, by McNemar''s test where losses are failures.';

CREATE VIEW fma_changepoints WITH (security_invoker = true) AS
SELECT l.dataset, l.run_id, l.model_version, x.rank, x."time", x.period_length, x.starts_at, x.ends_at, x.n_before, x.failures_before, x.rate_before, x.ci_low_before,
	x.ci_high_before, x.n_after, x.failures_after, x.rate_after, x.ci_low_after, x.ci_high_after, x.difference, x.dispersion, x.llr,
	x.p_value, x.predicate
FROM fma_latest_run AS l JOIN fma_result_changepoint AS x ON x.run_id = l.run_id;
COMMENT ON VIEW fma_changepoints IS 'when the failure rate, or the mean loss, changed
One row a change; p_value says how often a stable series would show one as clear.';

CREATE VIEW fma_drift_metrics WITH (security_invoker = true) AS
SELECT l.dataset, l.run_id, l.model_version, x.reference_run_id, x.reference_from, x.rows_after, x.rank, x.feature, x.kind, x.n_reference, x.n_current, x.nulls_reference,
	x.nulls_current, x.cells, x.psi, x.jensen_shannon, x.hellinger, x.total_variation, x.chi_square, x.chi_square_p, x.ks,
	x.ks_p, x.wasserstein, x.q_value, x.verdict
FROM fma_latest_run AS l JOIN fma_result_drift AS x ON x.run_id = l.run_id;
COMMENT ON VIEW fma_drift_metrics IS 'how the newer rows differ from those before, column by column
One row a column: features, prediction and confidence. The verdict takes effect (psi) and chance (q_value) together.';

CREATE VIEW fma_change_explanation WITH (security_invoker = true) AS
SELECT l.dataset, l.run_id, l.model_version, x.reference_run_id, x.reference_from, x.rows_after, x.rank, x.feature, x.condition, x.predicate, x.n_reference, x.n_current,
	x.share_reference, x.share_current, x.rate_reference, x.rate_current, x.mix_effect, x.rate_effect, x.total_effect, x.p_value, x.q_value
FROM fma_latest_run AS l JOIN fma_result_explanation AS x ON x.run_id = l.run_id;
COMMENT ON VIEW fma_change_explanation IS 'why the failure rate changed: other rows (mix), or the same rows at another rate (rate)
One row a condition, and one a feature, without a condition, that sums them up.';

CREATE VIEW fma_space_time_hotspots WITH (security_invoker = true) AS
SELECT l.dataset, l.run_id, l.model_version, x.rank, x.place, x.longitude, x.latitude, x.radius_km, x.places, x.starts_at, x.ends_at, x.n,
	x.failures, x.expected, x.relative_risk, x.llr, x.p_value, x.gumbel_p, x.predicate
FROM fma_latest_run AS l JOIN fma_result_space_time AS x ON x.run_id = l.run_id;
COMMENT ON VIEW fma_space_time_hotspots IS 'where and when more rows failed than elsewhere: neighbouring places, consecutive periods
One row a cluster; p_value counts every place and period that was looked at.';

CREATE VIEW fma_run_log WITH (security_invoker = true) AS
SELECT d.name AS dataset, r.run_id, r.status, r.started_at, r.finished_at,
	extract(epoch FROM r.finished_at - r.started_at)::double precision AS seconds, r.n AS rows_read,
	s.position, s.stage, s.seconds AS stage_seconds, s.n AS stage_rows, s.note, r.failed_stage, r.sqlstate, r.message, r.detail
FROM fma_dataset AS d JOIN fma_result_run AS r USING (dataset_id) LEFT JOIN fma_result_stage AS s USING (run_id);
COMMENT ON VIEW fma_run_log IS 'all runs, complete and failed, with the time and rows of each stage
One row a stage; a run without stages has one row.';

ALTER VIEW fma_latest_run OWNER TO @extowner@;
ALTER VIEW fma_segment_metrics OWNER TO @extowner@;
ALTER VIEW fma_overview OWNER TO @extowner@;
ALTER VIEW fma_run_history OWNER TO @extowner@;
ALTER VIEW fma_confusion_cells OWNER TO @extowner@;
ALTER VIEW fma_label_metrics OWNER TO @extowner@;
ALTER VIEW fma_calibration OWNER TO @extowner@;
ALTER VIEW fma_confidence_curve OWNER TO @extowner@;
ALTER VIEW fma_slice_metrics OWNER TO @extowner@;
ALTER VIEW fma_hotspots OWNER TO @extowner@;
ALTER VIEW fma_hotspot_confirmation OWNER TO @extowner@;
ALTER VIEW fma_timeline OWNER TO @extowner@;
ALTER VIEW fma_batches OWNER TO @extowner@;
ALTER VIEW fma_places OWNER TO @extowner@;
ALTER VIEW fma_clusters OWNER TO @extowner@;
ALTER VIEW fma_duplicate_review OWNER TO @extowner@;
ALTER VIEW fma_model_comparison OWNER TO @extowner@;
ALTER VIEW fma_run_log OWNER TO @extowner@;
GRANT SELECT ON fma_latest_run, fma_segment_metrics, fma_overview, fma_run_history, fma_confusion_cells, fma_label_metrics, fma_calibration, fma_confidence_curve,
	fma_slice_metrics, fma_hotspots, fma_hotspot_confirmation, fma_timeline, fma_batches, fma_places, fma_clusters, fma_duplicate_review, fma_model_comparison, fma_run_log TO PUBLIC;

ALTER VIEW fma_changepoints OWNER TO @extowner@;
ALTER VIEW fma_drift_metrics OWNER TO @extowner@;
ALTER VIEW fma_change_explanation OWNER TO @extowner@;
ALTER VIEW fma_space_time_hotspots OWNER TO @extowner@;
GRANT SELECT ON fma_changepoints, fma_drift_metrics, fma_change_explanation, fma_space_time_hotspots TO PUBLIC;

-- One glossary for the columns of all views: the same name means the same everywhere.
DO $glossary$
DECLARE
	commented record;
BEGIN
	FOR commented IN
		SELECT attribute.attrelid::regclass AS relation, attribute.attname AS name, glossary.meaning
		FROM pg_depend AS member
		JOIN pg_class AS class ON class.oid = member.objid AND class.relkind = 'v'
		JOIN pg_attribute AS attribute ON attribute.attrelid = class.oid AND attribute.attnum > 0
		JOIN (VALUES
			('accuracy', 'share of rows predicted right; of images, of their pixels or objects'),
			('balanced_accuracy', 'mean recall over labels'),
			('baseline_rate', 'rate or mean loss of all rows'),
			('batch', 'the batch; NULL for rows without one'),
			('bias', 'mean of prediction minus truth'),
			('bin', 'number of the bin, from 1'),
			('brier', 'Brier score of the confidence'),
			('cells', 'values or bins that were compared'),
			('chi_square', 'chi-square statistic of the cells'),
			('chi_square_p', 'p-value of chi_square'),
			('ci_high', 'upper end of the 95 % interval; NULL where a single unit cannot tell'),
			('ci_high_after', 'upper end of the 95 % interval of rate_after'),
			('ci_high_before', 'upper end of the 95 % interval of rate_before'),
			('ci_low', 'lower end of the 95 % interval; NULL where a single unit cannot tell'),
			('ci_low_after', 'lower end of the 95 % interval of rate_after'),
			('ci_low_before', 'lower end of the 95 % interval of rate_before'),
			('classwise_ece', 'classwise expected calibration error of the class probabilities'),
			('cluster', 'number of the cluster; NULL for rows without an embedding'),
			('condition', 'a condition on the feature; NULL: the feature as a whole'),
			('conditions', 'the slice as JSON: column, op, value'),
			('confidence_log_loss', 'log loss of the confidence, natural logarithm'),
			('confident_errors', 'failures with at least the high confidence'),
			('confirmation', 'new, confirmed, not confirmed or too few rows: what the rows since the run before say'),
			('confused_n', 'how often'),
			('confused_prediction', 'what was most often predicted wrongly in the cluster; of detections background: missed'),
			('confused_truth', 'what that truly was; of detections background: invented'),
			('correct', 'whether truth and prediction are the same'),
			('coverage', 'share of rows with at least the threshold''s confidence'),
			('crosses_batches', 'whether rows of the group are in different batches'),
			('dataset', 'name of the dataset'),
			('dataset_id', 'number of the dataset'),
			('design_effect', 'how many rows are worth one independent row; 1 without units, NULL where a single unit cannot tell'),
			('detail', 'detail of the error'),
			('difference', 'version b minus a, or after a change minus before: positive where it is worse'),
			('dispersion', 'variance of the periods against that of independent rows'),
			('ece', 'expected calibration error, ten bins'),
			('ece_if_calibrated', 'the ECE that a perfectly calibrated model would show'),
			('ece_p_value', 'p-value of the ECE''s excess over that'),
			('ends_at', 'end of the last period, excluded'),
			('errors', 'wrong predictions from the threshold on'),
			('errors_in_bin', 'wrong predictions from this threshold to the next'),
			('excess_failures', 'failures beyond what the baseline''s rate would give'),
			('excluded', 'rows of the group that the next run leaves out'),
			('expected', 'failures expected if nothing were wrong'),
			('f1', 'F1 of the label'),
			('failed_stage', 'stage that failed'),
			('failure_rate', 'share of failures among labelled rows'),
			('failures', 'rows that failed'),
			('failures_after', 'failures among the n_after rows'),
			('failures_before', 'failures among the n_before rows'),
			('feature', 'the column, or a part of its time'),
			('finished_at', 'end of the run'),
			('first_at', 'time of the oldest row'),
			('fn', 'false negatives'),
			('fp', 'false positives'),
			('gap', 'mean confidence minus accuracy: positive is overconfident'),
			('group_id', 'number of the group of duplicates, the largest first'),
			('gumbel_p', 'p_value by a Gumbel distribution, for small values'),
			('hellinger', 'Hellinger distance, 0 to 1'),
			('high', 'upper end of the bin'),
			('ids', 'ids of the group, the representative first, at most 100'),
			('impact', 'the failure rate of all rows, were those of the cluster not there'),
			('iou', 'intersection over union of the label'),
			('is_current', 'whether this is the model version that slices and hotspots are about'),
			('jensen_shannon', 'Jensen-Shannon distance, 0 to 1'),
			('kappa', 'Cohen''s kappa'),
			('kind', 'number, category or calendar'),
			('ks', 'Kolmogorov-Smirnov distance, of numbers'),
			('ks_p', 'p-value of ks'),
			('label', 'the label'),
			('labels', 'the different truths in the group'),
			('labels_disagree', 'whether rows of the group have different truths'),
			('last_at', 'time of the newest row'),
			('latitude', 'mean latitude, degrees'),
			('lift', 'rate or mean loss divided by that of all rows'),
			('llr', 'logarithm of the likelihood ratio'),
			('log_loss', 'mean log loss of the class probabilities, natural logarithm'),
			('longitude', 'mean longitude, degrees'),
			('loss_a', 'failure rate or mean loss of version a'),
			('loss_b', 'failure rate or mean loss of version b'),
			('low', 'lower end of the bin'),
			('macro_f1', 'mean F1 over labels'),
			('macro_precision', 'mean precision over labels'),
			('macro_recall', 'mean recall over labels'),
			('mae', 'mean absolute error'),
			('mcc', 'Matthews'' correlation coefficient'),
			('mce', 'maximum calibration error, ten bins'),
			('mean_confidence', 'mean confidence'),
			('mean_distance', 'mean distance of the rows to the centroid'),
			('mean_iou', 'mean intersection over union over labels'),
			('mean_loss', 'mean loss; the failure rate where the loss is a failure'),
			('message', 'error message'),
			('min_similarity', 'the lowest cosine similarity of a row of the group to the representative'),
			('mix_effect', 'change of the rate of all rows since there are more or fewer such rows'),
			('model_id', 'number of the cluster model'),
			('model_version', 'the model version, where the dataset has one'),
			('n', 'rows; in the confusion matrix of images, pixels or objects'),
			('n_after', 'rows after, up to the next change'),
			('n_before', 'rows before, up to the change before'),
			('n_current', 'newer rows'),
			('n_in_bin', 'rows from this threshold to the next'),
			('n_reference', 'rows of the reference'),
			('n_units', 'units (days, patients, images) among the rows, where the dataset has them'),
			('new_failure_rate', 'failure rate among the rows since the run before'),
			('new_mean_loss', 'mean loss of the rows since the run before'),
			('new_n', 'rows since the run before'),
			('new_q_value', 'corrected p-value on the rows since the run before'),
			('note', 'why a stage was left out, what it left out, or how much it tested'),
			('nulls_current', 'newer rows without a value'),
			('nulls_reference', 'rows of the reference without a value'),
			('only_a_failed', 'rows where only version a failed'),
			('only_b_failed', 'rows where only version b failed'),
			('p_value', 'p-value; before correction where there is a q_value'),
			('period', 'length of the periods'),
			('period_length', 'length of the periods'),
			('place', 'the place, or the one in the middle of a cluster; NULL for rows without one'),
			('places', 'places in the circle'),
			('position', 'number of the stage, from 1'),
			('precision', 'precision of the label'),
			('predicate', 'the rows as SQL over the source''s columns'),
			('predicted', 'rows predicted to have the label; of images, pixels or objects'),
			('prediction', 'the predicted label; background: a missed object'),
			('previous_n', 'rows when it was found'),
			('previous_rate', 'rate or mean loss when it was found'),
			('previous_run_id', 'run that found it'),
			('psi', 'population stability index'),
			('q_rest', 'corrected p-value of the difference against that of the other rows'),
			('q_value', 'p-value after correction for all that was tested'),
			('r2', 'coefficient of determination'),
			('radius_km', 'distance of the farthest place, km'),
			('rank', 'from 1, the worst first'),
			('rate_after', 'failure rate or mean loss after'),
			('rate_before', 'failure rate or mean loss before'),
			('rate_current', 'failure rate or mean loss among the newer rows'),
			('rate_effect', 'change of the rate of all rows since such rows fail at another rate'),
			('rate_reference', 'failure rate or mean loss in the reference'),
			('recall', 'recall of the label'),
			('reference_from', 'time of the reference''s oldest row'),
			('reference_run_id', 'the run whose rows are the reference; NULL: the first half of this run''s time'),
			('relative_risk', 'failures over expected inside, divided by the same outside'),
			('representative', 'the row that stands for the group'),
			('representatives', 'ids of the rows nearest to the centroid, the nearest first'),
			('rest_rate', 'rate or mean loss of the rows outside the slice'),
			('rmse', 'root mean squared error'),
			('rows_after', 'rows after this time were measured'),
			('rows_read', 'rows that the run read'),
			('run_id', 'number of the run'),
			('segment', 'the batch, place, cluster or slice; NULL for rows without one, and overall'),
			('segment_by', 'what the rows were divided by: overall, period, batch, place, cluster, slice, hotspot'),
			('seconds', 'duration of the run, seconds'),
			('share_current', 'share of the newer rows'),
			('share_of_all', 'share of all rows, pixels or objects'),
			('share_of_errors', 'share of all wrong predictions'),
			('share_of_failures', 'share of all failures'),
			('share_of_prediction', 'share of the rows, pixels or objects predicted to have this label'),
			('share_of_truth', 'share of the rows, pixels or objects that truly have this label'),
			('share_reference', 'share of the reference''s rows'),
			('since', 'only rows from this time on, as asked for'),
			('size', 'rows in the group'),
			('slice', 'the slice as a person reads it'),
			('sqlstate', 'error code'),
			('stage', 'name of the stage'),
			('stage_rows', 'rows of results that the stage stored'),
			('stage_seconds', 'duration of the stage, seconds'),
			('started_at', 'start of the run'),
			('starts_at', 'start of the first period'),
			('status', 'complete or failed'),
			('support', 'rows that truly have the label; of images, pixels or objects'),
			('taken_for', 'the label it is most often taken for'),
			('taken_for_n', 'how often'),
			('threshold', 'least confidence'),
			('time', 'start of the period or run, or of the first period after a change'),
			('tn', 'true negatives'),
			('top_3_accuracy', 'share of rows whose truth is among the three most probable classes'),
			('top_5_accuracy', 'share of rows whose truth is among the five most probable classes'),
			('total_effect', 'mix_effect and rate_effect together'),
			('total_variation', 'share of rows that would have to change, 0 to 1'),
			('tp', 'true positives'),
			('truth', 'the true label; background: an invented object'),
			('unlabelled', 'rows without a truth or prediction, left out'),
			('until', 'only rows before this time, as asked for'),
			('verdict', 'drift, slight, unclear or none: effect and chance together'),
			('version_a', 'the older model version'),
			('version_b', 'the newer model version'),
			('wasserstein', 'mean distance that values moved, of numbers')
		) AS glossary (name, meaning) ON glossary.name = attribute.attname
		WHERE member.classid = 'pg_class'::regclass AND member.refclassid = 'pg_extension'::regclass AND member.deptype = 'e'
			AND member.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'fma')
	LOOP
		EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', commented.relation, commented.name, commented.meaning);
	END LOOP;
END
$glossary$;

-- page: a report as HTML (doc/page.md)

CREATE FUNCTION fma_render_html(report jsonb) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION fma_render_html(jsonb) IS 'a report as one page of HTML, without a script and without a request
From what fma_report_json or fma_save_report made: psql -XAtqc "SELECT fma_render_html(report) FROM fma_report ..." -o report.html.';

-- markdown: a report as GitHub-flavoured Markdown (doc/report.md)

CREATE FUNCTION fma_render_markdown(report jsonb) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION fma_render_markdown(jsonb) IS 'a report as GitHub-flavoured Markdown, without images
From what fma_report_json or fma_save_report made. Every string from data is escaped.';

-- report: all that a run found, as one JSON object (doc/report.md)

-- private functions: its parts

CREATE FUNCTION fma_report_confusion(confusion fma_confusion) RETURNS jsonb
	LANGUAGE SQL IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	WITH label AS (
		SELECT m.label, m.place, row_number() OVER (ORDER BY m.fn + m.fp DESC, m.place) <= 30 AS shown
		FROM fma_class_metrics(confusion) WITH ORDINALITY AS m (label, support, predicted, tp, fp, fn, tn, precision, recall, f1, iou, place)
	), line AS (
		SELECT l.label, row_number() OVER (ORDER BY l.place) AS line, true AS is_label FROM label AS l WHERE l.shown
		UNION ALL
		SELECT '(other)', count(*) FILTER (WHERE l.shown) + 1, false FROM label AS l HAVING NOT bool_and(l.shown)
	), position AS (
		SELECT l.label, coalesce(k.line, (SELECT max(o.line) FROM line AS o)) AS line
		FROM label AS l LEFT JOIN line AS k ON l.shown AND k.is_label AND k.label = l.label
	), cell AS (
		SELECT t.line AS truth, p.line AS prediction, sum(c.n)::bigint AS n
		FROM fma_cells(confusion, false) AS c JOIN position AS t ON t.label = c.truth JOIN position AS p ON p.label = c.prediction
		GROUP BY t.line, p.line
	), square AS (
		SELECT t.line AS truth, p.line AS prediction, coalesce(c.n, 0) AS n,
			sum(c.n) OVER (PARTITION BY t.line) AS of_truth, sum(c.n) OVER (PARTITION BY p.line) AS of_prediction
		FROM line AS t CROSS JOIN line AS p LEFT JOIN cell AS c ON c.truth = t.line AND c.prediction = p.line
	), rows AS (
		SELECT s.truth, jsonb_agg(s.n ORDER BY s.prediction) AS counts,
			jsonb_agg(s.n / s.of_truth::double precision ORDER BY s.prediction) AS share_of_truth,
			jsonb_agg(s.n / s.of_prediction::double precision ORDER BY s.prediction) AS share_of_prediction
		FROM square AS s GROUP BY s.truth
	)
	SELECT jsonb_build_object(
		'labels', (SELECT jsonb_agg(l.label ORDER BY l.line) FROM line AS l),
		'counts', jsonb_agg(r.counts ORDER BY r.truth),
		'share_of_truth', jsonb_agg(r.share_of_truth ORDER BY r.truth),
		'share_of_prediction', jsonb_agg(r.share_of_prediction ORDER BY r.truth),
		'folded', (SELECT count(*) FROM label AS l WHERE NOT l.shown))
	FROM rows AS r HAVING count(*) > 0;
END;
COMMENT ON FUNCTION fma_report_confusion(fma_confusion) IS 'a confusion matrix as JSON: the 30 most confused labels, and the others together
The others are one label, (other), the last one; folded is their number, 0 where all are shown. NULL where there are no labels.';

CREATE FUNCTION fma_report_register(of_dataset text, relation text, settings jsonb) RETURNS text
	LANGUAGE SQL STABLE
BEGIN ATOMIC
	WITH setting AS (
		SELECT s.key, s.value, array_position(p.proargnames, s.key) AS place
		FROM pg_extension AS e JOIN pg_depend AS m ON m.refclassid = 'pg_extension'::regclass AND m.refobjid = e.oid AND m.classid = 'pg_proc'::regclass
			JOIN pg_proc AS p ON p.oid = m.objid, jsonb_each(settings) AS s
		WHERE e.extname = 'fma' AND m.deptype = 'e' AND p.proname = 'fma_register' AND s.key <> 'derived'
	)
	SELECT format('SELECT fma_register(%L, %L%s%s);', of_dataset, relation,
		(SELECT string_agg(format(', %I => %s', s.key, CASE jsonb_typeof(s.value)
				WHEN 'array' THEN coalesce((SELECT 'ARRAY[' || string_agg(quote_literal(a.value), ', ' ORDER BY a.place) || ']'
					FROM jsonb_array_elements_text(s.value) WITH ORDINALITY AS a (value, place)), '''{}''')
				WHEN 'number' THEN s.value::text
				ELSE quote_literal(s.value #>> '{}') END), '' ORDER BY s.place)
			FROM setting AS s WHERE s.place IS NOT NULL),
		(SELECT format(', options => %L', jsonb_object_agg(s.key, s.value)) FROM setting AS s WHERE s.place IS NULL HAVING count(*) > 0));
END;
COMMENT ON FUNCTION fma_report_register(text, text, jsonb) IS 'the call of fma_register that makes a dataset with these settings';

CREATE FUNCTION fma_report_sections(of_dataset text) RETURNS jsonb
	LANGUAGE SQL STABLE
BEGIN ATOMIC
	WITH run AS (
		SELECT l.dataset, l.run_id, l.started_at, l.finished_at, l.since, l.until, l.n, l.first_at, l.last_at, l.period, l.model_version,
			r.settings, coalesce(r.settings ->> 'task', 'classification') AS task, coalesce(r.settings ->> 'timezone', 'UTC') AS timezone,
			(SELECT format('%I.%I', s.nspname, c.relname) FROM fma_dataset AS d JOIN pg_class AS c ON c.oid = d.relation
				JOIN pg_namespace AS s ON s.oid = c.relnamespace WHERE d.dataset_id = l.dataset_id) AS source
		FROM fma_latest_run AS l JOIN fma_result_run AS r USING (run_id) WHERE l.dataset = of_dataset
	), summary AS (
		SELECT s.* FROM fma_newest_summary(of_dataset, NULL) AS s
	), overview AS (
		SELECT fma_get_overview(of_dataset) AS figures
	), timeline AS (
		SELECT t.* FROM fma_timeline AS t JOIN run USING (dataset) WHERE t.model_version IS NOT DISTINCT FROM run.model_version
	), place AS (
		SELECT p.*, p.failures - (p.n - p.unlabelled) * s.failure_rate AS excess, p.n * (p.mae - s.mae) AS excess_error
		FROM fma_places AS p JOIN run USING (dataset) JOIN fma_overview AS s ON s.dataset = p.dataset AND s.is_current
		WHERE p.model_version IS NOT DISTINCT FROM run.model_version
	), batch AS (
		SELECT b.*, row_number() OVER (ORDER BY CASE WHEN b.numbers THEN b.batch::numeric END DESC, b.batch COLLATE "C" DESC) AS age
		FROM (SELECT b.*, bool_and(b.batch ~ '^-?[0-9]{1,18}$') OVER () AS numbers FROM fma_batches AS b JOIN run USING (dataset)
			WHERE b.model_version IS NOT DISTINCT FROM run.model_version) AS b
	)
	SELECT jsonb_build_object(
		'format', 1,
		'fma_version', (SELECT e.extversion FROM pg_extension AS e WHERE e.extname = 'fma'),
		'made_at', statement_timestamp(),
		'dataset', of_dataset,
		'task', run.task,
		'source', run.source,
		'row_means', CASE WHEN run.task IN ('segmentation', 'detection') THEN 'image' ELSE 'prediction' END,
		'run', jsonb_build_object('run_id', run.run_id, 'started_at', run.started_at, 'finished_at', run.finished_at,
			'since', run.since, 'until', run.until, 'n', run.n, 'first_at', run.first_at, 'last_at', run.last_at,
			'period', run.period, 'timezone', run.timezone, 'model_version', run.model_version),
		'overview', overview.figures,
		'versions', (SELECT jsonb_agg(to_jsonb(o) - '{dataset,run_id}'::text[] ORDER BY o.model_version COLLATE "C")
			FROM fma_overview AS o WHERE o.dataset = of_dataset),
		'previous', (SELECT jsonb_build_object('run_id', h.run_id, 'time', h."time", 'model_version', h.model_version, 'n', h.n,
				'failure_rate', h.failure_rate, 'ci_low', h.ci_low, 'ci_high', h.ci_high, 'mae', h.mae)
			FROM fma_run_history AS h WHERE h.dataset = of_dataset AND h.run_id < run.run_id ORDER BY h.run_id DESC LIMIT 1),
		'hotspots', (SELECT coalesce(jsonb_agg(to_jsonb(h) - '{dataset,run_id,model_version}'::text[] ORDER BY h.rank), '[]')
			FROM fma_hotspots AS h WHERE h.dataset = of_dataset),
		'slices', (SELECT coalesce(jsonb_agg(to_jsonb(s) - '{dataset,run_id,model_version}'::text[] ORDER BY s.rank), '[]')
			FROM fma_slice_metrics AS s WHERE s.dataset = of_dataset AND s.rank <= 20),
		'confusion', fma_report_confusion(summary.confusion),
		'labels', (SELECT coalesce(jsonb_agg(to_jsonb(m) - '{dataset,run_id,model_version}'::text[] ORDER BY m.fn DESC, m.fp DESC, m.label COLLATE "C"), '[]')
			FROM (SELECT m.* FROM fma_label_metrics AS m WHERE m.dataset = of_dataset AND m.model_version IS NOT DISTINCT FROM run.model_version
				ORDER BY m.fn DESC, m.fp DESC, m.label COLLATE "C" LIMIT 1000) AS m),
		'calibration', (SELECT jsonb_build_object('n', b.n, 'mean_confidence', b.mean_confidence, 'accuracy', b.accuracy)
				|| (SELECT jsonb_object_agg(k, overview.figures -> k) FROM unnest('{ece,mce,ece_if_calibrated,ece_p_value}'::text[]) AS k)
				|| jsonb_build_object('bins', (SELECT jsonb_agg(to_jsonb(c) - '{dataset,run_id,model_version,ece}'::text[] ORDER BY c.bin)
					FROM fma_calibration AS c WHERE c.dataset = of_dataset AND c.model_version IS NOT DISTINCT FROM run.model_version))
			FROM fma_bins(fma_coarsen(summary.reliability, 1)) AS b WHERE b.n > 0),
		'confidence_curve', (SELECT coalesce(jsonb_agg(to_jsonb(c) - '{dataset,run_id,model_version}'::text[] ORDER BY c.threshold), '[]')
			FROM fma_confidence_curve AS c WHERE c.dataset = of_dataset AND c.model_version IS NOT DISTINCT FROM run.model_version
				AND c.coverage IS NOT NULL),
		'timeline', (SELECT jsonb_build_object('period', run.period,
				'points', jsonb_agg(to_jsonb(t) - '{dataset,run_id,model_version}'::text[] ORDER BY t."time"),
				'changepoints', (SELECT coalesce(jsonb_agg(to_jsonb(c) - '{dataset,run_id,model_version}'::text[] ORDER BY c.rank), '[]')
					FROM fma_changepoints AS c WHERE c.dataset = of_dataset))
			FROM timeline AS t HAVING count(t."time") > 0),
		'batches', (SELECT coalesce(jsonb_agg(to_jsonb(b) - '{dataset,run_id,model_version,numbers,age}'::text[] ORDER BY b.age DESC), '[]')
			FROM batch AS b WHERE b.age <= 200),
		'batches_total', (SELECT count(*) FROM batch),
		'clusters', (SELECT coalesce(jsonb_agg(to_jsonb(c) - '{dataset,run_id,model_version}'::text[]
				ORDER BY c.failure_rate DESC NULLS LAST, c.mae DESC NULLS LAST, c.cluster), '[]')
			FROM fma_clusters AS c WHERE c.dataset = of_dataset),
		'places', (SELECT coalesce(jsonb_agg(to_jsonb(p) - '{dataset,run_id,model_version,excess,excess_error}'::text[]
				ORDER BY p.excess DESC NULLS LAST, p.excess_error DESC NULLS LAST, p.n DESC, p.place COLLATE "C"), '[]')
			FROM (SELECT p.* FROM place AS p
				ORDER BY p.excess DESC NULLS LAST, p.excess_error DESC NULLS LAST, p.n DESC, p.place COLLATE "C" LIMIT 300) AS p),
		'places_total', (SELECT count(*) FROM place),
		'space_time', (SELECT coalesce(jsonb_agg(to_jsonb(x) - '{dataset,run_id,model_version}'::text[] ORDER BY x.rank), '[]')
			FROM fma_space_time_hotspots AS x WHERE x.dataset = of_dataset),
		'rules', (SELECT coalesce(jsonb_agg(to_jsonb(x) - '{dataset,run_id,model_version}'::text[] ORDER BY x.rank), '[]')
			FROM fma_rule_results AS x WHERE x.dataset = of_dataset AND x.rank <= 200),
		'rules_total', (SELECT count(*) FROM fma_rule_results AS x WHERE x.dataset = of_dataset),
		'rules_failed', (SELECT count(*) FROM fma_rule_results AS x WHERE x.dataset = of_dataset AND NOT x.passed),
		'comparison', (SELECT coalesce(jsonb_agg(to_jsonb(x) - '{dataset,run_id,model_version}'::text[]
				ORDER BY x.version_a COLLATE "C", x.version_b COLLATE "C", x.rank), '[]')
			FROM fma_model_comparison AS x WHERE x.dataset = of_dataset AND x.rank <= 20),
		'drift', (SELECT coalesce(jsonb_agg(to_jsonb(x) - '{dataset,run_id,model_version}'::text[] ORDER BY x.rank), '[]')
			FROM fma_drift_metrics AS x WHERE x.dataset = of_dataset AND x.rank <= 20),
		'explanation', (SELECT coalesce(jsonb_agg(to_jsonb(x) - '{dataset,run_id,model_version}'::text[]
				ORDER BY x.condition IS NOT NULL, x.rank), '[]')
			FROM (SELECT x.* FROM fma_change_explanation AS x WHERE x.dataset = of_dataset
				ORDER BY x.condition IS NOT NULL, x.rank LIMIT 20) AS x),
		'duplicates', (SELECT coalesce(jsonb_agg(to_jsonb(x) - '{dataset,run_id,model_version}'::text[]
				ORDER BY x.labels_disagree DESC NULLS LAST, x.crosses_batches DESC NULLS LAST, x.group_id), '[]')
			FROM (SELECT x.* FROM fma_duplicate_review AS x WHERE x.dataset = of_dataset
				ORDER BY x.labels_disagree DESC NULLS LAST, x.crosses_batches DESC NULLS LAST, x.group_id LIMIT 20) AS x),
		'duplicates_total', (SELECT count(DISTINCT x.group_id) FROM fma_result_duplicate AS x WHERE x.run_id = run.run_id),
		'stages', (SELECT coalesce(jsonb_agg(jsonb_build_object('stage', x.stage,
				'status', CASE WHEN x.note LIKE 'left out: %' THEN 'left out' ELSE 'complete' END,
				'seconds', x.stage_seconds, 'rows', x.stage_rows, 'message', x.note) ORDER BY x.position), '[]')
			FROM fma_run_log AS x WHERE x.run_id = run.run_id AND x.stage IS NOT NULL),
		'reproduce', jsonb_build_array(fma_report_register(of_dataset, run.source, run.settings),
			format('SELECT fma_run(%L%s%s);', of_dataset, coalesce(', since => ' || quote_literal(to_jsonb(run.since) #>> '{}'), ''),
				coalesce(', until => ' || quote_literal(to_jsonb(run.until) #>> '{}'), '')),
			format('SELECT fma_report_html(%L, %s);', of_dataset, run.run_id)))
	FROM run CROSS JOIN overview LEFT JOIN summary ON true;
END;
COMMENT ON FUNCTION fma_report_sections(text) IS 'the sections of fma_report_json that are read from views';

-- functions

CREATE FUNCTION fma_report_json(dataset text, run bigint DEFAULT NULL, examples integer DEFAULT 20) RETURNS jsonb
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE COST 10000;
COMMENT ON FUNCTION fma_report_json(text, bigint, integer) IS 'all that a run found, as one JSON object of a documented shape
run: a complete run of the dataset, by default the newest. examples: how many rows are listed for each hotspot and cell of the confusion matrix; 0 for none, and the source is not read.';

CREATE FUNCTION fma_report_html(dataset text, run bigint DEFAULT NULL, examples integer DEFAULT 20) RETURNS text
	LANGUAGE SQL STABLE
BEGIN ATOMIC
	SELECT fma_render_html(fma_report_json(dataset, run, examples));
END;
COMMENT ON FUNCTION fma_report_html(text, bigint, integer) IS 'all that a run found, as one page of HTML
psql -XAtqc "SELECT fma_report_html(''flights'')" -o report.html';

CREATE FUNCTION fma_report_markdown(dataset text, run bigint DEFAULT NULL, examples integer DEFAULT 20) RETURNS text
	LANGUAGE SQL STABLE
BEGIN ATOMIC
	SELECT fma_render_markdown(fma_report_json(dataset, run, examples));
END;
COMMENT ON FUNCTION fma_report_markdown(text, bigint, integer) IS 'all that a run found, as GitHub-flavoured Markdown
For an issue, a pull request or a wiki.';

-- report_store: reports that are kept (doc/report.md)

CREATE TABLE fma_report (
	report_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	dataset_id integer NOT NULL REFERENCES fma_dataset ON DELETE CASCADE,
	run_id bigint NOT NULL,
	created_at timestamptz NOT NULL DEFAULT current_timestamp,
	created_by text NOT NULL,
	has_rows boolean NOT NULL,
	report jsonb NOT NULL
);
CREATE INDEX ON fma_report (dataset_id, report_id);
COMMENT ON TABLE fma_report IS 'reports that were saved: SELECT fma_render_html(report) FROM fma_report
Written by fma_save_report. Those that were to list rows are seen by whoever may read the dataset''s predictions, the others by whoever may read its results.';
COMMENT ON SEQUENCE fma_report_report_id_seq IS 'numbers of reports';
COMMENT ON COLUMN fma_report.report_id IS 'number of the report';
COMMENT ON COLUMN fma_report.dataset_id IS 'the dataset';
COMMENT ON COLUMN fma_report.run_id IS 'the run it is about; it may have been pruned';
COMMENT ON COLUMN fma_report.created_at IS 'when it was saved';
COMMENT ON COLUMN fma_report.created_by IS 'the role that saved it';
COMMENT ON COLUMN fma_report.has_rows IS 'whether it was to list rows';
COMMENT ON COLUMN fma_report.report IS 'as fma_report_json made it';

ALTER TABLE fma_report ENABLE ROW LEVEL SECURITY;
ALTER TABLE fma_report OWNER TO @extowner@;
CREATE POLICY fma_report_reader ON fma_report FOR SELECT USING (EXISTS (SELECT FROM fma_dataset AS d
	WHERE d.dataset_id = fma_report.dataset_id AND (NOT has_rows OR fma_may_read(d.dataset_id, d.owner, d.relation, true))));
COMMENT ON POLICY fma_report_reader ON fma_report IS 'reports on the datasets that the current user may read; with rows only where they may read these too';
GRANT SELECT ON fma_report TO PUBLIC;

SELECT pg_extension_config_dump('fma_report', '');
SELECT pg_extension_config_dump('fma_report_report_id_seq', '');

-- functions

CREATE FUNCTION fma_save_report(dataset text, run bigint DEFAULT NULL, examples integer DEFAULT 20, keep integer DEFAULT NULL) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C COST 10000;
COMMENT ON FUNCTION fma_save_report(text, bigint, integer, integer) IS 'saves what fma_report_json returns in fma_report; returns the number of the report
keep: so many newest reports of the dataset stay, this one included. A run that failed has no report: a warning, and NULL. Only the dataset''s owner may save.';

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

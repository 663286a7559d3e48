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
Rows with a NULL are left out. At most 16,384 labels and 2,097,152 different pairs.';

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
	confidence_level double precision DEFAULT 0.95,
	OUT low double precision, OUT high double precision)
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_failure_interval(fma_failures, text, double precision) IS 'confidence interval of the failure rate
method is wilson, jeffreys or clopper-pearson. NULLs without rows. Holds when rows are independent.';

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

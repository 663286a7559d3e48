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

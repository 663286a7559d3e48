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

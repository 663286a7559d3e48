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

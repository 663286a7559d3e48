-- two masks compared

CREATE FUNCTION fma_mask_confusion(truth fma_mask, prediction fma_mask, labels jsonb DEFAULT NULL, ignore integer DEFAULT 255)
	RETURNS fma_confusion
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION fma_mask_confusion(fma_mask, fma_mask, jsonb, integer) IS 'confusion matrix of the pixels of two masks of one size
labels: names by id, {"0": "road", ...}; without them labels are called by their numbers. fma_rollup adds the matrices of many pairs.
ignore: pixels of this true label are left out, whatever is predicted; NULL leaves out none.';

CREATE FUNCTION fma_mask_iou(a fma_mask, b fma_mask, label integer DEFAULT NULL) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION fma_mask_iou(fma_mask, fma_mask, integer) IS 'intersection over union of a label''s pixels in two masks of one size
Without a label: of all pixels that are not 0. NULL where neither mask has such a pixel. Means over labels: fma_iou(fma_mask_confusion(a, b)).';

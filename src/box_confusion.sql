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

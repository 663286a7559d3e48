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

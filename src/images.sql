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

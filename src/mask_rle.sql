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

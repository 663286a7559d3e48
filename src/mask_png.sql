-- masks from PNG images

CREATE FUNCTION fma_mask_from_png(png bytea, max_pixels bigint DEFAULT 100000000) RETURNS fma_mask
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION fma_mask_from_png(bytea, bigint) IS 'a mask from a PNG image: grey levels, or places in the palette, are the labels
An image that declares more than max_pixels is refused before it is unpacked. Needs fma to be built with libpng.';

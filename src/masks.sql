-- fma_mask: a label for each pixel of an image, run-length coded

CREATE TYPE fma_mask;

CREATE FUNCTION fma_mask_in(cstring) RETURNS fma_mask
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_mask_in(cstring) IS 'reads the text form of fma_mask';

CREATE FUNCTION fma_mask_out(fma_mask) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_mask_out(fma_mask) IS 'writes the text form of fma_mask';

CREATE FUNCTION fma_mask_recv(internal) RETURNS fma_mask
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_mask_recv(internal) IS 'reads the binary form of fma_mask';

CREATE FUNCTION fma_mask_send(fma_mask) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_mask_send(fma_mask) IS 'writes the binary form of fma_mask';

CREATE TYPE fma_mask (
	INPUT = fma_mask_in,
	OUTPUT = fma_mask_out,
	RECEIVE = fma_mask_recv,
	SEND = fma_mask_send,
	ALIGNMENT = int4,
	STORAGE = extended
);
COMMENT ON TYPE fma_mask IS 'a label from 0 to 65535 for each pixel of an image, run-length coded
Made by fma_mask_from_bytes, fma_mask_from_rle and fma_mask_from_png, compared by fma_mask_confusion and fma_mask_iou.
As text it is JSON: {"width": 4, "height": 2, "runs": "0:3 7:5"}, label and pixels of each run, row by row.';

-- functions

CREATE FUNCTION fma_mask_from_bytes(pixels bytea, width integer, height integer) RETURNS fma_mask
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_mask_from_bytes(bytea, integer, integer) IS 'a mask from the raw labels of its pixels, row by row
One byte a pixel, or two with the lower first: the number of bytes says which. At most 32,768 x 32,768 pixels.';

CREATE FUNCTION fma_mask_to_bytes(mask fma_mask, bytes_per_pixel integer DEFAULT NULL) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_mask_to_bytes(fma_mask, integer) IS 'the raw labels of a mask''s pixels, row by row
bytes_per_pixel: 1, or 2 with the lower byte first; by default 1 if all labels are below 256.';

CREATE FUNCTION fma_mask_size(mask fma_mask, OUT width integer, OUT height integer, OUT pixels bigint, OUT runs bigint)
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_mask_size(fma_mask) IS 'width, height, pixels and runs of a mask';

CREATE FUNCTION fma_mask_areas(mask fma_mask, labels jsonb DEFAULT NULL,
	OUT id integer, OUT label text, OUT area bigint, OUT share double precision)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 20;
COMMENT ON FUNCTION fma_mask_areas(fma_mask, jsonb) IS 'how many pixels each label of a mask has, and their share of all
labels: names by id, {"0": "road", ...}; without them label is the id.';

-- private functions

CREATE FUNCTION fma_mask_eq(fma_mask, fma_mask) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_mask_eq(fma_mask, fma_mask) IS 'implementation of = operator';

CREATE FUNCTION fma_mask_ne(fma_mask, fma_mask) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_mask_ne(fma_mask, fma_mask) IS 'implementation of <> operator';

CREATE FUNCTION fma_mask_hash(fma_mask) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_mask_hash(fma_mask) IS 'hash of a mask';

-- operators

CREATE OPERATOR = (
	FUNCTION = fma_mask_eq, LEFTARG = fma_mask, RIGHTARG = fma_mask,
	COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
COMMENT ON OPERATOR = (fma_mask, fma_mask) IS 'same size, and the same label for each pixel';

CREATE OPERATOR <> (
	FUNCTION = fma_mask_ne, LEFTARG = fma_mask, RIGHTARG = fma_mask,
	COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (fma_mask, fma_mask) IS 'different size, or different labels';

CREATE OPERATOR CLASS fma_mask_hash_ops DEFAULT FOR TYPE fma_mask USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 fma_mask_hash(fma_mask);
COMMENT ON OPERATOR CLASS fma_mask_hash_ops USING hash IS 'hashing of masks';

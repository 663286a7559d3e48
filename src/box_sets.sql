-- fma_boxes: the boxes of one image

CREATE TYPE fma_boxes;

CREATE FUNCTION fma_boxes_in(cstring) RETURNS fma_boxes
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_boxes_in(cstring) IS 'reads the text form of fma_boxes';

CREATE FUNCTION fma_boxes_out(fma_boxes) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_boxes_out(fma_boxes) IS 'writes the text form of fma_boxes';

CREATE FUNCTION fma_boxes_recv(internal) RETURNS fma_boxes
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_boxes_recv(internal) IS 'reads the binary form of fma_boxes';

CREATE FUNCTION fma_boxes_send(fma_boxes) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_boxes_send(fma_boxes) IS 'writes the binary form of fma_boxes';

CREATE TYPE fma_boxes (
	INPUT = fma_boxes_in,
	OUTPUT = fma_boxes_out,
	RECEIVE = fma_boxes_recv,
	SEND = fma_boxes_send,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE fma_boxes IS 'the boxes of one image, true or predicted
Made by the aggregate fma_boxes, added by + and fma_rollup, compared by fma_image_confusion.
As text it is JSON: [{"label": "car", "x": 1, "y": 2, "width": 3, "height": 4}, ...], with "score", "iscrowd" and "area" where a box has them.';

-- private functions

CREATE FUNCTION fma_boxes_add(fma_boxes, text, double precision, double precision, double precision, double precision) RETURNS fma_boxes
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_boxes_add(fma_boxes, text, double precision, double precision, double precision, double precision)
	IS 'transition of fma_boxes of labels and places';

CREATE FUNCTION fma_boxes_add(fma_boxes, text, double precision, double precision, double precision, double precision, double precision) RETURNS fma_boxes
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_boxes_add(fma_boxes, text, double precision, double precision, double precision, double precision, double precision)
	IS 'transition of fma_boxes with a score';

CREATE FUNCTION fma_boxes_add(fma_boxes, text, double precision, double precision, double precision, double precision, double precision, boolean, double precision) RETURNS fma_boxes
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_boxes_add(fma_boxes, text, double precision, double precision, double precision, double precision, double precision, boolean, double precision)
	IS 'transition of fma_boxes with a score, iscrowd and an area';

CREATE FUNCTION fma_boxes_combine(fma_boxes, fma_boxes) RETURNS fma_boxes
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_boxes_combine(fma_boxes, fma_boxes) IS 'the boxes of two values together';

CREATE FUNCTION fma_boxes_final(fma_boxes) RETURNS fma_boxes
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_boxes_final(fma_boxes) IS 'the stored form of aggregated boxes';

CREATE FUNCTION fma_boxes_eq(fma_boxes, fma_boxes) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_boxes_eq(fma_boxes, fma_boxes) IS 'implementation of = operator';

CREATE FUNCTION fma_boxes_ne(fma_boxes, fma_boxes) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_boxes_ne(fma_boxes, fma_boxes) IS 'implementation of <> operator';

CREATE FUNCTION fma_boxes_hash(fma_boxes) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_boxes_hash(fma_boxes) IS 'hash of boxes';

-- aggregates

CREATE AGGREGATE fma_boxes(label text, x double precision, y double precision, width double precision, height double precision) (
	SFUNC = fma_boxes_add, STYPE = fma_boxes, SSPACE = 1024, INITCOND = '[]',
	FINALFUNC = fma_boxes_final, COMBINEFUNC = fma_boxes_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_boxes(text, double precision, double precision, double precision, double precision)
	IS 'the boxes of an image, a row each
Rows with a NULL are left out; of no rows it is the value without boxes, not NULL. At most 500,000 boxes.';

CREATE AGGREGATE fma_boxes(label text, x double precision, y double precision, width double precision, height double precision, score double precision) (
	SFUNC = fma_boxes_add, STYPE = fma_boxes, SSPACE = 1024, INITCOND = '[]',
	FINALFUNC = fma_boxes_final, COMBINEFUNC = fma_boxes_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_boxes(text, double precision, double precision, double precision, double precision, double precision)
	IS 'the predicted boxes of an image, a row each
Rows with a NULL are left out; of no rows it is the value without boxes, not NULL. At most 500,000 boxes.';

CREATE AGGREGATE fma_boxes(label text, x double precision, y double precision, width double precision, height double precision, score double precision, iscrowd boolean, area double precision) (
	SFUNC = fma_boxes_add, STYPE = fma_boxes, SSPACE = 1024, INITCOND = '[]',
	FINALFUNC = fma_boxes_final, COMBINEFUNC = fma_boxes_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_boxes(text, double precision, double precision, double precision, double precision, double precision, boolean, double precision)
	IS 'the boxes of an image, a row each, with all that a box can have
score, iscrowd and area may be NULL: no score, no crowd, width x height. Rows with another NULL are left out.';

CREATE AGGREGATE fma_rollup(fma_boxes) (
	SFUNC = fma_boxes_combine, STYPE = fma_boxes, SSPACE = 1024, INITCOND = '[]',
	FINALFUNC = fma_boxes_final, COMBINEFUNC = fma_boxes_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_rollup(fma_boxes) IS 'the boxes of all values together, say of the tiles of an image';

-- operators

CREATE OPERATOR + (
	FUNCTION = fma_boxes_combine, LEFTARG = fma_boxes, RIGHTARG = fma_boxes, COMMUTATOR = +
);
COMMENT ON OPERATOR + (fma_boxes, fma_boxes) IS 'the boxes of two values together';

CREATE OPERATOR = (
	FUNCTION = fma_boxes_eq, LEFTARG = fma_boxes, RIGHTARG = fma_boxes,
	COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
COMMENT ON OPERATOR = (fma_boxes, fma_boxes) IS 'same boxes';

CREATE OPERATOR <> (
	FUNCTION = fma_boxes_ne, LEFTARG = fma_boxes, RIGHTARG = fma_boxes,
	COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (fma_boxes, fma_boxes) IS 'different boxes';

CREATE OPERATOR CLASS fma_boxes_hash_ops DEFAULT FOR TYPE fma_boxes USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 fma_boxes_hash(fma_boxes);
COMMENT ON OPERATOR CLASS fma_boxes_hash_ops USING hash IS 'hashing of boxes';

-- fma_confusion: how often each true label was predicted as each label

CREATE TYPE fma_confusion;

CREATE FUNCTION fma_confusion_in(cstring) RETURNS fma_confusion
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_confusion_in(cstring) IS 'reads the text form of fma_confusion';

CREATE FUNCTION fma_confusion_out(fma_confusion) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_confusion_out(fma_confusion) IS 'writes the text form of fma_confusion';

CREATE FUNCTION fma_confusion_recv(internal) RETURNS fma_confusion
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_confusion_recv(internal) IS 'reads the binary form of fma_confusion';

CREATE FUNCTION fma_confusion_send(fma_confusion) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_confusion_send(fma_confusion) IS 'writes the binary form of fma_confusion';

CREATE TYPE fma_confusion (
	INPUT = fma_confusion_in,
	OUTPUT = fma_confusion_out,
	RECEIVE = fma_confusion_recv,
	SEND = fma_confusion_send,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE fma_confusion IS 'a confusion matrix: rows counted by true and predicted label
Made by the aggregate fma_confusion, added by + and fma_rollup, read by fma_cells, fma_class_metrics and the metrics.
As text it is JSON: {"labels": [...], "counts": [[...], ...]}, a row for each true label.';

-- functions

CREATE FUNCTION fma_cells(confusion fma_confusion, zeros boolean DEFAULT NULL,
	OUT truth text, OUT prediction text, OUT n bigint,
	OUT share_of_truth double precision, OUT share_of_prediction double precision,
	OUT share_of_all double precision, OUT weight double precision)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 100;
COMMENT ON FUNCTION fma_cells(fma_confusion, boolean) IS 'the cells of a confusion matrix, one row each
n counts rows; the shares and weight follow the weights, where there are any (otherwise weight = n).
share_of_truth divides by the row of the true label, share_of_prediction by the column of the predicted one.
zeros: list cells without rows, too; by default up to 100 labels.';

-- private functions

CREATE FUNCTION fma_confusion_add_text(fma_confusion, text, text) RETURNS fma_confusion
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_confusion_add_text(fma_confusion, text, text) IS 'transition of fma_confusion(text, text)';

CREATE FUNCTION fma_confusion_add_text(fma_confusion, text, text, double precision) RETURNS fma_confusion
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_confusion_add_text(fma_confusion, text, text, double precision)
	IS 'transition of fma_confusion(text, text, double precision)';

CREATE FUNCTION fma_confusion_add_bigint(fma_confusion, bigint, bigint) RETURNS fma_confusion
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_confusion_add_bigint(fma_confusion, bigint, bigint) IS 'transition of fma_confusion(bigint, bigint)';

CREATE FUNCTION fma_confusion_add_bigint(fma_confusion, bigint, bigint, double precision) RETURNS fma_confusion
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_confusion_add_bigint(fma_confusion, bigint, bigint, double precision)
	IS 'transition of fma_confusion(bigint, bigint, double precision)';

CREATE FUNCTION fma_confusion_add_boolean(fma_confusion, boolean, boolean) RETURNS fma_confusion
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_confusion_add_boolean(fma_confusion, boolean, boolean) IS 'transition of fma_confusion(boolean, boolean)';

CREATE FUNCTION fma_confusion_add_boolean(fma_confusion, boolean, boolean, double precision) RETURNS fma_confusion
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_confusion_add_boolean(fma_confusion, boolean, boolean, double precision)
	IS 'transition of fma_confusion(boolean, boolean, double precision)';

CREATE FUNCTION fma_confusion_combine(fma_confusion, fma_confusion) RETURNS fma_confusion
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_confusion_combine(fma_confusion, fma_confusion) IS 'the sum of two confusion matrices';

CREATE FUNCTION fma_confusion_final(fma_confusion) RETURNS fma_confusion
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_confusion_final(fma_confusion) IS 'the stored form of an aggregated confusion matrix';

CREATE FUNCTION fma_confusion_eq(fma_confusion, fma_confusion) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_confusion_eq(fma_confusion, fma_confusion) IS 'implementation of = operator';

CREATE FUNCTION fma_confusion_ne(fma_confusion, fma_confusion) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_confusion_ne(fma_confusion, fma_confusion) IS 'implementation of <> operator';

CREATE FUNCTION fma_confusion_hash(fma_confusion) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_confusion_hash(fma_confusion) IS 'hash of a confusion matrix';

-- aggregates

CREATE AGGREGATE fma_confusion(truth text, prediction text) (
	SFUNC = fma_confusion_add_text, STYPE = fma_confusion, SSPACE = 240, INITCOND = '{}',
	FINALFUNC = fma_confusion_final, COMBINEFUNC = fma_confusion_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_confusion(text, text) IS 'confusion matrix of true and predicted labels
Rows with a NULL are left out. At most 16,384 labels (64 MB of text) and 2,097,152 different pairs.';

CREATE AGGREGATE fma_confusion(truth text, prediction text, weight double precision) (
	SFUNC = fma_confusion_add_text, STYPE = fma_confusion, SSPACE = 240, INITCOND = '{}',
	FINALFUNC = fma_confusion_final, COMBINEFUNC = fma_confusion_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_confusion(text, text, double precision) IS 'weighted confusion matrix of true and predicted labels
Weights are at least 0 and below 2^63. Rows with a NULL are left out.';

CREATE AGGREGATE fma_confusion(truth bigint, prediction bigint) (
	SFUNC = fma_confusion_add_bigint, STYPE = fma_confusion, SSPACE = 240, INITCOND = '{}',
	FINALFUNC = fma_confusion_final, COMBINEFUNC = fma_confusion_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_confusion(bigint, bigint) IS 'confusion matrix of integer labels
Rows with a NULL are left out. Labels are ordered by number.';

CREATE AGGREGATE fma_confusion(truth bigint, prediction bigint, weight double precision) (
	SFUNC = fma_confusion_add_bigint, STYPE = fma_confusion, SSPACE = 240, INITCOND = '{}',
	FINALFUNC = fma_confusion_final, COMBINEFUNC = fma_confusion_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_confusion(bigint, bigint, double precision) IS 'weighted confusion matrix of integer labels
Weights are at least 0 and below 2^63. Rows with a NULL are left out.';

CREATE AGGREGATE fma_confusion(truth boolean, prediction boolean) (
	SFUNC = fma_confusion_add_boolean, STYPE = fma_confusion, SSPACE = 240, INITCOND = '{}',
	FINALFUNC = fma_confusion_final, COMBINEFUNC = fma_confusion_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_confusion(boolean, boolean) IS 'confusion matrix of boolean labels, called true and false
Rows with a NULL are left out.';

CREATE AGGREGATE fma_confusion(truth boolean, prediction boolean, weight double precision) (
	SFUNC = fma_confusion_add_boolean, STYPE = fma_confusion, SSPACE = 240, INITCOND = '{}',
	FINALFUNC = fma_confusion_final, COMBINEFUNC = fma_confusion_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_confusion(boolean, boolean, double precision) IS 'weighted confusion matrix of boolean labels, called true and false
Weights are at least 0 and below 2^63. Rows with a NULL are left out.';

CREATE AGGREGATE fma_rollup(fma_confusion) (
	SFUNC = fma_confusion_combine, STYPE = fma_confusion, SSPACE = 512, INITCOND = '{}',
	FINALFUNC = fma_confusion_final, COMBINEFUNC = fma_confusion_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_rollup(fma_confusion) IS 'sum of confusion matrices
The matrix of the rows that the summed ones were made of.';

-- operators

CREATE OPERATOR + (
	FUNCTION = fma_confusion_combine, LEFTARG = fma_confusion, RIGHTARG = fma_confusion, COMMUTATOR = +
);
COMMENT ON OPERATOR + (fma_confusion, fma_confusion) IS 'sum of two confusion matrices';

CREATE OPERATOR = (
	FUNCTION = fma_confusion_eq, LEFTARG = fma_confusion, RIGHTARG = fma_confusion,
	COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
COMMENT ON OPERATOR = (fma_confusion, fma_confusion) IS 'same labels, counts and weights';

CREATE OPERATOR <> (
	FUNCTION = fma_confusion_ne, LEFTARG = fma_confusion, RIGHTARG = fma_confusion,
	COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (fma_confusion, fma_confusion) IS 'different labels, counts or weights';

CREATE OPERATOR CLASS fma_confusion_hash_ops DEFAULT FOR TYPE fma_confusion USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 fma_confusion_hash(fma_confusion);
COMMENT ON OPERATOR CLASS fma_confusion_hash_ops USING hash IS 'hashing of confusion matrices';

-- reliability: what confidences promised and what came of it, in bins

CREATE TYPE fma_reliability;

CREATE FUNCTION fma_reliability_in(cstring) RETURNS fma_reliability
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_reliability_in(cstring) IS 'reads the text form (JSON) of fma_reliability';

CREATE FUNCTION fma_reliability_out(fma_reliability) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_reliability_out(fma_reliability) IS 'writes the text form (JSON) of fma_reliability';

CREATE FUNCTION fma_reliability_recv(internal) RETURNS fma_reliability
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_reliability_recv(internal) IS 'reads the binary form of fma_reliability';

CREATE FUNCTION fma_reliability_send(fma_reliability) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_reliability_send(fma_reliability) IS 'writes the binary form of fma_reliability';

CREATE TYPE fma_reliability (
	INPUT = fma_reliability_in,
	OUTPUT = fma_reliability_out,
	RECEIVE = fma_reliability_recv,
	SEND = fma_reliability_send,
	INTERNALLENGTH = variable,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE fma_reliability IS 'confidences and outcomes by bins of equal width: small, exact and mergeable
Made by the aggregate fma_reliability; read by fma_bins, fma_ece and others. As text a JSON object: counts, and sums in units of 2^-62.';

CREATE FUNCTION fma_coarsen(r fma_reliability, bins integer) RETURNS fma_reliability
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_coarsen(fma_reliability, integer) IS 'the same rows in fewer bins
bins must divide those of the value. The result is what the aggregate with that many bins would have given.';

-- private functions

CREATE FUNCTION fma_reliability_add(fma_reliability, confidence double precision, correct boolean) RETURNS fma_reliability
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_reliability_add(fma_reliability, double precision, boolean) IS 'transition function of fma_reliability(confidence, correct)';

CREATE FUNCTION fma_reliability_add(fma_reliability, confidence double precision, correct boolean, bins integer) RETURNS fma_reliability
	AS 'MODULE_PATHNAME', 'fma_reliability_add_bins' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_reliability_add(fma_reliability, double precision, boolean, integer) IS 'transition function of fma_reliability(confidence, correct, bins)';

CREATE FUNCTION fma_reliability_combine(fma_reliability, fma_reliability) RETURNS fma_reliability
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_reliability_combine(fma_reliability, fma_reliability) IS 'implementation of + operator';

CREATE FUNCTION fma_reliability_eq(fma_reliability, fma_reliability) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_reliability_eq(fma_reliability, fma_reliability) IS 'implementation of = operator';

CREATE FUNCTION fma_reliability_ne(fma_reliability, fma_reliability) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_reliability_ne(fma_reliability, fma_reliability) IS 'implementation of <> operator';

CREATE FUNCTION fma_reliability_hash(fma_reliability) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_reliability_hash(fma_reliability) IS 'hash';

-- aggregates

CREATE AGGREGATE fma_reliability(confidence double precision, correct boolean) (
	SFUNC = fma_reliability_add,
	STYPE = fma_reliability,
	SSPACE = 672,
	COMBINEFUNC = fma_reliability_combine,
	INITCOND = '{}',
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_reliability(double precision, boolean) IS 'confidences and outcomes by 10 bins of equal width
Rows in which either is NULL are left out; a confidence outside 0 to 1 is an error.';

CREATE AGGREGATE fma_reliability(confidence double precision, correct boolean, bins integer) (
	SFUNC = fma_reliability_add,
	STYPE = fma_reliability,
	SSPACE = 672,
	COMBINEFUNC = fma_reliability_combine,
	INITCOND = '{}',
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_reliability(double precision, boolean, integer) IS 'confidences and outcomes by bins of equal width
bins is 1 to 1000 and the same for all rows of a group. Rows in which confidence or correct is NULL are left out; a confidence outside 0 to 1 is an error.';

CREATE AGGREGATE fma_rollup(fma_reliability) (
	SFUNC = fma_reliability_combine,
	STYPE = fma_reliability,
	SSPACE = 672,
	COMBINEFUNC = fma_reliability_combine,
	INITCOND = '{}',
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_rollup(fma_reliability) IS 'sum of values of fma_reliability
The result is what one aggregate over all their rows would have given.';

-- operators

CREATE OPERATOR + (
	LEFTARG = fma_reliability, RIGHTARG = fma_reliability, FUNCTION = fma_reliability_combine,
	COMMUTATOR = +
);
COMMENT ON OPERATOR + (fma_reliability, fma_reliability) IS 'the rows of both; they must have the same bins';

CREATE OPERATOR = (
	LEFTARG = fma_reliability, RIGHTARG = fma_reliability, FUNCTION = fma_reliability_eq,
	COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
COMMENT ON OPERATOR = (fma_reliability, fma_reliability) IS 'equal counts and sums';

CREATE OPERATOR <> (
	LEFTARG = fma_reliability, RIGHTARG = fma_reliability, FUNCTION = fma_reliability_ne,
	COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (fma_reliability, fma_reliability) IS 'different counts or sums';

CREATE OPERATOR CLASS fma_reliability_hash_ops
	DEFAULT FOR TYPE fma_reliability USING hash AS
		OPERATOR 1 =,
		FUNCTION 1 fma_reliability_hash(fma_reliability);
COMMENT ON OPERATOR CLASS fma_reliability_hash_ops USING hash IS 'equality of fma_reliability';
COMMENT ON OPERATOR FAMILY fma_reliability_hash_ops USING hash IS 'equality of fma_reliability';

-- How far a model's numbers are from the truth

CREATE TYPE fma_regression;

CREATE FUNCTION fma_regression_in(cstring) RETURNS fma_regression
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION fma_regression_out(fma_regression) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION fma_regression_recv(internal) RETURNS fma_regression
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION fma_regression_send(fma_regression) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE TYPE fma_regression (
	INPUT = fma_regression_in,
	OUTPUT = fma_regression_out,
	RECEIVE = fma_regression_recv,
	SEND = fma_regression_send,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE fma_regression IS
'How far a model''s numbers are from the truth: row count and sums that can be stored and added';

CREATE FUNCTION fma_regression_metrics(regression fma_regression,
		OUT n bigint, OUT mae double precision, OUT rmse double precision, OUT r2 double precision, OUT bias double precision)
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_regression_metrics(fma_regression) IS
'Mean absolute error, root mean squared error, R² and bias (mean of prediction - truth)
One row. R² is NULL where the truth does not vary.';

-- private

CREATE FUNCTION fma_regression_accum(fma_regression, double precision, double precision) RETURNS fma_regression
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_regression_accum(fma_regression, double precision, double precision) IS
'Transition function of the aggregate fma_regression';

CREATE FUNCTION fma_regression_add(fma_regression, fma_regression) RETURNS fma_regression
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_regression_add(fma_regression, fma_regression) IS
'Implements the operator + and merges states of the aggregates';

CREATE FUNCTION fma_regression_eq(fma_regression, fma_regression) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION fma_regression_ne(fma_regression, fma_regression) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION fma_regression_hash(fma_regression) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION fma_regression_hash_extended(fma_regression, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- aggregates

CREATE AGGREGATE fma_regression(truth double precision, prediction double precision) (
	SFUNC = fma_regression_accum,
	STYPE = fma_regression,
	SSPACE = 192,
	COMBINEFUNC = fma_regression_add,
	INITCOND = '{}',
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_regression(double precision, double precision) IS
'Sums up a regression model''s errors; read it with fma_regression_metrics
Rows with a NULL truth or prediction are left out.';

CREATE AGGREGATE fma_rollup(fma_regression) (
	SFUNC = fma_regression_add,
	STYPE = fma_regression,
	SSPACE = 192,
	COMBINEFUNC = fma_regression_add,
	INITCOND = '{}',
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_rollup(fma_regression) IS 'Adds up values of type fma_regression';

-- operators

CREATE OPERATOR + (
	LEFTARG = fma_regression, RIGHTARG = fma_regression, FUNCTION = fma_regression_add, COMMUTATOR = +
);
COMMENT ON OPERATOR + (fma_regression, fma_regression) IS 'The value of both sets of rows together';

CREATE OPERATOR = (
	LEFTARG = fma_regression, RIGHTARG = fma_regression, FUNCTION = fma_regression_eq,
	COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
COMMENT ON OPERATOR = (fma_regression, fma_regression) IS 'Equal count and equal sums, to the last bit';

CREATE OPERATOR <> (
	LEFTARG = fma_regression, RIGHTARG = fma_regression, FUNCTION = fma_regression_ne,
	COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (fma_regression, fma_regression) IS 'Not equal';

CREATE OPERATOR CLASS fma_regression_ops DEFAULT FOR TYPE fma_regression USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 fma_regression_hash(fma_regression),
	FUNCTION 2 fma_regression_hash_extended(fma_regression, bigint);
COMMENT ON OPERATOR CLASS fma_regression_ops USING hash IS 'Hashing of fma_regression, for GROUP BY and joins';

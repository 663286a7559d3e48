-- How far a model's numbers are from the truth

CREATE TYPE fma_regression;

CREATE FUNCTION fma_regression_in(cstring) RETURNS fma_regression
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_regression_in(cstring) IS 'reads the text form of fma_regression';

CREATE FUNCTION fma_regression_out(fma_regression) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_regression_out(fma_regression) IS 'writes the text form of fma_regression';

CREATE FUNCTION fma_regression_recv(internal) RETURNS fma_regression
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_regression_recv(internal) IS 'reads the binary form of fma_regression';

CREATE FUNCTION fma_regression_send(fma_regression) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_regression_send(fma_regression) IS 'writes the binary form of fma_regression';

CREATE TYPE fma_regression (
	INPUT = fma_regression_in,
	OUTPUT = fma_regression_out,
	RECEIVE = fma_regression_recv,
	SEND = fma_regression_send,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE fma_regression IS 'how far a model''s numbers are from the truth: row count and sums that can be stored and added';

CREATE FUNCTION fma_regression_metrics(regression fma_regression,
		OUT n bigint, OUT mae double precision, OUT rmse double precision, OUT r2 double precision, OUT bias double precision)
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_regression_metrics(fma_regression) IS
'mean absolute error, root mean squared error, R2 and bias (mean of prediction - truth)
One row. R2 is NULL where the truth does not vary.';

CREATE FUNCTION fma_mae_interval(regression fma_regression, design_effect double precision DEFAULT 1, n_units bigint DEFAULT NULL,
		confidence_level double precision DEFAULT 0.95, OUT low double precision, OUT high double precision)
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_mae_interval(fma_regression, double precision, bigint, double precision) IS
'confidence interval of the mean absolute error
Student''s, of the mean of absolute errors. NULLs with fewer than two rows (units, where their number is given).
design_effect: how many rows are worth an independent one.';

-- private

CREATE FUNCTION fma_regression_add(fma_regression, double precision, double precision) RETURNS fma_regression
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_regression_add(fma_regression, double precision, double precision) IS
'transition of fma_regression(double precision, double precision)';

CREATE FUNCTION fma_regression_combine(fma_regression, fma_regression) RETURNS fma_regression
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_regression_combine(fma_regression, fma_regression) IS
'merges two values: the operator + and the aggregates'' combine function';

CREATE FUNCTION fma_regression_eq(fma_regression, fma_regression) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_regression_eq(fma_regression, fma_regression) IS 'implements the operator = of fma_regression';

CREATE FUNCTION fma_regression_ne(fma_regression, fma_regression) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_regression_ne(fma_regression, fma_regression) IS 'implements the operator <> of fma_regression';

CREATE FUNCTION fma_regression_hash(fma_regression) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_regression_hash(fma_regression) IS 'hash of a value, for GROUP BY and joins';

-- aggregates

CREATE AGGREGATE fma_regression(truth double precision, prediction double precision) (
	SFUNC = fma_regression_add,
	STYPE = fma_regression,
	SSPACE = 192,
	COMBINEFUNC = fma_regression_combine,
	INITCOND = '{}',
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_regression(double precision, double precision) IS
'sums up a regression model''s errors; read it with fma_regression_metrics
Rows with a NULL truth or prediction are left out.';

CREATE AGGREGATE fma_rollup(fma_regression) (
	SFUNC = fma_regression_combine,
	STYPE = fma_regression,
	SSPACE = 192,
	COMBINEFUNC = fma_regression_combine,
	INITCOND = '{}',
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_rollup(fma_regression) IS 'adds up values of type fma_regression';

-- operators

CREATE OPERATOR + (
	LEFTARG = fma_regression, RIGHTARG = fma_regression, FUNCTION = fma_regression_combine, COMMUTATOR = +
);
COMMENT ON OPERATOR + (fma_regression, fma_regression) IS 'the value of both sets of rows together';

CREATE OPERATOR = (
	LEFTARG = fma_regression, RIGHTARG = fma_regression, FUNCTION = fma_regression_eq,
	COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
COMMENT ON OPERATOR = (fma_regression, fma_regression) IS 'equal count and equal sums, to the last bit';

CREATE OPERATOR <> (
	LEFTARG = fma_regression, RIGHTARG = fma_regression, FUNCTION = fma_regression_ne,
	COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (fma_regression, fma_regression) IS 'different count or sums';

CREATE OPERATOR CLASS fma_regression_hash_ops DEFAULT FOR TYPE fma_regression USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 fma_regression_hash(fma_regression);
COMMENT ON OPERATOR CLASS fma_regression_hash_ops USING hash IS 'hashing of fma_regression';

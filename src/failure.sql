-- failure: how often a model fails, with intervals and tests

CREATE TYPE fma_failures;

CREATE FUNCTION fma_failures_in(cstring) RETURNS fma_failures
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_failures_in(cstring) IS 'reads the text form of fma_failures';

CREATE FUNCTION fma_failures_out(fma_failures) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_failures_out(fma_failures) IS 'writes the text form of fma_failures';

CREATE FUNCTION fma_failures_recv(internal) RETURNS fma_failures
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_failures_recv(internal) IS 'reads the binary form of fma_failures';

CREATE FUNCTION fma_failures_send(fma_failures) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_failures_send(fma_failures) IS 'writes the binary form of fma_failures';

CREATE TYPE fma_failures (
	INPUT = fma_failures_in,
	OUTPUT = fma_failures_out,
	RECEIVE = fma_failures_recv,
	SEND = fma_failures_send,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE fma_failures IS 'how many rows there are, and how many of them are failures
Made by the aggregate fma_failures, added by + and fma_rollup, read by fma_failure_rate, fma_failure_interval, fma_failure_test.
As text it is JSON: {"n": 12, "failures": 3}.';

-- functions

CREATE FUNCTION fma_failure_counts(failures fma_failures, OUT n bigint, OUT failures bigint)
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_failure_counts(fma_failures) IS 'the number of rows and of failures among them';

CREATE FUNCTION fma_failure_rate(failures fma_failures) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_failure_rate(fma_failures) IS 'share of failures among the rows
NULL without rows.';

CREATE FUNCTION fma_failure_interval(failures fma_failures, method text DEFAULT 'wilson',
	confidence_level double precision DEFAULT 0.95, design_effect double precision DEFAULT 1,
	OUT low double precision, OUT high double precision)
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_failure_interval(fma_failures, text, double precision, double precision) IS 'confidence interval of the failure rate
method is wilson, jeffreys or clopper-pearson. NULLs without rows. Holds when rows are independent, or
design_effect of them are worth an independent one.';

CREATE FUNCTION fma_failure_test(slice fma_failures, rest fma_failures,
	alternative text DEFAULT 'two-sided', method text DEFAULT 'auto') RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_failure_test(fma_failures, fma_failures, text, text) IS 'p-value: does a slice fail at another rate than the rest?
rest is the rows outside the slice: all rows - slice. alternative is two-sided, greater (the slice fails more often) or less.
method is auto, exact (Fisher) or normal; auto is exact wherever the normal p would be below 0.01 or a cell of the table is
expected to hold fewer than 5 rows. NULL when either side has no rows.';

CREATE FUNCTION fma_adjust_p(p double precision[], method text DEFAULT 'bh') RETURNS double precision[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_adjust_p(double precision[], text) IS 'p-values corrected for their number
method is bh (Benjamini-Hochberg) or by (Benjamini-Yekutieli) for the false discovery rate, holm or bonferroni for any false discovery.
A NULL stays NULL and does not count as a test.';

CREATE FUNCTION fma_q_value(p double precision, method text DEFAULT 'bh') RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_q_value(double precision, text) IS 'window function: p corrected for the number of p-values in its partition
fma_q_value(p) OVER () is fma_adjust_p for the rows of a query, with the same methods.';

-- private functions

CREATE FUNCTION fma_failures_add(fma_failures, failed boolean) RETURNS fma_failures
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_failures_add(fma_failures, boolean) IS 'transition of fma_failures(boolean)';

CREATE FUNCTION fma_failures_remove(fma_failures, failed boolean) RETURNS fma_failures
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_failures_remove(fma_failures, boolean) IS 'inverse transition of fma_failures(boolean)';

CREATE FUNCTION fma_failures_combine(fma_failures, fma_failures) RETURNS fma_failures
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_failures_combine(fma_failures, fma_failures) IS 'implementation of + operator';

CREATE FUNCTION fma_failures_subtract(fma_failures, fma_failures) RETURNS fma_failures
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_failures_subtract(fma_failures, fma_failures) IS 'implementation of - operator';

CREATE FUNCTION fma_failures_eq(fma_failures, fma_failures) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_failures_eq(fma_failures, fma_failures) IS 'implementation of = operator';

CREATE FUNCTION fma_failures_ne(fma_failures, fma_failures) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_failures_ne(fma_failures, fma_failures) IS 'implementation of <> operator';

CREATE FUNCTION fma_failures_hash(fma_failures) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_failures_hash(fma_failures) IS 'hash of the counts';

-- aggregates

CREATE AGGREGATE fma_failures(failed boolean) (
	SFUNC = fma_failures_add, STYPE = fma_failures, SSPACE = 32, INITCOND = '{}',
	COMBINEFUNC = fma_failures_combine, PARALLEL = SAFE,
	MSFUNC = fma_failures_add, MINVFUNC = fma_failures_remove, MSTYPE = fma_failures, MINITCOND = '{}'
);
COMMENT ON AGGREGATE fma_failures(boolean) IS 'counts rows, and failures among them
Rows with a NULL are left out.';

CREATE AGGREGATE fma_slice_failure_rate(failed boolean) (
	SFUNC = fma_failures_add, STYPE = fma_failures, SSPACE = 32, INITCOND = '{}',
	FINALFUNC = fma_failure_rate, COMBINEFUNC = fma_failures_combine, PARALLEL = SAFE,
	MSFUNC = fma_failures_add, MINVFUNC = fma_failures_remove, MSTYPE = fma_failures, MINITCOND = '{}',
	MFINALFUNC = fma_failure_rate
);
COMMENT ON AGGREGATE fma_slice_failure_rate(boolean) IS 'share of failures among the rows of a group
Rows with a NULL are left out. NULL without rows.';

CREATE AGGREGATE fma_rollup(fma_failures) (
	SFUNC = fma_failures_combine, STYPE = fma_failures, SSPACE = 32, INITCOND = '{}',
	COMBINEFUNC = fma_failures_combine, PARALLEL = SAFE,
	MSFUNC = fma_failures_combine, MINVFUNC = fma_failures_subtract, MSTYPE = fma_failures, MINITCOND = '{}'
);
COMMENT ON AGGREGATE fma_rollup(fma_failures) IS 'sum of failure counts
The counts of all rows that the summed ones were made of.';

-- operators

CREATE OPERATOR + (
	FUNCTION = fma_failures_combine, LEFTARG = fma_failures, RIGHTARG = fma_failures, COMMUTATOR = +
);
COMMENT ON OPERATOR + (fma_failures, fma_failures) IS 'counts of two disjoint sets of rows together';

CREATE OPERATOR - (
	FUNCTION = fma_failures_subtract, LEFTARG = fma_failures, RIGHTARG = fma_failures
);
COMMENT ON OPERATOR - (fma_failures, fma_failures) IS 'counts of the rows outside a part: all rows - slice
An error unless the second can be a part of the first.';

CREATE OPERATOR = (
	FUNCTION = fma_failures_eq, LEFTARG = fma_failures, RIGHTARG = fma_failures,
	COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
COMMENT ON OPERATOR = (fma_failures, fma_failures) IS 'same counts';

CREATE OPERATOR <> (
	FUNCTION = fma_failures_ne, LEFTARG = fma_failures, RIGHTARG = fma_failures,
	COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (fma_failures, fma_failures) IS 'different counts';

CREATE OPERATOR CLASS fma_failures_hash_ops DEFAULT FOR TYPE fma_failures USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 fma_failures_hash(fma_failures);
COMMENT ON OPERATOR CLASS fma_failures_hash_ops USING hash IS 'hashing of failure counts';

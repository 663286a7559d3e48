-- One pass of k-means as a value: for tables larger than memory, and distributed ones

CREATE TYPE fma_kmeans_step;

CREATE FUNCTION fma_kmeans_step_in(cstring) RETURNS fma_kmeans_step
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_step_in(cstring) IS 'reads the text form of fma_kmeans_step';

CREATE FUNCTION fma_kmeans_step_out(fma_kmeans_step) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_step_out(fma_kmeans_step) IS 'writes the text form of fma_kmeans_step';

CREATE FUNCTION fma_kmeans_step_recv(internal) RETURNS fma_kmeans_step
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_step_recv(internal) IS 'reads the binary form of fma_kmeans_step';

CREATE FUNCTION fma_kmeans_step_send(fma_kmeans_step) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_step_send(fma_kmeans_step) IS 'writes the binary form of fma_kmeans_step';

CREATE TYPE fma_kmeans_step (
	INPUT = fma_kmeans_step_in,
	OUTPUT = fma_kmeans_step_out,
	RECEIVE = fma_kmeans_step_recv,
	SEND = fma_kmeans_step_send,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE fma_kmeans_step IS 'embeddings assigned to a model''s clusters: counts and sums that can be stored and added';

CREATE FUNCTION fma_kmeans_update(step fma_kmeans_step) RETURNS fma_kmeans
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_update(fma_kmeans_step) IS
'the next model: each centroid moves to the mean of the rows assigned to it
It is converged when no centroid moved. Its sizes and other figures are those of the step.';

-- private

CREATE FUNCTION fma_kmeans_step_add(fma_kmeans_step, real[], fma_kmeans) RETURNS fma_kmeans_step
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_step_add(fma_kmeans_step, real[], fma_kmeans) IS 'transition of fma_kmeans_step(real[], fma_kmeans)';

CREATE FUNCTION fma_kmeans_step_add(fma_kmeans_step, double precision[], fma_kmeans) RETURNS fma_kmeans_step
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_step_add(fma_kmeans_step, double precision[], fma_kmeans) IS 'transition of fma_kmeans_step(double precision[], fma_kmeans)';

CREATE FUNCTION fma_kmeans_step_add(fma_kmeans_step, integer[], fma_kmeans) RETURNS fma_kmeans_step
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_step_add(fma_kmeans_step, integer[], fma_kmeans) IS 'transition of fma_kmeans_step(integer[], fma_kmeans)';

CREATE FUNCTION fma_kmeans_step_add(fma_kmeans_step, numeric[], fma_kmeans) RETURNS fma_kmeans_step
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_step_add(fma_kmeans_step, numeric[], fma_kmeans) IS 'transition of fma_kmeans_step(numeric[], fma_kmeans)';

CREATE FUNCTION fma_kmeans_step_combine(fma_kmeans_step, fma_kmeans_step) RETURNS fma_kmeans_step
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_step_combine(fma_kmeans_step, fma_kmeans_step) IS
'merges two values: the operator + and the aggregates'' combine function';

CREATE FUNCTION fma_kmeans_step_eq(fma_kmeans_step, fma_kmeans_step) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_step_eq(fma_kmeans_step, fma_kmeans_step) IS 'implements the operator = of fma_kmeans_step';

CREATE FUNCTION fma_kmeans_step_ne(fma_kmeans_step, fma_kmeans_step) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_step_ne(fma_kmeans_step, fma_kmeans_step) IS 'implements the operator <> of fma_kmeans_step';

CREATE FUNCTION fma_kmeans_step_hash(fma_kmeans_step) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_step_hash(fma_kmeans_step) IS 'hash of a value, for GROUP BY and joins';

-- aggregates

CREATE AGGREGATE fma_kmeans_step(embedding real[], model fma_kmeans) (
	SFUNC = fma_kmeans_step_add,
	STYPE = fma_kmeans_step,
	SSPACE = 65536,
	COMBINEFUNC = fma_kmeans_step_combine,
	INITCOND = '{}',
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_kmeans_step(real[], fma_kmeans) IS
'assigns embeddings to a model''s clusters and adds them up: one iteration of k-means; read it with fma_kmeans_update
A NULL embedding is left out and counted.';

CREATE AGGREGATE fma_kmeans_step(embedding double precision[], model fma_kmeans) (
	SFUNC = fma_kmeans_step_add,
	STYPE = fma_kmeans_step,
	SSPACE = 65536,
	COMBINEFUNC = fma_kmeans_step_combine,
	INITCOND = '{}',
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_kmeans_step(double precision[], fma_kmeans) IS
'assigns embeddings to a model''s clusters and adds them up: one iteration of k-means; read it with fma_kmeans_update
A NULL embedding is left out and counted.';

CREATE AGGREGATE fma_kmeans_step(embedding integer[], model fma_kmeans) (
	SFUNC = fma_kmeans_step_add,
	STYPE = fma_kmeans_step,
	SSPACE = 65536,
	COMBINEFUNC = fma_kmeans_step_combine,
	INITCOND = '{}',
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_kmeans_step(integer[], fma_kmeans) IS
'assigns embeddings to a model''s clusters and adds them up: one iteration of k-means; read it with fma_kmeans_update
A NULL embedding is left out and counted.';

CREATE AGGREGATE fma_kmeans_step(embedding numeric[], model fma_kmeans) (
	SFUNC = fma_kmeans_step_add,
	STYPE = fma_kmeans_step,
	SSPACE = 65536,
	COMBINEFUNC = fma_kmeans_step_combine,
	INITCOND = '{}',
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_kmeans_step(numeric[], fma_kmeans) IS
'assigns embeddings to a model''s clusters and adds them up: one iteration of k-means; read it with fma_kmeans_update
A NULL embedding is left out and counted.';

CREATE AGGREGATE fma_rollup(fma_kmeans_step) (
	SFUNC = fma_kmeans_step_combine,
	STYPE = fma_kmeans_step,
	SSPACE = 65536,
	COMBINEFUNC = fma_kmeans_step_combine,
	INITCOND = '{}',
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_rollup(fma_kmeans_step) IS 'adds up values of type fma_kmeans_step';

-- operators

CREATE OPERATOR + (
	LEFTARG = fma_kmeans_step, RIGHTARG = fma_kmeans_step, FUNCTION = fma_kmeans_step_combine, COMMUTATOR = +
);
COMMENT ON OPERATOR + (fma_kmeans_step, fma_kmeans_step) IS 'the value of both sets of rows together';

CREATE OPERATOR = (
	LEFTARG = fma_kmeans_step, RIGHTARG = fma_kmeans_step, FUNCTION = fma_kmeans_step_eq,
	COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
COMMENT ON OPERATOR = (fma_kmeans_step, fma_kmeans_step) IS 'equal counts and sums, to the last bit';

CREATE OPERATOR <> (
	LEFTARG = fma_kmeans_step, RIGHTARG = fma_kmeans_step, FUNCTION = fma_kmeans_step_ne,
	COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (fma_kmeans_step, fma_kmeans_step) IS 'different counts or sums';

CREATE OPERATOR CLASS fma_kmeans_step_hash_ops DEFAULT FOR TYPE fma_kmeans_step USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 fma_kmeans_step_hash(fma_kmeans_step);
COMMENT ON OPERATOR CLASS fma_kmeans_step_hash_ops USING hash IS 'hashing of fma_kmeans_step';

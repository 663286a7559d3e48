-- Clusters of embeddings: a model, and what reads it

CREATE TYPE fma_kmeans;

CREATE FUNCTION fma_kmeans_in(cstring) RETURNS fma_kmeans
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_in(cstring) IS 'reads the text form of fma_kmeans';

CREATE FUNCTION fma_kmeans_out(fma_kmeans) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_out(fma_kmeans) IS 'writes the text form of fma_kmeans';

CREATE FUNCTION fma_kmeans_recv(internal) RETURNS fma_kmeans
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_recv(internal) IS 'reads the binary form of fma_kmeans';

CREATE FUNCTION fma_kmeans_send(fma_kmeans) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_send(fma_kmeans) IS 'writes the binary form of fma_kmeans';

CREATE TYPE fma_kmeans (
	INPUT = fma_kmeans_in,
	OUTPUT = fma_kmeans_out,
	RECEIVE = fma_kmeans_recv,
	SEND = fma_kmeans_send,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE fma_kmeans IS 'clusters of embeddings: their centroids, and figures of the fit';

CREATE FUNCTION fma_kmeans_assign(model fma_kmeans, embedding real[]) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_assign(fma_kmeans, real[]) IS
'the cluster of an embedding, 1 to k: that of the nearest centroid
Distances are Euclidean, in double precision; of several centroids as near the first one''s.';

CREATE FUNCTION fma_kmeans_assign(model fma_kmeans, embedding double precision[]) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_assign(fma_kmeans, double precision[]) IS
'the cluster of an embedding, 1 to k: that of the nearest centroid
Distances are Euclidean, in double precision; of several centroids as near the first one''s.';

CREATE FUNCTION fma_kmeans_assign(model fma_kmeans, embedding integer[]) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_assign(fma_kmeans, integer[]) IS
'the cluster of an embedding, 1 to k: that of the nearest centroid
Distances are Euclidean, in double precision; of several centroids as near the first one''s.';

CREATE FUNCTION fma_kmeans_assign(model fma_kmeans, embedding numeric[]) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_assign(fma_kmeans, numeric[]) IS
'the cluster of an embedding, 1 to k: that of the nearest centroid
Distances are Euclidean, in double precision; of several centroids as near the first one''s.';

CREATE FUNCTION fma_kmeans_distance(model fma_kmeans, embedding real[]) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_distance(fma_kmeans, real[]) IS 'Euclidean distance of an embedding to the nearest centroid';

CREATE FUNCTION fma_kmeans_distance(model fma_kmeans, embedding double precision[]) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_distance(fma_kmeans, double precision[]) IS 'Euclidean distance of an embedding to the nearest centroid';

CREATE FUNCTION fma_kmeans_distance(model fma_kmeans, embedding integer[]) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_distance(fma_kmeans, integer[]) IS 'Euclidean distance of an embedding to the nearest centroid';

CREATE FUNCTION fma_kmeans_distance(model fma_kmeans, embedding numeric[]) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_distance(fma_kmeans, numeric[]) IS 'Euclidean distance of an embedding to the nearest centroid';

CREATE FUNCTION fma_kmeans_centroids(model fma_kmeans,
		OUT cluster integer, OUT size bigint, OUT centroid double precision[], OUT inertia double precision)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION fma_kmeans_centroids(fma_kmeans) IS
'one row a cluster: its number, size, centroid and inertia
The inertia is the sum of the squared distances of its rows to the centroid.';

CREATE FUNCTION fma_kmeans_quality(model fma_kmeans,
		OUT n bigint, OUT left_out bigint, OUT inertia double precision, OUT calinski_harabasz double precision,
		OUT davies_bouldin double precision, OUT silhouette double precision, OUT iterations integer, OUT converged boolean)
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_quality(fma_kmeans) IS
'how good a clustering is: inertia, Calinski-Harabasz, Davies-Bouldin, simplified silhouette
One row; NULL where undefined. The silhouette compares the nearest centroid with the second nearest.';

-- private

CREATE FUNCTION fma_kmeans_add(internal, real[], integer) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_add(internal, real[], integer) IS 'transition of fma_kmeans(real[], integer)';

CREATE FUNCTION fma_kmeans_add(internal, real[], integer, jsonb) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_add(internal, real[], integer, jsonb) IS 'transition of fma_kmeans(real[], integer, jsonb)';

CREATE FUNCTION fma_kmeans_add(internal, double precision[], integer) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_add(internal, double precision[], integer) IS 'transition of fma_kmeans(double precision[], integer)';

CREATE FUNCTION fma_kmeans_add(internal, double precision[], integer, jsonb) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_add(internal, double precision[], integer, jsonb) IS 'transition of fma_kmeans(double precision[], integer, jsonb)';

CREATE FUNCTION fma_kmeans_add(internal, integer[], integer) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_add(internal, integer[], integer) IS 'transition of fma_kmeans(integer[], integer)';

CREATE FUNCTION fma_kmeans_add(internal, integer[], integer, jsonb) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_add(internal, integer[], integer, jsonb) IS 'transition of fma_kmeans(integer[], integer, jsonb)';

CREATE FUNCTION fma_kmeans_add(internal, numeric[], integer) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_add(internal, numeric[], integer) IS 'transition of fma_kmeans(numeric[], integer)';

CREATE FUNCTION fma_kmeans_add(internal, numeric[], integer, jsonb) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_add(internal, numeric[], integer, jsonb) IS 'transition of fma_kmeans(numeric[], integer, jsonb)';

CREATE FUNCTION fma_kmeans_final(internal) RETURNS fma_kmeans
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_final(internal) IS 'final function of fma_kmeans: fits the model';

CREATE FUNCTION fma_kmeans_eq(fma_kmeans, fma_kmeans) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_eq(fma_kmeans, fma_kmeans) IS 'implements the operator = of fma_kmeans';

CREATE FUNCTION fma_kmeans_ne(fma_kmeans, fma_kmeans) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_ne(fma_kmeans, fma_kmeans) IS 'implements the operator <> of fma_kmeans';

CREATE FUNCTION fma_kmeans_hash(fma_kmeans) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_kmeans_hash(fma_kmeans) IS 'hash of a model, for GROUP BY and joins';

-- aggregates

CREATE AGGREGATE fma_kmeans(embedding real[], k integer) (
	SFUNC = fma_kmeans_add,
	STYPE = internal,
	SSPACE = 1048576,
	FINALFUNC = fma_kmeans_final,
	FINALFUNC_MODIFY = READ_ONLY
);
COMMENT ON AGGREGATE fma_kmeans(real[], integer) IS
'fits k clusters to embeddings (k-means, to the fixed point); read it with fma_kmeans_assign, fma_kmeans_centroids
NULL embeddings are left out and counted.';

CREATE AGGREGATE fma_kmeans(embedding real[], k integer, options jsonb) (
	SFUNC = fma_kmeans_add,
	STYPE = internal,
	SSPACE = 1048576,
	FINALFUNC = fma_kmeans_final,
	FINALFUNC_MODIFY = READ_ONLY
);
COMMENT ON AGGREGATE fma_kmeans(real[], integer, jsonb) IS
'fits k clusters to embeddings (k-means, to the fixed point); read it with fma_kmeans_assign, fma_kmeans_centroids
options: seed, max_iterations, tolerance, init (an array of k centroids), spherical. A NULL embedding is left out and counted.';

CREATE AGGREGATE fma_kmeans(embedding double precision[], k integer) (
	SFUNC = fma_kmeans_add,
	STYPE = internal,
	SSPACE = 1048576,
	FINALFUNC = fma_kmeans_final,
	FINALFUNC_MODIFY = READ_ONLY
);
COMMENT ON AGGREGATE fma_kmeans(double precision[], integer) IS
'fits k clusters to embeddings (k-means, to the fixed point); read it with fma_kmeans_assign, fma_kmeans_centroids
NULL embeddings are left out and counted.';

CREATE AGGREGATE fma_kmeans(embedding double precision[], k integer, options jsonb) (
	SFUNC = fma_kmeans_add,
	STYPE = internal,
	SSPACE = 1048576,
	FINALFUNC = fma_kmeans_final,
	FINALFUNC_MODIFY = READ_ONLY
);
COMMENT ON AGGREGATE fma_kmeans(double precision[], integer, jsonb) IS
'fits k clusters to embeddings (k-means, to the fixed point); read it with fma_kmeans_assign, fma_kmeans_centroids
options: seed, max_iterations, tolerance, init (an array of k centroids), spherical. A NULL embedding is left out and counted.';

CREATE AGGREGATE fma_kmeans(embedding integer[], k integer) (
	SFUNC = fma_kmeans_add,
	STYPE = internal,
	SSPACE = 1048576,
	FINALFUNC = fma_kmeans_final,
	FINALFUNC_MODIFY = READ_ONLY
);
COMMENT ON AGGREGATE fma_kmeans(integer[], integer) IS
'fits k clusters to embeddings (k-means, to the fixed point); read it with fma_kmeans_assign, fma_kmeans_centroids
NULL embeddings are left out and counted.';

CREATE AGGREGATE fma_kmeans(embedding integer[], k integer, options jsonb) (
	SFUNC = fma_kmeans_add,
	STYPE = internal,
	SSPACE = 1048576,
	FINALFUNC = fma_kmeans_final,
	FINALFUNC_MODIFY = READ_ONLY
);
COMMENT ON AGGREGATE fma_kmeans(integer[], integer, jsonb) IS
'fits k clusters to embeddings (k-means, to the fixed point); read it with fma_kmeans_assign, fma_kmeans_centroids
options: seed, max_iterations, tolerance, init (an array of k centroids), spherical. A NULL embedding is left out and counted.';

CREATE AGGREGATE fma_kmeans(embedding numeric[], k integer) (
	SFUNC = fma_kmeans_add,
	STYPE = internal,
	SSPACE = 1048576,
	FINALFUNC = fma_kmeans_final,
	FINALFUNC_MODIFY = READ_ONLY
);
COMMENT ON AGGREGATE fma_kmeans(numeric[], integer) IS
'fits k clusters to embeddings (k-means, to the fixed point); read it with fma_kmeans_assign, fma_kmeans_centroids
NULL embeddings are left out and counted.';

CREATE AGGREGATE fma_kmeans(embedding numeric[], k integer, options jsonb) (
	SFUNC = fma_kmeans_add,
	STYPE = internal,
	SSPACE = 1048576,
	FINALFUNC = fma_kmeans_final,
	FINALFUNC_MODIFY = READ_ONLY
);
COMMENT ON AGGREGATE fma_kmeans(numeric[], integer, jsonb) IS
'fits k clusters to embeddings (k-means, to the fixed point); read it with fma_kmeans_assign, fma_kmeans_centroids
options: seed, max_iterations, tolerance, init (an array of k centroids), spherical. A NULL embedding is left out and counted.';

-- operators

CREATE OPERATOR = (
	LEFTARG = fma_kmeans, RIGHTARG = fma_kmeans, FUNCTION = fma_kmeans_eq,
	COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
COMMENT ON OPERATOR = (fma_kmeans, fma_kmeans) IS 'equal centroids and figures, to the last bit';

CREATE OPERATOR <> (
	LEFTARG = fma_kmeans, RIGHTARG = fma_kmeans, FUNCTION = fma_kmeans_ne,
	COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (fma_kmeans, fma_kmeans) IS 'different centroids or figures';

CREATE OPERATOR CLASS fma_kmeans_hash_ops DEFAULT FOR TYPE fma_kmeans USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 fma_kmeans_hash(fma_kmeans);
COMMENT ON OPERATOR CLASS fma_kmeans_hash_ops USING hash IS 'hashing of fma_kmeans';

-- k-means on real embeddings: against a plain Lloyd in double precision, with every instruction set
\set ON_ERROR_STOP on
\set QUIET on
BEGIN;
SELECT plan(45);

CREATE TABLE fashion (id int PRIMARY KEY, embedding float8[]);
\copy fashion FROM PROGRAM 'gzip -dc examples/fashion/embeddings.csv.gz' CSV HEADER

-- figures by test/oracle/kmeans.py
CREATE TEMP TABLE oracle (name text, iterations int, inertia float8, labels text, sizes bigint[], calinski_harabasz float8, davies_bouldin float8, silhouette float8);
INSERT INTO oracle VALUES
	('fashion 5', 13, 3383565.632699556, '4dc389b46451f585c58c4201e22805cf', '{1037,985,3940,2068,1970}', 2669.4764512542374, 1.3428296310018388, 0.40468373443571576),
	('fashion 10', 43, 2158461.83958725, 'cacddf59eeb04e9faac2685117abd267', '{1036,967,257,957,919,913,1019,720,1968,1244}', 2488.917873679143, 1.3422141444154931, 0.4172715917128141),
	('fashion 50', 53, 1005460.4885411928, 'f337d44e2bf88b17f97e413c4efa2787', '{126,104,204,128,278,118,272,219,124,206}', 1210.3070036107542, 1.740987341027944, 0.26359666344094734),
	('fashion 10, 7 passes', 7, 2160408.3144011945, 'e728f97623feef2cc40307da8116a70e', '{1050,947,258,958,806,928,1090,723,1954,1286}', NULL, NULL, 0.41759396874814475),
	('fashion 10, spherical', 36, 1866.6491902721807, '0c33c92c4a64c51fc06e93cee3cb46d5', '{1174,687,263,983,1260,922,1134,751,1832,994}', NULL, NULL, 0.4547526541153704),
	('fashion 10, three empty', 17, 1860588.8535707665, 'e6b8e0a8cb8f208e2b4c0a5d4c8d3bad', '{960,977,380,959,1382,1427,1270,978,1063,604}', 3065.0905253660126, 1.1618028933678235, 0.46887669482370803),
	('far from the origin', 18, 7.7930863033999005, '861fdda270a0743c69f392b55cb8999c', '{624,617,629,633,623,637,624,613}', 116526.58535428137, 0.780908363251979, 0.5239829339952208),
	('lattice', 2, 11264.0, 'f019358bb22ddafda21b3ddf9f6d744e', '{324,252,252,196}', 973.6363636363636, 0.7855642345028274, 0.5157533738411323),
	('outlier', 11, 197.6673309181092, '97cd3e014536281eea6c670caad31672', '{920,1075,1005,1}', 10104513572899.273, 0.6488705731040884, 0.5035576177619396);

CREATE TABLE sets (name text, id int, embedding float8[]);
INSERT INTO sets SELECT 'fashion', id, embedding FROM fashion
	UNION ALL SELECT 'offset', i, ARRAY[4096 + (i * 7 % 101) / 512.0, 4096 + (i * 13 % 97) / 512.0, 4096 + i % 2] FROM generate_series(0, 4999) AS i
	UNION ALL SELECT 'lattice', i, ARRAY[i % 16, i / 16 % 16] FROM generate_series(0, 1023) AS i
	UNION ALL SELECT 'outlier', i, CASE WHEN i < 3000 THEN ARRAY[(i * 37 % 1009) / 1009.0, (i * 61 % 997) / 997.0] ELSE ARRAY[1e6, 1e6] END FROM generate_series(0, 3000) AS i;
-- centroids to begin with: the rows with these ids
CREATE FUNCTION pg_temp.start(of text, k int, VARIADIC ids int[]) RETURNS jsonb LANGUAGE sql
	RETURN (SELECT jsonb_build_object('init', jsonb_agg(embedding::real[]::float8[] ORDER BY id)) FROM sets WHERE name = of AND id = ANY (ids));
CREATE FUNCTION pg_temp.spaced(k int, step int) RETURNS int[] LANGUAGE sql
	RETURN (SELECT array_agg(i * step) FROM generate_series(0, k - 1) AS i);
CREATE TEMP TABLE fits AS SELECT * FROM (VALUES
	('fashion 5', 'fashion', 5, pg_temp.start('fashion', 5, VARIADIC pg_temp.spaced(5, 2000))),
	('fashion 10', 'fashion', 10, pg_temp.start('fashion', 10, VARIADIC pg_temp.spaced(10, 1000))),
	('fashion 50', 'fashion', 50, pg_temp.start('fashion', 50, VARIADIC pg_temp.spaced(50, 200))),
	('fashion 10, 7 passes', 'fashion', 10, pg_temp.start('fashion', 10, VARIADIC pg_temp.spaced(10, 1000)) || '{"max_iterations": 7}'),
	('fashion 10, spherical', 'fashion', 10, pg_temp.start('fashion', 10, VARIADIC pg_temp.spaced(10, 1000)) || '{"spherical": true}'),
	('fashion 10, three empty', 'fashion', 10, (SELECT jsonb_build_object('init', jsonb_agg(CASE WHEN id IN (2000, 5000, 9000) THEN array_fill(1000::real, '{64}') ELSE embedding::real[]::float8[] END ORDER BY id))
		FROM fashion WHERE id % 1000 = 0)),
	('far from the origin', 'offset', 8, pg_temp.start('offset', 8, VARIADIC pg_temp.spaced(8, 1))),
	('lattice', 'lattice', 4, '{"init": [[4, 4], [12, 4], [4, 12], [12, 12]]}'),
	('outlier', 'outlier', 4, pg_temp.start('outlier', 4, VARIADIC pg_temp.spaced(4, 1000)))) AS f (name, set, k, options);

-- relative difference at most 1e-12
CREATE FUNCTION pg_temp.close(have float8, want float8) RETURNS boolean LANGUAGE sql
	RETURN want IS NULL OR coalesce(abs(have - want) <= 1e-12 * abs(want), false);
CREATE FUNCTION pg_temp.labels(m fma_kmeans, of text) RETURNS text LANGUAGE sql
	RETURN (SELECT md5(string_agg(fma_kmeans_assign(m, embedding)::text, ',' ORDER BY id)) FROM sets WHERE name = of);
CREATE FUNCTION pg_temp.sizes(m fma_kmeans) RETURNS bigint[] LANGUAGE sql
	RETURN (SELECT array_agg(size ORDER BY cluster) FROM fma_kmeans_centroids(m) WHERE cluster <= 10);

CREATE TEMP TABLE models AS SELECT f.name, f.set, fma_kmeans(embedding, k, options ORDER BY id) AS m
	FROM fits AS f JOIN sets AS s ON s.name = f.set GROUP BY f.name, f.set;
SELECT is(format('%s %s %s %s', q.iterations, pg_temp.labels(m, set), pg_temp.sizes(m), pg_temp.close(q.inertia, o.inertia)),
	format('%s %s %s t', o.iterations, o.labels, o.sizes), 'passes, labels, sizes and inertia: ' || name)
	FROM models JOIN oracle AS o USING (name), fma_kmeans_quality(m) AS q ORDER BY name;
SELECT is(format('%s %s %s', pg_temp.close(q.silhouette, o.silhouette), pg_temp.close(q.calinski_harabasz, o.calinski_harabasz),
	pg_temp.close(q.davies_bouldin, o.davies_bouldin)), 't t t', 'silhouette, Calinski-Harabasz, Davies-Bouldin: ' || name)
	FROM models JOIN oracle AS o USING (name), fma_kmeans_quality(m) AS q ORDER BY name;
SELECT is(q.converged, name <> 'fashion 10, 7 passes', 'converged: ' || name) FROM models, fma_kmeans_quality(m) AS q ORDER BY name;

SELECT * FROM finish();
ROLLBACK;

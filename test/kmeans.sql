-- k-means on real embeddings: against a plain Lloyd in double precision, with every instruction set
\set ON_ERROR_STOP on
\set QUIET on
BEGIN;
SELECT plan(101);

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

-- The same bytes whatever the instructions
CREATE FUNCTION pg_temp.fitted(instructions text) RETURNS TABLE (name text, m fma_kmeans) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('fma.instruction_set', instructions, true);
	RETURN QUERY SELECT f.name, fma_kmeans(embedding, k, options ORDER BY id) FROM fits AS f JOIN sets AS s ON s.name = f.set GROUP BY f.name
		UNION ALL SELECT 'seed ' || seed, fma_kmeans(embedding, 20, jsonb_build_object('seed', seed) ORDER BY id) FROM sets AS s, generate_series(1, 2) AS seed WHERE s.name = 'fashion' GROUP BY seed;
	PERFORM set_config('fma.instruction_set', 'auto', true);
END $$;
CREATE TEMP TABLE automatic AS SELECT * FROM pg_temp.fitted('auto');
SELECT is((SELECT count(*) FROM automatic JOIN pg_temp.fitted(i) AS f USING (name, m)), 11::bigint, 'the same models with ' || i)
	FROM unnest('{plain,avx2,avx512}'::text[]) AS i;
SELECT isnt(a.m, b.m, 'seeds matter') FROM automatic AS a, automatic AS b WHERE a.name = 'seed 1' AND b.name = 'seed 2';
SELECT cmp_ok((fma_kmeans_quality(m)).inertia, '<', 1.5e6::float8, 'seeded centroids are good: ' || name) FROM automatic WHERE name LIKE 'seed%' ORDER BY name;

-- A random fit is a fixed point: each centroid the mean of its rows, each row at its nearest centroid
CREATE TEMP TABLE seeded AS SELECT m FROM automatic WHERE name = 'seed 1';
CREATE TEMP TABLE members AS SELECT id, fma_kmeans_assign(m, embedding) AS cluster, fma_kmeans_distance(m, embedding) AS distance, embedding::real[]::float8[] AS e
	FROM seeded, fashion;
SELECT is((SELECT count(*) FROM (SELECT cluster, array_agg(mean ORDER BY i) AS centroid FROM (SELECT cluster, i, avg(x) AS mean FROM members, unnest(e) WITH ORDINALITY AS u (x, i) GROUP BY cluster, i) AS q GROUP BY cluster) AS means
	JOIN seeded ON true JOIN fma_kmeans_centroids(m) AS c USING (cluster)
	WHERE (SELECT bool_and(abs(a - b) <= 1e-12 * (abs(a) + 1e-9)) FROM unnest(means.centroid, c.centroid) AS u (a, b))), 20::bigint, 'centroids are means');
SELECT is((SELECT count(*) FROM members AS r WHERE id % 50 = 0
	AND (SELECT (array_agg(cluster ORDER BY d, cluster))[1] = r.cluster AND pg_temp.close(sqrt(min(d)), r.distance) FROM seeded, fma_kmeans_centroids(m) AS c, LATERAL (SELECT sum((a - b) ^ 2) AS d FROM unnest(r.e, c.centroid) AS u (a, b)) AS s)), 200::bigint, 'rows are at their nearest centroids');
SELECT ok(pg_temp.close(sum(distance ^ 2), (SELECT (fma_kmeans_quality(m)).inertia FROM seeded)), 'inertia is the sum of the squared distances') FROM members;

-- Windows
SELECT is((SELECT md5(string_agg(c::text, ',' ORDER BY id)) FROM (SELECT id, fma_kmeans_assign(fma_kmeans(embedding, 10, options) OVER (), embedding) AS c
	FROM fashion, fits WHERE fits.name = 'fashion 10') AS w), labels, 'as a window') FROM oracle WHERE name = 'fashion 10';
SELECT is((SELECT count(*) FROM (SELECT id, fma_kmeans(embedding, 3) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 9 FOLLOWING) AS growing,
		fma_kmeans(embedding, 3) OVER (ORDER BY id ROWS BETWEEN 9 PRECEDING AND 9 FOLLOWING) AS moving FROM fashion WHERE id < 60) AS q
	WHERE growing = (SELECT fma_kmeans(embedding, 3 ORDER BY id) FROM fashion AS f WHERE f.id < 60 AND f.id <= q.id + 9)
		AND moving = (SELECT fma_kmeans(embedding, 3 ORDER BY id) FROM fashion AS f WHERE f.id < 60 AND f.id BETWEEN q.id - 9 AND q.id + 9)), 60::bigint, 'growing and moving windows');

-- Steps: the same bytes from every plan
CREATE TEMP TABLE model AS SELECT m FROM models WHERE name = 'fashion 10, 7 passes';
CREATE TABLE model_stored AS TABLE model;
CREATE TABLE embedded AS SELECT id, CASE WHEN id % 100 <> 7 THEN embedding END AS embedding FROM fashion;
ANALYZE embedded;
SET LOCAL max_parallel_workers_per_gather = 0;
CREATE TABLE whole AS SELECT fma_kmeans_step(embedding, m) AS s FROM embedded, model;
CREATE FUNCTION pg_temp.plan_has(query text, pattern text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON, COSTS OFF) ' || query INTO plan;
	RETURN plan::text ~ pattern;
END
$$;
SET LOCAL max_parallel_workers_per_gather = 4;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SELECT ok(pg_temp.plan_has('SELECT fma_kmeans_step(embedding, (SELECT m FROM model_stored)) FROM embedded', '"Gather".*"Partial Mode": "Partial"'), 'parallel plan');
SELECT is((SELECT fma_kmeans_step(embedding, (SELECT m FROM model_stored)) FROM embedded), s, 'parallel') FROM whole;
SET LOCAL max_parallel_workers_per_gather = 0;
CREATE TABLE parts (LIKE embedded) PARTITION BY HASH (id);
CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO parts SELECT * FROM embedded;
SET LOCAL enable_partitionwise_aggregate = on;
SELECT ok(pg_temp.plan_has('SELECT fma_kmeans_step(embedding, (SELECT m FROM model)) FROM parts', '"Append".*"Partial Mode": "Partial"'), 'partitionwise plan');
SELECT is((SELECT fma_kmeans_step(embedding, (SELECT m FROM model)) FROM parts), s, 'partitionwise') FROM whole;
RESET enable_partitionwise_aggregate;
CREATE TABLE stored AS SELECT id % 97 AS part, fma_kmeans_step(embedding, m) AS s FROM embedded, model GROUP BY 1;
SELECT is((SELECT fma_rollup(s) FROM stored), s, 'rollup of stored values') FROM whole;
SELECT is((SELECT fma_rollup(s) FROM stored WHERE part < 50) + (SELECT fma_rollup(s) FROM stored WHERE part >= 50), s, 'sum') FROM whole;
SELECT is((SELECT fma_rollup(s::text::fma_kmeans_step) FROM stored), s, 'out, in, combine') FROM whole;
SELECT is(a.s + b.s, b.s + a.s, 'a + b = b + a') FROM stored AS a, stored AS b WHERE a.part = 1 AND b.part = 2;
SELECT is((SELECT fma_kmeans_step(embedding, m) FILTER (WHERE id < 0) FROM embedded, model)::text, '{}', 'an empty FILTER');
SELECT ok(s + '{}' = s AND '{}' + s = s AND s + '{"left_out": 2}' <> s, 'the empty value adds nothing') FROM whole;
SELECT is((SELECT fma_rollup(s) FROM stored WHERE false)::text, '{}', 'rollup of no values');
SELECT ok((SELECT bool_and(fma_kmeans_step_add(s, embedding, m) <> s) FROM stored, model, fashion WHERE id = 0) AND (SELECT fma_rollup(s) FROM stored) = s,
	'a transition called by hand leaves a stored value as it was') FROM whole;
SELECT is((SELECT count(*) FROM (SELECT id, fma_kmeans_step(embedding, m) OVER (ORDER BY id) AS running, fma_kmeans_step(embedding, m) OVER last_20 AS moving, min(id) OVER last_20 AS first
		FROM embedded, model WHERE id < 60 WINDOW last_20 AS (ORDER BY id ROWS 19 PRECEDING)) AS w
	WHERE running = (SELECT fma_kmeans_step(embedding, m) FROM embedded AS d, model WHERE d.id <= w.id)
		AND moving = (SELECT fma_kmeans_step(embedding, m) FROM embedded AS d, model WHERE d.id BETWEEN w.first AND w.id)), 60::bigint, 'windows of steps');
SELECT ok(fma_kmeans_step_hash(s) = fma_kmeans_step_hash(s::text::fma_kmeans_step) AND NOT s <> s, 'equal values have equal hashes') FROM whole;
SELECT is((SELECT count(*) FROM (SELECT s FROM (TABLE stored UNION ALL TABLE stored) AS q GROUP BY s) AS g), 97::bigint, 'GROUP BY a step');
SELECT is((SELECT count(*) FROM (SELECT m FROM (TABLE automatic UNION ALL TABLE automatic) AS q GROUP BY m) AS g), 11::bigint, 'GROUP BY a model');

-- Passes by steps: the model that the fit in memory gives
CREATE FUNCTION pg_temp.iterate(m fma_kmeans, of text) RETURNS fma_kmeans LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. 100 LOOP
		SELECT fma_kmeans_update(fma_kmeans_step(embedding, m)) INTO m FROM sets WHERE name = of;
		EXIT WHEN (fma_kmeans_quality(m)).converged;
	END LOOP;
	RETURN m;
END $$;
CREATE FUNCTION pg_temp.unfitted(init jsonb) RETURNS fma_kmeans LANGUAGE sql AS $$
	SELECT format('{"k": %1$s, "dimension": %2$s, "seed": 1, "iterations": 0, "converged": false, "spherical": %5$s, "left_out": 0, "sizes": %3$s, "inertias": %3$s, "distances": %3$s, "centroids": %4$s}',
		k, jsonb_array_length(init -> 'init' -> 0), to_json(array_fill(0, ARRAY[k])), init -> 'init', coalesce(init ->> 'spherical', 'false'))::fma_kmeans FROM jsonb_array_length(init -> 'init') AS k
$$;
SELECT is(pg_temp.iterate(pg_temp.unfitted(options), set), m, 'steps: ' || name) FROM fits JOIN models USING (name, set) WHERE name IN ('fashion 5', 'fashion 10', 'far from the origin', 'lattice', 'outlier') ORDER BY name;
SELECT is(fma_kmeans_train(format('SELECT embedding FROM sets WHERE name = %L ORDER BY id', set), k, options), m, 'train, in memory: ' || name) FROM fits JOIN models USING (name, set) WHERE name <> 'fashion 50' ORDER BY name;
SET LOCAL fma.kmeans_memory = '512kB';
SELECT is(fma_kmeans_train(format('SELECT embedding FROM sets WHERE name = %L', set), k, options), m, 'train, by scans: ' || name) FROM fits JOIN models USING (name, set) WHERE name IN ('fashion 5', 'fashion 10, 7 passes') ORDER BY name;
CREATE TEMP TABLE directions AS SELECT fma_kmeans_train('SELECT embedding FROM fashion', k, options || '{"max_iterations": 4}') AS m FROM fits WHERE name = 'fashion 10, spherical';
SET LOCAL fma.kmeans_memory = '1GB';
SELECT is(m, (SELECT fma_kmeans(embedding, 10, options || '{"max_iterations": 4}' ORDER BY id) FROM fashion, fits WHERE name = 'fashion 10, spherical'), 'directions, by scans') FROM directions;
SET LOCAL fma.kmeans_memory = '512kB';
SELECT ok(q.converged AND q.n = 9900 AND q.left_out = 100 AND q.inertia < 2.5e6, 'train, from a sample')
	FROM fma_kmeans_quality(fma_kmeans_train('SELECT embedding FROM embedded ORDER BY id', 10)) AS q;
SELECT is(fma_kmeans_train('SELECT embedding FROM embedded ORDER BY id', 10, '{"seed": 3, "max_iterations": 2}'), fma_kmeans_train('SELECT embedding FROM embedded ORDER BY id', 10, '{"seed": 3, "max_iterations": 2}'), 'train, from the same sample');
CREATE TEMP TABLE tolerant AS SELECT fma_kmeans_train('SELECT embedding FROM fashion', 10, options || '{"tolerance": 0.01}') AS m FROM fits WHERE name = 'fashion 10';
SET LOCAL fma.kmeans_memory = '1GB';
SELECT ok(t.m = f.m AND q.converged AND q.iterations < 43, 'the tolerance means the same by scans')
	FROM tolerant AS t, (SELECT fma_kmeans(embedding, 10, options || '{"tolerance": 0.01}') AS m FROM fashion, fits WHERE name = 'fashion 10') AS f, fma_kmeans_quality(f.m) AS q;
SET LOCAL fma.kmeans_memory = '512kB';
CREATE TEMP TABLE refilled AS SELECT fma_kmeans_train('SELECT embedding FROM fashion', 10, jsonb_set(options, '{init,2}', to_jsonb(array_fill(1000, '{64}')))) AS m FROM fits WHERE name = 'fashion 10';
SET LOCAL fma.kmeans_memory = '1GB';
SELECT is(m, (SELECT fma_kmeans(embedding, 10, jsonb_set(options, '{init,2}', to_jsonb(array_fill(1000, '{64}'))) ORDER BY id) FROM fashion, fits WHERE name = 'fashion 10'),
	'an empty cluster, by scans') FROM refilled;
SET LOCAL fma.kmeans_memory = '512kB';
SELECT throws_ok($$ SELECT fma_kmeans_train('SELECT ARRAY[i % 3] FROM generate_series(1, 50000) AS i', 4, '{"init": [[0], [1], [2], [3]]}') $$, '22023',
	'k must not be above the number of distinct embeddings', 'too many clusters, by scans');
RESET fma.kmeans_memory;

-- Text and bytes; a bytea has the envelope of any value in COPY (FORMAT binary)
CREATE TABLE bytes (b bytea);
CREATE TABLE received (m fma_kmeans);
CREATE TABLE received_step (m fma_kmeans_step);
CREATE FUNCTION pg_temp.copy(b bytea, target text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	file text := current_setting('data_directory') || '/fma_test_kmeans';
	result text;
BEGIN
	DELETE FROM bytes;
	EXECUTE format('DELETE FROM %I', target);
	INSERT INTO bytes VALUES (b);
	EXECUTE format('COPY bytes TO %L (FORMAT binary)', file);
	EXECUTE format('COPY %I FROM %L (FORMAT binary)', target, file);
	EXECUTE format('SELECT m::text FROM %I', target) INTO STRICT result;
	RETURN result;
END
$$;
SELECT is((SELECT count(*) FROM automatic WHERE m::text::fma_kmeans = m), 11::bigint, 'text round trip');
SELECT is((SELECT count(*) FROM automatic WHERE pg_temp.copy(fma_kmeans_send(m), 'received')::fma_kmeans = m), 11::bigint, 'binary round trip');
SELECT is((SELECT count(*) FROM stored WHERE pg_temp.copy(fma_kmeans_step_send(s), 'received_step')::fma_kmeans_step = s), 97::bigint, 'binary round trip of steps');
SELECT is(pg_temp.copy(fma_kmeans_step_send('{"left_out": 3}'), 'received_step'), '{"left_out": 3}', 'binary round trip of an empty step');

-- Layouts written by release 1.0 are read forever
CREATE TEMP TABLE frozen AS SELECT fma_kmeans(e, 2, '{"init": [[0, 0], [8, 0]]}') AS m,
	'{"k": 2, "dimension": 2, "seed": 1, "iterations": 2, "converged": true, "spherical": false, "left_out": 1, "silhouette": 0.9384330468704584, "sizes": [3, 1], "inertias": [2, 0], "distances": [2, 0], "centroids": [[0, 1], [8, 0]]}' AS text,
	'\x0102000000000000000200000000000000020000000000000002000000000000000100000000000000013fee07a4bdb96a8700000000000000034000000000000000400000000000000000000000000000010000000000000000000000000000000000000000000000003ff000000000000040200000000000000000000000000000'::bytea AS bytes
	FROM (VALUES ('{0,0}'::real[]), ('{0,1}'), ('{0,2}'), ('{8,0}'), (NULL)) AS v (e);
CREATE TEMP TABLE frozen_step AS SELECT fma_kmeans_step(e, m) AS s,
	'{"left_out": 1, "silhouette": [2.808918139954491, 1.1102230246251565e-16], "sizes": [2, 1], "inertias": [[1.25], [0]], "distances": [[1.5], [0]], "sums": [[0.5, 1], [8, 0]], "furthest": [[0, 0], [8, 0]], "model": {"k": 2, "dimension": 2, "seed": 1, "iterations": 2, "converged": true, "spherical": false, "left_out": 1, "silhouette": 0.9384330468704584, "sizes": [3, 1], "inertias": [2, 0], "distances": [2, 0], "centroids": [[0, 1], [8, 0]]}}' AS text,
	'\x01000000000000000100000000000000010102000000000000000200000000000000020000000000000002000000000000000100000000000000013fee07a4bdb96a8700000000000000034000000000000000400000000000000000000000000000010000000000000000000000000000000000000000000000003ff000000000000040200000000000000000000000000000400678aa12e1f72c3ca0000000000000000000000000000000000000000000023ff4000000000000000000000000000000000000000000003ff8000000000000000000000000000000000000000000003fe00000000000000000000000000000000000003ff0000000000000000000000000000000000000000000000000000100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000040200000000000000000000000000000410000000000000000000000000000000000000000000000'::bytea AS bytes
	FROM (VALUES ('{0,0}'::real[]), ('{0.5,1}'), ('{8,0}'), (NULL)) AS v (e), frozen;
SELECT is(m::text, text, 'frozen text is written') FROM frozen;
SELECT is(text::fma_kmeans, m, 'frozen text is read') FROM frozen;
SELECT is(fma_kmeans_send(m), bytes, 'frozen bytes are written') FROM frozen;
SELECT is(pg_temp.copy(bytes, 'received'), text, 'frozen bytes are read') FROM frozen;
SELECT is(s::text, text, 'frozen text of a step is written') FROM frozen_step;
SELECT is(text::fma_kmeans_step, s, 'frozen text of a step is read') FROM frozen_step;
SELECT is(fma_kmeans_step_send(s), bytes, 'frozen bytes of a step are written') FROM frozen_step;
SELECT is(pg_temp.copy(bytes, 'received_step'), text, 'frozen bytes of a step are read') FROM frozen_step;

-- Hostile bytes
SELECT throws_like(format('SELECT pg_temp.copy(%L, ''received'')', bad), message, 'recv: ' || name) FROM frozen, LATERAL (VALUES
	('nothing', ''::bytea, 'no data left in message'),
	('version 0', set_byte(bytes, 0, 0), 'unknown version 0 of the binary form of type fma_kmeans'),
	('version 2', set_byte(bytes, 0, 2), 'unknown version 2 of the binary form of type fma_kmeans'),
	('flags', set_byte(bytes, 1, 4), 'invalid binary form of type fma_kmeans'),
	('k 0', overlay(bytes PLACING '\x0000000000000000' FROM 3), 'invalid binary form of type fma_kmeans'),
	('k and dimension huge', overlay(bytes PLACING '\x0000000000001000000000000000000f00' FROM 3), 'invalid binary form of type fma_kmeans'),
	('k larger than the bytes', overlay(bytes PLACING '\x000000000000f000' FROM 3), 'invalid binary form of type fma_kmeans'),
	('NaN', overlay(bytes PLACING '\x7ff8000000000000' FROM length(bytes) - 7), 'invalid binary form of type fma_kmeans'),
	('truncated', substr(bytes, 1, length(bytes) - 1), 'in%'),
	('too long', bytes || '\x00', 'invalid binary form of type fma_kmeans')) AS h (name, bad, message);
-- Whichever byte is changed, the value is refused or harmless
CREATE FUNCTION pg_temp.survives(b bytea, target text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	read text;
BEGIN
	read := pg_temp.copy(b, target);
	EXECUTE CASE target WHEN 'received' THEN 'SELECT CASE WHEN m::text::fma_kmeans = m AND fma_kmeans_quality(m)::text !~* ''nan|infinity'' AND fma_kmeans_assign(m, ''{1,2}''::real[]) > 0 THEN ''read'' ELSE ''harmful'' END FROM received'
		ELSE 'SELECT CASE WHEN m::text::fma_kmeans_step = m AND (m + m)::text::fma_kmeans_step = m + m AND fma_kmeans_update(m)::text::fma_kmeans IS NOT NULL THEN ''read'' ELSE ''harmful'' END FROM received_step' END INTO read;
	RETURN read;
EXCEPTION WHEN invalid_binary_representation OR numeric_value_out_of_range OR protocol_violation THEN
	RETURN 'refused';
END
$$;
SELECT is(array_agg(DISTINCT outcome ORDER BY outcome), '{read,refused}', 'recv: every byte changed')
	FROM (SELECT pg_temp.survives(set_byte(bytes, i, get_byte(bytes, i) # x), 'received') AS outcome
		FROM frozen, generate_series(0, length(bytes) - 1) AS i, unnest('{1,64,128,255}'::int[]) AS x) AS q;
SELECT is(array_agg(DISTINCT outcome ORDER BY outcome), '{read,refused}', 'recv: every byte of a step changed')
	FROM (SELECT pg_temp.survives(set_byte(bytes, i, get_byte(bytes, i) # x), 'received_step') AS outcome
		FROM frozen_step, generate_series(0, length(bytes) - 1) AS i, unnest('{64,255}'::int[]) AS x) AS q;

-- A cancel returns
CREATE FUNCTION pg_temp.cancelled_within(query text, seconds float8) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	start timestamptz := clock_timestamp();
BEGIN
	EXECUTE query;
	RETURN false;
EXCEPTION WHEN query_canceled THEN
	RETURN clock_timestamp() - start < make_interval(secs => seconds);
END
$$;
SET statement_timeout = '300ms';
SELECT ok(pg_temp.cancelled_within($$SELECT fma_kmeans(ARRAY[i * 7 % 10007, i * 13 % 9973, i * 17 % 9967, i % 3], 2000) FROM generate_series(1, 100000) AS i$$, 3), 'a cancel returns from a fit');
SELECT ok(pg_temp.cancelled_within($$SELECT fma_kmeans_train('SELECT ARRAY[i * 7 % 10007, i * 13 % 9973] FROM generate_series(1, 1000000000) AS i', 20)$$, 3), 'a cancel returns from training');
RESET statement_timeout;

SELECT * FROM finish();
ROLLBACK;

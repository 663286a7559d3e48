-- Rank aggregates on real predictions: against scikit-learn, in memory and spilled, in groups and windows
BEGIN;
SELECT plan(37);
SET LOCAL max_parallel_workers_per_gather = 0;

CREATE TEMP TABLE flights (
	id int PRIMARY KEY, ts timestamp, origin text, destination text, distance int, hour int, dow int,
	origin_recent_delay float8, dest_recent_delay float8, origin_recent_departures int, route_mean_delay float8,
	true_label text, pred_label text, confidence float8, p_late float8
);
\copy flights FROM PROGRAM 'gzip -dc examples/flights/predictions.csv.gz' CSV HEADER
ANALYZE flights;
CREATE TEMP VIEW scored AS
	SELECT id, origin, p_late AS score, true_label = 'late' AS late, confidence, true_label = pred_label AS correct FROM flights;

-- relative difference at most 1e-12
CREATE FUNCTION pg_temp.close(have float8, want float8) RETURNS boolean LANGUAGE sql
RETURN abs(have - want) <= 1e-12 * abs(want);

-- figures of scikit-learn and of the definitions, by test/oracle/scores.py
CREATE TEMP TABLE oracle (name text, n bigint, auc float8, low float8, high float8, low80 float8, high80 float8, ap float8,
	ece_1 float8, ece_10 float8, ece_15 float8, ece_1000 float8);
INSERT INTO oracle VALUES
	('all', 49917, 0.7442366679735329, 0.7383329593534719, 0.7501403765935942, 0.7403764403957624, 0.7480968955513037, 0.45972581345926966, 0.006187845363303095, 0.00776253078109666, 0.008714972834905951, 0.038349405032353706),
	('tied', 49917, 0.7441538281004055, 0.7382494068000202, 0.7500582494007909, 0.7402931345260185, 0.7480145216747925, 0.4547137037523878, 0.006191678185788403, 0.00877997475809848, 0.008985916621591842, 0.01002604323176476),
	('ATL', 2092, 0.7425180007257587, 0.7144047540782804, 0.770631247373237, 0.7241357367975406, 0.7609002646539768, 0.47544828282609564, 0.011426852772466555, 0.01655864053537288, 0.018442774378585047, 0.1940141185468454),
	('DCA', 816, 0.774260373379644, 0.7251953164423623, 0.8233254303169255, 0.7421784570651132, 0.8063422896941747, 0.4391361038609368, 0.006935566176470526, 0.029484325980392165, 0.0321939509803922, 0.19713222794117682),
	('SJU', 216, 0.5845184227537169, 0.46460942563745894, 0.7044274198699749, 0.506114143803007, 0.6629227017044268, 0.29478290666742557, 0.023280481481481458, 0.06293090740740746, 0.08341419444444449, 0.2700874999999999),
	('ORH', 9, 0.9, 0.6701738509556752, 1.0, 0.7497247584985804, 1.0, 0.9266666666666667, 0.12577333333333326, 0.34464111111111106, 0.34464111111111106, 0.34464111111111106);
CREATE TEMP TABLE sets AS
	SELECT 'all' AS name, score, late, confidence, correct FROM scored
	UNION ALL SELECT 'tied', round(score * 100) / 100, late, round(confidence * 100) / 100, correct FROM scored
	UNION ALL SELECT origin, score, late, confidence, correct FROM scored WHERE origin IN ('ATL', 'DCA', 'SJU', 'ORH');
CREATE TEMP TABLE got AS
	SELECT name, count(*) AS n, fma_roc_auc(score, late) AS auc, fma_roc_auc_interval(score, late) AS i95,
		fma_roc_auc_interval(score, late, 0.8) AS i80, fma_average_precision(score, late) AS ap,
		fma_adaptive_ece(confidence, correct, 1) AS ece_1, fma_adaptive_ece(confidence, correct, 10) AS ece_10,
		fma_adaptive_ece(confidence, correct, 15) AS ece_15, fma_adaptive_ece(confidence, correct, 1000) AS ece_1000
	FROM sets GROUP BY name;
SELECT ok(got.n = o.n AND pg_temp.close(got.auc, o.auc) AND (i95).estimate = got.auc AND (i80).estimate = got.auc,
	'ROC AUC as scikit-learn: ' || name) FROM got JOIN oracle AS o USING (name) ORDER BY name;
SELECT ok(pg_temp.close((i95).low, o.low) AND pg_temp.close((i95).high, o.high)
	AND pg_temp.close((i80).low, o.low80) AND pg_temp.close((i80).high, o.high80),
	'interval as by placement values: ' || name) FROM got JOIN oracle AS o USING (name) ORDER BY name;
SELECT ok(pg_temp.close(got.ap, o.ap), 'average precision as scikit-learn: ' || name)
	FROM got JOIN oracle AS o USING (name) ORDER BY name;
SELECT ok(abs(got.ece_1 - o.ece_1) < 1e-14 AND abs(got.ece_10 - o.ece_10) < 1e-14 AND abs(got.ece_15 - o.ece_15) < 1e-14
	AND abs(got.ece_1000 - o.ece_1000) < 1e-14, 'adaptive ECE as by definition: ' || name)
	FROM got JOIN oracle AS o USING (name) ORDER BY name;

-- In memory and spilled: the same bits. 349,419 rows, of which 64 kB hold 8,192.
CREATE FUNCTION pg_temp.temp_blocks(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ' || query INTO plan;
	RETURN (plan -> 0 -> 'Plan' ->> 'Temp Written Blocks')::bigint;
END
$$;
CREATE TEMP TABLE many AS SELECT s.* FROM scored AS s, generate_series(1, 7);
PREPARE figures AS
	SELECT fma_roc_auc(score, late), fma_roc_auc_interval(score, late), fma_average_precision(score, late),
		fma_roc_auc_interval(score, late, 0.5) AS half, fma_adaptive_ece(confidence, correct, 15) FROM many;
SET LOCAL work_mem = '1GB';
SELECT is(pg_temp.temp_blocks('EXECUTE figures'), 0::bigint, 'no temporary file within work_mem');
CREATE TEMP TABLE in_memory AS EXECUTE figures;
SET LOCAL work_mem = '64kB';
SELECT cmp_ok(pg_temp.temp_blocks('EXECUTE figures'), '>', 1000::bigint, 'temporary files beyond work_mem');
SELECT cmp_ok(pg_temp.temp_blocks('SELECT fma_roc_auc(score, late) FROM many'), '>', 300::bigint, 'and for an aggregate alone');
SELECT results_eq('EXECUTE figures', 'TABLE in_memory', 'the same bits, spilled');
SELECT is((SELECT fma_roc_auc(score, late) FROM many), (SELECT auc FROM got WHERE name = 'all'), 'rows sevenfold: the same area');
SELECT is((SELECT fma_roc_auc(score, late) FROM (SELECT * FROM many ORDER BY score DESC OFFSET 0) AS q),
	(SELECT auc FROM got WHERE name = 'all'), 'the order of the rows does not matter');
SELECT is((SELECT fma_average_precision(score, true) FROM many), 1.0::float8, 'one class alone spills, too');

-- A hash table of spilled states that is read more than once
SET LOCAL hash_mem_multiplier = 1000;
SET LOCAL enable_sort = off;
SET LOCAL enable_material = off;
SET LOCAL enable_hashjoin = off;
SET LOCAL enable_mergejoin = off;
PREPARE again AS
	SELECT i, part, auc FROM generate_series(1, 3) AS i
	LEFT JOIN (SELECT id % 8 AS part, fma_roc_auc(score, late) AS auc FROM many GROUP BY 1) AS q ON i <> part + 10;
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	plan jsonb;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
	RETURN plan;
END
$$;
SELECT ok(jsonb_path_exists(pg_temp.plan_of('EXECUTE again'), '$.** ? (@."Strategy" == "Hashed")')
	AND jsonb_path_exists(pg_temp.plan_of('EXECUTE again'), '$.** ? (@."Node Type" == "Nested Loop")'),
	'the plan reads a hash table again and again');
CREATE TEMP TABLE again_spilled AS EXECUTE again;
SELECT is((SELECT count(*) FROM again_spilled), 6::bigint, 'every group for every row');
RESET enable_sort; RESET enable_material; RESET enable_hashjoin; RESET enable_mergejoin; RESET work_mem;
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT is((SELECT count(*) FROM again_spilled JOIN (SELECT id % 8 AS part, fma_roc_auc(score, late) AS auc
	FROM many GROUP BY 1) AS q USING (part, auc)), 6::bigint, 'with the figures that one reading in memory gives');

-- Windows: running and moving frames, against each frame on its own, with more rows than work_mem holds
SELECT ok(bool_and((running, moving) IS NOT DISTINCT FROM (
		(SELECT fma_roc_auc(score, late) FROM scored AS f WHERE f.origin = w.origin AND f.id <= w.id),
		(SELECT fma_average_precision(score, late) FROM scored AS f WHERE f.origin = w.origin AND f.id BETWEEN w.first AND w.id))),
	'running and moving frames')
FROM (SELECT id, origin, fma_roc_auc(score, late) OVER (PARTITION BY origin ORDER BY id) AS running,
		fma_average_precision(score, late) OVER last_30 AS moving, min(id) OVER last_30 AS first
	FROM scored WHERE origin IN ('SJU', 'ORH')
	WINDOW last_30 AS (PARTITION BY origin ORDER BY id ROWS 29 PRECEDING)) AS w;
SET LOCAL work_mem = '64kB';
SELECT is((SELECT array_agg(DISTINCT w) FROM (SELECT (fma_roc_auc(score, late) OVER (), fma_roc_auc_interval(score, late) OVER (),
		fma_adaptive_ece(confidence, correct, 10) OVER (), count(*) OVER ())::text AS w FROM scored) AS q),
	(SELECT ARRAY[(auc, i95, ece_10, n)::text] FROM got WHERE name = 'all'), 'a whole table as a window never spills, same bits');
RESET work_mem;
SET LOCAL max_parallel_workers_per_gather = 0;

-- Many groups, each with its own area
SELECT is((SELECT count(auc) FROM (SELECT origin, fma_roc_auc(score, late) AS auc FROM scored GROUP BY origin) AS q),
	(SELECT count(*) FROM (SELECT origin FROM scored GROUP BY origin HAVING bool_or(late) AND NOT bool_and(late)) AS q),
	'an area for each airport with both classes');

SELECT * FROM finish();
ROLLBACK;

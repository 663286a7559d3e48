-- Drift and the parts of a change: SciPy's figures, brute force, additivity, symmetry, predicates
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
BEGIN;
SELECT plan(22);
CREATE TABLE stops (id int, ts timestamp, precinct int, neighborhood text, hour int, dow int, race text, gender text,
	pre_race text, person_search text, citation_issued text, failed boolean, failed_v2 boolean);
\copy stops FROM PROGRAM 'gzip -dc test/data/stops.csv.gz' CSV HEADER
CREATE TABLE insurance (id int, gender text, ethnicity text, region text, age int, family int, health text, "limit" text,
	married text, selfemp text, education text, failed boolean, failed_v2 boolean, loss float8);
\copy insurance FROM PROGRAM 'gzip -dc test/data/insurance.csv.gz' CSV HEADER
CREATE TABLE scenes (scene_id int, place text, n_objects int, conf_mean float8, conf_fg_mean float8, brightness float8,
	contrast float8, pixel_accuracy float8);
\copy scenes FROM PROGRAM 'gzip -dc test/data/scenes.csv.gz' CSV HEADER
CREATE TABLE oracle (what text, pair text, feature text, condition text, figures float8[]);
\copy oracle FROM PROGRAM 'gzip -dc test/data/drift.csv.gz' CSV
CREATE TABLE pair AS SELECT * FROM (VALUES
	('insurance', 'failed, ', 'ethnicity, region, age, family, health, "limit", loss', 'insurance', 'gender = ''female'''),
	('insurance loss', 'loss, ', 'education, region, age, family', 'insurance', 'married = ''yes'''),
	('stops', 'failed, ', 'precinct, neighborhood, hour, dow, race, gender, pre_race, person_search, citation_issued', 'stops', 'ts >= ''2017-10-01'''),
	('scenes', 'pixel_accuracy, ', 'n_objects, conf_mean, brightness, contrast', 'scenes', 'place = ''brick''')) AS v (pair, loss, columns, source, current);

CREATE FUNCTION near(a float8, b float8) RETURNS boolean LANGUAGE sql AS
	$$ SELECT a IS NULL AND b IS NULL OR coalesce(abs(a - b) <= 1e-9 * greatest(abs(a), abs(b)) + 1e-15, false) $$;

-- Every distance of every column, against SciPy
SELECT is_empty(format($$
	SELECT coalesce(d.feature, o.feature), d.*, o.figures
	FROM fma_drift(%L, %L) AS d FULL JOIN (SELECT * FROM oracle WHERE what = 'drift' AND pair = %L) AS o ON o.feature = d.feature
	WHERE (cells = figures[1] AND near(psi, figures[2]) AND near(jensen_shannon, figures[3]) AND near(hellinger, figures[4]) AND near(total_variation, figures[5])
		AND near(chi_square, figures[6]) AND near(chi_square_p, figures[7]) AND near(ks, figures[8]) AND near(ks_p, figures[9]) AND near(wasserstein, figures[10])) IS NOT TRUE$$,
	format('SELECT %s FROM %s WHERE NOT (%s)', columns, source, current), format('SELECT %s FROM %s WHERE %s', columns, source, current), pair), 'drift: ' || pair)
FROM pair;

-- Every part of a change, against brute force
SELECT is_empty(format($$
	SELECT coalesce(e.feature, o.feature), coalesce(e.condition, o.condition), e.*, o.figures
	FROM fma_explain_change(%L, %L) AS e FULL JOIN (SELECT * FROM oracle WHERE what = 'explain' AND pair = %L) AS o
		ON o.feature = e.feature AND coalesce(o.condition, '-') = coalesce(e.condition, '-')
	WHERE (n_reference = figures[1] AND n_current = figures[2] AND near(rate_reference, figures[3]) AND near(rate_current, figures[4])
		AND near(mix_effect, figures[5]) AND near(rate_effect, figures[6]) AND (near(p_value, figures[7]) OR e.condition IS NULL)) IS NOT TRUE$$,
	format('SELECT %s %s FROM %s WHERE NOT (%s)', loss, columns, source, current), format('SELECT %s %s FROM %s WHERE %s', loss, columns, source, current), pair), 'explain: ' || pair)
FROM pair;

-- The parts add up: conditions to the line of their feature, mix and rate to the change
CREATE FUNCTION misfits(reference text, current text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT format('%s: %s %s %s', feature, sum(mix_effect) FILTER (WHERE condition IS NOT NULL), sum(rate_effect) FILTER (WHERE condition IS NOT NULL), max(total_effect) FILTER (WHERE condition IS NULL))
	FROM fma_explain_change(reference, current) GROUP BY feature
	HAVING (abs(sum(total_effect) FILTER (WHERE condition IS NOT NULL) - max(rate_current - rate_reference) FILTER (WHERE condition IS NULL)) < 1e-14
		AND abs(sum(mix_effect) FILTER (WHERE condition IS NOT NULL) - sum(mix_effect) FILTER (WHERE condition IS NULL)) < 1e-14
		AND sum(n_current) FILTER (WHERE condition IS NOT NULL) = sum(n_current) FILTER (WHERE condition IS NULL)
		AND abs(sum(share_reference) FILTER (WHERE condition IS NOT NULL) - 1) < 1e-14
		AND abs(max(total_effect) FILTER (WHERE condition IS NULL) - max(rate_current - rate_reference) FILTER (WHERE condition IS NULL)) < 1e-14) IS NOT TRUE $$;
CREATE TABLE odd AS SELECT i AS id, hashint4(i) % 5 = 0 AS failed, CASE WHEN i % 7 > 0 THEN CASE WHEN i % 11 > 0 THEN timestamptz '2024-01-01 00:00+00' + i * interval '7 minutes' ELSE 'infinity' END END AS at,
	CASE WHEN i % 9 > 0 THEN time '00:00' + i * interval '1 minute' END AS clock, (ARRAY[NULL, 0.5, 'NaN', 'Infinity', '-Infinity', i])[1 + i % 6]::float8 AS x, (i % 400)::text AS many, (i % 3)::text || CASE WHEN i > 3000 THEN 'new' ELSE '' END AS born
FROM generate_series(1, 6000) AS i;
SELECT is_empty($$SELECT misfits('SELECT failed, at, clock, x, many, born FROM odd WHERE id <= 3500', 'SELECT failed, born, x, many, clock, at FROM odd WHERE id > 3500')$$, 'the parts add up, whatever the columns');
SELECT is_empty(format('SELECT misfits(%L, %L)', format('SELECT %s %s FROM %s WHERE NOT (%s)', loss, columns, source, current),
	format('SELECT %s %s FROM %s WHERE %s', loss, columns, source, current)), 'the parts add up: ' || pair) FROM pair;
-- Nothing but the mix, and nothing but the rate
SELECT results_eq($$SELECT round(mix_effect::numeric, 12), round(rate_effect::numeric, 12) FROM fma_explain_change(
	'SELECT i % 10 < 1 + 4 * (i % 100 / 50) AS failed, i % 100 / 50 AS a FROM generate_series(0, 999) AS i', 'SELECT i % 10 < 1 + 4 * a AS failed, a FROM (SELECT i, (i % 100 >= 20)::int AS a FROM generate_series(0, 999) AS i) AS s') WHERE condition IS NULL$$,
	$$VALUES (0.12::numeric, 0.000000000000::numeric)$$, 'only the mix changed');
SELECT results_eq($$SELECT round(mix_effect::numeric, 12), round(rate_effect::numeric, 12) FROM fma_explain_change(
	'SELECT i % 10 < 1 AS failed, i % 100 / 50 AS a FROM generate_series(0, 999) AS i', 'SELECT i % 10 < 1 + 2 * a AS failed, a FROM (SELECT i, (i % 100 >= 50)::int AS a FROM generate_series(0, 999) AS i) AS s') WHERE condition IS NULL$$,
	$$VALUES (0.000000000000::numeric, 0.1::numeric)$$, 'only the rate changed');

-- Predicates select the rows of a condition in either query
CREATE FUNCTION recount(reference text, current text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	part record;
	counted bigint[];
	checked int := 0;
BEGIN
	FOR part IN SELECT * FROM fma_explain_change(reference, current, timezone => 'Asia/Kathmandu') WHERE condition IS NOT NULL LOOP
		EXECUTE format('SELECT ARRAY[(SELECT count(*) FROM (%s) AS q WHERE %s), (SELECT count(*) FROM (%s) AS q WHERE %s)]', reference, part.predicate, current, part.predicate) INTO counted;
		IF counted <> ARRAY[part.n_reference, part.n_current] THEN RETURN format('%s: %s', part.predicate, counted); END IF;
		checked := checked + 1;
	END LOOP;
	RETURN CASE WHEN checked > 0 THEN 'all right' ELSE 'nothing' END;
END $$;
SELECT is(recount('SELECT failed, at, clock, x, many, born FROM odd WHERE id <= 3500', 'SELECT failed, born, x, many, clock, at FROM odd WHERE id > 3500'), 'all right', 'predicates');

-- The same rows do not differ; exchanged queries differ as much; the order of the rows does not matter
SELECT is_empty($$SELECT * FROM fma_drift('TABLE odd', 'SELECT * FROM odd ORDER BY hashint4(id)') WHERE (psi = 0 AND hellinger = 0 AND q_value = 1 AND verdict = 'none') IS NOT TRUE$$, 'no drift');
SELECT is_empty($$SELECT * FROM fma_drift('SELECT * FROM odd WHERE id < 2000', 'SELECT * FROM odd WHERE id >= 2000') AS a FULL JOIN
	fma_drift('SELECT * FROM odd WHERE id >= 2000 ORDER BY hashint4(id)', 'SELECT * FROM odd WHERE id < 2000 ORDER BY hashint4(id)') AS b USING (rank, feature, kind, cells, verdict)
	WHERE (near(a.psi, b.psi) AND near(a.jensen_shannon, b.jensen_shannon) AND near(a.hellinger, b.hellinger) AND near(a.chi_square, b.chi_square) AND near(a.ks, b.ks) AND near(a.wasserstein, b.wasserstein)
		AND a.nulls_reference = b.nulls_current AND near(a.q_value, b.q_value)) IS NOT TRUE$$, 'exchanged');
-- A column of keys, more than the dictionaries number: as exact as one of few values
SELECT results_eq($$SELECT feature, round(ks::numeric, 12), round(wasserstein::numeric, 6) FROM fma_drift('SELECT i AS a, i / 7.0 AS b, i::float4 AS c FROM generate_series(1, 70000) AS i', 'SELECT i + 7000 AS a, (i + 7000) / 7.0 AS b, (i + 7000)::float4 AS c FROM generate_series(1, 70000) AS i') ORDER BY 1$$,
	$$VALUES ('a', 0.100000000000, 7000.000000), ('b', 0.100000000000, 1000.000000), ('c', 0.100000000000, 7000.000000)$$, 'wide columns');
SELECT is((SELECT wasserstein FROM fma_drift('SELECT x FROM odd WHERE id < 3000', 'SELECT x FROM odd WHERE id >= 3000')), NULL, 'an infinite value has no finite distance');

-- Verdicts: by effect and by chance
CREATE FUNCTION verdict(shift float8, rows int) RETURNS text LANGUAGE sql AS $$
	SELECT verdict FROM fma_drift(format('SELECT (hashint8extended(i, 1) & 65535) / 65536.0 AS x FROM generate_series(1::bigint, %s) AS i', rows),
		format('SELECT (hashint8extended(i, 2) & 65535) / 65536.0 + %s AS x FROM generate_series(1::bigint, %s) AS i', shift, rows)) $$;
SELECT is(ARRAY[verdict(0, 2000), verdict(0.5, 2000), verdict(0.03, 20000), verdict(0.1, 20)], ARRAY['none', 'drift', 'slight', 'unclear'], 'four verdicts');
-- Few false alarms where nothing moved
SELECT cmp_ok((SELECT count(*) FROM generate_series(1, 200) AS seed WHERE EXISTS (SELECT FROM fma_drift(
	format('SELECT hashint8extended(i, %s) & 7 AS a, (hashint8extended(i, %s) & 65535) / 7.0 AS b, (hashint8extended(i, %s) & 255)::text AS c FROM generate_series(1::bigint, 300) AS i', seed, seed + 1000, seed + 2000),
	format('SELECT hashint8extended(i, %s) & 7 AS a, (hashint8extended(i, %s) & 65535) / 7.0 AS b, (hashint8extended(i, %s) & 255)::text AS c FROM generate_series(1001::bigint, 1500) AS i', seed, seed + 1000, seed + 2000))
	WHERE verdict IN ('drift', 'slight'))), '<=', 16::bigint, 'stable columns');
SELECT * FROM finish();
ROLLBACK;

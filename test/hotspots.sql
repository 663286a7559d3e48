-- Hotspots: planted failures are found and little else; nothing where there is nothing; units.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
BEGIN;
SELECT plan(14);

-- Features f1 .. f"n" with "v" values each, and a uniform u, all independent; by hashes, so always the same
CREATE FUNCTION features(n int, v int, seed int) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(format('(hashint8extended(i, %s) & 1073741823) %% %s AS f%s', seed * 1000 + c, v, c), ', ') FROM generate_series(1, n) AS c $$;
CREATE FUNCTION uniform(i bigint, seed bigint) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT (hashint8extended(i, seed) & 1073741823) / 1073741824.0 $$;

-- 20 columns that have nothing to do with the loss, a hundred times
CREATE FUNCTION false_alarms(order_ int, rows int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	alarms bigint := 0;
BEGIN
	FOR seed IN 1..100 LOOP
		alarms := alarms + (SELECT (count(*) > 0)::int FROM fma_find_hotspots(format('SELECT uniform(i, %s) < 0.2 AS failed, %s FROM generate_series(1, %s::bigint) AS i',
			seed * 1000, features(20, 4, seed), rows), max_order := order_));
	END LOOP;
	RETURN alarms;
END $$;
SELECT cmp_ok(false_alarms(2, 2000), '<=', 10::bigint, 'no hotspot where there is none, order 2, in 90 of 100 cases');
SELECT cmp_ok(false_alarms(3, 1000), '<=', 10::bigint, 'no hotspot where there is none, order 3, in 90 of 100 cases');

-- Failures of one, two and three conditions among 20 features of 10 values: .5 against .1
SELECT format('CREATE TABLE planted AS SELECT uniform(i, 0) < CASE WHEN f1 = 3 OR f2 = 5 AND f3 < 3 OR f4 < 4 AND f5 < 4 AND f6 < 4 THEN 0.5 ELSE 0.1 END AS failed, * FROM (SELECT i, %s FROM generate_series(1, 50000::bigint) AS i) AS s', features(20, 10, 7)) \gexec
ALTER TABLE planted DROP COLUMN i;
CREATE TABLE exact AS SELECT uniform(i, 1) < CASE WHEN f1 = 3 OR f2 = 5 AND f3 = 2 OR f4 = 4 AND f5 = 4 AND f6 = 4 THEN 0.5 ELSE 0.1 END AS failed, s.*
FROM (SELECT row_number() OVER () AS i, f1, f2, f3, CASE WHEN f4 < 3 THEN 4 ELSE f4 END AS f4, CASE WHEN f5 < 3 THEN 4 ELSE f5 END AS f5,
	CASE WHEN f6 < 3 THEN 4 ELSE f6 END AS f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20 FROM planted) AS s;
ALTER TABLE exact DROP COLUMN i;
CREATE TABLE hot AS SELECT * FROM fma_find_hotspots('TABLE exact', min_rows := 100);
SELECT results_eq('SELECT slice FROM hot ORDER BY condition_count', ARRAY['f1 = 3', 'f2 = 5 and f3 = 2', 'f4 = 4 and f5 = 4 and f6 = 4'],
	'planted failures of one, two and three conditions, and nothing else');
SELECT ok((SELECT bool_and(q_value <= 0.05 AND p_value <= q_value AND lift >= 1.1 AND ci_low > baseline_rate AND failure_rate > rest_rate) FROM hot), 'what is shown of them');
SELECT results_eq('SELECT rank, excess_failures FROM hot ORDER BY rank', 'SELECT row_number() OVER (ORDER BY excess_failures DESC), excess_failures FROM hot ORDER BY 1', 'by excess failures');
CREATE TABLE rare AS SELECT uniform(row_number() OVER (), 2) < CASE WHEN f1 = 3 OR f2 = 5 AND f3 = 2 THEN 0.5 ELSE 0.1 END AS failed, * FROM (SELECT f1, f2, f3, f4, f5, f6, f7, f8, f9, f10 FROM planted) AS s;
SELECT is((SELECT array_agg(slice ORDER BY condition_count) FROM fma_find_hotspots('TABLE rare', min_rows := 100)), ARRAY['f1 = 3', 'f2 = 5 and f3 = 2'], 'a pair of 500 rows beside a single of 5,000');
SELECT cmp_ok((SELECT count(*) FROM fma_find_hotspots('TABLE planted', min_rows := 100)), '<=', 20::bigint, 'ranges of values that failed');
-- A real loss: the same slices, by their mean
SELECT is((SELECT array_agg(slice ORDER BY condition_count) FROM fma_find_hotspots('SELECT failed::int + uniform(f7 * 1000 + f8 * 100 + f9 * 10 + f10, 5) AS loss, f1, f2, f3, f4, f5, f6, f7, f8 FROM exact', min_rows := 100)),
	ARRAY['f1 = 3', 'f2 = 5 and f3 = 2', 'f4 = 4 and f5 = 4 and f6 = 4'], 'planted in a real loss');

-- Units: rows copied tenfold within their unit say no more than the rows once
CREATE TABLE once AS SELECT i AS unit, uniform(i, 1) < CASE WHEN i % 5 = 0 THEN 0.3 ELSE 0.2 END AS failed, uniform(i, 2) + CASE WHEN i % 5 = 0 THEN 0.04 ELSE 0 END AS loss, i % 5 AS a, i % 7 AS b FROM generate_series(1::bigint, 3000) AS i;
CREATE TABLE tenfold AS SELECT once.* FROM once, generate_series(1, 10);
CREATE FUNCTION p_of(loss text, source text, unit text) RETURNS TABLE (slice text, p float8) LANGUAGE sql AS $$
	SELECT slice, p_value FROM fma_find_slices(format('SELECT %s, a, b, unit FROM %s', loss, source), 2, 1, top := NULL, unit := unit) $$;
SELECT is_empty(format($$SELECT slice, t.p, o.p FROM p_of(%1$L, 'tenfold', 'unit') AS t FULL JOIN p_of(%1$L, 'once', 'unit') AS o USING (slice)
	WHERE (abs(t.p / o.p - 1) < 0.05) IS NOT TRUE$$, loss), 'tenfold within units: the same p, ' || loss) FROM (VALUES ('failed'), ('loss')) AS v (loss);
SELECT is_empty(format($$SELECT slice, t.p, o.p FROM p_of(%1$L, 'tenfold', 'unit') AS t JOIN (SELECT slice, p_value AS p FROM fma_find_slices('SELECT %1$s, a, b FROM once', 2, 1, top := NULL)) AS o USING (slice)
	WHERE (abs(t.p / o.p - 1) < 0.05) IS NOT TRUE$$, loss), 'and that of rows once without units, ' || loss) FROM (VALUES ('failed'), ('loss')) AS v (loss);
SELECT cmp_ok((SELECT p_value FROM fma_find_slices('SELECT failed, a, b FROM tenfold', 1, top := NULL) WHERE slice = 'a = 0'), '<',
	1e-3 * (SELECT p_value FROM fma_find_slices('SELECT failed, a, b FROM once', 1, top := NULL) WHERE slice = 'a = 0'), 'without units, copies look like evidence');
-- A failing day does not make a failing airport
SELECT is((SELECT count(*) FROM fma_find_hotspots('SELECT uniform(i / 50, 3) < 0.2 AS failed, i / 50 % 8 AS a, i / 50 % 5 AS b, i / 50 AS day FROM generate_series(0, 9999::bigint) AS i', unit := 'day')), 0::bigint,
	'units that fail as a whole are few independent failures');
SELECT * FROM finish();
ROLLBACK;

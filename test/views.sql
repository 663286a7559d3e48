-- The views: their shape by the catalogue, their numbers against plain SQL over the source
BEGIN;
SELECT no_plan();
\set QUIET on
SET client_min_messages = warning;
\i examples/load.sql
\i test/clients/setup.sql
-- Hostile: labels that break quoting, nothing labelled, an empty table, undefined everywhere
CREATE TABLE hostile (id int, truth text, prediction text, confidence float8, place text, at timestamptz, x float8);
INSERT INTO hostile SELECT i, CASE WHEN i % 3 = 0 THEN E'it''s "\\<b>' ELSE 'B' END, CASE WHEN i % 5 = 0 THEN 'B' ELSE E'it''s "\\<b>' END,
	(i % 11) / 10.0, NULLIF('p' || i % 3, 'p0'), CASE i % 20 WHEN 0 THEN NULL WHEN 1 THEN '-infinity' ELSE '2026-01-01'::timestamptz + i * interval '1 hour' END, CASE WHEN i % 7 = 0 THEN 'NaN' ELSE i::float8 END FROM generate_series(1, 200) AS i;
CREATE TABLE empty (LIKE hostile);
CREATE TABLE unlabelled (LIKE hostile);
INSERT INTO unlabelled SELECT id, NULL, NULL, NULL, NULL, NULL, NULL FROM hostile;
SELECT fma_register(name, name, truth => 'truth', prediction => 'prediction', confidence => 'confidence', id => 'id', place => 'place', occurred_at => 'at')
FROM unnest(ARRAY['hostile', 'empty', 'unlabelled']) AS name;
SELECT fma_run(name) FROM unnest(ARRAY['hostile', 'empty', 'unlabelled']) AS name;
RESET client_min_messages;
\set QUIET off

CREATE TEMP VIEW face AS
SELECT c.oid, c.relname, c.reloptions FROM pg_class AS c JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
WHERE c.relkind = 'v' AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'fma');

SELECT bag_has($$ SELECT relname::text FROM face $$, $$ VALUES ('fma_overview'), ('fma_confusion_cells'), ('fma_label_metrics'), ('fma_calibration'), ('fma_confidence_curve'),
	('fma_slice_metrics'), ('fma_hotspots'), ('fma_places'), ('fma_timeline'), ('fma_rule_results'), ('fma_run_log'), ('fma_model_comparison') $$,
	'the views of the design are there');
SELECT is_empty($$ SELECT relname FROM face WHERE NOT coalesce(reloptions @> '{security_invoker=true}', false) $$, 'every view reads with the rights of its reader');
SELECT is_empty($$ SELECT relname, attname, atttypid::regtype FROM face JOIN pg_attribute ON attrelid = face.oid AND attnum > 0
	WHERE atttypid NOT IN ('bigint'::regtype, 'integer'::regtype, 'double precision'::regtype, 'text'::regtype, 'boolean'::regtype, 'timestamptz'::regtype) $$,
	'columns are scalars of six types');
SELECT is_empty($$ SELECT relname, attname FROM face JOIN pg_attribute ON attrelid = face.oid AND attnum > 0
	WHERE coalesce(col_description(attrelid, attnum), '') = '' $$, 'every column has a comment');
SELECT is_empty($$ SELECT relname FROM face WHERE relname IN ('fma_timeline', 'fma_run_history')
	AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = face.oid AND attname = 'time' AND atttypid = 'timestamptz'::regtype) $$, 'series have a column "time"');

-- Whatever is undefined is NULL: no view shows NaN or infinity
CREATE FUNCTION not_finite(OUT relation text, OUT attribute text, OUT n bigint) RETURNS SETOF record LANGUAGE plpgsql AS $$
BEGIN
	FOR relation, attribute IN SELECT relname, attname FROM face JOIN pg_attribute ON attrelid = face.oid AND attnum > 0 AND atttypid = 'double precision'::regtype LOOP
		EXECUTE format('SELECT count(*) FROM %I WHERE %I IN (''NaN'', ''Infinity'', ''-Infinity'')', relation, attribute) INTO n;
		IF n > 0 THEN RETURN NEXT; END IF;
	END LOOP;
END $$;
SELECT is_empty($$ SELECT * FROM not_finite() $$, 'no view shows NaN or infinity');
SELECT is_empty($$ SELECT dataset, status, message FROM fma_run_log WHERE status <> 'complete' $$, 'all runs are complete');

-- Numbers
SELECT results_eq($$ SELECT model_version, n, unlabelled, failures, failure_rate, confident_errors, accuracy FROM fma_overview WHERE dataset = 'fashion' ORDER BY 1 $$,
	$$ SELECT model_version, count(*), 0::bigint, count(*) FILTER (WHERE true_label <> pred_label), avg((true_label <> pred_label)::int)::float8,
		count(*) FILTER (WHERE true_label <> pred_label AND confidence >= 0.8), 1 - avg((true_label <> pred_label)::int)::float8 FROM fashion GROUP BY 1 ORDER BY 1 $$,
	'fma_overview is what plain SQL counts');
SELECT is((SELECT array_agg(model_version ORDER BY model_version) FROM fma_overview WHERE dataset = 'fashion' AND is_current), ARRAY['v2'], 'one version is the current one');
SELECT bag_eq($$ SELECT model_version, truth, prediction, n FROM fma_confusion_cells WHERE dataset = 'fashion' AND n > 0 $$,
	$$ SELECT model_version, true_label, pred_label, count(*) FROM fashion GROUP BY 1, 2, 3 $$, 'fma_confusion_cells counts every pair');
SELECT is((SELECT count(*) FROM fma_confusion_cells WHERE dataset = 'fashion'), 200::bigint, 'and shows the empty cells too');
SELECT bag_eq($$ SELECT model_version, label, support, tp, round(recall::numeric, 12) FROM fma_label_metrics WHERE dataset = 'fashion' $$,
	$$ SELECT model_version, true_label, count(*) AS n, count(*) FILTER (WHERE true_label = pred_label), round(avg((true_label = pred_label)::int), 12) FROM fashion GROUP BY 1, 2 $$,
	'fma_label_metrics');
SELECT bag_eq($$ SELECT model_version, bin, n, accuracy FROM fma_calibration WHERE dataset = 'fashion' AND n > 0 $$,
	$$ SELECT model_version, least(floor(confidence * 10), 9)::int + 1, count(*), avg((true_label = pred_label)::int)::float8 FROM fashion GROUP BY 1, 2 $$, 'fma_calibration');
SELECT bag_eq($$ SELECT model_version, threshold, n, errors FROM fma_confidence_curve WHERE dataset = 'fashion' AND threshold IN (0, 0.5, 0.8, 0.99) $$,
	$$ SELECT model_version, t, count(*) AS n, count(*) FILTER (WHERE true_label <> pred_label) FROM fashion, unnest('{0,0.5,0.8,0.99}'::float8[]) AS t WHERE confidence >= t GROUP BY 1, 2 $$,
	'fma_confidence_curve');
SELECT bag_eq($$ SELECT batch, model_version, n, failures FROM fma_batches WHERE dataset = 'fashion' $$,
	$$ SELECT batch::text, model_version, count(*) AS n, count(*) FILTER (WHERE true_label <> pred_label) FROM fashion GROUP BY 1, 2 $$, 'fma_batches');
SELECT bag_eq($$ SELECT place, n, failures, round(accuracy::numeric, 12) FROM fma_places WHERE dataset = 'flights' $$,
	$$ SELECT origin, count(*) AS n, count(*) FILTER (WHERE true_label <> pred_label), round(1 - avg((true_label <> pred_label)::int), 12) FROM flights GROUP BY 1 $$, 'fma_places');
SELECT bag_eq($$ SELECT place, p_value, q_value FROM fma_places WHERE dataset = 'flights' $$,
	$$ SELECT *, fma_q_value(p) OVER () FROM (SELECT DISTINCT origin, fma_failure_test(fma_failures(true_label <> pred_label) OVER w, fma_failures(true_label <> pred_label) OVER () - fma_failures(true_label <> pred_label) OVER w) AS p
		FROM flights WINDOW w AS (PARTITION BY origin)) AS f $$, 'each place against the others');
SELECT is((SELECT sum(failures) FROM fma_timeline WHERE dataset = 'flights'), (SELECT count(*)::numeric FROM flights WHERE true_label <> pred_label), 'fma_timeline has every failure');
SELECT is_empty($$ SELECT time FROM fma_timeline WHERE dataset = 'flights' AND NOT (n > 0 AND time < ends_at AND ci_low <= failure_rate AND failure_rate <= ci_high) $$, 'period by period');
SELECT bag_eq($$ SELECT version_a, version_b, n, only_a_failed, only_b_failed FROM fma_model_comparison WHERE dataset = 'fashion' AND rank = 0 $$,
	$$ SELECT 'v1' AS a, 'v2' AS b, count(*) AS n, count(*) FILTER (WHERE a.true_label <> a.pred_label AND b.true_label = b.pred_label),
		count(*) FILTER (WHERE a.true_label = a.pred_label AND b.true_label <> b.pred_label) AS only_b
		FROM fashion AS a JOIN fashion AS b USING (id) WHERE a.model_version = 'v1' AND b.model_version = 'v2' $$, 'fma_model_comparison');
SELECT cmp_ok((SELECT count(*) FROM fma_hotspots WHERE dataset = 'flights'), '>', 0::bigint, 'there are hotspots');

SELECT results_eq($$ SELECT label, passed FROM fma_rule_results WHERE dataset = 'fashion' ORDER BY label $$,
	$$ SELECT label, f1 >= 0.8 FROM fma_label_metrics WHERE dataset = 'fashion' AND model_version = 'v2' ORDER BY label $$, 'fma_rule_results: a rule by label judges the current version''s labels');

-- A predicate selects exactly the slice's rows
CREATE FUNCTION by_predicate(relation text, predicate text, condition text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	result bigint;
BEGIN
	EXECUTE format('SELECT count(*) FROM %I WHERE (%s) AND (%s)', relation, predicate, condition) INTO result;
	RETURN result;
END $$;
SELECT is_empty($$ SELECT rank, slice FROM fma_hotspots WHERE dataset = 'flights' AND (n, failures) <> (by_predicate('flights', predicate, 'true'), by_predicate('flights', predicate, 'true_label <> pred_label')) $$,
	'the predicate of a hotspot selects its rows');
SELECT is_empty($$ SELECT rank, slice FROM fma_slice_metrics WHERE dataset = 'fashion' AND abs(accuracy - (1 - failure_rate)) > 1e-12 $$, 'accuracy of a slice is its share of right predictions');
SELECT is_empty($$ SELECT h.rank FROM fma_hotspots AS h WHERE dataset = 'flights' AND confirmation <> 'new'
	AND (new_n) <> by_predicate('flights', predicate, 'ts >= ''2001-05-01''') $$, 'confirmation looks at the rows since the run before');
SELECT cmp_ok((SELECT count(*) FROM fma_hotspot_confirmation WHERE dataset = 'flights'), '>', 0::bigint, 'the hotspots of the run before were measured again');
SELECT is((SELECT count(*) FROM fma_run_history WHERE dataset = 'flights'), 2::bigint, 'both runs are in the history');
SELECT is((SELECT n FROM fma_overview WHERE dataset = 'unlabelled'), 200::bigint, 'unlabelled rows are rows');
SELECT is((SELECT (failures, failure_rate, ece) FROM fma_overview WHERE dataset = 'unlabelled'), ROW(0::bigint, NULL::float8, NULL::float8), 'that say nothing');

-- A rule's confidence threshold has summaries of its own, which are no rows of the views
SELECT fma_add_rule('flights', 'Accuracy', 0.5, min_confidence => confidence) FROM unnest(ARRAY[0.6, 0.7]) AS confidence;
SELECT fma_run('flights');
SELECT cmp_ok((SELECT count(*) FROM fma_slice_metrics WHERE dataset = 'flights'), '>', 0::bigint, 'there are slices');
SELECT is((SELECT count(*) - count(DISTINCT rank) FROM fma_slice_metrics WHERE dataset = 'flights'), 0::bigint, 'one row a slice, whatever the rules');
SELECT cmp_ok((SELECT count(*) FROM fma_hotspots WHERE dataset = 'flights'), '>', 0::bigint, 'there are hotspots');
SELECT is((SELECT count(*) - count(DISTINCT rank) FROM fma_hotspots WHERE dataset = 'flights'), 0::bigint, 'and one row a hotspot');

-- A single unit, and places whose position is not always known
CREATE TABLE video (id int, truth text, prediction text, unit text, place text, lon float8, lat float8);
INSERT INTO video SELECT i, 'A', CASE WHEN i % 4 = 0 THEN 'A' ELSE 'B' END, 'only one', 'p' || i % 2,
	CASE i % 5 WHEN 0 THEN 'NaN' WHEN 1 THEN 'Infinity' ELSE '10' END::float8, CASE WHEN i % 2 = 0 THEN 'NaN' ELSE '20' END::float8 FROM generate_series(1, 100) AS i;
SELECT fma_register('video', 'video', 'truth', 'prediction', id => 'id', unit => 'unit', place => 'place', longitude => 'lon', latitude => 'lat');
SELECT fma_run('video');
SELECT is((SELECT array_agg((place, longitude, latitude)::text ORDER BY place) FROM fma_places WHERE dataset = 'video'), ARRAY['(p0,10,)', '(p1,10,20)'],
	'the position of a place is the mean of those that are known');
SELECT is((SELECT (ci_low, ci_high, design_effect)::text FROM fma_overview WHERE dataset = 'video'), '(,,)', 'a single unit has no interval');
SELECT is((SELECT (o ->> 'ci_low', o ->> 'ci_high', o ->> 'design_effect')::text FROM fma_get_overview('video') AS o), '(,,)', 'nor in JSON');
SELECT * FROM finish();
ROLLBACK;

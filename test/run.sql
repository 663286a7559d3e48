-- Runs: every stored figure against plain SQL over the source; edge cases; failed runs; rights to results.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = error;
BEGIN;
SELECT plan(91);
\i examples/load.sql
ALTER TABLE flights ADD day date, ADD lon float8, ADD lat float8;
UPDATE flights SET day = ts::date, lon = a.lon, lat = a.lat FROM airports AS a WHERE origin = iata;

-- Registers without any check: what is tested here is the run.
CREATE FUNCTION register(name text, relation regclass, settings jsonb) RETURNS void LANGUAGE sql AS
	$$ INSERT INTO fma_dataset (name, owner, relation, settings) VALUES (name, current_user::regrole, relation, settings) $$;
CREATE FUNCTION latest(name text) RETURNS bigint LANGUAGE sql AS
	$$ SELECT max(run_id) FROM fma_result_run JOIN fma_dataset AS d USING (dataset_id) WHERE d.name = latest.name $$;
CREATE FUNCTION note(name text, stage text) RETURNS text LANGUAGE sql AS
	$$ SELECT note FROM fma_result_stage AS s WHERE run_id = latest(name) AND s.stage = note.stage $$;

SELECT register('flights', 'flights', '{"truth": "true_label", "prediction": "pred_label", "confidence": "confidence", "id": "id",
	"occurred_at": "ts", "place": "origin", "longitude": "lon", "latitude": "lat", "unit": "day", "task": "classification",
	"features": ["ts", "hour", "dow", "distance", "origin_recent_delay"]}');
SELECT register('fashion', 'fashion', '{"truth": "true_label", "prediction": "pred_label", "confidence": "confidence", "id": "id",
	"batch": "batch", "model_version": "model_version", "task": "classification", "features": ["true_label", "brightness", "contrast", "ink_area", "noise"]}');

SELECT ok(fma_run('flights') > 0, 'flights run');
CREATE TEMP VIEW summary AS SELECT s.* FROM fma_result_summary AS s WHERE run_id = latest('flights');
SELECT is((SELECT (status, n, first_at, last_at, period, model_version, failed_stage)::text FROM fma_result_run WHERE run_id = latest('flights')),
	(SELECT ('complete', count(*), min(ts)::timestamptz, max(ts)::timestamptz, 'day', NULL, NULL)::text FROM flights), 'the run''s row');
SELECT results_eq($$ SELECT stage FROM fma_result_stage WHERE run_id = latest('flights') ORDER BY position $$,
	ARRAY['summaries', 'units', 'clusters', 'duplicates', 'slices', 'slice metrics', 'confirmation', 'model versions', 'change points', 'drift', 'explanation', 'space-time', 'rules'], 'all stages are recorded');
SELECT ok((SELECT bool_and(seconds >= 0 AND started_at <= clock_timestamp()) FROM fma_result_stage), 'with their time');

-- Summaries against plain SQL
SELECT results_eq($$ SELECT n, unlabelled, failures, confident_errors, confusion, reliability FROM summary WHERE segment_by = 'overall' $$,
	$$ SELECT count(*), 0::bigint, fma_failures(true_label <> pred_label), count(*) FILTER (WHERE true_label <> pred_label AND confidence >= 0.8),
		fma_confusion(true_label, pred_label), fma_reliability(confidence, true_label = pred_label, 100) FROM flights $$, 'overall');
SELECT results_eq($$ SELECT starts_at, ends_at, n, failures, confusion, reliability FROM summary WHERE segment_by = 'period' ORDER BY 1 $$,
	$$ SELECT date_trunc('day', ts)::timestamptz, (date_trunc('day', ts) + interval '1 day')::timestamptz, count(*), fma_failures(true_label <> pred_label),
		fma_confusion(true_label, pred_label), fma_reliability(confidence, true_label = pred_label, 100) FROM flights GROUP BY 1, 2 ORDER BY 1 $$, 'periods');
SELECT results_eq($$ SELECT segment, n, failures, confusion, reliability FROM summary WHERE segment_by = 'place' ORDER BY 1 $$,
	$$ SELECT origin, count(*), fma_failures(true_label <> pred_label), fma_confusion(true_label, pred_label),
		fma_reliability(confidence, true_label = pred_label, 100) FROM flights GROUP BY 1 ORDER BY 1 $$, 'places');
SELECT is_empty($$ SELECT FROM summary JOIN airports ON segment = iata WHERE segment_by = 'place' AND abs(longitude - lon) + abs(latitude - lat) > 1e-9 $$, 'where places are');
SELECT is((SELECT sum(n) FROM summary WHERE segment_by = 'period'), (SELECT count(*)::numeric FROM flights), 'periods hold all rows');
SELECT is((SELECT array_agg(DISTINCT regression::text) FROM summary), ARRAY[NULL], 'labels have no regression');

-- Units: the design effect by its formula
SELECT results_eq($$ SELECT n_units, round(design_effect::numeric, 9) FROM summary WHERE segment_by = 'overall' $$,
	$$ SELECT m, round(greatest(sum((k - p * n) ^ 2) * m / (m - 1) / (sum(n) * p * (1 - p)), 1)::numeric, 9) FROM (
		SELECT *, sum(k) OVER () / sum(n) OVER () AS p, count(*) OVER () AS m FROM (
			SELECT count(*)::float8 AS n, count(*) FILTER (WHERE true_label <> pred_label)::float8 AS k FROM flights GROUP BY day) AS u) AS u GROUP BY m, p $$, 'design effect, overall');
SELECT is_empty($$ SELECT s.segment, s.design_effect, e FROM summary AS s JOIN (
	SELECT origin, m, CASE WHEN m > 1 AND p > 0 AND p < 1 THEN greatest(sum((k - p * n) ^ 2) * m / (m - 1) / (sum(n) * p * (1 - p)), 1) ELSE sum(n * n) / sum(n) END AS e FROM (
		SELECT *, sum(k) OVER w / sum(n) OVER w AS p, count(*) OVER w AS m FROM (
			SELECT origin, count(*)::float8 AS n, count(*) FILTER (WHERE true_label <> pred_label)::float8 AS k FROM flights GROUP BY origin, day) AS u WINDOW w AS (PARTITION BY origin)) AS u
	GROUP BY origin, m, p) AS o ON segment = origin WHERE segment_by = 'place' AND (abs(design_effect / e - 1) > 1e-9 OR n_units <> m OR (design_effect IS NULL) <> (m = 1)) $$, 'design effects of places');
SELECT is((SELECT count(*) FROM summary WHERE segment_by IN ('overall', 'period', 'place') AND (n_units IS NULL OR design_effect < 1 OR (design_effect IS NULL) <> (n_units = 1))), 0::bigint, 'every segment of more than one unit has one');

-- Slices and hotspots: what the finders themselves say, and their metrics
SELECT results_eq($$ SELECT rank, slice, predicate, n, failures, ci_low, q_value, n_units FROM fma_result_slice WHERE run_id = latest('flights') AND kind = 'slice' ORDER BY rank $$,
	$$ SELECT rank, slice, predicate, n, failures, ci_low, q_value, n_units FROM fma_find_slices('SELECT true_label <> pred_label AS failed, ts, hour, dow, distance, origin_recent_delay, day FROM flights',
		top := 50, unit := 'day', timezone := 'UTC') $$, 'slices as fma_find_slices finds them');
SELECT results_eq($$ SELECT rank, slice, predicate, n, failures, ci_low, q_value, n_units FROM fma_result_slice WHERE run_id = latest('flights') AND kind = 'hotspot' ORDER BY rank $$,
	$$ SELECT rank, slice, predicate, n, failures, ci_low, q_value, n_units FROM fma_find_hotspots('SELECT true_label <> pred_label AS failed, ts, hour, dow, distance, origin_recent_delay, day FROM flights',
		max_order := 2, unit := 'day', timezone := 'UTC') $$, 'hotspots as fma_find_hotspots finds them');
SELECT ok((SELECT count(*) > 0 FROM fma_result_slice WHERE run_id = latest('flights') AND kind = 'hotspot'), 'there are some');
CREATE FUNCTION wrong_metrics(name text, relation regclass, version text) RETURNS TABLE (what text) LANGUAGE plpgsql AS $$
DECLARE
	s record;
	good boolean;
BEGIN
	FOR s IN SELECT m.*, r.predicate FROM fma_result_summary AS m JOIN fma_result_slice AS r ON m.run_id = r.run_id AND m.segment_by = r.kind AND m.rank = r.rank
		WHERE m.run_id = latest(name)
	LOOP
		EXECUTE format('SELECT ($1, $2, $3, $4, $5)::text = (count(*), fma_failures(true_label <> pred_label), count(*) FILTER (WHERE true_label <> pred_label AND confidence >= 0.8),
			fma_confusion(true_label, pred_label), fma_reliability(confidence, true_label = pred_label, 100))::text FROM %s WHERE (%s) AND %s',
			relation, s.predicate, version) INTO good USING s.n, s.failures, s.confident_errors, s.confusion, s.reliability;
		IF NOT good THEN
			what := s.segment;
			RETURN NEXT;
		END IF;
	END LOOP;
END $$;
SELECT is((SELECT count(*) FROM summary WHERE segment_by IN ('slice', 'hotspot')), (SELECT count(*) FROM fma_result_slice WHERE run_id = latest('flights')), 'each has metrics');
SELECT is_empty($$ SELECT wrong_metrics('flights', 'flights', 'true') $$, 'which are those of its rows');
SELECT is_empty($$ SELECT FROM fma_result_slice AS r JOIN summary AS s ON s.segment_by = r.kind AND s.rank = r.rank WHERE r.run_id = latest('flights') AND (s.segment <> r.slice OR s.n_units <> r.n_units) $$, 'named alike');

-- Model versions
SELECT ok(fma_run('fashion') > 0, 'fashion runs');
SELECT results_eq($$ SELECT model_version, n, failures, confusion, reliability FROM fma_result_summary WHERE run_id = latest('fashion') AND segment_by = 'overall' ORDER BY 1 $$,
	$$ SELECT model_version, count(*), fma_failures(true_label <> pred_label), fma_confusion(true_label, pred_label), fma_reliability(confidence, true_label = pred_label, 100) FROM fashion GROUP BY 1 ORDER BY 1 $$,
	'a row for each version');
SELECT results_eq($$ SELECT model_version, segment, n, failures, confusion FROM fma_result_summary WHERE run_id = latest('fashion') AND segment_by = 'batch' ORDER BY 1, 2 $$,
	$$ SELECT model_version, batch::text, count(*), fma_failures(true_label <> pred_label), fma_confusion(true_label, pred_label) FROM fashion GROUP BY 1, 2 ORDER BY 1, 2 $$, 'and for its batches');
SELECT is((SELECT model_version FROM fma_result_run WHERE run_id = latest('fashion')), 'v2', 'the current version is the greatest where there are no times');
SELECT is_empty($$ SELECT wrong_metrics('fashion', 'fashion', 'model_version = ''v2''') $$, 'slices are of the current version');
SELECT results_eq($$ SELECT n, loss_a, loss_b, only_a_failed, only_b_failed FROM fma_result_comparison WHERE run_id = latest('fashion') AND rank = 0 $$,
	$$ SELECT count(*), avg((a.true_label <> a.pred_label)::int)::float8, avg((b.true_label <> b.pred_label)::int)::float8,
		count(*) FILTER (WHERE a.true_label <> a.pred_label AND b.true_label = b.pred_label), count(*) FILTER (WHERE a.true_label = a.pred_label AND b.true_label <> b.pred_label)
		FROM fashion AS a JOIN fashion AS b USING (id) WHERE a.model_version = 'v1' AND b.model_version = 'v2' $$, 'all rows of two versions');
-- McNemar, 143 against 760: scipy.stats.binomtest(143, 903).pvalue
SELECT ok((SELECT abs(p_value / 2.993793111727021e-102 - 1) < 1e-9 FROM fma_result_comparison WHERE run_id = latest('fashion') AND rank = 0), 'their p is McNemar''s');
SELECT results_eq($$ SELECT slice, n, loss_a, loss_b, p_value, q_value, q_rest FROM fma_result_comparison WHERE run_id = latest('fashion') AND rank > 0 ORDER BY rank $$,
	$$ SELECT slice, n, loss_a, loss_b, p_value, q_value, q_rest FROM fma_compare_models('SELECT a.true_label <> a.pred_label AS fa, b.true_label <> b.pred_label AS fb, b.true_label, b.brightness, b.contrast, b.ink_area, b.noise
		FROM fashion AS a JOIN fashion AS b USING (id) WHERE a.model_version = ''v1'' AND b.model_version = ''v2''', top := NULL) WHERE q_value < 0.05 AND difference > 0 ORDER BY rank LIMIT 50 $$, 'slices where b is worse');
UPDATE fma_dataset SET settings = settings || '{"current_version": "v1"}' WHERE name = 'fashion';
SELECT ok(fma_run('fashion') > 0, 'with a current version that is set');
SELECT is_empty($$ SELECT wrong_metrics('fashion', 'fashion', 'model_version = ''v1''') $$, 'slices are of that one');
SELECT is((SELECT model_version FROM fma_result_run WHERE run_id = latest('fashion')), 'v1', 'which is recorded');

-- Spans of time; and confirmation
CREATE TABLE stream AS SELECT * FROM flights WHERE ts < '2001-05-10';
SELECT register('stream', 'stream', (SELECT settings FROM fma_dataset WHERE name = 'flights'));
SELECT ok(fma_run('stream', '2001-04-03', '2001-04-05 12:00') > 0, 'a span');
SELECT is((SELECT (n, since, until)::text FROM fma_result_run WHERE run_id = latest('stream')),
	(SELECT (count(*), timestamptz '2001-04-03', timestamptz '2001-04-05 12:00')::text FROM stream WHERE ts >= '2001-04-03' AND ts < '2001-04-05 12:00'), 'its rows');
SELECT is((SELECT period FROM fma_result_run WHERE run_id = latest('stream')), 'hour', 'a shorter span has shorter periods');
SELECT ok(fma_run('stream') > 0, 'before the new rows');
INSERT INTO stream SELECT * FROM flights WHERE ts >= '2001-05-10';
CREATE TEMP TABLE before AS SELECT * FROM fma_result_slice WHERE run_id = latest('stream') AND kind = 'hotspot';
SELECT ok(fma_run('stream') > 0, 'after them');
CREATE TEMP VIEW confirmation AS SELECT * FROM fma_result_confirmation WHERE run_id = latest('stream');
SELECT is((SELECT count(*) FROM confirmation), (SELECT count(*) FROM before), 'every hotspot is measured again');
SELECT is_empty($$ SELECT FROM confirmation AS c JOIN before AS b USING (rank) WHERE c.previous_run_id <> b.run_id OR c.slice <> b.slice OR c.previous_n <> b.n OR c.previous_rate <> b.failure_rate $$, 'as it was found');
CREATE FUNCTION wrong_confirmations(name text, source text) RETURNS TABLE (what text) LANGUAGE plpgsql AS $$
DECLARE
	c record;
	good boolean;
BEGIN
	FOR c IN SELECT * FROM fma_result_confirmation WHERE run_id = latest(name) LOOP
		EXECUTE format('SELECT $1 = count(*) FILTER (WHERE %1$s) AND $2 IS NOT DISTINCT FROM nullif(count(*) FILTER (WHERE failed AND (%1$s)), -1)
			AND abs($3 - avg(failed::int) FILTER (WHERE (%1$s) IS NOT TRUE)) < 1e-12 FROM (%2$s) AS q', c.predicate, source) INTO good USING c.n, c.failures, c.rest_rate;
		IF good IS NOT TRUE THEN
			what := c.slice;
			RETURN NEXT;
		END IF;
	END LOOP;
END $$;
SELECT is_empty($$ SELECT wrong_confirmations('stream', 'SELECT *, true_label <> pred_label AS failed FROM stream WHERE ts > timestamp ''2001-05-09 23:54''') $$, 'on the new rows alone');
-- With one unit a row the p are those of the rates alone
CREATE TABLE single AS SELECT i AS id, timestamptz '2020-01-01' + i * interval '1 minute' AS at, i % 10 AS f, i % 7 AS g, (hashint8extended(i, 1) & 1023) < CASE WHEN i % 10 = 3 THEN 300 ELSE 100 END AS bad
	FROM generate_series(1::bigint, 4000) AS i;
SELECT register('single', 'single', '{"occurred_at": "at", "failed": "t.bad", "task": "condition", "features": ["f", "g"]}');
SELECT ok(fma_run('single') > 0, 'without labels');
INSERT INTO single SELECT i, timestamptz '2020-01-01' + i * interval '1 minute', i % 10, i % 7, (hashint8extended(i, 1) & 1023) < CASE WHEN i % 10 = 3 THEN 300 ELSE 100 END FROM generate_series(4001::bigint, 6000) AS i;
SELECT ok(fma_run('single') > 0, 'again');
SELECT is_empty($$ SELECT wrong_confirmations('single', 'SELECT *, bad AS failed FROM single WHERE id > 4000') $$, 'confirmed on the new rows');
SELECT results_eq($$ SELECT slice, verdict, round(p_value::numeric, 15), round(ci_low::numeric, 12) FROM fma_result_confirmation WHERE run_id = latest('single') $$,
	$$ SELECT 'f = 3', 'confirmed', round(fma_failure_test(i, o, 'greater')::numeric, 15), round((fma_failure_interval(i)).low::numeric, 12)
		FROM (SELECT fma_failures(bad) FILTER (WHERE f = 3) AS i, fma_failures(bad) FILTER (WHERE f <> 3) AS o FROM single WHERE id > 4000) AS s $$, 'by the one-sided test');
INSERT INTO single SELECT i, timestamptz '2020-01-01' + i * interval '1 minute', i % 10, i % 7, (hashint8extended(i, 1) & 1023) < 100 FROM generate_series(6001::bigint, 6050) AS i;
SELECT ok(fma_run('single') > 0, 'few new rows');
SELECT is((SELECT array_agg(verdict) FROM fma_result_confirmation WHERE run_id = latest('single')), ARRAY['too few rows'], 'are too few');
INSERT INTO single SELECT i, timestamptz '2020-01-01' + i * interval '1 minute', i % 10, i % 7, (hashint8extended(i, 1) & 1023) < 100 FROM generate_series(6051::bigint, 10000) AS i;
SELECT ok(fma_run('single') > 0, 'many new rows, and the failure is repaired');
SELECT is((SELECT array_agg(verdict) FROM fma_result_confirmation WHERE run_id = latest('single')), ARRAY['not confirmed'], 'which is seen');
ALTER TABLE single DROP COLUMN f;
UPDATE fma_dataset SET settings = settings || '{"features": ["g"]}' WHERE name = 'single';
SELECT ok(fma_run('single') > 0, 'a hotspot of a dropped column');
SELECT is((SELECT status FROM fma_result_run WHERE run_id = latest('single')), 'complete', 'does not keep runs from being complete');
SELECT ok(coalesce(note('single', 'confirmation'), '') ~ 'column "f" does not exist|no hotspots', 'and that is noted');

-- Regression: numbers, no failures
CREATE TABLE delay AS SELECT id, ts, hour, origin, distance, origin_recent_delay AS truth, route_mean_delay AS prediction FROM flights WHERE id % 10 = 0;
UPDATE delay SET truth = NULL WHERE id % 100 = 0;
SELECT register('delay', 'delay', '{"truth": "truth", "prediction": "prediction", "task": "regression", "occurred_at": "ts", "period": "month", "features": ["hour", "distance"]}');
SELECT ok(fma_run('delay') > 0, 'a regression');
SELECT results_eq($$ SELECT n, unlabelled, failures IS NULL, regression FROM fma_result_summary WHERE run_id = latest('delay') AND segment_by = 'overall' $$,
	$$ SELECT count(*), count(*) FILTER (WHERE truth IS NULL), true, fma_regression(truth, prediction) FROM delay $$, 'its summary');
SELECT is((SELECT count(*) FROM fma_result_summary WHERE run_id = latest('delay') AND segment_by = 'period'), 2::bigint, 'by month, as asked for');
SELECT results_eq($$ SELECT slice, n, mean_loss, failures FROM fma_result_slice WHERE run_id = latest('delay') AND kind = 'slice' ORDER BY rank $$,
	$$ SELECT slice, n, mean_loss, failures FROM fma_find_slices('SELECT abs(prediction - truth) AS loss, hour, distance FROM delay', top := 50) $$, 'its slices');

-- Class probabilities
CREATE TABLE p AS SELECT i AS id, (ARRAY['a', 'b', 'c', 'd'])[1 + (hashint8extended(i, 1) & 3)] AS truth, 'a' AS prediction, ARRAY[0.4, 0.3, 0.2, 0.1]::real[] AS probabilities FROM generate_series(1::bigint, 400) AS i;
INSERT INTO p VALUES (401, 'a', 'a', ARRAY[0, 0.5, 0.5, 0]), (402, NULL, 'a', ARRAY[1, 0, 0, 0]), (403, 'd', 'a', ARRAY[0.25, 0.25, 0.25, 0.25]);
SELECT register('p', 'p', '{"truth": "truth", "prediction": "prediction", "task": "classification", "probabilities": "probabilities", "probability_labels": ["a", "b", "c", "d"], "features": []}');
SELECT ok(fma_run('p') > 0, 'class probabilities');
SELECT is((SELECT round(log_loss::numeric, 6) FROM fma_result_summary WHERE run_id = latest('p')),
	(SELECT round(avg(-ln(greatest(probabilities[strpos('abcd', truth)]::float8, 2.220446049250313e-16)))::numeric, 6) FROM p WHERE truth IS NOT NULL), 'log loss, clipped');
SELECT is((SELECT top_3_accuracy FROM fma_result_summary WHERE run_id = latest('p')),
	(SELECT avg((id <= 400 AND truth IN ('a', 'b', 'c'))::int)::float8 FROM p WHERE truth IS NOT NULL), 'top 3: ties count against the model');
SELECT is((SELECT classwise_ece FROM fma_result_summary WHERE run_id = latest('p')), (SELECT fma_classwise_ece(probabilities, ARRAY['a', 'b', 'c', 'd'], truth) FROM p), 'classwise error');
SELECT is(note('p', 'slices'), 'left out: the dataset has no features', 'no features: that is noted');
SELECT is((SELECT array_agg(fma_truth_rank(ARRAY[0.2, 0.5, 0.3], ARRAY['x', 'y', 'z'], l) ORDER BY l) FROM unnest(ARRAY['x', 'y', 'z']) AS l), ARRAY[3, 1, 2], 'ranks');

-- Nothing, NULL, one row, no failures, all failures
CREATE TABLE tiny (id int, at timestamptz, truth text, prediction text, confidence float8, feature int, version text, unit int);
SELECT register('tiny', 'tiny', '{"id": "id", "occurred_at": "at", "truth": "truth", "prediction": "prediction", "confidence": "confidence", "unit": "unit", "model_version": "version", "task": "classification", "features": ["feature"]}');
CREATE FUNCTION tiny(insertion text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	TRUNCATE tiny;
	EXECUTE 'INSERT INTO tiny ' || insertion;
	PERFORM fma_run('tiny');
	RETURN (SELECT (r.status, r.n, (SELECT sum(n) FROM fma_result_summary AS s WHERE s.run_id = r.run_id AND segment_by = 'overall'),
		(SELECT sum(unlabelled) FROM fma_result_summary AS s WHERE s.run_id = r.run_id AND segment_by = 'overall'),
		(SELECT count(*) FROM fma_result_slice AS s WHERE s.run_id = r.run_id AND kind = 'hotspot'))::text FROM fma_result_run AS r WHERE run_id = latest('tiny'));
END $$;
SELECT is(tiny('SELECT WHERE false'), '(complete,0,0,0,0)', 'an empty table');
SELECT is(tiny('SELECT FROM generate_series(1, 100)'), '(complete,100,100,100,0)', 'nothing but NULL');
SELECT is(tiny('VALUES (1, now(), ''a'', ''b'', 0.9, 1, ''v1'', 1)'), '(complete,1,1,0,0)', 'one row');
SELECT is(tiny('SELECT i, now(), ''a'', ''a'', 0.9, i % 5, ''v1'', i % 7 FROM generate_series(1, 1000) AS i'), '(complete,1000,1000,0,0)', 'no failures');
SELECT is(tiny('SELECT i, now(), ''a'', ''b'', 0.9, i % 5, ''v1'', i % 7 FROM generate_series(1, 1000) AS i'), '(complete,1000,1000,0,0)', 'all failures');
SELECT is(tiny('SELECT i, CASE i % 3 WHEN 0 THEN ''infinity'' WHEN 1 THEN ''-infinity'' END::timestamptz, ''a'', ''b'', NULL, NULL, NULL, NULL FROM generate_series(1, 100) AS i'), '(complete,100,100,0,0)', 'times without end');
SELECT is((SELECT array_agg(DISTINCT (first_at, last_at)::text) FROM fma_result_run WHERE run_id = latest('tiny')), ARRAY['(,)'], 'are no times');
SELECT is(tiny('SELECT i, now(), ''a'', ''b'', 2, NULL, NULL, NULL FROM generate_series(1, 10) AS i'), '(failed,,,,0)', 'a confidence of 2');
SELECT is((SELECT (failed_stage, sqlstate, message)::text FROM fma_result_run WHERE run_id = latest('tiny')), '(summaries,22003,"confidence must be between 0 and 1")', 'is why the run failed');

-- Too many segments
CREATE TABLE many AS SELECT i AS id, i::text AS batch, timestamptz 'epoch' + i * interval '1 day' AS at, i % 3 = 0 AS bad FROM generate_series(1, 12000) AS i;
SELECT register('many', 'many', '{"batch": "batch", "occurred_at": "at", "period": "day", "failed": "t.bad", "task": "condition", "features": []}');
SELECT ok(fma_run('many') > 0, 'more batches and periods than are stored');
SELECT is((SELECT array_agg(segment_by) FROM fma_result_summary WHERE run_id = latest('many')), ARRAY['overall'], 'are left out');
SELECT is(note('many', 'summaries'), 'no summaries by day, of which there are more than 10000: set a longer period; no summaries by column "batch", which has more than 10000 values: register a coarser one as batch', 'which is noted');

-- Rights: what a registrant wrote is executed as the dataset's owner, whoever runs it
CREATE ROLE fma_analyst;
CREATE ROLE fma_reader;
CREATE ROLE fma_colleague IN ROLE fma_analyst;
CREATE SCHEMA lab AUTHORIZATION fma_analyst;
CREATE TABLE guarded AS SELECT i AS id, i % 5 AS f, i % 7 = 0 AS bad, i % 2 = 0 AS visible FROM generate_series(1, 700) AS i;
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY half ON guarded USING (visible);
GRANT SELECT ON guarded TO fma_analyst, fma_reader;
SET ROLE fma_analyst;
CREATE FUNCTION lab.only_me(bad boolean) RETURNS boolean STABLE LANGUAGE plpgsql AS $$
BEGIN
	IF current_user <> 'fma_analyst' THEN
		RAISE EXCEPTION 'executed as %', current_user;
	END IF;
	RETURN bad;
END $$;
CREATE VIEW lab.seen AS SELECT id, f, lab.only_me(bad) AS bad FROM guarded;
RESET ROLE;
INSERT INTO fma_dataset (name, owner, relation, settings) VALUES ('guarded', 'fma_analyst', 'guarded', '{"failed": "lab.only_me(t.bad)", "task": "condition", "features": ["f"]}'),
	('seen', 'fma_analyst', 'lab.seen', '{"failed": "t.bad", "task": "condition", "features": ["f"]}');
SELECT ok(fma_run('guarded') > 0 AND fma_run('seen') > 0, 'a superuser runs another''s datasets');
SELECT is((SELECT array_agg(DISTINCT (status, message)::text) FROM fma_result_run WHERE run_id IN (latest('guarded'), latest('seen'))), ARRAY['(complete,)'], 'nothing of them is executed as superuser');
SELECT is((SELECT n FROM fma_result_run WHERE run_id = latest('guarded')), 350::bigint, 'and the rows are those that their owner may see');
SET ROLE fma_colleague;
SELECT ok(fma_run('guarded') > 0, 'a member of the owner runs it');
SELECT is((SELECT (status, n)::text FROM fma_result_run WHERE run_id = (SELECT max(run_id) FROM fma_result_run)), '(complete,350)', 'with the same result');
SET ROLE fma_reader;
SELECT throws_ok($$ SELECT fma_run('guarded') $$, '42704', NULL, 'who may not read it, as its table has row security, does not know it');
SELECT is((SELECT count(*) FROM fma_result_run) + (SELECT count(*) FROM fma_result_summary) + (SELECT count(*) FROM fma_result_slice), 0::bigint, 'and sees no results');
RESET ROLE;
REVOKE SELECT ON guarded FROM fma_analyst;
SELECT ok(fma_run('guarded') > 0, 'an owner without rights any more');
SELECT is((SELECT (status, sqlstate)::text FROM fma_result_run WHERE run_id = latest('guarded')), '(failed,55000)', 'makes the run fail');


-- An id that stands for several rows would count as several pairs, however few they are
CREATE TABLE repeated AS SELECT v AS version, i AS id, i % 3 AS truth, i % 5 % 3 AS prediction, i % 4 AS f FROM generate_series(1, 100) AS i, (VALUES ('v1'), ('v2')) AS v (v);
SELECT register('repeated', 'repeated', '{"truth": "truth", "prediction": "prediction", "id": "id", "model_version": "version", "task": "classification", "features": ["f"]}');
INSERT INTO repeated VALUES ('v2', NULL, 1, 1, 1), ('v2', NULL, 1, 1, 1), ('v2', 7, NULL, 1, 1), ('v2', 2000, 1, 1, 1);
SELECT ok(fma_run('repeated') > 0);
SELECT is((SELECT array_agg(n) FROM fma_result_comparison WHERE run_id = latest('repeated') AND rank = 0), ARRAY[100::bigint], 'rows without an id, and unlabelled ones, are no pairs');
INSERT INTO repeated VALUES ('v1', 7, 1, 1, 1);
DELETE FROM repeated WHERE version = 'v2' AND id BETWEEN 50 AND 60;
SELECT ok(fma_run('repeated') > 0);
SELECT is(note('repeated', 'model versions'), 'v1 and v2 were not compared: an id stands for several rows of a version', 'a single id that repeats is found');

-- The search of hotspots has options that the confirmation must not be bound by
CREATE TABLE narrow AS SELECT i AS id, i % 3 = 0 AND i % 5 > 0 OR i % 11 = 0 AS bad, CASE WHEN i % 3 = 0 THEN 'c0' ELSE 'c' || i % 5 + 1 END AS c, timestamptz '2026-01-01' + i * interval '1 minute' AS at FROM generate_series(1, 7000) AS i;
SELECT register('narrow', 'narrow', '{"failed": "t.bad", "task": "condition", "occurred_at": "at", "features": ["c"], "max_values": 1}');
SELECT ok(fma_run('narrow', until => '2026-01-03') > 0 AND fma_run('narrow') > 0);
SELECT is((SELECT array_agg((slice, verdict, n)::text) FROM fma_result_confirmation WHERE run_id = latest('narrow')),
	(SELECT ARRAY[('c = c0', 'confirmed', count(*))::text] FROM narrow WHERE c = 'c0' AND at >= '2026-01-03'), 'a hotspot is confirmed where only the most frequent values are told apart');

-- A slice of a single unit, whose mean has no variance
CREATE TABLE alone AS SELECT i AS id, i::float8 AS truth, i + sin(i) * (1 + i % 5) AS prediction, CASE WHEN i % 5 = 4 THEN 0 ELSE i % 50 END AS unit, 'g' || i % 5 AS g FROM generate_series(1, 2000) AS i;
SELECT register('alone', 'alone', '{"truth": "truth", "prediction": "prediction", "unit": "unit", "task": "regression", "features": ["g"]}');
SELECT ok(fma_run('alone') > 0);
SELECT is((SELECT (status, message)::text FROM fma_result_run WHERE run_id = latest('alone')), '(complete,)', 'does not end the run');
SELECT is((SELECT (n_units, design_effect)::text FROM fma_result_summary WHERE run_id = latest('alone') AND segment = 'g = g4' AND segment_by = 'slice'), '(1,)', 'and has no design effect');

-- A rule of all confidences, of a dataset that has none any more
CREATE TABLE unsure AS SELECT 'x' || i % 2 AS truth, 'x' || i % 3 AS prediction, 0.5::float8 AS confidence FROM generate_series(1, 100) AS i;
SELECT register('unsure', 'unsure', '{"truth": "truth", "prediction": "prediction", "confidence": "confidence", "task": "classification"}');
SELECT fma_add_rule('unsure', 'Accuracy', 0.2, min_confidence => 0);
SELECT fma_alter_dataset('unsure', '{"confidence": null}');
SELECT ok(fma_run('unsure') > 0);
SELECT is((SELECT (u.status, u.message, r.reason)::text FROM fma_result_run AS u JOIN fma_result_rule AS r USING (run_id) WHERE run_id = latest('unsure')), '(complete,,"the run did not measure this confidence")', 'does not end the run');
SELECT * FROM finish();
ROLLBACK;

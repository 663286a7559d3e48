-- Dashboard: every figure of the JSON against plain SQL over the source, and rights.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
BEGIN;
SELECT plan(63);
\i examples/load.sql
CREATE ROLE fma_stranger;

INSERT INTO fma_dataset (name, owner, relation, settings) VALUES
	('fashion', 'postgres', 'fashion', '{"truth": "true_label", "prediction": "pred_label", "confidence": "confidence", "id": "id", "model_version": "model_version", "high_confidence": 0.9}'),
	('houses', 'postgres', 'flights', '{"task": "regression", "truth": "distance", "prediction": "hour"}'),
	('new', 'postgres', 'flights', '{"truth": "true_label", "prediction": "pred_label"}');
CREATE FUNCTION run(name text, n bigint, version text, status text DEFAULT 'complete') RETURNS bigint LANGUAGE sql AS $$
	INSERT INTO fma_result_run (dataset_id, status, started_at, n, model_version, settings, fma_version)
	SELECT dataset_id, status, now(), n, version, settings, '1.0' FROM fma_dataset AS d WHERE d.name = run.name RETURNING run_id
$$;
-- An older run, the one to be shown, and a newer one that failed
SELECT run('fashion', 5, 'v0') AS old, run('fashion', 20000, 'v2') AS run, run('fashion', 5, 'v3', 'failed') AS failed, run('houses', 49917, NULL) AS houses \gset
INSERT INTO fma_result_summary (run_id, segment_by, model_version, n, unlabelled, failures, confident_errors, design_effect, confusion, reliability)
	SELECT :run, 'overall', model_version, count(*), 0, fma_failures(true_label <> pred_label),
		count(*) FILTER (WHERE true_label <> pred_label AND confidence >= 0.9), 1,
		fma_confusion(true_label, pred_label), fma_reliability(confidence, true_label = pred_label, 100)
	FROM fashion GROUP BY model_version;
-- What must not be mixed in: another segment, a rule's confidence threshold, another run
INSERT INTO fma_result_summary (run_id, segment_by, segment, model_version, n, unlabelled, failures, confusion, min_confidence, below_label)
	SELECT :run, segment_by, segment, 'v2', 1, 0, fma_failures(true), fma_confusion('wrong', 'rows'), min_confidence, below_label
	FROM (VALUES ('batch', '1', NULL::float8, NULL), ('overall', NULL, 0.5, '(none)')) AS v (segment_by, segment, min_confidence, below_label)
	GROUP BY segment_by, segment, min_confidence, below_label;
INSERT INTO fma_result_summary (run_id, segment_by, n, unlabelled, regression) SELECT :houses, 'overall', count(*), 0, fma_regression(distance, hour) FROM flights;
INSERT INTO fma_result_slice (run_id, kind, rank, slice, predicate, conditions, condition_count, n)
	SELECT :run, kind, rank, 'x', 'x', '[]', 1, 1 FROM (VALUES ('hotspot', 1), ('hotspot', 2), ('slice', 1)) AS v (kind, rank);

-- Overview
CREATE TABLE wanted AS SELECT model_version AS version, count(*) AS n, count(*) FILTER (WHERE true_label <> pred_label) AS failures,
	count(*) FILTER (WHERE true_label <> pred_label AND confidence >= 0.9) AS confident, avg(confidence) AS mean FROM fashion GROUP BY 1;
SELECT ok((o ->> 'n')::bigint = w.n AND (o ->> 'failures')::bigint = w.failures AND (o ->> 'confident_errors')::bigint = confident
	AND (o ->> 'failure_rate')::float8 = w.failures / w.n::float8 AND abs((o ->> 'accuracy')::float8 - (1 - w.failures / w.n::float8)) < 1e-12
	AND abs((o ->> 'mean_confidence')::float8 - mean) < 1e-9 AND o ->> 'model_version' = version
	AND (o ->> 'ci_low')::float8 < w.failures / w.n::float8 AND (o ->> 'ci_high')::float8 > w.failures / w.n::float8, 'overview: ' || version)
FROM wanted AS w, fma_get_overview('fashion', version) AS o ORDER BY version;
SELECT is(fma_get_overview('fashion'), fma_get_overview('fashion', 'v2'), 'the run''s current version is shown by default');
SELECT is(o -> 'run_id', to_jsonb(:run), 'the newest complete run') FROM fma_get_overview('fashion') AS o;
SELECT is(o -> 'model_versions', '["v1", "v2"]', 'the versions there are') FROM fma_get_overview('fashion') AS o;
SELECT is(o -> 'high_confidence', '0.9', 'the dataset''s high confidence') FROM fma_get_overview('fashion') AS o;
SELECT is(o -> 'hotspots', '2', 'the number of hotspots') FROM fma_get_overview('fashion') AS o;
SELECT is((o ->> 'ece')::float8, (SELECT fma_ece(confidence, true_label = pred_label) FROM fashion WHERE model_version = 'v2'), 'ECE with 10 bins') FROM fma_get_overview('fashion') AS o;
-- Macro F1 by hand
SELECT ok(abs((o ->> 'macro_f1')::float8 - (SELECT avg(2.0 * tp / (truths + guesses)) FROM (
	SELECT l.true_label, count(*) FILTER (WHERE f.true_label = l.true_label AND f.pred_label = l.true_label) AS tp,
		count(*) FILTER (WHERE f.true_label = l.true_label) AS truths, count(*) FILTER (WHERE f.pred_label = l.true_label) AS guesses
	FROM (SELECT DISTINCT true_label FROM fashion) AS l, fashion AS f WHERE model_version = 'v2' GROUP BY 1) AS s)) < 1e-12, 'macro F1') FROM fma_get_overview('fashion') AS o;
SELECT set_eq(format('SELECT jsonb_object_keys(fma_get_overview(%L))', 'houses'), format('SELECT jsonb_object_keys(fma_get_overview(%L))', 'fashion'), 'the keys are always the same');
SELECT ok(o ->> 'accuracy' IS NULL AND abs((o ->> 'mae')::float8 - (SELECT avg(abs(distance - hour)) FROM flights)) < 1e-9 AND o ->> 'task' = 'regression', 'a regression') FROM fma_get_overview('houses') AS o;

-- Confusion matrix
CREATE TEMP TABLE matrix AS SELECT fma_get_confusion_matrix('fashion') AS m;
SELECT is(m -> 'labels', (SELECT jsonb_agg(l ORDER BY l COLLATE "C") FROM (SELECT true_label AS l FROM fashion UNION SELECT pred_label FROM fashion) AS s), 'labels') FROM matrix;
CREATE TEMP TABLE cell AS SELECT m -> 'labels' ->> i AS truth, m -> 'labels' ->> j AS guess, (m -> 'counts' -> i ->> j)::bigint AS n,
	(m -> 'share_of_truth' -> i ->> j)::float8 AS of_truth, (m -> 'share_of_prediction' -> i ->> j)::float8 AS of_guess
FROM matrix, generate_series(0, 9) AS i, generate_series(0, 9) AS j;
SELECT set_eq('SELECT truth, guess, n FROM cell WHERE n > 0', $$ SELECT true_label, pred_label, count(*) FROM fashion WHERE model_version = 'v2' GROUP BY 1, 2 $$, 'counts');
SELECT is(count(*), 100::bigint, 'zeros are there') FROM cell;
SELECT ok(bool_and(abs(sum - 1) < 1e-12), 'shares of the truth') FROM (SELECT sum(of_truth) FROM cell GROUP BY truth) AS s;
SELECT ok(bool_and(abs(sum - 1) < 1e-12), 'shares of the prediction') FROM (SELECT sum(of_guess) FROM cell GROUP BY guess) AS s;
SELECT ok(bool_and(of_truth = n / truths AND of_guess = n / guesses), 'each by its own') FROM (SELECT *, sum(n) OVER (PARTITION BY truth)::float8 AS truths, sum(n) OVER (PARTITION BY guess)::float8 AS guesses FROM cell) AS s;
SELECT is(m - 'run_id', '{"dataset": "houses", "labels": [], "counts": [], "share_of_truth": [], "share_of_prediction": [], "model_version": null}', 'no labels, no matrix') FROM fma_get_confusion_matrix('houses') AS m;
-- A click on a cell opens its rows
SELECT ok(bool_and(n = coalesce(total, 0)), 'a cell''s count is the total of its rows') FROM cell,
	LATERAL (SELECT max(total) AS total FROM fma_list_predictions('fashion', true_label => truth, pred_label => guess, model_version => 'v2', page_size => 1)) AS l
WHERE truth IN ('Shirt', 'Coat');

-- Errors by class
CREATE TEMP TABLE class AS SELECT c ->> 'label' AS label, c, place FROM jsonb_array_elements(fma_get_errors_by_class('fashion') -> 'classes') WITH ORDINALITY AS e (c, place);
SELECT set_eq($$ SELECT label, (c ->> 'support')::bigint AS n, (c ->> 'errors')::bigint AS errors, (c ->> 'error_rate')::float8 AS rate FROM class $$,
	$$ SELECT true_label, count(*) AS n, count(*) FILTER (WHERE true_label <> pred_label) AS errors, avg((true_label <> pred_label)::int)::float8 FROM fashion WHERE model_version = 'v2' GROUP BY 1 $$, 'errors by class');
SELECT results_eq('SELECT label FROM class ORDER BY place', $$ SELECT true_label FROM fashion WHERE model_version = 'v2' GROUP BY 1 ORDER BY count(*) FILTER (WHERE true_label <> pred_label) DESC, true_label COLLATE "C" $$, 'most errors first');
SELECT ok(abs(sum((c ->> 'share_of_errors')::float8) - 1) < 1e-12, 'shares of the errors') FROM class;
SELECT set_eq($$ SELECT label, c ->> 'taken_for', (c ->> 'taken_for_n')::bigint FROM class $$,
	$$ SELECT DISTINCT ON (true_label) true_label, pred_label, count(*) FROM fashion WHERE model_version = 'v2' AND true_label <> pred_label
		GROUP BY 1, 2 ORDER BY true_label, count(*) DESC, pred_label COLLATE "C" $$, 'what each is taken for');
SELECT is(fma_get_errors_by_class('houses') -> 'classes', '[]', 'no labels, no classes');

-- Calibration
SELECT set_eq(format($$ SELECT (b ->> 'bin')::int, (b ->> 'n')::bigint, (b ->> 'accuracy')::float8 FROM jsonb_array_elements(fma_get_calibration('fashion', %s) -> 'bins') AS b WHERE b ->> 'accuracy' IS NOT NULL $$, bins),
	format($$ SELECT width_bucket(least(confidence, 0.9999999999), 0, 1, %s), count(*), avg((true_label = pred_label)::int)::float8 FROM fashion WHERE model_version = 'v2' GROUP BY 1 $$, bins), 'calibration in ' || bins || ' bins')
FROM (VALUES (4), (10), (20)) AS v (bins);
SELECT is(jsonb_array_length(fma_get_calibration('fashion', bins) -> 'bins'), bins, bins || ' bins, empty ones too') FROM (VALUES (1), (10), (100)) AS v (bins);
SELECT is(fma_get_calibration('fashion', NULL), fma_get_calibration('fashion'), 'bins NULL is the default');
SELECT throws_ok($$ SELECT fma_get_calibration('fashion', 7) $$, '22023', 'bins must divide the 100 bins of the fma_reliability value', 'bins that cannot be had');
SELECT is(fma_get_calibration('houses') -> 'bins', '[]', 'no confidence, no bins');

-- Confidence curve
CREATE TEMP TABLE point AS SELECT (p ->> 'threshold')::float8 AS threshold, p FROM jsonb_array_elements(fma_get_confidence_curve('fashion', 'v1') -> 'points') AS p;
SELECT is(count(*), 100::bigint, 'a point every hundredth') FROM point;
SELECT set_eq($$ SELECT threshold, (p ->> 'n')::bigint AS n, (p ->> 'errors')::bigint AS errors, (p ->> 'coverage')::float8 AS coverage FROM point $$,
	$$ SELECT t, count(*) FILTER (WHERE confidence >= t) AS n, count(*) FILTER (WHERE confidence >= t AND true_label <> pred_label) AS errors, count(*) FILTER (WHERE confidence >= t) / count(*)::float8 AS coverage
		FROM fashion, (SELECT i / 100::float8 AS t FROM generate_series(0, 99) AS i) AS ts WHERE model_version = 'v1' GROUP BY t $$, 'rows, errors and coverage above each threshold');
SELECT ok(bool_and(abs((p ->> 'accuracy')::float8 - 1 + (p ->> 'errors')::float8 / (p ->> 'n')::float8) < 1e-12), 'accuracy above each') FROM point;

-- Predictions
SELECT is(jsonb_array_elements(g -> 'items'), to_jsonb(l) - 'total' - 'total_is_exact', 'the items are the rows of the list')
	FROM fma_get_predictions('fashion', only_errors => true, page => 3, page_size => 1) AS g, fma_list_predictions('fashion', only_errors => true, page => 3, page_size => 1) AS l;
SELECT is(g - 'items', (SELECT jsonb_build_object('dataset', 'fashion', 'page', 9999, 'page_size', 10, 'total', count(*), 'total_is_exact', true) FROM fashion WHERE true_label <> pred_label), 'a page beyond the last has a total as well')
	FROM fma_get_predictions('fashion', only_errors => true, page => 9999) AS g;
SELECT is(g, '{"dataset": "fashion", "page": 1, "page_size": 10, "total": 0, "total_is_exact": true, "items": []}', 'no rows')
	FROM fma_get_predictions('fashion', only_errors => true, min_conf => 0.9999999) AS g;
SELECT is((fma_get_predictions('houses', page_size => 1) -> 'items' -> 0) ->> 'error_type', NULL, 'without what an error is');

-- What is missing
SELECT throws_ok(format('SELECT %s(%s)', f, arguments), state, message, f || ': ' || message)
FROM (VALUES ('fma_get_overview'), ('fma_get_confusion_matrix'), ('fma_get_errors_by_class'), ('fma_get_calibration'), ('fma_get_confidence_curve')) AS v (f), (VALUES
	('''nowhere''', '42704', 'dataset "nowhere" does not exist, or is not yours to read'),
	('''new''', '55000', 'dataset "new" has no complete run yet'),
	('''fashion'', model_version => ''v0''', '22023', 'dataset "fashion" has no model version "v0"')) AS w (arguments, state, message);
SET ROLE fma_stranger;
SELECT throws_ok(format('SELECT %s(''fashion'')', f), '42704', NULL, f || ': a stranger')
FROM (VALUES ('fma_get_overview'), ('fma_get_confusion_matrix'), ('fma_get_errors_by_class'), ('fma_get_calibration'), ('fma_get_confidence_curve'), ('fma_get_predictions')) AS v (f);
RESET ROLE;
INSERT INTO fma_dataset_share SELECT dataset_id, 'fma_stranger' FROM fma_dataset WHERE name = 'fashion';
SET ROLE fma_stranger;
SELECT is(fma_get_overview('fashion') ->> 'n', '10000', 'shared, they see it');
RESET ROLE;
-- Thousands of labels: no matrix of a hundred million cells
SELECT run('new', 1001, NULL) AS many \gset
INSERT INTO fma_result_summary (run_id, segment_by, n, unlabelled, confusion) SELECT :many, 'overall', 1001, 0, fma_confusion('L' || i, 'L' || i % 1000) FROM generate_series(1, 1001) AS i;
SELECT is((SELECT (jsonb_array_length(m -> 'labels'), m ->> 'counts', m ->> 'share_of_truth')::text FROM fma_get_confusion_matrix('new') AS m), '(1002,,)', 'more than 1,000 labels have no matrix');
SELECT * FROM finish();
ROLLBACK;

-- Task detection: runs, rules, views and lists of images against the same figures by plain SQL over their objects.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
BEGIN;
SELECT plan(55);

-- Up to eight objects an image, each in a place of its own, so that what matches what is plain: boxes of 10 x 10 that are moved by d
-- pixels overlap by (10 - d) / (10 + d)
SELECT setseed(0.25);
CREATE TABLE object AS
SELECT image, version, slot, CASE WHEN r > 0.15 THEN name[1 + (image + slot) % 3] END AS t, CASE WHEN q > 0.1 + 0.1 * (image % 3) THEN name[1 + (image + slot + (q > 0.9)::int) % 4] END AS g,
	(ARRAY[0.3, 0.5, 0.7, 0.9])[1 + (image * slot + version) % 4] AS score, (ARRAY[0, 2, 4])[1 + (image / 2 + slot) % 3] AS d
FROM (SELECT *, random() AS r, random() AS q FROM generate_series(1, 90) AS image, generate_series(1, 2) AS version, generate_series(0, 7) AS slot ORDER BY 1, 2, 3) AS s, (SELECT ARRAY['it''s a "car"', 'bus', 'van', 'tram']) AS n (name)
WHERE image <> 7;
CREATE TABLE true_box AS SELECT DISTINCT ON (image, slot) image, t AS label, slot * 20 AS x FROM object WHERE t IS NOT NULL ORDER BY image, slot, version;
UPDATE object AS o SET t = p.t FROM object AS p WHERE p.image = o.image AND p.slot = o.slot AND p.version = 1;
DELETE FROM true_box AS b WHERE NOT EXISTS (SELECT FROM object AS o WHERE o.image = b.image AND o.slot * 20 = b.x AND o.t = b.label);
CREATE TABLE predicted_box AS SELECT image, version, g AS label, score, slot * 20 + d AS x FROM object WHERE g IS NOT NULL;
CREATE TABLE shot AS SELECT image AS id, (ARRAY['port', 'road', 'yard'])[1 + image % 3] AS place, timestamptz '2024-05-01 00:00+00' + image * interval '5 hours' AS at, image % 4 AS lens FROM generate_series(1, 90) AS image;

-- The view that makes rows of images: one without boxes has none, and number 8 has not been labelled
CREATE VIEW detected AS
SELECT shot.*, 'v' || version AS version,
	CASE WHEN id <> 8 THEN (SELECT fma_boxes(label, x, 0, 10, 10) FROM true_box WHERE image = id) END AS truth,
	(SELECT fma_boxes(label, x, 0, 10, 10, score) FROM predicted_box AS b WHERE image = id AND b.version = v.version) AS guess
FROM shot, generate_series(1, 2) AS v (version);

-- The cells of the matrix at a confidence and an overlap
CREATE FUNCTION cells(conf float8, iou float8) RETURNS TABLE (id int, version text, place text, at timestamptz, lens int, t text, g text) LANGUAGE sql STABLE AS $$
	SELECT s.id, 'v' || o.version, s.place, s.at, s.lens, c.t, c.g FROM object AS o JOIN shot AS s ON s.id = o.image, LATERAL (SELECT CASE WHEN o.score >= conf THEN o.g END AS g) AS p,
		LATERAL (SELECT o.t, p.g WHERE o.t IS NOT NULL AND p.g IS NOT NULL AND (10.0 - d) / (10 + d) >= iou
			UNION ALL SELECT o.t, 'background' WHERE o.t IS NOT NULL AND (p.g IS NULL OR (10.0 - d) / (10 + d) < iou)
			UNION ALL SELECT 'background', p.g WHERE p.g IS NOT NULL AND (o.t IS NULL OR (10.0 - d) / (10 + d) < iou)) AS c
	WHERE s.id <> 8
$$;
CREATE TABLE cell AS SELECT * FROM cells(0.5, 0.5);
CREATE TABLE judged AS
SELECT s.*, 'v' || v AS version, CASE WHEN id <> 8 THEN coalesce(m.hits < m.truths, false) END AS failed, m.hits / nullif(m.truths, 0)::float8 AS recall, m.hits / nullif(m.predicted, 0)::float8 AS precision,
	2 * m.hits / nullif(m.truths + m.predicted, 0)::float8 AS f1
FROM shot AS s CROSS JOIN generate_series(1, 2) AS v LEFT JOIN (
	SELECT id, version, count(*) FILTER (WHERE t = g) AS hits, count(*) FILTER (WHERE t <> 'background') AS truths, count(*) FILTER (WHERE g <> 'background') AS predicted FROM cell GROUP BY 1, 2) AS m
	USING (id) WHERE m.version = 'v' || v OR m.version IS NULL;

SELECT lives_ok($$ SELECT fma_register('shots', 'detected', truth => 'truth', prediction => 'guess', id => 'id', occurred_at => 'at', place => 'place', model_version => 'version', current_version => 'v2',
	features => '{place,lens}', period => 'week', options => '{"min_rows": 10}') $$, 'a dataset of boxes');
SELECT is(settings - 'features', '{"truth": "truth", "prediction": "guess", "id": "id", "occurred_at": "at", "place": "place", "model_version": "version", "current_version": "v2", "period": "week", "min_rows": 10,
	"task": "detection", "metric": "Recall", "min_metric": 1, "derived": ["task", "metric", "min_metric"], "timezone": "UTC"}', 'any miss fails') FROM fma_dataset;

SELECT fma_add_rule('shots', 'Recall', 0.7, by => 'place', name => 'own');
SELECT fma_add_rule('shots', 'Precision', 0.7, by => 'label', name => 'labels');
SELECT fma_add_rule('shots', 'F1Score', 0.5, min_confidence => 0.7, min_iou => 0.6, by => 'place', name => 'both');
SELECT fma_add_rule('shots', 'Recall', 0.5, min_iou => 0.4, by => 'label', background_label => 'background', name => 'loose');
SELECT fma_add_rule('shots', 'IoU', 0.5, min_confidence => 0.2, by => 'model_version', background_label => 'background', background_mode => 'include', name => 'all boxes');
SELECT fma_add_rule('shots', 'Accuracy', 0.5, name => 'objects');
SELECT fma_add_rule('shots', 'wIoU', 0.1, weights => '{"bus": 9}', min_confidence => 0.5, min_iou => 0.5, name => 'weighted');
SELECT fma_add_rule('shots', 'FailureRate', 0.9, by => 'period', name => 'images');
SELECT fma_run('shots') AS run \gset
SELECT is(ROW(status, message)::text, '(complete,)', 'a run') FROM fma_result_run WHERE run_id = :run;

-- Images
SELECT results_eq($$ SELECT model_version, n, unlabelled, failures FROM fma_overview ORDER BY 1 $$,
	$$ SELECT version, count(*), count(*) FILTER (WHERE failed IS NULL), count(*) FILTER (WHERE failed) FROM judged GROUP BY 1 ORDER BY 1 $$, 'images, unlabelled and failed');
SELECT ok(bool_and(failures BETWEEN 30 AND 88 AND ci_low < failure_rate AND failure_rate < ci_high AND unlabelled = 1), 'whose rate has an interval') FROM fma_overview;
SELECT results_eq($$ SELECT place, n, failures FROM fma_places WHERE model_version = 'v2' ORDER BY 1 $$, $$ SELECT place, count(*), count(*) FILTER (WHERE failed) FROM judged WHERE version = 'v2' GROUP BY 1 ORDER BY 1 $$, 'places');
SELECT results_eq($$ SELECT time, n, failures FROM fma_timeline WHERE model_version = 'v1' ORDER BY 1 $$,
	$$ SELECT date_trunc('week', at, 'UTC'), count(*), count(*) FILTER (WHERE failed) FROM judged WHERE version = 'v1' GROUP BY 1 ORDER BY 1 $$, 'periods');
SELECT is(failed, false, 'an image with nothing to miss did not fail') FROM fma_get_prediction('shots', '7', 'v1');
SELECT results_eq($$ SELECT n, only_a_failed, only_b_failed FROM fma_model_comparison WHERE rank = 0 $$,
	$$ SELECT count(*), count(*) FILTER (WHERE a.failed AND NOT b.failed), count(*) FILTER (WHERE b.failed AND NOT a.failed)
	FROM judged AS a JOIN judged AS b USING (id) WHERE a.version = 'v1' AND b.version = 'v2' AND a.failed IS NOT NULL $$, 'model versions');

-- Objects
CREATE FUNCTION matrix(of text) RETURNS fma_confusion LANGUAGE plpgsql AS $$
DECLARE c fma_confusion;
BEGIN
	EXECUTE 'SELECT fma_confusion(t, g) FROM cell WHERE ' || of INTO c;
	RETURN c;
END $$;
SELECT is(s.confusion, matrix(format('version = %L', model_version)), 'objects of ' || model_version) FROM fma_result_summary AS s WHERE segment_by = 'overall' AND min_confidence IS NULL ORDER BY model_version;
SELECT ok(bool_and(s.confusion = matrix(format('version = %L AND place = %L', model_version, segment))) AND count(*) = 6, 'objects of places') FROM fma_result_summary AS s WHERE segment_by = 'place' AND min_confidence IS NULL;
SELECT ok(bool_and(s.confusion = matrix(format('version = %L AND date_trunc(''week'', at, ''UTC'') = %L', model_version, starts_at))) AND count(*) = 6, 'objects of periods') FROM fma_result_summary AS s
WHERE segment_by = 'period' AND min_confidence IS NULL;
SELECT ok(bool_and(s.confusion = matrix(format('version = ''v2'' AND (%s)', x.predicate))) AND count(*) > 5, 'objects of slices') FROM fma_result_summary AS s
JOIN fma_result_slice AS x USING (run_id, rank) WHERE s.segment_by = 'slice' AND x.kind = 'slice' AND min_confidence IS NULL;
SELECT is(confusion, fma_box_confusion('SELECT image AS image_id, label, x, 0 AS y, 10 AS width, 10 AS height FROM true_box WHERE image <> 8',
	'SELECT image AS image_id, label, score, x, 0 AS y, 10 AS width, 10 AS height FROM predicted_box WHERE version = 2 AND image <> 8'), 'as fma_box_confusion has them')
FROM fma_result_summary WHERE segment_by = 'overall' AND model_version = 'v2' AND min_confidence IS NULL;
SELECT results_eq($$ SELECT truth, prediction, n FROM fma_confusion_cells WHERE model_version = 'v2' AND n > 0 ORDER BY truth COLLATE "C", prediction COLLATE "C" $$,
	$$ SELECT t, g, count(*) FROM cell WHERE version = 'v2' GROUP BY 1, 2 ORDER BY t COLLATE "C", g COLLATE "C" $$, 'cells');

-- Each label; the background is none
CREATE FUNCTION labels(conf float8, iou float8) RETURNS TABLE (version text, place text, label text, tp bigint, support bigint, predicted bigint) LANGUAGE sql STABLE AS $$
	SELECT version, place, label, count(*) FILTER (WHERE t = label AND g = label), count(*) FILTER (WHERE t = label), count(*) FILTER (WHERE g = label)
	FROM cells(conf, iou), (SELECT DISTINCT coalesce(t, g) AS label FROM object WHERE coalesce(t, g) IS NOT NULL UNION SELECT 'tram') AS l GROUP BY GROUPING SETS ((version, label), (version, place, label))
$$;
SELECT results_eq($$ SELECT label, support, predicted, tp, f1 FROM fma_label_metrics WHERE model_version = 'v2' ORDER BY label COLLATE "C" $$,
	$$ SELECT label, support, predicted, tp, 2 * tp / (support + predicted)::float8 FROM labels(0.5, 0.5) WHERE version = 'v2' AND place IS NULL ORDER BY label COLLATE "C" $$, 'labels');
CREATE FUNCTION about(a float8, b float8) RETURNS boolean LANGUAGE sql AS 'SELECT abs(a - b) <= 1e-12 OR (a IS NULL AND b IS NULL)';
SELECT ok(about(v.macro_f1, o.f1) AND about(v.macro_recall, o.recall) AND about(v.macro_precision, o.precision), 'means over labels')
FROM fma_overview AS v, (SELECT avg(2 * tp / (support + predicted)::float8) AS f1, avg(coalesce(tp / nullif(support, 0)::float8, 0)) AS recall, avg(coalesce(tp / nullif(predicted, 0)::float8, 0)) AS precision
	FROM labels(0.5, 0.5) WHERE version = 'v2' AND place IS NULL) AS o WHERE v.is_current;
SELECT ok(about((j ->> 'macro_f1')::float8, o.macro_f1) AND (j ->> 'labels')::int = 4 AND j ->> 'task' = 'detection', 'the same as JSON') FROM fma_get_overview('shots') AS j, fma_overview AS o WHERE o.is_current;
SELECT ok(about(p.macro_f1, o.f1), 'in a place') FROM fma_places AS p, (SELECT avg(2 * tp / (support + predicted)::float8) AS f1 FROM labels(0.5, 0.5) WHERE version = 'v2' AND place = 'port') AS o
WHERE p.model_version = 'v2' AND p.place = 'port';
SELECT set_eq($$ SELECT c ->> 'label' FROM jsonb_array_elements(fma_get_errors_by_class('shots') -> 'classes') AS c $$, $$ SELECT DISTINCT label FROM labels(0.5, 0.5) $$, 'errors by class');

-- Rules at their thresholds
CREATE VIEW result AS SELECT r.* FROM fma_result_rule AS r JOIN fma_latest_run USING (run_id);
SELECT ok(bool_and(about(r.value, o.recall) AND r.n = o.n AND r.ci_low IS NULL AND r.passed = (o.recall >= 0.7)) AND count(*) = 3, 'recall of places')
FROM result AS r JOIN (SELECT place, avg(coalesce(tp / nullif(support, 0)::float8, 0)) AS recall, sum(support)::bigint AS n FROM labels(0.5, 0.5) WHERE version = 'v2' GROUP BY 1) AS o ON o.place = r.segment WHERE r.rule = 'own';
SELECT ok(bool_and(about(r.value, o.precision) AND r.n = o.predicted AND r.ci_low IS NULL) AND count(*) = 4, 'precision of labels')
FROM result AS r JOIN (SELECT label, tp / nullif(predicted, 0)::float8 AS precision, predicted FROM labels(0.5, 0.5) WHERE version = 'v2' AND place IS NULL) AS o USING (label) WHERE r.rule = 'labels';
SELECT ok(bool_and(about(r.value, o.f1) AND r.n = o.n) AND count(*) = 3, 'F1 of places at a confidence and an overlap')
FROM result AS r JOIN (SELECT place, avg(2 * tp / (support + predicted)::float8) AS f1, (SELECT count(*) FROM cells(0.7, 0.6) AS c WHERE c.version = 'v2' AND c.place = l.place) AS n
	FROM labels(0.7, 0.6) AS l WHERE version = 'v2' AND support + predicted > 0 GROUP BY 1) AS o ON o.place = r.segment WHERE r.rule = 'both';
SELECT ok(bool_and(about(r.value, tp / nullif(support, 0)::float8) AND r.n = support) AND count(*) = 4, 'recall of labels at a small overlap')
FROM result AS r JOIN (SELECT * FROM labels(0.5, 0.4) WHERE version = 'v2' AND place IS NULL) AS o USING (label) WHERE r.rule = 'loose';
SELECT ok(bool_and(about(r.value, o.iou)) AND count(*) = 2, 'with the background as a label, of all boxes')
FROM result AS r JOIN (SELECT version, sum(tp::float8 / (support + predicted - tp)) / (count(*) + 1) AS iou FROM labels(0.2, 0.5) WHERE place IS NULL GROUP BY 1) AS o ON o.version = r.segment WHERE r.rule = 'all boxes';
SELECT ok(about(r.value, o.a) AND r.n = o.n, 'accuracy of objects') FROM result AS r, (SELECT avg((t = g)::int)::float8 AS a, count(*) AS n FROM cell WHERE version = 'v2') AS o WHERE r.rule = 'objects';
SELECT ok(about(r.value, o.w), 'weighted IoU')
FROM result AS r, (SELECT sum(w * tp::float8 / (support + predicted - tp)) / sum(w) AS w FROM labels(0.5, 0.5), LATERAL (SELECT CASE label WHEN 'bus' THEN 9 ELSE 1 END) AS v (w) WHERE version = 'v2' AND place IS NULL) AS o WHERE r.rule = 'weighted';
SELECT set_eq($$ SELECT starts_at, value, n, reason FROM result WHERE rule = 'images' $$, $$ SELECT date_trunc('week', at, 'UTC'), avg(failed::int)::float8, count(failed), CASE WHEN count(failed) < 30 THEN 'too few rows' END
	FROM judged WHERE version = 'v2' GROUP BY 1 $$, 'failure rate of periods');
SELECT is(count(DISTINCT (min_confidence, min_iou, below_label)), 4::bigint, 'thresholds') FROM fma_result_summary WHERE min_confidence IS NOT NULL;
SELECT throws_ok(format('SELECT fma_add_rule(%L, %s)', 'shots', rule), '22023', 'a rule of dataset "shots" cannot be as asked for', rule)
FROM (VALUES ($$'PixelAccuracy', 0.5$$), ($$'Recall', 0.5, pass_by => 'bound'$$), ($$'ECE', 0.5$$), ($$'Recall', 0.5, min_iou => 1.5$$), ($$'Recall', 0.5, background_label => 'bus'$$)) AS v (rule);

-- Lists
CREATE FUNCTION total(VARIADIC arguments text[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
	EXECUTE format('SELECT total FROM fma_list_predictions(%s, page_size => 1, count_limit => NULL)', array_to_string('''shots'''::text || arguments, ', ')) INTO n;
	RETURN coalesce(n, 0);
END $$;
SELECT is(total('only_errors => true'), (SELECT count(*) FROM judged WHERE failed), 'failed images');
SELECT is(total($$true_label => 'it''s a "car"'$$), (SELECT count(DISTINCT (id, version)) FROM cell WHERE t = 'it''s a "car"'), 'images with a true label');
SELECT is(total($$true_label => 'bus'$$, $$pred_label => 'background'$$, $$model_version => 'v2'$$), (SELECT count(DISTINCT id) FROM cell WHERE t = 'bus' AND g = 'background' AND version = 'v2'), 'images that miss one');
SELECT is(total($$true_label => 'background'$$, 'only_errors => true'), (SELECT count(DISTINCT (id, version)) FROM cell JOIN judged USING (id, version) WHERE t = 'background' AND failed), 'failed images that invent one');
SELECT is(total('hotspot => 1'), (SELECT n FROM fma_hotspots WHERE rank = 1), 'images of a hotspot') WHERE EXISTS (SELECT FROM fma_hotspots)
UNION ALL SELECT pass('no hotspot') WHERE NOT EXISTS (SELECT FROM fma_hotspots);
SELECT throws_ok($$ SELECT fma_list_predictions('shots', true_label => 'plane') $$, '22023', 'dataset "shots" has no row with the true_label "plane"', 'no image has it');
SELECT results_eq($$ SELECT l.id, l.model_version, l.true_label, l.pred_label, l.error_type FROM generate_series(1, 4) AS page, LATERAL fma_list_predictions('shots', page => page, page_size => 50) AS l $$,
	$$ SELECT j.id::text, j.version, w.t, w.g, CASE WHEN failed THEN 'error' WHEN NOT failed THEN 'correct' END FROM judged AS j LEFT JOIN LATERAL (
		SELECT t, g FROM cell AS l WHERE l.id = j.id AND l.version = j.version AND t <> g GROUP BY 1, 2 ORDER BY count(*) DESC, t COLLATE "C", g COLLATE "C" LIMIT 1) AS w ON true
	ORDER BY j.id DESC, j.version DESC $$, 'pages in order, with the most confused pair of each image');
SELECT ok(bool_and(p.failed = j.failed AND about((p.metrics ->> 'Recall')::float8, coalesce(j.recall, 1)) AND about((p.metrics ->> 'Precision')::float8, coalesce(j.precision, 1)) AND about((p.metrics ->> 'F1Score')::float8, coalesce(j.f1, 1))) AND count(*) = 12, 'all about images')
FROM judged AS j, fma_get_prediction('shots', j.id::text, j.version) AS p WHERE j.id IN (7, 10, 20, 30, 40, 50);
SELECT ok(failed IS NULL AND metrics IS NULL AND error_type IS NULL, 'one without a truth') FROM fma_get_prediction('shots', '8', 'v1');
SELECT set_eq($$ SELECT m ->> 'label' FROM fma_get_prediction('shots', '30', 'v2') AS p, jsonb_array_elements(p.metrics -> 'labels') AS m $$,
	$$ SELECT unnest(ARRAY[t, g]) FROM cell WHERE id = 30 AND version = 'v2' EXCEPT SELECT 'background' $$, 'labels of an image');
SELECT fma_export_query('shots', only_errors => true, model_version => 'v2') AS query \gset
SELECT is(count(*), (SELECT count(*) FROM judged WHERE failed AND version = 'v2'), 'exported') FROM (:query) AS e;

-- Another measure, other thresholds
SELECT fma_alter_dataset('shots', '{"metric": "Precision", "min_metric": 0.8}');
SELECT is(total('only_errors => true'), (SELECT count(*) FROM judged WHERE precision < 0.8 AND id <> 8), 'precision');
SELECT fma_alter_dataset('shots', '{"metric": "F1Score", "min_metric": 0.7, "min_confidence": 0.7, "min_iou": 0.6}');
SELECT is(total('only_errors => true'), (SELECT count(*) FROM (SELECT FROM cells(0.7, 0.6) GROUP BY id, version
	HAVING 2.0 * count(*) FILTER (WHERE t = g) / (count(*) FILTER (WHERE t <> 'background') + count(*) FILTER (WHERE g <> 'background')) < 0.7) AS s), 'F1 at other thresholds');
SELECT fma_run('shots');
SELECT is(s.confusion, (SELECT fma_confusion(t, g) FROM cells(0.7, 0.6) WHERE version = 'v2'), 'which the matrix has too')
FROM fma_result_summary AS s JOIN fma_latest_run AS l USING (run_id) WHERE segment_by = 'overall' AND s.model_version = 'v2' AND min_confidence IS NULL;
SELECT ok(bool_and(about(r.value, tp / nullif(support, 0)::float8)) AND count(*) = 4, 'and a rule that names one threshold')
FROM result AS r JOIN (SELECT * FROM labels(0.7, 0.4) WHERE version = 'v2' AND place IS NULL) AS o USING (label) WHERE r.rule = 'loose';

-- What goes wrong
SET client_min_messages = error;
INSERT INTO true_box VALUES (90, 'background', 300);
SELECT fma_run('shots');
SELECT is(ROW(status, message)::text, '(failed,"a box has the label of the background")', 'a label like the background') FROM fma_result_run ORDER BY run_id DESC LIMIT 1;
SELECT ok(count(*) = 2, 'earlier results stay') FROM fma_overview;
DELETE FROM shot;
SELECT fma_run('shots');
SELECT ok(n = 0 AND failure_rate IS NULL, 'no images') FROM fma_overview;
SELECT throws_ok($$ SELECT fma_register('wrong', 'detected', truth => 'truth', prediction => 'guess', labels => '{"car": "Car"}', metric => 'IoU', options => '{"ignore_label": 3}') $$, '22023', 'dataset "wrong" cannot be registered', 'what boxes do not have');
SELECT throws_ok($$ SELECT fma_register('wrong', 'detected', truth => 'truth', prediction => 'place', task => 'detection') $$, '22023', 'dataset "wrong" cannot be registered', 'no boxes');
SELECT * FROM finish();
ROLLBACK;

-- Task segmentation: runs, rules, views and lists of images against the same figures by plain SQL over their pixels.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
BEGIN;
SELECT plan(94);

-- Images of 12 x 10 pixels in stripes; 255 is ignored, and label 3 called like label 2
SELECT setseed(0.5);
CREATE TABLE pixel AS
SELECT image, version, place, p, CASE WHEN h % 23 = 0 THEN 255 ELSE (p / 20 + h) % 4 END AS t,
	CASE WHEN r < CASE place WHEN 'fog' THEN 0.5 WHEN 'rain' THEN 0.25 ELSE 0.1 END + CASE version WHEN 'v2' THEN 0.05 ELSE 0 END THEN (p + image) % 5 ELSE (p / 20 + h) % 4 END AS g
FROM (SELECT image, version, (ARRAY['fog', 'rain', 'sun'])[1 + image % 3] AS place, p, random() AS r, image + p / 31 AS h
	FROM generate_series(1, 120) AS image, (VALUES ('v1'), ('v2')) AS v (version), generate_series(0, 119) AS p ORDER BY 1, 2, 4) AS s;
CREATE TABLE image AS
SELECT image AS id, version, place, timestamptz '2024-05-01 00:00+00' + image * interval '4 hours' AS at, image % 7 AS speed, (image % 5) / 5.0 AS sure,
	CASE WHEN image = 17 THEN NULL ELSE fma_mask_from_bytes(string_agg(set_byte('\x00', 0, t), '' ORDER BY p), 12, 10) END AS truth,
	CASE WHEN image = 18 THEN NULL ELSE fma_mask_from_bytes(string_agg(set_byte('\x00', 0, g), '' ORDER BY p), 12, 10) END AS guess
FROM pixel GROUP BY image, version, place;
DELETE FROM pixel WHERE image IN (17, 18);
CREATE TABLE name AS SELECT * FROM (VALUES (0, 'road'), (1, 'it''s "x"'), (2, 'car'), (3, 'car'), (4, 'tree'), (255, 'void')) AS v (id, label);
CREATE TABLE labelled AS SELECT i.id, i.version, i.place, i.speed, i.sure, i.at, t.label AS t, g.label AS g
FROM pixel AS p JOIN image AS i ON i.id = p.image AND i.version = p.version JOIN name AS t ON t.id = p.t JOIN name AS g ON g.id = p.g WHERE p.t <> 255;

SELECT lives_ok($$ SELECT fma_register('drive', 'image', truth => 'truth', prediction => 'guess', confidence => 'sure', id => 'id', occurred_at => 'at', place => 'place',
	model_version => 'version', current_version => 'v2', features => '{place,speed}', labels => (SELECT jsonb_object_agg(id, label) FROM name), period => 'week', min_metric => 0.45, options => '{"min_rows": 10}') $$, 'a dataset of masks');

-- What an image's figures are, label by label
CREATE TABLE by_label AS
SELECT id, version, label, count(*) FILTER (WHERE t = label AND g = label) AS tp, count(*) FILTER (WHERE t = label) AS support, count(*) FILTER (WHERE g = label) AS predicted
FROM labelled, (SELECT DISTINCT label FROM name WHERE id <> 255) AS l GROUP BY id, version, label;
CREATE TABLE judged AS
SELECT i.id, i.version, i.place, i.speed, i.sure, i.at, s.iou, s.f1, s.accuracy, s.iou < 0.45 AS failed FROM image AS i LEFT JOIN (
	SELECT id, version, avg(tp::float8 / (support + predicted - tp)) AS iou, avg(2.0 * tp::float8 / (support + predicted)) AS f1, sum(tp)::float8 / sum(support) AS accuracy
	FROM by_label WHERE support + predicted > 0 GROUP BY id, version) AS s USING (id, version);

-- Rules: of the pixels, of segments, of images of some confidence, and of both
SELECT fma_add_rule('drive', 'IoU', 0.5, by => 'place', name => 'pixels');
SELECT fma_add_rule('drive', 'F1Score', 0.9, by => 'label', name => 'labels');
SELECT fma_add_rule('drive', 'F1Score', 0.2, min_confidence => 0.4, min_iou => 0.7, by => 'place', name => 'both');
SELECT fma_add_rule('drive', 'Recall', 0.2, min_iou => 0.7, by => 'label', name => 'segments');
SELECT fma_add_rule('drive', 'Precision', 0.2, min_confidence => 0.4, by => 'label', name => 'sure');
SELECT fma_add_rule('drive', 'PixelAccuracy', 0.7, min_confidence => 0.4, background_label => 'car', background_mode => 'include', name => 'as car');
SELECT fma_add_rule('drive', 'wIoU', 0.1, weights => '{"tree": 100}', by => 'model_version', name => 'weighted');
SELECT fma_add_rule('drive', 'FailureRate', 0.3, by => 'place', pass_by => 'bound', name => 'images');
SELECT fma_add_rule('drive', 'Accuracy', 0.3, by => 'period', min_rows => 41, name => 'few');
SELECT fma_run('drive') AS run \gset
SELECT is(status, 'complete', 'a run') FROM fma_result_run WHERE run_id = :run;

-- Images
SELECT results_eq($$ SELECT model_version, n, unlabelled, failures FROM fma_overview ORDER BY 1 $$,
	$$ SELECT version, count(*), count(*) FILTER (WHERE failed IS NULL), count(*) FILTER (WHERE failed) FROM judged GROUP BY 1 ORDER BY 1 $$, 'images, unlabelled and failed');
SELECT ok(bool_and(failures BETWEEN 10 AND 100 AND ci_low < failure_rate AND failure_rate < ci_high), 'neither none nor all fail, and the rate has an interval') FROM fma_overview;
SELECT results_eq($$ SELECT place, n, failures, confident_errors FROM fma_places WHERE model_version = 'v2' ORDER BY 1 $$,
	$$ SELECT place, count(*), count(*) FILTER (WHERE failed), count(*) FILTER (WHERE failed AND sure >= 0.8) FROM judged WHERE version = 'v2' GROUP BY 1 ORDER BY 1 $$, 'places');
SELECT results_eq($$ SELECT time, n, failures FROM fma_timeline WHERE model_version = 'v1' ORDER BY 1 $$,
	$$ SELECT date_trunc('week', at, 'UTC'), count(*), count(*) FILTER (WHERE failed) FROM judged WHERE version = 'v1' GROUP BY 1 ORDER BY 1 $$, 'periods');
SELECT is(ece, NULL::float8, 'a confidence of an image is not calibrated') FROM fma_overview WHERE is_current;
SELECT is(count(*), 0::bigint, 'no reliability') FROM fma_result_summary WHERE reliability IS NOT NULL OR regression IS NOT NULL;

-- Pixels: every stored matrix
CREATE FUNCTION matrix(of text) RETURNS fma_confusion LANGUAGE plpgsql AS $$
DECLARE c fma_confusion;
BEGIN
	EXECUTE 'SELECT fma_confusion(t, g) FROM labelled WHERE ' || of INTO c;
	RETURN c;
END $$;
SELECT is(s.confusion, matrix(format('version = %L', model_version)), 'pixels of ' || model_version) FROM fma_result_summary AS s WHERE segment_by = 'overall' AND min_confidence IS NULL;
SELECT is(s.confusion, matrix(format('version = %L AND place = %L', model_version, segment)), format('pixels of %s in %s', model_version, segment)) FROM fma_result_summary AS s
WHERE segment_by = 'place' AND min_confidence IS NULL ORDER BY model_version, segment;
SELECT ok(bool_and(s.confusion = matrix(format('version = %L AND date_trunc(''week'', at, ''UTC'') = %L', model_version, starts_at))) AND count(*) = 8, 'pixels of periods') FROM fma_result_summary AS s
WHERE segment_by = 'period' AND min_confidence IS NULL;
SELECT ok(bool_and(s.confusion = matrix(format('version = ''v2'' AND (%s)', x.predicate))) AND count(*) > 3, 'pixels of slices') FROM fma_result_summary AS s
JOIN fma_result_slice AS x USING (run_id, rank) WHERE s.segment_by = 'slice' AND x.kind = 'slice' AND min_confidence IS NULL;
CREATE FUNCTION failures(predicate text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
	EXECUTE format('SELECT count(*) FROM judged WHERE version = ''v2'' AND failed AND (%s)', predicate) INTO n;
	RETURN n;
END $$;
SELECT ok(bool_and(failures = failures(predicate)), 'failures of slices') FROM fma_slice_metrics;
SELECT is(slice, 'place = fog', 'the hotspot is the fog') FROM fma_hotspots WHERE rank = 1;
SELECT results_eq($$ SELECT truth, prediction, n FROM fma_confusion_cells WHERE model_version = 'v2' AND n > 0 ORDER BY truth COLLATE "C", prediction COLLATE "C" $$,
	$$ SELECT t, g, count(*) FROM labelled WHERE version = 'v2' GROUP BY 1, 2 ORDER BY t COLLATE "C", g COLLATE "C" $$, 'cells');
SELECT results_eq($$ SELECT label, support, predicted, tp FROM fma_label_metrics WHERE model_version = 'v2' ORDER BY label COLLATE "C" $$,
	$$ SELECT label, sum(support)::bigint, sum(predicted)::bigint, sum(tp)::bigint FROM by_label WHERE version = 'v2' GROUP BY label ORDER BY label COLLATE "C" $$, 'labels');
SELECT ok(abs(mean_iou - o.iou) < 1e-12 AND (fma_get_overview('drive') ->> 'mean_iou')::float8 = mean_iou, 'mean IoU of all pixels') FROM fma_overview, (SELECT avg(iou) AS iou FROM (
	SELECT sum(tp)::float8 / sum(support + predicted - tp) AS iou FROM by_label WHERE version = 'v2' GROUP BY label) AS s) AS o WHERE is_current;
SELECT is((fma_get_overview('drive') ->> 'accuracy')::float8, (SELECT avg((t = g)::int)::float8 FROM labelled WHERE version = 'v2'), 'overview as JSON');
SELECT is(fma_get_confusion_matrix('drive') -> 'labels', '["car", "it''s \"x\"", "road", "tree"]', 'labels with quotes');

-- Rules. Segments: each label of an image is one in the truth and one in the prediction
CREATE TABLE segment AS
SELECT b.*, j.place, j.sure, tp > 0 AND tp::float8 / (support + predicted - tp) >= 0.7 AS hit FROM by_label AS b JOIN judged AS j USING (id, version) WHERE version = 'v2';
CREATE FUNCTION about(a float8, b float8) RETURNS boolean LANGUAGE sql AS 'SELECT abs(a - b) <= 1e-12 OR (a IS NULL AND b IS NULL)';
CREATE VIEW result AS SELECT r.* FROM fma_result_rule AS r JOIN fma_latest_run USING (run_id);
SELECT ok(bool_and(about(r.value, o.iou) AND r.n = o.n AND r.ci_low IS NULL AND r.ci_high IS NULL AND r.passed = (o.iou >= 0.5)) AND count(*) = 3, 'IoU of places')
FROM result AS r JOIN (SELECT place, avg(tp::float8 / (support + predicted - tp)) AS iou, max(n) AS n FROM (
	SELECT j.place, label, sum(tp) AS tp, sum(support) AS support, sum(predicted) AS predicted, sum(sum(support)) OVER (PARTITION BY place)::bigint AS n FROM by_label JOIN judged AS j USING (id, version) WHERE version = 'v2' GROUP BY 1, 2) AS s GROUP BY 1) AS o
	ON o.place = r.segment WHERE r.rule = 'pixels';
SELECT ok(bool_and(about(r.value, o.f1) AND r.ci_low IS NULL AND r.passed = (o.f1 >= 0.9)) AND count(*) = 4, 'F1 of labels')
FROM result AS r JOIN (SELECT label, 2 * sum(tp)::float8 / (sum(support) + sum(predicted)) AS f1 FROM by_label WHERE version = 'v2' GROUP BY 1) AS o ON o.label = r.label WHERE r.rule = 'labels';
SELECT ok(bool_and(about(r.value, o.f1) AND r.n = o.n) AND count(*) = 3, 'F1 of segments of sure images')
FROM result AS r JOIN (SELECT place, avg(2 * tp / (support + predicted)::float8) AS f1, sum(support + predicted - tp)::bigint AS n FROM (
	SELECT place, label, count(*) FILTER (WHERE hit AND sure >= 0.4) AS tp, count(*) FILTER (WHERE support > 0) AS support, count(*) FILTER (WHERE predicted > 0 AND sure >= 0.4) AS predicted FROM segment GROUP BY 1, 2) AS s
	WHERE support + predicted > 0 GROUP BY 1) AS o ON o.place = r.segment WHERE r.rule = 'both';
SELECT ok(bool_and(about(r.value, o.recall) AND r.n = o.n) AND count(*) = 3, 'recall of segments')
FROM result AS r LEFT JOIN (SELECT label, count(*) FILTER (WHERE hit) / nullif(count(*), 0)::float8 AS recall, count(*) AS n FROM segment WHERE support > 0 GROUP BY 1) AS o ON o.label = r.label WHERE r.rule = 'segments' AND r.n > 0;
SELECT is(r.reason, 'never the truth', 'a label that no image has') FROM result AS r WHERE rule = 'segments' AND label = 'tree';
SELECT ok(bool_and(about(r.value, o.precision) AND r.n = o.n) AND count(*) = 4, 'precision of sure images')
FROM result AS r JOIN (SELECT g, avg((t = g)::int)::float8 AS precision, count(*) AS n FROM labelled WHERE version = 'v2' AND sure >= 0.4 GROUP BY 1) AS o ON o.g = r.label WHERE r.rule = 'sure';
SELECT ok(about(r.value, o.a) AND r.n = o.n, 'pixel accuracy where unsure images are called car')
FROM result AS r, (SELECT avg((t = CASE WHEN sure < 0.4 THEN 'car' ELSE g END)::int)::float8 AS a, count(*) AS n FROM labelled WHERE version = 'v2') AS o WHERE r.rule = 'as car';
SELECT ok(bool_and(about(r.value, o.w)) AND count(*) = 2, 'weighted IoU of versions')
FROM result AS r JOIN (SELECT version, sum(w * tp::float8 / (support + predicted - tp)) / sum(w) AS w FROM (
	SELECT version, label, CASE label WHEN 'tree' THEN 100 ELSE 1 END AS w, sum(tp) AS tp, sum(support) AS support, sum(predicted) AS predicted FROM by_label GROUP BY 1, 2) AS s GROUP BY 1) AS o
	ON o.version = r.segment WHERE r.rule = 'weighted';
SELECT ok(bool_and(about(r.value, o.rate) AND r.n = o.n AND r.ci_low <= r.value AND about(r.share_of_rows, o.n / o.all_n) AND r.passed = (r.ci_high <= 0.3)) AND count(*) = 3, 'failure rate of images, by its bound')
FROM result AS r JOIN (SELECT place, avg(failed::int)::float8 AS rate, count(failed) AS n, sum(count(failed)) OVER () AS all_n FROM judged WHERE version = 'v2' GROUP BY 1) AS o ON o.place = r.segment WHERE r.rule = 'images';
SELECT set_eq($$ SELECT starts_at, passed, reason FROM result WHERE rule = 'few' $$, $$ SELECT at, CASE WHEN n >= 41 THEN true END AS passed, CASE WHEN n < 41 THEN 'too few rows' END AS reason
	FROM (SELECT date_trunc('week', at, 'UTC') AS at, count(failed) AS n FROM judged WHERE version = 'v2' GROUP BY 1) AS s $$, 'min_rows counts images too');
SELECT ok(bool_or(passed) AND bool_or(passed IS NULL), 'both of which occur') FROM result WHERE rule = 'few';
SELECT is(count(*), 3::bigint, 'a row for each threshold') FROM (SELECT DISTINCT min_confidence, min_iou, below_label FROM fma_result_summary WHERE min_confidence > 0 OR min_iou IS NOT NULL) AS s
WHERE ROW(min_confidence, coalesce(min_iou, 0), below_label) IN (ROW(0.4, 0.7, '(none)'), ROW(0, 0.7, '(none)'), ROW(0.4, 0, 'car'));
SELECT ok(bool_and(fma_count_segments(fma_mask_confusion(truth, guess, l.labels), 0.7, '(none)') IS NOT DISTINCT FROM fma_segment_confusion(truth, guess, 0.7, l.labels)), 'segments of a matrix are those of the masks')
FROM image, (SELECT jsonb_object_agg(id, label) AS labels FROM name) AS l;

SELECT throws_ok(format('SELECT fma_add_rule(%L, %s)', 'drive', rule), '22023', 'a rule of dataset "drive" cannot be as asked for', rule)
FROM (VALUES ($$'IoU', 0.5, pass_by => 'bound'$$), ($$'PixelAccuracy', 0.5, min_iou => 0.5$$), ($$'ECE', 0.5$$), ($$'MAE', 0.5$$), ($$'FailureRate', 0.5, min_iou => 0.5$$), ($$'IoU', 0.5, min_iou => 'NaN'$$)) AS v (rule);

-- Versions on the same images
SELECT results_eq($$ SELECT n, only_a_failed, only_b_failed FROM fma_model_comparison WHERE rank = 0 $$,
	$$ SELECT count(*), count(*) FILTER (WHERE a.failed AND NOT b.failed), count(*) FILTER (WHERE b.failed AND NOT a.failed)
	FROM judged AS a JOIN judged AS b USING (id) WHERE a.version = 'v1' AND b.version = 'v2' AND a.failed IS NOT NULL $$, 'model versions');
SELECT is_empty($$ SELECT FROM fma_drift_metrics WHERE feature NOT IN ('place', 'speed', 'sure') $$, 'masks do not drift');
SELECT is_empty($$ SELECT FROM fma_run_log WHERE note LIKE 'column%' $$, 'and nothing is said of it');

-- Lists
CREATE FUNCTION total(VARIADIC arguments text[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
	EXECUTE format('SELECT total FROM fma_list_predictions(%s, page_size => 1, count_limit => NULL)', array_to_string('''drive'''::text || arguments, ', ')) INTO n;
	RETURN coalesce(n, 0);
END $$;
SELECT is(total('only_errors => true'), (SELECT count(*) FROM judged WHERE failed), 'failed images');
SELECT is(total('only_high_confidence_errors => true'), (SELECT count(*) FROM judged WHERE failed AND sure >= 0.8), 'those of high confidence');
SELECT is(total($$true_label => 'it''s "x"'$$), (SELECT count(DISTINCT (id, version)) FROM labelled WHERE t = 'it''s "x"'), 'images with a true label');
SELECT is(total($$pred_label => 'tree'$$, $$model_version => 'v1'$$), (SELECT count(DISTINCT id) FROM labelled WHERE g = 'tree' AND version = 'v1'), 'images with a predicted label');
SELECT is(total($$true_label => 'road'$$, $$pred_label => 'tree'$$, 'only_errors => true'),
	(SELECT count(DISTINCT (id, version)) FROM labelled JOIN judged USING (id, version) WHERE t = 'road' AND g = 'tree' AND failed), 'images of a cell');
SELECT ok(total($$true_label => 'road'$$, $$pred_label => 'tree'$$) < least(total($$true_label => 'road'$$), total($$pred_label => 'tree'$$)), 'which are fewer');
SELECT is(total('hotspot => 1'), (SELECT n FROM fma_hotspots WHERE rank = 1), 'images of a hotspot');
SELECT throws_ok($$ SELECT fma_list_predictions('drive', true_label => 'tree') $$, '22023', 'dataset "drive" has no row with the true_label "tree"', 'no image has it');
SELECT throws_ok($$ SELECT fma_list_predictions('drive', pred_label => '2') $$, '22023', 'dataset "drive" has no row with the pred_label "2"', 'a raw label');
SELECT results_eq($$ SELECT l.id, l.model_version, l.true_label, l.pred_label, l.error_type FROM generate_series(1, 6) AS page, LATERAL fma_list_predictions('drive', page => page, page_size => 100) AS l $$,
	$$ SELECT j.id::text, j.version, w.t, w.g, CASE WHEN NOT j.failed THEN 'correct' WHEN j.sure >= 0.8 THEN 'confident_error' WHEN j.failed THEN 'error' END FROM judged AS j LEFT JOIN LATERAL (
		SELECT t, g FROM labelled AS l WHERE l.id = j.id AND l.version = j.version AND t <> g GROUP BY 1, 2 ORDER BY count(*) DESC, t COLLATE "C", g COLLATE "C" LIMIT 1) AS w ON true
	ORDER BY j.sure DESC, j.id DESC, j.version DESC $$, 'pages in order, with the most confused pair of each image');
SELECT ok(p.failed = j.failed AND p.loss = j.failed::int AND about((p.metrics ->> 'IoU')::float8, j.iou) AND about((p.metrics ->> 'F1Score')::float8, j.f1) AND about((p.metrics ->> 'PixelAccuracy')::float8, j.accuracy)
	AND p.attributes = jsonb_build_object('place', j.place, 'speed', j.speed), 'all about an image')
FROM judged AS j, fma_get_prediction('drive', '100', 'v2') AS p WHERE j.id = 100 AND j.version = 'v2';
SELECT set_eq($$ SELECT c ->> 'truth' AS t, c ->> 'prediction' AS g, (c ->> 'n')::bigint AS n FROM fma_get_prediction('drive', '100', 'v2') AS p, jsonb_array_elements(p.metrics -> 'cells') AS c $$,
	$$ SELECT t, g, count(*) FROM labelled WHERE id = 100 AND version = 'v2' GROUP BY 1, 2 $$, 'its cells');
SELECT set_eq($$ SELECT m ->> 'label' AS label, (m ->> 'support')::bigint AS support, (m ->> 'predicted')::bigint AS predicted FROM fma_get_prediction('drive', '100', 'v2') AS p, jsonb_array_elements(p.metrics -> 'labels') AS m $$,
	$$ SELECT label, support, predicted FROM by_label WHERE id = 100 AND version = 'v2' AND support + predicted > 0 $$, 'its labels');
SELECT ok(failed IS NULL AND loss IS NULL AND error_type IS NULL AND true_label IS NULL AND metrics IS NULL AND place = 'sun', 'an image without a truth') FROM fma_get_prediction('drive', '17', 'v1');
SELECT fma_export_query('drive', only_errors => true, model_version => 'v2') AS query \gset
SELECT is(count(*), (SELECT count(*) FROM judged WHERE failed AND version = 'v2'), 'exported') FROM (:query) AS e;

-- A page takes as many comparisons as it has images
SET LOCAL track_functions = 'all';
SELECT coalesce(pg_stat_get_xact_function_calls('fma_mask_confusion'::regproc), 0) AS calls \gset
SELECT count(*) AS images FROM fma_list_predictions('drive', page_size => 7) \gset
SELECT is(pg_stat_get_xact_function_calls('fma_mask_confusion'::regproc) - :calls, :images::bigint, 'a page, and nothing else, is compared');
RESET track_functions;

-- New images confirm the hotspot
SELECT fma_run('drive', until => '2024-05-10');
SELECT fma_run('drive');
SELECT results_eq($$ SELECT slice, n, failures, confirmation FROM fma_hotspot_confirmation WHERE rank = 1 $$,
	$$ SELECT 'place = fog', count(failed), count(*) FILTER (WHERE failed), 'confirmed' FROM judged WHERE place = 'fog' AND version = 'v2' AND at > (SELECT max(at) FROM image WHERE at < '2024-05-10') $$, 'confirmation');
SELECT ok(count(*) > 0 AND bool_and(about(mix_effect + rate_effect, total_effect)), 'and are explained') FROM fma_change_explanation;

-- What a rule needs and the dataset no longer has
SELECT fma_alter_dataset('drive', '{"confidence": null}');
SELECT fma_run('drive');
SELECT set_eq($$ SELECT rule, reason, value FROM result WHERE rule IN ('both', 'sure', 'as car') $$,
	$$ VALUES ('both', 'the run did not measure this confidence and overlap', NULL::float8), ('sure', 'the run did not measure this confidence', NULL), ('as car', 'the run did not measure this confidence', NULL) $$, 'no confidence');
SELECT is(count(*), 4::bigint, 'segments are measured all the same') FROM result WHERE rule = 'segments';
SELECT fma_alter_dataset('drive', '{"confidence": "sure"}');

-- Another measure, and one's own
SELECT fma_alter_dataset('drive', '{"metric": "PixelAccuracy", "min_metric": 0.8}');
SELECT is(total('only_errors => true'), (SELECT count(*) FROM judged WHERE accuracy < 0.8), 'pixel accuracy');
SELECT fma_alter_dataset('drive', '{"metric": "F1Score", "min_metric": 0.7}');
SELECT is(total('only_errors => true'), (SELECT count(*) FROM judged WHERE f1 < 0.7), 'F1');
SELECT fma_alter_dataset('drive', '{"metric": null, "min_metric": null, "failed": "fma_accuracy(fma_mask_confusion(truth, guess)) < 0.8 AND speed > 2", "filter": "id > 20"}');
SELECT is(total('only_errors => true'), (SELECT count(*) FROM judged WHERE id > 20 AND speed > 2 AND (SELECT avg((p.t = p.g)::int) FROM pixel AS p WHERE p.image = id AND p.version = judged.version AND p.t <> 255) < 0.8), 'one''s own condition');
SELECT fma_run('drive');
SELECT is(failures, total('only_errors => true', $$model_version => 'v2'$$), 'in a run') FROM fma_overview WHERE is_current;
SELECT is(s.confusion, matrix('version = ''v2'' AND id > 20'), 'with the same pixels') FROM fma_result_summary AS s JOIN fma_latest_run AS l USING (run_id) WHERE segment_by = 'overall' AND s.model_version = 'v2' AND min_confidence IS NULL;

-- Units and clusters of images
CREATE TABLE drive AS SELECT image.*, id / 10 AS tour, ARRAY[id % 3, (id % 5) / 10.0]::real[] AS embedding FROM image WHERE version = 'v2';
SELECT fma_register('tours', 'drive', truth => 'truth', prediction => 'guess', id => 'id', unit => 'tour', embedding => 'embedding', clusters => 3, features => '{place}', labels => (SELECT jsonb_object_agg(id, label) FROM name), min_metric => 0.45);
SELECT fma_run('tours');
SELECT results_eq($$ SELECT n, failures, n_units FROM fma_overview WHERE dataset = 'tours' $$, $$ SELECT count(*), count(*) FILTER (WHERE failed), count(DISTINCT id / 10) FILTER (WHERE failed IS NOT NULL) FROM judged WHERE version = 'v2' $$, 'units of images');
SELECT set_eq($$ SELECT n, failures, confused_truth, confused_prediction, confused_n FROM fma_clusters WHERE dataset = 'tours' $$,
	$$ SELECT count(*) AS n, count(*) FILTER (WHERE failed) AS failures, w.t, w.g, w.n AS confused FROM judged AS j JOIN LATERAL (SELECT t, g, count(*) AS n FROM labelled AS l WHERE l.version = 'v2' AND l.id % 3 = j.id % 3 AND t <> g
		GROUP BY 1, 2 ORDER BY 3 DESC, t COLLATE "C", g COLLATE "C" LIMIT 1) AS w ON true WHERE version = 'v2' GROUP BY j.id % 3, w.t, w.g, w.n $$, 'clusters of images');

-- Masks that are stored out of line are read twice in a run, however often it asks whether an image failed
CREATE TABLE large (id bigint, place text, at timestamptz, truth fma_mask, guess fma_mask);
ALTER TABLE large ALTER truth SET STORAGE EXTERNAL, ALTER guess SET STORAGE EXTERNAL;
INSERT INTO large SELECT i AS id, CASE WHEN i % 4 > 0 THEN 'a' ELSE 'b' END AS place, timestamptz '2024-01-01' + i * interval '1 day' AS at, (SELECT fma_mask_from_bytes(string_agg(set_byte('\x00', 0, h % 7), ''), 80, 60)
	FROM (SELECT p, hashint8(i * 5000 + p) & 65535 AS h FROM generate_series(1, 4800) AS p) AS s) AS truth, (SELECT fma_mask_from_bytes(string_agg(set_byte('\x00', 0, CASE WHEN h % 11 < CASE i % 4 WHEN 0 THEN 7 ELSE 2 END THEN 0 ELSE h % 7 END), ''), 80, 60) FROM (SELECT p, hashint8(i * 5000 + p) & 65535 AS h FROM generate_series(1, 4800) AS p) AS s) AS guess
FROM generate_series(1::bigint, 120) AS i;
SELECT cmp_ok(pg_relation_size(reltoastrelid), '>', 120 * 2 * 4000::bigint, 'masks out of line') FROM pg_class WHERE oid = 'large'::regclass;
SELECT fma_register('large', 'large', truth => 'truth', prediction => 'guess', id => 'id', occurred_at => 'at', features => '{place}', min_metric => 0.4);
SET LOCAL track_functions = 'all';
SELECT coalesce(pg_stat_get_xact_function_calls('fma_mask_confusion'::regproc), 0) AS calls \gset
SELECT fma_run('large');
SELECT is(pg_stat_get_xact_function_calls('fma_mask_confusion'::regproc) - :calls, 2 * 120::bigint, 'comparisons of masks');
RESET track_functions;
SELECT results_eq($$ SELECT n, failures FROM fma_overview WHERE dataset = 'large' $$, $$ SELECT count(*), count(*) FILTER (WHERE fma_iou(fma_mask_confusion(truth, guess)) < 0.4) FROM large $$, 'which fail as they do');
SELECT results_eq($$ SELECT slice, n, failures FROM fma_hotspots WHERE dataset = 'large' $$, $$ SELECT 'place = b', count(*), count(*) FILTER (WHERE fma_iou(fma_mask_confusion(truth, guess)) < 0.4) FROM large WHERE place = 'b' $$, 'in the hotspot too');
SELECT is(fma_known(dataset_id, truth, guess), NULL, 'after the run nothing is known') FROM fma_dataset, large WHERE name = 'large' AND id = 1;
SELECT is(fma_learn(dataset_id, truth, guess, true), true, 'nor learnt') FROM fma_dataset, large WHERE name = 'large' AND id = 1;
SELECT throws_ok('SELECT fma_known(1, 5, 6)', '42883', NULL, 'a number, which is no pointer to a value, is not taken');

-- What goes wrong is a failed run, and the results before it stay
SET client_min_messages = error;
INSERT INTO drive (id, truth, guess) VALUES (1000, fma_mask_from_bytes('\x000000000000', 3, 2), fma_mask_from_bytes('\x00000000', 2, 2));
SELECT fma_run('tours');
SELECT results_eq($$ SELECT status, failed_stage, sqlstate, message, detail FROM fma_result_run ORDER BY run_id DESC LIMIT 1 $$,
	$$ VALUES ('failed', 'summaries', '22023', 'two masks to be compared must have the same size', 'truth has 3 x 2 pixels, prediction 2 x 2.') $$, 'masks of two sizes');
SELECT is(n, 120::bigint, 'earlier results stay') FROM fma_overview WHERE dataset = 'tours';
UPDATE drive SET truth = fma_mask_from_bytes('\x00000800', 2, 2) WHERE id = 1000;
SELECT fma_run('tours');
SELECT is(message, 'label 8 has no name in labels', 'a label outside the mapping') FROM fma_result_run ORDER BY run_id DESC LIMIT 1;
UPDATE drive SET truth = fma_mask_from_bytes('\xffffffff', 2, 2) WHERE id = 1000;
SELECT fma_run('tours');
SELECT is(unlabelled, 3::bigint, 'nothing but ignored pixels is no label') FROM fma_overview WHERE dataset = 'tours';
TRUNCATE drive;
SELECT fma_run('tours');
SELECT ok(n = 0 AND accuracy IS NULL AND failure_rate IS NULL, 'no images') FROM fma_overview WHERE dataset = 'tours';

-- Rights
CREATE ROLE fma_driver;
CREATE ROLE fma_guest;
SELECT fma_share('drive', 'fma_guest');
REVOKE ALL ON image FROM PUBLIC;
SET ROLE fma_guest;
SELECT is((SELECT count(*) FROM fma_list_predictions('drive', true_label => 'road', pred_label => 'car', page_size => 5)), 5::bigint, 'whoever it is shared with lists images');
SELECT ok((SELECT count(*) FROM fma_confusion_cells WHERE dataset = 'drive') > 0, 'and reads their pixels');
SELECT throws_ok($$ SELECT fma_run('drive') $$, '42501', 'permission denied for dataset "drive"', 'but does not run it');
SET ROLE fma_driver;
SELECT throws_ok($$ SELECT fma_get_prediction('drive', '1') $$, '42704', 'dataset "drive" does not exist, or is not yours to read', 'others see nothing');
SELECT throws_ok($$ SELECT fma_register('mine', 'image', truth => 'truth', prediction => 'guess') $$, '22023', 'dataset "mine" cannot be registered', 'nor register it');
RESET ROLE;
GRANT SELECT (id, version, place, truth, guess) ON image TO fma_driver;
SET ROLE fma_driver;
SELECT fma_register('mine', 'image', truth => 'truth', prediction => 'guess', id => 'id', place => 'place', model_version => 'version', features => '{place}', min_metric => 0.45, labels => '{"0": "road", "1": "x", "2": "car", "3": "car", "4": "tree", "255": "void"}');
SELECT fma_run('mine');
SELECT is(sum(failures), (SELECT count(*) FROM fma_list_predictions('mine', only_errors => true, page_size => 1, count_limit => NULL) AS l, generate_series(1, l.total))::numeric, 'who may read the masks registers, runs and lists') FROM fma_overview WHERE dataset = 'mine';
SELECT ok(sum(failures) > 10, 'images that fail') FROM fma_overview WHERE dataset = 'mine';
RESET ROLE;
SELECT fma_run('mine') AS run \gset
SELECT is(status, 'complete', 'and a superuser runs it for them') FROM fma_result_run WHERE run_id = :run;
SELECT * FROM finish();
ROLLBACK;

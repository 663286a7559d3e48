-- Segmentation and detection: 800 composed scenes of garments on four backgrounds, what a small network makes of their pixels, and boxes of these
-- Run by "make demo" after examples/demo.sql: register, set rules, run, read where it fails, worst first.
\pset footer off
\pset null '-'
SET client_min_messages = warning;

\echo '== Scenes: a network names the garment of every pixel. 800 images of 96 x 96 pixels =='
\echo
\echo '-- Register: a row is an image, its truth and prediction are masks. It fails when fewer than 85 % of its pixels are right'
SELECT fma_register('scenes', 'scene', truth => 'truth', prediction => 'prediction', task => 'segmentation',
	metric => 'PixelAccuracy', min_metric => 0.85,
	labels => '{"0": "background", "1": "T-shirt/top", "2": "Trouser", "3": "Pullover", "4": "Dress", "5": "Coat", "6": "Sandal", "7": "Shirt", "8": "Sneaker", "9": "Bag", "10": "Ankle boot"}',
	id => 'scene_id', place => 'place', confidence => 'conf_mean', embedding => 'embedding', clusters => 5, image => 'image',
	features => ARRAY['place', 'n_objects', 'brightness', 'contrast']) AS dataset;

\echo '-- Five rules, checked in every cluster and at every place: numbers of the rules. Shirts matter most. Three of them label by label, too'
SELECT by, fma_add_rule('scenes', 'F1Score', 0.2, min_confidence => 0.4, min_iou => 0.8, by => by) AS f1,
	fma_add_rule('scenes', 'PixelAccuracy', 0.7, by => by) AS pixel_accuracy,
	fma_add_rule('scenes', 'Precision', 0.3, background_label => 'background', by => by) AS precision,
	fma_add_rule('scenes', 'wIoU', 0.1, weights => '{"Shirt": 1000, "background": 1}', by => by) AS weighted_iou,
	fma_add_rule('scenes', 'Recall', 0.2, background_label => 'background', by => by) AS recall
FROM (VALUES ('cluster'), ('place')) AS v (by);
SELECT fma_add_rule('scenes', 'F1Score', 0.2, min_confidence => 0.4, min_iou => 0.8, by => 'label') AS f1,
	fma_add_rule('scenes', 'Precision', 0.3, by => 'label') AS precision, fma_add_rule('scenes', 'Recall', 0.2, by => 'label') AS recall;
SELECT fma_run('scenes') AS run;

\echo '-- Overview: images that fail; accuracy and F1 are those of the pixels'
SELECT n AS images, failures, round(failure_rate::numeric, 3) AS rate, round(ci_low::numeric, 3) AS low, round(ci_high::numeric, 3) AS high,
	round(accuracy::numeric, 4) AS pixel_accuracy, round(macro_f1::numeric, 4) AS macro_f1
FROM fma_overview WHERE dataset = 'scenes';

\echo '-- Clusters, worst first, and the rules that each breaks'
SELECT cluster, n AS images, failures, round(failure_rate::numeric, 3) AS rate, round(ci_low::numeric, 3) AS low, round(ci_high::numeric, 3) AS high,
	to_char(q_value, '9.9EEEE') AS q, confused_truth || ' -> ' || confused_prediction AS confused, round(accuracy::numeric, 3) AS pixel_accuracy,
	(SELECT string_agg(format('%s %s', r.metric, round(r.value::numeric, 3)), ', ' ORDER BY r.rank) FROM fma_rule_results AS r
		WHERE r.dataset = c.dataset AND r.segment_by = 'cluster' AND r.segment = c.cluster::text AND NOT r.passed) AS breaks
FROM fma_clusters AS c WHERE dataset = 'scenes' ORDER BY failure_rate DESC, cluster;

\echo '-- Places, worst first'
SELECT place, n AS images, failures, round(failure_rate::numeric, 3) AS rate, round(ci_low::numeric, 3) AS low, round(ci_high::numeric, 3) AS high,
	to_char(q_value, '9.9EEEE') AS q, round(accuracy::numeric, 3) AS pixel_accuracy,
	(SELECT string_agg(format('%s %s', r.metric, round(r.value::numeric, 3)), ', ' ORDER BY r.rank) FROM fma_rule_results AS r
		WHERE r.dataset = p.dataset AND r.segment_by = 'place' AND r.segment = p.place AND NOT r.passed) AS breaks
FROM fma_places AS p WHERE dataset = 'scenes' ORDER BY failure_rate DESC, place;

\echo '-- The rules, those that fail first. Rows are pixels; with an IoU, segments: all pixels of a label in an image'
SELECT rank, rule, coalesce(label, segment) AS of, round(value::numeric, 3) AS value, n, passed
FROM fma_rule_results WHERE dataset = 'scenes' ORDER BY rank LIMIT 14;

\echo '-- Label by label: of pixels, worst first'
SELECT label, support, predicted, round(precision::numeric, 3) AS precision, round(recall::numeric, 3) AS recall, round(f1::numeric, 3) AS f1, round(iou::numeric, 3) AS iou,
	taken_for, taken_for_n
FROM fma_label_metrics WHERE dataset = 'scenes' ORDER BY iou, label;

\echo '-- Confusion matrix of the pixels: rows are the truth, columns the prediction'
SELECT truth, prediction, NULLIF(n, 0) AS n FROM fma_confusion_cells WHERE dataset = 'scenes'
\crosstabview
\echo '-- The same as shares of the truth ...'
SELECT truth, prediction, round(share_of_truth::numeric, 2) AS share FROM fma_confusion_cells WHERE dataset = 'scenes'
\crosstabview
\echo '-- ... and of the prediction'
SELECT truth, prediction, round(share_of_prediction::numeric, 2) AS share FROM fma_confusion_cells WHERE dataset = 'scenes'
\crosstabview

\echo '-- Hotspots: under what conditions?'
SELECT rank, slice, n AS images, failures, round(failure_rate::numeric, 3) AS rate, round(lift::numeric, 2) AS lift, to_char(q_value, '9.9EEEE') AS q
FROM fma_hotspots WHERE dataset = 'scenes' ORDER BY rank;

\echo '-- The images behind a cell of the matrix: failures with shirts that were taken for coats, the least sure first. image_url is what a browser shows'
SELECT id, round(confidence::numeric, 3) AS confidence, error_type, left(image_url, 24) || '...' AS image_url, total
FROM fma_list_predictions('scenes', only_errors => true, true_label => 'Shirt', pred_label => 'Coat', sort => 'confidence_asc', page_size => 5);

\echo '== The boxes of the same scenes: a garment is found or missed, or a box is invented =='
\echo
\echo '-- Register: truth and prediction are the boxes of an image. It fails when fewer than half of its garments are found: by a box of a score and an overlap of at least 0.5'
SELECT fma_register('scene_boxes', 'scene_boxes', truth => 'truth', prediction => 'prediction', task => 'detection', metric => 'Recall', min_metric => 0.5,
	id => 'scene_id', place => 'place', embedding => 'embedding', clusters => 5, image => 'image',
	features => ARRAY['place', 'n_objects', 'brightness', 'contrast']) AS dataset;
SELECT fma_add_rule('scene_boxes', 'Recall', 0.5, by => 'label') AS recall_of_each_label,
	fma_add_rule('scene_boxes', 'F1Score', 0.4, min_confidence => 0.4, min_iou => 0.75, by => 'place') AS f1_of_each_place;
SELECT fma_run('scene_boxes') AS run;
SELECT n AS images, failures, round(failure_rate::numeric, 3) AS rate, round(ci_low::numeric, 3) AS low, round(ci_high::numeric, 3) AS high
FROM fma_overview WHERE dataset = 'scene_boxes';

\echo '-- Objects, label by label'
SELECT label, support, predicted, tp, round(precision::numeric, 3) AS precision, round(recall::numeric, 3) AS recall, round(f1::numeric, 3) AS f1, taken_for, taken_for_n
FROM fma_label_metrics WHERE dataset = 'scene_boxes' ORDER BY f1, label;

\echo '-- Hotspots'
SELECT rank, slice, n AS images, failures, round(failure_rate::numeric, 3) AS rate, round(lift::numeric, 2) AS lift, to_char(q_value, '9.9EEEE') AS q
FROM fma_hotspots WHERE dataset = 'scene_boxes' ORDER BY rank;

\echo '-- The gate for CI: what breaks the rules?'
SELECT rule, coalesce(label, segment) AS of, round(value::numeric, 3) AS value, round(ci_low::numeric, 3) AS low, round(ci_high::numeric, 3) AS high, n, passed
FROM fma_check_run('scene_boxes');

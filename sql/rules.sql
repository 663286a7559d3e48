-- Rules: how they are asked for, what is wrong with them, what a gate prints
SET client_min_messages = warning;
CREATE TABLE ruled_garment (label text, predicted text, confidence float8, batch int, day date, version text, place text, embedding float8[], size int);
INSERT INTO ruled_garment SELECT l, CASE WHEN i % 10 < bad THEN 'Shirt' ELSE l END, 0.5 + (i % 50) / 100.0, i % 2, '2026-01-01', NULL, 'here', '{}', i
FROM (VALUES ('Shirt', 0), ('Coat', 3), ('Bag', 1)) AS v (l, bad), generate_series(0, 99) AS i;
INSERT INTO fma_dataset (name, owner, relation, settings) VALUES
('garments', current_user::regrole, 'ruled_garment', '{"truth": "label", "prediction": "predicted", "confidence": "confidence", "batch": "batch"}'),
('everything', current_user::regrole, 'ruled_garment', '{"truth": "label", "prediction": "predicted", "confidence": "confidence", "batch": "batch", "occurred_at": "day", "model_version": "version", "place": "place", "embedding": "embedding", "clusters": 5, "features": ["size"]}'),
('sizes', current_user::regrole, 'ruled_garment', '{"task": "regression", "truth": "size", "prediction": "batch"}'),
('condition', current_user::regrole, 'ruled_garment', '{"task": "condition", "failed": "t.label <> t.predicted", "confidence": "confidence"}');

-- As a person types it
SELECT fma_add_rule('garments', 'F1Score', 0.8) > 0;
SELECT fma_add_rule('garments', 'f1score', 0.8, by => 'label') > 0;
SELECT fma_add_rule('garments', 'Recall', 1, label => 'ALL') > 0;
SELECT fma_add_rule('garments', 'Recall', 0.0, label => 'Coat', by => 'batch', pass_by => 'bound') > 0;
SELECT fma_add_rule('garments', 'Precision', 0.5, labels => ARRAY['Shirt', 'Coat', 'Bag', 'Hat', 'Shoe'], min_confidence => 0.75, background_label => 'none') > 0;
SELECT fma_add_rule('garments', 'WIOU', 0.5, weights => '{"Shirt": 10, "Bag": 0}', min_rows => 1, background_label => 'Coat', background_mode => 'ignore_truth') > 0;
SELECT fma_add_rule('garments', 'ece', 0.01) > 0;
SELECT fma_add_rule('garments', 'FailureRate', 0.1, by => 'batch', name => 'never more than one in ten') > 0;
SELECT fma_add_rule('garments', 'Accuracy', 1, direction => 'at most') > 0;
SELECT fma_add_rule('garments', 'PixelAccuracy', 0.5, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL) > 0;
SELECT count(fma_add_rule('everything', 'Accuracy', 0.5, by => b)) FROM unnest(ARRAY['overall', 'batch', 'period', 'place', 'model_version', 'slice', 'hotspot', 'cluster']) AS b;
SELECT fma_add_rule('sizes', 'MAE', 30) < fma_add_rule('sizes', 'rmse', 0), fma_add_rule('condition', 'FailureRate', 0.5) < fma_add_rule('condition', 'ECE', 0.5);
\pset null null
SELECT r.name, metric, threshold, direction, labels, weights, min_confidence, background_label, background_mode, segment_by, min_rows, pass_by FROM fma_rule AS r JOIN fma_dataset AS d USING (dataset_id) WHERE d.name = 'garments' ORDER BY rule_id;
SELECT r.name FROM fma_rule AS r JOIN fma_dataset AS d USING (dataset_id) WHERE d.name <> 'garments' ORDER BY rule_id;

-- One error says all that is wrong
SELECT fma_add_rule('garments', 'F2', 'NaN', by => 'day', direction => 'up', labels => ARRAY['a', NULL, 'a'], weights => '[1]', min_rows => 0, pass_by => 'luck', min_confidence => 2, min_iou => 0.5, background_mode => 'none', name => '');
SELECT fma_add_rule('garments', 'F1Score', 80);
SELECT fma_add_rule('garments', 'Accuracy', -0.1);
SELECT fma_add_rule('garments', 'ECE', 'Infinity', pass_by => 'bound');
SELECT fma_add_rule('garments', NULL, NULL);
SELECT fma_add_rule('garments', 'Accuracy', 0.5, by => 'label', label => 'Coat', weights => '{}');
SELECT fma_add_rule('garments', 'FailureRate', 0.5, by => 'label', min_confidence => 0.5, background_label => 'x');
SELECT fma_add_rule('garments', 'wIoU', 0.5, by => 'label');
SELECT fma_add_rule('garments', 'wIoU', 0.5, weights => '{"a": -1, "b": "1", "c": null, "d": [2, 3], "e": 1e300, "f": 0}');
SELECT fma_add_rule('garments', 'IoU', 0.5, label => 'a', labels => '{b}');
SELECT fma_add_rule('garments', 'IoU', 0.5, labels => '{}');
SELECT fma_add_rule('garments', 'IoU', 0.5, labels => '{b,a}', background_label => 'a');
SELECT fma_add_rule('garments', 'IoU', 0.5, min_iou => 1.5);
SELECT fma_add_rule('garments', 'MAE', 1);
SELECT fma_add_rule('garments', 'Accuracy', 0.5, by => b) FROM unnest(ARRAY['period']) AS b;
SELECT fma_add_rule('garments', 'Accuracy', 0.5, by => 'place');
SELECT fma_add_rule('garments', 'Accuracy', 0.5, by => 'model_version');
SELECT fma_add_rule('garments', 'Accuracy', 0.5, by => 'hotspot');
SELECT fma_add_rule('garments', 'Accuracy', 0.5, by => 'cluster');
SELECT fma_add_rule('sizes', 'F1Score', 0.5, min_confidence => 0.5);
SELECT fma_add_rule('sizes', 'MAE', -1);
SELECT fma_add_rule('sizes', 'RMSE', 1, pass_by => 'bound');
SELECT fma_add_rule('sizes', 'FailureRate', 0.5), fma_add_rule('sizes', 'ECE', 0.5);
SELECT fma_add_rule('sizes', 'ECE', 0.5);
SELECT fma_add_rule('condition', 'Recall', 0.5);
SELECT fma_add_rule('nothing', 'Recall', 0.5);
SELECT fma_add_rule(NULL, 'Recall', 0.5);
SELECT fma_remove_rule(0);
SELECT fma_remove_rule(NULL);

-- A run's summaries, checked; without a run, no gate opens
SELECT * FROM fma_check_run('garments') WHERE run_id IS NULL;
INSERT INTO fma_result_run (dataset_id, status, started_at, finished_at, n, settings, fma_version) SELECT dataset_id, 'complete', now(), now(), 300, '{}', '1.0' FROM fma_dataset WHERE name = 'garments';
INSERT INTO fma_result_summary (run_id, segment_by, segment, n, unlabelled, failures, confusion, reliability)
SELECT run_id, CASE WHEN batch IS NULL THEN 'overall' ELSE 'batch' END, batch::text, count(*), 0, fma_failures(label <> predicted), fma_confusion(label, predicted), fma_reliability(confidence, label = predicted, 100)
FROM ruled_garment, (SELECT max(run_id) AS run_id FROM fma_result_run) AS r GROUP BY GROUPING SETS ((run_id), (run_id, batch));
SELECT rank, rule, segment, round(value::numeric, 4) AS value, round(low::numeric, 4) AS low, passed, n, round(share_of_rows::numeric, 3) AS rows, round(share_of_failures::numeric, 3) AS failures, reason
FROM (SELECT *, ci_low AS low FROM fma_evaluate_rules((SELECT max(run_id) FROM fma_result_run))) AS r ORDER BY rank;
INSERT INTO fma_result_rule SELECT * FROM fma_evaluate_rules((SELECT max(run_id) FROM fma_result_run));
SELECT rank, rule, segment, label, round(value::numeric, 4) AS value, round(ci_low::numeric, 4) AS low, round(ci_high::numeric, 4) AS high, threshold, passed, n, reason FROM fma_check_run('garments');
SELECT fma_check_run('garments', raise => true);
DROP TABLE ruled_garment;
DELETE FROM fma_dataset WHERE name IN ('garments', 'everything', 'sizes', 'condition');

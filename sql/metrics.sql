-- Metrics of a confusion matrix: the surface, and every error
\pset null NULL
\pset format unaligned
CREATE FUNCTION error_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
	hint text;
BEGIN
	EXECUTE query;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' | ', SQLSTATE || ': ' || SQLERRM, 'detail: ' || nullif(detail, ''), 'hint: ' || nullif(hint, ''));
END $$;
SET extra_float_digits = 0;

-- rows are the truth: cat 8 of 10, dog 6 of 8, eel never predicted, fox never true
CREATE TABLE example AS SELECT '{"labels": ["cat", "dog", "eel", "fox"],
	"counts": [[8, 1, 0, 1], [2, 6, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]]}'::fma_confusion AS c;

SELECT m.* FROM example, fma_class_metrics(c) AS m;
SELECT m.* FROM example, fma_class_metrics(c, zero_division => 0) AS m;
SELECT label, precision, recall, f1, iou FROM example, fma_class_metrics(c, zero_division => 1);
SELECT label, support, predicted, tn FROM example, fma_class_metrics(c, 'dog');
SELECT label, support, predicted, tn FROM example, fma_class_metrics(c, 'dog', 'ignore_truth');
SELECT fma_accuracy(c), fma_balanced_accuracy(c), fma_mcc(c), fma_kappa(c) FROM example;
SELECT average, fma_precision(c, average), fma_recall(c, average), fma_f1(c, average), fma_iou(c, average)
FROM example, unnest(ARRAY['macro', 'micro', 'weighted']) AS average;
SELECT fma_precision(c) = fma_precision(c, 'macro'), fma_precision(c, NULL) = fma_precision(c, 'macro'),
	fma_iou(c, zero_division => NULL) = fma_iou(c), fma_iou(c, 'macro', 'cat', NULL) = fma_iou(c, 'macro', 'cat', 'include') FROM example;
SELECT z, fma_precision(c, zero_division => z), fma_recall(c, zero_division => z), fma_f1(c, zero_division => z), fma_iou(c, zero_division => z)
FROM example, unnest(ARRAY[0, 0.5, 1]) AS z;
SELECT mode, fma_iou(c, 'macro', 'dog', mode), fma_iou(c, 'micro', 'dog', mode), fma_iou(c, 'weighted', 'dog', mode), fma_accuracy(c, 'dog', mode), fma_balanced_accuracy(c, 'dog', mode)
FROM example, unnest(ARRAY['include', 'exclude_from_average', 'ignore_truth']) AS mode;
-- a background that does not occur changes nothing; an empty name is a label like others
SELECT fma_iou(c, background => 'sky') = fma_iou(c), fma_iou(c, background => '') = fma_iou(c), fma_accuracy(c, 'sky', 'ignore_truth') = fma_accuracy(c) FROM example;
-- nothing is left
SELECT mode, fma_iou(c, 'macro', 'a', mode), fma_f1(c, 'micro', 'a', mode), fma_recall(c, 'weighted', 'a', mode), fma_accuracy(c, 'a', mode), fma_balanced_accuracy(c, 'a', mode), fma_weighted_iou(c, '{}', 1, 'a', mode)
FROM (SELECT fma_confusion('a', 'a') AS c) AS one, unnest(ARRAY['include', 'exclude_from_average', 'ignore_truth']) AS mode;

-- undefined is NULL
SELECT fma_precision(c), fma_recall(c), fma_f1(c), fma_iou(c), fma_f1(c, 'micro'), fma_f1(c, 'weighted'), fma_accuracy(c), fma_balanced_accuracy(c), fma_weighted_iou(c, '{}'), fma_mcc(c), fma_kappa(c), fma_kappa(c, 'linear')
FROM unnest(ARRAY['{}', NULL, '{"labels": ["1", "2"], "counts": [[0, 0], [0, 0]]}', '{"labels": ["1"], "counts": [[2]], "weights": [[0]]}']::fma_confusion[]) AS c;
SELECT fma_f1(c, zero_division => 0), fma_accuracy(c, zero_division => 1), fma_balanced_accuracy(c, zero_division => 0.5), fma_weighted_iou(c, '{}', zero_division => 0) FROM (SELECT '{}'::fma_confusion) AS v (c);
SELECT * FROM fma_class_metrics('{}');
SELECT * FROM fma_class_metrics(NULL);
SELECT * FROM fma_class_metrics('{"labels": ["a"], "counts": [[0]]}');
-- one class: right every time, or wrong every time
SELECT fma_accuracy(c), fma_f1(c), fma_mcc(c), fma_kappa(c), fma_kappa(c, 'linear') FROM (SELECT fma_confusion(1, p) AS c FROM unnest(ARRAY[1, 2]) AS p GROUP BY p) AS g ORDER BY 1 DESC;

-- IoU with weights of labels
SELECT fma_weighted_iou(c, '{}') = fma_iou(c), fma_weighted_iou(c, '{"cat": 1, "dog": 0, "eel": 0, "fox": 0}'), fma_weighted_iou(c, '{"cat": 3}', 0), fma_weighted_iou(c, '{"cat": 2, "dog": 1, "sky": 100}', 0.5) FROM example;
SELECT fma_weighted_iou(c, '{"cat": 2, "dog": 1}', 0, 'dog'), fma_weighted_iou(c, '{"cat": 0}', 0), fma_weighted_iou(c, '{"cat": 0}', 0, zero_division => 0), fma_weighted_iou(c, NULL), fma_weighted_iou(c, '{"cat": 1}', NULL) = fma_weighted_iou(c, '{"cat": 1}', 1) FROM example;
SELECT abs(fma_weighted_iou(c, '{"cat": 9e18, "dog": 9e18}', 0) - fma_weighted_iou(c, '{"cat": 1, "dog": 1}', 0)) < 1e-15 FROM example;

-- kappa: labels in the order of their numbers, or as given
SELECT w, fma_kappa('{"labels": ["1", "2", "10"], "counts": [[5, 2, 0], [1, 4, 1], [0, 2, 6]]}', w) FROM unnest(ARRAY['none', 'linear', 'quadratic', NULL]) AS w;
SELECT w, fma_kappa('{"labels": ["low", "mid", "high"], "counts": [[5, 2, 0], [1, 4, 1], [0, 2, 6]]}', w, '{low,mid,high}'), fma_kappa('{"labels": ["low", "mid", "high"], "counts": [[5, 2, 0], [1, 4, 1], [0, 2, 6]]}', w, '{high,mid,low}')
FROM unnest(ARRAY['none', 'linear', 'quadratic']) AS w;
-- places between labels that do not occur count
SELECT fma_kappa('{"labels": ["low", "high"], "counts": [[5, 2], [1, 4]]}', 'linear', '{low,mid,high}') = fma_kappa('{"labels": ["low", "high"], "counts": [[5, 2], [1, 4]]}', 'none');
-- as a window, grouped, over a rollup
SELECT i, fma_accuracy(fma_confusion(i % 2, i % 3) OVER (ORDER BY i)) FROM generate_series(1, 4) AS i;
SELECT fma_accuracy(fma_rollup(c)) FROM (SELECT fma_confusion(i % 2, i % 3) AS c FROM generate_series(1, 12) AS i GROUP BY i % 5) AS g;

-- what is refused
SELECT q, error_of('SELECT ' || q || ' FROM example') FROM unnest(ARRAY[
	'fma_f1(c, '''')', 'fma_f1(c, ''Macro'')', 'fma_f1(c, ''binary'')', 'fma_precision(c, ''x'')', 'fma_recall(c, ''x'')', 'fma_iou(c, ''x'')',
	'fma_f1(c, ''macro'', ''cat'', ''drop'')', 'fma_accuracy(c, ''cat'', '''')', 'fma_balanced_accuracy(c, NULL, ''x'')', 'fma_weighted_iou(c, ''{}'', 1, NULL, ''x'')', 'fma_class_metrics(c, ''cat'', ''x'')',
	'fma_f1(c, zero_division => 2)', 'fma_f1(c, zero_division => -0.1)', 'fma_f1(c, zero_division => ''NaN'')', 'fma_f1(c, zero_division => ''Infinity'')',
	'fma_accuracy(c, zero_division => 2)', 'fma_class_metrics(c, zero_division => 2)', 'fma_weighted_iou(c, ''{}'', zero_division => 2)',
	'fma_weighted_iou(c, ''[]'')', 'fma_weighted_iou(c, ''1'')', 'fma_weighted_iou(c, ''null'')', 'fma_weighted_iou(c, ''{"cat": "1"}'')', 'fma_weighted_iou(c, ''{"cat": null}'')',
	'fma_weighted_iou(c, ''{"cat": [1]}'')', 'fma_weighted_iou(c, ''{"cat": {}}'')', 'fma_weighted_iou(c, ''{"cat": -1}'')', 'fma_weighted_iou(c, ''{"sky": -1}'')', 'fma_weighted_iou(c, ''{"cat": 1e19}'')', 'fma_weighted_iou(c, ''{"cat": 1e400}'')',
	'fma_weighted_iou(c, ''{}'', -1)', 'fma_weighted_iou(c, ''{}'', ''NaN'')', 'fma_weighted_iou(c, ''{}'', ''Infinity'')',
	'fma_kappa(c, ''cubic'')', 'fma_kappa(c, ''linear'')', 'fma_kappa(c, ''quadratic'', ''{cat,dog}'')', 'fma_kappa(c, ''linear'', ''{cat,dog,eel,fox,cat}'')', 'fma_kappa(c, ''linear'', ''{cat,dog,NULL}'')', 'fma_kappa(c, ''linear'', ''{}'')',
	'fma_kappa(c, ''linear'', ''{{cat,dog},{eel,fox}}'')', 'fma_kappa(c, ''none'', ''{cat}'')'
]) AS q;
SELECT error_of($$SELECT fma_kappa('{"labels": ["!", "5"], "counts": [[1, 1], [1, 1]]}', 'linear')$$);

DROP TABLE example;
DROP FUNCTION error_of;

-- fma_confusion against its floor (counting two columns) and its peer (GROUP BY)
\ir harness.sql
CREATE TABLE bench_labels AS
SELECT i AS id, (ARRAY['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'])[1 + t] AS truth,
	(ARRAY['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'])
		[1 + CASE WHEN hashint4(i + 1) & 7 = 0 THEN (hashint4(i + 2) & 65535) % 10 ELSE t END] AS prediction,
	t AS truth_id, (hashint4(i + 3) & 65535) % 10 AS prediction_id, i % 100000 AS grp
FROM generate_series(1, 10000000) AS i, LATERAL (SELECT (hashint4(i) & 65535) % 10 AS t) AS x;
VACUUM (FREEZE, ANALYZE) bench_labels;

SET max_parallel_workers_per_gather = 0;
SELECT bench('confusion', 'fma_confusion, text, 10M rows', 'SELECT fma_confusion(truth, prediction) FROM bench_labels',
	'count(a), count(b)', 'SELECT count(truth), count(prediction) FROM bench_labels', 1.5);
SELECT bench('confusion', 'fma_confusion, text, 10M rows', 'SELECT fma_confusion(truth, prediction) FROM bench_labels',
	'GROUP BY a, b', 'SELECT truth, prediction, count(*) FROM bench_labels GROUP BY 1, 2', 1.4, 'more');
SELECT bench('confusion', 'fma_confusion, bigint, 10M rows', 'SELECT fma_confusion(truth_id, prediction_id) FROM bench_labels',
	'GROUP BY a, b', 'SELECT truth_id, prediction_id, count(*) FROM bench_labels GROUP BY 1, 2', 1.4, 'more');

-- 100,000 groups of two labels each, 1M rows
CREATE TABLE bench_groups AS
SELECT grp, CASE WHEN truth_id < 5 THEN 'late' ELSE 'on_time' END AS truth,
	CASE WHEN prediction_id < 5 THEN 'late' ELSE 'on_time' END AS prediction
FROM bench_labels WHERE id <= 10000000;
VACUUM (FREEZE, ANALYZE) bench_groups;
SET work_mem = '1GB';
SELECT bench('confusion', '100,000 groups of a 2-label matrix, 10M rows',
	'SELECT count(c) FROM (SELECT grp, fma_confusion(truth, prediction) AS c FROM bench_groups GROUP BY grp) AS g',
	'count(*) by the same group', 'SELECT count(c) FROM (SELECT grp, count(*) AS c FROM bench_groups GROUP BY grp) AS g', 5);
RESET work_mem;

SET max_parallel_workers_per_gather = 1;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SELECT bench('confusion', 'the same with one worker', 'SELECT fma_confusion(truth, prediction) FROM bench_labels',
	'count(a), count(b), one worker', 'SELECT count(truth), count(prediction) FROM bench_labels', 1.5);
RESET max_parallel_workers_per_gather;

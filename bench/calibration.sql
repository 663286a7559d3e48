-- fma_ece and fma_reliability against their floor (a sum) and their peer (width_bucket)
\ir harness.sql
CREATE TABLE bench_confidence AS
SELECT i AS id, c AS confidence, (hashint8extended(i, 2) & 4294967295) / 4294967296.0 < c AS correct
FROM generate_series(1, 10000000) AS i,
	LATERAL (SELECT 1 - 0.9 * ((hashint8extended(i, 1) & 4294967295) / 4294967296.0::float8) ^ 3 AS c) AS x;
VACUUM (FREEZE, ANALYZE) bench_confidence;

SET max_parallel_workers_per_gather = 0;
SELECT bench('calibration', 'fma_ece, 10M rows', 'SELECT fma_ece(confidence, correct) FROM bench_confidence',
	'sum(confidence)', 'SELECT sum(confidence) FROM bench_confidence', 1.3);
SELECT bench('calibration', 'fma_reliability, 10M rows', 'SELECT fma_reliability(confidence, correct) FROM bench_confidence',
	'sum(confidence)', 'SELECT sum(confidence) FROM bench_confidence', 1.7);
SELECT bench('calibration', 'fma_ece, 10M rows', 'SELECT fma_ece(confidence, correct) FROM bench_confidence',
	'GROUP BY width_bucket',
	'SELECT sum(n * abs(c - y)) / sum(n) FROM (SELECT count(*) AS n, avg(confidence) AS c, avg(correct::int) AS y
		FROM bench_confidence GROUP BY least(width_bucket(confidence, 0, 1, 10), 10)) AS bins', 2, 'more');

SET max_parallel_workers_per_gather = 1;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SELECT bench('calibration', 'fma_ece, one worker', 'SELECT fma_ece(confidence, correct) FROM bench_confidence',
	'sum(confidence), one worker', 'SELECT sum(confidence) FROM bench_confidence', 1.3);
SELECT bench('calibration', 'fma_reliability, one worker', 'SELECT fma_reliability(confidence, correct) FROM bench_confidence',
	'sum(confidence), one worker', 'SELECT sum(confidence) FROM bench_confidence', 1.7);
RESET max_parallel_workers_per_gather;

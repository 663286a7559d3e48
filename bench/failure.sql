-- fma_slice_failure_rate and fma_failures against counting the same column
\ir harness.sql
CREATE TABLE bench_failed AS
SELECT i AS id, i % 100000 AS grp, (hashint4(i) & 1023) < 100 AS failed FROM generate_series(1, 10000000) AS i;
VACUUM (FREEZE, ANALYZE) bench_failed;
SET max_parallel_workers_per_gather = 0;
SELECT bench('failure', 'fma_slice_failure_rate, 10M rows', 'SELECT fma_slice_failure_rate(failed) FROM bench_failed',
	'count(failed)', 'SELECT count(failed) FROM bench_failed', 1.3);
SELECT bench('failure', 'fma_slice_failure_rate, 10M rows', 'SELECT fma_slice_failure_rate(failed) FROM bench_failed',
	'avg(failed::int)', 'SELECT avg(failed::int) FROM bench_failed', 1.1);
SET work_mem = '1GB';
SELECT bench('failure', 'fma_failures, 100,000 groups, 10M rows', 'SELECT count(f) FROM (SELECT fma_failures(failed) AS f FROM bench_failed GROUP BY grp) AS g',
	'count(failed) by the same group', 'SELECT count(c) FROM (SELECT count(failed) AS c FROM bench_failed GROUP BY grp) AS g', 1.5);

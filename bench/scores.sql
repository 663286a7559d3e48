-- Rank aggregates against a plain sort (the floor) and the usual SQL, and fma_regression against variances
\ir harness.sql
CREATE TABLE bench_scores AS
SELECT i AS id, i % 100000 AS grp, (hashint4(i) & 1073741823) / 1073741824.0::float8 AS score,
	(hashint4(i + 1) & 1023) < 300 AS positive
FROM generate_series(1, 10000000) AS i;
VACUUM (FREEZE, ANALYZE) bench_scores;
SET max_parallel_workers_per_gather = 0;

-- The area by ranks: each row's rank, the mean of its ties, in one window
CREATE VIEW bench_auc_sql AS
SELECT (sum(rank) FILTER (WHERE positive) - p * (p + 1) / 2) / (p * n)
FROM (SELECT positive, rank() OVER (ORDER BY score) + (count(*) OVER (PARTITION BY score) - 1) / 2.0::float8 AS rank,
		count(*) FILTER (WHERE positive) OVER ()::float8 AS p, count(*) FILTER (WHERE NOT positive) OVER ()::float8 AS n
	FROM bench_scores) AS q
GROUP BY p, n;

SET work_mem = '4MB';
SELECT bench('scores', 'fma_roc_auc, 10M rows, 4 MB (spilling)', 'SELECT fma_roc_auc(score, positive) FROM bench_scores',
	'percentile_disc (a sort)', 'SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY score) FROM bench_scores', 1.2, runs => 3);
SET work_mem = '1GB';
SELECT bench('scores', 'fma_roc_auc, 10M rows, 1 GB (in memory)', 'SELECT fma_roc_auc(score, positive) FROM bench_scores',
	'percentile_disc (a sort)', 'SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY score) FROM bench_scores', 1, runs => 3);
SELECT bench('scores', 'fma_roc_auc, 10M rows, 1 GB', 'SELECT fma_roc_auc(score, positive) FROM bench_scores',
	'the area by window functions', 'TABLE bench_auc_sql', 5, 'more', runs => 1);
SELECT bench('scores', 'fma_roc_auc, 100,000 groups, 10M rows', 'SELECT count(a) FROM (SELECT fma_roc_auc(score, positive) AS a FROM bench_scores GROUP BY grp) AS g',
	'percentile_disc by group', 'SELECT count(a) FROM (SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY score) AS a FROM bench_scores GROUP BY grp) AS g', 2, runs => 3);
SELECT bench('scores', 'fma_roc_auc, 100,000 groups, 1M rows', 'SELECT count(a) FROM (SELECT fma_roc_auc(score, positive) AS a FROM bench_scores WHERE id <= 1000000 GROUP BY grp) AS g',
	'count(*) by the same group', 'SELECT count(a) FROM (SELECT count(*) AS a FROM bench_scores WHERE id <= 1000000 GROUP BY grp) AS g', 3, runs => 3);
SELECT bench('regression', 'fma_regression, 10M rows', 'SELECT fma_regression(score, id) FROM bench_scores',
	'var_pop(truth), var_pop(prediction)', 'SELECT var_pop(score), var_pop(id::float8) FROM bench_scores', 2, runs => 3);

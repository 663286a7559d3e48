-- Change points and drift against plain scans and sorts of the same rows
\ir harness.sql
CREATE TABLE bench_hours AS
SELECT timestamp '2024-01-01' + i * interval '1 hour' AS at, (hashint8extended(i, 1) & 1073741823) / 1073741824.0 < 0.1 AS stable,
	(hashint8extended(i, 1) & 1073741823) / 1073741824.0 < 0.1 + i / 500 % 2 * 0.4 AS stepped, (hashint8extended(i, 2) & 1073741823) / 1073741824.0::float8 AS loss
FROM generate_series(0::bigint, 9999) AS i;
CREATE TABLE bench_change AS
SELECT i < 500000 AS old, (hashint8extended(i, 1) & 1023) < CASE WHEN i < 500000 THEN 100 ELSE 110 END AS failed, timestamp '2024-01-01' + i * interval '26 seconds' AS at, hashint8extended(i, 3) & 7 AS a, (hashint8extended(i, 4) & 1023)::text AS b,
	(hashint8extended(i, 5) & 1073741823) / 1073741824.0 AS x, (hashint8extended(i, 6) & 1023) / 10.0::float8 AS y
FROM generate_series(0::bigint, 999999) AS i;
VACUUM (FREEZE, ANALYZE) bench_hours, bench_change;
SET max_parallel_workers_per_gather = 0;

SELECT bench('change', 'change points, 10,000 periods, none to find', 'SELECT * FROM fma_find_changepoints(''SELECT stable, at FROM bench_hours'', ''hour'')',
	'50 ms', 'SELECT pg_sleep(0.05)', 1);
SELECT bench('change', 'change points, 10,000 periods, 19 to find', 'SELECT * FROM fma_find_changepoints(''SELECT stepped, at FROM bench_hours'', ''hour'')',
	'50 ms', 'SELECT pg_sleep(0.05)', 1);
SELECT bench('change', 'change points, 10,000 periods, a mean loss', 'SELECT * FROM fma_find_changepoints(''SELECT loss, at FROM bench_hours'', ''hour'')',
	'50 ms', 'SELECT pg_sleep(0.05)', 1);
SELECT bench('change', 'change points, 1M rows, 301 days', 'SELECT * FROM fma_find_changepoints(''SELECT failed, at FROM bench_change'')',
	'GROUP BY date_trunc(''day'', at)', 'SELECT date_trunc(''day'', at), count(*) FILTER (WHERE failed), count(*) FROM bench_change GROUP BY 1', 1.5);
SELECT bench('change', 'drift, 1M rows, 5 columns', 'SELECT * FROM fma_drift(''SELECT failed, a, b, x, y FROM bench_change WHERE old'', ''SELECT failed, a, b, x, y FROM bench_change WHERE NOT old'')',
	'percentile_disc of x (a sort)', 'SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY x) FROM bench_change', 4, runs => 3);
SELECT bench('change', 'explained change, 1M rows, 4 columns', 'SELECT * FROM fma_explain_change(''SELECT failed, a, b, x, y FROM bench_change WHERE old'', ''SELECT failed, a, b, x, y FROM bench_change WHERE NOT old'')',
	'four GROUP BY', 'SELECT a, old, count(*) FROM bench_change GROUP BY 1, 2 UNION ALL SELECT width_bucket(x, 0, 1, 5), old, count(*) FROM bench_change GROUP BY 1, 2 UNION ALL SELECT length(b), old, count(*) FROM bench_change GROUP BY 1, 2 UNION ALL SELECT width_bucket(y, 0, 103, 5), old, count(*) FROM bench_change GROUP BY 1, 2', 2, runs => 3);

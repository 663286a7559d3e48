-- Change points: the surface, edge cases, errors, cancels
\set VERBOSITY default
CREATE TABLE checks AS
SELECT i AS id, i % 10 = 0 OR (i >= 4000 AND i % 10 = 1) AS failed, (i % 10)::float8 + CASE WHEN i >= 4000 THEN 2 ELSE 0 END AS loss,
	timestamptz '2024-03-01 00:00+00' + i * interval '10 minutes' AS at FROM generate_series(0, 7199) AS i;

\x on
SELECT * FROM fma_find_changepoints('SELECT failed, at FROM checks');
SELECT rank, "time", starts_at, ends_at, n_before, failures_before, rate_before, round(ci_low_before::numeric, 6) AS ci_low_before, round(ci_high_before::numeric, 6) AS ci_high_before,
	rate_after, round(difference::numeric, 12) AS difference, dispersion, round(llr::numeric, 6) AS llr, p_value, predicate
FROM fma_find_changepoints('SELECT loss, at AS "When" FROM checks WHERE id < 7000', 'week', timezone => 'America/New_York', replicates => 0);
\x off
-- A date is days; the same cuts
SELECT "time", period_length, predicate FROM fma_find_changepoints('SELECT failed, at::date AS day FROM checks', replicates => 0);
-- A loss or a time that is NULL is left out, and the predicate says so
SELECT n_before, n_after, predicate FROM fma_find_changepoints('SELECT CASE WHEN id % 100 <> 7 THEN failed END AS failed, CASE WHEN id % 9 > 0 THEN at END AS at FROM checks', replicates => 0);
-- Days without rows are no periods
SELECT "time", n_before, n_after FROM fma_find_changepoints('SELECT failed, at FROM checks WHERE id NOT BETWEEN 3000 AND 4500', replicates => 0);
-- Nothing to find
SELECT count(*) FROM fma_find_changepoints('SELECT failed, at FROM checks WHERE false');
SELECT count(*) FROM fma_find_changepoints('SELECT NULL::boolean AS failed, at FROM checks');
SELECT count(*) FROM fma_find_changepoints('SELECT failed, at FROM checks LIMIT 1');
SELECT count(*) FROM fma_find_changepoints('SELECT failed, at FROM checks', 'year');
SELECT count(*) FROM fma_find_changepoints('SELECT false AS failed, at FROM checks');
SELECT count(*) FROM fma_find_changepoints('SELECT true AS failed, at FROM checks', penalty => 0);
SELECT count(*) FROM fma_find_changepoints('SELECT 2.5 AS loss, at FROM checks', penalty => 0);
SELECT count(*) FROM fma_find_changepoints('SELECT failed, at FROM checks', min_periods => 26);
SELECT count(*) FROM fma_find_changepoints('SELECT failed, at FROM checks', min_periods => 1000000);
-- The ends of the calendar, losses near the largest
SELECT "time", ends_at, n_after FROM fma_find_changepoints('SELECT i > 5 AS failed, CASE WHEN i > 5 THEN timestamp ''294276-12-31'' ELSE timestamp ''4713-11-24 BC'' END AS at FROM generate_series(1, 100) AS i', replicates => 0);
SELECT "time", rate_before, rate_after FROM fma_find_changepoints('SELECT CASE WHEN i > 50 THEN 1e130 ELSE -1e130 END AS loss, date ''2024-01-01'' + i AS day FROM generate_series(1, 100) AS i', replicates => 0);

-- What is refused
SELECT * FROM fma_find_changepoints('SELECT failed FROM checks');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_changepoints('SELECT failed, at, id FROM checks');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_changepoints('SELECT at, failed FROM checks');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_changepoints('SELECT failed, id FROM checks');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_changepoints('SELECT failed, at::time FROM checks');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_changepoints('SELECT failed AS at, at FROM checks');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_changepoints('SELECT CASE WHEN id = 5 THEN ''NaN'' ELSE loss END AS loss, at FROM checks');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_changepoints('SELECT failed, CASE WHEN id = 5 THEN ''-infinity'' ELSE at END AS "At" FROM checks');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_changepoints('SELECT failed, date ''infinity'' AS day FROM checks');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_changepoints('SELECT failed, at FROM checks; SELECT 1');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_changepoints(NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_changepoints('SELECT failed, at FROM checks', 'fortnight');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_changepoints('SELECT failed, at FROM checks', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_changepoints('SELECT failed, at::date AS day FROM checks', 'hour');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_changepoints('SELECT id > 5 AS failed, CASE WHEN id = 7 THEN timestamptz ''1066-10-14'' ELSE at END AS at FROM checks', 'hour');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_changepoints('SELECT failed, at FROM checks', penalty => -1);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_changepoints('SELECT failed, at FROM checks', penalty => 'NaN');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_changepoints('SELECT failed, at FROM checks', min_periods => 0);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_changepoints('SELECT failed, at FROM checks', replicates => -1);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_changepoints('SELECT failed, at FROM checks', timezone => 'Mars/Olympus');
\echo :LAST_ERROR_SQLSTATE
SET fma.search_memory = '1MB';
SELECT * FROM fma_find_changepoints('SELECT failed, at FROM checks, generate_series(1, 100)');
\echo :LAST_ERROR_SQLSTATE
RESET fma.search_memory;

-- A cancel while reading and while replicates are drawn; nothing is left behind
SET statement_timeout = 50;
SELECT count(*) FROM fma_find_changepoints('SELECT i % 2 = 0, now() AS at FROM generate_series(1, 100000000) AS i');
SET statement_timeout = 200;
SELECT count(*) FROM fma_find_changepoints('SELECT hashint4(i) % 10 = 0 AS failed, date ''2000-01-01'' + i / 2 AS day FROM generate_series(1, 20000) AS i', 'day', penalty => 0.05, replicates => 1000000);
RESET statement_timeout;
SELECT count(*) FROM pg_backend_memory_contexts WHERE name LIKE 'fma%';
DROP TABLE checks;

-- Drift and the parts of a change: the surface, edge cases, errors
\set VERBOSITY default
CREATE TABLE claims AS
SELECT i AS id, i <= 1000 AS old, i % 10 = 0 OR (i > 1000 AND i % 10 = 1) AS failed, (ARRAY['web', 'phone', NULL])[1 + CASE WHEN i <= 1000 THEN i % 4 / 2 ELSE i % 3 END] AS channel,
	CASE WHEN i <= 1000 THEN i % 50 ELSE i % 50 + 10 END::float8 AS amount, timestamptz '2024-01-01 00:00+00' + i * interval '1 hour' AS at, 1 AS same FROM generate_series(1, 2000) AS i;

\x on
SELECT rank, feature, kind, n_reference, n_current, nulls_reference, nulls_current, cells, round(psi::numeric, 6) AS psi, round(jensen_shannon::numeric, 6) AS jensen_shannon, round(hellinger::numeric, 6) AS hellinger,
	round(total_variation::numeric, 6) AS total_variation, round(chi_square::numeric, 4) AS chi_square, to_char(chi_square_p, '9.99EEEE') AS chi_square_p, ks, to_char(ks_p, '9.99EEEE') AS ks_p, wasserstein, to_char(q_value, '9.99EEEE') AS q_value, verdict
FROM fma_drift('SELECT channel, amount, at, same FROM claims WHERE old', 'SELECT same, at, amount, channel FROM claims WHERE NOT old', timezone => 'UTC');
\x off
SELECT feature, condition, predicate, n_reference AS n0, n_current AS n1, share_reference AS s0, share_current AS s1, round(rate_reference::numeric, 4) AS r0, round(rate_current::numeric, 4) AS r1,
	round(mix_effect::numeric, 6) AS mix, round(rate_effect::numeric, 6) AS rate, round(total_effect::numeric, 6) AS total, to_char(p_value, '9.99EEEE') AS p, to_char(q_value, '9.99EEEE') AS q
FROM fma_explain_change('SELECT failed, channel, amount FROM claims WHERE old', 'SELECT failed, amount, channel FROM claims WHERE NOT old', bins => 3);

-- A real loss; another name of the loss; a column that only one query has values in
SELECT condition, round(rate_reference::numeric, 4) AS r0, round(rate_current::numeric, 4) AS r1, round(mix_effect::numeric, 6) AS mix, round(rate_effect::numeric, 6) AS rate, p_value IS NULL AS no_p
FROM fma_explain_change('SELECT amount, ''a'' || id % 2 AS a FROM claims WHERE old', 'SELECT id::numeric, CASE WHEN id % 3 > 0 THEN ''a'' || id % 3 END AS a FROM claims WHERE NOT old');
-- Few rows, many values
SELECT feature, cells, chi_square_p, ks, verdict FROM fma_drift('SELECT channel, amount FROM claims LIMIT 1', 'SELECT channel, amount FROM claims');
SELECT feature, cells, verdict FROM fma_drift('SELECT id::text AS name, id % 300 AS few, (id % 300)::text AS texts FROM claims WHERE old', 'SELECT id::text AS name, id % 300 AS few, (id % 300)::text AS texts FROM claims WHERE NOT old', max_values => 20);
SELECT feature, cells, verdict FROM fma_drift('SELECT i::text AS name, i AS number FROM generate_series(1, 70000) AS i', 'SELECT i::text AS name, i AS number FROM generate_series(1, 70000) AS i');
-- Nothing to compare
SELECT count(*) FROM fma_drift('SELECT channel FROM claims WHERE false', 'SELECT channel FROM claims');
SELECT count(*) FROM fma_drift('SELECT channel FROM claims', 'SELECT channel FROM claims WHERE false');
SELECT count(*) FROM fma_explain_change('SELECT failed, channel FROM claims', 'SELECT NULL::boolean AS failed, channel FROM claims');
SELECT count(*) FROM fma_drift('SELECT same FROM claims', 'SELECT same FROM claims');

-- What is refused
SELECT * FROM fma_drift('SELECT channel FROM claims', 'SELECT channel, amount FROM claims');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_drift('SELECT channel, amount FROM claims', 'SELECT channel FROM claims');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_drift('SELECT channel, amount FROM claims', 'SELECT channel, amount::text FROM claims');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_drift('SELECT channel, channel FROM claims', 'SELECT channel, amount FROM claims');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_drift('SELECT FROM claims', 'SELECT channel FROM claims');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_drift('SELECT ''{}''::json AS j FROM claims', 'SELECT ''{}''::json AS j FROM claims');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_drift('SELECT channel FROM claims', 'DELETE FROM claims RETURNING channel');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_drift('SELECT channel FROM claims', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_drift('SELECT channel FROM claims', 'SELECT channel FROM claims', bins => 1);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_drift('SELECT channel FROM claims', 'SELECT channel FROM claims', min_psi => 'NaN');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_drift('SELECT channel FROM claims', 'SELECT channel FROM claims', fdr => 5);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_drift('SELECT channel FROM claims', 'SELECT channel FROM claims', correction => 'none');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_explain_change('SELECT failed FROM claims', 'SELECT failed FROM claims');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_explain_change('SELECT failed, channel FROM claims', 'SELECT FROM claims');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_explain_change('SELECT failed, channel FROM claims', 'SELECT id, channel FROM claims');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_explain_change('SELECT failed, channel FROM claims', 'SELECT channel, failed FROM claims');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_explain_change('SELECT amount, channel FROM claims', 'SELECT ''Infinity''::float8 AS amount, channel FROM claims');
\echo :LAST_ERROR_SQLSTATE
SET fma.search_memory = '1MB';
SELECT * FROM fma_drift('SELECT i::float8 AS x FROM generate_series(1, 100000) AS i', 'SELECT i::float8 AS x FROM generate_series(1, 100000) AS i');
\echo :LAST_ERROR_SQLSTATE
RESET fma.search_memory;
-- A cancel while sorting; nothing is left behind
SET client_min_messages = warning;
SET statement_timeout = 100;
SELECT count(*) FROM fma_drift('SELECT i::float8 AS x FROM generate_series(1, 5000000) AS i', 'SELECT 1.0::float8 AS x');
RESET statement_timeout;
SELECT count(*) FROM pg_backend_memory_contexts WHERE name LIKE 'fma%';
DROP TABLE claims;

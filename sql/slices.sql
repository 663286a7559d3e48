-- Finders of slices: the surface, edge cases, errors, cancels, memory
\set VERBOSITY default
CREATE TABLE trips AS
SELECT i AS id, i % 10 = 0 OR (i % 4 = 1 AND i % 24 >= 18) AS failed, (i % 10)::float8 AS loss,
	(ARRAY['JFK', 'ORD', 'SFO', NULL])[1 + i % 4] AS origin, (i % 24)::int AS hour, timestamptz '2024-03-01 00:00+00' + i * interval '1 hour' AS at, 1 AS same, NULL::text AS empty, i::text AS name
FROM generate_series(1, 1200) AS i;

SELECT rank, slice, n, failures, round(failure_rate::numeric, 4) AS rate, round(ci_low::numeric, 4) AS low, round(ci_high::numeric, 4) AS high,
	round(lift::numeric, 2) AS lift, round(excess_failures::numeric, 1) AS excess, round(share_of_failures::numeric, 2) AS share, to_char(q_value, '9.9EEEE') AS q
FROM fma_find_slices('SELECT failed, origin, hour FROM trips', top := 5);
SELECT slice, predicate, jsonb_pretty(conditions) AS conditions FROM fma_find_slices('SELECT failed, at, origin FROM trips', top := 1, max_values := 2, timezone := 'America/New_York', rank_by := 'effect_size', min_rows := 30);
SELECT slice, predicate FROM fma_find_slices('SELECT loss, hour, origin FROM trips', 1, intervals := true, top := 8, correction := 'holm');
SELECT rank, slice, predicate, n, failures FROM fma_find_hotspots('SELECT failed, origin, hour FROM trips');
SELECT rank, slice, n, loss_a, loss_b, difference, only_a_failed AS a, only_b_failed AS b FROM fma_compare_models('SELECT failed, NOT failed AS other, origin FROM trips', top := 2);
-- the rows of a slice
SELECT count(*), min(id), max(id) FROM (SELECT * FROM trips) AS q WHERE origin = 'ORD' AND hour >= 19;

-- Columns that say nothing are left out
SELECT count(*) FROM fma_find_slices('SELECT failed, same, empty, id, name, origin FROM trips', top := NULL);
SELECT count(*) FROM fma_find_slices('SELECT failed, same, empty FROM trips');
-- Columns that say the same: one stays
SELECT slice, n FROM fma_find_slices('SELECT failed, origin, lower(origin) AS copy FROM trips', 2, top := NULL) ORDER BY rank;
-- One row, none, no failures, nothing but failures
SELECT count(*) FROM fma_find_slices('SELECT failed, hour FROM trips LIMIT 1');
SELECT count(*) FROM fma_find_slices('SELECT failed, hour FROM trips WHERE false');
SELECT count(*) FROM fma_find_hotspots('SELECT NULL::bool AS failed, hour FROM trips');
SELECT slice, failures, failure_rate, lift, share_of_failures, p_value, q_value FROM fma_find_slices('SELECT false AS failed, origin FROM trips');
SELECT slice, failures, failure_rate, lift, share_of_failures, p_value, q_value FROM fma_find_slices('SELECT true AS failed, origin FROM trips', rank_by := 'effect_size');
SELECT slice, mean_loss, p_value, score FROM fma_find_slices('SELECT 2.5 AS loss, origin FROM trips');
SELECT count(*) FROM fma_find_hotspots('SELECT true AS failed, origin FROM trips');
-- A row without a loss is left out, and the predicate says so
SELECT slice, predicate, n FROM fma_find_slices('SELECT NULLIF(failed, hour = 3) AS failed, origin FROM trips', 1, top := 1);
-- Many features, many values
CREATE TABLE wide AS SELECT i % 7 = 0 AS failed, ARRAY(SELECT hashint4extended((i * 300 + j)::int, 7) & 7 FROM generate_series(1, 300) AS j) AS f FROM generate_series(1, 1000) AS i;
DO $$ BEGIN
	EXECUTE (SELECT format('CREATE TABLE features AS SELECT failed, %s FROM wide', string_agg(format('f[%s] AS f%s', j, j), ', ')) FROM generate_series(1, 300) AS j);
END $$;
SELECT count(*) FROM fma_find_slices('TABLE features', 2, 100, top := NULL);
SELECT slice, n FROM fma_find_slices('SELECT i % 3 = 0 AS failed, (i % 60000)::text AS code FROM generate_series(1, 100000) AS i', top := NULL, max_values := 3, min_rows := 2);

-- What is refused
SELECT * FROM fma_find_slices('SELECT true; SELECT false');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_slices('');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_slices('INSERT INTO trips DEFAULT VALUES RETURNING failed, origin');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_slices('WITH w AS (INSERT INTO trips DEFAULT VALUES RETURNING failed, origin) SELECT * FROM w');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_slices('SELECT failed, origin FROM trips FOR UPDATE');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_slices('SELECT failed INTO other FROM trips');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_slices('EXPLAIN SELECT 1');
\echo :LAST_ERROR_SQLSTATE
CREATE FUNCTION writes() RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$ BEGIN INSERT INTO trips DEFAULT VALUES; RETURN true; END $$;
SELECT * FROM fma_find_slices('SELECT writes(), 1 AS a');
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM trips;
SHOW transaction_read_only;
SELECT * FROM fma_find_slices('SELECT failed, origin FROM missing');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_slices('SELECT failed, FROM trips');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_slices('SELECT failed FROM trips');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_slices('SELECT origin, hour FROM trips');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_slices('SELECT failed, ''{}''::json AS j FROM trips');
\echo :LAST_ERROR_SQLSTATE
CREATE TYPE unequal AS (hashed xid, ordered bit varying);
SELECT * FROM fma_find_slices('SELECT failed, (NULL, NULL)::unequal AS u FROM trips');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_slices('SELECT failed, ARRAY[(1, 2)] AS rows FROM trips');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_slices('SELECT failed, origin, hour AS origin FROM trips');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_slices('SELECT CASE WHEN hour = 3 THEN float8 ''NaN'' ELSE 1 END AS loss, origin FROM trips');
SELECT * FROM fma_find_slices('SELECT CASE WHEN hour = 3 THEN float8 ''1e131'' ELSE 1 END AS loss, origin FROM trips');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_slices('SELECT 1 / (hour - 5), origin FROM trips');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_slices(NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_slices('SELECT failed, origin FROM trips', 4);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_slices('SELECT failed, origin FROM trips', min_rows := 0);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_slices('SELECT failed, origin FROM trips', bins := 1);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_slices('SELECT failed, origin FROM trips', max_values := 60000);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_slices('SELECT failed, origin FROM trips', top := 0);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_slices('SELECT failed, origin FROM trips', rank_by := 'lift');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_slices('SELECT failed, origin FROM trips', alpha := 2);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_slices('SELECT failed, origin FROM trips', correction := 'none');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_slices('SELECT failed, origin FROM trips', unit := 'day');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_slices('SELECT failed, origin, hour FROM trips', unit := 'hour', intervals := true);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_slices('SELECT failed, at FROM trips', timezone := 'Mars/Olympus');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_slices('SELECT loss - 5, origin FROM trips', rank_by := 'sliceline');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_hotspots('SELECT failed, origin FROM trips', fdr := 2);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_compare_models('SELECT failed, loss, origin FROM trips');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_compare_models('SELECT failed, origin FROM trips');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_compare_models('SELECT failed, NULL::boolean AS failed, origin FROM trips');
\echo :LAST_ERROR_SQLSTATE
SET fma.search_memory = '1MB';
SELECT * FROM fma_find_slices('SELECT failed, i % 7 AS a, i % 11 AS b FROM trips, generate_series(1, 1000) AS i');
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) > 0 FROM fma_find_slices('SELECT failed, origin, hour FROM trips');
\set VERBOSITY sqlstate
SET fma.search_memory = '1kB';
\set VERBOSITY default
RESET fma.search_memory;

-- A long search says so before it begins (the estimate is by rows and tables alone)
SET statement_timeout = 500;
SELECT * FROM fma_find_slices('TABLE features', 3, unit := 'f1');
RESET statement_timeout;

-- The caller's rights and names
CREATE ROLE fma_slices_reader;
CREATE SCHEMA elsewhere;
CREATE TABLE elsewhere.trips AS SELECT true AS failed, 1 AS a LIMIT 0;
SET ROLE fma_slices_reader;
SELECT * FROM fma_find_slices('SELECT failed, origin FROM trips');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
SET search_path = elsewhere, public;
SELECT count(*) FROM fma_find_slices('TABLE trips');
RESET search_path;

-- A cancel while reading, counting and covering; nothing is left behind
CREATE TEMP TABLE memory AS SELECT sum(total_bytes) AS bytes FROM pg_backend_memory_contexts;
SET client_min_messages = warning;
SET statement_timeout = 50;
SELECT count(*) FROM fma_find_slices('SELECT i % 2 = 0, i % 7 AS a, i::text AS b FROM generate_series(1, 100000000) AS i');
SET statement_timeout = 300;
SELECT count(*) FROM fma_find_slices('TABLE features', 3, 1);
SELECT count(*) FROM fma_find_hotspots('TABLE features', unit := 'f1');
RESET statement_timeout;
SELECT count(*) FROM fma_find_slices('TABLE features', 2, 100);
SELECT count(*) FROM pg_backend_memory_contexts WHERE name LIKE 'fma%';
TRUNCATE memory;
INSERT INTO memory SELECT sum(total_bytes) FROM pg_backend_memory_contexts;
SELECT count(*) FROM fma_find_slices('TABLE features', 2, 100);
SELECT count(*) FROM fma_find_slices('TABLE features', 2, 100);
SELECT sum(m.total_bytes) - max(bytes) < 200000 AS no_growth FROM pg_backend_memory_contexts AS m, memory;
RESET client_min_messages;
DROP TYPE unequal;
DROP TABLE trips, wide, features;
DROP TABLE elsewhere.trips;
DROP SCHEMA elsewhere;
DROP ROLE fma_slices_reader;

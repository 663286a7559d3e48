-- Scans of space and time: the surface, edge cases, errors, cancels, memory
\set VERBOSITY default
\pset null '-'
-- Six towns along a road, 20 days, 6 rows each; three of them fail for four days
CREATE TABLE trips AS SELECT t AS town, 10 + t * 0.5::float8 AS lon, 50::float8 AS lat, timestamp '2024-03-01 09:00' + d * interval '1 day' AS at, k,
	CASE WHEN t IN (2, 3, 4) AND d BETWEEN 7 AND 10 THEN k < 4 ELSE (t * 7 + d * 5 + k * 3) % 13 = 0 END AS failed
FROM generate_series(1, 6) AS t, generate_series(0, 19) AS d, generate_series(1, 6) AS k;
CREATE VIEW trip AS SELECT failed, lon AS longitude, lat AS latitude, at AS "time", 'town ' || town AS place FROM trips;

SELECT rank, place, longitude, latitude, round(radius_km::numeric, 3) AS radius_km, places, starts_at, ends_at, n, failures, round(expected::numeric, 3) AS expected,
	round(relative_risk::numeric, 3) AS relative_risk, round(llr::numeric, 6) AS llr, p_value, gumbel_p < 1e-6 AS gumbel, predicate
FROM fma_find_space_time('TABLE trip', max_row_share := 0.5, top := 2);
SELECT place, places, starts_at, n, failures, p_value, predicate FROM fma_find_space_time('SELECT failed, longitude, latitude, place FROM trip', max_row_share := 0.5, top := 1, replicates := 19);
SELECT place, longitude, places, starts_at, ends_at, n, failures, p_value, predicate FROM fma_find_space_time('SELECT failed, time FROM trip', top := 1, replicates := 19);
SELECT place, places, starts_at, ends_at, n, failures, p_value, gumbel_p, predicate FROM fma_find_space_time('SELECT failed, longitude, latitude, time::date FROM trip', max_row_share := 0.5, top := 1, replicates := 0);
SELECT rank, longitude, latitude, round(radius_km::numeric, 3) AS radius_km, places, n, predicate FROM fma_find_space_time('SELECT failed, longitude, latitude, time FROM trip', cell_km := 60, max_row_share := 0.7, top := 1, replicates := 0);
-- 65 percent of the rows are one place
SELECT place, places, n, failures FROM fma_find_space_time($$SELECT town < 5 AND k < 5 AS failed, longitude, latitude, CASE WHEN town < 5 THEN 'big' ELSE place END AS place FROM (SELECT *, lon AS longitude, lat AS latitude, 'town ' || town AS place FROM trips) AS q$$, replicates := 0);
-- What is expected: strata, and rates of the rows
SELECT place, places, n, failures, round(expected::numeric, 3) AS expected FROM fma_find_space_time('SELECT failed, longitude, latitude, time, place, place AS stratum FROM trip', max_row_share := 0.5, top := 1, replicates := 0);
SELECT place, places, n, failures, round(expected::numeric, 3) AS expected FROM fma_find_space_time('SELECT failed, longitude, latitude, time, place, CASE WHEN place < ''town 4'' THEN 0.2 ELSE 0.1 END AS expected FROM trip', max_row_share := 0.5, top := 1, replicates := 0);
SELECT longitude, n, failures, round(expected::numeric, 9) AS expected, round(llr::numeric, 6) AS llr FROM fma_find_space_time('SELECT k < 3 AS failed, k / 3 AS longitude, 0 AS latitude, CASE WHEN k < 3 THEN 1e-300 ELSE 1 END AS expected, NULL::int AS stratum FROM generate_series(1, 8) AS k', replicates := 0);

-- The antimeridian is no border, and the poles are points
CREATE VIEW edge AS SELECT * FROM (VALUES ('a', 179.9::float8, 0::float8), ('b', -179.9, 0), ('c', 170, 0), ('d', -170, 0), ('e', 0, 89.9), ('f', 120, 89.9), ('g', -120, 89.9), ('h', 0, -90), ('i', 90, -90), ('j', 0, 0)) AS v (place, longitude, latitude);
SELECT place, round(radius_km::numeric, 3) AS radius_km, places, n, failures, predicate FROM fma_find_space_time('SELECT k < 5 AND place IN (''a'', ''b'') AS failed, edge.* FROM edge, generate_series(1, 20) AS k', replicates := 0);
SELECT place, round(radius_km::numeric, 3) AS radius_km, places, n, failures, predicate FROM fma_find_space_time('SELECT k < 5 AND place IN (''e'', ''f'', ''g'') AS failed, edge.* FROM edge, generate_series(1, 20) AS k', max_row_share := 0.3, replicates := 0);
SELECT longitude, round(radius_km::numeric, 3) AS radius_km, places, n, failures, predicate FROM fma_find_space_time('SELECT k < 5 AND place IN (''h'') AS failed, longitude, latitude FROM edge, generate_series(1, 20) AS k', replicates := 0);
SELECT longitude, latitude, places, n, failures, predicate FROM fma_find_space_time('SELECT k < 5 AND place IN (''a'', ''b'', ''h'') AS failed, longitude, latitude FROM edge, generate_series(1, 20) AS k', cell_km := 5000, max_row_share := 0.25, replicates := 0);
SELECT longitude, latitude, places, n, failures, predicate FROM fma_find_space_time('SELECT k < 5 AND longitude = 180 AS failed, longitude, latitude FROM (VALUES (180, 90), (-180, 90), (180, -90), (-180, 0), (180, 0), (0, 0)) AS v (longitude, latitude), generate_series(1, 20) AS k', cell_km := 20000, max_row_share := 0.9, replicates := 0);
SELECT place, longitude, round(latitude::numeric, 6) AS latitude, places, n FROM fma_find_space_time('SELECT k = 1 AND place = ''x'' AS failed, longitude, latitude, place FROM (VALUES (''x'', 179, 10), (''x'', -179, 10), (''y'', 0, 0), (''z'', 5, 5)) AS v (place, longitude, latitude), generate_series(1, 3) AS k', replicates := 0);

-- One place; one period; one of each; all rows or none failed; no rows
SELECT place, places, radius_km, starts_at, ends_at, n, failures FROM fma_find_space_time('SELECT * FROM trip WHERE place = ''town 2''', replicates := 0, top := 1);
SELECT place, places, starts_at, ends_at, n, failures FROM fma_find_space_time('TABLE trip', period := 'year', max_row_share := 0.5, replicates := 0, top := 1);
SELECT * FROM fma_find_space_time('SELECT failed, longitude, latitude FROM trip WHERE place = ''town 2''');
SELECT * FROM fma_find_space_time('SELECT failed, time FROM trip', period := 'year');
SELECT * FROM fma_find_space_time('SELECT false, longitude, latitude FROM trip');
SELECT * FROM fma_find_space_time('SELECT true, longitude, latitude, time FROM trip');
SELECT * FROM fma_find_space_time('SELECT * FROM trip WHERE false');
SELECT * FROM fma_find_space_time('SELECT NULL::boolean AS failed, longitude, latitude FROM trip');
SELECT * FROM fma_find_space_time('SELECT failed, longitude, NULL::float8 AS latitude FROM trip');
SELECT longitude, n, failures, p_value, round(gumbel_p::numeric, 3) AS gumbel_p FROM fma_find_space_time('SELECT k = 1 AS failed, k AS longitude, 0 AS latitude FROM generate_series(1, 2) AS k');
SELECT longitude, n, failures, relative_risk, p_value FROM fma_find_space_time('SELECT k < 3 AS failed, k / 3 AS longitude, 0 AS latitude FROM generate_series(1, 5) AS k', replicates := 1);
-- All rows are the same place
SELECT * FROM fma_find_space_time('SELECT k = 1 AS failed, 180 * (k % 2 * 2 - 1) AS longitude, 10 AS latitude FROM generate_series(1, 9) AS k');

-- Time zones and daylight saving: days in New York
CREATE VIEW hourly AS SELECT at AS "time", (at AT TIME ZONE 'America/New_York')::date BETWEEN '2024-03-10' AND '2024-03-11' AND extract(hour FROM at) <> 5 AS failed
FROM generate_series(timestamptz '2024-03-01 05:00+00', '2024-03-31 03:59+00', '1 hour') AS at;
SELECT starts_at, ends_at, n, failures, predicate FROM fma_find_space_time('SELECT failed, time FROM hourly', period := 'day', timezone := 'America/New_York', top := 1, replicates := 0);
SELECT starts_at, ends_at, n, failures, predicate FROM fma_find_space_time('SELECT failed, time FROM hourly', period := 'day', timezone := 'UTC', top := 1, replicates := 0);
SELECT starts_at, ends_at, n, failures, predicate FROM fma_find_space_time('SELECT failed, time AT TIME ZONE ''America/New_York'' AS time FROM hourly', period := 'day', timezone := 'America/New_York', top := 1, replicates := 0);
SELECT starts_at, ends_at, n, failures FROM fma_find_space_time('SELECT time BETWEEN ''2024-03-10 06:00Z'' AND ''2024-03-10 08:00Z'' AS failed, time FROM hourly WHERE time < ''2024-03-12''', timezone := 'America/New_York', top := 1, replicates := 0);
SELECT starts_at, ends_at, n FROM fma_find_space_time('SELECT k = 3 AS failed, date ''294276-12-28'' + k AS time FROM generate_series(1, 3) AS k', replicates := 0, period := 'day');

-- What is refused
\set QUERY 'TABLE trip'
SELECT * FROM fma_find_space_time('SELECT true AS failed, 0 AS longitude, 91 AS latitude');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_space_time('SELECT true AS failed, -180.5 AS longitude, 0 AS latitude');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_space_time('SELECT true AS failed, float8 ''NaN'' AS longitude, 0 AS latitude');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_space_time('SELECT true AS failed, timestamp ''-infinity'' AS time');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_space_time('SELECT true AS failed, date ''infinity'' AS time');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_space_time('SELECT true AS failed, 0 AS longitude, 0 AS latitude, 1.5 AS expected');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_space_time('SELECT true AS failed, 0 AS longitude, 0 AS latitude, 0 AS expected');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_space_time('SELECT true AS failed, 90 * k AS longitude, 0 AS latitude, ''x'' AS place FROM generate_series(-1, 1, 2) AS k');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_space_time('SELECT 1.5 AS loss, 0 AS longitude, 0 AS latitude');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_space_time('SELECT true AS failed, 0 AS lon, 0 AS lat');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_space_time('SELECT true AS failed, ''0'' AS longitude, 0 AS latitude');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_space_time('SELECT true AS failed, time ''12:00'' AS time');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_space_time('SELECT true AS failed, now() AS time, ''{}''::json AS stratum');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_space_time('SELECT true AS failed, 0 AS longitude');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_space_time('SELECT true AS failed, now() AS time, ''x'' AS place');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_space_time('SELECT true AS failed, 1 AS stratum');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_space_time('SELECT true AS failed, now() AS time, now() AS time');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_space_time('DELETE FROM trips RETURNING true AS failed, at AS time');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_space_time(NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_space_time(:'QUERY', period := 'fortnight');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_space_time(:'QUERY', max_row_share := 1.5);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_space_time(:'QUERY', max_time_share := 0);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_space_time(:'QUERY', replicates := 100000);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_space_time(:'QUERY', seed := NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_space_time(:'QUERY', top := 0);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_space_time(:'QUERY', cell_km := -1);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_space_time(:'QUERY', cell_km := 5);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_space_time(:'QUERY', timezone := 'Mars/Olympus');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_space_time('SELECT failed, time::date FROM trip', period := 'hour');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_space_time('SELECT failed, time + k * interval ''1000 years'' AS time FROM trip, generate_series(0, 1) AS k', period := 'hour');
\echo :LAST_ERROR_SQLSTATE
SET fma.search_memory = '1MB';
SELECT * FROM fma_find_space_time('SELECT failed, longitude + k AS longitude, latitude, time FROM trip, generate_series(1, 150) AS k', cell_km := 0);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_space_time('SELECT failed, time FROM trip, generate_series(1, 1000) AS k');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_space_time('SELECT failed, longitude, latitude, time + place * interval ''1 year'' AS time FROM (SELECT failed, lon AS longitude, lat AS latitude, at AS time, town AS place FROM trips) AS q', period := 'hour');
\echo :LAST_ERROR_SQLSTATE
RESET fma.search_memory;

-- 10,000 places: what it takes is said before it begins, and a cancel returns, wherever the scan is
SET statement_timeout = 1000;
SELECT * FROM fma_find_space_time('SELECT k % 10 = 0 AS failed, k / 100 AS longitude, k % 100 / 2.0 AS latitude, date ''2024-01-01'' + k % 28 AS time FROM generate_series(0, 9999) AS k', cell_km := 0);
SET client_min_messages = warning;
SET statement_timeout = 300;
SELECT * FROM fma_find_space_time('SELECT k % 2 = 0 AS failed, now() AS time FROM generate_series(1, 100000000) AS k');
SELECT * FROM fma_find_space_time('SELECT k % 2 = 0 AS failed, timestamp ''2024-01-01'' + k * interval ''1 hour'' AS time FROM generate_series(1, 20000) AS k', period := 'hour');
SELECT * FROM fma_find_space_time('SELECT failed, time, place AS stratum FROM trip, generate_series(1, 100)', replicates := 99999);
RESET statement_timeout;
RESET client_min_messages;
-- Many points are gathered into cells of a fitting size
SELECT round(radius_km::numeric, 3) AS radius_km, places, n, failures FROM fma_find_space_time('SELECT k % 13 = 0 AS failed, k % 100 / 10.0 AS longitude, 45 + k / 100 / 10.0 AS latitude FROM generate_series(0, 4999) AS k', top := 1, replicates := 0);

-- The caller's rights; nothing is left behind
CREATE ROLE fma_scan_reader;
SET ROLE fma_scan_reader;
SELECT * FROM fma_find_space_time('SELECT failed, at AS time FROM trips');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
CREATE TEMP TABLE memory AS SELECT 0::numeric AS bytes;
SELECT count(*) FROM fma_find_space_time('TABLE trip', replicates := 99);
UPDATE memory SET bytes = (SELECT sum(total_bytes) FROM pg_backend_memory_contexts);
SELECT count(*) FROM fma_find_space_time('TABLE trip', replicates := 99);
SELECT count(*) FROM fma_find_space_time('TABLE trip', replicates := 99);
SELECT sum(m.total_bytes) - max(bytes) < 200000 AS no_growth FROM pg_backend_memory_contexts AS m, memory;
SELECT count(*) FROM pg_backend_memory_contexts WHERE name LIKE 'fma%';
DROP ROLE fma_scan_reader;
DROP VIEW trip, edge, hourly;
DROP TABLE trips;

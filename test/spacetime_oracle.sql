-- Windows of space and time against brute force (test/oracle/spacetime.py), at 1e-9.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
BEGIN;
SELECT plan(23);
\i examples/load.sql
CREATE TABLE stops (id int PRIMARY KEY, ts timestamp, precinct int, neighborhood text, hour int, dow int, race text, gender text,
	pre_race text, person_search text, citation_issued text, failed boolean, failed_v2 boolean);
\copy stops FROM PROGRAM 'gzip -dc test/data/stops.csv.gz' CSV HEADER
CREATE TABLE points (id int PRIMARY KEY, lat float8, lon float8);
\copy points FROM PROGRAM 'gzip -dc test/data/stops_points.csv.gz' CSV HEADER
CREATE TABLE oracle (scan text, rank bigint, longitude float8, latitude float8, radius_km float8, places int, "from" int, "to" int,
	n bigint, failures bigint, expected float8, relative_risk float8, llr float8);
\copy oracle FROM 'test/data/spacetime_oracle.csv' CSV HEADER
CREATE VIEW flight AS SELECT true_label <> pred_label AS failed, lon AS longitude, lat AS latitude, ts AS "time", origin AS place, hour, confidence
FROM flights JOIN airports ON iata = origin;
CREATE VIEW stop AS SELECT failed, lon AS longitude, lat AS latitude, ts AS "time", neighborhood AS place FROM stops JOIN points USING (id);

-- "starts" is when the oracle's period 0 began, "days" how long a period is
CREATE TABLE scan AS SELECT * FROM (VALUES
	('flights', 'SELECT failed, longitude, latitude, time, place FROM flight', '', timestamptz '2001-04-01 UTC', 1),
	('flights, in space', 'SELECT failed, latitude, longitude FROM flight', ', cell_km := 0', NULL, NULL),
	('flights, in time', 'SELECT failed, time FROM flight', '', '2001-04-01 UTC', 1),
	('flights, by origin', 'SELECT failed, longitude, latitude, time::date, place, place AS stratum FROM flight', ', period := ''day''', '2001-04-01 UTC', 1),
	('flights, expected by hour', 'SELECT failed, longitude, latitude, time, greatest(1 - confidence, 0.01) AS expected, place, hour AS stratum FROM flight', '', '2001-04-01 UTC', 1),
	('flights, in space, half of all', 'SELECT failed, longitude::numeric, latitude::numeric FROM flight', ', max_row_share := 0.5', NULL, NULL),
	('stops, cells of 1 km', 'SELECT failed, longitude, latitude, time FROM stop', ', cell_km := 1', '2017-07-01 UTC', 1),
	('stops, cells of 1 km, weeks', 'SELECT failed, longitude, latitude, time AT TIME ZONE ''UTC'' AS time FROM stop', ', cell_km := 1, period := ''week''', '2017-06-26 UTC', 7),
	('stops, neighborhoods', 'SELECT failed, longitude, latitude, time, place FROM stop', '', '2017-07-01 UTC', 1)) AS s (scan, query, options, starts, days);

CREATE FUNCTION near(a float8, b float8) RETURNS boolean LANGUAGE sql AS
	$$ SELECT a IS NULL AND b IS NULL OR abs(a - b) <= 1e-9 * greatest(abs(a), abs(b), 1) $$;
CREATE FUNCTION differences(scan_ text, query text, options text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT format(''%%s %%s %%s'', rank, s, o) FROM fma_find_space_time(%L, replicates := 0, top := 5 %s) AS s
		FULL JOIN (SELECT oracle.*, starts + days * "from" * interval ''1 day'' AS starts_at, starts + days * "to" * interval ''1 day'' AS ends_at
			FROM oracle JOIN scan USING (scan) WHERE scan = %L) AS o USING (rank)
		WHERE (near(s.longitude, o.longitude) AND near(s.latitude, o.latitude) AND abs(coalesce(s.radius_km - o.radius_km, 0)) < 1e-6
			AND s.places IS NOT DISTINCT FROM o.places AND s.starts_at IS NOT DISTINCT FROM o.starts_at AND s.ends_at IS NOT DISTINCT FROM o.ends_at
			AND s.n = o.n AND s.failures = o.failures AND near(s.expected, o.expected) AND near(s.relative_risk, o.relative_risk) AND near(s.llr, o.llr)) IS NOT TRUE',
		query, options, scan_);
END $$;
SELECT is_empty(format('SELECT differences(%L, %L, %L)', scan, query, options), 'brute force: ' || scan) FROM scan;

-- The predicate selects the rows of the window, whatever the order in which they are read.
CREATE FUNCTION recounted(query text, options text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	cluster record;
	counted bigint[];
BEGIN
	FOR cluster IN EXECUTE format('SELECT * FROM fma_find_space_time(%L, replicates := 0 %s)', query || ' ORDER BY random()', options) LOOP
		EXECUTE format('SELECT ARRAY[count(*), count(*) FILTER (WHERE failed)] FROM (%s) AS q WHERE %s', query, cluster.predicate) INTO counted;
		RETURN NEXT CASE WHEN counted = ARRAY[cluster.n, cluster.failures] THEN 'all right' ELSE format('%s selects %s, not %s', cluster.predicate, counted, cluster.n) END;
	END LOOP;
END $$;
SELECT is((SELECT string_agg(DISTINCT r, '; ') FROM recounted(query, options) AS r), 'all right', 'predicates: ' || scan) FROM scan;
SELECT is((SELECT string_agg(DISTINCT r, '; ') FROM recounted('SELECT NULLIF(failed, id % 7 = 0) AS failed, NULLIF(longitude, -93.3) AS longitude, latitude::real, time AT TIME ZONE ''America/Chicago'' AS time, '
		'NULLIF(place, ''Whittier'') AS place, NULLIF((id % 9 + 1) / 10.0, 0.5) AS expected FROM (SELECT s.*, lon AS longitude, lat AS latitude, ts AS "time", neighborhood AS place FROM stops AS s JOIN points USING (id)) AS s',
	', period := ''month''') AS r), 'all right', 'predicates: NULLs everywhere');
SELECT is((SELECT string_agg(DISTINCT r, '; ') FROM recounted('SELECT failed, longitude::real, latitude::real FROM stop', ', cell_km := 0.3, max_row_share := 0.9') AS r), 'all right', 'predicates: cells of reals');
SELECT is((SELECT string_agg(DISTINCT r, '; ') FROM recounted($q$SELECT failed, longitude, latitude, 'it''s a \ "' || place AS place FROM stop$q$, '') AS r), 'all right', 'predicates: names in need of quotes');
SELECT is((SELECT string_agg(DISTINCT r, '; ') FROM recounted('SELECT failed, lon AS longitude, lat AS latitude, precinct AS place FROM stops JOIN points USING (id)', ', max_row_share := 0.5') AS r), 'all right', 'predicates: numbers as names');
SELECT is((SELECT string_agg(DISTINCT r, '; ') FROM recounted($q$SELECT failed, place::char(40) AS place, longitude, latitude, time::date::timestamp AT TIME ZONE 'Asia/Kolkata' AS time FROM stop$q$, ', timezone := ''America/Chicago''') AS r),
	'all right', 'predicates: padded names, days of other time zones');
SELECT * FROM finish();
ROLLBACK;

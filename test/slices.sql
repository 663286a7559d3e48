-- Slices: every predicate selects the rows that were counted; order of rows, units, memory, errors.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
BEGIN;
SELECT plan(23);

-- The real data sets
CREATE TABLE stops (id int, ts timestamp, precinct int, neighborhood text, hour int, dow int, race text, gender text,
	pre_race text, person_search text, citation_issued text, failed boolean, failed_v2 boolean);
\copy stops FROM PROGRAM 'gzip -dc test/data/stops.csv.gz' CSV HEADER
CREATE TABLE insurance (id int, gender text, ethnicity text, region text, age int, family int, health text, "limit" text,
	married text, selfemp text, education text, failed boolean, failed_v2 boolean, loss float8);
\copy insurance FROM PROGRAM 'gzip -dc test/data/insurance.csv.gz' CSV HEADER
CREATE TABLE scenes (scene_id int, place text, n_objects int, conf_mean float8, conf_fg_mean float8, brightness float8,
	contrast float8, pixel_accuracy float8);
\copy scenes FROM PROGRAM 'gzip -dc test/data/scenes.csv.gz' CSV HEADER
\i examples/load.sql

-- Counts again, by each predicate, in the query; says what was wrong, or that nothing was.
-- So it does by the conditions of some hundreds of them, as filters of a dataset put them into SQL.
CREATE FUNCTION recount(query text, call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	batch record;
	counted bigint[];
	checked bigint := 0;
BEGIN
	DROP TABLE IF EXISTS found;
	DROP VIEW IF EXISTS recounted;
	DELETE FROM fma_dataset WHERE name = 'recounted';
	EXECUTE format('CREATE VIEW recounted AS %s', query);
	INSERT INTO fma_dataset (name, owner, relation, settings) SELECT 'recounted', 'postgres', 'recounted',
		jsonb_build_object('task', 'condition', 'features', jsonb_agg(attname)) FROM pg_attribute WHERE attrelid = 'recounted'::regclass;
	EXECUTE format('CREATE TEMP TABLE found ON COMMIT DROP AS SELECT row_number() OVER () AS i, predicate, conditions, n FROM %s', call);
	FOR batch IN SELECT array_agg(predicate ORDER BY i, kind) AS predicates, array_agg(n ORDER BY i, kind) AS n
		FROM (SELECT i, 1 AS kind, predicate, n FROM found
			UNION ALL SELECT i, 2, format('(%I IS NOT NULL AND %s)', (SELECT attname FROM pg_attribute WHERE attrelid = 'recounted'::regclass AND attnum = 1),
				substring(fma_export_query('recounted', conditions => conditions) FROM ' WHERE (.*)$')), n
			FROM found WHERE i % (SELECT 1 + count(*) / 400 FROM found) = 0) AS f
		GROUP BY (i - 1) / 250
	LOOP
		EXECUTE (SELECT format('SELECT ARRAY[%s] FROM (%s) AS t', string_agg(format('count(*) FILTER (WHERE %s)', p), ', ' ORDER BY o), query)
			FROM unnest(batch.predicates) WITH ORDINALITY AS u (p, o)) INTO counted;
		FOR i IN 1 .. cardinality(counted) LOOP
			IF counted[i] <> batch.n[i] THEN
				RETURN format('%s selects %s rows, not %s', batch.predicates[i], counted[i], batch.n[i]);
			END IF;
		END LOOP;
		checked := checked + cardinality(counted);
	END LOOP;
	RETURN CASE WHEN checked > 0 THEN 'all right' ELSE 'no slices' END;
END $$;
CREATE FUNCTION recount_slices(query text, options text DEFAULT 'max_order := 3') RETURNS text LANGUAGE sql AS
	$$ SELECT recount(query, format('fma_find_slices(%L, top := NULL, %s)', query, options)) $$;

SELECT is(recount_slices('SELECT failed, ts, precinct, neighborhood, race, gender, citation_issued FROM stops WHERE id % 4 = 0', 'max_order := 2'), 'all right', 'predicates: stops');
SELECT is(recount_slices('SELECT failed, ts AT TIME ZONE ''America/Chicago'' AS ts, dow FROM stops WHERE id % 4 = 0', 'max_values := 200, timezone := ''America/Chicago'''),
	'all right', 'predicates: stops, with time zone, days as periods');
SELECT is(recount_slices('SELECT loss, gender, ethnicity, region, age, family, health, "limit", education FROM insurance'), 'all right', 'predicates: insurance');
SELECT is(recount_slices('SELECT 1 - pixel_accuracy AS loss, place, n_objects, conf_mean, brightness, contrast FROM scenes', 'max_order := 3, min_rows := 20, intervals := true, bins := 3'),
	'all right', 'predicates: scenes, with intervals');
SELECT is(recount_slices('SELECT true_label <> pred_label AS failed, true_label, brightness, contrast, ink_area, edge_density FROM fashion WHERE model_version = ''v1'''),
	'all right', 'predicates: fashion');
SELECT is(recount_slices('SELECT true_label <> pred_label AS failed, ts, origin, distance, origin_recent_delay, route_mean_delay FROM flights WHERE id % 20 = 0', 'max_order := 2'),
	'all right', 'predicates: flights');
SELECT is(recount('SELECT true_label <> pred_label AS failed, origin, hour, dow, distance FROM flights',
	$$fma_find_hotspots('SELECT true_label <> pred_label AS failed, origin, hour, dow, distance FROM flights')$$), 'all right', 'predicates: hotspots');
SELECT is(recount('SELECT failed, failed_v2, education, age, married FROM insurance',
	$$fma_compare_models('SELECT failed, failed_v2, education, age, married FROM insurance', top := NULL)$$), 'all right', 'predicates: comparison');

-- Names and values that need care
CREATE SCHEMA "odd schema";
CREATE TYPE "odd schema"."Mood" AS ENUM ('sad', 'it''s ok', 'gl"ad');
CREATE TYPE "odd schema".pair AS (a int, b text);
CREATE DOMAIN "odd schema".small AS smallint CHECK (VALUE < 1000);
CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
-- A type whose = is not the one that a bare = would find: text with an equality of its own
CREATE EXTENSION citext SCHEMA "odd schema";
CREATE TABLE odd AS
SELECT hashint8extended(i, 1) % 7 = 0 AS "Failed?",
	(ARRAY['plain', 'it''s', 'a\b', E'new\nline', '', ' ', 'NULL', '"q"', 'ünïcode', '%s', '$1', repeat('long ', 40)])[1 + abs(hashint8extended(i, 2) % 12)] AS "Select",
	(ARRAY[0.1, 0.2, 1e30, -0.0, 0.0, 'NaN', 'Infinity', '-Infinity', NULL]::real[])[1 + abs(hashint8extended(i, 3) % 9)] AS "a""b",
	CASE WHEN i % 10 = 0 THEN NULL WHEN i % 11 = 0 THEN 'NaN' WHEN i % 13 = 0 THEN 'Infinity' WHEN i % 17 = 0 THEN '-Infinity'
		ELSE (hashint8extended(i, 4) % 1000) / 7.0 END::float8 AS "it's",
	CASE WHEN i % 9 = 0 THEN 'NaN' ELSE (hashint8extended(i, 5) % 50) / 10.0 END::numeric(10, 2) AS n1,
	CASE WHEN i % 2 = 0 THEN 1.0 WHEN i % 3 = 0 THEN 1.00 ELSE 2 END AS n2,
	CASE WHEN i % 50 = 0 THEN 'infinity' WHEN i % 51 = 0 THEN '-infinity' WHEN i % 52 = 0 THEN NULL
		ELSE timestamptz '2023-10-28 00:00+00' + (hashint8extended(i, 6) % 1000000) * interval '7 second' END AS at,
	CASE WHEN i % 40 = 0 THEN '-infinity' ELSE date '1999-12-30' + (i % 700)::int END AS "on",
	time '00:00' + (i % 1440) * interval '1 minute' AS "time",
	timestamp '0044-03-15 BC' + (i % 100) * interval '1 day' AS caesar,
	(i % 5) * interval '25 hour' AS "interval",
	(ARRAY['sad', 'it''s ok', 'gl"ad', NULL])[1 + i % 4]::"odd schema"."Mood" AS mood,
	CASE WHEN i % 7 = 0 THEN NULL WHEN i % 7 = 1 THEN (NULL, NULL)::"odd schema".pair ELSE ((i % 3)::int, 'x,)"')::"odd schema".pair END AS pair,
	(i % 900 - 300)::smallint::"odd schema".small AS small,
	(ARRAY[1, NULL, i % 3])::int[] AS "array",
	jsonb_build_object('k', i % 3, 'o''', NULL) AS j,
	(ARRAY['Abc', 'aBC', 'x', 'X', 'y''Y'])[1 + abs(hashint8extended(i, 7) % 5)] COLLATE nocase AS nocase,
	(ARRAY['Abc', 'aBC', 'x', 'X', 'y'])[1 + abs(hashint8extended(i, 8) % 5)]::"odd schema".citext AS ci,
	(ARRAY['ab ', 'ab', 'c'])[1 + i % 3]::char(5) AS "char",
	decode(lpad(to_hex(i % 3), 4, '0'), 'hex') AS bytes,
	(ARRAY['10.0.0.1', '10.0.0.0/8'])[1 + i % 2]::inet AS net,
	(i % 3)::bit(3) AS bits,
	int4range((i % 3)::int, 10) AS range,
	(i % 4)::int::money AS money,
	(ARRAY[-9223372036854775808, 9223372036854775807, 0, NULL]::bigint[])[1 + i % 4] AS big,
	(ARRAY['pg_class', 'pg_proc'])[1 + abs(hashint8extended(i, 9) % 2)]::regclass AS relation,
	(ARRAY['10.0.0.0/8', '11.0.0.0/8'])[1 + abs(hashint8extended(i, 10) % 2)]::cidr AS block,
	i % 2 = 0 AS "Case", (100000 + i % 3)::oid AS oid, 'a'::name AS constant
FROM generate_series(1::bigint, 300) AS i;
INSERT INTO odd ("Failed?", "Select", small) SELECT NULL, 'plain', 5 FROM generate_series(1, 20);
SELECT is(recount_slices('SELECT * FROM odd', 'max_order := 2, min_rows := 1'), 'all right', 'predicates: odd names, types and values');
SELECT is(recount_slices('SELECT * FROM odd', 'max_order := 2, min_rows := 1, bins := 50, max_values := 3'), 'all right', 'predicates: the same, with "other" values');
SELECT is(recount_slices('SELECT "Failed?", "it''s", n1, small, at, "on", caesar FROM odd', 'max_order := 2, min_rows := 3, bins := 4, max_values := 12, intervals := true, timezone := ''Europe/Berlin'''),
	'all right', 'predicates: the same, with intervals, in a time zone');
SELECT is(recount_slices('SELECT "Failed?", "time", at AT TIME ZONE ''America/Sao_Paulo'' AS local, at FROM odd', 'min_rows := 1, max_values := 100, max_order := 1, timezone := ''America/St_Johns'''),
	'all right', 'predicates: the same, in a zone of half an hour');
-- Where the clocks went back by a day, more local hours had to be told apart than a code can; and both ends of the calendar
SELECT is(recount_slices(format('SELECT i %% 7 = 0 AS failed, %s AS at FROM generate_series(1, 800) AS i', at), format('max_order := 1, min_rows := 1, max_values := 250, timezone := %L', zone)), 'all right', 'predicates: ' || name)
FROM (VALUES ('a day twice', 'timestamptz ''1969-09-30 12:00+00'' + i * interval ''20 minute''', 'Pacific/Kwajalein'),
	('the first years', 'timestamp ''4714-11-24 BC'' + i * interval ''20 day''', 'UTC'),
	('the last years', 'timestamptz ''294276-12-31 23:59:59+00'' - i * interval ''20 day''', 'UTC'),
	('the first dates', 'date ''4714-11-24 BC'' + i * 20', 'UTC'),
	('the last dates', 'date ''5874897-12-31'' - i * 20', 'UTC')) AS v (name, at, zone);
SET LOCAL extra_float_digits = -5; SET LOCAL datestyle = 'German'; SET LOCAL standard_conforming_strings = off;
SELECT is(recount_slices('SELECT "Failed?", "a""b", "it''s", "Select", at, "on", "interval" FROM odd', 'min_rows := 1'), 'all right', 'predicates: settings of the session do not matter');
RESET extra_float_digits; RESET datestyle; RESET standard_conforming_strings;

-- Columns with more than 65,535 values
CREATE TABLE many AS SELECT i % 9 = 0 AS failed, CASE WHEN i % 100 = 0 THEN NULL ELSE hashint8extended(i, 1) END AS big,
	CASE WHEN i % 50 = 0 THEN 'NaN' ELSE hashint8extended(i, 2) / 3.0 END::float8 AS real8, hashint8extended(i, 3) / 7.0 AS num,
	timestamptz 'epoch' + (i * 7919 % 50000000) * interval '1 second' AS at, i::text AS name, i AS id, hashint8extended(i, 4) AS code, (i * 0.96)::int AS often
FROM generate_series(1, 70000) AS i;
SELECT is(recount_slices('SELECT failed, big, real8, num, at, name, id, code, often FROM many', 'max_order := 1, bins := 7, min_rows := 1'), 'all right', 'predicates: columns of more than 65,535 values');
SELECT is((SELECT array_agg(DISTINCT c ->> 'column' ORDER BY c ->> 'column') FROM fma_find_slices('SELECT failed, big, real8, num, at, name, id, code, often FROM many', top := NULL) AS s, jsonb_array_elements(conditions) AS c),
	ARRAY['at', 'big', 'num', 'often', 'real8'], 'names and numbers that differ in every row are left out');
SELECT ok((SELECT min(n) >= 13700 AND max(n) <= 14001 FROM fma_find_slices('SELECT failed, big, real8, num, often FROM many', 1, top := NULL) WHERE slice !~ 'null|NaN'),
	'quantile bins of many values hold as many rows');
-- A bin's lowest edge is the value at the quantile, as PostgreSQL's own ordering has it.
SELECT is((SELECT array_agg(edge ORDER BY edge) FROM (SELECT (regexp_match(predicate, '>= (-?\d+)'))[1]::bigint AS edge FROM fma_find_slices('SELECT failed, big FROM many', 1, bins := 4, top := NULL)) AS s WHERE edge IS NOT NULL),
	(SELECT array_agg(big ORDER BY big) FROM (SELECT big, row_number() OVER (ORDER BY big) - 1 AS r, count(*) OVER () AS m FROM many WHERE big IS NOT NULL) AS s WHERE r IN (m / 4, m / 2, 3 * m / 4)),
	'edges of bins are exact quantiles');

-- All rows of a slice fail, and its design effect is no round number: its rate is 1, not a little more
SELECT results_eq($$ SELECT slice, failure_rate, ci_high FROM fma_find_slices('SELECT i % 4 > 0 AS failed, i % 2 AS odd, 1 AS unit FROM generate_series(1, 100) AS i', unit := 'unit') WHERE slice = 'odd = 1' $$,
	$$ VALUES ('odd = 1', 1::float8, 1::float8) $$, 'a rate of 1 has an interval up to 1');

SELECT * FROM finish();
ROLLBACK;

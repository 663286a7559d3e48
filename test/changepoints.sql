-- Change points: the cuts of brute force, p of enumeration, few false alarms, planted steps found, predicates, time zones
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
BEGIN;
SELECT plan(21);

-- By hashes, so always the same
CREATE FUNCTION uniform(i bigint, seed bigint) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT (hashint8extended(i, seed) & 1073741823) / 1073741824.0 $$;

-- Brute force (test/oracle/changepoints.py): cuts, evidence and dispersion of 67 series, and of real ones
CREATE TABLE stops (id int, ts timestamp, precinct int, neighborhood text, hour int, dow int, race text, gender text,
	pre_race text, person_search text, citation_issued text, failed boolean, failed_v2 boolean);
\copy stops FROM PROGRAM 'gzip -dc test/data/stops.csv.gz' CSV HEADER
CREATE TABLE oracle (name text, kind text, n int[], loss float8[], penalty float8, least int, cuts int[], evidence float8[], dispersion float8);
\copy oracle FROM PROGRAM 'gzip -dc test/data/changepoints.csv.gz' CSV
CREATE TABLE series_row AS
SELECT name, period, loss[o.starts + i] AS loss
FROM (SELECT name, loss, period, u.n, sum(u.n) OVER (PARTITION BY name ORDER BY period) - u.n AS starts
	FROM oracle AS o, unnest(o.n) WITH ORDINALITY AS u (n, period) WHERE name NOT LIKE 'stops%') AS o, generate_series(1, o.n) AS i;
CREATE FUNCTION query_of(o oracle) RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN o.name LIKE 'stops%' THEN 'SELECT failed, ts FROM stops'
		ELSE format('SELECT loss::%s AS loss, date ''2023-12-31'' + period::int AS day FROM series_row WHERE name = %L ORDER BY hashfloat8(loss)',
			CASE o.kind WHEN 'boolean' THEN 'int::boolean' ELSE 'float8' END, o.name) END $$;
CREATE TABLE found AS
SELECT o.ctid AS id, o.name, f.* FROM oracle AS o, LATERAL fma_find_changepoints(query_of(o), CASE o.name WHEN 'stops by week' THEN 'week' ELSE 'day' END, penalty, least, 0) AS f;
SELECT is_empty($$
	SELECT o.name, o.penalty, o.cuts, f.cuts FROM oracle AS o LEFT JOIN (
		SELECT id, array_agg(("time"::date - CASE WHEN period_length = 'week' THEN date '2017-06-26' WHEN name = 'stops by day' THEN date '2017-07-01' ELSE date '2024-01-01' END)
			/ CASE period_length WHEN 'week' THEN 7 ELSE 1 END ORDER BY "time") AS cuts FROM found GROUP BY id) AS f ON f.id = o.ctid
	WHERE o.cuts <> coalesce(f.cuts, '{}')$$, 'brute force: the same cuts');
SELECT is_empty($$
	SELECT o.name, o.penalty, u.evidence, f.llr FROM oracle AS o, unnest(evidence) WITH ORDINALITY AS u (evidence, i)
		LEFT JOIN (SELECT *, row_number() OVER (PARTITION BY id ORDER BY "time") AS i FROM found) AS f USING (i)
	WHERE f.id = o.ctid AND (abs(f.llr - u.evidence) <= 1e-9 * (1 + u.evidence) AND abs(f.dispersion / o.dispersion - 1) < 1e-9) IS NOT TRUE$$, 'and evidence');
SELECT cmp_ok((SELECT count(*) FROM found), '>', 100::bigint, 'of many changes');
SELECT is_empty($$
	SELECT * FROM found AS f WHERE name LIKE 'random%' AND (SELECT (count(*), sum(loss)) FROM series_row AS r
		WHERE r.name = f.name AND date '2023-12-31' + period::int >= starts_at AND date '2023-12-31' + period::int < "time")
		IS DISTINCT FROM (SELECT (n_before, CASE WHEN failures_before IS NULL THEN sum(loss) ELSE failures_before END) FROM series_row AS r
		WHERE r.name = f.name AND date '2023-12-31' + period::int >= starts_at AND date '2023-12-31' + period::int < "time")$$, 'rows and failures of the segments');

-- p: all ways to place the failures, counted; and another simulation for normal losses (figures from the oracle)
CREATE FUNCTION rows_of(n int[], k int[]) RETURNS text LANGUAGE sql AS $$
	SELECT 'SELECT failed, day FROM (VALUES ' || string_agg(format('(%L::boolean, %L::date)', i <= k[d], date '2024-01-01' + d), ', ') || ') AS v (failed, day)'
	FROM generate_subscripts(n, 1) AS d, generate_series(1, n[d]) AS i $$;
SELECT cmp_ok((SELECT abs(p_value - 0.043788999066104346) FROM fma_find_changepoints(rows_of('{6,6,6,6,6,6}', '{0,1,0,3,3,2}'), penalty => 1, replicates => 99999)), '<', 0.003::float8, 'p of six periods');
SELECT cmp_ok((SELECT abs(p_value - 0.006344735864186665) FROM fma_find_changepoints(rows_of('{9,2,5,7,4}', '{1,0,1,5,3}'), penalty => 1, min_periods => 2, replicates => 99999)), '<', 0.0012::float8,
	'p of five periods, least two');

-- Nothing where there is nothing
CREATE FUNCTION alarms(days int, rows int, rate float8) RETURNS bigint LANGUAGE sql AS $$
	SELECT count(*) FROM generate_series(1, 200) AS seed WHERE EXISTS (SELECT FROM fma_find_changepoints(
		format('SELECT uniform(i, %s) < %s AS failed, date ''2024-01-01'' + (i / %s)::int AS day FROM generate_series(0, %s::bigint) AS i', seed, rate, rows, days * rows - 1), replicates => 0)) $$;
SELECT cmp_ok(alarms(60, 50, 0.1), '<=', 16::bigint, 'stable series: 60 days of 50 rows');
SELECT cmp_ok(alarms(200, 2, 0.3), '<=', 16::bigint, 'stable series: 200 days of 2 rows');
SELECT cmp_ok(alarms(8, 300, 0.1), '<=', 16::bigint, 'stable series: 8 days');
SELECT cmp_ok((SELECT count(*) FROM generate_series(1, 200) AS seed WHERE EXISTS (SELECT FROM fma_find_changepoints(
		format('SELECT uniform(i, %s) + uniform(i, %s) AS loss, date ''2024-01-01'' + (i / 20)::int AS day FROM generate_series(0::bigint, 1199) AS i', seed, seed + 1000), replicates => 0))),
	'<=', 16::bigint, 'stable series: a mean loss');
-- p is uniform where nothing changed, however often cuts are forced
SELECT cmp_ok((SELECT count(*) FROM generate_series(1, 200) AS seed WHERE EXISTS (SELECT FROM fma_find_changepoints(
		format('SELECT uniform(i, %s) < 0.2 AS failed, date ''2024-01-01'' + (i / 50)::int AS day FROM generate_series(0::bigint, 999) AS i', seed), penalty => 0, min_periods => 10, replicates => 199) WHERE p_value <= 0.05)),
	'<=', 16::bigint, 'p is at most 0.05 in at most 16 of 200');

-- Planted steps, .1 to .2 at 500 rows a day, on any day
SELECT is_empty($$
	SELECT day, f.* FROM generate_series(2, 58, 4) AS day LEFT JOIN LATERAL (
		SELECT count(*) AS changes, max("time"::date - date '2024-01-01') AS found, max(p_value) AS p, min(ci_low_before) AS low, max(ci_high_before) AS high FROM fma_find_changepoints(
			format('SELECT uniform(i, %s) < CASE WHEN i / 500 >= %s THEN 0.2 ELSE 0.1 END AS failed, timestamp ''2024-01-01'' + i * interval ''172.8 s'' AS at FROM generate_series(0::bigint, 29999) AS i', day, day))) AS f ON true
	WHERE (changes = 1 AND abs(found - day) <= 1 AND p <= 0.01) IS NOT TRUE$$, 'planted steps');
SELECT is((SELECT array_agg("time"::date - date '2024-01-01' ORDER BY "time") FROM fma_find_changepoints(
	'SELECT 100 * uniform(i, 1) + CASE WHEN i / 50 BETWEEN 20 AND 39 THEN 30 ELSE 0 END AS loss, date ''2024-01-01'' + (i / 50)::int AS day FROM generate_series(0::bigint, 2999) AS i')), ARRAY[20, 40], 'planted in a mean loss');

-- Reproducible: the same p with the same seed, in any order of the rows
CREATE TABLE steps AS SELECT i AS id, NULLIF(uniform(i, 3) < 0.1 + i / 1500 * 0.03, uniform(i, 4) < 0.01) AS failed, (i % 10) / 3.0::float8 AS loss,
	timestamptz '2024-03-01 00:00+00' + i * interval '20 minutes' AS at FROM generate_series(0::bigint, 5999) AS i WHERE i NOT BETWEEN 2000 AND 2400;
SELECT is_empty($$
	(SELECT * FROM fma_find_changepoints('SELECT failed, at FROM steps ORDER BY id', penalty => 0.5) EXCEPT SELECT * FROM fma_find_changepoints('SELECT failed, at FROM steps ORDER BY hashint8(id)', penalty => 0.5))
	UNION ALL (SELECT * FROM fma_find_changepoints('SELECT loss, at FROM steps ORDER BY id', penalty => 0) EXCEPT SELECT * FROM fma_find_changepoints('SELECT loss, at FROM steps ORDER BY hashint8(id)', penalty => 0))$$,
	'the order of the rows does not matter');

-- Predicates select the rows after the change, up to the next; in any zone, with gaps, NULLs and days of 23 or 25 hours
CREATE FUNCTION recount(query text, zone text, period text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	change record;
	counted bigint;
	checked int := 0;
BEGIN
	FOR change IN SELECT * FROM fma_find_changepoints(query, period, penalty => 0.1, replicates => 0, timezone => zone) LOOP
		EXECUTE format('SELECT count(*) FROM (%s) AS q WHERE %s', query, change.predicate) INTO counted;
		IF counted <> change.n_after THEN RETURN format('%s: %s rows, not %s', change.predicate, counted, change.n_after); END IF;
		checked := checked + 1;
	END LOOP;
	RETURN CASE WHEN checked > 1 THEN 'all right' ELSE 'too few changes' END;
END $$;
SELECT is(recount('SELECT failed, at FROM steps', zone, period), 'all right', format('predicates: %s in %s', period, zone))
FROM (VALUES ('America/New_York', 'day'), ('Australia/Lord_Howe', 'hour'), ('Asia/Kathmandu', 'week')) AS v (zone, period);
SELECT is(recount('SELECT failed, at::date AS "day of it" FROM steps', 'UTC', 'day'), 'all right', 'predicates: dates');
SET datestyle = 'German, DMY';
SELECT is(recount('SELECT failed, at::timestamp AS "At" FROM steps', 'UTC', 'week'), 'all right', 'predicates: timestamps');
RESET datestyle;

-- Periods by the span
SELECT results_eq($$
	SELECT DISTINCT days, period_length FROM (VALUES (1.9), (2.1), (399), (402), (2700), (2900), (12000), (13000), (36000), (40000)) AS v (days),
		LATERAL fma_find_changepoints(format('SELECT i > 500 AS failed, timestamp ''2001-01-01'' + i * interval ''1 day'' * %s / 1000 AS at FROM generate_series(0, 999) AS i', days), replicates => 0) AS f ORDER BY days$$,
	$$VALUES (1.9, 'hour'), (2.1, 'day'), (399, 'day'), (402, 'week'), (2700, 'week'), (2900, 'month'), (12000, 'month'), (13000, 'quarter'), (36000, 'quarter'), (40000, 'year')$$, 'the period fits the span');

-- 10,000 periods: stable or not, cut in little memory
SET LOCAL fma.search_memory = '2MB';
SELECT is((SELECT array_agg(n ORDER BY o) FROM (SELECT 1 AS o, count(*) AS n FROM fma_find_changepoints('SELECT uniform(i, 1) < 0.3 AS failed, timestamp ''2024-01-01'' + i * interval ''1 hour'' AS at FROM generate_series(0::bigint, 9999) AS i', 'hour')
	UNION ALL SELECT 2, count(*) FROM fma_find_changepoints('SELECT uniform(i, 1) < 0.1 + i / 500 % 2 * 0.4 AS failed, timestamp ''2024-01-01'' + i * interval ''1 hour'' AS at FROM generate_series(0::bigint, 9999) AS i', 'hour')) AS v),
	ARRAY[0, 19]::bigint[], '10,000 periods');
SELECT * FROM finish();
ROLLBACK;

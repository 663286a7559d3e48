-- Space and time: p is right, planted clusters are found, nothing where there is nothing, order and units do not matter.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
BEGIN;
SELECT no_plan();

-- Random numbers: the vectors published with Philox (the key's and counter's words are equal here, or all bits are set)
CREATE FUNCTION pg_temp.philox(bigint, bigint, bigint) RETURNS text AS '$libdir/fma', 'fma_test_philox' LANGUAGE C STRICT;
SELECT is(pg_temp.philox(0, 0, 0), '6627e8d5 e169c58d bc57ac4c 9b00dbd8', 'Philox of zeros');
SELECT is(pg_temp.philox(-1, -1, -1), '408f276d 41c83b0e a20bc7c6 6d5451fd', 'Philox of ones');
SELECT is(pg_temp.philox(x'299f31d0a4093822'::bigint, x'0370734413198a2e'::bigint, (x'85a308d3243f6a88')::bigint),
	'd16cfe09 94fdcceb 5001e420 24126ea1', 'Philox of pi');

CREATE FUNCTION uniform(i bigint, seed bigint) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT (hashint8extended(i, seed) & 1073741823) / 1073741824.0 $$;

-- p of two places against the exact distribution of the failures between them
CREATE FUNCTION g(o float8, e float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT CASE WHEN o > 0 THEN o * ln(o / e) ELSE 0 END $$;
CREATE FUNCTION llr(c float8, n float8, c_all float8, n_all float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
	SELECT g(c, n * c_all / n_all) + g(n - c, n * (1 - c_all / n_all)) + g(c_all - c, (n_all - n) * c_all / n_all) + g(n_all - n - c_all + c, (n_all - n) * (1 - c_all / n_all)) $$;
CREATE FUNCTION p_exact(c int, n int, c_all int, n_all int) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
	chance float8 := 1;
	total float8 := 0;
	tail float8 := 0;
BEGIN
	FOR i IN greatest(0, c_all - n_all + n) .. least(n, c_all) LOOP
		total := total + chance;
		tail := tail + CASE WHEN llr(i, n, c_all, n_all) >= llr(c, n, c_all, n_all) - 1e-9 THEN chance ELSE 0 END;
		chance := chance * (n - i)::float8 * (c_all - i) / ((i + 1)::float8 * (n_all - n - c_all + i + 1));
	END LOOP;
	RETURN tail / total;
END $$;
CREATE FUNCTION p_found(c int, n int, c_all int, n_all int, extra text DEFAULT '') RETURNS float8 LANGUAGE sql AS $$
	SELECT p_value FROM fma_find_space_time(format('SELECT i <= %s OR i > %s AND i <= %s AS failed, (i > %s)::int AS longitude, 0 AS latitude %s FROM generate_series(1, %s) AS i',
		c, n, n + c_all - c, n, extra, n_all), replicates := 20000, top := 1) $$;
SELECT ok(abs(p_found(c, n, c_all, n_all) - p) < 4 * sqrt(p * (1 - p) / 20000) + 1e-4, format('p of %s of %s and %s of %s failures: %s', c, n, c_all, n_all, p))
FROM (VALUES (14, 60, 18, 100), (3, 10, 5, 200), (46, 60, 70, 100), (9, 100, 9, 160), (27, 5000, 37, 9000), (2, 50, 99, 150), (60, 5000, 100, 10000)) AS v (c, n, c_all, n_all),
	LATERAL p_exact(c, n, c_all, n_all) AS p;

-- The same of a Poisson scan: every failure falls into one of two places by what is expected there
CREATE FUNCTION p_poisson(c int, share float8, c_all int) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
	chance float8 := 1;
	total float8 := 0;
	tail float8 := 0;
BEGIN
	FOR i IN 0 .. c_all LOOP
		total := total + chance;
		tail := tail + CASE WHEN g(i, c_all * share) + g(c_all - i, c_all * (1 - share)) >=
			g(c, c_all * share) + g(c_all - c, c_all * (1 - share)) - 1e-9 THEN chance ELSE 0 END;
		chance := chance * (c_all - i) / (i + 1) * share / (1 - share);
	END LOOP;
	RETURN tail / total;
END $$;
SELECT ok(abs(p_found(c, n, c_all, n_all, format(', CASE WHEN i > %s THEN 0.3 ELSE 0.2 END AS expected', n)) - p) < 4 * sqrt(p * (1 - p) / 20000) + 1e-4,
	format('Poisson p of %s of %s failures, %s expected: %s', c, c_all, c_all * share, p))
FROM (VALUES (14, 60, 18, 100), (3, 10, 5, 200), (30, 50, 50, 150)) AS v (c, n, c_all, n_all), LATERAL (SELECT n * 0.2::float8 / (n * 0.2 + (n_all - n) * 0.3)) AS s (share),
	LATERAL p_poisson(c, share, c_all) AS p;

-- 40 places somewhere in Europe, 30 days, 8 rows each day; one cluster of 5 neighbours and 7 days
CREATE TABLE spot AS SELECT 'S' || to_char(i, 'FM00') AS place, -5 + 20 * uniform(i, 1) AS longitude, 42 + 10 * uniform(i, 2) AS latitude, i FROM generate_series(1, 40) AS i;
CREATE FUNCTION km(a spot, b spot) RETURNS float8 LANGUAGE sql AS $$ SELECT 6371.0088 * acos(least(1, sind(a.latitude) * sind(b.latitude) + cosd(a.latitude) * cosd(b.latitude) * cosd(a.longitude - b.longitude))) $$;
CREATE TABLE neighbour AS SELECT a.place AS centre, b.place, row_number() OVER (PARTITION BY a.place ORDER BY km(a, b)) AS nth, km(a, b) FROM spot AS a, spot AS b;
-- those that are the middle of their 5 nearest
CREATE TABLE middle AS SELECT DISTINCT ON (places) centre, places, radius FROM
	(SELECT centre, array_agg(place ORDER BY place) AS places, max(km) AS radius FROM neighbour WHERE nth <= 5 GROUP BY centre) AS s ORDER BY places, radius;
CREATE FUNCTION planted(centre_ text, start int, seed int, rate float8 DEFAULT 0.5, columns text DEFAULT 'failed, longitude, latitude, place, time') RETURNS text LANGUAGE sql AS $f$
	SELECT format($$SELECT %s FROM (SELECT uniform(i * 1000 + k * 30 + d, %s) < CASE WHEN d BETWEEN %s AND %s AND s.place = ANY (%L) THEN %s ELSE 0.1 END AS failed,
		longitude, latitude, s.place, timestamp '2024-02-26 12:00' + d * interval '1 day' AS time, k, d
		FROM spot AS s, generate_series(0, 29) AS d, generate_series(1, 8) AS k) AS q$$, columns, seed, start, start + 6, (SELECT places FROM middle WHERE centre = centre_), rate) $f$;
CREATE TABLE planted_found AS SELECT m.centre, m.radius, start, f.* FROM (SELECT *, row_number() OVER (ORDER BY centre) % 20 AS start FROM middle LIMIT 20) AS m,
	fma_find_space_time(planted(centre, start::int, start::int * 7), replicates := 99, top := 3) AS f;
SELECT cmp_ok((SELECT count(*) FROM planted_found WHERE rank = 1 AND place = centre AND places = 5 AND abs(radius_km - radius) < 0.01
		AND starts_at = timestamptz '2024-02-26 UTC' + start * interval '1 day' AND ends_at = starts_at + interval '7 days' AND p_value = 0.01 AND gumbel_p < 1e-6), '>=', 18::bigint,
	'a planted cluster is found with its centre and its days, in 18 of 20 cases at least');
SELECT cmp_ok((SELECT count(*) FROM planted_found WHERE rank > 1 AND p_value <= 0.05), '<=', 3::bigint, 'and hardly anything else');
SELECT ok((SELECT bool_and(n >= failures AND failures > expected AND relative_risk > 1 AND llr > 0) FROM planted_found), 'clusters have more failures than expected');

-- Nothing is wrong: p is at most 0.05 in one of 20 cases
CREATE FUNCTION false_alarms(columns text, options text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	alarms bigint := 0;
	alarm bigint;
BEGIN
	FOR seed IN 1..200 LOOP
		EXECUTE format('SELECT count(*) FROM fma_find_space_time(%L, replicates := 99, top := 1, seed := %s %s) WHERE p_value <= 0.05',
			format('SELECT uniform(s.i, %s) < 0.1 + 0.1 * (s.i %% 3 = 0)::int AS failed, %s FROM (SELECT i, (i %% 3)::int AS kind, (hashint8extended(i, %s) & 1023) AS h FROM generate_series(1, 2000::bigint) AS i) AS s JOIN spot ON spot.i = h %% 15 + 1',
				seed, columns, seed + 1000), seed, options) INTO alarm;
		alarms := alarms + alarm;
	END LOOP;
	RETURN alarms;
END $$;
SELECT cmp_ok(false_alarms('longitude, latitude, place, date ''2024-01-01'' + (h / 16 % 20)::int AS time', ''), '<=', 16::bigint, 'false alarms in space and time');
SELECT cmp_ok(false_alarms('longitude, latitude', ', cell_km := 300'), '<=', 16::bigint, 'false alarms in space');
SELECT cmp_ok(false_alarms('date ''2024-01-01'' + (h / 16 % 60)::int AS time', ''), '<=', 16::bigint, 'false alarms in time');
SELECT cmp_ok(false_alarms('longitude, latitude, place, kind AS stratum', ''), '<=', 16::bigint, 'false alarms with strata');

-- What the stratum explains is no cluster
SELECT cmp_ok((SELECT p_value FROM fma_find_space_time(planted((SELECT min(centre) FROM middle), 0, 3), top := 1)), '<=', 0.01::float8, 'a place that is worse for a week');
SELECT cmp_ok((SELECT p_value FROM fma_find_space_time(planted((SELECT min(centre) FROM middle), 0, 3, columns := format('failed, longitude, latitude, place, time, d BETWEEN 0 AND 6 AND place = ANY (%L) AS stratum',
	(SELECT places FROM middle ORDER BY centre LIMIT 1))), top := 1)), '>', 0.05::float8, 'is not worse than its stratum');

-- The same figures in every run, in any order of the rows, at any setting
CREATE FUNCTION digest(query text, options text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE format('SELECT string_agg(f::text, chr(10)) FROM fma_find_space_time(%L %s) AS f', query, options) INTO result;
	RETURN result;
END $$;
SELECT format('CREATE TABLE weak AS %s', planted((SELECT max(centre) FROM middle), 3, 5, 0.25)) \gexec
CREATE TABLE weak_more AS SELECT *, (row_number() OVER () % 17)::int AS k FROM weak;
SELECT is(digest(query || ' ORDER BY random()', ', replicates := 199'), digest(query, ', replicates := 199'), what)
FROM (VALUES ('SELECT * FROM weak', 'the order of the rows: places'),
	('SELECT failed, longitude, latitude, time FROM weak', 'the order of the rows: points'),
	('SELECT failed, longitude + k / 10.0 AS longitude, latitude - k / 9.0 AS latitude, time FROM weak_more', 'the order of the rows: points gathered into cells'),
	('SELECT failed, longitude + k / 10.0 AS longitude, latitude - k / 9.0 AS latitude, time, place FROM weak_more', 'the order of the rows: places of several points'),
	('SELECT failed, longitude, latitude, time, 0.01 + uniform(k, 1) / 3 AS expected, k % 3 AS stratum FROM weak_more', 'the order of the rows: expected and strata')) AS v (query, what);
SELECT isnt(digest('SELECT * FROM weak', ', replicates := 199, seed := 2'), digest('SELECT * FROM weak', ', replicates := 199'), 'another seed');
SELECT is((SELECT array_agg((rank, place, llr)::text) FROM fma_find_space_time('SELECT * FROM weak', seed := -9223372036854775808, replicates := 19)),
	(SELECT array_agg((rank, place, llr)::text) FROM fma_find_space_time('SELECT * FROM weak', replicates := 0)), 'the seed is about p alone');
-- A replicate is the same however many there are: p of fewer ones follows
SELECT ok((SELECT bool_and(a.p_value * 100 <= b.p_value * 1000) FROM fma_find_space_time('SELECT * FROM weak', replicates := 99) AS a
	JOIN fma_find_space_time('SELECT * FROM weak', replicates := 999) AS b USING (rank)), 'the first replicates are those of a longer run');
SET LOCAL datestyle = 'German'; SET LOCAL extra_float_digits = -5;
CREATE TABLE german AS SELECT predicate FROM fma_find_space_time('SELECT failed, longitude + k / 10.0 AS longitude, latitude, time FROM weak_more', replicates := 0, cell_km := 50);
RESET datestyle; RESET extra_float_digits;
SELECT set_eq('SELECT predicate FROM german', $$SELECT predicate FROM fma_find_space_time('SELECT failed, longitude + k / 10.0 AS longitude, latitude, time FROM weak_more', replicates := 0, cell_km := 50)$$, 'settings do not show in predicates');

-- Clusters share no place; in time alone, no period
SELECT is((SELECT count(*) FROM (SELECT p FROM fma_find_space_time('SELECT failed, longitude, latitude, place FROM weak', replicates := 0, max_row_share := 0.3) AS f,
	regexp_matches(predicate, '''(S\d\d)''', 'g') AS p GROUP BY p HAVING count(*) > 1) AS s), 0::bigint, 'no place is in two clusters');
SELECT is((SELECT count(*) FROM fma_find_space_time('SELECT failed, time FROM weak', replicates := 0) AS a, fma_find_space_time('SELECT failed, time FROM weak', replicates := 0) AS b
	WHERE a.rank < b.rank AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at), 0::bigint, 'no period is in two clusters');
-- Shares are kept
SELECT ok((SELECT bool_and(ends_at - starts_at <= interval '3 days') FROM fma_find_space_time('SELECT failed, time FROM weak', replicates := 0, max_time_share := 0.1)), 'a share of the time');
SELECT ok((SELECT bool_and(n <= 0.1 * (SELECT count(*) FROM weak)) AND max(places) > 1 FROM fma_find_space_time('SELECT failed, longitude, latitude FROM weak', replicates := 0, max_row_share := 0.1)), 'a share of the rows');
SELECT * FROM finish();
ROLLBACK;

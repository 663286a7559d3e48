-- Every slice of two real data sets against brute force (test/oracle/slices.py), at 1e-9.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
BEGIN;
SELECT plan(19);
CREATE TABLE stops (id int, ts timestamp, precinct int, neighborhood text, hour int, dow int, race text, gender text,
	pre_race text, person_search text, citation_issued text, failed boolean, failed_v2 boolean);
\copy stops FROM PROGRAM 'gzip -dc test/data/stops.csv.gz' CSV HEADER
CREATE TABLE insurance (id int, gender text, ethnicity text, region text, age int, family int, health text, "limit" text,
	married text, selfemp text, education text, failed boolean, failed_v2 boolean, loss float8);
\copy insurance FROM PROGRAM 'gzip -dc test/data/insurance.csv.gz' CSV HEADER
CREATE TABLE scenes (scene_id int, place text, n_objects int, conf_mean float8, conf_fg_mean float8, brightness float8,
	contrast float8, pixel_accuracy float8);
\copy scenes FROM PROGRAM 'gzip -dc test/data/scenes.csv.gz' CSV HEADER
CREATE TABLE oracle (search text, slice text, n bigint, total float8, rest_rate float8, p float8, q float8);
\copy oracle FROM PROGRAM 'gzip -dc test/data/slices_oracle.csv.gz' CSV HEADER

-- "!" marks the order in which the rows are read, which must not matter
CREATE TABLE search AS SELECT * FROM (VALUES
	('insurance failed', 'SELECT failed, gender, ethnicity, region, health, selfemp, age, family FROM insurance ORDER BY !'),
	('insurance loss', 'SELECT loss, gender, ethnicity, region, health, selfemp, age, family FROM insurance ORDER BY !'),
	('insurance failed by age', 'SELECT failed, gender, ethnicity, region, health, selfemp, family, age FROM insurance ORDER BY !'),
	('insurance loss by age', 'SELECT loss, gender, ethnicity, region, health, selfemp, family, age FROM insurance ORDER BY !'),
	('stops failed', 'SELECT failed, precinct, neighborhood, hour, gender, citation_issued FROM stops ORDER BY !'),
	('scenes loss', 'SELECT pixel_accuracy, place, n_objects, conf_mean, brightness, contrast FROM scenes ORDER BY !')) AS s (search, query);
ALTER TABLE search ADD unit text;
UPDATE search SET unit = 'age' WHERE search LIKE '% by age';
ALTER TABLE scenes RENAME scene_id TO id;

CREATE FUNCTION near(a float8, b float8) RETURNS boolean LANGUAGE sql AS
	$$ SELECT a = b OR a IS NULL AND b = 'NaN' OR abs(a - b) <= 1e-9 * greatest(abs(a), abs(b)) OR greatest(abs(a), abs(b)) < 1e-300 $$;

SELECT is_empty(format($$
	SELECT coalesce(s.slice, o.slice), s.n, o.n, s.mean_loss * s.n, o.total, s.rest_rate, o.rest_rate, s.p_value, o.p, s.q_value, o.q
	FROM fma_find_slices(%L, 3, top := NULL, unit := %L) AS s FULL JOIN (SELECT * FROM oracle WHERE search = %L) AS o ON o.slice = s.slice
	WHERE o.slice IS NULL OR s.slice IS NULL OR NOT (o.n = s.n AND near(s.mean_loss * s.n, o.total)
		AND near(s.rest_rate, o.rest_rate) AND near(s.p_value, o.p) AND near(s.q_value, o.q))$$, replace(query, '!', 'id'), unit, search),
	'brute force: ' || search)
FROM search;

-- Hotspots: the same ones, with the p of each (the largest of several tests) and its likelihood ratio
SELECT is_empty(format($$
	SELECT coalesce(s.slice, o.slice), s.n, o.n, s.p_value, o.p, s.score, o.q
	FROM fma_find_hotspots(%L, max_order := %s, top := 1000) AS s FULL JOIN (SELECT * FROM oracle WHERE search = %L) AS o ON o.slice = s.slice
	WHERE (o.n = s.n AND near(s.mean_loss * s.n, o.total) AND near(s.p_value, o.p) AND abs(s.score / o.q - 1) < 1e-7) IS NOT TRUE$$,
	replace(query, '!', 'id'), max_order, 'hotspots of ' || search), 'brute force: hotspots of ' || search)
FROM search JOIN (VALUES ('insurance failed', 3), ('insurance loss', 2), ('stops failed', 2)) AS h (search, max_order) USING (search);

-- The scores are functions of what was compared above
SELECT is_empty(format($$
	SELECT * FROM fma_find_slices(%1$L, 2, top := NULL, rank_by := 'sliceline', alpha := 0.9) AS s,
		(SELECT count(*) AS rows, avg(failed::int) AS rate FROM insurance) AS a
	WHERE NOT near(score, 0.9 * (failure_rate / rate::float8 - 1) - 0.1 * (a.rows::float8 / s.n - 1))
		OR NOT near(lift, failure_rate / rate::float8) OR NOT near(share_of_failures, failures / (rate::float8 * rows))
	UNION ALL
	SELECT * FROM fma_find_slices(%1$L, 2, top := NULL, rank_by := 'wracc') AS s,
		(SELECT count(*) AS rows, avg(failed::int) AS rate FROM insurance) AS a
	WHERE abs(score - s.n / a.rows::float8 * (failure_rate - rate::float8)) > 1e-15
	UNION ALL
	SELECT * FROM fma_find_slices(%1$L, 2, top := NULL, rank_by := 'effect_size') AS s,
		(SELECT count(*) AS rows, avg(failed::int) AS rate FROM insurance) AS a
	WHERE NOT near(score, sqrt(2) * (failure_rate - rest_rate) / sqrt(failure_rate * (1 - failure_rate) + rest_rate * (1 - rest_rate)))
	$$, replace(query, '!', 'id')), 'scores of every slice')
FROM search WHERE search = 'insurance failed';
SELECT is_empty(format($$
	SELECT slice, score, sqrt(2) * (a.mean - b.mean) / sqrt(a.variance + b.variance) FROM fma_find_slices(%L, 1, top := NULL, rank_by := 'effect_size') AS s,
		LATERAL (SELECT avg(loss) AS mean, var_pop(loss) AS variance FROM insurance WHERE gender = substr(slice, 10)) AS a,
		LATERAL (SELECT avg(loss) AS mean, var_pop(loss) AS variance FROM insurance WHERE gender <> substr(slice, 10)) AS b
	WHERE slice LIKE 'gender%%' AND NOT near(score, sqrt(2) * (a.mean - b.mean) / sqrt(a.variance + b.variance))$$, replace(query, '!', 'id')), 'effect size of a real loss')
FROM search WHERE search = 'insurance loss';

-- Every top K is the beginning of the whole list; the order of the rows does not matter, to the last bit
SELECT is_empty(format('(SELECT * FROM fma_find_slices(%1$L, 3, top := 37, unit := %3$L) EXCEPT SELECT * FROM fma_find_slices(%2$L, 3, top := NULL, unit := %3$L))
	UNION ALL (SELECT * FROM fma_find_slices(%2$L, 3, top := NULL, unit := %3$L) WHERE rank <= 37 EXCEPT SELECT * FROM fma_find_slices(%1$L, 3, top := 37, unit := %3$L))',
	replace(query, '!', 'id'), replace(query, '!', 'hashint8(id)'), unit), 'top 37, rows shuffled: ' || search)
FROM search;
SELECT is_empty($$(SELECT * FROM fma_find_hotspots('SELECT loss, education, region, age, family, married FROM insurance ORDER BY id', unit := 'region')
	EXCEPT SELECT * FROM fma_find_hotspots('SELECT loss, education, region, age, family, married FROM insurance ORDER BY hashint8(id)', unit := 'region'))
	UNION ALL (SELECT * FROM fma_find_hotspots('SELECT failed, ts, hour, race, neighborhood FROM stops ORDER BY id')
	EXCEPT SELECT * FROM fma_find_hotspots('SELECT failed, ts, hour, race, neighborhood FROM stops ORDER BY hashint8(id)'))$$, 'hotspots, rows shuffled');
SELECT is_empty($$(SELECT * FROM fma_compare_models('SELECT failed, failed_v2, education, region, age FROM insurance ORDER BY id', unit := 'age')
	EXCEPT SELECT * FROM fma_compare_models('SELECT failed, failed_v2, education, region, age FROM insurance ORDER BY hashint8(id)', unit := 'age'))$$, 'comparison, rows shuffled');
SELECT * FROM finish();
ROLLBACK;

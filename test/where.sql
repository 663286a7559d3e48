-- Where and when: space-time hotspots of runs are what the finder says of the same rows; which rows are scanned; rights
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = error;
BEGIN;
SELECT no_plan();
CREATE FUNCTION latest(name text) RETURNS bigint LANGUAGE sql AS
	$$ SELECT max(run_id) FROM fma_result_run JOIN fma_dataset AS d USING (dataset_id) WHERE d.name = latest.name $$;
CREATE FUNCTION note(name text, stage text) RETURNS text LANGUAGE sql AS
	$$ SELECT note FROM fma_result_stage AS s WHERE run_id = latest(name) AND s.stage = note.stage $$;
CREATE FUNCTION status(name text) RETURNS text LANGUAGE sql AS $$ SELECT status || coalesce(': ' || message, '') FROM fma_result_run WHERE run_id = latest(name) $$;

-- 25 places on a grid, 20 days, 4 rows each; three neighbours fail on seven days. Names that need care, literals that look like names
CREATE TABLE source AS SELECT row_number() OVER (ORDER BY d, p, i) AS id, d, p, 'lat''s "place" ' || p AS "at Place", (p % 5)::numeric / 4 AS "time", (p / 5)::real / 2 AS lat,
	timestamptz '2020-03-01' + d * interval '1 day' + i * interval '5 hours' AS occurred,
	(hashint8extended(p * 1000 + d * 10 + i, 3) & 1023) < CASE WHEN p IN (11, 12, 13) AND d BETWEEN 8 AND 14 THEN 700 ELSE 100 END AS bad
	FROM generate_series(0, 24) AS p, generate_series(0, 19) AS d, generate_series(0, 3) AS i;
SELECT fma_register('all', 'source', failed => 'bad', occurred_at => 'occurred', place => 'at Place', longitude => 'time', latitude => 'lat', features => '{}', task => 'condition');
SELECT fma_run('all') > 0;
PREPARE found(text) AS SELECT rank, place, longitude, latitude, radius_km, places, starts_at, ends_at, n, failures, expected, relative_risk, llr, p_value, gumbel_p
	FROM fma_space_time_hotspots WHERE dataset = $1 ORDER BY rank;
CREATE FUNCTION finder(query text) RETURNS TABLE (rank bigint, place text, longitude float8, latitude float8, radius_km float8, places int, starts_at timestamptz, ends_at timestamptz,
	n bigint, failures bigint, expected float8, relative_risk float8, llr float8, p_value float8, gumbel_p float8) LANGUAGE sql AS
	$$ SELECT rank, place, longitude, latitude, radius_km, places, starts_at, ends_at, n, failures, expected, relative_risk, llr, p_value, gumbel_p FROM fma_find_space_time(query, 'day', replicates => 199, timezone => 'UTC') $$;
SELECT results_eq($$ EXECUTE found('all') $$, $$ SELECT * FROM finder('SELECT bad, "at Place" AS place, "time" AS longitude, lat AS latitude, occurred AS time FROM source') $$, 'as the finder finds them');
SELECT results_eq($$ SELECT place, places, starts_at, ends_at, p_value FROM fma_space_time_hotspots WHERE dataset = 'all' AND rank = 1 $$,
	$$ VALUES ('lat''s "place" 12', 3, timestamptz '2020-03-09', timestamptz '2020-03-16', 0.005::float8) $$, 'what was planted');

-- Predicates are about the columns of the source
CREATE FUNCTION wrong_predicates(dataset text, source text) RETURNS TABLE (what text) LANGUAGE plpgsql AS $$
DECLARE
	h record;
	good boolean;
BEGIN
	FOR h IN SELECT * FROM fma_space_time_hotspots AS s WHERE s.dataset = wrong_predicates.dataset LOOP
		EXECUTE format('SELECT (count(*), count(*) FILTER (WHERE bad)) = ($1, $2) FROM (SELECT * FROM %s) AS t WHERE bad IS NOT NULL AND %s', source, h.predicate) INTO good USING h.n, h.failures;
		IF good IS NOT TRUE THEN
			what := h.predicate;
			RETURN NEXT;
		END IF;
	END LOOP;
END $$;
SELECT is_empty($$ SELECT wrong_predicates('all', 'source') $$, 'each predicate selects the rows of its cluster');
SELECT ok((SELECT count(*) > 1 FROM fma_space_time_hotspots WHERE dataset = 'all'), 'there are some');

-- Columns that there are: places alone, times alone, points without names, points in cells
SELECT fma_register('places', 'source', failed => 'bad', place => 'at Place', longitude => 'time', latitude => 'lat', features => '{}', task => 'condition'),
	fma_register('times', 'source', failed => 'bad', occurred_at => 'occurred', place => 'at Place', features => '{}', task => 'condition'),
	fma_register('points', 'source', failed => 'bad', occurred_at => 'occurred', longitude => 'time', latitude => 'lat', features => '{}', task => 'condition');
SELECT fma_run('places') > 0, fma_run('times') > 0, fma_run('points') > 0;
SELECT results_eq($$ EXECUTE found('places') $$, $$ SELECT rank, place, longitude, latitude, radius_km, places, starts_at, ends_at, n, failures, expected, relative_risk, llr, p_value, gumbel_p
	FROM fma_find_space_time('SELECT bad, "at Place" AS place, "time" AS longitude, lat AS latitude FROM source', replicates => 199) $$, 'purely spatial without times');
SELECT results_eq($$ EXECUTE found('times') $$, $$ SELECT * FROM finder('SELECT bad, occurred AS time FROM source') $$, 'purely temporal without positions');
SELECT results_eq($$ EXECUTE found('points') $$, $$ SELECT * FROM finder('SELECT bad, "time" AS longitude, lat AS latitude, occurred AS time FROM source') $$, 'points without names');
SELECT is_empty($$ SELECT wrong_predicates(name, 'source') FROM unnest(ARRAY['places', 'times', 'points']) AS name $$, 'their predicates');
CREATE TABLE scattered AS SELECT id, bad, occurred, "time"::float8 + id * 1e-6 AS "Längs", lat::float8 - id * 1e-6 AS quer FROM source;
SELECT fma_register('scattered', 'scattered', failed => 'bad', longitude => 'Längs', latitude => 'quer', features => '{}', task => 'condition');
SELECT fma_run('scattered') > 0;
SELECT is_empty($$ SELECT wrong_predicates('scattered', 'scattered') $$, 'and those of cells');
SELECT ok((SELECT count(*) > 0 FROM fma_space_time_hotspots WHERE dataset = 'scattered'), 'there are some');

CREATE TABLE many AS SELECT id, bad, "time"::float8 + id * 1e-6 AS lon, lat::float8 AS lat, 'place ' || id AS place FROM source;
SELECT fma_register('many', 'many', failed => 'bad', longitude => 'lon', latitude => 'lat', place => 'place', features => '{}', task => 'condition');
SELECT fma_run('many') > 0;
SELECT is(note('many', 'space-time'), 'there are more than 1000 places: their positions are scanned, in cells, without names', 'too many places are gathered into cells');
SELECT results_eq($$ SELECT n, failures, llr, place FROM fma_space_time_hotspots WHERE dataset = 'many' ORDER BY rank $$,
	$$ SELECT n, failures, llr, NULL::text FROM fma_find_space_time('SELECT bad, lon AS longitude, lat AS latitude FROM many', replicates => 0) ORDER BY rank $$, 'which are scanned');
SELECT is_empty($$ SELECT wrong_predicates('many', 'many') $$, 'and selected');

-- Rows that cannot be scanned
CREATE TABLE odd AS SELECT id, bad, occurred, "at Place" AS place, "time"::float8 AS lon, lat::float8 AS lat FROM source;
INSERT INTO odd VALUES (10001, true, 'infinity', 'x', 1, 1), (10002, true, NULL, 'x', 1, 1), (10003, true, '2020-03-02', 'x', 181, 1), (10004, true, '2020-03-02', 'x', 1, 91),
	(10005, true, '2020-03-02', 'x', 'NaN', 1), (10006, true, '2020-03-02', NULL, 1, 1), (10007, true, '2020-03-02', 'x', NULL, 1), (10008, NULL, '2020-03-02', 'x', 1, 91);
SELECT fma_register('odd', 'odd', failed => 'bad', occurred_at => 'occurred', place => 'place', longitude => 'lon', latitude => 'lat', features => '{}', task => 'condition');
SELECT fma_run('odd') > 0;
SELECT is(status('odd'), 'complete', 'impossible places and times');
SELECT is(note('odd', 'space-time'), '7 rows without a valid position, place or time were left out', 'are counted');
SELECT results_eq($$ EXECUTE found('odd') $$, $$ SELECT * FROM finder('SELECT bad, "at Place" AS place, "time"::float8 AS longitude, lat::float8 AS latitude, occurred AS time FROM source') $$, 'the others are scanned');

-- Nothing to scan
CREATE TABLE few (LIKE odd);
SELECT fma_register('few', 'few', failed => 'bad', occurred_at => 'occurred', place => 'place', longitude => 'lon', latitude => 'lat', features => '{}', task => 'condition'),
	fma_register('neither', 'few', failed => 'bad', features => '{}', place => 'place', task => 'condition');
SELECT fma_run('few') > 0, fma_run('neither') > 0;
SELECT is(status('few'), 'complete', 'no rows');
SELECT is(note('neither', 'space-time'), 'left out: no row has a longitude and latitude, or a time', 'neither places nor times');
INSERT INTO few SELECT i, true, '2020-01-01', 'a', 0, 0 FROM generate_series(1, 9) AS i;
SELECT fma_run('few') > 0;
SELECT is((SELECT (status('few'), count(*))::text FROM fma_space_time_hotspots WHERE dataset = 'few'), '(complete,0)', 'all rows failed, in one place and period');
SELECT is(note('few', 'space-time'), 'nothing failed more than elsewhere, or there is nothing to compare', 'which is noted');
UPDATE few SET bad = NULL;
SELECT fma_run('few') > 0;
SELECT is(status('few'), 'complete', 'no labels');
CREATE TABLE numbers AS SELECT id, occurred, 1.0::float8 AS truth, (id % 7)::float8 AS said FROM odd;
SELECT fma_register('numbers', 'numbers', truth => 'truth', prediction => 'said', occurred_at => 'occurred', features => '{}', task => 'regression');
SELECT fma_run('numbers') > 0;
SELECT is(note('numbers', 'space-time'), 'left out: the dataset has no failures, only errors; failed says which are failures', 'errors are no failures');
SELECT fma_alter_dataset('numbers', '{"failed": "abs(truth - said) > 4"}');
SELECT fma_run('numbers') > 0;
SELECT results_eq($$ EXECUTE found('numbers') $$, $$ SELECT * FROM finder('SELECT abs(truth - said) > 4, occurred AS time FROM numbers WHERE isfinite(occurred)') $$, 'unless failed says which are');

-- The current version, the dataset's filter, options
CREATE TABLE versions AS SELECT *, CASE WHEN id % 3 = 0 THEN 'new' ELSE 'old' END AS version FROM odd;
SELECT fma_register('versions', 'versions', failed => 'bad', occurred_at => 'occurred', place => 'place', longitude => 'lon', latitude => 'lat', model_version => 'version', features => '{}',
	current_version => 'new', filter => 'id < 1500', task => 'condition', options => '{"replicates": 0}');
SELECT fma_run('versions') > 0;
SELECT is((SELECT array_agg(p_value ORDER BY rank) FILTER (WHERE p_value IS NOT NULL) FROM fma_space_time_hotspots WHERE dataset = 'versions'), NULL, 'without replicates there is no p');
SELECT results_eq($$ SELECT rank, n, failures, expected, llr FROM fma_space_time_hotspots WHERE dataset = 'versions' ORDER BY rank $$,
	$$ SELECT rank, n, failures, expected, llr FROM finder('SELECT bad, place, lon AS longitude, lat AS latitude, occurred AS time FROM versions WHERE version = ''new'' AND id < 1500') $$, 'rows of the current version that pass the filter');

-- Rights
CREATE ROLE fma_where_reader;
CREATE ROLE fma_where_stranger;
REVOKE ALL ON source FROM PUBLIC;
SELECT fma_share('all', 'fma_where_reader');
SET ROLE fma_where_stranger;
SELECT is_empty($$ SELECT FROM fma_space_time_hotspots $$, 'a stranger sees nothing');
SELECT is_empty($$ SELECT FROM fma_result_space_time $$, 'of the table either');
SELECT throws_ok($$ INSERT INTO fma_result_space_time (run_id, rank) VALUES (1, 99) $$, '42501', NULL, 'nor writes');
SET ROLE fma_where_reader;
SELECT is((SELECT array_agg(DISTINCT dataset) FROM fma_space_time_hotspots), ARRAY['all'], 'whom it is shared with sees it');
RESET ROLE;
SELECT finish();
ROLLBACK;

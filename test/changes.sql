-- Change points, drift and explanations of runs: what the finders say of the same rows; which rows are compared; rights
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

-- 40 days of 100 rows, which fail more often from the 21st on, and where sizes are others from the 31st on
CREATE FUNCTION hit(i bigint, percent double precision) RETURNS boolean LANGUAGE sql IMMUTABLE AS
	$$ SELECT (hashint8extended(i, 7) & 1023) < percent * 10.24 $$;
CREATE TABLE source AS SELECT i AS id, at, CASE WHEN hit(i + 100000, 30) THEN 'red' ELSE 'blue' END AS "Colour", 'only' AS one,
	CASE WHEN i % 10 < 3 OR (at >= '2020-01-31' AND i % 10 < 6) THEN 1.5 ELSE 2.5 END AS size,
	'yes' AS truth, CASE WHEN hit(i, CASE WHEN at >= '2020-01-21' THEN 30 ELSE 10 END) THEN 'no' ELSE 'yes' END AS said, 0.5 + (i % 50) / 100.0 AS sure
	FROM (SELECT i, timestamptz '2020-01-01' + i * interval '864 seconds' AS at FROM generate_series(0::bigint, 3999) AS i) AS s;
CREATE TABLE stream AS SELECT * FROM source WHERE at < '2020-01-31';
SELECT fma_register('stream', 'stream', truth => 'truth', prediction => 'said', confidence => 'sure', id => 'id', occurred_at => 'at', features => ARRAY['Colour', 'size', 'one'],
	labels => '{"no": "NO"}');
SELECT fma_run('stream') AS first \gset

-- Change points
SELECT results_eq($$ SELECT rank, "time", period_length, starts_at, ends_at, n_before, failures_before, rate_before, ci_low_before, ci_high_before,
		n_after, failures_after, rate_after, ci_low_after, ci_high_after, difference, dispersion, llr, p_value, predicate FROM fma_changepoints WHERE dataset = 'stream' ORDER BY rank $$,
	$$ SELECT * FROM fma_find_changepoints('SELECT truth <> said AS fma_loss, at FROM stream', 'day', replicates => 199, timezone => 'UTC') $$, 'change points as the finder finds them');
SELECT results_eq($$ SELECT time, n_before, n_after FROM fma_changepoints WHERE dataset = 'stream' $$, $$ VALUES (timestamptz '2020-01-21', 2000::bigint, 1000::bigint) $$, 'the change that was made');
SELECT is((SELECT count(*) FROM stream WHERE at >= '2020-01-21 00:00:00+00' AND at < '2020-01-31 00:00:00+00'), (SELECT n_after FROM fma_changepoints WHERE dataset = 'stream'), 'what the predicate selects');
SELECT is((SELECT predicate FROM fma_changepoints WHERE dataset = 'stream'), 'at >= ''2020-01-21 00:00:00+00'' AND at < ''2020-01-31 00:00:00+00''', 'which is about the source''s columns');

-- The first run compares its halves
PREPARE drift(bigint) AS SELECT rank, feature, kind, n_reference, n_current, nulls_reference, nulls_current, cells, psi, jensen_shannon, hellinger, total_variation,
	chi_square, chi_square_p, ks, ks_p, wasserstein, q_value, verdict FROM fma_result_drift WHERE run_id = $1 ORDER BY rank;
PREPARE explanation(bigint) AS SELECT rank, feature, condition, predicate, n_reference, n_current, share_reference, share_current, rate_reference, rate_current, mix_effect, rate_effect,
	total_effect, p_value, q_value FROM fma_result_explanation WHERE run_id = $1 ORDER BY rank;
SELECT is((SELECT array_agg(DISTINCT (reference_run_id, reference_from, rows_after)::text) FROM fma_drift_metrics WHERE dataset = 'stream'),
	(SELECT ARRAY[(NULL::bigint, min(at), min(at) + (max(at) - min(at)) / 2)::text] FROM stream), 'the halves of the first run''s time');
SELECT results_eq(format('EXECUTE drift(%s)', :first),
	$$ SELECT * FROM fma_drift('SELECT "Colour", size, one, CASE said WHEN ''no'' THEN ''NO'' ELSE said END AS said, sure FROM stream WHERE at <= ''2020-01-15 23:52:48+00''',
		'SELECT "Colour", size, one, CASE said WHEN ''no'' THEN ''NO'' ELSE said END AS said, sure FROM stream WHERE at > ''2020-01-15 23:52:48+00''') $$, 'drift as fma_drift measures it');
SELECT results_eq(format('EXECUTE explanation(%s)', :first),
	$$ SELECT * FROM fma_explain_change('SELECT truth <> said AS loss, "Colour", size, one FROM stream WHERE at <= ''2020-01-15 23:52:48+00''',
		'SELECT truth <> said AS loss, "Colour", size, one FROM stream WHERE at > ''2020-01-15 23:52:48+00''') $$, 'explained as fma_explain_change does');
SELECT is(note('stream', 'drift'), 'column "one" was left out', 'what cannot differ is left out, and noted');

-- The second compares the new rows with those of the first
INSERT INTO stream SELECT * FROM source WHERE at >= '2020-01-31';
SELECT fma_run('stream') AS second \gset
SELECT is((SELECT array_agg(DISTINCT (reference_run_id, n_reference, n_current, reference_from, rows_after)::text) FROM fma_drift_metrics WHERE dataset = 'stream'),
	ARRAY[(:first::bigint, 3000::bigint, 1000::bigint, timestamptz '2020-01-01', timestamptz '2020-01-30 23:45:36')::text], 'the rows of the run before, and those since');
SELECT results_eq(format('EXECUTE drift(%s)', :second),
	$$ SELECT * FROM fma_drift('SELECT "Colour", size, one, CASE said WHEN ''no'' THEN ''NO'' ELSE said END AS said, sure FROM stream WHERE at < ''2020-01-31''',
		'SELECT "Colour", size, one, CASE said WHEN ''no'' THEN ''NO'' ELSE said END AS said, sure FROM stream WHERE at >= ''2020-01-31''') $$, 'drift of the new rows');
SELECT is((SELECT array_agg(feature ORDER BY rank) FROM fma_drift_metrics WHERE dataset = 'stream' AND verdict = 'drift'), ARRAY['size'], 'sizes have drifted');
SELECT results_eq(format('EXECUTE explanation(%s)', :second),
	$$ SELECT * FROM fma_explain_change('SELECT truth <> said AS loss, "Colour", size, one FROM stream WHERE at < ''2020-01-31''',
		'SELECT truth <> said AS loss, "Colour", size, one FROM stream WHERE at >= ''2020-01-31''') $$, 'explanation of the new rows');
SELECT ok((SELECT abs(sum(total_effect) - (SELECT avg((said <> truth)::int) FILTER (WHERE at >= '2020-01-31') - avg((said <> truth)::int) FILTER (WHERE at < '2020-01-31') FROM stream)) < 1e-12
	FROM fma_change_explanation WHERE dataset = 'stream' AND feature = 'size' AND condition IS NULL), 'which adds up to the change of the rate');
-- and so does the third, without new rows
SELECT fma_run('stream') AS third \gset
SELECT results_eq(format('EXECUTE drift(%s)', :third), format('EXECUTE drift(%s)', :second), 'a run without new rows compares what the one before did');
SELECT results_eq($$ SELECT DISTINCT reference_run_id FROM fma_drift_metrics WHERE dataset = 'stream' $$, format('SELECT %s::bigint', :first), 'with the same reference');

-- A run of the new rows alone has the same reference
SELECT fma_run('stream', since => '2020-01-31') AS since \gset
SELECT results_eq(format('EXECUTE drift(%s)', :since), format('EXECUTE drift(%s)', :second), 'a run of a span looks beyond it for the reference');
-- A reference that is named
SELECT fma_run('stream', until => '2020-01-11') AS early \gset
SELECT fma_alter_dataset('stream', format('{"reference_run": %s}', :early)::jsonb);
SELECT fma_run('stream') AS named \gset
SELECT is((SELECT array_agg(DISTINCT (reference_run_id, n_reference, n_current)::text) FROM fma_drift_metrics WHERE dataset = 'stream'), ARRAY[(:early::bigint, 1000::bigint, 3000::bigint)::text], 'reference_run names the reference');
SELECT fma_run('stream', until => '2020-01-05') > 0;
SELECT is(note('stream', 'drift'), format('left out: no rows are newer than those of run %s, which reference_run names', :early), 'nothing newer than it');
SELECT fma_alter_dataset('stream', '{"reference_run": 2000000000}');
SELECT fma_run('stream') > 0;
SELECT is(note('stream', s), 'left out: the dataset has no complete run 2000000000, which reference_run names', s || ': a run that is not there') FROM unnest(ARRAY['drift', 'explanation']) AS s;
SELECT throws_ok($$ SELECT fma_alter_dataset('stream', '{"reference_run": 0}') $$, '22023', NULL, 'no run has the number 0');
SELECT throws_ok($$ SELECT fma_alter_dataset('stream', '{"replicates": 100000}') $$, '22023', NULL, 'replicates have a limit');
SELECT fma_alter_dataset('stream', '{"reference_run": null, "replicates": 0}');
SELECT fma_run('stream') > 0;
SELECT is((SELECT array_agg(p_value) FROM fma_changepoints WHERE dataset = 'stream'), ARRAY[NULL]::float8[], 'without replicates there is no p');

-- Model versions: each run's current one
CREATE TABLE versions AS SELECT *, CASE WHEN at < '2020-01-31' THEN 'v1' ELSE 'v2' END AS version FROM source
	UNION ALL SELECT *, CASE WHEN at < '2020-01-31' THEN 'v0' ELSE 'v1' END FROM source WHERE id % 2 = 0;
SELECT fma_register('versions', 'versions', truth => 'truth', prediction => 'said', occurred_at => 'at', model_version => 'version', features => ARRAY['size'], current_version => 'v1');
SELECT fma_run('versions', until => '2020-01-31') > 0;
SELECT fma_alter_dataset('versions', '{"current_version": "v2"}');
SELECT fma_run('versions') > 0;
SELECT is((SELECT array_agg(DISTINCT (n_reference, n_current)::text) FROM fma_drift_metrics WHERE dataset = 'versions'), ARRAY[(3000::bigint, 1000::bigint)::text],
	'rows of the version that was current then, and of the one that is now');
SELECT is((SELECT count(*) FROM fma_changepoints WHERE dataset = 'versions'), 0::bigint, 'change points are of the current version');

-- Numbers: mean losses
CREATE TABLE numbers AS SELECT id, at::timestamp AS at, size, 0.0::float8 AS truth, CASE WHEN said = 'no' THEN 4 ELSE 1 + (id % 7) / 7.0 END::float8 AS said FROM source;
SELECT fma_register('numbers', 'numbers', truth => 'truth', prediction => 'said', occurred_at => 'at', features => ARRAY['size'], task => 'regression');
SELECT fma_run('numbers') > 0;
SELECT results_eq($$ SELECT "time", failures_before, rate_before, rate_after, predicate FROM fma_changepoints WHERE dataset = 'numbers' ORDER BY rank $$,
	$$ SELECT "time", failures_before, rate_before, rate_after, predicate FROM fma_find_changepoints('SELECT abs(said - truth) AS fma_loss, at FROM numbers', 'day', timezone => 'UTC') $$, 'of a regression: mean losses');
SELECT is((SELECT array_agg(feature ORDER BY feature) FROM fma_drift_metrics WHERE dataset = 'numbers'), ARRAY['said', 'size'], 'predictions that are numbers drift as well');
SELECT ok((SELECT count(*) > 0 FROM fma_change_explanation WHERE dataset = 'numbers'), 'and are explained');

-- Nothing to see: no rows, no labels, one time, times that are not finite, dates within hours, no features
CREATE TABLE strange (id int, at date, bad boolean, f int, ts timestamptz);
SELECT fma_register('empty', 'strange', failed => 'bad', occurred_at => 'at', features => ARRAY['f'], task => 'condition');
SELECT fma_run('empty') > 0;
SELECT is(note('empty', s), 'left out: no row has a time', s || ' without rows') FROM unnest(ARRAY['change points', 'drift', 'explanation']) AS s;
INSERT INTO strange SELECT i, '2020-01-01', i % 2 = 0, i % 3, 'infinity' FROM generate_series(1, 20) AS i;
SELECT fma_run('empty') > 0;
SELECT is(status('empty'), 'complete', 'one day');
SELECT is(note('empty', s), 'left out: all rows have the same time', s || ' of one time') FROM unnest(ARRAY['drift', 'explanation']) AS s;
SELECT fma_register('infinite', 'strange', failed => 'bad', occurred_at => 'ts', features => '{}', task => 'condition');
SELECT fma_run('infinite') > 0;
SELECT is(note('infinite', 'change points'), 'left out: no row has a time', 'infinite times are none');
INSERT INTO strange SELECT i, date '2020-01-02' + i % 3, i % 2 = 0, i % 3, CASE i % 3 WHEN 0 THEN '-infinity' ELSE timestamptz '2020-01-01' + i * interval '1 minute' END FROM generate_series(1, 20) AS i;
SELECT fma_run('infinite') > 0, fma_run('empty') > 0;
SELECT is(status(name), 'complete', name || ': complete') FROM unnest(ARRAY['infinite', 'empty']) AS name;
SELECT is((SELECT period FROM fma_result_run WHERE run_id = latest('empty')), 'hour', 'the timeline of dates is of hours');
SELECT is(note('infinite', s), r, s || ': ' || r) FROM (VALUES ('drift', 'left out: the dataset has no features, predictions or confidence'), ('explanation', 'left out: the dataset has no features')) AS v (s, r);
SELECT is((SELECT array_agg(DISTINCT (n_reference, n_current)::text) FROM fma_drift_metrics WHERE dataset = 'empty'), ARRAY['(20,20)'], 'new days against the day before');
UPDATE strange SET bad = NULL;
SELECT fma_run('empty') > 0;
SELECT is(status('empty'), 'complete', 'no labels');
SELECT is((SELECT stage_rows FROM fma_run_log WHERE run_id = latest('empty') AND stage = 'explanation'), 0::bigint, 'no rate to be explained');
SELECT ok(note('empty', 'explanation') LIKE '%no rows to compare%', 'which is noted');
SELECT fma_register('timeless', 'strange', failed => 'bad', features => ARRAY['f'], task => 'condition');
SELECT fma_run('timeless') > 0;
SELECT is(note('timeless', s), 'left out: the dataset has no occurred_at', s || ' without times') FROM unnest(ARRAY['change points', 'drift', 'explanation']) AS s;

-- Rows that are excluded as duplicates are in neither set
INSERT INTO fma_excluded (dataset_id, id, representative) SELECT dataset_id, i::text, '0' FROM fma_dataset, generate_series(1, 100) AS i WHERE name = 'stream';
SELECT fma_run('stream') > 0;
SELECT is((SELECT array_agg(DISTINCT (n_reference, n_current)::text) FROM fma_drift_metrics WHERE dataset = 'stream'), ARRAY[(400 - 100::bigint, 3600::bigint)::text], 'nothing is compared that was excluded');
DELETE FROM fma_excluded;

-- A column that is a time
ALTER TABLE stream ADD d timestamptz;
UPDATE stream SET d = at;
SELECT fma_alter_dataset('stream', '{"features": ["size", "d"]}');
SELECT fma_run('stream') > 0;
SELECT is(note('stream', 'drift'), NULL, 'nothing is left out');
SELECT is((SELECT array_agg(feature ORDER BY feature COLLATE "C") FROM fma_drift_metrics WHERE dataset = 'stream'), ARRAY['hour of d', 'said', 'size', 'sure', 'weekday of d'], 'times are compared by hour and weekday');

-- Too much memory: the stage is left out, and the run complete
CREATE TABLE large AS SELECT timestamptz '2020-01-01' + i * interval '1 minute' AS at, i % 7 = 0 AS bad FROM generate_series(1, 200000) AS i;
SELECT fma_register('large', 'large', failed => 'bad', occurred_at => 'at', features => '{}', task => 'condition');
SET fma.search_memory = '1MB';
SELECT fma_run('large') > 0;
RESET fma.search_memory;
SELECT is(status('large'), 'complete', 'a finder that needs too much memory does no harm');
SELECT ok(note('large', 'change points') LIKE 'left out: %fma.search_memory%', 'it is left out');

-- Rights
CREATE ROLE fma_changes_reader;
CREATE ROLE fma_changes_stranger;
REVOKE ALL ON stream FROM PUBLIC;
SELECT fma_share('stream', 'fma_changes_reader');
CREATE FUNCTION seen(OUT name text, OUT n bigint) RETURNS SETOF record LANGUAGE plpgsql AS $$
BEGIN
	FOR name IN SELECT unnest(ARRAY['fma_changepoints', 'fma_drift_metrics', 'fma_change_explanation', 'fma_result_changepoint', 'fma_result_drift', 'fma_result_explanation']) LOOP
		EXECUTE format('SELECT count(*) FROM %I', name) INTO n;
		RETURN NEXT;
	END LOOP;
END $$;
SET ROLE fma_changes_stranger;
SELECT is((SELECT sum(n) FROM seen()), 0::numeric, 'a stranger sees nothing');
SELECT throws_ok($$ DELETE FROM fma_result_drift $$, '42501', NULL, 'nor deletes');
SET ROLE fma_changes_reader;
SELECT is((SELECT count(*) FROM seen() WHERE n = 0), 0::bigint, 'whom it is shared with sees all of it');
SELECT is((SELECT count(DISTINCT dataset) FROM fma_drift_metrics), 1::bigint, 'of this dataset');
RESET ROLE;
-- and results go with their run
SELECT fma_unregister('stream');
SELECT is((SELECT count(*) FROM fma_result_changepoint LEFT JOIN fma_result_run USING (run_id) WHERE fma_result_run IS NULL), 0::bigint, 'nothing is left of a dataset');
SELECT finish();
ROLLBACK;

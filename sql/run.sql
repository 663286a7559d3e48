-- Runs: what is said meanwhile, what is refused, and what becomes of errors
-- Other tests have runs too
DELETE FROM fma_dataset;
ALTER SEQUENCE fma_result_run_run_id_seq RESTART;
\set VERBOSITY default
\set SHOW_CONTEXT never
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
CREATE TABLE prediction AS SELECT i AS id, timestamptz '2024-01-01' + i * interval '1 hour' AS at, 'camera ' || i % 4 AS camera, i % 9 AS hour,
	'cat' AS truth, CASE WHEN i % 3 = 0 AND i % 4 = 1 THEN 'dog' ELSE 'cat' END AS guess, 0.5 + (i % 50) / 100.0::float8 AS confidence
	FROM generate_series(1, 600) AS i;
SELECT fma_register('cameras', 'prediction', truth => 'truth', prediction => 'guess', confidence => 'confidence', id => 'id', occurred_at => 'at', place => 'camera',
	features => ARRAY['camera', 'hour']) > 0 AS registered;
ALTER SEQUENCE fma_result_run_run_id_seq RESTART WITH 1001;
SELECT fma_run('cameras') AS run \gset
SELECT status, n, first_at, last_at, period, fma_version, failed_stage FROM fma_result_run WHERE run_id = :run;
SELECT position, stage, n, note FROM fma_result_stage WHERE run_id = :run ORDER BY position;
SELECT segment_by, segment, n, failures, confident_errors, confusion FROM fma_result_summary WHERE run_id = :run AND segment_by <> 'slice' AND segment_by <> 'period' ORDER BY segment_by, segment;
SELECT rank, slice, predicate, conditions, n, failures FROM fma_result_slice WHERE run_id = :run AND kind = 'hotspot';

-- What is refused
SELECT fma_run(NULL);
SELECT fma_run('dogs');
\echo :LAST_ERROR_SQLSTATE
SELECT fma_run('cameras', '2024-02-01', '2024-01-01');
SELECT fma_prune('cameras', NULL);
BEGIN READ ONLY;
SELECT fma_run('cameras');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
CREATE ROLE regress_stranger;
GRANT SELECT ON prediction TO regress_stranger;
SET ROLE regress_stranger;
SELECT fma_run('cameras');
\echo :LAST_ERROR_SQLSTATE
SELECT fma_prune('cameras', '0');
-- Whoever may read the table may read what is known of it, and write nothing
SELECT count(*) FROM fma_result_summary WHERE segment_by = 'overall' AND run_id >= :run;
DELETE FROM fma_result_run;
RESET ROLE;

-- An error in the analysis is kept with the run; earlier results stay
SELECT fma_alter_dataset('cameras', '{"failed": "1 / (t.hour - 3) > 0"}');
SELECT fma_run('cameras') > :run AS failed_run;
SELECT fma_alter_dataset('cameras', '{"failed": null}');
ALTER TABLE prediction RENAME hour TO hours;
SELECT fma_run('cameras') > :run AS failed_run;
ALTER TABLE prediction RENAME hours TO hour;
SELECT status, n, failed_stage, sqlstate, message FROM fma_result_run WHERE run_id >= :run ORDER BY run_id;
SELECT count(*) FROM fma_result_summary WHERE run_id > :run;

-- A cancel is passed on, and nothing is kept of the run
CREATE FUNCTION takes(seconds float8) RETURNS boolean STABLE LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(seconds); RETURN true; END';
SELECT fma_alter_dataset('cameras', '{"failed": "NOT takes(0.1)"}');
SET statement_timeout = '0.5s';
SELECT fma_run('cameras');
\echo :LAST_ERROR_SQLSTATE
RESET statement_timeout;
SELECT count(*) FROM fma_result_run WHERE run_id >= :run;
SHOW application_name;
SELECT fma_alter_dataset('cameras', '{"failed": null}');

-- Within a larger transaction a run sees what that has written, and goes with it
BEGIN;
DELETE FROM prediction WHERE id > 300;
SELECT fma_run('cameras') \g /dev/null
SELECT n, status FROM fma_result_run ORDER BY run_id DESC LIMIT 1;
ROLLBACK;

-- Old runs are deleted, the newest complete one never
SELECT fma_prune('cameras', '1 day'), fma_prune('cameras', '0'), fma_prune('cameras', '0');
SELECT run_id = :run AS first_run, status FROM fma_result_run WHERE run_id >= :run;
SELECT fma_unregister('cameras');
SELECT (SELECT count(*) FROM fma_result_run WHERE run_id >= :run), (SELECT count(*) FROM fma_result_summary WHERE run_id >= :run);

-- Probabilities
SELECT fma_truth_probability('{0.2,0.5,0.3}', '{a,b,c}', 'c'), fma_truth_rank('{0.2,0.5,0.3}', '{a,b,c}', 'c'), fma_truth_rank('{0.4,0.4,0.2}', '{a,b,c}', 'a') AS tie;
SELECT fma_truth_rank('{0.2,0.5}', '{a,b,c}', 'c');
SELECT fma_truth_rank('{0.2,0.5,0.3}', '{a,b,c}', 'd');
SELECT fma_truth_probability('{0.2,NaN,0.3}', '{a,b,c}', 'a');
-- A design effect
SELECT low, high FROM fma_failure_interval('{"n": 100, "failures": 20}', design_effect => 4) EXCEPT SELECT low, high FROM fma_failure_interval('{"n": 25, "failures": 5}');
SELECT fma_failure_interval('{"n": 3, "failures": 1}', design_effect => 0);
DROP TABLE prediction;
DROP FUNCTION takes;
DROP ROLE regress_stranger;

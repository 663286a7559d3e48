-- Schedule: what is said where pg_cron is not at hand, and rights. The real one: test/schedule/job.sql
\set ON_ERROR_STOP on
\set QUIET on
BEGIN;
SELECT plan(16);
CREATE ROLE fma_plain LOGIN;
CREATE ROLE fma_mute;
CREATE ROLE fma_stranger LOGIN;
CREATE TABLE plain AS SELECT 1 AS id, true AS failed;
GRANT SELECT ON plain TO fma_plain;
INSERT INTO fma_dataset (name, owner, relation, settings) VALUES
	('it''s', 'fma_plain', 'plain', '{"task": "condition", "failed": "t.failed"}'),
	('mute', 'fma_mute', 'plain', '{"task": "condition", "failed": "t.failed"}');

SELECT throws_ok($$ SELECT fma_schedule('no such', '0 3 * * *') $$, '42704', 'dataset "no such" does not exist, or is not yours to read', 'an unknown dataset');
-- pg_cron lives in another database, or nowhere
CREATE FUNCTION hint(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE state text; hint text;
BEGIN
	EXECUTE call;
	RETURN 'done';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, hint = PG_EXCEPTION_HINT;
	RETURN state || ' ' || hint;
END $$;
SELECT is(hint($$ SELECT fma_schedule('it''s', '0 3 * * *') $$), '0A000 ' || CASE WHEN current_setting('cron.database_name', true) IS NULL
	THEN 'Install its package, add pg_cron to shared_preload_libraries, restart the server and CREATE EXTENSION pg_cron.'
	ELSE format($$Execute there: SELECT cron.schedule_in_database('fma: it''s', '0 3 * * *', 'SELECT public.fma_run(''it''''s'')', '%s');$$, current_database()) END,
	'what to do without pg_cron in this database');
SELECT is(hint($$ SELECT fma_unschedule('it''s') $$), '0A000 ' || CASE WHEN current_setting('cron.database_name', true) IS NULL
	THEN 'Install its package, add pg_cron to shared_preload_libraries, restart the server and CREATE EXTENSION pg_cron.'
	ELSE $$Execute there: SELECT cron.unschedule('fma: it''s');$$ END, 'and to end it');
SET ROLE fma_stranger;
SELECT throws_ok($$ SELECT fma_schedule('it''s', '0 3 * * *') $$, '42704', NULL, 'a stranger does not see the dataset');
RESET ROLE;
INSERT INTO fma_dataset_share SELECT dataset_id, 'fma_stranger' FROM fma_dataset;
SET ROLE fma_stranger;
SELECT throws_ok($$ SELECT fma_schedule('it''s', '0 3 * * *') $$, '42501', 'permission denied for dataset "it''s"', 'a role that it was shared with may not run it');
RESET ROLE;

-- Something that looks like pg_cron, where the real one is not created
CREATE SCHEMA cron;
UPDATE pg_extension SET extname = 'pg_cron' WHERE extname = 'pgtap';
CREATE TABLE cron.job (jobid bigint GENERATED ALWAYS AS IDENTITY, schedule text, command text, username text DEFAULT current_user, jobname text, active boolean DEFAULT true);
GRANT ALL ON cron.job TO PUBLIC;
CREATE FUNCTION cron.schedule(job_name text, schedule text, command text) RETURNS bigint LANGUAGE sql AS
	'INSERT INTO cron.job (jobname, schedule, command) VALUES (job_name, schedule, command) RETURNING jobid';
CREATE FUNCTION cron.unschedule(job_id bigint) RETURNS boolean LANGUAGE sql AS 'DELETE FROM cron.job WHERE jobid = job_id RETURNING true';
SET ROLE fma_plain;
SELECT throws_ok($$ SELECT fma_schedule('it''s', '0 3 * * *') $$, '42501', 'permission denied for schema cron', 'pg_cron is there, but not for everybody');
RESET ROLE;
GRANT USAGE ON SCHEMA cron TO fma_plain, fma_mute, fma_stranger;
SET ROLE fma_mute;
SELECT throws_ok($$ SELECT fma_schedule('mute', '0 3 * * *') $$, '28000', 'role "fma_mute" cannot log in, so its jobs would not run', 'a role that cannot log in');
SET ROLE fma_plain;
SELECT fma_schedule('it''s', '0 3 * * *');
SELECT is((SELECT (jobname, schedule, command, username)::text FROM cron.job), $$("fma: it's","0 3 * * *","SELECT public.fma_run('it''s')",fma_plain)$$, 'a job');
SELECT throws_ok($$ SELECT fma_schedule('it''s', '0 3 * * *', 'dance') $$, '22023', NULL, 'an unknown action');

-- A dataset that is renamed takes the caller's job along, if it is one of ours
SELECT fma_alter_dataset('it''s', '{"name": "hers"}');
SELECT is((SELECT array_agg((jobname, schedule, command)::text) FROM cron.job), ARRAY[$$("fma: hers","0 3 * * *","SELECT public.fma_run('hers')")$$], 'a renamed job');
SELECT fma_unschedule('hers'), fma_schedule('hers', '@daily', action => 'report');
SELECT is((SELECT command FROM cron.job), $$SELECT public.fma_save_report('hers', public.fma_run('hers'), keep => 100)$$, 'a job that saves reports');
SELECT fma_alter_dataset('hers', '{"name": "it''s"}');
SELECT is((SELECT array_agg((jobname, schedule, command)::text) FROM cron.job),
	ARRAY[$$("fma: it's",@daily,"SELECT public.fma_save_report('it''s', public.fma_run('it''s'), keep => 100)")$$], 'which is renamed as well');
UPDATE cron.job SET command = 'SELECT 1';
SELECT fma_alter_dataset('it''s', '{"name": "hers"}');
SELECT fma_alter_dataset('hers', '{"name": "it''s"}');
SELECT is((SELECT array_agg((jobname, command)::text) FROM cron.job), ARRAY[$$("fma: it's","SELECT 1")$$], 'a job that does something else stays as it is');
RESET ROLE;
REVOKE USAGE ON SCHEMA cron FROM fma_plain;
SET ROLE fma_plain;
SELECT lives_ok($$ SELECT fma_alter_dataset('it''s', '{"name": "hers"}') $$, 'nobody needs pg_cron for a name');
SELECT fma_alter_dataset('hers', '{"name": "it''s"}');
RESET ROLE;
GRANT USAGE ON SCHEMA cron TO fma_plain;
SET ROLE fma_stranger;
SELECT is(fma_unschedule('it''s'), false, 'another role''s job is not theirs to end');
SET ROLE fma_plain;
SELECT is(fma_unschedule('it''s'), true, 'one''s own is');
RESET ROLE;
SELECT * FROM finish();
ROLLBACK;

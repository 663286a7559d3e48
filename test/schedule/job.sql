-- Schedules a run for the next start of the server (script/test starts it again)
CREATE EXTENSION pg_cron;
CREATE EXTENSION fma;
CREATE ROLE fma_clock LOGIN;
GRANT USAGE ON SCHEMA cron TO fma_clock;
GRANT CREATE ON SCHEMA public TO fma_clock;
SET ROLE fma_clock;
CREATE TABLE clocked AS SELECT i AS id, 'a' AS truth, CASE WHEN i % 4 = 0 THEN 'b' ELSE 'a' END AS guess FROM generate_series(1, 100) AS i;
RESET ROLE;
INSERT INTO fma_dataset (name, owner, relation, settings)
	VALUES ('it''s "odd"; --', 'fma_clock', 'clocked', '{"truth": "truth", "prediction": "guess", "id": "id"}');
SET SESSION AUTHORIZATION fma_clock;
SELECT fma_schedule('it''s "odd"; --', '0 3 * * *') IS NOT NULL AS scheduled;
-- A second call changes the schedule of the same job
SELECT fma_schedule('it''s "odd"; --', '@reboot') IS NOT NULL AS scheduled;
-- The job goes by the dataset's name, whatever that is
SELECT fma_alter_dataset('it''s "odd"; --', '{"name": "even"}');
SELECT fma_alter_dataset('even', '{"name": "it''s \"odd\"; --"}');
RESET SESSION AUTHORIZATION;
SELECT count(*) = 1 AND bool_and(jobname = 'fma: it''s "odd"; --' AND username = 'fma_clock' AND schedule = '@reboot' AND database = 'postgres'
	AND command = 'SELECT public.fma_run(''it''''s "odd"; --'')') AS ok FROM cron.job \gset
\if :ok
\else
	\echo 'the job is not what it should be'
	TABLE cron.job;
	SELECT 1 / 0 AS failed;
\endif

-- Waits for the job that job.sql scheduled, and looks at what it left
DO $$
DECLARE
	tries constant int := 300;
	runs bigint;
	outcome text;
BEGIN
	FOR i IN 1 .. tries LOOP
		SELECT count(*) INTO runs FROM fma_result_run WHERE status = 'complete' AND n = 100;
		EXIT WHEN runs > 0;
		PERFORM pg_sleep(0.1);
		COMMIT;
	END LOOP;
	SELECT string_agg(concat_ws(': ', command, status, return_message), E'\n') INTO outcome FROM cron.job_run_details;
	ASSERT runs = 1, format('%s complete runs; pg_cron says: %s', runs, coalesce(outcome, 'nothing'));
END $$;
SET SESSION AUTHORIZATION fma_clock;
DO $$ BEGIN
	ASSERT fma_unschedule('it''s "odd"; --'), 'it was scheduled';
	ASSERT NOT fma_unschedule('it''s "odd"; --'), 'it is no longer';
	ASSERT (SELECT count(*) = 0 FROM cron.job), 'no job is left';
END $$;

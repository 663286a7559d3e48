-- schedule: runs and reports by pg_cron, where it is installed (doc/schedule.md)

CREATE FUNCTION fma_schedule(name text, cron text, action text DEFAULT 'run') RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
COMMENT ON FUNCTION fma_schedule(text, text, text) IS 'lets pg_cron run a dataset, as whoever schedules it
cron is a schedule as pg_cron takes it, such as ''0 3 * * *'' (in its time zone, UTC by default). action is run, or report: run, then save a report and keep the newest 100. The job is called "fma: " and the dataset''s name; its number is returned. A second call changes it.';

CREATE FUNCTION fma_unschedule(name text) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
COMMENT ON FUNCTION fma_unschedule(text) IS 'ends what fma_schedule began
Returns whether the caller had scheduled runs of that name; the dataset need not exist any more.';

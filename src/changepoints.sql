-- When did a model begin to fail more, or less? doc/changepoints.md

CREATE FUNCTION fma_find_changepoints(query text, period text DEFAULT 'auto', penalty double precision DEFAULT 2,
	min_periods integer DEFAULT 1, replicates integer DEFAULT 999, seed bigint DEFAULT 1, timezone text DEFAULT NULL,
	OUT rank bigint, OUT "time" timestamptz, OUT period_length text, OUT starts_at timestamptz, OUT ends_at timestamptz,
	OUT n_before bigint, OUT failures_before bigint, OUT rate_before double precision,
	OUT ci_low_before double precision, OUT ci_high_before double precision,
	OUT n_after bigint, OUT failures_after bigint, OUT rate_after double precision,
	OUT ci_low_after double precision, OUT ci_high_after double precision,
	OUT difference double precision, OUT dispersion double precision, OUT llr double precision,
	OUT p_value double precision, OUT predicate text)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C COST 100000 ROWS 5;
COMMENT ON FUNCTION fma_find_changepoints(text, text, double precision, integer, integer, bigint, text)
IS 'When the rate of failures, or a mean loss, changed.
The query''s columns are the loss (boolean or a number) and a time. Periods are counted first, from hours to years.';

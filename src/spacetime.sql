-- Space and time: where and when does a model fail? doc/spacetime.md

CREATE FUNCTION fma_find_space_time(query text, period text DEFAULT NULL, max_row_share double precision DEFAULT 0.2,
	max_time_share double precision DEFAULT 0.5, replicates integer DEFAULT 999, seed bigint DEFAULT 1,
	top integer DEFAULT 10, cell_km double precision DEFAULT NULL, timezone text DEFAULT NULL,
	OUT rank bigint, OUT place text, OUT longitude double precision, OUT latitude double precision,
	OUT radius_km double precision, OUT places integer, OUT starts_at timestamptz, OUT ends_at timestamptz,
	OUT n bigint, OUT failures bigint, OUT expected double precision, OUT relative_risk double precision,
	OUT llr double precision, OUT p_value double precision, OUT gumbel_p double precision, OUT predicate text)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C COST 100000 ROWS 10;
COMMENT ON FUNCTION fma_find_space_time(text, text, double precision, double precision, integer, bigint, integer, double precision, text)
IS 'Where and when a model fails more than elsewhere: clusters of neighbouring places and consecutive periods.
The query''s first column says whether a row failed; the others are found by their names: longitude and latitude, time, or all three; and place, expected, stratum.';

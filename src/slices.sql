-- Slices: under what conditions does a model fail? doc/slices.md

CREATE FUNCTION fma_find_slices(query text, max_order integer DEFAULT 2, min_rows bigint DEFAULT NULL,
	bins integer DEFAULT 5, max_values integer DEFAULT 50, top integer DEFAULT 100,
	rank_by text DEFAULT 'excess', alpha double precision DEFAULT 0.95, correction text DEFAULT 'bh',
	intervals boolean DEFAULT false, unit text DEFAULT NULL, timezone text DEFAULT NULL,
	OUT rank bigint, OUT slice text, OUT predicate text, OUT conditions jsonb, OUT condition_count integer,
	OUT n bigint, OUT failures bigint, OUT failure_rate double precision, OUT mean_loss double precision,
	OUT ci_low double precision, OUT ci_high double precision,
	OUT baseline_rate double precision, OUT rest_rate double precision,
	OUT lift double precision, OUT excess_failures double precision, OUT share_of_failures double precision,
	OUT p_value double precision, OUT q_value double precision, OUT score double precision, OUT n_units bigint)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C COST 100000 ROWS 100;
COMMENT ON FUNCTION fma_find_slices(text, integer, bigint, integer, integer, integer, text, double precision, text, boolean, text, text)
IS 'Every slice of a query''s rows, ranked: where a model fails.
The query''s first column is the loss (boolean or a number), the others are the conditions.';

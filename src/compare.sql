-- Where is one model worse than another?

CREATE FUNCTION fma_compare_models(query text, max_order integer DEFAULT 2, min_rows bigint DEFAULT NULL,
	bins integer DEFAULT 5, max_values integer DEFAULT 50, top integer DEFAULT 100, correction text DEFAULT 'bh',
	intervals boolean DEFAULT false, unit text DEFAULT NULL, timezone text DEFAULT NULL,
	OUT rank bigint, OUT slice text, OUT predicate text, OUT conditions jsonb, OUT condition_count integer,
	OUT n bigint, OUT loss_a double precision, OUT loss_b double precision, OUT difference double precision,
	OUT ci_low double precision, OUT ci_high double precision, OUT extra_loss double precision,
	OUT only_a_failed bigint, OUT only_b_failed bigint, OUT rest_difference double precision,
	OUT p_value double precision, OUT q_value double precision, OUT q_rest double precision,
	OUT effect_size double precision, OUT n_units bigint)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C COST 100000 ROWS 100;
COMMENT ON FUNCTION fma_compare_models(text, integer, bigint, integer, integer, integer, text, boolean, text, text)
IS 'Where model B does worse than model A, on the same rows.
The query''s first two columns are the losses of A and B, the others are the conditions.';

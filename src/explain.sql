-- Why did a rate change? doc/drift.md

CREATE FUNCTION fma_explain_change(reference text, current text, bins integer DEFAULT 5, max_values integer DEFAULT 50,
	correction text DEFAULT 'bh', timezone text DEFAULT NULL,
	OUT rank bigint, OUT feature text, OUT condition text, OUT predicate text,
	OUT n_reference bigint, OUT n_current bigint,
	OUT share_reference double precision, OUT share_current double precision,
	OUT rate_reference double precision, OUT rate_current double precision,
	OUT mix_effect double precision, OUT rate_effect double precision, OUT total_effect double precision,
	OUT p_value double precision, OUT q_value double precision)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C COST 100000 ROWS 100;
COMMENT ON FUNCTION fma_explain_change(text, text, integer, integer, text, text)
IS 'How much of a rate''s change is mix (other rows) and how much is rate (rows that fare otherwise), by condition.
The queries'' first column is the loss, the others are the conditions. The line of a feature without a condition is their sum.';

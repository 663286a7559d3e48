-- Drift: do the rows of one query look like those of another? doc/drift.md

CREATE FUNCTION fma_drift(reference text, current text, bins integer DEFAULT 10, max_values integer DEFAULT 50,
	min_psi double precision DEFAULT 0.1, fdr double precision DEFAULT 0.05, correction text DEFAULT 'bh', timezone text DEFAULT NULL,
	OUT rank bigint, OUT feature text, OUT kind text, OUT n_reference bigint, OUT n_current bigint,
	OUT nulls_reference bigint, OUT nulls_current bigint, OUT cells integer,
	OUT psi double precision, OUT jensen_shannon double precision, OUT hellinger double precision,
	OUT total_variation double precision, OUT chi_square double precision, OUT chi_square_p double precision,
	OUT ks double precision, OUT ks_p double precision, OUT wasserstein double precision,
	OUT q_value double precision, OUT verdict text)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C COST 100000 ROWS 20;
COMMENT ON FUNCTION fma_drift(text, text, integer, integer, double precision, double precision, text, text)
IS 'How far each column of a query has moved from that of a reference query.
Both queries have the same columns. verdict is drift, slight, unclear or none: by effect (min_psi) and chance (fdr).';

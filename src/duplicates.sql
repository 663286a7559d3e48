-- Duplicates: which rows have nearly the same embedding? doc/duplicates.md

CREATE FUNCTION fma_find_duplicates(query text, threshold double precision DEFAULT 0.99, max_pairs bigint DEFAULT 1000000,
	OUT id_a text, OUT id_b text, OUT similarity double precision)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C COST 100000 ROWS 1000;
COMMENT ON FUNCTION fma_find_duplicates(text, double precision, bigint)
IS 'All pairs of rows whose embeddings have a cosine similarity of at least the threshold, exactly.
The query''s columns are an id and an embedding.';

CREATE FUNCTION fma_duplicate_groups(query text, threshold double precision DEFAULT 0.99,
	OUT group_id bigint, OUT size bigint, OUT id text, OUT representative text,
	OUT similarity double precision, OUT min_similarity double precision,
	OUT label text, OUT set text, OUT labels_disagree boolean, OUT crosses_sets boolean)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C COST 100000 ROWS 1000;
COMMENT ON FUNCTION fma_duplicate_groups(text, double precision)
IS 'Groups of rows whose embeddings are nearly the same, a row for each: labelling errors and leaks between sets.
The query''s columns are an id and an embedding, then optionally a label and the set (train, test).';

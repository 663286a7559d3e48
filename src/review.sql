-- review: near-duplicates that runs found, and leaving them out

CREATE TABLE fma_result_duplicate (
	run_id bigint NOT NULL REFERENCES fma_result_run ON DELETE CASCADE,
	group_id bigint NOT NULL,
	size bigint NOT NULL,
	id text NOT NULL,
	representative text NOT NULL,
	similarity double precision NOT NULL,
	min_similarity double precision NOT NULL,
	label text,
	batch text,
	labels_disagree boolean,
	crosses_batches boolean
);
CREATE INDEX ON fma_result_duplicate (run_id, group_id);
COMMENT ON TABLE fma_result_duplicate IS 'rows with nearly the same embedding, in groups
As fma_duplicate_groups returns them, of the current model version''s rows.';
COMMENT ON COLUMN fma_result_duplicate.run_id IS 'the run';
COMMENT ON COLUMN fma_result_duplicate.group_id IS 'number of the group, the largest first';
COMMENT ON COLUMN fma_result_duplicate.size IS 'rows in the group';
COMMENT ON COLUMN fma_result_duplicate.id IS 'the row';
COMMENT ON COLUMN fma_result_duplicate.representative IS 'the first id of the group';
COMMENT ON COLUMN fma_result_duplicate.similarity IS 'cosine similarity of the row to the representative';
COMMENT ON COLUMN fma_result_duplicate.min_similarity IS 'the lowest of these in the group';
COMMENT ON COLUMN fma_result_duplicate.label IS 'its truth';
COMMENT ON COLUMN fma_result_duplicate.batch IS 'its batch';
COMMENT ON COLUMN fma_result_duplicate.labels_disagree IS 'whether rows of the group have different truths; NULL if the dataset has none';
COMMENT ON COLUMN fma_result_duplicate.crosses_batches IS 'whether they are in different batches; NULL if the dataset has none';

CREATE TABLE fma_excluded (
	dataset_id integer NOT NULL REFERENCES fma_dataset ON DELETE CASCADE,
	id text NOT NULL,
	representative text NOT NULL,
	PRIMARY KEY (dataset_id, id)
);
COMMENT ON TABLE fma_excluded IS 'rows that runs leave out, since others represent them
Written by fma_exclude_duplicates. The source keeps them.';
COMMENT ON COLUMN fma_excluded.dataset_id IS 'the dataset';
COMMENT ON COLUMN fma_excluded.id IS 'the row';
COMMENT ON COLUMN fma_excluded.representative IS 'the row that stands for it';

ALTER TABLE fma_result_duplicate ENABLE ROW LEVEL SECURITY;
ALTER TABLE fma_result_duplicate OWNER TO @extowner@;
CREATE POLICY fma_result_reader ON fma_result_duplicate FOR SELECT USING (run_id IN (SELECT run_id FROM fma_result_run));
COMMENT ON POLICY fma_result_reader ON fma_result_duplicate IS 'results of the runs that the current user may read';
ALTER TABLE fma_excluded ENABLE ROW LEVEL SECURITY;
ALTER TABLE fma_excluded OWNER TO @extowner@;
CREATE POLICY fma_excluded_reader ON fma_excluded FOR SELECT USING (dataset_id IN (SELECT dataset_id FROM fma_dataset));
COMMENT ON POLICY fma_excluded_reader ON fma_excluded IS 'rows of the datasets that the current user may read';
GRANT SELECT ON fma_result_duplicate, fma_excluded TO PUBLIC;

SELECT pg_extension_config_dump('fma_result_duplicate', '');
SELECT pg_extension_config_dump('fma_excluded', '');

-- functions

CREATE FUNCTION fma_exclude_duplicates(name text, exclude boolean DEFAULT true) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
COMMENT ON FUNCTION fma_exclude_duplicates(text, boolean) IS 'has later runs leave out all but the representatives of duplicates; returns how many ids
The groups are those of the newest complete run. exclude => false lets all rows in again. The source keeps them all.';

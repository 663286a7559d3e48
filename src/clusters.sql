-- clusters: those of a dataset's embeddings, fitted once and kept

CREATE TABLE fma_cluster_model (
	model_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	dataset_id integer NOT NULL REFERENCES fma_dataset ON DELETE CASCADE,
	embedding text NOT NULL,
	k integer NOT NULL,
	model fma_kmeans NOT NULL,
	fitted_by_run bigint NOT NULL,
	fitted_at timestamptz NOT NULL DEFAULT current_timestamp,
	retired boolean NOT NULL DEFAULT false
);
-- A dataset has one model at a time
CREATE UNIQUE INDEX ON fma_cluster_model (dataset_id) WHERE NOT retired;
COMMENT ON TABLE fma_cluster_model IS 'models of the clusters of datasets'' embeddings
Written by fma_run. A model stays until it is retired, so that a cluster means the same in the next run.';
COMMENT ON SEQUENCE fma_cluster_model_model_id_seq IS 'numbers of cluster models';
COMMENT ON COLUMN fma_cluster_model.model_id IS 'number of the model';
COMMENT ON COLUMN fma_cluster_model.dataset_id IS 'the dataset';
COMMENT ON COLUMN fma_cluster_model.embedding IS 'the column that it was fitted to';
COMMENT ON COLUMN fma_cluster_model.k IS 'number of clusters';
COMMENT ON COLUMN fma_cluster_model.model IS 'the model';
COMMENT ON COLUMN fma_cluster_model.fitted_by_run IS 'the run that fitted it; it may have been pruned';
COMMENT ON COLUMN fma_cluster_model.fitted_at IS 'when';
COMMENT ON COLUMN fma_cluster_model.retired IS 'whether a later run fits, or has fitted, another one';

CREATE TABLE fma_result_cluster (
	run_id bigint NOT NULL REFERENCES fma_result_run ON DELETE CASCADE,
	cluster integer NOT NULL,
	model_id integer NOT NULL REFERENCES fma_cluster_model ON DELETE CASCADE,
	mean_distance double precision NOT NULL,
	representatives text,
	PRIMARY KEY (run_id, cluster)
);
CREATE INDEX ON fma_result_cluster (model_id);
COMMENT ON TABLE fma_result_cluster IS 'clusters that rows of the current model version are in
Their figures are in fma_result_summary.';
COMMENT ON COLUMN fma_result_cluster.run_id IS 'the run';
COMMENT ON COLUMN fma_result_cluster.cluster IS 'the cluster, from 1';
COMMENT ON COLUMN fma_result_cluster.model_id IS 'the model by which rows are in clusters';
COMMENT ON COLUMN fma_result_cluster.mean_distance IS 'mean distance of the rows to the centroid';
COMMENT ON COLUMN fma_result_cluster.representatives IS 'ids of the rows nearest to the centroid, the nearest first';

ALTER TABLE fma_cluster_model ENABLE ROW LEVEL SECURITY;
ALTER TABLE fma_cluster_model OWNER TO @extowner@;
CREATE POLICY fma_cluster_model_reader ON fma_cluster_model FOR SELECT USING (dataset_id IN (SELECT dataset_id FROM fma_dataset));
COMMENT ON POLICY fma_cluster_model_reader ON fma_cluster_model IS 'models of the datasets that the current user may read';
ALTER TABLE fma_result_cluster ENABLE ROW LEVEL SECURITY;
ALTER TABLE fma_result_cluster OWNER TO @extowner@;
CREATE POLICY fma_result_reader ON fma_result_cluster FOR SELECT USING (run_id IN (SELECT run_id FROM fma_result_run));
COMMENT ON POLICY fma_result_reader ON fma_result_cluster IS 'results of the runs that the current user may read';
GRANT SELECT ON fma_cluster_model, fma_result_cluster TO PUBLIC;

SELECT pg_extension_config_dump('fma_cluster_model', '');
SELECT pg_extension_config_dump('fma_cluster_model_model_id_seq', '');
SELECT pg_extension_config_dump('fma_result_cluster', '');

-- functions

CREATE FUNCTION fma_refit_clusters(name text) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
COMMENT ON FUNCTION fma_refit_clusters(text) IS 'has the next run of a dataset fit its clusters anew
Until then clusters keep their meaning from run to run. A change of embedding or clusters does the same.';

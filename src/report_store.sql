-- report_store: reports that are kept (doc/report.md)

CREATE TABLE fma_report (
	report_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	dataset_id integer NOT NULL REFERENCES fma_dataset ON DELETE CASCADE,
	run_id bigint NOT NULL,
	created_at timestamptz NOT NULL DEFAULT current_timestamp,
	created_by text NOT NULL,
	has_rows boolean NOT NULL,
	report jsonb NOT NULL
);
CREATE INDEX ON fma_report (dataset_id, report_id);
COMMENT ON TABLE fma_report IS 'reports that were saved: SELECT fma_render_html(report) FROM fma_report
Written by fma_save_report. Those that were to list rows are seen by whoever may read the dataset''s predictions, the others by whoever may read its results.';
COMMENT ON SEQUENCE fma_report_report_id_seq IS 'numbers of reports';
COMMENT ON COLUMN fma_report.report_id IS 'number of the report';
COMMENT ON COLUMN fma_report.dataset_id IS 'the dataset';
COMMENT ON COLUMN fma_report.run_id IS 'the run it is about; it may have been pruned';
COMMENT ON COLUMN fma_report.created_at IS 'when it was saved';
COMMENT ON COLUMN fma_report.created_by IS 'the role that saved it';
COMMENT ON COLUMN fma_report.has_rows IS 'whether it was to list rows';
COMMENT ON COLUMN fma_report.report IS 'as fma_report_json made it';

ALTER TABLE fma_report ENABLE ROW LEVEL SECURITY;
ALTER TABLE fma_report OWNER TO @extowner@;
CREATE POLICY fma_report_reader ON fma_report FOR SELECT USING (EXISTS (SELECT FROM fma_dataset AS d
	WHERE d.dataset_id = fma_report.dataset_id AND (NOT has_rows OR fma_may_read(d.dataset_id, d.owner, d.relation, true))));
COMMENT ON POLICY fma_report_reader ON fma_report IS 'reports on the datasets that the current user may read; with rows only where they may read these too';
GRANT SELECT ON fma_report TO PUBLIC;

SELECT pg_extension_config_dump('fma_report', '');
SELECT pg_extension_config_dump('fma_report_report_id_seq', '');

-- functions

CREATE FUNCTION fma_save_report(dataset text, run bigint DEFAULT NULL, examples integer DEFAULT 20, keep integer DEFAULT NULL) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C COST 10000;
COMMENT ON FUNCTION fma_save_report(text, bigint, integer, integer) IS 'saves what fma_report_json returns in fma_report; returns the number of the report
keep: so many newest reports of the dataset stay, this one included. A run that failed has no report: a warning, and NULL. Only the dataset''s owner may save.';

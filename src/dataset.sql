-- dataset: what the columns of a table of predictions mean, said once

CREATE TABLE fma_dataset (
	dataset_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name text NOT NULL UNIQUE CHECK (name <> '' AND octet_length(name) <= 200),
	owner regrole NOT NULL,
	relation regclass NOT NULL,
	settings jsonb NOT NULL CHECK (jsonb_typeof(settings) = 'object'),
	created_at timestamptz NOT NULL DEFAULT current_timestamp,
	changed_at timestamptz NOT NULL DEFAULT current_timestamp
);
COMMENT ON TABLE fma_dataset IS 'registered tables of predictions, and what their columns mean
Written by fma_register, fma_alter_dataset and fma_unregister. Seen by whoever may read the results.';
COMMENT ON SEQUENCE fma_dataset_dataset_id_seq IS 'numbers of datasets';
COMMENT ON COLUMN fma_dataset.dataset_id IS 'number of the dataset';
COMMENT ON COLUMN fma_dataset.name IS 'what users call it';
COMMENT ON COLUMN fma_dataset.owner IS 'role that runs are made as';
COMMENT ON COLUMN fma_dataset.relation IS 'table or view with one row a prediction';
COMMENT ON COLUMN fma_dataset.settings IS 'columns and options by the names of fma_register''s arguments';
COMMENT ON COLUMN fma_dataset.created_at IS 'when it was registered';
COMMENT ON COLUMN fma_dataset.changed_at IS 'when it was last altered';

CREATE TABLE fma_dataset_share (
	dataset_id integer NOT NULL REFERENCES fma_dataset ON DELETE CASCADE,
	role regrole NOT NULL,
	predictions boolean NOT NULL DEFAULT true,
	PRIMARY KEY (dataset_id, role)
);
COMMENT ON TABLE fma_dataset_share IS 'roles that may read a dataset''s results, and its predictions
Written by fma_share.';
COMMENT ON COLUMN fma_dataset_share.dataset_id IS 'the dataset';
COMMENT ON COLUMN fma_dataset_share.role IS 'role that may read it, with its members; - for everybody';
COMMENT ON COLUMN fma_dataset_share.predictions IS 'whether it may read the predictions too, or the results alone';

-- Who may read: the one place that decides. Whatever belongs to a dataset follows its row.
CREATE FUNCTION fma_may_read(dataset_id integer, owner oid, relation oid, predictions boolean DEFAULT false) RETURNS boolean
	LANGUAGE SQL STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT pg_has_role(owner, 'USAGE')
		OR EXISTS (SELECT FROM fma_dataset_share AS s WHERE s.dataset_id = fma_may_read.dataset_id
			AND (s.role = 0 OR pg_has_role(s.role, 'USAGE')) AND (s.predictions OR NOT fma_may_read.predictions))
		OR EXISTS (SELECT FROM pg_class AS c WHERE c.oid = relation AND c.relkind IN ('r', 'p') AND NOT c.relrowsecurity
			AND has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(c.relnamespace, 'USAGE'));
END;
COMMENT ON FUNCTION fma_may_read(integer, oid, oid, boolean) IS 'whether the current user may read a dataset''s results, or its predictions as well
The owner, roles it was shared with, and whoever may SELECT a source that is a plain table without row security.';

CREATE FUNCTION fma_may_manage(dataset_id integer) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_may_manage(integer) IS 'whether the current user is the owner of a dataset, or a member of that role
For the policy of fma_dataset_share, which cannot ask fma_dataset: that one asks it.';

ALTER TABLE fma_dataset ENABLE ROW LEVEL SECURITY;
ALTER TABLE fma_dataset OWNER TO @extowner@;
CREATE POLICY fma_dataset_reader ON fma_dataset FOR SELECT USING (fma_may_read(dataset_id, owner, relation));
COMMENT ON POLICY fma_dataset_reader ON fma_dataset IS 'datasets that the current user may read';
GRANT SELECT ON fma_dataset TO PUBLIC;

ALTER TABLE fma_dataset_share ENABLE ROW LEVEL SECURITY;
ALTER TABLE fma_dataset_share OWNER TO @extowner@;
CREATE POLICY fma_dataset_share_reader ON fma_dataset_share FOR SELECT
	USING (role = 0 OR pg_has_role(role, 'USAGE') OR fma_may_manage(dataset_id));
COMMENT ON POLICY fma_dataset_share_reader ON fma_dataset_share IS 'what is shared with the current user, and what they share';
GRANT SELECT ON fma_dataset_share TO PUBLIC;

SELECT pg_extension_config_dump('fma_dataset', '');
SELECT pg_extension_config_dump('fma_dataset_dataset_id_seq', '');
SELECT pg_extension_config_dump('fma_dataset_share', '');

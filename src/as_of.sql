-- as_of: which run the views show (doc/runs.md)

-- private: views are made of it

CREATE FUNCTION fma_as_of_run() RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_as_of_run() IS 'the setting fma.as_of_run: views show the newest complete run up to this number
The greatest bigint where it is not set.';

-- known: what a run already knows of its images; private functions

CREATE FUNCTION fma_known(dataset_id integer, truth "any", prediction "any") RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_known(integer, "any", "any") IS 'whether an image failed, if the current run of the dataset knows; else NULL';

CREATE FUNCTION fma_learn(dataset_id integer, truth "any", prediction "any", failed boolean) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_learn(integer, "any", "any", boolean) IS 'failed, which the current run of the dataset knows of the image from now on';

-- known: what a run already knows of its images; private functions
-- Two of each, and none of "any": C would take what is no such value for a pointer to one.

CREATE FUNCTION fma_known(dataset_id integer, truth fma_mask, prediction fma_mask) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_known(integer, fma_mask, fma_mask) IS 'whether an image failed, if the current run of the dataset knows; else NULL';

CREATE FUNCTION fma_known(dataset_id integer, truth fma_boxes, prediction fma_boxes) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_known(integer, fma_boxes, fma_boxes) IS 'whether an image failed, if the current run of the dataset knows; else NULL';

CREATE FUNCTION fma_learn(dataset_id integer, truth fma_mask, prediction fma_mask, failed boolean) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_learn(integer, fma_mask, fma_mask, boolean) IS 'failed, which the current run of the dataset knows of the image from now on';

CREATE FUNCTION fma_learn(dataset_id integer, truth fma_boxes, prediction fma_boxes, failed boolean) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_learn(integer, fma_boxes, fma_boxes, boolean) IS 'failed, which the current run of the dataset knows of the image from now on';

-- Aggregates that need every row in order of its score

CREATE TYPE fma_estimate AS (estimate double precision, low double precision, high double precision);
COMMENT ON TYPE fma_estimate IS 'an estimate with its confidence interval';
COMMENT ON COLUMN fma_estimate.estimate IS 'the estimate itself';
COMMENT ON COLUMN fma_estimate.low IS 'lower end of the interval; NULL where none can be told';
COMMENT ON COLUMN fma_estimate.high IS 'upper end of the interval; NULL where none can be told';

-- private

CREATE FUNCTION fma_scores_add(internal, double precision, boolean) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_scores_add(internal, double precision, boolean) IS 'transition of fma_roc_auc, fma_roc_auc_interval and fma_average_precision';

CREATE FUNCTION fma_scores_add(internal, double precision, boolean, double precision) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_scores_add(internal, double precision, boolean, double precision) IS 'transition of fma_roc_auc_interval with a confidence level';

CREATE FUNCTION fma_confidences_add(internal, double precision, boolean, integer) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_confidences_add(internal, double precision, boolean, integer) IS 'transition of fma_adaptive_ece';

CREATE FUNCTION fma_roc_auc_final(internal) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_roc_auc_final(internal) IS 'result of fma_roc_auc';

CREATE FUNCTION fma_roc_auc_interval_final(internal) RETURNS fma_estimate
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_roc_auc_interval_final(internal) IS 'result of fma_roc_auc_interval';

CREATE FUNCTION fma_average_precision_final(internal) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_average_precision_final(internal) IS 'result of fma_average_precision';

CREATE FUNCTION fma_adaptive_ece_final(internal) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_adaptive_ece_final(internal) IS 'result of fma_adaptive_ece';

-- aggregates: SSPACE is what some 400 rows take

CREATE AGGREGATE fma_roc_auc(score double precision, positive boolean) (
	SFUNC = fma_scores_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fma_roc_auc_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_roc_auc(double precision, boolean) IS
'area under the ROC curve: how often a positive scores higher than a negative, ties counting half
NULL where all rows are of one class.';

CREATE AGGREGATE fma_roc_auc_interval(score double precision, positive boolean) (
	SFUNC = fma_scores_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fma_roc_auc_interval_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_roc_auc_interval(double precision, boolean) IS
'area under the ROC curve with DeLong''s interval of 95 %';

CREATE AGGREGATE fma_roc_auc_interval(score double precision, positive boolean, confidence_level double precision) (
	SFUNC = fma_scores_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fma_roc_auc_interval_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_roc_auc_interval(double precision, boolean, double precision) IS
'area under the ROC curve with DeLong''s interval of the given confidence level';

CREATE AGGREGATE fma_average_precision(score double precision, positive boolean) (
	SFUNC = fma_scores_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fma_average_precision_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_average_precision(double precision, boolean) IS
'average precision: precision averaged over the steps of recall, equal scores taken together
NULL where no row is positive.';

CREATE AGGREGATE fma_adaptive_ece(confidence double precision, correct boolean, bins integer) (
	SFUNC = fma_confidences_add, STYPE = internal, SSPACE = 4096, FINALFUNC = fma_adaptive_ece_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_adaptive_ece(double precision, boolean, integer) IS
'expected calibration error in bins of equally many rows; equal confidences share a bin';

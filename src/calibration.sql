-- calibration: what can be read from an fma_reliability

CREATE FUNCTION fma_ece(r fma_reliability) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_ece(fma_reliability) IS 'expected calibration error: mean over rows of the absolute gap of their bin
A bin''s gap is its mean confidence less its accuracy. NULL without rows. Chance alone makes it larger than 0: see fma_ece_if_calibrated.';

CREATE FUNCTION fma_mce(r fma_reliability) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_mce(fma_reliability) IS 'maximum calibration error: the largest absolute gap of a bin
A bin of few rows is easily the largest: look at n in fma_bins.';

CREATE FUNCTION fma_ece_debiased(r fma_reliability) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_ece_debiased(fma_reliability) IS 'debiased calibration error (L2): root mean square of the gaps, less what chance adds
Compare it with fma_calibration_error(r, ''l2''), not with fma_ece. Kumar, Liang, Ma 2019.';

CREATE FUNCTION fma_calibration_error(r fma_reliability, norm text) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_calibration_error(fma_reliability, text) IS 'calibration error in a norm: l1, l2, max or mean
l1 is fma_ece; l2 the root mean square of the gaps over rows; max is fma_mce; mean is over bins that have rows, each counting the same (ACE).';

CREATE FUNCTION fma_ece_if_calibrated(r fma_reliability, OUT expected double precision, OUT p_value double precision) RETURNS record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION fma_ece_if_calibrated(fma_reliability) IS 'the calibration error that a perfectly calibrated model would show on these confidences
expected is its mean ECE; p_value the probability that its ECE is at least that of the value. Computed, without random numbers.';

CREATE FUNCTION fma_bins(r fma_reliability, confidence_level double precision DEFAULT 0.95,
	OUT bin integer, OUT low double precision, OUT high double precision, OUT n bigint,
	OUT mean_confidence double precision, OUT accuracy double precision, OUT gap double precision,
	OUT ci_low double precision, OUT ci_high double precision) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION fma_bins(fma_reliability, double precision) IS 'the bins of a reliability diagram, one row each, empty ones too
low is in the bin, high is not (1 is in the last bin). gap = mean_confidence - accuracy: above 0 is overconfident. ci_low and ci_high: Wilson interval of the accuracy, for each bin on its own.';

CREATE FUNCTION fma_confidence_brier(r fma_reliability,
	OUT brier double precision, OUT reliability double precision, OUT resolution double precision,
	OUT uncertainty double precision, OUT within_bin_variance double precision,
	OUT within_bin_covariance double precision) RETURNS record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_confidence_brier(fma_reliability) IS 'Brier score of the confidence and its five parts
brier = reliability - resolution + uncertainty + within_bin_variance - within_bin_covariance, exactly.';

CREATE FUNCTION fma_confidence_log_loss(r fma_reliability) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_confidence_log_loss(fma_reliability) IS 'log loss of the confidence: mean of -ln(probability given to what happened)
Natural logarithm. What happened is that the prediction was correct (confidence) or not (1 - confidence), clipped at 2.2e-16.';

CREATE FUNCTION fma_truth_probability(probabilities double precision[], labels text[], truth text) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_truth_probability(double precision[], text[], text) IS 'the probability that a row gave to its true class
labels gives the order of the probabilities. Multiclass log loss: fma_confidence_log_loss(fma_reliability(p, true)) of these.';

CREATE FUNCTION fma_truth_rank(probabilities double precision[], labels text[], truth text) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_truth_rank(double precision[], text[], text) IS 'the place of the true class among the probabilities: 1 for the most probable
Classes of equal probability come before it. Top-k accuracy: avg((rank <= k)::int).';

-- private functions

CREATE FUNCTION fma_ece_add(fma_reliability, confidence double precision, correct boolean) RETURNS fma_reliability
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_ece_add(fma_reliability, double precision, boolean) IS 'transition function of fma_ece(confidence, correct)';

CREATE FUNCTION fma_ece_add(fma_reliability, confidence double precision, correct boolean, bins integer) RETURNS fma_reliability
	AS 'MODULE_PATHNAME', 'fma_ece_add_bins' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_ece_add(fma_reliability, double precision, boolean, integer) IS 'transition function of fma_ece(confidence, correct, bins)';

CREATE FUNCTION fma_classwise_ece_add(fma_reliability, probabilities double precision[], labels text[], truth text) RETURNS fma_reliability
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_classwise_ece_add(fma_reliability, double precision[], text[], text) IS 'transition function of fma_classwise_ece(probabilities, labels, truth)';

CREATE FUNCTION fma_classwise_ece_add(fma_reliability, probabilities double precision[], labels text[], truth text, bins integer) RETURNS fma_reliability
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_classwise_ece_add(fma_reliability, double precision[], text[], text, integer) IS 'transition function of fma_classwise_ece(probabilities, labels, truth, bins)';

CREATE FUNCTION fma_classwise_ece_final(fma_reliability) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fma_classwise_ece_final(fma_reliability) IS 'final function of fma_classwise_ece';

-- aggregates

CREATE AGGREGATE fma_ece(confidence double precision, correct boolean) (
	SFUNC = fma_ece_add,
	STYPE = fma_reliability,
	SSPACE = 352,
	FINALFUNC = fma_ece,
	COMBINEFUNC = fma_reliability_combine,
	INITCOND = '{}',
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_ece(double precision, boolean) IS 'expected calibration error in 10 bins of equal width
Equals fma_ece(fma_reliability(confidence, correct)), and costs less. NULL without rows.';

CREATE AGGREGATE fma_ece(confidence double precision, correct boolean, bins integer) (
	SFUNC = fma_ece_add,
	STYPE = fma_reliability,
	SSPACE = 352,
	FINALFUNC = fma_ece,
	COMBINEFUNC = fma_reliability_combine,
	INITCOND = '{}',
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_ece(double precision, boolean, integer) IS 'expected calibration error in bins of equal width
bins is 1 to 1000. NULL without rows.';

CREATE AGGREGATE fma_classwise_ece(probabilities double precision[], labels text[], truth text) (
	SFUNC = fma_classwise_ece_add,
	STYPE = fma_reliability,
	SSPACE = 3232,
	FINALFUNC = fma_classwise_ece_final,
	COMBINEFUNC = fma_reliability_combine,
	INITCOND = '{}',
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_classwise_ece(double precision[], text[], text) IS 'classwise calibration error: mean over labels of the ECE of the label''s probability in 10 bins
labels gives the order of the probabilities and is the same for all rows. Rows in which probabilities or truth is NULL are left out.';

CREATE AGGREGATE fma_classwise_ece(probabilities double precision[], labels text[], truth text, bins integer) (
	SFUNC = fma_classwise_ece_add,
	STYPE = fma_reliability,
	SSPACE = 3232,
	FINALFUNC = fma_classwise_ece_final,
	COMBINEFUNC = fma_reliability_combine,
	INITCOND = '{}',
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE fma_classwise_ece(double precision[], text[], text, integer) IS 'classwise calibration error: mean over labels of the ECE of the label''s probability
labels gives the order of the probabilities and is the same for all rows. Rows in which probabilities or truth is NULL are left out. bins is 1 to 1000.';

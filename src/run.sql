-- run: what an analysis of a dataset found, with its history

CREATE TABLE fma_result_run (
	run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	dataset_id integer NOT NULL REFERENCES fma_dataset ON DELETE CASCADE,
	status text NOT NULL CHECK (status IN ('running', 'complete', 'failed')),
	started_at timestamptz NOT NULL,
	finished_at timestamptz,
	since timestamptz,
	until timestamptz,
	n bigint,
	first_at timestamptz,
	last_at timestamptz,
	model_version text,
	period text,
	settings jsonb NOT NULL,
	fma_version text NOT NULL,
	failed_stage text,
	sqlstate text,
	message text,
	detail text
);
CREATE INDEX ON fma_result_run (dataset_id, run_id);
COMMENT ON TABLE fma_result_run IS 'runs of fma_run, complete and failed
The newest complete one of each dataset is what the views show.';
COMMENT ON SEQUENCE fma_result_run_run_id_seq IS 'numbers of runs';
COMMENT ON COLUMN fma_result_run.run_id IS 'number of the run';
COMMENT ON COLUMN fma_result_run.dataset_id IS 'the dataset';
COMMENT ON COLUMN fma_result_run.status IS 'complete or failed; running only within the run''s own transaction';
COMMENT ON COLUMN fma_result_run.started_at IS 'when it started';
COMMENT ON COLUMN fma_result_run.finished_at IS 'when it ended';
COMMENT ON COLUMN fma_result_run.since IS 'only rows from this time on, as asked for';
COMMENT ON COLUMN fma_result_run.until IS 'only rows before this time, as asked for';
COMMENT ON COLUMN fma_result_run.n IS 'rows that were read';
COMMENT ON COLUMN fma_result_run.first_at IS 'time of the oldest of these rows';
COMMENT ON COLUMN fma_result_run.last_at IS 'time of the newest of these rows';
COMMENT ON COLUMN fma_result_run.model_version IS 'the current model version, whose slices and hotspots were searched';
COMMENT ON COLUMN fma_result_run.period IS 'length of the timeline''s periods';
COMMENT ON COLUMN fma_result_run.settings IS 'the dataset''s settings at the time';
COMMENT ON COLUMN fma_result_run.fma_version IS 'version of the extension';
COMMENT ON COLUMN fma_result_run.failed_stage IS 'stage that failed';
COMMENT ON COLUMN fma_result_run.sqlstate IS 'its error code';
COMMENT ON COLUMN fma_result_run.message IS 'its error message';
COMMENT ON COLUMN fma_result_run.detail IS 'its error detail';

CREATE TABLE fma_result_stage (
	run_id bigint NOT NULL REFERENCES fma_result_run ON DELETE CASCADE,
	position integer NOT NULL,
	stage text NOT NULL,
	started_at timestamptz NOT NULL,
	seconds double precision NOT NULL,
	n bigint NOT NULL,
	note text,
	PRIMARY KEY (run_id, position)
);
COMMENT ON TABLE fma_result_stage IS 'stages of runs, with their time and rows';
COMMENT ON COLUMN fma_result_stage.run_id IS 'the run';
COMMENT ON COLUMN fma_result_stage.position IS 'from 1';
COMMENT ON COLUMN fma_result_stage.stage IS 'name of the stage';
COMMENT ON COLUMN fma_result_stage.started_at IS 'when it started';
COMMENT ON COLUMN fma_result_stage.seconds IS 'how long it took';
COMMENT ON COLUMN fma_result_stage.n IS 'rows of results it stored';
COMMENT ON COLUMN fma_result_stage.note IS 'why it was left out, what it left out, or how much it tested';

-- One row a segment: values that can be read in many ways, and added.
CREATE TABLE fma_result_summary (
	run_id bigint NOT NULL REFERENCES fma_result_run ON DELETE CASCADE,
	segment_by text NOT NULL CHECK (segment_by IN ('overall', 'period', 'batch', 'place', 'slice', 'hotspot', 'cluster')),
	segment text,
	rank bigint,
	starts_at timestamptz,
	ends_at timestamptz,
	longitude double precision,
	latitude double precision,
	model_version text,
	min_confidence double precision,
	min_iou double precision,
	below_label text,
	n bigint NOT NULL,
	unlabelled bigint NOT NULL,
	failures fma_failures,
	confident_errors bigint,
	confusion fma_confusion,
	reliability fma_reliability,
	regression fma_regression,
	n_units bigint,
	design_effect double precision DEFAULT 1,
	ece_if_calibrated double precision,
	ece_p_value double precision,
	log_loss double precision,
	top_3_accuracy double precision,
	top_5_accuracy double precision,
	classwise_ece double precision
);
CREATE INDEX ON fma_result_summary (run_id, segment_by);
COMMENT ON TABLE fma_result_summary IS 'summaries of runs: one row a segment and model version
Overall, periods, batches, places, clusters, slices and hotspots. The values are read by fma_class_metrics, fma_bins and others, and added by fma_rollup.';
COMMENT ON COLUMN fma_result_summary.run_id IS 'the run';
COMMENT ON COLUMN fma_result_summary.segment_by IS 'what the rows were divided by: overall, period, batch, place, slice, hotspot, cluster';
COMMENT ON COLUMN fma_result_summary.segment IS 'the batch, place, cluster or slice; NULL for rows without one, and overall';
COMMENT ON COLUMN fma_result_summary.rank IS 'of a slice or hotspot';
COMMENT ON COLUMN fma_result_summary.starts_at IS 'of a period';
COMMENT ON COLUMN fma_result_summary.ends_at IS 'of a period, excluded';
COMMENT ON COLUMN fma_result_summary.longitude IS 'mean longitude of a place, degrees';
COMMENT ON COLUMN fma_result_summary.latitude IS 'mean latitude of a place, degrees';
COMMENT ON COLUMN fma_result_summary.model_version IS 'the model version, where the dataset has one';
COMMENT ON COLUMN fma_result_summary.min_confidence IS 'confidence threshold of a rule: predictions below it count as below_label; NULL in the rows that views show';
COMMENT ON COLUMN fma_result_summary.min_iou IS 'overlap threshold of a rule: segments or boxes that overlap less are missed';
COMMENT ON COLUMN fma_result_summary.below_label IS 'the label that is no class: what predictions below min_confidence, and missed segments and boxes, count as';
COMMENT ON COLUMN fma_result_summary.n IS 'rows';
COMMENT ON COLUMN fma_result_summary.unlabelled IS 'rows among them without a truth or prediction, left out of the values';
COMMENT ON COLUMN fma_result_summary.failures IS 'rows that failed, of those labelled';
COMMENT ON COLUMN fma_result_summary.confident_errors IS 'failures with at least the high confidence';
COMMENT ON COLUMN fma_result_summary.confusion IS 'truth against prediction: rows, or the pixels or objects of images';
COMMENT ON COLUMN fma_result_summary.reliability IS 'confidence against correctness, 100 bins';
COMMENT ON COLUMN fma_result_summary.regression IS 'truth against prediction, numbers';
COMMENT ON COLUMN fma_result_summary.n_units IS 'units (days, patients, images) among the rows, where the dataset has them';
COMMENT ON COLUMN fma_result_summary.design_effect IS 'how many rows are worth one independent row; 1 without units, NULL where a single unit cannot tell';
COMMENT ON COLUMN fma_result_summary.ece_if_calibrated IS 'the calibration error, in ten bins, that a perfectly calibrated model would show; overall';
COMMENT ON COLUMN fma_result_summary.ece_p_value IS 'p-value of the excess over that; overall';
COMMENT ON COLUMN fma_result_summary.log_loss IS 'mean log loss of the class probabilities, natural logarithm';
COMMENT ON COLUMN fma_result_summary.top_3_accuracy IS 'share of rows whose truth is among the three most probable classes';
COMMENT ON COLUMN fma_result_summary.top_5_accuracy IS 'share of rows whose truth is among the five most probable classes';
COMMENT ON COLUMN fma_result_summary.classwise_ece IS 'classwise expected calibration error of the class probabilities';

CREATE TABLE fma_result_slice (
	run_id bigint NOT NULL REFERENCES fma_result_run ON DELETE CASCADE,
	kind text NOT NULL CHECK (kind IN ('slice', 'hotspot')),
	rank bigint NOT NULL,
	slice text NOT NULL,
	predicate text NOT NULL,
	conditions jsonb NOT NULL,
	condition_count integer NOT NULL,
	n bigint NOT NULL,
	failures bigint,
	failure_rate double precision,
	mean_loss double precision,
	ci_low double precision,
	ci_high double precision,
	baseline_rate double precision,
	rest_rate double precision,
	lift double precision,
	excess_failures double precision,
	share_of_failures double precision,
	p_value double precision,
	q_value double precision,
	n_units bigint,
	PRIMARY KEY (run_id, kind, rank)
);
COMMENT ON TABLE fma_result_slice IS 'slices and hotspots of runs
As fma_find_slices and fma_find_hotspots return them.';
COMMENT ON COLUMN fma_result_slice.run_id IS 'the run';
COMMENT ON COLUMN fma_result_slice.kind IS 'slice or hotspot';
COMMENT ON COLUMN fma_result_slice.rank IS 'from 1, the largest excess of failures first';
COMMENT ON COLUMN fma_result_slice.slice IS 'as a person reads it';
COMMENT ON COLUMN fma_result_slice.predicate IS 'as SQL over the source''s columns';
COMMENT ON COLUMN fma_result_slice.conditions IS 'as JSON: column, op, value';
COMMENT ON COLUMN fma_result_slice.condition_count IS 'number of conditions';
COMMENT ON COLUMN fma_result_slice.n IS 'rows';
COMMENT ON COLUMN fma_result_slice.failures IS 'failures among them';
COMMENT ON COLUMN fma_result_slice.failure_rate IS 'share of failures';
COMMENT ON COLUMN fma_result_slice.mean_loss IS 'mean loss; the failure rate where the loss is a failure';
COMMENT ON COLUMN fma_result_slice.ci_low IS 'lower end of the 95 % interval of the rate or mean loss';
COMMENT ON COLUMN fma_result_slice.ci_high IS 'upper end of it';
COMMENT ON COLUMN fma_result_slice.baseline_rate IS 'rate or mean loss of all rows';
COMMENT ON COLUMN fma_result_slice.rest_rate IS 'rate or mean loss of the rows outside the slice';
COMMENT ON COLUMN fma_result_slice.lift IS 'rate divided by the baseline''s';
COMMENT ON COLUMN fma_result_slice.excess_failures IS 'failures beyond what the baseline''s rate would give';
COMMENT ON COLUMN fma_result_slice.share_of_failures IS 'share of all failures';
COMMENT ON COLUMN fma_result_slice.p_value IS 'p-value before correction';
COMMENT ON COLUMN fma_result_slice.q_value IS 'p-value after correction for all slices tested';
COMMENT ON COLUMN fma_result_slice.n_units IS 'units among the rows, where the dataset has them';

CREATE TABLE fma_result_confirmation (
	run_id bigint NOT NULL REFERENCES fma_result_run ON DELETE CASCADE,
	rank bigint NOT NULL,
	previous_run_id bigint NOT NULL,
	rows_after timestamptz NOT NULL,
	slice text NOT NULL,
	predicate text NOT NULL,
	conditions jsonb NOT NULL,
	previous_n bigint NOT NULL,
	previous_rate double precision,
	n bigint NOT NULL,
	failures bigint,
	failure_rate double precision,
	mean_loss double precision,
	ci_low double precision,
	ci_high double precision,
	rest_rate double precision,
	lift double precision,
	p_value double precision,
	q_value double precision,
	n_units bigint,
	verdict text NOT NULL CHECK (verdict IN ('confirmed', 'not confirmed', 'too few rows')),
	PRIMARY KEY (run_id, rank)
);
COMMENT ON TABLE fma_result_confirmation IS 'hotspots of the run before, measured again on the rows that came since
Few tests on rows that had no part in the search: unbiased.';
COMMENT ON COLUMN fma_result_confirmation.run_id IS 'the run that measured';
COMMENT ON COLUMN fma_result_confirmation.rank IS 'of the hotspot in the run before';
COMMENT ON COLUMN fma_result_confirmation.previous_run_id IS 'the run that found it; it may have been pruned';
COMMENT ON COLUMN fma_result_confirmation.rows_after IS 'rows after this time were measured';
COMMENT ON COLUMN fma_result_confirmation.slice IS 'as a person reads it';
COMMENT ON COLUMN fma_result_confirmation.predicate IS 'as SQL over the source''s columns';
COMMENT ON COLUMN fma_result_confirmation.conditions IS 'as JSON: column, op, value';
COMMENT ON COLUMN fma_result_confirmation.previous_n IS 'rows when it was found';
COMMENT ON COLUMN fma_result_confirmation.previous_rate IS 'rate or mean loss when it was found';
COMMENT ON COLUMN fma_result_confirmation.n IS 'new rows';
COMMENT ON COLUMN fma_result_confirmation.failures IS 'failures among them';
COMMENT ON COLUMN fma_result_confirmation.failure_rate IS 'share of failures';
COMMENT ON COLUMN fma_result_confirmation.mean_loss IS 'mean loss; the failure rate where the loss is a failure';
COMMENT ON COLUMN fma_result_confirmation.ci_low IS 'lower end of the 95 % interval of the rate or mean loss';
COMMENT ON COLUMN fma_result_confirmation.ci_high IS 'upper end of it';
COMMENT ON COLUMN fma_result_confirmation.rest_rate IS 'rate or mean loss of the new rows outside it';
COMMENT ON COLUMN fma_result_confirmation.lift IS 'rate divided by that of all new rows';
COMMENT ON COLUMN fma_result_confirmation.p_value IS 'one-sided p-value: worse than the new rows outside it';
COMMENT ON COLUMN fma_result_confirmation.q_value IS 'p-value after Holm''s correction for the hotspots measured';
COMMENT ON COLUMN fma_result_confirmation.n_units IS 'units among the new rows, where the dataset has them';
COMMENT ON COLUMN fma_result_confirmation.verdict IS 'confirmed, not confirmed, or too few rows';

CREATE TABLE fma_result_comparison (
	run_id bigint NOT NULL REFERENCES fma_result_run ON DELETE CASCADE,
	version_a text NOT NULL,
	version_b text NOT NULL,
	rank bigint NOT NULL,
	slice text NOT NULL,
	predicate text NOT NULL,
	conditions jsonb NOT NULL,
	n bigint NOT NULL,
	loss_a double precision,
	loss_b double precision,
	difference double precision,
	ci_low double precision,
	ci_high double precision,
	only_a_failed bigint,
	only_b_failed bigint,
	p_value double precision,
	q_value double precision,
	q_rest double precision,
	n_units bigint
);
CREATE INDEX ON fma_result_comparison (run_id);
COMMENT ON TABLE fma_result_comparison IS 'model versions compared on the same rows
Rank 0 is all rows; the others are slices where version b is worse.';
COMMENT ON COLUMN fma_result_comparison.run_id IS 'the run';
COMMENT ON COLUMN fma_result_comparison.version_a IS 'the older model version';
COMMENT ON COLUMN fma_result_comparison.version_b IS 'the newer model version';
COMMENT ON COLUMN fma_result_comparison.rank IS '0 for all rows, slices from 1';
COMMENT ON COLUMN fma_result_comparison.slice IS 'as a person reads it; "all rows" for rank 0';
COMMENT ON COLUMN fma_result_comparison.predicate IS 'as SQL over the source''s columns';
COMMENT ON COLUMN fma_result_comparison.conditions IS 'as JSON: column, op, value';
COMMENT ON COLUMN fma_result_comparison.n IS 'rows that both versions predicted';
COMMENT ON COLUMN fma_result_comparison.loss_a IS 'failure rate or mean loss of version a';
COMMENT ON COLUMN fma_result_comparison.loss_b IS 'failure rate or mean loss of version b';
COMMENT ON COLUMN fma_result_comparison.difference IS 'b minus a: positive where b is worse';
COMMENT ON COLUMN fma_result_comparison.ci_low IS 'lower end of its 95 % interval';
COMMENT ON COLUMN fma_result_comparison.ci_high IS 'upper end of it';
COMMENT ON COLUMN fma_result_comparison.only_a_failed IS 'rows where only a failed';
COMMENT ON COLUMN fma_result_comparison.only_b_failed IS 'rows where only b failed';
COMMENT ON COLUMN fma_result_comparison.p_value IS 'two-sided p-value of the difference (McNemar''s test for failures)';
COMMENT ON COLUMN fma_result_comparison.q_value IS 'p-value after correction for all slices tested';
COMMENT ON COLUMN fma_result_comparison.q_rest IS 'the same for the difference against that of the other rows';
COMMENT ON COLUMN fma_result_comparison.n_units IS 'units among the rows, where the dataset has them';

-- A run is read by whoever may read its dataset; its results by whoever may read the run.
ALTER TABLE fma_result_run ENABLE ROW LEVEL SECURITY;
CREATE POLICY fma_result_reader ON fma_result_run FOR SELECT USING (dataset_id IN (SELECT dataset_id FROM fma_dataset));
COMMENT ON POLICY fma_result_reader ON fma_result_run IS 'runs of the datasets that the current user may read';
ALTER TABLE fma_result_stage ENABLE ROW LEVEL SECURITY;
CREATE POLICY fma_result_reader ON fma_result_stage FOR SELECT USING (run_id IN (SELECT run_id FROM fma_result_run));
COMMENT ON POLICY fma_result_reader ON fma_result_stage IS 'results of the runs that the current user may read';
ALTER TABLE fma_result_summary ENABLE ROW LEVEL SECURITY;
CREATE POLICY fma_result_reader ON fma_result_summary FOR SELECT USING (run_id IN (SELECT run_id FROM fma_result_run));
COMMENT ON POLICY fma_result_reader ON fma_result_summary IS 'results of the runs that the current user may read';
ALTER TABLE fma_result_slice ENABLE ROW LEVEL SECURITY;
CREATE POLICY fma_result_reader ON fma_result_slice FOR SELECT USING (run_id IN (SELECT run_id FROM fma_result_run));
COMMENT ON POLICY fma_result_reader ON fma_result_slice IS 'results of the runs that the current user may read';
ALTER TABLE fma_result_confirmation ENABLE ROW LEVEL SECURITY;
CREATE POLICY fma_result_reader ON fma_result_confirmation FOR SELECT USING (run_id IN (SELECT run_id FROM fma_result_run));
COMMENT ON POLICY fma_result_reader ON fma_result_confirmation IS 'results of the runs that the current user may read';
ALTER TABLE fma_result_comparison ENABLE ROW LEVEL SECURITY;
CREATE POLICY fma_result_reader ON fma_result_comparison FOR SELECT USING (run_id IN (SELECT run_id FROM fma_result_run));
COMMENT ON POLICY fma_result_reader ON fma_result_comparison IS 'results of the runs that the current user may read';

ALTER TABLE fma_result_run OWNER TO @extowner@;
ALTER TABLE fma_result_stage OWNER TO @extowner@;
ALTER TABLE fma_result_summary OWNER TO @extowner@;
ALTER TABLE fma_result_slice OWNER TO @extowner@;
ALTER TABLE fma_result_confirmation OWNER TO @extowner@;
ALTER TABLE fma_result_comparison OWNER TO @extowner@;
-- After the owner has changed, or a dump would hold this as a change of the extension.
GRANT SELECT ON fma_result_run, fma_result_stage, fma_result_summary, fma_result_slice, fma_result_confirmation,
	fma_result_comparison TO PUBLIC;

SELECT pg_extension_config_dump('fma_result_run', '');
SELECT pg_extension_config_dump('fma_result_run_run_id_seq', '');
SELECT pg_extension_config_dump('fma_result_stage', '');
SELECT pg_extension_config_dump('fma_result_summary', '');
SELECT pg_extension_config_dump('fma_result_slice', '');
SELECT pg_extension_config_dump('fma_result_confirmation', '');
SELECT pg_extension_config_dump('fma_result_comparison', '');

-- functions

CREATE FUNCTION fma_run(name text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C COST 1000000;
COMMENT ON FUNCTION fma_run(text, timestamptz, timestamptz) IS 'analyses a dataset and stores the results; returns the number of the run
Only rows that occurred from since on and before until, where these are given. All figures are of one snapshot. An error in the analysis is stored with the run, whose status is then failed.';

CREATE FUNCTION fma_prune(name text, keep interval) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C COST 10000;
COMMENT ON FUNCTION fma_prune(text, interval) IS 'deletes a dataset''s runs that started longer ago than keep; returns how many
The newest complete run stays, whatever its age. So do saved reports: older ones go, the newest stays.';

-- private functions

CREATE FUNCTION fma_true_arguments(first integer, VARIADIC conditions "any") RETURNS integer[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fma_true_arguments(integer, "any") IS 'numbers of the conditions that are true, counted from first: the slices that a row is in';

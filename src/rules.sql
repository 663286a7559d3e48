-- rules: what a model must keep to, and whether it did

CREATE TABLE fma_rule (
	rule_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	dataset_id integer NOT NULL REFERENCES fma_dataset ON DELETE CASCADE,
	name text NOT NULL CHECK (name <> ''),
	metric text NOT NULL CHECK (metric IN ('F1Score', 'Precision', 'Recall', 'Accuracy', 'PixelAccuracy', 'IoU', 'wIoU',
		'ECE', 'FailureRate', 'MAE', 'RMSE')),
	threshold double precision NOT NULL,
	direction text NOT NULL CHECK (direction IN ('at least', 'at most')),
	labels text[],
	weights jsonb,
	min_confidence double precision,
	min_iou double precision,
	background_label text,
	background_mode text NOT NULL CHECK (background_mode IN ('include', 'exclude_from_average', 'ignore_truth')),
	segment_by text NOT NULL CHECK (segment_by IN ('overall', 'label', 'batch', 'period', 'place', 'model_version', 'slice', 'hotspot',
		'cluster')),
	min_rows bigint NOT NULL CHECK (min_rows > 0),
	pass_by text NOT NULL CHECK (pass_by IN ('estimate', 'bound')),
	created_at timestamptz NOT NULL DEFAULT current_timestamp
);
CREATE INDEX ON fma_rule (dataset_id);
COMMENT ON TABLE fma_rule IS 'rules: thresholds on metrics, checked at the end of every run
Written by fma_add_rule and fma_remove_rule.';
COMMENT ON SEQUENCE fma_rule_rule_id_seq IS 'numbers of rules';
COMMENT ON COLUMN fma_rule.rule_id IS 'number of the rule';
COMMENT ON COLUMN fma_rule.dataset_id IS 'the dataset';
COMMENT ON COLUMN fma_rule.name IS 'what it is called: by default what it says';
COMMENT ON COLUMN fma_rule.metric IS 'F1Score, Precision, Recall, Accuracy, PixelAccuracy, IoU, wIoU, ECE, FailureRate, MAE or RMSE';
COMMENT ON COLUMN fma_rule.threshold IS 'what the metric is held against';
COMMENT ON COLUMN fma_rule.direction IS 'at least or at most the threshold';
COMMENT ON COLUMN fma_rule.labels IS 'the labels meant; NULL for all';
COMMENT ON COLUMN fma_rule.weights IS 'weights of labels in wIoU';
COMMENT ON COLUMN fma_rule.min_confidence IS 'predictions with less confidence count as the background label: of rows, images or boxes';
COMMENT ON COLUMN fma_rule.min_iou IS 'overlap from which a segment or box is a hit';
COMMENT ON COLUMN fma_rule.background_label IS 'the label that is no class';
COMMENT ON COLUMN fma_rule.background_mode IS 'what becomes of it: include, exclude_from_average or ignore_truth';
COMMENT ON COLUMN fma_rule.segment_by IS 'what it is checked for each of: overall, label, batch, period, place, model_version, slice, hotspot, cluster';
COMMENT ON COLUMN fma_rule.min_rows IS 'a segment with fewer rows neither passes nor fails; of images, with fewer images, pixels or objects';
COMMENT ON COLUMN fma_rule.pass_by IS 'what must reach the threshold: the estimate, or the bound of its interval that makes it harder';
COMMENT ON COLUMN fma_rule.created_at IS 'when it was added';

CREATE TABLE fma_result_rule (
	run_id bigint NOT NULL REFERENCES fma_result_run ON DELETE CASCADE,
	rank bigint NOT NULL,
	rule_id integer NOT NULL,
	rule text NOT NULL,
	metric text NOT NULL,
	threshold double precision NOT NULL,
	direction text NOT NULL,
	segment_by text NOT NULL,
	segment text,
	starts_at timestamptz,
	model_version text,
	label text,
	value double precision,
	ci_low double precision,
	ci_high double precision,
	passed boolean,
	n bigint NOT NULL,
	share_of_rows double precision,
	share_of_failures double precision,
	reason text,
	PRIMARY KEY (run_id, rank)
);
COMMENT ON TABLE fma_result_rule IS 'what runs found of the rules: one row a rule and segment
At least one row for every rule.';
COMMENT ON COLUMN fma_result_rule.run_id IS 'the run';
COMMENT ON COLUMN fma_result_rule.rank IS 'from 1, the worst first: what failed by how much, what could not be told, what passed';
COMMENT ON COLUMN fma_result_rule.rule_id IS 'the rule; it may have been removed since';
COMMENT ON COLUMN fma_result_rule.rule IS 'its name';
COMMENT ON COLUMN fma_result_rule.metric IS 'its metric';
COMMENT ON COLUMN fma_result_rule.threshold IS 'its threshold';
COMMENT ON COLUMN fma_result_rule.direction IS 'at least or at most the threshold';
COMMENT ON COLUMN fma_result_rule.segment_by IS 'what it was checked for each of';
COMMENT ON COLUMN fma_result_rule.segment IS 'the label, batch, place, model version, slice, hotspot or cluster; NULL overall, and for rows without one';
COMMENT ON COLUMN fma_result_rule.starts_at IS 'of a period';
COMMENT ON COLUMN fma_result_rule.model_version IS 'the model version measured, where the dataset has one';
COMMENT ON COLUMN fma_result_rule.label IS 'the label measured, where it is one alone';
COMMENT ON COLUMN fma_result_rule.value IS 'the metric; NULL where it is undefined';
COMMENT ON COLUMN fma_result_rule.ci_low IS 'lower end of its 95 % interval; NULL where none is valid';
COMMENT ON COLUMN fma_result_rule.ci_high IS 'upper end of it';
COMMENT ON COLUMN fma_result_rule.passed IS 'whether the rule was kept; NULL where that cannot be told';
COMMENT ON COLUMN fma_result_rule.n IS 'rows, or pixels or objects of images, that the metric was measured on';
COMMENT ON COLUMN fma_result_rule.share_of_rows IS 'the segment''s share of all labelled rows';
COMMENT ON COLUMN fma_result_rule.share_of_failures IS 'its share of all failures; of a label, of all wrong predictions';
COMMENT ON COLUMN fma_result_rule.reason IS 'why passed is NULL';

-- They are read by whoever may read the dataset, and the run.
ALTER TABLE fma_rule ENABLE ROW LEVEL SECURITY;
ALTER TABLE fma_rule OWNER TO @extowner@;
CREATE POLICY fma_rule_reader ON fma_rule FOR SELECT USING (dataset_id IN (SELECT dataset_id FROM fma_dataset));
COMMENT ON POLICY fma_rule_reader ON fma_rule IS 'rules of the datasets that the current user may read';
ALTER TABLE fma_result_rule ENABLE ROW LEVEL SECURITY;
ALTER TABLE fma_result_rule OWNER TO @extowner@;
CREATE POLICY fma_result_reader ON fma_result_rule FOR SELECT USING (run_id IN (SELECT run_id FROM fma_result_run));
COMMENT ON POLICY fma_result_reader ON fma_result_rule IS 'results of the runs that the current user may read';
GRANT SELECT ON fma_rule, fma_result_rule TO PUBLIC;

SELECT pg_extension_config_dump('fma_rule', '');
SELECT pg_extension_config_dump('fma_rule_rule_id_seq', '');
SELECT pg_extension_config_dump('fma_result_rule', '');

-- functions

CREATE FUNCTION fma_add_rule(dataset text, metric text, threshold double precision, by text DEFAULT 'overall',
	label text DEFAULT NULL, labels text[] DEFAULT NULL, weights jsonb DEFAULT NULL, direction text DEFAULT NULL,
	min_rows bigint DEFAULT 30, pass_by text DEFAULT 'estimate', min_confidence double precision DEFAULT NULL,
	min_iou double precision DEFAULT NULL, background_label text DEFAULT NULL,
	background_mode text DEFAULT 'exclude_from_average', name text DEFAULT NULL)
	RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION fma_add_rule(text, text, double precision, text, text, text[], jsonb, text, bigint, text, double precision, double precision, text, text, text)
IS 'adds a rule to a dataset: a threshold on a metric, checked at the end of every run
metric: F1Score, Precision, Recall, Accuracy, PixelAccuracy, IoU, wIoU (at least the threshold), ECE, FailureRate, MAE, RMSE (at most).
by: overall, label, batch, period, place, model_version, slice, hotspot, cluster. label or labels: one, some, or ALL.
min_rows: smaller segments are not judged. pass_by: estimate, or bound of its 95 % interval. Returns the rule''s number.';

CREATE FUNCTION fma_remove_rule(rule_id integer) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
COMMENT ON FUNCTION fma_remove_rule(integer) IS 'removes a rule
What runs found of it stays with them.';

CREATE FUNCTION fma_check_run(name text, raise boolean DEFAULT false,
	OUT run_id bigint, OUT rank bigint, OUT rule_id integer, OUT rule text, OUT segment text, OUT starts_at timestamptz,
	OUT label text, OUT value double precision, OUT ci_low double precision, OUT ci_high double precision,
	OUT threshold double precision, OUT passed boolean, OUT n bigint, OUT reason text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE ROWS 10;
COMMENT ON FUNCTION fma_check_run(text, boolean) IS 'what breaks a dataset''s rules: a gate for continuous integration and cron jobs
The results of the newest complete run that did not pass, worst first. passed is false where a rule is broken, or the newest run failed, or there is none; NULL where it could not be told.
raise: an error (check_violation) if passed is false anywhere.';

-- What a rule counts as a prediction: at these thresholds, or as the dataset has it (NULL); and the label that is no class.
CREATE FUNCTION fma_rule_threshold(rule_confidence double precision, rule_iou double precision, rule_background text, settings jsonb,
	OUT min_confidence double precision, OUT min_iou double precision, OUT background text) RETURNS record
	LANGUAGE SQL IMMUTABLE
BEGIN ATOMIC
	SELECT CASE
			WHEN rule_confidence IS NOT NULL THEN rule_confidence
			WHEN rule_iou IS NULL THEN NULL
			WHEN d.boxes THEN coalesce((settings ->> 'min_confidence')::double precision, 0.5)
			ELSE 0 END,
		CASE WHEN d.boxes THEN coalesce(rule_iou, (settings ->> 'min_iou')::double precision, 0.5) ELSE rule_iou END,
		CASE WHEN d.boxes THEN 'background' ELSE coalesce(rule_background, CASE WHEN rule_confidence IS NOT NULL OR rule_iou IS NOT NULL THEN '(none)' END) END
	FROM (SELECT coalesce(settings ->> 'task' = 'detection', false) AS boxes) AS d;
END;
COMMENT ON FUNCTION fma_rule_threshold(double precision, double precision, text, jsonb) IS 'the thresholds of a rule, and the label that is no class
min_confidence is NULL where the rule is about what the dataset has without it.';

CREATE FUNCTION fma_evaluate_rules(run_id bigint) RETURNS SETOF fma_result_rule
	LANGUAGE SQL STABLE
BEGIN ATOMIC
	WITH run AS (
		SELECT u.dataset_id, u.model_version, u.settings, coalesce(u.settings ->> 'task' IN ('segmentation', 'detection'), false) AS of_images
		FROM fma_result_run AS u WHERE u.run_id = fma_evaluate_rules.run_id
	), summary AS (
		SELECT s.*, ARRAY[s.segment_by, s.segment, s.rank::text, s.starts_at::text, s.model_version] AS key
		FROM fma_result_summary AS s WHERE s.run_id = fma_evaluate_rules.run_id
	), whole AS (
		SELECT s.model_version, s.n - s.unlabelled AS n, (fma_failure_counts(s.failures)).failures
		FROM summary AS s WHERE s.segment_by = 'overall' AND s.min_confidence IS NULL
	), rule AS (
		SELECT r.*, run.model_version AS current_version, run.of_images, h.background, h.min_confidence AS at_confidence, h.min_iou AS at_iou,
			r.metric IN ('F1Score', 'Precision', 'Recall', 'Accuracy', 'PixelAccuracy', 'IoU', 'wIoU') AS of_labels,
			CASE WHEN r.segment_by IN ('label', 'model_version') THEN 'overall' ELSE r.segment_by END AS summed_by,
			CASE WHEN r.background_label IS NULL THEN 'exclude_from_average' ELSE r.background_mode END AS mode,
			(SELECT sum(w.n) FROM whole AS w WHERE r.segment_by = 'model_version' OR w.model_version IS NOT DISTINCT FROM run.model_version) AS all_n,
			(SELECT sum(w.failures) FROM whole AS w WHERE r.segment_by = 'model_version' OR w.model_version IS NOT DISTINCT FROM run.model_version) AS all_failures
		FROM run JOIN fma_rule AS r USING (dataset_id)
			CROSS JOIN LATERAL fma_rule_threshold(r.min_confidence, r.min_iou, r.background_label, run.settings) AS h
	), part AS (
		SELECT r.*, s.run_id IS NULL AS missing, r.at_confidence IS NOT NULL AND t.run_id IS NULL AS unthresholded,
			s.segment, s.starts_at, s.model_version, s.n - s.unlabelled AS labelled, s.failures, s.reliability, s.regression, s.n_units, s.design_effect,
			CASE WHEN r.of_labels THEN CASE WHEN r.at_confidence IS NULL THEN s.confusion ELSE t.confusion END END AS confusion
		FROM rule AS r
			LEFT JOIN summary AS s ON s.segment_by = r.summed_by AND s.min_confidence IS NULL
				AND (r.segment_by = 'model_version' OR s.model_version IS NOT DISTINCT FROM r.current_version)
			LEFT JOIN summary AS t ON t.key = s.key AND t.min_confidence = r.at_confidence AND t.min_iou IS NOT DISTINCT FROM r.at_iou
				AND t.below_label = r.background
	), measured AS (
		SELECT p.*, c.label AS one_label, c.support, everything.n AS all_support, c.missed, everything.missed AS all_missed,
			CASE p.metric WHEN 'ECE' THEN fma_ece(fma_coarsen(p.reliability, 10)) WHEN 'FailureRate' THEN fma_failure_rate(p.failures)
				WHEN 'MAE' THEN e.mae WHEN 'RMSE' THEN e.rmse ELSE c.value END AS value,
			CASE p.metric WHEN 'FailureRate' THEN f.low WHEN 'MAE' THEN m.low ELSE CASE WHEN p.design_effect IS NOT NULL AND NOT p.of_images THEN c.low END END AS low,
			CASE p.metric WHEN 'FailureRate' THEN f.high WHEN 'MAE' THEN m.high ELSE CASE WHEN p.design_effect IS NOT NULL AND NOT p.of_images THEN c.high END END AS high,
			coalesce(CASE WHEN p.metric = 'ECE' THEN (SELECT sum(b.n)::bigint FROM fma_bins(p.reliability) AS b)
				WHEN p.metric = 'FailureRate' THEN (fma_failure_counts(p.failures)).n WHEN p.of_labels THEN c.n ELSE e.n END, 0) AS n
		FROM part AS p
			LEFT JOIN LATERAL fma_metric_interval(p.confusion, p.metric, p.segment_by = 'label', p.labels, p.weights, p.background, p.mode,
				greatest(p.design_effect, 1)) AS c ON true
			LEFT JOIN LATERAL fma_metric_interval(CASE WHEN p.segment_by = 'label' THEN p.confusion END, 'Accuracy', false, NULL, NULL,
				p.background, p.mode) AS everything ON true
			LEFT JOIN LATERAL fma_failure_interval(CASE WHEN p.metric = 'FailureRate' THEN p.failures END, 'wilson', 0.95,
				p.design_effect) AS f ON true
			LEFT JOIN LATERAL fma_regression_metrics(CASE WHEN p.metric IN ('MAE', 'RMSE') THEN p.regression END) AS e ON true
			LEFT JOIN LATERAL fma_mae_interval(CASE WHEN p.metric = 'MAE' AND p.design_effect IS NOT NULL THEN p.regression END, p.design_effect, p.n_units) AS m ON true
	), tested AS (
		SELECT m.*, CASE WHEN m.pass_by = 'estimate' THEN m.value WHEN m.direction = 'at least' THEN m.low ELSE m.high END AS held
		FROM measured AS m
	), judged AS (
		SELECT t.*,
			CASE WHEN t.n >= t.min_rows AND (t.labelled >= t.min_rows OR NOT t.of_images) THEN CASE t.direction WHEN 'at least' THEN t.held >= t.threshold ELSE t.held <= t.threshold END END AS passed,
			CASE t.direction WHEN 'at least' THEN t.threshold - t.held ELSE t.held - t.threshold END
				/ CASE WHEN t.metric IN ('MAE', 'RMSE') AND t.threshold > 0 THEN t.threshold ELSE 1 END AS shortfall
		FROM tested AS t
	)
	SELECT fma_evaluate_rules.run_id,
		row_number() OVER (ORDER BY CASE WHEN NOT j.passed THEN 1 WHEN j.passed IS NULL THEN 2 ELSE 3 END, j.shortfall DESC NULLS LAST, j.n DESC,
			j.rule_id, j.segment COLLATE "C", j.one_label COLLATE "C", j.starts_at),
		j.rule_id, j.name, j.metric, j.threshold, j.direction, j.segment_by,
		CASE j.segment_by WHEN 'label' THEN j.one_label WHEN 'model_version' THEN j.model_version ELSE j.segment END,
		j.starts_at, j.model_version,
		CASE WHEN j.segment_by = 'label' THEN j.one_label WHEN cardinality(j.labels) = 1 THEN j.labels[1] END,
		j.value, j.low, j.high, j.passed, j.n,
		CASE WHEN j.segment_by = 'label' THEN j.support::double precision / nullif(j.all_support, 0)
			ELSE j.labelled::double precision / nullif(j.all_n, 0)::double precision END,
		CASE WHEN j.segment_by = 'label' THEN j.missed::double precision / nullif(j.all_missed, 0)
			ELSE (fma_failure_counts(j.failures)).failures::double precision / nullif(j.all_failures, 0)::double precision END,
		CASE WHEN j.passed IS NOT NULL THEN NULL
			WHEN j.missing THEN 'the run has no ' || j.segment_by || ' summaries'
			WHEN j.unthresholded THEN 'the run did not measure this confidence' || CASE WHEN j.at_iou IS NULL THEN '' ELSE ' and overlap' END
			WHEN j.n = 0 AND j.segment_by = 'label' AND j.one_label IS NOT NULL THEN
				CASE j.metric WHEN 'Precision' THEN 'never predicted' WHEN 'Recall' THEN 'never the truth' ELSE 'does not occur' END
			WHEN j.n = 0 THEN 'no rows'
			WHEN j.n < j.min_rows OR (j.labelled < j.min_rows AND j.of_images) THEN 'too few rows'
			WHEN j.value IS NULL THEN 'undefined'
			ELSE 'no interval' END
	FROM judged AS j;
END;
COMMENT ON FUNCTION fma_evaluate_rules(bigint) IS 'checks the dataset''s rules against what a run has stored
What fma_run does at its end. Called by itself it tells what a new rule would have said of an old run; nothing is written.';

-- private functions

CREATE FUNCTION fma_unmet_rules(dataset_id integer, OUT run_id bigint, OUT rank bigint, OUT rule_id integer, OUT rule text,
	OUT segment text, OUT starts_at timestamptz, OUT label text, OUT value double precision, OUT ci_low double precision,
	OUT ci_high double precision, OUT threshold double precision, OUT passed boolean, OUT n bigint, OUT reason text)
	RETURNS SETOF record LANGUAGE SQL STABLE
BEGIN ATOMIC
	WITH ended AS (
		SELECT u.* FROM fma_result_run AS u WHERE u.dataset_id = fma_unmet_rules.dataset_id AND u.status IN ('complete', 'failed')
	), newest AS (
		SELECT e.* FROM ended AS e ORDER BY e.run_id DESC LIMIT 1
	), complete AS (
		SELECT e.run_id FROM ended AS e WHERE e.status = 'complete' ORDER BY e.run_id DESC LIMIT 1
	), rule AS (
		SELECT r.* FROM fma_rule AS r WHERE r.dataset_id = fma_unmet_rules.dataset_id
	), result AS (
		SELECT f.* FROM fma_result_rule AS f JOIN complete USING (run_id) JOIN rule USING (rule_id)
	), unmet AS (
		SELECT w.run_id, 0 AS rank, NULL::integer AS rule_id, 'the newest run is complete' AS rule, NULL::text AS segment, NULL::timestamptz AS starts_at,
			NULL::text AS label, NULL::double precision AS value, NULL::double precision AS ci_low, NULL::double precision AS ci_high,
			NULL::double precision AS threshold, false AS passed, w.n,
			concat('run ', w.run_id, ' failed', ' in stage ' || w.failed_stage, ': ' || w.message) AS reason
		FROM newest AS w WHERE w.status = 'failed'
		UNION ALL
		SELECT NULL, 0, NULL, 'there is a complete run', NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, NULL, 'no run is complete'
		WHERE NOT EXISTS (SELECT FROM complete)
		UNION ALL
		SELECT f.run_id, f.rank, f.rule_id, f.rule, f.segment, f.starts_at, f.label, f.value, f.ci_low, f.ci_high, f.threshold, f.passed, f.n, f.reason
		FROM result AS f WHERE f.passed IS NOT TRUE
		UNION ALL
		SELECT c.run_id, NULL, r.rule_id, r.name, NULL, NULL, NULL, NULL, NULL, NULL, r.threshold, NULL, NULL, 'added after the run'
		FROM complete AS c, rule AS r WHERE NOT EXISTS (SELECT FROM result AS f WHERE f.rule_id = r.rule_id)
		UNION ALL
		SELECT NULL, NULL, NULL, 'there are rules', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'the dataset has no rules'
		WHERE NOT EXISTS (SELECT FROM rule)
	)
	SELECT x.run_id, x.rank, x.rule_id, x.rule, x.segment, x.starts_at, x.label, x.value, x.ci_low, x.ci_high, x.threshold, x.passed, x.n, x.reason
	FROM unmet AS x ORDER BY x.rank, x.rule_id;
END;
COMMENT ON FUNCTION fma_unmet_rules(integer) IS 'the rows of fma_check_run';

-- views

CREATE VIEW fma_rule_results WITH (security_invoker) AS
	SELECT d.name AS dataset, f.run_id, u.finished_at AS time, f.rank, f.rule_id, f.rule, f.metric, f.threshold, f.direction, f.segment_by,
		f.segment, f.starts_at, f.model_version, f.label, f.value, f.ci_low, f.ci_high, f.passed, f.n, f.share_of_rows,
		f.share_of_failures, f.reason
	FROM fma_result_rule AS f JOIN fma_result_run AS u USING (run_id) JOIN fma_dataset AS d USING (dataset_id)
	WHERE f.run_id = (SELECT max(newest.run_id) FROM fma_result_run AS newest WHERE newest.dataset_id = u.dataset_id AND newest.status = 'complete'
		AND newest.run_id <= fma_as_of_run())
	ORDER BY d.name, f.rank;
COMMENT ON VIEW fma_rule_results IS 'what the newest complete run of each dataset found of its rules, worst first
One row a rule and segment. fma_check_run returns those that did not pass.';
COMMENT ON COLUMN fma_rule_results.dataset IS 'name of the dataset';
COMMENT ON COLUMN fma_rule_results.run_id IS 'the run';
COMMENT ON COLUMN fma_rule_results.time IS 'when the run ended';
COMMENT ON COLUMN fma_rule_results.rank IS 'from 1, the worst first: what failed by how much, what could not be told, what passed';
COMMENT ON COLUMN fma_rule_results.rule_id IS 'the rule; it may have been removed since';
COMMENT ON COLUMN fma_rule_results.rule IS 'its name';
COMMENT ON COLUMN fma_rule_results.metric IS 'its metric';
COMMENT ON COLUMN fma_rule_results.threshold IS 'its threshold';
COMMENT ON COLUMN fma_rule_results.direction IS 'at least or at most the threshold';
COMMENT ON COLUMN fma_rule_results.segment_by IS 'what it was checked for each of';
COMMENT ON COLUMN fma_rule_results.segment IS 'the label, batch, place, model version, slice, hotspot or cluster; NULL overall, and for rows without one';
COMMENT ON COLUMN fma_rule_results.starts_at IS 'of a period';
COMMENT ON COLUMN fma_rule_results.model_version IS 'the model version measured, where the dataset has one';
COMMENT ON COLUMN fma_rule_results.label IS 'the label measured, where it is one alone';
COMMENT ON COLUMN fma_rule_results.value IS 'the metric; NULL where it is undefined';
COMMENT ON COLUMN fma_rule_results.ci_low IS 'lower end of its 95 % interval; NULL where none is valid';
COMMENT ON COLUMN fma_rule_results.ci_high IS 'upper end of it';
COMMENT ON COLUMN fma_rule_results.passed IS 'whether the rule was kept; NULL where that cannot be told';
COMMENT ON COLUMN fma_rule_results.n IS 'rows, or pixels or objects of images, that the metric was measured on';
COMMENT ON COLUMN fma_rule_results.share_of_rows IS 'the segment''s share of all labelled rows';
COMMENT ON COLUMN fma_rule_results.share_of_failures IS 'its share of all failures; of a label, of all wrong predictions';
COMMENT ON COLUMN fma_rule_results.reason IS 'why passed is NULL';
ALTER VIEW fma_rule_results OWNER TO @extowner@;
GRANT SELECT ON fma_rule_results TO PUBLIC;

-- views: the newest complete run of each dataset, one row a fact, for people and BI tools

CREATE VIEW fma_latest_run WITH (security_invoker = true) AS
SELECT d.dataset_id, d.name AS dataset, r.run_id, r.started_at, r.finished_at, r.since, r.until, r.n, r.first_at, r.last_at,
	r.model_version, r.period
FROM fma_dataset AS d CROSS JOIN LATERAL (
	SELECT * FROM fma_result_run AS r WHERE r.dataset_id = d.dataset_id AND r.status = 'complete' AND r.run_id <= fma_as_of_run()
	ORDER BY r.run_id DESC LIMIT 1
) AS r;
COMMENT ON VIEW fma_latest_run IS 'the newest complete run of each dataset
Every other view shows what this run found. SET fma.as_of_run = 12 shows what they said when run 12 was the newest.';

CREATE VIEW fma_segment_metrics WITH (security_invoker = true) AS
SELECT d.name AS dataset, s.run_id, s.segment_by, s.segment, s.rank, s.starts_at, s.ends_at, s.longitude, s.latitude,
	s.model_version, s.model_version IS NOT DISTINCT FROM r.model_version AS is_current,
	s.n, s.unlabelled, f.failures, fma_failure_rate(s.failures) AS failure_rate, i.low AS ci_low, i.high AS ci_high,
	fma_failure_rate(s.failures) / NULLIF(fma_failure_rate(o.failures), 0) AS lift,
	f.failures::double precision / NULLIF((fma_failure_counts(o.failures)).failures, 0) AS share_of_failures,
	fma_failure_rate(o.failures - s.failures) AS rest_rate,
	CASE WHEN s.n_units IS NULL THEN fma_failure_test(s.failures, o.failures - s.failures) END AS p_value, s.confident_errors,
	fma_accuracy(s.confusion) AS accuracy, fma_balanced_accuracy(s.confusion, s.below_label) AS balanced_accuracy,
	fma_precision(s.confusion, 'macro', s.below_label) AS macro_precision, fma_recall(s.confusion, 'macro', s.below_label) AS macro_recall,
	fma_f1(s.confusion, 'macro', s.below_label) AS macro_f1, fma_iou(s.confusion, 'macro', s.below_label) AS mean_iou,
	fma_mcc(s.confusion) AS mcc, fma_kappa(s.confusion) AS kappa,
	fma_ece(fma_coarsen(s.reliability, 10)) AS ece, s.ece_if_calibrated, s.ece_p_value, fma_mce(fma_coarsen(s.reliability, 10)) AS mce,
	(fma_confidence_brier(s.reliability)).brier AS brier, fma_confidence_log_loss(s.reliability) AS confidence_log_loss,
	g.mae, g.rmse, g.r2, g.bias,
	s.log_loss, s.top_3_accuracy, s.top_5_accuracy, s.classwise_ece, s.n_units, s.design_effect
FROM fma_dataset AS d
JOIN fma_result_run AS r ON r.dataset_id = d.dataset_id AND r.status = 'complete'
JOIN fma_result_summary AS s ON s.run_id = r.run_id AND s.min_confidence IS NULL
JOIN fma_result_summary AS o ON o.run_id = r.run_id AND o.segment_by = 'overall' AND o.min_confidence IS NULL
	AND o.model_version IS NOT DISTINCT FROM s.model_version
LEFT JOIN LATERAL fma_failure_counts(s.failures) AS f ON true
LEFT JOIN LATERAL fma_failure_interval(s.failures, 'wilson', 0.95, s.design_effect) AS i ON true
LEFT JOIN LATERAL fma_regression_metrics(s.regression) AS g ON true;
COMMENT ON VIEW fma_segment_metrics IS 'all metrics of every segment of every complete run
One row a segment and model version: overall, period, batch, place, cluster, slice, hotspot. What the other views show of the newest run.';

CREATE VIEW fma_overview WITH (security_invoker = true) AS
SELECT l.dataset, l.run_id, l.finished_at, s.model_version, s.is_current,
	s.n, s.unlabelled, s.failures, s.failure_rate, s.ci_low, s.ci_high, s.confident_errors,
	s.accuracy, s.balanced_accuracy, s.macro_precision, s.macro_recall, s.macro_f1, s.mean_iou, s.mcc, s.kappa,
	s.ece, s.ece_if_calibrated, s.ece_p_value, s.mce, s.brier, s.confidence_log_loss, s.mae, s.rmse, s.r2, s.bias,
	s.log_loss, s.top_3_accuracy, s.top_5_accuracy, s.classwise_ece, s.n_units, s.design_effect, l.first_at, l.last_at
FROM fma_latest_run AS l
JOIN fma_segment_metrics AS s ON s.run_id = l.run_id AND s.segment_by = 'overall';
COMMENT ON VIEW fma_overview IS 'how often each model version fails, and every overall metric
One row a dataset and model version.';

CREATE VIEW fma_run_history WITH (security_invoker = true) AS
SELECT s.dataset, s.run_id, r.started_at AS time, s.model_version, s.n, s.unlabelled, s.failures, s.failure_rate, s.ci_low, s.ci_high,
	s.confident_errors, s.accuracy, s.macro_f1, s.mean_iou, s.ece, s.mae, s.rmse
FROM fma_segment_metrics AS s JOIN fma_result_run AS r USING (run_id)
WHERE s.segment_by = 'overall' AND s.is_current;
COMMENT ON VIEW fma_run_history IS 'all complete runs of each dataset: how the current model version did in each
One row a run.';

CREATE VIEW fma_confusion_cells WITH (security_invoker = true) AS
SELECT l.dataset, l.run_id, s.model_version, c.truth, c.prediction, c.n::bigint AS n, c.share_of_truth, c.share_of_prediction, c.share_of_all,
	c.truth = c.prediction AS correct
FROM fma_latest_run AS l
JOIN fma_result_summary AS s ON s.run_id = l.run_id AND s.segment_by = 'overall' AND s.min_confidence IS NULL
CROSS JOIN LATERAL fma_cells(s.confusion, (SELECT count(*) <= 100 FROM fma_class_metrics(s.confusion))) AS c;
COMMENT ON VIEW fma_confusion_cells IS 'the confusion matrix: absolute, by truth and by prediction
One row a cell; empty cells too, up to 100 labels.';

CREATE VIEW fma_label_metrics WITH (security_invoker = true) AS
SELECT l.dataset, l.run_id, s.model_version, m.label, m.support::bigint AS support, m.predicted::bigint AS predicted,
	m.tp::bigint AS tp, m.fp::bigint AS fp, m.fn::bigint AS fn, m.tn::bigint AS tn, m.precision, m.recall, m.f1, m.iou,
	(m.fn / NULLIF(sum(m.fn) OVER (PARTITION BY l.run_id, s.model_version), 0))::double precision AS share_of_errors,
	w.prediction AS taken_for, w.n::bigint AS taken_for_n
FROM fma_latest_run AS l
JOIN fma_result_summary AS s ON s.run_id = l.run_id AND s.segment_by = 'overall' AND s.min_confidence IS NULL
JOIN LATERAL fma_class_metrics(s.confusion) AS m ON m.label IS DISTINCT FROM s.below_label
LEFT JOIN (
	SELECT DISTINCT ON (s.run_id, s.model_version, c.truth) s.run_id, s.model_version, c.truth, c.prediction, c.n
	FROM fma_latest_run AS l JOIN fma_result_summary AS s ON s.run_id = l.run_id AND s.segment_by = 'overall' AND s.min_confidence IS NULL
	CROSS JOIN LATERAL fma_cells(s.confusion) AS c
	WHERE c.truth <> c.prediction AND c.n > 0
	ORDER BY s.run_id, s.model_version, c.truth, c.n DESC, c.prediction
) AS w ON w.run_id = s.run_id AND w.model_version IS NOT DISTINCT FROM s.model_version AND w.truth = m.label;
COMMENT ON VIEW fma_label_metrics IS 'precision, recall, F1 and IoU of each label, and what it is most often taken for
One row a label.';

CREATE VIEW fma_calibration WITH (security_invoker = true) AS
SELECT l.dataset, l.run_id, s.model_version, b.bin, b.low, b.high, b.n, b.mean_confidence, b.accuracy, b.gap, b.ci_low, b.ci_high,
	fma_ece(r.reliability) AS ece
FROM fma_latest_run AS l
JOIN fma_result_summary AS s ON s.run_id = l.run_id AND s.segment_by = 'overall' AND s.min_confidence IS NULL
CROSS JOIN LATERAL fma_coarsen(s.reliability, 10) AS r (reliability)
CROSS JOIN LATERAL fma_bins(r.reliability) AS b;
COMMENT ON VIEW fma_calibration IS 'the reliability diagram: does a confidence of 0.7 mean right in 70 of 100 cases?
One row a bin, ten bins, empty ones too.';

CREATE VIEW fma_confidence_curve WITH (security_invoker = true) AS
SELECT l.dataset, l.run_id, s.model_version, b.low AS threshold, b.n AS n_in_bin, (b.n - b.correct) AS errors_in_bin,
	(sum(b.n) OVER above)::bigint AS n, (sum(b.n - b.correct) OVER above)::bigint AS errors,
	(sum(b.n) OVER above / NULLIF(sum(b.n) OVER everything, 0))::double precision AS coverage,
	(sum(b.correct) OVER above / NULLIF(sum(b.n) OVER above, 0))::double precision AS accuracy
FROM fma_latest_run AS l
JOIN fma_result_summary AS s ON s.run_id = l.run_id AND s.segment_by = 'overall' AND s.min_confidence IS NULL
CROSS JOIN LATERAL (
	SELECT bin, low, n, coalesce(round(n * accuracy), 0)::bigint AS correct FROM fma_bins(s.reliability)
) AS b
WINDOW everything AS (PARTITION BY l.run_id, s.model_version),
	above AS (PARTITION BY l.run_id, s.model_version ORDER BY b.bin DESC);
COMMENT ON VIEW fma_confidence_curve IS 'what is left, and how right it is, when only predictions from a confidence on are used
One row a threshold, in steps of 0.01.';

CREATE VIEW fma_slice_metrics WITH (security_invoker = true) AS
SELECT l.dataset, l.run_id, l.model_version, x.rank, x.slice, x.n, x.failures, x.failure_rate, x.mean_loss, x.ci_low, x.ci_high, x.baseline_rate,
	x.rest_rate, x.lift, x.excess_failures, x.share_of_failures, x.p_value, x.q_value, x.n_units,
	s.accuracy, s.macro_f1, s.mean_iou, s.ece, s.mae, s.rmse, s.bias, s.confident_errors, x.predicate, x.conditions::text AS conditions
FROM fma_latest_run AS l
JOIN fma_result_slice AS x ON x.run_id = l.run_id AND x.kind = 'slice'
LEFT JOIN fma_segment_metrics AS s ON s.run_id = x.run_id AND s.segment_by = x.kind AND s.rank = x.rank;
COMMENT ON VIEW fma_slice_metrics IS 'the slices with the most failures beyond the expected, with their metrics
One row a slice. A slice with q_value < 0.05 and lift > 1 is worse than the rest beyond chance.';

CREATE VIEW fma_hotspots WITH (security_invoker = true) AS
SELECT l.dataset, l.run_id, l.model_version, x.rank, x.slice, x.n, x.failures, x.failure_rate, x.mean_loss, x.ci_low, x.ci_high, x.baseline_rate,
	x.rest_rate, x.lift, x.excess_failures, x.share_of_failures, x.p_value, x.q_value, x.n_units,
	coalesce(c.verdict, 'new') AS confirmation, c.n AS new_n, c.failure_rate AS new_failure_rate, c.mean_loss AS new_mean_loss,
	c.q_value AS new_q_value,
	s.accuracy, s.macro_f1, s.mean_iou, s.ece, s.mae, s.rmse, s.bias, s.confident_errors, x.predicate, x.conditions::text AS conditions
FROM fma_latest_run AS l
JOIN fma_result_slice AS x ON x.run_id = l.run_id AND x.kind = 'hotspot'
LEFT JOIN fma_segment_metrics AS s ON s.run_id = x.run_id AND s.segment_by = x.kind AND s.rank = x.rank
LEFT JOIN fma_result_confirmation AS c ON c.run_id = x.run_id AND c.conditions = x.conditions;
COMMENT ON VIEW fma_hotspots IS 'the few slices that matter: each worse than the rest and than every more general slice
One row a hotspot. Rates of newly found hotspots are inflated; confirmation tells what the rows since the run before say.';

CREATE VIEW fma_hotspot_confirmation WITH (security_invoker = true) AS
SELECT l.dataset, l.run_id, l.model_version, c.rank, c.slice, c.verdict AS confirmation, c.rows_after, c.previous_run_id, c.previous_n, c.previous_rate,
	c.n, c.failures, c.failure_rate, c.mean_loss, c.ci_low, c.ci_high, c.rest_rate, c.lift, c.p_value, c.q_value, c.n_units,
	c.predicate, c.conditions::text AS conditions
FROM fma_latest_run AS l JOIN fma_result_confirmation AS c ON c.run_id = l.run_id;
COMMENT ON VIEW fma_hotspot_confirmation IS 'the hotspots of the run before, measured on the rows that came since
One row a hotspot: confirmed, not confirmed, or too few rows.';

CREATE VIEW fma_timeline WITH (security_invoker = true) AS
SELECT l.dataset, l.run_id, s.starts_at AS time, s.ends_at, l.period, s.model_version, s.n, s.unlabelled, s.failures, s.failure_rate,
	s.ci_low, s.ci_high, s.confident_errors, s.accuracy, s.macro_f1, s.mean_iou, s.ece, s.mae, s.rmse, s.bias, s.n_units, s.design_effect
FROM fma_latest_run AS l
JOIN fma_segment_metrics AS s ON s.run_id = l.run_id AND s.segment_by = 'period';
COMMENT ON VIEW fma_timeline IS 'how often the model fails, period by period
One row a period and model version; rows without a time have none.';

CREATE VIEW fma_batches WITH (security_invoker = true) AS
SELECT l.dataset, l.run_id, s.segment AS batch, s.model_version, s.n, s.unlabelled, s.failures, s.failure_rate,
	s.ci_low, s.ci_high, s.confident_errors, s.accuracy, s.macro_f1, s.mean_iou, s.ece, s.mae, s.rmse, s.bias, s.n_units, s.design_effect
FROM fma_latest_run AS l
JOIN fma_segment_metrics AS s ON s.run_id = l.run_id AND s.segment_by = 'batch';
COMMENT ON VIEW fma_batches IS 'how often the model fails, batch by batch
One row a batch and model version.';

CREATE VIEW fma_places WITH (security_invoker = true) AS
SELECT l.dataset, l.run_id, s.segment AS place, s.longitude, s.latitude, s.model_version, s.n, s.unlabelled, s.failures, s.failure_rate,
	s.ci_low, s.ci_high, s.lift, s.share_of_failures, s.p_value,
	fma_q_value(s.p_value) OVER (PARTITION BY l.dataset, l.run_id, s.model_version) AS q_value, s.confident_errors,
	s.accuracy, s.macro_f1, s.mean_iou, s.ece, s.mae, s.rmse, s.bias, s.n_units, s.design_effect
FROM fma_latest_run AS l
JOIN fma_segment_metrics AS s ON s.run_id = l.run_id AND s.segment_by = 'place';
COMMENT ON VIEW fma_places IS 'how often the model fails, place by place
One row a place and model version. p_value and q_value: at another rate than the other places; NULL where rows come in units.';

CREATE VIEW fma_clusters WITH (security_invoker = true) AS
SELECT l.dataset, l.run_id, s.model_version, s.segment::integer AS cluster, s.n, s.unlabelled, s.failures, s.failure_rate,
	s.ci_low, s.ci_high, s.lift, s.share_of_failures, s.rest_rate AS impact, s.p_value,
	fma_q_value(s.p_value) OVER (PARTITION BY l.run_id) AS q_value, s.confident_errors,
	s.accuracy, s.macro_f1, s.mean_iou, s.ece, s.mae, s.rmse, s.bias, w.truth AS confused_truth, w.prediction AS confused_prediction, w.n::bigint AS confused_n,
	c.representatives, c.mean_distance, c.model_id, s.n_units, s.design_effect
FROM fma_latest_run AS l
JOIN fma_segment_metrics AS s ON s.run_id = l.run_id AND s.segment_by = 'cluster' AND s.is_current
JOIN fma_result_summary AS v ON v.run_id = l.run_id AND v.segment_by = 'cluster' AND v.min_confidence IS NULL
	AND v.segment IS NOT DISTINCT FROM s.segment AND v.model_version IS NOT DISTINCT FROM s.model_version
LEFT JOIN fma_result_cluster AS c ON c.run_id = s.run_id AND c.cluster = s.segment::integer
LEFT JOIN LATERAL (
	SELECT e.truth, e.prediction, e.n FROM fma_cells(v.confusion) AS e WHERE e.truth <> e.prediction AND e.n > 0
	ORDER BY e.n DESC, e.truth COLLATE "C", e.prediction COLLATE "C" LIMIT 1
) AS w ON true;
COMMENT ON VIEW fma_clusters IS 'how often the model fails in each cluster of embeddings, what it confuses there, and typical rows
One row a cluster of the current model version; cluster NULL is the rows without an embedding.';

CREATE VIEW fma_duplicate_review WITH (security_invoker = true) AS
SELECT l.dataset, l.run_id, l.model_version, d.group_id, d.size, d.representative,
	array_to_string((array_agg(d.id ORDER BY d.id <> d.representative, d.similarity DESC, d.id COLLATE "C"))[1:100], ', ') AS ids,
	string_agg(DISTINCT d.label, ', ') AS labels, d.labels_disagree, d.crosses_batches, d.min_similarity, count(e.id) AS excluded
FROM fma_latest_run AS l
JOIN fma_result_duplicate AS d ON d.run_id = l.run_id
LEFT JOIN fma_excluded AS e ON e.dataset_id = l.dataset_id AND e.id = d.id
GROUP BY l.dataset, l.run_id, l.model_version, d.group_id, d.size, d.representative, d.labels_disagree, d.crosses_batches, d.min_similarity;
COMMENT ON VIEW fma_duplicate_review IS 'rows with nearly the same embedding, to be looked at: labels that disagree are errors
One row a group. fma_exclude_duplicates has later runs leave out all but the representatives.';

CREATE VIEW fma_model_comparison WITH (security_invoker = true) AS
SELECT l.dataset, l.run_id, c.version_a, c.version_b, c.rank, c.slice, c.n, c.loss_a, c.loss_b, c.difference, c.ci_low, c.ci_high,
	c.only_a_failed, c.only_b_failed, c.p_value, c.q_value, c.q_rest, c.n_units, c.predicate, c.conditions::text AS conditions
FROM fma_latest_run AS l JOIN fma_result_comparison AS c ON c.run_id = l.run_id;
COMMENT ON VIEW fma_model_comparison IS 'model versions compared on the same rows, and the slices where the newer one is worse
Rank 0 is all rows, by McNemar''s test where losses are failures.';

CREATE VIEW fma_changepoints WITH (security_invoker = true) AS
SELECT l.dataset, l.run_id, l.model_version, x.rank, x."time", x.period_length, x.starts_at, x.ends_at, x.n_before, x.failures_before, x.rate_before, x.ci_low_before,
	x.ci_high_before, x.n_after, x.failures_after, x.rate_after, x.ci_low_after, x.ci_high_after, x.difference, x.dispersion, x.llr,
	x.p_value, x.predicate
FROM fma_latest_run AS l JOIN fma_result_changepoint AS x ON x.run_id = l.run_id;
COMMENT ON VIEW fma_changepoints IS 'when the failure rate, or the mean loss, changed
One row a change; p_value says how often a stable series would show one as clear.';

CREATE VIEW fma_drift_metrics WITH (security_invoker = true) AS
SELECT l.dataset, l.run_id, l.model_version, x.reference_run_id, x.reference_from, x.rows_after, x.rank, x.feature, x.kind, x.n_reference, x.n_current, x.nulls_reference,
	x.nulls_current, x.cells, x.psi, x.jensen_shannon, x.hellinger, x.total_variation, x.chi_square, x.chi_square_p, x.ks,
	x.ks_p, x.wasserstein, x.q_value, x.verdict
FROM fma_latest_run AS l JOIN fma_result_drift AS x ON x.run_id = l.run_id;
COMMENT ON VIEW fma_drift_metrics IS 'how the newer rows differ from those before, column by column
One row a column: features, prediction and confidence. The verdict takes effect (psi) and chance (q_value) together.';

CREATE VIEW fma_change_explanation WITH (security_invoker = true) AS
SELECT l.dataset, l.run_id, l.model_version, x.reference_run_id, x.reference_from, x.rows_after, x.rank, x.feature, x.condition, x.predicate, x.n_reference, x.n_current,
	x.share_reference, x.share_current, x.rate_reference, x.rate_current, x.mix_effect, x.rate_effect, x.total_effect, x.p_value, x.q_value
FROM fma_latest_run AS l JOIN fma_result_explanation AS x ON x.run_id = l.run_id;
COMMENT ON VIEW fma_change_explanation IS 'why the failure rate changed: other rows (mix), or the same rows at another rate (rate)
One row a condition, and one a feature, without a condition, that sums them up.';

CREATE VIEW fma_space_time_hotspots WITH (security_invoker = true) AS
SELECT l.dataset, l.run_id, l.model_version, x.rank, x.place, x.longitude, x.latitude, x.radius_km, x.places, x.starts_at, x.ends_at, x.n,
	x.failures, x.expected, x.relative_risk, x.llr, x.p_value, x.gumbel_p, x.predicate
FROM fma_latest_run AS l JOIN fma_result_space_time AS x ON x.run_id = l.run_id;
COMMENT ON VIEW fma_space_time_hotspots IS 'where and when more rows failed than elsewhere: neighbouring places, consecutive periods
One row a cluster; p_value counts every place and period that was looked at.';

CREATE VIEW fma_run_log WITH (security_invoker = true) AS
SELECT d.name AS dataset, r.run_id, r.status, r.started_at, r.finished_at,
	extract(epoch FROM r.finished_at - r.started_at)::double precision AS seconds, r.n AS rows_read,
	s.position, s.stage, s.seconds AS stage_seconds, s.n AS stage_rows, s.note, r.failed_stage, r.sqlstate, r.message, r.detail
FROM fma_dataset AS d JOIN fma_result_run AS r USING (dataset_id) LEFT JOIN fma_result_stage AS s USING (run_id);
COMMENT ON VIEW fma_run_log IS 'all runs, complete and failed, with the time and rows of each stage
One row a stage; a run without stages has one row.';

ALTER VIEW fma_latest_run OWNER TO @extowner@;
ALTER VIEW fma_segment_metrics OWNER TO @extowner@;
ALTER VIEW fma_overview OWNER TO @extowner@;
ALTER VIEW fma_run_history OWNER TO @extowner@;
ALTER VIEW fma_confusion_cells OWNER TO @extowner@;
ALTER VIEW fma_label_metrics OWNER TO @extowner@;
ALTER VIEW fma_calibration OWNER TO @extowner@;
ALTER VIEW fma_confidence_curve OWNER TO @extowner@;
ALTER VIEW fma_slice_metrics OWNER TO @extowner@;
ALTER VIEW fma_hotspots OWNER TO @extowner@;
ALTER VIEW fma_hotspot_confirmation OWNER TO @extowner@;
ALTER VIEW fma_timeline OWNER TO @extowner@;
ALTER VIEW fma_batches OWNER TO @extowner@;
ALTER VIEW fma_places OWNER TO @extowner@;
ALTER VIEW fma_clusters OWNER TO @extowner@;
ALTER VIEW fma_duplicate_review OWNER TO @extowner@;
ALTER VIEW fma_model_comparison OWNER TO @extowner@;
ALTER VIEW fma_run_log OWNER TO @extowner@;
GRANT SELECT ON fma_latest_run, fma_segment_metrics, fma_overview, fma_run_history, fma_confusion_cells, fma_label_metrics, fma_calibration, fma_confidence_curve,
	fma_slice_metrics, fma_hotspots, fma_hotspot_confirmation, fma_timeline, fma_batches, fma_places, fma_clusters, fma_duplicate_review, fma_model_comparison, fma_run_log TO PUBLIC;

ALTER VIEW fma_changepoints OWNER TO @extowner@;
ALTER VIEW fma_drift_metrics OWNER TO @extowner@;
ALTER VIEW fma_change_explanation OWNER TO @extowner@;
ALTER VIEW fma_space_time_hotspots OWNER TO @extowner@;
GRANT SELECT ON fma_changepoints, fma_drift_metrics, fma_change_explanation, fma_space_time_hotspots TO PUBLIC;

-- One glossary for the columns of all views: the same name means the same everywhere.
DO $glossary$
DECLARE
	commented record;
BEGIN
	FOR commented IN
		SELECT attribute.attrelid::regclass AS relation, attribute.attname AS name, glossary.meaning
		FROM pg_depend AS member
		JOIN pg_class AS class ON class.oid = member.objid AND class.relkind = 'v'
		JOIN pg_attribute AS attribute ON attribute.attrelid = class.oid AND attribute.attnum > 0
		JOIN (VALUES
			('accuracy', 'share of rows predicted right; of images, of their pixels or objects'),
			('balanced_accuracy', 'mean recall over labels'),
			('baseline_rate', 'rate or mean loss of all rows'),
			('batch', 'the batch; NULL for rows without one'),
			('bias', 'mean of prediction minus truth'),
			('bin', 'number of the bin, from 1'),
			('brier', 'Brier score of the confidence'),
			('cells', 'values or bins that were compared'),
			('chi_square', 'chi-square statistic of the cells'),
			('chi_square_p', 'p-value of chi_square'),
			('ci_high', 'upper end of the 95 % interval; NULL where a single unit cannot tell'),
			('ci_high_after', 'upper end of the 95 % interval of rate_after'),
			('ci_high_before', 'upper end of the 95 % interval of rate_before'),
			('ci_low', 'lower end of the 95 % interval; NULL where a single unit cannot tell'),
			('ci_low_after', 'lower end of the 95 % interval of rate_after'),
			('ci_low_before', 'lower end of the 95 % interval of rate_before'),
			('classwise_ece', 'classwise expected calibration error of the class probabilities'),
			('cluster', 'number of the cluster; NULL for rows without an embedding'),
			('condition', 'a condition on the feature; NULL: the feature as a whole'),
			('conditions', 'the slice as JSON: column, op, value'),
			('confidence_log_loss', 'log loss of the confidence, natural logarithm'),
			('confident_errors', 'failures with at least the high confidence'),
			('confirmation', 'new, confirmed, not confirmed or too few rows: what the rows since the run before say'),
			('confused_n', 'how often'),
			('confused_prediction', 'what was most often predicted wrongly in the cluster; of detections background: missed'),
			('confused_truth', 'what that truly was; of detections background: invented'),
			('correct', 'whether truth and prediction are the same'),
			('coverage', 'share of rows with at least the threshold''s confidence'),
			('crosses_batches', 'whether rows of the group are in different batches'),
			('dataset', 'name of the dataset'),
			('dataset_id', 'number of the dataset'),
			('design_effect', 'how many rows are worth one independent row; 1 without units, NULL where a single unit cannot tell'),
			('detail', 'detail of the error'),
			('difference', 'version b minus a, or after a change minus before: positive where it is worse'),
			('dispersion', 'variance of the periods against that of independent rows'),
			('ece', 'expected calibration error, ten bins'),
			('ece_if_calibrated', 'the ECE that a perfectly calibrated model would show'),
			('ece_p_value', 'p-value of the ECE''s excess over that'),
			('ends_at', 'end of the last period, excluded'),
			('errors', 'wrong predictions from the threshold on'),
			('errors_in_bin', 'wrong predictions from this threshold to the next'),
			('excess_failures', 'failures beyond what the baseline''s rate would give'),
			('excluded', 'rows of the group that the next run leaves out'),
			('expected', 'failures expected if nothing were wrong'),
			('f1', 'F1 of the label'),
			('failed_stage', 'stage that failed'),
			('failure_rate', 'share of failures among labelled rows'),
			('failures', 'rows that failed'),
			('failures_after', 'failures among the n_after rows'),
			('failures_before', 'failures among the n_before rows'),
			('feature', 'the column, or a part of its time'),
			('finished_at', 'end of the run'),
			('first_at', 'time of the oldest row'),
			('fn', 'false negatives'),
			('fp', 'false positives'),
			('gap', 'mean confidence minus accuracy: positive is overconfident'),
			('group_id', 'number of the group of duplicates, the largest first'),
			('gumbel_p', 'p_value by a Gumbel distribution, for small values'),
			('hellinger', 'Hellinger distance, 0 to 1'),
			('high', 'upper end of the bin'),
			('ids', 'ids of the group, the representative first, at most 100'),
			('impact', 'the failure rate of all rows, were those of the cluster not there'),
			('iou', 'intersection over union of the label'),
			('is_current', 'whether this is the model version that slices and hotspots are about'),
			('jensen_shannon', 'Jensen-Shannon distance, 0 to 1'),
			('kappa', 'Cohen''s kappa'),
			('kind', 'number, category or calendar'),
			('ks', 'Kolmogorov-Smirnov distance, of numbers'),
			('ks_p', 'p-value of ks'),
			('label', 'the label'),
			('labels', 'the different truths in the group'),
			('labels_disagree', 'whether rows of the group have different truths'),
			('last_at', 'time of the newest row'),
			('latitude', 'mean latitude, degrees'),
			('lift', 'rate or mean loss divided by that of all rows'),
			('llr', 'logarithm of the likelihood ratio'),
			('log_loss', 'mean log loss of the class probabilities, natural logarithm'),
			('longitude', 'mean longitude, degrees'),
			('loss_a', 'failure rate or mean loss of version a'),
			('loss_b', 'failure rate or mean loss of version b'),
			('low', 'lower end of the bin'),
			('macro_f1', 'mean F1 over labels'),
			('macro_precision', 'mean precision over labels'),
			('macro_recall', 'mean recall over labels'),
			('mae', 'mean absolute error'),
			('mcc', 'Matthews'' correlation coefficient'),
			('mce', 'maximum calibration error, ten bins'),
			('mean_confidence', 'mean confidence'),
			('mean_distance', 'mean distance of the rows to the centroid'),
			('mean_iou', 'mean intersection over union over labels'),
			('mean_loss', 'mean loss; the failure rate where the loss is a failure'),
			('message', 'error message'),
			('min_similarity', 'the lowest cosine similarity of a row of the group to the representative'),
			('mix_effect', 'change of the rate of all rows since there are more or fewer such rows'),
			('model_id', 'number of the cluster model'),
			('model_version', 'the model version, where the dataset has one'),
			('n', 'rows; in the confusion matrix of images, pixels or objects'),
			('n_after', 'rows after, up to the next change'),
			('n_before', 'rows before, up to the change before'),
			('n_current', 'newer rows'),
			('n_in_bin', 'rows from this threshold to the next'),
			('n_reference', 'rows of the reference'),
			('n_units', 'units (days, patients, images) among the rows, where the dataset has them'),
			('new_failure_rate', 'failure rate among the rows since the run before'),
			('new_mean_loss', 'mean loss of the rows since the run before'),
			('new_n', 'rows since the run before'),
			('new_q_value', 'corrected p-value on the rows since the run before'),
			('note', 'why a stage was left out, what it left out, or how much it tested'),
			('nulls_current', 'newer rows without a value'),
			('nulls_reference', 'rows of the reference without a value'),
			('only_a_failed', 'rows where only version a failed'),
			('only_b_failed', 'rows where only version b failed'),
			('p_value', 'p-value; before correction where there is a q_value'),
			('period', 'length of the periods'),
			('period_length', 'length of the periods'),
			('place', 'the place, or the one in the middle of a cluster; NULL for rows without one'),
			('places', 'places in the circle'),
			('position', 'number of the stage, from 1'),
			('precision', 'precision of the label'),
			('predicate', 'the rows as SQL over the source''s columns'),
			('predicted', 'rows predicted to have the label; of images, pixels or objects'),
			('prediction', 'the predicted label; background: a missed object'),
			('previous_n', 'rows when it was found'),
			('previous_rate', 'rate or mean loss when it was found'),
			('previous_run_id', 'run that found it'),
			('psi', 'population stability index'),
			('q_rest', 'corrected p-value of the difference against that of the other rows'),
			('q_value', 'p-value after correction for all that was tested'),
			('r2', 'coefficient of determination'),
			('radius_km', 'distance of the farthest place, km'),
			('rank', 'from 1, the worst first'),
			('rate_after', 'failure rate or mean loss after'),
			('rate_before', 'failure rate or mean loss before'),
			('rate_current', 'failure rate or mean loss among the newer rows'),
			('rate_effect', 'change of the rate of all rows since such rows fail at another rate'),
			('rate_reference', 'failure rate or mean loss in the reference'),
			('recall', 'recall of the label'),
			('reference_from', 'time of the reference''s oldest row'),
			('reference_run_id', 'the run whose rows are the reference; NULL: the first half of this run''s time'),
			('relative_risk', 'failures over expected inside, divided by the same outside'),
			('representative', 'the row that stands for the group'),
			('representatives', 'ids of the rows nearest to the centroid, the nearest first'),
			('rest_rate', 'rate or mean loss of the rows outside the slice'),
			('rmse', 'root mean squared error'),
			('rows_after', 'rows after this time were measured'),
			('rows_read', 'rows that the run read'),
			('run_id', 'number of the run'),
			('segment', 'the batch, place, cluster or slice; NULL for rows without one, and overall'),
			('segment_by', 'what the rows were divided by: overall, period, batch, place, cluster, slice, hotspot'),
			('seconds', 'duration of the run, seconds'),
			('share_current', 'share of the newer rows'),
			('share_of_all', 'share of all rows, pixels or objects'),
			('share_of_errors', 'share of all wrong predictions'),
			('share_of_failures', 'share of all failures'),
			('share_of_prediction', 'share of the rows, pixels or objects predicted to have this label'),
			('share_of_truth', 'share of the rows, pixels or objects that truly have this label'),
			('share_reference', 'share of the reference''s rows'),
			('since', 'only rows from this time on, as asked for'),
			('size', 'rows in the group'),
			('slice', 'the slice as a person reads it'),
			('sqlstate', 'error code'),
			('stage', 'name of the stage'),
			('stage_rows', 'rows of results that the stage stored'),
			('stage_seconds', 'duration of the stage, seconds'),
			('started_at', 'start of the run'),
			('starts_at', 'start of the first period'),
			('status', 'complete or failed'),
			('support', 'rows that truly have the label; of images, pixels or objects'),
			('taken_for', 'the label it is most often taken for'),
			('taken_for_n', 'how often'),
			('threshold', 'least confidence'),
			('time', 'start of the period or run, or of the first period after a change'),
			('tn', 'true negatives'),
			('top_3_accuracy', 'share of rows whose truth is among the three most probable classes'),
			('top_5_accuracy', 'share of rows whose truth is among the five most probable classes'),
			('total_effect', 'mix_effect and rate_effect together'),
			('total_variation', 'share of rows that would have to change, 0 to 1'),
			('tp', 'true positives'),
			('truth', 'the true label; background: an invented object'),
			('unlabelled', 'rows without a truth or prediction, left out'),
			('until', 'only rows before this time, as asked for'),
			('verdict', 'drift, slight, unclear or none: effect and chance together'),
			('version_a', 'the older model version'),
			('version_b', 'the newer model version'),
			('wasserstein', 'mean distance that values moved, of numbers')
		) AS glossary (name, meaning) ON glossary.name = attribute.attname
		WHERE member.classid = 'pg_class'::regclass AND member.refclassid = 'pg_extension'::regclass AND member.deptype = 'e'
			AND member.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'fma')
	LOOP
		EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', commented.relation, commented.name, commented.meaning);
	END LOOP;
END
$glossary$;

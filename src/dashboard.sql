-- dashboard: stored results as JSON (doc/dashboard.md)

-- private: which run and which summary all of them show

CREATE FUNCTION fma_newest_run(dataset text, model_version text, OUT run_id bigint, OUT model_version text) RETURNS record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE;
COMMENT ON FUNCTION fma_newest_run(text, text) IS 'the newest complete run of a dataset, and the model version to show
The version asked for, else the run''s current one. Errors: unknown dataset, no complete run, unknown version.';

CREATE FUNCTION fma_newest_summary(dataset text, model_version text) RETURNS SETOF fma_result_summary
	LANGUAGE SQL STABLE ROWS 1
BEGIN ATOMIC
	SELECT s.* FROM fma_newest_run(dataset, model_version) AS w
		JOIN fma_result_summary AS s ON s.run_id = w.run_id AND s.segment_by = 'overall'
			AND s.model_version IS NOT DISTINCT FROM w.model_version AND s.min_confidence IS NULL;
END;
COMMENT ON FUNCTION fma_newest_summary(text, text) IS 'the overall summary of a dataset''s newest complete run
Of the model version asked for, else the current one; one row.';

-- functions

CREATE FUNCTION fma_get_overview(dataset text, model_version text DEFAULT NULL) RETURNS jsonb
	LANGUAGE SQL STABLE
BEGIN ATOMIC
	SELECT jsonb_build_object(
		'dataset', fma_get_overview.dataset,
		'task', coalesce(r.settings ->> 'task', 'classification'),
		'run_id', r.run_id,
		'finished_at', r.finished_at,
		'since', r.since,
		'until', r.until,
		'first_at', r.first_at,
		'last_at', r.last_at,
		'model_version', s.model_version,
		'model_versions', (SELECT coalesce(jsonb_agg(v.model_version ORDER BY v.model_version COLLATE "C"), '[]')
			FROM fma_result_summary AS v WHERE v.run_id = s.run_id AND v.segment_by = 'overall'
				AND v.min_confidence IS NULL AND v.model_version IS NOT NULL),
		'n', s.n,
		'unlabelled', s.unlabelled,
		'failures', (fma_failure_counts(s.failures)).failures,
		'failure_rate', fma_failure_rate(s.failures),
		'ci_low', i.low,
		'ci_high', i.high,
		'n_units', s.n_units,
		'design_effect', s.design_effect,
		'high_confidence', coalesce((r.settings ->> 'high_confidence')::double precision, 0.8),
		'confident_errors', s.confident_errors,
		'labels', (SELECT count(*) FROM fma_class_metrics(s.confusion) AS k WHERE k.label IS DISTINCT FROM s.below_label),
		'accuracy', fma_accuracy(s.confusion),
		'balanced_accuracy', fma_balanced_accuracy(s.confusion, s.below_label),
		'macro_precision', fma_precision(s.confusion, 'macro', s.below_label),
		'macro_recall', fma_recall(s.confusion, 'macro', s.below_label),
		'macro_f1', fma_f1(s.confusion, 'macro', s.below_label),
		'mean_iou', fma_iou(s.confusion, 'macro', s.below_label),
		'weighted_f1', fma_f1(s.confusion, 'weighted', s.below_label),
		'mcc', fma_mcc(s.confusion),
		'kappa', fma_kappa(s.confusion),
		'mean_confidence', (SELECT mean_confidence FROM fma_bins(fma_coarsen(s.reliability, 1))),
		'ece', fma_ece(ten.r),
		'ece_if_calibrated', s.ece_if_calibrated,
		'ece_p_value', s.ece_p_value,
		'mce', fma_mce(ten.r),
		'brier', (fma_confidence_brier(s.reliability)).brier,
		'confidence_log_loss', fma_confidence_log_loss(s.reliability),
		'log_loss', s.log_loss,
		'top_3_accuracy', s.top_3_accuracy,
		'top_5_accuracy', s.top_5_accuracy,
		'classwise_ece', s.classwise_ece,
		'mae', m.mae,
		'rmse', m.rmse,
		'r2', m.r2,
		'bias', m.bias,
		'hotspots', (SELECT count(*) FROM fma_result_slice AS h WHERE h.run_id = s.run_id AND h.kind = 'hotspot'))
	FROM fma_newest_summary(dataset, model_version) AS s
		JOIN fma_result_run AS r USING (run_id),
		LATERAL (SELECT fma_coarsen(s.reliability, 10) AS r) AS ten
		LEFT JOIN LATERAL fma_failure_interval(s.failures, 'wilson', 0.95, s.design_effect) AS i ON true
		LEFT JOIN LATERAL fma_regression_metrics(s.regression) AS m ON true;
END;
COMMENT ON FUNCTION fma_get_overview(text, text) IS 'the figures of a dataset''s newest complete run, as a JSON object
Of a model version, by default the current one. What the dataset has no columns for is null.';

CREATE FUNCTION fma_get_confusion_matrix(dataset text, model_version text DEFAULT NULL) RETURNS jsonb
	LANGUAGE SQL STABLE
BEGIN ATOMIC
	WITH summary AS (
		SELECT s.*, m.labels, m.n_labels <= 1000 AS shown FROM fma_newest_summary(dataset, model_version) AS s,
			LATERAL (SELECT jsonb_agg(k.label ORDER BY k.place) AS labels, count(*) AS n_labels
				FROM fma_class_metrics(s.confusion) WITH ORDINALITY AS k (label, support, predicted,
					tp, fp, fn, tn, precision, recall, f1, iou, place)) AS m
	), line AS (
		SELECT c.truth, min(c.place) AS place,
			jsonb_agg(c.n ORDER BY c.place) AS counts,
			jsonb_agg(c.share_of_truth ORDER BY c.place) AS of_truth,
			jsonb_agg(c.share_of_prediction ORDER BY c.place) AS of_prediction
		FROM summary AS s, fma_cells(s.confusion, true) WITH ORDINALITY AS c (truth, prediction, n,
			share_of_truth, share_of_prediction, share_of_all, weight, place)
		WHERE s.shown
		GROUP BY c.truth
	)
	SELECT jsonb_build_object(
		'dataset', fma_get_confusion_matrix.dataset,
		'run_id', s.run_id,
		'model_version', s.model_version,
		'labels', coalesce(s.labels, '[]'),
		'counts', CASE WHEN s.shown THEN coalesce(m.counts, '[]') END,
		'share_of_truth', CASE WHEN s.shown THEN coalesce(m.of_truth, '[]') END,
		'share_of_prediction', CASE WHEN s.shown THEN coalesce(m.of_prediction, '[]') END)
	FROM summary AS s, (
		SELECT jsonb_agg(l.counts ORDER BY l.place) AS counts,
			jsonb_agg(l.of_truth ORDER BY l.place) AS of_truth, jsonb_agg(l.of_prediction ORDER BY l.place) AS of_prediction
		FROM line AS l) AS m;
END;
COMMENT ON FUNCTION fma_get_confusion_matrix(text, text) IS 'the confusion matrix of a dataset''s newest complete run, as a JSON object
labels, and three matrices with a row for each true label: counts, share_of_truth (rows sum to 1), share_of_prediction (columns sum to 1).
With more than 1,000 labels the matrices are null: fma_confusion_cells has the cells that are not zero.';

CREATE FUNCTION fma_get_errors_by_class(dataset text, model_version text DEFAULT NULL) RETURNS jsonb
	LANGUAGE SQL STABLE
BEGIN ATOMIC
	WITH summary AS (
		SELECT * FROM fma_newest_summary(dataset, model_version)
	), class AS (
		SELECT m.label, m.support::bigint AS n, m.predicted::bigint AS predicted, m.fn::bigint AS errors,
			m.precision, m.recall, m.f1, m.place, sum(m.fn) OVER () AS all_errors
		FROM summary AS s, fma_class_metrics(s.confusion) WITH ORDINALITY AS m (label, support, predicted,
			tp, fp, fn, tn, precision, recall, f1, iou, place)
		WHERE m.label IS DISTINCT FROM s.below_label
	), mistake AS (
		SELECT DISTINCT ON (c.truth) c.truth, c.prediction, c.n
		FROM summary AS s, fma_cells(s.confusion, false) WITH ORDINALITY AS c (truth, prediction, n,
			share_of_truth, share_of_prediction, share_of_all, weight, place)
		WHERE c.truth <> c.prediction
		ORDER BY c.truth, c.n DESC, c.place
	)
	SELECT jsonb_build_object(
		'dataset', fma_get_errors_by_class.dataset,
		'run_id', s.run_id,
		'model_version', s.model_version,
		'classes', (
			SELECT coalesce(jsonb_agg(jsonb_build_object(
				'label', c.label,
				'support', c.n,
				'predicted', c.predicted,
				'errors', c.errors,
				'error_rate', c.errors / nullif(c.n, 0)::double precision,
				'share_of_errors', c.errors / nullif(c.all_errors, 0),
				'precision', c.precision,
				'recall', c.recall,
				'f1', c.f1,
				'taken_for', m.prediction,
				'taken_for_n', m.n) ORDER BY c.errors DESC, c.place), '[]')
			FROM class AS c LEFT JOIN mistake AS m ON m.truth = c.label))
	FROM summary AS s;
END;
COMMENT ON FUNCTION fma_get_errors_by_class(text, text) IS 'the errors of each true label in a dataset''s newest complete run, as a JSON object
classes, the one with most errors first: support, errors, error_rate, share_of_errors, precision, recall, f1, and the label it is most often taken for.';

CREATE FUNCTION fma_get_calibration(dataset text, bins integer DEFAULT 10, model_version text DEFAULT NULL) RETURNS jsonb
	LANGUAGE SQL STABLE
BEGIN ATOMIC
	SELECT jsonb_build_object(
		'dataset', fma_get_calibration.dataset,
		'run_id', s.run_id,
		'model_version', s.model_version,
		'n', (SELECT sum(n) FROM fma_bins(coarse.r)),
		'ece', fma_ece(coarse.r),
		'mce', fma_mce(coarse.r),
		'ece_if_calibrated', c.expected,
		'ece_p_value', c.p_value,
		'bins', (
			SELECT coalesce(jsonb_agg(jsonb_build_object('bin', b.bin, 'low', b.low, 'high', b.high, 'n', b.n,
				'mean_confidence', b.mean_confidence, 'accuracy', b.accuracy, 'gap', b.gap,
				'ci_low', b.ci_low, 'ci_high', b.ci_high) ORDER BY b.bin), '[]')
			FROM fma_bins(coarse.r) AS b))
	FROM fma_newest_summary(dataset, model_version) AS s,
		LATERAL (SELECT fma_coarsen(s.reliability, coalesce(bins, 10)) AS r) AS coarse
		LEFT JOIN LATERAL fma_ece_if_calibrated(coarse.r) AS c ON true;
END;
COMMENT ON FUNCTION fma_get_calibration(text, integer, text) IS 'the reliability diagram of a dataset''s newest complete run, as a JSON object
bins must divide 100. ece is that of as many bins; ece_if_calibrated is what a perfectly calibrated model would show.';

CREATE FUNCTION fma_get_confidence_curve(dataset text, model_version text DEFAULT NULL) RETURNS jsonb
	LANGUAGE SQL STABLE
BEGIN ATOMIC
	SELECT jsonb_build_object(
		'dataset', fma_get_confidence_curve.dataset,
		'run_id', s.run_id,
		'model_version', s.model_version,
		'points', (
			SELECT coalesce(jsonb_agg(jsonb_build_object('threshold', p.low, 'n', p.n,
				'coverage', p.n / nullif(p.all_rows, 0), 'errors', p.n - p.correct,
				'accuracy', p.correct / nullif(p.n, 0)) ORDER BY p.low), '[]')
			FROM (
				SELECT b.low, sum(b.n) OVER above AS n, sum(round(b.accuracy * b.n)) OVER above AS correct,
					sum(b.n::double precision) OVER () AS all_rows
				FROM fma_bins(s.reliability) AS b
				WINDOW above AS (ORDER BY b.low DESC)) AS p))
	FROM fma_newest_summary(dataset, model_version) AS s;
END;
COMMENT ON FUNCTION fma_get_confidence_curve(text, text) IS 'what is gained by trusting only confident predictions, as a JSON object
points, one a hundredth: of the rows with at least this confidence their number, their share (coverage), their errors and accuracy.';

CREATE FUNCTION fma_get_predictions(dataset text,
	only_errors boolean DEFAULT false, only_high_confidence_errors boolean DEFAULT false,
	true_label text DEFAULT NULL, pred_label text DEFAULT NULL,
	min_conf double precision DEFAULT NULL, max_conf double precision DEFAULT NULL,
	hotspot integer DEFAULT NULL, conditions jsonb DEFAULT NULL,
	sort text DEFAULT 'confidence_desc', page integer DEFAULT 1, page_size integer DEFAULT 10,
	model_version text DEFAULT NULL, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL,
	count_limit integer DEFAULT 10000) RETURNS jsonb
	LANGUAGE SQL STABLE
BEGIN ATOMIC
	WITH item AS (
		SELECT * FROM fma_list_predictions(dataset, only_errors, only_high_confidence_errors, true_label, pred_label,
			min_conf, max_conf, hotspot, conditions, sort, page, page_size, model_version, since, until, count_limit)
			WITH ORDINALITY AS p (id, true_label, pred_label, confidence, error_type, image_url, occurred_at, model_version,
				total, total_is_exact, place)
	), total AS (
		SELECT i.total, i.total_is_exact FROM item AS i WHERE i.place = 1
		UNION ALL
		(SELECT f.total, f.total_is_exact
		FROM fma_list_predictions(dataset, only_errors, only_high_confidence_errors, true_label, pred_label,
			min_conf, max_conf, hotspot, conditions, sort, 1, 1, model_version, since, until, count_limit) AS f
		WHERE NOT EXISTS (SELECT FROM item) AND page > 1)
	)
	SELECT jsonb_build_object(
		'dataset', fma_get_predictions.dataset,
		'page', page,
		'page_size', page_size,
		'total', coalesce((SELECT t.total FROM total AS t), 0),
		'total_is_exact', coalesce((SELECT t.total_is_exact FROM total AS t), true),
		'items', (
			SELECT coalesce(jsonb_agg(jsonb_build_object('id', i.id, 'true_label', i.true_label, 'pred_label', i.pred_label,
				'confidence', i.confidence, 'error_type', i.error_type, 'image_url', i.image_url,
				'occurred_at', i.occurred_at, 'model_version', i.model_version) ORDER BY i.place), '[]')
			FROM item AS i));
END;
COMMENT ON FUNCTION fma_get_predictions(text, boolean, boolean, text, text, double precision, double precision, integer, jsonb, text,
	integer, integer, text, timestamptz, timestamptz, integer) IS 'a page of a dataset''s predictions, as a JSON object
The arguments of fma_list_predictions; page, page_size, total, total_is_exact, items. A page beyond the last has no items.';

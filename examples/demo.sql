-- Where, when and under what conditions do two models fail?
-- Run by "make demo" after examples/load.sql; every figure is computed here.
\pset footer off
\pset null '-'
\set confident 0.8

\echo '== Fashion: a classifier of 10,000 photographs of garments (model v1) =='
\echo
\echo '-- Overview. accuracy with its 95 % interval; confident errors have confidence >= 0.8'
SELECT c.n, round(fma_accuracy(m)::numeric, 4) AS accuracy, round(1 - i.high::numeric, 4) AS low, round(1 - i.low::numeric, 4) AS high,
	round(fma_f1(m)::numeric, 4) AS macro_f1, round(fma_mcc(m)::numeric, 4) AS mcc, round(ece::numeric, 4) AS ece,
	c.failures AS errors, confident_errors
FROM (
	SELECT fma_confusion(true_label, pred_label) AS m, fma_failures(true_label <> pred_label) AS f,
		fma_ece(confidence, true_label = pred_label) AS ece,
		count(*) FILTER (WHERE true_label <> pred_label AND confidence >= :confident) AS confident_errors
	FROM fashion WHERE model_version = 'v1'
) AS o, fma_failure_interval(f) AS i, fma_failure_counts(f) AS c;

\echo '-- Confusion matrix: rows are the truth, columns the prediction'
SELECT truth, prediction, NULLIF(n, 0) AS n
FROM fma_cells((SELECT fma_confusion(true_label, pred_label) FROM fashion WHERE model_version = 'v1'))
\crosstabview

\echo '-- Worst labels, and what each is most often taken for'
WITH matrix AS (SELECT fma_confusion(true_label, pred_label) AS c FROM fashion WHERE model_version = 'v1')
SELECT m.label, m.support, round(m.precision::numeric, 3) AS precision, round(m.recall::numeric, 3) AS recall,
	round(m.f1::numeric, 3) AS f1, worst.prediction AS taken_for, worst.n AS times
FROM matrix, fma_class_metrics(c) AS m,
	LATERAL (SELECT prediction, n FROM fma_cells(c) WHERE truth = m.label AND prediction <> m.label ORDER BY n DESC, prediction LIMIT 1) AS worst
ORDER BY m.f1 LIMIT 5;

\echo '-- Calibration: does a confidence of 0.7 mean right in 70 of 100 cases?'
WITH model AS (
	SELECT model_version, fma_reliability(confidence, true_label = pred_label) AS r FROM fashion GROUP BY model_version
)
SELECT model_version, round(fma_ece(r)::numeric, 4) AS ece, round(fma_mce(r)::numeric, 4) AS mce,
	round(c.expected::numeric, 4) AS ece_if_calibrated, round(c.p_value::numeric, 4) AS p_value,
	round(b.brier::numeric, 4) AS brier, round(fma_confidence_log_loss(r)::numeric, 4) AS log_loss
FROM model, fma_ece_if_calibrated(r) AS c, fma_confidence_brier(r) AS b ORDER BY model_version;

SELECT bin, round(low::numeric, 1) AS low, round(high::numeric, 1) AS high, n, round(mean_confidence::numeric, 3) AS confidence,
	round(accuracy::numeric, 3) AS accuracy, round(gap::numeric, 3) AS gap, round(ci_low::numeric, 3) AS ci_low, round(ci_high::numeric, 3) AS ci_high
FROM fma_bins((SELECT fma_reliability(confidence, true_label = pred_label) FROM fashion WHERE model_version = 'v1'))
WHERE n > 0;

\echo '-- Failure rates by label, batch and fifths of the image features, each group against the rest of the rows.'
\echo '-- q: significance after correction for all groups tested (Benjamini-Hochberg). Those worse than the rest come first.'
WITH v1 AS (
	SELECT *, true_label <> pred_label AS failed FROM fashion WHERE model_version = 'v1'
), edges AS (
	SELECT percentile_disc(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY brightness) AS brightness,
		percentile_disc(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY bbox_aspect) AS bbox_aspect,
		percentile_disc(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY edge_density) AS edge_density
	FROM v1
), groups AS (
	SELECT condition, fma_failures(failed) AS f
	FROM v1, edges, LATERAL (VALUES ('label = ' || true_label), ('batch = ' || batch),
		('brightness: fifth ' || 1 + width_bucket(v1.brightness, edges.brightness)),
		('bbox_aspect: fifth ' || 1 + width_bucket(v1.bbox_aspect, edges.bbox_aspect)),
		('edge_density: fifth ' || 1 + width_bucket(v1.edge_density, edges.edge_density))) AS g(condition)
	GROUP BY condition
), tested AS (
	SELECT condition, f, fma_q_value(fma_failure_test(f, (SELECT fma_failures(failed) FROM v1) - f, 'greater')) OVER () AS q FROM groups
)
SELECT condition, c.n, c.failures, round(fma_failure_rate(f)::numeric, 4) AS rate, round(low::numeric, 4) AS low, round(high::numeric, 4) AS high,
	CASE WHEN q < 0.0001 THEN '< 0.0001' ELSE round(q::numeric, 4)::text END AS q, CASE WHEN q < 0.05 THEN 'worse' END AS verdict
FROM tested, fma_failure_interval(f), fma_failure_counts(f) AS c
ORDER BY q < 0.05 DESC, fma_failure_rate(f) DESC, condition LIMIT 15;

\echo '== Flights: will a flight arrive more than 15 minutes late? 49,917 flights of April and May 2001 =='
\echo
\echo '-- Overview. The model rarely says "late", so most of its errors are delays that it missed'
SELECT c.n, round(fma_accuracy(m)::numeric, 4) AS accuracy, round(1 - i.high::numeric, 4) AS low, round(1 - i.low::numeric, 4) AS high,
	round(fma_balanced_accuracy(m)::numeric, 4) AS balanced, round(fma_mcc(m)::numeric, 4) AS mcc,
	round((auc).estimate::numeric, 4) AS roc_auc, round((auc).low::numeric, 4) AS auc_low, round((auc).high::numeric, 4) AS auc_high,
	round(ap::numeric, 4) AS average_precision, round(ece::numeric, 4) AS ece
FROM (
	SELECT fma_confusion(true_label, pred_label) AS m, fma_failures(true_label <> pred_label) AS f, fma_ece(confidence, true_label = pred_label) AS ece,
		fma_roc_auc_interval(p_late, true_label = 'late') AS auc, fma_average_precision(p_late, true_label = 'late') AS ap
	FROM flights
) AS o, fma_failure_interval(f) AS i, fma_failure_counts(f) AS c;

SELECT label, support, predicted, round("precision"::numeric, 3) AS precision, round(recall::numeric, 3) AS recall, round(f1::numeric, 3) AS f1
FROM fma_class_metrics((SELECT fma_confusion(true_label, pred_label) FROM flights));

\echo '-- Failure rates by week, hour, weekday, airport and fifths of what the model knew, each group against the rest'
WITH rows AS (
	SELECT *, true_label <> pred_label AS failed FROM flights
), edges AS (
	SELECT percentile_disc(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY origin_recent_delay) AS origin_recent_delay,
		percentile_disc(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY dest_recent_delay) AS dest_recent_delay,
		percentile_disc(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY distance) AS distance
	FROM flights
), groups AS (
	SELECT condition, fma_failures(failed) AS f
	FROM rows, edges, LATERAL (VALUES ('week of ' || date_trunc('week', ts)::date), ('hour = ' || hour), ('weekday = ' || to_char(ts, 'Dy')), ('origin = ' || origin),
		('origin_recent_delay: ' || coalesce('fifth ' || 1 + width_bucket(rows.origin_recent_delay, edges.origin_recent_delay), 'unknown')),
		('dest_recent_delay: ' || coalesce('fifth ' || 1 + width_bucket(rows.dest_recent_delay, edges.dest_recent_delay), 'unknown')),
		('distance: fifth ' || 1 + width_bucket(rows.distance, edges.distance))) AS g(condition)
	GROUP BY condition HAVING count(*) >= 100
), tested AS (
	SELECT condition, f, fma_q_value(fma_failure_test(f, (SELECT fma_failures(failed) FROM rows) - f, 'greater')) OVER () AS q FROM groups
)
SELECT condition, a.city, c.n, c.failures, round(fma_failure_rate(f)::numeric, 4) AS rate, round(low::numeric, 4) AS low, round(high::numeric, 4) AS high,
	CASE WHEN q < 0.0001 THEN '< 0.0001' ELSE round(q::numeric, 4)::text END AS q, CASE WHEN q < 0.05 THEN 'worse' END AS verdict
FROM tested LEFT JOIN airports AS a ON condition = 'origin = ' || iata,
	LATERAL fma_failure_interval(f), LATERAL fma_failure_counts(f) AS c
ORDER BY q < 0.05 DESC, fma_failure_rate(f) DESC, condition LIMIT 25;

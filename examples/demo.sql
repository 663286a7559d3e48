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

\echo '-- Failure rates by label, batch and fifths of the image features, each against the rest of the rows.'
\echo '-- q: significance after correction for all groups tested. Those significantly worse than the rest come first.'
SELECT slice, n, failures, round(failure_rate::numeric, 3) AS rate, round(ci_low::numeric, 3) AS low, round(ci_high::numeric, 3) AS high,
	round(lift::numeric, 2) AS lift, to_char(q_value, '9.9EEEE') AS q, CASE WHEN q_value < 0.05 THEN 'worse' END AS verdict
FROM fma_find_slices($$
	SELECT true_label <> pred_label, true_label, batch::text, brightness, contrast, ink_area, bbox_aspect, edge_density, sharpness, noise
	FROM fashion WHERE model_version = 'v1'
$$, max_order => 1, top => NULL)
WHERE lift > 1
ORDER BY q_value < 0.05 DESC, failure_rate DESC, slice LIMIT 18;

\echo '-- Hotspots: the few slices, of up to three conditions, that explain the failures. Each is worse than the rest and than every more general slice.'
SELECT rank, slice, n, failures, round(failure_rate::numeric, 3) AS rate, round(lift::numeric, 2) AS lift,
	round(share_of_failures::numeric, 3) AS share, to_char(q_value, '9.9EEEE') AS q, predicate
FROM fma_find_hotspots($$
	SELECT true_label <> pred_label, true_label, batch::text, brightness, contrast, ink_area, bbox_aspect, edge_density, sharpness, noise
	FROM fashion WHERE model_version = 'v1'
$$);

\echo '-- Where is model v2 worse than v1 on the same images, and worse than it is elsewhere?'
SELECT slice, n, round(loss_a::numeric, 3) AS v1, round(loss_b::numeric, 3) AS v2, round(difference::numeric, 3) AS difference,
	only_a_failed, only_b_failed, to_char(q_value, '9.9EEEE') AS q, to_char(q_rest, '9.9EEEE') AS q_elsewhere
FROM fma_compare_models($$
	SELECT a.true_label <> a.pred_label, b.true_label <> b.pred_label, a.true_label, a.brightness, a.bbox_aspect
	FROM fashion AS a JOIN fashion AS b USING (id) WHERE a.model_version = 'v1' AND b.model_version = 'v2'
$$)
WHERE q_value < 0.05 AND q_rest < 0.05 AND difference > 0
ORDER BY difference DESC, slice LIMIT 5;

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

\echo '-- Failure rates by time, airport and fifths of what the model knew, each against the rest. Flights of one day share its'
\echo '-- weather, so they are no independent witnesses: days are the unit, and q is what 61 days can support.'
SELECT slice, city, n, failures, round(failure_rate::numeric, 3) AS rate, round(ci_low::numeric, 3) AS low, round(ci_high::numeric, 3) AS high,
	round(lift::numeric, 2) AS lift, to_char(q_value, '9.9EEEE') AS q, CASE WHEN q_value < 0.05 THEN 'worse' END AS verdict
FROM fma_find_slices($$
	SELECT true_label <> pred_label, ts::date AS day, ts, origin, distance, origin_recent_delay, dest_recent_delay
	FROM flights
$$, max_order => 1, top => NULL, unit => 'day') LEFT JOIN airports ON slice = 'origin = ' || iata
WHERE lift > 1
ORDER BY q_value < 0.05 DESC, failure_rate DESC, slice LIMIT 20;

\echo '-- Hotspots: where and when does the model fail, as far as 61 days can tell?'
SELECT rank, slice, n, failures, round(failure_rate::numeric, 3) AS rate, round(lift::numeric, 2) AS lift,
	round(share_of_failures::numeric, 3) AS share, to_char(q_value, '9.9EEEE') AS q, predicate
FROM fma_find_hotspots($$
	SELECT true_label <> pred_label, ts::date AS day, hour, dow, origin, destination, distance FROM flights
$$, unit => 'day');

\echo '-- The rows behind a hotspot: the same query with its predicate. The model''s most confident errors on flights from JFK'
SELECT id, ts, origin, destination, distance, true_label, pred_label, round(confidence::numeric, 3) AS confidence
FROM flights WHERE origin = 'JFK' AND true_label <> pred_label
ORDER BY confidence DESC, id LIMIT 5;

-- Where, when and under what conditions do two models fail?
-- Run by "make demo" after examples/load.sql: register, run, read the views.
\pset footer off
\pset null '-'
SET client_min_messages = warning;

\echo '== Flights: will a flight arrive more than 15 minutes late? 49,917 flights of April and May 2001 =='
\echo
\echo '-- Register: which columns mean what. Flights of one day share their weather, so days are the unit: they are the independent witnesses'
SELECT fma_register('flights', 'flight_predictions', truth => 'true_label', prediction => 'pred_label', confidence => 'confidence',
	id => 'id', occurred_at => 'ts', place => 'origin', longitude => 'lon', latitude => 'lat', unit => 'day',
	features => ARRAY['hour', 'dow', 'origin', 'destination', 'distance']) AS dataset;
SELECT fma_add_rule('flights', 'Recall', 0.15, label => 'late', by => 'place', min_rows => 100) AS rule;

\echo '-- Run: on the flights of April, and again when those of May are there'
SELECT fma_run('flights', until => '2001-05-01') AS april, fma_run('flights') AS both_months;

\echo '-- Hotspots: the few slices, of up to two conditions, that explain the failures, as far as 61 days can tell.'
\echo '-- confirmation: a hotspot found in April alone was measured again on the flights of May'
SELECT rank, slice, n, failures, round(failure_rate::numeric, 3) AS rate, round(lift::numeric, 2) AS lift,
	round(share_of_failures::numeric, 3) AS share, to_char(q_value, '9.9EEEE') AS q, confirmation, round(new_failure_rate::numeric, 3) AS in_may
FROM fma_hotspots WHERE dataset = 'flights' ORDER BY rank;

\echo '-- The hotspots of April, in May'
SELECT slice, round(previous_rate::numeric, 3) AS in_april, n AS n_in_may, round(failure_rate::numeric, 3) AS in_may,
	round(rest_rate::numeric, 3) AS elsewhere, to_char(q_value, '9.9EEEE') AS q, confirmation
FROM fma_hotspot_confirmation WHERE dataset = 'flights' ORDER BY rank;

\echo '-- Overview. The model rarely says "late", so most of its errors are delays that it missed'
SELECT n, failures, round(failure_rate::numeric, 4) AS rate, round(ci_low::numeric, 4) AS low, round(ci_high::numeric, 4) AS high, n_units AS days,
	round(design_effect::numeric, 1) AS design_effect, confident_errors, round(balanced_accuracy::numeric, 3) AS balanced_accuracy,
	round(mcc::numeric, 3) AS mcc, round(ece::numeric, 4) AS ece
FROM fma_overview WHERE dataset = 'flights';

SELECT label, support, predicted, round(precision::numeric, 3) AS precision, round(recall::numeric, 3) AS recall, round(f1::numeric, 3) AS f1
FROM fma_label_metrics WHERE dataset = 'flights' ORDER BY f1;

\echo '-- The worst days'
SELECT time::date AS day, n, failures, round(failure_rate::numeric, 3) AS rate, round(macro_f1::numeric, 3) AS macro_f1, confident_errors
FROM fma_timeline WHERE dataset = 'flights' ORDER BY failure_rate DESC LIMIT 5;

\echo '-- When it changed: the rate of failures by day, cut where it is another one'
SELECT time::date AS day, round(rate_before::numeric, 3) AS before, round(rate_after::numeric, 3) AS after, round(ci_low_after::numeric, 3) AS low,
	round(ci_high_after::numeric, 3) AS high, p_value AS p
FROM fma_changepoints WHERE dataset = 'flights' ORDER BY rank;

\echo '-- Where and when: neighbouring airports and consecutive days with more failures than elsewhere'
SELECT rank, city AS around, round(radius_km) AS km, places AS airports, starts_at::date AS from, ends_at::date AS until, n, failures,
	round(expected::numeric) AS expected, round(relative_risk::numeric, 2) AS risk, p_value AS p
FROM fma_space_time_hotspots JOIN airports ON iata = place WHERE dataset = 'flights' AND p_value < 0.05 ORDER BY rank;

\echo '-- What drifted: the flights of May against those of April'
SELECT feature, round(psi::numeric, 3) AS psi, round(ks::numeric, 3) AS ks, to_char(q_value, '9.9EEEE') AS q, verdict
FROM fma_drift_metrics WHERE dataset = 'flights' ORDER BY rank LIMIT 4;

\echo '-- Why the rate changed: other flights (mix), or the same flights at another rate'
SELECT feature, round(mix_effect::numeric, 4) AS mix, round(rate_effect::numeric, 4) AS rate, round(total_effect::numeric, 4) AS change
FROM fma_change_explanation WHERE dataset = 'flights' AND condition IS NULL ORDER BY rank LIMIT 3;

\echo '-- The worst airports of some size'
SELECT place, city, n, failures, round(failure_rate::numeric, 3) AS rate, round(ci_low::numeric, 3) AS low, round(ci_high::numeric, 3) AS high,
	round(p.lift::numeric, 2) AS lift, round(share_of_failures::numeric, 3) AS share
FROM fma_places AS p JOIN airports ON iata = place WHERE dataset = 'flights' AND n >= 500 ORDER BY failure_rate DESC LIMIT 5;

\echo '-- The rule: of the late flights of an airport, where they are 100 or more, 15 % are foreseen. Where is it broken?'
SELECT segment AS place, round(value::numeric, 3) AS recall, round(ci_low::numeric, 3) AS low, round(ci_high::numeric, 3) AS high, n,
	round(share_of_failures::numeric, 3) AS share_of_failures
FROM fma_rule_results WHERE dataset = 'flights' AND NOT passed ORDER BY rank LIMIT 5;

\echo '-- The rows behind the first hotspot: the most confident errors'
SELECT id, true_label, pred_label, round(confidence::numeric, 3) AS confidence, error_type, occurred_at, total
FROM fma_list_predictions('flights', only_errors => true, hotspot => 1, page_size => 5);

\echo '== Fashion: a classifier of 10,000 photographs of garments, model versions v1 and v2 =='
\echo
SELECT fma_register('fashion', 'fashion_predictions', truth => 'true_label', prediction => 'pred_label', confidence => 'confidence',
	id => 'id', batch => 'batch', model_version => 'model_version', embedding => 'embedding', clusters => 5,
	features => ARRAY['true_label', 'batch', 'brightness', 'contrast', 'ink_area', 'bbox_aspect', 'edge_density', 'sharpness', 'noise']) AS dataset;
SELECT fma_add_rule('fashion', 'F1Score', 0.8, by => 'label') AS f1_of_each_label, fma_add_rule('fashion', 'ECE', 0.02) AS calibrated;
SELECT fma_run('fashion') AS run;

\echo '-- Overview: accuracy is 1 - rate; confident errors have a confidence of at least 0.8'
SELECT model_version, n, failures AS errors, round(failure_rate::numeric, 4) AS rate, round(ci_low::numeric, 4) AS low, round(ci_high::numeric, 4) AS high,
	confident_errors, round(macro_f1::numeric, 4) AS macro_f1, round(ece::numeric, 4) AS ece, round(ece_if_calibrated::numeric, 4) AS ece_if_calibrated,
	round(ece_p_value::numeric, 3) AS p
FROM fma_overview WHERE dataset = 'fashion' ORDER BY model_version;

\echo '-- Confusion matrix of v2: rows are the truth, columns the prediction'
SELECT truth, prediction, NULLIF(n, 0) AS n FROM fma_confusion_cells WHERE dataset = 'fashion' AND model_version = 'v2'
\crosstabview

\echo '-- Calibration of v2: does a confidence of 0.7 mean right in 70 of 100 cases?'
SELECT bin, round(low::numeric, 1) AS low, round(high::numeric, 1) AS high, n, round(mean_confidence::numeric, 3) AS confidence,
	round(accuracy::numeric, 3) AS accuracy, round(gap::numeric, 3) AS gap, round(ci_low::numeric, 3) AS ci_low, round(ci_high::numeric, 3) AS ci_high
FROM fma_calibration WHERE dataset = 'fashion' AND model_version = 'v2' AND n > 0 ORDER BY bin;

\echo '-- Hotspots of v2'
SELECT rank, slice, n, failures, round(failure_rate::numeric, 3) AS rate, round(lift::numeric, 2) AS lift,
	round(share_of_failures::numeric, 3) AS share, to_char(q_value, '9.9EEEE') AS q, predicate
FROM fma_hotspots WHERE dataset = 'fashion' ORDER BY rank;

\echo '-- Clusters of the embedding: where does v2 fail, what does it confuse there, and what would the rate of all be without these photographs?'
SELECT cluster, n, failures, round(failure_rate::numeric, 3) AS rate, round(ci_low::numeric, 3) AS low, round(ci_high::numeric, 3) AS high,
	round(lift::numeric, 2) AS lift, to_char(q_value, '9.9EEEE') AS q, round(impact::numeric, 3) AS impact,
	confused_truth || ' -> ' || confused_prediction AS confused, confused_n AS times, representatives
FROM fma_clusters WHERE dataset = 'fashion' ORDER BY failure_rate DESC;

\echo '-- Nearly the same embedding under different labels: which of them is wrong?'
SELECT size, representative, ids, labels, round(min_similarity::numeric, 4) AS min_similarity
FROM fma_duplicate_review WHERE dataset = 'fashion' AND labels_disagree ORDER BY size, group_id LIMIT 5;

\echo '-- v2 against v1 on the same photographs: overall, and where it lost more than elsewhere'
SELECT slice, n, round(loss_a::numeric, 3) AS v1, round(loss_b::numeric, 3) AS v2, round(difference::numeric, 3) AS difference,
	only_a_failed, only_b_failed, to_char(coalesce(q_value, p_value), '9.9EEEE') AS q
FROM fma_model_comparison WHERE dataset = 'fashion' AND (rank = 0 OR q_rest < 0.05) ORDER BY rank LIMIT 6;

\echo '-- The gate for CI: what breaks the rules?'
SELECT rule, label, round(value::numeric, 3) AS value, round(ci_low::numeric, 3) AS low, round(ci_high::numeric, 3) AS high, passed
FROM fma_check_run('fashion');

\echo '-- What the runs did'
SELECT dataset, run_id, status, rows_read, string_agg(stage || ' ' || stage_rows, ', ' ORDER BY position) FILTER (WHERE stage_rows > 0) AS results
FROM fma_run_log GROUP BY 1, 2, 3, 4 ORDER BY run_id;

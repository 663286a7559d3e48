-- Panels for a BI tool: one query each over the views of fma, named by the
-- comment before it. Put your dataset's name where 'flights' or 'fashion' is; where
-- it has model versions, add model_version = '...' as the fashion queries do.
-- A time series has its time in the column "time", in order.

-- panel: failure rate over time (time series; ci_low and ci_high are a band)
SELECT time, failure_rate, ci_low, ci_high
FROM fma_timeline
WHERE dataset = 'flights'
ORDER BY time;

-- panel: quality over time (time series)
SELECT time, accuracy, macro_f1, ece
FROM fma_timeline
WHERE dataset = 'flights'
ORDER BY time;

-- panel: rows and failures over time (time series, bars)
SELECT time, n, failures, confident_errors
FROM fma_timeline
WHERE dataset = 'flights'
ORDER BY time;

-- panel: failure rate from run to run (time series, one line for each version)
SELECT time, coalesce(model_version, 'failure rate') AS metric, failure_rate AS value
FROM fma_run_history
WHERE dataset = 'flights'
ORDER BY time, metric;

-- panel: when it changed (annotations)
SELECT time, format('failure rate %s %% before, %s %% after', round((100 * rate_before)::numeric, 1), round((100 * rate_after)::numeric, 1)) AS text
FROM fma_changepoints
WHERE dataset = 'flights'
ORDER BY time;

-- panel: the figures (single values)
SELECT n, failures, failure_rate, ci_low, ci_high, confident_errors, accuracy, balanced_accuracy, macro_f1, mcc, ece, ece_if_calibrated, finished_at
FROM fma_overview
WHERE dataset = 'flights' AND is_current;

-- panel: model versions (table)
SELECT model_version, is_current, n, failure_rate, ci_low, ci_high, macro_f1, ece, confident_errors
FROM fma_overview
WHERE dataset = 'fashion'
ORDER BY model_version;

-- panel: hotspots (table, or bars of failure_rate)
SELECT rank, slice, n, failures, failure_rate, ci_low, ci_high, lift, share_of_failures, q_value, confirmation
FROM fma_hotspots
WHERE dataset = 'flights'
ORDER BY rank;

-- panel: confusion matrix (heat map, or pivot table)
SELECT truth, prediction, n, share_of_truth, share_of_prediction
FROM fma_confusion_cells
WHERE dataset = 'fashion' AND model_version = 'v2'
ORDER BY truth, prediction;

-- panel: labels (table)
SELECT label, support, predicted, precision, recall, f1, share_of_errors, taken_for, taken_for_n
FROM fma_label_metrics
WHERE dataset = 'fashion' AND model_version = 'v2'
ORDER BY share_of_errors DESC, label;

-- panel: calibration (lines over mean_confidence; bars of n)
SELECT bin, mean_confidence, mean_confidence AS if_calibrated, accuracy, ci_low, ci_high, n
FROM fma_calibration
WHERE dataset = 'flights' AND n > 0
ORDER BY bin;

-- panel: confidence curve (lines over threshold)
SELECT threshold, coverage, accuracy, errors
FROM fma_confidence_curve
WHERE dataset = 'flights'
ORDER BY threshold;

-- panel: places (map)
SELECT place, longitude, latitude, n, failures, failure_rate, lift, q_value
FROM fma_places
WHERE dataset = 'flights' AND n >= 100
ORDER BY failure_rate DESC;

-- panel: where and when (table, or map)
SELECT rank, place, longitude, latitude, radius_km, places, starts_at, ends_at, n, failures, expected, relative_risk, p_value
FROM fma_space_time_hotspots
WHERE dataset = 'flights'
ORDER BY rank;

-- panel: batches (bars)
SELECT batch, n, failure_rate, ci_low, ci_high
FROM fma_batches
WHERE dataset = 'fashion' AND model_version = 'v2'
ORDER BY batch;

-- panel: clusters of the embedding (table)
SELECT cluster, n, failures, failure_rate, lift, q_value, confused_truth, confused_prediction, representatives
FROM fma_clusters
WHERE dataset = 'fashion'
ORDER BY failure_rate DESC;

-- panel: rules that are broken (table, alert when there are rows)
SELECT rule, segment, label, value, threshold, ci_low, ci_high, n
FROM fma_rule_results
WHERE dataset = 'flights' AND NOT passed
ORDER BY rank;

-- panel: what drifted (bars of psi)
SELECT feature, psi, ks, jensen_shannon, q_value, verdict
FROM fma_drift_metrics
WHERE dataset = 'flights'
ORDER BY rank;

-- panel: why the rate changed (stacked bars)
SELECT feature, mix_effect, rate_effect, total_effect
FROM fma_change_explanation
WHERE dataset = 'flights' AND condition IS NULL
ORDER BY rank;

-- panel: the new version against the old one (table)
SELECT slice, n, loss_a, loss_b, difference, only_a_failed, only_b_failed, coalesce(q_value, p_value) AS q
FROM fma_model_comparison
WHERE dataset = 'fashion'
ORDER BY rank;

-- panel: the most confident errors (table)
SELECT id, true_label, pred_label, confidence, occurred_at
FROM fma_list_predictions('flights', only_high_confidence_errors => true, page_size => 20);

-- panel: runs (table, alert when the last one failed or is old)
SELECT DISTINCT ON (dataset) dataset, run_id, status, finished_at, rows_read, seconds, message
FROM fma_run_log
ORDER BY dataset, run_id DESC;

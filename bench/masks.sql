-- fma_mask_confusion of 1,000 pairs of masks, the table read, against NumPy's bincount on the same pairs as raw arrays, in memory
-- (needs python3 with NumPy); and how much a stored mask takes of its raw bytes.  Both take turns, three times.
\ir harness.sql
CREATE TABLE bench_masks (id int, truth fma_mask, prediction fma_mask);
\copy bench_masks FROM PROGRAM 'PATH=/usr/bin:$PATH python3 bench/masks.py copy 1000' (FORMAT binary)
VACUUM (FREEZE, ANALYZE) bench_masks;
SET max_parallel_workers_per_gather = 0;
CREATE TABLE bench_numpy (turn serial, ms numeric, agree bigint, ours numeric, rollup fma_confusion);
SELECT fma_rollup(fma_mask_confusion(truth, prediction)) FROM bench_masks;
\set turn 'UPDATE bench_numpy SET ours = bench_ms(''SELECT fma_rollup(fma_mask_confusion(truth, prediction)) FROM bench_masks'') WHERE ours IS NULL;'
\copy bench_numpy (ms, agree) FROM PROGRAM 'PATH=/usr/bin:$PATH python3 bench/masks.py numpy 1000'
:turn
\copy bench_numpy (ms, agree) FROM PROGRAM 'PATH=/usr/bin:$PATH python3 bench/masks.py numpy 1000'
:turn
\copy bench_numpy (ms, agree) FROM PROGRAM 'PATH=/usr/bin:$PATH python3 bench/masks.py numpy 1000'
:turn

-- The same pixels agree, or the figures mean nothing.
SELECT 1 / (count(*) = 3 AND bool_and(agree = (SELECT sum(n) FILTER (WHERE truth = prediction) FROM fma_cells((SELECT fma_rollup(fma_mask_confusion(truth, prediction)) FROM bench_masks)))))::int FROM bench_numpy;
INSERT INTO bench_result (topic, what, ms, peer, peer_ms, ratio, low, high, goal, reached)
SELECT 'masks', 'fma_mask_confusion, 1,000 pairs of 2048 x 1024', round(median_ours::numeric), 'NumPy bincount, arrays in memory', round(median_ms::numeric), round(median_ratio::numeric, 2), round(low, 2), round(high, 2), '>= 5', median_ratio >= 5
FROM (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ours) AS median_ours, percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) AS median_ms,
	percentile_cont(0.5) WITHIN GROUP (ORDER BY ms / ours) AS median_ratio, min(ms / ours) AS low, max(ms / ours) AS high FROM bench_numpy) AS s;
INSERT INTO bench_result (topic, what, peer, ratio, goal, reached)
SELECT 'masks', 'bytes of the table with its TOAST', 'raw bytes, one a pixel', round(share, 4), '<= 0.1', share <= 0.1
FROM (SELECT pg_table_size('bench_masks') / (1000::numeric * 2 * 2048 * 1024) AS share) AS s;

-- A whole run of these images, against one comparison of them all: it takes two, for the summaries and for the metrics of slices
CREATE VIEW bench_images AS SELECT *, (ARRAY['a', 'b', 'c', 'd'])[1 + id % 4] AS place, id % 11 AS speed, timestamp '2024-01-01' + id * interval '1 hour' AS at FROM bench_masks;
SELECT fma_register('images', 'bench_images', truth => 'truth', prediction => 'prediction', id => 'id', place => 'place', occurred_at => 'at', features => '{place,speed}', min_metric => 0.68);
SELECT fma_add_rule('images', 'F1Score', 0.2, min_iou => 0.8, by => 'place');
SELECT bench('masks', 'fma_run, 1,000 images of 2048 x 1024', 'SELECT fma_run(''images'')', 'fma_mask_confusion of them all', 'SELECT fma_rollup(fma_mask_confusion(truth, prediction)) FROM bench_masks', 3, 'less', 3);

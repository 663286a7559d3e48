#!/usr/bin/env bash
# Boxes as in COCO's validation set: 5,000 images, 36,000 truths of 80 labels, 250,000 predictions: CPU seconds and peak memory, the read
# of both tables included. The rows are in no order of images. Needs a server as bench/harness.sh says.
set -euo pipefail
. "$(dirname "$0")/harness.sh"

# An image has few labels; half of the predictions lie on a truth, a fifth of these with another label.
"${psql[@]}" >/dev/null <<'SQL'
SET client_min_messages = warning;
DROP VIEW IF EXISTS boxes_by_image;
DROP TABLE IF EXISTS boxes_truth, boxes_prediction, boxes_prediction_text, boxes_image;
CREATE FUNCTION pg_temp.noise(i bigint, k int) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$ SELECT (hashint8extended(i, k) & 1048575) / 1048576.0::float8 $$;
CREATE UNLOGGED TABLE boxes_truth AS
SELECT i AS id, image_id, ((image_id * 7 + floor(4 * pg_temp.noise(i, 1) ^ 2)) * 13)::int % 80 AS label,
	round((pg_temp.noise(i, 2) * 500)::numeric, 2)::float8 AS x, round((pg_temp.noise(i, 3) * 400)::numeric, 2)::float8 AS y,
	round((4 + 250 * pg_temp.noise(i, 4) ^ 3)::numeric, 2)::float8 AS width, round((4 + 250 * pg_temp.noise(i, 5) ^ 3)::numeric, 2)::float8 AS height,
	pg_temp.noise(i, 6) < 0.012 AS iscrowd
FROM generate_series(1, 36000) AS i, LATERAL (SELECT floor(pg_temp.noise(i, 0) * 5000)::int AS image_id) AS v;
CREATE INDEX ON boxes_truth (id);
CREATE UNLOGGED TABLE boxes_prediction AS
SELECT i AS id, t.image_id, CASE WHEN pg_temp.noise(i, 11) < 0.8 THEN t.label ELSE (t.label + 1 + floor(4 * pg_temp.noise(i, 12))::int) % 80 END AS label,
	pg_temp.noise(i, 13) ^ 2 AS score, t.x + spread * t.width * (pg_temp.noise(i, 14) - 0.5) AS x, t.y + spread * t.height * (pg_temp.noise(i, 15) - 0.5) AS y,
	t.width * (1 + spread * (pg_temp.noise(i, 16) - 0.5)) AS width, t.height * (1 + spread * (pg_temp.noise(i, 17) - 0.5)) AS height
FROM generate_series(1, 250000) AS i JOIN boxes_truth AS t ON t.id = 1 + floor(36000 * pg_temp.noise(i, 10))::int,
	LATERAL (SELECT CASE WHEN pg_temp.noise(i, 18) < 0.5 THEN 0.3 ELSE 1.5 END AS spread) AS s ORDER BY pg_temp.noise(i, 19);
CREATE UNLOGGED TABLE boxes_prediction_text AS
SELECT id, image_id, 'class ' || label AS label, score, x AS x1, y AS y1, x + width AS x2, y + height AS y2 FROM boxes_prediction;
-- A value for each image
CREATE VIEW boxes_by_image AS
SELECT coalesce(truth, '[]') AS truth, coalesce(prediction, '[]') AS prediction
FROM (SELECT image_id, fma_boxes(label::text, x, y, width, height, NULL, iscrowd, NULL) AS truth FROM boxes_truth GROUP BY 1) AS t
	FULL JOIN (SELECT image_id, fma_boxes(label::text, x, y, width, height, score) AS prediction FROM boxes_prediction GROUP BY 1) AS p USING (image_id);
CREATE UNLOGGED TABLE boxes_image AS TABLE boxes_by_image;
VACUUM (FREEZE) boxes_truth, boxes_prediction, boxes_prediction_text, boxes_image;
SQL

truth="'TABLE boxes_truth'" prediction="'TABLE boxes_prediction'"
echo '| what | CPU s | peak MB | goal |'
echo '|---|---:|---:|---|'
row 'read and sort both by image' '' "SELECT count(*) FROM (SELECT * FROM boxes_truth ORDER BY image_id, id OFFSET 0) AS t, (SELECT count(*) FROM (SELECT * FROM boxes_prediction ORDER BY image_id, id OFFSET 0) AS q) AS p"
row '`fma_coco`' '4 s' "SELECT * FROM fma_coco($truth, $prediction)"
row 'the same, at most 1,000 detections' '' "SELECT * FROM fma_coco($truth, $prediction, 1000)"
PGOPTIONS='-c work_mem=1MB' row 'the same, `work_mem` 1 MB' '' "SELECT * FROM fma_coco($truth, $prediction)"
row 'labels are text, corners' '' "SELECT * FROM fma_coco('SELECT id, image_id, \$\$class \$\$ || label AS label, x, y, width, height, iscrowd FROM boxes_truth', 'TABLE boxes_prediction_text')"
row '`fma_box_confusion`, all predictions' '' "SELECT fma_box_confusion($truth, $prediction, 0)"
row '`fma_boxes`: rows into a value for each image' '' "SELECT count(truth), count(prediction) FROM boxes_by_image"
row 'the same, and `fma_rollup(fma_image_confusion)`, all predictions' '' "SELECT fma_rollup(fma_image_confusion(truth, prediction, 0)) FROM boxes_by_image"
row '`fma_rollup(fma_image_confusion)` of stored values' '' "SELECT fma_rollup(fma_image_confusion(truth, prediction, 0)) FROM boxes_image"
row '`fma_match_boxes`, all predictions' '' "SELECT count(*) FROM fma_match_boxes($truth, $prediction, 0)"
row '`fma_match_boxes` at 0.5' '' "SELECT count(*) FROM fma_match_boxes($truth, $prediction)"
# One image with everything: its boxes are all in memory, and each is compared with each of its label
row '`fma_coco`, 2,000 truths and 20,000 predictions of one image, no limit of detections' '' "SELECT * FROM fma_coco('SELECT 1 AS image_id, label, x, y, width, height FROM boxes_truth LIMIT 2000', 'SELECT 1 AS image_id, label, score, x, y, width, height FROM boxes_prediction LIMIT 20000', 1000000)"

-- The scenes of examples/: the figures that scikit-learn and NumPy found for their pixels, and values that match the rows they come from
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
BEGIN;
SELECT plan(9);
\i examples/load.sql

SELECT is((SELECT row(count(*), count(DISTINCT place), count(image), min(cardinality(embedding)), max(cardinality(embedding))) FROM scene), ROW(800::bigint, 4::bigint, 60::bigint, 64, 64), 'scenes, places, photographs, embeddings');
SELECT ok((SELECT bool_and((fma_mask_size(truth)).pixels = 9216 AND (fma_mask_size(prediction)).width = 96) FROM scene), '96 x 96 pixels');
CREATE TEMP TABLE pixels AS SELECT scene_id, image, fma_mask_confusion(truth, prediction) AS c FROM scene;
SELECT is((SELECT round(fma_accuracy(fma_rollup(c))::numeric, 6) FROM pixels), 0.892208, 'pixel accuracy');
SELECT is((SELECT row(round(fma_iou(fma_rollup(c))::numeric, 6), round(fma_iou(fma_rollup(c), background => '0')::numeric, 6)) FROM pixels), ROW(0.529461, 0.485962), 'mean IoU, with and without the background');
SELECT is((SELECT array_agg(round(iou::numeric, 6) ORDER BY label::int) FROM fma_class_metrics((SELECT fma_rollup(c) FROM pixels))),
	ARRAY[0.964453, 0.468349, 0.717685, 0.431343, 0.493723, 0.348332, 0.435601, 0.084298, 0.481986, 0.672275, 0.726029], 'IoU of each class');
SELECT ok(max(fma_accuracy(c)) FILTER (WHERE image IS NOT NULL) <= min(fma_accuracy(c)) FILTER (WHERE image IS NULL), 'photographs of the worst') FROM pixels;
SELECT ok(bool_and(image LIKE 'data:image/png;base64,%' AND decode(split_part(image, ',', 2), 'base64') LIKE '\x89504e470d0a1a0a'::bytea || '%'::bytea), 'which are PNG') FROM scene WHERE image IS NOT NULL;
SELECT is((SELECT row(count(*), sum(jsonb_array_length(truth::text::jsonb)), sum(jsonb_array_length(prediction::text::jsonb))) FROM scene_boxes), ROW(800::bigint, 3533::bigint, 5803::bigint), 'boxes');
SELECT is((SELECT jsonb_agg(jsonb_build_array(truth, prediction, n) ORDER BY truth COLLATE "C", prediction COLLATE "C") FROM fma_cells((SELECT fma_rollup(fma_image_confusion(truth, prediction, 0.4)) FROM scene_boxes), false)),
	(SELECT jsonb_agg(jsonb_build_array(truth, prediction, n) ORDER BY truth COLLATE "C", prediction COLLATE "C") FROM fma_cells(fma_box_confusion(
		'SELECT scene_id AS image_id, label, x_min AS x1, y_min AS y1, x_max AS x2, y_max AS y2 FROM scene_truth ORDER BY label COLLATE "C", x_min, y_min, x_max, y_max',
		'SELECT scene_id AS image_id, label, score, x_min AS x1, y_min AS y1, x_max AS x2, y_max AS y2 FROM scene_prediction ORDER BY label COLLATE "C", x_min, y_min, x_max, y_max', 0.4), false)), 'matched image by image as from the tables');
SELECT * FROM finish();
ROLLBACK;

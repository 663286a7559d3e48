-- Boxes: the surface, edge cases, errors, cancels, memory
\set VERBOSITY default
CREATE TABLE true_box (id int, image_id int, label text, x float8, y float8, width float8, height float8, iscrowd boolean);
INSERT INTO true_box VALUES
	(0, 1, 'cat', 0, 0, 10, 10, false), (1, 1, 'dog', 20, 20, 10, 10, NULL), (2, 2, 'cat', 0, 0, 50, 50, false),
	(3, 3, 'owl', 5, 5, 5, 5, false), (4, 2, 'dog', 60, 0, 40, 40, true), (5, 10, 'cat', 0, 0, 10, 10, false), (6, 10, 'cat', 0, 0, 10, 10, false);
CREATE TABLE predicted_box (id int, image_id int, label text, score float8, x float8, y float8, width float8, height float8);
INSERT INTO predicted_box VALUES
	(100, 1, 'cat', 0.9, 1, 0, 10, 10), (101, 1, 'cat', 0.8, 20, 20, 10, 10), (102, 2, 'cat', 0.7, 0, 0, 50, 50), (103, 4, 'pig', 0.6, 5, 5, 5, 5),
	(104, 2, 'dog', 0.75, 60, 0, 20, 20), (105, 2, 'dog', 0.75, 80, 20, 20, 20), (106, 2, 'cat', 0.3, 1, 1, 49, 49), (107, 10, 'cat', 1, 0, 0, 10, 10), (108, 2, 'cat', 0.7, 0, 0, 48, 50);

-- Matches
SELECT * FROM fma_match_boxes('TABLE true_box', 'TABLE predicted_box');
SELECT * FROM fma_match_boxes('TABLE true_box', 'TABLE predicted_box', conf := 0.65, iou := 0.9, across_labels := false, max_detections := 1);
-- Boxes that touch do not match, and have no area in common
SELECT * FROM fma_match_boxes('SELECT 1 AS image_id, 1 AS label, 0 AS x1, 0 AS y1, 1 AS x2, 1 AS y2', 'SELECT 1 AS image_id, 1 AS label, 1 AS score, 1 AS x, 0 AS y, 1 AS width, 1 AS height', 0, 0);
SELECT * FROM fma_match_boxes('SELECT 1 AS image_id, 1 AS label, 0 AS x1, 0 AS y1, 0 AS x2, 0 AS y2', 'SELECT 1 AS image_id, 1 AS label, 1 AS score, 0 AS x, 0 AS y, 0 AS width, 0 AS height', 0, 0);
-- No ids, images of other types, a time and a text
SELECT * FROM fma_match_boxes($$ SELECT date '2024-02-29' AS image_id, 1 AS label, 0 AS x1, 0 AS y1, 1 AS x2, 1 AS y2 $$, $$ SELECT date '2024-02-29' AS image_id, 1 AS label, 1 AS score, 0 AS x, 0 AS y, 1 AS width, 1 AS height $$);
SELECT image_id, outcome FROM fma_match_boxes($$ SELECT i AS image_id, 1 AS label, 0 AS x, 0 AS y, 1 AS width, 1 AS height FROM unnest('{b,B,a10,a9,"",é}'::text[]) AS i $$, $$ SELECT 'b'::varchar(3) AS image_id, 1 AS label, 1 AS score, 0 AS x, 0 AS y, 1 AS width, 1 AS height $$);
SELECT image_id, outcome, truth_id FROM fma_match_boxes($$ SELECT i AS id, i AS image_id, 1 AS label, 0 AS x, 0 AS y, 1 AS width, 1 AS height FROM unnest('{1.0,10,9,1.00}'::numeric[]) AS i $$, $$ SELECT 9::numeric AS image_id, 1 AS label, 1 AS score, 0 AS x, 0 AS y, 1 AS width, 1 AS height $$);

-- The confusion
SELECT fma_box_confusion('TABLE true_box', 'TABLE predicted_box');
SELECT label, support, predicted, tp, fp, fn, f1 FROM fma_class_metrics(fma_box_confusion('TABLE true_box', 'TABLE predicted_box', background => 'nothing'), background => 'nothing');

-- COCO
SELECT * FROM fma_coco('TABLE true_box', 'TABLE predicted_box') \gx
SELECT label, detections, ap, ar_1, ar_10, ar FROM fma_coco('TABLE true_box', 'TABLE predicted_box', 1);
SELECT label, detections, ap, ar_1, ar_10, ar FROM fma_coco('TABLE true_box', 'TABLE predicted_box', 2147483647);

-- Rows with a NULL
SELECT outcome, truth_id, prediction_id FROM fma_match_boxes('SELECT id, nullif(image_id, 1) AS image_id, label, x, y, width, height FROM true_box WHERE id < 3', 'SELECT image_id, label, nullif(score, 0.9) AS score, x, y, width, height FROM predicted_box WHERE id < 103');
SELECT outcome, truth_id FROM fma_match_boxes('SELECT nullif(id, 0) AS id, image_id, label, x, y, width, height, NULL::boolean AS iscrowd, NULL::int AS area FROM true_box WHERE id = 0', 'TABLE predicted_box LIMIT 0');

-- Errors: columns
SELECT * FROM fma_coco('SELECT image_id, x, y, width, height FROM true_box', 'TABLE predicted_box');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_coco('TABLE true_box', 'SELECT image_id, label, x, y, width, height FROM predicted_box');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_coco('TABLE true_box', 'SELECT image_id, label, score, x AS x1, y AS y1, x AS x2 FROM predicted_box');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_coco('SELECT *, x + width AS x2 FROM true_box', 'TABLE predicted_box');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_coco('SELECT *, 1 AS is_crowd FROM true_box', 'TABLE predicted_box');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_coco('TABLE true_box', 'SELECT *, 1 AS area FROM predicted_box');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_coco('TABLE predicted_box', 'TABLE predicted_box');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_coco('SELECT *, 1 AS label FROM true_box', 'TABLE predicted_box');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_coco('SELECT image_id, label, x::text, y, width, height FROM true_box', 'TABLE predicted_box');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_coco($$ SELECT id, image_id, label, x, y, width, height, 'yes' AS iscrowd FROM true_box $$, 'TABLE predicted_box');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_coco('TABLE true_box', 'SELECT image_id::text, label, score, x, y, width, height FROM predicted_box');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_coco('SELECT point(1, 1) AS image_id, label, x, y, width, height FROM true_box', 'TABLE predicted_box');
\echo :LAST_ERROR_SQLSTATE
-- Errors: values
SELECT * FROM fma_coco($$ SELECT image_id, label, CASE id WHEN 2 THEN 'NaN' ELSE x END AS x, y, width, height FROM true_box ORDER BY id $$, 'TABLE predicted_box');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_coco('TABLE true_box', $$ SELECT image_id, label, score, x, y, width, 'Infinity'::real AS height FROM predicted_box $$);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_coco('TABLE true_box', $$ SELECT image_id, label, score, x, y, 'NaN'::numeric AS width, height FROM predicted_box $$);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_coco('TABLE true_box', 'SELECT image_id, label, score, x, y, -width AS width, height FROM predicted_box');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_coco('SELECT image_id, label, x AS x1, y AS y1, x + width AS x2, y - 1e-9 AS y2 FROM true_box', 'TABLE predicted_box');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_coco('SELECT image_id, label, 1e101 AS x, y, width, height FROM true_box', 'TABLE predicted_box');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_coco('SELECT image_id, label, x, y, width, height, -1 AS area FROM true_box', 'TABLE predicted_box');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_coco('TABLE true_box', 'SELECT image_id, label, score * 100 AS score, x, y, width, height FROM predicted_box');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_coco('TABLE true_box', $$ SELECT image_id, label, 'NaN'::float8 AS score, x, y, width, height FROM predicted_box $$);
\echo :LAST_ERROR_SQLSTATE
SELECT fma_box_confusion($$ SELECT image_id, 'background' AS label, x, y, width, height FROM true_box $$, 'TABLE predicted_box');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_coco('SELECT 1 AS image_id, i AS label, 0 AS x, 0 AS y, 1 AS width, 1 AS height FROM generate_series(1, 16400) AS i', 'TABLE predicted_box');
\echo :LAST_ERROR_SQLSTATE
-- Errors: arguments
SELECT * FROM fma_coco(NULL, 'TABLE predicted_box');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_match_boxes('TABLE true_box', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_match_boxes('TABLE true_box', 'TABLE predicted_box', conf := 50);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_match_boxes('TABLE true_box', 'TABLE predicted_box', iou := 'NaN');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_match_boxes('TABLE true_box', 'TABLE predicted_box', iou := NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT fma_box_confusion('TABLE true_box', 'TABLE predicted_box', across_labels := NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT fma_box_confusion('TABLE true_box', 'TABLE predicted_box', background := NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_coco('TABLE true_box', 'TABLE predicted_box', 0);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_coco('TABLE true_box', 'DELETE FROM predicted_box RETURNING *');
\echo :LAST_ERROR_SQLSTATE

-- The caller's rights
CREATE ROLE fma_boxes_reader;
SET ROLE fma_boxes_reader;
SELECT * FROM fma_coco('TABLE true_box', 'TABLE predicted_box');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;

-- Memory: of one image, not of all; and a bound on what is kept
SET fma.search_memory = '1MB';
SET work_mem = '64kB';
SELECT count(*) FROM fma_match_boxes('SELECT i AS image_id, 1 AS label, 0 AS x, 0 AS y, 1 AS width, 1 AS height FROM generate_series(1, 50000) AS i',
	'SELECT i AS image_id, 1 AS label, 1 AS score, 0 AS x, 0 AS y, 1 AS width, 1 AS height FROM generate_series(50000, 1, -1) AS i');
SELECT count(*) FROM fma_match_boxes('SELECT 1 AS image_id, 1 AS label, 0 AS x, 0 AS y, 1 AS width, 1 AS height FROM generate_series(1, 50000) AS i', 'TABLE predicted_box');
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM fma_coco('TABLE true_box', 'SELECT i AS image_id, 1 AS label, 1 AS score, 0 AS x, 0 AS y, 1 AS width, 1 AS height FROM generate_series(1, 50000) AS i');
\echo :LAST_ERROR_SQLSTATE
RESET work_mem;
RESET fma.search_memory;
-- Cancels while reading, matching and comparing; nothing is left behind
\set VERBOSITY terse
SET statement_timeout = 50;
SELECT * FROM fma_coco('SELECT i AS image_id, 1 AS label, 0 AS x, 0 AS y, 1 AS width, 1 AS height FROM generate_series(1, 100000000) AS i', 'TABLE predicted_box');
SET statement_timeout = 300;
SELECT * FROM fma_coco('SELECT 1 AS image_id, 1 AS label, 0 AS x, 0 AS y, 1 AS width, 1 AS height FROM generate_series(1, 20000) AS i',
	'SELECT 1 AS image_id, 1 AS label, 0.5 AS score, 0 AS x, 0 AS y, 1 AS width, 1 AS height FROM generate_series(1, 20000) AS i', 1000000);
SELECT fma_box_confusion('SELECT 1 AS image_id, 1 AS label, 0 AS x, 0 AS y, 1 AS width, 1 AS height FROM generate_series(1, 50000) AS i',
	'SELECT 1 AS image_id, 2 AS label, 0.5 AS score, 0 AS x, 0 AS y, 1 AS width, 1 AS height FROM generate_series(1, 50000) AS i');
RESET statement_timeout;
\set VERBOSITY default
SELECT count(*) FROM pg_backend_memory_contexts WHERE name LIKE 'fma%';
DROP ROLE fma_boxes_reader;
DROP TABLE true_box, predicted_box;

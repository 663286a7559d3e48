-- fma_boxes: the surface, edge cases, errors
\set VERBOSITY default
\pset format unaligned
\pset tuples_only on
CREATE TABLE found (image_id int, label text, x float8, y float8, width float8, height float8, score float8);
INSERT INTO found VALUES (1, 'cat', 1, 0, 10, 10, 0.9), (1, 'cat', 20, 20, 10, 10, 0.8), (2, 'cat', 0, 0, 50, 50, 0.7), (2, 'dog', 60, 0, 20, 20, 0.75), (2, NULL, 60, 0, 20, 20, 0.75), (2, 'dog', 60, 0, 20, 20, NULL);

-- the aggregate
SELECT image_id, fma_boxes(label, x, y, width, height) FROM found GROUP BY 1 ORDER BY 1;
SELECT image_id, fma_boxes(label, x, y, width, height, score) FROM found GROUP BY 1 ORDER BY 1;
SELECT image_id, fma_boxes(label, x, y, width, height, score, x > 50, width + 1) FROM found GROUP BY 1 ORDER BY 1;
SELECT fma_boxes('a', 1, 2, 3, 4), fma_boxes('', -0.0, 1e100, 0, 5e-324, 0), fma_boxes('a "b"\c', 1, 2, 3, 4, NULL, NULL, 12), fma_boxes('a', 1, 2, 3, 4, NULL, true, 0);
SELECT fma_boxes(label, x, y, width, height) FROM found WHERE false;
SELECT fma_rollup(b), fma_rollup(b) = fma_rollup(b) FILTER (WHERE b <> '[]') FROM (VALUES ('[]'::fma_boxes), ('[{"label": "b", "x": 1, "y": 1, "width": 1, "height": 1}]'), (NULL), ('[{"label": "a", "x": 1, "y": 1, "width": 1, "height": 1}]')) AS v(b);
SELECT '[{"label": "b", "x": 1, "y": 1, "width": 1, "height": 1}]'::fma_boxes + '[{"label": "a", "x": 1, "y": 1, "width": 1, "height": 1}, {"label": "b", "x": 1, "y": 1, "width": 1, "height": 1}]', NULL + '[]'::fma_boxes;
-- back to rows
SELECT b.* FROM jsonb_to_recordset((SELECT fma_boxes(label, x, y, width, height, score) FROM found WHERE image_id = 1)::text::jsonb) AS b(label text, x float8, y float8, width float8, height float8, score float8);

-- errors of its arguments
SELECT fma_boxes('a', 'NaN', 2, 3, 4);
\echo :LAST_ERROR_SQLSTATE
SELECT fma_boxes('a', 1, '-Infinity', 3, 4);
\echo :LAST_ERROR_SQLSTATE
SELECT fma_boxes('a', 1, 2, -3, 4);
\echo :LAST_ERROR_SQLSTATE
SELECT fma_boxes('a', 1, 2, 3, 1.1e100);
\echo :LAST_ERROR_SQLSTATE
SELECT fma_boxes('a', 1, 2, 3, 4, 95);
\echo :LAST_ERROR_SQLSTATE
SELECT fma_boxes('a', 1, 2, 3, 4, 'NaN');
\echo :LAST_ERROR_SQLSTATE
SELECT fma_boxes('a', 1, 2, 3, 4, NULL, NULL, -1);
\echo :LAST_ERROR_SQLSTATE
SELECT fma_boxes('a', 1, 2, 3, 4) FROM generate_series(1, 500001);
\echo :LAST_ERROR_SQLSTATE
SELECT length(fma_boxes('a', i, 2, 3, 4)::text::fma_boxes::text) FROM generate_series(1, 500000) AS i;
SELECT fma_boxes(repeat('a', 1000000), 1, 2, 3, 4) FROM generate_series(1, 70);
\echo :LAST_ERROR_SQLSTATE

-- the text form
SELECT ' [ ] '::fma_boxes, '[{"area": 0, "iscrowd": true, "score": 1e-3, "height": 4.50, "width": 3, "y": 2, "x": 1, "label": "\u00e9"}, {"height": 0, "width": 0, "y": 0, "x": -1e100, "label": "a"}]'::fma_boxes;
CREATE FUNCTION pg_temp.error_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
	hint text;
BEGIN
	EXECUTE query;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' | ', SQLSTATE || ': ' || SQLERRM, 'detail: ' || nullif(detail, ''), 'hint: ' || nullif(hint, ''));
END $$;
SELECT t, pg_temp.error_of(format('SELECT %L::fma_boxes', t)) FROM unnest(ARRAY['null', '{}', '1', '"x"', '[1]', '[null]', '[[]]', '[{}]',
	'[{"label": "a", "x": 1, "y": 2, "width": 3}]', '[{"x": 1, "y": 2, "width": 3, "height": 4}]', '[{"label": 7, "x": 1, "y": 2, "width": 3, "height": 4}]', '[{"label": null, "x": 1, "y": 2, "width": 3, "height": 4}]',
	'[{"label": "a", "x": "1", "y": 2, "width": 3, "height": 4}]', '[{"label": "a", "x": null, "y": 2, "width": 3, "height": 4}]', '[{"label": "a", "x": 1e101, "y": 2, "width": 3, "height": 4}]', '[{"label": "a", "x": 1e400, "y": 2, "width": 3, "height": 4}]',
	'[{"label": "a", "x": 1, "y": 2, "width": -3, "height": 4}]', '[{"label": "a", "x": 1, "y": 2, "width": 3, "height": -1e-300}]', '[{"label": "a", "x": 1, "y": 2, "width": 3, "height": 4, "score": 1.5}]',
	'[{"label": "a", "x": 1, "y": 2, "width": 3, "height": 4, "score": "0.5"}]', '[{"label": "a", "x": 1, "y": 2, "width": 3, "height": 4, "score": null}]', '[{"label": "a", "x": 1, "y": 2, "width": 3, "height": 4, "iscrowd": 1}]',
	'[{"label": "a", "x": 1, "y": 2, "width": 3, "height": 4, "area": -1}]', '[{"label": "a", "x": 1, "y": 2, "width": 3, "height": 4, "scores": 0.5}]', '[{"label": "a", "bbox": [1, 2, 3, 4]}]'
]) AS t;
SELECT t FROM unnest(ARRAY['', '[', '[{"label": "a", "x": NaN, "y": 2, "width": 3, "height": 4}]', '[{"label": "\u0000", "x": 1, "y": 2, "width": 3, "height": 4}]']) AS t WHERE pg_temp.error_of(format('SELECT %L::fma_boxes', t)) !~ '^(22P02|22P05): ';
-- which box it was
SELECT '[{"label": "a", "x": 1, "y": 2, "width": 3, "height": 4}, {"label": "a", "x": 1, "y": 2, "width": -3, "height": 4}]'::fma_boxes;
\echo :LAST_ERROR_SQLSTATE

-- the confusion of an image
CREATE TABLE image (id int, truth fma_boxes, prediction fma_boxes);
INSERT INTO image VALUES
	(1, '[{"label": "cat", "x": 0, "y": 0, "width": 10, "height": 10}, {"label": "dog", "x": 20, "y": 20, "width": 10, "height": 10}]', '[{"label": "cat", "x": 1, "y": 0, "width": 10, "height": 10, "score": 0.9}, {"label": "cat", "x": 20, "y": 20, "width": 10, "height": 10, "score": 0.8}]'),
	(2, '[{"label": "dog", "x": 60, "y": 0, "width": 40, "height": 40, "iscrowd": true}]', '[{"label": "dog", "x": 60, "y": 0, "width": 20, "height": 20}, {"label": "dog", "x": 80, "y": 20, "width": 20, "height": 20}, {"label": "pig", "x": 5, "y": 5, "width": 5, "height": 5, "score": 0.6}]'),
	(3, '[]', '[]'), (4, NULL, '[]'), (5, '[]', NULL);
SELECT id, fma_image_confusion(truth, prediction) FROM image ORDER BY id;
SELECT id, fma_image_confusion(truth, prediction, across_labels => false, conf => 0.65, iou => 0.9, background => '-') FROM image WHERE id < 3 ORDER BY id;
SELECT fma_image_confusion(truth, prediction, conf => 1), fma_image_confusion(truth, prediction, iou => 1) FROM image WHERE id = 1;
-- of equal scores the left one comes first; of truths that overlap equally, the last is found
SELECT fma_image_confusion('[{"label": "a", "x": 0, "y": 0, "width": 2, "height": 2}]', '[{"label": "a", "x": 1, "y": 0, "width": 2, "height": 2, "score": 0.5}, {"label": "a", "x": 0, "y": 0, "width": 2, "height": 2, "score": 0.5}, {"label": "b", "x": 0, "y": 0, "width": 2, "height": 2, "score": 0.5}]', iou => 0.3);
SELECT fma_image_confusion('[{"label": "a", "x": 0, "y": 0, "width": 2, "height": 2}, {"label": "b", "x": 0, "y": 0, "width": 2, "height": 2}]', '[{"label": "c", "x": 0, "y": 0, "width": 2, "height": 2}]');
-- boxes that touch, and boxes without an area
SELECT fma_image_confusion('[{"label": "a", "x": 0, "y": 0, "width": 2, "height": 2}]', '[{"label": "a", "x": 2, "y": 0, "width": 2, "height": 2}, {"label": "a", "x": 0, "y": 0, "width": 0, "height": 0}]', 0, 0);
SELECT pg_temp.error_of(format('SELECT fma_image_confusion(truth, prediction, %s) FROM image WHERE id = 1', a)) FROM unnest(ARRAY[
	'conf => 1.5', $$conf => 'NaN'$$, 'conf => NULL', 'iou => -0.1', 'iou => NULL', 'across_labels => NULL', 'background => NULL', $$background => 'cat'$$]) AS a;
SELECT pg_temp.error_of($$SELECT fma_image_confusion('[]', '[]', conf => 2)$$);

-- a cancel
SET statement_timeout = '300ms';
SELECT fma_image_confusion(b, b, 0, 0) FROM (SELECT fma_boxes('a', i, 0, 1, 1) AS b FROM generate_series(1, 60000) AS i) AS many;
\echo :LAST_ERROR_SQLSTATE
RESET statement_timeout;

-- hashing
SELECT count(*) FROM (SELECT truth AS b FROM image UNION SELECT prediction FROM image) AS u;

DROP TABLE found, image;

-- fma_mask: the surface, and every error
\pset null NULL
\pset format unaligned
\pset tuples_only on
CREATE FUNCTION error_of(query text) RETURNS text LANGUAGE plpgsql AS $$
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

-- from bytes, one or two a pixel
SELECT fma_mask_from_bytes('\x000000010101', 3, 2), fma_mask_from_bytes('\x000000010101', 2, 3), fma_mask_from_bytes('\xff', 1, 1);
SELECT fma_mask_from_bytes('\x0000000000000001ffff0100', 3, 2), fma_mask_from_bytes('\x0001', 1, 1);
SELECT fma_mask_from_bytes(NULL, 1, 1), fma_mask_from_bytes('\x00', NULL, 1), fma_mask_from_bytes('\x00', 1, NULL);
SELECT error_of($$SELECT fma_mask_from_bytes('\x0000', 3, 2)$$);
SELECT error_of($$SELECT fma_mask_from_bytes('', 3, 2)$$);
SELECT error_of($$SELECT fma_mask_from_bytes('\x000000', 1, 1)$$);
SELECT error_of($$SELECT fma_mask_from_bytes('\x00', 0, 1)$$), error_of($$SELECT fma_mask_from_bytes('\x00', 1, -1)$$);
SELECT error_of($$SELECT fma_mask_from_bytes('\x00', 32769, 1)$$), error_of($$SELECT fma_mask_from_bytes('\x00', 2147483647, 2147483647)$$);
SELECT fma_mask_from_bytes(decode(repeat('07', 32768), 'hex'), 32768, 1), fma_mask_from_bytes(decode(repeat('07', 32768), 'hex'), 1, 32768);

-- and back
CREATE TABLE m (id int, m fma_mask);
INSERT INTO m VALUES (1, '{"width": 4, "height": 3, "runs": "0:5 1:2 0:2 2:3"}'), (2, '{"width": 4, "height": 3, "runs": "0:5 1:3 300:4"}'), (3, NULL);
SELECT fma_mask_to_bytes(m), fma_mask_to_bytes(m, 2), fma_mask_to_bytes(m, NULL) FROM m ORDER BY id;
SELECT error_of($$SELECT fma_mask_to_bytes(m, 1) FROM m WHERE id = 2$$);
SELECT error_of($$SELECT fma_mask_to_bytes(m, 3) FROM m WHERE id = 2$$), error_of($$SELECT fma_mask_to_bytes(m, 0) FROM m$$);
SELECT error_of($$SELECT fma_mask_to_bytes('{"width": 32768, "height": 32768, "runs": "0:1073741824"}')$$);

-- size, areas
SELECT (fma_mask_size(m)).* FROM m ORDER BY id;
SELECT m.id, a.* FROM m, fma_mask_areas(m) AS a ORDER BY 1, 2;
SELECT a.* FROM m, fma_mask_areas(m, '{"0": "ground", "1": "car", "2": "car", "300": "sky"}') AS a WHERE m.id = 1;
SELECT error_of($$SELECT fma_mask_areas(m, '{"0": "ground", "1": "car"}') FROM m$$);
SELECT error_of($$SELECT fma_mask_areas(m, '{"0": "ground", "1": 7}') FROM m$$);
SELECT error_of($$SELECT fma_mask_areas(m, '["ground", "car"]') FROM m$$), error_of($$SELECT fma_mask_areas(m, '1') FROM m$$);

-- = and hash
SELECT count(*) FROM (SELECT m FROM m UNION ALL SELECT m::text::fma_mask FROM m) AS u GROUP BY m;
SELECT a.id, b.id, a.m = b.m, a.m <> b.m FROM m AS a, m AS b ORDER BY 1, 2;
SELECT fma_mask_from_bytes('\x0000', 2, 1) = fma_mask_from_bytes('\x0000', 1, 2);

-- the text form: any JSON layout; runs of one label side by side become one
SELECT '{"runs":"7:1","height":1,"width":1}'::fma_mask, '{"width": 2, "height": 2, "runs": "7:1 7:1 007:1 1:01", "more": null}'::fma_mask;
SELECT t, error_of(format('SELECT %L::fma_mask', t)) FROM unnest(ARRAY[
	'', '{}', '[]', '"x"', '{"width": 1, "height": 1}', '{"width": 1, "runs": "0:1"}', '{"height": 1, "runs": "0:1"}',
	'{"width": 0, "height": 1, "runs": ""}', '{"width": 1, "height": -1, "runs": "0:1"}', '{"width": 32769, "height": 1, "runs": "0:32769"}',
	'{"width": 1.5, "height": 1, "runs": "0:1"}', '{"width": "1", "height": 1, "runs": "0:1"}', '{"width": 1, "height": 1, "runs": [0, 1]}',
	'{"width": 2, "height": 1, "runs": ""}', '{"width": 2, "height": 1, "runs": "0:1"}', '{"width": 2, "height": 1, "runs": "0:3"}', '{"width": 2, "height": 1, "runs": "0:1 1:2"}',
	'{"width": 2, "height": 1, "runs": "0:0 1:2"}', '{"width": 2, "height": 1, "runs": "0:-1 1:2"}', '{"width": 2, "height": 1, "runs": "-1:2"}', '{"width": 2, "height": 1, "runs": "65536:2"}',
	'{"width": 2, "height": 1, "runs": "0:1  1:1"}', '{"width": 2, "height": 1, "runs": " 0:2"}', '{"width": 2, "height": 1, "runs": "0:2 "}', '{"width": 2, "height": 1, "runs": "0:1,1:1"}',
	'{"width": 2, "height": 1, "runs": "0"}', '{"width": 2, "height": 1, "runs": "0:"}', '{"width": 2, "height": 1, "runs": ":2"}', '{"width": 2, "height": 1, "runs": "0:2e0"}',
	'{"width": 2, "height": 1, "runs": "0:4294967298"}', '{"width": 2, "height": 1, "runs": "0:99999999999999999999999999"}', '{"width": 2, "height": 1, "runs": "99999999999999999999999999:2"}'
]) AS t;
SELECT '{"width": 32768, "height": 32768, "runs": "65535:1073741824"}'::fma_mask, '{"width": 32768, "height": 32768, "runs": "0:1 65535:1073741823"}'::fma_mask;

-- COCO's run-length encoding (the string of the first is the one of the second)
SELECT fma_mask_from_rle('{"size": [3, 4], "counts": "132O2"}'), fma_mask_from_rle('{"size": [3, 4], "counts": [1, 3, 2, 2, 4]}');
SELECT fma_mask_to_rle(m), fma_mask_to_rle(m, false), fma_mask_to_rle(m, false, NULL), fma_mask_to_rle(m, true, 1), fma_mask_to_rle(m, NULL) FROM m ORDER BY id;
SELECT fma_mask_from_rle(fma_mask_to_rle(m)) = m, fma_mask_from_rle(fma_mask_to_rle(m, false, NULL), 7) = m, fma_mask_from_rle(fma_mask_to_rle(m, true, 1), 1) = m FROM m ORDER BY id;
SELECT fma_mask_from_rle('{"size": [1, 3], "counts": [0, 1, 2], "category_id": 0}', 255), fma_mask_from_rle('{"size": [1, 3], "counts": [3]}'), fma_mask_from_rle('{"size": [1, 3], "counts": [0, 0, 1, 0, 0, 2]}');
-- an annotation; objects that cover each other
SELECT fma_mask_from_rle('{"id": 1, "category_id": 9, "bbox": [0, 0, 1, 1], "segmentation": {"size": [1, 3], "counts": [1, 2]}}');
SELECT fma_mask_from_rle('[{"size": [1, 6], "counts": [0, 4, 2], "category_id": 1}, {"size": [1, 6], "counts": [2, 3, 1], "category_id": 2}, {"size": [1, 6], "counts": [3, 1, 2], "category_id": 3}]');
SELECT fma_mask_to_rle('{"width": 2, "height": 1, "runs": "0:2"}'), fma_mask_from_rle(NULL), fma_mask_from_rle('[]', NULL);
SELECT t, error_of(format('SELECT fma_mask_from_rle(%L)', t)) FROM unnest(ARRAY[
	'[]', '{}', 'null', '1', '"x"', '[1]', '[[]]', '[{}]', '{"size": [3, 4]}', '{"counts": [12]}', '{"size": 3, "counts": [12]}', '{"size": [3], "counts": [12]}', '{"size": [3, 4, 5], "counts": [12]}',
	'{"size": [0, 4], "counts": []}', '{"size": [-3, -4], "counts": [12]}', '{"size": [32769, 1], "counts": [32769]}', '{"size": ["3", 4], "counts": [12]}', '{"size": [4294967297, 4294967297], "counts": [1]}',
	'{"size": [3, 4], "counts": []}', '{"size": [3, 4], "counts": ""}', '{"size": [3, 4], "counts": 12}', '{"size": [3, 4], "counts": null}', '{"size": [3, 4], "counts": {"a": 1}}', '{"size": [3, 4], "counts": ["12"]}',
	'{"size": [3, 4], "counts": [11]}', '{"size": [3, 4], "counts": [13]}', '{"size": [3, 4], "counts": [6, 7]}', '{"size": [3, 4], "counts": [-1, 13]}', '{"size": [3, 4], "counts": [13, -1]}', '{"size": [3, 4], "counts": [1.5]}',
	'{"size": [3, 4], "counts": [4294967295, 4294967295]}', '{"size": [3, 4], "counts": [4294967308]}', '{"size": [3, 4], "counts": [1e30]}', '{"size": [32768, 32768], "counts": [1073741824, 1073741824, 1073741824, 1073741824]}',
	'{"size": [3, 4], "counts": "132O"}', '{"size": [3, 4], "counts": "132O3"}', '{"size": [3, 4], "counts": "132O21"}', '{"size": [3, 4], "counts": "132O2P"}', '{"size": [3, 4], "counts": "132Poooooooooooo0"}', '{"size": [3, 4], "counts": "132oooooooO"}',
	'{"size": [3, 4], "counts": "O="}', '{"size": [3, 4], "counts": "1 3"}', '{"size": [3, 4], "counts": "1p3"}', '{"size": [3, 4], "counts": "1\u00e93"}', '{"size": [3, 4], "counts": "1\n"}',
	'{"size": [1, 3], "counts": [3], "category_id": -1}', '{"size": [1, 3], "counts": [3], "category_id": 65536}', '{"size": [1, 3], "counts": [3], "category_id": "car"}',
	'[{"size": [1, 3], "counts": [3]}, {"size": [3, 1], "counts": [3]}]', '[{"size": [1, 3], "counts": [3]}, {"size": [1, 3], "counts": [2]}]', '[{"size": [1, 3], "counts": [3]}, null]',
	'{"segmentation": [[1, 2, 3, 4, 5, 6]], "category_id": 1}', '{"segmentation": null, "size": [1, 3], "counts": [3]}', '{"segmentation": "x"}'
]) AS t;
SELECT error_of($$SELECT fma_mask_from_rle('{"size": [1, 3], "counts": [3]}', -1)$$), error_of($$SELECT fma_mask_from_rle('{"size": [1, 3], "counts": [3]}', 65536)$$),
	error_of($$SELECT fma_mask_to_rle(m, true, 65536) FROM m$$);

-- more runs than a mask may have: stripes of one pixel, turned from rows to columns
SELECT error_of(format('SELECT fma_mask_to_rle(%L)', '{"width": 32768, "height": 1024, "runs": "' || string_agg(i % 2 || ':32768', ' ') || '"}')) FROM generate_series(1, 1024) AS i;

-- confusion: by number and by name, ignoring 255 of the truth unless told otherwise
CREATE TABLE pair (t fma_mask, p fma_mask);
INSERT INTO pair VALUES (fma_mask_from_bytes('\x00000101020202ff', 4, 2), fma_mask_from_bytes('\x00010101000202ff', 4, 2)), (fma_mask_from_bytes('\x01', 1, 1), fma_mask_from_bytes('\xff', 1, 1)), (NULL, fma_mask_from_bytes('\x01', 1, 1)), (fma_mask_from_bytes('\x01', 1, 1), NULL);
SELECT fma_mask_confusion(t, p) FROM pair;
SELECT fma_mask_confusion(t, p, ignore => NULL), fma_mask_confusion(t, p, ignore => 2) FROM pair;
SELECT fma_mask_confusion(t, p, '{"0": "road", "1": "car", "2": "sky", "255": "nothing"}'), fma_mask_confusion(t, p, '{"0": "flat", "1": "object", "2": "object", "255": ""}', NULL) FROM pair;
SELECT fma_mask_confusion(t, p, '{"0": "road", "1": "car", "2": "sky"}') FROM pair LIMIT 1;
SELECT fma_rollup(fma_mask_confusion(t, p)) FROM pair;
SELECT fma_mask_confusion(fma_mask_from_bytes('\xffff', 2, 1), fma_mask_from_bytes('\x0102', 2, 1)) = '{}';
SELECT error_of($$SELECT fma_mask_confusion(t, p, '{"0": "road", "1": "car", "2": "sky"}') FROM pair$$);
SELECT error_of($$SELECT fma_mask_confusion(t, p, '{"0": "road", "2": "sky"}') FROM pair$$);
SELECT error_of($$SELECT fma_mask_confusion(t, p, '{"0": "road", "1": null, "2": "sky"}') FROM pair$$), error_of($$SELECT fma_mask_confusion(t, p, '[]') FROM pair$$);
SELECT error_of($$SELECT fma_mask_confusion(t, p, NULL, -1) FROM pair$$), error_of($$SELECT fma_mask_confusion(t, p, NULL, 65536) FROM pair$$);
SELECT error_of($$SELECT fma_mask_confusion('{"width": 2, "height": 3, "runs": "0:6"}', '{"width": 3, "height": 2, "runs": "0:6"}')$$);

-- IoU
SELECT fma_mask_iou(t, p), fma_mask_iou(t, p, 0), fma_mask_iou(t, p, 2), fma_mask_iou(t, p, 7), fma_mask_iou(t, t, 255) FROM pair;
SELECT error_of($$SELECT fma_mask_iou(t, p, -1) FROM pair$$), error_of($$SELECT fma_mask_iou(t, p, 65536) FROM pair$$);
SELECT error_of($$SELECT fma_mask_iou('{"width": 2, "height": 3, "runs": "0:6"}', '{"width": 3, "height": 2, "runs": "0:6"}')$$);

-- segments: all pixels of a label are one
CREATE TABLE segment (id int, truth fma_mask, prediction fma_mask);
INSERT INTO segment VALUES (1, fma_mask_from_bytes('\x00010101020202ff', 4, 2), fma_mask_from_bytes('\x0001010302020401', 4, 2)), (2, fma_mask_from_bytes('\x0101', 2, 1), fma_mask_from_bytes('\x0202', 2, 1)), (3, NULL, fma_mask_from_bytes('\x00', 1, 1));
SELECT iou, fma_segment_confusion(truth, prediction, iou) FROM segment, unnest(ARRAY[0, 0.66, 0.67, 1]) AS iou WHERE id = 1 ORDER BY 1;
SELECT id, fma_segment_confusion(truth, prediction) FROM segment WHERE id > 1 ORDER BY 1;
-- a label that is the background makes no segment
SELECT fma_segment_confusion(truth, prediction, background => '2') FROM segment WHERE id = 1;
-- two segments of one name are one; the ignored label
SELECT fma_segment_confusion(truth, prediction, 0.6, '{"0": "ground", "1": "car", "2": "car", "3": "sky", "4": "sky", "255": "?"}') FROM segment WHERE id = 1;
SELECT fma_segment_confusion(truth, prediction, 0.5, NULL, NULL, '-'), fma_segment_confusion(truth, prediction, ignore => 0), fma_segment_confusion(truth, truth, 1, ignore => 2) FROM segment WHERE id = 1;
SELECT error_of(format('SELECT fma_segment_confusion(truth, prediction, %s) FROM segment WHERE id = 1', a)) FROM unnest(ARRAY[
	'iou => 1.5', $$iou => 'NaN'$$, 'iou => NULL', 'background => NULL', 'ignore => -1', $$labels => '[]'$$, $$labels => '{"0": "ground"}'$$]) AS a;
SELECT error_of($$SELECT fma_segment_confusion(fma_mask_from_bytes('\x0000', 2, 1), fma_mask_from_bytes('\x0000', 1, 2))$$);

DROP TABLE m, pair, segment;
DROP FUNCTION error_of;

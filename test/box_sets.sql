-- fma_boxes: the same value from every plan, form and order; images one by one are all images together
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
BEGIN;
SELECT * FROM no_plan();

CREATE TABLE boxes_gt (box_id int, scene_id int, place text, label text, x_min int, y_min int, x_max int, y_max int, area_px int, visible float8, quadrant text, image_id int);
\copy boxes_gt FROM PROGRAM 'gzip -dc examples/scenes/boxes_gt.csv.gz' CSV HEADER
CREATE TABLE boxes_pred (box_id int, scene_id int, place text, label text, score float8, x_min int, y_min int, x_max int, y_max int, area_px int, quadrant text);
\copy boxes_pred FROM PROGRAM 'gzip -dc examples/scenes/boxes_pred.csv.gz' CSV HEADER
CREATE VIEW scenes_truth AS
SELECT scene_id AS image_id, label, x_min::float8 AS x, y_min::float8 AS y, (x_max - x_min)::float8 AS width, (y_max - y_min)::float8 AS height, false AS iscrowd, area_px::float8 AS area FROM boxes_gt;
CREATE VIEW scenes_prediction AS
SELECT scene_id AS image_id, label, x_min::float8 AS x, y_min::float8 AS y, (x_max - x_min)::float8 AS width, (y_max - y_min)::float8 AS height, score FROM boxes_pred;

-- Boxes of small integers: many ties of scores and overlaps, boxes that are there twice, crowds, images and labels of one side alone
CREATE FUNCTION noise(x bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT (x * x % 2147483647 * 48271 + x * 69621) % 2147483647 $$;
CREATE VIEW made_truth AS
SELECT noise(k) % 60 AS image_id, chr((97 + noise(k + 1) % 5)::int) AS label, noise(k + 2) % 12 AS x, noise(k + 3) % 12 AS y, noise(k + 4) % 4 AS width, 1 + noise(k + 5) % 4 AS height,
	noise(k + 6) % 12 = 0 AS iscrowd, CASE WHEN noise(k + 7) % 3 = 0 THEN 0.5::float8 END AS area
FROM generate_series(0::bigint, 899) AS i, LATERAL (SELECT i * 100 AS k) AS k;
CREATE VIEW made_prediction AS
SELECT noise(k) % 61 AS image_id, chr((98 + noise(k + 1) % 5)::int) AS label, noise(k + 2) % 12 AS x, noise(k + 3) % 12 AS y, noise(k + 4) % 4 AS width, 1 + noise(k + 5) % 4 AS height,
	noise(k + 6) % 8 / 7.0::float8 AS score
FROM generate_series(1000::bigint, 3999) AS i, LATERAL (SELECT i * 100 AS k) AS k;

-- A value for each image: those of boxes, and one without
CREATE TABLE scenes_image AS
SELECT image_id, (SELECT fma_boxes(label, x, y, width, height, NULL, iscrowd, area) FROM scenes_truth AS t WHERE t.image_id = i.image_id) AS truth,
	(SELECT fma_boxes(label, x, y, width, height, score) FROM scenes_prediction AS p WHERE p.image_id = i.image_id) AS prediction
FROM generate_series(0, 800) AS i(image_id);
CREATE TABLE made_image AS
SELECT image_id, (SELECT fma_boxes(label, x, y, width, height, NULL, iscrowd, area) FROM made_truth AS t WHERE t.image_id = i.image_id) AS truth,
	(SELECT fma_boxes(label, x, y, width, height, score) FROM made_prediction AS p WHERE p.image_id = i.image_id) AS prediction
FROM generate_series(0, 61) AS i(image_id);
SELECT is((SELECT count(*) FROM scenes_image WHERE truth = '[]' AND prediction = '[]'), 1::bigint, 'an image without boxes has values without boxes');
SELECT is((SELECT sum(jsonb_array_length(truth::text::jsonb)) FROM scenes_image), 3533::bigint, 'every true box is in one');
SELECT is((SELECT sum(jsonb_array_length(prediction::text::jsonb)) FROM scenes_image), 5803::bigint, 'and every predicted one');
SELECT ok((SELECT count(*) FROM made_truth WHERE iscrowd) > 50, 'there are crowds');

-- Images one by one are all images together; ties go by label, then from the left, which the queries say by ORDER BY
SELECT is((SELECT fma_rollup(fma_image_confusion(truth, prediction, conf, iou, across, '-')) FROM scenes_image),
	fma_box_confusion('TABLE scenes_truth ORDER BY label COLLATE "C", x, y, width, height, area', 'TABLE scenes_prediction ORDER BY label COLLATE "C", x, y, width, height', conf, iou, across, background => '-'),
	format('scenes, conf %s, iou %s, across %s', conf, iou, across))
FROM (VALUES (0.5, 0.5, true), (0.5, 0.5, false), (0.25, 0.75, true), (0, 0, true), (0.1, 1, true), (0.4, 0.8, true), (1, 0.5, true), (0, 0.01, false)) AS v(conf, iou, across);
SELECT is((SELECT fma_rollup(fma_image_confusion(truth, prediction, conf, iou, across, '-')) FROM made_image),
	fma_box_confusion('SELECT image_id, label, x, y, width, height, iscrowd, area FROM made_truth ORDER BY label COLLATE "C", x, y, width, height, coalesce(area, width * height), iscrowd', 'TABLE made_prediction ORDER BY label COLLATE "C", x, y, width, height', conf, iou, across, background => '-'),
	format('made boxes, conf %s, iou %s, across %s', conf, iou, across))
FROM (VALUES (0.5, 0.5, true), (0.5, 0.5, false), (0.25, 0.75, true), (0, 0, true), (0.1, 1, true), (0.4, 0.8, true), (1, 0.5, true), (0, 0.01, false)) AS v(conf, iou, across);
-- From test/oracle/boxes.py, as in test/boxes.sql
SELECT is((SELECT md5(string_agg(format('%s>%s=%s', truth, prediction, n), ',' ORDER BY format('%s>%s=%s', truth, prediction, n) COLLATE "C"))
		FROM fma_cells((SELECT fma_rollup(fma_image_confusion(truth, prediction, conf, iou, across, '-')) FROM scenes_image), false)), cells,
	format('scenes, conf %s, iou %s, across %s: every cell of the oracle', conf, iou, across))
FROM (VALUES (0.5, 0.5, true, '4e9f6d2b5cee841d516e532e8038f278'), (0.5, 0.5, false, '307e080dec21a93319f95bc144165d59'), (0.25, 0.75, true, 'b4fa046e1233eea92e5bfa957f5d68e1'),
	(0, 0, true, '9b9372315b8509c3eb8248681ba50b3c'), (0.1, 1, true, 'eece91bb459505c40d1c97aa3d28550f')) AS o(conf, iou, across, cells);
SELECT ok(bool_and(fma_image_confusion(truth, prediction) = fma_image_confusion(truth, prediction, 0.5, 0.5, true, 'background')), 'the defaults') FROM scenes_image;
SELECT ok(bool_and(fma_image_confusion(truth, prediction) = fma_image_confusion(truth::text::fma_boxes, prediction::text::fma_boxes)), 'whatever form a value went through') FROM made_image;
-- A truth that is compared with itself
SELECT is((SELECT fma_rollup(fma_image_confusion(truth, truth, 1, 1)) FROM scenes_image), (SELECT fma_confusion(label, label) FROM boxes_gt), 'boxes without scores are certain, and find themselves');

-- The value from every plan
CREATE TABLE box (id int, grp int, label text, x float8, y float8, width float8, height float8, score float8, iscrowd boolean, area float8) PARTITION BY LIST (grp);
DO $$ BEGIN FOR g IN 0 .. 6 LOOP EXECUTE format('CREATE TABLE box_%s PARTITION OF box FOR VALUES IN (%s)', g, g); END LOOP; END $$;
INSERT INTO box SELECT i, i % 7, CASE WHEN i % 11 > 0 THEN (ARRAY['car', 'a "quoted" car', 'é', 'E', ''])[1 + noise(k) % 5] END,
	noise(k + 1) % 50 / 3.0::float8 - 8, noise(k + 2) % 50 / 7.0::float8, noise(k + 3) % 9, 1e-5 + noise(k + 4) % 9,
	CASE WHEN noise(k + 5) % 3 > 0 THEN noise(k + 5) % 30 / 29.0::float8 END, CASE WHEN noise(k + 6) % 2 = 0 THEN noise(k + 7) % 3 = 0 END, CASE WHEN noise(k + 8) % 3 = 0 THEN noise(k + 9) % 100 / 7.0::float8 END
FROM generate_series(0::bigint, 4999) AS i, LATERAL (SELECT i * 100 AS k) AS k;
ANALYZE box;
CREATE VIEW expected AS
SELECT '[' || string_agg(format('{"label": %s, "x": %s, "y": %s, "width": %s, "height": %s%s%s%s}', to_json(label), x, y, width, height, ', "score": ' || score,
	', "area": ' || nullif(area, width * height), CASE WHEN iscrowd THEN ', "iscrowd": true' END), ', '
	ORDER BY label COLLATE "C", coalesce(score, 1) DESC, x, y, width, height, coalesce(area, width * height), iscrowd IS TRUE, score IS NOT NULL) || ']' AS text
FROM box WHERE label IS NOT NULL;
CREATE FUNCTION same(query text, what text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	value text;
BEGIN
	EXECUTE 'SELECT (' || replace(query, 'BOXES', 'fma_boxes(label, x, y, width, height, score, iscrowd, area)') || ')::text' INTO value;
	RETURN is(md5(value), (SELECT md5(text) FROM expected), what);
END $$;
CREATE FUNCTION plan_has(query text, path jsonpath) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	plan jsonb;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON, COSTS OFF) ' || query INTO plan;
	RETURN jsonb_path_exists(plan, path);
END $$;
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT same('SELECT BOXES FROM box', 'one process: the text that SQL makes');
SELECT same('SELECT fma_boxes(label, x, y, width, height, score, iscrowd, area ORDER BY id DESC) FROM box', 'rows in another order');
SELECT is((SELECT fma_boxes(label, x, y, width, height) FROM box), (SELECT fma_boxes(label, x, y, width, height, NULL, NULL, NULL) FROM box), 'labels and places alone');
SELECT is((SELECT fma_boxes(label, x, y, width, height, score) FROM box), (SELECT fma_boxes(label, x, y, width, height, score, false, width * height) FROM box WHERE score IS NOT NULL),
	'with a score: a row without one is left out');
SELECT is((SELECT fma_boxes(l, x, y, w, h, s, NULL, NULL)::text FROM (VALUES (NULL, 1, 1, 1, 1, 1), ('a', NULL, 1, 1, 1, 1), ('a', 1, NULL, 1, 1, 1), ('a', 1, 1, NULL, 1, 1), ('a', 1, 1, 1, NULL, 1)) AS v(l, x, y, w, h, s)), '[]', 'rows with a NULL');
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
SELECT ok(plan_has('SELECT fma_boxes(label, x, y, width, height) FROM box', '$.** ? (@."Node Type" like_regex "^Gather" && exists(@.** ? (@."Partial Mode" == "Partial")))'), 'the next runs in parallel');
SELECT same('SELECT BOXES FROM box', 'parallel');
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL enable_partitionwise_aggregate = on;
SELECT ok(plan_has('SELECT fma_boxes(label, x, y, width, height) FROM box', '$.** ? (@."Node Type" == "Append" && exists(@.** ? (@."Partial Mode" == "Partial")))'), 'the next runs by partition');
SELECT same('SELECT BOXES FROM box', 'partitionwise');
RESET enable_partitionwise_aggregate;
CREATE TABLE stored AS SELECT id, fma_boxes(label, x, y, width, height, score, iscrowd, area) AS b FROM box GROUP BY id;
CREATE TABLE plain AS SELECT grp, fma_boxes(label, x, y, width, height, score, iscrowd, area) AS b FROM box GROUP BY grp;
ANALYZE stored;
SELECT same('SELECT fma_rollup(b) FROM plain', 'a rollup of groups');
SELECT same('SELECT fma_rollup(b) FROM stored', 'of single boxes and of values without one');
SELECT same('SELECT fma_rollup(b ORDER BY id DESC) FROM stored', 'in another order');
SET LOCAL max_parallel_workers_per_gather = 2;
SELECT ok(plan_has('SELECT fma_rollup(b) FROM stored', '$.** ? (@."Node Type" like_regex "^Gather" && exists(@.** ? (@."Partial Mode" == "Partial")))'), 'the next runs in parallel');
SELECT same('SELECT fma_rollup(b) FROM stored', 'a parallel rollup');
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT same('SELECT fma_rollup(b::text::fma_boxes) FROM stored', 'text round trip');
SELECT same('SELECT a.b + (SELECT fma_rollup(b) FROM plain WHERE grp <> 3) FROM plain AS a WHERE grp = 3', '+');
SELECT same('SELECT fma_boxes_combine(fma_boxes_final(BOXES)::text::fma_boxes, (SELECT BOXES FROM box WHERE grp < 4)::text::fma_boxes) FROM box WHERE grp >= 4', 'out, in, combine');
SELECT same('SELECT BOXES FILTER (WHERE id < 0) + BOXES FROM box', 'beside an empty filter');
SELECT is((SELECT (fma_boxes(label, x, y, width, height) FILTER (WHERE id < 0))::text FROM box), '[]', 'an empty FILTER');
SELECT is((SELECT (fma_rollup(b) FILTER (WHERE id < 0))::text FROM stored), '[]', 'and a rollup of none');
SELECT is((SELECT fma_rollup(b)::text FROM stored WHERE false), '[]', 'no rows');
SELECT ok((b + b) = fma_boxes_combine(b, b) AND jsonb_array_length(b::text::jsonb) = 1 AND b + '[]' = b AND '[]' + b = b, '+ leaves its arguments alone; the empty value adds nothing') FROM stored WHERE id = 1;

CREATE TEMP VIEW series AS SELECT * FROM box WHERE id <= 300;
SELECT ok(count(*) = 301 AND bool_and(r.b = (SELECT fma_boxes(label, x, y, width, height, score, iscrowd, area) FROM series AS s WHERE s.id <= r.id)), 'a running window')
	FROM (SELECT id, fma_boxes(label, x, y, width, height, score, iscrowd, area) OVER (ORDER BY id) AS b FROM series) AS r;
SELECT ok(count(*) = 301 AND bool_and(r.b = (SELECT fma_boxes(label, x, y, width, height, score, iscrowd, area) FROM series AS s WHERE s.id BETWEEN r.id - 30 AND r.id + 3)), 'a moving window')
	FROM (SELECT id, fma_boxes(label, x, y, width, height, score, iscrowd, area) OVER (ORDER BY id ROWS BETWEEN 30 PRECEDING AND 3 FOLLOWING) AS b FROM series) AS r;
SELECT ok(count(*) = 301 AND bool_and(r.b = (SELECT fma_rollup(s.b) FROM stored AS s WHERE s.id BETWEEN r.id - 30 AND r.id)), 'a moving rollup')
	FROM (SELECT id, fma_rollup(b) OVER (ORDER BY id ROWS 30 PRECEDING) AS b FROM stored WHERE id <= 300) AS r;

CREATE FUNCTION copy_round_trip(format text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	file text := current_setting('data_directory') || '/fma_test_box_sets';
BEGIN
	CREATE TEMP TABLE back (grp int, b fma_boxes) ON COMMIT DROP;
	EXECUTE format('COPY plain TO %L (FORMAT %s)', file, format);
	EXECUTE format('COPY back FROM %L (FORMAT %s)', file, format);
	RETURN (SELECT count(*) = 7 AND bool_and(plain.b = back.b AND fma_boxes_send(plain.b) = fma_boxes_send(back.b)) FROM plain JOIN back USING (grp));
END $$;
SELECT ok(copy_round_trip('binary'), 'binary COPY is lossless');
DROP TABLE back;
SELECT ok(copy_round_trip('text'), 'COPY is lossless');

-- = and hash
SELECT ok((SELECT count(*) FROM (SELECT DISTINCT b FROM (TABLE plain UNION ALL SELECT grp, b::text::fma_boxes FROM plain) AS u) AS d) = 7, 'hashed') WHERE set_config('enable_sort', 'off', true) = 'off';
SELECT is((SELECT count(*) FROM plain AS a JOIN plain AS b USING (b)), 7::bigint, 'joined by =');
SELECT ok('[]'::fma_boxes <> '[{"label": "a", "x": 0, "y": 0, "width": 1, "height": 1}]' AND NOT '[]'::fma_boxes <> '[]', '<>');
SELECT ok('[{"label": "a", "x": 0, "y": 0, "width": 1, "height": 1, "score": 1}]'::fma_boxes <> '[{"label": "a", "x": 0, "y": 0, "width": 1, "height": 1}]', 'a score of 1 is a score');
SELECT ok('[{"label": "a", "x": 0, "y": -0.0, "width": 1, "height": 1, "area": 1.0, "iscrowd": false}]'::fma_boxes = '[{"iscrowd": false, "y": 0, "x": 0, "label": "a", "height": 1e0, "width": 1}]', 'an area of width x height is none of its own');
SELECT is(fma_boxes_hash('[{"label": "a", "x": 0, "y": -0.0, "width": 1, "height": 1, "area": 1.0}]'), fma_boxes_hash('[{"y": 0, "x": 0, "label": "a", "height": 1e0, "width": 1}]'), 'equal values hash equally');

-- Frozen layouts, and bytes from outside
CREATE TABLE bytes (b bytea);
CREATE TABLE received (b fma_boxes);
CREATE FUNCTION receive(b bytea) RETURNS fma_boxes LANGUAGE plpgsql AS $$
DECLARE
	file text := current_setting('data_directory') || '/fma_test_box_sets';
	result fma_boxes;
BEGIN
	DELETE FROM bytes;
	DELETE FROM received;
	INSERT INTO bytes VALUES (b);
	EXECUTE format('COPY bytes TO %L (FORMAT binary)', file);
	EXECUTE format('COPY received FROM %L (FORMAT binary)', file);
	SELECT received.b INTO STRICT result FROM received;
	RETURN result;
END $$;
CREATE FUNCTION pg_temp.state_of(query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE query;
	RETURN 'none';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
\set one '\\x0100000001' '00000003' '636172' '00' '3ff0000000000000' 'c000000000000000' '4008000000000000' '4010000000000000'
\set two '\\x0100000002' '00000001' '61' '07' '3fe0000000000000' '0000000000000000' '3ff0000000000000' '3ff0000000000000' '3fe8000000000000' '4024000000000000' '00000001' '62' '01' '0000000000000000' '0000000000000000' '0000000000000000' '0000000000000000' '3fd0000000000000'
SELECT is(fma_boxes_send('[{"label": "car", "x": 1, "y": -2, "width": 3, "height": 4}]'), :'one', 'frozen binary form, version 1');
SELECT is(receive(:'one')::text, '[{"label": "car", "x": 1, "y": -2, "width": 3, "height": 4}]', 'frozen text form');
SELECT is(receive(:'two')::text, '[{"label": "a", "x": 0.5, "y": 0, "width": 1, "height": 1, "score": 0.75, "area": 10, "iscrowd": true}, {"label": "b", "x": 0, "y": 0, "width": 0, "height": 0, "score": 0.25}]', 'with all that a box can have');
SELECT is(fma_boxes_send(receive(:'two')), :'two', 'and back');
SELECT is(receive('\x0100000000')::text, '[]', 'no boxes');
-- The stored layout: header, then x, y, width, height, area, score, flags, label
CREATE TABLE frozen (b fma_boxes);
ALTER TABLE frozen ALTER b SET STORAGE plain;
INSERT INTO frozen VALUES ('[]'), ('[{"label": "car", "x": 1, "y": -2, "width": 3, "height": 4, "score": 0.5}]');
SELECT is((SELECT array_agg(pg_column_size(b) ORDER BY 1) FROM frozen), ARRAY[13, 77], 'stored size: 16 bytes, 56 for a box, and its label (three bytes less with a short header)');
SELECT throws_ok(format('SELECT receive(%L)', b), state, message, format('%s is refused', b))
	FROM (VALUES ('\x', '08P01', 'no data left in message'), ('\x01', '08P01', 'insufficient data left in message'),
		('\x00', '22P03', 'unknown version 0 of the binary form of type fma_boxes'), ('\x0200000000', '22P03', 'unknown version 2 of the binary form of type fma_boxes'),
		('\x010000000000', '22P03', 'invalid binary form of type fma_boxes'), ('\x0100000001', '08P01', 'insufficient data left in message'),
		('\x01ffffffff', '08P01', 'insufficient data left in message'), ('\x0100000001ffffffff', '22P03', 'invalid binary form of type fma_boxes'),
		('\x01000000017fffffff', '08P01', 'insufficient data left in message'), ('\x0100000001000000016100', '08P01', 'insufficient data left in message'),
		('\x0100000001000000016108' || repeat('00', 32), '22P03', 'invalid binary form of type fma_boxes'),
		('\x0100000001000000016101' || repeat('00', 32), '08P01', 'insufficient data left in message'),
		('\x01000000010000000100' || repeat('00', 33), '22021', 'invalid byte sequence for encoding "UTF8": 0x00'),
		('\x010000000100000001ff00' || repeat('00', 32), '22021', 'invalid byte sequence for encoding "UTF8": 0xff'),
		('\x0100000001000000016100' || '7ff8000000000000' || repeat('00', 24), '22003', 'x must be a number between -1e100 and 1e100'),
		('\x0100000001000000016100' || repeat('00', 8) || 'fff0000000000000' || repeat('00', 16), '22003', 'y must be a number between -1e100 and 1e100'),
		('\x0100000001000000016100' || repeat('00', 16) || 'bff0000000000000' || repeat('00', 8), '22003', 'width must not be negative'),
		('\x0100000001000000016100' || repeat('00', 24) || '7ff0000000000000', '22003', 'height must be a number between -1e100 and 1e100'),
		('\x0100000001000000016101' || repeat('00', 32) || '7ff8000000000000', '22003', 'score must be between 0 and 1'),
		('\x0100000001000000016101' || repeat('00', 32) || '4000000000000000', '22003', 'score must be between 0 and 1'),
		('\x0100000001000000016104' || repeat('00', 32) || '7ff8000000000000', '22003', 'area must be a number between -1e100 and 1e100'),
		('\x0100000001000000016104' || repeat('00', 32) || 'bff0000000000000', '22003', 'area must not be negative')) AS v(b, state, message);
-- Every cut of good bytes is an error, and no byte changed brings the server down
SELECT ok(bool_and(state IN ('08P01', '22P03')), 'every cut of a binary form is refused')
FROM generate_series(0, length(:'two'::bytea) - 1) AS n, LATERAL (SELECT pg_temp.state_of(format('SELECT receive(%L)', substr(:'two'::bytea, 1, n))) AS state) AS s;
SELECT ok(count(*) > 100 AND bool_and(state IN ('none', '08P01', '22P03', '22003', '22021')), 'bytes that are changed are boxes or errors')
FROM generate_series(0, length(:'two'::bytea) - 1) AS n, unnest(ARRAY[128, 255]) AS v, LATERAL (SELECT pg_temp.state_of(format('SELECT receive(%L)', set_byte(:'two'::bytea, n, get_byte(:'two'::bytea, n) # v))) AS state) AS s;
SELECT * FROM finish();
ROLLBACK;

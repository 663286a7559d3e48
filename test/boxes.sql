-- Boxes: COCO's figures to the last bit, matches and confusions by an oracle, whatever the order of rows and the memory.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
BEGIN;
SELECT plan(56);

CREATE TABLE boxes_gt (box_id int, scene_id int, place text, label text, x_min int, y_min int, x_max int, y_max int, area_px int, visible float8, quadrant text, image_id int);
\copy boxes_gt FROM PROGRAM 'gzip -dc examples/scenes/boxes_gt.csv.gz' CSV HEADER
CREATE TABLE boxes_pred (box_id int, scene_id int, place text, label text, score float8, x_min int, y_min int, x_max int, y_max int, area_px int, quadrant text);
\copy boxes_pred FROM PROGRAM 'gzip -dc examples/scenes/boxes_pred.csv.gz' CSV HEADER
CREATE VIEW scenes_truth AS
SELECT box_id AS id, scene_id AS image_id, label, x_min AS x1, y_min AS y1, x_max AS x2, y_max AS y2, area_px AS area FROM boxes_gt ORDER BY box_id;
CREATE VIEW scenes_prediction AS
SELECT box_id AS id, scene_id AS image_id, label, score, x_min AS x1, y_min AS y1, x_max AS x2, y_max AS y2 FROM boxes_pred ORDER BY box_id;

-- The boxes that the oracle makes: ties, crowds, areas of their own, labels that one side lacks, an id of 0
CREATE FUNCTION noise(x bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT (x * x % 2147483647 * 48271 + x * 69621) % 2147483647 $$;
CREATE FUNCTION noises(x bigint) RETURNS bigint[] LANGUAGE sql IMMUTABLE AS $$ SELECT array_agg(noise(x + k) ORDER BY k) FROM generate_series(0, 9) AS k $$;
CREATE TABLE object AS
SELECT i AS id, n[1] % 60 AS image_id, n[2] % 7 * 3 AS label, n[3] % 40 / 3::float8 AS x, n[4] % 40 / 3::float8 AS y,
	n[5] % 12 * (n[5] % 12) + n[6] % 50 / 7::float8 AS width, n[7] % 12 * (n[7] % 12) + n[8] % 50 / 7::float8 AS height,
	n[9] % 12 = 0 AS iscrowd, CASE WHEN n[10] % 3 > 0 THEN 1 ELSE 0.6::float8 END AS filled
FROM generate_series(0::bigint, 899) AS i, noises(i * 100) AS n;
CREATE TABLE made_truth AS
SELECT id, image_id, label, x, y, width, height, iscrowd, width * height * filled AS area FROM object WHERE label <> 12;
CREATE TABLE guess AS
SELECT i AS id, object.id AS object, CASE WHEN n[5] % 40 > 0 THEN image_id ELSE 1000 + n[5] % 5 END AS image_id, CASE WHEN n[2] % 5 > 0 THEN label ELSE n[3] % 8 * 3 END AS label,
	n[6] % 200 / 200::float8 AS score, x + move AS x, y + move * (n[7] % 3 - 1) AS y,
	width * CASE WHEN n[8] % 8 = 0 THEN 1 ELSE 0.7::float8 + n[8] % 60 / 100::float8 END AS width,
	height * CASE WHEN n[8] % 8 = 0 THEN 1 ELSE 0.7::float8 + n[9] % 60 / 100::float8 END AS height
FROM generate_series(0::bigint, 5999) AS i, noises(1000000 + i * 100) AS n JOIN object ON object.id = n[1] % 900,
	LATERAL (SELECT CASE WHEN n[4] % 8 = 0 THEN 0 ELSE (n[4] % 100 - 50) / 40::float8 END AS move) AS m;
CREATE VIEW made_prediction AS SELECT id, image_id, label, score, x, y, width, height FROM guess;
-- The same with ten times as many labels
CREATE VIEW many_truth AS SELECT id, image_id, label * 10 + id % 10 AS label, x, y, width, height, iscrowd, area FROM made_truth;
CREATE VIEW many_prediction AS SELECT id, image_id, label * 10 + object % 10 AS label, score, x, y, width, height FROM guess;

-- From test/oracle/boxes.py
CREATE TABLE oracle (name text, max_detections int, label text, truths bigint, detections bigint, true_positives bigint, false_positives bigint,
	ap float8, ap_50 float8, ap_75 float8, ap_small float8, ap_medium float8, ap_large float8,
	ar_1 float8, ar_10 float8, ar float8, ar_small float8, ar_medium float8, ar_large float8);
INSERT INTO oracle VALUES
	('scenes', 100, NULL, 3533, 5803, 2230, 3573, 0.3446956952438932, 0.5100796813215926, 0.36844576109239396, 0.36371836685745046, 0.14614281673991597, NULL, 0.40195622107621104, 0.44859997087161174, 0.44859997087161174, 0.44764153404616713, 0.36457665277109724, NULL),
	('scenes', 100, 'Ankle boot', 359, 410, 289, 121, 0.5887567057250113, 0.765134888296678, 0.6459934086442202, 0.6095918438808734, 0.2460874911532965, NULL, 0.5988857938718662, 0.6520891364902507, 0.6520891364902507, 0.650140056022409, 1.0, NULL),
	('scenes', 100, 'Bag', 309, 410, 214, 196, 0.4128408745593417, 0.649729308902001, 0.42905831122926985, 0.4430074810208206, 0.36224631874227964, NULL, 0.4699029126213592, 0.4902912621359222, 0.4902912621359222, 0.47944250871080146, 0.6318181818181818, NULL),
	('scenes', 100, 'Coat', 298, 737, 182, 555, 0.2673018876263479, 0.3966829820628112, 0.2871394573812755, 0.2827918042124438, 0.1751582724248853, NULL, 0.37013422818791947, 0.4228187919463087, 0.4228187919463087, 0.4241007194244605, 0.419047619047619, NULL),
	('scenes', 100, 'Dress', 399, 639, 264, 375, 0.3853824206348241, 0.5352253668252029, 0.44266004755777044, 0.40796008772940184, 0.0, NULL, 0.4308270676691729, 0.5042606516290727, 0.5042606516290727, 0.508080808080808, 0.0, NULL),
	('scenes', 100, 'Pullover', 328, 745, 223, 522, 0.325522747724932, 0.49023275980012654, 0.34168849858922473, 0.3554624246646286, 0.21274772341854836, NULL, 0.4347560975609756, 0.4972560975609757, 0.4972560975609757, 0.49628378378378385, 0.50625, NULL),
	('scenes', 100, 'Sandal', 456, 734, 267, 467, 0.26180724947011075, 0.45569191290448974, 0.24869471750994707, 0.2710490059342816, 0.0, NULL, 0.3243421052631579, 0.3671052631578947, 0.3671052631578947, 0.36791208791208796, 0.0, NULL),
	('scenes', 100, 'Shirt', 285, 576, 42, 534, 0.010300116003177855, 0.019918581790148455, 0.00904903165544149, 0.010186037621418337, 0.03203921377359411, NULL, 0.07263157894736842, 0.0863157894736842, 0.0863157894736842, 0.08759689922480621, 0.07407407407407407, NULL),
	('scenes', 100, 'Sneaker', 375, 518, 240, 278, 0.32151147169337446, 0.5561181872364158, 0.3166130064344707, 0.32881028221204067, NULL, NULL, 0.368, 0.4117333333333334, 0.4117333333333334, 0.4117333333333334, NULL, NULL),
	('scenes', 100, 'T-shirt/top', 337, 618, 209, 409, 0.33624986922694466, 0.48490101982645595, 0.3688609959802299, 0.37831314976517827, 0.2870063311466399, NULL, 0.4056379821958457, 0.4489614243323442, 0.4489614243323442, 0.4428134556574924, 0.6500000000000001, NULL),
	('scenes', 100, 'Trouser', 387, 416, 300, 116, 0.5372836097748679, 0.7471618055715972, 0.5947001359420893, 0.5500115515334169, 0.0, NULL, 0.5444444444444445, 0.6051679586563308, 0.6051679586563308, 0.6083116883116884, 0.0, NULL),
	('scenes', 3, NULL, 3533, 5695, 2228, 3467, 0.3446681655930155, 0.5101613505855758, 0.36843982812100157, 0.3636722451922939, 0.14614281673991597, NULL, 0.40195622107621104, 0.44832098071328913, 0.44832098071328913, 0.44733250408597436, 0.36457665277109724, NULL),
	('made', 100, NULL, 699, 6000, 686, 4741, 0.2835880210505732, 0.5622096881518025, 0.22111331443626123, 0.25328979644294397, 0.3546444483615294, 0.3944746921645021, 0.16675027926870933, 0.6634791177805948, 0.772067572288952, 0.7192844236062926, 0.8396326156525316, 0.8583333333333333),
	('made', 100, '0', 128, 917, 127, 724, 0.28876121716188263, 0.5822161299765491, 0.22857685083358806, 0.2513714532698595, 0.37700635472152083, 0.3348371403074373, 0.15390625, 0.65703125, 0.7984375, 0.7449275362318841, 0.8618181818181817, 0.85),
	('made', 100, '3', 115, 843, 113, 650, 0.30023893713239963, 0.6100359405028116, 0.2274060889841821, 0.264655622196094, 0.37862657284032747, 0.4335467783264683, 0.17217391304347826, 0.6556521739130434, 0.7573913043478261, 0.7106060606060607, 0.8113636363636363, 0.9),
	('made', 100, '6', 124, 901, 120, 609, 0.2881540416115341, 0.5870562108215931, 0.24426797010143028, 0.25702734906017594, 0.3811270038322895, 0.22472224994661913, 0.1564516129032258, 0.6137096774193547, 0.7435483870967742, 0.7, 0.8063829787234044, 0.8),
	('made', 100, '9', 117, 822, 114, 588, 0.2716553184845808, 0.5265586209798444, 0.18092760822106452, 0.23484498048796762, 0.33620284847495335, 0.2666666666666666, 0.16923076923076924, 0.6923076923076923, 0.7683760683760683, 0.6900000000000001, 0.8517857142857143, 0.8),
	('made', 100, '12', 0, 836, 0, 836, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	('made', 100, '15', 100, 730, 98, 576, 0.28072465196969953, 0.5366294227792151, 0.20800215462355323, 0.24590681880057502, 0.3563562002819382, 0.6735973597359736, 0.187, 0.65, 0.7889999999999999, 0.7253968253968253, 0.8971428571428571, 0.9),
	('made', 100, '18', 115, 816, 114, 623, 0.27199395994334263, 0.5307618038508015, 0.23749921385374922, 0.26593255484299155, 0.2985477100181469, 0.43347795800384775, 0.1617391304347826, 0.7121739130434783, 0.7756521739130434, 0.744776119402985, 0.8093023255813954, 0.9000000000000001),
	('made', 100, '21', 0, 135, 0, 135, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	('made', 12, NULL, 699, 4265, 675, 3249, 0.2748974124198427, 0.5608328535264475, 0.2034001639374673, 0.24487265441415734, 0.34422384738294726, 0.38490913645840447, 0.16675027926870933, 0.6634791177805948, 0.6973125049323112, 0.6459204133922338, 0.7617119059400109, 0.7733333333333333),
	('made', 1000, NULL, 699, 6000, 686, 4741, 0.2835880210505732, 0.5622096881518025, 0.22111331443626123, 0.25328979644294397, 0.3546444483615294, 0.3944746921645021, 0.16675027926870933, 0.6634791177805948, 0.772067572288952, 0.7192844236062926, 0.8396326156525316, 0.8583333333333333),
	('many', 99, NULL, 699, 6000, 685, 4930, 0.32178830947155507, 0.6030073070675805, 0.2681467151029151, 0.3055399633763171, 0.42553251000603715, 0.591950439732618, 0.4173447940947941, 0.7591411597661598, 0.7669836251711253, 0.7176660052910053, 0.8320655098197471, 0.8711111111111113);
SELECT results_eq(
	format('SELECT * FROM fma_coco(%L, %L, %s)', format('TABLE %s_truth ORDER BY id', name), format('TABLE %s_prediction ORDER BY id', name), max_detections)
		|| CASE WHEN max_detections <> 100 THEN ' LIMIT 1' ELSE '' END,
	format('SELECT label, truths, detections, true_positives, false_positives, ap, ap_50, ap_75, ap_small, ap_medium, ap_large, ar_1, ar_10, ar, ar_small, ar_medium, ar_large
		FROM oracle WHERE name = %L AND max_detections = %s ORDER BY label IS NOT NULL, CASE WHEN label ~ ''^[0-9]+$'' THEN label::int END, label COLLATE "C"', name, max_detections),
	format('%s, at most %s detections: COCO''s figures, to the last bit', name, max_detections))
FROM (SELECT DISTINCT name, max_detections FROM oracle) AS o ORDER BY name, max_detections;

-- Memory: sorts that spill give the same
SET LOCAL work_mem = '64kB';
SELECT results_eq($$ SELECT * FROM fma_coco('TABLE made_truth ORDER BY id', 'TABLE made_prediction ORDER BY id') LIMIT 1 $$,
	$$ SELECT label, truths, detections, true_positives, false_positives, ap, ap_50, ap_75, ap_small, ap_medium, ap_large, ar_1, ar_10, ar, ar_small, ar_medium, ar_large
		FROM oracle WHERE name = 'made' AND max_detections = 100 AND label IS NULL $$, 'the same with sorts that spill');
RESET work_mem;

-- The order of the images' rows does not matter, as long as ties within an image keep theirs; nor do types
SELECT results_eq($$ SELECT * FROM fma_coco('SELECT * FROM made_truth ORDER BY image_id % 7, id', 'SELECT * FROM made_prediction ORDER BY image_id % 11 DESC, id') $$,
	$$ SELECT * FROM fma_coco('TABLE made_truth ORDER BY id', 'TABLE made_prediction ORDER BY id') $$, 'images in any order');
SELECT results_eq($$ SELECT * FROM fma_coco('SELECT image_id::int, label::text, x::numeric(40,30), y, width, height, iscrowd::int, area FROM made_truth WHERE id % 5 = 0 ORDER BY id',
		'SELECT image_id::smallint, label::varchar, score, x AS x1, y AS y1, x + width AS x2, y + height AS y2 FROM made_prediction WHERE width = trunc(width) AND x = trunc(x) ORDER BY id') $$,
	$$ SELECT * FROM fma_coco('SELECT image_id, label, x, y, width, height, iscrowd, area FROM made_truth WHERE id % 5 = 0 ORDER BY id',
		'SELECT image_id, label, score, x, y, width, height FROM made_prediction WHERE width = trunc(width) AND x = trunc(x) ORDER BY id') $$, 'columns of other types');
-- Ids say nothing to COCO's figures
SELECT results_eq($$ SELECT * FROM fma_coco('SELECT id + 1 AS id, image_id, label, x, y, width, height, iscrowd, area FROM made_truth ORDER BY made_truth.id', 'TABLE made_prediction ORDER BY id') $$,
	$$ SELECT * FROM fma_coco('TABLE made_truth ORDER BY id', 'TABLE made_prediction ORDER BY id') $$, 'a truth with the id 0 is one like others');

-- Matches: counts and every cell
CREATE TABLE confusion_oracle (name text, conf float8, iou float8, across boolean, best int, same bigint, confused bigint, missed bigint, invented bigint, cells text);
INSERT INTO confusion_oracle VALUES
	('scenes', 0.5, 0.5, true, NULL, 1687, 273, 1573, 466, '4e9f6d2b5cee841d516e532e8038f278'),
	('scenes', 0.5, 0.5, false, NULL, 1687, 0, 1846, 739, '307e080dec21a93319f95bc144165d59'),
	('scenes', 0.25, 0.75, true, NULL, 1692, 446, 1395, 3550, 'b4fa046e1233eea92e5bfa957f5d68e1'),
	('scenes', 0, 0, true, NULL, 2937, 495, 101, 2371, '9b9372315b8509c3eb8248681ba50b3c'),
	('scenes', 0.4, 0.8, true, 2, 1433, 282, 1818, 1936, '22f6df385a1bdef4f8e1e8998ebd9a53'),
	('scenes', 0.1, 1, true, NULL, 172, 31, 3330, 5600, 'eece91bb459505c40d1c97aa3d28550f'),
	('made', 0.5, 0.5, true, NULL, 634, 34, 31, 2041, '36e311c960e8aeb96acda33b6808e4ab'),
	('made', 0.5, 0.5, false, NULL, 634, 0, 65, 2075, 'e1373546d5fbff82dfa439922f52595c'),
	('made', 0.25, 0.75, true, NULL, 550, 45, 104, 3556, '3c727659575cffda96a08a6ee4b3a997'),
	('made', 0, 0, true, NULL, 696, 0, 3, 4310, '7ce22da69c6b8a6e7c430936e3b2b04a'),
	('made', 0.4, 0.8, true, 2, 115, 47, 537, 676, 'efd35687e1a62b15be4c3ed974626728'),
	('made', 0.1, 1, true, NULL, 69, 11, 619, 5198, '14bfa16194f73124bf4884b573f6ed62');
CREATE FUNCTION matrix(o confusion_oracle) RETURNS fma_confusion LANGUAGE sql AS $$
	SELECT fma_box_confusion(format('TABLE %s_truth ORDER BY id', o.name), format('TABLE %s_prediction ORDER BY id', o.name), o.conf, o.iou, o.across, o.best, background => '-')
$$;
CREATE VIEW matches AS
SELECT o.name, o.conf, o.iou, o.across, o.best, m.*
FROM confusion_oracle AS o, fma_match_boxes(format('TABLE %s_truth ORDER BY id', o.name), format('TABLE %s_prediction ORDER BY id', o.name), o.conf, o.iou, o.across, o.best) AS m;
SELECT is((SELECT md5(string_agg(format('%s>%s=%s', truth, prediction, n), ',' ORDER BY format('%s>%s=%s', truth, prediction, n) COLLATE "C")) FROM fma_cells(matrix(o), false)),
	o.cells, format('%s, conf %s, iou %s, across %s, best %s: every cell', name, conf, iou, across, best))
FROM confusion_oracle AS o;
SELECT is((SELECT row(count(*) FILTER (WHERE outcome = 'match'), count(*) FILTER (WHERE outcome = 'confusion'), count(*) FILTER (WHERE outcome = 'miss'), count(*) FILTER (WHERE outcome = 'invention'))
		FROM matches AS m WHERE (m.name, m.conf, m.iou, m.across, coalesce(m.best, 0)) = (o.name, o.conf, o.iou, o.across, coalesce(o.best, 0)))::text,
	row(same, confused, missed, invented)::text, format('%s, conf %s, iou %s, across %s, best %s: matches', name, conf, iou, across, best))
FROM confusion_oracle AS o;
SELECT is((SELECT fma_confusion(coalesce(truth_label, '-'), coalesce(prediction_label, '-')) FROM matches AS m
		WHERE outcome <> 'crowd' AND (m.name, m.conf, m.iou, m.across, coalesce(m.best, 0)) = (o.name, o.conf, o.iou, o.across, coalesce(o.best, 0))),
	matrix(o), format('%s, conf %s, iou %s: the confusion is that of the matches', name, conf, iou))
FROM confusion_oracle AS o;

-- Each box is told once, with its own ids, labels, score and overlap
SELECT is_empty($$ SELECT prediction_id FROM matches WHERE best IS NULL AND prediction_id IS NOT NULL GROUP BY name, conf, iou, across, prediction_id HAVING count(*) <> 1 $$, 'no prediction is told twice');
SELECT is_empty($$ SELECT truth_id FROM matches WHERE outcome <> 'crowd' AND truth_id IS NOT NULL GROUP BY name, conf, iou, across, truth_id HAVING count(*) <> 1 $$, 'nor is a truth, but crowds');
SELECT is((SELECT count(DISTINCT prediction_id) FROM matches WHERE name = 'made' AND conf = 0.25),
	(SELECT count(*) FROM made_prediction WHERE score >= 0.25), 'all predictions from the threshold on are told');
SELECT is((SELECT count(DISTINCT truth_id) FROM matches WHERE name = 'made' AND conf = 0.25 AND outcome <> 'crowd'),
	(SELECT count(*) FROM made_truth WHERE NOT iscrowd), 'all truths are told');
SELECT is_empty($$ SELECT * FROM matches AS m JOIN made_truth AS t ON t.id = m.truth_id::int JOIN made_prediction AS p ON p.id = m.prediction_id::int
	WHERE name = 'made' AND ((m.image_id, m.truth_label, m.prediction_label, m.score) IS DISTINCT FROM (t.image_id::text, t.label::text, p.label::text, p.score)
		OR t.image_id <> p.image_id OR abs(overlap - (SELECT w * h / CASE WHEN iscrowd THEN p.width * p.height ELSE p.width * p.height + t.width * t.height - w * h END
			FROM (SELECT least(t.x + t.width, p.x + p.width) - greatest(t.x, p.x) AS w, least(t.y + t.height, p.y + p.height) - greatest(t.y, p.y) AS h) AS both_boxes)) > 1e-14
		OR overlap < iou - 1e-10 OR (outcome = 'crowd') <> iscrowd OR (outcome IN ('crowd', 'match') AND t.label <> p.label) OR (outcome = 'confusion' AND t.label = p.label)) $$,
	'what a match says is so');
SELECT is((SELECT count(*) FROM matches WHERE truth_id = '0' AND name = 'scenes'), (SELECT count(*) FROM confusion_oracle WHERE name = 'scenes'), 'the truth with the id 0');

-- Labels' metrics are COCO's counts at the threshold, with and without what was confused
SELECT results_eq($$ SELECT label, tp::bigint, fp::bigint FROM fma_class_metrics(fma_box_confusion('TABLE made_truth ORDER BY id', 'TABLE made_prediction ORDER BY id', 0, max_detections => 100)) WHERE label <> 'background' ORDER BY label $$,
	$$ SELECT label, true_positives, false_positives FROM fma_coco('TABLE made_truth ORDER BY id', 'TABLE made_prediction ORDER BY id') WHERE label IS NOT NULL ORDER BY label $$, 'true and false positives are those of COCO');

-- Nothing
SELECT is(fma_box_confusion('TABLE made_truth LIMIT 0', 'TABLE made_prediction LIMIT 0'), '{}', 'no boxes');
SELECT is_empty($$ SELECT * FROM fma_match_boxes('TABLE made_truth LIMIT 0', 'TABLE made_prediction LIMIT 0') $$, 'no matches');
SELECT is((SELECT row(c.*)::text FROM fma_coco('TABLE made_truth LIMIT 0', 'TABLE made_prediction LIMIT 0') AS c), '(,0,0,0,0,,,,,,,,,,,,)', 'nothing to average');
SELECT * FROM finish();
ROLLBACK;

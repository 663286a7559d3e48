-- Metrics of a confusion matrix: scikit-learn's figures, and what must hold between them
\set ECHO none
\set QUIET on
\pset format unaligned
\pset tuples_only on
BEGIN;
SELECT no_plan();

-- Equal but for rounding; an undefined figure equals another undefined one alone
CREATE FUNCTION near(a double precision, b double precision, tolerance double precision DEFAULT 1e-12) RETURNS boolean LANGUAGE sql IMMUTABLE
	RETURN CASE WHEN a IS NULL OR b IS NULL THEN a IS NULL AND b IS NULL ELSE abs(a - b) <= tolerance END;

-- Real matrices (predictions of garments, of flights being late, of people being insured) and nasty small ones
CREATE TABLE matrix (name text PRIMARY KEY, c fma_confusion);
INSERT INTO matrix VALUES
('one sided', '{"labels": ["a", "b", "c", "d"], "counts": [[8, 1, 0, 1], [2, 6, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]]}'),
('one class', '{"labels": ["a"], "counts": [[7]]}'),
('never right', '{"labels": ["a", "b", "c"], "counts": [[0, 3, 1], [2, 0, 2], [5, 1, 0]]}'),
('one prediction', '{"labels": ["0", "1", "2"], "counts": [[5, 0, 0], [2, 0, 0], [9, 0, 0]]}'),
('one truth', '{"labels": ["0", "1", "2"], "counts": [[0, 0, 0], [5, 3, 1], [0, 0, 0]]}'),
('two by two', '{"labels": ["0", "1"], "counts": [[90, 4], [3, 3]]}'),
('ordinal', '{"labels": ["1", "2", "3", "4", "10"], "counts": [[9, 3, 1, 0, 0], [2, 7, 3, 1, 0], [0, 2, 8, 2, 1], [0, 0, 3, 6, 2], [1, 0, 0, 2, 5]]}'),
('weighted', '{"labels": ["a", "b", "c"], "counts": [[3, 1, 1], [2, 4, 0], [1, 1, 2]], "weights": [[0.75, 0.1, 0.001], [2.5, 4.125, 0], [0.3, 1000.0, 2]]}'),
('fashion_v1', '{"labels": ["Ankle boot", "Bag", "Coat", "Dress", "Pullover", "Sandal", "Shirt", "Sneaker", "T-shirt/top", "Trouser"], "counts": [[962, 0, 0, 0, 0, 3, 0, 34, 1, 0], [0, 981, 1, 3, 1, 2, 2, 3, 5, 2], [0, 0, 874, 22, 57, 0, 44, 0, 2, 1], [0, 1, 29, 908, 11, 0, 31, 0, 17, 3], [0, 1, 47, 5, 879, 0, 53, 0, 14, 1], [3, 0, 0, 0, 0, 983, 0, 14, 0, 0], [0, 10, 63, 25, 56, 0, 728, 0, 116, 2], [22, 0, 0, 0, 0, 7, 0, 971, 0, 0], [0, 4, 3, 15, 11, 1, 75, 0, 891, 0], [0, 0, 2, 11, 1, 0, 4, 0, 0, 982]]}'),
('fashion_v2', '{"labels": ["Ankle boot", "Bag", "Coat", "Dress", "Pullover", "Sandal", "Shirt", "Sneaker", "T-shirt/top", "Trouser"], "counts": [[950, 1, 0, 1, 0, 7, 0, 41, 0, 0], [1, 958, 4, 5, 4, 2, 18, 4, 3, 1], [0, 3, 771, 34, 96, 0, 93, 0, 0, 3], [0, 4, 32, 864, 15, 0, 55, 0, 22, 8], [0, 6, 102, 9, 786, 1, 86, 0, 9, 1], [12, 2, 0, 1, 0, 944, 0, 41, 0, 0], [0, 15, 102, 28, 103, 0, 610, 0, 140, 2], [52, 1, 0, 0, 0, 25, 0, 922, 0, 0], [0, 13, 6, 48, 25, 4, 133, 0, 771, 0], [0, 2, 6, 20, 3, 0, 2, 0, 1, 966]]}'),
('flights', '{"labels": ["late", "on_time"], "counts": [[6906, 27182], [3442, 162470]]}'),
('insurance', '{"labels": ["insured", "uninsured"], "counts": [[3435, 91], [732, 143]]}');

CREATE VIEW measured AS
SELECT name, metric, value FROM matrix,
	LATERAL (SELECT ARRAY(SELECT jsonb_array_elements_text(c::text::jsonb -> 'labels')) AS labels) AS l,
	LATERAL (
		SELECT kind || ' ' || average, CASE kind WHEN 'precision' THEN fma_precision(c, average) WHEN 'recall' THEN fma_recall(c, average)
			WHEN 'f1' THEN fma_f1(c, average) ELSE fma_iou(c, average) END
		FROM unnest(ARRAY['precision', 'recall', 'f1', 'iou']) AS kind, unnest(ARRAY['macro', 'micro', 'weighted']) AS average
		UNION ALL SELECT 'kappa ' || weighting, fma_kappa(c, weighting, labels) FROM unnest(ARRAY['none', 'linear', 'quadratic']) AS weighting
		UNION ALL VALUES ('accuracy', fma_accuracy(c)), ('balanced accuracy', fma_balanced_accuracy(c)), ('mcc', fma_mcc(c))
	) AS m (metric, value);

-- Made by test/oracle/metrics.py
CREATE TABLE figure (name text, metric text, value double precision, PRIMARY KEY (name, metric));
INSERT INTO figure VALUES
('one sided', 'precision macro', 0.3693181818181818),
('one sided', 'recall macro', 0.3875),
('one sided', 'f1 macro', 0.37797619047619047),
('one sided', 'iou macro', 0.3038461538461539),
('one sided', 'precision micro', 0.7),
('one sided', 'recall micro', 0.7),
('one sided', 'f1 micro', 0.7),
('one sided', 'iou micro', 0.5384615384615384),
('one sided', 'precision weighted', 0.6636363636363637),
('one sided', 'recall weighted', 0.7),
('one sided', 'f1 weighted', 0.680952380952381),
('one sided', 'iou weighted', 0.5476923076923077),
('one sided', 'accuracy', 0.7),
('one sided', 'balanced accuracy', 0.5166666666666667),
('one sided', 'mcc', 0.4757239170427903),
('one sided', 'kappa none', 0.46902654867256643),
('one sided', 'kappa linear', 0.34782608695652173),
('one sided', 'kappa quadratic', 0.14141414141414144),
('one class', 'precision macro', 1.0),
('one class', 'recall macro', 1.0),
('one class', 'f1 macro', 1.0),
('one class', 'iou macro', 1.0),
('one class', 'precision micro', 1.0),
('one class', 'recall micro', 1.0),
('one class', 'f1 micro', 1.0),
('one class', 'iou micro', 1.0),
('one class', 'precision weighted', 1.0),
('one class', 'recall weighted', 1.0),
('one class', 'f1 weighted', 1.0),
('one class', 'iou weighted', 1.0),
('one class', 'accuracy', 1.0),
('one class', 'balanced accuracy', 1.0),
('one class', 'mcc', NULL),
('one class', 'kappa none', NULL),
('one class', 'kappa linear', NULL),
('one class', 'kappa quadratic', NULL),
('never right', 'precision macro', 0.0),
('never right', 'recall macro', 0.0),
('never right', 'f1 macro', 0.0),
('never right', 'iou macro', 0.0),
('never right', 'precision micro', 0.0),
('never right', 'recall micro', 0.0),
('never right', 'f1 micro', 0.0),
('never right', 'iou micro', 0.0),
('never right', 'precision weighted', 0.0),
('never right', 'recall weighted', 0.0),
('never right', 'f1 weighted', 0.0),
('never right', 'iou weighted', 0.0),
('never right', 'accuracy', 0.0),
('never right', 'balanced accuracy', 0.0),
('never right', 'mcc', -0.49614290973997194),
('never right', 'kappa none', -0.4626865671641791),
('never right', 'kappa linear', -0.4893617021276597),
('never right', 'kappa quadratic', -0.5135135135135136),
('one prediction', 'precision macro', 0.10416666666666667),
('one prediction', 'recall macro', 0.3333333333333333),
('one prediction', 'f1 macro', 0.15873015873015872),
('one prediction', 'iou macro', 0.10416666666666667),
('one prediction', 'precision micro', 0.3125),
('one prediction', 'recall micro', 0.3125),
('one prediction', 'f1 micro', 0.3125),
('one prediction', 'iou micro', 0.18518518518518517),
('one prediction', 'precision weighted', 0.09765625),
('one prediction', 'recall weighted', 0.3125),
('one prediction', 'f1 weighted', 0.1488095238095238),
('one prediction', 'iou weighted', 0.09765625),
('one prediction', 'accuracy', 0.3125),
('one prediction', 'balanced accuracy', 0.3333333333333333),
('one prediction', 'mcc', NULL),
('one prediction', 'kappa none', 0.0),
('one prediction', 'kappa linear', 0.0),
('one prediction', 'kappa quadratic', 0.0),
('one truth', 'precision macro', 0.3333333333333333),
('one truth', 'recall macro', 0.1111111111111111),
('one truth', 'f1 macro', 0.16666666666666666),
('one truth', 'iou macro', 0.1111111111111111),
('one truth', 'precision micro', 0.3333333333333333),
('one truth', 'recall micro', 0.3333333333333333),
('one truth', 'f1 micro', 0.3333333333333333),
('one truth', 'iou micro', 0.2),
('one truth', 'precision weighted', 1.0),
('one truth', 'recall weighted', 0.3333333333333333),
('one truth', 'f1 weighted', 0.5),
('one truth', 'iou weighted', 0.3333333333333333),
('one truth', 'accuracy', 0.3333333333333333),
('one truth', 'balanced accuracy', 0.3333333333333333),
('one truth', 'mcc', NULL),
('one truth', 'kappa none', 0.0),
('one truth', 'kappa linear', 0.0),
('one truth', 'kappa quadratic', 0.0),
('two by two', 'precision macro', 0.6981566820276498),
('two by two', 'recall macro', 0.7287234042553192),
('two by two', 'f1 macro', 0.7120526532291238),
('two by two', 'iou macro', 0.6139175257731959),
('two by two', 'precision micro', 0.93),
('two by two', 'recall micro', 0.93),
('two by two', 'f1 micro', 0.93),
('two by two', 'iou micro', 0.8691588785046729),
('two by two', 'precision weighted', 0.9353917050691244),
('two by two', 'recall weighted', 0.93),
('two by two', 'f1 weighted', 0.9325051419169067),
('two by two', 'iou weighted', 0.8901649484536083),
('two by two', 'accuracy', 0.93),
('two by two', 'balanced accuracy', 0.7287234042553192),
('two by two', 'mcc', 0.4257843157717432),
('two by two', 'kappa none', 0.42434210526315785),
('two by two', 'kappa linear', 0.42434210526315785),
('two by two', 'kappa quadratic', 0.42434210526315785),
('ordinal', 'precision macro', 0.6074242424242424),
('ordinal', 'recall macro', 0.6033216783216784),
('ordinal', 'f1 macro', 0.6043766233766233),
('ordinal', 'iou macro', 0.4361868686868687),
('ordinal', 'precision micro', 0.603448275862069),
('ordinal', 'recall micro', 0.603448275862069),
('ordinal', 'f1 micro', 0.603448275862069),
('ordinal', 'iou micro', 0.43209876543209874),
('ordinal', 'precision weighted', 0.6080459770114942),
('ordinal', 'recall weighted', 0.603448275862069),
('ordinal', 'f1 weighted', 0.6046305418719212),
('ordinal', 'iou weighted', 0.43671412399860676),
('ordinal', 'accuracy', 0.603448275862069),
('ordinal', 'balanced accuracy', 0.6033216783216784),
('ordinal', 'mcc', 0.5013116692484593),
('ordinal', 'kappa none', 0.500748502994012),
('ordinal', 'kappa linear', 0.6683753943217665),
('ordinal', 'kappa quadratic', 0.7732490434203959),
('weighted', 'precision macro', 0.4049585002359664),
('weighted', 'recall macro', 0.5019843395656958),
('weighted', 'f1 macro', 0.11765864904626679),
('weighted', 'iou macro', 0.07050534166105352),
('weighted', 'precision micro', 0.006808440683874444),
('weighted', 'recall micro', 0.006808440683874444),
('weighted', 'f1 micro', 0.006808440683874444),
('weighted', 'iou micro', 0.0034158486433739743),
('weighted', 'precision weighted', 0.9923053254698202),
('weighted', 'recall weighted', 0.006808440683874444),
('weighted', 'f1 weighted', 0.004294167804640593),
('weighted', 'iou weighted', 0.0021806407507919236),
('weighted', 'accuracy', 0.006808440683874444),
('weighted', 'balanced accuracy', 0.5019843395656958),
('weighted', 'mcc', -0.1328842273606609),
('weighted', 'kappa none', -0.0017007199402265805),
('weighted', 'kappa linear', 0.0015144917691971571),
('weighted', 'kappa quadratic', 0.007877697132061323),
('fashion_v1', 'precision macro', 0.9156310828173659),
('fashion_v1', 'recall macro', 0.9158999999999999),
('fashion_v1', 'f1 macro', 0.9156077907831609),
('fashion_v1', 'iou macro', 0.8521543565986814),
('fashion_v1', 'precision micro', 0.9159),
('fashion_v1', 'recall micro', 0.9159),
('fashion_v1', 'f1 micro', 0.9159),
('fashion_v1', 'iou micro', 0.8448482612305138),
('fashion_v1', 'precision weighted', 0.9156310828173658),
('fashion_v1', 'recall weighted', 0.9159),
('fashion_v1', 'f1 weighted', 0.9156077907831608),
('fashion_v1', 'iou weighted', 0.8521543565986814),
('fashion_v1', 'accuracy', 0.9159),
('fashion_v1', 'balanced accuracy', 0.9158999999999999),
('fashion_v1', 'mcc', 0.9065937441030202),
('fashion_v1', 'kappa none', 0.9065555555555556),
('fashion_v1', 'kappa linear', 0.9227982821179136),
('fashion_v1', 'kappa quadratic', 0.9386767893251965),
('fashion_v2', 'precision macro', 0.8546497193887832),
('fashion_v2', 'recall macro', 0.8542),
('fashion_v2', 'f1 macro', 0.8543092387403892),
('fashion_v2', 'iou macro', 0.7612819535013395),
('fashion_v2', 'precision micro', 0.8542),
('fashion_v2', 'recall micro', 0.8542),
('fashion_v2', 'f1 micro', 0.8542),
('fashion_v2', 'iou micro', 0.7455053237912376),
('fashion_v2', 'precision weighted', 0.8546497193887832),
('fashion_v2', 'recall weighted', 0.8542),
('fashion_v2', 'f1 weighted', 0.8543092387403891),
('fashion_v2', 'iou weighted', 0.7612819535013395),
('fashion_v2', 'accuracy', 0.8542),
('fashion_v2', 'balanced accuracy', 0.8542),
('fashion_v2', 'mcc', 0.8380258022805303),
('fashion_v2', 'kappa none', 0.8380000000000001),
('fashion_v2', 'kappa linear', 0.8626840488935824),
('fashion_v2', 'kappa quadratic', 0.8892677412296696),
('flights', 'precision macro', 0.7620248340273815),
('flights', 'recall macro', 0.5909236751775475),
('flights', 'f1 macro', 0.6123505515299237),
('flights', 'iou macro', 0.5127082292238443),
('flights', 'precision micro', 0.84688),
('flights', 'recall micro', 0.84688),
('flights', 'f1 micro', 0.84688),
('flights', 'iou micro', 0.7344248647148606),
('flights', 'precision weighted', 0.8244102096976089),
('flights', 'recall weighted', 0.84688),
('flights', 'f1 weighted', 0.8110893986611324),
('flights', 'iou weighted', 0.7293579672778583),
('flights', 'accuracy', 0.84688),
('flights', 'balanced accuracy', 0.5909236751775475),
('flights', 'mcc', 0.30870219239620855),
('flights', 'kappa none', 0.2514038700135802),
('flights', 'kappa linear', 0.2514038700135802),
('flights', 'kappa quadratic', 0.2514038700135802),
('insurance', 'precision macro', 0.7177225821934246),
('insurance', 'recall macro', 0.5688101450449721),
('insurance', 'f1 macro', 0.5754548096081632),
('insurance', 'iou macro', 0.4773749473649406),
('insurance', 'precision micro', 0.8129970461258805),
('insurance', 'recall micro', 0.8129970461258805),
('insurance', 'f1 micro', 0.8129970461258805),
('insurance', 'iou micro', 0.6849157733537519),
('insurance', 'precision weighted', 0.7819413983350316),
('insurance', 'recall weighted', 0.8129970461258805),
('insurance', 'f1 weighted', 0.766744137982546),
('insurance', 'iou weighted', 0.6757583074328967),
('insurance', 'accuracy', 0.8129970461258805),
('insurance', 'balanced accuracy', 0.5688101450449721),
('insurance', 'mcc', 0.24479805930844623),
('insurance', 'kappa none', 0.18992312817405765),
('insurance', 'kappa linear', 0.18992312817405765),
('insurance', 'kappa quadratic', 0.18992312817405765);

SELECT is((SELECT count(*) FROM figure), (SELECT count(*) FROM measured), 'a figure for everything measured');
SELECT ok(bool_and(near(m.value, f.value)),
	name || ': scikit-learn''s figures' || coalesce(', not ' || string_agg(metric || ' ' || coalesce(m.value::text, 'NULL') || ' for ' || coalesce(f.value::text, 'NULL'), ', ')
		FILTER (WHERE NOT near(m.value, f.value)), ''))
FROM figure AS f JOIN measured AS m USING (name, metric) GROUP BY name ORDER BY name;

-- Numbers are ordered without being told; the places may be turned round
SELECT is(fma_kappa(c, 'quadratic'), fma_kappa(c, 'quadratic', '{1,2,3,4,10}'), 'numbers need no order') FROM matrix WHERE name = 'ordinal';
SELECT ok(near(fma_kappa(c, 'linear'), fma_kappa(c, 'linear', '{10,4,3,2,1}'), 1e-15), 'an order may be turned round') FROM matrix WHERE name = 'ordinal';
SELECT ok(fma_kappa(c, 'linear') <> fma_kappa(c, 'linear', '{1,10,2,3,4}'), 'another order is another kappa') FROM matrix WHERE name = 'ordinal';

-- What holds between metrics
SELECT ok(bool_and(near(fma_f1(c, 'micro'), fma_accuracy(c), 1e-15)), 'micro F1 is the accuracy') FROM matrix;
SELECT ok(bool_and(near(fma_precision(c, 'micro'), fma_recall(c, 'micro'), 0)), 'micro precision is micro recall') FROM matrix;
SELECT ok(bool_and(near(fma_recall(c, 'weighted'), fma_accuracy(c), 1e-15)), 'weighted recall is the accuracy') FROM matrix;
SELECT ok(bool_and(near(iou, f1 / (2 - f1), 1e-15)), 'IoU = F1 / (2 - F1), for each label') FROM matrix, fma_class_metrics(c);
SELECT ok(bool_and(tp + fn = support AND tp + fp = predicted AND tp + fp + fn + tn = total), 'counts of each label add up')
FROM (SELECT c, sum(x.n)::float8 AS total FROM matrix, fma_cells(c) AS x WHERE name <> 'weighted' GROUP BY name, c) AS t, fma_class_metrics(c);
SELECT results_eq($$SELECT tp, round(fp::numeric, 12), round(fn::numeric, 12), round(tn::numeric, 12) FROM matrix, fma_class_metrics(c) WHERE name = 'weighted' AND label = 'a'$$, $$VALUES (0.75::float8, 2.8, 0.101, 1006.125)$$, 'weights are summed');
SELECT ok(bool_and(near(fma_f1(c), (SELECT avg(coalesce(f1, 0)) FROM fma_class_metrics(c) WHERE support + predicted > 0))
		AND near(fma_precision(c), (SELECT avg(coalesce(precision, 0)) FROM fma_class_metrics(c) WHERE support + predicted > 0))
		AND near(fma_iou(c, 'weighted'), (SELECT sum(support * iou) / sum(support) FROM fma_class_metrics(c)))
		AND near(fma_weighted_iou(c, '{"a": 3, "Shirt": 0}', 0.5), (SELECT sum(w * iou) / sum(w) FROM fma_class_metrics(c), LATERAL (SELECT CASE label WHEN 'a' THEN 3 WHEN 'Shirt' THEN 0 ELSE 0.5 END AS w) AS x WHERE support + predicted > 0))),
	'means are those of fma_class_metrics') FROM matrix;

-- Renaming labels, which permutes them, changes nothing
CREATE VIEW renamed AS
SELECT name, m.c, r.c AS other FROM matrix AS m, LATERAL (SELECT fma_rollup(one) AS c FROM fma_cells(m.c) AS x,
	LATERAL (SELECT format('{"labels": %s, "weighted": true, "cells": [[0, %s, %s, %s]]}', CASE WHEN truth = prediction THEN jsonb_build_array(md5(truth)) ELSE jsonb_build_array(md5(truth), md5(prediction)) END,
		(truth <> prediction)::int, n, weight)::fma_confusion AS one) AS o WHERE n > 0) AS r;
SELECT ok(bool_and(near(fma_f1(c), fma_f1(other)) AND near(fma_iou(c, 'weighted'), fma_iou(other, 'weighted')) AND near(fma_accuracy(c), fma_accuracy(other))
	AND near(fma_balanced_accuracy(c), fma_balanced_accuracy(other)) AND near(fma_mcc(c), fma_mcc(other)) AND near(fma_kappa(c), fma_kappa(other))), 'permuting labels changes nothing') FROM renamed;
SELECT ok(bool_and(c <> other), '(they were permuted)') FROM renamed;
-- A transposed matrix exchanges precision and recall
SELECT ok(bool_and(near(fma_precision(m.c), fma_recall(t.c)) AND near(fma_f1(m.c), fma_f1(t.c)) AND near(fma_mcc(m.c), fma_mcc(t.c))), 'truth and prediction exchanged')
FROM matrix AS m, LATERAL (SELECT fma_confusion(prediction, truth, weight) AS c FROM fma_cells(m.c) WHERE n > 0) AS t;

-- Backgrounds, by brute force over rows: each label of each matrix as the background
CREATE FUNCTION brute(c fma_confusion, background text, mode text, OUT iou float8, OUT micro float8, OUT weighted float8, OUT recall float8, OUT accuracy float8) LANGUAGE sql AS $$
	WITH cell AS MATERIALIZED (SELECT truth, prediction, weight AS w FROM fma_cells(c) WHERE n > 0 AND NOT (mode = 'ignore_truth' AND truth = background)),
	label AS MATERIALIZED (SELECT l, coalesce(sum(w) FILTER (WHERE truth = l AND prediction = l), 0) AS hit, coalesce(sum(w) FILTER (WHERE truth = l OR prediction = l), 0) AS whole,
			coalesce(sum(w) FILTER (WHERE truth = l), 0) AS support
		FROM (SELECT truth FROM cell UNION SELECT prediction FROM cell) AS u (l), cell WHERE mode = 'include' OR l <> background GROUP BY l)
	SELECT avg(hit / whole), sum(hit) / nullif(sum(whole), 0), sum(support * hit / whole) / nullif(sum(support), 0), avg(hit / support) FILTER (WHERE support > 0),
		(SELECT coalesce(sum(w) FILTER (WHERE truth = prediction), 0) / nullif(sum(w), 0) FROM cell)
	FROM label $$;
SELECT ok(bool_and(near(f.value, b.value)), mode || ': ' || f.metric) FROM matrix, fma_class_metrics(c) AS l, unnest(ARRAY['include', 'exclude_from_average', 'ignore_truth']) AS mode,
	brute(c, l.label, mode) AS brute,
	LATERAL (VALUES ('macro IoU', fma_iou(c, 'macro', l.label, mode)), ('micro IoU', fma_iou(c, 'micro', l.label, mode)), ('weighted IoU', fma_iou(c, 'weighted', l.label, mode)),
		('balanced accuracy', fma_balanced_accuracy(c, l.label, mode)), ('accuracy', fma_accuracy(c, l.label, mode))) AS f (metric, value),
	LATERAL (SELECT CASE f.metric WHEN 'macro IoU' THEN brute.iou WHEN 'micro IoU' THEN brute.micro WHEN 'weighted IoU' THEN brute.weighted WHEN 'balanced accuracy' THEN brute.recall ELSE brute.accuracy END) AS b (value)
GROUP BY mode, f.metric ORDER BY mode, f.metric;

-- The sum of the groups' matrices is the whole's
SELECT is(fma_f1(fma_rollup(part)), fma_f1((SELECT fma_confusion(i % 7, i * i % 7) FROM generate_series(1, 1000) AS i)), 'rollup of groups')
FROM (SELECT fma_confusion(i % 7, i * i % 7) AS part FROM generate_series(1, 1000) AS i GROUP BY i % 10) AS g;

-- Few rows beside 10^15 keep all their digits
SELECT ok(near(fma_mcc('{"labels": ["a", "b"], "counts": [[1000000000000000, 1], [1, 1]]}'), 0.499999999999999, 1e-14), 'mcc of 10^15 rows');
SELECT ok(near(fma_mcc('{"labels": ["a", "b", "c"], "counts": [[1000000000000000, 3, 2], [5, 1000000000000000, 1], [1, 1, 1]]}'), 0.999999999999987, 1e-14), 'mcc of 2 * 10^15 rows');
SELECT ok(near(fma_kappa('{"labels": ["a", "b"], "counts": [[1000000000000000, 1], [1, 1]]}'), 0.5, 1e-12), 'kappa of 10^15 rows');
SELECT results_eq($$SELECT tp::numeric, fp::numeric, fn::numeric, tn::numeric FROM fma_class_metrics('{"labels": ["a", "b"], "counts": [[1000000000000000, 1], [2, 3]]}')$$,
	$$VALUES (1000000000000000::numeric, 2::numeric, 1::numeric, 3::numeric), (3, 1, 2, 1000000000000000)$$, 'counts of 10^15 rows');
SELECT results_eq($$SELECT fn, fp, tn FROM fma_class_metrics('{"labels": ["a", "b"], "counts": [[9223372036854775807, 1], [1, 1]]}') WHERE label = 'a'$$, $$VALUES (1::float8, 1::float8, 1::float8)$$, 'counts of 2^63 rows');
SELECT results_eq($$SELECT tn FROM fma_class_metrics('{"labels": ["a", "b"], "counts": [[1, 1], [1, 0]], "weights": [[0.1, 0.3], [0.7, 0]]}')$$, $$VALUES (0::float8), (0.1)$$, 'weights leave no dust');
SELECT ok(near(fma_mcc('{"labels": ["a", "b"], "counts": [[4, 1], [2, 5]], "weights": [[4e-200, 1e-200], [2e-200, 5e-200]]}'), fma_mcc('{"labels": ["a", "b"], "counts": [[4, 1], [2, 5]]}'), 1e-15), 'mcc of tiny weights');
SELECT ok(near(fma_mcc('{"labels": ["a", "b"], "counts": [[4, 1], [2, 5]], "weights": [[3.6e19, 9e18], [1.8e19, 4.5e19]]}'), fma_mcc('{"labels": ["a", "b"], "counts": [[4, 1], [2, 5]]}'), 1e-15), 'mcc of huge weights');

-- Many labels
SELECT is(fma_kappa(fma_confusion(i, i), 'quadratic'), 1::float8, 'kappa of 5,000 labels') FROM generate_series(1, 5000) AS i;
SELECT ok(near(fma_kappa(c), 0) AND near(fma_accuracy(c), 0.01), 'no agreement beyond chance') FROM (SELECT fma_confusion(i / 100, i % 100) AS c FROM generate_series(0, 9999) AS i) AS x;

SELECT * FROM finish();
ROLLBACK;

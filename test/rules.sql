-- Rules: intervals against SciPy, every metric against plain SQL, what is judged and what cannot be, rights, the gate
\set ECHO none
\set QUIET on
\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
BEGIN;
SELECT no_plan();

-- Equal but for rounding; an undefined figure equals another undefined one alone
CREATE FUNCTION near(a double precision, b double precision, tolerance double precision DEFAULT 1e-12) RETURNS boolean LANGUAGE sql IMMUTABLE
	RETURN CASE WHEN a IS NULL OR b IS NULL THEN a IS NULL AND b IS NULL ELSE abs(a - b) <= tolerance END;

-- Intervals: test/oracle/rules.py
CREATE TABLE matrix (name text PRIMARY KEY, c fma_confusion);
INSERT INTO matrix VALUES
('fashion', '{"labels": ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"], "counts": [[962, 0, 0, 0, 0, 3, 0, 34, 1, 0], [0, 981, 1, 3, 1, 2, 2, 3, 5, 2], [0, 0, 874, 22, 57, 0, 44, 0, 2, 1], [0, 1, 29, 908, 11, 0, 31, 0, 17, 3], [0, 1, 47, 5, 879, 0, 53, 0, 14, 1], [3, 0, 0, 0, 0, 983, 0, 14, 0, 0], [0, 10, 63, 25, 56, 0, 728, 0, 116, 2], [22, 0, 0, 0, 0, 7, 0, 971, 0, 0], [0, 4, 3, 15, 11, 1, 75, 0, 891, 0], [0, 0, 2, 11, 1, 0, 4, 0, 0, 982]]}'),
('flights', '{"labels": ["a", "b"], "counts": [[6906, 27182], [3442, 162470]]}'),
('small', '{"labels": ["a", "b", "c"], "counts": [[8, 1, 2], [2, 6, 0], [1, 1, 3]]}'),
('perfect', '{"labels": ["a", "b"], "counts": [[7, 0], [0, 5]]}'),
('never right', '{"labels": ["a", "b", "c"], "counts": [[0, 3, 1], [2, 0, 2], [5, 1, 0]]}'),
('half right', '{"labels": ["a", "b", "c"], "counts": [[9, 0, 0], [0, 4, 3], [0, 2, 6]]}'),
('never predicted', '{"labels": ["a", "b", "c"], "counts": [[6, 2, 0], [1, 7, 0], [2, 1, 0]]}');
-- label -1: the mean; wIoU has the weights 1, 2, 3, ...
CREATE TABLE figure (name text, metric text, label int, value double precision, low double precision, high double precision);
INSERT INTO figure VALUES
('fashion', 'Precision', -1, 0.9156310828173659, 0.9099063987808983, 0.9205090617657543),
('fashion', 'Precision', 0, 0.9746707193515705, 0.962875536294417, 0.9827853377622895),
('fashion', 'Precision', 1, 0.9839518555667001, 0.9740906933104538, 0.9900979816242088),
('fashion', 'Precision', 2, 0.8577036310107949, 0.834908460856877, 0.8778119648878081),
('fashion', 'Recall', -1, 0.9159000000000002, 0.9102136298289668, 0.920724267246841),
('fashion', 'Recall', 0, 0.962, 0.9482730796686496, 0.9721909954906973),
('fashion', 'Recall', 1, 0.981, 0.9705155440876868, 0.9878031142492091),
('fashion', 'Recall', 2, 0.874, 0.8519904953398137, 0.8931470893129908),
('fashion', 'F1Score', -1, 0.915607790783161, 0.9100221368189187, 0.9205663458416344),
('fashion', 'F1Score', 0, 0.9682939104177152, 0.9594888032432296, 0.9752346247072254),
('fashion', 'F1Score', 1, 0.9824737105658488, 0.9756553155075112, 0.987407076001114),
('fashion', 'F1Score', 2, 0.8657751362060426, 0.8491488304872368, 0.880826128446533),
('fashion', 'IoU', -1, 0.8521543565986816, 0.8434876204062539, 0.8599277248671763),
('fashion', 'IoU', 0, 0.9385365853658536, 0.9221321272023941, 0.9516662528030886),
('fashion', 'IoU', 1, 0.9655511811023622, 0.9524677877260614, 0.9751273711272748),
('fashion', 'IoU', 2, 0.7633187772925765, 0.7378441739314925, 0.7870324270740023),
('fashion', 'wIoU', -1, 0.84524669024214, 0.8360520621754953, 0.8535556229642789),
('fashion', 'Accuracy', -1, 0.9159, 0.9102993557175596, 0.9211812344377115),
('flights', 'Precision', -1, 0.7620248340273815, 0.7573874444750375, 0.7665997924929207),
('flights', 'Precision', 0, 0.6673753382296096, 0.6582368661592779, 0.6763895878662871),
('flights', 'Precision', 1, 0.8566743298251535, 0.8550900774271672, 0.8582441334221971),
('flights', 'Recall', -1, 0.5909236751775475, 0.5887785972412914, 0.5931000785145805),
('flights', 'Recall', 0, 0.20259328796057263, 0.1983601328765988, 0.20689346644888076),
('flights', 'Recall', 1, 0.9792540623945224, 0.9785570434238506, 0.9799288889726034),
('flights', 'F1Score', -1, 0.6123505515299237, 0.6093450410883862, 0.6153808406667124),
('flights', 'F1Score', 0, 0.310829057520929, 0.30526405797379186, 0.3164492973434333),
('flights', 'F1Score', 1, 0.9138720455389184, 0.9129061358151543, 0.9148282423298961),
('flights', 'IoU', -1, 0.5127082292238443, 0.510320812149336, 0.5151218849054596),
('flights', 'IoU', 0, 0.18401278976818544, 0.18012485036979944, 0.18796540956211813),
('flights', 'IoU', 1, 0.8414036686795032, 0.8397675360808834, 0.8430262176137533),
('flights', 'wIoU', -1, 0.6222733757090639, 0.6202779401037041, 0.6242802526871857),
('flights', 'Accuracy', -1, 0.84688, 0.845295146034514, 0.848451528969066),
('small', 'Precision', -1, 0.6924242424242424, 0.49855751838143714, 0.8181780175750701),
('small', 'Precision', 0, 0.7272727272727273, 0.4343546988238708, 0.9025394070997511),
('small', 'Precision', 1, 0.75, 0.40927543031016883, 0.9285207872478909),
('small', 'Precision', 2, 0.6, 0.23072428127601297, 0.8823792257673521),
('small', 'Recall', -1, 0.6924242424242424, 0.49855751838143714, 0.8181780175750701),
('small', 'Recall', 0, 0.7272727272727273, 0.4343546988238708, 0.9025394070997511),
('small', 'Recall', 1, 0.75, 0.40927543031016883, 0.9285207872478909),
('small', 'Recall', 2, 0.6, 0.23072428127601297, 0.8823792257673521),
('small', 'F1Score', -1, 0.6924242424242424, 0.4944384245095244, 0.8281907595039115),
('small', 'F1Score', 0, 0.7272727272727273, 0.49159795071473045, 0.8802995491339163),
('small', 'F1Score', 1, 0.75, 0.4763921957503574, 0.9081894727774894),
('small', 'F1Score', 2, 0.6, 0.2732121272728784, 0.8568434386186881),
('small', 'IoU', -1, 0.5333333333333332, 0.34288246065098826, 0.7156744098256476),
('small', 'IoU', 0, 0.5714285714285714, 0.32590644579650746, 0.7861920109552587),
('small', 'IoU', 1, 0.6, 0.3126737697336583, 0.8318196702937639),
('small', 'IoU', 2, 0.42857142857142855, 0.1582198552514697, 0.7495416354723428),
('small', 'wIoU', -1, 0.5095238095238095, 0.3131426077219208, 0.7135269081869725),
('small', 'Accuracy', -1, 0.7083333333333334, 0.5083230633550337, 0.8508535180303913),
('perfect', 'Precision', -1, 1.0, 0.71967649517985, 1.0),
('perfect', 'Precision', 0, 1.0, 0.6456695649333126, 1.0),
('perfect', 'Precision', 1, 1.0, 0.5655175352168251, 1.0),
('perfect', 'Recall', -1, 1.0, 0.71967649517985, 1.0),
('perfect', 'Recall', 0, 1.0, 0.6456695649333126, 1.0),
('perfect', 'Recall', 1, 1.0, 0.5655175352168251, 1.0),
('perfect', 'F1Score', -1, 1.0, 0.8243702781593761, 1.0),
('perfect', 'F1Score', 0, 1.0, 0.7846891972623642, 1.0),
('perfect', 'F1Score', 1, 1.0, 0.7224672001371107, 1.0),
('perfect', 'IoU', -1, 1.0, 0.71967649517985, 1.0),
('perfect', 'IoU', 0, 1.0, 0.6456695649333126, 1.0),
('perfect', 'IoU', 1, 1.0, 0.5655175352168251, 1.0),
('perfect', 'wIoU', -1, 1.0, 0.6871901347764111, 1.0),
('perfect', 'Accuracy', -1, 1.0, 0.7575059933447592, 1.0),
('never right', 'Precision', -1, 0.0, 0.0, 0.2750397962167292),
('never right', 'Precision', 0, 0.0, 0.0, 0.35433043506668743),
('never right', 'Precision', 1, 0.0, 0.0, 0.4898908364545973),
('never right', 'Precision', 2, 0.0, 0.0, 0.5614970317550454),
('never right', 'Recall', -1, 0.0, 0.0, 0.26506747979345024),
('never right', 'Recall', 0, 0.0, 0.0, 0.4898908364545973),
('never right', 'Recall', 1, 0.0, 0.0, 0.4898908364545973),
('never right', 'Recall', 2, 0.0, 0.0, 0.3903342879021653),
('never right', 'F1Score', -1, 0.0, 0.0, 0.26271758804468515),
('never right', 'F1Score', 0, 0.0, 0.0, 0.41122686450045093),
('never right', 'F1Score', 1, 0.0, 0.0, 0.4898908364545973),
('never right', 'F1Score', 2, 0.0, 0.0, 0.460526018682001),
('never right', 'IoU', -1, 0.0, 0.0, 0.17052941516781545),
('never right', 'IoU', 0, 0.0, 0.0, 0.2588329669680317),
('never right', 'IoU', 1, 0.0, 0.0, 0.32440756488388023),
('never right', 'IoU', 2, 0.0, 0.0, 0.29914504841954404),
('never right', 'wIoU', -1, 0.0, 0.0, 0.18954224223920904),
('never right', 'Accuracy', -1, 0.0, 0.0, 0.2153108027376358),
('half right', 'Precision', -1, 0.7777777777777778, 0.5887536200324803, 0.8838301229024236),
('half right', 'Precision', 0, 1.0, 0.7008549515804559, 1.0),
('half right', 'Precision', 1, 0.6666666666666666, 0.299993315138392, 0.9032285888942195),
('half right', 'Precision', 2, 0.6666666666666666, 0.3542021355803963, 0.879416181613089),
('half right', 'Recall', -1, 0.7738095238095237, 0.5886360717579502, 0.8818011102493858),
('half right', 'Recall', 0, 1.0, 0.7008549515804559, 1.0),
('half right', 'Recall', 1, 0.5714285714285714, 0.2504583645276572, 0.8417801447485302),
('half right', 'Recall', 2, 0.75, 0.40927543031016883, 0.9285207872478909),
('half right', 'F1Score', -1, 0.7737556561085972, 0.6004720933153055, 0.8909988139232462),
('half right', 'F1Score', 0, 1.0, 0.8241207763533424, 1.0),
('half right', 'F1Score', 1, 0.6153846153846154, 0.3176008276518237, 0.8461640796829477),
('half right', 'F1Score', 2, 0.7058823529411765, 0.4376117320112553, 0.8809857160874155),
('half right', 'IoU', -1, 0.6632996632996633, 0.4831519530654887, 0.8163241812567865),
('half right', 'IoU', 0, 1.0, 0.7008549515804559, 1.0),
('half right', 'IoU', 1, 0.4444444444444444, 0.18877852109766463, 0.733348706504507),
('half right', 'IoU', 2, 0.5454545454545454, 0.280091537409322, 0.7872872837754024),
('half right', 'wIoU', -1, 0.5875420875420875, 0.39135932732951034, 0.7755882581346436),
('half right', 'Accuracy', -1, 0.7916666666666666, 0.5952954674681135, 0.9075517464714815),
('never predicted', 'Precision', -1, 0.4555555555555555, 0.3104205321983544, 0.8023194126038699),
('never predicted', 'Precision', 0, 0.6666666666666666, 0.3542021355803963, 0.879416181613089),
('never predicted', 'Precision', 1, 0.7, 0.39677814746114526, 0.892208732593699),
('never predicted', 'Precision', 2, NULL, NULL, NULL),
('never predicted', 'Recall', -1, 0.5416666666666666, 0.37982591263672083, 0.7410188840580444),
('never predicted', 'Recall', 0, 0.75, 0.40927543031016883, 0.9285207872478909),
('never predicted', 'Recall', 1, 0.875, 0.5291118177871464, 0.9775825085499433),
('never predicted', 'Recall', 2, 0.0, 0.0, 0.5614970317550454),
('never predicted', 'F1Score', -1, 0.49455337690631807, 0.3488218229181791, 0.7499235301790917),
('never predicted', 'F1Score', 0, 0.7058823529411765, 0.4376117320112553, 0.8809857160874155),
('never predicted', 'F1Score', 1, 0.7777777777777778, 0.5226781911109911, 0.9179452386953401),
('never predicted', 'F1Score', 2, 0.0, 0.0, 0.719177840669925),
('never predicted', 'IoU', -1, 0.3939393939393939, 0.24135883187007984, 0.6198236300124349),
('never predicted', 'IoU', 0, 0.5454545454545454, 0.280091537409322, 0.7872872837754024),
('never predicted', 'IoU', 1, 0.6363636363636364, 0.35380117450784887, 0.8483352890463243),
('never predicted', 'IoU', 2, 0.0, 0.0, 0.5614970317550454),
('never predicted', 'wIoU', -1, 0.303030303030303, 0.18420264231410982, 0.5991515100253725),
('never predicted', 'Accuracy', -1, 0.6842105263157895, 0.4601040767532748, 0.8463562091220772);
CREATE VIEW compared AS
SELECT name, metric, f.label, f.value, f.low, f.high, i.value AS our_value, i.low AS our_low, i.high AS our_high
FROM figure AS f JOIN matrix USING (name), LATERAL fma_metric_interval(c, metric, f.label >= 0, CASE WHEN f.label >= 0 THEN ARRAY[chr(97 + f.label)] END,
	CASE WHEN metric = 'wIoU' THEN (SELECT jsonb_object_agg(chr(97 + k), k + 1) FROM generate_series(0, 9) AS k) END) AS i;
SELECT is((SELECT count(*) FROM compared), (SELECT count(*) FROM figure), 'every figure is compared');
SELECT is_empty('SELECT * FROM compared WHERE NOT near(value, our_value)', 'values are NumPy''s');
SELECT is_empty('SELECT * FROM compared WHERE NOT (near(low, our_low, 1e-8) AND near(high, our_high, 1e-8))', 'intervals are SciPy''s, with its numerical derivatives');
SELECT is_empty('SELECT * FROM compared WHERE our_low > our_value OR our_high < our_value OR our_low < 0 OR our_high > 1', 'a value lies in its interval');
SELECT ok(low < 1 AND high = 1, 'a perfect model is not known to be perfect') FROM matrix, fma_metric_interval(c, 'F1Score') WHERE name = 'perfect';

-- Values are those of fma_f1 and its like
SELECT is_empty($$ SELECT name FROM matrix WHERE NOT (near(fma_f1(c), (SELECT value FROM fma_metric_interval(c, 'f1score')), 1e-15) AND near(fma_iou(c), (SELECT value FROM fma_metric_interval(c, 'IOU')), 1e-15)
	AND near(fma_precision(c), (SELECT value FROM fma_metric_interval(c, 'precision')), 1e-15) AND near(fma_recall(c), (SELECT value FROM fma_metric_interval(c, 'Recall')), 1e-15)
	AND near(fma_accuracy(c), (SELECT value FROM fma_metric_interval(c, 'pixelaccuracy')), 1e-15)) $$, 'the mean over labels is that of fma_f1, fma_iou, fma_precision, fma_recall');
SELECT is_empty($$ SELECT name, mode FROM matrix, unnest(ARRAY['include', 'exclude_from_average', 'ignore_truth']) AS mode
	WHERE NOT (near(fma_f1(c, 'macro', 'b', mode), (SELECT value FROM fma_metric_interval(c, 'f1score', background := 'b', background_mode := mode)), 1e-15)
	AND near(fma_accuracy(c, 'b', mode), (SELECT value FROM fma_metric_interval(c, 'Accuracy', background := 'b', background_mode := mode)), 1e-15)
	AND near(fma_weighted_iou(c, '{"a": 2, "c": 0.5}', 1, 'b', mode), (SELECT value FROM fma_metric_interval(c, 'wIoU', false, NULL, '{"a": 2, "c": 0.5}', 'b', mode)), 1e-15)) $$, 'with a background, too');
SELECT is_empty($$ SELECT name, m.label FROM matrix, fma_class_metrics(c) AS m JOIN LATERAL fma_metric_interval(c, 'Precision', true) AS p ON p.label = m.label JOIN LATERAL fma_metric_interval(c, 'Recall', true) AS r ON r.label = m.label
	JOIN LATERAL fma_metric_interval(c, 'IoU', true) AS i ON i.label = m.label
	WHERE NOT (near(m.precision, p.value, 0) AND near(m.recall, r.value, 0) AND near(m.iou, i.value, 0) AND p.n = m.tp + m.fp AND r.n = m.tp + m.fn AND i.n = m.tp + m.fp + m.fn AND r.support = m.support AND r.missed = m.fn) $$,
	'by label it is that of fma_class_metrics, and n its denominator');
SELECT is((SELECT array_agg(label) FROM fma_metric_interval('{"labels": ["a", "b", "none"], "counts": [[5, 1, 2], [0, 4, 1], [0, 0, 0]]}', 'Recall', true, background := 'none')), '{a,b}'::text[], 'a background is not listed');
SELECT results_eq($$ SELECT label, value, low, n FROM fma_metric_interval('{"labels": ["a", "b"], "counts": [[5, 1], [0, 4]]}', 'Recall', true, '{z,b}') $$,
	$$ VALUES ('z', NULL, NULL, 0::bigint), ('b', 1.0::float8, (SELECT low FROM fma_failure_interval('{"n": 4, "failures": 4}')), 4) $$, 'labels as they are listed, absent ones undefined');
SELECT results_eq($$ SELECT n FROM unnest(ARRAY['Recall', 'Precision', 'IoU', 'Accuracy']) WITH ORDINALITY AS m (m, i), fma_metric_interval('{"labels": ["a", "b", "c"], "counts": [[5, 1, 2], [0, 4, 1], [0, 0, 6]]}', m, false, '{a,c}') ORDER BY i $$,
	ARRAY[14, 14, 15, 19]::bigint[], 'n: rows whose truth, prediction or either is among the labels');

-- The design effect, other levels, weights
SELECT is_empty($$ SELECT name, metric FROM matrix, unnest(ARRAY['Precision', 'Recall', 'F1Score', 'IoU', 'Accuracy']) AS metric, fma_metric_interval(c, metric) AS a, fma_metric_interval(c + c, metric, design_effect := 2) AS b
	WHERE NOT (near(a.low, b.low) AND near(a.high, b.high)) $$, 'twice the rows, two of which are worth one: the same interval');
SELECT ok(near(a.low, b.low) AND near(a.high, b.high), 'of a failure rate as well') FROM fma_failure_interval('{"n": 40, "failures": 8}', 'wilson', 0.9) AS a, fma_failure_interval('{"n": 100, "failures": 20}', 'wilson', 0.9, 2.5) AS b;
SELECT ok(a.low < b.low AND b.high < a.high, 'a higher level is wider') FROM matrix, fma_metric_interval(c, 'F1Score', confidence_level := 0.99) AS a, fma_metric_interval(c, 'F1Score') AS b WHERE name = 'fashion';
SELECT ok(value IS NOT NULL AND low IS NULL AND high IS NULL, 'no interval of weights') FROM fma_metric_interval((SELECT fma_confusion(t, p, 1.5) FROM (VALUES ('a', 'a'), ('a', 'b'), ('b', 'b')) AS v (t, p)), 'F1Score');
SELECT is((SELECT count(*) FROM fma_metric_interval(NULL, 'F1Score')), 0::bigint, 'no matrix, no row');
SELECT ok(value IS NULL AND low IS NULL AND high IS NULL AND n = 0, 'an empty one is undefined: ' || m) FROM unnest(ARRAY['F1Score', 'Accuracy', 'wIoU']) AS m, fma_metric_interval('{}', m);
SELECT is((SELECT count(*) FROM fma_metric_interval('{}', 'F1Score', true)), 0::bigint, 'and has no labels');
SELECT throws_ok($$ SELECT fma_metric_interval('{}', 'F2') $$, '22023', 'unknown metric "f2"');
SELECT throws_ok($$ SELECT fma_metric_interval('{}', 'Accuracy', true) $$, '22023', 'Accuracy is not a metric of a label');
SELECT throws_ok($$ SELECT fma_metric_interval('{}', 'IoU', labels := ARRAY[NULL]) $$, '22004', 'labels must not contain NULL');
SELECT throws_ok(format($$ SELECT fma_metric_interval('{}', 'IoU', design_effect := %L) $$, d), '22003', 'design_effect must be positive and finite', 'design_effect ' || d) FROM unnest('{0,-1,NaN,Infinity}'::float8[]) AS d;
SELECT throws_ok($$ SELECT fma_failure_interval('{}', 'wilson', 0.95, 0) $$, '22003', 'design_effect must be positive and finite');

-- Mean absolute error: SciPy's t.interval of the absolute errors
CREATE TABLE delays (id int PRIMARY KEY, y float8, yhat float8);
\copy delays FROM PROGRAM 'gzip -dc test/data/delays.csv.gz' CSV HEADER
SELECT ok(near(low, 14.946410998387138, 1e-9) AND near(high, 15.514911001612857, 1e-9), 'of 20,000 delays') FROM fma_mae_interval((SELECT fma_regression(y, yhat) FROM delays));
SELECT ok(near(low, 6.9467345166283305, 1e-9) AND near(high, 16.127265483371673, 1e-9), 'of ten, 50 %') FROM fma_mae_interval((SELECT fma_regression(y, yhat) FROM (SELECT * FROM delays ORDER BY id LIMIT 10) AS d), confidence_level := 0.5);
SELECT ok(near(low, 14.695656466208916, 1e-9) AND near(high, 15.76566553379108, 1e-9), 'in 200 units') FROM fma_mae_interval((SELECT fma_regression(y, yhat) FROM delays), 3.5, 200);
SELECT ok(low IS NULL AND high IS NULL, 'none of one row, one unit, no row') FROM unnest(ARRAY[(SELECT fma_regression(1, 2)), '{}', NULL]) AS r, fma_mae_interval(r, 1, 1);
SELECT ok(near(low, 3) AND near(high, 3), 'errors that do not vary') FROM fma_mae_interval((SELECT fma_regression(i, i + 3) FROM generate_series(1, 9) AS i));
SELECT ok(low = 0, 'never below 0') FROM fma_mae_interval((SELECT fma_regression(0, i * i) FROM generate_series(0, 3) AS i));

-- Every metric against plain SQL, over a run's summaries as fma_run stores them
CREATE TABLE fashion (
	id int, batch int, model_version text, true_label text, pred_label text, confidence float8,
	brightness float8, contrast float8, ink_area float8, bbox_aspect float8, edge_density float8,
	sharpness float8, noise float8, PRIMARY KEY (id, model_version)
);
\copy fashion FROM PROGRAM 'gzip -dc examples/fashion/predictions.csv.gz' CSV HEADER
CREATE ROLE fma_owner;
CREATE ROLE fma_other;
CREATE ROLE fma_reader;
CREATE ROLE fma_nobody;
ALTER TABLE fashion OWNER TO fma_owner;
INSERT INTO fma_dataset (name, owner, relation, settings) VALUES
('fashion', 'fma_owner', 'fashion', '{"truth": "true_label", "prediction": "pred_label", "confidence": "confidence", "batch": "batch", "model_version": "model_version", "features": ["brightness"], "id": "id"}'),
('delays', 'fma_other', 'delays', '{"task": "regression", "truth": "y", "prediction": "yhat", "failed": "abs(t.y - t.yhat) > 15"}'),
('errors', 'fma_other', 'delays', '{"task": "regression", "truth": "y", "prediction": "yhat"}');
INSERT INTO fma_dataset_share SELECT dataset_id, 'fma_reader' FROM fma_dataset WHERE name = 'fashion';
REVOKE ALL ON delays FROM PUBLIC;
CREATE FUNCTION dataset(text) RETURNS int LANGUAGE sql RETURN (SELECT dataset_id FROM fma_dataset WHERE name = $1);

-- A run of fashion: v2 is the current version
CREATE FUNCTION run_fashion() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	run bigint;
BEGIN
	INSERT INTO fma_result_run (dataset_id, status, started_at, finished_at, n, model_version, settings, fma_version)
		VALUES (dataset('fashion'), 'complete', now(), now(), 20000, 'v2', '{}', '1.0') RETURNING run_id INTO run;
	INSERT INTO fma_result_summary (run_id, segment_by, segment, model_version, n, unlabelled, failures, confusion, reliability)
		SELECT run, CASE WHEN batch IS NULL THEN 'overall' ELSE 'batch' END, batch::text, model_version, count(*), 0, fma_failures(true_label <> pred_label),
			fma_confusion(true_label, pred_label), fma_reliability(confidence, true_label = pred_label, 100)
		FROM fashion GROUP BY GROUPING SETS ((model_version), (model_version, batch));
	INSERT INTO fma_result_summary (run_id, segment_by, segment, model_version, min_confidence, below_label, n, unlabelled, confusion)
		SELECT run, CASE WHEN batch IS NULL THEN 'overall' ELSE 'batch' END, batch::text, model_version, 0.6, below, count(*), 0,
			fma_confusion(true_label, CASE WHEN confidence < 0.6 THEN below ELSE pred_label END)
		FROM fashion, unnest(ARRAY['(none)', 'Bag']) AS below GROUP BY GROUPING SETS ((model_version, below), (model_version, batch, below));
	INSERT INTO fma_result_rule SELECT * FROM fma_evaluate_rules(run);
	RETURN run;
END $$;

-- Rules by number, so that the figures can name them
CREATE TABLE rule (name text, rule_id int);
INSERT INTO rule
SELECT 'f1 by label', fma_add_rule('fashion', 'f1SCORE', 0.75, by => 'label', label => 'ALL')
UNION ALL SELECT 'f1', fma_add_rule('fashion', 'F1Score', 0.0)
UNION ALL SELECT 'recall of two by batch', fma_add_rule('fashion', 'Recall', 1, by => 'batch', labels => '{Shirt,Coat}')
UNION ALL SELECT 'precision of one by batch', fma_add_rule('fashion', 'Precision', 0.5, by => 'batch', label => 'Shirt', min_rows => 1)
UNION ALL SELECT 'accuracy by version', fma_add_rule('fashion', 'Accuracy', 0.9, by => 'model_version')
UNION ALL SELECT 'pixels', fma_add_rule('fashion', 'PixelAccuracy', 0.9)
UNION ALL SELECT 'failures by batch', fma_add_rule('fashion', 'FailureRate', 0.15, by => 'batch')
UNION ALL SELECT 'ece by batch', fma_add_rule('fashion', 'ECE', 0.05, by => 'batch')
UNION ALL SELECT 'iou', fma_add_rule('fashion', 'IoU', 0.5, background_label => 'Bag')
UNION ALL SELECT 'wiou by batch', fma_add_rule('fashion', 'wIoU', 0.5, by => 'batch', weights => '{"Shirt": 5, "Bag": 0}')
UNION ALL SELECT 'confident recall by label', fma_add_rule('fashion', 'Recall', 0.5, by => 'label', min_confidence => 0.6)
UNION ALL SELECT 'confident f1 by batch', fma_add_rule('fashion', 'F1Score', 0.5, by => 'batch', min_confidence => 0.6)
UNION ALL SELECT 'confident f1, Bag below', fma_add_rule('fashion', 'F1Score', 0.5, min_confidence => 0.6, background_label => 'Bag', background_mode => 'include')
UNION ALL SELECT 'bound', fma_add_rule('fashion', 'Accuracy', 0.85, by => 'batch', pass_by => 'bound')
UNION ALL SELECT 'bound of failures', fma_add_rule('fashion', 'FailureRate', 0.15, by => 'batch', pass_by => 'bound')
UNION ALL SELECT 'at most', fma_add_rule('fashion', 'Accuracy', 0.85, direction => 'at most', name => 'no leak');
SELECT run_fashion() AS run \gset

-- Plain SQL: one row a label and group
CREATE FUNCTION counted(version text, by_batch boolean, min_confidence float8, below text)
	RETURNS TABLE (segment text, label text, tp float8, fp float8, fn float8) LANGUAGE sql AS $$
	SELECT CASE WHEN by_batch THEN batch::text END, l, count(*) FILTER (WHERE true_label = l AND pred = l), count(*) FILTER (WHERE true_label <> l AND pred = l), count(*) FILTER (WHERE true_label = l AND pred <> l)
	FROM (SELECT *, CASE WHEN confidence < min_confidence THEN below ELSE pred_label END AS pred FROM fashion WHERE model_version = version) AS f, (SELECT DISTINCT true_label AS l FROM fashion) AS labels
	GROUP BY 1, 2 $$;
CREATE VIEW plain AS
SELECT 'f1 by label' AS name, label AS segment, 2 * tp / (2 * tp + fp + fn) AS value, (tp + fp + fn)::bigint AS n FROM counted('v2', false, 0, NULL)
UNION ALL SELECT 'f1', NULL, avg(2 * tp / (2 * tp + fp + fn)), 10000 FROM counted('v2', false, 0, NULL)
UNION ALL SELECT 'recall of two by batch', segment, avg(tp / (tp + fn)), sum(tp + fn)::bigint FROM counted('v2', true, 0, NULL) WHERE label IN ('Shirt', 'Coat') GROUP BY segment
UNION ALL SELECT 'precision of one by batch', segment, tp / (tp + fp), (tp + fp)::bigint FROM counted('v2', true, 0, NULL) WHERE label = 'Shirt'
UNION ALL SELECT 'accuracy by version', model_version, avg((true_label = pred_label)::int), count(*) FROM fashion GROUP BY model_version
UNION ALL SELECT 'pixels', NULL, avg((true_label = pred_label)::int), count(*) FROM fashion WHERE model_version = 'v2'
UNION ALL SELECT 'at most', NULL, avg((true_label = pred_label)::int), count(*) FROM fashion WHERE model_version = 'v2'
UNION ALL SELECT name, batch::text, CASE WHEN name = 'bound' THEN avg((true_label = pred_label)::int) ELSE avg((true_label <> pred_label)::int) END, count(*)
	FROM fashion, unnest(ARRAY['failures by batch', 'bound', 'bound of failures']) AS name WHERE model_version = 'v2' GROUP BY name, batch
UNION ALL SELECT 'ece by batch', batch::text, sum(abs(gap)) / sum(n), sum(n)::bigint
	FROM (SELECT batch, least(floor(confidence * 10), 9), sum(confidence - (true_label = pred_label)::int) AS gap, count(*) AS n FROM fashion WHERE model_version = 'v2' GROUP BY 1, 2) AS bin GROUP BY batch
UNION ALL SELECT 'iou', NULL, (SELECT avg(tp / (tp + fp + fn)) FROM counted('v2', false, 0, NULL) WHERE label <> 'Bag'), count(*) FROM fashion WHERE model_version = 'v2' AND NOT (true_label = 'Bag' AND pred_label = 'Bag')
UNION ALL SELECT 'wiou by batch', c.segment, sum(w * tp / (tp + fp + fn)) / sum(w), (SELECT count(*) FROM fashion WHERE model_version = 'v2' AND batch::text = c.segment AND NOT (true_label = 'Bag' AND pred_label = 'Bag'))
	FROM (SELECT *, CASE label WHEN 'Shirt' THEN 5 WHEN 'Bag' THEN 0 ELSE 1 END AS w FROM counted('v2', true, 0, NULL)) AS c GROUP BY c.segment
UNION ALL SELECT 'confident recall by label', label, tp / (tp + fn), (tp + fn)::bigint FROM counted('v2', false, 0.6, '(none)')
UNION ALL SELECT 'confident f1 by batch', segment, avg(2 * tp / (2 * tp + fp + fn)), 500 FROM counted('v2', true, 0.6, '(none)') GROUP BY segment
UNION ALL SELECT 'confident f1, Bag below', NULL, avg(2 * tp / (2 * tp + fp + fn)), 10000 FROM counted('v2', false, 0.6, 'Bag');
CREATE VIEW result AS SELECT rule.name, r.* FROM fma_result_rule AS r JOIN rule USING (rule_id);
SELECT is((SELECT count(DISTINCT name) FROM plain), (SELECT count(*) FROM rule), 'plain SQL knows every rule');
SELECT is_empty($$ SELECT p.name, p.segment, p.value, r.value, p.n, r.n FROM plain AS p FULL JOIN result AS r ON ARRAY[p.name, p.segment] = ARRAY[r.name, r.segment] WHERE NOT coalesce(near(p.value, r.value) AND p.n = r.n, false) $$, 'values and rows are those of plain SQL');
SELECT is((SELECT count(*) FROM result), (SELECT count(*) FROM plain), 'no row is missing, none is too many');
SELECT is((SELECT count(*) FROM result WHERE label = '(none)' OR segment = '(none)'), 0::bigint, 'what has no label is no label');

-- Intervals of what is a rate
SELECT is_empty($$ SELECT segment FROM result, LATERAL fma_failure_interval((SELECT fma_failures(true_label <> pred_label) FROM fashion WHERE model_version = 'v2' AND batch::text = segment)) AS i
	WHERE name = 'failures by batch' AND NOT (ci_low = i.low AND ci_high = i.high) $$, 'a failure rate has Wilson''s');
SELECT is_empty($$ SELECT segment FROM result AS r, LATERAL fma_failure_interval((SELECT fma_failures(true_label = pred_label) FROM fashion WHERE model_version = r.model_version)) AS i
	WHERE name = 'accuracy by version' AND NOT (ci_low = i.low AND ci_high = i.high) $$, 'an accuracy, too');
SELECT is((SELECT count(*) FROM result WHERE metric = 'ECE' AND ci_low IS NULL AND ci_high IS NULL AND passed IS NOT NULL), 20::bigint, 'an ECE has none');

-- What is judged
SELECT is_empty($$ SELECT * FROM result WHERE passed IS DISTINCT FROM CASE name WHEN 'bound' THEN ci_low >= 0.85 WHEN 'bound of failures' THEN ci_high <= 0.15 WHEN 'failures by batch' THEN value <= 0.15
	WHEN 'ece by batch' THEN value <= 0.05 WHEN 'at most' THEN value <= 0.85 ELSE value >= threshold END $$, 'at least, at most, by the estimate, by the bound');
SELECT ok(bool_or(passed) AND bool_or(NOT passed), name || ': some pass and some fail') FROM result WHERE name IN ('bound', 'bound of failures', 'failures by batch', 'ece by batch', 'f1 by label') GROUP BY name;
SELECT ok((SELECT count(*) FILTER (WHERE passed) FROM result WHERE name = 'bound') < (SELECT count(*) FILTER (WHERE value >= 0.85) FROM result WHERE name = 'bound'), 'the bound is harder to reach');
SELECT ok(passed, 'a threshold of 0 is one') FROM result WHERE name = 'f1';
SELECT is((SELECT array_agg(DISTINCT rule ORDER BY rule) FROM result), ARRAY['Accuracy >= 0.85 by batch, by its bound', 'Accuracy >= 0.9 by model_version', 'ECE <= 0.05 by batch', 'F1Score >= 0', 'F1Score >= 0.5 at confidence >= 0.6', 'F1Score >= 0.5 by batch at confidence >= 0.6',
	'F1Score >= 0.75 by label', 'FailureRate <= 0.15 by batch', 'FailureRate <= 0.15 by batch, by its bound', 'IoU >= 0.5', 'PixelAccuracy >= 0.9', 'Precision of Shirt >= 0.5 by batch', 'Recall >= 0.5 by label at confidence >= 0.6', 'Recall of Shirt, Coat >= 1 by batch', 'no leak', 'wIoU >= 0.5 by batch'], 'rules say what they are');
SELECT results_eq($$ SELECT DISTINCT name, label FROM result WHERE label IS NOT NULL AND segment_by <> 'label' $$, $$ VALUES ('precision of one by batch', 'Shirt') $$, 'a label alone is told');
SELECT is_empty($$ SELECT * FROM result WHERE segment_by = 'label' AND (label <> segment OR model_version <> 'v2') $$, 'by label, of the current version');

-- Worst first
SELECT is((SELECT array_agg(rank ORDER BY rank) FROM result), (SELECT array_agg(i) FROM generate_series(1, (SELECT count(*) FROM result)) AS i), 'ranks from 1');
SELECT is_empty($$ SELECT * FROM (SELECT rank, passed, abs(CASE WHEN pass_by = 'estimate' THEN value WHEN r.direction = 'at least' THEN ci_low ELSE ci_high END - r.threshold) AS off,
	lead(passed) OVER w AS next_passed, lead(abs(CASE WHEN pass_by = 'estimate' THEN value WHEN r.direction = 'at least' THEN ci_low ELSE ci_high END - r.threshold)) OVER w AS next_off
	FROM result AS r JOIN fma_rule USING (rule_id) WINDOW w AS (ORDER BY rank)) AS s WHERE passed AND NOT next_passed OR passed = next_passed AND CASE WHEN passed THEN next_off < off ELSE next_off > off END $$, 'what fails by most first, what passes by most last');

-- Shares: parts of a whole
SELECT ok(near(sum(share_of_rows), 1) AND near(sum(share_of_failures), 1), name || ': shares add up to 1') FROM result WHERE segment_by IN ('label', 'batch', 'model_version') GROUP BY name;
SELECT is_empty($$ SELECT segment FROM result AS r WHERE name = 'failures by batch' AND NOT near(share_of_failures, (SELECT (count(*) FILTER (WHERE batch::text = r.segment))::float8 / count(*) FROM fashion WHERE model_version = 'v2' AND true_label <> pred_label)) $$, 'of failures, by batch');
SELECT is_empty($$ SELECT segment FROM result AS r WHERE name = 'f1 by label' AND NOT (near(share_of_rows, 0.1) AND near(share_of_failures, (SELECT (count(*) FILTER (WHERE true_label = r.segment))::float8 / count(*) FROM fashion WHERE model_version = 'v2' AND true_label <> pred_label))) $$, 'by label');
SELECT is_empty($$ SELECT segment FROM result AS r WHERE name = 'accuracy by version' AND NOT (near(share_of_rows, 0.5) AND near(share_of_failures, (SELECT (count(*) FILTER (WHERE model_version = r.segment))::float8 / count(*) FROM fashion WHERE true_label <> pred_label))) $$, 'by version');
SELECT ok(share_of_rows = 1 AND share_of_failures = 1, 'overall') FROM result WHERE name = 'f1';

-- Numbers
SELECT fma_add_rule('delays', 'MAE', 16) AS mae, fma_add_rule('delays', 'RMSE', 20) AS rmse, fma_add_rule('delays', 'FailureRate', 0.5, pass_by => 'bound') AS failures, fma_add_rule('delays', 'MAE', 15.25, pass_by => 'bound') AS bound \gset
INSERT INTO fma_result_run (dataset_id, status, started_at, finished_at, n, settings, fma_version) VALUES (dataset('delays'), 'complete', now(), now(), 20000, '{}', '1.0') RETURNING run_id AS delays_run \gset
INSERT INTO fma_result_summary (run_id, segment_by, n, unlabelled, failures, regression, n_units, design_effect) SELECT :delays_run, 'overall', count(*), 0, fma_failures(abs(y - yhat) > 15), fma_regression(y, yhat), 200, 3.5 FROM delays;
SELECT results_eq(format($$ SELECT rule_id, round(value::numeric, 9), passed, n FROM fma_evaluate_rules(%s) ORDER BY rule_id $$, :delays_run), format($$ SELECT rule, round(value::numeric, 9), passed, 20000::bigint FROM
	(SELECT avg(abs(y - yhat)) AS mae, sqrt(avg((y - yhat) ^ 2)) AS rmse, avg((abs(y - yhat) > 15)::int) AS failures FROM delays) AS p, LATERAL (VALUES (%s, mae, true), (%s, rmse, false), (%s, failures, true), (%s, mae, false)) AS v (rule, value, passed) ORDER BY rule $$, :mae, :rmse, :failures, :bound), 'MAE, RMSE and FailureRate of numbers');
SELECT ok(near(r.ci_low, i.low) AND near(r.ci_high, i.high), 'an MAE''s interval minds units') FROM fma_evaluate_rules(:delays_run) AS r, fma_mae_interval((SELECT fma_regression(y, yhat) FROM delays), 3.5, 200) AS i WHERE rule_id = :mae;
SELECT ok(near(r.ci_low, i.low) AND near(r.ci_high, i.high), 'a failure rate''s as well') FROM fma_evaluate_rules(:delays_run) AS r, fma_failure_interval((SELECT fma_failures(abs(y - yhat) > 15) FROM delays), 'wilson', 0.95, 3.5) AS i WHERE rule_id = :failures;
SELECT ok(ci_low IS NULL AND ci_high IS NULL, 'an RMSE has none') FROM fma_evaluate_rules(:delays_run) WHERE rule_id = :rmse;
SELECT is((SELECT array_agg(rule_id ORDER BY rank) FROM fma_evaluate_rules(:delays_run)), ARRAY[:rmse, :bound, :mae, :failures], 'errors are off by their share of the threshold');

-- What cannot be told
DELETE FROM fma_rule WHERE dataset_id = dataset('fashion');
SELECT fma_add_rule('fashion', 'Recall', 0.5, by => 'label', labels => '{gone,Shirt,Coat}') AS gone, fma_add_rule('fashion', 'Precision', 0.5, by => 'label', labels => '{gone}') AS unpredicted, fma_add_rule('fashion', 'F1Score', 0.5, label => 'gone') AS no_label,
	fma_add_rule('fashion', 'F1Score', 0.5, by => 'label', label => 'gone') AS absent,
	fma_add_rule('fashion', 'Accuracy', 0.5, by => 'batch', min_rows => 501) AS few, fma_add_rule('fashion', 'Accuracy', 0.5, by => 'slice') AS no_slices, fma_add_rule('fashion', 'Accuracy', 0.5, min_confidence => 0.123) AS no_threshold \gset
SELECT results_eq(format($$ SELECT DISTINCT rule_id, segment_by, CASE WHEN segment_by = 'label' THEN segment END, passed, value IS NULL, reason FROM fma_evaluate_rules(%s) WHERE passed IS NOT TRUE ORDER BY 1, 2, 3 $$, :run),
	format($$ VALUES (%s, 'label', 'gone', NULL::boolean, true, 'never the truth'), (%s, 'label', 'gone', NULL, true, 'never predicted'), (%s, 'overall', NULL, NULL, true, 'no rows'), (%s, 'label', 'gone', NULL, true, 'does not occur'),
		(%s, 'batch', NULL, NULL, false, 'too few rows'), (%s, 'slice', NULL, NULL, true, 'the run has no slice summaries'), (%s, 'overall', NULL, NULL, true, 'the run did not measure this confidence') $$, :gone, :unpredicted, :no_label, :absent, :few, :no_slices, :no_threshold), 'a reason for each');
SELECT is((SELECT count(*) FROM fma_evaluate_rules(:run) WHERE rule_id = :few), 20::bigint, 'too few rows: every segment is told');
INSERT INTO fma_result_run (dataset_id, status, started_at, finished_at, n, settings, fma_version) VALUES (dataset('fashion'), 'running', now(), NULL, 0, '{}', '1.0') RETURNING run_id AS empty_run \gset
SELECT results_eq(format($$ SELECT DISTINCT passed, value, n, reason ~ '^the run has no .* summaries$' FROM fma_evaluate_rules(%s) $$, :empty_run), 'SELECT NULL::boolean, NULL::float8, 0::bigint, true', 'a run without summaries');
INSERT INTO fma_result_summary (run_id, segment_by, n, unlabelled) VALUES (:empty_run, 'overall', 7, 7);
INSERT INTO fma_result_summary (run_id, segment_by, segment, n, unlabelled, failures, confusion, reliability, regression) VALUES (:empty_run, 'batch', NULL, 0, 0, '{}', '{}', '{}', '{}');
SELECT is((SELECT count(*) FROM fma_evaluate_rules(:empty_run) WHERE passed IS NULL AND value IS NULL AND n = 0 AND share_of_rows IS NULL AND reason IS NOT NULL), (SELECT count(*) FROM fma_rule WHERE dataset_id = dataset('fashion')), 'nor of NULLs and empty values');
SELECT is((SELECT count(*) FROM fma_evaluate_rules(NULL)) + (SELECT count(*) FROM fma_evaluate_rules(-1)), 0::bigint, 'no run, no rows');
DELETE FROM fma_result_run WHERE run_id = :empty_run;

-- The gate
SELECT fma_add_rule('fashion', 'Accuracy', 1) AS broken \gset
SELECT is_empty($$ SELECT 1 FROM fma_check_run('fashion') WHERE passed IS NOT NULL OR reason <> 'added after the run' $$, 'rules added since are listed and do not fail');
SELECT is((SELECT count(*) FROM fma_check_run('fashion')), 8::bigint, 'each of them once');
SELECT lives_ok($$ SELECT fma_check_run('fashion', true) $$, 'nor raise');
SELECT run_fashion() AS run \gset
SELECT results_eq($$ SELECT rule_id, passed, count(*) FROM fma_check_run('fashion') GROUP BY 1, 2 ORDER BY 1 $$, format($$ VALUES (%s, NULL::boolean, 1::bigint), (%s, NULL, 1), (%s, NULL, 1), (%s, NULL, 1), (%s, NULL, 20), (%s, NULL, 1), (%s, NULL, 1), (%s, false, 1) $$,
	:gone, :unpredicted, :no_label, :absent, :few, :no_slices, :no_threshold, :broken), 'what did not pass, and no more');
SELECT throws_ok($$ SELECT fma_check_run('fashion', true) $$, '23514', 'dataset "fashion" breaks its rules: 1 result fails', 'it raises');
SELECT fma_remove_rule(:broken);
SELECT lives_ok($$ SELECT fma_check_run('fashion', true) $$, 'a removed rule does not');
SELECT is((SELECT count(*) FROM fma_rule_results WHERE rule_id = :broken AND NOT passed), 1::bigint, 'what a run found of it stays');
INSERT INTO fma_result_run (dataset_id, status, started_at, settings, fma_version, failed_stage, sqlstate, message) VALUES (dataset('fashion'), 'failed', now(), '{}', '1.0', 'slices', '22012', 'division by zero') RETURNING run_id AS failed_run \gset
SELECT results_eq($$ SELECT run_id, passed, reason FROM fma_check_run('fashion') LIMIT 1 $$, format($$ VALUES (%s::bigint, false, 'run %s failed in stage slices: division by zero') $$, :failed_run, :failed_run), 'a failed run is a result');
SELECT throws_ok($$ SELECT fma_check_run('fashion', true) $$, '23514', 'dataset "fashion" breaks its rules: 1 result fails', 'and no gate opens');
SELECT is((SELECT count(DISTINCT run_id) FROM fma_rule_results WHERE dataset = 'fashion'), 1::bigint, 'the view shows the complete run before it');
SELECT is((SELECT max(run_id) FROM fma_rule_results WHERE dataset = 'fashion'), :run::bigint, 'the newest one');
SELECT throws_ok($$ SELECT fma_check_run('errors', true) $$, '23514', 'dataset "errors" breaks its rules: 1 result fails', 'no run at all: no gate opens');
SELECT results_eq($$ SELECT passed, reason FROM fma_check_run('errors') $$, $$ VALUES (false, 'no run is complete'), (NULL, 'the dataset has no rules') $$, 'and why');
SELECT throws_ok($$ SELECT fma_check_run('none') $$, '42704', 'dataset "none" does not exist, or is not yours to read');
SELECT throws_ok($$ SELECT fma_check_run(NULL) $$, '22004', 'name must not be NULL');
SELECT lives_ok($$ SELECT fma_check_run('fashion', NULL) $$, 'raise is false when NULL');
DELETE FROM fma_result_run WHERE run_id = :failed_run;

-- Rights: the owner adds and removes, readers read, others see nothing
SET ROLE fma_owner;
SELECT fma_add_rule('fashion', 'Accuracy', 0.5) AS own \gset
SELECT lives_ok(format('SELECT fma_remove_rule(%s)', :own), 'the owner adds and removes rules');
SELECT throws_ok($$ SELECT fma_add_rule('delays', 'MAE', 1) $$, '42704', 'dataset "delays" does not exist, or is not yours to read', 'not of others');
SELECT throws_ok(format($$ SELECT fma_remove_rule(%s) $$, :mae), '42704', format('rule %s does not exist, or is not yours to read', :mae), 'whose rules are not known to it');
SELECT is((SELECT count(*) FROM fma_evaluate_rules(:delays_run)) + (SELECT count(*) FROM fma_rule WHERE metric = 'MAE') + (SELECT count(*) FROM fma_result_rule WHERE metric = 'MAE'), 0::bigint, 'nor their results');
SET ROLE fma_reader;
SELECT throws_ok($$ SELECT fma_add_rule('fashion', 'Accuracy', 0.5) $$, '42501', 'permission denied for dataset "fashion"', 'a reader cannot add');
SELECT throws_ok(format($$ SELECT fma_remove_rule(%s) $$, :few), '42501', 'permission denied for dataset "fashion"', 'nor remove');
SELECT throws_ok(format($$ %s $$, statement), '42501', NULL, statement) FROM unnest(ARRAY['INSERT INTO fma_rule OVERRIDING SYSTEM VALUE SELECT * FROM fma_rule', 'UPDATE fma_rule SET threshold = 0', 'DELETE FROM fma_rule', 'INSERT INTO fma_result_rule SELECT * FROM fma_result_rule', 'UPDATE fma_result_rule SET passed = true', 'DELETE FROM fma_result_rule', 'TRUNCATE fma_rule']) AS statement;
SELECT ok((SELECT count(*) FROM fma_rule) = 7 AND (SELECT count(*) FROM fma_rule_results) > 20, 'it reads');
SELECT is((SELECT count(*) FROM fma_check_run('fashion')), 26::bigint, 'and asks the gate');
SET ROLE fma_nobody;
SELECT is((SELECT count(*) FROM fma_rule) + (SELECT count(*) FROM fma_result_rule) + (SELECT count(*) FROM fma_rule_results), 0::bigint, 'others see nothing');
SELECT throws_ok($$ SELECT fma_check_run('fashion') $$, '42704', 'dataset "fashion" does not exist, or is not yours to read', 'nor the gate');
RESET ROLE;
SELECT is((SELECT relowner FROM pg_class WHERE oid = 'fma_rule'::regclass), (SELECT extowner FROM pg_extension WHERE extname = 'fma'), 'the extension''s owner owns the rules');
SELECT set_eq($$ SELECT unnest(extconfig)::regclass::text FROM pg_extension WHERE extname = 'fma' INTERSECT SELECT unnest(ARRAY['fma_rule', 'fma_rule_rule_id_seq', 'fma_result_rule']) $$, ARRAY['fma_rule', 'fma_rule_rule_id_seq', 'fma_result_rule'], 'and pg_dump keeps them, with their sequence');

-- Text is text
CREATE TABLE hostile (t text, p text, c float8, b text);
INSERT INTO hostile SELECT CASE WHEN i % 3 = 0 THEN E'\'; DROP TABLE fma_rule; --' ELSE '$$ || "x'') || /*' END, E'\'; DROP TABLE fma_rule; --', 0.5, E'b\') UNION SELECT 1 --' FROM generate_series(1, 90) AS i;
INSERT INTO fma_dataset (name, owner, relation, settings) VALUES (E'it''s "x"; --', 'fma_owner', 'hostile', '{"truth": "t", "prediction": "p", "confidence": "c", "batch": "b"}');
SELECT fma_add_rule(E'it''s "x"; --', 'Recall', 0.5, by => 'label') AS a, fma_add_rule(E'it''s "x"; --', 'F1Score', 0.9, by => 'batch', labels => ARRAY[E'\'; DROP TABLE fma_rule; --'], name => E'\'); DELETE FROM fma_rule; --') AS b,
	fma_add_rule(E'it''s "x"; --', 'IoU', 0.9, label => repeat(E'\u00e4', 1000), background_label => '$1; --') AS c,
	fma_add_rule(E'it''s "x"; --', 'wIoU', 0.9, weights => '{"''); DROP TABLE fma_rule; --": 2}', background_label => E'\\') AS d \gset
INSERT INTO fma_result_run (dataset_id, status, started_at, finished_at, settings, fma_version) VALUES (dataset(E'it''s "x"; --'), 'complete', now(), now(), '{}', '1.0') RETURNING run_id AS hostile_run \gset
INSERT INTO fma_result_summary (run_id, segment_by, segment, n, unlabelled, failures, confusion) SELECT :hostile_run, CASE WHEN b IS NULL THEN 'overall' ELSE 'batch' END, b, count(*), 0, fma_failures(t <> p), fma_confusion(t, p) FROM hostile GROUP BY GROUPING SETS ((), (b));
INSERT INTO fma_result_rule SELECT * FROM fma_evaluate_rules(:hostile_run);
SELECT set_eq('SELECT segment, value, passed, n FROM fma_rule_results WHERE dataset LIKE ''it%'' AND metric IN (''Recall'', ''F1Score'')', $q$ VALUES (E'\'; DROP TABLE fma_rule; --', 1::float8, true, 30::bigint), ('$$ || "x'') || /*', 0, false, 60), (E'b\') UNION SELECT 1 --', 0.5, false, 90) $q$, 'whatever labels, segments and names say');
SELECT is((SELECT length(name) FROM fma_rule WHERE rule_id = :c), 43 + length('IoU of  >= 0.9'), 'a long label is cut short in the name');
SELECT throws_like(format('SELECT fma_check_run(%L, true)', E'it''s "x"; --'), 'dataset "it''s "x"; --" breaks its rules: % results fail', 'in an error, too');
DELETE FROM fma_dataset WHERE name LIKE 'it%';
SELECT is((SELECT count(*) FROM fma_rule WHERE rule_id IN (:a, :b, :c, :d)) + (SELECT count(*) FROM fma_result_rule WHERE run_id = :hostile_run), 0::bigint, 'a dataset takes its rules and results with it');

SELECT * FROM finish();
ROLLBACK;

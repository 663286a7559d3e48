-- calibration: the surface and its errors
CREATE TABLE guesses (id int, part text, confidence float8, correct boolean);
INSERT INTO guesses VALUES
	(1, 'a', 0.95, true), (2, 'a', 0.95, true), (3, 'a', 0.9, false), (4, 'a', 1, true),
	(5, 'b', 0.55, true), (6, 'b', 0.5, false), (7, 'b', 0.25, false), (8, 'b', 0, false),
	(9, 'b', NULL, true), (10, 'b', 0.75, NULL);

SELECT fma_reliability(confidence, correct, 4) FROM guesses;
SELECT bin, low, high, n, mean_confidence::numeric(6, 4), accuracy::numeric(6, 4), gap::numeric(6, 4), ci_low::numeric(6, 4), ci_high::numeric(6, 4)
	FROM (SELECT fma_reliability(confidence, correct, 4) AS r FROM guesses) s, fma_bins(r);
SELECT bin, n, ci_low::numeric(6, 4), ci_high::numeric(6, 4)
	FROM (SELECT fma_reliability(confidence, correct, 2) AS r FROM guesses) s, fma_bins(r, confidence_level => 0.8);
SELECT part, fma_ece(confidence, correct)::numeric(8, 6) AS ece, fma_ece(confidence, correct, 4)::numeric(8, 6) AS ece_4
	FROM guesses GROUP BY part ORDER BY part;
SELECT fma_ece(r)::numeric(8, 6) AS ece, fma_mce(r)::numeric(8, 6) AS mce, fma_calibration_error(r, 'l2')::numeric(8, 6) AS l2,
	fma_ece_debiased(r)::numeric(8, 6) AS debiased, fma_calibration_error(r, 'mean')::numeric(8, 6) AS ace,
	fma_confidence_log_loss(r)::numeric(8, 6) AS log_loss
	FROM (SELECT fma_reliability(confidence, correct, 4) AS r FROM guesses) s;
SELECT expected::numeric(6, 4), p_value::numeric(6, 3)
	FROM (SELECT fma_reliability(confidence, correct, 4) AS r FROM guesses) s, fma_ece_if_calibrated(r);
SELECT brier::numeric(8, 6), reliability::numeric(8, 6), resolution::numeric(8, 6), uncertainty::numeric(8, 6),
	within_bin_variance::numeric(8, 6), within_bin_covariance::numeric(8, 6)
	FROM (SELECT fma_reliability(confidence, correct, 4) AS r FROM guesses) s, fma_confidence_brier(r);
SELECT fma_rollup(r) = (SELECT fma_reliability(confidence, correct) FROM guesses) AS same
	FROM (SELECT fma_reliability(confidence, correct) AS r FROM guesses GROUP BY part) s;
SELECT fma_classwise_ece(p, '{cat,dog,bird}', t)::numeric(8, 6) AS ece, fma_classwise_ece(p, '{cat,dog,bird}', t, 5)::numeric(8, 6) AS ece_5
	FROM (VALUES ('{0.75,0.25,0}'::float8[], 'cat'), ('{0.25,0.5,0.25}', 'dog'), ('{0.5,0.25,0.25}', 'bird')) v(p, t);
SELECT fma_coarsen(fma_reliability(confidence, correct, 12), 4) FROM guesses;

-- nothing
SELECT fma_reliability(confidence, correct), fma_ece(confidence, correct) FROM guesses WHERE false;
SELECT fma_reliability(NULL::float8, correct), fma_ece(NULL::float8, correct), fma_ece(NULL, correct, 5) FROM guesses;
SELECT * FROM fma_bins('{}');
SELECT fma_coarsen('{}', 7), fma_coarsen(NULL, 7), fma_coarsen('{}', NULL);
SELECT * FROM fma_ece_if_calibrated('{}');
SELECT * FROM fma_confidence_brier('{}');
SELECT fma_ece('{}'), fma_mce('{}'), fma_ece_debiased('{}'), fma_calibration_error('{}', 'l1'), fma_confidence_log_loss('{}'), '{}'::fma_reliability + '{}';
SELECT fma_ece(NULL::fma_reliability), fma_rollup(NULL::fma_reliability);

-- confidences that are none
SELECT fma_reliability(1.2, true);
SELECT fma_reliability(85, true);
SELECT fma_reliability(-0.1, true, 5);
SELECT fma_ece('NaN', true);
SELECT fma_ece('inf', true, 5);
SELECT fma_ece('-0', false), fma_ece(1, true), fma_ece(1 - 2::float8 ^ -53, true);

-- bins that are none
SELECT fma_reliability(0.5, true, 0);
SELECT fma_reliability(0.5, true, 1000000000);
SELECT fma_reliability(0.5, true, NULL);
SELECT fma_reliability(NULL, true, NULL);
SELECT fma_ece(0.5, true, -1);
SELECT fma_ece(0.5, true, 1001);
SELECT fma_ece(0.5, true, NULL);
SELECT fma_reliability(confidence, correct, id + 1) FROM guesses;
SELECT fma_ece(confidence, correct, id + 1) FROM guesses;
SELECT fma_reliability(confidence, correct, 5) + fma_reliability(confidence, correct) FROM guesses;
SELECT fma_rollup(r) FROM (SELECT fma_reliability(confidence, correct, length(part) + ascii(part) - 95) AS r FROM guesses GROUP BY part ORDER BY part) s;
SELECT fma_coarsen(fma_reliability(0.5, true, 100), 7);
SELECT fma_coarsen(fma_reliability(0.5, true), 20);
SELECT fma_coarsen(fma_reliability(0.5, true), 0);
SELECT fma_classwise_ece('{1,0}', '{a,b}', 'a', NULL);
SELECT fma_classwise_ece('{1,0}', '{a,b}', 'a', 0);

-- other arguments
SELECT * FROM fma_bins('{}', 95);
SELECT * FROM fma_bins('{}', 'NaN');
SELECT fma_calibration_error('{}', 'l3');
SELECT fma_calibration_error('{}', NULL);
SELECT fma_classwise_ece('{1,0}', '{a,b}', 'c');
SELECT fma_classwise_ece('{1,0}', '{a,b,c}', 'c');
SELECT fma_classwise_ece('{{1,0}}', '{a,b}', 'a');
SELECT fma_classwise_ece('{}', '{a,b}', 'a');
SELECT fma_classwise_ece('{1,NULL}', '{a,b}', 'a');
SELECT fma_classwise_ece('{1,1.2}', '{a,b}', 'a');
SELECT fma_classwise_ece('{NaN,0}', '{a,b}', 'a');
SELECT fma_classwise_ece('{1,0}', NULL, 'a');
SELECT fma_classwise_ece('{1,0}', '{a,NULL}', 'a');
SELECT fma_classwise_ece('{1,0}', '{a,a}', 'a');
SELECT fma_classwise_ece('{1}', '{a}', 'a');
SELECT fma_classwise_ece(p, l, 'a') FROM (VALUES ('{1,0}'::float8[], '{a,b}'::text[]), ('{1,0,0}', '{a,b,c}')) v(p, l);
SELECT fma_classwise_ece(p, l, 'a') FROM (VALUES ('{1,0}'::float8[], '{a,b}'::text[]), ('{0,1}', '{b,a}')) v(p, l);
SELECT fma_classwise_ece(p, l, 'a') FROM (VALUES ('{1,0}'::float8[], '{a,b}'::text[]), ('{1,0}', '{a,"b "}')) v(p, l);
SELECT fma_classwise_ece(p, l, 'a') FROM (VALUES ('{1,0}'::float8[], '{a,b}'::text[]), ('{1,0}', ARRAY['a'] || 'b'::text)) v(p, l);
SELECT fma_classwise_ece_add('{}', '{1,0}', '{a,b}', 'a') + fma_classwise_ece_add('{}', '{1,0}', '{b,a}', 'a');
SELECT fma_classwise_ece_add(fma_ece_add('{}', 1, true), '{1,0}', '{a,b}', 'a');
SELECT fma_classwise_ece('{1,0}', '{a,b}', repeat('😀', 2500));
SELECT fma_classwise_ece(array_fill(0::float8, ARRAY[1001]), ARRAY(SELECT 'label ' || i FROM generate_series(1, 1001) i), 'label 1', 1000);
SELECT fma_classwise_ece('{0.5,0.25,0.25}', ARRAY['it''s', E'two\nlines', repeat('😀', 2500)], repeat('😀', 2500))::numeric(8, 6);

-- text that is no value
SELECT '[]'::fma_reliability;
SELECT '{"bins": 0}'::fma_reliability;
SELECT '{"bins": 1001}'::fma_reliability;
SELECT '{"bins": 2.5}'::fma_reliability;
SELECT '{"bins": 2}'::fma_reliability;
SELECT '{"bins": 2, "n": 1}'::fma_reliability;
SELECT '{"bins": 2, "n": [1]}'::fma_reliability;
SELECT '{"bins": 2, "n": [1, -1]}'::fma_reliability;
SELECT '{"bins": 2, "n": [1, "1"]}'::fma_reliability;
SELECT '{"bins": 2, "n": [1, 0], "correct": [2, 0], "confidence": [0, 0]}'::fma_reliability;
SELECT '{"bins": 2, "n": [1, 0], "correct": [1, 0], "confidence": [4611686018427387904, 0]}'::fma_reliability;
SELECT '{"bins": 1, "n": [9223372036854775808], "correct": [0], "confidence": [0]}'::fma_reliability;
SELECT '{"bins": 2, "n": [9223372036854775807, 1], "correct": [0, 0], "confidence": [0, 4611686018427387904]}'::fma_reliability;
SELECT '{"bins": 1, "n": [1], "correct": [1], "confidence": [1], "confidence_squared": [1], "confidence_when_correct": [0], "log_loss": -1}'::fma_reliability;
SELECT '{"bins": 1, "n": [1], "correct": [1], "confidence": [1], "confidence_squared": [1], "confidence_when_correct": [1e400], "log_loss": 0}'::fma_reliability;
SELECT '{"bins": 1000, "classes": 1001}'::fma_reliability;
SELECT '{"bins": 1, "classes": 2}'::fma_reliability;
SELECT '{"bins": 1, "classes": 2, "labels_hash": 4294967296}'::fma_reliability;
SELECT '{"bins": 1, "classes": 2, "labels_hash": 0, "n": [5, 0], "correct": [0, 0], "confidence": [0, 0]}'::fma_reliability;
SELECT '{"bins": 2, "n": [0, 0], "correct": [0, 0], "confidence": [0, 0]}'::fma_reliability;
-- counts that would overflow
SELECT r + r FROM (SELECT '{"bins": 1, "n": [9223372036854775807], "correct": [0], "confidence": [0]}'::fma_reliability AS r) s;
SELECT fma_ece_add('{"bins": 10, "n": [9223372036854775807, 0, 0, 0, 0, 0, 0, 0, 0, 0], "correct": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0], "confidence": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}', 0, false);
SELECT fma_ece(fma_ece_add('{"bins": 10, "n": [9223372036854775807, 0, 0, 0, 0, 0, 0, 0, 0, 0], "correct": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0], "confidence": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}', 1, false)) > 0 AS positive;
-- a state of fma_ece carries too little for some, and is not added to a full value
SELECT fma_confidence_brier(fma_ece_add('{}', 0.5, true));
SELECT fma_ece_if_calibrated(fma_ece_add('{}', 0.5, true));
SELECT fma_confidence_log_loss(fma_ece_add('{}', 0.5, true));
SELECT fma_ece(fma_ece_add('{}', 0.5, true)), fma_ece(fma_classwise_ece_add('{}', '{0.5,0.5}', '{a,b}', 'a'));
SELECT fma_reliability_add('{}', 0.5, true) + fma_ece_add('{}', 0.5, true);
SELECT fma_reliability_add(fma_ece_add('{}', 0.5, true), 0.5, true);

DROP TABLE guesses;

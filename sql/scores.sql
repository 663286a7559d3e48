-- Rank aggregates: the surface, the edges, and every kind of bad input
\set SHOW_CONTEXT never

-- by hand: of 2 x 3 pairs the positives win 4 and tie 1: 4.5 / 6
CREATE TABLE scored (model text, score float8, positive boolean);
INSERT INTO scored VALUES
	('a', 0.9, true), ('a', 0.8, false), ('a', 0.4, true), ('a', 0.4, false), ('a', 0.1, false),
	('a', NULL, true), ('a', 0.7, NULL),
	('b', 0.5, true), ('b', 0.2, true), ('c', 0.5, false), ('d', NULL, NULL);
SELECT model, fma_roc_auc(score, positive), fma_average_precision(score, positive), fma_adaptive_ece(score, positive, 2)
	FROM scored GROUP BY model ORDER BY model;
SELECT fma_roc_auc(score, positive), fma_average_precision(score, positive), fma_adaptive_ece(score, positive, 10)
	FROM scored WHERE false;
SELECT fma_roc_auc(score, positive) FILTER (WHERE model = 'a'), fma_roc_auc(score, positive) FILTER (WHERE false) FROM scored;

-- only the order counts: infinities are scores, and -0 ties with 0
SELECT fma_roc_auc(s, p) AS auc, fma_average_precision(s, p) AS ap
	FROM (VALUES ('infinity'::float8, true), (1e308, false), ('-infinity', false), (-1e308, true), ('-0', true), ('0', false)) AS v (s, p);
SELECT fma_roc_auc(s, p) FROM (VALUES ('-0'::float8, true), ('0', false)) AS v (s, p);
SELECT fma_roc_auc(s, p) FROM (VALUES ('-5e-324'::float8, true), ('0', false), ('5e-324', true)) AS v (s, p);

-- an interval needs two rows of each class and a variance above zero
SELECT model, (i).estimate, round((i).low::numeric, 12) AS low, (i).high
	FROM (SELECT model, fma_roc_auc_interval(score, positive) AS i FROM scored GROUP BY model) AS q ORDER BY model;
SELECT (fma_roc_auc_interval(s, p)).* FROM (VALUES (1, true), (0, false), (0.5, false)) AS v (s, p);
SELECT (fma_roc_auc_interval(s, p)).* FROM (VALUES (1, true), (2, true), (0, false), (0.5, false)) AS v (s, p);
SELECT (fma_roc_auc_interval(1, i % 2 = 0)).* FROM generate_series(1, 10) AS i;

-- bins of equal mass: a tie is never split, so nine equal confidences of ten share a bin
SELECT bins, fma_adaptive_ece(c, k, bins) FROM (VALUES (1), (2), (5), (1000)) AS b (bins),
	LATERAL (SELECT 0.75::float8 AS c, i > 3 AS k FROM generate_series(1, 9) AS i UNION ALL SELECT 0.25, true) AS q
	GROUP BY bins ORDER BY bins;
SELECT fma_adaptive_ece(1, true, 1000), fma_adaptive_ece(0, true, 1), fma_adaptive_ece('-0', false, 3);

-- bad input
SELECT fma_roc_auc('NaN', true);
SELECT fma_average_precision('NaN', true);
\echo :LAST_ERROR_SQLSTATE
SELECT fma_roc_auc_interval(1, true, NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT fma_roc_auc_interval(1, true, 0);
SELECT fma_roc_auc_interval(1, true, 95);
SELECT fma_roc_auc_interval(1, true, 'NaN');
SELECT fma_roc_auc_interval(1, true, level) FROM (VALUES (0.9), (0.95)) AS v (level);
SELECT fma_adaptive_ece(1.2, true, 10);
SELECT fma_adaptive_ece('NaN', true, 10);
SELECT fma_adaptive_ece(-0.1, true, 10);
SELECT fma_adaptive_ece(75, true, 10);
SELECT fma_adaptive_ece(0.5, true, 0);
SELECT fma_adaptive_ece(0.5, true, -1);
SELECT fma_adaptive_ece(0.5, true, 1001);
SELECT fma_adaptive_ece(NULL, NULL, 1000000000);
SELECT fma_adaptive_ece(0.5, true, NULL);
SELECT fma_adaptive_ece(NULL, true, NULL);
SELECT fma_adaptive_ece(0.5, true, bins) FROM (VALUES (10), (20)) AS v (bins);
\echo :LAST_ERROR_SQLSTATE

DROP TABLE scored;

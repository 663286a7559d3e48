-- How often a perfectly calibrated model is rejected by fma_ece_if_calibrated: the figures of doc/calibration.md.
-- Run by hand in a database with the extension (a few minutes): psql -f test/oracle/calibrated.sql
-- Wanted: the share of p-values at or below a level is the level, or less where few outcomes are possible,
-- and the mean ECE is the mean of "expected".
SELECT setseed(0.42);
SET work_mem = '1GB';
CREATE TEMP TABLE calibrated AS
SELECT kind, n, bins, fma_ece(r) AS ece, (fma_ece_if_calibrated(r)).* FROM (
	SELECT kind, n, bins, model, fma_reliability(c, random() < c, bins) AS r FROM (
		SELECT kind, n, bins, model, CASE kind
				WHEN 'skewed' THEN 1 - 0.6 * random() ^ 3
				WHEN 'above 0.97' THEN 1 - 0.03 * random()
				WHEN 'below 0.01' THEN 0.01 * random()
				ELSE random() END AS c
		FROM (VALUES ('uniform'), ('skewed'), ('above 0.97'), ('below 0.01')) k(kind),
			(VALUES (10, 10, 3000), (50, 1, 3000), (50, 10, 3000), (50, 100, 3000), (500, 10, 3000), (500, 1000, 500), (10000, 10, 2500)) v(n, bins, models),
			generate_series(1, models) AS model, generate_series(1, n) AS i) AS rows
	GROUP BY kind, n, bins, model) AS models;
SELECT kind, n, bins, count(*) AS models, avg(expected)::numeric(8, 5) AS expected, avg(ece)::numeric(8, 5) AS ece,
	(stddev(ece) / sqrt(count(*)))::numeric(8, 5) AS error,
	avg((p_value <= 0.01)::int)::numeric(5, 3) AS "p <= 0.01", avg((p_value <= 0.05)::int)::numeric(5, 3) AS "p <= 0.05",
	avg((p_value <= 0.2)::int)::numeric(5, 3) AS "p <= 0.2", avg((p_value <= 0.5)::int)::numeric(5, 3) AS "p <= 0.5",
	avg((p_value <= 0.8)::int)::numeric(5, 3) AS "p <= 0.8"
FROM calibrated GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;

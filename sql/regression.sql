-- fma_regression: the surface, and every kind of bad input
\set SHOW_CONTEXT never

-- five rows, of which two are left out; by hand: errors 1, 0.5, -1, truth 1, 2, 4
CREATE TABLE forecast (place text, y float8, yhat float8);
INSERT INTO forecast VALUES ('north', 1, 2), ('north', 2, 2.5), ('south', 4, 3), ('south', NULL, 3), ('south', 7, NULL);
SELECT fma_regression(y, yhat) FROM forecast;
SELECT (fma_regression_metrics(fma_regression(y, yhat))).* FROM forecast;
SELECT place, (fma_regression_metrics(fma_regression(y, yhat))).* FROM forecast GROUP BY place ORDER BY place;
SELECT (fma_regression_metrics(fma_rollup(r))).* FROM (SELECT fma_regression(y, yhat) AS r FROM forecast GROUP BY place) AS q;

-- undefined is NULL: no rows, one row, a truth that does not vary
SELECT fma_regression(y, yhat), (fma_regression_metrics(fma_regression(y, yhat))).* FROM forecast WHERE false;
SELECT (fma_regression_metrics(fma_regression(y, yhat))).* FROM forecast WHERE y = 4;
SELECT (fma_regression_metrics(fma_regression(0.1, i))).* FROM generate_series(0, 999) AS i;
SELECT (fma_regression_metrics(fma_regression(0.1, 0.1))).* FROM generate_series(0, 999) AS i;
SELECT fma_regression_metrics(NULL);
-- -0 is 0
SELECT fma_regression('-0', '-0') = fma_regression(0, 0) FROM generate_series(1, 2);

-- bad numbers
SELECT fma_regression('NaN', 1);
SELECT fma_regression(1, 'NaN');
SELECT fma_regression('infinity', 1);
SELECT fma_regression(1, '-infinity');
SELECT fma_regression(1e200, 1);
SELECT fma_regression(1, -1.1e130);
\echo :LAST_ERROR_SQLSTATE
-- the largest that is allowed
SELECT (fma_regression_metrics(fma_regression(s * 1e130, -s * 1e130))).* FROM (VALUES (1), (-1)) AS v (s);
-- R2 beyond a double's range is NULL, not infinite
SELECT (fma_regression_metrics(fma_regression(y, 1e130))).r2 FROM (VALUES (0), (1e-150)) AS v (y);
-- a count beyond 2^63 - 1
SELECT r + r FROM (SELECT '{"n": 9223372036854775807, "truth_low": 0, "truth_high": 0, "error": [0], "absolute_error": [0], "squared_error": [0], "truth": [0], "squared_truth": [0]}'::fma_regression AS r) AS q;
\echo :LAST_ERROR_SQLSTATE

-- bad text
SELECT ''::fma_regression;
SELECT '[]'::fma_regression;
SELECT '3'::fma_regression;
SELECT '{"n": 1'::fma_regression;
SELECT '{"m": 1}'::fma_regression;
SELECT '{"n": -1}'::fma_regression;
SELECT '{"n": 1.5}'::fma_regression;
SELECT '{"n": 9223372036854775808}'::fma_regression;
SELECT '{"n": "1"}'::fma_regression;
CREATE FUNCTION changed(change jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT (fma_regression(1, 2)::text::jsonb || change)::text::fma_regression::text
$$;
SELECT changed('{}');
SELECT changed('{"n": 0}');
SELECT changed('{"n": 0, "truth_low": 0, "truth_high": 0}');
SELECT changed('{"truth_low": 3}');
SELECT changed('{"truth_low": -1e131}');
SELECT changed('{"truth_high": 1e131}');
SELECT changed('{"truth_high": null}');
SELECT changed('{"error": 1}');
SELECT changed('{"error": []}');
SELECT changed('{"error": [1, 0, 0, 0]}');
SELECT changed('{"error": ["NaN"]}');
SELECT changed('{"error": [[1]]}');
SELECT changed('{"error": [1e400]}');
SELECT changed('{"error": [1e308, 1e308]}');
SELECT changed('{"truth": [1e131]}');
SELECT changed('{"absolute_error": [-1]}');
SELECT changed('{"squared_error": [1e262]}');
SELECT changed('{"squared_truth": [-1e-300]}');

DROP FUNCTION changed;
DROP TABLE forecast;

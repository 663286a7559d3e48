-- A page of predictions from 10 million rows, with an index on the confidence alone: milliseconds, the goal is absolute
\ir harness.sql
CREATE TABLE bench_page AS
SELECT i AS id, 'class_' || a AS truth, 'class_' || CASE WHEN (hashint8extended(i, 3) & 1048575) / 1048576.0 < 0.001 + (1 - p) * 0.3 THEN (a + 1) % 8 ELSE a END AS guess,
	p AS confidence
FROM generate_series(1::bigint, 10000000) AS i,
	LATERAL (SELECT 0.2 + 0.8 * sqrt((hashint8extended(i, 1) & 1048575) / 1048576.0::float8) AS p, hashint8extended(i, 2) & 7 AS a) AS x;
CREATE INDEX ON bench_page (confidence);
VACUUM (FREEZE, ANALYZE) bench_page;
SELECT fma_register('bench', 'bench_page', truth => 'truth', prediction => 'guess', confidence => 'confidence', id => 'id');

SELECT bench_ms('SELECT * FROM fma_list_predictions(''bench'')');
SELECT bench_goal('predictions', 'a page, 10M rows', 'SELECT * FROM fma_list_predictions(''bench'')', 50);
SELECT bench_goal('predictions', 'a page, least confident first', 'SELECT * FROM fma_list_predictions(''bench'', sort => ''confidence_asc'')', 50);
SELECT bench_goal('predictions', 'page 1,000', 'SELECT * FROM fma_list_predictions(''bench'', page => 1000)', 100);
SELECT bench_goal('predictions', 'a page between two confidences', 'SELECT * FROM fma_list_predictions(''bench'', min_conf => 0.5, max_conf => 0.51)', 50);
SELECT bench_goal('predictions', 'a page of errors (8 % of the rows)', 'SELECT * FROM fma_list_predictions(''bench'', only_errors => true)', 100);
SELECT bench_goal('predictions', 'a page of errors, as JSON', 'SELECT fma_get_predictions(''bench'', only_errors => true)', 100);

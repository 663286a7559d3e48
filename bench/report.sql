-- A report from stored results: 51 classes, 30 batches, 300 places, a year of days; milliseconds, the goal is absolute
\ir harness.sql
CREATE TABLE wide AS
SELECT i AS id, format('class %s', t) AS truth, format('class %s', CASE WHEN r < 0.1 + t / 300.0 THEN (t * 7 + 3 + i % 5) % 51 ELSE t END) AS prediction, 1 - r * r / 2 AS confidence,
	i % 30 AS batch, format('place %s', i % 300) AS place, (i % 300) * 0.3 AS lon, (i % 300) * 0.1 AS lat, timestamptz '2024-01-01 00:00+00' + (i % 8760) * interval '1 hour' AS at, i % 4 AS light, i % 11 AS size
FROM (SELECT i, i % 51 AS t, random() AS r FROM generate_series(1, 200000) AS i) AS s;
SELECT fma_register('wide', 'wide', truth => 'truth', prediction => 'prediction', confidence => 'confidence', id => 'id', batch => 'batch', place => 'place', longitude => 'lon', latitude => 'lat',
	occurred_at => 'at', features => '{light,size,batch}', period => 'day', options => '{"replicates": 99}');
SELECT fma_add_rule('wide', 'F1Score', 0.8, by => 'label'), fma_add_rule('wide', 'FailureRate', 0.2, by => 'place');
SELECT fma_run('wide');
VACUUM ANALYZE fma_result_summary, fma_result_slice, fma_result_rule;
SELECT bench_goal('report', 'fma_report_json, 51 classes, without rows', 'SELECT fma_report_json(''wide'', examples => 0)', 1000);
SELECT bench_goal('report', 'fma_report_html, likewise', 'SELECT fma_report_html(''wide'', examples => 0)', 1000);
SELECT bench_goal('report', 'fma_report_markdown, likewise', 'SELECT fma_report_markdown(''wide'', examples => 0)', 1000);
SELECT bench('report', 'fma_report_json with rows, 200,000 in the source', 'SELECT fma_report_json(''wide'')', 'all columns as text, sorted',
	'SELECT count(*) FROM (SELECT id::text, truth, prediction, confidence, at::text FROM wide ORDER BY confidence DESC, id DESC OFFSET 0) AS s', 10);

-- Datasets whose pages are hard to make; the demo's are beside them. Run by
-- test/browser.sh after examples/load.sql, in a database that has the extension.
SET client_min_messages = warning;

-- Labels, conditions, places, batches, versions and names that want to be more than text
CREATE TABLE hostile AS
SELECT i AS id, 'trap' || i % 3 || '"><script>hit()</script>' AS place, i % 10 * 7.5 - 30 AS longitude, i % 7 * 10 - 20 AS latitude,
	'2026-01-01'::timestamptz + make_interval(hours => i) AS at, '</text></svg><img src=x onerror=hit()>' || i / 500 AS batch,
	labels[1 + i % 8] AS truth,
	labels[CASE WHEN i % 8 = 0 AND i % 3 > 0 THEN 2 WHEN i % 11 = 0 THEN 1 + (i / 11) % 8 ELSE 1 + i % 8 END] AS prediction,
	0.5 + (i * 7919 % 5000) / 10000.0 AS confidence,
	CASE WHEN i % 8 = 0 THEN '<b onclick="hit()">bold</b>' ELSE 'javascript:hit()' END AS "<i>col</i> ""quoted""",
	(ARRAY['javascript:hit()', 'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg" onload="hit()"/>', 'data:text/html,<script>hit()</script>',
		'https://example.invalid/x.png" onerror="hit()', 'http://example.invalid/x.png', 'https://example.invalid/thumbnail.png', 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='])[1 + i % 7] AS image
FROM generate_series(1, 4000) AS i,
	(SELECT ARRAY['</script><img src=x onerror="window.hit = 1">', U&'\+00202E\062E\0637\0623 \0641\064A \05D0\05D1\05D2', repeat('W', 10240), '</style><style>body { display: none }</style>',
		'" autofocus onfocus="hit()" x="', '</title><!-- ]]> {{7*7}} ${hit()}', E'two\nlines\tand \u0001 a control', '']) AS l (labels);
SELECT fma_register('<u>hostile</u> & "co"', 'hostile', truth => 'truth', prediction => 'prediction', confidence => 'confidence', id => 'id', occurred_at => 'at', batch => 'batch',
	place => 'place', longitude => 'longitude', latitude => 'latitude', image => 'image', features => ARRAY['<i>col</i> "quoted"', 'batch']);
SELECT fma_add_rule('<u>hostile</u> & "co"', 'F1Score', 0.8, by => 'label');
SELECT fma_run('<u>hostile</u> & "co"', until => '2026-04-01');
SELECT fma_run('<u>hostile</u> & "co"');

-- More labels than a matrix shows
CREATE TABLE many AS
SELECT i AS id, 'label ' || i % 45 AS truth, 'label ' || CASE WHEN i % 45 < 40 AND i % 7 = 0 THEN (i + 1) % 45 ELSE i % 45 END AS prediction,
	0.3 + (i * 7919 % 7000) / 10000.0 AS confidence, i % 12 AS size
FROM generate_series(1, 9000) AS i;
SELECT fma_register('many', 'many', truth => 'truth', prediction => 'prediction', confidence => 'confidence', id => 'id', features => ARRAY['size']);
SELECT fma_run('many');

-- Numbers rather than labels
CREATE TABLE numbers AS
SELECT i AS id, i / 10.0 AS truth, i / 10.0 + sin(i) * CASE WHEN i % 9 = 0 THEN 20 ELSE 1 END AS prediction, i % 9 AS part, '2026-01-01'::timestamptz + make_interval(hours => i) AS at
FROM generate_series(1, 3000) AS i;
SELECT fma_register('numbers', 'numbers', truth => 'truth', prediction => 'prediction', id => 'id', occurred_at => 'at', features => ARRAY['part'], task => 'regression', failed => 'abs(truth - prediction) > 2');
SELECT fma_run('numbers');

-- Next to nothing: no failure, no confidence, no id, no feature
CREATE TABLE spotless AS SELECT 'yes'::text AS truth, 'yes'::text AS prediction FROM generate_series(1, 5);
SELECT fma_register('spotless', 'spotless', truth => 'truth', prediction => 'prediction');
SELECT fma_run('spotless');

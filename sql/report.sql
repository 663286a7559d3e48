-- report: the surface and its errors
SET TimeZone = 'UTC';
SET client_min_messages = warning;
CREATE TABLE shot (id int PRIMARY KEY, taken timestamptz, site text, truth text, guess text, confidence float8, picture text);
INSERT INTO shot SELECT i, timestamptz '2024-01-01 00:00+00' + i * interval '1 hour', CASE WHEN i % 4 = 0 THEN 'n|w `x`' ELSE 'south' END,
	CASE WHEN i % 2 = 0 THEN 'cat' ELSE '<b>dog</b>' END, CASE WHEN i % 4 = 0 AND i % 3 < 2 THEN '<b>dog</b>' WHEN i % 2 = 0 THEN 'cat' ELSE '<b>dog</b>' END,
	0.5 + (i % 50) / 100.0, 'https://img/' || i || '.jpg' FROM generate_series(1, 200) AS i;
SELECT fma_register('shots', 'shot', truth => 'truth', prediction => 'guess', confidence => 'confidence', id => 'id', occurred_at => 'taken', image => 'picture',
	features => '{site}', period => 'week', options => '{"replicates": 99}');
SELECT fma_run('shots') AS run \gset
RESET client_min_messages;

-- The keys of a report, and of what it is made of
SELECT k AS key, jsonb_typeof(fma_report_json('shots') -> k) AS type FROM jsonb_object_keys(fma_report_json('shots')) AS k ORDER BY k COLLATE "C";
SELECT p AS part, string_agg(k, ' ' ORDER BY k COLLATE "C") AS keys
FROM (VALUES ('$.run'), ('$.overview'), ('$.versions[0]'), ('$.hotspots[0]'), ('$.slices[0]'), ('$.confusion'), ('$.labels[0]'), ('$.calibration'), ('$.calibration.bins[0]'),
	('$.confidence_curve[0]'), ('$.timeline'), ('$.timeline.points[0]'), ('$.examples'), ('$.examples.groups[0]'), ('$.examples.groups[0].items[0]'), ('$.stages[0]')) AS v (p),
	jsonb_object_keys(jsonb_path_query_first(fma_report_json('shots'), p::jsonpath)) AS k GROUP BY p ORDER BY p COLLATE "C";

\pset format unaligned
\pset tuples_only on
SELECT jsonb_array_elements_text(fma_report_json('shots') -> 'summary');
SELECT replace(s, :'run', 'RUN') FROM jsonb_array_elements_text(fma_report_json('shots') -> 'reproduce') AS s;
SELECT jsonb_pretty(fma_report_json('shots', examples => 1) -> 'examples' -> 'groups' -> 1);
-- Markdown: what varies is left out
SELECT regexp_replace(regexp_replace(fma_render_markdown(jsonb_set(fma_report_json('shots', examples => 1), '{run,finished_at}', '"2024-02-01T00:00:00+00:00"') - 'stages'),
	'Run \d+', 'Run N'), 'fma_report_html\(''shots'', \d+\)', 'fma_report_html(''shots'', N)');
SELECT fma_report_markdown('shots', examples => 0) = fma_render_markdown(fma_report_json('shots', examples => 0)) AS markdown,
	fma_report_html('shots', examples => 0) = fma_render_html(fma_report_json('shots', examples => 0)) AS html;
SELECT fma_render_markdown('{"format": 1}');
\pset tuples_only off
\pset format aligned

SELECT fma_save_report('shots', examples => 0) IS NOT NULL AS saved, fma_save_report('shots', :run, keep => 1) IS NOT NULL AS saved;
SELECT created_by = current_user AS mine, run_id = :run AS of_the_run, has_rows, report -> 'format' AS format FROM fma_report;

-- Errors
SELECT fma_report_json(NULL);
SELECT fma_report_json('nowhere');
SELECT fma_report_json('shots', 0);
SELECT fma_report_json('shots', examples => -1);
SELECT fma_report_json('shots', examples => 101);
SELECT fma_report_json('shots', examples => NULL);
SELECT fma_save_report(NULL);
SELECT fma_save_report('shots', keep => 0);
SELECT fma_render_markdown('[]');
SELECT fma_render_markdown('{"format": 2}');
SELECT fma_render_markdown(NULL) IS NULL AS strict;
SET fma.as_of_run = 'yesterday';
SET fma.as_of_run = '-1';
SET fma.as_of_run = '99999999999999999999';
SET fma.as_of_run = 0;
DROP TABLE shot;
SELECT fma_report_json('shots') -> 'examples' AS examples;
SELECT n FROM jsonb_array_elements_text(fma_report_json('shots') -> 'notes') AS n WHERE n LIKE 'No rows%';
SELECT fma_unregister('shots');
SELECT count(*) AS reports FROM fma_report;

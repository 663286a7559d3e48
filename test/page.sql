-- The report's page: what it is made of, what strings from data become in it, and that any JSON makes one
BEGIN;
SELECT plan(70);

-- A report with something in every section; "label" is one of its labels and most of its other strings
CREATE FUNCTION pg_temp.report(label text DEFAULT 'cat', more jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('format', 1, 'fma_version', '1.0', 'made_at', '2026-01-02T03:04:05+00:00', 'dataset', label, 'task', 'classification',
		'source', label, 'row_means', 'prediction',
		'run', jsonb_build_object('run_id', 7, 'timezone', 'Europe/Vienna', 'model_version', label, 'period', 'day',
			'first_at', '2026-01-01T00:00:00+00:00', 'last_at', '2026-01-02T00:00:00+00:00', 'started_at', '2026-01-02T03:04:00+00:00'),
		'summary', jsonb_build_array(label, label, label),
		'overview', jsonb_build_object('n', 1234567, 'failures', 189000, 'failure_rate', 0.15309011175837617, 'ci_low', 0.15, 'ci_high', 0.156,
			'confident_errors', 3765, 'high_confidence', 0.8, 'ece', 0.0079, 'ece_if_calibrated', 0.0027, 'macro_f1', 0.617),
		'versions', jsonb_build_array(jsonb_build_object('model_version', label, 'n', 5), jsonb_build_object('model_version', 'v2', 'n', 6)),
		'hotspots', jsonb_build_array(
			jsonb_build_object('rank', 1, 'slice', label, 'n', 8863, 'failure_rate', 0.2017, 'ci_low', 0.18, 'ci_high', 0.22, 'lift', 1.317, 'q_value', 1.3e-7,
				'share_of_failures', 0.234, 'confirmation', 'confirmed', 'new_failure_rate', 0.206, 'new_n', 4513, 'predicate', label, 'conditions', label),
			jsonb_build_object('rank', 2, 'slice', 'b', 'n', 2833, 'failure_rate', 0.206, 'q_value', 0.0003, 'confirmation', label, 'predicate', 'b = 1')),
		'slices', jsonb_build_array(jsonb_build_object('rank', 1, 'slice', label, 'n', 8863, 'failure_rate', 0.2)),
		'confusion', jsonb_build_object('labels', jsonb_build_array(label, 'dog', '(other)'), 'folded', 4, 'counts', '[[90, 10, 3], [0, 80, 2], [1, 1, 40]]'::jsonb,
			'share_of_truth', '[[0.87, 0.097, 0.03], [0, 0.976, 0.024], [0.02, 0.02, 0.95]]'::jsonb, 'share_of_prediction', '[[0.99, 0.11, 0.07], [0, 0.88, 0.04], [0.01, 0.01, 0.89]]'::jsonb),
		'labels', jsonb_build_array(jsonb_build_object('label', label, 'support', 103, 'recall', 0.87, 'taken_for', 'dog', 'taken_for_n', 10)),
		'calibration', '{"n": 100, "mean_confidence": 0.84, "accuracy": 0.85, "ece": 0.0079, "ece_if_calibrated": 0.0027, "ece_p_value": 0.00001, "bins": [
			{"bin": 9, "low": 0.8, "high": 0.9, "n": 60, "mean_confidence": 0.85, "accuracy": 0.7, "gap": 0.15, "ci_low": 0.6, "ci_high": 0.8},
			{"bin": 10, "low": 0.9, "high": 1, "n": 40, "mean_confidence": 0.95, "accuracy": 0.99, "gap": -0.04, "ci_low": 0.9, "ci_high": 1}]}'::jsonb,
		'confidence_curve', '[{"threshold": 0, "n": 100, "errors": 15, "coverage": 1, "accuracy": 0.85}, {"threshold": 0.5, "n": 50, "errors": 2, "coverage": 0.5, "accuracy": 0.96}]'::jsonb,
		'timeline', jsonb_build_object('period', label, 'points', '[{"time": "2026-03-30T22:00:00+00:00", "n": 50, "failures": 10, "failure_rate": 0.2, "ci_low": 0.1, "ci_high": 0.3},
				{"time": "2026-03-31T22:00:00+00:00", "n": 50, "failures": 5, "failure_rate": 0.1, "ci_low": 0.05, "ci_high": 0.2}]'::jsonb,
			'changepoints', '[{"rank": 1, "time": "2026-03-31T22:00:00+00:00", "rate_before": 0.2, "rate_after": 0.1, "difference": -0.1, "p_value": 0.01}]'::jsonb))
	|| jsonb_build_object(
		'batches', jsonb_build_array(jsonb_build_object('batch', label, 'n', 5, 'failures', 1, 'failure_rate', 0.2)),
		'clusters', jsonb_build_array(jsonb_build_object('cluster', 2, 'n', 5, 'failure_rate', 0.25, 'representatives', label, 'confused_truth', label, 'confused_prediction', label, 'confused_n', 3)),
		'places', jsonb_build_array(jsonb_build_object('place', label, 'longitude', -87.9, 'latitude', 41.97, 'n', 2833, 'failure_rate', 0.206, 'ci_low', 0.18, 'ci_high', 0.24),
			jsonb_build_object('place', 'Vienna', 'longitude', 16.4, 'latitude', 48.2, 'n', 100, 'failure_rate', 0.1)), 'places_total', 2,
		'space_time', jsonb_build_array(jsonb_build_object('rank', 1, 'place', label, 'longitude', 16.4, 'latitude', 48.2, 'radius_km', 600, 'n', 9, 'failures', 5,
			'expected', 1.5, 'relative_risk', 3.3, 'p_value', 0.005, 'starts_at', '2026-01-01T00:00:00+00:00', 'ends_at', '2026-01-02T00:00:00+00:00')),
		'rules', jsonb_build_array(jsonb_build_object('rule', label, 'segment_by', 'cluster', 'segment', '2', 'value', 0.61, 'threshold', 0.8, 'direction', 'at least', 'passed', false, 'ci_low', 0.58, 'ci_high', 0.64),
			jsonb_build_object('rule', 'r', 'segment_by', 'overall', 'value', 0.9, 'threshold', 0.8, 'direction', 'at least', 'passed', true),
			jsonb_build_object('rule', 'r', 'segment_by', label, 'segment', label, 'threshold', 0.8, 'direction', label, 'passed', null, 'reason', label)), 'rules_total', 3, 'rules_failed', 1,
		'comparison', jsonb_build_array(jsonb_build_object('rank', 0, 'slice', label, 'n', 100, 'loss_a', 0.08, 'loss_b', 0.14, 'difference', 0.06, 'ci_low', 0.05, 'ci_high', 0.07, 'p_value', 0.001,
			'version_a', label, 'version_b', label)),
		'drift', jsonb_build_array(jsonb_build_object('feature', label, 'kind', label, 'psi', 0.04, 'q_value', 1e-9, 'verdict', label, 'rows_after', '2026-01-01T00:00:00+00:00')),
		'explanation', jsonb_build_array(jsonb_build_object('feature', label, 'condition', label, 'rate_reference', 0.15, 'rate_current', 0.14, 'mix_effect', -0.00001, 'rate_effect', 0.01)),
		'duplicates', jsonb_build_array(jsonb_build_object('representative', label, 'size', 3, 'labels', label, 'labels_disagree', true, 'crosses_batches', true, 'ids', label)), 'duplicates_total', 1,
		'examples', jsonb_build_object('per_slice', 20, 'groups', jsonb_build_array(
			jsonb_build_object('kind', 'errors', 'total', 1788, 'confident_errors', 598, 'sql', label,
				'items', jsonb_build_array(jsonb_build_object('id', label, 'truth', label, 'prediction', 'dog', 'confidence', 0.975, 'error_type', 'confident_error', 'image', label, 'occurred_at', '2026-01-01T00:00:00+00:00'),
					jsonb_build_object('id', '2', 'truth', label, 'prediction', 'dog', 'confidence', 0.6, 'error_type', 'error'))),
			jsonb_build_object('kind', 'hotspot', 'rank', 1, 'slice', label, 'total', 40, 'sql', label, 'items', jsonb_build_array(jsonb_build_object('id', label, 'error_type', label))),
			jsonb_build_object('kind', 'cell', 'truth', label, 'prediction', 'dog', 'total', 10, 'sql', label, 'items', jsonb_build_array(jsonb_build_object('id', '1'))))),
		'notes', jsonb_build_array(label), 'stages', jsonb_build_array(jsonb_build_object('stage', label, 'status', label, 'seconds', 0.25, 'rows', 3, 'message', label)),
		'reproduce', jsonb_build_array(label))
	|| more
$$;

CREATE FUNCTION pg_temp.count_of(page text, string text) RETURNS integer LANGUAGE sql AS $$ SELECT (length(page) - length(replace(page, string, ''))) / length(string) $$;

-- What every page must be, whatever the report
CREATE FUNCTION pg_temp.is_sound(page text) RETURNS boolean LANGUAGE sql AS $$
	SELECT page LIKE '<!DOCTYPE html>%</html>' || chr(10) AND octet_length(page) = length(page) AND pg_temp.count_of(page, '"') % 2 = 0
		AND page !~ '[\x01-\x08\x0b-\x1f\x7f]' AND page !~* '<(script|iframe|object|embed|form|link|base)' AND page !~ '<[^<>"]*("[^"]*"[^<>"]*)* (on[a-z]+|style)='
		AND (SELECT count(*) = count(DISTINCT m[1]) FROM regexp_matches(page, ' id="([^"]*)"', 'g') AS m)
		AND NOT EXISTS (SELECT m[1] FROM regexp_matches(page, ' href="#([^"]*)"', 'g') AS m EXCEPT SELECT m[1] FROM regexp_matches(page, ' id="([^"]*)"', 'g') AS m)
$$;

CREATE TEMP TABLE page AS SELECT fma_render_html(pg_temp.report()) AS page;

-- Formats
SELECT throws_ok($$ SELECT fma_render_html('{"format": 2}') $$, '22023', 'unknown format of a report', 'a later format is refused');
SELECT throws_ok($$ SELECT fma_render_html('{}') $$, '22023', 'unknown format of a report', 'so is JSON without one');
SELECT throws_ok($$ SELECT fma_render_html('[1]') $$, '22023', 'unknown format of a report', 'and what is no object');
SELECT throws_ok($$ SELECT fma_render_html('"1"') $$, '22023', 'unknown format of a report', 'or a scalar');
SELECT is(fma_render_html(NULL), NULL, 'no report, no page');
SELECT ok(pg_temp.is_sound(fma_render_html('{"format": 1}')), 'an empty report is a page');
SELECT unalike(fma_render_html('{"format": 1}'), '%id="hotspots"%', 'without sections that have no data');
SELECT alike(fma_render_html('{"format": 1, "hotspots": [], "stages": [{"stage": "slices", "message": "left out: there are no features"}]}'),
	'%<p>Hotspots were not searched: there are no features.</p>%', 'or says that none were looked for');
SELECT alike(fma_render_html('{"format": 1, "hotspots": []}'), '%No slice fails more often than the rest beyond chance.%', 'or says so in a line');

-- The whole
SELECT ok(pg_temp.is_sound(page), 'a full report is a sound page') FROM page;
SELECT is(fma_render_html(pg_temp.report()), page, 'the same twice') FROM page;
SELECT alike(page, '%<html lang="en">%<meta http-equiv="Content-Security-Policy" content="default-src ''none''; style-src ''unsafe-inline''; img-src data: https:">%<title>cat: failure report</title>%',
	'with a language, a policy and a title') FROM page;
SELECT is(array(SELECT m[1] FROM page, regexp_matches(page, '<section id="([^"]*)" aria-labelledby', 'g') AS m),
	'{what-fails,hotspots,confusion,labels,calibration,confidence-curve,timeline,batches,clusters,places,space-time,rules,comparison,drift,explanation,examples,duplicates,notes,reproduce}'::text[],
	'its sections in their order');
SELECT is(array(SELECT m[1] FROM page, regexp_matches(page, '<li><a href="#([^"]*)"', 'g') AS m),
	array(SELECT m[1] FROM page, regexp_matches(page, '<section id="([^"]*)" aria-labelledby', 'g') AS m), 'of which the contents name each');
SELECT is(pg_temp.count_of(page, '<table'), pg_temp.count_of(page, '<caption>'), 'every table has a caption') FROM page;
SELECT is((SELECT count(*) FROM regexp_matches(page, '<th(?! scope="(col|row)")[ >]', 'g')), 0::bigint, 'every head says of what') FROM page;
SELECT is(pg_temp.count_of(page, 'class="scroll'), pg_temp.count_of(page, '<table'), 'every table scrolls by itself') FROM page;
SELECT is((SELECT count(*) FROM regexp_matches(page, '<section class="scroll[a-z ]*" tabindex="0" aria-label="[^"]+">', 'g'))::integer, pg_temp.count_of(page, '<table'), 'and by the keyboard') FROM page;

-- Numbers as a person reads them, exact in the title
SELECT alike(page, '%<dd title="0.153090111758">15.3 %<%', 'a share') FROM page;
SELECT alike(page, '%of 1.2 M rows%', 'millions') FROM page;
SELECT alike(page, '%<td title="0.97">97.0 \%</td>%' , 'a share in a table') FROM (SELECT fma_render_html(pg_temp.report('cat', '{"confidence_curve": [{"threshold": 0.5, "accuracy": 0.97}]}')) AS page) AS p;
SELECT alike(page, '%<td title="1.3e-07">&lt; 0.0001</td>%', 'a tiny q') FROM page;
SELECT alike(page, '%<td>0.0003</td>%', 'a small one, which needs no title') FROM page;
SELECT alike(page, '%<a href="#hotspot-1-rows" title="8863: show some">8,863</a>%', 'a count that leads to its rows') FROM page;
SELECT alike(page, '%18.0&ndash;22.0 \%%', 'an interval') FROM page;
SELECT alike(page, '%&minus;10.0%', 'a difference in points, with a minus') FROM page;
SELECT matches(page, '>2026-03-31</span>', 'times are in the run''s zone, where this is midnight') FROM page;
SELECT alike(page, '%(times in Europe/Vienna)%', 'which the page names') FROM page;
SELECT alike(fma_render_html('{"format": 1, "made_at": "2026-01-02T03:04:05+02:00", "run": {"timezone": "../../etc"}}'), '%made 2026-01-02 01:04 (times in GMT)%', 'or none that exists');
SELECT alike(page, '%confidence or more%', 'what a confident error is') FROM page;

-- Choices without a script: inputs that stand before what they change
SELECT is(array(SELECT m[1] FROM page, regexp_matches(page, '<input type="radio" name="confusion" value="([a-z]+)" id="confusion-\1"[a-z ]*><label for="confusion-\1">', 'g') AS m),
	'{counts,truth,prediction}'::text[], 'three ways to count the matrix');
SELECT matches(page, 'name="confusion".*<section class="scroll matrix"', 'before it') FROM page;
SELECT alike(page, '%<td class="c1 t1 p1"><a href="#cell-0-1"%' || '%<span>10</span><span>9.7</span><span>11.0</span></a></td>%', 'each cell has all three')
	FROM (SELECT replace(page, 'c7 t7 p7"><a href="#cell-0-1', 'c1 t1 p1"><a href="#cell-0-1') AS page FROM page) AS p;
SELECT alike(page, '%<td class="zero">0</td>%', 'an empty cell leads nowhere') FROM page;
SELECT unalike(page, '%#cell-0-2%', 'nor does one of several labels') FROM page;
SELECT matches(page, '<div class="rows" id="cell-0-1"><h3>cat taken for dog</h3>.*href="#confusion">back', 'a cell''s rows, and a way back') FROM page;
SELECT matches(page, 'id="cell-0-0"><h3>cat, predicted right</h3>\s*<pre><code>SELECT \* FROM fma_list_predictions\(''cat'', true_label =&gt; ''cat'', pred_label =&gt; ''cat'', model_version =&gt; ''cat''\);',
	'a cell without rows has the SQL that lists them') FROM page;
SELECT matches(page, 'id="hotspot-2-rows".*only_errors =&gt; true, hotspot =&gt; 2', 'so has a hotspot') FROM page;
SELECT matches(page, '<input type="checkbox" id="confident-only"><label for="confident-only">.*<div class="rows"', 'a checkbox before the rows') FROM page;
SELECT unalike(fma_render_html('{"format": 1, "examples": {"groups": [{"kind": "errors", "items": [{"id": 1}]}]}}'), '%confident-only">Only%',
	'but none where nothing has a confidence');
SELECT is(pg_temp.count_of(page, '<tr class="confident">'), 1, 'which knows the confident errors') FROM page;
SELECT is(pg_temp.count_of(page, 'class="none-confident"'), 2, 'and says where there are none') FROM page;
SELECT matches(page, 'id="errors-rows".*<p>2 of 1,788; confident errors among all: 598.</p>', 'how many there are') FROM page;
SELECT matches(page, '(?n)id="cell-0-1"(.|\n)*id="errors-rows"', 'the errors of all come last, so that others take their place') FROM page;

-- Strings from data: the page is the same as with a harmless string of that length
CREATE TEMP TABLE hostile AS SELECT * FROM (VALUES
	('a script', '</script><img src=x onerror=alert(1)>'), ('an attribute', '" onmouseover="alert(1)'), ('the other quotes', ''' onmouseover=''alert(1)'),
	('a title of SVG', '</title></svg><svg onload=alert(1)>'), ('a style', '</style><style>*{display:none}</style>'), ('CSS', '}</style>;background:url(https://x.example/)'),
	('a comment', '--><!-- ]]>'), ('a reference', '&lt;b&gt;&#60;b&#62;'), ('an address', 'javascript:alert(1)'), ('a format', '%s%n%1$n'), ('an end', '</bdi></td></table></main></html>'),
	('right to left', U&'\202E\0627\0644\0639\0631\0628\064A\0629<b>')) AS h (what, string);
SELECT ok(pg_temp.is_sound(page) AND pg_temp.count_of(page, '<') = pg_temp.count_of(harmless, '<') AND pg_temp.count_of(page, '>') = pg_temp.count_of(harmless, '>')
		AND pg_temp.count_of(page, '"') = pg_temp.count_of(harmless, '"'), what || ' is but text')
	FROM hostile, LATERAL (SELECT fma_render_html(pg_temp.report(string)) AS page,
		fma_render_html(pg_temp.report(regexp_replace(regexp_replace(string, '[ -~]', 'x', 'g'), '[^ -~]', U&'\00E9', 'g'))) AS harmless) AS p;
SELECT ok(pg_temp.is_sound(page) AND page LIKE '%<bdi>&#26085;a&#65533;&#65533;&#65533;b&#128512;</bdi>%', 'what no page may contain is replaced, and all is ASCII')
	FROM (SELECT fma_render_html(pg_temp.report(U&'\65E5a\0001\0085\FFFFb\+01F600')) AS page) AS p;
SELECT ok(pg_temp.is_sound(page) AND page LIKE '%' || repeat('x', 80) || '&hellip;%' AND length(page) < 120000, 'a label of 10 kB is cut')
	FROM (SELECT fma_render_html(pg_temp.report(repeat('x', 10240))) AS page) AS p;

-- Images
SELECT is(fma_render_html(jsonb_build_object('format', 1, 'examples', jsonb_build_object('groups', jsonb_build_array(jsonb_build_object('kind', 'errors',
		'items', jsonb_build_array(jsonb_build_object('id', 'i', 'image', address))))))) LIKE '%<img src="' || address || '" alt="image of i" loading="lazy">%', shown, 'image ' || address)
	FROM (VALUES ('data:image/png;base64,iVBORw0KGgo=', true), ('data:image/svg+xml;base64,PHN2Zz4=', false), ('data:image/png;base64,"><script>', false),
		('https://example.org/a.jpg', true), ('http://example.org/a.jpg', false), ('https://example.org/"onerror=1', false)) AS a (address, shown);

-- Any JSON: the values of the report replaced by these, one at a time; a sixth of all that can be made so
CREATE FUNCTION pg_temp.mutants(report jsonb) RETURNS SETOF jsonb LANGUAGE sql AS $$
	WITH RECURSIVE node (path, value) AS (
		SELECT '{}'::text[], report
		UNION ALL
		SELECT n.path || c.key, c.value FROM node AS n, LATERAL (
			SELECT key, value FROM jsonb_each(CASE jsonb_typeof(n.value) WHEN 'object' THEN n.value ELSE '{}' END)
			UNION ALL
			SELECT (i - 1)::text, value FROM jsonb_array_elements(CASE jsonb_typeof(n.value) WHEN 'array' THEN n.value ELSE '[]' END) WITH ORDINALITY AS e (value, i)
		) AS c
	)
	SELECT jsonb_set(report, path, junk) FROM node, jsonb_array_elements('[null, true, -1, 1e308, 123456789012345678901234567890, "NaN", [], {}, [[1]], {"a": [1]}]') AS junk
	WHERE path <> '{}' AND path <> '{format}' AND hashtext(path::text || junk::text) % 6 = 0
$$;
SELECT cmp_ok(count(*), '>', 500::bigint, 'many reports that are wrong somewhere') FROM pg_temp.mutants(pg_temp.report());
SELECT is_empty($$ SELECT m FROM pg_temp.mutants(pg_temp.report()) AS m, fma_render_html(m) AS page, split_part(page, '</style>', 2) AS body
	WHERE page NOT LIKE '%</html>' || chr(10) OR pg_temp.count_of(page, '"') % 2 = 1 OR pg_temp.count_of(body, '<') <> pg_temp.count_of(body, '>')
		OR (SELECT count(*) <> count(DISTINCT m[1]) FROM regexp_matches(page, ' id="([^"]*)"', 'g') AS m) LIMIT 1 $$, 'are pages all the same');
-- A cancel returns, in the middle of a list that nobody can read
CREATE TEMPORARY TABLE long_report AS SELECT jsonb_build_object('format', 1, 'notes', jsonb_agg('a note of some words'::text), 'rules', jsonb_agg('{"passed": true}'::jsonb)) AS report FROM generate_series(1, 300000);
CREATE TEMPORARY SEQUENCE ended;
CREATE FUNCTION pg_temp.canceled(renderer text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SELECT length(%I(report)) + nextval(''ended'') FROM long_report', renderer);
	RETURN false;
EXCEPTION WHEN query_canceled THEN
	RETURN NOT (SELECT is_called FROM ended);
END $$;
SET LOCAL statement_timeout = '20ms';
SELECT ok(pg_temp.canceled(renderer), renderer || ' can be cancelled') FROM (VALUES ('fma_render_html')) AS v (renderer);
SELECT ok(pg_temp.canceled(renderer), renderer || ' can be cancelled') FROM (VALUES ('fma_render_markdown')) AS v (renderer);
SET LOCAL statement_timeout = 0;

SELECT ok(page LIKE '%<span>90 labelled rows%' AND page LIKE '%of 90 rows%', 'rows that cannot be judged are not among those judged')
FROM fma_render_html('{"format": 1, "overview": {"n": 100, "unlabelled": 10, "failures": 9, "failure_rate": 0.1}}') AS page;
SELECT alike(fma_render_html('{"format": 1, "overview": {"mae": 2.5}, "examples": {"groups": [{"kind": "errors", "items": [{"id": 1, "truth": "176.4000000000000000", "prediction": "180"}]}]}}'),
	'%>176.4<%', 'a number that is written as text is a number');
SELECT * FROM finish();
ROLLBACK;

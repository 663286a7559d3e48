-- Reports: the JSON against the views number for number, earlier runs against what the views said then, rows against the lists,
-- words, rights, hostile labels, many labels, saved reports.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
BEGIN;
SELECT no_plan();
\i examples/load.sql
CREATE ROLE fma_reader;
CREATE ROLE fma_outsider;
SELECT fma_register('flights', 'flight_predictions', truth => 'true_label', prediction => 'pred_label', confidence => 'confidence', id => 'id', occurred_at => 'ts', place => 'origin',
	longitude => 'lon', latitude => 'lat', unit => 'day', features => '{hour,dow,origin,destination,distance}', options => '{"replicates": 99}');
SELECT fma_add_rule('flights', 'Recall', 0.15, label => 'late', by => 'place', min_rows => 100);
SELECT fma_register('fashion', 'fashion_predictions', truth => 'true_label', prediction => 'pred_label', confidence => 'confidence', id => 'id', batch => 'batch',
	model_version => 'model_version', embedding => 'embedding', clusters => 5, features => '{true_label,brightness,contrast}');
SELECT fma_add_rule('fashion', 'F1Score', 0.8, by => 'label');
SELECT fma_register('distances', 'flights', truth => 'distance', prediction => 'origin_recent_departures', id => 'id', occurred_at => 'ts', place => 'origin', task => 'regression', features => '{hour,origin}');
SELECT fma_run('fashion') AS fashion, fma_run('distances') AS distances, fma_run('flights', until => '2001-05-01') AS april \gset

-- What all views say, to be compared when there are later runs
CREATE FUNCTION said() RETURNS TABLE (relation text, line jsonb) LANGUAGE plpgsql AS $$
BEGIN
	FOR relation IN SELECT c.relname FROM pg_class AS c JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
		WHERE c.relkind = 'v' AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'fma') AND c.relname NOT IN ('fma_run_history', 'fma_run_log', 'fma_segment_metrics') LOOP
		RETURN QUERY EXECUTE format('SELECT %L, to_jsonb(v) FROM %I AS v WHERE dataset = ''flights''', relation, relation);
	END LOOP;
END $$;
CREATE TABLE said_then AS SELECT * FROM said();
CREATE TABLE before AS SELECT fma_report_json('flights') AS report, fma_get_overview('flights') AS overview, fma_get_confusion_matrix('flights') AS matrix;
SELECT fma_run('flights') AS both \gset

CREATE TABLE r (name text PRIMARY KEY, report jsonb);
INSERT INTO r SELECT name, fma_report_json(name) FROM unnest(ARRAY['flights', 'fashion', 'distances']) AS name;

-- Number for number
CREATE FUNCTION lines(list jsonb) RETURNS SETOF jsonb LANGUAGE sql AS $$ SELECT jsonb_array_elements(list) $$;
CREATE FUNCTION shown(relation text, name text, condition text DEFAULT 'true') RETURNS SETOF jsonb LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT to_jsonb(v) - ''{dataset,run_id,model_version}''::text[] FROM %I AS v WHERE dataset = %L AND (%s)', relation, name, condition);
END $$;
SELECT bag_eq(format('SELECT lines(report #> %L) FROM r WHERE name = %L', path, name), format('SELECT shown(%L, %L, %L)', relation, name, condition), format('%s of %s: those of %s', path, name, relation))
FROM r, (VALUES ('{hotspots}', 'fma_hotspots', 'true'), ('{slices}', 'fma_slice_metrics', 'rank <= 20'), ('{labels}', 'fma_label_metrics', 'model_version IS NULL OR model_version = ''v2'''),
	('{confidence_curve}', 'fma_confidence_curve', 'coverage IS NOT NULL AND (model_version IS NULL OR model_version = ''v2'')'),
	('{timeline,points}', 'fma_timeline', 'time IS NOT NULL'), ('{timeline,changepoints}', 'fma_changepoints', 'true'), ('{batches}', 'fma_batches', 'model_version IS NULL OR model_version = ''v2'''),
	('{clusters}', 'fma_clusters', 'true'), ('{places}', 'fma_places', 'true'), ('{space_time}', 'fma_space_time_hotspots', 'true'), ('{rules}', 'fma_rule_results', 'rank <= 200'),
	('{comparison}', 'fma_model_comparison', 'rank <= 20'), ('{drift}', 'fma_drift_metrics', 'rank <= 20')) AS v (path, relation, condition);
SELECT is(count(*), 0::bigint, 'no list is empty but where there is nothing') FROM (VALUES ('flights', '{hotspots}'), ('flights', '{timeline,points}'), ('flights', '{places}'), ('flights', '{space_time}'), ('flights', '{drift}'),
	('flights', '{explanation}'), ('flights', '{rules}'), ('fashion', '{clusters}'), ('fashion', '{batches}'), ('fashion', '{comparison}'), ('fashion', '{duplicates}'), ('distances', '{hotspots}'), ('distances', '{places}')) AS v (name, path)
	JOIN r USING (name) WHERE coalesce(jsonb_array_length(report #> path::text[]), 0) = 0;
SELECT bag_eq($$ SELECT l - 'model_version' FROM r, lines(report -> 'versions') AS l WHERE name = 'fashion' $$, $$ SELECT shown('fma_overview', 'fashion') $$, 'versions: those of fma_overview');
SELECT bag_eq($$ SELECT l ->> 'model_version' AS a, (l -> 'is_current')::boolean AS b FROM r, lines(report -> 'versions') AS l WHERE name = 'fashion' $$, $$ SELECT model_version, is_current FROM fma_overview WHERE dataset = 'fashion' $$, 'by their names');
SELECT is(report -> 'overview', fma_get_overview(name), 'overview of ' || name) FROM r;
SELECT is(report -> 'confusion', (m - '{dataset,run_id,model_version}'::text[]) || '{"folded": 0}', 'confusion of ' || name || ': fma_get_confusion_matrix') FROM r, fma_get_confusion_matrix(name) AS m WHERE name <> 'distances';
SELECT is(report -> 'confusion', 'null', 'a regression has none') FROM r WHERE name = 'distances';
SELECT is((report -> 'calibration') - 'bins', (SELECT jsonb_build_object('n', o -> 'n', 'accuracy', o -> 'accuracy', 'mean_confidence', o -> 'mean_confidence', 'ece', o -> 'ece', 'mce', o -> 'mce',
	'ece_if_calibrated', o -> 'ece_if_calibrated', 'ece_p_value', o -> 'ece_p_value') FROM fma_get_overview(name) AS o), 'calibration of ' || name) FROM r WHERE name <> 'distances';
SELECT bag_eq(format('SELECT lines(report #> ''{calibration,bins}'') FROM r WHERE name = %L', name), format('SELECT l - ''ece'' FROM shown(''fma_calibration'', %L, ''model_version IS NULL OR model_version = ''''v2'''''') AS l', name), 'its bins') FROM r;
SELECT is(report -> 'explanation', (SELECT jsonb_agg(l ORDER BY l -> 'condition' <> 'null', (l -> 'rank')::int) FROM (SELECT l FROM shown('fma_change_explanation', 'flights') AS l ORDER BY l -> 'condition' <> 'null', (l -> 'rank')::int LIMIT 20) AS s),
	'explanation: features first') FROM r WHERE name = 'flights';
SELECT is(report -> 'duplicates', (SELECT jsonb_agg(l) FROM (SELECT l FROM shown('fma_duplicate_review', 'fashion') AS l ORDER BY (l -> 'labels_disagree')::boolean DESC, (l -> 'crosses_batches')::boolean DESC, (l -> 'group_id')::int LIMIT 20) AS s),
	'duplicates: labels that disagree first') FROM r WHERE name = 'fashion';
SELECT is((SELECT array_agg((report -> k)::bigint ORDER BY k) FROM r, unnest('{batches_total,duplicates_total,places_total,rules_failed,rules_total}'::text[]) AS k WHERE name = 'fashion'),
	(SELECT ARRAY[(SELECT count(*) FROM fma_batches WHERE dataset = 'fashion' AND model_version = 'v2'), (SELECT count(*) FROM fma_duplicate_review WHERE dataset = 'fashion'), 0,
		(SELECT count(*) FROM fma_rule_results WHERE dataset = 'fashion' AND NOT passed), (SELECT count(*) FROM fma_rule_results WHERE dataset = 'fashion')]), 'totals');
SELECT is(report -> 'previous', (SELECT to_jsonb(h) - '{dataset,unlabelled,failures,confident_errors,accuracy,macro_f1,mean_iou,ece,rmse}'::text[] FROM fma_run_history AS h WHERE run_id = :april), 'the run before') FROM r WHERE name = 'flights';
SELECT bag_eq($$ SELECT l ->> 'stage' AS a, (l -> 'seconds')::float8 AS b, (l -> 'rows')::bigint AS c, l ->> 'message' AS d, l ->> 'status' = 'left out' AS e FROM r, lines(report -> 'stages') AS l WHERE name = 'flights' $$,
	format('SELECT stage, stage_seconds, stage_rows, note, coalesce(note LIKE ''left out%%'', false) AS out FROM fma_run_log WHERE run_id = %s', :both), 'stages');
SELECT bag_eq($$ SELECT r.name, l.* FROM r, jsonb_to_recordset(report -> 'places') AS l (place text) WHERE name = 'flights' ORDER BY 2 LIMIT 5 $$, $$ SELECT 'flights', place FROM fma_places WHERE dataset = 'flights' ORDER BY 2 LIMIT 5 $$, 'places by name');

-- Earlier runs: what the views said then, and the same report
SET fma.as_of_run = :april;
SELECT bag_eq('SELECT relation, line FROM said()', 'SELECT relation, line FROM said_then', 'the views as of the first run say what they said then');
SELECT is(fma_get_overview('flights'), overview, 'and so does fma_get_overview') FROM before;
SELECT is(fma_get_confusion_matrix('flights'), matrix, 'and fma_get_confusion_matrix') FROM before;
SELECT throws_ok($$ SELECT fma_get_overview('nothing') $$, '42704');
SELECT is((SELECT count(*) FROM fma_list_predictions('flights', hotspot => 1, count_limit => NULL) AS l WHERE l.total = (SELECT n FROM fma_hotspots WHERE dataset = 'flights' AND rank = 1)), 10::bigint, 'a hotspot of then lists its rows');
RESET fma.as_of_run;
SELECT cmp_ok((SELECT count(*) FROM said_then), '>', 500::bigint, 'which is a lot');
SELECT is(fma_report_json('flights', :april) - 'made_at', report - 'made_at', 'the report on an earlier run is what it was then') FROM before;
SELECT isnt((SELECT report -> 'overview' -> 'n' FROM before), (SELECT report -> 'overview' -> 'n' FROM r WHERE name = 'flights'), 'which is another one than that of the newest');
SELECT is(current_setting('fma.as_of_run'), '', 'nothing is left of having looked back');
SET fma.as_of_run = :fashion;
SELECT throws_ok($$ SELECT fma_get_overview('flights') $$, '55000', 'dataset "flights" had no complete run yet', 'as of a time before the first run');
SELECT is((SELECT count(*) FROM fma_overview WHERE dataset = 'flights'), 0::bigint, 'the views have nothing of it');
RESET fma.as_of_run;
SELECT throws_ok(format('SELECT fma_report_json(''fashion'', %s)', :april), '22023', format('dataset "fashion" has no complete run %s', :april), 'another dataset''s run');

-- Rows: each group is the head of the list that its SQL lists, and has its total
CREATE FUNCTION head(statement text) RETURNS TABLE (ids text[], total bigint) LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT array_agg(id), max(total) FROM (%s) AS l', replace(rtrim(statement, ';'), 'fma_list_predictions(', 'fma_list_predictions(page_size => 20, count_limit => NULL, dataset => '));
END $$;
CREATE TABLE listed AS SELECT name, g, (SELECT array_agg(i ->> 'id' ORDER BY o) FROM jsonb_array_elements(g -> 'items') WITH ORDINALITY AS i (i, o)) AS ids
FROM r, jsonb_array_elements(report -> 'examples' -> 'groups') AS g WHERE name <> 'distances';
SELECT is_empty($$ SELECT g ->> 'sql' FROM listed, head(g ->> 'sql') AS h WHERE (listed.ids, (g -> 'total')::bigint) IS DISTINCT FROM (h.ids, h.total) $$, 'rows and totals are those of fma_list_predictions');
SELECT is((SELECT array_agg(DISTINCT jsonb_array_length(g -> 'items') - least(20, (g -> 'total')::int)) FROM listed), '{0}', '20 rows, or as many as there are');
SELECT bag_eq($$ SELECT name, g ->> 'truth' AS a, g ->> 'prediction' AS b, (g -> 'total')::bigint AS c FROM listed WHERE g ->> 'kind' = 'cell' $$,
	$$ SELECT dataset, truth, prediction, n FROM fma_confusion_cells WHERE n > 0 AND dataset IN ('flights', 'fashion') AND model_version IS NOT DISTINCT FROM CASE dataset WHEN 'fashion' THEN 'v2' END $$, 'a group for each cell that has rows');
SELECT bag_eq($$ SELECT name, (g -> 'rank')::bigint AS a, g ->> 'slice' AS b, (g -> 'total')::bigint AS c, (g -> 'confident_errors')::bigint AS d FROM listed WHERE g ->> 'kind' = 'hotspot' $$,
	$$ SELECT dataset, rank, slice, failures, confident_errors FROM fma_hotspots WHERE dataset IN ('flights', 'fashion') $$, 'a group for each hotspot, with its failures');
SELECT bag_eq($$ SELECT name, (g -> 'total')::bigint AS a, (g -> 'confident_errors')::bigint AS b FROM listed WHERE g ->> 'kind' = 'errors' $$,
	$$ SELECT dataset, failures, confident_errors FROM fma_overview WHERE dataset IN ('flights', 'fashion') AND is_current $$, 'and one for all failures');
SELECT is((SELECT array_agg(g ->> 'kind' ORDER BY o) FROM r, jsonb_array_elements(report -> 'examples' -> 'groups') WITH ORDINALITY AS g (g, o) WHERE name = 'flights' AND g ->> 'kind' <> 'hotspot'), '{errors,cell,cell,cell,cell}', 'in this order');
SELECT is((SELECT array_agg((i ->> 'id', round((i -> 'loss')::numeric)::text)::text ORDER BY o) FROM r, jsonb_array_elements(report #> '{examples,groups,0,items}') WITH ORDINALITY AS i (i, o) WHERE name = 'distances'),
	(SELECT array_agg((id, loss)::text) FROM (SELECT id, abs(distance - origin_recent_departures) AS loss FROM flights ORDER BY loss DESC, id DESC LIMIT 20) AS f), 'of a regression the largest errors');
SELECT is((SELECT array_agg(g ->> 'total' ORDER BY (g -> 'rank')::int) FROM r, jsonb_array_elements(report #> '{examples,groups}') AS g WHERE name = 'distances' AND g ->> 'kind' = 'hotspot'),
	(SELECT array_agg(n::text ORDER BY rank) FROM fma_hotspots WHERE dataset = 'distances'), 'and its hotspots have rows');
SELECT is_empty($$ SELECT name, n FROM r, jsonb_array_elements_text(report -> 'notes') AS n WHERE n LIKE 'Rows have changed%' OR n LIKE 'No rows%' $$, 'nothing has changed since the runs');
SELECT is(fma_report_json('fashion', examples => 0) -> 'examples', 'null', 'no rows, if none are asked for');
SELECT ok(fma_report_json('fashion', examples => 0) -> 'notes' ? 'No rows are listed: none were asked for.', 'which is said');
SELECT is((SELECT max(jsonb_array_length(g -> 'items')) FROM jsonb_array_elements(fma_report_json('fashion', examples => 3) #> '{examples,groups}') AS g), 3, 'three of each');

-- Rows that came or went since, and those that are left out as duplicates
UPDATE flights SET pred_label = true_label WHERE id = (SELECT id FROM flights WHERE true_label <> pred_label ORDER BY confidence DESC LIMIT 1);
SELECT alike(string_agg(n, ' '), '%Rows have changed since the run: it counted 7644 failures, and 7643 are there now.%', 'rows that have changed are noted') FROM jsonb_array_elements_text(fma_report_json('flights') -> 'notes') AS n;
SELECT fma_exclude_duplicates('fashion');
SELECT fma_run('fashion') AS without \gset
SELECT is_empty($$ SELECT n FROM jsonb_array_elements_text(fma_report_json('fashion') -> 'notes') AS n WHERE n LIKE 'Rows have changed%' $$, 'what is excluded is not listed');
SELECT ok(string_agg(n, ' ') LIKE '%left out as duplicates%', 'and noted') FROM jsonb_array_elements_text(fma_report_json('fashion') -> 'notes') AS n;
SELECT fma_exclude_duplicates('fashion', false);

-- In words
SET client_min_messages = warning;
CREATE TABLE case_of (name text, id int, t text, g text, x float8, y float8, u text);
CREATE FUNCTION words(of text, settings jsonb DEFAULT '{"truth": "t", "prediction": "g"}') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE VIEW %I AS SELECT * FROM case_of WHERE name = %L', 'case ' || of, of);
	INSERT INTO fma_dataset (name, owner, relation, settings) VALUES (of, current_user::regrole, format('%I', 'case ' || of)::regclass, settings || '{"id": "id"}');
	PERFORM fma_run(of);
	RETURN (SELECT string_agg(s, E'\n' ORDER BY o) FROM jsonb_array_elements_text(fma_report_json(of) -> 'summary') WITH ORDINALITY AS s (s, o));
END $$;
INSERT INTO case_of SELECT 'none', i, 'a', 'a' FROM generate_series(1, 1200) AS i;
INSERT INTO case_of SELECT 'all', i, 'a', 'b' FROM generate_series(1, 5) AS i;
INSERT INTO case_of VALUES ('right', 1, 'a', 'a'), ('wrong', 1, 'a', 'b'), ('blank', 1, 'a', NULL), ('blank', 2, NULL, 'a');
INSERT INTO case_of SELECT 'single', i, 'a', CASE WHEN i % 2 = 0 THEN 'b' ELSE 'a' END, NULL, NULL, 'only' FROM generate_series(1, 10) AS i;
INSERT INTO case_of SELECT 'numbers', i, NULL, NULL, i, i + CASE WHEN i % 2 = 0 THEN 1 ELSE -4 END + i % 3 - 1, (i % 2)::text FROM generate_series(1, 100) AS i;
SELECT is(words('nothing'), E'There are no predictions to look at.\nHotspots were not searched (the dataset has no features).\nThis is the first run, with none to compare it with.', 'no rows');
SELECT lives_ok(replace(fma_report_json('nothing') #>> '{reproduce,0}', '''nothing''', '''nothing again'''), 'what is said to make the dataset again does');
SELECT is(words('none', '{"truth": "t", "prediction": "g", "features": ["u"]}'), E'None of 1,200 predictions failed (95 % interval 0 % to 0.32 %).\nWithout failures there are no hotspots.\nThis is the first run, with none to compare it with.', 'no failures');
SELECT matches(words('all'), '^All 5 predictions failed \(95 % interval 56\.6 % to 100 %\)\.', 'nothing but failures');
SELECT matches(words('right'), '^The only prediction did not fail\.', 'one row');
SELECT matches(words('wrong'), '^The only prediction failed\.', 'one failure');
SELECT matches(words('blank'), '^Of 2 predictions none can be judged: truth or prediction is missing\.', 'nothing labelled');
SELECT matches(words('single', '{"truth": "t", "prediction": "g", "unit": "u", "features": ["u"]}'), E'^50\\.0 % of 10 predictions failed\\.\nHotspots were not searched \\(the dataset has no features\\)', 'no interval of a single unit');
SELECT matches(words('numbers', '{"truth": "x", "prediction": "y", "task": "regression", "features": ["u"]}'),
	E'^The mean absolute error of 100 predictions is 2\\.520 \\(root mean squared error 3\\.043, bias -1\\.500\\)\\.\nLarge errors concentrate in "u = 1" \\(79\\.8 % of all error, 1\\.6 times the mean error\\); new rows have yet to confirm this\\.\n', 'a regression');
SELECT fma_run('numbers');
SELECT matches(s, '^Since run \d+ \(.*, 100 predictions\) the mean absolute error has not changed\.$', 'nothing new') FROM jsonb_array_elements_text(fma_report_json('numbers') -> 'summary') WITH ORDINALITY AS s (s, o) WHERE o = 3;
UPDATE case_of SET g = 'b' WHERE name = 'none' AND id <= 600;
SELECT fma_run('none');
SELECT matches(s, '^Since run \d+ \(.*, 1,200 predictions\) the failure rate rose from 0 % to 50\.0 % \(the intervals do not overlap\)\.$', 'much new') FROM jsonb_array_elements_text(fma_report_json('none') -> 'summary') WITH ORDINALITY AS s (s, o) WHERE o = 3;
SELECT fma_add_rule('none', 'Accuracy', 0.9);
SELECT fma_run('none');
SELECT matches(s, 'has not changed; 1 of 1 check of rules fails\.$', 'a rule that is broken') FROM jsonb_array_elements_text(fma_report_json('none') -> 'summary') WITH ORDINALITY AS s (s, o) WHERE o = 3;
INSERT INTO case_of VALUES ('none', 1201, 'a', 'a');
SELECT fma_run('none');
SELECT matches(s, ' the failure rate has hardly changed; ', 'no change that could be read off') FROM jsonb_array_elements_text(fma_report_json('none') -> 'summary') WITH ORDINALITY AS s (s, o) WHERE o = 3;
SELECT is(jsonb_array_length(fma_report_json(name) -> 'summary'), 3, name || ': three sentences') FROM fma_dataset WHERE name IN (SELECT name FROM case_of);
SELECT ok(fma_report_html(name) IS NOT NULL AND fma_report_markdown(name) IS NOT NULL, name || ' as HTML and Markdown') FROM fma_dataset WHERE name IN (SELECT name FROM case_of);

-- Hostile strings: lossless in JSON, inert in Markdown
CREATE TABLE evil AS SELECT i AS id, CASE i % 3 WHEN 0 THEN E'a|b\\|c`\r\n# <script>alert(1)</script> [x](javascript:y) https://z *_~$' WHEN 1 THEN repeat('é"''', 2500) ELSE '(other)' END AS t,
	CASE i % 5 WHEN 0 THEN '</script><img src=x onerror=y>' ELSE '(other)' END AS g, E'\\' AS v FROM generate_series(1, 300) AS i;
SELECT fma_register(E'e|<v>`il\\', 'evil', truth => 't', prediction => 'g', id => 'id', batch => 'v', features => '{t,v}');
SELECT fma_run(E'e|<v>`il\\');
CREATE TABLE hostile AS SELECT fma_report_json(E'e|<v>`il\\') AS report, fma_report_markdown(E'e|<v>`il\\') AS markdown;
SELECT bag_eq($$ SELECT l ->> 'label' FROM hostile, lines(report -> 'labels') AS l $$, $$ SELECT t FROM evil UNION SELECT g FROM evil $$, 'labels are what they are');
SELECT is(report -> 'confusion' -> 'folded', '0', 'a label called (other) is a label') FROM hostile;
SELECT is_empty($$ SELECT g ->> 'sql' FROM hostile, lines(report #> '{examples,groups}') AS g, head(g ->> 'sql') AS h WHERE h.total <> (g -> 'total')::bigint $$, 'statements with them select their rows');
-- Outside of the blocks of SQL nothing of theirs is more than text
CREATE TABLE line_of AS SELECT l AS line, o, sum((l ~ '^`{3,}')::int) OVER (ORDER BY o) % 2 = 1 OR l ~ '^`{3,}' AS is_sql FROM hostile, string_to_table(markdown, E'\n') WITH ORDINALITY AS s (l, o);
CREATE FUNCTION unescaped(line text) RETURNS text LANGUAGE sql AS $$ SELECT regexp_replace(line, '\\.', '', 'g') $$;
SELECT is_empty($$ SELECT line FROM line_of WHERE NOT is_sql AND unescaped(line) ~ '<(?! )|[>\[\]`*_~$]|://' $$, 'no markup, no links');
CREATE TABLE table_line AS SELECT o, length(unescaped(line)) - length(replace(unescaped(line), '|', '')) AS bars, count(*) FILTER (WHERE line !~ '^\|') OVER (ORDER BY o) AS part FROM line_of WHERE NOT is_sql;
SELECT is_empty($$ SELECT part FROM table_line WHERE bars > 0 GROUP BY part HAVING count(DISTINCT bars) > 1 $$, 'every line of a table has as many columns');
SELECT cmp_ok(max(length(line)), '<', 5000, 'long strings are cut') FROM line_of WHERE NOT is_sql;
SELECT is_empty($$ SELECT line FROM line_of WHERE line ~ '[\x01-\x08\x0b-\x1f]' AND NOT is_sql $$, 'no control characters');

-- 51 labels: 30 and the others; more than 1,000
CREATE TABLE many AS SELECT i AS id, format('L%s', lpad((i % 51)::text, 2, '0')) AS t, format('L%s', lpad((CASE WHEN i % 7 < (i % 51) / 10 THEN (i * 7) % 51 ELSE i % 51 END)::text, 2, '0')) AS g FROM generate_series(1, 51000) AS i;
SELECT fma_register('many', 'many', truth => 't', prediction => 'g', id => 'id', features => '{}');
SELECT fma_run('many');
CREATE TABLE folded AS SELECT report, report -> 'confusion' AS c FROM (SELECT fma_report_json('many', examples => 2) AS report) AS s;
SELECT is((jsonb_array_length(c -> 'labels'), c -> 'folded', c -> 'labels' ->> 30)::text, '(31,21,"(other)")', 'folded') FROM folded;
CREATE TABLE shown_label AS SELECT l #>> '{}' AS label, o FROM folded, jsonb_array_elements(c -> 'labels') WITH ORDINALITY AS l (l, o) WHERE o <= 30;
SELECT set_eq('SELECT label FROM shown_label', $$ SELECT label FROM (SELECT label FROM fma_label_metrics WHERE dataset = 'many' ORDER BY fn + fp DESC, label LIMIT 30) AS s $$, 'the most confused');
SELECT is((SELECT array_agg(label ORDER BY o) FROM shown_label), (SELECT array_agg(label ORDER BY label) FROM shown_label), 'in their order');
CREATE TABLE cell AS SELECT t - 1 AS t, p - 1 AS p, n::text::bigint AS n, (c #>> ARRAY['share_of_truth', (t - 1)::text, (p - 1)::text])::float8 AS of_truth, (c #>> ARRAY['share_of_prediction', (t - 1)::text, (p - 1)::text])::float8 AS of_prediction
FROM folded, jsonb_array_elements(c -> 'counts') WITH ORDINALITY AS line (line, t), jsonb_array_elements(line) WITH ORDINALITY AS n (n, p);
SELECT bag_eq('SELECT t, p, n FROM cell WHERE n > 0', $$ SELECT coalesce(a.o, 31) - 1 AS t, coalesce(b.o, 31) - 1 AS p, count(*) FROM many LEFT JOIN shown_label AS a ON a.label = t LEFT JOIN shown_label AS b ON b.label = g GROUP BY 1, 2 $$, 'the counts');
SELECT is((SELECT sum(n) FROM cell), 51000::numeric, 'no row is lost');
SELECT is_empty($$ SELECT * FROM cell WHERE of_truth <> n / (SELECT sum(n)::float8 FROM cell AS c WHERE c.t = cell.t) OR of_prediction <> n / (SELECT sum(n)::float8 FROM cell AS c WHERE c.p = cell.p) $$, 'the shares');
SELECT is_empty($$ SELECT g FROM folded, lines(report #> '{examples,groups}') AS g WHERE '(other)' IN (g ->> 'truth', g ->> 'prediction') $$, 'what is folded has no rows of its own');
SELECT is((SELECT count(*) FROM folded, lines(report #> '{examples,groups}') AS g WHERE g ->> 'truth' <> g ->> 'prediction'), (SELECT least(count(*), 200) FROM cell WHERE n > 0 AND t <> p AND t < 30 AND p < 30), 'cells, 200 of them at most');
SELECT is(jsonb_array_length(report -> 'labels'), 51, 'all labels are listed') FROM folded;
SELECT ok(report -> 'notes' ? 'The confusion matrix shows the labels with most errors; (other) is 21 more.', 'and the fold is noted') FROM folded;
CREATE TABLE crowd AS SELECT i AS id, 'L' || i AS t, 'L' || i % 1200 AS g FROM generate_series(1, 1500) AS i;
SELECT fma_register('crowd', 'crowd', truth => 't', prediction => 'g', id => 'id', features => '{}');
SELECT fma_run('crowd');
SELECT is((jsonb_array_length(c -> 'labels'), jsonb_array_length(c -> 'confusion' -> 'labels'), c #>> '{overview,labels}')::text, '(1000,31,1501)', '1,501 labels: the 1,000 with most errors, and a matrix of 31') FROM fma_report_json('crowd') AS c;
SELECT is((SELECT array_agg(DISTINCT (l -> 'fn')::int) FROM lines(fma_report_json('crowd') -> 'labels') AS l), '{0,1}', 'with errors first');

-- Rights
SELECT fma_share('fashion', 'fma_reader', predictions => false);
SET ROLE fma_reader;
SELECT is(report -> 'examples', 'null', 'results without rows: a report without rows') FROM fma_report_json('fashion') AS report;
SELECT ok(report -> 'notes' ? 'No rows are listed: they were not shared with the reader.', 'which it says') FROM fma_report_json('fashion') AS report;
SELECT throws_ok(format('SELECT %s', f), '42501', 'permission denied for the predictions of dataset "fashion"', f) FROM unnest(ARRAY['fma_list_predictions(''fashion'')', 'fma_get_prediction(''fashion'', ''1'')', 'fma_get_predictions(''fashion'')', 'fma_export_query(''fashion'')']) AS f;
SELECT throws_ok($$ SELECT fma_save_report('fashion') $$, '42501', 'permission denied for dataset "fashion"', 'nor may they save it');
SELECT results_eq('SELECT predictions FROM fma_dataset_share', 'SELECT false', 'they see what was shared with them');
SET ROLE fma_outsider;
SELECT throws_ok($$ SELECT fma_report_json('fashion') $$, '42704', 'dataset "fashion" does not exist, or is not yours to read', 'no results: no report');
SELECT throws_ok($$ SELECT fma_report_html('fashion') $$, '42704', NULL, 'nor a page');
SELECT is_empty('SELECT * FROM fma_dataset_share', 'nor with whom it is shared');
SELECT is(fma_may_manage(1), false, 'it is not theirs');
RESET ROLE;
SELECT fma_save_report('fashion', examples => 0) AS bare, fma_save_report('fashion', :fashion, examples => 1) AS rows \gset
SET ROLE fma_reader;
SELECT results_eq('SELECT report_id FROM fma_report', format('SELECT %s::bigint', :bare), 'saved reports without rows are seen by readers of results');
RESET ROLE;
SELECT fma_share('fashion', 'fma_reader');
SET ROLE fma_reader;
SELECT is(jsonb_typeof(fma_report_json('fashion') -> 'examples'), 'object', 'shared with the rows: a report with rows');
SELECT results_eq('SELECT report_id, run_id FROM fma_report ORDER BY 1', format('VALUES (%s::bigint, %s::bigint), (%s, %s)', :bare, :without, :rows, :fashion), 'and saved ones');
SET ROLE fma_outsider;
SELECT is_empty('SELECT * FROM fma_report', 'others see none');
SELECT throws_ok('INSERT INTO fma_report (dataset_id, run_id, created_by, has_rows, report) VALUES (1, 1, ''me'', false, ''{}'')', '42501', NULL, 'and write none');
RESET ROLE;
SELECT is(report - 'made_at', fma_report_json('fashion', :fashion, 1) - 'made_at', 'a saved report is what fma_report_json returns') FROM fma_report WHERE report_id = :rows;
SELECT is(created_by, current_user::text, 'by whom') FROM fma_report WHERE report_id = :rows;
CREATE ROLE fma_keeper;
GRANT fma_keeper TO fma_reader;
SELECT fma_share('many', 'fma_keeper', predictions => false), fma_share('many', 'public', predictions => false);
SET ROLE fma_reader;
SELECT is((SELECT count(*) FROM fma_dataset_share WHERE NOT predictions), 2::bigint, 'by way of another role, and of everybody');
RESET ROLE;
GRANT fma_keeper TO fma_outsider;
ALTER TABLE many OWNER TO fma_keeper;
UPDATE fma_dataset SET owner = 'fma_keeper' WHERE name = 'many';
SET ROLE fma_outsider;
SELECT is((SELECT count(*) FROM fma_dataset_share), 2::bigint, 'whoever is a member of the owner sees whom it is shared with');
SELECT lives_ok($$ SELECT * FROM fma_list_predictions('many') $$, 'and the rows, without being given them');
RESET ROLE;

-- Pruning, and runs of the same call
SELECT fma_save_report('flights', examples => 0) FROM generate_series(1, 5);
SELECT fma_save_report('flights', :april, 0, keep => 3) AS kept \gset
SELECT results_eq($$ SELECT report_id FROM fma_report AS r JOIN fma_dataset AS d USING (dataset_id) WHERE name = 'flights' ORDER BY 1 DESC $$, format('VALUES (%s::bigint), (%s), (%s)', :kept, :kept - 1, :kept - 2), 'the newest are kept');
SELECT is((SELECT count(*) FROM fma_report), 5::bigint, 'those of other datasets stay');
SELECT fma_prune('flights', '1 hour');
SELECT is((SELECT count(*) FROM fma_report), 5::bigint, 'none is older than an hour');
UPDATE fma_report SET created_at = created_at - interval '2 hours';
SELECT fma_prune('flights', '1 hour');
SELECT results_eq($$ SELECT report_id FROM fma_report AS r JOIN fma_dataset AS d USING (dataset_id) WHERE name = 'flights' $$, format('SELECT %s::bigint', :kept), 'old ones go, the newest stays');
SELECT fma_save_report('none', fma_run('none')) AS saved \gset
SELECT is(run_id, (SELECT max(run_id) FROM fma_result_run), 'a report on the run that its own call made') FROM fma_report WHERE report_id = :saved;
ALTER VIEW "case none" RENAME COLUMN g TO gone;
SET client_min_messages = error;
SELECT is(fma_save_report('none', fma_run('none')), NULL::bigint, 'a run that failed has none');
RESET client_min_messages;
SELECT is(status, 'failed', 'and is kept as failed') FROM fma_result_run ORDER BY run_id DESC LIMIT 1;
SELECT alike(n, 'No rows are listed, since they could not be read: %', 'rows that cannot be read any more') FROM jsonb_array_elements_text(fma_report_json('none') -> 'notes') AS n WHERE n LIKE 'No rows%';
SELECT fma_save_report('none') AS unread \gset
SELECT ok(has_rows AND report -> 'examples' = 'null', 'the error may quote a row, so such a report is for who may see rows') FROM fma_report WHERE report_id = :unread;
SET client_min_messages = warning;
SELECT fma_run('flights', since => '2001-04-03', until => '2001-04-05') AS part \gset
SET DateStyle = 'SQL, DMY';
SELECT is(fma_report_json('flights', examples => 0) -> 'reproduce' ->> 1, 'SELECT fma_run(''flights'', since => ''2001-04-03T00:00:00+00:00'', until => ''2001-04-05T00:00:00+00:00'');', 'statements that mean the same whatever DateStyle is');
SET DateStyle = 'ISO, MDY';
SELECT fma_report_json('flights', examples => 0) -> 'reproduce' ->> 0 AS before_it \gset
CREATE FUNCTION fma_register(truth text, truths integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';
SELECT is(fma_report_json('flights', examples => 0) -> 'reproduce' ->> 0, :'before_it', 'nor does another function of that name change them');
DROP FUNCTION fma_register(text, integer);

-- A cancel returns
CREATE VIEW endless AS SELECT i AS id, 'a' AS t, 'a' AS g FROM generate_series(1, CASE current_setting('test.long', true) WHEN 'on' THEN 2000000000 ELSE 10 END) AS i;
SET client_min_messages = warning;
SELECT fma_register('endless', 'endless', truth => 't', prediction => 'g', id => 'id', features => '{}');
SELECT fma_run('endless');
SET test.long = on;
CREATE FUNCTION canceled() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM fma_report_json('endless');
	RETURN 'done';
EXCEPTION WHEN query_canceled THEN
	RETURN 'canceled';
END $$;
SET statement_timeout = '300ms';
SELECT is(canceled(), 'canceled', 'a cancel returns');
RESET statement_timeout;
SET test.long = off;
SELECT is(jsonb_typeof(fma_report_json('endless') -> 'examples'), 'object', 'and nothing is left of it');

-- Only reading
SET TRANSACTION READ ONLY;
SELECT lives_ok($$ SELECT fma_report_html('flights') $$, 'a report needs no writing');
SELECT throws_ok($$ SELECT fma_save_report('flights') $$, '25006', NULL, 'but to save it does');
SELECT * FROM finish();
ROLLBACK;

-- Predictions: pages, filters, conditions, rights, plans, exports.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
BEGIN;
SELECT plan(100);

\i examples/load.sql
CREATE ROLE fma_owner_1;
CREATE ROLE fma_owner_2;
CREATE ROLE fma_reader;
CREATE ROLE fma_stranger;
GRANT CREATE ON SCHEMA public TO fma_owner_1, fma_owner_2;

CREATE FUNCTION dataset(name text, relation regclass, settings jsonb, owner text DEFAULT 'postgres') RETURNS void
	LANGUAGE sql AS 'INSERT INTO fma_dataset (name, owner, relation, settings) VALUES (name, owner::regrole, relation, settings)';
SELECT dataset('fashion', 'fashion', '{"truth": "true_label", "prediction": "pred_label", "confidence": "confidence", "id": "id",
	"model_version": "model_version", "batch": "batch", "features": ["brightness", "contrast", "noise"]}');

-- Figures by plain SQL
SELECT is((SELECT DISTINCT total FROM fma_list_predictions('fashion')), 10000::bigint, 'total stops at count_limit');
SELECT is((SELECT bool_or(total_is_exact) FROM fma_list_predictions('fashion')), false, 'and says so');
SELECT is((SELECT max(total) FROM fma_list_predictions('fashion', count_limit => 20000)), 20000::bigint, 'count_limit is just enough');
SELECT ok((SELECT bool_and(total_is_exact) FROM fma_list_predictions('fashion', count_limit => 20000)), 'and total exact');
SELECT ok((SELECT total = 20000 AND total_is_exact FROM fma_list_predictions('fashion', count_limit => NULL, page_size => 1)), 'count_limit NULL counts all');
SELECT ok((SELECT bool_and(total = 50 AND NOT total_is_exact) FROM fma_list_predictions('fashion', count_limit => 7, page => 5)), 'total is never less than what was returned');

CREATE FUNCTION total(VARIADIC arguments text[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
	EXECUTE format('SELECT total FROM fma_list_predictions(%s, page_size => 1, count_limit => NULL)', array_to_string(arguments, ', ')) INTO n;
	RETURN coalesce(n, 0);
END $$;
SELECT is(total($$'fashion'$$, 'only_errors => true'), (SELECT count(*) FROM fashion WHERE true_label <> pred_label), 'only_errors');
SELECT is(total($$'fashion'$$, 'only_high_confidence_errors => true'), (SELECT count(*) FROM fashion WHERE true_label <> pred_label AND confidence >= 0.8), 'only_high_confidence_errors');
SELECT is(total($$'fashion'$$, 'only_errors => true', 'only_high_confidence_errors => true'), (SELECT count(*) FROM fashion WHERE true_label <> pred_label AND confidence >= 0.8), 'both');
SELECT is(total($$'fashion'$$, $$true_label => 'Shirt'$$, $$pred_label => 'T-shirt/top'$$), (SELECT count(*) FROM fashion WHERE true_label = 'Shirt' AND pred_label = 'T-shirt/top'), 'a cell of the confusion matrix');
SELECT is(total($$'fashion'$$, 'min_conf => 0.5', 'max_conf => 0.75'), (SELECT count(*) FROM fashion WHERE confidence BETWEEN 0.5 AND 0.75), 'min_conf and max_conf');
SELECT is(total($$'fashion'$$, $$model_version => 'v2'$$, 'only_errors => true'), (SELECT count(*) FROM fashion WHERE model_version = 'v2' AND true_label <> pred_label), 'model_version');
SELECT is((SELECT array_agg(DISTINCT error_type ORDER BY error_type) FROM fma_list_predictions('fashion', only_errors => true, sort => 'confidence_asc', page_size => 100)), ARRAY['error'], 'error_type: error');
SELECT is((SELECT array_agg(DISTINCT error_type ORDER BY error_type) FROM fma_list_predictions('fashion', only_errors => true, page_size => 100)), ARRAY['confident_error'], 'error_type: confident_error');
SELECT is((SELECT array_agg(DISTINCT error_type ORDER BY error_type) FROM fma_list_predictions('fashion', true_label => 'Bag', pred_label => 'Bag', page_size => 100)), ARRAY['correct'], 'error_type: correct');
SELECT is_empty($$ SELECT * FROM fma_list_predictions('fashion', only_errors => true, min_conf => 0.9999999) $$, 'no rows, and no error, where the labels occur');
SELECT is_empty($$ SELECT * FROM fma_list_predictions('fashion', page => 2147483647, page_size => 100) $$, 'a page beyond the last');

-- Pages: each row once, in order, with ties, NULL, NaN, and one id in two versions
CREATE TABLE tied AS SELECT i / 2 AS id, (ARRAY['a', 'b'])[1 + i % 2] AS version, 'x' AS truth, (ARRAY['x', 'y', NULL])[1 + i % 3] AS guess,
	CASE WHEN i % 7 = 0 THEN NULL WHEN i % 11 = 0 THEN 'NaN' ELSE (i % 5) / 4.0 END::float8 AS p FROM generate_series(1, 100) AS i;
SELECT dataset('tied', 'tied', '{"truth": "truth", "prediction": "guess", "confidence": "p", "id": "id", "model_version": "version"}');
CREATE FUNCTION pages(sort text, size int) RETURNS TABLE (id text, version text, place bigint) LANGUAGE sql AS $$
	SELECT l.id, l.model_version, (page - 1) * size + l.place FROM generate_series(1, 120 / size + 1) AS page,
		LATERAL fma_list_predictions('tied', sort => sort, page => page::int, page_size => size) WITH ORDINALITY AS l (id, t, p, c, e, u, o, model_version, total, exact, place)
$$;
SELECT set_eq(format('SELECT id, version, place FROM pages(%L, %s)', 'confidence_desc', size),
	'SELECT id::text, version, row_number() OVER (ORDER BY p DESC NULLS LAST, id DESC, version DESC) FROM tied', 'pages of ' || size || ', most confident first')
FROM (VALUES (7), (100), (1)) AS v (size);
SELECT set_eq(format('SELECT id, version, place FROM pages(%L, %s)', 'confidence_asc', size),
	'SELECT id::text, version, row_number() OVER (ORDER BY p, id, version) FROM tied', 'pages of ' || size || ', least confident first')
FROM (VALUES (7), (9)) AS v (size);
SELECT is((SELECT count(*) FILTER (WHERE error_type IS NULL) FROM fma_list_predictions('tied', page_size => 100)), (SELECT count(*) FROM tied WHERE guess IS NULL), 'unlabelled rows have no error_type');
SELECT is((SELECT count(confidence) FROM fma_list_predictions('tied', page_size => 100)), (SELECT count(*) FROM tied WHERE p <> 'NaN'), 'NaN is shown as NULL');
SELECT results_eq($$ SELECT DISTINCT total FROM fma_list_predictions('tied', page => 12, page_size => 9) $$, $$ VALUES (100::bigint) $$, 'total on the last page, which is exact for free');

-- Real confidences: 0.9 as a real is less than 0.9 as a double
CREATE TABLE real_one AS SELECT 1 AS id, 'a' AS truth, 'a' AS guess, 0.9::real AS p;
SELECT dataset('real', 'real_one', '{"truth": "truth", "prediction": "guess", "confidence": "p", "id": "id"}');
SELECT is(total($$'real'$$, 'min_conf => 0.9', 'max_conf => 0.9'), 1::bigint, 'bounds have the type of the column');

-- Labels are shown mapped and asked for mapped; odd names of columns and relations
CREATE SCHEMA "odd "" schema; --";
CREATE TABLE "odd "" schema; --"."Ta ble" AS
SELECT i AS "I""d", (i % 3)::text AS "tr'uth", (i % 2)::text AS "pre;d", 0.5 AS "co--nf", 'http://x/?a=1&b=' || i AS "im age",
	'{1,2}'::real[] AS "e m", i * 1.5 AS "feature ""one""", CASE WHEN i = 7 THEN 'NaN' ELSE i::float8 END AS f2, timestamp '2024-06-01 00:30' + i * interval '1 hour' AS "a t"
FROM generate_series(1, 30) AS i;
SELECT dataset('it''s "odd"', '"odd "" schema; --"."Ta ble"', $${"truth": "tr'uth", "prediction": "pre;d", "confidence": "co--nf", "id": "I\"d", "image": "im age", "embedding": "e m",
	"occurred_at": "a t", "timezone": "Europe/Berlin", "features": ["feature \"one\"", "f2"], "labels": {"0": "it's zero", "1": "one", "2": "one"}}$$);
SELECT is(total($$'it''s "odd"'$$, $$true_label => 'one'$$), 20::bigint, 'two raw labels with one name');
SELECT is(total($$'it''s "odd"'$$, $$true_label => 'it''s zero'$$, 'only_errors => true'), 5::bigint, 'a mapped label');
SELECT throws_ok($$ SELECT fma_list_predictions('it''s "odd"', true_label => '1') $$, '22023', 'dataset "it''s "odd"" has no row with the true_label "1"', 'a raw label is not what is shown');
SELECT is((SELECT ROW(true_label, pred_label, error_type, image_url, occurred_at) FROM fma_list_predictions('it''s "odd"', conditions => '[{"column": "feature \"one\"", "op": "=", "value": 6}]')),
	ROW('one'::text, 'it''s zero'::text, 'error'::text, 'http://x/?a=1&b=4'::text, timestamptz '2024-06-01 02:30+00'), 'times are those of the dataset''s zone');
SELECT is(total($$'it''s "odd"'$$, $$since => '2024-06-01 02:30+00'$$, $$until => '2024-06-01 04:30+00'$$), 2::bigint, 'since is included, until is not');
SELECT is(fma_get_prediction('it''s "odd"', '7')::text, $$(7,one,one,0.5,correct,http://x/?a=1&b=7,f,0,"2024-06-01 05:30:00+00",,,,,,,,"[1, 2]","{""f2"": ""NaN"", ""feature \\""one\\"""": 10.5}",)$$, 'all about a prediction');
SELECT is_empty($$ SELECT * FROM fma_get_prediction('it''s "odd"', '777') $$, 'an unknown id');
SELECT is((SELECT array_agg(model_version) FROM fma_get_prediction('fashion', '12')), ARRAY['v1', 'v2'], 'an id in two versions');
SELECT is((SELECT array_agg(model_version) FROM fma_get_prediction('fashion', '12', 'v2')), ARRAY['v2'], 'in one of them');

-- Regression, a condition, a filter, no id
CREATE TABLE houses AS SELECT i AS id, i * 10.0 AS y, i * 10.0 + i % 4 AS yhat FROM generate_series(1, 40) AS i;
SELECT dataset('houses', 'houses', '{"task": "regression", "truth": "y", "prediction": "yhat", "id": "id"}');
SELECT is((SELECT loss FROM fma_get_prediction('houses', '7')), 3::float8, 'the loss of a regression');
SELECT is((SELECT array_agg(id) FROM fma_list_predictions('houses', page_size => 3)), ARRAY['40', '39', '38'], 'without a confidence in the order of id');
SELECT throws_ok($$ SELECT fma_list_predictions('houses', only_errors => true) $$, '22023', 'dataset "houses" does not say what an error is, which only_errors needs', 'no condition of failure');
SELECT throws_ok($$ SELECT fma_list_predictions('houses', only_high_confidence_errors => true) $$, '22023', 'dataset "houses" has no confidence column', 'no confidence');
SELECT dataset('bad houses', 'houses', '{"task": "regression", "truth": "y", "prediction": "yhat", "failed": "t.yhat - t.y > 2 OR false", "filter": "t.id > 20 OR false"}');
SELECT is(total($$'bad houses'$$, 'only_errors => true'), 5::bigint, 'failed and filter are each one condition');
SELECT throws_ok($$ SELECT fma_get_prediction('bad houses', '1') $$, '22023', 'dataset "bad houses" has no id column', 'no id');

-- Hotspots: exactly the rows that were counted
INSERT INTO fma_result_run (dataset_id, status, started_at, model_version, settings, fma_version)
	SELECT dataset_id, 'complete', now(), 'v1', settings, '1.0' FROM fma_dataset WHERE name = 'fashion';
INSERT INTO fma_result_slice (run_id, kind, rank, slice, predicate, conditions, condition_count, n, failures)
	SELECT (SELECT max(run_id) FROM fma_result_run), 'hotspot', rank, slice, predicate, conditions, condition_count, n, failures
	FROM fma_find_hotspots('SELECT true_label <> pred_label, brightness, contrast, noise FROM fashion WHERE model_version = ''v1''');
SELECT ok(count(*) > 2 AND bool_and(total($$'fashion'$$, 'hotspot => ' || rank) = n AND total($$'fashion'$$, 'hotspot => ' || rank, 'only_errors => true') = failures), 'hotspots') FROM fma_result_slice;
SELECT is(total($$'fashion'$$, 'hotspot => 1', $$model_version => 'v2'$$),
	(SELECT count(*) FROM fashion, (SELECT conditions FROM fma_result_slice WHERE rank = 1) AS s WHERE model_version = 'v2'
		AND (SELECT bool_and(CASE c ->> 'op' WHEN '<' THEN x < (c ->> 'value')::float8 WHEN '>=' THEN x >= (c ->> 'value')::float8 END)
			FROM jsonb_array_elements(conditions) AS c, LATERAL (SELECT (to_jsonb(fashion) ->> (c ->> 'column'))::float8 AS x) AS v)), 'a hotspot in another version');
SELECT throws_ok($$ SELECT fma_list_predictions('fashion', hotspot => 99) $$, '22023', 'dataset "fashion" has no hotspot 99', 'an unknown hotspot');
SELECT throws_ok($$ SELECT fma_list_predictions('houses', hotspot => 1) $$, '55000', 'dataset "houses" has no complete run yet', 'no run, no hotspot');

-- A numeric column of many values is binned as doubles: an edge's rows round up to it
CREATE TABLE fine AS SELECT i, i - 1e-25 AS x, i % 3 = 0 AS failed FROM generate_series(1, 70000) AS i;
SELECT dataset('fine', 'fine', '{"task": "condition", "failed": "t.failed", "features": ["x"]}');
CREATE TEMP TABLE found AS SELECT conditions, n FROM fma_find_slices('SELECT failed, x FROM fine', 1, top := NULL);
SELECT ok(count(*) = 5 AND bool_and(total($$'fine'$$, format('conditions => %L', conditions)) = n), 'conditions of doubles') FROM found;
SELECT ok(bool_or(total($$'fine'$$, format('conditions => %L', replace(conditions::text, ', "type": "double precision"', ''))) <> n), 'which select other rows without their type') FROM found;

-- Conditions by hand
CREATE FUNCTION chosen(conditions text) RETURNS bigint LANGUAGE sql AS $$ SELECT total('''fashion''', format('conditions => %L', conditions)) $$;
SELECT is(chosen('[]'), 20000::bigint, 'no conditions');
SELECT is(chosen('[{"column": "batch", "op": "in", "values": [1, "2"]}, {"column": "noise", "op": ">", "value": 5.5}]'), (SELECT count(*) FROM fashion WHERE batch IN (1, 2) AND noise > 5.5), 'in, >');
SELECT is(chosen('[{"column": "batch", "op": "not in", "values": [1]}, {"column": "noise", "op": "<=", "value": "5.5"}]'), (SELECT count(*) FROM fashion WHERE batch <> 1 AND noise <= 5.5), 'not in, <=');
SELECT is(chosen('[{"column": "batch", "op": "<>", "value": 1}, {"column": "noise", "op": "is not null"}]'), (SELECT count(*) FROM fashion WHERE batch <> 1), '<>, is not null');
SELECT throws_ok(format('SELECT fma_list_predictions(%L, conditions => %L)', 'fashion', c), code, message, 'conditions: ' || c)
FROM (VALUES
	('{"column": "batch", "op": "=", "value": 1}', '22023', 'invalid conditions'), ('1', '22023', 'invalid conditions'), ('[1]', '22023', 'invalid conditions'),
	('[{"column": "batch", "op": "=", "valeu": 1}]', '22023', 'invalid conditions'), ('[{"column": "batch", "op": "=", "value": null}]', '22023', 'invalid conditions'),
	('[{"column": "batch", "op": "in", "values": []}]', '22023', 'invalid conditions'), ('[{"column": "batch", "op": "is null", "value": 1}]', '22023', 'invalid conditions'),
	('[{"column": "batch", "part": "hour", "op": "=", "value": 1}]', '22023', 'invalid conditions'), ('[{"column": 1, "op": "=", "value": 1}]', '22023', 'invalid conditions'),
	('[{"column": "batch", "op": "~", "value": 1}]', '22023', 'unknown op "~"'), ('[{"column": "batch", "op": "=", "value": "1 OR true"}]', '22P02', 'invalid input syntax for type integer: "1 OR true"'),
	('[{"column": "sharpness", "op": "=", "value": 1}]', '42703', 'dataset "fashion" has no column "sharpness"'), ('[{"column": "ctid", "op": "=", "value": 1}]', '42703', 'dataset "fashion" has no column "ctid"')) AS v (c, code, message);

-- Injection: whatever the text, it is a value or an unknown word
CREATE TABLE canary AS SELECT 1 AS alive;
CREATE FUNCTION outcome(call text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE call;
	RETURN 'done';
EXCEPTION WHEN OTHERS THEN
	RETURN CASE WHEN SQLSTATE IN ('22023', '22P02', '42704', '42703') THEN 'refused' ELSE SQLSTATE || ' ' || SQLERRM END;
END $$;
SELECT is(array_agg(DISTINCT outcome(format(call, hostile, to_json(hostile)))), ARRAY['refused'], 'hostile text is refused: ' || name) FROM (VALUES
	('dataset', 'SELECT * FROM fma_list_predictions(%1$L)'), ('true_label', 'SELECT * FROM fma_list_predictions(%L, true_label => %1$L)'),
	('sort', 'SELECT fma_export_query(''fashion'', sort => %1$L)'), ('column', 'SELECT fma_export_query(''fashion'', conditions => jsonb_build_array(jsonb_build_object(''column'', %1$L, ''op'', ''is null'')))'),
	('op', 'SELECT fma_export_query(''fashion'', conditions => jsonb_build_array(jsonb_build_object(''column'', ''noise'', ''op'', %1$L)))'),
	('value', 'SELECT * FROM fma_list_predictions(''fashion'', conditions => jsonb_build_array(jsonb_build_object(''column'', ''noise'', ''op'', ''='', ''value'', %1$L)))'),
	('part', 'SELECT * FROM fma_list_predictions(''it''''s "odd"'', conditions => jsonb_build_array(jsonb_build_object(''column'', ''a t'', ''op'', ''='', ''part'', %1$L, ''value'', 1)))'),
	('timezone', 'SELECT * FROM fma_list_predictions(''it''''s "odd"'', conditions => jsonb_build_array(jsonb_build_object(''column'', ''a t'', ''op'', ''='', ''part'', ''hour'', ''timezone'', %1$L, ''value'', 1)))'),
	('type', 'SELECT * FROM fma_list_predictions(''fashion'', conditions => jsonb_build_array(jsonb_build_object(''column'', ''noise'', ''op'', ''='', ''type'', %1$L, ''value'', 1)))'),
	('id', 'SELECT * FROM fma_get_prediction(''fashion'', %1$L)')) AS c (name, call),
	(VALUES ('''; DROP TABLE canary; --'), ('1) OR true --'), ('$$ OR $$'), ('"; DROP TABLE canary; --'), ('/* '), ('\''; DROP TABLE canary; --'), ('(((')) AS h (hostile)
GROUP BY name, call;
SELECT is(array_agg(DISTINCT outcome(format('SELECT * FROM fma_list_predictions(''fashion'', model_version => %1$L)', hostile))), ARRAY['done'], 'or equals nothing')
FROM (VALUES ('''; DROP TABLE canary; --'), ('x'' OR ''1''=''1'), ('\'' OR true --')) AS h (hostile);
SELECT is((SELECT alive FROM canary), 1, 'nothing was executed');

-- Rights: who may see them, and as whom they are read
SET ROLE fma_owner_1;
CREATE TABLE public.mine AS SELECT i AS id, 'a' AS truth, CASE WHEN i % 4 = 0 THEN 'b' ELSE 'a' END AS guess, i / 20.0 AS p, 'secret' AS secret FROM generate_series(1, 20) AS i;
CREATE FUNCTION public.whoami() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'I am %', current_user; END $$;
CREATE FUNCTION public.writes() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.mine VALUES (99); RETURN true; END $$;
RESET ROLE;
SELECT dataset('mine', 'mine', '{"truth": "truth", "prediction": "guess", "confidence": "p", "id": "id"}', 'fma_owner_1');
SELECT dataset('evil', 'mine', '{"task": "condition", "failed": "public.whoami()", "id": "id"}', 'fma_owner_1');
SELECT dataset('writer', 'mine', '{"task": "condition", "failed": "public.writes()", "id": "id"}', 'fma_owner_1');
SELECT dataset('two', 'tied', '{"truth": "truth", "prediction": "guess", "id": "id"}', 'fma_owner_2');
INSERT INTO fma_dataset_share SELECT dataset_id, 'fma_reader' FROM fma_dataset WHERE name = 'mine';
SELECT throws_ok($$ SELECT fma_list_predictions('evil') $$, 'P0001', 'I am fma_owner_1', 'a superuser who looks at a stranger''s dataset executes its expressions as the stranger');
SELECT throws_ok($$ SELECT fma_list_predictions('writer') $$, '25006', NULL, 'and they cannot write');
SET ROLE fma_reader;
SELECT is((SELECT max(total) FROM public.fma_list_predictions('mine', only_errors => true)), 5::bigint, 'a role that it was shared with sees the predictions');
SELECT throws_ok('SELECT * FROM public.mine', '42501', NULL, 'though not the source');
SELECT throws_ok($$ SELECT fma_list_predictions('mine', conditions => '[{"column": "secret", "op": "=", "value": "secret"}]') $$, '42703', NULL, 'nor columns that the dataset does not have');
SELECT throws_ok($$ SELECT * FROM fma_get_prediction('two', '1') $$, '42704', NULL, 'nor another dataset');
SET ROLE fma_stranger;
SELECT throws_ok(format('SELECT %s(''mine'')', f), '42704', 'dataset "mine" does not exist, or is not yours to read', 'a stranger has no ' || f)
FROM (VALUES ('fma_list_predictions'), ('fma_export_query')) AS v (f);
SELECT is(current_user, 'fma_stranger', 'an error leaves the caller who they were');
RESET ROLE;
GRANT SELECT ON mine TO fma_stranger;
SET ROLE fma_stranger;
SELECT is((SELECT max(total) FROM fma_list_predictions('mine')), 20::bigint, 'whoever may read a plain source may');
SELECT is(current_setting('search_path'), '"$user", public', 'settings are the caller''s again');
RESET ROLE;
ALTER TABLE mine ENABLE ROW LEVEL SECURITY;
SET ROLE fma_stranger;
SELECT throws_ok($$ SELECT fma_list_predictions('mine') $$, '42704', NULL, 'not where the source has row security');
RESET ROLE;
-- The owner of the dataset does not own this table: the policy is about them
CREATE TABLE policed AS SELECT i AS id, i % 2 = 0 AS failed FROM generate_series(1, 10) AS i;
ALTER TABLE policed ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON policed USING (id <= 3);
GRANT SELECT ON policed TO fma_owner_2;
SELECT dataset('policed', 'policed', '{"task": "condition", "failed": "t.failed", "id": "id"}', 'fma_owner_2');
SELECT is((SELECT max(total) FROM fma_list_predictions('policed')), 3::bigint, 'even a superuser sees what the owner sees');
REVOKE SELECT ON policed FROM fma_owner_2;
SELECT throws_ok($$ SELECT fma_list_predictions('policed') $$, '42501', 'permission denied for table policed', 'the owner has lost the right');
CREATE VIEW shown AS SELECT id, truth, guess FROM tied WHERE version = 'a';
GRANT SELECT ON shown TO fma_owner_2;
SELECT dataset('shown', 'shown', '{"truth": "truth", "prediction": "guess", "id": "id"}', 'fma_owner_2');
SELECT is((SELECT max(total) FROM fma_list_predictions('shown')), 50::bigint, 'a view as the source');

-- Plans: a page is read from an index on the confidence alone, in both directions
CREATE TABLE large AS SELECT i AS id, 'a' AS truth, CASE WHEN i % 10 = 0 THEN 'b' ELSE 'a' END AS guess,
	CASE WHEN i % 1000 > 0 THEN (hashint8extended(i, 1) & 1048575) / 1048576.0 END::float8 AS p FROM generate_series(1, 50000) AS i;
CREATE INDEX ON large (p);
ANALYZE large;
SELECT dataset('large', 'large', '{"truth": "truth", "prediction": "guess", "confidence": "p", "id": "id"}');
CREATE FUNCTION rows_read(call text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE before bigint; after bigint;
BEGIN
	SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) INTO before FROM pg_stat_xact_user_tables WHERE relname = 'large';
	EXECUTE call;
	SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) INTO after FROM pg_stat_xact_user_tables WHERE relname = 'large';
	RETURN after - before;
END $$;
SELECT ok(rows_read(format('SELECT * FROM fma_list_predictions(''large'', sort => %L, only_errors => true, count_limit => 1)', sort)) BETWEEN 10 AND 1000, sort || ' reads few rows')
FROM (VALUES ('confidence_desc'), ('confidence_asc')) AS v (sort);
SELECT ok(rows_read($$SELECT * FROM fma_list_predictions('large', min_conf => 0.5, max_conf => 0.5005, page_size => 100)$$) BETWEEN 1 AND 200, 'bounds are looked up');

-- Exports: CSV and JSON lines with labels that would break either
CREATE TABLE hostile AS SELECT i AS id, label AS truth, 'x' AS guess, 0.5 AS p FROM (VALUES (1, 'quote " quote'), (2, 'back\slash \n'), (3, E'new\nline\r\n'), (4, 'comma, semicolon; tab' || E'\t'),
	(5, '\.'), (6, E'\x01\x02\x7f'), (7, 'ünïcode ☃ 𝄞'), (8, ''), (9, '</script>'), (10, '{"a": 1}'), (11, NULL), (12, 'null'), (13, '''single''')) AS v (i, label);
SELECT dataset('hostile', 'hostile', '{"truth": "truth", "prediction": "guess", "confidence": "p", "id": "id"}');
\set directory `mktemp -d`
\set csv :directory /rows.csv
\set jsonl :directory /rows.jsonl
SELECT fma_export_query('hostile') AS query \gset
COPY (:query) TO STDOUT (FORMAT csv, HEADER) \g :csv
COPY (SELECT row_to_json(e) FROM (:query) AS e) TO STDOUT (FORMAT csv, DELIMITER E'\x01', QUOTE E'\x02') \g :jsonl
CREATE TABLE back (id text, true_label text, pred_label text, confidence float8, error_type text, image_url text);
\setenv FMA_ROWS :csv
\copy back FROM PROGRAM 'cat "$FMA_ROWS"' (FORMAT csv, HEADER)
SELECT set_eq('SELECT id, true_label, confidence, error_type, image_url FROM back',
	$$ SELECT id::text, truth, 0.5::float8, CASE WHEN truth <> guess THEN 'error' END, NULL FROM hostile $$, 'CSV, read back');
\set lines `cat "${FMA_ROWS%.csv}.jsonl"`
SELECT set_eq(format($$ SELECT j ->> 'id' AS id, j ->> 'true_label' AS label, (SELECT count(*) FROM jsonb_object_keys(j)) AS n FROM (SELECT line::jsonb AS j FROM string_to_table(%L, E'\n') AS line) AS s $$, :'lines'),
	'SELECT id::text, truth, 6::bigint FROM hostile', 'JSON lines: every line is an object');
\! rm -r "${FMA_ROWS%/rows.csv}"
-- Labels that are no SQL either
SELECT is(count(*), 12::bigint, 'each label is found by its own filter') FROM hostile, LATERAL fma_list_predictions('hostile', true_label => truth) AS l WHERE l.id = hostile.id::text AND total = 1;
-- What is exported is what is listed
SELECT fma_export_query('fashion', only_high_confidence_errors => true, conditions => '[{"column": "batch", "op": "=", "value": 3}]', model_version => 'v1') AS query \gset
SELECT results_eq(:'query', $$ SELECT id::text, true_label, pred_label, confidence, 'confident_error', NULL::text FROM fashion
	WHERE true_label <> pred_label AND confidence >= 0.8 AND batch = 3 AND model_version = 'v1' ORDER BY confidence DESC, id DESC $$, 'the export''s rows, in order');

-- Columns called like what our statements call theirs
CREATE TABLE namesake AS SELECT i AS t, 'x'::text AS f, i % 2 = 0 AS failed FROM generate_series(1, 4) AS i;
SELECT dataset('namesake', 'namesake', '{"task": "condition", "failed": "t.failed", "id": "t", "features": ["f"]}');
SELECT is((SELECT (id, failed, attributes)::text FROM fma_get_prediction('namesake', '2')), '(2,t,"{""f"": ""x""}")', 'a feature may be called f, and an id t');

-- Whoever owns the extension's tables could write any dataset into them
CREATE ROLE fma_home;
DROP EXTENSION fma CASCADE;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO fma_home', current_database()); END $$;
GRANT CREATE ON SCHEMA public TO fma_home;
SET ROLE fma_home;
CREATE EXTENSION fma;
INSERT INTO fma_dataset (name, owner, relation, settings) VALUES ('forged', 'postgres', 'large', '{"task": "condition", "failed": "public.whoami()"}');
INSERT INTO fma_dataset_share SELECT dataset_id, 'fma_home' FROM fma_dataset;
SELECT throws_ok($$ SELECT fma_list_predictions('forged') $$, '42501', 'permission denied to read the source of dataset "forged" as its owner', 'and becomes no superuser by it');
RESET ROLE;
SELECT * FROM finish();
ROLLBACK;

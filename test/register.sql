-- Registering: conditions mean the same to everybody; no text argument becomes SQL
BEGIN;
SELECT plan(36);
SET client_min_messages = warning;
SET search_path = public, pg_catalog;

CREATE TABLE prediction AS
SELECT i AS id, (ARRAY['a', 'b', 'c'])[1 + i % 3] AS truth, (ARRAY['a', 'b'])[1 + i % 2] AS guess, i / 100.0 AS y, i / 90.0 AS y_hat,
	timestamptz '2024-01-01 00:00+00' + i * interval '1 hour' AS at, interval '1 hour' * i AS age, decode(lpad(to_hex(i), 4, '0'), 'hex') AS raw
FROM generate_series(1, 100) AS i;

CREATE FUNCTION stored(dataset text, setting text) RETURNS text LANGUAGE SQL STABLE
	AS $$ SELECT settings ->> setting FROM public.fma_dataset WHERE name = dataset $$;

-- The rows that a stored condition selects, as a run would see it, but under the settings of the moment
CREATE FUNCTION selected(dataset text) RETURNS bigint LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE n bigint;
BEGIN
	EXECUTE format('SELECT count(*) FROM public.prediction AS t WHERE %s', public.stored(dataset, 'failed')) INTO n;
	RETURN n;
END $$;

SET DateStyle = 'SQL, DMY';
SET TimeZone = 'Asia/Kolkata';
SET IntervalStyle = 'sql_standard';
SET bytea_output = 'escape';
SET extra_float_digits = 0;
SET escape_string_warning = off;
SET standard_conforming_strings = off;
SELECT fma_register('literals', 'prediction', features => '{}',
	failed => $$truth || E'\\' <> 'a' || chr(92) AND at >= '02/01/2024 05:30' AND age < '3 0:0:0' AND raw <> E'\\x0020' AND y_hat <> 0.1::float8 + 0.2::float8$$);
RESET standard_conforming_strings;
SELECT selected('literals') AS n \gset
SELECT is(:n::bigint, (SELECT count(*) FROM prediction WHERE id BETWEEN 24 AND 71 AND id <> 32 AND truth <> 'a'), 'a condition means what its author''s settings say');
SET DateStyle = 'Postgres, MDY';
SET TimeZone = 'America/New_York';
SET IntervalStyle = 'postgres_verbose';
SELECT is(selected('literals'), :n::bigint, 'whatever the settings are later');
RESET DateStyle;
RESET TimeZone;
RESET IntervalStyle;
RESET bytea_output;
RESET extra_float_digits;
SELECT is(stored('literals', 'timezone'), 'Asia/Kolkata', 'the time zone is the session''s');

CREATE SCHEMA first;
CREATE SCHEMA second;
CREATE FUNCTION first.far(numeric, numeric) RETURNS boolean LANGUAGE SQL IMMUTABLE AS 'SELECT abs($1 - $2) > 0.05';
CREATE FUNCTION second.far(numeric, numeric) RETURNS boolean LANGUAGE SQL IMMUTABLE AS 'SELECT false';
CREATE FUNCTION second.abs(numeric) RETURNS numeric LANGUAGE SQL IMMUTABLE AS 'SELECT 0.0';
SET search_path = first, public;
SELECT fma_register('names', 'prediction', features => '{}', failed => 'far(y, y_hat) AND abs(y - y_hat) > 0');
SELECT selected('names') AS n \gset
SET search_path = second, pg_catalog;
SELECT public.selected('names') AS again \gset
SET search_path = public;
SELECT is(:again::bigint, :n::bigint, 'names mean what they meant to their author');
SELECT cmp_ok(:n::bigint, '>', 0::bigint, 'which is something');
DROP FUNCTION first.far(numeric, numeric);
SELECT throws_ok($$ SELECT fma_alter_dataset('names', '{}') $$, '22023', 'dataset "names" cannot be changed like this', 'or it is an error');

-- A stored condition can be given back as it is
SELECT fma_register('again', 'prediction', features => '{}', failed => 'truth <> guess AND at > ''2024-01-02'' AND id IN (1, 2, 3) OR y BETWEEN 0.1 AND 0.2 AND NOT truth LIKE ''a%''');
SELECT stored('again', 'failed') AS stored \gset
SELECT lives_ok(format($$ SELECT fma_alter_dataset('again', jsonb_build_object('failed', %L)) $$, :'stored'), 'a stored condition can be given back');
SELECT is(selected('again'), (SELECT count(*) FROM prediction WHERE truth <> guess AND at > '2024-01-02' AND id IN (1, 2, 3) OR y BETWEEN 0.1 AND 0.2 AND NOT truth LIKE 'a%'), 'and means the same');
SELECT lives_ok($$ SELECT fma_alter_dataset('again', '{"name": "again"}') $$, 'and so can a name');
-- A table that is called t, or has a column t
CREATE TABLE t AS SELECT 1 AS t, true AS failed;
SELECT lives_ok($$ SELECT fma_register('t', 't', failed => 't.failed AND t.t = 1') $$, 'a table may be called t');
SELECT is(stored('t', 'failed'), '(t.failed AND (t.t = 1))', 'and have a column t');

-- The task, from the types
CREATE TABLE kinds (i2 int2, i8 int8, f4 float4, n numeric, s text, b boolean, d date);
SELECT fma_register('kind ' || a || b, 'kinds', truth => a, prediction => b)
FROM (VALUES ('i2', 'i8'), ('i2', 'f4'), ('n', 'f4'), ('s', 'b'), ('s', 'n'), ('d', 's')) AS v (a, b);
SELECT fma_register('kind s', 'kinds', truth => 's', failed => 'b'), fma_register('kind', 'kinds', failed => 'b');
SELECT is((SELECT string_agg(split_part(name, ' ', 2) || ' ' || (settings ->> 'task'), ', ' ORDER BY name) FROM fma_dataset WHERE name LIKE 'kind%'),
	' condition, ds classification, i2f4 regression, i2i8 classification, nf4 regression, s condition, sb classification, sn classification', 'the task follows from the types');

-- Features that nobody chose follow the table and the other settings; chosen ones stay
ALTER TABLE kinds ADD COLUMN later text;
SELECT fma_register('chosen', 'kinds', failed => 'b', features => ARRAY['s', 'n']);
SELECT fma_alter_dataset('kind nf4', '{"place": "later"}'), fma_alter_dataset('chosen', '{"place": "later"}');
SELECT is(stored('kind nf4', 'features'), '["i2", "i8", "s", "b", "d", "later"]', 'derived features are derived anew');
SELECT is(stored('chosen', 'features'), '["s", "n"]', 'chosen ones stay');
SELECT fma_alter_dataset('chosen', '{"features": []}');
SELECT is(stored('chosen', 'features'), '[]', 'none is a choice too');

-- Names that hurt are names
CREATE TABLE "Pre""dict'ions; --" ("tr""uth" text, "gu'ess" text, "$$" float8, "a, b" text, "%s" text, "t" text, "select" timestamptz, "ümläut" int);
SELECT lives_ok($q$ SELECT fma_register($n$'); DROP TABLE prediction; --$n$, $r$"Pre""dict'ions; --"$r$, truth => 'tr"uth', prediction => 'gu''ess', confidence => '$$',
	batch => 'a, b', place => '%s', occurred_at => 'select', unit => 'ümläut', failed => $c$"tr""uth" <> "gu'ess" OR "$$" IS NULL$c$, labels => '{"a''b\"; --": "$$\\"}') $q$, 'hostile names are names');
SELECT is(stored($n$'); DROP TABLE prediction; --$n$, 'failed'), $c$((t."tr""uth" <> t."gu'ess") OR (t."$$" IS NULL))$c$, 'and are quoted');
SELECT lives_ok($$ SELECT fma_alter_dataset($n$'); DROP TABLE prediction; --$n$, '{"name": "x\"y''z", "failed": null}') $$, 'altering finds them');
SELECT lives_ok($$ SELECT fma_share('x"y''z', 'public') $$, 'sharing too');
SELECT lives_ok($$ SELECT fma_unregister('x"y''z') $$, 'and deleting');

-- Every text argument, with everything that ends a string, a name or a statement
CREATE TABLE victim AS SELECT 1 AS a;
CREATE TEMP TABLE attack AS
SELECT argument, payload FROM
	unnest(ARRAY['relation', 'truth', 'prediction', 'confidence', 'id', 'occurred_at', 'batch', 'unit', 'place', 'longitude', 'latitude', 'model_version', 'image', 'embedding',
		'probabilities', 'failed', 'filter', 'task', 'period', 'timezone']) AS argument,
	unnest(ARRAY[$p$'; DROP TABLE victim; --$p$, $p$"; DROP TABLE victim; --$p$, $p$$$; DROP TABLE victim; $$$p$, $p$id; DROP TABLE victim$p$, $p$true); DROP TABLE victim; --$p$,
		$p$id FROM victim$p$, $p$(SELECT 1)) OR (true$p$, $p$/*$p$, $p$*/ true$p$, $p$\', E'\\'; DROP TABLE victim; --$p$, $p$%s%n$p$, 'true -- ' || chr(10) || ', false', $p$U&"\0061$p$,
		$p$id) FROM prediction WHERE (true$p$, $p$E'\'$p$, $p$;;$p$, '']) AS payload;
CREATE FUNCTION answer(call text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE call;
	RETURN 'done';
EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE;
END $$;
CREATE TEMP TABLE call AS
SELECT argument, payload, format('SELECT fma_register(%L, %s %I => %L)', 'attacked', CASE WHEN argument = 'relation' THEN '' ELSE '''prediction'', ' END ||
		CASE WHEN argument = 'failed' THEN '' ELSE 'failed => ''true'',' END, argument, payload) AS registering,
	format('SELECT fma_alter_dataset(%L, jsonb_build_object(%L, %L))', 'again', argument, payload) AS altering
FROM attack;
SELECT is_empty($$ SELECT argument, payload, answer(registering) FROM call WHERE answer(registering) <> '22023' $$, 'no text argument becomes SQL');
SELECT is_empty($$ SELECT argument, payload, answer(altering) FROM call WHERE answer(altering) <> '22023' $$, 'nor a change');
SELECT is((SELECT count(*) FROM victim), 1::bigint, 'nothing was dropped');
SELECT is((SELECT count(*) FROM fma_dataset WHERE name = 'attacked'), 0::bigint, 'nothing was registered');
-- An error leaves nothing behind, and the settings of the session are as they were
SELECT is(current_setting('search_path') || current_setting('transaction_read_only') || current_user, 'publicoff' || session_user, 'the session is as it was');
SELECT throws_ok($$ SELECT fma_register('r', 'prediction', failed => '1 / 0 > id') $$, '22023', 'dataset "r" cannot be registered', 'even after an error while planning');
SELECT is(current_setting('search_path') || current_setting('transaction_read_only') || current_user, 'publicoff' || session_user, 'the session is as it was then, too');
CREATE TABLE guessed AS SELECT 'cat' AS truth, 'dog' AS prediction, ARRAY[0.4, 0.6]::float8[] AS probabilities;
SELECT throws_like($$ SELECT fma_register('guessed', 'guessed', 'truth', 'prediction', probabilities => 'probabilities', probability_labels => '{cat,dog}', labels => '{"cat": "animal", "dog": "animal"}') $$,
	'dataset "guessed" cannot be registered', 'labels that a mapping merges cannot share their probabilities');
SELECT throws_like($$ SELECT fma_register('guessed', 'guessed', 'truth', 'prediction', timezone => 'CET') $$,
	'dataset "guessed" cannot be registered', 'a zone that AT TIME ZONE takes for an abbreviation would divide days at other times than the rows have');
SELECT lives_ok(format($$ SELECT fma_register(%L, 'guessed', 'truth', 'prediction', timezone => %L) $$, zone, zone), zone || ' means one time')
FROM unnest(ARRAY['UTC', 'Europe/Paris', 'America/St_Johns', '<+03>-3', 'EST5EDT', 'Asia/Kathmandu']) AS zone;
SET transaction_read_only = on;
SELECT throws_ok($$ SELECT fma_register('r', 'prediction', failed => 'true') $$, '25006', NULL, 'a read-only transaction registers nothing');
SELECT * FROM finish();
ROLLBACK;

-- Rights: who registers, sees, changes and reads what, and as whom a registrant's expression is executed
BEGIN;
SELECT plan(106);
SET client_min_messages = warning;

CREATE ROLE alice;
CREATE ROLE bob;
CREATE ROLE carol;
CREATE ROLE team;
CREATE ROLE in_team;
GRANT team TO in_team;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO alice, bob', current_database()); END $$;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO PUBLIC;

-- pgTAP keeps its counters in temporary tables and a sequence of ours
GRANT ALL ON ALL TABLES IN SCHEMA pg_temp TO PUBLIC;
GRANT ALL ON ALL SEQUENCES IN SCHEMA pg_temp TO PUBLIC;

CREATE FUNCTION datasets() RETURNS text LANGUAGE SQL STABLE AS $$ SELECT coalesce(string_agg(name, ' ' ORDER BY name), '') FROM fma_dataset $$;
CREATE FUNCTION runs() RETURNS text LANGUAGE SQL STABLE
	AS $$ SELECT coalesce(string_agg(name, ' ' ORDER BY name), '') FROM fma_result_summary JOIN fma_result_run USING (run_id) JOIN fma_dataset USING (dataset_id) $$;

-- Two owners
SET ROLE alice;
CREATE SCHEMA alice;
CREATE TABLE alice.prediction AS SELECT i AS id, 'a' AS truth, CASE WHEN i % 3 = 0 THEN 'b' ELSE 'a' END AS guess, i % 2 AS half FROM generate_series(1, 12) AS i;
SELECT lives_ok($$ SELECT fma_register('hers', 'alice.prediction', truth => 'truth', prediction => 'guess') $$, 'an owner registers a table');
SELECT is((SELECT owner::text FROM fma_dataset WHERE name = 'hers'), 'alice', 'and owns the dataset');
SET ROLE bob;
CREATE SCHEMA bob;
CREATE TABLE bob.prediction AS SELECT * FROM generate_series(1, 5) AS id, LATERAL (SELECT 'a' AS truth, 'b' AS guess) AS x;
SELECT fma_register('his', 'bob.prediction', truth => 'truth', prediction => 'guess');
SELECT is(datasets(), 'his', 'nobody sees another one''s dataset');
SELECT throws_ok($$ SELECT fma_alter_dataset('hers', '{"high_confidence": 0.5}') $$, '42704', 'dataset "hers" does not exist, or is not yours to read', 'nor alters it');
SELECT throws_ok($$ SELECT fma_unregister('hers') $$, '42704', NULL, 'nor deletes it');
SELECT throws_ok($$ SELECT fma_share('hers', 'bob') $$, '42704', NULL, 'nor shares it with himself');
SELECT throws_ok($$ SELECT fma_register('hers', 'bob.prediction', failed => 'true') $$, '22023', 'dataset "hers" cannot be registered', 'nor takes its name');
-- A relation that one may not read
SELECT throws_ok($$ SELECT fma_register('stolen', 'alice.prediction', failed => 'true') $$, '22023', 'dataset "stolen" cannot be registered', 'what one may not read, one does not register');
RESET ROLE;
GRANT USAGE ON SCHEMA alice TO bob;
SET ROLE bob;
SELECT throws_ok($$ SELECT fma_register('stolen', 'alice.prediction', failed => 'true') $$, '22023', NULL, 'not even with the schema''s rights');
SELECT throws_ok($$ SELECT fma_register('stolen', 'bob.prediction', failed => 'id IN (SELECT id FROM alice.prediction)') $$, '22023', NULL, 'nor through a condition');
SELECT throws_ok($$ SELECT fma_alter_dataset('his', '{"relation": "alice.prediction"}') $$, '22023', NULL, 'nor by altering');
-- Columns
RESET ROLE;
GRANT SELECT (id, truth, guess) ON alice.prediction TO bob;
SET ROLE bob;
SELECT lives_ok($$ SELECT fma_register('columns', 'alice.prediction', truth => 'truth', prediction => 'guess') $$, 'rights on the columns are enough');
SELECT is((SELECT settings -> 'features' FROM fma_dataset WHERE name = 'columns'), '["id"]', 'the others are no features');
SELECT throws_ok($$ SELECT fma_alter_dataset('columns', '{"unit": "half"}') $$, '22023', NULL, 'they have no role');
SELECT throws_ok($$ SELECT fma_alter_dataset('columns', '{"filter": "half = 1"}') $$, '22023', NULL, 'and are in no condition');
SELECT throws_ok($$ SELECT fma_alter_dataset('columns', '{"filter": "prediction IS NOT NULL"}') $$, '22023', NULL, 'not even within whole rows');
SELECT fma_unregister('columns');

-- A role without any rights
SET ROLE carol;
SELECT is(datasets(), '', 'a stranger sees nothing');
SELECT throws_ok($$ SELECT fma_register('nothing', 'alice.prediction', failed => 'true') $$, '22023', NULL, 'registers nothing');
SELECT throws_ok($$ INSERT INTO fma_dataset (name, owner, relation, settings) VALUES ('x', 'carol', 'pg_class', '{}') $$, '42501', NULL, 'writes nothing');
SELECT throws_ok($$ UPDATE fma_dataset SET owner = 'carol' $$, '42501', NULL, 'changes nothing');
SELECT throws_ok($$ INSERT INTO fma_dataset_share VALUES (1, 'carol') $$, '42501', NULL, 'shares nothing');
SET ROLE alice;
SELECT throws_ok($$ UPDATE fma_dataset SET owner = 'bob' $$, '42501', NULL, 'nor does an owner, but through the functions');
SELECT throws_ok($$ DELETE FROM fma_result_run $$, '42501', NULL, 'who deletes no run');

-- Results follow the dataset
RESET ROLE;
INSERT INTO fma_result_run (dataset_id, status, started_at, settings, fma_version) SELECT dataset_id, 'complete', now(), settings, '1.0' FROM fma_dataset ORDER BY dataset_id;
INSERT INTO fma_result_summary (run_id, segment_by, n, unlabelled) SELECT run_id, 'overall', 1, 0 FROM fma_result_run;
INSERT INTO fma_result_stage (run_id, position, stage, started_at, seconds, n) SELECT run_id, 1, 'overview', now(), 0, 0 FROM fma_result_run;
SELECT is(runs(), 'hers his', 'a superuser reads all');
SET ROLE alice;
SELECT is(runs(), 'hers', 'an owner reads his results');
SELECT is((SELECT count(*) FROM fma_result_stage), 1::bigint, 'in every table');
SET ROLE carol;
SELECT is(runs(), '', 'a stranger none');
-- whoever may SELECT a plain table may read what was found in it
RESET ROLE;
GRANT SELECT ON alice.prediction TO carol;
SET ROLE carol;
SELECT is(runs(), '', 'a table in a schema that one may not use cannot be read');
RESET ROLE;
GRANT USAGE ON SCHEMA alice TO carol;
SET ROLE carol;
SELECT is(runs(), 'hers', 'whoever may SELECT a plain table reads what was found in it');
SELECT throws_ok($$ SELECT fma_alter_dataset('hers', '{}') $$, '42501', 'permission denied for dataset "hers"', 'but changes nothing');
SELECT throws_ok($$ SELECT fma_unregister('hers') $$, '42501', NULL, 'deletes nothing');
SELECT throws_ok($$ SELECT fma_share('hers', 'carol') $$, '42501', NULL, 'shares nothing');
-- but not with row security
SET ROLE alice;
ALTER TABLE alice.prediction ENABLE ROW LEVEL SECURITY;
CREATE POLICY halves ON alice.prediction USING (half = 1);
ALTER TABLE alice.prediction FORCE ROW LEVEL SECURITY;
SELECT lives_ok($$ SELECT fma_alter_dataset('hers', '{"high_confidence": 0.7}') $$, 'a source with row security can be registered');
SET ROLE carol;
SELECT is(runs(), '', 'its rows differ by reader, so its results are not for all of them');
SELECT lives_ok($$ SELECT fma_register('halves', 'alice.prediction', truth => 'truth', prediction => 'guess') $$, 'a reader registers what he sees');
SELECT fma_unregister('halves');
-- A view as the source: selecting from it is not enough either
SET ROLE alice;
ALTER TABLE alice.prediction NO FORCE ROW LEVEL SECURITY;
ALTER TABLE alice.prediction DISABLE ROW LEVEL SECURITY;
CREATE VIEW alice.seen AS SELECT * FROM alice.prediction WHERE current_user IN ('alice', 'carol');
GRANT SELECT ON alice.seen TO carol;
SELECT lives_ok($$ SELECT fma_alter_dataset('hers', '{"relation": "alice.seen"}') $$, 'a view can be the source');
SET ROLE carol;
SELECT is(runs(), '', 'what a view shows may depend on the reader, too');

-- Sharing
SET ROLE alice;
SELECT lives_ok($$ SELECT fma_share('hers', 'team') $$, 'an owner shares');
SET ROLE in_team;
SELECT is(datasets() || runs(), 'hershers', 'with a role and its members');
SELECT throws_ok($$ SELECT fma_alter_dataset('hers', '{}') $$, '42501', 'permission denied for dataset "hers"', 'for reading');
SET ROLE alice;
SELECT fma_share('hers', 'team', allowed => false), fma_share('hers', 'public');
SET ROLE carol;
SELECT is(runs(), 'hers', 'with everybody');
SET ROLE alice;
SELECT fma_share('hers', 'public', false);
SET ROLE in_team;
SELECT is(runs(), '', 'and no longer');

-- Owners: members of the role are as good; a dataset is given to roles that one could act as
RESET ROLE;
GRANT alice TO in_team;
SET ROLE in_team;
SELECT lives_ok($$ SELECT fma_alter_dataset('hers', '{"high_confidence": 0.6}') $$, 'a member of the owner alters');
SET ROLE alice;
SELECT throws_ok($$ SELECT fma_alter_dataset('hers', '{"owner": "bob"}') $$, '22023', NULL, 'nobody gives a dataset away');
RESET ROLE;
GRANT team TO alice;
SET ROLE alice;
SELECT throws_ok($$ SELECT fma_alter_dataset('hers', '{"owner": "team"}') $$, '22023', NULL, 'nor to a role that may not read the source');
GRANT USAGE ON SCHEMA alice TO team;
GRANT SELECT ON alice.seen TO team;
SELECT lives_ok($$ SELECT fma_alter_dataset('hers', '{"owner": "team"}') $$, 'but to one that may, and of which he is a member');
SELECT lives_ok($$ SELECT fma_alter_dataset('hers', '{"owner": "alice"}') $$, 'and back');

-- A registrant's expression is executed as its registrant, whoever calls.  Where it is
-- registered and altered it is planned, so an immutable function of constants is executed.
SET ROLE alice;
CREATE FUNCTION alice.who(int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	IF current_user <> 'alice' THEN RAISE EXCEPTION 'ran as %', current_user; END IF;
	IF current_setting('alice.told', true) = 'yes' THEN RAISE EXCEPTION 'it ran' USING ERRCODE = 'ZZ001'; END IF;
	RETURN true;
END $$;
CREATE FUNCTION alice.escapes(int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	IF current_setting('alice.told', true) = 'role' THEN SET ROLE NONE; END IF;
	IF current_setting('alice.told', true) = 'writes' THEN CREATE TABLE alice.trace (a int); END IF;
	RETURN true;
END $$;
SELECT fma_alter_dataset('hers', '{"failed": "alice.who(1)", "relation": "alice.prediction"}');
RESET ROLE;
SELECT lives_ok($$ SELECT fma_alter_dataset('hers', '{"high_confidence": 0.5}') $$, 'a superuser executes nothing of it as superuser');
SET alice.told = 'yes';
SELECT throws_ok($$ SELECT fma_alter_dataset('hers', '{"high_confidence": 0.5}') $$, 'ZZ001', 'it ran', 'though it is executed');
RESET alice.told;
SET ROLE alice;
SELECT fma_alter_dataset('hers', '{"failed": "alice.escapes(1)"}');
RESET ROLE;
SET alice.told = 'role';
SELECT throws_ok($$ SELECT fma_alter_dataset('hers', '{}') $$, '22023', NULL, 'it cannot take another role');
SET alice.told = 'writes';
SELECT throws_ok($$ SELECT fma_alter_dataset('hers', '{}') $$, '22023', NULL, 'nor write');
RESET alice.told;
SELECT hasnt_table('alice', 'trace', 'nothing was written');
-- A superuser who registers is the owner himself, and can give the dataset away
SELECT fma_register('mine', 'alice.prediction', truth => 'truth', prediction => 'guess');
SELECT is((SELECT owner FROM fma_dataset WHERE name = 'mine'), current_user::regrole, 'a superuser owns what he registers');
SELECT lives_ok($$ SELECT fma_alter_dataset('mine', '{"owner": "alice"}') $$, 'until he gives it away');
SELECT fma_unregister('mine');
-- An owner who is gone
ALTER TABLE bob.prediction OWNER TO alice;
ALTER SCHEMA bob OWNER TO alice;
DROP OWNED BY bob;
DROP ROLE bob;
SELECT throws_ok($$ SELECT fma_alter_dataset('his', '{}') $$, '42704', 'the owner of dataset "his" no longer exists', 'a dataset whose owner is gone says so');
SELECT lives_ok($$ SELECT fma_alter_dataset('his', '{"owner": "alice"}') $$, 'and can be given to another');

-- Runs, rules and predictions
CREATE FUNCTION outcome(name text) RETURNS text LANGUAGE SQL STABLE
	AS $$ SELECT concat_ws(' ', status, n, sqlstate, message) FROM fma_result_run JOIN fma_dataset AS d USING (dataset_id) WHERE d.name = outcome.name ORDER BY run_id DESC LIMIT 1 $$;
SET ROLE alice;
CREATE FUNCTION alice.who_sees(int) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	IF current_user <> 'alice' THEN RAISE EXCEPTION 'ran as %', current_user; END IF;
	CASE current_setting('alice.told', true)
		WHEN 'yes' THEN RAISE EXCEPTION 'it ran' USING ERRCODE = 'ZZ001';
		WHEN 'role' THEN SET ROLE NONE;
		WHEN 'session' THEN SET SESSION AUTHORIZATION DEFAULT;
		WHEN 'writes' THEN CREATE TABLE alice.trace (a int);
		WHEN 'temporary' THEN CREATE TEMP TABLE trace (a int);
		WHEN 'settings' THEN SET search_path = alice; SET client_min_messages = debug1; SET alice.told = 'nothing';
		ELSE NULL;
	END CASE;
	RETURN $1 % 3 = 0;
END $$;
CREATE FUNCTION alice.who_asks(int) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
	IF current_user <> 'alice' THEN RAISE EXCEPTION 'ran as %', current_user; END IF;
	IF current_setting('alice.told', true) = 'condition' THEN RAISE EXCEPTION 'it ran, too' USING ERRCODE = 'ZZ002'; END IF;
	RETURN $1 % 3 = 0;
END $$;
CREATE VIEW alice.watched AS SELECT *, alice.who_sees(id) AS watched FROM alice.prediction;
SELECT fma_register('watched', 'alice.watched', failed => 'watched AND alice.who_asks(id)', filter => 'alice.who_asks(id) IS NOT NULL', id => 'id', features => ARRAY['half', 'watched']);
SELECT fma_run('watched');
SELECT is(outcome('watched'), 'complete 12', 'an owner runs');
SET ROLE in_team;
SELECT fma_run('watched');
SELECT is(outcome('watched'), 'complete 12', 'a member of the owner runs as the owner');
RESET ROLE;
SELECT fma_run('watched');
SELECT is(outcome('watched'), 'complete 12', 'a superuser runs a stranger''s view and condition as that stranger');
SET client_min_messages = error;
SET alice.told = 'yes';
SELECT fma_run('watched');
SELECT is(outcome('watched'), 'failed ZZ001 it ran', 'the view is executed');
SET alice.told = 'condition';
SELECT fma_run('watched');
SELECT is(outcome('watched'), 'failed ZZ002 it ran, too', 'and the condition');
SET alice.told = 'role';
SELECT fma_run('watched');
SELECT is(outcome('watched'), 'failed 42501 cannot set parameter "role" within security-restricted operation', 'they take no other role');
SET alice.told = 'session';
SELECT fma_run('watched');
SELECT is(outcome('watched'), 'failed 42501 cannot set parameter "session_authorization" within security-restricted operation', 'nor the session''s');
SET alice.told = 'writes';
SELECT fma_run('watched');
SELECT is(outcome('watched'), 'failed 25006 cannot execute CREATE TABLE in a read-only transaction', 'nor write');
SET alice.told = 'temporary';
SELECT fma_run('watched');
SELECT is(outcome('watched'), 'failed 25006 cannot execute CREATE TABLE in a read-only transaction', 'not even a temporary table');
SET alice.told = 'settings';
SELECT fma_run('watched');
SELECT is(outcome('watched'), 'complete 12', 'settings they may change');
SELECT is(concat_ws(' ', current_setting('search_path'), current_setting('client_min_messages'), current_setting('alice.told')), '"$user", public error settings',
	'which are as before when they are done');
RESET alice.told;
SELECT hasnt_table('alice', 'trace', 'nothing was written');
SELECT is((SELECT count(*) FROM fma_list_predictions('watched', only_errors => true)), 4::bigint, 'predictions are read as their owner, too');
SET alice.told = 'yes';
SELECT throws_ok($$ SELECT * FROM fma_list_predictions('watched') $$, 'ZZ001', 'it ran', 'really');
SELECT throws_ok($$ SELECT * FROM fma_get_prediction('watched', '3') $$, 'ZZ001', 'it ran', 'one by one as well');
RESET alice.told;
SET ROLE carol;
SELECT throws_ok($$ SELECT fma_run('watched') $$, '42704', NULL, 'a stranger does not run it');
SELECT throws_ok($$ SELECT fma_prune('watched', '0') $$, '42704', NULL, 'nor prune it');
SELECT throws_ok($$ SELECT fma_add_rule('watched', 'FailureRate', 0.1) $$, '42704', NULL, 'nor set a rule');
SELECT throws_ok($$ SELECT * FROM fma_check_run('watched') $$, '42704', NULL, 'nor ask after its rules');
SELECT throws_ok($$ SELECT * FROM fma_list_predictions('watched') $$, '42704', NULL, 'nor list its predictions');
SELECT throws_ok($$ SELECT * FROM fma_get_prediction('watched', '3') $$, '42704', NULL, 'nor read one');
SELECT throws_ok($$ SELECT fma_get_overview('watched') $$, '42704', NULL, 'nor see its figures');
SET ROLE alice;
SELECT fma_share('watched', 'carol');
SELECT fma_add_rule('watched', 'FailureRate', 0.1) AS rule \gset
SET ROLE carol;
SELECT throws_ok($$ SELECT fma_run('watched') $$, '42501', NULL, 'who may read does not run it');
SELECT throws_ok($$ SELECT fma_prune('watched', '0') $$, '42501', NULL, 'nor prune it');
SELECT throws_ok($$ SELECT fma_add_rule('watched', 'FailureRate', 0.1) $$, '42501', NULL, 'nor set a rule');
SELECT throws_ok(format('SELECT fma_remove_rule(%s)', :rule), '42501', NULL, 'nor remove one');
SELECT is((SELECT count(*) FROM fma_list_predictions('watched', only_errors => true)), 4::bigint, 'but lists the predictions');
SELECT is((SELECT count(*) FROM fma_rule), 1::bigint, 'and reads the rules');
SELECT throws_ok($$ SELECT * FROM alice.watched $$, '42501', NULL, 'without any right on the source');
-- Row security: a run sees what its owner sees, also if a superuser calls
SET ROLE alice;
ALTER TABLE alice.prediction ENABLE ROW LEVEL SECURITY;
ALTER TABLE alice.prediction FORCE ROW LEVEL SECURITY;
RESET ROLE;
SELECT fma_run('watched');
SELECT is(outcome('watched'), 'complete 6', 'row security is the owner''s, whoever runs');
SET row_security = off;
SELECT fma_run('watched');
SELECT is(outcome('watched'), 'complete 6', 'and whatever the session says');
RESET row_security;
SET ROLE alice;
ALTER TABLE alice.prediction NO FORCE ROW LEVEL SECURITY;
ALTER TABLE alice.prediction DISABLE ROW LEVEL SECURITY;
-- Rights that were taken away
RESET ROLE;
GRANT SELECT ON alice.prediction TO in_team;
GRANT USAGE ON SCHEMA alice TO in_team;
REVOKE alice FROM in_team;
SET ROLE in_team;
SELECT fma_register('lent', 'alice.prediction', truth => 'truth', prediction => 'guess');
SELECT fma_run('lent');
SELECT is(outcome('lent'), 'complete 12', 'a right to read is enough to run');
RESET ROLE;
REVOKE SELECT ON alice.prediction FROM in_team;
SET ROLE in_team;
SELECT fma_run('lent');
SELECT matches(outcome('lent'), 'failed 55000 dataset "lent" no longer fits its source', 'until it is taken away');
SELECT is((SELECT count(*) FROM fma_result_run JOIN fma_dataset USING (dataset_id) WHERE name = 'lent' AND status = 'complete'), 1::bigint, 'earlier results stay');
RESET ROLE;

-- The extension of a role that is no superuser lends nobody's rights
DROP EXTENSION fma CASCADE;
CREATE ROLE dan;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO dan', current_database()); END $$;
SET ROLE dan;
CREATE SCHEMA dan;
CREATE EXTENSION fma SCHEMA dan;
GRANT USAGE ON SCHEMA dan TO PUBLIC;
SET ROLE alice;
SELECT lives_ok($$ SELECT dan.fma_register('hers', 'alice.prediction', failed => 'alice.who(1)') $$, 'others register in it');
RESET ROLE;
SELECT throws_ok($$ SELECT dan.fma_register('super', 'alice.prediction', failed => 'true') $$, '42501',
	'permission denied to read the source of dataset "super" as its owner', 'but no superuser');
SELECT throws_ok($$ SELECT dan.fma_alter_dataset('hers', '{}') $$, '42501', NULL, 'nor does he use the rights that the extension''s owner lacks');
SET ROLE alice;
SELECT dan.fma_run('hers'), dan.fma_share('hers', 'carol');
SELECT is((SELECT string_agg(status, ' ') FROM dan.fma_result_run), 'complete', 'their owners run them');
SELECT is((SELECT count(*) FROM dan.fma_list_predictions('hers')), 10::bigint, 'and list their predictions');
SET ROLE carol;
SELECT is((SELECT count(*) FROM dan.fma_result_run), 1::bigint, 'others read what was shared');
SELECT throws_ok($$ SELECT * FROM dan.fma_list_predictions('hers') $$, '42501', NULL, 'but not with rights that neither they nor the extension''s owner have');
SELECT ok(dan.fma_report_json('hers') -> 'notes' ? format('No rows are listed, since they could not be read: permission denied to read the source of dataset "hers" as its owner. %s',
	'The dataset belongs to role "alice", and the extension to role "dan", who lacks these rights and could have changed it.'), 'a report is without rows then');
RESET ROLE;
GRANT alice TO dan;
SET ROLE carol;
SELECT is((SELECT count(*) FROM dan.fma_list_predictions('hers')), 10::bigint, 'if he has them, they do');
RESET ROLE;
REVOKE alice FROM dan;
SET ROLE dan;
UPDATE dan.fma_dataset SET owner = (SELECT rolname FROM pg_roles WHERE rolsuper ORDER BY oid LIMIT 1)::regrole, settings = settings || '{"failed": "alice.who(1)"}';
RESET ROLE;
SELECT throws_ok($$ SELECT dan.fma_alter_dataset('hers', '{}') $$, '42501', NULL, 'even if that owner writes a superuser''s name');
SELECT dan.fma_run('hers');
SELECT is((SELECT sqlstate FROM dan.fma_result_run ORDER BY run_id DESC LIMIT 1), '42501', 'or he runs it');
SET ROLE dan;
INSERT INTO dan.fma_dataset_share VALUES (1, 'dan');
SELECT throws_ok($$ SELECT * FROM dan.fma_list_predictions('hers') $$, '42501', NULL, 'nor does that owner come by a superuser''s rights');
RESET ROLE;

-- What the extension's owner puts in the place of a table is not executed as whoever calls
SET ROLE dan;
CREATE FUNCTION dan.spy() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
	IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
		RAISE EXCEPTION 'executed as a superuser';
	END IF;
	RETURN 1;
END $$;
CREATE TABLE dan.his AS SELECT i AS id, i % 2 = 0 AS bad FROM generate_series(1, 10) AS i;
SELECT dan.fma_register('his', 'dan.his', failed => 'bad', id => 'id', features => '{id}');
ALTER TABLE dan.fma_result_run RENAME TO run_;
ALTER TABLE dan.fma_result_slice RENAME TO slice_;
ALTER TABLE dan.fma_result_summary RENAME TO summary_;
ALTER TABLE dan.fma_rule RENAME TO rule_;
CREATE VIEW dan.fma_result_run AS SELECT dan.spy() AS run_id, dataset_id, NULL::text AS model_version, NULL::timestamptz AS since, NULL::timestamptz AS until, 'complete' AS status FROM dan.fma_dataset;
CREATE VIEW dan.fma_result_slice AS SELECT dan.spy() AS run_id, 'hotspot' AS kind, 1::bigint AS rank, '[]'::jsonb AS conditions;
CREATE VIEW dan.fma_result_summary AS SELECT dan.spy() AS run_id, 'overall' AS segment_by, 'v1' AS model_version;
CREATE VIEW dan.fma_rule AS SELECT dan.spy()::integer AS rule_id, dataset_id FROM dan.fma_dataset WHERE name = 'his';
RESET ROLE;
SELECT lives_ok($$ SELECT * FROM dan.fma_list_predictions('his', hotspot => 1) $$, 'neither for a hotspot');
SELECT lives_ok($$ SELECT * FROM dan.fma_newest_run('his', 'v1') $$, 'nor for a dashboard');
SELECT lives_ok($$ SELECT * FROM dan.fma_check_run('his') $$, 'nor for a gate');
SELECT lives_ok($$ SELECT dan.fma_remove_rule(1) $$, 'nor for a rule');
SELECT * FROM finish();
ROLLBACK;

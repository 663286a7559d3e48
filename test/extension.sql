-- The extension as a whole: names, comments, rights
BEGIN;
SELECT plan(11);

CREATE TEMP VIEW member AS
SELECT classid, objid, pg_describe_object(classid, objid, 0) AS description FROM pg_depend
WHERE refclassid = 'pg_extension'::regclass AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'fma') AND deptype = 'e'
	-- the row types of relations are members since PostgreSQL 17
	AND NOT (classid = 'pg_type'::regclass AND EXISTS (SELECT FROM pg_type AS t JOIN pg_class AS c ON c.oid = t.typrelid WHERE t.oid = objid AND c.relkind <> 'c'));

SELECT cmp_ok((SELECT count(*) FROM member), '>', 50::bigint, 'there is something to check');

-- Casts, array types and the like have no comment of their own; operator families belong to their class.
SELECT is_empty($$
	SELECT description FROM member
	WHERE coalesce(obj_description(objid, classid::regclass::name), '') = '' AND classid <> 'pg_opfamily'::regclass
		AND NOT EXISTS (SELECT FROM pg_type AS t WHERE t.oid = objid AND classid = 'pg_type'::regclass AND t.typcategory = 'A')
$$, 'every object has a comment');

SELECT is_empty($$
	SELECT description FROM member WHERE length(split_part(obj_description(objid, classid::regclass::name), E'\n', 1)) > 120
$$, 'whose first line is short enough to stand alone');

SELECT is_empty($$
	SELECT proname FROM pg_proc JOIN member ON objid = pg_proc.oid AND classid = 'pg_proc'::regclass WHERE proname NOT LIKE 'fma\_%'
	UNION SELECT typname FROM pg_type JOIN member ON objid = pg_type.oid AND classid = 'pg_type'::regclass WHERE typname NOT LIKE 'fma\_%' AND typname NOT LIKE '\_fma\_%'
	UNION SELECT relname FROM pg_class JOIN member ON objid = pg_class.oid AND classid = 'pg_class'::regclass WHERE relname NOT LIKE 'fma\_%'
$$, 'every name begins with fma_');

CREATE TEMP VIEW name AS
SELECT DISTINCT proname AS name, CASE prokind WHEN 'a' THEN 'aggregate' ELSE 'function' END AS kind
	FROM pg_proc JOIN member ON objid = pg_proc.oid AND classid = 'pg_proc'::regclass
UNION SELECT typname, 'type' FROM pg_type JOIN member ON objid = pg_type.oid AND classid = 'pg_type'::regclass WHERE typcategory <> 'A';

SELECT is_empty($$ SELECT a.name FROM name AS a JOIN name AS b USING (name) WHERE a.kind = 'function' AND b.kind = 'type' $$,
	'no function is called as a type is');
-- One prediction and a page of predictions: a dashboard asks for both by these names.
SELECT is_empty($$ SELECT a.name FROM name AS a JOIN name AS b ON b.name = a.name || 's' WHERE a.name <> 'fma_get_prediction' $$, 'no name is another one''s plural');

SELECT is_empty($$
	SELECT p.oid::regprocedure FROM pg_proc AS p JOIN member ON objid = p.oid AND classid = 'pg_proc'::regclass
	WHERE p.prosecdef OR p.proconfig IS NOT NULL
$$, 'no function runs with other rights or settings than its caller''s');

SELECT is_empty($$
	SELECT a.aggfnoid::regprocedure FROM pg_aggregate AS a JOIN member ON objid = a.aggfnoid AND classid = 'pg_proc'::regclass
	WHERE a.aggtranstype <> 'internal'::regtype AND (a.aggcombinefn = 0 OR a.aggserialfn <> 0)
$$, 'every aggregate whose state is a value can be combined as it is');

-- Trusted: whoever may create objects in a database may install it, where they like
CREATE ROLE fma_owner;
CREATE ROLE fma_reader;
DROP EXTENSION fma CASCADE;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO fma_owner', current_database()); END $$;
CREATE SCHEMA "Fma's home" AUTHORIZATION fma_owner;
GRANT USAGE ON SCHEMA "Fma's home" TO fma_reader;
SET ROLE fma_owner;
SELECT lives_ok($$ CREATE EXTENSION fma SCHEMA "Fma's home" $$, 'an owner who is no superuser creates the extension');
RESET ROLE;
SET ROLE fma_reader;
SELECT is((SELECT "Fma's home".fma_accuracy("Fma's home".fma_confusion(a, b)) FROM (VALUES ('x', 'x'), ('x', 'y')) AS v (a, b)), 0.5::float8,
	'others use it, wherever it is');
SELECT is((SELECT ("Fma's home".fma_regression_metrics("Fma's home".fma_regression(a, b))).mae FROM (VALUES (1, 2), (2, 4)) AS v (a, b)), 1.5::float8,
	'no function needs the search path');
RESET ROLE;
SELECT * FROM finish();
ROLLBACK;

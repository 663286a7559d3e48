-- Every view, all rows and columns, over the runs of both examples: milliseconds, the goal is absolute
\ir harness.sql
\i examples/load.sql
\i test/clients/setup.sql
SELECT bench_goal('views', relname::text, format('SELECT md5(string_agg(v::text, '''')) FROM %s AS v', c.oid::regclass), 20)
FROM pg_class AS c JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
WHERE relkind = 'v' AND relname LIKE 'fma\_%' ORDER BY relname;

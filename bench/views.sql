-- Every view, all rows and columns, over the newest runs of both examples: milliseconds, the goal is absolute
\ir harness.sql
\i examples/load.sql
\i test/clients/setup.sql
SELECT bench_goal('views', relname::text, format('SELECT md5(string_agg(v::text, '''')) FROM %s AS v%s', c.oid::regclass,
	CASE relname WHEN 'fma_segment_metrics' THEN ' WHERE run_id = (SELECT max(run_id) FROM fma_latest_run)' END), 20)
FROM pg_class AS c JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
WHERE relkind = 'v' AND relname LIKE 'fma\_%' ORDER BY relname;

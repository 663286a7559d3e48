-- The whole surface: what CREATE EXTENSION brings, support functions aside
SELECT extname, extversion FROM pg_extension WHERE extname = 'fma';

SELECT pg_describe_object(classid, objid, 0) AS object
FROM pg_depend AS d LEFT JOIN pg_proc AS p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
WHERE refclassid = 'pg_extension'::regclass AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'fma') AND deptype = 'e'
	AND classid IN ('pg_proc'::regclass, 'pg_type'::regclass, 'pg_class'::regclass, 'pg_operator'::regclass)
	AND coalesce(proname !~ '_(in|out|recv|send|add(_[a-z]+)?|remove|subtract|combine|final|eq|ne|hash)$', true)
	AND pg_describe_object(classid, objid, 0) !~ '\[\]$'
	AND NOT (classid = 'pg_type'::regclass AND EXISTS (SELECT FROM pg_type AS t JOIN pg_class AS c ON c.oid = t.typrelid WHERE t.oid = objid AND c.relkind <> 'c')) -- members since 17
ORDER BY pg_describe_object(classid, objid, 0) COLLATE "C";

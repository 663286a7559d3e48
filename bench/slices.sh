#!/usr/bin/env bash
# CPU seconds and peak memory of the finders of slices, the read of the table included: medians of 5.
# Needs a server (PGHOST, PGPORT, PGUSER, PGDATABASE) on this machine with fma installed in the database, and a
# superuser, since it reads the backend's /proc. Tables are made by hashes, so they are always the same.
set -euo pipefail
. "$(dirname "$0")/harness.sh"

"${psql[@]}" >/dev/null <<'SQL'
SET client_min_messages = warning;
DROP TABLE IF EXISTS slices_25k, slices_300k, slices_1m, slices_300k_text;
-- n rows, f features of v values each, all independent; one value of the first fails twice as often
CREATE FUNCTION pg_temp.make(name text, n int, f int, v int, type text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE UNLOGGED TABLE %I AS SELECT (hashint8extended(i, 0) & 1073741823) %% 100 < CASE WHEN f1 = ''3'' THEN 20 ELSE 10 END AS failed,
		(hashint8extended(i, 1000) & 1073741823) / 1073741824.0::float8 AS loss, %s FROM (SELECT i, %s FROM generate_series(1::bigint, %s) AS i) AS s',
		name, (SELECT string_agg('f' || c, ', ') FROM generate_series(1, f) AS c),
		(SELECT string_agg(format('((hashint8extended(i, %s) & 1073741823) %% %s)::int::%s AS f%s', c, v, type, c), ', ') FROM generate_series(1, f) AS c), n);
	EXECUTE format('ANALYZE %I', name);
END $$;
SELECT pg_temp.make('slices_25k', 25000, 12, 10, 'int'), pg_temp.make('slices_300k', 300000, 10, 10, 'int'),
	pg_temp.make('slices_300k_text', 300000, 10, 10, 'text'), pg_temp.make('slices_1m', 1000000, 20, 10, 'int');
VACUUM (FREEZE) slices_25k, slices_300k, slices_300k_text, slices_1m;
SQL

features() { seq -f 'f%.0f' -s ', ' 1 "$1"; }
echo '| what | CPU s | peak MB | goal |'
echo '|---|---:|---:|---|'
row 'read 300k x 10' '' "SELECT sum(f1), sum(f10) FROM slices_300k"
row 'read 1M x 20' '' "SELECT sum(f1), sum(f20) FROM slices_1m"
row 'slices, 25k x 12, order 3' '0.1 s' "SELECT * FROM fma_find_slices('SELECT failed, $(features 12) FROM slices_25k', 3)"
row 'slices, 300k x 10, order 2, min_rows 100' '' "SELECT * FROM fma_find_slices('SELECT failed, $(features 10) FROM slices_300k', 2, 100)"
row 'slices, 300k x 10, order 3, min_rows 100' '0.5 s' "SELECT * FROM fma_find_slices('SELECT failed, $(features 10) FROM slices_300k', 3, 100)"
row 'the same, features are text' '' "SELECT * FROM fma_find_slices('SELECT failed, $(features 10) FROM slices_300k_text', 3, 100)"
row 'the same, a real loss' '' "SELECT * FROM fma_find_slices('SELECT loss, $(features 10) FROM slices_300k', 3, 100)"
row 'hotspots, 300k x 10, order 3, min_rows 100' '' "SELECT * FROM fma_find_hotspots('SELECT failed, $(features 10) FROM slices_300k', min_rows := 100)"
row 'slices, 1M x 20, order 3, min_rows 100' '2.5 s, 150 MB' "SELECT * FROM fma_find_slices('SELECT failed, $(features 20) FROM slices_1m', 3, 100)"
row 'hotspots, 1M x 20, order 3, min_rows 100' '' "SELECT * FROM fma_find_hotspots('SELECT failed, $(features 20) FROM slices_1m', min_rows := 100)"

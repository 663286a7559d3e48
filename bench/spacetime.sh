#!/usr/bin/env bash
# CPU seconds and peak memory of the scans of space and time, the read of the table included: medians of 3.
# Tables are made by hashes, so they are always the same; nothing is wrong in them, which is what takes longest.
set -euo pipefail
RUNS=${RUNS:-3}
. "$(dirname "$0")/harness.sh"

"${psql[@]}" >/dev/null <<'SQL'
SET client_min_messages = warning;
DROP TABLE IF EXISTS scan_229, scan_300, scan_281, scan_10000;
CREATE FUNCTION pg_temp.uniform(i bigint, seed bigint) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT (hashint8extended(i, seed) & 1073741823) / 1073741824.0::float8 $$;
-- n rows at so many places on so many days; a few places have many of the rows, as airports do
CREATE FUNCTION pg_temp.make(name text, n int, places int, days int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE UNLOGGED TABLE %I AS SELECT pg_temp.uniform(i, 1) < 0.15 AS failed, p AS place, -120 + 50 * pg_temp.uniform(p, 3) AS longitude,
		25 + 24 * pg_temp.uniform(p, 4) AS latitude, timestamp ''2001-01-01'' + (pg_temp.uniform(i, 5) * %s)::int * interval ''1 minute'' AS "time"
		FROM (SELECT i, (pg_temp.uniform(i, 2) ^ 1.5 * %s)::int AS p FROM generate_series(1::bigint, %s) AS i) AS s', name, days * 1440 - 1, places - 1, n);
	EXECUTE format('ANALYZE %I', name);
END $$;
SELECT pg_temp.make('scan_229', 3000000, 229, 182), pg_temp.make('scan_300', 3000000, 300, 365), pg_temp.make('scan_281', 300000, 281, 1),
	pg_temp.make('scan_10000', 1000000, 10000, 30);
VACUUM (FREEZE) scan_229, scan_300, scan_281, scan_10000;
SQL

scan() { echo "SELECT * FROM fma_find_space_time('SELECT failed, $2 FROM $1'${3:-})"; }
echo '| what | CPU s | peak MB | goal |'
echo '|---|---:|---:|---|'
row 'read 3M rows' '' "SELECT sum(longitude), sum(latitude), max(time) FROM scan_229"
row '229 places × 182 days, 3M rows, 999 replicates' '20 s' "$(scan scan_229 'longitude, latitude, time')"
row 'the same, no replicates' '' "$(scan scan_229 'longitude, latitude, time' ', replicates := 0')"
row 'the same, each place its stratum, 999 replicates' '' "$(scan scan_229 'longitude, latitude, time, place AS stratum')"
row '300 places × 365 days, 3M rows, 999 replicates' '35 s' "$(scan scan_300 'longitude, latitude, time')"
row '281 places, 300k rows, 999 replicates' '0.3 s' "$(scan scan_281 'longitude, latitude')"
row '365 days, 3M rows, 999 replicates' '' "$(scan scan_300 time)"
RUNS=1 row '10,000 places, 1M rows, 99 replicates' '' "$(scan scan_10000 'longitude, latitude' ', cell_km := 0, replicates := 99')"
row 'the same, gathered into cells by itself, 999 replicates' '' "$(scan scan_10000 'longitude, latitude')"

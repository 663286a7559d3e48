#!/usr/bin/env bash
# CPU seconds (one process, no workers) and peak memory of fma_run: the least of 3. Needs a server (PGHOST, PGPORT, PGUSER, PGDATABASE) on this
# machine with fma installed in the database, and a superuser, since it reads the backend's /proc. Run in the project's directory.
set -euo pipefail
RUNS=${RUNS:-3} ROWS=${ROWS:-10000000}
cd "$(dirname "$0")/.."
psql=(psql -X -q -At -v ON_ERROR_STOP=1)

"${psql[@]}" >/dev/null <<SQL
SET client_min_messages = warning;
\i examples/load.sql
-- 200,000 flights: the 49,917 four times, 61 days apart
CREATE TABLE flights_200k AS SELECT id + 49917 * k AS id, ts + k * interval '61 days' AS ts, (ts + k * interval '61 days')::date AS day, origin, destination, distance, hour, dow,
	origin_recent_delay, dest_recent_delay, origin_recent_departures, route_mean_delay, left(destination, 1) AS letter, distance / 500 AS far, true_label, pred_label, confidence
	FROM flights, generate_series(0, 3) AS k;
CREATE TABLE generated AS SELECT i AS id, 'epoch'::timestamptz + i * interval '10 s' AS at, 'class ' || truth AS truth, 'class ' || CASE WHEN h2 % 10 = 0 THEN 0 ELSE truth END AS prediction,
	0.5 + (hashint8extended(i, 3) & 65535) / 131072.0::float8 AS confidence, 'place ' || (hashint8extended(i, 4) & 255) AS place, 'v' || (hashint8extended(i, 5) & 7) AS f1,
	(hashint8extended(i, 6) & 15)::int AS f2, (hashint8extended(i, 7) & 65535) / 65536.0::float8 AS f3, (hashint8extended(i, 8) & 1023)::int AS f4, 'w' || (hashint8extended(i, 9) & 31) AS f5,
	(hashint8extended(i, 10) & 3) = 0 AS f6, (hashint8extended(i, 11) & 1048575) / 1000.0::float8 AS f7, 'x' || (hashint8extended(i, 12) & 3) AS f8
	FROM (SELECT i, hashint8extended(i, 1) & 7 AS truth, hashint8extended(i, 2) AS h2 FROM generate_series(1::bigint, $ROWS) AS i) AS s;
VACUUM (FREEZE, ANALYZE) flights_200k, generated;
SELECT fma_register('flights', 'flights_200k', truth => 'true_label', prediction => 'pred_label', confidence => 'confidence', id => 'id', occurred_at => 'ts', place => 'origin',
	features => '{ts,origin,destination,distance,hour,dow,origin_recent_delay,dest_recent_delay,origin_recent_departures,route_mean_delay,letter,far}');
SELECT fma_register('flights by day', 'flights_200k', truth => 'true_label', prediction => 'pred_label', confidence => 'confidence', id => 'id', occurred_at => 'ts', place => 'origin', unit => 'day',
	features => '{ts,origin,destination,distance,hour,dow,origin_recent_delay,dest_recent_delay,origin_recent_departures,route_mean_delay,letter,far}');
SELECT fma_register('generated', 'generated', truth => 'truth', prediction => 'prediction', confidence => 'confidence', id => 'id', occurred_at => 'at', place => 'place',
	features => '{f1,f2,f3,f4,f5,f6,f7,f8}');
SQL

# row WHAT GOAL DATASET
row() {
	local i
	for ((i = 0; i < RUNS; i++)); do
		"${psql[@]}" <<-SQL
			SET client_min_messages = warning;
			\set kb 'SELECT substring(f from \'VmHWM:[^0-9]*([0-9]+)\')::int - substring(f from \'RssShmem:[^0-9]*([0-9]+)\')::int FROM pg_read_file(\'/proc/\' || pg_backend_pid() || \'/status\') AS f'
			\set stat 'string_to_array(pg_read_file(\'/proc/\' || pg_backend_pid() || \'/stat\'), \' \')'
			SET max_parallel_workers_per_gather = 0;
			SELECT (:kb) AS idle \gset
			SELECT (s[14]::int + s[15]::int) AS ticks FROM (SELECT :stat) AS p (s) \gset
			SELECT fma_run('$3') AS run \gset
			SELECT round((s[14]::int + s[15]::int - :ticks) / 100.0, 2), ((:kb) - :idle) / 1024, (SELECT string_agg(stage || ' ' || round(seconds::numeric, 1), ', ' ORDER BY position) FROM fma_result_stage AS t WHERE t.run_id = r.run_id AND seconds >= 0.05)
				FROM fma_result_run AS r, (SELECT :stat) AS p (s) WHERE run_id = :run;
		SQL
	done | sort -t'|' -n | awk -F'|' -v what="$1" -v goal="$2" '{ if (NR == 1) { s = $1; stages = $3 } if ($2 > m) m = $2 } END { printf "| %s | %.2f | %d | %s | %s |\n", what, s, m, stages, goal }'
}

echo '| what | CPU s | peak MB | stages, s | goal |'
echo '|---|---:|---:|---|---|'
row '`fma_run`, flights, 200k x 12 features, order 2' '5 s' flights
row 'the same, days as units' '' 'flights by day'
row "\`fma_run\`, generated, $ROWS rows x 8 features" '90 s, 1 GB' generated

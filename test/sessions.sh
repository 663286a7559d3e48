#!/usr/bin/env bash
# Several sessions at once: no deadlock, no lost result; a run that is cancelled, or whose backend is
# terminated or killed, loses nothing that was complete. Run by script/test, which sets PG_CONFIG, PGHOST, PGPORT and PGUSER.
set -euo pipefail

CALLS=${CALLS:-200}
bindir=$("$PG_CONFIG" --bindir)
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
export PGDATABASE=fma_sessions

sql() {
	"$bindir/psql" -XqAt -v ON_ERROR_STOP=1 "$@"
}

fail() {
	echo "$*" >&2
	exit 1
}

# equal WHAT EXPECTED ACTUAL
equal() {
	[ "$2" = "$3" ] || fail "$1: expected \"$2\", got \"$3\""
}

# wait_for WHAT SQL: until it is true
wait_for() {
	for _ in $(seq 300); do
		[ "$(sql -c "$2")" != t ] || return 0
		sleep 0.1
	done
	fail "waited in vain: $1"
}

sql -d postgres -c "CREATE DATABASE fma_sessions"
sql -c 'CREATE EXTENSION fma' -c "CREATE TABLE source AS SELECT i AS id, i % 5 AS f, timestamptz '2024-01-01' + i * interval '1 hour' AS at, 0.0::float8 AS pause, i % 7 = 0 AS bad
	FROM generate_series(1, 500) AS i"
sql -c "SET client_min_messages = warning" -c "SELECT fma_register('kept', 'source', failed => 'bad', occurred_at => 'at', features => '{f}')" >/dev/null

# Sessions that register, run, prune and unregister the same datasets, each in its own order. Their refusals are expected:
# 55P03 another session has it, 42704 it does not exist, 22023 or 42710 there is one of that name already.
for session in 1 2 3; do
	for i in $(seq $((CALLS / 5))); do
		name=$(((i + session) % 2))
		echo "SELECT fma_register('churned $name', 'source', failed => 'bad', occurred_at => 'at', features => '{f}') \\g /dev/null"
		echo "SELECT fma_run('churned $name') \\g /dev/null"
		echo "SELECT fma_prune('churned $name', '0') \\g /dev/null"
		echo "SELECT fma_unregister('churned $name') \\g /dev/null"
		echo "SELECT fma_run('kept');"
	done | shuf --random-source=<(yes "$session") >"$work/$session.sql"
	"$bindir/psql" -XqAt -v VERBOSITY=sqlstate -c 'SET client_min_messages = error' -f "$work/$session.sql" >"$work/$session.out" 2>"$work/$session.err" &
done
wait
if grep -hv -e '55P03$' -e '42704$' -e '22023$' -e '42710$' "$work"/*.err; then fail "unexpected errors"; fi
for state in 55P03 42704; do grep -q "$state" "$work"/*.err || fail "nothing was refused with $state: the sessions did not meet"; done
returned=$(sort -n "$work"/*.out)
[ -n "$returned" ] || fail "no run was made"
equal "runs that were returned" "$returned" "$(sql -c "SELECT run_id FROM fma_result_run JOIN fma_dataset USING (dataset_id) WHERE name = 'kept' ORDER BY 1")"
equal "runs that are not whole" "" "$(sql -c "SELECT run_id FROM fma_result_run AS r WHERE status <> 'complete' OR n <> 500
	OR (SELECT count(*) FROM fma_result_stage AS s WHERE s.run_id = r.run_id) <> 13 OR (SELECT sum(n) FROM fma_result_summary AS s WHERE s.run_id = r.run_id AND segment_by = 'overall') <> 500")"
equal "results without a run" 0 "$(sql -c "SELECT count(*) FROM fma_result_summary WHERE run_id NOT IN (SELECT run_id FROM fma_result_run)")"
equal "locks that stayed" 0 "$(sql -c "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")"

# A run that takes long enough to be met: a row takes a while where "pause" says so
sql -c "CREATE FUNCTION takes(seconds float8) RETURNS boolean STABLE LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(seconds); RETURN true; END'"
sql -c "SET client_min_messages = warning" -c "SELECT fma_register('slow', 'source', failed => 'bad OR NOT takes(pause)', occurred_at => 'at', features => '{f}')" -c "SELECT fma_run('slow')" >/dev/null
results="SELECT * FROM fma_result_run, fma_result_summary WHERE fma_result_run.run_id = fma_result_summary.run_id ORDER BY 1, 2"
before=$(sql -c "$results")
notified=$(sql -c 'SET client_min_messages = error' -c 'LISTEN fma_run' -c "SELECT fma_run('kept')" -c 'SELECT 1')
grep -Eq 'Asynchronous notification "fma_run" with payload "\{"run_id": [0-9]+, "dataset": "kept", "status": "complete", "n": 500, "failures": 71, "hotspots": 0, "failed_rules": 0\}"' <<<"$notified" ||
	fail "nobody was notified: $notified"
before=$(sql -c "$results")

# slow_run HOW: while it runs, HOW (an SQL function of its pid, or "kill") ends it
slow_run() {
	local pid
	sql -c "UPDATE source SET pause = 0.05"
	"$bindir/psql" -XqAt -c "SET application_name = 'slow one'" -c 'SET client_min_messages = error' -c "SELECT fma_run('slow')" \
		-c "SELECT 'then ' || application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()" >"$work/slow.out" 2>&1 &
	wait_for "a slow run" "SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'fma: slow, summaries 1/13'"
	pid=$(sql -c "SELECT pid FROM pg_stat_activity WHERE application_name = 'fma: slow, summaries 1/13'")
	"$bindir/psql" -XqAt -c "SELECT fma_run('slow')" >"$work/second.out" 2>&1 || true
	grep -q "Process $pid holds its lock" "$work/second.out" || fail "the second caller was not told who holds the lock: $(cat "$work/second.out")"
	if [ "$1" = kill ]; then kill -9 "$pid"; else sql -c "SELECT $1($pid)" >/dev/null; fi
	wait $! || true
	# After a kill the server starts anew.
	for _ in $(seq 100); do ! sql -c 'SELECT 1' >/dev/null 2>&1 || break; sleep 0.2; done
	wait_for "the end of the backend's work" "SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name ~ '^fma: '"
	equal "results after $1" "$before" "$(sql -c "$results")"
	sql -c "UPDATE source SET pause = 0" -c 'SET client_min_messages = error' -c "SELECT fma_run('slow')" >/dev/null
	equal "the next run after $1" complete "$(sql -c "SELECT status FROM fma_result_run ORDER BY run_id DESC LIMIT 1")"
	before=$(sql -c "$results")
}

slow_run pg_cancel_backend
grep -q '^then slow one$' "$work/slow.out" || fail "application_name was not restored: $(cat "$work/slow.out")"
grep -q 'canceling statement' "$work/slow.out" || fail "the cancel was not passed on: $(cat "$work/slow.out")"
slow_run pg_terminate_backend
slow_run kill
sql -d postgres -c 'DROP DATABASE fma_sessions WITH (FORCE)'

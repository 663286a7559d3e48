# What the benchmarks of finders use (sourced, not run): CPU seconds and peak memory of a backend.
# Needs a server on this machine and a superuser, since it reads the backend's /proc.
RUNS=${RUNS:-5}
psql=(psql -X -q -At -v ON_ERROR_STOP=1)

# cpu SQL: one line "CPU seconds, MB beyond those of an idle backend, shared buffers not counted"
cpu() {
	"${psql[@]}" <<-SQL
		\set stat 'string_to_array(pg_read_file(\'/proc/\' || pg_backend_pid() || \'/stat\'), \' \')'
		\set kb 'SELECT substring(f from \'VmHWM:[^0-9]*([0-9]+)\')::int - substring(f from \'RssShmem:[^0-9]*([0-9]+)\')::int FROM pg_read_file(\'/proc/\' || pg_backend_pid() || \'/status\') AS f'
		SET max_parallel_workers_per_gather = 0;
		SELECT (s[14]::int + s[15]::int) AS ticks FROM (SELECT :stat) AS p (s) \gset
		SELECT (:kb) AS idle \gset
		$1 \g /dev/null
		SELECT round((s[14]::int + s[15]::int - :ticks) / 100.0, 2), ((:kb) - :idle) / 1024 FROM (SELECT :stat) AS p (s);
	SQL
}

# row WHAT GOAL SQL
row() {
	local i
	for ((i = 0; i < RUNS; i++)); do cpu "$3"; done | sort -t'|' -n |
		awk -F'|' -v what="$1" -v goal="$2" '{ s[NR] = $1; if ($2 > m) m = $2 } END { printf "| %s | %.2f | %d | %s |\n", what, s[int((NR + 1) / 2)], m, goal }'
}

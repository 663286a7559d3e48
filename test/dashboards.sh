#!/usr/bin/env bash
# The example set-ups of examples/dashboards: the schema that is shown over HTTP
# returns what the functions of the extension return and opens nothing else; every
# panel's query returns rows on the demo's data. Prints TAP.
# Run by script/test, which sets PG_CONFIG, PGHOST, PGPORT and PGUSER.
set -euo pipefail

psql=$("$PG_CONFIG" --bindir)/psql
export PGDATABASE=fma_dashboards PGUSER=postgres
count=0 failed=0

sql() { "$psql" -XqAt -v ON_ERROR_STOP=1 "$@"; }

# ok WHAT CONDITION...: one test, which passes when the command succeeds
ok() {
	local what=$1
	shift
	count=$((count + 1))
	if "$@"; then echo "ok $count - $what"; else
		failed=$((failed + 1))
		echo "not ok $count - $what"
	fi
}

# is WHAT EXPECTED ACTUAL
is() {
	ok "$1" test "$2" = "$3"
	[ "$2" = "$3" ] || printf '#   expected: %.2000s\n#   got:      %.2000s\n' "$2" "$3"
}

# As PostgREST does it: logged in as authenticator, a role and a search_path for the transaction
anon() { PGUSER=authenticator sql -c 'SET ROLE web_anon' -c 'SET search_path = api' "$@" 2>&1; }

# refused WHAT SQLSTATE SQL: web_anon may not
refused() {
	is "web_anon may not $1" "$2" "$(PGUSER=authenticator "$psql" -XqAt -v VERBOSITY=sqlstate -c 'SET ROLE web_anon' -c "$3" 2>&1 >/dev/null | sed 's/^ERROR: *//')"
}

finish() {
	sql -d postgres -c 'DROP DATABASE IF EXISTS fma_dashboards WITH (FORCE)' -c 'DROP ROLE IF EXISTS authenticator, web_anon'
}
trap finish EXIT

sql -d postgres -c 'CREATE DATABASE fma_dashboards'
sql -c 'CREATE SCHEMA fma' -c 'CREATE EXTENSION fma SCHEMA fma' -c 'ALTER DATABASE fma_dashboards SET search_path = public, fma' \
	-c 'ALTER DATABASE fma_dashboards SET client_min_messages = warning'
sql -f examples/load.sql -f examples/demo.sql >/dev/null
sql -f examples/dashboards/api.sql >/dev/null
sql -c "SELECT fma_share('fashion', 'web_anon')" >/dev/null

# What is shown
is 'the schema holds these functions and views' \
	'calibration confidence_curve confusion_matrix datasets errors_by_class overview predictions report report_json' \
	"$(sql -c "SELECT string_agg(name, ' ' ORDER BY name) FROM (SELECT proname FROM pg_proc WHERE pronamespace = 'api'::regnamespace
		UNION ALL SELECT relname FROM pg_class WHERE relnamespace = 'api'::regnamespace) AS s (name)")"
is 'all are STABLE, with the rights of whoever calls, and have a comment' 8 \
	"$(sql -c "SELECT count(*) FROM pg_proc WHERE pronamespace = 'api'::regnamespace AND provolatile = 's' AND NOT prosecdef AND obj_description(oid, 'pg_proc') IS NOT NULL")"
is 'the datasets are those that are shared' fashion "$(anon -c 'SELECT dataset FROM api.datasets')"

# Every wrapper, called as web_anon, returns what the function behind it returns
same() {
	is "api.$1 returns what fma_$2 returns" "$(sql -c "SELECT md5(f::text), length(f::text) > 100 FROM fma_$2 AS f")" \
		"$(anon -c "SELECT md5(f::text), length(f::text) > 100 FROM api.$1 AS f")"
}
same "overview('fashion')" "get_overview('fashion')"
same "overview('fashion', 'v1')" "get_overview('fashion', 'v1')"
same "confusion_matrix('fashion', model_version => 'v1')" "get_confusion_matrix('fashion', model_version => 'v1')"
same "errors_by_class('fashion', model_version => 'v1')" "get_errors_by_class('fashion', model_version => 'v1')"
same "calibration('fashion', 20, 'v1')" "get_calibration('fashion', 20, 'v1')"
same "confidence_curve('fashion', 'v1')" "get_confidence_curve('fashion', 'v1')"
arguments="'fashion', only_errors => true, only_high_confidence_errors => true, true_label => 'Shirt', pred_label => 'Coat', min_conf => 0.8, max_conf => 0.97,
	hotspot => 1, conditions => '[{\"column\": \"batch\", \"op\": \">=\", \"value\": 1}]', sort => 'confidence_asc', page => 1, page_size => 3, model_version => 'v2'"
is 'api.predictions takes every filter' "$(sql -c "SELECT fma_get_predictions($arguments)")" "$(anon -c "SELECT api.predictions($arguments)")"
same "predictions('fashion', page => 2)" "get_predictions('fashion', page => 2)"
# when it was made is the one thing that differs
report="report_json('fashion', examples => 0)"
is 'api.report_json returns what fma_report_json returns, but for when it was made' "$(sql -c "SELECT md5((fma_$report - 'made_at')::text)")" "$(anon -c "SELECT md5((api.$report - 'made_at')::text)")"
is 'api.report returns a page as the type that PostgREST sends as text/html' 't|t|"text/html"' \
	"$(anon -c "SELECT lower(r) LIKE '<!doctype html>%', r LIKE '%</html>%', pg_typeof(r) FROM (SELECT api.report('fashion')) AS f (r)")"
is 'a report has at most 100 rows a slice' 't' \
	"$(sql -c "SELECT max(jsonb_array_length(g -> 'items')) = 100 FROM jsonb_path_query(api.report_json('fashion', examples => 1000), '\$.examples.groups[*]') AS g")"

# What is not
refused 'see a dataset that is not shared' 42704 "SELECT api.overview('flights')"
refused 'get its report' 42704 "SELECT api.report('flights')"
refused 'read a source' 42501 'SELECT * FROM fashion'
refused 'read it through a finder, which takes SQL' 42501 "SELECT fma.fma_find_hotspots('SELECT true_label <> pred_label, batch FROM fashion')"
refused 'run a dataset that it may read' 42501 "SELECT fma.fma_run('fashion')"
refused 'create anything in the schema that is shown' 42501 'CREATE TABLE api.mine (i int)'
refused 'write to results' 42501 'DELETE FROM fma.fma_result_run'
is 'others may not use the schema' f "$(sql -c 'CREATE ROLE dashboards_other' -c "SELECT has_schema_privilege('dashboards_other', 'api', 'USAGE') OR EXISTS (SELECT FROM pg_proc
	WHERE pronamespace = 'api'::regnamespace AND has_function_privilege('dashboards_other', oid, 'EXECUTE'))" -c 'DROP ROLE dashboards_other')"
is 'authenticator may do nothing by itself' 42501 "$(PGUSER=authenticator "$psql" -XqAt -v VERBOSITY=sqlstate -c 'SELECT * FROM api.datasets' 2>&1 | sed 's/^ERROR: *//')"
is 'the server shows that schema alone, as web_anon' 'db-schemas = "api" db-extra-search-path = "" db-anon-role = "web_anon"' \
	"$(grep -E '^db-(schemas|extra-search-path|anon-role) ' examples/dashboards/postgrest.conf | xargs -d '\n')"

# Panels. Each is a statement that returns rows; a time series is in the order of its first column, "time".
panels=0
while IFS= read -r -d '' panel; do
	panels=$((panels + 1))
	name=$(sed -n '1s/^-- panel: //p' <<<"$panel")
	query=$(sed '1d; s/;$//' <<<"$panel")
	rows=$(sql -c "SELECT count(*) > 0 FROM ($query) AS panel" 2>&1) || true
	is "panel: $name" t "$rows"
	case $name in
	*'time series'* | *annotations*)
		is 'its time is in order' 't|t' "$(sql -c "SELECT bool_and(before <= time), bool_and(pg_typeof(time) = 'timestamptz'::regtype)
			FROM (SELECT time, coalesce(lag(time) OVER (), '-infinity') AS before FROM ($query) AS panel) AS s" 2>&1)"
		;;
	esac
done < <(awk '/^-- panel: / { if (in_panel) printf "%c", 0; in_panel = 1 } in_panel { print } END { printf "%c", 0 }' examples/dashboards/panels.sql)
is 'every panel was run' "$(grep -c '^SELECT' examples/dashboards/panels.sql)" "$panels"

echo "1..$count"
[ $failed = 0 ]

#!/usr/bin/env bash
# A database's owner who is no superuser creates the extension, dumps the
# database and restores it; what was registered is there, and the next one can
# be. Then the same with a superuser, and with the extension in other schemas.
# Run by script/test, which sets PG_CONFIG, PGHOST, PGPORT and PGUSER.
set -euo pipefail

bindir=$("$PG_CONFIG" --bindir)
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
export PGUSER=postgres PGDATABASE=postgres

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

contents="
SELECT name, owner, relation, settings FROM fma_dataset ORDER BY dataset_id;
SELECT * FROM fma_dataset_share ORDER BY 1, 2;
SELECT rule_id, dataset_id, name FROM fma_rule;
SELECT run_id, dataset_id, status, n, settings FROM fma_result_run ORDER BY 1;
SELECT run_id, segment_by, n, failures, confusion FROM fma_result_summary ORDER BY run_id, segment_by;
SELECT run_id, position, stage, n FROM fma_result_stage ORDER BY 1, 2;
SELECT run_id, rule_id, value, passed FROM fma_result_rule;
SELECT model_id, dataset_id, k, model, fitted_by_run, fitted_at, retired FROM fma_cluster_model;
SELECT * FROM fma_result_cluster ORDER BY 1, 2;
SELECT * FROM fma_result_duplicate ORDER BY run_id, group_id, id;
SELECT * FROM fma_excluded ORDER BY 1, 2;
SELECT report_id, dataset_id, run_id, created_at, created_by, has_rows, md5(report::text) FROM fma_report ORDER BY 1;
SELECT * FROM fma_overview ORDER BY dataset;
SELECT relname, pg_get_userbyid(relowner) = current_user, relacl IS NULL, relrowsecurity FROM pg_class WHERE relname ~ '^fma_' AND relkind IN ('r', 'S') ORDER BY 1;
SELECT tablename, policyname, qual FROM pg_policies WHERE policyname ~ '^fma_' ORDER BY 1, 2;
"

# round OWNER DUMPER SCHEMA DUMP-OPTION...: everything once; OWNER creates and registers, DUMPER dumps and restores
round() {
	local owner=$1 dumper=$2 schema=$3 before after
	shift 3
	sql -c "CREATE DATABASE fma_before OWNER dump_owner" -c "CREATE DATABASE fma_after OWNER dump_owner"
	[ "$schema" = public ] || PGUSER=$owner sql -d fma_before -c "CREATE SCHEMA \"$schema\""
	PGUSER=$owner sql -d fma_before -c 'SET client_min_messages = warning' -c "CREATE EXTENSION fma SCHEMA \"$schema\"" \
		-c "CREATE SCHEMA store" \
		-c "CREATE TABLE store.predictions AS SELECT i AS id, 'cat' AS truth, CASE WHEN i % 3 = 0 THEN 'dog' ELSE 'cat' END AS prediction, ARRAY[i, i % 3]::real[] AS embedding FROM generate_series(1, 9) AS i" \
		-c "CREATE VIEW store.seen AS SELECT * FROM store.predictions" \
		-c "SET search_path = store, \"$schema\"" \
		-c "SELECT fma_register('first', 'predictions', truth => 'truth', prediction => 'prediction', id => 'id', embedding => 'embedding', clusters => 2)" \
		-c "SELECT fma_register('second', 'seen', truth => 'truth', prediction => 'prediction', filter => 'id > 1')" \
		-c "SELECT fma_share('first', 'dump_reader'), fma_share('second', 'public')" \
		-c "SELECT fma_unregister('second')" -c "SELECT fma_register('third', 'seen', truth => 'truth', prediction => 'prediction')" \
		-c "SELECT fma_add_rule('first', 'FailureRate', 0.5)" -c "SELECT fma_run('first'), fma_run('third')" -c "SELECT fma_exclude_duplicates('first')" \
		-c "SELECT fma_save_report('first')" >/dev/null
	PGUSER=$dumper "$bindir/pg_dump" "$@" -f "$work/dump" fma_before
	case " $* " in
	*" -Fc "*) PGUSER=$dumper "$bindir/pg_restore" --exit-on-error -d fma_after "$work/dump" ;;
	*) PGUSER=$dumper sql -d fma_after -f "$work/dump" >/dev/null ;;
	esac
	before=$(PGUSER=$owner sql -d fma_before -c "SET search_path = \"$schema\"" -c "$contents")
	after=$(PGUSER=$dumper sql -d fma_after -c "SET search_path = \"$schema\"" -c "$contents")
	[ "$(grep -c 'store\.' <<<"$before")" = 2 ] || fail "nothing was registered: $before"
	[ "$(grep -c '|complete|9|' <<<"$before")" = 2 ] || fail "nothing was run: $before"
	equal "contents after a restore by $dumper" "$before" "$after"
	owner=$dumper
	# Sequences went along, or the next numbers would be taken
	equal "next dataset" 4 "$(PGUSER=$owner sql -d fma_after -c 'SET client_min_messages = warning' -c "SET search_path = store, \"$schema\"" \
		-c "SELECT fma_register('fourth', 'predictions', truth => 'truth', prediction => 'prediction')")"
	equal "next rule" 2 "$(PGUSER=$owner sql -d fma_after -c "SELECT \"$schema\".fma_add_rule('fourth', 'Accuracy', 0.5)")"
	equal "next run" 3 "$(PGUSER=$owner sql -d fma_after -c 'SET client_min_messages = warning' -c "SELECT \"$schema\".fma_run('fourth')")"
	equal "an old dataset's run" 4 "$(PGUSER=$owner sql -d fma_after -c 'SET client_min_messages = warning' -c "SELECT \"$schema\".fma_run('third')")"
	equal "next report" 2 "$(PGUSER=$owner sql -d fma_after -c "SELECT \"$schema\".fma_save_report('first', examples => 0)")"
	equal "their results" "complete 9 complete 9" "$(PGUSER=$owner sql -d fma_after -c "SELECT string_agg(concat_ws(' ', status, n), ' ') FROM \"$schema\".fma_result_run WHERE run_id > 2")"
	# The model is still the one that was fitted, what was excluded is, and the next model has a new number
	equal "a run with clusters" 5 "$(PGUSER=$owner sql -d fma_after -c 'SET client_min_messages = warning' -c "SELECT \"$schema\".fma_run('first')")"
	equal "its rows and model" "3 1 1" "$(PGUSER=$owner sql -d fma_after -c "SELECT DISTINCT concat_ws(' ', n, model_id, fitted_by_run) FROM \"$schema\".fma_result_run JOIN \"$schema\".fma_result_cluster USING (run_id) JOIN \"$schema\".fma_cluster_model USING (model_id) WHERE run_id = 5")"
	PGUSER=$owner sql -d fma_after -c 'SET client_min_messages = warning' -c "SELECT \"$schema\".fma_refit_clusters('first'), \"$schema\".fma_run('first')" >/dev/null
	equal "the next model" "2" "$(PGUSER=$owner sql -d fma_after -c "SELECT max(model_id) FROM \"$schema\".fma_cluster_model")"
	# Rights are as before: the reader reads what was shared with him, and writes nothing
	PGUSER=$owner sql -d fma_after -c "GRANT USAGE ON SCHEMA \"$schema\" TO dump_reader"
	equal "shared" "first" "$(PGUSER=dump_reader sql -d fma_after -c "SELECT name FROM \"$schema\".fma_dataset")"
	equal "shared run" "6" "$(PGUSER=dump_reader sql -d fma_after -c "SELECT run_id FROM \"$schema\".fma_overview")"
	! PGUSER=dump_reader sql -d fma_after -c "DELETE FROM \"$schema\".fma_dataset" 2>/dev/null || fail "a reader deleted datasets"
	# Nothing but data was dumped of the extension: its rights are what the install script gave
	! PGUSER=$owner "$bindir/pg_dump" fma_after | grep -E '(GRANT|REVOKE|ALTER|POLICY).*fma_' || fail "the dump changes objects of the extension"
	PGUSER=$owner sql -d fma_after -c "DROP EXTENSION fma CASCADE" 2>/dev/null
	sql -c 'DROP DATABASE fma_before' -c 'DROP DATABASE fma_after'
}

sql -c 'CREATE ROLE dump_owner LOGIN' -c 'CREATE ROLE dump_reader LOGIN'
round dump_owner dump_owner public
round dump_owner dump_owner "fma's home" --inserts
round dump_owner postgres fma -Fc
round postgres postgres public
sql -c 'DROP ROLE dump_owner' -c 'DROP ROLE dump_reader'

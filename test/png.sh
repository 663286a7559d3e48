#!/usr/bin/env bash
# What fma_mask_from_png says in a build without libpng: its file, compiled alone. Run by script/test, which
# sets PG_CONFIG, PGHOST, PGPORT and PGUSER.
set -euo pipefail
cd "$(dirname "$0")/.."

bindir=$("$PG_CONFIG" --bindir)
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
chmod 755 "$work"

printf '#include "postgres.h"\n#include "fmgr.h"\nPG_MODULE_MAGIC;\n' >"$work/magic.c"
"${CC:-gcc}" -O1 -fPIC -shared -isystem "$("$PG_CONFIG" --includedir-server)" -o "$work/fma_without_png.so" "$work/magic.c" src/mask_png.c

result=$("$bindir/psql" -XqAt -d postgres -v VERBOSITY=verbose 2>&1 <<-SQL || true
	BEGIN;
	CREATE FUNCTION from_png(bytea, bigint) RETURNS integer AS '$work/fma_without_png.so', 'fma_mask_from_png' LANGUAGE C;
	SELECT from_png('\x00', 1);
	ROLLBACK;
SQL
)
case $result in
*'ERROR:  0A000: fma was built without libpng'*) ;;
*) echo "expected 0A000, got: $result" >&2; exit 1 ;;
esac

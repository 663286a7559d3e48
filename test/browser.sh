#!/usr/bin/env bash
# The report's page in headless Chromium, driven by playwright-core, and checked
# by html-validate. Prints TAP; skipped where Chromium, Node (18 or later) or the
# packages from npm cannot be had. Run by script/test, which sets PG_CONFIG,
# PGHOST, PGPORT and PGUSER.
#
#   CHROMIUM=/path      another browser of that family
#   FMA_REPORTS=dir     where to leave the reports
#   FMA_ONLY=pattern    only the tests whose names match
set -euo pipefail

skip() {
	echo "1..0 # SKIP $*"
	exit 0
}

for program in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
	chromium=$(command -v "$program" 2>/dev/null) && break
done
[ -n "$chromium" ] || skip 'Chromium is not there'
command -v node >/dev/null || skip 'Node is not there'
node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' || skip 'Node is older than 18'
command -v npm >/dev/null || skip 'npm is not there'

work=$(mktemp -d)
export PGUSER=postgres PGDATABASE=fma_browser
psql=$("$PG_CONFIG" --bindir)/psql
sql() { "$psql" -XqAt -v ON_ERROR_STOP=1 "$@"; }
finish() {
	sql -d postgres -c 'DROP DATABASE IF EXISTS fma_browser WITH (FORCE)' 2>/dev/null || true
	rm -rf "$work"
}
trap finish EXIT

# npm keeps what it has fetched in a cache of its own
cp test/browser/package.json test/browser/package-lock.json "$work"
(cd "$work" && timeout 300 npm ci --prefer-offline --ignore-scripts --no-audit --no-fund --fetch-retries=1) >"$work/npm.log" 2>&1 ||
	skip "the packages of test/browser/package.json could not be installed from npm: $(grep -m 1 -iE "err(or|!)" "$work/npm.log")"
"$chromium" --headless --no-sandbox --disable-gpu --dump-dom about:blank >"$work/chromium.log" 2>&1 ||
	skip "$chromium does not start: $(tail -n 1 "$work/chromium.log")"

reports=${FMA_REPORTS:-$work/reports}
mkdir -p "$reports"
sql -d postgres -c 'CREATE DATABASE fma_browser'
sql -c 'SET client_min_messages = warning' -c 'CREATE EXTENSION fma' -f examples/load.sql -f examples/demo.sql -f examples/scenes.sql -f test/browser/datasets.sql >/dev/null
sql -c 'SELECT DISTINCT dataset FROM fma_latest_run' | while IFS= read -r dataset; do
	name=$(tr -c 'a-z0-9\n' - <<<"$dataset" | sed 's/^-*//; s/--*/-/g; s/-$//')
	sql -v dataset="$dataset" <<<"SELECT fma_report_json(:'dataset')" >"$reports/$name.json"
	sql -v dataset="$dataset" <<<"SELECT fma_report_html(:'dataset')" >"$reports/$name.html"
	sql -v dataset="$dataset" <<<"SELECT fma_report_html(:'dataset', examples => 0)" >"$reports/$name.bare.html"
done
node test/browser/page.cjs "$reports" "$work" "$chromium"

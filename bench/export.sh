#!/usr/bin/env bash
# What leaving the database costs: a confusion matrix and an ECE of 10 million rows by fma, beside COPY to Python and scikit-learn
# (and NumPy for the ECE, in scikit-learn's place, which has none). Seconds by the clock, the export included, medians of RUNS.
# Needs a server as bench/harness.sh says, and Debian's python3-sklearn and python3-pandas.
set -euo pipefail
. "$(dirname "$0")/harness.sh"
RUNS=${RUNS:-3}
python=/usr/bin/python3
if ! "$python" -c 'import sklearn, pandas' 2>/dev/null; then
	echo "left out: python3-sklearn or python3-pandas is not installed"
	exit 0
fi

"${psql[@]}" >/dev/null <<'SQL'
SET client_min_messages = warning;
DROP TABLE IF EXISTS export_rows;
CREATE UNLOGGED TABLE export_rows AS
SELECT l.labels[1 + t] AS truth, l.labels[1 + CASE WHEN hashint4(i + 1) & 7 = 0 THEN (hashint4(i + 2) & 65535) % 10 ELSE t END] AS prediction,
	(hashint4(i + 3) & 1048575) / 1048575.0::double precision AS confidence
FROM (SELECT ARRAY['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'] AS labels) AS l,
	generate_series(1, 10000000) AS i, LATERAL (SELECT (hashint4(i) & 65535) % 10 AS t) AS x;
VACUUM (FREEZE, ANALYZE) export_rows;
SELECT count(truth), count(prediction), sum(confidence) FROM export_rows;
SQL

# seconds COMMAND...: by the clock, its output dropped, the median of RUNS
seconds() {
	local i start
	for ((i = 0; i < RUNS; i++)); do
		start=$(date +%s.%N)
		"$@" >/dev/null
		echo "$start $(date +%s.%N)"
	done | awk '{ printf "%.3f\n", $2 - $1 }' | sort -n | awk '{ s[NR] = $1 } END { print s[int((NR + 1) / 2)] }'
}

here() { "${psql[@]}" -c 'SET max_parallel_workers_per_gather = 0' -c "$1"; }

exported_confusion() {
	"${psql[@]}" -c 'COPY (SELECT truth, prediction FROM export_rows) TO STDOUT (FORMAT csv, HEADER)' | "$python" -c '
import sys, pandas, sklearn.metrics
rows = pandas.read_csv(sys.stdin)
print(sklearn.metrics.confusion_matrix(rows.truth, rows.prediction))'
}

exported_ece() {
	"${psql[@]}" -c 'COPY (SELECT confidence, truth = prediction FROM export_rows) TO STDOUT (FORMAT csv)' | "$python" -c '
import sys, pandas, numpy
rows = pandas.read_csv(sys.stdin, names=["confidence", "correct"])
right = (rows.correct == "t").to_numpy()
confidence = rows.confidence.to_numpy()
bins = numpy.minimum((confidence * 10).astype(int), 9)
gaps = numpy.bincount(bins, right) - numpy.bincount(bins, confidence)
print(abs(gaps).sum() / len(rows))'
}

# row WHAT OURS THEIRS
row() { awk -v what="$1" -v a="$2" -v b="$3" 'BEGIN { printf "| %s | %.2f | %.2f | %.1f × |\n", what, a, b, b / a }'; }

echo '| 10 million rows | s | exported, s | faster |'
echo '|---|---:|---:|---:|'
row '`fma_confusion`, text' "$(seconds here 'SELECT fma_confusion(truth, prediction) FROM export_rows')" "$(seconds exported_confusion)"
row '`fma_ece`' "$(seconds here 'SELECT fma_ece(confidence, truth = prediction) FROM export_rows')" "$(seconds exported_ece)"

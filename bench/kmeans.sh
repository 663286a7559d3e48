#!/usr/bin/env bash
# Seconds of k-means to the fixed point, from the same centroids: ours in SQL with the read of the table, and scikit-learn and
# FAISS on arrays that are in memory already, one thread each. Ours: the least of 3; the others run once.
# Needs a server (PGHOST, PGPORT, PGUSER, PGDATABASE) with fma installed in the database, and Debian's dataset-fashion-mnist and
# python3-numpy for the rows; python3-sklearn and python3-faiss are compared with where they are installed, which takes many
# minutes (PEERS=no leaves them out).
set -euo pipefail
python=${PYTHON:-/usr/bin/python3}
images=$(dpkg -L dataset-fashion-mnist 2>/dev/null | grep 'images.*gz$' || true)
if [ -z "$images" ] || ! "$python" -c 'import numpy' 2>/dev/null; then
	echo 'kmeans: left out, needs the packages dataset-fashion-mnist and python3-numpy'
	exit 0
fi
# OpenBLAS does not know every processor, and falls back to slow code for those it does not.
if grep -q avx512vl /proc/cpuinfo; then core=SkylakeX; else core=Haswell; fi
export OPENBLAS_CORETYPE=${OPENBLAS_CORETYPE:-$core} OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
psql=(psql -X -q -At -v ON_ERROR_STOP=1)

# 70,000 x 64: the principal components of all images; 60,000 x 784: the pixels of the training images
cat >"$work/rows.py" <<'PYTHON'
import gzip
import sys
import numpy as np
names = sorted(sys.argv[2:], reverse=True)  # train, t10k
sets = [np.frombuffer(gzip.open(name).read(), np.uint8, offset=16).reshape(-1, 784) for name in names]
all_images = np.concatenate(sets).astype(float)
all_images -= all_images.mean(axis=0)
_, axes = np.linalg.eigh(all_images.T @ all_images)
components = (all_images @ axes[:, ::-1][:, :64]).astype(np.float32)
for name, rows, form in (("components", components, "%.9g"), ("pixels", sets[0].astype(np.float32), "%d")):
    np.save("%s/%s.npy" % (sys.argv[1], name), rows)
    with open("%s/%s.txt" % (sys.argv[1], name), "w") as file:
        for i, row in enumerate(rows):
            file.write("%d\t{%s}\n" % (i, ",".join(form % v for v in row)))
PYTHON
"$python" "$work/rows.py" "$work" $images

# The peers: scikit-learn to the fixed point of its own arithmetic, FAISS as many passes as we needed
cat >"$work/peers.py" <<'PYTHON'
import sys
import time
import numpy as np
directory, name, k, passes = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
rows = np.load("%s/%s.npy" % (directory, name))
first = np.ascontiguousarray(rows[::len(rows) // k][:k])
def timed(fit):
    start = time.time()
    result = fit()
    return "%.2f (%s passes, inertia %.8g)" % (time.time() - start, *result)
def scikit():
    from sklearn.cluster import KMeans
    model = KMeans(k, init=first, n_init=1, tol=0, max_iter=1000, algorithm="lloyd").fit(rows)
    return model.n_iter_, model.inertia_
def faiss_fit():
    import faiss
    model = faiss.Kmeans(rows.shape[1], k, niter=passes, max_points_per_centroid=len(rows))
    model.train(rows, init_centroids=first)
    return passes, model.obj[-1]
for fit, module in ((scikit, "sklearn"), (faiss_fit, "faiss")):
    try:
        __import__(module)
        print("|", timed(fit), end=" ")
    except ImportError:
        print("| not installed", end=" ")
print("|")
PYTHON

"${psql[@]}" <<-SQL
	SET client_min_messages = warning;
	CREATE TABLE components (id int, e real[]);
	CREATE TABLE pixels (id int, e real[]);
	\copy components FROM '$work/components.txt'
	\copy pixels FROM '$work/pixels.txt'
SQL
"${psql[@]}" -c 'VACUUM (FREEZE) components, pixels'

# ours SQL: seconds, the least of 3, and what the last run said
ours() {
	local i
	for i in 1 2 3; do
		"${psql[@]}" <<-SQL
			SET max_parallel_workers_per_gather = 0;
			SET fma.instruction_set = '${2:-auto}';
			SELECT clock_timestamp() AS start \gset
			$1;
			SELECT round(extract(epoch FROM clock_timestamp() - :'start'), 2);
		SQL
	done | awk 'NR % 2 { said = $0 } NR % 2 == 0 && (best == "" || $0 < best) { best = $0 } END { print best "|" said }'
}

# row NAME K: a table of NAME, whose first centroids are rows at equal distances
row() {
	local n first out
	n=$("${psql[@]}" -c "SELECT count(*) FROM $1")
	first="(SELECT jsonb_build_object('max_iterations', 1000, 'init', jsonb_agg(e::float8[] ORDER BY id)) FROM (SELECT * FROM $1 WHERE id % ($n / $2) = 0 ORDER BY id LIMIT $2) AS f)"
	out=$(ours "SELECT iterations || ' ' || inertia FROM (SELECT fma_kmeans(e, $2, $first) AS m FROM $1 OFFSET 0) AS q, fma_kmeans_quality(m)" "${3:-auto}")
	local said=${out#*|}
	printf '| %s, k = %s%s | %s (%s passes, inertia %.8g) ' "$1" "$2" "${3:+, $3}" "${out%%|*}" "${said% *}" "${said#* }"
	if [ -n "${3:-}" ] || [ "${PEERS:-}" = no ]; then echo '| | |'; else "$python" -W ignore "$work/peers.py" "$work" "$1" "$2" "${said% *}"; fi
}

echo '| rows | fma_kmeans in SQL, s | scikit-learn, s | FAISS, s |'
echo '|---|---|---|---|'
row components 10
row components 50
row components 50 avx2
row components 50 plain
row pixels 100
echo
echo '| SQL | s |'
echo '|---|---:|'
more() { printf '| %s | %s |\n' "$1" "$(ours "$2" | cut -d'|' -f1)"; }
more 'read: `sum(e[1])` of 70,000 x 64' 'SELECT sum(e[1]) FROM components'
more 'read: `sum(e[1])` of 60,000 x 784' 'SELECT sum(e[1]) FROM pixels'
more 'k = 10, seeded, to the fixed point' "SELECT (fma_kmeans_quality(m)).inertia FROM (SELECT fma_kmeans(e, 10) AS m FROM components OFFSET 0) AS q"
more 'k = 50, seeded, one pass' "SELECT (fma_kmeans_quality(m)).inertia FROM (SELECT fma_kmeans(e, 50, '{\"max_iterations\": 1}') AS m FROM components OFFSET 0) AS q"
more 'the cluster of every row, k = 10, as a window' 'SELECT sum(c) FROM (SELECT fma_kmeans_assign(fma_kmeans(e, 10) OVER (), e) AS c FROM components) AS q'
more 'one `fma_kmeans_step`, k = 50' 'SELECT length(fma_kmeans_step(e, (SELECT fma_kmeans(e, 50) FROM (SELECT * FROM components LIMIT 1000) AS s))::text) FROM components'

#!/usr/bin/env bash
# Near-duplicates at a cosine similarity of 0.99 among the 60,000 training images of Fashion-MNIST, as 64 numbers each: CPU seconds
# and peak memory, the read of the table included, beside FAISS and scikit-learn on arrays that are already in memory, one thread each.
# Needs a server as bench/harness.sh says, and Debian's dataset-fashion-mnist, python3-sklearn, python3-faiss, libopenblas0-serial.
set -euo pipefail
. "$(dirname "$0")/harness.sh"
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
# OpenBLAS does not know every processor, and then takes its slowest code.
if [ -z "${OPENBLAS_CORETYPE:-}" ]; then
	if grep -q avx512f /proc/cpuinfo; then export OPENBLAS_CORETYPE=SkylakeX; else export OPENBLAS_CORETYPE=Haswell; fi
fi

# The 64 directions in which the pixels vary most, and the pixels themselves
/usr/bin/python3 - "$directory" <<'PYTHON'
import gzip, sys
import numpy as np
with gzip.open('/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz') as f:
    pixels = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 784).astype(float)
centred = pixels - pixels.mean(0)
directions = np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :64]
rows = (pixels @ directions).astype(np.float32)
np.save(sys.argv[1] + '/rows.npy', rows)
with open(sys.argv[1] + '/rows', 'w') as out, open(sys.argv[1] + '/pixels', 'w') as out_pixels:
    for i, row in enumerate(rows):
        out.write('%d\t{%s}\n' % (i, ','.join(repr(float(x)) for x in row)))
        out_pixels.write('%d\t{%s}\n' % (i, ','.join(map(str, map(int, pixels[i])))))
PYTHON

"${psql[@]}" >/dev/null <<SQL
SET client_min_messages = warning;
DROP TABLE IF EXISTS duplicates_64, duplicates_64_double, duplicates_784, duplicates_equal;
CREATE UNLOGGED TABLE duplicates_64 (id int, embedding real[]);
\copy duplicates_64 FROM '$directory/rows'
CREATE UNLOGGED TABLE duplicates_784 (id int, embedding real[]);
\copy duplicates_784 FROM '$directory/pixels'
CREATE UNLOGGED TABLE duplicates_64_double AS SELECT id, embedding::double precision[] FROM duplicates_64;
CREATE UNLOGGED TABLE duplicates_equal AS SELECT d.id, e.embedding FROM duplicates_64 AS d, duplicates_64 AS e WHERE e.id = 1;
VACUUM (FREEZE) duplicates_64, duplicates_64_double, duplicates_784, duplicates_equal;
SQL

# peer NAME: the same for a peer, which has nothing to read; and how many pairs it finds
peer() {
	/usr/bin/python3 - "$1" "$directory" "$RUNS" <<-'PYTHON'
		import statistics, sys, time
		import numpy as np
		name, directory, runs = sys.argv[1], sys.argv[2], int(sys.argv[3])
		rows = np.load(directory + '/rows.npy')
		if name == 'FAISS':
		    import faiss
		    faiss.omp_set_num_threads(1)
		else:
		    from sklearn.neighbors import NearestNeighbors
		seconds = []
		for run in range(min(runs, 3)):
		    start = time.process_time()
		    if name == 'FAISS':
		        unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
		        index = faiss.IndexFlatIP(rows.shape[1])
		        index.add(unit)
		        found = len(index.range_search(unit, 0.99)[1])
		    else:
		        search = NearestNeighbors(radius=0.01, metric='cosine', algorithm='brute').fit(rows)
		        found = sum(map(len, search.radius_neighbors(rows, return_distance=False)))
		    seconds.append(time.process_time() - start)
		print('| %s: %d pairs | %.2f | | |' % (name, (found - len(rows)) // 2, statistics.median(seconds)))
	PYTHON
}

pairs=$("${psql[@]}" -c "SELECT count(*) FROM fma_find_duplicates('TABLE duplicates_64')")
echo '| what | CPU s | peak MB | goal |'
echo '|---|---:|---:|---|'
row 'read 60,000 x 64' '' "SELECT sum(embedding[1]) FROM duplicates_64"
row "pairs, 60,000 x 64, real[]: $pairs pairs" '1.2 s' "SELECT * FROM fma_find_duplicates('TABLE duplicates_64')"
PGOPTIONS='-c fma.instruction_set=avx2' row 'the same with AVX2' '' "SELECT * FROM fma_find_duplicates('TABLE duplicates_64')"
PGOPTIONS='-c fma.instruction_set=plain' row 'the same with plain instructions' '' "SELECT * FROM fma_find_duplicates('TABLE duplicates_64')"
row 'the same, double precision[]' '' "SELECT * FROM fma_find_duplicates('TABLE duplicates_64_double')"
row 'groups, 60,000 x 64' '' "SELECT * FROM fma_duplicate_groups('TABLE duplicates_64')"
row 'groups, at 0.95' '' "SELECT * FROM fma_duplicate_groups('TABLE duplicates_64', 0.95)"
row 'groups, 60,000 equal rows' '' "SELECT * FROM fma_duplicate_groups('TABLE duplicates_equal')"
row 'read 60,000 x 784' '' "SELECT sum(embedding[1]) FROM duplicates_784"
row 'pairs, 60,000 x 784' '' "SELECT * FROM fma_find_duplicates('TABLE duplicates_784')"
peer FAISS
peer scikit-learn

#!/usr/bin/python3
"""Brute force for test/duplicates.sql: every pair of 10,000 rows of 64 numbers, and their connected components.

    /usr/bin/python3 test/oracle/duplicates.py

Needs numpy and scipy. Prints the rows of a VALUES list: which rows, threshold, pairs, sum of the similarities, md5 of the
pairs in the order of their ids, groups, rows in groups, size of the largest, sum of the lowest similarities to a
representative, md5 of id and representative of all rows. Rows are whole numbers made by a formula that the test repeats in SQL, so that
dot products are exact; and the embeddings of examples/fashion.
"""
import csv
import gzip
import hashlib
import os

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

ROWS, DIMENSIONS, IN_CLUSTER = 10000, 64, 20
HERE = os.path.dirname(os.path.abspath(__file__))


def noise(x):
    """Whole numbers below 2^31 - 1, one for each x; products stay below 2^63."""
    x = np.asarray(x, dtype=np.int64)
    return (x * x % 2147483647 * 48271 + x * 69621) % 2147483647


def made():
    """Clusters of 20 rows around 500 centres; rows of a cluster are moved by less to more."""
    row = np.arange(ROWS)[:, None]
    k = np.arange(DIMENSIONS)[None, :]
    centre = noise((row // IN_CLUSTER) * DIMENSIONS + k) % 2001 - 1000
    move = noise(1000000 + row * DIMENSIONS + k) % 201 - 100
    return centre * 4 + move * (row % 7) * 2


def fashion():
    with gzip.open(os.path.join(HERE, '..', '..', 'examples', 'fashion', 'embeddings.csv.gz'), 'rt') as f:
        rows = list(csv.DictReader(f))
    assert [int(r['id']) for r in rows] == list(range(len(rows)))
    return np.array([[float(x) for x in r['embedding'].strip('{}').split(',')] for r in rows])


def md5(lines):
    return hashlib.md5(','.join(lines).encode()).hexdigest()


def figures(name, x, threshold):
    dot = (x @ x.T).astype(float)
    square = np.diag(dot)
    cosine = dot / np.sqrt(np.outer(square, square))
    upper = np.triu(np.ones(dot.shape, bool), 1)
    # No pair may be so near the threshold that rounding decides.
    assert np.abs(cosine[upper] - threshold).min() > 1e-12
    a, b = np.nonzero(upper & (cosine >= threshold))
    n, component = connected_components(coo_matrix((np.ones(len(a)), (a, b)), shape=dot.shape), directed=False)
    representative = np.full(n, len(x))
    np.minimum.at(representative, component, np.arange(len(x)))
    size = np.bincount(component)
    members = np.nonzero(size[component] > 1)[0]
    similarity = cosine[members, representative[component[members]]]
    lowest = np.ones(n)
    np.minimum.at(lowest, component[members], similarity)
    print("\t('%s', %s, %d, %r, '%s', %d, %d, %d, %r, '%s')," % (
        name, threshold, len(a), float(cosine[a, b].sum()), md5('%d-%d' % p for p in zip(a, b)),
        (size > 1).sum(), len(members), size.max(), float(lowest[size > 1].sum()),
        md5('%d-%d' % (m, representative[component[m]]) for m in members)))


for threshold in (0.98, 0.99, 0.999):
    figures('made', made(), threshold)
    figures('fashion', fashion(), threshold)

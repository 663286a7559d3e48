"""Figures that test/kmeans.sql compares with: a plain Lloyd in double precision.

Run in the project's directory with Python 3, numpy and scikit-learn:

    python3 test/oracle/kmeans.py

and put the printed rows into the test. The data: embeddings of 10,000 photographs of garments
(examples/fashion/embeddings.csv.gz) as float32, and small sets made by the same formulas as in the test. Every fit begins with
given centroids. scikit-learn (Lloyd, tolerance 0) is asked as well and must say the same
labels, the same number of passes, and the same inertia to 1e-12.
"""
import csv
import gzip
import hashlib
import math

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score


def assign(x, centres):
    """Nearest centre of each row (the first, of several), and the two smallest squared distances."""
    labels, first, second = [], [], []
    for start in range(0, len(x), 500):
        d = ((x[start:start + 500, None, :] - centres[None, :, :]) ** 2).sum(axis=2)
        label = d.argmin(axis=1)
        labels.append(label)
        first.append(d[np.arange(len(d)), label])
        d[np.arange(len(d)), label] = np.inf
        second.append(d.min(axis=1))
    return np.concatenate(labels), np.concatenate(first), np.concatenate(second)


def refill(x, labels, centres, spherical):
    """Each empty cluster takes the row furthest from its centre; centres of the clusters left are computed anew."""
    centres = centres.copy()
    made = []
    for j in range(len(centres)):
        if (labels == j).any():
            continue
        distance = ((x - centres[labels]) ** 2).sum(axis=1)
        for m in made:
            distance = np.minimum(distance, ((x - centres[m]) ** 2).sum(axis=1))
        sizes = np.bincount(labels, minlength=len(centres))
        distance[sizes[labels] < 2] = -1
        row = int(distance.argmax())
        assert distance[row] > 0
        old, labels[row] = labels[row], j
        centres[j] = x[row]
        centres[old] = mean(x[labels == old], spherical)
        made.append(j)
    return labels


def mean(rows, spherical):
    centre = np.array([math.fsum(column) for column in rows.T]) / len(rows)
    return centre / np.linalg.norm(centre) if spherical else centre


def lloyd(x, centres, spherical=False, max_iterations=300):
    """labels, centres, passes"""
    labels = None
    for iteration in range(1, max_iterations + 1):
        new, _, _ = assign(x, centres)
        if labels is not None and (new == labels).all():
            return labels, centres, iteration
        labels = refill(x, new, centres, spherical)
        centres = np.array([mean(x[labels == j], spherical) for j in range(len(centres))])
    return assign(x, centres)[0], centres, max_iterations


def davies_bouldin(x, labels, centres):
    """From differences; scikit-learn's loses digits far from the origin, so it is only compared roughly."""
    spread = np.array([np.linalg.norm(x[labels == j] - c, axis=1).mean() for j, c in enumerate(centres)])
    worst = [max((spread[a] + spread[b]) / np.linalg.norm(centres[a] - centres[b]) for b in range(len(centres)) if a != b)
             for a in range(len(centres))]
    assert abs(np.mean(worst) / davies_bouldin_score(x, labels) - 1) < 1e-4
    return float(np.mean(worst))


def show(name, x, init, compare=True, spherical=False, max_iterations=300):
    x = np.asarray(x, dtype=np.float32).astype(np.float64)
    if spherical:
        x = (x / np.sqrt((x ** 2).sum(axis=1))[:, None]).astype(np.float32).astype(np.float64)
        init = init / np.linalg.norm(init, axis=1)[:, None]
    init = np.asarray(init, dtype=np.float64)
    labels, centres, passes = lloyd(x, init.copy(), spherical, max_iterations)
    _, first, second = assign(x, centres)
    first = ((x - centres[labels]) ** 2).sum(axis=1)
    inertia = math.fsum(first)
    if compare:
        k = KMeans(len(init), init=init, n_init=1, tol=0, max_iter=max_iterations, algorithm="lloyd").fit(x)
        assert (k.labels_ == labels).all() and k.n_iter_ == passes and abs(k.inertia_ / inertia - 1) < 1e-12, name
    silhouette = math.fsum(1 - np.sqrt(first / second)) / len(x)
    md5 = hashlib.md5(",".join(str(label + 1) for label in labels).encode()).hexdigest()
    # scikit-learn's scores are about the means of the rows, which the centres are only at the fixed point
    scores = ("NULL", "NULL") if spherical or passes == max_iterations else \
        (repr(calinski_harabasz_score(x, labels)), repr(davies_bouldin(x, labels, centres)))
    print("\t('%s', %d, %r, '%s', '{%s}', %s, %s, %r)," % (
        name, passes, inertia, md5, ",".join(map(str, np.bincount(labels, minlength=len(init))[:10])), *scores, silhouette))


if __name__ == "__main__":
    with gzip.open("examples/fashion/embeddings.csv.gz", "rt") as file:
        rows = [[float(v) for v in row["embedding"][1:-1].split(",")] for row in csv.DictReader(file)]
    fashion = np.array(rows, dtype=np.float32).astype(np.float64)
    for k in (5, 10, 50):
        show("fashion %d" % k, fashion, fashion[[j * 10000 // k for j in range(k)]])
    show("fashion 10, 7 passes", fashion, fashion[[j * 1000 for j in range(10)]], max_iterations=7)
    show("fashion 10, spherical", fashion, fashion[[j * 1000 for j in range(10)]], compare=False, spherical=True)
    # centroids so far away that they get no rows at first
    far = fashion[[j * 1000 for j in range(10)]]
    far[[2, 5, 9]] = 1000
    show("fashion 10, three empty", fashion, far, compare=False)
    # far from the origin: float32 alone could not tell these clusters apart
    offset = np.array([[4096 + (i * 7 % 101) / 512, 4096 + (i * 13 % 97) / 512, 4096 + i % 2] for i in range(5000)])
    show("far from the origin", offset, offset[:8])
    # many rows are as near to two centroids, exactly
    lattice = [[i % 16, i // 16 % 16] for i in range(1024)]
    show("lattice", lattice, [[4, 4], [12, 4], [4, 12], [12, 12]], compare=False)
    # one outlier decides the precision
    outlier = np.array([[(i * 37 % 1009) / 1009, (i * 61 % 997) / 997] for i in range(3000)] + [[1e6, 1e6]])
    show("outlier", outlier, outlier[[0, 1000, 2000, 3000]])

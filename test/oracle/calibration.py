#!/usr/bin/env python3
"""Figures for test/calibration.sql, from NumPy, SciPy and scikit-learn.

    python3 test/oracle/calibration.py        (from the root of the project)

Prints the rows of the VALUES lists in that file.  The confidences are those
of two models on the 10,000 Fashion-MNIST test images; the probabilities are
the second model's on the first 1,000.
"""
import csv
import gzip

import numpy as np
from scipy import stats
from sklearn.metrics import brier_score_loss, log_loss

LABELS = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
SIMULATIONS = 100_000


def read(name):
    return csv.reader(gzip.open(f"test/data/{name}.csv.gz", "rt"))


def bins_of(p, bins):
    """Bin i holds i/bins <= p < (i+1)/bins; 1 is in the last."""
    edges = np.array([i / bins for i in range(bins + 1)])
    return np.minimum(np.searchsorted(edges, p, side="right") - 1, bins - 1)


def gaps(p, y, bins):
    where = bins_of(p, bins)
    for b in np.unique(where):
        yield p[where == b], y[where == b]


def ece(p, y, bins):
    return sum(len(q) * abs(q.mean() - z.mean()) for q, z in gaps(p, y, bins)) / len(p)


def errors(p, y, bins):
    n = np.array([len(q) for q, _ in gaps(p, y, bins)])
    gap = np.array([q.mean() - z.mean() for q, z in gaps(p, y, bins)])
    a = np.array([z.mean() for _, z in gaps(p, y, bins)])
    share = n / n.sum()
    two = n > 1
    debiased = (share[two] * (gap[two] ** 2 - a[two] * (1 - a[two]) / (n[two] - 1))).sum()
    return [share @ abs(gap), abs(gap).max(), np.sqrt(share @ gap**2), abs(gap).mean(), np.sqrt(max(0, debiased))]


def brier_parts(p, y, bins):
    rel = res = wbv = wbc = 0
    for q, z in gaps(p, y, bins):
        rel += len(q) * (q.mean() - z.mean()) ** 2
        res += len(q) * (z.mean() - y.mean()) ** 2
        wbv += ((q - q.mean()) ** 2).sum()
        wbc += 2 * ((q - q.mean()) * (z - z.mean())).sum()
    return [v / len(p) for v in (rel, res, y.mean() * (1 - y.mean()) * len(p), wbv, wbc)]


def poisson_binomial(p):
    pmf = np.ones(1)
    for q in p:
        pmf = np.convolve(pmf, [1 - q, q])
    return pmf


def if_calibrated(p, y, bins):
    """Expected ECE from the exact distributions of the bins; p-value by simulation from them.

    The second p-value counts as ties what lies within a cell and a half of the grid of src/calibrated.c.
    """
    random = np.random.default_rng(1)
    expected = 0
    d = np.zeros(SIMULATIONS)
    v = np.array([(q * (1 - q)).sum() for q, _ in gaps(p, y, bins)])
    tie = 1.5 * (0.8 * np.sqrt(v).sum() + 8 * np.sqrt(v.sum()) + 12) / 4092
    for q, _ in gaps(p, y, bins):
        pmf = poisson_binomial(q)
        distance = abs(np.arange(len(pmf)) - q.sum())
        expected += pmf @ distance
        d += distance[np.searchsorted(np.cumsum(pmf), random.random(SIMULATIONS)).clip(max=len(pmf) - 1)]
    observed = len(p) * ece(p, y, bins)
    return [expected / len(p), np.mean(d >= observed - 1e-9), np.mean(d >= observed - tie)]


def show(key, figures):
    print("\t(" + ", ".join(key + [f"{f:.15g}" for f in figures]) + "),")


rows = list(read("confidences"))
data = {}
for model in ("v1", "v2"):
    p = np.array([float(r[2]) for r in rows if r[1] == model])
    y = np.array([r[3] == "t" for r in rows if r[1] == model], dtype=float)
    data[model] = p, y

print("-- model, bins, rows: ece, mce, l2, ace, debiased, brier, its five parts, log loss")
for model, (p, y) in data.items():
    for bins in (1, 10, 15, 100, 1000):
        show([f"'{model}'", str(bins)], errors(p, y, bins) + [brier_score_loss(y, p)] + brier_parts(p, y, bins) +
             [log_loss(y, p, eps=np.finfo(float).eps)])

print("-- model, first rows, bins: expected ECE, p-value and the one with near ties when calibrated")
for model, (p, y) in data.items():
    for n in (20, 50, 500, 10000):
        for bins in (1, 10, 100):
            show([f"'{model}'", str(n), str(bins)], if_calibrated(p[:n], y[:n], bins))

print("-- Wilson intervals of v1's bins")
for b, (q, z) in zip(np.unique(bins_of(data["v1"][0], 10)), gaps(*data["v1"], 10)):
    ci = stats.binomtest(int(z.sum()), len(z)).proportion_ci(0.95, "wilson")
    show([str(b + 1), str(len(z))], [q.mean(), z.mean(), q.mean() - z.mean(), ci.low, ci.high])

print("-- bins: classwise ECE")
rows = list(read("probabilities"))
probabilities = np.array([[float(v) for v in r[1].strip("{}").split(",")] for r in rows])
truth = np.array([LABELS.index(r[0]) for r in rows])
for bins in (10, 15):
    show([str(bins)], [np.mean([ece(probabilities[:, k], (truth == k).astype(float), bins) for k in range(10)])])

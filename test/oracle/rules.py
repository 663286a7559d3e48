#!/usr/bin/env python3
"""Figures for test/rules.sql: confidence intervals of metrics, from SciPy and NumPy.

    python3 test/oracle/rules.py            prints SQL rows: matrix, metric, label, value, low, high; and intervals of a MAE
    python3 test/oracle/rules.py coverage   prints how often the intervals hold the truth, by simulation

Independent of the extension's way: labels' metrics are differentiated numerically with regard to the
cells' probabilities, and the covariances of the multinomial go through that Jacobian. The figures in
test/rules.sql were made with NumPy 1.24 and SciPy 1.10.
"""
import csv
import gzip
import json
import sys

import numpy as np
from scipy import stats

MATRICES = {
    "fashion": [[962, 0, 0, 0, 0, 3, 0, 34, 1, 0], [0, 981, 1, 3, 1, 2, 2, 3, 5, 2], [0, 0, 874, 22, 57, 0, 44, 0, 2, 1],
                [0, 1, 29, 908, 11, 0, 31, 0, 17, 3], [0, 1, 47, 5, 879, 0, 53, 0, 14, 1], [3, 0, 0, 0, 0, 983, 0, 14, 0, 0],
                [0, 10, 63, 25, 56, 0, 728, 0, 116, 2], [22, 0, 0, 0, 0, 7, 0, 971, 0, 0], [0, 4, 3, 15, 11, 1, 75, 0, 891, 0],
                [0, 0, 2, 11, 1, 0, 4, 0, 0, 982]],
    "flights": [[6906, 27182], [3442, 162470]],
    "small": [[8, 1, 2], [2, 6, 0], [1, 1, 3]],
    "perfect": [[7, 0], [0, 5]],
    "never right": [[0, 3, 1], [2, 0, 2], [5, 1, 0]],
    "half right": [[9, 0, 0], [0, 4, 3], [0, 2, 6]],
    "never predicted": [[6, 2, 0], [1, 7, 0], [2, 1, 0]],
}
METRICS = ["Precision", "Recall", "F1Score", "IoU"]
Z = stats.norm.ppf(0.975)


def ratio(metric, c):
    """A label's metric, by label, of a matrix of counts or probabilities; NaN where 0/0."""
    hit, row, column = np.diag(c), c.sum(axis=1), c.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {"Precision": hit / column, "Recall": hit / row, "F1Score": 2 * hit / (row + column),
                "IoU": hit / (row + column - hit)}[metric]


def wilson(k, n):
    if n == 0:
        return 0.0, 1.0
    ci = stats.binomtest(int(k), int(n)).proportion_ci(method="wilson")
    return ci.low, ci.high


def label_interval(metric, c, i):
    hit, row, column = c[i, i], c[i].sum(), c[:, i].sum()
    low, high = wilson(hit, {"Precision": column, "Recall": row}.get(metric, row + column - hit))
    if metric == "F1Score":
        low, high = 2 * low / (1 + low), 2 * high / (1 + high)
    return low, high


def covariance(metric, c):
    """Of the labels' metrics: J (diag(p) - p p') J' / n, J by central differences."""
    n, p = c.sum(), (c / c.sum()).ravel()
    k, step = len(c), 1e-6
    jacobian = np.zeros((k, k * k))
    for cell in range(k * k):
        if p[cell] == 0:
            continue
        h = step * p[cell]
        up, down = p.copy(), p.copy()
        up[cell] += h
        down[cell] -= h
        jacobian[:, cell] = (ratio(metric, up.reshape(k, k)) - ratio(metric, down.reshape(k, k))) / (2 * h)
    jacobian = np.nan_to_num(jacobian)
    return jacobian @ (np.diag(p) - np.outer(p, p)) @ jacobian.T / n


def mean_interval(metric, c, weights=None):
    c = np.array(c, dtype=float)
    occurs = (c.sum(axis=0) + c.sum(axis=1)) > 0
    w = np.where(occurs, 1.0 if weights is None else weights, 0.0)
    w = w / w.sum()
    value = np.nan_to_num(ratio(metric, c))
    ends = np.array([label_interval(metric, c, i) for i in range(len(c))])
    cov = covariance(metric, c)
    error = np.sqrt(np.diag(cov))
    constant = error < 1e-9
    scale = np.where(constant, 1.0, error)
    correlation = np.where(constant[:, None] | constant[None, :], 0.0, cov / np.outer(scale, scale))
    np.fill_diagonal(correlation, 1.0)
    mean = (w * value).sum()
    below, above = w * (value - ends[:, 0]), w * (ends[:, 1] - value)
    return mean, max(mean - np.sqrt(below @ correlation @ below), 0), min(mean + np.sqrt(above @ correlation @ above), 1)


def figures():
    for name, c in MATRICES.items():
        c = np.array(c)
        for metric in METRICS:
            yield name, metric, -1, *mean_interval(metric, c)
            for i in range(min(len(c), 3)):
                value = ratio(metric, c.astype(float))[i]
                low, high = label_interval(metric, c, i)
                yield name, metric, i, value, *((low, high) if not np.isnan(value) else (np.nan, np.nan))
        weights = np.arange(1, len(c) + 1)
        yield name, "wIoU", -1, *mean_interval("IoU", c, weights)
        yield name, "Accuracy", -1, np.trace(c) / c.sum(), *wilson(np.trace(c), c.sum())


def coverage(rng, simulations=4000):
    """Share of samples whose interval holds the metric of the distribution they were drawn from."""
    for name in ["fashion", "flights", "small", "half right"]:
        p = np.array(MATRICES[name], dtype=float)
        p = p / p.sum()
        for n in [30, 100, 1000]:
            shares, narrow = [], []
            for metric in METRICS:
                truth = np.nan_to_num(ratio(metric, p)).mean()
                inside = inside_delta = total = 0
                for _ in range(simulations // (10 if len(p) > 5 else 4)):
                    c = rng.multinomial(n, p.ravel()).reshape(p.shape).astype(float)
                    if ((c.sum(axis=0) + c.sum(axis=1)) == 0).any():
                        continue
                    total += 1
                    value, low, high = mean_interval(metric, c)
                    half = Z * np.sqrt(covariance(metric, c).sum()) / len(p)
                    inside += low <= truth <= high
                    inside_delta += abs(value - truth) <= half
                shares.append(f"{inside / max(total, 1):.3f}" if total > 50 else "-")
                narrow.append(f"{inside_delta / max(total, 1):.3f}" if total > 50 else "-")
            print(f"{name:12s} n = {n:5d}  " + "  ".join(f"{m} {s} (delta method {d})" for m, s, d in zip(METRICS, shares, narrow)))


def mean_absolute_error():
    """Student's intervals: of all delays, of the first ten (50 %), of all in 200 units with a design effect of 3.5."""
    with gzip.open("test/data/delays.csv.gz", "rt") as file:
        e = np.array([abs(float(r["true_delay"]) - float(r["pred_delay"])) for r in sorted(csv.DictReader(file), key=lambda r: int(r["id"]))])
    for sample, level, df, effect in [(e, 0.95, len(e) - 1, 1), (e[:10], 0.5, 9, 1), (e, 0.95, 199, 3.5)]:
        yield stats.t.interval(level, df, loc=sample.mean(), scale=sample.std(ddof=1) * np.sqrt(effect / len(sample)))


def sql(x):
    return "NULL" if x != x else repr(float(x))


if __name__ == "__main__":
    if sys.argv[1:] == ["coverage"]:
        coverage(np.random.default_rng(1))
    else:
        for name, c in MATRICES.items():
            print(f"('{name}', '{json.dumps(dict(labels=[chr(97 + i) for i in range(len(c))], counts=c))}'),")
        for name, metric, label, *numbers in figures():
            print(f"('{name}', '{metric}', {label}, {', '.join(sql(x) for x in numbers)}),")
        for low, high in mean_absolute_error():
            print(f"MAE: {sql(low)}, {sql(high)}")

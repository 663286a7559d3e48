#!/usr/bin/env python3
"""Figures for test/metrics.sql, from scikit-learn (and fractions, where doubles would not do).

    python3 test/oracle/metrics.py matrices/*.json

reads confusion matrices in the text form of fma_confusion (one object {name:
matrix, ...} per file) beside those below and prints SQL rows: name, matrix,
metric, figure. The figures in test/metrics.sql were made with scikit-learn 1.2.
"""
import json
import sys
from fractions import Fraction

import numpy as np
from sklearn import metrics as m

MATRICES = {
    # a label only among the truths, and one only among the predictions
    "one sided": {"labels": ["a", "b", "c", "d"], "counts": [[8, 1, 0, 1], [2, 6, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]]},
    "one class": {"labels": ["a"], "counts": [[7]]},
    "never right": {"labels": ["a", "b", "c"], "counts": [[0, 3, 1], [2, 0, 2], [5, 1, 0]]},
    "one prediction": {"labels": ["0", "1", "2"], "counts": [[5, 0, 0], [2, 0, 0], [9, 0, 0]]},
    "one truth": {"labels": ["0", "1", "2"], "counts": [[0, 0, 0], [5, 3, 1], [0, 0, 0]]},
    "two by two": {"labels": ["0", "1"], "counts": [[90, 4], [3, 3]]},
    "ordinal": {"labels": ["1", "2", "3", "4", "10"],
                "counts": [[9, 3, 1, 0, 0], [2, 7, 3, 1, 0], [0, 2, 8, 2, 1], [0, 0, 3, 6, 2], [1, 0, 0, 2, 5]]},
    "weighted": {"labels": ["a", "b", "c"], "counts": [[3, 1, 1], [2, 4, 0], [1, 1, 2]],
                 "weights": [[0.75, 0.1, 1e-3], [2.5, 4.125, 0], [0.3, 1e3, 2]]},
}


def expand(matrix):
    """One sample a cell, its count or weight as the sample's weight."""
    table = np.array(matrix.get("weights", matrix["counts"]), dtype=float)
    truth, prediction = np.nonzero(table)
    return truth, prediction, table[truth, prediction]


def figures(matrix):
    t, p, w = expand(matrix)
    for average in ("macro", "micro", "weighted"):
        options = {"average": average, "sample_weight": w, "zero_division": 0}
        yield f"precision {average}", m.precision_score(t, p, **options)
        yield f"recall {average}", m.recall_score(t, p, **options)
        yield f"f1 {average}", m.f1_score(t, p, **options)
        yield f"iou {average}", m.jaccard_score(t, p, **options)
    yield "accuracy", m.accuracy_score(t, p, sample_weight=w)
    # scikit-learn takes labels without support out of this mean with a warning
    yield "balanced accuracy", m.recall_score(t, p, average="macro", labels=sorted(set(t)), sample_weight=w)
    degenerate = len(set(t)) == 1 or len(set(p)) == 1
    yield "mcc", None if degenerate else m.matthews_corrcoef(t, p, sample_weight=w)
    same = len(set(t)) == 1 and set(t) == set(p)
    for weighting in (None, "linear", "quadratic"):
        kappa = None if same else m.cohen_kappa_score(
            t, p, labels=range(len(matrix["labels"])), weights=weighting, sample_weight=w)
        yield f"kappa {weighting or 'none'}", kappa


def exact_mcc_squared(counts):
    """The square of the correlation coefficient, as a fraction."""
    n = len(counts)
    s = sum(map(sum, counts))
    rows = [sum(r) for r in counts]
    columns = [sum(r[k] for r in counts) for k in range(n)]
    cross = sum(counts[k][k] for k in range(n)) * s - sum(a * b for a, b in zip(rows, columns))
    return Fraction(cross * cross, (s * s - sum(a * a for a in rows)) * (s * s - sum(b * b for b in columns)))


def main():
    matrices = dict(MATRICES)
    for path in sys.argv[1:]:
        matrices.update(json.load(open(path)))
    for name, matrix in matrices.items():
        for metric, figure in figures(matrix):
            print(f"('{name}', '{metric}', {'NULL' if figure is None else repr(float(figure))}),")
    for counts in ([[10**15, 1], [1, 1]], [[10**15, 3, 2], [5, 10**15, 1], [1, 1, 1]]):
        print("--", counts, "mcc", repr(float(exact_mcc_squared(counts)) ** 0.5))


main()

"""Figures that test/scores.sql compares with.

Run in the project's directory with Python 3, numpy, scipy and scikit-learn:

    python3 test/oracle/scores.py

and put the printed rows into the test. The data are the flights of
examples/flights (49,917 real predictions): all, as they are and with scores
rounded to two decimals, so that most are tied; and some airports, down to one
with nine flights.
"""
import csv
import gzip

import numpy as np
from scipy.stats import norm
from sklearn.metrics import average_precision_score, roc_auc_score


def delong(score, positive, level):
    """The area and its interval, by every row's placement value."""
    p, n = np.sort(score[positive]), np.sort(score[~positive])
    of_positives = (np.searchsorted(n, p, "left") + np.searchsorted(n, p, "right")) / 2 / len(n)
    of_negatives = 1 - (np.searchsorted(p, n, "left") + np.searchsorted(p, n, "right")) / 2 / len(p)
    area = of_positives.mean()
    reach = norm.ppf(1 - (1 - level) / 2) * np.sqrt(
        of_positives.var(ddof=1) / len(p) + of_negatives.var(ddof=1) / len(n))
    return area, max(area - reach, 0), min(area + reach, 1)


def adaptive_ece(confidence, correct, bins):
    """By definition: bin = floor(bins * rows strictly below / rows)."""
    below = np.searchsorted(np.sort(confidence), confidence, "left")
    bin_of = bins * below // len(confidence)
    return sum(abs(np.sum(confidence[bin_of == b]) - np.sum(correct[bin_of == b])) for b in range(bins)) / len(confidence)


with gzip.open("examples/flights/predictions.csv.gz", "rt") as f:
    rows = list(csv.DictReader(f))

late = np.array([r["true_label"] == "late" for r in rows])
correct = np.array([r["true_label"] == r["pred_label"] for r in rows])
score = np.array([float(r["p_late"]) for r in rows])
confidence = np.array([float(r["confidence"]) for r in rows])
origin = np.array([r["origin"] for r in rows])

sets = [("all", np.full(len(rows), True), lambda x: x), ("tied", np.full(len(rows), True), lambda x: np.round(x, 2))]
sets += [(code, origin == code, lambda x: x) for code in ("ATL", "DCA", "SJU", "ORH")]
for name, mask, change in sets:
    s, c, y, k = change(score)[mask], change(confidence)[mask], late[mask], correct[mask]
    area, low, high = delong(s, y, 0.95)
    _, low80, high80 = delong(s, y, 0.8)
    assert abs(area - roc_auc_score(y, s)) < 1e-14
    figures = [roc_auc_score(y, s), low, high, low80, high80, average_precision_score(y, s)]
    figures += [adaptive_ece(c, k, bins) for bins in (1, 10, 15, 1000)]
    print("\t('%s', %d, %s)," % (name, len(s), ", ".join(repr(float(x)) for x in figures)))

"""Figures that test/regression.sql compares with, in exact fractions.

Run in the project's directory with Python 3, numpy and scikit-learn:

    python3 test/oracle/regression.py

and put the printed rows into the test. The data: 20,000 real flights
(test/data/delays.csv.gz) by id modulo 3 and all, and truths that differ from a
large number by little, made by the same formulas as in the test. The flights are
a tenth of those that examples/README.md draws from; delays are in minutes.
"""
import csv
import gzip
import struct
from fractions import Fraction
from math import isqrt

import numpy as np
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score


def root(fraction):
    """Square root of a fraction, rounded to a double."""
    shift = 400
    return float(Fraction(isqrt((fraction.numerator << (2 * shift)) // fraction.denominator), 1 << shift))


def exact(truth, prediction):
    """n, MAE, RMSE, R^2 and bias of the doubles given, rounded only at the end."""
    y = [Fraction(v) for v in truth]
    errors = [Fraction(p) - v for v, p in zip(y, map(Fraction, prediction))]
    n = len(y)
    mean = sum(y) / n
    variation = sum((v - mean) ** 2 for v in y)
    squares = sum(e * e for e in errors)
    return [n, float(sum(map(abs, errors)) / n), root(squares / n), float(1 - squares / variation), float(sum(errors) / n)]


def show(name, figures):
    print("\t('%s', %s)," % (name, ", ".join(map(repr, figures))))


with gzip.open("test/data/delays.csv.gz", "rt") as f:
    rows = [(int(r["id"]), float(r["true_delay"]), float(r["pred_delay"])) for r in csv.DictReader(f)]
for name, chosen in [("delays", rows)] + [("delays %d" % k, [r for r in rows if r[0] % 3 == k]) for k in range(3)]:
    y, p = np.array([r[1] for r in chosen]), np.array([r[2] for r in chosen])
    figures = exact(y, p)
    assert np.allclose(figures[1:], [mean_absolute_error(y, p), mean_squared_error(y, p) ** 0.5, r2_score(y, p), np.mean(p - y)], rtol=1e-9)
    show(name, figures)

numbers = range(1, 10001)
noise = [float(i * 7919 % 1000) for i in numbers]
show("1e9 and thousandths", exact([1e9 + v / 1e6 for v in noise], [1e9 + v / 2e6 for v in noise]))
show("1e15 and units", exact([1e15 + v for v in noise], [1e15 + v + 1 for v in noise]))
show("1e9 and a bit", exact([1e9 + i % 2 * 2.0 ** -23 for i in numbers], [1e9 for i in numbers]))
show("outlier first", exact([0.0 if i == 1 else 1e9 + i % 7 for i in numbers], [0.0 if i == 1 else 1e9 + i % 5 for i in numbers]))
show("tiny and huge", exact([(-1) ** i * 10.0 ** (i % 60 - 30) for i in numbers], [0.0 for i in numbers]))

# Rows (1, 2), (2, 2.5), (4, 3) in the binary form: version, n, truth_low, truth_high, three parts of each sum
sums = [0.5, 2.5, 2.25, 7.0, 21.0]
print("frozen bytes:", (b"\x01" + struct.pack(">qdd", 3, 1.0, 4.0) + b"".join(struct.pack(">ddd", s, 0, 0) for s in sums)).hex())

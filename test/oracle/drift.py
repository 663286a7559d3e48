#!/usr/bin/python3
"""The figures of test/drift.sql: distances of the columns of two populations by SciPy, and the parts of a change of a rate.

    /usr/bin/python3 test/oracle/drift.py | gzip -9n > test/data/drift.csv.gz

Needs numpy and scipy. Conditions are found by slices.py beside this script, row by row. A line is
    drift, pair, column, NULL, {cells, psi, jensen_shannon, hellinger, total_variation, chi_square, chi_square_p, ks, ks_p, wasserstein}
or  explain, pair, column, condition, {n_reference, n_current, rate_reference, rate_current, mix, rate, p}
"""
import csv
import math
import sys
from fractions import Fraction

import numpy as np
from scipy import stats
from scipy.spatial.distance import jensenshannon

import slices

PAIRS = {
    'insurance': ('insurance', lambda r: r['gender'] == 'female', 'failed', dict(
        ethnicity='text', region='text', age='int', family='int', health='text', limit='text', loss='float')),
    'insurance loss': ('insurance', lambda r: r['married'] == 'yes', 'loss', dict(education='text', region='text', age='int', family='int')),
    'stops': ('stops', lambda r: r['ts'] >= '2017-10-01', 'failed', dict(
        precinct='int', neighborhood='text', hour='int', dow='int', race='text', gender='text', pre_race='text', person_search='text', citation_issued='text')),
    'scenes': ('scenes', lambda r: r['place'] == 'brick', 'pixel_accuracy', dict(
        n_objects='int', conf_mean='float', brightness='float', contrast='float')),
}


def cells(name, rows, kind, side):
    found = slices.conditions(name, [r[name] for r in rows], kind)
    return [(text, int((inside & ~side).sum()), int((inside & side).sum()), inside) for text, inside in found]


def drift(name, rows, kind, side):
    a, b = (np.array([c[i] for c in cells(name, rows, kind, side)]) for i in (1, 2))
    n, m = a.sum(), b.sum()
    p, q = a / n, b / m
    p0, q0 = np.maximum(a, 0.5) / n, np.maximum(b, 0.5) / m
    rare = (a + b) * min(n, m) / (n + m) < 5
    table = np.array([np.append(x[~rare], x[rare].sum() if rare.any() else []) for x in (a, b)])
    table = table[:, table.sum(axis=0) > 0]
    chi = stats.chi2_contingency(table, correction=False)[:2] if table.shape[1] > 1 else (math.nan, math.nan)
    ks = ks_p = wasserstein = math.nan
    if kind != 'text':
        x, y = ([float(r[name]) for r, s in zip(rows, side) if r[name] != '' and s == which] for which in (False, True))
        ks = stats.ks_2samp(x, y).statistic
        root = math.sqrt(len(x) * len(y) / (len(x) + len(y)))
        ks_p = stats.kstwobign.sf((root + 0.12 + 0.11 / root) * ks)
        wasserstein = stats.wasserstein_distance(x, y)
    return [len(a), ((p0 - q0) * np.log(p0 / q0)).sum(), jensenshannon(p, q, base=2), math.sqrt(((np.sqrt(p) - np.sqrt(q))**2).sum() / 2),
            abs(p - q).sum() / 2, *chi, ks, ks_p, wasserstein]


def explain(name, rows, kind, side, loss, boolean):
    total = [len(loss) - int(side.sum()), int(side.sum())]
    sums = [sum(x for x, s in zip(loss, side) if s == which) for which in (False, True)]
    middle = (sums[0] / total[0] + sums[1] / total[1]) / 2
    result, parts = [], [0, 0]
    for text, a, b, inside in cells(name, rows, kind, side):
        part = [[x for x, i, s in zip(loss, inside, side) if i and s == which] for which in (False, True)]
        if a + b == 0:
            continue
        rate = [sum(x) / len(x) if x else None for x in part]
        filled = [r if r is not None else rate[1 - i] for i, r in enumerate(rate)]
        share = [Fraction(a, total[0]), Fraction(b, total[1])]
        mix = (share[1] - share[0]) * ((filled[0] + filled[1]) / 2 - middle)
        by_rate = (filled[1] - filled[0]) * (share[0] + share[1]) / 2
        if a == 0 or b == 0:
            p = math.nan
        elif boolean:
            p = slices.p_boolean(int(sum(part[1])), b, int(sum(part[0]) + sum(part[1])), a + b)
        else:
            p = stats.ttest_ind([float(x) for x in part[1]], [float(x) for x in part[0]], equal_var=False).pvalue if min(a, b) > 1 else math.nan
        parts = [parts[0] + mix, parts[1] + by_rate]
        result.append((text, [a, b, *(math.nan if r is None else float(r) for r in rate), float(mix), float(by_rate), p]))
    assert parts[0] + parts[1] == sums[1] / total[1] - sums[0] / total[0], 'the parts add up exactly'
    result.append((None, [*total, float(sums[0] / total[0]), float(sums[1] / total[1]), float(parts[0]), float(parts[1]), None]))
    return result


def main():
    out = csv.writer(sys.stdout, lineterminator='\n')
    numbers = lambda x: '{%s}' % ','.join('NULL' if v is None or math.isnan(v) else repr(float(v)) for v in x)
    for label, (table, current, loss_name, columns) in PAIRS.items():
        rows = slices.read(table)
        side = np.array([current(r) for r in rows])
        boolean = loss_name == 'failed'
        loss = [Fraction(int(r[loss_name] == 't')) if boolean else Fraction(float(r[loss_name])) for r in rows]
        for name, kind in columns.items():
            slices.BINS = 10
            out.writerow(['drift', label, name, '', numbers(drift(name, rows, kind, side))])
            slices.BINS = 5
            for condition, figures in explain(name, rows, kind, side, loss, boolean) if name != loss_name else []:
                out.writerow(['explain', label, name, condition, numbers(figures)])


main()

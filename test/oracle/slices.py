#!/usr/bin/python3
"""Brute force for test/slices_oracle.sql: every slice of real data sets, counted row by row, and the hotspots among them.

    /usr/bin/python3 test/oracle/slices.py | gzip -9n > test/data/slices_oracle.csv.gz

Needs numpy and scipy. Nothing is shared with the extension: conditions are found
from the definitions in doc/slices.md, rows are compared one by one as sets, p comes from scipy.
"""
import csv
import gzip
import itertools
import math
import os
import sys
from fractions import Fraction

import numpy as np
from scipy import stats

HERE = os.path.dirname(os.path.abspath(__file__))
BINS, FEW, MAX_VALUES = 5, 10, 50


def read(name):
    with gzip.open(os.path.join(HERE, '..', 'data', name + '.csv.gz'), 'rt') as f:
        return list(csv.DictReader(f))


def shown(x):
    text = repr(x)
    return text[:-2] if text.endswith('.0') else text


def conditions(name, values, kind):
    """[(text, rows)] of a column; kind is text, int or float."""
    known = [v for v in values if v != '']
    number = {'text': str, 'int': int, 'float': float}[kind]
    x = [None if v == '' else number(v) for v in values]
    distinct = sorted(set(v for v in x if v is not None), key=lambda v: v.encode() if kind == 'text' else v)
    result = []
    if kind == 'text' or len(distinct) <= FEW:
        frequency = {d: 0 for d in distinct}
        for v in x:
            if v is not None:
                frequency[v] += 1
        order = {d: i for i, d in enumerate(distinct)}
        kept = sorted(sorted(distinct, key=lambda d: (-frequency[d], order[d]))[:MAX_VALUES], key=lambda d: order[d])
        for d in kept:
            result.append(('%s = %s' % (name, d if kind == 'text' else shown(d)), [v == d for v in x]))
        if len(distinct) > len(kept):
            result.append(('%s = (other)' % name, [v is not None and v not in kept for v in x]))
    else:
        m = len(known)
        below = {}
        total = 0
        for d in distinct:
            below[d] = total
            total += sum(1 for v in x if v == d)
        edges = []
        for j in range(1, BINS):
            rank = Fraction(j * m, BINS)
            at = sorted(v for v in x if v is not None)[int(rank)]
            above = [d for d in distinct if d > at]
            choices = [d for d in [at] + above[:1] if below[d] > 0]
            if choices:
                edge = min(choices, key=lambda d: (abs(below[d] - rank), below[d]))
                if edge not in edges:
                    edges.append(edge)
        edges.sort()
        for low, high in zip([None] + edges, edges + [None]):
            rows = [v is not None and (low is None or v >= low) and (high is None or v < high) for v in x]
            if kind == 'int':
                last = None if high is None else high - 1
                text = ('%s <= %d' % (name, last) if low is None else '%s >= %d' % (name, low) if high is None else
                        '%s = %d' % (name, low) if low == last else '%s in [%d, %d]' % (name, low, last))
            else:
                text = ('%s < %s' % (name, shown(high)) if low is None else '%s >= %s' % (name, shown(low)) if high is None else
                        '%s in [%s, %s)' % (name, shown(low), shown(high)))
            result.append((text, rows))
    if any(v is None for v in x):
        result.append(('%s is null' % name, [v is None for v in x]))
    return [(text, np.array(rows)) for text, rows in result]


def fisher(k, n, failures, rows):
    """Two-sided: all outcomes no more likely than k, within 1e-7."""
    support = np.arange(max(0, n + failures - rows), min(n, failures) + 1)
    log = stats.hypergeom.logpmf(support, rows, failures, n)
    here = stats.hypergeom.logpmf(k, rows, failures, n)
    return min(1.0, math.fsum(np.exp(log[log <= here + math.log1p(1e-7)])))


def p_boolean(k, n, failures, rows):
    rest = rows - n
    if min(failures, rows - failures) / rows * min(n, rest) >= 5:
        rate = failures / rows
        z = (k / n - (failures - k) / rest) / math.sqrt(rate * (1 - rate) * (1 / n + 1 / rest))
        p = 2 * stats.norm.sf(abs(z))
        if p >= 0.01:
            return p
    return fisher(k, n, failures, rows)


def p_units(inside, loss, unit, boolean):
    """From the sums of the units, each computed for itself; see doc/slices.md."""
    n, rest, rows = inside.sum(), (~inside).sum(), len(loss)
    units = [unit == u for u in np.unique(unit)]
    if boolean:
        rate = loss.mean()
        row = np.where(inside, (loss - rate) / n, -(loss - rate) / rest)
        effect = max(1.0, sum(row[u].sum() ** 2 for u in units) / (row ** 2).sum())
        a, b = loss[inside].sum(), loss[~inside].sum()
        n, rest, a, b = (int(np.rint(x / effect)) for x in (n, rest, a, b))
        return p_boolean(a, n, a + b, n + rest)
    parts = []
    for part, size in ((inside, n), (~inside, rest)):
        mean = loss[part].mean()
        sums = np.array([(loss[u & part] - mean).sum() / size for u in units])
        touched = sum(1 for u in units if (u & part).any())
        if touched < 2:
            return float('nan')
        parts.append((mean, sums, touched, (sums ** 2).sum() * touched / (touched - 1)))
    (mean_a, sums_a, touched_a, a), (mean_b, sums_b, touched_b, b) = parts
    t = (mean_a - mean_b) / math.sqrt(a + b - 2 * (sums_a * sums_b).sum())
    return 2 * stats.t.sf(abs(t), (a + b) ** 2 / (a * a / (touched_a - 1) + b * b / (touched_b - 1)))


def search(label, columns, loss, boolean, order, unit=None):
    rows = len(loss)
    min_rows = max(30, math.ceil(math.sqrt(rows)))
    features = [conditions(*c) for c in columns]
    seen, found = {}, []
    for size in range(1, order + 1):
        for chosen in itertools.combinations(range(len(features)), size):
            for parts in itertools.product(*(features[f] for f in chosen)):
                inside = parts[0][1]
                for part in parts[1:]:
                    inside = inside & part[1]
                n = int(inside.sum())
                if n < min_rows or n == rows or inside.tobytes() in seen:
                    continue
                seen[inside.tobytes()] = True
                a, b = loss[inside], loss[~inside]
                if unit is not None:
                    p = p_units(inside, loss, unit, boolean)
                elif boolean:
                    p = p_boolean(int(a.sum()), n, int(loss.sum()), rows)
                else:
                    p = stats.ttest_ind(a, b, equal_var=False).pvalue
                found.append([label, ' and '.join(t for t, _ in parts), n, math.fsum(a), math.fsum(b) / (rows - n), p])
    ranks = sorted(range(len(found)), key=lambda i: found[i][5])
    q = 1.0
    for place in range(len(ranks), 0, -1):
        q = min(q, found[ranks[place - 1]][5] * len(found) / place)
        found[ranks[place - 1]].append(q)
    return found


def p_worse(inside, general, loss, boolean):
    """One-sided: the slice against what the more general one has besides it."""
    a, b = loss[inside], loss[general & ~inside]
    if not boolean:
        return stats.ttest_ind(a, b, equal_var=False, alternative='greater').pvalue
    k, n, failures, rows = int(a.sum()), len(a), int(a.sum() + b.sum()), len(a) + len(b)
    if min(failures, rows - failures) / rows * min(n, rows - n) >= 5:
        rate = failures / rows
        p = stats.norm.sf((k / n - b.mean()) / math.sqrt(rate * (1 - rate) * (1 / n + 1 / (rows - n))))
        if p >= 0.01:
            return p
    return stats.hypergeom.sf(k - 1, rows, failures, n)


def p_hotspot(parts, loss, boolean, left):
    """The largest p against all rows and each slice with one condition less, of the rows that are left."""
    inside = np.logical_and.reduce(parts) & left
    general = [left] + ([np.logical_and.reduce(parts[:i] + parts[i + 1:]) & left for i in range(len(parts))] if len(parts) > 1 else [])
    largest = 0.0
    for g in general:
        if g.sum() == inside.sum():
            continue
        if loss[inside].sum() * g.sum() <= loss[g].sum() * inside.sum():
            return 1.0
        largest = max(largest, p_worse(inside, g, loss, boolean))
    return largest


def ratio(inside, left, loss, boolean):
    a, b = loss[inside & left], loss[left & ~inside]
    if len(a) == 0 or len(b) == 0 or a.mean() <= b.mean():
        return 0.0
    if not boolean:
        return (a.mean() - b.mean()) ** 2 / (a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b)) / 2

    def log_likelihood(x):
        return stats.bernoulli.logpmf(x, x.mean()).sum()
    return log_likelihood(a) + log_likelihood(b) - log_likelihood(loss[left])


def hotspots(label, columns, loss, boolean, order, fdr=0.05, min_lift=1.1):
    rows = len(loss)
    min_rows = max(30, math.ceil(math.sqrt(rows)))
    features = [conditions(*c) for c in columns]
    everything = np.ones(rows, dtype=bool)
    seen, tested = set(), []
    for size in range(1, order + 1):
        for chosen in itertools.combinations(range(len(features)), size):
            for parts in itertools.product(*(features[f] for f in chosen)):
                inside = np.logical_and.reduce([p[1] for p in parts])
                if min_rows <= inside.sum() < rows and inside.tobytes() not in seen:
                    seen.add(inside.tobytes())
                    tested.append((p_hotspot([p[1] for p in parts], loss, boolean, everything), parts, inside))
    ranked = sorted(p for p, _, _ in tested)
    cut = max([p for i, p in enumerate(ranked) if p * len(ranked) <= fdr * (i + 1)], default=-1.0)
    candidates = [(parts, inside) for p, parts, inside in tested if p <= cut and loss[inside].mean() >= min_lift * loss.mean()]
    left, found = everything.copy(), []
    while True:
        best = (0.0, None)
        for parts, inside in candidates:
            here = inside & left
            if min_rows <= here.sum() < left.sum() and loss[here].mean() >= min_lift * loss[left].mean():
                score = ratio(inside, left, loss, boolean)
                if score > best[0] + 1e-9 and p_hotspot([p[1] for p in parts], loss, boolean, left) <= cut:
                    best = (score, parts, inside)
        if best[1] is None:
            return found
        inside = best[2]
        found.append([label, ' and '.join(t for t, _ in best[1]), int(inside.sum()), math.fsum(loss[inside]),
                      loss[~inside].mean(), p_hotspot([p[1] for p in best[1]], loss, boolean, everything), best[0]])
        left &= ~inside


def column(rows, name, kind):
    return name, [r[name] for r in rows], kind


def main():
    insurance, stops, scenes = read('insurance'), read('stops'), read('scenes')
    people = [column(insurance, c, 'text') for c in ('gender', 'ethnicity', 'region', 'health', 'selfemp')] + \
        [column(insurance, c, 'int') for c in ('age', 'family')]
    places = [column(stops, 'precinct', 'int'), column(stops, 'neighborhood', 'text'), column(stops, 'hour', 'int'),
              column(stops, 'gender', 'text'), column(stops, 'citation_issued', 'text')]
    views = [column(scenes, 'place', 'text'), column(scenes, 'n_objects', 'int')] + \
        [column(scenes, c, 'float') for c in ('conf_mean', 'brightness', 'contrast')]
    ages = np.array([r['age'] for r in insurance])
    failed = lambda rows: np.array([r['failed'] == 't' for r in rows], dtype=float)
    out = csv.writer(sys.stdout, lineterminator='\n')
    out.writerow(['search', 'slice', 'n', 'total', 'rest_rate', 'p', 'q'])
    for found in (search('insurance failed', people, failed(insurance), True, 3),
                  search('insurance loss', people, np.array([float(r['loss']) for r in insurance]), False, 3),
                  search('insurance failed by age', people[:5] + people[6:], failed(insurance), True, 3, ages),
                  search('insurance loss by age', people[:5] + people[6:], np.array([float(r['loss']) for r in insurance]), False, 3, ages),
                  hotspots('hotspots of insurance failed', people, failed(insurance), True, 3),
                  hotspots('hotspots of insurance loss', people, np.array([float(r['loss']) for r in insurance]), False, 2),
                  hotspots('hotspots of stops failed', places, failed(stops), True, 2),
                  search('stops failed', places, failed(stops), True, 3),
                  search('scenes loss', views, np.array([float(r['pixel_accuracy']) for r in scenes]), False, 3)):
        for row in found:
            out.writerow(row[:3] + ['%.13g' % v for v in row[3:]])


if __name__ == '__main__':
    main()

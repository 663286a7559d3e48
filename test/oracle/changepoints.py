#!/usr/bin/python3
"""Brute force for test/changepoints.sql: optimal partitioning of series by trying every last cut, and exact p-values.

    /usr/bin/python3 test/oracle/changepoints.py | gzip -9n > test/data/changepoints.csv.gz
    /usr/bin/python3 test/oracle/changepoints.py p      the p-values that stand in the test

Needs numpy. Nothing is shared with the extension: the cost of every segment is computed, none is pruned, from
the definitions in doc/changepoints.md. A line is a series: its name, the kind of loss, rows and losses of the periods,
penalty, least periods, and what must come out: places of the cuts, their evidence, the dispersion.
"""
import csv
import gzip
import itertools
import math
import os
import sys
from collections import Counter
from datetime import date

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
MEDIAN = 0.67448975019608174320


def xlogx(x, y):
    return x * math.log(x / y) if x > 0 else 0.0


def dispersion(rate, n, total, explained):
    """Median of squared differences at distances of 1 to 7 periods; rows of few failures are joined first."""
    p = sum(total) / sum(n)
    enough = (10 / min(p, 1 - p) if 0 < p < 1 else math.inf) if rate else 1
    blocks, rows, loss = [], 0, 0
    for a, b in zip(n, total):
        rows, loss = rows + a, loss + b
        if rows >= enough:
            blocks.append((rows, loss))
            rows, loss = 0, 0
    squares, first = [], []
    for lag in range(1, max(min(7 * len(blocks) // len(n), len(blocks) // 10), 1) + 1):
        for (n1, k1), (n2, k2) in zip(blocks, blocks[lag:]):
            q = (k1 + k2) / (n1 + n2)
            variance = (q * (1 - q) if rate else 1) * (1 / n1 + 1 / n2)
            z = (k2 / n2 - k1 / n1) / math.sqrt(variance) if variance > 0 else 0
            squares.append(z * z)
            if lag == 1:
                first.append(z * z)
    result = 1 if explained else sum(first) / max(len(first), 1)
    return max(result, float(np.median(squares)) / MEDIAN**2) if len(squares) >= 3 else result


def cut(rate, n, total, penalty, least, phi, of_equals=min):
    """The best of all partitions, by the last cut."""
    T = len(n)
    N, K = np.concatenate([[0], np.cumsum(n)]), np.concatenate([[0], np.cumsum(total)])

    def likelihood(a, b):
        rows, loss = N[b] - N[a], K[b] - K[a]
        return (xlogx(loss, rows) + xlogx(rows - loss, rows) if rate else loss * loss / (2 * rows)) / phi

    beta = penalty * math.log(T)
    best, last = {0: -beta}, {}
    for end in range(least, T + 1):
        costs = [(best[s] + beta - likelihood(s, end), s) for s in range(0, end - least + 1) if s in best]
        if costs:
            best[end] = min(costs)[0]
            last[end] = of_equals(s for cost, s in costs if cost <= best[end] + 1e-9)
    cuts, end = [], T
    while end in last and last[end] > 0:
        end = last[end]
        cuts.insert(0, end)
    edges = [0] + cuts + [T]
    evidence = [likelihood(a, b) + likelihood(b, c) - likelihood(a, c) for a, b, c in zip(edges, edges[1:], edges[2:])]
    return cuts, evidence


def series(name, rate, losses, penalty, least):
    """losses: a list of losses for each period"""
    losses = [np.array(x, dtype=float) for x in losses]
    n = [len(x) for x in losses]
    explained = True
    if rate:
        total, unit, mean = [float(x.sum()) for x in losses], 1, 0
    else:
        mean = float(np.mean(np.concatenate(losses)))
        freedom = sum(n) - len(n)
        within = sum(float(((x - x.mean())**2).sum()) for x in losses)
        explained = freedom >= len(n) and within > 0
        unit = math.sqrt(within / freedom) if explained else max(abs(float(x.mean()) - mean) for x in losses)
        total = [float((x - mean).sum()) / unit if unit > 0 else 0 for x in losses]
    phi = dispersion(rate, n, total, explained)
    cuts, evidence = cut(rate, n, total, penalty, least, phi) if phi > 0 else ([], [])
    if phi > 0 and cut(rate, n, total, penalty, least, phi, max)[0] != cuts:
        return None  # two partitions are as good
    return name, rate, losses, penalty, least, cuts, evidence, phi


def write(out, result, stored=True):
    if result is None:
        return
    name, rate, losses, penalty, least, cuts, evidence, phi = result
    out.writerow([name, 'boolean' if rate else 'float8',
                  '{%s}' % ','.join(str(len(x)) for x in losses) if stored else '',
                  '{%s}' % ','.join(repr(float(y)) if not rate else str(int(y)) for x in losses for y in x) if stored else '',
                  penalty, least, '{%s}' % ','.join(map(str, cuts)), '{%s}' % ','.join(map(repr, map(float, evidence))), repr(float(phi))])


def main():
    out = csv.writer(sys.stdout, lineterminator='\n')
    random = np.random.default_rng(6)
    for number in range(70):
        T = int(random.integers(2, 90))
        size = int(random.choice([1, 3, 20, 60]))
        segments = int(random.integers(1, 5))
        levels = random.choice([0.0, 0.02, 0.1, 0.3, 0.6, 1.0], segments)
        starts = np.sort(random.integers(0, T, segments))
        rate = number % 3 > 0
        losses = []
        for t in range(T):
            p = levels[np.searchsorted(starts[1:], t, 'right')]
            rows = int(random.integers(1, size + 1))
            losses.append((random.random(rows) < p).astype(int) if rate else
                          np.round(random.normal(3 * p, 1, rows), 6) * [1, 1e6, 1e-9][number // 3 % 3])
        penalty = float(random.choice([0.25, 0.5, 1, 2, 3]))
        write(out, series('random %d' % number, rate, losses, penalty, int(random.choice([1, 1, 2, 5]))))
    write(out, series('constant within periods', False, [[5.0] * 3] * 10 + [[6.0] * 2] * 4, 2, 1))
    write(out, series('constant', False, [[0.1] * 3] * 10, 2, 1))
    write(out, series('no failures', True, [[0] * 3] * 10, 2, 1))
    write(out, series('nothing but failures', True, [[1] * 3] * 10, 1, 1))
    write(out, series('first none, then all', True, [[0] * 3] * 10 + [[1] * 3] * 10, 2, 1))
    write(out, series('one period', True, [[0, 1, 1]], 2, 1))
    write(out, series('two periods', True, [[0] * 30, [1] * 30], 2, 1))
    stops = list(csv.DictReader(gzip.open(os.path.join(HERE, '../data/stops.csv.gz'), 'rt')))
    days = {}
    for row in stops:
        day = date.fromisoformat(row['ts'][:10]).toordinal()
        days.setdefault(day, []).append(int(row['failed'] == 't'))
    weeks = {}
    for day, x in days.items():
        weeks.setdefault((day - 1) // 7, []).extend(x)
    for penalty in (0.25, 1, 2):
        write(out, series('stops by day', True, [days[d] for d in sorted(days)], penalty, 1), stored=False)
        write(out, series('stops by week', True, [weeks[w] for w in sorted(weeks)], penalty, 1), stored=False)


def exact_p(n, k, least):
    """p of the largest evidence for one cut, from all ways to place the failures."""
    def evidence(k):
        N, K = np.concatenate([[0], np.cumsum(n)]), np.concatenate([[0], np.cumsum(k)])
        f = lambda a, b: xlogx(K[b] - K[a], N[b] - N[a]) + xlogx(N[b] - N[a] - K[b] + K[a], N[b] - N[a])
        return max(f(0, i) + f(i, len(n)) - f(0, len(n)) for i in range(least, len(n) - least + 1))

    seen, total, large = evidence(k), 0, 0
    for other in itertools.product(*(range(x + 1) for x in n)):
        if sum(other) == sum(k):
            ways = math.prod(math.comb(a, b) for a, b in zip(n, other))
            total += ways
            large += ways * (evidence(other) >= seen * (1 - 1e-10))
    return large / total


def normal_p(n, seen, draws=400000):
    """The same for normal losses, by simulation of its own: the evidence is half the squared largest deviation of a bridge."""
    random = np.random.default_rng(1)
    n = np.array(n, dtype=float)
    walk = np.cumsum(random.normal(size=(draws, len(n))) * np.sqrt(n), axis=1)
    share = np.cumsum(n)[:-1] / n.sum()
    bridge = walk[:, :-1] - share * walk[:, -1:]
    return float(np.mean((bridge**2 / (2 * n.sum() * share * (1 - share))).max(axis=1) >= seen))


if sys.argv[1:] == ['p']:
    print(exact_p([6, 6, 6, 6, 6, 6], [0, 1, 0, 3, 3, 2], 1))
    print(exact_p([9, 2, 5, 7, 4], [1, 0, 1, 5, 3], 2))
    print(normal_p([1] * 12, 3.0), normal_p([5, 1, 9, 2, 2, 7, 3], 2.0))
else:
    main()

#!/usr/bin/python3
"""Brute force for test/spacetime_oracle.sql: every window of real data sets, and the best ones that share no place.

    /usr/bin/python3 test/oracle/spacetime.py > test/data/spacetime_oracle.csv

Needs numpy. Nothing is shared with the extension: distances are haversines, likelihood ratios are those of
Kulldorff's papers as they are printed, periods are counted with datetime, and no window is left out.
"""
import csv
import datetime
import gzip
import math
import os
import sys

import numpy as np

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
RADIUS = 6371.0088
CLUSTERS = 5


def read(name):
    path = os.path.join(ROOT, name)
    with (gzip.open(path, 'rt') if name.endswith('.gz') else open(path)) as f:
        return list(csv.DictReader(f))


def km(a, b):
    """a, b: (longitude, latitude) in degrees"""
    (l1, p1), (l2, p2) = [(math.radians(x), math.radians(y)) for x, y in (a, b)]
    h = math.sin((p1 - p2) / 2) ** 2 + math.cos(p1) * math.cos(p2) * math.sin((l1 - l2) / 2) ** 2
    return 2 * RADIUS * math.asin(math.sqrt(min(h, 1)))


def xlogy(x, y):
    return np.where(x > 0, x * np.log(np.where(x > 0, y, 1)), 0)


def bernoulli(c, n, C, N):
    with np.errstate(divide='ignore', invalid='ignore'):
        r = (xlogy(c, c / n) + xlogy(n - c, (n - c) / n) + xlogy(C - c, (C - c) / (N - n)) +
             xlogy(N - n - C + c, (N - n - C + c) / (N - n)) - C * math.log(C / N) - (N - C) * math.log((N - C) / N))
        return np.where((n > 0) & (n < N) & (c * N > C * n), r, 0)


def poisson(c, e, C):
    with np.errstate(divide='ignore', invalid='ignore'):
        r = xlogy(c, c / e) + xlogy(C - c, (C - c) / (C - e))
        return np.where((e > 0) & (c > e), r, 0)


def scan(name, rows, positions, periods, share=0.2, time_share=0.5):
    """rows: (failed, place, period, expected or None); positions: {place: (longitude, latitude)}, or None; periods: their number"""
    places = sorted(positions) if positions else [None]
    number = {p: i for i, p in enumerate(places)}
    P, T = len(places), periods
    n = np.zeros((P, T))
    c = np.zeros((P, T))
    e = np.zeros((P, T))
    for failed, place, period, expected in rows:
        n[number[place], period] += 1
        c[number[place], period] += failed
        if expected is not None:
            e[number[place], period] += expected
    N, C = n.sum(), c.sum()
    is_poisson = rows[0][3] is not None
    if not is_poisson:
        e = n * C / N
    longest = max(1, math.floor(time_share * T))

    circles = []        # (centre, places, radius)
    if not positions:
        circles.append((0, [0], 0))
    else:
        for i in range(P):
            order = sorted((km(positions[places[i]], positions[places[j]]), j) for j in range(P))
            members, size = [], 0
            for k, (d, j) in enumerate(order):
                members.append(j)
                size += n[j].sum()
                if k + 1 < P and order[k + 1][0] - d <= 1e-6:
                    continue
                if size == N or (size > share * N and order[k][0] > 1e-6):
                    break
                circles.append((i, list(members), d))
                if size > share * N:
                    break
    print(name, P, 'places', T, 'periods', len(circles), 'circles', file=sys.stderr)

    def windows(centre, members, radius):
        cn, cc, ce = [np.concatenate(([0], np.cumsum(x[members].sum(axis=0)))) for x in (n, c, e)]
        start, stop = np.meshgrid(np.arange(T), np.arange(1, T + 1), indexing='ij')
        keep = (stop > start) & (stop - start <= longest)
        start, stop = start[keep], stop[keep]
        if used_periods:
            keep = [not used_periods.intersection(range(a, b)) for a, b in zip(start, stop)]
            start, stop = start[keep], stop[keep]
        if len(start) == 0:
            return None
        fails, exps, sizes = cc[stop] - cc[start], ce[stop] - ce[start], cn[stop] - cn[start]
        llr = poisson(fails, exps, C) if is_poisson else bernoulli(fails, sizes, C, N)
        top = llr.max()
        ties = [i for i in range(len(llr)) if llr[i] >= top - 1e-9]
        best = min(ties, key=lambda i: (start[i], stop[i]))
        return (top, len(members), radius, centre, start[best], stop[best], sizes[best], fails[best], exps[best], members)

    used, used_periods = set(), set()
    for rank in range(1, CLUSTERS + 1):
        best = None
        for centre, members, radius in circles:
            if used.intersection(members):
                continue
            w = windows(centre, members, radius)
            if w is None or w[0] <= 0:
                continue
            if best is None or w[0] > best[0] + 1e-9 or (
                    w[0] >= best[0] - 1e-9 and (w[1], round(w[2], 6), w[3], w[4], w[5]) < (best[1], round(best[2], 6), best[3], best[4], best[5])):
                best = w
        if best is None:
            break
        llr, _, radius, centre, start, stop, size, fails, exps, members = best
        if positions:
            used.update(members)
        else:
            used_periods.update(range(start, stop))
        rr = fails / exps / ((C - fails) / (C - exps)) if fails < C else ''
        position = positions[places[centre]] if positions else ('', '')
        writer.writerow([name, rank, repr(position[0]).strip("'"), repr(position[1]).strip("'"), repr(radius) if positions else '',
                         len(members) if positions else '', start if T > 1 else '', stop if T > 1 else '',
                         int(size), int(fails), repr(float(exps)), repr(float(rr)), repr(float(llr))])


def day(text, first):
    return (datetime.date.fromisoformat(text[:10]) - first).days


def in_proportion(rows, strata, raw):
    """Expected failures: raw figures in proportion, so that each stratum expects its failures"""
    fails, sums = {}, {}
    for row, s, x in zip(rows, strata, raw):
        fails[s] = fails.get(s, 0) + row[0]
        sums[s] = sums.get(s, 0) + x
    return [row[:3] + (x * fails[s] / sums[s],) for row, s, x in zip(rows, strata, raw)]


def grid_cell(size, longitude, latitude):
    """(band, column) and the middle of the cell, as doc/spacetime.md has it"""
    degree = RADIUS * math.pi / 180
    bands = math.ceil(180 * degree / size)
    band = min(int((latitude + 90) / 180 * bands), bands - 1)
    south, north = -90 + 180 * band / bands, -90 + 180 * (band + 1) / bands
    columns = max(1, math.ceil(360 * degree * math.cos(math.radians((south + north) / 2)) / size))
    column = min(int((longitude + 180) / 360 * columns), columns - 1)
    return (band, column), ((-180 + 360 * column / columns + -180 + 360 * (column + 1) / columns) / 2, (south + north) / 2)


writer = csv.writer(sys.stdout, lineterminator='\n')
writer.writerow('scan rank longitude latitude radius_km places from to n failures expected relative_risk llr'.split())

airports = {a['iata']: (float(a['lon']), float(a['lat'])) for a in read('examples/flights/airports.csv')}
flights = read('examples/flights/predictions.csv.gz')
first = datetime.date(2001, 4, 1)
rows = [(f['true_label'] != f['pred_label'], f['origin'], day(f['ts'], first), None) for f in flights]
origins = {p: airports[p] for p in {f['origin'] for f in flights}}
T = max(r[2] for r in rows) + 1
scan('flights', rows, origins, T)
scan('flights, in space', [r[:2] + (0, None) for r in rows], origins, 1)
scan('flights, in time', [(r[0], None, r[2], None) for r in rows], None, T)
by_origin = in_proportion(rows, [r[1] for r in rows], [1] * len(rows))
scan('flights, by origin', by_origin, origins, T)
uncertain = in_proportion(rows, [f['hour'] for f in flights], [max(1 - float(f['confidence']), 0.01) for f in flights])
scan('flights, expected by hour', uncertain, origins, T)
scan('flights, in space, half of all', [r[:2] + (0, None) for r in rows], origins, 1, share=0.5)

points = {p['id']: (float(p['lon']), float(p['lat'])) for p in read('test/data/stops_points.csv.gz')}
stops = read('test/data/stops.csv.gz')
first = datetime.date(2017, 7, 1)
for size in (0.5, 1, 2):
    cells = {s['id']: grid_cell(size, *points[s['id']]) for s in stops}
    middles = {cell: middle for cell, middle in cells.values()}
    print(size, 'km:', len(middles), 'cells', file=sys.stderr)
    if size == 1:
        rows = [(s['failed'] == 't', cells[s['id']][0], day(s['ts'], first) , None) for s in stops]
        scan('stops, cells of 1 km', rows, middles, max(r[2] for r in rows) + 1)
        rows = [r[:2] + ((datetime.date(2017, 7, 1) + datetime.timedelta(r[2])).isocalendar()[1] - 26, None) for r in rows]
        scan('stops, cells of 1 km, weeks', rows, middles, max(r[2] for r in rows) + 1)
vectors = {}
for s in stops:
    l, p = [math.radians(x) for x in points[s['id']]]
    v = vectors.setdefault(s['neighborhood'], [0, 0, 0])
    for i, x in enumerate((math.cos(p) * math.cos(l), math.cos(p) * math.sin(l), math.sin(p))):
        v[i] += x
middles = {name: (math.degrees(math.atan2(y, x)), math.degrees(math.atan2(z, math.hypot(x, y)))) for name, (x, y, z) in vectors.items()}
rows = [(s['failed'] == 't', s['neighborhood'], day(s['ts'], first), None) for s in stops]
scan('stops, neighborhoods', rows, middles, max(r[2] for r in rows) + 1)

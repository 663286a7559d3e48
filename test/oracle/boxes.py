"""Figures that test/boxes.sql compares with: COCO's, and counts of matches.

Run in the project's directory with Python 3 and numpy:

    /usr/bin/python3 test/oracle/boxes.py

and put the printed rows into the test.  This is COCO's published evaluation of
bounding boxes (T.-Y. Lin et al., Microsoft COCO: Common Objects in Context),
written anew by its definition, one image, label, area and threshold at a time.
Where the package pycocotools is installed, its figures are compared with these.
The last bit of a mean over more than 8,192 numbers (9 labels and more) is that of
NumPy 1.9 to 2.2; later ones add in another order.

The data are the scenes of examples/scenes, and boxes made by a formula that the
test repeats in SQL.
"""
import csv
import gzip
import hashlib
from collections import Counter, defaultdict

import numpy as np

THRESHOLDS = np.linspace(.5, .95, 10)
RECALLS = np.linspace(0, 1, 101)
AREAS = [(0, 1e10), (0, 32 ** 2), (32 ** 2, 96 ** 2), (96 ** 2, 1e10)]


def overlap(d, g):
    width = min(d['x'] + d['width'], g['x'] + g['width']) - max(d['x'], g['x'])
    height = min(d['y'] + d['height'], g['y'] + g['height']) - max(d['y'], g['y'])
    if width <= 0 or height <= 0:
        return 0.0
    both, area = width * height, d['width'] * d['height']
    return both / (area if g['iscrowd'] else area + g['width'] * g['height'] - both)


def match(truths, predictions, threshold, ignored, overlaps):
    """Index of the truth that each prediction takes, or None; both lists as they are to be walked."""
    order = sorted(range(len(truths)), key=lambda g: ignored[g])
    taken, matches = set(), []
    for d in range(len(predictions)):
        best, largest = None, min(threshold, 1 - 1e-10)
        for g in order:
            if g in taken and not truths[g]['iscrowd']:
                continue
            if best is not None and not ignored[best] and ignored[g]:
                break
            if overlaps[d][g] >= largest:
                best, largest = g, overlaps[d][g]
        if best is not None:
            taken.add(best)
        matches.append(best)
    return matches


def by_image_and_label(boxes):
    groups = defaultdict(list)
    for box in boxes:
        groups[box['image_id'], box['label']].append(box)
    return groups


def coco(truths, predictions, max_detections):
    """The row of all labels, then one of each; labels in their order; None where there is nothing to average."""
    gts, dts = by_image_and_label(truths), by_image_and_label(predictions)
    labels = sorted({b['label'] for b in truths} | {b['label'] for b in predictions})
    images = sorted({b['image_id'] for b in truths} | {b['image_id'] for b in predictions})
    depths = [1, 10, max_detections]
    precision = -np.ones((10, 101, len(labels), 4))
    recall = -np.ones((10, len(labels), 4, 3))
    counts = []
    for k, label in enumerate(labels):
        groups = []
        for image in images:
            gt = gts[image, label]
            dt = sorted(dts[image, label], key=lambda d: -d['score'])[:max_detections]
            if gt or dt:
                groups.append((gt, dt, [[overlap(d, g) for g in gt] for d in dt]))
        for a, (low, high) in enumerate(AREAS):
            score, rank, found, ignored_dt, npig = [], [], [[] for _ in THRESHOLDS], [[] for _ in THRESHOLDS], 0
            for gt, dt, overlaps in groups:
                ignored = [bool(g['iscrowd']) or g['area'] < low or g['area'] > high for g in gt]
                outside = [not low <= d['width'] * d['height'] <= high for d in dt]
                npig += len(gt) - sum(ignored)
                score += [d['score'] for d in dt]
                rank += list(range(len(dt)))
                for t, threshold in enumerate(THRESHOLDS):
                    matches = match(gt, dt, threshold, ignored, overlaps)
                    found[t] += [m is not None for m in matches]
                    ignored_dt[t] += [o if m is None else ignored[m] for m, o in zip(matches, outside)]
            order = np.argsort(-np.array(score), kind='stable') if score else np.array([], int)
            rank = np.array(rank, int)[order]
            for t in range(10):
                hit = np.array(found[t], bool)[order]
                skip = np.array(ignored_dt[t], bool)[order]
                if a == 0 and t == 0:
                    counts.append((npig, len(order), int((hit & ~skip).sum()), int((~hit & ~skip).sum())))
                if npig == 0:
                    continue
                for m, depth in enumerate(depths):
                    recall[t, k, a, m] = (hit & ~skip)[rank < depth].sum() / npig
                tp = np.cumsum(hit & ~skip).astype(float)
                fp = np.cumsum(~hit & ~skip).astype(float)
                pr = tp / (fp + tp + np.spacing(1))
                pr = np.maximum.accumulate(pr[::-1])[::-1]
                at = np.searchsorted(tp / npig, RECALLS, side='left')
                precision[t, :, k, a] = [pr[i] if i < len(pr) else 0 for i in at]
    rows = []
    for k in [slice(None)] + list(range(len(labels))):
        p, r = precision[:, :, k], recall[:, k]
        mean = lambda x: float(np.mean(x[x > -1])) if (x > -1).any() else None
        numbers = [mean(x) for x in (p[..., 0], p[0, ..., 0], p[5, ..., 0], p[..., 1], p[..., 2], p[..., 3],
                                     r[..., 0, 0], r[..., 0, 1], r[..., 0, 2], r[..., 1, 2], r[..., 2, 2], r[..., 3, 2])]
        label, count = (None, tuple(map(sum, zip(*counts)))) if isinstance(k, slice) else (labels[k], counts[k])
        rows.append((label,) + tuple(count) + tuple(numbers))
    return rows


def check_with_pycocotools(truths, predictions, max_detections, rows):
    try:
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
    except ImportError:
        return
    import contextlib
    import io
    labels = sorted({b['label'] for b in truths} | {b['label'] for b in predictions})
    images = sorted({b['image_id'] for b in truths} | {b['image_id'] for b in predictions})

    def index(boxes, prediction):
        c = COCO()
        # Its ids begin at 1: the evaluation takes a truth with the id 0 for none.
        c.dataset = {'images': [{'id': i} for i in images], 'categories': [{'id': k + 1, 'name': n} for k, n in enumerate(labels)],
                     'annotations': [{'id': i + 1, 'image_id': b['image_id'], 'category_id': labels.index(b['label']) + 1,
                                      'bbox': [b['x'], b['y'], b['width'], b['height']], 'score': b.get('score'),
                                      'area': b['width'] * b['height'] if prediction else b['area'],
                                      'iscrowd': 0 if prediction else b['iscrowd']} for i, b in enumerate(boxes)]}
        c.createIndex()
        return c
    with contextlib.redirect_stdout(io.StringIO()):
        e = COCOeval(index(truths, False), index(predictions, True), 'bbox')
        e.params.maxDets = [1, 10, max_detections]
        e.evaluate()
        e.accumulate()
        e.summarize()
    stats = list(e.stats)
    assert e.params.maxDets == [1, 10, max_detections]
    if max_detections != 100:
        p = e.eval['precision'][..., 0, 2]      # its summary knows the first figure for 100 alone
        stats[0] = np.mean(p[p > -1])
    ours = [-1.0 if x is None else x for x in rows[0][5:]]
    assert ours == [float(x) for x in stats], (ours, stats)
    for k in range(len(labels)):
        p = e.eval['precision'][:, :, k, 0, -1]
        p = p[p > -1]
        assert (float(np.mean(p)) if p.size else None) == rows[k + 1][5]
    print('-- equal to pycocotools')


def confusion(truths, predictions, conf, iou, across_labels=True, max_detections=None):
    """Counts of (truth, prediction), None for the background."""
    cells = Counter()
    gts, dts = defaultdict(list), defaultdict(list)
    for box in truths:
        gts[box['image_id']].append(box)
    for box in predictions:
        if box['score'] >= conf:
            dts[box['image_id']].append(box)
    for image in set(gts) | set(dts):
        left, open_truths, kept = [], [], 0
        for label in {b['label'] for b in gts[image] + dts[image]}:
            gt = [g for g in gts[image] if g['label'] == label]
            dt = sorted((d for d in dts[image] if d['label'] == label), key=lambda d: -d['score'])[:max_detections]
            matches = match(gt, dt, iou, [g['iscrowd'] for g in gt], [[overlap(d, g) or -1 for g in gt] for d in dt])
            left += [d for d, m in zip(dt, matches) if m is None]
            open_truths += [g for i, g in enumerate(gt) if i not in matches and not g['iscrowd']]
            kept += sum(m is not None and not gt[m]['iscrowd'] for m in matches)
            cells[label, label] += sum(m is not None and not gt[m]['iscrowd'] for m in matches)
        left.sort(key=lambda d: (-d['score'], d['row']))
        open_truths.sort(key=lambda g: g['row'])
        matches = match(open_truths, left, iou, [False] * len(open_truths),
                        [[overlap(d, g) or -1 for g in open_truths] for d in left]) if across_labels else [None] * len(left)
        for d, m in zip(left, matches):
            cells[None if m is None else open_truths[m]['label'], d['label']] += 1
        for i, g in enumerate(open_truths):
            if i not in matches:
                cells[g['label'], None] += 1
    return {cell: n for cell, n in cells.items() if n > 0}


def fingerprint(cells):
    """As the test makes it from fma_cells."""
    name = lambda label: '-' if label is None else label
    lines = sorted('%s>%s=%d' % (name(t), name(p), n) for (t, p), n in cells.items())
    return hashlib.md5(','.join(lines).encode()).hexdigest()


def scenes(which):
    with gzip.open('examples/scenes/boxes_%s.csv.gz' % which, 'rt') as f:
        boxes = []
        for i, r in enumerate(csv.DictReader(f)):
            x1, y1, x2, y2 = (float(r[c]) for c in ('x_min', 'y_min', 'x_max', 'y_max'))
            box = dict(image_id=int(r['scene_id']), label=r['label'], x=x1, y=y1, width=x2 - x1, height=y2 - y1, iscrowd=False, row=i)
            box['area'] = float(r['area_px']) if which == 'gt' else None
            if which == 'pred':
                box['score'] = float(r['score'])
            boxes.append(box)
        return boxes


def noise(x):
    """A whole number below 2^31 - 1 for each x."""
    return (x * x % 2147483647 * 48271 + x * 69621) % 2147483647


def made():
    """Boxes of seven labels in 60 images; some crowds, ties of scores and overlaps, labels that one side lacks."""
    truths, predictions = [], []
    for i in range(900):
        n = [noise(i * 100 + k) for k in range(10)]
        truths.append(dict(id=i, row=i, image_id=n[0] % 60, label=str(n[1] % 7 * 3), x=n[2] % 40 / 3, y=n[3] % 40 / 3,
                           width=n[4] % 12 * (n[4] % 12) + n[5] % 50 / 7, height=n[6] % 12 * (n[6] % 12) + n[7] % 50 / 7, iscrowd=n[8] % 12 == 0))
        truths[i]['area'] = truths[i]['width'] * truths[i]['height'] * (1 if n[9] % 3 else .6)
    for i in range(6000):
        n = [noise(1000000 + i * 100 + k) for k in range(10)]
        g = truths[n[0] % 900]
        label = g['label'] if n[1] % 5 else str(n[2] % 8 * 3)
        move = 0 if n[3] % 8 == 0 else (n[3] % 100 - 50) / 40
        predictions.append(dict(row=i, image_id=g['image_id'] if n[4] % 40 else 1000 + n[4] % 5, label=label, object=n[0] % 900, score=n[5] % 200 / 200,
                                x=g['x'] + move, y=g['y'] + move * (n[6] % 3 - 1), width=g['width'] * (1 if n[7] % 8 == 0 else .7 + n[7] % 60 / 100),
                                height=g['height'] * (1 if n[7] % 8 == 0 else .7 + n[8] % 60 / 100)))
    truths = [g for g in truths if g['label'] != '12']
    # Numbers in their order, as labels that are all numbers have it
    for b in truths + predictions:
        b['label'] = int(b['label'])
    return truths, predictions


def many():
    """The same with ten times as many labels."""
    truths, predictions = made()
    for b in truths:
        b['label'] = b['label'] * 10 + b['id'] % 10
    for b in predictions:
        b['label'] = b['label'] * 10 + b['object'] % 10
    return truths, predictions


def literal(x):
    return 'NULL' if x is None else "'%s'" % x if isinstance(x, str) else repr(x)


data = {'scenes': (scenes('gt'), scenes('pred')), 'made': made(), 'many': many()}
print('-- coco')
for name, (truths, predictions) in data.items():
    for max_detections in {'scenes': (100, 3), 'made': (100, 12, 1000), 'many': (99,)}[name]:
        rows = coco(truths, predictions, max_detections)
        if max_detections >= 10:
            check_with_pycocotools(truths, predictions, max_detections, rows)
        for row in rows[:None if max_detections == 100 else 1]:
            row = (None if row[0] is None else str(row[0]),) + row[1:]
            print("\t('%s', %d, %s)," % (name, max_detections, ', '.join(literal(x) for x in row)))
print('-- confusion')
for name in ('scenes', 'made'):
    truths, predictions = data[name]
    for conf, iou, across, best in ((.5, .5, True, None), (.5, .5, False, None), (.25, .75, True, None), (0, 0, True, None), (.4, .8, True, 2), (.1, 1, True, None)):
        cells = confusion(truths, predictions, conf, iou, across, best)
        same = sum(n for (t, p), n in cells.items() if t == p)
        missed = sum(n for (t, p), n in cells.items() if p is None)
        invented = sum(n for (t, p), n in cells.items() if t is None)
        print("\t('%s', %s, %s, %s, %s, %d, %d, %d, %d, '%s')," % (name, conf, iou, str(across).lower(), literal(best), same,
              sum(cells.values()) - same - missed - invented, missed, invented, fingerprint(cells)))

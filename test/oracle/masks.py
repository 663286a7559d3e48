#!/usr/bin/env python3
"""Masks and figures for test/masks.sql and test/mask_png.sql, by NumPy.

    python3 test/oracle/masks.py > rows.sql      the rows of test/masks.sql
    python3 test/oracle/masks.py png > rows.sql  those of test/mask_png.sql

COCO's run-length encoding is written here from its published definition (column
by column, zeros first, five bits a character, differences from the fourth
count), and PNG images from theirs (W3C, Portable Network Graphics), so nothing
here shares code with what is tested. The figures were made with NumPy 1.24.
"""
import json
import struct
import sys
import zlib

import numpy as np


def counts(binary):
    """Uncompressed COCO counts of a boolean array [height, width]."""
    flat = binary.flatten(order="F").astype(np.int8)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flat]))) if flat.size else np.array([], int)
    return np.diff(np.concatenate([[0], edges, [flat.size]])).tolist()


def compress(values):
    """COCO's string of counts."""
    out = ""
    for i, x in enumerate(values):
        if i > 2:
            x -= values[i - 2]
        while True:
            c = x & 0x1F
            x >>= 5
            more = x != -1 if c & 0x10 else x != 0
            out += chr(48 + (c | 0x20 if more else c))
            if not more:
                break
    return out


def rle(mask, compressed):
    """One encoding a label but 0, in ascending order."""
    result = []
    for label in np.unique(mask):
        if label != 0:
            c = counts(mask == label)
            result.append({"size": list(mask.shape), "counts": compress(c) if compressed else c, "category_id": int(label)})
    return result


def blobs(rng, height, width, labels, n):
    """Rectangles and discs of random labels on 0."""
    mask = np.zeros((height, width), np.uint16)
    y, x = np.mgrid[:height, :width]
    for _ in range(n):
        cy, cx, r = rng.integers(height), rng.integers(width), rng.integers(1, max(2, min(height, width) // 3))
        where = (abs(y - cy) < r) & (abs(x - cx) < r) if rng.random() < 0.5 else (y - cy) ** 2 + (x - cx) ** 2 < r * r
        mask[where] = rng.choice(labels)
    return mask


def masks():
    rng = np.random.default_rng(7)
    a = blobs(rng, 24, 31, [1, 2, 3, 255], 9)
    b = a.copy()
    noise = rng.random(b.shape) < 0.1
    b[noise] = rng.choice([0, 1, 2, 4], noise.sum())
    b[:3, :] = 255
    return {
        "one pixel": np.full((1, 1), 7, np.uint16),
        "one label": np.full((3, 5), 2, np.uint16),
        "a row": np.array([[0, 0, 1, 1, 1, 0, 2]], np.uint16),
        "a column": np.array([[5], [5], [0], [1], [1]], np.uint16),
        "checks": (np.indices((5, 6)).sum(axis=0) % 2).astype(np.uint16),
        "stripes": np.repeat(np.arange(6, dtype=np.uint16)[:, None], 4, axis=1),
        "columns": np.repeat(np.arange(6, dtype=np.uint16)[None, :], 4, axis=0),
        "blobs": a,
        "noisy blobs": b,
        "wide labels": blobs(rng, 10, 12, [1, 256, 4096, 65535], 6),
        "noise": rng.choice([0, 7, 300], (7, 9)).astype(np.uint16),
        "long runs": blobs(rng, 60, 90, [1, 2], 3),
        "many labels": np.arange(240, 264, dtype=np.uint16).reshape(4, 6),
    }


def literal(value):
    return "'" + (value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))).replace("'", "''") + "'"


def pixels(mask):
    return "\\x" + mask.astype(np.uint8 if mask.max() < 256 else "<u2").tobytes().hex()


def confusion(truth, prediction, ignore):
    keep = truth != ignore if ignore is not None else np.ones(truth.shape, bool)
    t, p = truth[keep].astype(np.int64), prediction[keep].astype(np.int64)
    n = np.bincount(t * 65536 + p)
    return [[int(k // 65536), int(k % 65536), int(n[k])] for k in np.flatnonzero(n)]


def iou(a, b):
    union = (a | b).sum()
    return None if union == 0 else float((a & b).sum() / union)


def rows():
    all_masks = masks()
    print("-- masks: name, width, height, pixels, COCO's encoding as strings and as arrays, areas by label")
    for name, m in all_masks.items():
        ids, n = np.unique(m, return_counts=True)
        areas = {str(i): int(k) for i, k in zip(ids, n)}
        print("\t(%s)," % ", ".join([literal(name), str(m.shape[1]), str(m.shape[0]), literal(pixels(m)), literal(rle(m, True)), literal(rle(m, False)), literal(areas)]))
    print("-- pairs: truth, prediction, ignore, cells, IoU of what is not 0, IoU of label 1")
    for t, p, ignore in [("blobs", "noisy blobs", 255), ("blobs", "noisy blobs", None), ("blobs", "noisy blobs", 0), ("noisy blobs", "blobs", 255),
                         ("one label", "one label", None), ("one label", "one label", 2), ("many labels", "many labels", 255)]:
        a, b = all_masks[t], all_masks[p]
        figures = [iou(a != 0, b != 0), iou(a == 1, b == 1)]
        print("\t(%s)," % ", ".join([literal(t), literal(p), "NULL" if ignore is None else str(ignore), literal(confusion(a, b, ignore))] +
                                    ["NULL" if f is None else repr(f) for f in figures]))
    print("-- objects that cover each other: the objects in order, width, height, pixels")
    rng = np.random.default_rng(11)
    for n in (1, 2, 3, 8, 13):
        mask = np.zeros((9, 14), np.uint16)
        objects = []
        for _ in range(n):
            one = blobs(rng, 9, 14, [1], 1) == 1
            label = int(rng.integers(1, 6))
            mask[one] = label
            objects.append({"size": [9, 14], "counts": compress(counts(one)), "category_id": label})
        print("\t(%s)," % ", ".join([literal(objects), "14", "9", literal(pixels(mask))]))


ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def pack(row, depth):
    """A row of samples in the bits of a PNG image."""
    if depth == 16:
        return row.astype(">u2").tobytes()
    bits = ((row[:, None].astype(int) >> np.arange(depth - 1, -1, -1)) & 1).astype(np.uint8).ravel()
    return np.packbits(bits).tobytes()


def png(mask, depth, palette=False, interlaced=False, extra=b""):
    """A PNG image; the filters of its rows go round (none, sub, up, ...), where a byte is a sample."""
    height, width = mask.shape
    raw = b""
    for x0, y0, dx, dy in ADAM7 if interlaced else [(0, 0, 1, 1)]:
        part = mask[y0::dy, x0::dx]
        if part.size == 0:
            continue
        step = 2 if depth == 16 else 1
        above = None
        for i, row in enumerate(part):
            line = np.frombuffer(pack(row, depth), np.uint8).astype(int)
            left = np.concatenate([np.zeros(step, int), line[:-step]]) if len(line) >= step else np.zeros(len(line), int)
            up = above if above is not None else np.zeros(len(line), int)
            kind = i % 4
            predicted = [np.zeros(len(line), int), left, up, (left + up) // 2][kind]
            raw += bytes([kind]) + ((line - predicted) % 256).astype(np.uint8).tobytes()
            above = line
    out = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, 3 if palette else 0, 0, 0, 1 if interlaced else 0))
    if palette:
        out += chunk(b"PLTE", bytes((i * 37 + c) % 256 for i in range(2 ** depth) for c in range(3)))
    return out + extra + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")


def png_rows():
    rng = np.random.default_rng(5)
    print("-- images: what, width, height, pixels, PNG")
    for depth in (1, 2, 4, 8, 16):
        for palette in (False, True):
            for interlaced in (False, True):
                if palette and depth == 16:
                    continue
                mask = blobs(rng, 13, 19, np.arange(1, 2 ** depth), 7)
                what = "%d bits, %s%s" % (depth, "palette" if palette else "grey", ", interlaced" if interlaced else "")
                print("\t(%s)," % ", ".join([literal(what), "19", "13", literal(pixels(mask)), literal("\\x" + png(mask, depth, palette, interlaced).hex())]))
    one = np.array([[3]], np.uint16)
    print("\t('one pixel, interlaced', 1, 1, '\\x03', '\\x%s')," % png(one, 8, interlaced=True).hex())
    text = chunk(b"tEXt", b"Title\0A mask") + chunk(b"tRNS", b"\0\1") + chunk(b"gAMA", struct.pack(">I", 45455)) + chunk(b"zTXt", b"Bomb\0\0" + zlib.compress(b"x" * 5000000, 9))
    print("\t('other chunks', 1, 1, '\\x03', '\\x%s')," % png(one, 8, extra=text).hex())
    # 67 million pixels of one bit, all 0
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8192, 8192, 1, 0, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(b"\0" * 1025 * 8192, 9)) + chunk(b"IEND", b"")
    print("-- a bomb\n\t('\\x%s')" % bomb.hex())


if __name__ == "__main__":
    png_rows() if sys.argv[1:] == ["png"] else rows()

#!/usr/bin/env python3
"""Pairs of masks of 2048 x 1024 pixels, 19 labels and at most 40 runs a row, for bench/masks.sql.

    bench/masks.py copy N     N pairs as COPY's binary format: id, truth, prediction (fma_mask's binary form)
    bench/masks.py numpy N    the milliseconds that NumPy takes for the confusion matrices of the same
                              pairs as raw arrays, the least of 3 for each pair, and the pixels that agree

A row of the truth is cut at 39 random places. The prediction is cut up to three
pixels beside them, and one run in ten has another label. Rows have nothing to
do with each other, so nothing but the runs themselves can be compressed.
"""
import struct
import sys
import time

import numpy as np

WIDTH, HEIGHT, LABELS, CUTS = 2048, 1024, 19, 39


def runs(cuts, labels):
    """Labels and lengths, row by row; of two cuts in one place one is left out."""
    edges = np.concatenate([np.zeros((HEIGHT, 1), int), np.sort(cuts, axis=1), np.full((HEIGHT, 1), WIDTH)], axis=1)
    lengths = np.diff(edges, axis=1)
    keep = lengths > 0
    return labels[keep], lengths[keep]


def pair(seed):
    rng = np.random.default_rng(seed)
    cuts = rng.integers(1, WIDTH, (HEIGHT, CUTS))
    labels = rng.integers(0, LABELS, (HEIGHT, CUTS + 1))
    truth = runs(cuts, labels)
    cuts = np.clip(np.sort(cuts, axis=1) + rng.integers(-3, 4, cuts.shape), 1, WIDTH - 1)
    labels = np.where(rng.random(labels.shape) < 0.1, rng.integers(0, LABELS, labels.shape), labels)
    return truth, runs(cuts, labels)


def mask(labels, lengths):
    table = np.empty(len(labels), np.dtype([("label", ">u2"), ("length", ">u4")]))
    table["label"], table["length"] = labels, lengths
    return struct.pack(">BIII", 1, WIDTH, HEIGHT, len(labels)) + table.tobytes()


def copy(n):
    out = sys.stdout.buffer
    out.write(b"PGCOPY\n\xff\r\n\0" + struct.pack(">II", 0, 0))
    for seed in range(n):
        out.write(struct.pack(">HII", 3, 4, seed))
        for m in pair(seed):
            form = mask(*m)
            out.write(struct.pack(">I", len(form)) + form)
    out.write(b"\xff\xff")


def numpy(n):
    total = agree = 0
    for seed in range(n):
        truth, prediction = (np.repeat(*m).astype(np.uint8) for m in pair(seed))
        best = float("inf")
        for _ in range(3):
            begin = time.perf_counter()
            # 16 bits hold every pair of labels, and are faster than the usual 64.
            counts = np.bincount(truth.astype(np.uint16) * LABELS + prediction, minlength=LABELS * LABELS)
            best = min(best, time.perf_counter() - begin)
        total += best
        agree += counts.reshape(LABELS, LABELS).trace()
    print("%.1f\t%d" % (total * 1000, agree))


if __name__ == "__main__":
    {"copy": copy, "numpy": numpy}[sys.argv[1]](int(sys.argv[2]))

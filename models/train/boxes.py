"""Boxes and cells in numpy: overlaps, and where the cells of the three strides lie."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
STRIDES = (8, 16, 32)
PART_WITHIN, PART_OF = 0.8, 0.75
"""What a teacher sees is a part of somebody when so much of its box is within theirs, and it is so much smaller: legs
and chests that it takes for people of their own."""


def area_shared(ours: Floats, theirs: Floats) -> Floats:
    """Intersection over union of every box of (M, 4) with every one of (K, 4): (M, K)."""
    low = np.maximum(ours[:, None, :2], theirs[None, :, :2])
    high = np.minimum(ours[:, None, 2:], theirs[None, :, 2:])
    shared: Floats = np.maximum(high - low, 0).prod(2)
    union = areas(ours)[:, None] + areas(theirs)[None] - shared
    return np.asarray(shared / np.maximum(union, 1e-9), np.float32)


def parts_of(ours: Floats, theirs: Floats) -> NDArray[np.bool_]:
    """Whether each box of (M, 4) lies within each larger one of (K, 4), all but a rim: (M, K)."""
    low = np.maximum(ours[:, None, :2], theirs[None, :, :2])
    high = np.minimum(ours[:, None, 2:], theirs[None, :, 2:])
    shared: Floats = np.maximum(high - low, 0).prod(2)
    own = areas(ours)[:, None]
    within: NDArray[np.bool_] = (shared > PART_WITHIN * own) & (own < PART_OF * areas(theirs)[None])
    return within


def areas(boxes: Floats) -> Floats:
    """Of boxes (N, 4) as x0 y0 x1 y1; 0 where a side is negative."""
    sides: Floats = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    return sides[:, 0] * sides[:, 1]


@lru_cache(maxsize=8)
def cell_grid(height: int, width: int) -> tuple[Floats, Floats]:
    """Column and row (N, 2), and stride (N, 1), of every cell of an input."""
    corners, strides = [], []
    for stride in STRIDES:
        rows, columns = np.mgrid[: height // stride, : width // stride]
        corners.append(np.stack((columns.ravel(), rows.ravel()), 1))
        strides.append(np.full((rows.size, 1), stride))
    return np.concatenate(corners).astype(np.float32), np.concatenate(strides).astype(np.float32)

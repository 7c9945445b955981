"""Greedy non-maximum suppression: of boxes that overlap too much, only the best stays. Knows boxes only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.core.types import Floats

_AT_ONCE = 32
"""So many boxes are compared with the others in one go: as many as most pictures have, and they fit into the cache."""


def suppress(boxes: Floats, iou_threshold: float) -> NDArray[np.intp]:
    """Greedy non-maximum suppression of boxes that are sorted, best first.

    Args:
        boxes: (K, 4), x0 y0 x1 y1 in any unit.
        iou_threshold: A box goes when its intersection over union with a better one that stays is larger.

    Returns:
        Indices of the boxes that stay, ascending.

    >>> suppress(np.array([[0, 0, 4, 4], [0, 0, 4, 3], [2, 0, 6, 4]], np.float32), 0.5).tolist()
    [0, 2]
    """
    kept = []
    rest = np.arange(len(boxes))
    corners = boxes.T.copy()  # in rows: numpy is several times as fast along what lies together
    while rest.size:
        apart = _apart(corners, iou_threshold)
        stays = np.ones(rest.size, np.bool_)
        for row, leaves in enumerate(apart):
            if stays[row]:
                kept.append(rest[row])
                stays &= leaves
        if len(apart) == rest.size:
            break
        stays[: len(apart)] = False
        rest, corners = rest[stays], corners[:, stays]
    return np.array(kept, np.intp)


def _apart(corners: Floats, iou_threshold: float) -> NDArray[np.bool_]:
    """Which of all boxes each of the best ones does not suppress."""
    lows, highs = corners[:2], corners[2:]
    overlap = np.minimum(highs[:, :_AT_ONCE, None], highs[:, None])
    overlap -= np.maximum(lows[:, :_AT_ONCE, None], lows[:, None])
    np.maximum(overlap, 0.0, out=overlap)
    intersection = overlap[0] * overlap[1]
    width, height = highs - lows
    areas = width * height
    union = areas[:_AT_ONCE, None] + areas
    union -= intersection
    union *= iou_threshold
    apart: NDArray[np.bool_] = intersection <= union
    return apart

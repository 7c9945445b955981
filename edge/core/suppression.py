"""Greedy non-maximum suppression: of boxes that overlap too much, only the best stays. Knows boxes only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.core.types import Floats


def suppress(boxes: Floats, iou_threshold: float) -> NDArray[np.intp]:
    """Greedy non-maximum suppression of boxes that are sorted, best first.

    Takes one numpy pass for each box that is kept: fast for the few people of a picture.

    Args:
        boxes: (K, 4), x0 y0 x1 y1 in any unit.
        iou_threshold: A box goes when its intersection over union with a better one that stays is larger.

    Returns:
        Indices of the boxes that stay, ascending.

    >>> suppress(np.array([[0, 0, 4, 4], [0, 0, 4, 3], [2, 0, 6, 4]], np.float32), 0.5).tolist()
    [0, 2]
    """
    x0, y0, x1, y1 = boxes.T
    areas = (x1 - x0) * (y1 - y0)
    kept = []
    rest = np.arange(len(boxes))
    while rest.size:
        best, rest = rest[0], rest[1:]
        kept.append(best)
        if not rest.size:
            break
        width = np.minimum(x1[best], x1[rest]) - np.maximum(x0[best], x0[rest])
        height = np.minimum(y1[best], y1[rest]) - np.maximum(y0[best], y0[rest])
        intersection = np.maximum(width, 0.0) * np.maximum(height, 0.0)
        union = areas[best] + areas[rest] - intersection
        rest = rest[intersection <= iou_threshold * union]
    return np.array(kept, np.intp)

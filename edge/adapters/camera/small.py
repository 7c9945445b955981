"""A small grey picture, to judge by what a whole one is too much for: is anything moving, is the view as it should be?

It must not know who judges. Points are sampled and not averaged: that costs a hundredth of it, and leaves the noise in,
by which a live picture differs from a frozen one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WIDTH = 160


def small_luma(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Every n-th point of the picture, as luma (ITU-R BT.601).

    Args:
        image: uint8 (H, W, 3), BGR, or (H, W), luma: `Frame.luma` is there without converting the picture.

    Returns:
        uint8 (h, w) of its own, w about `WIDTH`; a picture that is narrower keeps its size.

    >>> small_luma(np.full((1080, 1920, 3), 200, np.uint8)).shape
    (90, 160)
    """
    step = max(1, round(image.shape[1] / WIDTH))
    sampled = image[step // 2 :: step, step // 2 :: step]
    if image.ndim == 2:
        grey: NDArray[np.uint8] = sampled.copy()
        return grey
    points = sampled.astype(np.uint16)
    luma: NDArray[np.uint8] = ((points[..., 0] * 29 + points[..., 1] * 150 + points[..., 2] * 77) >> 8).astype(np.uint8)
    return luma

"""A picture that OpenCV has decoded already, as one of those whose brightness can be asked for.

It must not know where the picture comes from.
"""

from __future__ import annotations

import cv2
import numpy as np

from edge.core.types import Image, Planes


class StillPicture:
    """A BGR picture, uint8 (H, W, 3)."""

    def __init__(self, image: Image) -> None:
        self._image = image

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        height, width = self._image.shape[:2]
        return height, width

    def bgr(self) -> Image:
        """The picture itself."""
        return self._image

    def luma(self) -> Image:
        """Brightness, uint8 (H, W)."""
        return cv2.cvtColor(self._image, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)

    def planes(self, height: int, width: int) -> Planes:
        """Blue, green and red at another size."""
        small = cv2.resize(self._image, (width, height), interpolation=cv2.INTER_LINEAR)
        blue, green, red = (plane.astype(np.uint8, copy=False) for plane in cv2.split(small))
        return blue, green, red

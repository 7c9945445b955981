"""A pinhole camera under the ceiling: where a point of the shop lies in the picture, and how large things are there.

Knows geometry only. Metres: x to the right of the camera, y away from it, z above the floor.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, sin

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_NEAREST_M = 0.3
"""What is nearer than this, or behind the camera, is treated as being so near."""


@dataclass(frozen=True)
class Pinhole:
    """A camera without distortion.

    Attributes:
        ceiling_m: Its height above the floor.
        tilt: Radians by which it looks down.
        focal: Focal length in picture heights.
        width: Of the picture, pixels.
        height: Of the picture, pixels.
    """

    ceiling_m: float
    tilt: float
    focal: float
    width: int
    height: int

    def depth(self, points: Floats) -> Floats:
        """Metres along the line of sight, (N,), of points (N, 3)."""
        away, below = points[..., 1], self.ceiling_m - points[..., 2]
        return np.asarray(np.maximum(away * cos(self.tilt) + below * sin(self.tilt), _NEAREST_M))

    def project(self, points: Floats) -> Floats:
        """Pixels (N, 2) of points (N, 3).

        >>> Pinhole(3.0, 0.0, 1.0, 200, 100).project(np.array([[0.0, 5.0, 3.0], [1.0, 5.0, 2.0]])).tolist()
        [[100.0, 50.0], [120.0, 70.0]]
        """
        below = self.ceiling_m - points[..., 2]
        depth = self.depth(points)
        down = below * cos(self.tilt) - points[..., 1] * sin(self.tilt)
        scale = self.focal * self.height / depth
        return np.stack([self.width / 2 + points[..., 0] * scale, self.height / 2 + down * scale], axis=-1)

    def pixels_per_metre(self, points: Floats) -> Floats:
        """Size of a metre at points (N, 3), pixels, (N,)."""
        return self.focal * self.height / self.depth(points)

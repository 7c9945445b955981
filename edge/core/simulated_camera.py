"""A camera to simulate: bodies on the floor of a shop become boxes in the picture.

Knows where it hangs; nothing of how people walk, of what hides them, or of what a detector makes of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians, sin
from typing import Any

import numpy as np

from edge.core.rules import Point
from edge.core.simulated_crowd import BODY_M, Floats, Places


@dataclass(frozen=True)
class SimulatedCamera:
    """A pinhole camera above the origin of the floor, looking along +y and down.

    Attributes:
        height_m: Above the floor.
        tilt: Below the horizon, radians.
        focal: Frame heights.
        aspect: Width / height of the frame.
    """

    height_m: float = 3.2
    tilt: float = radians(33.0)
    focal: float = 0.8
    aspect: float = 16.0 / 9.0

    def project(self, x: Any, y: Any, z: Any) -> tuple[Any, Any]:  # noqa: ANN401 - numbers or arrays of them
        """A point in metres (z above the floor), in fractions of the frame; it has to be before the camera."""
        below = self.height_m - z
        depth = y * cos(self.tilt) + below * sin(self.tilt)
        down = below * cos(self.tilt) - y * sin(self.tilt)
        return 0.5 + self.focal * x / (depth * self.aspect), 0.5 + self.focal * down / depth

    def on_floor(self, *places: complex) -> tuple[Point, ...]:
        """Places on the floor in fractions of the frame."""
        return tuple(self.project(place.real, place.imag, 0.0) for place in places)

    def boxes(self, at: Places, tall_m: Floats) -> Floats:
        """Boxes (N, 4) around upright bodies, without noise and not clipped, in fractions of the frame."""
        half = BODY_M / 2.0
        left, foot = self.project(at.real - half, at.imag, 0.0)
        right, _ = self.project(at.real + half, at.imag, 0.0)
        head_left, head = self.project(at.real - half, at.imag, tall_m)
        head_right, _ = self.project(at.real + half, at.imag, tall_m)
        return np.stack([np.minimum(left, head_left), head, np.maximum(right, head_right), foot], axis=1)

"""The simulated camera shows bodies where and as large as a pinhole would."""

from __future__ import annotations

import numpy as np
import pytest

from edge.core.simulated_camera import SimulatedCamera


def test_the_projection_is_that_of_a_pinhole():
    level = SimulatedCamera(height_m=3.0, tilt=0.0, focal=1.0, aspect=2.0)
    assert level.project(0.0, 5.0, 3.0) == (0.5, 0.5)
    assert level.project(5.0, 5.0, 3.0) == (1.0, 0.5)
    assert level.project(0.0, 6.0, 0.0) == (0.5, 1.0)
    steep = SimulatedCamera(height_m=3.0, tilt=np.pi / 4)
    assert steep.project(0.0, 3.0, 0.0) == pytest.approx((0.5, 0.5))


def test_a_body_is_as_wide_and_tall_as_it_should_look():
    level = SimulatedCamera(height_m=3.0, tilt=0.0, focal=1.0, aspect=2.0)
    ((x0, y0, x1, y1),) = level.boxes(np.array([0.0 + 6.0j]), np.array([1.8])).tolist()
    assert (y0, y1) == pytest.approx((0.5 + 1.2 / 6.0, 1.0))
    assert x1 - x0 == pytest.approx(0.45 / 6.0 / 2.0)
    assert x0 + x1 == pytest.approx(1.0)

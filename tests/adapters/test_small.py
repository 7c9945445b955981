"""The small grey picture."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.adapters.camera.small import small_luma


@pytest.mark.parametrize(
    ("size", "small"),
    [((1080, 1920), (90, 160)), ((480, 640), (120, 160)), ((432, 768), (86, 154)), ((48, 64), (48, 64))],
)
def test_it_is_about_as_wide_whatever_came(size: tuple[int, int], small: tuple[int, int]) -> None:
    grey = small_luma(np.zeros((*size, 3), np.uint8))
    assert grey.shape == small
    assert grey.dtype == np.uint8


def test_it_is_as_bright_as_opencv_says() -> None:
    image = np.random.default_rng(1).integers(0, 256, (96, 128, 3), np.uint8)
    assert np.abs(small_luma(image).astype(int) - cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)).max() <= 1


def test_of_luma_it_takes_the_same_points() -> None:
    grey = np.random.default_rng(2).integers(0, 256, (96, 640), np.uint8)
    assert np.array_equal(small_luma(grey), small_luma(np.repeat(grey[..., None], 3, axis=2)))
    assert small_luma(grey).base is None


def test_it_does_not_hang_on_to_the_large_one() -> None:
    assert small_luma(np.zeros((480, 640, 3), np.uint8)).base is None

"""Dark, bare, blurred and frozen pictures, made from one that is none of it."""

from __future__ import annotations

import av
import cv2
import numpy as np
import pytest

from edge.adapters.camera.small import small_luma
from edge.doctor.picture import Image, examine_life, examine_picture, sharpness
from tests.assets import asset


def scene() -> Image:
    """Shelves and goods: rectangles with hard edges, and a sensor's noise on them."""
    draw = np.random.default_rng(7)
    image = np.full((720, 1280, 3), 120, np.uint8)
    for _ in range(200):
        x, y = int(draw.integers(0, 1200)), int(draw.integers(0, 680))
        colour = [int(value) for value in draw.integers(0, 256, 3)]
        cv2.rectangle(image, (x, y), (x + 70, y + 40), colour, -1)
    noise = np.random.default_rng(0).normal(0.0, 2.0, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def verdicts(image: Image) -> dict[str, str]:
    return {finding.check: finding.verdict for finding in examine_picture(image, small_luma(image))}


def test_a_good_picture_is_fine() -> None:
    assert verdicts(scene()) == {"camera.light": "ok", "camera.bare": "ok", "camera.focus": "ok"}


def test_a_dark_one_is_seen() -> None:
    assert verdicts((scene() // 10).astype(np.uint8))["camera.light"] == "warning"


def test_a_blurred_one_is_seen() -> None:
    blurred = verdicts(cv2.GaussianBlur(scene(), (0, 0), 8).astype(np.uint8))
    assert (blurred["camera.focus"], blurred["camera.bare"]) == ("warning", "ok")


def test_a_covered_one_is_seen() -> None:
    assert verdicts(cv2.GaussianBlur(scene(), (0, 0), 200).astype(np.uint8))["camera.bare"] == "warning"


def test_a_frozen_one_is_a_failure() -> None:
    assert examine_life(lively=False, seconds=13.0).verdict == "failure"
    assert examine_life(lively=True, seconds=6.0).verdict == "ok"


def test_more_pixels_are_no_blur() -> None:
    image = scene()
    larger = cv2.resize(image, (2560, 1440), interpolation=cv2.INTER_LINEAR).astype(np.uint8)
    assert sharpness(larger) == pytest.approx(sharpness(image), rel=0.3)


def test_what_is_said_tells_what_to_do() -> None:
    found = examine_picture(np.zeros((64, 96, 3), np.uint8), np.zeros((64, 96), np.uint8))
    assert all(finding.saw and finding.expected and finding.advice for finding in found)
    assert {finding.verdict for finding in found} == {"warning"}


@pytest.mark.parametrize("name", ["one-by-one-person-detection.mp4", "store-aisle-detection.gif"])
def test_clips_of_shops_are_fine(name: str) -> None:
    with av.open(str(asset(f"clips/{name}"))) as clip:
        image = next(clip.decode(video=0)).to_ndarray(format="bgr24").astype(np.uint8)
    assert set(verdicts(image).values()) == {"ok"}

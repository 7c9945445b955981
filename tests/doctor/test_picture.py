"""Dark, blurred and frozen pictures, made from one that is none of it."""

from __future__ import annotations

from itertools import islice

import av
import cv2
import numpy as np
import pytest

from edge.doctor.picture import WIDTH, Image, examine_pictures, small_grey
from tests.assets import asset


def scene(seed: int = 0) -> Image:
    """Shelves and goods: rectangles with hard edges, and a sensor's noise on them."""
    draw = np.random.default_rng(7)
    image = np.full((720, 1280, 3), 120, np.uint8)
    for _ in range(200):
        x, y = int(draw.integers(0, 1200)), int(draw.integers(0, 680))
        colour = [int(value) for value in draw.integers(0, 256, 3)]
        cv2.rectangle(image, (x, y), (x + 70, y + 40), colour, -1)
    noise = np.random.default_rng(seed).normal(0.0, 2.0, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def verdicts(*images: Image) -> dict[str, str]:
    return {finding.check: finding.verdict for finding in examine_pictures([small_grey(image) for image in images])}


def test_a_good_picture_is_fine() -> None:
    assert verdicts(scene(1), scene(2), scene(3)) == {
        "camera.light": "ok", "camera.focus": "ok", "camera.frozen": "ok"
    }  # fmt: skip


def test_a_dark_one_is_seen() -> None:
    assert verdicts((scene() // 10).astype(np.uint8))["camera.light"] == "warning"


def test_a_blurred_one_is_seen() -> None:
    assert verdicts(cv2.GaussianBlur(scene(), (0, 0), 8).astype(np.uint8))["camera.focus"] == "warning"


def test_a_frozen_one_is_seen_and_one_picture_alone_proves_nothing() -> None:
    assert verdicts(scene(), scene(), scene())["camera.frozen"] == "failure"
    assert "camera.frozen" not in verdicts(scene())


def test_large_pictures_are_made_small_and_small_ones_stay() -> None:
    assert small_grey(np.zeros((1080, 1920, 3), np.uint8)).shape == (360, WIDTH)
    assert small_grey(np.zeros((64, 96, 3), np.uint8)).shape == (64, 96)


def test_what_is_said_tells_what_to_do() -> None:
    found = examine_pictures([small_grey(np.zeros((64, 96, 3), np.uint8))])
    assert all(finding.saw and finding.expected and finding.advice for finding in found)


@pytest.mark.parametrize("name", ["one-by-one-person-detection.mp4", "store-aisle-detection.gif"])
def test_clips_of_shops_are_fine(name: str) -> None:
    with av.open(str(asset(f"clips/{name}"))) as clip:
        frames = [frame.to_ndarray(format="bgr24").astype(np.uint8) for frame in islice(clip.decode(video=0), 10)]
    assert set(verdicts(*frames).values()) == {"ok"}

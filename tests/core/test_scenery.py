"""Where a scene is found again: under other light, behind people, from elsewhere; drawn, and on clips of shops."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.adapters.camera.small import small_luma
from edge.core.scenery import LEARN, Scenery, directions, edges, find
from tests.assets import asset
from tests.core.test_view import seen_from

Grey = NDArray[np.uint8]
LIGHTS: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "a quarter": lambda image: image * 0.25,
    "twice": lambda image: image * 2.0,
    "from the side": lambda image: image * np.linspace(0.2, 1.0, image.shape[1]),
    "gamma": lambda image: (image / 255.0) ** 2 * 255.0,
    "the other way round": lambda image: 255.0 - image,
}


def grey(image: NDArray[np.floating], noise: float = 1.0) -> Grey:
    grain = np.random.default_rng(3).normal(0.0, noise, image.shape)
    return np.clip(image + grain, 0, 255).astype(np.uint8)


def learnt(picture: Grey) -> Scenery:
    scenery = Scenery()
    for _ in range(LEARN):
        assert scenery.look(picture) is None
    return scenery


@pytest.mark.parametrize(("right", "down"), [(0, 0), (5, 0), (-4, 9)])
def test_the_displacement_is_found(right: int, down: int) -> None:
    fit = find(directions(grey(seen_from())), directions(grey(seen_from(right, down))))
    assert fit.best > 0.6
    assert fit.away == pytest.approx(np.hypot(right, down) / 156, abs=0.001)
    assert fit.moved == bool(right or down)


@pytest.mark.parametrize("light", LIGHTS.values(), ids=LIGHTS)
def test_other_light_is_the_same_scene(light: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> None:
    fit = learnt(grey(seen_from())).look(grey(light(seen_from().astype(np.float64))))
    assert fit is not None
    assert not fit.moved
    assert fit.here > 0.35


def test_half_a_scene_is_still_there_and_a_strange_one_is_not() -> None:
    scenery = learnt(grey(seen_from()))
    half = seen_from().copy()
    half[:, :80] = 90
    strange = np.random.default_rng(9).permuted(seen_from().reshape(9, 10, 160), axis=0).reshape(90, 160)[::-1, ::-1]
    covered, elsewhere = scenery.look(grey(half)), scenery.look(grey(strange))
    assert covered is not None
    assert elsewhere is not None
    assert (covered.moved, elsewhere.moved) == (False, True)


def test_a_wall_has_no_edges() -> None:
    wall = grey(np.linspace(80, 120, 160)[None, :] + np.zeros((90, 1)), noise=3.0)
    assert edges(wall) < 0.01
    scenery = learnt(wall)
    assert scenery.look(wall) is None


@pytest.mark.parametrize("name", ["one-by-one-person-detection.mp4", "worker-zone-detection.gif"])
def test_on_clips_of_shops(name: str) -> None:
    with av.open(str(asset(f"clips/{name}"))) as clip:
        images = [frame.to_ndarray(format="bgr24") for frame in islice(clip.decode(video=0), 0, 200, 4)]
    scenery = Scenery()
    for number in range(LEARN):
        scenery.look(small_luma(images[number % len(images)]))  # with the people in it

    def moved(image: NDArray[np.uint8]) -> bool:
        fit = scenery.look(small_luma(image))
        assert fit is not None
        return fit.moved

    last = images[-1].astype(np.uint8)
    height, width = last.shape[:2]
    assert not moved(last)
    assert not moved((last // 4).astype(np.uint8))
    assert not moved((last * np.linspace(0.3, 1.0, width)[None, :, None]).astype(np.uint8))
    for right in (0.03, 0.1):
        shift = np.array([[1, 0, right * width], [0, 1, 0]], np.float64)
        assert moved(cv2.warpAffine(last, shift, (width, height), borderMode=cv2.BORDER_REFLECT).astype(np.uint8))

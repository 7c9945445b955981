"""The gate: quiet where nothing happens, whatever the camera does, and never blind to somebody."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.core.gate import HEARTBEAT_S, Gate
from edge.core.types import Floats, Image

FPS = 10.0
SHAPE = (90, 160)
NOBODY_KNOWN = np.empty((0, 4), np.float32)
Light = Callable[[float], float]


def shop(seed: int = 0) -> Image:
    """An empty shop: surfaces of different brightness with edges between them."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(40, 200, (9, 16)).astype(np.uint8)
    scene: Image = np.repeat(np.repeat(coarse, 10, axis=0), 10, axis=1)
    return scene


def visitor(scene: Image, x: int, foot: int, *, tall: int = 30, contrast: int = 25) -> Image:
    """Somebody who is a little darker or brighter than what is behind him."""
    image: Image = scene.copy()
    half = max(2, tall // 6)
    body = np.s_[max(0, foot - tall) : foot, max(0, x - half) : x + half]
    image[body] = np.where(image[body] > 120, image[body] - contrast, image[body] + contrast)
    return image


class Camera:
    """Makes small pictures of scenes: light, noise, 8 bits."""

    def __init__(self, noise: float = 1.0, light: Light = lambda _: 1.0) -> None:
        self._rng, self._noise, self._light = np.random.default_rng(5), noise, light

    def __call__(self, scene: Image, t: float) -> Image:
        seen = scene * self._light(t) + self._rng.normal(0.0, self._noise, scene.shape)
        small: Image = np.clip(np.asarray(seen), 0, 255).round().astype(np.uint8)
        return small


def times(seconds: float, start_s: float = 0.0) -> Iterator[float]:
    return (start_s + number / FPS for number in range(round(seconds * FPS)))


def looks(
    gate: Gate, camera: Callable[[Image, float], Image], scene: Image, seconds: float, start_s: float = 0.0
) -> int:
    """How often somebody had to look at an empty scene."""
    looked = 0
    for t in times(seconds, start_s):
        small = camera(scene, t)
        if not gate.still(small, t):
            gate.found_nobody(small, t)
            looked += 1
    return looked


def learned(camera: Camera, scene: Image, seconds: float = 30.0) -> tuple[Gate, float]:
    gate = Gate()
    looks(gate, camera, scene, seconds)
    return gate, seconds


@pytest.mark.parametrize("noise", [0.0, 1.0, 3.0, 6.0, 10.0])
def test_an_empty_scene_needs_next_to_no_look_but_the_heartbeat(noise):
    camera, scene = Camera(noise), shop()
    gate, start_s = learned(camera, scene)
    minutes = 2
    heartbeats = minutes * 60 / HEARTBEAT_S
    assert looks(gate, camera, scene, minutes * 60, start_s) <= heartbeats + 0.002 * minutes * 60 * FPS


def test_an_empty_scene_is_learned_within_seconds():
    for noise in (1.0, 6.0):
        assert looks(Gate(), Camera(noise), shop(), 10.0) <= 20


@pytest.mark.parametrize(
    "light",
    [
        lambda t: 1.0 + 0.25 * np.sin(t / 30.0),  # clouds
        lambda t: 1.0 + 0.06 * np.sin(2.0 * t),  # an exposure that hunts
        lambda t: 1.0 + 0.04 * (round(t * FPS) % 3 - 1),  # lamps that beat with the shutter
    ],
)
def test_light_that_comes_and_goes_is_no_motion(light):
    camera, scene = Camera(1.0, light), shop()
    gate, start_s = learned(camera, scene)
    assert looks(gate, camera, scene, 120.0, start_s) <= 120.0 / HEARTBEAT_S + 0.02 * 120.0 * FPS


def test_a_light_switch_is_looked_at_and_then_it_is_quiet_again():
    camera, scene = Camera(1.0, lambda t: 0.4 if 40.0 <= t < 60.0 else 1.0), shop()
    gate, start_s = learned(camera, scene)
    assert looks(gate, camera, scene, 9.0, start_s) <= 3
    assert 1 <= looks(gate, camera, scene, 1.0, 40.0) <= 3
    assert looks(gate, camera, scene, 19.0, 41.0) <= 6
    assert 1 <= looks(gate, camera, scene, 1.0, 60.0) <= 3


@pytest.mark.parametrize("level", [0, 255])
def test_a_black_picture_or_a_flash_costs_two_looks_and_blinds_nobody(level):
    camera, scene = Camera(), shop()
    gate, t = learned(camera, scene)
    odd = np.full(SHAPE, level, np.uint8)
    assert not gate.still(odd, t)
    gate.found_nobody(odd, t)
    assert not gate.still(visitor(scene, 80, 60), t + 0.1)
    after = camera(scene, t + 0.2)
    assert not gate.still(after, t + 0.2)
    gate.found_nobody(after, t + 0.2)
    assert gate.still(camera(scene, t + 0.3), t + 0.3)
    assert not gate.still(camera(visitor(scene, 80, 60), t + 0.4), t + 0.4)


def test_noise_beyond_measure_is_looked_at_every_time():
    camera, scene = Camera(60.0), shop()
    gate, start_s = learned(camera, scene)
    assert looks(gate, camera, scene, 10.0, start_s) == 10.0 * FPS


def test_a_camera_that_repeats_its_pictures_is_still():
    gate, t = learned(Camera(), shop())
    assert looks(gate, lambda scene, _: scene, shop(), 60.0, t) <= 60.0 / HEARTBEAT_S + 1


@settings(max_examples=40, deadline=None)
@given(
    at=st.tuples(st.integers(6, 153), st.integers(12, 88)),
    tall=st.integers(10, 60),
    noise=st.sampled_from([0.5, 1.5]),
    seed=st.integers(0, 20),
)
def test_nobody_is_overlooked(at, tall, noise, seed):
    """A ninth of the picture's height and 12 grey levels, wherever it is: not one picture of it is `still`."""
    camera, scene = Camera(noise), shop(seed)
    gate, start_s = learned(camera, scene, 5.0)
    for t in times(1.0, start_s):
        assert not gate.still(camera(visitor(scene, *at, tall=tall, contrast=12), t), t)


def test_who_stands_still_stays_visible_for_as_long_as_he_is_found():
    camera, scene = Camera(2.0), shop()
    gate, start_s = learned(camera, scene)
    there = visitor(scene, 70, 70)
    for t in times(120.0, start_s):
        small = camera(there, t)
        assert not gate.still(small, t)
        gate.found_somebody(small, t, box(70, 70))
    gone = camera(scene, start_s + 120.0)
    assert gate.still(gone, start_s + 120.0)


def test_who_is_not_found_is_looked_for_again_by_the_heartbeat_and_when_he_moves():
    camera, scene = Camera(), shop()
    gate, start_s = learned(camera, scene)
    there, looked = visitor(scene, 70, 70), []
    for t in times(60.0, start_s):
        small = camera(there, t)
        if not gate.still(small, t):
            gate.found_nobody(small, t, doubtful=True)
            looked.append(t)
    assert len([t for t in looked if t < start_s + 10.0]) >= 50
    assert np.diff(looked).max() <= HEARTBEAT_S + 0.2
    moved = camera(visitor(scene, 78, 70), start_s + 60.0)
    assert not gate.still(moved, start_s + 60.0)


def test_a_thing_that_was_put_somewhere_is_looked_at_for_seconds_and_then_belongs_to_the_scene():
    camera, scene = Camera(), shop()
    gate, start_s = learned(camera, scene)
    chair = visitor(scene, 30, 80, tall=20, contrast=60)
    assert 5 <= looks(gate, camera, chair, 6.0, start_s) <= 45
    assert looks(gate, camera, chair, 60.0, start_s + 6.0) <= 60.0 / HEARTBEAT_S + 2
    assert not gate.still(camera(visitor(chair, 30, 80), 99.0), 99.0)


def test_a_picture_of_another_size_begins_anew():
    gate, t = learned(Camera(), shop())
    assert not gate.still(np.full((68, 120), 90, np.uint8), t)
    gate.found_nobody(np.full((68, 120), 90, np.uint8), t)
    assert gate.still(np.full((68, 120), 90, np.uint8), t + 0.1)
    assert not gate.still(shop(), t + 0.2)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (91, 161), (284, 160)])
def test_pictures_of_every_size_are_taken(size):
    gate = Gate()
    assert not gate.still(np.zeros(size, np.uint8), 0.0)
    gate.found_nobody(np.zeros(size, np.uint8), 0.0)
    assert gate.still(np.zeros(size, np.uint8), 0.1)


def box(x: int, foot: int, tall: int = 30) -> Floats:
    left, right = (x - tall // 6) / SHAPE[1], (x + tall // 6) / SHAPE[1]
    return np.array([[left, (foot - tall) / SHAPE[0], right, foot / SHAPE[0]]], np.float32)


def test_it_is_calm_while_only_those_move_who_are_known():
    camera, scene = Camera(), shop()
    gate, t = learned(camera, scene)
    gate.found_somebody(camera(visitor(scene, 70, 70), t), t, box(70, 70))
    assert gate.calm(camera(visitor(scene, 70, 70), t + 0.1), box(70, 70))
    assert gate.calm(camera(visitor(scene, 73, 71), t + 0.2), box(70, 70))
    newcomer = visitor(visitor(scene, 73, 71), 120, 80)
    assert not gate.calm(camera(newcomer, t + 0.3), box(70, 70))
    assert not gate.calm(camera(visitor(scene, 95, 71), t + 0.4), box(70, 70))
    assert not gate.calm(camera(scene, t + 0.5) // 2, box(70, 70))


def test_it_knows_whether_it_could_tell_everybody_from_what_is_behind_him():
    camera, scene = Camera(), shop()
    gate, t = learned(camera, scene)
    one, two = visitor(scene, 70, 70), visitor(visitor(scene, 70, 70), 120, 80)
    both = np.concatenate([box(70, 70), box(120, 80)])

    def shown(picture: Image, boxes: Floats) -> bool:
        gate.found_somebody(camera(picture, t), t, boxes)
        return gate.shows_people

    assert shown(one, box(70, 70))
    assert not shown(one, both)
    assert shown(two, both)
    assert shown(scene, NOBODY_KNOWN), "it is about those who were found last, not about those who are hidden now"
    assert not shown(visitor(scene, 70, 70, contrast=3), box(70, 70))


def test_nothing_is_learned_while_somebody_may_only_be_hidden():
    camera, scene = Camera(0.0), shop()
    gate, t = learned(camera, scene)
    gate.found_nobody(scene, t)
    faint = visitor(scene, 70, 70, contrast=5)
    assert all(gate.still(faint, at, learn=False) for at in times(5.0, t + 0.1))
    gate.found_somebody(faint, t + 5.0, box(70, 70))
    assert not gate.still(visitor(scene, 70, 70, contrast=7), t + 5.1)
    assert all(gate.still(faint, at) for at in times(5.0, t + 5.1))
    assert gate.still(visitor(scene, 70, 70, contrast=7), t + 10.1)


def test_it_is_not_calm_before_the_first_look():
    assert not Gate().calm(shop(), NOBODY_KNOWN)

"""Pictures that are dark, covered, frozen and moved, made from a drawn shop; nothing is said early or for nothing."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.core.view import View, is_dark

Grey = NDArray[np.uint8]
Picture = NDArray[np.floating]
Scene = Callable[[float], Picture]
HEIGHT, WIDTH = 90, 160
FPS = 4


def shop(margin: int = 0) -> Picture:
    """Shelves and goods, float32 (90 + 2 m, 160 + 2 m)."""
    draw = np.random.default_rng(7)
    wall = np.full((HEIGHT + 2 * margin, WIDTH + 2 * margin), 120.0, np.float32)
    for _ in range(120):
        y, x = int(draw.integers(0, wall.shape[0] - 8)), int(draw.integers(0, wall.shape[1] - 12))
        wall[y : y + 8, x : x + 12] = draw.integers(30, 220)
    return wall


WALL = shop(40)


def seen_from(right: int = 0, down: int = 0) -> Picture:
    return WALL[40 + down : 40 + down + HEIGHT, 40 + right : 40 + right + WIDTH]


def pictures(scene: Scene, begin_s: float, end_s: float, noise: float = 1.0) -> Iterator[tuple[Grey, float]]:
    rng = np.random.default_rng(round(begin_s))
    for number in range(round(begin_s * FPS), round(end_s * FPS)):
        image = scene(number / FPS) + rng.normal(0.0, noise, (HEIGHT, WIDTH))
        yield np.clip(image + 0.5, 0, 255).astype(np.uint8), number / FPS


def watch(view: View, scene: Scene, begin_s: float, end_s: float, noise: float = 1.0) -> list[tuple[float, str]]:
    """What the view said, and from when on."""
    said: list[tuple[float, str]] = []
    for grey, mono_s in pictures(scene, begin_s, end_s, noise):
        view.look(grey, mono_s)
        if view.trouble is not None and (not said or said[-1][1] != view.trouble):
            said.append((mono_s - begin_s, view.trouble))
    return said


def plain(_: float) -> Picture:
    return seen_from()


def walker(mono_s: float) -> Picture:
    """Two people who walk through the picture, a fifth of it wide, and one who stands there and sways."""
    image: Picture = seen_from().copy()
    for at in (int(mono_s * 9) % 150, int(mono_s * 14 + 60) % 150):
        image[30:90, at : at + 16] = 60
    sway = int(2 * np.sin(mono_s * 3))
    image[20:90, 100 + sway : 125 + sway] = 180
    return image


@pytest.fixture(scope="module")
def learnt() -> View:
    view = View()
    assert watch(view, walker, 0.0, 180.0) == []
    assert view.lively
    return view


@pytest.fixture
def view(learnt: View) -> View:
    """One that has learnt the shop for three minutes, with people in it."""
    return copy.deepcopy(learnt)


def test_a_quiet_scene_with_a_little_noise_is_fine() -> None:
    assert watch(View(), plain, 0.0, 300.0, noise=0.7) == []


def test_light_that_goes_is_dark_after_some_seconds_and_comes_back(view: View) -> None:
    ((after_s, named),) = watch(view, lambda _: seen_from() * 0.02 + 16, 200.0, 230.0)
    assert named == "dark"
    assert after_s == pytest.approx(5.0, abs=0.6)
    assert watch(view, plain, 230.0, 240.0)[-1][0] < 2.5
    assert view.trouble is None


def test_light_that_is_only_poor_is_not_dark(view: View) -> None:
    assert watch(view, lambda s: walker(s) * 0.25 + 8, 200.0, 300.0, noise=2.0) == []


def test_something_close_before_the_lens_covers_it(view: View) -> None:
    hand = np.linspace(60.0, 110.0, WIDTH)[None, :] + np.zeros((HEIGHT, 1))
    ((after_s, named),) = watch(view, lambda _: hand, 200.0, 230.0, noise=3.0)
    assert named == "covered"
    assert after_s == pytest.approx(5.0, abs=0.6)
    watch(view, plain, 230.0, 240.0)
    assert view.trouble is None


def test_somebody_who_passes_close_to_the_lens_covers_nothing(view: View) -> None:
    def passing(mono_s: float) -> Picture:
        return np.full((HEIGHT, WIDTH), 90, np.float32) if mono_s % 20 < 4 else seen_from()

    assert watch(view, passing, 200.0, 300.0) == []


def test_the_same_picture_is_frozen_before_15_s_and_the_next_new_one_ends_it(view: View) -> None:
    (named,) = watch(view, plain, 200.0, 230.0, noise=0.0)
    assert named[1] == "frozen"
    assert 10.0 < named[0] < 15.0
    (grey, _) = next(pictures(walker, 0.0, 1.0, noise=0.0))
    view.look(grey, 230.0)
    assert view.trouble is None


def test_a_running_clock_in_it_does_not_hide_that_it_is_frozen(view: View) -> None:
    def clock(mono_s: float) -> Picture:
        image: Picture = seen_from().copy()
        image[4:9, 4:9] = 250 if int(mono_s) % 2 else 0
        return image

    assert [name for _, name in watch(view, clock, 200.0, 230.0, noise=0.0)] == ["frozen"]


def test_one_far_walker_in_a_picture_without_any_noise_is_life(view: View) -> None:
    def far(mono_s: float) -> Picture:
        image: Picture = seen_from().copy()
        at = int(mono_s * 4) % 140
        image[40:54, at : at + 5] = 20
        return image

    assert watch(view, far, 200.0, 260.0, noise=0.0) == []


@pytest.mark.parametrize(("right", "down"), [(4, 0), (0, 4), (-12, 6), (35, 30)])
def test_a_camera_that_is_turned_has_moved_after_a_minute(view: View, right: int, down: int) -> None:
    ((after_s, named),) = watch(view, lambda _: seen_from(right, down), 200.0, 300.0)
    assert named == "moved"
    assert after_s == pytest.approx(60.0, abs=3.0)
    watch(view, plain, 300.0, 320.0)
    assert view.trouble is None, "turned back"


def test_people_and_light_move_no_camera(view: View) -> None:
    ramp = np.linspace(0.3, 1.0, WIDTH)[None, :].astype(np.float32)

    def crowd(mono_s: float) -> Picture:
        image: Picture = walker(mono_s)
        image[:, 60:110] = 90  # a queue before nearly a third of it, for minutes
        return image

    assert watch(view, lambda s: walker(s) * ramp, 200.0, 300.0) == []
    assert watch(view, lambda s: walker(s) * 0.3, 300.0, 400.0) == []
    assert watch(view, crowd, 400.0, 600.0) == []


def test_who_sets_it_up_anew_has_moved_nothing(view: View) -> None:
    assert [name for _, name in watch(view, lambda _: seen_from(20), 200.0, 270.0)] == ["moved"]
    view.learn_anew()
    assert view.trouble is None
    assert watch(view, lambda _: seen_from(20), 270.0, 500.0) == []


def test_a_bare_wall_cannot_be_moved() -> None:
    """A scene with hardly an edge: what is not known is not said."""
    wall = np.full((HEIGHT, WIDTH), 120, np.float32)
    wall[:, 20:22] = 40
    wall[10:12, :] = 220

    assert watch(View(), lambda _: wall, 0.0, 150.0) == []


def test_after_a_pause_time_begins_anew(view: View) -> None:
    dark = seen_from() * 0.02 + 16
    assert watch(view, lambda _: dark, 200.0, 204.0) == []
    assert watch(view, lambda _: dark, 210.0, 214.0) == []


def test_another_resolution_is_another_scene(view: View) -> None:
    for grey, mono_s in pictures(plain, 200.0, 300.0):
        view.look(grey[::2, ::2], mono_s)
        assert view.trouble is None


def test_black_is_16_in_video_and_0_elsewhere() -> None:
    noise = np.random.default_rng(1).normal(0.0, 3.0, (HEIGHT, WIDTH))
    assert is_dark(np.clip(noise, 0, 255).astype(np.uint8))
    assert is_dark((16 + noise).astype(np.uint8))
    assert not is_dark((seen_from() * 0.25).astype(np.uint8))

"""When the lookout asks the model, picture by picture."""

from __future__ import annotations

import numpy as np

from edge.core.attention import NOBODY, Need
from edge.core.types import Detections, Frame
from edge.lookout import UNCHANGED_S, Lookout
from tests.films import HEIGHT, WIDTH, Image


class Still:
    """A detector that is asked and finds nobody."""

    def __init__(self) -> None:
        self.asked = 0

    def detect(self, frame: Frame) -> Detections:
        self.asked += 1
        return Detections(np.empty((0, 4), np.float32), np.empty(0, np.float32), frame.mono_s, WIDTH / HEIGHT)


class Unread:
    """A picture of which only the brightness may be asked."""

    size = (HEIGHT, WIDTH)

    def luma(self) -> Image:
        return np.full(self.size, 90, np.uint8)

    def bgr(self) -> Image:
        raise AssertionError("nobody has to see it")

    def planes(self, height: int, width: int) -> tuple[Image, Image, Image]:
        raise AssertionError(f"nobody has to see it at {height} x {width}")


def test_a_picture_that_is_not_needed_is_not_converted():
    detector = Still()
    lookout = Lookout(detector, motion_gate=True, adaptive_rate=True, sure=0.5)
    seen = [lookout.see(Frame(Unread(), number / 10.0, number), NOBODY) for number in range(40)]
    assert detector.asked == 1
    assert (lookout.pictures, lookout.gated, lookout.waited) == (40, 39, 0)
    assert all(one is not None and not len(one.boxes) and one.aspect == WIDTH / HEIGHT for one in seen)
    assert [one.mono_s for one in seen if one is not None] == [number / 10.0 for number in range(40)]


BOX = np.array([[0.4, 0.3, 0.5, 0.8]], np.float32)
HIDDEN = Need(0.0, BOX, hidden=True)


class Finds(Still):
    """A detector that finds what it is told to."""

    boxes = np.empty((0, 4), np.float32)

    def detect(self, frame: Frame) -> Detections:
        self.asked += 1
        return Detections(self.boxes, np.full(len(self.boxes), 0.8, np.float32), frame.mono_s, WIDTH / HEIGHT)


class Grey(Unread):
    """A picture of one grey, with somebody in it who is as much brighter as `contrast` says."""

    def __init__(self, contrast: int = 0, thing: int = 0) -> None:
        self._image = super().luma()
        self._image[int(0.3 * HEIGHT) : int(0.8 * HEIGHT), int(0.4 * WIDTH) : int(0.5 * WIDTH)] += np.uint8(contrast)
        self._image[: HEIGHT // 5, : WIDTH // 5] += np.uint8(thing)

    def luma(self) -> Image:
        return self._image


class Watching:
    """A lookout and its detector, shown one picture after the other, a tenth of a second apart."""

    def __init__(self) -> None:
        self.detector, self._now = Finds(), 0.0
        self.lookout = Lookout(self.detector, motion_gate=True, adaptive_rate=True, sure=0.5)

    def looks(self, pictures: int, picture: Grey, need: Need, boxes: np.ndarray = BOX[:0]) -> int:
        """How many of them the detector looked at."""
        self.detector.asked, self.detector.boxes = 0, boxes
        for _ in range(pictures):
            self.lookout.see(Frame(picture, self._now, 0), need)
            self._now += 0.1
        return self.detector.asked


def test_a_change_that_is_nobody_is_not_looked_at_again_at_once_while_it_stays_as_it_is():
    watching = Watching()
    assert watching.looks(5, Grey(), NOBODY) == 1
    assert watching.looks(round(UNCHANGED_S * 10), Grey(thing=60), NOBODY) == 1
    assert watching.looks(round(UNCHANGED_S * 10), Grey(thing=60), NOBODY) == 1
    assert [watching.looks(1, Grey(thing=thing), NOBODY) for thing in (100, 140, 180)] == [1, 1, 1]


def test_who_may_be_somebody_is_looked_at_in_every_picture():
    watching = Watching()
    watching.looks(5, Grey(), NOBODY)
    watching.detector.boxes = BOX
    assert watching.looks(10, Grey(40), NOBODY, BOX) == 10


def test_an_empty_scene_is_not_looked_at_for_somebody_who_has_left_it():
    watching = Watching()
    watching.looks(5, Grey(), NOBODY)
    watching.looks(5, Grey(40), NOBODY, BOX)
    assert watching.looks(20, Grey(), HIDDEN) == 0
    assert watching.looks(5, Grey(40), HIDDEN, BOX) == 5


def test_somebody_who_is_there_and_was_missed_is_looked_for_when_he_moves():
    watching = Watching()
    watching.looks(5, Grey(), NOBODY)
    watching.looks(5, Grey(40), NOBODY, BOX)
    assert watching.looks(8, Grey(40), HIDDEN) == 2
    assert watching.looks(3, Grey(52), HIDDEN) == 1


def test_somebody_whom_the_gate_cannot_see_is_looked_for_in_every_picture():
    watching = Watching()
    watching.looks(5, Grey(), NOBODY)
    watching.looks(1, Grey(3, thing=60), NOBODY, BOX)
    assert watching.looks(20, Grey(3), HIDDEN) == 20


def test_without_the_gate_who_is_hidden_is_looked_for_in_every_picture():
    watching = Watching()
    watching.lookout = Lookout(watching.detector, motion_gate=False, adaptive_rate=True, sure=0.5)
    watching.looks(5, Grey(40), NOBODY, BOX)
    assert watching.looks(20, Grey(), HIDDEN) == 20
    assert watching.looks(20, Grey(), NOBODY) == 20

"""Whether a picture has to be looked at, by what has changed in it: a few thousand cells of grey against those before.

Two questions. Is everything as it was when nobody was there? The reference for that is learned only from pictures
without people, so somebody who stands still is as visible as somebody who walks. And has anything changed beside the
people who are known, since somebody last looked? In doubt the answer is that it has: a first picture, a change of the
light, a noise beyond measure. Knows small grey pictures; nothing of detectors and tracks.

What a change is, each cell's own noise decides, as in Wren et al., "Pfinder: Real-Time Tracking of the Human Body",
IEEE TPAMI 19(7), 1997, section 3.2; here the noise is a mean difference between two moments, which a thing that was put
somewhere else does not enlarge. A change of the exposure is divided out first: it is the same share in every cell.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import exp

import numpy as np
from numpy.typing import NDArray

from edge.core.types import Floats, Image

HEARTBEAT_S = 6.0
"""Nobody goes unlooked for longer than this, whatever the gate believes."""
MOVED_CELLS = 2
"""So many cells have to change: the noise of one may be anything."""
LEAST, MOST = 6.0, 32.0
"""A smaller change (grey levels of 255) is never one; a larger one always is, however noisy the cell."""
NOISES = 5.0
"""A change is so many times what a cell usually differs from itself."""
LIGHT = 0.2
"""A picture brighter or darker by a larger share is another one: nothing is known before somebody looks."""
LEARN_EVERY_S = 0.25
QUIET_S, EMPTY_S, DOUBTFUL_S = 4.0, 1.0, 10.0
"""Time constants of the reference: while nothing moves; when somebody looked and found nobody; or only a weak box."""
NOISE_S = 10.0
"""Time constant of the noise."""
LEARNED_AT_ONCE_S = 1.0
"""After a pause, however long, no more is learned than in this time."""
AROUND = 0.25
"""How far around somebody's box his limbs and the next step reach (box heights)."""

_Cells = NDArray[np.float32]


class Gate:
    """Compares pictures of one camera.

    Attributes:
        shows_people: Whether all who were found last differed from what is there when nobody is. They cannot move or
            leave unnoticed; somebody who is too small or too faint could.

    >>> gate, empty = Gate(), np.full((90, 160), 90, np.uint8)
    >>> gate.still(empty, 0.0)
    False
    >>> gate.found_nobody(empty, 0.0)
    >>> gate.still(empty, 0.1)
    True
    >>> somebody = empty.copy()
    >>> somebody[40:60, 80:88] = 60
    >>> gate.still(somebody, 0.2), gate.still(empty, 0.3), gate.still(empty, 0.3 + HEARTBEAT_S)
    (False, True, False)
    """

    def __init__(self) -> None:
        self._begin(0, 0)

    def _begin(self, height: int, width: int) -> None:
        self._reference: _Cells | None = None
        self._cells: _Cells = np.zeros((height, width), np.float32)
        self._known, self._before, self._noise, self._difference = (self._cells.copy() for _ in range(4))
        self._least = np.full_like(self._cells, LEAST)
        self._brightness = self._known_brightness = 0.0
        self._gain = 1.0
        self._samples = 0
        self.shows_people = False
        self._looked_s = self._learned_s = float("-inf")

    def still(self, small: Image, mono_s: float, *, learn: bool = True) -> bool:
        """Whether everything is as it was when nobody was there; to be asked while nobody is known to be there.

        Args:
            small: uint8 (h, w), about 160 x 90; another size than before begins anew.
            mono_s: Its time.
            learn: Whether the scene may be learned from it; not while somebody may only be hidden.
        """
        cells = self._take(small)
        if self._reference is None:
            return False
        self._gain = self._differ(cells, self._reference, self._brightness)
        moved = abs(self._gain - 1.0) > LIGHT or np.count_nonzero(self._difference > self._least) >= MOVED_CELLS
        if moved or mono_s - self._looked_s >= HEARTBEAT_S:
            return False
        if learn and mono_s - self._learned_s >= LEARN_EVERY_S:
            self._learn(mono_s, QUIET_S)
        return True

    def found_nobody(self, small: Image, mono_s: float, *, doubtful: bool = False) -> None:
        """Somebody looked at this picture and found nobody; `doubtful`: but is not quite sure."""
        self._remember(self._take(small), mono_s)
        other_light = abs(self._gain - 1.0) > LIGHT and not doubtful
        if self._reference is None or other_light:
            self._reference = self._cells.copy()
            self._learned_s = float("-inf")
        self._learn(mono_s, DOUBTFUL_S if doubtful else EMPTY_S)

    def found_somebody(self, small: Image, mono_s: float, boxes: Floats) -> None:
        """Somebody looked at this picture, and there are people; these were found, if not all are hidden."""
        cells = self._take(small)
        self._remember(cells, mono_s)
        self._learned_s = float("-inf")
        if len(boxes):
            self.shows_people = self._reference is not None and self._shows(cells, self._reference, boxes)

    def calm(self, small: Image, boxes: Floats) -> bool:
        """Whether nothing has changed beside these people since somebody last looked.

        Args:
            small: As in `still`.
            boxes: float32 (N, 4), of those who are known, in fractions of the frame.
        """
        cells = self._take(small)
        gain = self._differ(cells, self._known, self._known_brightness)
        if abs(gain - 1.0) > LIGHT:
            return False
        changed = self._difference > self._least
        for rows, columns in _places(boxes, changed.shape, AROUND):
            changed[rows, columns] = False
        return int(np.count_nonzero(changed)) < MOVED_CELLS

    def _shows(self, cells: _Cells, reference: _Cells, boxes: Floats) -> bool:
        """Whether everybody in these boxes differs from what is there when nobody is."""
        if abs(self._differ(cells, reference, self._brightness) - 1.0) > LIGHT:
            return False
        changed = self._difference > self._least
        places = _places(boxes, changed.shape, 0.0)
        return all(np.count_nonzero(changed[rows, columns]) >= MOVED_CELLS for rows, columns in places)

    def _remember(self, cells: _Cells, mono_s: float) -> None:
        """Keeps what somebody looked at."""
        self._known[:] = cells
        self._known_brightness = _sum(cells)
        self._looked_s = mono_s

    def _take(self, small: Image) -> _Cells:
        """The picture in cells: means of four points each, which halves the noise."""
        height, width = small.shape[0] // 2, small.shape[1] // 2
        if self._cells.shape != (height, width):
            self._begin(height, width)
        rows = np.add(small[: 2 * height : 2], small[1 : 2 * height : 2], dtype=np.uint16)
        np.add(rows[:, : 2 * width : 2], rows[:, 1 : 2 * width : 2], out=self._cells)
        self._cells *= 0.25
        return self._cells

    def _differ(self, cells: _Cells, other: _Cells, brightness: float) -> float:
        """Writes how much the cells differ from others that were as bright; returns how much brighter they are."""
        gain = (_sum(cells) + 1.0) / (brightness + 1.0)
        np.multiply(other, np.float32(gain), out=self._difference)
        self._difference -= cells
        np.abs(self._difference, out=self._difference)
        return gain

    def _learn(self, mono_s: float, time_constant_s: float) -> None:
        elapsed, self._learned_s = mono_s - self._learned_s, mono_s
        share = 1.0 - exp(-min(elapsed, LEARNED_AT_ONCE_S) / time_constant_s)
        if self._reference is not None:
            self._reference += np.float32(share) * (self._cells - self._reference)
            self._brightness = _sum(self._reference)
        if elapsed <= LEARNED_AT_ONCE_S:
            self._samples += 1
            share = max(1.0 - exp(-elapsed / NOISE_S), 1.0 / self._samples)
            np.subtract(self._cells, self._before, out=self._before)
            np.abs(self._before, out=self._before)
            self._noise += np.float32(share) * (self._before - self._noise)
            np.multiply(self._noise, np.float32(NOISES), out=self._least)
            np.clip(self._least, LEAST, MOST, out=self._least)
        self._before[:] = self._cells


def _places(boxes: Floats, shape: tuple[int, ...], around: float) -> Iterator[tuple[slice, slice]]:
    """The cells of each box and so many box heights around it: rows and columns."""
    height, width = shape
    for x0, y0, x1, y1 in boxes.tolist():
        margin = around * (y1 - y0)
        top, bottom = max(0, int((y0 - margin) * height)), max(0, int((y1 + margin) * height) + 1)
        margin *= height / width  # cells are as wide as they are high
        left, right = max(0, int((x0 - margin) * width)), max(0, int((x1 + margin) * width) + 1)
        yield slice(top, bottom), slice(left, right)


def _sum(cells: _Cells) -> float:
    return float(np.add.reduce(cells, axis=None))

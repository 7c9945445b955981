"""Where people stand: from the boxes of tracks to anchor points that survive a hidden or cut-off lower body.

Owns what is known of a body over time: its usual height and width, whether its feet are hidden, whether it ever moves.
Counting lines and zones both see people through this and keep no sizes of their own.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from math import exp
from typing import NamedTuple

from edge.core.rules import Anchor, Point
from edge.core.types import Tracks

FEET_HIDDEN_BELOW = 0.75
"""A box shorter than this share of the usual height has lost its feet (semantics A.4)."""
TOP_HELD_WITHIN = 0.10
"""... if its top moved less than this share of the usual height meanwhile."""
FRAME_EDGE = 0.004
"""Boxes that end this close to the frame's edge are cut off by it (fractions of the frame)."""
STATIC_AFTER_S = 60.0
STATIC_WITHIN = 0.05
"""A foot that stayed within this share of the height for so long is no person's (semantics A.8)."""
_SMOOTHING_S = 1.0
_SAMPLE_S = 0.1
_SAMPLES = 15
_FORGET_S = 10.0


class Sighting(NamedTuple):
    """One person in one picture, lengths in frame heights.

    Attributes:
        track: Id of the track.
        mono_s: Seconds, of the picture.
        x: Centre of the box, times aspect.
        top, foot: Upper edge and feet; the feet may lie below the frame.
        height, width: Usual size of this body (running medians).
        static: It has not moved for a minute: a mannequin or a poster.
    """

    track: int
    mono_s: float
    x: float
    top: float
    foot: float
    height: float
    width: float
    static: bool

    def anchor(self, anchor: Anchor) -> Point:
        """The point of the body that has to cross a line."""
        if anchor == "foot":
            return self.x, self.foot
        return self.x, self.top if anchor == "head" else (self.top + self.foot) / 2.0

    def floor_point(self) -> Point:
        """The foot, or the lowest visible point above it: zones end at the frame's edge, people do not."""
        return self.x, min(self.foot, 1.0 - FRAME_EDGE)


class _Median:
    """Median of the last few values."""

    def __init__(self) -> None:
        self._recent: deque[float] = deque()
        self._sorted: list[float] = []

    def add(self, value: float) -> None:
        if len(self._recent) == _SAMPLES:
            del self._sorted[bisect_left(self._sorted, self._recent.popleft())]
        self._recent.append(value)
        insort(self._sorted, value)

    @property
    def value(self) -> float:
        return self._sorted[len(self._sorted) // 2]


class _Body:
    """What is known of one track's body."""

    def __init__(self) -> None:
        self.height, self.width = _Median(), _Median()
        self.sampled_s = float("-inf")
        self.seen_s = 0.0
        self.full_top = 0.0
        self.static = False
        self._window_s: float | None = None
        self._smooth = (0.0, 0.0)
        self._low = self._high = (0.0, 0.0)

    def see(self, track: int, mono_s: float, box: list[float], aspect: float) -> Sighting:
        x0, y0, x1, y1 = box
        tall, wide = y1 - y0, (x1 - x0) * aspect
        if self.sampled_s == float("-inf"):
            self._sample(mono_s, tall, wide, y0)
        usual = self.height.value
        cut_off = y1 >= 1.0 - FRAME_EDGE and tall < usual
        feet_hidden = (
            tall < FEET_HIDDEN_BELOW * usual and abs(y0 - self.full_top) < TOP_HELD_WITHIN * usual and y0 > FRAME_EDGE
        )
        if cut_off or feet_hidden:
            foot = y0 + usual
        else:
            foot = y1
            self._sample(mono_s, tall, wide, y0)
        x = (x0 + x1) / 2.0 * aspect
        self._watch_motion(mono_s, x, foot, usual)
        self.seen_s = mono_s
        return Sighting(track, mono_s, x, y0, foot, self.height.value, self.width.value, self.static)

    def _sample(self, mono_s: float, tall: float, wide: float, top: float) -> None:
        self.full_top = top
        # By time, not by picture: the median spans the same seconds at every frame rate.
        if mono_s - self.sampled_s >= _SAMPLE_S - 1e-6:
            self.sampled_s = mono_s
            self.height.add(tall)
            self.width.add(wide)

    def _watch_motion(self, mono_s: float, x: float, foot: float, usual: float) -> None:
        if self._window_s is None:
            self._window_s, self._smooth = mono_s, (x, foot)
            self._low = self._high = self._smooth
            return
        share = 1.0 - exp(-max(mono_s - self.seen_s, 0.0) / _SMOOTHING_S)
        sx, sy = self._smooth
        self._smooth = sx, sy = sx + share * (x - sx), sy + share * (foot - sy)
        self._low = min(self._low[0], sx), min(self._low[1], sy)
        self._high = max(self._high[0], sx), max(self._high[1], sy)
        moved = max(self._high[0] - self._low[0], self._high[1] - self._low[1]) >= STATIC_WITHIN * usual
        if moved:
            self.static = False
            self._window_s, self._low, self._high = mono_s, self._smooth, self._smooth
        elif mono_s - self._window_s >= STATIC_AFTER_S:
            self.static = True


class Sightings:
    """Keeps the bodies of the tracks and turns each picture's observed tracks into sightings."""

    def __init__(self) -> None:
        self._bodies: dict[int, _Body] = {}

    def update(self, tracks: Tracks) -> list[Sighting]:
        """Sightings of the observed tracks, in the order of their ids; predictions are not sightings."""
        seen = []
        for track, box, observed in sorted(
            zip(tracks.ids.tolist(), tracks.boxes.tolist(), tracks.observed.tolist(), strict=True)
        ):
            if not observed:
                continue
            body = self._bodies.get(track)
            if body is None:
                body = self._bodies[track] = _Body()
            seen.append(body.see(track, tracks.mono_s, box, tracks.aspect))
        for track in [k for k, body in self._bodies.items() if tracks.mono_s - body.seen_s > _FORGET_S]:
            del self._bodies[track]
        return seen

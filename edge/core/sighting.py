"""Where people stand: from the boxes of tracks to anchor points that survive a hidden or cut-off lower body.

Owns what is known of a body over time: its usual height and width, whether its feet are hidden, whether it ever moves.
Counting lines and zones both see people through this and keep no sizes of their own.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from math import exp
from typing import NamedTuple

import numpy as np

from edge.core.rules import Anchor, Point
from edge.core.types import Tracks

FEET_HIDDEN_BELOW = 0.75
"""A box that falls below this share of the usual height at once, not little by little as that of somebody who walks
away, has lost its feet (semantics A.4)."""
TOP_HELD_WITHIN = 0.10
"""... if its top moved less than this share of the usual height meanwhile."""
FRAME_EDGE = 0.02
"""Boxes that end this close to the frame's edge are cut off by it (fractions of the frame)."""
GROWTH, GROWTH_S = 1.05, 0.5
"""A cut-off box that grew by this factor so recently belongs to somebody who is still coming in."""
STATIC_AFTER_S = 60.0
STATIC_WITHIN = 0.05
"""A foot that stayed within this share of the height for so long is no person's (semantics A.8)."""
HIDDEN_WITHIN = 0.12
"""Somebody unseen this near to somebody who is seen (between their heads, box heights) may be behind him."""
_LOWEST = 0.999
_SMOOTHING_S = 1.0
_SAMPLE_S = 0.1
_SPAN_S = 1.5
_FORGET_S = 10.0


class Sighting(NamedTuple):
    """One person in one picture, lengths in frame heights.

    Attributes:
        track: Id of the track.
        mono_s: Seconds, of the picture.
        x: Centre of the body, times aspect; it may lie beside the frame.
        top, foot: Upper edge and feet; the feet may lie below the frame.
        height, width: Usual size of this body (running medians).
        out_by: The way from here to where the body is out of the picture, when the frame's edge cuts it already.
        coming_in: It grows out of the lower edge of the frame, and its feet have not been seen yet.
        static: It has not moved for a minute: a mannequin or a poster.
        staff: It has stayed in a zone of the staff.
        unsure_s: When it was last unseen where somebody else was seen: since then it may be somebody else's track.
    """

    track: int
    mono_s: float
    x: float
    top: float
    foot: float
    height: float
    width: float
    out_by: Point | None
    coming_in: bool
    static: bool
    staff: bool
    unsure_s: float = float("-inf")

    def anchor(self, anchor: Anchor) -> Point:
        """The point of the body that has to cross a line."""
        if anchor == "foot":
            return self.x, self.foot
        return self.x, self.top if anchor == "head" else (self.top + self.foot) / 2.0

    def floor_point(self) -> Point:
        """Where it stands: at the frame's edge when the feet are below it, for there zones end; people do not."""
        if self.coming_in:
            return self.x, max(self.foot, 1.0)
        return self.x, self.foot if self.foot < _LOWEST else _LOWEST


class _Median:
    """Median of the last values; sampled by time, so that it spans the same seconds at every frame rate."""

    def __init__(self) -> None:
        self.known, self.value = False, 0.0
        self._recent: deque[tuple[float, float]] = deque()
        self._sorted: list[float] = []
        self._sampled_s = float("-inf")

    def sample(self, mono_s: float, value: float) -> None:
        if mono_s - self._sampled_s < _SAMPLE_S - 1e-6:
            return
        self._sampled_s = mono_s
        recent, ordered, forgotten_s = self._recent, self._sorted, mono_s - _SPAN_S
        while recent and recent[0][0] <= forgotten_s:
            del ordered[bisect_left(ordered, recent.popleft()[1])]
        recent.append((mono_s, value))
        insort(ordered, value)
        self.known, self.value = True, ordered[len(ordered) // 2]


class _Body:
    """What is known of one track's body."""

    def __init__(self) -> None:
        self.height, self.width = _Median(), _Median()
        self.seen_s = 0.0
        self.full_top = self.full_tall = 0.0
        """Of the last box that showed the feet."""
        self.tallest, self.grew_s = 0.0, 0.0
        self.static = self.staff = False
        self.unsure_s = float("-inf")
        self._window_s: float | None = None
        self._smooth_x = self._smooth_y = 0.0
        self._left = self._right = self._top = self._bottom = 0.0
        """How far it went since then, without the scatter."""

    def see(self, track: int, mono_s: float, box: list[float], aspect: float) -> Sighting:
        x0, y0, x1, y1 = box
        height, width = self.height, self.width
        tall, wide, known = y1 - y0, (x1 - x0) * aspect, height.known
        left_cut, right_cut, cut_off = x0 <= FRAME_EDGE, x1 >= 1.0 - FRAME_EDGE, y1 >= 1.0 - FRAME_EDGE
        if tall > GROWTH * self.tallest:
            self.tallest, self.grew_s = tall, mono_s
        if not known or not (left_cut or right_cut):
            width.sample(mono_s, wide)
        feet_hidden = (
            known
            and tall < FEET_HIDDEN_BELOW * height.value
            and tall < FEET_HIDDEN_BELOW * self.full_tall
            and abs(y0 - self.full_top) < TOP_HELD_WITHIN * height.value
            and y0 > FRAME_EDGE
        )
        if not (feet_hidden or (cut_off and known and tall < height.value)):
            height.sample(mono_s, tall)
            self.full_top, self.full_tall = y0, tall
        usual, usually_wide = height.value, width.value
        foot = y0 + usual if feet_hidden or (cut_off and tall < usual) else y1
        x = (x0 + x1) / 2.0 * aspect
        out_by = None
        if left_cut != right_cut:
            if wide < usually_wide:
                x += (usually_wide - wide) / (2.0 if right_cut else -2.0)
            out_by = (aspect + usually_wide / 2.0 - x if right_cut else -usually_wide / 2.0 - x, 0.0)
        elif cut_off:
            out_by = (0.0, 1.0 - y0)
        self._watch_motion(mono_s, x, foot, STATIC_WITHIN * usual)
        self.seen_s = mono_s
        coming_in = cut_off and mono_s - self.grew_s < GROWTH_S
        return Sighting(
            track,
            mono_s,
            x,
            y0,
            foot,
            usual,
            usually_wide,
            out_by,
            coming_in,
            self.static,
            self.staff,
            self.unsure_s,
        )

    def _watch_motion(self, mono_s: float, x: float, foot: float, within: float) -> None:
        if self._window_s is None:
            self._smooth_x, self._smooth_y = x, foot
            self._open_window(mono_s)
            return
        share = 1.0 - exp(-max(mono_s - self.seen_s, 0.0) / _SMOOTHING_S)
        self._smooth_x = x = self._smooth_x + share * (x - self._smooth_x)
        self._smooth_y = y = self._smooth_y + share * (foot - self._smooth_y)
        if x < self._left:
            self._left = x
        elif x > self._right:
            self._right = x
        if y < self._top:
            self._top = y
        elif y > self._bottom:
            self._bottom = y
        if self._right - self._left >= within or self._bottom - self._top >= within:
            self.static = False
            self._open_window(mono_s)
        elif mono_s - self._window_s >= STATIC_AFTER_S:
            self.static = True

    def _open_window(self, mono_s: float) -> None:
        self._window_s = mono_s
        self._left = self._right = self._smooth_x
        self._top = self._bottom = self._smooth_y


class Sightings:
    """Keeps the bodies of the tracks and turns each picture's observed tracks into sightings."""

    def __init__(self) -> None:
        self._bodies: dict[int, _Body] = {}

    def mark_staff(self, track: int) -> None:
        """From its next sighting on, this is a member of staff."""
        if track in self._bodies:
            self._bodies[track].staff = True

    def update(self, tracks: Tracks) -> list[Sighting]:
        """Sightings of the observed tracks, in the order of their ids; predictions are not sightings."""
        seen = []
        if not tracks.observed.all():
            self._doubt(tracks)
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

    def _doubt(self, tracks: Tracks) -> None:
        """Of two people one of whom hides the other nobody can say who comes out on which side."""
        x0, y0, x1, y1 = tracks.boxes.T
        people = np.array([(x0 + x1) * (tracks.aspect / 2.0), y0, y1 - y0])
        hidden, seen = people[:, ~tracks.observed, None], people[:, None, tracks.observed]
        near = HIDDEN_WITHIN / 2.0 * (hidden[2] + seen[2])
        away = np.hypot(hidden[0] - seen[0], hidden[1] - seen[1])
        for track in tracks.ids[~tracks.observed][(away < near).any(axis=1)].tolist():
            if track in self._bodies:
                self._bodies[track].unsure_s = tracks.mono_s

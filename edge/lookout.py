"""Which pictures the network looks at: those in which something may have changed, no oftener than people's places ask.

It puts the gate and the pace of edge.core before the detector; it knows nothing of how they decide, nor of counting.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from edge.adapters.camera.small import small_luma
from edge.core.attention import NOBODY, Need
from edge.core.gate import Gate
from edge.core.rate import Pace
from edge.core.types import Detections, Frame, Image

UNCHANGED_S = 0.4
"""A picture in which the network found nobody at all, not even perhaps, need not be shown to it again for so long."""


class Sees(Protocol):
    """A detector, as far as it matters here."""

    def detect(self, frame: Frame) -> Detections:
        """People in the picture, with its time and aspect."""


class Lookout:
    """Looks at the pictures of one camera through a detector, when it has to.

    Args:
        detector: Looks.
        motion_gate: Whether pictures in which nothing moved are taken for empty ones, while nobody is there.
        adaptive_rate: Whether pictures are left out while nobody who is there can reach a line or zone.
        sure: Score from which on a box is a person; of others, there may be one.

    Attributes:
        pictures: How many came.
        gated: How many of them the gate answered.
        waited: How many were left out.
    """

    def __init__(self, detector: Sees, *, motion_gate: bool, adaptive_rate: bool, sure: float) -> None:
        self._detector = detector
        self._motion_gate, self._adaptive_rate, self._sure = motion_gate, adaptive_rate, sure
        self._gate, self._pace = Gate(), Pace()
        self._unchanged_s = 0.0
        self.pictures = self.gated = self.waited = 0

    def see(self, frame: Frame, need: Need) -> Detections | None:
        """Who is in the picture; None when nobody has to know.

        Args:
            frame: The next picture.
            need: What it is needed for, by those that came before it.
        """
        self.pictures += 1
        if not (self._motion_gate or self._adaptive_rate):
            return self._detector.detect(frame)
        small = small_luma(frame.luma)
        now, absent = frame.mono_s, need.wait_s is None or need.hidden
        can_wait = self._pace.can_wait(now, self._unchanged_s if absent else need.wait_s or 0.0)
        if self._motion_gate and absent:
            if self._is_empty(small, now, need, can_wait=can_wait):
                self.gated += 1
                return _nobody(frame)
        elif not absent and self._adaptive_rate and can_wait and self._gate.calm(small, need.boxes):
            self.waited += 1
            return None
        seen = self._detector.detect(frame)
        self._pace.looked(now)
        best = seen.scores.max(initial=0.0)
        if need.wait_s is not None or best >= self._sure:
            self._gate.found_somebody(small, now, seen.boxes)
        else:
            self._gate.found_nobody(small, now, doubtful=best > 0.0)
        self._unchanged_s = 0.0 if best > 0.0 else UNCHANGED_S
        return seen

    def _is_empty(self, small: Image, now: float, need: Need, *, can_wait: bool) -> bool:
        """Whether nobody is there, by what has changed and what the last look has shown."""
        if need.hidden and not self._gate.shows_people:
            return False
        if self._gate.still(small, now, learn=not need.hidden):
            return True
        return can_wait and self._gate.calm(small, NOBODY.boxes)


def _nobody(frame: Frame) -> Detections:
    height, width = frame.size
    return Detections(np.empty((0, 4), np.float32), np.empty(0, np.float32), frame.mono_s, width / height)

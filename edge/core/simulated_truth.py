"""What really happened, from the paths themselves, along the definitions of semantics A and B.

The paths are dense and without noise; a foot is the middle of the lower edge of the box of the whole body. It must not
know how the service counts: no code is shared, only the rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.core.rules import LineRule, ZoneRule
from edge.core.simulated_camera import SimulatedCamera
from edge.core.simulated_crowd import STEP_S, Floats, Walker

BAND_MIN = 0.02
"""Frame heights (semantics A, band)."""


@dataclass(frozen=True)
class TrueCrossing:
    """The foot crossed the line for good."""

    mono_s: float
    inward: bool


@dataclass(frozen=True)
class TrueVisit:
    """Somebody was in a zone; `seconds` is without the absences in between, and `left` is False if it goes on."""

    zone: str
    start_s: float
    end_s: float
    seconds: float
    left: bool


@dataclass(frozen=True)
class TrueVisitor:
    """What one person did.

    Attributes:
        person: His number in the views.
        staff: Whether he works here.
        start_s, end_s: When he came and went, far from the frame.
        crossings: Of the line, in order: the raw reading.
        settled: Those of them that are left in the settled reading.
        uturns: Those of them that cancelled the one before: the second half of each U-turn.
        visits: To the zones, passes too.
    """

    person: int
    staff: bool
    start_s: float
    end_s: float
    crossings: tuple[TrueCrossing, ...]
    settled: tuple[TrueCrossing, ...]
    uturns: tuple[TrueCrossing, ...]
    visits: tuple[TrueVisit, ...]


class Truth:
    """Judges paths by one line (straight) and zones (convex), as a camera sees them."""

    def __init__(self, camera: SimulatedCamera, line: LineRule, zones: tuple[ZoneRule, ...]) -> None:
        self._camera, self._line, self._zones = camera, line, zones

    def of(self, walker: Walker) -> TrueVisitor:
        """What somebody did as far as he came."""
        path = np.array(walker.path)
        boxes = self._camera.boxes(path, np.full(len(path), walker.visitor.tall_m))
        times_s: Floats = walker.start_s + STEP_S * np.arange(len(path), dtype=np.float64)
        # Frame heights in both directions.
        feet: Floats = np.stack([(boxes[:, 0] + boxes[:, 2]) / 2.0 * self._camera.aspect, boxes[:, 3]], axis=1)
        tall, wide = boxes[:, 3] - boxes[:, 1], (boxes[:, 2] - boxes[:, 0]) * self._camera.aspect
        depth, along = self._relative(feet)
        crossings = self._crossings(times_s, depth, along, tall, wide)
        visits = [visit for zone in self._zones for visit in self._visits(zone, times_s, feet, tall)]
        return TrueVisitor(
            walker.person,
            walker.visitor.staff,
            walker.start_s,
            float(times_s[-1]),
            tuple(crossings),
            *settle(crossings, self._line.uturn_s),
            tuple(visits),
        )

    # Semantics A: rules 1 to 3.

    def _relative(self, feet: Floats) -> tuple[Floats, Floats]:
        """Distance to the line, positive inside, and position along it from its first end; frame heights."""
        stretch = (self._camera.aspect, 1.0)
        start, end, inside = (np.multiply(point, stretch) for point in (*self._line.points, self._line.inside))
        along = (end - start) / np.hypot(*(end - start))
        across = np.array([-along[1], along[0]])
        across *= np.sign((inside - start) @ across)
        return np.asarray((feet - start) @ across), np.asarray((feet - start) @ along)

    def _crossings(
        self, times_s: Floats, depth: Floats, along: Floats, tall: Floats, wide: Floats
    ) -> list[TrueCrossing]:
        rule = self._line
        start, end = (np.multiply(point, (self._camera.aspect, 1.0)) for point in rule.points)
        length = float(np.hypot(*(end - start)))
        side = np.sign(depth) * (np.abs(depth) > np.maximum(rule.band * tall, BAND_MIN))
        settled = [
            (first, last)
            for first, last in _runs(side)
            if side[first] and times_s[last] - times_s[first] >= rule.settle_s - STEP_S / 2.0
        ]
        crossings = []
        for (_, a), (b, _) in pairwise(settled):
            if side[a] == side[b]:
                continue
            share = depth[a] / (depth[a] - depth[b])
            where, margin = along[a] + share * (along[b] - along[a]), wide[b] / 2.0
            if -margin <= where <= length + margin:
                last = a + int(np.flatnonzero(depth[a:b] * side[a] > 0.0)[-1])
                crossings.append(TrueCrossing(_zero_s(times_s, depth, last), bool(side[b] > 0.0)))
        return crossings

    # Semantics B: rules 1 and 2.

    def _visits(self, rule: ZoneRule, times_s: Floats, feet: Floats, tall: Floats) -> list[TrueVisit]:
        corners = np.multiply(rule.polygon, (self._camera.aspect, 1.0))
        within, distance = _polygon(corners, feet)
        inside = within >= 0.0
        if not inside.any():
            return []
        beyond = ~inside & (distance > np.maximum(rule.band * tall, BAND_MIN))
        stays = _Stays(rule)
        for first, last in _runs(inside):
            if inside[first]:
                start_s = _zero_s(times_s, within, first - 1) if first else float(times_s[0])
                stays.come(start_s)
            elif stays.inside and beyond[first : last + 1].any():
                # In the band one is still in; that counts when somebody lingers there, not when he walks out.
                exit_s = _zero_s(times_s, within, first - 1)
                lingered_s = float(times_s[first + int(np.argmax(beyond[first : last + 1])) - 1])
                stays.go(lingered_s if lingered_s - exit_s > rule.exit_s else exit_s)
        return stays.visits(float(times_s[-1]))


class _Stays:
    """Puts stays together to visits: gaps of up to `exit_s` are none, and who is back in `return_s` goes on."""

    def __init__(self, rule: ZoneRule) -> None:
        self._rule = rule
        self._stays: list[tuple[float, float]] = []
        self._since_s = 0.0
        self.inside = False

    def come(self, mono_s: float) -> None:
        if self.inside:
            return
        self.inside, self._since_s = True, mono_s
        if self._stays and mono_s - self._stays[-1][1] <= self._rule.exit_s:
            self._since_s = self._stays.pop()[0]

    def go(self, mono_s: float) -> None:
        self.inside = False
        self._stays.append((self._since_s, mono_s))

    def visits(self, end_s: float) -> list[TrueVisit]:
        """All visits, the one that goes on at `end_s` too."""
        left = not self.inside
        if self.inside:
            self.go(end_s)
        visits = list[TrueVisit]()
        for start_s, until_s in self._stays:
            seconds = until_s - start_s
            if visits and start_s - visits[-1].end_s <= self._rule.return_s:
                before = visits.pop()
                visits.append(TrueVisit(before.zone, before.start_s, until_s, before.seconds + seconds, left=True))
            elif seconds >= self._rule.enter_s:
                visits.append(TrueVisit(self._rule.name, start_s, until_s, seconds, left=True))
        if not left and visits and visits[-1].end_s == end_s:
            visits[-1] = replace(visits[-1], left=False)
        return visits


def settle(
    crossings: Sequence[TrueCrossing], uturn_s: float
) -> tuple[tuple[TrueCrossing, ...], tuple[TrueCrossing, ...]]:
    """One person's settled crossings and U-turns: pairs of opposite ones within `uturn_s` cancel (semantics A, rule 7).

    >>> way = [TrueCrossing(1.0, True), TrueCrossing(5.0, False), TrueCrossing(9.0, True)]
    >>> [[crossing.mono_s for crossing in crossings] for crossings in settle(way, 10.0)]
    [[9.0], [5.0]]
    >>> len(settle(way, 3.0)[0])
    3
    """
    settled, uturns = list[TrueCrossing](), list[TrueCrossing]()
    for crossing in crossings:
        opposite = settled and settled[-1].inward != crossing.inward
        if opposite and crossing.mono_s - settled[-1].mono_s <= uturn_s:
            settled.pop()
            uturns.append(crossing)
        else:
            settled.append(crossing)
    return tuple(settled), tuple(uturns)


def _runs(values: NDArray[Any]) -> list[tuple[int, int]]:
    """First and last index of every stretch of equal values."""
    change = np.flatnonzero(values[1:] != values[:-1])
    return list(zip([0, *(change + 1).tolist()], [*change.tolist(), len(values) - 1], strict=True))


def _zero_s(times_s: Floats, values: Floats, before: int) -> float:
    """When `values` are zero between the instants `before` and `before` + 1, at which they have different signs."""
    share = values[before] / (values[before] - values[before + 1])
    return float(times_s[before] + share * (times_s[before + 1] - times_s[before]))


def _polygon(corners: Floats, points: Floats) -> tuple[Floats, Floats]:
    """How far points (N, 2) are within a convex polygon (negative: outside), and from its edge; both (N,)."""
    edges = np.roll(corners, -1, axis=0) - corners
    lengths = np.hypot(*edges.T)
    off = points[:, None, :] - corners
    across = (edges[:, 0] * off[..., 1] - edges[:, 1] * off[..., 0]) / lengths
    across *= np.sign(edges[0, 0] * edges[1, 1] - edges[0, 1] * edges[1, 0])
    along = np.clip((off * edges).sum(axis=-1) / lengths**2, 0.0, 1.0)
    distance = np.hypot(*np.moveaxis(off - along[..., None] * edges, -1, 0))
    return across.min(axis=1), distance.min(axis=1)

"""Visits to a zone along the semantics, part B: strict in, loose out, grace, returns, stitching, honest ends.

Knows one zone and the sightings of people. A visit is reported when nothing can change it any more; presence is
reported as it happens.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, hypot
from typing import NamedTuple

from edge.core.geometry import Polygon
from edge.core.rules import Point, ZoneRule
from edge.core.sighting import Sighting
from edge.core.types import Dwell, Ended

BAND_MIN = 0.02
"""Leaving takes at least this distance from the edge (frame heights)."""
STITCH_HEIGHTS = 1.0
"""How far apart a loss and a birth in the zone may be to be one person (box heights)."""
STEADY_S = 0.2
"""A foot scatters by some hundredths of the height. Who stands at the edge of a zone has not come or gone before his
place agrees, averaged over about this time."""
_EPSILON_S = 1e-6


class Presence(NamedTuple):
    """Somebody was inside from `start_s` to `end_s` (camera clock)."""

    start_s: float
    end_s: float


@dataclass
class ZoneStep:
    """What one picture brought to light about a zone: `entered` holds the instants at which visits began."""

    entered: list[float]
    dwells: list[Dwell]
    presence: list[Presence]
    stitched: list[float]
    inside: int
    staff: list[int]
    """Tracks that have just been found to be staff."""


@dataclass
class _Visitor:
    """What a zone knows of one track. A stay is time inside without a longer absence; a visit is one or more stays."""

    last_s: float
    last_at: Point
    height: float
    steady_at: Point
    """Where he is, without the scatter."""
    within: bool = False
    """Whether the foot was in the polygon when last seen."""
    came_s: float = 0.0
    """When it last came into it."""
    inside: bool = False
    """The same in the long run: strict in, loose out, and without the scatter."""
    stay_s: float | None = None
    """When the present stay began; None: no stay."""
    strict_s: float = 0.0
    """Last instant inside the polygon in this stay."""
    loose_s: float = 0.0
    """Last instant inside the polygon or its band in this stay."""
    credited_s: float = 0.0
    """Presence has been reported up to here."""
    opened: bool = False
    start_s: float = 0.0
    earlier_s: float = 0.0
    """Time inside in the earlier stays of this visit."""
    left_s: float = 0.0
    """End of the last stay, when there is none at present."""
    capped: bool = False
    nobody: bool = False
    """A mannequin, or staff in a zone for visitors."""


class ZoneTimer:
    """Times the visits to one zone."""

    def __init__(self, rule: ZoneRule) -> None:
        self.rule = rule
        self.hold_s = max(rule.return_s, rule.lost_s) + rule.exit_s
        """An event older than this will not change any more."""
        self._visitors: dict[int, _Visitor] = {}
        self._aspect = 0.0
        self._zone: Polygon

    def update(self, sightings: list[Sighting], mono_s: float, aspect: float) -> ZoneStep:
        """What the sightings of one picture bring to light."""
        if aspect != self._aspect:
            self._zone, self._aspect = Polygon(self.rule.polygon, aspect), aspect
        step = ZoneStep([], [], [], [], 0, [])
        newcomers = []
        for sighting in sightings:
            visitor = self._visitors.get(sighting.track)
            if visitor is not None and mono_s - visitor.last_s > self.rule.lost_s + _EPSILON_S:
                self._lose(self._visitors.pop(sighting.track), step)
                visitor = None
            if visitor is None:
                newcomers.append(sighting)
            else:
                self._see(visitor, sighting, step)
        if newcomers:
            self._welcome(newcomers, mono_s, step)
        if len(self._visitors) > len(sightings):
            self._forget(mono_s, step)
        step.inside = sum([visitor.opened and visitor.inside for visitor in self._visitors.values()])
        return step

    def finish(self) -> ZoneStep:
        """Ends every visit for want of more pictures: whoever is inside has not been seen to leave."""
        step = ZoneStep([], [], [], [], 0, [])
        for visitor in self._visitors.values():
            self._lose(visitor, step)
        self._visitors.clear()
        return step

    def _see(self, visitor: _Visitor, sighting: Sighting, step: ZoneStep) -> None:
        at, now = sighting.floor_point(), sighting.mono_s
        nobody = sighting.static or (sighting.staff and not self.rule.staff)
        if nobody and not visitor.nobody:
            self._discard(visitor)
        visitor.nobody = nobody
        within = self._zone.contains(*at)
        if within and not visitor.within:
            entries = self._zone.crossings(visitor.last_at, at)
            visitor.came_s = visitor.last_s + (entries[-1] if entries else 1.0) * (now - visitor.last_s)
        visitor.within = within and not nobody
        steady_at = visitor.steady_at = _steadied(visitor, at, now)
        if nobody:
            visitor.inside = False
        elif within and (visitor.inside or self._zone.contains(*steady_at)):
            self._inside(visitor, now, step)
        elif visitor.inside and self._is_near(steady_at, sighting.height):
            visitor.strict_s = self._left_polygon_s(visitor, at, now)
            visitor.loose_s = now
        else:
            self._outside(visitor, at, now, step)
        if self.rule.staff and visitor.opened and not sighting.staff:
            step.staff.append(sighting.track)
        visitor.last_s, visitor.last_at, visitor.height = now, at, sighting.height

    def _is_near(self, at: Point, height: float) -> bool:
        """In the polygon or its band."""
        return self._zone.contains(*at) or self._zone.distance(*at) <= max(self.rule.band * height, BAND_MIN)

    def _inside(self, visitor: _Visitor, now: float, step: ZoneStep) -> None:
        rule = self.rule
        if visitor.stay_s is None:
            self._close_if_away_too_long(visitor, now, step)
        if visitor.stay_s is None and not visitor.capped:
            visitor.stay_s = visitor.credited_s = visitor.came_s
        visitor.inside, visitor.strict_s, visitor.loose_s = True, now, now
        if visitor.stay_s is None:
            return
        self._open_if_confirmed(visitor, now, step)
        if visitor.opened:
            self._credit(visitor, now, step)
            if visitor.earlier_s + now - visitor.stay_s > rule.max_s:
                self._close(visitor, now, "capped", step)
                visitor.capped, visitor.stay_s = True, None

    def _outside(self, visitor: _Visitor, at: Point, now: float, step: ZoneStep) -> None:
        if visitor.inside:
            visitor.inside = False
            visitor.strict_s = self._left_polygon_s(visitor, at, now)
        if visitor.stay_s is not None and now - self._last_inside_s(visitor) > self.rule.exit_s:
            self._end_stay(visitor, step)
        if visitor.stay_s is None:
            visitor.capped = False
        self._close_if_away_too_long(visitor, now, step)

    def _close_if_away_too_long(self, visitor: _Visitor, now: float, step: ZoneStep) -> None:
        if visitor.opened and visitor.stay_s is None and now - visitor.left_s > self.rule.return_s:
            self._close(visitor, visitor.left_s, "left", step)

    def _left_polygon_s(self, visitor: _Visitor, at: Point, now: float) -> float:
        """When the way to this sighting left the polygon, or the last instant inside if an earlier one did."""
        exits = self._zone.crossings(visitor.last_at, at)
        if visitor.strict_s < visitor.last_s or not exits:
            return visitor.strict_s
        return visitor.last_s + exits[0] * (now - visitor.last_s)

    def _last_inside_s(self, visitor: _Visitor) -> float:
        """Time in the band counts only when somebody lingered there, not when he walked out through it."""
        lingered = visitor.loose_s - visitor.strict_s > self.rule.exit_s
        return visitor.loose_s if lingered else visitor.strict_s

    def _open_if_confirmed(self, visitor: _Visitor, until_s: float, step: ZoneStep) -> None:
        stay_s = visitor.stay_s
        if not visitor.opened and stay_s is not None and until_s - stay_s >= self.rule.enter_s - _EPSILON_S:
            visitor.opened, visitor.start_s, visitor.earlier_s = True, stay_s, 0.0
            step.entered.append(stay_s)

    def _credit(self, visitor: _Visitor, until_s: float, step: ZoneStep) -> None:
        if until_s > visitor.credited_s:
            step.presence.append(Presence(visitor.credited_s, until_s))
            visitor.credited_s = until_s

    def _end_stay(self, visitor: _Visitor, step: ZoneStep) -> None:
        until_s = self._last_inside_s(visitor)
        self._open_if_confirmed(visitor, until_s, step)
        if visitor.opened and visitor.stay_s is not None:
            self._credit(visitor, until_s, step)
            visitor.earlier_s += until_s - visitor.stay_s
            visitor.left_s = until_s
        visitor.stay_s = None

    def _close(self, visitor: _Visitor, end_s: float, ended: Ended, step: ZoneStep) -> None:
        seconds = visitor.earlier_s + (end_s - visitor.stay_s if visitor.stay_s is not None else 0.0)
        step.dwells.append(Dwell(self.rule.name, visitor.start_s, end_s, seconds, ended))
        self._discard(visitor)

    def _discard(self, visitor: _Visitor) -> None:
        visitor.opened, visitor.stay_s, visitor.earlier_s = False, None, 0.0

    def _lose(self, visitor: _Visitor, step: ZoneStep) -> None:
        """The track is gone for good: its visit ends as `lost` unless it was seen to leave."""
        was_inside = visitor.inside
        if visitor.stay_s is not None:
            self._end_stay(visitor, step)
        if visitor.opened:
            self._close(visitor, visitor.left_s, "lost" if was_inside else "left", step)

    # Rule 3: a track born in the zone beside one that was lost there goes on with its visit.

    def _welcome(self, newcomers: list[Sighting], mono_s: float, step: ZoneStep) -> None:
        pairs = []
        for sighting in newcomers:
            at = sighting.floor_point()
            if sighting.static or not self._zone.contains(*at):
                continue
            for name, lost in self._visitors.items():
                gap = hypot(at[0] - lost.last_at[0], at[1] - lost.last_at[1])
                recent = 0.0 < mono_s - lost.last_s <= self.rule.stitch_s + _EPSILON_S
                if recent and lost.inside and gap <= STITCH_HEIGHTS * max(sighting.height, lost.height):
                    pairs.append((gap, sighting.track, name))
        heirs: dict[int, int] = {}
        for _, track, name in sorted(pairs):
            if track not in heirs and name not in heirs.values():
                heirs[track] = name
        for sighting in newcomers:
            at = sighting.floor_point()
            heir_of = heirs.get(sighting.track)
            if heir_of is None:
                visitor = _Visitor(mono_s, at, sighting.height, steady_at=at)
            else:
                visitor = self._visitors.pop(heir_of)
                if visitor.opened:
                    step.stitched.append(mono_s)
            self._visitors[sighting.track] = visitor
            self._see(visitor, sighting, step)

    def _forget(self, mono_s: float, step: ZoneStep) -> None:
        keep_s = max(self.rule.lost_s, self.rule.stitch_s) + _EPSILON_S
        for name in [name for name, visitor in self._visitors.items() if mono_s - visitor.last_s > keep_s]:
            self._lose(self._visitors.pop(name), step)


def _steadied(visitor: _Visitor, at: Point, now: float) -> Point:
    """The place after one more sighting, averaged with a weight that fades with `STEADY_S`."""
    share = 1.0 - exp(-(now - visitor.last_s) / STEADY_S) if now > visitor.last_s else 1.0
    (x, y) = visitor.steady_at
    return x + share * (at[0] - x), y + share * (at[1] - y)

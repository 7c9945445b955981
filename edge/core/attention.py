"""How closely to look: every picture while somebody may reach a line or the edge of a zone, fewer while nobody can.

Fewer is enough for who stands still, or walks alone far from every line and edge: the tracker follows him across longer
steps, and where somebody crosses is interpolated. Whoever is new, hidden or walks near others is looked at closely.
Knows places and times; nothing of pictures, and of how the next look is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, hypot
from typing import NamedTuple

import numpy as np

from edge.core.geometry import Polygon, Polyline
from edge.core.rules import LineRule, Point, ZoneRule
from edge.core.sighting import Sighting
from edge.core.types import Floats, Tracks

WALKING_S, STANDING_S = 0.2, 0.4
"""A look may wait so long while somebody walks far from everything, and while everybody stands still."""
NEW_S = 1.0
"""Somebody is new for so long."""
AVERAGED_S = 1.0
MOVED = 0.06
"""Somebody walks who is farther than this from his place averaged over the time above (box heights)."""
NEAR, AHEAD_S = 0.1, 0.6
"""Near is this far away (box heights), and the way of the next seconds."""
TOGETHER = 1.0
"""Two people so near each other (box heights) may be taken for each other when one of them walks."""


class Need(NamedTuple):
    """What the next picture is needed for.

    Attributes:
        wait_s: So long it may wait; None: nobody is known to be there.
        boxes: float32 (N, 4), of those who are, in fractions of the frame.
        hidden: Whether none of them was found in this picture: they have left, or something hides them.
    """

    wait_s: float | None
    boxes: Floats
    hidden: bool = False


NOBODY = Need(None, np.empty((0, 4), np.float32))


@dataclass
class _Person:
    """Where somebody is on average, and since when he has been seen."""

    since_s: float
    seen_s: float
    average: Point


class Attention:
    """Watches how near people are to what counts."""

    def __init__(self, lines: Sequence[LineRule], zones: Sequence[ZoneRule]) -> None:
        self._line_rules, self._zone_rules = tuple(lines), tuple(zones)
        self._aspect = 0.0
        self._people: dict[int, _Person] = {}

    def update(self, tracks: Tracks, sightings: Sequence[Sighting], mono_s: float) -> Need:
        """What is needed after one picture."""
        if tracks.aspect != self._aspect:
            self._aspect = tracks.aspect
            self._lines = [(Polyline(x.points, x.inside, tracks.aspect), x.anchor) for x in self._line_rules]
            self._zones = [Polygon(x.polygon, tracks.aspect) for x in self._zone_rules]
        strides = [self._stride(sighting, mono_s) for sighting in sightings]
        if len(self._people) > len(sightings):
            self._people = {sighting.track: self._people[sighting.track] for sighting in sightings}
        if not len(tracks.ids):
            return NOBODY
        wait_s = self._wait_s(tracks, sightings, strides, mono_s)
        return Need(wait_s, tracks.boxes, hidden=not tracks.observed.any())

    def _wait_s(self, tracks: Tracks, sightings: Sequence[Sighting], strides: list[float], mono_s: float) -> float:
        if not tracks.observed.all() or any(mono_s - person.since_s < NEW_S for person in self._people.values()):
            return 0.0
        walking = False
        for sighting, stride in zip(sightings, strides, strict=True):
            if stride <= MOVED * sighting.height:
                continue
            walking = True
            near = NEAR * sighting.height + stride / AVERAGED_S * AHEAD_S
            if self._distance(sighting) < near or self._in_company(sighting, sightings):
                return 0.0
        return WALKING_S if walking else STANDING_S

    def _stride(self, sighting: Sighting, mono_s: float) -> float:
        """How far somebody is from where he has been on average, frame heights."""
        at = sighting.anchor("foot")
        person = self._people.get(sighting.track)
        if person is None:
            person = self._people[sighting.track] = _Person(mono_s, mono_s, at)
        share = 1.0 - exp(-(mono_s - person.seen_s) / AVERAGED_S)
        (x, y), person.seen_s = person.average, mono_s
        person.average = x + share * (at[0] - x), y + share * (at[1] - y)
        return hypot(at[0] - person.average[0], at[1] - person.average[1])

    def _distance(self, sighting: Sighting) -> float:
        """To the nearest line or edge, frame heights."""
        lines = [line.distance(*sighting.anchor(anchor)) for line, anchor in self._lines]
        zones = [zone.distance(*sighting.floor_point()) for zone in self._zones]
        return min(lines + zones, default=float("inf"))

    @staticmethod
    def _in_company(sighting: Sighting, sightings: Sequence[Sighting]) -> bool:
        return any(
            hypot(sighting.x - other.x, sighting.top - other.top) < TOGETHER * max(sighting.height, other.height)
            for other in sightings
            if other is not sighting
        )

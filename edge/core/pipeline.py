"""One step per picture: boxes to tracks to sightings to what happened at the lines and in the zones.

Pure: the same detections give the same steps, at any speed and on any clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np

from edge.core.attention import NOBODY, Attention
from edge.core.churn import Churn
from edge.core.crossing import LineCounter, LineEvent
from edge.core.dwell import ZoneStep, ZoneTimer
from edge.core.rules import LineRule, TrackerRule, ZoneRule
from edge.core.sighting import Sighting, Sightings
from edge.core.tracker import Tracker
from edge.core.types import Detections, Tracks

_NO_IDS, _NO_FLAGS = np.empty(0, np.int64), np.empty(0, np.bool_)


@dataclass(frozen=True)
class Step:
    """What one picture brought to light; `zones` is by name."""

    mono_s: float
    tracks: Tracks | None
    events: tuple[LineEvent, ...]
    zones: dict[str, ZoneStep]
    births: tuple[float, ...] = ()
    deaths: tuple[float, ...] = ()
    """When tracks began and ended in the interior."""


class Pipeline:
    """Counts what detections show.

    Attributes:
        need: What the next picture is needed for.
    """

    def __init__(self, lines: tuple[LineRule, ...], zones: tuple[ZoneRule, ...], tracker: TrackerRule) -> None:
        self._tracker = Tracker(tracker)
        self._sightings = Sightings()
        self._churn = Churn()
        self._lines = [LineCounter(rule) for rule in lines]
        self._zones = [ZoneTimer(rule) for rule in zones]
        self._attention = Attention(lines, zones)
        self._now = float("-inf")
        self.need = NOBODY

    @property
    def hold_s(self) -> float:
        """What happened longer ago than this is final."""
        return max([*(line.hold_s for line in self._lines), *(zone.hold_s for zone in self._zones)], default=0.0)

    def step(self, seen: Detections | Tracks) -> Step:
        """Counts one picture. Tracks (of a recording with ids) bypass the tracker.

        A picture that is not later than the one before is not counted: time does not go back.
        """
        if not self._now < seen.mono_s < inf:  # NaN is no time either
            return Step(self._now, None, (), {})
        self._now = seen.mono_s
        tracks = self._follow(seen) if isinstance(seen, Detections) else seen
        sightings = self._sightings.update(tracks)
        now, aspect = seen.mono_s, seen.aspect
        events = tuple(event for line in self._lines for event in line.update(sightings, now, aspect))
        zones = {zone.rule.name: zone.update(sightings, now, aspect) for zone in self._zones}
        for zone in zones.values():
            for track in zone.staff:
                self._sightings.mark_staff(track)
        self.need = self._attention.update(tracks, sightings, now)
        births, deaths = self._churn.update(sightings, now, self._interior)
        return Step(now, tracks, events, zones, tuple(births), tuple(deaths))

    def _follow(self, seen: Detections) -> Tracks:
        # Nobody was known and nobody came, as in most pictures of a shop: the tracker would only answer the same.
        if self.need.wait_s is None and not len(seen.boxes):
            return Tracks(_NO_IDS, NOBODY.boxes, _NO_FLAGS, seen.mono_s, seen.aspect)
        return self._tracker.update(seen)

    def _interior(self, sighting: Sighting) -> bool:
        return all(line.is_deep_inside(sighting) for line in self._lines)

    def finish(self) -> Step:
        """Reports everything that was waiting for more pictures; the pipeline can go on as if it had just started."""
        events = tuple(event for line in self._lines for event in line.finish())
        return Step(self._now, None, events, {zone.rule.name: zone.finish() for zone in self._zones})

    def change(self, lines: tuple[LineRule, ...], zones: tuple[ZoneRule, ...]) -> Step:
        """Counts by other rules from now on. What did not change goes on; what did is finished and reported."""
        ended_lines = [line for line in self._lines if line.rule not in lines]
        ended_zones = [zone for zone in self._zones if zone.rule not in zones]
        kept_lines = {line.rule: line for line in self._lines}
        kept_zones = {zone.rule: zone for zone in self._zones}
        self._lines = [kept_lines.get(rule) or LineCounter(rule) for rule in lines]
        self._zones = [kept_zones.get(rule) or ZoneTimer(rule) for rule in zones]
        self._attention = Attention(lines, zones)
        events = tuple(event for line in ended_lines for event in line.finish())
        return Step(self._now, None, events, {zone.rule.name: zone.finish() for zone in ended_zones})

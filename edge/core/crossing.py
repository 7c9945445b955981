"""Line crossings along the semantics, part A: settled sides, rejoin at the line, U-turns, and what is only reported.

Knows one line and the sightings of people; knows nothing of boxes, pictures, intervals or other lines. The state of a
track is dropped when it has been out of sight too long to matter.
"""

from __future__ import annotations

from collections import deque
from math import hypot
from typing import Literal, NamedTuple

from edge.core.geometry import Polyline
from edge.core.line_track import (
    EPSILON_S,
    REJOIN_HEIGHTS,
    LineTrack,
    came_from_beyond,
    lost_nearby,
    out_of_picture,
    partner_of,
    went_beyond,
)
from edge.core.rules import LineRule, Point
from edge.core.sighting import Sighting
from edge.core.uturn import Pending, Settler

Kind = Literal[
    "in_",
    "out",
    "in_raw",
    "out_raw",
    "uturns",
    "rejoined",
    "born_past_line",
    "died_at_line",
    "static",
    "staff_in",
    "staff_out",
    "shopper_units",
]  # fields of report.LineFacts

BAND_MIN = 0.02
"""The undecided strip is never narrower than this (half width, frame heights)."""
UNIT_S, UNIT_HEIGHTS = 1.0, 1.5
"""People who come in within this time and this far apart came together (semantics D)."""


class LineEvent(NamedTuple):
    """Something to be counted for a line, at the instant `mono_s` at which it happened."""

    line: str
    kind: Kind
    mono_s: float


class LineCounter:
    """Counts the crossings of one line."""

    def __init__(self, rule: LineRule) -> None:
        self.rule = rule
        self.hold_s = rule.uturn_s + rule.lost_s + rule.settle_s
        """An event older than this will not change any more."""
        self._tracks: dict[int, LineTrack] = {}
        self._settler = Settler(rule.uturn_s)
        self._entered: deque[Pending] = deque()
        """The last settled INs, for those who come together."""
        self._aspect = self._now = 0.0
        self._line: Polyline

    def update(self, sightings: list[Sighting], mono_s: float, aspect: float) -> list[LineEvent]:
        """The events that the sightings of one picture bring to light; each carries the time at which it happened."""
        if aspect != self._aspect:
            self._line, self._aspect = Polyline(self.rule.points, self.rule.inside, aspect), aspect
        events: list[LineEvent] = []
        for sighting in sightings:
            self._see(sighting, events)
        if len(self._tracks) > len(sightings):
            self._forget(mono_s, events)
        self._settle(mono_s - self.hold_s, events)
        self._now = mono_s
        return events

    def finish(self) -> list[LineEvent]:
        """The events that were waiting for more pictures; to be called when there are none."""
        events: list[LineEvent] = []
        for track in self._tracks.values():
            if track.last_s < self._now:
                self._bury(track, events)
        self._tracks.clear()
        self._settle(float("inf"), events)
        return events

    def is_deep_inside(self, sighting: Sighting) -> bool:
        """Whether somebody is on the inner side, and farther from the line than a crossing could account for."""
        depth = self._line.depth(*sighting.anchor(self.rule.anchor))
        return depth > REJOIN_HEIGHTS * sighting.height

    def _event(self, kind: Kind, mono_s: float) -> LineEvent:
        return LineEvent(self.rule.name, kind, mono_s)

    def _see(self, sighting: Sighting, events: list[LineEvent]) -> None:
        rule, at, now = self.rule, sighting.anchor(self.rule.anchor), sighting.mono_s
        depth = self._line.depth(*at)
        track = self._tracks.get(sighting.track)
        if track is not None and now - track.last_s > rule.lost_s + EPSILON_S:
            self._bury(self._tracks.pop(sighting.track), events)
            track = None
        if track is None:
            rivals = lost_nearby(self._tracks, at, now, sighting.height, rule.rejoin_s)
            beyond = out_of_picture(at, sighting.out_by)
            size = sighting.height, sighting.width
            track = self._tracks[sighting.track] = LineTrack(now, at, depth, *size, beyond, rivals, sighting.out_by)
        elif (depth > 0.0) != (track.last_depth > 0.0):
            share = track.last_depth / (track.last_depth - depth)
            track.passed_s = track.last_s + share * (now - track.last_s)
        if track.observations:
            track.before_s, track.before_depth = track.last_s, track.last_depth
        else:
            track.before_s, track.before_depth = now, depth
        track.observations += 1
        track.last_s, track.last_at, track.last_depth = now, at, depth
        track.height, track.width, track.out_by = sighting.height, sighting.width, sighting.out_by
        if sighting.staff and not track.staff:
            # Known as staff only now; what is not settled yet can still be put right.
            for pending in self._settler.withdraw(track.chain):
                events.append(self._event("staff_in" if pending.inward else "staff_out", pending.mono_s))
        track.staff, track.unsure_s = sighting.staff, sighting.unsure_s
        if sighting.static:
            if not track.static and abs(depth) <= REJOIN_HEIGHTS * track.height:
                events.append(self._event("static", now))
        else:
            self._judge(track, at, now, depth, events)
            if track.birth_open:
                self._watch_birth(track, now, depth, events)
        track.static = sighting.static

    def _judge(self, track: LineTrack, at: Point, now: float, depth: float, events: list[LineEvent]) -> None:
        """Rule 1: the first side and each change need `settle_s` and two observations beyond the band.

        The band was left at some instant between two sightings; counting from there makes the rule the same at every
        frame rate.
        """
        band = max(self.rule.band * track.height, BAND_MIN)
        if abs(depth) <= band:
            track.try_side = 0
            return
        beyond = 1 if depth > 0.0 else -1
        if beyond == track.side:
            track.far, track.try_side = at, 0
        elif beyond != track.try_side:
            inner = beyond * track.before_depth
            share = (band - inner) / (beyond * depth - inner) if inner < band else 1.0
            track.try_side, track.try_s = beyond, track.before_s + share * (now - track.before_s)
            track.try_at, track.try_observations = at, 1
        else:
            track.try_observations += 1
            if now - track.try_s >= self.rule.settle_s - EPSILON_S:
                self._change_side(track, events)
                track.far = at

    def _change_side(self, track: LineTrack, events: list[LineEvent]) -> None:
        before, track.side, track.try_side = track.side, track.try_side, 0
        if before == 0:
            partner = partner_of(track, self._tracks)
            if partner is not None:
                self._take_over(track, partner, events)
            elif came_from_beyond(track, self._line):
                self._count(track, track.passed_s or track.born_s, events)
        elif self._line.meets(track.far, track.try_at, track.width / 2.0):
            self._count(track, track.passed_s if track.passed_s is not None else track.try_s, events)

    def _count(self, track: LineTrack, mono_s: float, events: list[LineEvent]) -> bool:
        """Rule 7: every crossing counts raw; opposite ones of one chain cancel in the settled reading."""
        if track.observations < self.rule.min_obs:
            return False
        inward = track.side > 0
        track.crossed_s, track.birth_open = mono_s, False
        if track.staff or self.rule.staff:
            events.append(self._event("staff_in" if inward else "staff_out", mono_s))
            return False
        events.append(self._event("in_raw" if inward else "out_raw", mono_s))
        if track.chain and track.unsure_s > track.chain[-1].mono_s:
            track.chain = []  # perhaps somebody else's: what is not known to be one person's does not cancel
        if self._settler.cross(track.chain, mono_s, inward=inward, at=track.last_at, height=track.height):
            events.append(self._event("uturns", mono_s))
        return True

    def _settle(self, before_s: float, events: list[LineEvent]) -> None:
        for crossing in self._settler.settled(before_s):
            events.append(self._event("in_" if crossing.inward else "out", crossing.mono_s))
            if crossing.inward and not self._came_with_another(crossing):
                events.append(self._event("shopper_units", crossing.mono_s))

    def _came_with_another(self, crossing: Pending) -> bool:
        together = False
        for other in self._entered:
            (ax, ay), (bx, by) = crossing.at, other.at
            near = hypot(ax - bx, ay - by) <= UNIT_HEIGHTS * max(crossing.height, other.height)
            together |= near and abs(crossing.mono_s - other.mono_s) <= UNIT_S
        self._entered.append(crossing)
        while crossing.mono_s - self._entered[0].mono_s > UNIT_S:
            self._entered.popleft()
        return together

    # Rule 5: a track lost at the line and one born beyond it soon after are one person.

    def _take_over(self, track: LineTrack, partner: int, events: list[LineEvent]) -> None:
        lost = self._tracks.pop(partner)
        track.chain, track.crossed_s, track.birth_open = lost.chain, lost.crossed_s, False
        track.observations += lost.observations
        same_side = lost.side == track.side
        if same_side or not self._line.meets(lost.far, track.try_at, max(lost.width, track.width) / 2.0):
            return
        if (lost.last_depth > 0.0) != (track.born_depth > 0.0):
            share = lost.last_depth / (lost.last_depth - track.born_depth)
            passed_s = lost.last_s + share * (track.born_s - lost.last_s)
        else:
            inside_already = (lost.last_depth > 0.0) == (track.side > 0)
            passed_s = (lost.passed_s if inside_already else track.passed_s) or track.born_s
        if self._count(track, passed_s, events):
            events.append(self._event("rejoined", passed_s))

    # Rule 6: reported, never guessed.

    def _at_line(self, depth: float, height: float) -> bool:
        """Astride the line, or beyond it so near that a crossing may have gone unseen."""
        return -max(self.rule.band * height, BAND_MIN) <= depth <= REJOIN_HEIGHTS * height

    def _watch_birth(self, track: LineTrack, now: float, depth: float, events: list[LineEvent]) -> None:
        """A birth at the line is reported when the newcomer walks away from it: who stands there has missed nothing."""
        if track.side == 0 or track.observations < self.rule.min_obs:
            return
        late = now - track.born_s > self.rule.lost_s + self.rule.settle_s
        if late or not self._at_line(track.born_depth, track.height):
            track.birth_open = False
        elif abs(depth) - abs(track.born_depth) > self.rule.band * track.height:
            track.birth_open = False
            events.append(self._event("born_past_line", track.born_s))

    def _forget(self, mono_s: float, events: list[LineEvent]) -> None:
        keep_s = max(self.rule.lost_s, self.rule.rejoin_s) + EPSILON_S
        gone = [name for name, track in self._tracks.items() if mono_s - track.last_s > keep_s]
        if gone:
            awaited = {name for track in self._tracks.values() if track.side == 0 for _, name in track.rivals}
            for name in gone:
                # A newcomer that still lingers in the band may turn out to be this one.
                if name not in awaited:
                    self._bury(self._tracks.pop(name), events)

    def _bury(self, track: LineTrack, events: list[LineEvent]) -> None:
        if not track.static and went_beyond(track, self._line):
            track.side = -track.side
            self._count(track, track.passed_s or track.last_s, events)
        counted = track.last_s - track.crossed_s <= self.rule.uturn_s
        watched = track.observations >= self.rule.min_obs and track.side != 0 and not track.static
        if watched and not counted and self._at_line(track.last_depth, track.height):
            events.append(self._event("died_at_line", track.last_s))

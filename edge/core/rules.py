"""What to count and with which thresholds: lines, zones, tracker. Defaults live here and nowhere else.

Thresholds are seconds, or fractions of the person's box height, never frames or pixels. config.py adds range and
wording for people and takes every default from these classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Point = tuple[float, float]
Anchor = Literal["foot", "head", "centre"]


@dataclass(frozen=True)
class LineRule:
    """A counting line (semantics, part A).

    Attributes:
        name: Unique in the device.
        points: Two or more corners of a polyline, fractions of the frame.
        inside: Any point on the inner side: a crossing towards it is IN.
        anchor: The point of a box that has to cross.
        band: Half width of the undecided strip along the line, box heights.
        settle_s: How long a side has to hold before it counts.
        lost_s: How long a track may be hidden and keep its side.
        rejoin_s: How soon after a loss at the line another track may take over.
        uturn_s: Opposite crossings within this time cancel in the settled reading.
        min_obs: Tracks seen less often than this are noise.
        staff: Only staff use it: its crossings are a number of their own.
    """

    name: str
    points: tuple[Point, ...]
    inside: Point
    anchor: Anchor = "foot"
    band: float = 0.13
    settle_s: float = 0.15
    lost_s: float = 2.0
    rejoin_s: float = 1.0
    uturn_s: float = 10.0
    min_obs: int = 3
    staff: bool = False


@dataclass(frozen=True)
class ZoneRule:
    """A display zone (semantics, part B).

    Attributes:
        name: Unique in the device.
        polygon: Three or more corners, fractions of the frame.
        band: How far beyond the edge a visitor has to be to have left, box heights.
        enter_s: Time inside that opens a visit.
        exit_s: Time outside that closes it.
        lost_s: Time unseen that closes it as lost.
        return_s: Back within this time is the same visit.
        stitch_s: How soon after a loss another track born beside it goes on with the visit.
        stop_s: Shorter visits are passes.
        engaged_s: Visits from here on are engaged.
        max_s: Longer than any shopper stays.
        staff: Only staff stay in it: whoever does is no visitor from then on.
    """

    name: str
    polygon: tuple[Point, ...]
    band: float = 0.13
    enter_s: float = 1.0
    exit_s: float = 2.0
    lost_s: float = 3.0
    return_s: float = 30.0
    stitch_s: float = 3.0
    stop_s: float = 3.0
    engaged_s: float = 15.0
    max_s: float = 1800.0
    staff: bool = False


@dataclass(frozen=True)
class TrackerRule:
    """How boxes become tracks (see tracker.py).

    Attributes:
        high_score: Detections from here on start tracks and are matched first.
        low_score: Detections from here on may continue a track.
        lost_s: How long a track that nothing matches is predicted before it is given up.
    """

    high_score: float = 0.5
    low_score: float = 0.1
    lost_s: float = 2.0

"""What a line knows of one track, and the questions that this alone answers.

Who was lost where a newcomer appears (semantics A.5), and who came or went through an edge of the frame that lies
beyond the line. Nothing is counted here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import hypot

from edge.core.geometry import Polyline
from edge.core.rules import Point
from edge.core.uturn import Chain

REJOIN_HEIGHTS = 0.8
"""How far apart a loss and a birth may be to be one person, and what is "near the line" (box heights)."""
EPSILON_S = 1e-6
"""Time stamps are sums of fractions: limits hold up to this."""


@dataclass
class LineTrack:
    """What one line knows of one track. Sides are +1 inside, -1 outside, 0 not yet known."""

    born_s: float
    born_at: Point
    born_depth: float
    height: float
    width: float
    from_beyond: Point | None
    """Where the anchor was before the body came in through the frame's edge, if it did."""
    rivals: list[tuple[float, int]]
    """Tracks lost near where this one was born: (distance, track)."""
    out_by: Point | None
    """Set when the frame's edge cuts the body: the way from the anchor to where it is out of the picture."""
    chain: Chain = field(default_factory=list)
    side: int = 0
    far: Point = (0.0, 0.0)
    """The last point settled on `side`, beyond the band."""
    last_s: float = 0.0
    last_at: Point = (0.0, 0.0)
    last_depth: float = 0.0
    before_s: float = 0.0
    before_depth: float = 0.0
    """Time and depth of the sighting before the last one."""
    passed_s: float | None = None
    """When the anchor last changed sides, interpolated between two sightings."""
    crossed_s: float = float("-inf")
    observations: int = 0
    birth_open: bool = True
    """Whether the birth may yet turn out to be one at the line."""
    static: bool = False
    staff: bool = False
    unsure_s: float = float("-inf")
    """When it was last unsure whose track this is."""
    try_side: int = 0
    try_s: float = 0.0
    try_at: Point = (0.0, 0.0)
    try_observations: int = 0


def out_of_picture(at: Point, out_by: Point | None) -> Point | None:
    """Where an anchor is once the body has left through the edge that cuts it; None when none does."""
    return None if out_by is None else (at[0] + out_by[0], at[1] + out_by[1])


def came_from_beyond(track: LineTrack, line: Polyline) -> bool:
    """Whether a track was born cut off by an edge of the frame on the other side of the line."""
    return (
        track.from_beyond is not None
        and (track.born_depth > 0.0) != (track.side > 0)
        and line.depth(*track.from_beyond) * track.born_depth > 0.0
        and line.meets(track.from_beyond, track.try_at, track.width / 2.0)
    )


def went_beyond(track: LineTrack, line: Polyline) -> bool:
    """Whether a track ended beyond the line, cut off by an edge of the frame on that side."""
    beyond = out_of_picture(track.last_at, track.out_by)
    return (
        beyond is not None
        and track.side != 0
        and (track.last_depth > 0.0) != (track.side > 0)
        and line.depth(*beyond) * track.last_depth > 0.0
        and line.meets(track.far, beyond, track.width / 2.0)
    )


def lost_nearby(
    tracks: Mapping[int, LineTrack], at: Point, now: float, height: float, rejoin_s: float
) -> list[tuple[float, int]]:
    """The tracks that were lost near the line, and near in place and time to a newcomer: (distance, track)."""
    rivals = []
    for name, lost in tracks.items():
        near_line = abs(lost.last_depth) <= REJOIN_HEIGHTS * lost.height
        if near_line and 0.0 < now - lost.last_s <= rejoin_s + EPSILON_S:
            gap = hypot(at[0] - lost.last_at[0], at[1] - lost.last_at[1])
            if gap <= REJOIN_HEIGHTS * max(height, lost.height):
                rivals.append((gap, name))
    return rivals


def partner_of(track: LineTrack, tracks: Mapping[int, LineTrack]) -> int | None:
    """The lost track that `track` goes on with, when the nearest pairs of all newcomers are matched first."""
    pairs = [
        (gap, newcomer.born_s, name, newcomer)
        for newcomer in tracks.values()
        if newcomer is track or (newcomer.side == 0 and newcomer.observations >= 2)
        for gap, name in newcomer.rivals
        if name in tracks and tracks[name].side != 0 and tracks[name].last_s < newcomer.born_s
    ]
    lost_taken: set[int] = set()
    newcomers_taken: set[int] = set()
    for _, _, name, newcomer in sorted(pairs, key=lambda pair: pair[:3]):
        if name in lost_taken or id(newcomer) in newcomers_taken:
            continue
        if newcomer is track:
            return name
        lost_taken.add(name)
        newcomers_taken.add(id(newcomer))
    return None

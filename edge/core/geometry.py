"""Lines and zones as geometry: which side, how far, inside or not, and where a path crosses.

All lengths here are in frame heights, x to the right and y down: a point of the frame in fractions becomes
(x * aspect, y), so that a distance means the same in every direction.
"""

from __future__ import annotations

from itertools import pairwise
from math import hypot
from typing import NamedTuple

from edge.core.rules import Point


class _Segment(NamedTuple):
    """From (ax, ay) in the unit direction (ux, uy) for `length`; a missing bound means that it goes on for ever."""

    ax: float
    ay: float
    ux: float
    uy: float
    length: float

    def project(self, x: float, y: float) -> tuple[float, float]:
        """Position along the segment and signed distance to its left, both from (ax, ay)."""
        dx, dy = x - self.ax, y - self.ay
        return dx * self.ux + dy * self.uy, self.ux * dy - self.uy * dx


def _segments(points: tuple[Point, ...], aspect: float) -> list[_Segment]:
    scaled = [(x * aspect, y) for x, y in points]
    segments = []
    for (ax, ay), (bx, by) in pairwise(scaled):
        length = hypot(bx - ax, by - ay)
        if length > 0.0:
            segments.append(_Segment(ax, ay, (bx - ax) / length, (by - ay) / length, length))
    if not segments:
        raise ValueError(f"expected at least two different points, got {points}")
    return segments


def _distance(segments: list[_Segment], x: float, y: float) -> float:
    best = float("inf")
    for ax, ay, ux, uy, length in segments:
        dx, dy = x - ax, y - ay
        along = dx * ux + dy * uy
        beyond = -along if along < 0.0 else max(along - length, 0.0)
        best = min(best, hypot(beyond, ux * dy - uy * dx))
    return best


def _fraction_of_crossing(p: Point, q: Point, segment: _Segment, before: float, after: float) -> float | None:
    """Where on the way from p to q (0..1) the segment, lengthened at its two ends, is crossed; None if it is not."""
    along_p, off_p = segment.project(*p)
    along_q, off_q = segment.project(*q)
    if (off_p > 0.0) == (off_q > 0.0):
        return None
    fraction = off_p / (off_p - off_q)
    along = along_p + fraction * (along_q - along_p)
    return fraction if -before <= along <= segment.length + after else None


class Polyline:
    """A counting line. Its sides are those of the line with both ends prolonged without limit.

    Args:
        points: Two or more corners, fractions of the frame.
        inside: A point on the inner side, fractions of the frame.
        aspect: Width / height of the frame.

    >>> door = Polyline(((0.0, 0.5), (1.0, 0.5)), (0.5, 0.9), aspect=1.0)
    >>> round(door.depth(0.5, 0.7), 3), round(door.depth(0.5, 0.4), 3)
    (0.2, -0.1)
    >>> round(door.depth(1.4, 0.8), 3), round(door.distance(1.4, 0.8), 3)
    (0.3, 0.5)
    >>> door.meets((0.5, 0.4), (0.5, 0.7)), door.meets((1.2, 0.4), (1.2, 0.7))
    (True, False)
    """

    def __init__(self, points: tuple[Point, ...], inside: Point, aspect: float) -> None:
        self._segments = _segments(points, aspect)
        self._inward = 1.0
        if self.depth(inside[0] * aspect, inside[1]) < 0.0:
            self._inward = -1.0

    def depth(self, x: float, y: float) -> float:
        """Signed distance of a point to the line: positive on the inner side."""
        if len(self._segments) == 1:
            ax, ay, ux, uy, _ = self._segments[0]
            return self._inward * (ux * (y - ay) - uy * (x - ax))
        last = len(self._segments) - 1
        best_distance, best_off = float("inf"), 0.0
        for index, segment in enumerate(self._segments):
            along, off = segment.project(x, y)
            if along < 0.0 and index > 0:
                distance = hypot(along, off)
            elif along > segment.length and index < last:
                distance = hypot(along - segment.length, off)
            else:
                distance = abs(off)
            # At a corner both neighbours are equally far; the one seen more squarely knows the side.
            if distance < best_distance - 1e-12 or (distance < best_distance + 1e-12 and abs(off) > abs(best_off)):
                best_distance, best_off = distance, off
        return self._inward * (best_distance if best_off > 0.0 else -best_distance)

    def distance(self, x: float, y: float) -> float:
        """Distance to the line itself, not prolonged; never negative."""
        return _distance(self._segments, x, y)

    def meets(self, p: Point, q: Point, margin: float = 0.0) -> bool:
        """Whether the straight way from p to q meets the line, with its two ends lengthened by `margin`."""
        last = len(self._segments) - 1
        return any(
            _fraction_of_crossing(p, q, segment, margin if index == 0 else 0.0, margin if index == last else 0.0)
            is not None
            for index, segment in enumerate(self._segments)
        )


class Polygon:
    """A zone.

    >>> square = Polygon(((0.2, 0.2), (0.6, 0.2), (0.6, 0.6), (0.2, 0.6)), aspect=1.0)
    >>> square.contains(0.3, 0.3), square.contains(0.7, 0.3), round(square.distance(0.7, 0.3), 3)
    (True, False, 0.1)
    >>> square.crossings((0.0, 0.4), (0.4, 0.4))
    [0.5]
    """

    def __init__(self, polygon: tuple[Point, ...], aspect: float) -> None:
        self._edges = _segments((*polygon, polygon[0]), aspect)
        self._corners = [(x * aspect, y) for x, y in polygon]
        xs, ys = zip(*self._corners, strict=True)
        # A little more, so that rounding where an edge is crossed cannot matter.
        self._bounds = min(xs) - 1e-9, min(ys) - 1e-9, max(xs) + 1e-9, max(ys) + 1e-9

    def contains(self, x: float, y: float) -> bool:
        """Even-odd rule."""
        left, top, right, bottom = self._bounds
        if not (left <= x <= right and top <= y <= bottom):  # most people are nowhere near
            return False
        inside = False
        ax, ay = self._corners[-1]
        for bx, by in self._corners:
            if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
                inside = not inside
            ax, ay = bx, by
        return inside

    def distance(self, x: float, y: float) -> float:
        """Distance to the nearest edge, never negative."""
        return _distance(self._edges, x, y)

    def crossings(self, p: Point, q: Point) -> list[float]:
        """Where on the straight way from p to q (0..1) an edge is crossed, in order."""
        found = (_fraction_of_crossing(p, q, edge, 0.0, 0.0) for edge in self._edges)
        return sorted(fraction for fraction in found if fraction is not None)

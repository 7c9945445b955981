"""What makes a line or a zone impossible to count with, as words; knows coordinates only, not the keys around them.

The tests are affine, so fractions of the frame do without its aspect ratio.
"""

from __future__ import annotations

from itertools import combinations, pairwise
from math import hypot

from edge.core.geometry import Polyline
from edge.core.rules import Point

_TOUCHING = 1e-6
"""Fractions of the frame: well below a pixel, well above the rounding of a decimal written by hand."""

_Segment = tuple[Point, Point]


def line_fault(points: tuple[Point, ...]) -> str | None:
    """What is wrong with the corners of a counting line; None if nothing is.

    >>> line_fault(((0.1, 0.5), (0.9, 0.5), (0.9, 0.2), (0.5, 0.8)))
    'expected a line that does not meet itself, but segments 0-1 and 2-3 do'
    """
    edges = list(pairwise(points))
    return _repetition(edges) or _self_contact(edges, closed=False)


def polygon_fault(polygon: tuple[Point, ...]) -> str | None:
    """What is wrong with the corners of a zone; None if nothing is.

    >>> polygon_fault(((0.1, 0.1), (0.5, 0.5), (0.9, 0.9)))
    'expected corners around an area, but they lie on one line'
    """
    edges = list(pairwise((*polygon, polygon[0])))
    if fault := _repetition(edges):
        return fault
    if all(abs(_off(corner, edges[0])) < _TOUCHING for corner in polygon):
        return "expected corners around an area, but they lie on one line"
    return _self_contact(edges, closed=True)


def inside_fault(points: tuple[Point, ...], inside: Point) -> str | None:
    """What is wrong with the point that tells the inner side of a line; None if nothing is.

    >>> inside_fault(((0.1, 0.5), (0.5, 0.5)), (0.9, 0.5))
    'expected a point beside the line, but it lies on the line or on its extension'
    """
    if abs(Polyline(points, inside, aspect=1.0).depth(*inside)) < _TOUCHING:
        return "expected a point beside the line, but it lies on the line or on its extension"
    return None


def _repetition(edges: list[_Segment]) -> str | None:
    for index, (a, b) in enumerate(edges):
        if hypot(b[0] - a[0], b[1] - a[1]) < _TOUCHING:
            return f"expected different corners, but the one after point {index} is the same again"
    return None


def _self_contact(edges: list[_Segment], *, closed: bool) -> str | None:
    corners = len(edges) + (not closed)
    for (i, first), (j, second) in combinations(enumerate(edges), 2):
        if j == i + 1:
            contact = _folds_back(first, second)
        elif closed and i == 0 and j == len(edges) - 1:
            contact = _folds_back(second, first)
        else:
            contact = _meet(first, second)
        if contact:
            noun = "polygon" if closed else "line"
            pair = f"segments {i}-{i + 1} and {j}-{(j + 1) % corners}"
            return f"expected a {noun} that does not meet itself, but {pair} do"
    return None


def _folds_back(first: _Segment, second: _Segment) -> bool:
    """Whether `second`, which begins where `first` ends, runs back over it."""
    (ax, ay), (bx, by) = first
    cx, cy = second[1]
    backwards = (ax - bx) * (cx - bx) + (ay - by) * (cy - by) > 0.0
    return backwards and (_on(first[0], second) or _on(second[1], first))


def _meet(first: _Segment, second: _Segment) -> bool:
    if any(_on(point, second) for point in first) or any(_on(point, first) for point in second):
        return True
    return _off(first[0], second) * _off(first[1], second) < 0.0 > _off(second[0], first) * _off(second[1], first)


def _on(point: Point, segment: _Segment) -> bool:
    (ax, ay), (bx, by) = segment
    along = ((point[0] - ax) * (bx - ax) + (point[1] - ay) * (by - ay)) / hypot(bx - ax, by - ay)
    return -_TOUCHING < along < hypot(bx - ax, by - ay) + _TOUCHING and abs(_off(point, segment)) < _TOUCHING


def _off(point: Point, segment: _Segment) -> float:
    """Signed distance of a point to the straight line through a segment."""
    (ax, ay), (bx, by) = segment
    return ((bx - ax) * (point[1] - ay) - (by - ay) * (point[0] - ax)) / hypot(bx - ax, by - ay)

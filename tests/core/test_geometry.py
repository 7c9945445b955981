"""Lines and zones as geometry: what must hold however somebody draws them."""

from math import hypot

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edge.core.geometry import Polygon, Polyline

COORDINATE = st.floats(0.0, 1.0).map(lambda x: round(x, 3))
POINT = st.tuples(COORDINATE, COORDINATE)
ASPECT = st.sampled_from([0.5, 1.0, 16 / 9])
SQUARE = ((0.2, 0.2), (0.6, 0.2), (0.6, 0.6), (0.2, 0.6))
L_SHAPE = ((0.1, 0.1), (0.9, 0.1), (0.9, 0.4), (0.4, 0.4), (0.4, 0.9), (0.1, 0.9))
BENT = ((0.1, 0.5), (0.5, 0.5), (0.5, 0.9))
quick = settings(max_examples=150, deadline=None)


def simple(a: tuple[float, float], b: tuple[float, float]) -> bool:
    return hypot(a[0] - b[0], a[1] - b[1]) > 0.05


@given(POINT, POINT, POINT, POINT, ASPECT)
@quick
def test_inside_is_where_the_point_says_whatever_the_order_of_the_corners(a, b, inside, p, aspect):
    assume(simple(a, b))
    line, turned = Polyline((a, b), inside, aspect), Polyline((b, a), inside, aspect)
    assume(abs(line.depth(inside[0] * aspect, inside[1])) > 1e-3)
    x, y = p[0] * aspect, p[1]

    assert line.depth(inside[0] * aspect, inside[1]) > 0.0
    assert line.depth(x, y) == pytest.approx(turned.depth(x, y), abs=1e-9)


@given(POINT, ASPECT)
@quick
def test_a_bent_line_has_the_same_depths_from_both_ends(p, aspect):
    line, turned = Polyline(BENT, (0.2, 0.9), aspect), Polyline(BENT[::-1], (0.2, 0.9), aspect)
    assert line.depth(p[0] * aspect, p[1]) == pytest.approx(turned.depth(p[0] * aspect, p[1]), abs=1e-9)


def test_a_bent_line_divides_the_frame_at_its_corner():
    line = Polyline(BENT, (0.2, 0.9), aspect=1.0)
    inner, outer = [(0.2, 0.6), (0.45, 0.55), (0.4, 0.95)], [(0.2, 0.4), (0.55, 0.45), (0.6, 0.95), (0.9, 0.6)]
    assert all(line.depth(*point) > 0.0 for point in inner)
    assert all(line.depth(*point) < 0.0 for point in outer)


@given(POINT, POINT, st.floats(0.0, 0.2))
@quick
def test_the_way_back_meets_the_line_when_the_way_there_does(p, q, margin):
    line = Polyline(((0.3, 0.4), (0.7, 0.6)), (0.5, 0.9), 1.0)
    assert line.meets(p, q, margin) == line.meets(q, p, margin)
    if line.meets(p, q):
        assert line.meets(p, q, margin)
        assert line.depth(*p) * line.depth(*q) <= 0.0


def test_depth_is_a_distance_in_frame_heights_along_both_axes():
    upright = Polyline(((0.5, 0.0), (0.5, 1.0)), (1.0, 0.5), aspect=2.0)
    level = Polyline(((0.0, 0.5), (1.0, 0.5)), (0.5, 1.0), aspect=2.0)
    assert upright.depth(0.75 * 2.0, 0.5) == pytest.approx(0.5)  # a quarter of a frame that is two heights wide
    assert level.depth(1.0, 0.75) == pytest.approx(0.25)


@given(POINT, POINT, st.sampled_from([SQUARE, L_SHAPE]), ASPECT)
@quick
def test_whoever_changes_between_inside_and_outside_crosses_an_odd_number_of_edges(p, q, corners, aspect):
    zone = Polygon(corners, aspect)
    p, q = (p[0] * aspect, p[1]), (q[0] * aspect, q[1])
    # Beside a corner or along an edge rounding decides: not what is tested here.
    around = [zone.distance(p[0] + s * (q[0] - p[0]), p[1] + s * (q[1] - p[1])) for s in (0.0, 1.0)]
    assume(min(around) > 1e-6)
    corner_distances = [abs((q[0] - p[0]) * (y - p[1]) - (q[1] - p[1]) * (x * aspect - p[0])) for x, y in corners]
    assume(min(corner_distances) > 1e-6)
    fractions = zone.crossings(p, q)

    assert (zone.contains(*p) != zone.contains(*q)) == (len(fractions) % 2 == 1)
    assert fractions == sorted(fractions)
    assert all(0.0 <= fraction <= 1.0 for fraction in fractions)
    for fraction in fractions:
        assert zone.distance(p[0] + fraction * (q[0] - p[0]), p[1] + fraction * (q[1] - p[1])) < 1e-9


@given(POINT, st.integers(0, 5), st.booleans())
@quick
def test_a_zone_is_the_same_from_whichever_corner_it_is_drawn(p, first, turned):
    corners = L_SHAPE[first:] + L_SHAPE[:first]
    zone, other = Polygon(L_SHAPE, 1.0), Polygon(corners[::-1] if turned else corners, 1.0)
    assert zone.distance(*p) == pytest.approx(other.distance(*p), abs=1e-12)
    if zone.distance(*p) > 1e-9:
        assert zone.contains(*p) == other.contains(*p)


@pytest.mark.parametrize("shape", [Polyline, Polygon])
def test_corners_at_one_place_are_refused(shape):
    points = ((0.4, 0.4), (0.4, 0.4))
    with pytest.raises(ValueError, match="expected at least two different points, got"):
        shape(points, (0.5, 0.5), 1.0) if shape is Polyline else shape(points, 1.0)


def test_a_corner_that_stands_twice_in_a_row_does_no_harm():
    plain, doubled = Polyline(BENT, (0.2, 0.9), 1.0), Polyline((BENT[0], *BENT), (0.2, 0.9), 1.0)
    assert doubled.depth(0.3, 0.2) == pytest.approx(plain.depth(0.3, 0.2))

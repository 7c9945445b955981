"""Where people stand when the boxes do not say so: hidden legs, the frame's edges, mannequins."""

from __future__ import annotations

import numpy as np
import pytest

from edge.core.sighting import STATIC_AFTER_S, Sighting, Sightings
from edge.core.types import Tracks

ASPECT = 4 / 3
BODY = (0.45, 0.30, 0.55, 0.70)


def look(sightings: Sightings, t: float, box: tuple[float, ...] = BODY, track: int = 1) -> Sighting:
    (seen,) = sightings.update(Tracks(np.array([track]), np.array([box], np.float32), np.ones(1, np.bool_), t, ASPECT))
    return seen


def known(box: tuple[float, ...] = BODY) -> Sightings:
    """Somebody who was seen from head to foot for 2 s."""
    sightings = Sightings()
    for i in range(20):
        look(sightings, i / 10, box)
    return sightings


def test_the_foot_is_the_middle_of_the_lower_edge():
    seen = look(Sightings(), 0.0)
    assert seen.anchor("foot") == pytest.approx((0.5 * ASPECT, 0.70), abs=1e-6)
    assert seen.anchor("head") == pytest.approx((0.5 * ASPECT, 0.30), abs=1e-6)
    assert seen.anchor("centre") == pytest.approx((0.5 * ASPECT, 0.50), abs=1e-6)
    assert (seen.out_by, seen.coming_in, seen.static) == (None, False, False)


def test_hidden_legs_are_where_they_were():
    sightings = known()
    seen = look(sightings, 2.0, (0.45, 0.31, 0.55, 0.50))
    assert seen.foot == pytest.approx(0.31 + 0.40, abs=1e-6)
    assert seen.height == pytest.approx(0.40, abs=1e-6)


def test_somebody_who_crouches_is_no_one_with_hidden_legs():
    """The top comes down with the box: the feet are where the box ends."""
    assert look(known(), 2.0, (0.45, 0.45, 0.55, 0.70)).foot == pytest.approx(0.70, abs=1e-6)


def test_a_box_a_little_shorter_is_believed():
    assert look(known(), 2.0, (0.45, 0.30, 0.55, 0.30 + 0.76 * 0.40)).foot == pytest.approx(0.604, abs=1e-5)


def test_hidden_legs_do_not_teach_a_smaller_body():
    sightings = known()
    for i in range(100):
        seen = look(sightings, 2.0 + i / 10, (0.45, 0.30, 0.55, 0.50))
    assert (seen.height, seen.foot) == pytest.approx((0.40, 0.70), abs=1e-6)


def test_who_is_cut_off_by_the_lower_edge_stands_below_it():
    seen = look(known(), 2.0, (0.45, 0.75, 0.55, 1.0))
    assert seen.foot == pytest.approx(1.15, abs=1e-6)
    assert seen.out_by == pytest.approx((0.0, 0.25), abs=1e-6)
    assert seen.floor_point()[1] < 1.0


@pytest.mark.parametrize(("box", "side"), [((0.0, 0.3, 0.06, 0.7), -1.0), ((0.94, 0.3, 1.0, 0.7), 1.0)])
def test_who_is_cut_off_at_the_side_has_his_centre_nearer_to_the_edge(box, side):
    seen = look(known(), 2.0, box)
    middle = (box[0] + box[2]) / 2 * ASPECT
    assert side * (seen.x - middle) == pytest.approx((0.10 - 0.06) * ASPECT / 2, abs=1e-6)
    assert seen.out_by is not None
    assert side * seen.out_by[0] > 0.0
    assert seen.width == pytest.approx(0.10 * ASPECT, abs=1e-6)


def test_predictions_are_no_sightings_and_ids_are_in_order():
    tracks = Tracks(np.array([9, 2, 5]), np.array([BODY] * 3, np.float32), np.array([True, True, False]), 0.0, ASPECT)
    assert [seen.track for seen in Sightings().update(tracks)] == [2, 9]


def test_what_never_moves_is_a_thing_until_it_moves():
    sightings, t = Sightings(), 0.0
    while t < STATIC_AFTER_S - 0.5:
        assert not look(sightings, t).static
        t += 0.5
    assert look(sightings, STATIC_AFTER_S + 0.5).static
    walks = [look(sightings, STATIC_AFTER_S + 1.0 + i / 2, tuple(c + 0.02 * i for c in BODY)).static for i in range(6)]
    assert walks[0]
    assert not walks[-1]


def test_who_shifts_from_foot_to_foot_is_a_person():
    sightings = Sightings()
    for i in range(300):
        sway = 0.03 * (i // 8 % 2)
        assert not look(sightings, i / 2, (0.45 + sway, 0.30, 0.55 + sway, 0.70)).static


def test_a_body_that_was_out_of_sight_for_long_is_measured_anew():
    sightings = known()
    sightings.update(Tracks(np.empty(0, np.int64), np.empty((0, 4), np.float32), np.empty(0, np.bool_), 50.0, ASPECT))
    assert look(sightings, 51.0, (0.45, 0.30, 0.55, 0.50)).foot == pytest.approx(0.50, abs=1e-6)


def test_nothing_is_kept_of_people_who_left():
    sightings = Sightings()
    for i in range(2000):
        look(sightings, i / 2, track=i)
    assert len(sightings._bodies) < 50


@pytest.mark.parametrize("box", [(0.0, 0.0, 1.0, 1.0), (0.5, 0.5, 0.500001, 0.500001), (0.0, 0.99, 0.01, 1.0)])
def test_odd_boxes_have_finite_places(box):
    sightings = Sightings()
    for i in range(30):
        seen = look(sightings, i / 10, box if i % 3 else BODY)
        assert np.isfinite([*seen.anchor("foot"), *seen.anchor("head"), seen.height, seen.width]).all()


@pytest.mark.parametrize("fps", [3.0, 5.0, 10.0, 30.0])
def test_who_walks_away_from_the_camera_keeps_the_feet(fps: float) -> None:
    """The box shrinks to half in three seconds while the head hardly moves: no display hides the legs."""
    sightings = Sightings()
    for index in range(int(3.0 * fps)):
        tall = 0.4 - 0.2 * index / (3.0 * fps)
        box = np.array([[0.4, 0.3, 0.5, 0.3 + tall]], np.float32)
        tracks = Tracks(np.array([1]), box, np.array([True]), index / fps, 16 / 9)
        assert sightings.update(tracks)[0].foot == pytest.approx(0.3 + tall, abs=1e-6)

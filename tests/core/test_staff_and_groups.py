"""Who is no visitor (staff), who came together (shopper units), and the churn of tracks in the interior."""

from __future__ import annotations

from collections import Counter

import pytest

from edge.core.pipeline import Pipeline, Step
from edge.core.rules import LineRule, TrackerRule, ZoneRule
from tests.core.scene import HEIGHT, WIDTH, Camera, Person

DOOR = LineRule("door", ((100 / WIDTH, 200 / HEIGHT), (540 / WIDTH, 200 / HEIGHT)), (0.5, 0.99))
COUNTER = ZoneRule("counter", ((0.1, 0.8), (0.3, 0.8), (0.3, 0.95), (0.1, 0.95)), staff=True)
DISPLAY = ZoneRule("display", ((0.6, 0.8), (0.9, 0.8), (0.9, 0.95), (0.6, 0.95)))


def play(people: tuple[Person, ...], *, line: LineRule = DOOR, camera: Camera | None = None) -> list[Step]:
    pipeline = Pipeline((line,), (COUNTER, DISPLAY), TrackerRule())
    steps = [pipeline.step(seen) for seen in (camera or Camera(tail_s=3.0)).film(people)]
    return [*steps, pipeline.finish()]


def kinds(steps: list[Step]) -> Counter[str]:
    return Counter(event.kind for step in steps for event in step.events)


def enters(x: float, at_s: float = 0.0) -> Person:
    return Person(((at_s, x, 160.0), (at_s + 1.0, x, 165.0), (at_s + 3.0, x, 400.0), (at_s + 5.0, x, 400.0)))


def test_a_line_of_the_staff_counts_no_visitor() -> None:
    staff_door = LineRule("door", DOOR.points, DOOR.inside, staff=True)
    found = kinds(play((enters(320.0),), line=staff_door))
    assert found == {"staff_in": 1}


def test_who_goes_behind_the_counter_is_staff_from_then_on() -> None:
    """In by the door, at once to the counter, later to a display, and out: no visitor, and no visit."""
    path = (
        (0, 320, 160),
        (1, 320, 165),
        (2.5, 320, 320),
        (4, 128, 420),
        (30, 128, 420),
        (33, 480, 420),
        (60, 480, 420),
        (62, 320, 165),
        (63, 320, 160),
    )
    steps = play((Person(tuple((float(t), float(x), float(y)) for t, x, y in path)),))
    found = kinds(steps)
    assert (found["in_"], found["out"]) == (0, 0)
    assert (found["staff_in"], found["staff_out"]) == (1, 1)
    assert [dwell for step in steps if step.zones for dwell in step.zones["display"].dwells] == []


def test_who_went_to_the_counter_late_had_been_counted() -> None:
    path = (
        (0, 320, 160),
        (1, 320, 165),
        (3, 320, 400),
        (40, 320, 400),
        (42, 128, 420),
        (60, 128, 420),
        (63, 320, 165),
        (64, 320, 160),
    )
    found = kinds(play((Person(tuple((float(t), float(x), float(y)) for t, x, y in path)),)))
    assert (found["in_"], found["out"], found["staff_in"], found["staff_out"]) == (1, 0, 0, 1)


@pytest.mark.parametrize(
    ("people", "units"),
    [
        ((enters(280.0), enters(360.0, 0.4)), 1),
        ((enters(240.0), enters(320.0, 0.5), enters(400.0, 1.0)), 1),
        ((enters(210.0), enters(520.0, 0.4)), 2),
        ((enters(280.0), enters(360.0, 2.0)), 2),
    ],
    ids=["two together", "three in a row", "far apart", "one after the other"],
)
def test_who_comes_together_is_one_unit(people: tuple[Person, ...], units: int) -> None:
    found = kinds(play(people))
    assert (found["in_"], found["shopper_units"]) == (len(people), units)


def test_a_track_that_breaks_in_the_interior_is_one_death_and_one_birth() -> None:
    walk = Person(((0.0, 320.0, 160.0), (2.0, 320.0, 400.0), (9.0, 320.0, 410.0)), switch_s=4.0)
    steps = play((walk,), camera=Camera(tail_s=0.0))
    assert [round(t) for step in steps for t in step.births] == [4]
    assert [round(t) for step in steps for t in step.deaths] == [4]


def test_who_comes_and_goes_by_the_door_or_the_edge_is_no_churn() -> None:
    by_door = Person(((0.0, 320.0, 160.0), (2.0, 320.0, 400.0), (4.0, 320.0, 160.0)))
    by_edge = Person(((0.0, 10.0, 400.0), (4.0, 300.0, 400.0), (8.0, 635.0, 400.0)))
    steps = play((by_door, by_edge))
    assert [t for step in steps for t in (*step.births, *step.deaths)] == []

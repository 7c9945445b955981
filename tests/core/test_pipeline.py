"""What must hold for counting as a whole, whoever walks and however the pictures come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.core.pipeline import Pipeline, Step
from edge.core.rules import LineRule, TrackerRule, ZoneRule
from edge.core.types import Detections, Dwell, Tracks
from tests.core.scene import HEIGHT, WIDTH, Camera, Person

DOOR = LineRule("door", ((100 / WIDTH, 300 / HEIGHT), (540 / WIDTH, 300 / HEIGHT)), (0.5, 0.99))
TABLE = ZoneRule("table", ((0.3, 0.6), (0.7, 0.6), (0.7, 0.95), (0.3, 0.95)))
few = settings(max_examples=40, deadline=None)

# Corners of a path, clear of the line's band (20 pixels) and of the frame's edges.
X = st.integers(150, 490)
FOOT = st.one_of(st.integers(180, 270), st.integers(330, 460))
CORNERS = st.lists(st.tuples(X, FOOT), min_size=2, max_size=6)


@dataclass(frozen=True)
class At(Camera):
    """A camera whose pictures come at given times."""

    instants: tuple[float, ...] = ()

    def times(self, until_s: float) -> list[float]:
        return [t for t in self.instants if t <= until_s]


def stroll(corners: Iterable[tuple[int, int]], start_s: float = 0.0) -> Person:
    """Walks from corner to corner in 2 s each, and stands at each of them for 1 s."""
    path, t = [], start_s
    for x, y in corners:
        path += [(t, float(x), float(y)), (t + 1.0, float(x), float(y))]
        t += 3.0
    return Person(tuple(path))


def new() -> Pipeline:
    return Pipeline((DOOR,), (TABLE,), TrackerRule())


def run(film: Iterable[Detections | Tracks]) -> list[Step]:
    pipeline = new()
    return [*(pipeline.step(seen) for seen in film), pipeline.finish()]


def kinds(steps: list[Step]) -> Counter[str]:
    return Counter(event.kind for step in steps for event in step.events)


def dwells(steps: list[Step]) -> list[Dwell]:
    return [dwell for step in steps for zone in step.zones.values() for dwell in zone.dwells]


def facts(steps: list[Step]) -> tuple[object, ...]:
    """Everything that was counted, in an order of its own."""
    events = sorted((event.kind, round(event.mono_s, 6)) for step in steps for event in step.events)
    visits = sorted((round(dwell.start_s, 6), round(dwell.seconds, 6), dwell.ended) for dwell in dwells(steps))
    peak = max(zone.inside for step in steps for zone in step.zones.values())
    return events, visits, peak


@given(CORNERS, st.sampled_from([5.0, 10.0, 15.0, 30.0]), st.booleans())
@few
def test_a_path_counts_its_changes_of_side_and_backwards_in_and_out_are_swapped(corners, fps, ids):
    sides = [y > 300 for _, y in corners]
    changes = Counter(after for before, after in pairwise(sides) if before != after)
    there = kinds(run(Camera(fps=fps).film((stroll(corners),), ids)))
    back = kinds(run(Camera(fps=fps).film((stroll(corners[::-1]),), ids)))

    assert (there["in_raw"], there["out_raw"]) == (changes[True], changes[False])
    assert there["in_raw"] - there["out_raw"] == sides[-1] - sides[0]
    assert (back["in_raw"], back["out_raw"]) == (there["out_raw"], there["in_raw"])
    assert there["in_"] - there["out"] == there["in_raw"] - there["out_raw"]
    assert there["in_"] + there["uturns"] == there["in_raw"]
    assert back["uturns"] == there["uturns"]


@given(CORNERS, st.lists(st.floats(0.0, 18.0), max_size=60))
@few
def test_more_pictures_of_the_same_walk_change_no_count(corners, more):
    person = stroll(corners)
    plain = tuple(i / 8 for i in range(8 * 18))
    more_often = tuple(sorted({*plain, *(round(t, 2) for t in more)}))
    few_seen, many_seen = (run(At(instants=times).film((person,))) for times in (plain, more_often))

    assert kinds(many_seen) == kinds(few_seen)
    assert [d.ended for d in dwells(many_seen)] == [d.ended for d in dwells(few_seen)]
    assert [d.seconds for d in dwells(many_seen)] == pytest.approx([d.seconds for d in dwells(few_seen)], abs=0.3)


@given(st.lists(CORNERS, min_size=2, max_size=5), st.randoms(use_true_random=False))
@few
def test_the_order_of_the_detections_is_irrelevant(walks, random):
    people = tuple(stroll(corners, 0.7 * i) for i, corners in enumerate(walks))
    straight = [seen for seen in Camera(fps=10.0, noise=0.01).film(people, ids=False) if isinstance(seen, Detections)]
    shuffled = []
    for seen in straight:
        order = list(range(len(seen.scores)))
        random.shuffle(order)
        shuffled.append(Detections(seen.boxes[order], seen.scores[order], seen.mono_s, seen.aspect))

    assert facts(run(shuffled)) == facts(run(straight))


@given(st.lists(CORNERS, min_size=1, max_size=4), st.booleans())
@few
def test_nobody_stays_longer_than_he_was_seen_and_presence_is_the_time_inside(walks, ids):
    people = tuple(stroll(corners, 1.3 * i) for i, corners in enumerate(walks))
    steps = run(Camera(fps=10.0).film(people, ids))
    presence_s = sum(s.end_s - s.start_s for step in steps for zone in step.zones.values() for s in zone.presence)
    entered = sum(len(zone.entered) for step in steps for zone in step.zones.values())
    last_s = max(person.path[-1][0] for person in people)

    assert presence_s == pytest.approx(sum(dwell.seconds for dwell in dwells(steps)), abs=1e-6)
    assert entered == len(dwells(steps))
    for dwell in dwells(steps):
        assert 0.0 <= dwell.start_s <= dwell.mono_s <= last_s
        assert 1.0 - 1e-6 <= dwell.seconds <= dwell.mono_s - dwell.start_s + 1e-6
        longest_s = max(person.path[-1][0] - person.path[0][0] for person in people)
        assert not ids or dwell.seconds <= longest_s + 1e-6


@given(CORNERS, st.lists(st.tuples(st.integers(0, 150), st.floats(-4000.0, 0.0)), max_size=10))
@few
def test_pictures_from_the_past_are_passed_over(corners, late):
    film = list(Camera(fps=10.0).film((stroll(corners),)))
    disturbed: list[Detections | Tracks] = []
    for index, seen in enumerate(film):
        disturbed.append(seen)
        for at, back_s in late:
            if at == index:
                crowd = np.tile(np.array([[0.4, 0.2, 0.5, 0.9]], np.float32), (3, 1))
                disturbed.append(Detections(crowd, np.ones(3, np.float32), seen.mono_s + back_s, seen.aspect))

    assert facts(run(disturbed)) == facts(run(film))


def test_time_that_stands_still_says_nothing_new():
    pipeline = new()
    seen = Detections(np.array([[0.4, 0.2, 0.5, 0.9]], np.float32), np.ones(1, np.float32), 5.0, 1.5)
    assert pipeline.step(seen).tracks is not None
    again = pipeline.step(seen)
    assert (again.mono_s, again.tracks, again.events, again.zones) == (5.0, None, (), {})


@pytest.mark.parametrize("ids", [True, False])
def test_an_hour_without_pictures_is_no_visit_and_no_crossing(ids):
    """Before it somebody stands at the table; after it somebody stands outside: nobody was seen to leave."""
    before = Person(((0.0, 320.0, 380.0), (10.0, 325.0, 380.0)))
    after = Person(((0.0, 320.0, 200.0), (10.0, 325.0, 200.0)))
    film = list(Camera(fps=10.0).film((before,), ids))
    for seen in Camera(fps=10.0).film((after,), ids):
        later_s = seen.mono_s + 3610.0
        if isinstance(seen, Tracks):
            film.append(Tracks(seen.ids, seen.boxes, seen.observed, later_s, seen.aspect))
        else:
            film.append(Detections(seen.boxes, seen.scores, later_s, seen.aspect))
    steps = run(film)

    assert kinds(steps)["in_raw"] == kinds(steps)["out_raw"] == 0
    assert [(dwell.ended, round(dwell.seconds)) for dwell in dwells(steps)] == [("lost", 10)]


def test_a_thousand_boxes_at_once_are_a_crowd_and_no_problem():
    rng = np.random.default_rng(3)
    corners = rng.uniform(0.0, 0.9, (1000, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(0.02, 0.1, (1000, 2))], axis=1)
    scores = rng.uniform(0.0, 1.0, 1000)
    steps = run(Detections.sanitised(boxes + 0.001 * i, scores, 0.1 * i, 1.5) for i in range(3))

    ids = [step.tracks.ids for step in steps if step.tracks is not None]
    assert 100 < len(ids[0]) <= 1000
    assert all(len(set(now.tolist())) == len(now) for now in ids)
    kept = len(set(ids[0].tolist()) & set(ids[2].tolist()))
    assert kept > 0.9 * len(ids[0])


def test_other_rules_from_now_on_leave_what_did_not_change_as_it_was():
    pipeline = new()
    film = list(Camera(fps=10.0).film((stroll([(320, 200), (320, 380), (320, 400), (320, 380)]),)))
    steps = [pipeline.step(seen) for seen in film[:60]]
    moved = ZoneRule("table", ((0.3, 0.65), (0.7, 0.65), (0.7, 0.95), (0.3, 0.95)))
    steps.append(pipeline.change((DOOR,), (moved,)))
    assert [dwell.ended for dwell in dwells(steps)] == ["lost"]
    steps += [*(pipeline.step(seen) for seen in film[60:]), pipeline.finish()]

    assert kinds(steps) == kinds(run(film))
    assert [dwell.ended for dwell in dwells(steps)] == ["lost", "lost"]


def test_a_pipeline_without_rules_holds_nothing_back():
    pipeline = Pipeline((), (), TrackerRule())
    assert pipeline.hold_s == 0.0
    assert new().hold_s == max(10.0 + 2.0 + 0.15, 30.0 + 2.0)

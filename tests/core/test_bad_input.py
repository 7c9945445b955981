"""Bad input through pipeline and intervals: what each kind of it does to the rows; docs/operations.md has the table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from math import inf, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edge.core.interval import Counting, Intervals
from edge.core.pipeline import Pipeline, Step
from edge.core.report import IntervalReport
from edge.core.rules import LineRule, TrackerRule, ZoneRule
from edge.core.types import Detections
from tests.core.scene import BOX_H, BOX_W, HEIGHT, WIDTH, Camera, Person

DOOR = LineRule("door", ((100 / WIDTH, 300 / HEIGHT), (540 / WIDTH, 300 / HEIGHT)), (0.5, 0.99))
TABLE = ZoneRule("table", ((0.3, 0.7), (0.7, 0.7), (0.7, 0.98), (0.3, 0.98)))
UTC_S = 1_795_392_000  # 2026-11-23T00:00:00Z
COUNTS = ("in_raw", "out_raw", "in_", "out", "entered", "left")


def shopper(start_s: float, x: float) -> Person:
    """In, 12 s at the table, and out again."""
    corners = ((0, x, 180), (2, x, 400), (14, x, 405), (16, x, 180), (17, x - 40, 180))
    return Person(tuple((start_s + t, px, py) for t, px, py in corners))


PEOPLE = (shopper(1.0, 300.0), shopper(9.0, 380.0), shopper(32.0, 240.0), shopper(53.0, 320.0))
FILM = tuple(seen for seen in Camera(fps=10.0, tail_s=60.0).film(PEOPLE, ids=False) if isinstance(seen, Detections))


class Service:
    """Counts as the service does."""

    def __init__(self, lines: tuple[LineRule, ...] = (DOOR,), zones: tuple[ZoneRule, ...] = (TABLE,)) -> None:
        self.pipeline = Pipeline(lines, zones, TrackerRule())
        self.counting = Counting(lines, zones, "0123456789abcdef", self.pipeline.hold_s)
        self.intervals = Intervals(60, self.counting, 0.0, UTC_S)
        self.reports: list[IntervalReport] = []

    def look(self, seen: Detections) -> Step:
        step = self.pipeline.step(seen)
        if self.intervals.due(step.mono_s):
            self.intervals.turn(self.counting, step.mono_s, UTC_S + step.mono_s)
        self.intervals.add(step)
        self.reports += self.intervals.closed(step.mono_s)
        return step

    def change(self, lines: tuple[LineRule, ...], zones: tuple[ZoneRule, ...], mono_s: float) -> None:
        """A new configuration, at the boundary that is due at `mono_s`."""
        assert self.intervals.due(mono_s)
        ended = self.pipeline.change(lines, zones)
        self.intervals.add(ended)
        self.counting = Counting(lines, zones, "fedcba9876543210", self.pipeline.hold_s)
        self.intervals.turn(self.counting, mono_s, UTC_S + mono_s)

    def finish(self) -> list[IntervalReport]:
        self.intervals.add(self.pipeline.finish())
        return self.reports + self.intervals.finish()


def count(film: Iterable[Detections]) -> list[IntervalReport]:
    service = Service()
    for seen in film:
        service.look(seen)
    return service.finish()


def facts_of(report: IntervalReport) -> list[tuple[str, Any]]:
    lines, zones = map(asdict, report.lines.values()), map(asdict, report.zones.values())
    return [fact for facts in (*lines, *zones) for fact in facts.items()]


def totals(reports: list[IntervalReport]) -> dict[str, float]:
    """All facts of the line and the zone, over all intervals."""
    sums: dict[str, float] = {}
    for report in reports:
        for name, value in facts_of(report):
            sums[name] = sums.get(name, 0) + (sum(value) if isinstance(value, tuple) else value)
    return {name: round(value, 6) for name, value in sums.items()}


def with_boxes(seen: Detections, boxes: list[list[float]], scores: list[float] | None = None) -> Detections:
    """As an adapter would make it of what a network gave."""
    all_boxes = np.concatenate([np.array(boxes, np.float64).reshape(-1, 4), seen.boxes])
    all_scores = np.concatenate([scores or [0.9] * len(boxes), seen.scores])
    return Detections.sanitised(all_boxes, all_scores, seen.mono_s, seen.aspect)


def moved(seen: Detections, mono_s: float) -> Detections:
    return Detections(seen.boxes, seen.scores, mono_s, seen.aspect)


EXPECTED = totals(count(FILM))


def test_the_undisturbed_film_is_counted() -> None:
    assert [EXPECTED[name] for name in COUNTS] == [4] * len(COUNTS)
    assert len(count(FILM)) >= 2


NOT_BOXES = {
    "outside": [[1.2, 0.2, 1.4, 0.7], [-0.5, 0.2, -0.1, 0.7], [0.4, 1.1, 0.5, 1.6], [0.4, -0.9, 0.5, -0.1]],
    "inverted": [[0.5, 0.2, 0.4, 0.7], [0.4, 0.7, 0.5, 0.2], [0.5, 0.7, 0.4, 0.2]],
    "empty": [[0.4, 0.2, 0.4, 0.7], [0.4, 0.5, 0.5, 0.5], [0.0, 0.0, 0.0, 0.0]],
    "NaN": [[nan, 0.2, 0.5, 0.7], [0.4, 0.2, 0.5, nan], [nan] * 4],
    "infinite": [[-inf, 0.2, inf, 0.7], [0.4, -inf, 0.5, 0.7], [inf] * 4],
    "beyond float32": [[0.4, 0.2, 1e300, 0.7], [-1e300, -1e300, 1e300, 1e300]],
}


@pytest.mark.parametrize("boxes", NOT_BOXES.values(), ids=NOT_BOXES.keys())
def test_what_is_no_box_in_the_frame_is_dropped_and_the_rest_of_the_picture_counts(boxes: list[list[float]]) -> None:
    assert totals(count(with_boxes(seen, boxes) for seen in FILM)) == EXPECTED


@pytest.mark.parametrize("score", [nan, inf, -inf])
def test_a_box_without_a_score_is_dropped(score: float) -> None:
    boxes = [[0.7, 0.2, 0.8, 0.7]]
    assert totals(count(with_boxes(seen, boxes, [score]) for seen in FILM)) == EXPECTED


def test_a_box_that_reaches_out_of_the_frame_is_cut_off_there_and_counts() -> None:
    """The line near the lower edge; the network says where the feet would be, below the picture."""
    low = replace(DOOR, points=((0.1, 0.92), (0.9, 0.92)))
    service = Service((low,), ())
    for number in range(40):
        foot = 0.6 + 0.015 * number
        box = np.array([[0.45, foot - BOX_H / HEIGHT, 0.45 + BOX_W / WIDTH, foot]])
        service.look(Detections.sanitised(box, np.array([0.9]), 0.1 * number, WIDTH / HEIGHT))
    assert totals(service.finish())["in_raw"] == 1


def doubled(seen: Detections, copies: int, noise: float) -> Detections:
    rng = np.random.default_rng(round(1000.0 * seen.mono_s))
    boxes = np.repeat(seen.boxes, copies, axis=0)
    return with_boxes(seen, (boxes + noise * rng.normal(size=boxes.shape)).tolist(), [0.6] * len(boxes))


DOUBLES = pytest.mark.parametrize(("copies", "noise"), [(1, 0.0), (4, 0.0), (1, 0.003)])


@DOUBLES
def test_a_box_given_twice_is_one_person(copies: int, noise: float) -> None:
    film = [seen for seen in FILM if seen.mono_s < 9.0 or seen.mono_s > 30.0]  # who is there is there alone
    once, more = totals(count(film)), totals(count(doubled(seen, copies, noise) for seen in film))
    assert {name: more[name] for name in COUNTS} == {name: once[name] for name in COUNTS}
    assert once["in_raw"] == 3


@DOUBLES
def test_a_box_given_twice_is_nobody_who_has_gone(copies: int, noise: float) -> None:
    """One stands outside of the door and is gone; the other stands inside beside it all the time."""
    people = (
        Person(((0.0, 300.0, 245.0), (4.0, 310.0, 245.0))),
        Person(((0.0, 340.0, 345.0), (20.0, 350.0, 345.0))),
    )
    film = [seen for seen in Camera(fps=10.0).film(people, ids=False) if isinstance(seen, Detections)]
    assert totals(count(film))["in_raw"] == 0
    assert totals(count(doubled(seen, copies, noise) for seen in film))["in_raw"] == 0


def crowd(number: int) -> Any:
    """A thousand boxes, elsewhere in every picture."""
    rng = np.random.default_rng(number)
    corners, sizes = rng.uniform(0.0, 0.9, (1000, 2)), rng.uniform(0.02, 0.1, (1000, 2))
    return np.concatenate([corners, corners + sizes], axis=1).tolist()


def test_a_thousand_boxes_in_one_picture_count_for_nothing() -> None:
    """As a detector may give when the lamp goes out; not beside anybody's crossing, who might be missed there."""
    film = [with_boxes(seen, crowd(number)) if number in (100, 300) else seen for number, seen in enumerate(FILM)]
    counted = totals(count(film))
    assert [counted[name] for name in COUNTS] == [4] * len(COUNTS)


def test_a_thousand_boxes_in_every_picture_are_followed_as_long_as_they_last() -> None:
    service = Service()
    for number in range(6):
        step = service.look(with_boxes(FILM[number], crowd(number)))
    assert step.tracks is not None
    assert len(step.tracks.ids) < 6_100
    for number in range(6, 60):
        step = service.look(FILM[number])
    assert step.tracks is not None
    assert len(step.tracks.ids) <= 2
    check(service.finish())


@pytest.mark.parametrize("wrong_s", [0.0, -0.05, -5.0, -7200.0, nan, inf, -inf])
def test_a_picture_that_is_not_later_than_the_one_before_is_passed_over(wrong_s: float) -> None:
    """What it shows is not looked at, even if it is somebody else; its time moves no boundary."""
    film = list[Detections]()
    for seen in FILM:
        film += [seen, moved(with_boxes(seen, [[0.45, 0.2, 0.55, 0.85]]), seen.mono_s + wrong_s)]
    disturbed, expected = count(film), count(FILM)
    assert totals(disturbed) == EXPECTED
    assert [report.frames for report in disturbed] == [report.frames for report in expected]
    assert [report.observed_s for report in disturbed] == [report.observed_s for report in expected]


def test_a_gap_of_an_hour_loses_the_visit_that_was_open_and_is_rows_without_observed_time() -> None:
    at_the_table = next(number for number, seen in enumerate(FILM) if seen.mono_s >= 8.0)
    before, after = FILM[:at_the_table], FILM[at_the_table:]
    reports = count([*before, *(moved(seen, seen.mono_s + 3600.0) for seen in after)])
    counted = totals(reports)

    # The one at the table was lost in the middle of his visit, and is somebody else an hour later: he only goes out.
    assert [counted[name] for name in ("in_raw", "out_raw", "in_", "out")] == [4, 4, 4, 4]
    assert (counted["left"], counted["lost"]) == (4, 1)
    watched = [report for report in reports if report.observed_s]
    gap = [report for report in reports if not report.observed_s]
    assert len(gap) >= 58
    assert {(report.status, report.frames) for report in gap} == {("no_frames", 0)}
    assert all(not any(totals([report]).values()) for report in gap)
    assert sum(report.observed_s for report in watched) == pytest.approx(FILM[-1].mono_s - 0.1, abs=0.01)


def test_a_new_configuration_at_a_boundary_keeps_the_line_that_it_keeps_and_ends_the_zone_that_it_changes() -> None:
    """Somebody stands at the table when it is drawn anew: his visit ends as lost, and another one begins."""
    service, smaller = Service(), replace(TABLE, polygon=((0.32, 0.72), (0.68, 0.72), (0.68, 0.98), (0.32, 0.98)))
    for seen in FILM:
        if service.intervals.due(seen.mono_s) and seen.mono_s < 100.0:
            service.change((DOOR,), (smaller,), seen.mono_s)
        service.look(seen)
    reports = service.finish()
    counted = totals(reports)

    assert {name: counted[name] for name in ("in_", "out", "in_raw", "out_raw")} == {
        name: EXPECTED[name] for name in ("in_", "out", "in_raw", "out_raw")
    }
    assert (counted["left"], counted["lost"], counted["entered"]) == (4, 1, 5)
    assert counted["presence_s"] == pytest.approx(EXPECTED["presence_s"], abs=0.7)
    assert [report.config_id[:4] for report in reports[:2]] == ["0123", "fedc"]
    assert reports[0].zones["table"].lost == 1


def check(reports: list[IntervalReport]) -> None:
    """What holds for every row, whatever came in."""
    for report in reports:
        numbers = [
            number for _, value in facts_of(report) for number in (value if isinstance(value, tuple) else (value,))
        ]
        assert all(np.isfinite(number) and number >= 0 for number in numbers)
        assert 0.0 <= report.observed_s <= 60.0 + 1e-6
        zone = report.zones["table"]
        assert zone.pass_ + zone.stop + zone.engaged == sum(zone.histogram) == zone.left + zone.lost + zone.capped
    sums = totals(reports)
    assert sums["in_"] + sums["uturns"] == sums["in_raw"]
    assert sums["out"] + sums["uturns"] == sums["out_raw"]


ANYTHING = st.integers(0, 8).flatmap(
    lambda n: st.tuples(arrays(np.float64, (n, 4), elements=st.floats(-0.5, 1.5) | st.floats()), arrays(np.float64, n))
)
TIMES = st.lists(st.sampled_from([0.0, 0.1, 0.1, 0.2, -0.1, -3600.0, 1.9, 30.0, 3600.0]), min_size=5, max_size=40)


@given(st.lists(ANYTHING, min_size=5, max_size=40), TIMES)
@settings(max_examples=60, deadline=None)
def test_nothing_at_all_raises_or_spoils_a_row(
    pictures: list[tuple[np.ndarray, np.ndarray]], elapsed: list[float]
) -> None:
    service, mono_s = Service(), 0.0
    for (boxes, scores), later_s in zip(pictures, elapsed, strict=False):
        mono_s = max(mono_s + later_s, -7200.0)
        service.look(Detections.sanitised(boxes, scores, mono_s, 4 / 3))
    check(service.finish())

"""Intervals: nothing is lost or counted twice, wherever the boundaries fall and whatever the clock does."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.core.crossing import LineEvent
from edge.core.dwell import Presence, ZoneStep
from edge.core.interval import WATCHED_GAP_S, Counting, Intervals
from edge.core.pipeline import Pipeline, Step
from edge.core.report import HISTOGRAM_EDGES_S, CameraState, IntervalReport, LineFacts, ZoneFacts
from edge.core.rules import LineRule, TrackerRule, ZoneRule
from edge.core.types import Dwell, Tracks
from tests.core.scene import HEIGHT, WIDTH, Camera, Person

DOOR = LineRule("door", ((100 / WIDTH, 300 / HEIGHT), (540 / WIDTH, 300 / HEIGHT)), (0.5, 0.99))
TABLE = ZoneRule("table", ((0.3, 0.6), (0.7, 0.6), (0.7, 0.95), (0.3, 0.95)))
COUNTING = Counting((DOOR,), (TABLE,), "0123456789abcdef", hold_s=32.0)
UTC_S = 1_795_392_000  # 2026-11-23T00:00:00Z
HOUR_S, DAY_S = 3600, 86400
EMPTY = Tracks(np.empty(0, np.int64), np.empty((0, 4), np.float32), np.empty(0, np.bool_), 0.0, 1.5)


@lru_cache
def random_walks(seed: int) -> tuple[Step, ...]:
    """Four minutes of eight people who walk at random, seen 4 times a second, the last step included."""
    rng = np.random.default_rng(seed)
    people = []
    for _ in range(8):
        t, path = rng.uniform(0, 60), []
        while t < 240:
            path.append((t, rng.uniform(100, 540), rng.uniform(180, 470)))
            t += rng.uniform(0.5, 12)
        people.append(Person(tuple(path)))
    pipeline = Pipeline((DOOR,), (TABLE,), TrackerRule())
    steps = [pipeline.step(seen) for seen in Camera(fps=4.0).film(tuple(people))]
    return (*steps, pipeline.finish())


def split(steps: tuple[Step, ...], start_utc_s: float, interval_s: int = 60) -> list[IntervalReport]:
    """What the service does with its steps; `start_utc_s` is the UTC at zero of the camera's clock."""
    intervals, reports = Intervals(interval_s, COUNTING, 0.0, start_utc_s), []
    for step in steps[:-1]:
        if intervals.due(step.mono_s):
            intervals.turn(COUNTING, step.mono_s, start_utc_s + step.mono_s)
        intervals.add(step)
        reports += intervals.closed(step.mono_s)
    intervals.add(steps[-1])
    return reports + intervals.finish()


def line_sums(reports: list[IntervalReport]) -> LineFacts:
    rows = [asdict(report.lines["door"]) for report in reports]
    return LineFacts(**{key: sum(row[key] for row in rows) for key in rows[0]})


def zone_sums(reports: list[IntervalReport]) -> dict[str, float]:
    rows = [asdict(report.zones["table"]) for report in reports]
    sums: dict[str, float] = {key: sum(row[key] for row in rows) for key in rows[0] if key not in ("histogram", "peak")}
    bins = np.sum([row["histogram"] for row in rows], axis=0)
    return sums | {f"bin {edge:g}": float(count) for edge, count in zip(HISTOGRAM_EDGES_S, bins, strict=True)}


def at(mono_s: float, *, events: tuple[LineEvent, ...] = (), zone: ZoneStep | None = None) -> Step:
    """A step that was seen at `mono_s`."""
    return Step(mono_s, EMPTY, events, {"table": zone} if zone else {})


@given(st.integers(0, 3), st.floats(0, 3600), st.sampled_from([60, 120, 300]))
@settings(max_examples=40, deadline=None)
def test_the_rows_add_up_to_the_whole_run_wherever_the_boundaries_fall(seed, offset_s, interval_s):
    steps = random_walks(seed)
    rows, whole = split(steps, UTC_S + offset_s, interval_s), split(steps, UTC_S, HOUR_S)
    tally = Counter[str](event.kind for step in steps for event in step.events)

    assert len(whole) == 1
    assert line_sums(rows) == line_sums(whole) == LineFacts(**tally)
    assert zone_sums(rows) == pytest.approx(zone_sums(whole), abs=1e-6)
    assert max(report.zones["table"].peak for report in rows) == whole[0].zones["table"].peak
    assert sum(report.frames for report in rows) == whole[0].frames == len(steps) - 1
    assert sum(report.observed_s for report in rows) == pytest.approx(whole[0].observed_s)
    assert all(report.observed_s <= interval_s + 1e-6 for report in rows)


@given(st.integers(0, 3), st.floats(0, 3600))
@settings(max_examples=20, deadline=None)
def test_rows_are_aligned_to_utc_and_follow_each_other(seed, offset_s):
    rows = split(random_walks(seed), UTC_S + offset_s)

    assert [row.start_utc_s for row in rows[1:]] == [row.end_utc_s for row in rows[:-1]]
    assert all(row.start_utc_s % 60 == 0 and row.end_utc_s - row.start_utc_s == 60 for row in rows)
    assert rows[0].start_utc_s <= UTC_S + offset_s < rows[0].end_utc_s


@given(st.integers(0, 3), st.floats(0, 60))
@settings(max_examples=20, deadline=None)
def test_a_row_that_is_closed_early_is_the_row_that_waiting_would_have_given(seed, offset_s):
    """Nothing may change an interval that was given out: the hold is long enough."""
    steps = random_walks(seed)
    patient = Intervals(60, COUNTING, 0.0, UTC_S + offset_s)
    for step in steps[:-1]:
        if patient.due(step.mono_s):
            patient.turn(COUNTING, step.mono_s, UTC_S + offset_s + step.mono_s)
        patient.add(step)
    patient.add(steps[-1])
    assert split(steps, UTC_S + offset_s) == patient.finish()


def test_a_visit_counts_where_it_ended_and_presence_where_it_happened():
    intervals = Intervals(60, COUNTING, 0.0, UTC_S)
    intervals.turn(COUNTING, 60.0, UTC_S + 60.0)
    intervals.turn(COUNTING, 120.0, UTC_S + 120.0)
    visit = Dwell("table", 50.0, 70.0, 20.0, "left")
    intervals.add(at(125.0, zone=ZoneStep([50.0], [visit], [Presence(50.0, 70.0)], [], 1, [])))
    first, second, third = (report.zones["table"] for report in intervals.finish())

    assert (first.entered, first.presence_s, first.engaged, first.peak) == (1, 10.0, 0, 0)
    assert (second.entered, second.presence_s, second.engaged, second.peak) == (0, 10.0, 1, 0)
    assert (second.left, second.left_s, second.histogram) == (1, 20.0, (0, 0, 0, 1, 0, 0, 0, 0))
    assert third == ZoneFacts(peak=1)


@pytest.mark.parametrize(
    ("seconds", "bin_"), [(0.0, 0), (2.99, 0), (3.0, 1), (8.0, 2), (299.9, 6), (300.0, 7), (9e9, 7)]
)
def test_a_bin_begins_with_its_lower_edge(seconds, bin_):
    intervals = Intervals(60, COUNTING, 0.0, UTC_S)
    intervals.add(at(1.0, zone=ZoneStep([], [Dwell("table", 0.0, 1.0, seconds, "lost")], [], [], 0, [])))
    assert intervals.finish()[0].zones["table"].histogram.index(1) == bin_


def test_what_comes_to_light_too_late_goes_into_the_oldest_open_interval():
    intervals = Intervals(60, COUNTING, 0.0, UTC_S)
    intervals.turn(COUNTING, 100.0, UTC_S + 100.0)
    assert len(intervals.closed(100.0)) == 1
    intervals.add(at(100.0, events=(LineEvent("door", "in_", 30.0),)))
    assert [report.lines["door"].in_ for report in intervals.finish()] == [1]


def test_time_between_pictures_far_apart_was_not_watched():
    intervals = Intervals(60, COUNTING, 0.0, UTC_S)
    for mono_s in (1.0, 2.0, 2.0 + WATCHED_GAP_S, 30.0, 30.5):
        intervals.add(at(mono_s))
    (report,) = intervals.finish()
    assert report.observed_s == pytest.approx(1.0 + WATCHED_GAP_S + 0.5)
    assert (report.frames, report.status) == (5, "ok")


def test_an_hour_without_pictures_is_a_row_for_each_interval_of_it():
    intervals = Intervals(300, COUNTING, 0.0, UTC_S)
    intervals.add(at(0.0), dropped=2)
    intervals.turn(COUNTING, 3600.0, UTC_S + 3600.0, "unsynced")
    intervals.add(at(3600.0))
    rows = intervals.finish()

    assert [row.start_utc_s - UTC_S for row in rows] == list(range(0, 3601, 300))
    assert [row.status for row in rows] == ["ok", *["no_frames"] * 11, "ok"]
    assert sum(row.observed_s for row in rows) == 0.0
    assert [row.dropped for row in rows[:2]] == [2, 0]
    assert [row.clock for row in rows[:2]] == ["synced", "unsynced"]
    assert all(set(row.lines) == {"door"} and set(row.zones) == {"table"} for row in rows)


def test_the_line_that_a_new_configuration_dropped_is_in_the_rows_of_its_time_only():
    other = Counting((LineRule("gate", DOOR.points, DOOR.inside),), (), "fedcba9876543210", 12.0)
    intervals = Intervals(60, COUNTING, 0.0, UTC_S)
    intervals.turn(other, 60.0, UTC_S + 60.0)
    late = (LineEvent("door", "out", 61.0), LineEvent("gate", "in_", 59.0), LineEvent("gone", "in_", 59.0))
    intervals.add(at(61.0, events=late))
    old, new = intervals.finish()

    assert (old.lines, old.config_id) == ({"door": LineFacts(out=1)}, COUNTING.config_id)
    assert (new.lines, new.zones, new.config_id) == ({"gate": LineFacts(in_=1)}, {}, other.config_id)


JUMPS = [0.0, 0.4, -0.4, 29.0, -29.0, 31.0, -31.0, float(HOUR_S), -float(HOUR_S), -float(DAY_S), 400.0 * DAY_S]


@given(st.lists(st.tuples(st.floats(0.01, 200.0), st.sampled_from(JUMPS)), min_size=1, max_size=30))
@settings(max_examples=200, deadline=None)
def test_a_clock_that_jumps_makes_no_negative_interval_and_loses_no_event(turns):
    intervals, reports = Intervals(60, COUNTING, 0.0, UTC_S), []
    mono_s, utc_s = 0.0, float(UTC_S)
    for elapsed_s, jump_s in turns:
        mono_s, utc_s = mono_s + elapsed_s, utc_s + elapsed_s + jump_s
        if intervals.due(mono_s):
            intervals.turn(COUNTING, mono_s, utc_s)
        assert not intervals.due(mono_s)
        intervals.add(at(mono_s, events=(LineEvent("door", "in_", mono_s),)))
        reports += intervals.closed(mono_s)
    reports += intervals.finish()

    assert all(row.end_utc_s - row.start_utc_s == 60 and row.start_utc_s % 60 == 0 for row in reports)
    assert all(row.observed_s >= 0.0 for row in reports)
    assert sum(row.lines["door"].in_ for row in reports) == len(turns)
    assert len(reports) < 40 * len(turns)


def test_after_a_jump_of_an_hour_rows_go_on_at_the_new_time():
    for jump_s in (HOUR_S, -DAY_S):
        intervals = Intervals(300, COUNTING, 0.0, UTC_S)
        intervals.turn(COUNTING, 300.0, UTC_S + 300.0 + jump_s)
        assert [row.start_utc_s for row in intervals.finish()] == [UTC_S, UTC_S + 300 + jump_s]


def statuses(*states: tuple[CameraState, float], frames: bool = True) -> str:
    """The status of an interval of 60 s in which the camera was in these states for so long, one after the other."""
    intervals, now = Intervals(60, COUNTING, 0.0, UTC_S), 0.0
    for state, seconds in states:
        for _ in range(round(seconds)):
            now += 1.0
            intervals.camera(state, now)
            if frames and state in ("streaming", "moved"):
                intervals.add(at(now))
    return intervals.finish()[0].status


def test_the_status_is_the_trouble_that_took_longest_if_it_is_worth_telling():
    assert statuses(("streaming", 60)) == "ok"
    assert statuses(("connecting", 3), ("streaming", 57)) == "ok"
    assert statuses(("streaming", 40), ("frozen", 20)) == "frozen"
    assert statuses(("gone", 12), ("unauthorised", 15), ("streaming", 33)) == "unauthorised"
    assert statuses(("streaming", 20), ("moved", 40)) == "moved"
    assert statuses(("gone", 3), frames=False) == "gone", "not one picture: then any reason is"
    assert statuses(("streaming", 60), frames=False) == "no_frames"


def test_a_trouble_belongs_to_the_interval_in_which_it_was():
    intervals = Intervals(60, COUNTING, 0.0, UTC_S)
    for second in range(1, 120):
        now = float(second)
        if intervals.due(now):
            intervals.turn(COUNTING, now, UTC_S + now)
        intervals.camera("dark" if 30 <= second < 60 else "streaming", now)
        intervals.add(at(now))
    assert [report.status for report in intervals.finish()] == ["dark", "ok"]

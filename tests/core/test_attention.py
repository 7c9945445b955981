"""How closely to look: every picture where it matters, and fewer only where nothing can happen meanwhile."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from edge.core.attention import STANDING_S, WALKING_S
from edge.core.pipeline import Pipeline, Step
from edge.core.rate import Pace
from edge.core.rules import LineRule, TrackerRule, ZoneRule
from edge.core.types import Detections

LINE = LineRule("door", ((0.1, 0.5), (0.9, 0.5)), (0.5, 0.9))
ZONE = ZoneRule("table", ((0.55, 0.7), (0.95, 0.7), (0.95, 0.98), (0.55, 0.98)))
FPS, ASPECT, TALL, WIDE = 10.0, 16.0 / 9.0, 0.15, 0.04
Place = tuple[float, float]
"""Of feet, fractions of the frame."""


def seen(t: float, *feet: Place) -> Detections:
    boxes = [(x - WIDE / 2, y - TALL, x + WIDE / 2, y) for x, y in feet]
    return Detections(np.array(boxes, np.float32).reshape(-1, 4), np.full(len(feet), 0.9, np.float32), t, ASPECT)


def pipeline() -> Pipeline:
    return Pipeline((LINE,), (ZONE,), TrackerRule())


def waits(*walks: tuple[Place, Place], seconds: float = 4.0) -> list[float | None]:
    """What may be waited for after each picture, while each of them walks from one place to another."""
    counting, found = pipeline(), []
    for number in range(round(seconds * FPS)):
        share = number / (seconds * FPS)
        at = [(a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])) for a, b in walks]
        counting.step(seen(number / FPS, *at))
        found.append(counting.need.wait_s)
    return found


def test_without_anybody_the_gate_may_answer():
    assert pipeline().need.wait_s is None
    assert set(waits()) == {None}


def test_somebody_new_is_looked_at_closely_and_then_may_wait_while_he_stands():
    found = waits(((0.3, 0.25), (0.3, 0.25)))
    assert set(found[:10]) == {0.0}
    assert set(found[15:]) == {STANDING_S}


def test_who_stands_may_wait_at_a_line_and_at_an_edge_too():
    assert waits(((0.3, 0.52), (0.3, 0.52)))[-1] == waits(((0.56, 0.8), (0.56, 0.8)))[-1] == STANDING_S


def test_who_walks_far_from_everything_may_wait_less():
    assert set(waits(((0.1, 0.2), (0.9, 0.2)), seconds=8.0)[20:]) == {WALKING_S}


@pytest.mark.parametrize(("way", "there_s"), [(((0.3, 0.3), (0.3, 0.6)), 3.33), (((0.3, 0.85), (0.6, 0.85)), 4.17)])
def test_who_walks_over_a_line_or_an_edge_is_looked_at_closely(way, there_s):
    found = waits(way, seconds=5.0)
    there = round(there_s * FPS)
    assert set(found[there - 5 : there + 4]) == {0.0}
    assert WALKING_S in found[12 : there - 8]


def test_who_walks_beside_another_is_looked_at_closely():
    assert set(waits(((0.1, 0.2), (0.9, 0.2)), ((0.12, 0.2), (0.92, 0.2)), seconds=8.0)[-40:]) == {0.0}
    standing = waits(((0.3, 0.2), (0.3, 0.2)), ((0.34, 0.2), (0.34, 0.2)))
    assert standing[-1] == STANDING_S


def test_who_is_hidden_is_looked_for_in_every_picture_until_he_is_given_up():
    counting = pipeline()
    for number in range(30):
        counting.step(seen(number / FPS, (0.3, 0.25)))
    after, hidden = [], [counting.need.hidden]
    for number in range(30, 60):
        counting.step(seen(number / FPS))
        after.append(counting.need.wait_s)
        hidden.append(counting.need.hidden)
    assert set(after[:20]) == {0.0}
    assert after[-1] is None
    assert hidden[:21] == [False] + [True] * 20
    assert not hidden[-1]


def test_nobody_is_hidden_as_long_as_one_is_seen():
    counting = pipeline()
    for number in range(30):
        counting.step(seen(number / FPS, (0.3, 0.25), (0.7, 0.25)))
    counting.step(seen(3.0, (0.3, 0.25)))
    assert not counting.need.hidden


def test_other_lines_count_from_the_change_on():
    counting = pipeline()
    for number in range(60):
        counting.step(seen(number / FPS, (0.1 + number * 0.01, 0.2)))
    assert counting.need.wait_s == WALKING_S
    counting.change((LineRule("door", ((0.1, 0.2), (0.9, 0.2)), (0.5, 0.9)),), (ZONE,))
    for number in range(60, 80):
        counting.step(seen(number / FPS, (0.1 + number * 0.01, 0.2)))
    assert counting.need.wait_s == 0.0


def steps(pace: Pace | None) -> tuple[list[Step], int]:
    """Somebody walks in, stands at the table, and out again, three times, with all pictures or only the needed ones."""
    corners = [
        (0.0, 0.3, 0.2),
        (6.0, 0.3, 0.8),
        (9.0, 0.75, 0.85),
        (24.0, 0.75, 0.85),
        (27.0, 0.3, 0.8),
        (33.0, 0.3, 0.2),
    ]
    times, xs, ys = zip(*corners, strict=True)
    counting, made, looks = pipeline(), [], 0
    for number in range(round(3 * 40.0 * FPS)):
        now = number / FPS
        t = now % 40.0
        if pace is not None and pace.can_wait(now, counting.need.wait_s or 0.0):
            continue
        if pace is not None:
            pace.looked(now)
        looks += 1
        feet = [(float(np.interp(t, times, xs)), float(np.interp(t, times, ys)))] if t <= times[-1] else []
        made.append(counting.step(seen(now, *feet)))
    return [*made, counting.finish()], looks


def test_with_only_the_needed_pictures_the_counts_and_times_are_the_same():
    (full, all_of_them), (lean, needed) = steps(None), steps(Pace())
    for kinds in ({"in_raw", "out_raw"}, {"in_", "out", "uturns"}):
        counts = [Counter(e.kind for step in run for e in step.events if e.kind in kinds) for run in (full, lean)]
        assert counts[0] == counts[1]
    crossed = [[e.mono_s for step in run for e in step.events if "raw" in e.kind] for run in (full, lean)]
    assert crossed[1] == pytest.approx(crossed[0], abs=0.02)
    dwells = [[dwell for step in run for dwell in step.zones["table"].dwells] for run in (full, lean)]
    assert [dwell.seconds for dwell in dwells[1]] == pytest.approx([dwell.seconds for dwell in dwells[0]], abs=0.1)
    assert len(dwells[0]) == 3
    assert needed < 0.7 * all_of_them

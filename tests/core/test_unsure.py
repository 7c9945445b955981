"""U-turns of people whose track may have become somebody else's are not believed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest

from edge.core.crossing import LineCounter
from edge.core.rules import LineRule
from edge.core.sighting import HIDDEN_WITHIN, Sightings
from edge.core.types import Tracks

FPS, ASPECT, TALL = 10.0, 1.0, 0.3
NEAR = 0.5 * HIDDEN_WITHIN * TALL
DOOR = LineRule("door", ((0.1, 0.5), (0.9, 0.5)), (0.5, 0.9))
IN_AND_OUT = ((0.0, 0.40), (2.0, 0.40), (4.0, 0.65), (6.0, 0.65), (8.0, 0.40), (10.0, 0.40))
"""Times and feet of somebody who turns back after two seconds inside; his x is 0.5."""


def box(x: float, foot: float) -> list[float]:
    return [x - 0.05, foot - TALL, x + 0.05, foot]


def film(unseen: tuple[float, float], other: tuple[float, float]) -> Iterator[Tracks]:
    """Track 1 goes in and out, and is only predicted for a while; track 2 stands at `other`."""
    times, feet = zip(*IN_AND_OUT, strict=True)
    for number in range(int(times[-1] * FPS)):
        t = number / FPS
        boxes = [box(0.5, float(np.interp(t, times, feet))), box(*other)]
        observed = [not unseen[0] <= t <= unseen[1], True]
        yield Tracks(np.array([1, 2]), np.array(boxes, np.float32), np.array(observed), t, ASPECT)


def count(unseen: tuple[float, float], other: tuple[float, float]) -> Counter[str]:
    sightings, line = Sightings(), LineCounter(DOOR)
    events = [event for t in film(unseen, other) for event in line.update(sightings.update(t), t.mono_s, ASPECT)]
    return Counter(event.kind for event in (*events, *line.finish()))


@pytest.mark.parametrize(
    ("case", "unseen", "other"),
    [
        ("always seen, beside somebody", (-1.0, -1.0), (0.5 + NEAR, 0.65)),
        ("unseen, somebody elsewhere", (4.5, 5.5), (0.5 + 3 * NEAR, 0.65)),
        ("unseen beside somebody, but before he came in", (0.5, 1.0), (0.5 + NEAR, 0.40)),
    ],
)
def test_who_turned_back_for_sure_is_no_visitor(case, unseen, other):
    found = count(unseen, other)
    assert (found["in_raw"], found["out_raw"], found["uturns"]) == (1, 1, 1), case
    assert found["in_"] == found["out"] == 0


def test_who_was_hidden_by_somebody_meanwhile_may_be_two_people():
    found = count((4.5, 5.5), (0.5 + NEAR, 0.65))
    assert (found["in_raw"], found["out_raw"], found["uturns"]) == (1, 1, 0)
    assert (found["in_"], found["out"]) == (1, 1)

"""The edge of a zone: whose foot scatters there has neither come nor gone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from edge.core.dwell import ZoneStep, ZoneTimer
from edge.core.rules import ZoneRule
from edge.core.sighting import Sightings
from edge.core.types import Dwell, Tracks

TALL, SCATTER = 0.3, 0.02
"""Of the person, frame heights, and of each edge of the box, shares of that."""
ZONE = ZoneRule("table", ((0.2, 0.5), (0.8, 0.5), (0.8, 0.9), (0.2, 0.9)))
FAR, AT_EDGE, WITHIN = 0.40, 0.5 - 0.024, 0.65
"""Feet: away, in the band (0.039) of the upper edge, and well inside."""


def timed(path: list[tuple[float, float]], fps: float, seed: int) -> Iterator[ZoneStep]:
    """The steps of somebody whose foot is at the given places from the given times on; the last one is the end."""
    timer, sightings, rng = ZoneTimer(ZONE), Sightings(), np.random.default_rng(seed)
    for number in range(int(path[-1][0] * fps)):
        t = number / fps
        foot = next(y for since, y in reversed(path) if t >= since)
        noise = SCATTER * TALL * rng.normal(size=4)
        box = np.array([[0.47, foot - TALL, 0.53, foot]]) + noise
        tracks = Tracks(np.array([1]), box.astype(np.float32), np.array([True]), t, 1.0)
        yield timer.update(sightings.update(tracks), t, 1.0)
    yield timer.finish()


def dwells(path: list[tuple[float, float]], fps: float, seed: int) -> list[Dwell]:
    return [dwell for step in timed(path, fps, seed) for dwell in step.dwells]


@pytest.mark.parametrize("fps", [5.0, 10.0, 30.0])
@pytest.mark.parametrize("seed", range(4))
def test_who_stands_in_the_band_stays_though_single_boxes_are_beyond_it(fps, seed):
    path = [(0.0, FAR), (2.0, WITHIN), (4.0, AT_EDGE), (34.0, WITHIN), (36.0, FAR), (41.0, FAR)]
    (dwell,) = dwells(path, fps, seed)
    assert dwell.seconds == pytest.approx(34.0, abs=1.0 / fps + 0.1)


@pytest.mark.parametrize("fps", [5.0, 10.0, 30.0])
@pytest.mark.parametrize("seed", range(4))
def test_who_stands_just_outside_does_not_come_in_by_scatter(fps, seed):
    """The foot is 2.5 scatters outside: among hundreds of boxes some are inside."""
    path = [(0.0, FAR), (2.0, 0.5 - 2.5 * SCATTER * TALL), (62.0, FAR)]
    assert dwells(path, fps, seed) == []


@pytest.mark.parametrize("fps", [5.0, 10.0, 30.0])
def test_coming_and_going_are_stamped_where_the_foot_crossed_the_edge_not_when_that_was_sure(fps):
    (dwell,) = dwells([(0.0, FAR), (2.0, WITHIN), (10.0, FAR), (14.0, FAR)], fps, seed=0)
    assert dwell.start_s == pytest.approx(2.0, abs=1.0 / fps)
    assert dwell.mono_s == pytest.approx(10.0, abs=1.0 / fps)

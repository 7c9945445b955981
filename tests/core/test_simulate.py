"""The simulated shop: the same run for the same seed, and a truth that counting without errors finds."""

from __future__ import annotations

import numpy as np
import pytest

from edge.core.pipeline import Pipeline
from edge.core.rules import LineRule, TrackerRule, ZoneRule
from edge.core.simulate import Simulation
from edge.core.simulated_camera import SimulatedCamera
from edge.core.simulated_crowd import STEP_S
from edge.core.simulated_detector import PERFECT
from edge.core.simulated_shop import SHOP
from edge.core.types import Detections, Tracks
from tests.core.busy_shop import bytes_of, crowded

CAMERA = SimulatedCamera()


def test_the_same_seed_gives_the_same_run_and_another_one_another():
    first, again, other = (crowded(seed) for seed in (1, 1, 2))
    films = [list(simulation.film(seconds=60.0, fps=10.0, uneven=0.8)) for simulation in (first, again, other)]

    assert bytes_of(films[0]) == bytes_of(films[1])
    assert bytes_of(films[0]) != bytes_of(films[2])
    assert first.take_visitors(everybody=True) == again.take_visitors(everybody=True)


def test_what_the_camera_does_changes_nobodys_way():
    slow, fast = crowded(), crowded(errors=PERFECT)
    for _ in slow.film(seconds=90.0, fps=5.0):
        pass
    for _ in fast.film(seconds=90.0, fps=30.0):
        pass

    until = min(len(slow.crowd.walkers[0].path), len(fast.crowd.walkers[0].path))
    assert slow.crowd.walkers[0].path[:until] == fast.crowd.walkers[0].path[:until]
    assert abs(slow.crowd.now_s - fast.crowd.now_s) < 0.15


@pytest.mark.parametrize("uneven", [0.0, 0.9])
def test_pictures_come_at_the_rate_that_was_asked_for(uneven):
    times = np.array([view.detections.mono_s for view in crowded().film(seconds=30.0, fps=15.0, uneven=uneven)])

    assert len(times) == 450
    assert (np.diff(times) > 0.0).all()
    assert np.diff(times).mean() == pytest.approx(1 / 15, rel=0.01)
    assert np.diff(times).std() == pytest.approx(uneven / 15 / 6**0.5, abs=0.003)


def test_a_film_goes_on_where_the_last_one_ended():
    simulation = crowded()
    once = [view.detections.mono_s for view in simulation.film(seconds=10.0, fps=10.0)]
    more = [view.detections.mono_s for view in simulation.film(seconds=10.0, fps=10.0)]

    assert more[0] - once[-1] == pytest.approx(0.1, abs=STEP_S)


# Truth and counting were written apart from each other: what one says the other has to find.


def counted(
    simulation: Simulation, seconds: float, *, ids: bool
) -> tuple[list[tuple[float, bool]], list[tuple[str, float, float]], int]:
    pipeline = Pipeline((simulation.line,), simulation.zones, TrackerRule())
    steps = []
    for view in simulation.film(seconds=seconds, fps=10.0):
        seen: Detections | Tracks = view.detections
        if ids:
            everybody = np.ones(len(view.people), np.bool_)
            seen = Tracks(view.people, view.detections.boxes, everybody, view.detections.mono_s, CAMERA.aspect)
        steps.append(pipeline.step(seen))
    steps.append(pipeline.finish())
    events = [event for step in steps for event in step.events]
    crossings = sorted((e.mono_s, e.kind == "in_raw") for e in events if e.kind in {"in_raw", "out_raw"})
    dwells = sorted((d.zone, d.start_s, d.seconds) for s in steps for zone in s.zones.values() for d in zone.dwells)
    return crossings, dwells, sum(event.kind == "uturns" for event in events)


@pytest.mark.parametrize(("at_most", "ids"), [(1, False), (6, True)])
def test_boxes_without_errors_give_the_truth_exactly(at_most, ids):
    simulation = Simulation(seed=11, at_most=at_most, per_minute=8.0, errors=PERFECT)
    crossings, dwells, uturns = counted(simulation, 900.0, ids=ids)
    visitors = simulation.take_visitors(everybody=True)
    true_crossings = sorted((c.mono_s, c.inward) for v in visitors for c in v.crossings)
    true_visits = sorted((v.zone, v.start_s, v.seconds) for visitor in visitors for v in visitor.visits)

    assert len(true_crossings) >= 10
    assert [inward for _, inward in crossings] == [inward for _, inward in true_crossings]
    assert [t for t, _ in crossings] == pytest.approx([t for t, _ in true_crossings], abs=0.3)
    assert uturns == sum(len(visitor.uturns) for visitor in visitors)
    assert [zone for zone, _, _ in dwells] == [zone for zone, _, _ in true_visits]
    assert [start_s for _, start_s, _ in dwells] == pytest.approx([start_s for _, start_s, _ in true_visits], abs=0.3)
    errors = np.abs(np.subtract([s for _, _, s in dwells], [s for _, _, s in true_visits]))
    assert np.median(errors) <= 0.02
    if at_most == 1:
        assert errors.max() <= 0.2


def test_the_rules_are_where_the_plan_has_them():
    simulation = Simulation(seed=1, at_most=1, per_minute=1.0)
    assert isinstance(simulation.line, LineRule)
    assert simulation.line.points == CAMERA.on_floor(*SHOP.line)
    assert [type(zone) for zone in simulation.zones] == [ZoneRule] * len(SHOP.displays)
    for zone in simulation.zones:
        assert all(0.0 < x < 1.0 and 0.0 < y < 1.0 for x, y in zone.polygon)

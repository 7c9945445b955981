"""The truth of a simulated shop is what the definitions say of the paths."""

from __future__ import annotations

from itertools import pairwise

import pytest

from edge.core.simulate import Simulation
from edge.core.simulated_camera import SimulatedCamera
from edge.core.simulated_crowd import STEP_S, Walker
from edge.core.simulated_shop import SHOP, Stop, Visitor
from edge.core.simulated_truth import TrueVisitor, Truth
from tests.core.busy_shop import crowded, ten_minutes

CAMERA = SimulatedCamera()


def simulate_truth(path: list[complex], tall_m: float = 1.7) -> TrueVisitor:
    simulation = Simulation(seed=1, at_most=1, per_minute=1.0)
    walker = Walker(0, Visitor((Stop(path[0]),), 1.0, tall_m, staff=False), 10.0)
    walker.path = path
    return Truth(CAMERA, simulation.line, simulation.zones).of(walker)


def way(*corners: complex, pace: float = 1.0) -> list[complex]:
    """From corner to corner at a steady pace; the same corner twice is a stop of 1 s."""
    path = [corners[0]]
    for start, end in pairwise(corners):
        steps = max(round(abs(end - start) / pace / STEP_S), 1) if end != start else round(1.0 / STEP_S)
        path += [start + (end - start) * (k + 1) / steps for k in range(steps)]
    return path


def test_a_crossing_is_where_and_when_the_foot_passes_the_line():
    visitor = simulate_truth(way(0j + 8j, 0j + 4j))
    assert [(round(c.mono_s, 2), c.inward) for c in visitor.crossings] == [(12.0, True)]
    assert simulate_truth(way(0j + 4j, 0j + 8j)).crossings[0].inward is False
    assert simulate_truth(way(3.0 + 8j, 3.0 + 4j)).crossings == ()
    assert simulate_truth(way(0j + 8j, 0j + 5.8j, 0j + 8j)).crossings == ()


def test_back_within_ten_seconds_is_a_uturn():
    soon, late = ([0j + 8j, *[0j + 4j] * stops, 0j + 8j] for stops in (3, 10))
    assert [c.inward for c in simulate_truth(way(*soon)).crossings] == [True, False]
    assert [len(simulate_truth(way(*corners)).uturns) for corners in (soon, late)] == [1, 0]


def test_a_visit_is_from_the_first_to_the_last_instant_inside():
    outside, inside = 0.0 + 3.5j, -2.4 + 3.5j
    (visit,) = simulate_truth(way(outside, *[inside] * 6, outside)).visits
    # The zone's edge is at x = -1.5; a body off the camera's axis leans outwards: the middle of its box moves 0.2 m.
    assert visit.zone == "left"
    assert visit.left
    assert visit.seconds == pytest.approx(5.0 + 2 * (0.9 + 0.2), abs=0.1)
    assert visit.start_s == pytest.approx(10.0 + 1.5 - 0.2, abs=0.05)

    long_away = way(outside, *[inside] * 6, *[outside] * 40, *[inside] * 6, outside)
    assert [round(v.seconds) for v in simulate_truth(long_away).visits] == [7, 7]
    soon_back = way(outside, *[inside] * 6, *[outside] * 10, *[inside] * 6, outside)
    (visit,) = simulate_truth(soon_back).visits
    assert visit.seconds == pytest.approx(2 * 7.2, abs=0.2)
    assert visit.end_s - visit.start_s > 20.0
    (still_there,) = simulate_truth(way(outside, *[inside] * 6)).visits
    assert not still_there.left
    assert simulate_truth(way(-2.4 + 2.3j, -2.4 + 2.7j, -2.4 + 2.0j)).visits == ()


def test_in_less_out_are_the_people_inside():
    simulation, walkers = ten_minutes()
    # Who is in the door at the end is on neither side.
    decided = [w for w in walkers if abs(w.path[-1].imag - SHOP.door_y) > 0.7]
    judge = Truth(simulation.camera, simulation.line, simulation.zones)
    visitors = [judge.of(w) for w in decided]
    net = sum(1 if c.inward else -1 for v in visitors for c in v.crossings)

    assert net == sum(w.path[-1].imag < SHOP.door_y for w in decided) > 0
    assert sum(len(v.uturns) for v in visitors) > 3
    for visitor in visitors:
        assert [c.inward for c in visitor.crossings] == [k % 2 == 0 for k in range(len(visitor.crossings))]
        for visit in visitor.visits:
            assert visitor.start_s < visit.start_s < visit.end_s <= visitor.end_s
            assert 1.0 <= visit.seconds <= visit.end_s - visit.start_s + 1e-9


def test_visitors_are_given_out_once():
    simulation = crowded()
    for _ in simulation.film(seconds=120.0, fps=5.0):
        pass
    left = simulation.take_visitors()
    rest = simulation.take_visitors(everybody=True)
    people = [visitor.person for visitor in left + rest]
    assert left
    assert rest
    assert sorted(people) == list(range(len(people)))

"""A simulated shop at its busiest, for the tests of the simulator's parts."""

from __future__ import annotations

from functools import cache

from edge.core.simulate import Simulation
from edge.core.simulated_crowd import Walker
from edge.core.simulated_detector import View


def crowded(seed: int = 5, **options) -> Simulation:
    return Simulation(seed=seed, at_most=12, per_minute=20.0, **options)


@cache
def ten_minutes() -> tuple[Simulation, list[Walker]]:
    """The shop after ten minutes, and everybody who was there."""
    simulation = crowded()
    while simulation.crowd.now_s < 600.0:
        simulation.crowd.step()
    return simulation, simulation.crowd.take_left() + simulation.crowd.walkers


def bytes_of(views: list[View]) -> list[bytes]:
    return [b"".join(array.tobytes() for array in (v.detections.boxes, v.detections.scores, v.people)) for v in views]

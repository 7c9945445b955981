"""The soak benchmark: what it counts goes through intervals and books, and what it measures is everything."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks.soak import LINE_FACTS, Service, facts
from edge.core.simulate import Simulation
from tests.commands import ROOT


def test_the_counts_are_those_of_the_books_and_close_to_the_truth() -> None:
    simulation = Simulation(seed=2, at_most=4, per_minute=6.0)
    service = Service((simulation.line,), simulation.zones)
    for view in simulation.film(seconds=700.0, fps=5.0):
        service.look(view.detections)
    while_running = service.state_mb()
    service.finish()
    true = facts(simulation.take_visitors(everybody=True))

    assert true["in_raw"] >= 15
    assert true["visits"] >= 10
    for what in ("in_raw", "out_raw", "visits"):
        assert service.counted[what] == pytest.approx(true[what], rel=0.25)
    total = service.books.totals["door"]
    assert {what: getattr(total, what) for what in LINE_FACTS} == {what: service.counted[what] for what in LINE_FACTS}
    assert service.books.last_seq["occupancy"] == 3
    assert 4 <= service.most_tracks < 15
    assert 0.001 < while_running < 0.2


def test_a_run_from_end_to_end_says_what_grew() -> None:
    command = [sys.executable, "-m", "benchmarks.soak", "--visitors", "20"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert "after warm-up: memory " in done.stdout, done.stderr
    assert done.stdout.splitlines()[-1].endswith("; flat") == (done.returncode == 0)

"""The tests of docs/reliability.md that watch a run, on small sizes: soak, fuzz, strace, and the unit's exposure."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.chaos.fuzz import configurations, payloads
from benchmarks.chaos.promise import traced
from benchmarks.chaos.row import Row
from benchmarks.chaos.sandbox import exposure
from benchmarks.chaos.soak import Sample, judged, soak


def reached(row: Row) -> None:
    assert row.reached, row.result


def test_a_short_soak_is_whole_and_flat(tmp_path: Path) -> None:
    row = soak(tmp_path / "soak", seconds=12.0, days_h=0.02)
    reached(row)
    assert len((tmp_path / "soak" / "samples.csv").read_text().splitlines()) > 10


@pytest.mark.parametrize(
    ("memory_mb", "files", "fine"),
    [
        (lambda hours: 60.0 + 0.5 * hours, lambda hours: 11, True),
        (lambda hours: 60.0 + 3.0 * min(hours, 0.1), lambda hours: 11, True),
        (lambda hours: 60.0 + 1.5 * hours, lambda hours: 11, False),
        (lambda hours: 60.0, lambda hours: 11 + (hours > 1.9), False),
    ],
)
def test_a_leak_of_memory_or_of_files_would_be_found(memory_mb, files, fine) -> None:
    samples = [Sample(h / 100, memory_mb(h / 100), files(h / 100), threads=3, cpu_s=h) for h in range(201)]
    assert judged(samples, "", whole=True).reached == fine
    assert not judged(samples, "", whole=False).reached


def test_reports_made_by_chance_are_valid_on_the_wire() -> None:
    reached(payloads(reports=200, seed=7))


def test_configurations_made_by_chance_are_refused_with_a_line_or_taken() -> None:
    reached(configurations(texts=200, seed=7))


def test_a_run_that_is_watched_keeps_the_promise(tmp_path: Path) -> None:
    reached(traced(tmp_path / "strace", seconds=12.0))


def test_the_unit_is_as_shut_as_it_says(tmp_path: Path) -> None:
    row = exposure(tmp_path / "unit")
    if "not run" in row.result or "nan" in row.result:
        pytest.skip("this machine's systemd-analyze cannot score a unit offline")
    reached(row)

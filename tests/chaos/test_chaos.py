"""The chaos harness on sizes that a test can bear: real service, reader, broker and disk, each misfortune once."""

from __future__ import annotations

from pathlib import Path

from benchmarks.chaos.brokers import queue_overflows, restarts_empty
from benchmarks.chaos.clocks import clock_steps
from benchmarks.chaos.disk import disk_full
from benchmarks.chaos.row import Row


def reached(row: Row) -> None:
    assert row.reached, row.result


def test_a_disk_that_fills_up_under_the_service(tmp_path: Path) -> None:
    row = disk_full(tmp_path / "disk", times=1)
    if row.result.startswith("not run"):
        import pytest

        pytest.skip(row.result)
    reached(row)


def test_a_broker_that_drops_what_it_acknowledged(tmp_path: Path) -> None:
    reached(queue_overflows(tmp_path / "overflow", seconds=600.0))


def test_a_broker_that_comes_back_empty(tmp_path: Path) -> None:
    reached(restarts_empty(tmp_path / "empty", times=1))


def test_clocks_that_are_wrong(tmp_path: Path) -> None:
    reached(clock_steps(tmp_path / "clocks", seconds=180.0))

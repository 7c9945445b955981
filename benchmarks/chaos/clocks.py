"""Clocks that jump, and a boot that does not know the time: the real service, with the clock of the machine made up.

The film stands in for a live camera. Its own time is the monotonic clock; UTC is that plus what the case says.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from unittest.mock import PropertyMock, patch

from benchmarks.chaos.row import Row
from benchmarks.chaos.shop import configuration, parsed, record
from edge.core.pipeline import Pipeline
from edge.observer import Observation, Observer
from edge.service import Options, Service

NOON = 1_795_435_200.0  # 2026-11-23, 12:00 UTC
DWELL_S = 0.1
CHANGES = {"Europe/Berlin": (10, 25, 100), "America/New_York": (11, 1, 100), "Australia/Lord_Howe": (10, 4, 94)}
"""Month and day of 2026 on which the clocks change, and the quarter hours of the business day that it is in."""


@dataclass
class _Clocks:
    """What `time` says to the service."""

    utc_of: Callable[[float], float]
    mono_s: float = 0.0

    def time(self) -> float:
        return self.utc_of(self.mono_s)

    def monotonic(self) -> float:
        return self.mono_s


def clock_steps(folder: Path, *, seconds: float) -> Row:
    """The same film under a right clock, and under three wrong ones."""
    folder.mkdir(parents=True)
    film = folder / "shop.jsonl"
    record(film, seconds, every_s=7.0, walk_s=6.0)
    half = seconds / 2 + 3.3  # in the middle of a walk
    soon = min(half, 303.3)

    def right(mono_s: float) -> float:
        return NOON + mono_s

    steps: dict[str, tuple[Callable[[float], float], Callable[[float], bool]]] = {
        "right": (right, lambda _: True),
        "+ 1 h": (lambda mono_s: right(mono_s) + (3600.0 if mono_s > half else 0.0), lambda _: True),
        "- 1 day": (lambda mono_s: right(mono_s) - (86_400.0 if mono_s > half else 0.0), lambda _: True),
        "unknown at boot": (lambda m: right(m) if m > soon else 86_400.0 + m, lambda m: m > soon),
        "unknown for long": (lambda m: right(m) if m > half else 86_400.0 + m, lambda m: m > half),
    }
    found = {name: _count(folder / name.replace(" ", ""), film, *step) for name, step in steps.items()}
    truth = found["right"]
    same = all(rows["totals"] == truth["totals"] for rows in found.values())
    dwell_s = max(abs(rows["left_s"] - truth["left_s"]) / max(1, truth["left"]) for rows in found.values())
    backwards = sum(rows["backwards"] for rows in found.values())
    past = found["unknown at boot"]["wrong"] + found["unknown for long"]["unmarked"]
    days, dst_fine = _dst_days(folder)
    result = (
        f"{truth['totals']['in']} in, {truth['totals']['out']} out under each clock: totals "
        f"{'equal' if same else 'DIFFER'}, dwell off by {dwell_s:.3f} s a visit, {backwards} negative intervals, "
        f"{past} rows of a wrong year after a boot that knew UTC {soon:.0f} s later, "
        f"or unmarked ones after {half:.0f} s; quarter hours in the business day of the change: "
        f"{days}"
    )
    return Row(
        "clock + 1 h, - 1 day, boot unsynchronised; DST days in 3 zones",
        "dwell error under 0.1 s, totals equal, no negative interval", result,
        same and dwell_s < DWELL_S and backwards == 0 and past == 0 and dst_fine,
    )  # fmt: skip


def _dst_days(folder: Path) -> tuple[str, bool]:
    """Rows of a quarter hour in the business day of a change, by zone."""
    film = folder / "days.jsonl"
    record(film, 3 * 86_400.0, fps=1 / 600, every_s=86_400.0)
    told, fine = [], True
    for zone, (month, day, expected) in CHANGES.items():
        place = folder / zone.replace("/", "-")
        place.mkdir()
        config = parsed(configuration(film, 1, interval_s=900, timezone=zone, enabled=False))
        start_utc_s = datetime(2026, month, day, tzinfo=timezone.utc).timestamp() - 1.5 * 86_400.0
        Service((config, config.cameras[0]), Options(place, speed="max", start_utc_s=start_utc_s)).run()
        rows = [row for row in _rows(place) if row["series"] == "occupancy"]
        eve = (datetime(2026, month, day, tzinfo=timezone.utc) - timedelta(days=1)).date().isoformat()
        quarters = sum(row["business_day"] == eve for row in rows)  # it ends at 04:00, after the change
        told.append(f"{zone} {quarters}")
        fine &= quarters == expected and len({row["start"] for row in rows}) == len(rows)
    return ", ".join(told), fine


def _count(
    folder: Path, film: Path, utc_of: Callable[[float], float], synchronised: Callable[[float], bool]
) -> dict[str, Any]:
    folder.mkdir()
    config = parsed(configuration(film, 1, enabled=False))
    clocks = _Clocks(utc_of)
    with _made_up(clocks, synchronised):
        Service((config, config.cameras[0]), Options(folder, speed="max")).run()
    totals: Counter[str] = Counter()
    rows = _rows(folder)
    for row in rows:
        totals.update({key: row[key] for key in ("in", "out", "in_raw", "entered", "left") if key in row})
    return {
        "totals": dict(totals),
        "left": totals["left"],
        "left_s": sum(row.get("left_s", 0.0) for row in rows),
        "backwards": sum(row["end"] <= row["start"] for row in rows),
        "wrong": sum(row["start"] < "2026" for row in rows),
        "unmarked": sum(row["start"] < "2026" and row["clock"] == "synced" for row in rows),
    }


@contextmanager
def _made_up(clocks: _Clocks, synchronised: Callable[[float], bool]) -> Iterator[None]:
    observations = Observer.observations

    def seen(observer: Observer, *pipelines: Pipeline) -> Iterator[Observation | None]:
        for observation in observations(observer, *pipelines):
            if observation is not None:
                clocks.mono_s = observation.seen.mono_s
            yield observation

    with (
        patch("edge.service.time", clocks),
        patch("edge.bookkeeper.time", clocks),
        patch("edge.adapters.clock.synchronised", lambda: synchronised(clocks.mono_s)),
        patch.object(Observer, "live", PropertyMock(return_value=True)),
        patch.object(Observer, "observations", seen),
    ):
        yield


def _rows(folder: Path) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(folder / "entrance.db")) as db:
        found = db.execute("SELECT payload FROM rows WHERE series != '' ORDER BY id").fetchall()
    return [json.loads(payload) for (payload,) in found]

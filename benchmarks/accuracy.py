"""How right the counts are over crowding and frame rate, on simulated shops whose truth is known exactly.

    python -m benchmarks.accuracy --jobs 2 --json accuracy.json --write docs/accuracy.md

Prints tables beside the targets; docs/accuracy.md says what their numbers mean. The JSON also has the first crossings
that went wrong: each names the seed of its shop and the time in it, so that `simulated_shop.film(seed, crowding, fps)`
shows it again. Detector: recall 0.95, a false box in every 50 pictures, noise of 2 % of the height on each edge, people
and shelves hide people. 5 and 10 fps look at the same film, and so do 15 and 30.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.accuracy_table import provenance, tables, write
from benchmarks.simulated_shop import FILM_FPS, KINDS, Crowding, Shop, count_shop, film_fps
from edge.evaluation.confidence import ratio_interval
from edge.evaluation.counts import LineScore, Score, ZoneScore

CASES = 12
"""Wrong crossings that are listed for each cell and reading."""
RATES = (5.0, 10.0, 15.0, 30.0)
ShopsByRate = dict[float, Shop]


class Target(NamedTuple):
    """Largest errors that are accepted, shares and seconds; None where nothing is promised."""

    settled: float | None = None
    bias: float | None = None
    dwell_median_s: float | None = None
    dwell_p95_s: float | None = None


CROWDINGS = (Crowding(5, 6.0), Crowding(15, 16.0))
TARGETS = {
    (5, 5.0): Target(settled=0.02),
    (5, 10.0): Target(0.01, 0.005, 0.3, 1.5),
    (15, 5.0): Target(settled=0.05),
    (15, 10.0): Target(settled=0.03),
}


@dataclass
class Cell:
    """What was counted at one crowding and frame rate, shop by shop."""

    crowding: Crowding
    fps: float
    shops: list[Shop] = field(default_factory=list)
    cases: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {name: [] for name in KINDS})

    @property
    def crossings(self) -> int:
        """True ones so far."""
        return sum(shop.readings["raw"].directions["both"].true for shop in self.shops)

    def add(self, seed: int, shop: Shop) -> None:
        """Adds a shop."""
        self.shops.append(shop)
        for name, wrong in shop.wrong.items():
            for what, entries in (("missed", wrong.missed), ("invented", wrong.invented)):
                self.cases[name] += [{"seed": seed, "what": what, **entry.model_dump()} for entry in entries]

    def to_json(self) -> dict[str, Any]:
        """Everything."""
        zones = sum((shop.zones for shop in self.shops), ZoneScore())
        return {
            **self.crowding._asdict(),
            "fps": self.fps,
            "shops": len(self.shops),
            "readings": {name: reading_json([shop.readings[name] for shop in self.shops]) for name in KINDS},
            "visits": zones.to_json(),
            "target": TARGETS.get((self.crowding.at_most, self.fps), Target())._asdict(),
            "cases": {name: cases[:CASES] for name, cases in self.cases.items()},
        }


def reading_json(shops: Sequence[LineScore]) -> dict[str, Any]:
    """One reading of all shops: the errors of its crossings one by one, of its two counts, and of their sum."""
    total = sum(shops, LineScore())
    both = [shop.directions["both"] for shop in shops]
    wrong = [score.missed + score.invented for score in both]
    ways = [[shop.directions[way] for shop in shops] for way in ("in", "out")]
    counts = [_ratio([score.counted - score.true for score in way], way) for way in ways]
    return {
        **{name: score.to_json() for name, score in total.directions.items()},
        "error": _ratio(wrong, both),
        "count_error": max((_size(error) for error in counts if error), key=itemgetter("share"), default=None),
        "bias": _ratio([score.counted - score.true for score in both], both),
    }


def _ratio(parts: Sequence[int], of: Sequence[Score]) -> dict[str, Any] | None:
    """Share of the true ones, with its interval from shop to shop; None where there are none."""
    true = [score.true for score in of]
    interval = ratio_interval(parts, true)
    if not sum(true):
        return None
    return {"share": round(sum(parts) / sum(true), 5), "ci": interval and [round(edge, 5) for edge in interval]}


def _size(error: dict[str, Any]) -> dict[str, Any]:
    """An error without its sign."""
    if error["share"] >= 0.0 or error["ci"] is None:
        return {**error, "share": abs(error["share"])}
    low, high = error["ci"]
    return {"share": -error["share"], "ci": [-high, -low]}


@dataclass(frozen=True)
class Workers:
    """Processes that count shops."""

    pool: ProcessPoolExecutor
    jobs: int

    def count(self, crowding: Crowding, rates: Sequence[float], first_seed: int) -> Iterator[tuple[int, ShopsByRate]]:
        """Shop after shop, with their seeds, in the order of the seeds; without end."""
        pending = deque[tuple[int, Future[ShopsByRate]]]()
        try:
            for seed in count(first_seed):
                pending.append((seed, self.pool.submit(count_shop, seed, crowding, rates)))
                if len(pending) == self.jobs:
                    shop, counted = pending.popleft()
                    yield shop, counted.result()
        finally:
            for _, counted in pending:
                counted.cancel()


def measure(crowding: Crowding, rates: Sequence[float], crossings: int, seed: int, workers: Workers) -> list[Cell]:
    """As many shops as it takes to see so many true crossings: from `seed` on, whatever the number of workers."""
    cells, started_s = {fps: Cell(crowding, fps) for fps in rates}, time.monotonic()
    for shop, counted in workers.count(crowding, rates, seed):
        for fps, cell in cells.items():
            cell.add(shop, counted[fps])
        print(
            f"at most {crowding.at_most} people at {', '.join(f'{fps:g}' for fps in rates)} fps: "
            f"{cell.crossings} of {crossings} crossings after {time.monotonic() - started_s:.0f} s",
            file=sys.stderr,
            flush=True,
        )
        if cell.crossings >= crossings:
            break
    return list(cells.values())


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measures all cells."""
    about, started_s, cells = provenance(), time.monotonic(), list[Cell]()
    with ProcessPoolExecutor(options.jobs) as pool:
        for film in FILM_FPS:
            rates = [fps for fps in options.fps if film_fps(fps) == film]
            for crowding in CROWDINGS if rates else ():
                cells += measure(crowding, rates, options.crossings, options.seed, Workers(pool, options.jobs))
    cells.sort(key=lambda cell: (cell.crowding, cell.fps))
    about |= {"crossings": options.crossings, "seed": options.seed, "jobs": options.jobs}
    about["minutes"] = round((time.monotonic() - started_s) / 60.0, 1)
    return {**about, "cells": [cell.to_json() for cell in cells]}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--crossings", type=int, default=10_000, help="true crossings in each cell of the table")
    parser.add_argument("--fps", type=float, nargs="+", choices=RATES, default=[5.0, 10.0], metavar="FPS")
    parser.add_argument("--seed", type=int, default=1, help="of the first shop; the next ones follow")
    parser.add_argument("--jobs", type=int, default=1, help="shops that are counted at the same time")
    parser.add_argument("--json", type=Path, help="write the result there")
    parser.add_argument("--read", type=Path, metavar="JSON", help="take such a result instead of measuring")
    parser.add_argument("--write", type=Path, metavar="MD", help="replace the tables in this document")
    options = parser.parse_args()
    result = json.loads(options.read.read_text(encoding="utf-8")) if options.read else run(options)
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    if options.write:
        write(options.write, result)
    print(tables(result))


if __name__ == "__main__":
    main()

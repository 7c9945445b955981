"""What the adaptive rate costs in accuracy and what it saves: simulated shops at the full rate and at its own.

    python -m benchmarks.attention --jobs 2 --crossings 1500

The shops and the detector are those of benchmarks.accuracy, and so are the errors: settled crossings one by one, their
count and bias, and dwell of the visits that were seen to end. `looks` is the share of the pictures with somebody known
in them that the network looks at. The motion gate is not simulated; here nothing but time brings the next look, so that
newcomers are found later than behind it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.accuracy import reading_json
from benchmarks.accuracy_table import provenance
from benchmarks.simulated_shop import Crowding, Shop, compare, film
from edge.core.pipeline import Pipeline, Step
from edge.core.rate import Pace
from edge.core.rules import TrackerRule
from edge.evaluation.counts import ZoneScore

FPS = 10.0
RATES = ("full", "adaptive")
CROWDINGS = (Crowding(2, 2.0), Crowding(5, 6.0), Crowding(15, 16.0))


class Counted(NamedTuple):
    """One shop at one rate: what was counted, and in how many of the pictures with somebody the network looked."""

    shop: Shop
    looks: int
    pictures: int


class Watcher:
    """Counts one film, with or without leaving out what nobody needs."""

    def __init__(self, pipeline: Pipeline, *, adaptive: bool) -> None:
        self.pipeline = pipeline
        self.steps: list[Step] = []
        self.looks = self.pictures = 0
        self._adaptive, self._pace = adaptive, Pace()

    def see(self, view: Any) -> None:  # noqa: ANN401 - a named tuple of the simulation
        """Takes one picture."""
        now, wait_s = view.detections.mono_s, self.pipeline.need.wait_s
        waits = self._pace.can_wait(now, wait_s or 0.0)
        self.pictures += wait_s is not None
        if self._adaptive and waits:
            return
        self._pace.looked(now)
        self.looks += wait_s is not None
        step = self.pipeline.step(view.detections)
        self.steps.append(Step(step.mono_s, None, step.events, step.zones))


def count_shop(seed: int, crowding: Crowding) -> dict[str, Counted]:
    """One shop at both rates."""
    simulation, views = film(seed, crowding, FPS)
    rules = (simulation.line,), simulation.zones, TrackerRule()
    watchers = {name: Watcher(Pipeline(*rules), adaptive=name == "adaptive") for name in RATES}
    for view in views:
        for watcher in watchers.values():
            watcher.see(view)
    visitors = simulation.take_visitors(everybody=True)
    return {
        name: Counted(compare(visitors, [*one.steps, one.pipeline.finish()], simulation.zones), one.looks, one.pictures)
        for name, one in watchers.items()
    }


def shops(options: argparse.Namespace, crowding: Crowding) -> Iterator[list[dict[str, Counted]]]:
    """So far, as many as it takes to see so many true crossings."""
    counted, crossings = [], 0
    with ProcessPoolExecutor(options.jobs) as pool:
        for first in count(options.seed, options.jobs):
            pending = [pool.submit(count_shop, first + number, crowding) for number in range(options.jobs)]
            counted += [future.result() for future in pending]
            crossings = sum(shop["full"].shop.readings["raw"].directions["both"].true for shop in counted)
            yield counted
            if crossings >= options.crossings:
                return


def summary(counted: list[Counted]) -> dict[str, Any]:
    """One row of the result."""
    return {
        "looks": round(sum(one.looks for one in counted) / max(1, sum(one.pictures for one in counted)), 3),
        "settled": reading_json([one.shop.readings["settled"] for one in counted]),
        "raw": reading_json([one.shop.readings["raw"] for one in counted]),
        "visits": sum((one.shop.zones for one in counted), ZoneScore()).to_json(),
    }


def row(one: dict[str, Any]) -> str:
    """The same for people."""
    settled, visits = one["settled"], one["visits"]
    errors = " | ".join(f"{100.0 * settled[key]['share']:.2f} %" for key in ("error", "count_error", "bias"))
    dwell = " | ".join(f"{visits['left_dwell_error_s'][key]:.2f} s" for key in ("median", "p95"))
    return (
        f"| {one['at_most']} | {one['rate']} | {100.0 * one['looks']:.0f} % | {settled['both']['true']} | {errors} "
        f"| {visits['true']} | {visits['missed']} | {visits['invented']} | {dwell} |"
    )


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.attention", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--crossings", type=int, default=1500, help="true crossings in each crowding")
    parser.add_argument("--people", type=int, nargs="+", default=[2, 5, 15], help="at once, at most")
    parser.add_argument("--seed", type=int, default=1, help="of the first shop")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the result there")
    options = parser.parse_args()
    result: dict[str, Any] = {**provenance(), "cells": []}
    print("| people | rate | looks | crossings | error one by one | count error | bias | visits | missed | invented |"
          " dwell error: median | p95 |\n" + "|" + " --- |" * 12)  # fmt: skip
    for crowding in CROWDINGS:
        if crowding.at_most in options.people:
            cells: list[dict[str, Any]] = []
            for counted in shops(options, crowding):
                cells = [
                    {**crowding._asdict(), "rate": name, **summary([shop[name] for shop in counted])} for name in RATES
                ]
                print(*(row(cell) for cell in cells), sep="\n", file=sys.stderr, flush=True)
            result["cells"] += cells
            print(*(row(cell) for cell in cells), sep="\n", flush=True)
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

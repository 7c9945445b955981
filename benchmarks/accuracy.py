"""How right the counts are over crowding and frame rate, on simulated shops whose truth is known exactly.

    python -m benchmarks.accuracy --crossings 10000

Prints a table beside the targets, and the same as JSON with the first cases that went wrong: each names the seed of its
shop and the time in it, so that `film(seed, crowding, fps)` shows it again. Detector: recall 0.95, a false box in every
50 pictures, noise of 2 % of the height on each edge, people and shelves hide people.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from typing import Any, NamedTuple

from edge.core.pipeline import Pipeline, Step
from edge.core.rules import TrackerRule
from edge.core.simulate import Simulation
from edge.core.simulated_camera import View
from edge.core.simulated_truth import TrueVisitor
from edge.evaluation.counts import Difference, LineScore, ZoneScore, compare_line, compare_zone, spread
from edge.evaluation.truth import Event, Line, Visit

SHOP_S = 1800.0
"""How long each simulated shop is watched; the run goes through as many as it needs."""
CASES = 12
"""Wrong crossings that are listed for each cell."""


class Crowding(NamedTuple):
    """How many are there at once, and how many parties come a minute: so many that the limit is often reached."""

    at_most: int
    per_minute: float


class Target(NamedTuple):
    """Largest errors that are accepted, shares and seconds; None where nothing is promised."""

    settled: float | None = None
    bias: float | None = None
    dwell_median_s: float | None = None
    dwell_p95_s: float | None = None


CROWDINGS = (Crowding(5, 6.0), Crowding(15, 16.0))
RATES = (5.0, 10.0, 15.0, 30.0)
TARGETS = {
    (5, 5.0): Target(settled=0.02),
    (5, 10.0): Target(0.01, 0.005, 0.3, 1.5),
    (15, 5.0): Target(settled=0.05),
    (15, 10.0): Target(settled=0.03),
}


@dataclass
class Cell:
    """What was counted at one crowding and frame rate."""

    crowding: Crowding
    fps: float
    line: LineScore = field(default_factory=LineScore)
    zones: ZoneScore = field(default_factory=ZoneScore)
    shops: int = 0
    cases: list[dict[str, Any]] = field(default_factory=list)

    def add(self, seed: int, line: LineScore, zones: ZoneScore, wrong: Difference) -> None:
        """Adds a shop."""
        self.line, self.zones, self.shops = self.line + line, self.zones + zones, self.shops + 1
        for what, entries in (("missed", wrong.missed), ("invented", wrong.invented)):
            self.cases += [{"seed": seed, "what": what, **entry.model_dump()} for entry in entries]

    @property
    def settled(self) -> tuple[float, float]:
        """Error of the worse direction, and signed error of both together; shares of the true settled counts."""
        true_in, counted_in, true_out, counted_out = self.line.settled or (0, 0, 0, 0)
        worse = max(abs(counted_in - true_in) / max(true_in, 1), abs(counted_out - true_out) / max(true_out, 1))
        both = (counted_in + counted_out - true_in - true_out) / max(true_in + true_out, 1)
        return worse, both

    def to_json(self) -> dict[str, Any]:
        """Everything."""
        error, bias = self.settled
        return {
            **self.crowding._asdict(),
            "fps": self.fps,
            "shops": self.shops,
            "settled_error": round(error, 5),
            "settled_bias": round(bias, 5),
            "line": self.line.to_json(),
            "visits": self.zones.to_json(),
            "target": TARGETS.get((self.crowding.at_most, self.fps), Target())._asdict(),
            "cases": self.cases[:CASES],
        }


def film(seed: int, crowding: Crowding, fps: float) -> tuple[Simulation, Iterator[View]]:
    """One shop and its pictures."""
    simulation = Simulation(seed=seed, at_most=crowding.at_most, per_minute=crowding.per_minute)
    return simulation, simulation.film(seconds=SHOP_S, fps=fps)


def score(seed: int, crowding: Crowding, fps: float) -> tuple[LineScore, ZoneScore, Difference]:
    """Counts one shop and compares."""
    simulation, views = film(seed, crowding, fps)
    pipeline = Pipeline((simulation.line,), simulation.zones, TrackerRule())
    steps = [_without_boxes(pipeline.step(view.detections)) for view in views]
    steps.append(pipeline.finish())
    visitors = simulation.take_visitors(everybody=True)
    line, wrong = compare_line(_true_line(visitors), _counted_line(steps))
    zones = ZoneScore()
    for rule in simulation.zones:
        zones += compare_zone(_true_visits(visitors, rule.name), _counted_visits(steps, rule.name), rule.stop_s)[0]
    return line, zones, wrong


def _without_boxes(step: Step) -> Step:
    return Step(step.mono_s, None, step.events, step.zones)


def _true_line(visitors: list[TrueVisitor]) -> Line:
    crossings = [crossing for visitor in visitors for crossing in visitor.crossings]
    uturns, inward = sum(visitor.uturns for visitor in visitors), sum(crossing.inward for crossing in crossings)
    events = tuple(Event(t_s=crossing.mono_s, inward=crossing.inward) for crossing in crossings)
    return Line(in_=inward - uturns, out=len(crossings) - inward - uturns, events=events)


def _counted_line(steps: list[Step]) -> Line:
    events = [event for step in steps for event in step.events]
    settled = [sum(event.kind == kind for event in events) for kind in ("in_", "out")]
    raw = [event for event in events if event.kind in {"in_raw", "out_raw"}]
    crossed = tuple(Event(t_s=event.mono_s, inward=event.kind == "in_raw") for event in raw)
    return Line(in_=settled[0], out=settled[1], events=crossed)


def _true_visits(visitors: list[TrueVisitor], zone: str) -> list[Visit]:
    return [
        Visit(start_s=visit.start_s, end_s=visit.end_s, dwell_s=visit.seconds)
        for visitor in visitors
        for visit in visitor.visits
        if visit.zone == zone
    ]


def _counted_visits(steps: list[Step], zone: str) -> list[Visit]:
    dwells = [dwell for step in steps if zone in step.zones for dwell in step.zones[zone].dwells]
    return [
        Visit(start_s=d.start_s, end_s=d.mono_s, dwell_s=d.seconds, ended=d.ended) for d in dwells if d.seconds >= 3
    ]


def measure(crowding: Crowding, fps: float, crossings: int, seed: int) -> Cell:
    """As many shops as it takes to see so many true crossings."""
    cell = Cell(crowding, fps)
    for shop in count(seed):
        cell.add(shop, *score(shop, crowding, fps))
        if sum(way.true for way in (cell.line.inward, cell.line.outward)) >= crossings:
            break
    return cell


def _table(cells: list[Cell]) -> str:
    head = (
        "people | fps | crossings | settled error | bias | missed | invented | visits | missed | invented "
        "| dwell median | p95"
    )
    rows = [f"| {head} |", "|" + " --- |" * (head.count("|") + 1)]
    for cell in cells:
        target = TARGETS.get((cell.crowding.at_most, cell.fps), Target())
        error, bias = cell.settled
        both, visits, dwell = cell.line.directions["both"], cell.zones.visits, spread(cell.zones.errors_s)
        row = [
            f"at most {cell.crowding.at_most}",
            f"{cell.fps:g}",
            f"{both.true}",
            f"{error:.2%}{_at_most(target.settled, '.1%')}",
            f"{bias:+.2%}{_at_most(target.bias, '.1%')}",
            f"{both.missed / both.true:.2%}",
            f"{both.invented / both.true:.2%}",
            f"{visits.true}",
            f"{visits.missed / visits.true:.2%}",
            f"{visits.invented / visits.true:.2%}",
            f"{dwell['median']:.2f} s{_at_most(target.dwell_median_s, '.1f')}",
            f"{dwell['p95']:.2f} s{_at_most(target.dwell_p95_s, '.1f')}",
        ]
        rows.append(f"| {' | '.join(row)} |")
    return "\n".join(rows)


def _at_most(target: float | None, form: str) -> str:
    return "" if target is None else f" (≤ {target:{form}})"


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--crossings", type=int, default=10_000, help="true crossings in each cell of the table")
    parser.add_argument("--seed", type=int, default=1, help="of the first shop; the next ones follow")
    parser.add_argument("--jobs", type=int, default=1, help="cells that are measured at the same time")
    options = parser.parse_args()
    wanted = [(crowding, fps) for crowding in CROWDINGS for fps in RATES]
    with ProcessPoolExecutor(options.jobs) as pool:
        pending = [pool.submit(measure, *cell, options.crossings, options.seed) for cell in wanted]
        cells = []
        for (crowding, fps), cell in zip(wanted, pending, strict=True):
            cells.append(cell.result())
            print(f"at most {crowding.at_most} people, {fps:g} fps: done", file=sys.stderr)
    print(_table(cells))
    print(json.dumps([cell.to_json() for cell in cells]))


if __name__ == "__main__":
    main()

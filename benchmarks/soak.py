"""Whether memory stays flat and the counts right over very many visitors.

    python -m benchmarks.soak --visitors 100000

One simulated shop that never closes, one pipeline with its intervals and books, no restart. The crowd walks in a
process of its own, so that the memory measured is that of counting. Memory is VmRSS after a garbage collection, and the
state is all that the counting process knows, pickled; the reference is taken after a tenth of the visitors. Exit code 1
when either grew by more than 2 MB.
"""

from __future__ import annotations

import argparse
import gc
import pickle
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from multiprocessing import Pipe, Process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from benchmarks.accuracy_table import provenance
from edge.core.books import Books, Sender
from edge.core.interval import Counting, Intervals
from edge.core.pipeline import Pipeline
from edge.core.report import IntervalReport
from edge.core.rules import LineRule, TrackerRule, ZoneRule
from edge.core.simulate import Simulation
from edge.core.simulated_truth import TrueVisitor
from edge.core.types import Detections

FLAT_MB = 2.0
CHUNK_S, INTERVAL_S = 60.0, 300
START_UTC_S = 1_795_392_000  # 2026-11-23T00:00:00Z
LINE_FACTS = ("in_", "out", "in_raw", "out_raw", "uturns")
SENDER = Sender("soak", "box", boot_id="0123abcd")


class Chunk(NamedTuple):
    """What the shop sends: pictures, and the truth of those who left meanwhile; without pictures: it is over."""

    pictures: list[Detections]
    visitors: int
    true: Counter[str]


def walk(simulation: Simulation, visitors: int, fps: float, end: Connection) -> None:
    """The process of the shop: walks until so many have left, and sends what its camera sees."""
    gone = 0
    while gone < visitors:
        views = simulation.film(seconds=CHUNK_S, fps=fps)
        pictures = [view.detections for view in views]
        left = simulation.take_visitors()
        gone += len(left)
        end.send(Chunk(pictures, len(left), facts(left)))
    rest = simulation.take_visitors(everybody=True)
    end.send(Chunk([], len(rest), facts(rest)))


def facts(visitors: list[TrueVisitor]) -> Counter[str]:
    """What they did, in the words of the service."""
    sums = Counter[str]()
    for visitor in visitors:
        sums.update("in_raw" if crossing.inward else "out_raw" for crossing in visitor.crossings)
        sums.update("in_" if crossing.inward else "out" for crossing in visitor.settled)
        sums.update(uturns=len(visitor.uturns), visits=len(visitor.visits))
    return sums


@dataclass
class Service:
    """The counting half of the service: everything that it would keep in memory."""

    lines: tuple[LineRule, ...]
    zones: tuple[ZoneRule, ...]
    counted: Counter[str] = field(default_factory=Counter)
    books: Books = field(default_factory=lambda: Books("89abcdef"))
    most_tracks: int = 0

    def __post_init__(self) -> None:
        self.pipeline = Pipeline(self.lines, self.zones, TrackerRule())
        self.counting = Counting(self.lines, self.zones, "0123456789abcdef", self.pipeline.hold_s)
        self.intervals = Intervals(INTERVAL_S, self.counting, 0.0, START_UTC_S)

    def look(self, detections: Detections) -> None:
        """Counts a picture."""
        step = self.pipeline.step(detections)
        if self.intervals.due(step.mono_s):
            self.intervals.turn(self.counting, step.mono_s, START_UTC_S + step.mono_s)
        self.intervals.add(step)
        self.most_tracks = max(self.most_tracks, len(step.tracks.ids) if step.tracks else 0)
        self.post(self.intervals.closed(step.mono_s))

    def finish(self) -> None:
        """Books what is still open."""
        self.intervals.add(self.pipeline.finish())
        self.post(self.intervals.finish())

    def post(self, reports: list[IntervalReport]) -> None:
        """Books closed intervals."""
        for report in reports:
            day = datetime.fromtimestamp(report.start_utc_s, timezone.utc)
            self.books = self.books.post(report, SENDER, f"{day:%Y-%m-%d}")[1]
            for line in report.lines.values():
                self.counted.update({what: getattr(line, what) for what in LINE_FACTS})
            self.counted.update(visits=sum(sum(zone.histogram) for zone in report.zones.values()))

    def state_mb(self) -> float:
        """All that is known, pickled."""
        return len(pickle.dumps((self.pipeline, self.intervals, self.books))) / 1e6


def chunks(simulation: Simulation, visitors: int, fps: float) -> Iterator[Chunk]:
    """What the process of the shop sends; it waits when nobody takes it."""
    ours, theirs = Pipe(duplex=False)
    shop = Process(target=walk, args=(simulation, visitors, fps, theirs), daemon=True)
    shop.start()
    theirs.close()
    while (chunk := ours.recv()).pictures:
        yield chunk
    yield chunk
    shop.join()


def main() -> None:
    """Runs and prints."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--visitors", type=int, default=100_000)
    parser.add_argument("--fps", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(", ".join(f"{key} {value}" for key, value in provenance().items()), flush=True)
    simulation = Simulation(seed=options.seed, at_most=15, per_minute=16.0)
    service = Service((simulation.line,), simulation.zones)
    visitors, reported, true, started_s = 0, 0, Counter[str](), time.monotonic()
    warm: tuple[float, float] | None = None
    grown = [0.0, 0.0]
    for number, chunk in enumerate(chunks(simulation, options.visitors, options.fps)):
        for detections in chunk.pictures:
            service.look(detections)
        visitors, true = visitors + chunk.visitors, true + chunk.true
        if number % 10 or 10 * visitors < options.visitors:
            continue
        now = _resident_mb(), service.state_mb()
        warm = warm or now
        grown = [max(most, size - before) for most, size, before in zip(grown, now, warm, strict=True)]
        if 20 * visitors // options.visitors > reported:
            reported = 20 * visitors // options.visitors
            print(
                f"{visitors:7d} visitors, {number * CHUNK_S / 3600:6.1f} h simulated in "
                f"{time.monotonic() - started_s:5.0f} s: {now[0]:.1f} MB ({now[0] - warm[0]:+.2f}), "
                f"state {1000 * now[1]:.0f} kB, at most {service.most_tracks} tracks at once",
                flush=True,
            )
    service.finish()
    for what in (*LINE_FACTS, "visits"):
        error = (service.counted[what] - true[what]) / max(true[what], 1)
        print(f"{what.removesuffix('_'):<8} true {true[what]:7d}   counted {service.counted[what]:7d}   {error:+.2%}")
    flat = max(grown) <= FLAT_MB
    print(
        f"after warm-up: memory {grown[0]:+.2f} MB at most, state {1000 * grown[1]:+.0f} kB at most, "
        f"{service.most_tracks} tracks at once at most; {'flat' if flat else 'NOT flat'}"
    )
    sys.exit(0 if flat else 1)


def _resident_mb() -> float:
    gc.collect()
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


if __name__ == "__main__":
    main()

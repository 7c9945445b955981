"""Whether memory stays flat and the counts right over very many visitors.

    python -m benchmarks.soak --visitors 100000

One simulated shop, one pipeline, no restart. Simulation and counting share the process, so that what the simulation
keeps counts against the figure too. Memory is VmRSS after a garbage collection; the reference is taken after a tenth of
the visitors. Exit code 1 when it grew by more than 2 MB.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from edge.core.pipeline import Pipeline, Step
from edge.core.rules import TrackerRule
from edge.core.simulate import Simulation

FLAT_MB = 2.0
CHUNK_S = 600.0


@dataclass
class Sums:
    """What happened and what was counted, from the start: numbers alone."""

    visitors: int = 0
    true: Counter[str] = field(default_factory=Counter)
    counted: Counter[str] = field(default_factory=Counter)

    def count(self, step: Step) -> None:
        """Adds what one picture brought to light."""
        self.counted.update(event.kind for event in step.events)
        self.counted["visits"] += sum(len(zone.dwells) for zone in step.zones.values())

    def see(self, simulation: Simulation, *, everybody: bool = False) -> None:
        """Adds the truth of those who have left."""
        for visitor in simulation.take_visitors(everybody=everybody):
            self.visitors += 1
            inward = sum(crossing.inward for crossing in visitor.crossings)
            self.true.update(in_raw=inward, out_raw=len(visitor.crossings) - inward)
            settled_in = sum(crossing.inward for crossing in visitor.settled)
            self.true.update(in_=settled_in, out=len(visitor.settled) - settled_in)
            self.true.update(uturns=len(visitor.uturns), visits=len(visitor.visits))


def main() -> None:
    """Runs and prints."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--visitors", type=int, default=100_000)
    parser.add_argument("--fps", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    simulation = Simulation(seed=options.seed, at_most=15, per_minute=16.0)
    pipeline = Pipeline((simulation.line,), simulation.zones, TrackerRule())
    sums, started_s, warm_mb = Sums(), time.monotonic(), 0.0
    grown_mb, reported = 0.0, 0
    while sums.visitors < options.visitors:
        for view in simulation.film(seconds=CHUNK_S, fps=options.fps):
            sums.count(pipeline.step(view.detections))
        sums.see(simulation)
        if 10 * sums.visitors < options.visitors:
            continue
        now_mb = _resident_mb()
        warm_mb = warm_mb or now_mb
        grown_mb = max(grown_mb, now_mb - warm_mb)
        if 20 * sums.visitors // options.visitors > reported:
            reported = 20 * sums.visitors // options.visitors
            print(
                f"{sums.visitors:7d} visitors, {simulation.crowd.now_s / 3600:6.1f} h simulated in "
                f"{time.monotonic() - started_s:6.0f} s, {now_mb:.1f} MB ({now_mb - warm_mb:+.1f})",
                flush=True,
            )
    sums.count(pipeline.finish())
    sums.see(simulation, everybody=True)
    for what in ("in_", "out", "in_raw", "out_raw", "uturns", "visits"):
        true, counted = sums.true[what], sums.counted[what]
        error = (counted - true) / max(true, 1)
        print(f"{what.removesuffix('_'):<8} true {true:7d}   counted {counted:7d}   {error:+.2%}")
    flat = grown_mb <= FLAT_MB
    print(f"memory: at most {grown_mb:+.1f} MB after warm-up, {'flat' if flat else 'NOT flat'}")
    sys.exit(0 if flat else 1)


def _resident_mb() -> float:
    gc.collect()
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


if __name__ == "__main__":
    main()

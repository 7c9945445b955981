"""What counting costs: lines and zones alone, and what turns tracks into sightings before them.

    python -m benchmarks.counting

People walk about a square with a line and a zone in its middle; tracks are given, so no tracker is in these figures.
Sightings (where the feet are, hidden or not) are made once per picture, however many lines and zones look at them.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import statistics
import time
from collections.abc import Callable

import numpy as np

from edge.core.crossing import LineCounter
from edge.core.dwell import ZoneTimer
from edge.core.rules import LineRule, ZoneRule
from edge.core.sighting import Sighting, Sightings
from edge.core.types import Tracks

ASPECT, FPS, SECONDS = 16.0 / 9.0, 10.0, 60.0
PEOPLE = (1, 10, 50)
HALF = np.array([0.02, 0.08])
"""Of a person's box, fractions of the frame."""
LINE = LineRule("door", ((0.1, 0.5), (0.9, 0.5)), (0.5, 0.9))
ZONE = ZoneRule("table", ((0.3, 0.5), (0.7, 0.5), (0.7, 0.9), (0.3, 0.9)))
TARGET_US = {10: 30.0}
"""Of one line and one zone together, per picture."""


def walk(people: int, seed: int) -> list[Tracks]:
    """People who walk straight on, turn round at the edges, and are missed once in a while."""
    rng = np.random.default_rng(seed)
    at, speed = rng.uniform(0.1, 0.9, (people, 2)), rng.normal(0.0, 0.03, (people, 2))
    film = []
    for number in range(int(SECONDS * FPS)):
        at = at + speed / FPS
        speed = np.where((at < 0.1) | (at > 0.9), -speed, speed)
        at = np.clip(at, 0.1, 0.9)
        middle = at + rng.normal(0.0, 0.002, at.shape)
        boxes = np.concatenate([middle - HALF, middle + HALF], axis=1).astype(np.float32)
        film.append(Tracks(np.arange(people), boxes, rng.random(people) > 0.05, number / FPS, ASPECT))
    return film


def spent_us(pictures: int, work: Callable[[], object]) -> float:
    """Microseconds of processor time per picture."""
    gc.collect()
    start_s = time.process_time()
    work()
    return 1e6 * (time.process_time() - start_s) / pictures


def costs(people: int, rounds: int) -> dict[str, list[float]]:
    """Microseconds per picture by part, one figure for each round."""
    found: dict[str, list[float]] = {"sightings": [], "line": [], "zone": []}
    for round_ in range(rounds + 1):
        film = walk(people, seed=round_)
        sightings, seen = Sightings(), list[list[Sighting]]()
        line, zone = LineCounter(LINE), ZoneTimer(ZONE)
        spent = {
            "sightings": spent_us(len(film), lambda: seen.extend(sightings.update(tracks) for tracks in film)),  # noqa: B023
            "line": spent_us(
                len(film),
                lambda: [line.update(s, t.mono_s, ASPECT) for s, t in zip(seen, film, strict=True)],  # noqa: B023
            ),
            "zone": spent_us(
                len(film),
                lambda: [zone.update(s, t.mono_s, ASPECT) for s, t in zip(seen, film, strict=True)],  # noqa: B023
            ),
        }
        if round_:  # the first warms up caches
            for part, us in spent.items():
                found[part].append(us)
    return found


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.counting", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    rounds: int = parser.parse_args().rounds
    machine = f"{platform.machine()}, {os.cpu_count()} CPUs (load {os.getloadavg()[0]:.1f})"
    print(f"{machine}, Python {platform.python_version()}")
    print(f"us of processor time per picture: median of {rounds} rounds (least)")
    print("| people | sightings | one line | one zone | line and zone |")
    print("| --- | --- | --- | --- | --- |")
    for people in PEOPLE:
        found = costs(people, rounds)
        found["both"] = [a + b for a, b in zip(found["line"], found["zone"], strict=True)]
        cells = [f"{statistics.median(times):.1f} ({min(times):.1f})" for times in found.values()]
        if people in TARGET_US:
            cells[-1] += f" (≤ {TARGET_US[people]:g})"
        print(f"| {people} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()

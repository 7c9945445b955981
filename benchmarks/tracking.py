"""Trackers side by side: what one object costs, and how good the tracks are, on the same boxes in one run.

    python -m benchmarks.tracking [--peers NAME ...]

Trackers that cannot be imported are named and left out; the packages are those of the extras [dev] and [ultralytics],
and lap for ultralytics' ByteTrack. What each figure includes: docs/evaluation.md
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from edge.core.simulate import Simulation
from edge.evaluation.motchallenge import Boxes, Sequence
from edge.evaluation.peers import OURS, PEERS, Peer, available
from edge.evaluation.tracking import Quality, quality, track

PACKAGES = ("numpy", "trackers", "supervision", "scipy", "ultralytics", "lap")
SIZE = (1600, 900)
CROWDS = {5: 12.0, 15: 60.0}
"""People at once at most, and parties that come per minute."""
RATES = (5.0, 10.0, 30.0)
SEEN = 0.75
"""People hidden more than this are not there, for the metrics: nobody could find them."""

Scene = Callable[[int, float, int], Sequence]
"""Makes a sequence from people at once, pictures per second and a seed."""


def main() -> None:
    """Measures and prints."""
    options = _options()
    _, skipped = available(30.0, SIZE)
    names = [name for name in options.peers or PEERS if name not in skipped]
    print(_machine())
    for name in options.peers or PEERS:
        if name in skipped:
            print(f"  {name}: left out, {skipped[name]}")
    _print_cost(names, options.rounds)
    _print_quality(names, shop(options.seconds), options.people, options.seeds)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tracking", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--peers", nargs="+", choices=PEERS, metavar="NAME", help=f"of {', '.join(PEERS)}; default all")
    parser.add_argument("--rounds", type=int, default=9, help="of the cost, every tracker in turn in each")
    parser.add_argument("--seconds", type=float, default=120.0, help="of the simulated shop, for the quality")
    parser.add_argument("--seeds", type=int, default=5, help="simulated shops, for the quality")
    parser.add_argument("--people", type=int, nargs="+", choices=CROWDS, default=list(CROWDS), help="at most in a shop")
    return parser.parse_args()


def _machine() -> str:
    machine = f"{platform.machine()}, {os.cpu_count()} CPUs (load {os.getloadavg()[0]:.1f})"
    return f"{machine}\nPython {platform.python_version()}, {', '.join(_versions())}"


def _versions() -> Iterator[str]:
    for package in PACKAGES:
        try:
            yield f"{package} {version(package)}"
        except PackageNotFoundError:
            continue


# Two kinds of scene.


def street(people: int, fps: float, seed: int, pictures: int = 300) -> Sequence:
    """Exactly so many people who walk to and fro in lanes of their own, each of them found in every picture."""
    rng = np.random.default_rng(seed)
    tall = rng.uniform(0.15, 0.3, people) * SIZE[1]
    lane = rng.uniform(0.3, 1.0, people) * SIZE[1]
    start, speed = rng.uniform(0.0, 2.0, people), rng.uniform(0.3, 0.7, people) * tall / SIZE[0]
    names = np.arange(people)
    true, found = [], []
    for number in range(pictures):
        x = np.abs((start + speed * number / fps) % 2.0 - 1.0) * SIZE[0]
        corners = np.stack([x - 0.2 * tall, lane - tall, x + 0.2 * tall, lane], axis=1)
        noise = rng.normal(0.0, 0.02, (people, 4)) * tall[:, None]
        true.append(Boxes(corners, names, np.ones(people)))
        found.append(Boxes(corners + noise, np.full(people, -1), rng.uniform(0.75, 0.95, people)))
    return Sequence(fps, SIZE, tuple(true), tuple(found))


def shop(seconds: float) -> Scene:
    """The simulated shop with what its detector gets wrong by default, and people and shelves in front of others."""
    scale = np.array([*SIZE, *SIZE])

    def scene(people: int, fps: float, seed: int) -> Sequence:
        simulation = Simulation(seed=seed, at_most=people, per_minute=CROWDS[people])
        true, found = [], []
        for view in simulation.film(seconds=seconds, fps=fps):
            seen = view.hidden < SEEN
            true.append(Boxes(np.clip(view.boxes[seen], 0.0, 1.0) * scale, view.ids[seen], np.ones(int(seen.sum()))))
            boxes, scores = view.detections.boxes.astype(np.float64), view.detections.scores.astype(np.float64)
            found.append(Boxes(boxes * scale, np.full(len(boxes), -1), scores))
        return Sequence(fps, SIZE, tuple(true), tuple(found))

    return scene


# What it costs.


def _print_cost(names: list[str], rounds: int) -> None:
    print(f"\nus per object, processor time of the update alone: median of {rounds} rounds, every tracker in turn")
    print(f"  {'tracker':28}" + "".join(f"{f'{people} objects':>26}" for people in (10, 50)))
    columns = [_cost(names, street(people, 10.0, 1), rounds) for people in (10, 50)]
    for name in names:
        print(f"  {name:28}" + "".join(f"{_us(column, name):>26}" for column in columns))


def _us(costs: dict[str, list[float]], name: str) -> str:
    times = costs[name]
    ratio = statistics.median(times) / statistics.median(costs[OURS]) if OURS in costs else float("nan")
    return f"{statistics.median(times):7.2f} ({min(times):.2f}) x {ratio:5.1f}"


def _cost(names: list[str], sequence: Sequence, rounds: int) -> dict[str, list[float]]:
    """Microseconds per object, one number for each round."""
    objects = sum(len(boxes.ids) for boxes in sequence.detections)
    costs: dict[str, list[float]] = {name: [] for name in names}
    for round_ in range(rounds + 1):
        peers, _ = available(sequence.fps, sequence.size)
        for name in names:
            seconds = _spent(peers[name], sequence)
            if round_:  # the first warms up caches and what is loaded late
                costs[name].append(1e6 * seconds / objects)
    return costs


def _spent(peer: Peer, sequence: Sequence) -> float:
    wrapped = [peer.wrap(boxes, number / sequence.fps) for number, boxes in enumerate(sequence.detections)]
    start_s = time.process_time()
    for one in wrapped:
        peer.update(one)
    return time.process_time() - start_s


# How good it is.


def _print_quality(names: list[str], scene: Scene, crowds: list[int], seeds: int) -> None:
    print(f"\nquality in the simulated shop, {seeds} seeds: mean HOTA, IDF1, MOTA in %, and the sum of id switches")
    for people in crowds:
        for fps in RATES:
            sequences = [scene(people, fps, seed) for seed in range(seeds)]
            boxes = sum(len(boxes.ids) for sequence in sequences for boxes in sequence.detections)
            print(f"  up to {people} people, {fps:g} pictures a second, {boxes} boxes")
            for name in names:
                found = [_quality(name, sequence) for sequence in sequences]
                shares = (100 * statistics.mean(getattr(one, key) for one in found) for key in ("hota", "idf1", "mota"))
                switches = sum(one.id_switches for one in found)
                print(f"    {name:28}" + "".join(f"{share:8.1f}" for share in shares) + f"{switches:8d}")


def _quality(name: str, sequence: Sequence) -> Quality:
    peers, _ = available(sequence.fps, sequence.size)
    return quality(sequence.people, track(sequence, peers[name]))


if __name__ == "__main__":
    main()

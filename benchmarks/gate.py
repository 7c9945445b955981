"""What the motion gate costs for each picture, how often it is wrong about an empty scene, and what it saves of a clip.

    nice -n -5 python -m benchmarks.gate --clip CLIP --model MODEL --config CONFIG

Times are processor time of one thread, per picture: the median of many rounds, and the least. `shrink` reads 160 x 90
points of the decoder's brightness, `gate` decides by them. Beside them a plain difference of two such pictures with
OpenCV (blur, absolute difference, threshold, count), at their size and at that of the picture. `people gated off` are
pictures in which somebody is found when every picture is looked at, and which the gate answered instead.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy_table import provenance
from edge.adapters.camera.small import small_luma
from edge.config import Camera, parse
from edge.core.gate import HEARTBEAT_S, Gate
from edge.core.pipeline import Pipeline
from edge.core.types import Detections
from edge.observer import Observation, Observer
from edge.replay import replay

Image = NDArray[np.uint8]
ROOT = Path(__file__).parents[1]
ASSETS = Path(os.environ.get("EDGE_TEST_ASSETS", ROOT.parent / "shared" / "assets"))
SIZES = ((360, 640), (432, 768), (1080, 1920), (2160, 3840))
PICTURES = 200
FPS = 10.0


def scenes(height: int, width: int, sd: float) -> list[Image]:
    """An empty scene with noise on it."""
    rng = np.random.default_rng(1)
    coarse = rng.integers(30, 200, (9, 16)).astype(np.uint8)
    scene = coarse[np.arange(height) * 9 // height][:, np.arange(width) * 16 // width]
    return [np.clip(scene + rng.normal(0.0, sd, scene.shape), 0, 255).astype(np.uint8) for _ in range(10)]


def timed_us(work: Callable[[int], object], rounds: int, per_round: int = PICTURES) -> tuple[float, float]:
    """Median and least of the rounds, microseconds per picture."""
    taken = []
    for _ in range(rounds):
        start_s = time.thread_time()
        for number in range(per_round):
            work(number)
        taken.append(1e6 * (time.thread_time() - start_s) / per_round)
    return statistics.median(taken), min(taken)


def costs(rounds: int) -> Iterator[str]:
    """Rows of a table."""
    import cv2  # noqa: PLC0415 - what it is compared with

    cv2.setNumThreads(1)
    for height, width in SIZES:
        pictures = scenes(height, width, 3.0)
        small = [small_luma(picture) for picture in pictures]
        gate, clock = Gate(), iter(range(10**9))
        gate.still(small[0], 0.0)
        gate.found_nobody(small[0], 0.0)

        def decide(number: int, gate: Gate = gate, small: list[Image] = small, clock: Iterator[int] = clock) -> None:
            now = next(clock) / FPS
            if not gate.still(small[number % 10], now):
                gate.found_nobody(small[number % 10], now)

        def plain(number: int, pictures: list[Image]) -> int:
            one, other = (cv2.GaussianBlur(pictures[(number + k) % 10], (5, 5), 0) for k in (0, 1))
            return cv2.countNonZero(cv2.threshold(cv2.absdiff(one, other), 25, 255, cv2.THRESH_BINARY)[1])

        figures = [
            timed_us(lambda number, pictures=pictures: small_luma(pictures[number % 10]), rounds),
            timed_us(decide, rounds),
            timed_us(lambda number, small=small: plain(number, small), rounds),
            timed_us(lambda number, pictures=pictures: plain(number, pictures), max(3, rounds // 10), 10),
        ]
        both = sum(median for median, _ in figures[:2]), sum(least for _, least in figures[:2])
        cells = [f"{median:.1f} ({least:.1f})" for median, least in [*figures[:2], both, *figures[2:]]]
        yield f"| {width} x {height} | {' | '.join(cells)} |"


def false_runs(sd: float, seconds: float = 600.0) -> tuple[int, int, int]:
    """Pictures of an empty scene, how many were looked at, and how many of those for the heartbeat alone."""
    rng, gate, looks, heartbeats, looked_s = np.random.default_rng(2), Gate(), 0, 0, 0.0
    coarse = rng.integers(30, 200, (9, 16)).astype(np.uint8)
    scene = np.repeat(np.repeat(coarse, 40, axis=0), 40, axis=1)
    pictures = round(seconds * FPS)
    for number in range(pictures):
        now = number / FPS
        small = small_luma(np.clip(scene + rng.normal(0.0, sd, scene.shape), 0, 255).astype(np.uint8))
        if not gate.still(small, now):
            looks += 1
            heartbeats += now - looked_s >= HEARTBEAT_S
            looked_s = now
            gate.found_nobody(small, now)
    return pictures, looks, heartbeats


def clip(camera: Camera) -> Iterator[str]:
    """What a clip needs, with and without what the model need not see."""
    people: set[float] | None = None  # when somebody was seen by who looks at every picture
    for gate, rate in ((False, False), (True, False), (False, True), (True, True)):
        chosen = camera.model_copy(update={"motion_gate": gate, "adaptive_rate": rate})
        pipeline = Pipeline(chosen.line_rules(), chosen.zone_rules(), chosen.tracker_rule())
        somebody: set[float] = set()
        gated: set[float] = set()
        with Observer(chosen, speed="max") as observer:
            watched = _watched(observer, pipeline, chosen.tracker.high_score, somebody, gated)
            tally, lookout = replay(watched, chosen, pipeline), observer.lookout
        people = somebody if people is None else people
        if lookout is not None:
            looks = lookout.pictures - lookout.gated - lookout.waited
            lines = {name: (line.counts["in_raw"], line.counts["out_raw"]) for name, line in tally.lines.items()}
            visits = {name: len(zone.visits) for name, zone in tally.zones.items()}
            share = f"{100.0 * looks / lookout.pictures:.0f} %"
            counted, off = lines | visits, len(people & gated)
            cells = (_mark(gate), _mark(rate), lookout.pictures, looks, share, off, f"{tally.cpu_s:.1f} s", counted)
            yield f"| {' | '.join(map(str, cells))} |"


def _watched(
    observer: Observer, pipeline: Pipeline, sure: float, somebody: set[float], gated: set[float]
) -> Iterator[Observation | None]:
    """The observations; notes the times of pictures with somebody in them, and of those that the gate answered."""
    answered = 0
    for one in observer.observations(pipeline):
        if one is not None and isinstance(one.seen, Detections) and observer.lookout is not None:
            if one.seen.scores.max(initial=0.0) >= sure:
                somebody.add(one.seen.mono_s)
            if observer.lookout.gated > answered:
                answered = observer.lookout.gated
                gated.add(one.seen.mono_s)
        yield one


def _mark(on: bool) -> str:
    return "on" if on else "off"


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gate", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--config", type=Path, help="its first camera is counted; without it, no clip is")
    parser.add_argument("--clip", help="instead of its source")
    parser.add_argument("--model", help="instead of its model")
    options = parser.parse_args()
    about: dict[str, Any] = provenance()
    print(", ".join(about.values()), f"load {os.getloadavg()[0]:.1f}\n")
    print("us per picture, median (least)\n\n| picture | shrink | gate | both | plain, small | plain, whole |")
    print("|" + " --- |" * 6)
    for line in costs(options.rounds):
        print(line, flush=True)
    print("\n| noise, sd of 255 | pictures | looks | for the heartbeat | false |\n|" + " --- |" * 5)
    for sd in (1.0, 3.0, 6.0, 12.0):
        pictures, looks, heartbeats = false_runs(sd)
        print(f"| {sd:g} | {pictures} | {looks} | {heartbeats} | {100.0 * (looks - heartbeats) / pictures:.2f} % |")
    if options.config:
        camera = parse(options.config.read_text(encoding="utf-8")).cameras[0]
        changed = {"source": options.clip, "model": options.model}
        camera = camera.model_copy(update={key: value for key, value in changed.items() if value})
        print("\n| gate | rate | pictures | looks | | people gated off | processor | counted |\n|" + " --- |" * 8)
        for line in clip(camera):
            print(line, flush=True)


if __name__ == "__main__":
    main()

"""This project and what a user would pick instead, side by side: cost, memory, start, and whether the counts are right.

    python -m benchmarks.peers --clip CLIP --truth TRUTH.json --weights YOLOX.onnx --write docs/performance.md

Each run is a process of its own on one core, with one thread; rounds go round the contestants (ABAB). Without a clip
the drawn film of `make demo` is counted. How the peers get their environment: benchmarks/README.md
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.peers import contest, table
from benchmarks.peers.case import read_case
from benchmarks.peers.contest import Arena, Contestant
from benchmarks.peers.film import drawn_film
from benchmarks.peers.stream import quiet_stream
from benchmarks.peers.weights import as_yolov8
from edge.core.model_facts import InputSize

SQUARE = InputSize(640, 640)
"""What ultralytics runs a network at, unless it is told otherwise."""


def main() -> None:
    """Measures, prints, and writes the tables where they belong."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="peers-", dir=options.folder) as name, contest.broker() as port:
        folder = Path(name)
        case = read_case(options.clip, options.truth) if options.clip else drawn_film(folder)
        contestants = _contestants(options, folder)
        arena = Arena(folder, options.core, port, options.detect_fps)
        parts: list[str] = []
        everything = []
        for number, one in enumerate((case, quiet_stream(case, contestants[0].model, folder))):
            if one is None:
                print("the clip has no stretch without people beside one with a crossing: no empty stream")
                continue
            chosen = [who for who in contestants if number == 0 or who.empty_too]
            print(one.title, flush=True)
            results = contest.rounds(arena, chosen, one, options.rounds)
            parts += table.table(one, chosen, results)
            everything.append({"case": one.title, "truth": one.counts, "results": [
                {"who": asdict(who), "rounds": [asdict(run) for run in runs]}
                for who, runs in zip(chosen, results, strict=True)]})  # fmt: skip
            if number == 0:
                peers = table.versions(results)
    how = f"`python -m benchmarks.peers`, {options.rounds} rounds. {table.machine()} {peers}"
    text = "\n".join([how, "", *parts]).rstrip()
    print(text)
    if options.json:
        options.json.write_text(json.dumps(everything, indent=1), encoding="utf-8")
    if options.write:
        table.write(options.write, text)


def _contestants(options: argparse.Namespace, folder: Path) -> list[Contestant]:
    size = options.size
    found = []
    if options.weights:
        same = options.weights.stem
        files = {one: folder / f"{same}-{one.width}x{one.height}.onnx" for one in (size, SQUARE)}
        for one, path in files.items():
            as_yolov8(options.weights, path, one)
        small = files[size]
        found.append(contest.edge(str(small), f"{same}, {size.width} x {size.height}", same))
        for best in (False, True):
            found.append(contest.supervision(options.supervision, small, size, best=best, weights=same))
        if options.ultralytics:
            square, python = files[SQUARE], options.ultralytics
            found.append(contest.ultralytics(python, square, SQUARE, tracker=None, weights=same))
            found.append(contest.ultralytics(python, small, size, tracker="bytetrack.yaml", weights=same))
    found += [contest.edge(model, f"{model}, as it comes", model) for model in options.model]
    for path in options.vendor:
        one = _size_of(path)
        tracker = None if one == SQUARE else "bytetrack.yaml"
        vendor = contest.ultralytics(
            options.ultralytics, path.absolute(), one, tracker=tracker, weights="", seconds=options.vendor_seconds
        )
        found.append(replace(vendor, setting=f"{path.stem}, {vendor.setting}", empty_too=False))
    return found


def _size_of(model: Path) -> InputSize:
    import onnx  # noqa: PLC0415 - only where somebody brings a network

    axes = [axis.dim_value for axis in onnx.load(str(model)).graph.input[0].type.tensor_type.shape.dim]
    return InputSize(*axes[2:])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clip", type=Path, help="video file; else the drawn film of the demo")
    parser.add_argument("--truth", type=Path, help="who crossed which line, in the short form of docs/evaluation.md")
    parser.add_argument("--weights", type=Path, help="YOLOX network, undecoded, that everybody runs")
    parser.add_argument("--size", type=_size, default=InputSize(192, 320), help="input of it, HEIGHTxWIDTH")
    parser.add_argument(
        "--model", nargs="+", default=["person-n", "person-n-int8"], help="networks of our own, names or paths"
    )
    parser.add_argument("--vendor", type=Path, nargs="*", default=[], help="ONNX files of ultralytics' own networks")
    parser.add_argument("--vendor-seconds", type=float, help="those see no more of the clip: cost alone, no counts")
    parser.add_argument("--ultralytics", help="Python that has ultralytics, shapely, lap and onnxruntime")
    parser.add_argument("--supervision", default=sys.executable, help="Python that has supervision and trackers")
    parser.add_argument("--detect-fps", type=float, default=10.0, help="pictures looked at per second")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)), help="core of the contestants")
    parser.add_argument("--folder", type=Path, help="for what is written on the way; else the system's")
    parser.add_argument("--json", type=Path, help="file for every round")
    parser.add_argument("--write", type=Path, help="document whose tables are replaced")
    options = parser.parse_args()
    if bool(options.clip) != bool(options.truth):
        parser.error("--clip and --truth: expected both or none")
    if options.vendor and not options.ultralytics:
        parser.error("--vendor: expected --ultralytics beside it")
    return options


def _size(text: str) -> InputSize:
    return InputSize(*map(int, text.split("x")))


if __name__ == "__main__":
    main()

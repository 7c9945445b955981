"""What one picture costs on one thread, step by step; what a replay takes of memory; how soon it looks at a picture.

    python -m benchmarks.pipeline --clip CLIP --model MODEL

The steps are those of the service: its own functions with a stopwatch around them. Times are processor time of the
thread that works, so that a busy machine disturbs them little; each figure is the median of several rounds of the mean
over all pictures of a round. What each figure includes: benchmarks/README.md
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

ROOT = Path(__file__).parents[1]
ASSETS = Path(os.environ.get("EDGE_TEST_ASSETS", ROOT.parent / "shared" / "assets"))
PACKAGES = ("onnxruntime", "opencv-python-headless", "av", "numpy")

# VmHWM starts anew with a program; getrusage's maximum would begin with the memory of whoever started it.
REPLAY = """
import sys
from edge.cli import main
try:
    main()
finally:
    peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    print(peak.split()[1], file=sys.stderr)
"""


class Cost(NamedTuple):
    """Milliseconds of processor time for one picture, by step."""

    decode: float
    preprocess: float
    network: float
    boxes: float
    counting: float

    @property
    def all_but_network(self) -> float:
        """What the service adds to the network."""
        return sum(self) - self.network


def main() -> None:
    """Measures and prints."""
    options = _options()
    import cv2  # noqa: PLC0415 - after --help

    cv2.setNumThreads(1)
    print(_machine())
    pictures, costs = 0, list[Cost]()
    for _ in range(options.rounds):
        pictures, cost = _round(options)
        costs.append(cost)
    print(f"\nms per picture that is looked at: {options.rounds} rounds of {pictures} pictures, one thread")
    steps = [*((step, [getattr(cost, step) for cost in costs]) for step in Cost._fields)]
    for step, times in [*steps, ("all but network", [cost.all_but_network for cost in costs])]:
        print(f"  {step:<16} {statistics.median(times):7.2f}   ({min(times):.2f} to {max(times):.2f})")
    runs = [_replay(options, str(options.seconds)) for _ in range(options.rounds)]
    starts = [_replay(options, "0.01") for _ in range(options.rounds)]
    print(f"\nedge replay, {options.rounds} processes each")
    peak_mb = statistics.median(run[1] for run in runs)
    print(f"  peak memory      {peak_mb:7.0f} MB   over {options.seconds:g} s of the clip")
    walls = [wall_s for wall_s, _ in starts]
    print(
        f"  start to result  {statistics.median(walls):7.2f} s    ({min(walls):.2f} to {max(walls):.2f}), two pictures"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pipeline", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clip", default=str(ASSETS / "clips/one-by-one-person-detection.mp4"), help="video file")
    parser.add_argument("--model", default=str(ASSETS / "models/yolox_nano_416.onnx"), help="name or path")
    parser.add_argument("--config", default=str(ROOT / "config.yaml"), help="whose first camera's rules are counted by")
    parser.add_argument("--detect-fps", type=float, default=10.0, help="pictures looked at per second")
    parser.add_argument("--seconds", type=float, default=60.0, help="how much of the clip")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if not Path(options.clip).exists():
        parser.error(f"--clip: expected a video file, found none at {options.clip}")
    return options


def _machine() -> str:
    cpu = next((line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "?")
    versions = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    machine = f"{platform.machine()}, {cpu}, {os.cpu_count()} CPUs (load {os.getloadavg()[0]:.1f})"
    return f"{machine}\nPython {platform.python_version()}, {versions}"


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()


def _round(options: argparse.Namespace) -> tuple[int, Cost]:
    """One pass over the clip: how many pictures, and what each cost."""
    from edge.adapters import manifest  # noqa: PLC0415
    from edge.adapters.camera import Camera  # noqa: PLC0415
    from edge.adapters.detector import OnnxDetector, _Canvas  # noqa: PLC0415
    from edge.config import parse  # noqa: PLC0415
    from edge.core.pipeline import Pipeline  # noqa: PLC0415

    rules = parse(Path(options.config).read_text(encoding="utf-8")).cameras[0]
    pipeline = Pipeline(rules.line_rules(), rules.zone_rules(), rules.tracker_rule())
    found = manifest.resolve(options.model)
    detector = OnnxDetector(found.path, found.entry)
    spent: Counter[str] = Counter()
    pictures = 0
    with (
        mock.patch.object(_Canvas, "fill", _timed(spent, "preprocess", _Canvas.fill)),
        mock.patch.object(OnnxDetector, "_run", _timed(spent, "network", OnnxDetector._run)),
        Camera(options.clip, max_fps=options.detect_fps, speed="max") as camera,
    ):
        detect = _timed(spent, "detect", detector.detect)
        step = _timed(spent, "counting", pipeline.step)
        for frame in _timed_each(spent, "decode", camera.frames()):
            if frame is None or frame.mono_s >= options.seconds:
                break
            step(detect(frame))
            pictures += 1
    boxes = spent["detect"] - spent["preprocess"] - spent["network"]
    steps = (spent["decode"], spent["preprocess"], spent["network"], boxes, spent["counting"])
    return pictures, Cost(*(1000.0 * seconds / pictures for seconds in steps))


def _timed(spent: Counter[str], step: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def timed(*arguments: Any) -> Any:  # noqa: ANN401
        start_s = time.thread_time()
        try:
            return function(*arguments)
        finally:
            spent[step] += time.thread_time() - start_s  # type: ignore[assignment]

    return timed


def _timed_each(spent: Counter[str], step: str, items: Iterator[Any]) -> Iterator[Any]:
    fetch = _timed(spent, step, lambda: next(items, None))
    while (item := fetch()) is not None:
        yield item


def _replay(options: argparse.Namespace, seconds: str) -> tuple[float, float]:
    """Wall time in s and peak resident memory in MB of a whole `edge replay`."""
    command = [sys.executable, "-c", REPLAY, "replay", options.clip, "--config", options.config]
    command += ["--model", options.model, "--detect-fps", str(options.detect_fps), "--seconds", seconds, "--json", "-"]
    start_s = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    wall_s = time.monotonic() - start_s
    if done.returncode:
        sys.exit(f"edge replay: expected exit code 0, got {done.returncode}: {done.stderr}")
    return wall_s, int(done.stderr.split()[-1]) / 1024


if __name__ == "__main__":
    main()

"""What everything but the network costs: time for a picture, memory, and how soon the first picture is counted.

    python -m benchmarks.lean CLIP --model yolox_nano
    python -m benchmarks.lean CLIP --model person-n --rounds 9 --json lean.json

It runs the real service. For the time of a picture the network's answer is a prepared one (nobody, 1 and 18 people who
walk through the picture, each found by six neighbouring cells, as networks do), so that decoding, shrinking, reading
the answer, tracking, counting and booking are all that is left, and the processor time of the main thread is taken:
median, tenth percentile (what a busy machine adds is less in it), and mean (with the books, which are written every
few seconds). Gate and adaptive rate are off: every picture is looked at. Memory (VmHWM) and start are those of
`edge run` in a process of its own; CLIP may be left out, then the demo's drawn film is made and played.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray

_CONFIG = """
site: bench
device: box
cameras:
  - name: cam
    source: {clip}
    model: {model}
    detect_fps: {fps}
    motion_gate: false
    adaptive_rate: false
    lines: [{{name: exit, points: [[0.85, 0.45], [0.85, 1.0]], inside: [0.5, 0.8]}}]
    zones: [{{name: table, polygon: [[0.4, 0.68], [0.72, 0.68], [0.72, 1.0], [0.4, 1.0]]}}]
interval_s: 60
mqtt: {{enabled: false}}
"""
_PEOPLE = (0, 1, 18)
_SETTLED_S = 4.0
"""How long a run goes on in real time until its memory is read; the peak is in the start."""


@dataclass(frozen=True)
class Turn:
    """Processor time of one picture, milliseconds, without the network."""

    people: int
    median_ms: float
    p10_ms: float
    mean_ms: float


@dataclass(frozen=True)
class Start:
    """One start of `edge run`.

    Attributes:
        first_s: From the start of the process to the first counted picture.
        cpu_s: Processor time until then.
        peak_mb: VmHWM.
    """

    first_s: float
    cpu_s: float
    peak_mb: float


def main() -> None:
    """Measures and prints."""
    arguments = _arguments()
    if arguments.turns is not None:
        print(json.dumps(_turns(arguments.clip, arguments.model, arguments.fps, arguments.turns)))
        return
    with tempfile.TemporaryDirectory() as folder:
        arguments.clip = arguments.clip or _film(Path(folder) / "film.mp4")
        # The first start only compiles what an installed package has compiled.
        starts = [_start(arguments, Path(folder), number) for number in range(arguments.rounds + 1)][1:]
        turns = [_in_a_process(arguments, people) for people in _PEOPLE]
    _print(arguments, turns, starts)
    if arguments.json:
        arguments.json.write_text(
            json.dumps({"turns": [vars(turn) for turn in turns], "starts": [vars(start) for start in starts]})
        )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path, nargs="?")
    parser.add_argument("--model", default="person-n", help="a name of `edge models list`, or a path")
    parser.add_argument("--fps", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=5, help="starts of `edge run`")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--turns", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def _film(path: Path) -> Path:
    from edge.adapters.video import VideoWriter  # noqa: PLC0415
    from edge.demo import scene  # noqa: PLC0415
    from edge.demo.film import Film  # noqa: PLC0415

    with VideoWriter(path) as video:
        for at_s, image in Film(scene.people()).frames(60.0, 10.0):
            video.write(image, at_s)
    return path


def _config(clip: Path, model: str, fps: float) -> str:
    return _CONFIG.format(clip=clip.absolute(), model=model, fps=fps)


def _in_a_process(arguments: argparse.Namespace, people: int) -> Turn:
    """The turns of one run; a process each, because the service leaves threads and memory behind."""
    words = [str(arguments.clip), "--model", arguments.model, "--fps", str(arguments.fps), "--turns", str(people)]
    done = subprocess.run([sys.executable, "-m", "benchmarks.lean", *words], check=True, capture_output=True, text=True)
    turns = np.array(json.loads(done.stdout.splitlines()[-1]))
    return Turn(people, float(np.median(turns)), float(np.percentile(turns, 10)), float(turns.mean()))


def _turns(clip: Path, model: str, fps: float, people: int) -> list[float]:
    """Processor milliseconds of the main thread from one answer of the network to the next question."""
    from edge.adapters.detector import detector  # noqa: PLC0415
    from edge.config import parse  # noqa: PLC0415
    from edge.service import Options, Service  # noqa: PLC0415

    config = parse(_config(clip, model, fps))
    asked: list[float] = []
    answered: list[float] = []
    answers = _Answers(people)

    def run(bound: Any) -> NDArray[np.float32]:  # noqa: ANN401
        asked.append(time.thread_time())
        answer = answers.next(bound._output)
        answered.append(time.thread_time())
        return answer

    warm_up = detector.OnnxDetector._settle

    def settle(self: Any, facts: Any) -> Any:  # noqa: ANN401
        settled = warm_up(self, facts)
        answers.prepare(settled, self._size_for(432, 768))
        patched.start()
        return settled

    patched = mock.patch.object(detector._Bound, "run", run)
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(detector.OnnxDetector, "_settle", settle):
        Service((config, config.cameras[0]), Options(state_dir=Path(folder), speed="max")).run()
    patched.stop()
    return ((np.array(asked[21:]) - answered[20:-1]) * 1000.0).tolist()


class _Answers:
    """What a network answers when people walk through the picture, from the left to the right and back again."""

    def __init__(self, people: int) -> None:
        self._people = people
        self._turn = 0

    def prepare(self, facts: Any, size: Any) -> None:  # noqa: ANN401
        from edge.core.layouts import _grid  # noqa: PLC0415

        if facts.layout not in ("person_grid", "yolox"):
            raise SystemExit(f"expected a model of layout person_grid or yolox, got {facts.layout}")
        self._layout, self._size, self._grid = facts.layout, size, _grid(size)

    def next(self, output: NDArray[np.float32]) -> NDArray[np.float32]:
        """The next answer, written where the network would write it."""
        self._turn += 1
        output[..., -1 if self._layout == "person_grid" else 4] = 0.0
        rows = np.flatnonzero(self._grid[:, 2] == 16)
        columns, lines = self._size.width // 16, self._size.height // 16
        for number in range(self._people):
            phase = (0.37 * number + 0.004 * self._turn) % 2.0
            x = 0.08 + 0.84 * (phase if phase < 1.0 else 2.0 - phase)
            y, height = 0.45 + 0.3 * (number % 6) / 6.0, 0.2 + 0.1 * (number % 3)
            # A picture of 16:9 fills the width of the input.
            box = np.array([x - height * 0.12, y - height / 2, x + height * 0.12, y + height / 2])
            corners = box * np.array((self._size.width, self._size.width * 9 / 16) * 2)
            row, column = (int(corners[axis::2].mean() // 16) for axis in (1, 0))
            for step in range(6):
                near = min(row + step // 3, lines - 1) * columns + min(column + step % 3, columns - 1)
                self._write(output[0, rows[near]], rows[near], corners, 0.9 - 0.1 * step)
        return output

    def _write(self, answer: NDArray[np.float32], cell: int, corners: NDArray[Any], score: float) -> None:
        x, y, stride = self._grid[cell]
        if self._layout == "person_grid":
            centre = (np.array([x, y, x, y]) + 0.5) * stride
            answer[:4] = (corners - centre) * (-1, -1, 1, 1) / stride  # below zero for a cell beside a narrow person
            answer[-1] = score
        else:
            middle, lengths = (corners[:2] + corners[2:]) / 2, corners[2:] - corners[:2]
            answer[:2] = middle / stride - (x, y)
            answer[2:4] = np.log(lengths / stride)
            answer[4], answer[5] = score, 1.0


def _start(arguments: argparse.Namespace, place: Path, number: int) -> Start:
    folder = place / str(number)
    folder.mkdir()
    file = folder / "config.yaml"
    file.write_text(_config(arguments.clip, arguments.model, arguments.fps))
    words = [sys.executable, "-m", "edge", "run", "--config", str(file), "--state-dir", str(folder)]
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(place / "compiled"), "PYTHONDONTWRITEBYTECODE": ""}
    begun_s = time.monotonic()
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "first picture" in line:
                break
        else:
            raise SystemExit(f"edge run ended with {process.wait()} before it had counted a picture")
        first_s, cpu_s = time.monotonic() - begun_s, _cpu_s(process.pid)
        time.sleep(_SETTLED_S)
        peak_mb = _peak_mb(process.pid)
        process.terminate()
    return Start(first_s, cpu_s, peak_mb)


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024.0 for line in lines if line.startswith("VmHWM"))


def _print(arguments: argparse.Namespace, turns: list[Turn], starts: list[Start]) -> None:
    print(
        f"{arguments.clip.name}, {arguments.model}, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}\n"
    )
    print("| everything but the network | median | p10 | mean |\n| --- | --- | --- | --- |")
    for turn in turns:
        row = (turn.median_ms, turn.p10_ms, turn.mean_ms)
        print(f"| a picture with {turn.people} people | " + " | ".join(f"{value:.2f} ms" for value in row) + " |")
    print(f"\n| `edge run`, {len(starts)} starts | median | least | most |\n| --- | --- | --- | --- |")
    for name, unit, values in (
        ("process start to the first counted picture", "s", [start.first_s for start in starts]),
        ("of it processor time", "s", [start.cpu_s for start in starts]),
        ("peak memory (VmHWM)", "MB", [start.peak_mb for start in starts]),
    ):
        spread = (statistics.median(values), min(values), max(values))
        print(f"| {name} | " + " | ".join(f"{value:.{2 if unit == 's' else 1}f} {unit}" for value in spread) + " |")


if __name__ == "__main__":
    main()

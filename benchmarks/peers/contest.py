"""Contestants, each a process of its own on one core, round after round in the same order.

It knows how each is started and what it reports; what the figures are worth, table.py says.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.peers.case import Case
from edge.core.model_facts import InputSize

ROOT = Path(__file__).parents[2]
_TIMEOUT_S = 1800.0
_THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_QUIET = {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false", "YOLO_VERBOSE": "false"}


@dataclass(frozen=True)
class Contestant:
    """Who runs, and how.

    Attributes:
        name: Of the software.
        setting: In words, for the table.
        module: What is started, below benchmarks.peers.
        python: The environment it is started in.
        model: Path of its network, or a name that it knows.
        spec: What it is told beside the case.
        weights: Contestants of the same weights are compared.
        seconds: How much of a clip it sees; None: all. Less is enough for its cost, not for its counts.
        empty_too: Whether it also runs on the stream that is mostly empty.
    """

    name: str
    setting: str
    module: str
    python: str
    model: str
    spec: dict[str, Any] = field(default_factory=dict)
    weights: str = ""
    seconds: float | None = None
    empty_too: bool = True

    @property
    def is_ours(self) -> bool:
        """Whether it is this project."""
        return self.module == "ours"


@dataclass(frozen=True)
class Result:
    """What one run took: seconds of processor time, of which `network_s` in the network; MB; counts by direction.

    `runs` are those of the network; `pictures` were counted, of the `offered` ones that may be looked at.
    """

    cpu_s: float
    network_s: float
    start_s: float
    start_cpu_s: float
    peak_mb: float
    runs: int
    pictures: int
    counts: dict[str, int]
    version: str
    nms: str
    video_s: float
    offered: float

    @property
    def cost(self) -> float:
        """Processor seconds per second of video, without the start."""
        return self.cpu_s / self.video_s


class Arena:
    """Where they run: one core, one folder, one MQTT broker on another core.

    Args:
        folder: For everything that is written; emptied for every run.
        core: Number of the core.
        broker: Port of an MQTT broker for the service; None: it stores its rows and sends none.
        detect_fps: Pictures looked at per second.
    """

    def __init__(self, folder: Path, core: int, broker: int | None, detect_fps: float) -> None:
        self._folder, self._core, self._broker, self._detect_fps = folder, core, broker, detect_fps

    def run(self, who: Contestant, case: Case) -> Result:
        """One run.

        Raises:
            SystemExit: It did not end well; with what it said.
        """
        shutil.rmtree(self._folder / "run", ignore_errors=True)
        folder = self._folder / "run"
        folder.mkdir(parents=True)
        told = case.spec() | {"report": str(folder / "report.json"), "model": who.model, "state": str(folder / "state")}
        told["stride"] = max(1, round(case.clip.fps / self._detect_fps))
        told["config"] = str(self._configuration(who, case, folder / "config.json"))
        told |= who.spec | ({"seconds": who.seconds} if who.seconds else {})
        (folder / "spec.json").write_text(json.dumps(told), encoding="utf-8")
        environment = {**os.environ, **_THREADS, **_QUIET, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [who.python, "-m", f"benchmarks.peers.{who.module}", str(folder / "spec.json"), str(time.monotonic())],
            cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S,
            preexec_fn=self._pin(),
        )  # fmt: skip
        report = folder / "report.json"
        if not report.exists():
            sys.exit(f"{who.name} ({who.setting}): expected a report, got exit code {done.returncode}:\n{done.stderr}")
        measured = json.loads(report.read_text(encoding="utf-8"))
        video_s = min(case.clip.seconds, who.seconds or case.clip.seconds)
        return Result(**measured, video_s=video_s, offered=video_s * case.clip.fps / told["stride"])

    def _pin(self) -> Callable[[], None]:
        core = self._core
        return lambda: os.sched_setaffinity(0, {core})

    def _configuration(self, who: Contestant, case: Case, path: Path) -> Path:
        """For `edge run`; JSON is YAML."""
        line = {"name": case.name, "points": case.points, "inside": case.inside}
        camera: dict[str, Any] = {"name": "camera", "source": str(case.clip.path.absolute()), "model": who.model}
        camera |= {"detect_fps": self._detect_fps, "lines": [line], "zones": case.zones}
        mqtt = {"host": "127.0.0.1", "port": self._broker} if self._broker else {"enabled": False}
        content = {"site": "bench", "device": "box", "cameras": [camera], "interval_s": 60, "mqtt": mqtt}
        path.write_text(json.dumps(content), encoding="utf-8")
        return path


def edge(model: str, setting: str, weights: str) -> Contestant:
    """This project: the whole service, with books and MQTT."""
    return Contestant("edge run", setting, "ours", sys.executable, model, weights=weights)


def supervision(python: str, model: Path, size: InputSize, *, best: bool, weights: str) -> Contestant:
    """LineZone of supervision behind Roboflow's ByteTrack: as it comes, or with what suits the job."""
    spec: dict[str, Any] = {"size": [size.height, size.width], "anchor": None, "tracker": {}}
    if best:
        spec |= {"anchor": "BOTTOM_CENTER", "tracker": {"track_activation_threshold": 0.5}}
    setting = f"{size.width} x {size.height}, " + ("feet, tracks from score 0.5 on" if best else "defaults")
    name = "supervision LineZone, trackers ByteTrack, onnxruntime"
    return Contestant(name, setting, "supervision_zone", python, str(model), spec, weights, empty_too=best)


def ultralytics(
    python: str, model: Path, size: InputSize, *, tracker: str | None, weights: str, seconds: float | None = None
) -> Contestant:
    """ObjectCounter of ultralytics with a tracker, or its own choice of one."""
    spec = {"size": [size.height, size.width], "tracker": tracker}
    setting = f"{size.width} x {size.height}, " + (tracker.removesuffix(".yaml") if tracker else "defaults")
    name = "ultralytics ObjectCounter, ONNX"
    return Contestant(name, setting, "ultralytics_counter", python, str(model), spec, weights, seconds)


@contextmanager
def broker() -> Iterator[int | None]:
    """A mosquitto on a free port of this machine; None where none is installed."""
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if program is None:
        yield None
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    with subprocess.Popen([program, "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        time.sleep(0.5)
        try:
            yield port
        finally:
            process.terminate()


def rounds(arena: Arena, contestants: Sequence[Contestant], case: Case, count: int) -> list[list[Result]]:
    """All of them, one after the other, and again: ABAB, so that the mood of the machine meets each alike."""
    results: list[list[Result]] = [[] for _ in contestants]
    for number in range(count):
        for index, who in enumerate(contestants):
            result = arena.run(who, case)
            results[index].append(result)
            shown = f"{result.cost:.4f} s/s, {result.peak_mb:.0f} MB, {result.start_s:.2f} s, {result.counts}"
            print(f"  {number + 1}/{count} {who.name}, {who.setting}: {shown}", flush=True)
    return results

"""Several cameras on one box: a process for each, as the units have it, or one process with one network for all.

    python -m benchmarks.cameras --clip CLIP.mp4 --model MODEL [--cameras 4] [--rounds 3]

The one process is a prototype that exists here only: a thread for each camera with the service as it is, and one
network that looks at one picture after the other in the order in which they were asked about, so that no camera
starves. Both play the clip in real time and send to a broker. Figures come from outside, /proc alone: processor time
while all run, and memory as PSS, which shares what processes share.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from benchmarks.peers.contest import ROOT, broker

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


class Cost(NamedTuple):
    """Of all cameras together, per second: processor seconds and pictures counted; MB as PSS, and as RSS added up."""

    cpu: float
    pictures: float
    pss_mb: float
    rss_mb: float


def main() -> None:
    """Measures and prints, or is the one process."""
    options = _options()
    if options.inside:
        _inside(Path(options.inside))
        return
    results: dict[str, list[Cost]] = {"a process for each": [], "one process": []}
    with tempfile.TemporaryDirectory(prefix="cameras-", dir=options.folder) as name, broker() as port:
        for number in range(options.rounds):
            for how, costs in results.items():
                folder = Path(name) / f"{number}-{how.replace(' ', '-')}"
                folder.mkdir()
                config = _configuration(options, port, folder / "config.json")
                commands = _commands(options.cameras, config) if how != "one process" else [_together(config)]
                costs.append(_measure(options, commands, folder))
                print(f"{number + 1}/{options.rounds} {how}: {costs[-1]}", flush=True)
    print(f"\n{options.cameras} cameras, {options.rounds} rounds of {options.seconds:g} s, medians (least to most)")
    print("| | CPU-s per s | pictures per s | PSS MB | RSS MB |\n| --- | --- | --- | --- | --- |")
    for how, costs in results.items():
        columns = zip(*costs, strict=True)
        shown = (f"{statistics.median(one):.3f} ({min(one):.3f} to {max(one):.3f})" for one in columns)
        print(f"| {how} | {' | '.join(shown)} |")
    apart, together = (statistics.median(cost.cpu / cost.pictures for cost in costs) for costs in results.values())
    print(f"\nin one process a picture takes {together / apart:.2f} of what it takes in a process for each camera")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cameras", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clip", help="video file, longer than a round")
    parser.add_argument("--model", default="person-n", help="name or path")
    parser.add_argument("--cameras", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=30.0, help="how long all are watched")
    parser.add_argument("--warm", type=float, default=8.0, help="seconds before that, for the start")
    parser.add_argument("--folder", type=Path, help="for what is written on the way; else the system's")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.inside and not (options.clip and Path(options.clip).exists()):
        parser.error(f"--clip: expected a video file, got {options.clip}")
    return options


def _configuration(options: argparse.Namespace, port: int | None, path: Path) -> Path:
    line = {"points": [[0.5, 0.0], [0.5, 1.0]], "inside": [0.9, 0.5]}
    zone = {"polygon": [[0.25, 0.35], [0.75, 0.35], [0.75, 1.0], [0.25, 1.0]]}
    cameras = [
        {
            "name": f"camera-{number}",
            "device": f"box-{number}",
            "source": str(Path(options.clip).absolute()),
            "model": options.model,
            "lines": [{"name": f"line-{number}", **line}],
            "zones": [{"name": f"zone-{number}", **zone}],
        }
        for number in range(options.cameras)
    ]
    mqtt = {"host": "127.0.0.1", "port": port} if port else {"enabled": False}
    content = {"site": "bench", "device": "box", "cameras": cameras, "interval_s": 60, "mqtt": mqtt}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def _commands(cameras: int, config: Path) -> list[list[str]]:
    common = [sys.executable, "-m", "edge", "run", "--config", str(config), "--state-dir", str(config.parent)]
    return [[*common, "--camera", f"camera-{n}"] for n in range(cameras)]


def _together(config: Path) -> list[str]:
    return [sys.executable, "-m", "benchmarks.cameras", "--inside", str(config)]


def _measure(options: argparse.Namespace, commands: Sequence[Sequence[str]], folder: Path) -> Cost:
    """Starts them, watches them, stops them."""
    log = (folder / "log").open("wb")
    processes = [subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log) for command in commands]
    try:
        time.sleep(options.warm)
        before_s, began_s = sum(map(_cpu_s, processes)), time.monotonic()
        time.sleep(options.seconds)
        if any(process.poll() is not None for process in processes):
            sys.exit(f"expected the service to go on:\n{(folder / 'log').read_text(encoding='utf-8')}")
        cpu = (sum(map(_cpu_s, processes)) - before_s) / (time.monotonic() - began_s)
        pss, rss = (sum(_memory_mb(process, kind) for process in processes) for kind in ("Pss", "Rss"))
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        codes = [process.wait(60) for process in processes]
        log.close()
    if any(codes):
        sys.exit(f"expected the service to end well, got {codes}:\n{(folder / 'log').read_text(encoding='utf-8')}")
    return Cost(cpu, _pictures_per_s(folder), pss, rss)


def _cpu_s(process: subprocess.Popen[bytes]) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S


def _memory_mb(process: subprocess.Popen[bytes], kind: str) -> float:
    lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{kind}:")) / 1024


def _pictures_per_s(folder: Path) -> float:
    """Out of the books: that nobody fell behind."""
    total = 0.0
    for path in folder.glob("camera-*.db"):
        with closing(sqlite3.connect(path)) as database:
            found = database.execute("SELECT payload FROM rows WHERE topic LIKE '%/line/%'").fetchall()
        rows: list[dict[str, Any]] = [json.loads(text) for (text,) in found]
        total += sum(row["frames"] for row in rows) / max(1e-9, sum(row["observed_s"] for row in rows))
    return total


# The prototype.


class _Fair:
    """Lets one thread through at a time, in the order in which they came: a plain lock may let one starve."""

    def __init__(self) -> None:
        self._queue: deque[threading.Lock] = deque()
        self._lock = threading.Lock()

    @contextmanager
    def turn(self) -> Iterator[None]:
        mine = threading.Lock()
        mine.acquire()
        with self._lock:
            if not self._queue:
                mine.release()
            self._queue.append(mine)
        with mine:
            try:
                yield
            finally:
                with self._lock:
                    self._queue.popleft()
                    if self._queue:
                        self._queue[0].release()


class _Shared:
    """One detector for all cameras."""

    def __init__(self, detector: Any) -> None:  # noqa: ANN401
        self._detector, self._fair = detector, _Fair()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._detector, name)

    def detect(self, frame: Any) -> Any:  # noqa: ANN401
        with self._fair.turn():
            return self._detector.detect(frame)


def _inside(path: Path) -> None:
    """The one process: a thread with a service for each camera."""
    from edge import observer, service  # noqa: PLC0415 - the parent needs none of it
    from edge.commands.configured import load  # noqa: PLC0415

    config = load(path)
    shared = _Shared(observer.open_detector(config.cameras[0], config.cameras[0].model))
    options = service.Options(state_dir=path.parent)
    services = [service.Service((config, camera), options) for camera in config.cameras]
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _stop(services))
    # The services would take the signals for themselves, which only a main thread may.
    with mock.patch.object(observer, "open_detector", return_value=shared), mock.patch.object(signal, "signal"):
        threads = [threading.Thread(target=one.run) for one in services]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(0.5)


def _stop(services: Sequence[Any]) -> None:
    for one in services:
        one._stop()


if __name__ == "__main__":
    main()

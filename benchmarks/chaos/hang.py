"""A call into a C library that never returns: with Python's lock released, and without."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.chaos.camera import noisy
from benchmarks.chaos.parts import ROOT, wait_for
from benchmarks.chaos.row import Row
from tests.commands import CONFIG, FPS, network
from tests.mosquitto import Collector, Mosquitto
from tests.rtsp import RtspServer

PICTURES = 300
WATCHDOG_S = 60.0
AGAIN_S, LOST_S = WATCHDOG_S + 10.0, 7.0
"""Until it counts again; and seconds of observation that may be missing: 5 s of a tally, and the first picture."""
HANGS = """
import ctypes, sys, time
from collections.abc import Callable
from pathlib import Path
from edge.adapters.camera import rtsp
from edge.cli import main
opened, hung = rtsp.rtsp_pictures, Path(sys.argv.pop(1))
def pictures(*arguments):
    for number, picture in enumerate(opened(*arguments)):
        if number == {pictures} and not hung.exists():
            hung.write_text(str(time.monotonic()))
            ctypes.{library}(None).sleep(1000000)
        yield picture
rtsp.rtsp_pictures = pictures
main()
"""


def hangs(folder: Path) -> Row:
    """The library that reads the camera waits for ever after 30 s; the harness stands for systemd."""
    folder.mkdir(parents=True)
    told, fine = [], True
    for library, what in (("CDLL", "lock released"), ("PyDLL", "lock held")):
        again_s, watched_s = _once(folder / library, library)
        fine &= again_s <= AGAIN_S and watched_s >= PICTURES / FPS - LOST_S
        told.append(
            f"{what}: counting again after {again_s:.1f} s, {watched_s:.1f} of {PICTURES / FPS:g} s on the books"
        )
    goal = f"counting again in {AGAIN_S:g} s, counts kept but for the last 5 s"
    return Row("a camera's library that never returns", goal, "; ".join(told), fine)


def _once(folder: Path, library: str) -> tuple[float, float]:
    """Seconds from the hanging to the next start that counts, and seconds on the books of the run that hung."""
    model = network(_made(folder) / "grey.onnx")
    with Mosquitto(folder / "broker") as broker, Collector(broker.port) as collector:
        with RtspServer(noisy, fps=FPS) as camera, Manager(folder, library) as manager:
            text = CONFIG.replace("walk.mp4", camera.url).replace("grey.onnx", str(model))
            text = text.replace("enabled: false", f"host: 127.0.0.1, port: {broker.port}")
            (folder / "config.yaml").write_text(f"{text}health_s: 5\n", encoding="utf-8")
            manager.keep_running_until(lambda: len(_boots(collector)) == 2, 300.0)
            again_s = time.monotonic() - float((folder / "hung").read_text())
            manager.stop()
        first = next(iter(_boots(collector)))
        wait_for(lambda: first in _watched(collector), 20.0)
        return again_s, _watched(collector).get(first, 0.0)


def _made(folder: Path) -> Path:
    (folder / "state").mkdir(parents=True)
    return folder


def _boots(collector: Collector) -> dict[str, None]:
    """Runs of the service that said that pictures come, in their order."""
    said = [json.loads(payload) for payload in collector.on("traffic/v1/shop/box/health")]
    return dict.fromkeys(health["boot_id"] for health in said if health["camera"] == "streaming")


def _watched(collector: Collector) -> dict[str, float]:
    """Seconds of each run, of its rows."""
    watched: dict[str, float] = {}
    for payload in collector.on("traffic/v1/shop/box/line/door"):
        row = json.loads(payload)
        watched[row["boot_id"]] = watched.get(row["boot_id"], 0.0) + row["observed_s"]
    return watched


class Manager:
    """What systemd does for a service of Type=notify with WatchdogSec and Restart=always."""

    def __init__(self, folder: Path, library: str) -> None:
        self._folder = folder
        self._program = HANGS.format(pictures=PICTURES, library=library)
        self._process: subprocess.Popen[bytes] | None = None
        self._ears = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ears.bind(str(folder / "notify"))
        self._ears.settimeout(0.1)

    def keep_running_until(self, true: Callable[[], bool], timeout_s: float) -> None:
        """Starts it, and again when it ends or is silent for too long."""
        end_s = time.monotonic() + timeout_s
        heard_s = float("inf")
        while not true() and time.monotonic() < end_s:
            if self._process is None or self._process.poll() is not None:
                time.sleep(0.5)  # RestartSec
                self._start()
                heard_s = float("inf")
            try:
                heard_s = time.monotonic() if self._ears.recv(4096) else heard_s
            except TimeoutError:
                if time.monotonic() - heard_s > WATCHDOG_S and self._process is not None:
                    self._process.kill()
                    self._process.wait()

    def _start(self) -> None:
        options = ["run", "--config", str(self._folder / "config.yaml"), "--state-dir", str(self._folder / "state")]
        command = [sys.executable, "-c", self._program, str(self._folder / "hung"), *options]
        told = {"NOTIFY_SOCKET": str(self._folder / "notify"), "WATCHDOG_USEC": str(int(WATCHDOG_S * 1e6))}
        with (self._folder / "edge.log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **told}, stdout=log, stderr=log)

    def stop(self) -> None:
        """As `systemctl stop` does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(60)

    def __enter__(self) -> Manager:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._ears.close()

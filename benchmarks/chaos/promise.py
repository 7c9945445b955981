"""The promise of docs/privacy.md, on a run of the real service with a camera and a broker that comes and goes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from benchmarks.chaos.parts import ROOT
from benchmarks.chaos.row import Row
from tests.commands import CONFIG, FPS, film, network, picture
from tests.mosquitto import Collector, Mosquitto, free_port
from tests.rtsp import RtspServer

PASSWORD = "c4n4ry-S3cret"


def traced(folder: Path, *, seconds: float) -> Row:
    """Runs `edge privacy-audit`: RTSP with a login, metrics that are read, and a broker that is killed halfway."""
    folder.mkdir(parents=True)
    film(folder / "walk.mp4", 1.0)
    network(folder / "grey.onnx")
    metrics = free_port()
    with (
        RtspServer(lambda number: picture(number % 160), fps=FPS, auth=("viewer", PASSWORD)) as camera,
        Mosquitto(folder / "broker") as broker,
        Collector(broker.port) as collector,
    ):
        text = CONFIG.replace("walk.mp4", f"{camera.url}\n    username: viewer\n    password: {{env: PASSWORD}}")
        text = text.replace("grey.onnx", str(folder / "grey.onnx"))
        text = text.replace("enabled: false", f"host: 127.0.0.1, port: {broker.port}, home_assistant: true")
        (folder / "config.yaml").write_text(f"{text}health_s: 5\nmetrics: {{port: {metrics}}}\n", encoding="utf-8")
        said, code = _audit(folder, seconds, broker, metrics)
        rows = sum(b'"series"' in message.payload for message in collector.messages)
    (folder / "report.txt").write_text(said, encoding="utf-8")
    breaches = len(re.findall(r"^  BREACH", said, re.MULTILINE))
    none = re.search(r"^pictures.*\n  none$", said, re.MULTILINE)
    size = re.search(r"pictures, in (\d+) bytes", said)
    result = (
        f"{seconds:g} s, {rows} rows sent, {size[1] if size else '?'} bytes looked through: {_lines(said, 'spoke to')} "
        f"peers, {_lines(said, 'wrote')} files, {breaches} breaches, "
        f"{'0' if none else 'SOME'} pictures; password in the report: "
        f"{'YES' if PASSWORD in said else 'no'}"
    )
    goal = "only broker and camera; 0 files outside the state directory; 0 image signatures"
    fine = code == 0 and breaches == 0 and none is not None and rows > 0 and PASSWORD not in said
    return Row("sockets and files of a full run under strace", goal, result, fine)


def _audit(folder: Path, seconds: float, broker: Mosquitto, metrics: int) -> tuple[str, int]:
    options = ["--config", str(folder / "config.yaml"), "--state-dir", str(folder / "state")]
    command = [sys.executable, "-m", "edge", "privacy-audit", *options, "--seconds", f"{seconds:.0f}"]
    environment = {**os.environ, "PASSWORD": PASSWORD}
    with (folder / "edge.log").open("wb") as log:
        audit = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
        time.sleep(seconds / 2)
        broker.stop(kill=True)
        _read(metrics)
        time.sleep(min(2.0, seconds / 10))
        broker.start()
        out, _ = audit.communicate(timeout=seconds + 300.0)
    return out, audit.returncode


def _read(metrics: int) -> None:
    """As Prometheus would; under strace a service may take a while to open the port."""
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{metrics}/metrics", timeout=10).close()
    except OSError:
        return


def _lines(said: str, heading: str) -> int:
    found = re.search(rf"^{heading}:\n((?:  .*\n)*)", said, re.MULTILINE)
    return found[1].count("\n") if found else 0

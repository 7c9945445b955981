"""A busy shop for a long time: memory, files and threads of the service while very much happens.

Somebody crosses the door four times a second: a hundred times a shop with 860 visitors in a day of twelve hours. 82
messages a minute go through outbox and broker: a hundred times those of one line and one zone every five minutes. A
reader takes them, and the metrics are scraped. The books begin with the rows of some days, as those of a box that has
run for a while: a young outbox grows into its page cache, and would look like a leak.
"""

from __future__ import annotations

import os
import statistics
import time
import urllib.request
from dataclasses import astuple, dataclass
from pathlib import Path

from benchmarks.chaos.parts import Process, last_seqs, make, missing, read_rows, reader, service, wait_for
from benchmarks.chaos.row import Row
from benchmarks.chaos.shop import record
from tests.mosquitto import Mosquitto, free_port

EVERY_S, FPS = 0.25, 5.0
SHAPES = 27
MOST_MB_H = 1.0
WARM_H = 0.1
"""After this the memory is taken for that of every day."""
DAYS_H = 1.0
"""Hours of the film with which the books are filled at first: as many rows as a quiet box makes in four days."""
SAMPLES = 360

CONFIG = """\
site: shop
device: box
cameras:
  - name: entrance
    source: {source}
    model: none
    lines: [{lines}]
    zones: [{zones}]
interval_s: 60
health_s: 5
metrics: {{port: {metrics}}}
mqtt: {{host: 127.0.0.1, port: {port}}}
"""


@dataclass(frozen=True)
class Sample:
    """The service at one moment.

    Attributes:
        hours: Since it was started.
        memory_mb: Resident.
        files: Open descriptors.
        threads: Of the process.
        cpu_s: Used so far.
    """

    hours: float
    memory_mb: float
    files: int
    threads: int
    cpu_s: float


def soak(folder: Path, *, seconds: float, days_h: float = DAYS_H) -> Row:
    """Runs for so long at the pace of a camera, and looks at the process now and then."""
    folder.mkdir(parents=True)
    metrics = free_port()
    with Mosquitto(folder / "broker") as mosquitto:
        box = make(folder / "box", "")
        with reader(box, mosquitto.port):
            _play(box, _configuration(folder / "days.jsonl", days_h * 3600.0, mosquitto.port, metrics))
            text = _configuration(folder / "shop.jsonl", seconds + 600.0, mosquitto.port, metrics)
            (box / "config.yaml").write_text(text, encoding="utf-8")
            before = _crossings(box)
            with service(box, speed="real", start_s=time.time() - 3600.0) as counting:
                wait_for(lambda: _scraped(metrics), 60.0)
                samples = _watched(counting, seconds, metrics, folder / "samples.csv")
                alive = counting.running
                code = counting.stop()
            expected = last_seqs(box)
            wait_for(lambda: missing(box, expected) == 0, 60.0, 0.5)
    happened = (
        f"{_crossings(box) - before} crossings, {missing(box, expected)} of {sum(expected.values())} rows missing"
    )
    return judged(samples, happened, whole=missing(box, expected) == 0 and alive and code == 0)


def _crossings(box: Path) -> int:
    return sum(row[1] + row[2] for row in read_rows(box).get("line/door", []))


def _configuration(film: Path, seconds: float, port: int, metrics: int) -> str:
    """One door that is crossed all the time, one zone in which they stay, and many of both where nobody goes."""
    record(film, seconds, fps=FPS, every_s=EVERY_S, ids=False)
    lines = ["{name: door, points: [[0.05, 0.5], [0.95, 0.5]], inside: [0.5, 0.9]}"]
    zones = ["{name: table, polygon: [[0.05, 0.6], [0.95, 0.6], [0.95, 0.9], [0.05, 0.9]]}"]
    for number in range(1, SHAPES):
        y = 0.002 * number
        lines.append(f"{{name: line-{number}, points: [[0.1, {y:.3f}], [0.9, {y:.3f}]], inside: [0.5, 0.9]}}")
        zones.append(f"{{name: zone-{number}, polygon: [[0.1, 0.0], [0.9, 0.0], [0.9, {y:.3f}], [0.1, {y:.3f}]]}}")
    return CONFIG.format(source=film, lines=", ".join(lines), zones=", ".join(zones), port=port, metrics=metrics)


def _play(box: Path, text: str) -> None:
    """As fast as it goes."""
    (box / "config.yaml").write_text(text, encoding="utf-8")
    with service(box, start_s=time.time() - 2 * 86_400.0) as counting:
        counting.wait(3600.0)


def _watched(counting: Process, seconds: float, metrics: int, table: Path) -> list[Sample]:
    """The samples, which are also written to a table: a slope asks for a curve."""
    began_s, samples = time.monotonic(), []
    pause_s = max(0.5, seconds / SAMPLES)
    while (now_s := time.monotonic() - began_s) < seconds and counting.running:
        samples.append(_sample(counting.pid, now_s / 3600.0))
        with table.open("a", encoding="ascii") as file:
            file.write(",".join(map(str, astuple(samples[-1]))) + "\n")
        _scraped(metrics)
        time.sleep(pause_s)
    return samples


def _sample(pid: int, hours: float) -> Sample:
    process = Path(f"/proc/{pid}")
    lines = (process / "status").read_text(encoding="ascii").splitlines()
    status = {key: value.split()[0] for key, value in (line.split(":", 1) for line in lines) if value.split()}
    used = (process / "stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[11:13]
    return Sample(
        hours,
        memory_mb=int(status["VmRSS"]) / 1024,
        files=len(list((process / "fd").iterdir())),
        threads=int(status["Threads"]),
        cpu_s=sum(map(int, used)) / os.sysconf("SC_CLK_TCK"),
    )


def _scraped(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            return b"edge_frames_total" in answer.read()
    except OSError:
        return False


def judged(samples: list[Sample], happened: str, *, whole: bool) -> Row:
    """The row of a run; `whole`: nothing is missing, and it ended well."""
    hours = samples[-1].hours
    long = hours > 3 * WARM_H
    warm = [sample for sample in samples if sample.hours >= (WARM_H if long else hours / 3)]
    slope = statistics.linear_regression([s.hours for s in warm], [s.memory_mb for s in warm]).slope
    memory, files, threads = ([getattr(s, of) for s in warm] for of in ("memory_mb", "files", "threads"))
    cpu = (samples[-1].cpu_s - samples[0].cpu_s) / ((samples[-1].hours - samples[0].hours) * 3600.0)
    result = (
        f"{hours:.2g} h, {happened} at the reader: RSS {min(memory):.1f} to {max(memory):.1f} MB, "
        f"{f'slope {slope:+.2f} MB/h' if long else 'too short for a slope'}; files {_span(files)}, "
        f"threads {_span(threads)}; {cpu:.0%} of a core"
    )
    steady = len(set(files)) == len(set(threads)) == 1
    return Row(
        "soak at 100 times the event rate", "RSS slope under 1 MB/h, file descriptors and threads constant", result,
        (slope < MOST_MB_H or not long) and steady and whole,
    )  # fmt: skip


def _span(values: list[int]) -> str:
    return f"{min(values)}" if min(values) == max(values) else f"{min(values)} to {max(values)}"

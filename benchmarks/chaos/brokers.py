"""A broker that forgets: what it had retained, and what it had queued for a reader that was away."""

from __future__ import annotations

import json
import time
from pathlib import Path

from benchmarks.chaos.parts import Process, last_seqs, make, missing, read_rows, reader, service, wait_for
from benchmarks.chaos.row import Row
from benchmarks.chaos.shop import configuration, record
from tests.mosquitto import Collector, Mosquitto

RETAINED_S = 10.0


def queue_overflows(folder: Path, *, seconds: float) -> Row:
    """A reader is away while the broker may keep only a few rows for it, but acknowledges all."""
    folder.mkdir(parents=True)
    film = folder / "shop.jsonl"
    record(film, seconds)
    with Mosquitto(folder / "broker", extra="max_queued_messages 20\nmax_inflight_messages 10") as mosquitto:
        box = make(folder / "box", configuration(film, mosquitto.port))
        with reader(box, mosquitto.port) as reading:
            wait_for(lambda: "SUBSCRIBE" in mosquitto.log(), 30.0)
            reading.kill()
            with service(box) as counting:
                counting.wait(300.0)
            expected = last_seqs(box)
            reading.start()
            time.sleep(3.0)
            before = missing(box, expected)
            with _going_on(box, mosquitto.port):
                late_s = wait_for(lambda: missing(box, expected) == 0, 180.0, 0.2)
    rows, lost = sum(expected.values()), missing(box, expected)
    result = (
        f"{rows} rows acknowledged by the broker, {before} of them dropped by it; after replay {rows - lost} of {rows} "
        f"({late_s or 0.0:.0f} s)"
    )
    return Row("broker queue overflows for an offline reader", "replay gives 100 %", result, lost == 0 < before)


def restarts_empty(folder: Path, *, times: int) -> Row:
    """The broker loses everything while the service runs; how long until a new reader finds what is retained."""
    folder.mkdir(parents=True)
    film = folder / "shop.jsonl"
    record(film, 600.0)
    took_s = []
    with Mosquitto(folder / "broker") as mosquitto:
        box = make(folder / "box", configuration(film, mosquitto.port))
        with service(box) as counting:  # so that there are registers
            counting.wait(120.0)
        expected = last_seqs(box)
        with _going_on(box, mosquitto.port) as counting:
            for _ in range(times):
                if not counting.running:
                    counting.start()
                mosquitto.stop(kill=True)
                time.sleep(1.0)
                mosquitto.start()
                took_s.append(wait_for(lambda: _retained(mosquitto.port), 60.0) or 60.0)
            with reader(box, mosquitto.port):
                wait_for(lambda: missing(box, expected) == 0, 180.0, 0.2)
        lost = missing(box, expected)
    rows = sum(len(found) for found in read_rows(box).values())
    result = (
        f"{times} restarts: status, info and totals back after at most {max(took_s):.1f} s; a reader that came after "
        f"them has {rows} rows, {lost} missing"
    )
    return Row(
        "broker restarts empty", "replay gives 100 %, retained topics back in 10 s", result,
        lost == 0 and max(took_s) <= RETAINED_S,
    )  # fmt: skip


def _going_on(box: Path, port: int) -> Process:
    """The service goes on with a long film: rows keep coming, so that a reader sees what it misses."""
    film = box / "long.jsonl"
    record(film, 200_000.0, fps=1.0, every_s=60.0, walk_s=10.0)
    (box / "config.yaml").write_text(configuration(film, port), encoding="utf-8")
    return service(box, start_s=time.time() - 3 * 86_400.0)


def _retained(port: int) -> bool:
    with Collector(port, "traffic/v1/shop/box/+/#") as late:
        time.sleep(0.2)
        found = {message.topic.split("/", 4)[4]: message for message in late.messages if message.retain}
    status = found.get("status")
    online = status is not None and json.loads(status.payload)["state"] == "online"
    return online and {"status", "info", "total/door"} <= set(found)

"""A broker that forgets: what it had retained, and what it had queued for a reader that was away."""

from __future__ import annotations

import json
import time
from pathlib import Path

from benchmarks.chaos.parts import last_seqs, make, missing, read_rows, reader, service, wait_for
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
            with service(box, speed="real"):
                late_s = wait_for(lambda: missing(box, expected) == 0, 90.0, 0.5)
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
        with service(box, speed="real"):
            for _ in range(times):
                mosquitto.stop(kill=True)
                time.sleep(1.0)
                mosquitto.start()
                took_s.append(wait_for(lambda: _retained(mosquitto.port), 60.0) or 60.0)
            with reader(box, mosquitto.port):
                wait_for(lambda: missing(box, expected) == 0, 90.0, 0.5)
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


def _retained(port: int) -> bool:
    with Collector(port, "traffic/v1/shop/box/+/#") as late:
        time.sleep(0.2)
        found = {message.topic.split("/", 4)[4]: message for message in late.messages if message.retain}
    status = found.get("status")
    online = status is not None and json.loads(status.payload)["state"] == "online"
    return online and {"status", "info", "total/door"} <= set(found)

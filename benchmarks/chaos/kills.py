"""Service, broker and reader are killed at random, each without a warning, while people walk through the door."""

from __future__ import annotations

import random
import time
from collections import Counter
from pathlib import Path

from benchmarks.chaos.parts import last_seqs, make, missing, read_rows, reader, service, wait_for
from benchmarks.chaos.row import Row
from benchmarks.chaos.shop import configuration, crossings_until, parsed, record
from edge.adapters.outbox import Outbox
from tests.mosquitto import Mosquitto


def random_kills(folder: Path, *, edge: int, broker: int, readers: int, crossings: int, seed: int) -> Row:
    """Kills each as often as asked, and until enough people have crossed; then lets them find together again."""
    folder.mkdir(parents=True)
    film = folder / "shop.jsonl"
    record(film, 3600.0)
    chance, killed = random.Random(seed), Counter[str]()
    with Mosquitto(folder / "broker") as mosquitto:
        text = configuration(film, mosquitto.port)
        make(folder / "box", text)
        counting, reading = service(folder / "box"), reader(folder / "box", mosquitto.port)
        with counting, reading:
            wanted = {"edge": edge, "broker": broker, "reader": readers}
            while any(killed[who] < times for who, times in wanted.items()) or _read(folder) < crossings:
                time.sleep(chance.uniform(0.2, 2.5))
                who = chance.choices(list(wanted), [max(1, wanted[w] - killed[w]) for w in wanted])[0]
                killed[who] += 1
                if who == "broker":
                    mosquitto.stop(kill=True)
                    time.sleep(chance.uniform(0.0, 1.0))
                    mosquitto.start()
                else:
                    process = counting if who == "edge" else reading
                    process.kill()
                    time.sleep(chance.uniform(0.0, 0.5))
                    process.start()
                if not counting.running:
                    counting.start()  # the film had come to its end
            counting.kill()
            starts = _starts(folder)
            with service(folder / "box", speed="real") as last:  # sends what the others could not
                wait_for(lambda: _starts(folder) > starts and not _gaps(folder), 400.0, 1.0)
                last.stop()
            expected = last_seqs(folder / "box")
            wait_for(lambda: missing(folder / "box", expected) == 0, 60.0, 0.5)
    return _judged(folder, film, text, killed, expected)


def _read(folder: Path) -> int:
    return sum(row[1] + row[2] for row in read_rows(folder / "box").get("line/door", []))


def _starts(folder: Path) -> int:
    """How often the service got as far as to count; one that is stopped before has nothing to send."""
    return (folder / "box" / "edge.log").read_text(encoding="utf-8").count("counting entrance")


def _gaps(folder: Path) -> int:
    return sum(rows[-1][0] - len(rows) for rows in read_rows(folder / "box").values())


def _judged(folder: Path, film: Path, text: str, killed: Counter[str], expected: dict[str, int]) -> Row:
    """By run of the service: what it says to have watched, against what is to be seen in that time."""
    with Outbox(folder / "box" / "state" / "entrance.db") as outbox:
        total = outbox.books.totals["door"]
        known = {row[0] for row in read_rows(folder / "box")["line/door"]}
    watched: dict[str, float] = Counter()
    counted: dict[str, list[int]] = {}
    rows = read_rows(folder / "box")["line/door"]
    for _, in_raw, out_raw, observed_s, boot_id, _ in rows:
        watched[boot_id] += observed_s
        sums = counted.setdefault(boot_id, [0, 0])
        sums[0] += in_raw
        sums[1] += out_raw
    truth = crossings_until(film, parsed(text), [round(seconds, 1) for seconds in watched.values()])
    lost = doubled = 0
    for boot_id, seconds in watched.items():
        for got, true in zip(counted[boot_id], truth[round(seconds, 1)], strict=True):
            lost, doubled = lost + max(0, true - got), doubled + max(0, got - true)
    here = sum(row[1] + row[2] for row in rows)
    absent = missing(folder / "box", expected)
    whole = absent == 0 and lost == doubled == 0 and len(known) == len(rows)
    registers = (
        "equal" if (total.in_raw, total.out_raw) == tuple(map(sum, zip(*counted.values(), strict=True))) else "no"
    )
    result = (
        f"{killed['edge']} / {killed['broker']} / {killed['reader']} kills, {here} crossings in {len(rows)} rows and "
        f"{len(watched)} runs: {lost} lost, {doubled} double, {absent} rows missing; registers {registers}"
    )
    return Row(
        "random kill -9 of service / broker / reader", "0 lost, 0 double at the reader", result,
        whole and registers == "equal",
    )  # fmt: skip

"""The service is killed while people walk through the door; what its rows claim to have watched, they have counted."""

from __future__ import annotations

import json
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.chaos.parts import Process, make, service, wait_for
from benchmarks.chaos.shop import configuration, crossings_until, parsed, record
from edge.adapters.outbox import Outbox


@contextmanager
def counting(box: Path, speed: str = "max") -> Iterator[Process]:
    """A service that has just begun to count."""
    log = box / "edge.log"
    before = log.read_text().count("counting entrance") if log.exists() else 0
    with service(box, speed=speed) as process:
        assert wait_for(lambda: log.read_text().count("counting entrance") > before, 30.0)
        yield process


def test_killed_while_it_counts_it_claims_no_second_that_it_does_not_know(tmp_path: Path) -> None:
    film, chance = tmp_path / "shop.jsonl", random.Random(5)
    record(film, 3600.0)
    text = configuration(film, 1, enabled=False)
    box = make(tmp_path / "box", text)
    for _ in range(4):
        with counting(box) as process:
            time.sleep(chance.uniform(0.3, 1.5))
            assert process.running
            process.kill()
    with counting(box, "real") as process:
        assert process.stop() == 0
    watched: dict[str, float] = defaultdict(float)
    counted: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    with Outbox(box / "state" / "entrance.db") as outbox:
        rows = [row.message for row in outbox.pending(0, 100_000) if row.message.series == "line/door"]
        total = outbox.books.totals["door"]
        assert [row.seq for row in rows] == list(range(1, outbox.books.last_seq["line/door"] + 1))
    for row in map(json.loads, (row.payload for row in rows)):
        watched[row["boot_id"]] += row["observed_s"]
        counted[row["boot_id"]][0] += row["in_raw"]
        counted[row["boot_id"]][1] += row["out_raw"]
    truth = crossings_until(film, parsed(text), [round(seconds, 1) for seconds in watched.values()])
    assert {boot: tuple(sums) for boot, sums in counted.items()} == {
        boot: truth[round(seconds, 1)] for boot, seconds in watched.items()
    }
    assert total.in_raw + total.out_raw == sum(map(sum, counted.values())) > 50
    assert sum(seconds % 60.0 > 0.5 for seconds in watched.values()) >= 3, "tallies, not only whole intervals"

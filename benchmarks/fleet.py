"""Many shops through one mosquitto into one PostgreSQL: how fast, and whether exactly, with readers that are killed.

    python -m benchmarks.fleet

Everything on one machine: a mosquitto and a PostgreSQL of its own (durable, as installed: fsync on), two readers as
`traffic ingest` runs them, and shops that publish rows with MQTT 5 and QoS 1 from one process. A row is written by the
models of the wire, checked, stored and committed before it is acknowledged. The clock runs from the first row that is
published to the moment the last one is committed.

Two runs of 1,000 shops x 60 rows: one undisturbed, one in which each reader is killed once (SIGKILL) and started again.
Exit code 1 when a row is missing or double, or when the rate is under 4,000 rows/s. Needs the dev extra and Debian's
mosquitto and postgresql.
"""

from __future__ import annotations

import argparse
import os
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from analytics.store import open_store
from analytics.store.store import Store
from edge.core.message import LineRow, OccupancyRow, Payload, TotalRow, ZoneRow, topic, utc_text
from tests.mosquitto import Mosquitto
from tests.postgresql import PASSWORD, Postgresql

TARGET_ROWS_S = 4000.0
FLEET = (10_000, 4, 300)
"""Shops, series of each, and seconds between their rows: what one pair of readers should find easy."""
READERS = ("one", "two")
WINDOW = 1000
SERIES = 4
ANSWER_S = 120.0
TICK_S, LOOK_S = 0.05, 0.25
BROKER = "max_queued_messages 0\nmax_inflight_messages 0\nlog_type error\n"


class Publication(NamedTuple):
    """A PUBLISH of MQTT 5, QoS 1, before and after its two bytes of message id."""

    before: bytes
    after: bytes


def fleet(shops: int, rows: int) -> Iterator[Publication]:
    """What shops publish, interval by interval: the rows of four series, and the register of the line."""
    intervals = -(-rows // SERIES)
    first_s = int(time.time()) // 300 * 300 - intervals * 300
    for number in range(intervals):
        for shop in range(shops):
            site = f"shop-{shop}"
            for payload, place in _interval(site, number, first_s + 300 * number, rows - SERIES * number):
                yield _publication(topic(site, "box", *place.split("/")), payload.wire())


def _interval(site: str, number: int, start_s: int, rows: int) -> list[tuple[Payload, str]]:
    head = {
        "site": site, "device": "box", "epoch": "0123456789abcdef", "seq": number + 1, "start": utc_text(start_s),
        "end": utc_text(start_s + 300), "observed_s": 300.0, "frames": 3000, "fps": 10.0, "status": "ok",
        "clock": "synced", "config_id": "00112233445566ff", "boot_id": "ffeeddccbbaa9988",
    }  # fmt: skip
    day = utc_text(start_s)[:10]
    line = LineRow.model_validate({
        **head, "series": "line/door", "line": "door", "in": 7, "out": 6, "in_raw": 8, "out_raw": 7, "uturns": 1,
        "rejoined": 0, "born_past_line": 0, "died_at_line": 0, "static": 0, "staff_in": 0, "staff_out": 0,
        "shopper_units": 5,
    })  # fmt: skip
    zones = [
        ZoneRow.model_validate({
            **head, "series": f"zone/{name}", "zone": name, "entered": 4, "pass": 1, "stop": 1, "engaged": 3, "left": 5,
            "lost": 0, "capped": 0, "left_s": 83.47, "histogram": [2, 0, 2, 4, 1, 0, 0, 0], "presence_s": 63.57,
            "peak": 3, "stitched": 0,
        })
        for name in ("beauty", "shoes")
    ]  # fmt: skip
    occupancy = OccupancyRow.model_validate({
        **head, "series": "occupancy", "business_day": day, "occ_raw": 5, "occ": 5, "clamped": False, "drift": None,
        "balance": None, "births": 0, "deaths": 0,
    })  # fmt: skip
    n = number + 1
    total = TotalRow.model_validate({
        **{key: head[key] for key in ("site", "device", "epoch", "seq", "end", "boot_id")}, "line": "door",
        "in": 7 * n, "out": 6 * n, "in_raw": 8 * n, "out_raw": 7 * n, "uturns": n,
    })  # fmt: skip
    found: list[tuple[Payload, str]] = [(line, "line/door"), (zones[0], "zone/beauty"), (zones[1], "zone/shoes")]
    return [*[*found, (occupancy, "occupancy")][:rows], (total, "total/door")]


def _publication(name: str, payload: bytes) -> Publication:
    place = len(name).to_bytes(2, "big") + name.encode()
    size = len(place) + 2 + 1 + len(payload)
    return Publication(b"\x32" + _length(size) + place, b"\0" + payload)


def _length(value: int) -> bytes:
    """The variable byte integer of MQTT."""
    encoded = bytearray()
    while True:
        value, low = divmod(value, 128)
        encoded.append(low | (0x80 if value else 0))
        if not value:
            return bytes(encoded)


def publish(port: int, publications: Sequence[Publication], tick: Callable[[], None]) -> None:
    """Brings publications to a broker, with at most `WINDOW` unacknowledged; as cheaply as it can be done in Python.

    A library's client would take as much of the two processors as a reader does, and no shop is one process of many.
    """
    with socket.create_connection(("127.0.0.1", port)) as link:
        link.sendall(b"\x10\x12\0\4MQTT\5\2\0\0\0\0\5fleet")
        kind, size = link.recv(2)
        answer = link.recv(size)
        assert (kind, answer[1]) == (0x20, 0), f"expected CONNACK, got {kind:#x} {answer!r}"
        link.setblocking(False)
        sent = acknowledged = 0
        out, got = bytearray(), bytearray()
        while acknowledged < len(publications):
            while sent < len(publications) and sent - acknowledged < WINDOW and len(out) < 65_536:
                before, after = publications[sent]
                out += before + (sent % 65_535 + 1).to_bytes(2, "big") + after
                sent += 1
            readable, writable, _ = select.select([link], [link] if out else [], [], TICK_S)
            if writable:
                del out[: link.send(out)]
            if readable:
                got += link.recv(65_536)
                acknowledged += _acknowledgements(got)
            tick()


def _acknowledgements(got: bytearray) -> int:
    """Takes whole PUBACKs from the front; their number."""
    taken = at = 0
    while len(got) >= at + 2 and len(got) >= at + 2 + got[at + 1]:
        size = got[at + 1]
        refused = size > 2 and got[at + 4] >= 0x80
        assert (got[at], refused) == (0x40, False), f"expected PUBACK, got {bytes(got[at : at + 8])!r}"
        at += 2 + size
        taken += 1
    del got[:at]
    return taken


@dataclass
class Readers:
    """`traffic ingest` processes, by name."""

    broker_port: int
    dsn: str
    log: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str) -> None:
        """Starts a reader, or one again that was killed."""
        command = [sys.executable, "-m", "analytics", "ingest", "--port", str(self.broker_port), "--db", self.dsn]
        environment = {**os.environ, "PGPASSWORD": PASSWORD}
        with self.log.open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [*command, "--reader", name], stdout=log, stderr=log, env=environment
            )

    def kill(self, name: str) -> None:
        """Kills a reader as a power cut would."""
        self.processes[name].kill()
        self.processes[name].wait()

    def check(self) -> None:
        """Fails when one ended by itself."""
        for name, process in self.processes.items():
            assert process.poll() is None, f"reader {name} ended:\n{self.log.read_text()[-2000:]}"

    def stop(self) -> None:
        """Ends them all."""
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            process.wait(ANSWER_S)


@dataclass(frozen=True)
class Outcome:
    """What a run showed."""

    rows: int
    arrived: int
    double: int
    wrong: int
    seconds: float

    @property
    def rate(self) -> float:
        """Rows per second, end to end."""
        return self.arrived / self.seconds


@dataclass
class Progress:
    """How many rows are committed; looked at a few times a second, and then who is due is killed."""

    store: Store
    rows: int
    readers: Readers
    kills: list[tuple[float, str]]
    stored: int = 0
    looked_s: float = 0.0

    def tick(self) -> None:
        """Looks, if it is time."""
        if time.monotonic() - self.looked_s < LOOK_S:
            return
        self.looked_s = time.monotonic()
        self.readers.check()
        ((self.stored,),) = self.store.query("SELECT coalesce(CAST(sum(last_seq) AS BIGINT), 0) FROM streams")
        if self.kills and self.stored >= self.kills[0][0] * self.rows:
            _, name = self.kills.pop(0)
            self.readers.kill(name)
            print(f"  killed reader {name} at {self.stored} rows")
            self.readers.start(name)


def measure(shops: int, rows: int, *, kill: bool) -> Outcome:
    """One run with servers of its own."""
    publications = list(fleet(shops, rows))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(Postgresql({"shared_buffers": "256MB"}))
        broker = stack.enter_context(Mosquitto(folder, extra=BROKER))
        dsn = server.database()
        os.environ["PGPASSWORD"] = PASSWORD
        store = stack.enter_context(open_store(dsn))
        readers = Readers(broker.port, dsn, folder / "readers.log")
        stack.callback(readers.stop)
        for name in READERS:
            readers.start(name)
        _until(lambda: readers.log.read_text().count(": connected") >= len(READERS), readers.check)
        kills = [(0.25, READERS[0]), (0.5, READERS[1])] if kill else []
        progress = Progress(store, shops * rows, readers, kills)
        began_s = time.monotonic()
        publish(broker.port, publications, progress.tick)
        _until(lambda: _whole(store, shops * rows), progress.tick)
        seconds = time.monotonic() - began_s
        return _outcome(store, shops * rows, seconds)


def _whole(store: Store, rows: int) -> bool:
    ((stored,),) = store.query("SELECT coalesce(CAST(sum(last_seq) AS BIGINT), 0) FROM streams")
    ((missing,),) = store.query("SELECT coalesce(CAST(sum(to_seq - from_seq + 1) AS BIGINT), 0) FROM gaps")
    return bool(stored - missing >= rows)


def _outcome(store: Store, rows: int, seconds: float) -> Outcome:
    arrived = double = 0
    for kind in ("line", "zone", "occupancy"):
        ((count, keys),) = store.query(f"SELECT count(*), count(DISTINCT (stream_id, seq)) FROM {kind}_rows")
        arrived, double = arrived + count, double + count - keys
    ((wrong,),) = store.query(
        "SELECT (SELECT count(*) FROM line_rows WHERE in_count <> 7) "
        "+ (SELECT count(*) FROM zone_rows WHERE engaged <> 3) "
        "+ (SELECT count(*) FROM dead_letters) + (SELECT count(*) FROM notices)"
    )
    return Outcome(rows, arrived, double, wrong, seconds)


def _until(true: Callable[[], bool], tick: Callable[[], None]) -> None:
    end = time.monotonic() + ANSWER_S
    while not true():
        assert time.monotonic() < end, f"waited {ANSWER_S} s in vain"
        tick()
        time.sleep(TICK_S)


def main() -> None:
    """Runs both, prints, and says by its exit code whether the targets are met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shops", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=60, help="of each shop")
    options = parser.parse_args()
    undisturbed = measure(options.shops, options.rows, kill=False)
    _tell("two readers", undisturbed)
    killed = measure(options.shops, options.rows, kill=True)
    _tell("two readers, each killed once", killed)
    shops, series, every_s = FLEET
    load = shops * series / every_s
    share = load / undisturbed.rate
    print(f"{shops} shops x {series} series every {every_s} s: {load:.0f} rows/s, {share:.1%} of the first rate")
    exact = all(run.arrived == run.rows and not run.double and not run.wrong for run in (undisturbed, killed))
    sys.exit(not (exact and undisturbed.rate >= TARGET_ROWS_S))


def _tell(what: str, run: Outcome) -> None:
    print(
        f"{what}: {run.arrived} of {run.rows} rows arrived, {run.double} double, {run.wrong} wrong, "
        f"in {run.seconds:.1f} s: {run.rate:.0f} rows/s"
    )


if __name__ == "__main__":
    main()

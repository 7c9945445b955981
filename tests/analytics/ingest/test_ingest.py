"""The reader at a real broker: killed, cut off and lied to, it stores everything once and says what is wrong."""

from __future__ import annotations

import random
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from analytics.store import Store, open_store
from edge.core.message import DeviceStatus
from tests.analytics.reading import BROKER, Box, Reader
from tests.analytics.shop import line, occupancy, total, zone
from tests.mosquitto import Mosquitto, wait_until
from tests.postgresql import PASSWORD, Postgresql

SECRET = "correct-horse-battery"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker", extra=BROKER) as broker:
        yield broker


@pytest.fixture
def file(tmp_path: Path) -> str:
    """The DSN of the embedded database."""
    return f"sqlite:///{tmp_path}/traffic.db"


def count(store: Store, table: str = "line_rows") -> int:
    ((rows,),) = store.query(f"SELECT count(*) FROM {table}")
    return int(rows)


def acknowledged(broker: Mosquitto, reader: str = "one") -> int:
    return broker.log().count(f"Received PUBACK from traffic-traffic-{reader}")


def test_rows_find_their_way_into_the_books(broker, dsn):
    with Box(broker.port) as box, Reader(broker, dsn) as reader, open_store(dsn) as store:
        box.send(line(1), zone(1), occupancy(1), total(1))
        wait_until(lambda: count(store, "registers") == 1)
        assert [count(store, table) for table in ("line_rows", "zone_rows", "occupancy_rows")] == [1, 1, 1]
        assert reader.stop() == 0
        assert acknowledged(broker) == 4


def test_killed_at_any_point_it_loses_and_doubles_nothing(broker, dsn):
    chance, rows = random.Random(6), 600
    with Box(broker.port) as box, Reader(broker, dsn) as reader, open_store(dsn) as store:

        def publish() -> None:
            for first in range(1, rows + 1, 10):
                box.send(*(make(seq) for seq in range(first, first + 10) for make in (line, zone)))

        publishing = threading.Thread(target=publish)
        publishing.start()
        for share in (0.1, 0.3, 0.5, 0.8):
            wait_until(lambda share=share: count(store) >= share * rows)  # type: ignore[misc]
            threading.Event().wait(chance.uniform(0.0, 0.1))
            reader.kill()
            threading.Event().wait(chance.uniform(0.0, 0.2))
            reader.start()
        publishing.join()
        wait_until(lambda: count(store) == rows and count(store, "zone_rows") == rows)
        assert store.query("SELECT count(DISTINCT seq), min(seq), max(seq), sum(in_count) FROM line_rows") == [
            (rows, 1, rows, rows * (rows + 1) // 2)
        ]
        assert [count(store, table) for table in ("gaps", "dead_letters", "notices")] == [0, 0, 0]


def test_what_comes_while_it_is_away_waits_at_the_broker(broker, file):
    with Box(broker.port) as box, Reader(broker, file) as reader, open_store(file) as store:
        assert reader.stop() == 0
        box.send(line(1), line(2))
        reader.start()
        wait_until(lambda: count(store) == 2)


def test_nothing_is_acknowledged_before_it_is_stored(broker, tmp_path):
    path = tmp_path / "traffic.db"
    with (
        Box(broker.port) as box,
        Reader(broker, f"sqlite:///{path}") as reader,
        open_store(f"sqlite:///{path}") as store,
    ):
        box.send(line(1))
        wait_until(lambda: acknowledged(broker) == 1)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        box.send(line(2))
        wait_until(lambda: broker.log().count("Sending PUBLISH to traffic-traffic-one") == 2)
        threading.Event().wait(1.0)
        assert acknowledged(broker) == 1
        other.execute("ROLLBACK")
        other.close()
        wait_until(lambda: acknowledged(broker) == 2)
        assert count(store) == 2
        assert reader.stop() == 0


def test_readers_share_the_rows(broker, dsn):
    with (
        Box(broker.port) as box,
        Reader(broker, dsn) as one,
        Reader(broker, dsn, name="two") as two,
        open_store(dsn) as store,
    ):
        box.send(*(make(seq) for seq in range(1, 101) for make in (line, zone)))
        wait_until(lambda: count(store) == 100 and count(store, "zone_rows") == 100)
        assert count(store, "gaps") == 0
        assert [one.stop(), two.stop()] == [0, 0]
        shares = acknowledged(broker, "one"), acknowledged(broker, "two")
        assert sum(shares) == 200
        assert min(shares) > 0


def test_while_the_database_is_away_the_broker_keeps_what_comes(broker, postgresql: Postgresql, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    file = postgresql.database()
    with Box(broker.port) as box, Reader(broker, file) as reader:
        box.send(line(1))
        wait_until(lambda: acknowledged(broker) == 1)
        postgresql.stop("immediate")
        try:
            box.send(line(2))
            wait_until(lambda: "the broker keeps what comes" in reader.log())
            box.send(line(3))
        finally:
            postgresql.start()
        with open_store(file) as store:
            wait_until(lambda: count(store) == 3)
        assert "works again" in reader.log()
        assert PASSWORD not in reader.log()


def test_a_broker_that_goes_and_comes_is_found_again(broker, file):
    with Reader(broker, file) as reader, open_store(file) as store:
        broker.restart()
        wait_until(lambda: reader.log().count(": connected") == 2)
        with Box(broker.port) as box:
            box.send(line(1))
            wait_until(lambda: count(store) == 1)
        assert "connection lost" in reader.log()


def test_what_is_retained_reaches_a_reader_that_comes_later(broker, file):
    with Box(broker.port) as box:
        online = DeviceStatus(state="online", boot_id="ffeeddccbbaa9988")
        box.send_raw(("traffic/v1/berlin-1/box/status", online.wire()), retain=True)
    with Reader(broker, file), open_store(file) as store:
        wait_until(lambda: store.query("SELECT site, device, state FROM devices") == [("berlin-1", "box", "online")])


def test_a_bad_message_stops_nothing_and_is_told(broker, file):
    with Box(broker.port) as box, Reader(broker, file) as reader, open_store(file) as store:
        box.send_raw(
            ("traffic/v1/berlin-1/box/line/door", b'{"track": "Mrs. Miller"}'),
            ("traffic/v1/berlin-1/box/line/door", b"\xff"),
            ("traffic/v1/Mrs. Miller/box/line/door", b"{}"),
        )
        box.send(line(1), line(1, out=7))
        wait_until(lambda: count(store, "dead_letters") == 4)
        assert count(store) == 1
        log = reader.log()
        assert "refused traffic/v1/berlin-1/box/line/door: json: expected UTF-8 JSON" in log
        assert "berlin-1/box: line/door, epoch 0123456789abcdef, seq 1: came again with another content" in log
        assert "Miller" not in log
        assert "Miller" not in repr(store.query("SELECT * FROM dead_letters"))


def test_missing_rows_are_asked_for_and_come(broker, dsn):
    rows = [line(seq) for seq in range(1, 8)]
    with Box(broker.port, kept=rows) as box, Reader(broker, dsn, "--grace-s", "0"), open_store(dsn) as store:
        box.send(rows[0], rows[6])
        wait_until(lambda: count(store) == 7)
        (request,) = box.requests
        assert (request.series, request.from_seq, request.to_seq) == ("line/door", 2, 6)
        assert count(store, "gaps") == 0


def test_rows_that_the_box_has_no_more_are_given_up_and_told(broker, file):
    kept = [line(1), line(2), line(5)]
    with (
        Box(broker.port, kept=kept) as box,
        Reader(broker, file, "--grace-s", "0") as reader,
        open_store(file) as store,
    ):
        box.send(line(1), line(5))
        wait_until(lambda: count(store, "notices") == 1)
        wait_until(lambda: count(store) == 3)
        assert store.query("SELECT from_seq, to_seq FROM gaps WHERE lost = 1 ORDER BY 1") == [(3, 3), (4, 4)]
        assert "line/door: 2 rows are lost for good" in reader.log()


def test_rows_of_an_older_epoch_are_given_up(broker, file):
    with Box(broker.port, epoch="f" * 16) as box, Reader(broker, file, "--grace-s", "0"), open_store(file) as store:
        box.send(line(2), line(1, epoch="f" * 16))
        wait_until(lambda: store.query("SELECT from_seq, to_seq, lost FROM gaps") == [(1, 1, 1)])


def test_user_and_password_for_the_broker(tmp_path, file):
    secret = tmp_path / "password"
    secret.write_text(SECRET + "\n")
    with Mosquitto(tmp_path / "broker", users={"reader": SECRET}) as broker:
        with Reader(broker, file, "--username", "reader", "--password-file", str(secret)) as reader:
            assert SECRET not in reader.log()
        wrong = Reader(broker, file, "--username", "reader", environment={"TRAFFIC_MQTT_PASSWORD": f"no-{SECRET}"})
        wrong.launch()
        wait_until(lambda: "refused: Not authorized" in wrong.log())
        wrong.kill()
        assert SECRET not in wrong.log()

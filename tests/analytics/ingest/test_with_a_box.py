"""The reader and the real publisher of a box: what the broker never kept, the box sends again."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from analytics.store import open_store
from edge.adapters.mqtt import Broker, Commands, Publisher
from edge.adapters.outbox import Outbox
from edge.core.books import Sender
from edge.core.message import Message, topic
from edge.core.report import IntervalReport, LineFacts, ZoneFacts
from edge.resend import Resending
from tests.analytics.reading import Reader
from tests.analytics.shop import START_S
from tests.mosquitto import Mosquitto, wait_until

SENDER = Sender("berlin-1", "box", "ffeeddccbbaa9988")


def count_an_interval(outbox: Outbox, number: int) -> None:
    """Posts the rows of an interval in which `number` came in."""
    start_s = START_S + 300 * number
    report = IntervalReport(
        start_s, start_s + 300, lines={"door": LineFacts(in_=number, in_raw=number)}, zones={"shoes": ZoneFacts()},
        observed_s=300.0, frames=3000, config_id="00112233445566ff",
    )  # fmt: skip
    outbox.post(lambda books: books.post(report, SENDER, "2025-11-24"))


def publisher(broker: Mosquitto, outbox: Outbox, folder: Path) -> Publisher:
    commands = Commands(
        topic=topic("berlin-1", "box", "cmd", "replay"),
        answers=topic("berlin-1", "box", "answer"),
        handle=Resending(outbox, folder / "wishes").answer,
    )
    will = Message(topic("berlin-1", "box", "status"), b"{}", retain=True)
    where = Broker(host=broker.host, port=broker.port, client_id="box")
    return Publisher(where, outbox, will=will, birth=list, commands=commands)


def test_rows_from_before_the_first_reader_come_too(tmp_path, dsn):
    with (
        Mosquitto(tmp_path / "broker") as broker,
        Outbox(tmp_path / "outbox.db") as outbox,
        publisher(broker, outbox, tmp_path) as box,
    ):
        for number in range(1, 11):
            count_an_interval(outbox, number)
        assert box.drain(30.0)  # the broker has acknowledged them all, and has nobody to give them to
        with Reader(broker, dsn, "--grace-s", "0"), open_store(dsn) as store:
            count_an_interval(outbox, 11)
            box.wake()
            for table in ("line_rows", "zone_rows", "occupancy_rows"):
                counted = partial(store.query, f"SELECT count(*) FROM {table}")
                wait_until(lambda counted=counted: counted() == [(11,)], turn=box.pump)  # type: ignore[misc]
            assert store.query("SELECT sum(in_count) FROM line_rows") == [(66,)]
            assert store.query("SELECT seq, in_count FROM registers") == [(11, 66)]
            assert [store.query(f"SELECT count(*) FROM {table}") for table in ("gaps", "dead_letters", "notices")] == [
                [(0,)]
            ] * 3

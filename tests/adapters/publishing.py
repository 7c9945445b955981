"""A publisher with an outbox behind it, ready for a test; and a broker that answers what it was told to."""

from __future__ import annotations

import dataclasses
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from edge.adapters.mqtt import Broker, Commands, Publisher
from edge.adapters.outbox import Outbox
from edge.core.books import Books
from edge.core.message import Message
from tests.mosquitto import Collector, Mosquitto, wait_until

REPOSITORY = Path(__file__).parents[2]
DEVICE = "traffic/v1/s/d"
DOOR = f"{DEVICE}/line/door"
SIDE = f"{DEVICE}/line/side"
STATUS = f"{DEVICE}/status"
SECRET = "correct-horse-battery"
WILL = Message(STATUS, b'{"state":"offline"}', retain=True)
ONLINE = Message(STATUS, b'{"state":"online"}', retain=True)
INFO = Message(f"{DEVICE}/info", b'{"software":"1.0.0"}', retain=True)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox(tmp_path / "outbox.db") as outbox:
        yield outbox


def broker_at(port: int, **more: Any) -> Broker:
    return dataclasses.replace(Broker(host="127.0.0.1", port=port, client_id="edge-test"), **more)


def publisher_to(
    broker: Mosquitto | int,
    outbox: Outbox,
    *,
    window: int = 20,
    silence_s: float = 20.0,
    commands: Commands | None = None,
    **more: Any,
) -> Publisher:
    """A publisher with births and a will, that tries refused things again soon."""
    return Publisher(
        broker_at(broker if isinstance(broker, int) else broker.port, **more),
        outbox,
        will=WILL,
        birth=lambda: [ONLINE, INFO],
        commands=commands,
        window=window,
        retry_s=0.3,
        silence_s=silence_s,
    )


def connect(publisher: Publisher) -> None:
    """Pump until the broker has the births."""
    wait_until(lambda: publisher.connected, turn=publisher.pump)
    assert publisher.drain(30.0)


def post(outbox: Outbox, count: int, topic: str = DOOR, *, size: int = 100) -> None:
    """Post `count` rows in one interval."""
    series = topic.removeprefix(f"{DEVICE}/")

    def posting(books: Books) -> tuple[list[Message], Books]:
        first = books.last_seq.get(series, 0) + 1
        messages = [
            Message(topic, json.dumps({"seq": seq, "pad": "x" * size}).encode(), series=series, seq=seq)
            for seq in range(first, first + count)
        ]
        return messages, dataclasses.replace(books, last_seq={**books.last_seq, series: first + count - 1})

    outbox.post(posting)


def seqs(collector: Collector, topic: str = DOOR) -> list[int]:
    return [int(json.loads(payload)["seq"]) for payload in collector.on(topic)]


def all_here(collector: Collector, count: int, topic: str = DOOR) -> Callable[[], bool]:
    return lambda: set(seqs(collector, topic)) >= set(range(1, count + 1))


class FakeBroker:
    """A TCP server that answers every CONNECT with the same bytes, and no PUBLISH ever.

    Args:
        port: On loopback.
        connack: The bytes.
        connections: Number of connections that it accepts before it listens no more.
    """

    def __init__(self, port: int, connack: bytes, *, connections: int = 1) -> None:
        self.received: list[bytes] = []
        """What came on each connection."""
        self.hang_up = threading.Event()
        """Set it to close the present connection."""
        self._connack = connack
        self._connections = connections
        self._server = socket.create_server(("127.0.0.1", port))
        self._thread = threading.Thread(target=self._serve)

    def rows(self) -> int:
        """Number of rows that came on the last connection."""
        return self.received[-1].count(DOOR.encode()) if self.received else 0

    def _serve(self) -> None:
        for last in range(self._connections - 1, -1, -1):
            connection, _ = self._server.accept()
            with connection:
                if last == 0:
                    self._server.close()
                self.received.append(connection.recv(4096))
                connection.sendall(self._connack)
                connection.settimeout(0.05)
                self._listen(connection)

    def _listen(self, connection: socket.socket) -> None:
        while not self.hang_up.is_set():
            with suppress(TimeoutError, ConnectionError):
                data = connection.recv(65536)
                if not data:
                    return
                self.received[-1] += data
        self.hang_up.clear()

    def __enter__(self) -> FakeBroker:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.hang_up.set()
        self._thread.join()
        self._server.close()

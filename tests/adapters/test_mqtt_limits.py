"""The window, what a broker will not take, threads that end, and brokers that hang."""

from __future__ import annotations

import signal
import socket
import struct
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from edge.adapters.mqtt import Publisher
from edge.adapters.mqtt.backoff import Backoff
from edge.adapters.mqtt.link import Link
from edge.adapters.outbox import Outbox
from edge.core.message import Message
from tests.adapters.publishing import (
    DEVICE,
    DOOR,
    INFO,
    ONLINE,
    SIDE,
    WILL,
    FakeBroker,
    all_here,
    broker_at,
    connect,
    outbox,
    post,
    publisher_to,
)
from tests.mosquitto import Collector, Mosquitto, free_port, wait_until

__all__ = ["outbox"]  # a fixture


def test_no_matching_subscribers_is_told_and_the_row_is_the_brokers(tmp_path: Path, outbox: Outbox) -> None:
    with Mosquitto(tmp_path / "broker") as broker, publisher_to(broker, outbox) as publisher:
        post(outbox, 2)
        assert publisher.drain(30.0)
        assert outbox.depth() == 0
        assert publisher.problem == "no matching subscribers"
        assert publisher.state == "no_subscribers"
        with Collector(broker.port):
            post(outbox, 1)
            assert publisher.drain(30.0)
            assert publisher.problem is None


def test_what_the_broker_keeps_needs_nobody_who_listens_now(tmp_path: Path, outbox: Outbox) -> None:
    kept = Message("homeassistant/device/s/d/config", b"{}", retain=True)
    with Mosquitto(tmp_path / "broker") as broker, publisher_to(broker, outbox) as publisher:
        outbox.post(lambda books: ([kept], books))
        assert publisher.drain(30.0)
        assert publisher.state == "ok"


def test_health_goes_out_without_an_acknowledgement(tmp_path: Path, outbox: Outbox) -> None:
    health = Message(f"{DEVICE}/health", b"{}", qos=0, expiry_s=60)
    with Mosquitto(tmp_path / "broker") as broker, Collector(broker.port) as collector:
        with publisher_to(broker, outbox) as publisher:
            connect(publisher)
            assert publisher.send(health)
            wait_until(lambda: collector.on(health.topic), turn=publisher.pump)
        assert next(m.qos for m in collector.messages if m.topic == health.topic) == 0


def test_a_row_too_large_for_the_broker_holds_up_nobody(tmp_path: Path, outbox: Outbox) -> None:
    with (
        Mosquitto(tmp_path / "broker", extra="max_packet_size 2000") as broker,
        Collector(broker.port) as collector,
        publisher_to(broker, outbox) as publisher,
    ):
        post(outbox, 1, size=5000)
        post(outbox, 10, SIDE)
        publisher.wake()
        wait_until(all_here(collector, 10, SIDE), turn=publisher.pump)
        assert publisher.problem == f"packet too large for the broker: {DOOR}"
        assert publisher.connected
        wait_until(lambda: outbox.depth() == 1, turn=publisher.pump)


@pytest.mark.parametrize(
    ("connack", "window", "expected"),
    [
        (b"\x20\x03\x00\x00\x00", 20, 18),  # two births and 18 rows
        (b"\x20\x06\x00\x00\x03\x21\x00\x07", 20, 5),  # the broker's Receive Maximum is 7
        (b"\x20\x06\x00\x00\x03\x21\x00\x07", 5, 3),
    ],
)
def test_never_more_in_flight_than_the_window(outbox: Outbox, connack: bytes, window: int, expected: int) -> None:
    post(outbox, 100)
    port = free_port()
    with FakeBroker(port, connack) as broker, publisher_to(port, outbox, window=window) as publisher:
        wait_until(lambda: broker.rows() >= expected, turn=publisher.pump)
        assert not publisher.drain(0.5)
        assert broker.rows() == expected
    assert outbox.depth() == 100


def test_after_a_reconnect_births_come_first_and_rows_in_flight_once(outbox: Outbox) -> None:
    post(outbox, 100)
    port = free_port()
    with (
        FakeBroker(port, b"\x20\x03\x00\x00\x00", connections=2) as broker,
        publisher_to(port, outbox) as publisher,
    ):
        wait_until(lambda: broker.rows() == 18, turn=publisher.pump)
        broker.hang_up.set()
        wait_until(lambda: not publisher.connected, turn=publisher.pump)
        wait_until(lambda: len(broker.received) == 2 and broker.rows() >= 18, turn=publisher.pump)
        assert not publisher.drain(0.3)
        assert broker.rows() == 18
        came = broker.received[-1]
        assert -1 < came.index(ONLINE.payload) < came.index(INFO.payload) < came.index(DOOR.encode())


def test_an_exception_in_a_callback_does_not_end_the_network(
    tmp_path: Path, outbox: Outbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_arguments: object) -> None:
        raise ZeroDivisionError

    post(outbox, 5)
    with Mosquitto(tmp_path / "broker") as broker, Collector(broker.port) as collector:
        with monkeypatch.context() as patch:
            patch.setattr(Link, "_on_publish", broken)
            publisher = publisher_to(broker, outbox)
            publisher.__enter__()
        try:
            wait_until(all_here(collector, 5), turn=publisher.pump)
            assert not publisher.drain(0.3)
            assert "ZeroDivisionError" in caplog.text
            health = Message(f"{DEVICE}/health", b"{}", qos=0)
            assert publisher.send(health)
            wait_until(lambda: collector.on(health.topic))
        finally:
            publisher.__exit__(None, None, None)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_network_thread_that_ended_is_started_anew(
    tmp_path: Path, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object) -> None:
        raise ZeroDivisionError

    post(outbox, 5)
    with Mosquitto(tmp_path / "broker") as broker, Collector(broker.port):
        with monkeypatch.context() as patch:
            patch.setattr(Link, "_guarded", staticmethod(lambda callback: callback))
            patch.setattr(Link, "_on_publish", broken)
            publisher = publisher_to(broker, outbox)
            publisher.__enter__()
        try:
            wait_until(lambda: publisher.problem == "the network thread ended", turn=publisher.pump)
            assert not publisher.connected
            assert publisher.drain(30.0)
        finally:
            publisher.__exit__(None, None, None)
    assert outbox.depth() == 0


def test_a_broker_that_acknowledges_nothing_is_left_and_tried_again(outbox: Outbox) -> None:
    post(outbox, 100)
    port = free_port()
    with (
        FakeBroker(port, b"\x20\x03\x00\x00\x00", connections=3) as broker,
        publisher_to(port, outbox, silence_s=0.3) as publisher,
    ):
        wait_until(lambda: publisher.connected, turn=publisher.pump)
        states = [publisher.state]
        wait_until(lambda: len(broker.received) == 3 and broker.rows() > 0, turn=publisher.pump)
        states.append(publisher.state)
        assert states == ["ok", "silent"], "silent also while it is connected again"
        assert publisher.problem == "no acknowledgement for 0.3 s"
    assert outbox.depth() == 100


def test_a_broker_that_takes_the_connection_and_never_answers_is_left(outbox: Outbox) -> None:
    port = free_port()
    with FakeBroker(port, b"", connections=2) as broker, publisher_to(port, outbox, silence_s=0.3) as publisher:
        wait_until(lambda: len(broker.received) == 2, turn=publisher.pump)
        assert publisher.state == "silent"
        assert not publisher.connected


def test_a_broker_that_hangs_up_at_once_is_tried_again(tmp_path: Path, outbox: Outbox) -> None:
    """The way to a broken pipe while paho writes its CONNECT."""
    post(outbox, 5)
    with (
        Mosquitto(tmp_path / "broker", start=False) as broker,
        socket.create_server(("127.0.0.1", broker.port)) as server,
        publisher_to(broker, outbox) as publisher,
    ):
        for _ in range(3):
            wait_until(lambda: _hang_up(server), turn=publisher.pump)
        wait_until(lambda: publisher.problem, turn=publisher.pump)
        server.close()
        broker.start()
        with Collector(broker.port) as collector:
            wait_until(all_here(collector, 5), turn=publisher.pump)


def _hang_up(server: socket.socket) -> bool:
    server.setblocking(False)
    try:
        connection, _ = server.accept()
    except BlockingIOError:
        return False
    with connection:  # a reset, not a goodbye
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return True


def test_waiting_times_have_full_jitter_and_a_bound() -> None:
    backoffs = [Backoff(1.0, 30.0) for _ in range(1000)]
    for bound in (1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0):
        waits = [backoff.next_s() for backoff in backoffs]
        assert max(waits) <= bound
        assert sum(wait < bound / 4 for wait in waits) > 150, "anything down to nothing"
        assert sum(wait > 3 * bound / 4 for wait in waits) > 150
    backoffs[0].reset()
    assert all(Backoff(0.001).next_s() <= 0.001 for _ in range(10))
    assert backoffs[0].next_s() <= 1.0


def test_a_broker_that_hangs_does_not_hold_up_the_stop(tmp_path: Path, outbox: Outbox) -> None:
    with Mosquitto(tmp_path / "broker") as broker:
        with publisher_to(broker, outbox, keepalive_s=600) as publisher:
            connect(publisher)
            broker.signal(signal.SIGSTOP)
            post(outbox, 5000, size=1000)
            assert not publisher.drain(0.5)
        broker.signal(signal.SIGCONT)  # reached: the stop did not wait for 600 s
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("paho")]


def test_an_idle_pump_leaves_the_queue_alone(tmp_path: Path) -> None:
    class Empty:
        asked = 0

        def pending(self, after_id: int, limit: int) -> Sequence[object]:
            self.asked += 1
            return []

        def acknowledge(self, ids: Sequence[int]) -> None:
            raise AssertionError

    queue = Empty()
    with (
        Mosquitto(tmp_path / "broker") as broker,
        Publisher(broker_at(broker.port), queue, will=WILL, birth=list) as publisher,  # type: ignore[arg-type]
    ):
        connect(publisher)
        publisher.pump()
        before = queue.asked
        for _ in range(100):
            publisher.pump()
        assert queue.asked == before
        publisher.wake()
        publisher.pump()
        assert queue.asked == before + 1

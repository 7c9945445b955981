"""The publisher and the outbox against a real mosquitto that is stopped, locked, secured, hung and emptied."""

from __future__ import annotations

import dataclasses
import json
import logging
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from edge.adapters.mqtt import Broker, Publisher
from edge.adapters.mqtt.link import Link
from edge.adapters.outbox import Outbox
from edge.core.books import Books
from edge.core.message import Message
from edge.errors import BrokerError
from tests.mosquitto import Certificates, Collector, Mosquitto, free_port, program, wait_until

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


def publisher_to(broker: Mosquitto | int, outbox: Outbox, *, window: int = 20, **more: Any) -> Publisher:
    """A publisher with births and a will, that tries refused things again soon."""
    port = broker if isinstance(broker, int) else broker.port
    return Publisher(
        broker_at(port, **more), outbox, will=WILL, birth=lambda: [ONLINE, INFO], window=window, retry_s=0.3
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


paho_forgets_to_close = pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")
"""paho 2.2 leaves a socket whose handshake failed to the garbage collector."""


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


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_rows_arrive_and_are_acknowledged(tmp_path: Path, outbox: Outbox, protocol: str) -> None:
    post(outbox, 50)
    with Mosquitto(tmp_path / "broker") as broker, Collector(broker.port) as collector:
        with publisher_to(broker, outbox, protocol=protocol) as publisher:
            assert publisher.puback_age_s() is None
            assert publisher.drain(30.0)
            age_s = publisher.puback_age_s()
            assert age_s is not None
            assert age_s < 30.0
            assert publisher.connected
            assert publisher.problem is None
        wait_until(all_here(collector, 50))
        wait_until(lambda: WILL.payload in collector.on(STATUS))
    assert outbox.depth() == 0
    assert seqs(collector) == list(range(1, 51)), "in order, none twice"
    assert [message.topic for message in collector.messages[:2]] == [STATUS, INFO.topic], "births come first"
    assert {message.qos for message in collector.messages} == {1}
    assert f"as edge-test (p{5 if protocol == '5' else 2}," in broker.log()


def test_v5_properties_of_rows_and_will(tmp_path: Path, outbox: Outbox) -> None:
    outbox.post(lambda books: ([Message(DOOR, b"{}", expiry_s=600)], books))
    with Mosquitto(tmp_path / "broker") as broker, Collector(broker.port) as collector:
        with publisher_to(broker, outbox) as publisher:
            assert publisher.drain(30.0)
        wait_until(lambda: collector.on(DOOR) and WILL.payload in collector.on(STATUS))
        assert len(collector.messages) == 4
        for message in collector.messages:
            assert message.properties is not None
            properties = message.properties.json()  # type: ignore[no-untyped-call]
            assert properties["ContentType"] == "application/json"
            assert properties["UserProperty"] == [("schema", "1")]
            assert properties.get("MessageExpiryInterval", 0) in (range(590, 601) if message.topic == DOOR else (0,))


def test_amqtt_takes_rows_in_3_1_1(tmp_path: Path, outbox: Outbox) -> None:
    port = free_port()
    config = tmp_path / "amqtt.yaml"
    config.write_text(
        f"listeners:\n  default:\n    type: tcp\n    bind: 127.0.0.1:{port}\n"
        "plugins:\n  amqtt.plugins.authentication.AnonymousAuthPlugin:\n    allow_anonymous: true\n",
        encoding="utf-8",
    )
    amqtt = Path(sys.executable).with_name("amqtt")
    with (tmp_path / "amqtt.log").open("wb") as log:
        process = subprocess.Popen([amqtt, "-c", config], stdout=log, stderr=log)
    try:
        wait_until(lambda: _listens(port))
        with Collector(port, protocol=MQTTProtocolVersion.MQTTv311) as collector:
            post(outbox, 30)
            with publisher_to(port, outbox, protocol="3.1.1") as publisher:
                assert publisher.drain(30.0)
            wait_until(all_here(collector, 30))
            wait_until(lambda: WILL.payload in collector.on(STATUS))
    finally:
        process.terminate()
        process.wait(30.0)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_broker_that_comes_late(tmp_path: Path, outbox: Outbox, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    post(outbox, 5)
    with Mosquitto(tmp_path / "broker", start=False) as broker, publisher_to(broker, outbox) as publisher:
        wait_until(lambda: publisher.problem == "connection refused", turn=publisher.pump)
        assert not publisher.connected
        assert not publisher.send(INFO), "health is dropped when offline"
        assert not publisher.drain(2.0), "there have been several attempts by now"
        broker.start()
        with Collector(broker.port) as collector:
            wait_until(all_here(collector, 5), turn=publisher.pump)
            wait_until(lambda: outbox.depth() == 0, turn=publisher.pump)
        assert publisher.problem is None
    assert caplog.text.count("connection refused") == 1, "a transition is logged once"


def test_a_broker_that_stops_in_the_middle_and_comes_back_empty(
    tmp_path: Path, outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    # Rows that a broker has acknowledged and queued die with it, and only a replay brings them back. This is about the
    # way to the broker, so it passes everything on at once.
    at_once = "max_inflight_messages 0\nmax_queued_messages 0"
    with (
        Mosquitto(tmp_path / "broker", extra=at_once) as broker,
        Collector(broker.port) as collector,
        publisher_to(broker, outbox) as publisher,
    ):
        for turn in range(3):
            post(outbox, 100)
            publisher.wake()
            wait_until(lambda turn=turn: len(seqs(collector)) > 100 * turn + 40, turn=publisher.pump)  # type: ignore[misc]
            if turn == 1:
                broker.signal(signal.SIGSTOP)
                post(outbox, 20)
                assert not publisher.drain(0.3)  # a window of rows is on its way and never gets there
            broker.stop(kill=turn == 1)
            post(outbox, 40, SIDE)
            publisher.wake()
            wait_until(lambda: not publisher.connected, turn=publisher.pump)
            broker.start()
            collector.wait_subscribed()
        assert publisher.drain(30.0)
        wait_until(all_here(collector, 320))
        wait_until(all_here(collector, 120, SIDE))
        late = Counter(message.topic for message in collector.messages)
        assert late[STATUS] >= 3, "born again on every connection"
    twice = len(seqs(collector)) + len(seqs(collector, SIDE)) - 440
    logging.getLogger(__name__).info("%d of 440 rows came twice", twice)
    assert 0 <= twice <= 3 * 20, "only what was in flight may come twice"


def test_births_are_retained_again_after_the_broker_was_emptied(tmp_path: Path, outbox: Outbox) -> None:
    with Mosquitto(tmp_path / "broker") as broker, publisher_to(broker, outbox) as publisher:
        connect(publisher)
        broker.stop()
        wait_until(lambda: not publisher.connected, turn=publisher.pump)
        broker.start()
        connect(publisher)
        with Collector(broker.port) as late:
            wait_until(lambda: len(late.messages) == 2)
            assert {(message.topic, message.payload) for message in late.messages} == {
                (STATUS, ONLINE.payload),
                (INFO.topic, INFO.payload),
            }
            assert all(message.retain for message in late.messages)


def test_a_clean_stop_leaves_offline_behind(tmp_path: Path, outbox: Outbox) -> None:
    with Mosquitto(tmp_path / "broker") as broker:
        with publisher_to(broker, outbox) as publisher:
            connect(publisher)
        with Collector(broker.port, STATUS) as late:
            wait_until(lambda: late.messages)
            assert late.on(STATUS) == [WILL.payload]
        assert "Received DISCONNECT from edge-test" in broker.log()


def test_killed_after_the_commit_the_rows_come_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    with Mosquitto(tmp_path / "broker") as broker, Collector(broker.port) as collector:
        child = (
            "import time; from pathlib import Path; from tests.adapters.test_mqtt import *\n"
            f"with Outbox(Path({str(path)!r})) as outbox, publisher_to({broker.port}, outbox) as publisher:\n"
            "    post(outbox, 10)\n"
            "    assert publisher.drain(30.0)\n"
            "    post(outbox, 10)\n"
            "    print('committed', flush=True); time.sleep(600)\n"
        )
        with subprocess.Popen([sys.executable, "-c", child], cwd=REPOSITORY, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"committed\n"
            process.kill()
        wait_until(lambda: WILL.payload in collector.on(STATUS))
        assert seqs(collector) == list(range(1, 11))
        with Outbox(path) as outbox, publisher_to(broker, outbox) as publisher:
            assert publisher.drain(30.0)
            wait_until(all_here(collector, 20))
    assert seqs(collector) == list(range(1, 21)), "what was acknowledged is not sent again"


def test_a_forbidden_topic_stays_pending_and_holds_up_nobody(
    tmp_path: Path, outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    post(outbox, 200)
    post(outbox, 60, SIDE)
    acl = f"topic readwrite #\ntopic deny {DOOR}\n"
    with (
        Mosquitto(tmp_path / "broker", acl=acl) as broker,
        Collector(broker.port) as collector,
        publisher_to(broker, outbox) as publisher,
    ):
        wait_until(all_here(collector, 60, SIDE), turn=publisher.pump)
        assert publisher.problem == f"not authorised: {DOOR}"
        assert not publisher.drain(2.0)
        assert outbox.depth() == 200
        refused = broker.log().count("Denied PUBLISH")
        assert 1 <= refused <= 20 + 8, "a window and then single probes, not a hot loop"
        assert caplog.text.count("not authorised") == 1
        (broker.folder / "acl").write_text("topic readwrite #\n", encoding="utf-8")
        post(outbox, 2000, SIDE)  # so that rows are in flight while the refused ones start again
        broker.signal(signal.SIGHUP)
        assert publisher.drain(60.0)
        wait_until(all_here(collector, 200))
        wait_until(all_here(collector, 2060, SIDE))
        assert (len(seqs(collector)), len(seqs(collector, SIDE))) == (200, 2060), "none twice"
        assert outbox.depth() == 0
        assert "all is well" in caplog.text


def test_a_wrong_password_is_a_problem_and_appears_nowhere(
    tmp_path: Path, outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    post(outbox, 3)
    users = {"edge": "right", "reader": "r"}
    with Mosquitto(tmp_path / "broker", users=users) as broker:
        login = broker_at(broker.port, username="edge", password=SECRET)
        with Publisher(login, outbox, will=WILL, birth=list) as publisher:
            wait_until(lambda: publisher.problem == "not authorised", turn=publisher.pump)
            assert not publisher.drain(1.5)
            assert publisher.problem == "not authorised", "and not how the connection ended after that"
            seen = f"{login!r} {login} {publisher!r} {publisher.problem}"
        with publisher_to(broker, outbox, username="edge", password="right") as publisher:
            assert publisher.drain(30.0)
    assert SECRET not in caplog.text + seen
    assert caplog.text.count("not authorised") == 1


@paho_forgets_to_close
def test_tls_with_an_authority_of_our_own(tmp_path: Path, outbox: Outbox) -> None:
    certificates = Certificates(tmp_path / "certificates")
    stranger = certificates.authority("stranger")
    post(outbox, 10)
    with Mosquitto(tmp_path / "broker", certificates=certificates) as broker:
        with publisher_to(broker, outbox, ca_file=stranger) as publisher:
            wait_until(lambda: "not trusted" in (publisher.problem or ""), turn=publisher.pump)
        with publisher_to(broker, outbox) as publisher:  # plain TCP
            wait_until(lambda: publisher.problem == "closed by the broker before it answered", turn=publisher.pump)
        assert outbox.depth() == 10
        with (
            Collector(broker.port, ca_file=certificates.ca_file) as collector,
            publisher_to(broker, outbox, host="localhost", ca_file=certificates.ca_file) as publisher,
        ):
            assert publisher.drain(30.0)
            wait_until(all_here(collector, 10))
    assert outbox.depth() == 0


def test_tls_with_a_client_certificate(tmp_path: Path, outbox: Outbox) -> None:
    made = Certificates(tmp_path / "certificates")
    post(outbox, 10)
    with Mosquitto(tmp_path / "broker", certificates=made, require_client_certificate=True) as broker:
        with publisher_to(broker, outbox, ca_file=made.ca_file) as publisher:
            wait_until(lambda: publisher.problem, turn=publisher.pump)
            assert not publisher.connected
        files: dict[str, Any] = {"ca_file": made.ca_file, "cert_file": made.client_cert, "key_file": made.client_key}
        with publisher_to(broker, outbox, **files) as publisher:
            assert publisher.drain(30.0)


@paho_forgets_to_close
def test_tls_on_a_port_that_does_not_speak_it(tmp_path: Path, outbox: Outbox) -> None:
    with Mosquitto(tmp_path / "broker") as broker, publisher_to(broker, outbox, tls=True) as publisher:
        wait_until(lambda: "connection failed" in (publisher.problem or ""), turn=publisher.pump)


def test_wrong_tls_files_are_named(tmp_path: Path, outbox: Outbox) -> None:
    made = Certificates(tmp_path / "certificates")
    text, missing = tmp_path / "text.pem", tmp_path / "missing.pem"
    text.write_text("no certificate", encoding="utf-8")
    locked = tmp_path / "locked.key"
    pass_phrase = ["-aes256", "-passout", "pass:x"]
    subprocess.run([program("openssl"), "ec", "-in", made.client_key, "-out", locked, *pass_phrase], check=True)
    cases: list[tuple[dict[str, Any], str]] = [
        ({"ca_file": missing}, r"missing\.pem: expected a PEM file .* No such file"),
        ({"ca_file": tmp_path}, r"expected a PEM file .* Is a directory"),
        ({"ca_file": text}, r"text\.pem: expected PEM certificates"),
        ({"cert_file": text}, r"text\.pem, same file: expected a PEM certificate and its key"),
        ({"cert_file": made.client_cert, "key_file": missing}, r"missing\.pem: expected a PEM file"),
        ({"cert_file": made.client_cert, "key_file": made.server_key}, r"server\.key: expected"),
        ({"cert_file": made.client_cert, "key_file": locked}, r"locked\.key: expected .* without a pass phrase"),
        ({"key_file": made.client_key}, r"expected a certificate with the key"),
    ]
    for files, expected in cases:
        with pytest.raises(BrokerError, match=expected):
            publisher_to(1883, outbox, **files)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"host": ""}, "expected a host name"),
        ({"host": "a..b"}, "expected a host name"),
        ({"port": 0}, "expected a port from 1 to 65535, got 0"),
        ({"port": 65536}, "expected a port from 1 to 65535, got 65536"),
        ({"password": SECRET}, "expected a user name with the password"),
    ],
)
def test_settings_that_cannot_work(settings: dict[str, Any], expected: str) -> None:
    with pytest.raises(BrokerError, match=expected) as caught:
        Broker(**{"host": "localhost", "client_id": "edge-test", **settings})
    assert SECRET not in str(caught.value)


def test_a_host_that_is_not_there(outbox: Outbox) -> None:
    with publisher_to(1883, outbox, host="nobody.invalid") as publisher:
        wait_until(lambda: publisher.problem == "host not found", turn=publisher.pump)


def test_no_matching_subscribers_is_told_and_the_row_is_the_brokers(tmp_path: Path, outbox: Outbox) -> None:
    with Mosquitto(tmp_path / "broker") as broker, publisher_to(broker, outbox) as publisher:
        post(outbox, 2)
        assert publisher.drain(30.0)
        assert outbox.depth() == 0
        assert publisher.problem == "no matching subscribers"
        with Collector(broker.port):
            post(outbox, 1)
            assert publisher.drain(30.0)
            assert publisher.problem is None


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
def test_a_network_thread_that_ended_is_started_anew(tmp_path: Path, outbox: Outbox) -> None:
    post(outbox, 5)
    refused_version = b"\x20\x02\x00\x01"  # paho connects again from within its parser, and nobody listens any more
    with (
        Mosquitto(tmp_path / "broker", start=False) as broker,
        FakeBroker(broker.port, refused_version),
        publisher_to(broker, outbox, protocol="3.1.1") as publisher,
    ):
        wait_until(lambda: publisher.problem == "the network thread ended", turn=publisher.pump)
        broker.start()
        assert publisher.drain(30.0)
    assert outbox.depth() == 0


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

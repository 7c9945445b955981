"""Rows arrive at a real mosquitto once it has them, whatever became of it in between."""

from __future__ import annotations

import logging
import signal
import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from edge.adapters.outbox import Outbox
from edge.core.message import Message
from tests.adapters.publishing import (
    DOOR,
    INFO,
    ONLINE,
    REPOSITORY,
    SIDE,
    STATUS,
    WILL,
    all_here,
    connect,
    outbox,
    post,
    publisher_to,
    seqs,
)
from tests.mosquitto import Collector, Mosquitto, free_port, wait_until

__all__ = ["outbox"]  # a fixture


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
            "import time; from pathlib import Path; from tests.adapters.publishing import *\n"
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

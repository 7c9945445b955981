"""Old rows come again: asked for over a real broker, or by the command line while the service runs or not."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.adapters.mqtt import Commands
from edge.adapters.outbox import FullError, Outbox
from edge.core.message import REPLAY_ROWS, ReplayRequest
from edge.resend import Resending, leave
from tests.adapters.publishing import DEVICE, DOOR, all_here, post, publisher_to, seqs
from tests.mosquitto import Collector, Mosquitto, wait_until

REQUEST = f"{DEVICE}/cmd/replay"
ANSWERS = f"{DEVICE}/answer"


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox(tmp_path / "outbox.db") as outbox:
        yield outbox


def resending(outbox: Outbox, tmp_path: Path) -> Resending:
    return Resending(outbox, tmp_path / "door.resend")


def asked(outbox: Outbox, tmp_path: Path, request: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(resending(outbox, tmp_path).answer(request.encode()))
    return answer


class Asker:
    """A client that asks with the properties of MQTT 5."""

    def __init__(self, port: int) -> None:
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        connected = threading.Event()
        self._client.on_connect = lambda *_: connected.set()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert connected.wait(30.0)

    def ask(self, payload: str, to: str | None = None, correlation: bytes = b"7", *, retain: bool = False) -> None:
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        if to:
            properties.ResponseTopic = to
        properties.CorrelationData = correlation
        self._client.publish(REQUEST, payload, 1, retain, properties).wait_for_publish(30.0)

    def __enter__(self) -> Asker:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self._client.on_connect = None


def test_rows_that_a_reader_misses_come_again_and_the_answer_says_which_do_not(tmp_path: Path, outbox: Outbox) -> None:
    granting = resending(outbox, tmp_path)
    commands = Commands(topic=REQUEST, answers=ANSWERS, handle=granting.answer)
    with Mosquitto(tmp_path / "broker") as broker, publisher_to(broker, outbox, commands=commands) as publisher:
        post(outbox, 20)
        assert publisher.drain(30.0)  # to nobody
        with Collector(broker.port) as collector, Asker(broker.port) as asker:
            request = '{"series": "line/door", "from_seq": 5, "to_seq": 25}'
            asker.ask(request, f"{ANSWERS}/reader-1", b"number-9")
            wait_until(lambda: len(seqs(collector)) == 16, turn=publisher.pump)
            assert seqs(collector) == list(range(5, 21))
            (answer,) = collector.on(f"{ANSWERS}/reader-1")
            assert json.loads(answer) == {
                "schema": 1, "epoch": outbox.books.epoch, "series": "line/door", "from_seq": 5, "to_seq": 25,
                "sent": 16, "missing": [{"first": 21, "last": 25}], "problem": None,
            }  # fmt: skip
            came = next(message for message in collector.messages if message.topic.startswith(ANSWERS))
            assert came.properties is not None
            assert came.properties.CorrelationData == b"number-9"  # type: ignore[attr-defined]
            asker.ask(request)  # nobody waits for an answer
            wait_until(lambda: len(seqs(collector)) == 32, turn=publisher.pump)


@pytest.mark.parametrize(
    ("to", "correlation"),
    [
        (f"{DEVICE}/line/door", b""),
        (f"{ANSWERS}/a/b", b""),
        (f"{ANSWERS}/", b""),
        ("traffic/v1/s/other/answer/reader", b""),
        (f"{ANSWERS}/reader", b"x" * 129),
    ],
)
def test_nobody_makes_the_device_publish_elsewhere(
    tmp_path: Path, outbox: Outbox, to: str, correlation: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    commands = Commands(topic=REQUEST, answers=ANSWERS, handle=resending(outbox, tmp_path).answer)
    with (
        Mosquitto(tmp_path / "broker") as broker,
        publisher_to(broker, outbox, commands=commands) as publisher,
        Collector(broker.port) as collector,
        Asker(broker.port) as asker,
    ):
        post(outbox, 3)
        assert publisher.drain(30.0)
        asker.ask('{"series": "line/door", "from_seq": 1, "to_seq": 3}', to, correlation)
        wait_until(lambda: len(collector.on(DOOR)) == 6, turn=publisher.pump)
        wait_until(lambda: "not answered" in caplog.text, turn=publisher.pump)
        assert publisher.drain(30.0)
        assert not [m for m in collector.messages if "answer" in m.topic or m.payload.startswith(b'{"schema"')]


def test_a_retained_request_is_not_granted_at_every_connection(tmp_path: Path, outbox: Outbox) -> None:
    commands = Commands(topic=REQUEST, answers=ANSWERS, handle=resending(outbox, tmp_path).answer)
    with Mosquitto(tmp_path / "broker") as broker, Asker(broker.port) as asker, Collector(broker.port) as collector:
        post(outbox, 3)
        asker.ask('{"series": "line/door", "from_seq": 1, "to_seq": 3}', retain=True)
        with publisher_to(broker, outbox, commands=commands) as publisher:
            wait_until(all_here(collector, 3), turn=publisher.pump)
            assert not publisher.drain(0.3) or publisher.drain(0.3)
            assert seqs(collector) == [1, 2, 3]


@pytest.mark.parametrize(
    "request_",
    [
        "",
        "{",
        "[]",
        '{"series": "line/door"}',
        '{"series": "../x", "from_seq": 1, "to_seq": 2}',
        '{"series": "line/door", "from_seq": 3, "to_seq": 2}',
        '{"series": "occupancy", "from_seq": 0, "to_seq": 2}',
        '{"series": "occupancy", "from_seq": 1, "to_seq": 2, "note": "x"}',
        "\xff",
        "9" * 5000,
    ],
)
def test_a_request_that_is_none_is_answered_as_that(tmp_path: Path, outbox: Outbox, request_: str) -> None:
    answer = asked(outbox, tmp_path, request_)
    assert (answer["problem"], answer["series"], answer["sent"]) == ("invalid", None, 0)


def test_rows_of_another_epoch_are_not_these(tmp_path: Path, outbox: Outbox) -> None:
    post(outbox, 3)
    outbox.acknowledge([1, 2, 3])
    request = {"series": "line/door", "from_seq": 1, "to_seq": 3}
    assert asked(outbox, tmp_path, json.dumps(request | {"epoch": "00000000"}))["problem"] == "other_epoch"
    assert outbox.depth() == 0
    assert asked(outbox, tmp_path, json.dumps(request | {"epoch": outbox.books.epoch}))["sent"] == 3
    assert outbox.depth() == 3


def test_a_request_brings_back_a_bounded_number_of_rows(tmp_path: Path, outbox: Outbox) -> None:
    answer = asked(outbox, tmp_path, '{"series": "line/door", "from_seq": 3, "to_seq": 999999999999}')
    assert answer["to_seq"] == 2 + REPLAY_ROWS
    assert answer["missing"] == [{"first": 3, "last": 2 + REPLAY_ROWS}]


def test_a_full_disk_is_an_answer(tmp_path: Path, outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise FullError("no room")

    monkeypatch.setattr(Outbox, "resend", full)
    assert asked(outbox, tmp_path, '{"series": "occupancy", "from_seq": 1, "to_seq": 2}')["problem"] == "no_room"


def test_wishes_of_the_command_line_add_up_and_are_granted_once(tmp_path: Path, outbox: Outbox) -> None:
    post(outbox, 9)
    outbox.acknowledge(range(1, 10))
    wishes, granting = tmp_path / "door.resend", resending(outbox, tmp_path)
    assert not granting.take_wishes()
    leave(wishes, [ReplayRequest(series="line/door", from_seq=1, to_seq=2)])
    leave(wishes, [ReplayRequest(series="line/door", from_seq=8, to_seq=8)])
    wishes.write_text("nonsense\n" + wishes.read_text())
    assert granting.take_wishes()
    assert [row.message.seq for row in outbox.pending(0, 10)] == [1, 2, 8]
    assert not granting.take_wishes()
    assert [file.name for file in tmp_path.iterdir() if "resend" in file.name] == []

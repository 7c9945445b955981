"""`traffic ingest` as a process of its own, and a box at a real broker that sends rows and answers requests."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.core.message import Payload, ReplayAnswer, ReplayRequest, SeqRange
from tests.analytics.shop import EPOCH, sent
from tests.mosquitto import DEADLINE_S, Mosquitto, wait_until

BROKER = "max_queued_messages 0"
ROOT = Path(__file__).parents[2]


class Reader:
    """A reader; it may be killed and started again.

    Args:
        broker: Where rows come from.
        dsn: Of the database.
        name: Of the reader.
        options: More of the command line.
        environment: More of it.
    """

    def __init__(
        self, broker: Mosquitto, dsn: str, *options: str, name: str = "one", environment: dict[str, str] | None = None
    ) -> None:
        self.log_file = broker.folder / f"reader-{name}.log"
        self.command = [sys.executable, "-m", "analytics", "ingest", "--broker", broker.host, "--db", dsn]
        self.command += ["--port", str(broker.port), "--reader", name, "--batch-ms", "50", *options]
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it; waits until it has subscribed."""
        before = self.log().count(": connected")
        self.launch()
        wait_until(lambda: self.log().count(": connected") > before or self.ended())
        assert not self.ended(), self.log()

    def launch(self) -> None:
        """Starts it without waiting for anything."""
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(self.command, stdout=log, stderr=log, cwd=ROOT, env=self._environment)

    def kill(self) -> None:
        """Kills it as a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(DEADLINE_S)

    def stop(self) -> int:
        """Asks it to end; its exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(DEADLINE_S)

    def ended(self) -> bool:
        """Whether it has ended by itself."""
        return self._process is not None and self._process.poll() is not None

    def log(self) -> str:
        """What it has said so far."""
        return self.log_file.read_text() if self.log_file.exists() else ""

    def __enter__(self) -> Reader:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()


class Box:
    """Publishes payloads, and answers requests for rows from those that it keeps.

    Args:
        port: Of the broker.
        kept: Rows that it can send again.
        epoch: Of its state database, now.
    """

    def __init__(self, port: int, kept: Iterable[Payload] = (), epoch: str = EPOCH) -> None:
        self.requests: list[ReplayRequest] = []
        self._kept = {getattr(row, "seq", 0): row for row in kept}
        self._epoch = epoch
        self._subscribed = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, "box", protocol=MQTTProtocolVersion.MQTTv5)
        self._client.on_connect = lambda client, *_: client.subscribe("traffic/v1/berlin-1/box/cmd/replay", qos=1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port)

    def send(self, *payloads: Payload) -> None:
        """Publishes; waits until the broker has acknowledged all of it."""
        self.send_raw(*(sent(payload) for payload in payloads))

    def send_raw(self, *messages: tuple[str, bytes], retain: bool = False) -> None:
        """Likewise, with topic and bytes."""
        handed = [self._client.publish(topic, payload, qos=1, retain=retain) for topic, payload in messages]
        for each in handed:
            each.wait_for_publish(DEADLINE_S)

    def _on_message(self, client: Client, _: object, message: MQTTMessage) -> None:
        request = ReplayRequest.model_validate_json(message.payload)
        self.requests.append(request)
        seqs = range(request.from_seq, request.to_seq + 1)
        rows = [self._kept[seq] for seq in seqs if seq in self._kept]
        for topic, payload in map(sent, rows):
            client.publish(topic, payload, qos=1)
        missing = [SeqRange(first=seq, last=seq) for seq in seqs if seq not in self._kept]
        other = request.epoch != self._epoch
        answer = ReplayAnswer(
            epoch=self._epoch, series=request.series, from_seq=request.from_seq, to_seq=request.to_seq, sent=len(rows),
            missing=() if other else tuple(missing), problem="other_epoch" if other else None,
        )  # fmt: skip
        back = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        asked: Any = message.properties  # whose names mypy does not know
        back.CorrelationData = asked.CorrelationData
        client.publish(asked.ResponseTopic, answer.wire(), qos=1, properties=back)

    def __enter__(self) -> Box:
        self._client.loop_start()
        assert self._subscribed.wait(DEADLINE_S)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self._client.on_connect = self._client.on_subscribe = self._client.on_message = None

"""What an analyst would do with the messages: subscribe, and add up rows. It knows the wire and nothing else."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge.errors import BrokerError

Row = dict[str, Any]


class Analyst:
    """Subscribes to everything of one site while it is open, and keeps each row once, by its key.

    Args:
        port: Of a broker on loopback.
        site: Of the topics.
        on_message: Is shown every message (topic, payload).
    """

    def __init__(self, port: int, site: str, on_message: Callable[[str, Row], None]) -> None:
        self.rows: dict[tuple[str, str, str, int], Row] = {}
        self._port, self._site, self._show = port, site, on_message
        self._ready = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv311)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._on_message

    def __enter__(self) -> Analyst:
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        if not self._ready.wait(10.0):
            raise BrokerError(f"the demo's broker on port {self._port}: expected a subscription, got no answer in 10 s")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def wait_for(self, rows: int, timeout_s: float = 10.0) -> bool:
        """Waits until so many rows are there; False when they are not in time."""
        end = time.monotonic() + timeout_s
        while len(self.rows) < rows and time.monotonic() < end:
            time.sleep(0.02)
        return len(self.rows) >= rows

    def sums(self, series: str) -> Counter[str]:
        """The additive numbers of all rows of a series."""
        total: Counter[str] = Counter()
        for row in self.rows.values():
            if row["series"] == series:
                numbers = {key: value for key, value in row.items() if isinstance(value, int | float)}
                total.update(numbers)  # presence and dwell are seconds
        return total

    def _on_connect(
        self, client: Client, _: object, __: ConnectFlags, ___: ReasonCode, ____: Properties | None
    ) -> None:
        client.subscribe(f"traffic/v1/{self._site}/#", qos=1)

    def _on_message(self, _: Client, __: object, message: MQTTMessage) -> None:
        payload: Row = json.loads(message.payload)
        if "series" in payload:
            key = (payload["device"], payload["epoch"], payload["series"], payload["seq"])
            self.rows[key] = payload
        self._show(message.topic, payload)

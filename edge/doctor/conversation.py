"""One connection to a broker, all of it in the calling thread: what is sent, and what the broker answers.

It judges nothing. The service's own link (edge/adapters/mqtt) sends rows and hears nothing but answers; here the same
broker is asked questions that no service should ask.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from edge.adapters.mqtt import Broker
from edge.errors import BrokerError

WAIT_S = 10.0


class Conversation:
    """A context manager: connected inside.

    Args:
        broker: Where, and as whom; it should have a client id that nobody else uses.

    Raises:
        BrokerError: On entering: the broker cannot be reached, or refuses.
    """

    def __init__(self, broker: Broker) -> None:
        self.heard: list[tuple[str, bytes]] = []
        """Topic and payload of what came."""
        self._broker = broker
        self._accepted: ReasonCode | None = None
        self._answers: dict[int, ReasonCode] = {}
        v5 = broker.protocol == "5"
        protocol = MQTTProtocolVersion.MQTTv5 if v5 else MQTTProtocolVersion.MQTTv311
        self._client = Client(CallbackAPIVersion.VERSION2, broker.client_id, protocol=protocol)
        self._client.username_pw_set(broker.username, broker.password)
        if context := broker.tls_context():
            self._client.tls_set_context(context)
        self._client.on_connect = self._on_connect
        self._client.on_publish = self._on_answer
        self._client.on_subscribe = lambda client, data, mid, codes, _: self._on_answer(client, data, mid, codes[0], _)
        self._client.on_message = lambda _client, _data, message: self.heard.append(
            (message.topic, bytes(message.payload))
        )

    def __enter__(self) -> Conversation:
        where = f"{self._broker.host}:{self._broker.port}"
        try:
            self._client.connect(self._broker.host, self._broker.port, self._broker.keepalive_s)
        except OSError as error:
            reason = getattr(error, "reason", None) or error.strerror or error
            raise BrokerError(f"MQTT broker {where}: expected a connection, got: {reason}") from None
        if not self.until(lambda: self._accepted is not None) or self._accepted is None:
            raise BrokerError(f"MQTT broker {where}: expected an answer to CONNECT, got none")
        if self._accepted.is_failure:
            raise BrokerError(f"MQTT broker {where}: expected to be let in, got: {self._accepted}")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.disconnect()
        self._client.on_connect = self._client.on_subscribe = self._client.on_publish = self._client.on_message = None

    def publish(self, topic: str, payload: bytes) -> ReasonCode | None:
        """Publish with QoS 1, not retained; the broker's answer, or None when it gave none or hung up."""
        return self._answer_to(self._client.publish(topic, payload, qos=1).mid)

    def subscribe(self, topic: str) -> ReasonCode | None:
        """Subscribe; the broker's answer, or None when it gave none or hung up."""
        return self._answer_to(self._client.subscribe(topic, qos=1)[1])

    def until(self, true: Callable[[], bool], timeout_s: float = WAIT_S) -> bool:
        """Let messages come and go until it is true; False when time is up or the broker hangs up."""
        end_s = time.monotonic() + timeout_s
        while not true():
            if time.monotonic() >= end_s or self._client.loop(0.1) != MQTTErrorCode.MQTT_ERR_SUCCESS:
                return true()
        return True

    def _answer_to(self, mid: int | None) -> ReasonCode | None:
        if mid is None:
            return None
        self.until(lambda: mid in self._answers)
        return self._answers.get(mid)

    def _on_connect(self, _client: Client, _data: object, _flags: object, reason: ReasonCode, _more: object) -> None:
        self._accepted = reason

    def _on_answer(self, _client: Client, _data: object, mid: int, reason: ReasonCode, _more: object) -> None:
        self._answers[mid] = reason

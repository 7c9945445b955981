"""The reader's session at the broker: what came, and what may be forgotten. paho's client, without a thread.

A message is acknowledged when the caller says so, never before, and the broker keeps the session when the connection
or the process ends: what was not acknowledged comes again. The socket is read in the caller's thread, so that a batch
is stored and acknowledged without a lock, and a reader that cannot store does not read.
"""

from __future__ import annotations

import logging
import random
import select
import ssl
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from analytics.broker import Broker

log = logging.getLogger(__name__)

_CONNECT_S = 10.0
_FIRST_DELAY_S = 0.5
_LAST_DELAY_S = 30.0
_FLUSH_S = 1.0


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message that waits for its acknowledgement.

    Attributes:
        topic: Where it came.
        payload: What came.
        mid, qos: For the acknowledgement, on the connection of that number only: the next one counts anew.
        correlation: Correlation data of MQTT v5; empty without.
    """

    topic: str
    payload: bytes
    mid: int
    qos: int
    connection: int
    correlation: bytes = b""


class Session:
    """A connection that comes back by itself, for one reader; a context manager.

    Args:
        broker: Where it is.
        client_id: Of this reader alone, and the same after a restart: what it had not acknowledged waits under it.
        topics: To subscribe, QoS 1.
        window: Messages that the broker may send without an acknowledgement.
        expiry_s: How long the broker keeps the session without a connection.

    Raises:
        BrokerError: A TLS file is missing or holds something else.
    """

    def __init__(
        self, broker: Broker, client_id: str, topics: Sequence[str], *, window: int, expiry_s: int = 604_800
    ) -> None:
        self.connected = False
        self._connection = 0
        self._broker, self._topics = broker, topics
        self._came: deque[Incoming] = deque()
        self._delay_s, self._retry_s = _FIRST_DELAY_S, 0.0
        self._told: str | None = None
        self._options = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        self._options.SessionExpiryInterval = expiry_s
        self._options.ReceiveMaximum = window
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id,
            protocol=MQTTProtocolVersion.MQTTv5,
            manual_ack=True,
            reconnect_on_failure=False,
        )
        self._client.username_pw_set(broker.username, broker.password)
        if context := broker.tls_context():
            self._client.tls_set_context(context)
        self._client.connect_timeout = _CONNECT_S
        self._client.on_connect, self._client.on_disconnect = self._on_connect, self._on_disconnect
        self._client.on_message, self._client.on_subscribe = self._on_message, self._on_subscribe
        self._client.on_socket_register_write = lambda *_: None  # acknowledgements wait for `_flush`, to go together

    def pump(self, timeout_s: float) -> list[Incoming]:
        """Waits for messages at most so long; connects first when there is no connection."""
        if self._client.socket() is None and not self._connect(timeout_s):
            return []
        sock: Any = self._client.socket()
        waiting = getattr(sock, "pending", int)()  # what TLS has read already, select does not see
        writing = [sock] if self._client.want_write() else []
        readable, writable, _ = select.select([sock], writing, [], 0.0 if waiting else timeout_s)
        if writable:
            self._client.loop_write()
        if readable or waiting:
            self._read()
        self._client.loop_misc()
        came = list(self._came)
        self._came.clear()
        return came

    def acknowledge(self, messages: Sequence[Incoming]) -> None:
        """Lets the broker forget messages; nothing happens to those of a connection that is gone."""
        for message in messages:
            if message.connection == self._connection:
                self._client.ack(message.mid, message.qos)
        self._flush()

    def publish(self, topic: str, payload: bytes, *, answer_to: str, correlation: bytes) -> None:
        """Sends a request, QoS 1; a request that is lost with the connection is made again by whoever missed it."""
        options = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        options.ContentType = "application/json"
        options.ResponseTopic, options.CorrelationData = answer_to, correlation
        self._client.publish(topic, payload, qos=1, properties=options)
        self._flush()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        if self.connected:
            self._client.disconnect()
            self._flush()

    def _read(self) -> None:
        """Everything that the socket has: paho reads one packet at a time, and does not say whether there was one."""
        while self._client.socket() is not None:
            before = len(self._came)
            self._client.loop_read()
            if len(self._came) == before:
                break

    def _flush(self) -> None:
        sock: Any = self._client.socket()
        while sock is not None and self._client.want_write():
            if self._client.loop_write() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                return
            if self._client.want_write():
                select.select([], [sock], [], _FLUSH_S)

    def _connect(self, timeout_s: float) -> bool:
        now = time.monotonic()
        if now < self._retry_s:
            time.sleep(min(timeout_s, self._retry_s - now))
            return False
        self._retry_s = now + self._delay_s * random.uniform(0.5, 1.0)  # noqa: S311 - apart from the other readers
        self._delay_s = min(2 * self._delay_s, _LAST_DELAY_S)
        self._connection += 1
        broker = self._broker
        try:
            self._client.connect(
                broker.host, broker.port, broker.keepalive_s, clean_start=False, properties=self._options
            )
        except (OSError, UnicodeError) as error:  # ssl.SSLError is an OSError
            self._tell(error.reason if isinstance(error, ssl.SSLError) and error.reason else _words(error))
            return False
        return True

    def _on_connect(
        self, client: Client, _: object, __: ConnectFlags, reason: ReasonCode, ___: Properties | None
    ) -> None:
        if reason.is_failure:
            self._tell(f"refused: {reason}")
            return
        self.connected, self._delay_s = True, _FIRST_DELAY_S
        client.subscribe([(topic, SubscribeOptions(qos=1)) for topic in self._topics])

    def _on_subscribe(
        self, _: Client, __: object, ___: int, reasons: list[ReasonCode], ____: Properties | None
    ) -> None:
        refused = [
            f"{topic} ({reason})" for topic, reason in zip(self._topics, reasons, strict=False) if reason.is_failure
        ]
        self._tell(f"expected to be let in, may not subscribe to {', '.join(refused)}" if refused else "")

    def _on_disconnect(
        self, _: Client, __: object, ___: DisconnectFlags, reason: ReasonCode, ____: Properties | None
    ) -> None:
        if self.connected:
            self._tell(f"connection lost: {reason}")
        self.connected = False

    def _on_message(self, _: Client, __: object, message: MQTTMessage) -> None:
        correlation = getattr(message.properties, "CorrelationData", b"")
        self._came.append(
            Incoming(message.topic, bytes(message.payload), message.mid, message.qos, self._connection, correlation)
        )

    def _tell(self, problem: str) -> None:
        """Logs a change, once."""
        if problem != self._told:
            level = logging.WARNING if problem else logging.INFO
            log.log(level, "MQTT broker %s:%d: %s", self._broker.host, self._broker.port, problem or "connected")
            self._told = problem


def _words(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__

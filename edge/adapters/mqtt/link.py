"""One connection: paho's client, its thread, and what that thread tells.

paho's thread is the only one besides the caller's. Its callbacks put small tuples on a deque and do nothing else; what
they mean, the publisher decides. A client lives for one attempt: it never connects again, its thread ends with the
connection, and when to try anew is not decided here (paho's own waiting times have no jitter). So every connection
starts clean: what was in flight on the last one is read again from the queue, because only an acknowledgement proves
that the broker has a row.
"""

from __future__ import annotations

import logging
import math
import socket
import ssl
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Literal, NamedTuple

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge.adapters.mqtt.broker import Broker
from edge.core.message import SCHEMA_VERSION, Message

log = logging.getLogger(__name__)

_FAILURES: tuple[tuple[type[BaseException], str], ...] = (
    (ConnectionRefusedError, "connection refused"),
    (TimeoutError, "connection timed out"),
    (socket.gaierror, "host not found"),
)
_MOST_EVENTS = 1000


class Started(NamedTuple):
    """paho's thread runs."""

    thread: threading.Thread


class Up(NamedTuple):
    """The broker has accepted us, with its limits."""

    receive_maximum: int
    packet_bytes: float


class Down(NamedTuple):
    """There is no connection: an attempt failed, was refused, or what there was is lost."""

    words: str
    when: Literal["attempt", "refused", "lost"]


class Answer(NamedTuple):
    """The broker has answered a publication, with a reason code of MQTT 5."""

    mid: int
    code: int
    words: str


class Asked(NamedTuple):
    """Somebody wants something of us."""

    payload: bytes
    response_topic: str | None
    correlation: bytes | None


Event = Started | Up | Down | Answer | Asked


class Link:
    """Opens one connection after the other, each with a client of paho of its own.

    Args:
        broker: Where to.
        will: What the broker publishes when we vanish.
        commands: Topic on which we are asked for something; None: nothing is to be asked of us.

    Raises:
        BrokerError: A TLS file is missing or wrong.
    """

    def __init__(self, broker: Broker, will: Message, commands: str | None = None) -> None:
        self.events: deque[Event] = deque()
        """What paho's thread has told, oldest first; to be taken by the caller's."""
        self._broker, self._will, self._commands = broker, will, commands
        self._tls = broker.tls_context()
        self._client: Client | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a client at all."""
        return self._client is not None

    def open(self) -> None:
        """Makes a client and lets it connect in paho's thread."""
        v5 = self._broker.protocol == "5"
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._broker.client_id,
            protocol=MQTTProtocolVersion.MQTTv5 if v5 else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        client.on_pre_connect = self._guarded(self._on_pre_connect)
        client.on_connect = self._guarded(self._on_connect)
        client.on_connect_fail = self._guarded(self._on_connect_fail)
        client.on_disconnect = self._guarded(self._on_disconnect)
        client.on_publish = self._guarded(self._on_publish)
        client.on_message = self._guarded(self._on_message)
        client.username_pw_set(self._broker.username, self._broker.password)
        if self._tls:
            client.tls_set_context(self._tls)
        will = self._will
        client.will_set(will.topic, will.payload, 1, will.retain, self._properties(PacketTypes.WILLMESSAGE, will))
        client.max_inflight_messages_set(0)  # the window is the publisher's
        client.connect_async(self._broker.host, self._broker.port, self._broker.keepalive_s)
        client.loop_start()
        self._client = client

    def publish(self, message: Message, *, qos: int, correlation: bytes | None = None) -> int | None:
        """Gives a message to paho, whose number for it comes back; None when it has no connection."""
        if self._client is None:
            return None
        properties = self._properties(PacketTypes.PUBLISH, message)
        if properties is not None and correlation is not None:
            properties.CorrelationData = correlation
        info = self._client.publish(message.topic, message.payload, qos, message.retain, properties)
        return info.mid if info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS else None

    def disconnect(self, *, cut: bool) -> None:
        """Says goodbye; with `cut` the connection is then shut without an answer."""
        if self._client is not None:
            self._client.disconnect()
        if cut:
            self.cut()

    def cut(self) -> None:
        """Shuts the connection without a word, so that paho's thread ends even when the broker hangs."""
        open_socket = self._client.socket() if self._client else None
        if isinstance(open_socket, socket.socket):
            with suppress(OSError):
                open_socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Ends paho's thread."""
        if self._client is not None:
            self._client.loop_stop()
            self._client = None

    def forget(self) -> None:
        """Drops a client whose thread has ended."""
        self._client = None

    def _properties(self, packet_type: int, message: Message) -> Properties | None:
        if self._broker.protocol != "5":
            return None
        properties = Properties(packet_type)  # type: ignore[no-untyped-call]
        properties.ContentType = "application/json"
        properties.UserProperty = ("schema", str(SCHEMA_VERSION))
        if message.expiry_s is not None:
            properties.MessageExpiryInterval = message.expiry_s
        return properties

    # From here on: paho's thread.

    @staticmethod
    def _guarded(callback: Callable[..., None]) -> Callable[..., None]:
        """An exception that leaves a callback would end paho's thread."""

        def guarded(*arguments: object) -> None:
            try:
                callback(*arguments)
            except Exception:
                log.exception("MQTT callback failed")

        return guarded

    def _on_pre_connect(self, _client: Client, _userdata: object) -> None:
        self.events.append(Started(threading.current_thread()))

    def _on_connect(
        self, client: Client, _userdata: object, _flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self.events.append(Down(_words(reason), "refused"))
        else:
            if self._commands:
                client.subscribe(self._commands, qos=1)
            receive_maximum = getattr(properties, "ReceiveMaximum", 65535)
            self.events.append(Up(receive_maximum, getattr(properties, "MaximumPacketSize", math.inf)))

    def _on_connect_fail(self, client: Client, _userdata: object) -> None:
        error = sys.exc_info()[1]  # paho calls this while it handles the error, and hands over nothing
        self.events.append(Down(_words_of_error(error), "attempt"))
        client.disconnect()  # or it would try the first connection again and again

    def _on_disconnect(
        self, _client: Client, _userdata: object, flags: DisconnectFlags, reason: ReasonCode, _properties: object
    ) -> None:
        spoken = flags.is_disconnect_packet_from_server or reason == "Keep alive timeout"
        self.events.append(Down(_words(reason) if spoken else "connection lost", "lost"))

    def _on_publish(
        self, _client: Client, _userdata: object, mid: int, reason: ReasonCode, _properties: object
    ) -> None:
        self.events.append(Answer(mid, reason.value, _words(reason)))

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        if message.retain or len(self.events) > _MOST_EVENTS:  # an old wish, or a flood of them
            return
        properties = message.properties
        topic, correlation = getattr(properties, "ResponseTopic", None), getattr(properties, "CorrelationData", None)
        self.events.append(Asked(bytes(message.payload), topic, correlation))


def _words(reason: ReasonCode) -> str:
    """The name that the MQTT 5 specification gives to a reason."""
    return reason.getName().lower().replace("authorized", "authorised")


def _words_of_error(error: BaseException | None) -> str:
    """Why no connection came about; never text with a secret."""
    for kind, words in _FAILURES:
        if isinstance(error, kind):
            return words
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate of the broker not trusted: {error.verify_message}"
    return f"connection failed: {getattr(error, 'strerror', None) or type(error).__name__}"

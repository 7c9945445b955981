"""The publisher: brings what is pending in a queue to an MQTT broker, at least once, and never in the loop's way.

It owns the connection, the window of rows in flight and the words for what is wrong. It does not know what a row says
nor that the queue is a database. paho's thread is the only one besides the caller's: its callbacks put small tuples
on a deque, and everything else happens in `pump`, which the main loop calls on every turn.

Every connection starts clean on both sides: what was in flight on the last one is forgotten by paho and read again
from the queue, because only an acknowledgement proves that the broker has a row. paho's own queue, which is unbounded,
therefore never holds more than the window. A topic that the broker refuses is probed with one row every `retry_s`
seconds, and its other rows step aside so that they hold up nobody.
"""

from __future__ import annotations

import logging
import math
import socket
import ssl
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Literal, NamedTuple, Protocol

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge.core.message import SCHEMA_VERSION, Message
from edge.errors import BrokerError

log = logging.getLogger(__name__)

_NO_MATCHING_SUBSCRIBERS = 0x10
_FIRST_FAILURE = 0x80  # MQTT 5, section 2.4: reason codes from here on are failures
_HEADER_BYTES = 128  # room for everything of a PUBLISH packet besides topic and payload
_GOODBYE_S = 2.0
_FAILURES: tuple[tuple[type[BaseException], str], ...] = (
    (ConnectionRefusedError, "connection refused"),
    (TimeoutError, "connection timed out"),
    (socket.gaierror, "host not found"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Broker:
    """Where the broker is and how to speak to it; any of the files turns TLS on.

    Attributes:
        host: Name or address.
        port: 1 to 65535.
        protocol: MQTT version; with 3.1.1 a broker cannot say that it refuses a row.
        client_id: Unique at the broker, or two devices throw each other out.
        keepalive_s: Seconds of silence after which the connection is checked.
        username, password: Or None.
        ca_file: PEM of the authorities to trust; without, those of the system.
        cert_file, key_file: PEM of the client's certificate and key (which may be in one file).
        tls: Speak TLS even without any of the files.

    Raises:
        BrokerError: Settings that cannot work together.
    """

    host: str
    port: int = 1883
    protocol: Literal["5", "3.1.1"] = "5"
    client_id: str
    keepalive_s: int = 30
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    tls: bool = False

    def __post_init__(self) -> None:
        try:
            valid = bool(self.host.encode("idna"))
        except UnicodeError:  # would end paho's thread
            valid = False
        if not valid:
            raise BrokerError(f"MQTT broker: expected a host name or address, got {self.host!r}")
        if not 1 <= self.port <= 65535:
            raise BrokerError(f"MQTT broker {self.host}: expected a port from 1 to 65535, got {self.port}")
        if self.password is not None and self.username is None:
            raise BrokerError(f"MQTT broker {self.host}: expected a user name with the password, got none")
        if self.key_file is not None and self.cert_file is None:
            raise BrokerError(f"MQTT broker {self.host}: expected a certificate with the key {self.key_file}, got none")

    def tls_context(self) -> ssl.SSLContext | None:
        """The TLS settings, or None for plain TCP.

        Raises:
            BrokerError: A file is missing or holds something else.
        """
        if not (self.tls or self.ca_file or self.cert_file):
            return None
        for file in (self.ca_file, self.cert_file, self.key_file):
            try:
                if file:
                    file.read_bytes()
            except OSError as error:
                raise BrokerError(f"{file}: expected a PEM file for MQTT over TLS, got: {error.strerror}") from None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            if self.ca_file:
                context.load_verify_locations(self.ca_file)
            else:
                context.load_default_certs()
        except ssl.SSLError:
            raise BrokerError(f"{self.ca_file}: expected PEM certificates of authorities, got something else") from None
        try:
            if self.cert_file:  # an empty password instead of OpenSSL's question on the terminal
                context.load_cert_chain(self.cert_file, self.key_file, password=lambda: "")
        except (ssl.SSLError, ValueError):
            raise BrokerError(
                f"{self.cert_file}, {self.key_file or 'same file'}: expected a PEM certificate and its key without "
                "a pass phrase, got something else"
            ) from None
        return context


class QueueRow(Protocol):
    """A row of the queue."""

    @property
    def id(self) -> int: ...  # noqa: D102
    @property
    def message(self) -> Message: ...  # noqa: D102


class Queue(Protocol):
    """What the publisher needs of the outbox."""

    def pending(self, after_id: int, limit: int) -> Sequence[QueueRow]:
        """At most `limit` unacknowledged rows with an id above `after_id`, oldest first."""
        ...

    def acknowledge(self, ids: Sequence[int]) -> None:
        """The broker has these rows."""
        ...


class _Started(NamedTuple):
    thread: threading.Thread


class _Up(NamedTuple):
    receive_maximum: int
    packet_bytes: float


class _Down(NamedTuple):
    words: str
    when: Literal["attempt", "refused", "lost"]


class _Answer(NamedTuple):
    mid: int
    code: int
    words: str


class _Parcel(NamedTuple):
    row_id: int | None  # None: not from the queue
    message: Message


class _Refusal(NamedTuple):
    parcel: _Parcel
    words: str
    probe_s: float


class Publisher:
    """A context manager that publishes while it is open; every method belongs to the main thread.

    Args:
        broker: Where to.
        queue: The rows; always published with QoS 1.
        will: What the broker publishes when we vanish, and what we publish when we go: the offline status.
        birth: Makes the messages that come before any row on every new connection.
        window: Most messages in flight; fewer when the broker says so.
        retry_s: Seconds between two attempts at something that was refused.

    Raises:
        BrokerError: A TLS file is missing or wrong. (A broker that cannot be reached is no error but a `problem`.)
    """

    def __init__(
        self,
        broker: Broker,
        queue: Queue,
        *,
        will: Message,
        birth: Callable[[], Sequence[Message]],
        window: int = 20,
        retry_s: float = 30.0,
    ) -> None:
        self.connected = False
        """Whether the broker has accepted us, as of the last `pump`. No proof of life: see `puback_age_s`."""
        self._broker = broker
        self._tls = broker.tls_context()
        self._queue = queue
        self._will = will
        self._birth = birth
        self._window = window
        self._retry_s = retry_s
        self._events: deque[_Started | _Up | _Down | _Answer] = deque()
        self._client: Client | None = None
        self._network: threading.Thread | None = None
        self._reopen_s = math.inf
        self._limit = window
        self._packet_bytes = math.inf
        self._births: deque[Message] = deque()
        self._in_flight: dict[int, _Parcel] = {}
        self._after_id = 0
        self._more = True
        self._refused: dict[str, _Refusal] = {}
        self._unheard: set[str] = set()
        self._link_problem: str | None = None
        self._was_refused = False
        self._told: str | None = None
        self._acknowledged_s: float | None = None

    @property
    def problem(self) -> str | None:
        """What keeps rows from the broker or from readers, in words; None when nothing does."""
        if self._link_problem:
            return self._link_problem
        for topic, refusal in self._refused.items():
            return f"{refusal.words}: {topic}"
        return "no matching subscribers" if self._unheard else None

    def puback_age_s(self) -> float | None:
        """Seconds since the broker last acknowledged anything; None when it never has."""
        return None if self._acknowledged_s is None else time.monotonic() - self._acknowledged_s

    def wake(self) -> None:
        """Say that there are new rows in the queue."""
        self._more = True

    def pump(self) -> None:
        """Take the broker's answers and publish what is due; never waits for the network."""
        if self._events:
            self._take_events()
        if self._network is not None and not self._network.is_alive():
            self._bury()
        if self._client is None and time.monotonic() >= self._reopen_s:
            self._open()
        if self.connected and (self._more or self._births or self._refused):
            self._publish_due()

    def send(self, message: Message) -> bool:
        """Publish without acknowledgement (QoS 0); False when it was dropped because there is no connection."""
        return self.connected and self._hand_over(message, qos=0) is not None

    def drain(self, timeout_s: float) -> bool:
        """Pump until nothing is pending any more; False when something still is after `timeout_s`."""
        end_s = time.monotonic() + timeout_s
        self.wake()
        while True:
            self.pump()
            if not self._births and not self._in_flight and not self._queue.pending(0, 1):
                return True
            if time.monotonic() >= end_s:
                return False
            time.sleep(0.005)

    def __enter__(self) -> Publisher:
        self._open()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Say goodbye, for at most a few seconds, and end paho's thread."""
        try:
            self._say_goodbye()
        finally:
            if self._client is not None:
                self._client.loop_stop()
            self._client = self._network = None
            self.connected = False

    def _say_goodbye(self) -> None:
        if self._client is None:
            return
        self._take_events()
        if self.connected and self._publish(_Parcel(None, self._will)):
            end_s = time.monotonic() + _GOODBYE_S
            while self._in_flight and time.monotonic() < end_s:
                self._take_events()
                time.sleep(0.005)
        self._client.disconnect()
        unanswered = self._client.socket() if self._in_flight else None
        if isinstance(unanswered, socket.socket):
            # A broker that hangs would hold paho's thread for the keepalive; cut off, it publishes the will instead.
            with suppress(OSError):
                unanswered.shutdown(socket.SHUT_RDWR)

    def _open(self) -> None:
        """Make a client and let it connect in paho's thread."""
        v5 = self._broker.protocol == "5"
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._broker.client_id,
            protocol=MQTTProtocolVersion.MQTTv5 if v5 else MQTTProtocolVersion.MQTTv311,
        )
        client.on_pre_connect = self._guarded(self._on_pre_connect)
        client.on_connect = self._guarded(self._on_connect)
        client.on_connect_fail = self._guarded(self._on_connect_fail)
        client.on_disconnect = self._guarded(self._on_disconnect)
        client.on_publish = self._guarded(self._on_publish)
        client.username_pw_set(self._broker.username, self._broker.password)
        if self._tls:
            client.tls_set_context(self._tls)
        will = self._will
        client.will_set(will.topic, will.payload, 1, will.retain, self._properties(PacketTypes.WILLMESSAGE, will))
        client.max_inflight_messages_set(0)  # the window is ours
        client.reconnect_delay_set(min_delay=1, max_delay=30)
        client.connect_async(self._broker.host, self._broker.port, self._broker.keepalive_s)
        client.loop_start()
        self._client, self._reopen_s = client, math.inf

    def _bury(self) -> None:
        """Start anew in a while, because paho's thread has ended unasked: it survives much, but not everything."""
        self._lose("the network thread ended", "attempt")
        self._events.clear()
        self._client = self._network = None
        self._reopen_s = time.monotonic() + self._retry_s
        self._tell()

    def _take_events(self) -> None:
        acknowledged: list[int] = []
        while self._events:
            match self._events.popleft():
                case _Started(thread):
                    self._network = thread
                case _Up(receive_maximum, packet_bytes):
                    self._limit, self._packet_bytes = min(self._window, receive_maximum), packet_bytes
                    self._begin()
                case _Down(words, when):
                    self._lose(words, when)
                case _Answer(mid, code, words):
                    self._take_answer(mid, code, words, acknowledged)
        if acknowledged:
            self._queue.acknowledge(acknowledged)
        self._tell()

    def _begin(self) -> None:
        """A new connection: the births, then everything that is pending, from the start."""
        self.connected, self._link_problem = True, None
        self._in_flight.clear()
        self._refused.clear()
        self._births = deque(self._birth())
        self._rewind()
        log.info("MQTT broker %s:%d: connected", self._broker.host, self._broker.port)

    def _lose(self, words: str, when: Literal["attempt", "refused", "lost"]) -> None:
        if when == "lost" and not self.connected:
            if self._was_refused:  # paho tells of a refused connection twice, here without the reason
                self._was_refused = False
                return
            words = "closed by the broker before it answered"
        self._was_refused = when == "refused"
        self.connected, self._link_problem = False, words
        self._in_flight.clear()

    def _rewind(self) -> None:
        self._after_id, self._more = 0, True

    def _take_answer(self, mid: int, code: int, words: str, acknowledged: list[int]) -> None:
        parcel = self._in_flight.pop(mid, None)
        if parcel is None:
            return  # QoS 0, or of a connection that is gone
        topic = parcel.message.topic
        if code >= _FIRST_FAILURE:
            self._refuse(parcel, words)
            return
        self._acknowledged_s = time.monotonic()
        if self._refused.pop(topic, None):
            self._rewind()
        if parcel.row_id is not None:
            acknowledged.append(parcel.row_id)
            (self._unheard.add if code == _NO_MATCHING_SUBSCRIBERS else self._unheard.discard)(topic)

    def _refuse(self, parcel: _Parcel, words: str) -> None:
        self._refused[parcel.message.topic] = _Refusal(parcel, words, time.monotonic() + self._retry_s)

    def _tell(self) -> None:
        """Log a change of `problem`, once."""
        if (problem := self.problem) != self._told:
            level = logging.WARNING if problem else logging.INFO
            log.log(level, "MQTT broker %s:%d: %s", self._broker.host, self._broker.port, problem or "all is well")
            self._told = problem

    def _publish_due(self) -> None:
        """Births first, then the probes, then one page of rows, as far as the window goes."""
        while self._births and len(self._in_flight) < self._limit:
            if not self._publish(_Parcel(None, self._births[0])):
                return
            self._births.popleft()
        for refusal in list(self._refused.values()):
            if time.monotonic() >= refusal.probe_s and len(self._in_flight) < self._limit:
                self._refuse(refusal.parcel, refusal.words)
                self._publish(refusal.parcel)
        if self._more and (room := self._limit - len(self._in_flight)) > 0:
            self._publish_rows(room)

    def _publish_rows(self, room: int) -> None:
        rows = self._queue.pending(self._after_id, room)
        in_flight = {parcel.row_id for parcel in self._in_flight.values()}
        for row in rows:
            aside = row.message.topic in self._refused or row.id in in_flight
            if not aside and not self._publish(_Parcel(row.id, row.message)):
                return
            self._after_id = row.id
        self._more = len(rows) == room

    def _publish(self, parcel: _Parcel) -> bool:
        """Put a message in flight, or aside when the broker would not take it; False when the connection is gone."""
        message = parcel.message
        if len(message.topic.encode()) + len(message.payload) + _HEADER_BYTES > self._packet_bytes:
            self._refuse(parcel, "packet too large for the broker")
            self._tell()
            return True
        mid = self._hand_over(message, qos=1)
        if mid is None:
            return False
        self._in_flight[mid] = parcel
        return True

    def _hand_over(self, message: Message, *, qos: int) -> int | None:
        """Give a message to paho, whose number for it comes back; None when it has no connection."""
        if self._client is None:
            return None
        properties = self._properties(PacketTypes.PUBLISH, message)
        info = self._client.publish(message.topic, message.payload, qos, message.retain, properties)
        return info.mid if info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS else None

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
        self._events.append(_Started(threading.current_thread()))

    def _on_connect(
        self, client: Client, _userdata: object, _flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        client.drop_out_messages()  # here, because right after this paho would send them again, before the births
        if reason.is_failure:
            self._events.append(_Down(_words(reason), "refused"))
        else:
            receive_maximum = getattr(properties, "ReceiveMaximum", 65535)
            self._events.append(_Up(receive_maximum, getattr(properties, "MaximumPacketSize", math.inf)))

    def _on_connect_fail(self, _client: Client, _userdata: object) -> None:
        error = sys.exc_info()[1]  # paho calls this while it handles the error, and hands over nothing
        self._events.append(_Down(_words_of_error(error), "attempt"))

    def _on_disconnect(
        self, _client: Client, _userdata: object, flags: DisconnectFlags, reason: ReasonCode, _properties: object
    ) -> None:
        spoken = flags.is_disconnect_packet_from_server or reason == "Keep alive timeout"
        self._events.append(_Down(_words(reason) if spoken else "connection lost", "lost"))

    def _on_publish(
        self, _client: Client, _userdata: object, mid: int, reason: ReasonCode, _properties: object
    ) -> None:
        self._events.append(_Answer(mid, reason.value, _words(reason)))


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

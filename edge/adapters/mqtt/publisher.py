"""The publisher: brings what is pending in a queue to an MQTT broker, at least once, and never in the loop's way.

It owns the window of rows in flight and the words for what is wrong. It does not know what a row says, nor that the
queue is a database, nor paho: link.py does. Everything happens in `pump`, which the main loop calls on every turn.

What was in flight on a lost connection is read again from the queue. paho's own queue, which is unbounded, therefore
never holds more than the window. Only an acknowledgement proves that a broker lives: one that takes rows and stays
silent is left, and the next attempt waits longer than the one before until an acknowledgement comes.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType

from edge.adapters.mqtt.backoff import Backoff
from edge.adapters.mqtt.broker import Broker
from edge.adapters.mqtt.commands import Commands
from edge.adapters.mqtt.link import Answer, Asked, Down, Link, Started, Up
from edge.adapters.mqtt.queue import Queue
from edge.adapters.mqtt.refusals import Parcel, Refusals
from edge.core.message import BrokerState, Message

log = logging.getLogger(__name__)

_NO_MATCHING_SUBSCRIBERS = 0x10
_FIRST_FAILURE = 0x80  # MQTT 5, section 2.4: reason codes from here on are failures
_NOT_AUTHORISED = {"not authorised", "bad user name or password", "bad authentication method", "banned"}
_HEADER_BYTES = 128  # room for everything of a PUBLISH packet besides topic and payload
_GOODBYE_S = 2.0
_MOST_REQUESTS = 20


class Publisher:
    """A context manager that publishes while it is open; every method belongs to the main thread.

    Args:
        broker: Where to.
        queue: The rows; always published with QoS 1.
        will: What the broker publishes when we vanish, and what we publish when we go: the offline status.
        birth: Makes the messages that come before any row on every new connection.
        commands: What may be asked of us; None: nothing.
        window: Most messages in flight; fewer when the broker says so.
        retry_s: Seconds between two attempts at a topic that was refused.
        silence_s: Seconds without any acknowledgement, while something waits for one, after which a connection is
            dead, whatever else it does.

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
        commands: Commands | None = None,
        window: int = 20,
        retry_s: float = 30.0,
        silence_s: float = 20.0,
    ) -> None:
        self.connected = False
        """Whether the broker has accepted us, as of the last `pump`. No proof of life: see `puback_age_s`."""
        self._broker = broker
        self._link = Link(broker, will, commands.topic if commands else None)
        self._queue = queue
        self._will = will
        self._birth = birth
        self._commands = commands
        self._window = window
        self._silence_s = silence_s
        self._backoff = Backoff()
        self._network: threading.Thread | None = None
        self._reopen_s = math.inf
        self._limit = window
        self._packet_bytes = math.inf
        self._births: deque[Parcel] = deque()
        self._asked: deque[Asked] = deque(maxlen=_MOST_REQUESTS)
        self._in_flight: dict[int, Parcel] = {}
        self._after_id = 0
        self._more = True
        self._refusals = Refusals(retry_s)
        self._unheard: set[str] = set()
        self._link_problem: str | None = None
        self._down_told = self._silent = False
        self._told: str | None = None
        self._acknowledged_s: float | None = None
        self._waiting_since_s = 0.0

    @property
    def problem(self) -> str | None:
        """What keeps rows from the broker or from readers, in words; None when nothing does."""
        if self._link_problem or self._silent:
            return self._link_problem or f"no acknowledgement for {self._silence_s:g} s"
        for refusal in self._refusals:
            return f"{refusal.words}: {refusal.parcel.message.topic}"
        return "no matching subscribers" if self._unheard else None

    @property
    def state(self) -> BrokerState:
        """`problem` in one of a few words, for the health message."""
        words = [self._link_problem or ""] if not self.connected else [refusal.words for refusal in self._refusals]
        if _NOT_AUTHORISED & set(words):
            return "not_authorised"
        if self._silent or not self.connected:
            return "silent" if self._silent else "connecting"
        return "refused" if words else "no_subscribers" if self._unheard else "ok"

    def puback_age_s(self) -> float | None:
        """Seconds since the broker last acknowledged anything; None when it never has."""
        return None if self._acknowledged_s is None else time.monotonic() - self._acknowledged_s

    def wake(self) -> None:
        """Say that there are new rows in the queue."""
        self._more = True

    def rewind(self) -> None:
        """Say that old rows in the queue wait again."""
        self._after_id, self._more = 0, True

    def pump(self) -> None:
        """Take the broker's answers and publish what is due; never waits for the network."""
        if self._link.events:
            self._take_events()
        if self._network is not None and not self._network.is_alive():
            self._bury()
        if not self._link.is_open:
            if time.monotonic() >= self._reopen_s:
                self._open()
            return
        self._check_life()
        if self._asked:
            self._answer(self._asked.popleft())
        if self.connected and (self._more or self._births or self._refusals):
            self._publish_due()

    def send(self, message: Message) -> bool:
        """Publish without acknowledgement (QoS 0); False when it was dropped because there is no connection."""
        return self.connected and self._link.publish(message, qos=0) is not None

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
            self._link.close()
            self._network = None
            self.connected = False

    def _say_goodbye(self) -> None:
        if not self._link.is_open:
            return
        self._take_events()
        if self.connected and self._publish(Parcel(None, self._will)):
            end_s = time.monotonic() + _GOODBYE_S
            while self._in_flight and time.monotonic() < end_s:
                self._take_events()
                time.sleep(0.005)
        self._link.disconnect(cut=bool(self._in_flight))

    # The connection.

    def _open(self) -> None:
        self._link.open()
        self._reopen_s = math.inf
        self._down_told = False
        self._waiting_since_s = time.monotonic()

    def _bury(self) -> None:
        """The network thread has ended: it does with its connection, and now and then for no reason that it tells."""
        self._take_events()
        self._lose("the network thread ended")
        self._link.forget()
        self._network = None
        self._reopen_s = time.monotonic() + self._backoff.next_s()
        self._tell()

    def _check_life(self) -> None:
        """Leave a broker that owes an answer for too long, be it to the connection or to what was published."""
        if self.connected and not self._in_flight:
            self._waiting_since_s = time.monotonic()
        elif time.monotonic() - self._waiting_since_s > self._silence_s and not self._down_told:
            self._silent = True
            self._lose("left, because it acknowledges nothing")
            self._link.cut()
            self._tell()

    def _take_events(self) -> None:
        acknowledged: list[int] = []
        while self._link.events:
            match self._link.events.popleft():
                case Started(thread):
                    self._network = thread
                case Up(receive_maximum, packet_bytes):
                    self._limit, self._packet_bytes = min(self._window, receive_maximum), packet_bytes
                    self._begin()
                case Down(words, when):
                    closed = when == "lost" and not self.connected
                    self._lose("closed by the broker before it answered" if closed else words)
                case Answer(mid, code, words):
                    self._take_answer(mid, code, words, acknowledged)
                case Asked() as asked:
                    self._asked.append(asked)
        if acknowledged:
            self._queue.acknowledge(acknowledged)
        self._tell()

    def _begin(self) -> None:
        """A new connection: the births, then everything that is pending, from the start."""
        self.connected, self._link_problem = True, None
        self._waiting_since_s = time.monotonic()
        self._in_flight.clear()
        self._refusals.clear()
        self._asked.clear()
        self._births = deque(Parcel(None, message) for message in self._birth())
        self.rewind()
        log.info("MQTT broker %s:%d: connected", self._broker.host, self._broker.port)

    def _lose(self, words: str) -> None:
        """There is no connection any more; of the reasons that are told, the first is the right one."""
        if self._down_told:
            return
        self._down_told = True
        self.connected, self._link_problem = False, words
        self._in_flight.clear()

    def _take_answer(self, mid: int, code: int, words: str, acknowledged: list[int]) -> None:
        parcel = self._in_flight.pop(mid, None)
        if parcel is None:
            return  # QoS 0, or of a connection that is gone
        self._waiting_since_s = time.monotonic()
        topic = parcel.message.topic
        if code >= _FIRST_FAILURE:
            self._refusals.add(parcel, words)
            return
        self._acknowledged_s, self._silent = self._waiting_since_s, False
        self._backoff.reset()
        if self._refusals.lift(topic):
            self.rewind()
        if parcel.row_id is not None:
            acknowledged.append(parcel.row_id)
            if not parcel.message.retain:  # what is kept waits for those who come later
                (self._unheard.add if code == _NO_MATCHING_SUBSCRIBERS else self._unheard.discard)(topic)

    def _tell(self) -> None:
        """Log a change of `problem`, once."""
        if (problem := self.problem) != self._told:
            level = logging.WARNING if problem else logging.INFO
            log.log(level, "MQTT broker %s:%d: %s", self._broker.host, self._broker.port, problem or "all is well")
            self._told = problem

    # Publishing.

    def _answer(self, asked: Asked) -> None:
        if self._commands is not None and (answer := self._commands.answer(asked)) is not None:
            self._births.append(Parcel(None, answer, asked.correlation))
        self.rewind()

    def _publish_due(self) -> None:
        """Births and answers first, then the probes, then one page of rows, as far as the window goes."""
        while self._births and len(self._in_flight) < self._limit:
            if not self._publish(self._births[0]):
                return
            self._births.popleft()
        for refusal in self._refusals.due():
            if len(self._in_flight) < self._limit:
                self._refusals.add(refusal.parcel, refusal.words)
                self._publish(refusal.parcel)
        if self._more and (room := self._limit - len(self._in_flight)) > 0:
            self._publish_rows(room)

    def _publish_rows(self, room: int) -> None:
        rows = self._queue.pending(self._after_id, room)
        in_flight = {parcel.row_id for parcel in self._in_flight.values()}
        for row in rows:
            aside = row.message.topic in self._refusals or row.id in in_flight
            if not aside and not self._publish(Parcel(row.id, row.message)):
                return
            self._after_id = row.id
        self._more = len(rows) == room

    def _publish(self, parcel: Parcel) -> bool:
        """Put a message in flight, or aside when the broker would not take it; False when the connection is gone."""
        message = parcel.message
        if len(message.topic.encode()) + len(message.payload) + _HEADER_BYTES > self._packet_bytes:
            self._refusals.add(parcel, "packet too large for the broker")
            self._tell()
            return True
        mid = self._link.publish(message, qos=1, correlation=parcel.correlation)
        if mid is None:
            return False
        self._in_flight[mid] = parcel
        return True

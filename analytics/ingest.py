"""The reader: from the broker to the books, and only then the acknowledgement.

It owns the order of things. Read, validate, store in one transaction, acknowledge: whenever it is killed, the broker
still has what the database does not, and what both have is entered once. When the database fails, the reader leaves
the broker, which keeps what comes, and begins again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from analytics.broker import Broker
from analytics.broker_session import Incoming, Session
from analytics.errors import StoreError
from analytics.replay import Replay
from analytics.store import Store
from analytics.store.books import Books
from analytics.store.incidents import Notice
from analytics.store.registers import Audit
from analytics.validate import Accepted, Refused, validate

log = logging.getLogger(__name__)

SHARED = ("line/+", "zone/+", "occupancy", "total/+")
EACH = ("info", "status")
"""Retained: a shared subscription would not get what is retained."""
_TURN_S = 0.5
_AFTER_FAILURE_S = 2.0


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a reader reads.

    Attributes:
        reader: Its name, alone at the broker, the same after a restart; lower-case letters, digits and hyphens.
        group: Readers of one group share the rows.
        batch_rows: Messages after which a batch is stored.
        batch_s: Seconds after which it is stored, however few they are.
        session_s: How long the broker keeps what comes while the reader is away.
        grace_s: How long a gap may close by itself before the device is asked.
        replay_s, audit_s: Time between two looks at gaps, and at registers.
    """

    reader: str
    group: str = "traffic"
    batch_rows: int = 500
    batch_s: float = 0.5
    session_s: int = 604_800
    grace_s: int = 30
    replay_s: float = 5.0
    audit_s: float = 30.0

    def topics(self) -> list[str]:
        """What to subscribe."""
        shared = [f"+/+/{place}" for place in SHARED] + ["+/online/+"]
        return [
            *(f"$share/{self.group}/traffic/v1/{place}" for place in shared),
            *(f"traffic/v1/+/+/{place}" for place in EACH),
            f"traffic/v1/+/+/answer/{self.reader}",
        ]


class Ingest:
    """A reader that runs until it is told to stop.

    Args:
        broker: Where rows come from.
        settings: How to read.
        open_books: Opens the database; called anew after it failed.
    """

    def __init__(self, broker: Broker, settings: Settings, open_books: Callable[[], Store]) -> None:
        self._broker, self._settings, self._open = broker, settings, open_books

    def run(self, stopping: Callable[[], bool]) -> None:
        """Reads until `stopping` says so; then stores what it has, and leaves.

        Raises:
            ConfigError, StoreError: The database could not be opened the first time; later it is waited for.
            BrokerError: A TLS file is missing or holds something else.
        """
        store = self._open()
        while True:
            try:
                with store, self._session() as session:
                    _Turn(self._settings, store, session).run(stopping)
                    return
            except StoreError as error:
                log.error("%s; the broker keeps what comes until it works again", error)
            if (again := self._reopened(stopping)) is None:
                return
            store = again

    def _session(self) -> Session:
        settings = self._settings
        window = min(4 * settings.batch_rows, 65_535)  # room for what comes while a batch is stored
        client_id = f"traffic-{settings.group}-{settings.reader}"
        return Session(self._broker, client_id, settings.topics(), window=window, expiry_s=settings.session_s)

    def _reopened(self, stopping: Callable[[], bool]) -> Store | None:
        while not stopping():
            time.sleep(_AFTER_FAILURE_S)
            try:
                store = self._open()
            except StoreError:
                continue
            log.info("%s: works again", store.name)
            return store
        return None


class _Turn:
    """One database connection and one session, until the one fails or the reader stops."""

    def __init__(self, settings: Settings, store: Store, session: Session) -> None:
        self._settings, self._session = settings, session
        self._books, self._audit = Books(store), Audit(store.database)
        self._replay = Replay(store.database, session, settings.reader, settings.grace_s)
        self._batch: list[Incoming] = []
        self._began_s = self._replayed_s = self._audited_s = time.monotonic()

    def run(self, stopping: Callable[[], bool]) -> None:
        settings = self._settings
        while not stopping():
            left_s = self._began_s + settings.batch_s - time.monotonic() if self._batch else _TURN_S
            came = self._session.pump(min(_TURN_S, max(0.0, left_s)))
            if came and not self._batch:
                self._began_s = time.monotonic()
            self._batch += came
            if len(self._batch) >= settings.batch_rows or (
                self._batch and time.monotonic() >= self._began_s + settings.batch_s
            ):
                self._store_batch()
            self._do_chores()
        if self._batch:
            self._store_batch()

    def _store_batch(self) -> None:
        now = time.time()
        read = [validate(message.topic, message.payload, now) for message in self._batch]
        accepted = [message for message in read if isinstance(message, Accepted)]
        refused = [message for message in read if isinstance(message, Refused)]
        posted = self._books.post(accepted, refused, int(now))
        _report(posted.notices)
        for letter in refused:
            log.warning("refused %s: %s: %s", letter.topic, letter.code, letter.reason)
        for message, what in zip(self._batch, read, strict=True):
            if isinstance(what, Accepted) and what.kind == "answer":
                _report(self._replay.take(what, message.correlation, int(now)))
        self._session.acknowledge(self._batch)
        self._batch = []

    def _do_chores(self) -> None:
        now = time.monotonic()
        if now - self._audited_s >= self._settings.audit_s:
            self._audited_s = now
            _report(self._audit.check(int(time.time())))
        if self._session.connected and now - self._replayed_s >= self._settings.replay_s:
            self._replayed_s = now
            _report(self._replay.ask(int(time.time())))


def _report(notices: list[Notice]) -> None:
    for notice in notices:
        level = logging.ERROR if notice.level == "alarm" else logging.INFO
        log.log(level, "%s/%s: %s", notice.site, notice.device, notice.text)

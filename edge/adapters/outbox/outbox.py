"""The rows that have to reach the broker, the books, and notes of what is not a row yet: the only copy that matters.

It owns durability, which rows the broker has acknowledged, and what goes when there is no room. It does not know what a
row or a note says, how books are kept or that MQTT exists. A row stays for a retention time AFTER its acknowledgement,
because an acknowledgement is not durable: a broker can forget what it acknowledged, and then a reader asks for the row
again.

Ages are counted in seconds during which a service had the outbox open, as the file itself accumulates them: a camera
box often has no battery clock, and a jump of UTC must not throw rows away. Time switched off ages nothing.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from edge.adapters.outbox.ballast import Ballast
from edge.adapters.outbox.database import DamagedError, Database, FullError, move_aside, new_epoch
from edge.adapters.outbox.row import OutboxRow, Resent, Shelf, message_of
from edge.core.books import Books
from edge.core.message import Message

log = logging.getLogger(__name__)

_COLUMNS = "topic, payload, qos, retain, series, seq, expiry_s"
_AT_ONCE = 50
"""Rows that go together when there is no room; more would need more room themselves."""
_OVERHEAD = 200
"""Bytes that a row takes beside its payload, at most."""
_NEARLY_FULL = 0.75

Posting = Callable[[Books], tuple[Sequence[Message], Books]]
T = TypeVar("T")


class Outbox:
    """Rows, books and notes of one device; a context manager that holds the file for itself while it is open.

    All methods belong to the main thread. After an OutboxError the file is as the last commit left it; close the
    outbox and open it again to go on. After a `FullError` it can be used as it is.

    Args:
        path: Of the SQLite file; made (mode 0600) when it does not exist, its folder is not. A damaged one is moved
            aside, and a new one begins a new epoch.
        retain_s: Seconds that an acknowledged row is kept for readers who ask for it again.
        max_bytes: Size that the file may reach; when it is full, the oldest rows go, and are counted in `dropped`.
        mono: Seconds of a clock that never jumps.

    Raises:
        OutboxError: The file cannot be made, read or written, is in use, belongs to another application or to a
            newer version of this one.
    """

    def __init__(
        self,
        path: Path,
        *,
        retain_s: float = 259_200.0,
        max_bytes: int = 256 * 2**20,
        mono: Callable[[], float] = time.monotonic,
    ) -> None:
        self.replaced = False
        """Whether the file was damaged and is a new one now."""
        self._path = path
        self._retain_s = retain_s
        self._max_bytes = max_bytes
        self._mono = mono
        self._ballast = Ballast(path)
        self._owed: list[int] = []
        try:
            self._open()
        except DamagedError as error:
            log.error("%s; moved aside to %s, a new epoch begins", error, move_aside(path))
            self.replaced = True
            self._open()
        self._opened_s = mono()
        self._take_ballast()

    def _open(self) -> None:
        self._db = Database(self._path, self._max_bytes)
        try:
            with self._db.explained("open"), self._db.transaction():
                if self.note("books") is None:
                    self._set("books", Books(epoch=new_epoch()).to_json())
                self.books = Books.from_json(str(self.note("books")))
                self._ran_before_s = float(self.note("ran_s") or 0.0)
                self.dropped = int(self.note("dropped") or 0)
                """Rows that had to go before their time, since the epoch began."""
        except ValueError as error:
            self._db.close()
            raise DamagedError(f"{self._path}: open: {error}") from None
        except BaseException:
            self._db.close()
            raise

    def post(self, posting: Posting, notes: Mapping[str, str] | None = None) -> None:
        """Store the rows that `posting` makes of the books, the books that it makes, and notes, in one transaction.

        `posting` gets the books as last committed. When it raises, its exception comes through and nothing changes.

        Raises:
            FullError: There is no room, although all rows that could go are gone; nothing was stored.
            OutboxError: A (series, seq) is there already; nothing was stored.
        """
        messages, books = posting(self.books)

        def work() -> None:
            now_s = self._now_s()
            self._db.executemany(
                f"INSERT INTO rows ({_COLUMNS}, posted_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 (constant)
                [(m.topic, m.payload, m.qos, m.retain, m.series, m.seq, m.expiry_s, now_s) for m in messages],
            )
            self._set("books", books.to_json())
            self._set("ran_s", now_s)
            for name, text in (notes or {}).items():
                self._set(name, text)

        self._write("post", work, room_for=sum(len(m.payload) + _OVERHEAD for m in messages))
        self.books = books

    def keep(self, notes: Mapping[str, str]) -> None:
        """Store notes alone; no row goes to make room for them.

        Raises:
            FullError: There is no room.
        """

        def work() -> None:
            for name, text in notes.items():
                self._set(name, text)
            self._set("ran_s", self._now_s())

        self._write("keep", work)

    def note(self, name: str) -> str | None:
        """What was last stored under this name."""
        with self._db.explained("read"):
            found = self._db.execute("SELECT value FROM state WHERE key = ?", (name,)).fetchone()
        return None if found is None else str(found[0])

    def pending(self, after_id: int, limit: int) -> list[OutboxRow]:
        """At most `limit` unacknowledged rows with an id above `after_id`, oldest first."""
        query = f"SELECT id, {_COLUMNS} FROM rows WHERE acknowledged_s IS NULL AND id > ? ORDER BY id LIMIT ?"  # noqa: S608
        with self._db.explained("read"):
            found = self._db.execute(query, (after_id, limit)).fetchall()
        return [OutboxRow(row_id, message_of(columns)) for row_id, *columns in found]

    def retained(self) -> list[Message]:
        """The newest of each topic that the broker is to retain, for a broker that has forgotten them."""
        newest = "SELECT max(id) FROM rows WHERE retain != 0 GROUP BY topic"
        query = f"SELECT {_COLUMNS} FROM rows WHERE id IN ({newest}) ORDER BY id"  # noqa: S608
        with self._db.explained("read"):
            return [message_of(columns) for columns in self._db.execute(query).fetchall()]

    def acknowledge(self, ids: Sequence[int]) -> None:
        """Note that the broker has these rows; they stay for `retain_s` from now.

        When there is no room for the note, it is made with a later one: until then the rows may be sent again.
        """
        self._owed += ids

        def work() -> None:
            now_s = self._now_s()
            self._db.executemany(
                "UPDATE rows SET acknowledged_s = ? WHERE id = ? AND acknowledged_s IS NULL",
                [(now_s, row_id) for row_id in self._owed],
            )
            self._set("ran_s", now_s)

        try:
            self._write("acknowledge", work)
        except FullError:
            return
        self._owed.clear()

    def resend(self, series: str, first_seq: int, last_seq: int) -> Resent:
        """Have these rows sent again, those that wait anyway included.

        Raises:
            FullError: There is no room to note it.
        """
        which = "series = ? AND seq BETWEEN ? AND ? AND series != ''"

        def work() -> list[int]:
            found = self._db.execute(
                f"SELECT seq FROM rows WHERE {which} ORDER BY seq",  # noqa: S608
                (series, first_seq, last_seq),
            )
            seqs = [seq for (seq,) in found]
            self._db.execute(
                f"UPDATE rows SET acknowledged_s = NULL, posted_s = ? WHERE {which} AND acknowledged_s IS NOT NULL",  # noqa: S608
                (self._now_s(), series, first_seq, last_seq),
            )
            return seqs

        seqs = self._write("resend", work)
        ends = [first_seq - 1, *seqs, last_seq + 1]
        holes = [(one + 1, next_ - 1) for one, next_ in pairwise(ends) if next_ - one > 1]
        return Resent(len(seqs), tuple(holes))

    def prune(self) -> None:
        """Delete what was acknowledged longer than `retain_s` ago, and retained messages that have successors.

        Above three quarters of `max_bytes` the longest acknowledged rows go too, whatever their age, to leave room for
        rows that nobody has yet.
        """

        def work() -> int:
            self._db.execute("DELETE FROM rows WHERE acknowledged_s < ?", (self._now_s() - self._retain_s,))
            newest = "SELECT max(id) FROM rows WHERE retain != 0 GROUP BY topic"
            self._db.execute(
                f"DELETE FROM rows WHERE retain != 0 AND acknowledged_s IS NOT NULL AND id NOT IN ({newest})"  # noqa: S608
            )
            nearly_full = self._db.used_bytes() > _NEARLY_FULL * self._max_bytes
            return self._drop("acknowledged_s IS NOT NULL ORDER BY acknowledged_s, id") if nearly_full else 0

        if self._owed:
            self.acknowledge(())
        try:
            self.dropped += self._write("prune", work)
        except FullError:
            return
        self._take_ballast()

    def depth(self) -> int:
        """Number of rows that wait for their acknowledgement."""
        with self._db.explained("read"):
            return int(self._db.execute("SELECT count(*) FROM rows WHERE acknowledged_s IS NULL").fetchone()[0])

    def oldest_age_s(self) -> float | None:
        """Seconds that the oldest unacknowledged row has waited while a service ran; None when none waits."""
        query = "SELECT posted_s FROM rows WHERE acknowledged_s IS NULL ORDER BY id LIMIT 1"
        with self._db.explained("read"):
            oldest = self._db.execute(query).fetchone()
        return None if oldest is None else max(0.0, self._now_s() - float(oldest[0]))

    def shelves(self) -> list[Shelf]:
        """What is kept, by series."""
        query = (
            "SELECT series, count(*), min(seq), max(seq), sum(acknowledged_s IS NULL) FROM rows WHERE series != '' "
            "GROUP BY series ORDER BY series"
        )
        with self._db.explained("read"):
            return [Shelf(*columns) for columns in self._db.execute(query).fetchall()]

    def close(self) -> None:
        """Let go of the file; closing twice is fine."""
        self._db.close()

    def __enter__(self) -> Outbox:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _write(self, doing: str, work: Callable[[], T], *, room_for: int = 0) -> T:
        """Do the work in one transaction; when there is no room for it, make some and try again.

        `room_for` is the number of bytes to be stored for whose sake the oldest rows may go.
        """
        while True:
            try:
                with self._db.explained(doing), self._db.transaction():
                    return work()
            except FullError:
                if not self._make_room(room_for):
                    raise

    def _make_room(self, room_for: int) -> bool:
        """Whether something could be done: throwing the ballast, or else dropping the oldest rows.

        Without the ballast the file may not grow, so that what is written to the log always fits back into it. When
        the file has twice the room that is wanted, it is the log that has none: then dropping rows would not help.
        """
        try:
            with self._db.explained("make room"):
                if self._ballast.throw():
                    self._db.put_back_log()
                    self._db.grow(may=False)
                    return True
                if self._db.free_bytes() >= 2 * room_for:
                    return False
                with self._db.transaction():
                    # What the broker has goes first; then what nobody has, which is a loss, and the count says so.
                    kept = self._drop("acknowledged_s IS NOT NULL ORDER BY acknowledged_s, id")
                    dropped = kept or self._drop("acknowledged_s IS NULL ORDER BY id")
                self._db.put_back_log()
        except FullError:
            return False
        self.dropped += dropped
        return dropped > 0

    def _take_ballast(self) -> None:
        self._db.grow(may=self._ballast.take())

    def _drop(self, which: str) -> int:
        """Within a transaction: delete some rows before their time, and count them for good."""
        oldest = f"SELECT id FROM rows WHERE {which} LIMIT {_AT_ONCE}"  # noqa: S608
        dropped = self._db.execute(f"DELETE FROM rows WHERE id IN ({oldest})").rowcount  # noqa: S608
        self._set("dropped", self.dropped + dropped)
        return dropped

    def _set(self, key: str, value: str | float) -> None:
        self._db.execute("INSERT OR REPLACE INTO state (key, value) VALUES (?, ?)", (key, value))

    def _now_s(self) -> float:
        return self._ran_before_s + self._mono() - self._opened_s

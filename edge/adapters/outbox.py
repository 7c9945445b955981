"""The outbox: every row that has to reach the broker, and the books, in one SQLite file. The only copy that matters.

It owns durability, and which rows the broker has acknowledged. It does not know what a row says, how books are kept
or that MQTT exists. WAL with synchronous FULL is the one pair of settings that lost no committed row under simulated
power cuts. A row stays for a retention time AFTER its acknowledgement, because an acknowledgement is not durable: a
broker can forget what it acknowledged, and then a reader asks for the row again.

Ages are counted in seconds during which a service had the outbox open, as the file itself accumulates them: a camera
box often has no battery clock, and a jump of UTC must not throw rows away. Time switched off ages nothing.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from edge.core.books import Books
from edge.core.message import Message
from edge.errors import OutboxError

_APPLICATION_ID = 0x45444745  # "EDGE": what makes an SQLite file ours
_SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE rows (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    topic TEXT NOT NULL, payload BLOB NOT NULL, qos INTEGER NOT NULL, retain INTEGER NOT NULL,
    series TEXT NOT NULL, seq INTEGER NOT NULL, expiry_s INTEGER,
    posted_s REAL NOT NULL, acknowledged_s REAL);
CREATE UNIQUE INDEX rows_key ON rows (series, seq) WHERE series != '';
CREATE INDEX rows_pending ON rows (id) WHERE acknowledged_s IS NULL;
CREATE INDEX rows_kept ON rows (acknowledged_s) WHERE acknowledged_s IS NOT NULL;
CREATE TABLE state (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
"""
_COLUMNS = "topic, payload, qos, retain, series, seq, expiry_s"


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A message that waits for its acknowledgement; ids grow with age and are never used twice."""

    id: int
    message: Message


class Outbox:
    """The rows and the books of one device; a context manager that holds the file for itself while it is open.

    All methods belong to the main thread. After an OutboxError the file is as the last commit left it; close the
    outbox and open it again to go on.

    Args:
        path: Of the SQLite file; made (mode 0600) when it does not exist, its folder is not.
        retain_s: Seconds that an acknowledged row is kept for readers who ask for it again.
        max_bytes: Size that the file may reach; when it is full, `post` fails and nothing is lost silently.
        mono: Seconds of a clock that never jumps.

    Raises:
        OutboxError: The file cannot be made, read or written, is corrupt, is in use, belongs to another application
            or to a newer version of this one.
    """

    def __init__(
        self,
        path: Path,
        *,
        retain_s: float = 259_200.0,
        max_bytes: int = 256 * 2**20,
        mono: Callable[[], float] = time.monotonic,
    ) -> None:
        self.path = path
        self._retain_s = retain_s
        self._max_bytes = max_bytes
        self._mono = mono
        self._make_file()
        with self._explained("open"):
            self._db = sqlite3.connect(path, timeout=0.0, isolation_level=None)
        try:
            with self._explained("open"):
                self._configure()
                self._found()
            self.books = self._read_books()
        except BaseException:
            self._db.close()
            raise
        self._opened_s = mono()
        self._ran_before_s = float(self._state("ran_s"))

    def post(self, posting: Callable[[Books], tuple[Sequence[Message], Books]]) -> None:
        """Store the rows that `posting` makes of the books, and the books that it makes, in one transaction.

        `posting` gets the books as last committed. When it raises, its exception comes through and nothing changes.

        Raises:
            OutboxError: The disk or the outbox is full, or a (series, seq) is there already; nothing was stored.
        """
        with self._explained("post"), self._transaction():
            messages, books = posting(self.books)
            now_s = self._now_s()
            self._db.executemany(
                f"INSERT INTO rows ({_COLUMNS}, posted_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 (constant)
                [(m.topic, m.payload, m.qos, m.retain, m.series, m.seq, m.expiry_s, now_s) for m in messages],
            )
            self._set_state("books", books.to_json())
            self._set_state("ran_s", now_s)
        self.books = books

    def pending(self, after_id: int, limit: int) -> list[OutboxRow]:
        """At most `limit` unacknowledged rows with an id above `after_id`, oldest first."""
        query = f"SELECT id, {_COLUMNS} FROM rows WHERE acknowledged_s IS NULL AND id > ? ORDER BY id LIMIT ?"  # noqa: S608
        with self._explained("read"):
            found = self._db.execute(query, (after_id, limit)).fetchall()
        return [
            OutboxRow(row_id, Message(topic, payload, qos, bool(retain), series, seq, expiry_s))
            for row_id, topic, payload, qos, retain, series, seq, expiry_s in found
        ]

    def acknowledge(self, ids: Sequence[int]) -> None:
        """Note that the broker has these rows; they stay for `retain_s` from now."""
        with self._explained("acknowledge"), self._transaction():
            now_s = self._now_s()
            self._db.executemany(
                "UPDATE rows SET acknowledged_s = ? WHERE id = ? AND acknowledged_s IS NULL",
                [(now_s, row_id) for row_id in ids],
            )
            self._set_state("ran_s", now_s)

    def prune(self) -> int:
        """Delete what was acknowledged longer than `retain_s` ago; the number of rows deleted.

        Above three quarters of `max_bytes`, a thousand of the longest acknowledged rows go too, whatever their age,
        to leave room for rows that nobody has yet. Unacknowledged rows are never deleted.
        """
        with self._explained("prune"), self._transaction():
            expired = self._db.execute("DELETE FROM rows WHERE acknowledged_s < ?", (self._now_s() - self._retain_s,))
            deleted = expired.rowcount
            if self._used_bytes() > 0.75 * self._max_bytes:
                oldest = "SELECT id FROM rows WHERE acknowledged_s IS NOT NULL ORDER BY acknowledged_s, id LIMIT 1000"
                deleted += self._db.execute(f"DELETE FROM rows WHERE id IN ({oldest})").rowcount  # noqa: S608
        return deleted

    def depth(self) -> int:
        """Number of rows that wait for their acknowledgement."""
        with self._explained("read"):
            return int(self._db.execute("SELECT count(*) FROM rows WHERE acknowledged_s IS NULL").fetchone()[0])

    def oldest_age_s(self) -> float | None:
        """Seconds that the oldest unacknowledged row has waited while a service ran; None when none waits."""
        query = "SELECT posted_s FROM rows WHERE acknowledged_s IS NULL ORDER BY id LIMIT 1"
        with self._explained("read"):
            oldest = self._db.execute(query).fetchone()
        return None if oldest is None else max(0.0, self._now_s() - float(oldest[0]))

    def close(self) -> None:
        """Let go of the file; closing twice is fine."""
        with self._explained("close"):
            self._db.close()

    def __enter__(self) -> Outbox:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _make_file(self) -> None:
        """Make the file before SQLite does, so that it is private from its first byte, as its WAL then is too.

        A file that exists is not opened to look at it: closing it again would drop the locks of this process.
        """
        try:
            if not self.path.exists():
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            if not self.path.is_file():
                raise OutboxError(f"{self.path}: expected a file or nothing, got a folder or a device")
            self.path.chmod(0o600)
        except OSError as error:
            raise OutboxError(f"{self.path}: expected a file of ours or room for one, got: {error.strerror}") from None

    def _configure(self) -> None:
        """EXCLUSIVE before the first access keeps every other process out, and needs no shared memory file."""
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._check_owner()
        (mode,) = self._db.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise OutboxError(f"{self.path}: expected a file system that can keep a write-ahead log, got mode {mode}")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute(f"PRAGMA max_page_count = {self._max_bytes // self._pragma('page_size')}")

    def _check_owner(self) -> None:
        """Refuse a database that is not ours before anything is written to it."""
        if not self._pragma("schema_version"):
            return  # nothing in it yet
        owner, version = self._pragma("application_id"), self._pragma("user_version")
        if owner != _APPLICATION_ID:
            raise OutboxError(f"{self.path}: expected an outbox, got a database of another application ({owner:#x})")
        if version > _SCHEMA_VERSION:
            raise OutboxError(
                f"{self.path}: expected an outbox of version {_SCHEMA_VERSION}, got version {version}; "
                "a newer release of this software made it"
            )

    def _found(self) -> None:
        """Take the lock for good and, in a new file, make the tables and an epoch."""
        with self._transaction():
            if self._pragma("schema_version"):
                return
            for statement in _SCHEMA.split(";")[:-1]:
                self._db.execute(statement)
            self._set_state("books", Books(epoch=secrets.token_hex(8)).to_json())
            self._set_state("ran_s", 0.0)
            self._db.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
            self._db.execute(f"PRAGMA application_id = {_APPLICATION_ID}")

    def _read_books(self) -> Books:
        with self._explained("open"):
            text = str(self._state("books"))
        try:
            return Books.from_json(text)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise OutboxError(f"{self.path}: expected books, got text that is none ({type(error).__name__})") from error

    def _state(self, key: str) -> str | float:
        found = self._db.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        if found is None:
            raise OutboxError(f"{self.path}: expected a state named {key}, got none")
        value: str | float = found[0]
        return value

    def _set_state(self, key: str, value: str | float) -> None:
        self._db.execute("INSERT OR REPLACE INTO state (key, value) VALUES (?, ?)", (key, value))

    def _pragma(self, name: str) -> int:
        return int(self._db.execute(f"PRAGMA {name}").fetchone()[0])

    def _used_bytes(self) -> int:
        return (self._pragma("page_count") - self._pragma("freelist_count")) * self._pragma("page_size")

    def _now_s(self) -> float:
        return self._ran_before_s + self._mono() - self._opened_s

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # SQLite has rolled back by itself after some errors, a full disk for one
                self._db.execute("ROLLBACK")
            raise

    @contextmanager
    def _explained(self, doing: str) -> Iterator[None]:
        """Turn what SQLite says into an OutboxError with the place and what was expected."""
        try:
            yield
        except sqlite3.Error as error:
            expected = {
                "database is locked": "to be the only process that uses it",
                "database or disk is full": f"room on the disk and at most {self._max_bytes} bytes",
                "file is not a database": "an SQLite file",
                "database disk image is malformed": "an SQLite file without damage",
            }.get(str(error), "a file that can be read and written")
            raise OutboxError(f"{self.path}: {doing}: expected {expected}, got: {error}") from error

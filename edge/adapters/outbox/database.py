"""The SQLite file: opened so that a power cut loses no commit, checked, moved aside when it is damaged.

It owns pragmas, transactions, the version of the tables and the words for what SQLite says. It does not know what is in
the tables. WAL with synchronous FULL is the one pair of settings that lost no committed row under simulated power cuts.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.errors import OutboxError

_APPLICATION_ID = 0x45444745  # "EDGE": what makes an SQLite file ours
_VERSION = 2
_TABLES = """
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
_SINCE = {2: "CREATE INDEX rows_retained ON rows (topic, id) WHERE retain != 0"}
"""What each version adds to the tables of the one before."""
_WAL_PAGES = 32
"""The log goes back into the file after this many: on a full disk it has to fit into what the ballast frees."""
_KEPT_ASIDE = 3
_DAMAGE = ("file is not a database", "database disk image is malformed")
_FULL = "database or disk is full"


class FullError(OutboxError):
    """The disk, or what the outbox may take of it, is full."""


class DamagedError(OutboxError):
    """The file is not what it was when it was written."""


class Database:
    """One open database, held for this process alone; version and ownership are checked before anything is written.

    Args:
        path: Of the file; made (mode 0600) when it does not exist, its folder is not.
        max_bytes: Size that the file may reach.

    Raises:
        DamagedError: The file is no database, or SQLite finds it damaged.
        OutboxError: It cannot be read or written, is in use, or belongs to somebody else or to a newer version.
    """

    def __init__(self, path: Path, max_bytes: int) -> None:
        self.path, self.max_bytes = path, max_bytes
        self._make_file()
        with self.explained("open"):
            self._db = sqlite3.connect(path, timeout=0.0, isolation_level=None)
        try:
            with self.explained("open"):
                self._configure()
                with self.transaction():  # takes the lock for good
                    self._found()
                self._check()
        except BaseException:
            self._db.close()
            raise
        self.execute = self._db.execute
        self.executemany = self._db.executemany

    def close(self) -> None:
        """Let go of the file; closing twice is fine."""
        with self.explained("close"):
            self._db.close()

    def used_bytes(self) -> int:
        """Bytes of the file in use; what was deleted is not, though the file keeps its size."""
        return (self._pragma("page_count") - self._pragma("freelist_count")) * self._pragma("page_size")

    def free_bytes(self) -> int:
        """Bytes that can still be stored before the file is as large as it may be."""
        free_pages = self._pragma("max_page_count") - self._pragma("page_count") + self._pragma("freelist_count")
        return free_pages * self._pragma("page_size")

    def grow(self, *, may: bool) -> None:
        """Whether the file may grow up to `max_bytes`, or stays as large as it is."""
        pages = self.max_bytes // self._pragma("page_size") if may else self._pragma("page_count")
        self._db.execute(f"PRAGMA max_page_count = {pages}")

    def put_back_log(self) -> None:
        """Write the log into the file, so that it starts again at its beginning and needs no more room."""
        self._db.execute("PRAGMA wal_checkpoint(RESTART)")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, and on the disk when it ends."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # SQLite has rolled back by itself after some errors, a full disk for one
                self._db.execute("ROLLBACK")
            raise

    @contextmanager
    def explained(self, doing: str) -> Iterator[None]:
        """Turn what SQLite says into an OutboxError with the place and what was expected."""
        try:
            yield
        except sqlite3.Error as error:
            expected = {
                "database is locked": "to be the only process that uses it",
                _FULL: f"room on the disk and at most {self.max_bytes} bytes",
                _DAMAGE[0]: "an SQLite file",
                _DAMAGE[1]: "an SQLite file without damage",
            }.get(str(error), "a file that can be read and written")
            kind = FullError if str(error) == _FULL else DamagedError if str(error) in _DAMAGE else OutboxError
            raise kind(f"{self.path}: {doing}: expected {expected}, got: {error}") from error

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
        self._db.execute(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES}")
        self.grow(may=True)

    def _check_owner(self) -> None:
        """Refuse a database that is not ours before anything is written to it."""
        if not self._pragma("schema_version"):
            return  # nothing in it yet
        owner, version = self._pragma("application_id"), self._pragma("user_version")
        if owner != _APPLICATION_ID:
            raise OutboxError(f"{self.path}: expected an outbox, got a database of another application ({owner:#x})")
        if version > _VERSION:
            raise OutboxError(
                f"{self.path}: expected an outbox of version {_VERSION} or older, got version {version}; "
                "a newer release of this software made it"
            )

    def _found(self) -> None:
        version = self._pragma("user_version") if self._pragma("schema_version") else 0
        if version == _VERSION:
            return
        if version == 0:
            for statement in _TABLES.split(";")[:-1]:
                self._db.execute(statement)
        for since, statement in _SINCE.items():
            if since > version:
                self._db.execute(statement)
        self._db.execute(f"PRAGMA user_version = {_VERSION}")
        self._db.execute(f"PRAGMA application_id = {_APPLICATION_ID}")

    def _check(self) -> None:
        (found,) = self._db.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise DamagedError(f"{self.path}: open: expected an SQLite file without damage, got: {found}")

    def _pragma(self, name: str) -> int:
        return int(self._db.execute(f"PRAGMA {name}").fetchone()[0])


def new_epoch() -> str:
    """A random id for a new run of sequence numbers."""
    return secrets.token_hex(8)


def move_aside(path: Path) -> Path:
    """Rename a damaged database and its log, so that somebody may look at them; the three newest are kept.

    Raises:
        OutboxError: It cannot be renamed.
    """
    places = [path.with_name(f"{path.name}.damaged-{number}") for number in range(1, _KEPT_ASIDE + 1)]
    free = [place for place in places if not place.exists()]
    place = free[0] if free else min(places, key=lambda taken: taken.stat().st_mtime)
    try:
        path.replace(place)
        log, log_place = (file.with_name(f"{file.name}-wal") for file in (path, place))
        log.replace(log_place) if log.exists() else log_place.unlink(missing_ok=True)
    except OSError as error:
        raise OutboxError(f"{path}: expected to move a damaged file aside, got: {error.strerror}") from None
    return place

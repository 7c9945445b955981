"""The embedded database: one file, made when it does not exist; WAL, so that reports read while the reader writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from analytics.errors import StoreError
from analytics.store.address import Address
from analytics.store.database import Database, Dialect, Values

_APPLICATION_ID = 0x54524146  # "TRAF": what makes an SQLite file ours
_BUSY_S = 30.0


class Sqlite(Database):
    """A connection to an SQLite file.

    Raises:
        StoreError: The file cannot be made or read, or belongs to another application.
    """

    dialect = Dialect(
        name="sqlite", big="INTEGER", real="REAL", identity="INTEGER PRIMARY KEY", by_month="", for_update=""
    )

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        with self._explained():
            self._db = sqlite3.connect(address.path, timeout=_BUSY_S, isolation_level=None)
        try:
            with self._explained():
                self._configure()
        except BaseException:
            self._db.close()
            raise

    def query(self, sql: str, values: Values = ()) -> list[tuple[Any, ...]]:
        """The rows that a statement gives."""
        with self._explained():
            return self._db.execute(sql, values).fetchall()

    def execute(self, sql: str, values: Values = ()) -> int:
        """Runs a statement; the number of rows that it changed."""
        with self._explained():
            return self._db.execute(sql, values).rowcount

    def execute_many(self, sql: str, rows: Iterable[Values]) -> None:
        """Runs a statement once for every row of values."""
        with self._explained():
            self._db.executemany(sql, rows)

    def copy(self, table: str, columns: Sequence[str], rows: Iterable[Values]) -> None:
        """Puts many rows into a table; names are those of the store, never of a message."""
        marks = ", ".join("?" * len(columns))
        self.execute_many(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)  # noqa: S608

    def stage(self, table: str, like: str) -> None:
        """Makes an empty table of this connection alone."""
        self.execute(f"CREATE TEMP TABLE {table} AS {like} LIMIT 0")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. IMMEDIATE: writers take turns from the start; none has read what another changes."""
        self.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # SQLite has rolled back by itself after some errors, a full disk for one
                self._db.rollback()
            raise

    @contextmanager
    def alone(self) -> Iterator[None]:
        """A transaction during which no other process writes."""
        with self.transaction():
            yield

    def ensure_months(self, tables: Sequence[str], starts_s: Iterable[int]) -> None:
        """SQLite has no partitions."""

    def close(self) -> None:
        """Lets go of the file."""
        with self._explained():
            self._db.close()

    def _configure(self) -> None:
        (made,) = self._db.execute("PRAGMA schema_version").fetchone()
        (owner,) = self._db.execute("PRAGMA application_id").fetchone()
        if made and owner != _APPLICATION_ID:
            raise StoreError(f"{self.name}: expected a database of `traffic`, got one of another application")
        if not made:
            self._db.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")  # what is acknowledged to the broker has to survive a power cut
        self._db.execute("PRAGMA foreign_keys = ON")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(f"{self.name}: expected a database that can be read and written, got: {error}") from error

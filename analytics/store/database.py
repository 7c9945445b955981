"""What the store needs of a database, whichever it is. It knows no table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from analytics.store.address import Address

Values = Sequence[Any]
_ROWS_AT_ONCE = 100
"""Older SQLite takes 999 values in one statement."""


@dataclass(frozen=True)
class Dialect:
    """Where the two databases speak differently.

    Attributes:
        name: sqlite or postgresql.
        big: Type of a 64-bit integer.
        real: Type of a 64-bit float.
        identity: Column type of an integer key that the database gives out.
        by_month: Ends the CREATE TABLE of rows: partitions by start_s.
        for_update: Ends a SELECT that holds its rows until the transaction ends.
    """

    name: str
    big: str
    real: str
    identity: str
    by_month: str
    for_update: str

    def utc(self, column: str) -> str:
        """SQL for the time in a column of seconds since the UTC epoch."""
        return f"to_timestamp({column})" if self.name == "postgresql" else f"datetime({column}, 'unixepoch')"


class Database(ABC):
    """One connection. Values stand as `?` in SQL; no other question mark may stand there.

    Every method raises StoreError when the database fails.
    """

    dialect: Dialect

    def __init__(self, address: Address) -> None:
        self.name = address.name

    @abstractmethod
    def query(self, sql: str, values: Values = ()) -> list[tuple[Any, ...]]:
        """The rows that a statement gives."""

    @abstractmethod
    def execute(self, sql: str, values: Values = ()) -> int:
        """Runs a statement; the number of rows that it changed."""

    @abstractmethod
    def execute_many(self, sql: str, rows: Iterable[Values]) -> None:
        """Runs a statement once for every row of values."""

    @abstractmethod
    def copy(self, table: str, columns: Sequence[str], rows: Iterable[Values]) -> None:
        """Puts many rows into a table in the fastest way that there is."""

    @abstractmethod
    def stage(self, table: str, like: str) -> None:
        """Makes an empty table of this connection alone, with the columns of a SELECT."""

    def insert_new(self, table: str, columns: Sequence[str], rows: Sequence[Values]) -> list[tuple[Any, ...]]:
        """Inserts rows unless they are there; the whole of those that were not."""
        made = []
        for first in range(0, len(rows), _ROWS_AT_ONCE):
            some = rows[first : first + _ROWS_AT_ONCE]
            marks = ", ".join(f"({', '.join('?' * len(columns))})" for _ in some)
            made += self.query(
                f"INSERT INTO {table} ({', '.join(columns)}) VALUES {marks} ON CONFLICT DO NOTHING RETURNING *",  # noqa: S608
                [value for row in some for value in row],
            )
        return made

    @contextmanager
    @abstractmethod
    def transaction(self) -> Iterator[None]:
        """All or nothing; not to be nested."""
        yield

    @abstractmethod
    def ensure_months(self, tables: Sequence[str], starts_s: Iterable[int]) -> None:
        """Makes room for rows that start then, where a table has to be told; in a transaction of its own."""

    @abstractmethod
    @contextmanager
    def alone(self) -> Iterator[None]:
        """A transaction during which no other process migrates."""
        yield

    @abstractmethod
    def close(self) -> None:
        """Lets go; closing twice is fine."""

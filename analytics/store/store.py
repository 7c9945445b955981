"""The open database, its tables as this release wants them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from analytics.store.address import Address, read_address
from analytics.store.database import Database, Values
from analytics.store.migrations import migrate
from analytics.store.sqlite import Sqlite


class Store:
    """The books; a context manager. Values stand as `?` in SQL, whichever the database.

    Attributes:
        database: The connection, for what this class does not offer.
        name: Of the database, for messages; shows no password.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.name = database.name

    def query(self, sql: str, values: Values = ()) -> list[tuple[Any, ...]]:
        """The rows that a statement gives.

        Raises:
            StoreError: The database fails.
        """
        return self.database.query(sql, values)

    def execute(self, sql: str, values: Values = ()) -> int:
        """Runs a statement; the number of rows that it changed.

        Raises:
            StoreError: The database fails.
        """
        return self.database.execute(sql, values)

    def execute_many(self, sql: str, rows: Iterable[Values]) -> None:
        """Runs a statement once for every row of values.

        Raises:
            StoreError: The database fails.
        """
        self.database.execute_many(sql, rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; not to be nested.

        Raises:
            StoreError: The database fails.
        """
        with self.database.transaction():
            yield

    def close(self) -> None:
        """Lets go of the database."""
        self.database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def open_store(dsn: str | None = None, *, password_file: Path | None = None) -> Store:
    """Opens a database and makes its tables, or brings them up to date.

    Args:
        dsn: `sqlite:///file` or `postgresql://user@host/name`; None: $TRAFFIC_DB, else sqlite:///traffic.db.
        password_file: Holds the password of PostgreSQL.

    Raises:
        ConfigError: The DSN is none, or shows a password on the command line.
        StoreError: The database cannot be used, or a newer release made its tables.
    """
    database = connect(read_address(dsn, password_file))
    try:
        migrate(database)
    except BaseException:
        database.close()
        raise
    return Store(database)


def connect(address: Address) -> Database:
    """A connection, whatever tables there are.

    Raises:
        StoreError: The database cannot be used.
    """
    if address.kind == "sqlite":
        return Sqlite(address)
    from analytics.store.postgresql import Postgresql  # noqa: PLC0415 - SQLite needs no psycopg

    return Postgresql(address)

"""Options that several commands share: which database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from analytics.store import Store, open_store

DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--db",
        metavar="DSN",
        help="sqlite:///file or postgresql://user@host/name, without a password; else $TRAFFIC_DB, else "
        "sqlite:///traffic.db.",
    ),
]
PasswordFileOption = Annotated[
    Path | None,
    typer.Option("--db-password-file", metavar="FILE", help="Holds the password of the database; else $PGPASSWORD."),
]


def open_database(dsn: str | None, password_file: Path | None = None) -> Store:
    """The database that the options name, its tables as this release wants them.

    Raises:
        ConfigError: The DSN is none, or the option shows a password.
        StoreError: The database cannot be used.
    """
    return open_store(dsn, password_file=password_file)

"""Where the database is: a DSN as people write it. It opens nothing, and no text from here shows a password."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from edge.errors import ConfigError

DEFAULT = "sqlite:///traffic.db"
VARIABLE = "TRAFFIC_DB"
_EXPECTED = "expected sqlite:///file or postgresql://host:port/name, with a user before the host"
_SECRET = re.compile(r"(?<=//).*@|(?<=password=)[^\s&'\"]*")
_MAX_BYTES = 10_000


def discreet(text: str) -> str:
    """`text` without what may be the user and password of an address.

    >>> discreet("postgresql://ann:secret@db/shops?sslpassword=x")
    'postgresql://…db/shops?sslpassword=…'
    """
    return _SECRET.sub("…", text)


@dataclass(frozen=True)
class Address:
    """A database.

    Attributes:
        kind: Which one.
        path: Of the SQLite file.
        url: For libpq, without a password; empty with SQLite.
        password: Or None: libpq then looks into $PGPASSWORD and ~/.pgpass itself.
    """

    kind: Literal["sqlite", "postgresql"]
    path: Path = Path()
    url: str = ""
    password: str | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """For messages."""
        return f"sqlite:///{self.path}" if self.kind == "sqlite" else discreet(self.url)


def read_address(dsn: str | None, password_file: Path | None = None) -> Address:
    """The address in `dsn`; else the one in $TRAFFIC_DB, where it may hold a password; else the default file.

    Raises:
        ConfigError: It is no DSN; or one on the command line holds a password, which every user of the machine can
            read there; or the password file cannot be read.
    """
    given = dsn if dsn is not None else os.environ.get(VARIABLE, DEFAULT)
    where = "--db" if dsn is not None else f"${VARIABLE}"
    try:
        parts = urlsplit(given)
        secret = parts.password
        options = parse_qsl(parts.query)
    except ValueError:
        raise ConfigError(f"{where}: {_EXPECTED}, got {discreet(given)!r}") from None
    if parts.scheme == "sqlite":
        return _sqlite(given, where)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ConfigError(f"{where}: {_EXPECTED}, got {discreet(given)!r}")
    if secret is None:
        secret = dict(options).get("password")
    if dsn is not None and secret is not None:
        raise ConfigError(
            "--db: expected no password, because every user of the machine can read the command line; put it into "
            f"$PGPASSWORD, ~/.pgpass, --db-password-file, or the whole DSN into ${VARIABLE}"
        )
    if password_file is not None:
        password: str | None = _first_line(password_file)
    else:
        password = None if secret is None else unquote(secret)
    user, at, host = parts.netloc.rpartition("@")
    kept = urlencode([(key, value) for key, value in options if key != "password"])
    url = parts._replace(netloc=f"{user.partition(':')[0]}{at}{host}", query=kept).geturl()
    return Address("postgresql", url=url, password=password)


def _sqlite(dsn: str, where: str) -> Address:
    path = dsn.removeprefix("sqlite://")
    if not path.startswith("/") or path == "/" or "?" in path:
        raise ConfigError(f"{where}: {_EXPECTED}, got {dsn!r}; an absolute path has four slashes: sqlite:////var/file")
    return Address("sqlite", path=Path(path[1:]))


def _first_line(path: Path) -> str:
    try:
        with path.open("rb") as file:
            stored = file.read(_MAX_BYTES)
    except OSError as error:
        raise ConfigError(f"{path}: expected a readable file with the password, got: {error.strerror}") from None
    secret = stored.decode(errors="replace").removesuffix("\n").removesuffix("\r")
    if not secret:
        raise ConfigError(f"{path}: expected the password of the database, found it empty")
    return secret

"""`traffic online`: daily counts of the online shop from a file."""

from __future__ import annotations

import time
from collections import defaultdict
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated

import typer

from analytics.commands.options import DatabaseOption, PasswordFileOption, open_database
from analytics.online_books import put_online
from analytics.online_csv import BOM, COLUMNS, OPTIONAL, CsvError, parse
from analytics.store import Store
from edge.errors import ConfigError

MAX_BYTES = 50_000_000

online_app = typer.Typer(help="What the online shop delivers: counts by day and code.", no_args_is_help=True)


@online_app.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(help=f"CSV with the columns {','.join(COLUMNS)}[,{OPTIONAL[0]}].")],
    as_of: Annotated[
        str | None,
        typer.Option(
            metavar="DATE",
            help="Last day that the export covers, unless the lines say; else the latest date in the file.",
        ),
    ] = None,
    db: DatabaseOption = None,
    db_password_file: PasswordFileOption = None,
) -> None:
    """Import daily counts of tagged orders; the same days again replace what was there. All of a file or nothing."""
    data = _read(file)
    through = None if as_of is None else _date(as_of)
    with open_database(db, db_password_file) as store:
        try:
            days = parse(data, _zones(store), through)
        except CsvError as error:
            raise ConfigError(f"{file}: nothing was imported\n{error}") from None
        latest = max((day.as_of for day in days), default="")
        tomorrow = datetime.fromtimestamp(time.time(), timezone.utc).date() + timedelta(days=1)
        if latest > tomorrow.isoformat():  # tomorrow has begun somewhere
            raise ConfigError(f"{file}: expected days up to now, got {latest}; nothing was imported")
        with store.transaction():
            stored = put_online(store, days, "csv")
    if data.startswith(BOM):
        print(f"{file}: begins with a byte order mark, which was skipped")
    older = f"; {stored.older} kept as they were: the books hold a later delivery" if stored.older else ""
    print(f"{stored.taken} of {len(days)} lines stored{older}" + (f"; books through {latest}" if latest else ""))


def _zones(store: Store) -> dict[str, set[str]]:
    """The zones that cameras count, by site."""
    zones: dict[str, set[str]] = defaultdict(set)
    for site, kind, name in store.query("SELECT DISTINCT site, kind, name FROM streams"):
        zones[site] |= {name} if kind == "zone" else set()
    return zones


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path}: expected a readable file, got: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{path}: expected at most {MAX_BYTES} bytes; import it in parts")
    return data


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"--as-of: expected a date such as 2026-11-23, got {text!r}") from None

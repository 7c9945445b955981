"""`traffic report`: what a shop's rows say, as a table, files and a page."""

from __future__ import annotations

import time
from datetime import date
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from analytics.commands.options import DatabaseOption, PasswordFileOption, open_database
from edge.errors import ConfigError

if TYPE_CHECKING:
    from analytics.estimate.wilson import CountError
    from analytics.report.facts import Report


class ByChoice(str, Enum):
    """Length of the periods."""

    hour = "hour"
    day = "day"
    week = "week"


def report_command(
    site: Annotated[str | None, typer.Option("--site", help="Which one; needed when the database has several.")] = None,
    first: Annotated[
        str | None,
        typer.Option("--from", metavar="DATE", help="First business day; 28 days up to the last by default."),
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="Last business day; the last with rows by default.")
    ] = None,
    by: Annotated[ByChoice, typer.Option("--by", help="Length of the periods.")] = ByChoice.day,
    time_zone: Annotated[
        str | None, typer.Option(metavar="NAME", help="As Europe/Berlin, instead of what the database says.")
    ] = None,
    day_start: Annotated[
        str | None,
        typer.Option(metavar="HH:MM", help="Local start of a business day; else the database's, else 04:00."),
    ] = None,
    opening: Annotated[
        str | None,
        typer.Option(metavar="HOURS", help="As 'mon-fri 09:00-20:00; sat 10:00-18:00; 2026-12-25 closed'."),
    ] = None,
    count_error: Annotated[
        str | None,
        typer.Option(
            metavar="BIAS,LOW,HIGH",
            help="Of the counts, from an audit: -0.03,-0.05,-0.01 when one in 33 is missed; widens the intervals.",
        ),
    ] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Write the tables as CSV files.")] = None,
    parquet: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write the tables as Parquet files; needs duckdb.")
    ] = None,
    json_to: Annotated[
        str | None, typer.Option("--json", metavar="FILE", help="Write everything as JSON; - prints it.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the page, which asks for nothing else.")
    ] = None,
    db: DatabaseOption = None,
    db_password_file: PasswordFileOption = None,
) -> None:
    """Report traffic, dwell, funnel and conversion of a shop: in the terminal, or as files where they are asked for."""
    from analytics.report.query import Request, report  # noqa: PLC0415 - `traffic --help` needs none of this
    from analytics.report.settings import read  # noqa: PLC0415

    told, audit = read(time_zone, day_start, opening), _count_error(count_error)
    request = Request(
        now_s=int(time.time()),
        site=site,
        first=_date("--from", first),
        last=_date("--to", last),
        by=by.value,
        time_zone=told.time_zone,
        day_start=told.day_start,
        opening=told.opening,
        visitors_error=audit,
        engaged_error=audit,
    )
    with open_database(db, db_password_file) as store:
        found = report(store, request)
    if not _write(found, csv, parquet, json_to, html):
        _show(found)


def _write(found: Report, csv: Path | None, parquet: Path | None, json_to: str | None, html: Path | None) -> bool:
    """Writes what was asked for; False when nothing was."""
    from analytics.report import export, page  # noqa: PLC0415

    written: list[Path] = []
    if csv is not None:
        written += export.write_csv(found, csv)
    if parquet is not None:
        written += export.write_parquet(found, parquet)
    if html is not None:
        export.write_text(html, page.page(found))
        written.append(html)
    if json_to == "-":
        print(export.as_json(found), end="")
        return True
    if json_to is not None:
        export.write_text(Path(json_to), export.as_json(found))
        written.append(Path(json_to))
    for path in written:
        print(path)
    return bool(written)


def _show(found: Report) -> None:
    from rich.console import Console  # noqa: PLC0415

    from analytics.report.table import text_report  # noqa: PLC0415

    Console(highlight=False).print(text_report(found))


def _date(option: str, text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{option}: expected a date such as 2026-11-23, got {text!r}") from None


def _count_error(text: str | None) -> CountError:
    from analytics.estimate.wilson import NOT_AUDITED, CountError  # noqa: PLC0415

    if text is None:
        return NOT_AUDITED
    try:
        bias, low, high = map(float, text.split(","))
        return CountError(bias, low, high)
    except ValueError:
        raise ConfigError(
            f"--count-error: expected bias, low and high such as -0.03,-0.05,-0.01, got {text!r}"
        ) from None

"""The tables of a report as CSV, Parquet and JSON files. It knows no figure by name.

Files appear whole or not at all: they are written beside their place and then moved there.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from analytics.report.facts import Report
from analytics.report.tables import Table, Value, tables
from edge.errors import EdgeError

_TYPES: dict[type, str] = {str: "VARCHAR", bool: "BOOLEAN", int: "BIGINT", float: "DOUBLE"}


def write_csv(report: Report, folder: Path) -> list[Path]:
    """One file for each table; UTF-8, header line, empty where there is nothing to say.

    Raises:
        EdgeError: The folder cannot be written.
    """
    return _write(report, folder, "csv", lambda table, path: write_text(path, _csv(table)))


def write_parquet(report: Report, folder: Path) -> list[Path]:
    """One file for each table, zstd.

    Raises:
        EdgeError: The folder cannot be written, or DuckDB is not installed.
    """
    try:
        import duckdb  # noqa: PLC0415 - an extra of its own
    except ImportError as error:
        raise EdgeError("--parquet: expected the package duckdb; install edge-people-counter[parquet]") from error

    with duckdb.connect() as db:
        return _write(report, folder, "parquet", lambda table, path: _parquet(db, table, path))


def as_json(report: Report) -> str:
    """All tables as one JSON object, rows as objects."""
    about = {
        "site": report.site,
        "time_zone": report.calendar.zone.key,
        "business_day_start": f"{report.calendar.day_start:%H:%M}",
        "first": report.first.isoformat(),
        "last": report.last.isoformat(),
        "by": report.by,
        "coverage_of": "opening hours" if report.opening_known else "whole days",
        "rows_missing": report.rows_missing,
        "online_as_of": report.online.as_of.isoformat() if report.online else None,
    }
    return json.dumps(about | {table.name: _objects(table) for table in tables(report)}, indent=1) + "\n"


def write_text(path: Path, text: str) -> None:
    """Writes a file.

    Raises:
        EdgeError: It cannot be written.
    """
    with _beside(path) as new:
        new.write_text(text, encoding="utf-8", newline="")


def _write(report: Report, folder: Path, suffix: str, write: Callable[[Table, Path], None]) -> list[Path]:
    written = []
    for table in tables(report):
        if table.rows:
            path = folder / f"{table.name}.{suffix}"
            write(table, path)
            written.append(path)
    return written


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".", dir=path.parent) as folder:
            yield Path(folder, path.name)
            Path(folder, path.name).replace(path)
    except OSError as error:
        raise EdgeError(f"{path}: expected a place to write, got: {error.strerror}") from error


def _csv(table: Table) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows([_plain(value) for value in row] for row in table.rows)
    return text.getvalue()


def _plain(value: Value) -> Value:
    return str(value).lower() if isinstance(value, bool) else value


def _objects(table: Table) -> list[dict[str, Value]]:
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def _parquet(db: Any, table: Table, path: Path) -> None:  # noqa: ANN401 - duckdb is not always there to name its type
    types = {name: _type([row[at] for row in table.rows]) for at, name in enumerate(table.columns)}
    with _beside(path) as new:
        source = new.with_suffix(".csv")  # many times faster than row by row
        source.write_text(_csv(table), encoding="utf-8", newline="")
        rows = db.read_csv(str(source), header=True, columns=types, delimiter=",", quotechar='"')
        rows.write_parquet(str(new), compression="zstd")


def _type(values: list[Value]) -> str:
    """Of a column; one that is empty is DOUBLE."""
    return _TYPES[next((type(value) for value in values if value is not None), float)]

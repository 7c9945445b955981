"""The tables as CSV, Parquet and JSON say the same."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from analytics.report.export import as_json, write_csv, write_parquet, write_text
from analytics.report.facts import Report
from analytics.report.query import Request, report
from analytics.report.tables import Value, tables
from analytics.store import open_store
from edge.errors import EdgeError
from tests.analytics.report.filling import BERLIN, at, month

NAMES = {"periods", "zones", "funnel", "conversion", "occupancy", "week", "quality"}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Report:
    with open_store(f"sqlite:///{tmp_path_factory.mktemp('export')}/traffic.db") as store:
        month(store)
        request = Request(at(BERLIN, 2027, 1, 1), first=date(2026, 10, 5), last=date(2026, 11, 1))
        return report(store, request)


def shown(value: Value) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_csv_holds_every_value(found: Report, tmp_path: Path) -> None:
    written = write_csv(found, tmp_path / "new" / "folder")
    assert {path.stem for path in written} == NAMES
    for table in tables(found):
        with (tmp_path / "new" / "folder" / f"{table.name}.csv").open(newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        assert tuple(header) == table.columns
        assert rows == [[shown(value) for value in row] for row in table.rows]


def test_parquet_holds_every_value_with_its_type(found: Report, tmp_path: Path) -> None:
    duckdb: Any = pytest.importorskip("duckdb")
    write_parquet(found, tmp_path)
    with duckdb.connect() as db:
        for table in tables(found):
            read = db.read_parquet(str(tmp_path / f"{table.name}.parquet"))
            assert tuple(read.columns) == table.columns
            assert read.fetchall() == list(table.rows)
        types = dict(
            zip(*[db.read_parquet(str(tmp_path / "periods.parquet")).columns, read_types(db, tmp_path)], strict=True)
        )
    assert (types["visitors"], types["coverage"], types["begins"]) == ("BIGINT", "DOUBLE", "VARCHAR")
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".parquet"] * len(NAMES)


def read_types(db: Any, folder: Path) -> list[str]:
    return [str(kind) for kind in db.read_parquet(str(folder / "periods.parquet")).types]


def test_without_duckdb_the_extra_is_named(found: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(EdgeError, match=r"expected the package duckdb; install edge-people-counter\[parquet\]"):
        write_parquet(found, tmp_path)


def test_json_holds_every_value_and_what_the_report_is_about(found: Report) -> None:
    read = json.loads(as_json(found))
    for table in tables(found):
        assert read[table.name] == [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    about = {key: value for key, value in read.items() if key not in NAMES}
    assert about == {
        "site": "berlin-1", "time_zone": "Europe/Berlin", "business_day_start": "04:00", "first": "2026-10-05",
        "last": "2026-11-01", "by": "day", "coverage_of": "opening hours", "rows_missing": 0,
        "online_as_of": "2026-11-01",
    }  # fmt: skip


def test_the_label_of_a_lower_bound_travels_with_the_numbers(found: Report) -> None:
    conversion = next(table for table in tables(found) if table.name == "conversion")
    assert {row[conversion.columns.index("label")] for row in conversion.rows} == {"lower bound"}


def test_the_open_bin_has_no_upper_edge(found: Report) -> None:
    long = replace(found.zones[0], histogram=(0,) * 7 + (9,))
    table = next(table for table in tables(replace(found, zone_periods=(long,))) if table.name == "zones")
    values = dict(zip(table.columns, table.rows[0], strict=True))
    assert (values["median_low_s"], values["median_high_s"]) == (300.0, None)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EdgeError, match=r"file/report\.html: expected a place to write, got: "):
        write_text(tmp_path / "file" / "report.html", "")


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "report.html"
    write_text(target, "old")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(EdgeError, match="No space left on device"):
        write_text(target, "new")
    assert (target.read_text(), list(tmp_path.iterdir())) == ("old", [target])

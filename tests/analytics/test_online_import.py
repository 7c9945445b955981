"""`traffic online import` into both databases: all or nothing, again and again, the newest delivery last."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from analytics.cli import app
from analytics.online_books import closed_through, put_online, read_online
from analytics.online_csv import BOM, COLUMNS, parse
from analytics.store import Store, open_store
from analytics.store.books import Books
from edge.errors import ConfigError
from tests.analytics.shop import NOW_S, read, zone

HEAD = ",".join(COLUMNS) + "\n"
YEAR = (date(2025, 1, 1), date(2025, 12, 31))
GOOD = (
    f"{HEAD}berlin-1,shoes,2025-10-31,0d,41,9,5,1\nberlin-1,shoes,2025-10-31,1d,0,1,2,0\n"
    "berlin-1,all,2025-10-30,any,0,0,90,3\n"
)


@pytest.fixture
def shop(dsn: str) -> str:
    """The DSN of a database in which berlin-1 has the zone shoes."""
    with open_store(dsn) as store:
        Books(store).post(read(zone(1)), [], NOW_S)
    return dsn


def imported(dsn: str, path: Path, text: str | bytes, *options: str) -> Result:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return CliRunner().invoke(app, ["online", "import", str(path), "--db", dsn, *options])


def days(dsn: str) -> list[tuple[object, ...]]:
    with open_store(dsn) as store:
        return store.query(
            "SELECT site, zone, date, lag, scans, orders, as_of, source FROM online_days ORDER BY 1, 2, 3, 4"
        )


def test_a_file_is_stored_and_stored_again_without_change(shop: str, tmp_path: Path) -> None:
    first = imported(shop, tmp_path / "orders.csv", GOOD)
    stored = days(shop)
    again = imported(shop, tmp_path / "orders.csv", BOM + GOOD.encode())

    assert first.exit_code == 0, first.output
    assert "3 of 3 lines stored; books through 2025-10-31" in first.output
    assert ("berlin-1", "shoes", "2025-10-31", "0d", 41, 5, "2025-10-31", "csv") in stored
    assert days(shop) == stored
    assert "byte order mark" in again.output


def test_a_correction_replaces_and_an_older_delivery_does_not(shop: str, tmp_path: Path) -> None:
    imported(shop, tmp_path / "orders.csv", GOOD, "--as-of", "2025-11-05")
    older = imported(shop, tmp_path / "old.csv", GOOD.replace("41,9,5", "30,9,5"))
    newer = imported(shop, tmp_path / "new.csv", GOOD.replace("41,9,5", "42,9,6"), "--as-of", "2025-11-05")

    assert "0 of 3 lines stored; 3 kept as they were" in older.output
    assert "3 of 3 lines stored" in newer.output
    assert ("berlin-1", "shoes", "2025-10-31", "0d", 42, 6, "2025-11-05", "csv") in days(shop)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GOOD + "berlin-1,shoes,2025-10-29,0d,1,0,-1,0\n", "line 5, column orders"),
        (GOOD + "berlin-1,hats,2025-10-29,0d,1,0,1,0\n", "line 5, column zone"),
        (GOOD.replace(",", ";"), "got semicolons"),
        (GOOD + "berlin-1,shoes,2999-10-29,0d,1,0,1,0\n", "expected days up to now"),
    ],
)
def test_a_file_with_a_problem_leaves_nothing_behind(shop: str, tmp_path: Path, text: str, expected: str) -> None:
    found = imported(shop, tmp_path / "orders.csv", text)

    assert isinstance(found.exception, ConfigError)
    assert expected in str(found.exception)
    assert "nothing was imported" in str(found.exception)
    assert days(shop) == []


@pytest.mark.parametrize("options", [["--as-of", "yesterday"], ["--as-of", "2999-01-01"]])
def test_books_that_cannot_be_closed_yet_are_refused(shop: str, tmp_path: Path, options: list[str]) -> None:
    assert isinstance(imported(shop, tmp_path / "orders.csv", GOOD, *options).exception, ConfigError)
    assert days(shop) == []


def test_a_file_that_is_not_there_is_named(shop: str, tmp_path: Path) -> None:
    found = CliRunner().invoke(app, ["online", "import", str(tmp_path / "none.csv"), "--db", shop])

    assert "none.csv: expected a readable file" in str(found.exception)


def test_what_is_read_is_what_was_put_and_untagged_orders_are_in_no_funnel(store: Store) -> None:
    Books(store).post(read(zone(1)), [], NOW_S)
    delivered = parse(GOOD.replace("berlin-1,all", "berlin-1,shoes").encode(), {"berlin-1": {"shoes"}})
    with store.transaction():
        put_online(store, delivered, "mqtt")

    assert sorted(read_online(store, ["berlin-1"], *YEAR), key=str) == sorted(delivered, key=str)
    assert read_online(store, ["other"], *YEAR) == []
    assert str(closed_through(store, "berlin-1")) == "2025-10-31"
    assert closed_through(store, "other") is None
    ((scanned, ordered),) = store.query(
        "SELECT sum(scanned), sum(ordered) FROM v_funnel WHERE business_day <> '2025-11-24'"
    ) or [(None, None)]
    assert (scanned, ordered) == (None, None), "no camera counted on those days"
    with store.transaction():
        put_online(
            store, [day.model_copy(update={"date": "2025-11-24", "as_of": "2025-11-24"}) for day in delivered], "mqtt"
        )
    assert store.query("SELECT scanned, ordered FROM v_funnel") == [(41, 7)]

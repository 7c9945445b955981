"""The tables: made once, by whichever comes first, and refused when they are not ours or too new."""

from __future__ import annotations

import sqlite3
import threading

import pytest

from analytics.errors import StoreError
from analytics.store import open_store
from analytics.store.address import read_address
from analytics.store.migrations import MIGRATIONS, migrate, newest
from analytics.store.store import connect


def test_each_version_is_noted_once(dsn):
    for _ in range(2):
        with open_store(dsn) as store:
            found = store.query("SELECT version FROM schema_versions ORDER BY version")
            assert found == [(version,) for version in range(1, newest() + 1)]


def test_an_older_database_is_brought_up_to_date(dsn, monkeypatch):
    database = connect(read_address(dsn))
    monkeypatch.setattr("analytics.store.migrations.MIGRATIONS", MIGRATIONS[:1])
    migrate(database)
    assert database.query("SELECT max(version) FROM schema_versions") == [(1,)]
    database.execute("INSERT INTO sites (site) VALUES ('berlin-1')")
    monkeypatch.undo()
    migrate(database)
    assert database.query("SELECT max(version) FROM schema_versions") == [(newest(),)]
    assert database.query("SELECT site FROM sites") == [("berlin-1",)]
    database.close()


def test_a_newer_database_is_refused(dsn):
    with open_store(dsn) as store:
        store.execute("INSERT INTO schema_versions VALUES (?)", (newest() + 1,))
    with pytest.raises(StoreError, match="a newer release of this software made them"):
        open_store(dsn)


def test_several_may_begin_at_once(dsn):
    failures: list[Exception] = []

    def begin() -> None:
        try:
            open_store(dsn).close()
        except StoreError as error:
            failures.append(error)

    threads = [threading.Thread(target=begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_the_database_of_another_application_is_left_alone(tmp_path):
    path = tmp_path / "other.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE mine (x)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="expected a database of `traffic`, got one of another application"):
        open_store(f"sqlite:///{path}")
    assert path.read_bytes() == before


def test_what_is_no_database_is_told(tmp_path):
    path = tmp_path / "text.db"
    path.write_text("Dear diary, " * 100)
    with pytest.raises(
        StoreError, match=r"text.db: expected a database that can be read and written, got: file is not"
    ):
        open_store(f"sqlite:///{path}")
    with pytest.raises(StoreError, match="unable to open"):
        open_store(f"sqlite:///{tmp_path}/none/traffic.db")


def test_no_table_has_a_row_about_a_person(store):
    """Rows are intervals, days, devices or the books themselves: no column could tell one person from another."""
    person = {
        "track",
        "person",
        "visitor",
        "customer",
        "name_of",
        "face",
        "phone",
        "email",
        "mac",
        "ip",
        "card",
        "order_id",
    }
    if store.database.dialect.name == "sqlite":
        tables = [row[0] for row in store.query("SELECT name FROM sqlite_master WHERE type = 'table'")]
        columns = {column[1] for table in tables for column in store.query(f"PRAGMA table_info({table})")}
    else:
        columns = {
            row[0]
            for row in store.query("SELECT column_name FROM information_schema.columns WHERE table_schema = 'public'")
        }
    assert len(columns) > 80
    assert not columns & (person | {f"{name}_id" for name in person})
    assert {column for column in columns if column.endswith("_id")} <= {
        "stream_id", "run_id", "config_id", "boot_id", "state_boot_id", "notice_id",
    }  # fmt: skip

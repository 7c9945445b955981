"""A database for each test that asks: once an SQLite file, once a database of a private PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from analytics.store import Store, open_store
from tests.postgresql import PASSWORD, Postgresql


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgresql]:
    with Postgresql() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def dsn(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The DSN of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/traffic.db"
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    server: Postgresql = request.getfixturevalue("postgresql")
    return server.database()


@pytest.fixture
def store(dsn: str) -> Iterator[Store]:
    """An open database with all tables."""
    with open_store(dsn) as store:
        yield store

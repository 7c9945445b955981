"""The tables, version by version. A migration that was released never changes; a new one takes the next number.

Each module m000N_*.py has `statements(dialect)`, run once, in one transaction with the note that it ran.
"""

from __future__ import annotations

from collections.abc import Callable

from analytics.errors import StoreError
from analytics.store.database import Database, Dialect
from analytics.store.migrations import m0001_first, m0002_quarters, m0003_untagged

MIGRATIONS: tuple[Callable[[Dialect], list[str]], ...] = (
    m0001_first.statements,
    m0002_quarters.statements,
    m0003_untagged.statements,
)


def newest() -> int:
    """The version that this release wants."""
    return len(MIGRATIONS)


def migrate(database: Database) -> None:
    """Brings the tables to the version of this release.

    Raises:
        StoreError: A newer release made them, or the database fails.
    """
    if _version(database) == newest():
        return
    with database.alone():
        database.execute("CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY)")
        ((have,),) = database.query("SELECT coalesce(max(version), 0) FROM schema_versions")
        if have > newest():
            raise StoreError(
                f"{database.name}: expected tables of version {newest()} or older, got version {have}; "
                "a newer release of this software made them"
            )
        for version in range(have, newest()):
            for statement in MIGRATIONS[version](database.dialect):
                database.execute(statement)
            database.execute("INSERT INTO schema_versions VALUES (?)", (version + 1,))


def _version(database: Database) -> int:
    """The version of the tables; 0 where there are none."""
    catalogue = {
        "sqlite": "SELECT count(*) FROM sqlite_master WHERE name = 'schema_versions'",
        "postgresql": "SELECT count(*) FROM pg_tables WHERE tablename = 'schema_versions' "
        "AND schemaname = current_schema()",
    }
    ((there,),) = database.query(catalogue[database.dialect.name])
    if not there:
        return 0
    ((version,),) = database.query("SELECT coalesce(max(version), 0) FROM schema_versions")
    return int(version)

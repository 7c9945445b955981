"""`traffic db` makes the tables or brings them up to date; `traffic doctor` says how the books are."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from analytics.commands.options import DatabaseOption, PasswordFileOption, open_database
from analytics.store.health import findings
from analytics.store.migrations import newest

db_app = typer.Typer(help="The database: its tables and their version.", no_args_is_help=True)


@db_app.command("migrate")
def migrate_command(db: DatabaseOption = None, db_password_file: PasswordFileOption = None) -> None:
    """Make the tables, or bring them to the version of this release; every command does it when it opens them."""
    with open_database(db, db_password_file) as store:
        print(f"{store.name}: version {newest()}")


def doctor_command(
    db: DatabaseOption = None,
    db_password_file: PasswordFileOption = None,
    hours: Annotated[float, typer.Option(min=0.0, help="Alarms and dead letters of so many hours.")] = 24.0,
) -> None:
    """Say what is missing, refused or alarming; exit code 1 when somebody should look."""
    now_s = int(time.time())
    with open_database(db, db_password_file) as store:
        found = findings(store.database, now_s, now_s - int(hours * 3600))
    for finding in found:
        print(f"{'ALARM' if finding.alarm else 'note '} {finding.text}")
    if any(finding.alarm for finding in found):
        raise typer.Exit(1)
    print("the books are in order")

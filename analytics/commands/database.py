"""`traffic db`: make or bring up to date the tables, and say what is in them."""

from __future__ import annotations

import typer

from analytics.commands.options import DatabaseOption, PasswordFileOption, open_database
from analytics.store.migrations import newest

db_app = typer.Typer(help="The database: its tables and their version.", no_args_is_help=True)


@db_app.command("migrate")
def migrate_command(db: DatabaseOption = None, db_password_file: PasswordFileOption = None) -> None:
    """Make the tables, or bring them to the version of this release; every command does it when it opens them."""
    with open_database(db, db_password_file) as store:
        print(f"{store.name}: version {newest()}")

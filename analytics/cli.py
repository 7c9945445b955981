"""The command `traffic`: with its commands the only place that prints, and that turns errors into exit codes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

from analytics.commands.database import db_app, doctor_command
from analytics.commands.demo import demo_command
from analytics.commands.experiment import experiment_app
from analytics.commands.ingest import ingest_command
from analytics.commands.online import online_app
from analytics.commands.report import report_command
from analytics.commands.schema import schema_command
from analytics.commands.site import site_command
from analytics.store import discreet
from edge import __version__
from edge.errors import EdgeError

_UsageError: Any = typer.BadParameter.__base__  # typer has no public name for it


@contextmanager
def _discreet_usage() -> Iterator[None]:
    try:
        yield
    except _UsageError as error:
        error.message = discreet(error.message)
        raise


class _Commands(TyperGroup):
    """Repeats no password: people paste the address of a database wherever it seems to fit."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever typer passes
        with _discreet_usage():
            return super().make_context(*args, **kwargs)

    def invoke(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        with _discreet_usage():
            return super().invoke(*args, **kwargs)


app = typer.Typer(
    cls=_Commands,
    help="Keeps exact books of what the boxes count, and reports traffic, dwell and conversion.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("ingest")(ingest_command)
app.command("report")(report_command)
app.command("site")(site_command)
app.command("demo")(demo_command)
app.command("doctor")(doctor_command)
app.command("schema")(schema_command)
app.add_typer(online_app, name="online")
app.add_typer(experiment_app, name="experiment")
app.add_typer(db_app, name="db")


@app.callback(invoke_without_command=True)
def _version(version: bool = typer.Option(False, "--version", help="Print the version and stop.")) -> None:
    if version:
        print(__version__)
        raise typer.Exit


def main() -> None:
    """Runs the command line; an EdgeError becomes its message on stderr and its exit code."""
    try:
        app()
    except EdgeError as error:
        print(f"traffic: {discreet(str(error))}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None

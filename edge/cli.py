"""The command line of `edge`, with all commands. A plain `edge run` starts without it: see __main__.py."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

from edge import __version__
from edge.commands.bench import bench_command
from edge.commands.check import check_command
from edge.commands.demo import demo_command
from edge.commands.doctor import doctor_command
from edge.commands.eval import eval_app
from edge.commands.exits import discreet, exit_codes
from edge.commands.models import models_app
from edge.commands.outbox import outbox_app
from edge.commands.privacy_audit import privacy_audit_command
from edge.commands.replay import replay_command
from edge.commands.run import reload_command, run_command
from edge.commands.schema import schema_command
from edge.commands.snapshot import snapshot_command

_UsageError: Any = typer.BadParameter.__base__  # typer has no public name for it


@contextmanager
def _discreet_usage() -> Iterator[None]:
    try:
        yield
    except _UsageError as error:
        error.message = discreet(error.message)
        raise


class _Commands(TyperGroup):
    """Repeats no password: people paste a camera's address wherever it seems to fit."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever typer passes
        with _discreet_usage():
            return super().make_context(*args, **kwargs)

    def invoke(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        with _discreet_usage():
            return super().invoke(*args, **kwargs)


app = typer.Typer(
    cls=_Commands,
    help="Counts visitors and their dwell on a camera box; only anonymised counts leave it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("run")(run_command)
app.command("reload")(reload_command)
app.command("check")(check_command)
app.command("replay")(replay_command)
app.command("snapshot")(snapshot_command)
app.command("schema")(schema_command)
app.command("demo")(demo_command)
app.command("doctor")(doctor_command)
app.command("bench")(bench_command)
app.command("privacy-audit")(privacy_audit_command)
app.add_typer(models_app, name="models")
app.add_typer(outbox_app, name="outbox")
app.add_typer(eval_app, name="eval")


@app.callback(invoke_without_command=True)
def _version(version: bool = typer.Option(False, "--version", help="Print the version and stop.")) -> None:
    if version:
        print(__version__)
        raise typer.Exit


def main() -> None:
    """Runs the command line; an EdgeError becomes its message on stderr and its exit code."""
    with exit_codes():
        app()

"""docs/report.md names every column and every option as it is."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import typer

from analytics.cli import app
from analytics.report.query import Request, report
from analytics.report.tables import tables
from analytics.store import open_store
from tests.analytics.report.filling import BERLIN, at, month

TEXT = (Path(__file__).parents[3] / "docs" / "report.md").read_text(encoding="utf-8")


def test_every_column_is_named_at_its_table(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/traffic.db") as store:
        month(store)
        found = report(store, Request(at(BERLIN, 2027, 1, 1), first=date(2026, 10, 5), last=date(2026, 11, 1)))
    named = {
        name: set(re.findall(r"`(\w+)`", columns))
        for name, columns in re.findall(r"^\| `(\w+)` \|[^|]*\| (.*) \|$", TEXT, re.MULTILINE)
    }
    named["zones"] |= {f"h{number}" for number in range(8)}
    named["conversion"] -= {"mature", "maturing"}
    assert named == {table.name: set(table.columns) for table in tables(replace(found, by="day"))}


def test_its_commands_exist_with_their_options() -> None:
    root: Any = typer.main.get_command(app)
    lines = [
        line
        for block in re.findall(r"^```sh\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
        for line in block.splitlines()
    ]
    assert lines
    for line in lines:
        program, name, *words = shlex.split(line)
        assert program == "traffic"
        known = {option for parameter in root.commands[name].params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, line

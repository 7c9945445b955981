"""`edge doctor`: is everything there that counting needs, and what to do when it is not."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge.commands.configured import load, pick
from edge.commands.options import CameraName, ConfigPath
from edge.commands.run import StateDir

if TYPE_CHECKING:
    from edge.doctor.finding import Finding

_COLOURS = {"ok": "green", "warning": "yellow", "failure": "red", "skipped": "dim"}


def doctor_command(
    config: ConfigPath = Path("config.yaml"),
    camera: CameraName = None,
    state_dir: StateDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document instead of words.")] = False,
) -> None:
    """Look at camera, model, broker, clock, disk, heat and unit: what is seen, what is expected, what to do."""
    from edge.doctor.examination import examine  # noqa: PLC0415 - `edge --help` needs none of this

    settings = load(config)
    chosen = pick(settings, camera)
    found = []
    for finding in examine(settings, chosen, _state_place(state_dir)):
        found.append(finding)
        if not as_json:
            _show(finding)
    failures = [finding for finding in found if finding.verdict == "failure"]
    if as_json:
        findings = [dataclasses.asdict(finding) for finding in found]
        print(json.dumps({"camera": chosen.name, "ok": not failures, "findings": findings}, indent=2))
    else:
        warnings = sum(finding.verdict == "warning" for finding in found)
        print(f"{chosen.name}: {len(failures)} failures, {warnings} warnings in {len(found)} checks")
    if failures:
        raise typer.Exit(1)


def _show(finding: Finding) -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(highlight=False, soft_wrap=True)
    line = Text(f"{finding.verdict:8}", style=_COLOURS[finding.verdict])
    line.append(f"{finding.check}: {finding.saw}", style="default")
    console.print(line)
    if finding.verdict in ("warning", "failure"):
        console.print(f"         expected: {finding.expected}", markup=False)
        console.print(f"         do: {finding.advice}", markup=False)


def _state_place(given: Path | None) -> Path:
    """Where the service keeps its state; not made here, or its owner would be whoever looked first."""
    by_systemd = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    home = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return given or (Path(by_systemd) if by_systemd else Path(home).expanduser() / "edge")

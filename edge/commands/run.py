"""`edge run` and `edge reload`: the service, and telling it that its configuration has changed."""

from __future__ import annotations

import fcntl
import os
import signal
from pathlib import Path
from typing import Annotated

import typer

from edge.commands.configured import load, pick
from edge.commands.options import CameraName, ConfigPath, SpeedChoice, SpeedOption, StartOption, utc_s
from edge.commands.running import run, state_folder
from edge.errors import ConfigError

StateDir = Annotated[
    Path | None,
    typer.Option(help="Where the outbox lies; else $STATE_DIRECTORY (systemd), else ~/.local/state/edge."),
]


def run_command(
    config: ConfigPath = Path("config.yaml"),
    camera: CameraName = None,
    state_dir: StateDir = None,
    speed: SpeedOption = SpeedChoice.real,
    start: StartOption = None,
) -> None:
    """Count one camera and publish the rows until stopped; a file or recording ends by itself."""
    run(config, camera, state_dir, speed.value, utc_s(start) if start else None)


def reload_command(
    config: ConfigPath = Path("config.yaml"), camera: CameraName = None, state_dir: StateDir = None
) -> None:
    """Check the configuration, then tell the running service to take it over at the next interval."""
    settings = load(config)
    path = state_folder(state_dir) / f"{pick(settings, camera).name}.pid"
    try:
        pid = _running(path)
        os.kill(pid, signal.SIGHUP)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: expected the process id of a running `edge run`, got: {error}") from None
    print(f"configuration {settings.config_id} takes over at the next interval (process {pid})")


def _running(path: Path) -> int:
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(file.read())
    raise ProcessLookupError("one that has ended")

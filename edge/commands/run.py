"""`edge run` and `edge reload`: the service, and telling it that its configuration has changed."""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from edge.commands.options import CameraName, ConfigPath, SpeedChoice, SpeedOption, StartOption, load, pick, utc_s
from edge.config import Camera, Config
from edge.errors import ConfigError, OutboxError

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
    from edge.service import Options, Service  # noqa: PLC0415 - `edge --help` needs none of this

    settings = load(config)
    chosen = settings, pick(settings, camera)
    _log(settings.log_level)
    folder = state_folder(state_dir)
    name = chosen[1].name

    def read_again() -> tuple[Config, Camera]:
        again = load(config)
        return again, pick(again, name)

    start_utc_s = utc_s(start) if start else None
    options = Options(state_dir=folder, speed=speed.value, start_utc_s=start_utc_s, reload=read_again)
    with _pid_file(folder / f"{name}.pid"):
        successor = Service(chosen, options).run()
        while successor is not None:
            successor = Service(successor, options).run()


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


def state_folder(given: Path | None) -> Path:
    """The folder of the outbox; made when it does not exist, for its owner alone.

    Raises:
        OutboxError: It cannot be made.
    """
    by_systemd = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    home = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    folder = given or (Path(by_systemd) if by_systemd else Path(home).expanduser() / "edge")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise OutboxError(f"{folder}: expected a folder for the state database, got: {error.strerror}") from error
    return folder


@contextmanager
def _pid_file(path: Path) -> Iterator[None]:
    """Holds the file locked while the process runs: the id that a killed one left behind may be anybody's by now."""
    try:
        file = path.open("a")
    except OSError as error:
        raise OutboxError(f"{path}: expected a place for the process id, got: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutboxError(f"{path}: expected no other `edge run` of this camera, but one is running") from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _running(path: Path) -> int:
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(file.read())
    raise ProcessLookupError("one that has ended")


def _log(level: str) -> None:
    """To stderr; under systemd the journal adds the time itself."""
    handler = logging.StreamHandler(sys.stderr)
    stamp = "" if "JOURNAL_STREAM" in os.environ else "%(asctime)s "
    formatter = logging.Formatter(f"{stamp}%(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%SZ")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    logging.basicConfig(level=level.upper(), handlers=[handler])

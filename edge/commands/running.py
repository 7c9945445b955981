"""What `edge run` does: the service of one camera, with its state folder, process id and log.

It must not know the command line's library, which costs a tenth of the time in which the first picture is counted.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from edge.adapters import heap
from edge.commands.configured import load, pick
from edge.commands.log import log_to_stderr
from edge.config import Camera, Config
from edge.errors import OutboxError

if TYPE_CHECKING:
    from edge.observer import Speed


def run(
    config: Path, camera: str | None, state_dir: Path | None, speed: Speed = "real", start_utc_s: float | None = None
) -> None:
    """Counts one camera until stopped, or until its file or recording ends.

    Args:
        config: File of the configuration.
        camera: Name of the camera in it; None: the only one.
        state_dir: Where the outbox lies; None: see `state_folder`.
        speed: Of files and recordings.
        start_utc_s: When the first picture of a file was taken; None: now.

    Raises:
        EdgeError: It cannot start, or not go on.
    """
    settings = load(config)
    chosen = settings, pick(settings, camera)
    log_to_stderr(settings.log_level)
    folder = state_folder(state_dir)
    name = chosen[1].name

    def read_again() -> tuple[Config, Camera]:
        again = load(config)
        return again, pick(again, name)

    heap.share()
    from edge.service import Options, Service  # noqa: PLC0415 - a wrong configuration is said before it is loaded

    options = Options(state_dir=folder, speed=speed, start_utc_s=start_utc_s, reload=read_again)
    with pid_file(folder / f"{name}.pid"):
        successor = Service(chosen, options).run()
        while successor is not None:
            successor = Service(successor, options).run()


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
def pid_file(path: Path) -> Iterator[None]:
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

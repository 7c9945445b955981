"""Options that several commands share, and the configuration that they name."""

from __future__ import annotations

import math
from datetime import datetime, timezone
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from edge.config import Camera, Config, parse
from edge.errors import ConfigError

ConfigPath = Annotated[Path, typer.Option("--config", "-c", help="The configuration.", metavar="FILE")]
CameraName = Annotated[
    str | None, typer.Option("--camera", help="Which camera of the configuration; needed when it has several.")
]
StartOption = Annotated[
    str | None, typer.Option("--start", help="When the first picture of a file was taken, as 2026-11-23T09:00:00Z.")
]
MAX_BYTES = 2_000_000


class SpeedChoice(str, Enum):
    """How fast files are played."""

    real = "real"
    max = "max"


SpeedOption = Annotated[
    SpeedChoice, typer.Option("--speed", help="Of files and recordings: as they were recorded, or as fast as it goes.")
]


def load(path: Path) -> Config:
    """The configuration in a file.

    Raises:
        ConfigError: It cannot be read, or is wrong; with every problem and its line.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        text = data.decode()
    except OSError as error:
        raise ConfigError(f"{path}: expected a readable configuration, got: {error.strerror}") from error
    except UnicodeDecodeError as error:
        if len(data) <= MAX_BYTES:
            raise ConfigError(f"{path}: expected UTF-8 text, got byte 0x{data[error.start]:02x}") from error
        text = data.decode(errors="replace")
    try:
        return parse(text)
    except ConfigError as error:
        raise ConfigError(f"{path}:\n{error}") from None


def pick(config: Config, name: str | None) -> Camera:
    """The camera of that name, or the only one.

    Raises:
        ConfigError: There is none of that name, or several and no name was given.
    """
    names = ", ".join(camera.name for camera in config.cameras)
    if name is None:
        if len(config.cameras) > 1:
            raise ConfigError(f"expected --camera with one of {names}: a process runs one camera")
        return config.cameras[0]
    for camera in config.cameras:
        if camera.name == name:
            return camera
    raise ConfigError(f"--camera: expected one of {names}, got {name!r}")


def positive(value: float | None) -> float | None:
    """Checks an option that is a length of time or a rate."""
    if value is not None and not (math.isfinite(value) and value > 0.0):
        raise typer.BadParameter(f"expected a number above 0, got {value}")
    return value


def utc_s(text: str) -> float:
    """Seconds since the UTC epoch of a time such as 2026-11-23T09:00:00Z."""
    try:
        instant = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        raise typer.BadParameter(f"expected a time such as 2026-11-23T09:00:00Z, got {text!r}") from None
    if not 1970 <= instant.year < 3000:
        raise typer.BadParameter(f"expected a year from 1970 to 2999, got {text!r}")
    return instant.timestamp()

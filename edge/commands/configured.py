"""The configuration in a file, and the camera of it that a process runs. Knows no option of the command line."""

from __future__ import annotations

from pathlib import Path

from edge.config import Camera, Config, parse
from edge.errors import ConfigError

MAX_BYTES = 2_000_000


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

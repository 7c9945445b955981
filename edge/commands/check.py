"""`edge check`: every problem of a configuration, or what takes effect."""

from __future__ import annotations

from pathlib import Path

from edge.commands.configured import load
from edge.commands.options import ConfigPath
from edge.config import Config, effective
from edge.errors import ModelError


def check_command(config: ConfigPath = Path("config.yaml")) -> None:
    """Check a configuration: print every problem with its line, or what takes effect and what is not the default."""
    settings = load(config)
    print(f"{config}: valid, configuration {settings.config_id}; * marks what differs from the default")
    for setting in effective(settings):
        by = f"  (profile {settings.profile})" if setting.by_profile else ""
        print(f"{' ' if setting.is_default else '*'} {setting.path} = {_shown(setting.value)}{by}")
    for warning in _warnings(settings):
        print(f"warning: {warning}")


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_shown(item) for item in value) + "]"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "none"}[value]
    return f"{value:g}" if isinstance(value, float) else str(value)


def _warnings(config: Config) -> list[str]:
    """What is no mistake of the file, but will stop the service on this machine."""
    from edge.adapters import manifest  # noqa: PLC0415
    from edge.adapters.recording import is_recording  # noqa: PLC0415

    found = []
    for index, camera in enumerate(config.cameras):
        if not camera.lines and not camera.zones:
            found.append(f"cameras[{index}]: neither lines nor zones, nothing will be counted")
        if is_recording(camera.source):
            continue
        try:
            manifest.resolve(camera.model)
        except ModelError as error:
            found.append(f"cameras[{index}].model: {error}")
    return found

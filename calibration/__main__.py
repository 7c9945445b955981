"""The command line of the calibration tools: the only place here that prints, and that turns errors into exit codes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from edge.config import Camera, parse
from edge.errors import ConfigError, EdgeError

app = typer.Typer(
    help="Tools to set up a camera: where its lines and zones lie.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
MAX_BYTES = 2_000_000


@app.callback()
def _tools() -> None:
    """Keeps `draw` a command of its own: Typer would drop the name of the only one."""


@app.command("draw")
def draw_command(
    source: Annotated[
        str, typer.Option(help="Video file, picture, folder of pictures, recording (.jsonl), RTSP address or device.")
    ],
    config: Annotated[Path, typer.Option("--config", "-c", help="The configuration.", metavar="FILE")],
    out: Annotated[Path, typer.Option(help="The PNG file to write.", metavar="FILE")],
    camera: Annotated[
        str | None, typer.Option(help="Which camera of the configuration; needed when it has several.")
    ] = None,
    at: Annotated[float, typer.Option(min=0.0, help="Seconds after the first picture.")] = 0.0,
) -> None:
    """Draw lines, zones and a grid in fractions over one picture.

    The picture is shown as the camera sees it, people included and NOT blurred: keep it on the machine of the engineer
    who sets the camera up, and delete it afterwards.
    """
    from calibration.draw import draw  # noqa: PLC0415 - `--help` needs none of this
    from edge.adapters import overlay  # noqa: PLC0415

    chosen = _camera(config, camera)
    image = draw(source, chosen, at)
    overlay.write_png(out, image)
    print(f"wrote {out}: {image.shape[1]} x {image.shape[0]}, {len(chosen.lines)} lines, {len(chosen.zones)} zones")


def _camera(path: Path, name: str | None) -> Camera:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        config = parse(data.decode(errors="replace"))
    except OSError as error:
        raise ConfigError(f"{path}: expected a readable configuration, got: {error.strerror}") from None
    except ConfigError as error:
        raise ConfigError(f"{path}:\n{error}") from None
    found = [camera for camera in config.cameras if name in (None, camera.name)]
    if len(found) != 1:
        names = ", ".join(camera.name for camera in config.cameras)
        raise ConfigError(f"--camera: expected one of {names}, got {name or 'none'}")
    return found[0]


def main() -> None:
    """Runs the command line; an EdgeError becomes its message on stderr and its exit code."""
    try:
        app(prog_name="python -m calibration")
    except EdgeError as error:
        print(f"calibration: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None


if __name__ == "__main__":
    main()

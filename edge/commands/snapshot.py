"""`edge snapshot`: one picture with lines and zones drawn, people made unrecognisable."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edge.commands.configured import load, pick
from edge.commands.options import CameraName, ConfigPath, positive
from edge.errors import CameraError

SUSPICION = 0.02
"""Score from which on a box is blurred."""


def snapshot_command(
    config: ConfigPath = Path("config.yaml"),
    camera: CameraName = None,
    source: Annotated[str | None, typer.Option(help="Instead of the configured source.")] = None,
    at: Annotated[float | None, typer.Option(help="Seconds from the start of a file.", callback=positive)] = None,
    out: Annotated[Path, typer.Option(help="The PNG file to write.")] = Path("snapshot.png"),
) -> None:
    """Take one picture of the camera, draw lines and zones over it, and blur the people in it."""
    from edge.adapters import overlay  # noqa: PLC0415 - `edge --help` needs none of this
    from edge.observer import Observer  # noqa: PLC0415

    # Everything that might be a person is blurred, however unsure the detector is of it.
    chosen = pick(load(config), camera).model_copy(update={"min_score": SUSPICION})
    with Observer(chosen, source=source, speed="max", reconnect=False) as observer:
        for observation in observer.observations():
            if observation is None or observation.seen.mono_s < (at or 0.0):
                continue
            if observation.frame is None:
                raise CameraError(f"{source or chosen.source}: expected a source of pictures, got a recording of boxes")
            image = observation.frame.image.copy()
            overlay.blur_people(image, observation.seen.boxes)
            overlay.draw_rules(image, chosen.line_rules(), chosen.zone_rules())
            overlay.write_png(out, image)
            print(out)
            return
    raise CameraError(f"{source or chosen.source}: expected a picture at {at or 0.0:g} s, got the end of the file")

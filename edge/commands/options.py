"""Options that several commands share."""

from __future__ import annotations

import math
from datetime import datetime, timezone
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

ConfigPath = Annotated[Path, typer.Option("--config", "-c", help="The configuration.", metavar="FILE")]
CameraName = Annotated[
    str | None, typer.Option("--camera", help="Which camera of the configuration; needed when it has several.")
]
StartOption = Annotated[
    str | None, typer.Option("--start", help="When the first picture of a file was taken, as 2026-11-23T09:00:00Z.")
]


class SpeedChoice(str, Enum):
    """How fast files are played."""

    real = "real"
    max = "max"


SpeedOption = Annotated[
    SpeedChoice, typer.Option("--speed", help="Of files and recordings: as they were recorded, or as fast as it goes.")
]


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

"""The annotated video of a replay: what was seen and what was made of it, picture by picture."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np

from edge.adapters import overlay
from edge.adapters.video import VideoWriter
from edge.config import Camera
from edge.core.pipeline import Step

if TYPE_CHECKING:
    from edge.observer import Observation

_HEIGHT = 540
"""Of pictures that stand in for a recording, which has none."""
_GREY = 60


class Annotator:
    """A tap of `replay` that writes the video; a context manager.

    Args:
        path: Of the .mp4 file.
        camera: Whose lines and zones are drawn.
        blur: Whether people are made unrecognisable.
    """

    def __init__(self, path: Path, camera: Camera, *, blur: bool) -> None:
        self._path, self._blur = path, blur
        self._lines, self._zones = camera.line_rules(), camera.zone_rules()
        self._counts = {rule.name: [0, 0] for rule in self._lines}
        self._inside = {rule.name: 0 for rule in self._zones}
        self._stack = ExitStack()

    def __enter__(self) -> Annotator:
        self._video = self._stack.enter_context(VideoWriter(self._path))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.__exit__(kind, error, at)

    def __call__(self, observation: Observation, step: Step) -> None:
        """Appends one picture."""
        seen, frame = observation.seen, observation.frame
        for event in step.events:
            if event.kind in {"in_raw", "out_raw"}:
                self._counts[event.line][event.kind == "out_raw"] += 1
        self._inside.update({name: zone.inside for name, zone in step.zones.items()})
        if step.tracks is None:
            return
        if frame is None:
            image = np.full((_HEIGHT, round(_HEIGHT * seen.aspect), 3), _GREY, np.uint8)
        else:
            image = frame.image.copy()
            if self._blur:
                overlay.blur_people(image, seen.boxes)
        overlay.draw_rules(image, self._lines, self._zones)
        overlay.draw_tracks(image, step.tracks)
        rows = [(name, f"in {in_}  out {out}") for name, (in_, out) in self._counts.items()]
        overlay.draw_counts(image, rows + [(name, f"{count} inside") for name, count in self._inside.items()])
        self._video.write(image, step.mono_s)

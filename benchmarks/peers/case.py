"""What is counted, and what is true: a clip, the line that everybody counts at, and when people crossed it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.peers.clip import Clip
from edge.evaluation.truth import Line, read_truth

Corner = tuple[float, float]
LONGER = 0.25
"""Of its length, at either end."""


@dataclass(frozen=True)
class Case:
    """One clip with its line, in fractions of the picture, and the truth.

    Attributes:
        name: Of the line.
        points: Its two ends.
        inside: A point on its inner side.
        zones: As the configuration of the service has them; the peers know none.
        truth: Who crossed the line.
    """

    title: str
    clip: Clip
    name: str
    points: tuple[Corner, Corner]
    inside: Corner
    truth: Line
    zones: list[dict[str, Any]] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """How many went in and out, without U-turns where the truth knows of them."""
        inward = sum(event.inward for event in self.truth.events)
        outward = len(self.truth.events) - inward
        known = self.truth.in_, self.truth.out
        return {"in": inward if known[0] is None else known[0], "out": outward if known[1] is None else known[1]}

    @property
    def right_or_down_is_in(self) -> bool:
        """Whether walking to the right (over an upright line) or down (over a lying one) leads inside."""
        (x0, y0), (x1, y1) = self.points
        upright = abs(x1 - x0) * self.clip.width < abs(y1 - y0) * self.clip.height
        return self.inside[0] > (x0 + x1) / 2 if upright else self.inside[1] > (y0 + y1) / 2

    @property
    def longer_points(self) -> tuple[Corner, Corner]:
        """The line, longer at both ends: for who does not look at the feet that it was drawn for."""
        (x0, y0), (x1, y1) = self.points
        along = (x1 - x0) * LONGER, (y1 - y0) * LONGER
        ends = (x0 - along[0], y0 - along[1]), (x1 + along[0], y1 + along[1])
        (first, last) = (tuple(min(1.0, max(0.0, place)) for place in end) for end in ends)
        return (first[0], first[1]), (last[0], last[1])

    def spec(self) -> dict[str, Any]:
        """What every contestant is told."""
        return {
            "clip": str(self.clip.path.absolute()),
            "fps": self.clip.fps,
            "seconds": self.clip.seconds + 1.0,
            "line": self.points,
            "longer_line": self.longer_points,
            "line_name": self.name,
            "inside": self.inside,
            "positive_is_in": self.right_or_down_is_in,
        }


def read_case(clip: Path, truth: Path) -> Case:
    """A clip with the truth file beside it, in the short form: it has to say where the line is.

    Raises:
        EdgeError: One of the files cannot be read.
        ValueError: The truth does not say where the line is, or the line has more than two corners.
    """
    content = json.loads(truth.read_text(encoding="utf-8"))
    line = content.get("line", {})
    if not {"name", "points", "inside"} <= line.keys() or len(line["points"]) != 2:
        raise ValueError(f"{truth}: expected 'line' with a name, two points and a point inside, got {line}")
    zones = [content["zone"]] if "polygon" in content.get("zone", {}) else []
    points = tuple(map(tuple, line["points"]))
    true = read_truth(truth).lines[line["name"]]
    return Case(clip.name, Clip.of(clip), line["name"], points, tuple(line["inside"]), true, zones)  # type: ignore[arg-type]

"""Counts clips the way `edge replay` does and holds each against its truth; the scores are those of all clips together.

Both sides go through the one format of truth.py: what was counted as `edge replay --json` would print it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.config import Camera
from edge.core.pipeline import Pipeline
from edge.errors import ConfigError, EdgeError
from edge.evaluation.counts import TOLERANCE_S, Difference, LineScore, ZoneScore, compare_line, compare_zone
from edge.evaluation.truth import Truth, parse_truth, read_truth
from edge.observer import Observer
from edge.replay import Tally, replay


@dataclass
class ClipResult:
    """One clip: how much was watched, and what differs from its truth, by line and by zone."""

    clip: str
    truth: str
    seconds: float
    frames: int
    lines: dict[str, Difference] = field(default_factory=dict)
    zones: dict[str, Difference] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """All of it."""
        parts = {"lines": self.lines, "zones": self.zones}
        differences = {key: {name: each.to_json() for name, each in part.items()} for key, part in parts.items()}
        about = {"clip": self.clip, "truth": self.truth, "seconds": round(self.seconds, 3), "frames": self.frames}
        return {**about, **differences}


@dataclass
class Evaluation:
    """The scores of all clips together, by line and by zone, and the clips one by one."""

    lines: dict[str, LineScore] = field(default_factory=dict)
    zones: dict[str, ZoneScore] = field(default_factory=dict)
    clips: list[ClipResult] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The object that `edge eval counts --json` writes."""
        return {
            "lines": {name: score.to_json() for name, score in self.lines.items()},
            "zones": {name: score.to_json() for name, score in self.zones.items()},
            "clips": [clip.to_json() for clip in self.clips],
        }


def evaluate(
    camera: Camera,
    clips: Iterable[tuple[str, Path]],
    *,
    model: str | None = None,
    tolerance_s: float = TOLERANCE_S,
) -> Evaluation:
    """Counts each (clip, file of its truth) and compares.

    Raises:
        CameraError: A clip cannot be read.
        ConfigError: A source is no file.
        EdgeError: A truth is wrong, or that of another clip or configuration.
        ModelError: The model cannot be used.
    """
    # All of them first: a wrong truth should not be found after an hour of counting.
    pairs = [(clip, path, read_truth(path)) for clip, path in clips]
    for _, path, truth in pairs:
        _check_names(path, truth, camera)
    result = Evaluation()
    for clip, path, truth in pairs:
        tally = _count(clip, camera, model)
        _check_times(path, truth, clip, tally.last_s + tolerance_s)
        counted = parse_truth(tally.to_json(), clip)
        about = ClipResult(clip, str(path), tally.seconds, tally.frames)
        for name, line in truth.lines.items():
            line_score, about.lines[name] = compare_line(line, counted.lines[name], tolerance_s)
            result.lines[name] = result.lines.get(name, LineScore()) + line_score
        for name, zone in truth.zones.items():
            stop_s = tally.zones[name].rule.stop_s
            zone_score, about.zones[name] = compare_zone(zone.visits, counted.zones[name].visits, stop_s)
            result.zones[name] = result.zones.get(name, ZoneScore()) + zone_score
        result.clips.append(about)
    return result


def _count(clip: str, camera: Camera, model: str | None) -> Tally:
    pipeline = Pipeline(camera.line_rules(), camera.zone_rules(), camera.tracker_rule())
    observer = Observer(camera, source=clip, model=model, speed="max", reconnect=False)
    if observer.live:  # it is not named: an address may hold a password
        raise ConfigError("CLIP: expected a file, a folder of pictures or a recording, got a live source")
    with observer:
        return replay(observer.observations(pipeline), camera, pipeline)


def _check_names(path: Path, truth: Truth, camera: Camera) -> None:
    known = {"lines": [line.name for line in camera.lines], "zones": [zone.name for zone in camera.zones]}
    for key, names in (("lines", truth.lines), ("zones", truth.zones)):
        for name in names:
            if name not in known[key]:
                expected = ", ".join(known[key]) or "none"
                raise EdgeError(f"{path}: {key}: expected names of the configuration ({expected}), got {name!r}")


def _check_times(path: Path, truth: Truth, clip: str, end_s: float) -> None:
    """A truth that goes on after its clip is that of another clip; so is one of pictures that could not be counted."""
    times = [(f"lines.{name}.events", event.t_s) for name, line in truth.lines.items() for event in line.events]
    times += [(f"zones.{name}.visits", visit.start_s) for name, zone in truth.zones.items() for visit in zone.visits]
    place, last_s = max(times, key=lambda entry: entry[1], default=("", 0.0))
    if last_s > end_s:
        raise EdgeError(
            f"{path}: {place}: expected times within {clip}, which ends after {end_s:.1f} s, got {last_s:g}"
        )

"""A recorded shop in which somebody walks over the line every second, and its configuration."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable
from pathlib import Path

from edge.adapters.recording import Recording
from edge.config import Config, parse
from edge.core.pipeline import Pipeline

CONFIG = """\
site: shop
device: {device}
timezone: {timezone}
cameras:
  - name: entrance
    source: {source}
    model: none
    lines: [{{name: door, points: [[0.05, 0.5], [0.95, 0.5]], inside: [0.5, 0.9]}}]
    zones: [{{name: table, polygon: [[0.05, 0.6], [0.95, 0.6], [0.95, 0.9], [0.05, 0.9]]}}]
interval_s: {interval_s}
health_s: 5
mqtt: {{host: 127.0.0.1, port: {port}, enabled: {enabled}}}
"""


def record(
    path: Path, seconds: float, *, fps: float = 5.0, every_s: float = 1.0, walk_s: float = 2.0, ids: bool = True
) -> None:
    """Writes the recording: one walk over the line after the other, in and out by turns; tracks, or boxes alone."""
    with path.open("w", encoding="ascii") as file:
        file.write(json.dumps({"recording": 1, "width": 640, "height": 480, "fps": fps}) + "\n")
        for number in range(round(seconds * fps)):
            t_s = number / fps
            boxes, walkers = [], []
            newest = int(t_s / every_s)
            for walker in range(max(0, newest - int(walk_s / every_s)), newest + 1):
                share = (t_s - walker * every_s) / walk_s
                if 0.0 <= share < 1.0:
                    foot = 0.3 + 0.4 * (share if walker % 2 == 0 else 1.0 - share)
                    left = 0.1 + 0.2 * (walker % 4)
                    boxes.append([round(v, 4) for v in (left, foot - 0.2, left + 0.06, foot)])
                    walkers.append(walker + 1)
            picture = {"t_s": round(t_s, 3), "boxes": boxes} | ({"ids": walkers} if ids else {})
            file.write(json.dumps(picture) + "\n")


def configuration(
    source: Path, port: int, *, device: str = "box", interval_s: int = 60, timezone: str = "UTC", enabled: bool = True
) -> str:
    """config.yaml for the recording."""
    return CONFIG.format(
        device=device, source=source, port=port, interval_s=interval_s, timezone=timezone, enabled=str(enabled).lower()
    )


def crossings_until(path: Path, config: Config, moments_s: Iterable[float]) -> dict[float, tuple[int, int]]:
    """Raw INs and OUTs that a service which stops at each of these moments of the recording has to have counted."""
    camera = config.cameras[0]
    pipeline = Pipeline(camera.line_rules(), camera.zone_rules(), camera.tracker_rule())
    counted = {"in_raw": 0, "out_raw": 0}
    wanted, found = sorted(set(moments_s)), {}

    def note(until_s: float) -> None:
        while wanted and wanted[0] < until_s - 1e-6:
            events = copy.deepcopy(pipeline).finish().events
            late = [event.kind for event in events]
            found[wanted.pop(0)] = tuple(counted[kind] + late.count(kind) for kind in ("in_raw", "out_raw"))

    with Recording(path) as recording:
        for seen in recording.observations():
            note(seen.mono_s)
            for event in pipeline.step(seen).events:
                if event.kind in counted:
                    counted[event.kind] += 1
    note(float("inf"))
    return found  # type: ignore[return-value]


def parsed(text: str) -> Config:
    """The configuration as the service reads it."""
    return parse(text)

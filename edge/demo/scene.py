"""A scripted shop, as the boxes that a detector would see and the exact truth of what happened.

Everybody walks over a floor in metres; a pinhole camera under the ceiling turns that into boxes. The truth comes from
the paths themselves, along the definitions of lines and zones, and must not know how the service counts: no code is
shared. `python -m edge.demo.scene OUTDIR` writes the two bundled files again.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import cos, radians, sin
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Point = tuple[float, float]

WIDTH, HEIGHT, FPS, SECONDS = 1280, 720, 10, 240
ASPECT = WIDTH / HEIGHT
DOOR = ((0.32, 0.446), (0.68, 0.446))
INSIDE = (0.5, 0.9)
ZONES = {
    "beauty": ((0.2, 0.542), (0.355, 0.542), (0.305, 0.718), (0.1, 0.718)),
    "shoes": ((0.645, 0.542), (0.8, 0.542), (0.9, 0.718), (0.695, 0.718)),
}
BAND, ENTER_S, STOP_S, UTURN_S = 0.13, 1.0, 3.0, 10.0  # written again: a truth must not follow its subject

FRONT_M = 7.15  # who is behind the shop front is seen through its glass only
_GLASS = (0.227, 0.773)
CEILING_M, TILT, FOCAL = 3.2, radians(28), 0.9
_STEP_S = 0.02

PLACES: dict[str, tuple[Point, ...]] = {
    "west": ((-6.2, 9.0),),
    "east": ((6.2, 8.8),),
    "street": ((0.0, 13.5),),
    "threshold": ((0.0, 7.25),),
    "door": ((0.0, 7.0),),
    "peek": ((0.0, 5.7),),
    "beauty": ((-2.75, 4.5),),
    "past-beauty": ((-2.75, 6.0), (-2.75, 3.0)),
    "shoes": ((2.75, 4.5),),
    "past-shoes": ((2.75, 6.0), (2.75, 3.0)),
    "middle": ((0.0, 5.5),),
    "right": ((1.2, 4.9),),
    "loop": ((-1.1, 5.2), (-1.1, 3.0), (0.0, 2.75), (1.1, 3.0), (1.1, 5.2)),
    "deep": ((1.1, 2.6), (0.9, 1.4)),
    "back": ((-0.9, 1.4), (-1.1, 2.6), (-1.2, 4.9)),
}
"""Where one can go, metres: x to the right of the camera, y away from it."""
# How much of a person's lane moves a place to the right and away; (1, 0) for all others.
_LANES = {"west": (0.0, 1.0), "east": (0.0, 1.0), **dict.fromkeys(("right", "loop", "deep", "back"), (0.4, 0.0))}


@dataclass(frozen=True)
class Walk:
    """One person, who keeps `lane` metres to the right of each place and stands at "place:seconds" of the route."""

    start_s: float
    speed: float  # metres per second
    lane: float
    route: str


SCRIPT = (
    Walk(0.5, 1.20, 0.5, "west door beauty:21 door west"),
    Walk(3.0, 1.10, 0.6, "east door shoes:6 door east"),
    Walk(9.0, 1.30, 0.0, "street door right deep"),
    Walk(14.0, 1.35, 0.3, "west east"),
    # Two people side by side.
    Walk(17.0, 1.10, -0.5, "street door beauty:27 door street"),
    Walk(17.0, 1.10, 0.5, "street door shoes:20 door east"),
    Walk(31.0, 0.95, -0.3, "east door past-shoes deep"),
    # In and out again at once.
    Walk(36.0, 1.10, -0.7, "west door peek:1.5 door street"),
    Walk(45.0, 1.05, -0.6, "west door loop:3 door street"),
    Walk(48.0, 1.30, 0.5, "back door street"),
    # Stands on the threshold before coming in.
    Walk(56.0, 1.00, 0.7, "east threshold:3.5 door shoes:24 door east"),
    Walk(62.0, 0.90, 0.5, "street door past-beauty deep"),
    Walk(68.0, 1.10, -0.6, "west door beauty:7 middle shoes:5 door street"),
    Walk(84.0, 1.10, -0.7, "west threshold:4 west"),
    Walk(90.0, 0.95, 0.6, "street door beauty:30 door west"),
    Walk(101.0, 1.15, -0.7, "east door peek:3 door east"),
    Walk(109.0, 1.05, -0.1, "west door shoes:8 door street"),
    # Two friends who stay together.
    Walk(117.0, 1.15, -0.5, "west door beauty:18 deep"),
    Walk(118.5, 1.15, 0.0, "west door beauty:20 deep"),
    Walk(131.0, 1.30, 0.5, "street door shoes:26 door street"),
    Walk(138.0, 1.10, 0.6, "back door east"),
    Walk(144.0, 0.95, -0.6, "west door past-beauty deep"),
    Walk(154.0, 1.15, -0.3, "east door loop:4 door east"),
    Walk(158.0, 1.05, -0.7, "west door beauty:5 door west"),
    Walk(163.0, 0.90, -0.2, "street door past-shoes deep"),
    Walk(172.5, 1.15, 0.1, "west door peek:0.5 door street"),
    Walk(175.0, 1.10, 0.4, "east door shoes:22 door east"),
    Walk(183.0, 1.25, -0.6, "west door beauty:9 door street"),
    Walk(196.0, 1.10, -0.5, "east door shoes:4 deep"),
    Walk(201.0, 1.30, -0.5, "west door right deep"),
    Walk(204.0, 1.15, -0.4, "west door beauty:8 deep"),
    Walk(209.0, 1.10, 0.4, "back door east"),
)


def project(x: float | Floats, y: float | Floats, z: float | Floats) -> tuple[Any, Any]:
    """A point of the shop (metres; z above the floor) in fractions of the frame."""
    depth = y * cos(TILT) + (CEILING_M - z) * sin(TILT)
    down = (CEILING_M - z) * cos(TILT) - y * sin(TILT)
    return 0.5 + FOCAL * x / depth / ASPECT, 0.5 + FOCAL * down / depth


@dataclass(frozen=True)
class Person:
    """A walker's whole way, without any noise; the foot is the middle of a box's lower edge."""

    times_s: Floats  # every 0.02 s
    floor: Floats  # (N, 2), metres
    boxes: Floats  # (N, 4), fractions of the frame, not clipped
    tall_m: float

    @property
    def feet(self) -> Floats:
        """(N, 2), fractions of the frame."""
        return np.stack([(self.boxes[:, 0] + self.boxes[:, 2]) / 2, self.boxes[:, 3]], axis=1)


def people() -> list[Person]:
    """Everybody of the script, always the same."""
    rng = np.random.default_rng(7)
    return [_walk(walk, rng.uniform(1.58, 1.86), rng.uniform(0, 6), rng.uniform(-0.5, 0.5)) for walk in SCRIPT]


def _walk(walk: Walk, tall_m: float, phase: float, nearer: float) -> Person:
    at_s, way_x, way_y = _timetable(walk, nearer).T
    times_s = np.arange(walk.start_s, at_s[-1], _STEP_S)
    x = _rounded(np.interp(times_s, at_s, way_x)) + 0.07 * np.sin(times_s + phase)
    y = _rounded(np.interp(times_s, at_s, way_y)) + 0.04 * np.sin(1.3 * times_s + phase)
    middle, foot = project(x, y, 0.0)
    head = project(x, y, tall_m)[1]
    half = 0.19 * (foot - head) / ASPECT * (1 + 0.05 * np.sin(6 * times_s + phase))
    boxes = np.stack([middle - half, head, middle + half, foot], axis=1)
    return Person(times_s, np.stack([x, y], axis=1), boxes, tall_m)


def _timetable(walk: Walk, nearer: float) -> Floats:
    """Rows of (seconds, x, y) between which the person walks evenly; within a zone the spot is moved by `nearer`."""
    rows: list[tuple[float, float, float]] = []
    for step in walk.route.split():
        place, _, stand_s = step.partition(":")
        right, away = _LANES.get(place, (1.0, 0.0))
        for corner_x, corner_y in PLACES[place]:
            x, y = corner_x + right * walk.lane, corner_y + away * walk.lane + (nearer if place in ZONES else 0.0)
            before_s, before_x, before_y = rows[-1] if rows else (walk.start_s, x, y)
            rows.append((before_s + float(np.hypot(x - before_x, y - before_y)) / walk.speed, x, y))
        if stand_s:
            rows.append((rows[-1][0] + float(stand_s), x, y))
    return np.array(rows)


def _rounded(way: Floats, span: int = 31) -> Floats:
    """The way with its corners and sudden stops rounded over 0.6 s."""
    padded = np.pad(way, span // 2, mode="edge")
    return np.convolve(padded, np.ones(span) / span, mode="valid")


def truth(crowd: list[Person], seconds: int = SECONDS) -> dict[str, Any]:
    """What really happened, in the shape of `edge replay --json`."""
    crossings = [_crossings(person) for person in crowd]
    uturns = sum(_uturns(own) for own in crossings)
    events = sorted(event for own in crossings for event in own)
    in_raw = sum(inward for _, inward in events)
    out_raw = len(events) - in_raw
    counts = {"in": in_raw - uturns, "out": out_raw - uturns, "in_raw": in_raw, "out_raw": out_raw, "uturns": uturns}
    door = {**counts, "events": [{"t_s": round(at_s, 2), "inward": inward} for at_s, inward in events]}
    return {"frames": seconds * FPS, "seconds": seconds, "lines": {"door": door}, "zones": _zones(crowd)}


def _zones(crowd: list[Person]) -> dict[str, Any]:
    zones = {}
    for name, polygon in ZONES.items():
        stays = sorted(stay for person in crowd for stay in stays_in(person, polygon) if stay[1] - stay[0] >= ENTER_S)
        visits = [(start_s, end_s) for start_s, end_s in stays if end_s - start_s >= STOP_S]
        zones[name] = {
            "visits": [{"start_s": round(a, 2), "end_s": round(b, 2), "ended": "left"} for a, b in visits],
            "passes": len(stays) - len(visits),
            "mean_dwell_s": round(sum(end_s - start_s for start_s, end_s in stays) / len(stays), 2),
        }
    return zones


def _crossings(person: Person) -> list[tuple[float, bool]]:
    """When the foot crossed the door line for good, and whether inwards: within the band nobody has changed sides."""
    depth = person.feet[:, 1] - DOOR[0][1]
    decided = np.flatnonzero(np.abs(depth) > np.maximum(BAND * (person.boxes[:, 3] - person.boxes[:, 1]), 0.02))
    events = []
    for before, after in pairwise(decided):
        if depth[before] * depth[after] < 0:
            inward = bool(depth[after] > 0)
            last = before + int(np.flatnonzero((depth[before:after] > 0) != inward)[-1])
            share = depth[last] / (depth[last] - depth[last + 1])
            events.append((float(person.times_s[last] + share * _STEP_S), inward))
    return events


def _uturns(events: list[tuple[float, bool]]) -> int:
    """Opposite crossings of one person that follow each other within 10 s, in pairs."""
    pairs, pending = 0, None
    for event in events:
        if pending and event[1] != pending[1] and event[0] - pending[0] <= UTURN_S:
            pairs, pending = pairs + 1, None
        else:
            pending = event
    return pairs


def stays_in(person: Person, polygon: tuple[Point, ...]) -> list[tuple[float, float]]:
    """First and last instant of every unbroken stay of the foot in a convex polygon with clockwise corners."""
    corners = np.array(polygon)
    edges = np.roll(corners, -1, axis=0) - corners
    to_foot = person.feet[:, None, :] - corners
    inside = (edges[:, 0] * to_foot[..., 1] - edges[:, 1] * to_foot[..., 0] >= 0).all(axis=1)
    change = np.flatnonzero(np.diff(np.pad(inside.astype(int), 1)))
    first, last = person.times_s[change[::2]], person.times_s[change[1::2] - 1]
    return list(zip(first.tolist(), last.tolist(), strict=True))


def frames(crowd: list[Person]) -> Iterator[tuple[float, Floats]]:
    """Times in seconds and boxes (N, 5: x0 y0 x1 y1 score) as a fair detector would report them, always the same."""
    rng = np.random.default_rng(11)
    for index in range(SECONDS * FPS):
        yield index / FPS, _detect(visible(crowd, index / FPS), rng)


def visible(crowd: list[Person], at_s: float) -> Floats:
    """Boxes of everybody who is seen at an instant, nearest to the camera first: (N, 4), clipped."""
    seen = []
    for away, box in standing(crowd, at_s):
        left, right = _GLASS if away > FRONT_M else (0.0, 1.0)
        shown = np.clip(box, (left, 0, left, 0), (right, 1, right, 1))
        if _area(shown) > 0.4 * _area(box):
            seen.append(shown)
    return np.array(seen).reshape(-1, 4)


def standing(crowd: list[Person], at_s: float) -> list[tuple[float, Floats]]:
    """Distance (metres) and unclipped box of everybody who is about at an instant, nearest to the camera first."""
    there = [(person, round((at_s - person.times_s[0]) / _STEP_S)) for person in crowd]
    found = [(float(p.floor[i, 1]), p.boxes[i]) for p, i in there if 0 <= i < len(p.times_s)]
    return sorted(found, key=lambda one: one[0])


def _detect(boxes: Floats, rng: np.random.Generator) -> Floats:
    """Adds 1.2 % of the height as noise, misses 5 %, hides people behind nearer ones, and is wrong now and then."""
    found = []
    for index, box in enumerate(boxes):
        hidden = max((_covered(box, nearer) for nearer in boxes[:index]), default=0.0)
        noise = rng.normal(0, 0.012, 4) * (box[3] - box[1]) / (ASPECT, 1, ASPECT, 1)
        score = rng.normal(0.84, 0.05)
        missed, weak = rng.random(2) < (0.05, 0.04)
        if hidden > 0.4 or weak:
            score -= rng.uniform(0.3, 0.5)
        if hidden <= 0.75 and not missed:
            found.append([*(box + noise), score])
    if rng.random() < 0.01:
        # A mannequin between the shelves on the left.
        found.append([*(np.array([0.03, 0.36, 0.09, 0.62]) + rng.normal(0, 0.004, 4)), rng.uniform(0.15, 0.6)])
    return np.clip(np.array(found).reshape(-1, 5), 0.0, 1.0)


def _covered(box: Floats, nearer: Floats) -> float:
    """Share of a box that lies behind another one."""
    shared = np.concatenate([np.maximum(box[:2], nearer[:2]), np.minimum(box[2:], nearer[2:])])
    return _area(shared) / _area(box)


def _area(box: Floats) -> float:
    return float(max(box[2] - box[0], 0.0) * max(box[3] - box[1], 0.0))


def recording(crowd: list[Person]) -> str:
    """The recording as JSON lines, coordinates to 4 digits."""
    lines: list[dict[str, Any]] = [{"recording": 1, "width": WIDTH, "height": HEIGHT, "fps": FPS}]
    lines += [{"t_s": at_s, "boxes": boxes.round(4).tolist()} for at_s, boxes in frames(crowd)]
    return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)


def main(folder: Path) -> None:
    """Write shop.jsonl and shop.truth.json into a folder."""
    crowd = people()
    (folder / "shop.jsonl").write_text(recording(crowd), encoding="utf-8")
    (folder / "shop.truth.json").write_text(json.dumps(truth(crowd), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Paints the scripted shop with plain figures and draws the counts over it: nobody's photograph, for the README.

`python -m edge.demo.picture OUT.png` writes it. It knows the scene's floor plan, and nothing of the service.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from edge.adapters import overlay
from edge.core.rules import LineRule, ZoneRule
from edge.core.types import Tracks
from edge.demo import scene

AT_S = 139.7
_SHARPER = 2  # painted larger than shown, for smooth edges
_FRAME, _WALL, _FLOOR, _JOINT, _SHADE = (88, 84, 80), (222, 226, 228), (186, 204, 216), (174, 192, 204), (162, 178, 190)
_CLOTHES = ((138, 110, 84), (96, 84, 148), (104, 128, 88), (84, 112, 158), (118, 106, 106))
_GOODS = ((146, 122, 206), (206, 172, 116), (126, 186, 160))
# Left, right, near and far edge and height of the furniture, metres.
_FURNITURE = (
    *((-5.4, -4.1, near, near + 1.2, 0.95) for near in (3.0, 4.7)),
    *((4.1, 5.4, near, near + 1.2, 0.95) for near in (3.0, 4.7)),
    (-0.5, 0.5, 3.6, 4.3, 0.8),
)


def shop(at_s: float) -> overlay.Image:
    """The shop and the people in it at an instant of the scene: uint8 (720, 1280, 3) BGR."""
    image = np.full((scene.HEIGHT * _SHARPER, scene.WIDTH * _SHARPER, 3), (238, 234, 230), np.uint8)
    people = scene.standing(scene.people(), at_s)
    _flat(image, (-40, 40), (scene.FRONT_M, 40), 0, (208, 212, 214))
    for away, box in reversed(people):
        if away > scene.FRONT_M:
            _figure(image, box)
    _front(image)
    _flat(image, (-14, 14), (1.5, scene.FRONT_M), 0, _FLOOR)
    for metre in range(-14, 15):
        _flat(image, (metre - 0.012, metre + 0.012), (1.5, scene.FRONT_M), 0, _JOINT)
    for metre in range(2, 8):
        _flat(image, (-14, 14), (metre - 0.012, metre + 0.012), 0, _JOINT)
    # The farthest first, so that who stands in front hides who is behind.
    things = [(away, partial(_figure, image, box)) for away, box in people if away <= scene.FRONT_M]
    things += [(block[2], partial(_block, image, block)) for block in _FURNITURE]
    for _, draw in sorted(things, key=lambda thing: -thing[0]):
        draw()
    return cv2.resize(image, (scene.WIDTH, scene.HEIGHT), interpolation=cv2.INTER_AREA).astype(np.uint8)


def _front(image: overlay.Image) -> None:
    """A wall with two panes of glass and an open door between them."""
    for side in (-1, 1):
        _upright(image, (side * 4.2, side * 14), scene.FRONT_M, (0, 5), _WALL)
        _upright(image, (side * 4.2, side * 14), scene.FRONT_M, (0, 0.12), _SHADE)
        _upright(image, (side * 2.6, side * 4.2), scene.FRONT_M, (0, 0.14), _FRAME)
        for post in (2.6, 4.2):
            _upright(image, (side * post - 0.05, side * post + 0.05), scene.FRONT_M, (0, 2.6), _FRAME)
    _upright(image, (-14, 14), scene.FRONT_M, (2.55, 6), _WALL)
    _upright(image, (-4.25, 4.25), scene.FRONT_M, (2.5, 2.62), _FRAME)


def _block(image: overlay.Image, block: tuple[float, ...]) -> None:
    """A table with goods on it."""
    left, right, near, far, tall = block
    _flat(image, (left - 0.15, right + 0.15), (near - 0.12, far), 0, _SHADE)
    if left > 0 or right < 0:
        side = left if left > 0 else right
        _fill(image, [(side, near, 0), (side, far, 0), (side, far, tall), (side, near, tall)], (128, 146, 160))
    _upright(image, (left, right), near, (0, tall), (146, 166, 182))
    _flat(image, (left, right), (near, far), tall, (214, 226, 234))
    for row, share in enumerate((0.7, 0.2)):
        for column in range(4):
            x = left + (right - left) * (0.08 + 0.24 * column)
            _upright(
                image,
                (x, x + 0.12 * (right - left)),
                near + share * (far - near),
                (tall, tall + 0.2),
                _GOODS[(row + column) % 3],
            )


def _figure(image: overlay.Image, box: scene.Floats) -> None:
    """A person as a few rounded shapes, the same for everybody but for the colour of the clothes."""
    height, width = image.shape[:2]
    x0, top, x1, foot = box * (width, height, width, height)
    tall, middle = foot - top, (x0 + x1) / 2
    colour = _CLOTHES[round(1000 * tall / width) % len(_CLOTHES)]

    def spot(x: float, y: float) -> tuple[int, int]:
        return round(middle + x * tall), round(top + y * tall)

    def oval(x: float, y: float, size: tuple[float, float], shade: tuple[int, int, int]) -> None:
        cv2.ellipse(image, spot(x, y), (round(size[0] * tall), round(size[1] * tall)), 0, 0, 360, shade, -1)

    oval(0, 0.985, (0.17, 0.035), _SHADE)
    for side in (-1, 1):
        cv2.line(image, spot(side * 0.045, 0.55), spot(side * 0.06, 0.955), (72, 64, 58), round(0.08 * tall))
        cv2.line(image, spot(side * 0.105, 0.25), spot(side * 0.14, 0.5), colour, round(0.055 * tall))
    oval(0, 0.38, (0.115, 0.2), colour)
    oval(0, 0.27, (0.13, 0.085), colour)
    oval(0, 0.08, (0.06, 0.08), (150, 160, 172))


def _flat(image: overlay.Image, x: scene.Point, y: scene.Point, z: float, colour: tuple[int, int, int]) -> None:
    _fill(image, [(x[0], y[0], z), (x[1], y[0], z), (x[1], y[1], z), (x[0], y[1], z)], colour)


def _upright(image: overlay.Image, x: scene.Point, y: float, z: scene.Point, colour: tuple[int, int, int]) -> None:
    _fill(image, [(x[0], y, z[0]), (x[1], y, z[0]), (x[1], y, z[1]), (x[0], y, z[1])], colour)


def _fill(image: overlay.Image, corners: list[tuple[float, float, float]], colour: tuple[int, int, int]) -> None:
    height, width = image.shape[:2]
    area = np.array([scene.project(*corner) for corner in corners]) * (width, height)
    cv2.fillPoly(image, [area.round().astype(np.int32)], colour)


def annotated(at_s: float) -> overlay.Image:
    """The shop with its line, zones, people and the counts up to then."""
    crowd = scene.people()
    happened = scene.truth(crowd)
    crossings = [event["inward"] for event in happened["lines"]["door"]["events"] if event["t_s"] <= at_s]
    rows = [("in", str(sum(crossings))), ("out", str(len(crossings) - sum(crossings)))]
    for name, facts in happened["zones"].items():
        stays = [visit["end_s"] - visit["start_s"] for visit in facts["visits"] if visit["end_s"] <= at_s]
        rows.append((name, f"{len(stays)} visits, {np.mean(stays):.0f} s"))
    boxes = scene.visible(crowd, at_s).astype(np.float32)
    image = shop(at_s)
    zones = [ZoneRule(name, polygon) for name, polygon in scene.ZONES.items()]
    overlay.draw_rules(image, [LineRule("door", scene.DOOR, scene.INSIDE)], zones)
    overlay.draw_tracks(image, Tracks(np.arange(len(boxes)), boxes, np.ones(len(boxes), bool), at_s, scene.ASPECT))
    overlay.draw_counts(image, rows)
    return image


if __name__ == "__main__":
    overlay.write_png(Path(sys.argv[1]), annotated(AT_S))

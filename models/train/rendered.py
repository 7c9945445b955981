"""Pictures that are drawn, not taken: plain figures in plain shops, with exact boxes.

They teach the figures of the project's own demo film, and that a person is a shape before it is a texture. Everything
follows from the random generator that is passed in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.demo import picture, scene
from models.train.store import Entry, Labelled

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]
Corners = tuple[float, float, float, float]

WIDTH, HEIGHT = 384, 216
_SHARPER = 2  # drawn larger than kept, for smooth edges
_SLIMNESS = 0.19  # half of a figure's width as a share of its height


def entries(count: int, rng: np.random.Generator) -> Iterator[Entry]:
    """`count` drawn pictures; every fourth is a moment of the demo's shop."""
    for number in range(count):
        drawn = _demo(rng) if number % 4 == 0 else shop(rng)
        yield Entry(drawn, "rendered", "boxes")


def _demo(rng: np.random.Generator) -> Labelled:
    at_s = float(rng.uniform(0, scene.SECONDS))
    image = cv2.resize(picture.shop(at_s), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    boxes = np.clip(scene.visible(scene.people(), at_s), 0, 1) * (WIDTH, HEIGHT, WIDTH, HEIGHT)
    return _labelled(image.astype(np.uint8), boxes)


def shop(rng: np.random.Generator) -> Labelled:
    """A random shop: a wall, a floor, furniture, and up to eight figures among it, the farthest drawn first."""
    image = _room(rng)
    height, width = image.shape[:2]
    horizon = rng.uniform(0.0, 0.45) * height
    tallest = rng.uniform(0.25, 0.9) * height
    things: list[tuple[float, bool]] = [(rng.uniform(0.3, 1.1), True) for _ in range(rng.integers(0, 9))]
    things += [(rng.uniform(0.3, 1.1), False) for _ in range(rng.integers(0, 6))]
    boxes = np.empty((0, 4))
    for foot, person in sorted(things):
        middle, base = rng.uniform(0, width), horizon + foot * (height - horizon)
        tall = tallest * max(foot, 0.1) * rng.uniform(0.85, 1.15)
        half = tall * (_SLIMNESS if person else rng.uniform(0.2, 0.8))
        tall *= 1.0 if person else rng.uniform(0.3, 0.7)
        box = (middle - half, base - tall, middle + half, base)
        (figure if person else _furniture)(image, box, rng)
        boxes = boxes[_still_seen(boxes, np.array(box))]
        boxes = np.append(boxes, [box], 0) if person else boxes
    small = cv2.resize(image, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA).astype(np.uint8)
    return _labelled(small, boxes / _SHARPER)


def figure(image: Image, box: Corners, rng: np.random.Generator) -> None:
    """One person of a few rounded shapes within a box, in the middle of a step."""
    x0, top, x1, foot = box
    tall, middle = foot - top, (x0 + x1) / 2
    clothes, trousers, skin = _colour(rng), _colour(rng, 20, 150), _skin(rng)
    step, swing = rng.uniform(-0.09, 0.09), rng.uniform(-0.08, 0.08)

    def spot(x: float, y: float) -> tuple[int, int]:
        return round(middle + x * tall), round(top + y * tall)

    def oval(y: float, across: float, down: float, shade: Colour) -> None:
        axes = (max(1, round(across * tall)), max(1, round(down * tall)))
        cv2.ellipse(image, spot(0, y), axes, 0, 0, 360, shade, -1)

    if rng.random() < 0.7:
        oval(0.985, 0.17, 0.035, _times(image[min(max(round(foot), 0), len(image) - 1), 0], 0.85))
    for side in (-1, 1):
        leg, arm = spot(side * (0.06 + step), 0.955), spot(side * (0.13 + swing), rng.uniform(0.44, 0.52))
        cv2.line(image, spot(side * 0.045, 0.55), leg, trousers, max(1, round(0.08 * tall)))
        cv2.line(image, spot(side * 0.105, 0.25), arm, clothes, max(1, round(0.055 * tall)))
    stout = rng.uniform(0.85, 1.2)
    oval(0.38, 0.115 * stout, 0.2, clothes)
    oval(0.27, 0.13 * stout, 0.085, clothes)
    oval(0.08, 0.06, 0.08, skin)
    if rng.random() < 0.5:
        oval(0.045, 0.058, 0.045, _colour(rng, 10, 120))


def _room(rng: np.random.Generator) -> Image:
    """Floor and walls in quiet colours, joints and panels, without anybody."""
    height, width = HEIGHT * _SHARPER, WIDTH * _SHARPER
    image = np.empty((height, width, 3), np.uint8)
    image[:] = _quiet(rng)
    edge = round(rng.uniform(0.1, 0.6) * height)
    image[edge:] = _quiet(rng)
    for _ in range(rng.integers(0, 12)):
        x, across, down = rng.integers(0, width), rng.integers(10, 160), rng.integers(10, 200)
        shade = _quiet(rng) if rng.random() < 0.7 else _colour(rng)
        cv2.rectangle(image, (int(x), max(0, edge - int(down))), (int(x + across), edge), shade, -1)
    joint = _times(image[-1, 0], 0.93)
    centre = int(rng.uniform(0.3, 0.7) * width)
    for metre in range(-12, 13):
        cv2.line(image, (centre + metre * 30, edge), (centre + metre * 90, height), joint, 1)
    for row in range(1, 6):
        y = edge + round((height - edge) * (row / 6) ** 1.6)
        cv2.line(image, (0, y), (width, y), joint, 1)
    return image


def _furniture(image: Image, box: Corners, rng: np.random.Generator) -> None:
    """A block with a lighter top and some goods on it: none of them a person."""
    x0, top, x1, base = (round(value) for value in box)
    shade, tall = _quiet(rng), base - top
    cv2.rectangle(image, (x0, top), (x1, base), shade, -1)
    cv2.rectangle(image, (x0, top - tall // 6), (x1, top), _times(shade, 1.15), -1)
    for _ in range(rng.integers(0, 7)):
        x, y, size = rng.uniform(x0, x1), rng.uniform(top, base), rng.uniform(0.05, 0.25) * tall
        corner = (round(x), round(y - size))
        cv2.rectangle(image, corner, (round(x + size * rng.uniform(0.4, 1)), round(y)), _colour(rng), -1)


def _still_seen(boxes: NDArray[np.floating], before: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Whether something that stands in front leaves at least a quarter of each figure to see."""
    shared = np.minimum(boxes[:, 2:], before[2:]) - np.maximum(boxes[:, :2], before[:2])
    whole = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    return np.asarray(np.maximum(shared, 0).prod(1) < 0.75 * whole)


def _labelled(image: Image, boxes: NDArray[np.floating]) -> Labelled:
    inside = np.clip(boxes, 0, (WIDTH, HEIGHT, WIDTH, HEIGHT)).astype(np.float32).reshape(-1, 4)
    size = inside[:, 2:] - inside[:, :2]
    seen = (size[:, 0] > 2) & (size[:, 1] > 5)
    return Labelled(image, inside[seen], np.ones(int(seen.sum()), np.float32), not seen.any())


def _colour(rng: np.random.Generator, low: int = 30, high: int = 230) -> Colour:
    blue, green, red = (int(value) for value in rng.integers(low, high, 3))
    return blue, green, red


def _times(colour: Sequence[int], factor: float) -> Colour:
    blue, green, red = (min(255, int(factor * value)) for value in colour)
    return blue, green, red


def _quiet(rng: np.random.Generator) -> Colour:
    grey, tint = rng.integers(60, 240), rng.integers(-15, 16, 3)
    blue, green, red = (int(np.clip(grey + value, 0, 255)) for value in tint)
    return blue, green, red


def _skin(rng: np.random.Generator) -> Colour:
    light = rng.uniform(0.35, 1.0)
    return int(172 * light), int(186 * light), int(220 * light)

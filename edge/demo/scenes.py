"""Pictures of drawn shops with drawn people in them, and exact boxes: to train on and to try a detector on.

Every picture is another shop seen by another camera, now and then the scripted shop of scene.py with other people, and
the same seed gives the same pictures.
`python -m edge.demo.scenes FOLDER COUNT [SEED [HEIGHT WIDTH]]` writes pictures with labels in the YOLO format.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import atan, radians
from pathlib import Path

import cv2
import numpy as np

from edge.demo import scene as script
from edge.demo import shopfront
from edge.demo.body import Arms, Pose
from edge.demo.figure import Boxes, Image, Painter, visible_boxes
from edge.demo.look import random_look
from edge.demo.pinhole import Floats, Pinhole
from edge.demo.room import Block, paint_block, paint_room, random_furniture
from edge.demo.stage import Stage

_FINER = 2  # painted larger than wanted, for soft edges
_ARMS: tuple[Arms, ...] = ("swing", "swing", "swing", "phone", "reach", "push", "crossed")
_IN_SCRIPTED_SHOP = 0.15
"""Share of the pictures that show the shop of the demo, with other people."""
_AT_EDGE = 0.25
"""Share of the people who are just leaving through the left or the right edge of the picture."""
_CHEST_M = 1.3
"""Nobody stands where this much of them is above the picture: a box around legs alone would be learned as a person."""
_BENT = 0.25
"""Share of the people who bend forward, as who hurries or looks at something."""


def scenes(seed: int, height: int = 192, width: int = 320) -> Iterator[tuple[Image, Boxes]]:
    """Endless pictures of shops by lot.

    Args:
        seed: Decides on everything.
        height: Of the pictures, pixels.
        width: Of the pictures, pixels.

    Yields:
        The picture, uint8 (height, width, 3) BGR, and the boxes of all people who are seen well enough, float32 (N, 4),
        x0 y0 x1 y1 in fractions of the picture, around what is seen of each. One picture in ten has nobody in it.
    """
    index = 0
    while True:
        yield scene(np.random.default_rng((seed, index)), height, width)
        index += 1


def scene(rng: np.random.Generator, height: int, width: int) -> tuple[Image, Boxes]:
    """One picture and its boxes, as `scenes` yields them."""
    if rng.random() < _IN_SCRIPTED_SHOP:
        image, boxes = _stage(height, width).picture([(random_look(rng), pose) for pose in _customers(rng)])
        return _developed(image, rng), boxes
    camera = _camera(rng, height * _FINER, width * _FINER)
    far_m, half_m = rng.uniform(5, 14), rng.uniform(2.5, 7)
    image = np.empty((camera.height, camera.width, 3), np.uint8)
    paint_room(image, camera, rng, far_m, half_m)
    blocks = random_furniture(rng, int(rng.integers(0, 9)), far_m, clear=rng.uniform(0, 1.5))
    poses = [] if rng.random() < 0.1 else _poses(rng, camera, blocks, far_m, half_m)
    painter = Painter(image, camera, light=float(rng.uniform(-1, 1)))
    for pose in poses:
        painter.shadow(pose)
    things: list[tuple[float, Block | Pose]] = [(block.near, block) for block in blocks]
    things += [(pose.y, pose) for pose in poses]
    whole: dict[int, Floats] = {}
    for _, thing in sorted(things, key=lambda one: -one[0]):
        if isinstance(thing, Block):
            paint_block(image, painter.owners, camera, thing)
            continue
        number = len(whole) + 1
        corners = painter.person(number, random_look(rng), thing)
        if corners is not None:
            whole[number] = corners
    small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return _developed(np.asarray(small, np.uint8), rng), visible_boxes(painter.owners, whole, _FINER)


def _camera(rng: np.random.Generator, height: int, width: int) -> Pinhole:
    """Mostly under the ceiling and looking down; now and then at the height of the eyes."""
    if rng.random() < 0.2:
        return Pinhole(
            float(rng.uniform(1.3, 2.0)), float(rng.uniform(0, 0.15)), float(rng.uniform(0.7, 1.3)), width, height
        )
    tilt = radians(float(rng.uniform(12, 50)))
    return Pinhole(float(rng.uniform(2.2, 3.6)), tilt, float(rng.uniform(0.6, 1.2)), width, height)


def _poses(rng: np.random.Generator, camera: Pinhole, blocks: list[Block], far_m: float, half_m: float) -> list[Pose]:
    """Where people stand: in view, not within furniture, some of them close together, some half out of the picture."""
    nearest = max(1.0, camera.ceiling_m * np.tan(np.pi / 2 - min(camera.tilt + atan(0.35 / camera.focal), 1.4)))
    poses: list[Pose] = []
    for _ in range(int(rng.integers(1, 9))):
        y = nearest + (far_m - nearest) * rng.random() ** 1.4
        x = rng.uniform(-1, 1) * min(half_m, 0.55 * y * camera.width / camera.height / camera.focal)
        if rng.random() < _AT_EDGE:
            y = nearest + (min(far_m, 6.0) - nearest) * rng.random()
            edge = camera.width / 2 / camera.pixels_per_metre(np.array([0.0, y, 1.0]))
            x = rng.choice([-1.0, 1.0]) * edge * rng.uniform(0.85, 1.12)
        elif poses and rng.random() < 0.25:
            x, y = poses[-1].x + rng.normal(0, 0.5), max(nearest, poses[-1].y + rng.normal(0, 0.5))
        if camera.project(np.array([x, y, _CHEST_M]))[1] > 0:
            _stand(poses, float(x), float(y), blocks, rng)
    return poses


def _customers(rng: np.random.Generator) -> list[Pose]:
    """Where people stand in the scripted shop and in front of it."""
    poses: list[Pose] = []
    for _ in range(int(rng.integers(0, 8))):
        y = rng.uniform(1.3, script.FRONT_M) if rng.random() < 0.65 else rng.uniform(script.FRONT_M + 0.3, 13.5)
        _stand(poses, float(rng.uniform(-1, 1) * min(0.9 * y + 1.5, 6.0)), float(y), shopfront.FURNITURE, rng)
    return poses


def _stand(poses: list[Pose], x: float, y: float, blocks: Sequence[Block], rng: np.random.Generator) -> None:
    """Adds somebody, unless furniture or somebody else is there."""
    if any(b.left - 0.2 < x < b.right + 0.2 and b.near - 0.2 < y < b.far + 0.2 for b in blocks):
        return
    if any(np.hypot(x - other.x, y - other.y) < 0.35 for other in poses):
        return
    stride = float(rng.uniform(0.5, 1.1)) if rng.random() < 0.6 else float(rng.uniform(0, 0.25))
    heading, phase = (float(angle) for angle in rng.uniform(0, 2 * np.pi, 2))
    lean = float(rng.uniform(0.1, 0.7)) if rng.random() < _BENT else 0.0
    poses.append(Pose(x, y, heading, phase, stride, _ARMS[rng.integers(len(_ARMS))], lean))


@lru_cache(maxsize=1)
def _stage(height: int, width: int) -> Stage:
    return Stage(height, width)


def _developed(image: Image, rng: np.random.Generator) -> Image:
    """What a cheap camera makes of it: uneven light, a tint, little contrast or much, blur and noise."""
    height, width = image.shape[:2]
    light = cv2.resize(
        rng.uniform(0.65, 1.2, (3, 4)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
    )
    tint = rng.uniform(0.9, 1.1, 3).astype(np.float32)
    shaded = image * (light[..., None] * tint)
    middle = rng.uniform(0.75, 1.15)
    shaded = (shaded - 110) * middle + 110 + rng.uniform(-20, 20)
    if rng.random() < 0.3:
        shaded = cv2.GaussianBlur(shaded, (3, 3), 0)
    noise = rng.normal(0, rng.uniform(0.5, 5), (height, width, 1)).astype(np.float32)
    return np.asarray(np.clip(shaded + noise, 0, 255), np.uint8)


def main(arguments: list[str]) -> None:
    """Write pictures and labels into a folder."""
    folder = Path(arguments[0])
    count, seed, height, width = map(int, [*arguments[1:], *("1", "192", "320")[len(arguments) - 2 :]])
    folder.mkdir(parents=True, exist_ok=True)
    for index, (image, boxes) in zip(range(count), scenes(seed, height, width), strict=False):
        cv2.imwrite(str(folder / f"{index:06}.jpg"), image, [cv2.IMWRITE_JPEG_QUALITY, 92])
        rows = np.concatenate([(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]], axis=1)
        (folder / f"{index:06}.txt").write_text("".join(f"0 {x:.5f} {y:.5f} {w:.5f} {h:.5f}\n" for x, y, w, h in rows))


if __name__ == "__main__":
    main(sys.argv[1:])

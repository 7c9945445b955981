"""A drawn shop: floor, walls, shelves with goods, clothes rails and tables, all by lot and all without people.

Knows how a room looks through a camera; who walks in it, it does not know.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.demo.pinhole import Floats, Pinhole

Image = NDArray[np.uint8]
Kind = Literal["shelf", "table", "rail", "counter", "pillar"]

_KINDS: tuple[Kind, ...] = ("shelf", "shelf", "table", "rail", "counter", "pillar")
_SIZES: dict[Kind, tuple[float, float, float]] = {  # metres: width, depth, height
    "shelf": (2.0, 0.5, 1.7),
    "table": (1.3, 0.9, 0.85),
    "rail": (1.4, 0.5, 1.45),
    "counter": (1.8, 0.7, 1.05),
    "pillar": (0.5, 0.5, 3.2),
}


@dataclass(frozen=True)
class Block:
    """A piece of furniture on the floor: its kind, its edges in metres, and the seed of what lies on it."""

    kind: Kind
    left: float
    right: float
    near: float
    far: float
    tall: float
    seed: int


def random_furniture(rng: np.random.Generator, count: int, far_m: float, clear: float = 0.0) -> list[Block]:
    """Furniture by lot, farthest first; `clear` metres to both sides of the middle stay free."""
    blocks = []
    for _ in range(count):
        kind = _KINDS[rng.integers(len(_KINDS))]
        wide, deep, tall = (size * rng.uniform(0.7, 1.3) for size in _SIZES[kind])
        if rng.random() < 0.5:
            wide, deep = deep, wide
        side = rng.choice([-1.0, 1.0])
        x, y = side * rng.uniform(clear, clear + 4.5), rng.uniform(1.6, far_m)
        blocks.append(Block(kind, x - wide / 2, x + wide / 2, y, y + deep, tall, int(rng.integers(1 << 30))))
    return sorted(blocks, key=lambda block: -block.near)


def paint_room(image: Image, camera: Pinhole, rng: np.random.Generator, far_m: float, half_m: float) -> None:
    """Floor, back wall and side walls over the whole picture.

    Args:
        image: uint8 (H, W, 3) BGR, painted on.
        camera: Of the picture.
        rng: Decides on colours and what hangs on the walls.
        far_m: Where the back wall stands.
        half_m: Where the side walls stand, to both sides.
    """
    wall = rng.uniform(90, 240) + rng.normal(0, 10, 3)
    image[:] = np.clip(wall, 0, 255)
    near = -2.0
    lay(
        image,
        camera,
        floor_texture(rng),
        [(-half_m, far_m, 0), (half_m, far_m, 0), (half_m, 0.4, 0), (-half_m, 0.4, 0)],
    )
    lay(
        image,
        camera,
        wall_texture(rng, wall),
        [(-half_m, far_m, 3.4), (half_m, far_m, 3.4), (half_m, far_m, 0), (-half_m, far_m, 0)],
    )
    for side in (-half_m, half_m):
        shaded = wall * rng.uniform(0.75, 0.98)
        lay(
            image,
            camera,
            wall_texture(rng, shaded),
            [(side, far_m, 3.4), (side, max(near, 0.4), 3.4), (side, max(near, 0.4), 0), (side, far_m, 0)],
        )


def paint_block(image: Image, owners: Image, camera: Pinhole, block: Block) -> None:
    """A piece of furniture; whoever stands behind it is hidden in `owners` too."""
    rng = np.random.default_rng(block.seed)
    body = np.clip(rng.uniform(50, 225) + rng.normal(0, 14, 3), 0, 255)
    left, right, near, far, tall = block.left, block.right, block.near, block.far, block.tall
    floor = 0.05 if block.kind == "table" else 0.0
    solid = block.kind not in ("table", "rail")
    faces: list[tuple[list[tuple[float, float, float]], float]] = []
    side = left if left > 0 else right if right < 0 else None
    if solid and side is not None:
        faces.append(([(side, near, floor), (side, far, floor), (side, far, tall), (side, near, tall)], 0.72))
    if solid:
        faces.append(([(left, near, floor), (right, near, floor), (right, near, tall), (left, near, tall)], 0.88))
    if block.kind != "rail":
        faces.append(([(left, near, tall), (right, near, tall), (right, far, tall), (left, far, tall)], 1.05))
    if block.kind in ("table", "rail"):
        for x in (left + 0.06, right - 0.06):
            faces.insert(
                0, ([(x - 0.03, near, 0), (x + 0.03, near, 0), (x + 0.03, near, tall), (x - 0.03, near, tall)], 0.6)
            )
    for corners, light in faces:
        fill(image, owners, camera, corners, np.clip(body * light, 0, 255))
    if block.kind == "shelf":
        _goods(image, owners, camera, block, rng)
    elif block.kind == "rail":
        _hanging(image, owners, camera, block, rng)
    elif block.kind in ("table", "counter"):
        _piles(image, owners, camera, block, rng)


def _goods(image: Image, owners: Image, camera: Pinhole, block: Block, rng: np.random.Generator) -> None:
    """Boards with things on them, on the front and, where it shows, on the side."""
    boards = int(rng.integers(2, 5))
    columns = max(2, int((block.right - block.left) / rng.uniform(0.1, 0.3)))
    for board in range(boards):
        low, high = (block.tall * (board + part) / boards for part in (0.08, 0.95))
        fill(
            image,
            owners,
            camera,
            _front(block, block.left + 0.03, block.right - 0.03, low, high),
            np.full(3, rng.uniform(15, 90)),
        )
        colour = rng.uniform(20, 240, 3)
        for column in range(columns):
            if rng.random() < 0.4:
                colour = rng.uniform(20, 240, 3)
            x0, x1 = (block.left + (block.right - block.left) * (column + part) / columns for part in (0.1, 0.9))
            top = low + (high - low) * rng.uniform(0.4, 0.9)
            fill(image, owners, camera, _front(block, x0, x1, low, top), np.clip(colour + rng.normal(0, 12, 3), 0, 255))


def _hanging(image: Image, owners: Image, camera: Pinhole, block: Block, rng: np.random.Generator) -> None:
    """Clothes on a rail: upright, coloured as people are, and nobody."""
    count = int(rng.integers(4, 14))
    for index in range(count):
        x = block.left + (block.right - block.left) * (index + 0.5) / count
        half = rng.uniform(0.04, 0.22)
        low, high = block.tall - rng.uniform(0.5, 1.1), block.tall - 0.05
        colour = rng.uniform(15, 90) + rng.normal(0, 10, 3) if rng.random() < 0.6 else rng.uniform(20, 235, 3)
        outline = [(x - half, block.near, low), (x + half, block.near, low), (x + 0.8 * half, block.near, high - 0.1)]
        outline += [(x, block.near, high), (x - 0.8 * half, block.near, high - 0.1)]
        fill(image, owners, camera, outline, np.clip(colour, 5, 250))
        fill(
            image,
            owners,
            camera,
            [outline[0], (x - 0.3 * half, block.near, low), outline[3]],
            np.clip(0.75 * colour, 5, 250),
        )


def _piles(image: Image, owners: Image, camera: Pinhole, block: Block, rng: np.random.Generator) -> None:
    """Things on a table, the farthest first."""
    for y in np.sort(rng.uniform(block.near, block.far, int(rng.integers(2, 9))))[::-1]:
        x, half, high = rng.uniform(block.left, block.right), rng.uniform(0.05, 0.2), rng.uniform(0.04, 0.35)
        corners = [
            (x - half, y, block.tall),
            (x + half, y, block.tall),
            (x + half, y, block.tall + high),
            (x - half, y, block.tall + high),
        ]
        fill(image, owners, camera, corners, rng.uniform(20, 240, 3))


def _front(block: Block, left: float, right: float, low: float, high: float) -> list[tuple[float, float, float]]:
    return [(left, block.near, low), (right, block.near, low), (right, block.near, high), (left, block.near, high)]


def fill(
    image: Image,
    owners: Image,
    camera: Pinhole,
    corners: list[tuple[float, float, float]],
    colour: Floats,
    *,
    owner: int = 0,
) -> None:
    """Fills an area of the room, corners in metres, and writes whose it is."""
    limit = 4.0 * max(owners.shape)
    points = camera.project(np.array(corners))
    outline = np.round(np.clip(points, -limit, limit) * 8).astype(np.int32)
    cv2.fillPoly(image, [outline], tuple(float(value) for value in colour), cv2.LINE_8, 3)
    cv2.fillPoly(owners, [outline], (owner,), cv2.LINE_8, 3)


def lay(image: Image, camera: Pinhole, texture: Image, corners: list[tuple[float, float, float]]) -> None:
    """Lays a texture onto a plane of the room; its upper left corner comes first, clockwise."""
    height, width = texture.shape[:2]
    source = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    target = camera.project(np.array(corners, np.float64)).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(source, target)
    size = (image.shape[1], image.shape[0])
    cv2.warpPerspective(texture, matrix, size, dst=image, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_TRANSPARENT)


def floor_texture(rng: np.random.Generator, base: Floats | None = None) -> Image:
    """Tiles, boards or concrete; of a colour by lot unless one is given."""
    if base is None:
        base = np.clip(rng.uniform(60, 220) + rng.normal(0, 12, 3), 20, 240)
    texture = _mottled(rng, base, (512, 512), rng.uniform(2, 9))
    kind, step = rng.random(), int(rng.integers(16, 64))
    joint = tuple(float(value) for value in base * rng.uniform(0.6, 0.92))
    if kind < 0.45:
        for at in range(0, 512, step):
            cv2.line(texture, (at, 0), (at, 511), joint, 1)
            cv2.line(texture, (0, at), (511, at), joint, 1)
    elif kind < 0.75:
        for at in range(0, 512, max(step // 2, 8)):
            shade = base * rng.uniform(0.85, 1.1)
            cv2.rectangle(texture, (at, 0), (at + step // 2, 511), tuple(float(v) for v in np.clip(shade, 0, 255)), -1)
            cv2.line(texture, (at, 0), (at, 511), joint, 1)
    return texture


def wall_texture(rng: np.random.Generator, base: Floats) -> Image:
    """A wall with posters, dark openings and bright windows."""
    texture = _mottled(rng, np.clip(base, 10, 250), (128, 512), rng.uniform(1, 5))
    for _ in range(int(rng.integers(0, 6))):
        x, y, wide, high = rng.integers(0, 480), rng.integers(0, 80), rng.integers(15, 110), rng.integers(15, 110)
        colour = tuple(float(value) for value in rng.uniform(10, 250, 3))
        cv2.rectangle(texture, (int(x), int(y)), (int(x + wide), int(y + high)), colour, -1)
        inner = tuple(float(value) for value in rng.uniform(10, 250, 3))
        cv2.rectangle(texture, (int(x + 4), int(y + 4)), (int(x + wide // 2), int(y + high // 2)), inner, -1)
    if rng.random() < 0.4:
        door = int(rng.integers(0, 400))
        cv2.rectangle(texture, (door, 25), (door + int(rng.integers(40, 110)), 127), (245.0, 240.0, 235.0), -1)
        cv2.rectangle(texture, (door, 25), (door + 3, 127), (70.0, 70.0, 70.0), -1)
    return texture


def _mottled(rng: np.random.Generator, base: Floats, shape: tuple[int, int], noise: float) -> Image:
    size = (shape[1], shape[0])
    field = cv2.resize(rng.normal(0, noise, (16, 16)).astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
    field = field + cv2.resize(rng.normal(0, noise / 2, (shape[0] // 4, shape[1] // 4)).astype(np.float32), size)
    plain = np.full((*shape, 3), np.clip(base, 0, 255), np.uint8)
    return np.asarray(cv2.add(plain, cv2.merge([field] * 3), dtype=cv2.CV_8U), np.uint8)

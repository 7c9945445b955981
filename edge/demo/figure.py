"""Paints drawn people: rounded parts, lit from one side, with folds in the cloth.

Nobody's photograph. Where people walk and what stands around them, it does not know.
"""

from __future__ import annotations

from math import cos, pi, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.demo import body
from edge.demo.body import Pose
from edge.demo.look import Look
from edge.demo.pinhole import Floats, Pinhole

Image = NDArray[np.uint8]
Boxes = NDArray[np.float32]
Circle = tuple[float, float, float]
"""x, y and radius, pixels."""

_ROUND = np.stack([np.cos(np.arange(10) * pi / 5), np.sin(np.arange(10) * pi / 5)], axis=1)
_FINE = 3  # bits after the binary point in cv2's coordinates
_LEAST_SEEN = 0.3
"""People of whom less is seen than this share of what is in the picture get no box."""
_LEAST_PIXELS = 10
"""Nor those who are fewer pixels tall."""


class Painter:
    """Paints figures onto one picture and keeps who is where.

    Args:
        image: uint8 (H, W, 3) BGR, painted on.
        camera: Of that picture.
        light: Direction that the light comes from in the picture: -1 from the left, 1 from the right.
    """

    def __init__(self, image: Image, camera: Pinhole, light: float = -0.5) -> None:
        self.image = image
        self.camera = camera
        self.owners = np.zeros(image.shape[:2], np.uint8)  # 0: nobody
        self._light = light

    def person(self, number: int, look: Look, pose: Pose) -> Floats | None:
        """Paints somebody.

        Args:
            number: Written into `owners` where the person is seen; 1 to 255.
            look: Of the person.
            pose: Of the person.

        Returns:
            The corners x0 y0 x1 y1 of all of the person, pixels, also of what is out of the picture or covered later;
            None when nothing of it is in the picture.
        """
        joints = body.joints(look, pose)
        spots = {name: (*self.camera.project(at), self.camera.pixels_per_metre(at)) for name, at in joints.items()}
        size = look.tall_m * float(spots["chest"][2])
        parts = sorted(
            body.parts(look, size), key=lambda part: -max(float(self.camera.depth(joints[n])) for n in part[0])
        )
        outlines = []
        for names, radii, colour in parts:
            circles = [(spots[name][0], spots[name][1], radius) for name, radius in zip(names, radii, strict=True)]
            outlines.append(self._blob(circles, colour, number))
        x, y, metre = spots["head"]
        turn = 1.0 if spots["toe_l"][0] >= spots["ankle_l"][0] else -1.0
        head = (x, y, 0.062 * look.tall_m * metre)
        outlines.append(self._head(look, head, (_towards_camera(pose), turn), number))
        corners = np.concatenate(outlines)
        low, high = corners.min(axis=0), corners.max(axis=0)
        height, width = self.image.shape[:2]
        if high[0] <= 0 or high[1] <= 0 or low[0] >= width or low[1] >= height:
            return None
        self._cloth_texture(look, number, low, high)
        return np.concatenate([low, high])

    def shadow(self, pose: Pose, size_m: float = 0.35) -> None:
        """Darkens the floor around the feet."""
        around = np.array([[pose.x + size_m * c, pose.y + size_m * s, 0.0] for c, s in _ROUND])
        outline = self.camera.project(around)
        soft = (outline.max(axis=0) - outline.min(axis=0)).max() / 10 + 2
        low = np.maximum(np.floor(outline.min(axis=0) - soft).astype(int), 0)
        high = np.minimum(np.ceil(outline.max(axis=0) + soft).astype(int), self.owners.shape[::-1])
        if (high <= low).any():
            return
        mask = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
        cv2.fillConvexPoly(mask, np.round(outline - low).astype(np.int32), 255)
        blur = 2 * int(soft) + 1
        dark = 1.0 - 0.4 * cv2.blur(mask, (blur, blur)).astype(np.float32) / 255
        area = self.image[low[1] : high[1], low[0] : high[0]]
        np.copyto(area, (area * dark[..., None]).astype(np.uint8))

    def _blob(self, circles: list[Circle], colour: tuple[float, ...], number: int) -> Floats:
        """The hull of some circles, lit from one side; its outline in pixels."""
        middle = np.array([circle[:2] for circle in circles])
        radii = np.array([circle[2] for circle in circles])
        outline = (middle[:, None] + radii[:, None, None] * _ROUND).reshape(-1, 2)
        self._fill(outline, tuple(0.72 * value for value in colour), number)
        lit = middle + radii[:, None] * np.array([0.28 * self._light, -0.12])
        self._fill((lit[:, None] + 0.68 * radii[:, None, None] * _ROUND).reshape(-1, 2), colour, number)
        return np.asarray(outline)

    def _fill(self, outline: Floats, colour: tuple[float, ...], number: int) -> None:
        limit = 4.0 * max(self.owners.shape)  # cv2 counts in 32 bits
        points = np.round(np.clip(outline, -limit, limit) * (1 << _FINE)).astype(np.int32)
        hull = cv2.convexHull(points)
        cv2.fillConvexPoly(self.image, hull, colour, cv2.LINE_8, _FINE)
        cv2.fillConvexPoly(self.owners, hull, (number,), cv2.LINE_8, _FINE)

    def _head(self, look: Look, spot: Circle, facing: tuple[float, float], number: int) -> Floats:
        """Skull, hair that leaves a face free as far as it looks this way, perhaps a hat; `spot` ends with its size."""
        x, y, size = spot
        front, turn = facing
        chin, crown = (x, y + 0.55 * size, 0.72 * size), (x, y - 0.3 * size, 0.95 * size)
        hair = look.hat or look.hair
        blobs: list[tuple[list[Circle], tuple[float, ...]]] = [([chin, crown], look.skin)]
        if front < 0.0:
            blobs.append(([(x, y + (0.9 if look.long_hair else 0.3) * size, 0.7 * size), crown], hair))
        else:
            aside = 0.5 * (1.0 - front) * size * turn
            blobs.append(([(x - aside, y - 0.62 * size, 0.75 * size)], hair))
            if front > 0.35:
                eyes = [(x + 0.3 * aside + side * size, y - 0.02 * size, 0.1 * size) for side in (-0.35, 0.35)]
                blobs.append((eyes, tuple(0.6 * value for value in look.skin)))
            if look.long_hair:
                for lock in (x - 0.75 * size, x + 0.75 * size):
                    blobs.append(([(lock, y, 0.3 * size), (lock, y + size, 0.3 * size)], hair))
        if look.hat is not None:
            brim = [(x + side * size, y - 0.55 * size, 0.28 * size) for side in (-0.8, 0.8)]
            blobs.append((brim, look.hat))
        return np.concatenate([self._blob(circles, colour, number) for circles, colour in blobs])

    def _cloth_texture(self, look: Look, number: int, low: Floats, high: Floats) -> None:
        """Folds and patterns: the brightness within the figure varies, as cloth does and flat paint does not."""
        height, width = self.image.shape[:2]
        x0, y0 = (max(int(value), 0) for value in low)
        x1, y1 = min(int(high[0]) + 1, width), min(int(high[1]) + 1, height)
        if x1 <= x0 or y1 <= y0:
            return
        row, column = look.folds % 96, (look.folds >> 8) % 96
        texture = cv2.resize(_FOLDS[row : row + 160, column : column + 80], (x1 - x0, y1 - y0))
        gain = 1.0 + look.bold * texture
        own = self.owners[y0:y1, x0:x1] == number
        area = self.image[y0:y1, x0:x1]
        changed = np.clip(area * gain[..., None], 0, 255).astype(np.uint8)
        np.copyto(area, changed, where=own[..., None])


def visible_boxes(owners: Image, whole: dict[int, Floats], finer: int = 1) -> Boxes:
    """Boxes around what is seen of people, fractions of the picture; who is mostly hidden is left out.

    Args:
        owners: (H, W), who is seen where, by number; 0 is nobody.
        whole: Corners of all of each person, pixels, by number.
        finer: By which this is larger than the picture that will be shown.

    Returns:
        float32 (N, 4), x0 y0 x1 y1.
    """
    height, width = owners.shape
    boxes = []
    for number, corners in whole.items():
        x0, y0 = (max(int(value), 0) for value in corners[:2])
        x1, y1 = min(int(corners[2]) + 2, width), min(int(corners[3]) + 2, height)
        own = owners[y0:y1, x0:x1] == number
        columns, rows = np.flatnonzero(own.any(axis=0)), np.flatnonzero(own.any(axis=1))
        if not len(rows) or rows[-1] - rows[0] < _LEAST_PIXELS * finer:
            continue
        # A person fills about half of the box; of that, or of the height, enough has to be seen.
        inside = (min(corners[2], width) - max(corners[0], 0)) * (min(corners[3], height) - max(corners[1], 0))
        out_of_picture = (corners[3] - corners[1]) / max(min(corners[3], height) - max(corners[1], 0), 1.0)
        if own.sum() < _LEAST_SEEN * 0.5 * inside or out_of_picture > 4.0:
            continue
        boxes.append((x0 + columns[0], y0 + rows[0], x0 + columns[-1] + 1, y0 + rows[-1] + 1))
    return (np.array(boxes, np.float32).reshape(-1, 4) / (width, height, width, height)).astype(np.float32)


def _towards_camera(pose: Pose) -> float:
    """1 when the person looks at the camera, -1 when away from it."""
    away = np.hypot(pose.x, pose.y) or 1.0
    return float(-(cos(pose.heading) * pose.x + sin(pose.heading) * pose.y) / away)


def _fold_texture() -> NDArray[np.float32]:
    """A piece of cloth, -1..1: folds mostly along the body, some weave."""
    rng = np.random.default_rng(3)
    texture = np.zeros((256, 176), np.float32)
    for rows, columns, weight in ((12, 24, 0.7), (40, 40, 0.4), (256, 176, 0.25)):
        field = rng.normal(0, 1, (rows, columns)).astype(np.float32)
        texture += weight * cv2.resize(field, (176, 256), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(texture / 1.6, -1, 1), np.float32)


_FOLDS = _fold_texture()

"""What a picture goes through before it is learned from: where it lies in the input, and how a camera would spoil it.

Owns geometry (fitted as the detector fits it, zoomed, laid onto an empty picture, with somebody leaving at a side, or
four in a mosaic, arXiv 2004.10934), which parts of people are still people, and spoiling (light, colour, night, blur,
noise, compression). It knows the store, and no network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor

import cv2
import numpy as np
from numpy.typing import NDArray

from models.train.boxes import Floats, areas
from models.train.store import Labelled, Store

Image = NDArray[np.uint8]
PAD = 114
EXACT = frozenset({"rendered"})
"""Sources whose labels are so right that the teacher is not asked."""


@dataclass(frozen=True)
class Mix:
    """Shares of samples that are mosaics, fitted as the detector fits a picture, or of leavers; the rest is zoomed."""

    mosaic: float
    fitted: float
    leaving: float


EARLY, LATE = Mix(0.4, 0.15, 0.1), Mix(0.15, 0.35, 0.08)
"""Variety first; towards the end what a camera will show."""

_CELL = 8
_LEAST_SEEN = 0.3
_MOST_BEHEADED, _LEGS_ALONE = 0.3, 0.45
"""Of whom less is left, or who lost more of their height from the top down, may be called a person or not: to learn
that nobody is there would cost those who leave. Legs alone are nobody, whatever the teacher sees: to learn a box around
them costs a second one on everybody who walks."""
_LEAST_LEAVING, _SURE_LABEL = 0.4, 0.5
_NOISE = np.random.default_rng(1).normal(0.0, 1.0, (512, 512, 3)).astype(np.float32)


@dataclass(frozen=True)
class Sample:
    """One input of the network.

    Attributes:
        clean: uint8 (H, W, 3) BGR, as the teacher gets it.
        image: The same, spoiled, as we get it.
        boxes: float32 (N, 4), x0 y0 x1 y1 in pixels of the input.
        trust: float32 (N,).
        asked: bool (H / 8, W / 8): where the teacher's opinion counts.
        counted: bool (H / 8, W / 8): where scores count at all; not on parts of people that may be called either.
    """

    clean: Image
    image: Image
    boxes: Floats
    trust: Floats
    asked: NDArray[np.bool_]
    counted: NDArray[np.bool_]


class _Canvas:
    """The input while pictures are laid onto it."""

    def __init__(self, height: int, width: int) -> None:
        self.image: Image = np.full((height, width, 3), PAD, np.uint8)
        self.asked = np.zeros((height // _CELL, width // _CELL), bool)
        self.counted = np.ones_like(self.asked)
        self.boxes: list[Floats] = []
        self.trust: list[Floats] = []

    @property
    def area(self) -> tuple[int, int, int, int]:
        """All of it."""
        return 0, 0, self.image.shape[1], self.image.shape[0]

    def ratio(self, picture: Labelled) -> float:
        """By which a picture is enlarged to fit as the detector fits it."""
        height, width = picture.image.shape[:2]
        return min(float(self.image.shape[0] / height), float(self.image.shape[1] / width))

    def reach(
        self, picture: Labelled, scale: tuple[float, float], place: tuple[float, float]
    ) -> tuple[int, int, int, int]:
        """The area (x0 y0 x1 y1) that a picture covers which is scaled and laid at a place."""
        height, width = picture.image.shape[:2]
        x0, y0 = max(0, round(place[0])), max(0, round(place[1]))
        x1 = min(self.image.shape[1], round(place[0] + scale[0] * width))
        y1 = min(self.image.shape[0], round(place[1] + scale[1] * height))
        return x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)

    def lay(self, picture: Labelled, area: tuple[int, int, int, int], move: Floats, *, exact: bool) -> None:
        """Lays a picture onto an area (x0 y0 x1 y1, pixels), moved by the affine (2, 3) without rotation."""
        x0, y0, x1, y1 = area
        part = self.image[y0:y1, x0:x1]
        inside = move - np.array([[0, 0, x0], [0, 0, y0]], np.float32)
        # `part` as the destination keeps what lies there wherever the picture does not reach.
        part[:] = cv2.warpAffine(
            picture.image, inside, (x1 - x0, y1 - y0), dst=part.copy(), borderMode=cv2.BORDER_TRANSPARENT
        )
        self.asked[_cells(area)] = not (picture.empty or exact)
        self.counted[_cells(area)] = True
        corners = picture.boxes.reshape(-1, 2) * move[[0, 1], [0, 1]] + move[:, 2]
        whole = corners.reshape(-1, 2, 2)
        whole = np.concatenate((whole.min(1), whole.max(1)), 1).astype(np.float32)
        shown = np.clip(whole, (x0, y0, x0, y0), (x1, y1, x1, y1)).astype(np.float32)
        lost = (shown[:, 1] - whole[:, 1]) / np.maximum(whole[:, 3] - whole[:, 1], 1.0)
        seen = (areas(shown) > _LEAST_SEEN * areas(whole)) & (lost <= _MOST_BEHEADED) & (shown[:, 3] - shown[:, 1] > 3)
        self.boxes.append(shown[seen])
        self.trust.append(picture.trust[seen])
        there = areas(shown) > 0
        for box in shown[there & (lost > _LEGS_ALONE)].tolist():
            self.asked[_cells(box)] = False
        for box in shown[there & ~seen & (lost <= _LEGS_ALONE)].tolist():
            self.counted[_cells(box)] = False


class Augment:
    """Draws samples from a store.

    Args:
        store: The pictures.
        weights: How often a source is drawn, as a multiple of its number of pictures; 1 for those not named.
    """

    def __init__(self, store: Store, weights: Mapping[str, float]) -> None:
        self._store = store
        chance = np.array([weights.get(source, 1.0) for source in store.sources])
        self._chance = np.cumsum(chance / chance.sum())
        self._empty = [number for number in range(len(store)) if store[number].empty]

    def draw(self, rng: np.random.Generator, height: int, width: int, mix: Mix = EARLY) -> Sample:
        """One sample for an input of this size; the same generator, the same sample."""
        canvas = _Canvas(height, width)
        kind = rng.random()
        if kind < mix.mosaic:
            self._mosaic(canvas, rng)
        elif kind < mix.mosaic + mix.fitted:
            self._fitted(canvas, rng)
        elif kind < mix.mosaic + mix.fitted + mix.leaving:
            self._leaving(canvas, rng)
        else:
            self._zoomed(canvas, rng)
        return Sample(
            canvas.image,
            spoiled(canvas.image, rng),
            np.concatenate(canvas.boxes),
            np.concatenate(canvas.trust),
            canvas.asked,
            canvas.counted,
        )

    def _pick(self, rng: np.random.Generator) -> tuple[Labelled, bool]:
        number = int(np.searchsorted(self._chance, rng.random()))
        number = min(number, len(self._store) - 1)
        return self._store[number], self._store.sources[number] in EXACT

    def _fitted(self, canvas: _Canvas, rng: np.random.Generator) -> None:
        picture, exact = self._pick(rng)
        ratio = canvas.ratio(picture)
        canvas.lay(picture, canvas.area, _move(picture, (ratio, ratio), (0.0, 0.0), rng), exact=exact)

    def _zoomed(self, canvas: _Canvas, rng: np.random.Generator) -> None:
        picture, exact = self._pick(rng)
        self._ground(canvas, rng)
        scale = _scale(canvas.ratio(picture) * float(np.exp(rng.uniform(np.log(0.5), np.log(3.0)))), rng)
        _, _, width, height = canvas.area
        place = (
            (width - scale[0] * picture.image.shape[1]) * rng.random(),
            (height - scale[1] * picture.image.shape[0]) * rng.random(),
        )
        canvas.lay(picture, canvas.reach(picture, scale, place), _move(picture, scale, place, rng), exact=exact)

    def _leaving(self, canvas: _Canvas, rng: np.random.Generator) -> None:
        """Somebody near, cut by the left or the right edge."""
        picture, exact = self._pick(rng)
        sure = np.flatnonzero(picture.trust >= _SURE_LABEL)
        if not len(sure):
            self._zoomed(canvas, rng)
            return
        self._ground(canvas, rng)
        x0, y0, x1, y1 = picture.boxes[rng.choice(sure)].tolist()
        _, _, width, height = canvas.area
        scale = _scale(min(rng.uniform(0.35, 1.1) * height / (y1 - y0), 6 * canvas.ratio(picture)), rng)
        inside = rng.uniform(_LEAST_LEAVING, 0.95) * (x1 - x0) * scale[0]
        # At the side where most of the picture stays in view.
        right = rng.random() * (x0 + picture.image.shape[1] - x1 + 2) < x0 + 1
        left = width - inside - x0 * scale[0] if right else inside - x1 * scale[0]
        place = left, rng.uniform(0.55, 1.15) * height - y1 * scale[1]
        move = np.array([[scale[0], 0, place[0]], [0, scale[1], place[1]]], np.float32)
        canvas.lay(picture, canvas.reach(picture, scale, place), move, exact=exact)

    def _ground(self, canvas: _Canvas, rng: np.random.Generator) -> None:
        """What lies beside a picture that does not fill the input: a picture without people, or one colour."""
        if self._empty and rng.random() < 0.5:
            below = self._store[self._empty[rng.integers(len(self._empty))]]
            stretch = canvas.image.shape[1] / below.image.shape[1], canvas.image.shape[0] / below.image.shape[0]
            canvas.lay(below, canvas.area, _move(below, stretch, (0.0, 0.0), rng), exact=True)
        else:
            canvas.image[:] = rng.integers(0, 256, 3)

    def _mosaic(self, canvas: _Canvas, rng: np.random.Generator) -> None:
        middle = (
            round(rng.uniform(0.3, 0.7) * canvas.image.shape[1]),
            round(rng.uniform(0.3, 0.7) * canvas.image.shape[0]),
        )
        for right in (False, True):
            for lower in (False, True):
                area = (
                    middle[0] if right else 0,
                    middle[1] if lower else 0,
                    canvas.image.shape[1] if right else middle[0],
                    canvas.image.shape[0] if lower else middle[1],
                )
                picture, exact = self._pick(rng)
                height, width = picture.image.shape[:2]
                across, down = area[2] - area[0], area[3] - area[1]
                # From the whole picture in the area to a part of it that more than fills the area.
                ratio = min(across / width, down / height) * float(np.exp(rng.uniform(np.log(1.1), np.log(3.5))))
                scale = _scale(ratio, rng)
                place = (
                    area[0] + (across - scale[0] * width) * rng.random(),
                    area[1] + (down - scale[1] * height) * rng.random(),
                )
                canvas.lay(picture, area, _move(picture, scale, place, rng), exact=exact)


def _cells(box: Sequence[float]) -> tuple[slice, slice]:
    """Rows and columns of the cells that a box in pixels touches."""
    x0, y0, x1, y1 = (value / _CELL for value in box)
    return slice(floor(y0), ceil(y1)), slice(floor(x0), ceil(x1))


def _scale(ratio: float, rng: np.random.Generator) -> tuple[float, float]:
    squeeze = float(np.exp(rng.uniform(-0.15, 0.15)))
    return ratio * squeeze, ratio / squeeze


def _move(
    picture: Labelled, scale: tuple[float, float], place: tuple[float, float], rng: np.random.Generator
) -> Floats:
    """Affine (2, 3) from a picture to the input; mirrored every other time."""
    across, down = scale
    if rng.random() < 0.5:
        return np.array([[-across, 0, place[0] + across * picture.image.shape[1]], [0, down, place[1]]], np.float32)
    return np.array([[across, 0, place[0]], [0, down, place[1]]], np.float32)


def spoiled(image: Image, rng: np.random.Generator) -> Image:
    """A picture as a worse camera in another light would have taken it."""
    night = rng.random() < 0.12
    if rng.random() < 0.1:
        image = _blurred(image, rng)
    if rng.random() < 0.1:
        height, width = image.shape[:2]
        share = rng.uniform(0.35, 0.8)
        image = cv2.resize(
            cv2.resize(image, (round(width * share), round(height * share)), interpolation=cv2.INTER_AREA),
            (width, height),
        ).astype(np.uint8)
    image = _coloured(image, rng, night=night)
    if night or rng.random() < 0.12:
        image = _noisy(image, rng.uniform(2, 16), rng)
    if rng.random() < 0.1:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(15, 60))]
        packed = cv2.imencode(".jpg", image, quality)[1]
        image = cv2.imdecode(packed, cv2.IMREAD_COLOR).astype(np.uint8)  # type: ignore[union-attr]
    return image


def _coloured(image: Image, rng: np.random.Generator, *, night: bool) -> Image:
    if night or rng.random() < 0.6:
        grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
        strength = rng.uniform(0.0, 0.3) if night else rng.choice([rng.uniform(0.4, 1.6), 0.0], p=[0.9, 0.1])
        image = cv2.addWeighted(image, strength, grey, 1 - strength, 0).astype(np.uint8)
    if not night and rng.random() < 0.05:
        image = image[:, :, rng.permutation(3)]
    gamma = rng.uniform(1.2, 2.2) if night else np.exp(rng.uniform(-0.4, 0.4))
    gain = rng.uniform(0.3, 0.9) if night else rng.uniform(0.7, 1.3)
    tint = 1 + rng.uniform(-0.12, 0.12, 3)
    lift = rng.uniform(-20, 20)
    levels = np.linspace(0, 1, 256)[:, None] ** gamma * 255 * gain * tint + lift
    table = np.clip(levels, 0, 255).astype(np.uint8)[None]
    return cv2.LUT(np.ascontiguousarray(image), table).astype(np.uint8)


def _blurred(image: Image, rng: np.random.Generator) -> Image:
    length = int(rng.integers(3, 8))
    if rng.random() < 0.5:
        return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.6, 1.8)).astype(np.uint8)
    kernel = np.zeros((length, length), np.float32)
    if rng.random() < 0.7:
        kernel[length // 2] = 1 / length
    else:
        np.fill_diagonal(kernel, 1 / length)
    return cv2.filter2D(image, -1, kernel).astype(np.uint8)


def _noisy(image: Image, strength: float, rng: np.random.Generator) -> Image:
    height, width = image.shape[:2]
    y, x = rng.integers(0, 512, 2)
    tile = np.take(np.take(_NOISE, np.arange(y, y + height), 0, mode="wrap"), np.arange(x, x + width), 1, mode="wrap")
    return np.clip(image + strength * tile, 0, 255).astype(np.uint8)

"""A camera and a detector to simulate: bodies on the floor become boxes, with what hides them and what goes wrong.

Knows where people are at one instant; nothing of how they walk, of lines or of zones.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, erf, exp, radians, sin, sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.core.rules import Point
from edge.core.simulated_crowd import BODY_M, Floats, Here, Places
from edge.core.simulated_shop import Block
from edge.core.types import Detections

_COLUMNS = (np.arange(5) + 0.5) / 5
_ROWS = (np.arange(10) + 0.5) / 10
"""Where a body is probed for being hidden, shares of its box."""
NOISY_PART, MOOD_S = 0.5, 0.5
"""Half of a detector's mood is new in every picture, half lasts so long: what was missed is often missed again."""
WORST_SCORE, SCORE_RANGE = 0.35, 0.5
"""Score of a body that is only just found, and how much more the clearest gets."""
HIDDEN_SCORE = 0.5
"""What a body loses that is hidden as far as can be."""
FALSE_SCORES = (0.2, 0.7)


@dataclass(frozen=True)
class SimulatedCamera:
    """A pinhole camera above the origin of the floor, looking along +y and down.

    Attributes:
        height_m: Above the floor.
        tilt: Below the horizon, radians.
        focal: Frame heights.
        aspect: Width / height of the frame.
    """

    height_m: float = 3.2
    tilt: float = radians(33.0)
    focal: float = 0.8
    aspect: float = 16.0 / 9.0

    def project(self, x: Any, y: Any, z: Any) -> tuple[Any, Any]:  # noqa: ANN401 - numbers or arrays of them
        """A point in metres (z above the floor), in fractions of the frame; it has to be before the camera."""
        below = self.height_m - z
        depth = y * cos(self.tilt) + below * sin(self.tilt)
        down = below * cos(self.tilt) - y * sin(self.tilt)
        return 0.5 + self.focal * x / (depth * self.aspect), 0.5 + self.focal * down / depth

    def on_floor(self, *places: complex) -> tuple[Point, ...]:
        """Places on the floor in fractions of the frame."""
        return tuple(self.project(place.real, place.imag, 0.0) for place in places)

    def boxes(self, at: Places, tall_m: Floats) -> Floats:
        """Boxes (N, 4) around upright bodies, without noise and not clipped, in fractions of the frame."""
        half = BODY_M / 2.0
        left, foot = self.project(at.real - half, at.imag, 0.0)
        right, _ = self.project(at.real + half, at.imag, 0.0)
        head_left, head = self.project(at.real - half, at.imag, tall_m)
        head_right, _ = self.project(at.real + half, at.imag, tall_m)
        return np.stack([np.minimum(left, head_left), head, np.maximum(right, head_right), foot], axis=1)


@dataclass(frozen=True)
class DetectorErrors:
    """What goes wrong.

    Attributes:
        recall: Share of the bodies in plain sight that are found.
        false_per_picture: Boxes on nothing.
        noise: Scatter of each edge of a box, box heights.
        weak_hidden: From this hidden share on the score falls.
        lost_hidden: From here on nothing is found.
    """

    recall: float = 0.95
    false_per_picture: float = 0.02
    noise: float = 0.02
    weak_hidden: float = 0.4
    lost_hidden: float = 0.75


PERFECT = DetectorErrors(recall=1.0, false_per_picture=0.0, noise=0.0, weak_hidden=1.0, lost_hidden=1.0)
"""Sees everybody of whom anything can be seen, exactly."""


class View(NamedTuple):
    """One picture.

    Attributes:
        detections: What the service gets.
        people: int64 (N,): whom each box shows; -1 for nobody.
        ids: int64 (P,): everybody of whom something is inside the frame, found or not.
        boxes: float64 (P, 4): their whole bodies, without noise and not clipped.
        hidden: float64 (P,): which share of each is hidden by people, shelves or the frame's edge.
    """

    detections: Detections
    people: NDArray[np.int64]
    ids: NDArray[np.int64]
    boxes: Floats
    hidden: Floats


class SimulatedDetector:
    """Looks at the crowd through a camera.

    Args:
        camera: From where.
        blocks: What hides people.
        errors: What goes wrong.
        rng: Errors are drawn from it.
    """

    def __init__(
        self, camera: SimulatedCamera, blocks: tuple[Block, ...], errors: DetectorErrors, rng: np.random.Generator
    ) -> None:
        self._camera, self._errors, self._rng = camera, errors, rng
        shelves = [(b.left, b.near, b.right, b.far, b.height_m) for b in blocks if b.height_m > 0.0]
        self._solid = np.array(shelves).reshape(-1, 5).T[:, :, None, None]  # 5 x (shelves, 1, 1)
        self._worst_mood = _normal_quantile(1.0 - errors.recall)
        self._mood_of: NDArray[np.int64] = np.empty(0, np.int64)
        self._moods = np.empty(0)
        self._seen_s = float("-inf")

    def look(self, here: Here, mono_s: float) -> View:
        """One picture; times have to rise."""
        camera, errors, rng = self._camera, self._errors, self._rng
        boxes = camera.boxes(here.at, here.tall_m)
        cuts = self._shelf_edges(here)
        hidden = self._hidden(boxes, cuts, np.abs(here.at))
        above_par = self._mood(here.ids, mono_s) - self._worst_mood
        hiding = np.maximum(hidden - errors.weak_hidden, 0.0) / max(errors.lost_hidden - errors.weak_hidden, 1e-9)
        scores = WORST_SCORE + SCORE_RANGE * (1.0 - np.exp(-np.maximum(above_par, 0.0))) - HIDDEN_SCORE * hiding
        shown = boxes.copy()
        shown[:, 3] = np.minimum(boxes[:, 3], np.median(cuts, axis=1))
        tall = (boxes[:, 3] - boxes[:, 1])[:, None]
        shown += errors.noise * rng.normal(size=boxes.shape) * tall / (camera.aspect, 1.0, camera.aspect, 1.0)
        found = (above_par >= 0.0) & (hidden < errors.lost_hidden)
        false, false_scores = self._false_boxes()
        detections, kept = _in_frame(
            np.concatenate([shown[found], false]), np.concatenate([scores[found], false_scores]), mono_s, camera.aspect
        )
        people = np.concatenate([here.ids[found], np.full(len(false), -1)])[kept]
        inside = (boxes[:, 0] < 1.0) & (boxes[:, 2] > 0.0) & (boxes[:, 1] < 1.0) & (boxes[:, 3] > 0.0)
        return View(detections, people, here.ids[inside], boxes[inside], hidden[inside])

    def _shelf_edges(self, here: Here) -> Floats:
        """Down to where a shelf lets each column of each body be seen: (N, columns), fractions of the frame."""
        x = here.at.real[:, None] + BODY_M * (_COLUMNS - 0.5)
        y = np.broadcast_to(here.at.imag[:, None], x.shape)
        left, near, right, far, top_m = self._solid
        # Where the way from the camera to the body enters and leaves a shelf's ground plan, shares of that way.
        x_in, x_out = _between(x, left, right)
        y_in, y_out = _between(y, near, far)
        enter, leave = np.maximum(x_in, y_in), np.minimum(np.minimum(x_out, y_out), 1.0)
        behind = (enter < leave) & (leave > 0.0)
        over_m = self._camera.height_m - (self._camera.height_m - top_m) / np.where(behind, leave, 1.0)
        hides_to = np.where(behind, over_m, 0.0).max(axis=0, initial=0.0)
        return np.asarray(self._camera.project(x, y, hides_to)[1])

    def _hidden(self, boxes: Floats, cuts: Floats, away_m: Floats) -> Floats:
        """Share of each body (N,) that is behind a shelf, behind somebody nearer or outside the frame."""
        x0, y0, x1, y1 = boxes.T
        x = (x0[:, None] + (x1 - x0)[:, None] * _COLUMNS)[:, :, None]  # (N, columns, 1)
        y = (y0[:, None] + (y1 - y0)[:, None] * _ROWS)[:, None, :]  # (N, 1, rows)
        hidden = (y > cuts[:, :, None]) | (x < 0.0) | (x > 1.0) | (y < 0.0) | (y > 1.0)
        nearer = away_m[None, :] < away_m[:, None]  # [i, j]: j is before i
        beside = (x0[None, :] < x1[:, None]) & (x1[None, :] > x0[:, None]) & (y0[None, :] < y1[:, None])
        for i, j in zip(*np.nonzero(nearer & beside), strict=True):
            hidden[i] |= (x[i] > x0[j]) & (x[i] < x1[j]) & (y[i] > y0[j]) & (y[i] < min(y1[j], cuts[j].max()))
        return np.asarray(hidden.mean(axis=(1, 2)))

    def _mood(self, ids: NDArray[np.int64], mono_s: float) -> Floats:
        """How well each body goes down with the detector: normal, in part lasting (an Ornstein-Uhlenbeck process)."""
        lasting, fresh = self._rng.normal(size=(2, len(ids)))
        if len(self._mood_of):
            before = np.minimum(np.searchsorted(self._mood_of, ids), len(self._mood_of) - 1)
            share = np.where(self._mood_of[before] == ids, exp(-(mono_s - self._seen_s) / MOOD_S), 0.0)
            lasting = share * self._moods[before] + np.sqrt(1.0 - share**2) * lasting
        self._mood_of, self._moods, self._seen_s = ids, lasting, mono_s
        return np.asarray(sqrt(NOISY_PART) * fresh + sqrt(1.0 - NOISY_PART) * lasting)

    def _false_boxes(self) -> tuple[Floats, Floats]:
        """Boxes on nothing, as large as somebody standing there would look."""
        rng, count = self._rng, self._rng.poisson(self._errors.false_per_picture)
        at = rng.uniform(-3.0, 3.0, count) + 1j * rng.uniform(2.0, 8.0, count)
        return self._camera.boxes(at, rng.uniform(0.9, 1.9, count)), rng.uniform(*FALSE_SCORES, count)


def _between(along: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """From which share to which share of the way from 0 to `along` (never 0) it is between `low` and `high`."""
    safe = np.where(np.abs(along) < 1e-9, 1e-9, along)
    first, second = low / safe, high / safe
    return np.minimum(first, second), np.maximum(first, second)


def _in_frame(boxes: Floats, scores: Floats, mono_s: float, aspect: float) -> tuple[Detections, NDArray[np.bool_]]:
    """Detections of what is left of the boxes in the frame, and of which boxes."""
    clipped = np.clip(boxes, 0.0, 1.0).astype(np.float32)
    kept = (clipped[:, 2] > clipped[:, 0]) & (clipped[:, 3] > clipped[:, 1])
    good_scores = np.clip(scores[kept], 0.01, 1.0).astype(np.float32)
    return Detections(clipped[kept], good_scores, mono_s, aspect), kept


def _normal_quantile(share: float) -> float:
    """Below which value a normal number lies with this probability."""
    low, high = -9.0, 9.0
    for _ in range(50):
        middle = (low + high) / 2.0
        if 0.5 * (1.0 + erf(middle / sqrt(2.0))) < share:
            low = middle
        else:
            high = middle
    return low

"""A detector to simulate: which bodies it finds, as which boxes, and which boxes it makes up.

Knows where people are; nothing of how they walk, of lines or of zones. Looks at many pictures at once, because numpy's
cost per call is the same for one picture and for fifty. Each kind of error has a stream of random numbers of its own
and takes them picture by picture: how many pictures are looked at together changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import erf, exp, sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.core.simulated_camera import SimulatedCamera
from edge.core.simulated_crowd import BODY_M, Floats, Here, Places
from edge.core.simulated_shop import Block
from edge.core.types import Detections

Ids = NDArray[np.int64]

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
    people: Ids
    ids: Ids
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
        self._camera, self._errors = camera, errors
        self._mood_rng, self._noise_rng, self._count_rng, self._false_rng = rng.spawn(4)
        shelves = [(b.left, b.near, b.right, b.far, b.height_m) for b in blocks if b.height_m > 0.0]
        self._solid = np.array(shelves).reshape(-1, 5).T[:, :, None, None]  # 5 x (shelves, 1, 1)
        self._worst_mood = _normal_quantile(1.0 - errors.recall)
        self._mood_of: Ids = np.empty(0, np.int64)
        self._moods = np.empty(0)
        self._seen_s = float("-inf")

    def watch(self, pictures: Sequence[tuple[float, Here]]) -> Iterator[View]:
        """What it makes of the next pictures: when each is taken (rising), and who is there then."""
        camera, errors = self._camera, self._errors
        of = np.repeat(np.arange(len(pictures)), [len(here.ids) for _, here in pictures])
        ids, at, tall_m = (np.concatenate(parts) for parts in zip(*(here for _, here in pictures), strict=True))
        boxes = camera.boxes(at, tall_m)
        cuts = self._shelf_edges(at)
        hidden = _hidden(of, boxes, cuts, np.abs(at))
        above_par = self._mood(pictures) - self._worst_mood
        hiding = np.maximum(hidden - errors.weak_hidden, 0.0) / max(errors.lost_hidden - errors.weak_hidden, 1e-9)
        scores = WORST_SCORE + SCORE_RANGE * (1.0 - np.exp(-np.maximum(above_par, 0.0))) - HIDDEN_SCORE * hiding
        found = (above_par >= 0.0) & (hidden < errors.lost_hidden)
        inside = (boxes[:, 0] < 1.0) & (boxes[:, 2] > 0.0) & (boxes[:, 1] < 1.0) & (boxes[:, 3] > 0.0)
        there = _by_picture(len(pictures), of[inside], ids[inside], boxes[inside], hidden[inside])
        shown = self._shown(len(pictures), of[found], self._blurred(boxes, cuts)[found], scores[found], ids[found])
        for (mono_s, _), (seen, certain, people), true in zip(pictures, shown, there, strict=True):
            yield View(Detections(seen, certain, mono_s, camera.aspect), people, *true)

    def _shelf_edges(self, at: Places) -> Floats:
        """Down to where a shelf lets each column of each body be seen: (N, columns), fractions of the frame."""
        x = at.real[:, None] + BODY_M * (_COLUMNS - 0.5)
        y = np.broadcast_to(at.imag[:, None], x.shape)
        left, near, right, far, top_m = self._solid
        # Where the way from the camera to the body enters and leaves a shelf's ground plan, shares of that way.
        x_in, x_out = _between(x, left, right)
        y_in, y_out = _between(y, near, far)
        enter, leave = np.maximum(x_in, y_in), np.minimum(np.minimum(x_out, y_out), 1.0)
        behind = (enter < leave) & (leave > 0.0)
        over_m = self._camera.height_m - (self._camera.height_m - top_m) / np.where(behind, leave, 1.0)
        hides_to = np.where(behind, over_m, 0.0).max(axis=0, initial=0.0)
        return np.asarray(self._camera.project(x, y, hides_to)[1])

    def _blurred(self, boxes: Floats, cuts: Floats) -> Floats:
        """The boxes without what shelves hide, and with noise."""
        tall = (boxes[:, 3] - boxes[:, 1])[:, None]
        blurred: Floats = boxes.copy()
        blurred[:, 3] = np.minimum(boxes[:, 3], np.median(cuts, axis=1))
        aspect = self._camera.aspect
        blurred += self._errors.noise * self._noise_rng.normal(size=boxes.shape) * tall / (aspect, 1.0, aspect, 1.0)
        return blurred

    def _mood(self, pictures: Sequence[tuple[float, Here]]) -> Floats:
        """How well each body goes down with the detector: normal, in part lasting (an Ornstein-Uhlenbeck process)."""
        drawn = self._mood_rng.normal(size=(sum(len(here.ids) for _, here in pictures), 2))
        lasting, fresh = np.ascontiguousarray(drawn.T)
        first = 0
        for mono_s, here in pictures:
            mood = lasting[first : first + len(here.ids)]
            first += len(here.ids)
            share = exp(-(mono_s - self._seen_s) / MOOD_S)
            if here.ids is self._mood_of:  # the same people as before: nearly always
                mood *= sqrt(1.0 - share**2)
                mood += share * self._moods
            elif len(self._mood_of):
                before = np.minimum(np.searchsorted(self._mood_of, here.ids), len(self._mood_of) - 1)
                shares = np.where(self._mood_of[before] == here.ids, share, 0.0)
                mood *= np.sqrt(1.0 - shares**2)
                mood += shares * self._moods[before]
            self._mood_of, self._moods, self._seen_s = here.ids, mood, mono_s
        return np.asarray(sqrt(NOISY_PART) * fresh + sqrt(1.0 - NOISY_PART) * lasting)

    def _shown(self, pictures: int, of: Ids, boxes: Floats, scores: Floats, ids: Ids) -> Iterator[tuple[Any, ...]]:
        """By picture what the detector gives, boxes on nothing among them: boxes, scores, whom they show."""
        made_up = self._count_rng.poisson(self._errors.false_per_picture, pictures)
        of = np.append(of, np.repeat(np.arange(pictures), made_up))
        # As large as somebody standing there would look.
        x, y, tall_m, certain = self._false_rng.uniform(size=(int(made_up.sum()), 4)).T
        false = self._camera.boxes(6.0 * x - 3.0 + 1j * (2.0 + 6.0 * y), 0.9 + tall_m)
        low, high = FALSE_SCORES
        clipped = np.clip(np.concatenate([boxes, false]), 0.0, 1.0).astype(np.float32)
        scores = np.clip(np.append(scores, low + (high - low) * certain), 0.01, 1.0)
        ids = np.append(ids, np.full(len(false), -1))
        order = np.argsort(of, kind="stable")
        order = order[((clipped[:, 2] > clipped[:, 0]) & (clipped[:, 3] > clipped[:, 1]))[order]]
        return _by_picture(pictures, of[order], clipped[order], scores[order].astype(np.float32), ids[order])


def _hidden(of: Ids, boxes: Floats, cuts: Floats, away_m: Floats) -> Floats:
    """Share of each body (N,) that is behind a shelf, behind somebody nearer or outside the frame.

    `of` is the picture of each body; who is before whom is asked within a picture alone.
    """
    x0, y0, x1, y1 = boxes.T
    x = x0[:, None] + (x1 - x0)[:, None] * _COLUMNS
    y = y0[:, None] + (y1 - y0)[:, None] * _ROWS
    hidden = (y[:, None, :] > cuts[:, :, None]) | ((x < 0.0) | (x > 1.0))[:, :, None] | ((y < 0.0) | (y > 1.0))[:, None]
    i, j = _same(of)
    before = (away_m[j] < away_m[i]) & (x0[j] < x1[i]) & (x1[j] > x0[i]) & (y0[j] < y1[i])
    i, j = i[before], j[before]
    if len(i):
        beside = (x[i] > x0[j, None]) & (x[i] < x1[j, None])
        level = (y[i] > y0[j, None]) & (y[i] < np.minimum(y1, cuts.max(axis=1))[j, None])
        first = np.flatnonzero(np.diff(i, prepend=-1))
        hidden[i[first]] |= np.logical_or.reduceat(beside[:, :, None] & level[:, None, :], first)
    return np.asarray(hidden.mean(axis=(1, 2)))


def _same(of: Ids) -> tuple[Ids, Ids]:
    """All ordered pairs (i, j) of bodies of one picture; `of` is sorted, and so is i.

    >>> [pairs.tolist() for pairs in _same(np.array([0, 0, 3]))]
    [[0, 0, 1, 1, 2], [0, 1, 0, 1, 2]]
    """
    first, end = np.searchsorted(of, of, "left"), np.searchsorted(of, of, "right")
    others = end - first
    i = np.repeat(np.arange(len(of)), others)
    return i, np.arange(len(i)) - np.repeat(np.cumsum(others) - others - first, others)


def _between(along: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """From which share to which share of the way from 0 to `along` (never 0) it is between `low` and `high`."""
    safe = np.where(np.abs(along) < 1e-9, 1e-9, along)
    first, second = low / safe, high / safe
    return np.minimum(first, second), np.maximum(first, second)


def _by_picture(pictures: int, of: Ids, *columns: NDArray[Any]) -> Iterator[tuple[Any, ...]]:
    """The parts of the columns that belong to each picture; `of` is sorted."""
    for first, end in pairwise(np.searchsorted(of, np.arange(pictures + 1)).tolist()):
        yield tuple(column[first:end] for column in columns)


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

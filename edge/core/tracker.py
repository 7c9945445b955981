"""From boxes to tracks: two-stage association in the manner of ByteTrack, in seconds instead of frames.

High-score boxes are matched first, then low-score boxes may continue what is left (Zhang et al., ByteTrack, ECCV 2022,
section 3). Unlike it, boxes are matched by how likely their distance and size are under a constant-velocity Kalman
filter, not by overlap: at 5 pictures a second the boxes of a walking person hardly overlap. Motion only, no picture.

Lengths are in frame heights; the filter works in box heights, so that near and far people are treated alike. All
tracks live in one array with a row each: numpy's cost per call is paid once per picture, not once per person.
"""

from __future__ import annotations

from math import exp, log

import numpy as np
from numpy.typing import NDArray

from edge.core.rules import TrackerRule
from edge.core.types import Detections, Tracks

Array = NDArray[np.float64]

# Columns of a track: centre of its upper edge (the head is seen when the legs are not), size, velocity; variances of
# position, of position with velocity, and of velocity (box heights, seconds); when it was last matched; how often.
_X, _Y, _W, _H, _VX, _VY, _PP, _PV, _VV, _SEEN, _HITS = range(11)

MEASURED_SD = 0.03
"""Scatter of a detected box's upper edge, box heights."""
ACCELERATION_SD = 0.5
"""How briskly people change their walk, box heights per second per root second."""
START_SPEED_SD = 0.9
"""Speed of somebody who was just seen for the first time, box heights per second."""
SIZE_SD, WIDTH_SD = 0.12, 0.25
"""Scatter of the logarithms of a detected box's height and width."""
LEGS_HIDDEN_BELOW, LEGS_HIDDEN_COST = 0.75, 6.0
"""A box shorter than this share has lost its legs: no more than this deviation is held against its height."""
COAST_S = 2.0
"""The speed of an unseen person fades with this time constant: most walk on behind what hides them, some stop."""
GATE = 16.0
"""Largest squared deviation (position and size together) of a match."""
REACH, REACH_SPEED, REACH_RATIO = 0.3, 0.7, 2.0
"""A box that no track expected may still be that of a track so near (box heights, and more per second unseen) and of
like size (factor)."""
SAME_PERSON_IOU = 0.6
"""A box that overlaps a matched one this much is a second box on the same person and starts no track."""
FLEETING_HITS, FLEETING_S = 2, 0.5
"""A track seen at most so often is given up after this time unseen: most false boxes last one picture."""


class Tracker:
    """Follows people from picture to picture.

    >>> tracker = Tracker(TrackerRule())
    >>> box, score = np.array([[0.1, 0.2, 0.2, 0.6]], np.float32), np.array([0.9], np.float32)
    >>> [tracker.update(Detections(box + 0.02 * i, score, 0.2 * i, 1.5)).ids.tolist() for i in range(3)]
    [[1], [1], [1]]
    """

    def __init__(self, rule: TrackerRule) -> None:
        self.rule = rule
        self._ids: NDArray[np.int64] = np.empty(0, np.int64)
        self._rows: Array = np.empty((0, 11))
        self._next_id = 1
        self._now = float("-inf")

    def update(self, detections: Detections) -> Tracks:
        """Tracks after one picture; a picture that is not later than the one before changes nothing."""
        elapsed = detections.mono_s - self._now
        if elapsed <= 0.0:
            return self._tracks(np.full(len(self._ids), -1), detections)
        self._now = detections.mono_s
        self._give_up(elapsed)
        self._predict(elapsed)
        measured = _measure(detections)
        high = detections.scores >= self.rule.high_score
        low = ~high & (detections.scores >= self.rule.low_score)
        matched = np.full(len(self._ids), -1)
        self._match(matched, measured, np.flatnonzero(high))
        self._match(matched, measured, np.flatnonzero(low))
        jumped = self._reach(matched, measured, np.flatnonzero(high))
        self._correct(matched, measured)
        self._rows[jumped, _PP:_SEEN] = MEASURED_SD**2, 0.0, START_SPEED_SD**2
        matched = self._start(matched, measured, np.flatnonzero(high), detections.boxes)
        return self._tracks(matched, detections)

    def _predict(self, elapsed: float) -> None:
        rows = self._rows
        if not len(rows):
            return
        # What was missed in the last picture coasts: its speed fades, so the way it goes is less than speed x time.
        missed = rows[:, _SEEN] < self._now - elapsed
        fade = np.where(missed, exp(-elapsed / COAST_S), 1.0)
        way = np.where(missed, COAST_S * (1.0 - exp(-elapsed / COAST_S)), elapsed)
        rows[:, _X] += rows[:, _VX] * way
        rows[:, _Y] += rows[:, _VY] * way
        rows[:, _VX] *= fade
        rows[:, _VY] *= fade
        noise = ACCELERATION_SD**2 * elapsed
        rows[:, _PP] += way * (2.0 * rows[:, _PV] + way * rows[:, _VV]) + noise * elapsed**2 / 3.0
        rows[:, _PV] = fade * (rows[:, _PV] + way * rows[:, _VV]) + noise * elapsed / 2.0
        rows[:, _VV] = fade**2 * rows[:, _VV] + noise

    def _match(self, matched: NDArray[np.int64], measured: Array, candidates: NDArray[np.int64]) -> None:
        """Matches `candidates` (indices of detections) to tracks without one: nearest pair first, each used once."""
        free = np.flatnonzero(matched < 0)
        if not len(free) or not len(candidates):
            return
        rows, boxes = self._rows[free, None, :], measured[None, candidates, :]
        variance = rows[..., _PP] + MEASURED_SD**2
        offset = ((rows[..., _X] - boxes[..., _X]) ** 2 + (rows[..., _Y] - boxes[..., _Y]) ** 2) / rows[..., _H] ** 2
        tall = np.minimum((np.log(rows[..., _H] / boxes[..., _H]) / SIZE_SD) ** 2, LEGS_HIDDEN_COST)
        wide = (np.log(rows[..., _W] / boxes[..., _W]) / WIDTH_SD) ** 2
        deviation = offset / variance + tall + wide
        # Among deviations alike the track that is known better wins: twice the negative log likelihood.
        cost = deviation + 2.0 * np.log(variance)
        _nearest_first(cost, deviation < GATE, free, candidates, matched)

    def _reach(self, matched: NDArray[np.int64], measured: Array, candidates: NDArray[np.int64]) -> NDArray[np.int64]:
        """Matches what moved as nobody was expected to, when it lies near and nobody else claims it; those tracks.

        Somebody stops dead or turns on his heel, or a box jumps: better a track with a kink than two.
        """
        free, candidates = np.flatnonzero(matched < 0), np.setdiff1d(candidates, matched)
        if not len(free) or not len(candidates):
            return free[:0]
        rows, boxes = self._rows[free, None, :], measured[None, candidates, :]
        away = np.hypot(rows[..., _X] - boxes[..., _X], rows[..., _Y] - boxes[..., _Y]) / rows[..., _H]
        near = away < REACH + REACH_SPEED * (self._now - rows[..., _SEEN])
        alike = np.abs(np.log(rows[..., _W : _H + 1] / boxes[..., _W : _H + 1])).max(axis=-1) < log(REACH_RATIO)
        _nearest_first(away, near & alike, free, candidates, matched)
        return free[matched[free] >= 0]

    def _correct(self, matched: NDArray[np.int64], measured: Array) -> None:
        seen = np.flatnonzero(matched >= 0)
        if not len(seen):
            return
        rows, boxes = self._rows[seen], measured[matched[seen]]
        gain = rows[:, _PP] / (rows[:, _PP] + MEASURED_SD**2)
        speed_gain = rows[:, _PV] / (rows[:, _PP] + MEASURED_SD**2)
        for place, speed in ((_X, _VX), (_Y, _VY)):
            surprise = boxes[:, place] - rows[:, place]
            rows[:, place] += gain * surprise
            rows[:, speed] += speed_gain * surprise
        rows[:, _VV] -= speed_gain * rows[:, _PV]
        rows[:, _PV] *= 1.0 - gain
        rows[:, _PP] *= 1.0 - gain
        rows[:, _W] += 0.5 * (boxes[:, _W] - rows[:, _W])
        share = np.where(boxes[:, _H] < LEGS_HIDDEN_BELOW * rows[:, _H], 0.05, 0.5)
        rows[:, _H] += share * (boxes[:, _H] - rows[:, _H])
        rows[:, _SEEN] = self._now
        rows[:, _HITS] += 1.0
        self._rows[seen] = rows

    def _give_up(self, elapsed: float) -> None:
        """Drops what was unseen too long; a long gap between two pictures is nobody's sign of being a false box."""
        seen = self._rows[:, _SEEN]
        fleeting = (self._rows[:, _HITS] <= FLEETING_HITS) & (self._now - elapsed - seen > FLEETING_S)
        keep = (self._now - seen <= self.rule.lost_s + 1e-6) & ~fleeting
        if not keep.all():
            self._rows, self._ids = self._rows[keep], self._ids[keep]

    def _start(
        self, matched: NDArray[np.int64], measured: Array, high: NDArray[np.int64], boxes: NDArray[np.float32]
    ) -> NDArray[np.int64]:
        used = set(matched[matched >= 0].tolist())
        born = []
        for j in high.tolist():
            if j in used or any(_iou(boxes[j], boxes[k]) > SAME_PERSON_IOU for k in used):
                continue
            used.add(j)
            born.append(j)
        if not born:
            return matched
        rows = np.zeros((len(born), 11))
        rows[:, : _H + 1] = measured[born]
        rows[:, _PP], rows[:, _VV] = MEASURED_SD**2, START_SPEED_SD**2
        rows[:, _SEEN], rows[:, _HITS] = self._now, 1.0
        self._rows = np.concatenate([self._rows, rows])
        self._ids = np.concatenate([self._ids, np.arange(self._next_id, self._next_id + len(born))])
        self._next_id += len(born)
        return np.concatenate([matched, np.array(born, matched.dtype)])

    def _tracks(self, matched: NDArray[np.int64], detections: Detections) -> Tracks:
        """Matched tracks show the box that was detected, not a filtered one: counting wants no lag."""
        half_w = self._rows[:, _W] / 2.0 / detections.aspect
        x, top = self._rows[:, _X] / detections.aspect, self._rows[:, _Y]
        boxes = np.stack([x - half_w, top, x + half_w, top + self._rows[:, _H]], axis=1).astype(np.float32)
        observed = matched >= 0
        boxes[observed] = detections.boxes[matched[observed]]
        return Tracks(self._ids.copy(), boxes, observed, detections.mono_s, detections.aspect)


def _nearest_first(
    cost: Array,
    allowed: NDArray[np.bool_],
    tracks: NDArray[np.int64],
    boxes: NDArray[np.int64],
    matched: NDArray[np.int64],
) -> None:
    """Writes the cheapest allowed pairs of `tracks` (rows of cost) and `boxes` (columns) into `matched`."""
    row, column = np.nonzero(allowed)
    taken: set[int] = set()
    for pair in np.argsort(cost[row, column], kind="stable").tolist():
        i, j = int(tracks[row[pair]]), int(boxes[column[pair]])
        if matched[i] < 0 and j not in taken:
            matched[i] = j
            taken.add(j)


def _measure(detections: Detections) -> Array:
    """Centre of the upper edge (x, y), width and height of the boxes, frame heights: float64 (N, 4)."""
    x0, y0, x1, y1 = detections.boxes.astype(np.float64).T
    return np.stack([(x0 + x1) / 2.0 * detections.aspect, y0, (x1 - x0) * detections.aspect, y1 - y0], axis=1)


def _iou(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    ax0, ay0, ax1, ay1 = a.tolist()
    bx0, by0, bx1, by1 = b.tolist()
    overlap: float = max(0.0, min(ax1, bx1) - max(ax0, bx0)) * max(0.0, min(ay1, by1) - max(ay0, by0))
    union: float = (ax1 - ax0) * (ay1 - ay0) + (bx1 - bx0) * (by1 - by0) - overlap
    return overlap / union

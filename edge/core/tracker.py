"""From boxes to tracks: high- and low-score boxes in the manner of ByteTrack, in seconds instead of frames.

High-score boxes start tracks, low-score ones may only continue them (Zhang et al., ByteTrack, ECCV 2022, section 3).
Unlike it, boxes are matched by how likely their distance and size are under a constant-velocity Kalman filter, not by
overlap: at 5 pictures a second the boxes of a walking person hardly overlap. And low boxes are not left for last, but
matched together with the high ones at a small disadvantage: of two people who meet, the one half hidden has the weak
box, and the other's track must not take the wrong one for want of choice. What is far from where anybody was expected
gets a second chance at the nearest track that is left. Motion only, no picture.

Lengths are in frame heights; the filter works in box heights, so that near and far people are treated alike. All
tracks live in one array with a column each: numpy's cost per call is paid once per picture, not once per person.
"""

from __future__ import annotations

from math import exp, inf, log

import numpy as np
from numpy.typing import NDArray

from edge.core.assignment import cheapest
from edge.core.rules import TrackerRule
from edge.core.types import Detections, Tracks

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
Flags = NDArray[np.bool_]
Corners = list[list[float]]
"""Boxes, x0 y0 x1 y1, as Python's numbers: for comparing a few of them one by one."""

# The fields of a track: centre of its upper edge (the head is seen when the legs are not), size, velocity; variances of
# position, of position with velocity, and of velocity (box heights, seconds); when it was last matched; how often.
_X, _Y, _W, _H, _VX, _VY, _PP, _PV, _VV, _SEEN, _HITS = range(11)
_FIELDS = 11

MEASURED_SD = 0.03
"""Scatter of a detected box's upper edge, box heights."""
ACCELERATION_SD = 0.35
"""How briskly people change their walk, box heights per second per root second."""
START_SPEED_SD = 0.9
"""Speed of somebody who was just seen for the first time, box heights per second."""
SIZE_SD, WIDTH_SD = 0.08, 0.25
"""Scatter of the logarithms of a detected box's height and width."""
LEGS_HIDDEN_BELOW, LEGS_HIDDEN_COST = 0.75, 4.5
"""A box shorter than this share has lost its legs. No more than this deviation is held against any height: legs come
and go with every shelf, and whoever is hidden there must not get the box only because he is shorter."""
COAST_S = 2.0
"""The speed of an unseen person fades with this time constant: most walk on behind what hides them, some stop."""
GATE = 16.0
"""Largest squared deviation (position and size together) of a match."""
MISSED_COST = 10.0
"""What it costs to leave a track without a box, in the measure of a match: rather that than a match less likely."""
WEAK_COST = 2.0
"""Disadvantage of a low-score box: some of them are nobody."""
REACH, REACH_SPEED, REACH_RATIO = 0.3, 0.7, 2.0
"""A box that no track expected may still be that of a track so near (box heights, and more per second unseen) and of
like size (factor)."""
SAME_PERSON_IOU = 0.6
"""A box that overlaps a matched one this much is a second box on the same person: it starts no track and finds none."""
NESTED = 0.9
"""A box so much of which lies within somebody's, or the other way round, may be a part of him (legs, or all but the
legs): nobody is born there."""
FLEETING_HITS, FLEETING_S = 2, 0.5
"""A track seen at most so often is given up after this time unseen: most false boxes last one picture."""
_UNKNOWN_SPEED = np.array([[MEASURED_SD**2], [0.0], [START_SPEED_SD**2]])
_NEVER = 1e9


class Tracker:
    """Follows people from picture to picture.

    >>> tracker = Tracker(TrackerRule())
    >>> box, score = np.array([[0.1, 0.2, 0.2, 0.6]], np.float32), np.array([0.9], np.float32)
    >>> [tracker.update(Detections(box + 0.02 * i, score, 0.2 * i, 1.5)).ids.tolist() for i in range(3)]
    [[1], [1], [1]]
    """

    def __init__(self, rule: TrackerRule) -> None:
        self.rule = rule
        self._ids: Indices = np.empty(0, np.int64)
        self._state: Array = np.empty((_FIELDS, 0))
        self._next_id = 1
        self._now = float("-inf")
        self._jumped: list[int] = []
        """Tracks whose last box was nowhere near where they were expected."""

    def update(self, detections: Detections) -> Tracks:
        """Tracks after one picture; a picture that is not later than the one before changes nothing."""
        elapsed = detections.mono_s - self._now
        if elapsed <= 0.0:
            return self._tracks(np.full(len(self._ids), -1), detections)
        self._now = detections.mono_s
        missed = self._give_up(elapsed)
        matched = np.full(len(self._ids), -1)
        boxes = _measure(detections)
        corners = detections.boxes.tolist()
        high = (detections.scores >= self.rule.high_score).nonzero()[0].tolist()
        if len(matched):
            self._predict(elapsed, missed)
            if boxes.shape[1]:
                self._match(matched, boxes, detections.scores)
                if missed is not None:
                    _give_back(matched, missed, corners)
                self._jumped = self._reach(matched, boxes, high, corners)
                self._correct(matched, boxes)
        newcomers = _unclaimed(matched, high, corners)
        if newcomers:
            matched = self._start(matched, boxes, newcomers)
        return self._tracks(matched, detections)

    def _give_up(self, elapsed: float) -> Flags | None:
        """Drops what was unseen too long; of the others, who was missed in the last picture, None when nobody was.

        A long gap between two pictures is nobody's sign of being a false box.
        """
        seen, before = self._state[_SEEN], self._now - elapsed
        missed: Flags = seen < before
        if elapsed <= self.rule.lost_s and not missed.any():
            return None
        fleeting = (self._state[_HITS] <= FLEETING_HITS) & (before - seen > FLEETING_S)
        keep = (self._now - seen <= self.rule.lost_s + 1e-6) & ~fleeting
        if not keep.all():
            self._state, self._ids, missed = self._state[:, keep], self._ids[keep], missed[keep]
        return missed if missed.any() else None

    def _predict(self, elapsed: float, missed: Flags | None) -> None:
        place, speed = self._state[: _Y + 1], self._state[_VX : _VY + 1]
        of_place, of_both, of_speed = self._state[_PP : _VV + 1]
        fade: Array | float = 1.0
        way: Array | float = elapsed
        if missed is not None:
            # What was missed in the last picture coasts: its speed fades, so it goes less far than speed x time.
            fading = exp(-elapsed / COAST_S)
            fade = np.where(missed, fading, 1.0)
            way = np.where(missed, COAST_S * (1.0 - fading), elapsed)
        noise = ACCELERATION_SD**2 * elapsed
        place += speed * way
        speed *= fade
        drift = way * of_speed
        of_place += way * (2.0 * of_both + drift) + noise * elapsed**2 / 3.0
        of_both += drift
        of_both *= fade
        of_both += noise * elapsed / 2.0
        of_speed *= fade * fade
        of_speed += noise

    def _match(self, matched: Indices, boxes: Array, scores: NDArray[np.float32]) -> None:
        """Writes into `matched` the box of each track, or leaves -1."""
        state = self._state
        variance = (state[_PP] + MEASURED_SD**2)[:, None]
        wider, taller = np.log(state[_W : _H + 1])[:, :, None] - np.log(boxes[_W : _H + 1])[:, None]
        deviation = _squared_distances(state, boxes)
        deviation /= variance
        deviation += np.minimum(np.square(taller / SIZE_SD), LEGS_HIDDEN_COST) + np.square(wider / WIDTH_SD)
        # Among deviations alike the track that is known better wins: twice the negative log likelihood.
        cost = deviation + 2.0 * np.log(variance)
        cost += WEAK_COST * (scores < self.rule.high_score)
        cost = np.where((deviation < GATE) & (scores >= self.rule.low_score), cost, _NEVER)
        matched[:] = cheapest(cost, none=MISSED_COST)

    def _reach(self, matched: Indices, boxes: Array, high: list[int], corners: Corners) -> list[int]:
        """Matches what moved as nobody was expected to, when it lies near and nobody else claims it; those tracks.

        Somebody stops dead or turns on his heel, or a box jumps: better a track with a kink than two.
        """
        lost = (matched < 0).nonzero()[0]
        unclaimed = _unclaimed(matched, high, corners) if len(lost) else []
        if not unclaimed:
            return []
        state, found = self._state.take(lost, axis=1), boxes.take(unclaimed, axis=1)
        away = _squared_distances(state, found)
        growth = np.log(state[_W : _H + 1])[:, :, None] - np.log(found[_W : _H + 1])[:, None]
        reach = REACH + REACH_SPEED * (self._now - state[_SEEN])[:, None]
        near = (away < reach**2) & (np.abs(growth).max(axis=0) < log(REACH_RATIO))
        choices = cheapest(np.where(near, away, _NEVER), none=_NEVER)
        jumped: list[int] = []
        for track, choice in zip(lost.tolist(), choices.tolist(), strict=True):
            if choice >= 0:
                matched[track] = unclaimed[choice]
                jumped.append(track)
        return jumped

    def _correct(self, matched: Indices, boxes: Array) -> None:
        seen = (matched >= 0).nonzero()[0]
        state, found = self._state.take(seen, axis=1), boxes.take(matched[seen], axis=1)
        place, size, speed = state[: _Y + 1], state[_W : _H + 1], state[_VX : _VY + 1]
        of_place, of_both, of_speed = state[_PP : _VV + 1]
        surprise, growth = found[: _Y + 1] - place, found[_W : _H + 1] - size
        certainty = 1.0 / (of_place + MEASURED_SD**2)
        gain, speed_gain = of_place * certainty, of_both * certainty
        place += gain * surprise
        speed += speed_gain * surprise
        of_speed -= speed_gain * of_both
        rest = 1.0 - gain
        of_place *= rest
        of_both *= rest
        legs_hidden = found[_H] < LEGS_HIDDEN_BELOW * size[1]
        growth[0] *= 0.5
        growth[1] *= np.where(legs_hidden, 0.05, 0.5)
        size += growth
        state[_SEEN] = self._now
        state[_HITS] += 1.0
        if len(seen) == len(matched):
            self._state = state
        else:
            self._state[:, seen] = state
        if self._jumped:
            self._state[_PP : _VV + 1, self._jumped] = _UNKNOWN_SPEED

    def _start(self, matched: Indices, boxes: Array, born: list[int]) -> Indices:
        state = np.empty((_FIELDS, len(born)))
        state[: _H + 1] = boxes[:, born]
        state[_VX : _VY + 1] = 0.0
        state[_PP : _VV + 1] = _UNKNOWN_SPEED
        state[_SEEN], state[_HITS] = self._now, 1.0
        self._state = np.concatenate([self._state, state], axis=1)
        self._ids = np.concatenate([self._ids, np.arange(self._next_id, self._next_id + len(born))])
        self._next_id += len(born)
        return np.concatenate([matched, born])

    def _tracks(self, matched: Indices, detections: Detections) -> Tracks:
        """Matched tracks show the box that was detected, not a filtered one: counting wants no lag."""
        observed = matched >= 0
        if len(detections.boxes):
            boxes = detections.boxes.take(matched, axis=0)
        else:
            boxes = np.empty((len(matched), 4), np.float32)
        coasting = (~observed).nonzero()[0]
        if len(coasting):
            x, y, w, h = self._state[: _H + 1].take(coasting, axis=1)
            x, w = x / detections.aspect, w / detections.aspect
            boxes[coasting] = np.array([x - w / 2.0, y, x + w / 2.0, y + h]).T
        return Tracks(self._ids.copy(), boxes, observed, detections.mono_s, detections.aspect)


def _measure(detections: Detections) -> Array:
    """Centre of the upper edge (x, y), width and height of the boxes, frame heights: float64 (4, N)."""
    x0, y0, x1, y1 = detections.boxes.T.astype(np.float64)
    return np.array([(x0 + x1) * (detections.aspect / 2.0), y0, (x1 - x0) * detections.aspect, y1 - y0])


def _squared_distances(state: Array, boxes: Array) -> Array:
    """From each track to each box, in box heights of the track."""
    squares = np.square(state[: _Y + 1, :, None] - boxes[: _Y + 1, None])
    away: Array = squares[0] + squares[1]
    away /= np.square(state[_H])[:, None]
    return away


def _unclaimed(matched: Indices, high: list[int], corners: Corners) -> list[int]:
    """High boxes that are nobody's yet, and no second boxes or parts of somebody's or of each other."""
    used = set(matched.tolist())
    free = [j for j in high if j not in used]
    if not free:
        return []
    people = [corners[k] for k in used if k >= 0]
    unclaimed: list[int] = []
    for j in free:
        if not _is_one_of(people, corners[j], nested=NESTED):
            people.append(corners[j])
            unclaimed.append(j)
    return unclaimed


def _give_back(matched: Indices, missed: Flags, corners: Corners) -> None:
    """Takes from those who were out of sight what may be a second box on somebody who was not."""
    back = (missed & (matched >= 0)).nonzero()[0].tolist()
    if not back:
        return
    people = [corners[j] for j in matched[~missed & (matched >= 0)].tolist()]
    for track in back:
        if _is_one_of(people, corners[matched[track]]):
            matched[track] = -1


def _is_one_of(people: Corners, box: list[float], nested: float = inf) -> bool:
    """Whether a box is a second one on somebody, or shares more than `nested` of the smaller of both with him."""
    ax0, ay0, ax1, ay1 = box
    area = (ax1 - ax0) * (ay1 - ay0)
    for bx0, by0, bx1, by1 in people:
        if ax0 < bx1 and bx0 < ax1 and ay0 < by1 and by0 < ay1:  # most do not even touch
            overlap = (min(ax1, bx1) - max(ax0, bx0)) * (min(ay1, by1) - max(ay0, by0))
            other = (bx1 - bx0) * (by1 - by0)
            if overlap > SAME_PERSON_IOU * (area + other - overlap) or overlap > nested * min(area, other):
                return True
    return False

"""Compares what was counted in a clip with its truth: crossings one to one by time and direction, visits by overlap.

Counted and true events have one type, and nothing in here knows which side of the comparison is better: swapping them
swaps recall with precision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import add
from typing import Any

import numpy as np

from edge.evaluation.confidence import Interval, bias_interval, share_interval
from edge.evaluation.truth import Event, Line, Visit

TOLERANCE_S = 1.0
"""Largest distance of a counted crossing from the true one; a truth read by eye is itself a few tenths off."""
SHARED = 0.5
"""A counted visit is that of a true one when they share at least this part of the shorter of the two."""


@dataclass(frozen=True)
class Score:
    """How many there were, how many were counted, and how many are the same; adds up over clips and directions."""

    true: int = 0
    counted: int = 0
    matched: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(self.true + other.true, self.counted + other.counted, self.matched + other.matched)

    @property
    def missed(self) -> int:
        """True, but not counted."""
        return self.true - self.matched

    @property
    def invented(self) -> int:
        """Counted, but not true."""
        return self.counted - self.matched

    @property
    def recall(self) -> float | None:
        """Share of the true ones that were counted; None when there are none."""
        return self.matched / self.true if self.true else None

    @property
    def precision(self) -> float | None:
        """Share of the counted ones that are true; None when nothing was counted."""
        return self.matched / self.counted if self.counted else None

    @property
    def bias(self) -> float | None:
        """(counted - true) / true; below 0 when too few are counted."""
        return (self.counted - self.true) / self.true if self.true else None

    @property
    def recall_ci(self) -> Interval | None:
        """Its 95 % interval."""
        return share_interval(self.matched, self.true) if self.true else None

    @property
    def precision_ci(self) -> Interval | None:
        """Its 95 % interval."""
        return share_interval(self.matched, self.counted) if self.counted else None

    @property
    def bias_ci(self) -> Interval | None:
        """Its 95 % interval."""
        return bias_interval(self.missed, self.invented, self.true) if self.true else None

    def to_json(self) -> dict[str, Any]:
        """All of it, shares and intervals to 4 digits."""
        keys = ("true", "counted", "matched", "missed", "invented")
        shares = ("recall", "recall_ci", "precision", "precision_ci", "bias", "bias_ci")
        return {key: getattr(self, key) for key in keys} | {key: _rounded(getattr(self, key)) for key in shares}


@dataclass(frozen=True)
class LineScore:
    """One line, over one clip or several.

    Attributes:
        inward: Crossings inwards.
        outward: Crossings outwards.
        errors_s: Counted minus true time of each matched crossing.
        settled: True and counted IN, true and counted OUT without U-turns; None where a truth does not give them.
    """

    inward: Score = Score()
    outward: Score = Score()
    errors_s: tuple[float, ...] = ()
    settled: tuple[int, ...] | None = (0, 0, 0, 0)

    def __add__(self, other: LineScore) -> LineScore:
        known = self.settled is not None and other.settled is not None
        return LineScore(
            self.inward + other.inward,
            self.outward + other.outward,
            self.errors_s + other.errors_s,
            tuple(map(add, self.settled or (), other.settled or ())) if known else None,
        )

    @property
    def directions(self) -> dict[str, Score]:
        """The scores by direction, and of both together."""
        return {"in": self.inward, "out": self.outward, "both": self.inward + self.outward}

    def to_json(self) -> dict[str, Any]:
        """The scores, the errors in time, and the settled counts."""
        settled = None
        if self.settled is not None:
            true_in, counted_in, true_out, counted_out = self.settled
            settled = {"in": _both(true_in, counted_in), "out": _both(true_out, counted_out)}
        scores = {key: score.to_json() for key, score in self.directions.items()}
        return {**scores, "settled": settled, "time_error_s": spread(self.errors_s)}


@dataclass(frozen=True)
class ZoneScore:
    """One zone, over one clip or several.

    Attributes:
        visits: How many.
        errors_s: Counted minus true dwell of each matched visit.
        left_errors_s: Of those that were counted as left: the means on the wire are taken of these.
        end_not_seen: Matched visits that were counted as lost or capped; their dwell is published as a lower bound.
    """

    visits: Score = Score()
    errors_s: tuple[float, ...] = ()
    left_errors_s: tuple[float, ...] = ()
    end_not_seen: int = 0

    def __add__(self, other: ZoneScore) -> ZoneScore:
        return ZoneScore(
            self.visits + other.visits,
            self.errors_s + other.errors_s,
            self.left_errors_s + other.left_errors_s,
            self.end_not_seen + other.end_not_seen,
        )

    def to_json(self) -> dict[str, Any]:
        """The score and the errors of dwell."""
        return {
            **self.visits.to_json(),
            "dwell_error_s": spread(self.errors_s),
            "left_dwell_error_s": spread(self.left_errors_s),
            "end_not_seen": self.end_not_seen,
        }


@dataclass(frozen=True)
class Difference:
    """What of one line or zone was missed and what was invented, to be looked up in the clip."""

    missed: tuple[Event, ...] | tuple[Visit, ...] = ()
    invented: tuple[Event, ...] | tuple[Visit, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Both lists, in the format of a truth."""
        keys = {"t_s", "inward", "start_s", "end_s"}
        return {
            name: [entry.model_dump(include=keys) for entry in entries]
            for name, entries in (("missed", self.missed), ("invented", self.invented))
        }


def compare_line(true: Line, counted: Line, tolerance_s: float = TOLERANCE_S) -> tuple[LineScore, Difference]:
    """Compares the crossings of one line; each counted one answers for one true one of its direction at most."""
    scores, errors_s = [], list[float]()
    missed, invented = list[Event](), list[Event]()
    for inward in (True, False):
        ours = sorted((event for event in counted.events if event.inward == inward), key=lambda event: event.t_s)
        theirs = sorted((event for event in true.events if event.inward == inward), key=lambda event: event.t_s)
        pairs = pair_times([event.t_s for event in theirs], [event.t_s for event in ours], tolerance_s)
        scores.append(Score(len(theirs), len(ours), len(pairs)))
        errors_s += [ours[j].t_s - theirs[i].t_s for i, j in pairs]
        missed += _rest(theirs, {i for i, _ in pairs})
        invented += _rest(ours, {j for _, j in pairs})
    settled = None
    if true.in_ is not None and true.out is not None and counted.in_ is not None and counted.out is not None:
        settled = (true.in_, counted.in_, true.out, counted.out)
    by_time = [tuple(sorted(events, key=lambda event: event.t_s)) for events in (missed, invented)]
    return LineScore(scores[0], scores[1], tuple(errors_s), settled), Difference(*by_time)


def compare_zone(true: Sequence[Visit], counted: Sequence[Visit], stop_s: float) -> tuple[ZoneScore, Difference]:
    """Compares the visits to one zone; true ones shorter than `stop_s` are passes, of which nobody keeps a list."""
    theirs = [visit for visit in true if visit.seconds >= stop_s]
    pairs = pair_spans(theirs, counted)
    errors_s = [(counted[j].seconds - theirs[i].seconds, counted[j].ended == "left") for i, j in pairs]
    score = ZoneScore(
        Score(len(theirs), len(counted), len(pairs)),
        tuple(error_s for error_s, _ in errors_s),
        tuple(error_s for error_s, left in errors_s if left),
        sum(not left for _, left in errors_s),
    )
    return score, Difference(tuple(_rest(theirs, {i for i, _ in pairs})), tuple(_rest(counted, {j for _, j in pairs})))


def pair_times(true_s: Sequence[float], counted_s: Sequence[float], tolerance_s: float) -> list[tuple[int, int]]:
    """The most pairs (index in `true_s`, index in `counted_s`) no farther apart than the tolerance; both are sorted.

    The earliest of each side that can be a pair are one: with one tolerance for all, no other way finds more.

    >>> pair_times([1.0, 2.0, 9.0], [1.9, 2.8, 5.0], 1.0)
    [(0, 0), (1, 1)]
    """
    pairs, i, j = [], 0, 0
    while i < len(true_s) and j < len(counted_s):
        late_s = counted_s[j] - true_s[i]
        if abs(late_s) <= tolerance_s + 1e-9:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif late_s > 0.0:
            i += 1
        else:
            j += 1
    return pairs


def pair_spans(true: Sequence[Visit], counted: Sequence[Visit]) -> list[tuple[int, int]]:
    """Pairs of visits that overlap enough (`SHARED`): the best fitting first, each used once."""
    found = []
    for i, one in enumerate(true):
        for j, other in enumerate(counted):
            shared_s = min(one.end_s, other.end_s) - max(one.start_s, other.start_s)
            if shared_s >= SHARED * min(one.end_s - one.start_s, other.end_s - other.start_s):
                union_s = max(one.end_s, other.end_s) - min(one.start_s, other.start_s)
                found.append((-shared_s / union_s, i, j))
    pairs: dict[int, int] = {}
    taken = set[int]()
    for _, i, j in sorted(found):
        if i not in pairs and j not in taken:
            pairs[i] = j
            taken.add(j)
    return sorted(pairs.items())


def spread(errors_s: Sequence[float]) -> dict[str, float | None]:
    """Median and 95th percentile of the size of errors, and their signed mean; None where there are no errors."""
    if not errors_s:
        return {"median": None, "p95": None, "mean": None}
    size = np.abs(errors_s)
    values = {"median": np.median(size), "p95": np.percentile(size, 95), "mean": np.mean(errors_s)}
    return {key: round(float(value), 3) for key, value in values.items()}


def _both(true: int, counted: int) -> dict[str, int | float | None]:
    bias = round((counted - true) / true, 4) if true else None
    return {"true": true, "counted": counted, "bias": bias}


def _rest(entries: Sequence[Any], used: set[int]) -> list[Any]:
    return [entry for index, entry in enumerate(entries) if index not in used]


def _rounded(value: float | Interval | None) -> float | list[float] | None:
    if value is None:
        return None
    if isinstance(value, tuple):
        return [round(edge, 4) for edge in value]
    return round(value, 4)

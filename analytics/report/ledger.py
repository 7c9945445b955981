"""How many people were inside, from INs and OUTs by quarter of an hour, while that can be known.

The rules are those of the box (edge.core.occupancy): the ledger begins at zero with the business day, never shows less
than nobody, and is unknown after two hours unwatched until the next day. Knows no database.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analytics.report.facts import Curve
from analytics.report.periods import QUARTER_S, Int64, Quarters

Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

UNKNOWN_AFTER = 7200 // QUARTER_S
BALANCED = 0.05
"""How far a day's OUT may be from its IN, as a share of it, for its mean visit length to be worth showing."""
WATCHED = 0.95
"""Share of its opening hours that such a day must have been watched."""
LOW, HIGH = 10, 90


@dataclass(frozen=True)
class Ledger:
    """People inside.

    Attributes:
        before, after: At the start and the end of each quarter, nan where unknown, float (Q,).
    """

    before: Float64
    after: Float64

    @property
    def mean(self) -> Float64:
        """Within each quarter, float (Q,)."""
        return (self.before + self.after) / 2.0


def ledger(quarters: Quarters, in_: Float64, out: Float64, watched: Float64) -> Ledger:
    """Books of the settled INs and OUTs.

    Args:
        quarters: Q quarters of an hour.
        in_: INs in each, float (Q,).
        out: OUTs in each, float (Q,).
        watched: Share of the lines that were watched in each, float (Q,).
    """
    sums = np.cumsum(in_ - out)
    first = np.searchsorted(quarters.day, np.arange(quarters.day[-1] + 1))
    at_start = np.where(first > 0, sums[first - 1], 0.0)[quarters.day]
    after = sums - at_start
    before = after - (in_ - out)
    unknown = _unknown(quarters.day, watched <= 0.5)
    return Ledger(*(np.where(unknown, np.nan, np.maximum(0.0, inside)) for inside in (before, after)))


def _unknown(day: Int64, blind: Bool) -> Bool:
    """From the end of two blind hours on, which the day has to have begun before, to the end of the day."""
    unknown = np.zeros_like(blind)
    for index in np.unique(day[blind]):
        at = np.flatnonzero(day == index)
        seen = np.flatnonzero(~blind[at])
        if not seen.size:
            unknown[at] = True
            continue
        unknown[at[: seen[0]]] = True
        unknown[at[seen[-1] + 1 :]] = True
        holes = np.flatnonzero(np.diff(seen) - 1 > UNKNOWN_AFTER)
        if holes.size:
            unknown[at[seen[holes[0]] + 1 :]] = True
    return unknown


def curve(quarters: Quarters, inside: Float64, open_: Bool) -> Curve:
    """The opening hours of all days laid over each other."""
    minutes = quarters.local_s // 60 - (quarters.local_s[0] // 86400 + quarters.day) * 1440
    slots = (minutes // 15).astype(np.int64)
    taken = open_ & ~np.isnan(inside)
    if not taken.any():
        return Curve()
    first, last = int(slots[taken].min()), int(slots[taken].max())
    table = np.full((int(quarters.day[-1]) + 1, last - first + 1), np.nan)
    table[quarters.day[taken], slots[taken] - first] = inside[taken]  # of an hour that came twice, the second
    days = np.count_nonzero(~np.isnan(table), axis=0)
    table = table[:, days > 0]
    low, high = np.nanpercentile(table, (LOW, HIGH), axis=0)
    return Curve(
        minutes=tuple(int(slot) * 15 for slot in np.flatnonzero(days) + first),
        mean=tuple(np.nanmean(table, axis=0).tolist()),
        low=tuple(low.tolist()),
        high=tuple(high.tolist()),
        days=tuple(days[days > 0].tolist()),
    )


def stays(quarters: Quarters, in_: Float64, out: Float64, coverage: Float64) -> Float64:
    """Mean length of the visits of each day: mean time of OUT less mean time of IN, s; nan where it cannot be told.

    Args:
        quarters: Q quarters of an hour on D days.
        in_: INs in each, float (Q,).
        out: OUTs in each, float (Q,).
        coverage: Of each day, nan where it was closed, float (D,).
    """
    days = int(quarters.day[-1]) + 1
    means, sums = [], []
    for counts in (in_, out):
        total = np.bincount(quarters.day, counts, days)
        with np.errstate(invalid="ignore"):
            means.append(np.bincount(quarters.day, counts * (quarters.start_s - quarters.start_s[0]), days) / total)
        sums.append(total)
    balanced = np.abs(sums[1] - sums[0]) <= BALANCED * sums[0]
    told = balanced & (np.nan_to_num(coverage) >= WATCHED) & (means[1] > means[0])
    return np.where(told, means[1] - means[0], np.nan)

"""What the lines of a site counted by quarter of an hour, and its sums over any periods; it knows no database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from analytics.report.facts import Traffic
from analytics.report.ledger import Ledger, ledger, stays
from analytics.report.periods import QUARTER_S, Period, Quarters

Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

NAMES = {
    "visitors": "in_count", "out": "out_count", "in_raw": "in_raw", "out_raw": "out_raw", "uturns": "uturns",
    "staff_in": "staff_in", "staff_out": "staff_out", "shopper_units": "shopper_units", "rejoined": "rejoined",
    "born_past_line": "born_past_line", "died_at_line": "died_at_line", "static": "static", "births": "births",
    "deaths": "deaths",
}  # fmt: skip
"""Fields of Traffic that are plain sums, and what the database calls them."""


@dataclass(frozen=True)
class Counts:
    """Sums by quarter.

    Attributes:
        columns: By name of the database, float (Q,).
        open_s: Opening time up to now in each, s, float (Q,).
        watched: Share of the lines' time that was watched in each, 0 to 1, float (Q,).
    """

    quarters: Quarters
    columns: dict[str, Float64]
    open_s: Float64
    watched: Float64
    ledger: Ledger

    def traffic(self, periods: Sequence[Period], stitched: Sequence[int]) -> tuple[Traffic, ...]:
        """The figures of some periods.

        Args:
            periods: Adjoining ones.
            stitched: Of all zones, for each period.
        """
        index, size = self.quarters.index_in(tuple(periods)), len(periods)
        sums = {
            field: np.bincount(index, self.columns[name], size).astype(np.int64).tolist()
            for field, name in NAMES.items()
        }
        open_ = self.open_s > 0
        known = open_ & ~np.isnan(self.ledger.mean)
        seconds: dict[str, npt.NDArray[Any]] = {
            "unsynced_s": np.bincount(index, self.columns["unsynced_s"], size),
            "open_s": np.bincount(index, self.open_s, size),
            "watched_s": np.bincount(index, self.watched * self.open_s, size),
            "presence_s": np.bincount(index[known], self.ledger.mean[known] * self.open_s[known], size),
            "known_s": np.bincount(index[known], self.open_s[known], size),
        }
        stay_s = self._stays(periods)
        return tuple(
            Traffic(
                period,
                **cast("Any", {field: values[at] for field, values in sums.items()}),
                **cast("Any", {field: float(values[at]) for field, values in seconds.items()}),
                stitched=stitched[at],
                stay_s=stay_s[at],
                peak=self._peak(period),
            )
            for at, period in enumerate(periods)
        )

    def _peak(self, period: Period) -> int | None:
        first, last = np.searchsorted(self.quarters.start_s, (period.start_s, period.end_s))
        inside = self.ledger.after[first:last]
        return None if np.isnan(inside).all() else int(np.nanmax(inside))

    def _stays(self, periods: Sequence[Period]) -> list[float | None]:
        """Means over the days of each period, by visitors; hours have none."""
        if periods[0].hours <= 1.0:
            return [None] * len(periods)
        day, days = self.quarters.day, int(self.quarters.day[-1]) + 1
        open_s = np.bincount(day, self.open_s, days)
        with np.errstate(invalid="ignore"):
            coverage = np.bincount(day, self.watched * self.open_s, days) / open_s
        in_, out = self.columns["in_count"], self.columns["out_count"]
        stay_s = stays(self.quarters, in_, out, coverage)
        told = ~np.isnan(stay_s)
        visitors = np.bincount(day, in_, days)[told]
        into = self.quarters.index_in(tuple(periods))[np.searchsorted(day, np.flatnonzero(told))]
        weight = np.bincount(into, visitors, len(periods))
        total = np.bincount(into, visitors * stay_s[told], len(periods))
        return [float(total[at] / weight[at]) if weight[at] else None for at in range(len(periods))]

    def by_weekday_and_hour(self) -> tuple[tuple[float | None, ...], ...]:
        """Visitors per watched hour of the opening time, 7 weekdays (0 is Monday) by 24 local hours."""
        cell = self.quarters.weekday * 24 + self.quarters.minute // 60
        open_ = self.open_s > 0
        watched_h = np.bincount(cell[open_], (self.watched * self.open_s)[open_], 7 * 24) / 3600
        visitors = np.bincount(cell[open_], self.columns["in_count"][open_], 7 * 24)
        rates = [float(came / hours) if hours > 0 else None for came, hours in zip(visitors, watched_h, strict=True)]
        return tuple(tuple(rates[day * 24 : day * 24 + 24]) for day in range(7))


def count(quarters: Quarters, columns: dict[str, Float64], expected: Float64, open_: Bool, now_s: int) -> Counts:
    """Counts of a site.

    Args:
        quarters: Q quarters of an hour.
        columns: Sums over its lines, by name of the database, with `observed_s`.
        expected: How many lines should have been watched.
        open_: Whether the shop was open.
        now_s: UTC; what is after it is not open yet.
    """
    due = expected > 0
    observed_s = columns["observed_s"].copy()
    for _ in range(3):  # a row of up to an hour stands in the quarter in which it starts
        over_s = np.maximum(0.0, observed_s - expected * QUARTER_S)
        observed_s -= over_s
        observed_s[1:] += over_s[:-1]
    watched = np.minimum(1.0, np.divide(observed_s, expected * QUARTER_S, out=np.zeros_like(observed_s), where=due))
    open_s = np.where(open_ & due, np.clip(now_s - quarters.start_s, 0, QUARTER_S), 0.0)
    books = ledger(quarters, columns["in_count"], columns["out_count"], watched)
    return Counts(quarters, columns, open_s, watched, books)

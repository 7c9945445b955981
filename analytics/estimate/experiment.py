"""What a display brings, from a designed on/off: difference in differences, and the smallest effect that can be seen.

Owns the estimator. It knows schedules, orders by day and visitors by day, as arrays; no shop, file or database.

Orders of a display's products on a day, divided by their usual level, are explained by: the display within the
replicate (cycle or pair), its day of the week, the date (all that hits the displays of a replicate alike: weather,
promotions, pay days), and the exposure, with one coefficient for each replicate: extra orders per visitor. The effect
is their mean, and its error comes from how they differ, by Student's t, as R. Ibragimov and U. K. Mueller, t-statistic
based correlation and heterogeneity robust inference, JBES 28 (2010), show: nothing is assumed of how days within a
replicate hang together, so neither serial correlation nor shocks that are common make the interval too short. (To take
days for independent is the classic mistake: M. Bertrand, E. Duflo and S. Mullainathan, How much should we trust
differences-in-differences estimates?, QJE 119 (2004).)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from analytics.estimate.design import WEEK_DAYS, Floats, Ints, Kind, Schedule, draw
from analytics.estimate.student import quantile
from analytics.online import LAG_DAYS

POWER = 0.8
"""Chance that an effect of the size of the minimum detectable one is told from nothing."""
PLACEBOS = 100
MIN_PAST_CYCLES = 2


@dataclass(frozen=True)
class Panel:
    """What happened, by display and day.

    Attributes:
        orders: Of the display's products, tagged or not; NaN where nothing was delivered. float64 (units, days).
        visitors: Of the display's site; NaN where the camera did not see enough of the day. float64 (units, days).
        weekday: 0 is Monday, int (days,).
    """

    orders: Floats
    visitors: Floats
    weekday: Sequence[int]

    def part(self, days: slice) -> Panel:
        """Some of the days."""
        return Panel(self.orders[:, days], self.visitors[:, days], list(self.weekday)[days])


@dataclass(frozen=True)
class Effect:
    """Extra orders per visitor, with a 95 % interval.

    Attributes:
        value, low, high: Extra orders per visitor of the site.
        error: Standard error of `value`.
        replicates: What each cycle or pair says; `value` is their mean.
        lift: `value` as a share of the orders that come without the display.
        extra_per_day: `value` as orders per day and display.
    """

    value: float
    low: float
    high: float
    error: float
    replicates: tuple[float, ...]
    lift: float
    extra_per_day: float


def lag_curve(orders: Sequence[int]) -> Floats:
    """How orders follow a visit: share by day 0 to 30, float64 (31,), from orders by lag bucket (LAG_DAYS).

    Without orders all are taken to come on the day itself; a display's effect then looks smaller than it is, because
    orders that come late fall into weeks in which it is off.
    """
    curve = np.zeros(1 + max(last for _, last in LAG_DAYS.values()))
    for count, (first, last) in zip(orders, LAG_DAYS.values(), strict=True):
        curve[first : last + 1] = count / (last + 1 - first)
    if not curve.sum():
        curve[0] = 1.0
    return np.asarray(curve / curve.sum())


def effect(panel: Panel, schedule: Schedule, lags: Floats) -> Effect:
    """The effect of the displays.

    Args:
        panel: The days of the schedule.
        schedule: Which display was on when.
        lags: As lag_curve gives it.

    Raises:
        ValueError: There are too few orders, visitors or days to tell; the text says which.
    """
    found = replicate_effects(panel, schedule, lags)
    count = len(found)
    if count < 2:
        raise ValueError(f"expected two cycles or pairs or more, got {count}")
    value, error = float(np.mean(found)), float(np.std(found, ddof=1)) / sqrt(count)
    half = quantile(0.975, count - 1) * error
    visitors, exposure = _reached(panel, schedule), schedule.exposure(lags)
    ever = schedule.on.any(axis=1)
    moved = value * (visitors * exposure).mean(axis=1)
    without = float((np.nanmean(panel.orders, axis=1) - moved)[ever].sum())
    per_day = value * visitors[ever].mean(axis=1)
    return Effect(
        value,
        value - half,
        value + half,
        error,
        tuple(float(each) for each in found),
        lift=float(per_day.sum()) / without if without > 0.0 else float("inf"),
        extra_per_day=float(per_day.mean()),
    )


def replicate_effects(panel: Panel, schedule: Schedule, lags: Floats) -> Floats:
    """What each cycle or pair says: extra orders per visitor, float64 (replicates,).

    Raises:
        ValueError: As effect does.
    """
    level = _levels(panel, schedule)
    exposure = schedule.exposure(lags) * _reached(panel, schedule) / level[:, None]
    outcome = panel.orders / level[:, None]
    if _rotates(schedule):
        return _solved(panel, schedule.replicate, exposure, outcome, level)
    parts = (np.flatnonzero(schedule.replicate[:, 0] == each) for each in range(schedule.replicates))
    return np.concatenate(  # pairs share nothing, so each is solved alone
        [_solved(panel, np.zeros_like(exposure[of], int), exposure[of], outcome[of], level[of]) for of in parts]
    )


def _solved(panel: Panel, replicate: Ints, exposure: Floats, outcome: Floats, level: Floats) -> Floats:
    """Coefficients of the exposure by replicate, by least squares; arrays (units, days) but for `level` (units,)."""
    units, days = outcome.shape
    count = int(replicate.max()) + 1
    known = np.isfinite(outcome)
    weight = known * level[:, None]  # the variance of a Poisson count over its level is 1 / level
    unit, weekday = np.arange(units)[:, None], np.asarray(panel.weekday)[None, :]
    levels = _dummies(unit * count + replicate, units * count)
    weekdays = _dummies(unit * WEEK_DAYS + weekday, units * WEEK_DAYS)
    treated = _dummies(replicate, count) * exposure[..., None]
    columns = np.concatenate([np.where(known, outcome, 0.0)[..., None], treated, levels, weekdays], axis=2)
    if units > 1:  # what hits all displays of a day alike is taken out with the mean of the day
        total = np.maximum(weight.sum(axis=0), 1e-12)
        columns -= (weight[..., None] * columns).sum(axis=0) / total[:, None]
    columns = (columns * np.sqrt(weight)[..., None]).reshape(units * days, -1)
    both, others = columns[:, : 1 + count], columns[:, 1 + count :]
    gram = others.T @ others
    gram[np.diag_indices_from(gram)] += 1e-10 * np.trace(gram)  # some columns are sums of others
    left = both - others @ np.linalg.solve(gram, others.T @ both)
    if (np.square(left[:, 1:]).sum(axis=0) <= 1e-6 * (weight[..., None] * treated**2).sum(axis=(0, 1))).any():
        raise ValueError("expected orders from days with and without each display, in every cycle or pair")
    return np.asarray(np.linalg.lstsq(left[:, 1:], left[:, 0], rcond=None)[0])


def placebo_spread(history: Panel, lags: Floats, kind: Kind, *, days: int, block_days: int, seed: int) -> float:
    """How much the estimate of one cycle or pair varies when there is no effect: extra orders per visitor.

    Displays are switched on and off on paper, in the shop's own past, by many lots; whatever effect is found is noise.

    Args:
        history: Days on which nothing was switched.
        lags: As lag_curve gives it.
        kind: Which design.
        days: Length of the planned experiment; a `matched` one needs a history of that length.
        block_days: Of the planned experiment.
        seed: Of the lots.

    Raises:
        ValueError: The history is too short, or there is too little in it.
    """
    units, there = history.orders.shape
    cycle = 2 * block_days
    length = days if kind == "matched" else there // cycle * cycle
    need = days if kind == "matched" else MIN_PAST_CYCLES * cycle
    if not need <= length <= there:
        raise ValueError(f"expected a history of {need} days or more, got {there}")
    past = history.part(slice(there - length, there))
    squares = [
        np.square(replicate_effects(past, draw(kind, units, length, block_days, seed + lot), lags)).mean()
        for lot in range(PLACEBOS)
    ]
    return sqrt(float(np.mean(squares)))


def detectable(spread: float, replicates: int) -> float:
    """The minimum detectable effect: what is told from nothing with a chance of POWER, at the 95 % level.

    H. S. Bloom, Minimum detectable effects, Evaluation Review 19 (1995).

    Args:
        spread: Standard deviation of what one cycle or pair says.
        replicates: Number of cycles or pairs, two or more.

    >>> [round(detectable(1.0, replicates), 2) for replicates in (3, 6, 13)]
    [3.1, 1.42, 0.85]
    """
    freedom = replicates - 1
    return (quantile(0.975, freedom) + quantile(POWER, freedom)) * spread / sqrt(replicates)


def _levels(panel: Panel, schedule: Schedule) -> Floats:
    """Orders of a day, float64 (units,): on days on which all displays are off, if there are such, else on all days.

    In both cases the same days for every display: the luck of some days, or the effect itself, would else be in the
    level of one and not of the other, and what hits all alike would not cancel.
    """
    off = ~schedule.on.any(axis=0)
    orders = panel.orders[:, off] if off.any() else panel.orders
    if not np.isfinite(orders).any(axis=1).all():
        raise ValueError("expected days with deliveries for each display")
    level = np.nanmean(orders, axis=1)
    if level.min() <= 0.0:
        raise ValueError("expected orders of each display's products, also without the display")
    return np.asarray(level)


def _reached(panel: Panel, schedule: Schedule) -> Floats:
    """Visitors of a mean day, by display and day, float64 (units, days); 0 for a display that is never on.

    With rotation the mean of the cycle that a day is in, with the display and without: visitors of the days with it
    alone go down with the same bad weather that moves orders. With pairs, where that cancels, the mean of the days with
    it.
    """
    visitors = np.zeros(panel.visitors.shape)
    rotates = _rotates(schedule)
    for unit in np.flatnonzero(schedule.on.any(axis=1)):
        seen = np.isfinite(panel.visitors[unit])
        counted = seen & (schedule.on[unit] | rotates)
        if not panel.visitors[unit, counted].sum() > 0.0:
            raise ValueError("expected, for each display, visitors on days that a camera watched")
        for each in np.unique(schedule.replicate[unit]):
            days = schedule.replicate[unit] == each
            some = counted & days if (counted & days).any() else counted
            visitors[unit, days] = panel.visitors[unit, some].mean()
    return visitors


def _rotates(schedule: Schedule) -> bool:
    """Whether replicates are spans of days, not pairs of displays."""
    return bool((schedule.replicate != schedule.replicate[:, :1]).any())


def _dummies(labels: Ints, count: int) -> Floats:
    """1.0 in the column of its label for each display and day, float64 (units, days, count)."""
    return np.eye(count)[labels]

"""Simulated online orders: by people who scanned, by people whom a display moved, and by people who never came.

Owns orders by day, and when after the visit they come. It knows no camera and no database.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.online import LAG_DAYS
from analytics.simulate.town import Floats, Ints, Town, in_runs

LAG_SHARES = (0.5, 0.18, 0.14, 0.12, 0.06)
"""Share of the orders in each bucket of LAG_DAYS."""
HORIZON_DAYS = 1 + max(last for _, last in LAG_DAYS.values())


@dataclass(frozen=True)
class Tagged:
    """What the scans of one code led to, as the online shop knows it at the end of the last day.

    Attributes:
        scans, carts: By day of the scan, int64 (days,).
        orders, cancelled: By day of the scan and lag bucket, int64 (days, buckets).
        by_order_date: Orders by their own date, int64 (days,).
    """

    scans: Ints
    carts: Ints
    orders: Ints
    cancelled: Ints
    by_order_date: Ints


def lag_days() -> Floats:
    """Share of the orders that come so many days after the visit, float64 (HORIZON_DAYS,)."""
    curve = np.zeros(HORIZON_DAYS)
    for share, (first, last) in zip(LAG_SHARES, LAG_DAYS.values(), strict=True):
        curve[first : last + 1] = share / (last + 1 - first)
    return curve


def tagged(
    engaged: Ints, scan_share: float, order_share: float, cancel_share: float, random: np.random.Generator
) -> Tagged:
    """Some of the engaged scan, some of these order, some of the orders are cancelled.

    Args:
        engaged: Visitors who engaged with the display, by day, int64 (days,).
        scan_share: Of the engaged.
        order_share: Of those who scanned; all lags.
        cancel_share: Of the orders.
        random: Where all chance comes from.
    """
    scans = random.binomial(engaged, scan_share)
    bought = random.binomial(scans, order_share)
    carts = bought + random.binomial(scans - bought, 0.3)
    came = _spread(bought, random)
    kept = _delivered(came)
    gone = random.binomial(kept, cancel_share)
    edges = [first for first, _ in LAG_DAYS.values()]
    orders, cancelled = (np.add.reduceat(counts, edges, axis=1) for counts in (kept, gone))
    return Tagged(scans, carts, orders, cancelled, _by_order_date(came))


def moved(visitors: Ints, effect: Floats, random: np.random.Generator) -> Ints:
    """Orders that would not have been placed without a display, by the date of the order, int64 (days,).

    Args:
        visitors: True visitors by day, int64 (days,).
        effect: Share of a day's visitors whom the display moves to order, float64 (days,); 0 while it is off.
        random: Where all chance comes from.
    """
    return _by_order_date(_spread(random.binomial(visitors, effect), random))


def base(mean: float, place: Town, random: np.random.Generator) -> Ints:
    """Orders of people who never came, by day, int64 (days,): they too follow weather, promotions and the week."""
    own = np.exp(0.1 * in_runs(place.weather.size, 0.7, random))
    return random.poisson(mean * place.order_factor * own)


def _spread(orders: Ints, random: np.random.Generator) -> Ints:
    """Orders by day of the visit -> by day of the visit and days after it, int64 (days, HORIZON_DAYS)."""
    return random.multinomial(orders, lag_days())


def _delivered(came: Ints) -> Ints:
    """Without the orders that are not yet placed when the last day ends."""
    days, lags = came.shape
    placed = np.arange(days)[:, None] + np.arange(lags)[None, :] < days
    return np.where(placed, came, 0)


def _by_order_date(came: Ints) -> Ints:
    days = came.shape[0]
    dates = np.arange(days)[:, None] + np.arange(came.shape[1])[None, :]
    return np.bincount(dates.ravel(), weights=came.ravel(), minlength=days)[:days].astype(np.int64)

"""Visitors and all orders of displays by day, from the database, as the estimators want them.

Site, zone and business day are all that it brings together. It estimates nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from analytics.estimate.cohort import MIN_COVERAGE
from analytics.estimate.design import Floats
from analytics.estimate.experiment import Panel, lag_curve
from analytics.online import ANY, LAG_DAYS
from analytics.online_books import closed_through, read_online
from analytics.report.query import Request, report
from analytics.store import Store

Display = tuple[str, str]
MIN_TAGGED = 50
"""Orders from which on the lags of tagged ones are taken for those of all."""


def read_panel(store: Store, displays: Sequence[Display], first: date, last: date, now_s: int) -> Panel:
    """The days from `first` to `last`, both included; a day that was not delivered or not watched enough is NaN.

    Raises:
        ConfigError: A site is unknown, has no time zone, or no rows in that time.
        StoreError: The database fails.
    """
    days = (last - first).days + 1
    sites = sorted({site for site, _ in displays})
    visitors = {site: _visitors(store, site, first, last, now_s) for site in sites}
    orders = {display: np.full(days, np.nan) for display in displays}
    for day in read_online(store, sites, first, last):
        if day.lag == ANY and (day.site, day.zone) in orders:
            orders[day.site, day.zone][(date.fromisoformat(day.date) - first).days] = day.orders - day.cancelled
    return Panel(
        np.stack([orders[display] for display in displays]),
        np.stack([visitors[site] for site, _ in displays]),
        [(first + timedelta(days=index)).weekday() for index in range(days)],
    )


def read_lags(store: Store, displays: Sequence[Display], through: date) -> tuple[Floats, int]:
    """How orders follow a visit, as lag_curve gives it, and how many tagged orders that is from.

    From the tagged orders of the sites, of scans that are over 30 days old; with fewer than MIN_TAGGED all orders are
    taken to come at once.
    """
    buckets = list(LAG_DAYS)
    oldest = through - timedelta(days=max(last for _, last in LAG_DAYS.values()))
    counts = [0] * len(buckets)
    for day in read_online(store, sorted({site for site, _ in displays}), date(2000, 1, 1), oldest):
        if day.lag != ANY:
            counts[buckets.index(day.lag)] += day.orders - day.cancelled
    total = sum(counts)
    return lag_curve(counts if total >= MIN_TAGGED else [0] * len(buckets)), total


def books_through(store: Store, displays: Sequence[Display]) -> date | None:
    """The last day that the online shop's books cover for all sites; None when one was never delivered."""
    through = [closed_through(store, site) for site in sorted({site for site, _ in displays})]
    return None if None in through else min(day for day in through if day is not None)


def _visitors(store: Store, site: str, first: date, last: date, now_s: int) -> Floats:
    found = report(store, Request(now_s=now_s, site=site, first=first, last=last))
    watched = [day.coverage is not None and day.coverage >= MIN_COVERAGE for day in found.days]
    return np.where(watched, [float(day.visitors) for day in found.days], np.nan)

"""Days of a shop as the tests of cohorts want them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from analytics.estimate.cohort import NONE, Cohort, CountedDay, TaggedDay

MONDAY = date(2026, 3, 2)


def day(index: int) -> date:
    return MONDAY + timedelta(days=index)


def counted(
    index: int, *, visitors: int = 100, coverage: float = 1.0, site: str = "shop", **engaged: int
) -> CountedDay:
    return CountedDay(site, day(index), visitors, engaged or {"shoes": 40}, coverage)


def delivered(index: int, lag: str = "0d", *, zone: str = "shoes", site: str = "shop", **counts: int) -> TaggedDay:
    return TaggedDay(site, zone, day(index), lag, **counts)


def cohort(index: int, *, zone: str | None = "shoes", site: str = "shop", orders: int = 8, **more: Any) -> Cohort:
    facts: dict[str, Any] = {"visitors": 100, "engaged": 40, "scans": 20, "orders": (orders, *NONE[1:])}
    return Cohort(site, zone, day(index), day(index), **{**facts, **more})

"""Visits to zones, added up over days. Knows no database."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable

from analytics.estimate.histogram import merge
from analytics.report.facts import Visits
from analytics.report.periods import Period


def together(visits: Iterable[Visits], periods: tuple[Period, ...]) -> tuple[Visits, ...]:
    """The visits of shorter periods by zone and longer, adjoining ones; everything adds up except `peak`."""
    edges = [period.start_s for period in periods]
    groups: dict[tuple[int, str], list[Visits]] = defaultdict(list)
    for visit in visits:
        groups[bisect_right(edges, visit.period.start_s) - 1, visit.zone].append(visit)
    return tuple(_sum(periods[at], zone, group) for (at, zone), group in sorted(groups.items()))


def _sum(period: Period, zone: str, group: list[Visits]) -> Visits:
    whole = ("entered", "passed", "stopped", "engaged", "left", "lost", "capped", "stitched", "left_s", "presence_s")
    return Visits(
        zone,
        period,
        **{name: sum(getattr(visit, name) for visit in group) for name in whole},
        peak=max(visit.peak for visit in group),
        histogram=merge(visit.histogram for visit in group),
    )

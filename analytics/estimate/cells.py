"""Small cells merge upward, so that no figure is about a handful of people: zone to site, then day to week.

Owns the thresholds and the ladder. Knows no ratio and no database.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import TypeVar

from analytics.estimate.cohort import NONE, Cohort

MIN_ORDERS = 5
MIN_VISITORS = 10

Key = TypeVar("Key", bound=tuple[object, ...])


def too_small(cohort: Cohort) -> bool:
    """Whether a cell may not be shown: fewer than MIN_ORDERS orders, or MIN_VISITORS visitors.

    A cell of a zone needs so many engaged visitors as well. Orders are those of all lags, before cancellations.
    """
    visitors = cohort.visitors if cohort.zone is None else min(cohort.visitors, cohort.engaged)
    return sum(cohort.orders) < MIN_ORDERS or visitors < MIN_VISITORS


def merge_small(cohorts: Iterable[Cohort]) -> tuple[Cohort, ...]:
    """Cohorts of single days and zones, merged until each may be shown; what stays too small over a week is dropped.

    When one zone of a day is too small, all zones of the site become one cell for that day; and when a day of the site
    is too small, its whole week becomes one. All of them, because a small cell could else be told from the difference
    of a total and its neighbours. Weeks begin on Monday.

    Returns:
        By site, first day and zone. Sums are those of the input, but for cells dropped.
    """
    days = _grouped(cohorts, lambda cohort: (cohort.site, cohort.first))
    weeks: dict[tuple[str, date], list[list[Cohort]]] = defaultdict(list)
    for (site, day), zones in days.items():
        weeks[site, _monday(day)].append([together(zones)] if any(map(too_small, zones)) else zones)
    shown: list[Cohort] = []
    for cells in weeks.values():
        if any(too_small(cell) for day in cells for cell in day):
            week = together([cell for day in cells for cell in day])
            shown += [] if too_small(week) else [week]
        else:
            shown += [cell for day in cells for cell in day]
    return tuple(sorted(shown, key=lambda cell: (cell.site, cell.first, cell.zone or "")))


def together(cohorts: Iterable[Cohort]) -> Cohort:
    """One cell of a site for several of its cohorts, each of a single day or of days that no other one has.

    Visitors are those of the site, so each day's are taken once, however many zones it has; all else is summed.

    Raises:
        ValueError: There are none, or they are of several sites.
    """
    cells = list(cohorts)
    if len({cell.site for cell in cells}) != 1:
        raise ValueError(f"expected cohorts of one site, got {sorted({cell.site for cell in cells})}")
    visitors = {(cell.first, cell.last): cell.visitors for cell in cells}
    zones = {cell.zone for cell in cells}
    return Cohort(
        site=cells[0].site,
        zone=zones.pop() if len(zones) == 1 else None,
        first=min(cell.first for cell in cells),
        last=max(cell.last for cell in cells),
        visitors=sum(visitors.values()),
        engaged=sum(cell.engaged for cell in cells),
        scans=sum(cell.scans for cell in cells),
        carts=sum(cell.carts for cell in cells),
        orders=_summed(cell.orders for cell in cells),
        cancelled=_summed(cell.cancelled for cell in cells),
    )


def _summed(buckets: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(map(sum, zip(NONE, *buckets, strict=True)))


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _grouped(cohorts: Iterable[Cohort], key: Callable[[Cohort], Key]) -> dict[Key, list[Cohort]]:
    groups: dict[Key, list[Cohort]] = defaultdict(list)
    for cohort in cohorts:
        groups[key(cohort)].append(cohort)
    return groups

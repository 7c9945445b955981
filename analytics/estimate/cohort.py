"""What one day of scans led to, beside what the cameras counted: the smallest cell there is.

Owns the cohort and how days become cohorts. Site, zone and date are all that visits and orders are brought together by;
there is no field for anything finer. Knows no database.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from analytics.online import ANY, LAG_DAYS

MIN_COVERAGE = 0.95
"""Share of its opening hours that a day must have been watched. Online orders go on while a camera is down, so a day
that was half seen would show twice its conversion; such days are left out above and below the line."""
NONE: tuple[int, ...] = (0,) * len(LAG_DAYS)


@dataclass(frozen=True)
class CountedDay:
    """What the cameras counted on one business day of one site.

    Attributes:
        visitors: Settled INs.
        engaged: Visits of the class `engaged`, by zone.
        coverage: Share of the opening hours that was watched, 0 to 1.
    """

    site: str
    date: date
    visitors: int
    engaged: Mapping[str, int]
    coverage: float = 1.0


@dataclass(frozen=True)
class TaggedDay:
    """What the online shop delivered for one key (site, zone, date, lag); `lag` is a bucket of LAG_DAYS."""

    site: str
    zone: str
    date: date
    lag: str
    scans: int = 0
    carts: int = 0
    orders: int = 0
    cancelled: int = 0


@dataclass(frozen=True)
class Cohort:
    """The scans of one zone's code, or of all of a site's, over some days, and what they led to.

    Attributes:
        zone: None: the whole site.
        first, last: Days of the scans, both included.
        visitors: Of the site on those days.
        engaged: Of the zone; of all zones together for a site, where one visitor may be engaged in several.
        scans, carts: Of the days' codes, whenever the cart was filled.
        orders, cancelled: By lag bucket, in the order of LAG_DAYS.
    """

    site: str
    zone: str | None
    first: date
    last: date
    visitors: int = 0
    engaged: int = 0
    scans: int = 0
    carts: int = 0
    orders: tuple[int, ...] = NONE
    cancelled: tuple[int, ...] = NONE

    def orders_within(self, days: int) -> int:
        """Orders at most so many days after the scan that were not cancelled."""
        ends = (last for _, last in LAG_DAYS.values())
        kept = zip(ends, self.orders, self.cancelled, strict=True)
        return sum(orders - cancelled for end, orders, cancelled in kept if end <= days)

    def matured(self, days: int, as_of: date) -> bool:
        """Whether the online shop's books, closed through `as_of`, cover so many days after the last scan."""
        return self.last + timedelta(days=days) <= as_of


@dataclass(frozen=True)
class Cohorts:
    """Cohorts of single days and zones, and what was left out of them.

    Attributes:
        left_out: Days of sites that were watched for less than MIN_COVERAGE.
        unmatched: Keys (site, zone, date) of deliveries for days or zones that no camera counted.
    """

    cohorts: tuple[Cohort, ...]
    left_out: tuple[tuple[str, date], ...] = ()
    unmatched: tuple[tuple[str, str, date], ...] = ()


@dataclass
class _Sum:
    scans: int = 0
    carts: int = 0
    orders: list[int] = field(default_factory=lambda: list(NONE))
    cancelled: list[int] = field(default_factory=lambda: list(NONE))


def cohorts(counted: Iterable[CountedDay], tagged: Iterable[TaggedDay], as_of: date) -> Cohorts:
    """Brings visits and orders together, by site, zone and date.

    A zone takes part from the first day that was ever delivered for it, through `as_of`; a day without a delivery in
    between had no scans.

    Args:
        counted: Days of one or more sites.
        tagged: Deliveries; those of lag `any` are left aside.
        as_of: Last day that the online shop's books cover.
    """
    sums: dict[tuple[str, str, date], _Sum] = defaultdict(_Sum)
    first: dict[tuple[str, str], date] = {}
    for row in tagged:
        if row.lag == ANY or row.date > as_of:
            continue
        into, at = sums[row.site, row.zone, row.date], list(LAG_DAYS).index(row.lag)
        into.scans, into.carts = into.scans + row.scans, into.carts + row.carts
        into.orders[at] += row.orders
        into.cancelled[at] += row.cancelled
        first[row.site, row.zone] = min(row.date, first.get((row.site, row.zone), row.date))
    found, left_out = [], []
    for day in counted:
        taking_part = [zone for zone in day.engaged if first.get((day.site, zone), as_of) <= day.date <= as_of]
        if taking_part and day.coverage < MIN_COVERAGE:
            left_out.append((day.site, day.date))
        for zone in taking_part:
            made = sums.pop((day.site, zone, day.date), _Sum())
            if day.coverage >= MIN_COVERAGE:
                found.append(_cohort(day, zone, made))
    return Cohorts(tuple(found), tuple(left_out), tuple(sorted(sums)))


def _cohort(day: CountedDay, zone: str, made: _Sum) -> Cohort:
    return Cohort(
        day.site, zone, day.date, day.date, day.visitors, day.engaged[zone],
        made.scans, made.carts, tuple(made.orders), tuple(made.cancelled),
    )  # fmt: skip

"""From visits to tagged orders: scan rate, conversion of a zone and conversion within seven days, as a lower bound.

Owns what is divided by what, and when a cohort is old enough. Always the ratio of sums, never the mean of ratios. Knows
no database. Everything is a lower bound: whoever buys without having scanned is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from analytics.estimate.cells import together, too_small
from analytics.estimate.cohort import Cohort
from analytics.estimate.wilson import NOT_AUDITED, CountError, Ratio, ratio

LABEL = "lower bound"
WEEK_DAYS = 7
ALL_DAYS = 30
"""The end of the last lag bucket: after so many days an order is not counted to the scan any more."""


@dataclass(frozen=True)
class Figure:
    """One ratio over cohorts that are old enough for it, and what the younger ones show so far.

    Attributes:
        ratio: None when there is no cohort of that age yet, or all together are too small to be shown.
        first, last: Scans that it is about; None without such cohorts.
        maturing: The same ratio of the cohorts that are too young: it will still rise. None where that is too small.
        maturing_days: How many days of scans are too young.
    """

    ratio: Ratio | None
    first: date | None
    last: date | None
    maturing: Ratio | None
    maturing_days: int


@dataclass(frozen=True)
class Conversion:
    """What became of the visits of a zone, or of a site, over some days; every figure is a lower bound.

    Attributes:
        zone: None: the whole site.
        scan_rate: Scans per engaged visit.
        zone_conversion: Orders within 30 days per engaged visit.
        conversion_7d: Orders within 7 days per visitor of the site.
        label: What to write beside each of them.
    """

    site: str
    zone: str | None
    scan_rate: Figure
    zone_conversion: Figure
    conversion_7d: Figure
    label: str = LABEL


def convert(
    cohorts: Iterable[Cohort],
    as_of: date,
    *,
    visitors_error: CountError = NOT_AUDITED,
    engaged_error: CountError = NOT_AUDITED,
) -> Conversion:
    """The figures of some cohorts together.

    Args:
        cohorts: Of one site; of one zone, or of all for the figures of the site. Each of a single day, so that days old
            enough are told from younger ones.
        as_of: Last day that the online shop's books cover.
        visitors_error: What an audit says of the counts of the lines.
        engaged_error: What an audit says of the counts of the zones.

    Raises:
        ValueError: There are no cohorts, or they are of several sites.
    """
    cells = list(cohorts)
    whole = together(cells)
    return Conversion(
        whole.site,
        whole.zone,
        scan_rate=_figure(cells, as_of, 0, lambda cell: ratio(cell.scans, cell.engaged, engaged_error)),
        zone_conversion=_figure(
            cells, as_of, ALL_DAYS, lambda cell: ratio(cell.orders_within(ALL_DAYS), cell.engaged, engaged_error)
        ),
        conversion_7d=_figure(
            cells, as_of, WEEK_DAYS, lambda cell: ratio(cell.orders_within(WEEK_DAYS), cell.visitors, visitors_error)
        ),
    )


def _figure(cells: list[Cohort], as_of: date, age_days: int, divide: Callable[[Cohort], Ratio]) -> Figure:
    old = [cell for cell in cells if cell.matured(age_days, as_of)]
    young = [cell for cell in cells if not cell.matured(age_days, as_of)]
    return Figure(
        _shown(old, divide),
        min((cell.first for cell in old), default=None),
        max((cell.last for cell in old), default=None),
        _shown(young, divide),
        len({cell.first for cell in young}),
    )


def _shown(cells: list[Cohort], divide: Callable[[Cohort], Ratio]) -> Ratio | None:
    if not cells or too_small(cell := together(cells)):
        return None
    return divide(cell)


def by_zone(cohorts: Iterable[Cohort]) -> dict[str | None, list[Cohort]]:
    """The cohorts of one site by zone, and under None all of them; zones too small over all days are under None alone.

    When one zone is too small, a neighbour's figure beside the site's would give it away if there are only two; then
    both are under None alone.
    """
    cells = list(cohorts)
    zones: dict[str | None, list[Cohort]] = {}
    for cell in cells:
        zones.setdefault(cell.zone, []).append(cell)
    small = [zone for zone, own in zones.items() if too_small(together(own))]
    if len(small) == 1:  # the one that is missing is the site less the others
        rest = sorted((zone for zone in zones if zone not in small), key=lambda zone: sum(map(_orders, zones[zone])))
        small += rest[:1]
    return {None: cells, **{zone: own for zone, own in sorted(zones.items(), key=str) if zone not in small}}


def _orders(cell: Cohort) -> int:
    return sum(cell.orders)

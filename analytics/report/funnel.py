"""From the door to the order: what the online shop delivered beside what the cameras counted.

The estimates themselves, and the rule that small cells are not shown, are those of analytics.estimate.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from analytics.estimate.cohort import CountedDay, TaggedDay, cohorts
from analytics.estimate.conversion import Conversion, by_zone, convert
from analytics.estimate.wilson import CountError
from analytics.online import ANY
from analytics.report.facts import Funnel, Online, Traffic, Visits


def converted(
    site: str,
    days: tuple[Traffic, ...],
    visits: Iterable[Visits],
    tagged: list[TaggedDay],
    as_of: date | None,
    *,
    visitors_error: CountError,
    engaged_error: CountError,
) -> Online | None:
    """Conversion over the days of a report; None where the online shop delivered nothing for them.

    Args:
        site: Its name.
        days: All days of the report.
        visits: By day and zone.
        tagged: What was ever delivered, so that it shows since when a zone has a code.
        as_of: Last day that the online shop's books cover.
        visitors_error: What an audit says of the counts of the lines.
        engaged_error: Likewise of the zones.
    """
    if as_of is None:
        return None
    engaged = {(visit.period.start_s, visit.zone): visit.engaged for visit in visits}
    zones = sorted({zone for _, zone in engaged} & {row.zone for row in tagged if row.lag != ANY})
    counted = [
        CountedDay(
            site,
            date.fromisoformat(day.period.label),
            day.visitors,
            {zone: engaged.get((day.period.start_s, zone), 0) for zone in zones},
            1.0 if day.coverage is None else day.coverage,
        )
        for day in days
    ]
    found = cohorts(counted, tagged, as_of)
    if not found.cohorts:
        return None
    conversions = tuple(
        replace(convert(cells, as_of, visitors_error=visitors_error, engaged_error=engaged_error), zone=zone)
        for zone, cells in by_zone(found.cohorts).items()  # of a site with one code, both name its zone
    )
    return Online(as_of, conversions, tuple(day for _, day in found.left_out))


def funnels(
    visitors: int, zones: tuple[Visits, ...], online: Online | None, tagged: Iterable[TaggedDay]
) -> tuple[Funnel, ...]:
    """All zones together, then each; scans and orders only of zones whose conversion may be shown.

    Args:
        visitors: Of the site.
        zones: All of the report, by zone.
        online: What the estimators found.
        tagged: What was delivered for its days.
    """
    shown = {conversion.zone for conversion in online.conversions if _large_enough(conversion)} if online else set()
    rows = [row for row in tagged if row.lag != ANY]
    found = []
    for zone in (None, *(visit.zone for visit in zones)):
        visits = [visit for visit in zones if zone in (None, visit.zone)]
        own = [row for row in rows if zone in (None, row.zone)] if zone in shown else None
        found.append(
            Funnel(
                zone,
                visitors,
                passed=sum(visit.ended for visit in visits),
                stopped=sum(visit.stopped + visit.engaged for visit in visits),
                engaged=sum(visit.engaged for visit in visits),
                scanned=None if own is None else sum(row.scans for row in own),
                ordered=None if own is None else sum(row.orders - row.cancelled for row in own),
            )
        )
    return tuple(found)


def _large_enough(conversion: Conversion) -> bool:
    """Whether the estimators show anything of it."""
    figures = (conversion.scan_rate, conversion.zone_conversion, conversion.conversion_7d)
    return any(figure.ratio or figure.maturing for figure in figures)

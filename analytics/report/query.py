"""From a request to a report: brings together what load reads, and decides what the numbers are shares of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

from analytics.estimate.wilson import NOT_AUDITED, CountError
from analytics.report import load
from analytics.report.counts import Counts, count
from analytics.report.facts import Report, Visits
from analytics.report.funnel import converted, funnels
from analytics.report.ledger import curve
from analytics.report.opening import ALWAYS, Opening
from analytics.report.periods import By, Calendar, Period, Quarters, quarters
from analytics.report.visits import together
from analytics.store import Store
from edge.errors import ConfigError

DEFAULT_DAYS = 28
MOST_DAYS = 3 * 366
MOST_BARS = 120
DAY_START = time(4)


@dataclass(frozen=True)
class Request:
    """What a report is wanted of; None: as the database says, or the default.

    Attributes:
        site: The only one if None.
        first, last: Business days, both included; the last 28 days with rows if None.
        by: Length of the periods.
        time_zone, day_start, opening: Instead of what the database says of the site.
        now_s: UTC; opening time after it is not missed yet.
        visitors_error, engaged_error: What audits say of the counts.
    """

    now_s: int
    site: str | None = None
    first: date | None = None
    last: date | None = None
    by: By = "day"
    time_zone: ZoneInfo | None = None
    day_start: time | None = None
    opening: Opening | None = None
    visitors_error: CountError = NOT_AUDITED
    engaged_error: CountError = NOT_AUDITED


def report(store: Store, request: Request) -> Report:
    """The report that was asked for.

    Raises:
        ConfigError: No such site, an empty database, no rows in that time, no time zone, or dates the wrong way round.
        StoreError: The database fails.
    """
    site = load.find_site(store, request.site)
    calendar = _calendar(site, request)
    span = _dates(site, calendar, request)
    opening = request.opening or site.settings.opening
    grid = quarters(calendar, *span)
    counts = _counts(store, site, grid, opening or ALWAYS, request.now_s)
    days, periods = calendar.days(*span), calendar.split(*span, request.by)
    whole = Period(days[0].start_s, days[-1].end_s, f"{span[0]} to {span[1]}", days[0].begins)
    zone_days = load.visits(store, site.name, grid, days, calendar.day_start)
    zone_periods = together(zone_days, periods)
    if request.by == "hour":
        zone_periods = load.visits(store, site.name, grid, periods, None)
    day_facts = counts.traffic(days, _stitched(days, zone_days))
    period_facts = day_facts if request.by == "day" else counts.traffic(periods, _stitched(periods, zone_periods))
    chart = period_facts
    if request.by == "day" and len(days) > MOST_BARS:
        weeks = calendar.weeks(*span)
        chart = counts.traffic(weeks, _stitched(weeks, together(zone_days, weeks)))
    zones = together(zone_days, (whole,))
    total = counts.traffic((whole,), _stitched((whole,), zones))[0]
    tagged, as_of = load.tagged(store, site.name, span[1])
    online = converted(
        site.name,
        day_facts,
        zone_days,
        tagged,
        as_of,
        visitors_error=request.visitors_error,
        engaged_error=request.engaged_error,
    )
    return Report(
        site=site.name,
        calendar=calendar,
        by=request.by,
        first=span[0],
        last=span[1],
        total=total,
        periods=period_facts,
        days=day_facts,
        chart=chart,
        zones=zones,
        zone_periods=zone_periods,
        curve=curve(grid, counts.ledger.mean, counts.open_s > 0),
        grid=counts.by_weekday_and_hour(),
        funnels=funnels(total.visitors, zones, online, [day for day in tagged if day.date >= span[0]]),
        online=online,
        opening_known=opening is not None,
        rows_missing=load.rows_missing(store, site.name),
    )


def _calendar(site: load.Site, request: Request) -> Calendar:
    zone = request.time_zone or site.settings.time_zone
    if zone is None:
        raise ConfigError(
            f"{site.name}: expected its time zone, because days and hours are local, found none; "
            f"`traffic site {site.name} --time-zone Europe/Berlin` keeps it"
        )
    return Calendar(zone, request.day_start or site.settings.day_start or DAY_START)


def _dates(site: load.Site, calendar: Calendar, request: Request) -> tuple[date, date]:
    has = calendar.day_of(site.from_s), calendar.day_of(site.to_s - 1)
    last = request.last or (has[1] if request.first is None else max(has[1], request.first))
    first = request.first or max(min(has[0], last), last - timedelta(days=DEFAULT_DAYS - 1))
    if first > last:
        raise ConfigError(f"expected a period that begins before it ends, got {first} to {last}")
    if first > has[1] or last < has[0]:
        raise ConfigError(
            f"{site.name}: expected days from {has[0]} to {has[1]}, for which it has rows, got {first} to {last}"
        )
    if (last - first).days >= MOST_DAYS:
        raise ConfigError(f"expected at most {MOST_DAYS} days, got {first} to {last}")
    return first, last


def _counts(store: Store, site: load.Site, grid: Quarters, opening: Opening, now_s: int) -> Counts:
    columns = load.by_quarter(store, site.name, "line", load.LINE, grid)
    if not site.lines:
        columns |= load.by_quarter(store, site.name, "zone", load.WATCHED, grid)
    columns |= load.by_quarter(store, site.name, "occupancy", load.BOX, grid)
    return count(grid, columns, load.expected(site, grid), opening.mask(grid), now_s)


def _stitched(periods: tuple[Period, ...], visits: tuple[Visits, ...]) -> list[int]:
    sums = dict.fromkeys((period.start_s for period in periods), 0)
    for visit in visits:
        sums[visit.period.start_s] += visit.stitched
    return list(sums.values())

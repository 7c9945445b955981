"""A report for the terminal, as rich tables narrow enough for 80 columns. It prints nothing itself."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from analytics.report.facts import Report, Traffic
from analytics.report.wording import FIGURES, NOTHING, notes, one, percent, quantile, ratio, seconds, whole

TITLES = {"hour": "By hour", "day": "By business day", "week": "By week"}


def text_report(report: Report) -> Group:
    """All that fits a terminal: periods, zones, funnel, conversion, error meters and notes."""
    return Group(*_parts(report))


def _parts(report: Report) -> Iterator[RenderableType]:
    calendar = report.calendar
    yield Text(f"{report.site}, {report.first} to {report.last}", style="bold")
    yield Text(f"time zone {calendar.zone.key}, business days from {calendar.day_start:%H:%M}\n", style="dim")
    yield _periods(report)
    if report.zones:
        yield _classes(report)
        yield _lengths(report)
        yield _funnel(report)
    if report.online:
        yield _conversion(report)
    yield _meters(report.total)
    yield from (Text(f"! {note}") for note in notes(report))


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for at, heading in enumerate(headings):
        table.add_column(heading, justify="right" if at else "left", no_wrap=not at)
    return table


def _periods(report: Report) -> Table:
    table = _table(TITLES[report.by], report.by, "visitors", "U-turns", "staff", "inside", "peak", "stay", "coverage")
    for facts in report.periods:
        table.add_row(facts.period.label, *_cells(facts))
    table.add_section()
    table.add_row("all", *_cells(report.total))
    return table


def _cells(facts: Traffic) -> tuple[str, ...]:
    return (
        whole(facts.visitors),
        percent(facts.uturn_rate),
        whole(facts.staff_in),
        one(facts.occupancy),
        whole(facts.peak),
        seconds(facts.stay_s),
        percent(facts.coverage),
    )


def _classes(report: Report) -> Table:
    table = _table("Zones: visits", "zone", "visits", "pass", "stop", "engaged", "end not seen")
    for visits in report.zones:
        counts = (visits.ended, visits.passed, visits.stopped, visits.engaged)
        table.add_row(visits.zone, *map(whole, counts), percent(visits.lost_share))
    return table


def _lengths(report: Report) -> Table:
    title = "Zones: length of visits; in brackets the bin that is certain"
    table = _table(title, "zone", "median", "9 of 10 are shorter than", "mean")
    for visits in report.zones:
        table.add_row(visits.zone, quantile(visits.median), quantile(visits.p90), seconds(visits.mean_s))
    return table


def _funnel(report: Report) -> Table:
    table = _table(
        "Funnel: people at the door, then visits to the zone", "zone", *(s for s, _ in report.funnels[0].steps)
    )
    for funnel in report.funnels:
        table.add_row(funnel.zone or "all zones", *(whole(size) for _, size in funnel.steps))
    return table


def _conversion(report: Report) -> Table:
    table = _table("Conversion: lower bounds, with 95 % intervals", "zone", "figure", "old enough", "still maturing")
    for found in report.online.conversions if report.online else ():
        for name, (heading, _) in FIGURES.items():
            figure = getattr(found, name)
            table.add_row(found.zone or "all zones", heading, ratio(figure.ratio), ratio(figure.maturing))
    return table


def _meters(total: Traffic) -> Table:
    table = _table("How far to trust the counts", "meter", "count", "per 100 crossings")
    for name, count in (
        ("found at a line, perhaps missed", total.born_past_line),
        ("lost at a line, perhaps missed", total.died_at_line),
        ("rejoined at a line, counted", total.rejoined),
        ("lost and found in the room (churn)", total.births),
        ("visits stitched over a loss", total.stitched),
    ):
        share = 100 * count / total.crossings if total.crossings else None
        table.add_row(name, whole(count), one(share))
    table.add_row("OUT per IN; should be 1", NOTHING if total.balance is None else f"{total.balance:.3f}", "")
    return table

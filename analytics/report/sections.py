"""The sections of the page, each a chart with the same numbers in a table below it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from analytics.report import charts
from analytics.report.elements import CHIP, details, key, pair, section, table
from analytics.report.facts import Report, Traffic, Visits
from analytics.report.opening import WEEKDAYS
from analytics.report.tables import clock
from analytics.report.wording import (
    FIGURES,
    NOTHING,
    maturing,
    one,
    percent,
    quantile,
    ratio,
    seconds,
    whole,
)  # fmt: skip

CHARTED = ("scan_rate", "zone_conversion")
"""The figures that are drawn by zone; the third is about the whole shop and stands at the top."""


def sections(report: Report) -> str:
    """All that there is something to say about."""
    found = [_visitors(report), pair(_inside(report), _week(report))]
    if report.zones:
        found += [pair(_classes(report.zones), _lengths(report.zones)), _funnel(report), _conversion(report)]
    return "\n".join([*found, _trust(report)])


def _visitors(report: Report) -> str:
    by = "week" if report.chart is not report.periods else report.by
    marks = key(("bar", "visitors"), ("whisker", "perhaps missed"), ("hatch", "opening hours that were not watched"))
    chart = charts.full(partial(charts.visitors, report.chart, by))
    text = "Who turned round at the door is not among them."
    return section(f"Visitors by {by}", text, chart, marks, _periods(report))


def _periods(report: Report) -> str:
    rows = [
        (
            facts.period.label,
            whole(facts.visitors),
            percent(facts.uturn_rate),
            whole(facts.staff_in),
            one(facts.occupancy),
            whole(facts.peak),
            seconds(facts.stay_s),
            percent(facts.coverage),
            whole(facts.unsure),
        )
        for facts in report.periods
    ]
    heads = (report.by.title(), "Visitors", "U-turns", "Staff", "Inside", "Peak", "Visit", "Coverage", "Perhaps missed")
    return details(f"Table by {report.by}", heads, rows)


def _inside(report: Report) -> str:
    if not report.curve.mean:
        return section("People inside", "Not known: no day was watched for long enough.")
    chart = charts.half(partial(charts.inside, report.curve))
    marks = key(("curve", "mean of the days"), *([("band", "8 of 10 days")] if max(report.curve.days) > 1 else []))
    rows = [
        (clock(minute), one(mean), one(low), one(high), str(days))
        for minute, mean, low, high, days in zip(*vars(report.curve).values(), strict=True)
    ]
    numbers = details(
        "Table by quarter of an hour", ("Local time", "Mean", "10 % of days below", "90 % below", "Days"), rows
    )
    return section("People inside", "INs less OUTs since the business day began.", chart, marks, numbers)


def _week(report: Report) -> str:
    grid = {day: report.grid[day] for day in sorted({at.weekday() for at in report.dates})}
    hours = [hour for hour in range(24) if any(row[hour] is not None for row in grid.values())]
    if not hours:
        return section("The week", "Nothing was watched.")
    rows = [
        (f"{hour:02d}:00", *(NOTHING if row[hour] is None else one(row[hour]) for row in grid.values()))
        for hour in hours
    ]
    numbers = details("Table by hour", ("Hour", *(WEEKDAYS[day].title() for day in grid)), rows)
    chart = charts.half(partial(charts.week, grid))
    return section("The week", "Visitors per watched hour of opening time.", chart, numbers)


def _classes(zones: Sequence[Visits]) -> str:
    text = "Visits that ended, by length: under 3 s, under 15 s, longer, unless the box was told otherwise."
    chart = charts.half(partial(charts.classes, zones))
    marks = key(("engaged", "engaged"), ("stop", "stopped"), ("pass", "passed by"))
    names = ("entered", "ended", "passed", "stopped", "engaged", "peak")
    rows = [(visits.zone, *(whole(getattr(visits, name)) for name in names)) for visits in zones]
    heads = ("Zone", "Began", "Ended", "Pass", "Stop", "Engaged", "Peak")
    return section("Zones", text, chart, marks, details("Table by zone", heads, rows))


def _lengths(zones: Sequence[Visits]) -> str:
    text = "From merged histograms: the bin is certain, the place within it is a guess."
    chart = charts.half(partial(charts.dwell, zones))
    marks = key(("dot", "median"), ("hollow", "9 of 10 visits are shorter"), ("range", "sure to lie in this bin"))
    rows = [
        (visits.zone, quantile(visits.median), quantile(visits.p90), seconds(visits.mean_s), percent(visits.lost_share))
        for visits in zones
    ]
    heads = ("Zone", "Median (bin)", "9 of 10 under (bin)", "Mean", "End not seen")
    return section("Length of visits", text, chart, marks, details("Table by zone", heads, rows))


def _funnel(report: Report) -> str:
    every = report.funnels[0]
    visits = one(every.passed / every.entered) if every.entered else NOTHING
    text = f"{whole(every.entered)} visitors made {visits} visits to zones each; from here on visits are counted."
    chart = charts.full(partial(charts.funnel, every))
    rows = [(funnel.zone or "all zones", *(whole(size) for _, size in funnel.steps[1:])) for funnel in report.funnels]
    numbers = details("Table by zone", ("Zone", "Passed", "Stopped", "Engaged", "Scanned", "Ordered"), rows)
    return section("From the door to the order", text, chart, numbers)


def _conversion(report: Report) -> str:
    title = f"Conversion {CHIP}"
    if report.online is None:
        return section(title, "The online shop delivered no scans or orders for these days.")
    found = report.online.conversions
    parts, rows = [], []
    for name, (heading, meaning) in FIGURES.items():
        figures = [(each.zone or "all zones", getattr(each, name)) for each in found]
        rows += [(zone, heading, ratio(figure.ratio), maturing(figure) or NOTHING) for zone, figure in figures]
        shown = [(zone, figure) for zone, figure in figures if figure.ratio or figure.maturing]
        if name in CHARTED and shown:
            chart = charts.half(partial(charts.shares, heading, shown))
            parts.append(f'<div><h3>{heading}</h3><p class="soft">{meaning}</p>{chart}</div>')
    marks = key(("dot", "with its 95 % interval"), ("hollow", "days that still mature"))
    text = f"Tagged orders only; the books cover {report.online.as_of}. People who buy without scanning are missing."
    numbers = details("Table of all figures", ("Zone", "Figure", "95 % interval", "Still maturing"), rows)
    return section(title, text, pair(*parts), marks, numbers)


def _trust(report: Report) -> str:
    total = report.total
    meters = [
        ("Found at a line", total.born_past_line, "first seen at or beyond a line: perhaps a missed crossing"),
        ("Lost at a line", total.died_at_line, "last seen there: perhaps a missed crossing"),
        ("Rejoined", total.rejoined, "lost and found while crossing, counted once"),
        ("Churn", total.births, "lost and found again in the middle of the picture"),
        ("Stitched", total.stitched, "visits to zones continued after such a loss"),
    ]
    rows = [(f"{name}\n{meaning}", whole(count), _per_100(count, total)) for name, count, meaning in meters]
    rows.append(("OUT per IN\nshould be 1 over whole days", _balance(total), ""))
    meters_table = table(("Meter", "Count", "Per 100 crossings"), rows)
    heads = ("Period", "OUT per IN", "Found", "Lost", "Rejoined", "Churn", "Watched h", "Open h")
    return section(
        "How far to trust the counts",
        "Known without anybody having counted along. An audit by hand says more.",
        f'<div class="scroll">{meters_table}</div>',
        details(f"Table by {report.by}", heads, _quality(report)),
    )


def _balance(facts: Traffic) -> str:
    return NOTHING if facts.balance is None else f"{facts.balance:.3f}"


def _per_100(count: int, total: Traffic) -> str:
    return one(100 * count / total.crossings) if total.crossings else NOTHING


def _quality(report: Report) -> list[tuple[str, ...]]:
    return [
        (
            facts.period.label, _balance(facts), whole(facts.born_past_line),
            whole(facts.died_at_line), whole(facts.rejoined), one(facts.churn), one(facts.watched_s / 3600),
            one(facts.open_s / 3600),
        )
        for facts in report.periods
    ]  # fmt: skip

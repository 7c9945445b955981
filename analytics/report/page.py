"""A report as one HTML page that asks for nothing else: no script, no font, no picture from outside.

The policy in its head forbids a browser every request. Charts stand beside tables with the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import partial
from html import escape
from importlib.resources import files

from analytics.estimate.wilson import share_interval
from analytics.report import charts
from analytics.report.facts import Report, Traffic, Visits
from analytics.report.tables import clock
from analytics.report.wording import (
    FIGURES, LOWER_BOUND, NOTHING, maturing, notes, one, percent, quantile, ratio, seconds, whole,
)  # fmt: skip

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_HATCHING = (
    '<svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs><pattern id="hatch" width="6" height="6" '
    'patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="hatching" d="M1 0V6"/></pattern></defs></svg>'
)


def page(report: Report) -> str:
    """The whole document."""
    title = escape(f"{report.site}, {report.first} to {report.last}")
    style = files("analytics.report").joinpath("page.css").read_text(encoding="utf-8")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">'
        f"<title>{title}</title><style>{style}</style></head><body>{_HATCHING}"
        + "\n".join(_body(report))
        + "</body></html>\n"
    )


def _body(report: Report) -> Iterator[str]:
    calendar = report.calendar
    yield (
        f'<header><h1>{escape(report.site)}</h1><p class="soft">{_day(report.first)} to {_day(report.last)} · business days '
        f"from {calendar.day_start:%H:%M} · {escape(calendar.zone.key)} time</p></header><main>"
    )
    yield _figures(report)
    yield _notes(report)
    yield _visitors(report)
    yield f'<div class="pair">{_inside(report)}{_week(report)}</div>'
    if report.zones:
        yield _zones(report)
        yield f'<div class="pair">{_funnel(report)}{_conversion(report)}</div>'
    yield _trust(report)
    yield (
        "</main><footer>Counted on the camera boxes; no picture and nothing about a person left them. Visitors are crossings "
        "inward less U-turns; somebody who comes twice counts twice.</footer>"
    )


def _day(day: date) -> str:
    return f'<time datetime="{day}">{day:%a} {day.day} {day:%b %Y}</time>'


def _figures(report: Report) -> str:
    total = report.total
    days = sum(day.watched_s > 0 for day in report.days)
    per_day = whole(total.visitors / days) if days else NOTHING
    low, high = share_interval(total.uturns, total.in_raw)
    turned = (
        f"turned round at the door ({100 * low:.1f}–{100 * high:.1f})" if total.in_raw else "turned round at the door"
    )
    engaged, ended = sum(zone.engaged for zone in report.zones), sum(zone.ended for zone in report.zones)
    figures = [
        ("Visitors", whole(total.visitors), f"{per_day} on each of {days} days with opening hours"),
        ("U-turns", percent(total.uturn_rate), turned),
        ("Inside at once", one(total.occupancy), f"people on average, {whole(total.peak)} at most"),
        ("Length of a visit", seconds(total.stay_s), "mean time out less mean time in"),
        (
            "Engaged visits",
            whole(engaged) if ended else NOTHING,
            f"{percent(engaged / ended if ended else None, 0)} of visits to zones",
        ),
        _converted(report),
        ("Staff", whole(total.staff_in), "times through the door, in no other number"),
        (
            "Coverage",
            percent(total.coverage),
            f"of {'the opening hours' if report.opening_known else 'all hours'} were watched",
        ),
    ]
    cells = (
        f'<div class="figure{"" if at else " first"}"><dt>{name}</dt><dd><b>{value}</b><small>{meaning}</small></dd></div>'
        for at, (name, value, meaning) in enumerate(figures)
    )
    return f'<dl class="figures">{"".join(cells)}</dl>'


def _converted(report: Report) -> tuple[str, str, str]:
    name = "7-day conversion"
    if report.online is None:
        return name, NOTHING, "the online shop delivered nothing yet"
    figure = report.online.conversions[0].conversion_7d
    found = figure.ratio or figure.maturing
    if found is None or found.value is None:
        return name, NOTHING, "too few orders to show"
    state = "" if figure.ratio else ", still maturing"
    return name, f"{100 * found.value:.2f} %", f"{_CHIP} {100 * found.low:.2f}–{100 * found.high:.2f}{state}"


_CHIP = f'<span class="chip" title="{LOWER_BOUND}">lower bound</span>'


def _notes(report: Report) -> str:
    found = notes(report)
    return (
        f'<section class="notes"><ul>{"".join(f"<li>{escape(note)}</li>" for note in found)}</ul></section>'
        if found
        else ""
    )


def _section(title: str, text: str, *parts: str) -> str:
    return f"<section><h2>{title}</h2><p>{text}</p>{''.join(parts)}</section>"


def _visitors(report: Report) -> str:
    by = "week" if report.chart is not report.periods else report.by
    key = _key(
        ("bar", "visitors"),
        ("whisker", "perhaps missed at the lines"),
        ("hatch", "not watched, share of the opening hours"),
    )
    chart = charts.both(partial(charts.visitors, report.chart, by))
    return _section(
        f"Visitors by {by}", "Settled: who turned round at the door is not among them.", chart, key, _periods(report)
    )


def _periods(report: Report) -> str:
    rows = [
        (
            facts.period.label, whole(facts.visitors), percent(facts.uturn_rate), whole(facts.staff_in),
            one(facts.occupancy), whole(facts.peak), seconds(facts.stay_s), percent(facts.coverage), whole(facts.unsure),
        )
        for facts in report.periods
    ]  # fmt: skip
    heads = (report.by.title(), "Visitors", "U-turns", "Staff", "Inside", "Peak", "Visit", "Coverage", "Perhaps missed")
    return _details(f"Table by {report.by}", heads, rows)


def _inside(report: Report) -> str:
    if not report.curve.mean:
        return _section("People inside", "Not known: no day was watched for long enough.")
    chart = charts.both(partial(charts.inside, report.curve), charts.HALF)
    key = _key(("curve", "mean of the days"), *([("band", "8 of 10 days")] if max(report.curve.days) > 1 else []))
    rows = [
        (clock(minute), one(mean), one(low), one(high), str(days))
        for minute, mean, low, high, days in zip(*vars(report.curve).values(), strict=True)
    ]
    table = _details(
        "Table by quarter of an hour", ("Local time", "Mean", "10 % of days below", "90 % below", "Days"), rows
    )
    return _section("People inside", "INs less OUTs since the business day began.", chart, key, table)


def _week(report: Report) -> str:
    hours = [hour for hour in range(24) if any(row[hour] is not None for row in report.grid)]
    if not hours:
        return _section("The week", "Nothing was watched.")
    rows = [
        (f"{hour:02d}:00", *(NOTHING if row[hour] is None else one(row[hour]) for row in report.grid)) for hour in hours
    ]
    table = _details("Table by hour", ("Hour", *(day.title() for day in charts.WEEKDAYS)), rows)
    chart = charts.both(partial(charts.week, report.grid), charts.HALF)
    return _section("The week", "Visitors per watched hour of opening time.", chart, table)


def _zones(report: Report) -> str:
    zones = report.zones
    bars = charts.both(partial(charts.classes, zones), charts.HALF)
    dwell = charts.both(partial(charts.dwell, zones), charts.HALF)
    classes = _key(("engaged", "engaged, 15 s and more"), ("stop", "stopped, 3 to 15 s"), ("pass", "passed by"))
    lengths = _key(("dot", "median"), ("hollow", "9 of 10 visits are shorter"), ("range", "sure to lie in this bin"))
    return (
        f'<div class="pair">{_section("Zones", "Visits that ended, by how long they were.", bars, classes, _zone_table(zones))}'
        f"{_section('Length of visits', 'From merged histograms: exact to the bin.', dwell, lengths, _lengths(zones))}</div>"
    )


def _zone_table(zones: Sequence[Visits]) -> str:
    rows = [
        (
            visits.zone,
            *map(whole, (visits.entered, visits.ended, visits.passed, visits.stopped, visits.engaged)),
            whole(visits.peak),
        )
        for visits in zones
    ]
    return _details("Table by zone", ("Zone", "Began", "Ended", "Pass", "Stop", "Engaged", "Peak"), rows)


def _lengths(zones: Sequence[Visits]) -> str:
    rows = [
        (visits.zone, quantile(visits.median), quantile(visits.p90), seconds(visits.mean_s), percent(visits.lost_share))
        for visits in zones
    ]
    return _details("Table by zone", ("Zone", "Median (bin)", "9 of 10 under (bin)", "Mean", "End not seen"), rows)


def _funnel(report: Report) -> str:
    every = report.funnels[0]
    visits = one(every.passed / every.entered) if every.entered else NOTHING
    text = f"{whole(every.entered)} visitors came in and made {visits} visits to zones each; from here on visits are counted."
    chart = charts.both(partial(charts.funnel, every), charts.HALF)
    rows = [(funnel.zone or "all zones", *(whole(size) for _, size in funnel.steps[1:])) for funnel in report.funnels]
    table = _details("Table by zone", ("Zone", "Passed", "Stopped", "Engaged", "Scanned", "Ordered"), rows)
    return _section("From the door to the order", text, chart, table)


def _conversion(report: Report) -> str:
    title = f"Conversion {_CHIP}"
    if report.online is None:
        return _section(title, "The online shop delivered no scans or orders for these days.")
    found = report.online.conversions
    parts = []
    for name, (heading, meaning) in FIGURES.items():
        rows = [(each.zone or "all zones", getattr(each, name)) for each in found]
        rows = [row for row in rows if row[1].ratio or row[1].maturing]
        if name != "conversion_7d" and rows:
            chart = charts.both(partial(charts.shares, heading, rows), charts.HALF)
            parts.append(f"<h3>{heading}</h3><p class=soft>{meaning}</p>{chart}")
    rows = [
        (each.zone or "all zones", heading, ratio(figure.ratio), maturing(figure) or NOTHING)
        for each in found
        for figure, (heading, _) in ((getattr(each, name), words) for name, words in FIGURES.items())
    ]
    key = _key(("dot", "with its 95 % interval"), ("hollow", "days that still mature"))
    text = f"Tagged orders only; the books cover {report.online.as_of}. People who buy without scanning are missing."
    return _section(
        title,
        text,
        *parts,
        key,
        _details("Table of all figures", ("Zone", "Figure", "95 % interval", "Still maturing"), rows),
    )


def _trust(report: Report) -> str:
    total = report.total
    meters = [
        ("Found at a line", total.born_past_line, "first seen at or beyond a line: perhaps a missed crossing"),
        ("Lost at a line", total.died_at_line, "last seen there: perhaps a missed crossing"),
        ("Rejoined", total.rejoined, "lost and found while crossing, counted once"),
        ("Churn", total.births, "lost and found again in the middle of the picture"),
        ("Stitched", total.stitched, "visits to zones continued after such a loss"),
    ]
    rows = [(name, whole(count), _per_100(count, total), meaning) for name, count, meaning in meters]
    balance = NOTHING if total.balance is None else f"{total.balance:.3f}"
    rows.append(("OUT per IN", balance, "", "should be 1 over whole days"))
    return _section(
        "How far to trust the counts",
        "Known without anybody having counted along. An audit by hand says more.",
        _table(("Meter", "Count", "Per 100 crossings", "Meaning"), rows, long=True),
        _details(
            f"Table by {report.by}",
            ("Period", "OUT per IN", "Found", "Lost", "Rejoined", "Churn", "Watched h", "Open h"),
            _quality(report),
        ),
    )


def _per_100(count: int, total: Traffic) -> str:
    return one(100 * count / total.crossings) if total.crossings else NOTHING


def _quality(report: Report) -> list[tuple[str, ...]]:
    return [
        (
            facts.period.label, NOTHING if facts.balance is None else f"{facts.balance:.3f}", whole(facts.born_past_line),
            whole(facts.died_at_line), whole(facts.rejoined), one(facts.churn), one(facts.watched_s / 3600),
            one(facts.open_s / 3600),
        )
        for facts in report.periods
    ]  # fmt: skip


def _key(*marks: tuple[str, str]) -> str:
    """What the shapes mean."""
    shapes = {
        "curve": '<path class="curve" d="M0 6H18"/>',
        "whisker": '<path class="whisker" d="M9 0V12"/>',
        "range": '<path class="range" d="M3 6H15"/>',
        "dot": '<circle class="dot" cx="9" cy="6" r="5"/>',
        "hollow": '<circle class="hollow" cx="9" cy="6" r="4.5"/>',
    }
    items = (
        f'<li><svg viewBox="0 0 18 12" aria-hidden="true" style="display:inline">'
        f"{shapes.get(kind, f'<rect class={kind!r} width=18 height=12 />')}</svg>{escape(text)}</li>"
        for kind, text in marks
    )
    return f'<ul class="key">{"".join(items)}</ul>'


def _details(summary: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    inner = _table(heads, rows)
    return f'<details><summary>{escape(summary)}</summary><div class="scroll" tabindex="0" role="region" aria-label="{escape(summary)}">{inner}</div></details>'


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, long: bool = False) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    body = []
    for first, *rest in rows:
        cells = [f"<td>{escape(value)}</td>" for value in rest]
        if long:
            cells[-1] = cells[-1].replace("<td>", '<td class="long">')
        body.append(f'<tr><th scope="row">{escape(first)}</th>{"".join(cells)}</tr>')
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
    return f'<div class="scroll">{table}</div>' if long else table

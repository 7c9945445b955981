"""A report as one HTML page that asks for nothing else: no script, no font, no picture from outside.

The policy in its head forbids a browser every request.
"""

from __future__ import annotations

from datetime import date
from html import escape
from importlib.resources import files

from analytics.estimate.wilson import share_interval
from analytics.report.elements import CHIP
from analytics.report.facts import Report, share
from analytics.report.sections import sections
from analytics.report.wording import NOTHING, notes, one, percent, seconds, whole

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_HEAD = (
    '<meta charset="utf-8">'
    f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<meta name="referrer" content="no-referrer">'
)
_HATCHING = (
    '<svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs>'
    '<pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<path class="hatching" d="M1 0V6"/></pattern></defs></svg>'
)
_FOOTER = (
    "Counted on the camera boxes; no picture and nothing about a person left them. Visitors are crossings inward less "
    "U-turns: who comes twice counts twice."
)


def page(report: Report) -> str:
    """The whole document."""
    title = escape(f"{report.site}, {report.first} to {report.last}")
    style = files("analytics.report").joinpath("page.css").read_text(encoding="utf-8")
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head>{_HEAD}<title>{title}</title><style>{style}</style></head>'
        f"<body>{_HATCHING}{_header(report)}<main>{_figures(report)}{_notes(report)}\n{sections(report)}</main>"
        f"<footer>{_FOOTER}</footer></body></html>\n"
    )


def _header(report: Report) -> str:
    calendar = report.calendar
    return (
        f'<header><h1>{escape(report.site)}</h1><p class="soft">{_day(report.first)} to {_day(report.last)} · '
        f"business days from {calendar.day_start:%H:%M} · {escape(calendar.zone.key)} time</p></header>"
    )


def _day(day: date) -> str:
    return f'<time datetime="{day}">{day:%a} {day.day} {day:%b %Y}</time>'


def _figures(report: Report) -> str:
    total = report.total
    days = sum(day.watched_s > 0 for day in report.days)
    engaged, ended = sum(zone.engaged for zone in report.zones), sum(zone.ended for zone in report.zones)
    watched = f"of {'opening' if report.opening_known else 'all'} hours were watched"
    figures = [
        ("Visitors", whole(total.visitors), f"{whole(share(total.visitors, days))} a day on {days} watched days"),
        ("U-turns", percent(total.uturn_rate), _turned(total.uturns, total.in_raw)),
        ("Inside at once", one(total.occupancy), f"people on average, {whole(total.peak)} at most"),
        ("Length of a visit", seconds(total.stay_s), "on average, from the times of all INs and OUTs"),
        ("Engaged visits", whole(engaged or None), f"{percent(share(engaged, ended), 0)} of visits to zones"),
        ("7-day conversion", *_converted(report)),
        ("Staff", whole(total.staff_in), "times through the door, in no other number"),
        ("Coverage", percent(total.coverage), watched),
    ]
    cells = (
        f'<div class="figure"><dt>{name}</dt><dd><b>{value}</b><small>{meaning}</small></dd></div>'
        for name, value, meaning in figures
    )
    return f'<dl class="figures">{"".join(cells)}</dl>'


def _turned(uturns: int, in_raw: int) -> str:
    low, high = share_interval(uturns, in_raw)
    return "turned round at the door" + (f" ({100 * low:.1f}–{100 * high:.1f})" if in_raw else "")


def _converted(report: Report) -> tuple[str, str]:
    if report.online is None:
        return NOTHING, "the online shop delivered nothing"
    figure = report.online.conversions[0].conversion_7d
    found = figure.ratio or figure.maturing
    if found is None or found.value is None:
        return NOTHING, "too few orders to show"
    state = "" if figure.ratio else ", still maturing"
    return f"{100 * found.value:.2f} %", f"{CHIP} {100 * found.low:.2f}–{100 * found.high:.2f}{state}"


def _notes(report: Report) -> str:
    items = "".join(f"<li>{escape(note)}</li>" for note in notes(report))
    return f'<section class="notes"><ul>{items}</ul></section>' if items else ""

"""How a report words its numbers, the same in a terminal and on the page. A dash where there is nothing to say."""

from __future__ import annotations

from math import isinf

from analytics.estimate.conversion import Figure
from analytics.estimate.histogram import Quantile
from analytics.estimate.wilson import Ratio
from analytics.report.facts import Report

NOTHING = "–"
LOWER_BOUND = "lower bound: people who buy without scanning are missing"
FIGURES = {
    "scan_rate": ("Scan rate", "scans per engaged visit"),
    "zone_conversion": ("Zone conversion", "orders within 30 days per engaged visit"),
    "conversion_7d": ("7-day conversion", "orders within 7 days of the scan per visitor"),
}
"""Name and meaning of each figure of a conversion."""


def whole(value: float | None) -> str:
    """A count.

    >>> whole(12345.4), whole(None)
    ('12,345', '–')
    """
    return NOTHING if value is None else f"{value:,.0f}"


def one(value: float | None) -> str:
    """With one digit after the point."""
    return NOTHING if value is None else f"{value:,.1f}"


def percent(value: float | None, digits: int = 1) -> str:
    """A share; never rounded up to a whole that it is not.

    >>> percent(0.0562), percent(0.99996), percent(1.0), percent(None)
    ('5.6 %', '99.9 %', '100 %', '–')
    """
    if value is None:
        return NOTHING
    if value == 1.0:
        return "100 %"
    text = f"{100 * value:.{digits}f}"
    return f"{text if float(text) != 100.0 else 100 - 10**-digits} %"


def seconds(value: float | None) -> str:
    """A length of time.

    >>> seconds(12.34), seconds(75), seconds(1016)
    ('12 s', '1 min 15 s', '17 min')
    """
    if value is None:
        return NOTHING
    if value < 60:
        return f"{value:.0f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s" if minutes < 5 and rest else f"{round(value / 60)} min"


def quantile(found: Quantile | None) -> str:
    """A quantile with the bin in which it is sure to lie.

    >>> quantile(Quantile(10.4, 8.0, 15.0)), quantile(Quantile(300.0, 300.0, float("inf")))
    ('10 s (8–15)', 'over 300 s')
    """
    if found is None:
        return NOTHING
    if isinf(found.high_s):
        return f"over {found.low_s:.0f} s"
    return f"{found.value_s:.0f} s ({found.low_s:.0f}–{found.high_s:.0f})"


def ratio(found: Ratio | None) -> str:
    """A ratio with its 95 % interval."""
    if found is None or found.value is None:
        return NOTHING
    return f"{100 * found.value:.2f} % ({100 * found.low:.2f}–{100 * found.high:.2f})"


def maturing(figure: Figure) -> str:
    """What the days that are too young show so far."""
    days = f"{figure.maturing_days} day{'s' if figure.maturing_days != 1 else ''}"
    return "" if figure.maturing is None else f"{ratio(figure.maturing)} so far from {days} that still mature"


def notes(report: Report) -> list[str]:
    """What a reader has to know to judge the numbers."""
    total, found = report.total, []
    if not report.opening_known:
        found.append("Opening hours are not known: coverage is the share of whole days.")
    if total.coverage is not None and total.coverage < 0.995:
        found.append(f"Watched {percent(total.coverage)} of the opening hours: what came in the rest is in no count.")
    if total.unsynced_s:
        found.append(f"For {seconds(total.unsynced_s)} a box did not know whether its clock was right.")
    if report.rows_missing:
        found.append(f"{whole(report.rows_missing)} rows have not arrived and were asked for again.")
    if report.online and report.online.left_out:
        days = ", ".join(day.isoformat() for day in report.online.left_out[:6])
        more = len(report.online.left_out) - 6
        found.append(f"Watched too little to take part in conversion: {days}{f' and {more} more' if more > 0 else ''}.")
    if report.online and any(not _audited(figure) for figure in _figures(report)):
        found.append("Nobody has audited the counts: intervals cover chance alone, not errors of counting.")
    return found


def _figures(report: Report) -> list[Figure]:
    conversions = report.online.conversions if report.online else ()
    return [getattr(found, name) for found in conversions for name in FIGURES]


def _audited(figure: Figure) -> bool:
    return figure.ratio is None or figure.ratio.audited

"""The tables of a report: plain values in named columns, the same for every way of writing them.

Units stand in the names: `_s` seconds, `_h` hours, `_rate` and `coverage` shares of 1. None: there is nothing to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isinf

from analytics.estimate.conversion import Figure
from analytics.estimate.histogram import Quantile
from analytics.estimate.wilson import Ratio
from analytics.report.facts import Report, Traffic, Visits
from analytics.report.opening import WEEKDAYS
from edge.core.message import utc_text

Value = str | int | float | bool | None


@dataclass(frozen=True)
class Table:
    """Rows of values, one for each column; a column holds values of one type or None."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]


def tables(report: Report) -> tuple[Table, ...]:
    """All of them, in the order in which one reads a report."""
    found = (_periods(report), _zones(report), _funnel(report), _conversion(report), _occupancy(report), _week(report))
    return (*found, _quality(report))


def _table(name: str, rows: list[dict[str, Value]]) -> Table:
    columns = tuple(rows[0]) if rows else ()
    return Table(name, columns, tuple(tuple(row.values()) for row in rows))


def _named(facts: Traffic | Visits) -> dict[str, Value]:
    period = facts.period
    return {"period": period.label, "begins": period.begins}


def _periods(report: Report) -> Table:
    rows: list[dict[str, Value]] = [
        _named(facts)
        | {
            "start_utc": utc_text(facts.period.start_s),
            "end_utc": utc_text(facts.period.end_s),
            "visitors": facts.visitors,
            "out": facts.out,
            "in_raw": facts.in_raw,
            "out_raw": facts.out_raw,
            "uturns": facts.uturns,
            "uturn_rate": _round(facts.uturn_rate, 4),
            "staff_in": facts.staff_in,
            "staff_out": facts.staff_out,
            "shopper_units": facts.shopper_units,
            "occupancy_mean": _round(facts.occupancy, 2),
            "occupancy_peak": facts.peak,
            "stay_s": _round(facts.stay_s, 0),
            "open_h": round(facts.open_s / 3600, 3),
            "watched_h": round(facts.watched_s / 3600, 3),
            "coverage": _round(facts.coverage, 4),
        }
        for facts in report.periods
    ]
    return _table("periods", rows)


def _zones(report: Report) -> Table:
    rows: list[dict[str, Value]] = [
        _named(visits)
        | {
            "zone": visits.zone,
            "entered": visits.entered,
            "passed": visits.passed,
            "stopped": visits.stopped,
            "engaged": visits.engaged,
            "left": visits.left,
            "lost": visits.lost,
            "capped": visits.capped,
            "left_s": round(visits.left_s, 2),
            "presence_s": round(visits.presence_s, 2),
            "peak": visits.peak,
            "mean_s": _round(visits.mean_s, 2),
        }
        | _quantile("median", visits.median)
        | _quantile("p90", visits.p90)
        | {f"h{at}": count for at, count in enumerate(visits.histogram)}
        for visits in report.zone_periods
    ]
    return _table("zones", rows)


def _quantile(name: str, found: Quantile | None) -> dict[str, Value]:
    if found is None:
        return {f"{name}_s": None, f"{name}_low_s": None, f"{name}_high_s": None}
    high_s = None if isinf(found.high_s) else found.high_s
    return {f"{name}_s": round(found.value_s, 2), f"{name}_low_s": found.low_s, f"{name}_high_s": high_s}


def _funnel(report: Report) -> Table:
    rows: list[dict[str, Value]] = [{"zone": funnel.zone or "(all)", **dict(funnel.steps)} for funnel in report.funnels]
    return _table("funnel", rows)


def _conversion(report: Report) -> Table:
    rows: list[dict[str, Value]] = []
    for found in report.online.conversions if report.online else ():
        for name in ("scan_rate", "zone_conversion", "conversion_7d"):
            figure: Figure = getattr(found, name)
            for state, ratio in (("mature", figure.ratio), ("maturing", figure.maturing)):
                if ratio is not None:
                    rows.append(
                        {"zone": found.zone or "(all)", "figure": name, "state": state, **_ratio(ratio, found.label)}
                    )
    return _table("conversion", rows)


def _ratio(ratio: Ratio, label: str) -> dict[str, Value]:
    return {
        "hits": ratio.hits,
        "of": ratio.of,
        "value": _round(ratio.value, 6),
        "low": round(ratio.low, 6),
        "high": None if isinf(ratio.high) else round(ratio.high, 6),
        "audited": ratio.audited,
        "label": label,
    }


def _occupancy(report: Report) -> Table:
    curve = report.curve
    rows: list[dict[str, Value]] = [
        {"local_time": clock(minute), "mean": round(mean, 2), "p10": round(low, 2), "p90": round(high, 2), "days": days}
        for minute, mean, low, high, days in zip(
            curve.minutes, curve.mean, curve.low, curve.high, curve.days, strict=True
        )
    ]
    return _table("occupancy", rows)


def _week(report: Report) -> Table:
    rows: list[dict[str, Value]] = [
        {"weekday": weekday, "hour": hour, "visitors_per_hour": _round(report.grid[day][hour], 2)}
        for day, weekday in enumerate(WEEKDAYS)
        for hour in range(24)
    ]
    return _table("week", rows)


def _quality(report: Report) -> Table:
    rows: list[dict[str, Value]] = [
        _named(facts)
        | {
            "crossings": facts.crossings,
            "balance": _round(facts.balance, 4),
            "rejoined": facts.rejoined,
            "born_past_line": facts.born_past_line,
            "died_at_line": facts.died_at_line,
            "static": facts.static,
            "births": facts.births,
            "deaths": facts.deaths,
            "churn_per_100": _round(facts.churn, 2),
            "stitched": facts.stitched,
            "unsynced_s": facts.unsynced_s,
        }
        for facts in report.periods
    ]
    return _table("quality", rows)


def clock(minute: int) -> str:
    """A local time of a business day.

    >>> clock(570), clock(1530)
    ('09:30', '01:30')
    """
    return f"{minute // 60 % 24:02d}:{minute % 60:02d}"


def _round(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)

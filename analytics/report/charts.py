"""The charts of the page: figures in, SVG out. Each is drawn for wide and for narrow windows.

No library draws them: see docs/decisions/0014. A hatched area was not watched; a line at the end of
a bar or through a dot is how far it may be off.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from analytics.estimate.conversion import Figure
from analytics.estimate.histogram import EDGES_S, Quantile
from analytics.estimate.wilson import Ratio
from analytics.report.facts import Curve, Funnel, Traffic, Visits
from analytics.report.opening import WEEKDAYS
from analytics.report.svg import Drawing, ticks
from analytics.report.tables import clock
from analytics.report.wording import one, percent, quantile, ratio, whole

WIDE, MIDDLE, HALF, NARROW = 1000.0, 640.0, 480.0, 300.0
WATCHED = 0.995
"""A period watched for less than this share of its opening hours is hatched in part."""
TOP, BOTTOM, LEFT = 12.0, 24.0, 42.0
LABEL_PX = 58.0
ROW_PX = 44.0


def full(draw: Callable[[float, str], str]) -> str:
    """A chart across the page, for each width of windows; the style sheet shows one."""
    return draw(WIDE, "wide") + draw(MIDDLE, "middle") + draw(NARROW, "small")


def half(draw: Callable[[float, str], str]) -> str:
    """A chart that shares its row with another one where the window is wide enough."""
    return draw(HALF, "wide") + draw(NARROW, "narrow")


def visitors(periods: Sequence[Traffic], by: str, width: float, fit: str) -> str:
    """Bars of visitors, with what may have been missed at the lines and what was not watched."""
    height = 260.0 if width > NARROW else 220.0
    most = max((facts.visitors + facts.unsure for facts in periods), default=0)
    desc = f"Bars for {len(periods)} {by}s, at most {whole(most)} visitors; the table below has every number."
    drawing = Drawing(f"visitors-{fit}", width, height, title=f"Visitors by {by}", desc=desc, fit=fit)
    up = _y_axis(drawing, most, height)
    slot = (width - LEFT) / max(1, len(periods))
    bar = max(1.0, min(slot * 0.72, 46.0)) if slot > 3 else slot
    whisker = "whisker" if slot > 8 else "whisker thin"
    for at, facts in enumerate(periods):
        x = LEFT + at * slot
        if facts.coverage is not None and facts.coverage < WATCHED:
            missing = slot * (1.0 - facts.coverage)
            drawing.rect(x + slot - missing, TOP, missing, height - TOP - BOTTOM, "hatch", hint=_hint(facts))
        top = up(facts.visitors)
        drawing.rect(x + (slot - bar) / 2, top, bar, height - BOTTOM - top, "bar", hint=_hint(facts))
        if facts.unsure and facts.visitors:
            drawing.line((x + slot / 2, top), (x + slot / 2, up(facts.visitors + facts.unsure)), whisker)
    _period_labels(drawing, periods, by, slot, height)
    return drawing.svg()


def _hint(facts: Traffic) -> str:
    parts = [f"{facts.period.label}: {whole(facts.visitors)} visitors"]
    if facts.coverage is not None and facts.coverage < WATCHED:
        parts.append(f"watched {percent(facts.coverage)} of the opening hours")
    if facts.unsure:
        parts.append(f"{whole(facts.unsure)} perhaps missed at the lines")
    return ", ".join(parts)


def _y_axis(drawing: Drawing, most: float, height: float) -> Callable[[float], float]:
    top = most or 1.0

    def up(value: float) -> float:
        return height - BOTTOM - (height - TOP - BOTTOM) * value / top

    for mark in (mark for mark in ticks(top, 4) if mark <= top):
        drawing.line((LEFT, up(mark)), (drawing.width, up(mark)), "grid" if mark else "axis")
        drawing.text(LEFT - 6, up(mark) + 4, whole(mark) if mark == int(mark) else one(mark), anchor="end")
    return up


def _period_labels(drawing: Drawing, periods: Sequence[Traffic], by: str, slot: float, height: float) -> None:
    free_from = LEFT
    shown = ""
    for at, facts in enumerate(periods):
        began = datetime.fromisoformat(facts.period.begins)
        x = LEFT + at * slot + (slot / 2 if slot > 24 else 0)
        label = began.strftime("%H:%M") if by == "hour" and not _opens_day(periods, at) else f"{began.day} {began:%b}"
        if by == "week" and len(periods) > 20:
            label = f"{began:%b %Y}" if began.month == 1 or not shown else f"{began:%b}"
            if f"{began:%b}" == shown[:3]:
                continue
        elif by == "day" and len(periods) > 14 and began.weekday():
            continue
        if x >= free_from and x + 20 < drawing.width:
            drawing.text(x, height - 6, label, anchor="middle" if slot > 24 else "start")
            free_from, shown = x + max(LABEL_PX, 7.0 * len(label) + 12.0), label


def _opens_day(periods: Sequence[Traffic], at: int) -> bool:
    """Whether an hour is the first of its business day in the chart."""
    return at == 0 or periods[at].period.begins[11:16] == periods[0].period.begins[11:16]


def inside(curve: Curve, width: float, fit: str) -> str:
    """People inside over the day: mean line, and the band between the 10th and the 90th percentile of the days."""
    height = 240.0
    most = max(curve.high, default=0.0)
    at = max(range(len(curve.mean)), key=curve.mean.__getitem__)
    busiest = f"{clock(curve.minutes[at])}: {one(curve.mean[at])}"
    desc = f"Mean over up to {max(curve.days)} days; the most at {busiest} people. The table below has every number."
    drawing = Drawing(f"inside-{fit}", width, height, title="People inside over the day", desc=desc, fit=fit)
    up = _y_axis(drawing, most, height)
    first, last = curve.minutes[0], curve.minutes[-1] + 15

    def across(minute: float) -> float:
        return LEFT + (width - LEFT - 8) * (minute - first) / (last - first)

    step = 60 * next(hours for hours in (1, 2, 3, 4, 6) if hours * (width - LEFT) * 60 / (last - first) > LABEL_PX)
    for mark in range(-(-first // 60) * 60, last + 1, step):
        drawing.text(across(mark), height - 6, clock(mark), anchor="start" if mark == first else "middle")
    middles = [across(minute + 7.5) for minute in curve.minutes]
    band = [
        *zip(middles, map(up, curve.high), strict=True),
        *reversed([*zip(middles, map(up, curve.low), strict=True)]),
    ]
    if max(curve.days) > 1:
        drawing.path(band, "band", closed=True)
    drawing.path(zip(middles, map(up, curve.mean), strict=True), "curve")
    drawing.dot(middles[at], up(curve.mean[at]), 4, "dot", busiest)
    drawing.text(middles[at], up(curve.mean[at]) - 10, busiest, "strong", "end" if middles[at] > width / 2 else "start")
    return drawing.svg()


def week(grid: Mapping[int, Sequence[float | None]], width: float, fit: str) -> str:
    """Visitors per hour by weekday (0 is Monday) and hour, darker for more; hours without opening time are left out."""
    hours = [hour for hour in range(24) if any(row[hour] is not None for row in grid.values())]
    hours = list(range(hours[0], hours[-1] + 1))
    most = max(rate for row in grid.values() for rate in row if rate is not None) or 1.0
    label, top, tall = 36.0, 20.0, 28.0
    cell = (width - label) / len(hours)
    drawing = Drawing(
        f"week-{fit}", width, top + tall * len(grid), title="Visitors per hour by weekday",
        desc=f"At most {one(most)} visitors an hour; the table below has every number.", fit=fit,
    )  # fmt: skip
    every = 1 if cell > 26 else 2 if cell > 13 else 4
    for at, hour in enumerate(hours):
        if at % every == 0:
            drawing.text(label + (at + 0.5) * cell, 12, f"{hour}", anchor="middle")
    for row, (day, rates) in enumerate(grid.items()):
        drawing.text(0, top + row * tall + 18, WEEKDAYS[day].title())
        if all(rate is None for rate in rates):
            drawing.text(label + 6, top + row * tall + 18, "closed")
        for at, hour in enumerate(hours):
            rate = rates[hour]
            if rate is not None:
                x, y, strength = label + at * cell, top + row * tall, 0.08 + 0.87 * rate / most
                hint = f"{WEEKDAYS[day].title()} {hour}:00: {one(rate)} visitors an hour"
                drawing.rect(x + 1, y + 1, cell - 2, tall - 2, "bar", hint=hint, strength=strength)
                if cell > 20:
                    shade = "weak" if strength < 0.6 else "middle" if strength < 0.83 else "strong"
                    drawing.text(x + cell / 2, y + 18, f"{rate:.0f}", f"on-{shade}", "middle")
    return drawing.svg()


def classes(zones: Sequence[Visits], width: float, fit: str) -> str:
    """Visits of each zone as one bar: passed by, stopped, engaged."""
    most = max((visits.ended for visits in zones), default=0) or 1
    desc = "; ".join(
        f"{visits.zone}: {whole(visits.ended)} visits, {whole(visits.engaged)} engaged" for visits in zones
    )
    drawing = Drawing(f"classes-{fit}", width, ROW_PX * len(zones) + 4, title="Visits by zone", desc=desc, fit=fit)
    for row, visits in enumerate(zones):
        y, x = row * ROW_PX, 0.0
        drawing.text(0, y + 14, visits.zone, "strong")
        drawing.text(width, y + 14, f"{whole(visits.ended)} visits", anchor="end")
        for kind, count in (("engaged", visits.engaged), ("stop", visits.stopped), ("pass", visits.passed)):
            length = width * count / most
            share = percent(count / visits.ended if visits.ended else None, 0)
            drawing.rect(
                x, y + 21, max(0.0, length - 1), 15, kind, hint=f"{visits.zone}, {kind}: {whole(count)}, {share}"
            )
            if length > 44:
                drawing.text(x + 6, y + 32.5, share, f"on-{kind}")
            x += length
    return drawing.svg()


def dwell(zones: Sequence[Visits], width: float, fit: str) -> str:
    """Median and 90th percentile of the visits of each zone, each with the bin in which it is sure to lie."""
    desc = "; ".join(f"{visits.zone}: median {quantile(visits.median)}, p90 {quantile(visits.p90)}" for visits in zones)
    height = ROW_PX * len(zones) + 26
    drawing = Drawing(f"dwell-{fit}", width, height, title="Length of visits by zone", desc=desc, fit=fit)
    right = 30.0
    for at, edge in enumerate(EDGES_S):
        x = (width - right) * at / (len(EDGES_S) - 1)
        drawing.line((x, 18), (x, height - 22), "grid")
        drawing.text(
            x, height - 6, f"{edge:g}" + (" s" if edge == EDGES_S[-1] else ""), anchor="start" if not at else "middle"
        )
    for row, visits in enumerate(zones):
        y = row * ROW_PX
        drawing.text(0, y + 14, visits.zone, "strong")
        drawing.text(width, y + 14, quantile(visits.median).partition(" (")[0], anchor="end")
        for found, kind in ((visits.p90, "hollow"), (visits.median, "dot")):
            if found is not None:
                name = "median" if kind == "dot" else "90th percentile"
                hint = f"{visits.zone}: {name} {quantile(found)}"
                low, value, high = (_across_bins(at) * (width - right) for at in _marks(found))
                drawing.line((low, y + 29), (min(high, width), y + 29), "range" if kind == "dot" else "range faint")
                drawing.dot(value, y + 29, 5, kind, hint)
    return drawing.svg()


def _marks(found: Quantile) -> tuple[float, float, float]:
    return found.low_s, found.value_s, found.high_s


def _across_bins(value_s: float) -> float:
    """Place on an axis on which every closed bin is equally wide, 0 to 1; a little over 1 in the open one."""
    at = bisect_right(EDGES_S, value_s) - 1
    if at == len(EDGES_S) - 1:
        return 1.0 if value_s == EDGES_S[-1] else 1.2
    return (at + (value_s - EDGES_S[at]) / (EDGES_S[at + 1] - EDGES_S[at])) / (len(EDGES_S) - 1)


def funnel(steps: Funnel, width: float, fit: str) -> str:
    """From visits to zones down to orders; the share is that of the step above."""
    names = {
        "passed": "came to a display",
        "stopped": "stopped",
        "engaged": "engaged",
        "scanned": "scanned the code",
        "ordered": "ordered",
    }
    rows = [(names[name], size) for name, size in steps.steps[1:] if size is not None]
    most = max((size for _, size in rows), default=0) or 1
    desc = f"{whole(steps.entered)} visitors; " + ", ".join(f"{name} {whole(size)}" for name, size in rows)
    drawing = Drawing(f"funnel-{fit}", width, ROW_PX * len(rows) + 4, title="Funnel", desc=desc, fit=fit)
    before: int | None = None
    for row, (name, size) in enumerate(rows):
        y = row * ROW_PX
        drawing.text(0, y + 14, name, "strong")
        of = f" · {percent(size / before)} of those above" if before else ""
        drawing.text(width, y + 14, whole(size) + of, anchor="end")
        drawing.rect(0, y + 21, width, 15, "track")
        drawing.rect(0, y + 21, max(1.5, width * size / most), 15, "bar", hint=f"{name}: {whole(size)}")
        before = size
    return drawing.svg()


def shares(name: str, rows: Sequence[tuple[str, Figure]], width: float, fit: str) -> str:
    """A ratio for each zone as a dot with its 95 % interval; hollow while its days still mature."""
    found = [item for _, figure in rows for item in (figure.ratio, figure.maturing) if item is not None]
    most = ticks(100 * max((item.high for item in found if item.value is not None), default=0.01), 4)
    desc = "; ".join(f"{zone}: {ratio(figure.ratio)}" for zone, figure in rows)
    height = ROW_PX * len(rows) + 24
    drawing = Drawing(
        f"{name.replace(' ', '-')}-{fit}", width, height, title=f"{name}, lower bound", desc=desc, fit=fit
    )
    right = width - 12
    scale = 100 * right / most[-1]
    for at, mark in enumerate(most):
        x = right * mark / most[-1]
        drawing.line((x, 18), (x, height - 20), "grid")
        drawing.text(x, height - 4, f"{mark:g} %", anchor="middle" if at else "start")
    for row, (zone, figure) in enumerate(rows):
        y = row * ROW_PX
        drawing.text(0, y + 14, zone, "strong")
        drawing.text(width, y + 14, ratio(figure.ratio or figure.maturing), anchor="end")
        if figure.maturing is not None:
            _share(drawing, zone, figure.maturing, y=y + (37 if figure.ratio else 27), scale=scale, young=True)
        if figure.ratio is not None:
            _share(drawing, zone, figure.ratio, y=y + 27, scale=scale, young=False)
    return drawing.svg()


def _share(drawing: Drawing, zone: str, item: Ratio, *, y: float, scale: float, young: bool) -> None:
    if item.value is None:
        return
    drawing.line((item.low * scale, y), (min(item.high * scale, drawing.width), y), "range faint" if young else "range")
    drawing.dot(item.value * scale, y, 3.5 if young else 5, "hollow" if young else "dot", f"{zone}: {ratio(item)}")

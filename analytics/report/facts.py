"""The figures of a report, frozen, with what follows from them. Knows no database, no file and no way of showing them.

Sums are exact; a share is None where there is nothing to take a share of, never 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from analytics.estimate.conversion import Conversion
from analytics.estimate.histogram import EDGES_S, Quantile, quantile
from analytics.report.periods import By, Calendar, Period


def share(part: float, whole: float) -> float | None:
    """The quotient, or None where there is no whole.

    >>> share(1, 4), share(1, 0)
    (0.25, None)
    """
    return part / whole if whole > 0 else None


@dataclass(frozen=True)
class Traffic:
    """What the lines of a site counted in a period; `in` of the wire is `visitors`.

    Attributes:
        visitors, out: Settled: without U-turns. Staff are in neither.
        in_raw, out_raw: Every crossing.
        uturns: Pairs of opposite crossings that cancelled.
        staff_in, staff_out: Crossings of staff, in no other count.
        shopper_units: Visitors, with those who came together counted as one.
        open_s: Opening time of the period up to now, s.
        watched_s: How much of it was watched, mean over the lines, s.
        rejoined, born_past_line, died_at_line, static, births, deaths, stitched: As on the wire.
        unsynced_s: Time of rows whose clock may have been wrong, s.
        presence_s: Person-seconds inside in the opening time for which that is known.
        known_s: How much of the opening time that is, s.
        stay_s: Mean length of a visit without knowing anybody: mean time of OUT less mean time of IN, over the
            days that were watched and on which IN and OUT agree, s; None where there is no such day.
        peak: Most people inside at the end of a quarter of an hour; None where it is never known.
    """

    period: Period
    visitors: int = 0
    out: int = 0
    in_raw: int = 0
    out_raw: int = 0
    uturns: int = 0
    staff_in: int = 0
    staff_out: int = 0
    shopper_units: int = 0
    rejoined: int = 0
    born_past_line: int = 0
    died_at_line: int = 0
    static: int = 0
    births: int = 0
    deaths: int = 0
    stitched: int = 0
    unsynced_s: float = 0.0
    open_s: float = 0.0
    watched_s: float = 0.0
    presence_s: float = 0.0
    known_s: float = 0.0
    stay_s: float | None = None
    peak: int | None = None

    @property
    def coverage(self) -> float | None:
        """Share of the opening hours that was watched."""
        found = share(self.watched_s, self.open_s)
        return None if found is None else min(1.0, found)

    @property
    def uturn_rate(self) -> float | None:
        """Share of those who stepped in and turned round at once."""
        return share(self.uturns, self.in_raw)

    @property
    def occupancy(self) -> float | None:
        """People inside, mean over the opening time for which it is known."""
        return share(self.presence_s, self.known_s)

    @property
    def balance(self) -> float | None:
        """OUT per IN; over a day it should be 1."""
        return share(self.out, self.visitors)

    @property
    def crossings(self) -> int:
        """All of them, both ways."""
        return self.in_raw + self.out_raw

    @property
    def churn(self) -> float | None:
        """People lost from sight and found again in the middle of the picture, per 100 crossings."""
        return share(100.0 * self.births, self.crossings)

    @property
    def unsure(self) -> int:
        """Tracks lost or found at a line: at most so many crossings were missed there, in either direction."""
        return self.born_past_line + self.died_at_line


@dataclass(frozen=True)
class Visits:
    """What a zone counted in a period.

    Attributes:
        passed, stopped, engaged: Visits ended, by class of length.
        left, lost, capped: The same visits, by how they ended.
        left_s: Sum of the lengths of those that left, s.
        presence_s: Person-seconds inside.
        peak: Most people inside at once.
        histogram: Visits ended by bin of `EDGES_S`; the last few may wait at the box for a later row.
    """

    zone: str
    period: Period
    entered: int = 0
    passed: int = 0
    stopped: int = 0
    engaged: int = 0
    left: int = 0
    lost: int = 0
    capped: int = 0
    stitched: int = 0
    left_s: float = 0.0
    presence_s: float = 0.0
    peak: int = 0
    histogram: tuple[int, ...] = (0,) * len(EDGES_S)

    @property
    def ended(self) -> int:
        """Visits of all classes."""
        return self.passed + self.stopped + self.engaged

    @property
    def mean_s(self) -> float | None:
        """Mean length of the visits whose end was seen."""
        return share(self.left_s, self.left)

    @property
    def median(self) -> Quantile | None:
        """Half of the visits are at most this long."""
        return quantile(self.histogram, 0.5)

    @property
    def p90(self) -> Quantile | None:
        """Nine of ten visits are at most this long."""
        return quantile(self.histogram, 0.9)

    @property
    def lost_share(self) -> float | None:
        """Share of the visits whose end was not seen, so that their length is a lower bound."""
        return share(self.lost, self.ended)


@dataclass(frozen=True)
class Funnel:
    """From the door to the order, for a zone or (zone None) for all of them together.

    Attributes:
        entered: Visitors of the site.
        passed: Visits to the zone of any length; for all zones together a visitor may make several.
        stopped: Visits of at least the class `stop`.
        engaged: Visits of the class `engaged`.
        scanned, ordered: From the online shop; None: it delivered nothing for the period, or too little to be shown.
    """

    zone: str | None
    entered: int
    passed: int
    stopped: int
    engaged: int
    scanned: int | None
    ordered: int | None

    @property
    def steps(self) -> tuple[tuple[str, int | None], ...]:
        """Names and sizes, in order."""
        names = ("entered", "passed", "stopped", "engaged", "scanned", "ordered")
        return tuple((name, getattr(self, name)) for name in names)


@dataclass(frozen=True)
class Curve:
    """People inside over the day, for each local quarter of an hour at which it was known.

    Attributes:
        minutes: Minutes after local midnight; beyond 1440 after midnight within the business day.
        mean, low, high: Over the days: mean, 10th and 90th percentile.
        days: How many days each is from.
    """

    minutes: tuple[int, ...] = ()
    mean: tuple[float, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    days: tuple[int, ...] = ()


@dataclass(frozen=True)
class Online:
    """What became of the visits in the online shop; lower bounds.

    Attributes:
        as_of: Last day that the online shop's books cover.
        conversions: The site first, then its zones that are large enough to be shown.
        left_out: Days that were not watched for long enough to take part.
    """

    as_of: date
    conversions: tuple[Conversion, ...]
    left_out: tuple[date, ...]


@dataclass(frozen=True)
class Report:
    """Everything that is shown, of one site.

    Attributes:
        by: Length of the periods.
        first, last: Business days, both included.
        total: All of it.
        periods: Hours, days or weeks.
        days: The business days, whatever `by` is.
        chart: The periods to draw: `periods`, or weeks where those are too many days to tell apart.
        zones: All of it, by zone.
        zone_periods: By period and zone.
        grid: Visitors per watched hour by weekday (0 is Monday) and local hour; None where nothing was watched.
        funnels: All zones together first.
        online: None where the online shop delivered nothing.
        opening_known: Whether opening hours were told; else coverage is of the whole day.
        rows_missing: Rows that the database knows to be missing.
    """

    site: str
    calendar: Calendar
    by: By
    first: date
    last: date
    total: Traffic
    periods: tuple[Traffic, ...]
    days: tuple[Traffic, ...]
    chart: tuple[Traffic, ...]
    zones: tuple[Visits, ...]
    zone_periods: tuple[Visits, ...]
    curve: Curve
    grid: tuple[tuple[float | None, ...], ...]
    funnels: tuple[Funnel, ...]
    online: Online | None
    opening_known: bool
    rows_missing: int

    @property
    def dates(self) -> tuple[date, ...]:
        """The business days."""
        return tuple(self.first + timedelta(days=at) for at in range((self.last - self.first).days + 1))

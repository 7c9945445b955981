"""Business days, weeks and hours of a site, as spans of UTC.

Rows carry UTC alone; time zone and business day are labels for the reader, so a change of the clock never splits or
doubles a row. A local hour that happens twice is two periods, one that is skipped is none, and half an hour that is
left of one (Lord Howe moves its clocks by 30 minutes) is a period of 30 minutes. This file knows no database.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

By = Literal["hour", "day", "week"]
Int64 = npt.NDArray[np.int64]

QUARTER_S = 900
"""The grid of a report: today every zone's clock differs from UTC by whole quarters of an hour."""
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """A span [start_s, end_s) of UTC seconds with its local name.

    Attributes:
        label: For people: `2026-10-25`, `2026-W43` or `2026-10-25 02:00 +01:00`.
        begins: Local time with its offset, ISO 8601: never ambiguous.
    """

    start_s: int
    end_s: int
    label: str
    begins: str

    @property
    def hours(self) -> float:
        """How long it really lasts: 23 or 25 for some days, 0.5 for some hours."""
        return (self.end_s - self.start_s) / 3600


@dataclass(frozen=True)
class Calendar:
    """How a site names its time.

    Attributes:
        zone: Its time zone.
        day_start: Local time at which a business day begins, on a quarter of an hour.

    >>> berlin = Calendar(ZoneInfo("Europe/Berlin"))
    >>> [day.hours for day in berlin.days(date(2026, 10, 23), date(2026, 10, 25))]
    [24.0, 25.0, 24.0]
    >>> [hour.label for hour in berlin.hours(date(2026, 10, 24), date(2026, 10, 24))][21:25]
    ['2026-10-25 01:00 +02:00', '2026-10-25 02:00 +02:00', '2026-10-25 02:00 +01:00', '2026-10-25 03:00 +01:00']
    """

    zone: ZoneInfo
    day_start: time = time(4)

    def __post_init__(self) -> None:
        if self.day_start.minute % 15 or self.day_start.second:
            raise ValueError(f"expected a business day that begins on a quarter of an hour, got {self.day_start}")

    def begins(self, day: date) -> int:
        """The first UTC second of a business day: the first instant at which the clock shows its start or more."""
        start_s = int(datetime.combine(day, self.day_start, self.zone).timestamp())
        while self._labelled(start_s - QUARTER_S) >= day:  # its start is skipped on this day
            start_s -= QUARTER_S
        return start_s

    def _labelled(self, utc_s: int) -> date:
        local = self.local(utc_s)
        return local.date() if local.time() >= self.day_start else local.date() - DAY

    def day_of(self, utc_s: int) -> date:
        """The business day in which an instant lies."""
        day = self._labelled(utc_s) + DAY
        while self.begins(day) > utc_s:
            day -= DAY
        return day

    def local(self, utc_s: int) -> datetime:
        """The clock on the wall."""
        return datetime.fromtimestamp(utc_s, self.zone)

    def days(self, first: date, last: date) -> tuple[Period, ...]:
        """The business days from `first` to `last`, both included."""
        names = [first + DAY * index for index in range((last - first).days + 2)]
        edges = [self.begins(day) for day in names]
        return tuple(
            self._period(start, end, day.isoformat())
            for start, end, day in zip(edges[:-1], edges[1:], names[:-1], strict=True)
        )

    def weeks(self, first: date, last: date) -> tuple[Period, ...]:
        """The ISO weeks (from Monday) that hold these days, cut off at `first` and `last`."""
        mondays = [first, *(day for day in _dates(first + DAY, last) if day.weekday() == 0), last + DAY]
        return tuple(
            self._period(self.begins(day), self.begins(after), "{}-W{:02d}".format(*day.isocalendar()[:2]))
            for day, after in pairwise(mondays)
        )

    def hours(self, first: date, last: date) -> tuple[Period, ...]:
        """The clock hours of these days; cut at every full local hour and where the clock is moved."""
        return tuple(hour for day in self.days(first, last) for hour in self._hours(day))

    def _hours(self, day: Period) -> Iterator[Period]:
        quarters = range(day.start_s, day.end_s, QUARTER_S)
        shown = [self.local(quarter) for quarter in quarters]
        keys = [(local.hour, local.utcoffset()) for local in shown]
        cuts = [0, *(index for index in range(1, len(keys)) if keys[index] != keys[index - 1]), len(keys)]
        form = "%Y-%m-%d %H:%M" if len({offset for _, offset in keys}) == 1 else "%Y-%m-%d %H:%M %:z"
        for cut, after in pairwise(cuts):
            yield self._period(quarters[cut], day.start_s + after * QUARTER_S, _shown(shown[cut], form))

    def _period(self, start_s: int, end_s: int, label: str) -> Period:
        return Period(start_s, end_s, label, self.local(start_s).isoformat())

    def split(self, first: date, last: date, by: By) -> tuple[Period, ...]:
        """The periods of one kind."""
        return {"hour": self.hours, "day": self.days, "week": self.weeks}[by](first, last)


@dataclass(frozen=True)
class Quarters:
    """The quarter hours of some business days.

    Attributes:
        start_s: UTC second at which each begins, int64 (Q,).
        local_s: The same as the clock on the wall shows it, seconds since 1970 by that clock, int64 (Q,).
        day: Index of its business day, 0 for the first, int64 (Q,).
        first: The first business day.
    """

    start_s: Int64
    local_s: Int64
    day: Int64
    first: date

    @property
    def minute(self) -> Int64:
        """Minute of the local day, 0 to 1439, int64 (Q,)."""
        return self.local_s % 86400 // 60

    @property
    def weekday(self) -> Int64:
        """Of the business day, 0 is Monday, int64 (Q,)."""
        return (self.day + self.first.weekday()) % 7

    def index_in(self, periods: tuple[Period, ...]) -> Int64:
        """In which of adjoining periods each quarter lies, int64 (Q,)."""
        edges = np.array([period.start_s for period in periods], dtype=np.int64)
        return np.searchsorted(edges, self.start_s, side="right").astype(np.int64) - 1


def quarters(calendar: Calendar, first: date, last: date) -> Quarters:
    """The quarter hours of the business days from `first` to `last`."""
    days = calendar.days(first, last)
    start_s = np.arange(days[0].start_s, days[-1].end_s, QUARTER_S, dtype=np.int64)
    whole = Quarters(start_s, start_s, np.zeros_like(start_s), first)
    return Quarters(start_s, start_s + _offsets_s(calendar, start_s), whole.index_in(days), first)


def _offsets_s(calendar: Calendar, start_s: Int64) -> Int64:
    """Seconds by which local time is ahead of UTC; each instant is looked up only on days that move the clock."""
    offsets = np.empty_like(start_s)
    for begin in range(0, start_s.size, 96):
        part = slice(begin, min(begin + 97, start_s.size))
        ends = {_offset_s(calendar, int(start_s[part.start])), _offset_s(calendar, int(start_s[part.stop - 1]))}
        offsets[part] = ends.pop() if len(ends) == 1 else [_offset_s(calendar, int(at)) for at in start_s[part]]
    return offsets


def _offset_s(calendar: Calendar, utc_s: int) -> int:
    offset = calendar.local(utc_s).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


def _dates(first: date, last: date) -> Iterator[date]:
    return (first + DAY * index for index in range((last - first).days + 1))


def _shown(local: datetime, form: str) -> str:
    """The local time in a form that may hold %:z, which Python itself has only since 3.12."""
    offset = local.isoformat()[-6:]
    return local.strftime(form.replace("%:z", offset))

"""Opening hours: how they are written, and which quarter hours of a calendar they cover.

They decide what coverage is a share of, and nothing else: a count outside them is still a count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from analytics.report.periods import Quarters
from edge.errors import ConfigError

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EXPECTED = "expected opening hours such as 'mon-fri 09:00-20:00; sat 10:00-18:00; 2026-12-25 closed'"
_CLOCK = re.compile(r"(\d\d):(\d\d)")
DAY_MIN = 1440
SLOT_MIN = 15
SLOTS = DAY_MIN // SLOT_MIN


@dataclass(frozen=True)
class Span:
    """Open from `opens` to `closes`, minutes after midnight; `closes` may lie on the next day, over 1440."""

    opens: int
    closes: int

    def __post_init__(self) -> None:
        if not 0 <= self.opens < self.closes <= self.opens + DAY_MIN or self.opens % SLOT_MIN or self.closes % SLOT_MIN:
            raise ConfigError(f"opening hours: expected full quarters of an hour, at most a day, got {self}")

    def __str__(self) -> str:
        return "-".join(f"{at // 60:02d}:{at % 60:02d}" for at in (self.opens, self.closes))


Days = dict[int, tuple[Span, ...]]
"""By weekday, 0 is Monday; none where the shop is closed."""


@dataclass(frozen=True)
class Opening:
    """Opening hours by weekday (0 is Monday) and, stronger, by date; what is not named is closed.

    >>> hours = parse("mon-fri 09:00-20:00; sat 18:00-02:00; 2026-12-25 closed")
    >>> hours.weekdays[0], hours.weekdays[5], hours.dates[date(2026, 12, 25)]
    ((Span(opens=540, closes=1200),), (Span(opens=1080, closes=1560),), ())
    """

    weekdays: Days
    dates: dict[date, tuple[Span, ...]]

    def mask(self, quarters: Quarters) -> npt.NDArray[np.bool_]:
        """Whether the shop is open in each quarter hour, bool (Q,); an hour that happens twice is open twice."""
        midnight = quarters.local_s // 86400
        first = int(midnight.min()) - 1  # a span may have begun on the day before
        days = int(midnight.max()) - first + 2  # and may go on after the last one
        slots = np.zeros(days * SLOTS, dtype=np.bool_)
        for index in range(days):
            day = date(1970, 1, 1) + timedelta(days=first + index)
            for span in self.dates.get(day, self.weekdays.get(day.weekday(), ())):
                slots[index * SLOTS + span.opens // SLOT_MIN : index * SLOTS + span.closes // SLOT_MIN] = True
        return np.asarray(slots[(midnight - first) * SLOTS + quarters.minute // SLOT_MIN])


ALWAYS = Opening(dict.fromkeys(range(7), (Span(0, DAY_MIN),)), {})
"""A shop that never closes, or whose hours nobody told."""


def stored(rows: Iterable[tuple[int, str, str]]) -> Opening | None:
    """The opening hours in rows of (weekday, opens, closes); None where there are none."""
    days: Days = {}
    for weekday, opens, closes in rows:
        days[weekday] = (*days.get(weekday, ()), Span(_minutes(opens, opens), _minutes(closes, closes)))
    return Opening(days, {}) if days else None


def parse(text: str) -> Opening:
    """Reads opening hours; of two rules for one day the later one holds.

    Args:
        text: Rules between semicolons, each days and hours: `mon`, `mon-fri`, `daily` or a date; `09:00-20:00`,
            `18:00-02:00` (into the next day), `24h` or `closed`.

    Raises:
        ConfigError: A rule cannot be read.
    """
    opening = Opening({}, {})
    for rule in filter(None, (part.strip() for part in text.split(";"))):
        days, _, hours = rule.partition(" ")
        spans = _spans(hours.strip(), rule)
        if (named := _date(days)) is not None:
            opening.dates[named] = spans
        else:
            opening.weekdays.update(dict.fromkeys(_weekdays(days, rule), spans))
    if not opening.weekdays and not opening.dates:
        raise ConfigError(f"{EXPECTED}, got {text!r}")
    return opening


def _weekdays(text: str, rule: str) -> list[int]:
    if text == "daily":
        return list(range(7))
    first, _, last = text.partition("-")
    if first not in WEEKDAYS or (last or first) not in WEEKDAYS:
        raise ConfigError(f"{EXPECTED}, got {rule!r}: {text!r} is neither days nor a date")
    start = WEEKDAYS.index(first)
    return [(start + step) % 7 for step in range((WEEKDAYS.index(last or first) - start) % 7 + 1)]


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _spans(text: str, rule: str) -> tuple[Span, ...]:
    if text == "closed":
        return ()
    if text == "24h":
        return (Span(0, DAY_MIN),)
    first, dash, last = text.partition("-")
    if not dash:
        raise ConfigError(f"{EXPECTED}, got {rule!r}: {text!r} is not a span of time")
    opens, closes = _minutes(first, rule), _minutes(last, rule)
    return (Span(opens, closes if closes > opens else closes + DAY_MIN),)


def _minutes(clock: str, rule: str) -> int:
    found = _CLOCK.fullmatch(clock)
    if found is None or int(found[2]) > 59:
        raise ConfigError(f"{EXPECTED}, got {rule!r}: {clock!r} is not a time of day")
    return int(found[1]) * 60 + int(found[2])

"""Opening hours: as they are written, as they are stored, and which quarters of an hour they cover."""

from __future__ import annotations

from datetime import date, time
from zoneinfo import ZoneInfo

import pytest

from analytics.report.opening import ALWAYS, Opening, parse, stored
from analytics.report.periods import Calendar, quarters
from edge.errors import ConfigError

BERLIN = Calendar(ZoneInfo("Europe/Berlin"))


def hours(opening: Opening, day: date, calendar: Calendar = BERLIN) -> float:
    """How long a business day is open."""
    return float(opening.mask(quarters(calendar, day, day)).sum()) / 4


def test_weekdays_and_dates_and_the_later_rule() -> None:
    opening = parse("mon-fri 09:00-20:00; sat 10:00-18:00; fri 09:00-21:00; 2026-11-26 closed; 2026-11-29 13:00-18:00")
    week = [hours(opening, date(2026, 11, 23 + day)) for day in range(7)]
    assert week == [11.0, 11.0, 11.0, 0.0, 12.0, 8.0, 5.0]


def test_days_may_go_round_the_end_of_the_week() -> None:
    opening = parse("sat-mon 10:00-12:00")
    assert [hours(opening, date(2026, 11, 23 + day)) for day in range(7)] == [2.0, 0.0, 0.0, 0.0, 0.0, 2.0, 2.0]


def test_after_midnight_is_the_business_day_before() -> None:
    opening = parse("sat 18:00-02:00")
    assert hours(opening, date(2026, 11, 28)) == 8.0
    assert hours(opening, date(2026, 11, 29)) == 0.0
    by_the_calendar = Calendar(ZoneInfo("Europe/Berlin"), time(0))
    assert hours(opening, date(2026, 11, 29), by_the_calendar) == 2.0


@pytest.mark.parametrize(
    ("day", "open_h"), [(date(2026, 3, 28), 3.0), (date(2026, 10, 24), 5.0), (date(2026, 7, 1), 4.0)]
)
def test_a_bar_is_open_for_an_hour_more_or_less_when_the_clock_is_moved(day: date, open_h: float) -> None:
    assert hours(parse("daily 00:00-04:00"), day) == open_h


@pytest.mark.parametrize(("day", "open_h"), [(date(2026, 3, 28), 23.0), (date(2026, 10, 24), 25.0)])
def test_who_never_closes_is_open_all_of_a_moved_day(day: date, open_h: float) -> None:
    assert hours(ALWAYS, day) == hours(parse("daily 24h"), day) == open_h


def test_stored_hours_may_have_a_break_and_end_after_midnight() -> None:
    opening = stored([(0, "09:00", "12:30"), (0, "14:00", "18:00"), (4, "20:00", "26:00")])
    assert opening is not None
    assert [hours(opening, date(2026, 11, 23 + day)) for day in (0, 1, 4, 5)] == [7.5, 0.0, 6.0, 0.0]
    assert stored([]) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected opening hours such as"),
        ("monday 09:00-20:00", "'monday' is neither days nor a date"),
        ("mon-fry 09:00-20:00", "'mon-fry' is neither days nor a date"),
        ("2026-13-01 closed", "'2026-13-01' is neither days nor a date"),
        ("mon 9-20", "'9' is not a time of day"),
        ("mon 09:00", "'09:00' is not a span of time"),
        ("mon", "'' is not a span of time"),
        ("mon 09:75-20:00", "'09:75' is not a time of day"),
        ("mon 09:10-20:00", "full quarters of an hour"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message.replace("(", r"\(")):
        parse(text)

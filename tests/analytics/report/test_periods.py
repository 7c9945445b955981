"""Business days, hours and weeks on the days on which the clock is moved, in three zones."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.report.periods import Calendar, quarters

BERLIN, NEW_YORK, LORD_HOWE = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"
MOVES = [
    # The business day from 04:00 that holds the change began the evening before it.
    (BERLIN, date(2026, 3, 28), 23.0),
    (BERLIN, date(2026, 10, 24), 25.0),
    (NEW_YORK, date(2026, 3, 7), 23.0),
    (NEW_YORK, date(2026, 10, 31), 25.0),
    (LORD_HOWE, date(2026, 10, 3), 23.5),
    (LORD_HOWE, date(2026, 4, 4), 24.5),
]
NAIVE = datetime(2015, 1, 1)  # noqa: DTZ001 - hypothesis adds the zone itself
ZONES = [BERLIN, NEW_YORK, LORD_HOWE, "Asia/Kathmandu", "Pacific/Chatham", "UTC"]


def calendar(zone: str, start: time = time(4)) -> Calendar:
    return Calendar(ZoneInfo(zone), start)


@pytest.mark.parametrize(("zone", "day", "hours"), MOVES)
def test_a_day_lasts_as_long_as_it_really_does(zone: str, day: date, hours: float) -> None:
    before, moved, after = calendar(zone).days(day - timedelta(days=1), day + timedelta(days=1))
    assert (before.hours, moved.hours, after.hours) == (24.0, hours, 24.0)


@pytest.mark.parametrize(("zone", "day", "hours"), MOVES)
def test_its_hours_adjoin_and_fill_it(zone: str, day: date, hours: float) -> None:
    found = calendar(zone).hours(day, day)
    assert sum(hour.hours for hour in found) == hours
    assert all(hour.end_s == after.start_s for hour, after in pairwise(found))
    assert len({hour.label for hour in found}) == len(found)


@pytest.mark.parametrize(
    ("zone", "day", "night"),
    [
        (BERLIN, date(2026, 3, 28), ["01:00 +01:00", "03:00 +02:00"]),
        (BERLIN, date(2026, 10, 24), ["01:00 +02:00", "02:00 +02:00", "02:00 +01:00", "03:00 +01:00"]),
        (NEW_YORK, date(2026, 3, 7), ["01:00 -05:00", "03:00 -04:00"]),
        (NEW_YORK, date(2026, 10, 31), ["01:00 -04:00", "01:00 -05:00", "02:00 -05:00", "03:00 -05:00"]),
        # Half an hour is skipped, and half an hour comes twice.
        (LORD_HOWE, date(2026, 10, 3), ["01:00 +10:30", "02:30 +11:00", "03:00 +11:00"]),
        (LORD_HOWE, date(2026, 4, 4), ["01:00 +11:00", "01:30 +10:30", "02:00 +10:30", "03:00 +10:30"]),
    ],
)
def test_an_hour_that_happens_twice_or_never_is_shown_so(zone: str, day: date, night: list[str]) -> None:
    shown = [hour.label[11:] for hour in calendar(zone).hours(day, day)]
    assert shown[-len(night) :] == night


def test_an_hour_that_is_cut_has_its_true_length() -> None:
    skipped = {
        hour.label[11:16]: hour.hours for hour in calendar(LORD_HOWE).hours(date(2026, 10, 3), date(2026, 10, 3))
    }
    twice = {hour.label[11:16]: hour.hours for hour in calendar(LORD_HOWE).hours(date(2026, 4, 4), date(2026, 4, 4))}
    assert (skipped["02:30"], twice["01:00"], twice["01:30"]) == (0.5, 1.0, 0.5)


def test_hours_of_other_days_carry_no_offset() -> None:
    assert calendar(BERLIN).hours(date(2026, 7, 1), date(2026, 7, 1))[0].label == "2026-07-01 04:00"


@pytest.mark.parametrize("start", [time(2), time(2, 30), time(3)])
@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
def test_a_day_may_begin_in_the_hour_that_is_moved(start: time, day: date) -> None:
    """Skipped: the day begins when the clock is past its start. Twice: at the first of both."""
    begin = datetime.fromtimestamp(calendar(BERLIN, start).begins(day), ZoneInfo(BERLIN))
    assert begin.time() == (start if day.month == 10 else time(3))
    assert begin.fold == 0


def test_weeks_begin_on_monday_and_are_cut_off_at_the_ends() -> None:
    weeks = calendar(BERLIN).weeks(date(2025, 12, 27), date(2026, 1, 6))
    assert [week.label for week in weeks] == ["2025-W52", "2026-W01", "2026-W02"]
    assert [week.hours for week in weeks] == [48.0, 168.0, 48.0]


def test_a_week_with_a_moved_clock_has_one_hour_more() -> None:
    (week,) = calendar(BERLIN).weeks(date(2026, 10, 19), date(2026, 10, 25))
    assert week.hours == 169.0


def test_a_day_has_to_begin_on_a_quarter() -> None:
    with pytest.raises(ValueError, match="quarter of an hour, got 04:10"):
        calendar(BERLIN, time(4, 10))


@given(
    st.sampled_from(ZONES),
    st.datetimes(NAIVE, NAIVE.replace(year=2036), timezones=st.just(timezone.utc)),
    st.integers(0, 95),
)
def test_every_instant_has_one_business_day(zone: str, instant: datetime, quarter: int) -> None:
    days, utc_s = calendar(zone, time(quarter // 4, quarter % 4 * 15)), int(instant.timestamp())
    day = days.day_of(utc_s)
    assert days.begins(day) <= utc_s < days.begins(day + timedelta(days=1))


@given(st.sampled_from(ZONES), st.dates(date(2015, 1, 1), date(2036, 1, 1)), st.integers(0, 40))
def test_quarters_show_the_clock_on_the_wall(zone: str, first: date, more: int) -> None:
    days = calendar(zone)
    found = quarters(days, first, first + timedelta(days=more))
    walls = [days.local(int(utc_s)).replace(tzinfo=timezone.utc).timestamp() for utc_s in found.start_s]
    assert found.local_s.tolist() == walls
    assert [first + timedelta(days=int(day)) for day in found.day[:: 96 // 4]] == [
        days.day_of(int(utc_s)) for utc_s in found.start_s[:: 96 // 4]
    ]

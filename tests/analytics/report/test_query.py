"""Reports of made-up shops, whose sums can be told from how they were filled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from analytics.report.facts import Report
from analytics.report.opening import parse
from analytics.report.query import Request, report
from analytics.store import Store, open_store
from edge.errors import ConfigError
from tests.analytics.report.filling import BERLIN, Filler, at, month

NOW_S = at(BERLIN, 2027, 1, 1)
OCTOBER = Request(NOW_S, first=date(2026, 10, 5), last=date(2026, 11, 1))
MOVED = date(2026, 10, 24)
"""The business day in Berlin that has 25 hours."""


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Store]:
    """SQLite alone, where the database makes no difference."""
    with open_store(f"sqlite:///{tmp_path}/quick.db") as store:
        yield store


def test_a_month_adds_up_in_both_databases(store: Store) -> None:
    month(store)
    found = report(store, OCTOBER)
    quarters_open = 28 * 9 * 12
    assert found.total.visitors == 2 * quarters_open
    assert (found.total.in_raw, found.total.uturns, found.total.staff_in) == (
        3 * quarters_open,
        quarters_open,
        quarters_open,
    )
    assert found.total.uturn_rate == pytest.approx(1 / 3)
    assert (found.total.births, found.total.unsure) == (quarters_open, quarters_open)
    assert [visits.zone for visits in found.zones] == ["coats", "shoes"]
    assert found.zones[0].histogram == (2 * quarters_open, 0, 2 * quarters_open, 0, quarters_open, 0, 0, 0)
    assert found.zones[0].ended == 5 * quarters_open
    assert found.zones[0].median is not None
    assert (found.zones[0].median.low_s, found.zones[0].median.high_s) == (8.0, 15.0)
    assert found.total.stay_s == pytest.approx(1800.0)


def test_hours_days_and_weeks_are_the_same_sums(quick: Store) -> None:
    month(quick)
    by = {kind: report(quick, replace(OCTOBER, by=kind)) for kind in ("hour", "day", "week")}
    for name in ("visitors", "out", "in_raw", "uturns", "staff_in", "births", "open_s", "watched_s", "stitched"):
        sums = {kind: sum(getattr(facts, name) for facts in found.periods) for kind, found in by.items()}
        assert set(sums.values()) == {getattr(by["day"].total, name)}, name
    zones = {kind: sum(visits.engaged for visits in found.zone_periods) for kind, found in by.items()}
    assert set(zones.values()) == {2 * 28 * 9 * 12}


def around_the_clock(store: Store, zone: str, first: date, days: int = 3) -> Report:
    """A line through which one person comes every five minutes, and a zone in which one visit ends."""
    filler, start_s = Filler(store), at(ZoneInfo(zone), first.year, first.month, first.day, 0)
    filler.site_settings(zone, None)
    starts = range(start_s, start_s + days * 86400, 300)
    filler.rows("line/door", starts, in_count=1, in_raw=1)
    filler.rows("zone/shoes", starts, entered=1, engaged=1, h3=1)
    return report(store, Request(start_s + 10**8, first=first, last=first, by="hour"))


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 28), 23.0),
        ("Europe/Berlin", date(2026, 10, 24), 25.0),
        ("America/New_York", date(2026, 3, 7), 23.0),
        ("America/New_York", date(2026, 10, 31), 25.0),
        ("Australia/Lord_Howe", date(2026, 10, 3), 23.5),
        ("Australia/Lord_Howe", date(2026, 4, 4), 24.5),
    ],
)
def test_a_day_with_a_moved_clock_counts_what_really_came(store: Store, zone: str, day: date, hours: float) -> None:
    found = around_the_clock(store, zone, day)
    assert found.total.visitors == 12 * hours
    assert [facts.visitors for facts in found.periods] == [12 * facts.period.hours for facts in found.periods]
    assert [visits.engaged for visits in found.zone_periods] == [
        12 * visits.period.hours for visits in found.zone_periods
    ]
    assert found.total.coverage == 1.0
    assert {rate for row in found.grid for rate in row if rate is not None} == {12.0}


def test_rows_of_an_hour_are_watched_for_all_of_it(quick: Store) -> None:
    filler, start_s = Filler(quick), at(BERLIN, 2026, 10, 5)
    filler.rows("line/door", range(start_s, start_s + 3 * 86400, 3600), step_s=3600, in_count=1, in_raw=1)
    request = Request(
        NOW_S, first=date(2026, 10, 5), last=date(2026, 10, 6), time_zone=BERLIN, opening=parse("daily 09:30-20:00")
    )
    assert report(quick, request).total.coverage == 1.0


def test_coverage_is_the_share_of_opening_hours_that_was_watched(quick: Store) -> None:
    month(quick)
    found = report(quick, OCTOBER)
    (gap,) = [day for day in found.days if day.coverage != 1.0]
    assert (gap.period.label, gap.coverage) == ("2026-10-14", 0.5)
    assert gap.known_s == 2 * 3600
    assert found.total.coverage == pytest.approx(1 - 0.5 / 28)
    always = report(quick, replace(OCTOBER, opening=parse("daily 24h")))
    assert always.days[9].coverage == pytest.approx(19 / 24)


def test_time_that_has_not_come_yet_is_not_missed(quick: Store) -> None:
    month(quick, days=10)
    now_s = at(BERLIN, 2026, 10, 15, 4)
    found = report(quick, Request(now_s, first=date(2026, 10, 13), last=date(2026, 10, 20)))
    assert [day.coverage for day in found.days] == [1.0, 0.5, *[None] * 6]


def test_a_silent_box_is_missed_and_one_that_was_taken_down_is_not(quick: Store) -> None:
    filler, start_s = Filler(quick), at(BERLIN, 2026, 10, 5, 4)
    filler.site_settings("Europe/Berlin")
    filler.rows("line/door", range(start_s, start_s + 8 * 86400, 300), device="front")
    filler.rows("line/old", range(start_s, start_s + 2 * 86400, 300), device="front")
    filler.rows("line/back", range(start_s, start_s + 4 * 86400, 300), device="rear")
    found = report(quick, Request(NOW_S, first=date(2026, 10, 5), last=date(2026, 10, 12)))
    assert [day.coverage for day in found.days] == [1.0] * 4 + [0.5] * 4


def test_days_before_the_first_row_are_not_missed(quick: Store) -> None:
    month(quick)
    found = report(quick, replace(OCTOBER, first=date(2026, 10, 1)))
    assert [day.coverage for day in found.days[:6]] == [None] * 4 + [1.0, 1.0]


def test_a_shop_with_zones_alone_has_coverage_too(store: Store) -> None:
    filler, start_s = Filler(store), at(BERLIN, 2026, 10, 5, 4)
    filler.site_settings("Europe/Berlin")
    filler.rows("zone/shoes", range(start_s, start_s + 86400, 300), entered=1, engaged=1, h3=1, observed_s=150.0)
    found = report(store, Request(NOW_S))
    assert (found.total.coverage, found.total.visitors, found.zones[0].engaged) == (0.5, 0, 288)


def test_sums_by_quarter_are_those_of_the_rows(quick: Store) -> None:
    month(quick, days=2)
    for kind, column in (("line", "in_raw"), ("zone", "h2"), ("occupancy", "births")):
        rows = quick.query(f"SELECT count(*), sum({column}), sum(observed_s) FROM {kind}_rows")
        sums = quick.query(f"SELECT sum(rows_stored), sum({column}), sum(observed_s) FROM {kind}_quarters")
        assert sums == rows
    assert quick.query("SELECT max(peak), max(rows_stored) FROM zone_quarters") == [(3, 3)]


def test_a_row_that_comes_twice_is_in_the_sums_once(quick: Store) -> None:
    month(quick, days=1)
    before = quick.query("SELECT * FROM line_quarters")
    quick.execute("INSERT INTO line_rows SELECT * FROM line_rows WHERE true ON CONFLICT DO NOTHING")
    assert quick.query("SELECT * FROM line_quarters") == before


def test_an_unsure_clock_is_told(store: Store) -> None:
    filler, start_s = Filler(store), at(BERLIN, 2026, 10, 5, 4)
    filler.rows("line/door", range(start_s, start_s + 86400, 300), clock="unsynced")
    assert report(store, Request(NOW_S, time_zone=BERLIN)).total.unsynced_s == 86400


def test_the_funnel_and_the_conversion_are_those_of_site_zone_and_date(store: Store) -> None:
    month(store)
    found = report(store, OCTOBER)
    assert found.online is not None
    assert [day.isoformat() for day in found.online.left_out] == ["2026-10-14"]
    every, coats, shoes = found.funnels
    assert (every.zone, every.scanned, every.ordered) == (None, 20 * 28, 4 * 28)
    assert (coats.scanned, coats.ordered) == (None, None)
    assert (shoes.scanned, shoes.engaged, shoes.stopped, shoes.passed) == (560, 3024, 9072, 15120)
    site = found.online.conversions[0]
    assert site.label == "lower bound"
    assert site.scan_rate.ratio is not None
    assert site.scan_rate.ratio.hits == 20 * 27
    assert site.conversion_7d.maturing_days == 7


def test_scans_of_other_days_are_not_in_the_funnel(quick: Store) -> None:
    month(quick)
    found = report(quick, replace(OCTOBER, first=date(2026, 10, 19), last=date(2026, 10, 25)))
    assert found.funnels[0].scanned == 7 * 20


def test_too_few_orders_are_not_shown(quick: Store) -> None:
    filler = month(quick, days=3)
    quick.execute("DELETE FROM online_days")
    filler.online("shoes", "2026-10-05", scans=9, orders=3, as_of="2026-10-20")
    found = report(quick, Request(NOW_S))
    assert (found.funnels[0].scanned, found.funnels[0].ordered) == (None, None)


def test_what_is_asked_for_counts_more_than_what_is_stored(quick: Store) -> None:
    month(quick)
    tokyo = replace(OCTOBER, time_zone=ZoneInfo("Asia/Tokyo"), day_start=time(6), opening=parse("daily 18:00-22:00"))
    found = report(quick, tokyo)
    assert (found.calendar.zone.key, found.calendar.day_start, found.days[0].open_s) == (
        "Asia/Tokyo",
        time(6),
        4 * 3600,
    )


def test_by_default_the_last_four_weeks_are_reported(quick: Store) -> None:
    filler = month(quick, days=40)
    found = report(quick, Request(NOW_S))
    assert (found.site, found.first, found.last) == (filler.site, date(2026, 10, 17), date(2026, 11, 13))
    assert report(quick, Request(NOW_S, last=date(2026, 10, 6))).first == date(2026, 10, 5)


def test_many_days_are_drawn_as_weeks(quick: Store) -> None:
    filler, start_s = Filler(quick), at(BERLIN, 2026, 1, 5, 4)
    filler.site_settings("Europe/Berlin")
    filler.rows("line/door", range(start_s, start_s + 140 * 86400, 3600), step_s=3600, in_count=1, in_raw=1)
    found = report(quick, Request(NOW_S, first=date(2026, 1, 5), last=date(2026, 5, 24)))
    assert (len(found.periods), len(found.chart)) == (140, 20)
    assert sum(week.visitors for week in found.chart) == found.total.visitors


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (
            Request(NOW_S, site="berlin-2"),
            "expected one of the sites berlin-1, got 'berlin-2'; did you mean 'berlin-1'?",
        ),
        (Request(NOW_S, first=date(2027, 3, 1)), "expected days from 2026-10-05 to 2026-10-07, for which it has rows"),
        (Request(NOW_S, last=date(2020, 3, 1)), "for which it has rows, got 2020-03-01 to 2020-03-01"),
        (Request(NOW_S, first=date(2026, 10, 6), last=date(2026, 10, 5)), "begins before it ends, got 2026-10-06 to"),
        (Request(NOW_S, first=date(2000, 1, 1)), "expected at most 1098 days"),
    ],
)
def test_what_cannot_be_reported_is_said(quick: Store, request_: Request, message: str) -> None:
    month(quick, days=3)
    with pytest.raises(ConfigError) as raised:
        report(quick, request_)
    assert message in str(raised.value)


def test_an_empty_database_is_said(store: Store) -> None:
    with pytest.raises(ConfigError, match="expected rows of a site, found none yet"):
        report(store, Request(NOW_S))


def test_one_of_several_sites_has_to_be_named(quick: Store) -> None:
    for site in ("berlin-1", "paris-1"):
        Filler(quick, site).rows("line/door", [at(BERLIN, 2026, 10, 5)])
    with pytest.raises(ConfigError, match="expected --site with one of berlin-1, paris-1"):
        report(quick, Request(NOW_S))
    assert report(quick, Request(NOW_S, site="paris-1", time_zone=BERLIN)).site == "paris-1"


@pytest.mark.parametrize(
    ("stored", "message"),
    [(None, "expected its time zone, because days"), ("Mars/Base", "expected a name such as Europe/Berlin")],
)
def test_without_a_time_zone_there_are_no_days(quick: Store, stored: str | None, message: str) -> None:
    filler = Filler(quick)
    filler.site_settings(stored)
    filler.rows("line/door", [at(BERLIN, 2026, 10, 5)])
    with pytest.raises(ConfigError, match=message):
        report(quick, Request(NOW_S))


def test_the_day_of_a_row_is_that_of_the_clock_on_the_wall(quick: Store) -> None:
    filler, night_s = Filler(quick), at(BERLIN, 2026, 10, 6, 3, 55)
    filler.rows("line/door", [night_s, night_s + 300], in_count=1, in_raw=1)
    found = report(quick, Request(NOW_S, time_zone=BERLIN))
    assert [(day.period.label, day.visitors) for day in found.days] == [("2026-10-05", 1), ("2026-10-06", 1)]
    assert datetime.fromtimestamp(night_s, BERLIN).hour == 3

"""Days become cohorts: by site, zone and date, without those that a camera slept through."""

from __future__ import annotations

import dataclasses

from analytics.estimate.cohort import Cohort, CountedDay, TaggedDay, cohorts
from tests.analytics.estimate.days import counted, day, delivered


def test_visits_and_orders_meet_by_site_zone_and_date() -> None:
    days = [counted(0, shoes=40, hats=10), counted(1, shoes=50, hats=20), counted(0, site="other", shoes=7)]
    tagged = [
        delivered(0, scans=9, orders=3, cancelled=1),
        delivered(0, "2-3d", orders=2),
        delivered(1, zone="hats", scans=4),
        delivered(0, site="other", scans=1),
    ]

    found = {(each.site, each.zone, each.first): each for each in cohorts(days, tagged, day(9)).cohorts}

    shoes = found["shop", "shoes", day(0)]
    assert (shoes.visitors, shoes.engaged, shoes.scans) == (100, 40, 9)
    assert (shoes.orders, shoes.cancelled) == ((3, 0, 2, 0, 0), (1, 0, 0, 0, 0))
    assert [shoes.orders_within(days) for days in (0, 1, 2, 3, 7, 30)] == [2, 2, 2, 4, 4, 4]
    assert found["shop", "hats", day(1)].scans == 4
    assert found["other", "shoes", day(0)].scans == 1
    assert found["shop", "shoes", day(1)].scans == 0, "a day without a delivery had no scans"
    assert ("shop", "hats", day(0)) not in found, "before its first delivery a zone has no code"


def test_days_that_the_camera_slept_through_are_left_out_above_and_below() -> None:
    days = [counted(0), counted(1, visitors=3, coverage=0.03), counted(2)]

    found = cohorts(days, [delivered(index, scans=5, orders=5) for index in range(3)], day(9))

    assert [each.first for each in found.cohorts] == [day(0), day(2)]
    assert found.left_out == (("shop", day(1)),)


def test_what_the_books_do_not_cover_is_not_taken_as_empty() -> None:
    found = cohorts([counted(0), counted(1)], [delivered(0, scans=1), delivered(1, scans=1)], day(0))

    assert [each.first for each in found.cohorts] == [day(0)]


def test_deliveries_for_zones_that_nobody_counts_are_named() -> None:
    found = cohorts([counted(0)], [delivered(0), delivered(0, zone="hats"), delivered(5)], day(9))

    assert found.unmatched == (("shop", "hats", day(0)), ("shop", "shoes", day(5)))


def test_all_orders_of_a_day_are_no_tagged_orders() -> None:
    (found,) = cohorts([counted(0)], [delivered(0, scans=1), delivered(0, "any", orders=900)], day(9)).cohorts

    assert sum(found.orders) == 0


def test_a_cohort_is_mature_when_the_books_cover_its_last_day_and_the_time_after_it() -> None:
    (found,) = cohorts([counted(0)], [delivered(0)], day(9)).cohorts

    assert found.matured(7, day(7))
    assert not found.matured(7, day(6))


def test_nothing_finer_than_a_date_can_be_written_down() -> None:
    """Proof by type: the join has no field that could hold a time of day, an order's or a person's number."""
    names = {field.name for kind in (Cohort, CountedDay, TaggedDay) for field in dataclasses.fields(kind)}

    assert names == {
        "site", "zone", "date", "lag", "first", "last", "visitors", "engaged", "coverage",
        "scans", "carts", "orders", "cancelled",
    }  # fmt: skip

"""The site ledger over gaps, day changes and clocks that are put right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.occupancy import UNKNOWN_AFTER_S, Ledger, Occupancy, business_day

DAY = "2026-11-23"
NIGHT = "2026-11-24"


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=30))
def test_the_ledger_is_in_minus_out_and_never_shows_less_than_nobody(intervals):
    ledger, inside = Ledger(), 0
    for number, (in_, out) in enumerate(intervals):
        ledger, now = ledger.after(DAY, number * 300, number * 300 + 300, in_=in_, out=out)
        inside += in_ - out
        assert now == Occupancy(DAY, inside, None, None)
        assert (now.occ, now.clamped) == (max(0, inside), inside < 0)


def test_the_first_row_ever_is_known_and_ends_no_day():
    _, now = Ledger().after(DAY, 1_795_392_000, 1_795_392_300, in_=2, out=0)
    assert now == Occupancy(DAY, 2, None, None)


@pytest.mark.parametrize(("gap_s", "occ_raw"), [(0, 4), (UNKNOWN_AFTER_S, 4), (UNKNOWN_AFTER_S + 1, None)])
def test_after_a_long_gap_nobody_knows_who_is_inside(gap_s, occ_raw):
    ledger, _ = Ledger().after(DAY, 0, 300, in_=5, out=1)
    ledger, now = ledger.after(DAY, 300 + gap_s, 600 + gap_s, in_=0, out=0)
    assert (now.occ_raw, now.occ) == (occ_raw, occ_raw)
    assert not now.clamped


def test_unknown_it_stays_until_the_day_ends_and_an_unknown_day_has_no_drift():
    ledger, _ = Ledger().after(DAY, 0, 300, in_=5, out=1)
    ledger, _ = ledger.after(DAY, 9_000, 9_300, in_=0, out=0)
    ledger, now = ledger.after(DAY, 9_300, 9_600, in_=3, out=0)
    assert now.occ_raw is None
    ledger, now = ledger.after(NIGHT, 9_600, 9_900, in_=3, out=1)
    assert now == Occupancy(NIGHT, 2, None, None)


def test_a_gap_over_night_is_no_gap_of_the_new_day():
    ledger, _ = Ledger().after(DAY, 0, 300, in_=10, out=8)
    _, now = ledger.after(NIGHT, 40_000, 40_300, in_=1, out=0)
    assert now == Occupancy(NIGHT, 1, drift=2, balance=0.8)


def test_a_day_without_visitors_has_a_drift_but_no_balance():
    ledger, _ = Ledger().after(DAY, 0, 300, in_=0, out=2)
    _, now = ledger.after(NIGHT, 300, 600, in_=0, out=0)
    assert (now.drift, now.balance) == (-2, None)


def test_a_day_ends_with_its_churn_even_if_nobody_knows_who_was_inside():
    ledger, _ = Ledger().after(DAY, 0, 300, in_=5, out=1, crossings=30, births=1)
    ledger, now = ledger.after(DAY, 90_000, 90_300, in_=1, out=0, crossings=10, births=5)
    assert (now.occ_raw, now.churn) == (None, None)
    ledger, now = ledger.after(NIGHT, 90_300, 90_600, in_=1, out=0, crossings=1, births=1)
    assert (now.drift, now.balance, now.churn) == (None, None, 15.0)
    _, now = Ledger(DAY, births=3).after(NIGHT, 300, 600, in_=0, out=0)
    assert now.churn is None


def test_a_clock_that_is_put_back_within_the_day_loses_nobody():
    ledger, _ = Ledger().after(DAY, 7_200, 7_500, in_=5, out=1)
    ledger, now = ledger.after(DAY, 3_600, 3_900, in_=1, out=0)
    assert now.occ_raw == 5


@pytest.mark.parametrize(
    ("utc_s", "zone", "day"),
    [
        (1_795_392_000, "UTC", "2026-11-22"),  # midnight
        (1_795_392_000 + 4 * 3600 - 1, "UTC", "2026-11-22"),
        (1_795_392_000 + 4 * 3600, "UTC", DAY),
        (1_774_746_000 - 3600, "Europe/Berlin", "2026-03-28"),  # 01:00 local, before the clocks go forward
        (1_774_746_000 + 3599, "Europe/Berlin", "2026-03-28"),  # 03:59 summer time, one hour on by UTC
        (1_774_746_000 + 3600, "Europe/Berlin", "2026-03-29"),
        (1_792_890_000, "Europe/Berlin", "2026-10-24"),  # 02:00 winter time, the second of its kind
        (1_792_890_000 + 2 * 3600 - 1, "Europe/Berlin", "2026-10-24"),
        (1_792_890_000 + 2 * 3600, "Europe/Berlin", "2026-10-25"),
    ],
)
def test_a_business_day_begins_at_its_local_time(utc_s, zone, day):
    assert business_day(utc_s, zone, "04:00") == day


@given(st.integers(0, 4 * 10**9), st.sampled_from(["UTC", "Asia/Shanghai", "Europe/Berlin", "Australia/Lord_Howe"]))
def test_business_days_never_go_back_while_time_goes_on(utc_s, zone):
    days = [business_day(utc_s + hours * 1800, zone, "04:00") for hours in range(60)]
    assert days == sorted(days)
    assert 2 <= len(set(days)) <= 3

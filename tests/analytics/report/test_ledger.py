"""People inside, from INs and OUTs: the rules of the box, with numbers that can be counted on one's fingers."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analytics.report.ledger import curve, ledger, stays
from analytics.report.periods import Calendar, Quarters, quarters

BERLIN = Calendar(ZoneInfo("Europe/Berlin"))


def days(last: int = 24, first: int = 24) -> Quarters:
    return quarters(BERLIN, date(2026, 11, first), date(2026, 11, last))


def at(grid: Quarters, **counts: int) -> np.ndarray:
    """Zeros, but for local times given as t10_15=3."""
    values = np.zeros(grid.start_s.size)
    for clock, count in counts.items():
        hour, minute = map(int, clock[1:].split("_"))
        values[np.flatnonzero(grid.minute == hour * 60 + minute)] = count
    return values


def inside(grid: Quarters, values: np.ndarray, hour: int, day: int = 0) -> float:
    return float(values[np.flatnonzero((grid.minute == hour * 60) & (grid.day == day))[0]])


def test_it_adds_up_shows_nobody_less_than_zero_and_begins_anew_every_day() -> None:
    grid = days(25)
    books = ledger(grid, at(grid, t10_00=5), at(grid, t12_00=2, t14_00=4), np.ones(grid.start_s.size))
    found = [inside(grid, books.after, hour, day) for day in (0, 1) for hour in (9, 10, 12, 14)]
    assert found == [0.0, 5.0, 3.0, 0.0] * 2
    assert inside(grid, books.before, 12) == 5.0
    assert inside(grid, books.mean, 12) == 4.0


@pytest.mark.parametrize(("blind_from", "blind_to", "known"), [(12, 14, True), (12, 15, False), (4, 9, True)])
def test_after_two_blind_hours_it_is_unknown_until_the_next_day(blind_from: int, blind_to: int, known: bool) -> None:
    grid = days(25)
    hour = grid.minute // 60
    watched = np.where((grid.day == 0) & (hour >= blind_from) & (hour < blind_to), 0.0, 1.0)
    books = ledger(grid, at(grid, t10_00=5), at(grid), watched)
    assert inside(grid, books.after, 10) == 5.0
    assert np.isnan(inside(grid, books.after, 18)) == (not known)
    assert inside(grid, books.after, 18, day=1) == 5.0


def test_one_of_two_doors_blind_is_as_good_as_blind() -> None:
    grid = days()
    watched = np.where(grid.minute // 60 >= 12, 0.5, 1.0)
    assert np.isnan(inside(grid, ledger(grid, at(grid), at(grid), watched).after, 13))


def test_the_curve_lays_days_over_each_other_within_the_opening_hours() -> None:
    grid = days(25)
    values = np.where(grid.day == 0, 2.0, 6.0)
    hour = grid.minute // 60
    values[(grid.day == 1) & (hour == 11)] = np.nan
    found = curve(grid, values, (hour >= 10) & (hour < 12))
    assert found.minutes == (600, 615, 630, 645, 660, 675, 690, 705)
    assert found.days == (2, 2, 2, 2, 1, 1, 1, 1)
    assert found.mean == (4.0,) * 4 + (2.0,) * 4
    assert found.low[0] == pytest.approx(2.4)
    assert found.high[0] == pytest.approx(5.6)


def test_the_curve_of_a_bar_goes_on_after_midnight() -> None:
    grid = days()
    hour = grid.minute // 60
    assert curve(grid, np.ones(grid.start_s.size), (hour >= 23) | (hour < 1)).minutes[-1] == 24 * 60 + 45


def test_nothing_known_is_no_curve() -> None:
    grid = days()
    assert curve(grid, np.full(grid.start_s.size, np.nan), grid.minute > 0).mean == ()


def test_stays_are_mean_out_less_mean_in_on_days_that_are_watched_and_agree() -> None:
    grid = days(26)
    in_ = at(grid, t10_00=10, t12_00=30)
    out = at(grid, t10_30=10, t12_30=30)
    out[grid.day == 1] *= 0.9  # too few OUTs
    found = stays(grid, in_, out, np.array([1.0, 1.0, 0.9]))
    assert found[0] == 1800.0
    assert np.isnan(found[1:]).all()

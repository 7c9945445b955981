"""Simulated orders keep the books that real ones would."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from analytics.simulate.orders import HORIZON_DAYS, LAG_SHARES, base, lag_days, moved, tagged
from analytics.simulate.town import in_runs, town, visits


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(3)


def test_lags_are_shares() -> None:
    assert lag_days().shape == (HORIZON_DAYS,)
    assert lag_days().sum() == pytest.approx(1.0)
    assert sum(LAG_SHARES) == pytest.approx(1.0)


def test_tagged_orders_add_up_and_those_to_come_are_not_delivered(random: np.random.Generator) -> None:
    found = tagged(np.full(60, 4000), 0.5, 0.5, 0.1, random)

    assert (found.orders.sum(axis=1) <= found.scans).all()
    assert (found.cancelled <= found.orders).all()
    assert found.orders[-1, 1:].sum() == 0
    assert found.orders[:29].sum() / 4000 / 29 == pytest.approx(0.25, rel=0.02)
    assert found.orders[:29].sum(axis=0) / found.orders[:29].sum() == pytest.approx(LAG_SHARES, rel=0.1)
    assert found.by_order_date.sum() == found.orders.sum()


def test_a_display_that_is_off_moves_nobody(random: np.random.Generator) -> None:
    visitors = np.full(100, 1000)
    on = np.where(np.arange(100) < 50, 0.0, 0.05)

    found = moved(visitors, on, random)

    assert found[:50].sum() == 0
    assert found[85:].mean() == pytest.approx(50, rel=0.1)


def test_weather_moves_visits_one_way_and_orders_the_other(random: np.random.Generator) -> None:
    place = town(date(2026, 1, 5), 2000, random)

    assert np.corrcoef(place.weather, visits(400.0, place, random))[0, 1] < -0.2
    assert np.corrcoef(place.weather, base(400.0, place, random))[0, 1] > 0.2


def test_a_day_is_like_the_one_before(random: np.random.Generator) -> None:
    noise = in_runs(20_000, 0.6, random)

    assert noise.std() == pytest.approx(1.0, abs=0.05)
    assert np.corrcoef(noise[1:], noise[:-1])[0, 1] == pytest.approx(0.6, abs=0.03)

"""Ratios: what the interval must hold, and that it is neither blind to the count error nor twice as wide as need be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.estimate.wilson import NOT_AUDITED, CountError, ratio, share_interval

ERRORS = st.tuples(*[st.floats(-0.5, 0.5)] * 3).map(lambda edges: CountError(*(sorted(edges)[at] for at in (1, 0, 2))))


@given(st.integers(0, 2000), st.integers(1, 1000), ERRORS)
def test_the_value_is_inside_and_more_error_is_never_narrower(hits: int, of: int, error: CountError) -> None:
    found, exact = ratio(hits, of, error), ratio(hits, of, CountError(error.bias, error.bias, error.bias))

    assert found.value is not None
    assert 0.0 <= found.low <= found.value <= found.high
    assert found.low <= exact.low + 1e-12
    assert found.high >= exact.high - 1e-12


def test_without_an_error_it_is_wilson_and_says_that_nobody_audited() -> None:
    found = ratio(30, 1000)

    assert (found.low, found.high) == pytest.approx(share_interval(30, 1000))
    assert not found.audited
    assert not NOT_AUDITED.audited


def test_a_camera_that_misses_visitors_makes_conversion_smaller() -> None:
    assert ratio(50, 950, CountError(-0.05, -0.06, -0.04)).value == pytest.approx(0.05)


def test_more_hits_than_visitors_are_a_rate_not_a_share() -> None:
    found = ratio(30, 20)

    assert not found.share
    assert found.value == 1.5
    assert found.low < 1.5 < found.high


def test_nothing_to_divide_by_is_no_number() -> None:
    found = ratio(3, 0)

    assert found.value is None
    assert (found.low, found.high) == (0.0, float("inf"))


@pytest.mark.parametrize("edges", [(0.0, 0.1, 0.2), (0.0, -1.0, 0.2), (0.3, -0.1, 0.2), (float("nan"), 0.0, 0.0)])
def test_an_error_that_is_none_is_refused(edges: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="expected -1 < low <= bias <= high"):
        CountError(*edges)


def test_the_truth_is_held_where_wilson_alone_misses_it_and_both_ends_hold_too_much() -> None:
    """20,000 visitors: chance is small, and the audit of 400 crossings is what is not known."""
    random = np.random.default_rng(5)
    true_share, runs = 0.03, 1500
    ours = plain = ends = 0
    for _ in range(runs):
        visitors = random.poisson(20_000)
        orders, counted, missed = (
            int(random.binomial(n, p)) for n, p in ((visitors, true_share), (visitors, 0.95), (400, 0.05))
        )
        low, high = share_interval(missed, 400)
        error = CountError(-missed / 400, -high, -low)
        found, alone = ratio(orders, counted, error), share_interval(orders, counted)
        ours += found.low <= true_share <= found.high
        plain += alone[0] <= true_share <= alone[1]
        ends += alone[0] * (1.0 + error.low) <= true_share <= alone[1] * (1.0 + error.high)

    assert 0.93 <= ours / runs <= 0.97
    assert plain / runs < 0.85
    assert ends / runs > ours / runs

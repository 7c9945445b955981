"""The estimator: exact where nothing is random, honest where much is, and silent where it cannot know."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.estimate.design import Schedule, draw
from analytics.estimate.experiment import Panel, detectable, effect, lag_curve, placebo_spread
from benchmarks.estimators import TRIALS, by_days, happen, one_trial

AT_ONCE = lag_curve((1, 0, 0, 0, 0))
LATE = lag_curve((50, 18, 14, 12, 6))


def panel(schedule: Schedule, lags: np.ndarray, share: float, *, shock: float = 0.0) -> Panel:
    """Shops without chance: levels of their own, a week, a common shock by day, and the effect."""
    units, days = schedule.on.shape
    visitors = np.array([300.0 + 100.0 * unit for unit in range(units)])[:, None] * np.ones(days)
    week = 1.0 + 0.1 * (np.arange(days) % 7)
    common = 1.0 + shock * np.sin(np.arange(days) * 1.7) + shock * np.arange(days) / days
    orders = visitors * 0.1 * week * common + share * visitors * schedule.exposure(lags)
    return Panel(orders, visitors, [day % 7 for day in range(days)])


@pytest.mark.parametrize("lags", [AT_ONCE, LATE])
@pytest.mark.parametrize("design", [("rotate", 4, 56), ("rotate", 1, 84), ("matched", 8, 56)])
def test_without_chance_it_is_exact(design: tuple[str, int, int], lags: np.ndarray) -> None:
    kind, units, days = design
    schedule = draw(kind, units, days, 7, 1)  # type: ignore[arg-type]

    found = effect(panel(schedule, lags, 0.05), schedule, lags)

    assert found.value == pytest.approx(0.05, rel=1e-6)
    assert found.low == pytest.approx(0.05, rel=1e-4)
    assert found.lift == pytest.approx(0.05 / 0.1 / 1.3, rel=0.02), "orders without it: 0.1 a visitor, 1.3 over a week"


@pytest.mark.parametrize("design", [("rotate", 4, 56), ("matched", 8, 56)])
def test_what_hits_all_shops_alike_is_no_effect(design: tuple[str, int, int]) -> None:
    kind, units, days = design
    schedule = draw(kind, units, days, 7, 2)  # type: ignore[arg-type]

    found = effect(panel(schedule, AT_ONCE, 0.0, shock=0.5), schedule, AT_ONCE)

    assert found.value == pytest.approx(0.0, abs=1e-9)


def test_orders_that_come_late_look_like_a_smaller_effect_when_nobody_knows_how_late() -> None:
    schedule = draw("rotate", 4, 84, 7, 3)

    found = effect(panel(schedule, LATE, 0.05), schedule, AT_ONCE)

    assert 0.03 < found.value < 0.045


def test_days_that_are_missing_are_left_out() -> None:
    schedule = draw("rotate", 4, 84, 7, 3)
    whole = panel(schedule, LATE, 0.05)
    whole.orders[1, 20:26] = np.nan
    whole.visitors[2, 3:30] = np.nan

    assert effect(whole, schedule, LATE).value == pytest.approx(0.05, rel=1e-6)


def test_the_interval_holds_the_truth_and_days_taken_as_independent_do_not() -> None:
    """400 experiments without an effect, in weather; a smaller copy of benchmarks/estimators.py."""
    paired = next(trial for trial in TRIALS if trial.kind == "matched")
    rows = np.array([one_trial(TRIALS[0], 0.0, seed) for seed in range(2000, 2200)])
    pairs = np.array([one_trial(paired, 0.0, seed) for seed in range(2000, 2040)])

    assert rows[:, 0].mean() >= 0.9
    assert rows[:, 1].mean() <= 0.1
    assert pairs[:, 2].mean() > 0.3


def test_the_smallest_effect_falls_with_length_and_rises_with_noise() -> None:
    assert detectable(1.0, 12) < detectable(1.0, 6) < detectable(1.0, 3) < detectable(2.0, 3)

    still = Schedule(np.zeros((3, 84), bool), draw("rotate", 3, 84, 7, 1).replicate)
    calm, stormy = (
        placebo_spread(
            happen(trial, still, 0.0, np.random.default_rng(7)), LATE, "rotate", days=84, block_days=7, seed=1
        )
        for trial in (TRIALS[1], TRIALS[0])
    )
    assert 0.0 < calm < 0.05
    assert 0.0 < stormy < 0.05


def test_a_history_that_is_too_short_is_refused() -> None:
    schedule = draw("rotate", 3, 56, 7, 1)
    past = panel(schedule, AT_ONCE, 0.0)

    with pytest.raises(ValueError, match="expected a history of 28 days or more, got 27"):
        placebo_spread(past.part(slice(0, 27)), AT_ONCE, "rotate", days=56, block_days=7, seed=1)
    with pytest.raises(ValueError, match="expected a history of 84 days or more, got 56"):
        placebo_spread(past, AT_ONCE, "matched", days=84, block_days=7, seed=1)


def test_what_cannot_be_told_is_not_told() -> None:
    schedule = draw("rotate", 2, 56, 7, 1)
    whole = panel(schedule, AT_ONCE, 0.05)
    nothing = np.full_like(whole.orders, np.nan)

    with pytest.raises(ValueError, match="expected days with deliveries"):
        effect(Panel(nothing, whole.visitors, whole.weekday), schedule, AT_ONCE)
    with pytest.raises(ValueError, match="visitors on days that a camera watched"):
        effect(Panel(whole.orders, nothing, whole.weekday), schedule, AT_ONCE)
    with pytest.raises(ValueError, match="expected orders of each display"):
        effect(Panel(whole.orders * 0.0, whole.visitors, whole.weekday), schedule, AT_ONCE)
    always = Schedule(np.ones_like(schedule.on), schedule.replicate)
    with pytest.raises(ValueError, match="days with and without each display"):
        effect(whole, always, AT_ONCE)
    with pytest.raises(ValueError, match="two cycles or pairs or more"):
        effect(whole.part(slice(0, 14)), Schedule(schedule.on[:, :14], schedule.replicate[:, :14]), AT_ONCE)


def test_days_as_if_independent_is_the_mistake_it_is_said_to_be() -> None:
    schedule = draw("rotate", 3, 84, 7, 1)

    assert by_days(panel(schedule, AT_ONCE, 0.05), schedule)

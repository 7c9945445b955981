"""Schedules: balanced, drawn by lot, the same again from the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.estimate.design import draw


@given(st.integers(1, 7), st.integers(1, 6), st.sampled_from([7, 14]), st.integers(0, 2**32))
def test_rotation_has_each_display_on_for_half_of_each_cycle(units: int, cycles: int, block: int, seed: int) -> None:
    found = draw("rotate", units, cycles * 2 * block, block, seed)

    assert found.replicates == cycles
    for cycle in range(cycles):
        days = found.replicate[0] == cycle
        assert (found.on[:, days].sum(axis=1) == block).all()
        assert (np.abs(found.on[:, days].sum(axis=0) - units / 2) <= 0.5).all(), "half of the displays, every day"
    blocks = found.on.reshape(units, 2 * cycles, block)
    assert (blocks == blocks[:, :, :1]).all()


@given(st.integers(1, 6), st.integers(0, 2**32))
def test_of_each_pair_one_is_on_in_the_second_half(pairs: int, seed: int) -> None:
    found = draw("matched", 2 * pairs, 56, 7, seed)

    assert not found.on[:, :28].any()
    assert (found.on[0::2, 28:] != found.on[1::2, 28:]).all()
    assert found.replicate[:, 0].tolist() == [pair for pair in range(pairs) for _ in range(2)]


def test_the_lot_is_one_and_repeats() -> None:
    first = [draw("rotate", 1, 14, 7, seed).on[0, 0] for seed in range(40)]

    assert 8 < sum(first) < 32
    assert (draw("rotate", 5, 56, 7, 3).on == draw("rotate", 5, 56, 7, 3).on).all()


def test_exposure_reaches_into_the_days_after() -> None:
    schedule = draw("rotate", 1, 14, 7, next(seed for seed in range(99) if draw("rotate", 1, 14, 7, seed).on[0, 0]))

    found = schedule.exposure(np.array([0.5, 0.3, 0.2]))[0]

    assert found[:3] == pytest.approx([0.5, 0.8, 1.0])
    assert found[6:10] == pytest.approx([1.0, 0.5, 0.2, 0.0])


@pytest.mark.parametrize(
    "wrong", [("rotate", 2, 14, 5), ("rotate", 0, 14, 7), ("matched", 2, 20, 7), ("matched", 0, 14, 7)]
)
def test_a_design_without_whole_weeks_or_displays_is_refused(wrong: tuple[str, int, int, int]) -> None:
    kind, units, days, block = wrong

    with pytest.raises(ValueError, match="whole weeks"):
        draw(kind, units, days, block, 1)  # type: ignore[arg-type]

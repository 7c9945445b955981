"""Assignment: no other way to give out the columns is cheaper."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.core.assignment import cheapest

NONE = 5.0
# Whole numbers make ties, which is where an exact method is easily wrong; 9 and 99 are too dear for anybody.
COSTS = st.one_of(st.integers(-3, 9).map(float), st.floats(-12.0, 16.0), st.just(99.0))


@st.composite
def matrices(draw: st.DrawFn) -> np.ndarray:
    rows, columns = draw(st.integers(0, 4)), draw(st.integers(0, 4))
    values = draw(st.lists(COSTS, min_size=rows * columns, max_size=rows * columns))
    return np.array(values, np.float64).reshape(rows, columns)


def total(cost: np.ndarray, chosen: tuple[int, ...]) -> float:
    return sum(cost[row, column] if column >= 0 else NONE for row, column in enumerate(chosen))


def least(cost: np.ndarray) -> float:
    """Of all ways there are."""
    rows, columns = cost.shape
    ways = permutations([*range(columns), *[-1] * rows], rows)
    return min(total(cost, way) for way in ways)


@given(matrices())
@settings(max_examples=300, deadline=None)
def test_no_other_way_is_cheaper_and_no_column_is_given_twice(cost):
    chosen = tuple(cheapest(cost, NONE).tolist())

    assert len(chosen) == len(cost)
    given_out = [column for column in chosen if column >= 0]
    assert len(set(given_out)) == len(given_out)
    assert total(cost, chosen) == pytest.approx(least(cost), abs=1e-9)


def test_one_gives_way_so_that_both_have_something():
    """The first would rather have what the second needs: greedily the second would go without."""
    assert cheapest(np.array([[1.0, 2.0], [1.5, 99.0]]), NONE).tolist() == [1, 0]


def test_a_chain_of_three_moves_on():
    cost = np.array([[0.0, 1.0, 99.0], [0.0, 99.0, 99.0], [99.0, 0.0, 1.0]])
    assert cheapest(cost, NONE).tolist() == [1, 0, 2]


def test_rather_none_than_what_is_too_dear():
    assert cheapest(np.array([[NONE + 1.0], [NONE - 1.0]]), NONE).tolist() == [-1, 0]
    assert cheapest(np.empty((2, 0)), NONE).tolist() == [-1, -1]
    assert cheapest(np.empty((0, 3)), NONE).tolist() == []

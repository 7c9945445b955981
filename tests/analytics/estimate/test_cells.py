"""Small cells merge upward: zone to site, day to week, and what is still small is dropped."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.estimate.cells import merge_small, together, too_small
from analytics.estimate.cohort import Cohort
from tests.analytics.estimate.days import cohort, day

CELLS = st.lists(
    st.builds(
        lambda index, zone, orders, engaged: (index, zone, orders, engaged),
        st.integers(0, 20), st.sampled_from(["shoes", "hats", "bags"]), st.integers(0, 12), st.integers(0, 40),
    ),
    unique_by=lambda cell: cell[:2],
)  # fmt: skip


def test_large_cells_stay_as_they_are() -> None:
    cells = [cohort(0, zone="hats"), cohort(0, zone="shoes"), cohort(1, zone="shoes")]

    assert merge_small(cells) == tuple(cells)


@pytest.mark.parametrize("small", [cohort(0, zone="hats", orders=4), cohort(0, zone="hats", engaged=9)])
def test_a_small_zone_takes_its_day_to_the_site_and_leaves_no_neighbour_to_subtract(small: Cohort) -> None:
    (found,) = merge_small([small, cohort(0, zone="shoes"), cohort(0, zone="bags")])

    assert (found.zone, found.first, found.last) == (None, day(0), day(0))
    assert found.visitors == 100, "of the site, once"
    assert found.engaged == small.engaged + 80
    assert sum(found.orders) == sum(small.orders) + 16


def test_a_small_day_takes_its_week() -> None:
    found = merge_small([cohort(0, orders=3), cohort(1), cohort(6), cohort(7)])

    assert [(each.first, each.last, sum(each.orders), each.visitors) for each in found] == [
        (day(0), day(6), 19, 300),
        (day(7), day(7), 8, 100),
    ]


def test_a_small_week_is_not_shown() -> None:
    assert merge_small([cohort(0, orders=2), cohort(3, orders=2)]) == ()


def test_sites_never_merge() -> None:
    assert merge_small([cohort(0, orders=3), cohort(0, site="other", orders=3)]) == ()
    with pytest.raises(ValueError, match="expected cohorts of one site"):
        together([cohort(0), cohort(0, site="other")])


@given(CELLS)
def test_no_cell_that_is_shown_is_small_and_nothing_is_shown_twice(
    cells: list[tuple[int, str, int, int]],
) -> None:
    given_cells = [cohort(index, zone=zone, orders=orders, engaged=engaged) for index, zone, orders, engaged in cells]

    shown = merge_small(given_cells)

    assert not any(too_small(each) for each in shown)
    weeks = {each.first.isocalendar()[1] for each in shown}
    expected = sum(sum(each.orders) for each in given_cells if each.first.isocalendar()[1] in weeks)
    assert sum(sum(each.orders) for each in shown) == expected

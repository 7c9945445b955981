"""Conversion: ratios of sums, cohorts that are too young, and what may not be shown."""

from __future__ import annotations

import pytest

from analytics.estimate.cohort import Cohort
from analytics.estimate.conversion import by_zone, convert
from analytics.estimate.wilson import CountError
from tests.analytics.estimate.days import cohort, day


def test_the_figures_are_ratios_of_sums() -> None:
    busy = cohort(0, visitors=900, engaged=300, scans=30, orders=30)
    calm = cohort(1, visitors=100, engaged=20, scans=20, orders=10)

    found = convert([busy, calm], day(60))

    assert found.label == "lower bound"
    assert found.conversion_7d.ratio is not None
    assert found.conversion_7d.ratio.value == pytest.approx(40 / 1000), "not the mean of 30/900 and 10/100"
    assert found.scan_rate.ratio is not None
    assert found.scan_rate.ratio.value == pytest.approx(50 / 320)
    assert found.zone_conversion.ratio is not None
    assert found.zone_conversion.ratio.value == pytest.approx(40 / 320)


def test_orders_after_a_week_and_cancelled_ones_are_no_conversion_within_seven_days() -> None:
    cell = Cohort("shop", "shoes", day(0), day(0), 100, 50, 20, 0, (4, 1, 1, 1, 6), (1, 0, 0, 0, 2))

    found = convert([cell], day(60))

    assert found.conversion_7d.ratio is not None
    assert found.conversion_7d.ratio.hits == 6
    assert found.zone_conversion.ratio is not None
    assert found.zone_conversion.ratio.hits == 10


def test_young_cohorts_are_maturing_and_not_in_the_figure() -> None:
    cells = [cohort(index, orders=10) for index in range(10)]

    found = convert(cells, day(9))

    seven = found.conversion_7d
    assert seven.ratio is not None
    assert seven.maturing is not None
    assert (seven.first, seven.last, seven.maturing_days) == (day(0), day(2), 7)
    assert (seven.ratio.of, seven.maturing.of) == (300, 700)
    assert found.zone_conversion.ratio is None, "no cohort is thirty days old"
    assert found.zone_conversion.maturing_days == 10
    assert found.scan_rate.maturing_days == 0


def test_too_few_orders_show_no_figure() -> None:
    assert convert([cohort(0, orders=4)], day(60)).conversion_7d.ratio is None


def test_audits_of_lines_and_zones_reach_their_own_figures() -> None:
    half = CountError(-0.5, -0.5, -0.5)

    found = convert([cohort(0, orders=20)], day(60), visitors_error=half)

    assert found.conversion_7d.ratio is not None
    assert found.conversion_7d.ratio.value == pytest.approx(0.1)
    assert found.scan_rate.ratio is not None
    assert found.scan_rate.ratio.value == pytest.approx(0.5)
    assert not found.scan_rate.ratio.audited


def test_zones_that_are_too_small_are_in_the_site_alone_and_cannot_be_subtracted() -> None:
    cells = [cohort(0, zone="bags", orders=30), cohort(0, zone="hats", orders=9), cohort(0, zone="shoes", orders=2)]

    found = by_zone(cells)

    assert set(found) == {None, "bags"}, "hats are left out too, or shoes were the site less the others"
    assert found[None] == cells

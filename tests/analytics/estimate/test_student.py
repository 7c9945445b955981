"""Student's t against tables."""

from __future__ import annotations

import pytest

from analytics.estimate.student import quantile, share_below


@pytest.mark.parametrize(
    ("share", "freedom", "expected"),
    [(0.975, 1, 12.7062), (0.975, 2, 4.3027), (0.975, 3, 3.1824), (0.975, 7, 2.3646), (0.975, 60, 2.0003),
     (0.8, 1, 1.3764), (0.8, 2, 1.0607), (0.8, 11, 0.8755), (0.995, 5, 4.0321)],
)  # fmt: skip
def test_quantiles_are_those_of_the_tables(share: float, freedom: int, expected: float) -> None:
    assert quantile(share, freedom) == pytest.approx(expected, abs=5e-5)
    assert share_below(expected, freedom) == pytest.approx(share, abs=1e-5)
    assert share_below(-expected, freedom) == pytest.approx(1.0 - share, abs=1e-5)

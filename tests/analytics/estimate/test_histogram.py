"""Quantiles of merged histograms: the exact one is always in its bin, whatever was merged."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.estimate.histogram import EDGES_S, merge, quantile
from edge.core.message import ZoneRow

LENGTHS = st.lists(st.one_of(st.floats(0.0, 900.0), st.sampled_from(EDGES_S)), min_size=1, max_size=60)


def binned(lengths: list[float]) -> list[int]:
    return [int(count) for count in np.histogram(lengths, [*EDGES_S, np.inf])[0]]


def test_the_bins_are_those_of_the_wire() -> None:
    described = ZoneRow.model_fields["histogram"].description or ""

    assert "-".join(f"{edge:g}" for edge in EDGES_S) + "-inf s" in described


@given(st.lists(LENGTHS, min_size=1, max_size=5), st.sampled_from([0.01, 0.5, 0.9, 1.0]))
def test_the_exact_quantile_is_within_the_bin_error(shops: list[list[float]], share: float) -> None:
    found = quantile(merge(binned(lengths) for lengths in shops), share)
    exact = float(np.quantile(np.concatenate(shops), share, method="inverted_cdf"))

    assert found is not None
    assert found.low_s <= exact <= found.high_s
    assert found.low_s <= found.value_s <= found.high_s
    assert abs(exact - found.value_s) <= found.error_s


def test_no_visits_have_no_median() -> None:
    assert quantile(merge([]), 0.5) is None


@pytest.mark.parametrize("bins", [(1, 2), (1, 0, 0, 0, 0, 0, 0, -1)])
def test_what_is_no_histogram_is_not_merged(bins: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected 8 counts"):
        merge([bins])


@pytest.mark.parametrize("share", [0.0, -0.5, 1.1])
def test_only_shares_have_quantiles(share: float) -> None:
    with pytest.raises(ValueError, match="expected a share"):
        quantile((1,) * 8, share)

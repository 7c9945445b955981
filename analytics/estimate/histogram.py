"""Quantiles of dwell from merged histograms, each with the bin that it is sure to lie in.

Owns the merging and the error that the bins leave. Knows no zone and no database. Bins are those of the wire: lower
edges in seconds, the last bin open.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

EDGES_S = (0.0, 3.0, 8.0, 15.0, 30.0, 60.0, 120.0, 300.0)
"""Lower edges of the bins of `ZoneRow.histogram`; a test holds them against the wire."""


@dataclass(frozen=True)
class Quantile:
    """A quantile of the visits' lengths, seconds.

    Attributes:
        value_s: Best guess: visits spread evenly over their bin; the lower edge in the open bin.
        low_s, high_s: Edges of its bin; the exact quantile of the same visits lies in [low_s, high_s). inf in the
            open bin.
    """

    value_s: float
    low_s: float
    high_s: float

    @property
    def error_s(self) -> float:
        """The bin error: how far the exact quantile can be from `value_s`."""
        return max(self.value_s - self.low_s, self.high_s - self.value_s)


def merge(histograms: Iterable[Sequence[int]]) -> tuple[int, ...]:
    """The histogram of all visits of several intervals, zones or shops.

    Raises:
        ValueError: One has another number of bins, or a negative count.

    >>> merge([(1, 0, 0, 0, 2, 0, 0, 0), (0, 3, 0, 0, 1, 0, 0, 0)])
    (1, 3, 0, 0, 3, 0, 0, 0)
    """
    total = np.zeros(len(EDGES_S), dtype=np.int64)
    for bins in histograms:
        if len(bins) != len(EDGES_S) or min(bins) < 0:
            raise ValueError(f"expected {len(EDGES_S)} counts of 0 or more, got {tuple(bins)}")
        total += np.asarray(bins, dtype=np.int64)
    return tuple(int(count) for count in total)


def quantile(bins: Sequence[int], share: float) -> Quantile | None:
    """The length that `share` (over 0, up to 1) of the visits do not exceed; None without visits.

    The exact one is meant as the smallest of the lengths with at least `share` of the visits at or below it (R. J.
    Hyndman and Y. Fan, Sample quantiles in statistical packages, American Statistician 50 (1996), definition 1). Only
    with it, and not with one that averages two visits, is the bin certain.

    >>> quantile((0, 0, 4, 4, 0, 0, 0, 0), 0.5)
    Quantile(value_s=15.0, low_s=8.0, high_s=15.0)
    >>> quantile((0, 0, 0, 0, 0, 0, 0, 3), 0.9)
    Quantile(value_s=300.0, low_s=300.0, high_s=inf)
    """
    if not 0.0 < share <= 1.0:
        raise ValueError(f"expected a share over 0 and up to 1, got {share}")
    below = np.cumsum(bins)
    if not len(below) or below[-1] == 0:
        return None
    rank = max(1.0, float(np.ceil(share * below[-1] - 1e-9)))  # 0.9 * 10 is a hair over 9
    at = int(np.searchsorted(below, rank))
    low = EDGES_S[at]
    if at == len(EDGES_S) - 1:
        return Quantile(low, low, float("inf"))
    high = EDGES_S[at + 1]
    inside = (share * float(below[-1]) - float(below[at] - bins[at])) / bins[at]
    return Quantile(low + min(1.0, max(0.0, inside)) * (high - low), low, high)

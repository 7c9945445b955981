"""How far a measured share or rate can be trusted: 95 % intervals in closed form.

For single events they are score intervals, because those stay honest where the plain ones collapse: no error in 20
crossings does not mean that there will never be one. They hold for errors that are independent of each other; where
errors come in bursts, as in a crowd, the truth may lie farther out, and `ratio_interval` takes whole clips instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

Z = 1.959963984540054
"""Two-sided 95 % point of the normal distribution."""

Interval = tuple[float, float]


def share_interval(hits: int, of: int) -> Interval:
    """Interval of a share: E. B. Wilson, Probable inference, JASA 22 (1927).

    >>> [round(edge, 3) for edge in share_interval(20, 20)]
    [0.839, 1.0]
    """
    if of == 0:
        return 0.0, 1.0
    share, spread = hits / of, Z * Z / of
    middle = share + spread / 2.0
    half = sqrt(spread * (share * (1.0 - share) + spread / 4.0))
    return max(0.0, (middle - half) / (1.0 + spread)), min(1.0, (middle + half) / (1.0 + spread))


def rate_interval(events: int, of: int) -> Interval:
    """Interval of a Poisson rate, events per one of `of` (> 0): the score interval, as Wilson's is for shares.

    >>> [round(edge, 3) for edge in rate_interval(0, 20)]
    [0.0, 0.192]
    """
    middle, half = events + Z * Z / 2.0, Z * sqrt(events + Z * Z / 4.0)
    return max(0.0, (middle - half) / of), (middle + half) / of


def bias_interval(missed: int, invented: int, true: int) -> Interval:
    """Interval of (invented - missed) / true, for `true` > 0.

    What is missed is a share of the true ones, what is invented a Poisson rate beside them; their intervals are joined
    as R. G. Newcombe, Interval estimation for the difference between independent proportions, Statistics in Medicine 17
    (1998), method 10, joins those of two shares.

    >>> [round(edge, 3) for edge in bias_interval(0, 0, 20)]
    [-0.161, 0.192]
    """
    low_missed, high_missed = share_interval(missed, true)
    low_invented, high_invented = rate_interval(invented, true)
    miss, invention = missed / true, invented / true
    bias = invention - miss
    return (
        bias - sqrt((invention - low_invented) ** 2 + (high_missed - miss) ** 2),
        bias + sqrt((high_invented - invention) ** 2 + (miss - low_missed) ** 2),
    )


def ratio_interval(parts: Sequence[int], of: Sequence[int]) -> Interval | None:
    """Interval of sum(parts) / sum(of) over clips, shops or days, within which errors may come together.

    The ratio estimator of W. G. Cochran, Sampling Techniques (1977), chapter 6: the spread is that between clusters,
    so it takes a dozen of them to be trusted; of one, or where `of` is zero, nothing can be said.

    >>> low, high = ratio_interval([1, 3, 2, 2], [100, 100, 100, 100])
    >>> round(low, 3), round(high, 3)
    (0.012, 0.028)
    """
    total, clusters = sum(of), len(of)
    if clusters < 2 or not total:
        return None
    ratio = sum(parts) / total
    squares = sum((part - ratio * size) ** 2 for part, size in zip(parts, of, strict=True))
    half = Z * sqrt(squares * clusters / (clusters - 1)) / total
    return ratio - half, ratio + half

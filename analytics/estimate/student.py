"""Student's t for whole degrees of freedom, as small experiments need it. Knows nothing of experiments."""

from __future__ import annotations

from math import atan, cos, pi, sin, sqrt


def share_below(t: float, freedom: int) -> float:
    """Share of the distribution below t: M. Abramowitz and I. A. Stegun, Handbook (1964), 26.7.3 and 26.7.4.

    >>> round(share_below(2.0, 5), 4)
    0.949
    """
    angle = atan(t / sqrt(freedom))
    square = cos(angle) ** 2
    odd = freedom % 2
    term, total = (cos(angle), cos(angle)) if odd else (1.0, 1.0)
    for k in range(2 + odd, freedom - 1, 2):
        term *= square * (k - 1) / k
        total += term
    series = sin(angle) * total if freedom > 1 else 0.0
    between = 2.0 / pi * (angle + series) if odd else series
    return 0.5 + between / 2.0


def quantile(share: float, freedom: int) -> float:
    """The t below which `share` of the distribution lies, 0.5 <= share < 1, freedom >= 1.

    >>> [round(quantile(0.975, freedom), 3) for freedom in (1, 4, 5, 30)]
    [12.706, 2.776, 2.571, 2.042]
    """
    low, high = 0.0, 1.0
    while share_below(high, freedom) < share:
        high *= 2.0
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (middle, high) if share_below(middle, freedom) < share else (low, middle)
    return (low + high) / 2.0

"""How far a ratio of counts can be trusted when what it is divided by was itself counted with error.

Owns the intervals; knows nothing of shops. All of them are score intervals in closed form, because those stay honest at
no order in 20 visitors, where the plain ones collapse to a point.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, hypot, isfinite, log, sqrt

Z = 1.959963984540054
"""Two-sided 95 % point of the normal distribution."""

Interval = tuple[float, float]


@dataclass(frozen=True)
class CountError:
    """What an audit of the camera says of its counts: (counted - true) / true, with its 95 % interval.

    Attributes:
        bias: Best guess; -0.04: one in 25 visitors is missed.
        low, high: The interval, low <= bias <= high, all above -1.
        audited: Whether anybody compared the counts with a person's; without, the interval says less than it should.
    """

    bias: float = 0.0
    low: float = 0.0
    high: float = 0.0
    audited: bool = True

    def __post_init__(self) -> None:
        if not (isfinite(self.low) and isfinite(self.high) and -1.0 < self.low <= self.bias <= self.high):
            raise ValueError(f"expected -1 < low <= bias <= high, got {self.low}, {self.bias}, {self.high}")


NOT_AUDITED = CountError(audited=False)


def share_interval(hits: float, of: float) -> Interval:
    """Interval of a share, 0 <= hits <= of: E. B. Wilson, Probable inference, JASA 22 (1927).

    >>> [round(edge, 3) for edge in share_interval(20, 20)]
    [0.839, 1.0]
    """
    if of <= 0:
        return 0.0, 1.0
    share, spread = hits / of, Z * Z / of
    middle = share + spread / 2.0
    half = sqrt(spread * (share * (1.0 - share) + spread / 4.0))
    return max(0.0, (middle - half) / (1.0 + spread)), min(1.0, (middle + half) / (1.0 + spread))


def rate_interval(events: float, of: float) -> Interval:
    """Interval of events per one of `of` (> 0), where one may have several: the score interval of a Poisson rate.

    >>> [round(edge, 3) for edge in rate_interval(30, 20)]
    [1.051, 2.141]
    """
    middle, half = events + Z * Z / 2.0, Z * sqrt(events + Z * Z / 4.0)
    return max(0.0, (middle - half) / of), (middle + half) / of


@dataclass(frozen=True)
class Ratio:
    """A ratio of sums with its 95 % interval.

    Attributes:
        hits, of: What was delivered and what was counted.
        value: hits per TRUE one of `of`: corrected by the audited bias. None if there is nothing to divide by.
        low, high: The interval, widened by the interval of the count error.
        audited: Whether it is; without an audit it covers chance alone.
        share: False when there are more hits than `of`, so that the ratio is no share of anybody.
    """

    hits: int
    of: int
    value: float | None
    low: float
    high: float
    audited: bool
    share: bool


def ratio(hits: int, of: int, error: CountError = NOT_AUDITED) -> Ratio:
    """`hits` per true one of `of`.

    With p the hits per counted one, the ratio is p * (1 + bias). Wilson gives the interval of p, the audit that of
    1 + bias, and both are joined on the scale of logarithms as G. Y. Zou and A. Donner, Construction of confidence
    limits about effect measures, Statistics in Medicine 27 (2008), join those of a ratio: the distances to the limits
    add up as squares. To take the ends of both instead would cover the truth far more often than in 95 of 100 cases,
    and so say too little; that is done only where there is no hit and so no logarithm.

    >>> found = ratio(50, 1000, CountError(-0.05, -0.08, -0.02))
    >>> round(found.value, 4), round(found.low, 4), round(found.high, 4)
    (0.0475, 0.0362, 0.0622)
    """
    share = hits <= of
    if of <= 0:
        return Ratio(hits, of, None, 0.0, float("inf"), error.audited, share=False)
    p, (p_low, p_high) = hits / of, share_interval(hits, of) if share else rate_interval(hits, of)
    k, k_low, k_high = 1.0 + error.bias, 1.0 + error.low, 1.0 + error.high
    if hits == 0:
        return Ratio(hits, of, 0.0, 0.0, p_high * k_high, error.audited, share)
    down = exp(-hypot(log(p / p_low), log(k / k_low)))
    up = exp(hypot(log(p_high / p), log(k_high / k)))
    return Ratio(hits, of, p * k, p * k * down, p * k * up, error.audited, share)

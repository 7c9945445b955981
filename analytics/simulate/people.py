"""When simulated visitors come and go, and how long they stop where: the truth that a simulated camera looks at.

Owns the hours and the lengths of visits. It lives in memory alone; what leaves the simulation are rows of intervals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, log, sqrt

import numpy as np

from analytics.simulate.town import Floats, Ints

OPENS_H, CLOSES_H = 9.0, 20.0
"""Local opening hours of every simulated shop, hours after midnight."""
ENGAGED_S = 15.0
STOP_MEDIAN_S, STOP_SPREAD = 11.0, 1.2
"""Of the lengths of stops, which are lognormal."""
ENGAGED_SHARE = 0.5 * erfc(log(ENGAGED_S / STOP_MEDIAN_S) / (STOP_SPREAD * sqrt(2.0)))
"""Share of the stops that are at least ENGAGED_S long."""


@dataclass(frozen=True)
class Zone:
    """A display.

    Attributes:
        name: Of its zone.
        visit_share: Share of the visitors who come by.
        scan_share: Share of the engaged who scan its code; 0: it has none.
        order_share: Share of those who scan who order.
    """

    name: str
    visit_share: float
    scan_share: float = 0.0
    order_share: float = 0.0


@dataclass(frozen=True)
class Stays:
    """Comings, goings and stops at one zone, each sorted by nothing in particular.

    Attributes:
        zones: Their names.
        in_s, out_s: UTC seconds at which each visitor comes and goes, float64 (visitors,).
        stop_end_s, stop_s: Of each zone's visits: UTC seconds of the end, and length, float64 (stops,).
        engaged: Of each zone: true engaged visits by day, int64 (days,).
    """

    zones: tuple[str, ...]
    in_s: Floats
    out_s: Floats
    stop_end_s: tuple[Floats, ...]
    stop_s: tuple[Floats, ...]
    engaged: tuple[Ints, ...]


def stays(visitors: Ints, midnight_s: Ints, zones: Sequence[Zone], random: np.random.Generator) -> Stays:
    """Spreads the visitors of each day over its opening hours.

    Args:
        visitors: True ones by day, int64 (days,).
        midnight_s: UTC seconds at which the clock shows 0:00 on each, as far as the opening hours go, int64 (days,).
        zones: Of the shop.
        random: Where all chance comes from.
    """
    day = np.arange(visitors.size).repeat(visitors)
    open_s, close_s = midnight_s[day] + 3600.0 * OPENS_H, midnight_s[day] + 3600.0 * CLOSES_H
    in_s = open_s + (close_s - open_s) * random.beta(2.2, 1.8, day.size)  # more in the afternoon
    out_s = np.minimum(in_s + random.lognormal(np.log(900.0), 0.7, day.size), close_s + 300.0)
    ends, lengths, engaged = [], [], []
    for zone in zones:
        stops = random.random(day.size) < zone.visit_share
        stop_s = np.minimum(random.lognormal(np.log(STOP_MEDIAN_S), STOP_SPREAD, int(stops.sum())), 1500.0)
        end_s = in_s[stops] + (out_s - in_s)[stops] * random.random(stop_s.size)
        ends.append(end_s)
        lengths.append(stop_s)
        engaged.append(np.bincount(day[stops][stop_s >= ENGAGED_S], minlength=visitors.size))
    return Stays(tuple(zone.name for zone in zones), in_s, out_s, tuple(ends), tuple(lengths), tuple(engaged))

"""Days of simulated shops: how many come, and what makes some days better than others.

Owns visits by day. It knows no camera and no online shop. All numbers are drawn from the generator that is handed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

WEEKDAYS = np.array([0.85, 0.85, 0.9, 1.0, 1.2, 1.5, 0.7])
"""Visits by day of the week, Monday first; mean 1."""
ONLINE_WEEKDAYS = np.array([1.1, 1.05, 1.0, 0.95, 0.85, 0.9, 1.15])
"""Online orders by day of the week: people order when they do not stroll."""


@dataclass(frozen=True)
class Town:
    """What all shops of a simulation share.

    Attributes:
        first: Date of the first day.
        weather: How bad it is: 0 on average, standard deviation 1, good and bad days in runs. float64 (days,).
        promo: Days of a promotion, in the shops and online. bool (days,).
        season: Level of visits and orders, about 1. float64 (days,).
        weather_effect: Share by which visits fall, and orders rise, at bad weather of 1.
    """

    first: date
    weather: Floats
    promo: Bools
    season: Floats
    weather_effect: float = 0.2

    @property
    def weekday(self) -> Ints:
        """0 is Monday, int64 (days,)."""
        return (self.first.weekday() + np.arange(self.weather.size)) % 7

    @property
    def visit_factor(self) -> Floats:
        """Visits of a day over those of a mean one, float64 (days,)."""
        return self._shared(WEEKDAYS, -self.weather_effect, 0.3)

    @property
    def order_factor(self) -> Floats:
        """Online orders of a day that have nothing to do with a visit, over those of a mean one, float64 (days,)."""
        return self._shared(ONLINE_WEEKDAYS, self.weather_effect, 0.4)

    def _shared(self, weekdays: Floats, weather: float, promo: float) -> Floats:
        factor = weekdays[self.weekday] * self.season * np.exp(weather * self.weather)
        return np.asarray(factor * np.where(self.promo, 1.0 + promo, 1.0))


def town(first: date, days: int, random: np.random.Generator, *, weather_effect: float = 0.2) -> Town:
    """A town with weather, a season and a promotion of five days in about every six weeks."""
    promo = np.zeros(days, dtype=bool)
    for start in range(int(random.integers(0, 20)), days, 42):
        promo[start : start + 5] = True
    phase = random.uniform(0.0, 2.0 * np.pi)
    season = 1.0 + 0.1 * np.sin(2.0 * np.pi * np.arange(days) / 120.0 + phase)
    return Town(first, in_runs(days, 0.6, random), promo, season, weather_effect)


def visits(mean: float, place: Town, random: np.random.Generator) -> Ints:
    """True visitors of a shop by day, int64 (days,); the shop has good and bad weeks of its own."""
    own = np.exp(0.08 * in_runs(place.weather.size, 0.7, random))
    return random.poisson(mean * place.visit_factor * own)


def in_runs(days: int, persistence: float, random: np.random.Generator) -> Floats:
    """Noise of mean 0 and standard deviation 1 in which a day is like the one before: AR(1), float64 (days,)."""
    steps: Floats = random.standard_normal(days) * np.sqrt(1.0 - persistence**2)
    steps[0] /= np.sqrt(1.0 - persistence**2)
    for day in range(1, days):
        steps[day] += persistence * steps[day - 1]
    return steps

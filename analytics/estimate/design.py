"""When which display is on: the schedule of an experiment, drawn by lot before it begins.

Owns the two designs. It knows no order and no visitor. The lot is what claims rest
on: nobody chose the good weeks.

- `rotate`: time is cut into cycles of two blocks of whole weeks. In each cycle every display is on for one block and
  off for the other; in every block half of the displays are on, so that weather and promotions hit both sides alike.
- `matched`: two displays (in shops that are alike) form a pair. Both are off in the first half, then one of each pair
  is on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np
import numpy.typing as npt

Kind = Literal["rotate", "matched"]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

WEEK_DAYS = 7
MIN_REPLICATES = {"rotate": 3, "matched": 4}
"""Fewest cycles or pairs: their spread is all that says how far the mean can be trusted."""


@dataclass(frozen=True)
class Schedule:
    """Displays by day.

    Attributes:
        on: Whether a display is on, bool (units, days).
        replicate: To which cycle or pair each day of a display belongs, int64 (units, days). Each replicate gives an
            estimate of its own.
    """

    on: Bools
    replicate: Ints

    @property
    def replicates(self) -> int:
        """How many cycles or pairs there are."""
        return int(self.replicate.max()) + 1

    def exposure(self, lags: Floats) -> Floats:
        """Share of a day's orders by visitors of the last days that the display could reach, float64 (units, days).

        Args:
            lags: Share of the orders that come so many days after the visit, float64 (30 or so,), summing to 1.
        """
        padded = np.pad(self.on.astype(np.float64), ((0, 0), (lags.size - 1, 0)))
        return np.stack([np.convolve(row, lags, mode="valid") for row in padded])


def rotate(units: int, cycles: int, block_days: int, random: np.random.Generator) -> Schedule:
    """Each display on for one of the two blocks of every cycle.

    Raises:
        ValueError: Blocks are no whole weeks, or nothing is to be done.
    """
    if block_days % WEEK_DAYS or min(block_days, units, cycles) < 1:
        raise ValueError(f"expected blocks of whole weeks, units and cycles, got {block_days} days, {units}, {cycles}")
    first = np.stack([_half(units, random) for _ in range(cycles)], axis=1)  # (units, cycles): on in the first block
    blocks = np.stack([first, ~first], axis=2).reshape(units, 2 * cycles)
    cycle = np.arange(cycles).repeat(2 * block_days)
    return Schedule(blocks.repeat(block_days, axis=1), np.tile(cycle, (units, 1)))


def matched(pairs: int, days: int, random: np.random.Generator) -> Schedule:
    """One of each pair on in the second half; units 0 and 1 are the first pair.

    Raises:
        ValueError: A half is no whole number of weeks, or nothing is to be done.
    """
    if days % (2 * WEEK_DAYS) or min(days, pairs) < 1:
        raise ValueError(f"expected halves of whole weeks, and pairs, got {days} days and {pairs} pairs")
    chosen = random.integers(0, 2, pairs).astype(bool)
    on = np.zeros((2 * pairs, days), dtype=bool)
    on[:, days // 2 :] = np.stack([chosen, ~chosen], axis=1).reshape(-1, 1)
    return Schedule(on, np.tile(np.arange(pairs).repeat(2)[:, None], (1, days)))


def draw(kind: Kind, units: int, days: int, block_days: int, seed: int) -> Schedule:
    """The schedule that a seed stands for; the same one every time.

    Args:
        kind: Which design.
        units: Displays; with `matched` an even number, in the order of their pairs.
        days: Length; with `rotate` whole cycles of two blocks.
        block_days: Length of a block, whole weeks; not used by `matched`.
        seed: Of the lot.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    if kind == "matched":
        return matched(units // 2, days, random)
    return rotate(units, days // (2 * block_days), block_days, random)


def blocks_on(on: Sequence[bool], first: date) -> list[tuple[date, date]]:
    """The spans of days, both ends included, on which a display is on.

    >>> blocks_on([False, True, True, False, True], date(2026, 3, 1))
    [(datetime.date(2026, 3, 2), datetime.date(2026, 3, 3)), (datetime.date(2026, 3, 5), datetime.date(2026, 3, 5))]
    """
    spans: list[tuple[date, date]] = []
    for index in (index for index, is_on in enumerate(on) if is_on):
        day = first + timedelta(days=index)
        if spans and spans[-1][1] + timedelta(days=1) == day:
            spans[-1] = (spans[-1][0], day)
        else:
            spans.append((day, day))
    return spans


def _half(units: int, random: np.random.Generator) -> Bools:
    """Half of the units, by lot; of an odd number one more or one fewer, by lot too."""
    on = np.zeros(units, dtype=bool)
    on[: (units + int(random.integers(0, 2))) // 2] = True
    return random.permutation(on)

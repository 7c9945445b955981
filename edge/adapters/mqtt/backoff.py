"""How long to wait before the next attempt, so that a thousand boxes do not all come back in the same second."""

from __future__ import annotations

import random


class Backoff:
    """Waiting times with full jitter: anything from nothing to a bound that doubles with every failure.

    After Marc Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015), variant "Full Jitter".

    Args:
        first_s: Bound of the first waiting time.
        most_s: Bound that is never passed.
    """

    def __init__(self, first_s: float = 1.0, most_s: float = 30.0) -> None:
        self._first_s, self._most_s = first_s, most_s
        self._bound_s = first_s

    def next_s(self) -> float:
        """How long to wait this time."""
        wait_s = random.uniform(0.0, self._bound_s)  # noqa: S311 - no secret
        self._bound_s = min(2.0 * self._bound_s, self._most_s)
        return wait_s

    def reset(self) -> None:
        """It worked: begin anew."""
        self._bound_s = self._first_s

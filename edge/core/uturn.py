"""The settled reading: opposite crossings of one person soon after each other cancel (semantics A.7).

Knows crossings and chains (the crossings of one person, over changes of track), not where or why.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass


@dataclass
class Pending:
    """A crossing that an opposite one may still cancel."""

    mono_s: float
    inward: bool
    cancelled: bool = False


Chain = list[Pending]
"""The crossings of one person that may still be cancelled, oldest first."""


class Settler:
    """Holds the crossings of all people until they are settled.

    >>> settler, chain = Settler(uturn_s=10.0), []
    >>> settler.cross(chain, 1.0, inward=True), settler.cross(chain, 5.0, inward=False)
    (False, True)
    >>> settler.cross(chain, 20.0, inward=False), settler.settled(before_s=30.0)
    (False, [(20.0, False)])
    """

    def __init__(self, uturn_s: float) -> None:
        self._uturn_s = uturn_s
        self._waiting: deque[Pending] = deque()

    def cross(self, chain: Chain, mono_s: float, *, inward: bool) -> bool:
        """Notes a crossing; True when it cancels the one before it in its chain: a U-turn."""
        chain[:] = [p for p in chain if not p.cancelled and mono_s - p.mono_s <= self._uturn_s]
        if chain and chain[-1].inward != inward:
            chain.pop().cancelled = True
            return True
        pending = Pending(mono_s, inward)
        chain.append(pending)
        self._waiting.append(pending)
        return False

    def settled(self, before_s: float) -> list[tuple[float, bool]]:
        """Takes out the crossings (time, inward) from before `before_s` that nothing has cancelled."""
        out = []
        while self._waiting and (self._waiting[0].cancelled or self._waiting[0].mono_s < before_s):
            pending = self._waiting.popleft()
            if not pending.cancelled:
                out.append((pending.mono_s, pending.inward))
        return out

"""The settled reading: opposite crossings of one person soon after each other cancel (semantics A.7).

Knows crossings and chains (the crossings of one person, over changes of track), not where or why.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from edge.core.rules import Point


@dataclass
class Pending:
    """A crossing that an opposite one may still cancel."""

    mono_s: float
    inward: bool
    at: Point
    height: float
    """Where, and how tall the box was (frame heights)."""
    open: bool = True
    """Neither cancelled nor settled yet."""


Chain = list[Pending]
"""The crossings of one person that may still be cancelled, oldest first."""


class Settler:
    """Holds the crossings of all people until they are settled.

    >>> settler, chain = Settler(uturn_s=10.0), []
    >>> here = {"at": (0.5, 0.5), "height": 0.3}
    >>> settler.cross(chain, 1.0, inward=True, **here), settler.cross(chain, 5.0, inward=False, **here)
    (False, True)
    >>> settler.cross(chain, 20.0, inward=False, **here), [p.mono_s for p in settler.settled(before_s=30.0)]
    (False, [20.0])
    """

    def __init__(self, uturn_s: float) -> None:
        self._uturn_s = uturn_s
        self._waiting: deque[Pending] = deque()

    def cross(self, chain: Chain, mono_s: float, *, inward: bool, at: Point, height: float) -> bool:
        """Notes a crossing; True when it cancels the one before it in its chain: a U-turn."""
        chain[:] = [p for p in chain if p.open and mono_s - p.mono_s <= self._uturn_s]
        if chain and chain[-1].inward != inward:
            chain.pop().open = False
            return True
        pending = Pending(mono_s, inward, at, height)
        chain.append(pending)
        self._waiting.append(pending)
        return False

    def withdraw(self, chain: Chain) -> list[Pending]:
        """Cancels what is pending in a chain, for it turned out to be no visitor's; what there was."""
        withdrawn = [pending for pending in chain if pending.open]
        for pending in withdrawn:
            pending.open = False
        chain.clear()
        return withdrawn

    def settled(self, before_s: float) -> list[Pending]:
        """Takes out the crossings from before `before_s` that nothing has cancelled."""
        out = []
        while self._waiting and (not self._waiting[0].open or self._waiting[0].mono_s < before_s):
            pending = self._waiting.popleft()
            if pending.open:
                pending.open = False
                out.append(pending)
        return out

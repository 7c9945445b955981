"""Which box is whose, all in all: the cheapest pairs of rows and columns, exactly.

Knows a matrix of costs and nothing of tracks or boxes. Most pictures ask nothing difficult, because nobody wants what
another wants; only those who do are weighed against each other, one shortest augmenting path at a time (Jonker &
Volgenant, Computing 38, 1987: A shortest augmenting path algorithm for dense and sparse linear assignment problems).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Costs = NDArray[np.float64]
Indices = NDArray[np.int64]


def cheapest(cost: Costs, none: float) -> Indices:
    """The column of each row, -1 for none, so that the sum of the costs is least.

    Args:
        cost: float64 (N, M).
        none: What it costs a row to have no column.

    >>> cheapest(np.array([[1.0, 2.0], [1.5, 9.0], [7.0, 3.0]]), none=5.0).tolist()
    [1, 0, -1]
    """
    count = len(cost)
    if not cost.size:
        return np.full(count, -1)
    best = cost.argmin(axis=1)
    least = cost[np.arange(count), best]
    wanted = np.where(least < none, best, -1)
    claims = wanted[wanted >= 0].tolist()
    if len(set(claims)) == len(claims):  # nobody wants the same: the usual case
        return wanted
    return np.array(_Dispute(cost, np.minimum(least, none), none).settle(wanted.tolist()))


class _Dispute:
    """Rows that want the same columns. A row without a column is said to have one of its own, numbered below zero."""

    def __init__(self, cost: Costs, least: Costs, none: float) -> None:
        self._offers = [[(-1 - row, none)] for row in range(len(cost))]
        """What each row could have, and at what cost."""
        rows, columns = (cost < none).nonzero()
        for row, column, price in zip(rows.tolist(), columns.tolist(), cost[rows, columns].tolist(), strict=True):
            self._offers[row].append((column, price))
        self._worth: list[float] = least.tolist()
        """What each row gains by having a column (the dual variables of the rows)."""
        self._price: dict[int, float] = {}
        """Of the columns that are disputed (their dual variables, never above 0)."""
        self._owner: dict[int, int] = {}
        self._held: dict[int, int] = {}
        """Who has which column, both ways."""

    def settle(self, wanted: list[int]) -> list[int]:
        """The column of each row; -1 for none."""
        late = []
        for row, column in enumerate(wanted):
            held = column if column >= 0 else -1 - row
            if self._owner.setdefault(held, row) == row:
                self._held[row] = held
            else:
                late.append(row)
        for row in late:
            self._make_room(row)
        return [max(self._held[row], -1) for row in range(len(wanted))]

    def _make_room(self, newcomer: int) -> None:
        """Gives `newcomer` a column; along the cheapest chain, each owner moves on to another one."""
        ways: dict[int, float] = {}  # what it costs to get to the columns that are reached
        taker: dict[int, int] = {}  # the row that would take it
        final: dict[int, float] = {}  # those to which there is no cheaper way
        price, row, so_far = self._price, newcomer, 0.0
        while True:
            worth = self._worth[row]
            for column, cost in self._offers[row]:
                if column not in final:
                    way = so_far + cost - worth - price.get(column, 0.0)
                    if column not in ways or way < ways[column]:
                        ways[column], taker[column] = way, row
            so_far, column = min(zip(ways.values(), ways, strict=True))
            if column not in self._owner:
                break
            final[column] = ways.pop(column)
            row = self._owner[column]
        self._worth[newcomer] += so_far
        for visited, way in final.items():
            self._worth[self._owner[visited]] += so_far - way
            self._price[visited] = self._price.get(visited, 0.0) - (so_far - way)
        row = taker[column]
        while row != newcomer:
            self._owner[column], self._held[row], column = row, column, self._held[row]
            row = taker[column]
        self._owner[column], self._held[row] = row, column

"""The ledger of one stream: which sequence numbers are there and which are missing. Pure: it knows no database."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Gap:
    """Rows that are missing, `first` to `last`, both inclusive.

    Attributes:
        noticed_s: When, seconds since the UTC epoch.
        asked: How often the device was asked for them.
        asked_s: When last; None: never.
        lost: The device does not have them any more.
    """

    first: int
    last: int
    noticed_s: int
    asked: int = 0
    asked_s: int | None = None
    lost: bool = False

    def part(self, first: int, last: int) -> Gap:
        """The same history for a part of it."""
        return Gap(first, last, self.noticed_s, self.asked, self.asked_s, self.lost)


@dataclass
class Ledger:
    """What a stream holds: every seq from 1 to `last_seq`, but for the gaps.

    >>> ledger = Ledger()
    >>> [ledger.take(seq, now_s=0) for seq in (1, 2, 5, 5, 3)]
    [True, True, True, False, True]
    >>> ledger.last_seq, [(gap.first, gap.last) for gap in ledger.gaps]
    (5, [(4, 4)])
    """

    last_seq: int = 0
    gaps: list[Gap] = field(default_factory=list)
    """In order, not touching."""
    changed: bool = False
    """Whether `gaps` changed since it was read."""

    def take(self, seq: int, now_s: int) -> bool:
        """Enters a row; False when it is there already."""
        if seq > self.last_seq:
            self.reach(seq - 1, now_s)
            self.last_seq = seq
            return True
        index = self._index(seq)
        if index is None:
            return False
        self.gaps[index : index + 1] = _without(self.gaps[index], seq, seq)
        self.changed = True
        return True

    def reach(self, last_seq: int, now_s: int) -> None:
        """Notes that rows up to `last_seq` exist, whether they came or not."""
        if last_seq > self.last_seq:
            self.gaps.append(Gap(self.last_seq + 1, last_seq, now_s))
            self.last_seq = last_seq
            self.changed = True

    def lose(self, first: int, last: int) -> int:
        """Gives up what of first..last is missing; the number of rows."""
        kept: list[Gap] = []
        lost = 0
        for gap in self.gaps:
            low, high = max(first, gap.first), min(last, gap.last)
            if gap.lost or low > high:
                kept.append(gap)
                continue
            lost += high - low + 1
            middle = Gap(low, high, gap.noticed_s, gap.asked, gap.asked_s, lost=True)
            kept += sorted([*_without(gap, low, high), middle], key=lambda part: part.first)
        self.gaps, self.changed = kept, self.changed or lost > 0
        return lost

    def _index(self, seq: int) -> int | None:
        index = bisect_right(self.gaps, seq, key=lambda gap: gap.first) - 1
        return index if index >= 0 and self.gaps[index].last >= seq else None


def _without(gap: Gap, first: int, last: int) -> Iterable[Gap]:
    left = [gap.part(gap.first, first - 1)] if first > gap.first else []
    right = [gap.part(last + 1, gap.last)] if last < gap.last else []
    return [*left, *right]

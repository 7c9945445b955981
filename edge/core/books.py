"""The books: sequence numbers, cumulative registers, carried histograms and the occupancy ledger.

`Books.post` is pure: it turns one interval report into the rows of the wire and the books that follow from them. The
outbox stores rows and books in one transaction, so that no crash can separate them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from edge.core.message import Message
from edge.core.report import IntervalReport, LineFacts


@dataclass(frozen=True)
class Sender:
    """Who speaks: the part of a row that is the same in every row of a run of the process."""

    site: str
    device: str
    boot_id: str
    min_count: int = 5


@dataclass(frozen=True)
class Books:
    """Everything that has to survive a restart, besides the rows themselves.

    Attributes:
        epoch: Random id made with the state database.
        last_seq: Last sequence number given out, by series.
        totals: Cumulative registers by line.
        carried: Histogram counts that wait for company, by zone.
    """

    epoch: str
    last_seq: dict[str, int] = field(default_factory=dict)
    totals: dict[str, LineFacts] = field(default_factory=dict)
    carried: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def post(self, report: IntervalReport, sender: Sender, business_day: str) -> tuple[list[Message], Books]:
        """The rows of `report` with their sequence numbers, and the books after them."""
        raise NotImplementedError

    def to_json(self) -> str:
        """One JSON text that `from_json` reads back."""
        raise NotImplementedError

    @staticmethod
    def from_json(text: str) -> Books:
        """The books that `to_json` wrote."""
        raise NotImplementedError

"""A bookkeeper that books a shop in which one visitor comes in every second: what was watched tells what was counted.

    python -m tests.chaos.counting FOLDER INTERVALS

Every five seconds of the shop a tally, every minute an interval. After each commit it says how many seconds are safe.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from edge.adapters.outbox import Outbox
from edge.bookkeeper import Bookkeeper
from edge.core.books import Sender
from edge.core.message import LineRow
from edge.core.report import IntervalReport, LineFacts, ZoneFacts

INTERVAL_S, STEP_S = 60, 5
START_UTC_S = 1_795_392_000
SENDER = Sender("shop", "box", "feedfacefeedface")


def keeper(outbox: Outbox, boot_id: str = SENDER.boot_id) -> Bookkeeper:
    """A bookkeeper of one run."""
    sender = Sender(SENDER.site, SENDER.device, boot_id)
    return Bookkeeper(outbox, sender, lambda _: "2026-11-23", retain_s=259_200.0, live=False)


def report(number: int, seconds: int) -> IntervalReport:
    """What there is of an interval after some of its seconds."""
    start = START_UTC_S + number * INTERVAL_S
    return IntervalReport(
        start,
        start + INTERVAL_S,
        {"door": LineFacts(in_=seconds, in_raw=seconds)},
        {"table": ZoneFacts(entered=seconds)},
        observed_s=float(seconds),
        frames=10 * seconds,
        config_id="0123456789abcdef",
    )


def sums(outbox: Outbox) -> tuple[int, float]:
    """Visitors and watched seconds of all rows of the door, checked against registers and numbers."""
    outbox.resend("line/door", 1, 1_000_000)  # those that were acknowledged count too
    rows = [row.message for row in outbox.pending(0, 1_000_000) if row.message.series == "line/door"]
    assert [row.seq for row in rows] == list(range(1, outbox.books.last_seq.get("line/door", 0) + 1))
    read = [LineRow.model_validate_json(row.payload) for row in rows]
    visitors = sum(row.in_ for row in read)
    total = outbox.books.totals.get("door", LineFacts())
    assert visitors == total.in_, "the register is the sum of the rows"
    return visitors, sum(row.observed_s for row in read)


def main(folder: Path, intervals: int) -> None:
    """Books, and says what is safe."""
    with Outbox(folder / "outbox.db") as outbox:
        books = keeper(outbox)
        for number in range(intervals):
            closed = [report(number - 1, INTERVAL_S)] if number else []
            for seconds in range(STEP_S, INTERVAL_S + 1, STEP_S):
                books.book(closed, [report(number, seconds)])
                closed = []
                os.write(1, f"{number * INTERVAL_S + seconds}\n".encode())
            if number % 3 == 0:
                outbox.acknowledge([row.id for row in outbox.pending(0, 7)])
                outbox.resend("line/door", 1, 1000)
                outbox.prune()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

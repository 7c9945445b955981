"""What the outbox hands out: rows, what became of a wish to send some again, and what is kept of a series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edge.core.message import Message


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A message that waits for its acknowledgement; ids grow with age and are never used twice."""

    id: int
    message: Message


@dataclass(frozen=True, slots=True)
class Resent:
    """What became of a wish to send rows again: how many go out, and which numbers are not there (first, last)."""

    rows: int
    missing: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Shelf:
    """What is kept of one series."""

    series: str
    rows: int
    first_seq: int
    last_seq: int
    pending: int


def message_of(columns: Sequence[object]) -> Message:
    """The message in the columns topic, payload, qos, retain, series, seq, expiry_s."""
    topic, payload, qos, retain, series, seq, expiry_s = columns
    return Message(topic, payload, qos, bool(retain), series, seq, expiry_s)  # type: ignore[arg-type]

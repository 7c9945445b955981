"""What the publisher needs of the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from edge.core.message import Message


class QueueRow(Protocol):
    """A row of the queue."""

    @property
    def id(self) -> int: ...  # noqa: D102
    @property
    def message(self) -> Message: ...  # noqa: D102


class Queue(Protocol):
    """The rows that wait for the broker."""

    def pending(self, after_id: int, limit: int) -> Sequence[QueueRow]:
        """At most `limit` unacknowledged rows with an id above `after_id`, oldest first."""
        ...

    def acknowledge(self, ids: Sequence[int]) -> None:
        """The broker has these rows."""
        ...

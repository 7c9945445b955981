"""Topics that the broker does not take: their rows step aside, and one message a while tries whether it does by now."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple

from edge.core.message import Message


class Parcel(NamedTuple):
    """A message on its way to the broker."""

    row_id: int | None  # None: not from the queue
    message: Message
    correlation: bytes | None = None


class Refusal(NamedTuple):
    """What the broker did not take, and when it is asked again."""

    parcel: Parcel
    words: str
    probe_s: float


class Refusals:
    """The refused topics of one connection.

    Args:
        retry_s: Seconds between two attempts at a topic.
    """

    def __init__(self, retry_s: float) -> None:
        self._retry_s = retry_s
        self._by_topic: dict[str, Refusal] = {}

    def add(self, parcel: Parcel, words: str) -> None:
        """The broker does not take this."""
        self._by_topic[parcel.message.topic] = Refusal(parcel, words, time.monotonic() + self._retry_s)

    def lift(self, topic: str) -> bool:
        """The broker takes the topic; whether that is news."""
        return self._by_topic.pop(topic, None) is not None

    def clear(self) -> None:
        """A new connection, new luck."""
        self._by_topic.clear()

    def due(self) -> list[Refusal]:
        """Those that are to be tried again now."""
        now_s = time.monotonic()
        return [refusal for refusal in self._by_topic.values() if now_s >= refusal.probe_s]

    def __contains__(self, topic: str) -> bool:
        return topic in self._by_topic

    def __len__(self) -> int:
        return len(self._by_topic)

    def __iter__(self) -> Iterator[Refusal]:
        return iter(self._by_topic.values())

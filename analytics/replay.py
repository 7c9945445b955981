"""Asks devices for rows that are missing, and takes their answers. Which rows are missing, the store knows."""

from __future__ import annotations

import logging
from typing import Protocol

from analytics.store.database import Database
from analytics.store.gaps import Missing, claim, due, give_up, lose, place
from analytics.store.incidents import Notice
from analytics.validate import Accepted
from edge.core.message import REPLAY_ROWS, ReplayAnswer, ReplayRequest, answer_topic, topic

log = logging.getLogger(__name__)

_AT_ONCE = 100
"""Requests in one go; a device takes 20, and the rest is asked again later."""


class Requests(Protocol):
    """What replay needs of the session."""

    def publish(self, topic: str, payload: bytes, *, answer_to: str, correlation: bytes) -> None:
        """Sends a request."""


class Replay:
    """Brings missing rows back, in the name of one reader.

    Args:
        database: Of the books.
        requests: Where requests go out.
        reader: Name of the reader; answers come on a topic that ends with it.
        grace_s: How long a gap may close by itself first: another reader may hold the rows.
    """

    def __init__(self, database: Database, requests: Requests, reader: str, grace_s: int) -> None:
        self._database, self._requests = database, requests
        self._reader, self._grace_s = reader, grace_s

    def ask(self, now_s: int) -> list[Notice]:
        """Asks for what is due, and gives up what nobody has answered for in two weeks.

        Raises:
            StoreError: The database fails.
        """
        for gap in due(self._database, now_s, self._grace_s, _AT_ONCE):
            if claim(self._database, gap, now_s):
                self._request(gap)
        return give_up(self._database, now_s)

    def take(self, message: Accepted, correlation: bytes, now_s: int) -> list[Notice]:
        """Notes what a device does not have any more; the rows that it has come on their own topics.

        Raises:
            StoreError: The database fails.
        """
        answer = message.payload
        if not isinstance(answer, ReplayAnswer) or not correlation.isdigit():
            return []
        stream_id = int(correlation)
        if place(self._database, stream_id) != (message.site, message.device, answer.series):
            return []
        if answer.problem == "other_epoch" and answer.from_seq is not None and answer.to_seq is not None:
            return lose(self._database, stream_id, [(answer.from_seq, answer.to_seq)], now_s)
        if answer.problem is not None:
            log.info("replay of %s/%s %s: %s", message.site, message.device, answer.series, answer.problem)
            return []
        return lose(self._database, stream_id, [(gone.first, gone.last) for gone in answer.missing], now_s)

    def _request(self, gap: Missing) -> None:
        last = min(gap.last, gap.first + REPLAY_ROWS - 1)
        request = ReplayRequest(epoch=gap.epoch, series=gap.series, from_seq=gap.first, to_seq=last)
        self._requests.publish(
            topic(gap.site, gap.device, "cmd", "replay"),
            request.wire(),
            answer_to=answer_topic(gap.site, gap.device, self._reader),
            correlation=str(gap.stream_id).encode(),
        )
        log.info("asked %s/%s for %s, seq %d to %d", gap.site, gap.device, gap.series, gap.first, last)

"""Sending rows again: to readers who ask over MQTT, and to `edge outbox resend`, which leaves its wishes in a file.

The file works whether the service runs or not, and needs no lock on the state database, which a running service holds.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from edge.adapters.outbox import FullError, Outbox
from edge.core.message import MISSING_RANGES, REPLAY_ROWS, ReplayAnswer, ReplayProblem, ReplayRequest, SeqRange

log = logging.getLogger(__name__)


class Resending:
    """Grants wishes for old rows.

    Args:
        outbox: That may still have them.
        wishes: The file of `leave`.
    """

    def __init__(self, outbox: Outbox, wishes: Path) -> None:
        self._outbox, self._wishes = outbox, wishes

    def answer(self, payload: bytes) -> bytes:
        """Takes a request as it came over MQTT, has its rows sent again, and says what became of it."""
        try:
            request = ReplayRequest.model_validate_json(payload)
        except ValidationError:
            log.warning("a request for old rows cannot be read")
            return self._refuse("invalid", None).wire()
        return self._grant(request).wire()

    def take_wishes(self) -> bool:
        """Grants what `leave` has left; whether there was anything."""
        taken = self._wishes.with_name(f"{self._wishes.name}.taken")
        try:
            self._wishes.replace(taken)  # first, or wishes that are left meanwhile would vanish
            for line in taken.read_bytes().splitlines():
                self.answer(line)
            taken.unlink()
        except OSError:
            return False
        return True

    def _grant(self, request: ReplayRequest) -> ReplayAnswer:
        epoch = self._outbox.books.epoch
        if request.epoch not in (None, epoch):
            return self._refuse("other_epoch", request)
        last = min(request.to_seq, request.from_seq + REPLAY_ROWS - 1)
        try:
            done = self._outbox.resend(request.series, request.from_seq, last)
        except FullError:
            return self._refuse("no_room", request)
        log.info("%s: %d rows from %d to %d are sent again", request.series, done.rows, request.from_seq, last)
        return ReplayAnswer(
            epoch=epoch,
            series=request.series,
            from_seq=request.from_seq,
            to_seq=last,
            sent=done.rows,
            missing=tuple(SeqRange(first=one, last=other) for one, other in done.missing[:MISSING_RANGES]),
            problem=None,
        )

    def _refuse(self, problem: ReplayProblem, request: ReplayRequest | None) -> ReplayAnswer:
        return ReplayAnswer(
            epoch=self._outbox.books.epoch,
            series=request.series if request else None,
            from_seq=request.from_seq if request else None,
            to_seq=request.to_seq if request else None,
            sent=0,
            missing=(),
            problem=problem,
        )


def leave(wishes: Path, requests: Sequence[ReplayRequest]) -> None:
    """Leaves requests for the service, which takes them within a second, or when it starts.

    Raises:
        OSError: The file cannot be written.
    """
    fresh = wishes.with_name(f"{wishes.name}.new")
    before = wishes.read_text(encoding="utf-8") if wishes.exists() else ""
    lines = [json.dumps(request.model_dump(mode="json", by_alias=True)) for request in requests]
    with fresh.open("w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o644)  # the service may run as another user; its folder is private
        file.write(before + "".join(f"{line}\n" for line in lines))
    fresh.replace(wishes)

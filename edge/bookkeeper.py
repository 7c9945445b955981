"""The bookkeeper: brings what was counted into the outbox, whatever becomes of power, disk and clock.

Between a count and a row stand three dangers, and each has its answer here:

- Power: what the open intervals hold is stored every few seconds as a tally, as if the service had stopped at that
  moment. After a kill or a power cut the next run books the tally, and `observed_s` tells how far it went.
- Clock: an interval of a boot that does not know UTC yet waits until it does, and is then stamped with its real time.
  When that takes too long, although somebody could read it, it is booked as `unsynced`.
- Disk: what cannot be stored waits in memory, bounded and counted, and is stored as soon as there is room.

It does not know cameras, nor what a broker is.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice, takewhile

from edge.adapters import clock
from edge.adapters.outbox import FullError, Outbox
from edge.core import draft
from edge.core.books import Books, Sender
from edge.core.draft import Draft
from edge.core.message import BooksState, Message
from edge.core.report import IntervalReport

log = logging.getLogger(__name__)

TALLY_S = 5.0
"""A power cut loses at most as much observation as this."""
_PATIENCE_S = 600.0
"""How long rows wait for a right clock while somebody could read them."""
_MOST_WAITING = 1000
"""Intervals; 300 s of each make three and a half days."""
_MOST_MISSED_ROWS = 10_000
_TOGETHER = 12
"""Intervals in one transaction: a power cut between two of them loses nothing, as the note shrinks with each."""
_TRY_AGAIN_S = 0.5

_TALLY, _WAITING = "tally", "waiting"


class Bookkeeper:
    """Books intervals for one run of the service; every method belongs to the main thread.

    Args:
        outbox: Where to; what a run before left open is booked first.
        sender: Who speaks in the rows.
        business_day: Names the business day of an instant, UTC seconds.
        retain_s: How far back missed time is told.
        live: Whether time passes in which nobody watches; it does not for files.
    """

    def __init__(
        self, outbox: Outbox, sender: Sender, business_day: Callable[[float], str], *, retain_s: float, live: bool
    ) -> None:
        self.dropped = 0
        """Intervals that were given up for want of room."""
        self._outbox, self._sender, self._business_day = outbox, sender, business_day
        self._retain_s = retain_s
        self._machine_boot = clock.machine_boot()
        self._tell_missed = live
        self._closed: deque[Draft] = deque()
        self._missed: deque[Draft] = deque()
        self._waiting: list[Draft] = []
        self._open: list[Draft] = []
        self._full = False
        self._patient_until_s: float | None = None
        self._impatient = False
        self._tried_s = -_TRY_AGAIN_S
        self._recover()

    @property
    def waiting(self) -> int:
        """Closed intervals that are not booked yet."""
        return len(self._waiting) + len(self._closed)

    @property
    def state(self) -> BooksState:
        """How the books are, for the health message."""
        return "full" if self._full else "replaced" if self._outbox.replaced else "ok"

    def book(self, closed: Sequence[IntervalReport], still_open: Sequence[IntervalReport]) -> bool:
        """Books what is final, and notes what is not; whether rows came of it.

        Args:
            closed: Final intervals, oldest first.
            still_open: The others, as they would be if the service stopped now.
        """
        self._open = [self._draft(report) for report in still_open]
        for report in closed:
            (self._waiting if self._waits(report) else self._closed).append(self._draft(report))
        while len(self._waiting) > _MOST_WAITING:
            self._closed.append(self._waiting.pop(0))
        return self._store()

    def attend(self, *, reachable: bool) -> bool:
        """What has to be done now and then; whether rows came of it.

        Args:
            reachable: Whether rows would reach anybody, were they booked now.
        """
        now_s = time.monotonic()
        if now_s - self._tried_s < _TRY_AGAIN_S or not (self._waiting or self._full):
            return False
        self._tried_s = now_s
        if self._waiting:
            self._look_at_the_clock(now_s, reachable=reachable)
        return self._store() if self._closed or self._full else False

    def finish(self, closed: Sequence[IntervalReport]) -> bool:
        """Books everything at the end of a run, the time known or not; whether rows came of it."""
        self._impatient = True
        self._closed.extend(self._waiting)
        self._waiting.clear()
        booked = self.book(closed, ())
        if self._closed:
            log.error("%d intervals are lost: the disk is full", len(self._closed))
        return booked

    def _recover(self) -> None:
        """What the run before did not book: its tally is final now."""
        for note in (_WAITING, _TALLY):
            text = self._outbox.note(note)
            try:
                drafts = draft.from_json(text) if text else []
            except ValueError as error:
                log.error("what the last run left open is lost: %s", error)
                continue
            for left in drafts:
                known = left.report.clock == "synced"
                same = left.machine_boot == self._machine_boot != ""
                (self._waiting if same and not known else self._closed).append(left)
        if self._closed or self._waiting:
            log.warning("the last run was cut off: %d intervals are booked as they were", self.waiting)
            if self._waiting:
                self._look_at_the_clock(time.monotonic(), reachable=False)
            self._store()

    def _draft(self, report: IntervalReport) -> Draft:
        return Draft(report, self._sender.boot_id, self._machine_boot)

    def _waits(self, report: IntervalReport) -> bool:
        return report.clock == "unsynced" and not self._impatient

    def _look_at_the_clock(self, now_s: float, *, reachable: bool) -> None:
        """Stamps what waits, once the clock is right; or gives up waiting."""
        if clock.synchronised():
            offset_s = time.time() - now_s
            for left in self._waiting:
                self._closed.append(replace(left, report=draft.restamped(left.report, offset_s)))
            log.info("the clock is right now: %d intervals have their real time", len(self._waiting))
            self._waiting.clear()
        elif not reachable:
            self._patient_until_s = None
        elif self._patient_until_s is None:
            self._patient_until_s = now_s + _PATIENCE_S
        elif now_s >= self._patient_until_s:
            log.warning("the clock is still not right: rows are sent with clock unsynced from now on")
            self._impatient = True
            self._closed.extend(self._waiting)
            self._waiting.clear()

    def _store(self) -> bool:
        """Stores what is to be booked and the notes of the rest; what finds no room stays here."""
        booked = False
        try:
            while batch := self._next():
                self._post(batch)
                booked = True
            if not booked:
                self._outbox.keep(self._note())
        except FullError as error:
            if not self._full:
                log.error("%s; intervals wait in memory", error)
            self._full = True
        else:
            if self._full:
                log.warning("there is room again: everything is stored")
            self._full = False
        while len(self._closed) > _MOST_WAITING:
            self._closed.popleft()
            self.dropped += 1
        return booked

    def _next(self) -> list[Draft]:
        """What goes into the next transaction; time that nobody watched goes before what came after it."""
        if self._closed and self._ends_a_gap(self._closed[0]):
            self._missed.extend(self._gap_before(self._closed[0].report))
            self._tell_missed = False
        if self._missed:
            return list(islice(self._missed, _TOGETHER))
        return list(takewhile(lambda one: not self._ends_a_gap(one), islice(self._closed, _TOGETHER)))

    def _post(self, batch: list[Draft]) -> None:
        def posting(books: Books) -> tuple[list[Message], Books]:
            messages: list[Message] = []
            for one in batch:
                sender = replace(self._sender, boot_id=one.boot_id)
                rows, books = books.post(one.report, sender, self._business_day(one.report.start_utc_s))
                messages += rows
            return messages, books

        source = self._missed or self._closed
        self._outbox.post(posting, self._note(0 if source is self._missed else len(batch)))
        for _ in batch:
            source.popleft()

    def _ends_a_gap(self, one: Draft) -> bool:
        """Whether this is the first interval of this run whose time is known."""
        return self._tell_missed and one.boot_id == self._sender.boot_id and one.report.clock == "synced"

    def _gap_before(self, report: IntervalReport) -> list[Draft]:
        if not (since_utc_s := self._outbox.books.until_utc_s):
            return []
        interval_s = report.end_utc_s - report.start_utc_s
        series = len(report.lines) + len(report.zones) + 1
        at_most = min(int(self._retain_s // interval_s), _MOST_MISSED_ROWS // series)
        return [self._draft(gap) for gap in draft.missed(since_utc_s, report, at_most)]

    def _note(self, booked: int = 0) -> dict[str, str]:
        """What is not booked, for the next run: closed ones that wait in memory are as safe as open ones.

        Only what has changed: a box without a clock should not write its waiting intervals every few seconds.
        """
        rest = islice(self._closed, booked, None)
        notes = {_TALLY: draft.to_json([*rest, *self._open]), _WAITING: draft.to_json(self._waiting)}
        return {name: text for name, text in notes.items() if self._outbox.note(name) != text}

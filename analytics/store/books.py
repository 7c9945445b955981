"""Enters messages into the database: exactly once, whatever comes twice, late or never.

One call of `Books.post` is one transaction. A row is entered when the ledger of its stream misses it, so a row that
comes again changes nothing; one that comes again with another content is a dead letter and an alarm, and the first one
stays. Nothing here knows MQTT.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from analytics.online import OnlineDay
from analytics.online_books import put_online
from analytics.store.devices import put_info, put_status
from analytics.store.incidents import Notice, bury, note
from analytics.store.registers import put_totals
from analytics.store.rows import KINDS, TABLES, Entry, KeptRow, Shelf
from analytics.store.store import Store
from analytics.store.streams import Ledgers, StreamKey, Streams
from analytics.validate import Accepted, Refused, refuse
from edge.core.message import DeviceStatus, Info, LineRow, OccupancyRow, TotalRow, ZoneRow

_BUSINESS_DAY = """
INSERT INTO business_days (site, device, business_day, from_s, to_s) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (site, device, business_day) DO UPDATE SET
    from_s = CASE WHEN excluded.from_s < business_days.from_s THEN excluded.from_s ELSE business_days.from_s END,
    to_s = CASE WHEN excluded.to_s > business_days.to_s THEN excluded.to_s ELSE business_days.to_s END"""


@dataclass
class Posted:
    """What became of a batch.

    Attributes:
        stored: Rows that are new.
        repeated: Rows that were there, with the same content.
        buried: Dead letters.
        notices: What an operator should know.
    """

    stored: int = 0
    repeated: int = 0
    buried: int = 0
    notices: list[Notice] = field(default_factory=list)


class Books:
    """The books of one reader; any number of readers may write at once.

    Args:
        store: Stays the caller's, who closes it.

    Raises:
        StoreError: The database fails; nothing of the call that raised it was stored.
    """

    def __init__(self, store: Store) -> None:
        self._store, self._database = store, store.database
        self._streams = Streams(store.database)
        self._shelf = Shelf(store.database)

    def post(self, accepted: Sequence[Accepted], refused: Sequence[Refused], now_s: int) -> Posted:
        """Enters a batch in one transaction, after which the broker may forget it.

        Args:
            accepted: Messages, in the order in which they came.
            refused: For the dead letters.
            now_s: Seconds since the UTC epoch.

        Raises:
            StoreError: The database fails; nothing was stored.
        """
        rows = [
            (message, row)
            for message in accepted
            if isinstance(row := message.payload, LineRow | ZoneRow | OccupancyRow)
        ]
        totals = [message.payload for message in accepted if isinstance(message.payload, TotalRow)]
        entries = self._entries(rows, totals, now_s)
        self._database.ensure_months(TABLES, {message.start_s for message, _ in rows})
        posted = Posted()
        with self._store.transaction():
            letters = [*refused, *self._enter(entries, posted, now_s)]
            self._label_days(message for _, message in entries)
            put_totals(self._database, totals, self._streams.ids((), now_s))
            self._enter_rest(accepted, now_s)
            bury(self._database, letters, now_s)
            note(self._database, posted.notices, now_s)
        posted.buried = len(letters)
        return posted

    def _entries(
        self, rows: Sequence[tuple[Accepted, KeptRow]], totals: Sequence[TotalRow], now_s: int
    ) -> list[tuple[Entry, Accepted]]:
        lines = (StreamKey(total.site, total.device, total.epoch, f"line/{total.line}") for total in totals)
        ids = self._streams.ids([*(_key(row) for _, row in rows), *lines], now_s)
        runs = self._streams.runs({(row.config_id, row.boot_id) for _, row in rows})
        entries = []
        for message, row in rows:
            run_id = runs[row.config_id, row.boot_id]
            entry = Entry(ids[_key(row)], run_id, message.start_s, message.end_s, message.digest, row)
            entries.append((entry, message))
        return entries

    def _enter(self, entries: Sequence[tuple[Entry, Accepted]], posted: Posted, now_s: int) -> list[Refused]:
        """Enters rows, each stream in its order; gives those that contradict what is there, as dead letters."""
        entries = sorted(entries, key=lambda pair: (pair[0].stream_id, pair[0].row.seq))
        seqs: dict[int, set[int]] = defaultdict(set)
        for entry, _ in entries:
            seqs[entry.stream_id].add(entry.row.seq)
        ledgers = Ledgers(self._database, seqs)
        new: dict[str, dict[tuple[int, int], Entry]] = {kind: {} for kind in KINDS}
        again: dict[str, list[tuple[Entry, Accepted]]] = defaultdict(list)
        for entry, message in entries:
            if ledgers[entry.stream_id].take(entry.row.seq, now_s):
                new[message.kind][entry.stream_id, entry.row.seq] = entry
            else:
                again[message.kind].append((entry, message))
        for kind, found in new.items():
            if found:
                posted.stored += self._shelf.store(kind, found.values())
        ledgers.write()
        return [letter for kind, found in again.items() for letter in self._compare(kind, found, posted)]

    def _compare(self, kind: str, again: Sequence[tuple[Entry, Accepted]], posted: Posted) -> Iterable[Refused]:
        keys = sorted({(entry.stream_id, entry.row.seq) for entry, _ in again})
        digests = self._shelf.digests(kind, keys)
        for entry, message in again:
            row = entry.row
            if digests.get((entry.stream_id, row.seq)) == entry.digest:
                posted.repeated += 1
                continue
            text = f"{row.series}, epoch {row.epoch}, seq {row.seq}: came again with another content; the first stays"
            posted.notices.append(Notice("alarm", "conflict", row.site, row.device, text))
            yield refuse(message.topic, row.wire(), "conflict", text, row)

    def _label_days(self, messages: Iterable[Accepted]) -> None:
        """Learns from the devices which business day they are in; not while they do not know the time."""
        spans: dict[tuple[str, str, str], tuple[int, int]] = {}
        for message in messages:
            row = message.payload
            if isinstance(row, OccupancyRow) and row.clock == "synced":
                key = row.site, row.device, row.business_day
                from_s, to_s = spans.get(key, (message.start_s, message.end_s))
                spans[key] = min(from_s, message.start_s), max(to_s, message.end_s)
        self._database.execute_many(_BUSINESS_DAY, [(*key, *span) for key, span in sorted(spans.items())])

    def _enter_rest(self, accepted: Sequence[Accepted], now_s: int) -> None:
        for message in sorted(accepted, key=lambda message: (message.site, message.device)):  # as all readers do
            if isinstance(message.payload, Info):
                put_info(self._database, message.site, message.device, message.payload, now_s)
            elif isinstance(message.payload, DeviceStatus):
                put_status(self._database, message.site, message.device, message.payload, now_s)
        days = [message.payload for message in accepted if isinstance(message.payload, OnlineDay)]
        put_online(self._store, sorted(days, key=lambda day: (day.site, day.zone, day.date, day.lag)), "mqtt")


def _key(row: KeptRow) -> StreamKey:
    return StreamKey(row.site, row.device, row.epoch, row.series)

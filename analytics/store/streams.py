"""The streams of the wire and their ledgers in the database: ids, heads and gaps."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from analytics.store.database import Database
from analytics.store.incidents import Notice, note
from analytics.store.ledger import Gap, Ledger

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class StreamKey:
    """A run of sequence numbers: site, device, epoch and series of the wire."""

    site: str
    device: str
    epoch: str
    series: str


class Streams:
    """Ids of streams and runs, remembered, because they never change; ledgers, read anew in every transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ids: dict[StreamKey, int] = {}
        self._runs: dict[tuple[str, str], int] = {}
        database.stage("staged_heads", "SELECT stream_id, last_seq FROM streams")
        for stream_id, *key in database.query("SELECT stream_id, site, device, epoch, series FROM streams"):
            self._ids[StreamKey(*key)] = stream_id

    def ids(self, keys: Iterable[StreamKey], now_s: int) -> dict[StreamKey, int]:
        """The ids of streams; unknown ones are made, in a transaction of their own."""
        unknown = sorted({key for key in keys if key not in self._ids}, key=_order)
        if unknown:
            with self._database.transaction():
                self._make(unknown, now_s)
            for key in unknown:
                if key not in self._ids:  # another reader was faster
                    self._ids[key] = self._find(key)
        return self._ids

    def runs(self, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """The ids of (config_id, boot_id); unknown ones are made, in a transaction of their own."""
        unknown = sorted({pair for pair in pairs if pair not in self._runs})
        if unknown:
            with self._database.transaction():
                made = self._database.insert_new("runs", ("config_id", "boot_id"), unknown)
            self._runs.update({(config_id, boot_id): run_id for run_id, config_id, boot_id in made})
            for pair in unknown:
                if pair not in self._runs:
                    ((run_id,),) = self._database.query(
                        "SELECT run_id FROM runs WHERE config_id = ? AND boot_id = ?", pair
                    )
                    self._runs[pair] = run_id
        return self._runs

    def _make(self, keys: Sequence[StreamKey], now_s: int) -> None:
        columns = ("site", "device", "epoch", "series", "kind", "name", "first_seen_s")
        rows = [(*_order(key), *_parted(key.series), now_s) for key in keys]
        notices = [self._new_epoch(key) for key in {(key.site, key.device, key.epoch): key for key in keys}.values()]
        made = self._database.insert_new("streams", columns, rows)
        self._ids.update({StreamKey(*row[1:5]): row[0] for row in made})
        if made:
            note(self._database, [notice for notice in notices if notice], now_s)

    def _new_epoch(self, key: StreamKey) -> Notice | None:
        known = self._database.query(
            "SELECT DISTINCT epoch FROM streams WHERE site = ? AND device = ?", (key.site, key.device)
        )
        if not known or (key.epoch,) in known:
            return None
        return Notice(
            "note", "new_epoch", key.site, key.device, f"a new state database, epoch {key.epoch}: seq restarts"
        )

    def _find(self, key: StreamKey) -> int:
        ((stream_id,),) = self._database.query(
            "SELECT stream_id FROM streams WHERE site = ? AND device = ? AND epoch = ? AND series = ?", _order(key)
        )
        return int(stream_id)


class Ledgers:
    """The ledgers of some streams, held until the running transaction ends.

    Streams are taken in the order of their ids, so that two readers never wait for each other in a circle.

    Args:
        database: With a transaction running.
        seqs: By stream, what it shall take, in order; its gaps are read unless that just goes on. Empty: they are read.
    """

    def __init__(self, database: Database, seqs: Mapping[int, Collection[int]]) -> None:
        self._database = database
        self._heads: dict[int, int] = {}
        for some in _chunks(sorted(seqs)):
            found = database.query(
                f"SELECT stream_id, last_seq FROM streams WHERE stream_id IN ({some}) "  # noqa: S608 - integers
                f"ORDER BY stream_id{database.dialect.for_update}"
            )
            self._heads.update((stream_id, last_seq) for stream_id, last_seq in found)
        self._ledgers = {stream_id: Ledger(last_seq) for stream_id, last_seq in self._heads.items()}
        self._read_gaps(stream_id for stream_id, some in seqs.items() if not _next(some, self._heads[stream_id]))

    def __getitem__(self, stream_id: int) -> Ledger:
        return self._ledgers[stream_id]

    def _read_gaps(self, stream_ids: Iterable[int]) -> None:
        for some in _chunks(sorted(stream_ids)):
            found = self._database.query(
                "SELECT stream_id, from_seq, to_seq, noticed_s, asked, asked_s, lost FROM gaps "  # noqa: S608 - integers
                f"WHERE stream_id IN ({some}) ORDER BY stream_id, from_seq"
            )
            for stream_id, first, last, noticed_s, asked, asked_s, lost in found:
                self._ledgers[stream_id].gaps.append(Gap(first, last, noticed_s, asked, asked_s, bool(lost)))

    def write(self) -> None:
        """Stores what changed."""
        heads = [
            (stream_id, ledger.last_seq)
            for stream_id, ledger in self._ledgers.items()
            if ledger.last_seq != self._heads[stream_id]
        ]
        self._database.copy("staged_heads", ("stream_id", "last_seq"), heads)
        self._database.execute(
            "UPDATE streams SET last_seq = h.last_seq FROM staged_heads h WHERE h.stream_id = streams.stream_id"
        )
        self._database.execute("DELETE FROM staged_heads")
        changed = {stream_id: ledger.gaps for stream_id, ledger in self._ledgers.items() if ledger.changed}
        for some in _chunks(sorted(changed)):
            self._database.execute(f"DELETE FROM gaps WHERE stream_id IN ({some})")  # noqa: S608 - integers
        self._database.execute_many(
            "INSERT INTO gaps (stream_id, from_seq, to_seq, noticed_s, asked, asked_s, lost) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (stream_id, gap.first, gap.last, gap.noticed_s, gap.asked, gap.asked_s, int(gap.lost))
                for stream_id, gaps in changed.items()
                for gap in gaps
            ],
        )


def _order(key: StreamKey) -> tuple[str, str, str, str]:
    return key.site, key.device, key.epoch, key.series


def _next(seqs: Collection[int], last_seq: int) -> bool:
    """Whether these rows just go on: then no gap opens or closes, as nearly always."""
    return bool(seqs) and min(seqs) == last_seq + 1 and max(seqs) == last_seq + len(seqs)


def _parted(series: str) -> tuple[str, str]:
    """Kind and name.

    >>> _parted("line/door"), _parted("occupancy")
    (('line', 'door'), ('occupancy', ''))
    """
    kind, _, name = series.partition("/")
    return kind, name


def _chunks(ids: Sequence[int]) -> Iterable[str]:
    for first in range(0, len(ids), _AT_ONCE):
        yield ", ".join(str(stream_id) for stream_id in ids[first : first + _AT_ONCE])

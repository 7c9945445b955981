"""The registers of the lines against the sums of their rows: two proofs of the same books.

A register at seq S is the sum of all rows up to S. It is compared from one proven register to the next, so that each
row is summed once. Where rows are lost for good, the difference is what they held.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from analytics.store.database import Database
from analytics.store.incidents import Notice, note
from analytics.store.streams import Ledgers, StreamKey
from analytics.validate import utc_s
from edge.core.message import TotalRow

COUNTS = ("in_count", "out_count", "in_raw", "out_raw", "uturns")
_AT_ONCE = 1000
_PUT = f"""
INSERT INTO registers (stream_id, seq, end_s, {", ".join(COUNTS)}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (stream_id) DO UPDATE SET seq = excluded.seq, end_s = excluded.end_s,
    {", ".join(f"{name} = excluded.{name}" for name in COUNTS)}
WHERE excluded.seq > registers.seq"""  # noqa: S608 - names from this file
_DUE = f"""
SELECT g.stream_id, s.site, s.device, s.name, g.seq, g.checked_seq, s.last_seq,
    (SELECT count(*) FROM gaps m WHERE m.stream_id = g.stream_id AND m.lost = 0 AND m.from_seq <= g.seq),
    count(r.seq), {", ".join(f"g.{name}, g.checked_{name}" for name in COUNTS)},
    {", ".join(f"CAST(coalesce(sum(r.{name}), 0) AS BIGINT)" for name in COUNTS)}
FROM registers g
JOIN streams s ON s.stream_id = g.stream_id
LEFT JOIN line_rows r ON r.stream_id = g.stream_id AND r.seq > g.checked_seq AND r.seq <= g.seq
WHERE g.stream_id > ? AND g.seq > g.checked_seq
GROUP BY g.stream_id, s.stream_id ORDER BY g.stream_id LIMIT {_AT_ONCE}"""  # noqa: S608 - names from this file
_CHECKED = f"""
UPDATE registers SET checked_seq = ?, {", ".join(f"checked_{name} = ?" for name in COUNTS)},
    {", ".join(f"missed_{name} = missed_{name} + ?" for name in COUNTS)}
WHERE stream_id = ? AND checked_seq = ?"""  # noqa: S608 - names from this file


@dataclass(frozen=True, slots=True)
class _Proof:
    """A register beside the sum of the rows since the one that was proven last."""

    stream_id: int
    site: str
    device: str
    line: str
    seq: int
    checked_seq: int
    last_seq: int
    open_gaps: int
    rows: int
    register: tuple[int, ...]
    missed: tuple[int, ...]
    """Of `COUNTS`: what the register says beyond the rows."""

    @property
    def pending(self) -> bool:
        """Whether rows may still come."""
        return self.last_seq < self.seq or self.open_gaps > 0

    def notice(self) -> Notice | None:
        """What there is to say about a difference."""
        if not any(self.missed):
            return None
        lost = self.seq - self.checked_seq - self.rows
        where = f"line/{self.line}, seq {self.checked_seq + 1} to {self.seq}"
        held = ", ".join(f"{name} {count:+d}" for name, count in zip(COUNTS, self.missed, strict=True) if count)
        if lost and min(self.missed) >= 0:
            return Notice(
                "alarm", "rows_lost", self.site, self.device, f"{where}: {lost} rows are lost; they held {held}"
            )
        text = f"{where}: the register of the device and the sum of its rows differ: {held}"
        return Notice("alarm", "books_differ", self.site, self.device, text)


def put_totals(database: Database, totals: Iterable[TotalRow], ids: dict[StreamKey, int]) -> None:
    """Enters registers, in the running transaction; the newest of each line stays."""
    newest: dict[int, TotalRow] = {}
    for total in totals:
        stream_id = ids[StreamKey(total.site, total.device, total.epoch, f"line/{total.line}")]
        if stream_id not in newest or total.seq > newest[stream_id].seq:
            newest[stream_id] = total
    database.execute_many(
        _PUT,
        [
            (stream_id, total.seq, utc_s(total.end), total.in_, total.out, total.in_raw, total.out_raw, total.uturns)
            for stream_id, total in sorted(newest.items(), key=lambda item: item[0])
        ],
    )


class Audit:
    """Compares registers with rows, from time to time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._behind: dict[int, int] = {}
        """Streams whose register was ahead of their rows the last time, and its seq."""

    def check(self, now_s: int) -> list[Notice]:
        """Proves what can be proven; what an operator should know.

        A register that was ahead of the rows now and the last time shows that rows are missing: a gap.

        Raises:
            StoreError: The database fails; nothing of the present thousand lines was noted.
        """
        notices: list[Notice] = []
        behind: dict[int, int] = {}
        after = 0
        while True:
            with self._database.alone():
                proofs = [_proof(row) for row in self._database.query(_DUE, (after,))]
                notices += self._enter([proof for proof in proofs if not proof.pending], now_s)
            behind.update({proof.stream_id: proof.seq for proof in proofs if proof.last_seq < proof.seq})
            if len(proofs) < _AT_ONCE:
                break
            after = proofs[-1].stream_id
        self._open_gaps({stream_id: seq for stream_id, seq in self._behind.items() if stream_id in behind}, now_s)
        self._behind = behind
        return notices

    def _enter(self, proofs: list[_Proof], now_s: int) -> list[Notice]:
        values = [(p.seq, *p.register, *p.missed, p.stream_id, p.checked_seq) for p in proofs]
        self._database.execute_many(_CHECKED, values)
        notices = [notice for proof in proofs if (notice := proof.notice())]
        note(self._database, notices, now_s)
        return notices

    def _open_gaps(self, heads: dict[int, int], now_s: int) -> None:
        if not heads:
            return
        with self._database.transaction():
            ledgers = Ledgers(self._database, dict.fromkeys(heads, ()))
            for stream_id, seq in heads.items():
                ledgers[stream_id].reach(seq, now_s)
            ledgers.write()


def _proof(row: tuple[Any, ...]) -> _Proof:
    stream_id, site, device, line, seq, checked_seq, last_seq, open_gaps, rows, *counts = row
    pairs, sums = counts[: 2 * len(COUNTS)], counts[2 * len(COUNTS) :]
    register, checked = pairs[::2], pairs[1::2]
    missed = tuple(now - before - held for now, before, held in zip(register, checked, sums, strict=True))
    return _Proof(stream_id, site, device, line, seq, checked_seq, last_seq, open_gaps, rows, tuple(register), missed)

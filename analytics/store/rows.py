"""Which column of a table each field of a row goes to. It stores rows that are known to be new, and reads digests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from analytics.store.database import Database
from edge.core.message import LineRow, OccupancyRow, ZoneRow

KeptRow: TypeAlias = LineRow | ZoneRow | OccupancyRow
KINDS = ("line", "zone", "occupancy")
TABLES = tuple(f"{kind}_rows" for kind in KINDS)
_HEAD = ("stream_id", "seq", "start_s", "end_s", "observed_s", "frames", "status", "clock", "run_id", "digest")


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the wire with its place in the books.

    Attributes:
        stream_id, run_id: Ids that the store gave out.
        start_s, end_s: Seconds since the UTC epoch.
        digest: 64 bits over the content.
        row: What the device sent.
    """

    stream_id: int
    run_id: int
    start_s: int
    end_s: int
    digest: int
    row: KeptRow

    def values(self) -> tuple[Any, ...]:
        """In the order of the columns of its table."""
        row = self.row
        head = (self.stream_id, row.seq, self.start_s, self.end_s, row.observed_s, row.frames, row.status, row.clock,
                self.run_id, self.digest)  # fmt: skip
        return head + _FACTS[type(row)](row)


def _line(row: LineRow) -> tuple[Any, ...]:
    return (row.in_, row.out, row.in_raw, row.out_raw, row.uturns, row.rejoined, row.born_past_line, row.died_at_line,
            row.static, row.staff_in, row.staff_out, row.shopper_units)  # fmt: skip


def _zone(row: ZoneRow) -> tuple[Any, ...]:
    return (row.entered, row.pass_, row.stop, row.engaged, row.left, row.lost, row.capped, row.peak, row.stitched,
            *row.histogram, row.left_s, row.presence_s)  # fmt: skip


def _occupancy(row: OccupancyRow) -> tuple[Any, ...]:
    return (row.business_day, row.occ_raw, row.occ, int(row.clamped), row.drift, row.balance, row.churn, row.births,
            row.deaths)  # fmt: skip


_FACTS: dict[type, Callable[[Any], tuple[Any, ...]]] = {LineRow: _line, ZoneRow: _zone, OccupancyRow: _occupancy}
_COLUMNS = {
    "line": (*_HEAD, "in_count", "out_count", "in_raw", "out_raw", "uturns", "rejoined", "born_past_line",
             "died_at_line", "static", "staff_in", "staff_out", "shopper_units"),
    "zone": (*_HEAD, "entered", "pass", "stop", "engaged", "left_count", "lost", "capped", "peak", "stitched",
             *(f"h{number}" for number in range(8)), "left_s", "presence_s"),
    "occupancy": (*_HEAD, "business_day", "occ_raw", "occ", "clamped", "drift", "balance", "churn", "births",
                  "deaths"),
}  # fmt: skip


class Shelf:
    """The tables of rows, each with a table beside it of this connection alone, where a batch waits to be entered."""

    def __init__(self, database: Database) -> None:
        self._database = database
        for kind in KINDS:
            database.stage(f"staged_{kind}", f"SELECT {', '.join(_COLUMNS[kind])} FROM {kind}_rows")  # noqa: S608
        database.stage("staged_keys", "SELECT stream_id, seq FROM line_rows")

    def store(self, kind: str, entries: Iterable[Entry]) -> int:
        """Enters rows, in the running transaction; the number of those that were not there."""
        columns, staged = _COLUMNS[kind], f"staged_{kind}"
        self._database.copy(staged, columns, [entry.values() for entry in entries])
        names = ", ".join(columns)
        stored = self._database.execute(
            f"INSERT INTO {kind}_rows ({names}) SELECT {names} FROM {staged} WHERE true ON CONFLICT DO NOTHING"  # noqa: S608
        )
        self._database.execute(f"DELETE FROM {staged}")  # noqa: S608 - a name from above
        return stored

    def digests(self, kind: str, keys: Sequence[tuple[int, int]]) -> dict[tuple[int, int], int]:
        """The digests of stored rows by (stream_id, seq), in the running transaction."""
        self._database.copy("staged_keys", ("stream_id", "seq"), keys)
        found = self._database.query(
            f"SELECT r.stream_id, r.seq, r.digest FROM {kind}_rows r "  # noqa: S608 - a name from above
            "JOIN staged_keys k ON k.stream_id = r.stream_id AND k.seq = r.seq"
        )
        self._database.execute("DELETE FROM staged_keys")
        return {(stream_id, seq): digest for stream_id, seq, digest in found}

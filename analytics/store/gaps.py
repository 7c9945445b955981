"""What is missing and may be asked for: which gaps are due, and which are given up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from analytics.store.database import Database
from analytics.store.incidents import Notice, note
from analytics.store.streams import Ledgers

_FIRST_WAIT_S = 60
_LAST_WAIT_S = 3600
_GIVE_UP_S = 14 * 86_400
_DUE = f"""
SELECT g.stream_id, s.site, s.device, s.epoch, s.series, g.from_seq, g.to_seq, g.asked
FROM gaps g JOIN streams s ON s.stream_id = g.stream_id
WHERE g.lost = 0 AND g.noticed_s <= ? AND (g.asked_s IS NULL
    OR g.asked_s <= ? - CASE WHEN g.asked < 7 THEN {_FIRST_WAIT_S} << (g.asked - 1) ELSE {_LAST_WAIT_S} END)
ORDER BY g.asked, g.stream_id, g.from_seq LIMIT ?"""  # noqa: S608 - numbers from this file


@dataclass(frozen=True, slots=True)
class Missing:
    """Rows `first` to `last` of a stream that were never seen; asked for `asked` times."""

    stream_id: int
    site: str
    device: str
    epoch: str
    series: str
    first: int
    last: int
    asked: int


def due(database: Database, now_s: int, grace_s: int, limit: int) -> list[Missing]:
    """Gaps to ask for now: older than `grace_s`, and not asked for lately; those asked for least often first."""
    return [Missing(*row) for row in database.query(_DUE, (now_s - grace_s, now_s, limit))]


def claim(database: Database, gap: Missing, now_s: int) -> bool:
    """Notes that a gap is asked for; False when another reader has just done so."""
    changed = database.execute(
        "UPDATE gaps SET asked = asked + 1, asked_s = ? WHERE stream_id = ? AND from_seq = ? AND asked = ?",
        (now_s, gap.stream_id, gap.first, gap.asked),
    )
    return changed == 1


def place(database: Database, stream_id: int) -> tuple[str, str, str] | None:
    """Site, device and series of a stream."""
    found = database.query("SELECT site, device, series FROM streams WHERE stream_id = ?", (stream_id,))
    return (found[0][0], found[0][1], found[0][2]) if found else None


def lose(database: Database, stream_id: int, ranges: Iterable[tuple[int, int]], now_s: int) -> list[Notice]:
    """Gives up what is missing in the ranges of seq, because the device does not have it; what there is to say."""
    with database.transaction():
        ledgers = Ledgers(database, {stream_id: ()})
        lost = sum(ledgers[stream_id].lose(first, last) for first, last in ranges)
        if not lost:
            return []
        ledgers.write()
        site, device, series = place(database, stream_id) or ("", "", "")
        text = f"{series}: {lost} rows are lost for good: the device does not have them any more"
        notices = [Notice("alarm", "rows_lost", site, device, text)]
        note(database, notices, now_s)
    return notices


def give_up(database: Database, now_s: int) -> list[Notice]:
    """Gives up gaps for which a device was asked in vain for two weeks."""
    old = database.query(
        "SELECT stream_id, from_seq, to_seq FROM gaps WHERE lost = 0 AND noticed_s < ?", (now_s - _GIVE_UP_S,)
    )
    return [notice for stream_id, *span in old for notice in lose(database, stream_id, [(span[0], span[1])], now_s)]

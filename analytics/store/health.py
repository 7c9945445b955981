"""How the books are: what is missing, refused and alarming. It reads, and changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from analytics.store.database import Database


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know.

    Attributes:
        alarm: Somebody should look.
        text: For people.
    """

    alarm: bool
    text: str


def findings(database: Database, now_s: int, since_s: int) -> list[Finding]:
    """What there is to say, with alarms and dead letters since a time; empty when all is well.

    Raises:
        StoreError: The database fails.
    """
    found = [
        Finding(level == "alarm", f"{site}/{device}: {text}")
        for level, site, device, text in database.query(
            "SELECT level, site, device, text FROM notices WHERE at_s >= ? ORDER BY notice_id", (since_s,)
        )
    ]
    for code, letters, times, reason in database.query(
        "SELECT code, count(*), CAST(sum(times) AS BIGINT), max(reason) FROM dead_letters WHERE last_s >= ? "
        "GROUP BY code ORDER BY code",
        (since_s,),
    ):
        found.append(Finding(True, f"{letters} dead letters ({times} messages), {code}, for one: {reason}"))
    for site, device, rows, oldest_s, asked in database.query(
        "SELECT s.site, s.device, CAST(sum(g.to_seq - g.from_seq + 1) AS BIGINT), min(g.noticed_s), max(g.asked) "
        "FROM gaps g JOIN streams s ON s.stream_id = g.stream_id WHERE g.lost = 0 "
        "GROUP BY s.site, s.device ORDER BY s.site, s.device"
    ):
        hours = (now_s - oldest_s) / 3600
        found.append(
            Finding(hours >= 1, f"{site}/{device}: {rows} rows missing for {hours:.1f} h, asked {asked} times")
        )
    offline = database.query("SELECT site, device FROM devices WHERE state = 'offline' ORDER BY site, device")
    found += [Finding(True, f"{site}/{device}: offline") for site, device in offline]
    return found

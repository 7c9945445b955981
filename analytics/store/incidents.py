"""What went wrong and what an operator should know: dead letters and notices."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from analytics.store.database import Database
from analytics.validate import Refused

Level = Literal["note", "alarm"]
NoticeKind = Literal["new_epoch", "conflict", "books_differ", "rows_lost"]

_LETTER = """
INSERT INTO dead_letters (digest, code, reason, topic, bytes, payload, first_s, last_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (digest) DO UPDATE SET times = dead_letters.times + 1, last_s = excluded.last_s"""


@dataclass(frozen=True, slots=True)
class Notice:
    """What an operator should know; an alarm asks for somebody to look.

    Attributes:
        level: `alarm` or `note`.
        kind: What it is about.
        site, device: Where.
        text: For people.
    """

    level: Level
    kind: NoticeKind
    site: str
    device: str
    text: str


def bury(database: Database, letters: Iterable[Refused], now_s: int) -> None:
    """Keeps refused messages; the same one again is counted."""
    values = [
        (letter.digest, letter.code, letter.reason, letter.topic, letter.size, letter.payload, now_s, now_s)
        for letter in sorted(letters, key=lambda letter: letter.digest)
    ]
    database.execute_many(_LETTER, values)


def note(database: Database, notices: Iterable[Notice], now_s: int) -> None:
    """Keeps notices."""
    database.execute_many(
        "INSERT INTO notices (at_s, level, kind, site, device, text) VALUES (?, ?, ?, ?, ?, ?)",
        [(now_s, notice.level, notice.kind, notice.site, notice.device, notice.text) for notice in notices],
    )

"""Files that the outbox finds in its place: damaged ones are moved aside, those of others are left alone."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.adapters.outbox import Outbox
from edge.errors import OutboxError
from tests.adapters.test_outbox import agree, rows_of


def filled(path: Path, intervals: int = 100) -> str:
    with Outbox(path) as outbox:
        for _ in range(intervals):
            outbox.post(rows_of(1))
        return outbox.books.epoch


def text_file(path: Path) -> None:
    path.write_text("just some text, longer than the header of a database would be\n" * 100, encoding="utf-8")


def garbage_inside(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    path.write_bytes(content)


def one_page_of_zeros(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(5 * 4096)
        file.write(bytes(4096))


def truncated(path: Path) -> None:
    os.truncate(path, 5000)


def wrong_books(path: Path) -> None:
    wrong = sqlite3.connect(path)
    wrong.execute("UPDATE state SET value = '[1' WHERE key = 'books'")
    wrong.commit()
    wrong.close()


@pytest.mark.parametrize("damage", [text_file, garbage_inside, one_page_of_zeros, truncated, wrong_books])
def test_a_damaged_file_is_moved_aside_and_a_new_epoch_begins(
    tmp_path: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "outbox.db"
    epoch = filled(path)
    damage(path)
    before = path.read_bytes()
    with Outbox(path) as outbox:
        assert outbox.replaced
        assert outbox.books.epoch != epoch
        assert agree(outbox) == 0
        outbox.post(rows_of(1))
        assert agree(outbox) == 1
    assert path.with_name("outbox.db.damaged-1").read_bytes() == before, "for somebody who wants to look"
    assert "a new epoch begins" in caplog.text
    with Outbox(path) as outbox:
        assert not outbox.replaced
        assert agree(outbox) == 1


def test_only_three_damaged_files_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    for number in range(5):
        path.write_text(f"damage {number}")
        Outbox(path).close()
        os.utime(path.with_name(f"outbox.db.damaged-{number % 3 + 1}"), (number, number))
    found = {file.name: file.read_text() for file in tmp_path.glob("*.damaged-?")}
    assert found == {f"outbox.db.damaged-{place}": f"damage {n}" for place, n in ((1, 3), (2, 4), (3, 2))}


def test_a_database_of_another_application(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE cats (name TEXT)")
    other.commit()
    other.close()
    before = path.read_bytes()
    with pytest.raises(OutboxError, match="another application"):
        Outbox(path)
    assert path.read_bytes() == before


def test_a_database_of_a_newer_version(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    Outbox(path).close()
    newer = sqlite3.connect(path)
    newer.execute("PRAGMA user_version = 3")
    newer.close()
    with pytest.raises(OutboxError, match="expected an outbox of version 2 or older, got version 3"):
        Outbox(path)


def test_a_database_of_the_first_version_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    epoch = filled(path, 3)
    older = sqlite3.connect(path)
    older.execute("DROP INDEX rows_retained")
    older.execute("DELETE FROM state WHERE key NOT IN ('books', 'ran_s')")
    older.execute("PRAGMA user_version = 1")
    older.close()
    with Outbox(path) as outbox:
        assert outbox.books.epoch == epoch
        assert agree(outbox) == 3
        outbox.post(rows_of(1))
        assert outbox.retained() == []

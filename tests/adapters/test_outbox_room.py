"""No room: in the outbox, on the disk, or by the rules of the system. A real file system of one megabyte is filled."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.adapters.outbox import FullError, Outbox
from edge.core.message import Message
from edge.errors import OutboxError
from tests.adapters.test_outbox import agree, kept, rows_of


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"may not mount a file system: {mounted.stderr.decode().strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


def fill(folder: Path) -> Path:
    """A file that takes all the room there is."""
    path = folder / "filler"
    with path.open("ab", buffering=0) as file:
        for size in (4096, 512, 1):
            while True:
                try:
                    file.write(bytes(size))
                except OSError:
                    break
    return path


def test_when_the_outbox_is_full_the_oldest_go_and_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    with Outbox(path, max_bytes=300_000) as outbox:
        for _ in range(200):
            outbox.post(rows_of(1, size=2000))
        rows = [row.message for row in outbox.pending(0, 10_000)]
        assert outbox.dropped == 400 - len(rows) > 0
        for series in ("line/door", "line/side"):
            seqs = [row.seq for row in rows if row.series == series]
            assert seqs == list(range(201 - len(seqs), 201)), "the newest are there, without a hole"
        dropped = outbox.dropped
        assert outbox.resend("line/door", 1, 200).missing == ((1, 200 - len(rows) // 2),)
    assert path.stat().st_size <= 300_000
    with Outbox(path) as outbox:
        assert outbox.dropped == dropped, "in this epoch, not in this run"


def test_what_the_broker_has_goes_first(tmp_path: Path) -> None:
    with Outbox(tmp_path / "outbox.db", max_bytes=1_000_000) as outbox:
        for _ in range(100):
            outbox.post(rows_of(1, size=2000))
        sent = [row.id for row in outbox.pending(0, 1000)][100:]
        outbox.acknowledge(sent)
        for _ in range(40):
            outbox.post(rows_of(1, size=2000))
        waiting = {row.id for row in outbox.pending(0, 1000)}
        assert waiting >= set(range(1, 101)), "older, but nobody has them"
        assert outbox.dropped > 0


def test_a_nearly_full_outbox_gives_up_what_the_broker_has(tmp_path: Path) -> None:
    with Outbox(tmp_path / "outbox.db", max_bytes=300_000) as outbox:
        for _ in range(200):  # five times what fits
            outbox.post(rows_of(1, size=2000))
            outbox.acknowledge([row.id for row in outbox.pending(0, 100)])
            outbox.prune()
        assert outbox.books.last_seq["line/door"] == 200
        assert outbox.dropped == 400 - kept(outbox)


def test_on_a_full_disk_it_goes_on_within_its_own_room(small_disk: Path) -> None:
    path = small_disk / "outbox.db"
    with Outbox(path) as outbox:
        for _ in range(20):
            outbox.post(rows_of(1, size=2000))
        filler = fill(small_disk)
        for _ in range(300):
            outbox.post(rows_of(1, size=2000))
            outbox.keep({"tally": "x" * 3000})
        assert outbox.books.last_seq["line/door"] == 320
        assert outbox.dropped > 0
        assert not path.with_name("outbox.db.ballast").exists()
        outbox.prune()
        assert not path.with_name("outbox.db.ballast").exists(), "not while the disk is full"
        filler.unlink()
        outbox.prune()
        dropped = outbox.dropped
        for _ in range(20):
            outbox.post(rows_of(1, size=2000))
        assert outbox.dropped == dropped
        rows = [row.message.seq for row in outbox.pending(0, 1000) if row.message.series == "line/door"]
        assert rows == list(range(341 - len(rows), 341))
    with Outbox(path) as outbox:
        assert outbox.books.last_seq["line/door"] == 340


def test_a_disk_without_any_room_leaves_everything_as_it_was(small_disk: Path) -> None:
    path = small_disk / "outbox.db"
    with Outbox(path) as outbox:
        outbox.post(rows_of(1))
        ids = [row.id for row in outbox.pending(0, 10)]
        path.with_name("outbox.db.ballast").unlink()
        filler = fill(small_disk)
        with pytest.raises(FullError, match=r"outbox\.db: post: expected room on the disk"):
            outbox.post(lambda books: ([Message("t", bytes(2_000_000))], books))
        assert agree(outbox) == 1
        assert outbox.dropped == 0, "it would not have helped"
        outbox.acknowledge(ids)  # finds no room either, and is no error
        filler.unlink()
        outbox.post(rows_of(1))
        outbox.prune()
    with Outbox(path) as outbox:
        assert outbox.books.last_seq["line/door"] == 2
        assert {row.message.seq for row in outbox.pending(0, 10)} == {2}, "noted with a later one"


def test_a_disk_that_cannot_take_more_leaves_rows_and_books_as_they_were(tmp_path: Path) -> None:
    """A limit on the size of files is no full disk to SQLite, but an error like any other."""
    path = tmp_path / "outbox.db"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Outbox(path) as outbox:
        outbox.post(rows_of(1))
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.with_name("outbox.db-wal").stat().st_size + 10_000, hard))
        try:
            with pytest.raises(OutboxError, match=r"outbox\.db: post: expected"):
                outbox.post(rows_of(1, size=100_000))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert outbox.books.last_seq["line/door"] == 1
    with Outbox(path) as outbox:
        assert agree(outbox) == 1
        outbox.post(rows_of(1))
        assert agree(outbox) == 2

"""The outbox on a real disk, killed at random moments and handed files that are not its own."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from edge.adapters.outbox import Outbox
from edge.core.books import Books
from edge.core.message import Message
from edge.core.report import LineFacts
from edge.errors import OutboxError

REPOSITORY = Path(__file__).parents[2]
SERIES = ("line/door", "line/side")
Posting = Callable[[Books], tuple[Sequence[Message], Books]]


def rows_of(count: int, *, size: int = 100) -> Posting:
    """A posting that says `count` visitors came in, over each line; the books follow."""

    def posting(books: Books) -> tuple[list[Message], Books]:
        messages, last_seq, totals = [], dict(books.last_seq), dict(books.totals)
        for series in SERIES:
            last_seq[series] = seq = last_seq.get(series, 0) + 1
            before = totals.get(series, LineFacts())
            totals[series] = dataclasses.replace(before, in_=before.in_ + count)
            payload = json.dumps({"in": count, "pad": "x" * size}).encode()
            messages.append(Message(f"traffic/v1/s/d/{series}", payload, series=series, seq=seq))
        return messages, dataclasses.replace(books, last_seq=last_seq, totals=totals)

    return posting


def agree(outbox: Outbox) -> int:
    """Assert that rows and books tell the same, without a gap in seq; the number of rows of a series."""
    rows = outbox.pending(0, 1_000_000)
    for series in SERIES:
        mine = [row.message for row in rows if row.message.series == series]
        assert [message.seq for message in mine] == list(range(1, outbox.books.last_seq.get(series, 0) + 1))
        register = outbox.books.totals.get(series, LineFacts()).in_
        assert register == sum(json.loads(message.payload)["in"] for message in mine)
    return len(rows) // len(SERIES)


def kept(outbox: Outbox) -> int:
    return sum(shelf.rows for shelf in outbox.shelves())


class Clock:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_rows_and_books_survive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    with Outbox(path) as outbox:
        epoch = outbox.books.epoch
        assert len(epoch) == 16
        assert int(epoch, 16) >= 0
        outbox.post(rows_of(3))
        outbox.post(rows_of(4))
        written, books = outbox.pending(0, 10), outbox.books
    with Outbox(path) as outbox:
        assert outbox.books == books
        assert outbox.books.epoch == epoch
        assert outbox.pending(0, 10) == written
        assert agree(outbox) == 2


def test_a_message_comes_back_as_it_went_in(tmp_path: Path) -> None:
    messages = [
        Message("a/b", b"\x00\xff", qos=0, retain=True, expiry_s=60),
        Message("a/b", b"", qos=1),
        Message("c", "é".encode(), series="zone/z", seq=7),
    ]
    with Outbox(tmp_path / "outbox.db") as outbox:
        outbox.post(lambda books: (messages, books))
        assert [row.message for row in outbox.pending(0, 10)] == messages


def test_two_databases_have_two_epochs(tmp_path: Path) -> None:
    with Outbox(tmp_path / "a.db") as one, Outbox(tmp_path / "b.db") as other:
        assert one.books.epoch != other.books.epoch


def test_pending_is_paged_and_leaves_out_what_is_acknowledged(tmp_path: Path) -> None:
    with Outbox(tmp_path / "outbox.db") as outbox:
        for _ in range(3):
            outbox.post(rows_of(1))
        ids = [row.id for row in outbox.pending(0, 100)]
        assert ids == sorted(ids)
        assert [row.id for row in outbox.pending(ids[1], 2)] == ids[2:4]
        outbox.acknowledge(ids[:3])
        outbox.acknowledge([ids[0], 999])  # again, and one that never was: nothing happens
        assert [row.id for row in outbox.pending(0, 100)] == ids[3:]
        assert outbox.depth() == 3
        outbox.acknowledge(ids)
        assert outbox.pending(0, 100) == []
        assert outbox.oldest_age_s() is None


def test_acknowledged_rows_stay_for_the_retention_time(tmp_path: Path) -> None:
    clock, path = Clock(), tmp_path / "outbox.db"
    with Outbox(path, retain_s=100.0, mono=clock) as outbox:
        outbox.post(rows_of(1))
        outbox.post(rows_of(1))
        outbox.acknowledge([1, 2])
        clock.now_s += 99.0
        outbox.prune()
        assert kept(outbox) == 4
        assert outbox.oldest_age_s() == 99.0
        clock.now_s += 2.0
        outbox.prune()
        assert kept(outbox) == outbox.depth() == 2, "a row that nobody has stays for ever"
        assert outbox.dropped == 0, "none went before its time"


def test_time_switched_off_and_a_clock_that_starts_anew_age_nothing(tmp_path: Path) -> None:
    clock, path = Clock(), tmp_path / "outbox.db"
    with Outbox(path, retain_s=100.0, mono=clock) as outbox:
        outbox.post(rows_of(1))
        clock.now_s += 60.0
        outbox.acknowledge([1])
    clock.now_s = 5.0  # another boot
    with Outbox(path, retain_s=100.0, mono=clock) as outbox:
        assert outbox.oldest_age_s() == 60.0
        clock.now_s += 99.0
        outbox.prune()
        assert kept(outbox) == 2
        clock.now_s += 2.0
        outbox.prune()
        assert kept(outbox) == 1


def test_ids_are_never_used_twice(tmp_path: Path) -> None:
    clock = Clock()
    with Outbox(tmp_path / "outbox.db", retain_s=1.0, mono=clock) as outbox:
        outbox.post(rows_of(1))
        outbox.acknowledge([1, 2])
        clock.now_s += 2.0
        outbox.prune()
        assert kept(outbox) == 0
        outbox.post(rows_of(1))
        assert [row.id for row in outbox.pending(0, 10)] == [3, 4]


def test_a_posting_that_raises_changes_nothing(tmp_path: Path) -> None:
    def broken(books: Books) -> tuple[list[Message], Books]:
        raise ZeroDivisionError

    with Outbox(tmp_path / "outbox.db") as outbox:
        outbox.post(rows_of(1))
        before = outbox.books
        with pytest.raises(ZeroDivisionError):
            outbox.post(broken)
        assert outbox.books == before
        outbox.post(rows_of(1))
        assert agree(outbox) == 2


def test_a_key_that_is_there_already_stores_nothing_of_the_posting(tmp_path: Path) -> None:
    def again(books: Books) -> tuple[list[Message], Books]:
        new = Message("t", b"new", series="line/door", seq=99)
        return [new, Message("t", b"again", series="line/door", seq=1)], books

    with Outbox(tmp_path / "outbox.db") as outbox:
        outbox.post(rows_of(1))
        with pytest.raises(OutboxError, match="UNIQUE"):
            outbox.post(again)
        assert agree(outbox) == 1


def test_notes_are_stored_with_the_rows_or_alone(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    with Outbox(path) as outbox:
        assert outbox.note("tally") is None
        outbox.post(rows_of(1), {"tally": "half", "waiting": "none"})
        outbox.keep({"tally": "more"})

        def broken(books: Books) -> tuple[list[Message], Books]:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            outbox.post(broken, {"tally": "never"})
    with Outbox(path) as outbox:
        assert (outbox.note("tally"), outbox.note("waiting")) == ("more", "none")
        assert agree(outbox) == 1


def test_rows_are_sent_again_and_what_is_gone_is_named(tmp_path: Path) -> None:
    clock = Clock()
    with Outbox(tmp_path / "outbox.db", retain_s=10.0, mono=clock) as outbox:
        for _ in range(4):
            outbox.post(rows_of(1))
        outbox.acknowledge([row.id for row in outbox.pending(0, 4)])  # seq 1 and 2 of both series
        clock.now_s += 11.0
        outbox.prune()
        outbox.acknowledge([row.id for row in outbox.pending(0, 100)])
        assert outbox.pending(0, 100) == []
        done = outbox.resend("line/door", 2, 9)
        assert (done.rows, done.missing) == (2, ((2, 2), (5, 9)))
        again = [row.message for row in outbox.pending(0, 100)]
        assert [(message.series, message.seq) for message in again] == [("line/door", 3), ("line/door", 4)]
        assert outbox.oldest_age_s() == 0.0, "they wait since now"
        assert outbox.resend("line/none", 1, 3).missing == ((1, 3),)
        outbox.acknowledge([row.id for row in outbox.pending(0, 100)])
        clock.now_s += 9.0
        outbox.prune()
        assert outbox.resend("line/door", 3, 4).rows == 2, "the retention time begins anew"


def test_of_what_the_broker_retains_the_newest_is_there_for_ever(tmp_path: Path) -> None:
    clock = Clock()
    with Outbox(tmp_path / "outbox.db", mono=clock) as outbox:
        assert outbox.retained() == []
        for total in (b"1", b"2", b"3"):
            outbox.post(lambda books, total=total: ([Message("total/door", total, retain=True)], books))  # type: ignore[misc]
            outbox.post(rows_of(1))
        outbox.post(lambda books: ([Message("total/side", b"9", retain=True)], books))
        assert [message.payload for message in outbox.retained()] == [b"3", b"9"]
        outbox.acknowledge([row.id for row in outbox.pending(0, 100)])
        outbox.prune()
        assert [message.payload for message in outbox.retained()] == [b"3", b"9"]
        clock.now_s += 1000.0
        assert kept(outbox) == 6, "only they have successors"


def test_only_one_process_holds_the_outbox(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    with Outbox(path) as outbox:
        outbox.post(rows_of(1))
        second = f"from pathlib import Path; from edge.adapters.outbox import Outbox; Outbox(Path({str(path)!r}))"
        tried = subprocess.run(
            [sys.executable, "-c", second], cwd=REPOSITORY, capture_output=True, text=True, check=False
        )
        assert tried.returncode == 1
        assert "OutboxError" in tried.stderr
        assert "expected to be the only process that uses it" in tried.stderr
        with pytest.raises(OutboxError, match="only process"):
            Outbox(path)
        outbox.post(rows_of(1))
    with Outbox(path) as outbox:
        assert agree(outbox) == 2


def test_the_files_are_private(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    path.touch(mode=0o644)
    with Outbox(path) as outbox:
        outbox.post(rows_of(1))
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert modes == {"outbox.db": 0o600, "outbox.db-wal": 0o600, "outbox.db.ballast": 0o600}


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    with pytest.raises(OutboxError, match="expected a file or nothing, got a folder"):
        Outbox(tmp_path)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OutboxError, match=r"no/outbox\.db: expected .* No such file"):
        Outbox(tmp_path / "no" / "outbox.db")


def test_a_path_that_may_not_be_written(tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir()
    folder.chmod(0o500)
    euid = os.geteuid()
    try:
        if euid == 0:
            os.seteuid(65534)  # root may write anywhere
        with pytest.raises(OutboxError, match=r"outbox\.db: expected .* Permission denied"):
            Outbox(folder / "outbox.db")
    finally:
        os.seteuid(euid)


def test_killed_at_random_moments_rows_and_books_agree(tmp_path: Path) -> None:
    path, moment = tmp_path / "outbox.db", random.Random(7)
    child = (
        "import itertools, sys; from pathlib import Path; from edge.adapters.outbox import Outbox\n"
        "from tests.adapters.test_outbox import rows_of\n"
        f"outbox = Outbox(Path({str(path)!r})); print('go', flush=True)\n"
        "for turn in itertools.count():\n"
        "    outbox.post(rows_of(turn % 5, size=turn % 4000))\n"
    )
    posted = 0
    for _ in range(10):
        with subprocess.Popen([sys.executable, "-c", child], cwd=REPOSITORY, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"go\n"
            time.sleep(moment.uniform(0.0, 0.2))
            process.kill()
        with Outbox(path) as outbox:
            now = agree(outbox)
        assert now >= posted, "a committed row was lost"
        posted = now
    assert posted > 0

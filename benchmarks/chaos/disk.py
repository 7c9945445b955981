"""A disk of one megabyte fills up under a running service, by its own rows and by a stranger's file."""

from __future__ import annotations

import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

from benchmarks.chaos.parts import make, service, wait_for
from benchmarks.chaos.row import Row
from benchmarks.chaos.shop import configuration, record
from edge.adapters.outbox import Outbox

WRITING_S = 1.0
FILM_S = 400_000.0
"""Long enough not to end on a fast machine before the disk was filled as often as asked."""
NAME, GOAL = "disk full (1 MB tmpfs), then freed", "no crash, no corruption, drops counted, writing again in 1 s"


def disk_full(folder: Path, *, times: int) -> Row:
    """Fills and frees the disk as often as asked while the service counts; needs the right to mount."""
    folder.mkdir(parents=True)
    film = folder / "shop.jsonl"
    record(film, FILM_S, fps=1.0, every_s=60.0, walk_s=10.0)
    box = make(folder / "box", configuration(film, 1))
    disk = box / "state"
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        return Row(NAME, GOAL, f"not run: {mounted.stderr.strip()}", reached=False)
    try:
        return _filled(box, disk, times)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def _filled(box: Path, disk: Path, times: int) -> Row:
    took_s = []
    with service(box, start_s=time.time() - FILM_S) as counting:
        wait_for((disk / "entrance.db-wal").exists, 30.0)
        for _ in range(times):
            filler = _fill(disk)
            time.sleep(1.5)
            _fill(disk)  # what the ballast gave up too
            time.sleep(1.0)
            filler.unlink()
            took_s.append(_until_written(disk))
            time.sleep(0.5)
            if not counting.running:
                break
        rounds, alive = len(took_s), counting.running
        code = counting.stop(120.0) if alive else counting.code
    with Outbox(disk / "entrance.db") as outbox:
        replaced, dropped = outbox.replaced, outbox.dropped
        numbered = outbox.books.last_seq
        held = all(shelf.last_seq == numbered[shelf.series] for shelf in outbox.shelves())
        whole = all(shelf.rows == shelf.last_seq - shelf.first_seq + 1 for shelf in outbox.shelves())
    with closing(sqlite3.connect(disk / "entrance.db")) as db:
        (checked,) = db.execute("PRAGMA integrity_check").fetchone()
        (kept,) = db.execute("SELECT count(*) FROM rows").fetchone()
    posted = sum(numbered.values()) + numbered["line/door"]  # a register goes with each row of the line
    log = (box / "edge.log").read_text()
    result = (
        f"{rounds} times full and freed: exit code {code}, integrity {checked}, {posted - kept} of {posted} rows "
        f"dropped, {dropped} counted, "
        f"{'no hole among' if whole and held else 'HOLES among'} the newest; writing again after at most "
        f"{max(took_s):.2f} s; {'said so' if 'wait in memory' in log else 'never had to wait in memory'}"
    )
    whole = whole and dropped == posted - kept
    fine = code == 0 and checked == "ok" and not replaced and whole and held and rounds == times
    return Row(NAME, GOAL, result, fine and max(took_s) <= WRITING_S)


def _until_written(disk: Path) -> float:
    since_ns = time.time_ns()
    return wait_for(lambda: _written_ns(disk) > since_ns, 30.0, 0.01) or 30.0


def _written_ns(disk: Path) -> int:
    return max((disk / name).stat().st_mtime_ns for name in ("entrance.db", "entrance.db-wal"))


def _fill(disk: Path) -> Path:
    path = disk / "filler"
    with path.open("ab", buffering=0) as file:
        for size in (4096, 1):
            while True:
                try:
                    file.write(bytes(size))
                except OSError:
                    break
    return path

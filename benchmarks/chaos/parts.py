"""The processes of a test: service and reader, killed and started again, and what both know in the end."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import TracebackType

from edge.adapters.outbox import Outbox
from edge.core.message import utc_text

ROOT = Path(__file__).parents[2]


class Process:
    """A process of ours that can be killed and started again; its output goes to a log.

    Args:
        command: Arguments after `python -m`.
        log: File.
    """

    def __init__(self, command: list[str], log: Path) -> None:
        self._command, self._log = [sys.executable, "-m", *command], log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def code(self) -> int | None:
        """How it ended."""
        return self._process.poll() if self._process else None

    @property
    def pid(self) -> int:
        """Its number, also after its end."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Starts it (again)."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, cwd=ROOT, stdout=log, stderr=log)

    def kill(self) -> None:
        """SIGKILL; it does not learn of it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self, timeout_s: float = 60.0) -> int:
        """SIGTERM; its exit code."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout_s)

    def wait(self, timeout_s: float) -> int:
        """Waits for its end; its exit code."""
        assert self._process is not None
        return self._process.wait(timeout_s)

    def resident_mb(self) -> float:
        """VmRSS; 0 when it has just ended."""
        assert self._process is not None
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        return sum(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024

    def __enter__(self) -> Process:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()


def service(folder: Path, *, speed: str = "max", start_s: float | None = None) -> Process:
    """`edge run` with folder/config.yaml and folder/state; the film began a day ago unless told otherwise."""
    start = utc_text(time.time() - 86_400.0 if start_s is None else start_s)
    command = ["edge", "run", "--config", str(folder / "config.yaml"), "--state-dir", str(folder / "state")]
    return Process([*command, "--speed", speed, "--start", start], folder / "edge.log")


def reader(folder: Path, port: int) -> Process:
    """`traffic ingest` into folder/traffic.db, quick to ask for what is missing."""
    command = ["analytics", "ingest", "--port", str(port), "--db", f"sqlite:///{folder / 'traffic.db'}"]
    return Process([*command, "--reader", "reader-1", "--grace-s", "1", "--batch-ms", "100"], folder / "reader.log")


def read_rows(folder: Path) -> dict[str, list[tuple[int, int, int, float, str, int]]]:
    """What the reader has of each series: seq, raw IN, raw OUT, watched seconds, run, start."""
    query = (
        "SELECT s.series, r.seq, {facts}, r.observed_s, u.boot_id, r.start_s FROM {table} r "
        "JOIN streams s USING (stream_id) JOIN runs u USING (run_id) ORDER BY r.seq"
    )
    facts = {"line_rows": "r.in_raw, r.out_raw", "zone_rows": "r.entered, 0", "occupancy_rows": "0, 0"}
    rows: dict[str, list[tuple[int, int, int, float, str, int]]] = {}
    if not (folder / "traffic.db").exists():
        return rows
    with closing(sqlite3.connect(folder / "traffic.db", timeout=30.0)) as db:
        for table, columns in facts.items():
            try:
                found = db.execute(query.format(facts=columns, table=table)).fetchall()
            except sqlite3.OperationalError:
                return {}  # the reader has not made its tables yet
            for series, *values in found:
                rows.setdefault(series, []).append(tuple(values))
    return rows


def last_seqs(folder: Path) -> dict[str, int]:
    """The last number of each series in the books of the service, which has ended."""
    with Outbox(folder / "state" / "entrance.db") as outbox:
        return dict(outbox.books.last_seq)


def missing(folder: Path, expected: dict[str, int]) -> int:
    """Rows that the books have numbered and the reader does not have."""
    rows = read_rows(folder)
    return sum(last - sum(row[0] <= last for row in rows.get(series, [])) for series, last in expected.items())


def wait_for(true: Callable[[], object], timeout_s: float, every_s: float = 0.05) -> float | None:
    """Seconds until it is true; None when it is not in time."""
    began_s = time.monotonic()
    while not true():
        if time.monotonic() - began_s > timeout_s:
            return None
        time.sleep(every_s)
    return time.monotonic() - began_s


def make(folder: Path, text: str) -> Path:
    """A folder with a configuration and an empty state."""
    (folder / "state").mkdir(parents=True, mode=0o700)
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    return folder

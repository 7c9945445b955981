"""How long the report of a year takes, and how large its page is.

    python -m benchmarks.report

One made-up shop in SQLite: two lines, seven zones and the occupancy, every five minutes for 365 days. Reported is that
year by day: from an open database to the figures, to the page, and `traffic report` as a process from its start to its
end. Wall time and processor time, median over the rounds; on a busy machine only the latter says much. Beside it, what
the same sums of zones cost when they are read from the rows themselves. Exit code 1 when the figures take a second or
more of processor time, or the page a megabyte or more.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from analytics.report.page import page
from analytics.report.query import Request, report
from analytics.store import Store, open_store

ZONE = ZoneInfo("Europe/Berlin")
FIRST, LAST = date(2025, 11, 24), date(2026, 11, 22)
LINES, ZONES = ("door", "side-door"), ("beauty", "checkout", "coats", "kids", "sale", "shoes", "window")
MOST_S, MOST_BYTES = 1.0, 1_000_000
_ROW = ("stream_id", "seq", "start_s", "end_s", "observed_s", "frames", "status", "clock", "run_id", "digest")
_LINE = ("in_count", "out_count", "in_raw", "out_raw", "uturns", "rejoined", "born_past_line", "died_at_line", "static",
         "staff_in", "staff_out", "shopper_units")  # fmt: skip
_BINS = tuple(f"h{number}" for number in range(8))
_RAW = (
    "SELECT stream_id, start_s / 86400, sum(entered), sum(pass), sum(stop), sum(engaged), sum(left_count), sum(lost), "
    f"sum(capped), sum(left_s), sum(presence_s), max(peak), {', '.join(f'sum({name})' for name in _BINS)} "
    "FROM zone_rows GROUP BY 1, 2"
)


def main() -> None:
    """Fills, measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds: int = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "traffic.db")
        began_s = time.perf_counter()
        with open_store(f"sqlite:///{path}") as store:
            rows = fill(store)
        print(f"{rows:,} rows put in in {time.perf_counter() - began_s:.0f} s; {path.stat().st_size / 1e6:.0f} MB")
        print(f"{platform.machine()}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
              f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")  # fmt: skip
        raise SystemExit(measure(path, rounds))


def measure(path: Path, rounds: int) -> int:
    """Prints the times; 1 when a limit is passed, else 0."""
    dsn = f"sqlite:///{path}"
    request = Request(int(datetime(2026, 11, 24, tzinfo=ZONE).timestamp()), first=FIRST, last=LAST)
    with open_store(dsn) as store:
        figures = timed("figures of the year by day", rounds, lambda: report(store, request))
        timed("by hour, 8,760 of them", rounds, lambda: report(store, request_by_hour(request)))
        found = report(store, request)
        timed("its page", rounds, lambda: page(found))
        timed("zones by day, from the rows themselves", rounds, lambda: store.query(_RAW))
    html = path.with_name("year.html")
    options = ("--db", dsn, "--from", str(FIRST), "--to", str(LAST), "--html", str(html))
    timed("the whole process, with the page", rounds, lambda: traffic(*options))
    size = html.stat().st_size
    print(f"{'size of the page':42} {size / 1000:8.0f} kB")
    return int(figures >= MOST_S or size >= MOST_BYTES)


def request_by_hour(request: Request) -> Request:
    """The same, hour by hour."""
    return Request(request.now_s, first=request.first, last=request.last, by="hour")


def traffic(*options: str) -> None:
    """Runs `traffic report`."""
    subprocess.run([sys.executable, "-m", "analytics", "report", *options], check=True, capture_output=True)


def timed(name: str, rounds: int, run: Callable[[], object]) -> float:
    """Prints the median times; the processor's, s."""
    run()
    walls, works = [], []
    for _ in range(rounds):
        wall_s, work_s = time.perf_counter(), _work_s()
        run()
        walls.append(time.perf_counter() - wall_s)
        works.append(_work_s() - work_s)
    print(f"{name:42} {statistics.median(walls):8.3f} s  {statistics.median(works):8.3f} s of the processor")
    return statistics.median(works)


def _work_s() -> float:
    """Processor time of this process and of those that it started and has waited for, s."""
    own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime


def fill(store: Store) -> int:
    """Puts the year in; how many rows."""
    rng = np.random.default_rng(1)
    start_s = int(datetime(FIRST.year, FIRST.month, FIRST.day, 4, tzinfo=ZONE).timestamp())
    starts = np.arange(start_s, start_s + 365 * 86400, 300)
    local = [datetime.fromtimestamp(int(at), ZONE) for at in starts]
    busy = np.array([2.0 if 10 <= at.hour < 20 and at.weekday() < 6 else 0.0 for at in local])
    with store.transaction():
        store.execute("INSERT INTO sites (site, time_zone, day_start) VALUES ('berlin-1', 'Europe/Berlin', '04:00')")
        store.execute("INSERT INTO runs (config_id, boot_id) VALUES ('aa', 'bb')")
        for day in range(6):
            store.execute("INSERT INTO opening_hours VALUES ('berlin-1', ?, '10:00', '20:00')", (day,))
        for line in LINES:
            came = rng.poisson(busy)
            turned, lost = rng.binomial(came, 0.06), rng.binomial(came, 0.02)
            zeros = np.zeros_like(came)
            columns = (came, came, came + turned, came + turned, turned, lost, lost, lost, zeros, zeros, zeros, came)
            _put(store, f"line/{line}", starts, dict(zip(_LINE, columns, strict=True)))
        for zone in ZONES:
            _put(store, f"zone/{zone}", starts, _visits(rng, busy))
        found = {"business_day": [at.date().isoformat() for at in local], "clamped": np.zeros_like(starts)}
        _put(store, "occupancy", starts, found | {name: rng.poisson(busy / 20) for name in ("births", "deaths")})
    return starts.size * (len(LINES) + len(ZONES) + 1)


def _visits(rng: np.random.Generator, busy: npt.NDArray[np.float64]) -> dict[str, Any]:
    bins = {name: rng.poisson(busy * share) for name, share in zip(_BINS, (4, 5, 4, 3, 2, 1, 0.5, 0.1), strict=True)}
    passed, stopped = bins["h0"], bins["h1"] + bins["h2"]
    ended = np.sum(list(bins.values()), axis=0)
    facts = {"entered": ended, "pass": passed, "stop": stopped, "engaged": ended - passed - stopped}
    facts |= {"left_count": ended, "lost": 0 * ended, "capped": 0 * ended, "peak": np.minimum(ended, 4)}
    return facts | bins | {"stitched": 0 * ended, "left_s": ended * 21.0, "presence_s": ended * 21.0}


def _put(store: Store, series: str, starts: npt.NDArray[np.int64], columns: dict[str, Any]) -> None:
    kind, _, name = series.partition("/")
    store.execute(
        "INSERT INTO streams (site, device, epoch, series, kind, name, last_seq, first_seen_s) "
        "VALUES ('berlin-1', 'box', 'abababababababab', ?, ?, ?, ?, 0)",
        (series, kind, name or kind, starts.size),
    )
    ((stream,),) = store.query("SELECT max(stream_id) FROM streams")
    values = [np.asarray(column).tolist() for column in columns.values()]
    rows = (
        (stream, seq, start_s, start_s + 300, 300.0, 3000, "ok", "synced", 1, seq, *own)
        for seq, (start_s, *own) in enumerate(zip(starts.tolist(), *values, strict=True), 1)
    )
    store.database.copy(f"{kind}_rows", [*_ROW, *columns], rows)


if __name__ == "__main__":
    main()

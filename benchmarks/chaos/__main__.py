"""Runs the tests of docs/reliability.md and prints their table.

    python -m benchmarks.chaos --folder FOLDER [--size small|full|long] [--only NAME ...] [--write docs/reliability.md]

Exit code 1 when something was not reached. `small` takes minutes, `full` about two hours and is what the document
shows; `long` has the soak go on for a day. Everything is written below the folder, which is to be on a disk: what is
synced has to cost something.
"""

from __future__ import annotations

import argparse
import platform
import re
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.chaos.away import broker_away
from benchmarks.chaos.brokers import queue_overflows, restarts_empty
from benchmarks.chaos.camera import behind, faults, quiet
from benchmarks.chaos.clocks import clock_steps
from benchmarks.chaos.disk import disk_full
from benchmarks.chaos.fuzz import configurations, payloads
from benchmarks.chaos.hang import hangs
from benchmarks.chaos.kills import random_kills
from benchmarks.chaos.power import power_cuts
from benchmarks.chaos.promise import traced
from benchmarks.chaos.row import Row
from benchmarks.chaos.sandbox import booted, exposure, installed
from benchmarks.chaos.soak import soak

TESTS: dict[str, dict[str, Callable[[Path], Row]]] = {
    "kills": {
        "small": lambda folder: random_kills(folder, edge=3, broker=2, readers=2, crossings=400, seed=1),
        "full": lambda folder: random_kills(folder, edge=20, broker=8, readers=15, crossings=4000, seed=1),
    },
    "power": {
        "small": lambda folder: power_cuts(folder, points=60, intervals=12),
        "full": lambda folder: power_cuts(folder, points=400, intervals=60),
    },
    "away": {
        "small": lambda folder: broker_away(folder, hours=3.0),
        "full": lambda folder: broker_away(folder, hours=72.0),
    },
    "overflow": {
        "small": lambda folder: queue_overflows(folder, seconds=600.0),
        "full": lambda folder: queue_overflows(folder, seconds=36_000.0),
    },
    "empty": {
        "small": lambda folder: restarts_empty(folder, times=1),
        "full": lambda folder: restarts_empty(folder, times=10),
    },
    "disk": {
        "small": lambda folder: disk_full(folder, times=1),
        "full": lambda folder: disk_full(folder, times=10),
    },
    "clocks": {
        "small": lambda folder: clock_steps(folder, seconds=600.0),
        "full": lambda folder: clock_steps(folder, seconds=7200.0),
    },
    "camera": {
        "small": lambda folder: faults(folder, times=1),
        "full": lambda folder: faults(folder, times=4),
    },
    "quiet": {
        "small": lambda folder: quiet(folder, hours=0.05),
        "full": lambda folder: quiet(folder, hours=1.0),
    },
    "behind": {
        "small": lambda folder: behind(folder, seconds=20.0),
        "full": lambda folder: behind(folder, seconds=120.0),
    },
    "hang": dict.fromkeys(("small", "full"), hangs),
    "payloads": {
        "small": lambda _: payloads(reports=300, seed=1),
        "full": lambda _: payloads(reports=10_000, seed=1),
    },
    "configs": {
        "small": lambda _: configurations(texts=200, seed=1),
        "full": lambda _: configurations(texts=2_000, seed=1),
    },
    "strace": {
        "small": lambda folder: traced(folder, seconds=12.0),
        "full": lambda folder: traced(folder, seconds=300.0),
    },
    "unit": dict.fromkeys(("small", "full"), exposure),
    "sandbox": dict.fromkeys(("small", "full"), booted),
    "install": dict.fromkeys(("small", "full"), installed),
    "soak": {
        "small": lambda folder: soak(folder, seconds=20.0, days_h=0.05),
        "full": lambda folder: soak(folder, seconds=3600.0),
        "long": lambda folder: soak(folder, seconds=86_400.0),
    },
}

OPT_IN = {"sandbox", "install"}
"""What is only run when it is named: it needs the network, and root and a kernel that lets it boot a systemd."""


def main() -> None:
    """Runs, prints, and writes the table where it belongs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="For everything that the tests write; emptied.")
    parser.add_argument("--size", choices=("small", "full", "long"), default="small")
    parser.add_argument("--only", choices=TESTS, nargs="+", default=[name for name in TESTS if name not in OPT_IN])
    parser.add_argument("--write", type=Path, help="Document whose rows of the table are replaced.")
    options = parser.parse_args()
    rows: dict[str, Row] = {}
    for name in options.only:
        place = options.folder / name
        shutil.rmtree(place, ignore_errors=True)
        began_s = time.monotonic()
        rows[name] = row = TESTS[name].get(options.size, TESTS[name]["full"])(place)
        verdict = "reached" if row.reached else "NOT REACHED"
        print(f"{row.name}\n  to reach: {row.goal}\n  {verdict}: {row.result}", flush=True)
        print(f"  ({time.monotonic() - began_s:.0f} s)", flush=True)
        if options.write:
            _write(options.write, name, row)
    print(f"{platform.machine()}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}")
    sys.exit(0 if all(row.reached for row in rows.values()) else 1)


def _write(document: Path, name: str, row: Row) -> None:
    """Replaces the row of a test, known by its marker."""
    text = document.read_text(encoding="utf-8")
    verdict, when = "yes" if row.reached else "**no**", time.strftime("%Y-%m-%d", time.gmtime())
    line = f"| {row.name} <!-- {name} --> | {row.goal} | {row.result} | {verdict} | {when} |"
    text, found = re.subn(rf"^.*<!-- {name} -->.*$", lambda _: line, text, flags=re.MULTILINE)
    if not found:
        text = text.replace("<!-- end of the table -->", f"{line}\n<!-- end of the table -->")
    document.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

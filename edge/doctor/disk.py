"""Whether there is room for the books, and how long the disk takes to make a write safe."""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from edge.doctor.finding import Finding, judged

MB = 1 << 20
SLOW_MS = 200.0
WRITES = 20


def examine_disk(state_dir: Path, outbox_mb: int) -> list[Finding]:
    """Room and speed where the outbox is, or will be: a folder that is not there yet is looked for above.

    Args:
        state_dir: Folder of the outbox.
        outbox_mb: How large the outbox may become.
    """
    folder = next(place for place in (state_dir.absolute(), *state_dir.absolute().parents) if place.is_dir())
    free_mb = shutil.disk_usage(folder).free / MB
    found = [
        judged(
            "disk.room",
            "failure" if free_mb < 20 else "warning" if free_mb < outbox_mb else "ok",
            f"{free_mb:.0f} MB free at {folder}",
            f"outbox.max_mb, {outbox_mb} MB",
            "make room, or lower outbox.max_mb: on a full disk rows go before their time",
        )
    ]
    try:
        times_ms = _fsync_ms(folder)
    except OSError as error:
        saw, advice = f"{folder}: {error.strerror}", "run it as the user of the service, or as root; look at the disk"
        return [*found, Finding("disk.fsync", "failure", saw, "a folder that can be written", advice)]
    median_ms = statistics.median(times_ms)
    return [
        *found,
        judged(
            "disk.fsync",
            "warning" if median_ms > SLOW_MS else "ok",
            f"{median_ms:.1f} ms to make 4 kB safe, at worst {max(times_ms):.1f} ms",
            f"at most {SLOW_MS:.0f} ms: the loop waits for it every few seconds",
            "a worn card or a busy disk: replace it, or put the state on another one",
        ),
    ]


def _fsync_ms(folder: Path) -> list[float]:
    times_ms = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(WRITES):
            started_s = time.perf_counter()
            os.pwrite(file.fileno(), os.urandom(4096), 0)
            os.fsync(file.fileno())
            times_ms.append(1000.0 * (time.perf_counter() - started_s))
    return times_ms

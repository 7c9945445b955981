"""Runs a command for some seconds under strace, and hands out what its threads did. It judges nothing.

The traces hold everything that was sent, passwords too: they lie in a folder that only their owner can read, and are
gone when the block ends.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge.errors import EdgeError
from edge.privacy.strace import OPTIONS, Event, events

_TIMED_OUT = 124  # timeout(1): it ended the command, as it should
GOODBYE_S = 60
"""How long the command may take to end after it was told to."""


@dataclass(frozen=True)
class Watched:
    """A run that has ended.

    Attributes:
        code: Its exit code; 0 when it was stopped because its time was up.
        traces: One file for each thread.
    """

    code: int
    traces: tuple[Path, ...]

    def threads(self) -> Iterator[Iterator[Event]]:
        """Events, thread by thread."""
        for trace in self.traces:
            with trace.open(encoding="utf-8", errors="surrogateescape") as lines:
                yield events(lines)


@contextmanager
def watched(command: Sequence[str], seconds: float, environment: Mapping[str, str]) -> Iterator[Watched]:
    """Runs the command to its end, or stops it (SIGTERM) after some seconds; the traces are there inside the block.

    Raises:
        EdgeError: There is no strace, or it may not trace.
    """
    strace = shutil.which("strace")
    if strace is None:
        raise EdgeError("privacy audit: expected the program strace, found none; sudo apt-get install strace")
    with tempfile.TemporaryDirectory(prefix="edge-audit-") as folder:
        # timeout, and not a signal to strace, which would let go of the command instead of ending it.
        timed = ["timeout", "--signal=TERM", f"--kill-after={GOODBYE_S}", f"{seconds:g}", *command]
        done = subprocess.run(
            [strace, *OPTIONS, "-o", str(Path(folder) / "trace"), *timed],
            env={**os.environ, **environment},
            check=False,
        )
        traces = tuple(sorted(Path(folder).glob("trace.*")))
        if not traces:
            raise EdgeError(
                "privacy audit: expected strace to trace a process of its own, it did not: see what it said"
            )
        yield Watched(0 if done.returncode == _TIMED_OUT else done.returncode, traces)

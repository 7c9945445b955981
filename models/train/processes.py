"""The processes of a run: one run at a time in a folder, and no process that outlives the one that began it."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import parent_process
from pathlib import Path


class TakenError(Exception):
    """Another run writes there."""


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Holds a file locked, for as long as this process lives at most.

    Raises:
        TakenError: Another process holds it.
    """
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TakenError(f"{lock}: expected no other run of this network here, but one is going on") from None
        yield


def is_orphan() -> bool:
    """Whether the process that began this one has ended, however that came about.

    torch asks the kernel to interrupt its processes then; one that was started in the background of a shell ignores
    interrupts, and would go on to write the checkpoint of whoever is started next.
    """
    parent = parent_process()
    return parent is not None and not parent.is_alive()

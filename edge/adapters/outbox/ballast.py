"""The ballast: a file of nothing that is thrown overboard when the disk is full, because even deleting rows takes room.

It does not know what the room is for.
"""

from __future__ import annotations

import os
from pathlib import Path

BALLAST_BYTES = 256 * 1024


class Ballast:
    """Room beside `path` that can be had back at any time."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(f"{path.name}.ballast")

    def throw(self) -> bool:
        """Gives the room to others; False when there was none left to give."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True

    def take(self) -> bool:
        """Whether it is there; taken again if the disk has twice as much: one that is nearly full is left alone."""
        if self._path.exists():
            return True
        try:
            disk = os.statvfs(self._path.parent)
            if disk.f_bavail * disk.f_frsize < 2 * BALLAST_BYTES:
                return False
            file = os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(file, 0, BALLAST_BYTES)
            finally:
                os.close(file)
        except OSError:
            self.throw()  # half of it is no use
            return False
        return True

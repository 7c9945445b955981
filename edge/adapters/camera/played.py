"""Sources with an end: every picture in order, as fast as the consumer takes them or paced like the original.

It must not know what kind of file the pictures come from.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator

from edge.core.rate import RateLimit
from edge.core.types import Frame, Image, Picture

# Seconds from the first picture, and a call that fetches the picture, or gives None when it cannot be read.
Shot = tuple[float, Callable[[], Picture | Image | None]]


class Played:
    """Plays the pictures of a file; nothing is dropped at either speed.

    Args:
        shots: Pictures with times that never fall.
        limit: Which pictures to fetch.
        real_time: Hold each picture back until its time has come, on the monotonic clock.
        poll_s: While waiting for that, how often to come back empty-handed.
    """

    def __init__(self, shots: Iterable[Shot], *, limit: RateLimit, real_time: bool, poll_s: float) -> None:
        self._shots = shots
        self._limit = limit
        self._real_time = real_time
        self._poll_s = poll_s
        self._stop = threading.Event()

    def frames(self) -> Iterator[Frame | None]:
        """Every picture that the limit lets through; in real time also None after each `poll_s` of waiting."""
        start_s = time.monotonic()
        shots = enumerate(self._shots)
        # Asked before each step: PyAV crashes the process when a file is read on after it was closed.
        while not self._stop.is_set() and (shot := next(shots, None)):
            index, (mono_s, picture) = shot
            if not self._limit.take(mono_s):
                continue
            while self._real_time and (wait_s := start_s + mono_s - time.monotonic()) > 0:
                if self._stop.wait(min(wait_s, self._poll_s)):
                    return
                if wait_s > self._poll_s:
                    yield None
            if (image := picture()) is not None:
                yield Frame(image, mono_s, index)

    def close(self) -> None:
        """End `frames`."""
        self._stop.set()

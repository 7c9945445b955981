"""The signals by which people and systemd tell a service to stop or to read its configuration again."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def heard(stop: Callable[[], None], reload: Callable[[], None]) -> Iterator[None]:
    """While it is open, SIGTERM and SIGINT call `stop`, SIGHUP calls `reload`; then all is as it was before."""

    def handler(number: int, _: FrameType | None) -> None:
        reload() if number == signal.SIGHUP else stop()

    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = [signal.signal(number, handler) for number in numbers]
    try:
        yield
    finally:
        for number, previous in zip(numbers, before, strict=True):
            signal.signal(number, previous)

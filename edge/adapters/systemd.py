"""Tells systemd that the service is ready, alive, reloading or stopping, over the socket in $NOTIFY_SOCKET.

It owns the protocol of sd_notify(3) and nothing else; it decides nothing about health. Outside systemd every call does
nothing. A notification that cannot be delivered is logged once and never stops the service: if systemd is really deaf,
its watchdog settles the matter.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable, Mapping
from types import TracebackType

log = logging.getLogger(__name__)


class Notifier:
    """A context manager that speaks to the service manager.

    Args:
        environ: Where NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID are looked up.
        mono: Seconds of CLOCK_MONOTONIC, which is the clock that systemd compares with.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ, *, mono: Callable[[], float] = time.monotonic) -> None:
        self._mono = mono
        self._beat_s = _beat_s(environ)
        self._next_beat_s = float("-inf")
        self._failed = False
        address = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address  # @: an abstract name
        self._socket: socket.socket | None = None
        if address.startswith(("/", "@")):
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)

    def ready(self) -> None:
        """The service is up, or has finished reloading."""
        self._send("READY=1")

    def reloading(self) -> None:
        """The service reads its configuration again; `ready` must follow."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={int(self._mono() * 1e6)}")

    def stopping(self) -> None:
        """The service is on its way out."""
        self._send("STOPPING=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._send("STATUS=" + " ".join(text.split()))

    def beat(self) -> None:
        """The loop is alive; cheap, and sent at most every third of the time that the watchdog allows."""
        if self._beat_s is not None and (now_s := self._mono()) >= self._next_beat_s:
            self._next_beat_s = now_s + self._beat_s
            self._send("WATCHDOG=1")

    def __enter__(self) -> Notifier:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, text: str) -> None:
        if self._socket is None:
            return
        try:
            self._socket.sendto(text.encode(), self._address)
            self._failed = False
        except OSError as error:
            if not self._failed:
                log.warning("systemd's notification socket: expected to take %r, got: %s", text, error.strerror)
            self._failed = True


def _beat_s(environ: Mapping[str, str]) -> float | None:
    """Seconds between two beats, or None when no watchdog watches this process.

    >>> _beat_s({"WATCHDOG_USEC": "30000000"})
    10.0
    >>> _beat_s({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}) is None
    True
    """
    allowed_us = environ.get("WATCHDOG_USEC", "")
    if not allowed_us.isdecimal() or environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(allowed_us) / 3e6 or None

"""Whether this machine's UTC can be believed, and which run of the machine its monotonic clock is of.

A box without a battery clock starts in the past.
"""

from __future__ import annotations

import ctypes
from pathlib import Path

_REFUSED, _TIME_ERROR = -1, 5  # adjtimex(2): the call is not allowed; the clock is not synchronised
_TIMEX_BYTES = 512  # struct timex is 208 bytes on 64-bit Linux; modes = 0 asks and sets nothing
_MACHINE_BOOT = Path("/proc/sys/kernel/random/boot_id")
_TIMESYNCD_MARK = Path("/run/systemd/timesync/synchronized")
"""Made when systemd-timesyncd has set the clock of this boot (systemd-time-wait-sync.service waits for it)."""


def synchronised() -> bool:
    """What the kernel says (adjtimex); who may not ask it, as under ProtectClock=, looks for timesyncd's mark.

    Who finds neither does not know, and so does not believe.
    """
    try:
        state: int = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (OSError, AttributeError):
        return False
    return _TIMESYNCD_MARK.exists() if state == _REFUSED else state != _TIME_ERROR


def machine_boot() -> str:
    """The kernel's id of this run of the machine; empty, and so like no other, when it cannot be read."""
    try:
        return _MACHINE_BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return ""

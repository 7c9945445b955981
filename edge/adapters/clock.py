"""Whether this machine's UTC can be believed: a box without a battery clock starts in the past."""

from __future__ import annotations

import ctypes

_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
_TIMEX_BYTES = 512  # struct timex is 208 bytes on 64-bit Linux; modes = 0 asks and sets nothing


def synchronised() -> bool:
    """What the kernel says (adjtimex); True when it cannot be asked."""
    try:
        state: int = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (OSError, AttributeError):
        return True
    return state != _TIME_ERROR

"""Whether this machine's UTC can be believed: a box without a battery clock starts in the past."""

from __future__ import annotations

import ctypes

_REFUSED, _TIME_ERROR = -1, 5  # adjtimex(2): the call is not allowed; the clock is not synchronised
_TIMEX_BYTES = 512  # struct timex is 208 bytes on 64-bit Linux; modes = 0 asks and sets nothing


def synchronised() -> bool:
    """What the kernel says (adjtimex); who may not ask does not know, and so does not believe."""
    try:
        state: int = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (OSError, AttributeError):
        return False
    return state not in (_REFUSED, _TIME_ERROR)

"""The C library's heap, in which the other libraries keep what they load. One that is not glibc is left alone."""

from __future__ import annotations

import ctypes

_M_ARENA_MAX = -8  # malloc.h
_LIBC = ctypes.CDLL(None)


def share() -> None:
    """With glibc every thread has a heap of its own: what loading the model leaves free there would serve nobody."""
    mallopt = getattr(_LIBC, "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)


def give_back() -> None:
    """What lies free between other things goes back to the system."""
    malloc_trim = getattr(_LIBC, "malloc_trim", None)
    if malloc_trim is not None:
        malloc_trim(0)

"""What the machine knows of its clock."""

from __future__ import annotations

import ctypes
from types import SimpleNamespace

import pytest

from edge.adapters import clock


@pytest.mark.parametrize(
    ("kernel", "mark", "believed"),
    [
        (0, False, True),  # TIME_OK
        (1, False, True),  # a leap second is announced: the clock is right
        (5, False, False),  # TIME_ERROR
        (5, True, False),  # the kernel knows better than an old mark
        (-1, True, True),  # not allowed to ask, as under ProtectClock=; timesyncd has set it
        (-1, False, False),
    ],
)
def test_who_may_not_ask_the_kernel_looks_for_the_mark_of_timesyncd(kernel, mark, believed, monkeypatch, tmp_path):
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: SimpleNamespace(adjtimex=lambda _timex: kernel))
    monkeypatch.setattr(clock, "_TIMESYNCD_MARK", tmp_path / "synchronized")
    if mark:
        (tmp_path / "synchronized").touch()
    assert clock.synchronised() is believed

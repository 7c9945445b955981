"""The heap, where the C library has the calls for it and where it has not."""

from __future__ import annotations

from edge.adapters import heap


def test_whoever_calls_it_goes_on():
    heap.share()
    heap.give_back()


def test_another_c_library_has_neither_call(monkeypatch):
    monkeypatch.setattr(heap, "_LIBC", object())
    heap.share()
    heap.give_back()

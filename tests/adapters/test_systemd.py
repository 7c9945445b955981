"""Notifications on real datagram sockets, as systemd would read them."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.adapters.systemd import Notifier


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """The receiving end, as systemd has it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.setblocking(False)
        yield receiver


def heard(receiver: socket.socket) -> list[str]:
    texts = []
    while True:
        try:
            texts.append(receiver.recv(4096).decode())
        except BlockingIOError:
            return texts


def environ_of(receiver: socket.socket, **more: str) -> dict[str, str]:
    return {"NOTIFY_SOCKET": receiver.getsockname(), **more}


def test_the_life_of_a_service(manager: socket.socket) -> None:
    before_us = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    with Notifier(environ_of(manager)) as notifier:
        notifier.ready()
        notifier.status("camera streaming,\n12 rows wait")
        notifier.reloading()
        notifier.stopping()
    after_us = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    ready, status, reloading, stopping = heard(manager)
    assert ready == "READY=1"
    assert status == "STATUS=camera streaming, 12 rows wait", "a line break would start another assignment"
    first, second = reloading.split("\n")
    assert first == "RELOADING=1"
    assert before_us <= int(second.removeprefix("MONOTONIC_USEC=")) <= after_us
    assert stopping == "STOPPING=1"


def test_beats_come_at_most_every_third_of_the_watchdog_time(manager: socket.socket) -> None:
    now_s = [50.0]
    environ = environ_of(manager, WATCHDOG_USEC="3000000", WATCHDOG_PID=str(os.getpid()))
    with Notifier(environ, mono=lambda: now_s[0]) as notifier:
        for _ in range(10):
            notifier.beat()
        assert heard(manager) == ["WATCHDOG=1"]
        now_s[0] += 0.99
        notifier.beat()
        assert heard(manager) == []
        now_s[0] += 0.02
        notifier.beat()
        assert heard(manager) == ["WATCHDOG=1"]


@pytest.mark.parametrize(
    "watchdog",
    [{}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}],
)
def test_no_beats_without_a_watchdog_for_us(manager: socket.socket, watchdog: dict[str, str]) -> None:
    with Notifier(environ_of(manager, **watchdog)) as notifier:
        notifier.beat()
        notifier.ready()
    assert heard(manager) == ["READY=1"]


def test_an_abstract_name() -> None:
    name = f"edge-test-{secrets.token_hex(8)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind("\0" + name)
        receiver.setblocking(False)
        with Notifier({"NOTIFY_SOCKET": "@" + name}) as notifier:
            notifier.ready()
        assert heard(receiver) == ["READY=1"]


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1234"}])
def test_nothing_happens_outside_systemd(environ: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    with Notifier({**environ, "WATCHDOG_USEC": "3000000"}) as notifier:
        notifier.ready()
        notifier.beat()
        notifier.stopping()
    assert caplog.text == ""


def test_a_socket_that_is_gone_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}) as notifier:
        for _ in range(3):
            notifier.ready()
    assert caplog.text.count("No such file") == 1


def test_a_manager_that_does_not_read_blocks_nobody(manager: socket.socket) -> None:
    with Notifier(environ_of(manager)) as notifier:
        for _ in range(10_000):
            notifier.ready()
    assert 0 < len(heard(manager)) < 10_000

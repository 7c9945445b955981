"""Programs that do what the service must not, under the real strace."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from edge.errors import EdgeError
from edge.privacy.audit import Allowed, Report, judge
from edge.privacy.watch import watched
from tests.mosquitto import free_port, program

JPEG = "bytes.fromhex('ffd8ffe000104a464946')"


def audit(code: str, state: Path, seconds: float = 60.0) -> Report:
    program("strace")
    with watched([sys.executable, "-c", code], seconds, {"PYTHONDONTWRITEBYTECODE": "1"}) as ended:
        assert ended.code == 0
        return judge(ended.threads(), Allowed({}, (state,)), lambda path: path.read_bytes() if path.is_file() else b"")


def test_a_program_that_does_nothing_is_clean(tmp_path: Path) -> None:
    assert audit("print('hello')", tmp_path).clean


def test_a_picture_in_a_file_that_is_deleted_again_is_found(tmp_path: Path) -> None:
    path = tmp_path / "x"
    code = f"import os; open({str(path)!r}, 'wb').write({JPEG}); os.unlink({str(path)!r})"
    found = audit(code, tmp_path)
    assert [(seen.what, seen.role) for seen in found.pictures] == [(str(path), "JPEG")]


def test_a_picture_written_through_memory_is_found_in_the_file(tmp_path: Path) -> None:
    code = (
        f"import mmap; file = open({str(tmp_path / 'x')!r}, 'w+b'); file.truncate(4096)\n"
        f"mmap.mmap(file.fileno(), 4096)[:10] = {JPEG}"
    )
    assert [seen.role for seen in audit(code, tmp_path).pictures] == ["JPEG"]


def test_a_file_elsewhere_by_a_thread_or_a_child_is_found(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    for number, by in enumerate(("threading.Thread(target={0}).start()", "os.fork() or {0}()")):
        path = tmp_path / f"x{number}"
        code = f"import os, threading\ndef write(): open({str(path)!r}, 'w')\n{by.format('write')}"
        found = audit(code, tmp_path / "state")
        assert [seen.what for seen in found.files if not seen.role] == [str(path)]


def test_a_peer_is_found_though_nobody_answers(tmp_path: Path) -> None:
    port = free_port()
    found = audit(f"import socket; socket.socket().connect_ex(('127.0.0.1', {port}))", tmp_path)
    assert [seen.what for seen in found.peers if not seen.role] == [f"127.0.0.1:{port}"]


def test_what_does_not_end_is_ended(tmp_path: Path) -> None:
    assert audit("import time; time.sleep(600)", tmp_path, seconds=1.0).clean


def test_without_strace_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(EdgeError, match="apt-get install strace"), watched(["true"], 1.0, {}):
        pass

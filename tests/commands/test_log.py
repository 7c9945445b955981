"""Log lines as a terminal and as journald get them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.commands import ROOT

PROGRAM = """\
import logging
from edge.commands.log import log_to_stderr
log_to_stderr("info")
log = logging.getLogger("edge.x")
log.debug("not this")
log.warning("a warning")
try:
    raise ValueError("why")
except ValueError:
    log.exception("an error")
"""


def logged(stderr: Path, environment: dict[str, str]) -> list[str]:
    with stderr.open("w") as file:
        subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, stderr=file, check=True, env=os.environ | environment)
    return stderr.read_text().splitlines()


def test_a_terminal_gets_the_time(tmp_path: Path) -> None:
    for environment in ({}, {"JOURNAL_STREAM": "1:2"}):
        first, *_, last = logged(tmp_path / "stderr", environment)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ WARNING edge\.x: a warning", first)
        assert last == "ValueError: why"


def test_journald_gets_the_priority_of_every_line(tmp_path: Path) -> None:
    stderr = tmp_path / "stderr"
    stderr.touch()
    status = stderr.stat()
    first, *others = logged(stderr, {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"})
    assert first == "<4>WARNING edge.x: a warning"
    assert others[0] == "<3>ERROR edge.x: an error"
    assert len(others) >= 4
    assert all(line.startswith("<3>") for line in others)

"""The command `traffic`: what it says, its exit codes, and what it never says."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from analytics.store import open_store
from analytics.store.books import Books
from edge import __version__
from tests.analytics.shop import line, read

ROOT = Path(__file__).parents[2]
SECRET = "correct-horse"


def traffic(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "analytics", *arguments], cwd=ROOT, capture_output=True, text=True,
        check=False, timeout=60, env={**os.environ, **environment},
    )  # fmt: skip


def test_the_version():
    assert traffic("--version").stdout == f"{__version__}\n"


def test_the_tables_are_made(tmp_path):
    outcome = traffic("db", "migrate", "--db", f"sqlite:///{tmp_path}/traffic.db")
    assert outcome.stdout.startswith(f"sqlite:///{tmp_path}/traffic.db: version ")
    assert (tmp_path / "traffic.db").exists()


def test_the_doctor_finds_nothing_or_something(tmp_path):
    dsn = f"sqlite:///{tmp_path}/traffic.db"
    healthy = traffic("doctor", TRAFFIC_DB=dsn)
    assert (healthy.returncode, healthy.stdout) == (0, "the books are in order\n")
    with open_store(dsn) as store:
        Books(store).post(read(line(1), line(4), line(1, out=9)), [], int(time.time()) - 7200)
    ill = traffic("doctor", TRAFFIC_DB=dsn)
    assert ill.returncode == 1
    assert "ALARM berlin-1/box: line/door, epoch 0123456789abcdef, seq 1: came again" in ill.stdout
    assert "ALARM berlin-1/box: 2 rows missing for 2.0 h, asked 0 times" in ill.stdout
    assert "ALARM 1 dead letters (1 messages), conflict, for one: line/door" in ill.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["ingest", "--db", f"postgresql://u:{SECRET}@h/x"], 2, "expected no password"),
        (["ingest", f"postgresql://u:{SECRET}@h/x"], 2, "unexpected extra argument"),
        (["ingest", "--port", f"mqtt://u:{SECRET}@h"], 2, "Invalid value for '--port'"),
        (["ingest", "--reader", "Reader One"], 2, "expected lower-case letters"),
        (["ingest", "--password-file", "/none"], 6, "expected a readable file with the password"),
        (["ingest", "--ca-file", "/none"], 6, "expected PEM files"),
        (["ingest", "--db", "nonsense"], 2, "expected sqlite:///file"),
        (["doctor", "--db", "sqlite:////none/x.db"], 7, "unable to open"),
        (["doctor", "--db", "postgresql://traffic@127.0.0.1:1/x"], 7, "connection"),
    ],
)
def test_what_is_wrong_is_said_without_secrets(arguments, code, words, tmp_path):
    outcome = traffic(*arguments, TRAFFIC_DB=f"sqlite:///{tmp_path}/traffic.db")
    said = outcome.stdout + outcome.stderr
    assert outcome.returncode == code, said
    assert words in said
    assert SECRET not in said
    assert "Traceback" not in said

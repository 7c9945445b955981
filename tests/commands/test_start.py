"""`edge run` in its plain form starts without the command line's library, and nobody can tell."""

from __future__ import annotations

import pytest

from edge.__main__ import _plain_run
from tests.commands import process


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--help",),
        ("check", "--config", "x.yaml"),
        ("run", "--help"),
        ("run", "--config"),
        ("run", "--config", "--camera"),
        ("run", "--config", ""),
        ("run", "--speed", "fast"),
        ("run", "--start", "2026-11-23T09:00:00Z"),
        ("run", "--config=x.yaml"),
        ("run", "-c", "a.yaml", "-c", "b.yaml"),
        ("run", "x.yaml"),
        ("--version", "run"),
    ],
    ids=" ".join,
)
def test_what_is_not_plain_is_left_to_the_command_line(words):
    assert _plain_run(list(words)) is None


def test_a_plain_one_is_understood():
    words = ["run", "-c", "x.yaml", "--camera", "door", "--state-dir", "/var/lib/edge", "--speed", "max"]
    assert _plain_run(words) == {"config": "x.yaml", "camera": "door", "state_dir": "/var/lib/edge", "speed": "max"}
    assert _plain_run(["run"]) == {}


def test_both_ways_fail_with_the_same_words(tmp_path):
    missing = str(tmp_path / "none.yaml")
    plain = process("run", "--config", missing)
    whole = process("run", f"--config={missing}")
    assert (plain.code, plain.out, plain.err) == (whole.code, whole.out, whole.err)
    plain.failed(2, "none.yaml", "expected a readable configuration")


def test_a_wrong_option_is_explained_by_the_command_line():
    process("run", "--speed", "fast").failed(2, "--speed")

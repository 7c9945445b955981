"""The command line as a whole: help, version, exit codes, and what it does with a password in the wrong place."""

from __future__ import annotations

import pytest

import edge as package
from edge import errors
from tests.commands import CANARY, CONFIG, ROOT, edge, process

COMMANDS = ["run", "reload", "check", "replay", "snapshot", "schema", "demo", "models"]
URL = f"rtsp://admin:{CANARY}@127.0.0.1:1/cam"


def test_it_explains_itself(capsys):
    outcome = edge(capsys, "--help")
    assert outcome.code == 0
    assert all(name in outcome.out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(capsys, name):
    outcome = edge(capsys, name, "--help")
    assert outcome.code == 0
    assert "Usage: " in outcome.out


def test_the_version_is_that_of_the_package(capsys):
    assert edge(capsys, "--version").out == f"{package.__version__}\n"
    assert process("--version").out == f"{package.__version__}\n"


def test_nothing_to_do_is_a_question_for_help(capsys):
    outcome = edge(capsys)
    assert outcome.code == 2
    assert "replay" in outcome.said


@pytest.mark.parametrize(
    ("arguments", "word"),
    [(("rum",), "rum"), (("replay",), "source"), (("check", "--confg", "x"), "--confg"), (("models", "pul"), "pul")],
)
def test_a_slip_is_named(capsys, arguments, word):
    outcome = edge(capsys, *arguments)
    assert outcome.code == 2
    assert word in outcome.err
    assert "Traceback" not in outcome.said


def test_help_is_there_without_the_heavy_libraries():
    """A box without the libraries of pictures can still tell what is wrong with it."""
    import subprocess
    import sys

    script = (
        "import sys\nfor name in ('cv2', 'av', 'onnxruntime', 'paho'): sys.modules[name] = None\n"
        "from edge.cli import main\nmain()"
    )
    for arguments in (["--help"], ["check", "--config", "config.yaml"], ["schema"]):
        ended = subprocess.run([sys.executable, "-c", script, *arguments], cwd=ROOT, capture_output=True, check=False)
        assert ended.returncode == 0, ended.stderr


def test_each_kind_of_error_has_an_exit_code_of_its_own():
    kinds = errors.EdgeError.__subclasses__()
    codes = [kind.exit_code for kind in kinds]
    assert len(set(codes)) == len(kinds)
    assert errors.ConfigError.exit_code == 2, "the same as of a slip on the command line"
    assert not set(codes) & {0, 1, 130}


@pytest.mark.parametrize(
    "arguments",
    [
        (URL,),
        ("run", URL),
        ("check", URL),
        ("replay", "x.jsonl", URL),
        ("replay", f"--{URL}"),
        ("replay", "x.jsonl", "--speed", URL),
        ("replay", "x.jsonl", "--start", URL),
        ("replay", "x.jsonl", "--camera", URL),
        ("replay", "x.mp4", "--model", URL),
        ("replay", "x.jsonl", "--record", URL),
        ("check", "--config", URL),
        ("models", "pull", URL),
        ("models", URL),
    ],
    ids=lambda arguments: " ".join(arguments).replace(CANARY, "..."),
)
def test_a_password_in_the_wrong_place_is_not_repeated(tmp_path, monkeypatch, capsys, arguments):
    """People paste the camera's address wherever; what they get to see is often put into a log or a ticket."""
    (tmp_path / "config.yaml").write_text(CONFIG)
    (tmp_path / "x.jsonl").write_text('{"recording": 1, "width": 9, "height": 9, "fps": 9}\n{"t_s": 1, "boxes": []}\n')
    monkeypatch.chdir(tmp_path)
    outcome = edge(capsys, *arguments)
    assert outcome.code != 0
    assert "".join(CANARY.split()) not in "".join(outcome.said.split())
    assert "Traceback" not in outcome.said
    assert outcome.err

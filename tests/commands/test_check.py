"""`edge check` and every other command on a configuration that is wrong: all problems, each with its line."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.commands import CANARY, CONFIG, ROOT, edge, process

RECORDED = CONFIG.replace("walk.mp4", "shop.jsonl")

LAUGHTER = "a: &a [x]\n" + "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in pairwise("abcdefgh"))
"""Five million values in eight lines."""


@pytest.fixture
def check(tmp_path, capsys):
    """Checks a text; the file is config.yaml in tmp_path."""

    def checked(text: str | bytes):
        path = tmp_path / "config.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return edge(capsys, "check", "--config", path)

    return checked


@pytest.mark.parametrize(
    ("old", "new", "where", "words"),
    [
        ("0.9, 0.55]]", "0.9, 1.55]]", "line 7: cameras[0].lines[0].points[1][1]",
         "a fraction of the frame, 0 to 1, found 1.55"),
        ("[0.2, 0.65],", "[-0.2, 0.65],", "line 8: cameras[0].zones[0].polygon[0][0]", "0 to 1, found -0.2"),
        ("[0.8, 0.65], [0.8, 0.97]", "[0.8, 0.97], [0.8, 0.65]", "line 8: cameras[0].zones[0].polygon",
         "expected a polygon that does not meet itself, but segments"),
        ("[[0.1, 0.55], [0.9, 0.55]]", "[[0.1, 0.55]]", "line 7: cameras[0].lines[0].points",
         "expected at least 2 items, found a list of 1"),
        ("name: table", "name: door", "line 8: cameras[0].zones[0].name",
         "expected a name of its own, but 'door' is that of cameras[0].lines[0].name on line 7 too"),
        ("device: box", "device: box\nsite: home", "line 3: site", "duplicate key; it stands on line 1 already"),
        ("0.9, 0.55]]", "0.9, .nan]]", "line 7: cameras[0].lines[0].points[1][1]",
         "expected a finite number, found .nan"),
        ("interval_s: 60", "interval_s: .inf", "line 10: interval_s", "expected a whole number, found .inf"),
        ("interval_s: 60", "interval_s: 7", "line 10: interval_s", "at least 60"),
        ("mqtt:", "mqqt:", "line 11: mqqt", "unknown key; did you mean 'mqtt'?"),
        ("enabled: false", "enabled: false, port: 70000", "line 11: mqtt.port", "at most 65535"),
        ("site: shop", "site: Shop No 1", "line 1: site", "lower-case letters"),
        ("device: box\n", "", "line 1: device", "missing"),
        ("source: walk.mp4", f"source: rtsp://admin:{CANARY}@cam/x", "line 5: cameras[0].source",
         "without user and password"),
        ("source: walk.mp4", f"source: x\n    username: a\n    password: {CANARY}", "line 7: cameras[0].password",
         "{env: NAME}"),
    ],
)  # fmt: skip
def test_a_problem_with_its_file_line_and_key(check, old, new, where, words):
    assert old in CONFIG
    outcome = check(CONFIG.replace(old, new))
    outcome.failed(2, "config.yaml:", f"{where}: ", words)
    assert CANARY not in outcome.said
    assert outcome.out == ""


def test_every_problem_at_once(check):
    wrong = (
        CONFIG.replace("name: table", "name: door").replace("0.55]]", "5.5]]").replace("interval_s: 60", "interval: 60")
    )
    problems = [line for line in check(wrong).err.splitlines() if line.startswith("line ")]
    assert [line.split(":")[0] for line in problems] == ["line 7", "line 8", "line 10"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "found nothing"),
        ("just a text", "expected a mapping"),
        ("- site", "expected a mapping"),
        ("site: [", "not YAML"),
        ("site: shop\n\tdevice: box", "not YAML"),
        (b"site: \xff\xfe", "expected UTF-8 text, got byte 0xff"),
        (b"\x00\x01\x02", "expected printable text"),
        (LAUGHTER, "at most 20000 values"),
        ("[" * 5000, "at most 20 levels"),
    ],
)  # fmt: skip
def test_what_is_no_configuration_at_all(check, tmp_path, text, words):
    check(text).failed(2, tmp_path / "config.yaml", words)


@pytest.mark.parametrize(
    "filling", [b"# nothing to see here\n", b"x", b"\xff", "é".encode(), b"- [0.1, 0.2]\n", b"[", b"a: &a {b: *a}\n"]
)
def test_ten_megabytes_are_refused_before_they_are_read(check, tmp_path, filling):
    check(filling * (10_000_000 // len(filling))).failed(2, tmp_path / "config.yaml", "at most 1000000 characters")


def test_a_file_that_is_not_there_or_no_file(tmp_path, capsys):
    edge(capsys, "check", "--config", tmp_path / "none.yaml").failed(2, tmp_path / "none.yaml", "No such file")
    edge(capsys, "check", "--config", tmp_path).failed(2, tmp_path, "readable configuration", "Is a directory")


@pytest.mark.parametrize(
    "arguments", [("run",), ("reload",), ("replay", "x.jsonl"), ("snapshot",), ("check",)], ids=lambda words: words[0]
)
def test_every_command_refuses_it_alike(tmp_path, capsys, arguments):
    (tmp_path / "config.yaml").write_text(CONFIG.replace("[0.9, 0.55]]", "[0.9, .nan]]"))
    outcome = edge(capsys, *arguments, "--config", tmp_path / "config.yaml")
    outcome.failed(2, "config.yaml:", "line 7: cameras[0].lines[0].points[1][1]: expected a finite number")


def test_a_process_of_its_own_ends_with_the_same_words(tmp_path):
    (tmp_path / "config.yaml").write_text(CONFIG.replace("name: table", "name: door"))
    process("check", "--config", tmp_path / "config.yaml").failed(2, "line 8: cameras[0].zones[0].name", "line 7")


def test_a_good_one_shows_what_takes_effect_and_marks_what_was_chosen(check):
    outcome = check(RECORDED)
    assert (outcome.code, outcome.err) == (0, "")
    head, *rest = outcome.out.splitlines()
    assert "valid, configuration " in head
    assert "* site = shop" in rest
    assert "  timezone = UTC" in rest
    assert "* interval_s = 60" in rest
    assert "* cameras[0].lines[0].points = [[0.1, 0.55], [0.9, 0.55]]" in rest
    assert "  cameras[0].lines[0].settle_s = 0.15" in rest
    assert not any(line.startswith("warning") for line in rest)


def test_what_will_stop_the_service_on_this_machine_is_a_warning(check):
    nothing = CONFIG[: CONFIG.index("    lines:")] + "mqtt: {enabled: false}\n"
    outcome = check(nothing.replace("grey.onnx", "/nowhere/grey.onnx"))
    assert outcome.code == 0
    warnings = [line for line in outcome.out.splitlines() if line.startswith("warning: ")]
    assert len(warnings) == 2
    assert "cameras[0]: neither lines nor zones" in warnings[0]
    assert "cameras[0].model: /nowhere/grey.onnx" in warnings[1]


def test_the_place_of_a_secret_is_shown_and_never_the_secret(check, monkeypatch):
    monkeypatch.setenv("CAMERA_PASSWORD", CANARY)
    outcome = check(
        RECORDED.replace("shop.jsonl", "rtsp://cam/x\n    username: a\n    password: {env: CAMERA_PASSWORD}")
    )
    assert outcome.code == 0
    assert "CAMERA_PASSWORD" in outcome.out
    assert CANARY not in outcome.said


def test_the_example_of_the_project_is_valid(capsys):
    assert edge(capsys, "check", "--config", ROOT / "config.yaml").code == 0

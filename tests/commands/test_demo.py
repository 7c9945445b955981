"""`edge demo`: the whole path on a machine with nothing but the package; and on pictures, drawn or one's own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from tests.assets import asset
from tests.commands import ROOT, Outcome, command, edge, process, scene
from tests.rtsp import RtspServer

DEMO = ROOT / "edge" / "demo"


def table(out: str) -> list[list[str]]:
    shown = out[out.index("the truth of the script") :]
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown.splitlines() if line.startswith("│")]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """One run with an empty home, in an empty folder without a configuration."""
    home = tmp_path_factory.mktemp("home")
    outcome = process("demo", "--boxes", HOME=str(home), XDG_STATE_HOME="", COLUMNS="200")
    assert not [path for path in home.rglob("*") if path.is_file()], "the demo leaves nothing behind"
    return outcome


def test_it_ends_well_and_complains_of_nothing(demo):
    assert (demo.code, demo.err) == (0, "")


def test_every_count_beside_the_truth_is_right(demo):
    truth = json.loads((DEMO / "shop.truth.json").read_text())
    rows = table(demo.out)
    assert len(rows) == 3 * (len(truth["lines"]) + len(truth["zones"]))
    assert all(row[-1] == "ok" for row in rows)
    door = truth["lines"]["door"]
    assert ["line door", "in", str(door["in"]), str(door["in"]), "ok"] in rows
    assert sum(zone["passes"] for zone in truth["zones"].values()) > 0


def test_it_shows_the_messages_of_every_kind(demo):
    for part in ("status ", "info ", "line/door ", "total/door ", "zone/beauty ", "zone/shoes ", "occupancy "):
        assert f"traffic/v1/demo/demo-box/{part}" in demo.out
    assert demo.out.count("/line/door ") == 4
    assert "state=online" in demo.out
    assert "state=offline" in demo.out


def test_it_says_what_to_type_next(demo):
    for words in ("config.yaml", "edge check", "edge replay", "edge run"):
        assert words in demo.out[demo.out.index("Next, with a real camera") :]


def test_without_its_extra_it_says_what_to_install():
    """As on a machine where the package was installed without [demo]."""
    script = "import sys; sys.modules['amqtt'] = None; from edge.cli import main; main()"
    arguments = [sys.executable, "-c", script, "demo", "--boxes"]
    ended = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT)
    Outcome(ended.returncode, ended.stdout, ended.stderr).failed(6, "expected the package amqtt", "pip install")


# Pictures


def test_a_drawn_film_is_counted_through_camera_and_network_beside_the_truth(tmp_path):
    models = asset("models/yolox_nano_416.onnx").parent
    known = {"HOME": str(tmp_path), "XDG_STATE_HOME": "", "COLUMNS": "200", "EDGE_MODELS_DIR": str(models)}
    outcome = process("demo", "--model", "yolox_nano_416", **known)
    assert (outcome.code, outcome.err) == (0, "")
    rows = table(outcome.out)
    assert len(rows) == 9
    truth = {(row[0], row[1]): float(row[3]) for row in rows}
    assert truth["line door", "in"] == 10
    # A network that never saw a drawing counts nearly everybody.
    assert all(abs(float(row[2]) - float(row[3])) <= 1 for row in rows), rows
    assert sum(row[-1] == "ok" for row in rows) >= 6


def test_a_clip_of_ones_own_is_counted_without_a_truth(tmp_path):
    scene(tmp_path)
    clip, model = tmp_path / "walk.mp4", tmp_path / "grey.onnx"
    outcome = process("demo", "--clip", str(clip), "--model", str(model), HOME=str(tmp_path), COLUMNS="200")
    assert (outcome.code, outcome.err) == (0, "")
    assert "line/middle " in outcome.out
    assert "zone/centre " in outcome.out
    assert "truth" not in outcome.out


def test_a_detector_that_is_not_there_is_told_before_anything_is_drawn(capsys):
    edge(capsys, "demo", "--model", "yolox_nanno").failed(4, "did you mean 'yolox_nano'")
    edge(capsys, "demo", "--boxes", "--clip", "x.mp4").failed(2, "at most one of --camera, --clip and --boxes")


def test_a_clip_that_is_not_there_is_told(tmp_path):
    scene(tmp_path)
    model = tmp_path / "grey.onnx"
    process("demo", "--clip", str(tmp_path / "none.mp4"), "--model", str(model), HOME=str(tmp_path)).failed(
        3, "none.mp4"
    )


def test_ctrl_c_ends_a_camera_with_its_last_rows(tmp_path):
    """The whole group of processes gets the signal, as in a terminal."""
    scene(tmp_path, 60.0)
    with RtspServer(tmp_path / "walk.mp4") as server:
        arguments = command("demo", "--camera", server.url, "--model", str(tmp_path / "grey.onnx"))
        environment = os.environ | {"HOME": str(tmp_path), "COLUMNS": "200", "PYTHONUNBUFFERED": "1"}
        with subprocess.Popen(
            arguments,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
            start_new_session=True,
        ) as process:
            assert process.stdout is not None
            said = ""
            for line in process.stdout:
                said += line
                if "/health " in line:
                    os.killpg(process.pid, signal.SIGINT)
                    break
            said += process.stdout.read()
        assert process.returncode == 0, said
    assert "line/middle " in said
    assert "state=offline" in said

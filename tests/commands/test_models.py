"""`edge models`: which networks there are, whether their files are the right ones, and how to get them."""

from __future__ import annotations

import pytest

from edge.adapters.manifest import load_manifest
from tests.assets import asset
from tests.commands import CANARY, edge
from tests.mosquitto import free_port


@pytest.fixture(autouse=True)
def models(tmp_path, monkeypatch):
    """An empty folder of models, and neither cache nor mirror."""
    monkeypatch.setenv("EDGE_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("EDGE_MODELS_MIRROR", raising=False)
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


def test_the_list_says_how_to_get_what_is_missing(capsys):
    outcome = edge(capsys, "models", "list")
    assert (outcome.code, outcome.err) == (0, "")
    for name, entry in load_manifest().items():
        (line,) = (line for line in outcome.out.splitlines() if line.split()[0] == name)
        assert entry.licence in line
        if "missing" in line:
            assert (f"edge models pull {name}" if entry.url else "needs a mirror") in line
        else:
            assert name.startswith("person-")


def test_an_altered_file_is_listed_and_fails_the_verification(models, capsys):
    file = models / load_manifest()["yolox_nano"].file
    file.write_bytes(b"something else")
    assert "altered" in edge(capsys, "models", "list").out
    outcome = edge(capsys, "models", "verify")
    outcome.failed(4, file, f"expected sha256 {load_manifest()['yolox_nano'].sha256}, got ")
    assert "altered" in outcome.out


def test_with_nothing_there_nothing_is_altered(capsys):
    outcome = edge(capsys, "models", "verify")
    assert outcome.code == 0
    assert "missing" in outcome.out


def test_an_altered_file_is_not_counted_with(models, capsys, tmp_path):
    (models / load_manifest()["yolox_nano"].file).write_bytes(b"something else")
    config = tmp_path / "c.yaml"
    config.write_text("site: s\ndevice: d\ncameras: [{name: c, source: x.mp4, model: yolox_nano}]\n")
    edge(capsys, "replay", "x.mp4", "--config", config).failed(4, "expected sha256", "of model yolox_nano, got")
    assert "warning: cameras[0].model: " in edge(capsys, "check", "--config", config).out


@pytest.mark.parametrize(
    ("name", "words"), [("yolox_nanno", "did you mean 'yolox_nano'"), ("x/y.onnx", "expected a readable model file")]
)
def test_pulling_what_has_no_entry_says_which_there_are(capsys, name, words):
    edge(capsys, "models", "pull", name).failed(4, words)


def test_what_is_there_already_is_not_fetched(capsys, monkeypatch):
    folder = asset("models/yolox_nano_416.onnx").parent
    monkeypatch.setenv("EDGE_MODELS_DIR", str(folder))
    outcome = edge(capsys, "models", "pull", "yolox_nano_416")
    assert outcome.code == 0
    assert outcome.out == f"yolox_nano_416: {folder / 'yolox_nano_416.onnx'} is there already\n"


def test_a_mirror_folder_with_the_wrong_file_leaves_nothing_behind(models, capsys, monkeypatch, tmp_path):
    file = load_manifest()["yolox_nano"].file
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / file).write_bytes(b"something else")
    monkeypatch.setenv("EDGE_MODELS_MIRROR", str(tmp_path / "mirror"))
    edge(capsys, "models", "pull", "yolox_nano").failed(4, "expected", "sha256")
    assert not list((tmp_path / "cache").rglob("*.onnx"))


def test_the_password_of_a_mirror_is_not_shown(capsys, monkeypatch):
    monkeypatch.setenv("EDGE_MODELS_MIRROR", f"http://box:{CANARY}@127.0.0.1:9/models")
    outcome = edge(capsys, "models", "pull", "yolox_nano")
    outcome.failed(4, "mirror", "without user and password")
    assert CANARY not in outcome.said


def test_a_mirror_that_nobody_answers_at_is_named(capsys, monkeypatch):
    monkeypatch.setenv("EDGE_MODELS_MIRROR", f"http://127.0.0.1:{free_port()}/models")
    edge(capsys, "models", "pull", "yolox_nano").failed(4, "expected", "127.0.0.1", "refused")

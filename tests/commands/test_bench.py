"""`edge bench`: the service on a clip, with its stages, its memory and a verdict; words for what cannot be measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import FPS, HEIGHT, ROOT, WIDTH, Outcome, edge, film, scene


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("scene")
    scene(where)
    return where


def bench(capsys: pytest.CaptureFixture[str], folder: Path, *more: object) -> Outcome:
    clip, model = folder / "walk.mp4", folder / "grey.onnx"
    return edge(capsys, "bench", "--clip", clip, "--model", model, "-c", folder / "config.yaml", *more)


def test_it_measures_every_stage_and_says_how_many_cameras(folder, capsys):
    found = bench(capsys, folder, "--json").json()
    assert (found["width"], found["height"]) == (WIDTH, HEIGHT)
    assert found["fps"] == pytest.approx(FPS, rel=0.02)
    stages = {stage["name"]: stage for stage in found["stages"]}
    assert {"decode", "resize", "network", "boxes", "tracker", "counting", "books"} <= set(stages)
    assert all(0 < stage["median_ms"] <= stage["p95_ms"] for stage in stages.values())
    assert 0.5 < sum(stage["share"] for stage in stages.values()) <= 1.0, "what belongs to no stage is little"
    assert stages["network"]["pictures"] == round(found["network_share"] * found["pictures"])
    assert found["cpu_s_per_video_s"] <= found["busy_cpu_s_per_video_s"]
    assert 20 < found["peak_mb"] < 400
    assert found["verdict"]["cameras"] <= found["verdict"]["like_this"]
    assert found["box"]["processors"] >= 1


def test_words_say_the_same(folder, capsys):
    outcome = bench(capsys, folder)
    assert outcome.code == 0, outcome.said
    for words in ("walk.mp4", f"{WIDTH} x {HEIGHT}", "network", "p95 ms", "MB at most", "This box"):
        assert words in outcome.out


def test_nothing_is_left_in_the_folder(folder, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert bench(capsys, folder).code == 0
    assert not list(tmp_path.iterdir())


def test_a_clip_that_is_not_there_or_no_video_is_told(folder, capsys, tmp_path):
    options = ("--model", folder / "grey.onnx", "-c", folder / "config.yaml")
    edge(capsys, "bench", "--clip", tmp_path / "none.mp4", *options).failed(3, "none.mp4", "No such file")
    (tmp_path / "text.mp4").write_text("no video")
    edge(capsys, "bench", "--clip", tmp_path / "text.mp4", *options).failed(3, "text.mp4", "expected a video file")
    short = film(tmp_path / "short.mp4", seconds=1.0)
    edge(capsys, "bench", "--clip", short, *options).failed(3, "short.mp4", "more than 20 pictures, got 10")


@pytest.mark.parametrize("source", ["rtsp://user:hunter2@10.0.0.1/x", "/dev/video0", "0"])
def test_a_live_camera_is_to_be_recorded_first(source, capsys):
    outcome = edge(capsys, "bench", "--clip", source)
    outcome.failed(3, "got a live camera", "ffmpeg")
    assert "hunter2" not in outcome.said


def test_a_recording_of_boxes_has_no_pictures(capsys):
    edge(capsys, "bench", "--clip", ROOT / "edge/demo/shop.jsonl").failed(3, "recording of boxes")


def test_a_wrong_model_or_configuration_is_told(folder, capsys, tmp_path):
    clip = folder / "walk.mp4"
    config = folder / "config.yaml"
    edge(capsys, "bench", "--clip", clip, "--model", "yolox_nanno", "-c", config).failed(4, "did you mean 'yolox_nano'")
    (tmp_path / "bad.onnx").write_bytes(b"no network")
    edge(capsys, "bench", "--clip", clip, "--model", tmp_path / "bad.onnx", "-c", config).failed(4, "bad.onnx")
    edge(capsys, "bench", "--clip", clip, "-c", tmp_path / "none.yaml").failed(2, "none.yaml")


def test_without_anything_a_film_is_drawn_and_the_shipped_network_looks(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    found = edge(capsys, "bench", "--json").json()
    assert (found["clip"], found["model"]) == (None, "person-n")
    assert found["pictures"] > 150

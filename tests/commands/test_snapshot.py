"""`edge snapshot`: one picture with lines, zones and nobody to be recognised."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.commands import FPS, HEIGHT, ROOT, WIDTH, edge, feet, picture, scene
from tests.rtsp import RtspServer


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scene(tmp_path_factory.mktemp("scene"), seconds=4.0)


def test_the_picture_has_the_size_of_the_camera_and_the_line_on_it(config, tmp_path, capsys):
    outcome = edge(capsys, "snapshot", "--config", config, "--out", tmp_path / "s.png")
    assert (outcome.code, outcome.out, outcome.err) == (0, f"{tmp_path / 's.png'}\n", "")
    image = cv2.imread(str(tmp_path / "s.png"))
    assert image is not None
    assert image.shape == (HEIGHT, WIDTH, 3)
    coloured = image.max(axis=2).astype(int) - image.min(axis=2) > 40
    assert coloured[round(0.55 * HEIGHT)].mean() > 0.3, "no line where the configuration has one"
    assert not coloured[:10].any()


def test_a_time_of_the_file_can_be_chosen(config, tmp_path, capsys):
    for at in (0.5, 3.5):
        assert edge(capsys, "snapshot", "--config", config, "--at", at, "--out", tmp_path / "s.png").code == 0
        image = cv2.imread(str(tmp_path / "s.png"))
        assert image is not None
        assert np.median(image[:8]) == pytest.approx(250 * feet(at), abs=6)


def test_people_are_blurred_however_unsure_the_detector_is(tmp_path, capsys):
    """A folder with one picture of noise: inside the box of the network it is smooth afterwards."""
    config = scene(tmp_path, seconds=0.5)
    (tmp_path / "pictures").mkdir()
    noise = np.random.default_rng(1).integers(0, 256, (240, 360, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "pictures" / "1.png"), noise)
    text = config.read_text()
    config.write_text(text[: text.index("    lines:")] + "mqtt: {enabled: false}\n")
    out = tmp_path / "s.png"
    outcome = edge(capsys, "snapshot", "--config", config, "--source", tmp_path / "pictures", "--out", out)
    assert outcome.code == 0
    image = cv2.imread(str(out))
    assert image is not None
    foot = 127.5 / 250
    body = image[round((foot - 0.25) * 240) : round((foot - 0.05) * 240), round(0.43 * 360) : round(0.57 * 360)]
    assert body.std() < 0.6 * noise.std()
    assert (image[-20:] == noise[-20:]).all()


def test_a_live_camera_gives_one_picture(config, tmp_path, capsys):
    with RtspServer(picture, fps=FPS) as camera:
        out = tmp_path / "s.png"
        assert edge(capsys, "snapshot", "--config", config, "--source", camera.url, "--out", out).code == 0
    assert out.exists()


def test_after_the_end_there_is_no_picture(config, tmp_path, capsys):
    outcome = edge(capsys, "snapshot", "--config", config, "--at", 99, "--out", tmp_path / "s.png")
    outcome.failed(3, "walk.mp4", "expected a picture at 99 s, got the end of the file")
    assert not (tmp_path / "s.png").exists()


def test_a_recording_has_no_pictures(config, tmp_path, capsys):
    shop = ROOT / "edge/demo/shop.jsonl"
    outcome = edge(capsys, "snapshot", "--config", config, "--source", shop, "--out", tmp_path / "s.png")
    outcome.failed(3, shop, "expected a source of pictures, got a recording of boxes")


def test_a_place_that_cannot_be_written_is_named(config, tmp_path, capsys):
    out = tmp_path / "none" / "s.png"
    edge(capsys, "snapshot", "--config", config, "--out", out).failed(1, out, "expected a place to write a PNG")

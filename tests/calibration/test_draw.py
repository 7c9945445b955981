import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration.draw import backdrop, draw
from edge.adapters import overlay
from edge.adapters.video import VideoWriter
from edge.config import Camera, parse
from edge.errors import CameraError

CONFIG = """
site: shop-1
device: box
cameras:
  - name: entrance
    source: SOURCE
    model: person-n
    lines: [{name: door, points: [[0.1, 0.55], [0.9, 0.55]], inside: [0.5, 0.9]}]
    zones: [{name: beauty, polygon: [[0.42, 0.72], [0.68, 0.72], [0.68, 0.98], [0.42, 0.98]]}]
mqtt: {host: localhost}
"""
SECOND = """
  - name: back
    device: back-box
    source: other
    model: person-n
    lines: [{name: gate, points: [[0.1, 0.2], [0.9, 0.2]], inside: [0.5, 0.9]}]
"""


def camera(source: str) -> Camera:
    return parse(CONFIG.replace("SOURCE", source)).cameras[0]


def shade_outside_the_drawing(image: overlay.Image) -> float:
    """Mean of a patch that neither grid nor rules touch."""
    height, width = image.shape[:2]
    return float(image[round(height * 0.33) : round(height * 0.37), round(width * 0.33) : round(width * 0.37)].mean())


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "calibration", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=Path(__file__).parents[2],
    )


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.replace("SOURCE", "camera.mp4"))
    return path


@pytest.fixture
def video(tmp_path):
    path = tmp_path / "shades.mp4"
    with VideoWriter(path) as writer:
        for index in range(30):
            writer.write(np.full((360, 640, 3), 40 + 5 * index, np.uint8), index / 10)
    return path


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "boxes.jsonl"
    path.write_text(
        '{"recording": 1, "width": 640, "height": 480, "fps": 10}\n'
        '{"t_s": 7.0, "boxes": []}\n'
        '{"t_s": 7.1, "boxes": [[0.32, 0.32, 0.38, 0.45, 0.9]]}\n'
        '{"t_s": 7.2, "boxes": [[0.32, 0.32, 0.38, 0.45]], "ids": [7]}\n'
    )
    return path


@pytest.mark.parametrize("at_s", [0.0, 0.1, 1.95, 2.9])
def test_video_is_shown_at_the_asked_time(video, at_s):
    image = draw(str(video), camera("x"), at_s)
    assert image.shape == (360, 640, 3)
    assert shade_outside_the_drawing(image) == pytest.approx(40 + 5 * np.ceil(at_s * 10), abs=3)


def test_lines_zones_and_grid_lie_where_the_configuration_says(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.full((1000, 1000, 3), 90, np.uint8))
    there = (draw(str(tmp_path / "a.png"), camera("x")) != 90).any(axis=2)
    assert there[546:554, 150:400].any(axis=0).all(), "the line at 0.55"
    assert there[730:790, 440:490].all(), "the zone is tinted"
    assert there[150, 290:310].any(), "the grid at 0.3"
    assert not there[640:690, 310:390].any()


def test_folder_of_pictures_is_a_source(tmp_path):
    for index in range(3):
        cv2.imwrite(str(tmp_path / f"{index}.png"), np.full((240, 320, 3), 50 * index, np.uint8))
    assert shade_outside_the_drawing(draw(str(tmp_path), camera("x"), 0.2)) == pytest.approx(100, abs=2)


def test_recording_is_shown_as_boxes_on_a_plain_ground(recording):
    empty, found, tracked = (draw(str(recording), camera("x"), at_s) for at_s in (0.0, 0.05, 0.2))
    assert empty.shape == (720, 960, 3)
    box = np.s_[225:330, 300:370]
    assert (found[box] != empty[box]).any()
    assert np.array_equal(found, tracked), "an id of a recording is not shown"


def test_backdrop_has_the_aspect_of_the_recording():
    assert backdrop(16 / 9).shape == (720, 1280, 3)
    assert backdrop(0.5).shape == (720, 360, 3)


def test_time_after_the_end_is_an_error_with_the_length(video, recording):
    with pytest.raises(CameraError, match=r"shades.mp4: expected a picture at 99 s, the last one is at 2.9 s"):
        draw(str(video), camera("x"), 99.0)
    with pytest.raises(CameraError, match=r"boxes.jsonl: expected a picture at 1 s, the last one is at 0.2 s"):
        draw(str(recording), camera("x"), 1.0)


def test_command_writes_the_picture_and_says_where(video, config, tmp_path):
    out = tmp_path / "out.png"
    done = run("draw", "--source", video, "--config", config, "--out", out, "--at", 1)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"wrote {out}: 640 x 360, 1 lines, 1 zones\n"
    image = cv2.imdecode(np.frombuffer(out.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(image, draw(str(video), camera("x"), 1.0))  # type: ignore[arg-type]


def test_command_asks_which_of_several_cameras(video, config, tmp_path):
    config.write_text(config.read_text().replace("mqtt:", SECOND.strip("\n") + "\nmqtt:"))
    arguments = ("draw", "--source", video, "--config", config, "--out", tmp_path / "out.png")
    unnamed, wrong, right = run(*arguments), run(*arguments, "--camera", "x"), run(*arguments, "--camera", "back")
    assert unnamed.returncode == wrong.returncode == 2
    assert unnamed.stderr == "calibration: --camera: expected one of entrance, back, got none\n"
    assert wrong.stderr == "calibration: --camera: expected one of entrance, back, got x\n"
    assert right.stdout.endswith("1 lines, 0 zones\n")


@pytest.mark.parametrize(
    ("broken", "code", "message"),
    [
        ("source", 3, "missing.mp4"),
        ("config", 2, "missing.yaml: expected a readable configuration, got: No such file or directory"),
        ("out", 1, "missing/out.png: expected a place to write a PNG file, got: No such file or directory"),
    ],
)
@pytest.mark.usefixtures("video", "config")
def test_command_names_what_is_not_there(tmp_path, broken, code, message):
    paths = {"source": tmp_path / "shades.mp4", "config": tmp_path / "config.yaml", "out": tmp_path / "out.png"}
    paths[broken] = tmp_path / {"source": "missing.mp4", "config": "missing.yaml", "out": "missing/out.png"}[broken]
    done = run("draw", "--source", paths["source"], "--config", paths["config"], "--out", paths["out"])
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out.png").exists()


def test_command_shows_every_problem_of_a_configuration(video, config, tmp_path):
    config.write_text(config.read_text().replace("0.55", "5.5").replace("site:", "sight:"))
    done = run("draw", "--source", video, "--config", config, "--out", tmp_path / "out.png")
    assert done.returncode == 2
    assert "cameras[0].lines[0]" in done.stderr
    assert "did you mean 'site'?" in done.stderr


def test_no_password_is_printed(config, tmp_path, monkeypatch):
    """Neither the one of an address on the command line nor the one the configuration points to."""
    monkeypatch.setenv("CAMERA_PASSWORD", "swordfish")
    text = config.read_text().replace(
        "camera.mp4", "rtsp://127.0.0.1:9/sub\n    username: root\n    password: {env: CAMERA_PASSWORD}"
    )
    config.write_text(text)
    for source in ("rtsp://root:hunter2@127.0.0.1:9/sub", "rtsp://127.0.0.1:9/sub"):
        done = run("draw", "--source", source, "--config", config, "--out", tmp_path / "out.png")
        assert done.returncode == 3
        assert "127.0.0.1:9/sub" in done.stderr
        assert not any(secret in done.stdout + done.stderr for secret in ("hunter2", "swordfish"))


def test_help_warns_that_people_are_not_blurred():
    done = run("draw", "--help")
    assert done.returncode == 0
    assert "NOT blurred" in done.stdout

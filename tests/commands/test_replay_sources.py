"""Sources that cannot be counted: what is said, with which exit code, and that no password is in it."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from onnx import TensorProto

from tests.adapters.test_detector import cell_network, constant_network
from tests.commands import CANARY, FPS, ROOT, Outcome, command, edge, picture, process, scene
from tests.mosquitto import free_port, wait_until
from tests.rtsp import RtspServer

CAMERA, MODEL, CONFIG = 3, 4, 2


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scene")
    scene(folder)
    return folder


@pytest.fixture
def replay(folder, capsys):
    return lambda *arguments: edge(capsys, "replay", *arguments, "--config", folder / "config.yaml")


@pytest.fixture
def camera() -> Iterator[RtspServer]:
    with RtspServer(picture, fps=FPS, auth=("admin", "right")) as server:
        yield server


# Files


def test_a_video_that_is_not_there(replay, tmp_path):
    replay(tmp_path / "none.mp4").failed(CAMERA, tmp_path / "none.mp4", "readable video file", "No such file")


def test_a_video_that_cannot_be_read(replay):
    """The one file that not even root can read: there is no memory at its beginning."""
    replay("/proc/self/mem").failed(CAMERA, "/proc/self/mem", "readable video file", "Input/output error")


@pytest.mark.parametrize(
    ("content", "found"),
    [(b"", "found an empty file"), (b"hello, this is no video\n" * 99, "not a video"), (bytes(9999), "not a video")],
)
def test_a_file_that_is_no_video(replay, tmp_path, content, found):
    (tmp_path / "x.mp4").write_bytes(content)
    replay(tmp_path / "x.mp4").failed(CAMERA, tmp_path / "x.mp4", "expected a video file", found)


def test_a_video_without_its_index(replay, tmp_path, folder):
    (tmp_path / "x.mp4").write_bytes((folder / "walk.mp4").read_bytes()[:3000])
    replay(tmp_path / "x.mp4").failed(CAMERA, tmp_path / "x.mp4", "cut off, damaged or not a video")


def test_of_a_video_that_breaks_off_what_was_counted_until_then_is_shown(replay, tmp_path, folder):
    cut = tmp_path / "cut.mp4"
    whole = _index_first(folder / "walk.mp4", tmp_path / "whole.mp4").read_bytes()
    cut.write_bytes(whole[: (whole.index(b"mdat") + len(whole)) // 2])
    outcome = replay(cut, "--json", "-")
    outcome.failed(CAMERA, cut, "expected 16.0 s of video", "cut off or damaged")
    assert outcome.json()["lines"]["door"]["in_raw"] == 1


@pytest.mark.parametrize("name", ["", "pictures"])
def test_a_folder_without_pictures(replay, tmp_path, name):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "notes.txt").write_text("no picture")
    replay(tmp_path / name).failed(CAMERA, tmp_path / name, "expected pictures", "found none")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", ["line 1", "found an empty file"]),
        ("garbage\n", ["line 1", "expected one JSON object", "garbage"]),
        ('{"recording": 2, "width": 9, "height": 9, "fps": 9}\n', ["line 1", '"recording": 1', "got 2"]),
        ('{"recording": 1, "width": 9, "height": 9, "fps": 9}\n{"t_s": NaN, "boxes": []}\n', ["line 2", "NaN"]),
        ('{"recording": 1, "width": 9, "height": 9, "fps": 9}\n{"t_s": 1, "boxes": [[0, 0, 1]]}\n', ["line 2", "box"]),
        ('{"recording": 1, "width": 9, "height": 9, "fps": 9}\n{"t_s": 1, "boxes": []}\n{"t_s": 0, "boxes": []}\n',
         ["line 3", "not before"]),
    ],
)  # fmt: skip
def test_a_recording_that_is_wrong(replay, tmp_path, content, words):
    (tmp_path / "r.jsonl").write_text(content)
    replay(tmp_path / "r.jsonl").failed(CAMERA, tmp_path / "r.jsonl", *words)


# Cameras


@pytest.mark.parametrize("device", ["/dev/video97", "97"])
def test_a_device_that_is_not_there(replay, device):
    replay(device).failed(CAMERA, "camera /dev/video97", "expected a video device, found none", "plugged in")


def test_nobody_listens_at_the_address(replay):
    address = f"127.0.0.1:{free_port()}/cam"
    outcome = replay(f"rtsp://admin:{CANARY}@{address}")
    outcome.failed(CAMERA, f"camera rtsp://{address}", "expected a video stream", "Connection refused")
    assert CANARY not in outcome.said


@pytest.mark.parametrize("arguments", [("replay",), ("snapshot", "--source")])
def test_a_wrong_password_is_said_and_not_shown(folder, camera, arguments, capsys):
    outcome = edge(capsys, *arguments, camera.url_for("admin", CANARY), "--config", folder / "config.yaml")
    outcome.failed(CAMERA, f"camera {camera.url}", "401", "check user name and password")
    assert CANARY not in outcome.said


@pytest.mark.parametrize(
    "address",
    [f"rtsp://admin:{CANARY} @cam/x", f"rtsp://admin:{CANARY}/cam/@x", f"http://admin:{CANARY}@cam/x.mp4", "rtsp://"],
)
def test_an_address_that_cannot_be_taken_apart_is_not_repeated(replay, address):
    outcome = replay(address)
    outcome.failed(CAMERA, "expected rtsp://")
    assert CANARY not in outcome.said


def test_a_process_of_its_own_hides_the_password_too(folder, camera):
    outcome = process("replay", camera.url_for("admin", CANARY), "--config", folder / "config.yaml")
    outcome.failed(CAMERA, "401")
    assert CANARY not in outcome.said


def test_a_stretch_of_a_live_camera(replay, camera):
    outcome = replay(camera.url_for("admin", "right"), "--seconds", 3, "--json", "-")
    assert outcome.code == 0
    result = outcome.json()
    assert 2.0 < result["seconds"] <= 3.0
    assert all(0.0 < event["t_s"] < 3.0 for event in result["lines"]["door"]["events"])


def test_what_a_camera_that_hangs_up_has_shown_is_counted(folder, camera, tmp_path):
    with _live(folder, camera, tmp_path) as running:
        wait_until((tmp_path / "boxes.jsonl").exists)
        camera.close_all()
        outcome = _ended(running)
    assert outcome.code == 0
    assert outcome.json()["frames"] > 0
    assert "the stream has ended" in outcome.err


def test_ctrl_c_on_a_live_camera_prints_what_was_counted(folder, camera, tmp_path):
    with _live(folder, camera, tmp_path) as running:
        wait_until((tmp_path / "boxes.jsonl").exists)
        running.send_signal(signal.SIGINT)
        outcome = _ended(running)
    assert outcome.code == 0
    assert "Traceback" not in outcome.err
    result = outcome.json()
    assert result["frames"] > 0
    assert list(result["lines"]) == ["door"]


# Models


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (np.zeros((1, 7), np.float32), ["expected", "got 1 x 7"]),
        (np.zeros((1, 126, 3), np.float32), ["expected", "got 1 x 126 x 3"]),
        (np.zeros((2, 126, 85), np.float32), ["expected", "got 2 x 126 x 85"]),
    ],
)
def test_a_network_of_the_wrong_shape(replay, folder, tmp_path, output, words):
    model = constant_network(tmp_path / "wrong.onnx", output)
    replay(folder / "walk.mp4", "--model", model).failed(MODEL, model, *words)


def test_a_network_that_wants_something_else_than_pictures(replay, folder, tmp_path):
    model = cell_network(tmp_path / "wrong.onnx", shape=(1, 1, 64, 96), kind=TensorProto.FLOAT)
    replay(folder / "walk.mp4", "--model", model).failed(MODEL, model, "expected", "1, 1, 64, 96")


@pytest.mark.parametrize("content", [b"", b"no network", bytes(5000)])
def test_a_file_that_is_no_network(replay, folder, tmp_path, content):
    (tmp_path / "x.onnx").write_bytes(content)
    replay(folder / "walk.mp4", "--model", tmp_path / "x.onnx").failed(MODEL, tmp_path / "x.onnx", "expected")


def test_a_model_of_no_name_says_which_names_there_are(replay, folder):
    replay(folder / "walk.mp4", "--model", "yolox_nanno").failed(MODEL, "'yolox_nanno'", "did you mean 'yolox_nano'")


def test_a_file_of_another_kind_is_no_model(replay, folder):
    replay(folder / "walk.mp4", "--model", ROOT / "LICENSE").failed(MODEL, "LICENSE", ".onnx, .pt or .engine")


def test_a_network_that_answers_nonsense_finds_nobody(replay, folder, tmp_path):
    answer = np.full((1, 5, 6), np.nan, np.float32)
    answer[0, 0] = (1e30, -1e30, np.inf, -np.inf, 1e9, 0)
    model = constant_network(tmp_path / "nan.onnx", answer)
    outcome = replay(folder / "walk.mp4", "--model", model, "--json", "-")
    assert outcome.code == 0
    assert outcome.json()["frames"] == 160
    assert outcome.json()["lines"]["door"]["in_raw"] == 0


def _index_first(source: Path, target: Path) -> Path:
    """The same video as a file that can be played while it is still coming."""
    with av.open(str(source)) as read, av.open(str(target), "w", options={"movflags": "faststart"}) as write:
        stream = write.add_stream_from_template(read.streams.video[0])
        for packet in read.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                write.mux(packet)
    return target


def _live(folder: Path, camera: RtspServer, into: Path) -> subprocess.Popen[str]:
    """A replay of the camera in a process of its own; the recording appears with the first picture."""
    options = ("--config", folder / "config.yaml", "--json", "-", "--record", into / "boxes.jsonl")
    arguments = command("replay", camera.url_for("admin", "right"), *options)
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _ended(running: subprocess.Popen[str]) -> Outcome:
    try:
        out, err = running.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        running.kill()  # leaving the block would wait for it
        raise
    return Outcome(running.returncode, out, err)

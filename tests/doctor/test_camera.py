"""A real RTSP stream, and what the doctor says of it."""

from __future__ import annotations

import numpy as np
import pytest

from edge.config import parse
from edge.doctor import camera as examined
from edge.doctor.camera import examine_camera
from edge.doctor.finding import Finding
from tests.commands import CANARY, CONFIG, FPS, film
from tests.rtsp import RtspServer, barcode


@pytest.fixture(autouse=True)
def _briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examined, "LOOK_S", 1.5)


def look(source: object, more: str = "") -> dict[str, Finding]:
    config = parse(CONFIG.replace("walk.mp4", f"{source}{more}"))
    return {finding.check: finding for finding in examine_camera(config.cameras[0])[0]}


def noisy(number: int) -> np.ndarray:
    noise = np.random.default_rng(number).integers(0, 40, (240, 320, 3))
    return np.clip(barcode(number).astype(int) + noise, 0, 255).astype(np.uint8)


def test_a_camera_that_works_is_fine() -> None:
    with RtspServer(noisy, fps=15.0) as server:
        found = look(server.url)
    assert {finding.verdict for finding in found.values()} == {"ok"}, found
    assert found["camera.opens"].saw == "pictures of 320 x 240"


def test_a_slow_one_is_a_warning_with_both_rates() -> None:
    with RtspServer(noisy, fps=4.0) as server:
        fps = look(server.url)["camera.fps"]
    assert fps.verdict == "warning"
    assert fps.expected == "detect_fps, 10"


def test_a_frozen_one_is_a_failure() -> None:
    with RtspServer(noisy, fps=15.0) as server:
        server.freeze = True
        assert look(server.url)["camera.frozen"].verdict == "failure"


def test_a_refused_password_is_told_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMERA", CANARY)
    with RtspServer(noisy, auth=("admin", "right")) as server:
        found = look(server.url, "\n    username: admin\n    password: {env: CAMERA}")
    assert found.keys() == {"camera.opens"}
    assert found["camera.opens"].verdict == "failure"
    assert "401" in found["camera.opens"].saw
    assert CANARY not in str(found)


def test_no_camera_at_all_and_no_password_at_all() -> None:
    assert "/nowhere.mp4" in look("/nowhere.mp4")["camera.opens"].saw
    found = look("rtsp://127.0.0.1:1/x", "\n    username: admin\n    password: {env: NONE_SUCH}")
    assert "not set" in found["camera.opens"].saw


def test_a_file_has_its_own_rate(tmp_path) -> None:
    fps = look(film(tmp_path / "walk.mp4", seconds=3.0))["camera.fps"]
    assert (fps.verdict, fps.saw) == ("ok", f"{FPS:.1f} pictures per s")


def test_a_recording_is_passed_over(tmp_path) -> None:
    assert look("boxes.jsonl")["camera.opens"].verdict == "skipped"

"""The observer: which source and which detector it opens, and that both say alike what they see."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge.config import Camera, SecretRef, parse
from edge.core.types import Detections, Tracks
from edge.errors import CameraError, ConfigError, EdgeError, ModelError
from edge.observer import Observation, Observer, open_detector
from tests.commands import BODY, CANARY, FPS, HEIGHT, WIDTH, feet, picture, scene
from tests.mosquitto import wait_until
from tests.rtsp import RtspServer

Change = Callable[..., Camera]


@pytest.fixture
def configured(tmp_path) -> Change:
    """The camera of the scene, with other values for some of its keys."""
    camera = parse(scene(tmp_path, seconds=2.0).read_text()).cameras[0]

    def changed(**changes: object) -> Camera:
        return camera.model_copy(update=changes)

    return changed


def look(observer: Observer) -> list[Observation]:
    with observer:
        return [observation for observation in observer.observations() if observation is not None]


def test_a_video_is_pictures_with_the_people_that_the_network_finds(configured):
    observer = Observer(configured(), speed="max")
    found = look(observer)

    assert len(found) == 20
    for number, observation in enumerate(found):
        assert observation.frame is not None
        assert isinstance(observation.seen, Detections)
        assert observation.seen.mono_s == observation.frame.mono_s == pytest.approx(number / FPS)
        foot = feet(number / FPS)
        np.testing.assert_allclose(observation.seen.boxes, [[0.4, foot - BODY, 0.6, foot]], atol=0.02)
        assert observation.seen.aspect == 1.5
    assert (observer.live, observer.state, observer.dropped) == (False, "streaming", 0)
    assert observer.duration_s == pytest.approx(2.0)
    assert observer.detector is not None
    assert observer.detector.last_ms is not None
    assert len(observer.detector.sha256) == 64


@pytest.mark.parametrize("ids", [False, True])
def test_a_recording_needs_no_model(configured, tmp_path, ids):
    line = {"t_s": 0.0, "boxes": [[0.1, 0.1, 0.2, 0.5]], **({"ids": [4]} if ids else {})}
    recording = tmp_path / "r.jsonl"
    recording.write_text(f'{{"recording": 1, "width": 160, "height": 90, "fps": 10}}\n{json.dumps(line)}\n')
    observer = Observer(configured(source=str(recording), model="no-such-model"))
    (observation,) = look(observer)

    assert isinstance(observation.seen, Tracks if ids else Detections)
    assert observation.frame is None
    assert observer.detector is None
    assert (observer.live, observer.state, observer.dropped, observer.duration_s) == (False, "streaming", 0, None)


def test_the_rate_of_the_camera_holds_for_every_kind_of_source(configured, tmp_path):
    lines = [
        {"recording": 1, "width": 160, "height": 90, "fps": 30},
        *({"t_s": i / 30, "boxes": []} for i in range(60)),
    ]
    (tmp_path / "r.jsonl").write_text("\n".join(map(json.dumps, lines)))
    assert len(look(Observer(configured(source=str(tmp_path / "r.jsonl"), detect_fps=5.0), speed="max"))) == 10
    assert len(look(Observer(configured(detect_fps=5.0), speed="max"))) == 10


def test_another_source_and_model_win_over_the_configured_ones(configured, tmp_path):
    with pytest.raises(CameraError, match="elsewhere"):
        look(Observer(configured(), source=str(tmp_path / "elsewhere.mp4")))
    with pytest.raises(ModelError, match="elsewhere"):
        Observer(configured(), model=str(tmp_path / "elsewhere.onnx"))


def test_a_score_of_the_camera_wins_over_that_of_the_model(configured):
    """The network of the scene is sure of its person by 0.9."""
    sure, unsure = (look(Observer(configured(min_score=score), speed="max")) for score in (0.89, 0.91))
    assert [len(observation.seen.boxes) for observation in sure] == [1] * 20
    assert [len(observation.seen.boxes) for observation in unsure] == [0] * 20


def test_a_live_camera_is_live_and_logs_in_with_the_secret(configured, monkeypatch):
    monkeypatch.setenv("CAMERA_PASSWORD", "right")
    with RtspServer(picture, fps=FPS, auth=("admin", "right")) as server:
        secret = SecretRef(env="CAMERA_PASSWORD")
        camera = configured(source=server.url, username="admin", password=secret)
        with Observer(camera, reconnect=False) as observer:
            seen = next(observation for observation in observer.observations() if observation is not None)
            assert (observer.live, observer.state, observer.duration_s) == (True, "streaming", None)
    assert len(seen.seen.boxes) == 1


def test_nobody_is_looked_for_in_a_picture_that_shows_nobody(configured):
    """A bag over the camera: after some seconds the network has a rest, until there is something to be seen again."""
    covered = False

    def source(number: int) -> np.ndarray:
        noise = np.random.default_rng(number).normal(0.0, 2.0, (HEIGHT, WIDTH, 1))
        return np.clip((120 if covered else picture(number)) + noise, 0, 255).astype(np.uint8) + np.zeros(3, np.uint8)

    with RtspServer(source, fps=FPS) as server, Observer(configured(source=server.url)) as observer:
        observations = observer.observations()
        assert any(next(observations) for _ in range(20))
        covered = True
        wait_until(lambda: next(observations) is None and observer.state == "covered")
        assert [next(observations) for _ in range(10)] == [None] * 10
        covered = False
        wait_until(lambda: next(observations) is not None and observer.state == "streaming")
        observer.learn_anew()


def test_the_password_of_the_camera_is_not_told_to_another_address(configured, monkeypatch):
    """`--source` of a command may be anything: the login belongs to the configured camera alone."""
    monkeypatch.setenv("CAMERA_PASSWORD", CANARY)
    with RtspServer(picture, fps=FPS, auth=("admin", CANARY)) as server:
        camera = configured(username="admin", password=SecretRef(env="CAMERA_PASSWORD"))
        with pytest.raises(CameraError, match="401") as caught:
            look(Observer(camera, source=server.url, reconnect=False))
    assert CANARY not in str(caught.value)


def test_a_secret_that_is_not_there_is_an_error_before_anything_is_opened(configured):
    os.environ.pop("CAMERA_PASSWORD", None)
    with pytest.raises(ConfigError, match="CAMERA_PASSWORD"):
        Observer(configured(username="admin", password=SecretRef(env="CAMERA_PASSWORD")))


def test_a_file_is_closed_when_the_observer_is_left_early(configured):
    with Observer(configured(), speed="max") as observer:
        observations = observer.observations()
        next(observations)
    assert [item for item in observations if item is not None] == []


@pytest.mark.parametrize("name", ["model.tflite", "model", "model.zip"])
def test_a_detector_is_chosen_by_the_kind_of_file(configured, tmp_path, name):
    (tmp_path / name).write_bytes(b"weights")
    with pytest.raises(ModelError, match=r"expected a file ending in \.onnx, \.pt or \.engine, got"):
        open_detector(configured(), str(tmp_path / name))


def test_every_error_of_opening_is_one_that_an_operator_can_act_on(configured, tmp_path: Path):
    for source in ("", "none.mp4", "none.jsonl", "ftp://x/y", str(tmp_path), "/dev/null"):
        with pytest.raises(EdgeError, match=r"expected|cannot"):
            look(Observer(configured(source=source or "none"), reconnect=False))

"""`edge doctor` as an operator meets it: words, JSON, exit code."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.doctor import camera as examined
from tests.commands import CANARY, FPS, HEIGHT, WIDTH, edge, scene
from tests.mosquitto import Mosquitto
from tests.rtsp import RtspServer


@pytest.fixture(autouse=True)
def _briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examined, "LOOK_S", 1.0)
    monkeypatch.setenv("PASSWORD", CANARY)


def noise(number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)


def login(config: Path, camera: RtspServer, broker: Mosquitto) -> Path:
    """The scene, seen by a camera and told to a broker, each with user and password."""
    text = config.read_text().replace(str(config.with_name("walk.mp4")), camera.url)
    text = text.replace(camera.url, f"{camera.url}\n    username: viewer\n    password: {{env: PASSWORD}}")
    address = f"host: 127.0.0.1, port: {broker.port}, username: box, password: {{env: PASSWORD}}"
    config.write_text(text.replace("enabled: false", address))
    return config


def test_a_box_that_works_is_told_so_and_what_could_be_better(tmp_path, capsys):
    acl = "user box\ntopic readwrite traffic/v1/shop/box/#\n"
    with (
        RtspServer(noise, fps=FPS, auth=("viewer", CANARY)) as camera,
        Mosquitto(tmp_path / "broker", users={"box": CANARY}, acl=acl) as broker,
    ):
        config = login(scene(tmp_path, seconds=0.5), camera, broker)
        words = edge(capsys, "doctor", "--config", config, "--state-dir", tmp_path / "state")
        document = edge(capsys, "doctor", "--config", config, "--state-dir", tmp_path / "state", "--json")
    assert (words.code, document.code) == (0, 0), words.said
    found = {finding["check"]: finding["verdict"] for finding in document.json()["findings"]}
    for check in ("camera.opens", "camera.frozen", "model.file", "broker.publish", "broker.echo", "broker.access"):
        assert found[check] == "ok", words.said
        assert check in words.out
    assert document.json()["ok"] is True
    assert "entrance: 0 failures" in words.out.splitlines()[-1]
    assert CANARY not in words.said + document.said
    assert not (tmp_path / "state").exists(), "the folder belongs to the service"


def test_failures_say_what_to_do_and_end_with_1(tmp_path, capsys):
    with (
        RtspServer(noise, fps=FPS, auth=("viewer", "right")) as camera,
        Mosquitto(tmp_path / "broker", users={"box": "right"}) as broker,
    ):
        config = login(scene(tmp_path, seconds=0.5), camera, broker)
        outcome = edge(capsys, "doctor", "--config", config, "--state-dir", tmp_path)
    assert outcome.code == 1
    assert "entrance: 2 failures" in outcome.out
    for words in ("camera.opens", "401", "broker.connects", "Not authorized", "expected: ", "do: look at"):
        assert words in outcome.out
    assert CANARY not in outcome.said
    assert "Traceback" not in outcome.said


def test_warnings_do_not_fail_and_json_stays_json(tmp_path, capsys):
    config = scene(tmp_path, seconds=0.5)
    (tmp_path / "fog").mkdir()
    for number in range(30):
        cv2.imwrite(str(tmp_path / "fog" / f"{number}.png"), np.full((HEIGHT, WIDTH, 3), 120, np.uint8))
    config.write_text(config.read_text().replace(str(tmp_path / "walk.mp4"), str(tmp_path / "fog")))
    outcome = edge(capsys, "doctor", "--config", config, "--state-dir", tmp_path, "--json")
    findings = {finding["check"]: finding for finding in json.loads(outcome.out)["findings"]}
    assert findings["camera.focus"]["verdict"] == findings["camera.bare"]["verdict"] == "warning"
    assert findings["camera.focus"]["advice"]
    failures = {check for check, finding in findings.items() if finding["verdict"] == "failure"}
    assert outcome.code == int(bool(failures))

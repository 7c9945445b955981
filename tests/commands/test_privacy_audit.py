"""The promise, on a real run: a real RTSP camera, a real broker, and strace beside them."""

from __future__ import annotations

from pathlib import Path

from edge.commands import privacy_audit
from tests.commands import CANARY, FPS, edge, picture, process, scene
from tests.mosquitto import Collector, Mosquitto, program
from tests.rtsp import RtspServer


def shop(folder: Path, camera: RtspServer, broker: Mosquitto) -> Path:
    config = scene(folder, seconds=0.5)
    login = f"{camera.url}\n    username: viewer\n    password: {{env: PASSWORD}}"
    text = config.read_text().replace(str(folder / "walk.mp4"), login)
    config.write_text(text.replace("enabled: false", f"host: 127.0.0.1, port: {broker.port}"))
    return config


def test_the_service_speaks_to_camera_and_broker_and_writes_its_state_and_no_picture(tmp_path):
    program("strace")
    with (
        RtspServer(picture, fps=FPS, auth=("viewer", CANARY)) as camera,
        Mosquitto(tmp_path / "broker") as broker,
        Collector(broker.port) as collector,
    ):
        config = shop(tmp_path, camera, broker)
        options = ("--config", config, "--state-dir", tmp_path / "state", "--seconds", 12)
        outcome = process("privacy-audit", *options, PASSWORD=CANARY)
    assert outcome.code == 0, outcome.said
    assert f"127.0.0.1:{broker.port}  (broker)" in outcome.out
    assert f"127.0.0.1:{camera.port}  (camera)" in outcome.out
    assert str(tmp_path / "state" / "entrance.db") in outcome.out
    assert "BREACH" not in outcome.out
    assert outcome.out.splitlines()[-1] == "verdict: no images stored or sent; counts only"
    assert CANARY not in outcome.said
    assert collector.on("traffic/v1/shop/box/line/door"), "it did count while it was watched"


def test_a_breach_is_shown_and_ends_with_1(tmp_path, capsys, monkeypatch):
    """The state is somewhere else than where it may be."""
    program("strace")
    from edge.privacy import audit

    def elsewhere(config, camera, folders, **more):
        return audit.Allowed({}, (tmp_path / "other",))

    monkeypatch.setattr(audit, "allowed", elsewhere)
    config = scene(tmp_path, seconds=0.5)
    outcome = edge(capsys, "privacy-audit", "--config", config, "--state-dir", tmp_path / "state", "--seconds", 30)
    assert outcome.code == 1
    assert f"BREACH  {tmp_path / 'state' / 'entrance.db'}" in outcome.out
    assert "verdict: NOT as promised" in outcome.out


def test_a_service_that_cannot_run_is_no_proof(tmp_path, capsys):
    program("strace")
    config = scene(tmp_path, seconds=0.5)
    (tmp_path / "grey.onnx").unlink()
    outcome = edge(capsys, "privacy-audit", "--config", config, "--state-dir", tmp_path / "state")
    outcome.failed(1, "expected the service to run", "exit code 4")
    assert privacy_audit._PROMISE not in outcome.out

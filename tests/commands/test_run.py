"""`edge run` and `edge reload` as a user meets them; the loop itself is tested with the service."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.commands import CANARY, CONFIG, FPS, ROOT, Outcome, command, edge, picture, process, scene
from tests.mosquitto import free_port, wait_until
from tests.rtsp import RtspServer

SHOP = ROOT / "edge/demo/shop.jsonl"


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """A configuration that plays a recording and sends nothing."""
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.replace("walk.mp4", str(SHOP)))
    return config


@contextmanager
def running(config: Path, state: Path, *more: object, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A service in a process of its own; its log goes to `log.txt` beside the state folder."""
    with (state.parent / "log.txt").open("w") as log:
        arguments = command("run", "--config", config, "--state-dir", state, *more)
        service = subprocess.Popen(arguments, stderr=log, stdout=log, text=True, env={**os.environ, **environment})
        try:
            yield service
        finally:
            service.kill()
            service.wait()


def rows_of(database: Path) -> list[dict[str, object]]:
    with closing(sqlite3.connect(database)) as read:
        found = read.execute("SELECT payload FROM rows WHERE series != '' ORDER BY id").fetchall()
    return [json.loads(payload) for (payload,) in found]


def test_a_recording_ends_by_itself_and_leaves_its_rows_and_no_process_id(recorded, tmp_path):
    state = tmp_path / "state"
    options = ("--config", recorded, "--state-dir", state, "--speed", "max", "--start", "2026-11-23T09:00:00Z")
    outcome = process("run", *options)
    assert (outcome.code, outcome.out) == (0, "")
    rows = rows_of(state / "entrance.db")
    assert [row["start"] for row in rows if row["series"] == "line/door"] == [
        f"2026-11-23T09:0{minute}:00Z" for minute in range(4)
    ]
    assert not (state / "entrance.pid").exists()
    assert state.stat().st_mode & 0o777 == 0o700


def test_with_a_broker_that_refuses_every_row_stays_and_that_is_no_failure(recorded, tmp_path):
    """The end of the run waits for the broker for some seconds."""
    text = recorded.read_text().replace("enabled: false", f"host: 127.0.0.1, port: {free_port()}")
    recorded.write_text(text)
    outcome = process("run", "--config", recorded, "--state-dir", tmp_path / "state", "--speed", "max")
    assert outcome.code == 0
    assert "Traceback" not in outcome.said
    assert outcome.err.count("connection refused") == 1
    assert "stay in the outbox until the broker takes them" in outcome.err
    assert len(rows_of(tmp_path / "state" / "entrance.db")) >= 4 * 3


def test_what_cannot_start_says_why(recorded, tmp_path):
    text = recorded.read_text()

    def run(old: str, new: str, **environment: str) -> Outcome:
        recorded.write_text(text.replace(old, new))
        return process("run", "--config", recorded, "--state-dir", tmp_path / "state", **environment)

    run(str(SHOP), "none.jsonl").failed(3, "none.jsonl", "expected a readable recording")
    run(str(SHOP), "rtsp://127.0.0.1:1/cam").failed(4, "grey.onnx", "expected a readable model file")
    secret = f"127.0.0.1, username: box, password: {{env: {CANARY.upper().replace('-', '_')}}}"
    run("enabled: false", f"host: {secret}").failed(2, "secret {env: ", "not set")
    run(str(SHOP), f"rtsp://admin:{CANARY}@cam/x").failed(2, "line 5: cameras[0].source", "without user and password")
    assert not (tmp_path / "state" / "entrance.pid").exists()


def test_a_wrong_camera_password_is_a_state_that_is_logged_without_it(tmp_path):
    with RtspServer(picture, fps=FPS, auth=("admin", "right")) as camera:
        config = scene(tmp_path, seconds=1.0)
        login = f"source: {camera.url}\n    username: admin\n    password: {{env: CAMERA_PASSWORD}}"
        config.write_text(config.read_text().replace(f"source: {tmp_path / 'walk.mp4'}", login) + "log_level: debug\n")
        log = tmp_path / "log.txt"
        with running(config, tmp_path / "state", CAMERA_PASSWORD=CANARY) as service:
            wait_until(lambda: "401" in log.read_text())
            wait_until((tmp_path / "state" / "entrance.pid").exists)
            service.send_signal(signal.SIGTERM)
            assert service.wait(60) == 0
    said = log.read_text()
    assert f"camera {camera.url}: expected a video stream, got: Server returned 401" in said
    assert CANARY not in said
    assert "Traceback" not in said
    assert all(CANARY.encode() not in path.read_bytes() for path in (tmp_path / "state").iterdir())
    statuses = {row["status"] for row in rows_of(tmp_path / "state" / "entrance.db")}
    assert statuses in ({"unauthorised"}, {"connecting"}), "whichever took longer before it was stopped"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_service_keeps_what_it_has_counted(recorded, tmp_path, number):
    with running(recorded, tmp_path / "state") as service:
        wait_until(lambda: "counting entrance" in (tmp_path / "log.txt").read_text())
        service.send_signal(number)
        assert service.wait(60) == 0
    assert {row["series"] for row in rows_of(tmp_path / "state" / "entrance.db")} == {
        "line/door", "zone/table", "occupancy"
    }  # fmt: skip
    assert "Traceback" not in (tmp_path / "log.txt").read_text()


def test_reload_tells_the_running_service(recorded, tmp_path, capsys):
    state, log = tmp_path / "state", tmp_path / "log.txt"
    reload = ("reload", "--config", recorded, "--state-dir", state)
    with running(recorded, state) as service:
        wait_until(lambda: "counting entrance" in log.read_text())
        recorded.write_text(recorded.read_text().replace("name: door", "name: gate"))
        outcome = edge(capsys, *reload)
        assert outcome.code == 0
        assert f"takes over at the next interval (process {service.pid})" in outcome.out
        wait_until(lambda: "takes over at the next interval" in log.read_text())

        recorded.write_text("site: [")
        edge(capsys, *reload).failed(2, recorded, "not YAML")
        os.kill(service.pid, signal.SIGHUP)
        wait_until(lambda: "the configuration stays as it is" in log.read_text())
        assert service.poll() is None


def test_a_second_service_of_the_same_camera_is_refused_and_does_the_first_no_harm(recorded, tmp_path, capsys):
    state = tmp_path / "state"
    with running(recorded, state) as service:
        wait_until(lambda: "counting entrance" in (tmp_path / "log.txt").read_text())
        second = process("run", "--config", recorded, "--state-dir", state)
        second.failed(5, state / "entrance.pid", "no other `edge run`")
        outcome = edge(capsys, "reload", "--config", recorded, "--state-dir", state)
        assert f"process {service.pid}" in outcome.out
        assert service.poll() is None


@pytest.mark.parametrize("left_behind", ["", "-1\n", "0\n", "garbage\n", "99999999999999999999\n", None])
def test_reload_signals_nobody_when_no_service_runs(recorded, tmp_path, capsys, left_behind):
    """A process id that a killed service left behind may be that of anybody by now, here: that of this test."""
    state = tmp_path / "state"
    state.mkdir()
    (state / "entrance.pid").write_text(f"{os.getpid()}\n" if left_behind is None else left_behind)
    outcome = edge(capsys, "reload", "--config", recorded, "--state-dir", state)
    outcome.failed(2, state / "entrance.pid", "expected the process id of a running `edge run`")


def test_reload_without_any_service(recorded, tmp_path, capsys):
    outcome = edge(capsys, "reload", "--config", recorded, "--state-dir", tmp_path / "state")
    outcome.failed(2, tmp_path / "state" / "entrance.pid", "expected the process id", "No such file")


def test_of_several_cameras_one_is_to_be_named(recorded, tmp_path, capsys):
    text = recorded.read_text()
    camera = text[text.index("  - name: entrance") : text.index("interval_s")]
    other = (
        camera.replace("entrance", "back\n    device: back-box")
        .replace("name: door", "name: gate")
        .replace("name: table", "name: sofa")
    )
    recorded.write_text(text.replace("interval_s", other + "interval_s"))
    options = ("--config", recorded, "--state-dir", tmp_path)
    edge(capsys, "run", *options).failed(2, "expected --camera with one of entrance, back")
    edge(capsys, "run", *options, "--camera", "side").failed(2, "expected one of entrance, back, got 'side'")
    assert process("run", *options, "--camera", "back", "--speed", "max").code == 0
    assert (tmp_path / "back.db").exists()


def test_a_state_folder_that_cannot_be_made_is_named(recorded, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    outcome = edge(capsys, "reload", "--config", recorded, "--state-dir", tmp_path / "file" / "state")
    outcome.failed(5, tmp_path / "file" / "state", "expected a folder for the state database", "Not a directory")

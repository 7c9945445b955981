"""Passwords of camera and broker, looked for in everything that the service, its tools and the kernel show of it."""

from __future__ import annotations

import base64
import re
import signal
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.commands import FPS, picture, process, scene
from tests.commands.test_run import running
from tests.mosquitto import Collector, Mosquitto, free_port, wait_until
from tests.rtsp import RtspServer

CAMERA, BROKER = "c4nary/of@the:Camera", "c4nary of&the=Br0ker"
"""With characters that are written otherwise in an address."""
FORMS = tuple(
    form.encode()
    for user, word in (("viewer", CAMERA), ("box", BROKER))
    for form in (word, quote(word, safe=""), quote(word), base64.b64encode(f"{user}:{word}".encode()).decode())
)


def leaks(content: bytes) -> list[bytes]:
    return [form for form in FORMS if form in content]


def assert_nothing_leaks(places: Iterable[tuple[str, bytes]]) -> None:
    assert not {place: found for place, content in places if (found := leaks(content))}


def files(folder: Path) -> list[tuple[str, bytes]]:
    return [(str(path), path.read_bytes()) for path in folder.rglob("*") if path.is_file()]


def process_list() -> list[tuple[str, bytes]]:
    """What `ps` shows of everybody to everybody."""
    shown = []
    for process_ in Path("/proc").glob("[0-9]*"):
        try:
            shown.append((str(process_), (process_ / "cmdline").read_bytes()))
        except OSError:  # ended meanwhile
            continue
    assert any(b"edge" in line and b"run" in line for _, line in shown)
    return shown


def shop(folder: Path, camera: RtspServer, broker: Mosquitto, metrics: int) -> Path:
    config = scene(folder, seconds=0.5)
    secrets = folder / "secrets"
    secrets.mkdir()
    (secrets / "camera").write_text(f"{CAMERA}\n")
    (secrets / "mqtt").write_text(f"{BROKER}\n")
    login = f"{camera.url}\n    username: viewer\n    password: {{file: {secrets / 'camera'}}}"
    mqtt = f"host: 127.0.0.1, port: {broker.port}, username: box, password: {{file: {secrets / 'mqtt'}}}"
    text = config.read_text().replace(str(folder / "walk.mp4"), login).replace("enabled: false", mqtt)
    config.write_text(f"{text}metrics: {{port: {metrics}}}\nlog_level: debug\nhealth_s: 5\n")
    return config


def test_the_canary_would_be_found() -> None:
    """As the library that connects writes it, it is in one of the forms."""
    from edge.adapters.camera.address import Address

    address = Address.parse("rtsp://cam/x", "viewer", CAMERA)
    assert leaks(address.secret_url.encode())
    assert not leaks(f"{address!r} {address.shown}".encode())


def test_a_password_in_the_address_of_the_broker_is_not_shown(tmp_path: Path) -> None:
    config = scene(tmp_path, seconds=0.5)
    config.write_text(config.read_text().replace("enabled: false", f"host: 'mqtt://box:{quote(BROKER)}@127.0.0.1'"))
    ended = process("check", "--config", config)
    assert ended.code == 2
    assert_nothing_leaks([("check", ended.said.encode())])


@pytest.mark.parametrize("works", [True, False], ids=["let in", "turned away"])
def test_a_running_service_shows_no_password_not_even_when_it_crashes(tmp_path: Path, works: bool) -> None:
    """The log, the process list, every message, the metrics, the state, and what is printed when it is shot down."""
    state, log, port = tmp_path / "state", tmp_path / "log.txt", free_port()
    right = (CAMERA, BROKER) if works else ("another", "another")
    with (
        RtspServer(picture, fps=FPS, auth=("viewer", right[0])) as camera,
        Mosquitto(tmp_path / "broker", users={"box": right[1], "reader": "reader"}) as broker,
        Collector(broker.port, username="reader", password="reader") as collector,
    ):
        config = shop(tmp_path, camera, broker, port)
        with running(config, state, PYTHONFAULTHANDLER="1") as service:
            if works:
                wait_until(lambda: collector.on("traffic/v1/shop/box/health"))
                assert collector.on("traffic/v1/shop/box/info")
                assert camera.played
            else:
                wait_until(lambda: {"401", "MQTT broker"} <= set(re.findall("401|MQTT broker", log.read_text())))
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
                metrics = answer.read()
            shown = process_list()
            service.send_signal(signal.SIGABRT)
            assert service.wait(60) == -signal.SIGABRT
        assert "Fatal Python error: Aborted" in log.read_text()
        messages = [(message.topic, bytes(message.payload)) for message in collector.messages]
    assert_nothing_leaks([*shown, ("metrics", metrics), *messages, *files(state), ("log", log.read_bytes())])


def test_the_tools_show_none_either(tmp_path: Path) -> None:
    """Also when they fail, and when somebody has written the password where it does not belong."""
    with (
        RtspServer(picture, fps=FPS, auth=("viewer", "another")) as camera,
        Mosquitto(tmp_path / "broker", users={"box": "another"}) as broker,
    ):
        config = shop(tmp_path, camera, broker, free_port())
        where = ("--config", config, "--state-dir", tmp_path / "state")
        said = {
            "check": process("check", "--config", config).said,
            "doctor": process("doctor", *where).said,
            "doctor --json": process("doctor", *where, "--json").said,
            "snapshot": process("snapshot", "--config", config, "--out", tmp_path / "s.png").said,
        }
        assert "401" in said["snapshot"]
        address = camera.url_for("viewer", quote(CAMERA, safe=""))
        other = process("snapshot", "--config", config, "--source", address, "--out", tmp_path / "s.png")
        said["snapshot --source"] = other.said
        config.write_text(config.read_text().replace(camera.url, address))
        for command in ("check", "run", "doctor", "snapshot"):
            ended = process(command, "--config", config)
            assert ended.code == 2
            said[f"{command} with a password in the address"] = ended.said
    assert all(said.values())
    assert_nothing_leaks((what, text.encode()) for what, text in said.items())
    assert not (tmp_path / "s.png").exists()


def test_a_snapshot_holds_none(tmp_path: Path) -> None:
    with (
        RtspServer(picture, fps=FPS, auth=("viewer", CAMERA)) as camera,
        Mosquitto(tmp_path / "broker", users={"box": BROKER}) as broker,
    ):
        config = shop(tmp_path, camera, broker, free_port())
        ended = process("snapshot", "--config", config, "--out", tmp_path / "s.png")
    assert ended.code == 0, ended.said
    assert_nothing_leaks([("said", ended.said.encode()), ("picture", (tmp_path / "s.png").read_bytes())])


def test_no_memory_of_the_service_is_dumped_to_disk() -> None:
    """A core dump would hold the passwords: the unit allows none."""
    unit = Path(__file__).parent.parent / "systemd" / "edge@.service"
    assert "\nLimitCORE=0\n" in unit.read_text(encoding="utf-8")

"""docs/mosquitto as it stands there, in a real mosquitto: who gets in, who may do what, and what survives a kill."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from benchmarks.chaos.parts import read_rows
from tests.mosquitto import Collector, Mosquitto, program, wait_until

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs" / "mosquitto"
BOX, OTHER, READER, SHOP, HOME = "demo/demo-box", "demo/other-box", "reader-1", "online-shop", "home-assistant"
MAIN = """\
persistence true
persistence_location {folder}/
log_dest stderr
log_type all
include_dir {folder}/conf.d
"""
"""What Debian's /etc/mosquitto/mosquitto.conf says, with the log where the test reads it."""

pytestmark = pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")  # paho, when it is not let in


def password(user: str) -> str:
    return f"s3cret-of-{user}"


class Documented(Mosquitto):
    """A mosquitto with the documented files; only paths, the port and the address are other ones."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, start=False)
        self.etc = folder / "traffic"
        self.etc.mkdir(mode=0o700)
        (folder / "conf.d").mkdir()
        for words in (["authority"], ["broker", "127.0.0.1"], ["client", "box"], ["client", "reader"]):
            command = [str(DOCS / "certificates.sh"), *words]
            subprocess.run(command, cwd=self.etc, check=True, capture_output=True)
        shutil.copyfile(DOCS / "acl", self.etc / "acl")
        passwords = self.etc / "passwords"
        passwords.touch()
        for user in (BOX, OTHER, READER, SHOP, HOME):
            command = [program("mosquitto_passwd"), "-b", str(passwords), user, password(user)]
            subprocess.run(command, check=True, capture_output=True)
        for path in self.etc.iterdir():
            path.chmod(0o600)
        text = (DOCS / "traffic.conf").read_text(encoding="utf-8")
        assert text.count("listener 8883\n") == 1
        text = text.replace("/etc/mosquitto/traffic", str(self.etc)).replace("listener 8883", f"listener {self.port}")
        (folder / "conf.d" / "traffic.conf").write_text(text, encoding="utf-8")
        main = MAIN.format(folder=folder) + ("user root\n" if os.geteuid() == 0 else "")
        (folder / "mosquitto.conf").write_text(main, encoding="utf-8")

    def files(self, name: str) -> tuple[Path, Path]:
        return self.etc / f"{name}.pem", self.etc / f"{name}.key"

    def collector(self, user: str, topics: str = "#") -> Collector:
        files = self.files("box" if "/" in user else "reader")
        ca = self.etc / "ca.pem"
        return Collector(self.port, topics, username=user, password=password(user), ca_file=ca, client_files=files)


class Visitor:
    """A client that notes what the broker says to its connection and to what it publishes."""

    def __init__(
        self, broker: Documented, user: str | None, *, files: tuple[Path, Path] | None, word: str | None = None
    ) -> None:
        self.said: list[str] = []
        self.got: list[MQTTMessage] = []
        self._client = Client(
            CallbackAPIVersion.VERSION2, client_id=f"{user}-test", protocol=MQTTProtocolVersion.MQTTv5
        )
        cert, key = files or (None, None)
        self._client.tls_set(str(broker.etc / "ca.pem"), str(cert) if cert else None, str(key) if key else None)
        self._client.username_pw_set(user, word or (password(user) if user else None))
        self._client.on_connect = self._on_connect
        self._client.on_connect_fail = lambda *_: self.said.append("no connection")
        self._client.on_disconnect = lambda *_: self.said.append("disconnected")
        self._client.on_publish = self._on_publish
        self._client.on_message = lambda _client, _data, message: self.got.append(message)
        session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        session.SessionExpiryInterval = 3600
        self._client.connect_async("127.0.0.1", broker.port, clean_start=False, properties=session)

    def _on_connect(self, _client: Client, _data: object, _flags: object, reason: ReasonCode, _more: object) -> None:
        self.said.append(str(reason))

    def _on_publish(self, _client: Client, _data: object, _mid: int, reason: ReasonCode, _more: object) -> None:
        self.said.append(str(reason))

    def subscribe(self, topics: str) -> None:
        self._client.subscribe(topics, qos=1)

    def publish(self, topic: str, payload: bytes = b"{}", *, retain: bool = False) -> str:
        """What the broker says to it."""
        before = len(self.said)
        self._client.publish(topic, payload, qos=1, retain=retain)
        wait_until(lambda: len(self.said) > before)
        return self.said[before]

    def __enter__(self) -> Visitor:
        self._client.loop_start()
        wait_until(lambda: self.said)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Documented]:
    documented = Documented(tmp_path / "broker")
    with documented:
        documented.start()
        yield documented


OWN = ["line/door", "zone/table", "occupancy", "total/door", "status", "info", "health", "answer/reader-1"]
MAY = {
    BOX: [*(f"traffic/v1/{BOX}/{place}" for place in OWN), f"homeassistant/device/{BOX}/config"],
    READER: [f"traffic/v1/{BOX}/cmd/replay", f"traffic/v1/{OTHER}/cmd/replay"],
    SHOP: ["traffic/v1/demo/online/beauty"],
    HOME: [],
}
TRIED = {
    *(topic for topics in MAY.values() for topic in topics),
    *(f"traffic/v1/{OTHER}/{place}" for place in OWN),
    "traffic/v1/reader-1/line/occupancy", "traffic/v1/home-assistant/line/occupancy", "homeassistant/status",
    "traffic/v1/online-shop/line/occupancy", "homeassistant/device/reader-1/config", "elsewhere", "$SYS/broker/x",
    f"traffic/v1/{BOX}/other", f"traffic/v1/{BOX}", "traffic/v1/demo", f"homeassistant/device/{OTHER}/config",
}  # fmt: skip


@pytest.mark.parametrize("user", MAY)
def test_everybody_may_publish_what_is_listed_and_nothing_else(broker: Documented, user: str) -> None:
    with Visitor(broker, user, files=broker.files("box")) as visitor:
        said = {topic: visitor.publish(topic) for topic in sorted(TRIED)}
    refused = {topic for topic, words in said.items() if words == "Not authorized"}
    assert set(said.values()) <= {"Success", "No matching subscribers", "Not authorized"}
    assert set(said) - refused == set(MAY[user])


def test_a_box_reads_what_it_is_asked_and_a_reader_reads_all(broker: Documented) -> None:
    users = (BOX, OTHER, READER, SHOP, HOME)
    ears = {user: broker.collector(user) for user in users}
    for ear in ears.values():
        ear.__enter__()
    try:
        with Visitor(broker, BOX, files=broker.files("box")) as box:
            for topic in MAY[BOX]:
                box.publish(topic)
        with Visitor(broker, READER, files=broker.files("reader")) as reader:
            reader.publish(f"traffic/v1/{BOX}/cmd/replay")
        rows = {topic for topic in MAY[BOX] if topic.startswith("traffic/")} | {f"traffic/v1/{BOX}/cmd/replay"}
        hears = {user: set[str]() for user in users} | {
            BOX: {f"traffic/v1/{BOX}/cmd/replay"}, READER: rows, HOME: rows | {f"homeassistant/device/{BOX}/config"},
        }  # fmt: skip
        wait_until(lambda: all(len(ears[user].messages) >= len(hears[user]) for user in users))
        time.sleep(0.3)
        assert {user: {message.topic for message in ears[user].messages} for user in users} == hears
    finally:
        for ear in ears.values():
            ear.__exit__(None, None, None)


def test_strangers_do_not_get_in(broker: Documented, tmp_path: Path) -> None:
    abroad = tmp_path / "abroad"
    abroad.mkdir()
    for words in (["authority"], ["client", "box"]):
        subprocess.run([DOCS / "certificates.sh", *words], cwd=abroad, check=True, capture_output=True)
    good = broker.files("box")
    strangers: list[tuple[str | None, tuple[Path, Path] | None, str | None]] = [
        (BOX, None, None),
        (BOX, (abroad / "box.pem", abroad / "box.key"), None),
        (BOX, good, "wrong"),
        (BOX, good, password(OTHER)),
        ("nobody", good, None),
        (None, good, None),
    ]
    for user, files, word in strangers:
        with Visitor(broker, user, files=files, word=word) as visitor:
            assert visitor.said[0] in ("Not authorized", "no connection", "disconnected"), (user, files, word)
    with Visitor(broker, BOX, files=good) as visitor:
        assert visitor.said == ["Success"]


def test_what_is_retained_and_what_waits_survives_a_kill(broker: Documented) -> None:
    reader_files = broker.files("reader")
    with Visitor(broker, READER, files=reader_files) as reader:
        reader.subscribe("traffic/v1/+/+/line/+")
        wait_until(lambda: "Received SUBSCRIBE" in broker.log())
    for turn in range(3):
        with Visitor(broker, BOX, files=broker.files("box")) as box:
            for number in range(200):
                box.publish(f"traffic/v1/{BOX}/line/door", f"{turn}-{number}".encode())
            box.publish(f"traffic/v1/{BOX}/status", f"boot {turn}".encode(), retain=True)
        # It saves after it has acknowledged: what came in the last moment is what a box may have to send again.
        saved = f"boot {turn}".encode()
        wait_until(lambda: saved in (broker.folder / "mosquitto.db").read_bytes())  # noqa: B023 - called here alone
        broker.stop(kill=True)
        broker.start()
    with broker.collector(HOME, f"traffic/v1/{BOX}/status") as late:
        wait_until(lambda: late.messages)
        assert bytes(late.messages[0].payload) == b"boot 2"
    with Visitor(broker, READER, files=reader_files) as reader:
        wait_until(lambda: len(reader.got) >= 600)
        assert [message.payload.decode() for message in reader.got] == [
            f"{turn}-{number}" for turn in range(3) for number in range(200)
        ]


def test_a_box_and_a_reader_have_all_the_rights_that_they_need(broker: Documented, tmp_path: Path) -> None:
    demo = ROOT / "edge" / "demo"
    etc, key_file = broker.etc, "$CREDENTIALS_DIRECTORY/box.key"
    files = f"{{ca_file: {etc}/ca.pem, cert_file: {etc}/box.pem, key_file: {key_file}}}"
    login = f"username: {BOX}, password: {{env: PASSWORD}}, home_assistant: true, tls: {files}"
    text = (demo / "demo.yaml").read_text().replace("source: shop.jsonl ", f"source: {demo}/shop.jsonl ")
    text = text.replace("host: localhost, port: 1883", f"host: 127.0.0.1, port: {broker.port}, {login}")
    config = tmp_path / "config.yaml"
    config.write_text(text + "health_s: 5\n")
    run = [sys.executable, "-m", "edge", "run", "--config", str(config), "--state-dir", str(tmp_path / "state")]
    cert, key = broker.files("reader")
    options = ["--username", READER, "--ca-file", broker.etc / "ca.pem", "--cert-file", cert, "--key-file", key]
    ingest = [sys.executable, "-m", "analytics", "ingest", "--broker", "127.0.0.1", "--port", broker.port, *options]
    secrets = {"PASSWORD": password(BOX), "TRAFFIC_MQTT_PASSWORD": password(READER)}
    secrets["CREDENTIALS_DIRECTORY"] = str(broker.etc)
    with broker.collector(READER) as reader, broker.collector(HOME, "homeassistant/#") as home:
        reading, service = (
            subprocess.Popen(list(map(str, command)), env=os.environ | secrets, stderr=subprocess.PIPE, text=True)
            for command in ([*ingest, "--db", f"sqlite:///{tmp_path}/traffic.db", "--reader", "reader-1"], run)
        )
        try:
            wait_until(lambda: reader.on(f"traffic/v1/{BOX}/health"))
            with Visitor(broker, READER, files=broker.files("reader")) as asking:
                asking.publish(f"traffic/v1/{BOX}/cmd/replay", b'{"series": "line/door", "from_seq": 1, "to_seq": 1}')
        finally:
            service.terminate()
            _, log = service.communicate(timeout=60)
            try:
                wait_until(lambda: len(read_rows(tmp_path)) == 4)  # each series
            finally:
                reading.terminate()
                reading.communicate(timeout=60)
        wait_until(lambda: len(reader.on(f"traffic/v1/{BOX}/status")) == 2)
        wait_until(lambda: home.on(f"homeassistant/device/{BOX}/config"))
    assert service.returncode == 0, log
    assert "are sent again" in log
    assert json.loads(reader.on(f"traffic/v1/{BOX}/health")[-1])["broker"] in ("ok", "no_subscribers")
    assert {message.topic.split("/", 4)[-1] for message in reader.messages} >= {
        "line/door", "zone/beauty", "zone/shoes", "occupancy", "total/door", "status", "info", "health",
    }  # fmt: skip
    assert "Denied" not in broker.log()


def test_the_script_is_clean() -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not here; install it with: sudo apt-get install shellcheck")
    done = subprocess.run(["shellcheck", DOCS / "certificates.sh"], capture_output=True, text=True, check=False)
    assert done.stdout == ""

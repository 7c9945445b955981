"""A real mosquitto on a free loopback port, certificates made on the fly, and a subscriber that collects.

It knows nothing of the service: what it needs of a broker's settings is passed in as text.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

DEADLINE_S = 30.0
"""How long the tests wait for anything; generous, because a machine that runs tests may be busy."""


def wait_until(true: Callable[[], object], *, timeout_s: float = DEADLINE_S, turn: Callable[[], object] = int) -> None:
    """Call `turn` and look again until `true()` holds; an AssertionError after `timeout_s`."""
    end = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < end, f"waited {timeout_s} s in vain"
        turn()
        time.sleep(0.01)


def program(name: str) -> str:
    """The path of a program that the tests cannot do without."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.fail(f"{name} is missing; install it with: sudo apt-get install mosquitto openssl strace", pytrace=False)
    return found


def free_port() -> int:
    """A loopback TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Certificates:
    """A certificate authority of its own in `folder`, with one server and one client certificate signed by it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.ca_file = self.authority("ca")
        self.server_cert, self.server_key = self.signed("server", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        self.client_cert, self.client_key = self.signed("client", "extendedKeyUsage=clientAuth")

    def authority(self, name: str) -> Path:
        """A self-signed certificate authority; the tests also make one that nobody should trust."""
        cert, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        usage: list[str | Path] = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
        self._openssl("req", "-x509", "-days", "2", "-subj", f"/CN={name}", *self._new_key(key), "-out", cert, *usage)
        return cert

    def signed(self, name: str, extensions: str) -> tuple[Path, Path]:
        """A certificate signed by the authority and its key, both PEM."""
        cert, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        request, extfile = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        extfile.write_text(extensions + "\n", encoding="utf-8")
        self._openssl("req", "-subj", f"/CN={name}", *self._new_key(key), "-out", request)
        signer: list[str | Path] = ["-CA", self.folder / "ca.pem", "-CAkey", self.folder / "ca.key", "-CAcreateserial"]
        self._openssl("x509", "-req", "-days", "2", "-in", request, *signer, "-extfile", extfile, "-out", cert)
        return cert, key

    @staticmethod
    def _new_key(key: Path) -> list[str | Path]:
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key]

    @staticmethod
    def _openssl(*arguments: str | Path) -> None:
        subprocess.run([program("openssl"), *arguments], check=True, capture_output=True)


class Mosquitto:
    """A mosquitto that forgets everything when it stops, on one loopback port that it keeps over restarts.

    Args:
        folder: An empty folder for its files, usually `tmp_path`.
        users: Password by user name; without, anybody may connect.
        acl: Text of an access control file.
        certificates: Speak TLS with these.
        require_client_certificate: Ask for a certificate of the client too.
        extra: More lines of mosquitto.conf.
        start: Start it when the `with` block is entered.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        folder: Path,
        *,
        users: dict[str, str] | None = None,
        acl: str | None = None,
        certificates: Certificates | None = None,
        require_client_certificate: bool = False,
        extra: str = "",
        start: bool = True,
    ) -> None:
        self.folder = folder
        self.port = free_port()
        self.log_file = folder / "mosquitto.log"
        self._start_at_once = start
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        lines = [f"listener {self.port} {self.host}", "persistence false", "log_type all", "log_dest stderr"]
        if os.geteuid() == 0:
            lines.append("user root")  # or it becomes a user who cannot read the folder of the test
        lines.append(f"allow_anonymous {'false' if users else 'true'}")
        if users:
            lines.append(f"password_file {self._password_file(users)}")
        if acl is not None:
            (folder / "acl").write_text(acl, encoding="utf-8")
            (folder / "acl").chmod(0o600)
            lines.append(f"acl_file {folder / 'acl'}")
        if certificates:
            lines += [f"cafile {certificates.ca_file}", f"certfile {certificates.server_cert}"]
            lines += [f"keyfile {certificates.server_key}"]
            lines += ["require_certificate true"] if require_client_certificate else []
        (folder / "mosquitto.conf").write_text("\n".join([*lines, extra, ""]), encoding="utf-8")

    def _password_file(self, users: dict[str, str]) -> Path:
        path = self.folder / "passwords"
        path.touch(mode=0o600)
        for user, password in users.items():
            subprocess.run([program("mosquitto_passwd"), "-b", path, user, password], check=True, capture_output=True)
        return path

    def start(self) -> None:
        """Start it and wait until it listens."""
        assert self._process is None
        with self.log_file.open("ab") as log:
            command = [program("mosquitto"), "-c", str(self.folder / "mosquitto.conf")]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(self._listens)

    def _listens(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"mosquitto ended: {self.log()}"
        with socket.socket() as probe:
            return probe.connect_ex((self.host, self.port)) == 0

    def stop(self, *, kill: bool = False) -> None:
        """Ask it to end, or kill it; it forgets every message, retained ones too."""
        if self._process is not None:
            (self._process.kill if kill else self._process.terminate)()
            self._process.wait(DEADLINE_S)
            self._process = None

    def restart(self) -> None:
        """Stop it and start it again on the same port, empty."""
        self.stop()
        self.start()

    def signal(self, number: int) -> None:
        """Send it a signal, for instance SIGSTOP to make it hang."""
        assert self._process is not None
        self._process.send_signal(number)

    def log(self) -> str:
        """What it has logged so far, over all its starts."""
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def __enter__(self) -> Mosquitto:
        if self._start_at_once:
            self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop(kill=True)


class Collector:
    """A subscriber that keeps every message it gets, in order, and comes back by itself when the broker does.

    Args:
        port: Of a broker on loopback.
        topics: Topic filter.
        protocol: As of MQTT; an older broker wants MQTTv311.
        username, password: Or None.
        ca_file: Speak TLS and trust this.
        client_files: Its certificate and key, for a broker that asks for them.
    """

    def __init__(
        self,
        port: int,
        topics: str = "#",
        *,
        protocol: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5,
        username: str | None = None,
        password: str | None = None,
        ca_file: Path | None = None,
        client_files: tuple[Path, Path] | None = None,
    ) -> None:
        self.messages: list[MQTTMessage] = []
        self._subscribed = threading.Event()
        self._topics = topics
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=protocol)
        self._client.username_pw_set(username, password)
        if ca_file:
            cert, key = client_files or (None, None)
            self._client.tls_set(str(ca_file), str(cert) if cert else None, str(key) if key else None)
        self._client.on_connect = lambda client, *_: client.subscribe(self._topics, qos=1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_disconnect = lambda *_: self._subscribed.clear()
        self._client.on_message = lambda _client, _userdata, message: self.messages.append(message)
        self._client.reconnect_delay_set(1, 1)
        self._client.connect_async("127.0.0.1", port)

    def wait_subscribed(self) -> None:
        """Wait until the broker has confirmed the subscription (again)."""
        assert self._subscribed.wait(DEADLINE_S), "the collector could not subscribe"

    def on(self, topic: str) -> list[bytes]:
        """The payloads that came on one topic."""
        return [bytes(message.payload) for message in list(self.messages) if message.topic == topic]

    def __enter__(self) -> Collector:
        self._client.loop_start()
        self.wait_subscribed()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self._client.on_connect = self._client.on_subscribe = self._client.on_message = None
        self._client.on_disconnect = None
        del self._client

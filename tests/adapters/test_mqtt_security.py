"""Brokers that refuse, ask for passwords, speak TLS, or are not there at all."""

from __future__ import annotations

import logging
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from edge.adapters.mqtt import Broker, Publisher
from edge.adapters.outbox import Outbox
from edge.errors import BrokerError
from tests.adapters.publishing import (
    DOOR,
    SECRET,
    SIDE,
    WILL,
    all_here,
    broker_at,
    outbox,
    post,
    publisher_to,
    seqs,
)
from tests.mosquitto import Certificates, Collector, Mosquitto, program, wait_until

__all__ = ["outbox"]  # a fixture

paho_forgets_to_close = pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")
"""paho 2.2 leaves a socket whose handshake failed to the garbage collector."""


def test_a_forbidden_topic_stays_pending_and_holds_up_nobody(
    tmp_path: Path, outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    post(outbox, 200)
    post(outbox, 60, SIDE)
    acl = f"topic readwrite #\ntopic deny {DOOR}\n"
    with (
        Mosquitto(tmp_path / "broker", acl=acl) as broker,
        Collector(broker.port) as collector,
        publisher_to(broker, outbox) as publisher,
    ):
        wait_until(all_here(collector, 60, SIDE), turn=publisher.pump)
        assert publisher.problem == f"not authorised: {DOOR}"
        assert not publisher.drain(2.0)
        assert outbox.depth() == 200
        refused = broker.log().count("Denied PUBLISH")
        assert 1 <= refused <= 20 + 8, "a window and then single probes, not a hot loop"
        assert caplog.text.count("not authorised") == 1
        (broker.folder / "acl").write_text("topic readwrite #\n", encoding="utf-8")
        post(outbox, 2000, SIDE)  # so that rows are in flight while the refused ones start again
        broker.signal(signal.SIGHUP)
        assert publisher.drain(60.0)
        wait_until(all_here(collector, 200))
        wait_until(all_here(collector, 2060, SIDE))
        assert (len(seqs(collector)), len(seqs(collector, SIDE))) == (200, 2060), "none twice"
        assert outbox.depth() == 0
        assert "all is well" in caplog.text


def test_a_wrong_password_is_a_problem_and_appears_nowhere(
    tmp_path: Path, outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    post(outbox, 3)
    users = {"edge": "right", "reader": "r"}
    with Mosquitto(tmp_path / "broker", users=users) as broker:
        login = broker_at(broker.port, username="edge", password=SECRET)
        with Publisher(login, outbox, will=WILL, birth=list) as publisher:
            wait_until(lambda: publisher.problem == "not authorised", turn=publisher.pump)
            assert not publisher.drain(1.5)
            assert publisher.problem == "not authorised", "and not how the connection ended after that"
            seen = f"{login!r} {login} {publisher!r} {publisher.problem}"
        with publisher_to(broker, outbox, username="edge", password="right") as publisher:
            assert publisher.drain(30.0)
    assert SECRET not in caplog.text + seen
    assert caplog.text.count("not authorised") == 1


@paho_forgets_to_close
def test_tls_with_an_authority_of_our_own(tmp_path: Path, outbox: Outbox) -> None:
    certificates = Certificates(tmp_path / "certificates")
    stranger = certificates.authority("stranger")
    post(outbox, 10)
    with Mosquitto(tmp_path / "broker", certificates=certificates) as broker:
        with publisher_to(broker, outbox, ca_file=stranger) as publisher:
            wait_until(lambda: "not trusted" in (publisher.problem or ""), turn=publisher.pump)
        with publisher_to(broker, outbox) as publisher:  # plain TCP
            wait_until(lambda: publisher.problem == "closed by the broker before it answered", turn=publisher.pump)
        assert outbox.depth() == 10
        with (
            Collector(broker.port, ca_file=certificates.ca_file) as collector,
            publisher_to(broker, outbox, host="localhost", ca_file=certificates.ca_file) as publisher,
        ):
            assert publisher.drain(30.0)
            wait_until(all_here(collector, 10))
    assert outbox.depth() == 0


def test_tls_with_a_client_certificate(tmp_path: Path, outbox: Outbox) -> None:
    made = Certificates(tmp_path / "certificates")
    post(outbox, 10)
    with Mosquitto(tmp_path / "broker", certificates=made, require_client_certificate=True) as broker:
        with publisher_to(broker, outbox, ca_file=made.ca_file) as publisher:
            wait_until(lambda: publisher.problem, turn=publisher.pump)
            assert not publisher.connected
        files: dict[str, Any] = {"ca_file": made.ca_file, "cert_file": made.client_cert, "key_file": made.client_key}
        with publisher_to(broker, outbox, **files) as publisher:
            assert publisher.drain(30.0)


@paho_forgets_to_close
def test_tls_on_a_port_that_does_not_speak_it(tmp_path: Path, outbox: Outbox) -> None:
    with Mosquitto(tmp_path / "broker") as broker, publisher_to(broker, outbox, tls=True) as publisher:
        wait_until(lambda: "connection failed" in (publisher.problem or ""), turn=publisher.pump)


def test_wrong_tls_files_are_named(tmp_path: Path, outbox: Outbox) -> None:
    made = Certificates(tmp_path / "certificates")
    text, missing = tmp_path / "text.pem", tmp_path / "missing.pem"
    text.write_text("no certificate", encoding="utf-8")
    locked = tmp_path / "locked.key"
    pass_phrase = ["-aes256", "-passout", "pass:x"]
    subprocess.run([program("openssl"), "ec", "-in", made.client_key, "-out", locked, *pass_phrase], check=True)
    cases: list[tuple[dict[str, Any], str]] = [
        ({"ca_file": missing}, r"missing\.pem: expected a PEM file .* No such file"),
        ({"ca_file": tmp_path}, r"expected a PEM file .* Is a directory"),
        ({"ca_file": text}, r"text\.pem: expected PEM certificates"),
        ({"cert_file": text}, r"text\.pem, same file: expected a PEM certificate and its key"),
        ({"cert_file": made.client_cert, "key_file": missing}, r"missing\.pem: expected a PEM file"),
        ({"cert_file": made.client_cert, "key_file": made.server_key}, r"server\.key: expected"),
        ({"cert_file": made.client_cert, "key_file": locked}, r"locked\.key: expected .* without a pass phrase"),
        ({"key_file": made.client_key}, r"expected a certificate with the key"),
    ]
    for files, expected in cases:
        with pytest.raises(BrokerError, match=expected):
            publisher_to(1883, outbox, **files)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"host": ""}, "expected a host name"),
        ({"host": "a..b"}, "expected a host name"),
        ({"port": 0}, "expected a port from 1 to 65535, got 0"),
        ({"port": 65536}, "expected a port from 1 to 65535, got 65536"),
        ({"password": SECRET}, "expected a user name with the password"),
    ],
)
def test_settings_that_cannot_work(settings: dict[str, Any], expected: str) -> None:
    with pytest.raises(BrokerError, match=expected) as caught:
        Broker(**{"host": "localhost", "client_id": "edge-test", **settings})
    assert SECRET not in str(caught.value)


def test_a_host_that_is_not_there(outbox: Outbox) -> None:
    with publisher_to(1883, outbox, host="nobody.invalid") as publisher:
        wait_until(lambda: publisher.problem == "host not found", turn=publisher.pump)

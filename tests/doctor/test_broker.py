"""A real mosquitto with passwords, access lists and TLS, seen by the doctor."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.config import Config, parse
from edge.doctor import broker as examined
from edge.doctor.broker import examine_broker
from edge.doctor.finding import Finding
from tests.commands import CANARY, CONFIG
from tests.mosquitto import Certificates, Collector, Mosquitto, free_port, wait_until

OWN = "user box\ntopic write traffic/v1/shop/box/#\ntopic read traffic/v1/shop/box/cmd/#\n"


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKER", CANARY)
    monkeypatch.setattr(examined, "ECHO_S", 1.0)


def config(broker: Mosquitto | int, more: str = "", *, login: bool = True) -> Config:
    port = broker if isinstance(broker, int) else broker.port
    user = ", username: box, password: {env: BROKER}" if login else ""
    return parse(CONFIG.replace("enabled: false", f"host: 127.0.0.1, port: {port}{user}{more}"))


def found(settings: Config) -> dict[str, Finding]:
    return {finding.check: finding for finding in examine_broker(settings, "box")}


def verdicts(settings: Config) -> dict[str, str]:
    return {check: finding.verdict for check, finding in found(settings).items()}


def test_a_broker_that_knows_its_devices_is_fine(tmp_path: Path) -> None:
    with Mosquitto(tmp_path, users={"box": CANARY}, acl=OWN) as broker:
        assert set(verdicts(config(broker)).values()) == {"ok"}


def test_a_broker_that_lets_everybody_write_everything_is_a_warning(tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as broker:
        access = found(config(broker, login=False))["broker.access"]
    assert access.verdict == "warning"
    assert "traffic/v1/shop/not-box/" in access.expected
    assert "topic write traffic/v1/shop/box/#" in access.advice


def test_what_is_published_reaches_no_counting_reader_and_stays_nowhere(tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as broker:
        with Collector(broker.port, "traffic/#") as during:
            found(config(broker, login=False))
            wait_until(lambda: len(during.messages) == 3)
        with Collector(broker.port, "traffic/#") as after:
            pass
    assert {message.topic.split("/")[-2] for message in during.messages} == {"answer", "cmd"}
    assert after.messages == []


def test_a_device_without_rights_is_told_which(tmp_path: Path) -> None:
    acl = "user box\ntopic read traffic/v1/shop/box/cmd/#\n"
    with Mosquitto(tmp_path, users={"box": CANARY}, acl=acl) as broker:
        checks = found(config(broker))
    assert (checks["broker.publish"].verdict, checks["broker.publish"].saw) == ("failure", "Not authorized")
    assert checks["broker.echo"].verdict == "skipped"


def test_a_device_that_nobody_can_ask_is_a_warning(tmp_path: Path) -> None:
    acl = "user box\ntopic write traffic/v1/shop/box/#\n"
    with Mosquitto(tmp_path, users={"box": CANARY}, acl=acl) as broker:
        checks = found(config(broker))
    assert checks["broker.echo"].verdict == "warning"
    assert checks["broker.access"].verdict == "ok"


def test_a_wrong_password_and_no_broker_are_failures_without_the_secret(tmp_path: Path) -> None:
    with Mosquitto(tmp_path, users={"box": "another"}) as broker:
        checks = found(config(broker))
    assert checks["broker.connects"].verdict == "failure"
    assert "Not authorized" in checks["broker.connects"].saw
    nobody = found(config(free_port()))["broker.connects"]
    assert "refused" in nobody.saw
    assert CANARY not in f"{checks}{nobody}"


def test_the_old_protocol_is_a_warning(tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as broker:
        checks = verdicts(config(broker, ', protocol: "3.1.1"', login=False))
    assert checks == {
        "broker.certificate": "ok", "broker.connects": "ok", "broker.version": "warning", "broker.echo": "ok",
        "broker.publish": "ok", "broker.access": "skipped",
    }  # fmt: skip


def test_tls_tells_how_long_each_certificate_is_good(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path / "certificates")
    files = f"cert_file: {certificates.client_cert}, key_file: {certificates.client_key}"
    with Mosquitto(tmp_path / "broker", certificates=certificates, require_client_certificate=True) as broker:
        tls = config(broker, f", tls: {{ca_file: {certificates.ca_file}, {files}}}", login=False)
        checks = found(tls)
        other = certificates.authority("other")
        trusting = config(broker, f", tls: {{ca_file: {other}}}", login=False)
        untrusted = found(trusting)
    for check in ("broker.certificate", "broker.authority", "broker.own_certificate"):
        assert checks[check].verdict == "warning", "two days are less than 30"
        assert "1 days" in checks[check].saw or "2 days" in checks[check].saw
    assert "TLSv1." in checks["broker.certificate"].saw
    assert checks["broker.publish"].verdict == "ok"
    assert {check: finding.verdict for check, finding in untrusted.items()} == {"broker.certificate": "failure"}
    assert "certificate" in untrusted["broker.certificate"].saw


def test_a_port_without_tls_is_told(tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as broker:
        checks = found(config(broker, ", tls: true", login=False))
    assert checks["broker.certificate"].verdict == "failure"
    assert "8883" in checks["broker.certificate"].advice


def test_a_broker_on_another_machine_needs_tls() -> None:
    assert examined._plain("192.0.2.7").verdict == "warning"
    assert examined._plain("broker.shop").verdict == "warning"
    assert examined._plain("localhost").verdict == "ok"


def test_switched_off_is_no_failure() -> None:
    assert verdicts(parse(CONFIG)) == {"broker.connects": "skipped"}

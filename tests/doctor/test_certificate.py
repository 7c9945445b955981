"""The end of a certificate, read from its PEM, as openssl wrote it."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

import pytest

from edge.doctor.certificate import end_utc_s
from tests.mosquitto import program


@pytest.mark.parametrize("days", ["2", "3000", "20000"])  # 20000 days end after 2049, which is written in another way
def test_the_end_is_that_which_openssl_tells(tmp_path: Path, days: str) -> None:
    pem, key = tmp_path / "a.pem", tmp_path / "a.key"
    ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=a", "-days", days]
    subprocess.run(
        [program("openssl"), "req", "-x509", *ec, "-keyout", key, "-out", pem], check=True, capture_output=True
    )
    told = subprocess.run(
        [program("openssl"), "x509", "-enddate", "-noout", "-in", pem], check=True, capture_output=True
    )
    assert end_utc_s(pem) == ssl.cert_time_to_seconds(told.stdout.decode().strip().removeprefix("notAfter="))


def test_a_file_without_certificate_has_no_end(tmp_path: Path) -> None:
    (tmp_path / "x.pem").write_text("hello")
    assert end_utc_s(tmp_path / "x.pem") is None

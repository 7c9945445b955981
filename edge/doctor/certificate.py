"""How long the certificates of a TLS connection are good for. It speaks no MQTT."""

from __future__ import annotations

import re
import socket
import ssl
import time
from base64 import b64decode
from calendar import timegm
from pathlib import Path

from edge.adapters.mqtt import Broker
from edge.doctor.finding import Finding, Verdict, judged

DAY_S = 86_400.0
SOON_DAYS = 30.0
TIMEOUT_S = 10.0

_VALIDITY = re.compile(
    rb"\x30.(?:\x17\x0d\d{12}Z|\x18\x0f\d{14}Z)(?:\x17\x0d(?P<utc>\d{12})Z|\x18\x0f(?P<general>\d{14})Z)", re.DOTALL
)
"""Validity, a sequence of two times, as DER has it (RFC 5280, sections 4.1.2.5.1 and 4.1.2.5.2)."""


def examine_certificates(broker: Broker, context: ssl.SSLContext) -> list[Finding]:
    """The certificate of the broker, those that vouch for it, and our own."""
    expected = "a certificate that is trusted and good for more than 30 days"
    try:
        with (
            socket.create_connection((broker.host, broker.port), TIMEOUT_S) as plain,
            context.wrap_socket(plain, server_hostname=broker.host) as connection,
        ):
            version, certificate = connection.version(), connection.getpeercert()
    except ssl.SSLCertVerificationError as error:
        advice = (
            "mqtt.tls.ca_file has to be of the authority that signed it, for this very host name; is the date right?"
        )
        return [Finding("broker.certificate", "failure", str(error.verify_message), expected, advice)]
    except OSError as error:  # ssl.SSLError is one
        advice = "is this the port for TLS (usually 8883)? Does the broker ask for a certificate (cert_file, key_file)?"
        return [Finding("broker.certificate", "failure", _reason(error), expected, advice)]
    ends = str((certificate or {}).get("notAfter", ""))
    found = [_dated("broker.certificate", ssl.cert_time_to_seconds(ends), f"{version}, ")]
    if broker.ca_file:
        authorities = [str(one["notAfter"]) for one in context.get_ca_certs()]
        if authorities:
            found.append(
                _dated("broker.authority", min(map(ssl.cert_time_to_seconds, authorities)), "mqtt.tls.ca_file ")
            )
    if broker.cert_file and (own := end_utc_s(broker.cert_file)) is not None:
        found.append(_dated("broker.own_certificate", own, "mqtt.tls.cert_file "))
    return found


def end_utc_s(pem: Path) -> float | None:
    """When the first certificate of a PEM file ends, UTC; None when none can be read."""
    block = re.search(rb"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", pem.read_bytes(), re.DOTALL)
    validity = _VALIDITY.search(b64decode(block[1])) if block else None
    if validity is None:
        return None
    # Two digits of a year are 1950 to 2049, which is not where strptime parts the centuries.
    text = (validity["general"] or (b"19" if validity["utc"] >= b"50" else b"20") + validity["utc"]).decode()
    return float(timegm(time.strptime(text, "%Y%m%d%H%M%S")))


def _dated(check: str, ends_utc_s: float, what: str) -> Finding:
    days = (ends_utc_s - time.time()) / DAY_S
    date = time.strftime("%Y-%m-%d", time.gmtime(ends_utc_s))
    verdict: Verdict = "failure" if days <= 0 else "warning" if days < SOON_DAYS else "ok"
    return judged(check, verdict, f"{what}good until {date}, {days:.0f} days", "more than 30 days", "renew it in time")


def _reason(error: OSError) -> str:
    return str(getattr(error, "reason", None) or error.strerror or error)

"""Where the broker is, and how a reader speaks to it. It opens no connection."""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass, field
from pathlib import Path

from edge.errors import BrokerError

PASSWORD_VARIABLE = "TRAFFIC_MQTT_PASSWORD"  # noqa: S105 - the name of a place
_MAX_BYTES = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Broker:
    """A broker; any of the files turns TLS on.

    Attributes:
        host: Name or address.
        port: 1 to 65535.
        username, password: Or None.
        ca_file: PEM of the authorities to trust; without, those of the system.
        cert_file, key_file: PEM of the client's certificate and key (which may be in one file).
        tls: Speak TLS even without any of the files.
        keepalive_s: Seconds of silence after which the connection is checked.

    Raises:
        BrokerError: Settings that cannot work together.
    """

    host: str
    port: int = 1883
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    tls: bool = False
    keepalive_s: int = 30

    def __post_init__(self) -> None:
        if not self.host or not 1 <= self.port <= 65535:
            raise BrokerError(
                f"MQTT broker: expected a host and a port from 1 to 65535, got {self.host!r}, {self.port}"
            )
        if self.password is not None and self.username is None:
            raise BrokerError(f"MQTT broker {self.host}: expected a user name with the password, got none")
        if self.key_file is not None and self.cert_file is None:
            raise BrokerError(f"MQTT broker {self.host}: expected a certificate with the key {self.key_file}, got none")

    def tls_context(self) -> ssl.SSLContext | None:
        """The TLS settings, or None for plain TCP.

        Raises:
            BrokerError: A file is missing or holds something else.
        """
        if not (self.tls or self.ca_file or self.cert_file):
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            if self.ca_file:
                context.load_verify_locations(self.ca_file)
            else:
                context.load_default_certs()
            if self.cert_file:  # an empty password instead of OpenSSL's question on the terminal
                context.load_cert_chain(self.cert_file, self.key_file, password=lambda: "")
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            files = ", ".join(str(file) for file in (self.ca_file, self.cert_file, self.key_file) if file)
            raise BrokerError(f"{files}: expected PEM files for MQTT over TLS, got: {type(error).__name__}") from None
        return context


def read_password(file: Path | None) -> str | None:
    """The password in `file`; else in $TRAFFIC_MQTT_PASSWORD; else None. It never stands on a command line.

    Raises:
        BrokerError: The file cannot be read or is empty.
    """
    if file is None:
        return os.environ.get(PASSWORD_VARIABLE) or None
    try:
        with file.open("rb") as stream:
            stored = stream.read(_MAX_BYTES)
    except OSError as error:
        raise BrokerError(f"{file}: expected a readable file with the password, got: {error.strerror}") from None
    secret = stored.decode(errors="replace").removesuffix("\n").removesuffix("\r")
    if not secret:
        raise BrokerError(f"{file}: expected the password of the MQTT broker, found it empty")
    return secret

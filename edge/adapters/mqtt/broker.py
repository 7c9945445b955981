"""Where the broker is and how to speak to it. It opens no connection."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from edge.errors import BrokerError


@dataclass(frozen=True, kw_only=True, slots=True)
class Broker:
    """Where the broker is and how to speak to it; any of the files turns TLS on.

    Attributes:
        host: Name or address.
        port: 1 to 65535.
        protocol: MQTT version; with 3.1.1 a broker cannot say that it refuses a row.
        client_id: Unique at the broker, or two devices throw each other out.
        keepalive_s: Seconds of silence after which the connection is checked.
        username, password: Or None.
        ca_file: PEM of the authorities to trust; without, those of the system.
        cert_file, key_file: PEM of the client's certificate and key (which may be in one file).
        tls: Speak TLS even without any of the files.

    Raises:
        BrokerError: Settings that cannot work together.
    """

    host: str
    port: int = 1883
    protocol: Literal["5", "3.1.1"] = "5"
    client_id: str
    keepalive_s: int = 30
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    tls: bool = False

    def __post_init__(self) -> None:
        try:
            valid = bool(self.host.encode("idna"))
        except UnicodeError:  # would end paho's thread
            valid = False
        if not valid:
            raise BrokerError(f"MQTT broker: expected a host name or address, got {self.host!r}")
        if not 1 <= self.port <= 65535:
            raise BrokerError(f"MQTT broker {self.host}: expected a port from 1 to 65535, got {self.port}")
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
        for file in (self.ca_file, self.cert_file, self.key_file):
            try:
                if file:
                    file.read_bytes()
            except OSError as error:
                raise BrokerError(f"{file}: expected a PEM file for MQTT over TLS, got: {error.strerror}") from None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            if self.ca_file:
                context.load_verify_locations(self.ca_file)
            else:
                context.load_default_certs()
        except ssl.SSLError:
            raise BrokerError(f"{self.ca_file}: expected PEM certificates of authorities, got something else") from None
        try:
            if self.cert_file:  # an empty password instead of OpenSSL's question on the terminal
                context.load_cert_chain(self.cert_file, self.key_file, password=lambda: "")
        except (ssl.SSLError, ValueError):
            raise BrokerError(
                f"{self.cert_file}, {self.key_file or 'same file'}: expected a PEM certificate and its key without "
                "a pass phrase, got something else"
            ) from None
        return context

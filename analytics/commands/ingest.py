"""`traffic ingest`: the reader, until it is told to stop."""

from __future__ import annotations

import logging
import re
import signal
import socket
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from analytics.broker import Broker, read_password
from analytics.commands.options import DatabaseOption, PasswordFileOption, open_database
from analytics.ingest import Ingest, Settings
from edge.core.message import NAME_PATTERN
from edge.errors import ConfigError


def ingest_command(
    broker: Annotated[str, typer.Option(help="Host of the MQTT broker.")] = "localhost",
    port: Annotated[int | None, typer.Option(help="Its port; else 1883, with TLS 8883.")] = None,
    username: Annotated[str | None, typer.Option(help="For the broker.")] = None,
    password_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Holds the password of the broker; else $TRAFFIC_MQTT_PASSWORD.")
    ] = None,
    tls: Annotated[bool, typer.Option("--tls", help="Speak TLS, with the authorities of the system.")] = False,
    ca_file: Annotated[Path | None, typer.Option(metavar="FILE", help="Speak TLS; trust these authorities.")] = None,
    cert_file: Annotated[Path | None, typer.Option(metavar="FILE", help="Certificate of this reader.")] = None,
    key_file: Annotated[Path | None, typer.Option(metavar="FILE", help="Its key.")] = None,
    db: DatabaseOption = None,
    db_password_file: PasswordFileOption = None,
    reader: Annotated[
        str | None, typer.Option(help="Name of this reader: its own, and the same after a restart; else the host's.")
    ] = None,
    group: Annotated[str, typer.Option(help="Readers of one group share the rows.")] = "traffic",
    batch_rows: Annotated[int, typer.Option(min=1, max=10_000, help="Messages after which a batch is stored.")] = 500,
    batch_ms: Annotated[
        int, typer.Option(min=1, max=60_000, help="Time after which it is stored, however small.")
    ] = 500,
    session_expiry_s: Annotated[
        int,
        typer.Option(min=60, max=31_536_000, help="How long the broker keeps what comes while this reader is away."),
    ] = 604_800,
    grace_s: Annotated[
        int,
        typer.Option(min=0, max=86_400, help="How long missing rows may come by themselves, before a box is asked."),
    ] = 30,
) -> None:
    """Read what boxes and online shops send, and keep exact books of it; several readers may share the work."""
    where = Broker(
        host=broker,
        port=port or (8883 if tls or ca_file or cert_file else 1883),
        username=username,
        password=read_password(password_file),
        ca_file=ca_file,
        cert_file=cert_file,
        key_file=key_file,
        tls=tls,
    )
    settings = Settings(
        reader=_name("--reader", reader or _host()),
        group=_name("--group", group),
        batch_rows=batch_rows,
        batch_s=batch_ms / 1000.0,
        session_s=session_expiry_s,
        grace_s=grace_s,
    )
    _log()
    told: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        told.append(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    Ingest(where, settings, lambda: open_database(db, db_password_file)).run(lambda: bool(told))


def _host() -> str:
    return re.sub(r"[^a-z0-9]+", "-", socket.gethostname().lower())[:63].strip("-") or "reader"


def _name(option: str, name: str) -> str:
    if not re.fullmatch(NAME_PATTERN, name):
        raise ConfigError(f"{option}: expected lower-case letters, digits and inner hyphens, got {name!r}")
    return name


def _log() -> None:
    handler = logging.StreamHandler(sys.stderr)
    formatter = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%SZ")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.INFO, handlers=[handler])

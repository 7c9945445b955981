"""Parts of the service as the configuration wants them; nothing runs here."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from edge.adapters import secrets
from edge.adapters.outbox import Outbox
from edge.bookkeeper import Bookkeeper
from edge.config import Camera, Config
from edge.core.books import Sender
from edge.core.message import topic
from edge.core.occupancy import business_day

if TYPE_CHECKING:
    from edge.adapters.mqtt import Broker, Commands


def outbox_file(config: Config, camera: Camera, state_dir: Path) -> Path:
    """Where the state database of this camera is."""
    return Path(config.outbox.path) if config.outbox.path else state_dir / f"{camera.name}.db"


def open_outbox(config: Config, camera: Camera, state_dir: Path) -> Outbox:
    """The state database of this camera.

    Raises:
        OutboxError: It cannot be used.
    """
    settings, path = config.outbox, outbox_file(config, camera, state_dir)
    return Outbox(path, retain_s=settings.retain_h * 3600.0, max_bytes=settings.max_mb * 2**20)


def wishes_file(state_dir: Path, camera: Camera) -> Path:
    """Where `edge outbox resend` leaves its wishes for the service of this camera."""
    return state_dir / f"{camera.name}.resend"


def engines_folder(state_dir: Path) -> Path:
    """Where a provider keeps what it has built of a model."""
    return state_dir / "engines"


def broker(config: Config, device: str) -> Broker:
    """Where the broker is, and who we are there: one connection for each device on the wire."""
    from edge.adapters.mqtt import Broker  # noqa: PLC0415 - who sends nothing does without the library

    mqtt = config.mqtt
    return Broker(
        host=mqtt.host,
        port=mqtt.port,
        protocol=mqtt.protocol,
        client_id=f"{config.site}-{device}",
        keepalive_s=mqtt.keepalive_s,
        username=mqtt.username,
        password=secrets.resolve(mqtt.password) if mqtt.password else None,
        tls=mqtt.tls is not None,
        ca_file=_path(mqtt.tls.ca_file) if mqtt.tls else None,
        cert_file=_path(mqtt.tls.cert_file) if mqtt.tls else None,
        key_file=_path(mqtt.tls.key_file) if mqtt.tls else None,
    )


def _path(text: str | None) -> Path | None:
    """Variables are filled in: the key may be a credential, `$CREDENTIALS_DIRECTORY/box.key`."""
    return Path(os.path.expandvars(text)) if text else None


def commands(config: Config, device: str, answer: Callable[[bytes], bytes]) -> Commands:
    """What may be asked of a device, and where it answers."""
    from edge.adapters.mqtt import Commands  # noqa: PLC0415

    site = config.site
    return Commands(topic=topic(site, device, "cmd", "replay"), answers=topic(site, device, "answer"), handle=answer)


def bookkeeper(config: Config, sender: Sender, outbox: Outbox, *, live: bool) -> Bookkeeper:
    """Who books what is counted; what the run before left open is booked at once."""
    return Bookkeeper(
        outbox,
        sender,
        lambda utc_s: business_day(utc_s, config.timezone, config.business_day_start),
        retain_s=config.outbox.retain_h * 3600.0,
        live=live,
    )

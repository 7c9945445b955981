"""What the service says of itself: status, info and health. It reads the state of others and changes nothing."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from edge import __version__
from edge.adapters import clock, thermal
from edge.adapters.outbox import Outbox
from edge.bookkeeper import Bookkeeper
from edge.config import Camera, Config
from edge.core import home_assistant, message
from edge.core.message import Message
from edge.core.report import Clock
from edge.observer import Observer

if TYPE_CHECKING:
    from edge.adapters.mqtt import Publisher

log = logging.getLogger(__name__)

_HEALTH_EXPIRES_AFTER = 3
"""Health periods."""
_NEWS_S = 1.0
"""Between two messages of a camera that changes."""


class SelfReport:
    """Messages about the device, in the name of one boot."""

    def __init__(self, config: Config, camera: Camera, boot_id: str, observer: Observer) -> None:
        self._config, self._camera, self._boot_id, self._observer = config, camera, boot_id, observer
        self._reported_s = time.monotonic()
        self._frames = self._gated = self._waited = 0
        self._seen_s: float | None = None
        self._told = observer.state
        self._clock: Clock = "synced"
        self._rows_dropped: int | None = None
        self._dropping = False

    def change(self, config: Config, camera: Camera) -> None:
        """Speaks of another configuration from now on."""
        self._config, self._camera = config, camera

    def count_frame(self) -> None:
        """Notes that a picture has just been looked at."""
        if self._seen_s is None:
            log.info("the first picture has been counted")
        self._frames += 1
        self._seen_s = time.monotonic()

    def due(self) -> bool:
        """Whether it is time for a health message, or the camera has changed and we did not speak just now."""
        news = self._observer.state != self._told
        return time.monotonic() - self._reported_s >= (_NEWS_S if news else self._config.health_s)

    def online(self) -> list[Message]:
        """What is to be said on every new connection."""
        return [self._status("online"), self.info()]

    def offline(self) -> Message:
        """The last will."""
        return self._status("offline")

    def info(self) -> Message:
        """What runs here."""
        camera, detector = self._camera, self._observer.detector
        info = message.Info(
            software=__version__,
            config_id=self._config.config_id,
            boot_id=self._boot_id,
            camera=camera.name,
            model=detector.name if detector else "recording",
            model_sha256=detector.sha256 if detector else None,
            provider=detector.provider if detector else None,
            provider_wanted=detector.provider_wanted if detector else None,
            lines=tuple(message.LineInfo(name=x.name, points=x.points, inside=x.inside) for x in camera.lines),
            zones=tuple(message.ZoneInfo(name=x.name, polygon=x.polygon) for x in camera.zones),
        )
        return Message(self._topic("info"), info.wire(), retain=True)

    def health(self, outbox: Outbox, keeper: Bookkeeper, publisher: Publisher | None) -> message.Health:
        """How things are; the frame rate and its shares are those since the last call."""
        now = time.monotonic()
        detector, lookout = self._observer.detector, self._observer.lookout
        gated, waited = (lookout.gated - self._gated, lookout.waited - self._waited) if lookout else (0, 0)
        pictures = self._frames + waited
        health = message.Health(
            boot_id=self._boot_id,
            camera=self._observer.state,
            fps=round(pictures / (now - self._reported_s), 2),
            gated=round(gated / pictures, 3) if lookout and pictures else None,
            waited=round(waited / pictures, 3) if lookout and pictures else None,
            frame_age_s=_rounded(now - self._seen_s if self._seen_s is not None else None),
            detector_ms=_rounded(detector.last_ms if detector else None),
            provider=detector.provider if detector else None,
            provider_fallback=detector is not None and detector.provider != detector.provider_wanted,
            broker=publisher.state if publisher else "off",
            books=keeper.state,
            outbox_depth=outbox.depth(),
            outbox_oldest_s=_rounded(outbox.oldest_age_s()),
            outbox_dropped=outbox.dropped,
            intervals_waiting=keeper.waiting,
            intervals_dropped=keeper.dropped,
            puback_age_s=_rounded(publisher.puback_age_s() if publisher else None),
            clock="synced" if clock.synchronised() else "unsynced",
            temperature_c=thermal.temperature_c(),
            throttled=None,
        )
        self._reported_s, self._frames, self._told = now, 0, health.camera
        self._gated, self._waited = self._gated + gated, self._waited + waited
        self._tell_changes(health)
        return health

    def health_message(self, health: message.Health) -> Message:
        """`health` for the broker; it expires, for a late one says nothing about now."""
        expiry_s = _HEALTH_EXPIRES_AFTER * self._config.health_s
        return Message(self._topic("health"), health.wire(), qos=0, expiry_s=expiry_s)

    def discovery(self, retained: Sequence[Message]) -> list[Message]:
        """What Home Assistant has to be told, or told no more, after what the broker was given to keep."""
        wanted = None
        if self._config.mqtt.home_assistant:
            config, camera = self._config, self._camera
            wanted = home_assistant.discovery(
                config.site,
                config.device_of(camera),
                lines=[line.name for line in camera.lines],
                zones=[zone.name for zone in camera.zones],
                software=__version__,
                interval_s=config.interval_s,
                health_s=config.health_s,
            )
        return home_assistant.changes(wanted, retained)

    def _tell_changes(self, health: message.Health) -> None:
        """Logs what nobody else does, when it changes."""
        if self._observer.live and health.clock != self._clock:  # a file has a time of its own
            self._clock = health.clock
            known = health.clock == "synced"
            log.log(logging.INFO if known else logging.WARNING, "clock: %s", health.clock)
        before, self._rows_dropped = self._rows_dropped, health.outbox_dropped
        dropping = before is not None and health.outbox_dropped > before
        if dropping != self._dropping:
            self._dropping = dropping
            text = "rows go before their time, for want of room" if dropping else "no row goes before its time any more"
            log.log(logging.WARNING if dropping else logging.INFO, "outbox: %s", text)

    def _status(self, state: message.Presence) -> Message:
        status = message.DeviceStatus(state=state, boot_id=self._boot_id)
        return Message(self._topic("status"), status.wire(), retain=True)

    def _topic(self, *parts: str) -> str:
        return message.topic(self._config.site, self._config.device_of(self._camera), *parts)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)

"""The loop: wires the adapters to the pipeline, closes intervals, keeps going whatever camera and broker do.

Everything that has a side effect is opened here in one place and closed in reverse order. The loop is the only writer
of the outbox; publishing never stands in its way.
"""

from __future__ import annotations

import logging
import secrets as random_ids
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from edge.adapters import clock, secrets
from edge.adapters.metrics import Metrics
from edge.adapters.mqtt import Broker, Publisher
from edge.adapters.outbox import Outbox
from edge.adapters.systemd import Notifier
from edge.config import Camera, Config
from edge.core.books import Books, Sender
from edge.core.interval import Counting, Intervals
from edge.core.message import Message
from edge.core.occupancy import business_day
from edge.core.pipeline import Pipeline
from edge.core.report import Clock, IntervalReport
from edge.errors import CameraError, ConfigError
from edge.observer import Observation, Observer, Speed
from edge.self_report import SelfReport

log = logging.getLogger(__name__)

DRAIN_S = 10.0
"""How long the end of a run waits for the broker to acknowledge what is left; the rest goes out at the next start."""

Chosen = tuple[Config, Camera]
"""A configuration, and the camera in it that this process runs."""


@dataclass(frozen=True)
class Options:
    """How one run of the service differs from the next.

    Attributes:
        state_dir: Where the outbox lies when the configuration names no path.
        speed: Of files and recordings.
        start_utc_s: When the first picture of a file is said to have been taken; None: now.
        reload: Reads the configuration again, on SIGHUP; raises ConfigError when it cannot be used.
    """

    state_dir: Path
    speed: Speed = "real"
    start_utc_s: float | None = None
    reload: Callable[[], Chosen] | None = None


class Service:
    """Counts one camera until it is stopped, its file ends, or the configuration changes beyond lines and zones."""

    def __init__(self, chosen: Chosen, options: Options) -> None:
        self._config, self._camera = chosen
        self._options = options
        self._boot_id = random_ids.token_hex(8)
        self._stopping = self._reload_wanted = False
        self._changed: Chosen | None = None
        self._broken: CameraError | None = None
        self._dropped = 0
        self._started_utc_s = time.time() if options.start_utc_s is None else options.start_utc_s
        self._notifier = Notifier()

    def run(self) -> Chosen | None:
        """Runs to the end.

        Returns:
            The configuration to go on with in a new Service, when it changed beyond lines and zones; else None.

        Raises:
            CameraError: A file cannot be read (a live camera that fails is a state, not an error).
            ConfigError, ModelError, OutboxError, BrokerError: It cannot start.
        """
        config, camera = self._config, self._camera
        with ExitStack() as stack:
            stack.enter_context(_signals(self._stop, self._want_reload))
            self._observer = stack.enter_context(Observer(camera, speed=self._options.speed))
            self._outbox = stack.enter_context(_open_outbox(config, camera, self._options.state_dir))
            self._metrics = stack.enter_context(Metrics(config.metrics.port, config.metrics.host))
            self._about = SelfReport(config, camera, self._boot_id, self._observer)
            self._publisher: Publisher | None = None
            if config.mqtt.enabled:
                broker = _broker(config, camera)
                publisher = Publisher(broker, self._outbox, will=self._about.offline(), birth=self._about.online)
                self._publisher = stack.enter_context(publisher)
            self._notifier.ready()
            log.info("counting %s with configuration %s", camera.name, config.config_id)
            successor = self._loop()
            if successor is None:
                self._notifier.stopping()
            if self._publisher is not None and not self._publisher.drain(DRAIN_S):
                log.warning("%d messages stay in the outbox until the broker takes them", self._outbox.depth())
        if self._broken is not None:
            raise self._broken
        return successor

    def _loop(self) -> Chosen | None:
        camera, successor = self._camera, None
        pipeline = Pipeline(camera.line_rules(), camera.zone_rules(), camera.tracker_rule())
        intervals: Intervals | None = None
        now = 0.0
        for observation in self._observations():
            if observation is not None:
                now = observation.seen.mono_s
            elif self._observer.live:
                now = time.monotonic()
            if intervals is None:
                intervals = Intervals(self._config.interval_s, self._counting(pipeline), now, *self._utc(now))
            if intervals.due(now):
                successor = self._change(pipeline, intervals)
                if successor is not None:
                    break
                intervals.turn(self._counting(pipeline), now, *self._utc(now))
            if observation is not None:
                intervals.add(pipeline.step(observation.seen), self._newly_dropped())
            self._post(intervals.closed(now))
            self._chores(observation)
            if self._stopping:
                break
        if intervals is not None:
            intervals.add(pipeline.finish())
            self._post(intervals.finish())
        return successor

    def _observations(self) -> Iterator[Observation | None]:
        """What is observed; of a file that breaks off, what was counted until then is still true and is sent first."""
        try:
            yield from self._observer.observations()
        except CameraError as error:
            self._broken = error

    def _newly_dropped(self) -> int:
        before, self._dropped = self._dropped, self._observer.dropped
        return self._dropped - before

    def _utc(self, mono_s: float) -> tuple[float, Clock]:
        """UTC at an instant of the source's clock, and whether it can be believed; a file has a time of its own."""
        if not self._observer.live:
            return self._started_utc_s + mono_s, "synced"
        return time.time() - (time.monotonic() - mono_s), "synced" if clock.synchronised() else "unsynced"

    def _counting(self, pipeline: Pipeline) -> Counting:
        camera = self._camera
        return Counting(camera.line_rules(), camera.zone_rules(), self._config.config_id, pipeline.hold_s)

    def _post(self, reports: list[IntervalReport]) -> None:
        config = self._config
        sender = Sender(config.site, config.device, self._boot_id, config.privacy.min_count)
        for report in reports:
            day = business_day(report.start_utc_s, config.timezone, config.business_day_start)
            self._outbox.post(lambda books, report=report, day=day: books.post(report, sender, day))  # type: ignore[misc]
            self._metrics.watched(report.frames, report.dropped)
            for name, line in report.lines.items():
                self._metrics.line(name, line.in_, line.out)
            for name, zone in report.zones.items():
                self._metrics.zone(name, zone.entered)
        if reports and self._publisher is not None:
            self._publisher.wake()

    def _chores(self, observation: Observation | None) -> None:
        """What has to be done now and then, pictures or not."""
        self._notifier.beat()
        if observation is not None:
            self._about.count_frame()
        if self._publisher is not None:
            self._publisher.pump()
        if self._about.due():
            self._outbox.prune()
            self._tell_health()
        if self._reload_wanted:
            self._reload_wanted = False
            self._read_change()

    def _tell_health(self) -> None:
        health, publisher = self._about.health(self._outbox, self._publisher), self._publisher
        if publisher is not None:
            publisher.send(self._about.health_message(health))
        self._metrics.health(
            outbox_depth=health.outbox_depth,
            frame_age_s=health.frame_age_s,
            detector_ms=health.detector_ms,
            broker_connected=publisher is not None and publisher.connected,
            camera=health.camera,
        )

    # Stopping, and changing the configuration at the next boundary.

    def _stop(self) -> None:
        self._stopping = True

    def _want_reload(self) -> None:
        self._reload_wanted = True

    def _read_change(self) -> None:
        if self._options.reload is None:
            return
        try:
            self._changed = self._options.reload()
        except ConfigError as error:
            log.error("the configuration stays as it is: %s", error)
            return
        log.info("configuration %s takes over at the next interval", self._changed[0].config_id)

    def _change(self, pipeline: Pipeline, intervals: Intervals) -> Chosen | None:
        """Takes over what was read; a change of more than lines and zones is returned, for a new Service to run."""
        changed, self._changed = self._changed, None
        if changed is None:
            return None
        config, camera = changed
        if _without_shapes(config, camera) != _without_shapes(self._config, self._camera):
            return changed
        intervals.add(pipeline.change(camera.line_rules(), camera.zone_rules()))
        self._config, self._camera = changed
        self._about.change(config, camera)

        def announce(books: Books) -> tuple[list[Message], Books]:
            return [self._about.info()], books

        self._outbox.post(announce)
        log.info("counting with configuration %s", config.config_id)
        return None


def _without_shapes(config: Config, camera: Camera) -> tuple[Config, Camera]:
    return config.model_copy(update={"cameras": ()}), camera.model_copy(update={"lines": (), "zones": ()})


def _open_outbox(config: Config, camera: Camera, state_dir: Path) -> Outbox:
    settings = config.outbox
    path = Path(settings.path) if settings.path else state_dir / f"{camera.name}.db"
    return Outbox(path, retain_s=settings.retain_h * 3600.0, max_bytes=settings.max_mb * 2**20)


def _broker(config: Config, camera: Camera) -> Broker:
    mqtt = config.mqtt
    return Broker(
        host=mqtt.host,
        port=mqtt.port,
        protocol=mqtt.protocol,
        client_id=f"{config.site}-{config.device}-{camera.name}",
        keepalive_s=mqtt.keepalive_s,
        username=mqtt.username,
        password=secrets.resolve(mqtt.password) if mqtt.password else None,
        tls=mqtt.tls is not None,
        ca_file=_path(mqtt.tls.ca_file) if mqtt.tls else None,
        cert_file=_path(mqtt.tls.cert_file) if mqtt.tls else None,
        key_file=_path(mqtt.tls.key_file) if mqtt.tls else None,
    )


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None


@contextmanager
def _signals(stop: Callable[[], None], reload: Callable[[], None]) -> Iterator[None]:
    """SIGTERM and SIGINT stop at the next turn of the loop, SIGHUP reads the configuration again."""

    def handler(number: int, _: FrameType | None) -> None:
        reload() if number == signal.SIGHUP else stop()

    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = [signal.signal(number, handler) for number in numbers]
    try:
        yield
    finally:
        for number, previous in zip(numbers, before, strict=True):
            signal.signal(number, previous)

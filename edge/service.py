"""The loop: wires the adapters to the pipeline, closes intervals, keeps going whatever camera and broker do.

Everything that has a side effect is opened here in one place and closed in reverse order. The loop is the only writer
of the outbox; publishing never stands in its way.
"""

from __future__ import annotations

import copy
import gc
import logging
import secrets as random_ids
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edge import __version__, wiring
from edge.adapters import clock, heap
from edge.adapters.metrics import Metrics
from edge.adapters.outbox import FullError
from edge.adapters.systemd import Notifier
from edge.ahead import Ahead
from edge.bookkeeper import TALLY_S
from edge.config import Camera, Config
from edge.core.books import Sender
from edge.core.interval import Counting, Intervals
from edge.core.message import Message
from edge.core.pipeline import Pipeline
from edge.core.report import Clock, IntervalReport
from edge.errors import CameraError, ConfigError
from edge.observer import Observation, Observer, Speed
from edge.resend import Resending
from edge.self_report import SelfReport
from edge.signals import heard

if TYPE_CHECKING:
    from edge.adapters.mqtt import Publisher

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
        self._device = self._config.device_of(self._camera)
        self._options = options
        self._boot_id = random_ids.token_hex(8)
        self._stopping = self._reload_wanted = False
        self._changed: Chosen | None = None
        self._broken: CameraError | None = None
        self._dropped = 0
        self._tallied_s = self._looked_s = float("-inf")
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
            stack.enter_context(heard(self._stop, self._want_reload))
            state_dir = self._options.state_dir
            engines = wiring.engines_folder(state_dir)
            # Loading the model leaves the disk and Python alone for most of its time.
            observer = Ahead(lambda: Observer(camera, speed=self._options.speed, engines=engines))
            self._outbox = stack.enter_context(wiring.open_outbox(config, camera, state_dir))
            opened = observer.result()
            heap.give_back()  # what the network was made from, before the camera takes more
            self._observer = stack.enter_context(opened)
            self._resending = Resending(self._outbox, wiring.wishes_file(state_dir, camera))
            self._resending.take_wishes()
            self._keeper = wiring.bookkeeper(config, self._sender(), self._outbox, live=self._observer.live)
            self._metrics = stack.enter_context(Metrics(config.metrics.port, config.metrics.host))
            self._metrics.about(site=config.site, device=self._device, camera=camera.name, software=__version__)
            self._about = SelfReport(config, camera, self._boot_id, self._observer)
            self._announce()
            self._publisher: Publisher | None = None
            if config.mqtt.enabled:
                self._publisher = stack.enter_context(self._new_publisher())
            self._tell_health()
            self._notifier.ready()
            log.info("counting %s with configuration %s", camera.name, config.config_id)
            # What is there now stays: a collection looks at what pictures leave behind, not at every loaded module.
            gc.freeze()
            gc.enable()
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
        for observation in self._observations(pipeline):
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
            intervals.camera(self._observer.state, now)
            if observation is not None:
                intervals.add(pipeline.step(observation.seen), self._newly_dropped())
            self._book(pipeline, intervals, now)
            self._chores(observation)
            if self._stopping:
                break
        if intervals is not None:
            intervals.add(pipeline.finish())
            reports = intervals.finish()
            self._measure(reports)
            self._keeper.finish(reports)
        return successor

    def _observations(self, pipeline: Pipeline) -> Iterator[Observation | None]:
        """What is observed; of a file that breaks off, what was counted until then is still true and is sent first."""
        try:
            yield from self._observer.observations(pipeline)
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

    def _book(self, pipeline: Pipeline, intervals: Intervals, now: float) -> None:
        """Books the intervals that are final, and every few seconds what the others have so far."""
        closed = intervals.closed(now)
        if not closed and now - self._tallied_s < TALLY_S:
            return
        self._tallied_s = now
        # As if the service stopped now: copies take the end, the originals go on.
        pipeline, intervals = copy.deepcopy((pipeline, intervals))
        intervals.add(pipeline.finish())
        self._measure(closed)
        if self._keeper.book(closed, intervals.finish()):
            self._wake()

    def _measure(self, reports: list[IntervalReport]) -> None:
        for report in reports:
            self._metrics.watched(report.frames, report.dropped)
            for name, line in report.lines.items():
                self._metrics.line(name, line.in_, line.out)
            for name, zone in report.zones.items():
                self._metrics.zone(name, zone.entered)

    def _wake(self) -> None:
        if self._publisher is not None:
            self._publisher.wake()

    def _chores(self, observation: Observation | None) -> None:
        """What has to be done now and then, pictures or not."""
        self._notifier.beat()
        if observation is not None:
            self._about.count_frame()
        if self._publisher is not None:
            self._publisher.pump()
        if time.monotonic() - self._looked_s >= 1.0:
            self._looked_s = time.monotonic()
            if self._resending.take_wishes() and self._publisher is not None:
                self._publisher.rewind()
        if self._keeper.attend(reachable=self._publisher is None or self._publisher.connected):
            self._wake()
        if self._about.due():
            self._outbox.prune()
            self._tell_health()
        if self._reload_wanted:
            self._reload_wanted = False
            self._read_change()

    def _tell_health(self) -> None:
        health = self._about.health(self._outbox, self._keeper, self._publisher)
        if self._publisher is not None:
            self._publisher.send(self._about.health_message(health))
        self._metrics.health(health)

    # Stopping, and changing the configuration at the next boundary.

    def _stop(self) -> None:
        self._stopping = True

    def _want_reload(self) -> None:
        self._reload_wanted = True

    def _read_change(self) -> None:
        if self._options.reload is None:
            return
        try:
            changed = self._options.reload()
            if not self._observer.live and self._goes_beyond_shapes(changed):
                raise ConfigError("a file is being counted, and would be counted again from its start: restart instead")
        except ConfigError as error:
            log.error("the configuration stays as it is: %s", error)
            return
        self._changed = changed
        log.info("configuration %s takes over at the next interval", self._changed[0].config_id)

    def _change(self, pipeline: Pipeline, intervals: Intervals) -> Chosen | None:
        """Takes over what was read; a change of more than lines and zones is returned, for a new Service to run."""
        changed, self._changed = self._changed, None
        if changed is None:
            return None
        config, camera = changed
        if self._goes_beyond_shapes(changed):
            return changed
        intervals.add(pipeline.change(camera.line_rules(), camera.zone_rules()))
        self._config, self._camera = changed
        self._about.change(config, camera)
        self._observer.learn_anew()
        self._announce(self._about.info())
        log.info("counting with configuration %s", config.config_id)
        return None

    def _announce(self, *messages: Message) -> None:
        """Has the broker keep what it is to know of us, besides what every connection begins with."""
        news = [*messages, *self._about.discovery(self._outbox.retained())]
        if news:
            with suppress(FullError):  # info goes out at the next connection, discovery at the next start
                self._outbox.post(lambda books: (news, books))

    def _goes_beyond_shapes(self, changed: Chosen) -> bool:
        return _without_shapes(*changed) != _without_shapes(self._config, self._camera)

    def _sender(self) -> Sender:
        config = self._config
        return Sender(config.site, self._device, self._boot_id, config.privacy.min_count)

    def _new_publisher(self) -> Publisher:
        from edge.adapters.mqtt import Publisher  # noqa: PLC0415 - who sends nothing does without the library

        commands = wiring.commands(self._config, self._device, self._resending.answer)
        broker = wiring.broker(self._config, self._device)
        return Publisher(broker, self._outbox, will=self._about.offline(), birth=self._births, commands=commands)

    def _births(self) -> list[Message]:
        """What the broker may have forgotten: who we are, and the last registers."""
        about = self._about.online()
        said = {message.topic for message in about}
        return about + [message for message in self._outbox.retained() if message.payload and message.topic not in said]


def _without_shapes(config: Config, camera: Camera) -> tuple[Config, Camera]:
    return config.model_copy(update={"cameras": ()}), camera.model_copy(update={"lines": (), "zones": ()})

"""Counts a file, a recording or a stretch of a live stream on its own, without broker or state: for tuning and tests.

The result lists crossings and visits one by one. Such a list exists in this local tool only; no message has a field
for it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from edge.config import Camera, Config
from edge.core.books import Books, Sender
from edge.core.interval import Counting, Intervals
from edge.core.message import Message
from edge.core.occupancy import business_day
from edge.core.pipeline import Pipeline, Step
from edge.core.report import IntervalReport, LineFacts
from edge.core.rules import ZoneRule
from edge.core.types import Dwell
from edge.observer import Observation

Tap = Callable[[Observation, Step], None]
"""Sees every picture and what was counted in it: progress bar, annotated video, recorder."""

_EPOCH = "0" * 16
"""Of rows that no state database stands behind."""


@dataclass
class LineTally:
    """What happened at one line, from the start."""

    counts: Counter[str] = field(default_factory=Counter)
    events: list[tuple[float, bool]] = field(default_factory=list)
    """(time, inward) of every crossing."""


@dataclass
class ZoneTally:
    """Who was in one zone, from the start."""

    rule: ZoneRule
    visits: list[Dwell] = field(default_factory=list)
    passes: int = 0
    """Visits shorter than a stop; they are not listed."""


class Tally:
    """Adds up the steps of a whole run.

    Args:
        camera: What is counted.
        zero_s: What times are given from: 0 for a file, which has a clock of its own; for a live source, whose clock
            began when the machine did, when it was opened.
    """

    def __init__(self, camera: Camera, *, zero_s: float = 0.0) -> None:
        self._zero_s = zero_s
        self.frames = 0
        self.first_s: float | None = None
        self.last_s = 0.0
        self.cpu_s = 0.0
        self.lines = {rule.name: LineTally() for rule in camera.line_rules()}
        self.zones = {rule.name: ZoneTally(rule) for rule in camera.zone_rules()}

    @property
    def seconds(self) -> float:
        """Time between the first and the last picture."""
        return self.last_s - (self.first_s or 0.0)

    def add(self, step: Step) -> None:
        """Adds what one picture brought to light."""
        if step.tracks is not None:
            self.frames += 1
            self.last_s = step.mono_s
            self.first_s = step.mono_s if self.first_s is None else self.first_s
        for event in step.events:
            line = self.lines[event.line]
            line.counts[event.kind] += 1
            if event.kind in {"in_raw", "out_raw"}:
                line.events.append((event.mono_s, event.kind == "in_raw"))
        for name, zone in step.zones.items():
            for dwell in zone.dwells:
                if dwell.seconds < self.zones[name].rule.stop_s:
                    self.zones[name].passes += 1
                else:
                    self.zones[name].visits.append(dwell)

    def to_json(self) -> dict[str, Any]:
        """The object that `edge replay --json` prints; times are seconds from the start of the source."""
        return {
            "frames": self.frames,
            "seconds": round(self.seconds, 3),
            "cpu_s": round(self.cpu_s, 3),
            "lines": {name: _line_json(line, self._zero_s) for name, line in self.lines.items()},
            "zones": {name: _zone_json(zone, self._zero_s) for name, zone in self.zones.items()},
        }


def _line_json(line: LineTally, zero_s: float) -> dict[str, Any]:
    kinds = [facts.name for facts in fields(LineFacts)]
    events = [{"t_s": round(t_s - zero_s, 3), "inward": inward} for t_s, inward in sorted(line.events)]
    return {**{kind.removesuffix("_"): line.counts[kind] for kind in kinds}, "events": events}


def _zone_json(zone: ZoneTally, zero_s: float) -> dict[str, Any]:
    visits = [
        {
            "start_s": round(dwell.start_s - zero_s, 3),
            "end_s": round(dwell.mono_s - zero_s, 3),
            "dwell_s": round(dwell.seconds, 3),
            "ended": dwell.ended,
        }
        for dwell in sorted(zone.visits, key=lambda dwell: dwell.start_s)
    ]
    return {"visits": visits, "passes": zone.passes}


class RowWriter:
    """Turns a run into the rows that the service would have sent, with the file's own time as the clock.

    Args:
        config: Names, interval and business day.
        start_utc_s: When the first picture is said to have been taken.
    """

    def __init__(self, config: Config, camera: Camera, pipeline: Pipeline, start_utc_s: float) -> None:
        self._config = config
        self._start_utc_s = start_utc_s
        self._first_s: float | None = None
        self._sender = Sender(config.site, config.device, _EPOCH, config.privacy.min_count)
        self._books = Books(_EPOCH)
        self._counting = Counting(camera.line_rules(), camera.zone_rules(), config.config_id, pipeline.hold_s)
        self._intervals: Intervals | None = None
        self.messages: list[Message] = []

    def add(self, step: Step) -> None:
        """Books one step."""
        if self._intervals is None:
            self._first_s = step.mono_s
            self._intervals = Intervals(self._config.interval_s, self._counting, step.mono_s, self._start_utc_s)
        if self._intervals.due(step.mono_s):
            self._intervals.turn(self._counting, step.mono_s, self._start_utc_s + step.mono_s - (self._first_s or 0.0))
        self._intervals.add(step)
        self._post(self._intervals.closed(step.mono_s))

    def finish(self, last: Step) -> None:
        """Books the last step and closes the running interval."""
        if self._intervals is not None:
            self._intervals.add(last)
            self._post(self._intervals.finish())

    def _post(self, reports: Iterable[IntervalReport]) -> None:
        for report in reports:
            day = business_day(report.start_utc_s, self._config.timezone, self._config.business_day_start)
            messages, self._books = self._books.post(report, self._sender, day)
            self.messages += messages


def replay(
    observations: Iterable[Observation | None],
    camera: Camera,
    pipeline: Pipeline,
    *,
    zero_s: float = 0.0,
    taps: Sequence[Tap] = (),
    rows: RowWriter | None = None,
) -> Tally:
    """Counts what is observed until it ends; Ctrl-C ends it too."""
    tally = Tally(camera, zero_s=zero_s)
    started_s = time.process_time()
    try:
        for observation in observations:
            if observation is None:
                continue
            step = pipeline.step(observation.seen)
            tally.add(step)
            if rows is not None:
                rows.add(step)
            for tap in taps:
                tap(observation, step)
    except KeyboardInterrupt:
        pass  # a live stream has no other end; what was counted until here is still true
    last = pipeline.finish()
    tally.add(last)
    if rows is not None:
        rows.finish(last)
    tally.cpu_s = time.process_time() - started_s
    return tally

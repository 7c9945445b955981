"""Intervals: puts what happened into the interval in which it happened, and closes each when nothing can change it.

Two clocks meet here and nowhere else: events carry the camera's monotonic time, intervals are aligned to UTC, and the
service says once per boundary how the two stand to each other. An interval stays open after its end for as long as a
U-turn may still cancel a crossing or a visitor may still come back to a zone; what comes to light even later goes into
the oldest interval that is still open, so that nothing is lost.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field

from edge.core.crossing import LineEvent
from edge.core.dwell import ZoneStep
from edge.core.pipeline import Step
from edge.core.report import HISTOGRAM_EDGES_S, CameraState, Clock, IntervalReport, LineFacts, Status, ZoneFacts
from edge.core.rules import LineRule, ZoneRule
from edge.core.types import Dwell

WATCHED_GAP_S = 2.0
"""Time between two pictures that are farther apart was not watched."""
WORTH_TELLING_S = 10.0
"""A trouble of the camera that took less of an interval in which there were pictures shows in `observed_s` alone."""


@dataclass(frozen=True)
class Counting:
    """What is being counted in an interval, and by which configuration."""

    lines: tuple[LineRule, ...]
    zones: tuple[ZoneRule, ...]
    config_id: str
    hold_s: float


class _ZoneBook:
    """Facts of one zone while its interval is open."""

    def __init__(self, rule: ZoneRule) -> None:
        self._rule = rule
        self._counts: Counter[str] = Counter()
        self._bins = [0] * len(HISTOGRAM_EDGES_S)
        self._left_s = 0.0
        self.presence_s = 0.0
        self.peak = 0

    def count(self, what: str) -> None:
        self._counts[what] += 1

    def end(self, dwell: Dwell) -> None:
        rule, seconds = self._rule, dwell.seconds
        self._counts[dwell.ended] += 1
        self._counts["pass_" if seconds < rule.stop_s else "stop" if seconds < rule.engaged_s else "engaged"] += 1
        self._bins[bisect_right(HISTOGRAM_EDGES_S, seconds) - 1] += 1
        if dwell.ended == "left":
            self._left_s += seconds

    def facts(self) -> ZoneFacts:
        return ZoneFacts(
            **self._counts,
            left_s=self._left_s,
            histogram=tuple(self._bins),
            presence_s=self.presence_s,
            peak=self.peak,
        )


@dataclass
class _Interval:
    """One interval that may still change; times ending in `mono_s` are the camera's."""

    counting: Counting
    start_utc_s: int
    end_utc_s: int
    start_mono_s: float
    end_mono_s: float
    clock: Clock
    lines: dict[str, Counter[str]] = field(default_factory=dict)
    zones: dict[str, _ZoneBook] = field(default_factory=dict)
    observed_s: float = 0.0
    frames: int = 0
    dropped: int = 0
    births: int = 0
    deaths: int = 0
    troubles: dict[Status, float] = field(default_factory=dict)
    """Seconds of each."""

    def __post_init__(self) -> None:
        self.lines = {rule.name: Counter() for rule in self.counting.lines}
        self.zones = {rule.name: _ZoneBook(rule) for rule in self.counting.zones}

    def overlap_s(self, start_s: float, end_s: float, *, first: bool) -> float:
        """Seconds of [start_s, end_s) in this interval; the first open one also takes what is older."""
        begin = start_s if first else max(start_s, self.start_mono_s)
        return max(0.0, min(end_s, self.end_mono_s) - begin)

    def status(self) -> Status:
        """The trouble that took longest, if it is worth telling."""
        trouble: Status = max(self.troubles, key=self.troubles.__getitem__, default="no_frames")
        return "ok" if self.frames and self.troubles.get(trouble, 0.0) < WORTH_TELLING_S else trouble

    def report(self) -> IntervalReport:
        return IntervalReport(
            start_utc_s=self.start_utc_s,
            end_utc_s=self.end_utc_s,
            lines={name: LineFacts(**counts) for name, counts in self.lines.items()},
            zones={name: book.facts() for name, book in self.zones.items()},
            observed_s=self.observed_s,
            frames=self.frames,
            dropped=self.dropped,
            status=self.status(),
            clock=self.clock,
            config_id=self.counting.config_id,
            births=self.births,
            deaths=self.deaths,
            end_mono_s=self.end_mono_s,
        )


class Intervals:
    """The intervals that are still open, oldest first; the last one is running.

    Args:
        interval_s: Length; divides an hour.
        counting: What is counted in the first interval.
        mono_s, utc_s: The same instant on the camera's clock and in seconds since the UTC epoch.
        clock: Whether UTC is known to be right.
    """

    def __init__(
        self, interval_s: int, counting: Counting, mono_s: float, utc_s: float, clock: Clock = "synced"
    ) -> None:
        self._interval_s = interval_s
        self._seen_s: float | None = None
        self._asked_s = mono_s
        start = int(utc_s // interval_s) * interval_s
        self._open = [self._new(counting, start, start + mono_s - utc_s, mono_s - utc_s, clock)]

    def _new(
        self, counting: Counting, start_utc_s: int, start_mono_s: float, offset_s: float, clock: Clock
    ) -> _Interval:
        end_utc_s = start_utc_s + self._interval_s
        end_mono_s = max(end_utc_s + offset_s, start_mono_s)
        return _Interval(counting, start_utc_s, end_utc_s, start_mono_s, end_mono_s, clock)

    def due(self, mono_s: float) -> bool:
        """Whether the running interval has ended and `turn` is to be called."""
        return mono_s >= self._open[-1].end_mono_s

    def turn(self, counting: Counting, mono_s: float, utc_s: float, clock: Clock = "synced") -> None:
        """Starts the interval in which `mono_s` lies, and empty ones for every boundary missed in between.

        Small differences between the clocks move the next boundary; when UTC has jumped by more than half an interval
        the row of the jump is left out instead of being invented.
        """
        offset_s = mono_s - utc_s
        while self.due(mono_s):
            last = self._open[-1]
            start = last.end_utc_s
            if abs(start + offset_s - last.end_mono_s) > self._interval_s / 2:
                start = int(utc_s // self._interval_s) * self._interval_s
            self._open.append(self._new(counting, start, last.end_mono_s, offset_s, clock))

    def add(self, step: Step, dropped: int = 0) -> None:
        """Books one step of the pipeline; `dropped` pictures were skipped since the step before."""
        running = self._open[-1]
        running.dropped += dropped
        if step.tracks is not None:
            running.frames += 1
            since_s, self._seen_s = self._seen_s, step.mono_s
            if since_s is not None and step.mono_s - since_s <= WATCHED_GAP_S:
                for index, interval in enumerate(self._open):
                    interval.observed_s += interval.overlap_s(since_s, step.mono_s, first=index == 0)
        for event in step.events:
            self._book_line(event)
        for mono_s in step.births:
            self._at(mono_s).births += 1
        for mono_s in step.deaths:
            self._at(mono_s).deaths += 1
        for name, zone in step.zones.items():
            self._book_zone(name, zone)

    def camera(self, state: CameraState, mono_s: float) -> None:
        """Books how the camera is doing; it has been so since the last call."""
        since_s, self._asked_s = self._asked_s, mono_s
        if state != "streaming":
            troubles = self._open[-1].troubles
            troubles[state] = troubles.get(state, 0.0) + mono_s - since_s

    def closed(self, mono_s: float) -> list[IntervalReport]:
        """Takes out the intervals that are final, oldest first."""
        reports = []
        while len(self._open) > 1 and mono_s - self._open[0].end_mono_s > self._open[0].counting.hold_s:
            reports.append(self._open.pop(0).report())
        return reports

    def finish(self) -> list[IntervalReport]:
        """Takes out all intervals, the running one too; nothing can be added after that."""
        reports = [interval.report() for interval in self._open]
        self._open.clear()
        return reports

    def _at(self, mono_s: float) -> _Interval:
        return self._of(mono_s, self._open) or self._open[-1]

    def _book_line(self, event: LineEvent) -> None:
        interval = self._of(event.mono_s, [i for i in self._open if event.line in i.lines])
        if interval is not None:
            interval.lines[event.line][event.kind] += 1

    def _book_zone(self, name: str, step: ZoneStep) -> None:
        if not (step.inside or step.dwells or step.presence or step.entered or step.stitched):
            return
        having = [interval for interval in self._open if name in interval.zones]
        for what, instants in (("entered", step.entered), ("stitched", step.stitched)):
            for mono_s in instants:
                if (interval := self._of(mono_s, having)) is not None:
                    interval.zones[name].count(what)
        for dwell in step.dwells:
            if (interval := self._of(dwell.mono_s, having)) is not None:
                interval.zones[name].end(dwell)
        for index, interval in enumerate(having):
            book = interval.zones[name]
            for span in step.presence:
                book.presence_s += interval.overlap_s(span.start_s, span.end_s, first=index == 0)
        if having:
            book = having[-1].zones[name]
            book.peak = max(book.peak, step.inside)

    @staticmethod
    def _of(mono_s: float, intervals: list[_Interval]) -> _Interval | None:
        """The interval of an instant: the oldest one for what is older than all, the newest for what is newer."""
        for interval in intervals:
            if mono_s < interval.end_mono_s:
                return interval
        return intervals[-1] if intervals else None

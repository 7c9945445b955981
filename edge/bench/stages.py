"""Where the time of one picture goes: stopwatches around the service's own functions while it runs.

It knows which functions do what, and nothing of what the times are worth (verdict.py does). The service does not know
that it is timed: there is no code for it in the loop.
"""

from __future__ import annotations

import functools
import importlib
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

DECODE, GATE, RESIZE, NETWORK, BOXES, TRACKER, COUNTING, BOOKS = STAGES = (
    "decode", "gate", "resize", "network", "boxes", "tracker", "counting", "books",
)  # fmt: skip
"""The stages of a picture, in their order. What a stage calls that is a stage of its own is not part of it."""


class Probe(NamedTuple):
    """A method that does the work of a stage."""

    module: str
    name: str
    method: str
    stage: str


PROBES = (
    Probe("edge.lookout", "Lookout", "see", GATE),
    Probe("edge.adapters.detector", "Canvas", "fill", RESIZE),
    Probe("edge.adapters.detector", "OnnxDetector", "_run", NETWORK),
    Probe("edge.adapters.detector", "OnnxDetector", "detect", BOXES),
    Probe("edge.core.tracker", "Tracker", "update", TRACKER),
    Probe("edge.core.pipeline", "Pipeline", "step", COUNTING),
    Probe("edge.core.interval", "Intervals", "add", BOOKS),
    Probe("edge.service", "Service", "_book", BOOKS),
    Probe("edge.service", "Service", "_chores", BOOKS),
)


class Stages:
    """Times of every stage, picture by picture.

    Attributes:
        ms: By stage, milliseconds for each picture in which it ran.
        whole_ms: Milliseconds of each picture from asking for it until asking for the next one.
        busy_ms: The same, of those pictures alone that the network looked at.
        first_s: When the first picture was counted, on the monotonic clock; None: none was.
        cpu_first_s: Processor time of the process until then.
        seconds: Of video, from the first picture to the last.
        size: Height and width of the pictures.
    """

    def __init__(self) -> None:
        self.ms = {stage: array("f") for stage in STAGES}
        self.whole_ms, self.busy_ms = array("f"), array("f")
        self.first_s: float | None = None
        self.cpu_first_s = self.seconds = 0.0
        self.size = (0, 0)
        self._began_s = 0.0
        self._running: list[float] = []
        self._picture: dict[str, float] = {}

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Puts the stopwatches into the service, and takes them out again."""
        put: list[tuple[Any, str, Any]] = []
        try:
            for probe in PROBES:
                put.append(
                    self._put(probe.module, probe.name, probe.method, functools.partial(self.timed, probe.stage))
                )
            put.append(self._put("edge.adapters.camera", "Camera", "frames", self._each))
            yield
        finally:
            for owner, method, original in put:
                setattr(owner, method, original)

    def timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, with a stopwatch around it that stands still while another stage runs inside."""

        @functools.wraps(function)
        def stopped(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - whatever it takes and gives
            start_s = time.perf_counter()
            self._running.append(0.0)
            try:
                return function(*arguments, **options)
            finally:
                took_s = time.perf_counter() - start_s
                own_s = took_s - self._running.pop()
                if self._running:
                    self._running[-1] += took_s
                self._picture[stage] = self._picture.get(stage, 0.0) + own_s

        return stopped

    @staticmethod
    def _put(module: str, name: str, method: str, wrap: Callable[[Any], Any]) -> tuple[Any, str, Any]:
        owner = getattr(importlib.import_module(module), name)
        original = getattr(owner, method)
        setattr(owner, method, wrap(original))
        return owner, method, original

    def _each(self, frames: Callable[[Any], Iterator[Any]]) -> Callable[[Any], Iterator[Any]]:
        """Fetching a picture is decoding it; when the next one is asked for, it has been dealt with."""

        def each(camera: Any) -> Iterator[Any]:  # noqa: ANN401
            items = frames(camera)
            fetch = self.timed(DECODE, lambda: next(items, items))
            while True:
                start_s = time.perf_counter()
                frame = fetch()
                if frame is items:
                    return
                yield frame
                if frame is not None:
                    self._close(frame, time.perf_counter() - start_s)

        return each

    def _close(self, frame: Any, whole_s: float) -> None:  # noqa: ANN401 - a Frame
        if self.first_s is None:  # the first picture warms everything up: it belongs to the start
            self.first_s, self.cpu_first_s = time.monotonic(), time.process_time()
            self._began_s, self.size = frame.mono_s, frame.size
        else:
            self.seconds = frame.mono_s - self._began_s
            self.whole_ms.append(whole_s * 1000.0)
            if NETWORK in self._picture:
                self.busy_ms.append(whole_s * 1000.0)
            for stage, own_s in self._picture.items():
                self.ms[stage].append(own_s * 1000.0)
        self._picture.clear()

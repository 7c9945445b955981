"""The numbers of the service for Prometheus, on a loopback HTTP server that is off unless it is given a port.

It owns names and types of the series, and the server. Counts arrive here when an interval closes, never per event, so
that a scrape tells no more than the rows on the wire do. The library is imported when the server is wanted and not
before.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, get_args

from edge.core.message import Health
from edge.errors import EdgeError

if TYPE_CHECKING:
    from wsgiref.simple_server import WSGIServer

    from prometheus_client import CollectorRegistry, Counter, Enum

_NAN = float("nan")

_GAUGES: dict[str, tuple[str, Callable[[Health], float | None]]] = {
    "edge_frames_per_second": ("Pictures looked at since the last report", lambda health: health.fps),
    "edge_frame_age_seconds": ("Age of the newest picture", lambda health: health.frame_age_s),
    "edge_detector_seconds": (
        "Time for one picture",
        lambda health: None if health.detector_ms is None else health.detector_ms / 1000.0,
    ),
    "edge_provider_fallback": ("1 when the CPU runs the model instead", lambda health: health.provider_fallback),
    "edge_outbox_depth_rows": ("Rows the broker has not acknowledged", lambda health: health.outbox_depth),
    "edge_outbox_oldest_seconds": ("How long the oldest of them has waited", lambda health: health.outbox_oldest_s),
    "edge_puback_age_seconds": ("Time since the broker acknowledged anything", lambda health: health.puback_age_s),
    "edge_intervals_waiting": ("Closed intervals that are no rows yet", lambda health: health.intervals_waiting),
    "edge_clock_synchronised": ("1 when UTC is known to be right", lambda health: health.clock == "synced"),
    "edge_temperature_celsius": ("Of the processor", lambda health: health.temperature_c),
}
_STATES = {"camera": "State of the camera", "broker": "What the broker says", "books": "State of the books"}


class Metrics:
    """A context manager that serves while it is open; without a port, every method does nothing.

    Args:
        port: Of the server, 0 for any free one, None for none.
        host: Address that it listens on; other machines see what loopback hides.

    Raises:
        EdgeError: When it is opened: the port is in use or may not be used.
    """

    def __init__(self, port: int | None, host: str = "127.0.0.1") -> None:
        self._host = host
        self.port = port
        """Where it listens, once it is open."""
        self._series: _Series | None = None
        self._server: WSGIServer | None = None
        self._thread: threading.Thread | None = None

    def watched(self, frames: int, dropped: int) -> None:
        """Add pictures looked at, and pictures that a live source dropped."""
        if self._series:
            self._series.frames.inc(frames)
            self._series.dropped.inc(dropped)

    def line(self, name: str, in_: int, out: int) -> None:
        """Add the settled counts of one line in an interval that closed."""
        if self._series:
            self._series.crossings.labels(name, "in").inc(in_)
            self._series.crossings.labels(name, "out").inc(out)

    def zone(self, name: str, entered: int) -> None:
        """Add the visits that began in one zone in an interval that closed."""
        if self._series:
            self._series.entries.labels(name).inc(entered)

    def about(self, **names: str) -> None:
        """Say what runs here, once: labels of `edge_info`."""
        if self._series:
            self._series.info.info(names)

    def health(self, health: Health) -> None:
        """Set the state of the device; what is not known is shown as NaN."""
        if self._series:
            self._series.show(health)

    def __enter__(self) -> Metrics:
        if self.port is None:
            return self
        from prometheus_client import CollectorRegistry, start_http_server  # noqa: PLC0415 (most devices need none)

        registry = CollectorRegistry()
        try:
            self._server, self._thread = start_http_server(self.port, addr=self._host, registry=registry)
        except OSError as error:
            raise EdgeError(
                f"metrics: expected a free port, got {self.port} on {self._host}: {error.strerror}"
            ) from None
        self.port = self._server.server_port
        self._series = _Series(registry)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
        self._series = self._server = self._thread = None


class _Series:
    """Everything that a scrape shows, by the conventions of Prometheus: base units, `_total` for what only grows."""

    def __init__(self, registry: CollectorRegistry) -> None:
        from prometheus_client import Counter, Gauge, Info, ProcessCollector  # noqa: PLC0415 (as above)

        ProcessCollector(registry=registry)
        self.info = Info("edge", "What runs here", registry=registry)
        self.frames = Counter("edge_frames", "Pictures looked at", registry=registry)
        self.dropped = Counter(
            "edge_frames_dropped", "Pictures dropped because the service was busy", registry=registry
        )
        self.crossings = Counter(
            "edge_crossings", "Settled crossings in closed intervals", ["line", "direction"], registry=registry
        )
        self.entries = Counter("edge_zone_entries", "Visits begun in closed intervals", ["zone"], registry=registry)
        self._rows_dropped = _Growing(
            Counter("edge_outbox_dropped_rows", "Rows given up before their time, in this epoch", registry=registry)
        )
        self._intervals_dropped = _Growing(
            Counter("edge_intervals_dropped", "Closed intervals given up for want of room", registry=registry)
        )
        self._gauges = {name: Gauge(name, words, registry=registry) for name, (words, _) in _GAUGES.items()}
        self._states = {of: _states(f"edge_{of}_state", words, of, registry) for of, words in _STATES.items()}

    def show(self, health: Health) -> None:
        """All that a health message tells."""
        self._rows_dropped.reach(health.outbox_dropped)
        self._intervals_dropped.reach(health.intervals_dropped)
        for name, (_, value) in _GAUGES.items():
            known = value(health)
            self._gauges[name].set(_NAN if known is None else known)
        for of, states in self._states.items():
            states.state(getattr(health, of))


class _Growing:
    """A counter of something that is counted elsewhere."""

    def __init__(self, counter: Counter) -> None:
        self._counter, self._reached = counter, 0

    def reach(self, count: int) -> None:
        self._counter.inc(max(0, count - self._reached))
        self._reached = count


def _states(name: str, words: str, of: str, registry: CollectorRegistry) -> Enum:
    from prometheus_client import Enum  # noqa: PLC0415 (as above)

    return Enum(name, words, states=list(get_args(Health.model_fields[of].annotation)), registry=registry)

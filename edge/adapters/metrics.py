"""The numbers of the service for Prometheus, on a loopback HTTP server that is off unless it is given a port.

It owns names and types of the series, and the server. Counts arrive here when an interval closes, never per event, so
that a scrape tells no more than the rows on the wire do. The library is imported when the server is wanted and not
before.
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import TYPE_CHECKING, get_args

from edge.core.message import Health
from edge.errors import EdgeError

if TYPE_CHECKING:
    from wsgiref.simple_server import WSGIServer

    from prometheus_client import CollectorRegistry

_NAN = float("nan")


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

    def health(
        self,
        *,
        outbox_depth: int,
        frame_age_s: float | None,
        detector_ms: float | None,
        broker_connected: bool,
        camera: str,
    ) -> None:
        """Set the state of the device; None is shown as NaN, `camera` is one of the words of `Health`."""
        if self._series:
            self._series.outbox_depth.set(outbox_depth)
            self._series.frame_age_s.set(_NAN if frame_age_s is None else frame_age_s)
            self._series.detector_ms.set(_NAN if detector_ms is None else detector_ms)
            self._series.broker_connected.set(broker_connected)
            self._series.camera.state(camera)

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
    """Everything that a scrape shows."""

    def __init__(self, registry: CollectorRegistry) -> None:
        from prometheus_client import Counter, Enum, Gauge  # noqa: PLC0415 (as above)

        self.frames = Counter("edge_frames", "Pictures looked at", registry=registry)
        self.dropped = Counter(
            "edge_frames_dropped", "Pictures dropped because the service was busy", registry=registry
        )
        self.crossings = Counter(
            "edge_crossings", "Settled crossings in closed intervals", ["line", "direction"], registry=registry
        )
        self.entries = Counter("edge_zone_entries", "Visits begun in closed intervals", ["zone"], registry=registry)
        self.outbox_depth = Gauge("edge_outbox_depth_rows", "Rows the broker has not acknowledged", registry=registry)
        self.frame_age_s = Gauge("edge_frame_age_seconds", "Age of the newest picture", registry=registry)
        self.detector_ms = Gauge("edge_detector_milliseconds", "Time for one picture", registry=registry)
        self.broker_connected = Gauge("edge_broker_connected", "1 when the broker has accepted us", registry=registry)
        states = list(get_args(Health.model_fields["camera"].annotation))
        self.camera = Enum("edge_camera_state", "State of the camera", states=states, registry=registry)

"""Metrics as Prometheus would read them, over HTTP on loopback."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from edge.adapters.metrics import Metrics
from edge.errors import EdgeError


def scraped(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """Every sample, by name and values of its labels in the order of their names."""
    with urllib.request.urlopen(f"http://127.0.0.1:{metrics.port}/metrics", timeout=30) as answer:
        text = answer.read().decode()
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def test_what_is_told_is_served() -> None:
    with Metrics(0) as metrics:
        metrics.watched(100, 3)
        metrics.watched(50, 0)
        metrics.line("door", 4, 2)
        metrics.line("door", 1, 0)
        metrics.zone("beauty", 7)
        metrics.health(outbox_depth=12, frame_age_s=0.25, detector_ms=8.5, broker_connected=True, camera="streaming")
        samples = scraped(metrics)
    assert {name: value for name, value in samples.items() if name[0] != "edge_camera_state"} == {
        ("edge_frames_total",): 150,
        ("edge_frames_dropped_total",): 3,
        ("edge_crossings_total", "in", "door"): 5,
        ("edge_crossings_total", "out", "door"): 2,
        ("edge_zone_entries_total", "beauty"): 7,
        ("edge_outbox_depth_rows",): 12,
        ("edge_frame_age_seconds",): 0.25,
        ("edge_detector_milliseconds",): 8.5,
        ("edge_broker_connected",): 1,
    }
    assert samples["edge_camera_state", "streaming"] == 1
    assert sum(value for name, value in samples.items() if name[0] == "edge_camera_state") == 1


def test_what_is_not_known_is_not_a_number() -> None:
    with Metrics(0) as metrics:
        metrics.health(outbox_depth=0, frame_age_s=None, detector_ms=None, broker_connected=False, camera="gone")
        samples = scraped(metrics)
    assert samples["edge_frame_age_seconds",] != samples["edge_frame_age_seconds",]
    assert samples["edge_detector_milliseconds",] != samples["edge_detector_milliseconds",]
    assert samples["edge_broker_connected",] == 0
    assert samples["edge_camera_state", "gone"] == 1


def test_it_starts_and_stops_without_a_trace() -> None:
    threads = threading.active_count()
    for _ in range(2):
        with Metrics(0) as metrics:
            metrics.watched(1, 0)
            assert scraped(metrics)["edge_frames_total",] == 1, "nothing is left of the run before"
            port = metrics.port
        metrics.watched(1, 0)
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port or 0)) != 0
    assert threading.active_count() == threads


def test_it_listens_on_loopback_only() -> None:
    with Metrics(0) as metrics, socket.socket() as other:
        other.bind(("127.0.0.2", metrics.port or 0))  # would be in use if it listened everywhere


def test_a_port_in_use_is_told_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(EdgeError, match=f"metrics: expected a free port, got {port} on 127.0.0.1: Address already"),
            Metrics(port),
        ):
            pass


def test_without_a_port_there_is_no_server_and_no_library() -> None:
    program = (
        "import sys, threading; from edge.adapters.metrics import Metrics\n"
        "with Metrics(None) as metrics:\n"
        "    metrics.watched(1, 0); metrics.line('door', 1, 1); metrics.zone('beauty', 1)\n"
        "    metrics.health(outbox_depth=0, frame_age_s=None, detector_ms=8.5, broker_connected=False, camera='gone')\n"
        "    assert threading.active_count() == 1\n"
        "assert 'prometheus_client' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parents[2], check=True)

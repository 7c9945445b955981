"""Metrics as Prometheus would read them, over HTTP on loopback."""

from __future__ import annotations

import math
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from typing import get_args

import pytest
from prometheus_client.parser import text_string_to_metric_families

from edge.adapters.metrics import Metrics
from edge.core.message import Health
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


HEALTH = Health(
    boot_id="feedface", camera="streaming", fps=9.8, frame_age_s=0.25, detector_ms=8.5, broker="ok", books="ok",
    outbox_depth=12, outbox_oldest_s=4.5, outbox_dropped=50, intervals_waiting=1, intervals_dropped=2,
    puback_age_s=0.5, clock="synced", temperature_c=48.3, throttled=None,
)  # fmt: skip


def test_what_is_told_is_served() -> None:
    with Metrics(0) as metrics:
        metrics.about(site="shop", device="box", camera="entrance", software="0.1.0")
        metrics.watched(100, 3)
        metrics.watched(50, 0)
        metrics.line("door", 4, 2)
        metrics.line("door", 1, 0)
        metrics.zone("beauty", 7)
        metrics.health(HEALTH)
        metrics.health(HEALTH.model_copy(update={"outbox_dropped": 60}))
        samples = scraped(metrics)
    own = {name: value for name, value in samples.items() if not name[0].endswith("_state") and name[0][:5] == "edge_"}
    assert own == {
        ("edge_info", "entrance", "box", "shop", "0.1.0"): 1,
        ("edge_frames_total",): 150,
        ("edge_frames_dropped_total",): 3,
        ("edge_crossings_total", "in", "door"): 5,
        ("edge_crossings_total", "out", "door"): 2,
        ("edge_zone_entries_total", "beauty"): 7,
        ("edge_frames_per_second",): 9.8,
        ("edge_frame_age_seconds",): 0.25,
        ("edge_detector_seconds",): 0.0085,
        ("edge_provider_fallback",): 0,
        ("edge_outbox_depth_rows",): 12,
        ("edge_outbox_oldest_seconds",): 4.5,
        ("edge_outbox_dropped_rows_total",): 60,
        ("edge_puback_age_seconds",): 0.5,
        ("edge_intervals_waiting",): 1,
        ("edge_intervals_dropped_total",): 2,
        ("edge_clock_synchronised",): 1,
        ("edge_temperature_celsius",): 48.3,
    }


@pytest.mark.parametrize(("of", "word"), [("camera", "gone"), ("broker", "silent"), ("books", "full")])
def test_a_state_is_one_of_all_that_the_health_message_knows(of: str, word: str) -> None:
    with Metrics(0) as metrics:
        metrics.health(HEALTH.model_copy(update={of: word}))
        states = {name[1]: value for name, value in scraped(metrics).items() if name[0] == f"edge_{of}_state"}
    assert set(states) == set(get_args(Health.model_fields[of].annotation))
    assert [state for state, value in states.items() if value] == [word]


def test_the_process_tells_when_it_was_started() -> None:
    with Metrics(0) as metrics:
        samples = scraped(metrics)
    assert time.time() - 86_400.0 < samples["process_start_time_seconds",] <= time.time() + 1.0
    assert samples["process_resident_memory_bytes",] > 1e6
    assert samples["process_open_fds",] > 3


def test_what_is_not_known_is_not_a_number() -> None:
    unknown = ["frame_age_s", "detector_ms", "outbox_oldest_s", "puback_age_s", "temperature_c"]
    with Metrics(0) as metrics:
        metrics.health(HEALTH.model_copy(update=dict.fromkeys(unknown) | {"clock": "unsynced"}))
        samples = scraped(metrics)
    assert {name for (name, *_), value in samples.items() if math.isnan(value)} == {
        "edge_frame_age_seconds", "edge_detector_seconds", "edge_outbox_oldest_seconds", "edge_puback_age_seconds",
        "edge_temperature_celsius",
    }  # fmt: skip
    assert samples["edge_clock_synchronised",] == 0


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
        "    metrics.about(site='shop'); metrics.health(None)\n"
        "    assert threading.active_count() == 1\n"
        "assert 'prometheus_client' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parents[2], check=True)

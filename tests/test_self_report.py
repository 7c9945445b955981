"""What the service says of itself beside its rows: discovery for Home Assistant, and log lines at transitions alone."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from edge.adapters.mqtt import Publisher
from edge.adapters.outbox import Outbox
from edge.bookkeeper import Bookkeeper
from edge.config import parse
from edge.core.books import Sender
from edge.observer import Observer
from edge.self_report import SelfReport
from tests.mosquitto import Collector, Mosquitto, wait_until
from tests.test_service import DEMO, chosen, count, rows, text

TOPIC = "homeassistant/device/demo/demo-box/config"


def configured(port: int, *, on: bool, more: str = "") -> str:
    return text(port).replace(f"port: {port}}}", f"port: {port}, home_assistant: {str(on).lower()}}}") + more


def told(port: int) -> list[Any]:
    """What Home Assistant would find if it came now."""
    with Collector(port, "homeassistant/#") as late:
        with Collector(port, "traffic/v1/demo/demo-box/status") as status:
            wait_until(lambda: status.messages)
        return [json.loads(message.payload) for message in late.messages if message.topic == TOPIC]


def test_home_assistant_finds_the_box_and_forgets_it_when_switched_off(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker") as broker:
        count(tmp_path / "state", configured(broker.port, on=True))
        (found,) = told(broker.port)
        assert {"door_in", "door_out", "beauty_visits", "shoes_visits", "occupancy"} <= set(found["components"])
        totals = found["components"]["door_in"]["state_topic"]
        with Collector(broker.port, totals) as late:
            wait_until(lambda: late.messages)  # retained: the sensor has its value at once

        broker.restart()  # it forgets
        count(tmp_path / "state", configured(broker.port, on=True))
        assert told(broker.port) == [found], "each connection begins with what is to be retained"

        with Collector(broker.port, "homeassistant/#") as there:
            count(tmp_path / "state", configured(broker.port, on=False))
            wait_until(lambda: [message.payload for message in there.messages][-1:] == [b""])
        assert told(broker.port) == []

        with Collector(broker.port) as everything:
            count(tmp_path / "state", configured(broker.port, on=False))
            wait_until(lambda: len(rows(everything)) == 16)
            assert not any(message.topic.startswith("homeassistant/") for message in everything.messages)


def test_a_run_logs_a_few_lines_and_nothing_for_each_picture(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with Mosquitto(tmp_path / "broker") as broker:
        count(tmp_path / "state", text(broker.port))
    lines = [record.getMessage() for record in caplog.records]
    assert len((DEMO / "shop.jsonl").read_text().splitlines()) > 2000
    assert sum("counting entrance" in line for line in lines) == sum("connected" in line for line in lines) == 1
    assert len(lines) <= 6, lines


class _Told:
    """An outbox whose losses a test sets."""

    def __init__(self, outbox: Outbox) -> None:
        self.depth, self.oldest_age_s, self.dropped = outbox.depth, outbox.oldest_age_s, 0


def test_clock_and_drops_are_logged_when_they_change(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    config, camera = chosen(text(1883))
    about = SelfReport(config, camera, "feedface", Observer(camera))
    monkeypatch.setattr(Observer, "live", True)  # a recording has a clock of its own
    publisher: Publisher | None = None
    with Outbox(tmp_path / "outbox.db") as outbox:
        keeper = Bookkeeper(outbox, Sender("demo", "demo-box", "feedface"), str, retain_s=60.0, live=False)
        losing: Any = _Told(outbox)

        def looked(*, synchronised: bool, dropped: int) -> list[str]:
            caplog.clear()
            losing.dropped = dropped
            monkeypatch.setattr("edge.adapters.clock.synchronised", lambda: synchronised)
            about.health(losing, keeper, publisher)
            return [f"{record.levelname} {record.getMessage()}" for record in caplog.records]

        assert looked(synchronised=True, dropped=7) == [], "what was dropped in an earlier run is no news"
        assert looked(synchronised=False, dropped=7) == ["WARNING clock: unsynced"]
        assert looked(synchronised=False, dropped=57) == ["WARNING outbox: rows go before their time, for want of room"]
        assert looked(synchronised=False, dropped=107) == []
        assert looked(synchronised=True, dropped=107) == [
            "INFO clock: synced",
            "INFO outbox: no row goes before its time any more",
        ]


def test_home_assistant_is_off_unless_it_is_asked_for() -> None:
    assert parse(text(1883)).mqtt.home_assistant is False


class Changing(Observer):
    """An observer of a camera whose state a test sets."""

    now = "connecting"

    @property
    def state(self) -> Any:
        return self.now


def test_a_camera_that_changes_is_told_within_a_second_and_not_only_when_health_is_due(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config, camera = chosen(text(1883))
    observer = Changing(camera, source=str(DEMO))
    time_s = 100.0
    monkeypatch.setattr("edge.self_report.time.monotonic", lambda: time_s)
    about = SelfReport(config, camera, "0123456789abcdef", observer)
    time_s += config.health_s - 0.1
    assert not about.due()
    observer.now = "frozen"
    assert about.due()
    with Outbox(tmp_path / "o.db") as outbox:
        keeper = Bookkeeper(outbox, Sender("demo", "demo-box", "feedface"), str, retain_s=60.0, live=False)
        assert about.health(outbox, keeper, None).camera == "frozen"
    assert not about.due()
    observer.now = "streaming"
    assert not about.due(), "not more than one a second"
    time_s += 1.0
    assert about.due()

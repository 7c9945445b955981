"""`edge outbox`: what is kept on a box, and wishes to send some of it again, with the service running or not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge.adapters.outbox import Outbox
from tests.commands import CONFIG, ROOT, edge, process
from tests.mosquitto import Collector, Mosquitto, wait_until

SHOP = ROOT / "edge/demo/shop.jsonl"


@pytest.fixture
def counted(tmp_path: Path) -> tuple[str, ...]:
    """Options for a box that has counted the recorded shop and sent nothing."""
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.replace("walk.mp4", str(SHOP)))
    options = ("--config", str(config), "--state-dir", str(tmp_path / "state"))
    assert process("run", *options, "--speed", "max", "--start", "2026-11-23T09:00:00Z").code == 0
    return options


def test_show_tells_what_is_kept(counted, capsys):
    outcome = edge(capsys, "outbox", "show", *counted)
    assert outcome.code == 0
    assert "16 to be sent, 0 dropped for want of room" in outcome.out
    assert "line/door: 4 rows kept, 1 to 4 of 4; 4 to be sent" in outcome.out
    assert "total/door: in " in outcome.out


def test_show_of_a_running_service_says_who_has_it(counted, tmp_path, capsys):
    with Outbox(tmp_path / "state" / "entrance.db"):
        edge(capsys, "outbox", "show", *counted).failed(5, "entrance.db", "only process")


def test_show_makes_no_database(tmp_path, capsys):
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG)
    options = ("--config", config, "--state-dir", tmp_path / "state")
    edge(capsys, "outbox", "show", *options).failed(1, "entrance.db", "has the service ever run?")
    assert list((tmp_path / "state").iterdir()) == []


def test_what_was_sent_is_sent_again_at_the_next_start(counted, tmp_path, capsys):
    config = tmp_path / "config.yaml"
    with Mosquitto(tmp_path / "broker") as broker:
        mqtt = f"mqtt: {{host: 127.0.0.1, port: {broker.port}}}"
        config.write_text(config.read_text().replace("mqtt: {enabled: false}", mqtt).replace(str(SHOP), "empty.jsonl"))
        (tmp_path / "empty.jsonl").write_text('{"recording": 1, "width": 640, "height": 480, "fps": 10}\n')
        config.write_text(config.read_text().replace("empty.jsonl", str(tmp_path / "empty.jsonl")))
        assert process("run", *counted, "--speed", "max").code == 0  # to nobody
        with Collector(broker.port) as collector:
            outcome = edge(capsys, "outbox", "resend", "line/door", "--from", 2, "--to", 3, *counted)
            assert (outcome.code, "line/door from 2 to 3" in outcome.out) == (0, True)
            assert process("run", *counted, "--speed", "max").code == 0
            wait_until(lambda: len(collector.on("traffic/v1/shop/box/line/door")) == 2)
            payloads = collector.on("traffic/v1/shop/box/line/door")
            assert [json.loads(payload)["seq"] for payload in payloads] == [2, 3]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("line/door", "--from", 3, "--to", 2), "expected --to of at least 3"),
        (("../secret", "--from", 1, "--to", 2), "expected line/NAME, zone/NAME or occupancy"),
        (("line/door", "--from", 0, "--to", 2), "greater than or equal to 1"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(counted, tmp_path, capsys, arguments, words):
    outcome = edge(capsys, "outbox", "resend", *arguments, *counted)
    assert outcome.code == 2
    assert words in outcome.err
    assert not list((tmp_path / "state").glob("*.resend"))

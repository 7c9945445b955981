"""The whole path on real parts: the scripted shop's boxes in, rows at a subscriber of a real mosquitto out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.adapters.outbox import Outbox
from edge.config import Camera, Config, parse
from edge.errors import CameraError, ConfigError, OutboxError
from edge.observer import Observer
from edge.service import Options, Service
from tests.mosquitto import Collector, Mosquitto, free_port, wait_until
from tests.rtsp import RtspServer

DEMO = Path(__file__).parents[1] / "edge" / "demo"
TRUTH = json.loads((DEMO / "shop.truth.json").read_text())
START_UTC_S = 1_795_392_000.0  # on a boundary of every interval
SERIES = {"line/door", "zone/beauty", "zone/shoes", "occupancy"}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker") as mosquitto:
        yield mosquitto


def text(port: int, source: str = str(DEMO / "shop.jsonl"), more: str = "") -> str:
    demo = (DEMO / "demo.yaml").read_text()
    demo = demo.replace("source: shop.jsonl ", f"source: {source} ").replace("port: 1883", f"port: {port}")
    return demo.replace("host: localhost", "host: 127.0.0.1") + more


def chosen(yaml: str) -> tuple[Config, Camera]:
    config = parse(yaml)
    return config, config.cameras[0]


def count(folder: Path, yaml: str, **options: Any) -> None:
    folder.mkdir(exist_ok=True)
    Service(chosen(yaml), Options(state_dir=folder, speed="max", start_utc_s=START_UTC_S, **options)).run()


def rows(collector: Collector) -> dict[tuple[str, str, int], dict[str, Any]]:
    """What a reader keeps: each row once, by its key."""
    payloads = [json.loads(message.payload) for message in list(collector.messages)]
    return {(row["epoch"], row["series"], row["seq"]): row for row in payloads if "series" in row}


def total(collector: Collector, series: str) -> Counter[str]:
    result: Counter[str] = Counter()
    for row in rows(collector).values():
        if row["series"] == series:
            result.update({key: value for key, value in row.items() if type(value) is int and key != "seq"})
    return result


def test_rows_at_a_subscriber_add_up_to_the_truth(tmp_path: Path, broker: Mosquitto) -> None:
    with Collector(broker.port) as collector:
        count(tmp_path / "state", text(broker.port))
        wait_until(lambda: len(rows(collector)) == 16)

        door, truth = total(collector, "line/door"), TRUTH["lines"]["door"]
        assert {key: door[key] for key in ("in", "out", "in_raw", "out_raw", "uturns")} == {
            key: truth[key] for key in ("in", "out", "in_raw", "out_raw", "uturns")
        }
        for name, zone in TRUTH["zones"].items():
            sums = total(collector, f"zone/{name}")
            assert sums["pass"] == zone["passes"]
            assert sums["stop"] + sums["engaged"] == len(zone["visits"])
        registers = [json.loads(payload) for payload in collector.on("traffic/v1/demo/demo-box/total/door")]
        assert (registers[-1]["in"], registers[-1]["out"], registers[-1]["seq"]) == (truth["in"], truth["out"], 4)
        status = [json.loads(payload)["state"] for payload in collector.on("traffic/v1/demo/demo-box/status")]
        wait_until(lambda: len(collector.on("traffic/v1/demo/demo-box/status")) == 2)
        assert status[0] == "online"
        assert json.loads(collector.on("traffic/v1/demo/demo-box/status")[-1])["state"] == "offline"
        starts = sorted({row["start"] for row in rows(collector).values()})
        assert starts == [f"2026-11-23T00:0{minute}:00Z" for minute in range(4)]


def test_what_no_broker_took_goes_out_at_the_next_start_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.service.DRAIN_S", 0.2)
    with Mosquitto(tmp_path / "broker", start=False) as broker:
        count(tmp_path / "state", text(broker.port))
        broker.start()
        with Collector(broker.port) as collector:
            monkeypatch.setattr("edge.service.DRAIN_S", 20.0)
            count(tmp_path / "state", text(broker.port))
            wait_until(lambda: len(rows(collector)) == 32)
            assert {series: sorted(seq for _, s, seq in rows(collector) if s == series) for series in SERIES} == {
                series: list(range(1, 9)) for series in SERIES
            }
            assert sum("series" in json.loads(message.payload) for message in collector.messages) == 32
            assert total(collector, "line/door")["in"] == 2 * TRUTH["lines"]["door"]["in"]
    with Outbox(tmp_path / "state" / "entrance.db") as outbox:
        assert outbox.depth() == 0


def test_killed_at_any_moment_it_goes_on_without_a_gap_or_a_double(tmp_path: Path, broker: Mosquitto) -> None:
    (tmp_path / "config.yaml").write_text(text(broker.port))
    command = [sys.executable, "-m", "edge", "run", "--speed", "max", "--state-dir", str(tmp_path / "state")]
    with Collector(broker.port) as collector:
        for delay_s in (0.7, 0.9, 1.0, 1.1, 1.3, 30.0):
            process = subprocess.Popen([*command, "-c", str(tmp_path / "config.yaml")], stderr=subprocess.DEVNULL)
            try:
                process.wait(delay_s)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        assert process.returncode == 0
        with Outbox(tmp_path / "state" / "entrance.db") as outbox:
            books = outbox.books
            assert outbox.depth() == 0
        wait_until(lambda: len(rows(collector)) == sum(books.last_seq.values()))
        assert {key[0] for key in rows(collector)} == {books.epoch}
        assert total(collector, "line/door")["in"] == books.totals["door"].in_


def test_lines_and_zones_change_at_a_boundary(tmp_path: Path, broker: Mosquitto) -> None:
    changed = text(broker.port).replace("name: shoes", "name: bags")
    service = Service(
        chosen(text(broker.port)),
        Options(tmp_path, speed="max", start_utc_s=START_UTC_S, reload=lambda: chosen(changed)),
    )
    service._want_reload()
    with Collector(broker.port) as collector:
        assert service.run() is None
        wait_until(lambda: len(rows(collector)) == 16)
        by_zone = {(row["series"], row["start"][14:16]): row["config_id"] for row in rows(collector).values()}
        assert ("zone/shoes", "00") in by_zone
        assert ("zone/shoes", "01") not in by_zone
        assert [by_zone["zone/bags", minute] for minute in ("01", "02", "03")] == [parse(changed).config_id] * 3
        assert total(collector, "line/door")["in"] == TRUTH["lines"]["door"]["in"]
        infos = [json.loads(payload) for payload in collector.on("traffic/v1/demo/demo-box/info")]
        assert [zone["name"] for zone in infos[-1]["zones"]] == ["beauty", "bags"]


def test_an_invalid_change_is_not_taken(tmp_path: Path, broker: Mosquitto, caplog: pytest.LogCaptureFixture) -> None:
    def reload() -> tuple[Config, Camera]:
        raise ConfigError("line 7: cameras[0].lines[0].pionts: unknown key; did you mean 'points'?")

    service = Service(chosen(text(broker.port)), Options(tmp_path, speed="max", reload=reload))
    service._want_reload()
    assert service.run() is None
    assert "the configuration stays as it is: line 7" in caplog.text


def test_a_change_beyond_lines_and_zones_is_handed_on(
    tmp_path: Path, broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Observer, "live", True)
    changed = chosen(text(broker.port, more="health_s: 60\n"))
    service = Service(chosen(text(broker.port)), Options(tmp_path, speed="max", reload=lambda: changed))
    service._want_reload()
    assert service.run() == changed


def test_a_file_is_not_counted_twice_for_a_change(
    tmp_path: Path, broker: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    changed = chosen(text(broker.port, more="health_s: 60\n"))
    service = Service(
        chosen(text(broker.port)),
        Options(tmp_path, speed="max", start_utc_s=START_UTC_S, reload=lambda: changed),
    )
    service._want_reload()
    with Collector(broker.port) as collector:
        assert service.run() is None
        wait_until(lambda: len(rows(collector)) == 16)
        assert total(collector, "line/door")["in"] == TRUTH["lines"]["door"]["in"]
    assert "would be counted again from its start" in caplog.text


def test_it_stops_cleanly_when_told(tmp_path: Path, broker: Mosquitto) -> None:
    (tmp_path / "config.yaml").write_text(text(broker.port))
    command = [sys.executable, "-m", "edge", "run", "-c", str(tmp_path / "config.yaml")]
    environment = {**os.environ, "STATE_DIRECTORY": str(tmp_path / "state")}
    with Collector(broker.port) as collector:
        process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        wait_until(lambda: collector.on("traffic/v1/demo/demo-box/status"))
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=30)
        assert process.returncode == 0, log
        wait_until(lambda: {series for _, series, _ in rows(collector)} == SERIES)
        wait_until(lambda: b"offline" in collector.on("traffic/v1/demo/demo-box/status")[-1])
    assert list((tmp_path / "state").glob("*.pid")) == []


def test_two_services_do_not_share_an_outbox(tmp_path: Path, broker: Mosquitto) -> None:
    with Outbox(tmp_path / "entrance.db"), pytest.raises(OutboxError, match=r"entrance\.db"):
        count(tmp_path, text(broker.port))


def test_health_and_metrics_are_told_while_it_runs(tmp_path: Path, broker: Mosquitto) -> None:
    port = free_port()
    (tmp_path / "config.yaml").write_text(text(broker.port, more=f"health_s: 5\nmetrics: {{port: {port}}}\n"))
    command = [sys.executable, "-m", "edge", "run", "-c", str(tmp_path / "config.yaml"), "--state-dir", str(tmp_path)]
    with Collector(broker.port) as collector:
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: collector.on("traffic/v1/demo/demo-box/health"))
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as response:
                metrics = response.read().decode()
        finally:
            process.terminate()
            process.wait(30)
    health = json.loads(collector.on("traffic/v1/demo/demo-box/health")[0])
    assert health["camera"] == "streaming"
    assert (health["broker"], health["books"], health["intervals_dropped"]) == ("ok", "ok", 0)
    assert 5.0 < health["fps"] < 15.0
    assert 'edge_camera_state{edge_camera_state="streaming"} 1.0' in metrics
    assert 'edge_books_state{edge_books_state="ok"} 1.0' in metrics
    assert 'device="demo-box"' in metrics


def test_a_camera_that_is_down_does_not_stop_the_loop(tmp_path: Path, broker: Mosquitto) -> None:
    """Nobody listens on the camera's port: the service is online, says so in health, and stops when told."""
    pytest.importorskip("onnx")
    model = tiny_model(tmp_path / "tiny.onnx")
    yaml = text(broker.port, source=f"rtsp://127.0.0.1:{free_port()}/cam", more="health_s: 5\n")
    (tmp_path / "config.yaml").write_text(yaml.replace("model: person-n", f"model: {model}"))
    command = [sys.executable, "-m", "edge", "run", "-c", str(tmp_path / "config.yaml"), "--state-dir", str(tmp_path)]
    with Collector(broker.port) as collector:
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: collector.on("traffic/v1/demo/demo-box/health"))
        finally:
            process.terminate()
            assert process.wait(30) == 0
        wait_until(lambda: {series for _, series, _ in rows(collector)} == SERIES)
    health = json.loads(collector.on("traffic/v1/demo/demo-box/health")[0])
    assert health["camera"] in ("connecting", "gone")
    assert {row["status"] for row in rows(collector).values()} == {"gone"}
    assert {row["observed_s"] for row in rows(collector).values()} == {0.0}


def test_live_pictures_are_counted_on_the_machine_clock(tmp_path: Path, broker: Mosquitto) -> None:
    pytest.importorskip("onnx")
    model = tiny_model(tmp_path / "tiny.onnx")
    with RtspServer(fps=15) as server, Collector(broker.port) as collector:
        yaml = text(broker.port, source=server.url).replace("model: person-n", f"model: {model}")
        (tmp_path / "config.yaml").write_text(yaml)
        command = [sys.executable, "-m", "edge", "run", "-c", str(tmp_path / "config.yaml")]
        process = subprocess.Popen([*command, "--state-dir", str(tmp_path)], stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: server.sent > 60)
        finally:
            process.terminate()
            assert process.wait(30) == 0
        wait_until(lambda: {series for _, series, _ in rows(collector)} == SERIES)
    row = next(row for row in rows(collector).values() if row["series"] == "line/door")
    assert row["status"] == "ok"
    assert row["frames"] > 10
    assert row["observed_s"] == pytest.approx(row["frames"] / 10.0, rel=0.35)


def tiny_model(path: Path) -> Path:
    """A network of the YOLOv8 layout that never sees anybody."""
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    output = helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, 5, 84])
    given = helper.make_tensor_value_info("in", TensorProto.FLOAT, [1, 3, 64, 64])
    constant = numpy_helper.from_array(np.zeros((1, 5, 84), np.float32), "boxes")
    zero = numpy_helper.from_array(np.zeros(1, np.float32), "zero")
    nodes = [
        helper.make_node("ReduceMax", ["in"], ["top"], keepdims=0),
        helper.make_node("Mul", ["top", "zero"], ["nothing"]),
        helper.make_node("Add", ["boxes", "nothing"], ["out"]),
    ]
    graph = helper.make_graph(nodes, "tiny", [given], [output], [constant, zero])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=9), path)
    return path


def test_what_a_broken_file_showed_is_sent_before_it_fails(tmp_path: Path, broker: Mosquitto) -> None:
    whole = (DEMO / "shop.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "broken.jsonl").write_text("".join(whole[:1500]) + "this is no picture\n")
    with Collector(broker.port) as collector:
        with pytest.raises(CameraError, match=r"broken\.jsonl.*1501"):
            count(tmp_path / "state", text(broker.port, source=str(tmp_path / "broken.jsonl")))
        wait_until(lambda: len(rows(collector)) == 12)
        events = [event for event in TRUTH["lines"]["door"]["events"] if event["t_s"] < 149.0]
        assert total(collector, "line/door")["in_raw"] == sum(event["inward"] for event in events)

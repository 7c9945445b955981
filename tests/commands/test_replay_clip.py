"""The real clip with its truth, through the real network: as a file, as a recording of it, and as a live camera.

The network sees the whole clip once; everything else is counted from the recording of what it saw.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.config import parse
from edge.core.pipeline import Pipeline
from edge.observer import Observer
from edge.replay import replay as count
from tests.assets import asset
from tests.commands import Outcome, edge, process
from tests.rtsp import RtspServer

CLIP = "clips/one-by-one-person-detection.mp4"
LIVE_S = 46.0
"""Of the clip, as a live camera: until after the second exit."""


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(asset(CLIP.replace(".mp4", ".truth.json")).read_text())
    return read


@pytest.fixture(scope="module")
def config(truth: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "config.yaml"
    camera = {
        "name": "cam", "source": str(asset(CLIP)), "model": str(asset("models/yolox_nano_416.onnx")),
        "lines": [truth["line"]], "zones": [truth["zone"]],
    }  # fmt: skip
    path.write_text(json.dumps({"site": "shop", "device": "box", "interval_s": 60, "cameras": [camera]}))
    return path


@pytest.fixture(scope="module")
def seen(config: Path) -> Outcome:
    """What the network sees at 10 pictures a second, recorded beside the configuration."""
    return process(
        "replay", asset(CLIP), "--config", config, "--json", "-", "--record", config.with_name("boxes.jsonl"),
        "--rows", config.with_name("rows.jsonl"),
    )  # fmt: skip


@pytest.fixture
def replay(config: Path, seen: Outcome, capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Replays the recording."""
    boxes = config.with_name("boxes.jsonl")
    assert seen.code == 0, seen.err
    return lambda *options: edge(capsys, "replay", boxes, "--config", config, *options)


def check(result: dict[str, Any], truth: dict[str, Any]) -> None:
    """Compares every visit and every exit with the truth."""
    compare(result, truth["visits_s"], truth["out_at_s"], truth["visits_tolerance_s"])


def compare(result: dict[str, Any], visits: list[list[float]], out_s: list[float], tolerance_s: float) -> None:
    line, found = result["lines"]["exit"], result["zones"]["table"]["visits"]
    assert (line["in"], line["out"], line["in_raw"], line["out_raw"]) == (0, len(out_s), 0, len(out_s))
    assert [event["t_s"] for event in line["events"]] == pytest.approx(out_s, abs=tolerance_s)
    for visit, true in zip(found, visits, strict=True):
        assert [visit["start_s"], visit["end_s"]] == pytest.approx(true, abs=tolerance_s)


def test_the_file_is_counted_as_the_truth_says(seen, truth):
    assert (seen.code, seen.err) == (0, "")
    assert seen.json()["frames"] == truth["frames"]
    check(seen.json(), truth)


def test_it_is_without_the_looks_that_nobody_needs(config, truth):
    """As it is configured by default: the motion gate and the adaptive rate on."""
    camera = parse(config.read_text()).cameras[0]
    pipeline = Pipeline(camera.line_rules(), camera.zone_rules(), camera.tracker_rule())
    with Observer(camera, speed="max") as observer:
        result = count(observer.observations(pipeline), camera, pipeline).to_json()
        lookout = observer.lookout
    check(result, truth)
    assert lookout is not None
    assert lookout.pictures == truth["frames"]
    assert lookout.gated > 100
    assert lookout.gated + lookout.waited > 0.5 * truth["frames"]


@pytest.mark.parametrize("fps", [10, 7, 5])
def test_it_is_at_every_rate(replay, truth, fps):
    result = replay("--detect-fps", fps, "--json", "-").json()
    assert result["frames"] == pytest.approx(fps / 10 * truth["frames"], rel=0.01)
    check(result, truth)


def test_the_recording_gives_the_result_of_the_pictures(replay, seen):
    again, first = replay("--json", "-").json(), seen.json()
    for result in (again, first):
        del result["cpu_s"]
    again_events, first_events = again["lines"]["exit"].pop("events"), first["lines"]["exit"].pop("events")
    assert [event["t_s"] for event in again_events] == pytest.approx([e["t_s"] for e in first_events], abs=0.005)
    again_visits, first_visits = again["zones"]["table"].pop("visits"), first["zones"]["table"].pop("visits")
    for visit, true in zip(again_visits, first_visits, strict=True):
        assert visit.pop("ended") == true.pop("ended") == "left"
        assert visit == pytest.approx(true, abs=0.005)
    assert again == first


def test_its_rows_add_up_to_the_truth(replay, seen, config, tmp_path, truth):
    written = []
    for number in range(2):
        replay("--rows", tmp_path / f"{number}.jsonl")
        written.append((tmp_path / f"{number}.jsonl").read_bytes())
    assert written[0] == written[1] == config.with_name("rows.jsonl").read_bytes()
    rows = [json.loads(line) for line in written[0].splitlines()]
    exits = [row for row in rows if row.get("series") == "line/exit"]
    visits = [row for row in rows if row.get("series") == "zone/table"]
    assert [sum(row[key] for row in exits) for key in ("in", "out", "in_raw", "out_raw")] == [0, 6, 0, 6]
    assert sum(row["stop"] + row["engaged"] for row in visits) == len(truth["visits_s"])
    longest_s = sum(end_s - start_s for start_s, end_s in truth["visits_s"])
    assert sum(row["left_s"] for row in visits) == pytest.approx(longest_s, abs=6 * truth["visits_tolerance_s"])
    assert sum(row["observed_s"] for row in rows if row.get("series") == "occupancy") == pytest.approx(139.3, abs=0.05)


def test_a_live_camera_that_shows_it_is_counted_alike(config, truth):
    """In real time: the first 46 s of it, with two visits and two exits.

    The times of a live camera count from when it was opened; until it plays, a moment passes: `late_s`.
    """
    with RtspServer(asset(CLIP)) as camera:
        outcome = process("replay", camera.url, "--config", config, "--seconds", LIVE_S, "--json", "-")
    assert (outcome.code, outcome.err) == (0, "")
    result, visits, out_s = outcome.json(), truth["visits_s"][:2], truth["out_at_s"][:2]
    late_s = out_s[0] - result["lines"]["exit"]["events"][0]["t_s"]
    assert -0.8 < late_s < 5.0
    shifted = [[start_s - late_s, end_s - late_s] for start_s, end_s in visits]
    compare(result, shifted, [at_s - late_s for at_s in out_s], truth["visits_tolerance_s"])

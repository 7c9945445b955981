"""`edge replay` as a user meets it: what it prints and writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import pytest

from edge.adapters.recording import RecordingWriter
from edge.core.message import LineRow, OccupancyRow, Payload, TotalRow, ZoneRow
from edge.core.types import Detections
from tests.commands import FPS, IN_S, OUT_S, ROOT, VISIT_S, edge, process, scene

SHOP, SHOP_CONFIG = ROOT / "edge/demo/shop.jsonl", ROOT / "edge/demo/demo.yaml"
COUNTS = ["in", "out", "in_raw", "out_raw", "uturns", "rejoined", "born_past_line", "died_at_line"]
"""Of a line, as promised; further counts may follow them."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scene")
    scene(folder)
    return folder


@pytest.fixture
def replay(folder, capsys):
    """Replays in this process; options come after the source."""
    return lambda source, *options: edge(capsys, "replay", source, "--config", folder / "config.yaml", *options)


def counted(result: dict[str, Any]) -> dict[str, Any]:
    """The result without what the machine adds to it."""
    return {key: value for key, value in result.items() if key != "cpu_s"}


def test_the_result_is_one_object_of_the_keys_and_types_that_are_promised(folder, replay):
    outcome = replay(folder / "walk.mp4", "--json", "-")
    result = outcome.json()

    assert (outcome.code, outcome.err, outcome.out.count("\n")) == (0, "", 1)
    assert list(result) == ["frames", "seconds", "cpu_s", "lines", "zones"]
    assert (result["frames"], result["seconds"]) == (160, 15.9)
    assert type(result["frames"]) is int
    assert 0.0 < result["cpu_s"] < 60.0
    (door,), (table,) = result["lines"].values(), result["zones"].values()
    assert (list(result["lines"]), list(result["zones"])) == (["door"], ["table"])
    events = door.pop("events")
    assert list(door)[: len(COUNTS)] == COUNTS
    assert all(type(count) is int for count in door.values())
    assert [list(event) for event in events] == [["t_s", "inward"]] * 2
    assert [event["inward"] for event in events] == [True, False]
    assert [event["t_s"] for event in events] == pytest.approx([IN_S, OUT_S], abs=0.1)
    assert list(table) == ["visits", "passes"]
    assert type(table["passes"]) is int
    (visit,) = table["visits"]
    assert list(visit) == ["start_s", "end_s", "dwell_s", "ended"]
    assert (visit["start_s"], visit["end_s"]) == pytest.approx(VISIT_S, abs=0.1)
    assert visit["dwell_s"] == pytest.approx(VISIT_S[1] - VISIT_S[0], abs=0.2)
    assert visit["ended"] == "left"
    assert {key: count for key, count in door.items() if count and key in COUNTS} == {
        "in": 1,
        "out": 1,
        "in_raw": 1,
        "out_raw": 1,
    }


def test_without_json_there_are_tables_for_people(folder, replay):
    outcome = replay(folder / "walk.mp4")
    assert (outcome.code, outcome.err) == (0, "")
    for word in ("Lines", "door", "Zones", "table", "10.6", "160 pictures of 15.9 s"):
        assert word in outcome.out


def test_json_into_a_file_leaves_the_tables_to_the_terminal(folder, replay, tmp_path):
    outcome = replay(folder / "walk.mp4", "--json", tmp_path / "r.json")
    assert "Lines" in outcome.out
    assert json.loads((tmp_path / "r.json").read_text())["lines"]["door"]["in"] == 1


def test_a_process_of_its_own_prints_the_same_and_nothing_beside_it(folder, replay):
    alone = process("replay", folder / "walk.mp4", "--config", folder / "config.yaml", "--json", "-")
    assert (alone.code, alone.err) == (0, "")
    assert counted(alone.json()) == counted(replay(folder / "walk.mp4", "--json", "-").json())


def test_a_recording_of_a_replay_gives_the_same_result(folder, replay, tmp_path):
    seen = replay(folder / "walk.mp4", "--json", "-", "--record", tmp_path / "boxes.jsonl").json()
    again = replay(tmp_path / "boxes.jsonl", "--json", "-", "--record", tmp_path / "copy.jsonl").json()

    header, *pictures = map(json.loads, (tmp_path / "boxes.jsonl").read_text().splitlines())
    assert header == {"recording": 1, "width": 96, "height": 64, "fps": 10.0}
    assert len(pictures) == 160
    assert counted(again) == counted(seen)
    copied = [json.loads(line) for line in (tmp_path / "copy.jsonl").read_text().splitlines()]
    assert copied[1:] == pictures
    assert copied[0]["width"] / copied[0]["height"] == 1.5


def test_ids_of_a_recording_bypass_the_tracker(replay, tmp_path):
    """The same boxes: two people by their ids, or nobody who is seen twice."""
    lines: list[dict[str, Any]] = [{"recording": 1, "width": 96, "height": 64, "fps": 10}]
    for i in range(40):
        foot = min(0.35 + 0.02 * i, 0.85)
        lines.append({"t_s": i / 10, "boxes": [[0.4, foot - 0.3, 0.5, foot, 0.9]], "ids": [7]})
    one, many = tmp_path / "one.jsonl", tmp_path / "many.jsonl"
    one.write_text("\n".join(map(json.dumps, lines)))
    for number, line in enumerate(lines[1:]):
        line["ids"] = [number]
    many.write_text("\n".join(map(json.dumps, lines)))

    assert replay(one, "--json", "-").json()["lines"]["door"]["in_raw"] == 1
    assert replay(many, "--json", "-").json()["lines"]["door"]["in_raw"] == 0


def test_a_recording_of_tracks_cannot_be_recorded_as_boxes(replay, tmp_path):
    tracks = tmp_path / "tracks.jsonl"
    tracks.write_text('{"recording": 1, "width": 96, "height": 64, "fps": 10}\n{"t_s": 0, "boxes": [], "ids": []}\n')
    replay(tracks, "--record", tmp_path / "out.jsonl").failed(2, "--record", "without ids", "recording of tracks")


def test_the_model_and_the_rate_of_the_command_line_win(folder, replay, tmp_path):
    assert replay(folder / "walk.mp4", "--detect-fps", 5, "--json", "-").json()["frames"] == 80
    replay(folder / "walk.mp4", "--model", tmp_path / "other.onnx").failed(4, tmp_path / "other.onnx", "No such file")


@pytest.mark.parametrize("rate", ["0", "-1", "nan", "inf"])
def test_a_rate_that_is_none_is_refused(folder, replay, rate):
    replay(folder / "walk.mp4", "--detect-fps", rate).failed(2, "--detect-fps", "expected a number above 0", rate)


def test_a_part_of_a_file_is_counted_up_to_a_time(folder, replay):
    result = replay(folder / "walk.mp4", "--seconds", 2.5, "--json", "-").json()
    assert (result["frames"], result["seconds"]) == (25, 2.4)
    assert result["lines"]["door"]["in_raw"] == 1


def test_the_rows_are_the_rows_of_the_wire(replay, folder, tmp_path):
    models: dict[str, type[Payload]] = {"line": LineRow, "zone": ZoneRow, "occupancy": OccupancyRow}
    rows = tmp_path / "rows.jsonl"
    replay(folder / "walk.mp4", "--rows", rows, "--start", "2026-11-23T08:59:50Z")
    read: list[Payload] = []
    for line in rows.read_text().splitlines():
        kind = json.loads(line).get("series", "total").split("/")[0]
        read.append(models.get(kind, TotalRow).model_validate_json(line))

    assert [type(row) for row in read] == [LineRow, TotalRow, ZoneRow, OccupancyRow] * 2
    first, second = (row for row in read if isinstance(row, LineRow))
    assert (first.start, first.end, first.in_, first.out) == ("2026-11-23T08:59:00Z", "2026-11-23T09:00:00Z", 1, 0)
    assert (second.start, second.end, second.in_, second.out) == ("2026-11-23T09:00:00Z", "2026-11-23T09:01:00Z", 0, 1)
    assert first.observed_s + second.observed_s == pytest.approx(15.9, abs=0.01)
    assert (first.seq, second.seq) == (1, 2)


@pytest.mark.parametrize("start", ["yesterday", "2026-11-23", "2026-13-01T00:00:00Z", "9999-12-31T23:59:59Z", ""])
def test_a_start_that_is_no_time_is_refused_with_an_example(folder, replay, start):
    outcome = replay(folder / "walk.mp4", "--start", start, "--seconds", 1)
    if start:
        outcome.failed(2, "expected a")
        assert start in outcome.err
    else:
        assert outcome.code == 0


def test_two_runs_and_both_speeds_give_the_same_bytes(folder, replay, tmp_path):
    """Two seconds of the walk, with the crossing in them; in real time that takes two seconds."""
    written = []
    for number, speed in enumerate(["max", "max", "real"]):
        rows, boxes = tmp_path / f"{number}.rows", tmp_path / f"{number}.jsonl"
        options = ("--speed", speed, "--seconds", 2.5, "--rows", rows, "--record", boxes, "--json", "-")
        result = replay(folder / "walk.mp4", *options).json()
        written.append((rows.read_bytes(), boxes.read_bytes(), counted(result)))
    assert written[0] == written[1] == written[2]
    assert written[0][2]["lines"]["door"]["in_raw"] == 1


def test_the_annotated_video_can_be_played_and_says_what_was_counted(folder, replay, tmp_path):
    video = tmp_path / "out.mp4"
    assert replay(folder / "walk.mp4", "--annotated", video).code == 0
    with av.open(str(video)) as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert len(times) == 160
    assert times[-1] == pytest.approx(15.9, abs=0.05)


def test_an_annotated_recording_has_grey_pictures_of_its_shape(replay, tmp_path):
    with RecordingWriter(tmp_path / "b.jsonl", width=1280, height=720, fps=FPS) as recording:
        for i in range(5):
            recording.write(Detections.sanitised([[0.4, 0.2, 0.5, 0.7]], [0.9], i / 10, 16 / 9))  # type: ignore[arg-type]
    assert replay(tmp_path / "b.jsonl", "--annotated", tmp_path / "out.mp4").code == 0
    with av.open(str(tmp_path / "out.mp4")) as container:
        frames = list(container.decode(video=0))
    assert (len(frames), frames[0].width, frames[0].height) == (5, 960, 540)


@pytest.mark.parametrize("option", ["--json", "--rows", "--record", "--annotated"])
def test_a_place_that_cannot_be_written_is_named(folder, replay, tmp_path, option):
    path = tmp_path / "none" / "out"
    outcome = replay(folder / "walk.mp4", "--seconds", 0.5, option, path)
    assert outcome.code != 0
    outcome.failed(outcome.code, path, "expected", "No such file or directory")


@pytest.mark.parametrize("option", ["--json", "--rows", "--record", "--annotated"])
def test_the_source_is_never_written_over(replay, tmp_path, option):
    source = tmp_path / "shop.jsonl"
    source.write_bytes(SHOP.read_bytes())
    replay(source, option, tmp_path / "." / "shop.jsonl").failed(2, source, "expected another file than the source")
    assert source.read_bytes() == SHOP.read_bytes()


def test_the_demo_scene_is_counted_as_its_truth_says(capsys):
    truth = json.loads(SHOP.with_name("shop.truth.json").read_text())
    result = edge(capsys, "replay", SHOP, "--config", SHOP_CONFIG, "--json", "-").json()
    for name, line in truth["lines"].items():
        assert {key: result["lines"][name][key] for key in line if key != "events"} == {
            key: value for key, value in line.items() if key != "events"
        }
    for name, zone in truth["zones"].items():
        assert (len(result["zones"][name]["visits"]), result["zones"][name]["passes"]) == (
            len(zone["visits"]),
            zone["passes"],
        )

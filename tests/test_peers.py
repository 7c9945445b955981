"""The side by side of benchmarks/peers: the same weights for all, the same line, and no ratio for wrong counts."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from benchmarks.peers import contest, table
from benchmarks.peers.case import Case, read_case
from benchmarks.peers.clip import Clip
from benchmarks.peers.contest import Arena, Contestant, Result
from benchmarks.peers.stream import _crossings, _stretches, _to_and_fro
from benchmarks.peers.weights import as_yolov8
from edge.core.layouts import read_people
from edge.core.model_facts import InputSize, ModelFacts
from edge.evaluation.truth import Event, Line
from tests.assets import asset
from tests.commands import FPS, HEIGHT, WIDTH, film, network

CLIP = Clip(Path("clip.mp4"), 768, 432, 10.0, 1390)
EXIT = Case("clip", CLIP, "exit", ((0.85, 0.45), (0.85, 1.0)), (0.5, 0.8), Line(events=(Event(t_s=5.0, inward=False),)))
SIZE = InputSize(64, 96)


def tiny_yolox(path: Path) -> Path:
    """One convolution, three heads, 5 + 2 columns of undecoded cells: the form of a YOLOX, with random weights."""
    rng = np.random.default_rng(4)
    tensors = {"first": rng.normal(0, 0.02, (6, 3, 3, 3)), "shape": np.array([1, 7, -1])}
    nodes = [helper.make_node("Conv", ["images", "first"], ["seen"], pads=[1, 1, 1, 1])]
    for stride in (8, 16, 32):
        tensors[f"head{stride}"] = rng.normal(0, 0.02, (7, 6, stride, stride))
        nodes += [
            helper.make_node("Conv", ["seen", f"head{stride}"], [f"raw{stride}"], strides=[stride, stride]),
            helper.make_node("Tanh", [f"raw{stride}"], [f"map{stride}"]),
            helper.make_node("Reshape", [f"map{stride}", "shape"], [f"cells{stride}"]),
        ]
    nodes += [
        helper.make_node("Concat", ["cells8", "cells16", "cells32"], ["columns"], axis=2),
        helper.make_node("Transpose", ["columns"], ["output"], perm=[0, 2, 1]),
    ]
    kinds = {name: np.int64 if name == "shape" else np.float32 for name in tensors}
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, SIZE.height, SIZE.width])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, SIZE.cells, 7])],
        [numpy_helper.from_array(value.astype(kinds[name]), name) for name, value in tensors.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))
    return path


def answer(path: Path, image: np.ndarray, layout: str, size: InputSize) -> tuple[np.ndarray, np.ndarray]:
    """People in a picture of the input's size, through onnxruntime and our reader of that layout."""
    facts = ModelFacts(name="tiny", sha256="0" * 64, score_threshold=0.05).settled(layout)  # type: ignore[arg-type]
    pixels = image if facts.colour == "bgr" else image[..., ::-1]
    tensor = (pixels.transpose(2, 0, 1)[None] / facts.scale).astype(np.float32)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (output,) = session.run(None, {session.get_inputs()[0].name: tensor})
    return read_people(output, facts, size)


@pytest.mark.parametrize("seed", range(3))
def test_the_same_weights_see_the_same_people_in_the_layout_of_others(seed, tmp_path):
    own, others = tiny_yolox(tmp_path / "own.onnx"), tmp_path / "others.onnx"
    as_yolov8(own, others, SIZE)
    image = np.random.default_rng(seed).integers(0, 256, (SIZE.height, SIZE.width, 3), np.uint8)
    boxes, scores = answer(own, image, "yolox", SIZE)
    assert len(boxes) > 3, "the network has to see something"
    seen, sure = answer(others, image, "yolov8", SIZE)
    np.testing.assert_allclose(sure, scores, atol=1e-4)
    np.testing.assert_allclose(seen, boxes, atol=0.02)


def test_it_can_be_of_another_size_and_says_what_ultralytics_asks_for(tmp_path):
    as_yolov8(tiny_yolox(tmp_path / "own.onnx"), tmp_path / "wide.onnx", InputSize(32, 128))
    model = onnx.load(str(tmp_path / "wide.onnx"))
    told = {pair.key: pair.value for pair in model.metadata_props}
    assert (told["task"], told["names"], told["imgsz"]) == ("detect", "{0: 'person'}", "[32, 128]")
    session = onnxruntime.InferenceSession(str(tmp_path / "wide.onnx"), providers=["CPUExecutionProvider"])
    (output,) = session.run(None, {"images": np.zeros((1, 3, 32, 128), np.float32)})
    assert output.shape == (1, 5, InputSize(32, 128).cells)


def test_another_kind_of_network_is_refused(tmp_path):
    network(tmp_path / "grey.onnx")
    with pytest.raises(ValueError, match=r"grey\.onnx: expected a YOLOX"):
        as_yolov8(tmp_path / "grey.onnx", tmp_path / "x.onnx", SIZE)


def test_a_pretrained_network_of_another_size_still_loads(tmp_path):
    source = asset("models/yolox_nano_416.onnx")
    as_yolov8(source, tmp_path / "small.onnx", InputSize(192, 320))
    image = np.full((192, 320, 3), 114, np.uint8)
    boxes, _ = answer(tmp_path / "small.onnx", image, "yolov8", InputSize(192, 320))
    assert len(boxes) == 0


@pytest.mark.parametrize(
    ("points", "inside", "right_or_down_is_in"),
    [
        (((0.85, 0.45), (0.85, 1.0)), (0.5, 0.8), False),
        (((0.85, 0.45), (0.85, 1.0)), (0.9, 0.8), True),
        (((0.1, 0.5), (0.9, 0.55)), (0.5, 0.9), True),
        (((0.1, 0.5), (0.9, 0.55)), (0.5, 0.1), False),
    ],
)
def test_inside_is_where_the_truth_says(points, inside, right_or_down_is_in):
    assert replace(EXIT, points=points, inside=inside).right_or_down_is_in is right_or_down_is_in


def test_a_longer_line_stays_in_the_picture():
    assert EXIT.longer_points == ((0.85, 0.3125), (0.85, 1.0))


def test_a_case_is_read_from_a_clip_and_its_truth(tmp_path):
    clip = film(tmp_path / "walk.mp4")
    line = {"name": "door", "points": [[0.1, 0.55], [0.9, 0.55]], "inside": [0.5, 0.9]}
    (tmp_path / "t.json").write_text(json.dumps({"line": line, "in_at_s": [1.8], "out_at_s": [13.2]}))
    case = read_case(clip, tmp_path / "t.json")
    assert (case.clip.width, case.clip.height, case.clip.fps, case.clip.pictures) == (WIDTH, HEIGHT, FPS, 160)
    assert (case.counts, case.right_or_down_is_in) == ({"in": 1, "out": 1}, True)
    (tmp_path / "t.json").write_text(json.dumps({"line": {"name": "door"}, "in_at_s": [1.8]}))
    with pytest.raises(ValueError, match="expected 'line' with a name, two points and a point inside"):
        read_case(clip, tmp_path / "t.json")


def test_stretches_and_the_crossings_within():
    assert _stretches([False, True, True, True, False, True], 4) == [(1, 4)]
    assert _stretches([True] * 10 + [False] * 5 + [True] * 10, 10) == [(0, 10), (15, 25)]
    assert _crossings(EXIT, (40, 60)) == [(1.0, False)]
    assert _crossings(EXIT, (60, 80)) == []


def test_empty_stretches_are_looped_without_jumps():
    assert _to_and_fro([[1, 2, 3], [7, 8]], 12) == [1, 2, 3, 3, 2, 1, 7, 8, 8, 7, 7, 8]


def result(cost: float, counts: dict[str, int]) -> Result:
    return Result(cost * 100, cost * 80, 0.2, 0.2, 90.0, 500, 1000, counts, "edge", "edge", 100.0, 1000.0)


def rows(*costs_and_counts: tuple[float, dict[str, int]], modules: str = "ours peer peer") -> list[str]:
    """The last three cells of each contestant, all of the same weights."""
    names = modules.split()
    who = [Contestant(str(n), "", name, "", "", weights="same") for n, name in enumerate(names)]
    who = who[: len(costs_and_counts)]
    results = [[result(cost * factor, counts) for factor in (0.9, 1.0, 1.2)] for cost, counts in costs_and_counts]
    table_rows = [line for line in table.table(EXIT, who, results) if line.startswith("| ")][2:]
    assert "0.500 (0.450 to 0.600)" in table_rows[1]
    return [" | ".join(row.strip("| ").split(" | ")[-3:]) for row in table_rows]


RIGHT, WRONG = {"in": 0, "out": 1}, {"in": 0, "out": 0}


def test_a_ratio_is_that_of_the_medians_and_only_of_right_counts():
    ours, peer, miscounts = rows((0.02, RIGHT), (0.5, RIGHT), (0.1, WRONG))
    assert ours == "0 / 1 | 1 | 1"
    assert peer == "0 / 1 | 25.0 (25.0 to 25.0) | 25.0 (25.0 to 25.0)"
    assert miscounts == "0 / 0 **wrong** | - | -"
    assert all(row.endswith("| - | -") for row in rows((0.02, WRONG), (0.5, RIGHT))), "ours miscounts"


def test_the_cheapest_of_ours_has_to_count_right():
    ours, peer, cheaper = rows((0.02, RIGHT), (0.5, RIGHT), (0.01, RIGHT), modules="ours peer ours")
    assert (ours[-18:], peer[-19:], cheaper) == (
        "| 2.0 (2.0 to 2.0)",
        "50.0 (50.0 to 50.0)",
        "0 / 1 | 0.5 (0.5 to 0.5) | 1",
    )
    ours, peer, cheaper = rows((0.02, RIGHT), (0.5, RIGHT), (0.01, WRONG), modules="ours peer ours")
    assert (ours, peer[-19:], cheaper[-5:]) == ("0 / 1 | 1 | 1", "25.0 (25.0 to 25.0)", "- | -")


def test_the_text_goes_between_the_marks(tmp_path):
    document = tmp_path / "p.md"
    document.write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n")
    table.write(document, "new")
    table.write(document, "newer")
    assert document.read_text() == f"before\n{table.BEGIN}\nnewer\n{table.END}\nafter\n"
    document.write_text("nothing")
    with pytest.raises(ValueError, match="expected the lines"):
        table.write(document, "new")


def test_the_service_is_measured_and_its_books_are_read(tmp_path):
    """A real process: somebody walks in and out again, which is a U-turn for nobody within 10 s."""
    clip = film(tmp_path / "walk.mp4")
    door = ((0.1, 0.55), (0.9, 0.55))
    events = (Event(t_s=1.8, inward=True), Event(t_s=13.2, inward=False))
    case = Case("walk", Clip.of(clip), "door", door, (0.5, 0.9), Line(events=events))
    arena = Arena(tmp_path / "arena", max(os.sched_getaffinity(0)), None, 10.0)
    found = arena.run(contest.edge(str(network(tmp_path / "grey.onnx")), "tiny", "tiny"), case)
    assert found.counts == case.counts == {"in": 1, "out": 1}
    assert 0 < found.network_s < found.cpu_s
    assert 0 < found.runs <= found.offered == 160
    assert 20 < found.peak_mb < 400
    assert found.start_cpu_s > 0


def test_a_contestant_that_fails_is_told(tmp_path):
    arena = Arena(tmp_path / "arena", max(os.sched_getaffinity(0)), None, 10.0)
    broken = Contestant("nobody", "never", "no_such_module", sys.executable, "none.onnx")
    case = replace(EXIT, clip=Clip.of(film(tmp_path / "walk.mp4", 1.0)))
    with pytest.raises(SystemExit, match=r"nobody \(never\): expected a report, got exit code 1"):
        arena.run(broken, case)

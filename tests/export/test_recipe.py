"""`edge models export` as a user meets it: files, sidecars, agreement, 8 bits, and what it refuses."""

from __future__ import annotations

from itertools import islice
from typing import Any

import cv2
import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from edge.adapters.detector import OnnxDetector
from edge.adapters.manifest import resolve
from edge.core.model_facts import InputSize
from edge.core.types import Detections
from edge.demo.scenes import scenes
from edge.export.agreement import compare
from edge.export.graph import Graph
from tests.commands import Outcome, edge
from tests.export.networks import network, save


@pytest.fixture
def clip(tmp_path):
    folder = tmp_path / "clip"
    folder.mkdir()
    for index, (picture, _) in enumerate(islice(scenes(6, 90, 160), 12)):
        cv2.imwrite(str(folder / f"{index}.png"), picture)
    return folder


@pytest.fixture
def source(tmp_path):
    return save(tmp_path / "shop.onnx", network(96, 96, bins=4, attention=True))


def test_lean_and_8_bit_files_are_made_with_sidecars_and_agree_with_the_source(tmp_path, capsys, source, clip):
    out = tmp_path / "out"
    outcome = edge(capsys, "models", "export", source, "--out", out, "--input", "96x96", "--clip", clip, "--int8")
    assert outcome.code == 0
    files = {path.name for path in out.iterdir()}
    assert files == {f"shop-96x96{kind}.onnx{end}" for kind in ("", "-int8") for end in ("", ".yaml")}
    # The lean network of the same size sees the very same; that of 8 bits nearly.
    plain, rounded = (line.strip() for line in outcome.out.splitlines() if "against shop.onnx" in line)
    assert "100.0 % of" in plain
    assert plain.count("100.0 %") == 2
    assert float(rounded.split("shop.onnx: ")[1].split(" %")[0]) > 85
    assert outcome.out.count("ms a picture on one thread") == 2
    for path in out.glob("*.onnx"):
        found = resolve(str(path))
        assert (found.entry.layout, found.entry.input, found.entry.licence) == (
            "person_grid",
            InputSize(96, 96),
            "AGPL-3.0",
        )
        assert OnnxDetector(found.path, found.entry).facts.scale == 1.0


def test_the_8_bit_network_takes_bytes_as_they_are_and_keeps_its_ends_in_floats(tmp_path, capsys, source, clip):
    options = ("--out", tmp_path, "--clip", clip, "--int8", "--pictures", "3")
    assert edge(capsys, "models", "export", source, *options).code == 0
    graph = Graph.load(tmp_path / "shop-64x96-int8.onnx")  # 16:9, rounded up
    (first,) = graph.consumers("images")
    assert first.op_type == "DequantizeLinear"
    assert [constant.item() for name in first.input[1:3] if (constant := graph.constant(name)) is not None] == [1.0, 0]
    scales = [graph.constant(node.input[1]) for node in graph.nodes if node.op_type == "DequantizeLinear"]
    assert any(scale is not None and scale.size > 1 for scale in scales)  # a scale for every channel
    (last,) = (node for node in graph.nodes if node.output[0] == "cells")
    before = graph.producer(last.input[0])
    assert before is not None
    assert all(graph.producer(name).op_type in ("Concat", "Sigmoid") for name in before.input)  # type: ignore[union-attr]
    # A lean network can be made 8-bit later on.
    again = edge(capsys, "models", "export", tmp_path / "shop-64x96.onnx", *options)
    assert [line for line in again.out.splitlines() if line.endswith(".onnx")] == [
        str(tmp_path / "shop-64x96-int8.onnx")
    ]


def test_without_a_clip_the_file_is_made_and_loaded_all_the_same(tmp_path, capsys, source):
    outcome = edge(capsys, "models", "export", source, "--person-class", "0")
    assert outcome.out.splitlines()[0] == str(tmp_path / "shop-64x96.onnx")
    assert "against" not in outcome.out


def test_what_cannot_be_done_is_told(tmp_path, capsys, source, clip):
    def export(*options: Any) -> Outcome:
        return edge(capsys, "models", "export", *options)

    export(source, "--int8").failed(4, "--int8: expected --clip")
    export(tmp_path / "x.engine").failed(4, "expected a file ending in .pt or .onnx, got '.engine'")
    export(tmp_path / "none.onnx").failed(4, "none.onnx: expected a complete ONNX file", "No such file")
    export(source, "--input", "100x96").failed(2, "steps of 32, got 100")
    export(source, "--input", "wide").failed(2, "expected HEIGHTxWIDTH")
    export(source, "--clip", tmp_path / "none.mp4").failed(3, "none.mp4")
    nameless = network(64, 64)
    nameless.ClearField("metadata_props")
    export(save(tmp_path / "n.onnx", nameless)).failed(4, "n.onnx: expected one class called person", "--person-class")


def test_an_export_that_leaves_its_size_open_gets_the_size_of_a_camera_or_that_which_is_asked_for(
    tmp_path, capsys, clip
):
    source = save(tmp_path / "free.onnx", network(96, 96, attention=True, free=True))
    outcome = edge(capsys, "models", "export", source, "--clip", clip)
    assert (outcome.code, outcome.out.splitlines()[0]) == (0, str(tmp_path / "free-384x640.onnx"))
    # Random weights see somebody in more places than are kept: which of them stay hangs on the last digit.
    assert float(outcome.out.split("free.onnx: ")[1].split(" %")[0]) > 95
    assert edge(capsys, "models", "export", source, "--input", "64x96").code == 0
    assert resolve(str(tmp_path / "free-64x96.onnx")).entry.input == InputSize(64, 96)


def test_weights_of_ultralytics_need_that_package_and_say_so(tmp_path, capsys):
    weights = tmp_path / "yolo.pt"
    weights.write_bytes(b"no weights")
    edge(capsys, "models", "export", weights).failed(4, "yolo.pt: expected `yolo export` of the extra [ultralytics]")


def test_a_network_that_knows_one_size_only_says_so_and_leaves_nothing_behind(tmp_path, capsys):
    model = network(96, 96, bins=4, attention=True)
    # A mixing over groups of cells, as v12 has: five sides, which nobody can tell the size from.
    at = next(index for index, node in enumerate(model.graph.node) if node.op_type == "Softmax")
    taken = model.graph.node[at].input[0]
    for name, shape in (("apart", [1, 2, 3, 3, 9]), ("together", [1, 2, 9, 9])):
        model.graph.initializer.append(numpy_helper.from_array(np.array(shape, np.int64), f"{name}.shape"))
        model.graph.node.insert(at, helper.make_node("Reshape", [taken, f"{name}.shape"], [name]))
        at, taken = at + 1, name
    model.graph.node[at].input[0] = "together"
    out = tmp_path / "out"
    source = save(tmp_path / "v12.onnx", model)
    told = edge(capsys, "models", "export", source, "--out", out, "--input", "64x96")
    told.failed(4, "v12.onnx: expected a network that can do with an input of 64x96 instead of 96x96")
    assert list(out.iterdir()) == []
    assert edge(capsys, "models", "export", source, "--out", out, "--input", "96x96").code == 0


def test_agreement_counts_both_ways():
    def seen(*boxes: tuple[float, ...]) -> Detections:
        corners = np.array([box[:4] for box in boxes], np.float32).reshape(-1, 4)
        return Detections(corners, np.array([box[4] for box in boxes], np.float32), 0.0, 1.0)

    whole, half, other = (0.0, 0.0, 0.5, 0.5, 0.9), (0.0, 0.0, 0.5, 0.24, 0.9), (0.5, 0.5, 0.9, 0.9, 0.9)
    weak, weaker = (*other[:4], 0.21), (*other[:4], 0.19)
    result = compare([(seen(whole, other), seen(whole, weak)), (seen(whole), seen(half)), (seen(other), seen(weaker))])
    assert (result.pictures, result.expected, result.found, result.given, result.right) == (3, 4, 2, 2, 1)
    assert "50.0 % of 4 boxes found (recall), 50.0 % of 2 right (precision)" in str(result)
    assert "nobody seen by either in 1 pictures" in str(compare([(seen(), seen())]))


def test_the_made_file_is_one_file(tmp_path, capsys, source):
    edge(capsys, "models", "export", source)
    model = onnx.load(str(tmp_path / "shop-64x96.onnx"), load_external_data=False)
    assert model.producer_name == "edge-people-counter"

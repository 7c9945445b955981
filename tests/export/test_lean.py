"""Lean networks see what the vendor's export sees; whatever cannot be made lean is told in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from edge.adapters.detector import OnnxDetector
from edge.core.model_facts import InputSize
from edge.core.types import Frame
from edge.errors import ModelError
from edge.export.agreement import compare
from edge.export.graph import Graph
from edge.export.head import find_head
from edge.export.lean import input_size, is_lean, make_lean, person_class, properties, with_fixed_input
from tests.adapters.test_detector import cell_network, constant_network, facts
from tests.assets import asset
from tests.export.networks import CLASSES, network, save

KINDS: dict[str, dict[str, Any]] = {
    "v8": {"bins": 4},
    "v11": {"bins": 4, "attention": True},
    "v26": {"bins": 1, "attention": True},
}
PERSON = 1
LEAN = facts(layout="person_grid")


def lean(model: Any, size: InputSize, row: int = PERSON) -> Graph:
    graph = Graph(model)
    return make_lean(graph, find_head(graph, input_size(graph).width), size, row)


def pictures(height: int, width: int) -> list[Frame]:
    rng = np.random.default_rng(2)
    return [Frame(rng.integers(0, 256, (height, width, 3), np.uint8), 0.0, index) for index in range(6)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(64, 96), (96, 96), (128, 64)])
def test_a_lean_network_of_any_size_sees_what_the_vendors_of_that_size_sees(tmp_path, kind, size):
    """Made from the export for 96 x 96, and compared with an export of the same weights for the new size."""
    height, width = size
    made = lean(network(96, 96, **KINDS[kind]), InputSize(height, width))
    vendor = save(tmp_path / "vendor.onnx", network(height, width, **KINDS[kind]))
    path = save(tmp_path / "lean.onnx", made.model)
    for frame in pictures(height, width):
        picture = frame.image.transpose(2, 0, 1)[None]
        expected = run(vendor, (picture[:, ::-1] / 255.0).astype(np.float32))[0]
        found = decoded(run(path, np.ascontiguousarray(picture))[0], height, width)
        assert (found[:, 4] > 0.3).any()
        np.testing.assert_allclose(found[:, :4], expected[:4].T, rtol=1e-4, atol=2e-3)
        np.testing.assert_allclose(found[:, 4], expected[4 + PERSON], atol=2e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [InputSize(64, 96), InputSize(128, 64)])
def test_an_export_that_leaves_its_size_open_becomes_the_very_same_lean_network(kind, size):
    fixed = network(size.height, size.width, **KINDS[kind])
    settled = with_fixed_input(Graph(network(96, 96, free=True, **KINDS[kind])), size)
    assert input_size(settled) == size
    assert not {node.op_type for node in settled.nodes} & {"Shape", "ConstantOfShape", "ReduceProd"}
    tensor = np.random.default_rng(4).integers(0, 256, (1, 3, size.height, size.width), np.uint8)
    expected, given = (
        make_lean(graph, find_head(graph, size.width), size, PERSON).model for graph in (Graph(fixed), settled)
    )
    np.testing.assert_array_equal(run(given, tensor), run(expected, tensor))
    assert [opset.domain for opset in given.opset_import] == [""]


def test_a_fixed_size_stays_as_it_is():
    graph = Graph(network(64, 96))
    assert with_fixed_input(graph, InputSize(96, 96)) is graph
    only_the_number_of_pictures = with_input(TensorProto.FLOAT, ["n", 3, 64, 64])
    assert input_size(with_fixed_input(Graph(only_the_number_of_pictures), InputSize(96, 96))) == InputSize(64, 64)


@pytest.mark.parametrize("kind", KINDS)
def test_a_detector_sees_the_same_people_through_either(tmp_path, kind):
    vendor = save(tmp_path / "vendor.onnx", network(64, 96, **KINDS[kind]))
    path = save(tmp_path / "lean.onnx", lean(network(96, 96, **KINDS[kind]), InputSize(64, 96)).model)
    followed = OnnxDetector(vendor, facts(layout="yolov8", person_class=PERSON))
    result = compare([(followed.detect(f), OnnxDetector(path, LEAN).detect(f)) for f in pictures(64, 96)])
    assert result.expected > 20
    assert (result.found, result.right) == (result.expected, result.given)


def run(network: Path | Any, tensor: np.ndarray) -> Any:
    source = str(network) if isinstance(network, Path) else network.SerializeToString()
    session = onnxruntime.InferenceSession(source, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: tensor})[0]


def decoded(cells: np.ndarray, height: int, width: int) -> np.ndarray:
    """Cells as the vendor writes them: centre x, y, width, height in pixels, and the score."""
    bins = (cells.shape[1] - 1) // 4
    sides = cells[:, :-1].reshape(-1, 4, bins).astype(float)
    if bins > 1:
        sides = np.exp(sides) / np.exp(sides).sum(axis=2, keepdims=True) * np.arange(bins)
    left, top, right, bottom = sides.sum(axis=2).T
    rows, columns, strides = [], [], []
    for stride in (8, 16, 32):
        row, column = np.mgrid[: height // stride, : width // stride] + 0.5
        rows.append(row.ravel())
        columns.append(column.ravel())
        strides.append(np.full(row.size, stride))
    x, y, unit = map(np.concatenate, (columns, rows, strides))
    box = np.stack([x + (right - left) / 2, y + (bottom - top) / 2, left + right, top + bottom], axis=1)
    return np.concatenate([box * unit[:, None], cells[:, -1:]], axis=1)


def test_the_head_with_suppression_in_the_network_ends_in_the_same_convolutions():
    plain, best = (network(64, 96, bins=1, attention=True, end2end=end2end) for end2end in (False, True))
    assert [value.name for value in Graph(best).model.graph.output] == ["output0"]
    made = [lean(model, InputSize(64, 96)).model.SerializeToString() for model in (plain, best)]
    assert made[0] == made[1]


def test_only_what_people_need_is_left(tmp_path):
    graph = lean(network(96, 96, bins=4, attention=True), InputSize(64, 96))
    model = graph.model
    onnx.checker.check_model(model)
    (images,), (cells,) = model.graph.input, model.graph.output
    assert images.type.tensor_type.elem_type == TensorProto.UINT8
    assert [side.dim_value for side in images.type.tensor_type.shape.dim] == [1, 3, 64, 96]
    assert [side.dim_value for side in cells.type.tensor_type.shape.dim] == [1, 126, 17]
    kinds = {node.op_type for node in model.graph.node}
    assert not kinds & {"Sub", "Div", "TopK", "Identity", "Constant"}
    weights = [tensor for tensor in model.graph.initializer if tensor.data_type == TensorProto.FLOAT]
    assert not any(tensor.dims[:1] == [CLASSES] for tensor in weights)
    assert properties(graph) == {"license": "AGPL-3.0"}
    assert is_lean(graph)
    assert not is_lean(Graph(network(64, 64)))


def test_people_are_found_among_the_names_or_must_be_named():
    assert person_class(Graph(network(64, 64))) == PERSON
    for names in ("{0: 'bag'}", "{0: 'person', 1: 'Person'}", "nonsense", "[]"):
        model = network(64, 64)
        helper.set_model_props(model, {"names": names})
        with pytest.raises(ModelError, match=r"expected one class called person or .*; say --person-class"):
            person_class(Graph(model))


def test_a_class_that_is_not_there_is_refused():
    with pytest.raises(ModelError, match="expected a person_class below 3, the classes of the network, got 3"):
        lean(network(64, 64), InputSize(64, 64), row=3)


def with_input(kind: int, shape: list[Any]) -> Any:
    model = network(64, 64)
    model.graph.input[0].CopyFrom(helper.make_tensor_value_info("images", kind, shape))
    return model


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (with_input(TensorProto.FLOAT16, [1, 3, 64, 64]), "expected an input of 1 x 3 .*got FLOAT16"),
        (with_input(TensorProto.FLOAT, [1, 64, 64, 3]), "expected an input of 1 x 3 .*got FLOAT of 1 x 64 x 64 x 3"),
        (with_input(TensorProto.FLOAT, [1, 3, 60, 64]), "steps of 32, got 60"),
    ],
)
def test_an_export_of_another_kind_says_which_one_is_needed(model, words):
    with pytest.raises(ModelError, match=words):
        input_size(Graph(model))


def test_a_head_of_another_kind_is_told_with_what_it_has(tmp_path):
    for path in (
        cell_network(tmp_path / "cells.onnx", shape=(1, 3, 64, 96)),
        constant_network(tmp_path / "constant.onnx", np.zeros((1, 6, 126), np.float32)),
    ):
        with pytest.raises(ModelError, match=r"expected the head of YOLO v8 to v11 or v26 .*, got convolutions of "):
            find_head(Graph.load(path), 96)
    with pytest.raises(ModelError, match="got convolutions of 80, 1, 4"):
        find_head(Graph.load(asset("models/yolox_nano_416.onnx")), 416)


def test_a_network_that_does_more_to_the_picture_first_is_refused():
    model = network(64, 64)
    model.graph.node.insert(0, helper.make_node("Neg", ["images"], ["negative"]))
    model.graph.node[2].input[0] = "negative"
    with pytest.raises(ModelError, match="expected a convolution that takes the picture, got Neg"):
        lean(model, InputSize(64, 64))


def test_a_file_that_is_no_network_is_refused(tmp_path):
    whole = save(tmp_path / "m.onnx", network(64, 64)).read_bytes()
    for content in (b"", b"GIF89a" * 50, whole[: len(whole) // 2]):
        (tmp_path / "m.onnx").write_bytes(content)
        with pytest.raises(ModelError, match=r"m\.onnx: expected a complete ONNX file, got: "):
            Graph.load(tmp_path / "m.onnx")
    with pytest.raises(ModelError, match=r"expected a complete ONNX file, got: .*No such file"):
        Graph.load(tmp_path / "none.onnx")

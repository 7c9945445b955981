"""A small store of drawn pictures, and a teacher whose answers are known."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from edge.demo import scenes
from models.train import store
from models.train.store import Entry, Labelled


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Six drawn pictures and two empty ones of noise."""
    scenes.main([str(tmp_path / "drawn"), "6", "3", "96", "160"])
    rng = np.random.default_rng(3)
    nobody = np.empty((0, 4), np.float32), np.empty(0, np.float32)
    noise = [rng.integers(0, 255, (90, 70, 3)).astype(np.uint8) for _ in range(2)]
    empty = [Entry(Labelled(image, *nobody, empty=True), "noise", "empty") for image in noise]
    prepare = pytest.importorskip("models.train.prepare", reason="training needs the extra [train]")
    folder = tmp_path / "store"
    store.write(folder, itertools.chain(prepare.drawn(tmp_path / "drawn"), empty))
    return folder


@pytest.fixture
def teacher_file(tmp_path: Path) -> Path:
    """A network in the publisher's form, for 64 x 64: in every cell a person as large as the cell, half sure."""
    onnx = pytest.importorskip("onnx", reason="training needs the extra [train]")
    helper, numbers = onnx.helper, onnx.numpy_helper
    row = np.zeros(85, np.float32)
    row[4], row[5] = 0.8, 0.5
    nodes, tables, joined = [], [], []
    for stride in (8, 16, 32):
        tables += [
            numbers.from_array(np.zeros((85, 3, stride, stride), np.float32), f"w{stride}"),
            numbers.from_array(row, f"b{stride}"),
            numbers.from_array(np.array([1, 85, (64 // stride) ** 2]), f"s{stride}"),
        ]
        nodes += [
            helper.make_node(
                "Conv", ["images", f"w{stride}", f"b{stride}"], [f"grid{stride}"], strides=[stride, stride]
            ),
            helper.make_node("Reshape", [f"grid{stride}", f"s{stride}"], [f"flat{stride}"]),
        ]
        joined.append(f"flat{stride}")
    nodes += [
        helper.make_node("Concat", joined, ["columns"], axis=2),
        helper.make_node("Transpose", ["columns"], ["output"], perm=[0, 2, 1]),
    ]
    graph = helper.make_graph(
        nodes,
        "teacher",
        [helper.make_tensor_value_info("images", onnx.TensorProto.FLOAT, [1, 3, 64, 64])],
        [helper.make_tensor_value_info("output", onnx.TensorProto.FLOAT, [1, 84, 85])],
        tables,
    )
    path = tmp_path / "teacher.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path

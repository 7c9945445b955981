"""Tiny networks built as ultralytics exports v8, v11 and v26: same structure, few channels, weights by seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

WIDE = 8
CLASSES = 3


class Writer:
    """Adds operations one by one; every constant is kept, weights come from one seed in the order of the calls."""

    def __init__(self, seed: int = 5) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._rng = np.random.default_rng(seed)

    def put(self, value: Any) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def add(self, kind: str, *inputs: str, outputs: int = 1, **attributes: Any) -> Any:
        names = [f"v{len(self.nodes)}.{index}" for index in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names[0] if outputs == 1 else names

    def conv(self, source: str, taken: int, given: int, *, size: int = 1, stride: int = 1, gain: float = 1.0) -> str:
        weight = self._rng.normal(0, gain / np.sqrt(taken * size * size), (given, taken, size, size))
        # As exporters do it, the bias comes through an Identity.
        bias = self.add("Identity", self.put(self._rng.normal(0, 0.2, given).astype(np.float32)))
        pads = [size // 2] * 4
        return str(
            self.add("Conv", source, self.put(weight.astype(np.float32)), bias, pads=pads, strides=[stride, stride])
        )

    def silu(self, source: str) -> str:
        return str(self.add("Mul", source, self.add("Sigmoid", source)))

    def reshape(self, source: str, *shape: int) -> str:
        return str(self.add("Reshape", source, self.put(np.array(shape, np.int64))))

    def before(self, shape: str, *sides: int) -> str:
        """A shape that is computed, with fixed sides before it."""
        return str(self.add("Concat", self.put(np.array(sides, np.int64)), shape, axis=0))


def network(
    height: int, width: int, *, bins: int = 4, attention: bool = False, end2end: bool = False, free: bool = False
) -> Any:
    """A ModelProto: v8 (`bins` > 1), v11 (with `attention`), v26 (`bins` of 1, with or without `end2end`).

    `free` is an export with dynamic=True: it works every shape out in every run, and takes pictures of any size.
    """
    writer = Writer()
    features = _backbone(writer, None if free else (height // 32, width // 32), attention)
    sides = [writer.conv(feature, WIDE, 4 * bins, gain=2.0) for feature in features]
    classes = [writer.conv(feature, WIDE, CLASSES, gain=6.0) for feature in features]
    box = writer.add("Concat", *(writer.reshape(one, 1, 4 * bins, -1) for one in sides), axis=2)
    scores = writer.add("Sigmoid", writer.add("Concat", *(writer.reshape(c, 1, CLASSES, -1) for c in classes), axis=2))
    grid = _free_grid(writer, classes) if free else _grid(writer, height, width)
    output = writer.add("Concat", _decoded(writer, box, bins, *grid), scores, axis=1)
    shape: list[int | str | None] = [1, 4 + CLASSES, "cells"]
    if end2end:
        output, shape = _best(writer, output), [1, 9, 6]
    graph = helper.make_graph(
        [*writer.nodes, helper.make_node("Identity", [output], ["output0"])],
        "vendor",
        [
            helper.make_tensor_value_info(
                "images", TensorProto.FLOAT, ["n", 3, "h", "w"] if free else [1, 3, height, width]
            )
        ],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, shape)],
        writer.constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    helper.set_model_props(model, {"names": "{0: 'bag', 1: 'person', 2: 'dog'}", "license": "AGPL-3.0", "imgsz": "x"})
    onnx.checker.check_model(model)
    return model


def save(path: Path, model: Any) -> Path:
    onnx.save(model, str(path))
    return path


def _backbone(writer: Writer, deepest: tuple[int, int] | None, attention: bool) -> list[str]:
    """Features of stride 8, 16 and 32; the last ones, of the size `deepest`, with a mixing of all cells as in C2PSA."""
    value, features = "images", []
    for level in range(5):
        value = writer.silu(writer.conv(value, 3 if level == 0 else WIDE, WIDE, size=3, stride=2, gain=2.0))
        if level == 4 and attention:
            value = _attention(writer, value, deepest)
        if level >= 2:
            features.append(value)
    return features


def _attention(writer: Writer, value: str, deepest: tuple[int, int] | None) -> str:
    """Shapes are written down, or taken from the value when there is no size."""
    mixed = writer.conv(value, WIDE, 3 * WIDE)
    if deepest is None:
        sides = writer.add("Shape", value, start=2)
        cells = writer.add("ReduceProd", sides, keepdims=1)
        mixed = writer.add("Reshape", mixed, writer.before(cells, 1, 2, 3 * WIDE // 2))
    else:
        mixed = writer.reshape(mixed, 1, 2, 3 * WIDE // 2, deepest[0] * deepest[1])
    query, key, content = writer.add("Split", mixed, writer.put(np.array([4, 4, 4], np.int64)), axis=2, outputs=3)
    weights = writer.add(
        "Softmax", writer.add("MatMul", writer.add("Transpose", query, perm=[0, 1, 3, 2]), key), axis=3
    )
    seen = writer.add("MatMul", content, writer.add("Transpose", weights, perm=[0, 1, 3, 2]))
    if deepest is None:
        whole = writer.add("Reshape", seen, writer.before(sides, 1, WIDE))
    else:
        whole = writer.reshape(seen, 1, WIDE, *deepest)
    return str(writer.add("Add", value, whole))


def _grid(writer: Writer, height: int, width: int) -> tuple[str, str]:
    """Centres of all cells in strides, x and y, and the stride of each; written down."""
    centres, strides = [], []
    for stride in (8, 16, 32):
        rows, columns = np.mgrid[: height // stride, : width // stride] + 0.5
        centres.append(np.stack([columns.ravel(), rows.ravel()]))
        strides.append(np.full(rows.size, stride))
    anchors = writer.put(np.concatenate(centres, axis=1)[None].astype(np.float32))
    return anchors, writer.put(np.concatenate(strides).astype(np.float32))


def _free_grid(writer: Writer, maps: list[str]) -> tuple[str, str]:
    """The same, worked out from the maps of three strides."""
    centres, strides = [], []
    for stride, values in zip((8, 16, 32), maps, strict=True):
        one = writer.add("Slice", values, *(writer.put(np.array([number], np.int64)) for number in (0, 1, 1)))
        shape = writer.add("Shape", one)
        ones = writer.add("ConstantOfShape", shape, value=numpy_helper.from_array(np.ones(1, np.float32)))
        ends = [writer.add("CumSum", ones, writer.put(np.array(axis))) for axis in (3, 2)]
        far = writer.reshape(writer.add("Concat", *ends, axis=1), 1, 2, -1)
        centres.append(writer.add("Sub", far, writer.put(np.float32(0.5))))
        strides.append(writer.add("Mul", writer.reshape(ones, -1), writer.put(np.float32(stride))))
    return writer.add("Concat", *centres, axis=2), writer.add("Concat", *strides, axis=0)


def _decoded(writer: Writer, box: str, bins: int, anchors: str, strides: str) -> str:
    """Sides in strides become centre x, y, width and height in pixels."""
    if bins > 1:
        shares = writer.add(
            "Softmax", writer.add("Transpose", writer.reshape(box, 1, 4, bins, -1), perm=[0, 2, 1, 3]), axis=1
        )
        adding = writer.put(np.arange(bins, dtype=np.float32).reshape(1, bins, 1, 1))
        box = writer.reshape(writer.add("Conv", shares, adding), 1, 4, -1)
    near, far = writer.add("Split", box, writer.put(np.array([2, 2], np.int64)), axis=1, outputs=2)
    low, high = writer.add("Sub", anchors, near), writer.add("Add", anchors, far)
    middle = writer.add("Div", writer.add("Add", low, high), writer.put(np.float32(2.0)))
    both = writer.add("Concat", middle, writer.add("Sub", high, low), axis=1)
    return str(writer.add("Mul", both, strides))


def _best(writer: Writer, output: str) -> str:
    """Suppression in the network, in short: the nine best cells by their best class, with corners."""
    rows = writer.add("Transpose", output, perm=[0, 2, 1])
    parts = writer.put(np.array([2, 2, CLASSES], np.int64))
    middle, lengths, scores = writer.add("Split", rows, parts, axis=2, outputs=3)
    best, kind = writer.add("TopK", scores, writer.put(np.array([1], np.int64)), axis=2, outputs=2)
    half = writer.add("Mul", lengths, writer.put(np.float32(0.5)))
    kind = writer.add("Cast", kind, to=TensorProto.FLOAT)
    low, high = writer.add("Sub", middle, half), writer.add("Add", middle, half)
    whole = writer.add("Concat", low, high, best, kind, axis=2)
    _, order = writer.add("TopK", best, writer.put(np.array([9], np.int64)), axis=1, outputs=2)
    wide = writer.add("Expand", order, writer.put(np.array([1, 9, 6], np.int64)))
    return str(writer.add("GatherElements", whole, wide, axis=1))

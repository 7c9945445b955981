"""Writes a YOLOX network anew, so that all can run the same weights: any input size, output of a YOLOv8, people only.

    python -m benchmarks.peers.weights FROM.onnx TO.onnx HEIGHTxWIDTH

The weights stay as they are. The order of the colours and the scale of the pixels go into the first convolution, so
that the network takes RGB of 0..1 as the YOLOv8 family does, at no cost; cells become boxes in pixels, and person
times objectness becomes one class, 1 x 5 x n. It knows nothing of who runs the file.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from edge.core.model_facts import STRIDES, InputSize

METADATA = {"task": "detect", "stride": "32", "batch": "1", "names": "{0: 'person'}", "channels": "3"}
"""What ultralytics wants to be told in the file."""
_OPSET = 13  # what the nodes below are written in; onnx converts older files


def as_yolov8(source: Path, target: Path, size: InputSize) -> None:
    """Writes `source`, a YOLOX of undecoded cells with people as its first class, in the layout `yolov8`.

    Raises:
        ValueError: It is no such network.
    """
    model = onnx.version_converter.convert_version(onnx.load(str(source)), _OPSET)
    graph = model.graph
    (taken,), (given,) = graph.input, graph.output
    axes = [axis.dim_value for axis in given.type.tensor_type.shape.dim]
    if len(axes) != 3 or axes[2] < 6 or graph.node[-1].op_type != "Transpose":
        raise ValueError(f"{source}: expected a YOLOX whose last step is a transpose to cells x (5 + classes)")
    _set_axes(taken, [1, 3, size.height, size.width])
    _take_rgb_of_one(graph)
    cells = graph.node[-1].input[0]  # 1 x (5 + classes) x n
    graph.node.remove(graph.node[-1])
    _decode(graph, cells, axes[2], size)
    graph.ClearField("value_info")
    graph.ClearField("output")
    graph.output.append(helper.make_tensor_value_info("boxes", TensorProto.FLOAT, [1, 5, size.cells]))
    told = METADATA | {"imgsz": str([size.height, size.width])}
    helper.set_model_props(model, told)
    onnx.checker.check_model(model)
    onnx.save(model, str(target))


def _set_axes(value: Any, axes: list[int]) -> None:  # noqa: ANN401 - onnx has no types
    value.CopyFrom(helper.make_tensor_value_info(value.name, TensorProto.FLOAT, axes))


def _take_rgb_of_one(graph: Any) -> None:  # noqa: ANN401
    """Folds BGR of 0..255 into the first convolution, which sees the colours of four neighbours, pixel by pixel."""
    first = next(node for node in graph.node if node.op_type == "Conv")
    (stored,) = (tensor for tensor in graph.initializer if tensor.name == first.input[1])
    kernel = numpy_helper.to_array(stored)
    out, channels, *sides = kernel.shape
    if channels % 3:
        raise ValueError(f"expected a first convolution over pixels of three colours, got {channels} channels")
    turned = kernel.reshape(out, channels // 3, 3, *sides)[:, :, ::-1].reshape(kernel.shape)
    stored.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(turned) * np.float32(255), stored.name))


def _decode(graph: Any, cells: str, columns: int, size: InputSize) -> None:  # noqa: ANN401
    """Appends the steps from cells to centre x, y, width, height in pixels and a score."""
    corners, strides = [], []
    for stride in STRIDES:
        down, across = np.mgrid[: size.height // stride, : size.width // stride]
        corners.append(np.stack((across.ravel(), down.ravel())))
        strides.append(np.full(down.size, stride))
    constants: dict[str, NDArray[Any]] = {
        "grid": np.concatenate(corners, axis=1).astype(np.float32)[None],
        "stride": np.concatenate(strides).astype(np.float32)[None, None],
        "parts": np.array([2, 2, 1, 1, columns - 6], np.int64),
    }
    graph.initializer.extend(numpy_helper.from_array(value, f"v8/{name}") for name, value in constants.items())
    steps = (
        ("Split", (cells, "v8/parts"), ("v8/xy", "v8/wh", "v8/object", "v8/person", "v8/others")),
        ("Add", ("v8/xy", "v8/grid"), ("v8/cell",)),
        ("Mul", ("v8/cell", "v8/stride"), ("v8/centre",)),
        ("Exp", ("v8/wh",), ("v8/side",)),
        ("Mul", ("v8/side", "v8/stride"), ("v8/sides",)),
        ("Mul", ("v8/object", "v8/person"), ("v8/score",)),
    )
    graph.node.extend(helper.make_node(kind, taken, given, axis=1) if kind == "Split" else
                      helper.make_node(kind, taken, given) for kind, taken, given in steps)  # fmt: skip
    graph.node.append(helper.make_node("Concat", ("v8/centre", "v8/sides", "v8/score"), ("boxes",), axis=1))


if __name__ == "__main__":
    _from, _to, _size = sys.argv[1:]
    as_yolov8(Path(_from), Path(_to), InputSize(*map(int, _size.split("x"))))

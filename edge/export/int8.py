"""Turns a lean network into one of 8-bit integers: QDQ, unsigned activations, signed weights, a scale per channel.

Ranges come from pictures of the place where it will run. The last convolutions and what follows stay in floats: sides
of boxes and scores share no scale. onnxruntime's own tool does the work.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from edge.errors import ModelError
from edge.export.graph import Graph
from edge.export.lean import INPUT, OUTPUT

_QUANTISED = (
    "Add", "AveragePool", "Clip", "Concat", "Conv", "LeakyRelu", "MaxPool", "Mul", "Relu", "Resize", "Sigmoid", "Split",
)  # fmt: skip


class _Reader:
    """Feeds pictures to onnxruntime's calibration, one by one."""

    def __init__(self, tensors: Iterator[NDArray[np.uint8]]) -> None:
        self._tensors = tensors
        self.count = 0

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        tensor = next(self._tensors, None)
        self.count += tensor is not None
        return None if tensor is None else {INPUT: tensor}


def quantise(source: Path, target: Path, tensors: Iterable[NDArray[np.uint8]]) -> int:
    """Writes the network of `source` in 8-bit integers.

    Args:
        source: A lean network (layout `person_grid`).
        target: Where the new one goes.
        tensors: Pictures as they go into the network, uint8 (1, 3, height, width).

    Returns:
        How many pictures there were.

    Raises:
        ModelError: There were no pictures, or onnxruntime cannot quantise it.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    from onnxruntime import quantization  # noqa: PLC0415 - see above

    reader = _Reader(iter(tensors))
    try:
        with tempfile.TemporaryDirectory(prefix="edge-int8-") as folder:
            shaped = Path(folder) / "shaped.onnx"
            # Shapes alone, which the tool wants: what could be fused, the exporters have fused.
            quantization.quant_pre_process(str(source), str(shaped), skip_optimization=True, skip_symbolic_shape=True)
            graph = Graph.load(shaped)
            pixels = graph.consumers(INPUT)[0].output[0]
            _quantise(quantization, graph, target, reader, pixels)
    except Exception as error:  # noqa: BLE001 - onnxruntime raises many kinds
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ModelError(f"{source}: expected a network that can be quantised, got: {reason}") from None
    if not reader.count:
        raise ModelError(f"{source}: expected pictures to calibrate with, got none")
    quantised = Graph.load(target)
    _feed_bytes(quantised, pixels)
    onnx.save(quantised.model, str(target))
    return reader.count


def _quantise(tool: Any, graph: Graph, target: Path, reader: _Reader, pixels: str) -> None:  # noqa: ANN401 - a module
    one, zero = np.array(1.0, np.float32), np.array(0, np.uint8)
    tool.quantize_static(
        graph.model,
        str(target),
        reader,
        quant_format=tool.QuantFormat.QDQ,
        activation_type=tool.QuantType.QUInt8,
        weight_type=tool.QuantType.QInt8,
        per_channel=True,
        op_types_to_quantize=list(_QUANTISED),
        nodes_to_exclude=_ends(graph),
        # A byte stands for itself, whatever the brightest pixel of these pictures is.
        extra_options={"TensorQuantOverrides": {pixels: [{"scale": one, "zero_point": zero}]}},
    )


def _ends(graph: Graph) -> list[str]:
    """Names of the last convolutions and of all that follows them."""
    found, names = [], [OUTPUT]
    while names:
        node = graph.producer(names.pop())
        if node is not None:
            found.append(node.name)
            names += [] if node.op_type == "Conv" else node.input
    return found


def _feed_bytes(graph: Graph, pixels: str) -> None:
    """The picture's bytes are 8-bit integers already: no cast to floats and back."""
    graph_proto: Any = graph.model.graph
    (cast,) = graph.consumers(INPUT)
    quantised = [node for node in graph.consumers(pixels) if node.op_type == "QuantizeLinear"]
    if len(quantised) != 1 or len(graph.consumers(pixels)) != 1:
        return
    for node in graph.consumers(quantised[0].output[0]):
        node.input[0] = INPUT
    for node in (cast, quantised[0]):
        graph_proto.node.remove(node)

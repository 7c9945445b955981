"""From trained weights to the two ONNX files that ship: float32, and int8 for processors that multiply bytes faster.

Owns what is folded into the graph: batch norms into convolutions, the division by 255 into the first one, softplus and
sigmoid at the end. The result is the layout `person_grid` of edge.core.layouts.

int8: activations unsigned, weights signed with a scale per channel, as QuantizeLinear/DequantizeLinear pairs (arXiv
1712.05877); the ranges are the least and the greatest values in a sample of training pictures. The last convolutions
stay float: they are a hundredth of the work, and distances and scores need their precision.
"""

from __future__ import annotations

import copy
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from models.train.augment import LATE, Augment
from models.train.network import Conv, PersonNet, decode
from models.train.plans import Plan
from models.train.store import Store

INPUT, OUTPUT = "images", "cells"
_OPSET = 17


class _Shipped(nn.Module):
    """Bytes in, distances and scores out."""

    def __init__(self, network: PersonNet, lift: float) -> None:
        super().__init__()
        self.network = fused(network)
        first = self.network.stem[0]
        with torch.no_grad():
            first.weight /= 255.0
            for head in self.network.heads:
                head.logit.bias += lift

    def forward(self, images: Tensor) -> Tensor:
        """uint8 (1, 3, H, W) to float32 (1, N, 5)."""
        distances, logits = decode(self.network(images.float()))
        return torch.cat((distances, logits.sigmoid()[..., None]), -1)


def fused(network: PersonNet) -> PersonNet:
    """A copy whose convolutions have taken in their batch norms; it cannot be trained on."""
    network = copy.deepcopy(network).eval()
    for module in network.modules():
        if isinstance(module, Conv):
            module[0] = fuse_conv_bn_eval(module[0], module[1])
            module[1] = nn.Identity()
    return network


def export(network: PersonNet, plan: Plan, path: Path) -> None:
    """Writes the float32 file for the plan's input size."""
    _write(network, plan, plan.lift, path)


def export_int8(network: PersonNet, plan: Plan, path: Path, samples: Iterator[NDArray[np.uint8]]) -> None:
    """Writes the int8 file for the plan's input size; `samples` as `quantise` takes them."""
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.onnx"
        _write(network, plan, plan.lift_int8, whole)
        quantise(whole, path, samples)


def _write(network: PersonNet, plan: Plan, lift: float, path: Path) -> None:
    images = torch.zeros((1, 3, plan.height, plan.width), dtype=torch.uint8)
    torch.onnx.export(
        _Shipped(network, lift),
        (images,),
        str(path),
        input_names=[INPUT],
        output_names=[OUTPUT],
        opset_version=_OPSET,
        dynamo=False,
    )
    model = onnx.load(path)
    model.doc_string = "People, one row a cell: l, t, r, b from the cell's centre in strides, and the score."
    onnx.checker.check_model(model)
    onnx.save(model, path)


def quantise(source: Path, path: Path, samples: Iterator[NDArray[np.uint8]]) -> None:
    """Writes the int8 file.

    Args:
        source: The float32 file.
        path: Of the new one.
        samples: Inputs (1, 3, H, W) as the network will meet them; their ranges are kept.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # before the import
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static  # noqa: PLC0415
    from onnxruntime.quantization.shape_inference import quant_pre_process  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        graph = onnx.load(prepared).graph
        quantize_static(
            str(prepared),
            str(path),
            _Reader(samples),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            calibrate_method=CalibrationMethod.MinMax,
            nodes_to_exclude=_tail(graph),
        )
    model = onnx.load(path)
    _feed_bytes(model.graph)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def calibration(store: Path, plan: Plan, count: int) -> Iterator[NDArray[np.uint8]]:
    """`count` inputs, drawn as in training but not spoiled."""
    augment = Augment(Store(store), plan.weights)
    rng = np.random.default_rng(plan.seed)
    for _ in range(count):
        clean = augment.draw(rng, plan.height, plan.width, LATE).clean
        yield np.ascontiguousarray(clean.transpose(2, 0, 1)[None])


def sha256_of(path: Path) -> str:
    """What the manifest states of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


class _Reader:
    """What onnxruntime's calibration asks for its inputs."""

    def __init__(self, samples: Iterator[NDArray[np.uint8]]) -> None:
        self._samples = samples

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        """The next input; None after the last."""
        sample = next(self._samples, None)
        return None if sample is None else {INPUT: sample}


def _tail(graph: Any) -> list[str]:  # noqa: ANN401 - onnx's message classes are made at run time
    """Names of the nodes from the last convolutions on."""
    users: dict[str, list[Any]] = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    tail: list[str] = []
    reached: set[str] = set()
    for node in graph.node:
        ends = node.op_type == "Conv" and not any(user.op_type == "Relu" for user in users[node.output[0]])
        last = ends and len(users[node.output[0]]) == 1 and users[node.output[0]][0].op_type == "Concat"
        if last or reached.intersection(node.input):
            tail.append(node.name)
            reached.update(node.output)
    return tail


def _feed_bytes(graph: Any) -> None:  # noqa: ANN401 - see _tail
    """Lets the input's bytes be the quantised values that they are, instead of floats that are quantised again."""
    (cast,) = (node for node in graph.node if node.op_type == "Cast" and node.input[0] == INPUT)
    (quantised,) = (node for node in graph.node if node.input[0] == cast.output[0])
    scale, zero = quantised.input[1:3]
    for initializer in graph.initializer:
        if initializer.name == scale:
            initializer.CopyFrom(onnx.numpy_helper.from_array(np.float32(1.0), scale))
        elif initializer.name == zero:
            initializer.CopyFrom(onnx.numpy_helper.from_array(np.uint8(0), zero))
    for node in graph.node:
        for position, name in enumerate(node.input):
            if name == quantised.output[0]:
                node.input[position] = INPUT
    graph.node.remove(cast)
    graph.node.remove(quantised)

"""What detectors' networks alone cost, beside each other, and how much of the processor they use.

    python -m benchmarks.network person-n person-n-int8 person-s person-s-int8 yolox_nano_416
    python -m benchmarks.network person-n-int8 my/lean.onnx --rounds 500

Opened as the service opens them: one thread of onnxruntime on the CPU; processor time. All take turns, and the least of
the rounds counts: what other programs add is in the others. The last one is what they are compared with. `MACs` are
multiply-adds of the convolutions; `of peak` is their rate against that of a large product of bytes (MatMulInteger,
uint8 by int8) that takes its turns with them: what onnxruntime gets out of this processor at best.
"""

from __future__ import annotations

import argparse
import math
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from benchmarks.accuracy_table import provenance
from edge.adapters.detector.providers import Wanted, open_network
from edge.adapters.manifest import resolve

_ROWS, _INNER, _COLUMNS = 768, 1024, 1024
_OPSET = 17


@dataclass
class Contestant:
    """One network: its name, multiply-adds of one run, what runs it once, and its least processor time (seconds)."""

    name: str
    macs: int
    run: Callable[[], object]
    least_s: float = math.inf

    @property
    def macs_per_s(self) -> float:
        """At its best."""
        return self.macs / self.least_s


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", help="names of `edge models list`, or paths")
    parser.add_argument("--rounds", type=int, default=300)
    arguments = parser.parse_args()
    paths = [resolve(name).path for name in arguments.models]
    networks = [_contestant(path, _macs(path)) for path in paths]
    with tempfile.TemporaryDirectory() as folder:
        peak = _contestant(_product(Path(folder) / "product.onnx"), _ROWS * _INNER * _COLUMNS)
    for _ in range(arguments.rounds):
        for one in (*networks, peak):
            start_s = time.thread_time()
            one.run()
            one.least_s = min(one.least_s, time.thread_time() - start_s)
    about = [*provenance().values(), f"onnxruntime {version('onnxruntime')}", f"load {os.getloadavg()[0]:.1f}"]
    print(f"{', '.join(about)}; {arguments.rounds} rounds.\n")
    print(f"A product of bytes: {peak.macs_per_s / 1e9:.0f} G multiply-adds a second.\n")
    print(f"| network | ms | of {networks[-1].name} | MACs | of peak |\n| --- | --- | --- | --- | --- |")
    for one in networks:
        ms, ratio = 1e3 * one.least_s, one.least_s / networks[-1].least_s
        share = 100.0 * one.macs_per_s / peak.macs_per_s
        print(f"| {one.name} | {ms:.2f} | {ratio:.3f} | {one.macs / 1e9:.2f} G | {share:.0f} % |")


def _contestant(path: Path, macs: int) -> Contestant:
    session = open_network(path, "", Wanted()).session
    (put,) = session.get_inputs()
    kind = np.uint8 if put.type == "tensor(uint8)" else np.float32
    numbers = np.random.default_rng(0).integers(0, 255, put.shape).astype(kind)
    return Contestant(path.stem, macs, lambda: session.run(None, {put.name: numbers}))


def _macs(path: Path) -> int:
    """Of all convolutions: their weights, once for each place of the output."""
    graph = onnx.shape_inference.infer_shapes(onnx.load(path), data_prop=True).graph
    weights = {one.name: list(one.dims) for one in graph.initializer}
    for node in graph.node:  # of int8 networks, the weights are made floats first
        if node.op_type == "DequantizeLinear" and node.input[0] in weights:
            weights[node.output[0]] = weights[node.input[0]]
    places = {one.name: [axis.dim_value for axis in one.type.tensor_type.shape.dim[2:]] for one in graph.value_info}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    return sum(math.prod(weights[node.input[1]]) * math.prod(places[node.output[0]]) for node in convolutions)


def _product(path: Path) -> Path:
    right = np.random.default_rng(0).integers(-127, 127, (_INNER, _COLUMNS)).astype(np.int8)
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["left", "right"], ["product"])],
        "product",
        [helper.make_tensor_value_info("left", TensorProto.UINT8, [_ROWS, _INNER])],
        [helper.make_tensor_value_info("product", TensorProto.INT32, [_ROWS, _COLUMNS])],
        [numpy_helper.from_array(right, "right")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=8), path)
    return path


if __name__ == "__main__":
    main()

"""A network as it is written in an ONNX file: who makes which value, who uses it, and what its constants are.

Knows the file format; what a network is for, it does not know.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from edge.errors import ModelError


class Graph:
    """Reads and rewrites the one graph of a model; the model that is handed in is changed.

    Attributes:
        model: The onnx ModelProto.
    """

    def __init__(self, model: Any) -> None:  # noqa: ANN401 - onnx has no types
        self.model = model
        self._index()

    @staticmethod
    def load(path: Path) -> Graph:
        """The network of a file.

        Raises:
            ModelError: It is no complete ONNX file with all weights in it.
        """
        try:
            model = onnx.load(str(path), load_external_data=False)
            onnx.checker.check_model(model)
        except Exception as error:  # noqa: BLE001 - onnx and protobuf raise many kinds
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise ModelError(f"{path}: expected a complete ONNX file, got: {reason}") from None
        if any(onnx.external_data_helper.uses_external_data(tensor) for tensor in model.graph.initializer):
            raise ModelError(f"{path}: expected all weights in this file, got some in another one")
        return Graph(model)

    @property
    def nodes(self) -> Sequence[Any]:
        """The operations, in the order in which they run."""
        return self.model.graph.node  # type: ignore[no-any-return]

    @property
    def inputs(self) -> list[Any]:
        """What has to be handed in: old files list their constants among the inputs."""
        return [value for value in self.model.graph.input if value.name not in self._constants]

    def producer(self, name: str) -> Any | None:  # noqa: ANN401
        """The operation that makes a value; None for inputs and constants of the file."""
        return self._producers.get(name)

    def consumers(self, name: str) -> list[Any]:
        """The operations that use a value."""
        return self._consumers.get(name, [])

    def constant(self, name: str) -> NDArray[Any] | None:
        """What a value always is; None when it is computed."""
        if name in self._constants:
            return np.asarray(numpy_helper.to_array(self._constants[name]))
        node = self.producer(name)
        if node is None:
            return None
        if node.op_type == "Identity":
            return self.constant(node.input[0])
        if node.op_type == "Constant":
            return np.asarray(numpy_helper.to_array(node.attribute[0].t))
        return None

    def set_constant(self, name: str, value: NDArray[Any]) -> None:
        """Puts a constant into the file, over one of that name."""
        for tensor in [tensor for tensor in self.model.graph.initializer if tensor.name == name]:
            self.model.graph.initializer.remove(tensor)
        self.model.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        self._index()

    def settled(self, shape: Sequence[int]) -> Graph:
        """The same network for an input of one shape: what it works out from shapes in every run becomes a constant.

        Args:
            shape: Of the one input; only the sides that the file leaves open are set.

        Raises:
            ModelError: The network cannot do with that shape.
        """
        copy = onnx.ModelProto()
        copy.CopyFrom(self.model)
        (taken,) = Graph(copy).inputs
        for side, length in zip(taken.type.tensor_type.shape.dim, shape, strict=True):
            if side.dim_value <= 0:
                side.dim_value = length
        for output in copy.graph.output:
            output.type.tensor_type.ClearField("shape")
        with tempfile.TemporaryDirectory(prefix="edge-export-") as folder:
            path = Path(folder) / "settled.onnx"
            _session(copy, folded=path)
            settled = onnx.load(str(path))
        used = {node.domain for node in settled.graph.node}
        for opset in [opset for opset in settled.opset_import if opset.domain not in used]:
            settled.opset_import.remove(opset)  # onnxruntime declares all that it knows
        return Graph(settled)

    def widths(self, names: Sequence[str]) -> dict[str, int]:
        """Last sides of some values, by running the network once on nothing: files often lack the shapes.

        Raises:
            ModelError: The network cannot run.
        """
        copy = onnx.ModelProto()
        copy.CopyFrom(self.model)
        copy.graph.ClearField("output")
        copy.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
        session = _session(copy)
        (taken,) = session.get_inputs()
        with _running():
            answers = session.run(list(names), {taken.name: np.zeros(taken.shape, np.float32)})
        return {name: answer.shape[-1] for name, answer in zip(names, answers, strict=True)}

    def keep_only(self, outputs: Iterable[Any]) -> None:
        """Drops every operation and constant that the outputs do not need, and puts constants where they are used.

        Args:
            outputs: ValueInfoProto of each.
        """
        graph = self.model.graph
        self._inline_constants()
        outputs = list(outputs)
        needed = {value.name for value in outputs}
        kept = []
        for node in reversed(graph.node):
            if needed & set(node.output):
                kept.append(node)
                needed |= set(node.input)
        nodes, tensors = list(reversed(kept)), [tensor for tensor in graph.initializer if tensor.name in needed]
        for field, values in (("node", nodes), ("initializer", tensors), ("output", outputs)):
            graph.ClearField(field)
            getattr(graph, field).extend(values)
        graph.ClearField("value_info")
        self._index()

    def _inline_constants(self) -> None:
        """Constants behind Identity and Constant become constants of the file, so that every tool sees them as such."""
        for node in list(self.nodes):
            if node.op_type not in ("Identity", "Constant"):
                continue
            value = self.constant(node.output[0])
            if value is not None:
                self.model.graph.node.remove(node)
                self.model.graph.initializer.append(numpy_helper.from_array(value, node.output[0]))
                self._constants[node.output[0]] = self.model.graph.initializer[-1]
                del self._producers[node.output[0]]
        self._index()

    def _index(self) -> None:
        graph = self.model.graph
        self._constants = {tensor.name: tensor for tensor in graph.initializer}
        self._producers = {name: node for node in graph.node for name in node.output}
        self._consumers: dict[str, list[Any]] = {}
        for node in graph.node:
            for name in node.input:
                self._consumers.setdefault(name, []).append(node)


def _session(model: Any, *, folded: Path | None = None) -> Any:  # noqa: ANN401 - neither onnx nor onnxruntime has types
    """A network ready to run; `folded`: where it goes with its constants worked out, in standard operations."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime  # noqa: PLC0415 - see above

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if folded is not None:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(folded)
    with _running():
        return onnxruntime.InferenceSession(model.SerializeToString(), options, enable_fallback=0)


@contextmanager
def _running() -> Iterator[None]:
    """Words instead of what onnxruntime raises."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - onnxruntime's exceptions share no other base class
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ModelError(f"expected a network that runs, got: {reason}") from None

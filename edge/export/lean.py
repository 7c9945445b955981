"""Turns a network of the YOLO family into a lean one: only what counting people needs is left.

A rectangular input of camera bytes (scale and colour order go into the first convolution), the row of people out of all
classes, and raw cells instead of decoded boxes: layout `person_grid`. Works on the ONNX file alone.
"""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
from onnx import TensorProto, helper

from edge.core.model_facts import InputSize
from edge.errors import ModelError
from edge.export.graph import Graph
from edge.export.head import Head

PEOPLE = ("person", "people", "pedestrian", "human")
_DEEPEST = 32
INPUT, OUTPUT = "images", "cells"


def make_lean(graph: Graph, head: Head, size: InputSize, row: int) -> Graph:
    """The lean network; `graph` is changed.

    Args:
        graph: As ultralytics exports it: one input of 1 x 3 x height x width floats, RGB 0..1.
        head: Of that network.
        size: Of the input that the lean one gets.
        row: Index of the class of people.

    Raises:
        ModelError: The network is of another kind, or has no such class.
    """
    old = input_size(graph)
    if not 0 <= row < head.count:
        raise ModelError(f"expected a person_class below {head.count}, the classes of the network, got {row}")
    name = graph.model.graph.input[0].name
    _fold_pixels(graph, name)
    _widen(graph, old, size)
    output = _tail(graph, head, row, size)
    graph.keep_only([output])
    for index, node in enumerate(graph.nodes):
        node.name = node.name or f"node.{index}"  # the tool that quantises goes by names
    _take_bytes(graph, name, size)
    _describe(graph)
    return graph


def with_fixed_input(graph: Graph, size: InputSize) -> Graph:
    """The network for pictures of one size, where its file leaves sides of the input open (`dynamic=True`).

    Raises:
        ModelError: It takes no pictures, or cannot do with that size.
    """
    sides = _only_input(graph).type.tensor_type.shape.dim
    if len(sides) != 4 or all(side.dim_value > 0 for side in sides):
        return graph
    return graph.settled((1, 3, size.height, size.width))


def input_size(graph: Graph) -> InputSize:
    """Height and width of the pictures that a network takes.

    Raises:
        ModelError: It takes something else than one picture of a fixed size, in floats.
    """
    kind = _only_input(graph).type.tensor_type
    sides = [side.dim_value for side in kind.shape.dim]
    if kind.elem_type != TensorProto.FLOAT or len(sides) != 4 or sides[1] != 3 or min(sides[2:]) <= 0:
        raise ModelError(
            "expected an input of 1 x 3 x height x width floats (exported with half=False), "
            f"got {TensorProto.DataType.Name(kind.elem_type)} of {' x '.join(map(str, sides))}"
        )
    try:
        return InputSize(sides[2], sides[3])
    except ValueError as error:
        raise ModelError(str(error)) from None


def person_class(graph: Graph) -> int:
    """Index of the class that is called a person in the file.

    Raises:
        ModelError: There is none, or more than one.
    """
    try:
        names = dict(ast.literal_eval(properties(graph).get("names", "{}")))
    except (ValueError, SyntaxError, TypeError):
        names = {}
    called = [index for index, name in names.items() if str(name).lower() in PEOPLE]
    if len(called) != 1:
        known = ", ".join(map(str, list(names.values())[:8])) or "no names"
        raise ModelError(f"expected one class called {' or '.join(PEOPLE)}, got {known}; say --person-class")
    return int(called[0])


def is_lean(graph: Graph) -> bool:
    """Whether a network is one of ours already."""
    ends = [value.name for value in (*graph.model.graph.input, *graph.model.graph.output)]
    return ends == [INPUT, OUTPUT] and graph.model.graph.input[0].type.tensor_type.elem_type == TensorProto.UINT8


def lean_size(graph: Graph) -> InputSize:
    """The input of a network that is lean already."""
    _, _, height, width = (side.dim_value for side in graph.model.graph.input[0].type.tensor_type.shape.dim)
    return InputSize(height, width)


def properties(graph: Graph) -> dict[str, str]:
    """What its exporter wrote into the file in words."""
    return {entry.key: entry.value for entry in graph.model.metadata_props}


def _only_input(graph: Graph) -> Any:  # noqa: ANN401 - onnx has no types
    if len(graph.inputs) != 1:
        raise ModelError(f"expected one input, got {len(graph.inputs)}")
    return graph.inputs[0]


def _fold_pixels(graph: Graph, name: str) -> None:
    """RGB 0..1 becomes BGR 0..255 in the weights of the convolution that sees the picture."""
    users = graph.consumers(name)
    weight = graph.constant(users[0].input[1]) if len(users) == 1 and users[0].op_type == "Conv" else None
    if weight is None or weight.shape[1] != 3:
        kinds = ", ".join(node.op_type for node in users) or "nothing"
        raise ModelError(f"expected a convolution that takes the picture, got {kinds}")
    users[0].input[1] = f"{name}.bytes"
    graph.set_constant(f"{name}.bytes", (weight[:, ::-1] / 255.0).astype(np.float32))


def _widen(graph: Graph, old: InputSize, new: InputSize) -> None:
    """Shapes that were written down for the old size and stand in the way of another: those of attention (v11, v26)."""
    before = (old.height // _DEEPEST, old.width // _DEEPEST)
    after = (new.height // _DEEPEST, new.width // _DEEPEST)
    for index, node in enumerate(graph.nodes):
        shape = graph.constant(node.input[1]) if node.op_type == "Reshape" else None
        if shape is None or len(shape) != 4:
            continue
        changed = shape.copy()
        if tuple(shape[2:]) == before:
            changed[2:] = after
        elif shape[3] == before[0] * before[1]:
            changed[3] = after[0] * after[1]
        if (changed != shape).any():
            node.input[1] = f"reshape.{index}"
            graph.set_constant(node.input[1], changed)


def _tail(graph: Graph, head: Head, row: int, size: InputSize) -> Any:  # noqa: ANN401 - onnx has no types
    """Adds what turns the last convolutions into cells; the description of the output."""
    nodes: list[Any] = []
    sides: list[str] = []
    scores: list[str] = []
    for index, (box, klass) in enumerate(zip(head.boxes, head.classes, strict=True)):
        weight, bias = (graph.constant(name) for name in klass.input[1:3])
        if weight is None or bias is None:
            raise ModelError("expected weights and a bias of every class, got none")
        klass.input[1], klass.input[2] = f"person.{index}.weight", f"person.{index}.bias"
        graph.set_constant(klass.input[1], weight[row : row + 1])
        graph.set_constant(klass.input[2], bias[row : row + 1])
        for node, kept, channels in ((box, sides, 4 * head.bins), (klass, scores, 1)):
            kept.append(f"{'sides' if channels > 1 else 'logit'}.{index}")
            graph.set_constant(f"{kept[-1]}.shape", np.array([1, channels, -1], np.int64))
            nodes.append(helper.make_node("Reshape", [node.output[0], f"{kept[-1]}.shape"], [kept[-1]]))
    nodes += [
        helper.make_node("Concat", sides, ["sides"], axis=2),
        helper.make_node("Concat", scores, ["logits"], axis=2),
        helper.make_node("Sigmoid", ["logits"], ["scores"]),
        helper.make_node("Concat", ["sides", "scores"], ["columns"], axis=1),
        helper.make_node("Transpose", ["columns"], [OUTPUT], perm=[0, 2, 1]),
    ]
    graph.model.graph.node.extend(nodes)
    return helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [1, size.cells, 4 * head.bins + 1])


def _take_bytes(graph: Graph, name: str, size: InputSize) -> None:
    """The input becomes bytes that are cast to floats."""
    inner = graph.model.graph
    for node in graph.consumers(name):
        node.input[0] = "pixels"
    inner.node.insert(0, helper.make_node("Cast", [INPUT], ["pixels"], to=TensorProto.FLOAT))
    inner.ClearField("input")
    inner.input.append(helper.make_tensor_value_info(INPUT, TensorProto.UINT8, [1, 3, size.height, size.width]))


def _describe(graph: Graph) -> None:
    """Keeps whose weights they are; what no longer holds goes."""
    kept = {key: value for key, value in properties(graph).items() if key in ("author", "license", "description")}
    graph.model.ClearField("metadata_props")
    helper.set_model_props(graph.model, kept)
    graph.model.producer_name = "edge-people-counter"

"""Where in a network of the YOLO family boxes and scores come out, before anything is decoded.

Found by structure, not by names: walking back from the output, the first convolutions met are those of the head, three
for the sides of a box and three for the classes. Knows ultralytics' v8 to v11 and v26 and what is built like them;
both of v26's heads, the one with suppression in the network and the one without, end in the same convolutions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from edge.core.model_facts import STRIDES
from edge.errors import ModelError
from edge.export.graph import Graph

_NOT_THAT_KIND = "expected the head of YOLO v8 to v11 or v26 (three convolutions for boxes, three for classes), got "


@dataclass(frozen=True)
class Head:
    """The last convolutions, by stride 8, 16, 32.

    Attributes:
        boxes: Each gives 4 x `bins` numbers a cell.
        classes: Each gives a number for every class a cell, before the sigmoid.
        bins: Into how many a side is cut (reg_max, 16 in v8 to v11); 1: the distance itself.
        count: Classes.
    """

    boxes: tuple[Any, ...]
    classes: tuple[Any, ...]
    bins: int
    count: int


def find_head(graph: Graph, width: int) -> Head:
    """The head of a network.

    Args:
        graph: The network.
        width: Of the pictures that it takes, pixels; tells the strides.

    Raises:
        ModelError: It has another kind of head.
    """
    convolutions, bins = _last_convolutions(graph)
    channels = {node.output[0]: _out_channels(graph, node) for node in convolutions}
    of_boxes = [node for node in convolutions if channels[node.output[0]] == 4 * bins]
    of_classes = [node for node in convolutions if channels[node.output[0]] != 4 * bins]
    count = {channels[node.output[0]] for node in of_classes}
    if len(of_boxes) != len(STRIDES) or len(of_classes) != len(STRIDES) or len(count) != 1:
        found = ", ".join(str(channels[node.output[0]]) for node in convolutions) or "none"
        raise ModelError(f"{_NOT_THAT_KIND}convolutions of {found} channels")
    widths = graph.widths([node.output[0] for node in convolutions])
    ordered = []
    for nodes in (of_boxes, of_classes):
        by_stride = {width // widths[node.output[0]]: node for node in nodes}
        if set(by_stride) != set(STRIDES):
            raise ModelError(f"{_NOT_THAT_KIND}strides of {', '.join(map(str, sorted(by_stride)))}")
        ordered.append(tuple(by_stride[stride] for stride in STRIDES))
    return Head(ordered[0], ordered[1], bins, count.pop())


def _last_convolutions(graph: Graph) -> tuple[list[Any], int]:
    """The convolutions that no other one follows, but for that which only adds up bins; and how many bins there are."""
    found: dict[str, Any] = {}
    bins = 1
    seen: set[str] = set()
    names = [output.name for output in graph.model.graph.output]
    while names:
        name = names.pop()
        node = graph.producer(name)
        if node is None or name in seen:
            continue
        seen.add(name)
        if node.op_type == "Conv":
            weight = graph.constant(node.input[1])
            if weight is None or not _adds_up_bins(weight):
                found[node.output[0]] = node
                continue
            bins = weight.shape[1]
        names += node.input
    return list(found.values()), bins


def _adds_up_bins(weight: Any) -> bool:  # noqa: ANN401 - an array
    return bool(
        weight.shape[0] == 1 and weight.size == weight.shape[1] and (weight.ravel() == np.arange(weight.size)).all()
    )


def _out_channels(graph: Graph, node: Any) -> int:  # noqa: ANN401 - onnx has no types
    weight = graph.constant(node.input[1])
    return 0 if weight is None else int(weight.shape[0])

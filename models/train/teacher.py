"""The teacher: a YOLOX network that somebody else trained, asked for people (knowledge distillation, arXiv 1503.02531).

Owns its ONNX file and the decoding of its cells. What is learned from the answers, other modules decide; its weights
are read by onnxruntime alone and never reach ours.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from models.train.boxes import Floats, area_shared, cell_grid

_MOST = 300
_PERSON = 5  # column of the first COCO class, after four of the box and one of the objectness


class Teacher:
    """YOLOX with free height and width.

    Args:
        path: The publisher's ONNX file, with an undecoded output (layout `yolox`) of one fixed size.
        threads: Of onnxruntime.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # before the import
        import onnxruntime  # noqa: PLC0415

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        model = _freed(onnx.load(path))
        self._session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name

    def cells(self, images: NDArray[np.uint8]) -> tuple[Floats, Floats]:
        """Every cell's opinion.

        Args:
            images: (B, H, W, 3) BGR, H and W multiples of 32.

        Returns:
            Boxes float32 (B, N, 4), x0 y0 x1 y1 in pixels, and scores of a person (B, N), in the order of our cells.
        """
        planes = np.ascontiguousarray(images.transpose(0, 3, 1, 2), np.float32)
        grids = self._session.run(None, {self._input: planes})
        rows = np.concatenate([grid.reshape(*grid.shape[:2], -1) for grid in grids], 2).transpose(0, 2, 1)
        corner, stride = cell_grid(*images.shape[1:3])
        middle = (rows[..., :2] + corner) * stride
        half = np.exp(np.minimum(rows[..., 2:4], 6.0)) * stride / 2
        return np.concatenate((middle - half, middle + half), 2), rows[..., 4] * rows[..., _PERSON]

    def people(self, images: NDArray[np.uint8], least: float = 0.05) -> list[tuple[Floats, Floats]]:
        """Boxes (K, 4) in pixels and scores (K,) for each picture, best first, duplicates suppressed."""
        found = []
        for boxes, scores in zip(*self.cells(images), strict=True):
            best = np.argsort(-scores)[: min(_MOST, int((scores >= least).sum()))]
            found.append(suppressed(boxes[best], scores[best]))
        return found


def suppressed(boxes: Floats, scores: Floats, most: float = 0.6) -> tuple[Floats, Floats]:
    """Boxes and scores, best first, without those that overlap a better one by an IoU of more than `most`."""
    kept: list[int] = []
    for index in range(len(boxes)):
        if not kept or area_shared(boxes[index : index + 1], boxes[kept]).max() <= most:
            kept.append(index)
    return boxes[kept], scores[kept]


def _freed(model: onnx.ModelProto) -> onnx.ModelProto:
    """The graph up to the three grids, which are its outputs instead, with a free batch and size."""
    graph = model.graph
    producers = {name: node for node in graph.node for name in node.output}
    grids = [node.input[0] for node in graph.node if node.op_type == "Reshape"]
    needed, queue = set(), list(grids)
    while queue:
        name = queue.pop()
        if name in producers and name not in needed:
            needed.add(name)
            queue.extend(producers[name].input)
    kept = [node for node in graph.node if needed.intersection(node.output)]
    del graph.node[:]
    graph.node.extend(kept)
    del graph.value_info[:]
    del graph.output[:]
    for name in grids:
        graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    for axis, symbol in zip((0, 2, 3), ("batch", "height", "width"), strict=True):
        graph.input[0].type.tensor_type.shape.dim[axis].dim_param = symbol
    return model

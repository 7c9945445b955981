"""How detectors of the YOLO family lay out their output: recognising a layout, reading people out of it.

Pure numpy on one output array. This module does not know who ran the network, nor how the picture was fitted into its
input: boxes are in pixels of the input. For speed only the columns of the person class are read, a box is decoded
only after its score has passed, and rows are picked with `take`, in a third of the time that an index takes.

Layouts, for an input with n = sum of (height/s)(width/s) over the strides s = 8, 16, 32, and C classes:

| layout | output | one candidate |
| --- | --- | --- |
| `person_grid` | 1 x n x (4R+1) | left, top, right, bottom of the cell's centre, in strides; score (our own) |
| `yolox` | 1 x n x (5+C) | x, y relative to the cell, log w, log h in strides; objectness; classes (arXiv 2107.08430) |
| `yolox_decoded` | 1 x n x (5+C) | centre x, y, w, h in pixels; objectness; classes |
| `yolov5` | 1 x 3n x (5+C) | as `yolox_decoded`, three anchors a cell |
| `yolov8` | 1 x (4+C) x n | centre x, y, w, h in pixels; classes (v8, v9, v11) |
| `end2end` | 1 x N x 6 | x0, y0, x1, y1 in pixels; score; class, already suppressed (v10, v26) |

A `person_grid` knows people only. With R = 1 the four numbers are the distances; with more, each is R logits,
and the distance is the mean of 0..R-1 under their softmax (arXiv 2006.04388).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from edge.core.model_facts import STRIDES, InputSize, Layout, ModelFacts
from edge.core.suppression import suppress
from edge.core.types import Floats
from edge.errors import ModelError

Output = NDArray[Any]

MAX_CANDIDATES = 300
"""Candidates that go into suppression, best first: bounds the time that a network which answers nonsense can take."""


def infer_layout(shape: Sequence[int], size: InputSize) -> Layout:
    """The layout that an output of this shape has; one n rows long is taken to be undecoded.

    Args:
        shape: Of the output.
        size: Of the input it was computed from.

    Raises:
        ModelError: The shape belongs to no layout.

    >>> infer_layout((1, 3549, 85), InputSize(416, 416)), infer_layout((1, 84, 3549), InputSize(416, 416))
    ('yolox', 'yolov8')
    """
    if _fits("person_grid", shape, size) and shape[2] == 5:  # with more columns it looks like a yolox
        return "person_grid"
    for layout in ("yolox", "yolov5", "end2end", "yolov8"):
        if _fits(layout, shape, size):
            return layout
    raise ModelError(f"expected the output shape of a YOLO layout ({_all_shapes(size)}), got {_text(shape)}")


def check_layout(layout: Layout, shape: Sequence[int], size: InputSize, person_class: int) -> None:
    """Checks that an output can be read as `layout`.

    Raises:
        ModelError: The shape is another one, or has no such class.
    """
    if not _fits(layout, shape, size):
        raise ModelError(
            f"expected an output of {_SHAPES[layout].format(n=size.cells, n3=3 * size.cells)} for layout {layout} and "
            f"input {size.height}x{size.width}, got {_text(shape)}"
        )
    classes = {"end2end": None, "person_grid": 1, "yolov8": shape[1] - 4}.get(layout, shape[2] - 5)
    if classes is not None and person_class >= classes:
        raise ModelError(f"expected a person_class below {classes}, the classes in the output, got {person_class}")


def read_people(output: Output, facts: ModelFacts, size: InputSize) -> tuple[Floats, Floats]:
    """People in one output, best first, duplicates suppressed.

    Args:
        output: Floats in the shape of `facts.layout`, batch of 1; what is not finite is left out.
        facts: Settled facts (`ModelFacts.settled`).
        size: Size of the input that the output was computed from.

    Returns:
        Boxes float32 (K, 4), x0 y0 x1 y1 in pixels of the input, not clipped to it, and scores float32 (K,).
    """
    if facts.layout is None:
        raise ValueError("expected settled facts, got a layout of None")
    with np.errstate(over="ignore", invalid="ignore"):
        boxes, scores = _READERS[facts.layout](output[0], facts, size)
        if not (np.isfinite(scores).all() and np.isfinite(boxes).all()):
            finite = np.isfinite(scores) & np.isfinite(boxes).all(axis=1)
            boxes, scores = boxes[finite], scores[finite]
        best = (-scores).argsort(kind="stable")[:MAX_CANDIDATES]
        boxes, scores = boxes.take(best, axis=0), scores.take(best)
        if facts.layout == "end2end":
            return boxes, scores
        kept = suppress(boxes, facts.iou_threshold)
        return boxes.take(kept, axis=0), scores.take(kept)


_SHAPES: dict[Layout, str] = {
    "person_grid": "1 x {n} x (4R + 1)",
    "yolox": "1 x {n} x (5 + classes)",
    "yolox_decoded": "1 x {n} x (5 + classes)",
    "yolov5": "1 x {n3} x (5 + classes)",
    "yolov8": "1 x (4 + classes) x candidates",
    "end2end": "1 x candidates x 6",
}


def _fits(layout: Layout, shape: Sequence[int], size: InputSize) -> bool:
    if len(shape) != 3 or shape[0] != 1:
        return False
    _, middle, last = shape
    if layout == "end2end":
        return last == 6
    if layout == "yolov8":
        # Heads with other strides exist, so the candidates are not counted; a transposed output is told by its length.
        return 5 <= middle < last
    if layout == "person_grid":
        return middle == size.cells and last >= 5 and last % 4 == 1
    rows = 3 * size.cells if layout == "yolov5" else size.cells
    return middle == rows and last >= 6


def _all_shapes(size: InputSize) -> str:
    return ", ".join(
        f"{layout}: {_SHAPES[layout].format(n=size.cells, n3=3 * size.cells)}" for layout in get_args(Layout)
    )


def _text(shape: Sequence[int]) -> str:
    return " x ".join(str(length) for length in shape) or "a single number"


def _corners(centres: Floats, lengths: Floats) -> Floats:
    return np.concatenate((centres - lengths / 2, centres + lengths / 2), axis=1)


@lru_cache(maxsize=4)
def _grid(size: InputSize) -> Floats:
    """(n, 3): column, row and stride of every cell."""
    parts = []
    for stride in STRIDES:
        rows, columns = np.mgrid[: size.height // stride, : size.width // stride]
        parts.append(np.stack((columns.ravel(), rows.ravel(), np.full(rows.size, stride)), axis=1))
    return np.concatenate(parts).astype(np.float32)


def _with_objectness(rows: Output, facts: ModelFacts) -> tuple[NDArray[np.intp], Floats, Floats]:
    scores = np.multiply(rows[:, 4], rows[:, 5 + facts.person_class], dtype=np.float32)
    hits = np.flatnonzero(scores >= facts.score_threshold)
    return hits, rows.take(hits, axis=0)[:, :4].astype(np.float32), scores[hits]


def _read_person_grid(rows: Output, facts: ModelFacts, size: InputSize) -> tuple[Floats, Floats]:
    hits = np.flatnonzero(rows[:, -1] >= facts.score_threshold)
    found = rows.take(hits, axis=0).astype(np.float32, copy=False)
    reach, scores = found[:, :-1], found[:, -1]
    if reach.shape[1] > 4:
        reach = _mean_distances(reach.reshape(len(hits), 4, reach.shape[1] // 4))
    cells = _grid(size).take(hits, axis=0)
    centres, strides = cells[:, :2] + 0.5, cells[:, 2:]
    boxes = np.concatenate((centres - reach[:, :2], centres + reach[:, 2:]), axis=1)
    boxes *= strides
    return boxes, scores


def _mean_distances(logits: Floats) -> Floats:
    shares = np.exp(logits - logits.max(axis=2, keepdims=True))
    shares /= shares.sum(axis=2, keepdims=True)
    means: Floats = (shares * np.arange(logits.shape[2], dtype=np.float32)).sum(axis=2)
    return means


def _read_yolox(rows: Output, facts: ModelFacts, size: InputSize) -> tuple[Floats, Floats]:
    hits, raw, scores = _with_objectness(rows, facts)
    cells = _grid(size).take(hits, axis=0)
    strides = cells[:, 2:]
    return _corners((raw[:, :2] + cells[:, :2]) * strides, np.exp(raw[:, 2:]) * strides), scores


def _read_decoded(rows: Output, facts: ModelFacts, _size: InputSize) -> tuple[Floats, Floats]:
    _, raw, scores = _with_objectness(rows, facts)
    return _corners(raw[:, :2], raw[:, 2:]), scores


def _read_yolov8(columns: Output, facts: ModelFacts, _size: InputSize) -> tuple[Floats, Floats]:
    scores = columns[4 + facts.person_class]
    hits = np.flatnonzero(scores >= facts.score_threshold)
    raw = columns[:4].take(hits, axis=1).T.astype(np.float32)
    return _corners(raw[:, :2], raw[:, 2:]), scores[hits].astype(np.float32)


def _read_end2end(rows: Output, facts: ModelFacts, _size: InputSize) -> tuple[Floats, Floats]:
    hits = np.flatnonzero((rows[:, 4] >= facts.score_threshold) & (rows[:, 5] == facts.person_class))
    return rows[hits, :4].astype(np.float32), rows[hits, 4].astype(np.float32)


_READERS: dict[Layout, Callable[[Output, ModelFacts, InputSize], tuple[Floats, Floats]]] = {
    "person_grid": _read_person_grid,
    "yolox": _read_yolox,
    "yolox_decoded": _read_decoded,
    "yolov5": _read_decoded,
    "yolov8": _read_yolov8,
    "end2end": _read_end2end,
}

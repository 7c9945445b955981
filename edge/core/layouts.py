"""How detectors of the YOLO family lay out their output: recognising a layout, reading people out of it, suppression.

Pure numpy on one output array. This module does not know who ran the network, nor how the picture was fitted into its
input: boxes are in pixels of the input. For speed only the columns of the person class are read, and a box is decoded
only after its score has passed.

Layouts, for an input with n = sum of (height/s)(width/s) over the strides s = 8, 16, 32, and C classes:

| layout | output | one candidate |
| --- | --- | --- |
| `yolox` | 1 x n x (5+C) | x, y relative to the cell, log w, log h in strides; objectness; classes (arXiv 2107.08430) |
| `yolox_decoded` | 1 x n x (5+C) | centre x, y, w, h in pixels; objectness; classes |
| `yolov5` | 1 x 3n x (5+C) | as `yolox_decoded`, three anchors a cell |
| `yolov8` | 1 x (4+C) x n | centre x, y, w, h in pixels; classes (v8, v9, v11) |
| `end2end` | 1 x N x 6 | x0, y0, x1, y1 in pixels; score; class, already suppressed (v10, v26) |
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from edge.core.types import Floats
from edge.errors import ModelError

Layout = Literal["yolox", "yolox_decoded", "yolov8", "yolov5", "end2end"]
Colour = Literal["bgr", "rgb"]
Output = NDArray[Any]

STRIDES = (8, 16, 32)
MAX_CANDIDATES = 300
"""Candidates that go into suppression, best first: bounds the time that a network which answers nonsense can take."""


@dataclass(frozen=True)
class InputSize:
    """Height and width of a network's input, pixels: multiples of 32, the largest stride."""

    height: int
    width: int

    def __post_init__(self) -> None:
        for name, value in (("height", self.height), ("width", self.width)):
            if not 32 <= value <= 4096 or value % 32:
                raise ValueError(f"expected an input {name} of 32 to 4096 pixels in steps of 32, got {value}")

    @property
    def cells(self) -> int:
        """Grid cells over all strides: n of the table above.

        >>> InputSize(416, 416).cells
        3549
        """
        return sum((self.height // stride) * (self.width // stride) for stride in STRIDES)


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """What has to be known to feed one network and to read its answer. None: found out when the file is loaded.

    Attributes:
        name: As it is published: letters, digits, '.', '_' and '-', at most 64.
        sha256: Of the file, 64 hexadecimal digits, lower case.
        layout: Layout of the output; None: by its shape (`infer_layout`).
        input: Size of the input; of a dynamic input only the longer side counts. None: as the file says.
        colour: Order of the channels; None: as is the custom of the layout.
        scale: The divisor of the pixel values 0..255, 1 or 255; None: as is the custom of the layout.
        pad: Value of the pixels beside the picture, 0..255 before the division.
        person_class: Index of the class of people.
        score_threshold: People come out from this score on; low, so that the tracker's second stage sees weak boxes.
        iou_threshold: Of two boxes that overlap by more, the weaker one is suppressed.

    Raises:
        ValueError: A value outside its range.
    """

    name: str
    sha256: str
    layout: Layout | None = None
    input: InputSize | None = None
    colour: Colour | None = None
    scale: float | None = None
    pad: int = 114
    person_class: int = 0
    score_threshold: float = 0.1
    iou_threshold: float = 0.5

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", self.name):
            raise ValueError(f"expected a name of letters, digits, '.', '_' and '-', at most 64, got {self.name!r}")
        if not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise ValueError(f"expected a sha256 of 64 hexadecimal digits in lower case, got {self.sha256!r}")
        if self.scale not in (None, 1.0, 255.0):
            raise ValueError(f"expected a scale of 1 or 255, got {self.scale}")
        if not 0 <= self.pad <= 255:
            raise ValueError(f"expected a pad value of 0 to 255, got {self.pad}")
        if self.person_class < 0:
            raise ValueError(f"expected a person_class from 0 on, got {self.person_class}")
        for name, value in (("score_threshold", self.score_threshold), ("iou_threshold", self.iou_threshold)):
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"expected a {name} of 0 to 1, got {value}")

    def settled(self, layout: Layout) -> ModelFacts:
        """The same facts with `layout`, and what is None about the pixels replaced by the custom of that layout.

        YOLOX is trained on BGR 0..255, all others on RGB 0..1.
        """
        yolox = layout in ("yolox", "yolox_decoded")
        return replace(
            self,
            layout=layout,
            colour=self.colour or ("bgr" if yolox else "rgb"),
            scale=self.scale or (1.0 if yolox else 255.0),
        )


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
    classes = {"end2end": None, "yolov8": shape[1] - 4}.get(layout, shape[2] - 5)
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
        finite = np.isfinite(scores) & np.isfinite(boxes).all(axis=1)
        boxes, scores = boxes[finite], scores[finite]
        best = np.argsort(-scores, kind="stable")[:MAX_CANDIDATES]
        boxes, scores = boxes[best], scores[best]
        if facts.layout == "end2end":
            return boxes, scores
        kept = suppress(boxes, facts.iou_threshold)
        return boxes[kept], scores[kept]


def suppress(boxes: Floats, iou_threshold: float) -> NDArray[np.intp]:
    """Greedy non-maximum suppression of boxes that are sorted, best first.

    Takes one numpy pass for each box that is kept: fast for the few people of a picture.

    Args:
        boxes: (K, 4), x0 y0 x1 y1 in any unit.
        iou_threshold: A box goes when its intersection over union with a better one that stays is larger.

    Returns:
        Indices of the boxes that stay, ascending.

    >>> suppress(np.array([[0, 0, 4, 4], [0, 0, 4, 3], [2, 0, 6, 4]], np.float32), 0.5).tolist()
    [0, 2]
    """
    x0, y0, x1, y1 = boxes.T
    areas = (x1 - x0) * (y1 - y0)
    kept = []
    rest = np.arange(len(boxes))
    while rest.size:
        best, rest = rest[0], rest[1:]
        kept.append(best)
        if not rest.size:
            break
        width = np.minimum(x1[best], x1[rest]) - np.maximum(x0[best], x0[rest])
        height = np.minimum(y1[best], y1[rest]) - np.maximum(y0[best], y0[rest])
        intersection = np.maximum(width, 0.0) * np.maximum(height, 0.0)
        union = areas[best] + areas[rest] - intersection
        rest = rest[intersection <= iou_threshold * union]
    return np.array(kept, np.intp)


_SHAPES: dict[Layout, str] = {
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
    return hits, rows[hits, :4].astype(np.float32), scores[hits]


def _read_yolox(rows: Output, facts: ModelFacts, size: InputSize) -> tuple[Floats, Floats]:
    hits, raw, scores = _with_objectness(rows, facts)
    cells = _grid(size)[hits]
    strides = cells[:, 2:]
    return _corners((raw[:, :2] + cells[:, :2]) * strides, np.exp(raw[:, 2:]) * strides), scores


def _read_decoded(rows: Output, facts: ModelFacts, _size: InputSize) -> tuple[Floats, Floats]:
    _, raw, scores = _with_objectness(rows, facts)
    return _corners(raw[:, :2], raw[:, 2:]), scores


def _read_yolov8(columns: Output, facts: ModelFacts, _size: InputSize) -> tuple[Floats, Floats]:
    scores = columns[4 + facts.person_class]
    hits = np.flatnonzero(scores >= facts.score_threshold)
    raw = columns[:4, hits].T.astype(np.float32)
    return _corners(raw[:, :2], raw[:, 2:]), scores[hits].astype(np.float32)


def _read_end2end(rows: Output, facts: ModelFacts, _size: InputSize) -> tuple[Floats, Floats]:
    hits = np.flatnonzero((rows[:, 4] >= facts.score_threshold) & (rows[:, 5] == facts.person_class))
    return rows[hits, :4].astype(np.float32), rows[hits, 4].astype(np.float32)


_READERS: dict[Layout, Callable[[Output, ModelFacts, InputSize], tuple[Floats, Floats]]] = {
    "yolox": _read_yolox,
    "yolox_decoded": _read_decoded,
    "yolov5": _read_decoded,
    "yolov8": _read_yolov8,
    "end2end": _read_end2end,
}

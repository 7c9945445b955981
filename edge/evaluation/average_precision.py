"""Average precision as COCO defines it, by its own package pycocotools (extra [eval]). Knows boxes, no detector.

T.-Y. Lin et al., Microsoft COCO: Common Objects in Context, ECCV 2014 (arXiv 1405.0312). The service never loads any of
this.
"""

from __future__ import annotations

import contextlib
import importlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import EdgeError

Floats = NDArray[np.float32]
RECALLS = np.linspace(0.0, 1.0, 101)
"""At which precision is read off: COCO's 101 points."""


@dataclass(frozen=True)
class Seen:
    """One picture: who is in it, and what was found in it, in pixels of that picture.

    Attributes:
        people: (N, 4), x0 y0 x1 y1.
        boxes: (K, 4), x0 y0 x1 y1.
        scores: (K,), 0 to 1.
    """

    people: Floats
    boxes: Floats
    scores: Floats


@dataclass(frozen=True)
class Matched:
    """Everybody and every box of all pictures, matched at an overlap (IoU) of 0.5, best boxes first.

    Attributes:
        ap50: Average precision at an overlap of 0.5; NaN without people.
        ap50_95: The mean over the overlaps 0.5, 0.55, ... 0.95.
        precision: (101,), at an overlap of 0.5 over `RECALLS`; -1 where there is none.
        found: (people,), score of the box that answers for each person, picture by picture; 0 for who was not found.
        scores: (boxes,), of all boxes.
        true: (boxes,), whether each answers for a person.
    """

    ap50: float
    ap50_95: float
    precision: NDArray[np.float64]
    found: NDArray[np.float64]
    scores: NDArray[np.float64]
    true: NDArray[np.bool_]


def match(pictures: Sequence[Seen]) -> Matched:
    """Compares what was found with who is there.

    Raises:
        EdgeError: The package that computes the metrics is missing.
    """
    people = [
        {"id": 0, "image_id": number, "category_id": 1, "bbox": _lengths(box), "area": _area(box), "iscrowd": 0}
        for number, picture in enumerate(pictures)
        for box in picture.people
    ]
    for identity, person in enumerate(people, 1):
        person["id"] = identity
    boxes: list[dict[str, Any]] = [
        {"image_id": number, "category_id": 1, "bbox": _lengths(box), "score": float(score)}
        for number, picture in enumerate(pictures)
        for box, score in zip(picture.boxes, picture.scores, strict=True)
    ]
    if not people or not boxes:
        return _without_pairs(len(people), [box["score"] for box in boxes])
    coco, evaluation = _library()
    with contextlib.redirect_stdout(io.StringIO()):  # the package tells its progress there
        truth = coco()
        truth.dataset = {
            "info": {},
            "images": [{"id": number} for number in range(len(pictures))],
            "categories": [{"id": 1}],
            "annotations": people,
        }
        truth.createIndex()
        result = evaluation(truth, truth.loadRes(boxes), "bbox")
        result.evaluate()
        result.accumulate()
    return _read(result)


def _read(result: Any) -> Matched:  # noqa: ANN401 - a COCOeval of a package without types
    precision = result.eval["precision"][:, :, 0, 0, -1]  # overlap, recall, class, all areas, 100 boxes a picture
    found: list[float] = []
    scores: list[float] = []
    true: list[bool] = []
    for picture in result.evalImgs[: len(result.params.imgIds)]:  # those of all areas come first
        if picture is None:
            continue
        score_of = dict(zip(picture["dtIds"], picture["dtScores"], strict=True))
        found += [score_of.get(int(box), 0.0) for box in picture["gtMatches"][0]]
        scores += picture["dtScores"]
        true += (picture["dtMatches"][0] > 0).tolist()
    return Matched(
        ap50=float(precision[0].mean()),
        ap50_95=float(precision.mean()),
        precision=precision[0],
        found=np.array(found, np.float64),
        scores=np.array(scores, np.float64),
        true=np.array(true, bool),
    )


def _without_pairs(people: int, scores: list[float]) -> Matched:
    ap = 0.0 if people else float("nan")
    return Matched(ap, ap, np.zeros(101), np.zeros(people), np.array(scores, np.float64), np.zeros(len(scores), bool))


def _lengths(box: Floats) -> list[float]:
    x0, y0, x1, y1 = (float(value) for value in box)
    return [x0, y0, x1 - x0, y1 - y0]


def _area(box: Floats) -> float:
    _, _, width, height = _lengths(box)
    return width * height


def _library() -> tuple[Any, Any]:
    try:
        return (
            importlib.import_module("pycocotools.coco").COCO,
            importlib.import_module("pycocotools.cocoeval").COCOeval,
        )
    except ImportError as error:
        raise EdgeError(
            f"edge eval detector: expected the package pycocotools, which computes average precision, got: {error}; "
            "install the extra [eval]"
        ) from None

"""From a folder of pictures with partial labels to a store: the teacher fills in what hands left out.

Owns the rules of which label counts how much. `split.csv` says which pictures may be learned from and what their labels
are worth: `boxes` (everybody by hand), `partial` (some), `none`, and `empty` (nobody, whatever the teacher sees).
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.train.boxes import Floats, area_shared, parts_of
from models.train.store import Entry, Labelled
from models.train.teacher import Teacher, suppressed

_VIEWS = ((416, False), (416, True), (640, False))
"""Longer side, and whether mirrored, of the views in which the teacher sees a picture."""
_DOUBT = 0.5
"""What remains of the teacher's trust where hands say that they boxed everybody."""

Progress = Callable[[int, int], None]


def rows(folder: Path, split: str) -> list[dict[str, str]]:
    """The lines of `split.csv` of one split."""
    with (folder / "split.csv").open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["split"] == split]


def read_picture(folder: Path, row: dict[str, str]) -> Labelled:
    """A picture with the boxes that were drawn by hand.

    Raises:
        ValueError: The picture cannot be read.
    """
    path = folder / row["path"]
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError(f"{path}: expected a picture, found none that can be read")
    height, width = image.shape[:2]
    text = path.with_suffix(".txt")
    lines = text.read_text(encoding="utf-8").split("\n") if text.is_file() else []
    values = np.array([line.split()[1:5] for line in lines if line.strip()], np.float32).reshape(-1, 4)
    corners = np.concatenate((values[:, :2] - values[:, 2:] / 2, values[:, :2] + values[:, 2:] / 2), 1)
    boxes = np.clip(corners, 0, 1).astype(np.float32) * np.array((width, height) * 2, np.float32)
    return Labelled(image.astype(np.uint8), boxes, np.ones(len(boxes), np.float32), row["labels"] == "empty")


def entries(folder: Path, teacher: Teacher, progress: Progress) -> Iterator[Entry]:
    """All pictures to learn from, with the labels joined."""
    chosen = rows(folder, "train")
    for number, row in enumerate(chosen):
        picture = read_picture(folder, row)
        if row["labels"] != "empty":
            picture = _joined(picture, row["labels"], *seen(teacher, picture.image))
        yield Entry(picture, row["path"].split("/")[0], row["labels"])
        progress(number + 1, len(chosen))


def drawn(folder: Path) -> Iterator[Entry]:
    """Pictures that were drawn (`python -m edge.demo.scenes`), with exact boxes: there is nothing to ask a teacher."""
    for path in sorted(folder.glob("*.jpg")):
        picture = read_picture(folder, {"path": path.name, "labels": "boxes"})
        yield Entry(replace(picture, empty=not len(picture.boxes)), "rendered", "boxes")


def seen(teacher: Teacher, image: NDArray[np.uint8]) -> tuple[Floats, Floats]:
    """What the teacher sees in several views: boxes (K, 4) in pixels of the picture and scores (K,), best first."""
    height, width = image.shape[:2]
    boxes, scores = [], []
    for side, mirrored in _VIEWS:
        ratio = side / max(height, width)
        size = round(height * ratio), round(width * ratio)
        canvas = np.full((1, *(-(-length // 32) * 32 for length in size), 3), 114, np.uint8)
        view = image[:, ::-1] if mirrored else image
        canvas[0, : size[0], : size[1]] = cv2.resize(np.ascontiguousarray(view), size[::-1])
        found, score = teacher.people(canvas)[0]
        found = np.clip(found / ratio, 0, (width, height, width, height)).astype(np.float32)
        if mirrored:
            found[:, [0, 2]] = width - found[:, [2, 0]]
        boxes.append(found)
        scores.append(score)
    every, score = np.concatenate(boxes), np.concatenate(scores)
    best = np.argsort(-score)
    return suppressed(every[best], score[best])


def _joined(picture: Labelled, labels: str, boxes: Floats, scores: Floats) -> Labelled:
    """Hand-drawn boxes first; of the teacher's those that no hand drew, and no parts of people."""
    trust = np.clip((scores - 0.15) / 0.5, 0, 1) * (_DOUBT if labels == "boxes" else 1.0)
    new = trust > 0.05
    if len(picture.boxes):
        new &= area_shared(boxes, picture.boxes).max(1, initial=0) < 0.45
    every = np.concatenate((picture.boxes, boxes[new]))
    surety = np.concatenate((picture.trust, trust[new])).astype(np.float32)
    part = (parts_of(every, every) & (surety[None] > surety[:, None])).any(1)
    return Labelled(picture.image, every[~part], surety[~part], empty=False)

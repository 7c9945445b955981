"""Labelled pictures to hold a detector against: folders in the YOLO format, or a CSV list of pictures.

Owns finding the files and reading the boxes. A picture counts as labelled only when everybody in it is boxed, or when
it is known to be empty: who was left unlabelled would be held against the detector that finds them.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import EdgeError

Boxes = NDArray[np.float32]
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
_NO_BOXES = np.zeros((0, 4), np.float32)


@dataclass(frozen=True)
class Labelled:
    """A picture and everybody in it.

    Attributes:
        path: Of the picture.
        source: The folder that it lies in, as it is named in results.
        people: float32 (N, 4), x0 y0 x1 y1 in fractions of the picture; (0, 4) when nobody is in it.
    """

    path: Path
    source: str
    people: Boxes


@dataclass(frozen=True)
class Pictures:
    """What is looked at, and how many pictures of each kind of label are left out."""

    labelled: tuple[Labelled, ...]
    left_out: dict[str, int]


def read_pictures(places: Sequence[Path], split: str | None = None, person_class: int = 0) -> Pictures:
    """The labelled pictures of some places.

    Args:
        places: Folders, searched with all that is in them; a label is NAME.txt beside the picture, or in `labels` where
            the picture is in `images`; a picture without one is left out. Or CSV lists with the columns path and labels
            (`boxes`, `empty`; pictures with other labels are left out), and perhaps split; paths start from the list.
        split: Only the rows of a list with this split; folders have none.
        person_class: Number of the class of people in the label files.

    Raises:
        EdgeError: A place or a label cannot be read, or there is nothing to look at.
    """
    labelled: list[Labelled] = []
    left_out: Counter[str] = Counter()
    for place in places:
        found = _from_list(place, split) if place.suffix == ".csv" else _from_folder(place)
        for path, source, label, kind in found:
            if kind not in ("boxes", "empty"):
                left_out[kind] += 1
                continue
            people = _NO_BOXES if kind == "empty" else _read_label(label, person_class)
            labelled.append(Labelled(path, source, people))
    if not labelled:
        wanted = f" of split {split}" if split else ""
        raise EdgeError(f"{', '.join(map(str, places))}: expected labelled pictures{wanted}, got none")
    return Pictures(tuple(labelled), dict(left_out))


_Found = Iterator[tuple[Path, str, Path, str]]
"""Picture, source, label file and the kind of label."""


def _from_folder(folder: Path) -> _Found:
    if not folder.is_dir():
        raise EdgeError(f"{folder}: expected a folder of pictures or a CSV list, got neither")
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES):
        label = path.with_suffix(".txt")
        if not label.is_file():
            parts = path.relative_to(folder).parts
            label = folder.joinpath(*("labels" if part == "images" else part for part in parts)).with_suffix(".txt")
            if folder.name == "images" and not label.is_file():
                label = (folder.parent / "labels" / path.relative_to(folder)).with_suffix(".txt")
        inner = path.parent.relative_to(folder).parts
        source = folder.name if not inner or inner[0] == "images" else inner[0]
        yield path, source, label, "boxes" if label.is_file() else "none"


def _from_list(place: Path, split: str | None) -> _Found:
    try:
        with place.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise EdgeError(f"{place}: expected a CSV list of pictures, got: {reason}") from None
    needed = {"path", "labels"} | ({"split"} if split else set())
    if rows and not needed <= set(rows[0]):
        raise EdgeError(
            f"{place}: expected the columns {', '.join(sorted(needed))}, got {', '.join(map(str, rows[0]))}"
        )
    yield from _rows(place, (row for row in rows if split is None or row["split"] == split))


def _rows(place: Path, rows: Iterable[dict[str, str]]) -> _Found:
    for row in rows:
        path = place.parent / row["path"]
        yield path, Path(row["path"]).parts[0], path.with_suffix(".txt"), row["labels"]


def _read_label(path: Path, person_class: int) -> Boxes:
    """Boxes of the people of a label file: `class x y width height` a line, the middle and lengths in fractions."""
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise EdgeError(f"{path}: expected a readable label file, got: {getattr(error, 'strerror', error)}") from None
    boxes = []
    for number, line in enumerate(lines, 1):
        words = line.split()
        try:
            kind, x, y, width, height = int(words[0]), *map(float, words[1:])
        except (ValueError, IndexError):
            raise EdgeError(f"{path}: line {number}: expected 'class x y width height', got {line[:60]!r}") from None
        if kind == person_class and width > 0 and height > 0:
            boxes.append((x - width / 2, y - height / 2, x + width / 2, y + height / 2))
    return np.clip(np.array(boxes, np.float32).reshape(-1, 4), 0.0, 1.0)

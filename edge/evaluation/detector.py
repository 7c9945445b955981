"""How good a detector is on labelled pictures, and what a picture costs it.

Runs every picture through the detector that the service would run, and adds up. Average precision comes from
average_precision.py; where pictures come from, pictures.py knows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.adapters import manifest
from edge.core.rules import TrackerRule
from edge.core.types import Frame
from edge.errors import EdgeError
from edge.evaluation.average_precision import Matched, Seen, match
from edge.evaluation.pictures import Labelled
from edge.observer import Detector

LOWEST_SCORE = 0.01
"""Average precision is an area under a curve that goes down to weak boxes, far below any threshold for use."""
HEIGHTS = (0.0, 0.1, 0.2, 0.4, 1.0)
"""Bounds of the classes of people's height, in heights of the picture."""
_WARM_UP = 3

Progress = Callable[[int, int], None]
"""Called with the pictures that are done, and all."""


@dataclass(frozen=True)
class Quality:
    """What one detector makes of some pictures.

    Attributes:
        people: Boxed in the pictures.
        pictures: With or without people.
        matched: Boxes and people of all pictures.
        heights: (people,), of each person in heights of the picture, in the order of `matched.found`.
        false_on_empty: For every picture without people, the scores of the boxes in it.
        threshold: Score from which a box counts as found in what depends on one.
    """

    people: int
    pictures: int
    matched: Matched
    heights: NDArray[np.float64]
    false_on_empty: tuple[NDArray[np.float32], ...]
    threshold: float

    @property
    def recall(self) -> float | None:
        """Share of the people who are found at the threshold."""
        return _share(self.matched.found >= self.threshold)

    @property
    def precision(self) -> float | None:
        """Share of the boxes at the threshold that are people."""
        return _share(self.matched.true[self.matched.scores >= self.threshold])

    @property
    def recall_by_height(self) -> dict[str, float | None]:
        """The same for people of each class of height; None where nobody is of that height."""
        shares = {}
        for low, high in pairwise(HEIGHTS):
            of_class = (self.heights >= low) & ((self.heights < high) | (high == 1.0))
            shares[f"{low:g}..{high:g}"] = _share(self.matched.found[of_class] >= self.threshold)
        return shares

    @property
    def empty_with_boxes(self) -> float | None:
        """Share of the pictures without people in which somebody is seen."""
        return _share(np.array([(scores >= self.threshold).any() for scores in self.false_on_empty], bool))

    def to_json(self) -> dict[str, Any]:
        """The numbers of `edge eval detector --json`, shares to 4 digits."""
        ap50, ap50_95 = (None if math.isnan(ap) else ap for ap in (self.matched.ap50, self.matched.ap50_95))
        return {
            "pictures": self.pictures,
            "people": self.people,
            "ap50": _rounded(ap50),
            "ap50_95": _rounded(ap50_95),
            "threshold": self.threshold,
            "recall": _rounded(self.recall),
            "precision": _rounded(self.precision),
            "recall_by_height": {name: _rounded(share) for name, share in self.recall_by_height.items()},
            "empty_pictures": len(self.false_on_empty),
            "empty_with_boxes": _rounded(self.empty_with_boxes),
        }


@dataclass(frozen=True)
class Report:
    """One detector: its file, what a picture costs, and how good it is, in all and by source of the pictures."""

    name: str
    sha256: str
    input: tuple[int, int] | None
    ms: float
    quality: Quality
    by_source: dict[str, Quality] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """One entry of `edge eval detector --json`."""
        return {
            "name": self.name,
            "sha256": self.sha256,
            "input": self.input,
            "ms": round(self.ms, 2),
            **self.quality.to_json(),
            "by_source": {name: quality.to_json() for name, quality in self.by_source.items()},
        }


def evaluate(
    model: str,
    pictures: Sequence[Labelled],
    *,
    threshold: float | None = None,
    progress: Progress | None = None,
) -> Report:
    """Runs a detector over labelled pictures, on one thread.

    Args:
        model: A name of the manifest, or a path.
        pictures: With everybody boxed, or empty.
        threshold: Score from which somebody is found; None: that from which the tracker starts to follow somebody.
        progress: Told after every picture.

    Raises:
        ModelError: The model cannot be used.
        EdgeError: A picture cannot be read, or the package that computes the metrics is missing.
    """
    found = manifest.resolve(model)
    detector = _open(found)
    seen: list[Seen] = []
    took_ms: list[float] = []
    for number, picture in enumerate(pictures):
        image = _read(picture)
        for _ in range(1 if number else _WARM_UP):
            detections = detector.detect(Frame(image, 0.0, number))
        took_ms.append(detector.last_ms or 0.0)
        height, width = image.shape[:2]
        size = np.array((width, height, width, height), np.float32)
        seen.append(Seen(picture.people * size, detections.boxes * size, detections.scores))
        if progress:
            progress(number + 1, len(pictures))
    at = TrackerRule().high_score if threshold is None else threshold
    sources = sorted({picture.source for picture in pictures})
    rows = list(zip(pictures, seen, strict=True))
    by_source = {name: _quality([row for row in rows if row[0].source == name], at) for name in sources}
    size_used = getattr(detector, "facts", found.entry).input
    return Report(
        name=found.entry.name,
        sha256=found.sha256,
        input=(size_used.height, size_used.width) if size_used else None,
        ms=float(np.median(took_ms)),
        quality=_quality(rows, at),
        by_source=by_source if len(sources) > 1 else {},
    )


def _quality(rows: Sequence[tuple[Labelled, Seen]], threshold: float) -> Quality:
    boxed = [(picture, seen) for picture, seen in rows if len(picture.people)]
    heights = [float(box[3] - box[1]) for picture, _ in boxed for box in picture.people]
    return Quality(
        people=len(heights),
        pictures=len(rows),
        matched=match([seen for _, seen in boxed]),
        heights=np.array(heights, np.float64),
        false_on_empty=tuple(seen.scores for picture, seen in rows if not len(picture.people)),
        threshold=threshold,
    )


def _open(found: manifest.ResolvedModel) -> Detector:
    from edge.adapters import ultralytics_detector  # noqa: PLC0415 - cheap, but only some need to know of it

    if found.path.suffix in ultralytics_detector.SUFFIXES:
        return ultralytics_detector.UltralyticsDetector(found.path, found.entry, score_threshold=LOWEST_SCORE)
    from edge.adapters.detector import OnnxDetector  # noqa: PLC0415

    return OnnxDetector(found.path, found.entry, score_threshold=LOWEST_SCORE)


def _read(picture: Labelled) -> NDArray[np.uint8]:
    import cv2  # noqa: PLC0415 - `edge --help` needs none of this

    try:
        data = np.frombuffer(picture.path.read_bytes(), np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    except (OSError, cv2.error) as error:
        reason = getattr(error, "strerror", None) or "no picture"
        raise EdgeError(f"{picture.path}: expected a picture, got: {reason}") from None
    if image is None:
        raise EdgeError(f"{picture.path}: expected a picture, got something that cannot be decoded")
    return np.asarray(image, np.uint8)


def _share(hits: NDArray[np.bool_]) -> float | None:
    return float(hits.mean()) if len(hits) else None


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)

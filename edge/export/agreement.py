"""Whether two detectors see the same people: the lean network beside the one that it was made of.

Knows boxes; neither networks nor files.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from edge.core.types import Detections, Floats

FROM_SCORE = 0.25
_NEAR = 0.8
"""A partner may score less by this factor: who scores just below is no disagreement."""


@dataclass(frozen=True)
class Agreement:
    """Boxes of both detectors over some pictures, matched at an overlap (IoU) of 0.5.

    Attributes:
        pictures: Compared.
        expected: Boxes of the one that is followed.
        found: Of those, how many the other one sees too.
        given: Boxes of the other one.
        right: Of those, how many the followed one sees too.
    """

    pictures: int
    expected: int
    found: int
    given: int
    right: int

    def __str__(self) -> str:
        if not self.expected and not self.given:
            return f"nobody seen by either in {self.pictures} pictures: say --clip with one that has people"
        recall = f"{100 * self.found / self.expected:.1f} %" if self.expected else "-"
        precision = f"{100 * self.right / self.given:.1f} %" if self.given else "-"
        return (
            f"{recall} of {self.expected} boxes found (recall), {precision} of {self.given} right (precision), "
            f"at IoU 0.5 from score {FROM_SCORE} in {self.pictures} pictures"
        )


def compare(pairs: Iterable[tuple[Detections, Detections]]) -> Agreement:
    """Compares what two detectors saw.

    Args:
        pairs: For every picture what the followed detector saw, and what the other one did; scores from
            `FROM_SCORE * 0.8` on at least.

    >>> one = Detections(np.array([[0, 0, 0.5, 0.5]], np.float32), np.array([0.9], np.float32), 0.0, 1.0)
    >>> none = Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), 0.0, 1.0)
    >>> compare([(one, one), (one, none)])
    Agreement(pictures=2, expected=2, found=1, given=1, right=1)
    """
    pictures = expected = found = given = right = 0
    for followed, other in pairs:
        pictures += 1
        strong, others = followed.scores >= FROM_SCORE, other.scores >= FROM_SCORE
        expected += int(strong.sum())
        given += int(others.sum())
        found += _matched(followed.boxes[strong], other.boxes[other.scores >= FROM_SCORE * _NEAR])
        right += _matched(other.boxes[others], followed.boxes[followed.scores >= FROM_SCORE * _NEAR])
    return Agreement(pictures, expected, found, given, right)


def _matched(boxes: Floats, partners: Floats) -> int:
    """How many boxes get a partner of their own, the best overlaps first."""
    if not len(boxes) or not len(partners):
        return 0
    low = np.maximum(boxes[:, None, :2], partners[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], partners[None, :, 2:])
    common = np.prod(np.maximum(high - low, 0.0), axis=2)
    areas = [np.prod(some[:, 2:] - some[:, :2], axis=1) for some in (boxes, partners)]
    overlap = common / np.maximum(areas[0][:, None] + areas[1] - common, 1e-9)
    count = 0
    while overlap.max() >= 0.5:
        row, column = np.unravel_index(overlap.argmax(), overlap.shape)
        overlap[row], overlap[:, column] = -1.0, -1.0
        count += 1
    return count

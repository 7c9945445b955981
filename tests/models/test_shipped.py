"""The detectors that ship: the right bytes, small, and not blind."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

import models
from edge.adapters import manifest
from edge.adapters.detector import OnnxDetector
from edge.core.types import Frame
from edge.demo.scenes import scenes
from models.train.boxes import area_shared

NAMES = ("person-n", "person-n-int8", "person-s", "person-s-int8")
FOLDER = Path(models.__file__).parent


def _detector(name: str) -> OnnxDetector:
    found = manifest.resolve(name, search=[FOLDER])
    return OnnxDetector(found.path, found.entry)


def test_all_four_are_there_with_the_stated_hashes_and_take_12_mb_at_most():
    files = [manifest.resolve(name, search=[FOLDER]).path for name in NAMES]
    assert sum(path.stat().st_size for path in files) <= 12e6


@pytest.mark.parametrize("name", NAMES)
def test_drawn_people_are_found_and_boxed(name):
    detector = _detector(name)
    people = found = boxes = 0
    for image, truth in islice(scenes(seed=991, height=360, width=640), 20):  # none of those that it learned from
        seen = detector.detect(Frame(image, 0.0, 0))
        sure = seen.boxes[seen.scores >= 0.5]
        tall = truth[truth[:, 3] - truth[:, 1] > 0.25]
        people += len(tall)
        boxes += len(sure)
        if len(tall) and len(sure):
            found += int((area_shared(tall, sure).max(axis=1) >= 0.5).sum())
    assert people > 20
    assert found / people > 0.7
    assert boxes < 3 * people


@pytest.mark.parametrize("name", ["person-n", "person-s"])
def test_eight_bits_see_what_floats_see(name):
    whole, small = _detector(name), _detector(f"{name}-int8")
    agreed = seen = 0
    for image, _ in islice(scenes(seed=992, height=360, width=640), 12):
        ours, theirs = (detector.detect(Frame(image, 0.0, 0)) for detector in (whole, small))
        sure = ours.boxes[ours.scores >= 0.6]
        seen += len(sure)
        if len(sure) and len(theirs.boxes):
            agreed += int((area_shared(sure, theirs.boxes).max(axis=1) >= 0.5).sum())
    assert seen > 10
    assert agreed >= 0.9 * seen


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("level", [0, 114, 255])
def test_nobody_is_seen_in_an_even_picture(name, level):
    seen = _detector(name).detect(Frame(np.full((360, 640, 3), level, np.uint8), 0.0, 0))
    assert not (seen.scores >= 0.5).any()

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edge.core.suppression import suppress


def brute_force(boxes: np.ndarray, threshold: float) -> list[int]:
    kept: list[int] = []
    for index, (x0, y0, x1, y1) in enumerate(boxes.astype(float)):
        for other in kept:
            ox0, oy0, ox1, oy1 = boxes[other].astype(float)
            common = max(0.0, min(x1, ox1) - max(x0, ox0)) * max(0.0, min(y1, oy1) - max(y0, oy0))
            union = (x1 - x0) * (y1 - y0) + (ox1 - ox0) * (oy1 - oy0) - common
            if common > threshold * union:
                break
        else:
            kept.append(index)
    return kept


@given(hnp.arrays(np.int16, st.tuples(st.integers(0, 25), st.just(4)), elements=st.integers(0, 12)), st.integers(1, 7))
def test_suppression_agrees_with_the_definition(corners, eighths):
    # Small integers and thresholds in eighths: both sides compute exactly, so that ties cannot differ by rounding.
    boxes = np.concatenate((corners[:, :2], corners[:, :2] + corners[:, 2:] + 1), axis=1).astype(np.float32)
    assert suppress(boxes, eighths / 8).tolist() == brute_force(boxes, eighths / 8)


@pytest.mark.parametrize(("people", "cells"), [(1, 200), (9, 40), (150, 2)])
def test_many_boxes_are_suppressed_as_few_are(people, cells):
    rng = np.random.default_rng(people)
    at = np.repeat(rng.integers(0, 600, (people, 2)), cells, axis=0) + rng.integers(0, 8, (people * cells, 2))
    boxes = rng.permutation(np.concatenate((at, at + 16), axis=1)).astype(np.float32)
    assert suppress(boxes, 0.5).tolist() == brute_force(boxes, 0.5)

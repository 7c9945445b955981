"""What is made of boxes that no healthy network would give."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edge.core.types import Detections, Tracks

BOXES = np.array([[0.1, 0.2, 0.3, 0.4], [0.5, 0.5, 0.6, 0.9]], np.float32)


@st.composite
def garbage(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """As many rows as scores of any floating-point number there is: infinite, NaN, denormal, negative."""
    count = draw(st.integers(0, 8))
    dtype, numbers = draw(st.sampled_from([(np.float16, st.floats(width=16)), (np.float32, st.floats(width=32))]))
    return draw(arrays(dtype, (count, 4), elements=numbers)), draw(arrays(dtype, (count,), elements=numbers))


@given(garbage())
@settings(max_examples=300, deadline=None)
def test_whatever_comes_in_boxes_inside_the_frame_come_out(rows):
    boxes, scores = rows
    kept = Detections.sanitised(boxes, scores, 1.0, 1.5)

    assert kept.boxes.dtype == kept.scores.dtype == np.float32
    assert np.isfinite(kept.boxes).all()
    assert ((kept.boxes >= 0.0) & (kept.boxes <= 1.0)).all()
    assert (kept.boxes[:, 0] < kept.boxes[:, 2]).all()
    assert (kept.boxes[:, 1] < kept.boxes[:, 3]).all()
    assert ((kept.scores >= 0.0) & (kept.scores <= 1.0)).all()


@given(garbage(), garbage())
@settings(max_examples=100, deadline=None)
def test_one_bad_row_takes_no_good_one_with_it(bad, more):
    boxes = np.concatenate([bad[0].astype(np.float32), BOXES, more[0].astype(np.float32)])
    scores = np.concatenate([bad[1].astype(np.float32), [0.9, 0.8], more[1].astype(np.float32)]).astype(np.float32)
    kept = Detections.sanitised(boxes, scores, 0.0, 1.0).boxes.tolist()

    first = kept.index(BOXES[0].tolist())
    assert BOXES[1].tolist() in kept[first + 1 :]


def test_no_boxes_are_boxes_too():
    for empty in (np.empty((0, 4)), np.empty(0), np.empty((0, 5))[:, :4]):
        assert Detections.sanitised(empty, np.empty(0), 0.0, 1.0).boxes.shape == (0, 4)


@pytest.mark.parametrize(
    ("boxes", "scores"),
    [(BOXES, np.ones(3, np.float32)), (BOXES[0], np.ones(1, np.float32)), (BOXES[:, :3], np.ones(2, np.float32))],
)
def test_shapes_that_do_not_fit_are_refused_with_both_shapes(boxes, scores):
    with pytest.raises(ValueError, match=r"expected boxes \(N, 4\) and scores \(N,\), got") as caught:
        Detections(boxes, scores, 0.0, 1.0)
    assert str(boxes.shape) in str(caught.value)


@pytest.mark.parametrize("aspect", [0.0, -1.0, float("nan"), float("inf"), 100.0])
def test_an_aspect_that_no_picture_has_is_refused(aspect):
    with pytest.raises(ValueError, match="expected an aspect ratio between 0 and 100, got"):
        Detections(BOXES, np.ones(2, np.float32), 0.0, aspect)


def test_tracks_without_ids_cannot_exist():
    with pytest.raises(ValueError, match=r"expected 1 boxes \(M, 4\)"):
        Tracks(np.array([7], np.int64), BOXES, np.ones(2, np.bool_), 0.0, 1.0)
    with pytest.raises(ValueError, match="observed"):
        Tracks(np.array([7, 8], np.int64), BOXES, np.ones(1, np.bool_), 0.0, 1.0)

"""Drawn shops: the boxes are exact, the same seed gives the same pictures."""

from __future__ import annotations

from itertools import islice

import cv2
import numpy as np
import pytest

from edge.demo.body import Pose
from edge.demo.figure import Painter, visible_boxes
from edge.demo.look import random_look
from edge.demo.pinhole import Pinhole
from edge.demo.scenes import main, scenes

CAMERA = Pinhole(2.8, 0.45, 0.9, 640, 384)


def test_the_same_seed_gives_the_same_pictures_and_another_one_others():
    first, again, other = ([picture for picture, _ in islice(scenes(seed, 96, 160), 3)] for seed in (4, 4, 5))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_pictures_have_the_asked_size_and_boxes_within_them():
    found = list(islice(scenes(1, 96, 160), 40))
    for picture, boxes in found:
        assert picture.shape == (96, 160, 3)
        assert picture.dtype == np.uint8
        assert boxes.dtype == np.float32
        assert ((boxes >= 0) & (boxes <= 1)).all()
        assert (boxes[:, 2:] > boxes[:, :2]).all()
    counts = [len(boxes) for _, boxes in found]
    assert min(counts) == 0
    assert max(counts) > 3


@pytest.mark.parametrize("heading", np.linspace(0, 2 * np.pi, 7))
def test_the_box_is_where_the_painter_painted(heading):
    image = np.full((384, 640, 3), 128, np.uint8)
    painter = Painter(image, CAMERA)
    look = random_look(np.random.default_rng(3), tall_m=1.75)
    corners = painter.person(7, look, Pose(0.2, 4.0, heading, 1.0, 1.0))
    assert corners is not None
    changed = (image != 128).any(axis=2)
    assert (changed == (painter.owners == 7)).mean() > 0.999  # cloth may be as grey as the ground
    (box,) = visible_boxes(painter.owners, {7: corners}) * (640, 384, 640, 384)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    np.testing.assert_allclose(box, [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], atol=1.01)
    # As tall as the camera says, and the foot on the floor.
    foot, head = CAMERA.project(np.array([[0.2, 4.0, 0.0], [0.2, 4.0, 1.75]]))
    assert box[1] == pytest.approx(head[1], abs=12)
    assert box[3] == pytest.approx(foot[1], abs=14)


def test_who_is_hidden_has_no_box_and_who_is_half_hidden_a_smaller_one():
    image = np.zeros((384, 640, 3), np.uint8)
    painter = Painter(image, CAMERA)
    look = random_look(np.random.default_rng(3), tall_m=1.75)
    corners = painter.person(1, look, Pose(0.0, 4.0, 0.0))
    assert corners is not None
    (whole,) = visible_boxes(painter.owners, {1: corners})
    middle = int((whole[1] + whole[3]) / 2 * 384)
    painter.owners[middle:] = 0
    (half,) = visible_boxes(painter.owners, {1: corners})
    assert half[3] == pytest.approx(middle / 384, abs=0.003)
    painter.owners[:] = 0
    assert visible_boxes(painter.owners, {1: corners}).shape == (0, 4)


def test_who_is_behind_the_camera_is_not_painted():
    image = np.zeros((384, 640, 3), np.uint8)
    assert Painter(image, CAMERA).person(1, random_look(np.random.default_rng(1)), Pose(9.0, 2.0, 0.0)) is None
    assert not image.any()


def test_written_labels_are_those_of_yolo(tmp_path):
    main([str(tmp_path), "3", "4", "96", "160"])
    for index, (picture, boxes) in enumerate(islice(scenes(4, 96, 160), 3)):
        rows = np.loadtxt(tmp_path / f"{index:06}.txt", ndmin=2).reshape(-1, 5)
        assert rows[:, 0].tolist() == [0] * len(boxes)
        corners = np.concatenate([rows[:, 1:3] - rows[:, 3:] / 2, rows[:, 1:3] + rows[:, 3:] / 2], axis=1)
        np.testing.assert_allclose(corners, boxes, atol=2e-5)
        read = cv2.imread(str(tmp_path / f"{index:06}.jpg"))
        assert read is not None
        assert np.abs(read.astype(int) - picture).mean() < 6

import cv2
import numpy as np
import pytest

pytest.importorskip("onnx", reason="training needs the extra [train]")

from edge.demo import scenes
from models.train import augment, prepare
from models.train.store import Labelled
from models.train.teacher import Teacher, suppressed

ROWS = (("a/one.jpg", "train", "boxes"), ("b/two.jpg", "train", "none"), ("c/no.jpg", "train", "empty"))


@pytest.fixture
def data(tmp_path):
    lines = ["path,split,labels,width,height", "a/held.jpg,val,boxes,64,64"]
    for path, split, labels in ROWS:
        (tmp_path / path).parent.mkdir()
        cv2.imwrite(str(tmp_path / path), np.full((64, 64, 3), 100, np.uint8))
        lines.append(f"{path},{split},{labels},64,64")
    (tmp_path / "a" / "one.txt").write_text("0 0.5 0.5 0.5 1.0\n")
    (tmp_path / "split.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_hands_come_first_and_the_teacher_fills_in(data, teacher_file):
    entries = {entry.labels: entry.picture for entry in prepare.entries(data, Teacher(teacher_file), lambda *_: None)}
    assert list(entries) == ["boxes", "none", "empty"], "val is not learned from"
    by_hand, unlabelled, empty = entries.values()
    assert by_hand.boxes[0].tolist() == [16, 0, 48, 64]
    assert by_hand.trust[0] == 1
    sure = (0.8 * 0.5 - 0.15) / 0.5
    assert unlabelled.trust == pytest.approx(sure)
    assert by_hand.trust[1:] == pytest.approx(sure / 2)
    assert empty.empty
    assert not len(empty.boxes)


def test_legs_that_the_teacher_takes_for_a_person_are_no_label_and_a_person_whom_hands_drew_in_front_of_another_is():
    nobody = np.zeros((8, 8, 3), np.uint8)
    whole, child, legs, beside = [10, 0, 50, 100], [12, 60, 28, 98], [32, 60, 48, 98], [60, 0, 80, 90]
    by_hand = np.array([whole, child], np.float32)
    picture = Labelled(nobody, by_hand, np.ones(2, np.float32), empty=False)
    seen = np.array([legs, beside], np.float32)
    joined = prepare._joined(picture, "partial", seen, np.array([0.6, 0.5], np.float32))
    assert joined.boxes.tolist() == [whole, child, beside]
    assert joined.trust == pytest.approx([1, 1, 0.7])


def test_drawn_pictures_come_with_their_boxes_in_pixels(tmp_path):
    scenes.main([str(tmp_path), "6", "3", "96", "160"])
    entries = list(prepare.drawn(tmp_path))
    assert {entry.source for entry in entries} == augment.EXACT
    assert len(entries) == 6
    for entry in entries:
        assert entry.picture.image.shape == (96, 160, 3)
        assert entry.picture.empty == (not len(entry.picture.boxes))
    assert max(entry.picture.boxes.max(initial=0) for entry in entries) > 2


def test_a_teacher_of_one_size_answers_for_any(teacher_file):
    boxes, scores = Teacher(teacher_file).cells(np.zeros((2, 32, 96, 3), np.uint8))
    assert boxes.shape == (2, 4 * 12 + 2 * 6 + 3, 4)
    assert scores == pytest.approx(0.4)
    # An offset of 0 is the cell's corner, and exp(0) strides its size.
    assert boxes[0, 1].tolist() == [4, -4, 12, 4]
    assert boxes[1, -1].tolist() == [48, -16, 80, 16]


def test_a_picture_that_cannot_be_read_is_named(data):
    (data / "a" / "one.jpg").write_bytes(b"not a picture")
    with pytest.raises(ValueError, match=r"one\.jpg: expected a picture"):
        prepare.read_picture(data, prepare.rows(data, "train")[0])


def test_the_better_of_two_boxes_stays():
    boxes = np.array([[0, 0, 10, 10], [1, 0, 10, 10], [20, 0, 30, 10]], np.float32)
    kept, scores = suppressed(boxes, np.array([0.9, 0.8, 0.3], np.float32))
    assert kept[:, 0].tolist() == [0, 20]
    assert scores == pytest.approx([0.9, 0.3])

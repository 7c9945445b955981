from pathlib import Path

import numpy as np
import pytest

from models.train import augment
from models.train.augment import Augment
from models.train.store import Entry, Labelled, Store, write

HEIGHT, WIDTH = 96, 160


def _store(folder: Path, *, empty: bool = False, source: str = "street") -> Store:
    """One grey picture with a red person, who is the only red in it."""
    image = np.full((120, 90, 3), 90, np.uint8)
    image[40:100, 30:60] = (0, 0, 255)
    boxes = np.empty((0, 4)) if empty else np.array([[30, 40, 60, 100]])
    picture = Labelled(image, boxes.astype(np.float32), np.ones(len(boxes), np.float32), empty=empty)
    write(folder, [Entry(picture, source, "boxes")])
    return Store(folder)


def test_boxes_follow_the_people_wherever_the_picture_is_laid(tmp_path):
    draw = Augment(_store(tmp_path), {})
    checked = 0
    for seed in range(60):
        sample = draw.draw(np.random.default_rng(seed), HEIGHT, WIDTH)
        red = (sample.clean[..., 2] > 200) & (sample.clean[..., 0] < 40)
        if red.mean() > 0.5:  # laid onto a red ground
            continue
        for x0, y0, x1, y1 in sample.boxes:
            # All red within the box, none of it just outside, but for the other people of a mosaic.
            inside = red[round(y0) + 1 : round(y1) - 1, round(x0) + 1 : round(x1) - 1]
            if inside.size > 50:
                assert inside.mean() > 0.95
                checked += 1
        if len(sample.boxes) == 1 and sample.counted.all():
            rows, columns = np.nonzero(red)
            found = np.array((columns.min(), rows.min(), columns.max() + 1, rows.max() + 1))
            assert np.abs(found - sample.boxes[0]).max() < 3
    assert checked > 40


def _cut(tmp_path: Path, up: float, left: float) -> augment.Sample:
    """The red person (30 x 60) with this much of them above and left of the input."""
    store = _store(tmp_path)
    canvas = augment._Canvas(HEIGHT, WIDTH)
    move = np.array([[1, 0, -30 - 30 * left], [0, 1, -40 - 60 * up]], np.float32)
    canvas.lay(store[0], canvas.area, move, exact=False)
    boxes = np.concatenate(canvas.boxes)
    return augment.Sample(canvas.image, canvas.image, boxes, boxes[:, 0], canvas.asked, canvas.counted)


@pytest.mark.parametrize(
    ("cut", "person", "counted", "asked"),
    [
        ((0.0, 0.6), True, True, True),
        ((0.2, 0.0), True, True, True),
        ((0.0, 0.8), False, False, True),
        ((0.4, 0.0), False, False, True),
        ((0.6, 0.0), False, True, False),
    ],
)
def test_head_and_chest_are_a_person_legs_are_nobody_and_what_is_between_may_be_either(
    tmp_path, cut, person, counted, asked
):
    sample = _cut(tmp_path, *cut)
    assert len(sample.boxes) == person
    red = sample.clean[4::8, 4::8, 2] > 200
    assert red.any()
    assert sample.counted[red].all() == counted
    assert sample.asked[red].all() == asked
    assert sample.counted[~red].mean() > 0.9


def test_who_leaves_is_cut_at_a_side(tmp_path):
    draw, cut = Augment(_store(tmp_path), {}), 0
    for seed in range(40):
        sample = draw.draw(np.random.default_rng(seed), HEIGHT, WIDTH, augment.Mix(0.0, 0.0, 1.0))
        for x0, _, x1, _ in sample.boxes:
            assert x0 == 0 or x1 == WIDTH
            cut += 1
    assert cut > 30


def test_the_same_generator_draws_the_same_sample(tmp_path):
    draw = Augment(_store(tmp_path), {})
    one, other = (draw.draw(np.random.default_rng(9), HEIGHT, WIDTH) for _ in range(2))
    assert np.array_equal(one.image, other.image)
    assert np.array_equal(one.boxes, other.boxes)


@pytest.mark.parametrize(("empty", "source"), [(True, "street"), (False, "rendered")])
def test_the_teacher_is_not_asked_where_nobody_is_and_where_labels_are_exact(tmp_path, empty, source):
    draw = Augment(_store(tmp_path, empty=empty, source=source), {})
    for seed in range(12):
        assert not draw.draw(np.random.default_rng(seed), HEIGHT, WIDTH).asked.any()


def test_a_source_of_no_weight_is_never_drawn(tmp_path):
    grey = [np.full((30, 30, 3), level, np.uint8) for level in (10, 250)]
    nobody = np.empty((0, 4), np.float32), np.empty(0, np.float32)
    write(tmp_path, [Entry(Labelled(image, *nobody, empty=False), str(image[0, 0, 0]), "none") for image in grey])
    draw = Augment(Store(tmp_path), {"250": 0.0})
    levels = set()
    for seed in range(20):
        sample = draw.draw(np.random.default_rng(seed), HEIGHT, WIDTH)
        levels |= set(np.unique(sample.clean[np.repeat(np.repeat(sample.asked, 8, 0), 8, 1)]).tolist())
    assert 10 in levels
    assert 250 not in levels


def test_a_spoiled_picture_keeps_its_form():
    image = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    before = image.copy()
    for seed in range(60):
        spoiled = augment.spoiled(image, np.random.default_rng(seed))
        assert spoiled.shape == image.shape
        assert spoiled.dtype == np.uint8
    assert np.array_equal(image, before)

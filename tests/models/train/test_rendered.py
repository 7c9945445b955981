import numpy as np

from models.train import rendered


def test_the_same_seed_draws_the_same_pictures():
    first, second = (list(rendered.entries(5, np.random.default_rng(4))) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert np.array_equal(one.picture.image, other.picture.image)
        assert np.array_equal(one.picture.boxes, other.picture.boxes)


def test_boxes_lie_within_the_picture_and_an_empty_one_has_none():
    for entry in rendered.entries(20, np.random.default_rng(1)):
        boxes = entry.picture.boxes
        assert entry.picture.image.shape == (rendered.HEIGHT, rendered.WIDTH, 3)
        assert (boxes >= 0).all()
        assert (boxes <= (rendered.WIDTH, rendered.HEIGHT) * 2).all()
        assert entry.picture.empty == (not len(boxes))


def test_a_figure_fills_its_box_and_leaves_the_rest_alone():
    image = np.full((200, 100, 3), 128, np.uint8)
    rendered.figure(image, (31.0, 50.0, 69.0, 150.0), np.random.default_rng(2))
    rows, columns = np.nonzero((image != 128).any(axis=2))
    assert 48 <= rows.min() <= 52
    assert 140 <= rows.max() <= 154
    assert columns.min() >= 25
    assert columns.max() <= 75
